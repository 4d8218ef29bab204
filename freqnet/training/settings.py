"""How to train: choices as plain values that are checked and can be stored."""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from freqnet.augment import Compose, Shift, augmentation_words, read_augmentations
from freqnet.checks import is_finite, is_whole, listed, require_count, shown
from freqnet.data.layouts import read_layout
from freqnet.data.lengths import NewSize
from freqnet.data.loaders import location
from freqnet.data.measured import read_measured
from freqnet.errors import ConfigurationError, got_expected
from freqnet.ops.loss import LARGEST_ORDER
from freqnet.optim import SGD, Adam, AdamW, Constant, Cosine, Momentum, Muon, OneCycle, Optimizer, WarmRestarts
from freqnet.optim.clipping import is_weight
from freqnet.optim.muon import hidden_matrices
from freqnet.tasks import TASKS, LossChoices, get_task

OPTIMIZERS: dict[str, type[Optimizer]] = {
    "sgd": SGD,
    "momentum": Momentum,
    "adam": Adam,
    "adamw": AdamW,
    "muon": Muon,
}
SCHEDULES = ("cosine", "one-cycle", "restarts", "constant")
# Periods of a schedule with restarts that fill the epochs.
PERIODS = 4
LOSSES = tuple(dict.fromkeys(loss for task in TASKS.values() for loss in task.losses))
# Largest seed of scikit-learn's splits.
LARGEST = 2**32 - 1
# Settings for which a dataset may have its own default.
BY_DATASET = ("epochs", "batch", "learning_rate", "weight_decay", "optimizer", "schedule", "augment")


@dataclass(frozen=True)
class Reading:
    """How the data are read, as arguments of `freqnet.data.load`.

    Parameters
    ----------
    layout : str, optional
        Order of the axes of an array, such as nchw: n samples, c channels, other letters axes of the grid [by size].
    size_to : tuple of int, optional
        Size to which samples are resampled by their modes, such as 32x32 [as they are].
    pad_to : tuple of int, optional
        Size to which samples are padded with zeros after their end, in place of size-to [as they are].
    task : str, optional
        What the targets are: classification, multi-label, regression or field [classification].
    test_data : str, optional
        Name or path of the data for the test [the test set of the data, else a share of them].
    on_disk : bool
        Leave the samples in their files, and read them in parts: for data larger than memory. They are then shuffled in
        groups of neighbours.
    cache : str, optional
        Folder in which the spectra of data on disk are kept, for further epochs and runs [computed in each epoch].
    measured : str, optional
        Convention of measured spectra (k-space), such as centred,ortho: see freqnet.data.read_measured [the data are
        samples].
    """

    layout: str | None = None
    size_to: tuple[int, ...] | None = None
    pad_to: tuple[int, ...] | None = None
    task: str | None = None
    test_data: str | None = None
    on_disk: bool = False
    cache: str | None = None
    measured: str | None = None

    def __post_init__(self) -> None:
        if self.measured is not None:
            object.__setattr__(self, "measured", str(read_measured(self.measured)))
        if not isinstance(self.on_disk, bool):
            raise ConfigurationError(got_expected("on_disk", shown(self.on_disk), "True or False", "pass on_disk=True"))
        if self.cache is not None:
            if not isinstance(self.cache, (str, os.PathLike)) or not os.fspath(self.cache):
                todo = "pass cache='spectra'"
                raise ConfigurationError(got_expected("cache", shown(self.cache), "the path of a folder", todo))
            # An absolute path finds the folder again from any other one.
            object.__setattr__(self, "cache", str(Path(self.cache).expanduser().resolve()))
            object.__setattr__(self, "on_disk", True)
        if self.test_data is not None:
            object.__setattr__(self, "test_data", location(self.test_data))
        if self.task is not None:
            object.__setattr__(self, "task", get_task(self.task).name)
        if self.layout is not None:
            object.__setattr__(self, "layout", " ".join(read_layout(self.layout)))
        NewSize(self.size_to, self.pad_to)
        for name in ("size_to", "pad_to"):
            if (size := getattr(self, name)) is not None:
                sizes = tuple(np.atleast_1d(size).tolist())
                if not 1 <= len(sizes) <= 3 or not all(is_whole(n) and n >= 1 for n in sizes):
                    expected = "1 to 3 whole numbers of 1 or more"
                    raise ConfigurationError(got_expected(name, size, expected, f"pass {name}=(32, 32)"))
                object.__setattr__(self, name, sizes)


