"""Transforms between samples and the modes of a band, by FFT or by matrices, whichever takes less work.

Matrices are kept and stay small (`_LARGEST`). FFTs run on blocks of examples and channels, so that temporary arrays
stay small beside the samples.
"""

from __future__ import annotations

from collections.abc import Iterator
from math import log2
from operator import mul

import numpy as np

from freqnet.caches import cached
from freqnet.spaces.base import Axes, volume

# Multiply-adds of a matrix product that take as long as one operation of an FFT.
_PRODUCTS_PER_FFT_OPERATION = 30
# Entries and modes of the largest matrix of an axis. It takes a millisecond to make and at most 1 MB to keep; with
# more modes, an FFT is faster.
_LARGEST, _MOST_MODES = 1 << 16, 127
# Bytes of the spectra of a block.
_BLOCK = 1 << 22


def matrices_win(grid: Axes, band: Axes) -> bool:
    """Return whether one matrix per axis for the modes of the band is cheaper than an FFT of all modes.

    >>> from freqnet.spaces.waves.dft import matrices_win
    >>> matrices_win((28, 28), (9, 9)), matrices_win((441_000,), (500,))
    (True, False)
    """
    modes_of_axes = [2 * m + 1 for m in band]
    if max(modes_of_axes) > _MOST_MODES or max(map(mul, grid, modes_of_axes)) > _LARGEST:
        return False
    left, products = volume(grid), 0
    for axis in reversed(range(len(grid))):
        modes = band[axis] + 1 if axis == len(grid) - 1 else 2 * band[axis] + 1
        products += (2 if axis == len(grid) - 1 else 4) * left * modes
        left = left // grid[axis] * modes
    operations = 2.5 * volume(grid) * log2(max(2, volume(grid)))
    return products < _PRODUCTS_PER_FFT_OPERATION * operations


def roots_of_unity(numbers: np.ndarray, n: int) -> np.ndarray:
    """Return exp(-2 pi i j / n) for whole numbers j.

    >>> from freqnet.spaces.waves.dft import roots_of_unity
    >>> roots_of_unity(np.array([0, 4, 8]), 8).real
    array([ 1., -1.,  1.])
    """
    # Reduce j modulo n, so that the angle is accurate for large j.
    return np.exp(-2j * np.pi * np.arange(n) / n)[numbers % n]


def kept_modes(samples: np.ndarray, band: Axes) -> np.ndarray:
    """Return the modes ``|k| <= band`` of samples ``(batch, *grid, channels)`` as ``(*modes, batch, channels)``."""
    grid = samples.shape[1:-1]
    # There are no complex numbers of half precision.
    samples = samples.astype(np.result_type(samples, np.float32), copy=False)
    return _by_matrices(samples, band) if matrices_win(grid, band) else modes_by_fft(samples, band)


# -- matrices ------------------------------------------------------------------------------------------
def matrices(grid: Axes, band: Axes, precision: str) -> list[np.ndarray]:
    """Return the matrix of each axis: ``(modes, samples)``, for the last axis ``(samples, modes)``."""
    last = len(grid) - 1
    return [_matrix(n, m, axis == last, precision) for axis, (n, m) in enumerate(zip(grid, band, strict=True))]


def _by_matrices(samples: np.ndarray, band: Axes) -> np.ndarray:
    ndim, dtype = len(band), samples.dtype
    batch, *grid, channels = samples.shape
    # Transform the last axis first, from real numbers to interleaved complex ones.
    lines = batch * volume(tuple(grid[:-1])) * channels
    rows = np.moveaxis(samples, ndim, -1).reshape(lines, grid[-1]) @ _matrix(grid[-1], band[-1], True, dtype.char)
    half = rows.view(np.result_type(dtype, np.complex64)).reshape(batch, *grid[:-1], channels, band[-1] + 1)
    half = np.moveaxis(half, 0, ndim - 1)
    for axis in range(ndim - 1):
        front = np.moveaxis(half, axis, 0)
        lines = volume(front.shape[1:])
        flat = _matrix(grid[axis], band[axis], False, dtype.char) @ front.reshape(grid[axis], lines)
        half = np.moveaxis(flat.reshape(len(flat), *front.shape[1:]), 0, axis)
    return np.ascontiguousarray(np.moveaxis(half, -1, ndim - 1))


