"""The operators of ONNX that rules write, as functions of an array library.

Inputs that say where or how, such as axes and sizes, are constants, and become arguments of the function.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from freqnet.arrays.library import Library

# ``make(library)`` returns the function of some values; and the names of these values.
Made = tuple[Callable[[Library], Callable[..., Any]], tuple[str, ...]]
# ``operator(fixed, inputs, **attributes)`` where ``fixed(name)`` is the array of a constant.
Operator = Callable[..., Made]


def _plain(name: str) -> Operator:
    return lambda fixed, inputs: (lambda library: library.function(name), inputs)


def _with(name: str, *arguments: Any) -> Callable[[Library], Callable[..., Any]]:
    """Return a maker of a function of one value, with further arguments."""

    def make(library: Library) -> Callable[..., Any]:
        function = library.function(name)
        return lambda x: function(x, *arguments)

    return make


def _reshape(fixed: Callable[[str], np.ndarray], inputs: tuple[str, ...]) -> Made:
    return _with("reshape", tuple(fixed(inputs[1]).tolist())), inputs[:1]


def _transpose(fixed: Callable[[str], np.ndarray], inputs: tuple[str, ...], perm: list[int]) -> Made:
    return _with("permute_dims", tuple(perm)), inputs


def _gather(fixed: Callable[[str], np.ndarray], inputs: tuple[str, ...], axis: int = 0) -> Made:
    if fixed(inputs[1]).ndim:

        def make(library: Library) -> Callable[..., Any]:
            take = library.function("take")
            return lambda x, index: take(x, index, axis=axis)

        return make, inputs
    return _with("select", axis, int(fixed(inputs[1]))), inputs[:1]


def _slice(fixed: Callable[[str], np.ndarray], inputs: tuple[str, ...]) -> Made:
    starts, ends, axes = (fixed(name).tolist() for name in inputs[1:])
    places: list[Any] = [slice(None)] * (max(axes) + 1)
    for start, end, axis in zip(starts, ends, axes, strict=True):
        places[axis] = slice(start, end)
    place = (*places, ...)
    return lambda library: lambda x: x[place], inputs[:1]


def _unsqueeze(fixed: Callable[[str], np.ndarray], inputs: tuple[str, ...]) -> Made:
    (axis,) = fixed(inputs[1]).tolist()

    def make(library: Library) -> Callable[..., Any]:
        function = library.function("expand_dims")
        return lambda x: function(x, axis=axis)

    return make, inputs[:1]


def _concat(fixed: Callable[[str], np.ndarray], inputs: tuple[str, ...], axis: int) -> Made:
    def make(library: Library) -> Callable[..., Any]:
        function = library.function("concat")
        return lambda *parts: function(parts, axis=axis)

    return make, inputs


def _reduced(name: str, axes: list[int], keepdims: int) -> Callable[[Library], Callable[..., Any]]:
    def make(library: Library) -> Callable[..., Any]:
        function = library.function(name)
        return lambda x: function(x, axis=tuple(axes), keepdims=bool(keepdims))

    return make


def _sum(fixed: Callable[[str], np.ndarray], inputs: tuple[str, ...], keepdims: int) -> Made:
    return _reduced("sum", fixed(inputs[1]).tolist(), keepdims), inputs[:1]


def _mean(fixed: Callable[[str], np.ndarray], inputs: tuple[str, ...], axes: list[int], keepdims: int) -> Made:
    return _reduced("mean", axes, keepdims), inputs


def _pad(fixed: Callable[[str], np.ndarray], inputs: tuple[str, ...]) -> Made:
    return _with("pad", *fixed(inputs[1]).reshape(2, -1).tolist()), inputs[:1]


def _power(fixed: Callable[[str], np.ndarray], inputs: tuple[str, ...]) -> Made:
    exponent = float(fixed(inputs[1]))
    return lambda library: lambda x: x**exponent, inputs[:1]


def _clip(fixed: Callable[[str], np.ndarray], inputs: tuple[str, ...]) -> Made:
    return _with("clip", *(float(fixed(name)) for name in inputs[1:])), inputs[:1]


def _cast(fixed: Callable[[str], np.ndarray], inputs: tuple[str, ...], to: str) -> Made:
    def make(library: Library) -> Callable[..., Any]:
        function, dtype = library.function("astype"), library.dtype(to)
        return lambda x: function(x, dtype)

    return make, inputs


def _convolution(fixed: Callable[[str], np.ndarray], inputs: tuple[str, ...], group: int) -> Made:
    def make(library: Library) -> Callable[..., Any]:
        function = library.function("correlate")
        return lambda x, weights: function(x, weights, group)

    return make, inputs


def _identity(fixed: Callable[[str], np.ndarray], inputs: tuple[str, ...]) -> Made:
    return lambda library: lambda x: x, inputs


OPERATORS: dict[str, Operator] = {
    operator: _plain(name)
    for operator, name in {
        "Add": "add", "Sub": "subtract", "Mul": "multiply", "Div": "divide", "MatMul": "matmul", "Max": "maximum",
        "Greater": "greater", "Where": "where", "Neg": "negative", "Exp": "exp", "Log": "log", "Tanh": "tanh",
        "Relu": "relu", "Sqrt": "sqrt", "Reciprocal": "reciprocal", "Erf": "erf", "Sigmoid": "sigmoid",
        "Softplus": "softplus",
    }.items()
} | {
    "Reshape": _reshape, "Transpose": _transpose, "Gather": _gather, "Slice": _slice, "Unsqueeze": _unsqueeze,
    "Concat": _concat, "ReduceSum": _sum, "ReduceMean": _mean, "Pad": _pad, "Pow": _power, "Clip": _clip,
    "Cast": _cast, "Conv": _convolution, "Identity": _identity,
}  # fmt: skip
