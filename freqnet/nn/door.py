"""The door of a network: it turns samples into the spectra that the first layer receives."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from math import inf, isfinite
from typing import Any, ClassVar, NoReturn

import numpy as np

from freqnet import ops
from freqnet.autodiff import Tensor
from freqnet.checks import is_finite, is_whole
from freqnet.errors import ConfigurationError, DataError, DataWarning, ShapeError, SpaceError, got_expected, warn
from freqnet.nn.module import Signal
from freqnet.ops.arithmetic import cast, extend, reshape, scale_by, sum_
from freqnet.ops.normalize import constant
from freqnet.ops.pool import change_band
from freqnet.ops.transform import resample_samples
from freqnet.spaces import Axes, Space, get_domain
from freqnet.spaces.base import per_axis, volume
from freqnet.values import as_floats, describe_not_finite, needs_double, value_range

# Values farther outside the range of the training set than this many times its width are far outside.
_FAR = 1.0
# Without a known range: values farther from the mean than this many deviations.
_FAR_DEVIATIONS = 300.0
# Numbers in the noise that first weights are drawn for.
_NOISE = 4096


@dataclass(frozen=True)
class Door:
    """Standardise, pool, pad and transform samples, once, before the first layer.

    Parameters
    ----------
    domain : str
        Name of the network's domain.
    grid : tuple of int
        Samples along each axis. Kernels and windows are measured on this grid. Periodic domains also accept samples
        of the same period on another grid, and read them as the same signal: before pooling or padding they are
        resampled to this grid by their modes. A Laplace domain accepts this grid only.
    band : tuple of int
        Largest mode number kept along each axis, at most ``(n - 1) // 2``; in a Laplace domain the number of nodes
        less 1.
    channels : int
        Channels of the samples.
    offset, scale : tuple of float, optional
        Number subtracted from each channel, and number by which each channel is then divided.
    pad : tuple of int, optional
        Zeros added after the samples along each axis, for linear convolution.
    pool : tuple of int, optional
        Size of the blocks of samples averaged first, divisors of the grid. Kernels and padding are measured in blocks.
    full_scale : float, optional
        Whole numbers are divided by it first; floats are not. By default numbers of dtype uint8 are divided by 255.
    low, high : tuple of float, optional
        Lowest and highest value of each channel in the training set. The door warns of values far outside.

    Raises
    ------
    ConfigurationError
        The domain is not known, the grid cannot hold the band, or another field is not usable.
    ShapeError
        The grid is empty, or `band`, `pad` or `pool` has another number of axes.

    Examples
    --------
    >>> import numpy as np
    >>> from freqnet import nn
    >>> door = nn.Door("fourier", (8, 8), (3, 3), 1)
    >>> door.analyse(np.ones((2, 8, 8, 1))).shape
    (7, 4, 2, 1)
    """

    domain: str
    grid: Axes
    band: Axes
    channels: int
    offset: tuple[float, ...] = ()
    scale: tuple[float, ...] = ()
    pad: Axes = ()
    pool: Axes = ()
    full_scale: float | None = None
    low: tuple[float, ...] = ()
    high: tuple[float, ...] = ()
    # Samples whose values all lie within this share of the range of the training set are probably in another unit.
    _close: ClassVar[float] = 0.01

    def __post_init__(self) -> None:
        ndim = 1 if is_whole(self.grid) else len(tuple(self.grid))
        for name in ("grid", "band", "pad", "pool"):
            value = getattr(self, name)
            object.__setattr__(self, name, per_axis(value, ndim, name) if np.size(value) else ())
        if not is_whole(self.channels) or self.channels < 1:
            raise ConfigurationError(got_expected("channels", self.channels, "a whole number of 1 or more", "pass 1"))
        object.__setattr__(self, "channels", int(self.channels))
        self._check_numbers()
        if min(self.pad, default=0) < 0:
            raise ConfigurationError(got_expected("pad", self.pad, "0 or more zeros per axis", "pass pad=2"))
        if any(p < 1 or n % p for n, p in zip(self.grid, self.pool, strict=False)):
            raise ConfigurationError(
                got_expected("pool", self.pool, f"divisors of {self.grid}, 1 or more", "pass pool=1")
            )
        largest = self.space.largest_band
        if any(m > b for m, b in zip(self.band, largest, strict=True)):
            raise ConfigurationError(
                got_expected(
                    "band",
                    f"{self.band} ({2 * max(self.band) + 1} modes)",
                    f"at most {largest} ({2 * min(largest) + 1} modes) on a grid of {self.space.grid}",
                    f"pass band={largest}",
                )
            )

    def _check_numbers(self) -> None:
        """Check the numbers per channel, and make them plain floats, which can be stored."""
        for name in ("offset", "scale", "low", "high"):
            numbers = tuple(np.atleast_1d(getattr(self, name)).tolist())
            is_usable = all(is_finite(n) for n in numbers) and (name != "scale" or 0 not in numbers)
            if len(numbers) not in (0, self.channels) or not is_usable:
                expected = f"none or {self.channels} finite numbers{' other than 0' if name == 'scale' else ''}"
                raise ConfigurationError(got_expected(f"door {name}", numbers, expected, f"pass {name}=()"))
            object.__setattr__(self, name, tuple(float(n) for n in numbers))
        if self.full_scale is not None:
            if not is_finite(self.full_scale) or self.full_scale <= 0:
                expected, todo = "a number above 0, or None", "pass full_scale=255 for images of 8 bits"
                raise ConfigurationError(got_expected("full_scale", self.full_scale, expected, todo))
            object.__setattr__(self, "full_scale", float(self.full_scale))

    def describe(self) -> tuple[str, ...]:
        """Return a description in short phrases: what is kept, the transform of the input, and remarks."""
        return self.space.describe()

    @property
    def masks(self) -> int:
        """Number of channels at the end that hold masks of what was measured."""
        return 0

    @property
    def pooled(self) -> Axes:
        """Number of samples along each axis after pooling."""
        return tuple(n // p for n, p in zip(self.grid, self.pool or (1,) * len(self.grid), strict=True))

    @cached_property
    def space(self) -> Space:
        """The space of spectra that leave the door."""
        pad = self.pad or (0,) * len(self.grid)
        padded = tuple(n + p for n, p in zip(self.pooled, pad, strict=True))
        support = self.pooled if any(pad) else None
        return get_domain(self.domain)(padded, per_axis(self.band, len(self.grid), "band"), support=support)

    @property
    def signal(self) -> Signal:
        """The description of the signal that the first layer receives."""
        return Signal(self.space, self.channels)

    def noise(self, precision: Any = np.float32) -> Tensor:
        """Return the same few examples of white noise of power 1 at every call, ``(*modes, batch, channels)``."""
        count = -(-_NOISE // (self.space.coordinate_count * self.channels))
        like = np.empty((*self.space.shape, count, self.channels), self.space.dtype(precision))
        return Tensor(self.space.noise(like, np.random.default_rng(0)), self.space)

    def analyse(self, samples: Any, precision: Any = np.float32) -> Tensor:
        """Transform samples ``(batch, *grid, channels)`` into spectra ``(*modes, batch, channels)``.

        Gradients pass through the door to a `Tensor` of samples.

        Raises
        ------
        DataError
            The samples are not finite real numbers.
        ShapeError
            The samples have the wrong number of axes or channels, or too few samples for the band.
        ConfigurationError
            The largest mode of the band is the Nyquist mode of the samples.
        """
        return self.transform(self.read(samples), precision)

    def blank(self, precision: Any = np.float32) -> np.ndarray:
        """Return one sample ``(1, *grid, channels)`` that is everywhere the mean of the training set."""
        sample = np.zeros((1, *self.grid, self.channels), precision)
        return sample + np.array(self.offset, precision) if self.offset else sample

    def read(self, samples: Any) -> Tensor:
        """Return samples as floats, not yet standardised, after checking their shape and their values.

        Parameters
        ----------
        samples : array_like or Tensor
            Real numbers ``(batch, *grid, channels)``. Whole numbers are divided by `full_scale`.

        Raises
        ------
        DataError
            The samples are not finite real numbers.
        ShapeError
            The samples have the wrong number of axes or channels.

        Warns
        -----
        DataWarning
            Values lie far outside the range of the training set, or far closer together.
        """
        if not isinstance(samples, Tensor):
            samples = Tensor(as_floats(samples, self.full_scale))
        elif samples.space is not None or samples.dtype.kind != "f":
            todo = "pass plain samples of floats, as in Tensor(array)"
            raise DataError(got_expected("samples", samples, "a plain tensor of floats", todo))
        self.check_shape(samples.shape)
        if samples.data.size:
            lowest, highest = value_range(samples.data)
            if not all(map(isfinite, lowest.tolist())):
                _refuse_not_finite(samples.data)
            self.check_range(lowest, highest)
        return samples

    def check_shape(self, shape: Axes) -> None:
        """Raise `ShapeError` unless samples of this shape have the axes and the channels of the door."""
        if len(shape) != len(self.grid) + 2 or shape[-1] != self.channels:
            axes = ", ".join(map(str, (*self.grid, self.channels)))
            todo = self._way_to_shape(shape)
            raise ShapeError(got_expected("samples", f"shape {shape}", f"(batch, {axes})", todo))

    def _way_to_shape(self, shape: Axes) -> str:
        """Return what to do about samples of another shape; to reshape them only where this keeps their order."""
        axes, first = (*self.grid, self.channels), (self.channels, *self.grid)
        long = lambda sizes: tuple(n for n in sizes if n > 1)
        if self.channels > 1 and shape[-len(first) :] == first and len(shape) <= len(first) + 1:
            example = f"np.moveaxis(x, {-len(first)}, -1)"
            return f"move the channels last, as {example}{'[None]' if len(shape) == len(first) else ''}"
        is_flat = len(shape) <= 2 and shape[-1:] == (volume(axes),)
        if is_flat or long(axes) in (long(shape), long(shape[1:])):
            return f"reshape the samples, one example as x.reshape(1, {', '.join(map(str, axes))})"
        return f"pass samples with {len(self.grid)} axes of a grid and {self.channels} channels"

    def transform(self, samples: Tensor, precision: Any = np.float32) -> Tensor:
        """Transform samples that `read` has checked."""
        spectrum = ops.analysis(self.prepare(samples, precision), self.space)
        # Division commutes with the transform, and there are fewer modes than samples.
        return ops.times(spectrum, Tensor(1 / np.asarray([self.scale], precision))) if self.scale else spectrum

    def signal_of(self, samples: Tensor, space: Space) -> Tensor:
        """Return the signals of samples in their own units, such as those of targets.

        Parameters
        ----------
        samples : Tensor
            Plain numbers ``(batch, *grid, channels)``, of any number of channels.
        space : Space
            Space of the result.
        """
        return ops.analysis(samples, space)

    def samples_of(self, signal: Tensor, grid: Axes) -> Tensor:
        """Return the samples of a signal ``(batch, *grid, channels)``: the inverse of `signal_of` within the band."""
        return ops.synthesis(signal, grid)

    def admit(self, signal: Tensor, precision: Any = np.float32) -> Tensor:
        """Return spectra like those of `analyse` for a signal that is in the domain already, without a transform.

        Parameters
        ----------
        signal : Tensor
            Signal ``(*modes, batch, channels)`` in the units of the samples, on the grid of the door's space, with any
            band.
        precision : dtype
            Precision of the result.

        Raises
        ------
        SpaceError
            The signal is in another domain or on another grid.

        Examples
        --------
        >>> import numpy as np
        >>> from freqnet import Fourier, nn, ops
        >>> door = nn.Door("fourier", (8,), (2,), 1, offset=(3.0,), scale=(2.0,))
        >>> samples = np.random.default_rng(0).normal(size=(4, 8, 1))
        >>> spectra = door.admit(ops.analysis(samples, Fourier.on(8)))
        >>> bool(np.allclose(spectra.data, door.analyse(samples).data, atol=1e-6))
        True
        """
        space = self.space
        if signal.space is None or (signal.space.domain, signal.space.grid) != (space.domain, space.grid):
            got, todo = signal.space or "plain numbers", "pass a signal on the grid of the door"
            raise SpaceError(got_expected("signal", got, f"one of {space.domain} on {space.grid}", todo))
        signal = change_band(signal, band=space.band)
        if self.offset:
            signal = signal + constant(Tensor(-np.asarray([self.offset], signal.data.real.dtype)), space=signal.space)
        if self.scale:
            signal = ops.times(signal, Tensor(1 / np.asarray([self.scale], signal.data.real.dtype)))
        wanted = space.dtype(precision)
        return signal if signal.dtype == wanted else Tensor(signal.data.astype(wanted), signal.space)

    def prepare(self, samples: Tensor, precision: Any = np.float32) -> Tensor:
        """Return the samples that are transformed: offset subtracted, pooled and padded, not yet divided."""
        grid = samples.shape[1:-1]
        self.space.check_resolution(grid, self.grid)
        if samples.data.dtype.itemsize < np.dtype(precision).itemsize or not self._keeps_double:
            samples = cast(samples, precision=precision)
        if self.offset:
            # In the samples' own precision, where a large offset would hide what varies in a lower one.
            samples = samples + Tensor(-np.asarray(self.offset, samples.dtype))
        samples = cast(samples, precision=precision)
        if grid != self.grid and (self.pool or any(self.pad)):
            # Blocks of samples and zeros after the samples count the door's grid.
            samples = resample_samples(samples, grid=self.grid)
        if any(p > 1 for p in self.pool):
            samples = self._averaged(samples)
        if any(self.pad):
            samples = extend(samples, shape=(len(samples.data), *self.space.grid, self.channels))
        return samples

    def _averaged(self, samples: Tensor) -> Tensor:
        """Return the averages of blocks of samples."""
        blocks = [part for n, pool in zip(self.pooled, self.pool, strict=True) for part in (n, pool)]
        split = reshape(samples, shape=(len(samples.data), *blocks, self.channels))
        total = sum_(split, axis=tuple(range(2, split.ndim, 2)), keepdims=False)
        return scale_by(total, factor=1 / volume(self.pool))

    def check_range(self, lowest: np.ndarray, highest: np.ndarray) -> None:
        """Warn if the lowest and the highest values of samples ``(channels,)`` are unlike those of the training set."""
        low, high, width = self._limits
        lows, highs = lowest.tolist(), highest.tolist()
        for channel, (least, most) in enumerate(zip(lows, highs, strict=True)):
            if least < low[channel] or most > high[channel]:
                self._warn(f"values from {least:.10g} to {most:.10g} in channel {channel}", channel)
                return
        spread = max(most - least for least, most in zip(lows, highs, strict=True))
        if 0 < spread < width:
            self._warn(f"values that differ by at most {spread:.3g}", 0)

    def _warn(self, got: str, channel: int) -> None:
        if self.low:
            usual = f"{self.low[channel]:.10g} to {self.high[channel]:.10g}"
        else:
            usual = f"about {self.offset[channel]:.4g}"
        todo = "scale them like the training set"
        if self.full_scale not in (None, 1.0):
            todo += f": whole numbers are divided by {self.full_scale:g}, floats are taken as they are"
        warn(got_expected("samples", got, f"values like those of training, {usual}", todo), DataWarning)

    @cached_property
    def _keeps_double(self) -> bool:
        """Whether samples are centred in float64 if they have it. Loaders keep float64 by the same rule."""
        return not self.low or needs_double(np.array(self.low), np.array(self.high))

    @cached_property
    def limits(self) -> np.ndarray:
        """Lowest and highest usual value of each channel, and the least usual spread, as one array of float64."""
        low, high, width = self._limits
        return np.array([*low, *high, width])

    def _usual_width(self, low: np.ndarray, high: np.ndarray) -> float:
        """Return the width of the range of all channels of the training set."""
        return float(high.max() - low.min())

    @cached_property
    def _limits(self) -> tuple[list[float], list[float], float]:
        """Lowest and highest value of each channel that is not far outside, and the smallest usual spread."""
        if self.low and self.high:
            low, high = np.array(self.low), np.array(self.high)
            # Rounding errors are no news in a channel that does not vary.
            width = np.maximum(high - low, 1e-5 * np.maximum(np.abs(low), np.abs(high)))
            limits = (low - _FAR * width).tolist(), (high + _FAR * width).tolist()
            return *limits, self._close * self._usual_width(low, high)
        if not self.offset or not self.scale:
            return [-inf] * self.channels, [inf] * self.channels, 0.0
        mean, far = np.array(self.offset), _FAR_DEVIATIONS * np.abs(self.scale)
        return (mean - far).tolist(), (mean + far).tolist(), 0.0


def _refuse_not_finite(samples: np.ndarray) -> NoReturn:
    got = describe_not_finite(samples)
    raise DataError(got_expected("samples", got, "finite values", "drop or repair those samples"))
