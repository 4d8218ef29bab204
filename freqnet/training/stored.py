"""What a checkpoint stores beside its arrays: its types, and whether its parts fit each other.

A file may have been altered, so nothing is built from it before these checks.
"""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from dataclasses import fields
from typing import Any, NotRequired, TypedDict

import numpy as np

from freqnet.errors import reason
from freqnet.training.choices import GROUPS

# Lists and dictionaries inside each other in a description: a layer inside a layer takes three.
_DEEPEST = 300
# What resuming a run needs.
_OF_A_RUN = {"dataset", "data", "samples", "classes", "fractions", "model", "settings", "command"}


class Metrics(TypedDict, total=False):
    """Figures of a finished run that the commands show."""

    dataset: str
    domain: str
    seed: int
    test_accuracy: float
    train_seconds: float
    command: str


class Row(TypedDict):
    """Figures of an epoch; there may be more."""

    epoch: int
    loss: float
    seconds: float
    accuracy: NotRequired[float]
    validation_loss: NotRequired[float]
    validation_accuracy: NotRequired[float]


class TrainedSettings(TypedDict):
    """The setting of a run that may change where it is resumed."""

    epochs: int


class Progress(TypedDict):
    """State of a run, beside its arrays."""

    epoch: int
    history: list[Row]
    best_loss: float | None
    best_epoch: int
    settings: TrainedSettings
    steps: int
    transforms: int


class DoorInfo(TypedDict):
    """The fields of a door that tell which data it takes; `Door` checks all of them."""

    domain: str
    grid: list[int]
    band: list[int]
    channels: int


class NetworkInfo(TypedDict):
    """The description of a network, whose layers check their own fields."""

    door: DoorInfo
    body: dict[str, Any]
    precision: str


class ReadingInfo(TypedDict, total=False):
    """How a run has read its data."""

    layout: str | None
    size_to: list[int] | None
    pad_to: list[int] | None
    task: str | None
    test_data: str | None
    on_disk: bool
    cache: str | None
    measured: str | None


class Fractions(TypedDict, total=False):
    """Shares of the examples that a run has not trained on."""

    test: float
    validation: float


class ModelInfo(TypedDict, total=False):
    """The choices of a network that the commands use; they are compared as a whole where a run is resumed."""

    domain: str
    widths: list[int] | None


class SettingsInfo(TypedDict, total=False):
    """The settings of a run that the commands use; resuming checks all of them."""

    seed: int
    epochs: int


class RecordsInfo(TypedDict, total=False):
    """The files that a run writes beside those that every run has."""

    keep_every: int | None
    keep_best: int | None
    tensorboard: bool | None


class StartInfo(TypedDict, total=False):
    """The weights that a run has started from."""

    weights: str


class RunInfo(TypedDict, total=False):
    """What the commands use of the information in a checkpoint; there may be more, and each entry may be missing."""

    dataset: str
    data: str
    folder: str | None
    fingerprint: str
    images: str
    samples: int
    classes: list[str | int | float]
    task: str
    fractions: Fractions
    model: ModelInfo
    settings: SettingsInfo
    reading: ReadingInfo
    records: RecordsInfo
    rate: str | None
    command: str
    metrics: Metrics
    start: StartInfo
    progress: Progress


def misfit_of_network(description: Mapping[str, Any]) -> str:
    """Return what is wrong with the description of a network, or nothing; layers check their own fields.

    Examples
    --------
    >>> door = {"domain": "fourier", "grid": [8.5], "band": [3], "channels": 1}
    >>> misfit_of_network({"door": door, "body": {}, "precision": "float32"})
    'Expected `int`, got `float` - at `$.door.grid[...]`'
    """
    return _misfit(description, NetworkInfo) or ("layers inside layers without end" if _is_deep(description) else "")


def misfit_of_run(info: Mapping[str, Any], arrays: Mapping[str, np.ndarray], extra: Mapping[str, np.ndarray]) -> str:
    """Return what is wrong with the information in a checkpoint, or nothing.

    Parameters
    ----------
    info : mapping
        The information. Entries that no command uses may be anything, and each entry may be missing, except in a run
        that can be resumed.
    arrays, extra : mapping of str to numpy.ndarray
        The arrays of the network, and the others, as `Checkpoint` has them.

    Examples
    --------
    >>> misfit_of_run({"classes": ["a", "b"], "mine": 1}, {}, {})
    ''
    >>> misfit_of_run({"classes": 2}, {}, {})
    'Expected `array`, got `int` - at `$.classes`'
    """
    if found := _misfit(info, RunInfo):
        return found
    if "fingerprint" in info:
        is_whole = info.keys() >= {"fractions", "settings"} and info["settings"].keys() >= {"seed", "epochs"}
        if not is_whole:
            return "a run without the shares of its split, its seed or its epochs"
    return _misfit_of_progress(info, arrays, extra) if "progress" in info else ""


def _misfit_of_progress(
    info: Mapping[str, Any], arrays: Mapping[str, np.ndarray], extra: Mapping[str, np.ndarray]
) -> str:
    progress = info["progress"]
    epochs = [row["epoch"] for row in progress["history"]]
    if progress["epoch"] != len(epochs) or epochs != list(range(1, len(epochs) + 1)):
        return f"{len(epochs)} rows of figures after epoch {progress['epoch']}"
    if not _best_fit(arrays, extra):
        return "best weights of another network"
    if "fingerprint" not in info:
        return ""
    if missing := sorted(_OF_A_RUN - info.keys()):
        return f"a run without {missing[0]}"
    for name, group in GROUPS.items():
        if odd := sorted(info.get(name, {}).keys() - {own.name for own in fields(group)}):
            return f"the unknown choice {odd[0]!r} in {name}"
    return "" if _can_be_split(info["command"]) else "a command with an open quotation mark"


def _best_fit(arrays: Mapping[str, np.ndarray], extra: Mapping[str, np.ndarray]) -> bool:
    """Whether the best weights so far, if there are some, can be loaded into the network at the end of the run."""
    best = {name: array for name, array in extra.items() if name.startswith("best/")}
    own = {f"best/{name}": array.shape for name, array in arrays.items()}
    return not best or (
        {name: array.shape for name, array in best.items()} == own
        and all(np.isfinite(array).all() for array in best.values())
    )


def _can_be_split(command: str) -> bool:
    try:
        shlex.split(command)
    except ValueError:
        return False
    return True


def _is_deep(value: Any) -> bool:
    """Whether plain data nest deeper than the descriptions of layers do."""
    level = [value]
    for _ in range(_DEEPEST):
        inside = [part.values() if isinstance(part, dict) else part for part in level]
        level = [part for parts in inside for part in parts if isinstance(part, (dict, list))]
        if not level:
            return False
    return True


def _misfit(value: Any, kind: Any) -> str:
    """Return where plain data differ from a type, or nothing if they fit it."""
    import msgspec

    try:
        msgspec.convert(value, kind, strict=True)
    except (msgspec.ValidationError, UnicodeError, OverflowError, RecursionError) as error:
        return reason(error)
    return ""
