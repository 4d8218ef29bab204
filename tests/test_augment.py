"""Augmentations inside the domain against the same changes of samples, by explicit loops and sums in float64."""

from __future__ import annotations

from collections.abc import Callable
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from freqnet.benchmarks.studies import augmentation as study

from freqnet import Tensor, get_domain, nn, no_transforms, ops
from freqnet.augment import (
    AUGMENTATIONS,
    Augmentation,
    Batch,
    Brightness,
    ColourMix,
    Compose,
    Contrast,
    Kind,
    LowPass,
    Mirror,
    Noise,
    QuarterTurns,
    Rotate,
    Shift,
    Zoom,
    read_augmentation,
    register_augmentation,
)
from freqnet.data import Dataset, load
from freqnet.errors import ConfigurationError
from freqnet.nn import Door
from freqnet.spaces import Space
from freqnet.tasks import Field
from freqnet.training import Model, Progress, Settings, analyse, fit

PERIODIC = ("fourier", "hartley", "grid")
# Odd, even, prime, tiny and not square; 1-D to 3-D.
GRIDS = [(1,), (2,), (3,), (7,), (8,), (1, 1), (2, 3), (5, 6), (7, 4), (3, 4, 5), (2, 1, 6)]
SQUARES = [((1, 1), (-2, -1)), ((2, 2), (0, 1)), ((5, 5), (-2, -1)), ((6, 6), (1, 0)), ((3, 4, 4), (-2, -1)),
           ((4, 3, 4), (0, 2)), ((5, 5, 2), (0, 1)), ((2, 3, 3), (2, 1))]  # fmt: skip
BATCH, CHANNELS = 6, 3


