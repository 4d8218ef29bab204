"""A labelled dataset in memory, and the checks that every loader runs on it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from freqnet.data.reasons import reason
from freqnet.errors import DataError, got_expected


# Equality is identity here: comparing two arrays element by element has no single truth value.
@dataclass(frozen=True, eq=False, repr=False)
class Dataset:
    """Labelled samples on a 1-D, 2-D or 3-D grid.

    Attributes:
        name: What the dataset is called in reports.
        images: Sample values of shape `(samples, *grid, channels)`, float32.
        labels: Class numbers of shape `(samples,)`, int64, in `0..len(classes) - 1`.
        classes: Class names, in the order of their numbers.
        official_test: How many trailing samples form the dataset's own test set; 0 means none.

    >>> images = np.zeros((4, 8, 8, 1), dtype=np.float32)
    >>> Dataset("blank", images, np.array([0, 1, 0, 1]), ("cat", "dog"))
    Dataset('blank', samples=4, grid=(8, 8), channels=1, classes=2)
    """

    name: str
    images: np.ndarray
    labels: np.ndarray
    classes: tuple[str, ...]
    official_test: int = 0

    def __len__(self) -> int:
        return len(self.labels)

    def __repr__(self) -> str:
        return (
            f"Dataset({self.name!r}, samples={len(self)}, grid={self.grid}, "
            f"channels={self.channels}, classes={len(self.classes)})"
        )

    @property
    def grid(self) -> tuple[int, ...]:
        """The number of sample points along each axis, without samples and channels."""
        return tuple(self.images.shape[1:-1])

    @property
    def channels(self) -> int:
        """The number of values at each grid point: 1 for grey images, 3 for colour."""
        return int(self.images.shape[-1])

    def take(self, indices: Sequence[int] | np.ndarray) -> Dataset:
        """Return the chosen samples, in the order given, as a dataset without an official test set.

        Args:
            indices: Sample numbers of shape `(chosen,)`, or a mask of shape `(samples,)`.

        Raises:
            DataError: If an index is not a whole number, or lies outside the dataset.

        >>> images = np.zeros((4, 8, 8, 1), dtype=np.float32)
        >>> Dataset("blank", images, np.array([0, 1, 0, 1]), ("cat", "dog")).take([3, 0]).labels
        array([1, 0])
        """
        # numpy makes an empty list an array of floats, which cannot index.
        chosen = np.asarray(indices) if len(indices) else np.empty(0, dtype=np.int64)
        try:
            return Dataset(self.name, self.images[chosen], self.labels[chosen], self.classes)
        except IndexError as error:
            message = got_expected(
                f"samples of {self.name}",
                f"indices that do not fit ({reason(error)})",
                f"whole numbers below {len(self)}",
                "choose samples of this dataset",
            )
            raise DataError(message) from error

    def class_counts(self) -> dict[str, int]:
        """Return how many samples each class has, classes without samples included.

        >>> images = np.zeros((3, 8, 8, 1), dtype=np.float32)
        >>> Dataset("blank", images, np.array([0, 1, 0]), ("cat", "dog")).class_counts()
        {'cat': 2, 'dog': 1}
        """
        counts = np.bincount(self.labels, minlength=len(self.classes))
        return {name: int(count) for name, count in zip(self.classes, counts, strict=True)}


def validate(dataset: Dataset) -> Dataset:
    """Return the dataset unchanged if it can be trained on; every loader ends with this check.

    Raises:
        DataError: If there are no samples or no channels, the grid is not 1-D to 3-D, images and
            labels differ in number, a value is NaN or infinite, a label is out of range, fewer
            than two classes occur, class names repeat, or the official test set is no proper part.

    >>> images = np.zeros((3, 8, 8, 1), dtype=np.float32)
    >>> validate(Dataset("blank", images, np.array([0, 0, 0]), ("cat", "dog")))
    Traceback (most recent call last):
        ...
    freqnet.errors.DataError: classes of blank: got samples of 1 class, expected samples of at \
least 2 classes; add samples of another class
    """
    check_images(dataset.images, dataset.name)
    _check_labels(dataset)
    _check_classes(dataset)
    if not 0 <= dataset.official_test < len(dataset):
        message = got_expected(
            f"official test set of {dataset.name}",
            f"{dataset.official_test} of {len(dataset)} samples",
            "at least 0 samples, and fewer than all of them",
            "leave samples to train on",
        )
        raise DataError(message)
    return dataset


def check_images(images: np.ndarray, name: str) -> None:
    """Check the shape, the dtype and the finiteness of `(samples, *grid, channels)` images.

    Raises:
        DataError: If there is nothing in the array, or anything in it that is not a finite float.
    """
    if images.ndim not in (3, 4, 5) or images.size == 0:
        message = got_expected(
            f"images of {name}",
            f"shape {images.shape}",
            "(samples, *grid, channels) with a 1-D, 2-D or 3-D grid, at least 1 sample and 1 channel",
            "reshape the images, or add the missing samples or channels",
        )
        raise DataError(message)
    if images.dtype.kind != "f":
        message = got_expected(
            f"images of {name}", f"dtype {images.dtype}", "float32", "convert with images.astype('float32')"
        )
        raise DataError(message)
    _check_finite(images, name)


def _check_finite(images: np.ndarray, name: str) -> None:
    finite = np.isfinite(images)
    if finite.all():
        return
    not_a_number = int(np.isnan(images).sum())
    infinite = int(finite.size - finite.sum()) - not_a_number
    first = tuple(int(axis) for axis in np.unravel_index(int(np.argmin(finite)), finite.shape))
    message = got_expected(
        f"images of {name}",
        f"{not_a_number} NaN and {infinite} infinite values, the first at index {first}",
        "only values that are finite in float32",
        "drop or repair those samples",
    )
    raise DataError(message)


def _check_labels(dataset: Dataset) -> None:
    labels, count = dataset.labels, len(dataset.images)
    if labels.shape != (count,):
        message = got_expected(
            f"labels of {dataset.name}",
            f"shape {labels.shape} for {count} images",
            f"shape ({count},)",
            "give one label per image",
        )
        raise DataError(message)
    if labels.dtype.kind not in "iu":
        message = got_expected(
            f"labels of {dataset.name}",
            f"dtype {labels.dtype}",
            "int64",
            "convert with labels.astype('int64')",
        )
        raise DataError(message)
    _check_range(dataset)


def _check_range(dataset: Dataset) -> None:
    labels = dataset.labels
    lowest, highest = int(labels.min()), int(labels.max())
    if lowest < 0 or highest >= len(dataset.classes):
        message = got_expected(
            f"labels of {dataset.name}",
            f"labels from {lowest} to {highest}",
            f"labels from 0 to {len(dataset.classes) - 1} for {len(dataset.classes)} classes",
            "number the classes from 0, or name the missing classes",
        )
        raise DataError(message)


def _check_classes(dataset: Dataset) -> None:
    if len(set(dataset.classes)) < len(dataset.classes):
        repeated = next(name for name in dataset.classes if dataset.classes.count(name) > 1)
        message = got_expected(
            f"classes of {dataset.name}",
            f"the name {repeated!r} more than once",
            "a different name for every class",
            "rename or merge the classes",
        )
        raise DataError(message)
    if int(dataset.labels.min()) == int(dataset.labels.max()):
        message = got_expected(
            f"classes of {dataset.name}",
            "samples of 1 class",
            "samples of at least 2 classes",
            "add samples of another class",
        )
        raise DataError(message)
