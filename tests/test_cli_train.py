"""``freqnet train``: the files of a run, every domain and kind of data, and earlier runs in the same folder.

The other tests of the command line import their helpers from here.
"""

from __future__ import annotations

import io
import json
import re
import shlex
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pytest
from PIL import Image
from safetensors.numpy import load_file

import freqnet.report
from freqnet import kernels
from freqnet.cli import main
from freqnet.cli.console import print_table
from freqnet.data import load
from freqnet.experiments import page
from freqnet.training.files import CHECKPOINT, CONFIG, HISTORY, METRICS, MODEL, REPORT, RUN_FILES, write_atomically
from freqnet.training.sizes import SIZES

SMALL = ("--widths", "4,4,4", "--epochs", "2", "--quiet")
PROMISED = {"test_accuracy", "train_seconds", "parameters", "transforms_inside_network", "seed", "domain", "dataset"}


class Outcome(NamedTuple):
    """The exit status and the output of a command."""

    status: Any
    out: str
    err: str


def command(*words: object, report: bool = False) -> Outcome:
    """Run ``freqnet WORDS`` in this process; its reports are empty unless the test reads them."""
    out, err = io.StringIO(), io.StringIO()
    with pytest.MonkeyPatch.context() as patch:
        if not report:
            without_plots(patch)
        with redirect_stdout(out), redirect_stderr(err), pytest.raises(SystemExit) as ended:
            main([str(word) for word in words])
    return Outcome(ended.value.code, out.getvalue(), err.getvalue())


def succeed(*words: object, report: bool = False) -> str:
    """Run a command that must succeed; return its output."""
    outcome = command(*words, report=report)
    assert (outcome.status, outcome.err) == (0, ""), outcome
    return outcome.out


def refused(*words: object, report: bool = False) -> str:
    """Run a command that must fail with one line and status 2; return the line."""
    outcome = command(*words, report=report)
    assert outcome.status == 2, outcome
    assert outcome.err.startswith("freqnet: "), outcome
    assert outcome.err.count("\n") == 1, outcome
    assert "Traceback" not in outcome.err
    return outcome.err


def some_digits(path: Path, count: int = 200, **arrays: Any) -> Path:
    """Write the first digits as an archive."""
    digits = load("digits").take(np.arange(count))
    np.savez(path, **{"x": digits.images[..., 0], "y": digits.targets, **arrays})
    return path


def snapshot(folder: Path) -> dict[str, bytes]:
    """The bytes of every file below a folder."""
    return {str(p.relative_to(folder)): p.read_bytes() for p in sorted(folder.rglob("*")) if p.is_file()}


def same_weights(a: Path, b: Path) -> bool:
    """Whether two runs have bit-identical weights."""
    first, second = load_file(a / MODEL), load_file(b / MODEL)
    return first.keys() == second.keys() and all(first[k].tobytes() == second[k].tobytes() for k in first)


