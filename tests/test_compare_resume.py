"""Comparisons in processes, threads and a cluster; failed and resumed runs."""

from __future__ import annotations

import json
import os
import pickle
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from comparisons import WIDTHS, numbers, small, threads
from test_cli_train import same_weights, snapshot, some_digits, without_plots

from freqnet.data import load
from freqnet.errors import ConfigurationError, DataError
from freqnet.experiments import Outcome, compare
from freqnet.experiments.engine import FIGURES, PAGE, make_tasks
from freqnet.experiments.executors import in_processes
from freqnet.experiments.work import OUTCOME, Task, work
from freqnet.training.files import CHECKPOINT, HISTORY

# --- Executors ------------------------------------------------------------------------------------


def test_processes_and_threads_give_the_same_numbers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    without_plots(monkeypatch)
    seen: list[Outcome] = []
    own = compare(small(tmp_path / "own"), processes=2, progress=seen.append)
    assert sorted((o.domain, o.seed) for o in seen) == [("fourier", 0), ("hartley", 0)]
    assert numbers(own) == numbers(threads(small(tmp_path / "threads")))


@pytest.mark.filterwarnings("ignore")
def test_a_cluster_gives_the_same_numbers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    without_plots(monkeypatch)
    import distributed

    comparison = small(tmp_path / "cluster")
    options = {"n_workers": 1, "threads_per_worker": 2, "dashboard_address": ":0"}
    with distributed.LocalCluster(**options) as cluster, distributed.Client(cluster) as client:
        found = compare(comparison, client.get_executor())
    assert numbers(found) == numbers(threads(small(tmp_path / "threads")))


def test_a_task_can_be_sent(tmp_path: Path) -> None:
    comparison = small(tmp_path / "out")
    (task, _) = make_tasks(comparison, load(comparison.data))
    assert pickle.loads(pickle.dumps(task)) == task
    assert pickle.loads(pickle.dumps(work)) is work


class Bomb:
    """Ends the process that unpickles it."""

    def __reduce__(self) -> tuple[Any, ...]:
        return os._exit, (3,)


def test_a_process_that_dies_takes_no_other_run_with_it(tmp_path: Path) -> None:
    comparison = small(tmp_path / "out")
    good, other = make_tasks(comparison, load(comparison.data))
    bad = replace(other, info={**other.info, "bomb": Bomb()})
    found = {o.domain: o for o in in_processes([bad, good], 2)}
    assert found["fourier"].ok
    assert "its process ended suddenly" in found["hartley"].reason


def test_an_executor_that_loses_a_run_fails_it_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    without_plots(monkeypatch)

    class Lossy(ThreadPoolExecutor):
        def submit(self, function: Any, task: Task) -> Any:  # type: ignore[override]
            if task.domain == "fourier":
                return super().submit(function, task)
            lost: Future[Any] = Future()
            lost.set_exception(ConnectionError("no worker\nleft"))
            return lost

    with Lossy(1) as executor:
        found = compare(small(tmp_path / "out"), executor)
    assert [o.reason for o in found.outcomes] == ["", "ConnectionError: no worker left"]


def test_a_cancelled_run_has_failed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    without_plots(monkeypatch)

    class Busy(ThreadPoolExecutor):
        def submit(self, function: Any, task: Task) -> Any:  # type: ignore[override]
            dropped: Future[Any] = Future()
            dropped.cancel()
            dropped.set_running_or_notify_cancel()
            return dropped

    with Busy(1) as executor:
        found = compare(small(tmp_path / "out", "grid"), executor)
    assert found.outcomes[0].reason == "CancelledError: cancelled"


# --- Failures and resumed runs --------------------------------------------------------------------


def test_a_failing_domain_does_not_stop_the_others(tmp_path: Path) -> None:
    comparison = small(tmp_path / "out", "fourier", "grid", model={**WIDTHS, "activation": "relu"})
    found = threads(comparison)
    fourier, grid = found.domains
    assert (found.ok, fourier.failed, fourier.score, grid.failed) == (False, 1, None, 0)
    assert grid.score is not None
    assert "relu" in fourier.reasons[0].lower()
    assert "\n" not in fourier.reasons[0]
    assert fourier.reasons[0].replace("'", "&#39;") in (tmp_path / "out" / PAGE).read_text()
    assert json.loads((tmp_path / "out" / FIGURES).read_text())["complete"] is False


def test_a_stopped_comparison_goes_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    without_plots(monkeypatch)
    straight = threads(small(tmp_path / "straight", seeds=(0, 1)))

    def stop(outcome: Outcome) -> None:
        raise KeyboardInterrupt

    comparison = small(tmp_path / "out", seeds=(0, 1))
    with pytest.raises(KeyboardInterrupt), ThreadPoolExecutor(1) as executor:
        compare(comparison, executor, progress=stop)
    assert not (comparison.path / FIGURES).exists()
    kept = snapshot(comparison.path / "fourier-seed0")
    # One run was stopped in its last step; another left no checkpoint.
    (comparison.path / "hartley-seed0" / OUTCOME).unlink(missing_ok=True)
    begun = comparison.path / "hartley-seed1"
    begun.mkdir(exist_ok=True)
    for path in begun.iterdir():
        path.unlink()
    (begun / f".{CHECKPOINT}.1.partial").write_bytes(b"half")
    seen: list[Outcome] = []
    found = threads(comparison, resume=True, progress=seen.append)
    assert seen[0].kept
    assert numbers(found) == numbers(straight)
    assert snapshot(comparison.path / "fourier-seed0") == kept
    assert same_weights(begun, tmp_path / "straight" / "hartley-seed1")
    again = threads(comparison, resume=True)
    assert all(o.kept for o in again.outcomes)
    assert numbers(again) == numbers(straight)


def test_domains_and_seeds_may_be_added(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    without_plots(monkeypatch)
    threads(small(tmp_path / "out", "fourier"))
    found = threads(small(tmp_path / "out", "hartley", "fourier", seeds=(1, 0)), resume=True)
    assert [(o.domain, o.seed, o.kept) for o in found.outcomes] == [
        ("hartley", 1, False),
        ("fourier", 1, False),
        ("hartley", 0, False),
        ("fourier", 0, True),
    ]


def test_other_options_or_data_are_not_gone_on_with(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    without_plots(monkeypatch)
    threads(small(tmp_path / "out", "fourier"))
    before = snapshot(tmp_path / "out")
    for change in ({"settings": {"epochs": 3}}, {"model": {"widths": (4, 4)}}, {"fractions": {"test": 0.3}}):
        with pytest.raises(ConfigurationError, match="its own"):
            threads(small(tmp_path / "out", "fourier", **change), resume=True)
    some_digits(tmp_path / "few.npz", 150)
    with pytest.raises(DataError, match="the data it began with"):
        threads(small(tmp_path / "out", "fourier"), resume=True)
    assert snapshot(tmp_path / "out") == before


def test_a_damaged_outcome_is_done_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    without_plots(monkeypatch)
    comparison = small(tmp_path / "out", "fourier")
    first = threads(comparison)
    (comparison.path / "fourier-seed0" / OUTCOME).write_text('{"info": {}}')
    second = threads(comparison, resume=True)
    assert not second.outcomes[0].kept
    assert numbers(first) == numbers(second)
    assert (comparison.path / "fourier-seed0" / HISTORY).read_text().count("\n") == 2
