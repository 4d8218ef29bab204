"""The trials of a search in Optuna's storage, which several processes may share and which outlives each of them.

A trial belongs to the process that holds the lock of its folder below ``.locks``. The operating system releases a lock
where its process ends, however it ends: a running trial without a lock is continued by the next process that asks for
a trial. No trial is lost or done twice, and no trial stays "running" for ever.
"""

from __future__ import annotations

import math
import os
import shutil
import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from freqnet.errors import CheckpointError, got_expected, reason, require_package
from freqnet.experiments.space import Options, Range
from freqnet.training.locks import FolderLock, is_locked, waited

if TYPE_CHECKING:
    import optuna
    from optuna.trial import FrozenTrial

    from freqnet.training.fit import Run

JOURNAL, LOCKS = "study.journal", ".locks"
NAME = "freqnet"
PRUNERS = ("median", "hyperband", "none")
# A trial whose process ended so often, without a complete epoch in between, has failed.
_MOST_STARTS = 5
# Names of what is stored with a trial.
_DEFAULT, _STARTS, _RESULT = "default", "starts", "result"


@dataclass(frozen=True)
class Tried:
    """A trial of a search.

    Attributes
    ----------
    number : int
        Number of the trial, from 0.
    state : {"complete", "pruned", "failed", "running"}
        A pruned trial was stopped early, because it was worse than the others.
    value : float or None
        The figure by which trials are compared, at the epoch of the lowest validation loss; None before the end of the
        first epoch.
    choices : dict
        The choices that vary, by the names of their fields, as on the command line. Those of trial 0 are its defaults,
        where they are in the space.
    figures : dict
        The row of the history at the epoch of the lowest validation loss.
    epochs : int
        Number of epochs trained.
    is_default : bool
        Whether this is the run with the choices that were given, without any that vary.
    reason : str
        The reason why a trial failed, in one line; else empty.
    """

    number: int
    state: str
    value: float | None
    choices: dict[str, Any]
    figures: dict[str, float] = field(default_factory=dict)
    epochs: int = 0
    is_default: bool = False
    reason: str = ""


class _JournalLock:
    """Optuna's lock of its journal, as a lock that the operating system releases where its process ends."""

    def __init__(self, folder: Path, journal: Path) -> None:
        self.folder, self.journal = folder, journal
        self._lock: FolderLock | None = None

    def acquire(self) -> bool:
        self._lock = waited(self.folder)
        # A machine that lost its power may have written a line in part.
        content = self.journal.read_bytes()
        if not content.endswith(b"\n"):
            os.truncate(self.journal, content.rfind(b"\n") + 1)
        return True

    def release(self) -> None:
        if self._lock is not None:
            self._lock.release()


class Study:
    """The trials of a search.

    Parameters
    ----------
    folder : Path
        Folder of the search.
    space : sequence of (Range or Options)
        The choices that vary.
    minimize : bool
        Whether the best value is the lowest.
    pruner : {"median", "hyperband", "none"}
    seed : int
        Seed of the sampler.
    """

    def __init__(self, folder: Path, space: Sequence[Range | Options], minimize: bool, pruner: str, seed: int) -> None:
        self.locks, self.space, self.minimize, self.seed = folder / LOCKS, space, minimize, seed
        (self.locks / "journal").mkdir(parents=True, exist_ok=True)
        with quiet(), self.locked():
            try:
                self.optuna = self._open(folder / JOURNAL, pruner)
            # On damaged lines Optuna raises errors of many types.
            except Exception as error:
                todo = "choose another folder"
                what = f"journal {folder / JOURNAL}"
                raise CheckpointError(got_expected(what, reason(error), "the journal of a search", todo)) from error

    def _open(self, journal: Path, pruner: str) -> optuna.Study:
        import optuna
        from optuna.storages import JournalStorage
        from optuna.storages.journal import JournalFileBackend

        lock: Any = _JournalLock(self.locks / "journal", journal)
        return optuna.create_study(
            storage=JournalStorage(JournalFileBackend(str(journal), lock)),
            pruner=_pruner(pruner),
            study_name=NAME,
            direction="minimize" if self.minimize else "maximize",
            load_if_exists=True,
        )

    def locked(self) -> FolderLock:
        """Return the lock under which trials begin, as soon as no other process holds it."""
        return waited(self.locks)

    def begin(self, defaults: Mapping[str, Any]) -> None:
        """Add the trial of the default choices, unless the study has begun.

        Parameters
        ----------
        defaults : mapping
            The default values of the choices that vary, by the names of their fields.
        """
        with quiet(), self.locked():
            if not self.optuna.get_trials(deepcopy=False):
                found = {own.name: own.parameter(defaults.get(own.name)) for own in self.space}
                known = {name: value for name, value in found.items() if value is not None}
                self.optuna.enqueue_trial(known, user_attrs={_DEFAULT: sorted(known)})

    def trials(self) -> list[Tried]:
        """Return all trials that have begun, by their number."""
        from optuna.trial import TrialState

        return [_tried(trial) for trial in self.optuna.get_trials(deepcopy=False) if trial.state != TrialState.WAITING]

    @contextmanager
    def next(self, count: int) -> Iterator[Ours | None]:
        """Yield a trial to do, if fewer than `count` have begun or one has lost its process; inside, it is ours."""
        with self.locked():
            ours = self._lost() or self._new(count)
        try:
            yield ours
        finally:
            if ours is not None:
                ours.release()

    def _lost(self) -> Ours | None:
        """Return a running trial whose process has ended, if there is one."""
        from optuna.trial import Trial, TrialState

        for frozen in self.optuna.get_trials(deepcopy=False, states=(TrialState.RUNNING,)):
            if is_locked(self._lock(frozen.number)):
                continue
            epochs, starts = frozen.user_attrs.get(_STARTS, (0, 0))
            done = len(frozen.intermediate_values)
            starts = starts + 1 if epochs == done else 1
            self._seed(frozen.number)
            ours = Ours(self, Trial(self.optuna, frozen._trial_id), frozen)
            ours.trial.set_user_attr(_STARTS, [done, starts])
            if starts <= _MOST_STARTS:
                return ours
            ours.fail(f"its process ended {_MOST_STARTS} times, perhaps because the memory was full")
            ours.release()
        return None

    def _new(self, count: int) -> Ours | None:
        from optuna.trial import TrialState

        begun = sum(t.state != TrialState.WAITING for t in self.optuna.get_trials(deepcopy=False))
        if begun >= count:
            return None
        self._seed(begun)
        trial = self.optuna.ask()
        ours = Ours(self, trial, self.optuna.get_trials(deepcopy=False)[trial.number])
        trial.set_user_attr(_STARTS, [0, 1])
        return ours

    def _seed(self, number: int) -> None:
        """Let the sampler draw numbers that depend on the number of the trial only: a resumed search draws the same."""
        from optuna.samplers import TPESampler

        seed = int(np.random.SeedSequence([self.seed, number]).generate_state(1)[0])
        # Optuna 4 calls an argument experimental.
        with quiet():
            self.optuna.sampler = TPESampler(seed=seed, multivariate=False, constant_liar=True)

    def _lock(self, number: int) -> Path:
        return self.locks / f"{number:03d}"


