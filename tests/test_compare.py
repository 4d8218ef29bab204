"""Comparisons of domains: executors, failures, resumed runs, figures and the page."""

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

from freqnet.data import load
from freqnet.errors import ConditionWarning, ConfigurationError, DataError, ModuloWarning
from freqnet.experiments import Compared, Comparison, Outcome, compare, error_bounds, operation_errors
from freqnet.experiments.comparison import folder_name, read_domains
from freqnet.experiments.engine import ASKED, FIGURES, PAGE, make_tasks
from freqnet.experiments.executors import in_processes
from freqnet.experiments.page import compare_page
from freqnet.experiments.plots import LINES
from freqnet.experiments.tables import notes
from freqnet.experiments.work import OUTCOME, Task, noted, work
from freqnet.spaces import DOMAINS, Hartley, Laplace, get_domain
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
    """The results of all runs, which depend neither on the executor nor on the order."""
    rows = [[(row["epoch"], row["loss"], row["accuracy"]) for row in o.history] for o in compared.outcomes]
    return [(o.domain, o.seed, o.metrics["test_accuracy"], o.metrics["test_loss"]) for o in compared.outcomes] + rows


@pytest.fixture(scope="module")
def done(tmp_path_factory: pytest.TempPathFactory) -> tuple[Comparison, Compared]:
    """A comparison of three domains on digits, for tests that do not change it."""
    out = tmp_path_factory.mktemp("compared") / "out"
    comparison = Comparison("digits", ("fourier", "hartley", "grid"), (0, 1), out, None, {}, WIDTHS, {"epochs": 2})
    return comparison, threads(comparison)


# --- Figures --------------------------------------------------------------------------------------


def test_fourier_equals_hartley(done: tuple[Comparison, Compared]) -> None:
    fourier, hartley, grid = done[1].domains
    assert done[1].ok
    # Rounding may change the class of an example on the boundary.
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


@pytest.mark.parametrize("domain", [*DOMAINS, "laplace:factored"])
def test_operation_errors(domain: str) -> None:
    single, double = operation_errors(domain, np.float32), operation_errors(domain)
    assert single.keys() == double.keys()
    assert min(single.values()) > 1e-9
    for errors, bounds in ((single, error_bounds(domain, np.float32)), (double, error_bounds(domain))):
        assert all(error <= bounds[name] for name, error in errors.items()), (errors, bounds)
    assert max(error_bounds(domain).values()) < 1e-10


@pytest.mark.parametrize("domain", ["laplace:chebyshev-positive", "laplace:rates", "laplace:rates=0.5:factored"])
def test_what_a_precision_does_not_hold_has_no_errors(domain: str) -> None:
    with pytest.raises(ConfigurationError, match="float32 numbers: got condition number"):
        operation_errors(domain, np.float32)
    errors, bounds = operation_errors(domain), error_bounds(domain)
    assert all(error <= bounds[name] for name, error in errors.items()), (errors, bounds)


def test_bounds_follow_the_condition_number() -> None:
    space = get_domain("laplace")((7, 6))
    loss = float(np.prod(space.condition_numbers)) * 2.0**-52
    bounds, flat = error_bounds("laplace"), error_bounds("fourier")
    assert set(flat.values()) == {(32 + 1 / 8) * 2.0**-52}
    assert bounds["mean"] == pytest.approx(32 * 2.0**-52 + loss / 8)
    assert bounds["product"] == pytest.approx(32 * 2.0**-52 + loss**2 * 2.0**52 / 256)
    assert error_bounds("laplace:factored")["product"] == bounds["mean"]
    # Errors of real nodes exceed the bound for Fourier, and those of the bilinear form exceed the bound on samples.
    errors = operation_errors("laplace")
    assert errors["convolution"] > flat["convolution"]
    assert errors["product"] > bounds["mean"]


def test_operations_of_too_few_nodes_are_not_tried() -> None:
    with pytest.raises(ConfigurationError, match="as many as samples"):
        operation_errors("laplace:nodes=0.9,0.5")


@pytest.mark.parametrize("verb", ["shift", "average", "change_band"])
def test_a_wrong_operation_of_a_causal_domain_is_seen(monkeypatch: pytest.MonkeyPatch, verb: str) -> None:
    right = getattr(Laplace, verb)
    monkeypatch.setattr(Laplace, verb, lambda self, array, *words: 1.01 * right(self, array, *words))
    name = {"change_band": "truncation"}.get(verb, verb)
    errors, bounds = operation_errors("laplace"), error_bounds("laplace")
    assert errors[name] > 1e-3
    assert all(errors[other] <= bounds[other] for other in ("convolution", "product", "mean", "power"))


