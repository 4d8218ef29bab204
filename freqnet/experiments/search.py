"""A search for better choices of a training run, by their figure on a validation fold of the training part."""

from __future__ import annotations

import json
import shlex
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import BrokenExecutor, Executor
from dataclasses import asdict, dataclass, replace
from functools import cached_property
from pathlib import Path
from threading import Lock
from typing import Any

from freqnet.checks import is_whole, require_count, shown
from freqnet.data import load
from freqnet.data.loaders import source_name
from freqnet.data.registry import is_named
from freqnet.errors import ConfigurationError, FreqnetError, got_expected
from freqnet.experiments.config import config_of, write_config
from freqnet.experiments.engine import check_same, claim
from freqnet.experiments.execute import check_plan, prepare
from freqnet.experiments.job import Job, Plan, load_arguments, make_plan, paths_of, slug
from freqnet.experiments.space import Options, Range, read_space
from freqnet.experiments.study import PRUNERS, Ours, Study, Tried, quiet, require_optuna
from freqnet.experiments.work import noted
from freqnet.kernels.threads import one_blas_thread, thread_limit
from freqnet.processes import completed, spawned
from freqnet.training import Callback, StopTraining
from freqnet.training.files import CHECKPOINT, write_json
from freqnet.training.fit import Run

# The choices, written before the first trial; the results; and the best choices.
ASKED, RESULTS, BEST = "choices.json", "search.json", "best.toml"
TRIALS = "trials"
OBJECTIVES = ("loss", "score")
# Share of the training part that is the fold, where none is given.
FOLD = 0.2
# The threads of a process share its tape and its guard against transforms.
_ONE_AT_A_TIME = Lock()

# A function that gets each trial as it ends, and how many have ended.
Progress = Callable[[Tried, int], None]


def silent(tried: Tried, ended: int) -> None:
    """Show nothing."""


@dataclass(frozen=True)
class Search:
    """A search: a training run, the choices that vary, and how to search.

    Parameters
    ----------
    job : Job
        The run. Choices that were given are the same in every trial, unless they vary. Without a share for validation,
        a fifth of the training part is the fold. The folder, by default ``runs/DATA-search``, has a folder per trial.
    space : sequence of str
        The choices that vary, as `read_space` reads them, such as ``["lr=1e-3:1e-1:log", "widths=8,16|16,32"]``.
    trials : int
        Number of trials, with that of the default choices, which is the first.
    objective : {"loss", "score"}
        The figure of the fold by which trials are compared: its loss, or its score, such as the accuracy.
    pruner : {"median", "hyperband", "none"}
        How trials that are worse than others are stopped early.

    Raises
    ------
    ConfigurationError
        A choice is unknown, out of range or repeated.

    Examples
    --------
    >>> from freqnet.experiments import Job, Search
    >>> Search(Job("digits", settings={"epochs": 5}), ["lr=1e-3:1e-1:log"], trials=10).command()
    'freqnet search digits --epochs 5 --space lr=1e-3:1e-1:log --trials 10'
    """

    job: Job
    space: Sequence[str]
    trials: int = 20
    objective: str = "loss"
    pruner: str = "median"

    def __post_init__(self) -> None:
        require_count("trials", self.trials, 20)
        for name, known in (("objective", OBJECTIVES), ("pruner", PRUNERS)):
            if getattr(self, name) not in known:
                got, todo = shown(getattr(self, name)), f"pass {name}={known[0]!r}"
                raise ConfigurationError(got_expected(name, got, " or ".join(known), todo))
        dimensions = read_space(self.space)
        # As text: a file may change.
        object.__setattr__(self, "space", tuple(str(own) for own in dimensions))
        if self.job.weights is not None and any(own.group == "model" for own in dimensions):
            got = next(str(own) for own in dimensions if own.group == "model")
            todo = "leave the weights to start from out, or let only settings vary"
            raise ConfigurationError(
                got_expected("space", got, "settings, as the network comes with the weights", todo)
            )
        if self.job.fractions.get("validation") == 0:
            todo = f"pass validation={FOLD}"
            raise ConfigurationError(got_expected("validation", 0, "a share of the examples for the fold", todo))
        if self.job.fractions.get("validation") is None:
            fractions = {**self.job.fractions, "validation": FOLD}
            object.__setattr__(self, "job", replace(self.job, fractions=fractions))

    @property
    def folder(self) -> Path:
        """Folder of the search."""
        name = self.job.data if is_named(self.job.data) else source_name(self.job.data)
        return self.job.out or Path("runs") / f"{slug(name)}-search"

    @property
    def path(self) -> Path:
        """Folder of the search, as an absolute path, which is the same in every process."""
        return self.folder.expanduser().resolve()

    @cached_property
    def dimensions(self) -> tuple[Range | Options, ...]:
        """The choices that vary."""
        return read_space(self.space)

    def command(self) -> str:
        """Return the command that repeats this search."""
        given = self.job.fractions
        fractions = {name: value for name, value in given.items() if (name, value) != ("validation", FOLD)}
        words = shlex.split(replace(self.job, fractions=fractions).command())
        words[1] = "search"
        for name, default in (("space", ()), ("trials", 0), ("objective", OBJECTIVES[0]), ("pruner", PRUNERS[0])):
            values = self.space if name == "space" else [getattr(self, name)]
            words += [word for value in values if value != default for word in (f"--{name}", str(value))]
        return shlex.join(words)

    def trial_job(self, parameters: dict[str, Any], number: int) -> Job:
        """Return the run of a trial with these values of the choices that vary."""
        model, settings = dict(self.job.model), dict(self.job.settings)
        for own in self.dimensions:
            if own.name in parameters:
                group = model if own.group == "model" else settings
                group[own.name] = own.value(parameters[own.name])
        out = self.path / TRIALS / f"{number:03d}"
        return replace(self.job, out=out, records={}, model=model, settings=settings)

    def study(self, seed: int) -> Study:
        """Return the trials in the storage."""
        return Study(self.path, self.dimensions, self.objective == "loss", self.pruner, seed)


