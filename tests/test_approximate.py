"""Approximations of scalar functions agree with mpmath and with each other, and refuse unusable arguments."""

from __future__ import annotations

from functools import cache
from types import CodeType

import numpy as np
import pytest
from mpmath import mp, mpf

from freqnet.approximate import (
    FUNCTIONS,
    METHODS,
    ScalarFunction,
    approximate,
    gaussian_coefficients,
    gaussian_moment,
    hermite_coefficients,
    register_function,
    scalar_function,
    sine_series,
    taylor,
)
from freqnet.approximate.functions import hermite
from freqnet.approximate.remez import remez
from freqnet.errors import ConfigurationError

NAMES = {n: getattr(mp, n) for n in ("exp", "tanh", "log1p", "fabs", "erf", "ncdf", "sign")} | {"mpf": mpf}
SMOOTH = [name for name, f in FUNCTIONS.items() if not f.kinks]


@cache
def parsed(expression: str) -> CodeType:
    """The code of an expression, which is evaluated at thousands of points."""
    return compile(expression, "<expression>", "eval")


def exact(name: str, x: object) -> mpf:
    expression = FUNCTIONS[name].exact
    assert expression is not None
    return eval(parsed(expression), NAMES | {"x": mpf(x)})


# -- the functions themselves --------------------------------------------------------------------------
@pytest.mark.parametrize("name", FUNCTIONS)
def test_values_agree_with_mpmath(name: str):
    points = [-30.0, -4.0, -0.7, -1e-9, 0.0, 1e-9, 0.3, 2.5, 30.0]
    with mp.workdps(50):
        wanted = [float(exact(name, x)) for x in points]
    np.testing.assert_allclose(FUNCTIONS[name](points), wanted, rtol=1e-13, atol=1e-15)


@pytest.mark.parametrize("name", FUNCTIONS)
def test_derivatives_agree_with_mpmath(name: str):
    function = FUNCTIONS[name]
    with mp.workdps(50):
        for x in (-1.3, 0.4, 2.2):
            wanted = [float(mp.diff(lambda t: exact(name, t), x, n)) for n in range(7)]
            found = [float(function.derivative(np.array(x), n)) for n in range(7)]
            np.testing.assert_allclose(found, wanted, rtol=1e-9, atol=1e-10)


@pytest.mark.parametrize("name", SMOOTH)
def test_taylor_agrees_with_mpmath(name: str):
    with mp.workdps(50):
        wanted = [float(c) for c in mp.taylor(lambda t: exact(name, t), 0, 7)]
    np.testing.assert_allclose(taylor(name, 7), wanted, atol=1e-12)


def test_taylor_at_a_kink_takes_the_mean_of_both_sides():
    assert taylor("relu", 3) == (0.0, 0.5, 0.0, 0.0)


# -- polynomials ---------------------------------------------------------------------------------------
def every(degree: int, name: str) -> dict:
    return {method: approximate(name, degree, method) for method in METHODS}


@pytest.mark.parametrize("name", FUNCTIONS)
def test_each_method_is_best_by_its_own_measure(name: str):
    for degree in range(1, 8):
        found = every(degree, name)
        slack = 1 + 1e-9
        for method, other in found.items():
            assert found["minimax"].sup_error <= other.sup_error * slack + 1e-13, (degree, method)
            assert found["least-squares"].rms_error <= other.rms_error * slack + 1e-13, (degree, method)
            assert other.rms_error <= other.sup_error * slack
            assert other.coefficients.shape == (degree + 1,)


def test_the_minimax_error_alternates():
    for name in set(FUNCTIONS) - {"identity"}:
        for degree in range(1, 10):
            found = approximate(name, degree, "minimax", (-3.0, 4.5))
            errors = found.error(found.alternation)
            assert len(errors) == degree + 2
            assert np.all(errors[1:] * errors[:-1] < 0), (name, degree)
            np.testing.assert_allclose(np.abs(errors), found.sup_error, rtol=1e-8, atol=1e-14)


# Errors on [-4, 4] at degree 3, to the digits given.
SUP = {
    "least-squares": {"sigmoid": 0.038, "tanh": 0.229, "relu": 0.375, "gelu": 0.30, "silu": 0.233},
    "minimax": {"sigmoid": 0.0228, "tanh": 0.179, "relu": 0.25, "gelu": 0.232, "silu": 0.154},
}


@pytest.mark.parametrize("method", SUP)
def test_known_errors(method: str):
    for name, wanted in SUP[method].items():
        digits = len(str(wanted)) - 2
        assert round(approximate(name, 3, method).sup_error, digits) == wanted, name


