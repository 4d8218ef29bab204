"""Neural networks whose tensors stay in the frequency domain, from the input to the logits."""

from importlib import import_module as _import_module
from typing import Any as _Any

# NumPy first: imported from deep inside freqnet it takes a quarter longer.
import numpy as _numpy  # noqa: F401

# Importing ops registers the operations that the operators of tensors call.
from freqnet import ops
from freqnet.autodiff import Tensor, backward, check_gradients, gradient, no_grad
from freqnet.errors import FreqnetError
from freqnet.spaces import Fourier, Grid, Space, get_domain, no_transforms, transform_count

__version__ = "0.1.0"

__all__ = [
    "Fourier",
    "FreqnetError",
    "Grid",
    "Space",
    "Tensor",
    "approximate",
    "audit",
    "augment",
    "backward",
    "check_gradients",
    "data",
    "get_domain",
    "gradient",
    "nn",
    "no_grad",
    "no_transforms",
    "ops",
    "optim",
    "plot",
    "report",
    "tasks",
    "training",
    "transform_count",
]

_MODULES = ("approximate", "audit", "augment", "data", "nn", "optim", "plot", "report", "tasks", "training")


def __getattr__(name: str) -> _Any:
    """Import a subpackage when it is first used."""
    if name in _MODULES:
        return _import_module(f"freqnet.{name}")
    raise AttributeError(f"module 'freqnet' has no attribute {name!r}")


def __dir__() -> list[str]:
    return [*__all__, "__version__"]