@cached
def _matrix(n: int, band: int, last: bool, precision: str) -> np.ndarray:
    """Return exp(-2 pi i k j / n) / n, ``(modes, samples)``; for the last axis, real ``(samples, 2 modes)``."""
    modes = np.arange(0 if last else -band, band + 1)
    waves = roots_of_unity(np.outer(modes, np.arange(n)), n) / n
    if last:
        return np.ascontiguousarray(waves.T).view(float).astype(precision)
    return waves.astype(np.result_type(precision, np.complex64))


# -- FFTs ----------------------------------------------------------------------------------------------
def modes_by_fft(samples: np.ndarray, band: Axes) -> np.ndarray:
    """Return `kept_modes`, always by FFT."""
    batch, *grid, channels = samples.shape
    modes = (*(2 * m + 1 for m in band[:-1]), band[-1] + 1)
    out = np.empty((*modes, batch, channels), np.result_type(samples.dtype, np.complex64))
    for rows, lanes in _blocks(batch, channels, volume(tuple(grid)) * samples.itemsize):
        out[..., rows, lanes] = np.moveaxis(_block_modes(samples[rows, ..., lanes], band), 0, -2)
    return out


def samples_of(array: np.ndarray, band: Axes, grid: Axes) -> np.ndarray:
    """Return the samples ``(batch, *grid, channels)`` of a half spectrum ``(*modes, batch, channels)``."""
    batch, channels = array.shape[len(band) :]
    out = np.empty((batch, *grid, channels), array.real.dtype)
    for rows, lanes in _blocks(batch, channels, volume(grid) * out.itemsize):
        out[rows, ..., lanes] = _block_samples(np.moveaxis(array[..., rows, lanes], -2, 0), band, grid)
    return out


def _blocks(batch: int, channels: int, size: int) -> Iterator[tuple[slice, slice]]:
    """Yield slices of examples and of channels that together hold spectra of about `_BLOCK` bytes.

    Parameters
    ----------
    batch, channels : int
    size : int
        Bytes per example and channel.
    """
    count = max(1, _BLOCK // max(1, size))
    rows, lanes = max(1, count // max(1, channels)), min(count, max(1, channels))
    for first in range(0, batch, rows):
        for lane in range(0, channels, lanes):
            yield slice(first, first + rows), slice(lane, lane + lanes)


def _block_modes(samples: np.ndarray, band: Axes) -> np.ndarray:
    """Return the modes of a block, ``(batch, *modes, channels)``."""
    from scipy import fft

    last = len(band)
    n, m = samples.shape[last], band[-1]
    if m > n // 2:
        # The grid is too coarse for the band: as the adjoint of synthesis, the spectrum is repeated.
        half = np.take(fft.fft(samples, axis=last, norm="forward"), np.arange(m + 1) % n, last)
    else:
        half = fft.rfft(samples, axis=last, norm="forward")[(slice(None),) * last + (slice(m + 1),)]
    for axis, m in enumerate(band[:-1], 1):
        picked = np.arange(-m, m + 1) % half.shape[axis]
        half = np.take(fft.fft(half, axis=axis, norm="forward", overwrite_x=True), picked, axis)
    return half


def _block_samples(half: np.ndarray, band: Axes, grid: Axes) -> np.ndarray:
    """Return the samples ``(batch, *grid, channels)`` of a block ``(batch, *modes, channels)``."""
    from scipy import fft

    last = len(band)
    for axis, (n, m) in enumerate(zip(grid, band, strict=True), 1):
        # If the grid is too coarse for the band, synthesise on a finer grid and subsample.
        fold = -(-(2 * m + 1) // n)
        if axis == last:
            out = fft.irfft(half, n * fold, axis=axis, norm="forward")
        else:
            padded = np.zeros((*half.shape[:axis], n * fold, *half.shape[axis + 1 :]), half.dtype)
            padded[(slice(None),) * axis + (np.arange(-m, m + 1) % (n * fold),)] = half
            out = fft.ifft(padded, axis=axis, norm="forward", overwrite_x=True)
        half = out[(slice(None),) * axis + (slice(None, None, fold),)]
    return half
