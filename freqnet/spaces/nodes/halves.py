"""Spectra of real signals at nodes on circles, of which half are stored.

An axis of K nodes has the numbers k from -(K - 1)/2 to (K - 1)/2 if K is odd. If K is even, it has all nodes of an even
number of samples, from -(K/2 - 1) to K/2, and k counts modulo K. The values at the nodes k and -k (of all axes
together) are conjugate, so that the last axis stores only k >= 0.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import prod

import numpy as np

from freqnet.caches import cached
from freqnet.spaces.base import Axes


def numbers(count: int) -> np.ndarray:
    """Return the numbers k of nodes in their order.

    >>> from freqnet.spaces.nodes.halves import numbers
    >>> numbers(5).tolist(), numbers(4).tolist()
    ([-2, -1, 0, 1, 2], [-1, 0, 1, 2])
    """
    return np.arange(count) - (count - 1) // 2


def middle(count: int, kept: int) -> slice:
    """Return the index of the middle `kept` of `count` nodes."""
    first = (count - 1) // 2 - (kept - 1) // 2
    return slice(first, first + kept)


def halved(count: int) -> slice:
    """Return the index of k >= 0 among the nodes of an axis."""
    return slice((count - 1) // 2, count)


def half_shape(counts: Axes) -> Axes:
    """Return the shape of the stored array for these numbers of nodes per axis."""
    return (*counts[:-1], counts[-1] // 2 + 1)


def along_last(index: slice, ndim: int) -> tuple[slice, ...]:
    """Return an index that applies `index` to the last of the leading axes."""
    return (slice(None),) * (ndim - 1) + (index,)


def mirrored(array: np.ndarray, axes: Sequence[int]) -> np.ndarray:
    """Return the array at -k along some axes; the last of an even number of nodes is its own mirror image."""
    for axis in axes:
        if array.shape[axis] % 2:
            array = np.flip(array, axis)
        else:
            rest = (slice(None),) * axis
            array = np.concatenate([np.flip(array[(*rest, slice(-1))], axis), array[(*rest, slice(-1, None))]], axis)
    return array


def both_halves(half: np.ndarray, ndim: int, count: int) -> np.ndarray:
    """Return the values at all nodes from the stored ones; the last axis has `count` nodes."""
    inner = half[along_last(slice(1, (count - 1) // 2 + 1), ndim)]
    return np.concatenate([np.flip(mirrored(inner, range(ndim - 1)), ndim - 1).conj(), half], ndim - 1)


def matrices_cost(rows: Axes, columns: Axes) -> int:
    """Return the real multiply-adds per lane of one matrix (rows, columns) per axis."""
    left, total = prod(half_shape(columns)), 0
    for axis, (k, n) in enumerate(zip(rows, columns, strict=True)):
        is_last = axis == len(rows) - 1
        total += prod(rows[:-1]) * (k // 2 + 1) * n if is_last else left * k
        left = left // n * k
    return 4 * total


def weights_of(counts: Axes) -> np.ndarray:
    """Return how often each stored node counts (1 or 2), to broadcast over ``(*stored, batch, channels)``."""
    weights = np.full(counts[-1] // 2 + 1, 2.0, np.float32)
    weights[_own_columns(counts[-1])] = 1.0
    return weights.reshape((1,) * (len(counts) - 1) + (-1, 1, 1))


def hermitian(half: np.ndarray, counts: Axes) -> np.ndarray:
    """Return the nearest array of a real signal: columns that mirror themselves are averaged with their mirrors."""
    out = half.copy()
    for column in _own_columns(counts[-1]):
        own = out[along_last(slice(column, column + 1), len(counts))]
        own[...] = (own + mirrored(own, range(len(counts) - 1)).conj()) / 2
    return out


def _own_columns(count: int) -> list[int]:
    """Return the places on the last axis where k equals -k: 0 and, for even counts, count/2."""
    return [0] if count % 2 else [0, count // 2]


@cached
def independent(counts: Axes) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return flat positions of real values, one of each conjugate pair, and stored mirrors of the first ones."""
    flat = np.arange(prod(half_shape(counts))).reshape(half_shape(counts))
    other = mirrored(flat, range(len(counts) - 1))
    paired = np.zeros(flat.shape, bool)
    paired[..., _own_columns(counts[-1])] = True
    first = flat[paired & (flat < other)]
    return flat[paired & (flat == other)], np.concatenate([first, flat[~paired]]), other.ravel()[first]


def pack(half: np.ndarray, counts: Axes) -> np.ndarray:
    """Return one real number per node with the same inner product, ``(nodes, batch, channels)``."""
    own, kept, _ = independent(counts)
    flat = half.reshape(-1, *half.shape[len(counts) :])
    pairs = flat[kept] * half.real.dtype.type(np.sqrt(2))
    return np.concatenate([flat[own].real, pairs.real, pairs.imag])


def unpack(values: np.ndarray, counts: Axes) -> np.ndarray:
    """Return the stored array from real numbers: the inverse of `pack`."""
    own, kept, mirror = independent(counts)
    out = np.empty((prod(half_shape(counts)), *values.shape[1:]), np.result_type(values.dtype, np.complex64))
    root = values.dtype.type(np.sqrt(0.5))
    out[own] = values[: len(own)]
    out.real[kept] = values[len(own) : len(own) + len(kept)] * root
    out.imag[kept] = values[len(own) + len(kept) :] * root
    out[mirror] = out[kept[: len(mirror)]].conj()
    return out.reshape(*half_shape(counts), *values.shape[1:])


# -- circular convolution ------------------------------------------------------------------------------
def shared(half: np.ndarray, counts: Axes) -> np.ndarray:
    """Return all n nodes of each axis as the modes -(n // 2) .. n // 2, with mode n/2 split between both ends."""
    ndim = len(counts)
    for axis, count in enumerate(counts):
        if count % 2 == 0:
            ends = np.take(half, [-1], axis) / 2
            body = half[(slice(None),) * axis + (slice(None, -1),)]
            half = np.concatenate([body, ends] if axis == ndim - 1 else [ends, body, ends], axis)
    return np.ascontiguousarray(half)


def folded(half: np.ndarray, counts: Axes) -> np.ndarray:
    """Return the modes -2 (n // 2) .. 2 (n // 2) summed modulo n, in the order of the nodes."""
    ndim = len(counts)
    for axis, n in enumerate(counts):
        band, before, after = 2 * (n // 2), (n - 1) // 2, n // 2
        here = lambda first, last, axis=axis: (slice(None),) * axis + (slice(first, last),)
        if axis < ndim - 1:
            out = half[here(band - before, band + after + 1)].copy()
            # Add the modes k + n and k - n within the band.
            out[here(0, band - n + before + 1)] += half[here(band - before + n, None)]
            out[here(n - band + before, None)] += half[here(0, after - n + band + 1)]
        else:
            out = half[here(0, after + 1)].copy()
            out[here(0, band - n + 1)] += half[here(n, None)]
            # The modes k - n are stored as their conjugates at n - k.
            opposite = np.flip(half[here(n - after, band + 1)], axis)
            out[here(n - band, None)] += mirrored(opposite, range(axis)).conj()
        half = out
    return half
