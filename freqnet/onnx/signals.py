"""The rules of ops on signals: linear maps, convolutions, products and statistics."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import partial, reduce
from math import prod
from typing import Any, NamedTuple

import numpy as np

from freqnet.autodiff import OPS, Tensor
from freqnet.autodiff.tape import Op
from freqnet.caches import cached
from freqnet.onnx.graph import Graph, rule
from freqnet.onnx.matrices import Array, Form, Map, Selection, apply_form, form_of, from_real, real_axes, to_real
from freqnet.onnx.mixing import Mixing, mixing_of
from freqnet.spaces import Axes, Space
from freqnet.spaces.base import volume
from freqnet.spaces.parametrisations import tap_offsets

# The largest relative difference between a product of signals and its form at points, if no condition number adds.
_PRODUCTS_AGREE = 1e-6


# -- linear maps of signals ----------------------------------------------------------------------------
def lanes(op: Op, space: Space | None, parameters: dict[str, Any]) -> Map:
    """Return a linear op of a signal, or of plain ``(rows, batch, channels)``, as a map of real arrays."""

    def apply(array: Array) -> Array:
        x = Tensor(array[..., None] if space is None else from_real(array[..., None], space), space)
        return to_real(op.forward(x, **parameters).data)[..., 0]

    return apply


def linear_rule(*names: str) -> None:
    """Make rules for linear ops that treat each example and each channel alone, and alike.

    The rule applies the op to test signals and writes the matrices that it finds.

    Parameters
    ----------
    *names : str
        Names of ops in `freqnet.autodiff.OPS`: from a signal to a signal, or to plain ``(rows, batch, channels)`` or
        ``(batch, channels)``, or from plain ``(rows, batch, channels)`` to a signal.

    Examples
    --------
    >>> from freqnet.autodiff import OPS, Tensor, linear
    >>> from freqnet.onnx import RULES, linear_rule
    >>> less_mean = lambda x: Tensor(x.data - x.space.constant(x.space.mean(x.data)), x.space)
    >>> remove_mean = linear("remove_mean", less_mean, lambda g, x: remove_mean(g), source="x - mean(x)")
    >>> linear_rule("remove_mean")
    >>> _ = RULES.pop("remove_mean"), OPS.pop("remove_mean")
    """
    for name in names:
        rule(name)(partial(_linear, name))


def _linear(name: str, graph: Graph, out: Tensor, inputs: tuple[Tensor], **parameters: Any) -> str:
    (x,) = inputs
    source = x.shape[:1] if x.space is None else real_axes(x.space)
    target = real_axes(out.space) if out.space is not None else out.shape[:-2] or (1,)
    form = form_of(lanes(OPS[name], x.space, parameters), source, target)
    made = graph.linear(graph.name(x), form, x.shape[-1], prod(source))
    return made if out.ndim > 2 else graph.reshape(made, -1, out.shape[-1])


linear_rule("change_band", "resample", "average", "alias", "shift", "riesz", "split_nyquist", "mean", "coordinates")
linear_rule("from_coordinates", "take")


@rule("sample_modes")
def _sample_modes(graph: Graph, out: Tensor, inputs: tuple[Tensor], space: Space) -> str:
    (x,) = inputs
    return _of_samples(graph, x, form_of(partial(_analysed, space), x.shape[1:-1], real_axes(space)))


def _of_samples(graph: Graph, x: Tensor, form: Form) -> str:
    """Apply a linear map from samples ``(batch, *grid, channels)`` to a signal."""
    grid = x.shape[1:-1]
    moved = graph.add("Transpose", graph.name(x), perm=[*range(1, len(grid) + 1), 0, len(grid) + 1])
    samples = graph.reshape(moved, volume(grid), -1, x.shape[-1])
    return graph.linear(samples, form, x.shape[-1], volume(grid))


@rule("synthesize")
def _synthesize(graph: Graph, out: Tensor, inputs: tuple[Tensor], grid: Axes) -> str:
    (x,) = inputs
    return _to_samples(graph, x, form_of(partial(_synthesised, x.space, grid), real_axes(x.space), grid), grid)


def _to_samples(graph: Graph, x: Tensor, form: Form, grid: Axes) -> str:
    """Apply a linear map from a signal to samples ``(batch, *grid, channels)``."""
    samples = graph.linear(graph.name(x), form, x.shape[-1], prod(real_axes(x.space)))
    apart = graph.reshape(samples, *grid, -1, x.shape[-1])
    return graph.add("Transpose", apart, perm=[len(grid), *range(len(grid)), len(grid) + 1])


def _analysed(space: Space, samples: Array) -> Array:
    """Return the real numbers of signals from samples ``(*grid, lanes)``."""
    return to_real(space.sample_modes(np.moveaxis(samples, -1, 0)[..., None]))[..., 0]


def _synthesised(space: Space, grid: Axes, array: Array) -> Array:
    """Return samples ``(*grid, lanes)`` of signals from their real numbers."""
    return np.moveaxis(space.synthesis(from_real(array[..., None], space), grid)[..., 0], 0, -1)


@rule("from_bins")
def _from_bins(graph: Graph, out: Tensor, inputs: tuple[Tensor], space: Space) -> str:
    (x,) = inputs
    grid = x.shape[1:-1]
    form = form_of(lambda v: to_real(space.from_bins(np.moveaxis(v, -1, 0)[..., None]))[..., 0], grid, real_axes(space))
    return _of_samples(graph, x, form)


@rule("to_bins")
def _to_bins(graph: Graph, out: Tensor, inputs: tuple[Tensor], grid: Axes) -> str:
    (x,) = inputs
    source = real_axes(x.space)
    bins = lambda v: np.moveaxis(x.space.to_bins(from_real(v[..., None], x.space), grid)[..., 0], 0, -1)
    return _to_samples(graph, x, form_of(bins, source, grid), grid)


# -- sums, factors and constants -----------------------------------------------------------------------
@rule("scale")
def _scale(graph: Graph, out: Tensor, inputs: tuple[Tensor, Tensor]) -> str:
    x, factors = inputs
    return graph.add("Mul", graph.name(x), graph.name(factors))


@rule("constant")
def _constant(graph: Graph, out: Tensor, inputs: tuple[Tensor], space: Space) -> str:
    return graph.add("Mul", _unit(graph, space), graph.name(inputs[0]))


def _unit(graph: Graph, space: Space) -> str:
    """Return the name of the signal that is 1 everywhere, ``(rows, 1, 1)``."""
    return graph.constant(to_real(space.constant(np.ones((1, 1)))).reshape(-1, 1, 1))


@rule("affine")
def _affine(graph: Graph, out: Tensor, inputs: tuple[Tensor, Tensor, Tensor]) -> str:
    x, factors, offset = inputs
    scaled = graph.add("Mul", graph.name(x), graph.name(factors))
    return graph.add("Add", scaled, graph.add("Mul", _unit(graph, x.space), graph.name(offset)))


# -- convolution ---------------------------------------------------------------------------------------
@rule("convolve")
def _convolve(graph: Graph, out: Tensor, inputs: tuple[Tensor, Tensor], size: Axes, groups: int) -> str | None:
    x, h = inputs
    if graph.varies(h):
        return None
    if not x.space.is_spectral:
        ndim = x.space.ndim
        # A convolution of ONNX correlates: the taps are reversed.
        weights = np.flip(h.data, tuple(range(ndim))).transpose(ndim + 1, ndim, *range(ndim))
        return on_samples(graph, x, graph.constant(weights, is_weight=True), h.shape, groups)
    mixing = mixing_of(x.space, h.data, size, groups)
    if mixing is None:
        return None
    sets, columns = mixing.weights.shape[1], mixing.weights.shape[3]
    if groups > 1 and mixing.weights.shape[-1] == 1 == columns // len(mixing.weights):
        parts = [graph.rows(graph.name(x), rows, len(mixing.place)) for rows in mixing.rows.T]
        made = [_weighted(graph, parts, weights[..., 0]) for weights in mixing.weights]
        return graph.rows(_joined(graph, made, 0), mixing.place, len(mixing.weights) * sets)
    names = [graph.constant(w if groups > 1 else w[:, 0], is_weight=True) for w in mixing.weights]
    return mixed(graph, graph.name(x), mixing, names, mixing.weights.shape)


def mixed(graph: Graph, x: str, mixing: Mixing, weights: Sequence[str], shape: Axes) -> str:
    """Convolve by matrix products over the channels of rows that mix.

    Parameters
    ----------
    graph : Graph
    x : str
        Signal ``(rows, batch, channels)``.
    mixing : Mixing
        The rows that mix.
    weights : sequence of str
        For each place in a set, weights as in `Mixing`; without the axis of groups if there is one group.
    shape : tuple of int
        Shape of all weights, as in `Mixing`.
    """
    (size, sets, groups, columns, outputs), count = shape, len(mixing.place)
    parts = [graph.rows(x, rows, count) for rows in mixing.rows.T]
    if groups > 1:
        split = [graph.reshape(part, sets, -1, groups, columns // size) for part in parts]
        joined = _joined(graph, [graph.add("Transpose", part, perm=[0, 2, 1, 3]) for part in split], -1)
        each = [graph.add("MatMul", joined, w) for w in weights]
        turned = [graph.add("Transpose", y, perm=[0, 2, 1, 3]) for y in each]
        made = [graph.reshape(y, sets, -1, groups * outputs) for y in turned]
    else:
        joined = _joined(graph, parts, -1)
        made = [graph.add("MatMul", joined, w) for w in weights]
    return graph.rows(_joined(graph, made, 0), mixing.place, size * sets)


def _joined(graph: Graph, parts: list[str], axis: int) -> str:
    return parts[0] if len(parts) == 1 else graph.add("Concat", *parts, axis=axis)


def _weighted(graph: Graph, parts: list[str], weights: Array) -> str:
    """Return the sum of parts ``(sets, batch, channels)``, each times its weights ``(sets, channels, parts)``."""
    terms = [
        graph.add("Mul", part, graph.constant(weights[:, None, :, i], is_weight=True)) for i, part in enumerate(parts)
    ]
    return reduce(lambda a, b: graph.add("Add", a, b), terms)


def on_samples(graph: Graph, x: Tensor, weights: str, shape: Axes, groups: int) -> str:
    """Convolve samples circularly.

    Parameters
    ----------
    graph : Graph
    x : Tensor
        Samples ``(*grid, batch, inputs)``.
    weights : str
        Reversed taps ``(outputs, inputs / groups, *size)``.
    shape : tuple of int
        ``(*size, inputs / groups, outputs)``.
    groups : int
    """
    grid, channels, ndim = x.space.grid, x.shape[-1], x.space.ndim
    apart = graph.reshape(graph.name(x), *grid, -1, channels)
    for axis, (n, k) in enumerate(zip(grid, shape, strict=False)):
        offsets = tap_offsets(k)
        places = np.arange(-offsets.max(), n - offsets.min()) % n
        apart = graph.add("Gather", apart, graph.constant(places.astype(np.int64)), axis=axis)
    images = graph.add("Transpose", apart, perm=[ndim, ndim + 1, *range(ndim)])
    made = graph.add_single("Conv", images, weights, group=groups)
    back = graph.add("Transpose", made, perm=[*range(2, ndim + 2), 0, 1])
    return graph.reshape(back, volume(grid), -1, shape[-1])


def _of_two_signals(adjoint: bool, graph: Graph, out: Tensor, inputs: tuple[Tensor, Tensor]) -> str:
    """Multiply the numbers of each mode: real and imaginary parts, or a mode and its mirror image."""
    a, b = (graph.name(x) for x in inputs)
    rows = prod(real_axes(out.space))
    times = partial(graph.add, "Mul")
    if out.space.is_complex:
        half = np.arange(rows // 2)
        (p, q), (r, s) = ([graph.rows(x, part, rows) for part in (half, half + rows // 2)] for x in (a, b))
        first, second = ("Add", "Sub") if adjoint else ("Sub", "Add")
        real = graph.add(first, times(p, r), times(q, s))
        imag = graph.add(second, times(q, r), times(p, s))
        return graph.add("Concat", real, imag, axis=0)
    reverse = np.arange(rows)[::-1]
    there, mirrored = graph.rows(a, reverse, rows), graph.rows(b, reverse, rows)
    even, odd = (graph.times(graph.add(operator, a, there), 0.5) for operator in ("Add", "Sub"))
    own, other = (mirrored, b) if adjoint else (b, mirrored)
    return graph.add("Add", times(even, own), times(odd, other))


rule("convolve_signals")(partial(_of_two_signals, False))
rule("correlate_signals")(partial(_of_two_signals, True))


# -- products ------------------------------------------------------------------------------------------
class Points(NamedTuple):
    """The product of two signals as matrices: their values at points, and the signal of the product of these values.

    Attributes
    ----------
    first, second : Selection, Product or Dense
        To the values of each signal.
    back : Selection, Product or Dense
        From values at points.
    places : int
        Number of points.
    is_one : bool
        Whether the constant signal 1 is 1 at all points; with fewer nodes than samples it is not.
    """

    first: Form
    second: Form
    back: Form
    places: int
    is_one: bool


@rule("multiply")
def _multiply(graph: Graph, out: Tensor, inputs: tuple[Tensor, Tensor], band: Axes) -> str | None:
    a, b = inputs
    points = points_of(a.space, b.space, band)
    return None if points is None else _at_points(graph, inputs, out, points)


@rule("square")
def _square(graph: Graph, out: Tensor, inputs: tuple[Tensor], band: Axes) -> str | None:
    (x,) = inputs
    points = points_of(x.space, x.space, band)
    return None if points is None else _at_points(graph, (x, x), out, points)


def _at_points(graph: Graph, factors: tuple[Tensor, Tensor], out: Tensor, points: Points) -> str:
    values = [_values(graph, x, form) for x, form in zip(factors, points[:2], strict=True)]
    return graph.linear(graph.add("Mul", *values), points.back, out.shape[-1], points.places)


def _values(graph: Graph, x: Tensor, form: Form) -> str:
    return graph.linear(graph.name(x), form, x.shape[-1], prod(real_axes(x.space)))


@rule("low_degree")
def _low_degree(graph: Graph, out: Tensor, inputs: tuple[Tensor, Tensor], band: Axes) -> str | None:
    x, coefficients = inputs
    return polynomial(graph, x, None, [graph.part(coefficients, i) for i in range(len(coefficients.data))], band)


def polynomial(graph: Graph, x: Tensor, centre: str | None, coefficients: list[str], band: Axes) -> str | None:
    """Add a polynomial of a signal less its centre.

    Parameters
    ----------
    graph : Graph
    x : Tensor
        Signal ``(*modes, batch, channels)``.
    centre : str or None
        Numbers ``(batch, channels)`` that are subtracted first.
    coefficients : list of str
        Numbers ``(batch or 1, channels)`` for each power, from the constant up.
    band : tuple of int
        Band of the result.
    """
    if len(coefficients) == 2:
        return _line(graph, x, centre, coefficients, band)
    points = points_of(x.space, x.space, band)
    if points is None:
        return None
    name = graph.name(x)
    if centre is not None and not points.is_one:
        name = graph.add("Sub", name, graph.add("Mul", _unit(graph, x.space), centre))
    values = graph.linear(name, points.first, x.shape[-1], prod(real_axes(x.space)))
    if centre is not None and points.is_one:
        values = graph.add("Sub", values, centre)
    made = coefficients[-1]
    for coefficient in reversed(coefficients[:-1]):
        made = graph.add("Add", graph.add("Mul", values, made), coefficient)
    return graph.linear(made, points.back, x.shape[-1], points.places)


def _line(graph: Graph, x: Tensor, centre: str | None, coefficients: list[str], band: Axes) -> str:
    """Add a polynomial of degree 1, which needs no product of signals."""
    target = x.space.with_band(band)
    form = form_of(lanes(OPS["change_band"], x.space, {"band": band}), real_axes(x.space), real_axes(target))
    start, slope = coefficients
    if centre is not None:
        start = graph.add("Sub", start, graph.add("Mul", slope, centre))
    scaled = graph.add("Mul", _values(graph, x, form), slope)
    return graph.add("Add", scaled, graph.add("Mul", _unit(graph, target), start))


@cached
def points_of(space: Space, other: Space, band: Axes) -> Points | None:
    """Return a product of signals, kept to a band, as matrices; None where the domain multiplies in another way.

    ONNX has no operator that convolves two values of which both depend on the input, in a batch of any size. But a
    bilinear form is ``back @ ((first @ a) * (second @ b))``: with the values of waves at more points than the product
    has modes that reach the band, and with the samples of node domains and of the grid.
    """
    a, b = (replace(s, support=None, origin=None) for s in (space, other))
    target = a.with_band(band)
    if a.is_spectral and not a.has_nodes:
        sizes = zip(a.band, b.band, band, strict=True)
        grid: Axes = tuple(max(m + p + q, 2 * q) + 1 for m, p, q in sizes)
    else:
        grid = a.grid
    back = form_of(partial(_analysed, target), grid, real_axes(target))
    first = _to_points(a, grid)
    one = apply_form(first, to_real(a.constant(np.ones((1, 1)))).reshape(-1, 1))
    is_one = bool(np.max(np.abs(one - 1)) < _PRODUCTS_AGREE)
    found = Points(first, _to_points(b, grid), back, volume(grid), is_one)
    return found if _is_product(found, a, b, target) else None


def _to_points(space: Space, grid: Axes) -> Form:
    if not space.is_spectral:
        return Selection(np.arange(volume(grid)), np.ones(volume(grid)))
    return form_of(partial(_synthesised, space, grid), real_axes(space), grid)


def _is_product(points: Points, a: Space, b: Space, target: Space) -> bool:
    """Compare a product of random signals, and a constant, with those of the domain."""
    generator = np.random.default_rng(0)
    x, y = (s.random(np.empty((*s.shape, 1, 1), s.dtype(float)), generator) for s in (a, b))
    values = [apply_form(f, to_real(v).reshape(-1, 1)) for f, v in zip(points[:2], (x, y), strict=True)]
    wanted = to_real(a.multiply(x, y, b.band, target.band) + target.constant(np.ones((1, 1)))).ravel()
    found = apply_form(points.back, values[0] * values[1] + 1).ravel()
    limit = max(_PRODUCTS_AGREE, 1e-14 * a.condition_number**a.product_rounding)
    return bool(np.max(np.abs(found - wanted)) <= limit * np.max(np.abs(wanted)))


# -- statistics ----------------------------------------------------------------------------------------
@rule("signal_power")
def _power(graph: Graph, out: Tensor, inputs: tuple[Tensor]) -> str:
    return _power_of(graph, inputs[0])


def _power_of(graph: Graph, x: Tensor) -> str:
    """Return the mean square of a signal, ``(batch, channels)``."""
    if x.space.is_self_dual:
        return _inner_of(graph, graph.name(x), graph.name(x), x.space)
    # Like the domain itself: computed by a root of the Gram matrix, power cannot become negative.
    form = form_of(lanes(OPS["coordinates"], x.space, {}), real_axes(x.space), (x.space.coordinate_count,))
    values = _values(graph, x, form)
    return graph.sum(graph.add("Mul", values, values), 0)


@rule("inner")
def _inner(graph: Graph, out: Tensor, inputs: tuple[Tensor, Tensor]) -> str:
    a, b = inputs
    return _inner_of(graph, graph.name(a), graph.name(b), a.space)


def _inner_of(graph: Graph, a: str, b: str, space: Space) -> str:
    weights = np.broadcast_to(space.weights, (*space.shape, 1, 1))
    every = np.concatenate([weights, weights]) if space.is_complex else weights
    return graph.sum(graph.times(graph.add("Mul", a, b), every.reshape(-1, 1, 1)), 0)


@rule("moments")
def _moments(graph: Graph, out: Tensor, inputs: tuple[Tensor], per_sample: bool) -> str:
    return graph.stack(*moments(graph, inputs[0], per_sample))


def moments(graph: Graph, x: Tensor, per_sample: bool = True) -> tuple[str, str]:
    """Return mean and variance of a signal, ``(batch, channels)``; ``(1, channels)`` of the batch."""
    form = form_of(lanes(OPS["mean"], x.space, {}), real_axes(x.space), (1,))
    centre, power = graph.reshape(_values(graph, x, form), -1, x.shape[-1]), _power_of(graph, x)
    if not per_sample:
        centre, power = (graph.add("ReduceMean", v, axes=[0], keepdims=1) for v in (centre, power))
    return centre, graph.add("Sub", power, graph.add("Mul", centre, centre))


# -- modes ---------------------------------------------------------------------------------------------
@rule("mode_inner")
def _mode_inner(graph: Graph, out: Tensor, inputs: tuple[Tensor, Tensor]) -> str:
    a, b = inputs
    space, axes = a.space, real_axes(a.space)
    ones = from_real(np.ones((*axes, 1, 1)), space)
    form = form_of(lambda v: space.mode_inner(from_real(v[..., None], space), ones)[..., 0], axes, out.shape[:1])
    return graph.linear(graph.add("Mul", graph.name(a), graph.name(b)), form, out.shape[-1], prod(axes))


@rule("mode_scale")
def _mode_scale(graph: Graph, out: Tensor, inputs: tuple[Tensor, Tensor]) -> str:
    x, factors = inputs
    space, axes = x.space, real_axes(x.space)
    ones = from_real(np.ones((*axes, 1, 1)), space)
    spread = form_of(lambda v: to_real(space.mode_scale(ones, v[..., None]))[..., 0], factors.shape[:1], axes)
    each = graph.linear(graph.name(factors), spread, factors.shape[-1], factors.shape[0])
    return graph.add("Mul", graph.name(x), each)


@rule("functional")
def _functional(graph: Graph, out: Tensor, inputs: tuple[Tensor, Tensor]) -> str | None:
    x, v = inputs
    if graph.varies(v):
        return None
    weights = to_real(v.data * x.space.weights).reshape(-1, v.shape[-1])
    turned = graph.add("Transpose", graph.name(x), perm=[1, 0, 2])
    return graph.add("MatMul", graph.reshape(turned, -1, len(weights)), graph.constant(weights, is_weight=True))
