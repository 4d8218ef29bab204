"""The choices of a training run: as they are given, as they are stored, and as a resumed run finds them again."""

from __future__ import annotations

import shlex
import zlib
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np

from freqnet.data import DATASETS, Dataset
from freqnet.data.loaders import source_name
from freqnet.errors import CheckpointError, ConfigurationError, DataError, got_expected
from freqnet.training import Model, Settings, load_checkpoint, training_defaults
from freqnet.training.choices import GROUPS, option_name
from freqnet.training.files import CHECKPOINT, claim_folder
from freqnet.training.fit import plain

# Earlier versions refused larger class numbers.
_MOST_CLASSES_BEFORE = 100_000


@dataclass(frozen=True)
class Job:
    """A training run as a user asks for it: the dictionaries hold only the choices that were given.

    Parameters
    ----------
    data : str
        Name or path of the data, as `freqnet.data.load` takes it.
    folder : path, optional
        Folder with the IDX files of ``mnist``.
    out : path, optional
        Folder of the run, by default ``runs/DATA-DOMAIN-seedS``.
    fractions : dict
        Fields of `freqnet.training.Shares`.
    model : dict
        Fields of `freqnet.training.Model`.
    settings : dict
        Fields of `freqnet.training.Settings`; they replace those of `freqnet.training.training_defaults`.
    reading : dict
        Fields of `freqnet.training.Reading`.

    Examples
    --------
    >>> from freqnet.experiments import Job
    >>> Job("digits", settings={"epochs": 3}).command()
    'freqnet train digits --epochs 3'
    """

    data: str
    folder: Path | None = None
    out: Path | None = None
    fractions: dict[str, float] = field(default_factory=dict)
    model: dict[str, Any] = field(default_factory=dict)
    settings: dict[str, Any] = field(default_factory=dict)
    reading: dict[str, Any] = field(default_factory=dict)

    @property
    def source(self) -> list[str]:
        """Words of a command line that name the data."""
        return [self.data] if self.folder is None else [self.data, "--folder", str(self.folder)]

    def command(self) -> str:
        """Return the command that repeats this run, with only the choices that were given."""
        words = ["freqnet", "train", *self.source]
        for name, value in {**self.reading, **self.model, **self.settings, **self.fractions}.items():
            words += [option_name(name), ",".join(map(str, value)) if isinstance(value, tuple) else str(value)]
        return shlex.join(words)

    def output(self, name: str) -> Path:
        """Return the folder of the run on data of this name."""
        domain, seed = self.model.get("domain", Model.domain), self.settings.get("seed", Settings.seed)
        return self.out or Path("runs") / f"{_slug(name)}-{_slug(domain)}-seed{seed}"


@dataclass(frozen=True)
class Plan:
    """A run with all its choices: given ones, defaults, or those of the run that is resumed.

    Attributes
    ----------
    folder : Path
        Folder of the run.
    info : dict
        Plain data that is stored with the weights: the location and the fingerprint of the data, and all choices.
    """

    folder: Path
    info: dict[str, Any]

    @property
    def model(self) -> Model:
        """Choices of the network."""
        chosen = dict(self.info["model"])
        return GROUPS["model"](**{**chosen, "widths": chosen["widths"] and tuple(chosen["widths"])})

    @property
    def settings(self) -> Settings:
        """Choices of the training."""
        return GROUPS["settings"](**self.info["settings"])  # type: ignore[no-any-return]


def make_plan(job: Job, dataset: Dataset, resume: bool) -> Plan:
    """Make all choices of a run, or take them from the run to resume.

    Raises
    ------
    ConfigurationError
        A choice is out of range, or differs from that of the run to resume.
    CheckpointError
        The folder has no run to resume.
    DataError
        The data differ from those of the run to resume.
    """
    folder = job.output(dataset.name)
    if not resume:
        return Plan(folder, _info(job, dataset))
    info = stored_info(folder)
    for group in GROUPS:
        # Runs written before do not have all groups.
        for name, value in _given(job, group).items():
            own = info.get(group, {}).get(name)
            if own != value:
                expected = f"the run's own {'default' if own is None else f'{name}={own!r}'}"
                todo = "leave it out, or start anew with overwrite=True"
                raise ConfigurationError(got_expected(f"resume of {folder}", f"{name}={value!r}", expected, todo))
    if matching(dataset, info["fingerprint"]) is None:
        got = f"{dataset.name}, {len(dataset)} examples"
        expected = f"the data it began with ({info['data']}, {info['samples']} examples)"
        raise DataError(got_expected(f"resume of {folder}", got, expected, "name the same data, unchanged"))
    return Plan(folder, info)


def _given(job: Job, group: str) -> dict[str, Any]:
    """Return the choices of a group that were given, as they are stored."""
    given = getattr(job, group)
    chosen = asdict(GROUPS[group](**given))
    return plain({name: chosen[name] for name in given})