def test_a_wrong_operation_is_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    right = Hartley.shift
    monkeypatch.setattr(Hartley, "shift", lambda self, array, samples: right(self, array, -samples))
    errors = operation_errors("hartley")
    assert errors["shift"] > 0.1
    assert errors["product"] < 1e-13


# --- Domains of nodes -----------------------------------------------------------------------------


@pytest.fixture(scope="module")
def with_nodes(tmp_path_factory: pytest.TempPathFactory) -> tuple[Comparison, Compared]:
    """Fourier and Laplace domains, one of them ill-conditioned, and other numbers of nodes."""
    domains = ("fourier", "laplace", "laplace:rates:factored", "laplace:chebyshev-positive:factored")
    out = tmp_path_factory.mktemp("nodes") / "out"
    comparison = small(out, *domains, settings={"epochs": 1}, seeds=(0, 1), nodes=(5, 3))
    return comparison, threads(comparison)


def test_runs_with_other_numbers_of_nodes(with_nodes: tuple[Comparison, Compared]) -> None:
    comparison, found = with_nodes
    keys = [(o.domain, o.nodes, o.seed) for o in found.outcomes]
    assert keys == [(*variant, seed) for variant, seed in comparison.runs()]
    assert len(keys) == len(set(keys)) == 4 * 2 + 3 * 2 * 2
    assert keys[:5] == [*((name, None, 0) for name in comparison.domains), ("fourier", None, 1)]
    for row in found.by_nodes:
        (own,) = (d for d in found.domains if d.domain == row.domain)
        assert (row.kept, row.runs, row.failed) == (f"{row.nodes}x{row.nodes} nodes", 2, 0)
        assert row.accuracy == np.mean([o.metrics["test_accuracy"] for o in found.of(row.domain, row.nodes)])
        # With fewer nodes a network computes less, and its door is better conditioned.
        assert row.multiply_adds is not None
        assert row.condition_number is not None
        if own.multiply_adds is not None and own.condition_number is not None:
            assert row.multiply_adds < own.multiply_adds
            assert row.condition_number < own.condition_number
    assert [(row.domain, row.nodes) for row in found.by_nodes[:2]] == [("laplace", 5), ("laplace", 3)]


def test_precision_nodes_and_condition_numbers_are_told(with_nodes: tuple[Comparison, Compared]) -> None:
    fourier, laplace, rates, positive = with_nodes[1].domains
    assert (fourier.precision, fourier.kept, fourier.condition_number) == ("float32", "7x7 modes", 1)
    assert (laplace.precision, laplace.kept) == ("float64", "10x10 nodes")
    # V of the Chebyshev nodes, explicitly: (1.9e3)^2 on two axes.
    nodes = np.cos(np.pi * (2 * np.arange(10) + 1) / 20)
    assert laplace.condition_number == pytest.approx(np.linalg.cond(np.vander(nodes)) ** 2, rel=1e-6)
    assert (rates.precision, rates.kept, rates.condition_number) == (None, None, None)
    assert positive.operation_errors["float32"] == {}
    assert min(positive.operation_errors["float64"][name] for name in ("convolution", "product")) > 1e-12


def test_a_domain_too_ill_conditioned_says_why(with_nodes: tuple[Comparison, Compared]) -> None:
    comparison, found = with_nodes
    rates = found.domains[2]
    assert (found.ok, rates.failed, rates.accuracy) == (False, 2, None)
    # One line for both seeds.
    (reason,) = rates.reasons
    assert reason.startswith("seeds 0, 1: float64 numbers: got condition number")
    assert reason in (comparison.path / PAGE).read_text()
    assert all(domain.failed == 0 for domain in found.domains if domain is not rates)
    # The domain also runs with fewer nodes.
    assert [row.failed for row in found.by_nodes if row.domain == "laplace:rates:factored"] == [0, 0]


def test_the_level_is_that_of_the_domains_themselves(with_nodes: tuple[Comparison, Compared]) -> None:
    found = with_nodes[1]
    named = [o for o in found.outcomes if o.nodes is None]
    assert replace(found, outcomes=tuple(named)).level == found.level
    worst = replace(found.of("laplace", 3)[0], history=[{"accuracy": 0.0, "seconds": 1.0}])
    assert replace(found, outcomes=(*named, worst)).level == found.level
    assert replace(found, outcomes=(*named, replace(worst, nodes=None))).level == 0


