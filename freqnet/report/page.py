"""The report of a training run: one HTML file that needs nothing else."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from html import escape
from pathlib import Path
from typing import Any

import numpy as np

from freqnet.errors import ShapeError, got_expected
from freqnet.nn import Network
from freqnet.report import sections
from freqnet.report.template import page
from freqnet.training.files import write_atomically


def write_report(
    path: str | os.PathLike[str],
    network: Network,
    *,
    title: str,
    metrics: Mapping[str, Any],
    history: Sequence[Mapping[str, Any]],
    images: np.ndarray,
    labels: np.ndarray,
    logits: np.ndarray,
    classes: Sequence[str],
) -> None:
    """Write the report of a run: a single HTML file, whole or not at all.

    Parameters
    ----------
    path : path
        Of the file; one that is there already is replaced.
    network : Network
        Trained.
    title : str
    metrics : mapping
        What the run measured, as in ``metrics.json``: ``dataset``, ``domain``, ``test_accuracy`` (0 to 1),
        ``train_seconds``, ``parameters``, ``transforms_inside_network``, ``seed``; ``command`` is what
        reproduces the run. Anything else is shown in the table of metrics.
    history : sequence of mappings
        One an epoch: see `freqnet.report.training_curves`. May be empty.
    images : numpy.ndarray
        Test examples ``(samples, *grid, channels)``.
    labels : numpy.ndarray
        Their classes ``(samples,)``.
    logits : numpy.ndarray
        What the network makes of them, ``(samples, classes)``.
    classes : sequence of str
        Names of the classes.

    Raises
    ------
    ShapeError
        Images, labels, logits and classes do not agree in number.
    ConfigurationError
        The file cannot be written.

    Examples
    --------
    >>> import tempfile
    >>> from freqnet import nn
    >>> network = nn.Network(nn.Door("fourier", (8, 8), (3, 3), 1), nn.Dense(2))
    >>> images = np.random.default_rng(0).normal(size=(6, 8, 8, 1))
    >>> given = dict(images=images, labels=np.arange(6) % 2, logits=network.predict(images), classes=("cat", "dog"))
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     write_report(f"{folder}/report.html", network, title="Pets", metrics={}, history=[], **given)
    ...     [file.name for file in Path(folder).iterdir()]
    ['report.html']
    """
    _check(images, labels, logits, classes)
    predictions = np.asarray(logits).argmax(axis=1) if len(logits) else np.zeros(0, int)
    complete = _complete(metrics, network, labels, predictions)
    run = sections.Run(network, complete, history, images, np.asarray(labels), np.asarray(logits), predictions, classes)
    # A file name of the system may hold what UTF-8 cannot.
    write_atomically(Path(path), render(run, title).encode("utf-8", "replace"))


def render(run: sections.Run, title: str) -> str:
    """Return the whole page."""
    made = {
        "training": ("Training", sections.training(run)),
        "classes": ("Classes", sections.classes(run)),
        "mistakes": ("Mistakes", sections.mistakes(run)),
        "layers": ("Layers", sections.layers(run)),
        "filters": ("Filters", sections.filters(run)),
        "spectra": ("Spectra", sections.spectra(run)),
        "audit": ("Audit", sections.audit(run)),
        "metrics": ("Metrics", sections.metrics(run)),
        "reproduce": ("Reproduce", sections.reproduce(run)),
    }
    links = " ".join(f'<a href="#{name}">{text}</a>' for name, (text, html) in made.items() if html)
    head = f"<header>\n<h1>{escape(title)}</h1>\n{sections.headline(run)}\n<nav>{links}</nav>\n</header>"
    return page(title, "\n".join([head, *(html for _, html in made.values() if html)]))


def _check(images: np.ndarray, labels: np.ndarray, logits: np.ndarray, classes: Sequence[str]) -> None:
    shapes = (np.shape(images)[:1], np.shape(labels), np.shape(logits))
    count = len(images)
    if shapes != ((count,), (count,), (count, len(classes))):
        raise ShapeError(
            got_expected(
                "report",
                f"{len(images)} images, labels {shapes[1]}, logits {shapes[2]}",
                f"labels ({count},) and logits ({count}, {len(classes)})",
                "give one label and one row of logits an image, one logit a class",
            )
        )


def _complete(
    metrics: Mapping[str, Any], network: Network, labels: np.ndarray, predictions: np.ndarray
) -> dict[str, Any]:
    """The metrics, with what the network itself can tell where they leave it out."""
    own: dict[str, Any] = {
        "domain": network.door.domain,
        "parameters": network.parameter_count(),
        "transforms_inside_network": network.transforms_inside,
    }
    if len(predictions):
        own["test_accuracy"] = float(np.mean(np.asarray(labels) == predictions))
    return {**metrics, **{name: value for name, value in own.items() if metrics.get(name) is None}}
