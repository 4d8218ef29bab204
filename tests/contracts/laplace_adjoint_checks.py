"""Checks of the adjoints of a node domain: every linear verb as a matrix. Importing this adds them to `CHECKS`."""

from __future__ import annotations

from collections.abc import Callable
from math import prod

import laplace_oracles as lo
import numpy as np
from laplace_checks import Case, check, kernel_sizes, product_bands, strides
from laplace_oracles import assert_within, exact

from freqnet.spaces import KERNELS, Space


def matrix_of(verb: Callable[[np.ndarray], np.ndarray], space: Space) -> np.ndarray:
    """The matrix ``(outputs, inputs)`` of a verb on stored arrays; each example of one batch is a unit vector."""
    count = prod(space.shape)
    out = verb(np.eye(count).reshape(*space.shape, count, 1))
    return out.reshape(-1, count)


def transposed(there: np.ndarray, back: np.ndarray, what: str, condition: float = 1.0) -> None:
    """Raise AssertionError unless <g, A x> = <A^T g, x> for all g and x: one matrix is the transpose of the other."""
    assert there.size > 0
    assert_within(back.T, exact(there), condition, f"adjoint of {what}")


@check
def adjoints_of_the_transforms(case: Case) -> None:
    """The gradient of samples is N times the density that a gradient of values represents, and vice versa."""
    space, count = case.space, prod(case.grid)
    impulses = np.eye(count).reshape(count, *case.grid, 1)
    for one in (space, space.cotangent):
        there = one.sample_modes(impulses).reshape(-1, count)
        back = matrix_of(lambda v, s=one.cotangent: np.moveaxis(s.synthesis(v, case.grid), 0, -2), one)
        transposed(there, back / count, "analysis")
    ahead = space.cotangent.synthesis(np.zeros((*space.shape, 1, 1)), case.grid)
    assert not ahead.any()


@check
def adjoints_of_bands(case: Case) -> None:
    for band in case.bands():
        target = case.space.with_band(band)
        there = matrix_of(lambda v, b=band: case.space.change_band(v, b), case.space)
        back = matrix_of(lambda g, t=target: t.cotangent.change_band(g, case.space.band), target)
        transposed(there, back, f"band {band}")


@check
def adjoints_of_aliasing_averages_and_shifts(case: Case) -> None:
    space = case.space
    for stride in strides(case.grid):
        target = space.aliased(stride)
        there = matrix_of(lambda v, t=target, s=stride: space.alias(v, t, s, False), space)
        back = matrix_of(lambda g, t=target, s=stride: space.alias(g, t, s, True), target)
        transposed(there, back, f"stride {stride}")
    for window in ((2, 3, 1)[: space.ndim], (3, 1, 2)[: space.ndim]):
        there = matrix_of(lambda v, w=window: space.average(v, w, "dirichlet", False), space)
        back = matrix_of(lambda g, w=window: space.cotangent.average(g, w, "dirichlet", True), space)
        transposed(there, back, f"average over {window}")
    by = np.array((1, 2, 0)[: space.ndim])
    there = matrix_of(lambda v: space.shift(v, by), space)
    transposed(there, matrix_of(lambda g: space.cotangent.shift_adjoint(g, by), space), "shift")


@check
def adjoints_of_the_mean_and_of_coordinates(case: Case) -> None:
    space = case.space
    for one in (space, space.cotangent):
        there = matrix_of(lambda v, s=one: s.mean(v), one)
        back = one.cotangent.constant(np.ones((1, 1))).reshape(-1, 1)
        transposed(there, back, "mean")
        count = space.coordinate_count
        forth = matrix_of(lambda v, s=one: s.coordinates(v), one)
        back = one.cotangent.from_coordinates(np.eye(count)[..., None]).reshape(-1, count)
        transposed(forth, back, "coordinates")
        inverse = one.from_coordinates(np.eye(count)[..., None]).reshape(-1, count)
        assert_within(forth @ inverse, exact(np.eye(count)), case.condition(), "there and back")
    lower = matrix_of(lambda v: space.riesz(v), space)
    transposed(lower, lower, "riesz")


