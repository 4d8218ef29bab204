"""The product of signals in C: the same as `reference.py`, with its sums kept in registers.

`freqnet.kernels` uses it where it was built. ``FREQNET_KERNEL=numpy`` leaves it out;
``FREQNET_NUM_THREADS`` (or ``OMP_NUM_THREADS``) says how many threads it may use, by default all cores.
"""

from __future__ import annotations

import os
from functools import lru_cache

import numpy as np

from freqnet.kernels import _product  # type: ignore[attr-defined]

Axes = tuple[int, ...]
# Below this many multiply-adds waking a second thread costs more than it brings.
_ALONE = 200_000


def product(a: np.ndarray, b: np.ndarray, bands: tuple[Axes, Axes, Axes]) -> np.ndarray:
    """Return the half spectrum of the product of two signals: see `freqnet.kernels.reference.product`."""
    if np.prod(bands[0]) > np.prod(bands[1]):
        a, b, bands = b, a, (bands[1], bands[0], bands[2])
    ndim = len(bands[0])
    lanes = np.broadcast_shapes(a.shape[ndim:], b.shape[ndim:])
    dtype = np.result_type(a, b, np.complex64)
    return _run(_lanes(a, ndim, lanes, dtype), _lanes(b, ndim, lanes, dtype), bands, lanes, False)


def square(a: np.ndarray, bands: tuple[Axes, Axes]) -> np.ndarray:
    """Return the half spectrum of a signal's square, for about half the work of a product."""
    ndim = len(bands[0])
    lanes = a.shape[ndim:]
    array = _lanes(a, ndim, lanes, np.result_type(a, np.complex64))
    return _run(array, array, (bands[0], bands[0], bands[1]), lanes, True)


def _lanes(array: np.ndarray, ndim: int, lanes: Axes, dtype: np.dtype) -> np.ndarray:
    return np.ascontiguousarray(np.broadcast_to(array, (*array.shape[:ndim], *lanes)), dtype)


def _run(a: np.ndarray, b: np.ndarray, bands: tuple[Axes, Axes, Axes], lanes: Axes, is_square: bool) -> np.ndarray:
    kept = bands[2]
    out = np.empty((*(2 * m + 1 for m in kept[:-1]), kept[-1] + 1, *lanes), a.dtype)
    count = int(np.prod(lanes))
    zyx = [(0,) * (3 - len(m)) + m for m in bands]
    work = out.size * (a.size // max(1, count))
    threads = thread_count() if work > _ALONE else 1
    if out.size:
        _product.product(a, b, out, *zyx, count, a.dtype == np.complex128, is_square, threads)
    return out


@lru_cache(maxsize=1)
def thread_count() -> int:
    """How many threads the kernel uses: from the environment, or one a core.

    >>> from freqnet.kernels.native import thread_count
    >>> thread_count() >= 1
    True
    """
    for name in ("FREQNET_NUM_THREADS", "OMP_NUM_THREADS"):
        first = os.environ.get(name, "").split(",")[0].strip()
        if first.isdigit() and int(first) > 0:
            return int(first)
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
