"""Batches in parts: the gradient of each part is computed apart, and all of them add up in one order."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from itertools import pairwise
from math import isfinite
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from freqnet.training.fit import Run

# What the generator of a part is made from, beside seed, epoch, step and part: other numbers serve other draws.
_PARTS = 2


class Shards(NamedTuple):
    """A batch in parts.

    Attributes
    ----------
    epoch, step : int
        Number of epochs before this one, and of batches before this one in its epoch.
    indices : ndarray
        The examples.
    """

    epoch: int
    step: int
    indices: np.ndarray


class Figures(NamedTuple):
    """What a part tells of itself.

    Attributes
    ----------
    part : int
        Its place in the batch.
    examples : int
    weight : float
        Weight of its loss among those of the parts.
    loss : float
        Its mean loss, in nats.
    sums : dict of str to float
        Sums of what is shown while training: see `freqnet.tasks.Task.running`.
    used, changed : tuple of bool
        Which parameters have a gradient, and which running statistics have changed.
    """

    part: int
    examples: int
    weight: float
    loss: float
    sums: dict[str, float]
    used: tuple[bool, ...]
    changed: tuple[bool, ...]


class PartialGradient(NamedTuple):
    """The figures of a part, and its gradients times its weight with its statistics times its number of examples."""

    figures: Figures
    vector: np.ndarray


class PartialGradients:
    """Computes parts of batches for a run, and puts the sum of all parts in place.

    Normalisation uses the statistics of each part. The running statistics after a batch are the mean over its parts.

    Parameters
    ----------
    run : Run

    Attributes
    ----------
    dtype : dtype
        Of the vectors.
    """

    def __init__(self, run: Run) -> None:
        self.run = run
        self.trained, self.states = list(run.trained.values()), list(run.network.body.named_state().values())
        arrays = self._arrays()
        ends = np.cumsum([0, *(array.size for array in arrays)])
        self._places = [slice(*pair) for pair in pairwise(ends)]
        self.dtype = np.result_type(*arrays)

    @property
    def length(self) -> int:
        """Numbers in the vector of a part."""
        return int(self._places[-1].stop)

    def compute(self, batch: Shards, parts: Iterable[int]) -> list[PartialGradient]:
        """Return the gradients of some parts, without those for which the batch has too few examples.

        All random numbers follow from seed, epoch, step and part. The running statistics are as before afterwards.
        """
        rows = np.array_split(batch.indices, self.run.settings.shards)
        return [self._of(batch, part, rows[part]) for part in parts if len(rows[part])]

    def _of(self, batch: Shards, part: int, rows: np.ndarray) -> PartialGradient:
        run = self.run
        generator = np.random.default_rng([run.settings.seed, batch.epoch, _PARTS, batch.step, part])
        run.network.body.set_generator(generator)
        before = [array.copy() for array in self.states]
        examples = run.train.drawn(rows, generator, run.settings.augmentation)
        loss, outputs = run.gradients(examples)
        weight = run.loss.weight(examples.targets, len(rows))
        changed = tuple(not np.array_equal(a, b) for a, b in zip(self.states, before, strict=True))
        used = tuple(p.grad is not None for p in self.trained)
        figures = Figures(
            part, len(rows), float(weight), loss, run.task.running(outputs, examples.targets), used, changed
        )
        one = PartialGradient(figures, self._vector(figures))
        for array, old in zip(self.states, before, strict=True):
            array[...] = old
        return one

    def _vector(self, figures: Figures) -> np.ndarray:
        vector = np.zeros(self.length, self.dtype)
        # Gradients of a loss that is not finite are not computed.
        if isfinite(figures.loss):
            arrays = [*(p.grad for p in self.trained), *self.states]
            factors = [figures.weight] * len(self.trained) + [float(figures.examples)] * len(self.states)
            for place, array, factor in zip(self._places, arrays, factors, strict=True):
                if array is not None:
                    np.multiply(array.ravel(), factor, out=vector[place])
        return vector

    def arrays(self) -> np.ndarray:
        """Return the present parameters and running statistics as one vector."""
        return np.concatenate([array.ravel() for array in self._arrays()]).astype(self.dtype, copy=False)

    def load(self, vector: np.ndarray) -> None:
        """Put parameters and running statistics in place, from `arrays` of another process."""
        for place, array in zip(self._places, self._arrays(), strict=True):
            array[...] = vector[place].reshape(array.shape)

    def _arrays(self) -> list[np.ndarray]:
        return [*(p.data for p in self.trained), *self.states]

    def apply(self, figures: Sequence[Figures], total: np.ndarray) -> tuple[float, dict[str, float], float]:
        """Set gradients and running statistics from the sum over all parts.

        Parameters
        ----------
        figures : sequence of Figures
            Those of all parts, in their order.
        total : ndarray
            Sum of the vectors of all parts, which becomes the memory of the gradients.

        Returns
        -------
        loss : float
            Weighted mean over the parts.
        sums : dict of str to float
            Sums over the batch.
        weight : float
            Weight of the batch.
        """
        weight, examples = sum(f.weight for f in figures), sum(f.examples for f in figures)
        sums: Counter[str] = Counter()
        for own in figures:
            sums.update(own.sums)
        loss = sum(f.weight * f.loss for f in figures) / (weight or 1.0)
        if isfinite(loss):
            places = iter(self._places)
            for parameter, used in zip(self.trained, zip(*(f.used for f in figures), strict=True), strict=True):
                gradient = total[next(places)].reshape(parameter.data.shape)
                # All weights are 0 where no label has a weight: the gradient is 0 as well.
                gradient /= weight or 1.0
                parameter.grad = gradient if any(used) else None
            for array, changed in zip(self.states, zip(*(f.changed for f in figures), strict=True), strict=True):
                place = next(places)
                if any(changed):
                    array[...] = (total[place] / examples).reshape(array.shape)
        return loss, dict(sums), weight


def summed(vectors: Sequence[np.ndarray]) -> np.ndarray:
    """Return the sum of vectors, from the first to the last: pieces have the same bits as the whole."""
    total = vectors[0].copy()
    for vector in vectors[1:]:
        total += vector
    return total
