"""Datasets from arrays and tables in memory."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from freqnet.data.dataset import Dataset, validate
from freqnet.data.layouts import CHANNELS, SAMPLES, Layout, arrange, choose_layout, guess_layout
from freqnet.data.lengths import NewSize, Sizes, is_ragged, one_size
from freqnet.data.oddities import tell_oddities
from freqnet.errors import DataError, got_expected
from freqnet.tasks import Task, get_task
from freqnet.values import as_floats, as_numbers, compact, full_scale_of


def from_arrays(
    x: Any,
    y: Any,
    *,
    layout: Layout = None,
    classes: Sequence[str] | None = None,
    name: str = "arrays",
    official_test: int = 0,
    full_scale: float | None = None,
    task: Task | str = "classification",
) -> Dataset:
    """Return a checked dataset of arrays.

    Parameters
    ----------
    x : array_like
        Samples of real numbers. Floats are taken as they are, booleans are 0 and 1.
    y : array_like
        Targets, as the task reads them. Classification: whole numbers or names ``(samples,)``; the classes are those
        that occur. Several labels: 0 or 1 ``(samples, labels)``, or a list of names per sample. Regression: numbers
        ``(samples,)`` or ``(samples, outputs)``. Field: signals with the axes of ``x``, on a grid of the same period;
        the axis of the channels may be missing. Targets keep their own units: they are never divided.
    layout : str, optional
        Names of the axes of ``x``, such as ``"n t c"`` or ``"nchw"``: ``n`` is the axis of the samples, ``c`` that of
        the channels, the others are axes of the grid. By default the sizes of the axes tell, where they have one likely
        reading.
    classes : sequence of str, optional
        Class names. Numbers in ``y`` are then places in it. In the other tasks, names of labels, of numbers, or of
        channels.
    name : str
        Name of the dataset in reports.
    official_test : int
        Number of samples at the end that form the test set [0].
    full_scale : float, optional
        The whole number that stands for 1, by which whole numbers are divided. By default it is 255 for dtype uint8,
        and 1 for other dtypes.
    task : Task or str
        What the targets are: classification [default], multi-label, regression, or field.

    Returns
    -------
    Dataset
        The dataset. It stores float32, float64 where float32 would lose what varies, or uint8 where ``x`` has that
        dtype.

    Raises
    ------
    DataError
        The axes of ``x`` can be read in several ways, a value is not a finite real number, or samples and targets do
        not fit together.
    ConfigurationError
        The layout is not usable, or there is no such task.

    Warns
    -----
    DataWarning
        A value lies far outside all others, or samples are equal.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> from_arrays(rng.integers(0, 256, (20, 3, 16, 16), dtype=np.uint8), ["cat", "dog"] * 10, layout="nchw")
    Dataset('arrays', samples=20, grid=(16, 16), channels=3, classes=2)
    >>> from_arrays(rng.normal(size=(20, 64)), rng.normal(size=20), task="regression")
    Dataset('arrays', samples=20, grid=(64,), channels=1, outputs=1, task='regression')
    """
    kind, what = get_task(task), f"samples of {name}"
    values = as_numbers(x, what)
    if layout is None:
        check_samples_first(values.shape, y, what)
    used = choose_layout(values.shape, layout, what)
    targets, names = kind.read(like_samples(y, used, name) if kind.is_field else y, classes, name)
    scale = full_scale_of(values) if full_scale is None else float(full_scale)
    samples = arrange(values, used)
    # A copy of bytes, as floats made of them would be: the caller's array may change.
    stored = samples.copy() if samples.dtype == np.uint8 else compact(as_floats(samples, full_scale, what))
    dataset = Dataset(name, stored, targets, names, official_test, scale, used, task=kind)
    return tell_oddities(validate(dataset))


def from_series(
    series: Any,
    y: Any,
    *,
    layout: Layout = ("n c t", "n t"),
    size_to: Sizes = None,
    pad_to: Sizes = None,
    classes: Sequence[str] | None = None,
    name: str = "series",
    task: Task | str = "classification",
) -> Dataset:
    """Return a checked dataset of time series, which may differ in length.

    Parameters
    ----------
    series : sequence of ndarray
        Series ``(channels, timepoints)``, or ``(timepoints,)`` of one channel, as collections of aeon hold them; or one
        array of all. Of other samples, such as images, with the axes of the layout but ``n``.
    y : array_like
        Targets, as `from_arrays` takes them.
    layout : str or sequence of str
        Names of the axes of all samples, or several, of which the first with as many axes counts.
    size_to : int, optional
        Number of points to which each series is resampled by its modes.
    pad_to : int, optional
        Number of points to which each series is padded with zeros after its end. Subtract an offset of all values
        before.
    classes, name, task
        As for `from_arrays`.

    Returns
    -------
    Dataset

    Raises
    ------
    DataError
        The series differ in length and neither size is given, one is longer than ``pad_to``, or series and targets do
        not fit together.
    ConfigurationError
        Both sizes are given, or one is no whole number of 1 or more.

    Examples
    --------
    >>> waves = [np.sin(np.arange(20.0 + n)) for n in range(4)]
    >>> from_series(waves, ["a", "b", "a", "b"], pad_to=23)
    Dataset('series', samples=4, grid=(23,), channels=1, classes=2)
    """
    size, what = NewSize(size_to, pad_to), f"series of {name}"
    if not isinstance(series, np.ndarray):
        series = [as_numbers(one, what) for one in series]
    options: dict[str, Any] = {"classes": classes, "name": name, "task": task}
    if not is_ragged(series):
        return with_size(from_arrays(series, y, layout=layout, **options), size)
    used = choose_layout((len(series), *series[0].shape), layout, what)
    samples = one_size(series, used, size, what)
    axes = [axis for axis in used.split() if axis not in (SAMPLES, CHANNELS)]
    return replace(from_arrays(samples, y, layout=" ".join([SAMPLES, *axes, CHANNELS]), **options), layout=used)


def like_samples(y: Any, layout: str, name: str) -> np.ndarray:
    """Return the signals of a field ``(samples, *grid, channels)``, whose axes are those of the samples."""
    what = f"targets of {name}"
    values, names = as_numbers(y, what), layout.split()
    if CHANNELS in names and values.ndim == len(names) - 1:
        names.remove(CHANNELS)
    elif CHANNELS not in names and values.ndim == len(names) + 1:
        names.append(CHANNELS)
    if values.ndim != len(names):
        got, expected = f"shape {values.shape}", f"signals with the axes of the samples, {layout}"
        raise DataError(got_expected(what, got, expected, "pass one signal per sample, on a grid with as many axes"))
    # In their own units: outputs are in the units of the targets.
    return as_floats(arrange(values, " ".join(names)), 1.0, what)


def check_samples_first(shape: tuple[int, ...], y: Any, what: str) -> None:
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
    frame: Any,
    label: str | Sequence[str],
    *,
    grid: Sequence[int] | None = None,
    name: str = "table",
    full_scale: float | None = None,
    task: Task | str = "classification",
) -> Dataset:
    """Return a checked dataset of a table with one sample per row.

    Parameters
    ----------
    frame : pandas.DataFrame
        Table of numbers, with one or several columns of targets.
    label : str or sequence of str
        Name of the column of labels, whose categories keep their order, also those that do not occur; or the names of
        the columns of targets.
    grid : sequence of int, optional
        Size of each axis of the grid, where a row holds an image or a volume. By default a row is a signal.
    name : str
        Name of the dataset in reports.
    full_scale : float, optional
        The whole number that stands for 1, as in `from_arrays`.
    task : Task or str
        What the targets are: classification [default], multi-label, or regression.

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
    kind, chosen = get_task(task), [label] if isinstance(label, str) or np.ndim(label) == 0 else list(label)
    columns = list(frame.columns)
    for column in chosen:
        if columns.count(column) != 1:
            got = f"{columns.count(column)} columns {column!r} among {', '.join(map(str, columns[:8]))}"
            todo = "pass label= with the name of a column"
            raise DataError(got_expected(f"labels of {name}", got, "one column", todo))
    values = _table_values(frame.drop(columns=chosen), f"samples of {name}", full_scale)
    if grid is not None:
        values = _on_grid(values, grid, f"samples of {name}")
    labels, classes = _table_targets(frame, chosen, kind, f"labels of {name}")
    axes = "nt" if grid is None else "nxyz"[: 1 + len(grid)]
    return from_arrays(values, labels, layout=axes, classes=classes, name=name, full_scale=full_scale, task=kind)


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


