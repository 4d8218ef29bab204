"""The best polynomial of a function of a normal variable: Bussgang's linearisation and its extension by Hermite.

For X normal with mean mu and deviation s, the polynomial of degree d nearest to f(X) in mean square is
``sum_j M_j / j! H_j(x - mu)`` with ``M_j = E[f^(j)(X)]``, where the H_j are the Hermite polynomials of variance s^2
(t^2 - s^2 for j = 2). This form never divides by the deviation; its limit at s = 0 is the Taylor polynomial of f at mu.
Degree 1 is statistical linearisation, ``E[f] + E[f'] (x - mu)`` (Bussgang 1952).
"""

from __future__ import annotations

from functools import cache
from itertools import pairwise
from math import factorial

import numpy as np

from freqnet.approximate.functions import ScalarFunction, Values, hermite, normal_density, ratio, scalar_function
from freqnet.checks import is_whole
from freqnet.errors import ConfigurationError, got_expected

# A normal variable lies beyond 9 deviations with a probability below 1e-18.
_REACH = 9.0
_NUMBERS_AT_A_TIME = 1 << 18
# From values alone, derivatives of the mean lose digits like (rounding / deviation)^order.
_LEAST_DEVIATION = 1e-2


def gaussian_moment(function: str | ScalarFunction, mean: Values, deviation: Values, order: int) -> Values:
    """Return ``E[f^(order)(X)]`` for X normal, which is a derivative of ``E[f(X)]`` by the mean.

    Functions registered with a closed form use it; the others use quadrature. Quadrature from values alone (softsign,
    and functions without derivatives) takes a deviation below 0.01 as 0.01.

    Parameters
    ----------
    function : str or ScalarFunction
        Name of a registered function, or a function.
    mean, deviation : ndarray
        Mean and standard deviation of X, of shapes that broadcast; the deviation is 0 or more.
    order : int
        Order of the derivative, from 0 up.

    Returns
    -------
    ndarray
        The means, of the broadcast shape.

    Examples
    --------
    >>> import numpy as np
    >>> from freqnet.approximate import gaussian_moment
    >>> float(gaussian_moment("relu", np.array(0.0), np.array(1.0), 0).round(4))  # 1 / sqrt(2 pi)
    0.3989
    """
    found = scalar_function(function)
    mean, deviation = np.broadcast_arrays(np.asarray(mean, float), np.asarray(deviation, float))
    if found.moment is not None:
        return found.moment(mean, deviation, order)
    if not _is_sampled(found):
        return _smooth_moment(found, mean, deviation, order)
    floored = np.maximum(deviation, _LEAST_DEVIATION)
    return _sampled(found, mean, floored, order) / floored**order


def gaussian_moments(function: str | ScalarFunction, mean: Values, deviation: Values, count: int) -> list[Values]:
    """Return the values of `gaussian_moment` of the orders below `count`.

    Examples
    --------
    >>> import numpy as np
    >>> from freqnet.approximate.gaussian import gaussian_moments
    >>> [float(m.round(4)) for m in gaussian_moments("gelu", np.array(0.0), np.array(1.0), 2)]
    [0.2821, 0.5]
    """
    found = scalar_function(function)
    if found.moments is None:
        return [gaussian_moment(found, mean, deviation, order) for order in range(count)]
    mean, deviation = np.broadcast_arrays(np.asarray(mean, float), np.asarray(deviation, float))
    return found.moments(mean, deviation, count)


