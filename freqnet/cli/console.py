"""What the terminal shows: the progress bar, tables, and one line for every error."""

from __future__ import annotations

import sys
from typing import Any


def say(message: str) -> None:
    """Print a line to standard output."""
    print(message, flush=True)


def complain(message: str) -> None:
    """Print one error line to standard error."""
    print(f"freqnet: {' '.join(str(message).split())}", file=sys.stderr, flush=True)


def print_table(title: str, rows: list[tuple[Any, ...]], header: tuple[str, ...] = ()) -> None:
    """Print rows as a table; numbers are the caller's to format."""
    from rich.console import Console
    from rich.table import Table

    table = Table(title=title, title_justify="left", show_header=bool(header))
    for index, name in enumerate(header or ("",) * len(rows[0])):
        table.add_column(name, justify="left" if index == 0 else "right", no_wrap=True)
    for row in rows:
        table.add_row(*(str(value) for value in row))
    # Piped output has no width of its own: let no column be cut.
    Console(width=None if sys.stdout.isatty() else 120).print(table)


class TrainingBar:
    """A progress bar over all steps: loss, accuracy, images a second, time left.

    On a terminal the bar moves; elsewhere one line an epoch is printed.
    """

    def __init__(self, epochs: int, steps_an_epoch: int, quiet: bool = False) -> None:
        self.epochs, self.steps = epochs, steps_an_epoch
        self.quiet = quiet
        self.bar: Any = None
        self.task: Any = None

    def __enter__(self) -> TrainingBar:
        if not self.quiet and sys.stdout.isatty():
            from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

            self.bar = Progress(
                TextColumn("{task.description}"),
                BarColumn(),
                MofNCompleteColumn(),
                TextColumn("{task.fields[figures]}"),
                TimeRemainingColumn(),
            )
            self.bar.start()
            self.task = self.bar.add_task("training", total=self.epochs * self.steps, figures="")
        return self

    def __exit__(self, *exception: object) -> None:
        if self.bar is not None:
            self.bar.stop()

    def __call__(self, figures: dict[str, Any]) -> None:
        """Show the figures of a step or of an epoch."""
        done = (figures["epoch"] - 1) * self.steps + figures["step"] if "step" in figures else None
        if self.bar is not None:
            done = figures["epoch"] * self.steps if done is None else done
            self.bar.update(self.task, completed=done, figures=_line(figures), description=self._epoch(figures))
        elif done is None and not self.quiet and "restored" not in figures:
            say(f"{self._epoch(figures)}  {_line(figures)}")

    def _epoch(self, figures: dict[str, Any]) -> str:
        return f"epoch {figures['epoch']}/{self.epochs}"


def _line(figures: dict[str, Any]) -> str:
    parts = [f"loss {figures['loss']:.4f}", f"accuracy {figures['accuracy']:.2%}"]
    if "validation_accuracy" in figures:
        parts.append(f"validation {figures['validation_loss']:.4f} / {figures['validation_accuracy']:.2%}")
    return "  ".join([*parts, f"{figures['images_per_second']:,.0f} images/s"])
