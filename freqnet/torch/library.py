"""PyTorch as an array library: its own functions, which do not convert types as the standard's do."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import Any

import numpy as np
import torch
from torch.nn.functional import conv1d, conv2d, conv3d, pad

from freqnet.arrays.library import Library


class TorchLibrary(Library):
    """PyTorch: see `Library`. PyTorch differentiates all of its functions."""

    def __init__(self) -> None:
        super().__init__(torch)

    def function(self, name: str) -> Callable[..., Any]:
        """Return a function by the name of the standard."""
        return NATIVE[name] if name in NATIVE else super().function(name)

    def kind(self, x: torch.Tensor) -> str:
        """Return the kind of a tensor's numbers."""
        return "complex" if x.is_complex() else "real" if x.is_floating_point() else "whole"

    def hand_over(self, array: np.ndarray, device: Any) -> torch.Tensor:
        """Return a copy of an array on a device."""
        # Constants that are made in inference mode could not be used in training afterwards.
        with torch.inference_mode(False):
            return torch.from_numpy(array.copy()).to(device)

    def device(self, x: torch.Tensor) -> torch.device:
        """Return where a tensor is."""
        return x.device

    def computing(self, device: torch.device) -> AbstractContextManager[Any]:
        """Keep the precision of the network, also where PyTorch would choose another."""
        try:
            return torch.autocast(device.type, enabled=False)
        except RuntimeError:
            # Some devices, such as meta, have one precision only.
            return nullcontext()

    def without_gradients(self) -> AbstractContextManager[Any]:
        """Return a context in which PyTorch records no derivatives."""
        return torch.no_grad()


def _padded(x: torch.Tensor, before: Sequence[int], after: Sequence[int]) -> torch.Tensor:
    # PyTorch begins with the last axis.
    return pad(x, [n for pair in zip(reversed(before), reversed(after), strict=True) for n in pair])


def _correlated(x: torch.Tensor, weights: torch.Tensor, groups: int) -> torch.Tensor:
    # By the number of axes of the images.
    return {3: conv1d, 4: conv2d, 5: conv3d}[x.ndim](x, weights, groups=groups)


def _softplus(x: torch.Tensor) -> torch.Tensor:
    # torch.nn.functional.softplus is a straight line above 20, where 9 digits are right.
    return torch.logaddexp(x, x.new_zeros(()))


NATIVE: dict[str, Callable[..., Any]] = {
    "add": torch.add, "subtract": torch.sub, "multiply": torch.mul, "divide": torch.div, "matmul": torch.matmul,
    "maximum": torch.maximum, "greater": torch.gt, "where": torch.where, "negative": torch.neg, "exp": torch.exp,
    "log": torch.log, "tanh": torch.tanh, "relu": torch.relu, "sqrt": torch.sqrt, "reciprocal": torch.reciprocal,
    "erf": torch.erf, "sigmoid": torch.sigmoid, "softplus": _softplus, "clip": torch.clamp, "complex": torch.complex,
    "correlate": _correlated, "pad": _padded, "reshape": torch.reshape, "permute_dims": torch.permute,
    "select": torch.select,
    "take": lambda x, index, axis: x.index_select(axis, index),
    "expand_dims": lambda x, axis: x.unsqueeze(axis),
    "concat": lambda parts, axis: torch.cat(parts, axis),
    "sum": lambda x, axis, keepdims: x.sum(axis, keepdim=keepdims),
    "mean": lambda x, axis, keepdims: x.mean(axis, keepdim=keepdims),
    "astype": lambda x, dtype: x.to(dtype),
}  # fmt: skip
TORCH = TorchLibrary()
