"""The contract of a domain: the verbs it implements.

A domain says how a real signal on a periodic grid is stored, and implements a handful of verbs on NumPy
arrays. Layers and ops are written once, against these verbs; the same test suite runs over every domain
in the registry (`freqnet.domains.registry`).
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import replace
from typing import Any

import numpy as np

from freqnet.domains.space import Axes, Kind, Space, per_axis, volume
from freqnet.domains.traits import Traits
from freqnet.errors import ShapeError, SpaceError, got_expected


class Domain(Traits, ABC):
    """The verbs every domain implements, on NumPy arrays.

    Arrays of signals have the axes ``(*space.shape, batch, channels)``, responses
    ``(*space.shape, inputs, outputs)``. Verbs marked "adjoint" are adjoint under `weights`.
    """

    def space(
        self, grid: int | Axes, band: int | Axes | None = None, kind: Kind = "signal", support: Axes | None = None
    ) -> Space:
        """Describe signals on a grid, by default with every mode there can be."""
        grid = (int(grid),) if isinstance(grid, (int, np.integer)) else tuple(int(n) for n in grid)
        if not grid or min(grid) < 1:
            raise ShapeError(got_expected("grid", grid, "1 to 3 sizes of at least 1", "check the shape"))
        axes = self.largest_band(grid) if band is None else per_axis(band, len(grid), "band")
        if min(axes) < 0:
            raise ShapeError(got_expected("band", axes, "0 or more", "a band of 0 keeps the mean"))
        if self.is_causal and any(m > most for m, most in zip(axes, self.largest_band(grid), strict=True)):
            most = self.largest_band(grid)
            raise ShapeError(got_expected("band", axes, f"at most {most} on {grid} samples", "keep fewer nodes"))
        return Space(self, grid, axes, kind, support)

    def largest_band(self, grid: Axes) -> Axes:
        """The modes a grid can hold: up to, but without, Nyquist."""
        return tuple((n - 1) // 2 for n in grid)

    @abstractmethod
    def shape(self, space: Space) -> Axes:
        """The shape of the leading axes."""

    @abstractmethod
    def weights(self, space: Space) -> np.ndarray | float:
        """Weights of the inner product."""

    def project(self, array: np.ndarray, space: Space) -> np.ndarray:
        """The nearest array that is a real signal of the band."""
        return array

    @abstractmethod
    def random(self, space: Space, like: np.ndarray, generator: np.random.Generator) -> np.ndarray:
        """A standard normal element of the space."""

    def dtype(self, precision: Any) -> np.dtype:
        """The dtype of stored arrays at a real precision (float32 or float64)."""
        return np.result_type(precision, np.complex64) if self.is_complex else np.dtype(precision)

    # -- the door ----------------------------------------------------------------------------------
    @abstractmethod
    def sample_modes(self, samples: np.ndarray, space: Space) -> np.ndarray:
        """Coefficients of samples ``(batch, *grid, channels)``; the adjoint of `synthesis`, times N."""

    @abstractmethod
    def synthesis(self, array: np.ndarray, space: Space, grid: Axes) -> np.ndarray:
        """Samples ``(batch, *grid, channels)``; modes alias on a coarser grid, samples are low-passed first."""

    def analysis(self, samples: np.ndarray, space: Space) -> np.ndarray:
        """The spectrum of samples, the Nyquist mode dropped, or split where the band includes it."""
        self.check_samples(samples, space)
        return self.split_nyquist(self.sample_modes(samples, space), space, samples.shape[1:-1])

    def split_nyquist(self, array: np.ndarray, space: Space, grid: Axes) -> np.ndarray:
        """Halve the modes at ``k = n/2`` of each even axis: the Nyquist mode, shared by +-n/2."""
        return array

    def check_samples(self, samples: np.ndarray, space: Space) -> None:
        """Raise `ShapeError` unless the samples can hold the band."""
        grid = samples.shape[1:-1]
        if len(grid) != space.ndim:
            raise ShapeError(
                got_expected(
                    "samples",
                    f"shape {samples.shape}",
                    f"(batch, {space.ndim} axes, channels)",
                    "add the missing axis",
                )
            )
        self.check_grid(grid, space)

    def check_grid(self, grid: Axes, space: Space) -> None:
        """Raise `ShapeError` unless so many samples can hold the band."""
        for n, m in zip(grid, space.band, strict=True):
            if m > n // 2:
                raise ShapeError(
                    got_expected("band", m, f"at most {n // 2} on {n} samples", "keep fewer modes or give more samples")
                )

    # -- convolution -------------------------------------------------------------------------------
    @abstractmethod
    def response_shape(self, kernel: str, size: Axes, space: Space) -> Axes:
        """The leading axes of a response in this domain."""

    def response_count(self, space: Space) -> int:
        """How many real numbers make up a free response."""
        return volume(self.modes(space))

    @abstractmethod
    def respond(self, theta: np.ndarray, kernel: str, size: Axes, space: Space) -> np.ndarray:
        """The response of a kernel with real parameters ``(parameters, inputs, outputs)``."""

    @abstractmethod
    def respond_adjoint(self, response: np.ndarray, kernel: str, size: Axes, space: Space) -> np.ndarray:
        """Real parameters from a response: the adjoint of `respond`."""

    @abstractmethod
    def channel_product(self, a: np.ndarray, b: np.ndarray, form: str, groups: int, size: Axes) -> np.ndarray:
        """Convolution ("forward"), and its two adjoints ("input", "response")."""

    # -- pointwise products ------------------------------------------------------------------------
    @abstractmethod
    def multiply(self, a: np.ndarray, b: np.ndarray, bands: tuple[Axes, Axes, Axes], grid: Axes) -> np.ndarray:
        """The pointwise product of two signals, of bands `bands[0]` and `bands[1]`, kept to `bands[2]`."""

    def product_cost(self, bands: tuple[Axes, Axes, Axes], grid: Axes, is_square: bool) -> int:
        """Real multiply-adds of `multiply`, or of `square`, for one signal."""
        return volume(grid)

    def multiply_adjoint(self, g: np.ndarray, b: np.ndarray, bands: tuple[Axes, Axes, Axes], grid: Axes) -> np.ndarray:
        """The adjoint of a product with `b`, of a gradient of band `bands[0]`; the result has `bands[2]`."""
        return self.multiply(g, b, bands, grid)

    def square(self, a: np.ndarray, bands: tuple[Axes, Axes], grid: Axes) -> np.ndarray:
        """The pointwise square of a signal of band `bands[0]`, kept to `bands[1]`."""
        return self.multiply(a, a, (bands[0], bands[0], bands[1]), grid)

    def quadratic(self, array: np.ndarray, coefficients: np.ndarray, space: Space, band: Axes) -> np.ndarray:
        """Constant + linear x + quadratic x^2, kept to a band: coefficients ``(3, batch, channels)``."""
        squared = self.square(array, (space.band, band), space.grid)
        bent = self.affine(squared, coefficients[2], coefficients[0], space.with_band(band))
        return bent + coefficients[1] * self.change_band(array, space, band)

    def quadratic_adjoint(
        self, g: np.ndarray, array: np.ndarray, coefficients: np.ndarray, space: Space, band: Axes
    ) -> tuple[np.ndarray, np.ndarray]:
        """The gradients of `quadratic`, by the signal and by the coefficients ``(3, batch, channels)``."""
        shared = self.multiply_adjoint(g, array, (band, space.band, space.band), space.grid)
        wide = self.change_band(g, space.with_band(band).cotangent, space.band)
        sums = [self.mean(wide, space.cotangent), self.inner(wide, array, space), self.inner(shared, array, space)]
        return coefficients[1] * wide + 2 * coefficients[2] * shared, np.stack(sums)

    # -- bands and grids ---------------------------------------------------------------------------
    @abstractmethod
    def change_band(self, array: np.ndarray, space: Space, band: Axes) -> np.ndarray:
        """Truncate or zero-pad to another band on the same grid; adjoint: the same, back."""

    def resampled(self, space: Space, grid: Axes) -> Space:
        """The space of a signal after `resample` to another number of samples a period."""
        return self.space(grid)

    def aliased(self, space: Space, stride: Axes) -> Space:
        """The space of a signal after `alias`."""
        grid = tuple(n // s for n, s in zip(space.grid, stride, strict=True))
        # Below the coarse Nyquist mode nothing folds and the band stays; beyond it every mode is reached.
        folds = tuple(2 * m >= n for m, n in zip(space.band, grid, strict=True))
        most = zip(space.band, self.largest_band(grid), folds, strict=True)
        band = tuple(b if f else min(m, b) for m, b, f in most)
        return replace(space, grid=grid, band=band, support=None)

    @abstractmethod
    def resample(self, array: np.ndarray, space: Space, target: Space) -> np.ndarray:
        """The band-limited signal on another grid; adjoint: the same, back."""

    @abstractmethod
    def average(self, array: np.ndarray, space: Space, window: Axes, method: str, adjoint: bool) -> np.ndarray:
        """The moving average over a window of samples."""

    @abstractmethod
    def alias(self, array: np.ndarray, space: Space, target: Space, stride: Axes, adjoint: bool) -> np.ndarray:
        """What keeping every `stride`-th sample does; `target` is the space after it."""

    @abstractmethod
    def shift(self, array: np.ndarray, space: Space, samples: np.ndarray) -> np.ndarray:
        """Shift by (fractions of) samples, ``(axes,)`` or ``(batch, axes)``."""

    def shift_adjoint(self, array: np.ndarray, space: Space, samples: np.ndarray) -> np.ndarray:
        """The adjoint of `shift`: on a period, the opposite."""
        return self.shift(array, space, -samples)

    # -- statistics and coordinates ----------------------------------------------------------------
    @abstractmethod
    def constant(self, value: np.ndarray, space: Space) -> np.ndarray:
        """Constant signals of values ``(batch, channels)``; adjoint of `mean`."""

    @abstractmethod
    def mean(self, array: np.ndarray, space: Space) -> np.ndarray:
        """The mean over the grid, ``(batch, channels)``."""

    def affine(self, array: np.ndarray, factors: np.ndarray, offset: np.ndarray, space: Space) -> np.ndarray:
        """The signal times a factor, plus a constant: ``(batch, channels)`` of each."""
        return array * factors + offset

    def add_affine(self, target: np.ndarray, array: np.ndarray, *rest: Any) -> None:
        """Add an affine map of a signal to another, in place: the rest is that of `affine`."""
        target += self.affine(array, *rest)

    def power(self, array: np.ndarray, space: Space) -> np.ndarray:
        """The mean over the grid of the square, ``(batch, channels)`` (Parseval)."""
        return self.inner(array, array, space)

    def inner(self, a: np.ndarray, b: np.ndarray, space: Space) -> np.ndarray:
        """The mean over the grid of the product of a signal and a gradient, for every batch and channel."""
        product = a.real * b.real + a.imag * b.imag if self.is_complex else a * b
        return np.sum(product * self.weights(space), axis=tuple(range(space.ndim)))

    @abstractmethod
    def indicator(self, size: Axes, space: Space, precision: Any) -> tuple[np.ndarray, Space]:
        """The signal that is 1 at the first samples and 0 elsewhere, with its space, for products with signals."""

    def power_cost(self, space: Space) -> int:
        """Real multiply-adds of `power`, for one signal."""
        return volume(self.shape(space)) * (2 if self.is_complex else 1)

    def lower(self, array: np.ndarray, space: Space) -> np.ndarray:
        """The gradient that pairs with signals as this signal does: the element of `Space.cotangent`."""
        return array

    @abstractmethod
    def coordinates(self, array: np.ndarray, space: Space) -> np.ndarray:
        """Orthonormal real coordinates ``(coordinates, ...)``."""

    @abstractmethod
    def from_coordinates(self, values: np.ndarray, space: Space) -> np.ndarray:
        """The element with the given coordinates: inverse and adjoint of `coordinates`."""

    @abstractmethod
    def coordinate_count(self, space: Space) -> int:
        """How many real numbers make up an element, per batch and channel."""

    def mode_inner(self, a: np.ndarray, b: np.ndarray, space: Space) -> np.ndarray:
        """The share of each independent mode in `inner`, ``(independent modes, batch, channels)``."""
        raise SpaceError(got_expected("power spectrum", space, "a domain of modes", "take fourier or hartley"))

    def mode_scale(self, array: np.ndarray, factors: np.ndarray, space: Space) -> np.ndarray:
        """Multiply each independent mode (and its mirror) by a real factor: adjoint of `mode_inner`."""
        return self.mode_inner(array, factors, space)

    def __repr__(self) -> str:
        return f"<domain {self.name}>"

    def __reduce__(self) -> Any:
        # A copy would be another domain: where there is one of this name, it is that one.
        from freqnet.domains.registry import get_domain, known

        return (get_domain, (self.name,)) if known(self) else super().__reduce_ex__(2)
