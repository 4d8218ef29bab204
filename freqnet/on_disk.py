"""Arrays that stay in files: their rows are read when they are asked for."""

from __future__ import annotations

import os
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from math import prod
from pathlib import Path
from typing import Any

import numpy as np

from freqnet.errors import DataError, got_expected

# Bytes of the rows that are read at a time where a whole array is gone through.
_BLOCK = 16_000_000
# Rows that are at most this many bytes apart are read in one piece: a disk takes longer to begin than to read these.
_GAP = 65_536


class Rows(ABC):
    """Rows along the first axis of an array in files.

    Attributes
    ----------
    shape : tuple of int
    dtype : dtype
    """

    shape: tuple[int, ...]
    dtype: np.dtype

    @abstractmethod
    def read(self, start: int, stop: int) -> np.ndarray:
        """Return the rows from `start` to before `stop`, in memory of their own."""

    def take(self, rows: np.ndarray) -> np.ndarray:
        """Return rows by their numbers, which rise; those that lie close together are read in one piece."""
        out = np.empty((len(rows), *self.shape[1:]), self.dtype)
        for first, last in _runs(rows, _GAP // self.row_bytes):
            start = int(rows[first])
            out[first:last] = self.read(start, int(rows[last - 1]) + 1)[rows[first:last] - start]
        return out

    @property
    def row_bytes(self) -> int:
        """Bytes in memory for a row while it is read: those of the largest form that it has on its way."""
        return max(1, prod(self.shape[1:]) * self.dtype.itemsize)

    def figures(self, function: Callable[[np.ndarray], tuple[np.ndarray, ...]]) -> tuple[np.ndarray, ...]:
        """Return arrays with what a function finds for each row; they are computed once."""
        known = vars(self).setdefault("_figures", {})
        if function not in known:
            found = zip(*map(function, DiskArray(self).blocks()), strict=True)
            known[function] = tuple(np.concatenate(parts) for parts in found)
        return known[function]  # type: ignore[no-any-return]

    def advise(self, start: int, stop: int) -> None:
        """Tell the operating system that these rows are read soon, where it can be told."""


class NumpyRows(Rows):
    """Rows of a ``.npy`` file.

    Parameters
    ----------
    path : Path

    Raises
    ------
    DataError
        The array is stored column by column, or has no axis.
    ValueError, OSError
        The file is damaged, or cannot be read.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     np.save(Path(folder, "x.npy"), np.arange(6).reshape(3, 2))
    ...     NumpyRows(Path(folder, "x.npy")).read(1, 3)
    array([[2, 3],
           [4, 5]])
    """

    def __init__(self, path: Path) -> None:
        # Only the header is read. A file that is too short for its shape is refused.
        mapped = np.load(path, mmap_mode="r", allow_pickle=False)
        if mapped.ndim == 0 or not mapped.flags.c_contiguous:
            got, todo = f"an array of shape {mapped.shape} by columns", "save np.ascontiguousarray(array)"
            raise DataError(got_expected(f"file {path}", got, "an array whose samples lie one after another", todo))
        self.path, self.shape, self.dtype, self._offset = path, mapped.shape, mapped.dtype, mapped.offset
        self._descriptor: int | None = None

    def __getstate__(self) -> dict[str, Any]:
        return {**vars(self), "_descriptor": None}

    def __del__(self) -> None:
        if getattr(self, "_descriptor", None) is not None:
            os.close(self._descriptor)  # type: ignore[arg-type]

    @property
    def _open(self) -> int:
        if self._descriptor is None:
            self._descriptor = os.open(self.path, os.O_RDONLY | getattr(os, "O_BINARY", 0))
        return self._descriptor

    def read(self, start: int, stop: int) -> np.ndarray:
        out = np.empty((stop - start, *self.shape[1:]), self.dtype)
        self._fill(out, start)
        return out

    def take(self, rows: np.ndarray) -> np.ndarray:
        out = np.empty((len(rows), *self.shape[1:]), self.dtype)
        for first, last in _runs(rows, 0):
            if rows[last - 1] - rows[first] == last - first - 1:
                self._fill(out[first:last], int(rows[first]))
            else:
                # Some row is wanted more than once.
                out[first:last] = self.read(int(rows[first]), int(rows[last - 1]) + 1)[rows[first:last] - rows[first]]
        return out

    def _fill(self, out: np.ndarray, start: int) -> None:
        """Read as many rows as an array has."""
        # Not by a memory map: its pages would count as memory of the process.
        if not hasattr(os, "preadv"):
            out[...] = np.load(self.path, mmap_mode="r")[start : start + len(out)]
            return
        view = out.reshape(-1).view(np.uint8).data
        place = self._offset + start * self.row_bytes
        while len(view):
            done = os.preadv(self._open, [view], place)
            if not done:
                got, todo = "fewer bytes than before", "write it again, and leave it alone while it is read"
                raise DataError(got_expected(f"file {self.path}", got, f"{self.shape[0]} samples", todo))
            view, place = view[done:], place + done

    def advise(self, start: int, stop: int) -> None:
        if hasattr(os, "posix_fadvise"):
            place = self._offset + start * self.row_bytes
            os.posix_fadvise(self._open, place, (stop - start) * self.row_bytes, os.POSIX_FADV_WILLNEED)


@dataclass(frozen=True)
class MemoryRows(Rows):
    """Rows of an array in memory, beside others in files."""

    array: np.ndarray

    @property
    def shape(self) -> tuple[int, ...]:  # type: ignore[override]
        return self.array.shape

    @property
    def dtype(self) -> np.dtype:  # type: ignore[override]
        return self.array.dtype

    def read(self, start: int, stop: int) -> np.ndarray:
        return self.array[start:stop].copy()


class JoinedRows(Rows):
    """The rows of several arrays, one after another.

    Parameters
    ----------
    parts : sequence of Rows
        With equal rows in one dtype.
    """

    def __init__(self, parts: Sequence[Rows]) -> None:
        self.parts = tuple(parts)
        self._ends = np.cumsum([0, *(part.shape[0] for part in parts)]).tolist()
        self.shape, self.dtype = (self._ends[-1], *parts[0].shape[1:]), parts[0].dtype

    def _pieces(self, start: int, stop: int) -> Iterator[tuple[Rows, int, int]]:
        for part, (first, last) in zip(self.parts, pairwise(self._ends), strict=True):
            if max(start, first) < min(stop, last):
                yield part, max(start, first) - first, min(stop, last) - first

    def read(self, start: int, stop: int) -> np.ndarray:
        return self._joined([part.read(a, b) for part, a, b in self._pieces(start, stop)])

    def take(self, rows: np.ndarray) -> np.ndarray:
        cuts = np.searchsorted(rows, self._ends)
        pieces = [
            part.take(rows[a:b] - first)
            for part, first, (a, b) in zip(self.parts, self._ends[:-1], pairwise(cuts.tolist()), strict=True)
            if a < b
        ]
        return self._joined(pieces)

    def _joined(self, pieces: list[np.ndarray]) -> np.ndarray:
        # No rows have a shape and a dtype, too.
        return pieces[0] if len(pieces) == 1 else np.concatenate([np.empty((0, *self.shape[1:]), self.dtype), *pieces])

    def advise(self, start: int, stop: int) -> None:
        for part, a, b in self._pieces(start, stop):
            part.advise(a, b)


class ConvertedRows(Rows):
    """What a function makes of rows when they are read.

    Parameters
    ----------
    rows : Rows
    convert : callable
        ``convert(rows, numbers) -> ndarray`` with as many rows; ``numbers`` are those of the rows.
    """

    def __init__(self, rows: Rows, convert: Callable[[np.ndarray, np.ndarray], np.ndarray]) -> None:
        self.rows, self.convert = rows, convert
        # Tried on one row: the shape and the dtype of the result are those of all.
        first = np.arange(min(1, rows.shape[0]))
        one = convert(rows.take(first), first)
        self.shape, self.dtype = (rows.shape[0], *one.shape[1:]), one.dtype

    @property
    def row_bytes(self) -> int:
        return max(super().row_bytes, self.rows.row_bytes)

    def read(self, start: int, stop: int) -> np.ndarray:
        return self.convert(self.rows.read(start, stop), np.arange(start, stop))

    def take(self, rows: np.ndarray) -> np.ndarray:
        # All at once: a transform of many rows takes little longer than that of one.
        return self.convert(self.rows.take(rows), rows)

    def advise(self, start: int, stop: int) -> None:
        self.rows.advise(start, stop)


class DiskArray:
    """An array in files, of which indexing reads rows; some rows of it, in any order, are one too.

    Parameters
    ----------
    source : Rows
    rows : ndarray of int, optional
        Numbers of the rows in the source ``(rows,)``; by default all of them.

    Examples
    --------
    >>> array = DiskArray(MemoryRows(np.arange(12).reshape(6, 2)))
    >>> array.view([4, 1, 0])[1:]
    array([[2, 3],
           [0, 1]])
    >>> array.view([4, 1, 0]).shape
    (3, 2)
    """

    def __init__(self, source: Rows, rows: np.ndarray | None = None) -> None:
        self.source, self.rows = source, rows

    @property
    def shape(self) -> tuple[int, ...]:
        """Sizes of the axes."""
        return (len(self), *self.source.shape[1:])

    @property
    def dtype(self) -> np.dtype:
        """Type of the numbers."""
        return self.source.dtype

    @property
    def ndim(self) -> int:
        """Number of axes."""
        return len(self.source.shape)

    @property
    def size(self) -> int:
        """Number of numbers."""
        return prod(self.shape)

    @property
    def nbytes(self) -> int:
        """Bytes that all rows would take in memory."""
        return self.size * self.dtype.itemsize

    def __len__(self) -> int:
        return int(self.source.shape[0]) if self.rows is None else len(self.rows)

    def __repr__(self) -> str:
        return f"DiskArray(shape={self.shape}, dtype={self.dtype})"

    def __getitem__(self, key: Any) -> np.ndarray:
        if isinstance(key, slice) and self.rows is None and key.step in (None, 1):
            start, stop, _ = key.indices(len(self))
            return self.source.read(start, max(start, stop))
        chosen = self._numbers(key)
        return self._gathered(chosen.reshape(-1))[0] if chosen.ndim == 0 else self._gathered(chosen)

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray:
        return self[:].astype(dtype or self.dtype, copy=False)

    def view(self, key: Any) -> DiskArray:
        """Return rows, by their numbers or by a mask, that are read when they are asked for."""
        return DiskArray(self.source, self._numbers(key))

    def converted(self, convert: Callable[[np.ndarray, np.ndarray], np.ndarray]) -> DiskArray:
        """Return what a function makes of the rows: see `ConvertedRows`."""
        return DiskArray(ConvertedRows(self.source, convert), self.rows)

    def _numbers(self, key: Any) -> np.ndarray:
        """Return the numbers of chosen rows in the source."""
        every = np.arange(self.source.shape[0]) if self.rows is None else self.rows
        return np.asarray(every[key])

    @cached_property
    def places(self) -> np.ndarray:
        """The numbers of the rows of this array ``(rows,)`` in the order in which they lie in the files."""
        return np.arange(len(self)) if self.rows is None else np.argsort(self.rows, kind="stable")

    def figures(self, function: Callable[[np.ndarray], tuple[np.ndarray, ...]]) -> tuple[np.ndarray, ...]:
        """Return arrays with what a function finds for each row; all views of one array share them."""
        found = self.source.figures(function)
        return found if self.rows is None else tuple(numbers[self.rows] for numbers in found)

    def blocks(self) -> Iterator[np.ndarray]:
        """Yield all rows, some at a time, in the order in which they lie in the files."""
        for chosen in self.block_places():
            yield self[chosen]

    def block_places(self) -> Iterator[np.ndarray]:
        """Yield the numbers of the rows that `blocks` yields."""
        count = max(1, _BLOCK // self.source.row_bytes)
        for start in range(0, len(self), count):
            yield self.places[start : start + count]

    def advise(self, places: np.ndarray) -> None:
        """Tell the operating system that these rows are read soon."""
        rows = np.sort(self._numbers(places))
        for first, last in _runs(rows, 0):
            self.source.advise(int(rows[first]), int(rows[last - 1]) + 1)

    def _gathered(self, rows: np.ndarray) -> np.ndarray:
        """Return rows of the source, in any order."""
        order = np.argsort(rows, kind="stable")
        taken = self.source.take(rows[order])
        out = np.empty_like(taken)
        out[order] = taken
        return out


def _runs(rows: np.ndarray, gap: int) -> Iterator[tuple[int, int]]:
    """Yield first and last place of rows in rising order with at most `gap` other rows between neighbours."""
    if len(rows):
        yield from pairwise([0, *(np.flatnonzero(np.diff(rows) > gap + 1) + 1).tolist(), len(rows)])


class _Viewed(Rows):
    """Chosen rows of an array in files as rows of another."""

    def __init__(self, array: DiskArray, dtype: np.dtype) -> None:
        self.array, self.shape, self.dtype = array, array.shape, dtype

    def read(self, start: int, stop: int) -> np.ndarray:
        return self.array[start:stop].astype(self.dtype, copy=False)


def joined(parts: Sequence[np.ndarray | DiskArray]) -> DiskArray:
    """Return the rows of several arrays, one after another, in the dtype that holds all of them.

    Examples
    --------
    >>> joined([np.zeros((2, 1), np.float32), DiskArray(MemoryRows(np.ones((1, 1))))])[:].ravel()
    array([0., 0., 1.])
    """
    dtype = np.result_type(*(part.dtype for part in parts))
    arrays = [part if isinstance(part, DiskArray) else DiskArray(MemoryRows(part)) for part in parts]
    return DiskArray(JoinedRows([_Viewed(array, dtype) for array in arrays]))


def in_blocks(samples: np.ndarray | DiskArray) -> Iterator[np.ndarray]:
    """Yield all samples ``(samples, ...)``, some at a time in any order where they are in files.

    Examples
    --------
    >>> sum(block.sum() for block in in_blocks(np.ones((4, 2))))
    np.float64(8.0)
    """
    if isinstance(samples, DiskArray):
        yield from samples.blocks()
    else:
        yield samples
