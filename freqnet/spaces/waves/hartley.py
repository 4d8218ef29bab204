"""The Hartley domain: the Fourier domain in real arithmetic.

A real signal is stored as H[k] = Re C[k] - Im C[k] for every mode k of the band, where C[k] are its Fourier-series
coefficients: x(t) = sum_k H[k] cas(k t), cas = cos + sin. These are as many real numbers as in a half spectrum. They
are orthonormal under Parseval's inner product without weights, so that the condition number is 1. Multiplication of C
by a frequency response p + iq is H[k] -> p H[k] - q H[-k] (Bracewell 1983).
"""

from __future__ import annotations

from typing import Any

import numpy as np

from freqnet.caches import cached
from freqnet.kernels.reference import half_of_hartley, hartley_of_half, stored
from freqnet.spaces import long_kernels
from freqnet.spaces import parametrisations as par
from freqnet.spaces.base import Axes, Space, volume
from freqnet.spaces.channels import pair_products
from freqnet.spaces.matrices import along, contract
from freqnet.spaces.registry import register_domain
from freqnet.spaces.transforms import pass_door
from freqnet.spaces.waves.base import WaveSpace
from freqnet.spaces.waves.dft import matrices_win, modes_by_fft, samples_of
from freqnet.spaces.waves.modes import box_modes, fold, mode_numbers, wave_values


