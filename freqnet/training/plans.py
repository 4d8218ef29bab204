"""Training steps as plans: loss and gradients by kernel calls in a row, where a network allows it."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from freqnet.autodiff import Tensor
from freqnet.nn import Network
from freqnet.ops.loss import softmax_loss
from freqnet.plan import Plan
from freqnet.training.statistics import kept_state

# Plans that are kept: for full batches, and for the last batch of an epoch, in two modes.
_MOST = 4


class Step(NamedTuple):
    """The plan of a step for one shape of batches.

    Attributes
    ----------
    plan : Plan
        From spectra to the loss.
    targets : ndarray
        Shares of the classes ``(batch, classes)``, which the plan reads.
    logits : ndarray
        Logits ``(batch, classes)``, which the plan writes.
    """

    plan: Plan
    targets: np.ndarray
    logits: np.ndarray


class StepPlans:
    """Loss and gradients of a network by plans, one for each shape of batches.

    Parameters
    ----------
    network : Network
    trained : dict of str to Tensor
        Parameters whose gradients are computed.
    """

    def __init__(self, network: Network, trained: dict[str, Tensor]) -> None:
        self.network, self.trained = network, list(trained.values())
        self._steps: dict[tuple, Step] = {}

    def __call__(self, x: Tensor, targets: np.ndarray) -> tuple[float, np.ndarray]:
        """Set the gradients of all trained parameters; return the loss and the logits ``(batch, classes)``."""
        modes = tuple(module.training for _, module in self.network.body.modules())
        step = self._steps.get((x.shape, modes))
        if step is None or not step.plan.is_current:
            if len(self._steps) >= _MOST:
                self._steps.clear()
            step = self._steps[x.shape, modes] = self.record(x, targets)
        step.targets[...] = targets
        loss = float(step.plan.run(x.data))
        for p in self.trained:
            p.grad = step.plan.gradient(p)
        return loss, step.logits

    def record(self, x: Tensor, targets: np.ndarray) -> Step:
        """Record the plan for one shape of batches."""
        own, made = targets.copy(), []

        def loss(source: Tensor) -> Tensor:
            made.append(self.network.body(source))
            return softmax_loss(made[0], targets=own)

        # Recording runs the network once.
        with kept_state(self.network.body):
            plan = Plan(loss, x, self.trained)
        return Step(plan, own, plan.value(made[0]))