def arguments_of(job: Job, resume: bool) -> dict[str, Any]:
    """Return the arguments of `freqnet.data.load` for the data of a job: those given, or those of the run to resume."""
    name = job.data if job.data in DATASETS else source_name(job.data)
    path = job.output(name) / CHECKPOINT
    if not resume or not path.is_file():
        return job.reading
    checkpoint = load_checkpoint(path)
    return {**stored_reading(checkpoint.run_info(), checkpoint.network["door"]), **job.reading}


def stored_reading(info: Mapping[str, Any], door: Mapping[str, Any]) -> dict[str, Any]:
    """Return the arguments of `freqnet.data.load` that read data as a trained model takes them.

    Parameters
    ----------
    info : mapping
        The information stored with the model. Models saved by hand and runs written before do not have the reading.
    door : mapping
        Fields of the model's door. Its grid and its channels tell how to read arrays of other layouts than the stored
        one.

    Returns
    -------
    dict
        Several layouts, and the size to which samples are resampled.

    Examples
    --------
    >>> stored_reading({"reading": {"layout": "n c h w", "size_to": None}}, {"grid": [8, 8], "channels": 1})
    {'layout': ['n c h w', 'n x y', 'n x y c'], 'size_to': None}
    """
    reading = info.get("reading", {})
    grid = " ".join("xyz"[: len(door["grid"])])
    single = [f"n {grid}"] if door["channels"] == 1 else []
    stored = [reading["layout"]] if reading.get("layout") else []
    return {"layout": [*stored, *single, f"n {grid} c"], "size_to": reading.get("size_to")}


def stored_info(folder: Path) -> dict[str, Any]:
    """Return the choices that an unfinished run has stored."""
    claim_folder(folder, resume=True)
    path = folder / CHECKPOINT
    info = load_checkpoint(path).run_info()
    if "progress" not in info or "fingerprint" not in info:
        raise CheckpointError(
            got_expected(
                f"checkpoint {path}",
                "no training run",
                "a checkpoint of a training run",
                "train again in another folder",
            )
        )
    return {name: value for name, value in info.items() if name != "progress"}


def fingerprint(dataset: Dataset) -> str:
    """Return a checksum of a dataset: of its images, labels and classes.

    >>> from freqnet.data import load
    >>> fingerprint(load("digits"))
    '...'
    """
    shape = zlib.crc32(repr((dataset.images.shape, dataset.classes)).encode())
    pixels = zlib.crc32(np.ascontiguousarray(dataset.images).data, shape)
    return f"{zlib.crc32(np.ascontiguousarray(dataset.labels).data, pixels):08x}"


def matching(dataset: Dataset, stored: str) -> Dataset | None:
    """Return a dataset as a run has seen it, by the checksum that the run has stored; None if it is another.

    Earlier versions made all samples float32, and each number below the largest label a class.

    Parameters
    ----------
    dataset : Dataset
        The dataset as it is read now.
    stored : str
        The checksum.
    """
    if fingerprint(dataset) == stored:
        return dataset
    numbers = [int(name) if name.isdecimal() else -1 for name in dataset.classes]
    before = replace(dataset, images=dataset.images.astype(np.float32, copy=False))
    if numbers == sorted(set(numbers)) and numbers[0] >= 0 and numbers[-1] < _MOST_CLASSES_BEFORE:
        every = tuple(str(number) for number in range(numbers[-1] + 1))
        before = replace(before, labels=np.array(numbers)[dataset.labels], classes=every)
    return before if fingerprint(before) == stored else None


def resume_command(data: str, folder: Path | None, out: Path) -> str:
    """Return the command that resumes an unfinished run."""
    return shlex.join(["freqnet", "train", *Job(data, folder).source, "--out", str(out), "--resume"])


def _info(job: Job, dataset: Dataset) -> dict[str, Any]:
    settings = GROUPS["settings"](**{**training_defaults(dataset.name), **job.settings})
    named = job.data in DATASETS
    return plain(
        {
            "dataset": dataset.name,
            # An absolute path finds the files again from any folder.
            "data": job.data if named else str(Path(job.data).expanduser().resolve()),
            "folder": None if job.folder is None else str(job.folder.expanduser().resolve()),
            "fingerprint": fingerprint(dataset),
            "samples": len(dataset),
            "classes": dataset.classes,
            # As the axes were read, also where they were not given.
            "reading": {**asdict(GROUPS["reading"](**job.reading)), "layout": dataset.layout or None},
            "rate": dataset.rate,
            "fractions": asdict(GROUPS["fractions"](**job.fractions)),
            "model": asdict(GROUPS["model"](**job.model)),
            "settings": asdict(settings),
            "command": job.command(),
        }
    )


def _slug(name: str) -> str:
    """Return a name that can be part of a folder's name; of a path only its stem."""
    stem = name if ":" in name else Path(name).stem
    return "".join(c if c.isalnum() or c in "-_." else "-" for c in stem).strip("-.") or "data"
