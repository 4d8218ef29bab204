"""Comparisons of domains: executors, failures, resuming, figures and the page."""

from __future__ import annotations

import json
import os
import pickle
import re
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from test_cli_train import same_weights, snapshot, some_digits

from freqnet.compare import Compared, Comparison, Outcome, compare, operation_errors
from freqnet.compare.engine import ASKED, FIGURES, PAGE, make_tasks
from freqnet.compare.page import compare_page
from freqnet.compare.pool import in_processes
from freqnet.compare.work import OUTCOME, Task, work
from freqnet.data import load
from freqnet.domains import DOMAINS
from freqnet.errors import ConfigurationError, DataError
from freqnet.training.files import CHECKPOINT, HISTORY

WIDTHS = {"widths": (4, 4, 4)}


def small(out: Path, *domains: str, seeds: tuple[int, ...] = (0,), **options: Any) -> Comparison:
    """A comparison of small networks on a few digits."""
    data = out.parent / "few.npz"
    if not data.exists():
        some_digits(data)
    given: dict[str, Any] = {"model": WIDTHS, "settings": {"epochs": 2}, **options}
    return Comparison(str(data), domains or ("fourier", "hartley"), seeds, out, **given)


def threads(comparison: Comparison, **options: Any) -> Compared:
    """Compare in threads of this process."""
    with ThreadPoolExecutor(2) as executor:
        return compare(comparison, executor, **options)


def numbers(compared: Compared) -> list[Any]:
    """What must not depend on where and when runs were done."""
    rows = [[(row["epoch"], row["loss"], row["accuracy"]) for row in o.history] for o in compared.outcomes]
    return [(o.domain, o.seed, o.metrics["test_accuracy"], o.metrics["test_loss"]) for o in compared.outcomes] + rows


@pytest.fixture(scope="module")
def done(tmp_path_factory: pytest.TempPathFactory) -> tuple[Comparison, Compared]:
    """A comparison of three domains on digits, for tests that leave it as it is."""
    out = tmp_path_factory.mktemp("compared") / "out"
    comparison = Comparison("digits", ("fourier", "hartley", "grid"), (0, 1), out, None, {}, WIDTHS, {"epochs": 2})
    return comparison, threads(comparison)


# --- Figures --------------------------------------------------------------------------------------


def test_fourier_equals_hartley(done: tuple[Comparison, Compared]) -> None:
    fourier, hartley, grid = done[1].domains
    assert done[1].ok
    # Rounding may turn an example that is on the edge.
    assert np.abs(np.subtract(fourier.accuracies, hartley.accuracies)).max() < 2.5 / 360
    for seed in (0, 1):
        runs = [next(o for o in done[1].of(name) if o.seed == seed) for name in ("fourier", "hartley")]
        assert runs[0].history[-1]["loss"] == pytest.approx(runs[1].history[-1]["loss"], rel=1e-4)
    assert fourier.parameters == hartley.parameters == grid.parameters
    assert fourier.transforms == hartley.transforms == 0


