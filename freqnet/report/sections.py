"""The sections of the report, each from one function: what it shows, and how to read it."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from html import escape
from typing import Any

import numpy as np

from freqnet.audit import audit as examine
from freqnet.audit.summary import extent_text, summarize
from freqnet.domains.fourier import mode_space
from freqnet.nn import Convolution, Network
from freqnet.report import plots
from freqnet.report.audit import audit_section
from freqnet.report.style import to_svg
from freqnet.report.tables import COLUMNS, cells, exact, short
from freqnet.report.template import bar, figure, section, table, tiles

# Beyond this many rows the table of classes scrolls by itself.
_MANY_CLASSES = 20
# Test examples that the audit looks at, the fewest that tell it something, and the most modes it moves.
_AUDITED, _FEWEST_AUDITED, _MOST_MODES = 400, 8, 1200


@dataclass(frozen=True, eq=False)
class Run:
    """What the sections are made from; `metrics` is complete."""

    network: Network
    metrics: dict[str, Any]
    history: Sequence[Mapping[str, Any]]
    images: np.ndarray
    labels: np.ndarray
    logits: np.ndarray
    predictions: np.ndarray
    classes: Sequence[str]


def headline(run: Run) -> str:
    door, given = run.network.door, run.metrics
    entries = [
        ("test accuracy", _percent(given.get("test_accuracy"))),
        ("transforms inside the network", _text(given["transforms_inside_network"])),
        ("parameters", exact(given["parameters"])),
        ("training time", _duration(given.get("train_seconds"))),
        ("dataset", _text(given.get("dataset"))),
        ("domain", _text(given["domain"])),
        ("seed", _text(given.get("seed"))),
    ]
    domain = door.space.domain
    sizes = domain.modes(door.space) if domain.is_spectral else door.space.grid
    lead = (
        f"{len(run.classes)} classes, told apart by {extent_text(sizes)} {domain.unit} of {extent_text(door.grid)} "
        f"samples in {door.channels} channel{'s' if door.channels > 1 else ''}; "
        f"measured on {len(run.labels):,} test examples."
    )
    return f'<p class="quiet">{escape(lead)}</p>\n{tiles([e for e in entries if e[1]])}'


def training(run: Run) -> str:
    svg = to_svg(plots.training_curves(run.history), "training")
    text = (
        "Training figures are means over an epoch, measured while the weights still move. "
        "With label smoothing the training loss cannot reach zero."
    )
    words = "Loss, accuracy and learning rate over the epochs."
    return section("training", "Training", text if run.history else "", figure(svg, words))


def classes(run: Run) -> str:
    if not len(run.labels):
        return ""
    svg = to_svg(plots.confusion_matrix(run.labels, run.predictions, run.classes), "confusion")
    text = (
        "Each row is a true class; colours are shares of the row, on a scale that lifts rare mistakes out of the "
        "dark. Numbers are examples; blank means never."
    )
    words = "Confusion matrix; the table below holds its figures for each class."
    counts = plots.count_confusions(run.labels, run.predictions, len(run.classes))
    headers = [("class", False), ("examples", True), ("correct", True), ("accuracy", True), ("precision", True)]
    headers.append(("most often taken for", False))
    rows = [_class_row(counts, index, run.classes) for index in range(len(run.classes))]
    return section("classes", "Classes", text, figure(svg, words), table(headers, rows, tall=len(rows) > _MANY_CLASSES))


def _class_row(counts: np.ndarray, index: int, classes: Sequence[str]) -> list[str]:
    examples, said, right = int(counts[index].sum()), int(counts[:, index].sum()), int(counts[index, index])
    wrong = counts[index].copy()
    wrong[index] = 0
    most = int(wrong.argmax())
    taken = f"{escape(str(classes[most]))} ({wrong[most]})" if wrong[most] else ""
    accuracy = f"{100 * right / examples:.1f} %{bar(right / examples)}" if examples else "-"
    precision = f"{100 * right / said:.1f} %" if said else "-"
    return [escape(str(classes[index])), f"{examples:,}", f"{right:,}", accuracy, precision, taken]


def mistakes(run: Run) -> str:
    wrong = np.flatnonzero(run.predictions != run.labels)
    if not len(run.labels):
        return ""
    if not len(wrong):
        return section("mistakes", "Mistakes", f"None: all {len(run.labels):,} test examples are classified right.", "")
    # The surest first: what the network is wrong about without a doubt is worth a look.
    rows = np.nan_to_num(run.logits[wrong].astype(float))
    margin = rows.max(axis=1, initial=-np.inf) - rows[np.arange(len(wrong)), run.labels[wrong]]
    order = wrong[np.argsort(-margin, kind="stable")]
    drawn = plots.misclassified(run.images[order], run.labels[order], run.predictions[order], run.classes)
    text = f"{len(wrong):,} of {len(run.labels):,} test examples are misclassified; "
    text += "those whose logits leave the least doubt come first."
    return section("mistakes", "Mistakes", text, figure(to_svg(drawn, "mistakes"), "Misclassified examples."))


def layers(run: Run) -> str:
    rows = summarize(run.network)
    total = rows[-1]
    text = (
        "Figures for one example in evaluation; bytes are those of a layer's output. The twin is the same network "
        "on samples, with direct convolution. Setup is work on weights alone (a kernel's frequency response), done "
        "once a batch. "
    )
    if total.twin_multiply_adds:
        ratio = total.multiply_adds / total.twin_multiply_adds
        text += (
            f"In all {short(total.multiply_adds)} real multiply-adds for each example, {ratio:.2g} times the twin's, "
            f"and {short(total.setup_multiply_adds)} for each batch."
        )
    body = table(COLUMNS, [[escape(cell) for cell in cells(row)] for row in rows], total=True)
    return section("layers", "Layers", text, body)


def filters(run: Run) -> str:
    # Two lines of panels a layer, or one where there are many layers.
    few = sum(isinstance(layer, Convolution) for _, layer in run.network.body.modules()) <= 4
    drawn = plots.filter_responses(run.network, most=32 if few else 16)
    text = (
        "How much of each mode a filter lets through: the magnitude of its frequency response, relative to its "
        "greatest. The mean is in the centre, fine detail at the rim: strong in the centre is a low-pass, weak "
        "there an edge detector. Filters are in order from low-pass to high-pass."
    )
    words = "Frequency responses of the learned filters."
    return section(
        "filters", "Learned filters", text if len(drawn.axes) else "", figure(to_svg(drawn, "filters"), words)
    )


def spectra(run: Run) -> str:
    if not len(run.labels):
        return ""
    # One example of each of the first few classes.
    _, first = np.unique(run.labels, return_index=True)
    drawn = plots.layer_spectra(run.network, run.images[np.sort(first)[:4]])
    text = (
        "Power at every mode as an example passes through the network, averaged over channels, in decibels below "
        "the panel's greatest: a convolution can only weigh modes, an activation fills them from one another, "
        "pooling keeps the low ones. "
    )
    if run.network.door.space.ndim == 3:
        text += "Of a solid, the middle slice is shown, and of its spectrum the plane of the first axis' mode 0."
    return section(
        "spectra", "From layer to layer", text, figure(to_svg(drawn, "spectra"), "Spectra after each layer.")
    )


def audit(run: Run) -> str:
    # What every mode does is found by moving it: of many modes that would take minutes.
    if len(run.labels) < _FEWEST_AUDITED or np.prod(mode_space(run.network.door.space).shape) > _MOST_MODES:
        return ""
    return audit_section(examine(run.network, run.images[:_AUDITED]))


def metrics(run: Run) -> str:
    rows = [
        [escape(name.replace("_", " ")), f'<div class="free">{escape(_text(value))}</div>']
        for name, value in _flat(run.metrics)
        if name != "command"
    ]
    return section("metrics", "Metrics", "", table([("name", False), ("value", False)], rows))


def reproduce(run: Run) -> str:
    command = run.metrics.get("command")
    if not command:
        return ""
    text = "The same command, data and versions give the same weights."
    return section("reproduce", "How to reproduce", text, f"<pre>{escape(str(command))}</pre>")


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
    """Return a time as people say it: to three figures below a minute, then minutes and hours."""
    if seconds is None:
        return ""
    seconds = float(seconds)
    if not seconds >= 60:
        return f"{seconds:.3g} s"
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest} s" if minutes < 60 else f"{minutes // 60} h {minutes % 60} min"
