"""Output on the terminal: lines, tables, the progress bar, and one line per error."""

from __future__ import annotations

import io
import os
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import Any

from freqnet.cli.interrupt import check_interrupt


def say(message: str) -> None:
    """Print a line to standard output."""
    try:
        print(message, flush=True)
    except OSError as error:
        mute()
        # The work goes on if the reader of the output has ended (head, a closed pager).
        if not isinstance(error, BrokenPipeError):
            raise


def mute() -> None:
    """Send standard output to the null device: the rest of its buffer could not be written either."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, sys.stdout.fileno())
    os.close(nowhere)


def complain(message: str) -> None:
    """Print one error line to standard error."""
    # Without a standard error only the exit status tells of the error.
    with suppress(OSError):
        if sys.stderr is not None:
            print(f"freqnet: {' '.join(str(message).split())}", file=sys.stderr, flush=True)


def on_terminal() -> bool:
    """Return whether standard output is a terminal; it may also be closed."""
    return sys.stdout is not None and sys.stdout.isatty()


# A text of more characters may be wrapped.
_LONG = 60


def print_table(title: str, rows: Sequence[tuple[Any, ...]], header: tuple[str, ...] = ()) -> None:
    """Print rows as a table; the caller formats the numbers. Long texts wrap, and leave the other columns whole."""
    from rich.table import Table
    from rich.text import Text

    table = Table(show_header=bool(header))
    for index, name in enumerate(header or ("",) * len(rows[0])):
        width = max([len(name), *(len(str(row[index])) for row in rows)])
        if width > _LONG:
            table.add_column(name, overflow="fold")
        else:
            table.add_column(name, justify="left" if index == 0 else "right", no_wrap=True, min_width=width)
    for row in rows:
        # In a plain string, rich would read square brackets as markup.
        table.add_row(*(Text(str(value)) for value in row))
    say(title)
    print_rich(table)


def print_rich(table: Any) -> None:
    """Print a table of rich."""
    from rich.console import Console

    encoding = getattr(sys.stdout, "encoding", None) or "utf-8"
    memory = io.BytesIO()
    with io.TextIOWrapper(memory, encoding, errors="replace", write_through=True) as page:
        # Piped output has no width; at 200 characters no column is cut.
        Console(file=page, width=None if on_terminal() else 200, force_terminal=on_terminal()).print(table)
        text = memory.getvalue().decode(encoding)
    say("\n".join(line.rstrip() for line in text.splitlines()))


@contextmanager
def counted() -> Iterator[Callable[[str, int, int], None]]:
    """Yield a function that shows what is done, the finished steps and their total; on a terminal only."""
    if not on_terminal():
        yield lambda what, done, total: check_interrupt()
        return
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

    with Progress(TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), transient=True) as bar:
        task = bar.add_task("", total=None)

        def show(what: str, done: int, total: int) -> None:
            check_interrupt()
            # A measurement that ends before the next refresh is shown as well.
            bar.update(task, description=what, completed=done, total=total, refresh=done == 0)

        yield show