def test_the_page_of_domains_of_nodes(with_nodes: tuple[Comparison, Compared]) -> None:
    comparison, found = with_nodes
    page = (comparison.path / PAGE).read_text()
    # The three usual figures, then accuracy by nodes, condition numbers, and errors by size for three families.
    assert page.count("<svg") == 3 + 1 + 1 + 3
    titles = ("Notes", "Accuracy and number of nodes", "Condition number and number of nodes", "Errors and size")
    assert all(f"<h2>{title}</h2>" in page for title in titles)
    assert all(text in page for text in ("(3 + 2√2)^N", "10x10 nodes", "float64", "5x5"))
    assert "mathdefault" not in page
    ids = re.findall(r'\bid="([^"]*)"', page)
    assert len(ids) == len(set(ids))
    stored = json.loads((comparison.path / FIGURES).read_text())
    assert stored == json.loads(json.dumps(found.as_dict()))
    assert len(stored["by_nodes"]) == 6
    assert set(stored["by_size"]["errors"]) == {
        "laplace",
        "laplace:rates:factored",
        "laplace:chebyshev-positive:factored",
    }
    assert stored["command"].endswith(" --seeds 2 --nodes 5,3")


def test_nothing_is_said_of_nodes_where_there_are_none(done: tuple[Comparison, Compared]) -> None:
    comparison, found = done
    page = (comparison.path / PAGE).read_text()
    assert not any(title in page for title in ("Notes", "number of nodes", "Errors and size"))
    assert (found.as_dict()["by_nodes"], found.as_dict()["by_size"]) == ([], {})


def test_nodes_may_be_added(with_nodes: tuple[Comparison, Compared], tmp_path: Path) -> None:
    first = threads(small(tmp_path / "out", "laplace", settings={"epochs": 1}))
    found = threads(small(tmp_path / "out", "laplace", settings={"epochs": 1}, nodes=(4,)), resume=True)
    assert [(o.label, o.kept) for o in found.outcomes] == [("laplace", True), ("laplace, 4 nodes", False)]
    assert first.outcomes[0].metrics == found.outcomes[0].metrics


def test_a_number_of_nodes_that_no_domain_has_ends_before_the_work(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="got 99"):
        threads(small(tmp_path / "out", "fourier", "laplace", nodes=(4, 99)))
    assert not (tmp_path / "out").exists()


def test_nodes_that_are_trained(tmp_path: Path) -> None:
    found = threads(small(tmp_path / "out", "laplace:trained", settings={"epochs": 1}))
    (own,) = found.domains
    assert (own.domain, own.failed, found.laplace) == ("laplace:trained", 0, ())
    assert own.notes[0].startswith("the first seed's nodes are laplace:nodes=")
    assert own.operation_errors["float64"]
    assert "Errors and size" not in compare_page(found)


# --- Notes ----------------------------------------------------------------------------------------


def test_warnings_are_notes_once_a_domain(with_nodes: tuple[Comparison, Compared]) -> None:
    comparison, found = with_nodes
    lines = notes(found)
    warned = [
        line for line in lines if "digits are left" in line and line.startswith("laplace:chebyshev-positive:factored:")
    ]
    # The networks of two seeds, each made for the sketch and for the run, give the same warning.
    assert len(warned) == 1
    assert len(lines) == len(set(lines))
    assert not any(line.startswith(("fourier", "Warning")) or ".py" in line or "\n" in line for line in lines)
    page = (comparison.path / PAGE).read_text()
    assert all(line.split(";")[0] in page for line in lines)
    outcome = json.loads((comparison.path / "laplace_chebyshev-positive_factored-seed1" / OUTCOME).read_text())
    assert any("digits are left" in note for note in outcome["notes"])
    # Notes are stored with the run, so they appear even when the run is not repeated.
    kept = threads(comparison, resume=True)
    start = warned[0].split("float64")[0]
    assert [line for line in notes(kept) if line.startswith(start) and "digits are left" in line] == warned


