"""The rules of activations that fit a polynomial to each signal: means of functions of normal numbers.

The formulas are those of `freqnet.approximate.functions`, written as operators.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from math import factorial, pi, sqrt
from typing import Any

import numpy as np

from freqnet.approximate.functions import LEAK
from freqnet.approximate.gaussian import hermite_powers
from freqnet.autodiff import Tensor
from freqnet.onnx.graph import Graph, rule
from freqnet.onnx.signals import moments, polynomial
from freqnet.spaces import Axes

# ``moment(graph, mean, deviation, order)``, the names of values ``(batch, channels)``.
Moment = Callable[[Graph, str, str, int], str]
# The trapezoidal rule on this many deviations, in steps that are right to rounding for functions as smooth as tanh.
_REACH, _STEP = 8.0, 0.05


@rule("gaussian_moment")
def _gaussian_moment(graph: Graph, out: Tensor, inputs: tuple[Tensor], function: str, order: int) -> str | None:
    if function not in MOMENTS:
        return None
    mean, variance = (graph.part(inputs[0], i) for i in range(2))
    return MOMENTS[function](graph, mean, _root(graph, variance), order)


@rule("gaussian_coefficients")
def _gaussian_coefficients(graph: Graph, out: Tensor, inputs: tuple[Tensor], function: str, degree: int) -> str | None:
    if function not in MOMENTS:
        return None
    mean, variance = (graph.part(inputs[0], i) for i in range(2))
    return graph.stack(*_coefficients(graph, mean, variance, function, degree))


@rule("gaussian_polynomial")
def _gaussian_polynomial(
    graph: Graph, out: Tensor, inputs: tuple[Tensor], function: str, degree: int, epsilon: float, band: Axes,
    per_sample: bool,
) -> str | None:  # fmt: skip
    (x,) = inputs
    if function not in MOMENTS:
        return None
    mean, variance = moments(graph, x, per_sample)
    coefficients = _coefficients(graph, mean, graph.plus(variance, epsilon), function, degree)
    return polynomial(graph, x, mean, coefficients, band)


@rule("normalized_gaussian")
def _normalized_gaussian(
    graph: Graph, out: Tensor, inputs: tuple[Tensor, ...], function: str, degree: int, epsilon: float,
    norm_epsilon: float, running: np.ndarray | None, band: Axes, **rest: Any,
) -> str | None:  # fmt: skip
    x, gain, offset = inputs
    if function not in MOMENTS or running is None or graph.varies(gain) or graph.varies(offset):
        return None
    factor = gain.data / np.sqrt(running[1] + norm_epsilon)
    own_mean, own_variance = moments(graph, x)
    # Mean and variance of the normalised signal.
    mean = graph.plus(graph.times(own_mean, factor), offset.data - factor * running[0])
    variance = graph.plus(graph.times(own_variance, factor * factor), epsilon)
    coefficients = _coefficients(graph, mean, variance, function, degree)
    scaled = [graph.times(c, factor**power) for power, c in enumerate(coefficients)]
    return polynomial(graph, x, own_mean, scaled, band)


def _root(graph: Graph, variance: str) -> str:
    return graph.add("Sqrt", graph.add("Relu", variance))


def _coefficients(graph: Graph, mean: str, variance: str, function: str, degree: int) -> list[str]:
    """Return the coefficients of powers of ``x - mean``: see `freqnet.approximate.gaussian_coefficients`."""
    deviation = _root(graph, variance)
    found = [MOMENTS[function](graph, mean, deviation, order) for order in range(degree + 1)]
    rows = []
    for power in range(degree + 1):
        terms = []
        for order in range(power, degree + 1, 2):
            factor = hermite_powers(order)[power] / factorial(order)
            terms.append(graph.times(_product(graph, found[order], *[variance] * ((order - power) // 2)), factor))
        rows.append(_sum_of(graph, *terms))
    return rows


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