class Hartley(WaveSpace):
    """Space of real signals stored as Hartley spectra: ``(*modes, batch, channels)``, real."""

    name = "hartley"
    is_complex = False
    has_kernels = True
    products_per_number = 2

    @property
    def weights(self) -> float:
        return 1.0

    # -- transforms ----------------------------------------------------------------------------------
    def sample_modes(self, samples: np.ndarray) -> np.ndarray:
        pass_door("analysis")
        if not matrices_win(samples.shape[1:-1], self.band):
            return hartley_of_half(modes_by_fft(samples, self.band), self.ndim).astype(samples.dtype, copy=False)
        array = np.moveaxis(samples, 0, -2)
        for axis, (n, m) in enumerate(zip(samples.shape[1:-1], self.band, strict=True)):
            array = contract(_waves(n, m, samples.dtype.char) / samples.dtype.type(n), array, axis)
        return np.ascontiguousarray(_joined(array, self.ndim))

    def synthesis(self, array: np.ndarray, grid: Axes) -> np.ndarray:
        pass_door("synthesis")
        if not matrices_win(grid, self.band):
            return samples_of(self.half_spectrum(array), self.band, grid).astype(array.dtype, copy=False)
        array = _joined(array, self.ndim)
        for axis, (n, m) in enumerate(zip(grid, self.band, strict=True)):
            array = contract(_waves(n, m, array.dtype.char).T, array, axis)
        return np.ascontiguousarray(np.moveaxis(array, -2, 0))

    # -- convolution -------------------------------------------------------------------------------
    def frequency_response(self, theta: np.ndarray, kernel: str, size: Axes) -> np.ndarray:
        if kernel == "modes":
            return self.from_coordinates(theta)
        if long_kernels.is_long(kernel, volume(self.shape), size, self.grid):
            return hartley_of_half(long_kernels.response(theta, kernel, size, self.grid, self.band), self.ndim)
        flat = _responses(kernel, size, self.grid, self.band, theta.dtype.char) @ theta.reshape(len(theta), -1)
        return flat.reshape(*self.shape, *theta.shape[1:])

    def response_basis(self, kernel: str, size: Axes, precision: Any) -> tuple[np.ndarray, np.ndarray] | None:
        if kernel == "modes" or long_kernels.is_long(kernel, volume(self.shape), size, self.grid):
            return None
        return _responses(kernel, size, self.grid, self.band, np.dtype(precision).char), np.ones(volume(self.shape))

    def frequency_response_adjoint(self, response: np.ndarray, kernel: str, size: Axes) -> np.ndarray:
        if kernel == "modes":
            return self.coordinates(response)
        if long_kernels.is_long(kernel, volume(self.shape), size, self.grid):
            half = self.half_spectrum(response)
            return long_kernels.response_adjoint(half, kernel, size, self.grid, self.band)
        matrix = _responses(kernel, size, self.grid, self.band, response.dtype.char)
        return (matrix.T @ response.reshape(len(matrix), -1)).reshape(-1, *response.shape[self.ndim :])

    def channel_product(self, a: np.ndarray, b: np.ndarray, form: str, groups: int, size: Axes) -> np.ndarray:
        return pair_products(a, b, form, groups)

    # -- bands and grids ---------------------------------------------------------------------------
    def average(self, array: np.ndarray, window: Axes, method: str, adjoint: bool) -> np.ndarray:
        for axis, (m, n, w) in enumerate(zip(self.band, self.grid, window, strict=True)):
            real, imag = par.average_response(np.arange(-m, m + 1), n, w, method)
            p, q = (along(part.astype(array.dtype), axis, array.ndim) for part in (real, imag))
            array = _times_response(array, p, -q if adjoint else q, self.ndim)
        return array

    def alias(self, array: np.ndarray, coarse: Space, stride: Axes, adjoint: bool) -> np.ndarray:
        for axis in range(self.ndim):
            array = fold(array, axis, (self.band[axis], coarse.band[axis]), coarse.grid[axis], adjoint)
        return np.ascontiguousarray(array)

    def take(self, array: np.ndarray, target: Space, places: tuple[Axes, ...], adjoint: bool) -> np.ndarray:
        array = _joined(array, self.ndim)
        rows = zip(places, self.grid, target.grid, self.band, target.band, strict=True)
        for axis, (at, n, count, m, kept) in enumerate(rows):
            matrix = _taking(at, (n, count), (m, kept), array.dtype.char)
            array = contract(matrix.T if adjoint else matrix, array, axis)
        return np.ascontiguousarray(_joined(array, self.ndim))

    def shift(self, array: np.ndarray, samples: np.ndarray) -> np.ndarray:
        samples = np.atleast_2d(np.asarray(samples, float))
        for axis, (m, n) in enumerate(zip(self.band, self.grid, strict=True)):
            angle = 2 * np.pi * np.outer(np.arange(-m, m + 1), samples[:, axis]) / n
            shape = (1,) * axis + (2 * m + 1,) + (1,) * (self.ndim - 1 - axis) + (-1, 1)
            real, imag = (part.astype(array.dtype).reshape(shape) for part in (np.cos(angle), -np.sin(angle)))
            array = _times_response(array, real, imag, self.ndim)
        return array

    # -- augmentation ------------------------------------------------------------------------------
    def mirror(self, array: np.ndarray, axis: int, about: float) -> np.ndarray:
        # Every mode is stored, so that reversing t is reversing k.
        moves = np.zeros(self.ndim)
        moves[axis] = about
        return self.shift(np.flip(array, axis), moves)

    def swap_axes(self, array: np.ndarray, first: int, second: int) -> np.ndarray:
        return np.ascontiguousarray(np.swapaxes(array, first, second))

    def boxes(self, starts: np.ndarray, sizes: np.ndarray, precision: Any) -> tuple[np.ndarray, Space]:
        wide = self.doubled()
        half = box_modes(wide.grid, wide.band, starts, sizes)[..., None]
        return hartley_of_half(half, self.ndim).astype(precision), wide

    def values_at(self, points: np.ndarray) -> np.ndarray:
        return wave_values(self.grid, self.band, points)

    # -- statistics and coordinates ----------------------------------------------------------------
    def affine(self, array: np.ndarray, factors: np.ndarray, offset: np.ndarray) -> np.ndarray:
        lanes = np.broadcast_shapes(array.shape[self.ndim :], factors.shape, offset.shape)
        out = array * np.broadcast_to(factors, lanes)
        out[self.centre] += offset
        return out

    def add_affine(self, target: np.ndarray, array: np.ndarray, factors: np.ndarray, offset: np.ndarray) -> None:
        target += array * factors
        target[self.centre] += offset

    def inner(self, a: np.ndarray, b: np.ndarray) -> np.ndarray:
        x, y = (v.reshape(-1, *v.shape[self.ndim :]) for v in (a, b))
        return np.einsum("k...,k...->...", x, y)

    def coordinates(self, array: np.ndarray) -> np.ndarray:
        # The coordinates of the Fourier domain: sqrt(2) times the real and imaginary parts of one mode of each pair.
        flat = array.reshape(-1, *array.shape[self.ndim :])
        middle, upper, lower = _pairs(self.band)
        root = array.dtype.type(np.sqrt(0.5))
        return np.concatenate(
            [flat[middle : middle + 1], (flat[lower] + flat[upper]) * root, (flat[lower] - flat[upper]) * root]
        )

    def from_coordinates(self, values: np.ndarray) -> np.ndarray:
        middle, upper, lower = _pairs(self.band)
        root = values.dtype.type(np.sqrt(0.5))
        real, imag = values[1 : 1 + len(upper)] * root, values[1 + len(upper) :] * root
        out = np.empty(values.shape, values.dtype)
        out[middle], out[upper], out[lower] = values[0], real - imag, real + imag
        return out.reshape(*self.shape, *values.shape[1:])

    def mode_inner(self, a: np.ndarray, b: np.ndarray) -> np.ndarray:
        middle, upper, lower = _pairs(self.band)
        product = (a * b).reshape(-1, *np.broadcast_shapes(a.shape, b.shape)[self.ndim :])
        return np.concatenate([product[middle : middle + 1], product[upper] + product[lower]])

    def mode_scale(self, array: np.ndarray, factors: np.ndarray) -> np.ndarray:
        middle, upper, lower = _pairs(self.band)
        spread = np.empty((volume(self.shape), *factors.shape[1:]), factors.dtype)
        spread[middle], spread[upper], spread[lower] = factors[0], factors[1:], factors[1:]
        return array * spread.reshape(*self.shape, *factors.shape[1:])

    def half_spectrum(self, array: np.ndarray) -> np.ndarray:
        return half_of_hartley(array, self.ndim)

    # -- frequency bins and products of single modes -------------------------------------------------
    def to_hartley(self, array: np.ndarray) -> np.ndarray:
        return array

    def from_hartley(self, array: np.ndarray) -> np.ndarray:
        return np.ascontiguousarray(array)

    def mode_product(self, a: np.ndarray, b: np.ndarray, adjoint: bool) -> np.ndarray:
        modes = tuple(range(self.ndim))
        mirrored = np.flip(b, modes)
        # The complex conjugate is the mirror image.
        b, mirrored = (mirrored, b) if adjoint else (b, mirrored)
        opposite = np.flip(a, modes)
        return ((a + opposite) * b + (a - opposite) * mirrored) / 2


