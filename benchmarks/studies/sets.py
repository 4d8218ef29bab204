"""Data of the studies: CIFAR-10 without its test set, and parts of a number of examples."""

from __future__ import annotations

import warnings
from pathlib import Path

import numpy as np

from freqnet.data import Dataset, load, split
from freqnet.errors import DataWarning


def cifar10(folder: str | Path | None) -> Dataset:
    """Return the training images of CIFAR-10; the official test set is not read."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DataWarning)  # There may be no official test set.
        dataset = load("cifar10", folder=folder)
    return dataset.take(np.arange(len(dataset) - dataset.official_test))


def some(dataset: Dataset, count: int, seed: int) -> Dataset:
    """Return a number of random examples, with the same share of each class.

    >>> len(some(load("digits"), 100, 0))
    100
    """
    return split(dataset, test=count / len(dataset), seed=seed).test


def parts_of(dataset: Dataset, images: int, test: int, seed: int = 0) -> tuple[Dataset, Dataset]:
    """Return a number of training images and, from the others, a number of test images."""
    parts = split(dataset, test=test / len(dataset), seed=seed)
    return some(parts.train, images, seed), parts.test
