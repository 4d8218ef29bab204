"""Functions of each mode by itself, as the literature has them: for comparison, since none of them mixes modes.

A layer that computes every output mode from the same input mode is a low-pass away from its input: what one
truncation later drops, no mode that is kept has ever seen (`freqnet audit` shows it). And but for `MagnitudeGain`,
none of them commutes with shifts: a shifted image is another image to them.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from freqnet.autodiff import Tensor
from freqnet.checks import is_finite
from freqnet.errors import ConfigurationError, got_expected
from freqnet.nn.activation import POINTWISE, known_function, unbounded
from freqnet.nn.module import Module, Signal, layer, require_incoming
from freqnet.ops.arithmetic import elementwise
from freqnet.ops.linear import coordinates_op, from_coordinates, gather, mode_inner, mode_scale
from freqnet.ops.pointwise import step
from freqnet.spaces import Space, mode_numbers


def _of_modes(incoming: Signal, what: str) -> Signal:
    incoming = require_incoming(incoming, Signal, what)
    incoming.space.require_modes(what)
    return unbounded(incoming)


@layer
@dataclass(eq=False)
class MagnitudeGain(Module):
    """Weaken each mode by r^2 / (r^2 + t^2), r its magnitude: modes below a threshold fade, phases stay.

    The form ``X[k] rho(|X[k]|)`` is the only function of single modes that commutes with shifts. The threshold is
    trained, one a channel, and the mean (k = 0) passes as it is. This rho is the gain of a Wiener filter.

    Parameters
    ----------
    threshold : float
        To start from, in units of the signal: a channel of power 1 has magnitudes of 1 / sqrt(modes) or so.

    Raises
    ------
    ConfigurationError
        A threshold that is no number above 0.
    ShapeError
        What comes in are samples.

    Examples
    --------
    >>> from freqnet import nn
    >>> nn.MagnitudeGain()
    MagnitudeGain(threshold=0.05)
    """

    threshold: float = 0.05

    def _build(self, incoming: Signal, generator: np.random.Generator) -> Signal:
        out = _of_modes(incoming, "MagnitudeGain")
        if not is_finite(self.threshold) or self.threshold <= 0:
            raise ConfigurationError(got_expected("threshold", repr(self.threshold), "a number above 0", "change it"))
        self.add_parameter("threshold", np.full((1, incoming.channels), self.threshold))
        return out

    def forward(self, x: Tensor) -> Tensor:
        strength = mode_inner(x, x)
        # Both sides count a pair (k, -k) twice, but for the mean, which any strength lets pass.
        level = self.parameters["threshold"] * self.parameters["threshold"] * 2.0
        gain = strength / (strength + level)
        keep = np.zeros((strength.shape[0], 1, 1), x.data.real.dtype)
        keep[0] = 1
        return mode_scale(x, gain + (gain * -1.0 + 1.0) * Tensor(keep))


@layer
@dataclass(eq=False)
class RealImaginary(Module):
    """A function of the real and of the imaginary part of every mode: tanh(Re) + i tanh(Im) and the like.

    Known as split activation; CReLU with relu (Trabelsi et al. 2018). It is not the function of the signal, and does
    not commute with shifts. One of each pair (k, -k) decides, the other is its mirror image, so that signals stay
    real.

    Parameters
    ----------
    function : str
        relu, tanh, sigmoid, gelu, silu or erf.

    Raises
    ------
    ConfigurationError
        The function is not known.
    ShapeError
        What comes in are samples.
    """

    function: str = "tanh"

    def _build(self, incoming: Signal, generator: np.random.Generator) -> Signal:
        out = _of_modes(incoming, "RealImaginary")
        known_function(self.function, POINTWISE)
        return out

    def forward(self, x: Tensor) -> Tensor:
        size = _part_sizes(x)
        values = elementwise(coordinates_op(x), size)
        changed = POINTWISE[self.function](values)
        return from_coordinates(elementwise(changed, Tensor(1 / size.data)), space=x.space)


@layer
@dataclass(eq=False)
class PhaseGate(Module):
    """Keep the modes whose phase lies in the first quadrant, drop all others: zReLU (Guberman 2016), PhaseReLU.

    The mean is kept where it is positive. It is not the ReLU of the signal, and does not commute with shifts: these
    turn phases.

    Raises
    ------
    ShapeError
        What comes in are samples.
    """

    def _build(self, incoming: Signal, generator: np.random.Generator) -> Signal:
        return _of_modes(incoming, "PhaseGate")

    def forward(self, x: Tensor) -> Tensor:
        values = coordinates_op(x)
        is_open = step(values)
        both = elementwise(is_open, gather(is_open, index=_partners(x.space)))
        return from_coordinates(elementwise(values, both), space=x.space)


@layer
@dataclass(eq=False)
class SecondHarmonic(Module):
    """Y[k] = X[k], plus a trained multiple of X[k / 2] at even k: 2SReLU (Watanabe and Wolf 2020).

    It is linear: a network with this alone is one affine map. It is not a function of the samples either; of a
    shift, the second harmonic sees twice as much.

    Parameters
    ----------
    first, second : float
        Factors to start from, trained, one a channel.

    Raises
    ------
    ConfigurationError
        A factor that is no finite number.
    ShapeError
        What comes in are samples.
    """

    first: float = 0.7
    second: float = 0.3

    def _build(self, incoming: Signal, generator: np.random.Generator) -> Signal:
        out = _of_modes(incoming, "SecondHarmonic")
        for name, factor in (("first", self.first), ("second", self.second)):
            if not is_finite(factor):
                raise ConfigurationError(got_expected(f"{name} factor", repr(factor), "a finite number", "change it"))
            self.add_parameter(name, np.full((1, incoming.channels), factor))
        return out

    def forward(self, x: Tensor) -> Tensor:
        doubled = from_coordinates(gather(coordinates_op(x), index=_halves(x.space)), space=x.space)
        return x * self.parameters["first"] + doubled * self.parameters["second"]


def _part_sizes(x: Tensor) -> Tensor:
    """Real and imaginary parts, per orthonormal coordinate ``(coordinates, 1, 1)``: 1 for the mean, else 1/sqrt(2)."""
    sizes = np.full((x.space.coordinate_count, 1, 1), np.sqrt(0.5), x.data.real.dtype)
    sizes[0] = 1
    return Tensor(sizes)


@lru_cache(maxsize=32)
def _partners(space: Space) -> tuple[int, ...]:
    """For each coordinate, that of the same mode's other part; the mean is its own."""
    count = (space.coordinate_count - 1) // 2
    return (0, *range(1 + count, 1 + 2 * count), *range(1, 1 + count))


@lru_cache(maxsize=32)
def _halves(space: Space) -> tuple[int, ...]:
    """For each coordinate of a mode k, that of k / 2; -1 where that is no mode. The mean has no harmonic."""
    numbers = [tuple(k) for k in mode_numbers(space.band).tolist()]
    place, count = {k: i for i, k in enumerate(numbers)}, len(numbers) - 1
    # Half of an odd number is none of them.
    halves = [place.get(tuple(n / 2 for n in k), -1) for k in numbers[1:]]
    return (-1, *halves, *(half + count if half > 0 else -1 for half in halves))
