"""The command ``freqnet compare``: show the progress and the figures of a comparison."""

from __future__ import annotations

import shlex
import shutil
from pathlib import Path

from freqnet.cli.console import complain, on_terminal, print_table, say
from freqnet.cli.interrupt import Interrupted, check_interrupt
from freqnet.experiments import Compared, Comparison, Outcome, compare
from freqnet.experiments.engine import ASKED, FIGURES, PAGE
from freqnet.experiments.sizes import KINDS
from freqnet.experiments.tables import blocks, error_rows, failures, figure_rows, names, node_columns, node_rows, notes
from freqnet.tasks import get_task
from freqnet.training.files import write_json


def compare_domains(
    comparison: Comparison, *, resume: bool, processes: int | None, json_file: Path | None = None
) -> int:
    """Compare, print a line as each run ends and the figures at the end, and return the exit status.

    The status is 1 if a run failed, else 0.
    """
    follower = Follower(len(comparison.runs()))
    try:
        compared = compare(comparison, resume=resume, processes=processes, progress=follower)
    except Interrupted:
        if not (comparison.path / ASKED).is_file():
            raise
        todo = "repeat the command with --resume to continue"
        raise Interrupted(f"interrupted; complete runs and epochs are safe in {comparison.out}: {todo}") from None
    if json_file is not None:
        write_json(json_file, compared.as_dict())
    show(compared)
    say(f"{shlex.quote(str(comparison.out))}: {FIGURES}, {PAGE}, and a folder for each run")
    return 0 if compared.ok else 1


class Follower:
    """Print a line as each run ends."""

    def __init__(self, total: int) -> None:
        self.total, self.done = total, 0

    def __call__(self, outcome: Outcome) -> None:
        """Print the outcome of a run."""
        check_interrupt()
        self.done += 1
        text = f"failed: {outcome.reason}"
        if outcome.ok:
            metrics = outcome.metrics
            task = get_task(metrics.get("task"))
            score = task.text(metrics[f"test_{task.score}"])
            text = f"test {task.score} {score}, {metrics['train_seconds']:.1f} s of training"
        kept = " (kept)" if outcome.kept else ""
        say(f"[{self.done}/{self.total}] {outcome.label}, seed {outcome.seed}: {text}{kept}")


def show(compared: Compared) -> None:
    """Print the figures of every domain and the errors of its operations."""
    header = ("", *names(compared))
    layout = compared.info.get("reading", {}).get("layout")
    if layout:
        say(f"x was read as {layout}")
    _print(f"{compared.dataset}, {len(compared.outcomes)} runs", figure_rows(compared), header)
    for kind in KINDS:
        title = f"operations in {kind}: largest error against samples in float64"
        _print(title, error_rows(compared, [kind]), header)
    rows = node_rows(compared)
    if rows:
        print_table(f"{compared.task.score} and number of nodes", rows, node_columns(compared))
    for line in notes(compared):
        say(f"note: {line}")
    for line in failures(compared):
        complain(f"warning: a run failed: {line}")


def _print(title: str, rows: list[tuple[str, ...]], header: tuple[str, ...]) -> None:
    """Print a table, split into several with fewer columns where it is too wide for the terminal."""
    width = shutil.get_terminal_size((200, 24)).columns if on_terminal() else 200
    for number, (columns, part) in enumerate(blocks(header, rows, width - 1)):
        print_table(f"{title} (continued)" if number else title, part, columns)
