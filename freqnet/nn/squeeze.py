"""Gates per channel from global statistics (squeeze and excitation)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from freqnet import ops
from freqnet.autodiff import Tensor
from freqnet.nn.head import Dense
from freqnet.nn.module import Features, Module, Signal, layer, positive, require_incoming
from freqnet.ops.arithmetic import reshape, row, stack_rows, transpose
from freqnet.ops.normalize import scale

# Keeps the slope of the root finite.
_EPSILON = 1e-5


@layer
@dataclass(eq=False)
class SqueezeExcitation(Module):
    """Multiply every channel by a gate between 0 and 2, computed from all channels (Hu et al. 2018).

    The gates come from the mean (DC mode) and the standard deviation (Parseval) of each channel, through two dense
    layers. These are plain numbers: the function between the layers is an exact ReLU, at no product of signals. The
    statistics do not change under shifts, so the layer commutes with shifts. All gates start at 1.

    Parameters
    ----------
    reduction : int
        The first dense layer has ``channels // reduction`` outputs, at least 1.

    Raises
    ------
    ShapeError
        The reduction is not a whole number of at least 1, or the input is not a signal.

    Examples
    --------
    >>> import numpy as np
    >>> from freqnet import nn
    >>> from freqnet.spaces import Fourier
    >>> gate = nn.SqueezeExcitation(reduction=4)
    >>> print(gate.build(nn.Signal(Fourier.on((9, 9)), 16), np.random.default_rng(0)))
    16 channels of fourier signal, grid 9x9, band 4x4
    >>> {name: p.shape for name, p in gate.named_parameters().items() if name.endswith("weight")}
    {'squeeze.weight': (32, 4), 'excite.weight': (4, 16)}
    """

    is_static = True

    reduction: int = 8

    def __post_init__(self) -> None:
        super().__post_init__()
        # Its two dense layers, once it is built.
        self._dense: dict[str, Dense] = {}

    def _build(self, incoming: Signal, generator: np.random.Generator) -> Signal:
        incoming = require_incoming(incoming, Signal, "SqueezeExcitation")
        positive(self.reduction, "reduction")
        hidden = max(1, incoming.channels // self.reduction)
        self._dense = {"squeeze": Dense(hidden), "excite": Dense(incoming.channels)}
        features = Features(2 * incoming.channels)
        for dense in self._dense.values():
            features = dense.build(features, generator, self.precision)
        self._dense["excite"].parameters["weight"].data[...] = 0
        return incoming

    def children(self) -> Iterator[tuple[str, Module]]:
        yield from self._dense.items()

    def forward(self, x: Tensor) -> Tensor:
        hidden = ops.relu(self._dense["squeeze"](_statistics(x)))
        gates = ops.sigmoid(self._dense["excite"](hidden)) * 2.0
        return scale(x, gates)


def _statistics(x: Tensor) -> Tensor:
    """Return mean and standard deviation of every channel ``(batch, 2 * channels)``."""
    found = ops.moments(x, per_sample=True)
    _, batch, channels = found.shape
    deviation = ops.power(row(found, index=1) + _EPSILON, exponent=0.5)
    parts = row(found, index=0), deviation
    both = stack_rows([reshape(part, shape=(batch, channels)) for part in parts])
    return reshape(transpose(both, axes=(1, 0, 2)), shape=(batch, 2 * channels))
