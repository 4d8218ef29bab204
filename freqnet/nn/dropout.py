"""Dropout inside a domain: of high frequencies, of channels, and of the body of a residual block."""

from __future__ import annotations

import warnings
from dataclasses import dataclass

import numpy as np

from freqnet.autodiff import Tensor
from freqnet.checks import is_finite, is_whole
from freqnet.errors import ConfigurationError, NetworkWarning, got_expected
from freqnet.nn.module import Module, Signal, layer, require_incoming
from freqnet.ops.dropout import drop_frequencies, drop_lanes
from freqnet.spaces.base import Axes


class _Random(Module):
    """The base class of layers that draw in training and return their input in evaluation."""

    changes_in_training = True

    def _drawing(self) -> np.random.Generator:
        # The generator of this moment: training sets another for each epoch.
        if self.generator is None:
            todo = "put it in a Network, call its build(), or call set_generator(numpy.random.default_rng(0))"
            raise ConfigurationError(got_expected(type(self).__name__, "no generator", "one in training", todo))
        return self.generator


@layer
@dataclass(eq=False)
class FrequencyDropout(_Random):
    """Set all modes beyond a random radius to zero in training (Rippel et al. 2015, section 3.2).

    Each training step draws one radius for all axes, uniformly from `minimum` to the largest band. As in the paper,
    nothing is rescaled. `build` gives the layer a generator, whose seed follows from that of the network;
    `set_generator` replaces it.

    Parameters
    ----------
    minimum : int
        Smallest radius, as a mode number. Of a fraction, the whole number below counts, with a `NetworkWarning`.

    Raises
    ------
    ConfigurationError
        The minimum is below 0 or larger than the band, or the layer is used in training before `build`.
    """

    is_static = True

    minimum: int = 1

    def _build(self, incoming: Signal, generator: np.random.Generator) -> Signal:
        space = require_incoming(incoming, Signal, "FrequencyDropout").space
        if not is_finite(self.minimum) or not 0 <= self.minimum <= max(1, *space.band):
            raise ConfigurationError(
                got_expected("minimum radius", self.minimum, f"0 to {max(space.band)}", "pass minimum=0")
            )
        if not is_whole(self.minimum):
            # Earlier versions took fractions, and cut them off.
            todo = f"pass minimum={int(self.minimum)}; it counts modes, and is no rate"
            warnings.warn(got_expected("minimum radius", self.minimum, "a whole number", todo), NetworkWarning, 2)
        return incoming

    def forward(self, x: Tensor) -> Tensor:
        if not self.training:
            return x
        return drop_frequencies(x, draw=self._radius)[0]

    def _radius(self, band: Axes) -> int:
        most = max(band)
        return int(self._drawing().integers(min(int(self.minimum), most), most + 1))


class _LaneDropout(_Random):
    """The base class of layers that multiply each example and channel by 0 or by ``1 / (1 - rate)``."""

    rate: float

    def _build(self, incoming: Signal, generator: np.random.Generator) -> Signal:
        name = type(self).__name__
        if not is_finite(self.rate) or not 0 <= self.rate < 1:
            todo = "pass rate=0.1"
            raise ConfigurationError(got_expected(f"rate of {name}", self.rate, "a number from 0 to below 1", todo))
        return require_incoming(incoming, Signal, name)

    @property
    def changes_in_training(self) -> bool:  # type: ignore[override]
        """Whether any example or channel can be dropped."""
        return self.rate > 0

    def forward(self, x: Tensor) -> Tensor:
        if not self.training or self.rate == 0:
            return x
        return drop_lanes(x, draw=self._factors)[0]

    def _drawn(self, shape: tuple[int, ...]) -> np.ndarray:
        return (self._drawing().random(shape) >= self.rate) / (1 - self.rate)

    def _factors(self, shape: tuple[int, ...]) -> np.ndarray:
        return self._drawn(shape)


@layer
@dataclass(eq=False)
class ChannelDropout(_LaneDropout):
    """Set random channels of each example to zero in training (Tompson et al. 2015), and scale the others.

    All modes of a channel are dropped together. Single modes, like neighbouring samples, would not be independent.

    Parameters
    ----------
    rate : float
        Probability that a channel is dropped, from 0 to below 1; the others are multiplied by ``1 / (1 - rate)``.

    Raises
    ------
    ConfigurationError
        The rate is out of range, or the layer is used in training before `build`.

    Examples
    --------
    >>> import numpy as np
    >>> from freqnet import nn, ops
    >>> from freqnet.spaces import Fourier
    >>> x = ops.analysis(np.ones((1, 9, 8)), Fourier.on(9))
    >>> drop = nn.ChannelDropout(0.5)
    >>> _ = drop.build(nn.Signal(x.space, 8), np.random.default_rng(0), np.float64)
    >>> drop.train()
    >>> sorted(set(ops.mean(drop(x)).data[0].round(6).tolist()))
    [0.0, 2.0]
    """

    is_static = True

    rate: float = 0.1


@layer
@dataclass(eq=False)
class StochasticDepth(_LaneDropout):
    """Set random whole examples to zero in training (Huang et al. 2016), and scale the others.

    At the end of the body of a `Residual`, this skips the body for these examples.

    Parameters
    ----------
    rate : float
        Probability that an example is dropped, from 0 to below 1; the others are multiplied by ``1 / (1 - rate)``.

    Raises
    ------
    ConfigurationError
        The rate is out of range, or the layer is used in training before `build`.

    Examples
    --------
    >>> from freqnet import nn
    >>> body = nn.Sequential(nn.Convolution(8), nn.PowerNorm(), nn.Gaussian(), nn.StochasticDepth(0.1))
    >>> block = nn.Residual(body)
    """

    is_static = True

    rate: float = 0.1

    def _factors(self, shape: tuple[int, ...]) -> np.ndarray:
        return np.broadcast_to(self._drawn((shape[0], 1)), shape)
