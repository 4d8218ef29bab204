"""Processes that MPI has started, on one machine or on many."""

from __future__ import annotations

import os
from contextlib import AbstractContextManager, nullcontext
from itertools import accumulate
from math import isfinite
from types import ModuleType
from typing import Any

import numpy as np

from freqnet.errors import require_package
from freqnet.kernels.threads import THREAD_VARIABLES, core_count, thread_limit
from freqnet.processes import number_in_environment
from freqnet.training.parallel.gradients import Figures, PartialGradient, Shards, summed
from freqnet.training.parallel.team import Team

# Number of processes on this machine, as launchers tell it: Open MPI; MPICH, Intel MPI and others.
_LOCAL_SIZES = ("OMPI_COMM_WORLD_LOCAL_SIZE", "MPI_LOCALNRANKS")


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
        self.mpi = _require_mpi()
        self.communicator = self.mpi.COMM_WORLD if communicator is None else communicator
        self.rank, self.size = self.communicator.Get_rank(), self.communicator.Get_size()

    def gradients(self, batch: Shards) -> tuple[float, dict[str, float], float]:
        shards = self.partial.run.settings.shards
        parts = range(self.rank, shards, self.size)
        found = [one for part in parts if (one := self.partial.compute(batch, part)) is not None]
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
        # One row of pieces for each process: a piece of every vector.
        sent = np.zeros((self.size, len(found), piece), dtype)
        for i, one in enumerate(found):
            padded = np.zeros(self.size * piece, dtype)
            padded[:length] = one.vector
            sent[:, i] = padded.reshape(self.size, piece)
        taken = np.empty((sum(counts), piece), dtype)
        firsts = [0, *accumulate(counts)][:-1]
        self.communicator.Alltoallv(
            [sent, ([len(found) * piece] * self.size, [i * len(found) * piece for i in range(self.size)])],
            [taken, ([n * piece for n in counts], [first * piece for first in firsts])],
        )
        rows = sorted(zip([part for own in parts for part in own], range(len(taken)), strict=True))
        own = summed([taken[row] for _, row in rows])
        total = np.empty(self.size * piece, dtype)
        self.communicator.Allgather(own, total)
        return total[:length]

    def limits(self) -> AbstractContextManager[None]:
        # Processes that are bound to cores of their own see only these. What the user says counts.
        if _is_bound() or any(os.environ.get(name) for name in THREAD_VARIABLES):
            return nullcontext()
        return thread_limit(max(1, core_count() // number_in_environment(_LOCAL_SIZES, 1)))

    def agree(self, value: Any) -> Any:
        return self.communicator.bcast(value, 0)

    def tell(self, value: Any) -> list[Any]:
        """Return what each process has passed, in the order of their numbers."""
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
