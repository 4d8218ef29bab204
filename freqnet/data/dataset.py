"""A dataset in memory, samples with their targets, and the checks that every loader applies to it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, NoReturn

import numpy as np

from freqnet.checks import is_finite
from freqnet.display import Displayed
from freqnet.errors import DataError, got_expected, reason
from freqnet.on_disk import DiskArray
from freqnet.tasks import Classification, Task
from freqnet.values import as_floats, sample_ranges, value_range

if TYPE_CHECKING:
    from freqnet.data.measured import Measured

# Whole numbers that were divided and multiplied again are off by less.
_NEARLY_WHOLE = 1e-2


# Datasets are compared by identity, because comparing arrays has no single truth value.
# More than 8 fields: loaders fill in what the format of the files tells.
@dataclass(frozen=True, eq=False, repr=False)
class Dataset(Displayed):
    """Samples on a 1-D, 2-D or 3-D grid, with a target each.

    Attributes
    ----------
    name : str
        Name of the dataset in reports.
    stored : ndarray or DiskArray, of float32, float64, or uint8
        Samples ``(samples, *grid, channels)`` as they lie in memory, or in files that are read where it is indexed:
        see `freqnet.data.load`. Loaders return float64 only where float32 would
        lose what varies, and keep whole numbers of 8 bits, which take a quarter of the memory: `images` are then these
        divided by ``full_scale``.
    targets : ndarray
        What a network is to compute, as the task says: class numbers ``(samples,)`` of int64, from 0 to
        ``len(classes) - 1``; labels of 0 and 1 ``(samples, labels)``; numbers ``(samples, outputs)``; or signals
        ``(samples, *grid, channels)``.
    classes : tuple of str
        Names of the outputs: of the classes in the order of their numbers, of the labels, of the numbers of a
        regression, or of the channels of a field.
    official_test : int
        Number of samples at the end that form the official test set of the dataset; 0 where it has none.
    full_scale : float, optional
        The whole number that ``images`` hold as 1, such as 255 for images of 8 bits, and 1 for whole numbers that were
        not divided. A network that is trained on the dataset divides whole numbers by it. None for values that were
        floats from the start.
    layout : str
        Names of the axes as they lay in the array, such as ``"n c h w"``; empty where the format of the files, such as
        that of images, states them.
    rate : str
        Sampling rate of the files, such as ``"8000 Hz"``; empty where they have none.
    task : Task
        What the targets are [classes].
    official_validation : int
        Number of samples before the official test set that form the official validation set; 0 where it has none.
    measured : Measured, optional
        The convention of measured spectra, of which the samples, and the targets of a field, are frequency bins: see
        `freqnet.data.from_spectra`. None for samples and signals of space or time.

    Examples
    --------
    >>> images = np.zeros((4, 8, 8, 1), dtype=np.float32)
    >>> Dataset("blank", images, np.array([0, 1, 0, 1]), ("cat", "dog"))
    Dataset('blank', samples=4, grid=(8, 8), channels=1, classes=2)
    """

    name: str
    stored: np.ndarray | DiskArray
    targets: np.ndarray
    classes: tuple[str, ...]
    official_test: int = 0
    full_scale: float | None = None
    layout: str = ""
    rate: str = ""
    task: Task = field(default_factory=Classification)
    official_validation: int = 0
    measured: Measured | None = None

    def __len__(self) -> int:
        return len(self.targets)

    def __repr__(self) -> str:
        what = "classes" if self.task.name == "classification" else "labels" if self.task.has_classes else "outputs"
        named = "" if self.task.name == "classification" else f", task={self.task.name!r}"
        measured = "" if self.measured is None else f", measured='{self.measured}'"
        return (
            f"Dataset({self.name!r}, samples={len(self)}, grid={self.grid}, "
            f"channels={self.channels}, {what}={len(self.classes)}{named}{measured})"
        )

    @property
    def masks(self) -> int:
        """Number of channels at the end that hold masks of what was measured."""
        return 0 if self.measured is None else self.measured.masks

    @property
    def grid(self) -> tuple[int, ...]:
        """Number of sample points along each axis."""
        return tuple(self.stored.shape[1:-1])

    @property
    def channels(self) -> int:
        """Number of values at each grid point: 1 for grey images, 3 for colour images."""
        return int(self.stored.shape[-1])

    @property
    def images(self) -> np.ndarray:
        """Samples ``(samples, *grid, channels)`` as floats.

        Where whole numbers are stored, each access makes the floats anew, and the array cannot be written to, because
        the dataset would not change. Where samples stay in files, all of them are read.
        """
        return self.floats()

    @property
    def on_disk(self) -> bool:
        """Whether the samples stay in files, and are read in parts."""
        return isinstance(self.stored, DiskArray)

    def indexed(self) -> np.ndarray | DiskArray:
        """Return samples ``(samples, *grid, channels)`` as floats, to be indexed by numbers of samples.

        Samples in files stay there.
        """
        if not isinstance(self.stored, DiskArray):
            return self.images
        return self.stored if self.stored.dtype.kind == "f" else self.stored.converted(_Divided(self.full_scale))

    def floats(self, part: slice = slice(None)) -> np.ndarray:
        """Return some samples ``(chosen, *grid, channels)`` as floats, as `images` holds them.

        Parameters
        ----------
        part : slice
            Range of sample numbers; by default all samples.

        Examples
        --------
        >>> levels = np.array([[0], [51], [255]], dtype=np.uint8).reshape(3, 1, 1)
        >>> dataset = Dataset("levels", levels, np.array([0, 1, 1]), ("dark", "light"), full_scale=255.0)
        >>> dataset.floats(slice(0, 2)).ravel()
        array([0. , 0.2], dtype=float32)
        """
        chosen = self.stored[part]
        if chosen.dtype.kind == "f":
            return chosen
        made = as_floats(chosen, self.full_scale, f"images of {self.name}")
        made.flags.writeable = False
        return made

    def take(self, indices: Sequence[int] | np.ndarray) -> Dataset:
        """Return chosen samples, in the given order, as a dataset without official parts.

        Parameters
        ----------
        indices : sequence of int, or ndarray
            Sample numbers ``(chosen,)``, or a mask ``(samples,)``.

        Returns
        -------
        Dataset
            The chosen samples, with all classes.

        Raises
        ------
        DataError
            An index is not a whole number or is out of range.

        Examples
        --------
        >>> images = np.zeros((4, 8, 8, 1), dtype=np.float32)
        >>> Dataset("blank", images, np.array([0, 1, 0, 1]), ("cat", "dog")).take([3, 0]).targets
        array([1, 0])
        """
        # NumPy makes an empty list an array of floats, which cannot index.
        chosen = np.asarray(indices) if len(indices) else np.empty(0, dtype=np.int64)
        try:
            # Samples in files stay there.
            stored = self.stored.view(chosen) if isinstance(self.stored, DiskArray) else self.stored[chosen]
            targets = self.targets[chosen]
            return replace(self, stored=stored, targets=targets, official_test=0, official_validation=0)
        except IndexError as error:
            got, expected = f"indices that do not fit ({reason(error)})", f"whole numbers below {len(self)}"
            todo = "pass sample numbers of this dataset"
            raise DataError(got_expected(f"samples of {self.name}", got, expected, todo)) from error

    def with_classes(self, classes: Sequence[str]) -> Dataset:
        """Return the same samples with the outputs of another dataset or of a model.

        Classes and labels are matched by name; numbers and channels must be as many, and are matched by name where the
        names are the same.

        Parameters
        ----------
        classes : sequence of str
            Names of the outputs, in their new order.

        Returns
        -------
        Dataset
            The same samples, with their targets in that order.

        Raises
        ------
        DataError
            A class of this dataset is not among them, or there are more or fewer numbers.

        Examples
        --------
        >>> images = np.zeros((2, 8, 1), dtype=np.float32)
        >>> Dataset("blank", images, np.array([0, 1]), ("cat", "dog")).with_classes(["ape", "dog", "cat"]).targets
        array([2, 1])
        """
        targets = self.task.renamed(self.targets, self.classes, list(classes), self.name)
        return replace(self, targets=targets, classes=tuple(classes))

    def scaled_to(self, full_scale: float | None) -> Dataset:
        """Return the same samples in the units of a network that divides whole numbers by another number.

        Parameters
        ----------
        full_scale : float, optional
            The network's divisor of whole numbers.

        Returns
        -------
        Dataset
            The dataset itself where its `full_scale` is the same, or where one of the two is None.

        Examples
        --------
        >>> images = np.ones((2, 8, 1), dtype=np.float32)
        >>> bits = Dataset("bits", images, np.array([0, 1]), ("no", "yes"), full_scale=51.0)
        >>> float(bits.scaled_to(255.0).images.max())
        0.2...
        """
        if None in (full_scale, self.full_scale) or full_scale == self.full_scale:
            return self
        if self.stored.dtype.kind != "f":
            return replace(self, full_scale=full_scale)
        change = _Rescaled(self.full_scale, full_scale)
        stored = self.stored.converted(change) if isinstance(self.stored, DiskArray) else change(self.stored)
        return replace(self, stored=stored, full_scale=full_scale)

    def class_counts(self) -> dict[str, int]:
        """Return the number of samples of each class or label, including those without samples.

        Returns
        -------
        dict of str to int
            Number of samples by class name; empty where the task has no classes.

        Examples
        --------
        >>> images = np.zeros((3, 8, 8, 1), dtype=np.float32)
        >>> Dataset("blank", images, np.array([0, 1, 0]), ("cat", "dog")).class_counts()
        {'cat': 2, 'dog': 1}
        """
        if not self.task.has_classes:
            return {}
        one_each = self.targets.ndim == 1
        counts = np.bincount(self.targets, minlength=len(self.classes)) if one_each else self.targets.sum(axis=0)
        return {name: int(count) for name, count in zip(self.classes, counts, strict=True)}


# What is done to samples, in memory or when they are read. Instances can be sent to other processes.
@dataclass(frozen=True)
class _Divided:
    """Makes floats of whole numbers."""

    full_scale: float | None

    def __call__(self, samples: np.ndarray, numbers: np.ndarray | None = None) -> np.ndarray:
        return as_floats(samples, self.full_scale)


@dataclass(frozen=True)
class _Rescaled:
    """Divides the whole numbers, of which samples are floats, by another number."""

    before: float | None
    after: float | None

    def __call__(self, samples: np.ndarray, numbers: np.ndarray | None = None) -> np.ndarray:
        with np.errstate(over="ignore", invalid="ignore"):
            raw = samples * samples.dtype.type(self.before)
            # The whole numbers themselves, divided as the network divides them. Resampled samples are none.
            whole = np.rint(raw)
            raw = whole if np.abs(raw - whole).max(initial=0.0) < _NEARLY_WHOLE else raw
        return np.asarray(raw / raw.dtype.type(self.after))


def validate(dataset: Dataset) -> Dataset:
    """Return a dataset unchanged after checking that a network can be trained on it.

    Parameters
    ----------
    dataset : Dataset
        Dataset to check.

    Returns
    -------
    Dataset
        The same dataset.

    Raises
    ------
    DataError
        There are no samples or no channels, the grid is not 1-D to 3-D, images and targets differ in number, a value is
        NaN or infinite, a label is out of range or never occurs, fewer than two classes occur, two outputs have the
        same name, or no sample is outside the official test and validation sets.

    Examples
    --------
    >>> images = np.zeros((3, 8, 8, 1), dtype=np.float32)
    >>> validate(Dataset("blank", images, np.array([0, 0, 0]), ("cat", "dog")))
    Traceback (most recent call last):
        ...
    freqnet.errors.DataError: classes of blank: got samples of 1 class, expected samples of at \
