"""Heads: from signals to features, and from features to logits."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from freqnet import ops
from freqnet.autodiff import Tensor
from freqnet.domains import FOURIER
from freqnet.domains.fourier import mode_numbers
from freqnet.errors import ShapeError, got_expected
from freqnet.nn.module import Features, Module, Signal, layer, positive, require_incoming
from freqnet.ops.linear import functional, signals_of


@layer
@dataclass(eq=False)
class Dense(Module):
    """A trained affine map of features, or of all kept modes of a signal.

    On a signal it works on orthonormal real coordinates of the spectrum, so it is any linear map of the
    band-limited samples (arXiv 2108.05690, section 3.4).

    Parameters
    ----------
    outputs : int
        How many numbers go out.

    Raises
    ------
    ShapeError
        No outputs.

    Examples
    --------
    >>> import numpy as np
    >>> from freqnet import nn
    >>> from freqnet.domains import FOURIER
    >>> dense = nn.Dense(10)
    >>> print(dense.build(nn.Signal(FOURIER.space((5, 5)), 8), np.random.default_rng(0)))
    10 features
    >>> dense.parameters["weight"].shape
    (200, 10)
    """

    outputs: int

    def _build(self, incoming: Signal | Features, generator: np.random.Generator) -> Features:
        positive(self.outputs, "outputs")
        if isinstance(incoming, Signal):
            inputs = incoming.space.domain.coordinate_count(incoming.space) * incoming.channels
        else:
            inputs = require_incoming(incoming, Features, "Dense").count
        self.add_parameter("weight", generator.standard_normal((inputs, self.outputs)) / np.sqrt(inputs))
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
    """The mean of every channel: the DC mode. It does not see shifts."""

    def _build(self, incoming: Signal, generator: np.random.Generator) -> Features:
        return Features(require_incoming(incoming, Signal, "GlobalAverage").channels)

    def forward(self, x: Tensor) -> Tensor:
        return ops.mean(x)


@layer
@dataclass(eq=False)
class PowerSpectrum(Module):
    """The power of every channel in each pair of modes (k, -k): it does not see shifts.

    On the grid domain this is the one layer that needs a transform, which is counted.
    """

    def _build(self, incoming: Signal, generator: np.random.Generator) -> Features:
        incoming = require_incoming(incoming, Signal, "PowerSpectrum")
        if incoming.space.domain.is_causal:
            todo = "use GlobalAverage or Dense, or another domain"
            raise ShapeError(got_expected("PowerSpectrum", incoming, "waves (--domain fourier)", todo))
        band = self._band(incoming)
        return Features(len(mode_numbers(band)) * incoming.channels)

    def _band(self, incoming: Signal) -> tuple[int, ...]:
        largest = FOURIER.largest_band(incoming.space.grid)
        return tuple(min(m, b) for m, b in zip(incoming.space.band, largest, strict=True))

    def forward(self, x: Tensor) -> Tensor:
        if not x.space.domain.is_spectral:
            band = self._band(Signal(x.space, x.shape[-1]))
            x = ops.analysis(ops.synthesis(x), FOURIER.space(x.space.grid, band))
        return ops.power_spectrum(x)
