"""``freqnet compare``: the same networks in several domains."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import Any

from freqnet.cli.console import complain, print_table, say
from freqnet.cli.interrupt import Interrupted, check_interrupt
from freqnet.compare import Compared, Comparison, Outcome, compare
from freqnet.compare.engine import ASKED, FIGURES, PAGE
from freqnet.compare.tables import KINDS, error_rows, failures, figure_rows
from freqnet.errors import ConfigurationError, got_expected
from freqnet.training.files import write_json


def make_comparison(
    data: str, domains: str, seeds: int, out: Path | None, folder: Path | None, *choices: dict[str, Any]
) -> Comparison:
    """Return what was asked for on the command line; `choices` are fractions, model and settings."""
    if seeds < 1:
        raise ConfigurationError(got_expected("seeds", seeds, "at least 1", "change --seeds"))
    names = tuple(name.strip() for name in domains.split(",") if name.strip())
    out = out or Path("runs") / f"{Path(data).stem}-compare"
    return Comparison(data, names, tuple(range(seeds)), out, folder, *choices)


def compare_domains(
    comparison: Comparison, *, resume: bool, processes: int | None, json_file: Path | None = None
) -> int:
    """Compare, print a line as each run ends and the figures at the end; return 1 if a run failed, else 0."""
    follower = Follower(len(comparison.seeds) * len(comparison.domains))
    try:
        compared = compare(comparison, resume=resume, processes=processes, progress=follower)
    except Interrupted:
        if not (comparison.path / ASKED).is_file():
            raise
        todo = "the same command with --resume goes on"
        raise Interrupted(f"interrupted; complete runs and epochs are safe in {comparison.out}: {todo}") from None
    if json_file is not None:
        write_json(json_file, compared.as_dict())
    show(compared)
    say(f"{shlex.quote(str(comparison.out))}: {FIGURES}, {PAGE}, and a folder for each run")
    return 0 if compared.ok else 1


class Follower:
    """Prints a line as each run ends."""

    def __init__(self, total: int) -> None:
        self.total, self.done = total, 0

    def __call__(self, outcome: Outcome) -> None:
        """Take what came out of a run."""
        check_interrupt()
        self.done += 1
        text = f"failed: {outcome.reason}"
        if outcome.ok:
            metrics = outcome.metrics
            text = f"test accuracy {metrics['test_accuracy']:.2%}, {metrics['train_seconds']:.1f} s of training"
        kept = " (kept)" if outcome.kept else ""
        say(f"[{self.done}/{self.total}] {outcome.domain}, seed {outcome.seed}: {text}{kept}")


def show(compared: Compared) -> None:
    """Print the figures of every domain, and the errors of its operations."""
    names = tuple(domain.domain for domain in compared.domains)
    print_table(f"{compared.dataset}, {len(compared.outcomes)} runs", figure_rows(compared), ("", *names))
    for kind in KINDS:
        title = f"operations in {kind}: largest error against samples in float64"
        print_table(title, error_rows(compared, [kind]), ("", *names))
    for line in failures(compared):
        complain(f"warning: a run failed: {line}")
