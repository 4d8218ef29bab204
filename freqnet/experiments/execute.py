"""A training run, from a dataset's name to weights, metrics, history and a report."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from freqnet.data import Split, load, split
from freqnet.errors import ConfigurationError, FreqnetError, got_expected
from freqnet.experiments.job import Job, Plan, make_plan
from freqnet.kernels.threads import one_blas_thread
from freqnet.nn import Network
from freqnet.training import Checkpoint, Evaluation, History, Spectra, analyse, evaluate, fit, save
from freqnet.training.files import CHECKPOINT, HISTORY, METRICS, MODEL, REPORT, claim_folder, write_json, write_lines
from freqnet.training.fit import Progress, check_examples, silent


@dataclass
class Begun:
    """A run that is ready to train: every mistake in the data or the options was found, nothing is written yet.

    Attributes
    ----------
    plan : Plan
    parts : Split
        The examples to train on, to validate on and held out.
    network : Network
        Untrained.
    train : Spectra
    validation : Spectra or None
    resume : bool
        Whether the run is taken up from its checkpoint.
    """

    plan: Plan
    parts: Split
    network: Network
    train: Spectra
    validation: Spectra | None
    resume: bool

    @property
    def steps_an_epoch(self) -> int:
        """How many batches there are."""
        return -(-len(self.train) // self.plan.settings.batch)

    def fit(self, progress: Progress = silent) -> History:
        """Train to the last epoch; checkpoint and history are written after each."""
        return fit(
            self.network,
            self.train,
            self.validation,
            self.plan.settings,
            checkpoint=self.plan.folder / CHECKPOINT,
            resume=self.resume,
            info=self.plan.info,
            progress=Recorder(self.plan.folder / HISTORY, progress),
        )

    def finish(self, history: History, report: bool = True) -> dict[str, Any]:
        """Evaluate on the held-out examples, write the results, and return the metrics."""
        with one_blas_thread():
            result = evaluate(self.network, analyse(self.network, self.parts.test))
        return write_results(self.plan, self.network, self.parts, history, result, report)


class Recorder:
    """Follows training: hands figures on, and writes the history after each epoch."""

    def __init__(self, path: Path, progress: Progress) -> None:
        self.path, self.progress = path, progress
        self.rows: list[dict[str, Any]] = []

    def __call__(self, figures: dict[str, Any]) -> None:
        """Take the figures of a step or of an epoch."""
        self.progress(figures)
        if "step" in figures:
            return
        self.rows.append({name: value for name, value in figures.items() if name != "restored"})
        if "restored" not in figures:
            write_lines(self.path, self.rows)


def prepare(job: Job, *, resume: bool = False, overwrite: bool = False) -> Begun:
    """Load the data, make the network, and make the folder ready.

    Raises
    ------
    ConfigurationError, DataError, CheckpointError
        As `make_plan`, `freqnet.data.load` and `freqnet.training.files.claim_folder` do.
    """
    if resume and overwrite:
        raise ConfigurationError(
            got_expected("train", "resume=True and overwrite=True", "one of them", "leave one out")
        )
    dataset = load(job.data, folder=job.folder)
    plan = make_plan(job, dataset, resume)
    parts = split(dataset, **plan.info["fractions"], seed=plan.settings.seed)
    network = plan.model.network(parts.train, plan.settings.seed)
    train = analyse(network, parts.train)
    validation = None if parts.validation is None else analyse(network, parts.validation)
    check_examples(plan.settings, train, validation)
    # Only now, so that no mistake in the data or the options costs an earlier run.
    claim_folder(plan.folder, resume=resume, overwrite=overwrite)
    return Begun(plan, parts, network, train, validation, resume)


def run(
    job: Job, *, resume: bool = False, overwrite: bool = False, report: bool = True, progress: Progress = silent
) -> dict[str, Any]:
    """Train, evaluate on held-out examples, write the run's folder, and return its metrics.

    Parameters
    ----------
    job : Job
    resume : bool
        Take up the run in the job's folder; a complete one is evaluated again, without training.
    overwrite : bool
        Replace the run in the job's folder.
    report : bool
        Also write the report, a page with figures; to resume the complete run writes it later.
    progress : callable
        Called with a dict of figures after each step and each epoch, as by `freqnet.training.fit`.

    Examples
    --------
    >>> import tempfile
    >>> from freqnet.experiments import Job, run
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     job = Job("digits", out=Path(folder), model={"widths": (4, 4, 4)}, settings={"epochs": 2})
    ...     metrics = run(job)
    ...     sorted(path.name for path in Path(folder).iterdir())
    ['checkpoint.safetensors', 'history.jsonl', 'metrics.json', 'model.safetensors', 'report.html']
    >>> metrics["test_accuracy"] > 0.5
    True
    """
    begun = prepare(job, resume=resume, overwrite=overwrite)
    return begun.finish(begun.fit(progress), report)


# -- the files of a finished run ----------------------------------------------------------------------------
def write_results(
    plan: Plan, network: Network, parts: Split, history: History, result: Evaluation, report: bool = True
) -> dict[str, Any]:
    """Write model, history, metrics and, if asked for, report, in this order, and return the metrics.

    Raises
    ------
    ConfigurationError
        A file cannot be written, or the report cannot be made; what was written before stays.
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
    # Whatever plotting runs into, the model is there.
    except Exception as error:
        got = f"{type(error).__name__}: {error}"
        expected = f"a page beside {MODEL} and {METRICS}, which are complete"
        message = got_expected(f"report {plan.folder / REPORT}", got, expected, "run again with resume=True")
        raise ConfigurationError(message) from error
    return metrics


def _write_report(
    plan: Plan, network: Network, parts: Split, history: History, result: Evaluation, metrics: dict[str, Any]
) -> None:
    from freqnet.report import write_report

    write_report(
        plan.folder / REPORT,
        network,
        title=f"{metrics['dataset']} in the {metrics['domain']} domain",
        metrics=metrics,
        history=history.rows,
        images=parts.test.images,
        labels=parts.test.labels,
        logits=result.logits,
        classes=parts.test.classes,
    )


def collect_metrics(plan: Plan, network: Network, parts: Split, history: History, result: Evaluation) -> dict[str, Any]:
    """Return what ``metrics.json`` holds."""
    last, info = history.rows[-1], plan.info
    return {
        "dataset": info["dataset"],
        "domain": network.door.domain,
        "seed": info["settings"]["seed"],
        "test_accuracy": result.accuracy,
        "test_loss": result.loss,
        "train_accuracy": last["accuracy"],
        "train_loss": last["loss"],
        "train_seconds": history.seconds,
        "epochs": last["epoch"],
        "parameters": network.parameter_count(),
        "modes": list(network.door.space.domain.modes(network.door.space)),
        "transforms_inside_network": network.transforms_inside,
        "train_samples": len(parts.train),
        "validation_samples": 0 if parts.validation is None else len(parts.validation),
        "test_samples": len(parts.test),
        **{name: info[name] for name in ("settings", "model", "command")},
    }