@dataclass(frozen=True)
class Shares:
    """The shares of the data that are not trained on.

    Parameters
    ----------
    test : float
        Share of the examples that is held out for the test [0.2]. It does not apply to data with a test set.
    validation : float
        Share of the other examples that is used for validation [0]. It does not apply to data with a validation set.
    """

    test: float = 0.2
    validation: float = 0.0

    def __post_init__(self) -> None:
        for name, works in (("test", 0.2), ("validation", 0.1)):
            value = getattr(self, name)
            # The range is that of `freqnet.data.split`.
            if not is_finite(value):
                todo = f"pass {name}={works}"
                raise ConfigurationError(
                    got_expected(f"{name} fraction", shown(value), "a number from 0 to below 1", todo)
                )
            object.__setattr__(self, name, float(value))


@dataclass(frozen=True)
class Records:
    """The files that a run writes beside those that every run has.

    Parameters
    ----------
    keep_every : int, optional
        Keep the model of every n-th epoch [none].
    keep_best : int, optional
        Keep the models of this many epochs with the lowest validation losses [none].
    tensorboard : bool, optional
        Write event files for TensorBoard.
    """

    keep_every: int | None = None
    keep_best: int | None = None
    tensorboard: bool | None = None

    def __post_init__(self) -> None:
        for name in ("keep_every", "keep_best"):
            value = getattr(self, name)
            if value is not None:
                object.__setattr__(self, name, require_count(name, value, 5))
        if not isinstance(self.tensorboard, bool | None):
            got, todo = shown(self.tensorboard), "pass tensorboard=True"
            raise ConfigurationError(got_expected("tensorboard", got, "True or False", todo))


