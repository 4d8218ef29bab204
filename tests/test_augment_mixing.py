"""Mixed examples and boxes against explicit loops over samples, and losses of mixed targets against two losses."""

from __future__ import annotations

from dataclasses import replace
from itertools import product
from typing import Any

import numpy as np
import pytest

from freqnet import Tensor, get_domain, nn, no_transforms, ops
from freqnet.augment import Augmentation, Batch, CutMix, Cutout, Kind, Mixup
from freqnet.autodiff import backward
from freqnet.data import Dataset, load
from freqnet.errors import ConfigurationError
from freqnet.nn import Door
from freqnet.spaces import Space
from freqnet.tasks import Classification, CrossEntropy, Field, LossChoices, Mix, MultiLabel, Outputs, Regression, Task
from freqnet.training import Model, Settings, Spectra, analyse, fit
from freqnet.training.fit import Run

PERIODIC = ("fourier", "hartley", "grid")
BATCH, CHANNELS = 6, 3
GRIDS = [(1,), (2,), (7,), (8,), (1, 1), (5, 6), (7, 4), (3, 4, 5)]


def drawn(space: Space) -> Batch:
    x = ops.analysis(np.random.default_rng(7).normal(size=(BATCH, *space.grid, CHANNELS)), space)
    return Batch(x, np.arange(BATCH) % 3)


