"""Plots of training, and of predictions on test examples."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from numbers import Real
from typing import TYPE_CHECKING, Any

import numpy as np

from freqnet.errors import ConfigurationError, DataError, got_expected
from freqnet.plot.panels import frame, given_axes, new_ax, new_axes, require
from freqnet.plot.style import BLUE, COUNT_MAP, ORANGE, label
from freqnet.tasks import is_share
from freqnet.training import History, RangeTest
from freqnet.training.history import score_names

if TYPE_CHECKING:
    from matplotlib.axes import Axes as Panel

Rows = Sequence[Mapping[str, Any]]

# With more classes than this, a count does not fit into a cell of the confusion matrix.
_MOST_COUNTS = 30
_VALIDATION = "validation_"


def plot_history(history: History | Rows, names: str | Sequence[str] | None = None, axes: Any = None) -> np.ndarray:
    """Draw the learning curves: each score over the epochs, for training and, if there is any, for validation.

    Parameters
    ----------
    history : History or sequence of mappings
        What `freqnet.training.fit` returned, or its rows: one per epoch.
    names : str or sequence of str, optional
        Columns to draw, such as ``"loss"`` or ``"learning_rate"``; by default all scores. The column
        ``validation_NAME`` is drawn beside the column ``NAME``.
    axes : matplotlib.axes.Axes or array of them, optional
        The axes to draw on, one per name; by default those of a new figure.

    Returns
    -------
    numpy.ndarray
        The axes, ``(names,)``.

    Raises
    ------
    DataError
        There are no epochs.
    ConfigurationError
        The history has no such column, or `axes` are too few or too many.

    Examples
    --------
    >>> from matplotlib.figure import Figure
    >>> rows = [{"epoch": n, "loss": 1 / n, "accuracy": 0.9, "validation_accuracy": 0.8} for n in (1, 2, 3)]
    >>> axes = plot_history(rows, axes=Figure().subplots(1, 2))
    >>> [(ax.get_ylabel(), len(ax.lines)) for ax in axes]
    [('loss, nats', 1), ('accuracy, %', 2)]
    """
    require(rows := _rows(history), Sequence, "history", "pass what fit() returned")
    known = {name.removeprefix(_VALIDATION): None for row in rows for name in row}
    if not rows:
        raise DataError(got_expected("history", "no epochs", "at least one", "pass what fit() returned"))
    wanted = score_names(rows) if names is None else [names] if isinstance(names, str) else list(names)
    for name in wanted:
        if name not in known:
            todo = "choose among these"
            raise ConfigurationError(got_expected("column of the history", repr(name), ", ".join(known), todo))
    axes = new_axes(len(wanted), (3.6, 2.6), columns=3) if axes is None else given_axes(axes, len(wanted), "name")
    for ax, name in zip(axes, wanted, strict=True):
        _curves(ax, rows, name, is_entropy=any(map(is_share, known)))
    return axes


def _rows(history: History | Rows) -> Rows:
    return history.rows if isinstance(history, History) else history


def _is_number(value: Any) -> bool:
    return isinstance(value, Real) and not isinstance(value, bool)


def _curves(ax: Panel, rows: Rows, name: str, *, is_entropy: bool) -> None:
    """Draw one score; shares are shown in percent."""
    unit = 100.0 if is_share(name) else 1.0
    for key, text, colour, dashes in ((name, "training", BLUE, "-"), (_VALIDATION + name, "validation", ORANGE, "--")):
        epochs, values = _column(rows, key)
        if len(epochs) and np.isfinite(values).any():
            last = unit * values[np.isfinite(values)][-1]
            # A single epoch would draw no line.
            look: dict[str, Any] = {"color": colour, "linestyle": dashes, "marker": "o" if len(epochs) == 1 else ""}
            ax.plot(epochs, unit * values, label=f"{text}, last {last:.4g}", **look)
    if ax.lines and name in score_names(rows):
        ax.legend()
    ax.set(xlabel="epoch", ylabel=_label(name, is_entropy=is_entropy))
    ax.xaxis.get_major_locator().set_params(integer=True)  # type: ignore[call-arg]
    ax.grid(True, alpha=0.3)
    if name == "loss" and all(np.nanmin(line.get_ydata()) >= 0 for line in ax.lines):
        ax.set_ylim(bottom=0)


def _label(name: str, *, is_entropy: bool) -> str:
    units = {"loss": ", nats"} if is_entropy else {}
    return name.replace("_", " ") + (", %" if is_share(name) else units.get(name, ""))


def _column(rows: Rows, key: str) -> tuple[np.ndarray, np.ndarray]:
    found = [(row.get("epoch", n), row[key]) for n, row in enumerate(rows, 1) if _is_number(row.get(key))]
    table = np.array(found, float).reshape(-1, 2)
    table[~np.isfinite(table)] = np.nan
    return table[:, 0], table[:, 1]


def plot_range_test(found: RangeTest, ax: Panel | None = None) -> Panel:
    """Draw a learning-rate range test: the loss over the rate, and the rates that it tells.

    Parameters
    ----------
    found : RangeTest
        What `freqnet.training.learning_rate_range_test` returned.
    ax : matplotlib.axes.Axes, optional
        The axes to draw on; by default those of a new figure.

    Returns
    -------
    matplotlib.axes.Axes

    Raises
    ------
    ConfigurationError
        The first argument is no `RangeTest`.

    Examples
    --------
    >>> from matplotlib.figure import Figure
    >>> falling = 1.4 + 0.9 * np.cos(np.linspace(0, np.pi, 31))
    >>> losses = np.concatenate([np.full(30, 2.3), falling, np.linspace(0.6, 9, 19)])
    >>> found = RangeTest(np.geomspace(1e-5, 1, 80), losses, width=2.0, is_diverged=True)
    >>> ax = plot_range_test(found, Figure().subplots())
    >>> [text.get_text() for text in ax.get_legend().get_texts()][2:]
    ['steepest descent, 0.00705', 'lowest loss, 0.0469', 'suggested peak, 0.0234']
    """
    require(found, RangeTest, "range test", "pass what learning_rate_range_test() returned")
    ax = new_ax((4.6, 3.0)) if ax is None else ax
    smoothed = found.smoothed
    ax.semilogx(found.rates, found.losses, color=BLUE, alpha=0.3, linewidth=1.0, label="loss before each step")
    ax.semilogx(found.rates, smoothed, color=BLUE, label="smoothed")
    steepest, suggestion = found.steepest, found.suggestion
    if steepest is not None and suggestion is not None:
        for rate, text, marker in ((steepest, "steepest descent", "v"), (found.lowest, "lowest loss", "o")):
            height = float(np.interp(rate, found.rates, smoothed))
            ax.plot([rate], [height], marker, color=BLUE, label=f"{text}, {rate:.3g}")
        ax.axvline(suggestion, color=ORANGE, linestyle="--", label=f"suggested peak, {suggestion:.3g}")
    # Losses near the divergence would flatten the rest.
    low, high = smoothed.min(), max(smoothed[0], smoothed.min())
    ax.set_ylim(low - 0.1 * (high - low or 1), high + 0.5 * (high - low or 1))
    ax.set(xlabel="learning rate", ylabel="training loss")
    # Powers of ten would be written in mathematics, which the house style does not read.
    ax.xaxis.set_major_formatter("{x:g}")
    # The curve is high on the left.
    ax.legend(loc="lower left")
    ax.grid(True, alpha=0.3)
    return ax


def count_confusions(labels: np.ndarray, predictions: np.ndarray, classes: int) -> np.ndarray:
    """Return the number of examples of each class (rows) that were predicted as each class (columns).

    >>> count_confusions(np.array([0, 0, 1]), np.array([0, 1, 1]), 2)
    array([[1, 1],
           [0, 1]])
    """
    flat = np.asarray(labels, int) * classes + np.asarray(predictions, int)
    return np.bincount(flat, minlength=classes * classes).reshape(classes, classes)


def plot_confusion(
    targets: Any,
    predictions: Any,
    classes: Sequence[str] | None = None,
    *,
    ax: Panel | None = None,
    colour_bar: bool = True,
) -> Panel:
    """Draw a confusion matrix: counts, coloured by their share of the true class.

    The colour scale rises steeply from zero, so that one mistake in a hundred is visible. Pairs that never occur are
    blank. Above 30 classes the counts are left out.

    Parameters
    ----------
    targets, predictions : array_like
        Class numbers ``(samples,)``.
    classes : sequence of str, optional
        Names of the classes, about 2 to 100; by default their numbers.
    ax : matplotlib.axes.Axes, optional
        The axes to draw on; by default those of a new figure.
    colour_bar : bool
        Whether to add a colour bar.

    Returns
    -------
    matplotlib.axes.Axes

    Raises
    ------
    DataError
        The two differ in shape, or hold numbers that are no classes.

    Examples
    --------
    >>> from matplotlib.figure import Figure
    >>> ax = plot_confusion([0, 0, 1], [0, 1, 1], ("cat", "dog"), ax=Figure().subplots())
    >>> sorted(text.get_text() for text in ax.texts), ax.get_ylabel()
    (['1', '1', '1'], 'true class')
    """
    from matplotlib.colors import PowerNorm

    true, said = _class_numbers(targets, predictions, classes)
    count = max(true.max(initial=1), said.max(initial=1)) + 1
    names = [label(name) for name in (range(count) if classes is None else classes)]
    counts = count_confusions(true, said, len(names))
    share = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    side = matrix_side(len(names))
    ax = new_ax((side + 1.6, side + 0.6)) if ax is None else ax
    look: dict[str, Any] = {"interpolation": "none", "origin": "upper", "aspect": "equal"}
    image = ax.imshow(np.ma.masked_equal(share, 0.0), cmap=COUNT_MAP, norm=PowerNorm(0.4, 0, 1), **look)
    frame(ax)
    size = _name_classes(ax, names)
    if len(names) <= _MOST_COUNTS:
        _write_counts(ax, counts, share, size)
    if colour_bar:
        percent_scale(ax.figure.colorbar(image, ax=ax, shrink=0.8))
    return ax


def matrix_side(classes: int) -> float:
    """Return the side of a confusion matrix, in inches."""
    return float(np.clip(0.42 * classes, 2.0, 7.6))


def text_of_classes(names: Sequence[str], side: float) -> tuple[float, bool]:
    """Return the size of names beside squares of a `side`, in points, and whether they fit below them upright."""
    size = float(np.clip(0.8 * side, 4.5, 8))
    # The width of a letter is about 0.6 of its height.
    return size, 0.6 * max(map(len, names)) * size < side


def percent_scale(bar: Any) -> None:
    """Label the colour bar of a confusion matrix."""
    bar.outline.set_linewidth(0.4)
    bar.set_label("share of the true class, %")
    bar.set_ticks([0, 0.01, 0.05, 0.2, 0.5, 1.0], labels=["0", "1", "5", "20", "50", "100"])


def _class_numbers(targets: Any, predictions: Any, classes: Sequence[str] | None) -> tuple[np.ndarray, np.ndarray]:
    true, said = np.asarray(targets), np.asarray(predictions)
    if true.ndim != 1 or true.shape != said.shape:
        got, todo = f"shapes {true.shape} and {said.shape}", "pass logits.argmax(axis=1) as the predictions"
        raise DataError(got_expected("targets and predictions", got, "one class number per example in each", todo))
    for numbers, what in ((true, "targets"), (said, "predictions")):
        top = np.inf if classes is None else len(classes)
        if numbers.size and (numbers.dtype.kind not in "iu" or numbers.min() < 0 or numbers.max() >= top):
            got = f"{numbers.dtype} from {numbers.min()} to {numbers.max()}"
            expected = "whole numbers from 0" + ("" if classes is None else f" to {len(classes) - 1}")
            raise DataError(got_expected(what, got, expected, "pass class numbers, and the name of each class"))
    return true.astype(int), said.astype(int)


def _name_classes(ax: Panel, names: list[str]) -> float:
    """Write the names of the classes along both axes; return the size of their text, in points."""
    figure: Any = ax.figure
    box = ax.get_position()
    side = 72 * min(box.width * figure.get_figwidth(), box.height * figure.get_figheight()) / len(names)
    size, upright = text_of_classes(names, side)
    # Dollar signs in names are no mathematics.
    text: dict[str, Any] = {"fontsize": size, "parse_math": False}
    ax.set_xticks(range(len(names)), names, rotation=0 if upright else 90, **text)
    ax.set_yticks(range(len(names)), names, **text)
    ax.tick_params(length=0)
    ax.set(xlabel="predicted class", ylabel="true class")
    return size


def _write_counts(ax: Panel, counts: np.ndarray, share: np.ndarray, size: float) -> None:
    for row, column in np.argwhere(counts > 0):
        # The colour map is light above this share.
        ink = "black" if share[row, column] > 0.3 else "white"
        ax.text(column, row, str(counts[row, column]), ha="center", va="center", color=ink, fontsize=size)
    between = np.arange(len(counts) + 1) - 0.5
    ax.set_xticks(between, minor=True)
    ax.set_yticks(between, minor=True)
    ax.tick_params(which="minor", length=0)
    ax.grid(which="minor", alpha=0.13, color="black", linewidth=0.6)
