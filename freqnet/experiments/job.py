"""The choices of a training run: as they are given, as they are stored, and as a resumed run finds them again."""

from __future__ import annotations

import shlex
import zlib
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from freqnet.data import DATASETS, Dataset
from freqnet.errors import CheckpointError, ConfigurationError, DataError, got_expected
from freqnet.training import Model, Settings, load_checkpoint, training_defaults
from freqnet.training.choices import GROUPS, option_name
from freqnet.training.files import CHECKPOINT, check_folder
from freqnet.training.fit import plain


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

    @property
    def source(self) -> list[str]:
        """Words of a command line that name the data."""
        return [self.data] if self.folder is None else [self.data, "--folder", str(self.folder)]

    def command(self) -> str:
        """Return the command that repeats this run, with only the choices that were given."""
        words = ["freqnet", "train", *self.source]
        for name, value in {**self.model, **self.settings, **self.fractions}.items():
            words += [option_name(name), ",".join(map(str, value)) if isinstance(value, tuple) else str(value)]
        return shlex.join(words)

    def output(self, dataset: Dataset) -> Path:
        """Return the folder of the run."""
        domain, seed = self.model.get("domain", Model.domain), self.settings.get("seed", Settings.seed)
        return self.out or Path("runs") / f"{_slug(dataset.name)}-{_slug(domain)}-seed{seed}"


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
    folder = job.output(dataset)
    if not resume:
        return Plan(folder, _info(job, dataset))
    info = stored_info(folder)
    if fingerprint(dataset) != info["fingerprint"]:
        got = f"{dataset.name}, {len(dataset)} examples"
        expected = f"the data it began with ({info['data']}, {info['samples']} examples)"
        raise DataError(got_expected(f"resume of {folder}", got, expected, "name the same data, unchanged"))
    for group in GROUPS:
        for name, value in plain(getattr(job, group)).items():
            own = info[group].get(name)
            if own != value:
                expected = f"the run's own {'default' if own is None else f'{name}={own!r}'}"
                todo = "leave it out, or start anew with overwrite=True"
                raise ConfigurationError(got_expected(f"resume of {folder}", f"{name}={value!r}", expected, todo))
    return Plan(folder, info)


def stored_info(folder: Path) -> dict[str, Any]:
    """Return the choices that an unfinished run has stored."""
    check_folder(folder, resume=True)
    path = folder / CHECKPOINT
    info = load_checkpoint(path).info
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
