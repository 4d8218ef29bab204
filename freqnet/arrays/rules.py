"""Rules of ops whose weights are trained, of running averages, and of dropout."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from math import prod
from typing import Any

import numpy as np

from freqnet.arrays.graph import ArrayGraph, trained_rule
from freqnet.arrays.library import Library
from freqnet.autodiff import OPS, Tensor
from freqnet.caches import cached
from freqnet.onnx.matrices import Form, Selection, form_of, from_real, matrix_of, real_axes, to_real
from freqnet.onnx.mixing import Mixing, spread_of
from freqnet.onnx.signals import lanes, mixed, moments, on_samples
from freqnet.spaces import Axes, Space


# -- weights -------------------------------------------------------------------------------------------
@trained_rule("frequency_response")
def _frequency_response(graph: ArrayGraph, out: Tensor, inputs: tuple[Tensor], **parameters: Any) -> str:
    (theta,) = inputs
    first, *others = out.shape[:-2]
    target = (2 * first if np.iscomplexobj(out.data) else first, *others)
    form = form_of(lanes(OPS["frequency_response"], None, parameters), theta.shape[:1], target)
    return graph.linear(graph.name(theta), form, theta.shape[-1], len(theta.data))


@trained_rule("convolve")
def _convolve(graph: ArrayGraph, out: Tensor, inputs: tuple[Tensor, Tensor], size: Axes, groups: int) -> str | None:
    x, h = inputs
    if not graph.varies(h):
        return None
    shape, ndim = h.shape, x.space.ndim
    if not x.space.is_spectral:
        count = prod(shape[:ndim])
        taps = graph.reshape(graph.rows(graph.name(h), np.arange(count)[::-1], count), *shape)
        weights = graph.add("Transpose", taps, perm=[ndim + 1, ndim, *range(ndim)])
        return on_samples(graph, x, weights, shape, groups)
    found = _spread(x.space, shape[:-2], bool(np.iscomplexobj(h.data)), size)
    if found is None:
        return None
    return _mixed(graph, x, h, *found, groups)


@cached
def _spread(space: Space, axes: Axes, is_complex: bool, size: Axes) -> tuple[Mixing, Form] | None:
    return spread_of(space, axes, is_complex, size)


def _mixed(graph: ArrayGraph, x: Tensor, h: Tensor, mixing: Mixing, spread: Form, groups: int) -> str:
    inputs, outputs = h.shape[-2:]
    places, sets = mixing.weights.shape[:2]
    rows = prod(h.shape[:-2]) * (2 if np.iscomplexobj(h.data) else 1)
    every = graph.linear(graph.name(h), spread, outputs, rows)
    apart = graph.reshape(every, places, sets, places, inputs, groups, outputs // groups)
    turned = graph.add("Transpose", apart, perm=[0, 1, 4, 2, 3, 5])
    shape = places, sets, groups, places * inputs, outputs // groups
    whole = graph.reshape(turned, *(shape if groups > 1 else (*shape[:2], *shape[3:])))
    weights = [graph.add("Gather", whole, graph.constant(np.array(i)), axis=0) for i in range(places)]
    return mixed(graph, graph.name(x), mixing, weights, shape)


@trained_rule("functional")
def _functional(graph: ArrayGraph, out: Tensor, inputs: tuple[Tensor, Tensor]) -> str | None:
    x, v = inputs
    if not graph.varies(v):
        return None
    size = prod(real_axes(x.space)) * x.shape[-1]
    weights = np.broadcast_to(x.space.weights, (*x.space.shape, 1, 1)).reshape(-1, 1, 1)
    every = np.concatenate([weights, weights]) if x.space.is_complex else weights
    vectors = graph.reshape(graph.times(graph.name(v), every), size, v.shape[-1])
    turned = graph.add("Transpose", graph.name(x), perm=[1, 0, 2])
    return graph.add("MatMul", graph.reshape(turned, -1, size), vectors)


# -- statistics ----------------------------------------------------------------------------------------
@trained_rule("running")
def _running(graph: ArrayGraph, out: Tensor, inputs: tuple[Tensor, Tensor]) -> str:
    name = graph.stack(*map(graph.name, inputs))
    # Some ops take the averages as an array.
    graph.bind_array(out.data, name)
    return name


@trained_rule("update_running")
def _update_running(
    graph: ArrayGraph, out: Tensor, inputs: tuple[Tensor], state: dict[str, np.ndarray], momentum: float
) -> str:
    (found,) = inputs
    averages = tuple(graph.array_name(state[name]) for name in ("mean", "variance"))
    graph.call(partial(_moved, momentum), graph.name(found), *averages, writes=averages)
    return graph.name(found)


def _moved(momentum: float, library: Library) -> Callable[..., tuple[Any, ...]]:
    """Return the function of the statistics of a batch and of the running averages that returns the new averages."""
    is_finite, every, where = map(library.function, ("isfinite", "all", "where"))

    def move(found: Any, *averages: Any) -> tuple[Any, ...]:
        with library.without_gradients():
            # An average would never recover from a number that is not finite.
            is_usable = every(is_finite(found))
            moved = (
                found[i, ...] if momentum == 1 else average + momentum * (found[i, ...] - average)
                for i, average in enumerate(averages)
            )
            return tuple(where(is_usable, new, average) for new, average in zip(moved, averages, strict=True))

    return move


@trained_rule("normalized_polynomial", "gaussian_polynomial")
def _with_moments(graph: ArrayGraph, out: Tensor, inputs: tuple[Tensor, ...], per_sample: bool, **rest: Any) -> None:
    """Name the moments that the op returns beside its result; other rules do the rest."""
    graph.bind(out.saved[0], graph.stack(*moments(graph, inputs[0], per_sample)))


@trained_rule("normalized_gaussian")
def _normalized_gaussian(
    graph: ArrayGraph, out: Tensor, inputs: tuple[Tensor, ...], per_sample: bool, running: np.ndarray | None,
    **rest: Any,
) -> None:  # fmt: skip
    graph.bind(out.saved[0], graph.stack(*moments(graph, inputs[0], per_sample)))
    if running is None:
        graph.bind(out.saved[1], graph.stack(*moments(graph, inputs[0], False)))


# -- dropout -------------------------------------------------------------------------------------------
@trained_rule("drop_lanes")
def _drop_lanes(
    graph: ArrayGraph, out: Tensor, inputs: tuple[Tensor], draw: Callable[[tuple[int, ...]], np.ndarray]
) -> str:
    def make(library: Library) -> Callable[[Any], Any]:
        def factors(x: Any) -> Any:
            numbers = draw(tuple(x.shape[-2:])).astype(graph.precision)
            return library.hand_over(numbers, library.device(x))

        return factors

    name = graph.name(inputs[0])
    return graph.add("Mul", name, graph.call(make, name))


@trained_rule("drop_frequencies")
def _drop_frequencies(graph: ArrayGraph, out: Tensor, inputs: tuple[Tensor], draw: Callable[[Axes], int]) -> str:
    space = inputs[0].space

    def make(library: Library) -> Callable[[Any], Any]:
        def dropped(x: Any) -> Any:
            form = _low_pass(space, draw(space.band))
            numbers = form.scale[:, None, None] if isinstance(form, Selection) else form
            handed = library.hand_over(numbers.astype(graph.precision), library.device(x))
            if isinstance(form, Selection):
                return x * handed
            reshape = library.function("reshape")
            return reshape(handed @ reshape(x, (len(form), -1)), tuple(x.shape))

        return dropped

    return graph.call(make, graph.name(inputs[0]))


@cached
def _low_pass(space: Space, radius: int) -> Any:
    """Return a low-pass as factors of the rows, or as a matrix."""
    kept = tuple(min(radius, m) for m in space.band)

    def apply(array: np.ndarray) -> np.ndarray:
        narrow = space.change_band(from_real(array[..., None], space), kept)
        return to_real(space.with_band(kept).change_band(narrow, space.band))[..., 0]

    axes = real_axes(space)
    form = form_of(apply, axes, axes)
    is_diagonal = isinstance(form, Selection) and np.all((form.scale == 0) | (form.index == np.arange(prod(axes))))
    return form if is_diagonal else matrix_of(apply, axes)
