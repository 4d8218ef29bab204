"""Exponential moving averages of weights: what training computes in the end, with less noise than the last weights."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import numpy as np

from freqnet import kernels
from freqnet.checks import number_in_range
from freqnet.errors import CheckpointError, ConfigurationError, got_expected
from freqnet.optim.clipping import Parameters, named_parameters

# An average spans a ninth of the steps so far, until that is more than the decay says.
WARMUP = 9


class AveragedWeights:
    """Exponential moving average of parameters, updated after every step of an optimiser.

    Update t, counted from 0, moves the average by ``max(1 - decay, 9 / (9 + t))`` of the way to the weights. It thus
    begins with the weights of the first update, and soon forgets early weights, which are far from the last. Averages
    are kept in float64, because float32 would lose a small share of a small difference.

    Running statistics are no parameters: measure them anew for the averaged weights, as `freqnet.training.fit` does.

    Source: Polyak & Juditsky 1992; the warm-up is that of TensorFlow's ``ExponentialMovingAverage``.

    Parameters
    ----------
    parameters : Network, Module, mapping of str to Parameter, or iterable of Parameter
        Parameters to average. Members of an iterable are named "0", "1", ...
    decay : float
        Share of the average that is kept per update, at least 0 and below 1.

    Raises
    ------
    ConfigurationError
        There are no parameters, one cannot be updated, or the decay is out of range.

    Examples
    --------
    >>> from types import SimpleNamespace
    >>> w = SimpleNamespace(data=np.array([1.0]), grad=None)
    >>> averages = AveragedWeights({"w": w}, decay=0.5)
    >>> for value in (1.0, 2.0, 3.0):
    ...     w.data[:] = value
    ...     averages.update()
    >>> with averages.applied():
    ...     print(w.data.round(2))
    [2.8]
    >>> w.data
    array([3.])
    """

    def __init__(self, parameters: Parameters, decay: float = 0.999) -> None:
        self.parameters, self.updates = named_parameters(parameters), 0
        if not self.parameters:
            raise ConfigurationError(got_expected("parameters", "none", "at least one", "pass the network"))
        self.decay = number_in_range("decay", decay, 0, 1, example=0.999)
        arrays = self._arrays()
        size = sum(array.size for array in arrays)
        self._now = np.empty(size, np.result_type(*arrays))
        self._average, self._difference = np.zeros(size), np.empty(size)
        # The weights that training goes on with, while the averages stand in their place.
        self._weights: list[np.ndarray] | None = None

    def _arrays(self) -> list[np.ndarray]:
        return [parameter.data for parameter in self.parameters.values()]

    def update(self) -> None:
        """Move the average to the present weights."""
        kernels.gather(self._arrays(), self._now)
        share = max(1 - self.decay, WARMUP / (WARMUP + self.updates))
        np.subtract(self._now, self._average, out=self._difference)
        self._difference *= share
        self._average += self._difference
        self.updates += 1

    def values(self) -> dict[str, np.ndarray]:
        """Return views of the averages by name."""
        arrays = self._arrays()
        pieces = np.split(self._average, np.cumsum([array.size for array in arrays])[:-1])
        shaped = [piece.reshape(array.shape) for piece, array in zip(pieces, arrays, strict=True)]
        return dict(zip(self.parameters, shaped, strict=True))

    def apply(self) -> None:
        """Put the averages in the place of the weights, until `withdraw`; before the first update nothing changes."""
        if self._weights is not None or not self.updates:
            return
        # The copies are complete before the first array changes, so that an interrupt loses no weights.
        self._weights = [array.copy() for array in self._arrays()]
        for array, value in zip(self._arrays(), self.values().values(), strict=True):
            array[...] = value

    def withdraw(self) -> None:
        """Give the parameters the weights back that training goes on with."""
        if self._weights is not None:
            for array, weights in zip(self._arrays(), self._weights, strict=True):
                array[...] = weights
            self._weights = None

    @contextmanager
    def applied(self) -> Iterator[None]:
        """Put the averages in the place of the weights inside the block, if they are not there already."""
        if self._weights is not None:
            yield
            return
        try:
            self.apply()
            yield
        finally:
            self.withdraw()

    def state(self) -> dict[str, np.ndarray]:
        """Return copies of all arrays that a bit-exact resume needs."""
        values = {f"values/{name}": array.copy() for name, array in self.values().items()}
        return {"updates": np.array(self.updates, np.int64), **values}

    def load_state(self, state: Mapping[str, np.ndarray]) -> None:
        """Restore a state.

        Raises
        ------
        CheckpointError
            Names, shapes or types differ, or a number is not finite; nothing has changed then.
        """
        own = self.state()
        for name in sorted(own.keys() | state.keys()):
            pair = own.get(name), state.get(name)
            expected, got = ("nothing" if a is None else f"{a.dtype} {a.shape}" for a in pair)
            if got == expected and np.isfinite(state[name]).all() and (name != "updates" or state[name] >= 0):
                continue
            got = "numbers that are not finite, or negative" if got == expected else got
            todo = "copy the checkpoint again, or train again"
            raise CheckpointError(got_expected(f"averaged weights {name!r}", got, expected, todo))
        for name, array in self.values().items():
            array[...] = state[f"values/{name}"]
        self.updates = int(state["updates"])
