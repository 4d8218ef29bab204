"""Spectra that are not in memory: computed of samples when they are taken, or kept in files.

A folder of such files has an entry per data set and door. An entry is a folder with ``spectra.npy``, one sample after
another, with a checksum per sample, and with a description. It is written under another name, which it loses when it is
complete.
"""

from __future__ import annotations

import errno
import hashlib
import json
import os
import re
import shutil
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, NoReturn

import numpy as np

from freqnet.autodiff import Tensor
from freqnet.data import Dataset, images_checksum
from freqnet.errors import ConfigurationError, DataError, got_expected, reason
from freqnet.nn import Door
from freqnet.on_disk import ConvertedRows, DiskArray, MemoryRows, NumpyRows, Rows
from freqnet.training.locks import waited
from freqnet.values import as_floats

_SPECTRA, _CHECKSUMS, _ABOUT, _PARTIAL = "spectra.npy", "checksums.npy", "about.json", ".partial"
# Names of entries, of which `_entry` makes one.
_KEY = re.compile("[0-9a-f]{16}")
# Raised when an entry of an earlier version could not be read.
_FORMAT = 1
# Bytes of neighbouring spectra that are read together, and of those that are shuffled together.
_RUN, _WINDOW = 2**18, 2**28


class DiskSpectra:
    """Spectra ``(*modes, samples, channels)`` of which `take` computes or reads some.

    Parameters
    ----------
    rows : DiskArray
        ``(samples, *modes, channels)``.
    """

    def __init__(self, rows: DiskArray) -> None:
        self.rows = rows

    @property
    def shape(self) -> tuple[int, ...]:
        """Sizes of the axes."""
        count, *modes, channels = self.rows.shape
        return (*modes, count, channels)

    @property
    def ndim(self) -> int:
        """Number of axes."""
        return self.rows.ndim

    @property
    def dtype(self) -> np.dtype:
        """Type of the numbers."""
        return self.rows.dtype

    def take(self, indices: Any, axis: int = -2) -> np.ndarray:
        """Return the spectra of some samples ``(*modes, chosen, channels)``."""
        return np.ascontiguousarray(np.moveaxis(self.rows[np.asarray(indices)], 0, axis))

    def orders(self, batch: int, generator: np.random.Generator) -> Iterator[np.ndarray]:
        """Yield the numbers of the samples of each batch of a pass, in an order that files can be read in.

        Neighbours are read together, in random order; many such groups are shuffled at a time. A data set below 268 MB
        is shuffled as a whole.
        """
        places, size = self.rows.places, max(1, self.rows.nbytes // max(1, len(self.rows)))
        run = max(1, _RUN // size)
        groups = [places[start : start + run] for start in range(0, len(places), run)]
        order, count = generator.permutation(len(groups)), max(1, _WINDOW // (size * run))
        windows = [order[start : start + count] for start in range(0, len(order), count)]
        left = np.empty(0, np.int64)
        for i, window in enumerate(windows):
            if i + 1 < len(windows):
                self.rows.advise(np.concatenate([groups[g] for g in windows[i + 1]]))
            chosen = np.concatenate([groups[g] for g in window])
            left = np.concatenate([left, chosen[generator.permutation(len(chosen))]])
            whole = len(left) // batch * batch
            yield from left[:whole].reshape(-1, batch)
            left = left[whole:]
        if len(left):
            yield left


# -- computed when they are taken ------------------------------------------------------------------------------
@dataclass(frozen=True)
class _Transform:
    """Makes spectra ``(samples, *modes, channels)`` of samples."""

    door: Door
    full_scale: float | None
    precision: np.dtype
    what: str

    def __call__(self, samples: np.ndarray, numbers: np.ndarray) -> np.ndarray:
        with np.errstate(over="ignore", invalid="ignore"):
            floats = as_floats(samples, self.full_scale, self.what)
            spectra = self.door.transform(Tensor(floats), self.precision).data
        if not np.isfinite(spectra).all():
            refuse_infinite(spectra, floats, self.what)
        return np.ascontiguousarray(np.moveaxis(spectra, -2, 0))


def refuse_infinite(spectra: np.ndarray, samples: np.ndarray, what: str) -> NoReturn:
    """Raise `DataError` for samples whose spectra are not finite."""
    got, todo = f"values up to {np.abs(samples).max():.3g}", "scale the images to [0, 1]"
    raise DataError(got_expected(what, got, f"a finite spectrum in {spectra.real.dtype}", todo))


def spectra_on_disk(door: Door, precision: np.dtype, dataset: Dataset, cache: str | Path | None) -> DiskSpectra:
    """Return the spectra of a dataset, computed whenever they are taken, or read from the entry of a folder.

    Parameters
    ----------
    door : Door
    precision : dtype
    dataset : Dataset
        In the units of the door. If its samples are some of those in files, the entry has the spectra of all of them.
    cache : path, optional
        The folder of entries. The entry is written first if it is not there. Several processes may do so.

    Raises
    ------
    DataError
        A spectrum is not finite, or an entry has changed since it was written.
    ConfigurationError
        The folder cannot be written to, or its disk is full.
    """
    stored = dataset.stored
    source: Rows = stored.source if isinstance(stored, DiskArray) else MemoryRows(stored)
    rows = stored.rows if isinstance(stored, DiskArray) else None
    transform = _Transform(door, dataset.full_scale, precision, f"images of {dataset.name}")
    computed = ConvertedRows(source, transform)
    if cache is None:
        return DiskSpectra(DiskArray(computed, rows))
    whole = _whole(dataset)
    about = {
        "format": _FORMAT,
        "samples": images_checksum(whole),
        "door": json.loads(json.dumps(asdict(door))),
        "precision": str(np.dtype(precision)),
    }
    return DiskSpectra(DiskArray(_entry(Path(cache).expanduser(), about, computed, whole), rows))


def _whole(dataset: Dataset) -> Dataset:
    """Return the dataset of all samples in the files of which a dataset has some; its targets are none."""
    stored = dataset.stored
    if not isinstance(stored, DiskArray):
        return dataset
    every = DiskArray(stored.source)
    return Dataset(dataset.name, every, np.empty(len(every)), dataset.classes, full_scale=dataset.full_scale)


# -- kept in files ---------------------------------------------------------------------------------------------
class _Checked:
    """Compares rows with their checksums when they are read for the first time."""

    def __init__(self, folder: Path, checksums: np.ndarray) -> None:
        self.folder, self.checksums = folder, checksums
        self._seen = np.zeros(len(checksums), bool)

    def __call__(self, rows: np.ndarray, numbers: np.ndarray) -> np.ndarray:
        new = np.flatnonzero(~self._seen[numbers])
        if len(new):
            odd = new[_checksums(rows[new]) != self.checksums[numbers[new]]]
            if len(odd):
                got = f"spectra of sample {numbers[odd[0]]} that have changed since they were written"
                raise DataError(_damaged(self.folder, got))
            self._seen[numbers[new]] = True
        return rows


def _checksums(rows: np.ndarray) -> np.ndarray:
    return np.fromiter((zlib.crc32(row.data) for row in np.ascontiguousarray(rows)), np.uint32, len(rows))


def _damaged(folder: Path, got: str) -> str:
    return got_expected(f"cache {folder}", got, "what was written there", "remove that folder, and run again")


def _entry(cache: Path, about: dict[str, Any], computed: Rows, whole: Dataset) -> Rows:
    """Return the rows of an entry, after writing it where it is not there; `whole` has the samples."""
    key = hashlib.sha256(json.dumps(about, sort_keys=True).encode()).hexdigest()[:16]
    folder = cache / key
    with _writable(cache), waited(cache):
        if not folder.exists():
            _write(cache, folder, about, computed, whole)
    try:
        found = json.loads((folder / _ABOUT).read_text(encoding="utf-8"))
        checksums, spectra = np.load(folder / _CHECKSUMS), NumpyRows(folder / _SPECTRA)
    # NumPy raises many unrelated types on damaged bytes.
    except Exception as error:
        raise DataError(_damaged(folder, f"files that cannot be read ({reason(error)})")) from error
    if found != about:
        names = [name for name in about if not isinstance(found, dict) or found.get(name) != about[name]]
        raise DataError(_damaged(folder, f"spectra of other {', '.join(names) or 'settings'}"))
    if (spectra.shape, spectra.dtype, checksums.shape) != (computed.shape, computed.dtype, computed.shape[:1]):
        raise DataError(_damaged(folder, f"{spectra.dtype} of shape {spectra.shape}"))
    return ConvertedRows(spectra, _Checked(folder, checksums))


@contextmanager
def _writable(cache: Path) -> Iterator[None]:
    """Tell errors of a folder of entries in one line, and make it if it is not there."""
    try:
        cache.mkdir(parents=True, exist_ok=True)
        yield
    except OSError as error:
        is_full = error.errno in (errno.ENOSPC, errno.EDQUOT)
        got = "a full disk" if is_full else f"a folder that cannot be written to ({reason(error)})"
        todo = "free some space, or name a folder on another disk" if is_full else "name another folder"
        raise ConfigurationError(got_expected(f"cache {cache}", got, "room for the spectra", todo)) from error


def _write(cache: Path, folder: Path, about: dict[str, Any], computed: Rows, whole: Dataset) -> None:
    for left in cache.glob(f"*{_PARTIAL}"):
        # Of a process that was killed: nobody else is writing. Other files may lie in the folder, with any names.
        if _KEY.fullmatch(left.name.removesuffix(_PARTIAL)):
            shutil.rmtree(left, ignore_errors=True)
    _require_room(cache, computed)
    partial = folder.with_name(folder.name + _PARTIAL)
    partial.mkdir()
    try:
        checksums = np.empty(computed.shape[0], np.uint32)
        with (partial / _SPECTRA).open("wb") as file:
            header = {"descr": computed.dtype.str, "fortran_order": False, "shape": computed.shape}
            np.lib.format.write_array_header_1_0(file, header)
            start = 0
            for block in DiskArray(computed).blocks():
                checksums[start : start + len(block)] = _checksums(block)
                file.write(block.data)
                start += len(block)
            file.flush()
            os.fsync(file.fileno())
        np.save(partial / _CHECKSUMS, checksums)
        _check_unchanged(whole, about)
        (partial / _ABOUT).write_text(json.dumps(about, indent=1), encoding="utf-8")
        partial.rename(folder)
    except BaseException:
        shutil.rmtree(partial, ignore_errors=True)
        raise


def _check_unchanged(whole: Dataset, about: dict[str, Any]) -> None:
    """Raise an error if samples have changed since their checksum was computed, by which an entry is found."""
    if isinstance(whole.stored, DiskArray):
        # Rows of their own: the checksums of the others are known, and would not be computed again.
        whole = replace(whole, stored=DiskArray(whole.stored.source, np.arange(len(whole))))
    if images_checksum(whole) != about["samples"]:
        got, todo = "values that changed while they were read", "leave the files alone, and run again"
        raise DataError(got_expected(f"samples of {whole.name}", got, "files that stay as they are", todo))


def _require_room(cache: Path, computed: Rows) -> None:
    needed, free = DiskArray(computed).nbytes, shutil.disk_usage(cache).free
    if needed > free:
        got, expected = f"{free / 1e9:.3g} GB of free space", f"{needed / 1e9:.3g} GB for the spectra"
        todo = "name a folder on another disk, or leave the cache out: the spectra are then computed in each epoch"
        raise ConfigurationError(got_expected(f"cache {cache}", got, expected, todo))
