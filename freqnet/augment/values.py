"""Augmentations that change values: brightness, contrast, colours, noise and resolution. Targets stay as they are.

Amounts are in deviations of the training data, as the door divides by them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from freqnet.augment.base import Augmentation, Batch, Kind
from freqnet.caches import cached
from freqnet.spaces import Axes, Space
from freqnet.spaces.base import volume


@cached
def _one(space: Space, support: Axes, precision: str) -> np.ndarray:
    """Return the signal that is 1 on the samples and 0 behind them, in the band of a space, ``(*modes, 1, 1)``."""
    array, wide = space.indicator(support, precision)
    return wide.change_band(array, space.band)


def add_constant(space: Space, array: np.ndarray, value: np.ndarray) -> np.ndarray:
    """Return signals with a number ``(batch, channels)`` added at all samples, but not to zeros behind them."""
    if space.support in (None, space.grid):
        return space.affine(array, np.ones((1, 1), value.dtype), value)
    return array + _one(space, space.support, value.dtype.name) * value


def mean_of_samples(space: Space, array: np.ndarray) -> np.ndarray:
    """Return the mean of the samples, without zeros behind them, ``(batch, channels)``."""
    return space.mean(array) * array.real.dtype.type(volume(space.grid) / volume(space.held))


class Change(Augmentation):
    """An augmentation of values with an amount."""

    largest: ClassVar[float] = np.inf
    example: ClassVar[float] = 0.2
    amount: float

    def __post_init__(self) -> None:
        self.require_number("amount", 0, self.largest, self.example)

    def check(self, kind: Kind) -> None:
        """Every domain can do this."""

    def around(self, batch: Batch, generator: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
        """Draw numbers between the negative amount and the amount, in the precision of the spectra."""
        return generator.uniform(-self.amount, self.amount, shape).astype(batch.x.data.real.dtype)


@dataclass(frozen=True)
class Brightness(Change):
    """Add a number to all samples of an example, the same in all channels.

    Parameters
    ----------
    amount : float
        Largest number, in deviations of each channel of the training data. It is uniform between its negative and
        itself.

    Raises
    ------
    ConfigurationError
        The amount is not a number of 0 or more.

    Examples
    --------
    >>> import numpy as np
    >>> from freqnet import Fourier, ops
    >>> from freqnet.augment import Batch, Brightness
    >>> x = ops.analysis(np.arange(10.0).reshape(2, 5, 1), Fourier.on(5))
    >>> brighter, _ = Brightness(0.5)(Batch(x, np.zeros(2)), np.random.default_rng(0))
    >>> (ops.mean(brighter).data - ops.mean(x).data).round(3).ravel()
    array([ 0.137, -0.23 ])
    """

    amount: float = 0.2
    word: ClassVar[str] = "brightness"

    def change(self, batch: Batch, generator: np.random.Generator) -> Batch:
        value = np.repeat(self.around(batch, generator, (batch.count, 1)), batch.x.shape[-1], axis=1)
        return batch.with_array(add_constant(batch.space, batch.x.data, value))


@dataclass(frozen=True)
class Contrast(Change):
    """Multiply the difference of an example and the mean of each of its channels by a factor.

    Parameters
    ----------
    amount : float
        Largest difference of the factor from 1, at most 1. The factor is the same in all channels.

    Raises
    ------
    ConfigurationError
        The amount is not a number from 0 to 1.

    Examples
    --------
    >>> import numpy as np
    >>> from freqnet import Fourier, ops
    >>> from freqnet.augment import Batch, Contrast
    >>> x = ops.analysis(np.arange(5.0).reshape(1, 5, 1), Fourier.on(5))
    >>> changed, _ = Contrast(0.5)(Batch(x, np.zeros(1)), np.random.default_rng(0))
    >>> ops.synthesis(changed).data.ravel().round(3)
    array([-0.274,  0.863,  2.   ,  3.137,  4.274])
    """

    amount: float = 0.2
    word: ClassVar[str] = "contrast"
    largest: ClassVar[float] = 1.0

    def change(self, batch: Batch, generator: np.random.Generator) -> Batch:
        space, array = batch.space, batch.x.data
        factor = 1 + self.around(batch, generator, (batch.count, 1))
        return batch.with_array(add_constant(space, array * factor, (1 - factor) * mean_of_samples(space, array)))


@dataclass(frozen=True)
class ColourMix(Change):
    """Mix the three channels of an example by a random matrix close to the identity.

    Parameters
    ----------
    amount : float
        Largest difference of each entry of the 3 x 3 matrix from that of the identity, at most 1. The matrix acts on
        channels that the door has standardised.

    Raises
    ------
    ConfigurationError
        The amount is not a number from 0 to 1.

    Examples
    --------
    >>> import numpy as np
    >>> from freqnet import Fourier, ops
    >>> from freqnet.augment import Batch, ColourMix
    >>> x = ops.analysis(np.ones((1, 5, 3)), Fourier.on(5))
    >>> mixed, _ = ColourMix(0.1)(Batch(x, np.zeros(1)), np.random.default_rng(0))
    >>> ops.mean(mixed).data.round(3)
    array([[0.952, 1.063, 0.999]])
    """

    amount: float = 0.1
    word: ClassVar[str] = "colour"
    largest: ClassVar[float] = 1.0
    example: ClassVar[float] = 0.1

    def check(self, kind: Kind) -> None:
        """Raise `ConfigurationError` unless there are three channels."""
        if kind.channels != 3:
            raise self.refuse(f"{kind.channels} channel" + "s" * (kind.channels > 1), "3 channels of colour")

    def change(self, batch: Batch, generator: np.random.Generator) -> Batch:
        array = batch.x.data
        matrix = np.eye(3, dtype=array.real.dtype) + self.around(batch, generator, (batch.count, 3, 3))
        out = array[..., :1] * matrix[:, 0]
        for channel in (1, 2):
            out += array[..., channel : channel + 1] * matrix[:, channel]
        return batch.with_array(out)


@dataclass(frozen=True)
class Noise(Change):
    """Add normal noise that is white within the band.

    Parameters
    ----------
    amount : float
        Deviation of the noise at each sample, in deviations of the training data. All modes of the band have the same
        share of it, and the others none. Zeros that the door adds after the samples receive it as well.

    Raises
    ------
    ConfigurationError
        The amount is not a number of 0 or more.

    Examples
    --------
    >>> import numpy as np
    >>> from freqnet import Fourier, Tensor, ops
    >>> from freqnet.augment import Batch, Noise
    >>> space = Fourier.on((32, 32), 8)
    >>> x = Tensor(np.zeros((*space.shape, 4, 3), complex), space)
    >>> noisy, _ = Noise(0.3)(Batch(x, np.zeros(4)), np.random.default_rng(0))
    >>> round(float(ops.synthesis(noisy).data.std()), 2)
    0.3
    """

    amount: float = 0.1
    word: ClassVar[str] = "noise"
    example: ClassVar[float] = 0.1

    def check(self, kind: Kind) -> None:
        """Raise `ConfigurationError` unless signals are periodic."""
        self.require_periodic(kind)

    def change(self, batch: Batch, generator: np.random.Generator) -> Batch:
        noise = batch.space.noise(batch.x.data, generator)
        noise *= noise.real.dtype.type(self.amount)
        noise += batch.x.data
        return batch.with_array(noise)


@dataclass(frozen=True)
class LowPass(Augmentation):
    """Lower the resolution of examples: each keeps the modes up to a share of the band that is drawn for it.

    `freqnet.nn.FrequencyDropout` does this to signals inside a network, with one draw for the whole batch.

    Parameters
    ----------
    least : float
        Smallest share of the band that an example keeps, in [0, 1]. With a band of m modes, the highest kept mode along
        each axis is uniform among the whole numbers from ``least m``, rounded up, to m.

    Raises
    ------
    ConfigurationError
        The share is not in [0, 1].

    Examples
    --------
    >>> import numpy as np
    >>> from freqnet import Fourier, ops
    >>> from freqnet.augment import Batch, LowPass
    >>> x = ops.analysis(np.eye(9)[:1, :, None], Fourier.on(9))
    >>> low, _ = LowPass(0.25)(Batch(x, np.zeros(1)), np.random.default_rng(0))
    >>> np.abs(low.data).ravel().round(3)
    array([0.111, 0.111, 0.111, 0.111, 0.   ])
    """

    least: float = 0.5
    word: ClassVar[str] = "lowpass"

    def __post_init__(self) -> None:
        self.require_number("least", 0, 1, 0.5)

    def check(self, kind: Kind) -> None:
        """Raise `ConfigurationError` unless signals are periodic."""
        self.require_periodic(kind)

    def change(self, batch: Batch, generator: np.random.Generator) -> Batch:
        space, out = batch.space, batch.x.data.copy()
        # One draw per example for all axes: the resolution falls alike along each.
        bands = kept_bands(space.band, self.least, generator.random(batch.count))
        for band in np.unique(bands, axis=0).tolist():
            which = np.flatnonzero((bands == band).all(axis=1))
            if tuple(band) != space.band:
                low = space.change_band(out[..., which, :], tuple(band))
                out[..., which, :] = space.with_band(tuple(band)).change_band(low, space.band)
        return batch.with_array(out)


def kept_bands(band: Axes, least: float, drawn: np.ndarray) -> np.ndarray:
    """Return the bands ``(batch, axes)`` for numbers in [0, 1): each from a share of the band to all of it.

    >>> kept_bands((8,), 0.5, np.array([0.0, 0.5, 0.99])).ravel()
    array([4, 6, 8])
    """
    lowest = np.ceil(least * np.array(band) - 1e-9)
    return (lowest + np.floor(drawn[:, None] * (np.array(band) - lowest + 1))).astype(int)
