"""Starting processes that never see Ctrl-C: the one that started them stops them."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any


@contextmanager
def interrupts_deferred() -> Iterator[None]:
    """Let processes that start inside the block ignore Ctrl-C for good, and this one heed it when the block ends.

    An interrupt in the middle of a start would leave a process that waits for what it is to do.

    >>> with interrupts_deferred():
    ...     pass
    """
    if not hasattr(signal, "pthread_sigmask") or threading.current_thread() is not threading.main_thread():
        yield
        return
    before, seen = signal.getsignal(signal.SIGINT), list[Any]()
    # The mask is what processes inherit. It does not keep the signal from other threads of this one, a library's, and
    # Python would then run its handler here all the same.
    signal.signal(signal.SIGINT, lambda *arguments: seen.append(arguments))
    mask = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, mask)
        signal.signal(signal.SIGINT, before)
        if seen and callable(before):
            before(*seen[0])
