"""``freqnet train``: from a dataset's name to weights, metrics, history and a report."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from freqnet.cli.console import TrainingBar, say
from freqnet.cli.interrupt import Interrupted, check_interrupt
from freqnet.cli.job import Job, Plan, make_plan, resume_command
from freqnet.cli.results import show_opening, show_results, write_results
from freqnet.data import load, split
from freqnet.errors import ConfigurationError, got_expected
from freqnet.kernels.threads import one_blas_thread
from freqnet.nn import Network
from freqnet.training import History, Spectra, analyse, evaluate, fit
from freqnet.training.files import CHECKPOINT, HISTORY, claim_folder, write_lines
from freqnet.training.fit import check_examples


def train(job: Job, *, resume: bool, overwrite: bool, quiet: bool) -> dict[str, Any]:
    """Train, evaluate on held-out examples, write the run's folder, and return its metrics."""
    if resume and overwrite:
        raise ConfigurationError(got_expected("train", "--resume and --overwrite", "one of them", "leave one out"))
    dataset = load(job.data, folder=job.folder)
    plan = make_plan(job, dataset, resume)
    parts = split(dataset, **plan.info["fractions"], seed=plan.settings.seed)
    network = plan.model.network(parts.train, plan.settings.seed)
    train_set = analyse(network, parts.train)
    validation = None if parts.validation is None else analyse(network, parts.validation)
    check_examples(plan.settings, train_set, validation)
    # Only now, so that no mistake in the data or the options costs an earlier run.
    claim_folder(plan.folder, resume=resume, overwrite=overwrite)
    with _explained(plan.folder, job):
        if not quiet:
            show_opening(plan, parts, network)
        history = _fit(plan, network, train_set, validation, resume, quiet)
        with one_blas_thread():
            result = evaluate(network, analyse(network, parts.test))
        metrics = write_results(plan, network, parts, history, result)
    if not quiet:
        show_results(plan, metrics)
    return metrics


def _fit(
    plan: Plan, network: Network, train_set: Spectra, validation: Spectra | None, resume: bool, quiet: bool
) -> History:
    settings = plan.settings
    with TrainingBar(settings.epochs, -(-len(train_set) // settings.batch), quiet) as bar:
        recorder = Recorder(plan.folder / HISTORY, bar)
        history = fit(
            network,
            train_set,
            validation,
            settings,
            checkpoint=plan.folder / CHECKPOINT,
            resume=resume,
            info=plan.info,
            progress=recorder,
        )
    if not recorder.trained and not quiet:
        say("this run was complete: its results are written again, as they were")
    return history


class Recorder:
    """Follows training: shows it, writes the history after each epoch, and stops at an interrupt."""

    def __init__(self, path: Path, bar: TrainingBar) -> None:
        self.path, self.bar = path, bar
        self.rows: list[dict[str, Any]] = []
        self.trained = False

    def __call__(self, figures: dict[str, Any]) -> None:
        """Take the figures of a step or of an epoch."""
        check_interrupt()
        self.bar(figures)
        if "step" in figures:
            return
        self.rows.append({name: value for name, value in figures.items() if name != "restored"})
        if "restored" not in figures:
            self.trained = True
            write_lines(self.path, self.rows)


@contextmanager
def _explained(folder: Path, job: Job) -> Iterator[None]:
    """Let an interrupt say how to go on."""
    try:
        yield
    except Interrupted:
        if not (folder / CHECKPOINT).is_file():
            raise Interrupted("interrupted before the first epoch was over; run the command again") from None
        command = resume_command(job.data, job.folder, folder)
        raise Interrupted(f"interrupted; the last complete epoch is safe: {command}") from None
