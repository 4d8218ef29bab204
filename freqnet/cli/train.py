"""The command ``freqnet train``: train a network, and show the progress and the results."""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from typing import Any

from freqnet.cli.console import on_terminal, print_table, say
from freqnet.cli.interrupt import Interrupted, check_interrupt
from freqnet.cli.together import agreed, ending_all, team_of, with_shards
from freqnet.data.layouts import describe_layout
from freqnet.experiments import Begun, Job, Plan, prepare, resume_command
from freqnet.tasks import Task, get_task
from freqnet.training import History, Progress, ProgressBar
from freqnet.training.files import CHECKPOINT, HISTORY, METRICS, MODEL, REPORT
from freqnet.training.frozen import frozen_parameters


def train(
    job: Job,
    *,
    resume: bool,
    overwrite: bool,
    quiet: bool,
    scheduler: str | None = None,
    device: str | None = None,
) -> dict[str, Any]:
    """Train, evaluate on held-out examples, write the run's folder, and return its metrics."""
    with warnings.catch_warnings(), team_of(scheduler) as team:
        if quiet:
            warnings.simplefilter("ignore")
        job = job if resume else with_shards(job, team)
        begin = partial(prepare, job, resume=resume, overwrite=overwrite, team=team, device=device)
        with agreed(team, begin) as begun, ending_all(team), _explained(begun):
            if not quiet:
                show_opening(begun)
            metrics = begun.finish(_fit(begun, quiet))
    if not quiet:
        show_results(begun.plan, metrics)
    return metrics


def _fit(begun: Begun, quiet: bool) -> History:
    line = None if quiet else say
    is_shown = not quiet and on_terminal()
    epochs, steps = begun.plan.settings.epochs, begun.steps_an_epoch
    with ProgressBar(epochs, steps, line=line, is_shown=is_shown, is_kept=False) as bar:
        follower = Follower(bar)
        history = begun.fit([Progress(follower)])
    if not follower.trained and not quiet:
        say("this run was complete: the same results are written again")
    return history


class Follower:
    """Show the progress of training, and stop at an interrupt."""

    def __init__(self, bar: ProgressBar) -> None:
        self.bar, self.trained = bar, False

    def __call__(self, figures: dict[str, Any]) -> None:
        """Take the figures of a step or of an epoch."""
        check_interrupt()
        self.bar(figures)
        self.trained = self.trained or not ("step" in figures or "restored" in figures)


@contextmanager
def _explained(begun: Begun) -> Iterator[None]:
    """Add to an interrupt how to continue the run."""
    try:
        yield
    except Interrupted:
        folder, job = begun.plan.folder, begun.job
        if not (folder / CHECKPOINT).is_file():
            raise Interrupted("interrupted before the end of the first epoch; run the command again") from None
        command = resume_command(job.data, job.folder, folder)
        command += f" --device {begun.device}" if begun.device else ""
        raise Interrupted(f"interrupted; the last complete epoch is safe: {command}") from None


def show_opening(begun: Begun) -> None:
    """Print the data, the network and the folder of the run."""
    plan, parts, network = begun.plan, begun.parts, begun.network
    counts = [(parts.train, "to train on"), (parts.validation, "to validate")]
    counts.append((parts.test, "held out"))
    held = ", ".join(f"{len(part)} {what}" for part, what in counts if part is not None)
    say(f"{plan.info['dataset']}: {held}; {outputs_in_words(plan.info)}")
    if parts.train.layout:
        shape = (plan.info["samples"], *parts.train.stored.shape[1:])
        reading = plan.info.get("reading", {})
        change = "resampled" if reading.get("size_to") else "padded" if reading.get("pad_to") else ""
        say(describe_layout(shape, parts.train.layout, change=change))
    kept, door, *remarks = network.door.describe()
    say(f"{network.door.domain} domain: {kept}, {network.parameter_count():,} parameters, {door} -> {plan.folder}")
    for remark in remarks:
        say(remark)
    start = plan.info.get("start")
    if start:
        say(f"starts from {start['weights']}: {len(start['taken'])} arrays; new: {', '.join(start['new']) or 'none'}")
    if begun.device not in (None, "cpu"):
        say(f"PyTorch computes on {begun.device}")
    frozen = frozen_parameters(network.body, plan.settings.freeze or ())
    if frozen:
        say(f"frozen: {', '.join(frozen)}")
    if begun.team.size > 1:
        say(f"{begun.team.size} processes share each batch: --shards {plan.settings.shards} in one process is the same")


def outputs_in_words(info: dict[str, Any]) -> str:
    """Return what a network computes, from the information of its run."""
    task, names = get_task(info.get("task")), info["classes"]
    if task.is_field:
        return f"fields of {len(names)} channel{'s' if len(names) > 1 else ''}"
    if task.has_classes:
        return f"{len(names)} {'classes' if task.name == 'classification' else 'labels'}"
    return f"{len(names)} number{'s' if len(names) > 1 else ''} ({', '.join(map(str, names[:8]))})"


def metric_rows(task: Task, metrics: Mapping[str, float]) -> list[tuple[str, str]]:
    """Return names and values of the metrics of a task, the score first."""
    names = [task.score, *(name for name in metrics if name != task.score)]
    return [(name.replace("_", " "), task.text(metrics[name])) for name in names]


def output_rows(found: Mapping[str, Mapping[str, float]]) -> list[tuple[str, str]]:
    """Return a row for each output of several: its metrics."""
    return [
        (name, ", ".join(f"{key} {value:.4g}" for key, value in figures.items())) for name, figures in found.items()
    ]


def show_results(plan: Plan, metrics: dict[str, Any]) -> None:
    """Print the score, the cost and the files of the model."""
    task = get_task(metrics.get("task"))
    found = {name.removeprefix("test_"): metrics[name] for name in metrics if name.startswith("test_")}
    figures = {name: value for name, value in found.items() if name not in ("loss", "samples")}
    (score, value), *others = metric_rows(task, figures)
    rows = [
        (f"test {score}", f"{value} of {metrics['test_samples']}"),
        *((name, value) for name, value in others if task.name != "classification"),
        *output_rows(metrics.get("outputs", {})),
        ("training time", f"{metrics['train_seconds']:.1f} s"),
        ("parameters", f"{metrics['parameters']:,}"),
        ("transforms inside the network", metrics["transforms_inside_network"]),
        ("domain", metrics["domain"]),
        ("seed", metrics["seed"]),
    ]
    print_table(f"{metrics['dataset']}, after {metrics['epochs']} epochs", rows)
    say(f"{plan.folder}: {MODEL}, {METRICS}, {HISTORY}, {REPORT}")
