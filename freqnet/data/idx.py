"""IDX files, plain or gzipped: the format in which MNIST and similar datasets are published."""

from __future__ import annotations

import gzip
import math
import struct
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, NoReturn, cast

import numpy as np

from freqnet.errors import DataError, got_expected, reason

# Stems of the files of each part: images and labels.
TRAINING_FILES = ("train-images", "train-labels")
TEST_FILES = ("t10k-images", "t10k-labels")

_UNSIGNED_BYTE = 0x08
_CHUNK_BYTES = 1 << 20


def find_idx_files(folder: Path) -> dict[str, Path]:
    """Return the IDX files of a folder.

    Parameters
    ----------
    folder : Path
        Folder to search. Both common spellings are found, such as ``train-images-idx3-ubyte`` and
        ``train-images.idx3-ubyte``, with and without ``.gz``.

    Returns
    -------
    dict of str to Path
        The files by stem, such as ``train-images``; missing files are left out.
    """
    found: dict[str, Path] = {}
    for stem in TRAINING_FILES + TEST_FILES:
        axes = 3 if stem.endswith("images") else 1
        names = [f"{stem}{mark}idx{axes}-ubyte{suffix}" for mark in "-." for suffix in ("", ".gz")]
        present = [folder / name for name in names if (folder / name).is_file()]
        if present:
            found[stem] = present[0]
    return found


def read_idx_pair(images_path: Path, labels_path: Path) -> tuple[np.ndarray, np.ndarray]:
    """Return the arrays of a file of images and a file of labels.

    Parameters
    ----------
    images_path, labels_path : Path
        The files.

    Returns
    -------
    images : ndarray of uint8
        Images ``(samples, rows, columns)``.
    labels : ndarray of uint8
        Labels ``(samples,)``.

    Raises
    ------
    DataError
        A file is damaged, or the files differ in the number of samples.
    """
    images, labels = read_idx(images_path, 3), read_idx(labels_path, 1)
    if len(images) != len(labels):
        what = f"IDX pair {images_path.name} and {labels_path.name}"
        got = f"{len(images)} images but {len(labels)} labels"
        todo = "download both files from the same source again"
        raise DataError(got_expected(what, got, "equally many", todo))
    return images, labels


def read_idx(path: Path, axes: int) -> np.ndarray:
    """Return the array of an IDX file of unsigned bytes.

    Parameters
    ----------
    path : Path
        The file, plain or gzipped.
    axes : int
        Number of axes of the array.

    Returns
    -------
    ndarray of uint8
        The array.

    Raises
    ------
    DataError
        The file is missing, is not an IDX file, or is shorter or longer than its header says.
    """
    try:
        with opened(path) as stream:
            return _read_array(stream, path, axes)
    except (OSError, EOFError, zlib.error) as error:
        got = f"an unreadable file ({reason(error)})"
        raise DataError(got_expected(f"IDX file {path}", got, "a complete IDX file", "download it again")) from error


@contextmanager
def opened(path: Path) -> Iterator[IO[bytes]]:
    """Open a file that may be gzipped, and read what it holds."""
    # The first two bytes tell; the name may be wrong after renaming or unpacking.
    with path.open("rb") as stream:
        if stream.read(2) != b"\x1f\x8b":
            stream.seek(0)
            yield stream
            return
    with gzip.open(path, "rb") as unzipped:
        yield cast(IO[bytes], unzipped)


def _read_array(stream: IO[bytes], path: Path, axes: int) -> np.ndarray:
    header = stream.read(4 + 4 * axes)
    magic = bytes([0, 0, _UNSIGNED_BYTE, axes])
    if header[:4] != magic or len(header) < 4 + 4 * axes:
        got, expected = f"a header of {header.hex() or 'no bytes'}", f"magic number {magic.hex()} and {axes} lengths"
        _refuse(path, got, expected)
    shape = struct.unpack(f">{axes}I", header[4:])
    size = math.prod(shape)
    body = _read_at_most(stream, size + 1)
    if len(body) != size:
        got = f"more than {size} bytes" if len(body) > size else f"{len(body)} bytes"
        _refuse(path, f"{got} after the header", f"{size} bytes, as the header's lengths {shape} say")
    return np.frombuffer(body, dtype=np.uint8).reshape(shape)


def _read_at_most(stream: IO[bytes], count: int) -> bytes:
    # In pieces, because one large read would reserve whatever memory a damaged header asks for.
    body = bytearray()
    while len(body) < count:
        piece = stream.read(min(_CHUNK_BYTES, count - len(body)))
        if not piece:
            break
        body += piece
    return bytes(body)


def _refuse(path: Path, got: str, expected: str) -> NoReturn:
    raise DataError(got_expected(f"IDX file {path}", got, expected, "download it again"))