def space_of(domain: str, grid: tuple[int, ...], band: tuple[int, ...] | None = None) -> Space:
    most = tuple((n - 1) // 2 for n in grid)
    return get_domain(domain)(grid, most if band is None else band)


def drawn(space: Space, channels: int = CHANNELS) -> Batch:
    rng = np.random.default_rng(7)
    x = ops.analysis(rng.normal(size=(BATCH, *space.grid, channels)), space)
    return Batch(x, np.arange(BATCH) % 2)


def samples_of(x: Tensor) -> np.ndarray:
    return ops.synthesis(x).data


def changed(change: Augmentation, batch: Batch, seed: int = 1) -> np.ndarray:
    """The samples of a changed batch; the change makes no transform, and leaves the batch alone."""
    before = batch.x.data.copy()
    with no_transforms():
        out = change(batch, np.random.default_rng(seed))
    np.testing.assert_array_equal(batch.x.data, before)
    assert out.x.space == batch.x.space
    assert out.x.dtype == batch.x.dtype
    return samples_of(out.x)


def close(found: np.ndarray, expected: np.ndarray) -> None:
    np.testing.assert_allclose(found, expected, atol=1e-10 * max(1.0, np.abs(expected).max()))


# -- explicit changes of samples (batch, *grid, channels) ------------------------------------------------
def each_place(samples: np.ndarray, source: Callable[[int, tuple[int, ...]], tuple[int, ...]]) -> np.ndarray:
    """Samples with the value of another place, in loops over all places."""
    out = np.empty_like(samples)
    for b, place in product(range(len(samples)), product(*map(range, samples.shape[1:-1]))):
        out[(b, *place)] = samples[(b, *source(b, place))]
    return out


def reversed_along(axis: int, which: np.ndarray, held: tuple[int, ...], grid: tuple[int, ...]) -> Callable:
    def source(b: int, place: tuple[int, ...]) -> tuple[int, ...]:
        at = list(place)
        if which[b]:
            at[axis] = (held[axis] - 1 - at[axis]) % grid[axis]
        return tuple(at)

    return source


def fourier_sum(samples: np.ndarray, points: np.ndarray) -> np.ndarray:
    """The trigonometric polynomial of samples ``(*grid, channels)`` below the Nyquist mode, at ``(points, axes)``."""
    grid = samples.shape[:-1]
    out = np.zeros((len(points), samples.shape[-1]), complex)
    places = np.array(list(product(*map(range, grid)))) / np.array(grid)
    flat = samples.reshape(-1, samples.shape[-1])
    for k in product(*(range(-((n - 1) // 2), (n - 1) // 2 + 1) for n in grid)):
        mode = np.exp(-2j * np.pi * places @ np.array(k)) @ flat / len(flat)
        out += np.exp(2j * np.pi * (points / np.array(grid)) @ np.array(k))[:, None] * mode
    assert np.abs(out.imag).max() < 1e-9
    return out.real


# -- moves -----------------------------------------------------------------------------------------------
@pytest.mark.parametrize("domain", PERIODIC)
@pytest.mark.parametrize("grid", GRIDS)
def test_mirrors_are_reversed_samples(domain: str, grid: tuple[int, ...]) -> None:
    batch = drawn(space_of(domain, grid))
    for axis in range(len(grid)):
        change = Mirror(0.5, axis - len(grid) if axis % 2 else axis)
        which = np.random.default_rng(1).random(BATCH) < 0.5
        assert 0 < which.sum() < BATCH
        expected = each_place(samples_of(batch.x), reversed_along(axis, which, grid, grid))
        close(changed(change, batch), expected)
    every = np.random.default_rng(1)
    expected = samples_of(batch.x)
    for axis in range(len(grid)):
        expected = each_place(expected, reversed_along(axis, every.random(BATCH) < 0.5, grid, grid))
    close(changed(Mirror(axis="all"), batch), expected)


@pytest.mark.parametrize("domain", PERIODIC)
def test_a_mirror_that_counts_from_the_wrong_sample_is_found(domain: str) -> None:
    batch = drawn(space_of(domain, (6, 5)))
    expected = each_place(samples_of(batch.x), reversed_along(1, np.ones(BATCH), (6, 6), (6, 5)))
    with pytest.raises(AssertionError):
        close(changed(Mirror(1), batch), expected)


@pytest.mark.parametrize("domain", PERIODIC)
@pytest.mark.parametrize(("grid", "axes"), SQUARES)
def test_quarter_turns_are_those_of_samples(domain: str, grid: tuple[int, ...], axes: tuple[int, int]) -> None:
    batch = drawn(space_of(domain, grid))
    turns = np.random.default_rng(1).integers(0, 4, (BATCH, 1))[:, 0]
    assert set(turns) == {0, 1, 2, 3}
    places = tuple(axis % len(grid) for axis in axes)
    samples = samples_of(batch.x)
    expected = np.stack([np.rot90(image, count, places) for image, count in zip(samples, turns, strict=True)])
    close(changed(QuarterTurns(axes), batch), expected)
    backwards = np.stack([np.rot90(image, -count, places) for image, count in zip(samples, turns, strict=True)])
    if max(grid) > 2:
        with pytest.raises(AssertionError):
            close(changed(QuarterTurns(axes), batch), backwards)


@pytest.mark.parametrize("domain", PERIODIC)
@pytest.mark.parametrize("grid", [(1,), (7,), (8,), (5, 6), (3, 4, 5)])
def test_shifts_are_the_polynomial_at_moved_points(domain: str, grid: tuple[int, ...]) -> None:
    batch = drawn(space_of(domain, grid))
    moves = np.random.default_rng(1).uniform(-1.5, 1.5, (BATCH, len(grid)))
    places = np.array(list(product(*map(range, grid))))
    expected = [fourier_sum(x, places - move) for x, move in zip(samples_of(batch.x), moves, strict=True)]
    close(changed(Shift(1.5), batch), np.stack(expected).reshape(BATCH, *grid, CHANNELS))


def reflected(t: float, n: int) -> float:
    """A position reflected at half a sample before the first sample and after the last one, in steps."""
    while not -0.5 <= t <= n - 0.5:
        t = -1 - t if t < -0.5 else 2 * n - 1 - t
    return t


def turned(grid: tuple[int, ...], axes: tuple[int, int], angle: float) -> np.ndarray:
    """The points that each place of a signal turned by an angle comes from, ``(places, axes)``."""
    points = []
    for place in product(*map(range, grid)):
        at, (a, b) = list(place), axes
        u, v = place[a] - (grid[a] - 1) / 2, place[b] - (grid[b] - 1) / 2
        at[a] = reflected((grid[a] - 1) / 2 + u * np.cos(angle) + v * np.sin(angle), grid[a])
        at[b] = reflected((grid[b] - 1) / 2 - u * np.sin(angle) + v * np.cos(angle), grid[b])
        points.append(at)
    return np.array(points, float)


def scaled_by(grid: tuple[int, ...], factor: float) -> np.ndarray:
    points = []
    for place in product(*map(range, grid)):
        points.append(
            [reflected((n - 1) / 2 + (t - (n - 1) / 2) / factor, n) for t, n in zip(place, grid, strict=True)]
        )
    return np.array(points, float)


def at_points(space: Space, batch: Batch, points: list[np.ndarray]) -> np.ndarray:
    """The spectra of the trigonometric polynomials at the points of each example."""
    rows = zip(samples_of(batch.x), points, strict=True)
    values = np.stack([fourier_sum(image, at).reshape(image.shape) for image, at in rows])
    return ops.analysis(values, space).data


@pytest.mark.parametrize("domain", PERIODIC)
@pytest.mark.parametrize(
    ("grid", "axes"),
    [((1, 1), (0, 1)), ((2, 3), (0, 1)), ((5, 5), (1, 0)), ((6, 6), (0, 1)), ((7, 4), (0, 1)), ((3, 5, 4), (0, 2))],
)
def test_rotations_are_the_polynomial_at_turned_points(
    domain: str, grid: tuple[int, ...], axes: tuple[int, int]
) -> None:
    space, change = space_of(domain, grid), Rotate(40, 5, axes)
    batch = drawn(space)
    angles = np.radians((-40, -20, 0, 20, 40))[np.random.default_rng(1).integers(0, 5, (BATCH, 1))[:, 0]]
    expected = at_points(space, batch, [turned(grid, axes, angle) for angle in angles])
    found = change(batch, np.random.default_rng(1)).x.data
    close(found, expected)
    if min(grid) > 2:
        with pytest.raises(AssertionError):
            close(found, at_points(space, batch, [turned(grid, axes, -angle) for angle in angles]))


@pytest.mark.parametrize("domain", PERIODIC)
@pytest.mark.parametrize("grid", [(1,), (2,), (7,), (8,), (5, 6), (7, 4), (3, 2, 4)])
def test_zooms_are_the_polynomial_at_scaled_points(domain: str, grid: tuple[int, ...]) -> None:
    space = space_of(domain, grid)
    batch = drawn(space)
    factors = np.array([1 / 1.5, 1, 1.5])[np.random.default_rng(1).integers(0, 3, (BATCH, 1))[:, 0]]
    expected = at_points(space, batch, [scaled_by(grid, factor) for factor in factors])
    close(Zoom(0.5, 3)(batch, np.random.default_rng(1)).x.data, expected)


@pytest.mark.parametrize("change", [Rotate(30, 3), Zoom(0.3, 3)])
def test_warps_make_no_transform_and_keep_zeros_behind_the_samples(change: Rotate | Zoom) -> None:
    door = Door("fourier", (6, 5), (4, 3), CHANNELS, pad=(3, 3))
    batch = Batch(door.analyse(np.random.default_rng(5).normal(size=(BATCH, 6, 5, CHANNELS)), np.float64), np.zeros(1))
    found = changed(change, batch)
    moves = np.random.default_rng(1).integers(0, 3, (BATCH, 1))[:, 0]
    whole, held = samples_of(batch.x), (6, 5)
    expected = np.zeros_like(whole)
    for b, move in enumerate(moves):
        points = (
            turned(held, (0, 1), np.radians((-30, 0, 30)[move]))
            if change.word == "rotate"
            else scaled_by(held, 1.3 ** (move - 1.0))
        )
        expected[b, :6, :5] = fourier_sum(whole[b], points).reshape(6, 5, CHANNELS)
    close(found, samples_of(ops.analysis(expected, door.space)))


@pytest.mark.parametrize("domain", PERIODIC)
@pytest.mark.parametrize("change", [Mirror(axis="all"), Mirror(), Shift(1.5), QuarterTurns()])
def test_targets_that_are_signals_move_along_on_their_own_grid(domain: str, change: Augmentation) -> None:
    grid, fine, band = (6, 6), (12, 12), (2, 2)
    space, targets = space_of(domain, grid, band), space_of(domain, fine, band)
    batch = drawn(space)
    field = ops.analysis(ops.synthesis(batch.x, fine).data, targets)
    both = Batch(batch.x, field.data, None, targets)
    change.check(Kind(space, CHANNELS, Field(), targets))
    out = change(both, np.random.default_rng(3))
    # The target is the input on a finer grid, and stays so.
    close(samples_of(Tensor(out.targets, targets)), ops.synthesis(out.x, fine).data)
    assert np.abs(out.targets - both.targets).max() > 1e-3


def test_targets_on_the_grid_of_the_input_turn_as_it_does() -> None:
    space = space_of("fourier", (6, 5))
    batch = drawn(space)
    for change in (Rotate(30), Zoom(0.3)):
        out = change(Batch(batch.x, 2 * batch.x.data, None, space), np.random.default_rng(3))
        close(out.targets, 2 * out.x.data)
        assert np.abs(out.targets - 2 * batch.x.data).max() > 1e-3


def test_targets_on_a_grid_that_is_finer_along_one_axis_turn_in_samples_of_the_input() -> None:
    space, targets = space_of("fourier", (6, 6), (2, 2)), space_of("fourier", (12, 6), (2, 2))
    batch = drawn(space)
    field = ops.analysis(ops.synthesis(batch.x, (12, 6)).data, targets)
    out = Rotate(40, 5)(Batch(batch.x, field.data, None, targets), np.random.default_rng(1))
    angles = np.radians((-40, -20, 0, 20, 40))[np.random.default_rng(1).integers(0, 5, (BATCH, 1))[:, 0]]
    expected = []
    for image, angle in zip(ops.synthesis(batch.x).data, angles, strict=True):
        points = []
        for i, j in product(range(12), range(6)):
            u, v = i / 2 - 2.5, j - 2.5
            down, right = u * np.cos(angle) + v * np.sin(angle), v * np.cos(angle) - u * np.sin(angle)
            points.append([reflected(2.5 + down, 6), reflected(2.5 + right, 6)])
        expected.append(fourier_sum(image, np.array(points)).reshape(12, 6, CHANNELS))
    close(out.targets, ops.analysis(np.stack(expected), targets).data)


def test_zooms_of_fields_behind_zeros_of_the_door_are_refused() -> None:
    padded = get_domain("fourier")((8, 8), (3, 3), support=(6, 6))
    with pytest.raises(ConfigurationError, match="augment zoom: got targets of a field behind zeros of the door"):
        Zoom().check(Kind(padded, 1, Field(), padded))


# -- values ----------------------------------------------------------------------------------------------
def spread(amount: float, shape: tuple[int, ...]) -> np.ndarray:
    return np.random.default_rng(1).uniform(-amount, amount, (BATCH, *shape))


TWINS: dict[str, tuple[Augmentation, Callable[[np.ndarray], np.ndarray]]] = {
    "brightness": (Brightness(0.4), lambda x: x + expanded(spread(0.4, (1,)), x)),
    "contrast": (Contrast(0.4), lambda x: mean_of(x) + (1 + expanded(spread(0.4, (1,)), x)) * (x - mean_of(x))),
    "colour": (
        ColourMix(0.4),
        lambda x: np.stack([image @ (np.eye(3) + m) for image, m in zip(x, spread(0.4, (3, 3)), strict=True)]),
    ),
}


def expanded(values: np.ndarray, samples: np.ndarray) -> np.ndarray:
    return values.reshape(len(values), *(1,) * (samples.ndim - 2), -1)


def mean_of(samples: np.ndarray) -> np.ndarray:
    return samples.mean(axis=tuple(range(1, samples.ndim - 1)), keepdims=True)


@pytest.mark.parametrize("domain", [*PERIODIC, "laplace", "damped"])
@pytest.mark.parametrize("name", TWINS)
@pytest.mark.parametrize("pad", [0, 2])
@pytest.mark.parametrize("grid", [(1,), (2,), (5,), (4, 3), (2, 3, 2)])
def test_values_change_as_before_the_door(domain: str, name: str, pad: int, grid: tuple[int, ...]) -> None:
    whole = tuple(n + pad for n in grid)
    full = get_domain(domain)(whole)
    band = full.band if full.has_nodes else tuple((n - 1) // 2 for n in whole)
    door = Door(domain, grid, band, CHANNELS, pad=(pad,) * len(grid) if pad else ())
    change, twin = TWINS[name]
    samples = np.random.default_rng(5).normal(size=(BATCH, *grid, CHANNELS)) + 0.5
    x = door.analyse(samples, np.float64)
    change.check(Kind(door.space, CHANNELS))
    with no_transforms():
        found = change(Batch(x, np.zeros(BATCH)), np.random.default_rng(1)).x
    expected = door.analyse(twin(samples), np.float64).data
    close(found.data, expected)
    if max(grid) > 2:
        assert np.abs(found.data - x.data).max() > 1e-3


@pytest.mark.parametrize("domain", PERIODIC)
@pytest.mark.parametrize("change", [Mirror(1), Mirror(1, "all"), QuarterTurns()])
def test_zeros_of_the_door_stay_behind_the_samples(domain: str, change: Augmentation) -> None:
    door = Door(domain, (5, 5), (3, 3), CHANNELS, pad=(3, 3))
    samples = np.random.default_rng(5).normal(size=(BATCH, 5, 5, CHANNELS))
    found = change(Batch(door.analyse(samples, np.float64), np.zeros(BATCH)), np.random.default_rng(1)).x
    if isinstance(change, QuarterTurns):
        turns = np.random.default_rng(1).integers(0, 4, (BATCH, 1))[:, 0]
        moved = np.stack([np.rot90(image, count) for image, count in zip(samples, turns, strict=True)])
    else:
        moved = samples[:, ::-1, ::-1] if change.axis == "all" else samples[:, :, ::-1]
    close(found.data, door.analyse(moved, np.float64).data)


@pytest.mark.parametrize("domain", PERIODIC)
@pytest.mark.parametrize(("grid", "band"), [((64,), (31,)), ((64,), (9,)), ((24, 25), (7, 12)), ((9, 9, 9), (4, 2, 3))])
def test_noise_has_its_deviation_and_is_white_in_the_band(domain: str, grid: tuple, band: tuple) -> None:
    space = space_of(domain, grid, band)
    silent = Batch(Tensor(np.zeros((*space.shape, 200, 2), space.dtype(np.float64)), space), np.zeros(200))
    noise = changed(Noise(0.3), silent)
    assert abs(noise.std() - 0.3) < 0.01
    assert abs(noise.mean()) < 0.01
    power = np.abs(np.fft.fftn(noise, axes=tuple(range(1, noise.ndim - 1)), norm="forward")) ** 2
    means = power.mean(axis=(0, -1))
    inside = np.ones(grid, bool)
    for axis, (n, m) in enumerate(zip(grid, band, strict=True)):
        numbers = np.abs(np.fft.fftfreq(n, 1 / n)).reshape((-1,) + (1,) * (len(grid) - 1 - axis))
        inside &= numbers <= m
    assert means[~inside].max(initial=0.0) < 1e-20
    flat = means[inside] * inside.sum()
    np.testing.assert_allclose(flat, 0.09, rtol=0.5)
    np.testing.assert_allclose(flat.mean(), 0.09, rtol=0.05)


@pytest.mark.parametrize("domain", PERIODIC)
@pytest.mark.parametrize("grid", [(9,), (8,), (7, 6), (5, 4, 3)])
def test_low_passes_drop_the_modes_above_those_drawn(domain: str, grid: tuple[int, ...]) -> None:
    space = space_of(domain, grid)
    batch = drawn(space)
    shares = np.random.default_rng(1).random(BATCH)
    expected = []
    for image, share in zip(samples_of(batch.x), shares, strict=True):
        spectrum = np.fft.fftn(image, axes=range(len(grid)))
        for axis, (n, m) in enumerate(zip(grid, space.band, strict=True)):
            kept = np.ceil(0.3 * m) + np.floor(share * (m - np.ceil(0.3 * m) + 1))
            keep = np.abs(np.fft.fftfreq(n, 1 / n)) <= kept
            spectrum = spectrum * keep.reshape((-1,) + (1,) * (len(grid) - axis))
        expected.append(np.fft.ifftn(spectrum, axes=range(len(grid))).real)
    close(changed(LowPass(0.3), batch), np.stack(expected))
    close(changed(LowPass(1), batch), samples_of(batch.x))


# -- draws -----------------------------------------------------------------------------------------------
def test_examples_have_draws_of_their_own() -> None:
    space = space_of("fourier", (8, 8))
    one = drawn(space).x.data[..., :1, :]
    batch = Batch(Tensor(np.repeat(one, 40, axis=-2), space), np.zeros(40))
    for change in (Shift(1), Brightness(0.1), Contrast(0.1), ColourMix(0.1), Noise(0.1)):
        out = change(batch, np.random.default_rng(0)).x.data
        assert len({out[..., i, :].tobytes() for i in range(40)}) == 40
    for change, kinds in ((Mirror(), 2), (Mirror(axis="all"), 4), (QuarterTurns(), 4), (LowPass(0.5), 2)):
        out = change(batch, np.random.default_rng(0)).x.data.round(9)
        assert len({out[..., i, :].tobytes() for i in range(40)}) == kinds


def test_probability_is_that_of_the_mirror() -> None:
    for p in (0.0, 0.3, 1.0):
        which = Mirror(p).draw(4000, 2, np.random.default_rng(0))
        assert abs(which.mean() - p) < 0.03


def test_parts_act_in_their_order() -> None:
    batch = drawn(space_of("fourier", (6, 6)))
    both = Compose((Mirror(), Shift(1)))
    generator = np.random.default_rng(1)
    expected = samples_of(Shift(1)(Mirror()(batch, generator), generator).x)
    close(changed(both, batch), expected)
    with pytest.raises(AssertionError):
        close(changed(Compose((Shift(1), Mirror())), batch), expected)


@pytest.mark.parametrize("precision", [np.float32, np.float64])
@pytest.mark.parametrize("domain", PERIODIC)
def test_precision_stays(domain: str, precision: type) -> None:
    batch = drawn(space_of(domain, (6, 6)))
    x = Tensor(batch.x.data.astype(batch.space.dtype(precision)), batch.space)
    parts = (
        Mirror(),
        QuarterTurns(),
        Shift(1),
        Brightness(),
        Contrast(),
        ColourMix(),
        Noise(),
        LowPass(),
        Rotate(),
        Zoom(),
    )
    for change in parts:
        assert change(Batch(x, batch.targets), np.random.default_rng(0)).x.dtype == x.dtype, change


# -- refusals --------------------------------------------------------------------------------------------
@pytest.mark.parametrize("change", [Mirror(), QuarterTurns(), Shift(1), Noise(), LowPass(), Rotate(), Zoom()])
@pytest.mark.parametrize("domain", ["laplace", "damped"])
def test_domains_of_nodes_refuse_in_one_line_what_they_cannot(change: Augmentation, domain: str) -> None:
    with pytest.raises(ConfigurationError, match=r"got .*, expected .*; .*(pass|leave)") as error:
        change.check(Kind(get_domain(domain)((6, 6)), 3))
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Mirror(2), r"augment mirror: got p=2, expected a number from 0 to 1; pass 0.5"),
        (lambda: Mirror(axis=7), "augment mirror: got axis=7, expected a whole number"),
        (lambda: Mirror(axis=2).check(Kind(space_of("fourier", (4, 4)), 1)), "got axis=2, expected one of 2 axes"),
        (lambda: QuarterTurns((0, 0)), "augment turns: got axes="),
        (lambda: QuarterTurns().check(Kind(space_of("fourier", (4,)), 1)), "got signals of 1 axis, expected two axes"),
        (lambda: QuarterTurns().check(Kind(space_of("grid", (4, 5)), 1)), r"got grid \(4, 5\), expected equal sizes"),
        (lambda: QuarterTurns().check(Kind(space_of("fourier", (5, 5), (2, 1)), 1)), r"got band \(2, 1\), expected"),
        (lambda: Shift(-1), "augment shift: got samples=-1, expected a number of 0 or more; pass 2"),
        (lambda: Brightness(float("nan")), "augment brightness: got amount=nan"),
        (lambda: Contrast(1.5), "augment contrast: got amount=1.5, expected a number from 0 to 1"),
        (lambda: ColourMix("x"), "augment colour: got amount='x'"),
        (lambda: ColourMix().check(Kind(space_of("fourier", (4,)), 1)), "got 1 channel, expected 3 channels of colour"),
        (lambda: Rotate(200), "augment rotate: got degrees=200, expected a number from 0 to 180; pass 15"),
        (lambda: Rotate(steps=1), "augment rotate: got steps=1, expected a whole number from 2 to 65; pass steps=17"),
        (lambda: Rotate(axes=(1, 1)), "augment rotate: got axes="),
        (lambda: Rotate().check(Kind(space_of("fourier", (9,)), 1)), "got signals of 1 axis, expected two axes"),
        (
            lambda: Rotate().check(Kind(space_of("fourier", (40, 40)), 1)),
            "got signals of 1521 coordinates, expected at",
        ),
        (lambda: Zoom(2), "augment zoom: got amount=2, expected a number from 0 to 1; pass 0.2"),
        (lambda: LowPass(-0.1), "augment lowpass: got least=-0.1"),
        (lambda: Compose(("mirror",)), "augment compose: got a str, expected augmentations"),
    ],
)
def test_unusable_amounts_and_examples_are_refused(make: Callable[[], object], message: str) -> None:
    with pytest.raises(ConfigurationError, match=message):
        make()


# -- words -----------------------------------------------------------------------------------------------
@pytest.mark.parametrize("word", AUGMENTATIONS)
def test_every_word_makes_its_augmentation_by_itself_and_with_an_amount(word: str) -> None:
    plain = read_augmentation(word)
    assert plain.word == word.partition("-")[0]
    if AUGMENTATIONS[word].amount:
        assert next(iter(vars(read_augmentation(f" {word} = 0.25 ")).values())) == 0.25
        with pytest.raises(ConfigurationError, match=f"augment {word}: got the amount 'much', .*; pass a number"):
            read_augmentation(f"{word}=much")
    else:
        with pytest.raises(ConfigurationError, match=f"augment {word}: got the amount '0.25', expected none"):
            read_augmentation(f"{word}=0.25")


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (
            "miror",
            "augment: got 'miror', expected words among .*; did you mean 'mirror'. pass augment='mirror'",
        ),
        ("Brightnes=0.1", "did you mean 'brightness'. pass augment='brightness=0.1'"),
        (["mirror", "xyz"], "augment: got 'xyz', expected words among"),
        ("mirror,", "augment: got '', expected words among"),
        ("mirror=", "augment mirror: got the amount '', expected a probability"),
        ("mirror=2", "augment mirror: got p=2.0, expected a number from 0 to 1; pass 0.5"),
        (3, "augment: got 3, expected a list of words; pass augment='mirror,shift=2'"),
        ([1], r"augment: got \[1\], expected a list of words"),
    ],
)
def test_words_that_are_none_are_refused_at_once(given: object, message: str) -> None:
    with pytest.raises(ConfigurationError, match=message):
        Settings(augment=given)  # type: ignore[arg-type]


def test_settings_keep_words_and_put_the_shift_first() -> None:
    settings = Settings(augment="mirror, noise=0.1", shift=1.5)  # type: ignore[arg-type]
    assert settings.augment == ("mirror", "noise=0.1")
    assert settings.augmentation.members == (Shift(1.5), Mirror(), Noise(0.1))
    # The dataset may have augmentations where nothing is said, but not where none are wanted.
    assert Settings(augment=()).augment == Settings(augment=("none",)).augment == ()
    assert Settings().augment is None
    assert Settings().augmentation.members == ()


@pytest.mark.parametrize("word", ["mirror", "new,word", "a=b", ""])
def test_a_word_that_cannot_be_registered_is_refused(word: str) -> None:
    with pytest.raises(ConfigurationError, match=r"augmentation: got .*; register it under another word"):
        register_augmentation(word, Mirror)
    assert AUGMENTATIONS["mirror"].make is Mirror


@pytest.mark.parametrize("word", AUGMENTATIONS)
@pytest.mark.parametrize("domain", PERIODIC)
def test_the_contract_of_every_augmentation(domain: str, word: str) -> None:
    """No transform, no change of the batch that is given, and all randomness from the generator."""
    space = space_of(domain, (6, 6))
    x = drawn(space).x
    batch = Batch(Tensor(x.data.astype(space.dtype(np.float32)), space), np.arange(BATCH) % 2, np.ones(BATCH))
    change = read_augmentation(word)
    change.check(Kind(space, CHANNELS))
    before, state = batch.x.data.copy(), np.random.get_state()[1].copy()  # type: ignore[union-attr]
    with no_transforms():
        first, second, third = (change(batch, np.random.default_rng(seed)) for seed in (1, 1, 2))
    np.testing.assert_array_equal(batch.x.data, before)
    np.testing.assert_array_equal(np.random.get_state()[1], state)  # type: ignore[index]
    assert first.x.data.tobytes() == second.x.data.tobytes() != third.x.data.tobytes()
    assert (first.x.space, first.x.dtype, first.x.shape) == (batch.x.space, batch.x.dtype, batch.x.shape)
    assert np.isfinite(first.x.data).all()
    assert first.targets is batch.targets
    assert first.weights is batch.weights
    # The result is a real signal of the band.
    np.testing.assert_allclose(space.project(first.x.data), first.x.data, atol=1e-5)


# -- training --------------------------------------------------------------------------------------------
@pytest.mark.parametrize("domain", ["fourier", "grid"])
def test_a_run_killed_in_an_epoch_and_resumed_has_the_bits_of_one_that_was_not(domain: str, tmp_path: Path) -> None:
    """With every augmentation, and dropout that draws from the same generator."""
    images = np.random.default_rng(0).normal(size=(50, 6, 6, 3)).astype(np.float32)
    dataset = Dataset("made", images, np.arange(50) % 4, tuple("abcd"))
    settings = Settings(epochs=3, batch=20, shift=0.5, augment=tuple(AUGMENTATIONS))

    def bits(seed: int, steps: int = 99, **options: bool) -> dict[str, bytes]:
        layers = (nn.Convolution(4), nn.PowerNorm(), nn.Polynomial(), nn.FrequencyDropout(), nn.Dense(4))
        network = nn.Network(Door(domain, (6, 6), (2, 2), 3), nn.Sequential(layers), seed)
        calls = iter(range(steps))

        def stop(figures: dict[str, Any]) -> None:
            if "restored" not in figures and next(calls, None) is None:
                raise KeyboardInterrupt

        spectra = analyse(network, dataset)
        file = None if steps == 99 and not options else tmp_path / "checkpoint"
        fit(network, spectra, settings=settings, checkpoint=file, callbacks=[Progress(stop)], **options)
        return {name: array.tobytes() for name, array in network.arrays().items()}

    expected = bits(0)
    # Three steps and a row per epoch: the sixth call is the second step of the second epoch.
    with pytest.raises(KeyboardInterrupt):
        bits(0, 5)
    assert bits(7, resume=True) == expected


def test_training_changes_its_examples_and_refuses_what_does_not_suit() -> None:
    dataset = load("digits").take(np.arange(60))
    losses = []
    for augment in (None, ("mirror", "brightness=1", "noise=0.5")):
        network = Model(widths=(4,)).network(dataset)
        settings = Settings(epochs=1, batch=30, augment=augment)
        losses.append(fit(network, analyse(network, dataset), settings=settings).rows[0]["loss"])
    assert losses[0] != losses[1]
    with pytest.raises(ConfigurationError, match="augment colour: got 1 channel, expected 3 channels"):
        fit(network, analyse(network, dataset), settings=Settings(epochs=1, augment=("colour",)))
    causal = Model("laplace", widths=(4,)).network(dataset)
    with pytest.raises(ConfigurationError, match="augment mirror: got the laplace domain, expected"):
        fit(causal, analyse(causal, dataset), settings=Settings(epochs=1, augment=("mirror",)))


def test_the_study_of_costs_measures_every_word_that_the_page_shows() -> None:
    found = {domain: study.seconds(domain, count=12, batch=6, rounds=1) for domain in ("fourier",)}
    header, rows = study.table(found)
    assert header == ("augmentation", "``fourier``, ms")
    shown = (Path(__file__).parents[1] / "docs" / "speed" / "augmentation.txt").read_text("utf-8")
    for word, (name, milliseconds) in zip(study.ROWS, rows, strict=True):
        assert float(milliseconds) == pytest.approx(1e3 * found["fourier"][word], rel=0.01)
        assert f"* - {name}\n" in shown
    assert set(AUGMENTATIONS) < set(study.ROWS)
