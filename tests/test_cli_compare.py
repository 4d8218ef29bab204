"""``freqnet compare``: its output and files, exit statuses, kills and interrupts, mistakes."""

from __future__ import annotations

import json
import os
import signal
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from comparisons import without_processes
from processes import LIMIT, start, wait_for
from test_cli_train import command, refused, same_weights, snapshot, some_digits, succeed, without_plots

from freqnet.cli import compare as cli_compare
from freqnet.experiments import Comparison, compare
from freqnet.experiments.engine import ASKED, FIGURES, PAGE
from freqnet.experiments.work import OUTCOME
from freqnet.training.files import HISTORY, METRICS
from freqnet.training.locks import is_locked

WIDTHS = {"widths": (4, 4, 4)}
SMALL = ("--widths", "4,4,4", "--epochs", 2)
LONG = ("--widths", "4,4,4", "--epochs", 20, "--batch", 10)


def losses(out: Path) -> list[Any]:
    """The losses of all runs, which do not depend on the order of the runs."""
    runs = json.loads((out / FIGURES).read_text())["runs"]
    return [(r["domain"], r["seed"], r["metrics"]["test_accuracy"], [h["loss"] for h in r["history"]]) for r in runs]


def test_what_is_shown_and_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    without_processes(monkeypatch)
    some_digits(Path("few.npz"))
    words = ("compare", "few.npz", "--domains", "fourier, grid", "--seeds", 1, *SMALL, "--validation", 0.2)
    lines = succeed(*words, "--json", "found.json").splitlines()
    out = Path("runs/few-compare")
    assert sorted(line[:5] for line in lines[:2]) == ["[1/2]", "[2/2]"]
    assert {line.split(" ")[1] for line in lines[:2]} == {"fourier,", "grid,"}
    shown = "\n".join(lines)
    rows = (
        "test accuracy, mean",
        "standard deviation",
        "time per training step, ms",
        "multiply-adds",
        "condition number",
    )
    more = ("validation accuracy, s", "convolution", "power", "operations in float32", "operations in float64")
    assert all(row in shown for row in (*rows, *more))
    assert lines[-1].startswith("runs/few-compare: compare.json, compare.html")
    assert {path.name for path in out.iterdir()} == {ASKED, FIGURES, PAGE, "fourier-seed0", "grid-seed0"}
    assert Path("found.json").read_bytes() == (out / FIGURES).read_bytes()
    words = json.loads((out / FIGURES).read_text())["command"].split()
    assert words[:3] == ["freqnet", "compare", "few.npz"]
    assert words[-4:] == ["--domains", "fourier,grid", "--seeds", "1"]
    # A run of a comparison is a run like any other.
    metrics = json.loads((out / "fourier-seed0" / METRICS).read_text())
    succeed(*metrics["command"].split()[1:], "--out", "alone", "--quiet")
    assert same_weights(out / "fourier-seed0", Path("alone"))
    assert "20.0%" not in succeed("evaluate", out / "grid-seed0")


@pytest.mark.skipif(sys.platform == "win32", reason="as the other processes of these tests")
def test_domains_of_nodes(tmp_path: Path) -> None:
    data, out = some_digits(tmp_path / "few.npz"), tmp_path / "out"
    name = "laplace:nodes=0.98,0.88,0.78,0.68,0.58,0.48,0.38,0.28,0.18:factored"
    words = ("--domains", f"{name},fourier", "--seeds", 1, "--nodes", "3", "--out", out)
    # As a process, the command must not show Python's own warnings, from the runs or elsewhere.
    process = start("compare", data, "--widths", "2,2", "--epochs", 1, *words)
    text, err = process.communicate(timeout=LIMIT)
    assert (process.returncode, err) == (0, "")
    assert "Warning" not in text
    assert ".py" not in text
    lines = text.splitlines()
    assert {line.partition("] ")[2].split(": test")[0] for line in lines[:3]} == {
        f"{name}, seed 0",
        f"{name}, 3 nodes, seed 0",
        "fourier, seed 0",
    }
    rows = ("kept at the input", "precision", "9x9 nodes", "7x7 modes", "accuracy and number of nodes", "3x3")
    assert all(row in text for row in rows)
    warned = [line for line in lines if "digits are left" in line]
    assert len(warned) == 1
    assert warned[0].startswith(f"note: {name}: float64 numbers: got condition number")
    folders = {path.name for path in out.iterdir() if path.is_dir()}
    own = "laplace_nodes~0.98+0.88+0.78+0.68+0.58+0.48+0.38+0.28+0.18_factored"
    assert folders == {f"{own}-seed0", f"{own}-3nodes-seed0", "fourier-seed0"}
    command = json.loads((out / FIGURES).read_text())["command"].split()
    assert command[command.index("--domains") + 1] == f"{name},fourier"
    assert command[-2:] == ["--nodes", "3"]


