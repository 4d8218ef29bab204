"""The scalar functions that can be approximated, and the registry that holds them by name.

Any callable on arrays can be approximated. A `ScalarFunction` adds facts that some methods need: derivatives, kinks,
means under a normal distribution, the Fourier transform of a derivative. One call of `register_function` makes a
function known to every method, to the layers and to the command line.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from math import factorial, pi, sqrt
from typing import Any, NamedTuple

import numpy as np

from freqnet.errors import ConfigurationError, got_expected

Values = np.ndarray
Derivative = Callable[[Values, int], Values]
Moment = Callable[[Values, Values, int], Values]


class Spectrum(NamedTuple):
    """The Fourier transform of a derivative of a function, from which `sine_series` builds its sum of sines.

    Attributes
    ----------
    order : int
        Order of the derivative: 1 for functions that saturate, 2 for functions that grow.
    transform : callable
        ``transform(w)``, real, at angular frequencies.
    constant, slope : float
        The straight line that the series is added to.
    spread : float
        Distance from 0 beyond which the derivative is negligible.
    """

    order: int
    transform: Callable[[Values], Values]
    constant: float
    slope: float
    spread: float


@dataclass(frozen=True, eq=False)
class ScalarFunction:
    """A real function of one real variable.

    Parameters
    ----------
    name : str
        Name in tables and models.
    value : callable
        ``value(x)`` on an array of any shape.
    derivative : callable, optional
        ``derivative(x, order)``, away from the kinks. Taylor polynomials need it, and so do Gaussian polynomials of a
        function without kinks.
    kinks : tuple of float
        Points where the function or a derivative jumps; integrals are split there.
    exact : str, optional
        The function as an expression of ``x`` in the names of mpmath, for checks to any precision.
    moment : callable, optional
        ``moment(mean, deviation, order)``, the mean of the derivative of that order under a normal distribution, in
        closed form.
    spectrum : Spectrum, optional
        Fourier transform of a derivative, which `sine_series` needs.
    moments : callable, optional
        ``moments(mean, deviation, count)``, a list of the means of the derivatives of the orders below ``count``, where
        this is faster than one call of ``moment`` for each.

    Raises
    ------
    ConfigurationError
        A call does not return one real number per element.

    Examples
    --------
    >>> import numpy as np
    >>> from freqnet.approximate import ScalarFunction, approximate
    >>> hump = ScalarFunction("hump", lambda x: np.exp(-x * x))
    >>> approximate(hump, 4, "minimax", (-1, 1)).sup_error < 2e-2
    True
    """

    name: str
    value: Callable[[Values], Values]
    derivative: Derivative | None = None
    kinks: tuple[float, ...] = ()
    exact: str | None = None
    moment: Moment | None = None
    spectrum: Spectrum | None = None
    moments: Callable[[Values, Values, int], list[Values]] | None = None

    def __call__(self, x: Any) -> Values:
        return self._checked(self.value, np.asarray(x, dtype=float))

    def of_order(self, x: Values, order: int) -> Values:
        """Return a derivative of a function whose derivatives are known."""
        assert self.derivative is not None
        return self._checked(self.derivative, x, order)

    def _checked(self, function: Callable[..., Values], x: Values, *order: int) -> Values:
        """Call a function, which may be the user's, and check its result."""
        what, expected = f"function {self.name}", "a real number for each of an array"
        todo = "write it in NumPy, or use np.vectorize"
        try:
            values = np.asarray(function(x, *order))
            if values.shape == x.shape and values.dtype.kind != "c":
                return values.astype(float, copy=False)
        except (TypeError, ValueError, IndexError) as error:
            raise ConfigurationError(got_expected(what, error, expected, todo)) from error
        got = f"{values.dtype} of shape {values.shape} for an array of shape {x.shape}"
        raise ConfigurationError(got_expected(what, got, expected, todo))


FUNCTIONS: dict[str, ScalarFunction] = {}


def register_function(function: ScalarFunction) -> ScalarFunction:
    """Register a function under its name, by which layers and the command line find it.

    Parameters
    ----------
    function : ScalarFunction
        Function to register.

    Returns
    -------
    ScalarFunction
        The same function.

    Raises
    ------
    ConfigurationError
        The name is taken.

    Examples
    --------
    >>> from freqnet.approximate import FUNCTIONS, ScalarFunction, approximate, register_function
    >>> cube = register_function(ScalarFunction("cube", lambda x: x**3))
    >>> approximate("cube", 3).sup_error < 1e-9
    True
    >>> _ = FUNCTIONS.pop("cube")
    """
    if function.name in FUNCTIONS:
        expected = f"a name other than {', '.join(FUNCTIONS)}"
        raise ConfigurationError(got_expected("function name", repr(function.name), expected, "pass another name"))
    FUNCTIONS[function.name] = function
    return function


