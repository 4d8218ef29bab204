"""Training of one network by several processes, with the same weights for any number of them."""

from freqnet.training.parallel.dask import DaskTeam
from freqnet.training.parallel.mpi import MPITeam
from freqnet.training.parallel.team import Team

__all__ = ["DaskTeam", "MPITeam", "Team"]
