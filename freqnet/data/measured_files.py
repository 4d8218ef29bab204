"""Files of measured spectra: ``.npz``, HDF5 (such as those of fastMRI) and MATLAB."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from freqnet.data.archives import matlab_array, named_arrays, require_array
from freqnet.data.blocks import Block
from freqnet.data.dataset import Dataset
from freqnet.data.layouts import CHANNELS, SAMPLES, Layout, arrange, choose_layout
from freqnet.data.measured import Measured, as_complex, as_mask, from_spectra, known_bins, read_measured
from freqnet.data.readers import reading_file
from freqnet.errors import ConfigurationError, DataError, got_expected
from freqnet.tasks import Task, get_task

SUFFIXES = (".npz", ".h5", ".hdf5", ".mat")
# Names of arrays, where none are given. Those of fastMRI have the slices first, and the coils before the bins.
SPECTRA, TARGETS, MASK, CLASSES = ("kspace", "spectra", "x"), "y", "mask", "classes"
_OF_KSPACE = ("n y x", "n c y x")
AnyPath = str | os.PathLike[str]


class _Arrays(NamedTuple):
    """The arrays of a file."""

    spectra: np.ndarray
    targets: np.ndarray | None
    mask: np.ndarray | None
    classes: Any
    layout: Layout


def load_spectra(
    source: AnyPath,
    measured: Measured | str = "",
    *,
    x: str | None = None,
    y: str | None = None,
    layout: Layout = None,
    task: Task | str = "classification",
    targets: str | None = None,
    official_test: int = 0,
) -> Dataset:
    """Load measured spectra from a file, or from all files of a folder. Nothing is transformed.

    Parameters
    ----------
    source : str or path
        A file ``.npz``, ``.h5``, ``.hdf5`` or ``.mat`` (also of version 7.3), or a folder of such files.
    measured : Measured or str
        The convention, such as ``"centred,ortho,image-centred"`` for the files of fastMRI.
    x, y : str, optional
        Names of the arrays of spectra and of targets, by default ``kspace``, ``spectra`` or ``x``, and ``y``. An array
        ``mask``, if there is one, says which bins were measured, and ``classes`` has names of classes. For a field
        without ``y``, the targets are the spectra before the mask is applied.
    layout : str, optional
        Names of the axes, such as ``"n c y x"``, which is the default for four axes of ``kspace``.
    task, targets, official_test
        As for `from_spectra`.

    Returns
    -------
    Dataset

    Raises
    ------
    DataError
        The file is missing or damaged, lacks an array, or the arrays do not fit each other.
    ConfigurationError
        An argument is not usable, or a package is missing.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     rng = np.random.default_rng(0)
    ...     kspace = np.fft.fft2(rng.normal(1, 1, (4, 2, 16, 16)))
    ...     np.savez(Path(folder, "scans.npz"), kspace=kspace, mask=rng.random(16) < 0.5)
    ...     load_spectra(Path(folder, "scans.npz"), "real", task="field")
    Dataset('scans', samples=4, grid=(16, 16), channels=3, outputs=2, task='field', measured='backward,real,masked')
    """
    place, kind = Path(source).expanduser(), get_task(task)
    parts = [_read(file, x, y, kind) for file in _files(place)]
    first = parts[0]
    joined = first if len(parts) == 1 else _joined(parts, place, layout)
    wanted = joined.targets
    if wanted is None and kind.is_field and joined.mask is not None:
        wanted = joined.spectra
    if wanted is None:
        got, expected = "spectra without targets", "an array y" + (", or a mask" if kind.is_field else "")
        todo = "add it, as in np.savez(file, kspace=spectra, y=labels), or pass y= with its name"
        raise DataError(got_expected(f"file {place}", got, expected, todo))
    dataset = from_spectra(
        joined.spectra,
        wanted,
        measured,
        mask=joined.mask,
        layout=layout or first.layout,
        classes=joined.classes,
        name=str(place),
        official_test=official_test,
        task=kind,
        targets=targets,
    )
    return replace(dataset, name=place.stem)


def _files(place: Path) -> list[Path]:
    """Return the files of a folder, or the file itself."""
    if place.is_dir():
        found = sorted(path for path in place.iterdir() if path.suffix.lower() in SUFFIXES)
        if not found:
            todo = "name a folder that has some"
            raise DataError(got_expected(f"folder {place}", "no such files", f"files {', '.join(SUFFIXES)}", todo))
        return found
    if place.suffix.lower() not in SUFFIXES:
        todo = "convert it, as with np.savez(file, kspace=spectra, y=labels)"
        raise ConfigurationError(got_expected("spectra", place, f"a file of {', '.join(SUFFIXES)}", todo))
    return [place]


def _read(file: Path, x: str | None, y: str | None, task: Task | None) -> _Arrays:
    """Return the arrays of a file, without targets for no task."""
    with reading_file(file, f"complete {file.suffix} file"), named_arrays(file) as arrays:
        name = _name_of(file, arrays, x, SPECTRA)
        targets = y or (TARGETS if TARGETS in arrays else None)
        wanted = {name, MASK, CLASSES} | ({targets} if task and targets else set())
        if targets in wanted:
            require_array(file, arrays, targets)
        found = {own: np.asarray(arrays[own][:]) for own in arrays if own in wanted}
    values, names = found.get(targets or ""), found.get(CLASSES)
    if file.suffix.lower() == ".mat":
        if values is not None and not (task and task.is_field):
            values = matlab_array(TARGETS, values)
        names = None if names is None else matlab_array(CLASSES, names)
    layout = _OF_KSPACE if name == SPECTRA[0] else None
    return _Arrays(found[name], values, found.get(MASK), None if names is None else _as_text(names), layout)


def _as_text(values: np.ndarray) -> list[str]:
    """Return names; HDF5 stores text as bytes."""
    return [value.decode() if isinstance(value, bytes) else str(value) for value in values.tolist()]


def _name_of(file: Path, arrays: Mapping[str, Any], given: str | None, usual: Sequence[str]) -> str:
    """Return the name of an array of a file: the given one, or the first of the usual ones."""
    if given is not None:
        require_array(file, arrays, given)
    found = given or next((name for name in usual if name in arrays), None)
    if found is None:
        got, todo = f"the arrays {', '.join(sorted(arrays)) or '(none)'}", "pass x= with the name of the spectra"
        raise DataError(got_expected(f"file {file}", got, " or ".join(usual), todo))
    return found


def _joined(parts: Sequence[_Arrays], place: Path, layout: Layout) -> _Arrays:
    """Return the arrays of several files as one."""
    first = parts[0]
    for name in ("spectra", "targets"):
        shapes = {None if own is None else own.shape[1:] for own in (getattr(part, name) for part in parts)}
        if len(shapes) > 1:
            got, todo = f"{name} of shapes {' and '.join(map(str, list(shapes)[:2]))}", "read them one by one"
            raise DataError(got_expected(f"folder {place}", got, "one shape in all files", todo))
    spectra = np.concatenate([part.spectra for part in parts])
    targets = None if first.targets is None else np.concatenate([part.targets for part in parts])  # type: ignore[misc]
    return first._replace(spectra=spectra, targets=targets, mask=_joined_masks(parts, place, layout))


def _joined_masks(parts: Sequence[_Arrays], place: Path, layout: Layout) -> np.ndarray | None:
    """Return the masks of several files as one per sample."""
    if all(part.mask is None for part in parts):
        return None
    shape, what = parts[0].spectra.shape, f"folder {place}"
    axes = zip(choose_layout(shape, layout or parts[0].layout, what).split(), shape, strict=True)
    grid = tuple(size for name, size in axes if name not in (SAMPLES, CHANNELS))
    if any(part.mask is None for part in parts):
        raise DataError(got_expected(what, "files without a mask", "one in each", "read them one by one"))
    return np.concatenate([as_mask(part.mask, (len(part.spectra), *grid), what) for part in parts])


def spectra_blocks(files: Sequence[Path], measured: Measured | str, layout: Layout = None) -> list[Block]:
    """Return the numbers of the bins of spectra in files, for prediction: one block per file.

    Parameters
    ----------
    files : sequence of Path
        Files as for `load_spectra`; targets are not read.
    measured : Measured or str
        The convention of the training set, whose ``masked`` says whether the network takes masks.
    layout : str or sequence of str, optional
        Names of the axes.
    """
    how, blocks = read_measured(measured), []
    for file in (own for path in files for own in _files(path.expanduser())):
        arrays, what = _read(file, None, None, None), f"spectra of {file}"
        used = choose_layout(arrays.spectra.shape, layout or arrays.layout, what)
        values = as_complex(arrange(arrays.spectra, used), what)
        is_known = known_bins(arrays.mask, used, values.shape[:-1], what)
        bins = how.bins(values, is_known, what)
        names = [f"{file}[{number}]" for number in range(len(bins))]
        blocks.append(Block(file, bins, names, layout=used))
    return blocks