def _times_response(array: np.ndarray, real: np.ndarray, imag: np.ndarray, ndim: int) -> np.ndarray:
    """Return the spectrum times a frequency response with these real and imaginary parts."""
    return real * array - imag * np.flip(array, tuple(range(ndim)))


def _joined(array: np.ndarray, ndim: int) -> np.ndarray:
    """Convert between products of one cas per axis and the cas of the sum of the angles; the map is its own inverse.

    2 cas(a + b) = cas(a) cas(b) + cas(a) cas(-b) + cas(-a) cas(b) - cas(-a) cas(-b).
    """
    for axis in range(1, ndim):
        here, there = tuple(range(axis)), axis
        both = np.flip(array, (*here, there))
        array = (array + np.flip(array, there) + np.flip(array, here) - both) / 2
    return array


@cached
def _waves(n: int, band: int, precision: str) -> np.ndarray:
    """Return cas(2 pi k j / n), ``(modes, samples)``."""
    angle = 2 * np.pi * np.arange(n) / n
    # Reduce k j modulo n, so that the angle is accurate for large k j.
    return (np.cos(angle) + np.sin(angle))[np.outer(np.arange(-band, band + 1), np.arange(n)) % n].astype(precision)


@cached
def _taking(places: Axes, sizes: Axes, bands: Axes, precision: str) -> np.ndarray:
    """Return the matrix ``(kept modes, modes)`` of an axis that takes samples by their places, and 0 at place -1."""
    (n, count), (band, kept), at = sizes, bands, np.array(places)
    values = np.where(at < 0, 0, _waves(n, band, precision)[:, at])
    return _waves(count, kept, precision) @ values.T / count


@cached
def _responses(kernel: str, size: Axes, grid: Axes, band: Axes, precision: str) -> np.ndarray:
    """Return the matrix (modes, parameters) from the parameters of a kernel to its response."""
    modes = np.stack([k.ravel() for k in np.meshgrid(*(np.arange(-m, m + 1) for m in band), indexing="ij")], 1)
    taps = np.stack([t.ravel() for t in np.meshgrid(*map(par.tap_offsets, size), indexing="ij")], 1)
    angle = 2 * np.pi * (modes / np.array(grid)) @ taps.T
    waves = np.cos(angle) + np.sin(angle)
    return (waves if kernel == "taps" else waves @ par.kernel_taps(kernel, size)).astype(precision)


@cached
def _pairs(band: Axes) -> tuple[int, np.ndarray, np.ndarray]:
    """Return flat positions of the mean, one mode of each pair (k, -k) in Fourier order, and their mirror images."""
    sizes = stored(band, True)
    upper = np.ravel_multi_index(tuple((mode_numbers(band)[1:] + band).T), sizes)
    last = volume(sizes) - 1
    return last // 2, upper, last - upper


register_domain("hartley", Hartley.on)