def _table_targets(frame: Any, chosen: list[Any], kind: Task, what: str) -> tuple[np.ndarray, list[str] | None]:
    """Return the targets, and the names of their columns or of the categories of the column."""
    if kind.is_field:
        todo = "pass the signals of both as arrays to from_arrays"
        raise DataError(got_expected(what, "a table for a field", "signals", todo))
    if kind.name == "classification":
        if len(chosen) > 1:
            todo = "pass one column, or task='multi-label'"
            raise DataError(got_expected(what, f"{len(chosen)} columns", "one column of classes", todo))
        return _table_labels(frame[chosen[0]], what)
    return _table_values(frame[chosen], what, 1.0), [str(column) for column in chosen]


def _table_labels(column: Any, what: str) -> tuple[np.ndarray, list[str] | None]:
    """Return the labels, and the names of the categories where the column has these."""
    missing = np.asarray(column.isna())
    if missing.any():
        got, todo = f"no label in row {int(np.argmax(missing))}", "drop those rows, as with frame.dropna()"
        raise DataError(got_expected(what, got, "a label per row", todo))
    if hasattr(column, "cat"):
        return column.cat.codes.to_numpy(), [str(c) for c in column.cat.categories]
    return column.to_numpy(), None


def with_size(dataset: Dataset, size: NewSize) -> Dataset:
    """Return a dataset with its samples, and the signals that are their targets, brought to another grid."""
    if not size:
        return dataset
    if dataset.task.is_field:
        dataset = replace(dataset, targets=size.fit(dataset.targets, dataset.name))
    return replace(dataset, stored=size.fit(dataset.images, dataset.name))