@check
def signals_as_gradients(case: Case) -> None:
    """The Riesz map of a signal is the density of the same samples: its pairing with a signal is a mean of products."""
    held, array = case.draw()
    as_gradient = case.space.riesz(array)
    expected = np.moveaxis(lo.along([axis.inverse.T for axis in case.axes()], held), 0, -2) / prod(case.grid)
    scale = [[np.abs(axis.inverse).max() for axis in case.axes()]]
    assert_within(as_gradient, expected, case.condition(), "riesz", scale=exact(np.prod(scale)) * expected + expected)


@check
def adjoints_of_kernels(case: Case) -> None:
    response = case.space.response()
    for kernel in KERNELS:
        for size in kernel_sizes(case.grid)[1:]:
            count = prod(response.shape) if kernel == "modes" else prod(size)
            there = response.frequency_response(np.eye(count)[..., None], kernel, size).reshape(-1, count)
            back = matrix_of(lambda g, k=kernel, s=size: response.frequency_response_adjoint(g, k, s), response)
            transposed(there, back, f"a {kernel} kernel of {size}")


@check
def adjoints_of_channel_products(case: Case) -> None:
    shape = case.space.shape
    for groups, inputs, outputs in ((1, 2, 3), (2, 4, 2), (3, 3, 3), (2, 2, 4)):
        x, g = (case.rng.standard_normal((*shape, 2, channels)) for channels in (inputs, outputs))
        h = case.rng.standard_normal((*shape, inputs // groups, outputs))
        forward = (g * case.space.channel_product(x, h, "forward", groups, shape)).sum()
        scale = np.abs(g).sum() * np.abs(x).max() * np.abs(h).max()
        for what, other, factor in (("input", (g, h), x), ("response", (x, g), h)):
            found = case.space.channel_product(*other, what, groups, shape)
            assert found.shape == factor.shape
            assert_within((found * factor).sum(), exact(forward), 1.0, f"{what} of {groups} groups", scale=scale)


@check
def adjoints_of_products(case: Case) -> None:
    """The adjoints in both factors, whose intermediate numbers may be as large as the condition number."""
    for a, b, c, power in product_bands(case):
        condition = case.condition(a) * case.condition(c) if power == 1 else case.condition(b)
        bands, back = (a.band, b.band, c.band), (c.band, b.band, a.band)
        _, factor = case.draw(b)
        one = factor[..., :1, :1]
        there = matrix_of(lambda v, o=one, n=bands: case.domain(case.grid, n[0]).multiply(v, o, n[1], n[2]), a)
        adjoint = matrix_of(
            lambda g, o=one, n=back: case.domain(case.grid, n[0]).cotangent.multiply(g, o, n[1], n[2]), c
        )
        transposed(there, adjoint, f"a product, bands {bands}", condition)
        # The product is commutative.
        swapped = (b.band, a.band, c.band)
        other = matrix_of(lambda v, o=one, n=swapped: case.domain(case.grid, n[0]).multiply(o, v, n[1], n[2]), a)
        assert_within(other, exact(there), condition, "the other way round")


@check
def adjoint_of_the_quadratic(case: Case) -> None:
    """Compare with central differences along random directions, which are exact for a quadratic."""
    rng = case.rng
    for a, _, c, power in product_bands(case)[:1] + product_bands(case)[3:4]:
        condition = max(case.condition(a), case.condition(c)) ** power
        (_, array), (_, direction) = case.draw(a), case.draw(a)
        coefficients, change = rng.standard_normal((2, 3, 2, 2))
        pairing = rng.standard_normal((*c.shape, 2, 2))
        gx, sums = a.quadratic_adjoint(pairing, array, coefficients, c.band)
        assert (gx.shape, sums.shape) == (array.shape, coefficients.shape)
        value = lambda x, k: a.quadratic(x, k, c.band)  # noqa: B023
        along_x = (value(array + direction, coefficients) - value(array - direction, coefficients)) / 2
        along_c = value(array, coefficients + change) - value(array, coefficients)
        largest = max(np.abs(pairing).sum() * np.abs(v).max() for v in (along_x, along_c))
        for found, expected in (((gx * direction).sum(), along_x), ((sums * change).sum(), along_c)):
            assert_within(found, exact((pairing * expected).sum()), condition, "the quadratic", scale=largest)
