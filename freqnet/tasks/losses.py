"""The losses of tasks, in a form that a plan can compute again and again."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from freqnet.autodiff import Tensor
from freqnet.errors import ConfigurationError, did_you_mean, got_expected
from freqnet.ops.loss import class_targets, sigmoid_loss, softmax_loss, squared_loss
from freqnet.spaces import Space


@dataclass(frozen=True)
class Outputs:
    """What a loss needs to know of a network.

    Attributes
    ----------
    count : int
        Number of outputs, or of channels where the output is a signal.
    space : Space or None
        Space of the output; None for plain numbers.
    scale : numpy.ndarray
        Unit of each output ``(count,)``, in which errors are measured: that of a last layer `freqnet.nn.Rescale`, or 1.
    precision : numpy.dtype
        Precision of the network.
    """

    count: int
    space: Space | None = None
    scale: np.ndarray = field(default_factory=lambda: np.ones(1))
    precision: np.dtype = field(default_factory=lambda: np.dtype(np.float32))


@dataclass(frozen=True)
class LossChoices:
    """The choices of a loss, as `freqnet.training.Settings` describes them.

    Attributes
    ----------
    smoothing : float
        Label smoothing, from 0 to below 1.
    class_weights : "balanced", tuple of float, or None
        Weights of the classes.
    loss : str, optional
        Name of the loss; None for the task's own.
    order : float
        Order of the Sobolev norm.
    """

    smoothing: float = 0.0
    class_weights: str | tuple[float, ...] | None = None
    loss: str | None = None
    order: float = 1.0


@dataclass(frozen=True)
class Mix:
    """A mixture of examples of a batch: which one is mixed into each, and how much of each is left.

    Attributes
    ----------
    partners : numpy.ndarray
        Place in the batch of the example that is mixed in, ``(batch,)``.
    shares : numpy.ndarray
        Share of the example itself, from 0 to 1, ``(batch,)``.

    Examples
    --------
    >>> Mix(np.array([1, 0]), np.array([0.75, 1.0])).of(np.array([[1.0, 0.0], [0.0, 1.0]]))
    array([[0.75, 0.25],
           [0.  , 1.  ]])
    """

    partners: np.ndarray
    shares: np.ndarray

    def of(self, array: np.ndarray) -> np.ndarray:
        """Return the mixtures of the rows of an array ``(batch, outputs)``."""
        shares = self.shares[:, None].astype(array.dtype)
        return shares * array + (1 - shares) * array[self.partners]


class Loss(ABC):
    """The loss of a batch: a function of the outputs and of arrays that are made from the targets.

    The arrays of batches of one size have one shape, so that a plan reads the next batch in the same place. A plan
    records the ops of `__call__` once: compute with the tensors of the arrays, by ops, and not with their numbers.
    """

    @property
    def can_mix(self) -> bool:
        """Whether targets of two examples can be mixed, as by `freqnet.augment.Mixup`; then `mixed` is defined."""
        return False

    @abstractmethod
    def arrays(self, targets: np.ndarray, weights: np.ndarray | None = None) -> tuple[np.ndarray, ...]:
        """Return the arrays of a batch.

        Parameters
        ----------
        targets : numpy.ndarray
            Targets of the batch, as the task stores them; for signals, their spectra ``(*modes, batch, channels)``.
        weights : numpy.ndarray, optional
            Weight of each example ``(batch,)``, 0 or more, relative to the mean over all examples: the terms of the
            loss are multiplied by them.
        """

    @abstractmethod
    def __call__(self, outputs: Tensor, arrays: Sequence[Tensor]) -> Tensor:
        """Return the loss of the batch, a scalar.

        Parameters
        ----------
        outputs : Tensor
            Outputs of the network ``(batch, outputs)``, or signals.
        arrays : sequence of Tensor
            What `arrays` returned, as `tensors` makes them.
        """

    def weight(self, targets: np.ndarray, count: int) -> float:
        """Return the weight of a batch of `count` examples in the mean loss of several batches.

        The weighted mean of the losses of parts of a batch is the loss of the batch.
        """
        return float(count)

    def tensors(self, arrays: Sequence[np.ndarray]) -> list[Tensor]:
        """Return what `arrays` returned as tensors, which are plain unless a loss says otherwise."""
        return [Tensor(array) for array in arrays]

    def mixed(self, arrays: Sequence[np.ndarray], mix: Mix) -> tuple[np.ndarray, ...]:
        """Return the arrays of mixed examples.

        The gradient is that of ``share * loss of the own target + (1 - share) * loss of the other target``.
        """
        todo = "leave mixup and cutmix out of augment"
        raise ConfigurationError(got_expected("augment", f"mixed targets of {type(self).__name__}", "none", todo))

    def arrays_of(
        self, targets: np.ndarray, weights: np.ndarray | None = None, mixes: Sequence[Mix] = ()
    ) -> tuple[np.ndarray, ...]:
        """Return the arrays of a batch, after its mixtures in turn."""
        arrays = self.arrays(targets, weights)
        for mix in mixes:
            arrays = self.mixed(arrays, mix)
        return arrays

    def of(
        self, outputs: Tensor, targets: np.ndarray, weights: np.ndarray | None = None, mixes: Sequence[Mix] = ()
    ) -> Tensor:
        """Return the loss of outputs and targets, as `arrays_of` takes them."""
        return self(outputs, self.tensors(self.arrays_of(targets, weights, mixes)))


def _mixed_terms(targets: np.ndarray, terms: np.ndarray, mix: Mix) -> tuple[np.ndarray, np.ndarray]:
    """Return the mixtures of targets and of the weights of their terms, ``(batch, outputs)``.

    A target counts by its weight. Where both weights are 0, the target does not count, and stays.
    """
    weights = mix.of(terms)
    sums = mix.of(targets * terms)
    return np.divide(sums, weights, out=targets.copy(), where=weights != 0), weights


@dataclass(frozen=True, eq=False)
class CrossEntropy(Loss):
    """Mean cross entropy of class numbers ``(batch,)``, in nats; it is that of `freqnet.ops.cross_entropy`.

    Attributes
    ----------
    outputs : Outputs
    smoothing : float
        Share of each target that is spread evenly over all classes.
    class_weights : numpy.ndarray, optional
        Weight of each class ``(classes,)``.
    """

    outputs: Outputs
    smoothing: float = 0.0
    class_weights: np.ndarray | None = None

    def __post_init__(self) -> None:
        count, precision = self.outputs.count, self.outputs.precision
        # The targets of each class.
        rows = class_targets(np.arange(count), count, self.smoothing, batch=count, dtype=precision)
        object.__setattr__(self, "_rows", rows)

    def arrays(self, targets: np.ndarray, weights: np.ndarray | None = None) -> tuple[np.ndarray, ...]:
        """Return the shares of the classes ``(batch, classes)``, times the weights of classes and of examples."""
        targets = targets.astype(np.intp, copy=False)
        shares = self._rows.take(targets, 0)  # type: ignore[attr-defined]
        if self.class_weights is not None:
            # As in PyTorch, relative to the mean over the labels of the batch. A batch whose labels all have the weight
            # 0 has no loss, not even that of the shares which smoothing gives to other classes.
            mean = self.class_weights[targets].mean() if len(targets) else 1.0
            shares *= self.class_weights / mean if mean else 0.0
        if weights is not None:
            shares *= weights[:, None]
        return (shares,)

    def weight(self, targets: np.ndarray, count: int) -> float:
        """Return the sum of the weights of the labels, by which the loss of a batch is divided."""
        return float(count if self.class_weights is None else self.class_weights[targets.astype(np.intp)].sum())

    @property
    def can_mix(self) -> bool:
        return True

    def mixed(self, arrays: Sequence[np.ndarray], mix: Mix) -> tuple[np.ndarray, ...]:
        """Return the mixed shares of the classes; the loss is linear in them."""
        return (mix.of(arrays[0]),)

    def __call__(self, outputs: Tensor, arrays: Sequence[Tensor]) -> Tensor:
        return softmax_loss(outputs, targets=arrays[0].data)


@dataclass(frozen=True, eq=False)
class BinaryCrossEntropy(Loss):
    """Mean binary cross entropy of several labels ``(batch, labels)``, each 0 or 1, in nats.

    Attributes
    ----------
    outputs : Outputs
    smoothing : float
        Share by which each target moves towards 1/2.
    class_weights : numpy.ndarray, optional
        Weight of each label ``(labels,)`` where it is present.
    """

    outputs: Outputs
    smoothing: float = 0.0
    class_weights: np.ndarray | None = None

    def arrays(self, targets: np.ndarray, weights: np.ndarray | None = None) -> tuple[np.ndarray, ...]:
        """Return the targets and the weights of all terms, both ``(batch, labels)``."""
        precision = self.outputs.precision
        terms = np.full(targets.shape, 1 / targets.shape[1])
        if self.class_weights is not None:
            terms *= np.where(targets > 0, self.class_weights, 1.0)
        if weights is not None:
            terms *= weights[:, None]
        smooth = targets * (1 - self.smoothing) + self.smoothing / 2
        return smooth.astype(precision), terms.astype(precision)

    @property
    def can_mix(self) -> bool:
        return True

    def mixed(self, arrays: Sequence[np.ndarray], mix: Mix) -> tuple[np.ndarray, ...]:
        """Return the mixed targets and weights."""
        return _mixed_terms(arrays[0], arrays[1], mix)

    def __call__(self, outputs: Tensor, arrays: Sequence[Tensor]) -> Tensor:
        return sigmoid_loss(outputs, targets=arrays[0].data, weights=arrays[1].data)


@dataclass(frozen=True, eq=False)
class SquaredError(Loss):
    """Mean squared error of numbers ``(batch, outputs)``, or of signals by Parseval, in units of the outputs' scale.

    Attributes
    ----------
    outputs : Outputs
    norm : {"squared", "relative", "sobolev"}
        The squared error; the squared error of each example divided by its target's mean square; or the squared error
        in the Sobolev norm of an order. The last two are for signals.
    order : float
        Order of the Sobolev norm.
    """

    outputs: Outputs
    norm: str = "squared"
    order: float = 0.0

    def arrays(self, targets: np.ndarray, weights: np.ndarray | None = None) -> tuple[np.ndarray, ...]:
        """Return the targets, and the weight of each example and output ``(batch, outputs)``."""
        shape = targets.shape[-2:]
        terms = np.broadcast_to(1 / np.square(self.outputs.scale) / shape[1], shape)
        if self.norm == "relative":
            terms = terms / self._sizes(targets, terms)
        if weights is not None:
            terms = terms * weights[:, None]
        precision = self.outputs.precision
        wanted = precision if self.outputs.space is None else self.outputs.space.dtype(precision)
        return targets.astype(wanted, copy=False), np.ascontiguousarray(terms, precision)

    @property
    def can_mix(self) -> bool:
        return self.outputs.space is None

    def mixed(self, arrays: Sequence[np.ndarray], mix: Mix) -> tuple[np.ndarray, ...]:
        """Return the mixed targets and weights of numbers; signals are refused."""
        return _mixed_terms(arrays[0], arrays[1], mix) if self.can_mix else super().mixed(arrays, mix)

    def tensors(self, arrays: Sequence[np.ndarray]) -> list[Tensor]:
        """Return the targets in the space of the outputs, and plain weights."""
        return [Tensor(arrays[0], self.outputs.space), Tensor(arrays[1])]

    def _sizes(self, targets: np.ndarray, terms: np.ndarray) -> np.ndarray:
        """Return the mean square of each target, ``(batch, 1)``."""
        assert self.outputs.space is not None
        size = np.sum(self.outputs.space.power(targets) * terms, axis=1, keepdims=True)
        # A blank target has no size to relate to; its error counts as it is.
        return np.where(size > np.finfo(self.outputs.precision).tiny, size, 1.0)

    def __call__(self, outputs: Tensor, arrays: Sequence[Tensor]) -> Tensor:
        order = self.order if self.norm == "sobolev" else 0.0
        return squared_loss(outputs, targets=arrays[0].data, weights=arrays[1].data, order=order)


def require_choice(task: str, loss: Any, known: tuple[str, ...]) -> str:
    """Return the name of a loss, the first of the known ones by default.

    Raises
    ------
    ConfigurationError
        The task has no such loss.
    """
    if loss is None:
        return known[0]
    if not isinstance(loss, str) or loss not in known:
        what, todo = f"loss of a {task}", did_you_mean(loss, known, f"pass loss={known[0]!r}, or leave it out")
        raise ConfigurationError(got_expected(what, repr(loss), " or ".join(known), todo))
    return loss
