"""Comparisons of domains: figures, the page, notes, names and mistakes."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from comparisons import WIDTHS, small, threads

from freqnet.errors import ConditionWarning, ConfigurationError, DataError, ModuloWarning
from freqnet.experiments import Compared, Comparison
from freqnet.experiments.comparison import folder_name, read_domains
from freqnet.experiments.engine import ASKED, FIGURES, PAGE
from freqnet.experiments.page import compare_page
from freqnet.experiments.plots import LINES
from freqnet.experiments.work import noted


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
    assert np.abs(np.subtract(fourier.scores, hartley.scores)).max() < 2.5 / 360
    for seed in (0, 1):
        runs = [next(o for o in done[1].of(name) if o.seed == seed) for name in ("fourier", "hartley")]
        assert runs[0].history[-1]["loss"] == pytest.approx(runs[1].history[-1]["loss"], rel=1e-4)
    assert fourier.parameters == hartley.parameters == grid.parameters
    assert fourier.transforms == hartley.transforms == 0


def test_figures_are_those_of_the_runs(done: tuple[Comparison, Compared]) -> None:
    _, compared = done
    for figures in compared.domains:
        runs = compared.of(figures.domain)
        assert figures.score == np.mean([o.metrics["test_accuracy"] for o in runs])
        assert figures.score_deviation == pytest.approx(np.std(figures.scores, ddof=1))
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


def test_nothing_is_said_of_nodes_where_there_are_none(done: tuple[Comparison, Compared]) -> None:
    comparison, found = done
    page = (comparison.path / PAGE).read_text()
    assert not any(title in page for title in ("Notes", "number of nodes", "Errors and size"))
    assert (found.as_dict()["by_nodes"], found.as_dict()["by_size"]) == ([], {})


def test_a_page_without_a_complete_run(tmp_path: Path) -> None:
    comparison = small(tmp_path / "out", settings={"epochs": 2, "learning_rate": 1e9, "clip": 0.0})
    found = threads(comparison)
    assert found.level is None
    assert all("loss" in o.reason for o in found.outcomes)
    assert "No run is complete" in compare_page(found)


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
