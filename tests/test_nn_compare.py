"""`compare_with_twin`: layers equal their spatial counterpart, and differences are reported."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

import numpy as np
import pytest

from freqnet import nn
from freqnet.autodiff import Tensor
from freqnet.errors import ConfigurationError, ShapeError
from freqnet.nn.twin import TwinReport
from freqnet.spaces import KERNELS, Fourier

EXACT = 1e-11


def worst(report: TwinReport) -> float:
    return max(report.value_error, report.input_gradient_error, report.parameter_gradient_error)


CASES: list[tuple[nn.Module, Any, Any]] = [
    *((nn.Convolution(3, 3, kernel), (9, 8), None) for kernel in KERNELS),
    (nn.Convolution(4, (3, 2), groups=2), (5, 6), (2, 1)),
    (nn.TruncationPool(5), (8, 9), None),
    (nn.TruncationPool(4), 9, None),
    (nn.LowPass(1), (8, 3), None),
    (nn.AveragePool(2), (8, 6), None),
    (nn.AveragePool(3, 1, "sinc"), 7, None),
    (nn.FrequencyDropout(), (9, 7), None),
    (nn.PowerNorm(), (8, 5), None),
    (nn.PowerNorm("sample"), (8, 5), (3, 1)),
    (nn.Linearized("sigmoid"), 8, None),
    (nn.Polynomial(), (10, 7), (3, 2)),
    (nn.Polynomial((0.1, 0.5, 0.2, -0.1)), (13, 9), (3, 2)),
    (nn.Polynomial((0.1, 0.5, 0.2, -0.1), exact=True), (13, 9), (3, 2)),
    (nn.Polynomial((0.1, 0.5, 0.2), gate_band=1), 9, 2),
    (nn.Window(4), 9, 2),
    (nn.GlobalAverage(), (4, 3, 5), None),
    (nn.PowerSpectrum(), (4, 3, 5), None),
    (nn.Sequential((nn.Window(4), nn.Convolution(2, 3, boundary="linear"))), 9, 2),
    (nn.Residual(nn.Sequential((nn.Convolution(5), nn.PowerNorm(), nn.Polynomial()))), (10, 7), (3, 2)),
    (nn.Sequential((nn.Convolution(3), nn.PowerNorm(), nn.Polynomial(), nn.PowerSpectrum(), nn.Dense(4))), (7, 7), 2),
]


@pytest.mark.parametrize(("layer", "grid", "band"), CASES, ids=lambda v: type(v).__name__ if v else "full")
def test_layers_equal_their_twin(layer: nn.Module, grid: Any, band: Any):
    before = layer.describe()
    report = nn.compare_with_twin(layer, grid, 2, band)
    assert worst(report) < EXACT
    assert (layer.describe(), layer.parameters) == (before, {})
    assert nn.compare_with_twin(layer, grid, 2, band) == report
    assert worst(nn.compare_with_twin(layer, grid, 4, band, batch=1, seed=3)) < EXACT


@pytest.mark.parametrize("grid", [8, 9, 12, 13])
@pytest.mark.parametrize("degree", [2, 3, 4])
def test_products_that_alias_are_reported(degree: int, grid: int):
    """On n samples, the largest band without aliasing is the largest m with n > (degree + 1) m."""
    layer = nn.Polynomial((0.0,) * degree + (1.0,), exact=True)
    band = (grid - 1) // (degree + 1)
    assert worst(nn.compare_with_twin(layer, grid, 1, band)) < EXACT
    assert nn.compare_with_twin(layer, grid, 1, band + 1).value_error > 1e-3


@pytest.mark.parametrize(
    ("broken", "field"),
    [("forward", "value_error"), ("input", "input_gradient_error"), ("response", "parameter_gradient_error")],
)
def test_a_wrong_verb_is_reported(broken: str, field: str, monkeypatch: pytest.MonkeyPatch):
    right = Fourier.channel_product

    def wrong(self: Fourier, a: np.ndarray, b: np.ndarray, form: str, groups: int, size: Any) -> np.ndarray:
        return right(self, a, b, form, groups, size) * (1 + 1e-6 * (form == broken))

    monkeypatch.setattr(Fourier, "channel_product", wrong)
    report = asdict(nn.compare_with_twin(nn.Convolution(3, bias=False), 9, 2))
    assert {name for name, error in report.items() if error > EXACT} == {field}
    assert report[field] == pytest.approx(1e-6, rel=0.01)


def test_a_wrong_layer_is_reported(monkeypatch: pytest.MonkeyPatch):
    right = nn.GlobalAverage.forward

    def forward(self: nn.GlobalAverage, x: Tensor) -> Tensor:
        return right(self, x) * (1.0 if isinstance(x.space, Fourier) else 0.999)

    monkeypatch.setattr(nn.GlobalAverage, "forward", forward)
    report = nn.compare_with_twin(nn.GlobalAverage(), 9, 2)
    assert report.value_error == pytest.approx(1e-3, rel=0.01)
    assert report.input_gradient_error == pytest.approx(1e-3, rel=0.01)
    assert report.parameter_gradient_error == 0.0


@pytest.mark.parametrize("layer", [nn.PowerNorm(), nn.FrequencyDropout(0)], ids=lambda v: type(v).__name__)
def test_what_only_training_shows_is_reported(layer: nn.Module, monkeypatch: pytest.MonkeyPatch):
    right = type(layer).forward

    def forward(self: nn.Module, x: Tensor) -> Tensor:
        return right(self, x) * (0.999 if self.training and isinstance(x.space, Fourier) else 1.0)

    monkeypatch.setattr(type(layer), "forward", forward)
    assert nn.compare_with_twin(layer, 9, 2).value_error == pytest.approx(1e-3, rel=0.01)


def test_what_a_bias_of_zero_hides_is_reported(monkeypatch: pytest.MonkeyPatch):
    right = Fourier.constant
    monkeypatch.setattr(Fourier, "constant", lambda self, value: right(self, value * 0.9))
    assert nn.compare_with_twin(nn.Convolution(2), 9, 2).value_error > 1e-3


def test_layers_without_a_twin():
    for grid in (9, 8):
        with pytest.raises(ShapeError, match=r"twin: got .* expected parameters that are the same in both domains"):
            nn.compare_with_twin(nn.Dense(2), grid, 1)
    with pytest.raises(ShapeError, match=r"twin: got 1.kernel of shape"):
        nn.compare_with_twin(nn.Sequential((nn.TruncationPool(4), nn.Convolution(1, kernel="modes"))), 9, 1, 3)
    with pytest.raises(ShapeError, match="Pointwise relu: got"):
        nn.compare_with_twin(nn.Pointwise(), 9, 1)
    with pytest.raises(ShapeError, match="linear convolution: got"):
        nn.compare_with_twin(nn.Convolution(1, boundary="linear"), 9, 1)
    with pytest.raises(ShapeError, match="band: got 5, expected at most 4"):
        nn.compare_with_twin(nn.LowPass(1), 9, 1, 5)
    with pytest.raises(ConfigurationError, match="Nyquist"):
        nn.compare_with_twin(nn.LowPass(1), 8, 1, 4)