def test_figures_are_those_of_the_runs(done: tuple[Comparison, Compared]) -> None:
    _, compared = done
    for figures in compared.domains:
        runs = compared.of(figures.domain)
        assert figures.accuracy == np.mean([o.metrics["test_accuracy"] for o in runs])
        assert figures.accuracy_deviation == pytest.approx(np.std(figures.accuracies, ddof=1))
        assert figures.train_seconds == np.mean([sum(row["seconds"] for row in o.history) for o in runs])
        steps = -(-1437 // 64)
        assert figures.step_milliseconds == pytest.approx(1e3 * figures.train_seconds / 2 / steps, rel=1e-6)
        assert figures.peak_bytes is None or 2**25 < figures.peak_bytes < 2**34
        assert figures.condition_number == 1
        assert (figures.runs, figures.failed, figures.reasons) == (2, 0, ())
        assert figures.multiply_adds
    best = min(max(row["accuracy"] for row in o.history) for o in compared.outcomes)
    assert compared.level is not None
    assert best - 0.01 < compared.level <= best
    for outcome in compared.outcomes:
        assert 0 < compared.seconds_to_level(outcome) <= sum(row["seconds"] for row in outcome.history)


def test_what_is_written(done: tuple[Comparison, Compared]) -> None:
    comparison, compared = done
    folders = {f"{domain}-seed{seed}" for domain in comparison.domains for seed in comparison.seeds}
    assert {path.name for path in comparison.path.iterdir()} == {ASKED, FIGURES, PAGE, *folders}
    stored = json.loads((comparison.path / FIGURES).read_text())
    assert stored == json.loads(json.dumps(compared.as_dict()))
    assert (stored["dataset"], stored["complete"], len(stored["runs"])) == ("digits", True, 6)
    page = (comparison.path / PAGE).read_text()
    assert page.count("<svg") == 3
    assert all(name in page for name in ("Learning curves", "Operations", "hartley", "condition number"))
    assert "<script" not in page
    assert "mathdefault" not in page
    ids = re.findall(r'\bid="([^"]*)"', page)
    assert len(ids) == len(set(ids))


@pytest.mark.parametrize("domain", list(DOMAINS))
def test_operation_errors(domain: str) -> None:
    single, double = operation_errors(domain, np.float32), operation_errors(domain)
    assert single.keys() == double.keys()
    assert all(1e-9 < error < 1e-5 for error in single.values()), single
    assert all(error < 1e-13 for error in double.values()), double


def test_a_wrong_operation_is_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    right = type(DOMAINS["hartley"]).shift
    monkeypatch.setattr(type(DOMAINS["hartley"]), "shift", lambda self, a, space, s: right(self, a, space, -s))
    errors = operation_errors("hartley")
    assert errors["shift"] > 0.1
    assert errors["product"] < 1e-13


# --- Executors ------------------------------------------------------------------------------------


def test_processes_and_threads_give_the_same_numbers(tmp_path: Path) -> None:
    seen: list[Outcome] = []
    own = compare(small(tmp_path / "own"), processes=2, progress=seen.append)
    assert sorted((o.domain, o.seed) for o in seen) == [("fourier", 0), ("hartley", 0)]
    assert numbers(own) == numbers(threads(small(tmp_path / "threads")))


@pytest.mark.filterwarnings("ignore")
def test_a_cluster_gives_the_same_numbers(tmp_path: Path) -> None:
    distributed = pytest.importorskip("distributed")
    comparison = small(tmp_path / "cluster")
    options = {"n_workers": 1, "threads_per_worker": 2, "dashboard_address": None}
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


def test_an_executor_that_loses_a_run_fails_it_alone(tmp_path: Path) -> None:
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


def test_a_cancelled_run_has_failed(tmp_path: Path) -> None:
    class Busy(ThreadPoolExecutor):
        def submit(self, function: Any, task: Task) -> Any:  # type: ignore[override]
            dropped: Future[Any] = Future()
            dropped.cancel()
            dropped.set_running_or_notify_cancel()
            return dropped

    with Busy(1) as executor:
        found = compare(small(tmp_path / "out", "grid"), executor)
    assert found.outcomes[0].reason == "CancelledError: cancelled"


# --- Failures and resuming ------------------------------------------------------------------------


def test_a_failing_domain_does_not_stop_the_others(tmp_path: Path) -> None:
    comparison = small(tmp_path / "out", "fourier", "grid", model={**WIDTHS, "activation": "relu"})
    found = threads(comparison)
    fourier, grid = found.domains
    assert (found.ok, fourier.failed, fourier.accuracy, grid.failed) == (False, 1, None, 0)
    assert grid.accuracy is not None
    assert "relu" in fourier.reasons[0].lower()
    assert "\n" not in fourier.reasons[0]
    assert fourier.reasons[0].replace("'", "&#x27;") in (tmp_path / "out" / PAGE).read_text()
    assert json.loads((tmp_path / "out" / FIGURES).read_text())["complete"] is False


def test_a_page_without_a_complete_run(tmp_path: Path) -> None:
    comparison = small(tmp_path / "out", settings={"epochs": 2, "learning_rate": 1e9, "clip": 0.0})
    found = threads(comparison)
    assert found.level is None
    assert all("loss" in o.reason for o in found.outcomes)
    assert "No run is complete" in compare_page(found)


def test_a_stopped_comparison_goes_on(tmp_path: Path) -> None:
    straight = threads(small(tmp_path / "straight", seeds=(0, 1)))

    def stop(outcome: Outcome) -> None:
        raise KeyboardInterrupt

    comparison = small(tmp_path / "out", seeds=(0, 1))
    with pytest.raises(KeyboardInterrupt), ThreadPoolExecutor(1) as executor:
        compare(comparison, executor, progress=stop)
    assert not (comparison.path / FIGURES).exists()
    kept = snapshot(comparison.path / "fourier-seed0")
    # A run that was stopped in its last step, and one that has left no checkpoint.
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


def test_domains_and_seeds_may_be_added(tmp_path: Path) -> None:
    threads(small(tmp_path / "out", "fourier"))
    found = threads(small(tmp_path / "out", "hartley", "fourier", seeds=(1, 0)), resume=True)
    assert [(o.domain, o.seed, o.kept) for o in found.outcomes] == [
        ("hartley", 1, False),
        ("fourier", 1, False),
        ("hartley", 0, False),
        ("fourier", 0, True),
    ]


def test_other_options_or_data_are_not_gone_on_with(tmp_path: Path) -> None:
    threads(small(tmp_path / "out", "fourier"))
    before = snapshot(tmp_path / "out")
    for change in ({"settings": {"epochs": 3}}, {"model": {"widths": (4, 4)}}, {"fractions": {"test": 0.3}}):
        with pytest.raises(ConfigurationError, match="its own"):
            threads(small(tmp_path / "out", "fourier", **change), resume=True)
    some_digits(tmp_path / "few.npz", 150)
    with pytest.raises(DataError, match="the data it began with"):
        threads(small(tmp_path / "out", "fourier"), resume=True)
    assert snapshot(tmp_path / "out") == before


def test_a_damaged_outcome_is_done_again(tmp_path: Path) -> None:
    comparison = small(tmp_path / "out", "fourier")
    first = threads(comparison)
    (comparison.path / "fourier-seed0" / OUTCOME).write_text('{"info": {}}')
    second = threads(comparison, resume=True)
    assert not second.outcomes[0].kept
    assert numbers(first) == numbers(second)
    assert (comparison.path / "fourier-seed0" / HISTORY).read_text().count("\n") == 2


# --- Mistakes -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"domains": ("fourier", "hartly")}, "did you mean 'hartley'"),
        ({"domains": ("fourier", "wavelet")}, "'wavelet'"),
        ({"domains": ()}, "name at least one"),
        ({"domains": "fourier"}, "a list of"),
        ({"domains": ("grid", "fourier", "grid")}, "grid twice"),
        ({"seeds": ()}, "at least one whole number"),
        ({"seeds": (-1,)}, "at least one whole number"),
        ({"seeds": (0.5,)}, "at least one whole number"),
        ({"seeds": (1, 1)}, "1 twice"),
        ({"model": {"domain": "grid"}}, "list it among the domains"),
        ({"settings": {"seed": 1}}, "list it among the seeds"),
    ],
)
def test_comparisons_that_make_no_sense(tmp_path: Path, change: dict[str, Any], message: str) -> None:
    given = {"data": "digits", "domains": ("fourier",), "seeds": (0,), "out": tmp_path, **change}
    with pytest.raises(ConfigurationError, match=message):
        Comparison(**given)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"settings": {"epochs": 0}}, "epochs"),
        ({"settings": {"patience": 2}}, "patience"),
        ({"model": {"modes": 99}}, "modes"),
        ({"model": {"activation": "relux"}}, "relux"),
        ({"fractions": {"test": 0.999}}, "test"),
    ],
)
def test_what_no_domain_can_do_ends_before_the_work(tmp_path: Path, change: dict[str, Any], message: str) -> None:
    with pytest.raises((ConfigurationError, DataError), match=message):
        threads(small(tmp_path / "out", **change))
    assert not (tmp_path / "out").exists()
