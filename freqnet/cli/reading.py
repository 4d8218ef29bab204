"""The progress of reading many files, as a bar on the terminal."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager

from freqnet.cli.console import counted
from freqnet.cli.interrupt import check_interrupt
from freqnet.data.following import followed

# Fewer files are read before anyone looks.
_MANY_FILES = 500


@contextmanager
def reading_shown(is_shown: bool = True) -> Iterator[None]:
    """Show a bar inside the block while many files are read; on a terminal only, and not beyond the reading."""
    bars = ExitStack()
    own: list[Callable[[str, int, int], None]] = []

    def show(what: str, done: int, total: int) -> None:
        check_interrupt()
        if not is_shown or total < _MANY_FILES:
            return
        if done == 0:
            own[:] = [bars.enter_context(counted())]
        own[0](what, done, total)
        if done == total:
            bars.close()

    with bars, followed(show):
        yield
