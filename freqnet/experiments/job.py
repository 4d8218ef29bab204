"""The choices of a training run: as they are given, as they are stored, and as a resumed run finds them again."""

from __future__ import annotations

import os
import shlex
import zlib
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields, replace
from difflib import get_close_matches
from pathlib import Path
from typing import Any

import numpy as np

from freqnet.checks import shown
from freqnet.data import Dataset, images_checksum
from freqnet.data.checksums import checksum_of_images
from freqnet.data.loaders import source_name
from freqnet.data.registry import is_named
from freqnet.errors import CheckpointError, ConfigurationError, DataError, DataWarning, got_expected, warn
from freqnet.experiments.start import check_same, load_start, model_path
from freqnet.nn import Network
from freqnet.training import Model, Records, Settings, load_checkpoint, training_defaults
from freqnet.training.choices import GROUPS, option_name
from freqnet.training.files import CHECKPOINT, check_folder
from freqnet.training.fit import check_epochs, plain
from freqnet.training.sizes import size_for

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
        Folder with the files of a named dataset, such as ``mnist``.
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
    weights : path, optional
        Folder of another run, or its model, whose weights this run starts from. It also has the network of that run;
        the last layer is new if the classes differ.
    records : dict
        Fields of `freqnet.training.Records`.

    Raises
    ------
    ConfigurationError
        A dictionary has a name that is no field.

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
    weights: Path | None = None
    records: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        object.__setattr__(self, "data", os.fspath(self.data))
        for name in ("folder", "out", "weights"):
            value = getattr(self, name)
            object.__setattr__(self, name, None if value is None else Path(value))
        for group, kind in GROUPS.items():
            check_names(group, getattr(self, group), kind)

    @property
    def source(self) -> list[str]:
        """Words of a command line that name the data."""
        return [self.data] if self.folder is None else [self.data, "--folder", str(self.folder)]

    def command(self) -> str:
        """Return the command that repeats this run, with only the choices that were given."""
        words = ["freqnet", "train", *self.source]
        words += [] if self.weights is None else ["--from", str(self.weights)]
        for name, value in {**self.reading, **self.model, **self.settings, **self.fractions, **self.records}.items():
            if value is True:
                words.append(option_name(name))
            elif value is not None and value is not False:
                words += [option_name(name), as_word(value)]
        return shlex.join(words)

    def output(self, name: str) -> Path:
        """Return the folder of the run on data of this name."""
        domain, seed = self.model.get("domain", Model.domain), self.settings.get("seed", Settings.seed)
        if self.weights is not None:
            run = self.weights.resolve()
            return self.out or Path("runs") / f"{slug(name)}-from-{slug((run.parent if run.is_file() else run).name)}"
        return self.out or Path("runs") / f"{slug(name)}-{slug(domain)}-seed{seed}"


def as_word(value: Any) -> str:
    """Return the value of a choice as it is written on the command line.

    >>> as_word((8, 16)), as_word(0.1)
    ('8,16', '0.1')
    """
    # An empty list is a choice of its own: no augmentation, where the dataset has some.
    return ",".join(map(str, value)) or "none" if isinstance(value, (tuple, list)) else str(value)


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

    def network(self, train: Dataset, resume: bool) -> Network:
        """Return the network before training, with the weights that the run starts from, if it has some."""
        start, seed = self.info.get("start"), self.settings.seed
        if resume:
            # As it was made: the weights that the run started from may be gone, and an earlier version may have made
            # another door.
            return load_checkpoint(self.folder / CHECKPOINT).restore()
        if start is None:
            return self.model.network(train, seed)
        return load_start(Path(start["weights"])).network(train, seed)[0]

    @property
    def settings(self) -> Settings:
        """Choices of the training."""
        return GROUPS["settings"](**self.info["settings"])  # type: ignore[no-any-return]

    @property
    def cache(self) -> str | None:
        """Folder of the spectra; None where they are in memory, or computed in each epoch."""
        return self.info.get("reading", {}).get("cache")  # type: ignore[no-any-return]

    @property
    def records(self) -> Records:
        """Files that the run writes beside those that every run has."""
        # Runs written before do not have these choices.
        return GROUPS["records"](**self.info.get("records", {}))  # type: ignore[no-any-return]


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
    _check_weights(job, info, folder)
    info = _with_epochs(info, job.settings.get("epochs"))
    for group in GROUPS:
        # Runs written before do not have all groups.
        for name, value in _given(job, group).items():
            own = info.get(group, {}).get(name)
            # Data may have moved: their content is compared below.
            if own != value and name not in ("test_data", "cache"):
                expected = f"the run's own {'default' if own is None else f'{name}={own!r}'}"
                todo = "leave it out, or start anew with overwrite=True"
                raise ConfigurationError(got_expected(f"resume of {folder}", f"{name}={value!r}", expected, todo))
    if matching(dataset, info["fingerprint"]) is None:
        got = f"{dataset.name}, {len(dataset)} examples"
        expected = f"the data it began with ({info['data']}, {info['samples']} examples)"
        raise DataError(got_expected(f"resume of {folder}", got, expected, "name the same data, unchanged"))
    return Plan(folder, info)


