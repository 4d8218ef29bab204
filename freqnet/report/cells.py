"""Values as HTML, for the cells of notebooks.

`cell` has a function for each class, and other packages register theirs. Nothing here computes a transform, changes a
value or imports Matplotlib.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields
from functools import singledispatch
from typing import Any

import numpy as np

from freqnet.audit import VERDICTS, Audit
from freqnet.audit.summary import output_size
from freqnet.audit.walk import leaves, walk_layers
from freqnet.autodiff import Tensor
from freqnet.data import Dataset
from freqnet.display import brief_value
from freqnet.nn import Network
from freqnet.plot.panels import spread
from freqnet.plot.signals import decibels
from freqnet.report.audit import LAYER_COLUMNS, layer_rows, summary_rows
from freqnet.report.page import Block, Table, templates
from freqnet.report.tables import exact
from freqnet.report.thumbnails import Gallery, Thumbnail, samples_thumbnail, thumbnail
from freqnet.spaces.base import extent
from freqnet.training import Evaluation, History, Spectra

# Larger signals are shown without a picture, and larger networks without costs: these would take too long.
_LARGEST_SIGNAL, _LARGEST_NETWORK = 1_000_000, 20_000
_CLASSES, _PER_CLASS, _EXAMPLES, _EPOCHS = 10, 4, 8, 10
# Decibels below the strongest mode that are black.
_FLOOR = -60.0


@dataclass(frozen=True)
class Cell:
    """What a notebook shows of a value.

    Attributes
    ----------
    title, text : str
        The class, and a line on the value.
    parts : sequence
        Parts of a page: `Table`, `Block` or `Gallery`.
    """

    title: str
    text: str
    parts: Sequence[Any] = ()


def cell_html(value: Any) -> str:
    """Return a value as HTML with a style of its own, for light and dark pages; all text in it is escaped.

    >>> "<b>" in cell_html(Dataset("<b>", np.zeros((2, 4, 1)), np.array([0, 1]), ("no", "yes")))
    False
    """
    return templates().get_template("cell.html").render(cell=cell(value))


@singledispatch
def cell(value: Any) -> Cell:
    """Return what a notebook shows of a value."""
    raise TypeError(f"no cell for a {type(value).__name__}")


def numbers(rows: Sequence[tuple[str, str]]) -> Table:
    """Return names and values as a table without a header."""
    return Table([("", False), ("", True)], rows)


# -- networks --------------------------------------------------------------------------------------------
@cell.register
def _(network: Network) -> Cell:
    door = network.door
    size = f"{extent(door.grid)} samples x {door.channels} to {network.outputs} outputs"
    columns = [("layer", False), ("", False), ("output", False), ("parameters", True), ("multiply-adds", True)]
    rows = [*_layers(network), ("total", "", "", exact(network.parameter_count()), "")]
    text = f"{door.domain} domain, {size}, {network.precision.name}"
    return Cell("Network", text, [Table(columns, rows, has_total=True, is_tall=True)])


def _layers(network: Network) -> Iterator[tuple[str, ...]]:
    """Yield a row for each layer; outputs and costs are found by a pass of zeros, where that is quick."""
    door = network.door
    counts = {name: sum(p.data.size for p in layer.named_parameters().values()) for name, layer in leaves(network.body)}
    if door.space.coordinate_count * door.channels * max(1, len(counts)) > _LARGEST_NETWORK:
        for name, layer in leaves(network.body):
            yield name, type(layer).__name__, "", exact(counts[name]), ""
        return
    zeros = np.zeros((*door.space.shape, 1, door.channels), door.space.dtype(network.precision))
    blank = Tensor(zeros, door.signal.space)
    yield "door", "Door", output_size(blank), "0", ""
    for step in walk_layers(network, blank):
        row = (step.name, type(step.layer).__name__, output_size(step.output), exact(counts[step.name]))
        yield *row, exact(step.multiply_adds)


@cell.register
def _(result: Evaluation) -> Cell:
    return Cell("Evaluation", "", [numbers(list(_entries(result)))])


def _entries(value: Any) -> Iterator[tuple[str, str]]:
    """Yield the name and the text of each field; a dictionary gives one entry for each key."""
    for name in (field.name for field in fields(value)):
        own = getattr(value, name)
        for key, entry in own.items() if isinstance(own, dict) else ((name, own),):
            yield key.replace("_", " "), brief_value(entry)


@cell.register
def _(history: History) -> Cell:
    rows = history.rows
    if not rows:
        return Cell("History", "no epochs")
    names = list(dict.fromkeys(name for row in rows for name in row))
    few = spread(rows, _EPOCHS)
    cells = [[brief_value(row[name]) if name in row else "-" for name in names] for row in few]
    lines = [line for name in history.scores for line in _curves(history, name)]
    hidden = f", {len(few)} of them shown" if len(few) < len(rows) else ""
    columns = [(name.replace("_", " "), True) for name in names]
    return Cell("History", f"{len(rows)} epochs{hidden}", [Gallery(lines), Table(columns, cells)])


def _curves(history: History, name: str) -> Iterator[Thumbnail]:
    for key in (name, f"validation_{name}"):
        values = [value for value in history.column(key) if isinstance(value, int | float)]
        if len(values) > 1:
            yield thumbnail(np.array(values), key.replace("_", " "))


@cell.register
def _(found: Audit) -> Cell:
    layers = Table([(name, index > 1) for index, name in enumerate(LAYER_COLUMNS)], layer_rows(found), is_tall=True)
    named = [(name.strip(), value) for name, value in summary_rows(found)]
    return Cell(
        f"Audit: {found.verdict}", VERDICTS[found.verdict], [numbers(named), Block("heading", "Layers"), layers]
    )


# -- signals ---------------------------------------------------------------------------------------------
@cell.register
def _(x: Tensor) -> Cell:
    kind = f"shape {x.shape}, {x.dtype}{', requires grad' if x.requires_grad else ''}"
    text = kind if x.space is None else f"{x.space}; {kind}"
    return Cell(type(x).__name__, text, _signals(x.data, x.space, 1))


@cell.register
def _(spectra: Spectra) -> Cell:
    count, channels = spectra.array.shape[-2:]
    text = f"{count:,} examples, {channels} channel{'s' if channels > 1 else ''}; {spectra.space}"
    return Cell(
        "Spectra", text, _signals(spectra.array.take(range(min(count, _EXAMPLES)), axis=-2), spectra.space, _EXAMPLES)
    )


def _signals(array: np.ndarray, space: Any, most: int) -> list[Gallery]:
    """Return pictures of the first signals of an array ``(*modes, batch, channels)``."""
    if space is None:
        is_row = array.ndim == 1 and 1 < array.size <= _LARGEST_SIGNAL
        return [Gallery([thumbnail(array, "values")])] if is_row else []
    count = min(most, array.shape[-2])
    if not count or not array.shape[-1] or array[..., :count, :].size > _LARGEST_SIGNAL:
        return []
    examples = [array[..., index : index + 1, :] for index in range(count)]
    first = "example" if space.kind == "signal" else "input"
    return [Gallery([_signal(own, space, f"{first} {index}") for index, own in enumerate(examples)])]


def _signal(own: np.ndarray, space: Any, name: str) -> Thumbnail:
    """Return the power at each mode where modes are stored, and else the stored numbers: a picture never transforms."""
    if space.is_spectral and not space.has_nodes:
        levels, _ = decibels(Tensor(own, space))
        return thumbnail(levels[..., 0], f"{name}: power, dB", (_FLOOR, 0.0))
    values = np.abs(own) if space.is_complex else own
    return thumbnail(values[..., 0, :].mean(axis=-1), f"{name}: values at {space.unit}")


def _drawn(dataset: Dataset, samples: np.ndarray, masks: int | None = None) -> np.ndarray:
    """Return samples as they are drawn: measured spectra as magnitudes of images."""
    measured = dataset.measured
    if measured is None:
        return samples
    count = samples.shape[-1] - (measured.masks if masks is None else masks)
    images = measured.images(samples[..., :count])
    return np.abs(images) if np.iscomplexobj(images) else images


@cell.register
def _(dataset: Dataset) -> Cell:
    size = f"{len(dataset):,} samples of {extent(dataset.grid)} x {dataset.channels}"
    if not dataset.task.has_classes:
        pictures = [samples_thumbnail(_drawn(dataset, dataset.images[:_EXAMPLES]), "first samples")]
        if dataset.task.is_field:
            pictures.append(samples_thumbnail(_drawn(dataset, dataset.targets[:_EXAMPLES], 0), "their targets"))
        text = f"{size}, {dataset.task.name}: {', '.join(dataset.classes[:_CLASSES])}"
        return Cell(f"Dataset {dataset.name}", text, [Gallery(pictures)])
    counts = list(dataset.class_counts().items())
    pictures = []
    for number, (name, count) in enumerate(counts[:_CLASSES]):
        members = dataset.targets == number if dataset.targets.ndim == 1 else dataset.targets[:, number] == 1
        chosen = np.flatnonzero(members)[:_PER_CLASS]
        pictures += [samples_thumbnail(_drawn(dataset, dataset.images[chosen]), f"{name}: {count:,}")] if count else []
    hidden = f", {_CLASSES} of them shown" if len(counts) > _CLASSES else ""
    what = "classes" if dataset.targets.ndim == 1 else "labels"
    return Cell(f"Dataset {dataset.name}", f"{size}, {len(counts)} {what}{hidden}", [Gallery(pictures)])
