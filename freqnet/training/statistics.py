"""Running statistics of normalisation: measured anew after few training steps, and kept by measurements."""

from __future__ import annotations

import numpy as np

from freqnet.autodiff import no_grad
from freqnet.nn import Network
from freqnet.nn.normalization import WithStatistics
from freqnet.training.batches import Spectra

# Largest number of training examples that statistics are measured on.
MOST_EXAMPLES = 5000


def lagging_layers(network: Network, steps: int) -> list[WithStatistics]:
    """Return the layers whose running averages are not those of evaluation after some training steps.

    They lag behind the weights, or they are averages of signals that a layer before them, such as dropout, changes in
    training alone. Layers that do not train, such as frozen ones, keep their averages.
    """
    layers, is_changed = [], False
    for _, layer in network.body.modules():
        is_changed |= layer.changes_in_training and steps > 0
        if isinstance(layer, WithStatistics) and layer.training and layer.has_running:
            layers += [layer] if is_changed or layer.lags(steps) else []
    return layers


def recalibrate(
    network: Network, layers: list[WithStatistics], train: Spectra, batch: int, generator: np.random.Generator
) -> None:
    """Replace the running averages of some layers by the mean of their batch statistics, with the present weights.

    Running averages lag behind the weights, which matters after few steps. Here each batch counts by its number of
    examples. Dropout is off, as in evaluation. Nothing else of the network changes, such as its mode.

    Parameters
    ----------
    network : Network
    layers : list of WithStatistics
        Layers of the network.
    train : Spectra
        Training examples, of which at most 5000 are used.
    batch : int
        Examples per batch, as in training.
    generator : numpy.random.Generator
        Draws the examples.
    """
    everything = [layer for _, layer in network.body.modules()]
    before = [(layer, layer._training) for layer in everything]
    momentum = [(layer, layer.momentum) for layer in layers]
    order, seen = generator.permutation(len(train))[:MOST_EXAMPLES], 0
    try:
        for layer in everything:
            layer.training = layer in layers
        with no_grad(), np.errstate(over="ignore", invalid="ignore"):
            for start in range(0, len(order), batch):
                # At the door, where transforms are allowed: examples in files pass it here.
                x = train.take(order[start : start + batch]).x
                count = x.shape[-2]
                seen += count
                for layer in layers:
                    layer.momentum = count / seen
                with network.guard(counts=False):
                    network.body(x)
    finally:
        for layer, mode in before:
            layer.training = mode
        for norm, value in momentum:
            norm.momentum = value
