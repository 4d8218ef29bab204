"""Numbers of threads of the compiled kernels and of BLAS."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from functools import lru_cache
from threading import Lock
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np

# The size of the thread pool in pool.h.
MOST_THREADS = 256
# Multiply-adds, of about two milliseconds, below which dividing them among threads or processes takes longer than it
# saves.
WORTH_DIVIDING = 2e7
# Variables of the environment with a number of threads, the first one that is set counts.
THREAD_VARIABLES = ("FREQNET_NUM_THREADS", "OMP_NUM_THREADS")

# The number set by `thread_limit` in this context, if any.
_limit: ContextVar[int | None] = ContextVar("thread_limit", default=None)


class _BlasLimit:
    """The thread limit of BLAS, which is global to the process: the number of open blocks and the previous limit."""

    lock = Lock()
    blocks = 0
    before: Any = None


def thread_count() -> int:
    """Return the number of threads of the kernels: `thread_limit`, else the environment, else one per core.

    >>> from freqnet.kernels.threads import thread_count, thread_limit
    >>> with thread_limit(1):
    ...     thread_count()
    1
    """
    count = _limit.get()
    return _available() if count is None else count


def core_count() -> int:
    """Return the number of cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


@contextmanager
def thread_limit(count: int) -> Iterator[None]:
    """Set the number of threads of the kernels inside the block, for the current context."""
    token = _limit.set(count)
    try:
        yield
    finally:
        _limit.reset(token)


def in_threads(function: Callable[[np.ndarray], object], arrays: Sequence[np.ndarray], costs: Sequence[float]) -> None:
    """Call a function on each array, on several at once where the calls take long; each call has one thread.

    Parameters
    ----------
    function : callable
        Changes its argument in place.
    arrays : sequence of ndarray
    costs : sequence of float
        Multiply-adds of each call.

    Examples
    --------
    >>> import numpy as np
    >>> arrays = [np.ones(2), np.ones(1)]
    >>> in_threads(lambda array: np.multiply(array, 3, out=array), arrays, [1e9, 1e9])
    >>> arrays
    [array([3., 3.]), array([3.])]
    """

    def alone(array: np.ndarray) -> None:
        with thread_limit(1):
            function(array)

    # The longest first, so that none of them is left for the end.
    order = sorted(range(len(arrays)), key=lambda i: -costs[i])
    count = min(thread_count(), len(arrays))
    if count < 2 or sum(costs) < WORTH_DIVIDING:
        for i in order:
            alone(arrays[i])
        return
    from concurrent.futures import ThreadPoolExecutor

    with ThreadPoolExecutor(count) as pool:
        # The list raises what a call has raised.
        list(pool.map(alone, [arrays[i] for i in order]))


@contextmanager
def one_blas_thread() -> Iterator[None]:
    """Limit BLAS to one thread inside the block.

    For products of a few dozen channels, waking more threads costs more than it gains, and BLAS threads that spin while
    they wait take cores from the kernels. The limit is global to the process: it holds from the start of the first
    block in any thread to the end of the last.
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
    # Finding the libraries takes milliseconds, setting their threads microseconds.
    from threadpoolctl import ThreadpoolController

    return ThreadpoolController()


def blas_name() -> str:
    """Return the name of the BLAS library and of its processor kernels, such as "openblas Haswell"."""
    for library in _blas().info():
        if library.get("user_api") == "blas":
            return f"{library['internal_api']} {library.get('architecture', '')}".strip()
    return "unknown"


@lru_cache(maxsize=1)
def _available() -> int:
    for name in THREAD_VARIABLES:
        first = os.environ.get(name, "").split(",")[0].strip()
        if first.isdecimal() and int(first) > 0:
            return min(int(first), MOST_THREADS)
    return min(core_count(), MOST_THREADS)
