"""Measured spectra: a door that transforms nothing, and a layer that keeps what was measured."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from math import sqrt
from typing import Any, ClassVar

import numpy as np

from freqnet import ops
from freqnet.autodiff import Tensor
from freqnet.checks import is_whole, shown
from freqnet.errors import ConfigurationError, DataError, ShapeError, got_expected
from freqnet.nn.door import Door
from freqnet.nn.module import Module, Signal, layer, noise_of, require_incoming, require_layer
from freqnet.ops.arithmetic import cast, mix_channels
from freqnet.ops.bins import from_bins, to_bins
from freqnet.ops.convolve import convolve_signals
from freqnet.spaces import Axes, Space
from freqnet.spaces.base import volume

Matrix = tuple[tuple[float, ...], ...]


@dataclass(frozen=True)
class MeasuredDoor(Door):
    """Take spectra as they were measured, and standardise them. Nothing is transformed.

    Samples are here numbers of frequency bins ``(batch, *grid, channels)``: the bin k, at the place ``n // 2 + k`` of
    each axis of n bins, has the number Re X[k] - Im X[k], where X is divided by the square root of the number of bins
    ("ortho"). `freqnet.data.Measured` makes them of complex spectra in any convention. Bins outside the band, and the
    Nyquist bins of even axes, are dropped. More or fewer bins are the same image in more or less detail.

    Parameters
    ----------
    domain, grid, band, channels, low, high
        As for `Door`, with a domain of modes: fourier or hartley. The grid counts bins.
    offset, scale : tuple of float, optional
        Number that is subtracted from each channel of the image, which changes its bin 0 only, and number by which the
        channel is then divided: 0 and 1 for masks.
    mask : {0, 1, 2}
        Number of channels at the end that hold masks of what was measured: none; the mask of spectra of real images; or
        both parts of the mask of complex ones. See `DataConsistency`.

    Raises
    ------
    ShapeError
        The domain does not store modes.
    ConfigurationError
        Samples are to be pooled, padded or divided, or a field is not usable.

    Examples
    --------
    >>> import numpy as np
    >>> from freqnet import nn
    >>> from freqnet.data import Measured
    >>> image = np.random.default_rng(0).normal(size=(1, 8, 8, 1))
    >>> bins = Measured(image="real").bins(np.fft.fft2(image, axes=(1, 2)))
    >>> measured, door = nn.MeasuredDoor("fourier", (8, 8), (3, 3), 1), nn.Door("fourier", (8, 8), (3, 3), 1)
    >>> bool(np.allclose(measured.analyse(bins).data, door.analyse(image).data, atol=1e-6))
    True
    """

    mask: int = 0
    # Spectra of another norm differ by the square root of the number of bins, 8 or more on 8x8 bins.
    _close: ClassVar[float] = 0.15

    def __post_init__(self) -> None:
        super().__post_init__()
        self.space.require_modes("door of measured spectra")
        for name in ("pad", "pool", "full_scale"):
            value = getattr(self, name)
            if value not in ((), None):
                todo = f"leave {name} out"
                raise ConfigurationError(got_expected(f"{name} of measured spectra", value, "none", todo))
        if not is_whole(self.mask) or self.mask not in (0, 1, 2) or self.mask >= self.channels:
            expected, todo = f"0, 1 or 2, below the {self.channels} channels", "pass mask=0"
            raise ConfigurationError(got_expected("mask", repr(self.mask), expected, todo))
        object.__setattr__(self, "mask", int(self.mask))

    @property
    def masks(self) -> int:
        return self.mask

    def describe(self) -> tuple[str, ...]:
        kept, _, *remarks = super().describe()
        return kept, "no transform", *remarks

    def read(self, samples: Any) -> Tensor:
        if np.iscomplexobj(getattr(samples, "data", samples)):
            todo = "pass measured.bins(spectra), with the Measured of the training set"
            raise DataError(got_expected("samples", "complex numbers", "real numbers of frequency bins", todo))
        return super().read(samples)

    def transform(self, samples: Tensor, precision: Any = np.float32) -> Tensor:
        grid = samples.shape[1:-1]
        self.space.check_grid(grid)
        self.space.check_nyquist(grid)
        bins = cast(samples, precision=precision)
        factors = np.ones((1, self.channels), precision)
        factors[:, : self.channels - self.mask] = 1 / sqrt(volume(grid))
        return self.admit(ops.times(from_bins(bins, self.space), Tensor(factors)), precision)

    def signal_of(self, samples: Tensor, space: Space) -> Tensor:
        return ops.times(from_bins(samples, space), 1 / sqrt(volume(samples.shape[1:-1])))

    def samples_of(self, signal: Tensor, grid: Axes) -> Tensor:
        return ops.times(to_bins(signal, grid), sqrt(volume(grid)))

    def check_range(self, lowest: np.ndarray, highest: np.ndarray) -> None:
        # Masks are 0 and 1 in any unit.
        count = self.channels - self.mask
        super().check_range(lowest[:count], highest[:count])

    def _usual_width(self, low: np.ndarray, high: np.ndarray) -> float:
        count = self.channels - self.mask
        return super()._usual_width(low[:count], high[:count])

    def blank(self, precision: Any = np.float32) -> np.ndarray:
        bins = np.zeros((1, *self.grid, self.channels), precision)
        bins[(0, *(n // 2 for n in self.grid))] = np.array(self.offset or 0.0) * sqrt(volume(self.grid))
        bins[..., self.channels - self.mask :] = self._whole_mask
        return bins

    def noise(self, precision: Any = np.float32) -> Tensor:
        drawn = super().noise(precision)
        drawn.data[..., self.channels - self.mask :] = self._whole_mask
        return drawn

    @cached_property
    def _whole_mask(self) -> np.ndarray:
        """The numbers of the mask channels, at every bin, where everything was measured."""
        return np.array([1.0, 0.0][: self.mask])


def door_of(fields: dict[str, Any]) -> Door:
    """Return the door with these fields, of the class that has them."""
    return (MeasuredDoor if "mask" in fields else Door)(**fields)


@layer
@dataclass(eq=False)
class DataConsistency(Module):
    """Replace what the body computes by what was measured, in all bins that were measured.

    The last channels of the input are the mask M, and the others are spectra X that are 0 where nothing was measured.
    The output is ``M X + (1 - M) body(X)``, mode by mode (Schlemper et al. 2018, for measurements without noise). The
    body does not see the mask. Several of these layers in a row make a cascade: the measured bins of the output are
    those of the input, so that each layer finds them there.

    A complex image is held as two real channels, and a mask of its spectrum that differs at k and -k mixes them. Such
    a mask has two channels as well, the spectra of both parts of the complex signal whose spectrum is M, and the
    product with M is that of complex numbers.

    Parameters
    ----------
    body : Module
        A layer whose output has the space of its input, and as many channels.
    mask : {1, 2}
        Channels of the mask: 1 for real images, 2 for complex ones, whose first half of channels are the real parts.
    keep_mask : bool
        Whether the output has the channels of the mask too, for a further layer of this kind.

    Raises
    ------
    ShapeError
        The domain does not store modes, the channels do not fit the mask, or the body changes the space or the number
        of channels.
    ConfigurationError
        The number of mask channels is neither 1 nor 2.

    Examples
    --------
    >>> import numpy as np
    >>> from freqnet import nn
    >>> from freqnet.spaces import Fourier
    >>> layer = nn.DataConsistency(nn.Convolution(2), mask=2, keep_mask=False)
    >>> print(layer.build(nn.Signal(Fourier.on((8, 8)), 4), np.random.default_rng(0)))
    2 channels of fourier signal, grid 8x8, band 3x3
    """

    is_static = True

    body: Module
    mask: int = 1
    keep_mask: bool = True

    def __post_init__(self) -> None:
        super().__post_init__()
        require_layer("body of DataConsistency", self.body)
        if not isinstance(self.keep_mask, bool):
            got, todo = shown(self.keep_mask), "pass keep_mask=False in the last layer of this kind"
            raise ConfigurationError(got_expected("keep_mask of DataConsistency", got, "True or False", todo))

    def _build(self, incoming: Signal, generator: np.random.Generator) -> Signal:
        incoming = require_incoming(incoming, Signal, "DataConsistency")
        incoming.space.require_modes("DataConsistency")
        if not is_whole(self.mask) or self.mask not in (1, 2):
            todo = "pass mask=1 for real images"
            raise ConfigurationError(got_expected("mask of DataConsistency", repr(self.mask), "1 or 2", todo))
        count = incoming.channels - self.mask
        if count < 1 or count % self.mask:
            expected = f"{'an even number of' if self.mask == 2 else '1 or more'} channels and {self.mask} of the mask"
            todo = "pass the channels of the mask last"
            raise ShapeError(got_expected("DataConsistency", f"{incoming.channels} channels", expected, todo))
        self._make_matrices(count)
        noise = noise_of(incoming)
        noise = None if noise is None else mix_channels(noise, matrix=self._spectra)
        out = self.body.build(Signal(incoming.space, count, noise), generator, self.precision)
        if not isinstance(out, Signal) or (out.space, out.channels) != (incoming.space, count):
            expected, todo = f"{count} channels of {incoming.space}", "end it with Convolution"
            raise ShapeError(got_expected("body of DataConsistency", out, f"{expected}, as its input", todo))
        return Signal(incoming.space.unbounded, incoming.channels if self.keep_mask else count)

    def _make_matrices(self, count: int) -> None:
        """Make the matrices over channels that take parts of the input and put parts of the output together."""
        whole = np.eye(count + self.mask)
        half = np.eye(count)
        self._spectra = _as_matrix(whole[:, :count])
        self._masks = [_as_matrix(whole[:, count + i : count + i + 1]) for i in range(self.mask)]
        # Times i: the real part is that of minus the imaginary one.
        parts = half[:, : count // 2], half[:, count // 2 :]
        self._turned = _as_matrix(np.concatenate([-parts[1], parts[0]], axis=1))
        self._back, self._kept = _as_matrix(whole[:count]), _as_matrix(np.diag([0.0] * count + [1.0] * self.mask))

    def children(self) -> Iterator[tuple[str, Module]]:
        yield "body", self.body

    def forward(self, x: Tensor) -> Tensor:
        measured = mix_channels(x, matrix=self._spectra)
        found = self.body(measured)
        missing = measured + found * -1.0
        out = found + convolve_signals(missing, mix_channels(x, matrix=self._masks[0]))
        if self.mask == 2:
            turned = mix_channels(missing, matrix=self._turned)
            out = out + convolve_signals(turned, mix_channels(x, matrix=self._masks[1]))
        if not self.keep_mask:
            return out
        return mix_channels(out, matrix=self._back) + mix_channels(x, matrix=self._kept)


def _as_matrix(array: np.ndarray) -> Matrix:
    """Return a matrix as plain data."""
    return tuple(tuple(row) for row in array.tolist())
