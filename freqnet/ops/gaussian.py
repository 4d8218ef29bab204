"""Activations by the polynomial that approximates a function best for the mean and variance of the signal.

The derivatives of ``p(x) = sum_j M_j / j! H_j(x - mu)`` (`freqnet.approximate.gaussian`) telescope: at a fixed x,
``dp/dmu = M_{d+1} / d! H_d`` and ``dp/dv = M_{d+1} / (2 (d-1)!) H_{d-1} + M_{d+2} / (2 d!) H_d``.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import reduce
from math import factorial

import numpy as np

from freqnet.approximate.gaussian import gaussian_coefficients, gaussian_moment, gaussian_moments, hermite_powers
from freqnet.autodiff import Op, Tensor, register
from freqnet.autodiff.tape import fused_vjps
from freqnet.ops.arithmetic import (
    add,
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
from freqnet.ops.multiply import product_cost
from freqnet.ops.normalize import constant, power_cost
from freqnet.ops.pointwise import power
from freqnet.ops.polynomial import polynomial
from freqnet.ops.quadratic import low_degree, low_degree_vjps, moments, moments_map
from freqnet.spaces.base import Axes


def _parts(statistics: Tensor) -> tuple[np.ndarray, np.ndarray]:
    """Return mean and standard deviation in double precision: high orders divide by powers of a small deviation."""
    centre, variance = plain(statistics, "gaussian").data.astype(float)
    return centre, np.sqrt(np.maximum(variance, 0))


def _moment(statistics: Tensor, function: str, order: int) -> Tensor:
    return Tensor(gaussian_moment(function, *_parts(statistics), order).astype(statistics.dtype))


def _moment_vjp(g: Tensor, out: Tensor, statistics: Tensor, function: str, order: int) -> Tensor:
    first = gaussian_moment_op(statistics, function=function, order=order + 1)
    second = gaussian_moment_op(statistics, function=function, order=order + 2)
    return stack_rows([elementwise(g, first), scale_by(elementwise(g, second), factor=0.5)])


# Approximate multiply-adds of one Gaussian mean: it evaluates a density and a distribution function.
_MOMENT_COST = 30

gaussian_moment_op: Op = register(
    Op(
        "gaussian_moment",
        forward=_moment,
        vjps=(_moment_vjp,),
        cost=lambda out, statistics, **rest: _MOMENT_COST * out.data.size,
        source="M_j = E[f^(j)(X)], X normal; dM_j/dmean = M_{j+1}, dM_j/dvariance = M_{j+2} / 2 (heat equation)",
    )
)


def _coefficients(statistics: Tensor, function: str, degree: int) -> Tensor:
    found = gaussian_coefficients(function, *_parts(statistics), degree)
    return Tensor(found.astype(statistics.dtype))


def _coefficients_composite(statistics: Tensor, function: str, degree: int) -> Tensor:
    variance = reshape(row(statistics, index=1), shape=statistics.shape[1:])
    found = [gaussian_moment_op(statistics, function=function, order=j) for j in range(degree + 1)]
    rows = []
    for p in range(degree + 1):
        terms = []
        for j in range(p, degree + 1, 2):
            factor = hermite_powers(j)[p] / factorial(j)
            spread = elementwise(found[j], power(variance, exponent=float((j - p) // 2))) if j > p else found[j]
            terms.append(scale_by(spread, factor=factor))
        rows.append(reduce(add, terms))
    return stack_rows(rows)


def _coefficients_vjps(g: Tensor, out: Tensor, statistics: Tensor, function: str, degree: int) -> Sequence[Tensor]:
    """Return the gradient by mean and variance; coefficients are those of powers of t = x - mean, at a fixed t.

    The derivative of M_j by the mean is M_{j+1}. The variance also enters the Hermite polynomials; all but two terms of
    its derivative cancel (see the module).
    """
    centre, deviation = _parts(statistics)
    variance = deviation**2
    found = gaussian_moments(function, centre, deviation, degree + 3)[1:]
    of_mean = sum(_hermite_inner(g.data, j, variance) * (found[j] / factorial(j)) for j in range(degree + 1))
    of_variance = _hermite_inner(g.data, degree, variance) * (found[degree + 1] / (2 * factorial(degree)))
    if degree:
        lower = _hermite_inner(g.data, degree - 1, variance)
        of_variance = of_variance + lower * (found[degree] / (2 * factorial(degree - 1)))
    return (Tensor(np.array([of_mean, of_variance]).astype(statistics.dtype)),)


def _hermite_inner(g: np.ndarray, degree: int, variance: np.ndarray) -> np.ndarray:
    """Return the inner product of `g` with the coefficients of one Hermite polynomial."""
    # From the highest power down: each one before it takes a variance more.
    factors = hermite_powers(degree)
    total = factors[degree % 2] * g[degree % 2]
    if degree < 2:
        return total + np.zeros_like(variance)
    total = total * variance
    for p in range(degree % 2 + 2, degree + 1, 2):
        total += factors[p] * g[p]
        if p < degree:
            total *= variance
    return total


gaussian_coefficients_op: Op = register(
    Op(
        "gaussian_coefficients",
        forward=_coefficients,
        vjps=fused_vjps(_coefficients_composite, _coefficients_vjps),
        cost=lambda out, statistics, **rest: _MOMENT_COST * out.data.size,
        source="sum_j M_j / j! H_j(t) in powers of t = x - mean, H_j for the variance of the signal (Bussgang 1952)",
    )
)


# -- statistics, coefficients and polynomial in one op -------------------------------------------------
def _widened(found: np.ndarray, epsilon: float) -> np.ndarray:
    return found + np.array([0, epsilon], found.dtype).reshape(2, 1, 1)


def fitted_coefficients(found: np.ndarray, function: str, degree: int, epsilon: float) -> np.ndarray:
    """Return the coefficients ``(degree + 1, batch, channels)`` for moments ``(2, batch, channels)``."""
    return _coefficients(Tensor(_widened(found, epsilon)), function, degree).data


def fitted_gradient(
    of_coefficients: np.ndarray, found: np.ndarray, mean: np.ndarray, function: str, degree: int, epsilon: float
) -> np.ndarray:
    """Return the gradient by the moments, from those by the coefficients and the mean of that by the signal."""
    widened = Tensor(_widened(found, epsilon))
    (of_found,) = _coefficients_vjps(Tensor(of_coefficients), widened, widened, function, degree)
    # The mean is also subtracted from the signal.
    of_found.data[0] -= reduced(mean, found[0].shape)
    return of_found.data


def _centred(x: Tensor, centre: np.ndarray) -> Tensor:
    """Return the signal less its mean, which is one mode, or every sample."""
    return Tensor(x.space.affine(x.data, np.ones((), centre.dtype), -centre), x.space)


def _fitted(
    x: Tensor, function: str, degree: int, epsilon: float, band: Axes, per_sample: bool
) -> tuple[Tensor, Tensor]:
    found = moments.forward(x, per_sample=per_sample)
    coefficients = fitted_coefficients(found.data, function, degree, epsilon)
    return low_degree.forward(_centred(x, found.data[0]), Tensor(coefficients), band=band), found


def _fitted_composite(x: Tensor, function: str, degree: int, epsilon: float, band: Axes, per_sample: bool) -> Tensor:
    found = moments(x, per_sample=per_sample)
    return gaussian_activation(x, function, degree, found, band=band, epsilon=epsilon)


def _fitted_vjps(
    g: Tensor,
    out: Tensor,
    found: Tensor,
    x: Tensor,
    function: str,
    degree: int,
    epsilon: float,
    band: Axes,
    per_sample: bool,
) -> Sequence[Tensor]:
    coefficients = Tensor(fitted_coefficients(found.data, function, degree, epsilon))
    gx, of_coefficients = low_degree_vjps(g, out, _centred(x, found.data[0]), coefficients, band)
    mean = x.space.cotangent.mean(gx.data)
    of_found = fitted_gradient(of_coefficients.data, found.data, mean, function, degree, epsilon)
    _add_moments_map(gx, x, (of_found, found.data))
    return (gx,)


def _add_moments_map(gx: Tensor, x: Tensor, *pairs: tuple[np.ndarray, np.ndarray]) -> None:
    """Add to the gradient of a signal what comes through moments, from pairs of (their gradient, moments)."""
    maps = [moments_map(of_found, found, x) for of_found, found in pairs]
    factor, start = (reduce(np.add, parts) for parts in zip(*maps, strict=True))
    x.space.cotangent.add_affine(gx.data, x.space.riesz(x.data), factor, start)


def _fitted_cost(out: Tensor, x: Tensor, *rest: Tensor, degree: int, **others: object) -> int:
    return power_cost(x) + per_element(out) * degree + (product_cost(out, x) if degree > 1 else 0)


gaussian_polynomial: Op = register(
    Op(
        "gaussian_polynomial",
        forward=_fitted,
        vjps=fused_vjps(_fitted_composite, _fitted_vjps),
        cost=_fitted_cost,
        source="low_degree of x - mean with gaussian_coefficients of moments; also returns the moments",
        saves=True,
    )
)


# -- the same after a normalisation ----------------------------------------------------------------------
# The normalised signal is f x + s. The statistics of it are (f mean + s, f^2 variance) from those of x, and with
# t = x - mean the polynomial is c0 + c1 f t + c2 f^2 t^2.
def _normalized_statistics(
    own: np.ndarray, shared: np.ndarray, gain: np.ndarray, offset: np.ndarray, norm_epsilon: float, epsilon: float
) -> tuple[np.ndarray, np.ndarray]:
    """Return the factor f, and the statistics of the normalised signal with `epsilon` in the variance."""
    factor = gain / np.sqrt(shared[1] + shared.dtype.type(norm_epsilon))
    statistics = np.array([offset + factor * (own[0] - shared[0]), factor * factor * own[1]])
    return factor, _widened(statistics, epsilon)


def _powers(factor: np.ndarray, degree: int) -> np.ndarray:
    return np.array([factor**j for j in range(degree + 1)])


def _found(x: Tensor, running: np.ndarray | None, per_sample: bool) -> tuple[Tensor, Tensor]:
    """Return the moments that fit the polynomial, and those that normalise: over the batch, or running averages."""
    own = moments.forward(x, per_sample=per_sample)
    if running is not None:
        return own, Tensor(running.astype(own.dtype, copy=False))
    return own, moments.forward(x, per_sample=False) if per_sample else own


def _normalized(
    x: Tensor,
    gain: Tensor,
    offset: Tensor,
    function: str,
    degree: int,
    epsilon: float,
    norm_epsilon: float,
    band: Axes,
    per_sample: bool,
    running: np.ndarray | None,
) -> tuple[Tensor, Tensor, Tensor]:
    own, shared = _found(x, running, per_sample)
    given = own.data, shared.data, gain.data, offset.data
    factor, statistics = _normalized_statistics(*given, norm_epsilon, epsilon)
    coefficients = _coefficients(Tensor(statistics), function, degree).data * _powers(factor, degree)
    return low_degree.forward(_centred(x, own.data[0]), Tensor(coefficients), band=band), own, shared


def _normalized_composite(
    x: Tensor,
    gain: Tensor,
    offset: Tensor,
    function: str,
    degree: int,
    epsilon: float,
    norm_epsilon: float,
    band: Axes,
    per_sample: bool,
    running: np.ndarray | None,
) -> Tensor:
    part = lambda found, index: reshape(row(found, index=index), shape=found.shape[1:])
    own = moments(x, per_sample=per_sample)
    shared = moments(x, per_sample=False) if running is None else Tensor(running.astype(gain.dtype, copy=False))
    factor = gain * power(part(shared, 1) + norm_epsilon, exponent=-0.5)
    mean = offset + factor * (part(own, 0) - part(shared, 0))
    variance = elementwise(elementwise(factor, factor), part(own, 1)) + epsilon
    found = gaussian_coefficients_op(stack_rows([mean, variance]), function=function, degree=degree)
    rows, scale = [part(found, 0)], factor
    for j in range(1, degree + 1):
        rows.append(elementwise(part(found, j), scale))
        scale = elementwise(scale, factor)
    centred = x - constant(part(own, 0), space=x.space)
    return low_degree(centred, stack_rows(rows), band=band)


def _normalized_vjps(
    g: Tensor,
    out: Tensor,
    own: Tensor,
    shared: Tensor,
    x: Tensor,
    gain: Tensor,
    offset: Tensor,
    function: str,
    degree: int,
    epsilon: float,
    norm_epsilon: float,
    band: Axes,
    per_sample: bool,
    running: np.ndarray | None,
) -> Sequence[Tensor]:
    given = own.data, shared.data, gain.data, offset.data
    factor, found = _normalized_statistics(*given, norm_epsilon, epsilon)
    statistics, powers = Tensor(found), _powers(factor, degree)
    own_coefficients = _coefficients(statistics, function, degree)
    fitted = Tensor(own_coefficients.data * powers)
    gx, of_fitted = low_degree_vjps(g, out, _centred(x, own.data[0]), fitted, band)
    of_coefficients = Tensor(of_fitted.data * powers)
    (of_statistics,) = _coefficients_vjps(of_coefficients, own_coefficients, statistics, function, degree)
    of_mean, of_variance = of_statistics.data
    # Through the powers of f, the mean and the variance.
    of_factor = sum(j * of_fitted.data[j] * own_coefficients.data[j] * factor ** (j - 1) for j in range(1, degree + 1))
    of_factor = of_factor + of_mean * (own.data[0] - shared.data[0]) + 2 * of_variance * factor * own.data[1]
    direct = reduced(x.space.cotangent.mean(gx.data), own.data[0].shape)
    of_own = np.array(
        [reduced(of_mean * factor, direct.shape) - direct, reduced(of_variance * factor**2, direct.shape)]
    )
    of_gain = reduced(of_factor, gain.shape)
    inverse = 1 / np.sqrt(shared.data[1] + shared.dtype.type(norm_epsilon))
    of_shared = np.array(
        [-reduced(of_mean * factor, gain.shape), of_gain * gain.data * inverse**3 * gain.dtype.type(-0.5)]
    )
    pairs = [(of_own, own.data)] + ([] if running is not None else [(of_shared, shared.data)])
    _add_moments_map(gx, x, *pairs)
    return gx, Tensor(of_gain * inverse), Tensor(reduced(of_mean, offset.shape))


normalized_gaussian: Op = register(
    Op(
        "normalized_gaussian",
        forward=_normalized,
        vjps=fused_vjps(_normalized_composite, _normalized_vjps),
        cost=_fitted_cost,
        source="gaussian_polynomial of the signal normalised as in normalized_polynomial; also returns both moments",
        saves=True,
    )
)


def gaussian_activation(
    x: Tensor,
    function: str,
    degree: int = 2,
    statistics: Tensor | None = None,
    gate_band: int | Axes | None = None,
    exact: bool = False,
    band: Axes | None = None,
    epsilon: float = 1e-5,
) -> Tensor:
    """Apply the best polynomial approximation of a function for normal values with the mean and variance of a signal.

    Parameters
    ----------
    x : Tensor
        Signal ``(*modes, batch, channels)``.
    function : str
        A registered scalar function, such as "relu".
    degree : int
        Degree 1 is Bussgang's linearisation, one factor per channel; degree 2 takes one square.
    statistics : Tensor, optional
        Mean and variance ``(2, batch or 1, channels)``; by default those of each example.
    gate_band, exact, band
        As in `freqnet.ops.polynomial`.
    epsilon : float
        Added to the variance.

    Returns
    -------
    Tensor
        Signal ``(*modes, batch, channels)``.

    Examples
    --------
    >>> import numpy as np
    >>> from freqnet.spaces import Fourier
    >>> from freqnet.ops import analysis, gaussian_activation, synthesis
    >>> x = analysis(np.random.default_rng(0).normal(size=(1, 33, 1)), Fourier.on(33))
    >>> y = synthesis(gaussian_activation(x, "relu", degree=2)).data
    >>> bool(np.sqrt(np.mean((y - np.maximum(synthesis(x).data, 0)) ** 2)) < 0.15)
    True
    """
    signal_space(x, "gaussian")
    found = moments(x, per_sample=True) if statistics is None else statistics
    widened = found + Tensor(np.array([0.0, epsilon], found.dtype).reshape(2, 1, 1))
    coefficients = gaussian_coefficients_op(widened, function=function, degree=degree)
    centre = reshape(row(found, index=0), shape=found.shape[1:])
    return polynomial(x - constant(centre, space=x.space), coefficients, gate_band, exact, band)
