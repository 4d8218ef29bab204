"""What domains of modes share: the kernels tell a half spectrum from a Hartley spectrum by its numbers."""

from __future__ import annotations

from typing import Any

import numpy as np

from freqnet import kernels
from freqnet.domains.base import Domain
from freqnet.domains.space import Axes, Space, volume
from freqnet.kernels.reference import centre, resized, stored


class Spectral(Domain):
    """A domain whose arrays hold modes, as a half spectrum (complex) or a Hartley spectrum (real)."""

    is_spectral = True
    has_modes = True

    def shape(self, space: Space) -> Axes:
        return stored(space.band, not self.is_complex)

    def centre(self, space: Space) -> Axes:
        """Where the mean lies."""
        return centre(space.band, not self.is_complex)

    def random(self, space: Space, like: np.ndarray, generator: np.random.Generator) -> np.ndarray:
        shape = (self.coordinate_count(space), *like.shape[space.ndim :])
        return self.from_coordinates(generator.standard_normal(shape).astype(like.real.dtype), space)

    def split_nyquist(self, array: np.ndarray, space: Space, grid: Axes) -> np.ndarray:
        for axis, (n, m) in enumerate(zip(grid, space.band, strict=True)):
            if 2 * m == n:
                halved = np.ones(array.shape[axis], array.real.dtype)
                halved[-1] = 0.5
                if len(halved) == 2 * m + 1:
                    halved[0] = 0.5
                array = array * along(halved, axis, array.ndim)
        return array

    # -- convolution -------------------------------------------------------------------------------
    def response_shape(self, kernel: str, size: Axes, space: Space) -> Axes:
        return self.shape(space)

    # -- pointwise products ------------------------------------------------------------------------
    def own(self, array: np.ndarray) -> np.ndarray:
        """The array as this domain stores it: in a complex domain, of real numbers, a complex copy."""
        is_own = array.dtype.kind == "c" or not self.is_complex
        return array if is_own else array.astype(np.result_type(array, np.complex64))

    def multiply(self, a: np.ndarray, b: np.ndarray, bands: tuple[Axes, Axes, Axes], grid: Axes) -> np.ndarray:
        return kernels.product(self.own(a), self.own(b), bands)

    def square(self, a: np.ndarray, bands: tuple[Axes, Axes], grid: Axes) -> np.ndarray:
        return kernels.square(self.own(a), bands)

    def quadratic(self, array: np.ndarray, coefficients: np.ndarray, space: Space, band: Axes) -> np.ndarray:
        return kernels.quadratic(self.own(array), coefficients, (space.band, band))

    def quadratic_adjoint(
        self, g: np.ndarray, array: np.ndarray, coefficients: np.ndarray, space: Space, band: Axes
    ) -> tuple[np.ndarray, np.ndarray]:
        return kernels.quadratic_adjoint(self.own(g), self.own(array), coefficients, (space.band, band))

    def product_cost(self, bands: tuple[Axes, Axes, Axes], grid: Axes, is_square: bool) -> int:
        terms = product_terms(*bands)
        # A square needs each pair (j, k - j) once.
        return 4 * ((terms + 1) // 2 if is_square else terms)

    # -- bands and grids ---------------------------------------------------------------------------
    def change_band(self, array: np.ndarray, space: Space, band: Axes) -> np.ndarray:
        return array if band == space.band else np.ascontiguousarray(resized(array, space.band, band))

    def resampled(self, space: Space, grid: Axes) -> Space:
        return self.space(grid, tuple(map(min, space.band, self.largest_band(grid))))

    def resample(self, array: np.ndarray, space: Space, target: Space) -> np.ndarray:
        return self.change_band(array, space, target.band)

    # -- statistics --------------------------------------------------------------------------------
    def indicator(self, size: Axes, space: Space, precision: Any) -> tuple[np.ndarray, Space]:
        # A product acts exactly on a band by the modes of twice that band.
        wide = self.space(space.grid, tuple(2 * m for m in space.band))
        # A sample at 0 has equal coefficients; its averages over the windows that end there make the box.
        sample = np.full((*wide.shape, 1, 1), volume(size) / volume(space.grid), self.dtype(precision))
        return self.average(sample, wide, size, "dirichlet", True), wide

    def constant(self, value: np.ndarray, space: Space) -> np.ndarray:
        out = np.zeros((*self.shape(space), *value.shape), self.dtype(value.dtype))
        out[self.centre(space)] = value
        return out

    def mean(self, array: np.ndarray, space: Space) -> np.ndarray:
        return array[self.centre(space)].real.copy()


def product_terms(band_a: Axes, band_b: Axes, kept: Axes) -> int:
    """How many coefficient products the kept half spectrum of a product needs.

    >>> product_terms((1,), (1,), (1,))
    5
    """
    count = 1
    for axis, (a, b, c) in enumerate(zip(band_a, band_b, kept, strict=True)):
        first = 0 if axis == len(kept) - 1 else -c
        count *= sum(max(0, min(b, k + a) - max(-b, k - a) + 1) for k in range(first, c + 1))
    return count


def along(values: np.ndarray, axis: int, ndim: int) -> np.ndarray:
    """Values of one axis, shaped to broadcast along it."""
    return values.reshape((1,) * axis + (-1,) + (1,) * (ndim - axis - 1))