@dataclass(frozen=True)
class Searched:
    """The results of a search.

    Attributes
    ----------
    dataset : str
        Name of the dataset.
    search : Search
        The choices.
    trials : tuple of Tried
        All trials that have begun, by their number.
    """

    dataset: str
    search: Search
    trials: tuple[Tried, ...]

    @property
    def ranked(self) -> list[Tried]:
        """Complete trials, the best first."""
        sign = 1 if self.search.objective == "loss" else -1
        done = [trial for trial in self.trials if trial.state == "complete" and trial.value is not None]
        return sorted(done, key=lambda trial: sign * (trial.value or 0.0))

    @property
    def best(self) -> Tried | None:
        """The best trial; None if no trial is complete."""
        return next(iter(self.ranked), None)

    @property
    def default(self) -> Tried | None:
        """The trial with the choices that were given, without any that vary."""
        return next((trial for trial in self.trials if trial.is_default), None)

    @property
    def ok(self) -> bool:
        """Whether all trials have ended, and one is complete."""
        ended = [trial for trial in self.trials if trial.state != "running"]
        return len(ended) >= self.search.trials and self.best is not None

    def as_dict(self) -> dict[str, Any]:
        """Return all results as plain data."""
        from freqnet import __version__

        best, default = self.best, self.default
        return {
            "dataset": self.dataset,
            "complete": self.ok,
            "objective": self.search.objective,
            "space": list(self.search.space),
            "best": None if best is None else best.number,
            "default": None if default is None else default.number,
            "trials": [asdict(trial) for trial in self.trials],
            "command": self.search.command(),
            "freqnet": __version__,
        }


