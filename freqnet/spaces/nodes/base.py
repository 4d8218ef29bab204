"""The base of node domains: a causal signal is stored as its values at nodes, X_j = sum_t x[t] z_j^t.

Convolution is the product at each node. It is linear; if the result does not fit the nodes, it is reduced modulo their
polynomial. No samples are stored before the first place, so a kernel that looks ahead moves sample 0 to a later place
(`Space.origin`). Most nodes support whole samples only, not fractions. Operations that are not diagonal use the
matrices of an axis (`freqnet.spaces.nodes.tables`), which are as ill-conditioned as the nodes: with the condition
number K, means and coordinates lose K units of rounding, pointwise products by the bilinear form up to K^2.

Gradients are stored in the dual basis, so that the inner product of a gradient and a signal is the sum of products of
stored numbers: a density f over N samples is stored as A^H f / N, where A is the pseudoinverse of the matrix of powers
z_j^t.
"""

from __future__ import annotations

import warnings
from abc import abstractmethod
from collections.abc import Sequence
from dataclasses import replace
from functools import reduce
from typing import Any, TypeVar

import numpy as np

from freqnet import kernels
from freqnet.caches import cached
from freqnet.checks import is_whole
from freqnet.errors import ConfigurationError, ModuloWarning, ShapeError, SpaceError, got_expected
from freqnet.kernels.reference import matrix_product
from freqnet.spaces import parametrisations as par
from freqnet.spaces.base import Axes, NodeTables, Space, extent, volume
from freqnet.spaces.channels import mode_products
from freqnet.spaces.matrices import along, contract
from freqnet.spaces.nodes.bilinear import bilinear_cost, matrices_cost
from freqnet.spaces.nodes.tables import Tables
from freqnet.spaces.registry import get_domain
from freqnet.spaces.transforms import pass_door
from freqnet.spaces.trials import CAUSAL

N = TypeVar("N", bound="NodeSpace")
# Default networks: padding for one convolution with 3 taps, and the share of the input nodes that each stage keeps.
_ROOM, _SHARES = 2, (1.0, 0.5, 0.3)


