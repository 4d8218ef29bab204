"""The processes that train one network together."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import TYPE_CHECKING, Any

import numpy as np

from freqnet.errors import ConfigurationError, got_expected
from freqnet.kernels.threads import in_threads
from freqnet.training.parallel.gradients import Figures, PartialGradient, PartialGradients, Shards, summed

if TYPE_CHECKING:
    from freqnet.training import Settings
    from freqnet.training.fit import Run


# Parts of a batch at least, where processes share it: 1, 2 and 4 of them then give the same weights.
_PARTS = 4


def default_shards(processes: int) -> int:
    """Return into how many parts several processes divide a batch: as many for each, and at least four in all.

    >>> default_shards(2), default_shards(3), default_shards(64)
    (4, 6, 64)
    """
    return processes * -(-_PARTS // processes)


class Team:
    """The processes that train one network together: here this one alone.

    Each process computes some parts of every batch, ``Settings.shards`` in all. Gradients add up in the order of the
    parts, so that the weights do not depend on the number of processes, bit for bit. The first process alone writes
    files and shows the progress.

    Attributes
    ----------
    rank, size : int
        Number of this process, from 0, and number of processes.

    Examples
    --------
    >>> from freqnet import nn
    >>> from freqnet.data import load
    >>> from freqnet.training import Settings, Team, analyse, fit
    >>> body = nn.Sequential((nn.Convolution(4), nn.PowerNorm(), nn.Polynomial(), nn.Dense(10)))
    >>> network = nn.Network(nn.Door("fourier", (8, 8), (3, 3), 1), body)
    >>> train = analyse(network, load("digits"))
    >>> history = fit(network, train, settings=Settings(epochs=3, shards=4), team=Team())
    >>> history.rows[-1]["accuracy"] > 0.4
    True
    """

    rank, size = 0, 1
    partial: PartialGradients

    def check(self, settings: Settings) -> None:
        """Raise `ConfigurationError` if there are more processes than parts of a batch."""
        shards = settings.shards
        if self.size > shards:
            todo = f"pass shards={self.size}, or start fewer processes"
            raise ConfigurationError(
                got_expected("training", f"{self.size} processes", f"at most shards={shards}", todo)
            )

    def begin(self, run: Run) -> None:
        """Prepare for a run, which is the same in every process.

        Raises
        ------
        ConfigurationError
            There are more processes than parts of a batch.
        """
        self.check(run.settings)
        run.optimizer.each = self.each
        if run.settings.shards > 1:
            self.partial = PartialGradients(run)

    def gradients(self, batch: Shards) -> tuple[float, dict[str, float], float]:
        """Set the gradients and the running statistics of a batch; return its loss, its sums and its weight."""
        return self.total(self.partial.compute(batch, self.parts(self.rank)))

    def parts(self, place: int) -> range:
        """Return the parts of a batch that the process in a place computes."""
        return range(place, self.partial.run.settings.shards, self.size)

    def total(self, found: list[PartialGradient]) -> tuple[float, dict[str, float], float]:
        """Put the sum of all parts, in the order of their parts, in place."""
        figures: list[Figures] = [one.figures for one in found]
        return self.partial.apply(figures, summed([one.vector for one in found]))

    def each(
        self, function: Callable[[np.ndarray], object], arrays: Sequence[np.ndarray], costs: Sequence[float]
    ) -> None:
        """Call a function on each array, which it changes in place, once in some process of the team.

        Parameters
        ----------
        function : callable
        arrays : sequence of ndarray
            The same in all processes, of one dtype.
        costs : sequence of float
            Multiply-adds of each call.
        """
        in_threads(function, arrays, costs)

    def limits(self) -> AbstractContextManager[None]:
        """Limit the threads of this process inside the block, where processes share a machine."""
        return nullcontext()

    def agree(self, value: Any) -> Any:
        """Return what the first process has passed."""
        return value

    def tell(self, value: Any) -> list[Any]:
        """Return what each process that runs this program has passed, in the order of their numbers."""
        return [value]

    def close(self) -> None:
        """Release what the team holds."""
