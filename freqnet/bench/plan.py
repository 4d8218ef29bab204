"""What a benchmark run is asked to do."""

from __future__ import annotations

from dataclasses import dataclass

from freqnet.kernels.threads import thread_count

# Groups that take minutes however little is asked of them.
SLOW = ("accuracy", "memory")


@dataclass(frozen=True)
class Plan:
    """The choices of a run.

    Parameters
    ----------
    quick : bool
        The few rows that matter most, within two minutes.
    threads : int
        For freqnet and for every peer.
    seeds : int
        Runs of each network in the race to an accuracy.
    """

    quick: bool = False
    threads: int = 0
    seeds: int = 3

    def __post_init__(self) -> None:
        object.__setattr__(self, "threads", self.threads or thread_count())

    def leaves_out(self, group: str) -> bool:
        """Whether a group of rows is none of the few."""
        return self.quick and group in SLOW

    @property
    def seconds(self) -> float:
        """How long each pair takes turns."""
        return 0.4 if self.quick else 1.0
