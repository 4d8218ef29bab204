"""Polynomials of low degree that approximate a scalar function on an interval, by five methods, with their errors."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from itertools import pairwise
from math import factorial

import numpy as np
from numpy.polynomial import Chebyshev, Legendre, Polynomial

from freqnet.approximate.functions import ScalarFunction, Values, scalar_function
from freqnet.approximate.gaussian import gaussian_coefficients, require_degree
from freqnet.approximate.remez import extrema, remez
from freqnet.checks import is_finite
from freqnet.errors import ConfigurationError, got_expected

Interval = tuple[float, float]
METHODS = ("taylor", "least-squares", "chebyshev", "minimax", "gaussian")


@dataclass(frozen=True, eq=False)
class Approximation:
    """A polynomial that approximates a function, with its errors.

    Attributes
    ----------
    function : ScalarFunction
        The approximated function.
    method : str
        One of `METHODS`.
    interval : tuple of float
        The fitted range; the errors hold inside it only.
    coefficients : ndarray
        Coefficients ``(degree + 1,)``, from the constant up.
    sup_error, rms_error : float
        Largest error and root of the mean square error on the interval.
    alternation : ndarray
        For the minimax polynomial, the ``degree + 2`` points where the error takes its largest size with alternating
        signs; else empty.
    """

    function: ScalarFunction
    method: str
    interval: Interval
    coefficients: Values
    sup_error: float
    rms_error: float
    alternation: Values

    @property
    def degree(self) -> int:
        """The requested degree; the leading coefficient may be 0, as for odd functions at even degrees."""
        return len(self.coefficients) - 1

    def __call__(self, x: Values) -> Values:
        return Polynomial(self.coefficients)(np.asarray(x, float))

    def error(self, x: Values) -> Values:
        """Return the function minus the polynomial."""
        return self.function(x) - self(x)


def approximate(
    function: str | Callable[[Values], Values],
    degree: int,
    method: str = "minimax",
    interval: Interval = (-4.0, 4.0),
    mean: float = 0.0,
    deviation: float = 1.0,
) -> Approximation:
    """Approximate a function by a polynomial on an interval.

    Parameters
    ----------
    function : str or callable
        Name of a registered function (relu, leaky_relu, gelu, silu, softplus, sigmoid, tanh, erf, softsign, identity),
        a `ScalarFunction`, or any callable on arrays.
    degree : int
        Degree of the polynomial, 1 to 9.
    method : {"taylor", "least-squares", "chebyshev", "minimax", "gaussian"}
        Taylor polynomial at 0 (degree 1 is the linearisation of Ko et al. 2017); least squares with uniform weight
        (Legendre); interpolation at the Chebyshev points; smallest largest error (Remez); least squares under a normal
        distribution (Hermite).
    interval : tuple of float
        Range in which the errors are measured. All methods except taylor and gaussian fit the polynomial there.
    mean, deviation : float
        Mean and standard deviation for the method gaussian.

    Returns
    -------
    Approximation
        The polynomial and its errors.

    Raises
    ------
    ConfigurationError
        The function or the method is unknown, the function does not return one number per element, the degree or the
        interval is out of range, or the method is taylor and the function has no derivatives.

    Examples
    --------
    >>> from freqnet.approximate import approximate
    >>> found = approximate("sigmoid", 3, "minimax", (-4, 4))
    >>> round(found.sup_error, 4), len(found.alternation)
    (0.0228, 5)
    """
    found, degree = scalar_function(function), require_degree(degree)
    low, high = _ends(interval)
    if not isinstance(method, str) or method not in METHODS:
        todo = "pass method='minimax', say"
        raise ConfigurationError(got_expected("method", repr(method), " or ".join(METHODS), todo))
    alternation = np.zeros(0)
    if method == "taylor":
        coefficients = np.array(taylor(found, degree))
    elif method == "gaussian":
        coefficients = _gaussian(found, degree, mean, deviation)
    elif method == "minimax":
        coefficients, alternation = _minimax(found, degree, (low, high))
    else:
        fit = _least_squares if method == "least-squares" else _chebyshev
        coefficients = fit(found, degree, (low, high))
    if not np.isfinite(coefficients).all():
        todo = "pass an interval on which the function is defined"
        what, got = f"{method} of {found.name}", "values that are not finite"
        raise ConfigurationError(got_expected(what, got, "numbers", todo))
    sup, rms = errors(lambda x: found(x) - Polynomial(coefficients)(x), (low, high), found.kinks)
    return Approximation(found, method, (low, high), coefficients, sup, rms, alternation)


def _ends(interval: Interval) -> Interval:
    ends = tuple(interval) if np.iterable(interval) else ()
    if not (len(ends) == 2 and all(is_finite(end) for end in ends) and 1e-6 < ends[1] - ends[0] < 1e6):
        expected, todo = "(low, high), 1e-6 to 1e6 apart", "pass interval=(-4, 4), say"
        raise ConfigurationError(got_expected("interval", interval, expected, todo))
    return float(ends[0]), float(ends[1])


def errors(error: Callable[[Values], Values], interval: Interval, kinks: tuple[float, ...] = ()) -> tuple[float, float]:
    """Return the largest size of an error on an interval, and the root of its mean square.

    Parameters
    ----------
    error : callable
        The error, on arrays.
    interval : tuple of float
        Ends of the interval.
    kinks : tuple of float
        Points where the slope of the error jumps.

    Returns
    -------
    tuple of float
        Largest size, and root of the mean square.

    Examples
    --------
    >>> [round(e, 6) for e in errors(lambda x: x, (-1, 2))]
    [2.0, 1.0]
    """
    low, high = interval
    inside = [kink for kink in kinks if low < kink < high]
    grid = np.unique(np.concatenate([np.linspace(low, high, 4001), inside]))
    _, values = extrema(error, grid)
    square = _integral(lambda x: error(x) ** 2, interval, kinks)
    return float(np.abs(values).max()), float(np.sqrt(square / (high - low)))


def _integral(f: Callable[[Values], Values], interval: Interval, kinks: tuple[float, ...]) -> float:
    """Integrate by Gauss-Legendre on 16 panels between kinks."""
    nodes, weights = np.polynomial.legendre.leggauss(32)
    low, high = interval
    total, ends = 0.0, [low, *(kink for kink in sorted(kinks) if low < kink < high), high]
    for left, right in pairwise(ends):
        edges = np.linspace(left, right, 17)
        width = edges[1] - edges[0]
        x = edges[:-1, None] + 0.5 * width * (1 + nodes)
        total += float(0.5 * width * np.sum(weights * f(x)))
    return total


def taylor(function: str | Callable[[Values], Values], degree: int) -> tuple[float, ...]:
    """Return the coefficients of the Taylor polynomial at 0.

    Parameters
    ----------
    function : str or callable
        Name of a registered function, or a function with derivatives.
    degree : int
        Degree of the polynomial.

    Returns
    -------
    tuple of float
        Coefficients, from the constant up.

    Raises
    ------
    ConfigurationError
        The function has no derivatives.

    Examples
    --------
    >>> from freqnet.approximate import taylor
    >>> taylor("sigmoid", 1)
    (0.5, 0.25)
    """
    found = scalar_function(function)
    if found.derivative is None:
        todo = "pass a ScalarFunction with a derivative, or method='minimax'"
        raise ConfigurationError(got_expected(f"taylor of {found.name}", "no derivatives", "derivatives", todo))
    zero = np.array(0.0)
    return tuple(float(found.of_order(zero, j)) / factorial(j) for j in range(degree + 1))


def _gaussian(function: ScalarFunction, degree: int, mean: float, deviation: float) -> Values:
    if not (is_finite(mean) and is_finite(deviation) and deviation >= 0):
        got = f"mean {mean!r}, deviation {deviation!r}"
        expected, todo = "finite numbers, the deviation 0 or more", "pass mean=0, deviation=1, say"
        raise ConfigurationError(got_expected("gaussian", got, expected, todo))
    centred = gaussian_coefficients(function, np.array(float(mean)), np.array(float(deviation)), degree)
    return _padded(Polynomial(centred)(Polynomial([-mean, 1.0])), degree)


def _least_squares(function: ScalarFunction, degree: int, interval: Interval) -> Values:
    """Expand in Legendre polynomials up to the degree."""
    length, projected = interval[1] - interval[0], []
    for n in range(degree + 1):
        basis = Legendre.basis(n, interval)
        share = _integral(partial(_product, function, basis), interval, function.kinks)
        projected.append(share * (2 * n + 1) / length)
    return _padded(Legendre(projected, interval).convert(kind=Polynomial), degree)


def _product(f: Callable[[Values], Values], g: Callable[[Values], Values], x: Values) -> Values:
    return f(x) * g(x)


def _chebyshev(function: ScalarFunction, degree: int, interval: Interval) -> Values:
    return _padded(Chebyshev.interpolate(function, degree, interval).convert(kind=Polynomial), degree)


def _minimax(function: ScalarFunction, degree: int, interval: Interval) -> tuple[Values, Values]:
    low, high = interval
    half, middle = (high - low) / 2, (high + low) / 2
    kinks = tuple((kink - middle) / half for kink in function.kinks if low < kink < high)
    found = remez(lambda t: function(middle + half * t), degree, kinks)
    coefficients = Chebyshev(found.coefficients, interval).convert(kind=Polynomial)
    return _padded(coefficients, degree), middle + half * found.reference


def _padded(polynomial: Polynomial, degree: int) -> Values:
    return np.pad(polynomial.coef, (0, degree + 1 - len(polynomial.coef)))
