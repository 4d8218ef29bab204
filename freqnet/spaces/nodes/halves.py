"""Spectra of real signals at nodes on circles, of which half is stored.

An axis of K nodes holds the numbers k from -(K - 1)/2 to (K - 1)/2, or, where K is even, all nodes of an even number of
samples, from -(K/2 - 1) to K/2. The nodes k and -k, of all axes at once and modulo K where that is even, hold conjugate
values, so that of the last axis those of k >= 0 alone are stored.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from math import prod

import numpy as np

from freqnet.spaces.base import Axes


def numbers(count: int) -> np.ndarray:
    """The numbers k of nodes in the order they are held.

    >>> numbers(5).tolist(), numbers(4).tolist()
    ([-2, -1, 0, 1, 2], [-1, 0, 1, 2])
    """
    return np.arange(count) - (count - 1) // 2


def middle(count: int, kept: int) -> slice:
    """Where the middle nodes lie among more of them."""
    first = (count - 1) // 2 - (kept - 1) // 2
    return slice(first, first + kept)


def halved(count: int) -> slice:
    """Where k >= 0 lies among the nodes of an axis."""
    return slice((count - 1) // 2, count)


def half_shape(counts: Axes) -> Axes:
    """The shape of what is stored of so many nodes an axis."""
    return (*counts[:-1], counts[-1] // 2 + 1)


def along_last(index: slice, ndim: int) -> tuple[slice, ...]:
    """An index into the last of the leading axes."""
    return (slice(None),) * (ndim - 1) + (index,)


def mirrored(array: np.ndarray, axes: Sequence[int]) -> np.ndarray:
    """The array at -k along some axes: the last of an even number of nodes is its own mirror."""
    for axis in axes:
        if array.shape[axis] % 2:
            array = np.flip(array, axis)
        else:
            rest = (slice(None),) * axis
            array = np.concatenate([np.flip(array[(*rest, slice(-1))], axis), array[(*rest, slice(-1, None))]], axis)
    return array


def both_halves(half: np.ndarray, ndim: int, count: int) -> np.ndarray:
    """Every node, from those that are stored; `count` is that of the last axis."""
    inner = half[along_last(slice(1, (count - 1) // 2 + 1), ndim)]
    return np.concatenate([np.flip(mirrored(inner, range(ndim - 1)), ndim - 1).conj(), half], ndim - 1)


def matrices_cost(rows: Axes, columns: Axes) -> int:
    """The real multiply-adds, for one lane, of one matrix per axis with so many rows and columns."""
    left, total = prod(half_shape(columns)), 0
    for axis, (k, n) in enumerate(zip(rows, columns, strict=True)):
        is_last = axis == len(rows) - 1
        total += prod(rows[:-1]) * (k // 2 + 1) * n if is_last else left * k
        left = left // n * k
    return 4 * total


def weights_of(counts: Axes) -> np.ndarray:
    """How many nodes each stored one stands for, to broadcast over ``(*stored, batch, channels)``."""
    weights = np.full(counts[-1] // 2 + 1, 2.0, np.float32)
    weights[_own_columns(counts[-1])] = 1.0
    return weights.reshape((1,) * (len(counts) - 1) + (-1, 1, 1))


def hermitian(half: np.ndarray, counts: Axes) -> np.ndarray:
    """The nearest array that is of a real signal: its own columns averaged with their mirrors."""
    out = half.copy()
    for column in _own_columns(counts[-1]):
        own = out[along_last(slice(column, column + 1), len(counts))]
        own[...] = (own + mirrored(own, range(len(counts) - 1)).conj()) / 2
    return out


def _own_columns(count: int) -> list[int]:
    """The last modes that are their own opposites: 0, and n/2 where it is held."""
    return [0] if count % 2 else [0, count // 2]


@lru_cache(maxsize=256)
def independent(counts: Axes) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Flat positions of real numbers, of one of each pair of conjugates, and of the first ones' stored mirrors."""
    flat = np.arange(prod(half_shape(counts))).reshape(half_shape(counts))
    other = mirrored(flat, range(len(counts) - 1))
    paired = np.zeros(flat.shape, bool)
    paired[..., _own_columns(counts[-1])] = True
    first = flat[paired & (flat < other)]
    return flat[paired & (flat == other)], np.concatenate([first, flat[~paired]]), other.ravel()[first]


def pack(half: np.ndarray, counts: Axes) -> np.ndarray:
    """As many real numbers as there are nodes, with the same inner product: ``(nodes, batch, channels)``."""
    own, kept, _ = independent(counts)
    flat = half.reshape(-1, *half.shape[len(counts) :])
    pairs = flat[kept] * half.real.dtype.type(np.sqrt(2))
    return np.concatenate([flat[own].real, pairs.real, pairs.imag])


def unpack(values: np.ndarray, counts: Axes) -> np.ndarray:
    """The half spectrum of these real numbers."""
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
    """All n nodes of each axis as the modes -(n // 2) .. n // 2, the one at n/2 shared by both ends."""
    ndim = len(counts)
    for axis, count in enumerate(counts):
        if count % 2 == 0:
            ends = np.take(half, [-1], axis) / 2
            body = half[(slice(None),) * axis + (slice(None, -1),)]
            half = np.concatenate([body, ends] if axis == ndim - 1 else [ends, body, ends], axis)
    return np.ascontiguousarray(half)


def folded(half: np.ndarray, counts: Axes) -> np.ndarray:
    """Modes -2 (n // 2) .. 2 (n // 2) added up modulo n: nodes in their order."""
    ndim = len(counts)
    for axis, n in enumerate(counts):
        band, before, after = 2 * (n // 2), (n - 1) // 2, n // 2
        here = lambda first, last, axis=axis: (slice(None),) * axis + (slice(first, last),)
        if axis < ndim - 1:
            out = half[here(band - before, band + after + 1)].copy()
            # Those of k + n, up to the band, and those of k - n.
            out[here(0, band - n + before + 1)] += half[here(band - before + n, None)]
            out[here(n - band + before, None)] += half[here(0, after - n + band + 1)]
        else:
            out = half[here(0, after + 1)].copy()
            out[here(0, band - n + 1)] += half[here(n, None)]
            # Of k - n the opposites are stored, from n - k = band down.
            opposite = np.flip(half[here(n - after, band + 1)], axis)
            out[here(n - band, None)] += mirrored(opposite, range(axis)).conj()
        half = out
    return half
