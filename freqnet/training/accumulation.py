"""Gradient accumulation: the gradient of several batches, as if they were one."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from freqnet.optim import Parameter


class GradientSum:
    """The weighted sum of the gradients of several batches.

    Parameters
    ----------
    parameters : iterable of Parameter
        Parameters that train.

    Attributes
    ----------
    batches : int
        Number of batches in the sum.

    Examples
    --------
    >>> from types import SimpleNamespace
    >>> w = SimpleNamespace(data=np.zeros(1), grad=None)
    >>> gradients = GradientSum([w])
    >>> for examples, gradient in ((3, 1.0), (1, 5.0)):
    ...     w.grad = np.array([gradient])
    ...     gradients.add(examples)
    >>> gradients.take()
    >>> w.grad
    array([2.])
    """

    def __init__(self, parameters: Iterable[Parameter]) -> None:
        self.parameters = list(parameters)
        self._arrays: list[np.ndarray | None] = [None] * len(self.parameters)
        self.clear()

    def clear(self) -> None:
        """Forget all batches."""
        self.batches, self._weight, self._is_used = 0, 0.0, [False] * len(self.parameters)

    def add(self, weight: float) -> None:
        """Add the present gradients, times the weight of their batch."""
        for i, parameter in enumerate(self.parameters):
            gradient, total = parameter.grad, self._arrays[i]
            if gradient is None:
                continue
            if total is None:
                total = self._arrays[i] = np.empty_like(parameter.data)
            if self._is_used[i]:
                total += weight * gradient
            else:
                np.multiply(gradient, weight, out=total)
            self._is_used[i] = True
        self.batches, self._weight = self.batches + 1, self._weight + weight

    def take(self) -> None:
        """Replace the gradients by their weighted mean, and begin anew.

        The arrays of the gradients are those of this object, which the next sum overwrites.
        """
        for parameter, total, is_used in zip(self.parameters, self._arrays, self._is_used, strict=True):
            if total is not None and is_used:
                # All weights are 0 where no label of any batch has a weight: the gradient is 0 as well.
                total /= self._weight or 1.0
            parameter.grad = total if is_used else None
        self.clear()
