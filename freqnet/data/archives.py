"""Read arrays from `.npz` archives and `.npy` files, never through pickle."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from freqnet.data.dataset import Dataset, check_images, validate
from freqnet.data.labels import number_labels
from freqnet.data.reasons import reason
from freqnet.errors import DataError, got_expected

ARRAY_SUFFIXES = (".npz", ".npy")


def load_archive(path: Path) -> Dataset:
    """Return the dataset of a `.npz` file with the arrays `x`, `y` and optionally `classes`.

    See `shape_samples` for how the axes and the dtype of `x` are read. `y` of shape `(samples,)`
    holds whole class numbers or class names.

    Raises:
        DataError: If the file is damaged, lacks an array, or its arrays do not fit together.
    """
    arrays, names = _read_arrays(path)
    if "x" not in arrays or "y" not in arrays:
        message = got_expected(
            f"archive {path}",
            f"the arrays {names}",
            "the arrays x and y",
            "save it with np.savez(file, x=images, y=labels)",
        )
        raise DataError(message)
    images = shape_samples(arrays["x"], str(path))
    labels, classes = number_labels(arrays["y"], arrays.get("classes"), str(path))
    return validate(Dataset(path.stem, images, labels, classes))


def load_samples(path: Path) -> np.ndarray:
    """Return the samples `(samples, *grid, channels)` of a `.npz` file's `x`, or of a `.npy` file.

    Raises:
        DataError: If the file is damaged, lacks `x`, or its values are not finite numbers.
    """
    arrays, names = _read_arrays(path)
    if "x" not in arrays:
        message = got_expected(
            f"archive {path}",
            f"the arrays {names}",
            "the array x",
            "save it with np.savez(file, x=images)",
        )
        raise DataError(message)
    images = shape_samples(arrays["x"], str(path))
    check_images(images, str(path))
    return images


def shape_samples(values: np.ndarray, name: str) -> np.ndarray:
    """Return values as float32 samples `(samples, *grid, channels)`.

    The number of axes decides what the last one is:

    - `(samples, length)`: 1-D signals of one channel;
    - `(samples, rows, columns)`: 2-D images of one channel;
    - `(samples, rows, columns, channels)`: 2-D images;
    - `(samples, depth, rows, columns, channels)`: 3-D volumes.

    Values of dtype uint8 are divided by 255; every other real dtype is taken as it is.

    Raises:
        DataError: If the axes fit none of these, the values are not real numbers, or images come
            with their channels first.

    >>> shape_samples(np.full((5, 8, 8), 255, dtype=np.uint8), "white").shape
    (5, 8, 8, 1)
    """
    if values.ndim not in (2, 3, 4, 5) or values.dtype.kind not in "biuf":
        message = got_expected(
            f"samples of {name}",
            f"shape {values.shape} of dtype {values.dtype}",
            "real numbers with 2 to 5 axes, such as (samples, rows, columns, channels)",
            "reshape or convert the array x",
        )
        raise DataError(message)
    _refuse_channels_first(values, name)
    if values.dtype == np.uint8:
        scaled = np.divide(values, 255, dtype=np.float32)
    else:
        # What overflows float32 becomes infinite, and the check for finite values reports it.
        with np.errstate(over="ignore"):
            scaled = values.astype(np.float32)
    return scaled[..., np.newaxis] if values.ndim < 4 else scaled


def _refuse_channels_first(values: np.ndarray, name: str) -> None:
    # An axis of 1 or 3 points carries no frequencies: it is channels, put first as PyTorch does.
    if values.ndim >= 4 and values.shape[1] in (1, 3) and values.shape[-1] > 4:
        message = got_expected(
            f"samples of {name}",
            f"shape {values.shape}",
            "the channels last",
            "move them with np.moveaxis(x, 1, -1)",
        )
        raise DataError(message)


def _read_arrays(path: Path) -> tuple[dict[str, np.ndarray], str]:
    """Return the arrays we use, and the names of all there are."""
    try:
        if path.stat().st_size == 0:
            raise ValueError("the file is empty")
        # Opened here, because np.load leaves a damaged file open that it opened itself.
        with path.open("rb") as stream:
            # Of other bytes numpy says that they are a pickle, and how to load it unsafely.
            if not stream.peek(6).startswith((b"PK", b"\x93NUMPY")):
                raise ValueError("it begins like neither format")
            opened = np.load(stream, allow_pickle=False)
            if isinstance(opened, np.ndarray):
                return {"x": opened}, "x"
            used = {name: opened[name] for name in ("x", "y", "classes") if name in opened.files}
            return used, ", ".join(sorted(opened.files)) or "(none)"
    except FileNotFoundError as error:
        message = got_expected("file", f"no file {path}", "an existing file", "check the path")
        raise DataError(message) from error
    # The readers of damaged zip and npy bytes raise a dozen unrelated types, MemoryError included.
    except Exception as error:
        message = got_expected(
            f"file {path}",
            f"a file that cannot be read ({reason(error)})",
            "a complete file of numbers or fixed-length strings, written by np.savez or np.save",
            "write it again, without object arrays",
        )
        raise DataError(message) from error
