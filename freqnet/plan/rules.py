"""The rules of the ops that have kernels on modes: half spectra (complex) and Hartley spectra (real).

An op without a rule here, or in a case that its rule leaves out, runs by its own functions on the arrays of the plan.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from math import prod
from typing import Any

import numpy as np

from freqnet.autodiff import Tensor
from freqnet.kernels.program import Program
from freqnet.kernels.reference import bfloat16_bits
from freqnet.ops.gaussian import fitted_coefficients, fitted_gradient
from freqnet.ops.quadratic import moments_map
from freqnet.plan.builder import Array, Backward, Builder, rule
from freqnet.plan.nodes import real_response
from freqnet.spaces.base import Axes, Space


def _on_modes(*tensors: Tensor) -> bool:
    return all(x.space is not None and x.space.has_kernels and not x.space.has_nodes for x in tensors)


def nothing(g: Array) -> None:
    """The backward pass of an op through which no gradient passes."""


# -- bands ---------------------------------------------------------------------------------------------
@rule("resample", "change_band")
def _resize(b: Builder, out: Tensor, inputs: tuple[Tensor], **rest: Any) -> Backward | None:
    (x,) = inputs
    if not _on_modes(x, out):
        return None
    if x.space.band == out.space.band:
        b.values[id(out)] = b.value(x)
        return lambda g: b.share_gradient(x, g)
    _copy_modes(b.program, b.value(x), x.space.band, b.result(out), out.space.band)

    def backward(g: Array) -> None:
        gx = b.gradient(x)
        if gx is not None:
            _copy_modes(b.program, g, out.space.band, gx, x.space.band)

    return backward


def _copy_modes(program: Program, source: Array, band: Axes, target: Array, to_band: Axes) -> None:
    common = tuple(map(min, band, to_band))
    if common != to_band:
        program.zero(target)
    # A half spectrum has the modes from 0 up along its last axis.
    half = source.dtype.kind == "c"
    places = [(2 * c + 1, m - c, n - c) for c, m, n in zip(common, band, to_band, strict=True)]
    if half:
        places[-1] = common[-1] + 1, 0, 0
    extent, first, to = zip(*places, strict=True)
    program.box(source, target, extent, first, to)


# -- convolution ---------------------------------------------------------------------------------------
@rule("frequency_response")
def _response(b: Builder, out: Tensor, inputs: tuple[Tensor], kernel: str, size: Axes, space: Space) -> Backward | None:
    (theta,) = inputs
    known = space.response_basis(kernel, size, theta.dtype) if _on_modes(out) else None
    if known is None:
        return None
    basis, weights = known
    if not space.is_complex:
        return real_response(b, out, theta, basis)
    lanes = prod(theta.shape[1:])
    b.program.response(basis, b.value(theta), b.result(out), lanes, False)
    weighted = np.ascontiguousarray(basis * weights[:, :, None])

    def backward(g: Array) -> None:
        gt = b.gradient(theta)
        if gt is not None:
            b.program.response(weighted, g, gt, lanes, True)

    return backward


@rule("convolve")
def _convolve(b: Builder, out: Tensor, inputs: tuple[Tensor, Tensor], size: Axes, groups: int) -> Backward | None:
    x, h = inputs
    if groups != 1 or not _on_modes(x, out):
        return None
    source, response = b.value(x), b.value(h)
    if b.storage == "bfloat16" and not b.varies(h) and response.dtype == np.complex64:
        response = bfloat16_bits(response)
    b.program.channels(source, response, b.result(out))

    def backward(g: Array) -> None:
        gx, gh = b.gradient(x), b.gradient(h)
        if gx is not None:
            b.program.channels(g, response, gx, "input")
        if gh is not None:
            b.program.channels(source, g, gh, "response")

    return backward


# -- polynomials of degree 1 and 2 ---------------------------------------------------------------------
def _polynomial(p: Program, x: Array, coefficients: Array, bands: tuple[Axes, Axes], centre: Axes, out: Array) -> None:
    if len(coefficients) == 3:
        p.product(x, x, out, (bands[0], bands[0], bands[1]), coefficients, None)
    else:
        _combine(p, x, coefficients[1], None, None, out)
        p.add_mean(out, centre, coefficients[0])


def _polynomial_adjoint(
    p: Program, g: Array, x: Array, coefficients: Array, bands: tuple[Axes, Axes], centre: Axes, gx: Array
) -> Array:
    """Append the gradients of a polynomial; return the array of those of its coefficients."""
    sums = p.empty(coefficients.shape)
    if len(coefficients) == 3:
        twice = p.empty(sums.shape[1:])
        p.scatter(coefficients[2], twice, [[0, 0]], [2], twice.size)
        ends = p.constant(np.zeros(twice.shape)), coefficients[1], twice
        p.product(g, x, gx, (bands[1], bands[0], bands[0]), ends, sums)
    else:
        p.scatter(g[centre], sums[0], [[0, 0]], [1], sums[0].size, (_parts(g), 1))
        _inner(p, g, x, sums[1], len(centre))
        _combine(p, g, coefficients[1], None, None, gx)
    return sums


def _parts(array: Array) -> int:
    """Real numbers per stored number."""
    return 2 if array.dtype.kind == "c" else 1


def _combine(p: Program, a: Array, by: Array, b: Array | None, q: Array | None, out: Array) -> None:
    if _parts(a) == 2:
        p.combine(a, by, b, q, out)
    else:
        p.node_combine(a, by, b, q, None, None, out)


def _inner(p: Program, a: Array, b: Array, out: Array, ndim: int) -> None:
    if _parts(a) == 2:
        p.inner(a, b, out, ndim)
    else:
        p.node_sums(a, b, None, out)


def _add_affine(p: Program, gx: Array, x: Array, factor: Array, start: Array, centre: Axes) -> None:
    _combine(p, gx, p.constant(np.ones(factor.shape)), x, factor, gx)
    p.add_mean(gx, centre, start)


def _covers(x: Tensor, rows: int, band: Axes) -> bool:
    return _on_modes(x) and (rows == 3 or (rows == 2 and x.space.band == band))


@rule("low_degree")
def _low_degree(b: Builder, out: Tensor, inputs: tuple[Tensor, Tensor], band: Axes) -> Backward | None:
    x, c = inputs
    if b.varies(c) or not _covers(x, len(c.data), band):
        return None
    coefficients = b.program.constant(np.broadcast_to(c.data, (len(c.data), *x.shape[-2:])))
    bands, centre, source = (x.space.band, band), x.space.centre, b.value(x)
    _polynomial(b.program, source, coefficients, bands, centre, b.result(out))

    def backward(g: Array) -> None:
        gx = b.gradient(x)
        if gx is not None:
            _polynomial_adjoint(b.program, g, source, coefficients, bands, centre, gx)

    return backward


def _power(b: Builder, x: Tensor) -> Array:
    power = b.program.empty(x.shape[-2:])
    _inner(b.program, b.value(x), b.value(x), power, x.space.ndim)
    return power


def _moments(b: Builder, x: Tensor, power: Array, per_sample: bool) -> Array:
    batch, channels = x.shape[-2:]
    found = b.program.empty((2, batch if per_sample else 1, channels))
    b.program.moments(b.value(x)[x.space.centre], power, found)
    return found


def _statistics(b: Builder, x: Tensor, per_sample: bool) -> Array:
    return _moments(b, x, _power(b, x), per_sample)


@rule("moments")
def _own_moments(b: Builder, out: Tensor, inputs: tuple[Tensor], per_sample: bool) -> Backward | None:
    (x,) = inputs
    if not _on_modes(x):
        return None
    p, found = b.program, _statistics(b, x, per_sample)
    b.values[id(out)] = found

    def backward(g: Array) -> None:
        gx = b.gradient(x)
        if gx is None:
            return
        factor, start = p.empty(x.shape[-2:]), p.empty(x.shape[-2:])

        def spread() -> None:
            for target, row in zip((factor, start), moments_map(g, found, x), strict=True):
                target[...] = row

        p.call(spread)
        _combine(p, b.value(x), factor, None, None, gx)
        p.add_mean(gx, x.space.centre, start)

    return backward


def _both_statistics(b: Builder, x: Tensor, per_sample: bool, running: Array | None) -> tuple[Array, Array]:
    """Append the moments that fit a polynomial, and those that normalise: see `normalized_gaussian`."""
    power = _power(b, x)
    own = _moments(b, x, power, per_sample)
    if running is not None:
        return own, b.program.constant(running)
    return own, _moments(b, x, power, False) if per_sample else own


@rule("normalized_polynomial")
def _normalized(
    b: Builder, out: Tensor, inputs: tuple[Tensor, ...], epsilon: float, band: Axes, per_sample: bool
) -> Backward | None:
    x, gain, offset, polynomial = inputs
    rows = len(polynomial.data)
    if per_sample or not _covers(x, rows, band):
        return None
    p, space, bands = b.program, x.space, (x.space.band, band)
    source, found, coefficients = b.value(x), _statistics(b, x, per_sample), p.empty((rows, *x.shape[-2:]))
    given = found, b.value(gain), b.value(offset), b.value(polynomial)
    p.compose(*given, coefficients, epsilon)
    _polynomial(p, source, coefficients, bands, space.centre, b.result(out))
    b.keep_saved(out, found)

    def backward(g: Array) -> None:
        gx, g_gain, g_offset = (b.gradient_or_scratch(v) for v in (x, gain, offset))
        sums = _polynomial_adjoint(p, g, source, coefficients, bands, space.centre, gx)
        factor, start = p.empty(x.shape[-2:]), p.empty(x.shape[-2:])
        results = g_gain, g_offset, b.gradient(polynomial), factor, start
        p.compose_adjoint(sums, given, results, epsilon)
        _add_affine(p, gx, source, factor, start, space.centre)

    return backward


@rule("gaussian_polynomial")
def _gaussian(
    b: Builder, out: Tensor, inputs: tuple[Tensor], function: str, degree: int, epsilon: float, band: Axes,
    per_sample: bool,
) -> Backward | None:  # fmt: skip
    if not (function == "relu" or per_sample) or not _covers(inputs[0], degree + 1, band):
        return None
    found = _statistics(b, inputs[0], per_sample)
    b.keep_saved(out, found)
    if function != "relu":
        return _fit(b, out, inputs[0], found, function, degree, band, epsilon)
    return _fit_relu(b, out, inputs, (found, None, None, None), degree, band, (epsilon, 0.0), False)


def _fit(
    b: Builder, out: Tensor, x: Tensor, found: Array, function: str, degree: int, band: Axes, epsilon: float
) -> Backward:
    """Append a polynomial for the moments of each example, whose few coefficients NumPy computes."""
    p, lanes, bands = b.program, x.shape[-2:], (x.space.band, band)
    source, centre, cotangent = b.value(x), x.space.centre, x.space.cotangent
    coefficients, negated, means = p.empty((degree + 1, *lanes)), p.empty(lanes), p.empty(lanes, x.data.dtype)

    def fit() -> None:
        coefficients[...] = fitted_coefficients(found, function, degree, epsilon)
        negated[...] = -found[0]

    p.call(fit)
    with _without_mean(p, source[centre], means, negated):
        _polynomial(p, source, coefficients, bands, centre, b.result(out))

    def backward(g: Array) -> None:
        gx = b.gradient_or_scratch(x)
        with _without_mean(p, source[centre], means, negated):
            sums = _polynomial_adjoint(p, g, source, coefficients, bands, centre, gx)
        factor, start = p.empty(lanes), p.empty(lanes)

        def spread() -> None:
            of_found = fitted_gradient(sums, found, cotangent.mean(gx), function, degree, epsilon)
            for target, row in zip((factor, start), moments_map(of_found, found, x), strict=True):
                target[...] = row

        p.call(spread)
        _add_affine(p, gx, source, factor, start, centre)

    return backward


@rule("normalized_gaussian")
def _normalized_gaussian(
    b: Builder, out: Tensor, inputs: tuple[Tensor, ...], function: str, degree: int, epsilon: float,
    norm_epsilon: float, band: Axes, per_sample: bool, running: Array | None,
) -> Backward | None:  # fmt: skip
    x, gain, offset = inputs
    if function != "relu" or not _covers(x, degree + 1, band):
        return None
    own, shared = _both_statistics(b, x, per_sample, running)
    b.keep_saved(out, own, shared)
    given = own, shared, b.value(gain), b.value(offset)
    return _fit_relu(b, out, inputs, given, degree, band, (epsilon, norm_epsilon), running is not None)


def _fit_relu(
    b: Builder, out: Tensor, inputs: tuple[Tensor, ...], given: tuple[Array | None, ...], degree: int, band: Axes,
    epsilons: tuple[float, float], running: bool,
) -> Backward:  # fmt: skip
    x = inputs[0]
    p, lanes, bands = b.program, x.shape[-2:], (x.space.band, band)
    source, centre = b.value(x), x.space.centre
    coefficients, negated, means = p.empty((degree + 1, *lanes)), p.empty(lanes), p.empty(lanes, x.data.dtype)
    normal = p.empty((2, *lanes), np.float64).view(np.uint8)
    p.relu(given, (coefficients, negated, None, None, None, None), normal, lanes, degree, epsilons, running=running)
    with _without_mean(p, source[centre], means, negated):
        _polynomial(p, source, coefficients, bands, centre, b.result(out))

    def backward(g: Array) -> None:
        gx, *of_affine = (b.gradient_or_scratch(v) for v in inputs)
        with _without_mean(p, source[centre], means, negated):
            sums = _polynomial_adjoint(p, g, source, coefficients, bands, centre, gx)
        factor, start = p.empty(lanes), p.empty(lanes)
        results = None, None, *(of_affine or (None, None)), factor, start
        p.relu(given, results, normal, lanes, degree, epsilons, running=running, sums=sums, mean_of_g=gx[centre])
        _add_affine(p, gx, source, factor, start, centre)

    return backward


@contextmanager
def _without_mean(p: Program, row: Array, kept: Array, negated: Array) -> Iterator[None]:
    """Subtract the mean in place, and put it back afterwards, to the bit."""
    p.copy(row, kept)
    p.add_mean(row, (), negated)
    yield
    p.copy(kept, row)


@rule("update_running")
def _running(
    b: Builder, out: Tensor, inputs: tuple[Tensor], state: dict[str, Array], momentum: float
) -> Backward | None:
    if any(state[name].dtype != b.program.precision for name in ("mean", "variance")):
        return None
    for name in ("mean", "variance"):
        b.watch(state, name, state[name])
    b.program.running(state["mean"], state["variance"], b.value(inputs[0]), momentum)
    return nothing


# -- heads -----------------------------------------------------------------------------------------------
@rule("reshape")
def _reshape(b: Builder, out: Tensor, inputs: tuple[Tensor], shape: Axes) -> Backward:
    (x,) = inputs
    b.values[id(out)] = b.value(x).reshape(out.shape)
    return lambda g: b.share_gradient(x, g.reshape(x.shape))


@rule("constant")
def _constant(b: Builder, out: Tensor, inputs: tuple[Tensor], space: Space) -> Backward | None:
    (value,) = inputs
    if not _on_modes(out) or value.shape != (1, out.shape[-1]):
        return None
    b.keep_constant(out, b.value(value))

    def backward(g: Array) -> None:
        gv = b.gradient(value)
        if gv is not None:
            means = b.program.empty(g.shape[-2:])
            b.program.scatter(g[out.space.centre], means, [[0, 0]], [1], means.size, (_parts(g), 1))
            b.program.column_sums(means, gv)

    return backward


@rule("add")
def _add(b: Builder, out: Tensor, inputs: tuple[Tensor, Tensor], **rest: Any) -> Backward | None:
    x, other = inputs
    if out.space is None:
        return _add_row(b, out, x, other)
    if not _on_modes(x, out) or x.shape != out.shape:
        return None
    constant = b.constant(other) if b.varies(other) else _row(other)
    if constant is None and other.shape != out.shape:
        return None
    if constant is not None and b.may_overwrite(x):
        b.values[id(out)] = b.value(x)
    else:
        b.program.copy(b.value(x), b.result(out))
    if constant is not None:
        b.program.add_mean(b.value(out), out.space.centre, constant)
    else:
        b.program.add(b.value(out), b.value(other))

    def backward(g: Array) -> None:
        b.share_gradient(x, g)
        b.share_gradient(other, g)

    return backward


def _row(x: Tensor) -> Array | None:
    """Return the numbers of a fixed signal that is one number per channel, the same for all examples; else None."""
    if not _on_modes(x) or x.shape[-2] != 1:
        return None
    row = x.data[x.space.centre]
    others = np.count_nonzero(x.data) - np.count_nonzero(row)
    return None if others or np.any(row.imag) else np.ascontiguousarray(row.real)


def _add_row(b: Builder, out: Tensor, x: Tensor, row: Tensor) -> Backward | None:
    """Add one number per column, to features and to samples."""
    if x.shape != out.shape or row.shape[-1:] != out.shape[-1:] or row.data.size != out.shape[-1]:
        return None
    if out.ndim > 2 and not b.varies(row) and b.less_offset(out, x, -row.data.ravel()):
        return nothing
    columns = (-1, out.shape[-1])
    b.program.add_rows(b.value(x).reshape(columns), b.value(row).reshape(-1), b.result(out).reshape(columns))

    def backward(g: Array) -> None:
        b.share_gradient(x, g)
        gb = b.gradient(row)
        if gb is not None:
            b.program.column_sums(g.reshape(columns), gb)

    return backward


@rule("functional")
def _functional(b: Builder, out: Tensor, inputs: tuple[Tensor, Tensor], **rest: Any) -> Backward | None:
    x, v = inputs
    if not _on_modes(x, v) or not x.space.is_complex:
        return None
    p, modes, batch, (channels, outputs) = b.program, prod(v.shape[:-2]), x.shape[-2], v.shape[-2:]
    width, matrix = 2 * channels, 2 * channels * outputs
    source, vectors = b.value(x), b.value(v)
    weights = p.constant(np.broadcast_to(x.space.weights, (*x.space.shape, 1, 1)).ravel())
    constant = not b.varies(v)
    if constant:
        planes = p.constant(np.stack([vectors.real, vectors.imag], axis=-3).reshape(modes, 2, channels, outputs))
        weighted = p.panels((planes * weights[:, None, None, None]).reshape(2 * modes, channels, outputs))
    else:
        planes, weighted = (p.empty((modes, 2, channels, outputs)) for _ in range(2))
        p.planes(vectors, planes, weighted, weights)
    work = modes * batch * width * 16
    p.gemm(
        source, weighted, b.result(out), work=work, total=1, n0=modes, n1=2, a0=batch * width, a1=1, b0=matrix,
        b1=channels * outputs, o0=0, o1=0, rows=batch, inner=channels, columns=outputs, a_row=width, a_inner=2,
        b_inner=outputs, b_column=1, planes=1, b_plane=0, out_row=outputs, packed=constant,
    )  # fmt: skip

    def backward(g: Array) -> None:
        gx, gv = b.gradient(x), b.gradient(v)
        if gx is not None:
            p.gemm(
                g, planes, gx, work=work, n0=modes, n1=1, a0=0, a1=0, b0=matrix, b1=0, o0=batch * width, o1=0,
                rows=batch, inner=outputs, columns=width, a_row=outputs, a_inner=1, b_inner=1, b_column=outputs,
                planes=2, b_plane=channels * outputs, out_row=width,
            )  # fmt: skip
        if gv is not None:
            # One real and one imaginary plane, which are then interleaved.
            parts = p.empty(planes.shape)
            p.gemm(
                source, g, parts, work=work, n0=modes, n1=2, a0=batch * width, a1=1, b0=0, b1=0, o0=matrix,
                o1=channels * outputs, rows=channels, inner=batch, columns=outputs, a_row=2, a_inner=width,
                b_inner=outputs, b_column=1, planes=1, b_plane=0, out_row=outputs,
            )  # fmt: skip
            p.interleave(parts, gv)

    return backward


@rule("from_coordinates")
def _from_coordinates(b: Builder, out: Tensor, inputs: tuple[Tensor], space: Space) -> Backward | None:
    (values,) = inputs
    if not _on_modes(out) or not space.is_complex:
        return None
    count, run, modes = len(values.data), prod(values.shape[1:]), prod(space.shape)
    made = np.ascontiguousarray(space.from_coordinates(np.eye(count)[..., None])).reshape(modes, count)
    forth = made.view(float).reshape(modes, count, 2).swapaxes(1, 2).reshape(2 * modes, count)
    units = np.zeros((modes, 2 * modes), complex)
    units[np.arange(modes), 2 * np.arange(modes)], units[np.arange(modes), 2 * np.arange(modes) + 1] = 1, 1j
    back = space.coordinates(units.reshape(*space.shape, 2 * modes, 1))[..., 0]
    # A place in a half spectrum: two real numbers per complex one.
    to, source = np.nonzero(np.abs(forth) > 1e-12)
    places = np.stack([to // 2 * 2 * run + to % 2, source * run], axis=1)
    b.program.scatter(b.value(values), b.result(out), places, forth[to, source], run, (1, 2))

    def backward(g: Array) -> None:
        gv = b.gradient(values)
        if gv is not None:
            to, source = np.nonzero(np.abs(back) > 1e-12)
            places = np.stack([to * run, source // 2 * 2 * run + source % 2], axis=1)
            b.program.scatter(g, gv, places, back[to, source], run, (2, 1))

    return backward


@rule("softmax_loss")
def _softmax(b: Builder, out: Tensor, inputs: tuple[Tensor], targets: Array) -> Backward | None:
    (logits,) = inputs
    # The kernel takes the gradient of the loss as 1.
    if id(out) not in b.results or targets.dtype != b.program.precision or not targets.flags.c_contiguous:
        return None
    slope = b.program.empty(logits.shape)
    b.program.softmax(b.value(logits), targets, b.result(out), slope)
    return lambda g: b.share_gradient(logits, slope)


def _gated(b: Builder, out: Tensor, x: Tensor, factors: Tensor) -> Backward | None:
    """Append the product with one factor per example and channel that varies, such as a gate."""
    if factors.shape != x.shape[-2:] or not b.varies(x):
        return None
    p, source, gates = b.program, b.value(x), b.value(factors)
    _combine(p, source, gates, None, None, b.result(out))

    def backward(g: Array) -> None:
        gx, of_gates = b.gradient(x), b.gradient(factors)
        if gx is not None:
            _combine(p, g, gates, None, None, gx)
        if of_gates is not None:
            _inner(p, g, source, of_gates, x.space.ndim)

    return backward


# -- dropout ---------------------------------------------------------------------------------------------
@rule("drop_lanes")
def _drop_lanes(b: Builder, out: Tensor, inputs: tuple[Tensor], draw: Callable[[Axes], Array]) -> Backward | None:
    (x,) = inputs
    if not _on_modes(x, out):
        return None
    lanes = x.shape[-2:]
    factors = b.program.empty(lanes)
    b.program.call(lambda: np.copyto(factors, draw(lanes)))
    b.keep_saved(out, factors)
    _combine(b.program, b.value(x), factors, None, None, b.result(out))

    def backward(g: Array) -> None:
        gx = b.gradient(x)
        if gx is not None:
            _combine(b.program, g, factors, None, None, gx)

    return backward


# -- the door --------------------------------------------------------------------------------------------
@rule("cast")
def _cast(b: Builder, out: Tensor, inputs: tuple[Tensor], precision: Any) -> Backward | None:
    (x,) = inputs
    if x.dtype != out.dtype:
        return None
    b.same(out, x)
    return lambda g: b.share_gradient(x, g)


@rule("sample_modes")
def _sample_modes(b: Builder, out: Tensor, inputs: tuple[Tensor], space: Space) -> Backward | None:
    (x,) = inputs
    matrices = space.transform_matrices(x.shape[1:-1], x.dtype) if _on_modes(out) and not x.requires_grad else None
    if matrices is None:
        return None
    samples, offset = b.with_offset(x)
    factor = b.factors[id(out)] = b.program.constant(np.ones(x.shape[-1]))
    b.program.door(samples, b.program.constant(offset), factor, matrices, b.result(out))
    return nothing


@rule("scale")
def _scale(b: Builder, out: Tensor, inputs: tuple[Tensor, Tensor], **rest: Any) -> Backward | None:
    x, factors = inputs
    if not _on_modes(x, out) or x.shape != out.shape:
        return None
    if b.varies(factors):
        return _gated(b, out, x, factors)
    if id(x) in b.factors and b.readers[id(x)] == 1 and factors.data.size == x.shape[-1]:
        # The door multiplies by it.
        b.factors[id(x)] *= factors.data.ravel()
        b.values[id(out)] = b.value(x)
        return nothing
    spread = b.program.constant(np.broadcast_to(factors.data, x.shape[-2:]))
    _combine(b.program, b.value(x), spread, None, None, b.result(out))

    def backward(g: Array) -> None:
        gx = b.gradient(x)
        if gx is not None:
            _combine(b.program, g, spread, None, None, gx)

    return backward
