"""The product of two real signals as the plain convolution of their coefficients, in NumPy.

This version defines what the product computes: c[k] = sum_j a[j] b[k - j], exact (free of aliasing)
for every kept mode k. Operands and result may have any three bands.
"""

from __future__ import annotations

from itertools import product as ranges

import numpy as np

Axes = tuple[int, ...]
# Lanes are taken in slices small enough for the accumulator and operand to stay in cache.
_CACHE_BYTES = 1 << 19


def full_spectrum(half: np.ndarray, ndim: int) -> np.ndarray:
    """Both halves of a real signal's spectrum, from the half with a last mode number of 0 or more."""
    mirrored = np.flip(half[(slice(None),) * (ndim - 1) + (slice(1, None),)], axis=tuple(range(ndim)))
    return np.concatenate([mirrored.conj(), half], axis=ndim - 1)


def product(a: np.ndarray, b: np.ndarray, bands: tuple[Axes, Axes, Axes]) -> np.ndarray:
    """Return the half spectrum of the product of two signals, kept to the third band.

    Parameters
    ----------
    a, b : numpy.ndarray
        Half spectra ``(*modes, batch, channels)`` of the bands ``bands[0]`` and ``bands[1]``; the batch
        and channel axes broadcast.
    bands : three tuples of int
        Bands of `a`, of `b`, and the one kept.

    Returns
    -------
    numpy.ndarray
        Half spectrum ``(*modes, batch, channels)`` of band ``bands[2]``.

    Examples
    --------
    The square of ``2 cos x`` is ``2 + 2 cos 2x``:

    >>> import numpy as np
    >>> a = np.array([0, 1], complex).reshape(2, 1, 1)
    >>> product(a, a, ((1,), (1,), (2,))).ravel().real
    array([2., 0., 1.])
    """
    if np.prod(bands[0]) > np.prod(bands[1]):
        a, b, bands = b, a, (bands[1], bands[0], bands[2])
    ndim = len(bands[0])
    lanes = np.broadcast_shapes(a.shape[ndim:], b.shape[ndim:])
    kept = bands[2]
    out = np.zeros((*(2 * m + 1 for m in kept[:-1]), kept[-1] + 1, *lanes), np.result_type(a, b))
    full_a = full_spectrum(a, ndim)
    full_b = full_spectrum(b, ndim)
    bytes_a_lane = max(1, full_b.itemsize * int(np.prod(full_b.shape[:ndim])) * lanes[-1])
    step = max(1, _CACHE_BYTES // bytes_a_lane)
    for start in range(0, lanes[0], step):
        part = (..., slice(start, start + step), slice(None))
        _accumulate(out[part], _batch(full_a, part), _batch(full_b, part), bands)
    return out


def square(a: np.ndarray, bands: tuple[Axes, Axes]) -> np.ndarray:
    """Return the half spectrum of a signal's square: band ``bands[0]``, kept to ``bands[1]``."""
    return product(a, a, (bands[0], bands[0], bands[1]))


def _batch(array: np.ndarray, part: tuple) -> np.ndarray:
    return array if array.shape[-2] == 1 else array[part]


def _accumulate(out: np.ndarray, a: np.ndarray, b: np.ndarray, bands: tuple[Axes, Axes, Axes]) -> None:
    """Add a[j] b[k - j] for every mode j of `a`, one shifted slab of `b` at a time."""
    band_a, band_b, kept = bands
    scratch = np.empty_like(out)
    for j in ranges(*(range(-m, m + 1) for m in band_a)):
        low = [max(-c, i - m) for i, m, c in zip(j, band_b, kept, strict=True)]
        high = [min(c, i + m) for i, m, c in zip(j, band_b, kept, strict=True)]
        low[-1] = max(0, low[-1])
        if any(first > last for first, last in zip(low, high, strict=True)):
            continue
        target = [slice(first + c, last + c + 1) for first, last, c in zip(low, high, kept, strict=True)]
        target[-1] = slice(low[-1], high[-1] + 1)
        source = tuple(
            slice(first - i + m, last - i + m + 1) for first, last, i, m in zip(low, high, j, band_b, strict=True)
        )
        term = scratch[tuple(target)]
        np.multiply(a[tuple(i + m for i, m in zip(j, band_a, strict=True))], b[source], out=term)
        out[tuple(target)] += term
