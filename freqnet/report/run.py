"""The report of a training run: one HTML file that needs nothing else."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from freqnet.audit import audit as examine
from freqnet.audit.summary import summarize
from freqnet.errors import ShapeError, got_expected
from freqnet.nn import Convolution, Network
from freqnet.plot.training import count_confusions
from freqnet.report import plots
from freqnet.report.audit import audit_section
from freqnet.report.filters import filter_responses
from freqnet.report.page import Bar, Block, Page, Picture, Section, Table, render
from freqnet.report.spectra import layer_spectra
from freqnet.report.tables import COLUMNS, cells, exact, short
from freqnet.spaces.base import extent
from freqnet.training.files import write_atomically

# With more classes than this, their table scrolls by itself, and with more than that, the page shows only some.
_MANY_CLASSES, _MOST_CLASSES = 20, 100
# Number of test examples that the audit takes, the fewest that tell it something, and the most modes it moves.
_AUDITED, _FEWEST_AUDITED, _MOST_MODES = 400, 8, 1200


@dataclass(eq=False)
class Run:
    """A trained network and its test examples: the content of a report.

    Attributes
    ----------
    network : Network
        A trained network.
    images : numpy.ndarray
        Test examples ``(samples, *grid, channels)``.
    labels : numpy.ndarray
        Their classes ``(samples,)``.
    logits : numpy.ndarray
        The network's outputs on them, ``(samples, classes)``.
    classes : sequence of str
        Names of the classes.
    title : str
    metrics : mapping
        Measurements of the run, as in ``metrics.json``: ``dataset``, ``domain``, ``test_accuracy`` (0 to 1),
        ``train_seconds``, ``parameters``, ``transforms_inside_network``, ``seed``, and the ``command`` that
        reproduces the run. All others are listed in the table of metrics.
    history : sequence of mappings
        One row per epoch, as for `freqnet.report.training_curves`. May be empty.

    Raises
    ------
    ShapeError
        Images, labels, logits and classes do not agree in number.
    """

    network: Network
    images: np.ndarray
    labels: np.ndarray
    logits: np.ndarray
    classes: Sequence[str]
    title: str = ""
    metrics: Mapping[str, Any] = field(default_factory=dict)
    history: Sequence[Mapping[str, Any]] = ()

    def __post_init__(self) -> None:
        self.labels, self.logits = np.asarray(self.labels), np.asarray(self.logits)
        labels, logits = (len(self.images),), (len(self.images), len(self.classes))
        if (self.labels.shape, self.logits.shape) != (labels, logits):
            raise ShapeError(
                got_expected(
                    "report",
                    f"{len(self.images)} images, labels {self.labels.shape}, logits {self.logits.shape}",
                    f"labels {labels} and logits {logits}",
                    "give one label and one row of logits per image, and one logit per class",
                )
            )

    @cached_property
    def predictions(self) -> np.ndarray:
        """Class numbers that the network predicts, ``(samples,)``."""
        return self.logits.argmax(axis=1) if len(self.logits) else np.zeros(0, int)

    @cached_property
    def facts(self) -> dict[str, Any]:
        """The metrics; those that are missing come from the network itself, where it can tell."""
        own: dict[str, Any] = {
            "domain": self.network.door.domain,
            "parameters": self.network.parameter_count(),
            "transforms_inside_network": self.network.transforms_inside,
        }
        if len(self.predictions):
            own["test_accuracy"] = float(np.mean(self.labels == self.predictions))
        return {**self.metrics, **{name: value for name, value in own.items() if self.metrics.get(name) is None}}


def write_report(path: str | os.PathLike[str], run: Run) -> None:
    """Write the report of a run: a single HTML file, whole or not at all.

    Parameters
    ----------
    path : path
        The file; an existing file is replaced.
    run : Run

    Raises
    ------
    ConfigurationError
        The file cannot be written.

    Examples
    --------
    >>> import tempfile
    >>> from freqnet import nn
    >>> network = nn.Network(nn.Door("fourier", (8, 8), (3, 3), 1), nn.Dense(2))
    >>> images = np.random.default_rng(0).normal(size=(6, 8, 8, 1))
    >>> run = Run(network, images, np.arange(6) % 2, network.predict(images), ("cat", "dog"), title="Pets")
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     write_report(f"{folder}/report.html", run)
    ...     [file.name for file in Path(folder).iterdir()]
    ['report.html']
    """
    made = (training, classes, mistakes, layers, filters, spectra, audit, metrics, reproduce)
    sections = [section for make in made if (section := make(run)) is not None]
    page = Page(run.title, lead(run), headline(run), sections, has_links=True)
    # A file name may hold characters that UTF-8 cannot represent.
    write_atomically(Path(path), render(page).encode("utf-8", "replace"))


def lead(run: Run) -> str:
    """Return a sentence on the task: classes, size of the input, number of test examples."""
    door = run.network.door
    return (
        f"{len(run.classes)} classes, told apart by {extent(door.space.degrees)} {door.space.unit} of "
        f"{extent(door.grid)} samples in {door.channels} channel{'s' if door.channels > 1 else ''}; "
        f"measured on {len(run.labels):,} test examples."
    )


def headline(run: Run) -> list[tuple[str, str]]:
    """Return name and value of each headline number that is known."""
    facts = run.facts
    entries = [
        ("test accuracy", _percent(facts.get("test_accuracy"))),
        ("transforms inside the network", _text(facts["transforms_inside_network"])),
        ("parameters", exact(facts["parameters"])),
        ("training time", _duration(facts.get("train_seconds"))),
        ("dataset", _text(facts.get("dataset"))),
        ("domain", _text(facts["domain"])),
        ("seed", _text(facts.get("seed"))),
    ]
    return [entry for entry in entries if entry[1]]


def training(run: Run) -> Section:
    """Return the learning curves."""
    text = (
        "Training loss and accuracy are means over an epoch, measured while the weights still move. "
        "With label smoothing the training loss cannot reach zero."
    )
    words = "Loss, accuracy and learning rate over the epochs."
    curves = Picture("training", plots.training_curves(run.history), words)
    return Section("training", "Training", text if run.history else "", (curves,))


def classes(run: Run) -> Section | None:
    """Return the confusion matrix and a table of the classes."""
    if not len(run.labels):
        return None
    text = (
        "Each row is a true class; colours are shares of the row, on a scale that makes rare mistakes visible. "
        "Numbers are examples; a blank cell means none."
    )
    words = "Confusion matrix; the table below has the numbers of each class."
    counts = count_confusions(run.labels, run.predictions, len(run.classes))
    picked = _confused(counts)
    if len(picked) < len(run.classes):
        text += (
            f" Of {len(run.classes):,} classes, the {len(picked)} with the most mistakes are shown; mistakes with "
            "other classes are in the table only."
        )
    among = np.isin(run.labels, picked) & np.isin(run.predictions, picked)
    true, said = (np.searchsorted(picked, group[among]) for group in (run.labels, run.predictions))
    drawn = plots.confusion_matrix(true, said, [run.classes[index] for index in picked])
    columns = [("class", False), ("examples", True), ("correct", True), ("accuracy", True), ("precision", True)]
    columns.append(("most often taken for", False))
    rows = [_class_row(counts, index, run.classes) for index in picked]
    table = Table(columns, rows, is_tall=len(rows) > _MANY_CLASSES)
    return Section("classes", "Classes", text, (Picture("confusion", drawn, words), table))


def _confused(counts: np.ndarray) -> np.ndarray:
    """Return the numbers of the classes with the most mistakes, in order; all, if they are not too many."""
    right = np.diagonal(counts)
    mistakes = counts.sum(axis=0) + counts.sum(axis=1) - 2 * right
    return np.sort(np.argsort(-mistakes, kind="stable")[:_MOST_CLASSES])


def _class_row(counts: np.ndarray, index: int, classes: Sequence[str]) -> list[str | Bar]:
    examples, said, right = int(counts[index].sum()), int(counts[:, index].sum()), int(counts[index, index])
    wrong = counts[index].copy()
    wrong[index] = 0
    most = int(wrong.argmax())
    taken = f"{classes[most]} ({wrong[most]})" if wrong[most] else ""
    accuracy = Bar(f"{100 * right / examples:.1f} %", right / examples) if examples else "-"
    precision = f"{100 * right / said:.1f} %" if said else "-"
    return [str(classes[index]), f"{examples:,}", f"{right:,}", accuracy, precision, taken]


def mistakes(run: Run) -> Section | None:
    """Return misclassified examples."""
    wrong = np.flatnonzero(run.predictions != run.labels)
    if not len(run.labels):
        return None
    if not len(wrong):
        return Section("mistakes", "Mistakes", f"None: all {len(run.labels):,} test examples are classified right.")
    # Those with the largest margin come first: the network is wrong without a doubt.
    rows = np.nan_to_num(run.logits[wrong].astype(float))
    margin = rows.max(axis=1, initial=-np.inf) - rows[np.arange(len(wrong)), run.labels[wrong]]
    order = wrong[np.argsort(-margin, kind="stable")]
    drawn = plots.misclassified(run.images[order], run.labels[order], run.predictions[order], run.classes)
    text = f"{len(wrong):,} of {len(run.labels):,} test examples are misclassified; "
    text += "those whose logits leave the least doubt come first."
    return Section("mistakes", "Mistakes", text, (Picture("mistakes", drawn, "Misclassified examples."),))


def layers(run: Run) -> Section:
    """Return the table of layers."""
    rows = summarize(run.network)
    total = rows[-1]
    text = (
        "Numbers are for one example in evaluation; bytes are the size of a layer's output. The columns in space are "
        "those of the spatial counterpart: the same network on samples, with direct convolution. Setup is work on "
        "weights alone (a kernel's frequency response), done once per batch. "
    )
    if total.twin_multiply_adds:
        ratio = total.multiply_adds / total.twin_multiply_adds
        text += (
            f"The network takes {short(total.multiply_adds)} real multiply-adds per example, {ratio:.2g} times as many "
            f"as its spatial counterpart, and {short(total.setup_multiply_adds)} per batch."
        )
    return Section("layers", "Layers", text, (Table(COLUMNS, [cells(row) for row in rows], has_total=True),))


def filters(run: Run) -> Section:
    """Return the frequency responses of the convolutions."""
    # Two lines of panels per layer, or one where there are many layers.
    few = sum(isinstance(layer, Convolution) for _, layer in run.network.body.modules()) <= 4
    drawn = filter_responses(run.network, most=32 if few else 16)
    text = (
        "The gain of each filter at every mode: the magnitude of its frequency response, relative to its largest. "
        "The mean is in the centre, fine detail at the rim: a low-pass is strong in the centre, an edge detector is "
        "weak there. Filters are in order from low-pass to high-pass."
    )
    picture = Picture("filters", drawn, "Frequency responses of the learned filters.")
    return Section("filters", "Learned filters", text if len(drawn.axes) else "", (picture,))


def spectra(run: Run) -> Section | None:
    """Return the spectra of a few examples after each layer."""
    if not len(run.labels):
        return None
    # One example of each of the first few classes.
    _, first = np.unique(run.labels, return_index=True)
    drawn = layer_spectra(run.network, run.images[np.sort(first)[:4]])
    text = (
        "Power at every mode as an example passes through the network, averaged over channels, in decibels below "
        "the strongest mode of the panel: a convolution can only scale modes, an activation mixes them, and pooling "
        "keeps the low ones. "
    )
    if run.network.door.space.ndim == 3:
        text += "A volume is shown by its middle slice, its spectrum by the plane at mode 0 of the first axis."
    return Section("spectra", "From layer to layer", text, (Picture("spectra", drawn, "Spectra after each layer."),))


def audit(run: Run) -> Section | None:
    """Return the audit of a network that is small enough."""
    # The audit moves every mode by itself: with many modes that would take minutes.
    if len(run.labels) < _FEWEST_AUDITED or np.prod(run.network.door.space.mode_space.shape) > _MOST_MODES:
        return None
    return audit_section(examine(run.network, run.images[:_AUDITED]))


def metrics(run: Run) -> Section:
    """Return the table of all metrics."""
    rows = [(name.replace("_", " "), _text(value)) for name, value in _flat(run.facts) if name != "command"]
    return Section("metrics", "Metrics", parts=(Table([("name", False), ("value", False)], rows, wraps=True),))


def reproduce(run: Run) -> Section | None:
    """Return the command that repeats the run, where it is known."""
    return reproduction(str(run.metrics.get("command") or ""))


def reproduction(command: str) -> Section | None:
    """Return a section with a command that repeats what the page shows."""
    text = "The same command, data and versions give the same weights."
    return Section("reproduce", "How to reproduce", text, (Block("code", command),)) if command else None


def _flat(values: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    for name, value in values.items():
        if isinstance(value, Mapping):
            yield from _flat(value, f"{prefix}{name}, ")
        else:
            yield f"{prefix}{name}", value


def _text(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool | np.bool_):
        return "yes" if value else "no"
    if isinstance(value, int | np.integer):
        return str(value)
    if isinstance(value, float | np.floating):
        return f"{value:.6g}"
    return value if isinstance(value, str) else json.dumps(value, default=str, ensure_ascii=False)


def _percent(share: Any) -> str:
    return "" if share is None else f"{100 * float(share):.2f} %"


def _duration(seconds: Any) -> str:
    """Return a time to three digits below a minute, then as minutes and hours."""
    if seconds is None:
        return ""
    seconds = float(seconds)
    if not seconds >= 60:
        return f"{seconds:.3g} s"
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest} s" if minutes < 60 else f"{minutes // 60} h {minutes % 60} min"
