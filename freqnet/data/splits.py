"""Splits of a dataset into training, validation and test parts, stratified by class where there are classes."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from freqnet.checks import is_finite, is_whole
from freqnet.data.dataset import Dataset
from freqnet.errors import ConfigurationError, DataError, got_expected


@dataclass(frozen=True, eq=False)
class Split:
    """The disjoint parts of a dataset.

    Attributes
    ----------
    train : Dataset
        Samples to which the parameters are fitted.
    validation : Dataset, optional
        Samples that decide when training stops; ``None`` where there is no such part.
    test : Dataset
        Samples on which the final figures are measured.
    """

    train: Dataset
    validation: Dataset | None
    test: Dataset


def split(dataset: Dataset, *, test: float = 0.2, validation: float = 0.0, seed: int = 0) -> Split:
    """Split a dataset at random, and in proportion to the classes where each sample has one.

    Parameters
    ----------
    dataset : Dataset
        Dataset to split. Its official test and validation sets, where it has them, become these parts.
    test : float
        Fraction of all samples in the test part, above 0 and below 1; ignored where there is an official test set.
    validation : float
        Fraction of the remaining samples in the validation part, from 0 (no such part) to below 1; ignored where there
        is an official validation set.
    seed : int
        Seed of the random choice, from 0 to 2**32 - 1. Equal seeds give equal splits.

    Returns
    -------
    Split
        The parts.

    Raises
    ------
    ConfigurationError
        A fraction or the seed is out of range.
    DataError
        A part is too small to hold samples of every class.

    Examples
    --------
    >>> images = np.zeros((100, 8, 8, 1), dtype=np.float32)
    >>> dataset = Dataset("blank", images, np.arange(100) % 2, ("even", "odd"))
    >>> parts = split(dataset, validation=0.1)
    >>> len(parts.train), len(parts.validation), len(parts.test), parts.test.class_counts()
    (72, 8, 20, {'even': 10, 'odd': 10})
    """
    _check_fraction("test", test, "above 0 and below 1", may_be_zero=False)
    _check_fraction("validation", validation, "at least 0 and below 1", may_be_zero=True)
    _check_seed(seed)
    own, validated, tested = _official_parts(dataset)
    train = own
    if tested is None:
        train, tested = _divide(dataset, train, test, "test", seed)
    if validated is None and validation > 0:
        train, validated = _divide(dataset, train, validation, "validation", seed)
    if dataset.on_disk:
        # In the order of the files: each part of them is then read once.
        train, tested = np.sort(train), np.sort(tested)
        validated = None if validated is None else np.sort(validated)
    part = None if validated is None else dataset.take(validated)
    return Split(dataset.take(train), part, dataset.take(tested))


def stratified_folds(dataset: Dataset, folds: int = 5, seed: int = 0) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Iterate over the folds of a cross-validation, each in proportion to the classes where each sample has one.

    Every sample is in the test part of exactly one fold. Samples of the official test and validation sets are in no
    fold.

    Parameters
    ----------
    dataset : Dataset
        Dataset to divide.
    folds : int
        Number of folds, at least 2.
    seed : int
        Seed of the random choice, from 0 to 2**32 - 1.

    Returns
    -------
    iterator of tuple
        Sample numbers ``(training samples,)`` and ``(test samples,)`` of each fold.

    Raises
    ------
    ConfigurationError
        The number of folds or the seed is out of range.
    DataError
        A class has fewer samples than there are folds.

    Examples
    --------
    >>> images = np.zeros((20, 8, 8, 1), dtype=np.float32)
    >>> dataset = Dataset("blank", images, np.arange(20) % 2, ("even", "odd"))
    >>> [(len(train), len(test)) for train, test in stratified_folds(dataset, 5)]
    [(16, 4), (16, 4), (16, 4), (16, 4), (16, 4)]
    """
    if not is_whole(folds) or folds < 2:
        message = got_expected("folds", folds, "a whole number of at least 2", "pass folds=5, say")
        raise ConfigurationError(message)
    _check_seed(seed)
    count = len(_official_parts(dataset)[0])
    labels = dataset.task.strata(dataset.targets[:count])
    # scikit-learn takes over a second to import.
    from sklearn.model_selection import KFold, StratifiedKFold

    options: dict[str, Any] = {"n_splits": int(folds), "shuffle": True, "random_state": int(seed)}
    if labels is not None:
        _check_members(dataset, labels, int(folds), f"{folds} folds", "ask for fewer folds")
        return iter(StratifiedKFold(**options).split(np.zeros(count), labels))
    if count < folds:
        expected = f"at least {folds} for {folds} folds"
        raise DataError(got_expected(f"training part of {dataset.name}", f"{count} samples", expected, "add samples"))
    return iter(KFold(**options).split(np.zeros(count)))


