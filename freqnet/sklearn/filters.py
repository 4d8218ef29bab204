"""Random spectral filters in the manner of ROCKET, and the moments of the signals that they let through."""

from __future__ import annotations

from math import log2

import numpy as np

from freqnet import ops
from freqnet.autodiff import Tensor
from freqnet.spaces import Space

# Taps along the axis of a signal, and along each axis of an image or a volume.
_TAPS = {1: 9, 2: 3, 3: 3}
Axes = tuple[int, ...]


class RandomFilters:
    """Random short kernels, spread by random dilations, as products per mode.

    As in ROCKET (Dempster, Petitjean and Webb 2020), weights are normal numbers whose mean is subtracted, and the
    logarithm of the dilation is uniform. ROCKET pools the largest value and the share of positive values, which need
    samples. Here the pooled numbers are moments, which follow from the modes.

    Parameters
    ----------
    count : int
        Number of filters.
    space : Space
        Space of the signals.
    channels : int
        Channels of the signals; each filter adds up all of them.
    generator : numpy.random.RandomState
        Draws the weights and the dilations.

    Attributes
    ----------
    count : int
        Number of filters.
    kernels : list of (tuple of int, ndarray)
        Size of the kernels of each dilation, and their taps ``(taps, channels, filters)`` with zeros between.
    """

    def __init__(self, count: int, space: Space, channels: int, generator: np.random.RandomState) -> None:
        self.count = count
        most = _TAPS[space.ndim]
        taps = tuple(min(most, n - 1 + n % 2) for n in space.grid)
        weights = generator.standard_normal((*taps, channels, count))
        axes = tuple(range(space.ndim))
        # A single tap is no filter without its mean.
        weights -= weights.mean(axis=axes, keepdims=True) if max(taps) > 1 else 0.0
        ends = [log2((n - 1) / (t - 1)) for n, t in zip(space.grid, taps, strict=True) if t > 1]
        dilations = (2 ** generator.uniform(0, min(ends, default=0.0), count)).astype(int)
        self.kernels = [_spread(weights[..., dilations == d], d) for d in np.unique(dilations).tolist()]

    def apply(self, x: Tensor) -> Tensor:
        """Return the filtered signals ``(*modes, batch, filters)``: one product per mode and filter."""
        parts = []
        for size, taps in self.kernels:
            response = ops.frequency_response(Tensor(taps.astype(x.data.real.dtype)), x.space, size=size)
            parts.append(ops.convolve(x, response).data)
        return Tensor(np.concatenate(parts, axis=-1), x.space)


def _spread(weights: np.ndarray, dilation: int) -> tuple[Axes, np.ndarray]:
    """Return the size and the taps ``(taps, channels, filters)`` of kernels with `dilation` - 1 zeros between taps."""
    *taps, channels, count = weights.shape
    size = tuple(dilation * (t - 1) + 1 for t in taps)
    spread = np.zeros((*size, channels, count))
    spread[tuple(slice(None, None, dilation) for _ in taps)] = weights
    return size, spread.reshape(-1, channels, count)


def moments(y: Tensor) -> np.ndarray:
    """Return ``(batch, 3 * channels)`` numbers: three moments of each channel, as powers of degree one.

    These are the root of the mean square, the mean cube over the mean square, and the root of the mean fourth power
    over the mean square. The means are exact, because the square is computed with all its modes.
    """
    squares = ops.multiply(y, y, band=tuple(2 * m for m in y.space.band))
    power = y.space.power(y.data)
    cube = squares.space.inner(squares.data, y.space.change_band(y.data, squares.space.band))
    fourth = squares.space.power(squares.data)
    pooled = np.stack([np.sqrt(power), ratio(cube, power), np.sqrt(ratio(fourth, power))], axis=-1)
    return pooled.reshape(len(pooled), -1)


def ratio(values: np.ndarray, divisor: np.ndarray) -> np.ndarray:
    """Return quotients, and 0 where the divisor is 0."""
    return np.divide(values, divisor, out=np.zeros_like(values), where=divisor > 0)
