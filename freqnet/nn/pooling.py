"""Pooling inside a domain: truncation to any size, low-pass, exact averages, and samples by their places."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from freqnet import ops
from freqnet.autodiff import Tensor
from freqnet.errors import ShapeError, SpaceError, got_expected
from freqnet.nn.module import Module, Signal, layer, require_incoming
from freqnet.ops.pool import aliased, checked_window, resampled
from freqnet.ops.take import checked_places, taken
from freqnet.spaces.base import Axes, Space, per_axis


@layer
@dataclass(eq=False)
class TruncationPool(Module):
    """Pool to a grid of any size by truncation of the spectrum (Rippel et al. 2015, section 3).

    The mean is kept and nothing is rescaled. At an even size the Nyquist mode is dropped, so that pooling commutes
    with shifts by fractions of a sample. Later kernels are measured on the new grid.

    Parameters
    ----------
    size : int or tuple of int
        Samples along each axis of the new grid, at most as many as on the old one.

    Raises
    ------
    ShapeError
        The new grid is empty or larger than the old one.

    Examples
    --------
    >>> import numpy as np
    >>> from freqnet import nn
    >>> from freqnet.spaces import Fourier
    >>> print(nn.TruncationPool(5).build(nn.Signal(Fourier.on((8, 8)), 4), np.random.default_rng(0)))
    4 channels of fourier signal, grid 5x5, band 2x2
    """

    is_static = True

    size: int | Axes

    def _build(self, incoming: Signal, generator: np.random.Generator) -> Signal:
        space = require_incoming(incoming, Signal, "TruncationPool").space
        return Signal(self._pooled(space), incoming.channels)

    def _pooled(self, space: Space) -> Space:
        size = per_axis(self.size, space.ndim, "size")
        if any(not 1 <= s <= n for s, n in zip(size, space.grid, strict=True)):
            raise ShapeError(got_expected("pooling size", size, f"1 to {space.grid}", f"pass size={space.grid}"))
        return resampled(space, size)

    def kept_band(self, space: Space) -> Axes:
        return tuple(map(min, space.band, self._pooled(space).band))

    def forward(self, x: Tensor) -> Tensor:
        return ops.resample(x, self.size)


@layer
@dataclass(eq=False)
class LowPass(Module):
    """Keep the modes ``|k| <= band``, on the same grid: later kernels keep their size in samples.

    Parameters
    ----------
    band : int or tuple of int
        Largest mode number kept along each axis, at most that of the input.

    Raises
    ------
    ShapeError
        The band is below 0 or larger than that of the input.
    """

    is_static = True

    band: int | Axes

    def _build(self, incoming: Signal, generator: np.random.Generator) -> Signal:
        space = require_incoming(incoming, Signal, "LowPass").space
        return Signal(space.with_band(self.kept_band(space)), incoming.channels)

    def kept_band(self, space: Space) -> Axes:
        band = per_axis(self.band, space.ndim, "band")
        if any(not 0 <= m <= n for m, n in zip(band, space.band, strict=True)):
            raise ShapeError(got_expected("band", band, f"0 to {space.band}", f"pass band={space.band}"))
        return band

    def forward(self, x: Tensor) -> Tensor:
        return ops.truncate(x, self.band)


@layer
@dataclass(eq=False)
class Take(Module):
    """Take samples by their places and put them side by side on a grid of their own: crops, strides, zero padding.

    The layer computes one matrix product per axis, between spectra. `freqnet.convert` uses it where a CNN pads or
    skips pixels.

    Parameters
    ----------
    places : tuple of int, or tuple of tuples
        For each sample of the new grid, the place of a sample on the old one; -1 gives 0. One tuple is for all axes,
        several are for one axis each.

    Raises
    ------
    ShapeError
        There are no places, one of them is not on the grid, or there are not as many tuples as axes.
    SpaceError
        The domain stores values at nodes.

    Examples
    --------
    >>> import numpy as np
    >>> from freqnet import nn
    >>> from freqnet.spaces import Fourier
    >>> every_other = nn.Take((0, 2, 4, 6, -1))
    >>> print(every_other.build(nn.Signal(Fourier.on((9, 9)), 4), np.random.default_rng(0)))
    4 channels of fourier signal, grid 5x5, band 2x2
    """

    is_static = True

    places: tuple[int, ...] | tuple[Axes, ...]

    def _build(self, incoming: Signal, generator: np.random.Generator) -> Signal:
        space = require_incoming(incoming, Signal, "Take").space
        places = checked_places(self.places, space.grid)
        if space.has_nodes:
            todo = "pass domain='fourier'"
            raise SpaceError(got_expected("Take", space, "a domain of modes or samples", todo))
        return Signal(taken(space, places), incoming.channels)

    def forward(self, x: Tensor) -> Tensor:
        return ops.take(x, self.places)


# Longest window, in periods: longer ones are the mean, but for rounding errors.
_LONGEST = 1000


@layer
@dataclass(eq=False)
class AveragePool(Module):
    """Average over a window and keep every `stride`-th value, exactly as on samples, aliasing included.

    Parameters
    ----------
    window : int or tuple of int
        Samples averaged along each axis; on a periodic grid, windows wrap around.
    stride : int or tuple of int, optional
        Distance between averages in samples, by default the window; 1 gives a moving average.
    method : {"dirichlet", "sinc"}
        Average of the samples, or of the continuous signal: see `freqnet.ops.average`.

    Raises
    ------
    ShapeError
        The stride does not divide the grid, or the window is empty.
    ConfigurationError
        The method is not known.
    """

    is_static = True

    window: int | Axes
    stride: int | Axes | None = None
    method: str = "dirichlet"

    def _stride(self, ndim: int) -> Axes:
        return per_axis(self.window if self.stride is None else self.stride, ndim, "stride")

    def _build(self, incoming: Signal, generator: np.random.Generator) -> Signal:
        space = require_incoming(incoming, Signal, "AveragePool").space
        window = checked_window(self.window, space.ndim, self.method)
        if any(w > _LONGEST * n for w, n in zip(window, space.grid, strict=True)):
            most = tuple(_LONGEST * n for n in space.grid)
            raise ShapeError(got_expected("window", window, f"at most {most}", f"pass window={space.grid}"))
        # This raises where the domain does not support the method.
        one = np.ones((*space.shape, 1, 1), space.dtype(self.precision))
        space.average(one, window, self.method, False)
        self._check_room(space, window)
        after, stride = space.after_window(window, adjoint=False), self._stride(space.ndim)
        return Signal(after if max(stride) == 1 else aliased(after, stride), incoming.channels)

    def _check_room(self, space: Space, window: Axes) -> None:
        """Warn where windows end beyond the last sample of a grid that is not periodic."""
        used, stride = space.support or space.grid, self._stride(space.ndim)
        rows = zip(used, window, stride, space.grid, strict=True)
        if any(w > s and u + w - 1 > n for u, w, s, n in rows):
            got = f"{used} samples and windows of {window} on {space.grid} samples"
            todo = f"pad at the door (pad={tuple(w - 1 for w in window)}), or pass stride={window}"
            space.warn_of_remainder("average", got, todo)

    def forward(self, x: Tensor) -> Tensor:
        averaged = ops.average(x, self.window, self.method)
        stride = self._stride(x.space.ndim)
        # A stride of 1 changes nothing: skip the op.
        return averaged if max(stride) == 1 else ops.alias(averaged, stride)