def scalar_function(function: str | Callable[[Values], Values]) -> ScalarFunction:
    """Return a registered function by its name, or wrap a callable.

    Parameters
    ----------
    function : str or callable
        Name of a registered function, a `ScalarFunction`, or any callable on arrays.

    Returns
    -------
    ScalarFunction
        The function.

    Raises
    ------
    ConfigurationError
        No function has that name.

    Examples
    --------
    >>> from freqnet.approximate import scalar_function
    >>> bool(scalar_function("softplus")(0.0) == np.log(2))
    True
    """
    if isinstance(function, ScalarFunction):
        return function
    if callable(function):
        return ScalarFunction(getattr(function, "__name__", "function"), function)
    if not isinstance(function, str) or function not in FUNCTIONS:
        todo = "pass one of these names, or a callable on arrays"
        raise ConfigurationError(got_expected("function", repr(function), " or ".join(FUNCTIONS), todo))
    return FUNCTIONS[function]


def _register(
    name: str,
    derivative: Derivative,
    exact: str,
    moment: Moment | None = None,
    spectrum: Spectrum | None = None,
    kinks: tuple[float, ...] = (),
    moments: Callable[[Values, Values, int], list[Values]] | None = None,
) -> None:
    """Register a function whose values are its derivative of order 0."""
    value = lambda x: derivative(x, 0)
    register_function(ScalarFunction(name, value, derivative, kinks, exact, moment, spectrum, moments))


# -- helpers -------------------------------------------------------------------------------------------------
def normal_density(x: Values) -> Values:
    """Return the density of the standard normal distribution."""
    return np.exp(-0.5 * x * x) / sqrt(2 * pi)


def normal_distribution(x: Values) -> Values:
    """Return the distribution function of the standard normal distribution."""
    from scipy.special import ndtr

    return ndtr(x)


def hermite(x: Values, degree: int) -> Values:
    """Return the Hermite polynomial He_n of the standard normal weight: 1, x, x^2 - 1, ..., and 0 below degree 0.

    Examples
    --------
    >>> from freqnet.approximate.functions import hermite
    >>> float(hermite(np.array(2.0), 3))
    2.0
    """
    before, now = np.zeros_like(x), np.ones_like(x) if degree >= 0 else np.zeros_like(x)
    for n in range(degree):
        before, now = now, x * now - n * before
    return now


def normal_derivative(x: Values, order: int) -> Values:
    """Return a derivative of the normal distribution function; order 0 is the function itself."""
    if not order:
        return normal_distribution(x)
    return (-1.0) ** (order - 1) * hermite(x, order - 1) * normal_density(x)


def ratio(mean: Values, deviation: Values) -> Values:
    """Return ``mean / deviation``; with no deviation, infinity with the sign of the mean, and 0 for 0 / 0."""
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.nan_to_num(mean / deviation, nan=0.0, posinf=np.inf, neginf=-np.inf)


def _times_x(derivative: Derivative) -> Derivative:
    """Return the derivatives of x f(x), from those of f."""

    def of_product(x: Values, order: int) -> Values:
        return x * derivative(x, order) + (order * derivative(x, order - 1) if order else 0)

    return of_product


# -- the identity --------------------------------------------------------------------------------------------
def _identity_derivative(x: Values, order: int) -> Values:
    return x if order == 0 else np.full_like(x, float(order == 1))


def _identity_moment(mean: Values, deviation: Values, order: int) -> Values:
    return mean + 0.0 * deviation if order == 0 else np.full_like(mean, float(order == 1))


_register("identity", _identity_derivative, "x", _identity_moment)


# -- the logistic family: derivatives are polynomials of the sigmoid itself ------------------------------------
def _sigmoid(x: Values) -> Values:
    return 0.5 * (1 + np.tanh(0.5 * x))


def _sigmoid_derivative(x: Values, order: int) -> Values:
    # d/dx P(s) = P'(s) (s - s^2)
    step, powers = np.polynomial.Polynomial([0, 1, -1]), np.polynomial.Polynomial([0, 1])
    for _ in range(order):
        powers = powers.deriv() * step
    return powers(_sigmoid(x))


def _tanh_derivative(x: Values, order: int) -> Values:
    return 2.0 ** (order + 1) * _sigmoid_derivative(2 * x, order) if order else np.tanh(x)


def _softplus_derivative(x: Values, order: int) -> Values:
    return _sigmoid_derivative(x, order - 1) if order else np.logaddexp(0.0, x)


def _logistic_transform(w: Values) -> Values:
    return pi * w / np.sinh(pi * w)


_register("sigmoid", _sigmoid_derivative, "1 / (1 + exp(-x))", spectrum=Spectrum(1, _logistic_transform, 0.5, 0.0, 7.0))
_register(
    "tanh", _tanh_derivative, "tanh(x)", spectrum=Spectrum(1, lambda w: 2 * _logistic_transform(w / 2), 0.0, 0.0, 3.5)
)
_register(
    "softplus",
    _softplus_derivative,
    "log1p(exp(-fabs(x))) + (x + fabs(x)) / 2",
    spectrum=Spectrum(2, _logistic_transform, 0.0, 0.5, 7.0),
)
_register(
    "silu",
    _times_x(_sigmoid_derivative),
    "x / (1 + exp(-x))",
    spectrum=Spectrum(2, lambda w: _logistic_transform(w) ** 2 * np.cosh(pi * w), 0.0, 0.5, 7.0),
)


