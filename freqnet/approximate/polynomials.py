"""A scalar function as a polynomial of low degree on an interval, by five methods, with its errors."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from itertools import pairwise
from math import factorial

import numpy as np
from numpy.polynomial import Chebyshev, Legendre, Polynomial

from freqnet.approximate.functions import ScalarFunction, scalar_function
from freqnet.approximate.gaussian import gaussian_coefficients, require_degree
from freqnet.approximate.remez import extrema, remez
from freqnet.checks import is_finite
from freqnet.errors import ConfigurationError, got_expected

Values = np.ndarray
Interval = tuple[float, float]
METHODS = ("taylor", "least-squares", "chebyshev", "minimax", "gaussian")


@dataclass(frozen=True, eq=False)
class Approximation:
    """A polynomial that stands for a function, and how far it is from it.

    Attributes
    ----------
    function : ScalarFunction
    method : str
    interval : tuple of float
        The fitted range: outside, the polynomial says nothing of the function.
    coefficients : numpy.ndarray
        ``(degree + 1,)``, from the constant up.
    sup_error, rms_error : float
        The largest error on the interval, and the root of its mean square there.
    alternation : numpy.ndarray
        Of the minimax polynomial, the ``degree + 2`` points where the error takes its largest size in turn.
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
        """The degree asked for; the leading coefficient may be 0, as of odd functions at even degrees."""
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
        A registered name (relu, leaky_relu, gelu, silu, softplus, sigmoid, tanh, erf, softsign, identity), a
        `ScalarFunction`, or any callable on arrays.
    degree : int
        1 to 9.
    method : {"taylor", "least-squares", "chebyshev", "minimax", "gaussian"}
        Taylor at 0 (degree 1 is Ko et al.'s linearisation); least squares with uniform weight (Legendre);
        interpolation at the Chebyshev points; the least largest error (Remez); least squares under a normal
        distribution of the given mean and deviation (Hermite).
    interval : tuple of float
        Where errors are measured and, but for taylor and gaussian, where the polynomial is fitted.
    mean, deviation : float
        Of the gaussian method.

    Raises
    ------
    ConfigurationError
        An unknown function or method, a function that does not return a number for each of an array, a degree
        beyond 1 to 9, an empty interval, or a Taylor polynomial of a function without derivatives.

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
        raise ConfigurationError(got_expected("method", repr(method), " or ".join(METHODS), "choose one of these"))
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
        todo = "move the interval to where it is defined"
        raise ConfigurationError(
            got_expected(f"{method} of {found.name}", "values that are not finite", "numbers", todo)
        )
    sup, rms = errors(lambda x: found(x) - Polynomial(coefficients)(x), (low, high), found.kinks)
    return Approximation(found, method, (low, high), coefficients, sup, rms, alternation)


def _ends(interval: Interval) -> Interval:
    ends = tuple(interval) if np.iterable(interval) else ()
    if not (len(ends) == 2 and all(is_finite(end) for end in ends) and 1e-6 < ends[1] - ends[0] < 1e6):
        raise ConfigurationError(
            got_expected("interval", interval, "(low, high), 1e-6 to 1e6 apart", "change the ends")
        )
    return float(ends[0]), float(ends[1])


def errors(error: Callable[[Values], Values], interval: Interval, kinks: tuple[float, ...] = ()) -> tuple[float, float]:
    """Return the largest size of an error on an interval, and the root of its mean square.

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
    """Gauss-Legendre on 16 panels between kinks."""
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
    """Return the coefficients of the Taylor polynomial at 0, from the constant up.

    >>> from freqnet.approximate import taylor
    >>> taylor("sigmoid", 1)
    (0.5, 0.25)

    Raises
    ------
    ConfigurationError
        The function's derivatives are not known.
    """
    found = scalar_function(function)
    if found.derivative is None:
        todo = "give ScalarFunction a derivative, or use another method"
        raise ConfigurationError(got_expected(f"taylor of {found.name}", "no derivatives", "derivatives", todo))
    zero = np.array(0.0)
    return tuple(float(found.of_order(zero, j)) / factorial(j) for j in range(degree + 1))


def _gaussian(function: ScalarFunction, degree: int, mean: float, deviation: float) -> Values:
    if not (is_finite(mean) and is_finite(deviation) and deviation >= 0):
        got = f"mean {mean!r}, deviation {deviation!r}"
        raise ConfigurationError(got_expected("gaussian", got, "finite numbers, the deviation 0 or more", "change it"))
    centred = gaussian_coefficients(function, np.array(float(mean)), np.array(float(deviation)), degree)
    return _padded(Polynomial(centred)(Polynomial([-mean, 1.0])), degree)


def _least_squares(function: ScalarFunction, degree: int, interval: Interval) -> Values:
    """The expansion in Legendre polynomials, cut off."""
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
