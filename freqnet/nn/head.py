"""Heads: from signals to features, from features to logits, and from normalised outputs to their units."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from freqnet import ops
from freqnet.autodiff import Tensor
from freqnet.checks import is_finite
from freqnet.errors import ConfigurationError, got_expected
from freqnet.nn.module import Features, Module, Signal, layer, positive, require_incoming
from freqnet.ops.linear import functional, signals_of
from freqnet.ops.normalize import constant
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


@layer
@dataclass(eq=False)
class Rescale(Module):
    """Multiply each output by a fixed scale and add a fixed offset: from numbers of size 1 to the units of the targets.

    It stands at the end of a network for numbers or signals; `freqnet.training.fit` then measures errors in units of
    the scale.

    Parameters
    ----------
    scale : tuple of float
        Scale of each output or channel, other than 0; a single number is for all.
    offset : tuple of float
        Number that is added to each output or channel; a single number is for all.

    Raises
    ------
    ConfigurationError
        The numbers are not finite, a scale is 0, or there are not as many as outputs.

    Examples
    --------
    >>> import numpy as np
    >>> from freqnet import nn
    >>> body = nn.Sequential(nn.Dense(2), nn.Rescale((10.0, 0.1), (20.0, 0.0)))
    >>> network = nn.Network(nn.Door("fourier", (8,), (3,), 1), body)
    >>> network.predict(np.zeros((1, 8, 1)))
    array([[20.,  0.]], dtype=float32)
    """

    is_static = True

    scale: tuple[float, ...] = (1.0,)
    offset: tuple[float, ...] = (0.0,)

    def _build(self, incoming: Signal | Features, generator: np.random.Generator) -> Signal | Features:
        count = incoming.channels if isinstance(incoming, Signal) else incoming.count
        for name in ("scale", "offset"):
            given = getattr(self, name)
            numbers = tuple(np.atleast_1d(np.asarray(given, object)).tolist())
            is_usable = all(is_finite(n) and (n != 0 or name == "offset") for n in numbers)
            if len(numbers) not in (1, count) or not is_usable:
                expected = f"1 or {count} finite numbers{' other than 0' if name == 'scale' else ''}"
                raise ConfigurationError(got_expected(f"Rescale {name}", given, expected, f"pass {name}=1.0"))
            setattr(self, name, tuple(float(n) for n in numbers))
        # A constant fills the grid.
        return Signal(incoming.space.unbounded, count) if isinstance(incoming, Signal) else incoming

    def forward(self, x: Tensor) -> Tensor:
        shape = (1, x.shape[-1])
        scale, offset = (np.broadcast_to(np.array(n, self.precision), shape).copy() for n in (self.scale, self.offset))
        if x.space is None:
            return x * Tensor(scale) + Tensor(offset)
        return ops.times(x, Tensor(scale)) + constant(Tensor(offset), space=x.space)
