"""The modes of a band: numbers, order and folding."""

from __future__ import annotations

import numpy as np

from freqnet.caches import cached
from freqnet.kernels.reference import stored
from freqnet.spaces.base import Axes, volume
from freqnet.spaces.matrices import contract
from freqnet.spaces.waves.dft import roots_of_unity

# Entries of the largest matrix that folds modes.
_SMALL = 1 << 20


@cached
def independent_modes(band: Axes) -> tuple[int, np.ndarray, np.ndarray]:
    """Return flat positions in a half spectrum: DC, one mode of each pair (k, -k), stored mirrors of the first ones."""
    columns = band[-1] + 1
    rows = volume(tuple(2 * m + 1 for m in band[:-1]))
    upper = np.arange(rows // 2 + 1, rows)
    grid = np.arange(rows * columns).reshape(rows, columns)
    independent = np.concatenate([grid[upper, 0], grid[:, 1:].ravel()])
    return (rows // 2) * columns, independent, grid[rows - 1 - upper, 0]


@cached
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


@cached
def folding(band: int, target_band: int, target_grid: int) -> np.ndarray:
    """Return the matrix (kept modes, modes) that adds each mode to the kept mode equal to it modulo the coarse grid."""
    modes, kept = np.arange(-band, band + 1), np.arange(-target_band, target_band + 1)
    return ((modes[None, :] - kept[:, None]) % target_grid == 0).astype(float)


def fold(array: np.ndarray, axis: int, bands: Axes, coarse_grid: int, adjoint: bool) -> np.ndarray:
    """Add each mode along an axis to the kept mode equal to it modulo the coarse grid, or apply the adjoint.

    Parameters
    ----------
    array : numpy.ndarray
        All modes along the axis: ``2 bands[0] + 1``, for the adjoint ``2 bands[1] + 1``.
    axis : int
    bands : tuple of int
        Band of the signal and band that is kept.
    coarse_grid : int
        Samples of the coarse grid, at least ``2 bands[1] + 1``.
    adjoint : bool
    """
    band, kept = bands
    if (2 * band + 1) * (2 * kept + 1) <= _SMALL:
        matrix = folding(band, kept, coarse_grid).astype(array.real.dtype)
        return contract(matrix.T if adjoint else matrix, array, axis)
    # A matrix of ones and zeros would be as large as the square of the modes: add pieces of the spectrum.
    modes = np.moveaxis(array, axis, 0)
    out = np.zeros((2 * (band if adjoint else kept) + 1, *modes.shape[1:]), array.dtype)
    turns = (band + kept) // coarse_grid
    for middle in range(-turns * coarse_grid, turns * coarse_grid + 1, coarse_grid):
        first, last = max(-band, middle - kept), min(band, middle + kept) + 1
        fine, coarse = slice(first + band, last + band), slice(first - middle + kept, last - middle + kept)
        if adjoint:
            out[fine] += modes[coarse]
        else:
            out[coarse] += modes[fine]
    return np.moveaxis(out, 0, axis)


@cached
def taking(places: Axes, sizes: Axes, bands: Axes) -> np.ndarray:
    """Return the matrix ``(kept modes, modes)`` of an axis that takes samples by their places, and 0 at place -1.

    Parameters
    ----------
    places : tuple of int
        Place of each new sample.
    sizes, bands : tuple of int
        Samples and band, each of the signal and of the result.

    Examples
    --------
    >>> taking((0, 0, 0), (3, 3), (1, 1)).round(3).real + 0
    array([[0., 0., 0.],
           [1., 1., 1.],
           [0., 0., 0.]])
    """
    (n, count), at = sizes, np.array(places)
    own, kept = (np.arange(-m, m + 1) for m in bands)
    values = np.where(at[:, None] < 0, 0, roots_of_unity(np.outer(at, own), n).conj())
    return roots_of_unity(np.outer(kept, np.arange(count)), count) @ values / count


def box_modes(grid: Axes, band: Axes, starts: np.ndarray, sizes: np.ndarray) -> np.ndarray:
    """Return the half spectra ``(*modes, batch)`` of signals that are 1 in a box of samples and 0 elsewhere.

    Parameters
    ----------
    grid, band : tuple of int
    starts, sizes : numpy.ndarray
        First sample of each box, and number of its samples along each axis, whole numbers ``(batch, axes)``.

    Examples
    --------
    >>> box_modes((4,), (1,), np.array([[0], [1]]), np.array([[4], [2]])).round(3) + 0
    array([[ 1.  +0.j  ,  0.5 +0.j  ],
           [ 0.  +0.j  , -0.25-0.25j]])
    """
    out: np.ndarray | None = None
    for axis, (n, m) in enumerate(zip(grid, band, strict=True)):
        first, size = starts[:, axis], sizes[:, axis]
        k = np.arange(0 if axis == len(grid) - 1 else -m, m + 1)
        # Sums of the roots up to each sample, over two periods: a box may cross the end of the grid.
        sums = np.cumsum(roots_of_unity(np.outer(k, np.arange(2 * n)), n), axis=1) / n
        sums = np.concatenate([np.zeros((len(k), 1)), sums], axis=1)
        factor = sums[:, first + size] - sums[:, first]
        out = factor if out is None else out[..., None, :] * factor
    assert out is not None
    return out


def wave_values(grid: Axes, band: Axes, points: np.ndarray) -> np.ndarray:
    """Return the matrix ``(points, coordinates)`` from real coordinates to values at points in samples.

    >>> wave_values((4,), (1,), np.array([[0.0], [1.0]])).round(3) + 0
    array([[ 1.   ,  1.414,  0.   ],
           [ 1.   ,  0.   , -1.414]])
    """
    phases = 2 * np.pi * (points / np.array(grid)) @ mode_numbers(band)[1:].T
    root = 2**0.5
    return np.concatenate([np.ones((len(points), 1)), root * np.cos(phases), -root * np.sin(phases)], axis=1)


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
