"""Interrupts: Ctrl-C, a request to terminate, or a closed terminal end a command without loss of results."""

from __future__ import annotations

import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any


class Interrupted(BaseException):
    """The program was asked to stop. Not an `Exception`, because libraries catch those."""

    def __init__(self, message: str = "interrupted before anything was written; run the command again") -> None:
        super().__init__(message)


class _Request:
    pending = False


def _stop(signum: int, frame: Any) -> None:
    # Only once: a second interrupt would break the clean-up after the first.
    if not _Request.pending:
        _Request.pending = True
        raise Interrupted


def check_interrupt() -> None:
    """Raise an interrupt that was lost: Python drops exceptions from destructors and from callbacks in C."""
    if _Request.pending:
        raise Interrupted


@contextmanager
def interruptible(own_process: bool) -> Iterator[None]:
    """Raise `Interrupted` at signals that ask the program to stop.

    Parameters
    ----------
    own_process : bool
        Whether the process ends after this block: signals are then ignored from there on. Otherwise the previous
        handlers are restored.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    hook, _Request.pending = sys.unraisablehook, False
    numbers = [getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name)]
    # Ignored signals stay ignored: nohup and shells with background jobs rely on that.
    before = {n: signal.getsignal(n) for n in numbers if signal.getsignal(n) is not signal.SIG_IGN}
    try:
        sys.unraisablehook = lambda lost: None if lost.exc_type is Interrupted else hook(lost)
        for number in before:
            signal.signal(number, _stop)
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, signal.SIG_IGN if own_process else handler)
        if not own_process:
            sys.unraisablehook = hook
