"""The number of threads of the compiled kernels, and of BLAS beside them."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import lru_cache
from threading import Lock
from typing import Any

# The pool of the kernels has no more.
MOST_THREADS = 256


# The number set by `thread_limit` in this context, if any.
_limit: ContextVar[int | None] = ContextVar("thread_limit", default=None)


class _BlasLimit:
    """The limit of BLAS, which is one for the whole process: how many blocks ask for it, and what it was before."""

    lock = Lock()
    blocks = 0
    before: Any = None


def thread_count() -> int:
    """Return how many threads the kernels use: as set, or from the environment, or one a core.

    >>> from freqnet.kernels.threads import thread_count, thread_limit
    >>> with thread_limit(1):
    ...     thread_count()
    1
    """
    count = _limit.get()
    return _available() if count is None else count


def core_count() -> int:
    """Return how many cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


@contextmanager
def thread_limit(count: int) -> Iterator[None]:
    """Use this many threads inside the block, whatever the environment says."""
    token = _limit.set(count)
    try:
        yield
    finally:
        _limit.reset(token)


@contextmanager
def one_blas_thread() -> Iterator[None]:
    """Keep BLAS to one thread inside the block.

    Products of a few dozen channels lose more to waking its threads than they win, and threads of BLAS that wait
    for work by spinning take the cores from the kernels. The limit is one for the whole process: it holds from the
    first of such blocks in any thread until the last has ended.
    """
    with _BlasLimit.lock:
        if _BlasLimit.blocks == 0:
            _BlasLimit.before = _blas().limit(limits=1, user_api="blas")
        _BlasLimit.blocks += 1
    try:
        yield
    finally:
        with _BlasLimit.lock:
            _BlasLimit.blocks -= 1
            if _BlasLimit.blocks == 0:
                _BlasLimit.before.restore_original_limits()


def _forget_lock() -> None:
    _BlasLimit.lock = Lock()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget_lock)


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
