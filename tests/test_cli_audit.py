"""``freqnet audit`` on runs, and its messages about mistakes."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

import numpy as np
import pytest
from processes import LIMIT, read, start
from test_cli_train import command, refused, succeed

from freqnet import nn
from freqnet.nn.activation import POINTWISE
from freqnet.training import ACTIVATIONS, Checkpoint, save


def test_audit_of_a_run(run: Path, tmp_path: Path):
    shown = succeed("audit", run, "--samples", 100, "--json", tmp_path / "a.json", "--page", tmp_path / "a.html")
    found = json.loads((tmp_path / "a.json").read_text())
    assert found["verdict"] == "mixing"
    assert found["dead_modes"] == []
    assert len(found["reachable_modes"]) == 25
    assert found["is_affine"] is False
    assert found["transforms_inside_network"] == 0
    assert found["equivariance_error"] < 1e-10
    assert found["samples"] == 100
    assert "verdict: mixing" in shown
    assert "Gaussian" in shown
    page = (tmp_path / "a.html").read_text()
    assert "Audit: mixing" in page
    assert "<svg" in page


def test_a_linear_run_is_called_affine(tmp_path: Path):
    words = ("train", "digits", "--epochs", 1, "--widths", "4,4,4", "--activation", "linear", "--quiet")
    succeed(*words, "--out", tmp_path / "run")
    shown = succeed("audit", tmp_path / "run", "--json", tmp_path / "a.json")
    found = json.loads((tmp_path / "a.json").read_text())
    assert (found["verdict"], found["is_affine"]) == ("affine", True)
    assert "(affine)" in shown
    assert found["low_pass"] is not None
    assert len(found["dead_modes"]) > 0


def test_ranges_that_are_exceeded_are_said(tmp_path: Path):
    body = nn.Sequential(nn.Polynomial("tanh", degree=3, interval=(-0.5, 0.5)), nn.Dense(10))
    network = nn.Network(nn.Door("fourier", (8, 8), (3, 3), 1, scale=(0.1,)), body)
    save(tmp_path / "own.safetensors", Checkpoint(network.describe(), network.arrays(), info={}))
    outcome = command("audit", tmp_path / "own.safetensors", "digits")
    assert outcome.status == 0
    assert "outside the fitted range [-0.5, 0.5]" in outcome.err


def test_every_activation_of_the_command_line_trains(tmp_path: Path):
    for name in set(ACTIVATIONS) - set(POINTWISE):
        words = ("--epochs", 1, "--widths", "3,3,3", "--modes", 5, "--activation", name, "--quiet")
        succeed("train", "digits", *words, "--out", tmp_path / name)
        metrics = json.loads((tmp_path / name / "metrics.json").read_text())
        assert np.isfinite(metrics["test_loss"])
        assert metrics["transforms_inside_network"] == 0


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("--samples", "3"), "samples: got 3, expected at least 4"),
        (("nothing",), "nothing"),
        (("--page", "/nonexistent/a.html"), "/nonexistent/a.html: got no folder /nonexistent"),
        (("--json", "/nonexistent/a.json"), "/nonexistent/a.json: got no folder /nonexistent"),
    ],
)
def test_mistakes(run: Path, words: tuple[str, ...], message: str):
    assert message in refused("audit", run, *words)


def test_a_gate_band_belongs_to_polynomials(tmp_path: Path):
    said = refused("train", "digits", "--activation", "linear", "--gate-band", 1, "--out", tmp_path / "x")
    known = " or ".join(f"--activation {name}" for name in ("gaussian", "gaussian-gelu", "polynomial"))
    assert f"gate band: got 1 with linear, expected {known}" in said


@pytest.mark.skipif(sys.platform == "win32", reason="terminals of POSIX")
def test_progress_is_shown_on_a_terminal_only(run: Path) -> None:
    master, slave = os.openpty()
    process = start("audit", run, "--samples", 50, stdout=slave, env={**os.environ, "TERM": "xterm", "COLUMNS": "80"})
    os.close(slave)
    shown = b""
    while piece := read(master):
        shown += piece
    os.close(master)
    _, err = process.communicate(timeout=LIMIT)
    assert (process.returncode, err) == (0, "")
    assert b"modes moved" in shown
    assert "modes moved" not in succeed("audit", run, "--samples", 50)
