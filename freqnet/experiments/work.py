"""One run of a comparison, in the process that an executor sends it to."""

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
from freqnet.experiments.job import Job, is_fingerprint
from freqnet.kernels.threads import one_blas_thread, thread_limit
from freqnet.training.files import CHECKPOINT, HISTORY, write_json

# The outcome of a run, beside the run's own files. It is written last: a run that has it is complete.
OUTCOME = "outcome.json"
# Domain, number of nodes where the comparison varies it, and seed.
Key = tuple[str, int | None, int]
# The threads of a process share its tape and its guard against transforms.
_ONE_AT_A_TIME = Lock()


@dataclass(frozen=True)
class Task:
    """A run to be done, as plain data that can be sent to another machine.

    Attributes
    ----------
    job : Job
        The choices that were given.
    info : dict
        All choices, as the run stores them.
    nodes : int or None
        Number of nodes along each axis, where the comparison varies it.
    device : str, optional
        Where it is computed, as in `freqnet.training.fit`.
    """

    job: Job
    info: dict[str, Any]
    nodes: int | None = None
    device: str | None = None

    @property
    def folder(self) -> Path:
        """Folder of the run."""
        assert self.job.out is not None
        return self.job.out

    @property
    def domain(self) -> str:
        """Name of the domain."""
        return self.info["model"]["domain"]

    @property
    def seed(self) -> int:
        """Seed of the split, the weights, the order and the shifts."""
        return self.info["settings"]["seed"]

    @property
    def key(self) -> Key:
        """Domain, number of nodes and seed, which identify the run in its comparison."""
        return self.domain, self.nodes, self.seed

    def failed(self, reason: str) -> Outcome:
        """Return the outcome of the run if it has failed for this reason."""
        return Outcome(self.domain, self.seed, reason=" ".join(reason.split()), nodes=self.nodes)


# More than 8 fields: ``outcome.json`` and ``compare.json`` have one flat object per run.
@dataclass(frozen=True)
class Outcome:
    """The outcome of a run of a comparison.

    Attributes
    ----------
    domain : str
        Name of the domain.
    seed : int
        Seed of the run.
    metrics : dict
        Content of the run's ``metrics.json``; empty if the run failed.
    history : list of dict
        One row per epoch.
    peak_bytes : int or None
        Peak memory of the run's process in bytes; None if the system does not tell it.
    reason : str
        The reason why the run failed, in one line; empty if it did not fail.
    kept : bool
        Whether the run was already complete when the comparison was resumed.
    nodes : int or None
        Number of nodes along each axis, where the comparison varies it.
    notes : list of str
        The warnings of the run, one line per warning.
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
        """Domain, number of nodes and seed, which identify the run in its comparison."""
        return self.domain, self.nodes, self.seed

    @property
    def label(self) -> str:
        """Name of the domain, with the number of nodes where the comparison varies it."""
        return label(self.domain, self.nodes)

    @property
    def ok(self) -> bool:
        """Whether the run is complete."""
        return not self.reason


def label(domain: str, nodes: int | None) -> str:
    """Return the name of a domain, with the number of nodes where the comparison varies it."""
    return domain if nodes is None else f"{domain}, {nodes} nodes"


def work(task: Task) -> Outcome:
    """Do a run, or continue it, with one thread, and return its outcome, also if it fails."""
    try:
        with _ONE_AT_A_TIME, thread_limit(1), one_blas_thread():
            return _train(task)
    except FreqnetError as error:
        return task.failed(str(error))
    except (OSError, MemoryError) as error:
        return task.failed(str(error) or "out of memory")
    # The other runs go on, whatever the error of this one.
    except Exception as error:
        return task.failed(f"{type(error).__name__}: {error}")


def _train(task: Task) -> Outcome:
    folder, resume = task.folder, (task.folder / CHECKPOINT).is_file()
    (folder / OUTCOME).unlink(missing_ok=True)
    # The page of the comparison replaces the reports of the runs.
    with noted() as notes:
        metrics = run(task.job, resume=resume, overwrite=not resume, report=False, device=task.device)
    history = [json.loads(line) for line in (folder / HISTORY).read_text(encoding="utf-8").splitlines()]
    outcome = Outcome(task.domain, task.seed, metrics, history, peak_bytes(), nodes=task.nodes, notes=notes)
    write_json(folder / OUTCOME, {"info": task.info, **asdict(outcome)})
    return outcome


@contextmanager
def noted() -> Iterator[list[str]]:
    """Collect warnings instead of showing them; the list is filled when the block ends, with each warning once."""
    lines: list[str] = []
    with warnings.catch_warnings(record=True) as caught:
        for kind in (NetworkWarning, RangeWarning):
            warnings.simplefilter("always", kind)
        try:
            yield lines
        finally:
            lines += dict.fromkeys(" ".join(str(warning.message).split()) for warning in caught)


def kept_outcome(task: Task) -> Outcome | None:
    """Return the stored outcome of a complete run with the same data and choices, if there is one."""
    with suppress(OSError, ValueError, LookupError, TypeError, AttributeError):
        stored = json.loads((task.folder / OUTCOME).read_text(encoding="utf-8"))
        if differing(stored.pop("info"), task.info) is None:
            return Outcome(**{**stored, "kept": True})
    return None


def differing(before: dict[str, Any], now: dict[str, Any]) -> tuple[str, Any, Any] | None:
    """Return name, earlier and present value of the first choice in which two runs differ.

    The location of the data and the words of the command may differ.
    """
    weights = tuple(info.get("start", {}).get("weights") for info in (before, now))
    if weights[0] != weights[1]:
        return "weights", *weights
    for group in ("reading", "fractions", "model", "settings", "records"):
        for name in now.get(group, {}):
            # Runs written before do not say how they read the data, which the fingerprint checks, and keep nothing.
            own = before.get(group, now[group]) if group in ("reading", "records") else before[group]
            values = own.get(name), now[group][name]
            # The content of the data for the test belongs to the fingerprint.
            if values[0] != values[1] and name not in ("test_data", "cache"):
                return name, *values
    own, found = before["fingerprint"], now["fingerprint"]
    return None if is_fingerprint(own, found) else ("fingerprint", own, found)


def peak_bytes() -> int | None:
    """Return the peak memory of this process in bytes; None if the system does not tell it.

    >>> from freqnet.experiments.work import peak_bytes
    >>> peak = peak_bytes()
    >>> peak is None or peak > 10_000_000
    True
    """
    # On Linux `ru_maxrss` includes the parent's memory from before the program was loaded; this file does not.
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
