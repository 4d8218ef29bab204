"""The scalar functions that get approximated: their values, derivatives, kinks, and exact versions.

A function of your own is any callable on arrays; `ScalarFunction` adds what some methods need beyond its values.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from math import factorial, pi, sqrt
from typing import Any

import numpy as np

from freqnet.errors import ConfigurationError, got_expected

Values = np.ndarray
FUNCTIONS: dict[str, ScalarFunction] = {}


@dataclass(frozen=True, eq=False)
class ScalarFunction:
    """A real function of one real variable.

    Parameters
    ----------
    name : str
        What it is called in tables and models.
    value : callable
        ``value(x)`` on an array of any shape.
    derivative : callable, optional
        ``derivative(x, order)``, away from the kinks. Taylor polynomials, and Gaussian ones of a function without
        kinks, need it.
    kinks : tuple of float
        Where the function or a derivative jumps: integrals are split there.
    exact : str, optional
        The same function as an expression of ``x`` in mpmath's names, by which it can be checked to any precision.

    Raises
    ------
    ConfigurationError
        When it is called: it does not return a real number for each number of an array.

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
    derivative: Callable[[Values, int], Values] | None = None
    kinks: tuple[float, ...] = ()
    exact: str | None = None

    def __call__(self, x: Any) -> Values:
        return self._numbers(self.value, np.asarray(x, dtype=float))

    def of_order(self, x: Values, order: int) -> Values:
        """Return the derivative of an order; only of a function whose derivatives are known."""
        assert self.derivative is not None
        return self._numbers(self.derivative, x, order)

    def _numbers(self, function: Callable[..., Values], x: Values, *order: int) -> Values:
        """What a function returns: it may be anybody's, so it is looked at."""
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


def register_function(function: ScalarFunction) -> ScalarFunction:
    """Give a function a name by which layers and the command line find it.

    Raises
    ------
    ConfigurationError
        The name is taken.
    """
    if function.name in FUNCTIONS:
        got = repr(function.name)
        raise ConfigurationError(got_expected("function name", got, "a new name", "rename the function"))
    FUNCTIONS[function.name] = function
    return function


def scalar_function(function: str | Callable[[Values], Values]) -> ScalarFunction:
    """Return a registered function by its name, or make one of a callable.

    >>> from freqnet.approximate import scalar_function
    >>> bool(scalar_function("softplus")(0.0) == np.log(2))
    True

    Raises
    ------
    ConfigurationError
        No function has that name.
    """
    if isinstance(function, ScalarFunction):
        return function
    if callable(function):
        return ScalarFunction(getattr(function, "__name__", "function"), function)
    if not isinstance(function, str) or function not in FUNCTIONS:
        known = " or ".join(FUNCTIONS)
        raise ConfigurationError(got_expected("function", repr(function), known, "choose one, or register yours"))
    return FUNCTIONS[function]


# -- the logistic family: derivatives are polynomials of the sigmoid itself --------------------------------
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


def _softplus(x: Values) -> Values:
    return np.logaddexp(0.0, x)


def _softplus_derivative(x: Values, order: int) -> Values:
    return _sigmoid_derivative(x, order - 1) if order else _softplus(x)


# -- the normal family: derivatives are Hermite polynomials times the density -------------------------------
def normal_density(x: Values) -> Values:
    """The density of the standard normal distribution."""
    return np.exp(-0.5 * x * x) / sqrt(2 * pi)


def normal_distribution(x: Values) -> Values:
    """The standard normal distribution function."""
    from scipy.special import ndtr

    return ndtr(x)


def hermite(x: Values, degree: int) -> Values:
    """The Hermite polynomial of the standard normal weight, He_n: 1, x, x^2 - 1, ...; 0 below degree 0.

    >>> from freqnet.approximate.functions import hermite
    >>> float(hermite(np.array(2.0), 3))
    2.0
    """
    before, now = np.zeros_like(x), np.ones_like(x) if degree >= 0 else np.zeros_like(x)
    for n in range(degree):
        before, now = now, x * now - n * before
    return now


def normal_derivative(x: Values, order: int) -> Values:
    """The derivative of the normal distribution function, of an order from 0 (the function itself) up."""
    if not order:
        return normal_distribution(x)
    return (-1.0) ** (order - 1) * hermite(x, order - 1) * normal_density(x)


def _erf_derivative(x: Values, order: int) -> Values:
    return 2 * sqrt(2) ** order * normal_derivative(sqrt(2) * x, order) - (0 if order else 1)


def _times_x(derivative: Callable[[Values, int], Values]) -> Callable[[Values, int], Values]:
    """The derivatives of x f(x), from those of f."""

    def of_product(x: Values, order: int) -> Values:
        return x * derivative(x, order) + (order * derivative(x, order - 1) if order else 0)

    return of_product


# -- functions with kinks ------------------------------------------------------------------------------------
def _leaky(slope: float) -> Callable[[Values, int], Values]:
    """Identity above 0, a slope below; at the kink, the mean of both sides."""

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


def _identity_derivative(x: Values, order: int) -> Values:
    return x if order == 0 else np.full_like(x, float(order == 1))


LEAK = 0.01
_SMOOTH = {
    "identity": (_identity_derivative, "x"),
    "sigmoid": (_sigmoid_derivative, "1 / (1 + exp(-x))"),
    "tanh": (_tanh_derivative, "tanh(x)"),
    "softplus": (_softplus_derivative, "log1p(exp(-fabs(x))) + (x + fabs(x)) / 2"),
    "silu": (_times_x(_sigmoid_derivative), "x / (1 + exp(-x))"),
    "erf": (_erf_derivative, "erf(x)"),
    "gelu": (_times_x(normal_derivative), "x * ncdf(x)"),
}
_KINKED = {
    "relu": (_leaky(0.0), "(x + fabs(x)) / 2"),
    "leaky_relu": (_leaky(LEAK), f"x * (mpf({1 + LEAK!r}) + sign(x) * mpf({1 - LEAK!r})) / 2"),
    "softsign": (_softsign_derivative, "x / (1 + fabs(x))"),
}


def _at_order_0(derivative: Callable[[Values, int], Values]) -> Callable[[Values], Values]:
    return lambda x: derivative(x, 0)


for _table, _where in ((_SMOOTH, ()), (_KINKED, (0.0,))):
    for _name, (_derivative, _exact) in _table.items():
        register_function(ScalarFunction(_name, _at_order_0(_derivative), _derivative, _where, _exact))
