"""Datasets from arrays and tables in memory."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from freqnet.checks import is_whole
from freqnet.data.dataset import Dataset, validate
from freqnet.data.labels import number_labels
from freqnet.data.layouts import SAMPLES, arrange, choose_layout, guess_layout
from freqnet.data.oddities import tell_oddities
from freqnet.errors import ConfigurationError, DataError, got_expected
from freqnet.spaces import resample_samples
from freqnet.values import as_floats, as_numbers, compact, full_scale_of

# A layout, or several of which the first with as many axes counts.
Layout = str | Sequence[str] | None


def from_arrays(
    x: Any,
    y: Any,
    *,
    layout: Layout = None,
    classes: Sequence[str] | None = None,
    name: str = "arrays",
    official_test: int = 0,
    full_scale: float | None = None,
) -> Dataset:
    """Return a checked dataset of arrays.

    Parameters
    ----------
    x : array_like
        Samples of real numbers. Floats are taken as they are, booleans are 0 and 1.
    y : array_like
        Whole numbers or names ``(samples,)``. The classes are those that occur.
    layout : str, optional
        Names of the axes of ``x``, such as ``"n t c"`` or ``"nchw"``: ``n`` is the axis of the samples, ``c`` that of
        the channels, the others are axes of the grid. By default the sizes of the axes tell, where they have one likely
        reading.
    classes : sequence of str, optional
        Class names. Numbers in ``y`` are then places in it.
    name : str
        Name of the dataset in reports.
    official_test : int
        Number of samples at the end that form the test set [0].
    full_scale : float, optional
        The whole number that stands for 1, by which whole numbers are divided. By default it is 255 for dtype uint8,
        and 1 for other dtypes.

    Returns
    -------
    Dataset
        The dataset, of float32, or of float64 where float32 would lose what varies.

    Raises
    ------
    DataError
        The axes of ``x`` can be read in several ways, a value is not a finite real number, or samples and labels do
        not fit together.
    ConfigurationError
        The layout is not usable.

    Warns
    -----
    DataWarning
        A value lies far outside all others, or samples are equal.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> from_arrays(rng.integers(0, 256, (20, 3, 16, 16), dtype=np.uint8), ["cat", "dog"] * 10, layout="nchw")
    Dataset('arrays', samples=20, grid=(16, 16), channels=3, classes=2)
    """
    what = f"samples of {name}"
    values = as_numbers(x, what)
    if layout is None:
        _check_samples_first(values.shape, y, what)
    used = choose_layout(values.shape, layout, what)
    images = compact(as_floats(arrange(values, used), full_scale, what))
    labels, names = number_labels(y, classes, name)
    scale = full_scale_of(values) if full_scale is None else float(full_scale)
    return tell_oddities(validate(Dataset(name, images, labels, names, official_test, scale, used)))


def _check_samples_first(shape: tuple[int, ...], y: Any, what: str) -> None:
    """Refuse an array whose first axis does not count the samples, where another axis does."""
    try:
        count = len(y)
    except TypeError:
        return
    if not 2 <= len(shape) <= 5 or shape[0] == count or shape[-1] != count:
        return
    rest = guess_layout((count, *shape[:-1])).removeprefix(f"{SAMPLES} ") or "h w c d"[: 2 * len(shape) - 3]
    got = f"shape {shape} for {count} labels"
    todo = f"pass layout={rest.replace(' ', '') + SAMPLES!r}, with the last axis for samples"
    raise DataError(got_expected(what, got, "the samples along the first axis", todo))


def from_dataframe(
    frame: Any, label: str, *, grid: Sequence[int] | None = None, name: str = "table", full_scale: float | None = None
) -> Dataset:
    """Return a checked dataset of a table with one sample per row.

    Parameters
    ----------
    frame : pandas.DataFrame
        Table of numbers, with one column of labels.
    label : str
        Name of the column of labels. Categories keep their order, also those that do not occur.
    grid : sequence of int, optional
        Size of each axis of the grid, where a row holds an image or a volume. By default a row is a signal.
    name : str
        Name of the dataset in reports.
    full_scale : float, optional
        The whole number that stands for 1, as in `from_arrays`.

    Returns
    -------
    Dataset
        The dataset.

    Raises
    ------
    DataError
        There is no such column, a value is missing or is no number, or rows do not fit the grid.

    Examples
    --------
    >>> import pandas
    >>> frame = pandas.DataFrame(np.random.default_rng(0).normal(size=(6, 4)))
    >>> from_dataframe(frame.assign(kind=["a", "b"] * 3), "kind", grid=(2, 2))
    Dataset('table', samples=6, grid=(2, 2), channels=1, classes=2)
    """
    if not hasattr(frame, "columns"):
        todo = "pass a DataFrame of pandas, or arrays to from_arrays"
        raise DataError(got_expected(f"table {name}", f"a {type(frame).__name__}", "a table with columns", todo))
    columns = list(frame.columns)
    if columns.count(label) != 1:
        got = f"{columns.count(label)} columns {label!r} among {', '.join(map(str, columns[:8]))}"
        raise DataError(got_expected(f"labels of {name}", got, "one column", "pass label= with the name of a column"))
    values = _table_values(frame.drop(columns=label), f"samples of {name}", full_scale)
    if grid is not None:
        values = _on_grid(values, grid, f"samples of {name}")
    labels, classes = _table_labels(frame[label], f"labels of {name}")
    axes = "nt" if grid is None else "nxyz"[: 1 + len(grid)]
    return from_arrays(values, labels, layout=axes, classes=classes, name=name, full_scale=full_scale)


def _table_values(table: Any, what: str, full_scale: float | None) -> np.ndarray:
    texts = [str(c) for c, kind in table.dtypes.items() if getattr(kind, "kind", "O") not in "biuf"]
    if texts:
        got = f"the column {texts[0]!r} without numbers" + (f", and {len(texts) - 1} others" if texts[1:] else "")
        raise DataError(got_expected(what, got, "numbers, and one column of labels", "drop or encode these columns"))
    missing = np.asarray(table.isna())
    if missing.any():
        row, column = (int(i[0]) for i in np.nonzero(missing))
        got = f"no value in row {row}, column {str(table.columns[column])!r}"
        todo = "fill or drop those rows, as with frame.dropna()"
        raise DataError(got_expected(what, got, "a value everywhere", todo))
    types = {str(kind) for kind in table.dtypes}
    if full_scale is None and "uint8" in types and len(types) > 1:
        got, todo = f"columns of {' and '.join(sorted(types))}", "convert them, as with frame.astype({'x': float})"
        raise DataError(got_expected(what, got, "one type, because uint8 is divided by 255", todo))
    values = table.to_numpy()
    return values if values.dtype.kind in "biuf" else table.to_numpy(dtype=np.float64)


def _on_grid(values: np.ndarray, grid: Sequence[int], what: str) -> np.ndarray:
    try:
        return values.reshape(len(values), *grid)
    except (ValueError, TypeError):
        got, todo = f"{values.shape[1]} columns", f"pass grid=({values.shape[1]},), or leave grid out"
        raise DataError(got_expected(what, got, f"one per point of grid={grid}", todo)) from None


def _table_labels(column: Any, what: str) -> tuple[np.ndarray, list[str] | None]:
    """Return the labels, and the names of the categories where the column has these."""
    missing = np.asarray(column.isna())
    if missing.any():
        got, todo = f"no label in row {int(np.argmax(missing))}", "drop those rows, as with frame.dropna()"
        raise DataError(got_expected(what, got, "a label per row", todo))
    if hasattr(column, "cat"):
        return column.cat.codes.to_numpy(), [str(c) for c in column.cat.categories]
    return column.to_numpy(), None


def resized(images: np.ndarray, size_to: int | Sequence[int] | None, what: str) -> np.ndarray:
    """Return floats ``(samples, *grid, channels)`` resampled to another grid, by their modes.

    Parameters
    ----------
    images : ndarray of float
        The samples.
    size_to : int or sequence of int, optional
        New number of points along each axis; a single number applies to every axis. By default nothing changes.
    what : str
        Name of the samples, for the message.

    Raises
    ------
    ConfigurationError
        ``size_to`` has another number of axes, or a size is not 1 or more.
    """
    if size_to is None:
        return images
    ndim = images.ndim - 2
    sizes = tuple(np.atleast_1d(size_to).tolist())
    sizes = sizes * ndim if len(sizes) == 1 else sizes
    if len(sizes) != ndim or not all(is_whole(n) and n >= 1 for n in sizes):
        own = images.shape[1:-1]
        expected = f"{ndim} whole numbers of 1 or more for {what}" if ndim > 1 else f"a number of 1 or more for {what}"
        todo = f"pass size_to={own if ndim > 1 else own[0]} to keep their size"
        raise ConfigurationError(got_expected("size_to", size_to, expected, todo))
    return resample_samples(images, sizes)


def with_size(dataset: Dataset, size_to: int | Sequence[int] | None) -> Dataset:
    """Return a dataset with its samples resampled to another grid."""
    return replace(dataset, images=resized(dataset.images, size_to, dataset.name))
