"""Split a dataset into training, validation and test parts, the classes in equal proportion."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from freqnet.checks import is_finite, is_whole
from freqnet.data.dataset import Dataset
from freqnet.errors import ConfigurationError, DataError, got_expected


@dataclass(frozen=True, eq=False)
class Split:
    """The parts of a dataset; no sample is in two of them.

    Attributes:
        train: What the parameters are fitted to.
        validation: What decides when to stop; None where no part was set aside.
        test: What the final figures are measured on, once.
    """

    train: Dataset
    validation: Dataset | None
    test: Dataset


def split(dataset: Dataset, *, test: float = 0.2, validation: float = 0.0, seed: int = 0) -> Split:
    """Split a dataset at random, the same way for the same seed, each class in proportion.

    Args:
        dataset: What to split. If it has an official test set, that is the test part.
        test: The fraction of all samples that forms the test part, between 0 and 1; not used
            where there is an official test set.
        validation: The fraction of the remaining samples to set aside, from 0 (none) to below 1.
        seed: What the random choice depends on, from 0 to 2**32 - 1.

    Raises:
        ConfigurationError: If a fraction or the seed is out of range.
        DataError: If a part would be too small to hold every class in proportion.

    >>> images = np.zeros((100, 8, 8, 1), dtype=np.float32)
    >>> dataset = Dataset("blank", images, np.arange(100) % 2, ("even", "odd"))
    >>> parts = split(dataset, validation=0.1)
    >>> len(parts.train), len(parts.validation), len(parts.test), parts.test.class_counts()
    (72, 8, 20, {'even': 10, 'odd': 10})
    """
    _check_fraction("test", test, "above 0 and below 1", may_be_zero=False)
    _check_fraction("validation", validation, "at least 0 and below 1", may_be_zero=True)
    _check_seed(seed)
    if dataset.official_test:
        rest, tested = _around_official_test(dataset)
    else:
        rest, tested = _divide(dataset, np.arange(len(dataset)), test, "test", seed)
    train, validated = rest, None
    if validation > 0:
        train, validated = _divide(dataset, rest, validation, "validation", seed)
    part = None if validated is None else dataset.take(validated)
    return Split(dataset.take(train), part, dataset.take(tested))


def stratified_folds(dataset: Dataset, folds: int = 5, seed: int = 0) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Iterate over the folds of a cross-validation, each class in proportion in every fold.

    Every sample is tested in exactly one fold. An official test set takes no part: it stays
    unseen until the end.

    Args:
        dataset: What to divide.
        folds: How many folds, at least 2.
        seed: What the random choice depends on, from 0 to 2**32 - 1.

    Returns:
        Pairs of index arrays, `(training samples,)` and `(test samples,)`.

    Raises:
        ConfigurationError: If the number of folds or the seed is out of range.
        DataError: If a class has fewer samples than there are folds.

    >>> images = np.zeros((20, 8, 8, 1), dtype=np.float32)
    >>> dataset = Dataset("blank", images, np.arange(20) % 2, ("even", "odd"))
    >>> [(len(train), len(test)) for train, test in stratified_folds(dataset, 5)]
    [(16, 4), (16, 4), (16, 4), (16, 4), (16, 4)]
    """
    if not is_whole(folds) or folds < 2:
        message = got_expected("folds", folds, "a whole number of at least 2", "pass folds=5, say")
        raise ConfigurationError(message)
    _check_seed(seed)
    labels = dataset.labels[: len(dataset) - dataset.official_test]
    _check_members(dataset, labels, int(folds), f"{folds} folds", "ask for fewer folds")
    # scikit-learn takes over a second to import.
    from sklearn.model_selection import StratifiedKFold

    divider = StratifiedKFold(n_splits=int(folds), shuffle=True, random_state=int(seed))
    return iter(divider.split(np.zeros(len(labels)), labels))


def _around_official_test(dataset: Dataset) -> tuple[np.ndarray, np.ndarray]:
    cut = len(dataset) - dataset.official_test
    if cut < 1:
        message = got_expected(
            f"training part of {dataset.name}",
            f"0 samples beside {dataset.official_test} official test samples",
            "at least 1",
            "add training samples",
        )
        raise DataError(message)
    return np.arange(cut), np.arange(cut, len(dataset))


def _divide(
    dataset: Dataset, indices: np.ndarray, fraction: float, part: str, seed: int
) -> tuple[np.ndarray, np.ndarray]:
    """Return the indices that remain for training, and those of the part."""
    labels = dataset.labels[indices]
    _check_sizes(dataset, labels, fraction, part)
    # scikit-learn takes over a second to import.
    from sklearn.model_selection import train_test_split

    parts = train_test_split(indices, test_size=float(fraction), random_state=int(seed), stratify=labels)
    rest, taken = np.asarray(parts[0]), np.asarray(parts[1])
    missing = sorted(set(labels.tolist()) - set(dataset.labels[rest].tolist()))
    if missing:
        # With a large fraction, proportion can leave a rare class without one training sample.
        message = got_expected(
            f"split of {dataset.name}",
            f"no training sample of class {dataset.classes[missing[0]]!r}",
            "samples of every class",
            f"add samples or lower the {part} fraction",
        )
        raise DataError(message)
    return rest, taken


def _check_sizes(dataset: Dataset, labels: np.ndarray, fraction: float, part: str) -> None:
    way_out = ", or pass validation=0" if part == "validation" else ""
    _check_members(dataset, labels, 2, f"a training and a {part} part", f"add samples or leave the class out{way_out}")
    present = len(np.unique(labels))
    # The rounding of scikit-learn, which refuses a part that cannot hold every class.
    chosen = math.ceil(fraction * len(labels))
    if min(chosen, len(labels) - chosen) < present:
        message = got_expected(
            f"{part} fraction of {dataset.name}",
            f"{fraction}, so {len(labels) - chosen} training and {chosen} {part} samples",
            f"at least {present} of each, one per class",
            f"add samples or change the {part} fraction",
        )
        raise DataError(message)


def _check_members(dataset: Dataset, labels: np.ndarray, least: int, purpose: str, todo: str) -> None:
    if labels.size == 0:
        got, expected = "no samples", "at least one"
        raise DataError(got_expected(f"training part of {dataset.name}", got, expected, "add samples"))
    counts = np.bincount(labels, minlength=len(dataset.classes))
    present = np.flatnonzero(counts)
    rarest = int(present[np.argmin(counts[present])])
    if counts[rarest] < least:
        message = got_expected(
            f"class {dataset.classes[rarest]!r} of {dataset.name}",
            f"{counts[rarest]} sample{'s' if counts[rarest] > 1 else ''}",
            f"at least {least} for {purpose}",
            todo,
        )
        raise DataError(message)


def _check_fraction(name: str, value: float, expected: str, *, may_be_zero: bool) -> None:
    if not is_finite(value) or not (0 < value < 1 or (may_be_zero and value == 0)):
        message = got_expected(f"{name} fraction", value, expected, f"pass {name}=0.2, say")
        raise ConfigurationError(message)


def _check_seed(seed: int) -> None:
    if not is_whole(seed) or not 0 <= seed < 2**32:
        message = got_expected("seed", seed, "a whole number from 0 to 2**32 - 1", "pass seed=0, say")
        raise ConfigurationError(message)
