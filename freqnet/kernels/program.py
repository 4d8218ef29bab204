"""Programs: kernel calls in a row over arrays at fixed places, which run without Python in between."""

from __future__ import annotations

from collections.abc import Sequence
from math import prod
from typing import Any

import numpy as np

import freqnet.kernels._native as _native  # type: ignore[import-not-found]
from freqnet.kernels.native import _ALONE, _SHORT, _threads
from freqnet.kernels.reference import stored

Axes = tuple[int, ...]
_WORDS = 24
_PRODUCT, _CHANNELS, _COMBINE, _ADD_MEAN, _BOX, _DENSE, _DOOR = range(7)
_LANES = {np.dtype(np.float32): 16, np.dtype(np.float64): 8}


class Program:
    """A list of kernel calls. The methods append one call each, after checking that the sizes of its arrays agree.

    Parameters
    ----------
    precision : dtype
        float32 or float64; all arrays have it, or the complex numbers of it.
    """

    def __init__(self, precision: Any) -> None:
        self.precision = np.dtype(precision)
        self.complex = np.result_type(precision, np.complex64)
        self.rows: list[list[int]] = []
        # The arrays must live as long as the program, which knows their addresses only.
        self.arrays: list[np.ndarray] = []
        self._packed: np.ndarray | None = None

    def empty(self, shape: Axes, dtype: Any = None) -> np.ndarray:
        """Return a new array, aligned to cache lines."""
        dtype = np.dtype(dtype or self.precision)
        block = np.zeros(prod(shape) * dtype.itemsize + 64, np.uint8)
        start = -block.ctypes.data % 64
        return block[start : start + prod(shape) * dtype.itemsize].view(dtype).reshape(shape)

    def run(self) -> None:
        """Run all calls."""
        if self._packed is None:
            words = np.zeros((len(self.rows), _WORDS), np.int64)
            for target, row in zip(words, self.rows, strict=True):
                target[: len(row)] = row
            self._packed = words
        _native.run(self._packed, self.precision == np.float64)

    def _at(self, array: np.ndarray | None) -> int:
        if array is None:
            return 0
        assert array.flags.c_contiguous, "a program works on contiguous arrays"
        self.arrays.append(array)
        return array.ctypes.data

    def _add(self, operation: int, *words: Any) -> None:
        self.rows.append([operation, *(self._at(w) if w is None or isinstance(w, np.ndarray) else int(w) for w in words)])
        self._packed = None

    def quadratic(self, x: np.ndarray, coefficients: np.ndarray, bands: tuple[Axes, Axes], out: np.ndarray) -> None:
        """Append ``out = c[0] + c[1] x + c[2] x^2``, for coefficients ``(3, batch, channels)``."""
        band, kept = bands
        hartley = x.dtype.kind == "f"
        lanes = prod(x.shape[len(band) :])
        assert x.shape[: len(band)] == stored(band, hartley)
        assert out.shape[: len(band)] == stored(kept, hartley)
        assert coefficients.shape == (3, *x.shape[len(band) :])
        zyx = [n for m in (band, band, kept) for n in (0,) * (3 - len(m)) + tuple(m)]
        threads = _threads(out.size * (x.size // lanes), _ALONE)
        self._add(_PRODUCT, x, x, out, *coefficients, None, *zyx, lanes, 1, hartley, threads)

    def channels(self, a: np.ndarray, b: np.ndarray, out: np.ndarray) -> None:
        """Append the convolution ``out = a b``, one matrix product per mode."""
        (*modes, rows, inner), columns = a.shape, b.shape[-1]
        assert b.shape == (*modes, inner, columns)
        assert out.shape == (*modes, rows, columns)
        hartley = a.dtype.kind == "f"
        work = (2 if hartley else 4) * prod(modes) * rows * inner * columns
        self._add(_CHANNELS, a, b, out, prod(modes), rows, inner, columns, inner, 1, 0, 0, hartley, _threads(work, _ALONE))

    def combine(self, a: np.ndarray, p: np.ndarray, b: np.ndarray | None, q: np.ndarray | None, out: np.ndarray) -> None:
        """Append ``out = p a + q b`` for factors ``(batch, channels)``."""
        lanes = prod(a.shape[-2:])
        # Two real numbers count as a complex one.
        modes = a.size // lanes if a.dtype.kind == "c" else None
        assert modes is not None, "half spectra only"
        self._add(_COMBINE, a, b, p, q, out, modes, lanes, _threads(a.size, _SHORT))

    def add_mean(self, target: np.ndarray, at: Axes, values: np.ndarray) -> None:
        """Append ``target[at] += values``, for values ``(batch, channels)``."""
        self._add(_ADD_MEAN, target[at], values, values.size, target.dtype.kind == "f")

    def box(self, source: np.ndarray, target: np.ndarray, extent: Sequence[int], first: Axes, to: Axes) -> None:
        """Append a copy of a box of modes from one place to another."""
        lead = 3 - len(extent)
        counts = (1,) * lead + tuple(extent)
        steps = [[0] * lead + [s for s in v.strides[: len(extent)]] for v in (source, target)]
        run_length = counts[2] * source.strides[len(extent) - 1]
        self._add(_BOX, source[first], target[to], *counts[:2], run_length, *steps[0][:2], *steps[1][:2])

    def dense(self, x: np.ndarray, matrix: np.ndarray, bias: np.ndarray, out: np.ndarray) -> None:
        """Append ``out = bias + sum_k x[k] matrix[k]``, real, with a complex number as two.

        The matrix is ``(modes, inputs, outputs)``; it is stored with whole vectors of outputs.
        """
        modes, inner, columns = matrix.shape
        rows = len(out)
        width = -(-columns // _LANES[self.precision]) * _LANES[self.precision]
        padded, ends = self.empty((modes, inner, width)), self.empty((width,))
        padded[..., :columns], ends[:columns] = matrix, bias
        assert x.size * (2 if x.dtype.kind == "c" else 1) == modes * rows * inner
        self._add(_DENSE, x, padded, ends, out, modes, rows, inner, columns, _threads(modes * rows * inner * width, _ALONE))

    def door(
        self, samples: np.ndarray, offset: np.ndarray, factor: np.ndarray, matrices: list[np.ndarray], out: np.ndarray
    ) -> None:
        """Append the transform of samples ``(batch, *grid, channels)``: one matrix per axis."""
        batch, *grid, channels = samples.shape
        modes = list(out.shape[:-2])
        fill = [0] * (3 - len(grid))
        arrays = [*matrices, *([None] * len(fill))]
        work = samples.size * modes[-1]
        self._add(
            _DOOR, samples, offset, factor, *arrays, out, len(grid), *grid, *fill, *modes, *fill, batch, channels,
            _threads(work, _ALONE),
        )

    def bias_of_last(self, bias: np.ndarray) -> None:
        """Let the last call, a dense one, start its sums with a bias."""
        assert self.rows[-1][0] == _DENSE
        ends = self.arrays[-2]
        ends[: bias.size] = bias.ravel()
