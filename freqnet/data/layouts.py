"""The order of the axes of an array: stated in letters, or read from the sizes of the axes."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import numpy as np

from freqnet.errors import ConfigurationError, DataError, got_expected

SAMPLES, CHANNELS = "n", "c"
# A layout, or several of which the first with as many axes counts.
Layout = str | Sequence[str] | None
# Of a last axis that is no longer than this, and shorter than the other axes, the points are channels.
_MOST_CHANNELS = 16
# Signals of several channels are longer than images with their number of rows: images with longer sides are asked for.
_LONGEST_SIDE = 4
# Readings of arrays of three to five axes, to choose from where the sizes do not tell.
_POSSIBLE = {3: ("n h w", "n t c", "n c t"), 4: ("n c h w", "n h w c", "n d h w"), 5: ("n c d h w", "n d h w c")}


def read_layout(text: str) -> tuple[str, ...]:
    """Return the names of axes in a text such as ``"n c h w"`` or ``"nchw"``.

    Parameters
    ----------
    text : str
        Names with spaces or commas between them, or letters without any. ``n`` is the axis of the samples and ``c``
        that of the channels; all others are axes of the grid, in their order.

    Returns
    -------
    tuple of str
        The names, in lower case.

    Raises
    ------
    ConfigurationError
        A name occurs twice, or the grid has no axis or more than three.

    Examples
    --------
    >>> read_layout("NCHW"), read_layout("n time c")
    (('n', 'c', 'h', 'w'), ('n', 'time', 'c'))
    """
    words = text.lower().replace(",", " ").split() if isinstance(text, str) else []
    names = tuple(words[0] if len(words) == 1 else words)
    grid = [name for name in names if name not in (SAMPLES, CHANNELS)]
    if len(set(names)) < len(names) or not 1 <= len(grid) <= 3 or not all(name.isidentifier() for name in names):
        expected = "each axis once: n for samples, c for channels, 1 to 3 others for the grid"
        todo = "pass layout='nchw', say, for channels before rows and columns"
        raise ConfigurationError(got_expected("layout", repr(text), expected, todo))
    return names


def guess_layout(shape: Sequence[int]) -> str:
    """Return the layout of an array where the sizes of its axes tell it, else an empty text.

    Parameters
    ----------
    shape : sequence of int
        Sizes of two to five axes, the first of which counts samples.

    Returns
    -------
    str
        ``"n t"``; ``"n h w"`` where the sides differ by at most a factor of 4; ``"n h w c"`` or ``"n d h w c"`` where
        the last axis is short. Empty where another reading is as likely.

    Examples
    --------
    >>> [guess_layout(shape) for shape in ((5, 64), (5, 28, 28), (5, 32, 32, 3), (5, 3, 32, 32), (5, 9, 128))]
    ['n t', 'n h w', 'n h w c', '', '']
    """
    _, *sides, last = shape
    if not sides:
        return "n t"
    if len(sides) == 1:
        return _guess_three(sides[0], last)
    if last == 1 or (last <= _MOST_CHANNELS and last < min(sides)):
        return "n h w c" if len(sides) == 2 else "n d h w c"
    # Images of few pixels: as many rows as channels would be too few.
    return "n h w c" if len(sides) == 2 and last <= 4 and last < sides[0] else ""


def _guess_three(first: int, last: int) -> str:
    # One point is no axis of a grid.
    if 1 in (first, last) and first != last:
        return "n t c" if last == 1 else "n c t"
    short, long = sorted((first, last))
    is_image = short == long or (short > 4 and long <= _LONGEST_SIDE * short)
    return "n h w" if is_image else ""


def choose_layout(
    shape: Sequence[int], layout: str | Sequence[str] | None, what: str, *, is_sample: bool = False
) -> str:
    """Return the layout of an array: the stated one, or the one that its sizes tell.

    Parameters
    ----------
    shape : sequence of int
        Sizes of the axes.
    layout : str or sequence of str, optional
        The layout, as `read_layout` takes it; or several, of which the first with as many axes counts. Where none of
        several has as many, or none is given, the sizes decide.
    what : str
        Name of the array, for the message.
    is_sample : bool
        Whether the array is one sample, without an axis of samples, where no layout says otherwise.

    Returns
    -------
    str
        Names of the axes with spaces between them.

    Raises
    ------
    ConfigurationError
        The layout is not usable.
    DataError
        The array has another number of axes than the layout, or its sizes allow several readings.
    """
    if isinstance(layout, str):
        names = read_layout(layout)
        if len(names) != len(shape):
            likely = guess_layout(shape) if 2 <= len(shape) <= 5 else ""
            todo = "pass a name for each axis" + (f", as in layout={likely.replace(' ', '')!r}" if likely else "")
            expected = f"{len(names)} axes {' '.join(names)}"
            raise DataError(got_expected(what, f"shape {tuple(shape)}", expected, todo))
        return " ".join(names)
    fitting = [read_layout(one) for one in layout or () if len(read_layout(one)) == len(shape)]
    if fitting:
        return " ".join(fitting[0])
    sizes = (1, *shape) if is_sample else tuple(shape)
    if not 2 <= len(sizes) <= 5:
        expected = "2 to 5 axes, such as (samples, rows, columns)"
        if is_sample:
            expected = "1 to 4 axes, such as (rows, columns)"
        raise DataError(got_expected(what, f"shape {tuple(shape)}", expected, "reshape the array"))
    found = guess_layout(sizes)
    if not found:
        raise DataError(_which(sizes, what, is_sample))
    return found.removeprefix(f"{SAMPLES} ") if is_sample else found


def _which(sizes: Sequence[int], what: str, is_sample: bool) -> str:
    ways = []
    for layout in _POSSIBLE[len(sizes)]:
        letters = layout.replace(" ", "").removeprefix(SAMPLES if is_sample else "")
        ways.append(f"layout={letters!r} ({_outcome(sizes, layout)})")
    got = f"shape {tuple(sizes[1:] if is_sample else sizes)}, whose axes can be read in several ways"
    return got_expected(what, got, "a stated layout", f"pass {', '.join(ways[:-1])} or {ways[-1]}")


def _outcome(shape: Sequence[int], layout: str) -> str:
    sizes = dict(zip(layout.split(), shape, strict=True))
    channels = sizes.get(CHANNELS, 1)
    grid = "x".join(str(size) for name, size in sizes.items() if name not in (SAMPLES, CHANNELS))
    return f"grid {grid}, {channels} channel{'' if channels == 1 else 's'}"


def arrange(values: np.ndarray, layout: str) -> np.ndarray:
    """Return an array as samples ``(samples, *grid, channels)``.

    Parameters
    ----------
    values : ndarray
        Array with the axes of the layout.
    layout : str
        Names of the axes. Without ``n`` the array is one sample, without ``c`` it has one channel.

    Returns
    -------
    ndarray
        The samples, contiguous.

    Examples
    --------
    >>> arrange(np.zeros((5, 3, 32, 32)), "n c h w").shape, arrange(np.zeros((9, 128)), "c t").shape
    ((5, 32, 32, 3), (1, 128, 9))
    """
    names = layout.split()
    for name, place in ((SAMPLES, 0), (CHANNELS, len(names))):
        if name not in names:
            values = np.expand_dims(values, place if name == SAMPLES else values.ndim)
            names.insert(place if name == SAMPLES else len(names), name)
    order = [names.index(SAMPLES), *(i for i, name in enumerate(names) if name not in (SAMPLES, CHANNELS))]
    order.append(names.index(CHANNELS))
    is_in_order = all(a < b for a, b in pairwise(order))
    return values if is_in_order else np.ascontiguousarray(values.transpose(order))


def describe_layout(shape: Sequence[int], layout: str, *, change: str = "") -> str:
    """Return a line that says how an array was read.

    Parameters
    ----------
    shape : sequence of int
        Shape ``(samples, *grid, channels)`` of the samples.
    layout : str
        Names of the axes as they lay in the array.
    change : str
        What brought the grid from another size, such as ``"resampled"``.

    Examples
    --------
    >>> describe_layout((500, 32, 32, 2), "n c h w")
    'x (500, 2, 32, 32) read as n c h w: grid 32x32, 2 channels'
    """
    names = layout.split()
    grid = iter(shape[1:-1])
    sizes = [shape[0] if name == SAMPLES else shape[-1] if name == CHANNELS else next(grid) for name in names]
    what = "x" if SAMPLES in names else "each file"
    if change:
        return f"{what} read as {layout}, then {change}: {_outcome(sizes, layout)}"
    own = f"({', '.join(map(str, sizes))}{',' if len(sizes) == 1 else ''})"
    return f"{what} {own} read as {layout}: {_outcome(sizes, layout)}"
