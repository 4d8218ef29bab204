"""The training loop: one transform at the door, then steps that never leave the domain."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from freqnet import ops
from freqnet.autodiff import Tensor, backward
from freqnet.errors import CheckpointError, ConfigurationError, DataError, DivergenceError, SpaceError, got_expected
from freqnet.kernels.threads import one_blas_thread
from freqnet.nn import Network
from freqnet.optim import Optimizer, clip_gradients
from freqnet.training.batches import Spectra, require_spectra
from freqnet.training.checkpoint import Checkpoint, load_checkpoint, save
from freqnet.training.evaluate import evaluate, exploding_layer
from freqnet.training.history import History
from freqnet.training.settings import Settings

# Called after every step with the figures so far, and at the end of each epoch with the epoch's row.
Progress = Callable[[dict[str, Any]], None]


def silent(figures: dict[str, Any]) -> None:
    """Show nothing."""


@dataclass
class Run:
    """Everything that changes while a network trains; a checkpoint holds all of it."""

    network: Network
    settings: Settings
    optimizer: Optimizer
    steps_an_epoch: int
    epoch: int = 0
    history: History = field(default_factory=History)
    best: dict[str, np.ndarray] = field(default_factory=dict)
    best_loss: float = float("inf")
    best_epoch: int = 0

    @property
    def finished(self) -> bool:
        """Whether the last epoch is over, or patience has run out."""
        waited = self.epoch - self.best_epoch
        stopped = self.settings.patience > 0 and bool(self.best) and waited >= self.settings.patience
        return stopped or self.epoch >= self.settings.epochs

    def step(self, x: Tensor, labels: np.ndarray) -> tuple[float, np.ndarray]:
        """Take one step on spectra ``(*modes, batch, channels)``; return the loss and the logits.

        Raises
        ------
        DivergenceError
            The loss or the gradient is no longer finite; no weight has changed then.
        """
        network, settings = self.network, self.settings
        with network.guard(), np.errstate(over="ignore", invalid="ignore"):
            logits = network.body(x)
            loss = ops.cross_entropy(logits, labels, settings.smoothing)
            value, norm = loss.item(), 0.0
            if np.isfinite(value):
                self.optimizer.clear_gradients()
                backward(loss)
                norm = clip_gradients(network.body.named_parameters(), settings.clip or np.inf)
            if not np.isfinite(value) or not np.isfinite(norm):
                got = f"a loss of {value}; {exploding_layer(network, x)}"
                smaller = f"learning_rate={settings.learning_rate / 10:g} or clip=1"
                todo = f"take smaller steps, as with {smaller}, or narrower polynomials, as with gate_band=1"
                raise DivergenceError(got_expected(f"training, epoch {self.epoch + 1}", got, "a finite loss", todo))
            self.optimizer.step()
        return value, logits.data

    def checkpoint(self, info: dict[str, Any]) -> Checkpoint:
        """Return all of the run's state."""
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
        """Take up a run where its checkpoint left it.

        Raises
        ------
        CheckpointError
            The checkpoint is of another network, or was trained with other settings.
        """
        progress = checkpoint.info.get("progress")
        if not progress:
            raise CheckpointError(got_expected("checkpoint", "no training state", "that of a run", "train anew"))
        if checkpoint.network != plain(self.network.describe()):
            raise CheckpointError(
                got_expected("checkpoint", "one of another network", "the same data and model options", "repeat them")
            )
        # More epochs would have stretched the schedule from the start: the run could not be the same.
        _check_same(progress["settings"], asdict(self.settings))
        _check_same({"steps an epoch": progress["steps"]}, {"steps an epoch": self.steps_an_epoch})
        _check_same({k: v for k, v in checkpoint.info.items() if k != "progress"}, info)
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
    progress: Progress = silent,
) -> History:
    """Train a network, in place.

    Parameters
    ----------
    network : Network
    train : Spectra
        From `analyse`: the transforms are over before training starts.
    validation : Spectra, optional
        Measured after each epoch; the weights of the lowest validation loss are kept. Without it the
        last weights are.
    settings : Settings, optional
    checkpoint : path, optional
        Written after every epoch, whole or not at all.
    resume : bool
        Take up the run in `checkpoint`: the weights become bit for bit those of a run never interrupted.
    info : dict, optional
        Plain data to keep in the checkpoint.
    progress : callable
        Called with a dict of figures after each step (``"step"`` is present) and each epoch.

    Returns
    -------
    History

    Raises
    ------
    DataError
        The training set is empty.
    ConfigurationError
        There is patience, but no validation set.
    DivergenceError
        The loss is no longer finite; says in which epoch and which layer's power exploded.
    CheckpointError
        The checkpoint to resume is damaged or of another run.

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
    check_examples(settings, train, validation)
    for spectra in (train, validation or train):
        if spectra.space != network.door.space:
            todo = "pass them through its door with analyse"
            raise SpaceError(got_expected("spectra", spectra.space, f"the network's {network.door.space}", todo))
    optimizer = settings.make_optimizer(network.body.named_parameters())
    run = Run(network, settings, optimizer, -(-len(train) // settings.batch))
    if resume:
        if checkpoint is None:
            raise CheckpointError(got_expected("resume", "no checkpoint", "a file to resume from", "name it"))
        run.restore(load_checkpoint(checkpoint), info or {})
        for row in run.history.rows:
            progress({**row, "restored": True})
    with one_blas_thread():
        while not run.finished:
            row = _epoch(run, train, progress)
            if validation is not None:
                row |= _validate(run, validation)
            run.history.add(row)
            if checkpoint is not None:
                save(checkpoint, run.checkpoint(info or {}))
            progress(row)
    if run.best:
        network.body.load_arrays(run.best)
    network.body.train(False)
    return run.history


def check_examples(settings: Settings, train: Spectra, validation: Spectra | None) -> None:
    """Check that there is what the settings need: examples, and some to validate on where there is patience."""
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
    """Train for one epoch. All its randomness comes from (seed, epoch), so that a rerun is the same."""
    settings, network = run.settings, run.network
    generator = np.random.default_rng([settings.seed, run.epoch])
    schedule = settings.make_schedule(settings.epochs * run.steps_an_epoch)
    network.body.train(True)
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


def _validate(run: Run, validation: Spectra) -> dict[str, float]:
    result = evaluate(run.network, validation)
    if result.loss < run.best_loss:
        run.best_loss, run.best_epoch = result.loss, run.epoch
        run.best = {name: array.copy() for name, array in run.network.arrays().items()}
    return {"validation_loss": result.loss, "validation_accuracy": result.accuracy}


def plain(value: Any) -> Any:
    """Plain data as it reads back from a file: tuples are lists there."""
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