def search(
    asked: Search,
    executor: Executor | None = None,
    *,
    resume: bool = False,
    processes: int = 1,
    progress: Progress = silent,
    callbacks: Sequence[Callback] = (),
) -> Searched:
    """Search for better choices of a training run; write the results and the best choices (``best.toml``).

    The sampler is the tree-structured Parzen estimator [Bergstra2011]_ of Optuna [Akiba2019]_. Trials are compared on a
    validation fold of the training part; the examples that are held out for the test are not used. With one process, a
    search that was stopped and resumed has the same trials as one that was not.

    Parameters
    ----------
    asked : Search
        The choices.
    executor : concurrent.futures.Executor, optional
        The executor that does the trials, as `compare` takes it.
    resume : bool
        Continue a search of the same data and choices, also while other processes work on it. Trials may be added. A
        trial whose process ended continues from its last epoch.
    processes : int
        Number of trials at a time if there is no executor. One process does the trials itself.
    progress : callable
        Gets each trial that this call has done, as it ends, and the number of all trials that have ended.
    callbacks : sequence of Callback
        Follow the training of every trial that this process does itself.

    Raises
    ------
    ConfigurationError
        A choice is out of range, the folder is not empty, the search to resume had other choices, no trial is
        complete, or Optuna is not installed.
    DataError
        The data cannot be used, or differ from those of the search to resume.

    Examples
    --------
    >>> import tempfile
    >>> from freqnet.experiments import Job, Search, search
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     job = Job("digits", out=folder, model={"widths": (4, 4)}, settings={"epochs": 1})
    ...     found = search(Search(job, ["lr=0.003:0.1:log"], trials=3))
    >>> found.default.number, found.best.value <= found.default.value
    (0, True)
    """
    if not is_whole(processes) or processes < 1:
        raise ConfigurationError(got_expected("processes", shown(processes), "at least 1", "pass processes=1"))
    require_optuna()
    plan, name = _plan(asked)
    _claim(asked, plan, resume)
    study = asked.study(plan.settings.seed)
    study.begin({**plan.info["model"], **plan.info["settings"]})
    for tried in _trials(asked, plan, executor, processes, callbacks):
        progress(tried, sum(own.state != "running" for own in study.trials()))
    # The last of several processes to write knows of all trials that have ended.
    with study.locked():
        found = Searched(name, asked, tuple(study.trials()))
        _write(found, plan)
    return found


def _plan(asked: Search) -> tuple[Plan, str]:
    """Return the run with the default choices, after checking it, and the name of the dataset."""
    dataset = load(asked.job.data, folder=asked.job.folder, **load_arguments(asked.job.reading))
    plan = make_plan(replace(asked.job, out=asked.path), dataset, resume=False)
    check_plan(plan, dataset)
    # A word that cannot be used would fail every trial that draws it.
    for own in asked.dimensions:
        for word in own.words if isinstance(own, Options) else ():
            check_plan(make_plan(asked.trial_job({own.name: word}, 0), dataset, resume=False), dataset)
    return plan, dataset.name


def _claim(asked: Search, plan: Plan, resume: bool) -> None:
    """Prepare the folder, or check that the search in it had the same choices."""
    own = {"space": list(asked.space), "objective": asked.objective, "pruner": asked.pruner}
    info = {**plan.info, "search": own}
    if not resume:
        # Several processes may work on a search: only its begin is one's alone.
        claim(asked.path, info, False, marker=ASKED).release()
        return
    check_same(asked.path, info, ASKED, ())
    before = json.loads((asked.path / ASKED).read_text(encoding="utf-8")).get("search", {})
    for name, value in own.items():
        if before.get(name) != value:
            todo = "repeat its choices, or choose another folder"
            got, expected = (
                " ".join(f"{name}={one!r}" for one in (given if isinstance(given, list) else [given]))
                for given in (value, before.get(name))
            )
            raise ConfigurationError(got_expected(f"resume of {asked.path}", got, f"its own {expected}", todo))


def _trials(
    asked: Search, plan: Plan, executor: Executor | None, processes: int, callbacks: Sequence[Callback]
) -> Iterator[Tried]:
    """Do the trials that are left, and yield each as it ends."""
    # Another process may have another current folder.
    away = replace(asked, job=replace(asked.job, out=asked.path, **paths_of(plan.info, asked.job.reading)))
    seed = plan.settings.seed
    if executor is None and processes == 1:
        while (tried := work(away, seed, callbacks)) is not None:
            yield tried
        return
    try:
        if executor is not None:
            yield from _submitted(away, seed, executor)
            return
        with spawned(min(processes, asked.trials)) as own:
            yield from _submitted(away, seed, own)
    except BrokenExecutor as error:
        todo = "continue with resume=True and fewer processes"
        got = f"the sudden end of a process ({error})"
        raise ConfigurationError(got_expected("search", got, "all trials", todo)) from error


