"""The figures of a comparison: one row of numbers per domain."""

from __future__ import annotations

import math
import platform
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from functools import cached_property
from statistics import fmean, median, stdev
from typing import Any

from freqnet.audit import summarize
from freqnet.display import Displayed
from freqnet.errors import ConfigurationError
from freqnet.experiments.operations import operation_errors
from freqnet.experiments.sizes import KINDS, PRECISIONS, conditions_by_size, errors_by_size, is_sized
from freqnet.experiments.work import Outcome, label
from freqnet.nn import Network
from freqnet.tasks import Task, get_task


# More than 8 fields: `DomainFigures`, a flat object, has all but `lives` under the same names.
@dataclass(frozen=True)
class Sketch:
    """The figures of a domain's network that are known before training; None where the network cannot be made.

    `lives` is the name of the network's own domain, with its nodes where these are trained. The other fields are those
    of `DomainFigures`.
    """

    domain: str
    parameters: int | None = None
    multiply_adds: int | None = None
    spectrum_bytes: int | None = None
    condition_number: float | None = None
    precision: str | None = None
    kept: str | None = None
    nodes: int | None = None
    notes: tuple[str, ...] = ()
    lives: str | None = None


def sketch(network: Network) -> Sketch:
    """Return the size of a network and the cost of a prediction."""
    rows = summarize(network)
    total = rows[-1]
    return Sketch(
        network.door.domain,
        total.parameters,
        total.multiply_adds,
        rows[0].bytes,
        network.door.space.condition_number,
        network.precision.name,
        # The last factor is the number of channels.
        rows[0].output.rpartition(" x ")[0],
        lives=network.door.domain,
    )


@dataclass(frozen=True)
class DomainFigures:
    """The figures of a domain; None where no run is complete.

    The fields are more than 8 because ``compare.json`` has one flat object per domain.

    Attributes
    ----------
    domain : str
        Name of the domain.
    runs, failed : int
        Number of runs, and number of failed runs.
    scores : tuple of float
        Test score of every complete run, such as its accuracy (0 to 1), in the order of the seeds.
    score, score_deviation : float or None
        Their mean and standard deviation; the deviation of a single run is None.
    train_seconds : float or None
        Training time, mean over the runs.
    step_milliseconds : float or None
        Time per step in the median epoch, mean over the runs.
    seconds_to_level : float or None
        Training time until the end of the first epoch that reaches the level of the comparison, mean over the runs.
    parameters, multiply_adds : int or None
        Number of trained real numbers, and real multiply-adds of a prediction, as `freqnet.audit.summarize` counts
        them.
    spectrum_bytes : int or None
        Size of the spectrum of one example.
    peak_bytes : int or None
        Largest peak memory of a run's process.
    condition_number : float or None
        Condition number of the transform at the network's input.
    precision : str or None
        Precision of the network's numbers, "float32" or "float64".
    kept : str or None
        Number of modes, nodes or samples along each axis at the network's input.
    transforms : int or None
        Largest number of transforms inside the network, in training and evaluation.
    operation_errors : dict
        Errors by precision, then by operation: see `operation_errors`. Empty for a precision that cannot represent
        the signals of the domain.
    reasons : tuple of str
        The reasons why runs failed, one line per reason, with the seeds of these runs.
    notes : tuple of str
        The warnings, each once.
    nodes : int or None
        Number of nodes along each axis, where the comparison varies it.
    """

    domain: str
    runs: int
    failed: int
    scores: tuple[float, ...]
    score: float | None
    score_deviation: float | None
    train_seconds: float | None
    step_milliseconds: float | None
    seconds_to_level: float | None
    parameters: int | None
    multiply_adds: int | None
    spectrum_bytes: int | None
    peak_bytes: int | None
    condition_number: float | None
    precision: str | None
    kept: str | None
    transforms: int | None
    operation_errors: dict[str, dict[str, float]]
    reasons: tuple[str, ...]
    notes: tuple[str, ...]
    nodes: int | None = None

    @property
    def label(self) -> str:
        """Name of the domain, with the number of nodes where the comparison varies it."""
        return label(self.domain, self.nodes)