# More than 8 fields: runs store the settings as one flat dictionary, and each field is one option.
@dataclass(frozen=True)
class Settings:
    """The choices of `fit`, apart from the network and the data.

    The first sentence about each parameter is also the help text of its option on the command line.

    Parameters
    ----------
    epochs : int
        Number of passes over the training set [by dataset, else 30].
    batch : int
        Number of examples per step [by dataset, else 64].
    learning_rate : float
        Peak of the learning rate [by dataset, else 0.003].
    optimizer : {"adamw", "muon", "adam", "momentum", "sgd"}
        Optimiser: adamw, muon, adam, momentum or sgd [muon for 2,000 or more colour images, else adamw].
    schedule : {"cosine", "one-cycle", "restarts", "constant"}
        Schedule of the learning rate: cosine, one-cycle, restarts or constant [one-cycle for 2,000 or more colour
        images, else cosine]. The cosine begins with a linear warm-up over the first twentieth of the steps.
    weight_decay : float
        Decay of kernels and weights [by dataset, else 0.01]. Biases, gains and polynomial coefficients do not decay.
    smoothing : float
        Label smoothing, from 0 to below 1 [0.1]. This share of each target is spread evenly over all classes; each of
        several labels moves by this share towards 1/2. Losses of validation and test have no smoothing.
    shift : float
        Largest random shift of an example along each axis, in samples, fractions included [0]. The shift is a phase
        ramp inside the domain.
    augment : sequence of str, optional
        Random changes of training examples inside the domain, as words with amounts, such as mirror,shift=2, or none
        [by dataset, else none]. In their order: ``mirror``, ``mirror-all``, ``turns``, ``shift``, ``brightness``,
        ``contrast``, ``colour``, ``noise``, ``lowpass``, ``rotate``, ``zoom``, ``cutout``, ``mixup``, ``cutmix``.
        `freqnet.augment` describes them. Each example has draws of its own.
    clip : float
        Largest norm of the gradient, 0 for no clipping [1].
    patience : int
        Stop after this many epochs without a lower validation loss, 0 for never [0].
    seed : int
        Seed of the split, the weights, the order of examples, their random changes and dropout [0].
    class_weights : "balanced" or sequence of float, optional
        Weights of the classes in the loss: none (default), balanced, or one number per class, such as 1,2.5. Balanced
        weights are ``examples / (classes * examples of the class)``; a batch's loss is the weighted mean. Losses of
        validation and test have no weights.
    loss : {"cross-entropy", "squared", "relative", "sobolev"}, optional
        Loss of the task: for a field squared, relative or sobolev [cross-entropy of classes, squared error of numbers].
        The relative loss divides the squared error of each example by the mean square of its target.
    order : float
        Order of the Sobolev norm: mode k counts (1 + k^2)^order times [1].
    freeze : sequence of str, optional
        Layers or parameters that keep their weights, by name or pattern, such as 0,3 or 1.kernel [none]. Names are
        those of ``network.named_parameters()``; a pattern is ``*.kernel``, say. A layer whose parameters are
        all frozen computes in evaluation mode: its running statistics do not change.
    restart_epochs : float, optional
        With the schedule restarts, epochs of the first period [so that four periods fill the epochs]. Each period is a
        cosine from the peak to 0; one that is not over after the last epoch is cut off.
    restart_factor : float
        With the schedule restarts, length of a period relative to the one before, 1 or more [2].
    accumulate : int
        Number of batches per step of the optimiser [1]. Their gradient is that of one larger batch, in less memory;
        statistics of normalisation are still those of each batch. Schedules count steps of the optimiser.
    shards : int
        Number of parts of each batch whose gradients are computed apart, so that several processes can share them [1].
        Normalisation uses the statistics of each part. The weights depend on this number, not on that of the processes.
    ema : float
        Decay of a moving average of the weights per step, such as 0.999, 0 for none [0]. Validation and the final model
        use the averaged weights, with running statistics that are measured for them. Their average spans about
        ``1 / (1 - ema)`` steps, but at first a ninth of the steps so far.

    Raises
    ------
    ConfigurationError
        A value is out of its range.

    Examples
    --------
    >>> from freqnet.training import Settings
    >>> Settings(epochs=5).batch
    64
    """

    epochs: int = 30
    batch: int = 64
    learning_rate: float = field(default=3e-3, metadata={"option": "lr"})
    optimizer: str = "adamw"
    schedule: str = "cosine"
    weight_decay: float = 1e-2
    smoothing: float = 0.1
    shift: float = 0.0
    clip: float = 1.0
    patience: int = 0
    seed: int = 0
    # None, so that runs written before these choices existed have the same values.
    class_weights: str | tuple[float, ...] | None = None
    freeze: tuple[str, ...] | None = None
    loss: str | None = None
    order: float = 1.0
    restart_epochs: float | None = None
    restart_factor: float = 2.0
    accumulate: int = 1
    shards: int = 1
    ema: float = 0.0
    augment: tuple[str, ...] | None = None

    def __post_init__(self) -> None:
        for name, least in (
            ("epochs", 1),
            ("batch", 1),
            ("accumulate", 1),
            ("shards", 1),
            ("patience", 0),
            ("seed", 0),
        ):
            value = getattr(self, name)
            if not is_whole(value) or not least <= value <= LARGEST:
                is_large = is_whole(value) and value > LARGEST
                _refuse(name, value, f"a whole number of {f'at most {LARGEST}' if is_large else f'{least} or more'}")
            # NumPy's integers would be stored as floating-point numbers.
            object.__setattr__(self, name, int(value))
        if self.shards > self.batch:
            expected, todo = f"at most batch={self.batch}", f"pass shards={self.batch}"
            raise ConfigurationError(got_expected("shards", self.shards, expected, todo))
        for name in ("learning_rate", "weight_decay", "shift", "clip", "smoothing", "ema"):
            value, is_share = getattr(self, name), name in ("smoothing", "ema")
            expected = "a number from 0 to below 1" if is_share else "a finite number of 0 or more"
            if not is_finite(value) or value < 0 or (is_share and value >= 1):
                _refuse(name, value, expected)
            object.__setattr__(self, name, float(value))
        for name, known in (("optimizer", tuple(OPTIMIZERS)), ("schedule", SCHEDULES)):
            value = getattr(self, name)
            if not isinstance(value, str) or value not in known:
                _refuse(name, value, " or ".join(known))
        for name, low, works in (("restart_epochs", 0.0, 2), ("restart_factor", 1.0, 2)):
            value = getattr(self, name)
            if value is None and name == "restart_epochs":
                continue
            if not is_finite(value) or value < low or value == 0:
                expected = "a finite number above 0" if low == 0 else "a finite number of 1 or more"
                raise ConfigurationError(got_expected(name, shown(value), expected, f"pass {name}={works}"))
            object.__setattr__(self, name, float(value))
        # Arrays cannot be looked up.
        if self.loss is not None and not (isinstance(self.loss, str) and self.loss in LOSSES):
            raise ConfigurationError(
                got_expected("loss", shown(self.loss), " or ".join(LOSSES), "leave it out for the loss of the task")
            )
        if not is_finite(self.order) or abs(self.order) > LARGEST_ORDER:
            _refuse("order", self.order, f"a number from -{LARGEST_ORDER} to {LARGEST_ORDER}")
        object.__setattr__(self, "order", float(self.order))
        object.__setattr__(self, "class_weights", _class_weights(self.class_weights))
        object.__setattr__(self, "freeze", _patterns(self.freeze))
        object.__setattr__(self, "augment", augmentation_words(self.augment))

    def check_schedule(self) -> None:
        """Raise `ConfigurationError` if there are choices of restarts, but another schedule.

        This belongs to the settings as a whole: configuration files and searches check each choice by itself.
        """
        for name in ("restart_epochs", "restart_factor"):
            value = getattr(self, name)
            if self.schedule != "restarts" and value != getattr(Settings, name):
                got, todo = (
                    f"{value:g} with schedule={self.schedule!r}",
                    f"leave {name} out, or pass schedule='restarts'",
                )
                raise ConfigurationError(got_expected(name, got, "none with this schedule", todo))

    @property
    def is_open_ended(self) -> bool:
        """Whether the schedule does not depend on the number of epochs."""
        return self.schedule == "constant" or (self.schedule == "restarts" and self.restart_epochs is not None)

    @property
    def loss_choices(self) -> LossChoices:
        """The choices of the loss in training."""
        return LossChoices(self.smoothing, self.class_weights, self.loss, self.order)

    @property
    def augmentation(self) -> Compose:
        """The random changes of training examples, the shift first."""
        return Compose([*([Shift(self.shift)] if self.shift else []), read_augmentations(self.augment)])

    def make_optimizer(self, parameters: dict, names: Iterable[str] | None = None) -> Optimizer:
        """Return the optimiser of parameters.

        Parameters
        ----------
        parameters : dict of str to Tensor
            Parameters to train, by name.
        names : iterable of str, optional
            Names of all parameters of the network in their order, also of frozen ones [those of `parameters`]. The last
            layer is the last of these.

        Raises
        ------
        ConfigurationError
            Muon has no kernel or weight to update, such as where all but the last layer are frozen.
        """
        make = OPTIMIZERS[self.optimizer]
        words: dict[str, Any] = {"weight_decay": self.weight_decay, "decay": is_weight}
        if self.optimizer == "muon":
            ordered = list(parameters if names is None else names)
            hidden = {name for name, is_one in zip(ordered, hidden_matrices(ordered), strict=True) if is_one}
            words["matrices"] = hidden & set(parameters)
            if not words["matrices"]:
                got, todo = "'muon', but only the last layer has weights to train", "pass optimizer='adamw'"
                raise ConfigurationError(got_expected("optimizer", got, "a kernel or a weight before it", todo))
        return make(parameters, self.learning_rate, **words)

    def make_schedule(self, steps: int) -> Constant | Cosine | OneCycle | WarmRestarts:
        """Return the learning rate as a function of the step of the optimiser, of `steps` in all epochs."""
        if self.schedule == "cosine":
            return Cosine(self.learning_rate, steps, warmup=steps // 20)
        if self.schedule == "restarts":
            return WarmRestarts(self.learning_rate, self._first_period(steps), self.restart_factor)
        return OneCycle(self.learning_rate, steps) if self.schedule == "one-cycle" else Constant(self.learning_rate)

    def _first_period(self, steps: int) -> float:
        """Return the steps of the first period between restarts, at least 1."""
        if self.restart_epochs is not None:
            return max(1.0, self.restart_epochs * steps / self.epochs)
        fitting = (steps / sum(self.restart_factor**i for i in range(count)) for count in range(PERIODS, 0, -1))
        return next(first for first in fitting if first >= 1)


def _refuse(name: str, value: object, expected: str) -> None:
    # The class attribute is the default, unless the dataset has its own.
    default = f"{name}={getattr(Settings, name)!r}"
    todo = f"leave it out for the dataset's default, or pass {default}" if name in BY_DATASET else f"pass {default}"
    if isinstance(value, float) and value.is_integer() and expected.startswith("a whole"):
        todo = f"pass {name}={int(value)}"
    raise ConfigurationError(got_expected(name, shown(value), expected, todo))


def _class_weights(value: Any) -> str | tuple[float, ...] | None:
    """Return class weights as plain values; the word ``"none"`` is None."""
    if value is None or (isinstance(value, str) and value in ("none", "balanced")):
        return None if value == "none" else value
    numbers = () if isinstance(value, str) else listed(value)
    if numbers and all(is_finite(number) and number >= 0 for number in numbers) and any(numbers):
        return tuple(float(number) for number in numbers)
    expected = "'balanced', or one finite number of 0 or more per class, not all 0"
    raise ConfigurationError(got_expected("class_weights", shown(value), expected, "pass class_weights='balanced'"))


def _patterns(value: Any) -> tuple[str, ...] | None:
    """Return names and patterns as a tuple of text; an empty one is None."""
    names = () if value is None else None if isinstance(value, (str, bytes)) else listed(value)
    if names is None or not all(isinstance(name, str) and name for name in names):
        expected, todo = "a list of names or patterns", "pass freeze=['0']"
        raise ConfigurationError(got_expected("freeze", shown(value), expected, todo))
    return names or None
