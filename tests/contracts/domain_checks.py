"""The checks that every domain must pass: ``check(case)`` raises AssertionError where a domain fails.

A check calls `analysis`, a verb and `synthesis`, and compares the samples with explicit sums. It therefore does not
depend on how a domain stores a signal.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import oracles
from oracles import assert_close

from freqnet.errors import SpaceError
from freqnet.spaces import KERNELS, Space
from freqnet.spaces.registry import Factory

Axes = tuple[int, ...]
CHECKS: dict[str, Callable[[Case], None]] = {}


def check(function: Callable[[Case], None]) -> Callable[[Case], None]:
    """Register a check in the contract."""
    CHECKS[function.__name__] = function
    return function


@dataclass
class Case:
    """A domain on one grid and band, and a source of randomness."""

    domain: Factory
    grid: Axes
    band: Axes
    rng: np.random.Generator

    @property
    def space(self) -> Space:
        return self.domain(self.grid, self.band)

    @property
    def spectral(self) -> bool:
        """Whether the band determines the stored shape; then products of signals cannot alias."""
        return self.domain(9, 1).shape != self.domain(9, 2).shape

    def draw(self, space: Space | None = None, channels: int = 2) -> tuple[np.ndarray, np.ndarray]:
        """Draw two examples of a random signal; return its samples and the array that stores it."""
        space = space or self.space
        samples = oracles.project(self.rng.standard_normal((2, *space.grid, channels)), space.band)
        return samples, space.analysis(samples)

    def holds(self, array: np.ndarray, samples: np.ndarray, what: str, space: Space | None = None) -> None:
        """Raise AssertionError unless the array stores these samples."""
        space = space or self.space
        assert array.shape[: space.ndim] == space.shape, f"{what}: shape {array.shape}, expected {space.shape}"
        assert_close(space.synthesis(array, samples.shape[1:-1]), samples, what)
        assert_close(space.project(array), array, f"{what}, within the space")

    def vdot(self, a: np.ndarray, b: np.ndarray, space: Space | None = None) -> float:
        return (space or self.space).vdot(a, b)

    def bands(self) -> list[Axes]:
        """Two smaller bands and the largest."""
        return [tuple(m // 2 for m in self.band), (0,) * len(self.grid), self.domain(self.grid).band]

    def narrow(self, factors: int) -> Space:
        """The space with a band small enough that a product of `factors` signals does not alias into it."""
        limit = [(n - 1) // (factors + 1) for n in self.grid]
        return self.domain(self.grid, tuple(map(min, self.band, limit)))


def kernel_sizes(grid: Axes) -> list[Axes]:
    """One tap, even, odd and non-square sizes, and sizes larger than the grid."""
    if len(grid) == 1:
        return [(1,), (2,), (3,), (5,), (grid[0] + 2,)]
    return [(1, 2, 3)[: len(grid)], (3, 2, 1)[: len(grid)], (grid[0] + 1, *(2,) * (len(grid) - 1))]


def kernels(case: Case) -> list[tuple[str, Axes, np.ndarray, Axes, bool]]:
    """All parametrisations and sizes: name, size, matrix to taps, extent of the taps, centred or not."""
    out = [(k, s, oracles.tap_matrix(k, s), s, True) for k in KERNELS if k != "modes" for s in kernel_sizes(case.grid)]
    return [*out, ("modes", case.grid, oracles.mode_taps(case.grid, case.band), case.grid, False)]


def strides(grid: Axes) -> list[Axes]:
    """The smallest divisor of every axis, its whole length, and the smallest divisor on the first axis only."""
    smallest = tuple(next((s for s in range(2, n) if n % s == 0), n) for n in grid)
    return [smallest, grid, (smallest[0], *(1,) * (len(grid) - 1))]


def windows(grid: Axes) -> list[Axes]:
    return [(2,) * len(grid), (3, 1, 2)[: len(grid)], tuple(n + 1 for n in grid)]


@check
def round_trip(case: Case) -> None:
    raw = case.rng.standard_normal((2, *case.grid, 3))
    array = case.space.analysis(raw)
    assert array.shape == (*case.space.shape, 2, 3)
    assert array.dtype == case.space.dtype(np.float64)
    kept = oracles.project(raw, case.band)
    case.holds(array, kept, "synthesis of analysis")
    assert_close(case.space.analysis(kept), array, "analysis of synthesis")
    # The Nyquist mode has no exact counterpart on another grid.
    below = tuple(min(m, (n - 1) // 2) for m, n in zip(case.band, case.grid, strict=True))
    for finer in (tuple(2 * n + 1 for n in case.grid), tuple(n + i for i, n in enumerate(case.grid, 1))):
        case.holds(array, oracles.evaluate(kept, finer, below), f"synthesis on {finer}")


@check
def statistics(case: Case) -> None:
    (a, stored_a), (b, stored_b) = case.draw(), case.draw()
    grid = tuple(range(1, 1 + len(case.grid)))
    assert_close(case.space.inner(stored_a, stored_b), (a * b).mean(grid), "inner")
    assert_close(case.vdot(stored_a, stored_b), (a * b).mean(grid).sum(), "space.vdot")
    assert_close(case.space.power(stored_a), (a * a).mean(grid), "power")
    assert_close(case.space.mean(stored_a), a.mean(grid), "mean")
    value = case.rng.standard_normal((2, 3))
    constant = case.space.constant(value)
    case.holds(constant, np.broadcast_to(value.reshape(2, *(1,) * len(grid), 3), (2, *case.grid, 3)), "constant")
    assert_close(case.space.mean(constant), value, "mean of a constant")


@check
def change_of_band(case: Case) -> None:
    samples, array = case.draw()
    for band in case.bands():
        there = case.space.change_band(array, band)
        case.holds(there, oracles.project(samples, band), f"band {band}", case.space.with_band(band))


@check
def resampling(case: Case) -> None:
    samples, array = case.draw()
    for grid in (tuple(2 * n for n in case.grid), tuple(max(1, n - 1) for n in case.grid), (4, 3, 5)[: len(case.grid)]):
        if grid == case.grid:
            continue
        target = case.domain(grid)
        kept = tuple(min(m, (n - 1) // 2, (t - 1) // 2) for m, n, t in zip(case.band, case.grid, grid, strict=True))
        there = case.space.resample(array, target)
        case.holds(there, oracles.evaluate(samples, grid, kept), f"resample to {grid}", target)


@check
def moving_averages(case: Case) -> None:
    samples, array = case.draw()
    for window in windows(case.grid):
        average = case.space.average(array, window, "dirichlet", False)
        case.holds(average, oracles.moving_average(samples, window), f"average over {window}")
        average = case.space.average(array, window, "sinc", False)
        case.holds(average, oracles.continuous_average(samples, window), f"continuous average over {window}")


@check
def aliasing(case: Case) -> None:
    samples, array = case.draw()
    for stride in strides(case.grid):
        target = case.domain(tuple(n // s for n, s in zip(case.grid, stride, strict=True)))
        kept = samples[(slice(None), *(slice(None, None, s) for s in stride))]
        there = case.space.alias(array, target, stride, False)
        case.holds(there, oracles.project(kept, target.band), f"stride {stride}", target)


@check
def shifts(case: Case) -> None:
    samples, array = case.draw()
    whole = (1, -2, 4)[: len(case.grid)]
    case.holds(case.space.shift(array, np.array(whole)), oracles.roll(samples, whole), "shift")
    each = case.rng.uniform(-2, 2, (2, len(case.grid)))
    expected = np.concatenate([oracles.shifted(samples[i : i + 1], row) for i, row in enumerate(each)])
    case.holds(case.space.shift(array, each), expected, "shift by fractions")


@check
def products(case: Case) -> None:
    wide, narrow = case.narrow(2), case.narrow(2).with_band((0,) * len(case.grid))
    kept = case.space if case.spectral else wide
    first, second = (case.space, case.space) if case.spectral else (wide, wide)
    for a, b, c in ((first, second, kept), (first, narrow, kept), (narrow, second, kept), (wide, second, narrow)):
        (x, stored_x), (y, stored_y) = case.draw(a), case.draw(b)
        bands = (a.band, b.band, c.band)
        there = case.domain(case.grid, bands[0]).multiply(stored_x, stored_y, bands[1], bands[2])
        case.holds(there, oracles.multiplied(x, y, bands, case.grid), f"product, bands {bands}", c)
    x, stored = case.draw(first)
    square = case.domain(case.grid, first.band).square(stored, kept.band)
    case.holds(square, oracles.multiplied(x, x, (first.band, first.band, kept.band), case.grid), "square", kept)
    lane = stored[..., :1, :]
    spread = case.domain(case.grid, first.band).multiply(stored, lane, first.band, kept.band)
    twice = np.broadcast_to(lane, stored.shape).copy()
    assert_close(spread, case.domain(case.grid, first.band).multiply(stored, twice, first.band, kept.band), "lanes")


@check
def convolution(case: Case) -> None:
    response = case.domain(case.grid, case.band, "response")
    for kernel, size, matrix, extent, centred in kernels(case):
        # All channels mixed; two groups; one group per channel, with one and with two outputs each.
        for groups, inputs, outputs in ((1, 2, 3), (2, 4, 2), (3, 3, 3), (2, 2, 4)):
            samples, array = case.draw(channels=inputs)
            theta = case.rng.standard_normal((matrix.shape[1], inputs // groups, outputs))
            stored = response.frequency_response(theta, kernel, size)
            assert stored.shape == (*response.response_shape(kernel, size), *theta.shape[1:])
            taps = np.tensordot(matrix, theta, 1)
            there = case.space.channel_product(array, stored, "forward", groups, size)
            expected = oracles.convolved(samples, taps, extent, centred, groups)
            case.holds(there, expected, f"{kernel} kernel of {size} in {groups} groups")


@check
def orthonormal_coordinates(case: Case) -> None:
    (a, stored_a), (b, stored_b) = case.draw(), case.draw()
    x, y = (case.space.coordinates(v) for v in (stored_a, stored_b))
    assert x.shape == (case.space.coordinate_count, 2, 2)
    assert not np.iscomplexobj(x)
    mean = (a * b).mean(tuple(range(1, 1 + len(case.grid))))
    assert_close((x * y).sum(0), mean, "inner product of coordinates")
    assert_close(case.space.from_coordinates(x), stored_a, "from_coordinates")


@check
def powers_of_modes(case: Case) -> None:
    samples, array = case.draw()
    try:
        powers = case.space.mode_inner(array, array)
    except SpaceError:
        return  # the grid domain has no modes
    assert_close(powers, oracles.mode_powers(samples, case.band), "power of each mode")
    _, other = case.draw()
    factors = case.rng.standard_normal(powers.shape)
    scaled = case.space.mode_scale(array, factors)
    paired = (factors * case.space.mode_inner(array, other)).sum()
    assert_close(case.vdot(scaled, other), paired, "mode_scale is adjoint to mode_inner")


@check
def random_elements(case: Case) -> None:
    space = case.space
    shape = (*space.shape, 2, 3)
    ambient = case.rng.standard_normal(shape).astype(case.space.dtype(np.float64))
    if case.space.is_complex:
        ambient = ambient + 1j * case.rng.standard_normal(shape)
    for element in (space.random(ambient, case.rng), space.project(ambient)):
        assert element.shape == shape
        assert element.dtype == ambient.dtype
        assert_close(space.project(element), element, "project is idempotent")
        samples = space.synthesis(element, case.grid)
        case.holds(space.analysis(samples), oracles.project(samples, case.band), "a real signal")
        assert_close(space.analysis(samples), element, "an element is what its samples say")
    other = space.random(ambient, case.rng)
    assert_close(space.vdot(space.project(ambient), other), space.vdot(ambient, other), "project is orthogonal")
