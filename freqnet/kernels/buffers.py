"""Memory for large results, used again as soon as nobody holds it.

A fresh array of a megabyte costs the operating system a few hundred page faults, often more than the kernel that
fills it. A step makes the same arrays over and over, so their memory is kept and handed out again.
"""

from __future__ import annotations

import os
import sys
from math import prod
from threading import Lock

import numpy as np

# Smaller arrays come from memory the process holds anyway.
_SMALLEST = 1 << 16
_PAGE = 1 << 12
_CACHE_LINE = 64
# Unused memory beyond this goes back.
_MOST = 1 << 28


class _Shelf:
    """Blocks by their number of pages, each with the place of its first cache line.

    A block is free when the shelf alone refers to it: every array made of it holds a reference, through its base.
    """

    blocks: dict[int, list[tuple[np.ndarray, int]]] = {}  # noqa: RUF012
    held = 0
    lock = Lock()


def empty(shape: tuple[int, ...], dtype: np.dtype | type) -> np.ndarray:
    """Return an array like `numpy.empty` does, in memory that may have been used before.

    >>> from freqnet.kernels.buffers import empty
    >>> empty((2, 3), float).shape
    (2, 3)
    """
    dtype = np.dtype(dtype)
    size = prod(shape) * dtype.itemsize
    # Whether a block is free is told by its reference count, which only the global lock keeps exact.
    if size < _SMALLEST or not _IS_EXACT:
        return np.empty(shape, dtype)
    # Nobody waits for a mere convenience: the one inside may be another thread, the code that a signal handler
    # interrupted, or, after a fork, a thread that no longer exists.
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
    # The entry's own reference, and the one that asks.
    return sys.getrefcount(entry[0]) == 2


def _drop_free_blocks() -> None:
    for pages, shelf in list(_Shelf.blocks.items()):
        used = [entry for entry in shelf if not _is_free(entry)]
        _Shelf.held -= (len(shelf) - len(used)) * pages * _PAGE
        _Shelf.blocks[pages] = used