def test_errors_agree_with_mpmath():
    for name, method in (("tanh", "minimax"), ("gelu", "least-squares"), ("relu", "chebyshev"), ("silu", "taylor")):
        found = approximate(name, 4, method, (-2.0, 3.0))
        with mp.workdps(40):
            polynomial = lambda x, c=found.coefficients: sum(mpf(float(v)) * x**i for i, v in enumerate(c))
            difference = lambda x, n=name, p=polynomial: exact(n, x) - p(x)
            square = mp.quad(lambda x, d=difference: d(x) ** 2, [-2, -1, 0, 1, 2, 3]) / 5
            dense = max(abs(difference(mpf(-2) + mpf(5) * i / 2000)) for i in range(2001))
        assert abs(float(mp.sqrt(square)) - found.rms_error) < 1e-10
        assert float(dense) <= found.sup_error + 1e-12
        assert found.sup_error < float(dense) * 1.001


def test_least_squares_is_orthogonal_to_the_error():
    found = approximate("gelu", 5, "least-squares", (-1.0, 3.0))
    nodes, weights = np.polynomial.legendre.leggauss(200)
    x = 1 + 2 * nodes
    for power in range(6):
        assert abs(np.sum(weights * found.error(x) * x**power)) < 1e-11 * 3.0**power


def test_a_function_of_ones_own():
    found = approximate(lambda x: np.exp(-x * x), 6, "minimax", (-1, 1))
    assert found.sup_error < 1e-3
    with pytest.raises(ConfigurationError, match="taylor of <lambda>: got no derivatives"):
        approximate(lambda x: x, 2, "taylor")
    own = register_function(ScalarFunction("cube", lambda x: x**3))
    try:
        assert scalar_function("cube") is own
        np.testing.assert_allclose(approximate("cube", 3, "least-squares").coefficients, [0, 0, 0, 1], atol=1e-12)
        with pytest.raises(ConfigurationError, match=r"function: got 'cub', expected identity or .* or cube;"):
            approximate("cub", 3)
        with pytest.raises(ConfigurationError, match="function name: got 'cube'"):
            register_function(ScalarFunction("cube", np.abs))
    finally:
        del FUNCTIONS["cube"]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"function": "step", "degree": 2}, "function: got 'step', expected identity or"),
        ({"function": "relu", "degree": 0}, "degree: got 0, expected 1 to 9"),
        ({"function": "relu", "degree": 10}, "degree: got 10"),
        ({"function": "relu", "degree": 2.5}, "degree: got 2.5"),
        ({"function": "relu", "degree": 2, "method": "best"}, "method: got 'best', expected taylor or"),
        ({"function": "relu", "degree": 2, "interval": (1, 1)}, "interval: got"),
        ({"function": "relu", "degree": 2, "interval": (0, np.inf)}, "interval: got"),
        ({"function": "relu", "degree": 2, "interval": (1,)}, "interval: got"),
        ({"function": "relu", "degree": 2, "interval": ("a", 3)}, "interval: got"),
        ({"function": lambda x: x * np.nan, "degree": 2, "method": "chebyshev"}, "chebyshev of <lambda>: got values"),
        (
            {"function": "relu", "degree": 2, "method": "gaussian", "deviation": -1.0},
            "gaussian: got mean 0.0, deviation",
        ),
    ],
)
def test_mistakes_get_a_message(options: dict, message: str):
    with pytest.raises(ConfigurationError, match=message):
        approximate(**options)


def test_remez_refuses_what_is_not_finite():
    with np.errstate(all="ignore"), pytest.raises(ConfigurationError, match="not finite"):
        remez(lambda x: 1 / x, 3, kinks=(0.0,))


# -- Gaussian coefficients -----------------------------------------------------------------------------
def by_quadrature(name: str, mean: float, deviation: float, degree: int) -> list[float]:
    """Return E[f(mean + deviation Z) He_j(Z)] / j! to 20 digits, for j up to the degree."""
    with mp.workdps(20):
        mean, deviation = mpf(mean), mpf(deviation)
        kink = -mean / deviation
        breaks = sorted([mpf(b) for b in (-14, -7, -3, 0, 3, 7, 14)] + ([kink] if abs(kink) < 14 else []))

        # The integrals of all degrees take the function at the same points.
        @cache
        def terms(z: mpf) -> list[mpf]:
            he = [mpf(1), z]
            for n in range(1, degree):
                he.append(z * he[n] - n * he[n - 1])
            factor = exact(name, mean + deviation * z) * mp.npdf(z)
            return [factor * h for h in he]

        return [float(mp.quad(lambda z, j=j: terms(z)[j], breaks) / mp.factorial(j)) for j in range(degree + 1)]


