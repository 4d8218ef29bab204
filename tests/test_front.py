"""CNNs that train on pixels, and the study that compares them with freqnet."""

from __future__ import annotations

import numpy as np
import pytest

from freqnet.data import Dataset
from freqnet.training import Settings

torch = pytest.importorskip("torch")
from freqnet.benchmarks import spatial  # noqa: E402
from freqnet.benchmarks.peers import SMOOTH, cnn, step  # noqa: E402
from freqnet.benchmarks.studies import front  # noqa: E402

SETTINGS = Settings(epochs=6, batch=8, optimizer="muon", schedule="one-cycle", learning_rate=0.01, weight_decay=0.1)


def images(count: int = 24, seed: int = 0) -> Dataset:
    generator = np.random.default_rng(seed)
    targets = np.arange(count) % 2
    array = generator.random((count, 32, 32, 3)).astype(np.float32) * 0.5
    array[targets == 1, 8:24, 8:24] += 0.5
    return Dataset("squares", array, targets, ("none", "square"))


@pytest.mark.parametrize("layout", [torch.channels_last, torch.contiguous_format])
def test_muon_moves_kernels_by_an_orthogonal_step_of_the_length_of_adamw(layout: torch.memory_format) -> None:
    torch.manual_seed(0)
    model = cnn("CNN 3x3, 8-16-16", 3, (8, 8, 3)).to(memory_format=layout)
    kernels = [p for p in model.parameters() if p.ndim > 1]
    before = [p.detach().clone() for p in kernels]
    step(model, spatial.Muon(model, 0.01, 0.0), torch.randn(4, 3, 8, 8), torch.tensor([0, 1, 2, 0]))
    for kernel, old in list(zip(kernels, before, strict=True))[:-1]:
        moved = (kernel.detach() - old).flatten(1).double().numpy()
        scale = 0.01 * 0.2 * np.sqrt(max(moved.shape))
        singular = np.linalg.svd(moved / scale, compute_uv=False)
        # The polynomial of Muon brings singular values near 1, not to 1; the smallest ones grow slowly.
        assert 0.6 < singular.max() < 1.3
        assert np.median(singular) > 0.5
    # The last layer has steps of Adam, whose first one has a fixed length.
    np.testing.assert_allclose((kernels[-1].detach() - before[-1]).abs().numpy().max(), 0.01, rtol=1e-3)


def test_crops_are_shifts_with_a_reflected_border() -> None:
    x = torch.arange(2 * 25.0).view(2, 1, 5, 5)
    wide = np.pad(x.numpy(), ((0, 0), (0, 0), (2, 2), (2, 2)), mode="reflect")
    seen = set()
    for seed in range(60):
        for example, crop in enumerate(spatial.cropped(x, 2, np.random.default_rng(seed)).numpy()):
            found = [
                (i, j) for i in range(5) for j in range(5)
                if np.array_equal(wide[example, :, i : i + 5, j : j + 5], crop)
            ]  # fmt: skip
            assert len(found) == 1
            seen.update(found)
    assert len(seen) == 25


def test_half_of_the_images_are_mirrored() -> None:
    x = torch.arange(200 * 6.0).view(200, 1, 2, 3)
    out = spatial.mirrored(x, np.random.default_rng(0))
    flipped = (out == x.flip(-1)).all(dim=(1, 2, 3))
    assert (flipped | (out == x).all(dim=(1, 2, 3))).all()
    assert 70 < int(flipped.sum()) < 130


def test_a_smoothed_cnn_depends_less_on_a_shift() -> None:
    x = torch.rand(8, 3, 32, 32, generator=torch.Generator().manual_seed(0))
    change = {}
    for name in ("CNN 3x3, 16-32-32", f"CNN 3x3, 16-32-32{SMOOTH}"):
        torch.manual_seed(0)
        features = cnn(name, 4, (32, 32, 3))[:-2].eval()
        with torch.no_grad():
            a, b = features(x).mean((2, 3)), features(x.roll((1, 3), (2, 3))).mean((2, 3))
        assert features(x).shape == (8, 32, 4, 4)
        change[name] = float((a - b).norm() / a.norm())
    plain, smooth = change.values()
    assert smooth < 0.8 * plain


