"""The training loop: steps on spectra that were transformed once, at the door."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from functools import cached_property
from math import inf, isfinite
from pathlib import Path
from typing import Any, NoReturn

import numpy as np

from freqnet import ops
from freqnet.autodiff import Tensor, backward
from freqnet.errors import CheckpointError, ConfigurationError, DataError, DivergenceError, SpaceError, got_expected
from freqnet.kernels.threads import one_blas_thread
from freqnet.nn import Network
from freqnet.nn.module import require_registered
from freqnet.ops.loss import class_numbers
from freqnet.optim import Optimizer
from freqnet.training.batches import Spectra, require_spectra
from freqnet.training.checkpoint import Checkpoint, load_checkpoint, save
from freqnet.training.evaluate import evaluate, exploding_layer
from freqnet.training.frozen import frozen_parameters, train_except, without_gradients
from freqnet.training.history import History
from freqnet.training.plans import StepPlans, tell_of_layers_without_plan
from freqnet.training.progress import ProgressBar, require_progress
from freqnet.training.settings import Settings
from freqnet.training.statistics import kept_state, lagging_layers, recalibrate
from freqnet.training.weights import class_weights

# Called after every training step with the figures so far, and after each epoch with its row of the history.
Progress = Callable[[dict[str, Any]], None]


def silent(figures: dict[str, Any]) -> None:
    """Show no progress."""


# More than 8 fields: a run that continues from a checkpoint needs every one of them.
@dataclass
class Run:
    """The state of a training run, all of which a checkpoint holds.

    Attributes
    ----------
    network : Network
    settings : Settings
    optimizer : Optimizer
    steps_an_epoch : int
        Training steps per epoch.
    epoch : int
        Number of finished epochs.
    history : History
    best : dict of str to numpy.ndarray
        Arrays of the network at its lowest validation loss; empty without validation.
    best_loss : float
        Lowest validation loss, in nats.
    best_epoch : int
        Epoch of the lowest validation loss.
    class_weights : numpy.ndarray or None
        Weight of each class in the loss.
    frozen : dict of str to Tensor
        Parameters that do not train, by name.
    """

    network: Network
    settings: Settings
    optimizer: Optimizer
    steps_an_epoch: int
    epoch: int = 0
    history: History = field(default_factory=History)
    best: dict[str, np.ndarray] = field(default_factory=dict)
    best_loss: float = float("inf")
    best_epoch: int = 0
    class_weights: np.ndarray | None = None
    frozen: dict[str, Tensor] = field(default_factory=dict)

    @property
    def trained(self) -> dict[str, Tensor]:
        """Parameters that train, by name."""
        return {name: p for name, p in self.network.named_parameters().items() if name not in self.frozen}

    @property
    def finished(self) -> bool:
        """Whether the last epoch is over, or patience has run out."""
        waited = self.epoch - self.best_epoch
        stopped = self.settings.patience > 0 and bool(self.best) and waited >= self.settings.patience
        return stopped or self.epoch >= self.settings.epochs

    def step(self, x: Tensor, labels: np.ndarray) -> tuple[float, np.ndarray]:
        """Take one training step on spectra ``(*modes, batch, channels)``; return the loss and the logits.

        Raises
        ------
        DivergenceError
            The loss or the gradient is not finite; the weights have not changed then.
        """
        value, logits = self.gradients(x, labels)
        norm = self.optimizer.step(self.settings.clip or inf) if isfinite(value) else inf
        if not isfinite(norm or 0.0):
            self._tell_divergence(x, value)
        return value, logits

    def gradients(self, x: Tensor, labels: np.ndarray) -> tuple[float, np.ndarray]:
        """Set the gradients, by a plan or by the tape; return the loss and the logits."""
        if self.network.can_plan:
            return self._plans(x, labels)
        with self.network.guard(), np.errstate(over="ignore", invalid="ignore"):
            logits = self.network.body(x)
            loss = ops.cross_entropy(logits, labels, self.settings.smoothing, self.class_weights)
            if isfinite(loss.item()):
                self.optimizer.clear_gradients()
                backward(loss)
        return loss.item(), logits.data

    def _tell_divergence(self, x: Tensor, loss: float) -> NoReturn:
        with self.network.guard(), np.errstate(over="ignore", invalid="ignore"):
            got = f"a loss of {loss}; {exploding_layer(self.network, x)}"
        smaller = f"learning_rate={self.settings.learning_rate / 10:g} or clip=1"
        todo = f"take smaller steps, as with {smaller}, or narrower polynomials, as with gate_band=1"
        raise DivergenceError(got_expected(f"training, epoch {self.epoch + 1}", got, "a finite loss", todo))

    @cached_property
    def _plans(self) -> StepPlans:
        return StepPlans(self.network, self.trained, self.settings.smoothing, self.class_weights)

    def checkpoint(self, info: dict[str, Any]) -> Checkpoint:
        """Return a checkpoint of the run, with `info` added to its data."""
        extra = {f"optimizer/{k}": v for k, v in self.optimizer.state().items()}
        extra |= {f"best/{k}": v for k, v in self.best.items()}
        progress = {
            "epoch": self.epoch,
            "history": self.history.rows,
            "best_loss": self.best_loss if self.best else None,
            "best_epoch": self.best_epoch,
            "settings": asdict(self.settings),
            "steps": self.steps_an_epoch,
            "transforms": self.network.transforms_inside,
        }
        return Checkpoint(self.network.describe(), self.network.arrays(), extra, {**info, "progress": progress})

    def restore(self, checkpoint: Checkpoint, info: dict[str, Any]) -> None:
        """Load the state of the run from a checkpoint.

        Raises
        ------
        CheckpointError
            The checkpoint has no training state, or another network, other settings or other `info`.
        """
        progress = checkpoint.info.get("progress")
        if not progress:
            todo = "leave resume=True out, to start a new run"
            raise CheckpointError(got_expected("checkpoint", "no training state", "the checkpoint of a run", todo))
        if plain(checkpoint.restore().describe()) != plain(self.network.describe()):
            raise CheckpointError(
                got_expected(
                    "checkpoint",
                    "one of another network",
                    "the network of this run",
                    "repeat the data and model of the run, or leave resume=True out",
                )
            )
        check_epochs(self.settings, progress["settings"]["epochs"], progress["epoch"])
        _check_same({**progress["settings"], "epochs": self.settings.epochs}, asdict(self.settings))
        _check_same({"steps an epoch": progress["steps"]}, {"steps an epoch": self.steps_an_epoch})
        # The settings are compared already; the command is their text.
        others = {"progress", "settings", "command"}
        _check_same(*({k: v for k, v in given.items() if k not in others} for given in (checkpoint.info, info)))
        self.network.body.load_arrays(checkpoint.arrays)
        groups: dict[str, dict[str, np.ndarray]] = {"optimizer": {}, "best": {}}
        for name, array in checkpoint.extra.items():
            group, _, rest = name.partition("/")
            groups.setdefault(group, {})[rest] = array
        self.optimizer.load_state(groups["optimizer"])
        self.epoch, self.best, self.best_epoch = progress["epoch"], groups["best"], progress["best_epoch"]
        self.best_loss = float("inf") if progress["best_loss"] is None else progress["best_loss"]
        self.history = History(list(progress["history"]))
        self.network.transforms_inside = progress["transforms"]


def fit(
    network: Network,
    train: Spectra,
    validation: Spectra | None = None,
    settings: Settings | None = None,
    *,
    checkpoint: str | Path | None = None,
    resume: bool = False,
    info: dict[str, Any] | None = None,
    progress: Progress | bool = silent,
) -> History:
    """Train a network in place, and leave it in evaluation mode.

    After few training steps the running statistics of normalisation lag behind the weights. They are then measured
    anew on training examples, for each validation and at the end.

    Parameters
    ----------
    network : Network
    train : Spectra
        Training examples, from `analyse`.
    validation : Spectra, optional
        Examples measured after each epoch. The weights with the lowest validation loss are kept; without validation,
        the last weights.
    settings : Settings, optional
    checkpoint : path, optional
        File to write after every epoch. Each write is atomic.
    resume : bool
        Continue the run in `checkpoint`; the final weights equal those of an uninterrupted run bit for bit. With a
        constant schedule, ``settings.epochs`` may be larger than before.
    info : dict, optional
        Plain data to store in the checkpoint.
    progress : callable or bool
        Called with a dict of figures after each training step (with the key ``"step"``) and after each epoch. True
        shows a `ProgressBar`, on a terminal or in a notebook.

    Returns
    -------
    History
        One row of figures per epoch.

    Raises
    ------
    DataError
        The training set is empty, or a label of either set is no class of the network.
    SpaceError
        The spectra are not in the space of the network's door.
    ConfigurationError
        The first argument is no network; the settings have `patience`, but there is no validation set; class weights do
        not fit the classes; a name in `freeze` is unknown; or `progress` cannot be called.
    DivergenceError
        The loss is not finite; the message names the epoch and the layer that exploded.
    CheckpointError
        The checkpoint to resume is damaged or belongs to another run.

    Warns
    -----
    PlanWarning
        A layer keeps the network from running as a plan: see `freqnet.nn.Module`.

    Examples
    --------
    >>> from freqnet import nn
    >>> from freqnet.data import load
    >>> from freqnet.training import Settings, analyse, fit
    >>> body = nn.Sequential((nn.Convolution(4), nn.PowerNorm(), nn.Polynomial(), nn.Dense(10)))
    >>> network = nn.Network(nn.Door("fourier", (8, 8), (3, 3), 1), body)
    >>> history = fit(network, analyse(network, load("digits")), settings=Settings(epochs=3))
    >>> history.rows[-1]["accuracy"] > 0.5
    True
    """
    settings = settings or Settings()
    if not isinstance(network, Network):
        todo = "pass the network itself, not its body or what its compile() returned"
        raise ConfigurationError(got_expected("fit", f"a {type(network).__name__}", "a Network", todo))
    check_examples(settings, train, validation)
    for spectra in (train, validation or train):
        if spectra.space != network.door.space:
            todo = "make them with analyse(network, dataset)"
            raise SpaceError(got_expected("spectra", spectra.space, f"the network's {network.door.space}", todo))
        # The labels of single batches are not checked again.
        class_numbers(spectra.labels, len(spectra), network.outputs)
    if isinstance(progress, bool):
        with ProgressBar(settings.epochs, -(-len(train) // settings.batch), is_shown=progress) as bar:
            options: Any = {"checkpoint": checkpoint, "resume": resume, "info": info, "progress": bar}
            return fit(network, train, validation, settings, **options)
    require_progress(progress)
    if checkpoint is not None:
        require_registered(network.body)
    run = _begin(network, settings, train)
    tell_of_layers_without_plan(network)
    if resume:
        if checkpoint is None:
            todo = "pass checkpoint='FILE'"
            raise CheckpointError(got_expected("resume", "no checkpoint", "a file to resume from", todo))
        run.restore(load_checkpoint(checkpoint), info or {})
        for row in run.history.rows:
            progress({**row, "restored": True})
    with one_blas_thread(), without_gradients(run.frozen):
        while not run.finished:
            row = _epoch(run, train, progress)
            if validation is not None:
                row |= _validate(run, train, validation)
            run.history.add(row)
            if checkpoint is not None:
                save(checkpoint, run.checkpoint(info or {}))
            progress(row)
        if run.best:
            network.body.load_arrays(run.best)
        else:
            _measure_statistics(run, train)
    network.body.train(False)
    return run.history


def _begin(network: Network, settings: Settings, train: Spectra) -> Run:
    """Return a run before its first epoch."""
    weights = class_weights(settings.class_weights, train.labels, network.outputs)
    frozen = frozen_parameters(network.body, settings.freeze or ())
    trained = {name: p for name, p in network.named_parameters().items() if name not in frozen}
    steps = -(-len(train) // settings.batch)
    optimizer = settings.make_optimizer(trained)
    return Run(network, settings, optimizer, steps, class_weights=weights, frozen=frozen)


def check_choices(network: Network, settings: Settings, labels: np.ndarray) -> None:
    """Raise `ConfigurationError` if class weights or frozen layers do not fit the network and the training labels."""
    class_weights(settings.class_weights, labels, network.outputs)
    frozen_parameters(network.body, settings.freeze or ())


def check_examples(settings: Settings, train: Spectra, validation: Spectra | None) -> None:
    """Raise an error if there are no training examples, no validation examples for `patience`, or unusable shifts."""
    require_spectra(train, "training set")
    if validation is not None:
        require_spectra(validation, "validation set")
    if len(train) == 0:
        raise DataError(got_expected("training split", "no examples", "at least one", "lower the test share"))
    if settings.patience and validation is None:
        todo = "set a share of them aside, such as validation=0.1"
        raise ConfigurationError(got_expected("patience", "no validation examples", "some to watch", todo))
    train.space.check_shifts(settings.shift)


def _epoch(run: Run, train: Spectra, progress: Progress) -> dict[str, Any]:
    """Train for one epoch. All random numbers come from (seed, epoch), so a resumed run draws the same ones."""
    settings, network = run.settings, run.network
    generator = np.random.default_rng([settings.seed, run.epoch])
    schedule = settings.make_schedule(settings.epochs * run.steps_an_epoch)
    train_except(network.body, run.frozen)
    network.body.set_generator(generator)
    total, correct, seen, start = 0.0, 0, 0, time.perf_counter()
    for index, (x, labels) in enumerate(train.shuffled(settings.batch, generator, settings.shift)):
        run.optimizer.learning_rate = schedule(run.epoch * run.steps_an_epoch + index)
        loss, logits = run.step(x, labels)
        total += loss * len(labels)
        correct += int(np.sum(logits.argmax(axis=1) == labels))
        seen += len(labels)
        seconds = time.perf_counter() - start
        progress({"epoch": run.epoch + 1, "step": index + 1, **_figures(total, correct, seen, seconds)})
    run.epoch += 1
    figures = _figures(total, correct, seen, time.perf_counter() - start)
    return {"epoch": run.epoch, **figures, "learning_rate": run.optimizer.learning_rate}


def _figures(total: float, correct: int, seen: int, seconds: float) -> dict[str, float]:
    rate = seen / max(seconds, 1e-9)
    return {"loss": total / seen, "accuracy": correct / seen, "seconds": seconds, "images_per_second": rate}


def _validate(run: Run, train: Spectra, validation: Spectra) -> dict[str, float]:
    # Training goes on with its own averages, so that it does not depend on the validation.
    with kept_state(run.network.body):
        _measure_statistics(run, train)
        result = evaluate(run.network, validation)
        if result.loss < run.best_loss:
            run.best_loss, run.best_epoch = result.loss, run.epoch
            run.best = {name: array.copy() for name, array in run.network.arrays().items()}
    return {"validation_loss": result.loss, "validation_accuracy": result.accuracy}


def _measure_statistics(run: Run, train: Spectra) -> None:
    """Measure running statistics anew where they lag behind the weights. The result depends on (seed, epoch) only."""
    # A complete run that is resumed has not trained in this process.
    train_except(run.network.body, run.frozen)
    layers = lagging_layers(run.network, run.epoch * run.steps_an_epoch)
    if layers:
        generator = np.random.default_rng([run.settings.seed, run.epoch, 1])
        recalibrate(run.network, layers, train, run.settings.batch, generator)


def check_epochs(settings: Settings, before: int, finished: int = 0) -> None:
    """Raise an error if a run cannot be resumed with another number of epochs.

    Parameters
    ----------
    settings : Settings
        The settings to go on with.
    before : int
        Number of epochs that the run began with.
    finished : int
        Number of finished epochs.

    Raises
    ------
    CheckpointError
        The schedule would have been another one from the first step, or more epochs are finished.
    """
    if settings.epochs == before:
        return
    if settings.schedule != "constant":
        expected = f"the run's own epochs={before}, at which its {settings.schedule} schedule ends"
        todo = "leave epochs out, or begin a new run with weights='RUN'"
        raise CheckpointError(got_expected("resume", f"epochs={settings.epochs}", expected, todo))
    if settings.epochs < finished:
        expected = f"at least the {finished} that are finished"
        todo = f"pass epochs={finished}"
        raise CheckpointError(got_expected("resume", f"epochs={settings.epochs}", expected, todo))


def plain(value: Any) -> Any:
    """Return plain data as it reads back from a JSON file, with lists for tuples."""
    return json.loads(json.dumps(value, default=float))


def _check_same(before: dict[str, Any], now: dict[str, Any]) -> None:
    now = plain(now)
    for name in sorted(before.keys() | now.keys()):
        if before.get(name) != now.get(name):
            raise CheckpointError(
                got_expected(
                    "resume",
                    f"{name} = {now.get(name)}",
                    f"the run's own {before.get(name)}",
                    "repeat its choices, or start anew with overwrite=True",
                )
            )
