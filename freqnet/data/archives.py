"""Files of named arrays, or of one array: ``.npz`` and ``.npy``, HDF5 and MATLAB."""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from freqnet.data.readers import Contents, register_reader
from freqnet.errors import DataError, DataWarning, did_you_mean, got_expected, require_package, warn

_NAMES = ("x", "y", "classes")


def read_numpy(path: Path) -> Contents:
    """Return the arrays ``x``, ``y`` and ``classes`` of a ``.npz`` file, or the array of a ``.npy`` file."""
    # Opened here, because np.load does not close a damaged file that it opened itself.
    with path.open("rb") as stream:
        # For other bytes the message of NumPy would suggest to load a pickle, which is unsafe.
        if not stream.peek(6).startswith((b"PK", b"\x93NUMPY")):
            raise ValueError("it begins like neither format")
        try:
            opened = np.load(stream, allow_pickle=False)
            if isinstance(opened, np.ndarray):
                return Contents(opened)
            return _contents({name: opened[own] for name, own in chosen_names(path, opened).items()})
        except ValueError as error:
            if "Object arrays" not in str(error):
                raise
            got, expected = "arrays of Python objects", "arrays of numbers, or of strings"
            todo = "convert them before saving, as with np.array(labels, dtype=str)"
            raise DataError(got_expected(f"file {path}", got, expected, todo)) from None


def read_hdf5(path: Path) -> Contents:
    """Return the datasets ``x``, ``y`` and ``classes`` at the root of an HDF5 file."""
    h5py = require_package("h5py", f"file {path}", "files")
    with h5py.File(path, "r") as file:
        datasets = [name for name, item in file.items() if isinstance(item, h5py.Dataset)]
        return _contents({name: hdf5_array(file[own]) for name, own in chosen_names(path, datasets).items()})


def hdf5_array(dataset: Any) -> np.ndarray:
    """Return the values of a dataset of h5py, text included."""
    # h5py returns text of variable length as objects.
    is_text = dataset.dtype.kind == "O"
    return np.array(dataset.asstr()[...].tolist()) if is_text else np.asarray(dataset[...])


def read_matlab(path: Path) -> Contents:
    """Return the arrays ``x``, ``y`` and ``classes`` of a MATLAB file of version 4 to 7."""
    from scipy.io import loadmat, whosmat

    if path.read_bytes()[:512].startswith(b"MATLAB 7.3"):
        todo = "write it with save(file, '-v7', 'x', 'y')"
        raise DataError(got_expected(f"file {path}", "MATLAB version 7.3", "version 4 to 7", todo))
    names = chosen_names(path, [name for name, *_ in whosmat(path)])
    own = list(names.values())
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", np.exceptions.ComplexWarning)
            # With their own types: MATLAB stores doubles that are small whole numbers as bytes.
            arrays = loadmat(path, variable_names=own, mat_dtype=True)
    except np.exceptions.ComplexWarning:
        # SciPy would drop the imaginary part.
        arrays = loadmat(path, variable_names=own)
    return _contents({name: matlab_array(name, arrays[own]) for name, own in names.items()})


def matlab_array(name: str, array: np.ndarray) -> np.ndarray:
    """Return an array as it is in Python: MATLAB's vectors are tables, and its lists of text are tables of objects."""
    if name == "x":
        return array
    if array.dtype.kind == "O":
        return np.array([str(np.asarray(cell).squeeze()) for cell in array.ravel()])
    if array.dtype.kind == "U":
        # The rows of a table of characters have one length.
        return np.char.rstrip(array)
    return array.ravel() if 1 in array.shape else array


def chosen_names(path: Path, names: Iterable[str]) -> dict[str, str]:
    """Return the names that the arrays x, y and classes have in a file, where upper case counts as lower case."""
    stored = sorted(names)
    chosen = {own.lower(): own for own in (*stored, *_NAMES) if own.lower() in _NAMES and own in stored}
    if "x" not in chosen:
        got, expected = f"the arrays {', '.join(stored) or '(none)'}", "the arrays x and y, or x alone to predict"
        todo = "save it with these names, as in np.savez(file, x=images, y=labels)"
        raise DataError(got_expected(f"archive {path}", got, expected, todo))
    unread = [name for name in stored if name not in chosen.values()]
    if unread:
        got, expected = f"also the arrays {', '.join(unread)}, which are not read", "x, y and classes alone"
        todo = "save examples for the test in a file of their own, and pass test_data='that file'"
        warn(got_expected(f"archive {path}", got, expected, todo), DataWarning)
    return chosen


def _contents(arrays: Mapping[str, np.ndarray]) -> Contents:
    return Contents(arrays["x"], arrays.get("y"), arrays.get("classes"))


@contextmanager
def named_arrays(path: Path) -> Iterator[Mapping[str, Any]]:
    """Yield the arrays of a ``.npz``, ``.mat`` or HDF5 file by name; those of HDF5 are read where they are indexed."""
    if path.stat().st_size == 0:
        raise ValueError("the file is empty")
    suffix = path.suffix.lower()
    with path.open("rb") as stream:
        start = stream.read(512)
    if suffix == ".npz":
        # Opened here, because np.load does not close a damaged file that it opened itself.
        with path.open("rb") as stream, np.load(stream, allow_pickle=False) as found:
            yield found
    elif suffix == ".mat" and not start.startswith(b"MATLAB 7.3"):
        from scipy.io import loadmat

        yield {name: value for name, value in loadmat(path).items() if not name.startswith("__")}
    else:
        h5py = require_package("h5py", f"file {path}", "files")
        with h5py.File(path, "r") as file:
            # MATLAB writes the axes in reverse order.
            wrap = _Reversed if suffix == ".mat" else lambda dataset: dataset
            yield {name: wrap(item) for name, item in file.items() if isinstance(item, h5py.Dataset)}


def require_array(path: Path, arrays: Mapping[str, Any], name: str) -> None:
    """Raise `DataError` unless a file has an array of this name."""
    if name not in arrays:
        stored = sorted(arrays)
        todo = did_you_mean(name, stored, "pass one of these names")
        raise DataError(got_expected(f"file {path}", f"no array {name!r}", ", ".join(stored) or "arrays", todo))


class _Reversed:
    """A dataset of MATLAB 7.3 with its axes in MATLAB's order."""

    def __init__(self, dataset: Any) -> None:
        self._dataset = dataset

    def __getitem__(self, rows: slice) -> np.ndarray:
        return np.asarray(self._dataset[..., rows]).T


register_reader(".npz", ".npy", read=read_numpy)
register_reader(".h5", ".hdf5", read=read_hdf5)
register_reader(".mat", read=read_matlab)
