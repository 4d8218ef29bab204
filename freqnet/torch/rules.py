"""Rules of ops whose weights are trained, of running averages, and of dropout."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from math import prod
from typing import Any

import numpy as np
import torch

from freqnet.autodiff import OPS, Tensor
from freqnet.caches import cached
from freqnet.onnx.matrices import Form, Selection, form_of, from_real, matrix_of, real_axes, to_real
from freqnet.onnx.mixing import Mixing, spread_of
from freqnet.onnx.signals import lanes, mixed, moments, on_samples
from freqnet.spaces import Axes, Space
from freqnet.torch.graph import TorchGraph, trained_rule


# -- weights -------------------------------------------------------------------------------------------
@trained_rule("frequency_response")
def _frequency_response(graph: TorchGraph, out: Tensor, inputs: tuple[Tensor], **parameters: Any) -> str:
    (theta,) = inputs
    first, *others = out.shape[:-2]
    target = (2 * first if np.iscomplexobj(out.data) else first, *others)
    form = form_of(lanes(OPS["frequency_response"], None, parameters), theta.shape[:1], target)
    return graph.linear(graph.name(theta), form, theta.shape[-1], len(theta.data))


@trained_rule("convolve")
def _convolve(graph: TorchGraph, out: Tensor, inputs: tuple[Tensor, Tensor], size: Axes, groups: int) -> str | None:
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


def _mixed(graph: TorchGraph, x: Tensor, h: Tensor, mixing: Mixing, spread: Form, groups: int) -> str:
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
def _functional(graph: TorchGraph, out: Tensor, inputs: tuple[Tensor, Tensor]) -> str | None:
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
def _running(graph: TorchGraph, out: Tensor, inputs: tuple[Tensor, Tensor]) -> str:
    name = graph.stack(*map(graph.name, inputs))
    # Some ops take the averages as an array.
    graph.bind_array(out.data, name)
    return name


@trained_rule("update_running")
def _update_running(
    graph: TorchGraph, out: Tensor, inputs: tuple[Tensor], state: dict[str, np.ndarray], momentum: float
) -> str:
    (found,) = inputs
    averages = [graph.array_name(state[name]) for name in ("mean", "variance")]
    graph.call(partial(_move, momentum), graph.name(found), *averages, has_effect=True)
    return graph.name(found)


@torch.no_grad()
def _move(momentum: float, found: torch.Tensor, *averages: torch.Tensor) -> None:
    # An average would never recover from a number that is not finite.
    is_finite = torch.isfinite(found).all()
    for average, new in zip(averages, found, strict=True):
        moved = new if momentum == 1 else average + momentum * (new - average)
        average.copy_(torch.where(is_finite, moved, average))


@trained_rule("normalized_polynomial", "gaussian_polynomial")
def _with_moments(graph: TorchGraph, out: Tensor, inputs: tuple[Tensor, ...], per_sample: bool, **rest: Any) -> None:
    """Name the moments that the op returns beside its result; other rules do the rest."""
    graph.bind(out.saved[0], graph.stack(*moments(graph, inputs[0], per_sample)))


@trained_rule("normalized_gaussian")
def _normalized_gaussian(
    graph: TorchGraph, out: Tensor, inputs: tuple[Tensor, ...], per_sample: bool, running: np.ndarray | None,
    **rest: Any,
) -> None:  # fmt: skip
    graph.bind(out.saved[0], graph.stack(*moments(graph, inputs[0], per_sample)))
    if running is None:
        graph.bind(out.saved[1], graph.stack(*moments(graph, inputs[0], False)))


# -- dropout -------------------------------------------------------------------------------------------
@trained_rule("drop_lanes")
def _drop_lanes(
    graph: TorchGraph, out: Tensor, inputs: tuple[Tensor], draw: Callable[[tuple[int, ...]], np.ndarray]
) -> str:
    def factors(x: torch.Tensor) -> torch.Tensor:
        return torch.tensor(draw(tuple(x.shape[-2:])), dtype=x.dtype, device=x.device)

    name = graph.name(inputs[0])
    return graph.add("Mul", name, graph.call(factors, name))


@trained_rule("drop_frequencies")
def _drop_frequencies(graph: TorchGraph, out: Tensor, inputs: tuple[Tensor], draw: Callable[[Axes], int]) -> str:
    space = inputs[0].space

    def dropped(x: torch.Tensor) -> torch.Tensor:
        form = _low_pass(space, draw(space.band))
        if isinstance(form, Selection):
            return x * torch.tensor(form.scale, dtype=x.dtype, device=x.device)[:, None, None]
        matrix = torch.tensor(form, dtype=x.dtype, device=x.device)
        return (matrix @ x.reshape(len(x), -1)).reshape(x.shape)

    return graph.call(dropped, graph.name(inputs[0]))


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
