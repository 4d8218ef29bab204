"""Processes that MPI has started, on one machine or on many."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from itertools import accumulate, pairwise
from math import isfinite
from types import ModuleType
from typing import Any

import numpy as np

from freqnet.errors import require_package
from freqnet.kernels import threads
from freqnet.kernels.threads import THREAD_VARIABLES, core_count, in_threads, thread_limit
from freqnet.launcher import launched_here
from freqnet.training.parallel.gradients import Figures, PartialGradient, Shards, summed
from freqnet.training.parallel.team import Team


class MPITeam(Team):
    """The processes of a communicator of MPI; each runs the same program.

    Gradients are added piece by piece: each process gets one piece of every part's vector, adds them in the order of
    the parts, and hands the sum to all. That moves as many numbers as a sum in a ring does.

    Parameters
    ----------
    communicator : mpi4py.MPI.Comm, optional
        By default all processes, ``MPI.COMM_WORLD``.

    Raises
    ------
    ConfigurationError
        The package ``mpi4py`` is not installed.

    Examples
    --------
    A program ``train.py``, to be started by ``mpirun -n 4 python -m mpi4py train.py``, which ends all processes if one
    fails::

        network = Network(...)
        history = fit(network, analyse(network, dataset), settings=Settings(shards=4), team=MPITeam())
    """

    def __init__(self, communicator: Any = None) -> None:
        mpi = _require_mpi()
        self.communicator = mpi.COMM_WORLD if communicator is None else communicator
        self.rank, self.size = self.communicator.Get_rank(), self.communicator.Get_size()

    def gradients(self, batch: Shards) -> tuple[float, dict[str, float], float]:
        found = self.partial.compute(batch, self.parts(self.rank))
        told: list[list[Figures]] = self.communicator.allgather([one.figures for one in found])
        figures = sorted(own for figures in told for own in figures)
        if not all(isfinite(own.loss) for own in figures):
            return self.partial.apply(figures, np.empty(0))
        return self.partial.apply(figures, self._sum(found, [[own.part for own in row] for row in told]))

    def _sum(self, found: list[PartialGradient], parts: list[list[int]]) -> np.ndarray:
        """Return the sum of the vectors of all processes, in the order of the parts.

        Parameters
        ----------
        found : list of PartialGradient
            Those of this process.
        parts : list of list of int
            The parts that each process has computed.
        """
        length, counts = self.partial.length, list(map(len, parts))
        piece = -(-length // self.size)
        dtype = self.partial.dtype
        padded = np.zeros((len(found), self.size * piece), dtype)
        for row, one in zip(padded, found, strict=True):
            row[:length] = one.vector
        # One row of pieces for each process: a piece of every vector.
        sent = np.ascontiguousarray(padded.reshape(len(found), self.size, piece).swapaxes(0, 1))
        taken = np.empty((sum(counts), piece), dtype)
        firsts = [0, *accumulate(counts)][:-1]
        self.communicator.Alltoallv(
            [sent, ([len(found) * piece] * self.size, [i * len(found) * piece for i in range(self.size)])],
            [taken, ([n * piece for n in counts], [first * piece for first in firsts])],
        )
        order = np.argsort([part for own in parts for part in own])
        own = summed([taken[row] for row in order])
        total = np.empty(self.size * piece, dtype)
        self.communicator.Allgather(own, total)
        return total[:length]

    def each(
        self, function: Callable[[np.ndarray], object], arrays: Sequence[np.ndarray], costs: Sequence[float]
    ) -> None:
        if sum(costs) < threads.WORTH_DIVIDING:
            in_threads(function, arrays, costs)
            return
        owned: list[list[int]] = [[] for _ in range(self.size)]
        work = [0.0] * self.size
        # The next longest goes to the process with the least work.
        for i in sorted(range(len(arrays)), key=lambda i: -costs[i]):
            place = work.index(min(work))
            owned[place].append(i)
            work[place] += costs[i]
        own = owned[self.rank]
        in_threads(function, [arrays[i] for i in own], [costs[i] for i in own])
        # A process may have none.
        sent = np.concatenate([np.empty(0, arrays[0].dtype), *(arrays[i].ravel() for i in own)])
        counts = [sum(arrays[i].size for i in group) for group in owned]
        firsts = [0, *accumulate(counts)]
        taken = np.empty(firsts[-1], sent.dtype)
        self.communicator.Allgatherv(sent, [taken, (counts, firsts[:-1])])
        for place, group in enumerate(owned):
            if place != self.rank:
                ends = accumulate((arrays[i].size for i in group), initial=firsts[place])
                for i, (first, stop) in zip(group, pairwise(ends), strict=True):
                    arrays[i][...] = taken[first:stop].reshape(arrays[i].shape)

    def limits(self) -> AbstractContextManager[None]:
        # Processes that are bound to cores of their own see only these. What the user says counts.
        if _is_bound() or any(os.environ.get(name) for name in THREAD_VARIABLES):
            return nullcontext()
        return thread_limit(max(1, core_count() // launched_here()))

    def agree(self, value: Any) -> Any:
        return self.communicator.bcast(value, 0)

    def tell(self, value: Any) -> list[Any]:
        return self.communicator.allgather(value)  # type: ignore[no-any-return]

    def abort(self, status: int) -> None:
        """End all processes at once."""
        self.communicator.Abort(status)


def _require_mpi() -> ModuleType:
    require_package("mpi4py", "training by several processes of MPI", "mpi")
    from mpi4py import MPI

    return MPI  # type: ignore[no-any-return]


def _is_bound() -> bool:
    """Return whether this process may use only some of the cores of the machine."""
    return core_count() < (os.cpu_count() or 1)
