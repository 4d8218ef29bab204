"""What a benchmark run is asked to do."""

from __future__ import annotations

from dataclasses import dataclass

from freqnet.kernels.threads import thread_count


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

    @property
    def seconds(self) -> float:
        """How long each pair takes turns."""
        return 0.4 if self.quick else 1.0
