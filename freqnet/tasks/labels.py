"""Labels of files, numbers or names, as class numbers and class names."""

from __future__ import annotations

from typing import Any

import numpy as np

from freqnet.errors import DataError, got_expected, reason

# float64 holds all whole numbers up to here.
_LARGEST_WHOLE = 2**53


def number_labels(labels: Any, classes: Any, name: str) -> tuple[np.ndarray, tuple[str, ...]]:
    """Return labels as class numbers, and the names of the classes.

    Where there is no ``classes``, the classes are the labels that occur: numbers in increasing order, names in sorted
    order. With ``classes``, whole numbers are places in it, and names are looked up in it.

    Parameters
    ----------
    labels : array_like
        Whole numbers or names ``(samples,)``. Booleans count as 0 and 1.
    classes : array_like of str, optional
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
        A label is missing, is not a whole number, or does not belong to ``classes``.

    Examples
    --------
    >>> number_labels(["dog", "cat", "dog"], None, "pets")
    (array([1, 0, 1]), ('cat', 'dog'))
    >>> number_labels([1990, 2003, 1990], None, "vintages")
    (array([0, 1, 0]), ('1990', '2003'))
    """
    values = _as_labels(labels, name)
    named = None if classes is None else _class_names(np.asarray(classes), name)
    if values.ndim != 1 or values.size == 0:
        got, todo = f"shape {values.shape}", "give one label per sample, as y.argmax(axis=1) does for one-hot rows"
        if values.ndim > 1:
            todo += ", or pass task='regression' for numbers, task='multi-label' for several labels"
        raise DataError(got_expected(f"labels of {name}", got, "shape (samples,)", todo))
    if values.dtype.kind in "US":
        return _number_names(_as_text(values, name), named, name)
    numbers = _whole_numbers(values, name)
    if named is None:
        present, places = np.unique(numbers, return_inverse=True)
        return places.astype(np.int64), tuple(str(number) for number in present.tolist())
    lowest, highest = int(numbers.min()), int(numbers.max())
    if lowest < 0 or highest >= len(named):
        got = f"labels from {lowest} to {highest}"
        expected = f"labels from 0 to {len(named) - 1}, one per named class"
        raise DataError(got_expected(f"labels of {name}", got, expected, "number the classes from 0"))
    return numbers, named


def _as_labels(labels: Any, name: str) -> np.ndarray:
    """Return labels as an array of one type; lists and arrays of objects may not mix numbers and names."""
    if np.ma.is_masked(labels):
        todo = "drop those samples, or fill the labels"
        raise DataError(got_expected(f"labels of {name}", "masked labels", "a label per sample", todo))
    array = np.asarray(labels)
    # NumPy turns the numbers in a list with names into text.
    if array.dtype.kind == "O" or (array.dtype.kind in "US" and not hasattr(labels, "dtype")):
        objects = np.asarray(labels, dtype=object)
        kinds = {"names" if isinstance(item, str | bytes) else "others" for item in objects.ravel().tolist()}
        missing = [i for i, item in enumerate(objects.ravel().tolist()) if item is None or item != item]
        if missing or len(kinds) > 1:
            got = f"no label at index {missing[0]}" if missing else "names and numbers together"
            todo = (
                "drop the samples without a label"
                if missing
                else "convert the labels, as with [str(y) for y in labels]"
            )
            raise DataError(got_expected(f"labels of {name}", got, "whole numbers or names", todo))
        array = np.array(objects.tolist())
    return array


def _class_names(classes: np.ndarray, name: str) -> tuple[str, ...]:
    if classes.dtype.kind == "O" and all(isinstance(item, str) for item in classes.ravel().tolist()):
        classes = classes.astype(str)
    if classes.ndim != 1 or classes.size == 0 or classes.dtype.kind not in "US":
        got, expected = f"shape {classes.shape} of dtype {classes.dtype}", "strings of shape (classes,)"
        todo = "pass an array of names as 'classes', as in np.array(['cat', 'dog'])"
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
        # A float beyond is a rounded number, and a larger whole number would wrap around in int64.
        largest = _LARGEST_WHOLE if labels.dtype.kind == "f" else 2**62
        broken = ~(np.abs(labels.astype(np.float64)) < largest)
        if labels.dtype.kind == "f":
            broken |= labels != np.floor(labels)
        if not broken.any():
            return labels.astype(np.int64)
        first = int(np.argmax(broken))
        got = f"{labels[first]} at index {first}"
    todo = "number the classes from 0, or save their names; pass task='regression' for numbers"
    raise DataError(got_expected(f"labels of {name}", got, "whole numbers or names", todo))