def without_plots(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make reports and pages of comparisons empty, to save time in tests that do not read them."""
    monkeypatch.setattr(freqnet.report, "write_report", lambda path, *_, **__: write_atomically(path, b"<html>"))
    monkeypatch.setattr(page, "compare_page", lambda compared: "<html>")


@pytest.fixture(scope="module")
def digits_run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A short run on all digits, in its default folder."""
    folder = tmp_path_factory.mktemp("digits")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        succeed("train", "digits", "--epochs", 2, "--widths", "8,8,8", "--quiet", report=True)
    return folder / "runs" / "digits-fourier-seed0"


# --- The files of a run ---------------------------------------------------------------------------


def test_a_run_writes_its_files(digits_run: Path) -> None:
    assert {path.name for path in digits_run.iterdir()} == set(RUN_FILES)
    metrics = json.loads((digits_run / METRICS).read_text())
    assert metrics.keys() >= PROMISED
    assert metrics["test_accuracy"] > 0.7
    assert metrics["train_seconds"] > 0
    expected = {"transforms_inside_network": 0, "seed": 0, "domain": "fourier", "dataset": "digits"}
    assert {name: metrics[name] for name in expected} == expected
    arrays = load_file(digits_run / MODEL)
    trained = sum(a.size for name, a in arrays.items() if "running" not in name)
    assert trained >= metrics["parameters"] > 0
    history = [json.loads(line) for line in (digits_run / HISTORY).read_text().splitlines()]
    assert [row["epoch"] for row in history] == [1, 2]
    assert history[1]["loss"] < history[0]["loss"]
    assert (digits_run / REPORT).read_text().lstrip().lower().startswith("<!doctype html>")
    assert not any(marker in path.read_bytes() for path in digits_run.iterdir() for marker in (b"\x80\x04\x95",))


def test_a_second_run_in_the_same_folder_is_refused(digits_run: Path) -> None:
    before = snapshot(digits_run)
    line = refused("train", "digits", *SMALL, "--out", digits_run)
    assert "a folder that is not empty" in line
    assert "--overwrite" in line
    assert snapshot(digits_run) == before


def test_what_is_shown(tmp_path: Path) -> None:
    data = some_digits(tmp_path / "few.npz")
    lines = succeed("train", data, *SMALL[:-1], "--out", tmp_path / "run", "--validation", 0.2).splitlines()
    # One more line says so where the C kernels were not built.
    shown = [line for line in lines if not line.startswith("products of spectra run in NumPy")]
    assert len(lines) - len(shown) == (kernels.KERNEL == "numpy")
    assert shown[0] == "few: 128 to train on, 32 to validate, 40 held out; 10 classes"
    assert shown.pop(1) == "x (200, 8, 8) read as n h w: grid 8x8, 1 channel"
    assert shown[1].startswith("fourier domain: 7x7 modes, ")
    assert [line.split("  ")[0] for line in shown[2:4]] == ["epoch 1/2", "epoch 2/2"]
    assert all(word in shown[3] for word in ("loss ", "accuracy ", "validation ", "images/s"))
    assert any("test accuracy" in line for line in shown)
    assert succeed("train", data, *SMALL, "--out", tmp_path / "quiet") == ""


def test_the_command_in_the_metrics_repeats_the_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    some_digits(Path("a few.npz"))
    options = ("--shift", 0.5, "--validation", 0.25, "--seed", 3, "--lr", 0.01, "--modes", 5)
    succeed("train", "a few.npz", *SMALL, *options, "--out", "first")
    words = shlex.split(json.loads(Path("first", METRICS).read_text())["command"])
    assert words[:3] == ["freqnet", "train", "a few.npz"]
    succeed(*words[1:], "--out", "second", "--quiet")
    assert same_weights(Path("first"), Path("second"))
    words[words.index("--seed") + 1] = "4"
    succeed(*words[1:], "--out", "third", "--quiet")
    assert not same_weights(Path("first"), Path("third"))


# --- Domains and data -----------------------------------------------------------------------------


@pytest.mark.parametrize(("domain", "activation"), [("grid", "relu"), ("grid-fft", "polynomial")])
def test_the_other_domains(tmp_path: Path, domain: str, activation: str) -> None:
    data, out = some_digits(tmp_path / "few.npz"), tmp_path / "run"
    succeed("train", data, *SMALL, "--domain", domain, "--activation", activation, "--shift", 0.5, "--out", out)
    metrics = json.loads((out / METRICS).read_text())
    assert metrics["domain"] == domain
    assert (metrics["transforms_inside_network"] > 0) == (domain == "grid-fft")


@pytest.mark.parametrize("shape", [(40,), (9, 6), (7, 6, 3), (5, 6, 4, 2)])
def test_signals_images_colours_and_volumes(tmp_path: Path, shape: tuple[int, ...]) -> None:
    # The reports of networks on such samples: see test_report.py.
    generator = np.random.default_rng(0)
    y = np.array(["cat", "dog"])[np.arange(40) % 2]
    np.savez(tmp_path / "made.npz", x=generator.normal(size=(40, *shape)), y=y)
    succeed("train", tmp_path / "made.npz", *SMALL, "--out", tmp_path / "run", "--batch", 8, "--lr", 0.02)
    metrics = json.loads((tmp_path / "run" / METRICS).read_text())
    grid = shape[: max(1, len(shape) - (len(shape) > 2))]
    assert metrics["modes"] == [min(SIZES["xlarge"].modes, n - 1 + n % 2) for n in grid]


def test_a_folder_of_images(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    generator = np.random.default_rng(0)
    for name, level in (("dark", 40), ("light", 200)):
        (tmp_path / "pets" / name).mkdir(parents=True)
        for number in range(10):
            pixels = generator.integers(level, level + 50, (6, 9, 3), dtype=np.uint8)
            Image.fromarray(pixels).save(tmp_path / "pets" / name / f"{number}.png")
    monkeypatch.chdir(tmp_path)
    succeed("train", "pets", *SMALL, "--epochs", 12, "--lr", 0.02)
    assert json.loads(Path("runs/pets-fourier-seed0", METRICS).read_text())["test_accuracy"] == 1.0


# --- Earlier runs ---------------------------------------------------------------------------------


def test_overwrite_replaces_only_with_a_valid_run(tmp_path: Path) -> None:
    data, out = some_digits(tmp_path / "few.npz"), tmp_path / "run"
    succeed("train", data, *SMALL, "--out", out)
    (out / "notes.txt").write_text("mine")
    before = snapshot(out)
    for mistake in (("--modes", 9), ("--domain", "wavelet"), ("--test", 0.999), ("--lr", "nan"), ("--patience", 2)):
        refused("train", data, *SMALL, "--out", out, "--overwrite", *mistake)
    refused("train", tmp_path / "none.npz", *SMALL, "--out", out, "--overwrite")
    assert snapshot(out) == before
    succeed("train", data, *SMALL, "--out", out, "--overwrite", "--seed", 1)
    assert json.loads((out / METRICS).read_text())["seed"] == 1
    assert (out / "notes.txt").read_text() == "mine"


def test_a_finished_run_resumed_gives_the_same_result(tmp_path: Path) -> None:
    data, out = some_digits(tmp_path / "few.npz"), tmp_path / "run"
    succeed("train", data, *SMALL, "--out", out, "--domain", "grid-fft", "--validation", 0.25)
    before = snapshot(out)
    shown = succeed("train", data, "--out", out, "--resume")
    assert "this run was complete" in shown
    after = snapshot(out)
    assert after.keys() == before.keys()
    assert [after[name] for name in (METRICS, HISTORY, CHECKPOINT)] == [
        before[name] for name in (METRICS, HISTORY, CHECKPOINT)
    ]
    # The bytes of the file may differ: safetensors writes metadata in any order.
    (tmp_path / "before").mkdir()
    (tmp_path / "before" / MODEL).write_bytes(before[MODEL])
    assert same_weights(out, tmp_path / "before")


def test_a_report_that_fails_leaves_the_model(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*arguments: Any, **options: Any) -> None:
        raise ZeroDivisionError("no axes\nto plot")

    data, out = some_digits(tmp_path / "few.npz"), tmp_path / "run"
    monkeypatch.setattr(freqnet.report, "write_report", fail)
    line = refused("train", data, *SMALL, "--out", out, report=True)
    assert "ZeroDivisionError: no axes to plot" in line
    assert "--resume" in line
    assert {path.name for path in out.iterdir()} == {MODEL, CHECKPOINT, METRICS, HISTORY, CONFIG}
    succeed("evaluate", out)
    monkeypatch.undo()
    succeed("train", data, "--out", out, "--resume", "--quiet")
    assert {path.name for path in out.iterdir()} == set(RUN_FILES)


# -- the Laplace domain --------------------------------------------------------------------------------
def test_laplace_networks_by_the_command_line(tmp_path: Path) -> None:
    out = tmp_path / "run"
    words = ("train", "digits", "--domain", "laplace", "--epochs", "2", "--widths", "4,4,4", "--out", str(out))
    found = command(*words, report=True)
    assert found.status == 0, found.err
    assert "laplace domain: 10x10 nodes, 726 parameters, one transform at the door" in found.out
    assert "modulo the nodes' polynomial" in found.out
    metrics = json.loads((out / "metrics.json").read_text())
    assert (metrics["domain"], metrics["modes"], metrics["transforms_inside_network"]) == ("laplace", [10, 10], 0)
    assert metrics["model"]["precision"] is None
    assert "10x10 nodes of 8x8 samples" in (out / "report.html").read_text()
    audited = command("audit", str(out), "--json", str(tmp_path / "audit.json"))
    assert audited.status == 0, audited.err
    figures = json.loads((tmp_path / "audit.json").read_text())
    assert figures["logits_shift_error"]["fraction"] is None
    assert figures["dead_modes"] == []


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("--shift", "1"), "shift: got 1.0, expected 0 in the laplace domain"),
        (("--pool", "3"), r"pool: got \(3, 3\), expected divisors of \(8, 8\)"),
        (("--pool", "0"), r"pool: got \(0, 0\), expected divisors"),
        (("--modes", "11"), r"modes: got 11, expected 1 to 10 nodes"),
        (("--precision", "half"), "precision: got 'half', expected float32 or float64"),
        (("--activation", "magnitude-gain"), "MagnitudeGain: got .* nodes are not frequency bins"),
    ],
)
def test_what_a_laplace_network_cannot_do(words: tuple[str, ...], message: str, tmp_path: Path) -> None:
    found = command("train", "digits", "--domain", "laplace", *words, "--out", str(tmp_path / "run"))
    assert found.status == 2
    assert re.search(message, found.err), found.err
    assert not (tmp_path / "run").exists()


def test_long_texts_in_a_table_leave_the_other_columns_whole(capsys: pytest.CaptureFixture[str]) -> None:
    print_table("runs", [("first run", "choice=1 " * 40)], ("run", "choices"))
    print_table("none yet", [], ("run", "choices"))
    lines = capsys.readouterr().out.splitlines()
    assert any("│ first run │" in line for line in lines)
    assert all(len(line) <= 200 for line in lines)
    assert sum(line.count("choice=1") for line in lines) == 40
