"""The best polynomial of a function for a normal variable: Bussgang's linearisation, and its Hermite extension.

For X normal with mean mu and deviation s, the polynomial of degree d nearest to f(X) in mean square is
``sum_j M_j / j! H_j(x - mu)`` with ``M_j = E[f^(j)(X)]`` and H_j the Hermite polynomials of variance s^2
(t^2 - s^2 for j = 2). Written so, nothing is divided by the deviation: its limit at s = 0 is f's own tangent.
Of degree 1 it is statistical linearisation, ``E[f] + E[f'] (x - mu)`` (Bussgang 1952).
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from math import factorial, sqrt

import numpy as np

from freqnet.approximate.functions import (
    FUNCTIONS,
    LEAK,
    ScalarFunction,
    Values,
    hermite,
    normal_density,
    normal_derivative,
    normal_distribution,
    scalar_function,
)
from freqnet.checks import is_whole
from freqnet.errors import ConfigurationError, got_expected

Moment = Callable[[Values, Values, int], Values]
# Beyond 9 deviations a normal variable has less than 1e-18 of its weight.
_REACH = 9.0
_NUMBERS_AT_A_TIME = 1 << 18
# Where only values of a function are known, derivatives of its mean lose digits like (rounding / deviation)^order.
_LEAST_DEVIATION = 1e-2


def gaussian_moment(function: str | ScalarFunction, mean: Values, deviation: Values, order: int) -> Values:
    """Return E[f^(order)(X)] for X normal: derivatives of E[f(X)] by the mean.

    By a closed form for relu, leaky_relu, erf, gelu and the identity; else by quadrature. Where only values of the
    function help (softsign, and functions of one's own), a deviation below 0.01 counts as 0.01.

    Parameters
    ----------
    function : str or ScalarFunction
    mean, deviation : numpy.ndarray
        Of any shapes that broadcast; the deviation is 0 or more.
    order : int
        From 0 up.

    Examples
    --------
    >>> import numpy as np
    >>> from freqnet.approximate import gaussian_moment
    >>> float(gaussian_moment("relu", np.array(0.0), np.array(1.0), 0).round(4))  # 1 / sqrt(2 pi)
    0.3989
    """
    found = scalar_function(function)
    mean, deviation = np.broadcast_arrays(np.asarray(mean, float), np.asarray(deviation, float))
    if _is_closed(found):
        return _CLOSED[found.name](mean, deviation, order)
    if not _is_sampled(found):
        return _smooth_moment(found, mean, deviation, order)
    floored = np.maximum(deviation, _LEAST_DEVIATION)
    return _sampled(found, mean, floored, order) / floored**order


def hermite_coefficients(function: str | ScalarFunction, mean: Values, deviation: Values, degree: int) -> Values:
    """Return c_0 .. c_d of ``sum_j c_j He_j((x - mean) / deviation)``, ``(degree + 1, ...)``.

    ``c_j = s^j E[f^(j)(X)] / j!``, of which E[(f(X) - p(X))^2] is least.

    >>> import numpy as np
    >>> from freqnet.approximate import hermite_coefficients
    >>> hermite_coefficients("relu", np.array(0.0), np.array(2.0), 2).round(4)
    array([0.7979, 1.    , 0.3989])
    """
    found = scalar_function(function)
    mean, deviation = np.broadcast_arrays(np.asarray(mean, float), np.asarray(deviation, float))
    if _is_sampled(found):
        return np.array([_sampled(found, mean, deviation, j) / factorial(j) for j in range(degree + 1)])
    rows = [deviation**j * gaussian_moment(found, mean, deviation, j) / factorial(j) for j in range(degree + 1)]
    return np.array(rows)


def gaussian_coefficients(function: str | ScalarFunction, mean: Values, deviation: Values, degree: int) -> Values:
    """Return the same polynomial by powers of ``t = x - mean``, ``(degree + 1, ...)``.

    >>> import numpy as np
    >>> from freqnet.approximate import gaussian_coefficients
    >>> gaussian_coefficients("gelu", np.array(0.0), np.array(0.0), 2).round(4)  # the Taylor polynomial
    array([0.    , 0.5   , 0.3989])
    """
    variance = np.square(np.asarray(deviation, float))
    moments = [gaussian_moment(function, mean, deviation, j) for j in range(degree + 1)]
    out = np.zeros((degree + 1, *np.broadcast_shapes(*(m.shape for m in moments), variance.shape)))
    for j, moment in enumerate(moments):
        for power, factor in enumerate(hermite_powers(j)):
            if factor:
                # A variance of 0 leaves t^j alone.
                out[power] += moment * (factor / factorial(j)) * variance ** ((j - power) // 2)
    return out


def hermite_powers(degree: int) -> list[int]:
    """The coefficients of He_n by powers of x; of variance v, that of x^p takes the factor v^((n - p) / 2).

    >>> hermite_powers(3)
    [0, -3, 0, 1]
    """
    return [int(c) for c in np.polynomial.hermite_e.herme2poly([0] * degree + [1])]


def _is_closed(function: ScalarFunction) -> bool:
    # Somebody's own function may have the same name.
    return function.name in _CLOSED and FUNCTIONS.get(function.name) is function


def _is_sampled(function: ScalarFunction) -> bool:
    """Whether only the function's values help: its derivatives are not known, or jump."""
    return not _is_closed(function) and (function.derivative is None or bool(function.kinks))


# -- closed forms ----------------------------------------------------------------------------------------------
def _ratio(mean: Values, deviation: Values) -> Values:
    """mean / deviation; without any deviation the sign decides, and 0 / 0 is 0."""
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.nan_to_num(mean / deviation, nan=0.0, posinf=np.inf, neginf=-np.inf)


def _relu(mean: Values, deviation: Values, order: int) -> Values:
    alpha = _ratio(mean, deviation)
    if order == 0:
        # With no deviation at all, alpha may be infinite: then relu itself is left.
        return deviation * normal_density(alpha) + mean * normal_distribution(alpha)
    if order == 1:
        return normal_distribution(alpha)
    near = np.where(np.abs(alpha) < 40, alpha, 0.0)
    safe = np.where(deviation > 0, deviation, 1.0)
    values = (-1.0) ** order * hermite(near, order - 2) * normal_density(near) / safe ** (order - 1)
    return np.where((deviation > 0) & (np.abs(alpha) < 40), values, 0.0)


def _leaky_relu(mean: Values, deviation: Values, order: int) -> Values:
    return LEAK * _identity(mean, deviation, order) + (1 - LEAK) * _relu(mean, deviation, order)


def _identity(mean: Values, deviation: Values, order: int) -> Values:
    return mean + 0.0 * deviation if order == 0 else np.full_like(mean, float(order == 1))


def _erf(mean: Values, deviation: Values, order: int) -> Values:
    # erf(x) = 2 Phi(sqrt(2) x) - 1, and the mean of Phi(l X) is Phi of l mu / T, T^2 = 1 + l^2 s^2
    slope = sqrt(2) / np.sqrt(1 + 2 * deviation**2)
    return 2 * slope**order * normal_derivative(slope * mean, order) - (order == 0)


def _gelu(mean: Values, deviation: Values, order: int) -> Values:
    # E[X Phi(X)] = mu Phi(m) + s^2 Phi'(m) / t (Stein), m = mu / t, t^2 = 1 + s^2, and its derivatives by mu
    slope = 1 / np.sqrt(1 + deviation**2)
    m = slope * mean
    out = mean * slope**order * normal_derivative(m, order)
    out = out + deviation**2 * slope ** (order + 1) * normal_derivative(m, order + 1)
    return out + (order * slope ** (order - 1) * normal_derivative(m, order - 1) if order else 0.0)


_CLOSED: dict[str, Moment] = {
    "identity": _identity,
    "relu": _relu,
    "leaky_relu": _leaky_relu,
    "erf": _erf,
    "gelu": _gelu,
}


# -- quadrature ------------------------------------------------------------------------------------------------
def _smooth_moment(function: ScalarFunction, mean: Values, deviation: Values, order: int) -> Values:
    """The trapezoidal rule on mean + s z: exact to rounding for functions analytic near the real axis.

    The nearest poles of the logistic family lie at a distance of pi, those of tanh at pi / 2: with steps of 1/5, and
    of 1/5 of that where the deviation is above 1, the error exp(-2 pi (pi / 2) / step) is below 1e-21.
    """
    z = np.arange(-_REACH, _REACH + 1e-9, 0.2 / max(1.0, float(np.max(deviation, initial=0.0))))
    weights = normal_density(z)
    weights /= weights.sum()
    out = np.zeros(mean.shape)
    # Many points at a time, as far as memory that is not small goes.
    step = max(1, _NUMBERS_AT_A_TIME // max(1, mean.size))
    for start in range(0, len(z), step):
        part = slice(start, start + step)
        points = mean + deviation * z[part].reshape(-1, *(1,) * mean.ndim)
        out += np.tensordot(weights[part], function.of_order(points, order), 1)
    return out


def _sampled(function: ScalarFunction, mean: Values, deviation: Values, order: int) -> Values:
    """E[f(X) He_j(Z)], by Stein's lemma s^j E[f^(j)(X)], in Gauss-Legendre panels that end at the kinks."""
    nodes, weights = np.polynomial.legendre.leggauss(24)
    breaks = [np.clip(_ratio(kink - mean, deviation), -_REACH, _REACH) for kink in sorted(function.kinks)]
    edges = [np.full(mean.shape, -_REACH), *breaks, np.full(mean.shape, _REACH)]
    total = np.zeros(mean.shape)
    for left, right in pairwise(edges):
        for panel in range(12):
            width = (right - left) / 12
            middle = left + (panel + 0.5) * width
            for node, weight in zip(nodes, weights, strict=True):
                z = middle + 0.5 * width * node
                total += 0.5 * width * weight * function(mean + deviation * z) * hermite(z, order) * normal_density(z)
    return total


def require_degree(degree: int, most: int = 9) -> int:
    """Return a degree if it is a whole number from 1 to the most.

    Raises
    ------
    ConfigurationError
        It is not.
    """
    if not is_whole(degree) or not 1 <= degree <= most:
        raise ConfigurationError(got_expected("degree", repr(degree), f"1 to {most}", "change the degree"))
    return int(degree)
