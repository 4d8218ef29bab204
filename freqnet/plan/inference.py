"""Inference as a program: responses and coefficients are computed once, the rest are kernel calls."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from freqnet.autodiff import Tensor, no_grad, observe
from freqnet.kernels.program import Program
from freqnet.kernels.reference import centre

Lowering = Callable[["Builder", Tensor, tuple[Tensor, ...], dict[str, Any]], np.ndarray]
LOWERINGS: dict[str, Lowering] = {}


class CannotPlan(Exception):
    """An op that has no kernel."""


def lowering(name: str) -> Callable[[Lowering], Lowering]:
    def keep(function: Lowering) -> Lowering:
        LOWERINGS[name] = function
        return function
    return keep


class Builder:
    def __init__(self, program: Program) -> None:
        self.program = program
        self.places: dict[int, np.ndarray] = {}

    def varies(self, x: Tensor) -> bool:
        return id(x) in self.places

    def place(self, x: Tensor) -> np.ndarray:
        return self.places[id(x)]

    def like(self, x: Tensor) -> np.ndarray:
        return self.program.empty(x.shape, x.dtype)


def plan(body: Callable[[Tensor], Tensor], example: Tensor, program: Program, source: np.ndarray) -> np.ndarray:
    builder = Builder(program)
    builder.places[id(example)] = source
    seen: list[tuple[Any, ...]] = []
    with no_grad(), observe(lambda *call: seen.append(call)):
        out = body(example)
    for op, result, inputs, parameters in seen:
        if not any(builder.varies(x) for x in inputs):
            continue
        if op.name not in LOWERINGS:
            raise CannotPlan(op.name)
        builder.places[id(result)] = LOWERINGS[op.name](builder, result, inputs, parameters)
    return builder.place(out)


@lowering("resample")
@lowering("change_band")
def _resized(b: Builder, out: Tensor, inputs: tuple[Tensor, ...], parameters: dict[str, Any]) -> np.ndarray:
    (x,), band, target = inputs, inputs[0].space.band, out.space.band
    source = b.place(x)
    if band == target:
        return source
    hartley = source.dtype.kind == "f"
    common = tuple(map(min, band, target))
    result = b.like(out)
    first, to = ([m - c for m, c in zip(v, common, strict=True)] for v in (band, target))
    extent = [2 * c + 1 for c in common]
    if not hartley:
        first[-1] = to[-1] = 0
        extent[-1] = common[-1] + 1
    b.program.box(source, result, extent, tuple(first), tuple(to))
    return result


@lowering("convolve")
def _convolve(b: Builder, out: Tensor, inputs: tuple[Tensor, ...], parameters: dict[str, Any]) -> np.ndarray:
    x, h = inputs
    if b.varies(h) or parameters["groups"] != 1:
        raise CannotPlan("convolve")
    result = b.like(out)
    b.program.channels(b.place(x), np.ascontiguousarray(h.data), result)
    return result


@lowering("low_degree")
def _low_degree(b: Builder, out: Tensor, inputs: tuple[Tensor, ...], parameters: dict[str, Any]) -> np.ndarray:
    x, c = inputs
    if b.varies(c):
        raise CannotPlan("low_degree")
    source, result = b.place(x), b.like(out)
    spread = b.program.empty((len(c.data), *out.shape[-2:]))
    spread[...] = c.data
    if len(c.data) == 3:
        b.program.quadratic(source, spread, (x.space.band, out.space.band), result)
    else:
        if x.space.band != out.space.band:
            raise CannotPlan("low_degree of another band")
        b.program.combine(source, spread[1], None, None, result)
        b.program.add_mean(result, out.space.centre, spread[0])
    return result


@lowering("functional")
def _functional(b: Builder, out: Tensor, inputs: tuple[Tensor, ...], parameters: dict[str, Any]) -> np.ndarray:
    from freqnet.ops.linear import _real_columns

    x, v = inputs
    matrix = _real_columns(v.data * x.space.weights)
    result = b.program.empty(out.shape)
    b.program.dense(b.place(x), matrix.reshape(-1, *matrix.shape[-2:]), np.zeros(out.shape[-1]), result)
    return result


@lowering("add")
def _add(b: Builder, out: Tensor, inputs: tuple[Tensor, ...], parameters: dict[str, Any]) -> np.ndarray:
    x, bias = inputs
    if b.varies(bias) or out.space is not None:
        raise CannotPlan("add")
    # The bias of a dense layer: it is added where the sums start.
    b.program.bias_of_last(bias.data)
    return b.place(x)
