"""The rules of ops on plain numbers, and of ops that treat every number alike."""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np

from freqnet.autodiff import Tensor
from freqnet.onnx.graph import Graph, rule
from freqnet.spaces import Axes


# -- arithmetic ----------------------------------------------------------------------------------------
def _two(operator: str, graph: Graph, out: Tensor, inputs: tuple[Tensor, Tensor]) -> str:
    return graph.add(operator, *map(graph.name, inputs))


def _one(operator: str, graph: Graph, out: Tensor, inputs: tuple[Tensor]) -> str:
    return graph.add(operator, graph.name(inputs[0]))


for _name, _operator in (("add", "Add"), ("elementwise", "Mul"), ("matmul", "MatMul")):
    rule(_name)(partial(_two, _operator))
for _name, _operator in (
    ("negate", "Neg"), ("exp", "Exp"), ("log", "Log"), ("tanh", "Tanh"), ("relu", "Relu"),
):  # fmt: skip
    rule(_name)(partial(_one, _operator))


@rule("erf")
def _erf_of(graph: Graph, out: Tensor, inputs: tuple[Tensor]) -> str:
    return graph.add_single("Erf", graph.name(inputs[0]))


@rule("scale_by")
def _scale_by(graph: Graph, out: Tensor, inputs: tuple[Tensor], factor: float) -> str:
    return graph.times(graph.name(inputs[0]), factor)


@rule("mix_channels")
def _mix_channels(graph: Graph, out: Tensor, inputs: tuple[Tensor], matrix: tuple[tuple[float, ...], ...]) -> str:
    return graph.add("MatMul", graph.name(inputs[0]), graph.constant(np.array(matrix, float)))


@rule("power")
def _power(graph: Graph, out: Tensor, inputs: tuple[Tensor], exponent: float) -> str:
    name = graph.name(inputs[0])
    short = {0.5: ("Sqrt",), -1.0: ("Reciprocal",), -0.5: ("Sqrt", "Reciprocal"), 2.0: ()}
    if exponent not in short:
        return graph.add("Pow", name, graph.constant(np.array(float(exponent))))
    if exponent == 2:
        return graph.add("Mul", name, name)
    for operator in short[exponent]:
        name = graph.add(operator, name)
    return name


@rule("step")
def _step(graph: Graph, out: Tensor, inputs: tuple[Tensor]) -> str:
    above = graph.add("Greater", graph.name(inputs[0]), graph.constant(np.array(0.0)))
    return graph.add("Cast", above, to=graph.type_of_numbers)


@rule("cast")
def _cast(graph: Graph, out: Tensor, inputs: tuple[Tensor], precision: Any) -> str:
    # The whole graph computes in one precision.
    return graph.name(inputs[0])


# -- shapes --------------------------------------------------------------------------------------------
@rule("reshape")
def _reshape(graph: Graph, out: Tensor, inputs: tuple[Tensor], shape: Axes) -> str:
    return graph.reshape(graph.name(inputs[0]), *graph.shape(out.shape))


@rule("transpose")
def _transpose(graph: Graph, out: Tensor, inputs: tuple[Tensor], axes: Axes) -> str:
    return graph.add("Transpose", graph.name(inputs[0]), perm=[int(a) for a in axes])


@rule("sum")
def _sum(graph: Graph, out: Tensor, inputs: tuple[Tensor], axis: Any, keepdims: bool) -> str:
    (x,) = inputs
    axes = range(x.ndim) if axis is None else np.atleast_1d(axis).tolist()
    return graph.sum(graph.name(x), *(a % x.ndim for a in axes), keepdims=keepdims)


@rule("sum_to")
def _sum_to(graph: Graph, out: Tensor, inputs: tuple[Tensor], shape: Axes) -> str | None:
    (x,) = inputs
    if x.space is not None or x.ndim != len(shape):
        return None
    axes = [i for i, (n, m) in enumerate(zip(x.shape, shape, strict=True)) if m == 1 != n]
    return graph.sum(graph.name(x), *axes, keepdims=True) if axes else graph.name(x)


@rule("row")
def _row(graph: Graph, out: Tensor, inputs: tuple[Tensor], index: int) -> str:
    (x,) = inputs
    return graph.add("Unsqueeze", graph.part(x, index % x.shape[0]), graph.constant(np.array([0], np.int64)))


def _padded(graph: Graph, x: Tensor, before: Axes, after: Axes) -> str:
    pads = np.array([*before, *after], np.int64)
    return graph.add("Pad", graph.name(x), graph.constant(pads)) if pads.any() else graph.name(x)


@rule("place_row")
def _place_row(graph: Graph, out: Tensor, inputs: tuple[Tensor], index: int, rows: int) -> str:
    none = (0,) * (out.ndim - 1)
    return _padded(graph, inputs[0], (index, *none), (rows - index - 1, *none))


@rule("extend")
def _extend(graph: Graph, out: Tensor, inputs: tuple[Tensor], shape: Axes) -> str:
    (x,) = inputs
    return _padded(graph, x, (0,) * x.ndim, tuple(n - m for n, m in zip(out.shape, x.shape, strict=True)))


@rule("crop")
def _crop(graph: Graph, out: Tensor, inputs: tuple[Tensor], shape: Axes) -> str:
    (x,) = inputs
    axes = [i for i, (n, m) in enumerate(zip(x.shape, out.shape, strict=True)) if n != m]
    if not axes:
        return graph.name(x)
    ends = [out.shape[i] for i in axes]
    return graph.add(
        "Slice", graph.name(x), *(graph.constant(np.array(v, np.int64)) for v in ([0] * len(axes), ends, axes))
    )


@rule("gather")
def _gather(graph: Graph, out: Tensor, inputs: tuple[Tensor], index: tuple[int, ...]) -> str:
    (x,) = inputs
    places = np.array(index, np.int64)
    made = graph.rows(graph.name(x), np.maximum(places, 0), x.shape[0])
    return graph.times(made, (places >= 0).astype(float).reshape(-1, *(1,) * (x.ndim - 1)))