def random_normals(count: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    generator = np.random.default_rng(seed)
    return 2 * generator.normal(size=count), 10 ** generator.uniform(-6, 0.7, count)


@pytest.mark.parametrize("count", [30, pytest.param(400, marks=pytest.mark.slow)])
def test_relu_coefficients_agree_with_quadrature(count: int):
    for mean, deviation in zip(*random_normals(count, seed=0), strict=True):
        found = hermite_coefficients("relu", np.array(mean), np.array(deviation), 3)
        np.testing.assert_allclose(found, by_quadrature("relu", mean, deviation, 3), rtol=0, atol=1e-12)


@pytest.mark.parametrize("name", sorted(set(FUNCTIONS) - {"identity", "relu"}))
def test_coefficients_of_other_functions_agree_with_quadrature(name: str):
    for mean, deviation in zip(*random_normals(4, seed=1), strict=True):
        found = hermite_coefficients(name, np.array(mean), np.array(deviation), 3)
        np.testing.assert_allclose(found, by_quadrature(name, mean, deviation, 3), rtol=0, atol=1e-12)


@pytest.mark.parametrize("name", ["relu", "leaky_relu", "gelu", "erf", "sigmoid", "tanh", "silu", "softplus"])
def test_without_deviation_the_tangent_is_left(name: str):
    means = np.array([-1.5, 0.0, 0.7, 1e-300])
    with np.errstate(invalid="raise", divide="raise", over="raise"):
        found = gaussian_coefficients(name, means, np.zeros(4), 3)
    function = FUNCTIONS[name]
    np.testing.assert_allclose(found[0], function(means), atol=1e-15)
    np.testing.assert_allclose(found[1][[0, 2]], function.derivative(means[[0, 2]], 1), atol=1e-14)
    assert np.isfinite(found).all()


def test_moments_are_derivatives_of_each_other():
    """Differences confirm d M_j / d mean = M_{j+1} and d M_j / d variance = M_{j+2} / 2."""
    mean, variance, h = np.array([0.3, -1.1]), np.array([0.8, 2.0]), 1e-5
    for name in ("relu", "gelu", "erf", "tanh", "leaky_relu"):
        moment = lambda m, v, j, n=name: gaussian_moment(n, m, np.sqrt(v), j)
        for j in range(3):
            by_mean = (moment(mean + h, variance, j) - moment(mean - h, variance, j)) / (2 * h)
            by_variance = (moment(mean, variance + h, j) - moment(mean, variance - h, j)) / (2 * h)
            np.testing.assert_allclose(by_mean, moment(mean, variance, j + 1), atol=1e-8)
            np.testing.assert_allclose(by_variance, moment(mean, variance, j + 2) / 2, atol=1e-8)


def test_residual_variance_of_relu():
    """At mean 0, degree 1 leaves 26.6 % of the variance and degree 2 leaves 3.3 %."""
    c = hermite_coefficients("relu", np.array(0.0), np.array(1.0), 2)
    total = 0.5 - 1 / (2 * np.pi)
    left = total - np.cumsum([c[1] ** 2, 2 * c[2] ** 2])
    np.testing.assert_allclose(left / total, [0.266, 0.033], atol=1e-3)


def test_a_gaussian_polynomial_is_the_nearest_one():
    z = np.linspace(-9, 9, 20001)
    weights = np.exp(-z * z / 2)
    found = approximate("silu", 3, "gaussian", mean=0.5, deviation=1.5)
    x = 0.5 + 1.5 * z
    for j in range(4):
        assert abs(np.sum(weights * found.error(x) * hermite(z, j)) / weights.sum()) < 1e-10


# -- sums of sines -------------------------------------------------------------------------------------
@pytest.mark.parametrize("name", ["sigmoid", "tanh", "erf", "softplus", "silu", "gelu"])
def test_sines_follow_smooth_functions(name: str):
    errors = [sine_series(name, harmonics).sup_error for harmonics in (1, 2, 3, 4)]
    assert errors == sorted(errors, reverse=True)
    assert errors[-1] < 8e-3


@pytest.mark.parametrize("name", ["relu", "leaky_relu"])
def test_sines_follow_kinks_slowly(name: str):
    errors = np.array([sine_series(name, harmonics).sup_error for harmonics in (4, 8, 16)])
    np.testing.assert_allclose(errors[1:] / errors[:-1], 0.5, atol=0.05)


def test_amplitudes_are_the_transform_of_the_derivative():
    """Quadrature of the definition confirms the closed form."""
    for name, order in (("sigmoid", 1), ("tanh", 1), ("erf", 1), ("silu", 2), ("gelu", 2), ("softplus", 2)):
        series, derivative = sine_series(name, 3), FUNCTIONS[name].derivative
        x = np.linspace(-45, 45, 60001)
        for k, amplitude in enumerate(series.amplitudes):
            w = (2 * k + 1) * series.frequency
            transform = np.trapezoid(derivative(x, order) * np.cos(w * x), x)
            length = np.pi / (2 * series.frequency)
            assert abs(abs(amplitude) - transform / (length * w**order)) < 1e-9
    with pytest.raises(ConfigurationError, match="series of: got 'softsign'"):
        sine_series("softsign")
