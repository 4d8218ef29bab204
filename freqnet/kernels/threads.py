"""How many threads the compiled kernels use, and how many BLAS does beside them."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from typing import Any

# The pool of the kernels has no more.
MOST_THREADS = 256


class _Limit:
    """The number set by `thread_limit`, if any."""

    count: int | None = None


def thread_count() -> int:
    """Return how many threads the kernels use: as set, or from the environment, or one a core.

    >>> from freqnet.kernels.threads import thread_count, thread_limit
    >>> with thread_limit(1):
    ...     thread_count()
    1
    """
    return _available() if _Limit.count is None else _Limit.count


def core_count() -> int:
    """Return how many cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


@contextmanager
def thread_limit(count: int) -> Iterator[None]:
    """Use this many threads inside the block, whatever the environment says."""
    before, _Limit.count = _Limit.count, count
    try:
        yield
    finally:
        _Limit.count = before


@contextmanager
def one_blas_thread() -> Iterator[None]:
    """Keep BLAS to one thread inside the block.

    Products of a few dozen channels lose more to waking its threads than they win, and threads of BLAS that wait
    for work by spinning take the cores from the kernels.
    """
    with _blas().limit(limits=1, user_api="blas"):
        yield


@lru_cache(maxsize=1)
def _blas() -> Any:
    # Looking for the libraries takes milliseconds, setting their threads microseconds.
    from threadpoolctl import ThreadpoolController

    return ThreadpoolController()


def blas_name() -> str:
    """Return which BLAS NumPy uses, and for which processor it was told to take its code, as "openblas Haswell"."""
    for library in _blas().info():
        if library.get("user_api") == "blas":
            return f"{library['internal_api']} {library.get('architecture', '')}".strip()
    return "unknown"


@lru_cache(maxsize=1)
def _available() -> int:
    for name in ("FREQNET_NUM_THREADS", "OMP_NUM_THREADS"):
        first = os.environ.get(name, "").split(",")[0].strip()
        if first.isdecimal() and int(first) > 0:
            return min(int(first), MOST_THREADS)
    return min(core_count(), MOST_THREADS)
