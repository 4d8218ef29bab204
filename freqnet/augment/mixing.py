"""Augmentations that mix two examples and their targets, and those that put a box of another value into an example."""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass, replace
from typing import ClassVar

import numpy as np

from freqnet.augment.base import Augmentation, Batch, Kind, chosen
from freqnet.spaces import Axes, Space
from freqnet.tasks import Mix


def shares_of(count: int, alpha: float, generator: np.random.Generator) -> np.ndarray:
    """Draw numbers in [0, 1] from the distribution Beta(alpha, alpha); all are 1 if alpha is 0."""
    return generator.beta(alpha, alpha, count) if alpha else np.ones(count)


@dataclass(frozen=True)
class Mixup(Augmentation):
    """Mix each example with another one of the batch, and their targets by the same shares (Zhang et al. 2018).

    The loss is ``share * loss of the own target + (1 - share) * loss of the other target``; for numbers, that of the
    mixed target.

    Parameters
    ----------
    alpha : float
        The own share is the larger one of s and 1 - s, with s from the distribution Beta(alpha, alpha). 0 mixes
        nothing, and 1 draws s uniformly.

    Raises
    ------
    ConfigurationError
        Alpha is not a number from 0 to 100.

    Examples
    --------
    >>> import numpy as np
    >>> from freqnet import Fourier, ops
    >>> from freqnet.augment import Batch, Mixup
    >>> x = ops.analysis(np.arange(2.0).reshape(2, 1, 1) * np.ones((2, 5, 1)), Fourier.on(5))
    >>> mixed = Mixup(1)(Batch(x, np.array([0, 1])), np.random.default_rng(5))
    >>> mixed.mixes[0].shares.round(3), ops.mean(mixed.x).data.round(3).ravel()
    (array([0.841, 0.516]), array([0.159, 0.516]))
    """

    alpha: float = 0.2
    word: ClassVar[str] = "mixup"

    def __post_init__(self) -> None:
        self.require_number("alpha", 0, 100, 0.2)

    def check(self, kind: Kind) -> None:
        """Raise `ConfigurationError` unless the loss takes mixed targets."""
        require_mixed_targets(self, kind)

    def change(self, batch: Batch, generator: np.random.Generator) -> Batch:
        partners, shares = generator.permutation(batch.count), shares_of(batch.count, self.alpha, generator)
        mix = Mix(partners, np.maximum(shares, 1 - shares))
        array = batch.x.data
        other = array.take(partners, axis=-2)
        other -= array
        other *= (1 - mix.shares[:, None]).astype(array.real.dtype)
        other += array
        return replace(batch.with_array(other), mixes=(*batch.mixes, mix))


def require_mixed_targets(change: Augmentation, kind: Kind) -> None:
    """Raise `ConfigurationError` unless targets of two examples can be mixed."""
    if not kind.can_mix or kind.task.is_field:
        raise change.refuse(f"a {kind.task.name}", "a task and a loss whose targets can be mixed")


class Box(Augmentation):
    """An augmentation of a box of samples, which lies inside of the samples of an example.

    The box has sharp edges. Its product with the example is truncated to the band, so that the edges overshoot as those
    of every truncated image do (Gibbs).
    """

    def check(self, kind: Kind) -> None:
        self.require_periodic(kind)

    @abstractmethod
    def sides(self, count: int, held: Axes, generator: np.random.Generator) -> np.ndarray:
        """Return the number of samples along each axis of the box of each example, ``(count, axes)``; 0 for no box."""

    def windows(self, batch: Batch, generator: np.random.Generator) -> tuple[np.ndarray, Space, np.ndarray]:
        """Draw the boxes of a batch: as signals, their space, and the share of the samples that each covers."""
        space, held = batch.space, np.array(batch.space.held)
        sides = self.sides(batch.count, space.held, generator)
        starts = np.floor(generator.random(sides.shape) * (held - sides + 1)).astype(int)
        array, wide = space.boxes(starts, sides, batch.x.data.real.dtype)
        return array, wide, np.prod(sides / held, axis=1)


