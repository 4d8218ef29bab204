"""Warnings about data that are probably wrong: values far outside, equal samples."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from freqnet.data.dataset import Dataset
from freqnet.errors import DataWarning, got_expected, warn
from freqnet.on_disk import DiskArray
from freqnet.values import as_floats, sample_keys, sample_ranges

# A sample is told if a value of it is this many times farther from the middle than those of the median sample ...
_FAR = 1000.0
# ... and this many times farther than those of all samples that are not told, which even heavy tails rarely are.
_APART = 100.0
# At most this share of the samples is told: more are no exception.
_RARE = 0.01
# Fewer copies, or a smaller share, hardly change the accuracy on held-out samples.
_MANY_COPIES, _SHARE_OF_COPIES = 10, 0.05
# Fewer samples do not show what is usual, or are equal by chance.
_LEAST = 4


def tell_oddities(dataset: Dataset, names: Sequence[str] | None = None) -> Dataset:
    """Return a dataset unchanged, after warning of samples that are probably wrong.

    Parameters
    ----------
    dataset : Dataset
        The dataset.
    names : sequence of str, optional
        Name of each sample, such as its file; by default its number.

    Warns
    -----
    DataWarning
        A value lies far outside those of all other samples, all samples of the dataset or of a class are equal, samples
        of the official test set are also in the training set, or many samples are copies of others.
    """
    name_of = (lambda i: f"sample {i}") if names is None else (lambda i: names[i])
    low, high = (as_floats(limits, dataset.full_scale) for limits in sample_ranges(dataset.stored))
    for channel in range(dataset.channels):
        _tell_far(dataset, low[:, channel], high[:, channel], channel, name_of)
    _tell_constant_targets(dataset)
    if not _tell_equal(dataset, np.concatenate([low, high], axis=1)):
        _tell_copies(dataset, name_of)
    return dataset


def tell_copies(dataset: Dataset) -> Dataset:
    """Return a dataset unchanged, after warning of test samples that are also in the training set."""
    _tell_copies(dataset, lambda i: f"sample {i}")
    return dataset


def far_samples(low: np.ndarray, high: np.ndarray) -> np.ndarray:
    """Return the numbers of the samples with a value far outside those of all others, the farthest first.

    Parameters
    ----------
    low, high : ndarray
        Lowest and highest value of each sample ``(samples,)``.

    Examples
    --------
    >>> high = np.array([1.0, 2.0, 1e6, 1.0, 3.0])
    >>> far_samples(np.zeros(5), high)
    array([2])
    """
    low, high = low.astype(np.float64), high.astype(np.float64)
    middle = np.median((low + high) / 2)
    distance = np.maximum(high - middle, middle - low)
    # Samples that are blank in this channel do not show what is usual.
    usual = distance[distance > 0]
    if len(usual) <= _LEAST:
        return np.zeros(0, dtype=np.int64)
    order = np.argsort(-distance, kind="stable")
    most = max(1, int(_RARE * len(usual)))
    ranked = distance[order[: most + 1]]
    is_apart = (ranked[:-1] > _FAR * np.median(usual)) & (ranked[:-1] > _APART * ranked[1:])
    return order[: int(np.flatnonzero(is_apart)[-1]) + 1] if is_apart.any() else order[:0]


def _tell_far(dataset: Dataset, low: np.ndarray, high: np.ndarray, channel: int, name_of: Callable[[int], str]) -> None:
    far = far_samples(low, high)
    if not len(far):
        return
    first = int(far[0])
    value = high[first] if abs(high[first]) >= abs(low[first]) else low[first]
    where = f"in channel {channel} of {name_of(first)}" + (f", and in {len(far) - 1} others" if len(far) > 1 else "")
    others = np.setdiff1d(np.arange(len(low)), far)
    expected = f"values like those of the others, {low[others].min():.4g} to {high[others].max():.4g}"
    todo = "repair or drop it: it hides the others in means and deviations"
    warn(got_expected(f"values of {dataset.name}", f"{value:.4g} {where}", expected, todo), DataWarning)


def _tell_equal(dataset: Dataset, ranges: np.ndarray) -> bool:
    """Warn of a dataset or of a class whose samples are all equal, and return whether there is one."""
    for which, members in _groups(dataset):
        if len(members) >= _LEAST and _are_equal(dataset.stored, ranges, members):
            got, todo = f"{len(members)} equal ones{which}", "check how they were written"
            warn(got_expected(f"samples of {dataset.name}", got, "samples that differ", todo), DataWarning)
            return True
    return False


def _tell_constant_targets(dataset: Dataset) -> None:
    """Warn of a number that is the same for all samples: its share of the variance is not defined."""
    if not dataset.task.has_units or dataset.task.is_field or len(dataset) < _LEAST:
        return
    constant = np.flatnonzero(np.ptp(dataset.targets, axis=0) == 0)
    if len(constant):
        name = dataset.classes[constant[0]]
        got, todo = f"{name} = {dataset.targets[0, constant[0]]:g} for all samples", "leave it out"
        warn(got_expected(f"targets of {dataset.name}", got, "numbers that vary", todo), DataWarning)


def _groups(dataset: Dataset) -> list[tuple[str, np.ndarray]]:
    """Return the numbers of all samples, and of those of each class where each sample has one, with their names."""
    labels = dataset.task.strata(dataset.targets)
    if labels is None:
        return [("", np.arange(len(dataset)))]
    order, ends = np.argsort(labels, kind="stable"), np.cumsum(np.bincount(labels, minlength=len(dataset.classes)))
    named = zip((f" of class {name!r}" for name in dataset.classes), np.split(order, ends[:-1]), strict=True)
    return [("", order), *named]


def _are_equal(images: np.ndarray | DiskArray, ranges: np.ndarray, members: np.ndarray) -> bool:
    # Most samples differ in their lowest or highest value, or from one of the next.
    if not (ranges[members] == ranges[members[0]]).all():
        return False
    return all((images[member] == images[members[0]]).all() for member in members)


def _tell_copies(dataset: Dataset, name_of: Callable[[int], str]) -> None:
    """Warn of test samples that are also in the training set, or of many copies where the split is at random."""
    cut = len(dataset) - dataset.official_test
    keys = sample_keys(dataset.stored).tolist()
    first = {key: number for number, key in reversed(list(enumerate(keys[:cut])))}
    copies = [i for i in range(cut if dataset.official_test else 0, len(keys)) if first.get(keys[i], i) != i]
    least = 1 if dataset.official_test else max(_MANY_COPIES, _SHARE_OF_COPIES * len(keys))
    if len(copies) < least:
        return
    pair = f"such as {name_of(copies[0])}, a copy of {name_of(first[keys[copies[0]]])}"
    got = f"{len(copies)} of {dataset.official_test} that are also in the training set, {pair}"
    todo = "remove them from one of the two: the model has seen them"
    if not dataset.official_test:
        got, todo = (
            f"{len(copies)} copies of others, {pair}",
            "remove them: the model has seen copies of held-out samples",
        )
    what = "test samples" if dataset.official_test else "samples"
    warn(got_expected(f"{what} of {dataset.name}", got, "samples that differ", todo), DataWarning)
