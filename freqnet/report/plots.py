"""Figures of training, and of predictions on test examples."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from freqnet.report.panels import add_panel, colour_bar, draw_sample
from freqnet.report.style import BLUE, COUNT_MAP, ORANGE, WIDTH, label, message, styled

if TYPE_CHECKING:
    from matplotlib.figure import Figure

# With more classes than this, a count does not fit into a cell of the confusion matrix.
_MOST_COUNTS = 30


@styled
def training_curves(history: Sequence[Mapping[str, Any]]) -> Figure:
    """Draw loss, accuracy and learning rate over the epochs.

    Parameters
    ----------
    history : sequence of mappings
        One row per epoch, with ``epoch``, ``loss`` (nats), ``accuracy`` (0 to 1), ``learning_rate``, and with a
        validation set also ``validation_loss`` and ``validation_accuracy``.

    Returns
    -------
    matplotlib.figure.Figure
        Three panels, or a line of text if there are no epochs.

    Examples
    --------
    >>> rows = [{"epoch": n, "loss": 1 / n, "accuracy": 0.9, "learning_rate": 1e-3} for n in (1, 2, 3)]
    >>> [panel.get_ylabel() for panel in training_curves(rows).axes]
    ['loss, nats', 'accuracy, %', 'learning rate']
    """
    from matplotlib.figure import Figure

    if not history:
        return message("No epochs were recorded.")
    figure = Figure(figsize=(WIDTH, 2.9), layout="constrained")
    loss, accuracy, rate = figure.subplots(1, 3, width_ratios=(4, 4, 2.2))
    _curves(loss, history, "loss", 1.0, ".3g")
    _curves(accuracy, history, "accuracy", 100.0, ".4g")
    epochs, values = _column(history, "learning_rate")
    rate.plot(epochs, values, color=BLUE, marker=_marker(history))
    loss.set_ylabel("loss, nats")
    accuracy.set_ylabel("accuracy, %")
    rate.set_ylabel("learning rate")
    rate.ticklabel_format(axis="y", style="plain", useOffset=False)
    for panel in (loss, accuracy, rate):
        panel.set_xlabel("epoch")
        panel.xaxis.get_major_locator().set_params(integer=True)
        panel.grid(True)
    loss.set_ylim(bottom=0)
    return figure


def _curves(panel: Any, history: Sequence[Mapping[str, Any]], name: str, unit: float, form: str) -> None:
    for key, text, colour in ((name, "training", BLUE), (f"validation_{name}", "validation", ORANGE)):
        epochs, values = _column(history, key)
        if len(epochs) and np.isfinite(values).any():
            last = unit * values[np.isfinite(values)][-1]
            panel.plot(
                epochs, unit * values, color=colour, marker=_marker(history), label=f"{text}, last {last:{form}}"
            )
    if panel.lines:
        panel.legend()


def _marker(history: Sequence[Any]) -> str:
    # A single epoch would draw no line.
    return "o" if len(history) == 1 else ""


def _column(history: Sequence[Mapping[str, Any]], key: str) -> tuple[np.ndarray, np.ndarray]:
    rows = [(row.get("epoch", n), row[key]) for n, row in enumerate(history, 1) if row.get(key) is not None]
    table = np.array(rows, float).reshape(-1, 2)
    table[~np.isfinite(table)] = np.nan
    return table[:, 0], table[:, 1]


def count_confusions(labels: np.ndarray, predictions: np.ndarray, classes: int) -> np.ndarray:
    """Return the number of examples of each class (rows) that were predicted as each class (columns).

    >>> count_confusions(np.array([0, 0, 1]), np.array([0, 1, 1]), 2)
    array([[1, 1],
           [0, 1]])
    """
    flat = np.asarray(labels, int) * classes + np.asarray(predictions, int)
    return np.bincount(flat, minlength=classes * classes).reshape(classes, classes)


@styled
def confusion_matrix(labels: np.ndarray, predictions: np.ndarray, classes: Sequence[str]) -> Figure:
    """Draw a confusion matrix: counts, coloured by their share of the true class.

    The colour scale rises steeply from zero, so that one mistake in a hundred is visible. Pairs that never occur are
    blank. Above 30 classes the counts are left out.

    Parameters
    ----------
    labels, predictions : numpy.ndarray
        Class numbers ``(samples,)``.
    classes : sequence of str
        Names of the classes, about 2 to 100.

    Returns
    -------
    matplotlib.figure.Figure

    Examples
    --------
    >>> figure = confusion_matrix(np.array([0, 0, 1]), np.array([0, 1, 1]), ("cat", "dog"))
    >>> sorted(text.get_text() for text in figure.axes[0].texts)
    ['1', '1', '1']
    """
    from matplotlib.colors import PowerNorm
    from matplotlib.figure import Figure

    counts = count_confusions(labels, predictions, len(classes))
    share = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    names = [label(name) for name in classes]
    longest = max(map(len, names))
    side = float(np.clip(0.42 * len(names), 2.0, 7.6))
    size = float(np.clip(72 * side / len(names) * 0.8, 4.5, 8))
    # The width of a letter is about 0.6 of its height.
    upright = 0.6 * longest * size < 72 * side / len(names)
    left, below = (0.45 + 0.6 * size / 72 * n for n in (longest, 1 if upright else longest))
    figure = Figure(figsize=(left + side + 0.95, 0.1 + side + below))
    panel = add_panel(figure, (left, 0.1, side, side))
    image = panel.imshow(np.ma.masked_equal(share, 0.0), cmap=COUNT_MAP, norm=PowerNorm(0.4, 0, 1), aspect="auto")
    panel.set_xticks(range(len(names)), names, rotation=0 if upright else 90, fontsize=size)
    panel.set_yticks(range(len(names)), names, fontsize=size)
    panel.tick_params(length=0)
    panel.set(xlabel="predicted class", ylabel="true class")
    bar = colour_bar(figure, image, (left + side + 0.2, 0.1, 0.13, min(side, 3.0)), "share of the true class, %")
    bar.set_ticks([0, 0.01, 0.05, 0.2, 0.5, 1.0], labels=["0", "1", "5", "20", "50", "100"])
    if len(names) <= _MOST_COUNTS:
        _write_counts(panel, counts, share, size)
    return figure


def _write_counts(panel: Any, counts: np.ndarray, share: np.ndarray, size: float) -> None:
    between = np.arange(len(counts) + 1) - 0.5
    panel.set_xticks(between, minor=True)
    panel.set_yticks(between, minor=True)
    panel.tick_params(which="minor", length=0)
    panel.grid(which="minor")
    for row, column in np.argwhere(counts > 0):
        # The colour map is light above this share.
        ink = "black" if share[row, column] > 0.3 else "white"
        panel.text(column, row, str(counts[row, column]), ha="center", va="center", color=ink, fontsize=min(size, 8))


@styled
def misclassified(
    images: np.ndarray, labels: np.ndarray, predictions: np.ndarray, classes: Sequence[str], most: int = 16
) -> Figure:
    """Draw misclassified examples from the first, each with its true and predicted class.

    Parameters
    ----------
    images : numpy.ndarray
        ``(samples, *grid, channels)``.
    labels, predictions : numpy.ndarray
        Class numbers ``(samples,)``.
    classes : sequence of str
    most : int
        Largest number of examples.

    Returns
    -------
    matplotlib.figure.Figure
        One panel per example, or a line of text if there is none.

    Examples
    --------
    >>> figure = misclassified(np.ones((2, 8, 8, 1)), np.array([0, 1]), np.array([0, 0]), ("cat", "dog"))
    >>> [panel.get_title() for panel in figure.axes]
    ['true: dog\\nsaid: cat']
    """
    from matplotlib.figure import Figure

    wrong = np.flatnonzero(np.asarray(labels) != np.asarray(predictions))[:most]
    if len(wrong) == 0:
        return message("No example was misclassified." if len(labels) else "There are no examples.")
    columns, gap, head = 8, 0.12, 0.42
    side = (WIDTH + gap) / columns - gap
    rows = -(-len(wrong) // columns)
    figure = Figure(figsize=(WIDTH, rows * (side + head) + 0.02))
    for place, index in enumerate(wrong):
        row, column = divmod(place, columns)
        panel = add_panel(figure, (column * (side + gap), row * (side + head) + head, side, side))
        draw_sample(panel, images[index])
        true, said = (label(classes[int(group[index])], 12) for group in (labels, predictions))
        panel.set_title(f"true: {true}\nsaid: {said}", fontsize=7.5, pad=3)
    return figure