@dataclass(frozen=True)
class CutMix(Box):
    """Replace a box of an example by that of another one, and mix the targets by its share (Yun et al. 2019).

    Parameters
    ----------
    alpha : float
        The share of the samples outside of the box is from the distribution Beta(alpha, alpha), up to whole samples of
        the sides of the box. With 1 it is uniform; 0 makes no box.
    p : float
        Probability that an example has a box.

    Raises
    ------
    ConfigurationError
        Alpha is not a number from 0 to 100, or the probability is not in [0, 1].

    Examples
    --------
    >>> import numpy as np
    >>> from freqnet import Fourier, ops
    >>> from freqnet.augment import Batch, CutMix
    >>> x = ops.analysis(np.arange(2.0).reshape(2, 1, 1) * np.ones((2, 9, 1)), Fourier.on(9))
    >>> mixed = CutMix(1, p=1)(Batch(x, np.array([0, 1])), np.random.default_rng(5))
    >>> mixed.mixes[0].partners, mixed.mixes[0].shares.round(3)
    (array([1, 0]), array([0.889, 0.444]))
    """

    alpha: float = 1.0
    p: float = 0.5
    word: ClassVar[str] = "cutmix"

    def __post_init__(self) -> None:
        self.require_number("alpha", 0, 100, 1)
        self.require_number("p", 0, 1, 0.5)

    def check(self, kind: Kind) -> None:
        """Raise `ConfigurationError` unless signals are periodic, and targets are classes that can be mixed."""
        super().check(kind)
        require_mixed_targets(self, kind)
        if not kind.task.has_classes:
            raise self.refuse(f"a {kind.task.name}", "a task with classes")

    def sides(self, count: int, held: Axes, generator: np.random.Generator) -> np.ndarray:
        shares = np.where(chosen(count, self.p, generator), shares_of(count, self.alpha, generator), 1.0)
        return np.rint((1 - shares[:, None]) ** (1 / len(held)) * np.array(held)).astype(int)

    def change(self, batch: Batch, generator: np.random.Generator) -> Batch:
        space, array, partners = batch.space, batch.x.data, generator.permutation(batch.count)
        window, wide, covered = self.windows(batch, generator)
        difference = array.take(partners, axis=-2)
        difference -= array
        out = space.multiply(difference, window, wide.band, space.band)
        out += array
        return replace(batch.with_array(out), mixes=(*batch.mixes, Mix(partners, 1 - covered)))


@dataclass(frozen=True)
class Cutout(Box):
    """Set a box of an example to 0, the mean of the training data (DeVries and Taylor 2017).

    Parameters
    ----------
    size : float
        Side of the box, as a share of the samples along each axis.
    p : float
        Probability that an example has a box.

    Raises
    ------
    ConfigurationError
        The size or the probability is not in [0, 1].

    Examples
    --------
    >>> import numpy as np
    >>> from freqnet import Fourier, ops
    >>> from freqnet.augment import Batch, Cutout
    >>> x = ops.analysis(np.ones((1, 9, 1)), Fourier.on(9))
    >>> cut, _ = Cutout(0.3, p=1)(Batch(x, np.zeros(1)), np.random.default_rng(0))
    >>> ops.synthesis(cut).data.ravel().round(6) + 0.0
    array([1., 0., 0., 0., 1., 1., 1., 1., 1.])
    """

    size: float = 0.5
    p: float = 0.5
    word: ClassVar[str] = "cutout"

    def __post_init__(self) -> None:
        self.require_number("size", 0, 1, 0.5)
        self.require_number("p", 0, 1, 0.5)

    def sides(self, count: int, held: Axes, generator: np.random.Generator) -> np.ndarray:
        return np.rint(chosen(count, self.p, generator)[:, None] * self.size * np.array(held)).astype(int)

    def change(self, batch: Batch, generator: np.random.Generator) -> Batch:
        space = batch.space
        window, wide, _ = self.windows(batch, generator)
        return batch.with_array(batch.x.data - space.multiply(batch.x.data, window, wide.band, space.band))
