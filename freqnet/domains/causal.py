"""What domains of causal signals share: nothing comes before the first sample, and nothing lies between two."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from freqnet.domains.base import Domain
from freqnet.domains.space import Axes, Space, volume
from freqnet.errors import ShapeError, SpaceError, got_expected


class Causal(Domain):
    """A domain of sequences: convolution is linear, a grid is so many samples and has no finer one.

    Gradients are stored in another way than signals (`Space.cotangent`), so that pairing the two is the sum of the
    products of what is stored.
    """

    is_spectral = True
    is_causal = True
    is_self_dual = False

    @abstractmethod
    def axes_of(self, space: Space) -> list[Any]:
        """The matrices of each axis of a space."""

    @abstractmethod
    def through(self, matrices: Sequence[np.ndarray], array: np.ndarray) -> np.ndarray:
        """Apply a matrix of all nodes to each axis of what is stored."""

    def delay(self, ahead: Axes) -> Axes:
        return ahead

    def random(self, space: Space, like: np.ndarray, generator: np.random.Generator) -> np.ndarray:
        values = generator.standard_normal(like.shape).astype(like.dtype)
        if space.kind == "response":
            return values
        return self.from_coordinates(values.reshape(-1, *like.shape[space.ndim :]), space)

    def check_grid(self, grid: Axes, space: Space) -> None:
        if any(n > own for n, own in zip(grid, space.grid, strict=True)):
            todo = "average them first, or take a larger grid: there are no frequencies to resample by"
            raise ShapeError(got_expected("samples", grid, f"at most {space.grid}", todo))

    def response_shape(self, kernel: str, size: Axes, space: Space) -> Axes:
        return self.shape(space)

    def response_count(self, space: Space) -> int:
        return self.coordinate_count(space)

    # -- pointwise products ------------------------------------------------------------------------
    def limit(self, band: Axes, grid: Axes) -> Axes:
        return tuple(map(min, band, self.largest_band(grid)))

    def exact_band(self, band: Axes, grid: Axes) -> Axes:
        # A product of two exponentials lies in no span of fewer than all.
        return self.largest_band(grid)

    # -- bands and grids ---------------------------------------------------------------------------
    def resampled(self, space: Space, grid: Axes) -> Space:
        """The same grid, since rates are those of its samples, and as many nodes as the new one would have samples."""
        if any(not 1 <= g <= n for g, n in zip(grid, space.grid, strict=True)):
            todo = "pool to fewer samples: real nodes do not tell what lies between samples"
            raise SpaceError(got_expected("resample", f"{grid} samples", f"1 to {space.grid}", todo))
        return replace(space, band=tuple(min(m, g - 1) for m, g in zip(space.band, grid, strict=True))).unbounded

    def resample(self, array: np.ndarray, space: Space, target: Space) -> np.ndarray:
        return self.change_band(array, space, target.band)

    def aliased(self, space: Space, stride: Axes) -> Space:
        grid = tuple(n // s for n, s in zip(space.grid, stride, strict=True))
        band = tuple(map(min, space.band, self.largest_band(grid)))
        first = tuple(o // s for o, s in zip(space.first, stride, strict=True))
        return replace(space, grid=grid, band=band, support=None, origin=None).moved(first)

    def alias(self, array: np.ndarray, space: Space, target: Space, stride: Axes, adjoint: bool) -> np.ndarray:
        first = [o % s for o, s in zip(space.first, stride, strict=True)]
        rows = zip(self.axes_of(space), self.axes_of(target), first, stride, strict=True)
        matrices = [fine.keep(coarse, start, step) for fine, coarse, start, step in rows]
        return self.through([m.conj().T for m in matrices] if adjoint else matrices, array)

    def shift_adjoint(self, array: np.ndarray, space: Space, samples: np.ndarray) -> np.ndarray:
        return self.shift(array, space, samples)

    # -- statistics --------------------------------------------------------------------------------
    def affine(self, array: np.ndarray, factors: np.ndarray, offset: np.ndarray, space: Space) -> np.ndarray:
        return array * factors + self.constant(offset, space)

    def power_cost(self, space: Space) -> int:
        # A matrix an axis onto orthonormal coordinates, then their squares.
        return volume(self.shape(space)) * (1 + sum(self.shape(space)))

    def power(self, array: np.ndarray, space: Space) -> np.ndarray:
        # By the triangle of the Gram matrix: it cannot become negative, and loses K units of rounding, not K^2.
        values = self.coordinates(array, space)
        return np.einsum("k...,k...->...", values, values)


def held_places(grid: Axes, space: Space) -> list[slice]:
    """Where the samples of a grid lie among those that are held."""
    rows = zip(grid, space.first, space.grid, strict=True)
    return [slice(min(o, own), min(o + n, own)) for n, o, own in rows]


def held_samples(samples: np.ndarray, space: Space) -> np.ndarray:
    """The samples ``(batch, *grid, channels)`` that are held, as ``(*places, batch, channels)``; of gradients over N."""
    places, array = held_places(samples.shape[1:-1], space), np.moveaxis(samples, 0, -2)
    kept = array[tuple(slice(0, p.stop - p.start) for p in places)]
    return kept / kept.dtype.type(volume(samples.shape[1:-1])) if space.dual else kept


def laid_out(held: np.ndarray, grid: Axes, is_density: bool) -> np.ndarray:
    """The samples that are held as ``(batch, *grid, channels)``, zero beyond; of gradients the density, times N."""
    held = np.moveaxis(held, -2, 0)
    out = np.zeros((len(held), *grid, held.shape[-1]), held.dtype)
    out[(slice(None), *(slice(n) for n in held.shape[1:-1]))] = held
    return out * out.dtype.type(volume(grid)) if is_density else out


def forward(samples: np.ndarray, whole: bool) -> np.ndarray:
    """Shifts ``(batch or 1, axes)`` that a domain of nodes can do by powers of them: forward, perhaps whole alone.

    Raises
    ------
    ShapeError
        A shift back, or by a fraction of a sample where only whole ones can be done.
    """
    samples = np.atleast_2d(np.asarray(samples, float))
    is_whole = np.array_equal(samples, np.round(samples))
    if samples.min() < 0 or (whole and not is_whole):
        got = f"{samples.min(axis=0)} samples" if is_whole else "a fraction of a sample"
        todo = "use freqnet.ops.shift" if is_whole else "only positive real nodes know fractions"
        raise ShapeError(got_expected("shift", got, "whole samples forward", todo))
    return samples
