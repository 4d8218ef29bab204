"""Activations of the literature that work on each mode alone, for comparison: none of them mixes modes.

If every output mode depends on the same input mode only, modes that a later truncation drops cannot influence the
output (`freqnet audit` shows this). Only `MagnitudeGain` commutes with shifts.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from freqnet.autodiff import Tensor
from freqnet.caches import cached
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
    """Multiply each mode by the gain r^2 / (r^2 + t^2) of a Wiener filter, with magnitude r and threshold t.

    Modes below the threshold are weakened, phases and the mean (k = 0) stay. ``X[k] rho(|X[k]|)`` is the only form of
    a function of single modes that commutes with shifts. One threshold per channel is trained.

    Parameters
    ----------
    threshold : float
        Initial threshold, in units of the signal. Magnitudes of a channel of power 1 are about 1 / sqrt(modes).

    Raises
    ------
    ConfigurationError
        The threshold is not a number above 0.
    ShapeError
        The input is in the grid domain.

    Examples
    --------
    >>> from freqnet import nn
    >>> nn.MagnitudeGain()
    MagnitudeGain(threshold=0.05)
    """

    is_static = True

    threshold: float = 0.05

    def _build(self, incoming: Signal, generator: np.random.Generator) -> Signal:
        out = _of_modes(incoming, "MagnitudeGain")
        # Its square must be a number above 0 in single precision.
        if not is_finite(self.threshold) or not 1e-15 < self.threshold < 1e15:
            todo = "pass threshold=0.05"
            expected = "a number above 0, from 1e-15 to 1e15"
            raise ConfigurationError(got_expected("threshold", repr(self.threshold), expected, todo))
        self.add_parameter("threshold", np.full((1, incoming.channels), self.threshold))
        return out

    def forward(self, x: Tensor) -> Tensor:
        strength = mode_inner(x, x)
        # Strength and level count each pair (k, -k) twice. The mean counts once, and its gain is set to 1 below.
        level = self.parameters["threshold"] * self.parameters["threshold"] * 2.0
        gain = strength / (strength + level)
        keep = np.zeros((strength.shape[0], 1, 1), x.data.real.dtype)
        keep[0] = 1
        return mode_scale(x, gain + (gain * -1.0 + 1.0) * Tensor(keep))


@layer
@dataclass(eq=False)
class RealImaginary(Module):
    """Apply a function to the real and to the imaginary part of every mode, such as tanh(Re) + i tanh(Im).

    This is the split activation, with relu called CReLU (Trabelsi et al. 2018). It is not a pointwise function of the
    samples, and does not commute with shifts. The function acts on one mode of each pair (k, -k); the other is its
    conjugate, so signals stay real.

    Parameters
    ----------
    function : {"relu", "tanh", "sigmoid", "gelu", "silu", "erf"}

    Raises
    ------
    ConfigurationError
        The function is not known.
    ShapeError
        The input is in the grid domain.
    """

    is_static = True

    function: str = "tanh"

    def _build(self, incoming: Signal, generator: np.random.Generator) -> Signal:
        out = _of_modes(incoming, "RealImaginary")
        known_function(self.function, POINTWISE)
        return out

    def forward(self, x: Tensor) -> Tensor:
        size = _part_sizes(x)
        values = elementwise(coordinates_op(x), size)
        changed = POINTWISE[self.function](values)
        return from_coordinates(elementwise(changed, Tensor(1 / size.data)), space=x.space.unbounded)


@layer
@dataclass(eq=False)
class PhaseGate(Module):
    """Keep the modes whose phase lies in the first quadrant, and drop all others: zReLU (Guberman 2016), PhaseReLU.

    A positive mean is kept. The layer is not the ReLU of the samples, and does not commute with shifts, since these
    change phases.

    Raises
    ------
    ShapeError
        The input is in the grid domain.
    """

    is_static = True

    def _build(self, incoming: Signal, generator: np.random.Generator) -> Signal:
        return _of_modes(incoming, "PhaseGate")

    def forward(self, x: Tensor) -> Tensor:
        values = coordinates_op(x)
        is_open = step(values)
        both = elementwise(is_open, gather(is_open, index=_partners(x.space)))
        return from_coordinates(elementwise(values, both), space=x.space.unbounded)


@layer
@dataclass(eq=False)
class SecondHarmonic(Module):
    """Add a trained multiple of X[k / 2] to a trained multiple of X[k] at even k: 2SReLU (Watanabe and Wolf 2020).

    The layer is linear: a network with no other activation is one affine map. It does not commute with shifts.

    Parameters
    ----------
    first, second : float
        Initial factors of X[k] and X[k / 2]; one of each per channel is trained.

    Raises
    ------
    ConfigurationError
        A factor is not a finite number.
    ShapeError
        The input is in the grid domain.
    """

    is_static = True

    first: float = 0.7
    second: float = 0.3

    def _build(self, incoming: Signal, generator: np.random.Generator) -> Signal:
        out = _of_modes(incoming, "SecondHarmonic")
        for name, factor in (("first", self.first), ("second", self.second)):
            if not is_finite(factor):
                todo = f"pass {name}=0.5"
                raise ConfigurationError(got_expected(f"{name} factor", repr(factor), "a finite number", todo))
            self.add_parameter(name, np.full((1, incoming.channels), factor))
        return out

    def forward(self, x: Tensor) -> Tensor:
        doubled = from_coordinates(gather(coordinates_op(x), index=_halves(x.space)), space=x.space.unbounded)
        return x * self.parameters["first"] + doubled * self.parameters["second"]


def _part_sizes(x: Tensor) -> Tensor:
    """Return the factor from each orthonormal coordinate to a real or imaginary part, ``(coordinates, 1, 1)``."""
    sizes = np.full((x.space.coordinate_count, 1, 1), np.sqrt(0.5), x.data.real.dtype)
    sizes[0] = 1
    return Tensor(sizes)


@cached
def _partners(space: Space) -> tuple[int, ...]:
    """Return, for each coordinate, the index of the other part of the same mode; the mean has index 0 itself."""
    count = (space.coordinate_count - 1) // 2
    return (0, *range(1 + count, 1 + 2 * count), *range(1, 1 + count))


@cached
def _halves(space: Space) -> tuple[int, ...]:
    """Return, for each coordinate of a mode k, the index of that of k / 2; -1 for odd modes and for the mean."""
    numbers = [tuple(k) for k in mode_numbers(space.band).tolist()]
    place, count = {k: i for i, k in enumerate(numbers)}, len(numbers) - 1
    # Half of an odd number is not a mode number.
    halves = [place.get(tuple(n / 2 for n in k), -1) for k in numbers[1:]]
    return (-1, *halves, *(half + count if half > 0 else -1 for half in halves))
