"""A training run, from a dataset's name to weights, metrics, history and a report."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from freqnet.data import Split, load, split
from freqnet.errors import ConfigurationError, got_expected
from freqnet.kernels.threads import one_blas_thread
from freqnet.nn import Network
from freqnet.runs.job import Job, Plan, make_plan
from freqnet.runs.results import write_results
from freqnet.training import History, Spectra, analyse, evaluate, fit
from freqnet.training.files import CHECKPOINT, HISTORY, claim_folder, write_lines
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
        raise ConfigurationError(got_expected("train", "--resume and --overwrite", "one of them", "leave one out"))
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
    >>> from freqnet.runs import Job, run
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