def test_a_cnn_learns_with_the_settings_of_freqnet() -> None:
    model, inputs = front.trained_cnn("CNN 3x3, 16-32-32", images(), SETTINGS)
    held = images(seed=1)
    assert np.mean(front._predict(model, inputs, held.images).argmax(1) == held.targets) == 1
    again, _ = front.trained_cnn("CNN 3x3, 16-32-32", images(), SETTINGS)
    np.testing.assert_array_equal(
        front._predict(again, inputs, held.images), front._predict(model, inputs, held.images)
    )


@pytest.mark.parametrize("size", [7, 8])
def test_circular_shifts_by_fractions_are_those_of_the_trigonometric_interpolant(size: int) -> None:
    y, x = np.mgrid[:size, :size]
    wave = lambda dy, dx: np.cos(2 * np.pi * (2 * (y - dy) - 3 * (x - dx)) / size + 0.4)[None, ..., None]
    moved = front.circular_shift(wave(0, 0), np.array([[0.3, -1.7]]))
    np.testing.assert_allclose(moved, wave(0.3, -1.7), atol=1e-13)
    whole = np.random.default_rng(0).random((2, 7, 7, 3))
    np.testing.assert_allclose(
        front.circular_shift(whole, np.array([[2.0, -3.0]] * 2)), np.roll(whole, (2, -3), (1, 2)), atol=1e-13
    )


def test_consistency_is_whole_for_what_does_not_depend_on_shifts_and_not_for_what_does() -> None:
    data = images()
    power = lambda x: np.abs(np.fft.rfft2(x, axes=(1, 2)))[:, :4, 1:4].reshape(len(x), -1)[:, :5]
    corner = lambda x: x[:, :2, :2, 0].reshape(len(x), -1)
    assert front.robustness(power, data.images, data.targets)["circular consistency"] == 1
    found = front.robustness(corner, data.images, data.targets)
    assert found["circular consistency"] < 0.7
    assert found["border consistency"] < 0.7


def test_the_tables_have_a_row_for_what_was_measured(monkeypatch: pytest.MonkeyPatch) -> None:
    keys = ("noise of 0.05", "circular consistency")
    runs = [
        {"name": name, "seed": seed, "images": 40_000, "accuracy": accuracy + 0.01 * seed, "parameters": 1000,
         "robustness": dict.fromkeys(keys, 0.5)}
        for name, accuracy in (("large", 0.6), ("xxlarge", 0.84), (front.CNNS[0], 0.7), (front.MIDDLE, 0.9))
        for seed in (0, 1)
    ]  # fmt: skip
    passes = {f"inference_s, {form}": 0.1 for form in front.FORMS}
    passes |= {f"peer_inference_s, {form}": 0.3 for form in front.FORMS}
    times = [
        {"name": size, "peer": peer, "step_s": ours, "peer_step_s": theirs, "work": 2_000_000, "peer_work": 3_000_000}
        | passes
        for size, ours in (("large", 0.002), ("xxlarge", 0.03))
        for peer, theirs in ((front.CNNS[0], 0.02), (front.MIDDLE, 0.04))
    ]
    record = {"runs": runs, "times": times}
    _, rows = front.front(record)
    assert rows[1][:4] == ("freqnet xxlarge", "84.50 % (84.00 to 85.00)", "1,000", "2.0")
    # 16 epochs of 313 steps.
    assert rows[1][5] == f"{16 * 313 * 0.03:.0f}"
    _, pairs = front.equals(record)
    assert pairs[0][2:] == ("xxlarge, 84.5%", "0.7", "3.0", "3.0")
    assert front.robust(record)[1][0][0] == "unchanged"
    assert front.learning(record)[1][0] == ("40,000", "84.50 % (84.00 to 85.00)", "90.50 % (90.00 to 91.00)")
