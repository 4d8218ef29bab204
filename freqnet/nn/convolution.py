"""Convolution layers: one product over channels per mode, with four ways to store the kernel."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from freqnet import ops
from freqnet.autodiff import Tensor
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

    This is a convolution, not the correlation most CNN code calls by that name: the taps are flipped.

    Parameters
    ----------
    channels : int
        Output channels.
    size : int or tuple of int
        Taps along each axis; the kernel is centred.
    kernel : {"taps", "spectral", "sinc", "modes"}
        How the kernel is stored; ``"modes"`` is a free response per mode and ignores `size`.
    boundary : {"circular", "linear", "modulo"}
        Circular: the signal is periodic, and says so. Linear: an error unless the grid has room beyond
        the signal's support (pad at the door, or restore it with `Window`), so nothing ever wraps. Modulo: the
        remainder modulo the polynomial of the domain's nodes, which is circular on a period; in a Laplace domain,
        where nothing is, "circular" means the same and warns where there is no room.
    groups : int
        Channel groups that do not mix; as many as channels is a depthwise convolution.
    bias : bool
        Add a trained constant: one number at the DC mode.
    causal : bool
        Let the first tap belong to sample 0, so that no output depends on what comes after it.

    Raises
    ------
    ShapeError
        Linear convolution without room for it, groups that do not divide the channels, or no taps.

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
        if self.groups < 1 or incoming.channels % self.groups or self.channels % self.groups:
            raise ShapeError(
                got_expected(
                    "groups", self.groups, f"a divisor of {incoming.channels} and {self.channels}", "change it"
                )
            )
        inputs = incoming.channels // self.groups
        std = response_deviation(self.kernel, self._extent(space), space) / np.sqrt(inputs)
        shape = (len(std), inputs, self.channels)
        self.add_parameter("kernel", std[:, None, None] * generator.standard_normal(shape))
        if self.bias:
            self.add_parameter("bias", np.zeros((1, self.channels)))
        size = self._extent(space)
        self._check_room(space, size)
        ahead = (0,) * space.ndim if self.causal else samples_ahead(self.kernel, size)
        out = space.after_kernel(size, ahead)
        # A constant fills every sample.
        return Signal(out.unbounded if self.bias else out, self.channels)

    def _extent(self, space: Space) -> Axes:
        if self.kernel == "modes":
            return space.grid
        size = per_axis(self.size, space.ndim, "kernel size")
        if min(size) < 1:
            raise ShapeError(got_expected("kernel size", size, "at least 1 tap", "give a larger kernel"))
        return size

    def _check_room(self, space: Space, size: Axes) -> None:
        """Check that linear convolution has room for its result."""
        if self.boundary not in ("circular", "linear", "modulo"):
            expected = "'circular', 'linear' or 'modulo'"
            raise ConfigurationError(got_expected("boundary", repr(self.boundary), expected, "choose one"))
        known = space.support is not None
        after = tuple(s + k - 1 for s, k in zip(space.support or space.grid, size, strict=True))
        fits = known and all(a <= n for a, n in zip(after, space.grid, strict=True))
        if self.boundary == "linear" and not fits:
            got = f"support {space.support or 'unknown'} on grid {space.grid}"
            expected = f"room for {after if known else 'support + size - 1'} samples"
            todo = "pad at the door, put Window before it, or take boundary='circular'"
            raise ShapeError(got_expected("linear convolution", got, expected, todo))
        if self.boundary == "circular" and not fits:
            got = f"{space.support or space.grid} samples and {size} taps on {space.grid} samples"
            todo = "pad at the door and take bias=False, or boundary='modulo': what is too long comes back"
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
    """Standard deviation of each parameter for a response of unit mean square at every mode."""
    count = parameter_count(kernel, size, space)
    if kernel == "modes":
        return np.ones(count)
    if kernel == "sinc":
        # Real and imaginary parts share the power of a pair; a self-mirrored frequency has one part.
        return np.concatenate([[1.0] if own_mirror else [0.5**0.5] * 2 for _, own_mirror in frequency_pairs(size)])
    return np.full(count, volume(size) ** -0.5)


@layer
@dataclass(eq=False)
class Window(Module):
    """Set the signal to zero outside its first `size` samples: a product with a box's spectrum.

    It restores the room that linear convolution needs, inside the domain and exactly in every kept mode.

    Parameters
    ----------
    size : int or tuple of int
        Samples kept along each axis, from sample 0.

    Raises
    ------
    ShapeError
        The window is larger than the grid.
    """

    size: int | Axes

    def _build(self, incoming: Signal, generator: np.random.Generator) -> Signal:
        space = require_incoming(incoming, Signal, "Window").space
        size = per_axis(self.size, space.ndim, "window")
        if any(not 1 <= s <= n for s, n in zip(size, space.grid, strict=True)):
            raise ShapeError(got_expected("window", size, f"1 to {space.grid} samples", "make it smaller"))
        return Signal(replace(space, support=_end(space, size)), incoming.channels)

    def forward(self, x: Tensor) -> Tensor:
        size = per_axis(self.size, x.space.ndim, "window")
        out = ops.multiply(x, Tensor(*x.space.indicator(size, x.data.real.dtype)))
        out.space = replace(out.space, support=_end(x.space, size))
        return out


def _end(space: Space, size: Axes) -> Axes:
    """Where the first samples end, of a signal whose sample 0 may have moved."""
    return tuple(min(n, o + s) for n, o, s in zip(space.grid, space.first, size, strict=True))
