"""The operators of ONNX that rules write, as functions of PyTorch.

Inputs that say where or how, such as axes and sizes, are constants, and become arguments of the function.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from torch.nn.functional import conv1d, conv2d, conv3d, pad

# The function of some values, and the names of these values.
Made = tuple[Callable[..., Any], tuple[str, ...]]
# ``operator(fixed, inputs, **attributes)`` where ``fixed(name)`` is the array of a constant.
Operator = Callable[..., Made]


def _plain(function: Callable[..., Any]) -> Operator:
    return lambda fixed, inputs: (function, inputs)


def _reshape(fixed: Callable[[str], np.ndarray], inputs: tuple[str, ...]) -> Made:
    sizes = tuple(fixed(inputs[1]).tolist())
    return lambda x: x.reshape(sizes), inputs[:1]


def _transpose(fixed: Callable[[str], np.ndarray], inputs: tuple[str, ...], perm: list[int]) -> Made:
    return lambda x: x.permute(perm), inputs


def _gather(fixed: Callable[[str], np.ndarray], inputs: tuple[str, ...], axis: int = 0) -> Made:
    if fixed(inputs[1]).ndim:
        return lambda x, index: x.index_select(axis, index), inputs
    index = int(fixed(inputs[1]))
    return lambda x: x.select(axis, index), inputs[:1]


def _slice(fixed: Callable[[str], np.ndarray], inputs: tuple[str, ...]) -> Made:
    starts, ends, axes = (fixed(name).tolist() for name in inputs[1:])
    places = [slice(None)] * (max(axes) + 1)
    for start, end, axis in zip(starts, ends, axes, strict=True):
        places[axis] = slice(start, end)
    return lambda x: x[tuple(places)], inputs[:1]


def _unsqueeze(fixed: Callable[[str], np.ndarray], inputs: tuple[str, ...]) -> Made:
    (axis,) = fixed(inputs[1]).tolist()
    return lambda x: x.unsqueeze(axis), inputs[:1]


def _concat(fixed: Callable[[str], np.ndarray], inputs: tuple[str, ...], axis: int) -> Made:
    return lambda *parts: torch.cat(parts, axis), inputs


def _sum(fixed: Callable[[str], np.ndarray], inputs: tuple[str, ...], keepdims: int) -> Made:
    axes = tuple(fixed(inputs[1]).tolist())
    return lambda x: x.sum(axes, keepdim=bool(keepdims)), inputs[:1]


def _mean(fixed: Callable[[str], np.ndarray], inputs: tuple[str, ...], axes: list[int], keepdims: int) -> Made:
    return lambda x: x.mean(axes, keepdim=bool(keepdims)), inputs


def _pad(fixed: Callable[[str], np.ndarray], inputs: tuple[str, ...]) -> Made:
    before, after = fixed(inputs[1]).reshape(2, -1).tolist()
    # PyTorch begins with the last axis.
    sizes = [n for pair in zip(reversed(before), reversed(after), strict=True) for n in pair]
    return lambda x: pad(x, sizes), inputs[:1]


def _power(fixed: Callable[[str], np.ndarray], inputs: tuple[str, ...]) -> Made:
    exponent = float(fixed(inputs[1]))
    return lambda x: x**exponent, inputs[:1]


def _clip(fixed: Callable[[str], np.ndarray], inputs: tuple[str, ...]) -> Made:
    lowest, highest = (float(fixed(name)) for name in inputs[1:])
    return lambda x: x.clamp(lowest, highest), inputs[:1]


def _cast(fixed: Callable[[str], np.ndarray], inputs: tuple[str, ...], to: torch.dtype) -> Made:
    return lambda x: x.to(to), inputs


def _convolution(fixed: Callable[[str], np.ndarray], inputs: tuple[str, ...], group: int) -> Made:
    # By the number of axes of the images.
    functions = {3: conv1d, 4: conv2d, 5: conv3d}
    return lambda x, weights: functions[x.ndim](x, weights, groups=group), inputs


def _softplus(x: torch.Tensor) -> torch.Tensor:
    # torch.nn.functional.softplus is a straight line above 20, where 9 digits are right.
    return torch.logaddexp(x, x.new_zeros(()))


OPERATORS: dict[str, Operator] = {
    name: _plain(function)
    for name, function in {
        "Add": torch.add, "Sub": torch.sub, "Mul": torch.mul, "Div": torch.div, "MatMul": torch.matmul,
        "Max": torch.maximum, "Greater": torch.gt, "Where": torch.where, "Neg": torch.neg, "Exp": torch.exp,
        "Log": torch.log, "Tanh": torch.tanh, "Relu": torch.relu, "Sqrt": torch.sqrt, "Reciprocal": torch.reciprocal,
        "Erf": torch.erf, "Sigmoid": torch.sigmoid, "Softplus": _softplus, "Identity": lambda x: x,
    }.items()
} | {
    "Reshape": _reshape, "Transpose": _transpose, "Gather": _gather, "Slice": _slice, "Unsqueeze": _unsqueeze,
    "Concat": _concat, "ReduceSum": _sum, "ReduceMean": _mean, "Pad": _pad, "Pow": _power, "Clip": _clip,
    "Cast": _cast, "Conv": _convolution,
}  # fmt: skip