def _check_weights(job: Job, info: dict[str, Any], folder: Path) -> None:
    """Raise an error if a run that is resumed did not start from the weights that were given."""
    own = info.get("start", {}).get("weights")
    if job.weights is not None and str(model_path(job.weights).resolve()) != own:
        what, todo = f"resume of {folder}", "leave the weights to start from out, or start anew with overwrite=True"
        expected = f"the run's own {own}" if own else "none, as the run began"
        raise ConfigurationError(got_expected(what, f"weights of {job.weights}", expected, todo))


def _with_epochs(info: dict[str, Any], epochs: Any) -> dict[str, Any]:
    """Return the choices of a run that goes on to another number of epochs, where its schedule allows that."""
    own = info["settings"]["epochs"]
    if epochs is None or epochs == own:
        return info
    settings = GROUPS["settings"](**{**info["settings"], "epochs": epochs})
    check_epochs(settings, own)
    words = shlex.split(info["command"])
    given = words.index("--epochs") if "--epochs" in words else len(words)
    words[given : given + 2] = ["--epochs", str(settings.epochs)]
    return {**info, "settings": plain(asdict(settings)), "command": shlex.join(words)}


def check_names(what: str, chosen: Any, fields_of: type) -> None:
    """Raise `ConfigurationError` unless a value is a dictionary whose keys are fields of a dataclass."""
    known = [own.name for own in fields(fields_of)]
    if not isinstance(chosen, Mapping):
        todo = f"pass {what}={{}} for the defaults"
        raise ConfigurationError(got_expected(what, shown(chosen), "a dictionary", todo))
    for name in chosen:
        if name not in known:
            near = get_close_matches(str(name), known, 1)
            todo = f"did you mean {near[0]!r}?" if near else "choose among these"
            raise ConfigurationError(got_expected(what, repr(name), " or ".join(known), todo))


def _given(job: Job, group: str) -> dict[str, Any]:
    """Return the choices of a group that were given, as they are stored."""
    given = getattr(job, group)
    chosen = asdict(GROUPS[group](**given))
    return plain({name: chosen[name] for name in given})


def arguments_of(job: Job, resume: bool) -> dict[str, Any]:
    """Return the arguments of `freqnet.data.load` for the data of a job: those given, or those of the run to resume."""
    name = job.data if is_named(job.data) else source_name(job.data)
    path = job.output(name) / CHECKPOINT
    if not resume or not path.is_file():
        return load_arguments(job.reading)
    checkpoint = load_checkpoint(path)
    info = checkpoint.run_info()
    stored = {**stored_reading(info, checkpoint.network["door"]), "test_data": stored_test_data(info)}
    return {**stored, **load_arguments(job.reading)}


def load_arguments(reading: Mapping[str, Any]) -> dict[str, Any]:
    """Return those choices of a reading that `freqnet.data.load` takes.

    >>> load_arguments({"layout": "nchw", "cache": "spectra"})
    {'layout': 'nchw', 'on_disk': True}
    """
    found = {name: value for name, value in reading.items() if name != "cache"}
    return {**found, "on_disk": True} if reading.get("cache") else found


