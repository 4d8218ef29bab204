"""Arguments of the wrong type raise freqnet's errors, not Python's."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from freqnet import nn
from freqnet.approximate import ScalarFunction, approximate, sine_series, taylor
from freqnet.audit import audit
from freqnet.errors import ConfigurationError, DataError, FreqnetError, ShapeError
from freqnet.spaces import Fourier
from freqnet.training import Settings

NO_NUMBERS = ("a", "3", ["relu"], None, {}, math.nan, np.array([1.0, 2.0]))
NO_COUNTS = (*NO_NUMBERS[:-1], 2.5, True)


def build(layer: nn.Module) -> nn.Module:
    layer.build(nn.Signal(Fourier.on((8, 8)), 2), np.random.default_rng(0))
    return layer


def cases(makers: dict[str, Callable[[Any], nn.Module]], values: tuple[Any, ...]) -> list[Any]:
    return [pytest.param(make, v, what, id=f"{what}-{v!r}") for what, make in makers.items() for v in values]


# -- layers --------------------------------------------------------------------------------------------
FUNCTIONS = {
    "Gaussian": nn.Gaussian,
    "Linearized": nn.Linearized,
    "RealImaginary": nn.RealImaginary,
    "FourierSeries": nn.FourierSeries,
}
NUMBERS = {
    "threshold": nn.MagnitudeGain,
    "first factor": nn.SecondHarmonic,
    "second factor": lambda v: nn.SecondHarmonic(second=v),
    "reach": lambda v: nn.FourierSeries("tanh", reach=v),
    "momentum": lambda v: nn.Gaussian(statistics="batch", momentum=v),
    "epsilon": lambda v: nn.PowerNorm(epsilon=v),
    "interval": lambda v: nn.Polynomial("tanh", interval=(v, 1.0)),
}
COUNTS = {
    "harmonics": lambda v: nn.FourierSeries("tanh", v),
    "wide": lambda v: nn.FourierSeries("tanh", wide=v),
    "degree": lambda v: nn.Polynomial("tanh", degree=v),
    "gate band": lambda v: nn.Polynomial(gate_band=(v, 1)),
    "channels": nn.Convolution,
}


@pytest.mark.parametrize("make", FUNCTIONS.values(), ids=FUNCTIONS)
@pytest.mark.parametrize("value", [["relu"], None, 3, {}, np.array([1.0, 2.0]), "step"], ids=repr)
def test_functions_have_names(make: Callable[[Any], nn.Module], value: Any):
    with pytest.raises(ConfigurationError, match=r"(activation|function): got .*, expected .* or "):
        build(make(value))


@pytest.mark.parametrize(("make", "value", "what"), [*cases(NUMBERS, NO_NUMBERS), *cases(COUNTS, NO_COUNTS)])
def test_numbers_are_numbers(make: Callable[[Any], nn.Module], value: Any, what: str):
    with pytest.raises(FreqnetError, match=rf"{what}.*expected .*; "):
        build(make(value))


@pytest.mark.parametrize("value", [None, 3, 2.5, ["relu", "tanh"], (1.0, None), (0.0, math.nan)], ids=repr)
def test_coefficients_are_a_name_or_numbers(value: Any):
    with pytest.raises(ShapeError, match=r"coefficients: got .*, expected a function's name, or at least two numbers"):
        build(nn.Polynomial(value))
    assert build(nn.Polynomial(np.array([0.0, 1.0]))).initial == (0.0, 1.0)


@pytest.mark.parametrize("value", [None, 3, ["minimax"], np.array([1.0, 2.0])], ids=repr)
def test_choices_are_among_those_there_are(value: Any):
    with pytest.raises(ConfigurationError, match=r"method: got .*, expected taylor or"):
        build(nn.Polynomial("tanh", method=value))
    with pytest.raises(ConfigurationError, match=r"statistics: got .*, expected 'batch' or 'sample'"):
        build(nn.PowerNorm(value))


def test_a_slope_of_none_is_not_divided_by(monkeypatch: pytest.MonkeyPatch):
    from freqnet.approximate import FUNCTIONS as REGISTERED

    flat = ScalarFunction("flat", np.cos, lambda x, order: np.cos(x + order * np.pi / 2) * (order != 1))
    monkeypatch.setitem(REGISTERED, "flat", flat)
    with pytest.raises(ConfigurationError, match="slope of flat at 0: got 0"):
        build(nn.Linearized("flat", unit_slope=True))
    build(nn.Linearized("flat"))


# -- user-defined functions ----------------------------------------------------------------------------
WRONG: dict[str, Callable[[Any], Any]] = {
    "one number for all": lambda x: 1.0,
    "one too few": lambda x: x[1:],
    "two rows": lambda x: np.stack([x, x]),
    "complex": lambda x: x + 1j,
    "nothing": lambda x: None,
    "text": lambda x: ["a"] * len(x),
    "ragged": lambda x: [[1.0], [1.0, 2.0]],
    "of single numbers": math.tanh,
    "of two arguments": lambda x, y: x,
}


@pytest.mark.parametrize("function", WRONG.values(), ids=WRONG)
@pytest.mark.parametrize("method", ["least-squares", "chebyshev", "minimax", "gaussian"])
def test_functions_return_a_number_for_each(function: Callable[[Any], Any], method: str):
    with pytest.raises(ConfigurationError, match=r"got .*, expected (a real number for each of an array|numbers); "):
        approximate(function, 3, method)


def test_a_function_made_for_arrays_is_taken():
    ours = approximate(np.vectorize(math.tanh, otypes=[float]), 3)
    np.testing.assert_allclose(ours.coefficients, approximate("tanh", 3).coefficients, atol=1e-12)
    assert approximate(lambda x: (x > 0).astype(int), 1, "least-squares").degree == 1


@pytest.mark.parametrize("derivative", [lambda x, order: np.ones(3), lambda x: x, lambda x, order: 1j], ids=range(3))
def test_derivatives_return_a_number_for_each(derivative: Callable[..., Any]):
    own = ScalarFunction("own", np.tanh, derivative)
    for find in (lambda: taylor(own, 2), lambda: approximate(own, 2, "gaussian")):
        with pytest.raises(ConfigurationError, match=r"function own: got .*, expected a real number for each"):
            find()


@pytest.mark.parametrize("values", [{"mean": "a"}, {"deviation": None}, {"mean": [0.0]}, {"deviation": math.inf}])
def test_the_distribution_has_a_mean_and_a_deviation(values: dict[str, Any]):
    with pytest.raises(ConfigurationError, match=r"gaussian: got mean .*, expected finite numbers"):
        approximate("tanh", 2, "gaussian", **values)


def test_series_of_functions_without_a_name():
    with pytest.raises(ConfigurationError, match="function: got 3, expected"):
        sine_series(3)
    with pytest.raises(ConfigurationError, match="series: got '3' harmonics"):
        sine_series("tanh", "3")


# -- audit and training --------------------------------------------------------------------------------
@pytest.mark.parametrize("seed", [-1, 0.5, "0", None, True])
def test_seeds_are_whole_numbers(seed: Any):
    network = nn.Network(nn.Door("fourier", (8, 8), (3, 3), 1), nn.Sequential(nn.Dense(2)))
    with pytest.raises(ConfigurationError, match=r"seed: got .*, expected a whole number of 0 or more"):
        audit(network, np.ones((4, 8, 8, 1)), seed)


@pytest.mark.parametrize("samples", ["images", [[1.0], [1.0, 2.0]], {}], ids=repr)
def test_samples_are_numbers(samples: Any):
    network = nn.Network(nn.Door("fourier", (8, 8), (3, 3), 1), nn.Sequential(nn.Dense(2)))
    with pytest.raises(DataError, match="audit: got samples that are no array of numbers"):
        audit(network, samples)


@pytest.mark.parametrize("value", ["a", None, math.nan, [0.1]], ids=repr)
def test_settings_are_numbers(value: Any):
    with pytest.raises(ConfigurationError, match=r"learning_rate: got .*, expected a finite number"):
        Settings(learning_rate=value)
