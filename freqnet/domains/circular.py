"""What is held at nodes on circles: how it is stored, the door, statistics and coordinates."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from functools import reduce
from typing import Any

import numpy as np

from freqnet.domains import halves
from freqnet.domains.base import Domain
from freqnet.domains.causal import Causal, held_places, held_samples, laid_out
from freqnet.domains.circle import Circle, circle
from freqnet.domains.door import pass_door
from freqnet.domains.halves import halved
from freqnet.domains.matrices import contract
from freqnet.domains.space import Axes, Space, volume


class Circular(Causal):
    """A domain of values at nodes on circles, half of them stored: ``(*nodes, batch, channels)``, complex."""

    is_complex = True
    unit = "nodes"

    @abstractmethod
    def radius(self, samples: int) -> float:
        """The radius of the circle for so many samples."""

    def axes(self, grid: Axes, band: Axes) -> list[Circle]:
        """The matrices of each axis."""
        return [circle(self.radius(n), n, k) for n, k in zip(grid, self.counts(grid, band), strict=True)]

    def axes_of(self, space: Space) -> list[Circle]:
        """The matrices of each axis of a space."""
        return self.axes(space.grid, space.band)

    def counts(self, grid: Axes, band: Axes) -> Axes:
        """How many nodes a band has along each axis, stored or not."""
        return tuple(min(n, 2 * m + 1) for n, m in zip(grid, band, strict=True))

    def counts_of(self, space: Space) -> Axes:
        """How many nodes a space has along each axis."""
        return self.counts(space.grid, space.band)

    def shape(self, space: Space) -> Axes:
        return halves.half_shape(self.counts_of(space))

    def weights(self, space: Space) -> np.ndarray:
        return halves.weights_of(self.counts_of(space))

    def project(self, array: np.ndarray, space: Space) -> np.ndarray:
        return halves.hermitian(array, self.counts_of(space))

    def random(self, space: Space, like: np.ndarray, generator: np.random.Generator) -> np.ndarray:
        shape = (self.coordinate_count(space), *like.shape[space.ndim :])
        values = generator.standard_normal(shape).astype(like.real.dtype)
        if space.kind == "response":
            return halves.unpack(values, self.counts_of(space))
        return self.from_coordinates(values, space)

    # -- the door ----------------------------------------------------------------------------------
    def check_grid(self, grid: Axes, space: Space) -> None:
        super().check_grid(grid, space)
        # Nodes are told apart by the samples that are held, however few are given.
        Domain.check_grid(self, space.grid, space)

    def through(self, matrices: Sequence[np.ndarray], array: np.ndarray) -> np.ndarray:
        return halves.apply(matrices, array)

    def sample_modes(self, samples: np.ndarray, space: Space) -> np.ndarray:
        pass_door("analysis")
        places, array = held_places(samples.shape[1:-1], space), held_samples(samples, space)
        tables = [a.invert.conj().T if space.dual else a.evaluate for a in self.axes_of(space)]
        tables[-1] = tables[-1][halved(len(tables[-1]))]
        # The last axis first: of real numbers, and half of its nodes.
        for axis in reversed(range(space.ndim)):
            table = tables[axis][:, places[axis]].astype(self.dtype(samples.dtype))
            array = contract(table, array, axis)
        return np.ascontiguousarray(array)

    def synthesis(self, array: np.ndarray, space: Space, grid: Axes) -> np.ndarray:
        pass_door("synthesis")
        places = held_places(grid, space)
        tables = [a.evaluate.conj().T if space.dual else a.invert for a in self.axes_of(space)]
        tables = [table[place] for table, place in zip(tables, places, strict=True)]
        tables[-1] = tables[-1][:, halved(tables[-1].shape[1])] * self.weights(space).ravel()
        for axis, table in enumerate(tables):
            array = contract(table.astype(array.dtype), array, axis)
        return laid_out(array.real, grid, space.dual)

    # -- statistics and coordinates ----------------------------------------------------------------
    def _outer(self, vectors: list[np.ndarray], precision: Any) -> np.ndarray:
        *others, last = vectors
        out = reduce(np.multiply.outer, [*others, last[halved(len(last))]])
        return out.astype(self.dtype(precision))[..., None, None]

    def indicator(self, size: Axes, space: Space, precision: Any) -> tuple[np.ndarray, Space]:
        places = zip(self.axes_of(space), held_places(size, space), strict=True)
        return self._outer([a.evaluate[:, place].sum(axis=1) for a, place in places], precision), space.unbounded

    def constant(self, value: np.ndarray, space: Space) -> np.ndarray:
        ones = [a.mean.conj() if space.dual else a.constant for a in self.axes_of(space)]
        return self._outer(ones, value.dtype) * value

    def mean(self, array: np.ndarray, space: Space) -> np.ndarray:
        ones = [a.constant if space.dual else a.mean.conj() for a in self.axes_of(space)]
        return self.inner(self._outer(ones, array.real.dtype), array, space)

    def power_cost(self, space: Space) -> int:
        # The root of the Gram matrix an axis, then squares of real and imaginary parts.
        counts = self.counts_of(space)
        return halves.apply_cost(counts, counts) + 2 * volume(self.shape(space))

    def lower(self, array: np.ndarray, space: Space) -> np.ndarray:
        return halves.apply([a.lower @ a.lower for a in self.axes_of(space)], array)

    def coordinates(self, array: np.ndarray, space: Space) -> np.ndarray:
        # By the root of the Gram matrix. Of all nodes it leads to the Fourier coefficients of the signal.
        values = halves.apply([a.raise_ if space.dual else a.lower for a in self.axes_of(space)], array)
        return halves.pack(values, self.counts_of(space))

    def from_coordinates(self, values: np.ndarray, space: Space) -> np.ndarray:
        array = halves.unpack(values, self.counts_of(space))
        return halves.apply([a.lower if space.dual else a.raise_ for a in self.axes_of(space)], array)

    def coordinate_count(self, space: Space) -> int:
        return volume(self.counts_of(space))

    def condition_numbers(self, space: Space) -> tuple[float, ...]:
        return tuple(a.condition_number for a in self.axes_of(space))
