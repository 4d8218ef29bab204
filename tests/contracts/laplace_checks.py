"""The checks of every verb of a node domain, against polynomial arithmetic at 80 digits (`laplace_oracles`).

The oracle converts between samples and stored arrays, so no check depends on a second verb. Errors may reach 100 eps
times the condition number of the space. Products by the bilinear form may reach the product of the condition numbers
of both factors, and as samples this times the condition number of the result's space.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from decimal import Decimal
from math import prod
from typing import Any

import laplace_oracles as lo
import numpy as np
import oracles
import pytest
from laplace_oracles import assert_within, exact

from freqnet import ops
from freqnet.autodiff import Tensor
from freqnet.errors import ConfigurationError, ShapeError, SpaceError
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
    """A domain on one grid, band and origin, and a source of randomness."""

    domain: Factory
    space: Space
    rng: np.random.Generator

    @property
    def grid(self) -> Axes:
        return self.space.grid

    @property
    def origin(self) -> Axes:
        return self.space.origin or (0,) * self.space.ndim

    def axes(self, space: Space | None = None) -> list[lo.Nodes]:
        space = space or self.space
        rule = lo.family(self.space.domain)
        return [lo.Nodes(rule, n, m + 1) for n, m in zip(space.grid, space.band, strict=True)]

    def condition(self, space: Space | None = None) -> float:
        return prod(axis.condition for axis in self.axes(space))

    def draw(self, space: Space | None = None, channels: int = 2, width: Axes | None = None) -> tuple[Any, np.ndarray]:
        """Draw a random signal that is zero beyond a width; return its samples on the grid and its stored array.

        Signals of any width exist only where every node is kept.
        """
        space = space or self.space
        held = exact(self.rng.standard_normal((2, *(width or space.grid), channels)))
        held = lo.placed(held, space.grid, (0,) * space.ndim)
        stored = lo.values(held, self.axes(space))
        return (held if width else lo.projected(held, self.axes(space))), lo.rounded(stored)

    def holds(self, array: Any, held: Any, what: str, space: Space | None = None, power: int = 1) -> None:
        """Raise AssertionError unless an array represents these samples on the grid."""
        space = space or self.space
        assert array.shape[: space.ndim] == space.shape, f"{what}: shape {array.shape}, expected {space.shape}"
        condition = max(self.condition(), self.condition(space))
        assert_within(lo.signal(array, self.axes(space)), held, condition**power, what)

    def bands(self) -> list[Axes]:
        """One node, about half of the nodes, and all of them."""
        full = self.domain(self.grid).band
        return [(0,) * len(full), tuple(m // 2 for m in full), full]


def cases(domain: Factory, grid: Axes, rng: np.random.Generator) -> list[Case]:
    """The full band, a truncated band, and the full band with sample 0 at a later place."""
    full = domain(grid)
    later = tuple(int(i == 0 or n > 2) for i, n in enumerate(grid))
    spaces = {full, full.with_band(tuple(m // 2 for m in full.band)), full.moved(later)}
    return [Case(domain, space, rng) for space in sorted(spaces, key=str)]


# -- transforms --------------------------------------------------------------------------------------
@check
def round_trip(case: Case) -> None:
    space, axes = case.space, case.axes()
    fewer = tuple(max(1, n - 2) for n in case.grid)
    for size in {case.grid, fewer}:
        raw = case.rng.standard_normal((2, *size, 3))
        held = lo.placed(exact(raw), case.grid, case.origin)
        array = space.analysis(raw)
        assert (array.shape, array.dtype) == ((*space.shape, 2, 3), np.float64)
        # All terms of these sums have one sign, so the condition number plays no role.
        assert_within(array, lo.values(held, axes), 1.0, f"values of {size} samples", scale=raw)
        kept = lo.projected(held, axes)
        for grid in (size, tuple(n + 2 for n in case.grid), (1,) * len(size)):
            expected = lo.taken(kept, grid, case.origin)
            assert_within(space.synthesis(array, grid), expected, case.condition(), f"{grid} samples", kept)
        full = space.shape == case.grid and case.origin == (0,) * space.ndim
        if full:
            assert_within(space.synthesis(array, size), exact(raw), case.condition(), "the samples themselves")
    with pytest.raises(ShapeError, match="samples: got"):
        space.analysis(np.zeros((1, *(n + 1 for n in case.grid), 1)))


@check
def truncation_is_the_nearest_signal(case: Case) -> None:
    """Truncation is least squares: the residual is orthogonal to every kept exponential, and no signal is nearer."""
    axes = case.axes()
    raw = case.rng.standard_normal((1, *case.grid, 1))
    stored = lo.rounded(lo.values(exact(raw), axes))
    plain = replace(case.space, origin=None)
    found = plain.synthesis(stored, case.grid)
    left = lo.values(exact(raw - found), axes)
    assert_within(left, 0 * left, case.condition(), "what is left over, against the exponentials", scale=raw)
    distance = float(np.linalg.norm(raw - found))
    for _ in range(3):
        other = lo.rounded(lo.signal(case.rng.standard_normal(stored.shape), axes))
        for step in (1e-3, -1e-3):
            nudged = found + step * other / np.linalg.norm(other)
            assert distance <= np.linalg.norm(raw - nudged) + 1e-9, "a nearer signal"


@check
def bands_of_change(case: Case) -> None:
    held, array = case.draw()
    for band in case.bands():
        target = case.space.with_band(band)
        there = case.space.change_band(array, band)
        # Fewer nodes along an axis keep the nearest signal; more nodes keep the signal itself.
        narrow = case.space.with_band(tuple(map(min, band, case.space.band)))
        case.holds(there, lo.projected(held, case.axes(narrow)), f"band {band}", target)
    smaller = tuple(max(1, n - 1) for n in case.grid)
    target = case.space.resampled(smaller)
    assert (target.grid, target.origin) == (case.space.grid, case.space.origin)
    there = case.space.resample(array, target)
    case.holds(there, lo.projected(held, case.axes(target)), f"pooled to {smaller}", target)
    with pytest.raises(SpaceError, match="resample: got"):
        case.space.resampled(tuple(n + 1 for n in case.grid))


# -- statistics --------------------------------------------------------------------------------------
@check
def statistics(case: Case) -> None:
    space, axes = case.space, tuple(range(1, 1 + len(case.grid)))
    (a, stored_a), (b, stored_b) = case.draw(), case.draw()
    once, mean = case.condition(), lambda v: v.sum(axis=axes) / prod(case.grid)
    assert_within(space.mean(stored_a), mean(a), once, "mean", scale=a)
    assert_within(space.power(stored_a), mean(a * a), once, "power", scale=a * a)
    # The condition number of the Gram matrix is the square of that of the nodes.
    twice, as_gradient = once * once, space.riesz(stored_b)
    if 100 * twice * lo.EPS < 1e-3:
        assert_within(space.inner(stored_a, as_gradient), mean(a * b), twice, "inner", scale=a * a)
        assert_within(space.vdot(stored_a, as_gradient), mean(a * b).sum(), twice, "space.vdot", scale=a * a)
    value = case.rng.standard_normal((2, 2))
    constant = space.constant(value)
    flat = np.broadcast_to(exact(value).reshape(2, *(1,) * len(case.grid), 2), a.shape)
    case.holds(constant, lo.projected(flat, case.axes()), "constant")
    factors = case.rng.standard_normal((2, 2))
    expected = a * exact(factors).reshape(2, *(1,) * len(case.grid), 2) + lo.projected(flat, case.axes())
    case.holds(space.affine(stored_a, factors, value), expected, "affine")
    target = stored_b.copy()
    space.add_affine(target, stored_a, factors, value)
    case.holds(target, b + expected, "add_affine")


@check
def moments(case: Case) -> None:
    held, array = case.draw()
    axes = tuple(range(1, 1 + len(case.grid)))
    count = prod(case.grid)
    mean, square = held.sum(axis=axes) / count, (held * held).sum(axis=axes) / count
    found = ops.normalize.mean(Tensor(array, case.space)).data, ops.signal_power(Tensor(array, case.space)).data
    assert_within(found[0], mean, case.condition(), "mean", scale=held)
    assert_within(found[1], square, case.condition(), "power", scale=held * held)
    from freqnet.ops.quadratic import moments as op

    each = op(Tensor(array, case.space), per_sample=True).data
    assert_within(each, np.array([mean, square - mean * mean]), case.condition(), "each example", scale=held * held)
    batch = op(Tensor(array, case.space), per_sample=False).data
    mean, square = mean.sum(axis=0, keepdims=True) / 2, square.sum(axis=0, keepdims=True) / 2
    assert_within(batch, np.array([mean, square - mean * mean]), case.condition(), "the batch", scale=held * held)


@check
def orthonormal_coordinates(case: Case) -> None:
    space = case.space
    (a, stored_a), (b, stored_b) = case.draw(), case.draw()
    x, y = (space.coordinates(v) for v in (stored_a, stored_b))
    assert x.shape == (space.coordinate_count, 2, 2)
    mean = (a * b).sum(axis=tuple(range(1, 1 + len(case.grid)))) / prod(case.grid)
    assert_within((x * y).sum(0), mean, case.condition(), "inner product of coordinates", scale=a * a)
    expected = lo.along([axis.coordinates for axis in case.axes()], a)
    flat = np.moveaxis(expected, 0, -2).reshape(x.shape)
    assert_within(x, flat, case.condition(), "coordinates by Cholesky's factor", scale=a)
    case.holds(space.from_coordinates(x), a, "from_coordinates")


@check
def random_elements(case: Case) -> None:
    """The coordinates of a signal from `random` are the generator's standard normal numbers."""
    space, like = case.space, np.zeros((*case.space.shape, 2, 3))
    element = space.random(like, np.random.default_rng(5))
    drawn = np.random.default_rng(5).standard_normal(like.shape)
    held = lo.signal(element, case.axes())
    found = np.moveaxis(lo.along([axis.coordinates for axis in case.axes()], held), 0, -2)
    assert_within(found, exact(drawn), case.condition(), "coordinates of a random element")
    assert (space.random(like.astype("f4"), case.rng).dtype, space.project(element) is element) == (np.float32, True)


