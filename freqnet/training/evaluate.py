"""Evaluation of a network: loss, metrics, and the layer whose output exploded when training diverges."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, NoReturn

import numpy as np

from freqnet.augment import Batch
from freqnet.autodiff import Tensor, no_grad
from freqnet.checks import require_count
from freqnet.display import Displayed, brief
from freqnet.errors import DataError, DivergenceError, SpaceError, got_expected
from freqnet.nn import Compiled, Network
from freqnet.nn.module import kept_state
from freqnet.ops.normalize import signal_power
from freqnet.tasks import Loss, LossChoices, Outputs, Task
from freqnet.training.averaging import Copies
from freqnet.training.batches import Spectra, output_space, require_door, require_names, require_spectra

if TYPE_CHECKING:
    from freqnet.torch.devices import DeviceNetwork

# A layer with a larger power has exploded: float32 loses accuracy long before it overflows.
EXPLODED = 1e8


@dataclass(frozen=True, repr=False)
class Evaluation(Displayed):
    """The results of an evaluation.

    Attributes
    ----------
    loss : float
        Mean loss without label smoothing and weights of classes: cross entropy in nats, or the squared error in units
        of the network's `freqnet.nn.Rescale`, of a field within the band of the outputs.
    metrics : dict of str to float
        The metrics of the task, such as ``accuracy`` or ``r2``, in the units of the targets.
    outputs : numpy.ndarray
        Outputs of the network ``(samples, outputs)``, such as logits; of a field, samples ``(samples, *grid,
        channels)`` on the grid of the targets.
    task : Task
    """

    loss: float
    metrics: dict[str, float]
    outputs: np.ndarray
    task: Task

    @property
    def score(self) -> float:
        """The metric that says how good the network is at its task."""
        return self.metrics[self.task.score]

    @property
    def accuracy(self) -> float:
        """Share of examples whose class is right, in [0, 1].

        Raises
        ------
        DataError
            The task has no accuracy.
        """
        if "accuracy" not in self.metrics:
            got, todo = f"a {self.task.name}", f"use .metrics, which has {', '.join(self.metrics)}"
            raise DataError(got_expected("accuracy", got, "a classification", todo))
        return self.metrics["accuracy"]

    def __repr__(self) -> str:
        return brief(self)


def evaluate(
    network: Network | Compiled | DeviceNetwork,
    spectra: Spectra,
    batch: int = 250,
    *,
    loss: str | None = None,
    order: float = 1.0,
    tta: str | Sequence[str] = (),
) -> Evaluation:
    """Measure the loss and the metrics of a network on spectra with targets, in evaluation mode.

    The network's own mode does not change.

    Parameters
    ----------
    network : Network or Compiled
    spectra : Spectra
        Examples with targets, from `freqnet.training.analyse`. If they have weights, so have loss and metrics.
    batch : int
        Examples computed at a time.
    loss : str, optional
        Name of the loss, as in `Settings` [the task's own].
    order : float
        Order of the Sobolev norm.
    tta : str or sequence of str
        Moves whose copies are averaged, such as ``"mirror,shift=1"``: see `predict_averaged`.

    Raises
    ------
    DataError
        There are no spectra, or a target is no output of the network.
    ConfigurationError
        The batch is not a whole number of 1 or more, the task has no such loss, or a move does not suit the network.
    SpaceError
        The first argument is no network.
    DivergenceError
        The loss is not finite: weights or examples are too large.
    """
    require_spectra(spectra, "evaluate")
    if len(spectra) == 0:
        raise DataError(got_expected("evaluation", "no examples", "at least one", "pass a dataset with samples"))
    # Compiled networks, and those on devices, have the network that they compute.
    whole = getattr(network, "network", network)
    if not isinstance(whole, Network) or not hasattr(network, "infer"):
        got = type(network).__name__
        raise SpaceError(got_expected("evaluate", got, "a Network or what compile() returns", "pass the network first"))
    require_count("batch", batch, 250)
    require_door(whole, spectra)
    require_names(whole, spectra.names, "the examples")
    require_fields(whole, spectra)
    measure = loss_of(whole, spectra.task, spectra.targets, LossChoices(loss=loss, order=order))
    copies = Copies(whole, spectra.task, tta)
    with no_grad(), np.errstate(over="ignore", invalid="ignore"):
        outputs, losses = [], []
        for part in spectra.in_order(batch):
            outputs.append(copies.outputs(network, part.x, batch))
            losses.append(_loss(measure, outputs[-1], part, spectra))
        counts = [min(batch, len(spectra) - start) for start in range(0, len(spectra), batch)]
        mean = float(np.average(losses, weights=counts))
        if not np.isfinite(mean):
            _tell_divergence(whole, spectra, np.flatnonzero(~np.isfinite(losses))[0], batch, mean)
    sampled = _in_user_units(whole, outputs, spectra)
    return Evaluation(mean, spectra.task.metrics(sampled, spectra.targets, spectra.weights), sampled, spectra.task)


def loss_of(network: Network, task: Task, targets: np.ndarray, choices: LossChoices) -> Loss:
    """Return the loss of a network for a task, after checking that its outputs and the targets fit each other.

    Raises
    ------
    DataError
        The outputs of the network are not those of the task, or a target is no output.
    ConfigurationError
        The task has no such loss, or the weights of classes do not fit.
    """
    space = output_space(network, task)
    outputs = Outputs(network.outputs, space, network.units[0], network.precision)
    return task.loss(outputs, choices, targets)


def require_fields(network: Network, spectra: Spectra) -> None:
    """Raise `DataError` if spectra of a field are not targets of this network."""
    if spectra.task.is_field and (spectra.fields is None or spectra.field_space != network.output_space):
        expected = f"spectra in {network.output_space}" if network.output_space else "numbers"
        todo = "make them with analyse(network, dataset)"
        raise DataError(got_expected("targets of a field", f"{spectra.field_space or 'none'}", expected, todo))


def _loss(measure: Loss, outputs: np.ndarray, part: Batch, spectra: Spectra) -> float:
    return measure.of(Tensor(outputs, spectra.field_space), part.targets, part.weights).item()


def _in_user_units(network: Network, outputs: list[np.ndarray], spectra: Spectra) -> np.ndarray:
    """Return all outputs; those of fields as samples on the grid of the targets."""
    if not spectra.task.is_field:
        return np.concatenate(outputs)
    grid = spectra.targets.shape[1:-1]
    return np.concatenate([network.sampled(part, grid) for part in outputs])


def _tell_divergence(network: Network, spectra: Spectra, part: int, batch: int, loss: float) -> NoReturn:
    x = spectra.take(np.arange(part * batch, min((part + 1) * batch, len(spectra)))).x
    with network.inference():
        got = f"a loss of {loss}; {exploding_layer(network, x)}"
    todo = "train with a lower learning rate, or scale the examples"
    raise DivergenceError(got_expected("evaluation", got, "a finite loss", todo))


def exploding_layer(network: Network, x: Tensor) -> str:
    """Return the name and power of the first layer that exploded, or else of the layer with the largest power.

    Parameters
    ----------
    network : Network
    x : Tensor
        Spectra ``(*modes, batch, channels)`` whose loss is not finite.
    """
    worst, greatest = "the loss", 0.0
    with kept_state(network.body), no_grad(), np.errstate(over="ignore", invalid="ignore"):
        for name, layer in network.body.children():
            x = layer(x)
            size = float(np.mean(signal_power(x).data if x.space is not None else np.square(x.data)))
            label = f"layer {name} ({type(layer).__name__})"
            if not np.isfinite(size) or size > EXPLODED:
                return f"{label}, power {size:.3g}"
            if size >= greatest:
                worst, greatest = f"{label}, power {size:.3g}", size
    return worst
