"""Programs: kernel calls in a row over arrays at fixed places, which run without Python in between."""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from itertools import groupby
from math import prod
from typing import Any

import numpy as np

import freqnet.kernels._native as _native  # type: ignore[import-not-found]
from freqnet.kernels.native import _ALONE, _SHORT, _threads
from freqnet.kernels.reference import stored

Axes = tuple[int, ...]
Array = np.ndarray
_WORDS = 32
_CACHE_LINE = 64
_VECTOR_BYTES = {"avx512": 64, "avx2": 32, "baseline": 16}
(
    _PRODUCT, _CHANNELS, _COMBINE, _ADD_MEAN, _BOX, _GEMM, _DOOR, _INNER, _MOMENTS, _COMPOSE, _COMPOSE_ADJOINT,
    _RESPONSE, _SOFTMAX, _SCATTER, _COLUMN_SUMS, _RUNNING, _ZERO, _GATHER, _RELU, _SUM, _ADD_ROWS, _PLANES, _INTERLEAVE,
    _BILINEAR, _NODE_COMBINE, _NODE_SUMS, _MATRICES,
) = range(27)  # fmt: skip


def _packed(rows: Iterable[Any]) -> Array:
    return np.array([[*row, *[0] * (_WORDS - len(row))] for row in rows], np.int64)


def _joined(calls: list[list[int] | Callable[[], None]]) -> list[Array | Callable[[], None]]:
    """Return calls as segments: consecutive calls of kernels become one."""
    segments: list[Array | Callable[[], None]] = []
    for _, group in groupby(calls, lambda call: isinstance(call, list)):
        own = list(group)
        segments += [_packed(own)] if isinstance(own[0], list) else [c for c in own if callable(c)]
    return segments


def _address(array: Array) -> int:
    return int(array.__array_interface__["data"][0])


def _start(array: Array, place: Axes) -> Array:
    """Return the array from one place of its leading axes on, as far as a call needs to know: its address."""
    return array[place] if place else array