def _submitted(asked: Search, seed: int, executor: Executor) -> Iterator[Tried]:
    # One call per trial; a call that finds no trial left does nothing.
    for _, future in completed(executor, _work_alone, [(asked, seed)] * asked.trials):
        if (tried := future.result()) is not None:
            yield tried


def _work_alone(task: tuple[Search, int]) -> Tried | None:
    with thread_limit(1):
        return work(*task)


def work(asked: Search, seed: int, callbacks: Sequence[Callback] = ()) -> Tried | None:
    """Do one trial, or continue one that has lost its process, and return it; None if no trial is left."""
    with _ONE_AT_A_TIME, one_blas_thread(), quiet(), noted(), asked.study(seed).next(asked.trials) as ours:
        if ours is None:
            return None
        try:
            return _train(asked, ours, callbacks)
        except FreqnetError as error:
            return ours.fail(str(error))
        except (OSError, MemoryError) as error:
            return ours.fail(str(error) or "out of memory")


def _train(asked: Search, ours: Ours, callbacks: Sequence[Callback]) -> Tried:
    job = asked.trial_job({} if ours.is_default else ours.parameters, ours.number)
    assert job.out is not None
    resume = (job.out / CHECKPOINT).is_file()
    reporter = Reporter(ours, asked.objective)
    with prepare(job, resume=resume, overwrite=not resume) as begun:
        history = begun.fit([reporter, *callbacks])
        best = min(history.rows, key=lambda row: row["validation_loss"])
        figures = {name: value for name, value in best.items() if name.startswith(("epoch", "validation_"))}
        tried = ours.complete(figure_of(best, asked.objective), figures, len(history.rows), reporter.pruned)
        # The best choices are trained anew by ``freqnet train``.
        (job.out / CHECKPOINT).unlink(missing_ok=True)
    return tried


def figure_of(row: dict[str, Any], objective: str) -> float:
    """Return the figure of the fold in a row of the history.

    >>> figure_of({"loss": 1.0, "validation_loss": 2.0, "validation_accuracy": 0.5}, "score")
    0.5
    """
    if objective == "loss":
        return float(row["validation_loss"])
    return float(next(value for name, value in row.items() if name.startswith("validation_") and "loss" not in name))


class Reporter(Callback):
    """Stores the figure of every epoch with the trial, and stops a trial that is worse than the others.

    Parameters
    ----------
    ours : Ours
        The trial.
    objective : {"loss", "score"}
    """

    def __init__(self, ours: Ours, objective: str) -> None:
        self.ours, self.objective, self.pruned = ours, objective, False

    def begin(self, run: Run) -> None:
        """Store the epochs that an earlier process has not stored."""
        for row in run.history.rows:
            self.ours.report(row["epoch"], figure_of(row, self.objective))
        self._prune(run)

    def epoch(self, row: dict[str, Any], run: Run) -> None:
        """Store the figure of an epoch."""
        self.ours.report(row["epoch"], figure_of(row, self.objective))
        self._prune(run)

    def _prune(self, run: Run) -> None:
        if self.ours.prunes(run):
            self.pruned = True
            raise StopTraining


def _write(found: Searched, plan: Plan) -> None:
    """Write the results and the best choices."""
    folder, best, default = found.search.path, found.best, found.default
    write_json(folder / RESULTS, found.as_dict())
    if best is None:
        reasons = [trial.reason for trial in found.trials if trial.reason]
        got = f"no complete trial ({reasons[0]})" if reasons else "no complete trial"
        todo = "let other choices vary, or add trials with resume=True"
        raise ConfigurationError(got_expected(f"search in {folder}", got, "at least one", todo))
    job = found.search.trial_job({} if best.is_default else best.choices, best.number)
    train = shlex.join(["freqnet", "train", "--config", str(found.search.folder / BEST)])
    own = "" if default is None or default.value is None else f"; that of the default is {default.value:.6g}"
    figure = f"Trial {best.number} of {len(found.trials)}: its {found.search.objective} on the fold is {best.value:.6g}"
    write_config(folder / BEST, config_of(job, plan.info), f"Train with these choices: {train}", figure + own)
