"""The modes of a band: numbers, order and folding."""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from freqnet.kernels.reference import stored
from freqnet.spaces.base import Axes, volume


@lru_cache(maxsize=256)
def independent_modes(band: Axes) -> tuple[int, np.ndarray, np.ndarray]:
    """Return flat positions in a half spectrum: DC, one mode of each pair (k, -k), stored mirrors of the first ones."""
    columns = band[-1] + 1
    rows = volume(tuple(2 * m + 1 for m in band[:-1]))
    upper = np.arange(rows // 2 + 1, rows)
    grid = np.arange(rows * columns).reshape(rows, columns)
    independent = np.concatenate([grid[upper, 0], grid[:, 1:].ravel()])
    return (rows // 2) * columns, independent, grid[rows - 1 - upper, 0]


@lru_cache(maxsize=256)
def mode_numbers(band: Axes) -> np.ndarray:
    """Return the mode numbers ``(pairs, axes)`` of one mode of each pair (k, -k), with the mean first.

    The order is that of `independent_modes`.

    >>> from freqnet.spaces import mode_numbers
    >>> mode_numbers((1, 1)).tolist()
    [[0, 0], [1, 0], [-1, 1], [0, 1], [1, 1]]
    """
    _, independent, _ = independent_modes(band)
    numbers = np.stack(np.unravel_index(independent, stored(band, False)), axis=1) - np.array([*band[:-1], 0])
    return np.concatenate([np.zeros((1, len(band)), int), numbers])


@lru_cache(maxsize=256)
def folding(band: int, target_band: int, target_grid: int) -> np.ndarray:
    """Return the matrix (kept modes, modes) that adds each mode to the kept mode equal to it modulo the coarse grid."""
    modes, kept = np.arange(-band, band + 1), np.arange(-target_band, target_band + 1)
    return ((modes[None, :] - kept[:, None]) % target_grid == 0).astype(float)


def product_terms(band_a: Axes, band_b: Axes, kept: Axes) -> int:
    """Return the number of products of coefficients in the half spectrum of a product.

    >>> from freqnet.spaces.waves.modes import product_terms
    >>> product_terms((1,), (1,), (1,))
    5
    """
    count = 1
    for axis, (a, b, c) in enumerate(zip(band_a, band_b, kept, strict=True)):
        first = 0 if axis == len(kept) - 1 else -c
        count *= sum(max(0, min(b, k + a) - max(-b, k - a) + 1) for k in range(first, c + 1))
    return count
