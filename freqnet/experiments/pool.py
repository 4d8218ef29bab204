"""Runs on the cores of this machine, each in a process of its own."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import BrokenExecutor, CancelledError, Executor, ProcessPoolExecutor, as_completed
from multiprocessing import active_children, get_context, parent_process
from multiprocessing.connection import wait

from freqnet.experiments.work import Outcome, Task, work
from freqnet.spawning import interrupts_deferred

_SUDDEN_END = "its process ended suddenly, perhaps for want of memory; try fewer --processes, or smaller --widths"


def in_processes(tasks: Sequence[Task], processes: int) -> Iterator[Outcome]:
    """Do runs on this machine, and yield what comes out of each as it ends.

    A process that dies takes the pool with it: what was left goes on one run at a time, from its checkpoints, so
    that only a run that dies alone has failed. For runs that fill the memory together this is what helps.
    """
    left = list(tasks)
    for outcome in _round(left, processes):
        left = [task for task in left if task.key != outcome.key]
        yield outcome
    for task in left:
        yield from list(_round([task], 1)) or [task.failed(_SUDDEN_END)]


def _round(tasks: Sequence[Task], processes: int) -> Iterator[Outcome]:
    """What comes out of runs, until a process dies."""
    if not tasks:
        return
    others = set(active_children())
    # Spawned: a fork would copy locks that other threads hold. One run a process: the peak of its memory is its own.
    with ProcessPoolExecutor(
        min(processes, len(tasks)), get_context("spawn"), _begin_process, max_tasks_per_child=1
    ) as pool:
        try:
            yield from in_executor(tasks, pool, cancel=False)
        except BrokenExecutor:
            return
        except BaseException:  # an interrupt, or a reader who wants no more: what is complete is kept
            # Futures are the pool's to cancel: its thread fails over those that others have cancelled.
            pool.shutdown(wait=False, cancel_futures=True)
            for child in set(active_children()) - others:
                child.terminate()
            raise


def in_executor(tasks: Sequence[Task], executor: Executor, cancel: bool = True) -> Iterator[Outcome]:
    """Do runs through any executor, and yield what comes out of each as it ends.

    With `cancel`, runs that have not begun are taken back where nobody waits for them any more.

    Raises
    ------
    concurrent.futures.BrokenExecutor
        A process of the executor died; other errors are those of single runs.
    """
    with interrupts_deferred():
        waiting = {executor.submit(work, task): task for task in tasks}
    try:
        for future in as_completed(waiting):
            error = CancelledError("cancelled") if future.cancelled() else future.exception()
            if isinstance(error, BrokenExecutor):
                raise error
            task = waiting[future]
            yield future.result() if error is None else task.failed(f"{type(error).__name__}: {error}")
    finally:
        for future in waiting if cancel else ():
            future.cancel()


def _begin_process() -> None:
    """End with the process that started this one, even if that is killed: its run is to be free to be taken up."""
    parent = parent_process()
    if parent is not None:
        threading.Thread(target=lambda: (wait([parent.sentinel]), os._exit(1)), daemon=True).start()