@check
def windows(case: Case) -> None:
    for size in {case.grid, tuple(max(1, n - 2) for n in case.grid), (1,) * len(case.grid)}:
        array, space = case.space.indicator(size, np.float64)
        ones = np.full((1, *size, 1), Decimal(1), dtype=object)
        expected = lo.projected(lo.placed(ones, case.grid, case.origin), case.axes())
        case.holds(array, expected, f"indicator of {size}", space)
        assert space.support is None


# -- convolution -------------------------------------------------------------------------------------
def kernel_sizes(grid: Axes) -> list[Axes]:
    """One tap, an even and an odd number of taps, and more taps than there is room for."""
    return [(1,) * len(grid), (2, 1, 3)[: len(grid)], (3, 2, 2)[: len(grid)], tuple(n + 1 for n in grid)]


@check
def convolution(case: Case) -> None:
    response = case.space.response()
    for kernel in KERNELS:
        sizes = kernel_sizes(case.grid) if kernel != "modes" else [case.grid]
        for size, (groups, inputs, outputs) in zip(sizes, ((1, 2, 3), (2, 4, 2), (2, 2, 2), (1, 1, 2)), strict=False):
            parameters = prod(response.shape) if kernel == "modes" else prod(size)
            theta = case.rng.standard_normal((parameters, inputs // groups, outputs))
            matrix = lo.free_taps(case.axes()) if kernel == "modes" else exact(oracles.tap_matrix(kernel, size))
            taps = np.tensordot(matrix, exact(theta), 1)
            stored = response.frequency_response(theta, kernel, size)
            assert stored.shape == (*response.response_shape(kernel, size), inputs // groups, outputs)
            # Where there is room, only the first samples differ from zero, and the result is the linear convolution.
            room = tuple(n - k + 1 for n, k in zip(case.grid, size, strict=True))
            full = case.space.shape == case.grid
            samples, array = case.draw(channels=inputs, width=room if full and min(room) > 0 else None)
            there = case.space.channel_product(array, stored, "forward", groups, size)
            if kernel == "modes":
                check_free_response(case, there, array, theta, groups)
                continue
            expected = lo.outgrown(lo.convolved(samples, taps, size, groups), case.axes())
            case.holds(there, expected, f"{kernel} kernel of {size} in {groups} groups")


def check_free_response(case: Case, there: Any, array: Any, theta: Any, groups: int) -> None:
    """A free response is one number per node and pair of channels."""
    inputs, outputs = theta.shape[1:]
    expected = np.zeros_like(there)
    for j, node in enumerate(np.ndindex(*case.space.shape)):
        for o in range(outputs):
            first = o // (outputs // groups) * inputs
            expected[(*node, slice(None), o)] = (
                array[(*node, slice(None), slice(first, first + inputs))] @ theta[j, :, o]
            )
    assert_within(there, exact(expected), 1.0, "free response at every node")


@check
def centred_and_causal_kernels(case: Case) -> None:
    """With the op's origin, y[t] = sum_i x[t - i + (k - 1) // 2] h[i], where there is room."""
    if case.space.shape != case.grid:
        return
    zero = (0,) * len(case.grid)
    size = tuple(min(3, (n + 1) // 2) for n in case.grid)
    room = tuple(n - k + 1 - o for n, k, o in zip(case.grid, size, case.origin, strict=True))
    if min(room) < 1:
        return
    raw = case.rng.standard_normal((2, *room, 2))
    x = Tensor(lo.rounded(lo.values(lo.placed(exact(raw), case.grid, case.origin), case.axes())), case.space)
    theta = case.rng.standard_normal((prod(size), 2, 3))
    y = ops.convolve(x, ops.frequency_response(Tensor(theta), case.space, "taps", size), size)
    ahead = tuple((k - 1) // 2 for k in size)
    assert (y.space.origin or zero) == tuple(o + a for o, a in zip(case.origin, ahead, strict=True))
    total = lo.convolved(exact(raw), exact(theta), size)
    expected = lo.taken(total, case.grid, ahead)
    found = y.space.synthesis(y.data, case.grid)
    assert_within(found, expected, case.condition(), f"centred kernel of {size}")


@check
def moving_averages(case: Case) -> None:
    space = case.space
    for window in ((2, 1, 2)[: space.ndim], (3, 2, 1)[: space.ndim], tuple(n + 1 for n in case.grid)):
        held, array = case.draw()
        found = space.average(array, window, "dirichlet", False)
        expected = lo.outgrown(lo.each_channel(held, lo.window_taps(window), window), case.axes())
        case.holds(found, expected, f"mean over the last {window}")
        # The real sinc (1 - z^w) / (w (1 - z)) at every node.
        factors = np.array(1, dtype=object)
        for axis, w in zip(case.axes(), window, strict=True):
            one = [(1 - z**w) / (w * (1 - z)) for z in axis.z]
            factors = np.multiply.outer(factors, np.array(one, dtype=object))
        assert_within(found, exact(array) * factors[..., None, None], 1.0, "real sinc")
        moved = ops.average(Tensor(array, space), window).space
        zero = (0,) * space.ndim
        assert (moved.origin or zero) == tuple(o + w - 1 for o, w in zip(case.origin, window, strict=True))


@check
def window_ahead(case: Case) -> None:
    """y[t] is the mean of the samples t .. t + w - 1, where there is room for it."""
    window = tuple(min(2, n) for n in case.grid)
    room = tuple(n - w + 1 - o for n, w, o in zip(case.grid, window, case.origin, strict=True))
    if case.space.shape != case.grid or min(room) < 1:
        return
    raw = exact(case.rng.standard_normal((2, *room, 2)))
    stored = lo.rounded(lo.values(lo.placed(raw, case.grid, case.origin), case.axes()))
    y = ops.average(Tensor(stored, case.space), window)
    longer = lo.placed(raw, tuple(n + w for n, w in zip(room, window, strict=True)), (0,) * len(window))
    expected = np.full((2, *room, 2), Decimal(0), dtype=object)
    for o in np.ndindex(*window):
        expected = expected + longer[(slice(None), *(slice(a, a + n) for a, n in zip(o, room, strict=True)))]
    found = y.space.synthesis(y.data, room)
    assert_within(found, expected / prod(window), case.condition(), f"mean over {window} ahead")


@check
def continuous_averages(case: Case) -> None:
    window = (3, 2, 2)[: case.space.ndim]
    _, array = case.draw()
    if min(min(axis.z) for axis in case.axes()) <= 0:
        with pytest.raises(ConfigurationError, match="average: got 'sinc' at negative nodes"):
            case.space.average(array, window, "sinc", False)
        return
    factors = np.array(1, dtype=object)
    for axis, w in zip(case.axes(), window, strict=True):
        factors = np.multiply.outer(factors, np.array([lo.continuous_mean(z, w) for z in axis.z], dtype=object))
    found = case.space.average(array, window, "sinc", False)
    assert_within(found, exact(array) * factors[..., None, None], 1.0, "continuous average, by quadrature")


# -- grids and shifts --------------------------------------------------------------------------------
@check
def aliasing(case: Case) -> None:
    for stride in strides(case.grid):
        target = case.space.aliased(stride)
        assert target.grid == tuple(n // s for n, s in zip(case.grid, stride, strict=True))
        held, array = case.draw()
        # Every stride-th sample, counted from sample 0 in both directions.
        start = [o % s for o, s in zip(case.origin, stride, strict=True)]
        kept = held[(slice(None), *(slice(a, None, s) for a, s in zip(start, stride, strict=True)))]
        there = case.space.alias(array, target, stride, False)
        case.holds(there, lo.projected(kept, case.axes(target)), f"stride {stride}", target)
        zero = (0,) * len(stride)
        assert (target.origin or zero) == tuple(o // s for o, s in zip(case.origin, stride, strict=True))


def strides(grid: Axes) -> list[Axes]:
    """The smallest divisor of every axis, its whole length, and the smallest divisor on the first axis only."""
    smallest = tuple(next((s for s in range(2, n) if n % s == 0), n) for n in grid)
    return [smallest, grid, (smallest[0], *(1,) * (len(grid) - 1))]


@check
def shifts(case: Case) -> None:
    space = case.space
    held, array = case.draw()
    for by in ((1, 0, 1)[: space.ndim], (2, 1, 0)[: space.ndim]):
        expected = lo.outgrown(
            lo.placed(held, tuple(n + b for n, b in zip(case.grid, by, strict=True)), by), case.axes()
        )
        case.holds(space.shift(array, np.array(by)), expected, f"shift by {by}")
    each = np.array([[1, 0, 2][: space.ndim], [0, 2, 1][: space.ndim]])
    parts = [space.shift(array[..., i : i + 1, :], row) for i, row in enumerate(each)]
    expected = np.concatenate(parts, axis=-2)
    assert np.array_equal(space.shift(array, each), expected), "a shift for each example"
    with pytest.raises(ShapeError, match=r"shift: got .* whole samples forward"):
        space.shift(array, np.full(space.ndim, -1))
    shifts_by_fractions(case, array)


def shifts_by_fractions(case: Case, array: np.ndarray) -> None:
    by = (0.5, 1.25, 0.3)[: case.space.ndim]
    if min(min(axis.z) for axis in case.axes()) <= 0:
        with pytest.raises(
            ShapeError, match=r"shift: got a fraction of a sample, .* fractions need real nodes above 0"
        ):
            case.space.shift(array, np.array(by))
        return
    factors = np.array(1, dtype=object)
    for axis, s in zip(case.axes(), by, strict=True):
        # The factors e^(-p s) for the rates p = -ln z.
        decay = [(z.ln() * Decimal(s)).exp() for z in axis.z]
        factors = np.multiply.outer(factors, np.array(decay, dtype=object))
    found = case.space.shift(array, np.array(by))
    assert_within(found, exact(array) * factors[..., None, None], 1.0, "shift by fractions")


@check
def shifts_back(case: Case) -> None:
    """With the op, sample 0 moves to a later place when the signal moves back, and returns afterwards."""
    zero = (0,) * case.space.ndim
    held, array = case.draw()
    x = Tensor(array, case.space)
    back = ops.shift(x, [-1.0] * case.space.ndim)
    assert np.array_equal(back.data, array)
    assert (back.space.origin or zero) == tuple(o + 1 for o in case.origin)
    size = tuple(max(1, n - 1) for n in case.grid)
    later = tuple(o + 1 for o in case.origin)
    found = back.space.synthesis(back.data, size)
    assert_within(found, lo.taken(held, size, later), case.condition(), "one sample back", scale=held)
    again = ops.shift(back, [1.0] * case.space.ndim)
    assert np.array_equal(again.data, array)
    assert again.space == case.space


# -- products ----------------------------------------------------------------------------------------
def product_bands(case: Case) -> list[tuple[Space, Space, Space, int]]:
    """Spaces of two factors and of their product, and the power of the condition number that the product loses.

    Fewer nodes are kept where the bilinear form would lose every digit.
    """
    power = 1 if case.space.switches else 2
    wide = case.space
    while 100 * case.condition(wide) ** power * lo.EPS > 1e-3:
        wide = wide.with_band(tuple(max(0, m - 1) for m in wide.band))
    narrow = wide.with_band(tuple(m // 2 for m in wide.band))
    triples = (
        (wide, wide, wide),
        (wide, narrow, wide),
        (narrow, wide, narrow),
        (wide, wide, narrow),
        (narrow, narrow, wide),
    )
    return [(*triple, power) for triple in triples]


@check
def products(case: Case) -> None:
    """The pointwise product of the samples, projected onto the kept exponentials."""
    for a, b, c, power in product_bands(case):
        (x, stored_x), (y, stored_y) = case.draw(a), case.draw(b)
        bands = (a.band, b.band, c.band)
        there = case.domain(case.grid, bands[0]).multiply(stored_x, stored_y, bands[1], bands[2])
        within(case, there, x * y, c, (a, b, c), power, f"product, bands {bands}")
    lane = stored_x[..., :1, :]
    spread = case.domain(case.grid, bands[0]).multiply(lane, stored_y, bands[1], bands[2])
    within(case, spread, x[:1] * y, c, (a, b, c), power, "one lane for every example")


def within(case: Case, there: Any, held: Any, target: Space, spaces: tuple[Space, ...], power: int, what: str) -> None:
    """Raise AssertionError unless an array represents the projection of a product, given as samples on the grid."""
    assert there.shape[: target.ndim] == target.shape
    axes, conditions = case.axes(target), [case.condition(space) for space in spaces]
    condition = max(conditions) if power == 1 else conditions[0] * conditions[1]
    assert_within(there, lo.values(held, axes), condition, f"{what}, as stored", scale=held)
    if power == 2:
        condition *= conditions[2]
    if 100 * condition * lo.EPS <= 1e-3:
        assert_within(lo.signal(there, axes), lo.projected(held, axes), condition, what, scale=held)


@check
def squares(case: Case) -> None:
    for a, b, c, power in product_bands(case):
        if a != b:
            continue
        x, stored = case.draw(a)
        square = case.domain(case.grid, a.band).square(stored, c.band)
        within(case, square, x * x, c, (a, a, c), power, f"square, bands {a.band}, {c.band}")
        coefficients = case.rng.standard_normal((3, 2, 2))
        bent = a.quadratic(stored, coefficients, c.band)
        wide = [exact(v).reshape(2, *(1,) * len(case.grid), 2) for v in coefficients]
        # Every term is projected, and therefore their sum.
        expected = wide[0] + wide[1] * x + wide[2] * x * x
        within(case, bent, expected, c, (a, a, c), power, f"quadratic, bands {a.band}, {c.band}")


@check
def bands_of_products(case: Case) -> None:
    full = case.domain(case.grid).band
    assert case.space.clip_band(tuple(m + 5 for m in full)) == full
    assert case.space.clip_band((0,) * len(full)) == (0,) * len(full)
