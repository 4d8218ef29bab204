"""One run of a comparison, in whatever process it is sent to."""

from __future__ import annotations

import json
import sys
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path
from threading import Lock
from typing import Any

from freqnet.errors import FreqnetError, NetworkWarning, RangeWarning
from freqnet.experiments.execute import run
from freqnet.experiments.job import Job
from freqnet.kernels.threads import one_blas_thread, thread_limit
from freqnet.training.files import CHECKPOINT, HISTORY, write_json

# Beside a run's own files: what a comparison keeps of it. Written last, it says that the run is complete.
OUTCOME = "outcome.json"
# Domain, number of nodes where it is varied, and seed.
Key = tuple[str, int | None, int]
# What a process records, and whether it may transform, are one for all its threads.
_ONE_AT_A_TIME = Lock()


@dataclass(frozen=True)
class Task:
    """A run to be done: plain data, for it may go to another machine.

    `info` is what the run stores of itself; `nodes` how many the domain is to have, where that is varied.
    """

    job: Job
    info: dict[str, Any]
    nodes: int | None = None

    @property
    def folder(self) -> Path:
        """Where the run goes."""
        assert self.job.out is not None
        return self.job.out

    @property
    def domain(self) -> str:
        """Where the network lives."""
        return self.info["model"]["domain"]

    @property
    def seed(self) -> int:
        """Of split, weights, order and shifts."""
        return self.info["settings"]["seed"]

    @property
    def key(self) -> Key:
        """What tells it from the other runs of a comparison."""
        return self.domain, self.nodes, self.seed

    def failed(self, reason: str) -> Outcome:
        """Return what is known of the run when it has failed."""
        return Outcome(self.domain, self.seed, reason=" ".join(reason.split()), nodes=self.nodes)


@dataclass(frozen=True)
class Outcome:
    """What came out of a run.

    Attributes
    ----------
    domain : str
    seed : int
    metrics : dict
        What its ``metrics.json`` holds; empty where the run failed.
    history : list of dict
        One row an epoch.
    peak_bytes : int or None
        The most memory that its process held; None where the system does not tell.
    reason : str
        Why the run failed, in one line; empty where it did not.
    kept : bool
        Whether it was there already, from before the comparison was resumed.
    nodes : int or None
        How many there are along each axis, where that is varied.
    notes : list of str
        What the run warned of, a line each.
    """

    domain: str
    seed: int
    metrics: dict[str, Any] = field(default_factory=dict)
    history: list[dict[str, Any]] = field(default_factory=list)
    peak_bytes: int | None = None
    reason: str = ""
    kept: bool = False
    nodes: int | None = None
    notes: list[str] = field(default_factory=list)

    @property
    def key(self) -> Key:
        """What tells it from the other runs of a comparison."""
        return self.domain, self.nodes, self.seed

    @property
    def label(self) -> str:
        """Name of the domain, with the number of nodes where it is varied."""
        return label(self.domain, self.nodes)

    @property
    def ok(self) -> bool:
        """Whether the run is complete."""
        return not self.reason


def label(domain: str, nodes: int | None) -> str:
    """Return the name of a domain, with the number of nodes where that is varied."""
    return domain if nodes is None else f"{domain}, {nodes} nodes"


def work(task: Task) -> Outcome:
    """Do a run, or go on with it, with one thread; a run that fails says why."""
    try:
        with _ONE_AT_A_TIME, thread_limit(1), one_blas_thread():
            return _train(task)
    except FreqnetError as error:
        return task.failed(str(error))
    except (OSError, MemoryError) as error:
        return task.failed(str(error) or "out of memory")
    # Whatever one run runs into, the others go on.
    except Exception as error:
        return task.failed(f"{type(error).__name__}: {error}")


def _train(task: Task) -> Outcome:
    folder, resume = task.folder, (task.folder / CHECKPOINT).is_file()
    (folder / OUTCOME).unlink(missing_ok=True)
    # The page of the comparison takes the place of a report of each run.
    with noted() as notes:
        metrics = run(task.job, resume=resume, overwrite=not resume, report=False)
    history = [json.loads(line) for line in (folder / HISTORY).read_text(encoding="utf-8").splitlines()]
    outcome = Outcome(task.domain, task.seed, metrics, history, peak_bytes(), nodes=task.nodes, notes=notes)
    write_json(folder / OUTCOME, {"info": task.info, **asdict(outcome)})
    return outcome


@contextmanager
def noted() -> Iterator[list[str]]:
    """Collect warnings instead of showing them: a line each, and each once, when the block ends."""
    lines: list[str] = []
    with warnings.catch_warnings(record=True) as caught:
        for kind in (NetworkWarning, RangeWarning):
            warnings.simplefilter("always", kind)
        try:
            yield lines
        finally:
            lines += dict.fromkeys(" ".join(str(warning.message).split()) for warning in caught)


def kept_outcome(task: Task) -> Outcome | None:
    """Return what is stored of a complete run with the same data and options, if there is one."""
    with suppress(OSError, ValueError, LookupError, TypeError, AttributeError):
        stored = json.loads((task.folder / OUTCOME).read_text(encoding="utf-8"))
        if differing(stored.pop("info"), task.info) is None:
            return Outcome(**{**stored, "kept": True})
    return None


def differing(before: dict[str, Any], now: dict[str, Any]) -> tuple[str, Any, Any] | None:
    """Return name, earlier and present value of the first choice in which two runs differ.

    Where the data are, and the words of the command, may change.
    """
    for group in ("fractions", "model", "settings"):
        for name in now[group]:
            values = before[group].get(name), now[group][name]
            if values[0] != values[1]:
                return name, *values
    return next(((name, before[name], now[name]) for name in ("fingerprint",) if before[name] != now[name]), None)


def peak_bytes() -> int | None:
    """Return the most memory that this process has held, in bytes; None where the system does not tell.

    >>> from freqnet.experiments.work import peak_bytes
    >>> peak = peak_bytes()
    >>> peak is None or peak > 10_000_000
    True
    """
    # Linux counts the memory of the parent before the program was loaded in `ru_maxrss`, but not here.
    with suppress(OSError):
        for line in Path("/proc/self/status").read_text(encoding="ascii", errors="replace").splitlines():
            if line.startswith("VmHWM:"):
                return 1024 * int(line.split()[1])
    try:
        import resource
    except ImportError:
        return None
    largest = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return largest if sys.platform == "darwin" else 1024 * largest
