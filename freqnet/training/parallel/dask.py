"""Workers of a Dask cluster, for machines without MPI."""

from __future__ import annotations

from copy import deepcopy
from typing import TYPE_CHECKING, Any

import numpy as np

from freqnet.errors import ConfigurationError, TeamError, got_expected, reason, require_package
from freqnet.kernels.threads import one_blas_thread, thread_limit
from freqnet.training.frozen import train_except, without_gradients
from freqnet.training.parallel.gradients import PartialGradient, PartialGradients, Shards
from freqnet.training.parallel.team import Team

if TYPE_CHECKING:
    from freqnet.nn import Network
    from freqnet.training import Settings, Spectra
    from freqnet.training.fit import Run

# Seconds in which a scheduler has to answer.
_PATIENCE = 10


class DaskTeam(Team):
    """This process, which updates the weights, and the workers of a Dask cluster, which compute the parts of batches.

    The workers get the spectra once, and the weights before each batch. The sum is taken here, in the order of the
    parts: the weights do not depend on the number of workers, bit for bit.

    Parameters
    ----------
    cluster : str or dask.distributed.Client
        Address of the scheduler, such as ``tcp://10.0.0.1:8786``, or a client of it.

    Raises
    ------
    ConfigurationError
        The package ``distributed`` is not installed, the scheduler does not answer, or it has no worker.

    Examples
    --------
    ::

        network = Network(...)
        with Client("tcp://10.0.0.1:8786") as client:
            fit(network, analyse(network, dataset), settings=Settings(shards=4), team=DaskTeam(client))
    """

    def __init__(self, cluster: Any) -> None:
        distributed = require_package("distributed", "training on a Dask cluster", "dask")
        self._is_own = not isinstance(cluster, distributed.Client)
        try:
            self.client = distributed.Client(cluster, timeout=_PATIENCE) if self._is_own else cluster
        # Addresses of other forms, and connections that fail, raise errors of many kinds.
        except Exception as error:
            got, todo = f"no scheduler at {cluster!r} ({reason(error)})", "start one, as with dask scheduler"
            raise ConfigurationError(got_expected("scheduler", got, "one that answers", todo)) from None
        self.workers = sorted(self.client.scheduler_info(n_workers=-1)["workers"])
        self.size = len(self.workers)
        if not self.workers:
            self.close()
            todo = f"start some, as with dask worker {cluster if self._is_own else 'ADDRESS'}"
            raise ConfigurationError(got_expected("scheduler", "no workers", "at least one", todo))

    def begin(self, run: Run) -> None:
        super().begin(run)
        # In one message to each worker; the frozen parameters and all statistics come with the network.
        sent = self.client.scatter([(run.network, run.settings, run.train)], broadcast=True, hash=False)[0]
        begun = [
            self.client.submit(Worker, sent, actor=True, workers=[own], allow_other_workers=False, pure=False)
            for own in self.workers
        ]
        self._actors = [self._result(future, own) for future, own in zip(begun, self.workers, strict=True)]

    def gradients(self, batch: Shards) -> tuple[float, dict[str, float], float]:
        vector = self.partial.arrays()
        asked = [actor.compute(vector, batch, self.parts(place)) for place, actor in enumerate(self._actors)]
        found: list[PartialGradient] = [
            one for own, answer in zip(self.workers, asked, strict=True) for one in self._result(answer, own)
        ]
        return self.total(sorted(found, key=lambda one: one.figures.part))

    def _result(self, answer: Any, worker: str) -> Any:
        try:
            return answer.result()
        # A lost worker shows as an error of the actor, of the connection or of the scheduler.
        except Exception as error:
            got = f"no result of worker {worker} ({reason(error)})"
            todo = "start it again, and resume from the checkpoint"
            raise TeamError(got_expected("training", got, "all workers of the beginning", todo)) from error

    def close(self) -> None:
        if self._is_own:
            self.client.close()


class Worker:
    """A worker's copy of a run.

    Parameters
    ----------
    sent : tuple
        Network, settings and training examples.
    """

    def __init__(self, sent: tuple[Network, Settings, Spectra]) -> None:
        from distributed import get_worker

        from freqnet.training.fit import Run

        network, settings, train = sent
        # A worker may be a thread of the process that trains.
        self.run = Run.begin(deepcopy(network), settings, train)
        self.partial = PartialGradients(self.run)
        self.threads = get_worker().state.nthreads

    def compute(self, vector: np.ndarray, batch: Shards, parts: range) -> list[PartialGradient]:
        """Return the gradients of some parts of a batch, for weights and statistics that the vector holds."""
        self.partial.load(vector)
        train_except(self.run.network.body, self.run.frozen)
        with thread_limit(self.threads), one_blas_thread(), without_gradients(self.run.frozen):
            return self.partial.compute(batch, parts)