def test_each_warning_is_noted_once() -> None:
    import warnings

    with noted() as lines:
        for _ in range(2):
            warnings.warn("ill\nconditioned", ConditionWarning, stacklevel=1)
        warnings.warn("outgrown", ModuloWarning, stacklevel=1)
    assert lines == ["ill conditioned", "outgrown"]
    # Outside a comparison, warnings do not change.
    with pytest.raises(ConditionWarning):
        warnings.warn("again", ConditionWarning, stacklevel=1)


# --- Names ----------------------------------------------------------------------------------------


NAMES = (
    "fourier",
    "grid-fft",
    "laplace",
    "laplace:rates=0.5",
    "laplace:rates=5e-1",
    "laplace:rates=5E-1",
    "laplace:nodes=0.1,0",
    "laplace:nodes=0.1_0",
    "laplace:nodes=0.10",
    "laplace:nodes=+0.1,0",
    "laplace:nodes=0.1,+0",
    "laplace:nodes=0.9,0.5:factored",
    "laplace:nodes=" + ",".join(f"{z:.17f}" for z in np.linspace(-0.9, 0.9, 28)),
    "laplace:nodes=" + ",".join(f"{z:.17f}" for z in np.linspace(-0.9, 0.91, 28)),
    "laplace_rates~0.5",
    "a/../b c%3a",
)


def test_folders_are_safe_and_distinct() -> None:
    names = [folder_name(name, nodes, seed) for name in NAMES for nodes in (None, 2) for seed in (0, 1)]
    # Names must differ on file systems that ignore case, too.
    assert len({name.lower() for name in names}) == len(names)
    assert all(re.fullmatch(r"[a-z0-9._+~%-]{1,200}", name) and not name.startswith(".") for name in names)
    assert folder_name("grid-fft", None, 3) == "grid-fft-seed3"


def test_domains_of_a_text_are_those_of_the_command(tmp_path: Path) -> None:
    domains = ("laplace:nodes=0.9,0.5,-0.3", "fourier", "laplace:nodes=0.9,.5,-.3:factored", "grid-fft")
    assert read_domains(",".join(domains)) == domains
    assert read_domains(" fourier , ,grid,") == ("fourier", "grid")
    words = Comparison("digits", domains, (0,), tmp_path, nodes=(2,)).command().split()
    assert read_domains(words[words.index("--domains") + 1]) == domains


def test_eight_domains_are_told_apart() -> None:
    assert len(LINES) == 8
    for column in zip(*LINES, strict=True):
        assert len({str(value) for value in column}) == len(LINES)


# --- Executors ------------------------------------------------------------------------------------


def test_processes_and_threads_give_the_same_numbers(tmp_path: Path) -> None:
    seen: list[Outcome] = []
    own = compare(small(tmp_path / "own"), processes=2, progress=seen.append)
    assert sorted((o.domain, o.seed) for o in seen) == [("fourier", 0), ("hartley", 0)]
    assert numbers(own) == numbers(threads(small(tmp_path / "threads")))


@pytest.mark.filterwarnings("ignore")
def test_a_cluster_gives_the_same_numbers(tmp_path: Path) -> None:
    import distributed

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


# --- Failures and resumed runs---------------------------------------------------------------------


def test_a_failing_domain_does_not_stop_the_others(tmp_path: Path) -> None:
    comparison = small(tmp_path / "out", "fourier", "grid", model={**WIDTHS, "activation": "relu"})
    found = threads(comparison)
    fourier, grid = found.domains
    assert (found.ok, fourier.failed, fourier.accuracy, grid.failed) == (False, 1, None, 0)
    assert grid.accuracy is not None
    assert "relu" in fourier.reasons[0].lower()
    assert "\n" not in fourier.reasons[0]
    assert fourier.reasons[0].replace("'", "&#39;") in (tmp_path / "out" / PAGE).read_text()
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
        ({"domains": ("laplase:rates=1",)}, "did you mean 'laplace:rates=1'"),
        ({"domains": ("laplace:chebishev",)}, "'chebishev', expected chebyshev"),
        ({"domains": ("laplace:rates=0",)}, "a number above 0"),
        ({"domains": (3,)}, "got 3"),
        ({"nodes": (4,)}, "a domain of nodes"),
        ({"domains": ("laplace",), "nodes": (4, 4)}, "4 twice"),
        ({"domains": ("laplace",), "nodes": (0,)}, "whole numbers of 1 or more"),
        ({"domains": ("laplace",), "nodes": (2.5,)}, "whole numbers of 1 or more"),
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