@dataclass(frozen=True, repr=False)
class Compared(Displayed):
    """The results of a comparison.

    Attributes
    ----------
    dataset : str
        Name of the dataset.
    sketches : tuple of Sketch
        One per domain, and one per node domain and number of nodes.
    outcomes : tuple of Outcome
        One per run, including failed runs.
    info : dict
        The choices of the first run; the other runs differ in domain, seed and number of nodes.
    command : str
        The command that repeats the comparison; empty if none does.
    """

    cells = "freqnet.experiments.page"

    dataset: str
    sketches: tuple[Sketch, ...]
    outcomes: tuple[Outcome, ...]
    info: dict[str, Any]
    command: str = ""

    def __repr__(self) -> str:
        names = ", ".join(row.domain for row in self.sketches if row.nodes is None)
        complete = sum(outcome.ok for outcome in self.outcomes)
        return f"Compared({self.dataset!r}, {names}, {complete} of {len(self.outcomes)} runs complete)"

    @property
    def ok(self) -> bool:
        """Whether every run is complete."""
        return all(outcome.ok for outcome in self.outcomes)

    @property
    def task(self) -> Task:
        """What the networks are trained for."""
        return get_task(self.info.get("task"))

    @property
    def watched(self) -> str:
        """Name of the figure that is compared with the level.

        It is the score on validation examples, if there are any; else that of training, or the loss of training.
        """
        if self.info["fractions"]["validation"]:
            return f"validation_{self.task.score}"
        return self.task.score if self.task.has_running_score else "loss"

    @cached_property
    def level(self) -> float | None:
        """The best value of the watched figure that every complete run reaches; None if no run is complete.

        Scores are rounded down to hundredths, losses up to two digits. Runs with other numbers of nodes do not count.
        """
        rows = [[row[self.watched] for row in o.history] for o in self.outcomes if o.history and o.nodes is None]
        if not rows:
            return None
        if self.watched == "loss":
            worst = max(map(min, rows))
            unit = 10.0 ** (math.floor(math.log10(worst)) - 1) if worst > 0 else 1.0
            return math.ceil(worst / unit - 1e-9) * unit
        # Rounding errors must not lower a whole number of hundredths.
        return math.floor(100 * min(map(max, rows)) + 1e-9) / 100

    def reaches(self, row: dict[str, Any]) -> bool:
        """Return whether an epoch reaches the level."""
        if self.level is None:
            return False
        value = row[self.watched]
        return value <= self.level * (1 + 1e-9) if self.watched == "loss" else value >= self.level - 1e-9

    @property
    def level_in_words(self) -> str:
        """The level and what it is a level of, such as ``"95% training accuracy"``; empty if there is none."""
        if self.level is None:
            return ""
        if self.watched == "loss":
            return f"a training loss of {self.level:.2g}"
        kind = "validation" if self.watched.startswith("validation") else "training"
        return f"{self.task.text(self.level, 0)} {kind} {self.task.score}"

    @cached_property
    def domains(self) -> tuple[DomainFigures, ...]:
        """The figures of each domain, in the given order."""
        return tuple(self._figures(row) for row in self.sketches if row.nodes is None)

    @cached_property
    def by_nodes(self) -> tuple[DomainFigures, ...]:
        """The figures of the node domains for each given number of nodes, without errors of operations."""
        return tuple(self._figures(row) for row in self.sketches if row.nodes is not None)

    @property
    def laplace(self) -> tuple[str, ...]:
        """The compared Laplace domains whose nodes are known for any number of samples."""
        return tuple(row.domain for row in self.domains if is_sized(row.domain))

    def of(self, domain: str, nodes: int | None = None) -> list[Outcome]:
        """Return the complete runs of a domain, with its default number of nodes or another number."""
        return [o for o in self.outcomes if (o.domain, o.nodes) == (domain, nodes) and o.ok]

    def as_dict(self) -> dict[str, Any]:
        """Return all results as plain data."""
        from freqnet import __version__
        from freqnet.kernels import KERNEL

        options = {name: value for name, value in self.info["model"].items() if name != "domain"}
        options |= {name: value for name, value in self.info["settings"].items() if name != "seed"}
        return {
            "dataset": self.dataset,
            "task": self.task.name,
            "complete": self.ok,
            "level": self.level,
            "level_of": self.watched,
            "domains": [asdict(row) for row in self.domains],
            "by_nodes": [asdict(row) for row in self.by_nodes],
            "by_size": self._by_size(),
            "runs": [asdict(outcome) for outcome in self.outcomes],
            "options": {**options, **self.info["fractions"]},
            "command": self.command,
            "freqnet": __version__,
            "machine": {"processor": platform.machine(), "system": platform.system(), "kernel": KERNEL},
        }

    def _by_size(self) -> dict[str, Any]:
        if not self.laplace:
            return {}
        errors = {name: [asdict(row) for row in errors_by_size(name)] for name in self.laplace}
        return {"condition_numbers": {k: list(v) for k, v in conditions_by_size().items()}, "errors": errors}

    def _figures(self, known: Sketch) -> DomainFigures:
        every = [o for o in self.outcomes if (o.domain, o.nodes) == (known.domain, known.nodes)]
        runs = self.of(known.domain, known.nodes)
        lives = known.lives or known.domain
        errors, refused = _operation_errors(lives) if known.nodes is None else ({}, [])
        found = [f"the first seed's nodes are {lives}"] if lives != known.domain else []
        scores = [outcome.metrics[f"test_{self.task.score}"] for outcome in runs]
        shared = {name: value for name, value in vars(known).items() if name not in ("lives", "notes")}
        return DomainFigures(
            **shared,
            runs=len(every),
            failed=len(every) - len(runs),
            scores=tuple(scores),
            score=_mean(scores),
            score_deviation=stdev(scores) if len(scores) > 1 else None,
            train_seconds=_mean([outcome.metrics["train_seconds"] for outcome in runs]),
            step_milliseconds=_mean([step_milliseconds(outcome) for outcome in runs]),
            seconds_to_level=_mean([self.seconds_to_level(outcome) for outcome in runs]),
            peak_bytes=max((o.peak_bytes for o in runs if o.peak_bytes is not None), default=None),
            transforms=max((o.metrics["transforms_inside_network"] for o in runs), default=None),
            operation_errors=errors,
            reasons=tuple(_reasons(every)),
            notes=tuple(dict.fromkeys([*found, *known.notes, *(note for o in every for note in o.notes), *refused])),
        )

    def seconds_to_level(self, outcome: Outcome) -> float:
        """Return the training time of a run until the end of the first epoch that reaches the level."""
        seconds = 0.0
        for row in outcome.history:
            seconds += row["seconds"]
            if self.reaches(row):
                break
        return seconds


