"""Dependence on position: a trained field that multiplies a signal, and one that is added."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from freqnet import ops
from freqnet.autodiff import Tensor
from freqnet.errors import ConfigurationError, ShapeError, got_expected
from freqnet.nn.module import Module, Signal, layer, require_incoming
from freqnet.ops.arithmetic import reshape
from freqnet.ops.linear import from_coordinates
from freqnet.ops.pool import change_band
from freqnet.spaces import Axes, Space
from freqnet.spaces.base import per_axis


@layer
@dataclass(eq=False)
class PositionAffine(Module):
    """Multiply each channel by a trained field, then add another: ``y(t) = gain(t) x(t) + offset(t)``.

    Convolutions and activations treat all places alike. After this layer the result may depend on the place, as that
    of an equation with walls or with a force does. The product is exact, as in `freqnet.ops.multiply`. Both fields are
    trained by their coordinates in the domain; at first they are 1 and 0.

    Parameters
    ----------
    band : int or tuple of int, optional
        Band of the result and of both fields, by default that of the input. A larger one lets fields with edges, such
        as walls, shape a smooth input.
    gain, offset : bool
        Train the field that multiplies, and the field that is added.

    Raises
    ------
    ShapeError
        The band is below 0 or too large for the grid.
    ConfigurationError
        Neither field is wanted.

    Examples
    --------
    >>> import numpy as np
    >>> from freqnet import nn
    >>> from freqnet.spaces import Fourier
    >>> layer = nn.PositionAffine(band=12)
    >>> print(layer.build(nn.Signal(Fourier.on((32, 32), band=4), 8), np.random.default_rng(0)))
    8 channels of fourier signal, grid 32x32, band 12x12
    >>> layer.parameters["gain"].shape
    (625, 8)
    """

    is_static = True

    band: int | Axes | None = None
    gain: bool = True
    offset: bool = True

    def _build(self, incoming: Signal, generator: np.random.Generator) -> Signal:
        incoming = require_incoming(incoming, Signal, "PositionAffine")
        if not self.gain and not self.offset:
            todo = "pass gain=True or offset=True"
            raise ConfigurationError(got_expected("PositionAffine", "neither field", "a gain or an offset", todo))
        out = self._space(incoming.space)
        shape = self.reserve("band or channels", (out.coordinate_count, incoming.channels))
        if self.gain:
            ones = out.constant(np.ones((1, incoming.channels)))
            self.add_parameter("gain", out.coordinates(ones).reshape(shape))
        if self.offset:
            self.add_parameter("offset", np.zeros(shape))
        return Signal(out.unbounded, incoming.channels)

    def _space(self, space: Space) -> Space:
        """Return the space of the fields and of the result."""
        if self.band is None:
            return space.unbounded
        band = per_axis(self.band, space.ndim, "band")
        if any(not 0 <= m <= most for m, most in zip(band, space.largest_band, strict=True)):
            expected, todo = f"0 to {space.largest_band}", f"pass band={min(space.largest_band)}"
            raise ShapeError(got_expected("band of PositionAffine", band, expected, todo))
        return space.with_band(band).unbounded

    def _field(self, name: str, space: Space) -> Tensor:
        values = self.parameters[name]
        count, channels = values.shape
        make = lambda: from_coordinates(reshape(values, shape=(count, 1, channels)), space=space)
        return self.constant(name, space, make)

    def forward(self, x: Tensor) -> Tensor:
        space = self._space(x.space)
        if self.gain:
            x = ops.multiply(x, self._field("gain", space), space.band)
        else:
            x = change_band(x, band=space.band)
        return x + self._field("offset", space) if self.offset else x
