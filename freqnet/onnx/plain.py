"""The rules of ops on plain numbers, and of ops that treat every number alike."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from math import pi, sqrt
from typing import Any

import numpy as np

from freqnet.approximate.functions import LEAK
from freqnet.approximate.gaussian import hermite_powers
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
    return graph.rows(graph.name(x), np.array([index % x.shape[0]]), x.shape[0])


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
    return graph.add("Slice", graph.name(x), *(graph.constant(np.array(v, np.int64)) for v in ([0] * len(axes), ends, axes)))


@rule("gather")
def _gather(graph: Graph, out: Tensor, inputs: tuple[Tensor], index: tuple[int, ...]) -> str:
    (x,) = inputs
    places = np.array(index, np.int64)
    made = graph.rows(graph.name(x), np.maximum(places, 0), x.shape[0])
    return graph.times(made, (places >= 0).astype(float).reshape(-1, *(1,) * (x.ndim - 1)))


# -- means of functions of normal numbers --------------------------------------------------------------
# ``moment(graph, mean, deviation, order)``, the names of values ``(batch, channels)``.
Moment = Callable[[Graph, str, str, int], str]
# The trapezoidal rule on this many deviations, in steps that are right to rounding for functions as smooth as tanh.
_REACH, _STEP = 8.0, 0.05


@rule("gaussian_moment")
def _gaussian_moment(graph: Graph, out: Tensor, inputs: tuple[Tensor], function: str, order: int) -> str | None:
    if function not in MOMENTS:
        return None
    name = graph.name(inputs[0])
    mean, variance = (graph.add("Gather", name, graph.constant(np.array(i, np.int64)), axis=0) for i in range(2))
    deviation = graph.add("Sqrt", graph.add("Relu", variance))
    return MOMENTS[function](graph, mean, deviation, order)


def _sum_of(graph: Graph, *terms: str) -> str:
    total = terms[0]
    for term in terms[1:]:
        total = graph.add("Add", total, term)
    return total


def _density(graph: Graph, x: str) -> str:
    return graph.times(graph.add("Exp", graph.times(graph.add("Mul", x, x), -0.5)), 1 / sqrt(2 * pi))


def _distribution(graph: Graph, x: str) -> str:
    return graph.times(graph.plus(graph.add_single("Erf", graph.times(x, sqrt(0.5))), 1.0), 0.5)


def _hermite(graph: Graph, x: str, degree: int) -> str | None:
    """Return He_n of a value by Horner's rule; None for 1."""
    powers = hermite_powers(degree)
    made: str | None = None
    for factor in reversed(powers[:-1]):
        made = graph.plus(x if made is None else graph.add("Mul", made, x), float(factor))
    return made


def _normal_derivative(graph: Graph, x: str, order: int) -> str:
    """Return a derivative of the normal distribution function; order 0 is the function itself."""
    if not order:
        return _distribution(graph, x)
    factor, density = _hermite(graph, x, order - 1), graph.times(_density(graph, x), (-1.0) ** (order - 1))
    return density if factor is None else graph.add("Mul", factor, density)


def _relu(graph: Graph, mean: str, deviation: str, order: int) -> str:
    # Without deviation, the ratio is so large that the density is 0, and this is relu itself.
    safe = graph.add("Max", deviation, graph.constant(np.array(1e-18)))
    ratio = graph.add("Div", mean, safe)
    if order == 0:
        spread = graph.add("Mul", deviation, _density(graph, ratio))
        return graph.add("Add", spread, graph.add("Mul", mean, _distribution(graph, ratio)))
    if order == 1:
        return _distribution(graph, ratio)
    near = graph.add("Clip", ratio, *(graph.constant(np.array(v)) for v in (-14.0, 14.0)))
    value = _normal_derivative(graph, near, order - 1)
    for _ in range(order - 1):
        value = graph.add("Div", value, safe)
    above = graph.add("Greater", deviation, graph.constant(np.array(1e-18)))
    return graph.add("Where", above, value, graph.constant(np.array(0.0)))


def _identity(graph: Graph, mean: str, deviation: str, order: int) -> str:
    return mean if order == 0 else graph.plus(graph.times(mean, 0.0), float(order == 1))


def _leaky_relu(graph: Graph, mean: str, deviation: str, order: int) -> str:
    line = graph.times(_identity(graph, mean, deviation, order), LEAK)
    return graph.add("Add", line, graph.times(_relu(graph, mean, deviation, order), 1 - LEAK))


def _inverse_root(graph: Graph, deviation: str, factor: float) -> str:
    """Return ``1 / sqrt(1 + factor deviation^2)``."""
    square = graph.times(graph.add("Mul", deviation, deviation), factor)
    return graph.add("Reciprocal", graph.add("Sqrt", graph.plus(square, 1.0)))


def _product(graph: Graph, *factors: str) -> str:
    made = factors[0]
    for factor in factors[1:]:
        made = graph.add("Mul", made, factor)
    return made


def _erf(graph: Graph, mean: str, deviation: str, order: int) -> str:
    slope = graph.times(_inverse_root(graph, deviation, 2.0), sqrt(2))
    value = _normal_derivative(graph, graph.add("Mul", slope, mean), order)
    return graph.plus(graph.times(_product(graph, value, *[slope] * order), 2.0), -float(order == 0))


def _gelu(graph: Graph, mean: str, deviation: str, order: int) -> str:
    slope = _inverse_root(graph, deviation, 1.0)
    at = graph.add("Mul", slope, mean)
    terms = [
        _product(graph, mean, _normal_derivative(graph, at, order), *[slope] * order),
        _product(graph, deviation, deviation, _normal_derivative(graph, at, order + 1), *[slope] * (order + 1)),
    ]
    if order:
        last = _product(graph, _normal_derivative(graph, at, order - 1), *[slope] * (order - 1))
        terms.append(graph.times(last, float(order)))
    return _sum_of(graph, *terms)


def _smooth(function: Callable[[Graph, str], str], graph: Graph, mean: str, deviation: str, order: int) -> str:
    """Return ``E[f(m + s z) He_n(z)] / s^n`` by the trapezoidal rule: by Stein's lemma, the mean of a derivative."""
    z = np.arange(-_REACH, _REACH + _STEP / 2, _STEP)
    weights = np.exp(-0.5 * z * z)
    weights *= np.polynomial.hermite_e.hermeval(z, [0] * order + [1]) / weights.sum()
    safe = graph.add("Max", deviation, graph.constant(np.array(1e-3)))
    spread = graph.add("Mul", safe, graph.constant(z.reshape(-1, 1, 1)))
    values = function(graph, graph.add("Add", spread, mean))
    made = graph.sum(graph.times(values, weights.reshape(-1, 1, 1)), 0)
    for _ in range(order):
        made = graph.add("Div", made, safe)
    return made


def _silu(graph: Graph, x: str) -> str:
    return graph.add("Mul", x, graph.add("Sigmoid", x))


MOMENTS: dict[str, Moment] = {
    "relu": _relu,
    "leaky_relu": _leaky_relu,
    "identity": _identity,
    "erf": _erf,
    "gelu": _gelu,
    "silu": partial(_smooth, _silu),
    "tanh": partial(_smooth, lambda graph, x: graph.add("Tanh", x)),
    "sigmoid": partial(_smooth, lambda graph, x: graph.add("Sigmoid", x)),
    "softplus": partial(_smooth, lambda graph, x: graph.add("Softplus", x)),
}
