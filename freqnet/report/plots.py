"""Figures of training, and of predictions on test examples."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from freqnet import ops
from freqnet.plot import plot_confusion, plot_history, plot_sample
from freqnet.plot.style import BLUE, ORANGE, WIDTH, label, message, styled
from freqnet.plot.training import matrix_side, percent_scale, text_of_classes
from freqnet.report.panels import add_panel, colour_bar
from freqnet.spaces import get_domain, mode_numbers
from freqnet.spaces.registry import DEFAULT_DOMAIN
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

    names, side = [label(name) for name in classes], matrix_side(len(classes))
    longest = max(map(len, names))
    size, upright = text_of_classes(names, 72 * side / len(classes))
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
    wrong = np.flatnonzero(np.asarray(labels) != np.asarray(predictions))[:most]
    if len(wrong) == 0:
        return message("No example was misclassified." if len(labels) else "There are no examples.")
    titles = [tuple(label(classes[int(group[i])], 12) for group in (labels, predictions)) for i in wrong]
    return _gallery(images[wrong], titles)


def _gallery(images: np.ndarray, titles: Sequence[tuple[str, ...]]) -> Figure:
    """Draw examples in rows, each below what is true of it and what the network says."""
    from matplotlib.figure import Figure

    columns, gap, head = 8, 0.12, 0.42
    side = (WIDTH + gap) / columns - gap
    rows = -(-len(images) // columns)
    figure = Figure(figsize=(WIDTH, rows * (side + head) + 0.02))
    for place, (image, (true, said)) in enumerate(zip(images, titles, strict=True)):
        row, column = divmod(place, columns)
        panel = add_panel(figure, (column * (side + gap), row * (side + head) + head, side, side))
        plot_sample(image, panel)
        panel.set_title(f"true: {true}\nsaid: {said}", fontsize=7.5, pad=3)
    return figure


@styled
def mislabelled(
    images: np.ndarray, labels: np.ndarray, predictions: np.ndarray, names: Sequence[str], most: int = 16
) -> Figure:
    """Draw the first examples, each with its true and predicted labels.

    Parameters
    ----------
    images : numpy.ndarray
        ``(samples, *grid, channels)``.
    labels, predictions : numpy.ndarray
        0 or 1 ``(samples, labels)``.
    names : sequence of str
    most : int
        Largest number of examples.

    Returns
    -------
    matplotlib.figure.Figure
        One panel per example, or a line of text if there is none.

    Examples
    --------
    >>> figure = mislabelled(np.ones((1, 8, 8, 1)), np.array([[1, 1]]), np.array([[0, 0]]), ("cat", "dog"))
    >>> [panel.get_title() for panel in figure.axes]
    ['true: cat, dog\\nsaid: none']
    """
    if not len(images):
        return message("All labels are right.")
    told = lambda row: label(", ".join(n for n, is_there in zip(names, row, strict=True) if is_there) or "none", 14)
    titles = [(told(true), told(said)) for true, said in zip(labels[:most], predictions[:most], strict=True)]
    return _gallery(images[:most], titles)


@styled
def predicted_and_true(targets: np.ndarray, outputs: np.ndarray, names: Sequence[str], most: int = 8) -> Figure:
    """Draw predicted against true numbers: one panel per output, one dot per example.

    Parameters
    ----------
    targets, outputs : numpy.ndarray
        ``(samples, outputs)``.
    names : sequence of str
        Names of the outputs.
    most : int
        Largest number of panels.

    Returns
    -------
    matplotlib.figure.Figure

    Examples
    --------
    >>> figure = predicted_and_true(np.zeros((3, 2)), np.ones((3, 2)), ("a", "b"))
    >>> [panel.get_title() for panel in figure.axes]
    ['a', 'b']
    """
    from matplotlib.figure import Figure

    count = min(most, targets.shape[1])
    columns = min(count, 3)
    rows = -(-count // columns)
    figure = Figure(figsize=(min(WIDTH, 3.2 * columns), 3.0 * rows), layout="constrained")
    for index in range(count):
        panel = figure.add_subplot(rows, columns, index + 1)
        true, said = targets[:, index], outputs[:, index]
        low, high = min(true.min(), said.min()), max(true.max(), said.max())
        panel.plot([low, high], [low, high], color=ORANGE, linewidth=1, zorder=3)
        panel.plot(true, said, ".", color=BLUE, alpha=0.5, markersize=4, rasterized=len(true) > 2000)
        panel.set(xlabel="true", ylabel="predicted", title=label(names[index]))
        panel.grid(True)
    return figure


@styled
def fields(images: np.ndarray, targets: np.ndarray, outputs: np.ndarray) -> Figure:
    """Draw inputs, targets, outputs and errors of some examples, one row per example.

    Parameters
    ----------
    images, targets, outputs : numpy.ndarray
        ``(samples, *grid, channels)``.

    Returns
    -------
    matplotlib.figure.Figure

    Examples
    --------
    >>> figure = fields(*(np.ones((2, 8, 8, 1)) for _ in range(3)))
    >>> [panel.get_title() for panel in figure.axes[:4]]
    ['input', 'target', 'output', 'output - target']
    """
    from matplotlib.figure import Figure

    is_line = images.ndim == 3
    side, gap, head = (WIDTH - 3 * 0.15) / 4, 0.15, 0.3
    height = 0.6 * side if is_line else side
    figure = Figure(figsize=(WIDTH, head + len(images) * (height + gap)))
    for row, (image, target, output) in enumerate(zip(images, targets, outputs, strict=True)):
        limits = float(min(target.min(), output.min())), float(max(target.max(), output.max()))
        half = (limits[1] - limits[0]) / 2
        shown = ((image, None), (target, limits), (output, limits), (output - target, (-half, half)))
        for column, (sample, scale) in enumerate(shown):
            panel = add_panel(figure, (column * (side + gap), head + row * (height + gap), side, height))
            plot_sample(sample, panel, limits=scale)
            if row == 0:
                panel.set_title(("input", "target", "output", "output - target")[column], pad=4)
    return figure


@styled
def errors_by_frequency(targets: np.ndarray, outputs: np.ndarray) -> Figure:
    """Draw the mean power of targets and of errors over the frequency, in cycles per period.

    Parameters
    ----------
    targets, outputs : numpy.ndarray
        ``(samples, *grid, channels)``.

    Returns
    -------
    matplotlib.figure.Figure

    Examples
    --------
    >>> waves = np.sin(np.arange(12)).reshape(1, 12, 1)
    >>> errors_by_frequency(waves, 0.9 * waves).axes[0].get_xlabel()
    'cycles per period'
    """
    from matplotlib.figure import Figure

    figure = Figure(figsize=(WIDTH * 0.7, 2.6), layout="constrained")
    panel = figure.subplots()
    for values, text, colour in ((targets, "targets", BLUE), (outputs - targets, "errors", ORANGE)):
        panel.plot(*power_by_frequency(values), color=colour, marker=".", label=text)
    panel.set(yscale="log", xlabel="cycles per period", ylabel="mean power per mode")
    panel.grid(True)
    panel.legend()
    return figure


def power_by_frequency(samples: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return whole numbers of cycles per period, and the mean power of the modes about as far from the mean.

    Parameters
    ----------
    samples : numpy.ndarray
        ``(samples, *grid, channels)``.

    Examples
    --------
    >>> wave = np.cos(2 * np.pi * 2 * np.arange(9) / 9).reshape(1, 9, 1)
    >>> numbers, power = power_by_frequency(wave)
    >>> numbers.tolist(), power.round(3).tolist()
    ([0, 1, 2, 3, 4], [0.0, 0.0, 0.25, 0.0, 0.0])
    """
    grid = samples.shape[1:-1]
    space = get_domain(DEFAULT_DOMAIN)(grid)
    modes = space.mode_inner(*(2 * [ops.analysis(samples.astype(float), space).data]))
    numbers = mode_numbers(space.band)
    power = modes.mean(axis=(1, 2)) / np.where(np.any(numbers, axis=1), 2.0, 1.0)
    radius = np.rint(np.linalg.norm(numbers, axis=1)).astype(int)
    counts = np.bincount(radius)
    found = np.flatnonzero(counts)
    return found, np.bincount(radius, power)[found] / counts[found]
