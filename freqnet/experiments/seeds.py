"""The same training run from several seeds, and the spread of its figures."""

from __future__ import annotations

import shlex
from concurrent.futures import Executor
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from statistics import fmean, stdev
from typing import Any

from freqnet.checks import require_count
from freqnet.data import Dataset, load
from freqnet.errors import ConfigurationError, got_expected
from freqnet.experiments.engine import Progress, claim, do_runs, silent
from freqnet.experiments.execute import check_plan
from freqnet.experiments.job import Job, load_arguments, make_plan, paths_of, slug
from freqnet.experiments.work import OUTCOME, Outcome, Task
from freqnet.training import Model, Settings
from freqnet.training.files import claim_folder, write_json

# The choices, written before the first run, and the figures, written after the last.
ASKED, SEEDS = "choices.json", "seeds.json"


@dataclass(frozen=True)
class Spread:
    """A figure over several runs.

    Attributes
    ----------
    values : tuple of float
        One value per complete run, in the order of the seeds.
    mean, lowest, highest : float
    deviation : float or None
        Standard deviation of the values, with one degree of freedom less than values; None of a single value.
    """

    values: tuple[float, ...]
    mean: float
    deviation: float | None
    lowest: float
    highest: float


@dataclass(frozen=True)
class Repeated:
    """The outcomes of the same run from several seeds.

    Attributes
    ----------
    dataset : str
        Name of the dataset.
    outcomes : tuple of Outcome
        One per seed, including failed runs.
    command : str
        The command that repeats them.
    """

    dataset: str
    outcomes: tuple[Outcome, ...]
    command: str

    @property
    def ok(self) -> bool:
        """Whether every run is complete."""
        return all(outcome.ok for outcome in self.outcomes)

    @property
    def spreads(self) -> dict[str, Spread]:
        """The spread of every real number in the ``metrics.json`` of the runs, such as ``test_accuracy``."""
        done = [outcome.metrics for outcome in self.outcomes if outcome.ok]
        names = [name for name, value in (done[0] if done else {}).items() if isinstance(value, float)]
        return {name: _spread(tuple(float(metrics[name]) for metrics in done)) for name in names}

    def as_dict(self) -> dict[str, Any]:
        """Return all results as plain data."""
        from freqnet import __version__

        return {
            "dataset": self.dataset,
            "complete": self.ok,
            "seeds": [outcome.seed for outcome in self.outcomes],
            "figures": {name: asdict(spread) for name, spread in self.spreads.items()},
            "runs": [asdict(outcome) for outcome in self.outcomes],
            "command": self.command,
            "freqnet": __version__,
        }


def _spread(values: tuple[float, ...]) -> Spread:
    deviation = stdev(values) if len(values) > 1 else None
    return Spread(values, fmean(values), deviation, min(values), max(values))


def run_seeds(
    job: Job,
    seeds: int,
    executor: Executor | None = None,
    *,
    resume: bool = False,
    overwrite: bool = False,
    processes: int | None = None,
    progress: Progress = silent,
    device: str | None = None,
) -> Repeated:
    """Do the same run from several seeds, each in a folder of its own, and write their figures (``seeds.json``).

    Parameters
    ----------
    job : Job
        The choices that were given. Its folder, by default ``runs/DATA-DOMAIN-seeds``, has a folder ``seedS`` per seed.
    seeds : int
        Number of runs. The first has the seed of the job, the next ones the numbers after it.
    executor : concurrent.futures.Executor, optional
        The executor that does the runs, as `compare` takes it.
    resume : bool
        Continue with the same choices. Complete runs are kept; seeds may be added.
    overwrite : bool
        Replace earlier runs in the folder.
    processes : int, optional
        Number of runs at a time if there is no executor; by default one per core.
    progress : callable
        Gets the `Outcome` of each run as it ends.
    device : str, optional
        Where all runs are computed, as in `freqnet.training.fit`; on a device of PyTorch one at a time, if `processes`
        says nothing else.

    Raises
    ------
    ConfigurationError, DataError, CheckpointError
        As `prepare` and `compare` do.

    Examples
    --------
    >>> import tempfile
    >>> from concurrent.futures import ThreadPoolExecutor
    >>> from freqnet.experiments import Job, run_seeds
    >>> with tempfile.TemporaryDirectory() as folder, ThreadPoolExecutor(1) as executor:
    ...     job = Job("digits", out=folder, model={"widths": (4, 4, 4)}, settings={"epochs": 2})
    ...     found = run_seeds(job, 2, executor)
    >>> spread = found.spreads["test_accuracy"]
    >>> spread.lowest <= spread.mean <= spread.highest, spread.deviation < 0.1
    (True, True)
    """
    for name, value in (("seeds", seeds), ("processes", 1 if processes is None else processes)):
        require_count(name, value, 5)
    if resume and overwrite:
        got = "resume=True and overwrite=True"
        raise ConfigurationError(got_expected("train", got, "one of them", "leave one out"))
    dataset = load(job.data, folder=job.folder, **load_arguments(job.reading))
    tasks = _tasks(job, seeds, dataset, device)
    if device not in (None, "cpu"):
        processes = processes or 1
    folder = tasks[0].folder.parent
    with claim(folder, tasks[0].info, resume, overwrite=overwrite, marker=ASKED, varied=("seed",)):
        if overwrite:
            _clear(folder)
        outcomes = do_runs(tasks, executor, processes, progress)
        command = shlex.join([*shlex.split(job.command()), "--seeds", str(seeds)])
        repeated = Repeated(dataset.name, outcomes, command)
        write_json(folder / SEEDS, repeated.as_dict())
    return repeated


def seeds_folder(job: Job, name: str) -> Path:
    """Return the folder of the runs of all seeds, on data of this name."""
    domain = job.model.get("domain", Model.domain)
    return job.out or Path("runs") / f"{slug(name)}-{slug(domain)}-seeds"


def _tasks(job: Job, seeds: int, dataset: Dataset, device: str | None = None) -> list[Task]:
    """Return a run per seed, after checking the choices."""
    first, folder = Settings(seed=job.settings.get("seed", Settings.seed)).seed, seeds_folder(job, dataset.name)
    folder = folder.expanduser().resolve()
    tasks: list[Task] = []
    for seed in range(first, first + seeds):
        own = replace(job, out=folder / f"seed{seed}", settings={**job.settings, "seed": seed})
        plan = make_plan(own, dataset, resume=False)
        if not tasks:
            check_plan(plan, dataset, device)
        # Another process may have another current folder.
        info = plan.info
        weights = info.get("start", {}).get("weights")
        tasks.append(Task(replace(own, weights=weights, **paths_of(info, own.reading)), info, device=device))
    return tasks


def _clear(folder: Path) -> None:
    """Remove the runs of earlier seeds; other files in their folders stay."""
    (folder / SEEDS).unlink(missing_ok=True)
    for path in folder.glob("seed*"):
        if path.is_dir():
            (path / OUTCOME).unlink(missing_ok=True)
            claim_folder(path, overwrite=True).release()
            with suppress(OSError):
                path.rmdir()
