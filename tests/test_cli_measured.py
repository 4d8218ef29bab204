"""Measured spectra on the command line: a run, its evaluation, predictions and audit, and what is refused."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from test_cli_train import refused, succeed

from freqnet.data import load
from freqnet.training.files import METRICS, MODEL, REPORT

RNG = np.random.default_rng(0)
DIGITS = load("digits").take(np.arange(240))
KSPACE = np.fft.fftshift(np.fft.fft2(DIGITS.images[..., 0].astype(float), norm="ortho"), (1, 2))
MASK = RNG.random((240, 8, 1)) < 0.5
MASK[:, 3:6] = True
WORDS = ("--measured", "centred,ortho")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Files of scans, and two short runs on them."""
    place = tmp_path_factory.mktemp("scans")
    np.savez(place / "scans.npz", kspace=KSPACE, y=DIGITS.targets, mask=MASK)
    np.savez(place / "field.npz", kspace=KSPACE, mask=MASK)
    np.savez(place / "new.npz", kspace=KSPACE[:5], mask=MASK[:5])
    short = "--epochs", 2, "--widths", "4,4", "--quiet"
    succeed("train", place / "scans.npz", *WORDS, *short, "--out", place / "classes")
    succeed("train", place / "field.npz", *WORDS, "--task", "field", *short, "--out", place / "filled", report=True)
    return place


@pytest.mark.parametrize("name", ["classes", "filled"])
def test_a_run_is_written_and_measured_again(folder: Path, name: str) -> None:
    metrics = json.loads((folder / name / METRICS).read_text())
    assert metrics["transforms_inside_network"] == 0
    assert "--measured centred,ortho" in metrics["command"]
    assert (folder / name / MODEL).is_file()
    assert "Predictions" in (folder / name / REPORT).read_text() or name == "classes"
    succeed("evaluate", folder / name, "--json", folder / "found.json")
    found = json.loads((folder / "found.json").read_text())
    score = "accuracy" if name == "classes" else "relative_error"
    assert found[score] == pytest.approx(metrics[f"test_{score}"])


def test_the_opening_says_that_nothing_is_transformed(folder: Path) -> None:
    opening = succeed(
        "train", folder / "scans.npz", *WORDS, "--epochs", 1, "--widths", "4,4", "--out", folder / "again"
    )
    assert "no transform" in opening
    assert "one transform" not in opening


def test_other_scans_are_read_like_those_of_the_run(folder: Path) -> None:
    rows = succeed("predict", folder / "classes", folder / "new.npz", "--json", folder / "rows.json")
    assert "5 predictions" in rows
    # The same scans in another convention.
    whole = np.fft.ifftshift(KSPACE[:5], (1, 2)) * 8
    np.savez(folder / "other.npz", kspace=whole, mask=np.fft.ifftshift(MASK[:5], 1))
    words = "--measured", "backward"
    succeed("predict", folder / "classes", folder / "other.npz", *words, "--json", folder / "others.json")
    one, two = (json.loads((folder / name).read_text()) for name in ("rows.json", "others.json"))
    assert [row["class"] for row in one] == [row["class"] for row in two]
    assert [row["probability"] for row in one] == pytest.approx([row["probability"] for row in two], rel=1e-4)


def test_filled_spectra_are_written_in_the_convention_of_the_run(folder: Path) -> None:
    succeed("predict", folder / "filled", folder / "new.npz", "--arrays", folder / "filled.npz")
    found = np.load(folder / "filled.npz")["y"][..., 0]
    assert found.shape == (5, 8, 8)
    seen = np.broadcast_to(MASK[:5], found.shape).copy()
    # The Nyquist bins are dropped.
    seen[:, 0] = seen[:, :, 0] = False
    assert np.allclose(found[seen], KSPACE[:5][seen], atol=1e-5)
    assert np.abs(found[~seen]).max() > 0


def test_an_audit_of_measured_spectra(folder: Path) -> None:
    assert "transforms inside" in succeed("audit", folder / "classes", "--samples", 40)


def test_what_is_refused_gets_one_line(folder: Path) -> None:
    scans = folder / "scans.npz"
    assert "measured: got 'centered'" in refused("train", scans, "--measured", "centered")
    assert "measured: got digits, expected a file of spectra" in refused("train", "digits", *WORDS)
    assert "size_to of measured spectra: got" in refused("train", scans, *WORDS, "--size-to", 4)
    assert "expected a domain of modes" in refused("train", scans, *WORDS, "--domain", "laplace", "--out", folder / "x")
    real = folder / "real.npz"
    np.savez(real, kspace=np.abs(KSPACE), y=DIGITS.targets)
    assert "got numbers of float64, expected complex numbers" in refused("train", real, *WORDS)
    np.savez(folder / "images.npz", x=DIGITS.images, y=DIGITS.targets)
    assert "expected complex numbers" in refused("evaluate", folder / "classes", folder / "images.npz")