def stored_test_data(info: Mapping[str, Any]) -> str | None:
    """Return the name or the path of the data for the test of a run; None where its other data have the test part."""
    return info.get("reading", {}).get("test_data")  # type: ignore[no-any-return]


def paths_of(info: Mapping[str, Any], reading: Mapping[str, Any]) -> dict[str, Any]:
    """Return the fields of a `Job` that locate its data, as a process with another current folder needs them."""
    folder, test_data = info["folder"], stored_test_data(info)
    located = {} if test_data is None else {"test_data": test_data}
    return {"data": info["data"], "folder": folder and Path(folder), "reading": {**reading, **located}}


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
        Several layouts, the size to which samples are resampled or padded, and the task.

    Examples
    --------
    >>> stored_reading({"reading": {"layout": "n c h w", "size_to": None}}, {"grid": [8, 8], "channels": 1})
    {'layout': ['n c h w', 'n x y', 'n x y c'], 'size_to': None, 'pad_to': None, 'task': None, 'on_disk': False}
    """
    reading = info.get("reading", {})
    grid = " ".join("xyz"[: len(door["grid"])])
    single = [f"n {grid}"] if door["channels"] == 1 else []
    stored = [reading["layout"]] if reading.get("layout") else []
    layouts = [*stored, *single, f"n {grid} c"]
    on_disk = bool(reading.get("on_disk"))
    sizes = {name: reading.get(name) for name in ("size_to", "pad_to")}
    found = {"layout": layouts, **sizes, "task": info.get("task"), "on_disk": on_disk}
    # Runs on samples are read without this word.
    return {**found, "measured": reading["measured"]} if reading.get("measured") else found


def stored_info(folder: Path) -> dict[str, Any]:
    """Return the choices that an unfinished run has stored."""
    check_folder(folder, resume=True)
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
    """Return a checksum of a dataset, of its images, targets and names of outputs, and the size of its own test set.

    Without the size, examples that were trained on could pass as held out.

    >>> from freqnet.data import load
    >>> fingerprint(load("digits"))
    '...-0'
    """
    validated = (dataset.official_validation,) if dataset.official_validation else ()
    pixels = checksum_of_images(dataset, (dataset.stored.shape, dataset.classes, *validated))
    return f"{zlib.crc32(np.ascontiguousarray(dataset.targets).data, pixels):08x}-{dataset.official_test}"


def is_fingerprint(stored: str, found: str) -> bool:
    """Return whether a stored fingerprint is this one; those of earlier versions do not tell the size of a test set.

    >>> is_fingerprint("0a1b2c3d-20", "0a1b2c3d-20"), is_fingerprint("0a1b2c3d", "0a1b2c3d-20")
    (True, True)
    >>> is_fingerprint("0a1b2c3d-20", "0a1b2c3d-0")
    False
    """
    return stored in (found, found.partition("-")[0])


def matching(dataset: Dataset, stored: str, full_scale: float | None = None) -> Dataset | None:
    """Return a dataset as a run has seen it, by the checksum that the run has stored; None if it is another.

    Earlier versions made all samples float32, and each number below the largest label a class.

    Parameters
    ----------
    dataset : Dataset
        The dataset as it is read now.
    stored : str
        The checksum.
    full_scale : float, optional
        The number by which the run's network divides whole numbers: the data may hold the same ones in another dtype.
    """
    for seen in (dataset, dataset.scaled_to(full_scale)):
        if is_fingerprint(stored, fingerprint(seen)):
            return seen
    # Earlier versions had no data on disk.
    if dataset.task.name != "classification" or not isinstance(dataset.stored, np.ndarray):
        return None
    numbers = [int(name) if name.isdecimal() else -1 for name in dataset.classes]
    before = dataset
    if dataset.stored.dtype == np.float64:
        before = replace(dataset, stored=dataset.stored.astype(np.float32))
    if numbers == sorted(set(numbers)) and numbers[0] >= 0 and numbers[-1] < _MOST_CLASSES_BEFORE:
        every = tuple(str(number) for number in range(numbers[-1] + 1))
        before = replace(before, targets=np.array(numbers)[dataset.targets], classes=every)
    return before if is_fingerprint(stored, fingerprint(before)) else None


def resume_command(data: str, folder: Path | None, out: Path) -> str:
    """Return the command that resumes an unfinished run."""
    return shlex.join(["freqnet", "train", *Job(data, folder).source, "--out", str(out), "--resume"])


def _info(job: Job, dataset: Dataset) -> dict[str, Any]:
    started: dict[str, Any] = {}
    if job.weights is not None:
        job, started = _from_weights(job, dataset)
    given = {name: value for name, value in job.settings.items() if value is not None}
    settings = GROUPS["settings"](**{**training_defaults(dataset), **given})
    model = asdict(GROUPS["model"](**job.model))
    if job.weights is None and model["size"] is None:
        # By all samples, as the settings are: a training part may be too small for what belongs together.
        model["size"] = size_for(dataset)
    named = is_named(job.data)
    return plain(
        {
            "dataset": dataset.name,
            # An absolute path finds the files again from any folder.
            "data": job.data if named else str(Path(job.data).expanduser().resolve()),
            "folder": None if job.folder is None else str(job.folder.expanduser().resolve()),
            "fingerprint": fingerprint(dataset),
            "images": images_checksum(_trained_on(dataset, job.reading)),
            "samples": len(dataset),
            "classes": dataset.classes,
            "task": dataset.task.name,
            # As the axes were read, also where they were not given.
            "reading": {**asdict(GROUPS["reading"](**job.reading)), "layout": dataset.layout or None},
            "rate": dataset.rate,
            "fractions": asdict(GROUPS["fractions"](**job.fractions)),
            "model": model,
            "settings": asdict(settings),
            "records": asdict(GROUPS["records"](**job.records)),
            "command": job.command(),
            **started,
        }
    )


def _trained_on(dataset: Dataset, reading: Mapping[str, Any]) -> Dataset:
    """Return a dataset without a test set from other data: nobody will draw a test part from these."""
    if reading.get("test_data") is None:
        return dataset
    return dataset.take(np.arange(len(dataset) - dataset.official_test))


def _from_weights(job: Job, dataset: Dataset) -> tuple[Job, dict[str, Any]]:
    """Return a job with the choices that come with its weights, and what is stored about the weights.

    Raises
    ------
    ConfigurationError
        The model has other choices than those of the weights, or the same data would be split in another way.
    DataError
        The data do not fit the network.
    """
    assert job.weights is not None
    start = load_start(job.weights)
    start.check_fits(dataset)
    info = start.checkpoint.run_info()
    model = info.get("model", {"domain": start.checkpoint.network["door"]["domain"]})
    check_same("model", _given(job, "model"), model, "which comes with the weights")
    seed, fractions = job.settings.get("seed", Settings.seed), job.fractions
    own_scale = start.checkpoint.network["door"].get("full_scale")
    if matching(dataset, info.get("fingerprint", ""), own_scale) is not None:
        # With another split, the run would be tested on examples that the weights were trained on.
        why = "as of the run whose weights are taken: it was trained on some of the examples held out otherwise"
        check_same("fractions", _given(job, "fractions"), info["fractions"], why)
        check_same("settings", {n: v for n, v in _given(job, "settings").items() if n == "seed"}, info["settings"], why)
        seed, fractions = info["settings"]["seed"], info["fractions"]
    elif info.get("images") == images_checksum(dataset):
        got = "the images that the weights were trained on, with other targets or another test set"
        todo = "test on other images, if the score has to say how well new ones are predicted"
        warn(got_expected(f"dataset {dataset.name}", got, "other images, as the split is another", todo), DataWarning)
    new = start.network(dataset, seed)[1]
    taken = [name for name in start.checkpoint.arrays if name not in new]
    model = {**model, "widths": model.get("widths") and tuple(model["widths"])}
    completed = replace(job, model=model, fractions=fractions, settings={**job.settings, "seed": seed})
    return completed, {
        "start": {"weights": str(start.path), "taken": taken, "new": new},
        # The choices of the model come with the weights.
        "command": replace(completed, model={}).command(),
    }


def slug(name: str) -> str:
    """Return a name that can be part of a folder's name; of a path only its stem."""
    stem = name if ":" in name else Path(name).stem
    return "".join(c if c.isalnum() or c in "-_." else "-" for c in stem).strip("-.") or "data"
