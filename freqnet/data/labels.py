"""Labels of files, numbers or names, as class numbers and class names."""

from __future__ import annotations

import numpy as np

from freqnet.errors import DataError, got_expected, reason

# Larger class numbers are taken for a mistake, such as an identifier or a date: a name for every number below them
# would fill the memory before any other check could fail.
LARGEST_CLASS_COUNT = 100_000


def number_labels(labels: np.ndarray, classes: np.ndarray | None, name: str) -> tuple[np.ndarray, tuple[str, ...]]:
    """Return labels as class numbers, and the names of the classes.

    Whole numbers are class numbers already. Names are numbered by their place in ``classes``, or in sorted order where
    there is no ``classes``.

    Parameters
    ----------
    labels : ndarray
        Numbers or names ``(samples,)``.
    classes : ndarray of str, optional
        Class names ``(classes,)``, in the order of their numbers.
    name : str
        Name of the dataset or file, for the message.

    Returns
    -------
    numbers : ndarray of int64
        Class numbers ``(samples,)``.
    classes : tuple of str
        Class names.

    Raises
    ------
    DataError
        A label is not a whole number, is negative or too large, or is not one of the class names.

    Examples
    --------
    >>> number_labels(np.array(["dog", "cat", "dog"]), None, "pets")
    (array([1, 0, 1]), ('cat', 'dog'))
    >>> number_labels(np.array([0.0, 2.0]), None, "pets")
    (array([0, 2]), ('0', '1', '2'))
    """
    labels = np.asarray(labels)
    named = None if classes is None else _class_names(np.asarray(classes), name)
    if labels.ndim != 1 or labels.size == 0:
        got, todo = f"shape {labels.shape}", "give one label per sample"
        raise DataError(got_expected(f"labels of {name}", got, "shape (samples,)", todo))
    if labels.dtype.kind in "US":
        return _number_names(_as_text(labels, name), named, name)
    numbers = _whole_numbers(labels, name)
    lowest, highest = int(numbers.min()), int(numbers.max())
    if lowest < 0 or highest >= (len(named) if named else LARGEST_CLASS_COUNT):
        limit = f"0 to {len(named) - 1}, one per named class" if named else f"0 to {LARGEST_CLASS_COUNT - 1}"
        got, expected = f"labels from {lowest} to {highest}", f"labels from {limit}"
        raise DataError(got_expected(f"labels of {name}", got, expected, "number the classes from 0"))
    return numbers, named or tuple(str(number) for number in range(highest + 1))


def _class_names(classes: np.ndarray, name: str) -> tuple[str, ...]:
    if classes.ndim != 1 or classes.size == 0 or classes.dtype.kind not in "US":
        got, expected = f"shape {classes.shape} of dtype {classes.dtype}", "strings of shape (classes,)"
        todo = "save np.array([...names...]) as the array 'classes'"
        raise DataError(got_expected(f"classes of {name}", got, expected, todo))
    return tuple(_as_text(classes, name).tolist())


def _as_text(values: np.ndarray, name: str) -> np.ndarray:
    if values.dtype.kind == "U":
        return values
    try:
        return np.char.decode(values, "utf-8")
    except UnicodeDecodeError as error:
        got, todo = f"bytes ({reason(error)})", "save the names as strings"
        raise DataError(got_expected(f"names in {name}", got, "UTF-8 text", todo)) from error


def _number_names(labels: np.ndarray, named: tuple[str, ...] | None, name: str) -> tuple[np.ndarray, tuple[str, ...]]:
    present, numbers = np.unique(labels, return_inverse=True)
    if named is None:
        return numbers.astype(np.int64), tuple(present.tolist())
    unknown = sorted(set(present.tolist()) - set(named))
    if unknown:
        got, expected = f"the label {unknown[0]!r}", f"one of the {len(named)} names in the array 'classes'"
        todo = "add the name to 'classes', or correct the label"
        raise DataError(got_expected(f"labels of {name}", got, expected, todo))
    places = np.array([named.index(label) for label in present.tolist()], dtype=np.int64)
    return places[numbers], named


def _whole_numbers(labels: np.ndarray, name: str) -> np.ndarray:
    if labels.dtype.kind not in "biuf":
        got = f"dtype {labels.dtype}"
    else:
        # Above 2**62 the conversion to int64 could wrap around to a valid class number.
        broken = ~(np.abs(labels.astype(np.float64)) < 2.0**62)
        if labels.dtype.kind == "f":
            broken |= labels != np.floor(labels)
        if not broken.any():
            return labels.astype(np.int64)
        first = int(np.argmax(broken))
        got = f"{labels[first]} at index {first}"
    todo = "number the classes from 0, or save their names"
    raise DataError(got_expected(f"labels of {name}", got, "whole numbers or names", todo))
