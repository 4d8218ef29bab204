"""Comparisons of node domains: numbers of nodes, condition numbers, the page, warnings as notes."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from comparisons import small, threads
from test_cli_train import without_plots

from freqnet.errors import ConfigurationError
from freqnet.experiments import Compared, Comparison
from freqnet.experiments.engine import FIGURES, PAGE
from freqnet.experiments.page import compare_page
from freqnet.experiments.tables import notes
from freqnet.experiments.work import OUTCOME


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
        assert row.score == np.mean([o.metrics["test_accuracy"] for o in found.of(row.domain, row.nodes)])
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
    assert (found.ok, rates.failed, rates.score) == (False, 2, None)
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
    titles = ("Notes", "Score and number of nodes", "Condition number and number of nodes", "Errors and size")
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


def test_nodes_may_be_added(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    without_plots(monkeypatch)
    first = threads(small(tmp_path / "out", "laplace", settings={"epochs": 1}))
    found = threads(small(tmp_path / "out", "laplace", settings={"epochs": 1}, nodes=(4,)), resume=True)
    assert [(o.label, o.kept) for o in found.outcomes] == [("laplace", True), ("laplace, 4 nodes", False)]
    assert first.outcomes[0].metrics == found.outcomes[0].metrics


def test_a_number_of_nodes_that_no_domain_has_ends_before_the_work(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="got 99"):
        threads(small(tmp_path / "out", "fourier", "laplace", nodes=(4, 99)))
    assert not (tmp_path / "out").exists()


def test_nodes_that_are_trained(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    without_plots(monkeypatch)
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
