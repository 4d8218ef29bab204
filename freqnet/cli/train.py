"""``freqnet train``: from a dataset's name to weights, metrics, history and a report."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

from freqnet.cli.console import TrainingBar, print_table, say
from freqnet.data import Dataset, Split, load, split
from freqnet.errors import CheckpointError, ConfigurationError, got_expected
from freqnet.nn import Network
from freqnet.training import (
    Checkpoint,
    Evaluation,
    History,
    Model,
    Settings,
    analyse,
    evaluate,
    fit,
    load_checkpoint,
    save,
    training_defaults,
)
from freqnet.training.files import CHECKPOINT, HISTORY, METRICS, MODEL, REPORT, claim_folder, write_json, write_lines


@dataclass
class Job:
    """A training run as the command line gives it; None means the dataset's default."""

    data: str
    out: Path | None = None
    folder: Path | None = None
    test: float = 0.2
    validation: float = 0.0
    model: dict[str, Any] | None = None
    settings: dict[str, Any] | None = None


def train(job: Job, *, resume: bool, overwrite: bool, quiet: bool) -> dict[str, Any]:
    """Train, evaluate on held-out examples, write the run's folder, and return its metrics."""
    dataset = load(job.data, folder=job.folder)
    given = {k: v for k, v in (job.settings or {}).items() if v is not None}
    model = {k: v for k, v in (job.model or {}).items() if v is not None}
    domain, seed = model.get("domain", "fourier"), given.get("seed", 0)
    folder = job.out or Path("runs") / f"{_slug(dataset.name)}-{domain}-seed{seed}"
    if resume:
        given, model, job = _stored(folder, given, model, job)
    settings = Settings(**{**training_defaults(dataset.name), **given})
    parts = split(dataset, test=job.test, validation=job.validation, seed=settings.seed)
    network = Model(**model).network(parts.train, settings.seed)
    claim_folder(folder, resume=resume, overwrite=overwrite)
    info = _info(job, dataset, parts, model)
    train_set = analyse(network, parts.train)
    validation = analyse(network, parts.validation) if parts.validation is not None else None
    if not quiet:
        say(_opening(dataset, parts, network, folder))
    with _interruptible(folder, job), TrainingBar(settings.epochs, -(-len(train_set) // settings.batch), quiet) as bar:
        history = fit(
            network,
            train_set,
            validation,
            settings,
            checkpoint=folder / CHECKPOINT,
            resume=resume,
            info=info,
            progress=bar,
        )
        result = evaluate(network, analyse(network, parts.test))
    return _finish(folder, network, parts, history, result, info, settings, quiet)


def _finish(
    folder: Path,
    network: Network,
    parts: Split,
    history: History,
    result: Evaluation,
    info: dict[str, Any],
    settings: Settings,
    quiet: bool,
) -> dict[str, Any]:
    from freqnet.report import write_report

    metrics = _metrics(network, parts, history, result, info, settings)
    write_lines(folder / HISTORY, history.rows)
    write_json(folder / METRICS, metrics)
    save(folder / MODEL, Checkpoint(network.describe(), network.arrays(), info={**info, "metrics": metrics}))
    write_report(
        folder / REPORT,
        network,
        title=f"{metrics['dataset']} in the {metrics['domain']} domain",
        metrics=metrics,
        history=history.rows,
        images=parts.test.images,
        labels=parts.test.labels,
        logits=result.logits,
        classes=parts.test.classes,
    )
    if not quiet:
        _show(metrics, folder)
    return metrics


def _metrics(
    network: Network, parts: Split, history: History, result: Evaluation, info: dict[str, Any], settings: Settings
) -> dict[str, Any]:
    last = history.rows[-1]
    return {
        "dataset": info["dataset"],
        "domain": network.door.domain,
        "seed": settings.seed,
        "test_accuracy": result.accuracy,
        "test_loss": result.loss,
        "train_accuracy": last["accuracy"],
        "train_loss": last["loss"],
        "train_seconds": history.seconds,
        "epochs": last["epoch"],
        "parameters": network.parameter_count(),
        "modes": [2 * m + 1 for m in network.door.band],
        "transforms_inside_network": network.transforms_inside,
        "train_samples": len(parts.train),
        "validation_samples": 0 if parts.validation is None else len(parts.validation),
        "test_samples": len(parts.test),
        "settings": asdict(settings),
        "model": info["model"],
        "command": info["command"],
    }


def _show(metrics: dict[str, Any], folder: Path) -> None:
    rows = [
        ("test accuracy", f"{metrics['test_accuracy']:.2%} of {metrics['test_samples']}"),
        ("training time", f"{metrics['train_seconds']:.1f} s"),
        ("parameters", f"{metrics['parameters']:,}"),
        ("transforms inside the network", metrics["transforms_inside_network"]),
        ("domain", metrics["domain"]),
        ("seed", metrics["seed"]),
    ]
    print_table(f"{metrics['dataset']}, after {metrics['epochs']} epochs", rows)
    say(f"{folder}: {MODEL}, {METRICS}, {HISTORY}, {REPORT}")


def _info(job: Job, dataset: Dataset, parts: Split, model: dict[str, Any]) -> dict[str, Any]:
    return {
        "dataset": dataset.name,
        "data": job.data,
        "folder": None if job.folder is None else str(job.folder),
        "classes": list(dataset.classes),
        "test": job.test,
        "validation": job.validation,
        "samples": len(dataset),
        "train_samples": len(parts.train),
        "model": model,
        "command": _command(job, model),
    }


def _command(job: Job, model: dict[str, Any]) -> str:
    """The command that repeats this run: only what was given."""
    words = ["freqnet", "train", job.data]
    given = {**model, **(job.settings or {}), "folder": job.folder}
    given |= {name: getattr(job, name) for name in ("test", "validation") if getattr(job, name) != _default(name)}
    for name, value in given.items():
        if value is not None:
            option = {"learning_rate": "lr"}.get(name, name.replace("_", "-"))
            words += [f"--{option}", ",".join(map(str, value)) if isinstance(value, (list, tuple)) else str(value)]
    return " ".join(words)


def _default(name: str) -> Any:
    return next(f.default for f in fields(Job) if f.name == name)


def _stored(
    folder: Path, given: dict[str, Any], model: dict[str, Any], job: Job
) -> tuple[dict[str, Any], dict[str, Any], Job]:
    """Take options that were not repeated from the run itself; refuse those that differ."""
    claim_folder(folder, resume=True)
    info = load_checkpoint(folder / CHECKPOINT).info
    if "progress" not in info:
        raise CheckpointError(
            got_expected(f"{folder / CHECKPOINT}", "no training state", "an unfinished run", "train anew")
        )
    for stored, now in ((info["progress"]["settings"], given), (info["model"], model)):
        for name, value in now.items():
            if name in stored and stored[name] != (list(value) if isinstance(value, tuple) else value):
                raise ConfigurationError(
                    got_expected(
                        f"resume with {name.replace('_', '-')}",
                        value,
                        f"the run's own {stored[name]}",
                        "leave it out, or start anew",
                    )
                )
    model = {k: tuple(v) if isinstance(v, list) else v for k, v in info["model"].items()}
    return (
        info["progress"]["settings"],
        model,
        Job(job.data, job.out, job.folder, info["test"], info["validation"], info["model"], job.settings),
    )


def _opening(dataset: Dataset, parts: Split, network: Network, folder: Path) -> str:
    held = f"{len(parts.train)} to train on, {len(parts.test)} held out"
    if parts.validation is not None:
        held = f"{len(parts.train)} to train on, {len(parts.validation)} to validate, {len(parts.test)} held out"
    modes = "x".join(str(2 * m + 1) for m in network.door.band)
    return (
        f"{dataset.name}: {held}; {len(dataset.classes)} classes\n"
        f"{network.door.domain} domain: {modes} modes, {network.parameter_count():,} parameters, "
        f"one transform at the door -> {folder}"
    )


def _slug(name: str) -> str:
    return "".join(c if c.isalnum() or c in "-_." else "-" for c in Path(name).stem).strip("-.") or "data"


class Interrupted(KeyboardInterrupt):
    """Training was interrupted; carries the message that says how to resume."""


@contextmanager
def _interruptible(folder: Path, job: Job) -> Iterator[None]:
    """Turn an interrupt (Ctrl-C, or a request to terminate) into a message that says how to go on."""

    def stop(signum: int, frame: Any) -> None:
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGTERM, stop)
    try:
        yield
    except KeyboardInterrupt:
        raise Interrupted(_how_to_resume(folder, job)) from None
    finally:
        signal.signal(signal.SIGTERM, before)


def _how_to_resume(folder: Path, job: Job) -> str:
    if not (folder / CHECKPOINT).is_file():
        return (
            f"interrupted before the first epoch was over: nothing to resume in {folder}; train again with --overwrite"
        )
    source = f" --folder {job.folder}" if job.folder else ""
    return f"interrupted; the last complete epoch is safe: freqnet train {job.data}{source} --out {folder} --resume"
