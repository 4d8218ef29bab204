"""Measure the time of each augmentation for one batch, with one thread.

    python -m benchmarks.studies.augmentation

writes benchmarks/results/augmentation.json and the table docs/speed/augmentation.txt.
"""

from __future__ import annotations

from pathlib import Path
from statistics import median
from time import perf_counter

import numpy as np

from freqnet.augment import AUGMENTATIONS, read_augmentations
from freqnet.spaces import get_domain
from freqnet.training import Spectra
from freqnet.training.files import write_json

from .. import Plan, machine
from ..timing import threads
from .tables import Table, milliseconds, write

RESULTS = Path(__file__).parents[1] / "results" / "augmentation.json"
DOMAINS, TAKE = ("fourier", "hartley", "grid"), "the batch itself"
# A batch of colour images of CIFAR-10 with the default number of modes.
GRID, BAND, CHANNELS, BATCH, EXAMPLES = (32, 32), (8, 8), 3, 128, 10_000
ROWS = (TAKE, *AUGMENTATIONS, "mirror,shift")


def examples(domain: str, count: int = EXAMPLES) -> Spectra:
    """Return random spectra."""
    generator, space = np.random.default_rng(0), get_domain(domain)(GRID, BAND)
    array = space.noise(np.empty((*space.shape, count, CHANNELS), space.dtype(np.float32)), generator)
    return Spectra(array, np.arange(count) % 10, space)


def seconds(domain: str, count: int = EXAMPLES, batch: int = BATCH, rounds: int = 40) -> dict[str, float]:
    """Return the median seconds of each augmentation for one batch, by its word, and of taking a batch."""
    spectra, generator = examples(domain, count), np.random.default_rng(0)
    times: dict[str, list[float]] = {row: [] for row in ROWS}
    changes = {row: read_augmentations(row.split(",")) for row in ROWS if row != TAKE}
    taken = spectra.take(np.arange(batch))
    for change in changes.values():  # makes the tables
        change(taken, generator)
    for _ in range(rounds):
        started = perf_counter()
        taken = spectra.take(generator.permutation(count)[:batch])
        times[TAKE].append(perf_counter() - started)
        for row, change in changes.items():
            started = perf_counter()
            change(taken, generator)
            times[row].append(perf_counter() - started)
    return {row: median(found) for row, found in times.items()}


def table(found: dict[str, dict[str, float]]) -> Table:
    """Return the table of milliseconds, one column per domain."""
    header = ("augmentation", *(f"``{domain}``, ms" for domain in found))
    name = lambda row: row if row == TAKE else f"``{row}``"
    return header, [(name(row), *(milliseconds(times[row]) for times in found.values())) for row in ROWS]


def main() -> None:
    """Measure everything, and write the results."""
    with threads(1):
        found = {domain: seconds(domain) for domain in DOMAINS}
    write_json(RESULTS, {"machine": machine(Plan(threads=1)), "seconds": found})
    write("augmentation", table(found))


if __name__ == "__main__":
    main()
