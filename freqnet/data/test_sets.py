"""A test set from data of its own, joined to the data to train on."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import replace

import numpy as np

from freqnet.data.dataset import Dataset
from freqnet.data.oddities import tell_copies
from freqnet.errors import DataError, DataWarning, got_expected, warn
from freqnet.on_disk import joined

_has_own: ContextVar[bool] = ContextVar("has_own_test_set", default=False)


@contextmanager
def own_test_set(exists: bool) -> Iterator[None]:
    """Read data inside the block that need no test set, because there are other data for the test."""
    token = _has_own.set(exists)
    try:
        yield
    finally:
        _has_own.reset(token)


def tell_missing_test(what: str, got: str, todo: str) -> None:
    """Warn that data which usually have a test set have none, unless there are other data for the test."""
    if not _has_own.get():
        expected = "a test set; the test part is drawn from the others at random"
        todo = f"{todo}, or name data for the test, as with test_data='photos'"
        warn(got_expected(what, got, expected, todo), DataWarning)


def with_test_set(dataset: Dataset, tested: Dataset) -> Dataset:
    """Return a dataset whose official test set are the samples of another dataset.

    Parameters
    ----------
    dataset : Dataset
        The dataset to train on. Its own official test set is left out, which is told.
    tested : Dataset
        The samples for the test: its official test set, or all samples where it has none.

    Raises
    ------
    DataError
        The two differ in grid, channels, sampling rate or outputs.

    Warns
    -----
    DataWarning
        The dataset had a test set, or samples of the test are also in the training set.
    """
    _check_alike(dataset, tested)
    if tested.official_test:
        tested = tested.take(np.arange(len(tested) - tested.official_test, len(tested)))
    tested = tested.scaled_to(dataset.full_scale).with_classes(dataset.classes)
    kept = slice(len(dataset) - dataset.official_test)
    if dataset.official_test:
        got = f"{dataset.official_test} test samples of its own, which are not used"
        todo = "leave test_data out, and measure on other data with freqnet evaluate RUN DATA"
        warn(got_expected(f"test set of {dataset.name}", got, "one test set", todo), DataWarning)
    are_bytes = {part.stored.dtype for part in (dataset, tested)} == {np.dtype(np.uint8)}
    is_same_scale = dataset.full_scale == tested.full_scale
    targets = np.concatenate([dataset.targets[kept], tested.targets])
    trained = dataset.take(np.arange(len(dataset))[kept])
    parts = (trained.stored, tested.stored)
    if not (are_bytes and is_same_scale):
        parts = (trained.indexed(), tested.indexed())
    stored = joined(parts) if trained.on_disk or tested.on_disk else np.concatenate(parts)
    return tell_copies(replace(dataset, stored=stored, targets=targets, official_test=len(tested)))


def _check_alike(dataset: Dataset, tested: Dataset) -> None:
    what = f"test data {tested.name}"
    if dataset.task != tested.task:
        todo = "take data of the same kind"
        raise DataError(got_expected(what, tested.task.name, f"{dataset.task.name}, as for training", todo))
    if dataset.grid != tested.grid:
        sizes = dataset.grid if len(dataset.grid) > 1 else dataset.grid[0]
        todo = f"pass size_to={sizes} to resample both"
        raise DataError(got_expected(what, f"samples of {tested.grid}", f"{dataset.grid}, as for training", todo))
    if dataset.measured != tested.measured:
        got, expected = (f"measured as {own.measured or 'samples'}" for own in (tested, dataset))
        raise DataError(got_expected(what, got, f"{expected}, as for training", "read both in one way"))
    if dataset.channels != tested.channels:
        got, expected = f"{tested.channels} channels", f"{dataset.channels}, as for training"
        raise DataError(got_expected(what, got, expected, "convert one of the two"))
    if dataset.rate and tested.rate and dataset.rate != tested.rate:
        got, todo = f"sounds at {tested.rate}", "resample the sounds to one rate first"
        raise DataError(got_expected(what, got, f"{dataset.rate}, as for training", todo))
    if tested.official_validation and not tested.official_test:
        got, todo = "folders train and val without test", "name the folder whose samples are for the test"
        raise DataError(got_expected(what, got, "samples for the test", todo))