def test_wide_tables_are_broken(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    header = ("", *(f"laplace:rates=0.{i}" for i in range(8)))
    rows = [(f"row {i}", *(f"{i}.{j}" for j in range(8))) for i in range(2)]
    cli_compare._print("figures", rows, header)
    assert capsys.readouterr().out.count("figures") == 1
    monkeypatch.setattr(cli_compare, "on_terminal", lambda: True)
    monkeypatch.setenv("COLUMNS", "80")
    cli_compare._print("figures", rows, header)
    lines = capsys.readouterr().out.splitlines()
    titles = [line for line in lines if line.startswith("figures")]
    assert titles == ["figures", "figures (continued)", "figures (continued)"]
    assert max(map(len, lines)) <= 80
    shown = "\n".join(lines)
    assert all(name in shown for name in header)
    assert all(cell in shown for row in rows for cell in row)


def test_a_run_that_fails_ends_in_status_1(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    without_processes(monkeypatch)
    data, out = some_digits(tmp_path / "few.npz"), tmp_path / "out"
    words = ("--domains", "fourier,grid", "--activation", "relu", "--seeds", 1, "--out", out)
    outcome = command("compare", data, *SMALL, *words)
    assert outcome.status == 1
    assert "1 of 1" in outcome.out
    assert "fourier, seed 0: failed: " in outcome.out
    assert "grid, seed 0: test accuracy" in outcome.out
    assert outcome.err.startswith("freqnet: warning: a run failed: fourier, seed 0: ")
    assert outcome.err.count("\n") == 1


@pytest.fixture(scope="module")
def straight(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The comparison of the next test, done in this process without interruption."""
    folder = tmp_path_factory.mktemp("straight")
    data, settings = some_digits(folder / "few.npz"), {"epochs": 20, "batch": 10}
    comparison = Comparison(str(data), ("hartley", "fourier"), (0,), folder / "out", None, {}, WIDTHS, settings)
    with ThreadPoolExecutor(1) as executor, pytest.MonkeyPatch.context() as patch:
        without_plots(patch)
        compare(comparison, executor)
    return folder / "out"


@pytest.mark.skipif(sys.platform == "win32", reason="signals of POSIX")
@pytest.mark.parametrize(("lines", "more"), [(0, ()), (2, ("--processes", 1))])
def test_an_interrupt_is_one_line(tmp_path: Path, lines: int, more: tuple[object, ...]) -> None:
    data, out = some_digits(tmp_path / "few.npz"), tmp_path / "out"
    # A terminal also sends the signal to all processes.
    process = start("compare", data, *LONG, *more, "--out", out, start_new_session=True)
    wait_for(out / ASKED, process, 0)
    if lines:
        wait_for(out / "fourier-seed0" / HISTORY, process, lines)
    os.killpg(process.pid, signal.SIGINT)
    _, err = process.communicate(timeout=LIMIT)
    assert process.returncode == 2
    assert err.startswith("freqnet: interrupted; complete runs and epochs are safe in "), err
    assert err.count("\n") == 1, err


@pytest.mark.skipif(sys.platform == "win32", reason="signals of POSIX")
def test_a_killed_comparison_goes_on_to_the_same_numbers(
    tmp_path: Path, straight: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    data, out = some_digits(tmp_path / "few.npz"), tmp_path / "out"
    words = ("compare", data, *LONG, "--domains", "hartley,fourier", "--seeds", 1, "--processes", 1)
    process = start(*words, "--out", out)
    wait_for(out / "fourier-seed0" / HISTORY, process, 3)
    process.kill()
    process.communicate(timeout=LIMIT)
    # No process may continue a run that another process will resume.
    while is_locked(out / "fourier-seed0"):
        time.sleep(0.01)
    before = snapshot(out)
    time.sleep(0.3)
    assert snapshot(out) == before
    assert (out / "hartley-seed0" / OUTCOME).is_file()
    assert not (out / "fourier-seed0" / OUTCOME).exists()
    without_processes(monkeypatch)
    shown = succeed(*words, "--out", out, "--resume")
    assert "hartley, seed 0: test accuracy" in shown
    assert shown.count("(kept)") == 1
    assert losses(out) == losses(straight)
    assert same_weights(out / "fourier-seed0", straight / "fourier-seed0")
    kept = before[f"hartley-seed0/{OUTCOME}"]
    assert (out / "hartley-seed0" / OUTCOME).read_bytes() == kept


def test_choices_that_fit_no_domain_leave_no_folder(tmp_path: Path) -> None:
    data, out = some_digits(tmp_path / "few.npz"), tmp_path / "out"
    line = refused("compare", data, *SMALL, "--domains", "fourier,grid", "--freeze", "99", "--out", out)
    assert "freeze: got '99'" in line
    assert not out.exists()


def test_folders_that_cannot_be_used(tmp_path: Path) -> None:
    data = some_digits(tmp_path / "few.npz")
    words = ("compare", data, *SMALL, "--domains", "fourier", "--seeds", 1)
    before = snapshot(tmp_path)
    assert "a file" in refused(*words, "--out", data)
    assert "a folder that is not empty" in refused(*words, "--out", tmp_path)
    assert "no comparison" in refused(*words, "--out", tmp_path, "--resume")
    assert "no comparison" in refused(*words, "--out", tmp_path / "none", "--resume")
    assert "a folder" in refused(*words, "--out", tmp_path / "out", "--json", tmp_path)
    (tmp_path / "damaged").mkdir()
    (tmp_path / "damaged" / ASKED).write_text("[1]")
    assert "a damaged one" in refused(*words, "--out", tmp_path / "damaged", "--resume")
    (tmp_path / "damaged" / ASKED).unlink()
    assert snapshot(tmp_path) == before


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("--domains", "fourier,hartly"), "did you mean 'hartley'?"),
        (("--domains", ","), "name at least one"),
        (("--domains", ""), "name at least one"),
        (("--domains", "grid,grid"), "grid twice"),
        (("--domains", "laplase:rates=1"), "did you mean 'laplace:rates=1'?"),
        (("--domains", "laplace:rates=x"), "rates"),
        (("--domains", "laplace:nodes=0.9,2"), "from -1 to 1"),
        (("--domains", "0.5,fourier"), "got '0.5'"),
        (("--nodes", "4"), "a domain of nodes"),
        (("--domains", "laplace", "--nodes", "4,x"), "--nodes 16,32,64"),
        (("--domains", "laplace", "--nodes", "99"), "got 99"),
        (("--domains", "laplace:rates"), "condition number"),
        (("--seeds", 0), "seeds: got 0"),
        (("--processes", 0), "processes: got 0"),
        (("--widths", "a"), "--widths 16,32,64"),
        (("--lr", "nan"), "learning_rate"),
        (("--modes", 4), "pass --modes 3"),
        (("--size", "tiny"), "pass --size large"),
        (("--patience", 3), "--validation"),
        (("--folder", "none"), "few"),
    ],
)
def test_mistakes_are_one_line(tmp_path: Path, options: tuple[object, ...], message: str) -> None:
    data = some_digits(tmp_path / "few.npz")
    assert message in refused("compare", data, "--out", tmp_path / "out", *options)
    assert not (tmp_path / "out").exists()


def test_data_that_are_not_there(tmp_path: Path) -> None:
    assert "did you mean 'digits'?" in refused("compare", "digitz", "--out", tmp_path / "out")
