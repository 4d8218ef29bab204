"""Read the IDX files in which MNIST and its relatives are published, plain or gzipped."""

from __future__ import annotations

import gzip
import struct
import zlib
from pathlib import Path
from typing import NoReturn, Protocol

import numpy as np

from freqnet.data.reasons import reason
from freqnet.errors import DataError, got_expected

# The two files of each part, as (images, labels), by their stems.
TRAINING_FILES = ("train-images", "train-labels")
TEST_FILES = ("t10k-images", "t10k-labels")

_UNSIGNED_BYTE = 0x08
_CHUNK_BYTES = 1 << 20


class _Readable(Protocol):
    """What plain and gzipped files have in common."""

    def read(self, size: int, /) -> bytes:
        """Return up to `size` bytes, none at the end of the file."""
        ...


def find_idx_files(folder: Path) -> dict[str, Path]:
    """Return the IDX files of a folder by stem (`train-images`, ...); missing ones are left out.

    Both spellings in circulation are found, `train-images-idx3-ubyte` and
    `train-images.idx3-ubyte`, each with or without `.gz`.
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
    """Return images `(samples, rows, columns)` and labels `(samples,)`, both uint8.

    Raises:
        DataError: If a file is damaged, or the two do not hold equally many samples.
    """
    images, labels = read_idx(images_path, 3), read_idx(labels_path, 1)
    if len(images) != len(labels):
        message = got_expected(
            f"IDX pair {images_path.name} and {labels_path.name}",
            f"{len(images)} images but {len(labels)} labels",
            "equally many",
            "download both files from the same source again",
        )
        raise DataError(message)
    return images, labels


def read_idx(path: Path, axes: int) -> np.ndarray:
    """Return the array of one IDX file: unsigned bytes with the given number of axes.

    Raises:
        DataError: If the file is missing, empty, not IDX, or shorter or longer than it says.
    """
    # The two leading bytes of gzip decide, since downloads are often renamed or unpacked in place.
    try:
        with path.open("rb") as stream:
            if stream.read(2) != b"\x1f\x8b":
                stream.seek(0)
                return _read_array(stream, path, axes)
        with gzip.open(path, "rb") as stream:
            return _read_array(stream, path, axes)
    except (OSError, EOFError, zlib.error) as error:
        message = got_expected(
            f"IDX file {path}",
            f"an unreadable file ({reason(error)})",
            "a complete IDX file",
            "download it again",
        )
        raise DataError(message) from error


def _read_array(stream: _Readable, path: Path, axes: int) -> np.ndarray:
    header = stream.read(4 + 4 * axes)
    magic = bytes([0, 0, _UNSIGNED_BYTE, axes])
    if header[:4] != magic or len(header) < 4 + 4 * axes:
        _refuse(
            path,
            f"a header of {header.hex() or 'no bytes'}",
            f"magic number {magic.hex()} and {axes} lengths",
        )
    shape = struct.unpack(f">{axes}I", header[4:])
    size = 1
    for length in shape:
        size *= length
    body = _read_at_most(stream, size + 1)
    if len(body) != size:
        got = f"more than {size} bytes" if len(body) > size else f"{len(body)} bytes"
        _refuse(path, f"{got} after the header", f"{size} bytes, as the header's lengths {shape} say")
    return np.frombuffer(body, dtype=np.uint8).reshape(shape)


def _read_at_most(stream: _Readable, count: int) -> bytes:
    # In pieces, because one large read reserves the memory that a damaged header may ask for.
    body = bytearray()
    while len(body) < count:
        piece = stream.read(min(_CHUNK_BYTES, count - len(body)))
        if not piece:
            break
        body += piece
    return bytes(body)


def _refuse(path: Path, got: str, expected: str) -> NoReturn:
    raise DataError(got_expected(f"IDX file {path}", got, expected, "download it again"))
