"""Training steps as plans: loss and gradients by kernel calls in a row, where a network allows it."""

from __future__ import annotations

from operator import attrgetter, is_
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from freqnet.augment import Batch
from freqnet.autodiff import Tensor
from freqnet.errors import ConfigurationError, PlanWarning, got_expected, warn
from freqnet.nn import Network
from freqnet.nn.module import changes_of_settings, kept_state, modes_of
from freqnet.tasks import Loss

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
    arrays : list of ndarray
        What the loss needs of the targets, which the plan reads.
    outputs : ndarray
        Outputs of the network, which the plan writes.
    gradients : list of (ndarray or None)
        Gradient of each trained parameter, which the plan writes; None if the loss does not depend on it.
    """

    plan: Plan
    arrays: list[np.ndarray]
    outputs: np.ndarray
    gradients: list[np.ndarray | None]


class StepPlans:
    """Loss and gradients of a network by plans, one for each shape of batches.

    Parameters
    ----------
    network : Network
    trained : dict of str to Tensor
        Parameters whose gradients are computed.
    loss : Loss
        The loss of a batch.
    """

    def __init__(self, network: Network, trained: dict[str, Tensor], loss: Loss) -> None:
        self.network, self.trained, self.loss = network, list(trained.values()), loss
        self._steps: dict[tuple, Step] = {}

    def __getstate__(self) -> dict[str, Any]:
        # Plans hold addresses: a copy makes its own.
        return {**vars(self), "_steps": {}}

    def __call__(self, batch: Batch) -> tuple[float, np.ndarray]:
        """Set the gradients of all trained parameters; return the loss and the outputs.

        The next batch of the same shape overwrites gradients and outputs.
        """
        network, x = self.network, batch.x
        key = (x.data.shape, modes_of(network.layers), changes_of_settings(), id(network.body))
        step = self._steps.get(key)
        if step is None or not step.plan.is_current:
            # No later batch has settings from before a change.
            self._steps = {own: found for own, found in self._steps.items() if own[2] == key[2]}
            if len(self._steps) >= _MOST:
                self._steps.clear()
            step = self._steps[key] = self.record(batch)
        for own, array in zip(step.arrays, self.loss.arrays_of(batch.targets, batch.weights, batch.mixes), strict=True):
            own[...] = array
        # Before the run, which drives all this out of the caches. Usually they are there already.
        if not all(map(is_, map(_gradient, self.trained), step.gradients)):
            for p, gradient in zip(self.trained, step.gradients, strict=True):
                p.grad = gradient
        return float(step.plan.run(x.data)), step.outputs

    def record(self, batch: Batch) -> Step:
        """Record the plan for one shape of batches."""
        # Only where there are compiled kernels.
        from freqnet.plan import Plan

        x, made = batch.x, []
        arrays = self.loss.arrays_of(batch.targets, batch.weights, batch.mixes)
        own = self.loss.tensors([array.copy() for array in arrays])

        def loss(source: Tensor) -> Tensor:
            made.append(self.network.body(source))
            return self.loss(made[0], own)

        # Recording runs the network once.
        try:
            quiet = np.errstate(over="ignore", invalid="ignore")
            with self.network.guard(), quiet, kept_state(self.network.body):
                plan = Plan(loss, x, [*self.network.named_parameters().values(), *own])
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
        return Step(plan, [x.data for x in own], plan.value(made[0]), [plan.gradient(p) for p in self.trained])


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