def _operation_errors(domain: str) -> tuple[dict[str, dict[str, float]], list[str]]:
    """Return the errors by precision, and the reasons why a precision has none."""
    found: dict[str, dict[str, float]] = {}
    refused = []
    for kind, precision in zip(KINDS, PRECISIONS, strict=True):
        try:
            found[kind] = operation_errors(domain, precision)
        except ConfigurationError as error:
            found[kind] = {}
            refused.append(f"no errors of operations: {error}")
    return found, refused


def _reasons(outcomes: Sequence[Outcome]) -> Iterator[str]:
    """Yield the reasons why runs failed, each with its seeds."""
    for reason in dict.fromkeys(o.reason for o in outcomes if not o.ok):
        seeds = [str(o.seed) for o in outcomes if o.reason == reason]
        yield f"seed{'s' if len(seeds) > 1 else ''} {', '.join(seeds)}: {reason}"


def step_milliseconds(outcome: Outcome) -> float:
    """Return the time of a training step in the median epoch of a run."""
    metrics = outcome.metrics
    steps = -(-metrics["train_samples"] // metrics["settings"]["batch"])
    return 1e3 * median(row["seconds"] for row in outcome.history) / steps


def _mean(values: Sequence[float]) -> float | None:
    return fmean(values) if values else None
