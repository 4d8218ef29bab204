"""The grid domain: a signal is stored as its samples. It is the spatial counterpart of every spectral domain.

Pointwise operations are exact. Signals are projected onto a band by Dirichlet matrices, so that only convolution by FFT
runs transforms.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial, reduce
from itertools import product as ranges
from typing import Any

import numpy as np

from freqnet.caches import cached, require_memory
from freqnet.spaces import long_kernels
from freqnet.spaces import parametrisations as par
from freqnet.spaces.base import Axes, Space, volume
from freqnet.spaces.channels import group_by_group
from freqnet.spaces.matrices import along, along_axes, contract
from freqnet.spaces.registry import register_domain
from freqnet.spaces.transforms import pass_door
from freqnet.spaces.waves.dft import modes_by_fft, roots_of_unity, samples_of
from freqnet.spaces.waves.fourier import Fourier

# Entries of the largest matrix of an axis at the door: an FFT takes longer signals.
_AT_DOOR = 1 << 14
# Numbers in the sums that make a matrix of an axis, also at a time, and samples of the longest axis whose averages take
# a matrix.
_SUMMED, _AT_ONCE, _AVERAGED = 1 << 20, 1 << 16, 1 << 10


@dataclass(frozen=True)
class Grid(Space):
    """Space of real signals stored as samples: ``(*grid, batch, channels)``, real.

    Parameters
    ----------
    convolution : {"direct", "fft"}
        Whether convolution sums over taps or uses FFTs, which count as transforms.
    """

    convolution: str = "direct"

    name = "grid"
    is_complex = False
    unit = "samples"

    @property
    def domain(self) -> str:
        return self.name if self.convolution == "direct" else f"{self.name}-fft"

    @property
    def switches(self) -> bool:
        return self.convolution == "fft"

    @property
    def largest_band(self) -> Axes:
        # Samples hold the Nyquist mode, too.
        return tuple(n // 2 for n in self.grid)

    @property
    def degrees(self) -> Axes:
        return self.grid

    @property
    def shape(self) -> Axes:
        return self.grid

    def check_array(self, array: np.ndarray) -> None:
        # A response is stored as taps, of which a kernel has any number.
        if self.kind == "signal" or array.ndim != self.ndim + 2 or array.dtype.kind != "f":
            super().check_array(array)

    @property
    def weights(self) -> float:
        # A response is stored as taps, whose inner product is the plain sum.
        return 1.0 if self.kind == "response" else 1.0 / volume(self.grid)

    def project(self, array: np.ndarray) -> np.ndarray:
        return array if self.kind == "response" else self.change_band(array, self.band)

    def random(self, like: np.ndarray, generator: np.random.Generator) -> np.ndarray:
        return self.project(generator.standard_normal(like.shape).astype(like.dtype))

    # -- transforms ----------------------------------------------------------------------------------
    def sample_modes(self, samples: np.ndarray) -> np.ndarray:
        pass_door("analysis")
        return np.ascontiguousarray(np.moveaxis(_at_door(samples, self.grid, self.band), 0, -2))

    def synthesis(self, array: np.ndarray, grid: Axes) -> np.ndarray:
        pass_door("synthesis")
        return np.ascontiguousarray(_at_door(np.moveaxis(array, -2, 0), grid, self.band))

    def stores_samples(self, grid: Axes) -> bool:
        return grid == self.grid and all(m >= n // 2 for m, n in zip(self.band, grid, strict=True))

    # -- convolution -------------------------------------------------------------------------------
    def response_shape(self, kernel: str, size: Axes) -> Axes:
        return self.grid if kernel == "modes" else size

    def frequency_response(self, theta: np.ndarray, kernel: str, size: Axes) -> np.ndarray:
        if kernel == "modes" and volume(self.grid) ** 2 > _SUMMED:
            half = Fourier.on(self.grid, self.band, "response").from_coordinates(theta)
            return long_kernels.taps_at(half, self.grid, self.grid, self.band) / volume(self.grid)
        if kernel == "taps" or volume(size) ** 2 > _SUMMED:
            return long_kernels.taps_of(theta, kernel, size)
        matrix = _kernel_matrix(kernel, size, self.grid, self.band, theta.dtype.char)
        taps = matrix @ theta.reshape(len(theta), -1)
        return taps.reshape(*self.response_shape(kernel, size), *theta.shape[1:])

    def frequency_response_adjoint(self, response: np.ndarray, kernel: str, size: Axes) -> np.ndarray:
        if kernel == "modes" and volume(self.grid) ** 2 > _SUMMED:
            space = Fourier.on(self.grid, self.band, "response")
            half = long_kernels.response_of_taps(response, self.grid, self.band)
            return space.coordinates(half) / volume(self.grid)
        if kernel == "taps" or volume(size) ** 2 > _SUMMED:
            return long_kernels.taps_adjoint(response, kernel, size)
        matrix = _kernel_matrix(kernel, size, self.grid, self.band, response.dtype.char)
        theta = matrix.T @ response.reshape(len(matrix), -1)
        return theta.reshape(-1, *response.shape[self.ndim :])

    def channel_product(self, a: np.ndarray, b: np.ndarray, form: str, groups: int, size: Axes) -> np.ndarray:
        if groups > 1:
            return group_by_group(a, b, groups, lambda x, y: self.channel_product(x, y, form, 1, size))
        if self.switches:
            return _fft_product(a, b, form, size)
        return _correlate(a, b, size) if form == "response" else _direct(a, b, form)

    # -- pointwise products ------------------------------------------------------------------------
    def multiply(self, a: np.ndarray, b: np.ndarray, other: Axes, band: Axes) -> np.ndarray:
        return _resample(a * b, self.grid, self.grid, band)

    # -- bands and grids ---------------------------------------------------------------------------
    def change_band(self, array: np.ndarray, band: Axes) -> np.ndarray:
        common = tuple(min(a, b) for a, b in zip(self.band, band, strict=True))
        return _resample(array, self.grid, self.grid, common)

    def resampled(self, grid: Axes) -> Grid:
        # A narrow band stays as it is: the samples of another grid hold no more modes.
        target = self.sibling(grid)
        return target.with_band(tuple(map(min, self.band, target.band)))

    def resample(self, array: np.ndarray, target: Space) -> np.ndarray:
        common = tuple(min(a, b) for a, b in zip(self.band, target.band, strict=True))
        return _resample(array, self.grid, target.grid, common)

    def average(self, array: np.ndarray, window: Axes, method: str, adjoint: bool) -> np.ndarray:
        if method == "dirichlet" and max(self.grid) > _AVERAGED:
            for axis, size in enumerate(window):
                moved = (np.roll(array, offset if adjoint else -offset, axis) for offset in range(size))
                array = reduce(np.add, moved) / array.dtype.type(size)
            return array
        matrices = [_average_matrix(n, w, method) for n, w in zip(self.grid, window, strict=True)]
        return along_axes([m.T if adjoint else m for m in matrices], array)

    def alias(self, array: np.ndarray, coarse: Space, stride: Axes, adjoint: bool) -> np.ndarray:
        keep = tuple(slice(None, None, s) for s in stride)
        if not adjoint:
            return _resample(np.ascontiguousarray(array[keep]), coarse.grid, coarse.grid, coarse.band)
        out = np.zeros((*self.grid, *array.shape[self.ndim :]), array.dtype)
        out[keep] = _resample(array, coarse.grid, coarse.grid, coarse.band) * volume(stride)
        return _resample(out, self.grid, self.grid, self.band)

    def take(self, array: np.ndarray, target: Space, places: tuple[Axes, ...], adjoint: bool) -> np.ndarray:
        pairs = zip(places, self.grid, strict=True)
        matrices = [(np.array(at)[:, None] == np.arange(n)).astype(array.dtype) for at, n in pairs]
        if not adjoint:
            return _resample(along_axes(matrices, array), target.grid, target.grid, target.band)
        # Adjoint under the mean over each grid.
        array = _resample(array, target.grid, target.grid, target.band) * (volume(self.grid) / volume(target.grid))
        return _resample(along_axes([m.T for m in matrices], array), self.grid, self.grid, self.band)

    def shift(self, array: np.ndarray, samples: np.ndarray) -> np.ndarray:
        samples = np.broadcast_to(np.atleast_2d(np.asarray(samples, float)), (array.shape[-2], self.ndim))
        for axis, n in enumerate(self.grid):
            shifted = _shifted_by_matrices if n * n <= _SUMMED else _shifted_one_by_one
            array = shifted(array, axis, samples[:, axis])
        return np.ascontiguousarray(array)

    # -- augmentation ------------------------------------------------------------------------------
    def mirror(self, array: np.ndarray, axis: int, about: float) -> np.ndarray:
        n = self.grid[axis]
        if float(about).is_integer():
            return np.take(array, (int(about) - np.arange(n)) % n, axis)
        return contract(_shift_matrix(n, about).astype(array.dtype), np.take(array, -np.arange(n) % n, axis), axis)

    def swap_axes(self, array: np.ndarray, first: int, second: int) -> np.ndarray:
        return np.ascontiguousarray(np.swapaxes(array, first, second))

    def boxes(self, starts: np.ndarray, sizes: np.ndarray, precision: Any) -> tuple[np.ndarray, Space]:
        inside: np.ndarray | None = None
        for axis, n in enumerate(self.grid):
            places = (np.arange(n)[:, None] - starts[:, axis]) % n
            axis_inside = (places < sizes[:, axis]).astype(precision)
            inside = axis_inside if inside is None else inside[..., None, :] * axis_inside
        assert inside is not None
        return inside[..., None], self.full

    def values_at(self, points: np.ndarray) -> np.ndarray:
        out = np.full((len(points), 1), volume(self.grid) ** 0.5)
        for axis, (n, m) in enumerate(zip(self.grid, self.band, strict=True)):
            k = np.arange(-min(m, n // 2), min(m, n // 2) + 1)
            # The Nyquist mode of an even grid is split between both its signs.
            halved = np.where(2 * np.abs(k) == n, 0.5, 1.0) / n
            at, own = (np.exp(2j * np.pi * np.outer(t, k) / n) for t in (points[:, axis], np.arange(n)))
            values = ((at * halved) @ own.conj().T).real
            out = (out[:, :, None] * values[:, None, :]).reshape(len(points), -1)
        return out

    # -- statistics and coordinates ----------------------------------------------------------------
    def indicator(self, size: Axes, precision: Any) -> tuple[np.ndarray, Space]:
        inside = [(np.arange(n) < s).astype(precision) for n, s in zip(self.grid, size, strict=True)]
        return reduce(np.multiply.outer, inside)[..., None, None], self.full

    def constant(self, value: np.ndarray) -> np.ndarray:
        return np.broadcast_to(value, (*self.grid, *value.shape)).copy()

    def mean(self, array: np.ndarray) -> np.ndarray:
        return array.mean(axis=tuple(range(self.ndim)))

    def coordinates(self, array: np.ndarray) -> np.ndarray:
        count = volume(self.grid)
        return array.reshape(count, *array.shape[self.ndim :]) * array.dtype.type(count**-0.5)

    def from_coordinates(self, values: np.ndarray) -> np.ndarray:
        scaled = values * values.dtype.type(volume(self.grid) ** 0.5)
        # Below the largest band there are more coordinates than dimensions, so the adjoint must project onto the band.
        return self.project(scaled.reshape(*self.grid, *values.shape[1:]))

    @property
    def coordinate_count(self) -> int:
        return volume(self.grid)


def _shifted_by_matrices(array: np.ndarray, axis: int, samples: np.ndarray) -> np.ndarray:
    """Return signals ``(*grid, batch, channels)`` shifted along an axis by ``(batch,)`` samples."""
    n, k = array.shape[axis], np.arange(-(array.shape[axis] // 2), array.shape[axis] // 2 + 1)
    halved = np.where(2 * np.abs(k) == n, 0.5, 1.0) / n
    # The entries of a matrix depend on the difference of the places only.
    columns = (np.exp(-2j * np.pi * np.outer(samples, k) / n) * halved @ _waves(np.arange(n), k, n).T).real
    columns = columns.astype(array.dtype)
    places = (np.arange(n)[:, None] - np.arange(n)) % n
    lines = np.moveaxis(array, (-2, axis), (0, 1))
    out = np.empty(lines.shape, array.dtype)
    step = max(1, _SUMMED // (n * n))
    for first in range(0, len(samples), step):
        part = slice(first, first + step)
        rows = lines[part].reshape(len(columns[part]), n, -1)
        out[part] = np.matmul(columns[part][:, places], rows).reshape(lines[part].shape)
    return np.moveaxis(out, (0, 1), (-2, axis))


def _shifted_one_by_one(array: np.ndarray, axis: int, samples: np.ndarray) -> np.ndarray:
    """Return the same along a long axis, where whole samples need no matrix."""

    def moved(example: np.ndarray, by: float) -> np.ndarray:
        if by.is_integer():
            return np.roll(example, int(by), axis)
        return contract(_shift_matrix(example.shape[axis], by).astype(array.dtype, copy=False), example, axis)

    return np.stack([moved(array[..., i, :], float(by)) for i, by in enumerate(samples)], axis=-2)


def _at_door(samples: np.ndarray, target: Axes, band: Axes) -> np.ndarray:
    """Return samples ``(batch, *grid, channels)``, at the door, truncated to a band and sampled on another grid."""
    grid = samples.shape[1:-1]
    if all(n * t <= _AT_DOOR for n, t in zip(grid, target, strict=True)):
        array = np.ascontiguousarray(np.moveaxis(samples, 0, -2))
        return np.moveaxis(_resample(array, grid, target, band), -2, 0)
    if _keeps_all(grid, target, band):
        return samples
    space = Fourier.on(grid, _common_band(grid, target, band))
    modes = space.split_nyquist(modes_by_fft(samples, space.band), grid)
    return samples_of(modes, space.band, target).astype(samples.dtype, copy=False)


def _keeps_all(grid: Axes, target: Axes, band: Axes) -> bool:
    return grid == target and all(m >= n // 2 for m, n in zip(band, grid, strict=True))


def _common_band(grid: Axes, target: Axes, band: Axes) -> Axes:
    """Return the band of what both grids hold; the Nyquist mode belongs to it on equal grids only."""
    if grid == target:
        return tuple(min(m, n // 2) for m, n in zip(band, grid, strict=True))
    return tuple(min(m, (n - 1) // 2, (t - 1) // 2) for m, n, t in zip(band, grid, target, strict=True))


def _resample(array: np.ndarray, grid: Axes, target: Axes, band: Axes) -> np.ndarray:
    """Return a signal truncated to a band and sampled on another grid.

    Between different grids the Nyquist modes of both are dropped: they have no exact counterpart.
    """
    if _keeps_all(grid, target, band):
        return array
    for axis, sizes in enumerate(zip(grid, target, _common_band(grid, target, band), strict=True)):
        array = _resample_axis(array, axis, *sizes)
    return np.ascontiguousarray(array)


def _resample_axis(array: np.ndarray, axis: int, grid: int, target: int, band: int) -> np.ndarray:
    if grid * target <= _SUMMED:
        return contract(_dirichlet_matrix(grid, target, band).astype(array.dtype, copy=False), array, axis)
    if grid == target and band >= (grid - 1) // 2:
        return array if band >= grid // 2 else _without_nyquist(array, axis)
    if 2 * (band + 1) * (grid + target) < grid * target:
        for matrix in _thin_matrices(grid, target, band):
            array = contract(matrix.astype(array.dtype, copy=False), array, axis)
        return array
    return contract(_dirichlet_matrix(grid, target, band).astype(array.dtype, copy=False), array, axis)


def _without_nyquist(array: np.ndarray, axis: int) -> np.ndarray:
    signs = along(np.where(np.arange(array.shape[axis]) % 2, -1, 1).astype(array.dtype), axis, array.ndim)
    return array - (array * signs).mean(axis=axis, keepdims=True) * signs


@cached
def _dirichlet_matrix(grid: int, target: int, band: int) -> np.ndarray:
    """Return the matrix of band-limited interpolation from `grid` to `target` samples; Nyquist modes are split."""
    return _interpolation(grid, target, lambda k: np.where(np.abs(k) <= band, 1.0, 0.0))


@cached
def _thin_matrices(grid: int, target: int, band: int) -> tuple[np.ndarray, np.ndarray]:
    """Return two matrices, to the cosines and sines of the band and back, whose product is the Dirichlet matrix."""
    k = np.arange(band + 1)
    _require_small(max(grid, target), 2 * len(k))
    weights = np.where((k == 0) | (2 * k == grid), 1, 2)[:, None] / grid
    own, there = (roots_of_unity(np.outer(k, np.arange(n)), n) for n in (grid, target))
    to_band = np.concatenate([own.real * weights, own.imag * weights])
    return to_band, np.ascontiguousarray(np.concatenate([there.real, there.imag]).T)


def _require_small(rows: int, columns: int) -> None:
    """Raise `ConfigurationError` if a matrix takes too much memory."""
    todo = "take fewer samples per axis (argument pool), or pass domain='fourier', which needs no such matrix"
    require_memory(f"matrix of {rows} x {columns} numbers in the grid domain", rows * columns, 8, todo)


def _interpolation(grid: int, target: int, response: Callable[[np.ndarray], np.ndarray]) -> np.ndarray:
    _require_small(target, grid)
    k = np.arange(-(grid // 2), grid // 2 + 1)
    halved = np.where(2 * np.abs(k) == grid, 0.5, 1.0)
    if target * grid * len(k) > _SUMMED:
        return _long_interpolation(grid, target, k, response(k) * halved / grid)
    angle = 2 * np.pi * (np.arange(target)[:, None] / target - np.arange(grid)[None, :] / grid)
    factors = response(k) * halved
    parts = (angle[rows] for rows in _parts(target, grid * len(k)))
    return np.concatenate([(np.exp(1j * part[..., None] * k) * factors).sum(axis=-1).real / grid for part in parts])


def _long_interpolation(grid: int, target: int, k: np.ndarray, factors: np.ndarray) -> np.ndarray:
    """Return the same matrix without one number per mode and entry."""
    k, factors = k[factors != 0], factors[factors != 0]
    if grid == target:
        # The entries depend on the difference of the places only.
        column = np.concatenate([(_waves(rows, k, grid) @ factors).real for rows in _parts(grid, len(k))])
        return column[(np.arange(grid)[:, None] - np.arange(grid)) % grid]
    right = roots_of_unity(np.outer(k, np.arange(grid)), grid)
    return np.concatenate([((_waves(rows, k, target) * factors) @ right).real for rows in _parts(target, grid)])


def _parts(count: int, width: int) -> list[np.ndarray]:
    """Return the numbers below `count` in parts, so that a matrix of one part and `width` columns is small."""
    step = max(1, _AT_ONCE // max(1, width))
    return [np.arange(first, min(first + step, count)) for first in range(0, count, step)]


def _waves(points: np.ndarray, k: np.ndarray, n: int) -> np.ndarray:
    """Return exp(2 pi i k t / n), ``(points, modes)``."""
    return roots_of_unity(np.outer(points, k), n).conj()


@cached
def _average_matrix(grid: int, window: int, method: str) -> np.ndarray:
    if method == "sinc":
        return _interpolation(
            grid, grid, lambda k: np.sinc(window * k / grid) * np.exp(1j * np.pi * k * (window - 1) / grid)
        )
    _require_small(grid, grid)
    out = np.zeros((grid, grid))
    for offset in range(window):
        out[np.arange(grid), (np.arange(grid) + offset) % grid] += 1 / window
    return out


def _shift_matrix(grid: int, samples: float) -> np.ndarray:
    return _interpolation(grid, grid, lambda k: np.exp(-2j * np.pi * k * samples / grid))


@cached
def _kernel_matrix(kernel: str, size: Axes, grid: Axes, band: Axes, precision: str) -> np.ndarray:
    if kernel != "modes":
        return par.kernel_taps(kernel, size).astype(precision)
    # A free response is stored as a kernel as large as the grid: this is the matrix of the inverse transform.
    space = Fourier.on(grid, band, "response")
    count = space.coordinate_count
    responses = space.from_coordinates(np.eye(count)).reshape(-1, count)
    weights = np.broadcast_to(space.weights, (*space.shape, 1, 1)).reshape(-1, 1)
    taps = par.tap_response(grid, grid, band)
    return ((taps.conj().T @ (weights * responses)).real / volume(grid)).astype(precision)


def _taps(size: Axes) -> list[tuple[Axes, Axes]]:
    offsets = [par.tap_offsets(k) for k in size]
    return [(t, tuple(int(o[i]) for o, i in zip(offsets, t, strict=True))) for t in ranges(*map(range, size))]


def _direct(a: np.ndarray, taps: np.ndarray, form: str) -> np.ndarray:
    axes = tuple(range(taps.ndim - 2))
    out: np.ndarray | None = None
    for index, offset in _taps(taps.shape[:-2]):
        matrix, step = (taps[index].T, tuple(-o for o in offset)) if form == "input" else (taps[index], offset)
        term = np.roll(a, step, axes) @ matrix
        out = term if out is None else out + term
    assert out is not None
    return out


def _correlate(x: np.ndarray, g: np.ndarray, size: Axes) -> np.ndarray:
    axes = tuple(range(len(size)))
    out = np.empty((*size, x.shape[-1], g.shape[-1]), x.dtype)
    flat = g.reshape(-1, g.shape[-1])
    for index, offset in _taps(size):
        out[index] = np.roll(x, offset, axes).reshape(-1, x.shape[-1]).T @ flat
    return out / x.dtype.type(volume(x.shape[: len(size)]))


def _fft_product(a: np.ndarray, b: np.ndarray, form: str, size: Axes) -> np.ndarray:
    """Return a convolution or one of its adjoints by FFTs, like a network that switches domains."""
    from scipy import fft

    grid, axes = a.shape[:-2], tuple(range(a.ndim - 2))
    pass_door("analysis")
    left = fft.rfftn(a, axes=axes)
    pass_door("analysis")
    if form == "response":
        product = np.swapaxes(left.conj(), -1, -2) @ fft.rfftn(b, axes=axes)
    else:
        right = fft.rfftn(_place(b, grid), axes=axes)
        product = left @ (np.swapaxes(right.conj(), -1, -2) if form == "input" else right)
    pass_door("synthesis")
    out = fft.irfftn(product, s=grid, axes=axes)
    if form != "response":
        return out
    at = np.ix_(*(par.tap_offsets(k) % n for k, n in zip(size, grid, strict=True)))
    return out[at] / a.dtype.type(volume(grid))


def _place(taps: np.ndarray, grid: Axes) -> np.ndarray:
    """Return taps at their offsets on a grid of zeros; a kernel longer than the period wraps around."""
    out = np.zeros((*grid, *taps.shape[-2:]), taps.dtype)
    at = np.ix_(*(par.tap_offsets(k) % n for k, n in zip(taps.shape[:-2], grid, strict=True)))
    np.add.at(out, at, taps)
    return out


register_domain("grid", Grid.on)
register_domain("grid-fft", partial(Grid.on, convolution="fft"))
