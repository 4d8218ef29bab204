"""How far the reading of many files is, for whoever shows it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TypeVar

Item = TypeVar("Item")
# Called with what is done, the number of finished steps and their total.
Show = Callable[[str, int, int], None]

_show: ContextVar[Show | None] = ContextVar("show_reading", default=None)


@contextmanager
def followed(show: Show | None) -> Iterator[None]:
    """Call a function at each step of reading inside the block; None shows nothing.

    Examples
    --------
    >>> with followed(lambda what, done, total: print(f"{what}: {done} of {total}")):
    ...     read = list(counted("letters", "ab", 2))
    letters: 0 of 2
    letters: 1 of 2
    letters: 2 of 2
    """
    token = _show.set(show)
    try:
        yield
    finally:
        _show.reset(token)


def counted(what: str, items: Iterable[Item], total: int) -> Iterator[Item]:
    """Yield items, and tell how many there were to the function of `followed`."""
    show = _show.get() or (lambda what, done, total: None)
    show(what, 0, total)
    for done, item in enumerate(items, 1):
        yield item
        show(what, done, total)
