"""Windows of long time series, with the windows that follow them as targets: datasets for forecasts."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from freqnet.checks import number_in_range, require_count
from freqnet.data.arrays import from_arrays
from freqnet.data.dataset import Dataset
from freqnet.errors import ConfigurationError, DataError, got_expected
from freqnet.values import as_numbers


def windows(
    series: Any,
    history: int,
    horizon: int | None = None,
    *,
    stride: int = 1,
    test: float = 0.2,
    name: str = "windows",
) -> Dataset:
    """Return windows of long series for the task ``field``: each target is the window `horizon` points later.

    The last `horizon` points of a target are those that its window does not hold. A trained network forecasts them:
    ``network.predict(window)[:, -horizon:]``; `freqnet.nn.rollout` goes on from there.

    The test set is the end of each series in time. No training window or target holds a point of it; the first windows
    of the test hold points from before, as a forecast made at that time would.

    Parameters
    ----------
    series : ndarray, or sequence of ndarray
        A series ``(timepoints,)`` or ``(timepoints, channels)``, or several, which may differ in length.
    history : int
        Number of points of a window.
    horizon : int, optional
        Number of points to forecast, at most `history` [as many].
    stride : int
        Number of points from the start of a window to that of the next, in training and test.
    test : float
        Share of each series, at its end, of which the test forecasts all points; above 0 and below 1.
    name : str
        Name of the dataset in reports.

    Returns
    -------
    Dataset
        Windows ``(windows, history, channels)`` with targets of the same shape; those of the test are last.

    Raises
    ------
    ConfigurationError
        A number is out of its range.
    DataError
        A series is too short for a window of the training and of the test, holds values that are missing or no real
        numbers, or has other channels than the first.

    Examples
    --------
    >>> dataset = windows(np.arange(100.0), history=20, horizon=5)
    >>> dataset, dataset.official_test
    (Dataset('windows', samples=72, grid=(20,), channels=1, outputs=1, task='field'), 16)
    >>> dataset.images[0, -1, 0].item(), dataset.targets[0, -1, 0].item(), dataset.targets[-17:-15, -1, 0].tolist()
    (19.0, 24.0, [79.0, 84.0])
    """
    history = require_count("history", history, 48)
    horizon = history if horizon is None else require_count("horizon", horizon, 12)
    stride, share = require_count("stride", stride, 1), number_in_range("test", test, 0, 1, example=0.2)
    if horizon > history or share == 0:
        got = f"horizon={horizon} and history={history}" if horizon > history else "test=0"
        expected = "a horizon of at most the history, and a test share above 0"
        raise ConfigurationError(got_expected("windows", got, expected, "pass history=48, horizon=12, test=0.2, say"))
    rows = _rows(series, name)
    parts = [_starts(len(one), history, horizon, stride, share, f"series {n} of {name}") for n, one in enumerate(rows)]
    # The training windows of all series, then the test windows of all.
    pieces = [(one, starts[part]) for part in (0, 1) for one, starts in zip(rows, parts, strict=True)]
    x, y = (np.concatenate([_cut(one, starts + ahead, history) for one, starts in pieces]) for ahead in (0, horizon))
    held = sum(len(starts) for _, starts in parts)
    return from_arrays(x, y, layout="ntc", name=name, official_test=held, task="field")


def _rows(series: Any, name: str) -> list[np.ndarray]:
    """Return the series as arrays ``(timepoints, channels)``."""
    is_one = isinstance(series, np.ndarray) or np.ndim(series[0]) == 0
    rows = [as_numbers(one, f"series of {name}") for one in ([series] if is_one else series)]
    rows = [one[:, np.newaxis] if one.ndim == 1 else one for one in rows]
    for number, one in enumerate(rows):
        if one.ndim != 2 or one.shape[1] != rows[0].shape[-1]:
            got, expected = f"shape {one.shape}", "(timepoints,) or (timepoints, channels), alike in all series"
            raise DataError(got_expected(f"series {number} of {name}", got, expected, "transpose or leave it out"))
    return rows


def _starts(
    length: int, history: int, horizon: int, stride: int, test: float, what: str
) -> tuple[np.ndarray, np.ndarray]:
    """Return the first points of the windows for training and for the test."""
    cut = round(length * (1 - test))
    last = length - history - horizon
    train = np.arange(0, cut - history - horizon + 1, stride)
    tested = np.arange(max(0, cut - history), last + 1, stride)
    if not len(train) or not len(tested):
        got = f"{length} points, the last {length - cut} of them for the test"
        expected = f"at least {history + horizon} before these, and {horizon} among them"
        raise DataError(got_expected(what, got, expected, "pass a shorter history and horizon, or a longer series"))
    return train, tested


def _cut(series: np.ndarray, starts: Sequence[int] | np.ndarray, count: int) -> np.ndarray:
    return series[np.asarray(starts)[:, np.newaxis] + np.arange(count)]
