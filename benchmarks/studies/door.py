"""Measure time and memory of the door on long signals, beside the FFT of NumPy on the same samples.

    python -m benchmarks.studies.door

writes benchmarks/results/door.json and the tables docs/speed/door.txt and docs/speed/kernels.txt.
"""

from __future__ import annotations

import tracemalloc
from collections.abc import Callable
from functools import partial
from itertools import product
from pathlib import Path
from statistics import median
from time import perf_counter
from typing import Any, NamedTuple

import numpy as np

from freqnet import caches
from freqnet.spaces import Axes, get_domain
from freqnet.training.files import write_json

from .. import Plan, machine
from ..timing import threads
from .tables import Table, milliseconds, write

RESULTS = Path(__file__).parents[1] / "results" / "door.json"
DOMAINS, PRECISIONS = ("fourier", "hartley", "damped", "grid"), ("float32", "float64")
# Samples ``(batch, *grid, channels)`` and band.
SIGNALS: tuple[tuple[Axes, int], ...] = (
    ((64, 1000, 1), 10),
    ((2, 10_000, 1), 10),
    ((2, 10_007, 1), 500),
    ((8, 100_000, 2), 500),
    ((2, 441_000, 1), 500),
    ((2, 441_000, 2), 5000),
    ((1, 1_000_000, 1), 10),
    ((1, 999_983, 1), 5000),
    ((8, 256, 256, 3), 20),
    ((8, 256, 256, 3), 127),
    ((2, 1009, 1013, 1), 400),
)
# Taps, which are also the samples of the period, and band.
KERNELS: tuple[tuple[int, int], ...] = ((1024, 511), (8192, 100), (8192, 4095), (100_000, 5000))


class Measured(NamedTuple):
    """Time and memory of one transform.

    Attributes
    ----------
    name : str
        What was transformed.
    first, later, peer : float
        Median seconds of calls with empty caches, of further calls, and of NumPy.
    given, peak, peer_peak, kept : int
        Bytes of the input, largest number of bytes in use during the first call of freqnet and of NumPy (results
        included), and bytes in the caches afterwards.
    """

    name: str
    first: float
    later: float
    peer: float
    given: int
    peak: int
    peer_peak: int
    kept: int


def peak_of(call: Callable[[], Any]) -> int:
    """Return the largest number of bytes in use during a call."""
    tracemalloc.start()
    try:
        call()
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def measure(name: str, ours: Callable[[], Any], theirs: Callable[[], Any], given: int, rounds: int = 7) -> Measured:
    """Measure two operations that take turns; before each first call the caches are emptied."""
    theirs(), ours()  # imports
    caches.clear()
    peak, kept, peer_peak = peak_of(ours), caches.kept_bytes(), peak_of(theirs)
    times: tuple[list[float], ...] = ([], [], [])
    for _ in range(rounds):
        caches.clear()
        for call, seconds in zip((ours, ours, theirs), times, strict=True):
            started = perf_counter()
            call()
            seconds.append(perf_counter() - started)
    first, later, peer = map(median, times)
    return Measured(name, first, later, peer, given, peak, peer_peak, kept)


def signal(domain: str, precision: str, shape: Axes, band: int, rounds: int = 7) -> Measured:
    """Measure the analysis of random samples, for the grid domain beside an FFT there and back."""
    samples = np.random.default_rng(0).standard_normal(shape).astype(precision)
    grid, axes = shape[1:-1], tuple(range(1, len(shape) - 1))
    space = get_domain(domain)(grid, (band,) * len(grid))

    def theirs() -> np.ndarray:
        spectrum = np.fft.rfftn(samples, axes=axes)
        return np.fft.irfftn(spectrum, grid, axes) if domain == "grid" else spectrum

    name = f"{domain}, {precision}, {'x'.join(map(str, shape))}, band {band}"
    return measure(name, partial(space.analysis, samples), theirs, samples.nbytes, rounds)


def kernel(domain: str, taps: int, band: int, rounds: int = 7) -> Measured:
    """Measure the frequency response of one kernel as long as the period."""
    theta = np.random.default_rng(0).standard_normal((taps, 1, 1)).astype(np.float32)
    space = get_domain(domain)(taps, band, "response")
    ours = partial(space.frequency_response, theta, "taps", (taps,))
    return measure(
        f"{domain}, {taps} taps, band {band}", ours, partial(np.fft.rfft, theta.ravel()), theta.nbytes, rounds
    )


def signals_table(rows: list[Measured]) -> Table:
    """Return the table of signals, for the Fourier domain only."""
    body = []
    for row in rows:
        domain, precision, shape, band = row.name.split(", ")
        if domain != "fourier":
            continue
        times = [milliseconds(t) for t in (row.first, row.later, row.peer)]
        sizes = [f"{peak / row.given:.2f}" for peak in (row.peak, row.peer_peak)]
        body.append((shape, band.removeprefix("band "), precision, *times, *sizes, f"{row.kept / 1e3:,.0f}"))
    times_of = ("first call, ms", "later calls, ms", "NumPy, ms")
    return ("samples", "band", "precision", *times_of, "peak", "peak of NumPy", "kept, kB"), body


def kernels_table(rows: list[Measured]) -> Table:
    """Return the table of kernels."""
    body = []
    for row in rows:
        times = [milliseconds(t) for t in (row.first, row.later, row.peer)]
        body.append((row.name, *times, f"{row.peak / 1e6:.2f}", f"{row.kept / 1e6:.2f}"))
    return ("kernel", "first call, ms", "later calls, ms", "FFT of the taps by NumPy, ms", "peak, MB", "kept, MB"), body


def main() -> None:
    """Measure, store the figures, and write the tables."""
    # One thread for both: the FFT of NumPy uses one.
    with threads(1):
        signals = [signal(d, p, *case) for case, d, p in product(SIGNALS, DOMAINS, PRECISIONS)]
        kernels = [kernel(d, *case) for case, d in product(KERNELS, ("fourier", "hartley"))]
    found = {"signals": [row._asdict() for row in signals], "kernels": [row._asdict() for row in kernels]}
    write_json(RESULTS, {"machine": machine(Plan()), **found})
    write("door", signals_table(signals))
    write("kernels", kernels_table(kernels))


if __name__ == "__main__":
    main()