class Program:
    """A list of kernel calls and of Python functions, which run one after the other.

    Each method appends one call. A call holds the addresses of its arrays, so that arrays must be contiguous, and must
    stay in place; the program keeps them alive.

    Parameters
    ----------
    precision : dtype
        float32 or float64; all arrays have it, or the complex numbers of it.
    """

    def __init__(self, precision: Any) -> None:
        self.precision = np.dtype(precision)
        self._is_double = self.precision == np.float64
        self.complex = np.result_type(precision, np.complex64)
        # Rows of numbers are calls of kernels; consecutive ones run without Python in between.
        self.calls: list[list[int] | Callable[[], None]] = []
        self._arrays: dict[int, Array] = {}
        # Memory by its address, and memory that was released.
        self._blocks: dict[int, Array] = {}
        self._free: list[Array] = []
        # Segments: the kernels that come first, and what follows.
        self._first: Array | None = None
        self._others: list[Array | Callable[[], None]] = []

    def empty(self, shape: Sequence[int], dtype: Any = None) -> Array:
        """Return an array for results, aligned to cache lines; it may lie in memory that was released.

        Only calls may write to it: what is written while the program is made can be overwritten before it is read.
        """
        dtype = np.dtype(dtype or self.precision)
        size = prod(shape) * dtype.itemsize
        fitting = [block for block in self._free if size <= block.nbytes <= 2 * size + _CACHE_LINE]
        block = min(fitting, key=lambda block: block.nbytes, default=None)
        if block is None:
            whole = np.zeros(size + 2 * _CACHE_LINE, np.uint8)
            start = -whole.ctypes.data % _CACHE_LINE
            block = whole[start : start + -(-size // _CACHE_LINE) * _CACHE_LINE]
        else:
            self._free = [other for other in self._free if other is not block]
        out = block[:size].view(dtype).reshape(tuple(shape))
        self._blocks[_address(out)] = block
        return out

    def constant(self, values: Any) -> Array:
        """Return a copy of values that no call may change."""
        # np.ascontiguousarray would give a scalar an axis.
        return np.array(values, None if np.iscomplexobj(values) else self.precision, order="C")

    def panels(self, matrices: Array) -> Array:
        """Return constant matrices ``(count, inner, columns)`` in the panels of `gemm`, for its argument ``packed``."""
        count, inner, columns = matrices.shape
        lanes = _VECTOR_BYTES[_native.instruction_set] // self.precision.itemsize
        vectors = -(-columns // lanes)
        padded = np.zeros((count, inner, vectors * lanes), self.precision)
        padded[..., :columns] = matrices
        return self.constant(padded.reshape(count, inner, vectors, lanes).swapaxes(1, 2))

    def release(self, array: Array) -> None:
        """Let later results lie in the memory of an array of `empty`, which no later call may read."""
        block = self._blocks.pop(_address(array), None)
        if block is not None:
            self._free.append(block)

    def run(self, source: Array | None = None, target: Array | None = None, in_place: bool = False) -> None:
        """Run all calls, after a copy of the source, if one is given, to the target.

        With `in_place` the first call reads the source itself; it must be the only one that reads the target.
        """
        if self._first is None:
            self._join()
        try:
            _native.run(self._first, self._is_double, source, target, in_place)
        except ValueError:
            if target is None:
                raise
            # Another precision or order; nothing has run yet.
            target[...] = source
            _native.run(self._first, self._is_double)
        self._run(self._others)

    def run_if_usual(self, source: Array, target: Array, in_place: bool, limits: Array, result: Array) -> bool:
        """Run the calls as `run` does, and return whether values and result are usual.

        If not, or if the program has Python functions, nobody may read the result.

        Parameters
        ----------
        source, target : ndarray
            Values ``(..., channels)``.
        in_place : bool
        limits : ndarray of float64
            Lowest value of each channel, highest value of each channel, and the least spread of values that are not all
            equal.
        result : ndarray
            What the calls compute; it must be finite.
        """
        if self._first is None:
            self._join()
        try:
            return not self._others and _native.run_if_usual(
                self._first, self._is_double, source, target, in_place, limits, result
            )
        except ValueError:
            # Another precision or order; nothing has run yet.
            return False

    def _join(self) -> None:
        first, *others = segments = _joined(self.calls) or [_packed([])]
        self._first, self._others = (_packed([]), segments) if callable(first) else (first, others)

    def is_for_door_alone(self, array: Array) -> bool:
        """Return whether a door, which is the first call, is the only one that reads an array."""
        start = _address(array)
        reads = lambda call: callable(call) or any(start <= word < start + array.nbytes for word in call[1:])
        is_door = lambda call: not callable(call) and call[0] == _DOOR
        return any(map(is_door, self.calls[:1])) and not any(map(reads, self.calls[1:]))

    def runner(self, calls: slice) -> Callable[[], None]:
        """Return a function that runs some of the calls, as measurements of a part of the program need it."""
        return partial(self._run, _joined(self.calls[calls]))

    def _run(self, segments: list[Array | Callable[[], None]]) -> None:
        for segment in segments:
            if callable(segment):
                segment()
            else:
                _native.run(segment, self._is_double)

    def call(self, function: Callable[[], None]) -> None:
        """Append a Python function."""
        self.calls.append(function)
        self._first = None

    def _word(self, value: Any) -> int:
        if value is None:
            return 0
        if isinstance(value, Array):
            assert value.flags.c_contiguous, "kernels work on contiguous arrays"
            assert value.dtype in (self.precision, self.complex) or value.dtype.kind in "ui", "another precision"
            self._arrays[id(value)] = value
            return _address(value)
        return int(struct.unpack("q", struct.pack("d", value))[0]) if isinstance(value, float) else int(value)

    def _add(self, operation: int, *words: Any) -> None:
        self.calls.append([operation, *map(self._word, words)])
        self._first = None

    # -- products of signals -----------------------------------------------------------------------
    def product(
        self, a: Array, b: Array, out: Array, bands: tuple[Axes, Axes, Axes], coefficients: Any, sums: Array | None
    ) -> None:
        hartley, lanes = a.dtype.kind == "f", prod(a.shape[len(bands[0]) :])
        for array, band in zip((a, b, out), bands, strict=True):
            assert array.shape[: len(band)] == stored(band, hartley)
        zyx = [n for m in bands for n in (0,) * (3 - len(m)) + tuple(m)]
        threads = _threads(out.size * (a.size // lanes), _ALONE)
        self._add(_PRODUCT, a, b, out, *coefficients, sums, *zyx, lanes, a is b, hartley, threads)

    def channels(self, a: Array, b: Array, out: Array, form: str = "forward") -> None:
        """Append products over channels; b may be the bits of numbers in bfloat16, with a last axis of both parts."""
        hartley, is_short = a.dtype.kind == "f", b.dtype == np.uint16
        size_b = b.shape[-3:-1] if is_short else b.shape[-2:]
        (first, width), modes = a.shape[-2:], prod(a.shape[:-2])
        if form == "response":
            rows, inner, columns, strides = width, first, b.shape[-1], (1, width)
        else:
            rows, inner, columns, strides = first, width, size_b[0 if form == "input" else 1], (width, 1)
        assert size_b == ((columns, inner) if form == "input" else (inner, columns))
        assert out.shape == (*a.shape[:-2], rows, columns)
        threads = _threads((2 if hartley else 4) * modes * rows * inner * columns, _ALONE)
        forms = form == "response", form == "input"
        half_columns = 0 if hartley else a.shape[-3]
        numbers = modes, rows, inner, columns, *strides, *forms, hartley, threads, half_columns, is_short
        self._add(_CHANNELS, a, b, out, *numbers)

    # -- passes --------------------------------------------------------------------------------------
    def combine(self, a: Array, p: Array, b: Array | None, q: Array | None, out: Array) -> None:
        lanes = prod(a.shape[-2:])
        assert a.dtype.kind == "c", "half spectra only"
        self._add(_COMBINE, a, b, p, q, out, a.size // lanes, lanes, _threads(a.size, _SHORT))

    def add_mean(self, target: Array, at: Axes, values: Array) -> None:
        """Append the addition to the mode at a place of one number per lane, or of one per channel."""
        lanes = prod(target.shape[-2:])
        assert lanes % values.size == 0
        self._add(_ADD_MEAN, target[at], values, lanes, values.size, target.dtype.kind == "f")

    def inner(self, a: Array, b: Array, out: Array, ndim: int) -> None:
        self._add(_INNER, a, b, out, prod(a.shape[: ndim - 1]), a.shape[ndim - 1], out.size, _threads(a.size, _SHORT))

    def box(self, source: Array, target: Array, extent: Sequence[int], first: Axes, to: Axes) -> None:
        lead = 3 - len(extent)
        counts = (1,) * lead + tuple(extent)
        steps = [[0] * lead + list(v.strides[: len(extent)]) for v in (source, target)]
        run_length = counts[2] * source.strides[len(extent) - 1]
        self._add(
            _BOX, _start(source, first), _start(target, to), *counts[:2], run_length, *steps[0][:2], *steps[1][:2]
        )

    def add(self, target: Array, other: Array) -> None:
        """Append ``target += other``."""
        count = target.size * (2 if target.dtype.kind == "c" else 1)
        self._add(_SUM, target, other, count, _threads(count, _SHORT))

    def zero(self, target: Array) -> None:
        self._add(_ZERO, target, target.nbytes)

    def copy(self, source: Array, target: Array) -> None:
        self._add(_BOX, source, target, 1, 1, source.nbytes, 0, 0, 0, 0)

    def gather(self, source: Array, target: Array, index: Array) -> None:
        *modes, _, channels = source.shape
        row = channels * source.itemsize
        self._add(_GATHER, source, target, index, prod(modes), len(index), row, row * source.shape[-2])

    # -- matrix products -----------------------------------------------------------------------------
    def gemm(self, a: Array, b: Array, out: Array, bias: Array | None = None, *, work: int, **g: Any) -> None:
        names = "n0 n1 a0 a1 b0 b1 o0 o1 rows inner columns a_row a_inner b_inner b_column planes b_plane out_row"
        words = [g[name] for name in names.split()]
        self._add(_GEMM, a, b, bias, out, *words, g.get("total", 0), g.get("packed", 0), _threads(work, _ALONE))

    def door(self, samples: Array, offset: Array, factor: Array, matrices: list[Array], out: Array) -> None:
        batch, *grid, channels = samples.shape
        modes, fill = list(out.shape[:-2]), [0] * (3 - len(grid))
        arrays = [*matrices, *([None] * len(fill))]
        threads = _threads(samples.size * modes[-1], _ALONE)
        self._add(
            _DOOR, samples, offset, factor, *arrays, out, len(grid), *grid, *fill, *modes, *fill, batch, channels,
            threads,
        )  # fmt: skip

    def response(self, basis: Array, source: Array, target: Array, lanes: int, adjoint: bool) -> None:
        modes, _, taps = basis.shape
        self._add(_RESPONSE, basis, source, target, modes, taps, lanes, adjoint, _threads(modes * taps * lanes, _ALONE))

    # -- values at nodes -----------------------------------------------------------------------------
    def bilinear(self, forms: list[Array], a: Array, b: Array, out: Array) -> None:
        """Append the product of two signals by the bilinear form of each axis."""
        ones = [self.constant(np.ones((1, 1, 1)))] * (2 - len(forms))
        forms, lanes = ones + forms, prod(a.shape[len(forms) :])
        sizes = [n for form in forms for n in form.shape]
        assert a.size == sizes[1] * sizes[4] * lanes
        assert b.size == sizes[2] * sizes[5] * lanes
        assert out.size == sizes[0] * sizes[3] * lanes
        is_square = a is b and all(np.array_equal(form, form.transpose(0, 2, 1)) for form in forms)
        threads = _threads(prod(sizes[:4]) * lanes, _ALONE)
        self._add(_BILINEAR, *forms, a, b, out, *sizes, lanes, is_square, threads)

    def matrices(self, matrices: list[Array], a: Array, out: Array) -> None:
        """Append the product of one matrix (inputs, outputs) with each axis of nodes."""
        lanes = prod(a.shape[len(matrices) :])
        pair = [self.constant(np.ones((1, 1)))] * (2 - len(matrices)) + matrices
        sizes = [n for matrix in pair for n in matrix.shape]
        assert a.size == sizes[0] * sizes[2] * lanes
        assert out.size == sizes[1] * sizes[3] * lanes
        threads = _threads(sizes[3] * sizes[0] * (sizes[1] + sizes[2]) * lanes, _ALONE)
        self._add(_MATRICES, *pair, a, out, *sizes, lanes, threads)

    def node_combine(
        self, a: Array, p: Array, b: Array | None, q: Array | None, s: Array | None, row: Array | None, out: Array
    ) -> None:
        """Append ``out = p a + q b + s row``, with one p, q and s per lane and one number of the row per node."""
        lanes = prod(a.shape[-2:])
        assert a.shape == out.shape
        assert b is None or b.shape == a.shape
        self._add(_NODE_COMBINE, a, p, b, q, s, row, out, a.size // lanes, lanes, _threads(a.size, _SHORT))

    def node_sums(self, a: Array, b: Array | None, row: Array | None, out: Array) -> None:
        """Append the sums over the nodes, per lane, of ``a b`` or of ``a row``."""
        lanes = prod(a.shape[-2:])
        assert out.size == lanes
        assert b is None or b.shape == a.shape
        self._add(_NODE_SUMS, a, b, row, out, a.size // lanes, lanes, _threads(a.size, _SHORT))

    # -- small parts -----------------------------------------------------------------------------------
    def moments(self, mean: Array, power: Array, found: Array) -> None:
        batch, channels = power.shape
        if found.shape[1] == batch:
            # The moments of each lane: those of a batch of one example.
            batch, channels = 1, batch * channels
        self._add(_MOMENTS, mean, 2 if mean.dtype.kind == "c" else 1, power, found, batch, channels)

    def compose(self, found: Array, gain: Array, offset: Array, p: Array, out: Array, epsilon: float) -> None:
        shared = p.shape[-1] == 1 and gain.size > 1
        self._add(_COMPOSE, found, gain, offset, p, out, *out.shape[1:], len(p), shared, float(epsilon))

    def compose_adjoint(self, sums: Array, given: tuple[Array, ...], results: tuple[Any, ...], epsilon: float) -> None:
        gain, p = given[1], given[3]
        shared = p.shape[-1] == 1 and gain.size > 1
        self._add(
            _COMPOSE_ADJOINT, sums, *given, *results, *sums.shape[1:], len(p), shared, float(epsilon)
        )  # fmt: skip

    def softmax(self, logits: Array, targets: Array, loss: Array, g: Array) -> None:
        self._add(_SOFTMAX, logits, targets, loss, g, *logits.shape)

    def scatter(
        self, source: Array, target: Array, places: Any, factors: Any, length: int, steps: tuple[int, int] = (1, 1)
    ) -> None:
        self.zero(target)
        places, factors = np.ascontiguousarray(places, np.int64), np.ascontiguousarray(factors, self.precision)
        self._add(_SCATTER, source, target, places, factors, len(factors), length, *steps)

    def add_rows(self, source: Array, row: Array, target: Array) -> None:
        self._add(_ADD_ROWS, source, row, target, *source.shape)

    def planes(self, source: Array, planes: Array, weighted: Array, weights: Array) -> None:
        """Append the split of complex arrays into real and imaginary planes, and these times one weight per mode."""
        self._add(_PLANES, source, planes, weighted, weights, len(planes), prod(planes.shape[2:]))

    def interleave(self, planes: Array, target: Array) -> None:
        self._add(_INTERLEAVE, planes, target, len(planes), prod(planes.shape[2:]))

    def column_sums(self, source: Array, target: Array) -> None:
        self._add(_COLUMN_SUMS, source, target, *source.shape)

    def running(self, mean: Array, variance: Array, found: Array, momentum: float) -> None:
        self._add(_RUNNING, mean, variance, found, mean.size, float(momentum))

    def relu(
        self, given: Sequence[Array | None], results: Sequence[Array | None], kept: Array, lanes: Axes, degree: int,
        epsilons: tuple[float, float], *, running: bool = False, sums: Array | None = None,
        mean_of_g: Array | None = None,
    ) -> None:  # fmt: skip
        """Append the polynomials for relu of normalised signals, or their gradients: see relu_call in small.h."""
        own = given[0]
        assert own is not None, "the moments of the signal are given"
        step = 2 if mean_of_g is not None and mean_of_g.dtype.kind == "c" else 1
        per_sample = own.shape[1] == lanes[0]
        threads = _threads(40 * lanes[0] * lanes[1], _ALONE)
        numbers = *lanes, step, per_sample, degree, running, *map(float, epsilons), threads
        self._add(_RELU, *given, sums, mean_of_g, *results, kept, *numbers)
