"""Kernels so long that the matrix from their parameters to their frequency response would be absurdly large.

Small kernels are multiplied by the matrices of `freqnet.spaces.parametrisations`. For a kernel of thousands of taps
such a matrix takes gigabytes, so its response is computed by FFT. This transforms parameters, not signals, and is not
counted as a transform, like the products with the matrices: the signals of the network stay where they are.
"""

from __future__ import annotations

from math import log2, prod
from typing import Any

import numpy as np

from freqnet.caches import cached
from freqnet.spaces.base import Axes
from freqnet.spaces.parametrisations import tap_offsets
from freqnet.spaces.waves.dft import modes_by_fft, samples_of

# Taps and entries up to which the matrix is always used, and entries of the largest one: it takes 0.2 s to make and
# 128 MB to keep.
_SHORT, _SMALL, _LARGEST = 1 << 10, 1 << 20, 1 << 23
# Multiply-adds of a matrix product for few channels that take as long as one operation of an FFT.
_PRODUCTS_PER_FFT_OPERATION = 4


def is_long(kernel: str, modes: int, size: Axes, grid: Axes) -> bool:
    """Return whether an FFT on the grid is cheaper than a matrix (modes, taps), with what it takes to make and keep it.

    >>> from freqnet.spaces.long_kernels import is_long
    >>> is_long("taps", 28 * 14, (5, 5), (28, 28)), is_long("taps", 4096, (8192,), (8192,))
    (False, True)
    """
    taps, samples = prod(size), prod(grid)
    # The other parametrisations also need a matrix from their parameters to the taps.
    entries = taps * (modes if kernel == "taps" else max(modes, taps))
    if taps <= _SHORT and entries <= _SMALL:
        return False
    operations = 2.5 * samples * log2(max(2, samples))
    return entries > _LARGEST or 2 * entries > _PRODUCTS_PER_FFT_OPERATION * operations


# -- between parameters and taps -----------------------------------------------------------------------
def taps_of(theta: np.ndarray, kernel: str, size: Axes) -> np.ndarray:
    """Return the taps ``(*size, inputs, outputs)`` of a kernel with parameters ``(parameters, inputs, outputs)``."""
    if kernel == "taps":
        return theta.reshape(*size, *theta.shape[1:]).copy()
    from scipy import fft

    first, mirror, real, imag, scales = _places(kernel, size)
    # Half of each pair goes to j and half to -j.
    shares = (scales * np.where(first == mirror, 1, 0.5)).astype(theta.dtype)[..., None, None]
    half = shares[0] * theta[real] - 1j * (shares[1] * theta[imag])
    spectrum = np.empty(theta.shape, half.dtype)
    spectrum[mirror] = half.conj()
    spectrum[first] = half
    axes = tuple(range(len(size)))
    waves = fft.ifftn(spectrum.reshape(*size, *theta.shape[1:]), axes=axes, norm="forward", overwrite_x=True).real
    return np.roll(waves, [(k - 1) // 2 for k in size], axes)


def taps_adjoint(taps: np.ndarray, kernel: str, size: Axes) -> np.ndarray:
    """Return parameters ``(parameters, inputs, outputs)`` from taps: the adjoint of `taps_of`."""
    flat = (prod(size), *taps.shape[len(size) :])
    if kernel == "taps":
        return taps.reshape(flat).copy()
    from scipy import fft

    first, _, real, imag, scales = _places(kernel, size)
    scales = scales.astype(taps.dtype)[..., None, None]
    axes = tuple(range(len(size)))
    rolled = np.roll(taps, [-((k - 1) // 2) for k in size], axes)
    half = fft.fftn(rolled, axes=axes).reshape(flat)[first]
    theta = np.empty(flat, taps.dtype)
    theta[imag] = -scales[1] * half.imag
    # Where j is its own mirror image, this is the only parameter.
    theta[real] = scales[0] * half.real
    return theta


@cached
def _places(kernel: str, size: Axes) -> tuple[np.ndarray, ...]:
    """Return where the parameters of "spectral" and "sinc" are in the k-point spectrum.

    Flat frequencies j of one of each pair (j, -j), flat frequencies -j, indices of the parameters of the cosines and of
    the sines (the same where j is its own mirror image), and the factors of cosines and sines in the taps, ``(2,
    pairs)``.
    """
    count = prod(size)
    everything = np.arange(count).reshape(size)
    mirror = np.roll(np.flip(everything), 1, tuple(range(len(size)))).ravel()
    first = np.flatnonzero(everything.ravel() <= mirror)
    mirror = mirror[first]
    pairs = first != mirror
    real = np.concatenate([[0], np.cumsum(1 + pairs)[:-1]])
    cosines = np.where(pairs, 2, 1) / count
    scales = np.sqrt([cosines, cosines]) if kernel == "spectral" else np.stack([cosines, -cosines])
    scales[1, ~pairs] = 0
    return first, mirror, real, real + pairs, scales


# -- between taps and responses ------------------------------------------------------------------------
def response(theta: np.ndarray, kernel: str, size: Axes, grid: Axes, band: Axes) -> np.ndarray:
    """Return the response ``(*modes, inputs, outputs)``, a half spectrum, of a kernel with parameters theta."""
    return response_of_taps(taps_of(theta, kernel, size), grid, band)


def response_adjoint(half: np.ndarray, kernel: str, size: Axes, grid: Axes, band: Axes) -> np.ndarray:
    """Return parameters from a half spectrum: the adjoint of `response` under Parseval's inner product."""
    return taps_adjoint(taps_at(half, size, grid, band), kernel, size)


def response_of_taps(taps: np.ndarray, grid: Axes, band: Axes) -> np.ndarray:
    """Return H[k] = sum_n h[n] exp(-2 pi i k n / N) of taps ``(*size, inputs, outputs)`` as a half spectrum."""
    size, lanes = taps.shape[:-2], taps.shape[-2:]
    placed = np.zeros((lanes[0], *grid, lanes[1]), taps.dtype)
    # The inputs take the place of the batch.
    np.add.at(placed, _on_grid(size, grid), np.moveaxis(taps, -2, 0))
    return modes_by_fft(placed, band) * taps.dtype.type(prod(grid))


def taps_at(half: np.ndarray, size: Axes, grid: Axes, band: Axes) -> np.ndarray:
    """Return the samples of a half spectrum at the places of the taps: the adjoint of `response_of_taps`."""
    samples = samples_of(half, band, grid)
    return np.ascontiguousarray(np.moveaxis(samples[_on_grid(size, grid)], 0, -2))


def _on_grid(size: Axes, grid: Axes) -> Any:
    """Return the index of the taps in samples ``(inputs, *grid, outputs)``; a kernel longer than the period wraps."""
    return slice(None), *np.ix_(*(tap_offsets(k) % n for k, n in zip(size, grid, strict=True)))
