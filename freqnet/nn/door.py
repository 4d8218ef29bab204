"""The door of a network: it turns samples into the spectra that the first layer receives."""

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
    """Standardise, pool, pad and transform samples, once, before the first layer.

    Parameters
    ----------
    domain : str
        Name of the network's domain.
    grid : tuple of int
        Samples along each axis. Kernels and windows are measured on this grid. Periodic domains also accept samples
        of the same period on another grid, and read them as the same signal; a Laplace domain does not.
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

    Raises
    ------
    ConfigurationError
        The domain is not known, the grid cannot hold the band, or `offset`, `scale`, `pad` or `pool` is not usable.
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

    def __post_init__(self) -> None:
        grid = (self.grid,) if isinstance(self.grid, int) else tuple(self.grid)
        for name in ("grid", "band", "pad", "pool"):
            value = getattr(self, name)
            value = grid if name == "grid" else per_axis(value, len(grid), name) if value != () else ()
            object.__setattr__(self, name, value)
        if min(self.pad, default=0) < 0:
            raise ConfigurationError(got_expected("pad", self.pad, "0 or more zeros per axis", "pass pad=2"))
        if any(p < 1 or n % p for n, p in zip(self.grid, self.pool, strict=False)):
            raise ConfigurationError(
                got_expected("pool", self.pool, f"divisors of {self.grid}, 1 or more", "pass pool=1")
            )
        for name, count in (("pad", len(self.grid)), ("offset", self.channels), ("scale", self.channels)):
            if len(getattr(self, name)) not in (0, count):
                raise ConfigurationError(
                    got_expected(f"door {name}", getattr(self, name), f"none or {count} numbers", f"pass {name}=()")
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

    def analyse(self, samples: Any, precision: Any = np.float32) -> Tensor:
        """Transform samples ``(batch, *grid, channels)`` into spectra ``(*modes, batch, channels)``.

        Raises
        ------
        ShapeError
            The samples have the wrong number of axes or channels, or too few samples for the band.
        ConfigurationError
            The largest mode of the band is the Nyquist mode of the samples.
        """
        spectrum = ops.analysis(self.prepare(samples, precision), self.space)
        # Division commutes with the transform, and there are fewer modes than samples.
        return ops.times(spectrum, Tensor(1 / np.asarray([self.scale], precision))) if self.scale else spectrum

    def prepare(self, samples: Any, precision: Any = np.float32) -> np.ndarray:
        """Return the samples that `analyse` transforms: offset subtracted, pooled and padded, not yet divided."""
        array = np.asarray(samples, dtype=precision)
        if array.ndim != len(self.grid) + 2 or array.shape[-1] != self.channels:
            axes = ", ".join(map(str, (*self.grid, self.channels)))
            todo = f"reshape the samples, one example as x.reshape(1, {axes})"
            raise ShapeError(got_expected("samples", f"shape {array.shape}", f"(batch, {axes})", todo))
        self.space.check_resolution(array.shape[1:-1], self.grid)
        if self.offset:
            array = array - np.asarray(self.offset, precision)
        if any(p > 1 for p in self.pool):
            array = self._averaged(array)
        if any(self.pad):
            array = np.pad(array, ((0, 0), *self._padding(array.shape[1:-1]), (0, 0)))
        return array

    def _averaged(self, array: np.ndarray) -> np.ndarray:
        """Average blocks of samples that cover the same part of the period as blocks on the door's grid."""
        shape: list[int] = [len(array)]
        for n, own, pool in zip(array.shape[1:-1], self.grid, self.pool, strict=True):
            if n < 1 or pool * n % own or n % (pool * n // own):
                got, todo = f"{n} in blocks of {pool}", f"resample to {own}"
                raise ShapeError(got_expected("samples", got, f"{own}", todo))
            shape += [n // (pool * n // own), pool * n // own]
        return array.reshape(*shape, array.shape[-1]).mean(axis=tuple(range(2, len(shape), 2)))

    def _padding(self, grid: Axes) -> list[tuple[int, int]]:
        """Return the padding in units of the given samples."""
        out = []
        for n, own, pad in zip(grid, self.pooled, self.pad, strict=True):
            if pad * n % own:
                got, todo = f"{n} for a grid of {own} + {pad}", f"resample to {own}"
                raise ShapeError(got_expected("samples", got, f"a multiple of {own}", todo))
            out.append((0, pad * n // own))
        return out
