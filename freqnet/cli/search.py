"""The command ``freqnet search``: show the trials as they end, and the best choices."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import Any

from freqnet.cli.console import complain, counted, print_table, say
from freqnet.cli.interrupt import Interrupted, check_interrupt
from freqnet.errors import printable
from freqnet.experiments import Search, Searched, Tried, search
from freqnet.experiments.search import ASKED, BEST, RESULTS
from freqnet.experiments.tables import NONE
from freqnet.tasks import is_share
from freqnet.training import Progress
from freqnet.training.files import write_json

# Rows of the table, beside that of the default.
SHOWN = 5


def search_choices(asked: Search, *, resume: bool, processes: int, json_file: Path | None) -> int:
    """Search, print a line as each trial ends and the best trials at the end, and return the exit status."""
    try:
        with counted() as bar:
            follower = Follower(asked, bar)
            callbacks = [Progress(follower.step)]
            found = search(asked, resume=resume, processes=processes, progress=follower, callbacks=callbacks)
    except Interrupted:
        if not (asked.path / ASKED).is_file():
            raise
        todo = "repeat the command with --resume to continue"
        raise Interrupted(f"interrupted; trials and complete epochs are safe in {asked.folder}: {todo}") from None
    if json_file is not None:
        write_json(json_file, found.as_dict())
    show(found)
    return 0


class Follower:
    """Print a line as each trial ends, and move the bar."""

    def __init__(self, asked: Search, bar: Any) -> None:
        self.asked, self.bar, self.ended = asked, bar, 0

    def step(self, figures: dict[str, Any]) -> None:
        """Show the epoch of a trial."""
        check_interrupt()
        if figures.get("step") == 1:
            self.bar(f"trials; epoch {figures['epoch']}", self.ended, self.asked.trials)

    def __call__(self, tried: Tried, ended: int) -> None:
        """Print a trial."""
        check_interrupt()
        self.ended = ended
        say(f"[{self.ended}/{self.asked.trials}] trial {tried.number}: {result(tried)}; {chosen(self.asked, tried)}")
        self.bar("trials", self.ended, self.asked.trials)


def result(tried: Tried) -> str:
    """Return the figures of a trial in words."""
    if tried.state == "failed":
        return f"failed: {tried.reason}"
    figures = [f"{name.replace('_', ' ')} {text}" for name, text in _figures(tried)]
    stopped = f", stopped after {tried.epochs} epochs" if tried.state == "pruned" else ""
    return ", ".join(figures) + stopped


def _figures(tried: Tried) -> list[tuple[str, str]]:
    form = {True: "{:.2%}", False: "{:.4f}"}
    return [(n, form[is_share(n)].format(v)) for n, v in tried.figures.items() if n != "epoch"]


def chosen(asked: Search, tried: Tried) -> str:
    """Return the choices of a trial as they are written in the space."""
    if tried.is_default:
        return "default"
    names = {own.name: own.choice.option.strip("-") for own in asked.dimensions}
    values = {name: f"{v:.4g}" if isinstance(v, float) else printable(str(v)) for name, v in tried.choices.items()}
    return " ".join(f"{names[name]}={value}" for name, value in values.items())


def show(found: Searched) -> None:
    """Print the best trials beside the default, and the files."""
    asked, default = found.search, found.default
    best = found.ranked[:SHOWN]
    rows = [
        _row(asked, tried) for tried in [*best, *([default] if default is not None and default not in best else [])]
    ]
    header = ("trial", *(name.replace("_", " ") for name, _ in _figures(best[0])), "epoch", "choices")
    states = [tried.state for tried in found.trials]
    counts = ", ".join(f"{states.count(name)} {name}" for name in dict.fromkeys(states))
    print_table(f"{found.dataset}, {len(states)} trials ({counts}), on a fold of the training part", rows, header)
    for reason in dict.fromkeys(tried.reason for tried in found.trials if tried.reason):
        numbers = ", ".join(str(tried.number) for tried in found.trials if tried.reason == reason)
        complain(f"note: failed, trial {numbers}: {reason}")
    if "running" in states:
        say(f"{states.count('running')} still running in other processes; --resume continues those that were killed")
    say(f"{shlex.quote(str(asked.folder))}: {RESULTS}, {BEST}, and a folder for each trial")
    say(f"train with the best: {shlex.join(['freqnet', 'train', '--config', str(asked.folder / BEST)])}")


def _row(asked: Search, tried: Tried) -> tuple[str, ...]:
    figures = [text for _, text in _figures(tried)] or [NONE, NONE]
    name = f"{tried.number} (default)" if tried.is_default else str(tried.number)
    return (name, *figures, str(tried.figures.get("epoch", NONE)), chosen(asked, tried))
