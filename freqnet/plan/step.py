"""A training step as two programs: forward and backward."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np

from freqnet.autodiff import Tensor, observe
from freqnet.kernels.program import Program
from freqnet.kernels.reference import stored
from freqnet.plan.inference import CannotPlan

Array = np.ndarray
Call = tuple[Any, Tensor, tuple[Tensor, ...], dict[str, Any]]
FORWARD: dict[str, Callable[..., Array]] = {}
BACKWARD: dict[str, Callable[..., None]] = {}


def rule(table: dict[str, Callable[..., Any]], *names: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    def keep(function: Callable[..., Any]) -> Callable[..., Any]:
        for name in names:
            table[name] = function
        return function

    return keep


class Step:
    """The arrays of values and of gradients, and the program that fills them."""

    def __init__(self, precision: Any, parameters: dict[str, Tensor]) -> None:
        self.program = Program(precision)
        self.values: dict[int, Array] = {}
        self.gradients: dict[int, Array] = {}
        self.saved: dict[int, Any] = {}
        self.parameters = {id(p): p for p in parameters.values()}
        self.keep: list[Any] = []

    def value(self, x: Tensor) -> Array:
        if id(x) not in self.values:
            self.values[id(x)] = np.ascontiguousarray(x.data)
        return self.values[id(x)]

    def like(self, array: Array) -> Array:
        return self.program.empty(array.shape, array.dtype)

    def new(self, x: Tensor) -> Array:
        self.values[id(x)] = self.program.empty(x.shape, x.dtype)
        return self.values[id(x)]

    def needs(self, x: Tensor) -> bool:
        return x.requires_grad

    def gradient(self, x: Tensor) -> Array:
        """The array for the gradient of a tensor, new for each; a second contribution has to be added."""
        if id(x) in self.gradients:
            raise CannotPlan("two gradients of one tensor")
        self.gradients[id(x)] = self.program.empty(x.shape, x.dtype)
        return self.gradients[id(x)]


def training_step(body: Callable[[Tensor], Tensor], example: Tensor, parameters: dict[str, Tensor], precision: Any, loss: Callable[[Tensor], Tensor]) -> tuple[Step, Tensor, list[Call]]:
    step = Step(precision, parameters)
    seen: list[Call] = []
    with observe(lambda *call: seen.append(call)):
        out = loss(body(example))
    step.keep = seen
    for op, result, inputs, given in seen:
        if op.name not in FORWARD:
            raise CannotPlan(op.name)
        FORWARD[op.name](step, result, inputs, given)
    for op, result, inputs, given in reversed(seen):
        if result.requires_grad:
            BACKWARD[op.name](step, result, inputs, given)
    return step, out, seen


def _box(step: Step, source: Array, band: tuple[int, ...], result: Array, target: tuple[int, ...]) -> None:
    hartley = source.dtype.kind == "f"
    common = tuple(map(min, band, target))
    first, to = ([m - c for m, c in zip(v, common, strict=True)] for v in (band, target))
    extent = [2 * c + 1 for c in common]
    if not hartley:
        first[-1] = to[-1] = 0
        extent[-1] = common[-1] + 1
    if common != target:
        step.program.zero(result)
    step.program.box(source, result, extent, tuple(first), tuple(to))


@rule(FORWARD, "resample", "change_band")
def _(s: Step, out: Tensor, inputs: Any, given: Any) -> None:
    (x,) = inputs
    if x.space.band == out.space.band:
        s.values[id(out)] = s.value(x)
    else:
        _box(s, s.value(x), x.space.band, s.new(out), out.space.band)


@rule(BACKWARD, "resample", "change_band")
def _(s: Step, out: Tensor, inputs: Any, given: Any) -> None:
    (x,) = inputs
    if x.requires_grad:
        if x.space.band == out.space.band:
            s.gradients[id(x)] = s.gradients[id(out)]
        else:
            _box(s, s.gradients[id(out)], out.space.band, s.gradient(x), x.space.band)


@rule(FORWARD, "frequency_response")
def _(s: Step, out: Tensor, inputs: Any, given: Any) -> None:
    from freqnet.spaces.waves.fourier import _basis

    (theta,), space = inputs, given["space"]
    real, imag, weights = _basis(given["kernel"], given["size"], space.grid, space.band, theta.dtype.char)
    basis = np.ascontiguousarray(np.stack([real, imag], axis=1))
    s.saved[id(out)] = np.ascontiguousarray(basis * weights[:, :, None])
    lanes = theta.data[0].size
    s.program.response(basis, s.value(theta), s.new(out), lanes, False)


@rule(BACKWARD, "frequency_response")
def _(s: Step, out: Tensor, inputs: Any, given: Any) -> None:
    (theta,) = inputs
    s.program.response(s.saved[id(out)], s.gradients[id(out)], s.gradient(theta), theta.data[0].size, True)


@rule(FORWARD, "convolve")
def _(s: Step, out: Tensor, inputs: Any, given: Any) -> None:
    x, h = inputs
    if given["groups"] != 1:
        raise CannotPlan("groups")
    s.program.channels(s.value(x), s.value(h), s.new(out))


@rule(BACKWARD, "convolve")
def _(s: Step, out: Tensor, inputs: Any, given: Any) -> None:
    x, h = inputs
    g = s.gradients[id(out)]
    if x.requires_grad:
        s.program.channels(g, s.value(h), s.gradient(x), "input")
    s.program.channels(s.value(x), g, s.gradient(h), "response")


@rule(FORWARD, "normalized_polynomial")
def _(s: Step, out: Tensor, inputs: Any, given: Any) -> None:
    x, gain, offset, polynomial = inputs
    if given["per_sample"]:
        raise CannotPlan("statistics of each sample")
    p, space, batch, channels = s.program, x.space, *x.shape[-2:]
    source, result = s.value(x), s.new(out)
    power, found = p.empty((batch, channels)), p.empty((2, 1, channels))
    coefficients = p.empty((len(polynomial.data), batch, channels))
    p.inner(source, source, power, space.ndim)
    p.moments(source[space.centre], power, found)
    p.compose(found, s.value(gain), s.value(offset), s.value(polynomial), coefficients, given["epsilon"])
    bands = space.band, space.band, given["band"]
    if len(coefficients) == 3:
        p.product(source, source, result, bands, coefficients, None)
    else:
        assert space.band == given["band"]
        p.combine(source, coefficients[1], None, None, result)
        p.add_mean(result, space.centre, coefficients[0])
    s.saved[id(out)] = found, coefficients


@rule(BACKWARD, "normalized_polynomial")
def _(s: Step, out: Tensor, inputs: Any, given: Any) -> None:
    x, gain, offset, polynomial = inputs
    p, space, lanes = s.program, x.space, x.shape[-2:]
    g, source, gx = s.gradients[id(out)], s.value(x), s.gradient(x)
    found, coefficients = s.saved[id(out)]
    sums = p.empty((len(coefficients), *lanes))
    if len(coefficients) == 3:
        twice, zero = p.empty(lanes), p.empty(lanes)
        p.scatter(coefficients[2], twice, [[0, 0]], [2.0], twice.size)
        p.product(g, source, gx, (given["band"], space.band, space.band), (zero, coefficients[1], twice), sums)
    else:
        p.scatter(g[space.centre], sums[0], [[0, 0]], [1.0], sums[0].size, (2, 1))
        p.inner(g, source, sums[1], space.ndim)
    factor, start = p.empty(lanes), p.empty(lanes)
    g_p = s.gradient(polynomial) if polynomial.requires_grad else None
    one = p.empty(lanes)
    one[...] = 1
    given_ = found, s.value(gain), s.value(offset), s.value(polynomial)
    p.compose_adjoint(sums, given_, (s.gradient(gain), s.gradient(offset), g_p, factor, start), given["epsilon"])
    if len(coefficients) == 3:
        p.combine(gx, one, source, factor, gx)
    else:
        p.combine(g, coefficients[1], source, factor, gx)
    p.add_mean(gx, space.centre, start)


def _entries(matrix: Array) -> tuple[Array, Array]:
    """Target and source of each number of a sparse matrix (targets, sources), and its value."""
    to, source = np.nonzero(np.abs(matrix) > 1e-12)
    return np.stack([to, source], axis=1), matrix[to, source]


@rule(FORWARD, "reshape")
def _(s: Step, out: Tensor, inputs: Any, given: Any) -> None:
    s.values[id(out)] = s.value(inputs[0]).reshape(out.shape)


@rule(BACKWARD, "reshape")
def _(s: Step, out: Tensor, inputs: Any, given: Any) -> None:
    s.gradients[id(inputs[0])] = s.gradients[id(out)].reshape(inputs[0].shape)


def _planes(space: Any) -> int:
    return 2 if space.is_complex else 1


@rule(FORWARD, "from_coordinates")
def _(s: Step, out: Tensor, inputs: Any, given: Any) -> None:
    (values,), space = inputs, given["space"]
    count, channels, outputs = values.shape
    planes, modes = _planes(space), int(np.prod(space.shape))
    made = np.ascontiguousarray(space.from_coordinates(np.eye(count)[..., None])).reshape(modes, count)
    matrix = made.view(float).reshape(modes, count, planes).swapaxes(1, 2).reshape(modes * planes, count)
    basis = np.zeros((modes, modes * planes), space.dtype(float))
    basis.view(float).reshape(modes, modes * planes, planes)[
        np.arange(modes * planes) // planes, np.arange(modes * planes), np.arange(modes * planes) % planes
    ] = 1
    back = space.coordinates(basis.reshape(*space.shape, modes * planes, 1))[..., 0]
    run = channels * outputs
    plain, weighted = (s.program.empty((modes, planes, channels, outputs)) for _ in range(2))
    weights = np.broadcast_to(space.weights, (*space.shape, 1, 1)).reshape(modes, 1).repeat(planes, 1).reshape(-1, 1)
    for target, factors in ((plain, matrix), (weighted, matrix * weights)):
        places, numbers = _entries(factors)
        s.program.scatter(s.value(values), target, places * run, numbers, run)
    s.saved[id(out)] = plain, weighted, s.program.empty(plain.shape), _entries(back)


@rule(BACKWARD, "from_coordinates")
def _(s: Step, out: Tensor, inputs: Any, given: Any) -> None:
    (values,) = inputs
    _, _, g, (places, numbers) = s.saved[id(out)]
    run = values.shape[1] * values.shape[2]
    s.program.scatter(g, s.gradient(values), places * run, numbers, run)


@rule(FORWARD, "functional")
def _(s: Step, out: Tensor, inputs: Any, given: Any) -> None:
    x, v = inputs
    _, weighted, _, _ = s.saved[id(v)]
    modes, planes, channels, outputs = weighted.shape
    batch = x.shape[-2]
    s.program.gemm(
        s.value(x), weighted, s.new(out), work=modes * batch * planes * channels * 16, total=1, n0=modes, n1=planes,
        a0=batch * channels * planes, a1=1, b0=planes * channels * outputs, b1=channels * outputs, o0=0, o1=0, rows=batch,
        inner=channels, columns=outputs, a_row=channels * planes, a_inner=planes, b_inner=outputs, b_column=1, planes=1,
        b_plane=0, out_row=outputs,
    )  # fmt: skip


@rule(BACKWARD, "functional")
def _(s: Step, out: Tensor, inputs: Any, given: Any) -> None:
    x, v = inputs
    plain, _, g_v, _ = s.saved[id(v)]
    modes, planes, channels, outputs = plain.shape
    g, batch, width, matrix = s.gradients[id(out)], x.shape[-2], channels * planes, planes * channels * outputs
    work = modes * batch * planes * channels * 16
    s.program.gemm(
        g, plain, s.gradient(x), work=work, n0=modes, n1=1, a0=0, a1=0, b0=matrix, b1=0, o0=batch * width, o1=0,
        rows=batch, inner=outputs, columns=width, a_row=outputs, a_inner=1, b_inner=1, b_column=outputs, planes=planes,
        b_plane=channels * outputs, out_row=width,
    )  # fmt: skip
    s.program.gemm(
        s.value(x), g, g_v, work=work, n0=modes, n1=planes, a0=batch * width, a1=1, b0=0, b1=0, o0=matrix,
        o1=channels * outputs, rows=channels, inner=batch, columns=outputs, a_row=planes, a_inner=width, b_inner=outputs,
        b_column=1, planes=1, b_plane=0, out_row=outputs,
    )  # fmt: skip


@rule(FORWARD, "add")
def _(s: Step, out: Tensor, inputs: Any, given: Any) -> None:
    x, bias = inputs
    if out.space is not None or bias.shape != (1, out.shape[-1]) or id(bias) not in s.parameters:
        raise CannotPlan("add")
    # The sums of the matrix product before begin with the bias.
    s.program.rows[-1][3] = s.program._word(s.value(bias))
    s.values[id(out)] = s.value(x)


@rule(BACKWARD, "add")
def _(s: Step, out: Tensor, inputs: Any, given: Any) -> None:
    x, bias = inputs
    s.gradients[id(x)] = s.gradients[id(out)]
    s.program.column_sums(s.gradients[id(out)], s.gradient(bias))


@rule(FORWARD, "softmax_loss")
def _(s: Step, out: Tensor, inputs: Any, given: Any) -> None:
    (logits,) = inputs
    s.targets = s.program.empty(logits.shape)
    s.targets[...] = given["targets"]
    s.loss = s.program.empty((1,))
    s.program.softmax(s.value(logits), s.targets, s.loss, s.gradient(logits))


@rule(BACKWARD, "softmax_loss")
def _(s: Step, out: Tensor, inputs: Any, given: Any) -> None:
    pass


@rule(FORWARD, "gaussian_polynomial")
def _(s: Step, out: Tensor, inputs: Any, given: Any) -> None:
    (x,) = inputs
    if given["function"] != "relu":
        raise CannotPlan(f"Gaussian {given['function']}")
    p, space, lanes, degree = s.program, x.space, x.shape[-2:], given["degree"]
    source, result = s.value(x), s.new(out)
    power = p.empty(lanes)
    coefficients, negated = p.empty((degree + 1, *lanes)), p.empty(lanes)
    p.inner(source, source, power, space.ndim)
    if given["per_sample"]:
        found = p.empty((2, *lanes))
        p.moments_of_each(source[space.centre], power, found)
    else:
        found = p.empty((2, 1, lanes[1]))
        p.moments(source[space.centre], power, found)
    p.relu(found, lanes, degree, given["epsilon"], (coefficients, negated, None, None))
    kept = p.empty(lanes, p.complex)
    with _without_mean(p, source[space.centre], kept, negated):
        if degree == 2:
            p.product(source, source, result, (space.band, space.band, given["band"]), coefficients, None)
        elif space.band == given["band"]:
            p.combine(source, coefficients[1], None, None, result)
            p.add_mean(result, space.centre, coefficients[0])
        else:
            raise CannotPlan("a tangent that truncates")
    s.saved[id(out)] = found, coefficients, negated, kept


@contextmanager
def _without_mean(p: Program, row: Array, kept: Array, negated: Array) -> Iterator[None]:
    """Subtract the mean in place, and put it back afterwards, to the bit."""
    p.copy(row, kept)
    p.add_mean(row, (), negated)
    yield
    p.copy(kept, row)


@rule(BACKWARD, "gaussian_polynomial")
def _(s: Step, out: Tensor, inputs: Any, given: Any) -> None:
    (x,) = inputs
    p, space, lanes, degree = s.program, x.space, x.shape[-2:], given["degree"]
    g, source, gx = s.gradients[id(out)], s.value(x), s.gradient(x)
    found, coefficients, negated, kept = s.saved[id(out)]
    sums = p.empty((degree + 1, *lanes))
    with _without_mean(p, source[space.centre], kept, negated):
        if degree == 2:
            twice, zero = p.empty(lanes), p.empty(lanes)
            p.scatter(coefficients[2], twice, [[0, 0]], [2.0], twice.size)
            p.product(g, source, gx, (given["band"], space.band, space.band), (zero, coefficients[1], twice), sums)
        else:
            p.scatter(g[space.centre], sums[0], [[0, 0]], [1.0], sums[0].size, (2, 1))
            p.inner(g, source, sums[1], space.ndim)
            p.combine(g, coefficients[1], None, None, gx)
    factor, start, one = p.empty(lanes), p.empty(lanes), p.empty(lanes)
    one[...] = 1
    results = (None, None, factor, start)
    p.relu(found, lanes, degree, given["epsilon"], results, sums=sums, mean_of_g=gx[space.centre])
    p.combine(gx, one, source, factor, gx)
    p.add_mean(gx, space.centre, start)
