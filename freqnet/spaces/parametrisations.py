"""The four parametrisations of kernels by real numbers, each a linear map onto the taps or the response.

``taps``      the taps: k numbers per axis at the offsets -(k-1)//2 .. k//2 (the kernel is centred).
``spectral``  the k-point spectrum of the kernel (Rippel, Snoek, Adams 2015, section 4) in an orthonormal real basis, so
              that a step in the parameters is a step of the same length in the taps.
``sinc``      the real and imaginary parts of the k-point spectrum, interpolated to the modes of the grid by the
              Dirichlet kernel (Ko et al. 2017); the same as zero-padding the k taps.
``modes``     a free response for each mode of the band; Hermitian by construction.
"""

from __future__ import annotations

from itertools import product
from math import prod

import numpy as np

from freqnet.caches import require_memory
from freqnet.errors import ConfigurationError, got_expected

KERNELS = ("taps", "spectral", "sinc", "modes")
Axes = tuple[int, ...]
# Windows with more samples are averaged by the closed form: the sum would take as many numbers per mode.
_LONG = 1024


def check_kernel(kernel: str) -> str:
    """Return the name of a parametrisation.

    Raises
    ------
    ConfigurationError
        There is no such parametrisation.
    """
    if kernel not in KERNELS:
        raise ConfigurationError(got_expected("kernel", repr(kernel), " or ".join(KERNELS), "pass kernel='taps'"))
    return kernel


def tap_offsets(size: int) -> np.ndarray:
    """Return the offsets of the taps of a centred kernel, in samples.

    >>> from freqnet.spaces.parametrisations import tap_offsets
    >>> tap_offsets(3), tap_offsets(2)
    (array([-1,  0,  1]), array([0, 1]))
    """
    return np.arange(size) - (size - 1) // 2


