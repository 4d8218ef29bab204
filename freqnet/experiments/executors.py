"""Do the runs of a comparison through an executor: processes of this machine, threads, or a cluster."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import BrokenExecutor, CancelledError, Executor

from freqnet.experiments.work import Outcome, Task, work
from freqnet.processes import completed, spawned

_SUDDEN_END = "its process ended suddenly, perhaps because the memory was full; try fewer processes, or smaller widths"


def in_processes(tasks: Sequence[Task], processes: int) -> Iterator[Outcome]:
    """Do runs on this machine, each in a process of its own, and yield each outcome as its run ends.

    If a process dies, no other process of the same executor can go on. The runs that are left then continue from their
    checkpoints, one at a time, and only a run whose process dies again has failed. This also helps runs that
    fill the memory only together.
    """
    left = list(tasks)
    for outcome in _until_one_dies(left, processes):
        left = [task for task in left if task.key != outcome.key]
        yield outcome
    for task in left:
        yield from list(_until_one_dies([task], 1)) or [task.failed(_SUDDEN_END)]


def _until_one_dies(tasks: Sequence[Task], processes: int) -> Iterator[Outcome]:
    if not tasks:
        return
    try:
        # One run per process: the peak of its memory is that of the run.
        with spawned(min(processes, len(tasks)), tasks_per_process=1) as executor:
            yield from in_executor(tasks, executor)
    except BrokenExecutor:
        return


def in_executor(tasks: Sequence[Task], executor: Executor) -> Iterator[Outcome]:
    """Do runs through any executor, and yield each outcome as its run ends.

    Raises
    ------
    concurrent.futures.BrokenExecutor
        A process of the executor died; other errors are those of single runs.
    """
    for task, future in completed(executor, work, tasks):
        error = CancelledError("cancelled") if future.cancelled() else future.exception()
        if isinstance(error, BrokenExecutor):
            raise error
        yield future.result() if error is None else task.failed(f"{type(error).__name__}: {error}")
