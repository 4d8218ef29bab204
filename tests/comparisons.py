"""Small comparisons, and the results by which two of them are compared."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from test_cli_train import some_digits

from freqnet.experiments import Compared, Comparison, Outcome, compare, engine
from freqnet.experiments.executors import in_executor
from freqnet.experiments.work import Task

WIDTHS = {"widths": (4, 4, 4)}


def small(out: Path, *domains: str, seeds: tuple[int, ...] = (0,), **options: Any) -> Comparison:
    """A comparison of small networks on a few digits."""
    data = out.parent / "few.npz"
    if not data.exists():
        some_digits(data)
    given: dict[str, Any] = {"model": WIDTHS, "settings": {"epochs": 2}, **options}
    return Comparison(str(data), domains or ("fourier", "hartley"), seeds, out, **given)


def threads(comparison: Comparison, **options: Any) -> Compared:
    """Compare in threads of this process."""
    with ThreadPoolExecutor(2) as executor:
        return compare(comparison, executor, **options)


def without_processes(monkeypatch: pytest.MonkeyPatch) -> None:
    """Do the runs of ``freqnet compare`` in a thread of this process, to save time in tests of something else."""

    def in_thread(tasks: Sequence[Task], processes: int) -> Iterator[Outcome]:
        with ThreadPoolExecutor(1) as executor:
            yield from in_executor(tasks, executor)

    monkeypatch.setattr(engine, "in_processes", in_thread)


def numbers(compared: Compared) -> list[Any]:
    """The results of all runs, which depend neither on the executor nor on the order."""
    rows = [[(row["epoch"], row["loss"], row["accuracy"]) for row in o.history] for o in compared.outcomes]
    return [(o.domain, o.seed, o.metrics["test_accuracy"], o.metrics["test_loss"]) for o in compared.outcomes] + rows