def hermite_coefficients(function: str | ScalarFunction, mean: Values, deviation: Values, degree: int) -> Values:
    """Return the coefficients c_0 .. c_d of ``sum_j c_j He_j((x - mean) / deviation)``.

    ``c_j = s^j E[f^(j)(X)] / j!`` minimises E[(f(X) - p(X))^2].

    Parameters
    ----------
    function : str or ScalarFunction
        Name of a registered function, or a function.
    mean, deviation : ndarray
        Mean and standard deviation of X, of shapes that broadcast; the deviation is 0 or more.
    degree : int
        Degree d of the polynomial.

    Returns
    -------
    ndarray
        Coefficients ``(degree + 1, ...)``.

    Examples
    --------
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
    """Return the polynomial of `hermite_coefficients` by powers of ``t = x - mean``.

    Parameters
    ----------
    function : str or ScalarFunction
        Name of a registered function, or a function.
    mean, deviation : ndarray
        Mean and standard deviation of X, of shapes that broadcast; the deviation is 0 or more.
    degree : int
        Degree d of the polynomial.

    Returns
    -------
    ndarray
        Coefficients ``(degree + 1, ...)``, from the constant up.

    Examples
    --------
    >>> gaussian_coefficients("gelu", np.array(0.0), np.array(0.0), 2).round(4)  # the Taylor polynomial
    array([0.    , 0.5   , 0.3989])
    """
    variance = np.square(np.asarray(deviation, float))
    moments = gaussian_moments(function, mean, deviation, degree + 1)
    out = np.zeros((degree + 1, *np.broadcast_shapes(*(m.shape for m in moments), variance.shape)))
    for j, moment in enumerate(moments):
        # At variance 0 only the term t^j remains.
        term = moment / factorial(j)
        for power in range(j, -1, -2):
            out[power] += hermite_powers(j)[power] * term
            if power > 1:
                term = term * variance
    return out


def hermite_powers(degree: int) -> list[int]:
    """Return the coefficients of He_n by powers of x.

    For variance v, the coefficient of x^p gets the factor ``v^((n - p) / 2)``.

    Parameters
    ----------
    degree : int
        Degree n.

    Returns
    -------
    list of int
        Coefficients, from the constant up.

    Examples
    --------
    >>> hermite_powers(3)
    [0, -3, 0, 1]
    """
    return list(_powers(degree))


@cache
def _powers(degree: int) -> tuple[int, ...]:
    return tuple(int(c) for c in np.polynomial.hermite_e.herme2poly([0] * degree + [1]))


def _is_sampled(function: ScalarFunction) -> bool:
    """Tell whether only values of the function can be used: derivatives are unknown or jump."""
    return function.moment is None and (function.derivative is None or bool(function.kinks))


# -- quadrature ------------------------------------------------------------------------------------------------
def _smooth_moment(function: ScalarFunction, mean: Values, deviation: Values, order: int) -> Values:
    """Integrate by the trapezoidal rule on mean + s z, exact to rounding for functions analytic near the real axis.

    The nearest poles of the logistic family lie at a distance of pi, those of tanh at pi / 2. With steps of at most 1/5
    in x, the error exp(-2 pi (pi / 2) / step) is below 1e-21.
    """
    z = np.arange(-_REACH, _REACH + 1e-9, 0.2 / max(1.0, float(np.max(deviation, initial=0.0))))
    weights = normal_density(z)
    weights /= weights.sum()
    out = np.zeros(mean.shape)
    # As many points at a time as fit the limit of memory.
    step = max(1, _NUMBERS_AT_A_TIME // max(1, mean.size))
    for start in range(0, len(z), step):
        part = slice(start, start + step)
        points = mean + deviation * z[part].reshape(-1, *(1,) * mean.ndim)
        out += np.tensordot(weights[part], function.of_order(points, order), 1)
    return out


def _sampled(function: ScalarFunction, mean: Values, deviation: Values, order: int) -> Values:
    """Return E[f(X) He_j(Z)], equal to s^j E[f^(j)(X)] by Stein's lemma, by Gauss-Legendre panels between kinks."""
    nodes, weights = np.polynomial.legendre.leggauss(24)
    breaks = [np.clip(ratio(kink - mean, deviation), -_REACH, _REACH) for kink in sorted(function.kinks)]
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
    """Return the degree of a polynomial after checking it.

    Parameters
    ----------
    degree : int
        Degree.
    most : int
        Largest degree allowed.

    Returns
    -------
    int
        The degree.

    Raises
    ------
    ConfigurationError
        The degree is not a whole number from 1 to the largest.

    Examples
    --------
    >>> require_degree(3)
    3
    """
    if not is_whole(degree) or not 1 <= degree <= most:
        raise ConfigurationError(got_expected("degree", repr(degree), f"1 to {most}", "pass degree=1, say"))
    return int(degree)
