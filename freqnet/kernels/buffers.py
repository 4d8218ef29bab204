"""A cache of memory for large results.

A fresh array of a megabyte costs a few hundred page faults, often more than the kernel that fills it. A training step
makes arrays of the same sizes again and again, so their memory is kept and reused.
"""

from __future__ import annotations

import os
import sys
from math import prod
from threading import Lock

import numpy as np

# Bytes. Smaller arrays are allocated as usual: the allocator reuses their memory already.
_SMALLEST = 1 << 16
_PAGE = 1 << 12
_CACHE_LINE = 64
# Bytes. When the cache would grow beyond this size, its free blocks are released. A larger array is never kept.
_MOST = 1 << 28


class _Shelf:
    """Blocks by their number of pages, each with the offset of its first aligned byte.

    Arrays made from a block hold a reference to it through their base, so a block is free when only the shelf refers to
    it.
    """

    blocks: dict[int, list[tuple[np.ndarray, int]]] = {}  # noqa: RUF012
    held = 0
    lock = Lock()


def empty(shape: tuple[int, ...], dtype: np.dtype | type) -> np.ndarray:
    """Return an uninitialised array, like `numpy.empty`, in cached memory where possible.

    >>> from freqnet.kernels.buffers import empty
    >>> empty((2, 3), float).shape
    (2, 3)
    """
    dtype = np.dtype(dtype)
    size = prod(shape) * dtype.itemsize
    # Reference counts show which blocks are free; they are exact only under the global interpreter lock.
    if not _SMALLEST <= size <= _MOST or not _IS_EXACT:
        return np.empty(shape, dtype)
    # Never block: the lock may be held by another thread or by the code that a signal handler interrupted. Fall back
    # to `np.empty`.
    if not _Shelf.lock.acquire(blocking=False):
        return np.empty(shape, dtype)
    try:
        block, start = _free_block(-(-size // _PAGE))
        return block[start : start + size].view(dtype).reshape(shape)
    finally:
        _Shelf.lock.release()


def _forget_lock() -> None:
    _Shelf.lock = Lock()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget_lock)
_IS_EXACT = sys.implementation.name == "cpython" and getattr(sys, "_is_gil_enabled", lambda: True)()


def _free_block(pages: int) -> tuple[np.ndarray, int]:
    shelf = _Shelf.blocks.setdefault(pages, [])
    for entry in shelf:
        if _is_free(entry):
            return entry
    if _Shelf.held + pages * _PAGE > _MOST:
        _drop_free_blocks()
    block = np.empty(pages * _PAGE + _CACHE_LINE, np.uint8)
    _Shelf.blocks.setdefault(pages, []).append((block, -block.ctypes.data % _CACHE_LINE))
    _Shelf.held += pages * _PAGE
    return _Shelf.blocks[pages][-1]


def _is_free(entry: tuple[np.ndarray, int]) -> bool:
    # One reference is held by the entry, the other by the call of getrefcount.
    return sys.getrefcount(entry[0]) == 2


def _drop_free_blocks() -> None:
    for pages, shelf in list(_Shelf.blocks.items()):
        used = [entry for entry in shelf if not _is_free(entry)]
        _Shelf.held -= (len(shelf) - len(used)) * pages * _PAGE
        _Shelf.blocks[pages] = used
