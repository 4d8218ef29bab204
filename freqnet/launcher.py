"""The processes that a launcher of MPI such as ``mpirun`` has started, as it tells them by variables."""

from __future__ import annotations

import os

# In the order of Open MPI; MPICH, Intel MPI and others.
_SIZES = ("OMPI_COMM_WORLD_SIZE", "PMI_SIZE")
_RANKS = ("OMPI_COMM_WORLD_RANK", "PMI_RANK")
_LOCAL_SIZES = ("OMPI_COMM_WORLD_LOCAL_SIZE", "MPI_LOCALNRANKS")


def launched() -> int:
    """Return how many processes a launcher has started; 1 without one."""
    return _number(_SIZES, 1)


def launched_here() -> int:
    """Return how many of them are on this machine."""
    return _number(_LOCAL_SIZES, 1)


def launched_rank() -> int:
    """Return the number of this process among them, from 0."""
    return _number(_RANKS, 0)


def _number(names: tuple[str, ...], default: int) -> int:
    found = (os.environ.get(name, "") for name in names)
    return next((int(text) for text in found if text.isdecimal()), default)
