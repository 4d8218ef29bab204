"""Files of fields as others publish them: MATLAB files of FNO, HDF5 files of PDEBench, and ``.npz`` files."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from freqnet.checks import is_whole
from freqnet.data.archives import named_arrays, require_array
from freqnet.data.arrays import from_arrays
from freqnet.data.dataset import Dataset
from freqnet.data.readers import reading_file
from freqnet.errors import ConfigurationError, DataError, got_expected

# Names of inputs and outputs: Burgers and Navier-Stokes of FNO, Darcy flow of FNO and of PDEBench, and own files.
PAIRS = (("a", "u"), ("coeff", "sol"), ("nu", "tensor"), ("x", "y"))
# The solutions of PDEBench, (samples, times, *grid), and the array that tells their times.
_SOLUTIONS, _TIMES = "tensor", "t-coordinate"
_SUFFIXES = (".mat", ".h5", ".hdf5", ".npz")
PAIRINGS = ("ends", "steps")


def load_fields(
    path: str | os.PathLike[str],
    *,
    x: str | None = None,
    y: str | None = None,
    time: str = "ends",
    stride: int = 1,
    count: int | None = None,
    official_test: int = 0,
) -> Dataset:
    """Load pairs of fields from a file of another project, for the task ``field``.

    Parameters
    ----------
    path : str or path
        A file ``.mat`` (also of version 7.3), ``.h5``, ``.hdf5`` or ``.npz``.
    x, y : str, optional
        Names of the arrays of inputs and of outputs, by default those of the published files: ``a`` and ``u``,
        ``coeff`` and ``sol`` (FNO), ``nu`` and ``tensor`` or ``tensor`` alone (PDEBench), or ``x`` and ``y``. The axes
        are ``(samples, *grid)``; solutions may have times, as the second axis in files of PDEBench and as the last one
        in others.
    time : {"ends", "steps"}
        Which fields of a solution in time make a pair: the input (or the first field) and the last, or each field and
        the next.
    stride : int
        Take every n-th point along each axis of the grid.
    count : int, optional
        Number of samples, or of solutions, from the first on [all].
    official_test : int
        Number of pairs at the end that form the test set.

    Returns
    -------
    Dataset

    Raises
    ------
    DataError
        The file is missing, damaged or of another kind, it lacks an array, or the arrays do not fit each other.
    ConfigurationError
        An argument is not usable, or a package is missing.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     rng = np.random.default_rng(0)
    ...     np.savez(Path(folder, "waves.npz"), a=rng.normal(size=(4, 64)), u=rng.normal(size=(4, 64, 11)))
    ...     load_fields(Path(folder, "waves.npz"), time="steps", stride=2)
    Dataset('waves', samples=44, grid=(32,), channels=1, outputs=1, task='field')
    """
    place = Path(path).expanduser()
    _check(place, time, stride, count)
    with reading_file(place, f"complete {place.suffix} file"), named_arrays(place) as arrays:
        first, second = _chosen(place, arrays, x, y)
        before = None if first is None else _read(arrays, first, count)
        after = _read(arrays, second, count)
        has_times = _TIMES in arrays
    what = f"file {place}"
    before, after = _pairs(what, _solution(what, before, after, has_times), time)
    grid = (slice(None), *(slice(None, None, stride),) * (before.ndim - 1))
    return from_fields(before[grid], after[grid], place.stem, official_test)


def from_fields(before: np.ndarray, after: np.ndarray, name: str, official_test: int) -> Dataset:
    """Return the dataset of pairs of fields ``(pairs, *grid)``, of which some at the end form the test set."""
    layout = "n " + " ".join("xyz"[: before.ndim - 1])
    return from_arrays(before, after, layout=layout, name=name, official_test=official_test, task="field")


def steps_of(solutions: np.ndarray, every: int = 1) -> tuple[np.ndarray, np.ndarray]:
    """Return every so many fields ``(pairs, *grid)`` of solutions ``(solutions, times, *grid)``, and their next."""
    grid = solutions.shape[2:]
    return solutions[:, :-1:every].reshape(-1, *grid), solutions[:, 1::every].reshape(-1, *grid)


def _check(path: Path, time: Any, stride: Any, count: Any) -> None:
    if path.suffix.lower() not in _SUFFIXES:
        todo = "convert it, as with np.savez(file, x=inputs, y=outputs)"
        raise ConfigurationError(got_expected("fields", path, f"a file of {', '.join(_SUFFIXES)}", todo))
    if time not in PAIRINGS:
        raise ConfigurationError(got_expected("time", repr(time), " or ".join(PAIRINGS), "pass time='ends'"))
    for name, number in (("stride", stride), ("count", 1 if count is None else count)):
        if not is_whole(number) or number < 1:
            todo = f"pass {name}=2, or leave it out"
            raise ConfigurationError(got_expected(name, repr(number), "a whole number of 1 or more", todo))


def _chosen(path: Path, arrays: Mapping[str, Any], x: str | None, y: str | None) -> tuple[str | None, str]:
    """Return the names of the inputs, None where a solution has them as its first field, and of the outputs."""
    stored = sorted(arrays)
    for name in (x, y):
        if name is not None:
            require_array(path, arrays, name)
    if x is not None and y is not None:
        return x, y
    if y is not None:
        return None, y
    known = next(((a, b) for a, b in PAIRS if a in arrays and b in arrays), None)
    if x is not None or (known is None and _SOLUTIONS not in arrays):
        got = f"the arrays {', '.join(stored) or '(none)'}"
        expected = " or ".join(f"{a} and {b}" for a, b in PAIRS) + f", or {_SOLUTIONS}"
        raise DataError(got_expected(f"file {path}", got, expected, "pass x= and y= with the names of the arrays"))
    return known or (None, _SOLUTIONS)


def _read(arrays: Mapping[str, Any], name: str, count: int | None) -> np.ndarray:
    return np.asarray(arrays[name][slice(count)])


def _solution(what: str, before: np.ndarray | None, after: np.ndarray, has_times: bool) -> np.ndarray:
    """Return the fields in the order of their times ``(samples, times, *grid)``, from the input on."""
    if before is None:
        if after.ndim < 3:
            got, todo = f"shape {after.shape}", "pass the name of the inputs as x="
            raise DataError(got_expected(what, got, "solutions in time", todo))
        return np.moveaxis(after, 1 if has_times else -1, 1)
    if after.ndim == before.ndim:
        later = after[:, None]
    else:
        # Files of PDEBench have the times before the grid, and one time of what does not change.
        is_second = has_times or after.shape[2:] == before.shape[1:] != after.shape[1:-1]
        later = np.moveaxis(after, 1 if is_second else -1, 1) if after.ndim > 2 else after
    if later.ndim != before.ndim + 1 or (len(later), *later.shape[2:]) != before.shape:
        got = f"shapes {before.shape} and {after.shape}"
        todo = "pass the names of fields on one grid as x= and y="
        raise DataError(got_expected(what, got, "(samples, *grid), and the same with or without times", todo))
    return np.concatenate([before[:, None], later], axis=1)


def _pairs(what: str, fields: np.ndarray, time: str) -> tuple[np.ndarray, np.ndarray]:
    """Return the fields before and after ``(pairs, *grid)``."""
    if fields.shape[1] < 2:
        got, todo = f"shape {fields.shape}, with one time", "pass the name of the inputs as x="
        raise DataError(got_expected(what, got, "solutions at two times or more", todo))
    return (fields[:, 0], fields[:, -1]) if time == "ends" else steps_of(fields)
