"""`compare_with_twin` accuses no right layer, whatever its arguments, and excuses no wrong one."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from freqnet import nn, ops
from freqnet.autodiff import Tensor
from freqnet.errors import ConfigurationError, ShapeError, SpaceError
from freqnet.nn.twin import TwinReport
from freqnet.ops.arithmetic import sum_to
from freqnet.spaces import KERNELS

EXACT = 1e-9


def worst(report: TwinReport) -> float:
    return float(np.max([report.value_error, report.input_gradient_error, report.parameter_gradient_error]))


# -- right layers --------------------------------------------------------------------------------------
FLAGS = st.booleans()
COEFFICIENTS = st.lists(st.floats(-1, 1).filter(lambda c: c == 0 or abs(c) > 1e-3), min_size=2, max_size=5).map(tuple)
STATISTICS = st.sampled_from(["sample", "batch"])
GATES = st.sampled_from([None, 0, 1])
FUNCTIONS = st.sampled_from(["relu", "gelu", "erf", "tanh", "sigmoid"])
LAYERS = st.one_of(
    st.builds(nn.Convolution, st.just(2), st.integers(1, 4), st.sampled_from(KERNELS), bias=FLAGS, causal=FLAGS),
    st.builds(nn.Convolution, st.sampled_from([2, 4]), st.integers(1, 3), groups=st.just(2)),
    st.builds(nn.TruncationPool, st.integers(1, 9)),
    st.builds(nn.LowPass, st.integers(0, 1)),
    st.builds(nn.AveragePool, st.integers(1, 4), st.just(1), st.sampled_from(["dirichlet", "sinc"])),
    st.builds(nn.FrequencyDropout, st.integers(0, 1)),
    st.builds(nn.PowerNorm, STATISTICS, epsilon=st.just(0.1)),
    st.builds(nn.Linearized, FUNCTIONS, st.just(False)),
    st.builds(nn.Polynomial, COEFFICIENTS, trainable=FLAGS, gate_band=GATES, exact=FLAGS),
    st.builds(nn.Polynomial, FUNCTIONS, trainable=FLAGS, exact=FLAGS, degree=st.integers(1, 4)),
    st.builds(nn.Gaussian, FUNCTIONS, st.integers(1, 3), GATES, FLAGS, STATISTICS, epsilon=st.just(0.1)),
    st.builds(nn.FourierSeries, st.sampled_from(["tanh", "sigmoid", "erf"]), st.integers(1, 3), wide=st.integers(1, 2)),
    st.builds(nn.Window, st.integers(1, 9)),
    st.just(nn.GlobalAverage()),
    st.just(nn.PowerSpectrum()),
)


@settings(max_examples=3000, deadline=None)
@given(st.lists(LAYERS, min_size=1, max_size=2), st.sampled_from([9, 12, 16, (13, 10)]), st.integers(1, 4), FLAGS)
def test_no_right_layer_is_accused(layers: Any, grid: Any, batch: int, wrapped: bool) -> None:
    layer = nn.Sequential(*layers) if wrapped or len(layers) > 1 else layers[0]
    try:
        report = nn.compare_with_twin(layer, grid, 2, batch=batch)
    except (ShapeError, ConfigurationError):
        # Such as a pool to more samples than there are, or a layer of signals after a head.
        return
    assert worst(report) < EXACT, layer


@pytest.mark.parametrize("name", ["erf", "relu", "gelu", "softplus"])
@pytest.mark.parametrize("degree", [1, 3, 4, 5])
def test_the_degree_is_that_of_the_polynomial_not_of_its_name(name: str, degree: int) -> None:
    """A name of three letters was once taken for a polynomial of degree 2."""
    report = nn.compare_with_twin(nn.Polynomial(name, degree=degree, exact=True), 19, 2)
    assert worst(report) < 1e-11


# -- wrong layers --------------------------------------------------------------------------------------
@dataclass(eq=False)
class Planted(nn.Module):
    """``small * x + constant`` with a fault on spectra only."""

    fault: str = ""

    def _build(self, incoming: nn.Signal, generator: np.random.Generator) -> nn.Signal:
        self.add_parameter("gain", np.ones((1, incoming.channels)))
        self.add_parameter("offset", np.ones((1, incoming.channels)))
        self.calls = 0
        return incoming

    def forward(self, x: Tensor) -> Tensor:
        gain, offset = self.parameters["gain"], self.parameters["offset"]
        right = x * (gain * 1e-3) + offset
        self.calls += 1
        return right if not x.space.is_spectral or not self.fault else FAULTS[self.fault](self, x, right)


def with_mode(x: Tensor, factor: float, index: tuple[int, ...]) -> Tensor:
    factors = np.ones((*x.space.shape, 1, 1))
    factors[index] = factor
    change = Tensor((x.data * (factors - 1)).astype(x.dtype), x.space)
    return x + change


def small_gradient(layer: Planted, x: Tensor, right: Tensor) -> Tensor:
    """The value is right, but the gradient of the gain, a thousandth of that of the offset, has the wrong sign."""
    gain = layer.parameters["gain"]
    term = x * (gain * -1e-3)
    return right - x * (gain * 1e-3) + term - Tensor(term.data - (x * (gain * 1e-3)).data, x.space)


FAULTS: dict[str, Any] = {
    "scale": lambda layer, x, right: right * (1 + 1e-6),
    "constant": lambda layer, x, right: right + 1e-6,
    "one mode": lambda layer, x, right: with_mode(right, 1 + 1e-3, (1,) * x.space.ndim),
    "zero": lambda layer, x, right: right * 0.0,
    "nan": lambda layer, x, right: with_mode(right, np.nan, (1,) * x.space.ndim),
    "low-pass": lambda layer, x, right: ops.truncate(right, 1),
    "only in evaluation": lambda layer, x, right: right if layer.training else right * 1.001,
    "only in training": lambda layer, x, right: right * 1.001 if layer.training else right,
    "only in the second call": lambda layer, x, right: right * (1.0 if layer.calls < 2 else 1.001),
    "only for more than one example": lambda layer, x, right: right * (1.0 if x.shape[-2] == 1 else 1.001),
    "only at even sizes": lambda layer, x, right: right * (1.0 if x.space.grid[0] % 2 else 1.001),
    "gradient of a small parameter": small_gradient,
    "gradient of the input": lambda layer, x, right: right.detach() + (right - right.detach()) * 0.9,
    "output without the input": lambda layer, x, right: right - right + layer.parameters["offset"],
    "channels": lambda layer, x, right: sum_to(right, shape=(*right.shape[:-1], 1)),
    "examples": lambda layer, x, right: sum_to(right, shape=(*right.shape[:-2], 1, right.shape[-1])),
    "without history": lambda layer, x, right: right.detach(),
}


@pytest.fixture
def planted() -> Iterator[None]:
    """Register the layer for the time of a test."""
    nn.layer(Planted)
    yield
    nn.LAYERS.pop("Planted")


@pytest.mark.usefixtures("planted")
@pytest.mark.filterwarnings("ignore:invalid value")
@pytest.mark.parametrize("fault", [fault for fault in FAULTS if fault != "without history"])
def test_no_wrong_layer_is_excused(fault: str) -> None:
    assert worst(nn.compare_with_twin(Planted(), 8, 2)) < 1e-12
    assert not worst(nn.compare_with_twin(Planted(fault), 8, 2)) < 1e-7


@pytest.mark.usefixtures("planted")
def test_an_output_without_history_has_no_gradient_to_compare() -> None:
    with pytest.raises(SpaceError, match="without history"):
        nn.compare_with_twin(Planted("without history"), 8, 2)


@pytest.mark.usefixtures("planted")
def test_a_layer_is_compared_on_the_grid_and_the_batch_that_are_given() -> None:
    assert worst(nn.compare_with_twin(Planted("only at even sizes"), 9, 2)) < 1e-12
    assert worst(nn.compare_with_twin(Planted("only for more than one example"), 8, 2, batch=1)) < 1e-12
