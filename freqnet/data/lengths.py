"""Samples of one size: resampled by their modes, or padded after their end."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from freqnet.checks import is_whole
from freqnet.data.layouts import SAMPLES, arrange, choose_layout
from freqnet.errors import ConfigurationError, DataError, got_expected
from freqnet.spaces import resample_samples
from freqnet.spaces.base import extent
from freqnet.values import as_floats, as_numbers

Sizes = int | Sequence[int] | None


@dataclass(frozen=True)
class NewSize:
    """The grid to which samples are brought; without sizes they keep their own.

    Parameters
    ----------
    size_to : int or sequence of int, optional
        Number of points along each axis to which samples are resampled by their modes; a single number applies to every
        axis.
    pad_to : int or sequence of int, optional
        Number of points along each axis to which samples are padded after their end, by `padded`.

    Raises
    ------
    ConfigurationError
        Both are given.

    Examples
    --------
    >>> NewSize(pad_to=4).fit(np.array([1.0, 2.0, 3.0]).reshape(1, 3, 1), "wave").ravel()
    array([1., 2., 3., 0.])
    """

    size_to: Sizes = None
    pad_to: Sizes = None

    def __post_init__(self) -> None:
        if self.size_to is not None and self.pad_to is not None:
            got, todo = f"size_to={self.size_to} and pad_to={self.pad_to}", "leave one of them out"
            raise ConfigurationError(got_expected("size of the samples", got, "one of the two", todo))

    def __bool__(self) -> bool:
        return self.size_to is not None or self.pad_to is not None

    def fit(self, samples: np.ndarray, what: str) -> np.ndarray:
        """Return floats ``(samples, *grid, channels)`` on the new grid.

        Parameters
        ----------
        samples : ndarray of float
        what : str
            Name of the samples, for the message.

        Raises
        ------
        ConfigurationError
            There is another number of sizes than axes, or one is not a whole number of 1 or more.
        DataError
            A sample is larger than the size to which it is to be padded.
        """
        grid = samples.shape[1:-1]
        if self.size_to is not None:
            return resample_samples(samples, _per_axis("size_to", self.size_to, grid, what))
        if self.pad_to is not None:
            return padded(samples, _per_axis("pad_to", self.pad_to, grid, what), what)
        return samples


def _per_axis(name: str, size: int | Sequence[int], grid: tuple[int, ...], what: str) -> tuple[int, ...]:
    sizes = tuple(np.atleast_1d(size).tolist())
    sizes = sizes * len(grid) if len(sizes) == 1 else sizes
    if len(sizes) != len(grid) or not all(is_whole(n) and n >= 1 for n in sizes):
        one = len(grid) == 1
        expected = f"a number of 1 or more for {what}" if one else f"{len(grid)} whole numbers of 1 or more for {what}"
        todo = f"pass {name}={grid[0] if one else grid} to keep their size"
        raise ConfigurationError(got_expected(name, size, expected, todo))
    return sizes


def padded(samples: np.ndarray, sizes: tuple[int, ...], what: str) -> np.ndarray:
    """Return samples with zeros after their end along each axis.

    The zeros show how long a series is. On folds of the training parts of two sets of aeon with lengths that differ
    (JapaneseVowels and PickupGestureWiimoteZ), with two heads, the mean accuracy was 84 % with zeros, 78 % with the
    mean, 79 % with the last value, and 80 % with half a cosine wave from the last value back to the first.

    Parameters
    ----------
    samples : ndarray
        Samples ``(samples, *grid, channels)``.
    sizes : tuple of int
        New number of points along each axis.
    what : str
        Name of the samples, for the message.

    Raises
    ------
    DataError
        A sample is larger than these sizes.
    """
    grid = samples.shape[1:-1]
    if any(own > new for own, new in zip(grid, sizes, strict=True)):
        one = len(grid) == 1
        got, expected = f"{extent(grid)} points", f"at most pad_to={sizes[0] if one else sizes}"
        todo = f"pass pad_to={grid[0] if one else tuple(map(max, grid, sizes))}, or size_to to resample"
        raise DataError(got_expected(what, got, expected, todo))
    behind = [(0, 0), *((0, new - own) for own, new in zip(grid, sizes, strict=True)), (0, 0)]
    return np.pad(samples, behind)


# Samples keep their size.
AS_IT_IS = NewSize()


# -- samples of several sizes ---------------------------------------------------------------------------------------
def is_ragged(samples: object) -> bool:
    """Return whether samples are a list of arrays that differ in shape.

    >>> is_ragged([np.zeros(3), np.zeros(4)]), is_ragged([np.zeros(3), np.zeros(3)]), is_ragged(np.zeros((2, 3)))
    (True, False, False)
    """
    is_list = isinstance(samples, (list, tuple)) and all(isinstance(one, np.ndarray) for one in samples)
    return is_list and len({one.shape for one in samples}) > 1  # type: ignore[union-attr, attr-defined]


def one_size(series: Sequence[np.ndarray], layout: str, size: NewSize, what: str) -> np.ndarray:
    """Return samples of several sizes as floats of one size ``(samples, *grid, channels)``.

    Parameters
    ----------
    series : sequence of ndarray
        Samples, each with the axes of the layout but ``n``.
    layout : str
        Names of the axes of all samples.
    size : NewSize
        Size to which they are brought.
    what : str
        Name of the samples, for the message.

    Raises
    ------
    DataError
        The samples differ in size, but no new size is given; or they differ in channels.
    """
    own = " ".join(name for name in layout.split() if name != SAMPLES)
    arranged = [arrange(as_numbers(one, what), choose_layout(one.shape, own, what)) for one in series]
    channels = [one.shape[-1] for one in arranged]
    odd = next((number for number, count in enumerate(channels) if count != channels[0]), None)
    if odd is not None:
        got, todo = f"{channels[odd]} channels in series {odd}", "leave that series out"
        raise DataError(got_expected(what, got, f"{channels[0]}, as in series 0", todo))
    if not size:
        refuse_lengths([one.shape[1:-1] for one in arranged], what)
    return np.concatenate([size.fit(as_floats(one, None, what), what) for one in arranged])


def refuse_lengths(grids: Sequence[tuple[int, ...]], what: str) -> None:
    """Raise `DataError` if samples differ in size."""
    lowest, highest = tuple(map(min, zip(*grids, strict=True))), tuple(map(max, zip(*grids, strict=True)))
    if lowest != highest:
        number = highest[0] if len(highest) == 1 else highest
        got = f"lengths from {extent(lowest)} to {extent(highest)}"
        todo = f"pass size_to={number} to resample them, or pad_to={number} to pad the shorter ones after their end"
        raise DataError(got_expected(what, got, "one length", todo))
