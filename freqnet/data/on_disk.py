"""Data sets of arrays in files that can be read in parts: ``.npy`` files in a folder, HDF5 and Zarr."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from freqnet.data.archives import chosen_names, hdf5_array
from freqnet.data.arrays import check_samples_first, like_samples
from freqnet.data.dataset import Dataset, validate
from freqnet.data.image_files import is_image
from freqnet.data.layouts import SAMPLES, Layout, arrange, choose_layout
from freqnet.data.lengths import NewSize
from freqnet.data.oddities import tell_oddities
from freqnet.data.readers import Contents, read_file, reading_file, suffix_of
from freqnet.errors import ConfigurationError, DataError, got_expected, require_package
from freqnet.on_disk import DiskArray, JoinedRows, NumpyRows, Rows
from freqnet.tasks import Task, get_task
from freqnet.values import as_floats, as_numbers, full_scale_of, needs_double, value_range

_NAMES = ("x", "y", "classes")
# What is said of data that cannot be read in parts.
DISK_SOURCES = "an HDF5 file, a Zarr group, or a folder with x.npy and y.npy"


# -- opening ---------------------------------------------------------------------------------------------------
def is_array_folder(path: Path) -> bool:
    """Return whether a folder holds arrays: a group of Zarr, or the file ``x.npy`` or its parts ``x-*.npy``."""
    return path.is_dir() and (_is_zarr(path) or bool(_numpy_files(path, "x")))


def sample_files(path: Path) -> list[Path]:
    """Return the files ``x.npy`` or ``x-0.npy``, ``x-1.npy``, ... of a folder, or the group of Zarr that it is.

    The list is empty where a folder holds no such array.
    """
    return [path] if _is_zarr(path) else _numpy_files(path, "x") if path.is_dir() else []


def read_samples(path: Path) -> Contents:
    """Return the arrays of a file by its reader, or those that `open_arrays` opens of a folder, in memory."""
    if not path.is_dir():
        return read_file(path)
    contents = open_arrays(path)
    require_memory(contents.x, f"samples of {path}")
    return contents._replace(x=contents.x[:])


def can_stay_on_disk(path: Path) -> bool:
    """Return whether data can be read in parts."""
    return is_array_folder(path) or (path.is_file() and suffix_of(path) in (".h5", ".hdf5"))


def open_arrays(path: Path) -> Contents:
    """Return what `read_file` would, with samples that stay in their files: ``x`` is a `DiskArray`.

    Raises
    ------
    ConfigurationError
        The data are of a kind that cannot be read in parts.
    DataError
        A file is missing, damaged, or has no array ``x``.
    """
    if not can_stay_on_disk(path):
        got = "files of samples" if path.is_dir() else f"a {suffix_of(path) or 'file'}"
        todo = "write the arrays there, or leave on_disk and cache out"
        raise ConfigurationError(got_expected(f"data on disk {path}", got, DISK_SOURCES, todo))
    with reading_file(path, "complete file"):
        found = _zarr(path) if _is_zarr(path) else _numpy(path) if path.is_dir() else _hdf5(path)
    # A single number has no rows, of which a DiskArray tells the shape.
    shape = found.x.source.shape  # type: ignore[attr-defined]
    if len(shape) == 0 or found.x.dtype.kind not in "biuf":
        got, todo = f"an array of {found.x.dtype}, shape {shape}", "write the samples as numbers"
        raise DataError(got_expected(f"array x of {path}", got, "an array of real numbers", todo))
    return found


def _numpy_files(folder: Path, name: str) -> list[Path]:
    """Return the files of an array in a folder; of several parts in the order of their numbers."""
    whole = folder / f"{name}.npy"
    return [whole] if whole.is_file() else [file for _, file in _numbered(folder, name)]


def _numbered(folder: Path, name: str) -> list[tuple[int, Path]]:
    """Return the numbers and the files of the parts of an array. A folder is none: a class may have such a name."""
    found = [(re.fullmatch(rf"{name}-(\d+)\.npy", file.name), file) for file in folder.glob(f"{name}-*.npy")]
    return sorted((int(match[1]), file) for match, file in found if match and not file.is_dir())


def _check_numbers(folder: Path) -> None:
    """Refuse parts of which one is missing or doubled: other samples would get the labels of the missing ones."""
    numbers = {name: [number for number, _ in _numbered(folder, name)] for name in _NAMES}
    for name, own in numbers.items():
        what = f"parts of {name} in {folder}"
        if own and (folder / f"{name}.npy").is_file():
            got, todo = f"{name}.npy beside {name}-{own[0]}.npy", "remove one of the two, or move it to another folder"
            raise DataError(got_expected(what, got, "one file, or parts", todo))
        if own and own != list(range(own[0], own[0] + len(own))):
            got, expected = f"the numbers {', '.join(map(str, own))}", "numbers one after another, each once"
            raise DataError(got_expected(what, got, expected, "add the missing part, or number the parts anew"))
    if numbers["x"] and numbers["y"] and numbers["x"][0] != numbers["y"][0]:
        got = f"{len(numbers['y'])} from y-{numbers['y'][0]}.npy on"
        expected = f"numbers from {numbers['x'][0]} on, as those of x"
        raise DataError(got_expected(f"parts of y in {folder}", got, expected, "add the missing part"))


def _check_others(folder: Path) -> None:
    """Refuse images and folders of samples beside arrays: it would not be clear which of them are the data."""
    for item in sorted(folder.iterdir()):
        inside = item.iterdir() if item.is_dir() and not is_array_folder(item) else ()
        if is_image(item) or any(is_image(one) for one in inside):
            got, expected = f"{_numpy_files(folder, 'x')[0].name} beside {item.name}", "arrays, or class folders"
            todo = "move one of the two to another folder"
            raise DataError(got_expected(f"data in {folder}", got, expected, todo))


def _numpy(folder: Path) -> Contents:
    _check_numbers(folder)
    _check_others(folder)
    parts = [NumpyRows(file) for file in _numpy_files(folder, "x")]
    for part in parts[1:]:
        if (part.shape[1:], part.dtype) != (parts[0].shape[1:], parts[0].dtype):
            got, expected = f"{part.dtype} {part.shape[1:]}", f"{parts[0].dtype} {parts[0].shape[1:]}, as in the first"
            raise DataError(got_expected(f"samples of {part.path}", got, expected, "write all parts alike"))
    others = {
        name: np.concatenate([np.load(file, allow_pickle=False) for file in files])
        for name in _NAMES[1:]
        if (files := _numpy_files(folder, name))
    }
    return Contents(DiskArray(JoinedRows(parts)), others.get("y"), others.get("classes"))  # type: ignore[arg-type]


class _Opened(Rows):
    """Rows of an array of a library that reads parts of it; each process opens it for itself."""

    def __init__(self, path: Path, name: str) -> None:
        self.path, self.name = path, name
        array = self._array
        self.shape, self.dtype = tuple(array.shape), np.dtype(array.dtype)

    def __getstate__(self) -> dict[str, Any]:
        return {name: value for name, value in vars(self).items() if name != "_own"}

    @property
    def _array(self) -> Any:
        if not hasattr(self, "_own"):
            self._own = self._opened()
        return self._own

    def _opened(self) -> Any:
        raise NotImplementedError

    def read(self, start: int, stop: int) -> np.ndarray:
        with reading_file(self.path, "complete file"):
            return np.asarray(self._array[start:stop])


class _Hdf5Rows(_Opened):
    def _opened(self) -> Any:
        import h5py

        return h5py.File(self.path, "r")[self.name]


class _ZarrRows(_Opened):
    def _opened(self) -> Any:
        import zarr

        return zarr.open_group(self.path, mode="r")[self.name]


def _hdf5(path: Path) -> Contents:
    h5py = require_package("h5py", f"file {path}", "files")
    with h5py.File(path, "r") as file:
        names = chosen_names(path, [name for name, item in file.items() if isinstance(item, h5py.Dataset)])
        others = {name: hdf5_array(file[own]) for name, own in names.items() if name != "x"}
    rows = _Hdf5Rows(path, names["x"])
    return Contents(DiskArray(rows), others.get("y"), others.get("classes"))  # type: ignore[arg-type]


def _is_zarr(path: Path) -> bool:
    return any((path / name).is_file() for name in ("zarr.json", ".zgroup"))


def _zarr(path: Path) -> Contents:
    zarr = require_package("zarr", f"group {path}", "zarr")
    group = zarr.open_group(path, mode="r")
    names = chosen_names(path, list(group.array_keys()))
    others = {name: np.asarray(group[own][:]) for name, own in names.items() if name != "x"}
    return Contents(DiskArray(_ZarrRows(path, names["x"])), others.get("y"), others.get("classes"))  # type: ignore[arg-type]


def require_memory(x: Any, what: str) -> None:
    """Raise `DataError` if an array in files is larger than the free memory, where the system tells it."""
    try:
        lines = Path("/proc/meminfo").read_text(encoding="ascii").splitlines()
    except OSError:
        return
    free = next((1024 * int(line.split()[1]) for line in lines if line.startswith("MemAvailable:")), x.nbytes)
    if x.nbytes > free:
        got, todo = f"{x.nbytes / 1e9:.1f} GB", "leave them on disk, as with on_disk=True or --on-disk"
        raise DataError(got_expected(what, got, f"what fits into {free / 1e9:.1f} GB of free memory", todo))


# -- samples ---------------------------------------------------------------------------------------------------
@dataclass(frozen=True)
class _AsSamples:
    """Makes samples ``(samples, *grid, channels)`` of rows as `from_arrays` does."""

    layout: str
    full_scale: float | None
    size: NewSize
    dtype: np.dtype
    what: str

    def __call__(self, rows: np.ndarray, numbers: np.ndarray) -> np.ndarray:
        samples = arrange(as_numbers(rows, self.what), self.layout)
        if self.dtype == np.uint8:
            return samples
        with np.errstate(over="ignore"):
            floats = as_floats(samples, self.full_scale, self.what).astype(self.dtype, copy=False)
        return self.size.fit(floats, self.what)


def from_files(contents: Contents, *, layout: Layout, size: NewSize, name: str, task: Task | str | None) -> Dataset:
    """Return a checked dataset whose samples stay in their files.

    The files are read once for the checks. Targets are in memory.

    Parameters
    ----------
    contents : Contents
        From `open_arrays`.
    size : NewSize
    layout, name, task
        As for `freqnet.data.load` and `freqnet.data.from_arrays`.

    Raises
    ------
    DataError
        As by `from_arrays`, or the samples do not lie along the first axis.
    """
    x, kind, what = contents.x, get_task(task), f"samples of {name}"
    assert isinstance(x, DiskArray)
    if layout is None:
        check_samples_first(x.shape, contents.y, what)
    used = choose_layout(x.shape, layout, what)
    if used.split()[0] != SAMPLES:
        todo = "write the array with samples first"
        raise DataError(got_expected(what, f"the axes {used}", "the samples along the first axis", todo))
    targets, names = kind.read(like_samples(contents.y, used, name) if kind.is_field else contents.y,
                               contents.classes, name)  # fmt: skip
    scale = full_scale_of(np.empty(0, x.dtype)) if contents.full_scale is None else float(contents.full_scale)
    dtype = np.dtype(np.uint8) if x.dtype == np.uint8 and not size else _floats(x.dtype)
    convert = _AsSamples(used, scale, size, dtype, what)
    stored = x.converted(convert)
    if dtype == np.float64 and not needs_double(*value_range(stored)):
        stored = x.converted(_AsSamples(used, scale, size, np.dtype(np.float32), what))
    # The dataset is made like one in memory, of which an array of samples is only indexed.
    dataset = Dataset(name, stored, targets, names, 0, scale, used, task=kind)  # type: ignore[arg-type]
    return tell_oddities(validate(dataset))


def _floats(dtype: np.dtype) -> np.dtype:
    """Return the type of floats for numbers of a type; whether float32 holds what varies is seen later."""
    is_small = dtype.kind == "b" or (dtype.itemsize <= 4 if dtype.kind == "f" else dtype.itemsize <= 2)
    return np.dtype(np.float32 if is_small else np.float64)
