"""The training loop: steps on spectra that were transformed once, at the door."""

from __future__ import annotations

import json
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import asdict, dataclass, field, replace
from functools import cached_property
from math import inf, isfinite
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

import numpy as np

from freqnet.augment import Batch, Kind
from freqnet.autodiff import Tensor, backward
from freqnet.errors import CheckpointError, ConfigurationError, DataError, DivergenceError, got_expected
from freqnet.kernels.threads import one_blas_thread
from freqnet.nn import Network
from freqnet.nn.module import kept_state, require_registered
from freqnet.optim import AveragedWeights, Optimizer
from freqnet.tasks import Loss, LossChoices, Task
from freqnet.training.accumulation import GradientSum
from freqnet.training.batches import Spectra, require_door, require_names, require_spectra
from freqnet.training.callbacks import Callback, Followers, check_callbacks
from freqnet.training.checkpoint import Checkpoint, load_checkpoint, save
from freqnet.training.device import on_device
from freqnet.training.evaluate import evaluate, exploding_layer, loss_of, require_fields
from freqnet.training.frozen import frozen_parameters, train_except, without_gradients
from freqnet.training.history import History
from freqnet.training.parallel.gradients import Shards
from freqnet.training.parallel.team import Team
from freqnet.training.plans import StepPlans, tell_of_layers_without_plan
from freqnet.training.progress import ProgressBar
from freqnet.training.settings import Settings
from freqnet.training.statistics import lagging_layers, recalibrate

