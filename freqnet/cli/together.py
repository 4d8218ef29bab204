"""Several processes at one training: which they are, and one line for an error of any of them."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace

from freqnet.cli.console import complain
from freqnet.cli.interrupt import Interrupted
from freqnet.errors import DivergenceError, TeamError, reason
from freqnet.experiments import Begun, Job
from freqnet.launcher import launched
from freqnet.training import DaskTeam, MPITeam, Team
from freqnet.training.parallel import default_shards


@contextmanager
def team_of(scheduler: str | None) -> Iterator[Team]:
    """Yield the processes of a training: workers of a Dask cluster, those that a launcher started, or this one."""
    team = DaskTeam(scheduler) if scheduler is not None else MPITeam() if launched() > 1 else Team()
    try:
        yield team
    finally:
        team.close()


def with_shards(job: Job, team: Team) -> Job:
    """Return a job whose batches have parts for all processes, if it does not say how many parts they have."""
    if team.size == 1 or job.settings.get("shards") is not None:
        return job
    return replace(job, settings={**job.settings, "shards": default_shards(team.size)})


def agreed(team: Team, begin: Callable[[], Begun]) -> Begun:
    """Begin a run in all processes; if one cannot, raise its error in all of them."""
    begun, error = None, None
    try:
        begun = begin()
    except Exception as found:
        error = found
    told = team.tell(None if error is None else reason(error))
    failed = next((rank for rank, text in enumerate(told) if text is not None), None)
    if failed is None:
        assert begun is not None
        return begun
    if begun is not None:
        begun.release()
    if error is not None and team.rank == failed:
        raise error
    raise TeamError(f"process {failed}: {told[failed]}")


@contextmanager
def ending_all(team: Team) -> Iterator[None]:
    """End all processes where one fails inside the block: the others would wait for it forever."""
    try:
        yield
    except DivergenceError:
        # All processes find it.
        raise
    except BaseException as error:
        if not isinstance(team, MPITeam):
            raise
        # An interrupt reaches all processes, and the first one tells of it.
        if not (team.rank and isinstance(error, Interrupted)):
            complain(f"process {team.rank}: {reason(error)}" if team.rank else reason(error))
            # The launcher needs time to pass the line on before it ends all processes.
            time.sleep(0.5)
        team.abort(2)
