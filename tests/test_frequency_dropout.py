"""Frequency dropout against sums over samples, and the page that compares networks with and without it."""

from __future__ import annotations

from math import floor, sqrt
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from pages import definitions

from freqnet import Tensor, backward, nn, ops
from freqnet.data import Dataset, from_arrays, split
from freqnet.spaces import get_domain

pytest.importorskip("matplotlib")

GRIDS = [(9, 9), (8, 8), (7, 12), (11, 6), (5, 1), (2, 3)]


@pytest.fixture
def page(tmp_path: Path) -> Any:
    """The page, with results in a folder of the test."""
    found: Any = definitions("frequency_dropout", options=SimpleNamespace(full=False))
    found.STORE = found.Store(tmp_path / "results.json")
    return found


def low_passed(x: np.ndarray, radius: int) -> np.ndarray:
    """The modes up to a radius along both axes, by sums; the Nyquist mode of an even axis is beyond all others."""
    for axis in (0, 1):
        n = x.shape[axis]
        k = np.arange(-min(radius, (n - 1) // 2), min(radius, (n - 1) // 2) + 1)
        matrix = np.exp(2j * np.pi * np.subtract.outer(np.arange(n), np.arange(n))[..., None] * k / n).sum(-1).real / n
        x = np.moveaxis(np.tensordot(matrix, x, (1, axis)), 0, axis)
    return x


# -- the layer -----------------------------------------------------------------------------------------
@pytest.mark.parametrize("domain", ["fourier", "hartley", "grid"])
@pytest.mark.parametrize("grid", GRIDS)
def test_a_step_keeps_the_modes_up_to_one_radius(rng: np.random.Generator, domain: str, grid: tuple[int, int]) -> None:
    x = low_passed(rng.normal(size=grid), max(grid))
    band = tuple((n - 1) // 2 for n in grid)
    signal = ops.analysis(x[None, :, :, None], get_domain(domain)(grid, band))
    drop, seen = nn.FrequencyDropout(minimum=0), set()
    drop.build(nn.Signal(signal.space, 1), np.random.default_rng(0), np.float64)
    np.testing.assert_array_equal(drop.forward(signal).data, signal.data)
    drop.train()
    candidates = [low_passed(x, radius) for radius in range(max(band) + 1)]
    for _ in range(60):
        found = ops.synthesis(drop.forward(signal), grid).data[0, ..., 0]
        distances = [np.abs(found - candidate).max() for candidate in candidates]
        assert min(distances) < 1e-12
        assert sum(d < 1e-6 for d in distances) == 1
        seen.add(int(np.argmin(distances)))
    assert seen == set(range(max(band) + 1))


@pytest.mark.parametrize("domain", ["fourier", "grid"])
def test_the_gradient_passes_the_same_modes(rng: np.random.Generator, domain: str) -> None:
    grid = (7, 9)
    x, weights = (rng.normal(size=(*grid,)) for _ in range(2))
    signal = ops.analysis(x[None, :, :, None], get_domain(domain)(grid))
    signal = Tensor(signal.data, signal.space, requires_grad=True)
    against = ops.analysis(weights[None, :, :, None], get_domain(domain)(grid))
    drop = nn.FrequencyDropout(minimum=0)
    drop.build(nn.Signal(signal.space, 1), np.random.default_rng(1), np.float64)
    drop.train()
    for _ in range(5):
        signal.grad = None
        out = drop.forward(signal)
        radius = next(r for r in range(5) if np.allclose(ops.synthesis(out, grid).data[0, ..., 0], low_passed(x, r)))
        backward(ops.mean(ops.multiply(out, against)).sum())
        gradient = ops.synthesis(Tensor(signal.grad, signal.space), grid).data[0, ..., 0]
        np.testing.assert_allclose(gradient, low_passed(weights, radius), atol=1e-12)


# -- the page's networks -------------------------------------------------------------------------------
def dataset(side: int = 12, count: int = 60) -> Dataset:
    x = np.random.default_rng(3).normal(size=(count, side, side, 1)).astype(np.float32)
    return from_arrays(x, np.arange(count) % 3)


@pytest.mark.parametrize("form", ["samples", "fourier"])
def test_both_networks_have_the_same_weights_and_outputs(page: Any, form: str) -> None:
    data = dataset()
    without, with_dropout = (page.network(form, there, data, seed=4) for there in (False, True))
    kinds = [[type(layer).__name__ for layer in made.body.layers] for made in (without, with_dropout)]
    assert kinds[1].count("FrequencyDropout") == page.LAYERS
    assert [kind for kind in kinds[1] if kind != "FrequencyDropout"] == kinds[0]
    for mine, other in zip(without.named_parameters().values(), with_dropout.named_parameters().values(), strict=True):
        np.testing.assert_array_equal(mine.data, other.data)
    np.testing.assert_array_equal(without.predict(data.images), with_dropout.predict(data.images))
    # The control: another seed has other weights.
    other = page.network(form, True, data, seed=5)
    assert np.abs(other.predict(data.images) - without.predict(data.images)).max() > 1e-3


def test_the_radii_follow_the_paper_s_line(page: Any) -> None:
    body = page.network("fourier", True, dataset(32), 0).body
    pools = [layer.size for layer in body.layers if type(layer).__name__ == "TruncationPool"]
    radii = [layer.minimum for layer in body.layers if type(layer).__name__ == "FrequencyDropout"]
    assert pools == [19, 11, 6]
    for layer, (side, radius) in enumerate(zip(pools, radii, strict=True), 1):
        square = floor((0.30 + layer / 3 * (0.15 - 0.30)) * side)
        # The largest odd square of modes inside.
        assert 2 * radius + 1 <= max(square, 1) < 2 * radius + 3
    assert radii == [1, 0, 0]


# -- its statistics ------------------------------------------------------------------------------------
def rows(part: Any, form: str = "fourier") -> list[dict[str, Any]]:
    """Accuracies of five seeds, in a mixed order, with rows of others between them."""
    values = {0: (0.95, 0.70, 0.90, 0.72), 1: (0.96, 0.71, 0.90, 0.70), 2: (0.94, 0.68, 0.88, 0.69),
              3: (0.97, 0.69, 0.91, 0.73), 4: (0.95, 0.72, 0.89, 0.74)}  # fmt: skip
    made = [
        {"data": part.data, "images": part.images, "form": form, "dropout": there, "seed": seed,
         "train": found[2 * there], "test": found[2 * there + 1]}
        for seed, found in values.items() for there in (False, True)
    ]  # fmt: skip
    alone = [{**made[0], "seed": 9}, {**made[0], "form": "other", "train": 0.0}, {**made[0], "images": 7, "test": 0.0}]
    return [made[i] for i in (3, 8, 0, 5, 9, 1, 2, 7, 6, 4)] + alone


def test_changes_are_paired_by_seed(page: Any) -> None:
    part = page.Part("cifar10", 1000, 1, 5)
    found = page.accuracies(rows(part), "fourier", part)
    assert found.shape == (5, 2, 2)
    changes = page.changes(found)
    gaps = [(0.18, 0.25), (0.20, 0.25), (0.19, 0.26), (0.18, 0.28), (0.15, 0.23)]
    np.testing.assert_allclose(changes["gap"], [after - before for after, before in gaps], atol=1e-12)
    np.testing.assert_allclose(changes["test accuracy"], [0.02, -0.01, 0.01, 0.04, 0.02], atol=1e-12)
    # The control: with the labels of dropout swapped, the sign changes.
    swapped = [row | {"dropout": not row["dropout"]} for row in rows(part) if row["seed"] != 9]
    np.testing.assert_allclose(page.changes(page.accuracies(swapped, "fourier", part))["gap"], -changes["gap"])


def test_the_interval_is_student_s(page: Any) -> None:
    values = np.array([0.02, -0.01, 0.01, 0.04, 0.02])
    mean, half = page.interval(values)
    deviation = sqrt(sum((v - 0.016) ** 2 for v in values) / 4)
    # 2.776 is the value of Student's distribution with 4 degrees of freedom in printed tables.
    assert np.isclose(mean, 0.016)
    assert np.isclose(half, 2.776 * deviation / sqrt(5), rtol=2e-4)


def test_intervals_cover_the_truth_in_95_of_100_cases(page: Any, rng: np.random.Generator) -> None:
    covered = [abs(mean - 1) < half for mean, half in (page.interval(rng.normal(1, 3, 3)) for _ in range(2000))]
    # Four standard errors of a share of 0.95.
    assert abs(np.mean(covered) - 0.95) < 0.02


# -- its full mode -------------------------------------------------------------------------------------
def test_the_full_mode_goes_on_where_it_stopped(page: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    part, sources = page.Part("tiny", 30, 1, 2), {"tiny": split(dataset(), test=0.2)}
    plain, left = page.measure, [3]

    def killed(*given: Any) -> Any:
        left[0] -= 1
        if left[0] < 0:
            raise KeyboardInterrupt
        return plain(*given)

    monkeypatch.setattr(page, "measure", killed)
    with pytest.raises(KeyboardInterrupt):
        page.measure_all(sources, [part])
    before = page.STORE.rows()
    assert len(before) == 3
    left[0] = 5
    page.measure_all(sources, [part])
    assert left[0] == 0
    assert page.STORE.rows()[:3] == before
    assert page.accuracies(page.STORE.rows(), "samples", part).shape == (2, 2, 2)
    again = plain("fourier", True, part, page.drawn_part(sources["tiny"].train, 30, 1), sources["tiny"].test, 1)
    assert again in page.STORE.rows()
