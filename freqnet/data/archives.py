"""Arrays of ``.npz`` and ``.npy`` files, read without pickle."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from freqnet.data.dataset import Dataset, check_images, validate
from freqnet.data.labels import number_labels
from freqnet.errors import DataError, got_expected, reason
from freqnet.values import as_floats, compact, full_scale_of


def load_archive(path: Path) -> Dataset:
    """Return the dataset of a ``.npz`` file.

    Parameters
    ----------
    path : Path
        File with the arrays ``x``, ``y`` and optionally ``classes``. `shape_samples` describes the axes and the dtype
        of ``x``. The array ``y`` of shape ``(samples,)`` holds class numbers or class names.

    Returns
    -------
    Dataset
        The dataset, named after the file.

    Raises
    ------
    DataError
        The file is damaged, an array is missing, or the arrays do not fit together.
    """
    arrays = _read_arrays(path, labelled=True)
    images = shape_samples(arrays["x"], str(path))
    labels, classes = number_labels(arrays["y"], arrays.get("classes"), str(path))
    return validate(Dataset(path.stem, images, labels, classes, full_scale=full_scale_of(arrays["x"])))


def load_samples(path: Path) -> np.ndarray:
    """Return the samples of the array ``x`` of a ``.npz`` file, or of a ``.npy`` file.

    Parameters
    ----------
    path : Path
        The file.

    Returns
    -------
    ndarray of float32
        Samples ``(samples, *grid, channels)``.

    Raises
    ------
    DataError
        The file is damaged, has no array ``x``, or a value is not a finite number.
    """
    images = shape_samples(_read_arrays(path, labelled=False)["x"], str(path))
    check_images(images, str(path))
    return images


def shape_samples(values: np.ndarray, name: str) -> np.ndarray:
    """Return an array as samples ``(samples, *grid, channels)``.

    Parameters
    ----------
    values : ndarray
        One of ``(samples, length)``, ``(samples, rows, columns)``, ``(samples, rows, columns, channels)`` and
        ``(samples, depth, rows, columns, channels)``. Values of dtype uint8 are divided by 255; other real values are
        not scaled.
    name : str
        Name of the dataset or file, for the message.

    Returns
    -------
    ndarray of float32
        The samples.

    Raises
    ------
    DataError
        The axes fit none of these shapes, the values are not real numbers, or the channels come first.

    Examples
    --------
    >>> shape_samples(np.full((5, 8, 8), 255, dtype=np.uint8), "white").shape
    (5, 8, 8, 1)
    """
    what = f"samples of {name}"
    if values.ndim not in (2, 3, 4, 5) or values.dtype.kind not in "biuf":
        got = f"shape {values.shape} of dtype {values.dtype}"
        expected = "real numbers with 2 to 5 axes, such as (samples, rows, columns, channels)"
        raise DataError(got_expected(what, got, expected, "reshape or convert the array x"))
    # PyTorch puts channels first. An axis of 1 or 3 points carries hardly any frequency, so it must be the channels.
    if values.ndim >= 4 and values.shape[1] in (1, 3) and values.shape[-1] > 4:
        todo = "move them with np.moveaxis(x, 1, -1)"
        raise DataError(got_expected(what, f"shape {values.shape}", "the channels last", todo))
    scaled = as_floats(values, what=what)
    return compact(scaled[..., np.newaxis] if values.ndim < 4 else scaled)


def _read_arrays(path: Path, *, labelled: bool) -> dict[str, np.ndarray]:
    """Return those arrays of a file that are named x, y or classes; x is required, and y where there are labels."""
    try:
        if path.stat().st_size == 0:
            raise ValueError("the file is empty")
        # Opened here, because np.load does not close a damaged file that it opened itself.
        with path.open("rb") as stream:
            # For other bytes the message of NumPy would suggest to load a pickle, which is unsafe.
            if not stream.peek(6).startswith((b"PK", b"\x93NUMPY")):
                raise ValueError("it begins like neither format")
            opened = np.load(stream, allow_pickle=False)
            stored = {"x": opened} if isinstance(opened, np.ndarray) else opened
            names = sorted(stored)
            arrays = {name: stored[name] for name in ("x", "y", "classes") if name in names}
    except FileNotFoundError as error:
        raise DataError(got_expected("file", f"no file {path}", "an existing file", "check the path")) from error
    # NumPy raises a dozen unrelated types on damaged bytes, MemoryError included.
    except Exception as error:
        got = f"a file that cannot be read ({reason(error)})"
        expected = "a complete file of numbers or fixed-length strings, written by np.savez or np.save"
        raise DataError(got_expected(f"file {path}", got, expected, "write it again, without object arrays")) from error
    if "x" not in arrays or (labelled and "y" not in arrays):
        expected, example = ("arrays x and y", "x=images, y=labels") if labelled else ("array x", "x=images")
        got, todo = f"the arrays {', '.join(names) or '(none)'}", f"save it with np.savez(file, {example})"
        raise DataError(got_expected(f"archive {path}", got, f"the {expected}", todo))
    return arrays
