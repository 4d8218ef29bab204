"""Processes that work for this one, and end with it: at an interrupt, at an error, and when this process is killed."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Executor, Future, ProcessPoolExecutor, as_completed
from contextlib import contextmanager
from multiprocessing import active_children, get_context, parent_process
from multiprocessing.connection import wait
from typing import Any, TypeVar

Task = TypeVar("Task")


@contextmanager
def spawned(
    count: int, begin: Callable[..., Any] | None = None, *arguments: Any, tasks_per_process: int | None = None
) -> Iterator[Executor]:
    """Yield an executor whose processes are terminated when the block ends by an error or an interrupt.

    Parameters
    ----------
    count : int
        Number of processes at a time.
    begin : callable, optional
        Each process calls this, with `arguments`, before its first task.
    tasks_per_process : int, optional
        Number of tasks after which a new process replaces one; by default processes are kept.
    """
    others = set(active_children())
    # Spawned: a fork would copy locks that other threads hold.
    executor = ProcessPoolExecutor(
        count, get_context("spawn"), _begin, (begin, arguments), max_tasks_per_child=tasks_per_process
    )
    try:
        yield executor
    except BaseException:
        # Another thread waits for the end: without waiting, `shutdown` drops what the executor's own thread still uses.
        ending = threading.Thread(target=executor.shutdown, kwargs={"cancel_futures": True})
        ending.start()
        while ending.is_alive():
            # Again and again: the executor may start a process in place of one that has just finished.
            for child in set(active_children()) - others:
                child.terminate()
            ending.join(0.05)
        raise
    finally:
        executor.shutdown(cancel_futures=True)


def _begin(begin: Callable[..., Any] | None, arguments: tuple[Any, ...]) -> None:
    """Begin in a new process, which ends when its parent is killed: another may then continue its work."""
    parent = parent_process()
    if parent is not None:
        threading.Thread(target=lambda: (wait([parent.sentinel]), os._exit(1)), daemon=True).start()
    if begin is not None:
        begin(*arguments)


def completed(
    executor: Executor, function: Callable[[Task], Any], tasks: Iterable[Task]
) -> Iterator[tuple[Task, Future]]:
    """Submit every task to an executor, and yield each with its future as it is done."""
    with _interrupts_deferred():
        waiting = {executor.submit(function, task): task for task in tasks}
    try:
        for future in as_completed(waiting):
            yield waiting[future], future
    finally:
        # Nobody waits for the others any more. A process pool cancels its own: its thread fails when others do.
        for future in () if isinstance(executor, ProcessPoolExecutor) else waiting:
            future.cancel()


@contextmanager
def _interrupts_deferred() -> Iterator[None]:
    """Let processes that start inside the block ignore Ctrl-C, and this process heed it when the block ends.

    An interrupt while a process starts would leave that process waiting for a task forever.
    """
    if not hasattr(signal, "pthread_sigmask") or threading.current_thread() is not threading.main_thread():
        yield
        return
    before, seen = signal.getsignal(signal.SIGINT), list[Any]()
    # Processes inherit the mask. It does not keep the signal from this process's other threads, such as a library's,
    # and Python would then run its handler here all the same.
    signal.signal(signal.SIGINT, lambda *arguments: seen.append(arguments))
    mask = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, mask)
        signal.signal(signal.SIGINT, before)
        if seen and callable(before):
            before(*seen[0])
