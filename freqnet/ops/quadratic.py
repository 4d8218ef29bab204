"""Normalisation followed by a polynomial of degree 1 or 2, in one pass.

Normalisation is an affine map, so that a polynomial of the normalised signal is a polynomial of the signal, with
coefficients from its mean and variance. Training steps spend most of their time here, so each op is fused from several
others: its ``_composite`` function defines it and is differentiated in its place for second derivatives (`fused_vjps`).
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from freqnet.autodiff import Op, Tensor, register
from freqnet.autodiff.tape import fused_vjps
from freqnet.errors import ShapeError, got_expected
from freqnet.ops.arithmetic import (
    elementwise,
    per_element,
    plain,
    reduced,
    reshape,
    row,
    scale_by,
    signal_space,
    stack_rows,
)
from freqnet.ops.multiply import multiply, product_cost
from freqnet.ops.normalize import affine, mean, power_cost, scale, signal_power
from freqnet.ops.pointwise import power
from freqnet.ops.pool import change_band
from freqnet.spaces.base import Axes


# -- polynomial of degree 1 or 2 -----------------------------------------------------------------------
def _low_degree(x: Tensor, coefficients: Tensor, band: Axes) -> Tensor:
    space, c = signal_space(x, "polynomial"), plain(coefficients, "coefficients").data
    if c.ndim != 3 or len(c) not in (2, 3):
        expected = "(2 or 3, batch, channels) that broadcast with the signal"
        raise ShapeError(got_expected("coefficients", c.shape, expected, "pass one row per power, from x^0"))
    target = space.with_band(band).unbounded
    if len(c) == 3:
        return Tensor(space.quadratic(x.data, c, band), target)
    return Tensor(target.affine(space.change_band(x.data, band), c[1], c[0]), target)


def _low_degree_composite(x: Tensor, coefficients: Tensor, band: Axes) -> Tensor:
    c = [reshape(row(coefficients, index=i), shape=coefficients.shape[1:]) for i in range(coefficients.shape[0])]
    if len(c) == 2:
        return affine(change_band(x, band=band), c[1], c[0])
    return affine(multiply(x, x, band), c[2], c[0]) + change_band(scale(x, c[1]), band=band)


def low_degree_vjps(g: Tensor, out: Tensor, x: Tensor, coefficients: Tensor, band: Axes) -> Sequence[Tensor]:
    """Return the gradients of `low_degree` by the signal and by the coefficients, in one pass."""
    space, dual, c = x.space, x.space.cotangent, coefficients.data
    if len(c) == 3:
        gx, sums = space.quadratic_adjoint(g.data, x.data, c, band)
    else:
        wide = g.space.change_band(g.data, space.band)
        sums = np.stack([dual.mean(wide), space.inner(wide, x.data)])
        gx = dual.affine(wide, c[1], np.zeros_like(c[0]))
    return Tensor(gx, dual), Tensor(reduced(sums, c.shape))


def _low_degree_cost(out: Tensor, x: Tensor, coefficients: Tensor, band: Axes) -> int:
    passes = per_element(out) * (len(coefficients.data) - 1)
    return passes + (product_cost(out, x) if len(coefficients.data) == 3 else 0)


low_degree: Op = register(
    Op(
        "low_degree",
        forward=_low_degree,
        vjps=fused_vjps(_low_degree_composite, low_degree_vjps),
        cost=_low_degree_cost,
        source="c[0] + c[1] x + c[2] x^2, the square by C[k] = sum_j X[j] X[k - j], |k| <= band",
    )
)


# -- mean and variance ---------------------------------------------------------------------------------
def _moments(x: Tensor, per_sample: bool) -> Tensor:
    space = signal_space(x, "moments")
    centre, square = space.mean(x.data), space.power(x.data)
    if not per_sample:
        share = centre.dtype.type(1 / x.shape[-2])
        centre = share * np.add.reduce(centre, axis=0, keepdims=True)
        square = share * np.add.reduce(square, axis=0, keepdims=True)
    return Tensor(np.array([centre, square - centre * centre]))


def _moments_composite(x: Tensor, per_sample: bool) -> Tensor:
    centre, square = mean(x), signal_power(x)
    if not per_sample:
        share = 1.0 / x.shape[-2]
        centre = scale_by(centre.sum(axis=0, keepdims=True), factor=share)
        square = scale_by(square.sum(axis=0, keepdims=True), factor=share)
    return stack_rows([centre, square - elementwise(centre, centre)])


def _moments_vjps(g: Tensor, out: Tensor, x: Tensor, per_sample: bool) -> Sequence[Tensor]:
    factor, offset = moments_map(g.data, out.data, x)
    space = x.space.cotangent
    return (Tensor(space.affine(x.space.riesz(x.data), factor, offset), space),)


def moments_map(g: np.ndarray, found: np.ndarray, x: Tensor) -> tuple[np.ndarray, np.ndarray]:
    """Return factor and constant of the affine map that takes the signal to the gradient of its moments."""
    count = x.shape[-2] // found.shape[1]
    factor = g[1] * found.dtype.type(2 / count)
    return factor, g[0] / found.dtype.type(count) - factor * found[0]


moments: Op = register(
    Op(
        "moments",
        forward=_moments,
        vjps=fused_vjps(_moments_composite, _moments_vjps),
        cost=lambda out, x, per_sample: power_cost(x),
        source="mean X[0], variance sum_k w[k] |X[k]|^2 - X[0]^2 (Parseval), over batch and grid or over the grid",
    )
)


# -- coefficients of the polynomial of the signal ------------------------------------------------------
def _compose(statistics: Tensor, gain: Tensor, offset: Tensor, polynomial: Tensor, epsilon: float) -> Tensor:
    (centre, variance), c = statistics.data, polynomial.data
    factor = gain.data / np.sqrt(variance + variance.dtype.type(epsilon))
    start = offset.data - centre * factor
    out = np.empty((len(c), *np.broadcast_shapes(factor.shape, c[0].shape)), factor.dtype)
    if len(c) == 2:
        out[0], out[1] = c[0] + c[1] * start, c[1] * factor
    else:
        out[0] = c[0] + start * (c[1] + c[2] * start)
        out[1] = factor * (c[1] + 2 * c[2] * start)
        out[2] = factor * factor * c[2]
    return Tensor(out)


def _compose_composite(statistics: Tensor, gain: Tensor, offset: Tensor, polynomial: Tensor, epsilon: float) -> Tensor:
    centre, variance = (reshape(row(statistics, index=i), shape=statistics.shape[1:]) for i in range(2))
    factor = gain * power(variance + epsilon, exponent=-0.5)
    start = offset - centre * factor
    c = [row(polynomial, index=i) for i in range(polynomial.shape[0])]
    if len(c) == 2:
        return stack_rows([c[0] + c[1] * start, c[1] * factor])
    slope = c[2] * start
    return stack_rows([c[0] + start * (c[1] + slope), factor * (c[1] + slope * 2.0), factor * factor * c[2]])


def _compose_vjps(
    g: Tensor, out: Tensor, statistics: Tensor, gain: Tensor, offset: Tensor, polynomial: Tensor, epsilon: float
) -> Sequence[Tensor]:
    (centre, variance), c, g0, g1 = statistics.data, polynomial.data, g.data[0], g.data[1]
    inverse = 1 / np.sqrt(variance + variance.dtype.type(epsilon))
    factor = gain.data * inverse
    start = offset.data - centre * factor
    of_start, of_factor = g0 * c[1], g1 * c[1]
    of_rows = [g0, g0 * start + g1 * factor]
    if len(c) == 3:
        g2, twice = g.data[2], 2 * c[2]
        of_start = of_start + twice * (g0 * start + g1 * factor)
        of_factor = of_factor + twice * (g1 * start + g2 * factor)
        of_rows.append(start * (g0 * start + 2 * g1 * factor) + g2 * factor * factor)
    of_factor = of_factor - of_start * centre
    of_gain = of_factor * inverse
    of_moments = np.array([-of_start * factor, of_gain * gain.data * inverse * inverse * variance.dtype.type(-0.5)])
    of_polynomial = reduced(np.array(of_rows), (len(c), 1, c.shape[1]))[:, 0]
    sums = (of_moments, statistics), (of_gain, gain), (of_start, offset)
    return *(Tensor(reduced(v, x.shape)) for v, x in sums), Tensor(of_polynomial)


compose_norm: Op = register(
    Op(
        "compose_norm",
        forward=_compose,
        vjps=fused_vjps(_compose_composite, _compose_vjps),
        cost=lambda out, *inputs, epsilon: 4 * out.data.size,
        source="c(f x + o) with f = gain / sqrt(variance + epsilon), o = offset - mean f, as powers of x",
    )
)


# -- moments, coefficients and polynomial in one op ----------------------------------------------------
def _normalized(
    x: Tensor, gain: Tensor, offset: Tensor, polynomial: Tensor, epsilon: float, band: Axes, per_sample: bool
) -> tuple[Tensor, Tensor]:
    found = _moments(x, per_sample)
    return _low_degree(x, _compose(found, gain, offset, polynomial, epsilon), band), found


def _normalized_composite(
    x: Tensor, gain: Tensor, offset: Tensor, polynomial: Tensor, epsilon: float, band: Axes, per_sample: bool
) -> Tensor:
    found = moments(x, per_sample=per_sample)
    return low_degree(x, compose_norm(found, gain, offset, polynomial, epsilon=epsilon), band=band)


def _normalized_vjps(
    g: Tensor,
    out: Tensor,
    found: Tensor,
    x: Tensor,
    gain: Tensor,
    offset: Tensor,
    polynomial: Tensor,
    epsilon: float,
    band: Axes,
    per_sample: bool,
) -> Sequence[Tensor]:
    coefficients = _compose(found, gain, offset, polynomial, epsilon)
    gx, of_coefficients = low_degree_vjps(g, out, x, coefficients, band)
    of_found, *rest = _compose_vjps(of_coefficients, coefficients, found, gain, offset, polynomial, epsilon)
    factor, start = moments_map(of_found.data, found.data, x)
    x.space.cotangent.add_affine(gx.data, x.space.riesz(x.data), factor, start)
    return gx, *rest


normalized_polynomial: Op = register(
    Op(
        "normalized_polynomial",
        forward=_normalized,
        vjps=fused_vjps(_normalized_composite, _normalized_vjps),
        cost=lambda out, x, gain, offset, polynomial, **rest: (
            power_cost(x) + _low_degree_cost(out, x, polynomial, band=rest["band"])
        ),
        source="low_degree of compose_norm of moments; also returns the moments (2, batch or 1, channels)",
        saves=True,
    )
)
