"""The command ``freqnet train --seeds``: the same run from several seeds, and the spread of its figures."""

from __future__ import annotations

import shlex
from typing import Any

from freqnet.cli.compare import Follower
from freqnet.cli.console import complain, print_table, say
from freqnet.cli.interrupt import Interrupted, check_interrupt
from freqnet.data.loaders import source_name
from freqnet.data.registry import is_named
from freqnet.experiments import Job, Repeated, Spread, run_seeds
from freqnet.experiments.seeds import ASKED, SEEDS, seeds_folder
from freqnet.experiments.tables import NONE
from freqnet.tasks import is_share

HEADER = ("", "mean", "standard deviation", "lowest", "highest")


def train_seeds(
    job: Job, seeds: int, *, processes: int | None, resume: bool, overwrite: bool, quiet: bool, device: str | None
) -> int:
    """Train from every seed, print a line as each run ends and the spread at the end, and return the exit status.

    The status is 1 if a run failed, else 0.
    """
    folder = seeds_folder(job, job.data if is_named(job.data) else source_name(job.data))
    follower = (lambda outcome: check_interrupt()) if quiet else Follower(seeds)
    how: dict[str, Any] = {"resume": resume, "overwrite": overwrite, "processes": processes, "device": device}
    try:
        found = run_seeds(job, seeds, **how, progress=follower)
    except Interrupted:
        if not (folder / ASKED).is_file():
            raise
        todo = "repeat the command with --resume, and without --overwrite, to continue"
        raise Interrupted(f"interrupted; complete runs and epochs are safe in {folder}: {todo}") from None
    for outcome in (outcome for outcome in found.outcomes if not outcome.ok):
        complain(f"warning: a run failed: seed {outcome.seed}: {outcome.reason}")
    if not quiet:
        print_table(f"{found.dataset}, {len(found.outcomes)} seeds", rows(found), HEADER)
        say(f"{shlex.quote(str(folder))}: {SEEDS}, and a folder for each seed")
    return 0 if found.ok else 1


def rows(found: Repeated) -> list[tuple[str, ...]]:
    """Return the name, the mean and the spread of every figure."""
    return [(name.replace("_", " "), *_texts(name, spread)) for name, spread in found.spreads.items()]


def _texts(name: str, spread: Spread) -> list[str]:
    values = (spread.mean, spread.deviation, spread.lowest, spread.highest)
    form = "{:.2%}".format if is_share(name) else "{:.4g}".format
    return [NONE if value is None else form(value) for value in values]
