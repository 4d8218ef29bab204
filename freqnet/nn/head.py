"""Heads: from signals to features, and from features to logits."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from freqnet import ops
from freqnet.autodiff import Tensor
from freqnet.nn.module import Features, Module, Signal, layer, positive, require_incoming
from freqnet.ops.linear import functional, signals_of
from freqnet.spaces import mode_numbers


@layer
@dataclass(eq=False)
class Dense(Module):
    """Apply a trained affine map to features, or to all kept modes of a signal.

    A signal enters as orthonormal real coordinates of its spectrum, so the layer can be any affine map of the
    band-limited samples (arXiv 2108.05690, section 3.4).

    Parameters
    ----------
    outputs : int
        Number of output features.

    Raises
    ------
    ShapeError
        The number of outputs is below 1.

    Examples
    --------
    >>> import numpy as np
    >>> from freqnet import nn
    >>> from freqnet.spaces import Fourier
    >>> dense = nn.Dense(10)
    >>> print(dense.build(nn.Signal(Fourier.on((5, 5)), 8), np.random.default_rng(0)))
    10 features
    >>> dense.parameters["weight"].shape
    (200, 10)
    """

    is_static = True

    outputs: int

    def _build(self, incoming: Signal | Features, generator: np.random.Generator) -> Features:
        positive(self.outputs, "outputs")
        if isinstance(incoming, Signal):
            inputs = incoming.space.coordinate_count * incoming.channels
        else:
            inputs = require_incoming(incoming, Features, "Dense").count
        shape = self.reserve("outputs", (inputs, self.outputs))
        self.add_parameter("weight", generator.standard_normal(shape) / np.sqrt(inputs))
        self.add_parameter("bias", np.zeros((1, self.outputs)))
        return Features(self.outputs)

    def forward(self, x: Tensor) -> Tensor:
        weight = self.parameters["weight"]
        if x.space is None:
            return x @ weight + self.parameters["bias"]
        signals = self.constant("signals", x.space, lambda: signals_of(weight, x.space, x.shape[-1]))
        return functional(x, signals) + self.parameters["bias"]


@layer
@dataclass(eq=False)
class GlobalAverage(Module):
    """Return the mean of every channel, its DC mode, which is invariant to shifts."""

    is_static = True

    def _build(self, incoming: Signal, generator: np.random.Generator) -> Features:
        return Features(require_incoming(incoming, Signal, "GlobalAverage").channels)

    def forward(self, x: Tensor) -> Tensor:
        return ops.mean(x)


@layer
@dataclass(eq=False)
class PowerSpectrum(Module):
    """Return the power of every channel in each pair of modes (k, -k), which is invariant to shifts.

    In the grid domain this is the only layer that transforms; the transform is counted.
    """

    is_static = True

    def _build(self, incoming: Signal, generator: np.random.Generator) -> Features:
        incoming = require_incoming(incoming, Signal, "PowerSpectrum")
        return Features(len(mode_numbers(incoming.space.spectrum_space.band)) * incoming.channels)

    def forward(self, x: Tensor) -> Tensor:
        if not x.space.is_spectral:
            x = ops.analysis(ops.synthesis(x), x.space.spectrum_space)
        return ops.power_spectrum(x)
