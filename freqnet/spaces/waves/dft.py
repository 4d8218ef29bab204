"""Transforms between samples and the modes of a band, by FFT or by matrices, whichever takes less work."""

from __future__ import annotations

from functools import lru_cache
from math import log2

import numpy as np

from freqnet.spaces.base import Axes, volume

# Multiply-adds of a matrix product that take as long as one operation of an FFT.
_PRODUCTS_PER_FFT_OPERATION = 30


def kept_modes(samples: np.ndarray, band: Axes) -> np.ndarray:
    """Return the modes ``|k| <= band`` of samples ``(batch, *grid, channels)`` as ``(*modes, batch, channels)``."""
    grid = samples.shape[1:-1]
    return _by_matrices(samples, band) if matrices_win(grid, band) else _by_fft(samples, band)


def samples_of(array: np.ndarray, band: Axes, grid: Axes) -> np.ndarray:
    """Return the samples ``(batch, *grid, channels)`` of a half spectrum ``(*modes, batch, channels)``."""
    from scipy import fft

    # If the grid is too coarse for the band, synthesise on a finer grid and subsample.
    fold = [-(-(2 * m + 1) // n) for m, n in zip(band, grid, strict=True)]
    fine = [n * c for n, c in zip(grid, fold, strict=True)]
    padded = np.zeros((*fine[:-1], fine[-1] // 2 + 1, *array.shape[len(band) :]), array.dtype)
    place = [np.arange(-m, m + 1) % n for m, n in zip(band, fine, strict=True)]
    place[-1] = np.arange(band[-1] + 1)
    padded[np.ix_(*place)] = array
    samples = fft.irfftn(padded, s=fine, axes=tuple(range(len(band))), norm="forward")
    coarse = samples[tuple(slice(None, None, c) for c in fold)]
    return np.ascontiguousarray(np.moveaxis(coarse, -2, 0))


def matrices_win(grid: Axes, band: Axes) -> bool:
    """Return whether one matrix per axis for the modes of the band is faster than an FFT of all modes."""
    left, products = volume(grid), 0
    for axis in reversed(range(len(grid))):
        modes = band[axis] + 1 if axis == len(grid) - 1 else 2 * band[axis] + 1
        products += (2 if axis == len(grid) - 1 else 4) * left * modes
        left = left // grid[axis] * modes
    operations = 2.5 * volume(grid) * log2(max(2, volume(grid)))
    return products < _PRODUCTS_PER_FFT_OPERATION * operations


def matrices(grid: Axes, band: Axes, precision: str) -> list[np.ndarray]:
    """Return the matrix of each axis: ``(modes, samples)``, for the last axis ``(samples, modes)``."""
    last = len(grid) - 1
    return [_matrix(n, m, axis == last, precision) for axis, (n, m) in enumerate(zip(grid, band, strict=True))]


def _by_matrices(samples: np.ndarray, band: Axes) -> np.ndarray:
    ndim, dtype = len(band), samples.dtype
    batch, *grid, channels = samples.shape
    # Transform the last axis first, from real numbers to interleaved complex ones.
    rows = np.moveaxis(samples, ndim, -1).reshape(-1, grid[-1]) @ _matrix(grid[-1], band[-1], True, dtype.char)
    half = rows.view(np.result_type(dtype, np.complex64)).reshape(batch, *grid[:-1], channels, band[-1] + 1)
    half = np.moveaxis(half, 0, ndim - 1)
    for axis in range(ndim - 1):
        front = np.moveaxis(half, axis, 0)
        flat = _matrix(grid[axis], band[axis], False, dtype.char) @ front.reshape(grid[axis], -1)
        half = np.moveaxis(flat.reshape(-1, *front.shape[1:]), 0, axis)
    return np.ascontiguousarray(np.moveaxis(half, -1, ndim - 1))


@lru_cache(maxsize=64)
def _matrix(n: int, band: int, last: bool, precision: str) -> np.ndarray:
    """Return exp(-2 pi i k j / n) / n, ``(modes, samples)``; for the last axis, real ``(samples, 2 modes)``."""
    modes = np.arange(0 if last else -band, band + 1)
    # Reduce k j modulo n, so that the angle is accurate for large k j.
    waves = np.exp(-2j * np.pi * (np.outer(modes, np.arange(n)) % n) / n) / n
    if last:
        return np.ascontiguousarray(waves.T).view(float).astype(precision)
    return waves.astype(np.result_type(precision, np.complex64))


def _by_fft(samples: np.ndarray, band: Axes) -> np.ndarray:
    from scipy import fft

    grid = samples.shape[1:-1]
    axes = tuple(range(1, 1 + len(band)))
    pick = [np.arange(-m, m + 1) % n for m, n in zip(band, grid, strict=True)]
    pick[-1] = np.arange(band[-1] + 1)
    if band[-1] > grid[-1] // 2:
        # The grid is too coarse for the band: as the adjoint of synthesis, the spectrum is repeated.
        spectrum = fft.fftn(samples, axes=axes, norm="forward")
        pick[-1] = pick[-1] % grid[-1]
    else:
        spectrum = fft.rfftn(samples, axes=axes, norm="forward")
    kept = spectrum[np.ix_(np.arange(len(samples)), *pick, np.arange(samples.shape[-1]))]
    return np.ascontiguousarray(np.moveaxis(kept, 0, -2))