def _official_parts(dataset: Dataset) -> tuple[np.ndarray, np.ndarray | None, np.ndarray | None]:
    """Return the sample numbers that are in no official part, and those of the validation and the test set, if any."""
    end = len(dataset) - dataset.official_test
    cut = end - dataset.official_validation
    if cut < len(dataset) and cut < 1:
        held = "validation and test" if dataset.official_validation else "test"
        got = f"0 samples beside {len(dataset) - cut} official {held} samples"
        raise DataError(got_expected(f"training part of {dataset.name}", got, "at least 1", "add training samples"))
    validated, tested = np.arange(cut, end), np.arange(end, len(dataset))
    return np.arange(cut), validated if len(validated) else None, tested if len(tested) else None


def _divide(
    dataset: Dataset, indices: np.ndarray, fraction: float, part: str, seed: int
) -> tuple[np.ndarray, np.ndarray]:
    """Return the indices that remain, and those of the new part."""
    labels = dataset.task.strata(dataset.targets[indices])
    _check_sizes(dataset, labels, len(indices), fraction, part)
    # scikit-learn takes over a second to import.
    from sklearn.model_selection import train_test_split

    parts = train_test_split(indices, test_size=float(fraction), random_state=int(seed), stratify=labels)
    rest, taken = np.asarray(parts[0]), np.asarray(parts[1])
    missing = [] if labels is None else sorted(set(labels.tolist()) - set(dataset.targets[rest].tolist()))
    if missing:
        # A large fraction can leave a rare class without a training sample.
        got = f"no training sample of class {dataset.classes[missing[0]]!r}"
        todo = f"add samples, or pass a smaller fraction for the {part} part"
        raise DataError(got_expected(f"split of {dataset.name}", got, "samples of every class", todo))
    return rest, taken


def _check_sizes(dataset: Dataset, labels: np.ndarray | None, count: int, fraction: float, part: str) -> None:
    way_out = ", or pass validation=0" if part == "validation" else ""
    todo = f"add samples or leave the class out{way_out}"
    if labels is not None:
        _check_members(dataset, labels, 2, f"a training and a {part} part", todo)
    # The share of the variance needs two samples.
    present = (2 if dataset.task.has_units else 1) if labels is None else len(np.unique(labels))
    # Rounded like in scikit-learn, which cannot make a part that is smaller than the number of classes.
    chosen = math.ceil(fraction * count)
    if min(chosen, count - chosen) < present:
        got = f"{fraction}, so {count - chosen} training and {chosen} {part} samples"
        expected = f"at least {present} of each" + (", one per class" if labels is not None else "")
        todo = f"add samples, or pass another fraction than {part}={fraction}"
        raise DataError(got_expected(f"{part} fraction of {dataset.name}", got, expected, todo))


def _check_members(dataset: Dataset, labels: np.ndarray, least: int, purpose: str, todo: str) -> None:
    if labels.size == 0:
        got, expected = "no samples", "at least one"
        raise DataError(got_expected(f"training part of {dataset.name}", got, expected, "add samples"))
    counts = np.bincount(labels, minlength=len(dataset.classes))
    present = np.flatnonzero(counts)
    rarest = int(present[np.argmin(counts[present])])
    if counts[rarest] < least:
        what = f"class {dataset.classes[rarest]!r} of {dataset.name}"
        got = f"{counts[rarest]} sample{'s' if counts[rarest] > 1 else ''}"
        raise DataError(got_expected(what, got, f"at least {least} for {purpose}", todo))


def _check_fraction(name: str, value: float, expected: str, *, may_be_zero: bool) -> None:
    if not is_finite(value) or not (0 < value < 1 or (may_be_zero and value == 0)):
        message = got_expected(f"{name} fraction", value, expected, f"pass {name}=0.2, say")
        raise ConfigurationError(message)


def _check_seed(seed: int) -> None:
    if not is_whole(seed) or not 0 <= seed < 2**32:
        message = got_expected("seed", seed, "a whole number from 0 to 2**32 - 1", "pass seed=0, say")
        raise ConfigurationError(message)
