"""Training steps as plans: loss and gradients by kernel calls in a row, where a network allows it."""

from __future__ import annotations

from operator import attrgetter, is_
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from freqnet.autodiff import Tensor
from freqnet.errors import ConfigurationError, PlanWarning, got_expected, warn
from freqnet.nn import Network
from freqnet.nn.module import changes_of_settings, modes_of
from freqnet.ops.loss import class_targets, softmax_loss
from freqnet.training.statistics import kept_state

if TYPE_CHECKING:
    from freqnet.plan import Plan

# Plans that are kept: for full batches, and for the last batch of an epoch, in two modes.
_MOST = 4
_gradient = attrgetter("grad")


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
    gradients : list of (ndarray or None)
        Gradient of each trained parameter, which the plan writes; None if the loss does not depend on it.
    """

    plan: Plan
    targets: np.ndarray
    logits: np.ndarray
    gradients: list[np.ndarray | None]


class StepPlans:
    """Loss and gradients of a network by plans, one for each shape of batches.

    Parameters
    ----------
    network : Network
    trained : dict of str to Tensor
        Parameters whose gradients are computed.
    smoothing : float
    class_weights : ndarray or None
        Both as in `freqnet.ops.cross_entropy`.
    """

    def __init__(
        self,
        network: Network,
        trained: dict[str, Tensor],
        smoothing: float = 0.0,
        class_weights: np.ndarray | None = None,
    ) -> None:
        self.network, self.trained = network, list(trained.values())
        self.smoothing, self.class_weights = smoothing, class_weights
        # The targets of each class.
        self._rows = self._targets(np.arange(network.outputs), None)
        self._steps: dict[tuple, Step] = {}

    def __getstate__(self) -> dict[str, Any]:
        # Plans hold addresses: a copy makes its own.
        return {**vars(self), "_steps": {}}

    def __call__(self, x: Tensor, labels: np.ndarray) -> tuple[float, np.ndarray]:
        """Set the gradients of all trained parameters; return the loss and the logits ``(batch, classes)``.

        The next batch of the same shape overwrites gradients and logits.
        """
        network = self.network
        key = (x.data.shape, modes_of(network.layers), changes_of_settings(), id(network.body))
        step = self._steps.get(key)
        if step is None or not step.plan.is_current:
            if len(self._steps) >= _MOST:
                self._steps.clear()
            step = self._steps[key] = self.record(x, labels)
        if self.class_weights is None and labels.dtype == np.intp:
            self._rows.take(labels, 0, step.targets)
        else:
            step.targets[...] = self._targets(labels, self.class_weights)
        # Before the run, which drives all this out of the caches. Usually they are there already.
        if not all(map(is_, map(_gradient, self.trained), step.gradients)):
            for p, gradient in zip(self.trained, step.gradients, strict=True):
                p.grad = gradient
        return float(step.plan.run(x.data)), step.logits

    def _targets(self, labels: np.ndarray, weights: np.ndarray | None) -> np.ndarray:
        choices, network = (self.smoothing, weights), self.network
        return class_targets(labels, network.outputs, *choices, batch=len(labels), dtype=network.precision)

    def record(self, x: Tensor, labels: np.ndarray) -> Step:
        """Record the plan for one shape of batches."""
        # Only where there are compiled kernels.
        from freqnet.plan import Plan

        own, made = self._targets(labels, self.class_weights), []

        def loss(source: Tensor) -> Tensor:
            made.append(self.network.body(source))
            return softmax_loss(made[0], targets=own)

        # Recording runs the network once.
        try:
            quiet = np.errstate(over="ignore", invalid="ignore")
            with self.network.guard(), quiet, kept_state(self.network.body):
                plan = Plan(loss, x, list(self.network.named_parameters().values()))
        except MemoryError as error:
            got, todo = (
                str(error) or "none left",
                "lower the batch size, as with --batch, or keep fewer modes or channels",
            )
            raise ConfigurationError(
                got_expected(f"memory for a batch of {x.shape[-2]}", got, "enough free memory", todo)
            ) from None
        for layer in self.network.layers:
            for name, p in layer.parameters.items():
                plan.watch(layer.parameters, name, p)
        return Step(plan, own, plan.value(made[0]), [plan.gradient(p) for p in self.trained])


def tell_of_layers_without_plan(network: Network) -> None:
    """Warn once if a layer keeps a network from running as a plan, although there are kernels for its domain."""
    names = network.layers_without_plan()
    if names and network.door.space.has_kernels:
        todo = "set is_static = True in the class if its forward runs the same ops at every call, whatever the data"
        expected = "layers that say they are static"
        warn(
            got_expected("training", f"{', '.join(names)}, so that each step runs op by op", expected, todo),
            PlanWarning,
        )
