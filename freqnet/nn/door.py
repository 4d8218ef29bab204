"""The door of a network: what happens to samples before it."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from freqnet import ops
from freqnet.autodiff import Tensor
from freqnet.errors import ConfigurationError, ShapeError, got_expected
from freqnet.nn.module import Signal
from freqnet.spaces import Axes, Space, get_domain
from freqnet.spaces.base import per_axis


@dataclass(frozen=True)
class Door:
    """What happens to samples before the network: standardise, pool, pad, and transform, once.

    Parameters
    ----------
    domain : str
        Name of the domain the network lives in.
    grid : tuple of int
        The samples' own grid: the unit of kernels and windows. Samples on any other grid of the same
        period may be given later; they are read as the same signal. Not so in a Laplace domain, which has
        nothing between samples.
    band : tuple of int
        Modes kept along each axis, at most ``(n - 1) // 2``; in a Laplace domain the nodes less 1.
    channels : int
        Channels of the samples.
    offset, scale : tuple of float
        Subtracted from, and divided out of, each channel.
    pad : tuple of int
        Zeros added after the samples along each axis, for linear convolution.
    pool : tuple of int
        Blocks of samples averaged first; kernels and padding are measured in blocks. They divide the grid.

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

    def __post_init__(self) -> None:
        grid = (self.grid,) if isinstance(self.grid, int) else tuple(self.grid)
        for name in ("grid", "band", "pad", "pool"):
            value = getattr(self, name)
            value = grid if name == "grid" else per_axis(value, len(grid), name) if value != () else ()
            object.__setattr__(self, name, value)
        if min(self.pad, default=0) < 0:
            raise ConfigurationError(got_expected("pad", self.pad, "0 or more zeros an axis", "change it"))
        if any(p < 1 or n % p for n, p in zip(self.grid, self.pool, strict=False)):
            raise ConfigurationError(
                got_expected("pool", self.pool, f"divisors of {self.grid}, 1 or more", "change --pool")
            )
        for name, count in (("pad", len(self.grid)), ("offset", self.channels), ("scale", self.channels)):
            if len(getattr(self, name)) not in (0, count):
                raise ConfigurationError(
                    got_expected(f"door {name}", getattr(self, name), f"none or {count} numbers", "give one for each")
                )
        largest = self.space.largest_band
        if any(m > b for m, b in zip(self.band, largest, strict=True)):
            raise ConfigurationError(
                got_expected(
                    "band",
                    f"{self.band} ({2 * max(self.band) + 1} modes)",
                    f"at most {largest} ({2 * min(largest) + 1} modes) on a grid of {self.space.grid}",
                    "keep fewer modes",
                )
            )

    @property
    def pooled(self) -> Axes:
        """How many samples, or blocks of them, there are along each axis."""
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
        """What the first layer receives."""
        return Signal(self.space, self.channels)

    def analyse(self, samples: Any, precision: Any = np.float32) -> Tensor:
        """Transform samples ``(batch, *grid, channels)`` into spectra ``(*modes, batch, channels)``.

        Raises
        ------
        ShapeError
            Wrong number of axes or channels, or samples that cannot hold the band.
        ConfigurationError
            The samples hold a mode of the band only as their Nyquist mode.
        """
        spectrum = ops.analysis(self.prepare(samples, precision), self.space)
        # Dividing commutes with the transform, and there are fewer modes than samples.
        return ops.times(spectrum, Tensor(1 / np.asarray([self.scale], precision))) if self.scale else spectrum

    def prepare(self, samples: Any, precision: Any = np.float32) -> np.ndarray:
        """Return what is transformed: samples less their offset, pooled and padded, but not yet divided."""
        array = np.asarray(samples, dtype=precision)
        if array.ndim != len(self.grid) + 2 or array.shape[-1] != self.channels:
            raise ShapeError(
                got_expected(
                    "samples",
                    f"shape {array.shape}",
                    f"(batch, {', '.join(map(str, self.grid))}, {self.channels})",
                    "give every example the grid's axes and the channels",
                )
            )
        self.space.check_resolution(array.shape[1:-1], self.grid)
        if self.offset:
            array = array - np.asarray(self.offset, precision)
        if any(p > 1 for p in self.pool):
            array = self._averaged(array)
        if any(self.pad):
            array = np.pad(array, ((0, 0), *self._padding(array.shape[1:-1]), (0, 0)))
        return array

    def _averaged(self, array: np.ndarray) -> np.ndarray:
        """Means of blocks of samples, as large as those of the door's own grid are there."""
        shape: list[int] = [len(array)]
        for n, own, pool in zip(array.shape[1:-1], self.grid, self.pool, strict=True):
            if n < 1 or pool * n % own or n % (pool * n // own):
                raise ShapeError(got_expected("samples", f"{n} in blocks of {pool}", f"{own}", "resample"))
            shape += [n // (pool * n // own), pool * n // own]
        return array.reshape(*shape, array.shape[-1]).mean(axis=tuple(range(2, len(shape), 2)))

    def _padding(self, grid: Axes) -> list[tuple[int, int]]:
        """The padding at the resolution of the samples given."""
        out = []
        for n, own, pad in zip(grid, self.pooled, self.pad, strict=True):
            if pad * n % own:
                raise ShapeError(got_expected("samples", f"{n} for a grid of {own} + {pad}", "a multiple", "resample"))
            out.append((0, pad * n // own))
        return out
