"""Conversion of modules of PyTorch, against PyTorch's own outputs."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("onnxscript")
from torch import nn  # noqa: E402

from freqnet.convert import from_torch  # noqa: E402
from freqnet.errors import ConfigurationError  # noqa: E402


class Block(nn.Module):
    """A residual block with a stride and a shortcut of its own."""

    def __init__(self) -> None:
        super().__init__()
        self.body = nn.Sequential(nn.Conv2d(4, 6, 3, 2, 1), nn.BatchNorm2d(6), nn.Conv2d(6, 6, 3, padding=1, groups=2))
        self.path = nn.Conv2d(4, 6, 1, 2)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.body(x) + self.path(x)


def linear() -> nn.Module:
    torch.manual_seed(0)
    first = (nn.Conv2d(2, 4, 3, padding=1, padding_mode="reflect"), Block(), nn.Dropout(0.5))
    model = nn.Sequential(*first, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(6, 5), nn.SiLU(), nn.Linear(5, 3))
    norm = next(m for m in model.modules() if isinstance(m, nn.BatchNorm2d))
    norm.running_mean.normal_()
    norm.running_var.uniform_(0.5, 2)
    return model


@pytest.mark.parametrize("layout", [torch.contiguous_format, torch.channels_last])
def test_a_module_without_spatial_activations_is_exact(layout: torch.memory_format) -> None:
    model = linear().to(memory_format=layout).train()
    x = torch.randn(9, 2, 9, 8).contiguous(memory_format=layout)
    found = from_torch(model, x, standardise=(0.5, 2.0))
    assert model.training
    with torch.no_grad():
        wanted = model.eval()(x).numpy()
    samples = np.moveaxis(x.numpy(), 1, -1) * 2.0 + 0.5
    assert found.network.predict(samples) == pytest.approx(wanted, abs=2e-5)
    # Names are those of the modules.
    assert {"0", "5"} <= {row.name for row in found.layers}


def test_other_values_are_refused() -> None:
    with pytest.raises(ConfigurationError, match="a Sequential and a ndarray"):
        from_torch(linear(), np.zeros((2, 2, 9, 8)))
    with pytest.raises(ConfigurationError, match=r"LayerNorm.*train with batch normalisation"):
        from_torch(nn.Sequential(nn.LayerNorm(8), nn.Flatten(), nn.Linear(144, 3)), torch.zeros(4, 2, 9, 8))


def test_a_compiled_module_is_that_which_it_compiles() -> None:
    model, x = linear(), torch.randn(4, 2, 9, 8)
    both = (from_torch(module, x).network for module in (torch.compile(model, backend="eager"), model))
    compiled, plain = (network.predict(x.movedim(1, -1)) for network in both)
    np.testing.assert_array_equal(compiled, plain)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (
            {"example": torch.zeros(4, 2, 9, 8, dtype=torch.uint8)},
            "got an example of torch.uint8 with 4 axes",
        ),
        ({"example": torch.zeros(9, 8)}, "got an example of torch.float32 with 2 axes"),
        ({"example": torch.zeros(2, 9, 8)}, r"cannot export.*pass examples \(batch, channels, \*grid\)"),
        ({"standardise": ((0.1, 0.2, 0.3), 2.0)}, "mean: got 0.1, 0.2, 0.3, expected"),
    ],
)
def test_bad_arguments_are_one_short_line(arguments: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigurationError, match=message) as caught:
        from_torch(linear(), **{"example": torch.zeros(4, 2, 9, 8)} | arguments)
    assert "\n" not in str(caught.value)
    assert len(str(caught.value)) < 400


def test_values_of_which_the_powers_overflow() -> None:
    model = nn.Sequential(nn.Conv2d(1, 2, 3), nn.ReLU(), nn.Flatten(), nn.Linear(32, 3))
    with torch.no_grad():
        model[0].weight.mul_(1e20)
    with pytest.raises(ConfigurationError, match=r"values of which the powers overflow.*pass a lower degree"):
        from_torch(model, torch.randn(8, 1, 6, 6))


def test_double_precision_and_functions_with_cases() -> None:
    torch.manual_seed(0)
    layers = (nn.Conv2d(1, 3, 3), nn.Softplus(), nn.Conv2d(3, 3, 3), nn.GELU())
    model = nn.Sequential(*layers, nn.Flatten(), nn.Linear(48, 3))
    x = torch.randn(40, 1, 8, 8)
    single = from_torch(model, x)
    double = from_torch(model.double(), x.double())
    names = ["Convolution", "Polynomial", "Convolution", "Polynomial", "Dense"]
    assert [row.layer for row in single.layers] == [row.layer for row in double.layers] == names
    assert double.layers[-1].error == pytest.approx(single.layers[-1].error, rel=1e-2)


def test_an_export_that_differs_from_the_module_is_refused() -> None:
    """PyTorch leaves out the divisor of an average pool, without an error."""
    x = torch.randn(8, 1, 8, 8)
    parts = nn.Flatten(), nn.Linear(16, 3)
    with pytest.raises(ConfigurationError, match=r"PyTorch's export of Sequential: got outputs that differ by 0\.\d+"):
        from_torch(nn.Sequential(nn.AvgPool2d(2, divisor_override=3), *parts), x)
    assert from_torch(nn.Sequential(nn.AvgPool2d(2), *parts), x).layers[-1].error < 1e-5
