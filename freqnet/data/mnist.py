"""MNIST and Fashion-MNIST: four IDX files in a folder, or a download from OpenML."""

from __future__ import annotations

import http.client
import importlib.util
import os
import socket
import warnings
from pathlib import Path
from typing import NamedTuple

import numpy as np

from freqnet.data.dataset import Dataset, validate
from freqnet.data.idx import TEST_FILES, TRAINING_FILES, find_idx_files, read_idx_pair
from freqnet.data.places import data_places
from freqnet.data.test_sets import tell_missing_test
from freqnet.errors import DataError, got_expected, reason
from freqnet.tasks.labels import number_labels

DIGITS = tuple(str(digit) for digit in range(10))
_CLOTHES = (
    *("T-shirt/top", "Trouser", "Pullover", "Dress", "Coat"),
    *("Sandal", "Shirt", "Sneaker", "Bag", "Ankle boot"),
)
_OPENML_TEST_SAMPLES = 10_000
_NETWORK_TIMEOUT_SECONDS = 20.0
_IDX_TODO = (
    "put train-images-idx3-ubyte, train-labels-idx1-ubyte, t10k-images-idx3-ubyte and "
    "t10k-labels-idx1-ubyte (plain or .gz) there"
)


class Published(NamedTuple):
    """A dataset that is published as four IDX files.

    Attributes
    ----------
    title : str
        Name in messages.
    classes : tuple of str
        Names of the classes.
    folders : tuple of str
        Usual names of the folder of the files.
    openml : str
        Name at OpenML.
    begins, test_begins : tuple of int
        First labels of the training set and of the test set. The files of all these datasets have the same names, and
        only their content tells them apart.
    """

    title: str
    classes: tuple[str, ...]
    folders: tuple[str, ...]
    openml: str
    begins: tuple[int, ...]
    test_begins: tuple[int, ...]


PUBLISHED = {
    "mnist": Published(
        "MNIST",
        DIGITS,
        ("mnist", "MNIST/raw"),
        "mnist_784",
        (5, 0, 4, 1, 9, 2, 1, 3, 1, 4),
        (7, 2, 1, 0, 4, 1, 4, 9, 5, 9),
    ),
    "fashion-mnist": Published(
        "Fashion-MNIST",
        _CLOTHES,
        ("fashion-mnist", "FashionMNIST/raw"),
        "Fashion-MNIST",
        (9, 0, 0, 3, 0, 2, 7, 2, 5, 5),
        (9, 2, 1, 1, 6, 1, 4, 6, 5, 7),
    ),
}


def load_published(name: str, folder: str | os.PathLike[str] | None = None) -> Dataset:
    """Return the 70,000 grey images of 28 x 28 pixels of MNIST or Fashion-MNIST, with the official test set at the end.

    A folder without both test files gives the 60,000 others, which is told.

    Parameters
    ----------
    name : str
        Name of the dataset, ``"mnist"`` or ``"fashion-mnist"``.
    folder : str or path, optional
        Folder of the four IDX files. By default they are searched for in the folder of the dataset's name in
        ``$FREQNET_DATA``, in ``$FREQNET_DATA`` itself and in ``~/.cache/freqnet``, and then downloaded from OpenML.

    Returns
    -------
    Dataset
        The images, with values from 0 to 1.

    Raises
    ------
    DataError
        The files are missing, damaged, or those of the other dataset; or, where no folder is named, OpenML does not
        answer.
    """
    if folder is not None:
        return _from_idx(name, Path(folder).expanduser())
    for place in data_places(*PUBLISHED[name].folders):
        if find_idx_files(place):
            return _from_idx(name, place)
    return _from_openml(name)


def _from_idx(name: str, folder: Path) -> Dataset:
    found, what = find_idx_files(folder), f"{name} in {folder}"
    missing = [stem for stem in TRAINING_FILES + TEST_FILES if stem not in found]
    has_test = missing != list(TEST_FILES)
    if missing and has_test:
        got = f"no {', '.join(missing)} file" if folder.is_dir() else "no such folder"
        raise DataError(got_expected(what, got, f"the four IDX files of {PUBLISHED[name].title}", _IDX_TODO))
    images, labels = read_idx_pair(*(found[stem] for stem in TRAINING_FILES))
    test_images, test_labels = images[:0], labels[:0]
    if has_test:
        test_images, test_labels = read_idx_pair(*(found[stem] for stem in TEST_FILES))
    if images.shape[1:] != test_images.shape[1:]:
        got = f"training images of {images.shape[1:]} and test images of {test_images.shape[1:]}"
        todo = "take the four files from the same source"
        raise DataError(got_expected(what, got, "one size", todo))
    for other, published in PUBLISHED.items():
        if other != name and _begin(labels, published.begins, test_labels, published.test_begins):
            got, todo = f"the labels of {published.title}", f"name another folder, or the dataset {other}"
            raise DataError(got_expected(what, got, f"the labels of {PUBLISHED[name].title}", todo))
    if not has_test:
        tell_missing_test(what, f"no {', '.join(missing)} file", "add both files")
    return _dataset(
        name, np.concatenate([images, test_images]), np.concatenate([labels, test_labels]), len(test_labels)
    )


def _begin(labels: np.ndarray, begins: tuple[int, ...], test_labels: np.ndarray, test_begins: tuple[int, ...]) -> bool:
    """Return whether the labels of one of the two parts begin like this."""
    return tuple(labels[: len(begins)]) == begins or tuple(test_labels[: len(test_begins)]) == test_begins


def _dataset(name: str, images: np.ndarray, labels: np.ndarray, official_test: int) -> Dataset:
    numbers, classes = labels.astype(np.int64), PUBLISHED[name].classes
    # Digits are class numbers, also in an excerpt where one does not occur. Datasets like MNIST have more classes.
    if name == "mnist" and labels.max(initial=0) >= len(DIGITS):
        numbers, classes = number_labels(labels, None, name)
    return validate(Dataset(name, images[..., np.newaxis], numbers, classes, official_test, 255.0))


def _from_openml(name: str) -> Dataset:
    # scikit-learn takes over a second to import.
    from sklearn.datasets import fetch_openml

    published = PUBLISHED[name]
    parser = "auto" if importlib.util.find_spec("pandas") else "liac-arff"
    # scikit-learn sets no time limit: without an answer it would wait forever.
    previous = socket.getdefaulttimeout()
    socket.setdefaulttimeout(_NETWORK_TIMEOUT_SECONDS)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            table, labels = fetch_openml(
                published.openml, version=1, as_frame=False, return_X_y=True, parser=parser, n_retries=1, delay=0.1
            )
    except (OSError, EOFError, ValueError, http.client.HTTPException) as error:
        places = " or ".join(str(place) for place in data_places(*published.folders))
        got = f"no IDX files, and no answer from OpenML ({reason(error)})"
        todo = f"{_IDX_TODO}, or name their folder"
        expected = f"the four IDX files of {published.title} in {places}"
        raise DataError(got_expected(name, got, expected, todo)) from error
    finally:
        socket.setdefaulttimeout(previous)
    images, numbers = np.asarray(table).astype(np.uint8).reshape(-1, 28, 28), np.asarray(labels).astype(np.int64)
    # Which images are the test set is known by their order only.
    if tuple(numbers[-_OPENML_TEST_SAMPLES:][:10]) != published.test_begins:
        expected = f"the {_OPENML_TEST_SAMPLES} test images of {published.title} at the end"
        raise DataError(got_expected(name, "images of OpenML in another order", expected, _IDX_TODO))
    return _dataset(name, images, numbers, _OPENML_TEST_SAMPLES)
