"""How anything is timed here: two rivals take turns in one process, and the median of each counts."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from functools import lru_cache
from statistics import median
from typing import Any

import numpy as np

# A sample shorter than this would measure the clock, and the interruptions of the machine. As long before it, cores
# that slept come back to their speed.
_SHORTEST = 1e-2
_ROUNDS = 7
# Threads that wait for work by spinning take the cores from whoever comes next: PyTorch's for some 10 ms, OpenBLAS's
# for 100. Before each turn they are given the time to fall asleep.
PAUSE, PAUSE_AFTER_BLAS = 0.02, 0.13

Operation = Callable[[], Any]


def alternate(ours: Operation, theirs: Operation, seconds: float = 1.0, pause: float = PAUSE) -> tuple[float, float]:
    """Return the median time of one call of each, in seconds.

    Both are warmed up; then they take turns, so that a slow spell of the machine meets both, for about
    `seconds` and at least seven rounds. A turn is a pause, in which the other's threads fall asleep, calls that
    wake one's own, and a sample; short calls are repeated within a sample.

    >>> fast, slow = alternate(lambda: None, lambda: sum(range(1000)), seconds=0.05)
    >>> fast < slow
    True
    """
    repeats = [_repeats(function) for function in (ours, theirs)]
    samples: tuple[list[float], list[float]] = ([], [])
    end = time.perf_counter() + seconds
    while len(samples[0]) < _ROUNDS or time.perf_counter() < end:
        for function, count, times in zip((ours, theirs), repeats, samples, strict=True):
            _settle(function, pause, count)
            times.append(_time(function, count))
    return median(samples[0]), median(samples[1])


def _settle(function: Operation, pause: float, count: int) -> None:
    """Let the other's threads fall asleep, then wake one's own.

    By keeping this thread busy, not by sleeping: a thread that sleeps may come back on the core of those it wakes.
    """
    end = time.perf_counter() + pause
    while time.perf_counter() < end:
        pass
    for _ in range(count + 1):
        function()


def single(function: Operation, seconds: float = 0.5) -> float:
    """Return the median time of one call, in seconds: for figures that have no rival, such as growth."""
    count, samples = _repeats(function), list[float]()
    end = time.perf_counter() + seconds
    while len(samples) < _ROUNDS or time.perf_counter() < end:
        samples.append(_time(function, count))
    return median(samples)


def _repeats(function: Operation) -> int:
    for _ in range(2):
        function()
    return max(1, int(np.ceil(_SHORTEST / max(_time(function, 1), 1e-9))))


def _time(function: Operation, count: int) -> float:
    start = time.perf_counter()
    for _ in range(count):
        function()
    return (time.perf_counter() - start) / count


@contextmanager
def threads(count: int) -> Iterator[None]:
    """Give the kernels, BLAS and PyTorch (where it is) the same number of threads inside the block."""
    from threadpoolctl import threadpool_limits

    from freqnet.kernels.threads import thread_limit

    with ExitStack() as stack:
        stack.enter_context(threadpool_limits(count))
        stack.enter_context(thread_limit(count))
        if torch := torch_or_none():
            stack.callback(torch.set_num_threads, torch.get_num_threads())
            torch.set_num_threads(count)
        yield


@lru_cache(maxsize=1)
def torch_or_none() -> Any:
    """Return PyTorch, or None where it is not installed."""
    try:
        import torch
    except ImportError:
        return None
    return torch


def gemm(size: int = 1024) -> tuple[Operation, int]:
    """Return the machine's own float32 matrix product, and how many multiply-adds it does."""
    a, b = (np.random.default_rng(i).standard_normal((size, size)).astype(np.float32) for i in range(2))
    out = np.empty_like(a)
    return lambda: np.matmul(a, b, out=out), size**3