def space_of(domain: str, grid: tuple[int, ...], cut: int = 0) -> Space:
    return get_domain(domain)(grid, tuple(max(0, (n - 1) // 2 - cut) for n in grid))


def after(change: Augmentation, batch: Batch) -> Batch:
    before = batch.x.data.copy()
    with no_transforms():
        out = change(batch, np.random.default_rng(1))
    np.testing.assert_array_equal(batch.x.data, before)
    return out


def close(found: np.ndarray, expected: np.ndarray) -> None:
    np.testing.assert_allclose(found, expected, atol=1e-10 * max(1.0, np.abs(expected).max()))


def boxes(grid: tuple[int, ...], held: tuple[int, ...], sides: np.ndarray, places: np.ndarray) -> np.ndarray:
    """Windows ``(batch, *grid, 1)`` that are 1 in boxes, in loops over all samples."""
    out = np.zeros((len(sides), *grid, 1))
    for b in range(len(sides)):
        first = [int(p * (n - s + 1)) for p, n, s in zip(places[b], held, sides[b], strict=True)]
        assert all(f + s <= n for f, s, n in zip(first, sides[b], held, strict=True))
        for at in product(*map(range, grid)):
            out[(b, *at)] = all(f <= t < f + s for t, f, s in zip(at, first, sides[b], strict=True))
    return out


@pytest.mark.parametrize("domain", [*PERIODIC, "laplace", "damped"])
def test_mixup_mixes_samples_by_the_shares_of_the_targets(domain: str) -> None:
    space = get_domain(domain)((5, 4)) if domain in ("laplace", "damped") else space_of(domain, (5, 6))
    batch = drawn(space)
    out = after(Mixup(1), batch)
    (mix,) = out.mixes
    generator = np.random.default_rng(1)
    np.testing.assert_array_equal(mix.partners, generator.permutation(BATCH))
    shares = generator.beta(1, 1, BATCH)
    np.testing.assert_array_equal(mix.shares, np.maximum(shares, 1 - shares))
    samples = ops.synthesis(batch.x).data
    rows = zip(samples, mix.partners, mix.shares, strict=True)
    expected = np.stack([share * own + (1 - share) * samples[other] for own, other, share in rows])
    close(ops.synthesis(out.x).data, expected)
    np.testing.assert_array_equal(after(Mixup(0), batch).x.data, batch.x.data)
    assert len(after(Mixup(1), out).mixes) == 2


@pytest.mark.parametrize("domain", PERIODIC)
@pytest.mark.parametrize("cut", [0, 1])
@pytest.mark.parametrize("grid", GRIDS)
def test_cut_out_boxes_are_products_of_samples(domain: str, cut: int, grid: tuple[int, ...]) -> None:
    space = space_of(domain, grid, cut)
    batch, generator = drawn(space), np.random.default_rng(1)
    which = generator.random(BATCH) < 0.6
    sides = np.rint(which[:, None] * 0.5 * np.array(grid)).astype(int)
    window = boxes(grid, grid, sides, generator.random((BATCH, len(grid))))
    expected = ops.analysis(ops.synthesis(batch.x).data * (1 - window), space)
    close(after(Cutout(0.5, 0.6), batch).x.data, expected.data)
    if max(grid) > 2:
        assert np.abs(expected.data - batch.x.data).max() > 1e-3


@pytest.mark.parametrize("domain", PERIODIC)
@pytest.mark.parametrize("grid", GRIDS)
def test_boxes_of_another_example_count_by_their_share(domain: str, grid: tuple[int, ...]) -> None:
    space = space_of(domain, grid)
    batch, generator = drawn(space), np.random.default_rng(1)
    out = after(CutMix(1, 0.8), batch)
    partners = generator.permutation(BATCH)
    which = generator.random(BATCH) < 0.8
    outside = np.where(which, generator.beta(1, 1, BATCH), 1.0)
    sides = np.rint((1 - outside[:, None]) ** (1 / len(grid)) * np.array(grid)).astype(int)
    window = boxes(grid, grid, sides, generator.random((BATCH, len(grid))))
    samples = ops.synthesis(batch.x).data
    expected = ops.analysis(samples * (1 - window) + samples[partners] * window, space)
    close(out.x.data, expected.data)
    (mix,) = out.mixes
    np.testing.assert_array_equal(mix.partners, partners)
    # The share of the targets is that of the samples outside of the box.
    close(mix.shares, 1 - window.mean(axis=tuple(range(1, window.ndim)))[:])
    assert (mix.shares[~which] == 1).all()


@pytest.mark.parametrize("domain", PERIODIC)
def test_boxes_lie_among_the_samples_and_not_among_zeros_behind_them(domain: str) -> None:
    door = Door(domain, (5, 4), (3, 3), CHANNELS, pad=(3, 4))
    samples = np.random.default_rng(5).normal(size=(BATCH, 5, 4, CHANNELS))
    batch = Batch(door.analyse(samples, np.float64), np.arange(BATCH) % 3)
    out = CutMix(1, 1)(batch, np.random.default_rng(1))
    generator = np.random.default_rng(1)
    generator.permutation(BATCH), generator.random(BATCH)
    sides = np.rint((1 - generator.beta(1, 1, BATCH)[:, None]) ** 0.5 * np.array((5, 4))).astype(int)
    close(out.mixes[0].shares, 1 - sides.prod(axis=1) / 20)
    places = generator.random((BATCH, 2))
    window = boxes(door.space.grid, (5, 4), sides, places)
    held = ops.synthesis(batch.x).data
    expected = ops.analysis(held * (1 - window) + held[out.mixes[0].partners] * window, door.space)
    close(out.x.data, expected.data)


def test_a_box_at_another_place_is_found() -> None:
    space = space_of("fourier", (8,))
    batch = drawn(space)
    window = boxes((8,), (8,), np.full((BATCH, 1), 4), np.zeros((BATCH, 1)))
    expected = ops.analysis(ops.synthesis(batch.x).data * (1 - window), space)
    with pytest.raises(AssertionError):
        close(after(Cutout(0.5, 1), batch).x.data, expected.data)


def test_shares_have_the_distribution_of_the_method() -> None:
    batch = Batch(Tensor(np.zeros((3, 4000, 1), complex), get_domain("fourier")(5)), np.zeros(4000))
    (mix,) = Mixup(0.2)(batch, np.random.default_rng(0)).mixes
    assert mix.shares.min() >= 0.5
    # Mean of |2 s - 1| for Beta(0.2, 0.2), by sampling with another generator.
    other = np.random.RandomState(3).beta(0.2, 0.2, 100_000)
    assert abs(mix.shares.mean() - np.maximum(other, 1 - other).mean()) < 0.01


# -- losses ------------------------------------------------------------------------------------------------
SHARES, PARTNERS = np.array([0.9, 0.6, 1.0, 0.0, 0.5, 0.75]), np.array([3, 1, 0, 2, 5, 4])
CASES: dict[str, tuple[Task, np.ndarray, LossChoices]] = {
    "classes": (Classification(), np.array([0, 1, 2, 2, 1, 0]), LossChoices(0.1)),
    "weighted classes": (Classification(), np.array([0, 1, 2, 2, 1, 0]), LossChoices(0.0, (1.0, 3.0, 0.5))),
    "labels": (MultiLabel(), np.random.default_rng(2).integers(0, 2, (6, 3)), LossChoices(0.1, (1.0, 3.0, 0.5))),
    "numbers": (Regression(), np.random.default_rng(2).normal(size=(6, 3)), LossChoices()),
}


def value_and_gradient(loss: Any, outputs: np.ndarray, arrays: Any) -> tuple[float, np.ndarray]:
    z = Tensor(outputs, requires_grad=True)
    value = loss(z, loss.tensors(arrays))
    backward(value)
    assert z.grad is not None
    return value.item(), np.asarray(z.grad)


def of_examples(loss: Any, outputs: np.ndarray, arrays: Any) -> list[tuple[float, np.ndarray]]:
    """The loss and its gradient of each example alone."""
    rows = range(len(outputs))
    return [value_and_gradient(loss, outputs[i : i + 1], tuple(a[i : i + 1] for a in arrays)) for i in rows]


@pytest.mark.parametrize("weights", [None, np.array([0.5, 2.0, 1.0, 0.0, 1.5, 1.0])])
@pytest.mark.parametrize("name", CASES)
def test_the_loss_of_mixed_targets_is_the_mean_of_two_losses(name: str, weights: np.ndarray | None) -> None:
    task, targets, choices = CASES[name]
    loss = task.loss(Outputs(3, precision=np.dtype(float)), choices, targets)
    outputs = np.random.default_rng(4).normal(size=(6, 3))
    mix = Mix(PARTNERS, SHARES)
    found, gradient = value_and_gradient(loss, outputs, loss.arrays_of(targets, weights, (mix,)))
    arrays = loss.arrays(targets, weights)
    own = of_examples(loss, outputs, arrays)
    other = of_examples(loss, outputs, tuple(a[PARTNERS] for a in arrays))
    rows = list(zip(SHARES, own, other, strict=True))
    expected = np.concatenate([s * a[1] + (1 - s) * b[1] for s, a, b in rows]) / 6
    close(gradient, expected)
    if name != "numbers":
        close(np.array(found), np.mean([s * a[0] + (1 - s) * b[0] for s, a, b in rows]))
    with pytest.raises(AssertionError):
        close(value_and_gradient(loss, outputs, arrays)[1], expected)


def test_mixed_numbers_are_compared_with_the_mixed_number() -> None:
    targets = np.random.default_rng(2).normal(size=(6, 2))
    loss = Regression().loss(Outputs(2, precision=np.dtype(float)), LossChoices(), targets)
    mixed = SHARES[:, None] * targets + (1 - SHARES[:, None]) * targets[PARTNERS]
    close(loss.arrays_of(targets, None, (Mix(PARTNERS, SHARES),))[0], mixed)


def test_two_mixtures_follow_each_other() -> None:
    targets = np.array([0, 1, 2, 2, 1, 0])
    loss = Classification().loss(Outputs(3, precision=np.dtype(float)), LossChoices(), targets)
    first, second = Mix(PARTNERS, SHARES), Mix(PARTNERS[::-1], SHARES[::-1])
    rows = np.eye(3)[targets]
    close(loss.arrays_of(targets, None, (first, second))[0], second.of(first.of(rows)))


@pytest.mark.parametrize("task", ["classes", "labels", "numbers"])
def test_a_plan_and_the_tape_have_the_same_gradients_of_mixed_batches(task: str) -> None:
    kind, few, _ = CASES[task]
    images = np.random.default_rng(0).normal(size=(24, 6, 6, 1)).astype(np.float32)
    dataset = Dataset("made", images, np.concatenate([few] * 4), ("a", "b", "c"), task=kind)
    network = Model(widths=(4,)).network(dataset)
    spectra = analyse(network, dataset)
    run = Run.begin(network, Settings(batch=12), spectra)
    changes = (Mixup(1), CutMix(1)) if task != "numbers" else (Mixup(1),)
    for batch in spectra.shuffled(12, np.random.default_rng(0), augment=changes):
        assert len(batch.mixes) == len(changes)
        planned = run.gradients(batch)[0]
        gradients = {name: p.grad.copy() for name, p in run.trained.items()}
        with nn.tape_only():
            np.testing.assert_allclose(run.gradients(batch)[0], planned, rtol=1e-5)
        for name, p in run.trained.items():
            np.testing.assert_allclose(np.asarray(p.grad), gradients[name], rtol=1e-3, atol=1e-5)
        # The loss of the same examples with targets that are not mixed is another one.
        assert abs(run.gradients(replace(batch, mixes=()))[0] - planned) > 1e-4


# -- refusals ----------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("change", "kind", "message"),
    [
        (
            Mixup(),
            {"task": Field()},
            "augment mixup: got a field, expected a task and a loss whose targets can",
        ),
        (CutMix(), {"task": Field()}, "augment cutmix: got a field, expected a task and a loss"),
        (CutMix(), {"task": Regression()}, "augment cutmix: got a regression, expected a task with classes"),
        (Mixup(), {"can_mix": False}, "augment mixup: got a classification, expected a task and a loss"),
    ],
)
def test_targets_that_cannot_be_mixed_are_refused(change: Augmentation, kind: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigurationError, match=message):
        change.check(Kind(get_domain("fourier")((6, 6)), 3, **kind))
    Cutout().check(Kind(get_domain("fourier")((6, 6)), 3, Field()))


@pytest.mark.parametrize("change", [CutMix(), Cutout()])
def test_boxes_in_domains_of_nodes_are_refused(change: Augmentation) -> None:
    for domain in ("laplace", "damped"):
        with pytest.raises(ConfigurationError, match=f"got the {domain} domain, expected a domain of periodic signals"):
            change.check(Kind(get_domain(domain)((6, 6)), 3))


def test_a_loss_of_ones_own_that_takes_no_mixed_targets_is_refused_before_training() -> None:
    dataset = load("digits").take(np.arange(40))

    class Own(CrossEntropy):
        can_mix = False

    class OwnTask(Classification):
        def loss(self, outputs: Outputs, choices: LossChoices, targets: np.ndarray) -> Any:
            return Own(outputs)

    network = Model(widths=(4,)).network(dataset)
    spectra = analyse(network, dataset)
    own = Spectra(spectra.array, spectra.targets, spectra.space, OwnTask(), door=network.door)
    with pytest.raises(ConfigurationError, match="augment mixup: got a classification, expected a task and a loss"):
        fit(network, own, settings=Settings(epochs=1, augment=("mixup",)))
