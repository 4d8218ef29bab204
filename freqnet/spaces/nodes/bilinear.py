"""Bilinear forms of several axes, contracted axis by axis: the pointwise product in node domains."""

from __future__ import annotations

from collections.abc import Sequence
from math import prod

import numpy as np

from freqnet.spaces.base import Axes

# Lanes are processed in groups whose pairs of nodes take about this many numbers.
_CHUNK = 1 << 21


def bilinear(forms: Sequence[np.ndarray], a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Return ``c[k..] = sum_i sum_j f[k1, i1, j1] f[k2, i2, j2] ... a[i..] b[j..]`` for every lane.

    Parameters
    ----------
    forms : sequence of numpy.ndarray
        One per axis, ``(outputs, inputs of a, inputs of b)``.
    a, b : numpy.ndarray
        ``(*inputs, batch, channels)``; batch and channels broadcast.

    Returns
    -------
    numpy.ndarray
        ``(*outputs, batch, channels)``.

    Examples
    --------
    >>> import numpy as np
    >>> from freqnet.spaces.nodes.bilinear import bilinear
    >>> convolution = np.zeros((3, 2, 2))
    >>> convolution[0, 0, 0] = convolution[1, 0, 1] = convolution[1, 1, 0] = convolution[2, 1, 1] = 1
    >>> x = np.array([1.0, 2.0]).reshape(2, 1, 1)
    >>> bilinear([convolution], x, x).ravel()
    array([1., 4., 4.])
    """
    ndim = len(forms)
    forms = [form.astype(a.dtype, copy=False) for form in forms]
    lanes = np.broadcast_shapes(a.shape[ndim:], b.shape[ndim:])
    first, second = (_lanes_first(v, ndim, lanes) for v in (a, b))
    out = np.empty((len(first), *(form.shape[0] for form in forms)), a.dtype)
    pairs = prod(a.shape[: ndim - 1]) * prod(b.shape[: ndim - 1]) * forms[-1].shape[0]
    step = max(1, _CHUNK // pairs)
    for start in range(0, len(first), step):
        part = slice(start, start + step)
        out[part] = _contracted(forms, first[part], second[part])
    return np.ascontiguousarray(np.moveaxis(out, 0, -1)).reshape(*out.shape[1:], *lanes)


def _lanes_first(array: np.ndarray, ndim: int, lanes: tuple[int, ...]) -> np.ndarray:
    spread = np.broadcast_to(array, (*array.shape[:ndim], *lanes)).reshape(*array.shape[:ndim], -1)
    return np.ascontiguousarray(np.moveaxis(spread, -1, 0))


def _contracted(forms: Sequence[np.ndarray], a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Contract the last axis with `a`, then with `b`, then every other axis with both of its inputs."""
    count, last = len(a), forms[-1]
    outputs, inputs, others = last.shape
    halved = a.reshape(-1, inputs) @ last.transpose(1, 0, 2).reshape(inputs, outputs * others)
    pairs = halved.reshape(count, -1, others) @ np.swapaxes(b.reshape(count, -1, others), 1, 2)
    # (lanes, *inputs of a, outputs, *inputs of b), without the last axis of a and b.
    pairs = pairs.reshape(count, *a.shape[1:-1], outputs, *b.shape[1:-1])
    for axis in range(len(forms) - 2, -1, -1):
        done = len(forms) - 1 - axis
        pairs = np.tensordot(pairs, forms[axis], ((1 + axis, 2 + 2 * axis + done), (1, 2)))
        # Move the new output axis before those of the later axes.
        pairs = np.moveaxis(pairs, -1, 1 + axis)
    return pairs


def bilinear_cost(inputs: Axes, others: Axes, outputs: Axes) -> int:
    """Return the multiply-adds of `bilinear` per lane, for these shapes of a, of b and of the result."""
    left = prod(inputs[:-1])
    total = prod(inputs) * outputs[-1] * others[-1] + left * outputs[-1] * prod(others)
    done = outputs[-1]
    for axis in range(len(inputs) - 2, -1, -1):
        done *= outputs[axis]
        total += prod(inputs[: axis + 1]) * prod(others[: axis + 1]) * done
    return total


def factored_cost(inputs: Axes, others: Axes, outputs: Axes, grid: Axes, is_square: bool) -> int:
    """Return the multiply-adds per lane of the same product on samples, with one matrix per axis there and back."""
    there = [matrices_cost(nodes, grid) for nodes in (inputs, others)[: 1 if is_square else 2]]
    return sum(there) + prod(grid) + matrices_cost(grid, outputs)


def matrices_cost(inputs: Axes, outputs: Axes) -> int:
    """Return the multiply-adds per lane of one matrix per axis."""
    total, left = 0, prod(inputs)
    for before, after in zip(inputs, outputs, strict=True):
        left = left // before * after
        total += left * before
    return total
