"""Training runs: from the name of a dataset to weights, metrics, history and a report."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np

from freqnet.data import Dataset, Split, load, split
from freqnet.errors import ConfigurationError, FreqnetError, got_expected
from freqnet.experiments.config import WriteConfig
from freqnet.experiments.job import Job, Plan, arguments_of, make_plan, matching
from freqnet.kernels.threads import one_blas_thread
from freqnet.nn import Network
from freqnet.training import (
    Callback,
    Checkpoint,
    Evaluation,
    History,
    JSONLines,
    KeepModels,
    Records,
    Spectra,
    Team,
    TensorBoard,
    analyse,
    evaluate,
    fit,
    save,
)
from freqnet.training.device import on_device
from freqnet.training.files import (
    CHECKPOINT,
    HISTORY,
    METRICS,
    MODEL,
    MODELS,
    REPORT,
    TRACKED,
    claim_folder,
    write_json,
    write_lines,
)
from freqnet.training.fit import check_choices, check_examples
from freqnet.training.keeping import check_validation
from freqnet.training.locks import FolderLock
from freqnet.training.trackers import require_tensorboard


@dataclass
class Begun:
    """A run that is ready to train: its data and choices are checked, and its folder is empty or holds its checkpoint.

    No other run can use the folder until `release`, which also the end of a ``with`` block calls.

    Attributes
    ----------
    plan : Plan
        All choices of the run.
    parts : Split
        The examples for training, for validation, and for the test.
    network : Network
        The untrained network.
    train : Spectra
        The spectra for training.
    validation : Spectra or None
        The spectra for validation.
    resume : bool
        Whether the run continues from its checkpoint.
    lock : FolderLock or None
        Lock of the folder; None where another process of a team has it.
    job : Job
        The choices that were given.
    team : Team
        The processes that share the training.
    device : str, optional
        Where it is computed, as in `freqnet.training.fit`.
    """

    plan: Plan
    parts: Split
    network: Network
    train: Spectra
    validation: Spectra | None
    resume: bool
    lock: FolderLock | None
    job: Job
    team: Team = field(default_factory=Team)
    device: str | None = None

    def __enter__(self) -> Begun:
        return self

    def __exit__(self, *exception: object) -> None:
        self.release()

    def release(self) -> None:
        """Let other runs use the folder."""
        if self.lock is not None:
            self.lock.release()

    @property
    def steps_an_epoch(self) -> int:
        """Number of batches per epoch."""
        return -(-len(self.train) // self.plan.settings.batch)

    def fit(self, callbacks: Sequence[Callback] = ()) -> History:
        """Train to the last epoch; write checkpoint and history after each epoch, before the callbacks are called."""
        return fit(
            self.network,
            self.train,
            self.validation,
            self.plan.settings,
            checkpoint=self.plan.folder / CHECKPOINT,
            resume=self.resume,
            info=self.plan.info,
            callbacks=[] if self.team.rank else [*self._writers(), *callbacks],
            team=self.team,
            device=self.device,
        )

    def _writers(self) -> list[Callback]:
        """Return the callbacks that write the files of the run."""
        folder, records = self.plan.folder, self.plan.records
        found: list[Callback] = [JSONLines(folder / HISTORY), WriteConfig(folder, self.job, self.plan.info)]
        if records.keep_every or records.keep_best:
            found.append(KeepModels(folder / MODELS, records.keep_every, records.keep_best, self.plan.info))
        return [*found, *([TensorBoard(folder / TRACKED)] if records.tensorboard else [])]

    def finish(self, history: History, report: bool = True) -> dict[str, Any]:
        """Evaluate on the held-out examples, write the results, and return the metrics.

        Of a team, the first process does this; the others return nothing.

        Raises
        ------
        ConfigurationError
            There is no epoch: a callback has stopped the training before the first.
        """
        if not history.rows:
            todo = "stop the training after the first epoch"
            raise ConfigurationError(got_expected("training", "no epoch", "at least one", todo))
        if self.team.rank:
            return {}
        with one_blas_thread():
            result = evaluate(self.network, analyse(self.network, self.parts.test, cache=self.plan.cache))
        return write_results(self.plan, self.network, self.parts, history, result, report)


def prepare(
    job: Job,
    *,
    resume: bool = False,
    overwrite: bool = False,
    team: Team | None = None,
    device: str | None = None,
) -> Begun:
    """Load the data, make the network, and prepare the folder; of a team, the first process alone touches the folder.

    Raises
    ------
    ConfigurationError, DataError, CheckpointError
        As `make_plan`, `freqnet.data.load` and `freqnet.training.files.claim_folder` do.
    """
    if resume and overwrite:
        raise ConfigurationError(
            got_expected("train", "resume=True and overwrite=True", "one of them", "leave one out")
        )
    dataset = load(job.data, folder=job.folder, **arguments_of(job, resume))
    plan = make_plan(job, dataset, resume)
    if resume:
        dataset = matching(dataset, plan.info["fingerprint"]) or dataset
    parts = split(dataset, **plan.info["fractions"], seed=plan.settings.seed)
    network = plan.network(parts.train, resume)
    train = analyse(network, parts.train, cache=plan.cache)
    validation = None if parts.validation is None else analyse(network, parts.validation, cache=plan.cache)
    check_examples(plan.settings, train, validation)
    check_choices(network, plan.settings, train.task, train.targets)
    check_records(plan.records, validation)
    team = team or Team()
    team.check(plan.settings)
    on_device(network, {}, device, team)
    # This comes last: a mistake in the data or the choices must not cost an earlier run.
    lock = None if team.rank else claim_folder(plan.folder, resume=resume, overwrite=overwrite)
    return Begun(plan, parts, network, train, validation, resume, lock, job, team, device)


class Untrained(NamedTuple):
    """What a run has before its training."""

    plan: Plan
    network: Network
    train: Spectra
    parts: Split


def untrained(job: Job) -> Untrained:
    """Return the choices of a job, its network and its training examples before training; make no folder.

    Raises
    ------
    ConfigurationError, DataError, CheckpointError
        As `prepare` does.
    """
    dataset = load(job.data, folder=job.folder, **arguments_of(job, resume=False))
    plan = make_plan(job, dataset, resume=False)
    parts = split(dataset, **plan.info["fractions"], seed=plan.settings.seed)
    network = plan.network(parts.train, resume=False)
    train = analyse(network, parts.train, cache=plan.cache)
    check_choices(network, plan.settings, train.task, train.targets)
    return Untrained(plan, network, train, parts)


def check_records(records: Records, validation: Spectra | None) -> None:
    """Raise `ConfigurationError` if files of a run could not be written, for want of validation or of a package."""
    if records.keep_best:
        check_validation(validation)
    if records.tensorboard:
        require_tensorboard()


def check_plan(plan: Plan, dataset: Dataset, device: str | None = None) -> None:
    """Raise the error that a run would begin with: choices that the network, the examples or the files do not allow."""
    parts = split(dataset, **plan.info["fractions"], seed=plan.settings.seed)
    # The run itself will warn.
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        network = plan.network(parts.train, resume=False)
        check_choices(network, plan.settings, dataset.task, parts.train.targets)
        on_device(network, {}, device, Team())
        # One example per part suffices to check that the part is not empty.
        own = [part and part.take(np.arange(min(1, len(part)))) for part in (parts.train, parts.validation)]
        train, validation = (None if part is None else analyse(network, part) for part in own)
    assert train is not None
    check_examples(plan.settings, train, validation)
    check_records(plan.records, validation)


def run(
    job: Job,
    *,
    resume: bool = False,
    overwrite: bool = False,
    report: bool = True,
    callbacks: Sequence[Callback] = (),
    device: str | None = None,
) -> dict[str, Any]:
    """Train, evaluate on held-out examples, write the run's folder, and return its metrics.

    Parameters
    ----------
    job : Job
        The choices that were given.
    resume : bool
        Continue the run in the job's folder; evaluate a complete run again, without training.
    overwrite : bool
        Replace the run in the job's folder.
    report : bool
        Also write the report, a page with figures. Resuming the complete run writes it later.
    callbacks : sequence of Callback
        Objects that follow the training, as `freqnet.training.fit` takes them.
    device : str, optional
        Where the training is computed, as in `freqnet.training.fit`.

    Returns
    -------
    dict
        The content of ``metrics.json``.

    Raises
    ------
    ConfigurationError, DataError, CheckpointError
        The data or the choices cannot be used, as `prepare` says, or another run is writing to the folder.
    DivergenceError
        The loss is no longer finite.

    Examples
    --------
    >>> import tempfile
    >>> from freqnet.experiments import Job, run
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     job = Job("digits", out=folder, model={"widths": (4, 4, 4)}, settings={"epochs": 2})
    ...     metrics = run(job)
    ...     sorted(path.name for path in job.out.iterdir())
    ['checkpoint.safetensors', 'history.jsonl', 'metrics.json', 'model.safetensors', 'report.html', 'run.toml']
    >>> metrics["test_accuracy"] > 0.5
    True
    """
    with prepare(job, resume=resume, overwrite=overwrite, device=device) as begun:
        return begun.finish(begun.fit(callbacks), report)


# -- the files of a finished run ----------------------------------------------------------------------------
def write_results(
    plan: Plan, network: Network, parts: Split, history: History, result: Evaluation, report: bool = True
) -> dict[str, Any]:
    """Write the model, the history, the metrics and, with `report`, the report, and return the metrics.

    Raises
    ------
    ConfigurationError
        A file cannot be written, or the report cannot be made; files that were written before stay.
    """
    metrics = collect_metrics(plan, network, parts, history, result)
    info = {**plan.info, "metrics": metrics}
    save(plan.folder / MODEL, Checkpoint(network.describe(), network.arrays(), info=info))
    write_lines(plan.folder / HISTORY, history.rows)
    write_json(plan.folder / METRICS, metrics)
    if not report:
        return metrics
    try:
        _write_report(plan, network, parts, history, result, metrics)
    except FreqnetError:
        raise
    # The model is already saved if plotting fails, for whatever reason.
    except Exception as error:
        got = f"{type(error).__name__}: {error}"
        expected = f"a page beside {MODEL} and {METRICS}, which are complete"
        message = got_expected(f"report {plan.folder / REPORT}", got, expected, "run again with resume=True")
        raise ConfigurationError(message) from error
    return metrics


def _write_report(
    plan: Plan, network: Network, parts: Split, history: History, result: Evaluation, metrics: dict[str, Any]
) -> None:
    from freqnet.report import Run, write_report

    test, title = parts.test, f"{metrics['dataset']} in the {metrics['domain']} domain"
    images = test.scaled_to(network.door.full_scale).indexed()
    results = test.targets, result.outputs, test.classes
    run = Run(network, images, *results, title, metrics, history.rows, result.task)
    write_report(plan.folder / REPORT, run)


def collect_metrics(plan: Plan, network: Network, parts: Split, history: History, result: Evaluation) -> dict[str, Any]:
    """Return the content of ``metrics.json``."""
    last, info = history.rows[-1], plan.info
    by_output = result.task.by_output(result.outputs, parts.test.targets, parts.test.classes)
    return {
        "dataset": info["dataset"],
        "domain": network.door.domain,
        "seed": info["settings"]["seed"],
        "task": result.task.name,
        **{f"test_{name}": value for name, value in result.metrics.items()},
        "test_loss": result.loss,
        **({"outputs": by_output} if by_output else {}),
        **{f"train_{name}": last[name] for name in ("accuracy", "loss") if name in last},
        "train_seconds": history.seconds,
        "epochs": last["epoch"],
        "parameters": network.parameter_count(),
        "modes": list(network.door.space.modes),
        "transforms_inside_network": network.transforms_inside,
        "train_samples": len(parts.train),
        "validation_samples": 0 if parts.validation is None else len(parts.validation),
        "test_samples": len(parts.test),
        **{name: info[name] for name in ("settings", "model", "command")},
    }
