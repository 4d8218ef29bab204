"""The function `compare`: check everything, do the runs that are left, and write figures and page."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import BrokenExecutor, Executor
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from freqnet.checks import is_whole, shown
from freqnet.data import Dataset, load, split
from freqnet.errors import ConfigurationError, DataError, FreqnetError, got_expected
from freqnet.experiments.comparison import Comparison
from freqnet.experiments.execute import check_records
from freqnet.experiments.executors import in_executor, in_processes
from freqnet.experiments.figures import Compared, Sketch, sketch
from freqnet.experiments.job import Plan, load_arguments, make_plan, paths_of
from freqnet.experiments.work import Outcome, Task, differing, kept_outcome, noted
from freqnet.kernels.threads import core_count
from freqnet.nn import Network
from freqnet.training import Spectra, analyse
from freqnet.training.files import claim_folder, write_atomically, write_json
from freqnet.training.fit import check_choices, check_examples
from freqnet.training.locks import FolderLock

# The choices, written before the first run. A resumed comparison must have the same.
ASKED = "comparison.json"
FIGURES, PAGE = "compare.json", "compare.html"

# A function that gets the outcome of each run as the run ends.
Progress = Callable[[Outcome], None]


def silent(outcome: Outcome) -> None:
    """Show nothing."""


def compare(
    comparison: Comparison,
    executor: Executor | None = None,
    *,
    resume: bool = False,
    processes: int | None = None,
    progress: Progress = silent,
) -> Compared:
    """Train in every domain with every seed, and compare the outcomes.

    Each run is one call of a function with plain arguments, in one thread. A run that fails does not stop the
    others. Runs, figures (``compare.json``) and a page (``compare.html``) go into the folder of the comparison.

    Parameters
    ----------
    comparison : Comparison
        The choices.
    executor : concurrent.futures.Executor, optional
        The executor that does the runs, such as that of a cluster, whose machines must share the folder of the
        comparison and the data. By default processes of this machine do them; these import the main module, and a
        script must therefore call this under ``if __name__ == "__main__"``. Runs in threads take turns.
    resume : bool
        Continue a comparison of the same data and choices that was stopped. Complete runs are kept, others continue
        from their checkpoints. Domains and seeds may be added.
    processes : int, optional
        Number of runs at a time if there is no executor; by default one per core. Runs at the same time take longer
        than runs alone.
    progress : callable
        Gets the `Outcome` of each run as it ends; those of kept runs come first.

    Returns
    -------
    Compared
        The figures of every domain, and the outcomes of all runs.

    Raises
    ------
    ConfigurationError
        A choice is out of range or impossible in every domain, the folder is not empty or another comparison is
        writing to it, or the comparison to resume had other choices.
    DataError
        The data cannot be used, or differ from those of the comparison to resume.

    Examples
    --------
    >>> import tempfile
    >>> from concurrent.futures import ThreadPoolExecutor
    >>> from freqnet.experiments import Comparison, compare
    >>> small = dict(model={"widths": (4, 4, 4)}, settings={"epochs": 2})
    >>> with tempfile.TemporaryDirectory() as folder, ThreadPoolExecutor(1) as executor:
    ...     found = compare(Comparison("digits", ("fourier", "hartley"), (0,), folder, **small), executor)
    >>> fourier, hartley = found.domains
    >>> abs(fourier.score - hartley.score) < 0.01, fourier.transforms
    (True, 0)
    """
    if processes is not None and (not is_whole(processes) or processes < 1):
        todo = "leave it out for one per core, or pass processes=1"
        raise ConfigurationError(got_expected("processes", shown(processes), "at least 1", todo))
    dataset = load(comparison.data, folder=comparison.folder, **load_arguments(comparison.reading))
    tasks = make_tasks(comparison, dataset)
    sketches = make_sketches(comparison, dataset, tasks[0].info)
    with claim(comparison.path, tasks[0].info, resume):
        outcomes = do_runs(tasks, executor, processes, progress)
        compared = Compared(dataset.name, tuple(sketches), outcomes, tasks[0].info, comparison.command())
        _write(comparison.path, compared)
    return compared


def make_tasks(comparison: Comparison, dataset: Dataset) -> list[Task]:
    """Return every run with all its choices."""
    # The fingerprint of the data is computed once for all runs.
    info = make_plan(comparison.jobs()[0], dataset, resume=False).info
    tasks = []
    for job, ((domain, nodes), _) in zip(comparison.jobs(), comparison.runs(), strict=True):
        model = _model(info, domain, nodes)
        settings = {**info["settings"], "seed": job.settings["seed"]}
        own = {**info, "model": model, "settings": settings, "command": job.command()}
        # Another process may have another current folder.
        away = replace(job, **paths_of(info, job.reading))
        tasks.append(Task(away, own, nodes))
    return tasks


def _model(info: dict[str, Any], domain: str, nodes: int | None) -> dict[str, Any]:
    """Return the shared fields of the model, with the domain and the number of nodes of one variant."""
    return {**info["model"], "domain": domain, **({} if nodes is None else {"modes": nodes})}


def make_sketches(comparison: Comparison, dataset: Dataset, info: dict[str, Any]) -> list[Sketch]:
    """Return the sketch of every network before training.

    Raises
    ------
    FreqnetError
        The choices are impossible in every domain.
    """
    seed = int(comparison.seeds[0])
    parts = split(dataset, **info["fractions"], seed=seed)
    sketches: list[Sketch] = []
    errors: dict[int | None, list[FreqnetError]] = {}
    for domain, nodes in comparison.variants():
        plan = Plan(comparison.path, {**info, "model": _model(info, domain, nodes)})
        try:
            with noted() as notes:
                network = plan.model.network(parts.train, seed)
                check_choices(network, plan.settings, dataset.task, parts.train.targets)
                own = sketch(network)
        except FreqnetError as error:
            # The runs of this variant will fail with the same error.
            errors.setdefault(nodes, []).append(error)
            sketches.append(Sketch(domain, nodes=nodes))
            continue
        # One example per part suffices to check that the part is not empty.
        with noted():
            validation = None if parts.validation is None else _first(network, parts.validation)
            check_examples(plan.settings, _first(network, parts.train), validation)
        check_records(plan.records, validation)
        sketches.append(replace(own, domain=domain, nodes=nodes, notes=tuple(notes)))
    tried = Counter(nodes for _, nodes in comparison.variants())
    for nodes, own_errors in errors.items():
        if len(own_errors) == tried[nodes]:
            raise own_errors[0]
    return sketches


def _first(network: Network, part: Dataset) -> Spectra:
    return analyse(network, part.take(np.arange(min(1, len(part)))))


def do_runs(
    tasks: list[Task], executor: Executor | None, processes: int | None, progress: Progress
) -> tuple[Outcome, ...]:
    """Do the runs that are left, tell of each as it ends, and return all outcomes in the order of the tasks."""
    found: dict[Any, Outcome] = {}
    for outcome in outcomes_of(tasks, executor, processes or core_count()):
        progress(outcome)
        found[outcome.key] = outcome
    return tuple(found[task.key] for task in tasks)


def outcomes_of(tasks: list[Task], executor: Executor | None, processes: int) -> Iterator[Outcome]:
    """Do the runs that are left, and yield all outcomes: those of kept runs first, the others as they end."""
    kept = [(task, kept_outcome(task)) for task in tasks]
    yield from (outcome for _, outcome in kept if outcome is not None)
    left = [task for task, outcome in kept if outcome is None]
    if executor is None:
        yield from in_processes(left, processes)
        return
    try:
        yield from in_executor(left, executor)
    except BrokenExecutor as error:
        todo = "look at its memory and its logs, then continue with resume=True"
        raise ConfigurationError(got_expected("executor", f"its end ({error})", "all runs", todo)) from error


def claim(
    folder: Path,
    info: dict[str, Any],
    resume: bool,
    *,
    overwrite: bool | None = None,
    marker: str = ASKED,
    varied: tuple[str, ...] = ("domain", "seed"),
) -> FolderLock:
    """Prepare and lock the folder of several runs, or raise the reason why it cannot be used.

    Parameters
    ----------
    folder : Path
        The folder; each run has one below it.
    info : dict
        The choices of the first run, which are written to the file `marker`.
    resume, overwrite : bool
        As `claim_folder` takes them.
    marker : str
        Name of the file.
    varied : tuple of str
        Choices that differ between the runs, and may differ from those that the file has.
    """
    if resume:
        check_same(folder, info, marker, varied)
    lock = claim_folder(folder, resume=resume, overwrite=overwrite, marker=marker)
    write_json(folder / marker, info)
    return lock


def check_same(folder: Path, info: dict[str, Any], marker: str, varied: tuple[str, ...]) -> None:
    """Raise an error unless earlier runs in a folder have the same data and choices; the parameters are `claim`'s."""
    try:
        before = json.loads((folder / marker).read_text(encoding="utf-8"))
        change = differing({**before, **_varied(before, info, varied)}, info)
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        expected, todo = f"one with a {marker} to resume from", "leave resume=True out"
        got = "a damaged one" if (folder / marker).exists() else "no comparison" if marker == ASKED else "no such file"
        raise ConfigurationError(got_expected(f"output {folder}", got, expected, todo)) from None
    if change is None:
        return
    name, own, now = change
    if name == "fingerprint":
        got, expected = f"{info['samples']} examples of {info['dataset']}", f"the data it began with, {before['data']}"
        raise DataError(got_expected(f"resume of {folder}", got, expected, "name the same data, unchanged"))
    todo = "repeat its choices, or choose another folder"
    raise ConfigurationError(got_expected(f"resume of {folder}", f"{name}={now!r}", f"its own {name}={own!r}", todo))


def _varied(before: dict[str, Any], info: dict[str, Any], names: tuple[str, ...]) -> dict[str, Any]:
    """Return earlier choices with the present values of those that vary."""
    return {
        group: {**before[group], **{name: value for name, value in info[group].items() if name in names}}
        for group in ("model", "settings")
    }


def _write(folder: Path, compared: Compared) -> None:
    """Write figures and page, in this order: the figures are saved if plotting fails."""
    from freqnet.experiments.page import compare_page

    write_json(folder / FIGURES, compared.as_dict())
    write_atomically(folder / PAGE, compare_page(compared).encode("utf-8", "replace"))