least 2 classes; add samples of another class
    """
    check_images(dataset.stored, dataset.name, dataset.full_scale)
    dataset.task.check(dataset.targets, dataset.classes, len(dataset.stored), dataset.name)
    held = dataset.official_test + dataset.official_validation
    for part, count in (("validation", dataset.official_validation), ("test", dataset.official_test)):
        if count < 0 or (count and held >= len(dataset)):
            got = f"{count} of {len(dataset)} samples"
            expected, todo = "at least 0 samples, and fewer than all of them", "leave samples to train on"
            raise DataError(got_expected(f"official {part} set of {dataset.name}", got, expected, todo))
    return dataset


def check_images(images: np.ndarray | DiskArray, name: str, full_scale: float | None = None) -> None:
    """Check the shape, the dtype and the values of images ``(samples, *grid, channels)``.

    Parameters
    ----------
    images : ndarray or DiskArray
        Images to check.
    name : str
        Name of the dataset or file, for the message.
    full_scale : float, optional
        The whole number that stands for 1; without it, whole numbers are refused.

    Raises
    ------
    DataError
        The array is empty, its axes do not fit, or a value is not a finite float.

    Examples
    --------
    >>> check_images(np.zeros((2, 8, 8, 1), dtype=np.float32), "blank")
    """
    what = f"images of {name}"
    if images.ndim not in (3, 4, 5) or images.size == 0:
        expected = "(samples, *grid, channels) with a 1-D, 2-D or 3-D grid, at least 1 sample and 1 channel"
        todo = "reshape the images, or add the missing samples or channels"
        raise DataError(got_expected(what, f"shape {images.shape}", expected, todo))
    if images.dtype == np.uint8 and full_scale is not None:
        _check_full_scale(full_scale, name)
        return
    if images.dtype.kind != "f":
        todo = "convert with images.astype('float32')"
        raise DataError(got_expected(what, f"dtype {images.dtype}", "float32", todo))
    low, high = value_range(images)
    # A value that is not finite is among the lowest or the highest: most arrays need no array of flags.
    if not (np.isfinite(low) & np.isfinite(high)).all():
        if isinstance(images, DiskArray):
            _tell_not_finite(images, what)
        finite = np.isfinite(images)
        not_a_number = int(np.isnan(images).sum())
        infinite = int(finite.size - finite.sum()) - not_a_number
        first = tuple(int(axis) for axis in np.unravel_index(int(np.argmin(finite)), finite.shape))
        got = f"{not_a_number} NaN and {infinite} infinite values, the first at index {first}"
        expected = "only values that are finite in float32"
        raise DataError(got_expected(what, got, expected, "drop or repair those samples"))


def _tell_not_finite(images: DiskArray, what: str) -> NoReturn:
    is_odd = ~np.isfinite(np.concatenate(sample_ranges(images), axis=1)).all(axis=1)
    got = f"{int(is_odd.sum())} samples with NaN or infinite values, the first at index {int(np.argmax(is_odd))}"
    raise DataError(got_expected(what, got, "only values that are finite in float32", "drop or repair those samples"))


def _check_full_scale(full_scale: float, name: str) -> None:
    """Refuse a divisor of whole numbers of 8 bits that leaves no finite float."""
    if not is_finite(full_scale) or full_scale < 255 / float(np.finfo(np.float32).max):
        expected, todo = "a number above 0 that leaves 255 finite", "pass full_scale=255"
        raise DataError(got_expected(f"full_scale of {name}", full_scale, expected, todo))
