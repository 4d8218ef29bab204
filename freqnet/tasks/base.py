"""The base class of tasks, and their registry."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Any, ClassVar

import numpy as np

from freqnet.checks import listed, shown
from freqnet.errors import ConfigurationError, DataError, did_you_mean, got_expected
from freqnet.tasks.losses import Loss, LossChoices, Outputs

# Targets as a dataset stores them, and the names of the network's outputs.
Read = tuple[np.ndarray, tuple[str, ...]]


class Task(ABC):
    """What a network is trained for. A task has no state: what is particular to a dataset are its targets and names.

    Attributes
    ----------
    name : str
        Name in the registry, such as ``"regression"``.
    score : str
        The metric that says how good a network is, one of those that `metrics` returns.
    higher_is_better : bool
        Whether a higher score is better.
    has_classes : bool
        Whether outputs are classes or labels, which have weights and smoothing.
    is_field : bool
        Whether outputs and targets are signals.
    has_units : bool
        Whether outputs are in the units of the targets: a default network then ends in `freqnet.nn.Rescale`.
    losses : tuple of str
        Names of the losses, the default first.
    percent : bool
        Whether the score is shown in per cent.
    has_running_score : bool
        Whether the score is known while training, as a mean over the examples of an epoch.
    """

    name: ClassVar[str]
    score: ClassVar[str]
    higher_is_better: ClassVar[bool] = True
    has_classes: ClassVar[bool] = False
    is_field: ClassVar[bool] = False
    has_units: ClassVar[bool] = False
    percent: ClassVar[bool] = False
    has_running_score: ClassVar[bool] = False
    losses: ClassVar[tuple[str, ...]]

    def __repr__(self) -> str:
        return f"{type(self).__name__}()"

    @property
    def unit(self) -> str:
        """The score and its unit, for an axis: ``"accuracy, %"``, ``"r2"``."""
        return f"{self.score}, %" if self.percent else self.score

    @property
    def factor(self) -> float:
        """Factor from a score to the number that is shown: 100 for per cent."""
        return 100.0 if self.percent else 1.0

    def text(self, score: float, digits: int = 2) -> str:
        """Return a score as text.

        >>> TASKS["classification"].text(0.98765), TASKS["regression"].text(0.98765)
        ('98.77%', '0.9877')
        """
        return f"{score:.{digits}%}" if self.percent else f"{score:.{digits + 2}f}"

    def __eq__(self, other: object) -> bool:
        return type(self) is type(other)

    def __hash__(self) -> int:
        return hash(self.name)

    # -- targets -----------------------------------------------------------------------------------------
    @abstractmethod
    def read(self, y: Any, names: Any, what: str) -> Read:
        """Return targets as a dataset stores them, and the names of the outputs.

        Parameters
        ----------
        y : array_like
            Targets as a user gives them.
        names : sequence of str, optional
            Names of the classes, of the labels, of the numbers, or of the channels.
        what : str
            Name of the dataset, for messages.

        Raises
        ------
        DataError
            The targets are of the wrong kind or shape, or one is missing.
        """

    @abstractmethod
    def check(self, targets: np.ndarray, names: Sequence[str], count: int, what: str) -> None:
        """Raise `DataError` unless targets, as a dataset stores them, fit their names and the number of samples."""

    @abstractmethod
    def renamed(self, targets: np.ndarray, names: Sequence[str], wanted: Sequence[str], what: str) -> np.ndarray:
        """Return the targets of a dataset with the outputs of another dataset or of a model.

        Raises
        ------
        DataError
            The outputs cannot be matched.
        """

    def strata(self, targets: np.ndarray) -> np.ndarray | None:
        """Return the class of each sample ``(samples,)``, by which a split is stratified; None for a random split."""
        return None

    # -- training and results ----------------------------------------------------------------------------
    @abstractmethod
    def loss(self, outputs: Outputs, choices: LossChoices, targets: np.ndarray) -> Loss:
        """Return the loss of a network.

        Parameters
        ----------
        outputs : Outputs
            The outputs of the network.
        choices : LossChoices
        targets : numpy.ndarray
            Targets of the training examples, for balanced weights.

        Raises
        ------
        ConfigurationError
            The task has no such loss, or the weights of the classes do not fit.
        DataError
            A target is no output of the network.
        """

    @abstractmethod
    def metrics(self, outputs: np.ndarray, targets: np.ndarray, weights: np.ndarray | None = None) -> dict[str, float]:
        """Return the metrics of outputs beside targets, in the units of the targets.

        Parameters
        ----------
        outputs : numpy.ndarray
            Outputs of a network ``(samples, outputs)``; of a field, samples ``(samples, *grid, channels)``.
        targets : numpy.ndarray
            Targets as a dataset stores them.
        weights : numpy.ndarray, optional
            Weight of each sample ``(samples,)``.
        """

    def by_output(self, outputs: np.ndarray, targets: np.ndarray, names: Sequence[str]) -> dict[str, dict[str, float]]:
        """Return the metrics of each output by its name, where there are several with units of their own."""
        return {}

    @abstractmethod
    def predictions(self, outputs: np.ndarray) -> np.ndarray:
        """Return what a user asks for: class numbers, labels of 0 and 1, numbers, or samples of a field."""

    def average(self, copies: Sequence[np.ndarray]) -> np.ndarray:
        """Return the mean of the outputs for copies of the same samples, in the form of outputs.

        Parameters
        ----------
        copies : sequence of numpy.ndarray
            Outputs of the network for each copy, all of one shape; of a field, spectra.
        """
        dtype = copies[0].dtype
        return np.mean(copies, axis=0, dtype=np.result_type(dtype, np.float64)).astype(dtype)

    def running(self, outputs: np.ndarray, targets: np.ndarray) -> dict[str, float]:
        """Return sums over a batch of what is shown while training, beside the loss."""
        return {}

    def no_class_choices(self, choices: LossChoices) -> None:
        """Raise `ConfigurationError` if classes have weights although there are no classes."""
        if choices.class_weights is not None:
            got, todo = repr(choices.class_weights), "leave class_weights out"
            raise ConfigurationError(got_expected(f"class_weights of a {self.name}", got, "none", todo))


TASKS: dict[str, Task] = {}
# Metrics that are shares from 0 to 1.
SHARES = {"accuracy", "balanced_accuracy", "f1", "f1_macro", "all_labels_right", "hamming_loss", "train_accuracy"}


def register_task(task: Task) -> Task:
    """Add a task to the choices of `freqnet.data.load` and of ``freqnet train --task``.

    Raises
    ------
    ConfigurationError
        The name is taken.
    """
    if task.name in TASKS:
        raise ConfigurationError(got_expected("task", repr(task.name), "a new name", "register it under another name"))
    TASKS[task.name] = task
    return task


def get_task(task: Task | str | None) -> Task:
    """Return a task by its name; classification by default.

    Raises
    ------
    ConfigurationError
        There is no such task.

    Examples
    --------
    >>> get_task("regression")
    Regression()
    """
    if isinstance(task, Task):
        return task
    if task is None:
        return TASKS["classification"]
    if isinstance(task, str) and task in TASKS:
        return TASKS[task]
    todo = did_you_mean(task, TASKS, "pass task='classification'")
    raise ConfigurationError(got_expected("task", repr(task), " or ".join(TASKS), todo))


def is_share(name: str) -> bool:
    """Return whether a figure of this name is a share from 0 to 1, which is shown in per cent.

    >>> is_share("validation_accuracy"), is_share("r2")
    (True, False)
    """
    return name.removeprefix("validation_").removeprefix("test_") in SHARES


def as_names(names: Any, what: str) -> list[str] | None:
    """Return names of outputs as a list of text; None where none are given.

    Raises
    ------
    DataError
        They are no list of names, or a name occurs twice.

    Examples
    --------
    >>> as_names("age", "people"), as_names([1, 2], "people")
    (['age'], ['1', '2'])
    """
    if names is None:
        return None
    given = (names,) if isinstance(names, str) else listed(names)
    if not given:
        raise DataError(got_expected(f"names of the {what}", shown(names), "a list of names", "pass one per output"))
    unique_names(found := [str(name) for name in given], what)
    return found


def own_names(y: Any) -> list[str] | None:
    """Return the names of the columns of a table, or of a series, of pandas; None where there are none.

    >>> own_names([1, 2]) is None
    True
    """
    columns = getattr(y, "columns", None)
    if columns is not None:
        return [str(name) for name in columns]
    name = getattr(y, "name", None)
    return [str(name)] if name is not None and hasattr(y, "index") else None


def unique_names(names: Sequence[str], what: str) -> None:
    """Raise `DataError` if two names are equal."""
    if len(set(names)) < len(names):
        repeated = next(name for name in names if names.count(name) > 1)
        got, expected = f"the name {repeated!r} more than once", "a different name for each"
        raise DataError(got_expected(what, got, expected, "rename or merge them"))
