"""Memory for large results, used again as soon as nobody holds it.

A fresh array of a megabyte costs the operating system a few hundred page faults, often more than the kernel that
fills it. A step makes the same arrays over and over, so their memory is kept and handed out again.
"""

from __future__ import annotations

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
    """Blocks by their number of pages; a block is free when the shelf alone refers to it."""

    blocks: dict[int, list[np.ndarray]] = {}  # noqa: RUF012
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
    if size < _SMALLEST or not getattr(sys, "_is_gil_enabled", lambda: True)():
        return np.empty(shape, dtype)
    with _Shelf.lock:
        block = _free_block(-(-(size + _CACHE_LINE) // _PAGE))
        start = -block.ctypes.data % _CACHE_LINE
        return block[start : start + size].view(dtype).reshape(shape)


def _free_block(pages: int) -> np.ndarray:
    shelf = _Shelf.blocks.setdefault(pages, [])
    for index in range(len(shelf)):
        # An array made of the block refers to it: without one there are the shelf and this call's argument.
        if sys.getrefcount(shelf[index]) == 2:
            return shelf[index]
    if _Shelf.held + pages * _PAGE > _MOST:
        _drop_free_blocks()
    block = np.empty(pages * _PAGE, np.uint8)
    _Shelf.blocks.setdefault(pages, []).append(block)
    _Shelf.held += pages * _PAGE
    return block


def _drop_free_blocks() -> None:
    for pages, shelf in list(_Shelf.blocks.items()):
        used = [i for i in range(len(shelf)) if sys.getrefcount(shelf[i]) > 2]
        _Shelf.held -= (len(shelf) - len(used)) * pages * _PAGE
        _Shelf.blocks[pages] = [shelf[i] for i in used]
        if not used:
            del _Shelf.blocks[pages]
