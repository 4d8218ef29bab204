"""Transforms between samples and the kept modes: by FFT, or by matrices where that is less work."""

from __future__ import annotations

from functools import lru_cache
from math import log2

import numpy as np

from freqnet.spaces.base import Axes, volume

# How many multiply-adds of a matrix product take the time of one operation of an FFT.
_PRODUCTS_AN_FFT_OPERATION = 30


def kept_modes(samples: np.ndarray, band: Axes) -> np.ndarray:
    """Return the modes ``|k| <= band`` of samples ``(batch, *grid, channels)`` as ``(*modes, batch, channels)``."""
    grid = samples.shape[1:-1]
    return _by_matrices(samples, band) if _matrices_win(grid, band) else _by_fft(samples, band)


def samples_of(array: np.ndarray, band: Axes, grid: Axes) -> np.ndarray:
    """Return the samples ``(batch, *grid, channels)`` of a half spectrum ``(*modes, batch, channels)``."""
    from scipy import fft

    # A grid too coarse for the band is a subset of a finer one that is not.
    fold = [-(-(2 * m + 1) // n) for m, n in zip(band, grid, strict=True)]
    fine = [n * c for n, c in zip(grid, fold, strict=True)]
    padded = np.zeros((*fine[:-1], fine[-1] // 2 + 1, *array.shape[len(band) :]), array.dtype)
    place = [np.arange(-m, m + 1) % n for m, n in zip(band, fine, strict=True)]
    place[-1] = np.arange(band[-1] + 1)
    padded[np.ix_(*place)] = array
    samples = fft.irfftn(padded, s=fine, axes=tuple(range(len(band))), norm="forward")
    coarse = samples[tuple(slice(None, None, c) for c in fold)]
    return np.ascontiguousarray(np.moveaxis(coarse, -2, 0))


def _matrices_win(grid: Axes, band: Axes) -> bool:
    """Whether one matrix an axis, of the kept modes alone, is less work than an FFT of all modes."""
    left, products = volume(grid), 0
    for axis in reversed(range(len(grid))):
        modes = band[axis] + 1 if axis == len(grid) - 1 else 2 * band[axis] + 1
        products += (2 if axis == len(grid) - 1 else 4) * left * modes
        left = left // grid[axis] * modes
    operations = 2.5 * volume(grid) * log2(max(2, volume(grid)))
    return products < _PRODUCTS_AN_FFT_OPERATION * operations


def _by_matrices(samples: np.ndarray, band: Axes) -> np.ndarray:
    ndim, dtype = len(band), samples.dtype
    batch, *grid, channels = samples.shape
    # The last axis first: real numbers in, complex ones out, side by side.
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
    """exp(-2 pi i k j / n) / n as ``(modes, samples)``, or, for the last axis, as real columns of cosine and sine."""
    modes = np.arange(0 if last else -band, band + 1)
    # Whole numbers modulo n before the angle: exact however large k j is.
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
        # A grid too coarse for the band: the adjoint of synthesis repeats the spectrum.
        spectrum = fft.fftn(samples, axes=axes, norm="forward")
        pick[-1] = pick[-1] % grid[-1]
    else:
        spectrum = fft.rfftn(samples, axes=axes, norm="forward")
    kept = spectrum[np.ix_(np.arange(len(samples)), *pick, np.arange(samples.shape[-1]))]
    return np.ascontiguousarray(np.moveaxis(kept, 0, -2))
