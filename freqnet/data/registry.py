"""Registry of the datasets that are loaded by name."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from freqnet.data.dataset import Dataset
from freqnet.errors import ConfigurationError, got_expected


@dataclass(frozen=True)
class NamedDataset:
    """A dataset that `load` and the command line know by name.

    Attributes
    ----------
    name : str
        Name of the dataset.
    load : callable
        Returns the dataset. It is called without arguments, or with the folder of the files where ``takes_folder``.
    takes_folder : bool
        Whether the files can be in a folder of the user's choice; the folder is ``None`` where none is named.
    defaults : mapping of str to Any
        Training settings that suit the dataset, by the names of `freqnet.training.Settings`.
    """

    name: str
    load: Callable[..., Dataset]
    takes_folder: bool = False
    defaults: Mapping[str, Any] = field(default_factory=dict)


DATASETS: dict[str, NamedDataset] = {}
# Data of the package aeon have names that begin with this.
SHIPPED = "aeon:"


def register_dataset(
    name: str, load: Callable[..., Dataset], *, takes_folder: bool = False, defaults: Mapping[str, Any] | None = None
) -> NamedDataset:
    """Register a dataset under a name, by which `load` and ``freqnet train`` then find it.

    Parameters
    ----------
    name : str
        Name of the dataset.
    load : callable
        Function that returns the `Dataset`.
    takes_folder : bool
        Whether ``load`` takes the folder of the files, or ``None``, as its argument.
    defaults : mapping of str to Any, optional
        Training settings that suit the dataset, by the names of `freqnet.training.Settings`.

    Returns
    -------
    NamedDataset
        The entry of the registry.

    Raises
    ------
    ConfigurationError
        The name is empty or taken.

    Examples
    --------
    >>> import numpy as np
    >>> from freqnet.data import DATASETS, Dataset, load, register_dataset
    >>> def stripes():
    ...     images = np.zeros((4, 8, 8, 1), dtype=np.float32)
    ...     return Dataset("stripes", images, np.array([0, 1, 0, 1]), ("rows", "columns"))
    >>> _ = register_dataset("stripes", stripes, defaults={"epochs": 5})
    >>> load("stripes")
    Dataset('stripes', samples=4, grid=(8, 8), channels=1, classes=2)
    >>> _ = DATASETS.pop("stripes")
    """
    if not name or name in DATASETS:
        expected = f"a name other than {', '.join(DATASETS)}"
        raise ConfigurationError(got_expected("name of a dataset", repr(name), expected, "pass another name"))
    DATASETS[name] = NamedDataset(name, load, takes_folder, dict(defaults or {}))
    return DATASETS[name]


def dataset_names() -> tuple[str, ...]:
    """Return the names of all registered datasets, in the order of registration.

    Returns
    -------
    tuple of str
        The names.

    Examples
    --------
    >>> dataset_names()
    ('digits', 'mnist-5k', 'mnist', 'fashion-mnist', 'cifar10', 'cifar100', 'cifar100-coarse', 'burgers',
    'kuramoto-sivashinsky', 'navier-stokes', 'darcy')
    """
    return tuple(DATASETS)


def is_named(source: object) -> bool:
    """Return whether data are found by a name, and not by a path: registered ones, and those that aeon ships.

    >>> is_named("digits"), is_named("aeon:GunPoint"), is_named("digits.npz")
    (True, True, False)
    """
    return isinstance(source, str) and (source in DATASETS or source.startswith(SHIPPED))