if TYPE_CHECKING:
    from freqnet.torch.devices import DeviceNetwork


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
    frozen : dict of str to Tensor
        Parameters that do not train, by name.
    loss : Loss
        The loss of a batch.
    train : Spectra
        Training examples.
    validation : Spectra or None
        Examples measured after each epoch.
    averages : AveragedWeights or None
        Averages of the trained weights, if the settings ask for them.
    team : Team
        The processes that share the work.
    device : DeviceNetwork or None
        The network on a device of PyTorch; None where the kernels of this library compute.
    """

    network: Network
    settings: Settings
    optimizer: Optimizer
    steps_an_epoch: int
    loss: Loss
    train: Spectra
    epoch: int = 0
    history: History = field(default_factory=History)
    best: dict[str, np.ndarray] = field(default_factory=dict)
    best_loss: float = float("inf")
    best_epoch: int = 0
    frozen: dict[str, Tensor] = field(default_factory=dict)
    validation: Spectra | None = None
    averages: AveragedWeights | None = None
    team: Team = field(default_factory=Team)
    device: DeviceNetwork | None = None

    @property
    def task(self) -> Task:
        """What the network is trained for."""
        return self.train.task

    @classmethod
    def begin(cls, network: Network, settings: Settings, train: Spectra, validation: Spectra | None = None) -> Run:
        """Return a run on training examples before its first epoch.

        Raises
        ------
        DataError
            The outputs of the network are not those of the task, or a target is no output.
        ConfigurationError
            The loss, class weights, augmentation or frozen layers do not fit.
        """
        frozen = frozen_parameters(network.body, settings.freeze or ())
        trained = {name: p for name, p in network.named_parameters().items() if name not in frozen}
        loss = loss_of(network, train.task, train.targets, settings.loss_choices)
        settings.augmentation.check(replace(train.kind, can_mix=loss.can_mix))
        steps = -(-len(train) // settings.batch)
        run = cls(network, settings, settings.make_optimizer(trained, network.named_parameters()), steps, loss, train)
        run.frozen, run.validation = frozen, validation
        run.averages = AveragedWeights(trained, settings.ema) if settings.ema else None
        return run

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

    def batches(self, generator: np.random.Generator) -> Iterator[Batch]:
        """Yield the batches of one pass over the training examples, changed at random as the settings say."""
        return self.train.shuffled(self.settings.batch, generator, augment=self.settings.augmentation)

    def shards(self, generator: np.random.Generator) -> Iterator[Shards]:
        """Yield the same batches before they are taken and changed, to be computed in parts."""
        for step, indices in enumerate(self.train.orders(self.settings.batch, generator)):
            yield Shards(self.epoch, step, indices)

    @property
    def updates_an_epoch(self) -> int:
        """Steps of the optimiser per epoch: one per batch, or per group of batches that `Settings.accumulate` makes."""
        return -(-self.steps_an_epoch // self.settings.accumulate)

    def step(self, batch: Batch, is_last: bool = False) -> tuple[float, np.ndarray]:
        """Take one training step; return the loss and the outputs.

        With ``settings.accumulate``, the optimiser waits for the last batch of a group. The last batch of an epoch
        always is one.

        Raises
        ------
        DivergenceError
            The loss or the gradient is not finite; the weights have not changed then.
        """
        value, outputs = self.gradients(batch)
        self._update(value, self.loss.weight(batch.targets, batch.count), batch, is_last)
        return value, outputs

    def learn(self, batch: Batch | Shards, is_last: bool = False) -> tuple[int, dict[str, float]]:
        """Take one training step, in parts that the team computes if the batch has some.

        Returns
        -------
        count : int
            Number of examples.
        sums : dict of str to float
            Sums over the batch of the loss and of what is shown while training.

        Raises
        ------
        DivergenceError
            As `step` does.
        """
        if isinstance(batch, Shards):
            count = len(batch.indices)
            value, sums, weight = self.team.gradients(batch)
            self._update(value, weight, batch, is_last)
        else:
            count, (value, outputs) = batch.count, self.step(batch, is_last)
            sums = self.task.running(outputs, batch.targets)
        return count, {"loss": value * count, **sums}

    def _update(self, value: float, weight: float, batch: Batch | Shards, is_last: bool) -> None:
        """Let the optimiser take a step by the gradients of a batch, or add them to those of its group."""
        if self.settings.accumulate > 1 and isfinite(value):
            self._sum.add(weight)
            if self._sum.batches < self.settings.accumulate and not is_last:
                return
            self._sum.take()
        norm = self.optimizer.step(self.settings.clip or inf) if isfinite(value) else inf
        if not isfinite(norm or 0.0):
            self._tell_divergence(batch, value)
        if self.averages is not None:
            self.averages.update()

    def gradients(self, batch: Batch) -> tuple[float, np.ndarray]:
        """Set the gradients, on the device, by a plan or by the tape; return the loss and the outputs."""
        if self.device is not None:
            return self.device.gradients(
                batch.x, lambda outputs: self.loss.of(outputs, batch.targets, batch.weights, batch.mixes)
            )
        if self.network.can_plan:
            return self._plans(batch)
        with self.network.guard(), np.errstate(over="ignore", invalid="ignore"):
            outputs = self.network.body(batch.x)
            loss = self.loss.of(outputs, batch.targets, batch.weights, batch.mixes)
            if isfinite(loss.item()):
                self.optimizer.clear_gradients()
                backward(loss)
        return loss.item(), outputs.data

    def model_arrays(self) -> dict[str, np.ndarray]:
        """Return copies of the network's arrays after the last epoch, by name, as evaluation uses them.

        These are the averaged weights, if the settings ask for them. Running statistics that lag behind the weights are
        measured anew for this. Training does not notice it.
        """
        with kept_state(self.network.body), self.averaged():
            _measure_statistics(self)
            return {name: array.copy() for name, array in self.network.arrays().items()}

    def averaged(self) -> AbstractContextManager[None]:
        """Put averaged weights, if there are some, in the place of the last inside the block."""
        return nullcontext() if self.averages is None else self.averages.applied()

    def _tell_divergence(self, batch: Batch | Shards, loss: float) -> NoReturn:
        x = self.train.take(batch.indices).x if isinstance(batch, Shards) else batch.x
        with self.network.guard(), np.errstate(over="ignore", invalid="ignore"):
            what = (
                f"a loss of {loss}" if not isfinite(loss) else f"a gradient that is not finite at a loss of {loss:.3g}"
            )
            got = f"{what}; {exploding_layer(self.network, x)}"
        smaller = f"learning_rate={self.settings.learning_rate / 10:g} or clip=1"
        todo = f"take smaller steps, as with {smaller}, or narrower polynomials, as with gate_band=1"
        raise DivergenceError(
            got_expected(f"training, epoch {self.epoch + 1}", got, "a finite loss and gradient", todo)
        )

    def change_loss(self, loss: Loss) -> None:
        """Take another loss of the same task, such as one with other weights of classes."""
        self.loss = self._plans.loss = loss

    @cached_property
    def _sum(self) -> GradientSum:
        return GradientSum(self.trained.values())

    @cached_property
    def _plans(self) -> StepPlans:
        return StepPlans(self.network, self.trained, self.loss)

    def checkpoint(self, info: dict[str, Any]) -> Checkpoint:
        """Return a checkpoint of the run, with `info` added to its data."""
        extra = {f"optimizer/{k}": v for k, v in self.optimizer.state().items()}
        extra |= {f"best/{k}": v for k, v in self.best.items()}
        extra |= {} if self.averages is None else {f"average/{k}": v for k, v in self.averages.state().items()}
        progress = {
            "epoch": self.epoch,
            "history": self.history.rows,
            "best_loss": self.best_loss if self.best else None,
            "best_epoch": self.best_epoch,
            "settings": asdict(self.settings),
            "task": self.task.name,
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
        # Runs written before do not have all settings; their defaults do nothing.
        before = {**asdict(Settings()), **progress["settings"], "epochs": self.settings.epochs}
        _check_same(before, asdict(self.settings))
        _check_same({"steps an epoch": progress["steps"]}, {"steps an epoch": self.steps_an_epoch})
        # Runs written before there were tasks are classifications.
        _check_same({"task": progress.get("task", "classification")}, {"task": self.task.name})
        # The settings are compared already; the command is their text.
        others = {"progress", "settings", "command"}
        _check_same(*({k: v for k, v in given.items() if k not in others} for given in (checkpoint.info, info)))
        self.network.body.load_arrays(checkpoint.arrays)
        groups: dict[str, dict[str, np.ndarray]] = {"optimizer": {}, "best": {}, "average": {}}
        for name, array in checkpoint.extra.items():
            group, _, rest = name.partition("/")
            groups.setdefault(group, {})[rest] = array
        self.optimizer.load_state(groups["optimizer"])
        if self.averages is not None:
            self.averages.load_state(groups["average"])
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
    callbacks: Sequence[Callback] = (),
    progress: bool = False,
    team: Team | None = None,
    device: str | None = None,
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
        the last weights. With ``settings.ema``, both are averaged weights.
    settings : Settings, optional
    checkpoint : path, optional
        File to write after every epoch. Each write is atomic.
    resume : bool
        Continue the run in `checkpoint`; the final weights equal those of an uninterrupted run bit for bit. With a
        constant schedule, or restarts with `restart_epochs`, ``settings.epochs`` may be larger than before.
    info : dict, optional
        Plain data to store in the checkpoint.
    callbacks : sequence of Callback
        Objects that follow the training, in this order, and may stop it: `Progress`, `CSV`, `TensorBoard`,
        `KeepModels`, or your own.
    progress : bool
        Whether to show a `ProgressBar`, on a terminal or in a notebook.
    team : Team, optional
        The processes that share the work, such as `MPITeam()`; by default this one alone. All of them call `fit` with
        the same arguments. The first one alone writes the checkpoint and has callbacks. The weights are those of one
        process with the same ``settings.shards``, bit for bit.
    device : str, optional
        Where gradients and validation are computed: ``"cpu"`` by the kernels of this library (the default), ``"cuda"``,
        ``"cuda:1"`` and others on a device of PyTorch, ``"torch:cpu"`` by PyTorch on the CPU. Losses, optimiser,
        checkpoints and the network are the same everywhere; sums are rounded differently. A run may be resumed on
        another device.

    Returns
    -------
    History
        One row of figures per epoch.

    Raises
    ------
    DataError
        The training set is empty, the outputs of the network are not those of the task, or a target of either set is
        no output of the network.
    SpaceError
        The spectra are not in the space of the network's door.
    ConfigurationError
        The first argument is no network; a callback is no `Callback`; the settings have `patience`, but there is no
        validation set; class weights do not fit the classes; an augmentation does not suit the examples; a name in
        `freeze` is unknown; `progress` is neither True nor False; or the device does not exist, PyTorch is missing, or
        a layer or an op cannot be computed there.
    DivergenceError
        The loss is not finite; the message names the epoch and the layer that exploded.
    CheckpointError
        The checkpoint to resume is damaged or belongs to another run.
    TeamError
        A worker of a cluster is lost.

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
    check_callbacks(callbacks)
    if not isinstance(progress, bool):
        todo = "pass callbacks=[Progress(function)] for a function"
        raise ConfigurationError(got_expected("progress", f"a {type(progress).__name__}", "True or False", todo))
    team = team or Team()
    callbacks = [] if team.rank else [*callbacks, *([ProgressBar()] if progress else [])]
    check_arguments(network, train, validation, settings)
    if checkpoint is not None:
        require_registered(network.body)
    run = Run.begin(network, settings, train, validation)
    run.device = on_device(network, run.trained, device, team)
    network.output_names = train.names or network.output_names
    if run.device is None:
        tell_of_layers_without_plan(network)
    if resume:
        if checkpoint is None:
            todo = "pass checkpoint='FILE'"
            raise CheckpointError(got_expected("resume", "no checkpoint", "a file to resume from", todo))
        run.restore(team.agree(None if team.rank else load_checkpoint(checkpoint)), info or {})
    run.team = team
    team.begin(run)
    with team.limits(), one_blas_thread(), without_gradients(run.frozen), Followers(callbacks, run) as followers:
        followers.begin()
        while not (run.finished or followers.stopped):
            row = _epoch(run, followers)
            if validation is not None:
                row |= _validate(run, validation)
            run.history.add(row)
            if checkpoint is not None and not team.rank:
                save(checkpoint, run.checkpoint(info or {}))
            followers.epoch(row)
            followers.stopped = team.agree(followers.stopped)
        if run.best:
            network.body.load_arrays(run.best)
        else:
            _take_average(run)
        network.body.train(False)
        followers.end()
    return run.history


def one_pass(run: Run, train: Spectra, callbacks: Sequence[Callback] = ()) -> dict[str, Any]:
    """Train for one epoch more, whatever the settings say of epochs, and leave the network in evaluation mode.

    The examples may be others than before: this is for data that arrive in parts. The schedule has to be constant.

    Parameters
    ----------
    run : Run
        From `Run.begin`. It keeps the state of its optimiser from pass to pass.
    train : Spectra
        The examples of this pass.
    callbacks : sequence of Callback
        Objects that follow the pass, as in `fit`.

    Returns
    -------
    dict of str to Any
        The row of the history.
    """
    check_examples(run.settings, train, None)
    run.train, run.steps_an_epoch = train, -(-len(train) // run.settings.batch)
    # Balanced weights are those of these examples.
    run.change_loss(loss_of(run.network, train.task, train.targets, run.settings.loss_choices))
    if run.averages is not None:
        run.averages.withdraw()
    run.team.begin(run)
    with one_blas_thread(), without_gradients(run.frozen), Followers(callbacks, run) as followers:
        row = _epoch(run, followers)
        run.history.add(row)
        followers.epoch(row)
        _take_average(run)
    run.network.body.train(False)
    return row


def check_arguments(network: Network, train: Spectra, validation: Spectra | None, settings: Settings) -> None:
    """Raise an error if the arguments of `fit` have other types, or the examples do not fit the network."""
    if not isinstance(settings, Settings):
        got, todo = f"a {type(settings).__name__}", "pass settings=Settings(epochs=10)"
        raise ConfigurationError(got_expected("settings", got, "a Settings", todo))
    if not isinstance(network, Network):
        todo = "pass the network itself, not its body or what its compile() returned"
        raise ConfigurationError(got_expected("fit", f"a {type(network).__name__}", "a Network", todo))
    check_examples(settings, train, validation)
    for spectra in (train, validation or train):
        require_door(network, spectra)
        require_names(network, spectra.names, "the examples")
        if spectra.task != train.task:
            got, todo = f"a {spectra.task.name}", "pass both data sets through analyse with one task"
            raise DataError(got_expected("validation set", got, f"a {train.task.name}, like the training set", todo))
        require_fields(network, spectra)
        # The targets of single batches are not checked again.
        loss_of(network, spectra.task, spectra.targets, LossChoices())
    if validation is not None and validation.names != train.names and validation.names and train.names:
        got, todo = f"the outputs {', '.join(validation.names[:8])}", "match them with dataset.with_classes(names)"
        expected = f"those of the training set, {', '.join(train.names[:8])}"
        raise DataError(got_expected("validation set", got, expected, todo))


def check_choices(network: Network, settings: Settings, task: Task, targets: np.ndarray) -> None:
    """Raise an error if loss, class weights, augmentation, frozen layers or optimiser do not fit the others."""
    loss, door = loss_of(network, task, targets, settings.loss_choices), network.door
    settings.augmentation.check(Kind(door.space, door.channels, task, network.output_space, loss.can_mix, door.masks))
    frozen = frozen_parameters(network.body, settings.freeze or ())
    named = network.named_parameters()
    settings.make_optimizer({name: p for name, p in named.items() if name not in frozen}, named)


def check_examples(settings: Settings, train: Spectra, validation: Spectra | None) -> None:
    """Raise an error if there are no training examples, or the settings do not fit them or each other."""
    require_spectra(train, "training set")
    if validation is not None:
        require_spectra(validation, "validation set")
    if len(train) == 0:
        raise DataError(got_expected("training split", "no examples", "at least one", "lower the test share"))
    if settings.patience and validation is None:
        todo = "set a share of them aside, such as validation=0.1"
        raise ConfigurationError(got_expected("patience", "no validation examples", "some to watch", todo))
    settings.check_schedule()
    settings.augmentation.check(train.kind)


def _epoch(run: Run, followers: Followers) -> dict[str, Any]:
    """Train for one epoch. All random numbers come from (seed, epoch), so a resumed run draws the same ones."""
    settings, network = run.settings, run.network
    generator = np.random.default_rng([settings.seed, run.epoch])
    schedule = settings.make_schedule(settings.epochs * run.updates_an_epoch)
    # A callback may have ended the last epoch within a group of batches.
    run._sum.clear()
    train_except(network.body, run.frozen)
    network.body.set_generator(generator)
    sums, seen, start = Counter[str](), 0, time.perf_counter()
    batches: Iterator[Batch | Shards] = run.shards(generator) if settings.shards > 1 else run.batches(generator)
    for index, batch in enumerate(batches):
        run.optimizer.learning_rate = schedule(run.epoch * run.updates_an_epoch + index // settings.accumulate)
        count, found = run.learn(batch, is_last=index + 1 == run.steps_an_epoch)
        sums.update(found)
        seen += count
        seconds = time.perf_counter() - start
        followers.step({"epoch": run.epoch + 1, "step": index + 1, **_figures(sums, seen, seconds)})
        followers.stopped = run.team.agree(followers.stopped)
        if followers.stopped:
            break
    run.epoch += 1
    figures = _figures(sums, seen, time.perf_counter() - start)
    return {"epoch": run.epoch, **figures, "learning_rate": run.optimizer.learning_rate}


def _figures(sums: Counter[str], seen: int, seconds: float) -> dict[str, float]:
    means = {name: total / seen for name, total in sums.items()}
    return {**means, "seconds": seconds, "images_per_second": seen / max(seconds, 1e-9)}


def _validate(run: Run, validation: Spectra) -> dict[str, float]:
    # Training goes on with its own averages, so that it does not depend on the validation.
    with kept_state(run.network.body), run.averaged():
        _measure_statistics(run)
        figures = run.team.agree(None if run.team.rank else _score(run, validation))
        if figures["validation_loss"] < run.best_loss:
            run.best_loss, run.best_epoch = figures["validation_loss"], run.epoch
            run.best = {name: array.copy() for name, array in run.network.arrays().items()}
    return figures  # type: ignore[no-any-return]


def _score(run: Run, validation: Spectra) -> dict[str, float]:
    result = evaluate(run.device or run.network, validation, loss=run.settings.loss, order=run.settings.order)
    return {"validation_loss": result.loss, f"validation_{run.task.score}": result.score}


def _take_average(run: Run) -> None:
    """Give the network the weights and statistics that it is used with."""
    if run.averages is not None:
        run.averages.apply()
    _measure_statistics(run)


def _measure_statistics(run: Run) -> None:
    """Measure running statistics anew where they lag behind the weights. The result depends on (seed, epoch) only."""
    # A complete run that is resumed has not trained in this process.
    train_except(run.network.body, run.frozen)
    steps = run.epoch * run.steps_an_epoch
    # Running averages are never those of averaged weights, however many steps there were.
    layers = lagging_layers(run.network, steps if run.averages is None else min(steps, 1))
    if layers:
        generator = np.random.default_rng([run.settings.seed, run.epoch, 1])
        recalibrate(run.network, layers, run.train, run.settings.batch, generator)


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
    if not settings.is_open_ended:
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
