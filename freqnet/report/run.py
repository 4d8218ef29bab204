"""The report of a training run: one HTML file that needs nothing else."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from freqnet import ops
from freqnet.audit import audit as examine
from freqnet.audit.summary import summarize
from freqnet.autodiff import Tensor
from freqnet.errors import ShapeError, got_expected
from freqnet.nn import Convolution, MeasuredDoor, Network
from freqnet.on_disk import DiskArray
from freqnet.report import plots
from freqnet.report.audit import audit_section
from freqnet.report.classes import classes, labels, mistakes
from freqnet.report.filters import filter_responses
from freqnet.report.page import Block, Page, Picture, Section, Table, render
from freqnet.report.spectra import layer_spectra
from freqnet.report.tables import COLUMNS, cells, exact, short
from freqnet.report.values import fields, values
from freqnet.spaces.base import extent
from freqnet.tasks import Classification, Task
from freqnet.training.files import write_atomically

# Number of test examples that the audit takes, the fewest that tell it something, and the most multiply-adds that it
# may take: some seconds.
_AUDITED, _FEWEST_AUDITED, _MOST_AUDIT = 400, 8, 1e11


@dataclass(eq=False)
class Run:
    """A trained network and its test examples: the content of a report.

    Attributes
    ----------
    network : Network
        A trained network.
    images : numpy.ndarray or DiskArray
        Test examples ``(samples, *grid, channels)``.
    targets : numpy.ndarray
        Their targets, as a dataset of the task stores them, such as classes ``(samples,)``.
    outputs : numpy.ndarray
        The network's outputs on them, such as logits ``(samples, classes)``; samples on the grid of the targets, where
        these are signals.
    classes : sequence of str
        Names of the classes or other outputs.
    title : str
    metrics : mapping
        Measurements of the run, as in ``metrics.json``: ``dataset``, ``domain``, ``test_accuracy`` (0 to 1),
        ``train_seconds``, ``parameters``, ``transforms_inside_network``, ``seed``, and the ``command`` that
        reproduces the run. All others are listed in the table of metrics.
    history : sequence of mappings
        One row per epoch, as for `freqnet.report.training_curves`. May be empty.
    task : Task
        What the network is trained for [classes].

    Raises
    ------
    ShapeError
        Images, targets, outputs and classes do not agree in number.
    """

    network: Network
    images: np.ndarray | DiskArray
    targets: np.ndarray
    outputs: np.ndarray
    classes: Sequence[str]
    title: str = ""
    metrics: Mapping[str, Any] = field(default_factory=dict)
    history: Sequence[Mapping[str, Any]] = ()
    task: Task = field(default_factory=Classification)

    def __post_init__(self) -> None:
        self.targets, self.outputs = np.asarray(self.targets), np.asarray(self.outputs)
        count = len(self.images)
        targets, outputs = (count,), (count, len(self.classes))
        if self.task.name != "classification":
            targets = self.targets.shape if len(self.targets) == count else (count, "...")  # type: ignore[assignment]
            outputs = self.targets.shape  # type: ignore[assignment]
        if (self.targets.shape, self.outputs.shape) != (targets, outputs):
            raise ShapeError(
                got_expected(
                    "report",
                    f"{count} images, targets {self.targets.shape}, outputs {self.outputs.shape}",
                    f"targets {targets} and outputs {outputs}",
                    "give one target and one row of outputs per image, and one output per class or number",
                )
            )

    @cached_property
    def predictions(self) -> np.ndarray:
        """What the network predicts, such as class numbers ``(samples,)``."""
        return self.task.predictions(self.outputs)

    def pictures(self, samples: np.ndarray) -> np.ndarray:
        """Return samples, targets or outputs as they are drawn: measured spectra as images, without masks.

        The images are computed for the page alone; the network has no part in it.
        """
        door = self.network.door
        if not isinstance(door, MeasuredDoor):
            return samples
        grid = samples.shape[1:-1]
        count = samples.shape[-1] - (door.masks if samples.shape[-1] == door.channels else 0)
        bins = Tensor(np.asarray(samples[..., :count], np.float64))
        return ops.synthesis(door.signal_of(bins, door.space.mode_space.sibling(grid)), grid).data

    @cached_property
    def facts(self) -> dict[str, Any]:
        """The metrics; those that are missing come from the network itself, where it can tell."""
        own: dict[str, Any] = {
            "domain": self.network.door.domain,
            "parameters": self.network.parameter_count(),
            "transforms_inside_network": self.network.transforms_inside,
        }
        if len(self.targets):
            own |= {f"test_{name}": value for name, value in self.task.metrics(self.outputs, self.targets).items()}
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
    made = (training, *RESULTS.get(run.task.name, ()), layers, filters, spectra, audit, metrics, reproduce)
    sections = [section for make in made if (section := make(run)) is not None]
    page = Page(run.title, lead(run), headline(run), sections, has_links=True)
    # A file name may hold characters that UTF-8 cannot represent.
    write_atomically(Path(path), render(page).encode("utf-8", "replace"))


def lead(run: Run) -> str:
    """Return a sentence on the task: outputs, size of the input, number of test examples."""
    door, count = run.network.door, len(run.classes)
    what = {
        "classification": f"{count} classes, told apart by",
        "multi-label": f"{count} labels, each of which an example may have, from",
        "regression": f"{count} number{'s' if count > 1 else ''} ({', '.join(run.classes[:8])}), computed from",
        "field": f"Signals of {count} channel{'s' if count > 1 else ''}, computed from",
    }.get(run.task.name, f"{count} outputs, computed from")
    return (
        f"{what} {extent(door.space.degrees)} {door.space.unit} of "
        f"{extent(door.grid)} samples in {door.channels} channel{'s' if door.channels > 1 else ''}; "
        f"measured on {len(run.targets):,} test examples."
    )


def headline(run: Run) -> list[tuple[str, str]]:
    """Return name and value of each headline number that is known."""
    facts = run.facts
    entries = [
        (f"test {run.task.score}", _score(run)),
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
    text = "Figures of training are means over an epoch, measured while the weights still move. "
    if run.task.has_classes:
        text += "With label smoothing the training loss cannot reach zero."
    words = f"Loss, {run.task.score} and learning rate over the epochs."
    curves = Picture("training", plots.training_curves(run.history), words)
    return Section("training", "Training", text if run.history else "", (curves,))


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
    if not len(run.targets):
        return None
    # One example of each of the first few classes.
    first = np.unique(run.targets, return_index=True)[1] if run.targets.ndim == 1 else np.arange(len(run.targets))
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
    if len(run.targets) < _FEWEST_AUDITED:
        return None
    # The audit moves every mode by itself, twice, on 8 examples.
    work = 16 * np.prod(run.network.door.space.mode_space.shape) * summarize(run.network)[-1].multiply_adds
    if work > _MOST_AUDIT:
        text = f"An audit of this network takes {short(int(work))} multiply-adds, and is left out here. "
        return Section("audit", "Audit", text + "The command freqnet audit makes it, with fewer --samples faster.")
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


# The sections on the predictions, by the name of the task.
RESULTS: dict[str, tuple[Callable[[Run], Section | None], ...]] = {
    "classification": (classes, mistakes),
    "multi-label": (labels,),
    "regression": (values,),
    "field": (fields,),
}


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


def _score(run: Run) -> str:
    score = run.facts.get(f"test_{run.task.score}")
    if score is None:
        return ""
    return f"{100 * float(score):.2f} %" if run.task.percent else f"{float(score):.4f}"


def _duration(seconds: Any) -> str:
    """Return a time to three digits below a minute, then as minutes and hours."""
    if seconds is None:
        return ""
    seconds = float(seconds)
    if not seconds >= 60:
        return f"{seconds:.3g} s"
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest} s" if minutes < 60 else f"{minutes // 60} h {minutes % 60} min"