class Ours:
    """A trial that this process does, with its lock.

    Attributes
    ----------
    number : int
        Number of the trial.
    parameters : dict
        The choices that vary, by the names of their fields, as Optuna knows them.
    is_default : bool
        Whether this is the trial of the default choices.
    """

    def __init__(self, study: Study, trial: optuna.Trial, frozen: FrozenTrial) -> None:
        self.study, self.trial, self.number = study, trial, frozen.number
        folder = study._lock(self.number)
        folder.mkdir(exist_ok=True)
        self._held = FolderLock(folder)
        self._reported = set(frozen.intermediate_values)
        known = frozen.user_attrs.get(_DEFAULT)
        self.is_default = known is not None
        self.parameters = {own.name: own.suggest(trial) for own in study.space if known is None or own.name in known}

    def report(self, epoch: int, value: float) -> None:
        """Store the figure of an epoch, unless it is stored."""
        if epoch not in self._reported and math.isfinite(value):
            self._reported.add(epoch)
            self.trial.report(value, epoch)

    def prunes(self, run: Run) -> bool:
        """Whether the trial should end now: it is worse than the others. The default and the last epoch are not."""
        return not self.is_default and not run.finished and bool(self._reported) and self.trial.should_prune()

    def complete(self, value: float, figures: dict[str, float], epochs: int, pruned: bool) -> Tried:
        """Store the result."""
        from optuna.trial import TrialState

        self.trial.set_user_attr(_RESULT, {"value": value, "figures": figures, "epochs": epochs, "reason": ""})
        if pruned:
            return self._tell(state=TrialState.PRUNED)
        return self._tell(values=value)

    def fail(self, reason: str) -> Tried:
        """Store why there is no result."""
        from optuna.trial import TrialState

        self.trial.set_user_attr(_RESULT, {"reason": " ".join(reason.split())})
        return self._tell(state=TrialState.FAIL)

    def _tell(self, **how: Any) -> Tried:
        return _tried(self.study.optuna.tell(self.trial, **how))

    def release(self) -> None:
        """Let another process continue the trial, if it is not complete."""
        shutil.rmtree(self.study._lock(self.number), ignore_errors=True)
        self._held.release()


def _tried(trial: FrozenTrial) -> Tried:
    result = trial.user_attrs.get(_RESULT, {})
    state = {"FAIL": "failed"}.get(trial.state.name, trial.state.name.lower())
    is_default = _DEFAULT in trial.user_attrs
    return Tried(trial.number, state, choices=dict(trial.params), is_default=is_default, **{"value": None, **result})


def _pruner(name: str) -> Any:
    from optuna.pruners import HyperbandPruner, MedianPruner, NopPruner

    # Trials are compared from the third epoch on: in the first ones, a high learning rate looks worse than it is.
    return {"median": MedianPruner(n_warmup_steps=3), "hyperband": HyperbandPruner(), "none": NopPruner()}[name]


@contextmanager
def quiet() -> Iterator[None]:
    """Hide Optuna's remarks: experimental arguments, and lines of its log."""
    with warnings.catch_warnings():
        import optuna

        warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
        before = optuna.logging.get_verbosity()
        optuna.logging.set_verbosity(optuna.logging.ERROR)
        try:
            yield
        finally:
            optuna.logging.set_verbosity(before)


def require_optuna() -> None:
    """Raise `ConfigurationError` if Optuna is missing."""
    require_package("optuna", "search", "search")
