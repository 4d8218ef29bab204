"""Figures of training, and of predictions on test examples."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from freqnet.plot import plot_confusion, plot_history, plot_sample
from freqnet.plot.style import WIDTH, label, message, styled
from freqnet.plot.training import percent_scale
from freqnet.report.panels import add_panel, colour_bar
from freqnet.training.history import score_names

if TYPE_CHECKING:
    from matplotlib.figure import Figure


@styled
def training_curves(history: Sequence[Mapping[str, Any]]) -> Figure:
    """Draw the scores and the learning rate over the epochs.

    Parameters
    ----------
    history : sequence of mappings
        One row per epoch, with ``epoch``, scores such as ``loss`` (nats) and ``accuracy`` (0 to 1), ``learning_rate``,
        and with a validation set also the scores on it, such as ``validation_loss``.

    Returns
    -------
    matplotlib.figure.Figure
        One panel per score and one for the learning rate, as `freqnet.plot.plot_history` draws them; a line of text
        if there are no epochs.

    Examples
    --------
    >>> rows = [{"epoch": n, "loss": 1 / n, "accuracy": 0.9, "learning_rate": 1e-3} for n in (1, 2, 3)]
    >>> [panel.get_ylabel() for panel in training_curves(rows).axes]
    ['loss, nats', 'accuracy, %', 'learning rate']
    """
    from matplotlib.figure import Figure

    if not history:
        return message("No epochs were recorded.")
    names = score_names(history)
    rate = ["learning_rate"] if any("learning_rate" in row for row in history) else []
    figure = Figure(figsize=(WIDTH, 2.9), layout="constrained")
    panels = figure.subplots(
        1, len(names) + len(rate), width_ratios=[4] * len(names) + [2.2] * len(rate), squeeze=False
    )
    plot_history(history, [*names, *rate], panels)
    return figure


@styled
def confusion_matrix(labels: np.ndarray, predictions: np.ndarray, classes: Sequence[str]) -> Figure:
    """Draw a confusion matrix in a figure that fits the number of classes: see `freqnet.plot.plot_confusion`.

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
    from matplotlib.figure import Figure

    longest = max(len(label(name)) for name in classes)
    side = float(np.clip(0.42 * len(classes), 2.0, 7.6))
    size = float(np.clip(72 * side / len(classes) * 0.8, 4.5, 8))
    # The width of a letter is about 0.6 of its height.
    upright = 0.6 * longest * size < 72 * side / len(classes)
    left, below = (0.45 + 0.6 * size / 72 * n for n in (longest, 1 if upright else longest))
    figure = Figure(figsize=(left + side + 0.95, 0.1 + side + below))
    panel = add_panel(figure, (left, 0.1, side, side))
    plot_confusion(labels, predictions, classes, ax=panel, colour_bar=False)
    percent_scale(colour_bar(figure, panel.images[0], (left + side + 0.2, 0.1, 0.13, min(side, 3.0)), ""))
    return figure


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
        plot_sample(images[index], panel)
        true, said = (label(classes[int(group[index])], 12) for group in (labels, predictions))
        panel.set_title(f"true: {true}\nsaid: {said}", fontsize=7.5, pad=3)
    return figure
