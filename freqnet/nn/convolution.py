"""Convolution layers: one product over channels per mode, with four parametrisations of the kernel."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from freqnet import ops
from freqnet.autodiff import Tensor
from freqnet.checks import is_whole
from freqnet.errors import ConfigurationError, ShapeError, got_expected
from freqnet.nn.module import Module, Signal, layer, positive, require_incoming
from freqnet.ops.convolve import parameter_count
from freqnet.spaces import Axes, Space
from freqnet.spaces.base import per_axis, volume
from freqnet.spaces.parametrisations import check_kernel, frequency_pairs, samples_ahead


@layer
@dataclass(eq=False)
class Convolution(Module):
    """Convolve with trained kernels: ``Y[k] = X[k] H[k]``.

    The taps are flipped, as in the mathematical convolution; most CNN libraries compute the correlation instead.

    Parameters
    ----------
    channels : int
        Output channels.
    size : int or tuple of int
        Taps along each axis.
    kernel : {"taps", "spectral", "sinc", "modes"}
        Parametrisation of the kernel; ``"modes"`` trains one response per mode and ignores `size`.
    boundary : {"circular", "linear", "modulo"}
        ``"circular"`` treats the signal as periodic. ``"linear"`` raises an error unless the grid has room for the
        whole result: pad at the door, or restore the room with `Window`. ``"modulo"`` takes the remainder modulo the
        polynomial of the domain's nodes. On a periodic grid this is the circular convolution. Laplace domains are not
        periodic: there ``"circular"`` takes the remainder too, and warns where there is no room.
    groups : int
        Groups of channels that do not mix; a depthwise convolution has one group per channel.
    bias : bool
        Add a trained constant per channel.
    causal : bool
        Put the first tap at sample 0, so that no output depends on later samples; otherwise the kernel is centred.

    Raises
    ------
    ShapeError
        There is no room for a linear convolution, the groups do not divide the channels, or the kernel has no taps.
    ConfigurationError
        The kernel or the boundary is not known.

    Examples
    --------
    >>> import numpy as np
    >>> from freqnet import nn
    >>> from freqnet.spaces import Fourier
    >>> conv = nn.Convolution(16, size=5)
    >>> print(conv.build(nn.Signal(Fourier.on((28, 28), band=6), 1), np.random.default_rng(0)))
    16 channels of fourier signal, grid 28x28, band 6x6
    >>> conv.parameters["kernel"].shape
    (25, 1, 16)
    """

    is_static = True

    channels: int
    size: int | Axes = 3
    kernel: str = "taps"
    boundary: str = "circular"
    groups: int = 1
    bias: bool = True
    causal: bool = False

    def _build(self, incoming: Signal, generator: np.random.Generator) -> Signal:
        incoming = require_incoming(incoming, Signal, "Convolution")
        check_kernel(self.kernel)
        space = incoming.space
        positive(self.channels, "channels")
        if (
            not is_whole(self.groups)
            or self.groups < 1
            or incoming.channels % self.groups
            or self.channels % self.groups
        ):
            raise ShapeError(
                got_expected(
                    "groups",
                    repr(self.groups),
                    f"a divisor of {incoming.channels} and {self.channels}",
                    "pass groups=1",
                )
            )
        inputs = incoming.channels // self.groups
        count = parameter_count(self.kernel, self._extent(space), space)
        shape = self.reserve("size or channels", (count, inputs, self.channels))
        std = response_deviation(self.kernel, self._extent(space), space) / np.sqrt(inputs)
        self.add_parameter("kernel", std[:, None, None] * generator.standard_normal(shape))
        if self.bias:
            self.add_parameter("bias", np.zeros((1, self.channels)))
        size = self._extent(space)
        self._check_room(space, size)
        self._keep_power(incoming)
        ahead = (0,) * space.ndim if self.causal else samples_ahead(self.kernel, size)
        out = space.after_kernel(size, ahead)
        # A constant fills every sample.
        return Signal(out.unbounded if self.bias else out, self.channels)

    def _keep_power(self, incoming: Signal) -> None:
        """Scale the weights so that noise through all layers so far leaves with power 1 (Mishkin and Matas 2016)."""
        made = self._tried(incoming)
        power = 0.0 if made is None else float(np.mean(made.space.power(made.data)))
        if np.isfinite(power) and power > 0:
            self.parameters["kernel"].data[...] *= power**-0.5

    def _extent(self, space: Space) -> Axes:
        if self.kernel == "modes":
            return space.grid
        size = per_axis(self.size, space.ndim, "kernel size")
        if min(size) < 1:
            raise ShapeError(got_expected("kernel size", size, "at least 1 tap", "pass size=3"))
        return size

    def _check_room(self, space: Space, size: Axes) -> None:
        """Raise or warn, by the boundary, where the grid has no room for the result of a linear convolution."""
        if self.boundary not in ("circular", "linear", "modulo"):
            expected, todo = "'circular', 'linear' or 'modulo'", "pass boundary='circular'"
            raise ConfigurationError(got_expected("boundary", repr(self.boundary), expected, todo))
        known = space.support is not None
        after = tuple(s + k - 1 for s, k in zip(space.support or space.grid, size, strict=True))
        fits = known and all(a <= n for a, n in zip(after, space.grid, strict=True))
        if self.boundary == "linear" and not fits:
            got = f"support {space.support or 'unknown'} on grid {space.grid}"
            expected = f"room for {after if known else 'support + size - 1'} samples"
            more = tuple(k - 1 for k in size)
            todo = f"pad at the door (pad={more}), put Window before it, or pass boundary='circular'"
            raise ShapeError(got_expected("linear convolution", got, expected, todo))
        if self.boundary == "circular" and not fits:
            got = f"{space.support or space.grid} samples and {size} taps on {space.grid} samples"
            more = tuple(k - 1 for k in size)
            todo = f"pad at the door (pad={more}) and pass bias=False, or accept the remainder with boundary='modulo'"
            space.warn_of_remainder("linear convolution", got, todo)

    def forward(self, x: Tensor) -> Tensor:
        extent = self._extent(x.space)
        kernel = self.parameters["kernel"]
        make = lambda: ops.frequency_response(kernel, x.space, self.kernel, extent)
        out = ops.convolve(x, self.constant("response", x.space, make), extent, self.groups)
        ahead = samples_ahead(self.kernel, extent)
        if self.causal and any(ahead):
            out = ops.shift(out, ahead)
        return out + self.parameters["bias"] if self.bias else out


def response_deviation(kernel: str, size: Axes, space: Space) -> np.ndarray:
    """Return the standard deviation of each parameter that gives every mode a response of unit mean square."""
    count = parameter_count(kernel, size, space)
    if kernel == "modes":
        return np.ones(count)
    if kernel == "sinc":
        # Real and imaginary parts share the power of a pair; a frequency that is its own mirror has one part.
        return np.concatenate([[1.0] if own_mirror else [0.5**0.5] * 2 for _, own_mirror in frequency_pairs(size)])
    return np.full(count, volume(size) ** -0.5)


@layer
@dataclass(eq=False)
class Window(Module):
    """Set the signal to zero outside its first `size` samples, by a product with the spectrum of a box.

    This restores the room that linear convolution needs without leaving the domain. It is exact in every kept mode.

    Parameters
    ----------
    size : int or tuple of int
        Samples kept along each axis, from sample 0.

    Raises
    ------
    ShapeError
        The window is empty or larger than the grid.
    """

    is_static = True

    size: int | Axes

    def _build(self, incoming: Signal, generator: np.random.Generator) -> Signal:
        space = require_incoming(incoming, Signal, "Window").space
        size = per_axis(self.size, space.ndim, "window")
        if any(not 1 <= s <= n for s, n in zip(size, space.grid, strict=True)):
            raise ShapeError(got_expected("window", size, f"1 to {space.grid} samples", f"pass size={space.grid}"))
        return Signal(replace(space, support=_end(space, size)), incoming.channels)

    def forward(self, x: Tensor) -> Tensor:
        size = per_axis(self.size, x.space.ndim, "window")
        out = ops.multiply(x, Tensor(*x.space.indicator(size, x.data.real.dtype)))
        out.space = replace(out.space, support=_end(x.space, size))
        return out


def _end(space: Space, size: Axes) -> Axes:
    """Return the end of the first `size` samples along each axis, counted from the place of sample 0."""
    return tuple(min(n, o + s) for n, o, s in zip(space.grid, space.first, size, strict=True))
