"""The base of domains of modes. Kernels tell half spectra (complex) from Hartley spectra (real) by their dtype."""

from __future__ import annotations

from typing import Any, TypeVar

import numpy as np

from freqnet import kernels
from freqnet.errors import ConfigurationError, got_expected
from freqnet.kernels.reference import centre, resized, stored
from freqnet.spaces.base import Axes, Space, extent, volume
from freqnet.spaces.matrices import along
from freqnet.spaces.waves.modes import product_terms

W = TypeVar("W", bound="WaveSpace")


class WaveSpace(Space):
    """A space whose arrays hold modes, as a half spectrum (complex) or a Hartley spectrum (real)."""

    is_spectral = True

    @property
    def shape(self) -> Axes:
        return stored(self.band, not self.is_complex)

    @property
    def centre(self) -> Axes:
        """Index of the mean."""
        return centre(self.band, not self.is_complex)

    @property
    def coordinate_count(self) -> int:
        return volume(self.modes)

    def random(self, like: np.ndarray, generator: np.random.Generator) -> np.ndarray:
        shape = (self.coordinate_count, *like.shape[self.ndim :])
        return self.from_coordinates(generator.standard_normal(shape).astype(like.real.dtype))

    # -- transforms --------------------------------------------------------------------------------
    def split_nyquist(self, array: np.ndarray, grid: Axes) -> np.ndarray:
        for axis, (n, m) in enumerate(zip(grid, self.band, strict=True)):
            if 2 * m == n:
                halved = np.ones(array.shape[axis], array.real.dtype)
                halved[-1] = 0.5
                if len(halved) == 2 * m + 1:
                    halved[0] = 0.5
                array = array * along(halved, axis, array.ndim)
        return array

    def check_nyquist(self, grid: Axes) -> None:
        if any(2 * m == n for m, n in zip(self.band, grid, strict=True)):
            got = f"{self.band} on {grid} samples, with the Nyquist mode"
            expected = f"at most {tuple((n - 1) // 2 for n in grid)}"
            todo = "keep fewer modes, or pass nyquist='split'"
            raise ConfigurationError(got_expected("band", got, expected, todo))

    # -- pointwise products ------------------------------------------------------------------------
    def own(self, array: np.ndarray) -> np.ndarray:
        """Return the array as this domain stores it: complex, unless the domain is real."""
        is_own = array.dtype.kind == "c" or not self.is_complex
        return array if is_own else array.astype(np.result_type(array, np.complex64))

    def multiply(self, a: np.ndarray, b: np.ndarray, other: Axes, band: Axes) -> np.ndarray:
        return kernels.product(self.own(a), self.own(b), (self.band, other, band))

    def square(self, a: np.ndarray, band: Axes) -> np.ndarray:
        return kernels.square(self.own(a), (self.band, band))

    def quadratic(self, array: np.ndarray, coefficients: np.ndarray, band: Axes) -> np.ndarray:
        return kernels.quadratic(self.own(array), coefficients, (self.band, band))

    def quadratic_adjoint(
        self, g: np.ndarray, array: np.ndarray, coefficients: np.ndarray, band: Axes
    ) -> tuple[np.ndarray, np.ndarray]:
        return kernels.quadratic_adjoint(self.own(g), self.own(array), coefficients, (self.band, band))

    def product_cost(self, other: Axes, band: Axes, is_square: bool) -> int:
        terms = product_terms(self.band, other, band)
        # A square needs each pair of modes (j, k - j) once.
        return 4 * ((terms + 1) // 2 if is_square else terms)

    # -- bands and grids ---------------------------------------------------------------------------
    def change_band(self, array: np.ndarray, band: Axes) -> np.ndarray:
        return array if band == self.band else np.ascontiguousarray(resized(array, self.band, band))

    def resampled(self, grid: Axes) -> WaveSpace:
        target = self.sibling(grid)
        return target.with_band(tuple(map(min, self.band, target.band)))

    def resample(self, array: np.ndarray, target: Space) -> np.ndarray:
        return self.change_band(array, target.band)

    # -- statistics --------------------------------------------------------------------------------
    def indicator(self, size: Axes, precision: Any) -> tuple[np.ndarray, Space]:
        wide = self.doubled()
        # A unit sample at 0 has equal coefficients at all modes. Its average over the last `size` samples is the box.
        sample = np.full((*wide.shape, 1, 1), volume(size) / volume(self.grid), self.dtype(precision))
        return wide.average(sample, size, "dirichlet", True), wide

    def doubled(self: W) -> W:
        """Return the space of signals with twice the band, whose product with one of this band is exact."""
        return self.sibling(self.grid, tuple(2 * m for m in self.band))

    def constant(self, value: np.ndarray) -> np.ndarray:
        out = np.zeros((*self.shape, *value.shape), self.dtype(value.dtype))
        out[self.centre] = value
        return out

    def mean(self, array: np.ndarray) -> np.ndarray:
        return array[self.centre].real.copy()

    # -- modes -------------------------------------------------------------------------------------
    @property
    def mode_space(self) -> WaveSpace:
        return self

    def require_modes(self, what: str) -> None:
        pass

    def as_modes(self, array: np.ndarray) -> np.ndarray:
        return array

    def from_modes(self, modes: np.ndarray) -> np.ndarray:
        return modes

    def mode_rounding(self, least: float) -> float:
        return 0.0

    # -- frequency bins ----------------------------------------------------------------------------
    def to_hartley(self, array: np.ndarray) -> np.ndarray:
        """Return the numbers Re X[k] - Im X[k] of all modes of the band, ``(*modes, batch, channels)``."""
        raise self._lacks("to_bins")

    def from_hartley(self, array: np.ndarray) -> np.ndarray:
        """Return the signal whose modes have the numbers Re X[k] - Im X[k]: the inverse of `to_hartley`."""
        raise self._lacks("from_bins")

    def to_bins(self, array: np.ndarray, grid: Axes) -> np.ndarray:
        kept, places = self._bins(grid)
        numbers = self.with_band(kept).to_hartley(self.change_band(array, kept))
        out = np.zeros((array.shape[-2], *grid, array.shape[-1]), numbers.dtype)
        out[places] = np.moveaxis(numbers, -2, 0)
        return out

    def from_bins(self, bins: np.ndarray) -> np.ndarray:
        kept, places = self._bins(bins.shape[1:-1])
        inner = self.with_band(kept)
        return inner.change_band(inner.from_hartley(np.moveaxis(bins[places], 0, -2)), self.band)

    def _bins(self, grid: Axes) -> tuple[Axes, tuple[slice, ...]]:
        """Return the band that both this space and a grid hold, and its places in an array of bins."""
        kept = tuple(min(m, (n - 1) // 2) for m, n in zip(self.band, grid, strict=True))
        return kept, (slice(None), *(slice(n // 2 - m, n // 2 + m + 1) for m, n in zip(kept, grid, strict=True)))

    def describe(self) -> tuple[str, ...]:
        slow = "products of spectra run in NumPy (correct, but slower): the C kernels were not built or are turned off"
        remarks = (slow,) if kernels.KERNEL == "numpy" else ()
        return (f"{extent(self.modes)} modes", self.describe_door("one transform at the door"), *remarks)