# -- the normal family: derivatives are Hermite polynomials times the density ---------------------------------
def _erf_derivative(x: Values, order: int) -> Values:
    return 2 * sqrt(2) ** order * normal_derivative(sqrt(2) * x, order) - (0 if order else 1)


def _erf_moment(mean: Values, deviation: Values, order: int) -> Values:
    # erf(x) = 2 Phi(sqrt(2) x) - 1, and the mean of Phi(l X) is Phi(l mu / T) with T^2 = 1 + l^2 s^2
    slope = sqrt(2) / np.sqrt(1 + 2 * deviation**2)
    return 2 * slope**order * normal_derivative(slope * mean, order) - (order == 0)


def _gelu_moments(mean: Values, deviation: Values, count: int) -> list[Values]:
    # E[X Phi(X)] = mu Phi(m) + s^2 Phi'(m) / t (Stein), m = mu / t, t^2 = 1 + s^2, and its derivatives by mu
    variance = deviation * deviation
    slope = 1 / np.sqrt(1 + variance)
    m = slope * mean
    # The derivatives of Phi(mu / t) by mu, by the recurrence of Hermite polynomials.
    phi = [normal_distribution(m), slope * normal_density(m)]
    m *= -slope
    phi.append(m * phi[1])
    for n in range(2, count):
        phi.append(m * phi[n] - (n - 1) * slope * slope * phi[n - 1])
    return [mean * phi[j] + variance * phi[j + 1] + (j * phi[j - 1] if j else 0.0) for j in range(count)]


_register("erf", _erf_derivative, "erf(x)", _erf_moment, Spectrum(1, lambda w: 2 * np.exp(-(w**2) / 4), 0.0, 0.0, 2.0))
_register(
    "gelu",
    _times_x(normal_derivative),
    "x * ncdf(x)",
    lambda mean, deviation, order: _gelu_moments(mean, deviation, order + 1)[order],
    Spectrum(2, lambda w: (1 + w**2) * np.exp(-(w**2) / 2), 0.0, 0.5, 3.0),
    moments=_gelu_moments,
)


# -- functions with kinks ------------------------------------------------------------------------------------
LEAK = 0.01


def _leaky_derivative(slope: float) -> Derivative:
    """Return the derivatives of the identity above 0 and a slope below; at the kink, the mean of both sides."""

    def derivative(x: Values, order: int) -> Values:
        if order == 0:
            return np.where(x > 0, x, slope * x)
        if order == 1:
            return np.where(x > 0, 1.0, np.where(x < 0, slope, (1 + slope) / 2))
        return np.zeros_like(x)

    return derivative


def _softsign_derivative(x: Values, order: int) -> Values:
    if not order:
        return x / (1 + np.abs(x))
    upper = (-1.0) ** (order + 1) * factorial(order) / (1 + np.abs(x)) ** (order + 1)
    return upper if order % 2 else np.sign(x) * upper


def _relu_moment(mean: Values, deviation: Values, order: int) -> Values:
    alpha = ratio(mean, deviation)
    if order == 0:
        # With no deviation alpha is infinite, and this is relu itself.
        return deviation * normal_density(alpha) + mean * normal_distribution(alpha)
    if order == 1:
        return normal_distribution(alpha)
    near = np.where(np.abs(alpha) < 40, alpha, 0.0)
    safe = np.where(deviation > 0, deviation, 1.0)
    values = (-1.0) ** order * hermite(near, order - 2) * normal_density(near) / safe ** (order - 1)
    return np.where((deviation > 0) & (np.abs(alpha) < 40), values, 0.0)


def _leaky_relu_moment(mean: Values, deviation: Values, order: int) -> Values:
    return LEAK * _identity_moment(mean, deviation, order) + (1 - LEAK) * _relu_moment(mean, deviation, order)


_register(
    "relu",
    _leaky_derivative(0.0),
    "(x + fabs(x)) / 2",
    _relu_moment,
    Spectrum(2, np.ones_like, 0.0, 0.5, 0.0),
    kinks=(0.0,),
)
_register(
    "leaky_relu",
    _leaky_derivative(LEAK),
    f"x * (mpf({1 + LEAK!r}) + sign(x) * mpf({1 - LEAK!r})) / 2",
    _leaky_relu_moment,
    Spectrum(2, lambda w: np.full_like(w, 1 - LEAK), 0.0, (1 + LEAK) / 2, 0.0),
    kinks=(0.0,),
)
_register("softsign", _softsign_derivative, "x / (1 + fabs(x))", kinks=(0.0,))
