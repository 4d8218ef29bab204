"""The Fourier domain: a signal is held as its Fourier-series coefficients.

Coefficients are divided by the number of samples ("forward"), so the DC mode is the mean and a band can
be truncated or padded without rescaling; frequency responses are not divided. Modes are centred, and the
last axis holds only k >= 0, since the signal is real.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from freqnet import kernels
from freqnet.domains import parametrisations as par
from freqnet.domains.channels import mode_products
from freqnet.domains.dft import kept_modes, samples_of
from freqnet.domains.door import pass_door
from freqnet.domains.registry import register_domain
from freqnet.domains.space import Axes, Space, volume
from freqnet.domains.spectral import Spectral, along
from freqnet.kernels.buffers import empty
from freqnet.kernels.reference import centre, full_spectrum, stored


class Fourier(Spectral):
    """Half spectra of real signals, modes first: ``(*modes, batch, channels)``, complex."""

    name = "fourier"
    is_complex = True
    products_a_number = 4

    def weights(self, space: Space) -> np.ndarray:
        return _weights(space.ndim, space.band[-1])

    def project(self, array: np.ndarray, space: Space) -> np.ndarray:
        out = array.copy()
        column = out[_column(space)]
        others = tuple(range(space.ndim - 1))
        column[...] = (column + np.flip(column, others).conj()) / 2
        return out

    # -- the door ----------------------------------------------------------------------------------
    def sample_modes(self, samples: np.ndarray, space: Space) -> np.ndarray:
        pass_door("analysis")
        return kept_modes(samples, space.band)

    def synthesis(self, array: np.ndarray, space: Space, grid: Axes) -> np.ndarray:
        pass_door("synthesis")
        return samples_of(array, space.band, grid)

    # -- convolution -------------------------------------------------------------------------------
    def respond(self, theta: np.ndarray, kernel: str, size: Axes, space: Space) -> np.ndarray:
        if kernel == "modes":
            return self.from_coordinates(theta, space)
        real, imag, _ = _basis(kernel, size, space.grid, space.band, theta.dtype.char)
        flat = theta.reshape(len(theta), -1)
        out = empty((len(real), flat.shape[1]), np.result_type(theta.dtype, np.complex64))
        out.real = real @ flat
        out.imag = imag @ flat
        return out.reshape(*self.shape(space), *theta.shape[1:])

    def respond_adjoint(self, response: np.ndarray, kernel: str, size: Axes, space: Space) -> np.ndarray:
        if kernel == "modes":
            return self.coordinates(response, space)
        real, imag, weights = _basis(kernel, size, space.grid, space.band, response.real.dtype.char)
        flat = response.reshape(len(real), -1) * weights
        theta = real.T @ flat.real + imag.T @ flat.imag
        return theta.reshape(-1, *response.shape[space.ndim :])

    def channel_product(self, a: np.ndarray, b: np.ndarray, form: str, groups: int, size: Axes) -> np.ndarray:
        return mode_products(self.own(a), self.own(b), form, groups)

    # -- bands and grids ---------------------------------------------------------------------------
    def average_response(self, space: Space, window: Axes, method: str = "dirichlet") -> list[np.ndarray]:
        """Per axis, the response of the mean of the samples n .. n + window - 1.

        ``"dirichlet"`` is exact on the grid; ``"sinc"`` is the average of the continuous signal over
        the same window (arXiv 2108.05690, theorem 3.6), which differs most at high modes.
        """
        axes = zip(par.half_modes(space.band), space.grid, window, strict=True)
        parts = [par.average_response(modes, n, w, method) for modes, n, w in axes]
        return [real + 1j * imag for real, imag in parts]

    def average(self, array: np.ndarray, space: Space, window: Axes, method: str, adjoint: bool) -> np.ndarray:
        for axis, response in enumerate(self.average_response(space, window, method)):
            factor = (response.conj() if adjoint else response).astype(array.dtype)
            array = array * along(factor, axis, array.ndim)
        return array

    def alias(self, array: np.ndarray, space: Space, target: Space, stride: Axes, adjoint: bool) -> np.ndarray:
        full = full_spectrum(array, space.ndim)
        for axis in range(space.ndim):
            fold = folding(space.band[axis], target.band[axis], target.grid[axis]).astype(array.real.dtype)
            full = np.moveaxis(np.tensordot(fold.T if adjoint else fold, full, (1, axis)), 0, axis)
        last = space.ndim - 1
        middle = full.shape[last] // 2
        return np.ascontiguousarray(full[(slice(None),) * last + (slice(middle, None),)])

    def shift(self, array: np.ndarray, space: Space, samples: np.ndarray) -> np.ndarray:
        samples = np.atleast_2d(np.asarray(samples, float))
        for axis, (modes, n) in enumerate(zip(par.half_modes(space.band), space.grid, strict=True)):
            phase = np.exp(-2j * np.pi * np.outer(modes, samples[:, axis]) / n).astype(array.dtype)
            ones = (1,) * (space.ndim - 1 - axis)
            array = array * phase.reshape((1,) * axis + (len(modes),) + ones + (-1, 1))
        return array

    # -- statistics and coordinates ----------------------------------------------------------------
    def affine(self, array: np.ndarray, factors: np.ndarray, offset: np.ndarray, space: Space) -> np.ndarray:
        lanes = np.broadcast_shapes(array.shape[space.ndim :], factors.shape, offset.shape)
        if lanes == array.shape[space.ndim :]:
            out = kernels.combine(array, factors)
        else:
            out = array * np.broadcast_to(factors, lanes)
        out[centre(space.band)] += offset
        return out

    def add_affine(
        self, target: np.ndarray, array: np.ndarray, factors: np.ndarray, offset: np.ndarray, space: Space
    ) -> None:
        kernels.combine(target, np.ones((), target.real.dtype), array, factors, out=target)
        target[centre(space.band)] += offset

    def inner(self, a: np.ndarray, b: np.ndarray, space: Space) -> np.ndarray:
        return kernels.inner(a, b, space.ndim) if a.shape == b.shape else super().inner(a, b, space)

    def coordinates(self, array: np.ndarray, space: Space) -> np.ndarray:
        centre, independent, _ = independent_modes(space.band)
        flat = array.reshape(-1, *array.shape[space.ndim :])
        kept = flat[independent] * array.real.dtype.type(np.sqrt(2))
        return np.concatenate([flat[centre : centre + 1].real, kept.real, kept.imag])

    def from_coordinates(self, values: np.ndarray, space: Space) -> np.ndarray:
        centre, independent, mirror = independent_modes(space.band)
        out = np.zeros((volume(self.shape(space)), *values.shape[1:]), np.result_type(values.dtype, np.complex64))
        count = len(independent)
        out[centre] = values[0]
        out.real[independent] = values[1 : 1 + count] * values.dtype.type(np.sqrt(0.5))
        out.imag[independent] = values[1 + count :] * values.dtype.type(np.sqrt(0.5))
        out[mirror] = out[independent[: len(mirror)]].conj()
        return out.reshape(*self.shape(space), *values.shape[1:])

    def coordinate_count(self, space: Space) -> int:
        return volume(tuple(2 * m + 1 for m in space.band))

    def mode_inner(self, a: np.ndarray, b: np.ndarray, space: Space) -> np.ndarray:
        centre, independent, _ = independent_modes(space.band)
        pick = np.concatenate([[centre], independent])
        x, y = (v.reshape(-1, *v.shape[space.ndim :])[pick] for v in (a, b))
        out = 2 * (x.real * y.real + x.imag * y.imag)
        out[0] /= 2
        return out

    def mode_scale(self, array: np.ndarray, factors: np.ndarray, space: Space) -> np.ndarray:
        centre, independent, mirror = independent_modes(space.band)
        spread = np.empty((volume(self.shape(space)), *factors.shape[1:]), factors.dtype)
        spread[centre] = factors[0]
        spread[independent] = factors[1:]
        spread[mirror] = factors[1 : 1 + len(mirror)]
        return array * spread.reshape(*self.shape(space), *factors.shape[1:])


@lru_cache(maxsize=256)
def independent_modes(band: Axes) -> tuple[int, np.ndarray, np.ndarray]:
    """Flat positions of DC, of one mode of each pair (k, -k), and of the stored mirrors of the first of these."""
    columns = band[-1] + 1
    rows = volume(tuple(2 * m + 1 for m in band[:-1]))
    upper = np.arange(rows // 2 + 1, rows)
    grid = np.arange(rows * columns).reshape(rows, columns)
    independent = np.concatenate([grid[upper, 0], grid[:, 1:].ravel()])
    return (rows // 2) * columns, independent, grid[rows - 1 - upper, 0]


@lru_cache(maxsize=256)
def mode_numbers(band: Axes) -> np.ndarray:
    """Mode numbers ``(pairs, axes)`` of one of each pair (k, -k), the mean first: the order of `independent_modes`.

    >>> from freqnet.domains.fourier import mode_numbers
    >>> mode_numbers((1, 1)).tolist()
    [[0, 0], [1, 0], [-1, 1], [0, 1], [1, 1]]
    """
    _, independent, _ = independent_modes(band)
    numbers = np.stack(np.unravel_index(independent, stored(band, False)), axis=1) - np.array([*band[:-1], 0])
    return np.concatenate([np.zeros((1, len(band)), int), numbers])


@lru_cache(maxsize=256)
def _weights(ndim: int, last: int) -> np.ndarray:
    weights = np.full((1,) * (ndim - 1) + (last + 1, 1, 1), 2.0, np.float32)
    weights[(0,) * (ndim - 1) + (0,)] = 1.0
    return weights


@lru_cache(maxsize=64)
def _basis(
    kernel: str, size: Axes, grid: Axes, band: Axes, precision: str
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    matrix = par.kernel_response(kernel, size, grid, band)
    weights = np.broadcast_to(_weights(len(band), band[-1]), (*stored(band, False), 1, 1)).reshape(-1, 1)
    real, imag = np.ascontiguousarray(matrix.real), np.ascontiguousarray(matrix.imag)
    return real.astype(precision), imag.astype(precision), weights.astype(precision)


@lru_cache(maxsize=256)
def folding(band: int, target_band: int, target_grid: int) -> np.ndarray:
    """Matrix (kept modes, modes): mode k lands on the mode it equals modulo the coarse grid."""
    modes, kept = np.arange(-band, band + 1), np.arange(-target_band, target_band + 1)
    return ((modes[None, :] - kept[:, None]) % target_grid == 0).astype(float)


def _column(space: Space) -> tuple:
    return (slice(None),) * (space.ndim - 1) + (0,)


FOURIER = register_domain(Fourier())


def mode_space(space: Space) -> Space:
    """The space in which a signal's modes are counted: its own, or, without modes, the Fourier space of its grid."""
    if space.domain.has_modes:
        return space
    band = tuple(n // 2 for n in space.grid) if space.domain.is_causal else space.band
    return FOURIER.space(space.grid, below_nyquist(band, space.grid))


def below_nyquist(band: Axes, grid: Axes) -> Axes:
    """The part of a band that a grid can tell apart."""
    return tuple(min(m, (n - 1) // 2) for m, n in zip(band, grid, strict=True))
