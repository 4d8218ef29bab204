"""The Fourier domain: a signal is stored as its Fourier-series coefficients.

Coefficients are divided by the number of samples ("forward"), so that the DC mode is the mean and truncation and
zero-padding need no rescaling. Frequency responses are not divided. Modes are centred. Signals are real, so that the
last axis needs only the modes k >= 0.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from freqnet import kernels
from freqnet.caches import cached
from freqnet.kernels.buffers import empty
from freqnet.kernels.reference import full_spectrum, half_of_hartley, hartley_of_half, stored
from freqnet.spaces import long_kernels
from freqnet.spaces import parametrisations as par
from freqnet.spaces.base import Axes, Space, volume
from freqnet.spaces.channels import mode_products
from freqnet.spaces.matrices import along, contract
from freqnet.spaces.registry import register_domain
from freqnet.spaces.transforms import pass_door
from freqnet.spaces.waves.base import WaveSpace
from freqnet.spaces.waves.dft import kept_modes, matrices, matrices_win, samples_of
from freqnet.spaces.waves.modes import box_modes, fold, independent_modes, taking, wave_values


class Fourier(WaveSpace):
    """Space of real signals stored as half spectra: ``(*modes, batch, channels)``, complex."""

    name = "fourier"
    is_complex = True
    has_kernels = True
    products_per_number = 4

    @property
    def weights(self) -> np.ndarray:
        return _weights(self.ndim, self.band[-1])

    def project(self, array: np.ndarray) -> np.ndarray:
        out = array.copy()
        column = out[(slice(None),) * (self.ndim - 1) + (0,)]
        others = tuple(range(self.ndim - 1))
        column[...] = (column + np.flip(column, others).conj()) / 2
        return out

    # -- transforms ----------------------------------------------------------------------------------
    def sample_modes(self, samples: np.ndarray) -> np.ndarray:
        pass_door("analysis")
        return kept_modes(samples, self.band)

    def synthesis(self, array: np.ndarray, grid: Axes) -> np.ndarray:
        pass_door("synthesis")
        return samples_of(array, self.band, grid)

    # -- convolution -------------------------------------------------------------------------------
    def frequency_response(self, theta: np.ndarray, kernel: str, size: Axes) -> np.ndarray:
        if kernel == "modes":
            return self.from_coordinates(theta)
        if long_kernels.is_long(kernel, volume(self.shape), size, self.grid):
            return long_kernels.response(theta, kernel, size, self.grid, self.band)
        real, imag, _ = _basis(kernel, size, self.grid, self.band, theta.dtype.char)
        flat = theta.reshape(len(theta), -1)
        out = empty((len(real), flat.shape[1]), np.result_type(theta.dtype, np.complex64))
        out.real = real @ flat
        out.imag = imag @ flat
        return out.reshape(*self.shape, *theta.shape[1:])

    def transform_matrices(self, grid: Axes, precision: Any) -> list[np.ndarray] | None:
        """Return one matrix per axis for `sample_modes`; None where an FFT takes less work."""
        return matrices(grid, self.band, np.dtype(precision).char) if matrices_win(grid, self.band) else None

    def response_basis(self, kernel: str, size: Axes, precision: Any) -> tuple[np.ndarray, np.ndarray] | None:
        """Return the matrix ``(modes, 2, parameters)`` of a response in real and imaginary parts, and the weights.

        The weights count the modes. None where the response is not computed by a matrix.
        """
        if kernel == "modes" or long_kernels.is_long(kernel, volume(self.shape), size, self.grid):
            return None
        real, imag, weights = _basis(kernel, size, self.grid, self.band, np.dtype(precision).char)
        return np.stack([real, imag], axis=1), weights

    def frequency_response_adjoint(self, response: np.ndarray, kernel: str, size: Axes) -> np.ndarray:
        if kernel == "modes":
            return self.coordinates(response)
        if long_kernels.is_long(kernel, volume(self.shape), size, self.grid):
            return long_kernels.response_adjoint(response, kernel, size, self.grid, self.band)
        real, imag, weights = _basis(kernel, size, self.grid, self.band, response.real.dtype.char)
        flat = response.reshape(len(real), -1) * weights
        theta = real.T @ flat.real + imag.T @ flat.imag
        return theta.reshape(-1, *response.shape[self.ndim :])

    def channel_product(self, a: np.ndarray, b: np.ndarray, form: str, groups: int, size: Axes) -> np.ndarray:
        return mode_products(self.own(a), self.own(b), form, groups)

    # -- bands and grids ---------------------------------------------------------------------------
    def average_response(self, window: Axes, method: str = "dirichlet") -> list[np.ndarray]:
        """Return the response, per axis, of the mean of the samples n .. n + window - 1.

        "dirichlet" averages the samples; "sinc" averages the continuous signal over the same window (arXiv 2108.05690,
        theorem 3.6), which differs most at high modes.
        """
        axes = zip(par.half_modes(self.band), self.grid, window, strict=True)
        parts = [par.average_response(modes, n, w, method) for modes, n, w in axes]
        return [real + 1j * imag for real, imag in parts]

    def average(self, array: np.ndarray, window: Axes, method: str, adjoint: bool) -> np.ndarray:
        for axis, response in enumerate(self.average_response(window, method)):
            factor = (response.conj() if adjoint else response).astype(array.dtype)
            array = array * along(factor, axis, array.ndim)
        return array

    def alias(self, array: np.ndarray, coarse: Space, stride: Axes, adjoint: bool) -> np.ndarray:
        full = full_spectrum(array, self.ndim)
        for axis in range(self.ndim):
            full = fold(full, axis, (self.band[axis], coarse.band[axis]), coarse.grid[axis], adjoint)
        last = self.ndim - 1
        middle = full.shape[last] // 2
        return np.ascontiguousarray(full[(slice(None),) * last + (slice(middle, None),)])

    def take(self, array: np.ndarray, target: Space, places: tuple[Axes, ...], adjoint: bool) -> np.ndarray:
        rows = zip(places, self.grid, target.grid, self.band, target.band, strict=True)
        matrices = [taking(at, (n, count), (m, kept)).astype(array.dtype) for at, n, count, m, kept in rows]
        *others, own = [matrix.conj().T for matrix in matrices] if adjoint else matrices
        last = self.ndim - 1
        rest, middle = own[len(own) // 2 :], own.shape[1] // 2
        # X[.., -k] is the conjugate of the stored mode with all other axes reversed.
        below = np.flip(array[(slice(None),) * last + (slice(1, None),)], tuple(range(last))).conj()
        out = contract(rest[:, middle:], array, last) + contract(rest[:, :middle][:, ::-1], below, last)
        for axis, matrix in enumerate(others):
            out = contract(matrix, out, axis)
        return np.ascontiguousarray(out)

    def shift(self, array: np.ndarray, samples: np.ndarray) -> np.ndarray:
        samples = np.atleast_2d(np.asarray(samples, float))
        for axis, (modes, n) in enumerate(zip(par.half_modes(self.band), self.grid, strict=True)):
            phase = np.exp(-2j * np.pi * np.outer(modes, samples[:, axis]) / n).astype(array.dtype)
            ones = (1,) * (self.ndim - 1 - axis)
            array = array * phase.reshape((1,) * axis + (len(modes),) + ones + (-1, 1))
        return array

    # -- augmentation ------------------------------------------------------------------------------
    def mirror(self, array: np.ndarray, axis: int, about: float) -> np.ndarray:
        last = self.ndim - 1
        if axis == last:
            # X[.., -k] is the conjugate of the stored mode with all other axes reversed.
            array = np.conjugate(np.flip(array, tuple(range(last))))
        else:
            array = np.flip(array, axis)
        phase = np.exp(-2j * np.pi * about / self.grid[axis] * par.half_modes(self.band)[axis])
        return array * along(phase.astype(array.dtype), axis, array.ndim)

    def swap_axes(self, array: np.ndarray, first: int, second: int) -> np.ndarray:
        last = self.ndim - 1
        if last not in (first, second):
            return np.ascontiguousarray(np.swapaxes(array, first, second))
        other, m = min(first, second), self.band[-1]
        upper = np.swapaxes(np.take(array, range(m, 2 * m + 1), other), other, last)
        # The modes below 0 of the new axis are those of the stored half with all numbers reversed.
        below = np.conjugate(np.flip(np.take(array, range(m + 1), other), tuple(range(last))))
        below = np.swapaxes(below, other, last)
        reverse = (slice(None),) * other + (slice(None, 0, -1),)
        return np.concatenate([below[reverse], upper], axis=other)

    def boxes(self, starts: np.ndarray, sizes: np.ndarray, precision: Any) -> tuple[np.ndarray, Space]:
        wide = self.doubled()
        return box_modes(wide.grid, wide.band, starts, sizes)[..., None].astype(self.dtype(precision)), wide

    def values_at(self, points: np.ndarray) -> np.ndarray:
        return wave_values(self.grid, self.band, points)

    # -- statistics and coordinates ----------------------------------------------------------------
    def affine(self, array: np.ndarray, factors: np.ndarray, offset: np.ndarray) -> np.ndarray:
        lanes = np.broadcast_shapes(array.shape[self.ndim :], factors.shape, offset.shape)
        if lanes == array.shape[self.ndim :]:
            out = kernels.combine(array, factors)
        else:
            out = array * np.broadcast_to(factors, lanes)
        out[self.centre] += offset
        return out

    def add_affine(self, target: np.ndarray, array: np.ndarray, factors: np.ndarray, offset: np.ndarray) -> None:
        kernels.combine(target, np.ones((), target.real.dtype), array, factors, out=target)
        target[self.centre] += offset

    def inner(self, a: np.ndarray, b: np.ndarray) -> np.ndarray:
        return kernels.inner(a, b, self.ndim) if a.shape == b.shape else super().inner(a, b)

    def coordinates(self, array: np.ndarray) -> np.ndarray:
        centre, independent, _ = independent_modes(self.band)
        flat = array.reshape(-1, *array.shape[self.ndim :])
        kept = flat[independent] * array.real.dtype.type(np.sqrt(2))
        return np.concatenate([flat[centre : centre + 1].real, kept.real, kept.imag])

    def from_coordinates(self, values: np.ndarray) -> np.ndarray:
        centre, independent, mirror = independent_modes(self.band)
        out = np.zeros((volume(self.shape), *values.shape[1:]), np.result_type(values.dtype, np.complex64))
        count = len(independent)
        out[centre] = values[0]
        out.real[independent] = values[1 : 1 + count] * values.dtype.type(np.sqrt(0.5))
        out.imag[independent] = values[1 + count :] * values.dtype.type(np.sqrt(0.5))
        out[mirror] = out[independent[: len(mirror)]].conj()
        return out.reshape(*self.shape, *values.shape[1:])

    def mode_inner(self, a: np.ndarray, b: np.ndarray) -> np.ndarray:
        centre, independent, _ = independent_modes(self.band)
        pick = np.concatenate([[centre], independent])
        x, y = (v.reshape(-1, *v.shape[self.ndim :])[pick] for v in (a, b))
        out = 2 * (x.real * y.real + x.imag * y.imag)
        out[0] /= 2
        return out

    def mode_scale(self, array: np.ndarray, factors: np.ndarray) -> np.ndarray:
        centre, independent, mirror = independent_modes(self.band)
        spread = np.empty((volume(self.shape), *factors.shape[1:]), factors.dtype)
        spread[centre] = factors[0]
        spread[independent] = factors[1:]
        spread[mirror] = factors[1 : 1 + len(mirror)]
        return array * spread.reshape(*self.shape, *factors.shape[1:])

    # -- frequency bins and products of single modes -------------------------------------------------
    def to_hartley(self, array: np.ndarray) -> np.ndarray:
        return hartley_of_half(array, self.ndim)

    def from_hartley(self, array: np.ndarray) -> np.ndarray:
        return np.ascontiguousarray(half_of_hartley(array, self.ndim))

    def mode_product(self, a: np.ndarray, b: np.ndarray, adjoint: bool) -> np.ndarray:
        return a * (b.conj() if adjoint else b)


@cached
def _weights(ndim: int, last: int) -> np.ndarray:
    weights = np.full((1,) * (ndim - 1) + (last + 1, 1, 1), 2.0, np.float32)
    weights[(0,) * (ndim - 1) + (0,)] = 1.0
    return weights


@cached
def _basis(
    kernel: str, size: Axes, grid: Axes, band: Axes, precision: str
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    matrix = par.kernel_response(kernel, size, grid, band)
    weights = np.broadcast_to(_weights(len(band), band[-1]), (*stored(band, False), 1, 1)).reshape(-1, 1)
    real, imag = np.ascontiguousarray(matrix.real), np.ascontiguousarray(matrix.imag)
    return real.astype(precision), imag.astype(precision), weights.astype(precision)


register_domain("fourier", Fourier.on)
