"""Evaluation of a network: loss, accuracy, and the layer whose output exploded when training diverges."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from freqnet import ops
from freqnet.autodiff import Tensor, no_grad
from freqnet.display import Displayed, brief
from freqnet.errors import DataError, DivergenceError, SpaceError, got_expected
from freqnet.nn import Compiled, Network
from freqnet.ops.normalize import signal_power
from freqnet.training.batches import Spectra, require_spectra
from freqnet.training.statistics import kept_state

# A layer with a larger power has exploded: float32 loses accuracy long before it overflows.
EXPLODED = 1e8


@dataclass(frozen=True, repr=False)
class Evaluation(Displayed):
    """The results of an evaluation.

    Attributes
    ----------
    loss : float
        Mean cross entropy, in nats, without label smoothing.
    accuracy : float
        Share of examples whose largest logit is that of the label, in [0, 1].
    logits : numpy.ndarray
        ``(samples, classes)``.
    """

    loss: float
    accuracy: float
    logits: np.ndarray

    def __repr__(self) -> str:
        return brief(self)


def evaluate(network: Network | Compiled, spectra: Spectra, batch: int = 250) -> Evaluation:
    """Measure the loss and accuracy of a network on labelled spectra, in evaluation mode.

    The network's own mode does not change.

    Parameters
    ----------
    network : Network or Compiled
    spectra : Spectra
        Labelled examples, from `freqnet.training.analyse`.
    batch : int
        Examples computed at a time.

    Raises
    ------
    DataError
        There are no spectra.
    SpaceError
        The first argument is no network.
    DivergenceError
        The loss is not finite: weights or examples are too large.
    """
    require_spectra(spectra, "evaluate")
    if len(spectra) == 0:
        raise DataError(got_expected("evaluation", "no examples", "at least one", "pass a dataset with samples"))
    if not isinstance(network, Network | Compiled):
        got = type(network).__name__
        raise SpaceError(got_expected("evaluate", got, "a Network or what compile() returns", "pass the network first"))
    with no_grad(), np.errstate(over="ignore", invalid="ignore"):
        logits = np.concatenate([network.logits(x, batch) for x, _ in spectra.in_order(batch)])
        loss = ops.cross_entropy(Tensor(logits), spectra.labels).item()
        if not np.isfinite(loss):
            x, _ = spectra.take(np.flatnonzero(~np.isfinite(logits).all(axis=1))[:batch])
            whole = network.network if isinstance(network, Compiled) else network
            with whole.inference():
                got = f"a loss of {loss}; {exploding_layer(whole, x)}"
            raise DivergenceError(
                got_expected(
                    "evaluation", got, "a finite loss", "train with a lower learning rate, or scale the examples"
                )
            )
    return Evaluation(loss, float(np.mean(logits.argmax(axis=1) == spectra.labels)), logits)


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
