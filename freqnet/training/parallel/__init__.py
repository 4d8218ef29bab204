"""Training of one network by several processes, with the same weights for any number of them."""

from freqnet.training.parallel.dask import DaskTeam
from freqnet.training.parallel.mpi import MPITeam
from freqnet.training.parallel.team import Team, default_shards

__all__ = ["DaskTeam", "MPITeam", "Team", "default_shards"]
