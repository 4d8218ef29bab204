"""The command ``freqnet plan``: what a training would take with more data and more processes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from rich.filesize import decimal

from freqnet.cli.console import print_table, say
from freqnet.experiments.forecast import Cluster, Forecast, Rates, forecast, measure_rates
from freqnet.experiments.job import Job
from freqnet.training.files import write_json


def show_plan(
    job: Job | None,
    rates_file: Path | None,
    clusters: Sequence[Cluster],
    images: float | None,
    save_rates: Path | None,
    json_file: Path | None,
) -> dict[str, Any]:
    """Measure or read the rates, print a row for each cluster, and write the files."""
    if rates_file is None:
        assert job is not None
        say("measuring on this machine, which nothing else should use meanwhile")
        rates = measure_rates(job, tell=lambda what: say(f"  {what} ..."))
    else:
        rates = Rates.load(rates_file)
    found = [forecast(rates, cluster, images) for cluster in clusters]
    _show(rates, found)
    if save_rates is not None:
        rates.save(save_rates)
    result = {"rates": asdict(rates), "forecasts": [asdict(one) for one in found]}
    if json_file is not None:
        write_json(json_file, result)
    return result


def _show(rates: Rates, found: Sequence[Forecast]) -> None:
    first = found[0]
    epochs = f"{first.epochs} epoch{'s' * (first.epochs > 1)}"
    say(
        f"{rates.dataset}, {first.images:,} samples, {epochs} of batches of {rates.batch}: "
        f"{first.steps:,} steps; rates of {rates.machine}, {rates.cores} cores"
    )
    if first.images != rates.samples:
        say(f"the rates were measured with {rates.samples:,} samples")
    rows = [
        (
            str(one.processes),
            str(one.machines),
            f"{1e3 * one.step:.3g} ms",
            f"{100 * one.exchange / one.step:.0f} %",
            f"{100 * one.efficiency:.0f} %",
            in_words(one.preparation),
            in_words(one.seconds),
            decimal(one.memory),
            decimal(one.traffic),
        )
        for one in found
    ]
    heads = ("processes", "machines", "step", "exchange", "efficiency", "preparation", "in all", "memory each", "sent")
    print_table("what it takes", rows, heads)
    where = "on disk, if there is a cache" if rates.on_disk else "in the memory of each process"
    say(f"spectra: {decimal(first.spectra)}, {where}; sent: bytes of each process per step")


def in_words(seconds: float) -> str:
    """Return a time in a unit that suits it.

    >>> in_words(0.5), in_words(90), in_words(86400), in_words(10 * 86400)
    ('0.5 s', '90 s', '24 h', '10 days')
    """
    for unit, size, most in (("s", 1, 600), ("min", 60, 7200), ("h", 3600, 172_800)):
        if seconds < most:
            return f"{seconds / size:.3g} {unit}"
    return f"{seconds / 86400:,.3g} days"