class NodeSpace(Space):
    """Space of causal signals stored as values at nodes: ``(*nodes, batch, channels)``.

    By default the nodes are real, and a band of m has m + 1 of them. A domain of real nodes defines `make_tables` and
    `remainder`. A domain of complex nodes stores one of each pair of conjugates and also defines `stored`, `whole`,
    `pack` and `unpack`.
    """

    is_spectral = True
    is_self_dual = False
    is_complex = False
    unit = "nodes"
    has_nodes = True
    is_periodic = False
    trial = CAUSAL

    # -- to be defined by each domain -------------------------------------------------------------
    @abstractmethod
    def make_tables(self, samples: int, count: int) -> Tables:
        """Return the matrices of an axis with `samples` samples and `count` nodes."""

    @property
    def largest_band(self) -> Axes:
        return tuple(n - 1 for n in self.grid)

    def band_of(self, modes: int) -> int:
        return modes - 1

    def band_after_pooling(self, samples: int) -> int:
        """Return the largest band along an axis that is pooled to `samples` samples."""
        return samples - 1

    @property
    def modes(self) -> Axes:
        return tuple(m + 1 for m in self.band)

    @property
    def weights(self) -> np.ndarray | float:
        return 1.0

    def stored(self, count: int) -> slice:
        """Return the index of the stored nodes among all `count` nodes of the last axis."""
        return slice(None)

    def whole(self, array: np.ndarray, count: int) -> np.ndarray:
        """Return the values at all `count` nodes of the last axis from the stored ones."""
        return array

    def pack(self, array: np.ndarray) -> np.ndarray:
        """Return real numbers ``(nodes, batch, channels)`` with the same inner product as the stored array."""
        return array.reshape(-1, *array.shape[self.ndim :])

    def unpack(self, values: np.ndarray) -> np.ndarray:
        """Return the stored array from real numbers: the inverse of `pack`."""
        return values.reshape(*self.modes, *values.shape[1:])

    def matrices_cost(self, rows: Axes, columns: Axes) -> int:
        """Return the real multiply-adds of one matrix (rows, columns) per axis, per example and channel."""
        return matrices_cost(columns, rows)

    @property
    def whole_shifts(self) -> bool:
        """Whether only shifts by whole samples are supported."""
        return True

    @property
    @abstractmethod
    def remainder(self) -> str:
        """How the part of a convolution beyond the grid comes back, as a phrase for people."""

    @property
    def product_rounding(self) -> int:  # type: ignore[override]
        # The bilinear form of the nodes evaluates and inverts.
        return 1 if self.switches else 2

    # -- sizes and tables --------------------------------------------------------------------------
    @property
    def tables(self) -> list[Tables]:
        """Matrices of each axis."""
        return [self.make_tables(n, k) for n, k in zip(self.grid, self.modes, strict=True)]

    @property
    def shape(self) -> Axes:
        *others, last = self.modes
        return (*others, len(range(last)[self.stored(last)]))

    @property
    def coordinate_count(self) -> int:
        return volume(self.modes)

    @property
    def response_count(self) -> int:
        return self.coordinate_count

    @property
    def condition_numbers(self) -> tuple[float, ...]:
        return tuple(t.condition_number for t in self.tables)

    def check_band(self, band: Axes) -> None:
        most = self.largest_band
        if any(m > n for m, n in zip(band, most, strict=True)):
            raise ShapeError(got_expected("band", band, f"at most {most} on {self.grid} samples", f"pass band={most}"))

    def _through(self, matrices: Sequence[np.ndarray], array: np.ndarray) -> np.ndarray:
        """Apply one matrix per axis, from all nodes to all nodes, to a stored array."""
        *others, last = matrices
        for axis, matrix in enumerate(others):
            array = contract(matrix.astype(array.dtype, copy=False), array, axis)
        rows = last[self.stored(len(last))].astype(array.dtype, copy=False)
        return np.ascontiguousarray(contract(rows, self.whole(array, last.shape[1]), self.ndim - 1))

    def _outer(self, vectors: Sequence[np.ndarray], precision: Any) -> np.ndarray:
        """Return the outer product of one vector per axis as a stored array ``(*nodes, 1, 1)``."""
        *others, last = vectors
        out = reduce(np.multiply.outer, [*others, last[self.stored(len(last))]])
        return out.astype(self.dtype(precision))[..., None, None]

    def _scaled(self, array: np.ndarray, factors: Sequence[np.ndarray]) -> np.ndarray:
        """Return the array times the factors of each axis, ``(nodes,)`` or ``(nodes, batch)``."""
        for axis, factor in enumerate(factors):
            kept = factor[self.stored(len(factor))] if axis == self.ndim - 1 else factor
            kept = kept.astype(array.dtype)
            if kept.ndim == 2:
                array = array * kept.reshape((1,) * axis + (len(kept),) + (1,) * (self.ndim - 1 - axis) + (-1, 1))
            else:
                array = array * along(kept, axis, array.ndim)
        return array

    def random(self, like: np.ndarray, generator: np.random.Generator) -> np.ndarray:
        shape = (self.coordinate_count, *like.shape[self.ndim :])
        values = generator.standard_normal(shape).astype(like.real.dtype)
        return self.unpack(values) if self.kind == "response" else self.from_coordinates(values)

    # -- spaces of results -------------------------------------------------------------------------
    def response(self: N, ahead: Axes = ()) -> N:
        return super().response().moved(ahead)

    def after_kernel(self: N, size: Axes, ahead: Axes) -> N:
        return super().after_kernel(size, ahead).moved(ahead)

    def after_window(self: N, window: Axes, adjoint: bool) -> N:
        # Averaging looks ahead and moves sample 0; its adjoint, which applies to gradients, moves sample 0 back.
        if adjoint is not self.dual:
            return self.unbounded
        sign = -1 if adjoint else 1
        return self.moved([sign * (w - 1) for w in window]).unbounded

    def shift_places(self, lowest: np.ndarray) -> Axes:
        # A shift backward needs room before sample 0, which therefore moves; a shift forward gives up such room.
        return tuple(max(int(np.ceil(-s)), -o) for s, o in zip(lowest, self.first, strict=True))

    def after_shift(self: N, samples: np.ndarray, places: Axes, adjoint: bool) -> N:
        space = self.moved([-p for p in places] if adjoint else places)
        if space.support is None:
            return space
        later = np.ceil(np.atleast_2d(samples).max(axis=0)).astype(int)
        ends = tuple(int(s + p) for s, p in zip(space.support, later, strict=True))
        return replace(space, support=ends if all(e <= n for e, n in zip(ends, self.grid, strict=True)) else None)

    def resampled(self: N, grid: Axes) -> N:
        """Return the space after `resample`: the nodes belong to the grid, which stays, but their number falls."""
        if any(not 1 <= g <= n for g, n in zip(grid, self.grid, strict=True)):
            todo = "resample to fewer samples: node domains cannot interpolate"
            raise SpaceError(got_expected("resample", f"{grid} samples", f"1 to {self.grid}", todo))
        rows = zip(self.band, grid, self.grid, strict=True)
        return self.with_band(tuple(m if g == n else min(m, self.band_after_pooling(g)) for m, g, n in rows)).unbounded

    def aliased(self: N, stride: Axes) -> N:
        grid = tuple(n // s for n, s in zip(self.grid, stride, strict=True))
        first = tuple(o // s for o, s in zip(self.first, stride, strict=True))
        coarse = replace(self, grid=grid, support=None, origin=None)
        return replace(coarse, band=tuple(map(min, self.band, coarse.largest_band))).moved(first)

    def clip_band(self, band: Axes) -> Axes:
        return tuple(map(min, band, self.largest_band))

    def exact_band(self, band: Axes) -> Axes:
        # In general only all nodes can represent a product of two exponentials.
        return self.largest_band

    # -- transforms --------------------------------------------------------------------------------
    def check_grid(self, grid: Axes) -> None:
        if any(n > own for n, own in zip(grid, self.grid, strict=True)):
            todo = "average them in blocks first, or make the space with a larger grid"
            raise ShapeError(got_expected("samples", grid, f"at most {self.grid}", todo))

    def check_resolution(self, grid: Axes, own: Axes) -> None:
        if grid != own:
            todo = "resize the samples: node domains cannot interpolate"
            raise ShapeError(got_expected("samples", grid, f"the network's own {own}", todo))

    def check_shifts(self, most: float) -> None:
        if most:
            # A shift backward would lose the first samples.
            todo = "pass shift=0, or domain='fourier'"
            raise ConfigurationError(got_expected("shift", most, f"0 in the {self.domain} domain", todo))

    def _places(self, grid: Axes) -> list[slice]:
        """Return the places of the samples of a grid among the stored samples of each axis."""
        rows = zip(grid, self.first, self.grid, strict=True)
        return [slice(min(o, own), min(o + n, own)) for n, o, own in rows]

    def sample_modes(self, samples: np.ndarray) -> np.ndarray:
        pass_door("analysis")
        grid, array = samples.shape[1:-1], np.moveaxis(samples, 0, -2)
        places = self._places(grid)
        array = array[tuple(slice(0, p.stop - p.start) for p in places)]
        if self.dual:
            array = array / array.dtype.type(volume(grid))
        tables = [t.invert.conj().T if self.dual else t.evaluate for t in self.tables]
        tables[-1] = tables[-1][self.stored(len(tables[-1]))]
        # With complex nodes the last axis goes first: half of its nodes suffice, since the samples are real.
        for axis in sorted(range(self.ndim), reverse=self.is_complex):
            table = tables[axis][:, places[axis]].astype(self.dtype(samples.dtype))
            array = contract(table, array, axis)
        return np.ascontiguousarray(array)

    def synthesis(self, array: np.ndarray, grid: Axes) -> np.ndarray:
        pass_door("synthesis")
        tables = [t.evaluate.conj().T if self.dual else t.invert for t in self.tables]
        tables = [table[place] for table, place in zip(tables, self._places(grid), strict=True)]
        last = tables[-1][:, self.stored(tables[-1].shape[1])]
        tables[-1] = last * np.ravel(self.weights)
        for axis, table in enumerate(tables):
            array = contract(table.astype(array.dtype), array, axis)
        held = np.moveaxis(array.real, -2, 0)
        out = np.zeros((len(held), *grid, held.shape[-1]), held.dtype)
        out[(slice(None), *(slice(n) for n in held.shape[1:-1]))] = held
        return out * out.dtype.type(volume(grid)) if self.dual else out

    # -- convolution -------------------------------------------------------------------------------
    def frequency_response(self, theta: np.ndarray, kernel: str, size: Axes) -> np.ndarray:
        if kernel == "modes":
            return self.unpack(theta).copy()
        matrix = _kernel_matrix(self, kernel, size).astype(self.dtype(theta.dtype))
        return (matrix @ theta.reshape(len(theta), -1)).reshape(*self.shape, *theta.shape[1:])

    def frequency_response_adjoint(self, response: np.ndarray, kernel: str, size: Axes) -> np.ndarray:
        if kernel == "modes":
            return self.pack(response)
        matrix = _kernel_matrix(self, kernel, size).astype(response.dtype)
        flat = (response * self.weights).reshape(len(matrix), -1)
        return (matrix.conj().T @ flat).real.reshape(-1, *response.shape[self.ndim :])

    def channel_product(self, a: np.ndarray, b: np.ndarray, form: str, groups: int, size: Axes) -> np.ndarray:
        return mode_products(a, b, form, groups, matrix_product)

    def warn_of_remainder(self, what: str, got: str, todo: str) -> None:
        warnings.warn(got_expected(what, got, "room for both", todo), ModuloWarning, stacklevel=3)

    # -- pointwise products ------------------------------------------------------------------------
    def multiply(self, a: np.ndarray, b: np.ndarray, other: Axes, band: Axes) -> np.ndarray:
        """Return the product by the bilinear form of each axis, or its adjoint for gradients."""
        if self.dual:
            forms = [form.conj().transpose(1, 0, 2) for form in self.with_band(band).forms(other, self.band)]
            b = b.conj()
        else:
            forms = self.forms(other, band)
        forms[-1] = forms[-1][self.stored(len(forms[-1]))]
        return kernels.bilinear(forms, self.whole(a, self.modes[-1]), self.whole(b, self.with_band(other).modes[-1]))

    def forms(self, other: Axes, band: Axes) -> list[np.ndarray]:
        """Return the bilinear form of each axis, ``(nodes of band, nodes, nodes of other)``."""
        rows = zip(self.tables, self.with_band(other).tables, self.with_band(band).modes, strict=True)
        return [t.product(o, n) for t, o, n in rows]

    def product_cost(self, other: Axes, band: Axes, is_square: bool) -> int:
        return bilinear_cost(self.modes, self.with_band(other).modes, self.with_band(band).shape)

    # -- kernels ------------------------------------------------------------------------------------
    @property
    def node_tables(self) -> NodeTables | None:
        if not self.has_kernels or self.is_complex or self.switches or self.ndim > 2:
            return None
        constant, mean = (
            self._outer(rows, np.float64).ravel()
            for rows in ([t.constant for t in self.tables], [t.mean for t in self.tables])
        )
        matrix = lambda kernel, size: _kernel_matrix(self, kernel, size)
        return NodeTables([t.root for t in self.tables], constant, mean, self.forms, self._kept, matrix)

    def _kept(self, band: Axes) -> tuple[slice, ...] | None:
        """Return the places of the stored nodes that a smaller band keeps; None if the band is not smaller."""
        kept = self.with_band(band).modes
        if any(n > own for n, own in zip(kept, self.modes, strict=True)):
            return None
        places = [t.kept(n) for t, n in zip(self.tables, kept, strict=True)]
        places[-1] = slice(len(range(kept[-1])[self.stored(kept[-1])]))
        return tuple(places)

    # -- bands and grids ---------------------------------------------------------------------------
    def change_band(self, array: np.ndarray, band: Axes) -> np.ndarray:
        """Change the number of nodes: fewer represent the nearest signal in their span, more represent the same signal.

        For gradients this is the adjoint of the opposite change.
        """
        kept = self.with_band(band).modes
        if kept == self.modes:
            return array
        rows = list(zip(self.tables, kept, strict=True))
        places = None if self.dual else self._kept(band)
        if places is not None:
            return np.ascontiguousarray(array[places])
        if self.dual and all(t.count <= n for t, n in rows):
            # Dropping nodes is a selection, so that its adjoint writes the gradient into zeros.
            wide = self.with_band(band)
            out = np.zeros((*wide.shape, *array.shape[self.ndim :]), array.dtype)
            out[wide._kept(self.band)] = array
            return out
        return self._through([t.change_of_gradients(n) if self.dual else t.change(n) for t, n in rows], array)

    def resample(self, array: np.ndarray, target: Space) -> np.ndarray:
        return self.change_band(array, target.band)

    def average(self, array: np.ndarray, window: Axes, method: str, adjoint: bool) -> np.ndarray:
        factors = [t.average(w, method) for t, w in zip(self.tables, window, strict=True)]
        return self._scaled(array, [f.conj() for f in factors] if adjoint else factors)

    def alias(self, array: np.ndarray, coarse: Space, stride: Axes, adjoint: bool) -> np.ndarray:
        assert isinstance(coarse, NodeSpace)
        first = [o % s for o, s in zip(self.first, stride, strict=True)]
        rows = zip(self.tables, coarse.tables, first, stride, strict=True)
        matrices = [fine.subsample(rough, start, step) for fine, rough, start, step in rows]
        return self._through([m.conj().T for m in matrices] if adjoint else matrices, array)

    def shift(self, array: np.ndarray, samples: np.ndarray) -> np.ndarray:
        """Multiply by z^s for a shift of s >= 0 samples."""
        return self._scaled(array, self._phases(samples))

    def shift_adjoint(self, array: np.ndarray, samples: np.ndarray) -> np.ndarray:
        return self._scaled(array, [phase.conj() for phase in self._phases(samples)])

    def _phases(self, given: np.ndarray) -> list[np.ndarray]:
        """Return the powers z^s of each axis, ``(nodes, batch or 1)``."""
        samples = np.atleast_2d(np.asarray(given, float))
        is_whole_shift = np.array_equal(samples, np.round(samples))
        if samples.min() < 0 or (self.whole_shifts and not is_whole_shift):
            got = f"{samples.min(axis=0)} samples" if is_whole_shift else "a fraction of a sample"
            todo = "use freqnet.ops.shift" if is_whole_shift else "round it: fractions need real nodes above 0"
            raise ShapeError(got_expected("shift", got, "whole samples forward", todo))
        return [t.z[:, None] ** samples[:, axis] for axis, t in enumerate(self.tables)]

    # -- statistics and coordinates ----------------------------------------------------------------
    def indicator(self, size: Axes, precision: Any) -> tuple[np.ndarray, Space]:
        rows = zip(self.tables, self._places(size), strict=True)
        return self._outer([t.evaluate[:, place].sum(axis=1) for t, place in rows], precision), self.unbounded

    def constant(self, value: np.ndarray) -> np.ndarray:
        return self._outer([t.mean.conj() if self.dual else t.constant for t in self.tables], value.dtype) * value

    def mean(self, array: np.ndarray) -> np.ndarray:
        functional = [t.constant.conj() if self.dual else t.mean for t in self.tables]
        weighted = self._outer(functional, array.real.dtype) * np.asarray(self.weights, array.real.dtype)
        return np.tensordot(weighted[..., 0, 0], array, self.ndim).real

    def affine(self, array: np.ndarray, factors: np.ndarray, offset: np.ndarray) -> np.ndarray:
        return array * factors + self.constant(offset)

    def power(self, array: np.ndarray) -> np.ndarray:
        # Computed by the root of the Gram matrix, power cannot become negative and loses K units of rounding, not K^2.
        values = self.coordinates(array)
        return np.einsum("k...,k...->...", values, values)

    @property
    def power_cost(self) -> int:
        return self.matrices_cost(self.modes, self.modes) + (2 if self.is_complex else 1) * volume(self.shape)

    def riesz(self, array: np.ndarray) -> np.ndarray:
        roots = [t.root for t in self.tables]
        return self._through([root.conj().T for root in roots], self._through(roots, array))

    def coordinates(self, array: np.ndarray) -> np.ndarray:
        matrices = [t.inverse_root.conj().T if self.dual else t.root for t in self.tables]
        return self.pack(self._through(matrices, array))

    def from_coordinates(self, values: np.ndarray) -> np.ndarray:
        matrices = [t.root.conj().T if self.dual else t.inverse_root for t in self.tables]
        return self._through(matrices, self.unpack(values))

    # -- modes -------------------------------------------------------------------------------------
    @property
    def mode_space(self) -> Space:
        return get_domain("fourier")(self.grid)

    @property
    def spectrum_space(self) -> Space:
        todo = "use GlobalAverage or Dense, or pass domain='fourier'"
        raise ShapeError(got_expected("PowerSpectrum", self, "a domain of modes", todo))

    def kernel_modes(self, theta: np.ndarray, kernel: str, size: Axes) -> np.ndarray:
        # Recover the taps from the values at nodes, then transform them.
        signal = replace(self, kind="signal")
        taps = signal.synthesis(self.frequency_response(theta, kernel, size), self.grid)
        return self.mode_space.sample_modes(taps) * volume(self.grid)

    # -- networks ----------------------------------------------------------------------------------
    @property
    def default_padding(self) -> Axes:
        return (_ROOM,) * self.ndim

    def door_sizes(self, modes: int | None, default: int) -> Axes:
        if modes is None:
            return self.full.modes
        most = min(self.full.modes)
        if not is_whole(modes) or not 1 <= modes <= most:
            expected = f"1 to {most} nodes on a grid of {self.grid}"
            raise ConfigurationError(got_expected("modes", modes, expected, f"pass modes={most}"))
        wanted = (int(modes),) * self.ndim
        if self.with_band((self.band_of(modes),) * self.ndim).modes != wanted:
            expected = f"an odd number of nodes, or all {self.grid}, since they come in pairs"
            raise ConfigurationError(got_expected("modes", modes, expected, f"pass modes={modes - 1}"))
        return wanted

    def stage_sizes(self, sizes: Axes, stage: int, shares: Sequence[float]) -> Axes:
        share = _SHARES[min(stage, len(_SHARES) - 1)]
        kept = tuple(max(min(3, n), round(n * share)) for n in sizes)
        # Complex nodes come in pairs, so that all of them or an odd number are kept.
        return tuple(k - 1 + k % 2 if self.is_complex and k < n else k for k, n in zip(kept, sizes, strict=True))

    def describe(self) -> tuple[str, ...]:
        remark = f"the part of a convolution beyond {extent(self.grid)} samples comes back {self.remainder}"
        return (f"{extent(self.modes)} nodes", self.describe_door("one transform at the door"), remark)


@cached
def _kernel_matrix(space: NodeSpace, kernel: str, size: Axes) -> np.ndarray:
    """Return the matrix (stored nodes, parameters) from kernel parameters to the response, with the first tap at 0."""
    powers = [t.z[:, None] ** np.arange(k) for t, k in zip(space.tables, size, strict=True)]
    powers[-1] = powers[-1][space.stored(len(powers[-1]))]
    return par.kronecker(powers) if kernel == "taps" else par.kronecker(powers) @ par.kernel_taps(kernel, size)