def samples_ahead(kernel: str, size: Axes) -> Axes:
    """Return how many samples ahead a kernel looks along each axis: 0 for a free response.

    >>> from freqnet.spaces.parametrisations import samples_ahead
    >>> samples_ahead("taps", (3, 2, 5)), samples_ahead("modes", (8,))
    ((1, 0, 2), (0,))
    """
    return tuple(0 if kernel == "modes" else (k - 1) // 2 for k in size)


def half_modes(band: Axes) -> list[np.ndarray]:
    """Return the mode numbers along each axis of a half spectrum."""
    axes = [np.arange(-m, m + 1) for m in band]
    axes[-1] = np.arange(band[-1] + 1)
    return axes


def _require_small(rows: int, columns: int, size: Axes) -> None:
    """Raise `ConfigurationError` if the matrix of a kernel of this size takes too much memory."""
    todo = "take a smaller kernel (argument size), or kernel='taps' in a domain of modes"
    require_memory(f"matrix of {rows} x {columns} numbers for a kernel of size {size}", rows * columns, 16, todo)


def kronecker(matrices: list[np.ndarray]) -> np.ndarray:
    """Return the Kronecker product of one matrix per axis."""
    out = matrices[0]
    for matrix in matrices[1:]:
        out = np.kron(out, matrix)
    return out


def tap_response(size: Axes, grid: Axes, band: Axes) -> np.ndarray:
    """Return the matrix (stored modes, taps) of H[k] = sum_n h[n] exp(-2 pi i k n / N)."""
    return kronecker(
        [
            np.exp(-2j * np.pi * np.outer(modes, tap_offsets(k)) / n)
            for modes, k, n in zip(half_modes(band), size, grid, strict=True)
        ]
    )


def frequency_pairs(size: Axes) -> list[tuple[Axes, bool]]:
    """Return one of each pair (j, -j) of k-point frequencies, and whether it is its own mirror image."""
    found, pairs = set(), []
    for j in product(*(range(k) for k in size)):
        mirror = tuple((-a) % k for a, k in zip(j, size, strict=True))
        if mirror not in found:
            found.add(j)
            pairs.append((j, mirror == j))
    return pairs


def orthonormal_taps(size: Axes) -> np.ndarray:
    """Return the orthogonal matrix (taps, coordinates) of the real Fourier basis of a k-point grid."""
    _require_small(prod(size), prod(size), size)
    offsets = np.stack([o.ravel() for o in np.meshgrid(*map(tap_offsets, size), indexing="ij")], axis=1)
    columns = []
    for j, own_mirror in frequency_pairs(size):
        phase = 2 * np.pi * (offsets @ (np.array(j) / np.array(size)))
        scale = np.sqrt((1 if own_mirror else 2) / len(offsets))
        columns.append(scale * np.cos(phase))
        if not own_mirror:
            columns.append(scale * np.sin(phase))
    return np.stack(columns, axis=1)


def spectrum_parts(size: Axes) -> np.ndarray:
    """Return the matrix (k-point frequencies, parameters) from real and imaginary parts to a Hermitian spectrum."""
    total = prod(size)
    _require_small(total, total, size)
    out = np.zeros((total, total), complex)
    column = 0
    for j, own_mirror in frequency_pairs(size):
        here = np.ravel_multi_index(j, size)
        there = np.ravel_multi_index(tuple((-a) % k for a, k in zip(j, size, strict=True)), size)
        out[here, column] = out[there, column] = 1
        column += 1
        if not own_mirror:
            out[here, column], out[there, column] = 1j, -1j
            column += 1
    return out


def dirichlet(angle: np.ndarray, size: int) -> np.ndarray:
    """Return (1/k) sum_n exp(i angle n) over the tap offsets n of a kernel of size k, in closed form."""
    centre = (size - 1) / 2 - (size - 1) // 2
    half = angle / 2
    flat = np.isclose(np.sin(half), 0.0, atol=1e-12)
    ratio = np.sin(size * half) / np.where(flat, 1.0, size * np.sin(half))
    # At multiples of 2 pi the ratio tends to 1, or to -1 at odd multiples for an even size.
    limit = np.where(np.round(half / np.pi).astype(int) * (size - 1) % 2 == 0, 1.0, -1.0)
    return np.where(flat, limit, ratio) * np.exp(1j * angle * centre)


def sinc_response(size: Axes, grid: Axes, band: Axes) -> np.ndarray:
    """Return the matrix (stored modes, parameters) that interpolates a k-point spectrum by the Dirichlet kernel."""
    matrices = [
        dirichlet(2 * np.pi * (np.arange(k)[None, :] / k - modes[:, None] / n), k)
        for modes, k, n in zip(half_modes(band), size, grid, strict=True)
    ]
    return kronecker(matrices) @ spectrum_parts(size)


def sinc_taps(size: Axes) -> np.ndarray:
    """Return the matrix (taps, parameters) of the inverse k-point transform of real and imaginary parts."""
    _require_small(prod(size), prod(size), size)
    offsets = np.stack([o.ravel() for o in np.meshgrid(*map(tap_offsets, size), indexing="ij")], axis=1)
    columns = []
    for j, own_mirror in frequency_pairs(size):
        phase = 2 * np.pi * (offsets @ (np.array(j) / np.array(size)))
        columns.append((1 if own_mirror else 2) / len(offsets) * np.cos(phase))
        if not own_mirror:
            columns.append(-2 / len(offsets) * np.sin(phase))
    return np.stack(columns, axis=1)


def average_response(modes: np.ndarray, grid: int, window: int, method: str) -> tuple[np.ndarray, np.ndarray]:
    """Return real and imaginary parts, at some modes, of the response of the mean over n .. n + window - 1."""
    if method == "sinc":
        phase = np.pi * modes * (window - 1) / grid
        size = np.sinc(window * modes / grid)
        return size * np.cos(phase), size * np.sin(phase)
    if window > _LONG:
        whole = dirichlet(2 * np.pi * (modes % grid) / grid, window)
        whole = whole * np.exp(2j * np.pi * (modes * ((window - 1) // 2) % grid) / grid)
        return whole.real, whole.imag
    angle = 2 * np.pi * np.outer(modes, np.arange(window)) / grid
    return np.cos(angle).mean(axis=1), np.sin(angle).mean(axis=1)


def kernel_response(kernel: str, size: Axes, grid: Axes, band: Axes) -> np.ndarray:
    """Return the matrix (stored modes, parameters) from a parametrisation to the frequency response."""
    if kernel == "taps":
        return tap_response(size, grid, band)
    if kernel == "spectral":
        return tap_response(size, grid, band) @ orthonormal_taps(size)
    return sinc_response(size, grid, band)


def kernel_taps(kernel: str, size: Axes) -> np.ndarray:
    """Return the matrix (taps, parameters) from a parametrisation to the taps."""
    if kernel == "taps":
        _require_small(prod(size), prod(size), size)
        return np.eye(prod(size))
    return orthonormal_taps(size) if kernel == "spectral" else sinc_taps(size)
