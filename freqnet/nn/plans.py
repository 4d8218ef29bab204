"""The plans of a network for prediction: one program per number of samples, for as long as the weights stay."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from contextvars import ContextVar
from copy import deepcopy
from typing import TYPE_CHECKING, Any

import numpy as np

from freqnet.autodiff import Tensor
from freqnet.autodiff.tape import is_observed
from freqnet.errors import ConfigurationError, got_expected
from freqnet.spaces import Axes

if TYPE_CHECKING:
    from freqnet.nn.network import Network
    from freqnet.plan import Plan

# Examples of one run. More do not fit into the caches.
_CHUNK = 128
# Plans of one size that are kept, beside those in use by other threads.
_MOST = 12
_tape_only: ContextVar[bool] = ContextVar("tape_only", default=False)


@contextmanager
def tape_only() -> Iterator[None]:
    """Run networks op by op inside the block, without plans.

    Results agree to rounding. It serves to compare the two, or to look for the cause of a fault.

    Examples
    --------
    >>> import numpy as np
    >>> from freqnet import nn
    >>> body = nn.Sequential((nn.Convolution(8), nn.PowerNorm(), nn.Polynomial(), nn.Dense(10)))
    >>> network = nn.Network(nn.Door("fourier", (8, 8), (3, 3), 1), body)
    >>> with nn.tape_only():
    ...     network.can_plan
    False
    """
    token = _tape_only.set(True)
    try:
        yield
    finally:
        _tape_only.reset(token)


def plans_are_on() -> bool:
    """Return whether plans may be used: not inside `tape_only`."""
    return not _tape_only.get()


def in_parts(examples: Tensor, size: int) -> Iterator[Tensor]:
    """Yield samples ``(batch, ...)`` or signals ``(*modes, batch, channels)`` in order, up to `size` at a time."""
    axis = batch_axis(examples)
    before = (slice(None),) * axis
    for start in range(0, examples.shape[axis], size):
        yield Tensor(examples.data[(*before, slice(start, start + size))], examples.space)


def batch_axis(examples: Tensor) -> int:
    """Return the axis that counts the examples."""
    return 0 if examples.space is None else examples.ndim - 2


def _padded(count: int) -> int:
    """Return the number of examples of the plan for `count` examples: a few numbers serve all.

    There are four up to each power of two, so that less than a quarter is computed in vain.

    >>> [_padded(count) for count in (1, 3, 5, 9, 17, 20, 21, 100, 128)]
    [1, 3, 5, 10, 20, 20, 24, 112, 128]
    """
    step = max(1, (1 << (count - 1).bit_length()) // 8)
    return -(-count // step) * step


class Plans:
    """Plans of one function of examples.

    Parameters
    ----------
    function : callable
        ``function(examples) -> logits``, of tensors, for one state of the weights.
    precision : dtype
        Precision of the network.
    storage : str
        How responses are stored: see `Network.compile`.
    """

    def __init__(self, function: Callable[[Tensor], Tensor], precision: np.dtype, storage: str = "float32") -> None:
        self.function, self.precision, self.storage = function, precision, storage
        # Threads take plans out and put them back; each operation on a list is atomic.
        self.free: dict[tuple, list] = {}

    def __getstate__(self) -> dict[str, Any]:
        # Plans hold addresses: a copy makes its own.
        return {**vars(self), "free": {}}

    def __call__(self, examples: Tensor, recording: Callable[[], AbstractContextManager[None]]) -> np.ndarray:
        """Return the outputs of samples ``(batch, ...)`` or of signals ``(*modes, batch, channels)``.

        Parameters
        ----------
        examples : Tensor
        recording : callable
            ``with recording():`` is what the function must run in when a plan is recorded.
        """
        if examples.shape[batch_axis(examples)] <= _CHUNK:
            return self._chunk(examples, recording)
        found = [self._chunk(part, recording) for part in in_parts(examples, _CHUNK)]
        # Signals count the examples along the last axis but one, plain numbers along the first.
        return np.concatenate(found, found[0].ndim - 2 if found[0].ndim > 2 else 0)

    def _chunk(self, examples: Tensor, recording: Callable[[], Any]) -> np.ndarray:
        data, axis = examples.data, batch_axis(examples)
        shape = (*data.shape[:axis], _padded(data.shape[axis]), *data.shape[axis + 1 :])
        plans = self.free.setdefault((shape, data.dtype.char), [])
        try:
            plan = plans.pop()
        except IndexError:
            plan = self._record(Tensor(np.zeros(shape, data.dtype), examples.space), axis, recording)
        out = plan.run(data).copy()
        if len(plans) < _MOST:
            plans.append(plan)
        return out

    def if_usual(self, samples: np.ndarray, limits: np.ndarray) -> np.ndarray | None:
        """Return the outputs of samples if there is a plan of their own size, and everything is as it should be.

        Else return None: the samples then need a message, or another treatment.
        """
        plans = self.free.get((samples.shape, samples.dtype.char))
        if not plans:
            return None
        try:
            plan = plans.pop()
        except IndexError:
            # Another thread was faster.
            return None
        out = plan.run_if_usual(samples, limits)
        plans.append(plan)
        return out

    def _record(self, example: Tensor, axis: int, recording: Callable[[], Any]) -> Plan:
        # Only where there are compiled kernels.
        from freqnet.plan import Plan

        with recording():
            return Plan(self.function, example, precision=self.precision, axis=axis, storage=self.storage)


class Compiled:
    """A network with the weights of one moment, ready for prediction: see `Network.compile`.

    Parameters
    ----------
    network : Network
        It is copied; later training does not change the result.
    storage : {"float32", "bfloat16"}
        How responses are stored.

    Raises
    ------
    ConfigurationError
        The storage is not known, or the network cannot have it.
    """

    def __init__(self, network: Network, storage: str = "float32") -> None:
        self.network = deepcopy(network)
        self.network.train(False)
        _check_storage(self.network, storage)
        self.storage = storage
        self._state = self.network.new_state(storage=storage)
        self._is_plain = self.network.output_space is None

    def __repr__(self) -> str:
        door = self.network.door
        return f"Compiled({door.space}, {self.network.outputs} outputs, storage={self.storage!r})"

    def __getstate__(self) -> dict[str, Any]:
        # Plans hold addresses: a copy in another process makes its own.
        return {"network": self.network, "storage": self.storage}

    def __setstate__(self, state: dict[str, Any]) -> None:
        network: Network = state["network"]
        vars(self).update(state, _state=network.new_state(storage=state["storage"]))
        self._is_plain = network.output_space is None

    def __call__(self, samples: Any, batch: int = 250, grid: Axes | int | None = None) -> np.ndarray:
        """Return the outputs of samples ``(batch, *grid, channels)``: see `Network.predict`."""
        # One image takes so little time that the Python around it counts, above all when it is called now and then.
        is_array = type(samples) is np.ndarray and type(batch) is int and batch > 0
        if is_array and self._is_plain and grid is None and plans_are_on() and not is_observed():
            outputs = self._state.of_samples.if_usual(samples, self.network.door.limits)
            if outputs is not None:
                return outputs
        return self.network.predict_in(self._state, samples, batch, grid)

    predict = __call__

    def infer(self, spectra: Tensor, batch: int = 250) -> np.ndarray:
        """Return the outputs of spectra: see `Network.infer`."""
        return self.network.infer_in(self._state, spectra, batch)


def _check_storage(network: Network, storage: str) -> None:
    if storage not in ("float32", "bfloat16"):
        raise ConfigurationError(
            got_expected("storage", repr(storage), "'float32' or 'bfloat16'", "leave it out for float32")
        )
    if storage == "float32":
        return
    got = network.obstacle_to_plans()
    if not (network.door.space.is_complex and network.precision.itemsize == 4):
        got = f"a network in {network.door.domain} and {network.precision}"
    if got:
        expected = "a network in fourier and float32 that runs as a plan"
        raise ConfigurationError(got_expected("storage='bfloat16'", got, expected, "leave storage out"))
