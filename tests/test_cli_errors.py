"""Mistakes of a user give one line on standard error, status 2, and no files."""

from __future__ import annotations

import errno
import io
import os
import shutil
from contextlib import redirect_stdout
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from test_cli_train import SMALL, command, refused, snapshot, some_digits, succeed, without_plots

from freqnet.cli import console, main
from freqnet.cli.main import _with_options
from freqnet.errors import ConfigurationError
from freqnet.training.files import CHECKPOINT, CONFIG, HISTORY, METRICS, MODEL


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty current folder, with data in its parent folder."""
    some_digits(tmp_path / "few.npz", 120)
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    return tmp_path / "here"


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("digit",), "did you mean 'digits'?"),
        (("",), "dataset: got ''"),
        (("nothing.npz",), "no file nothing.npz"),
        (("digits", "--folder", "."), "folder: got one for digits"),
        (("mnist", "--folder", "."), "no train-images, train-labels"),
        (("digits", "--domain", "wavelet"), "domain: got 'wavelet', expected damped or fourier or grid or grid-fft"),
        (("digits", "--kernel", "gabor"), "kernel: got 'gabor', expected taps or spectral or sinc or modes"),
        (
            ("digits", "--activation", "swish"),
            "activation: got 'swish', expected polynomial or linear or linearized-sigmoid or gaussian",
        ),
        (("digits", "--activation", "relu"), "--activation gaussian, the nearest polynomial to ReLU, or --domain grid"),
        (("digits", "--optimizer", "lion"), "optimizer: got 'lion'"),
        (("digits", "--schedule", "step"), "schedule: got 'step'"),
        (("digits", "--modes", "9"), "modes: got 9, expected an odd number from 1 to 7"),
        (("digits", "--modes", "4"), "modes: got 4"),
        (("digits", "--gate-band", "4"), "gate band: got 4, expected 0 to 3"),
        (("digits", "--widths", "8,x"), "widths: got '8,x'"),
        (("digits", "--widths", "8,0"), "widths: got '8,0'"),
        (("digits", "--widths", "99999999"), "expected numbers from 1 to 4096"),
        (("digits", "--epochs", "0"), "epochs: got 0"),
        (("digits", "--epochs", "ten"), "--epochs"),
        (("digits", "--batch", "-1"), "batch: got -1"),
        (("digits", "--lr", "nan"), "learning_rate: got nan"),
        (("digits", "--lr", "fast"), "--lr"),
        (("digits", "--smoothing", "1"), "smoothing: got 1.0"),
        (("digits", "--seed", "-1"), "seed: got -1"),
        (("digits", "--seed", "5000000000"), "seed: got 5000000000"),
        (("digits", "--patience", "3"), "--validation"),
        (("digits", "--test", "0.9999"), "0 training and 1797 test samples"),
        (("digits", "--test", "0"), "test fraction: got 0.0"),
        (("digits", "--validation", "nan"), "validation fraction: got nan"),
        (("digits", "--resume"), "no checkpoint.safetensors"),
        (("digits", "--resume", "--overwrite"), "--resume and --overwrite"),
        (("digits", "--out", "/proc/nothing"), "output /proc/nothing"),
        (("digits", "--out", "../few.npz"), "got a file, expected a folder"),
        (("digits", "--out", "../few.npz/run"), "output ../few.npz/run"),
        (("digits", "more"), "more"),
        (("digits", "--speed", "9"), "No such option: --speed"),
        (("digits", "--out"), "--out"),
        ((), "DATA: got none, expected the data to train on"),
    ],
)
def test_training_that_cannot_start(place: Path, words: tuple[str, ...], message: str) -> None:
    assert message in refused("train", *words)
    assert snapshot(place.parent).keys() == {"few.npz"}
    assert list(place.iterdir()) == []


DAMAGED: dict[str, tuple[dict[str, Any], str]] = {
    "nan": ({"x": np.full((60, 8, 8), np.nan)}, "3840 NaN and 0 infinite values"),
    "infinity": ({"x": np.full((60, 8, 8), -np.inf)}, "0 NaN and 3840 infinite values"),
    "too large": ({"x": np.resize([3e38, -3e38, -3e38], (60, 8, 8))}, "got values up to 3e+38"),
    "labels beyond the classes": ({"classes": np.array(["a", "b"])}, "labels from 0 to 9, expected labels from 0 to 1"),
    "negative labels": ({"y": np.arange(60) - 3, "classes": np.array(["a", "b"])}, "labels from -3 to 56"),
    "one class": ({"y": np.zeros(60, int)}, "samples of 1 class"),
    "a class of one": ({"y": np.array([1] + 59 * [0])}, "class '1' of made: got 1 sample"),
    "other numbers": ({"y": np.arange(59)}, "got shape (59,) for 60 images"),
    "objects": ({"y": np.array([None] * 60)}, "arrays of Python objects"),
    "no samples": ({"x": np.zeros((0, 8, 8)), "y": np.zeros(0, int)}, "got shape (0,)"),
    "channels first": ({"x": np.zeros((60, 3, 8, 8))}, "--layout nchw"),
    "text": ({"x": np.array(["a"] * 60)}, "of dtype <U1"),
}


@pytest.mark.parametrize("name", DAMAGED)
def test_data_that_cannot_be_trained_on(place: Path, name: str) -> None:
    arrays, message = DAMAGED[name]
    some_digits(place.parent / "made.npz", 60, **arrays)
    assert message in refused("train", "../made.npz", *SMALL)
    assert list(place.iterdir()) == []


@pytest.mark.parametrize("share", [0.0, 0.3, 0.99])
def test_truncated_data(place: Path, share: float) -> None:
    whole = Path("../few.npz").read_bytes()
    Path("../few.npz").write_bytes(whole[: int(share * len(whole))])
    line = refused("train", "../few.npz", *SMALL)
    assert "cannot be read" in line
    assert "pickle" not in line


def test_text_for_data_is_not_called_a_pickle(place: Path) -> None:
    Path("../few.npz").write_text("images, labels\n")
    line = refused("train", "../few.npz", *SMALL)
    assert "cannot be read" in line
    assert "pickle" not in line


def test_divergence_says_where_and_what_to_try(place: Path) -> None:
    line = refused("train", "../few.npz", *SMALL, "--lr", "1e6", "--clip", "0", "--schedule", "constant", "--batch", 8)
    assert "training, epoch 1: got a gradient that is not finite at a loss of " in line
    assert "power" in line
    assert "--lr 100000 or --clip 1" in line
    assert snapshot(place).keys() <= {f"runs/few-fourier-seed0/{name}" for name in (CHECKPOINT, HISTORY)}


# --- resume ---------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def unfinished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with data and a run that lacks its results."""
    folder = tmp_path_factory.mktemp("unfinished")
    options = ("--seed", 2, "--validation", 0.25, "--out", folder / "run")
    succeed("train", some_digits(folder / "few.npz", 120), *SMALL, *options)
    for name in (MODEL, METRICS):
        (folder / "run" / name).unlink()
    return folder


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("--epochs", 9), "got --epochs 9, expected the run's own --epochs 2"),
        (("--lr", 0.5), "got --lr 0.5, expected the run's own --lr 0.003"),
        (("--seed", 0), "got --seed 0, expected the run's own --seed 2"),
        (("--test", 0.3), "got --test 0.3, expected the run's own --test 0.2"),
        (("--validation", 0), "got --validation 0.0, expected the run's own --validation 0.25"),
        (("--modes", 5), "got --modes 5, expected the run's own default"),
        (("--domain", "grid"), "got --domain grid, expected the run's own --domain fourier"),
        (("--widths", "4,4"), "got --widths 4,4, expected the run's own --widths 4,4,4"),
    ],
)
def test_other_options_are_not_resumed(unfinished: Path, words: tuple[Any, ...], message: str) -> None:
    before = snapshot(unfinished)
    assert message in refused("train", unfinished / "few.npz", "--out", unfinished / "run", "--resume", *words)
    assert snapshot(unfinished) == before


def test_other_data_are_not_resumed(unfinished: Path, tmp_path: Path) -> None:
    before, x = snapshot(unfinished), np.load(unfinished / "few.npz")["x"]
    x[5, 3, 3] += 0.01
    for data in ("digits", some_digits(tmp_path / "few.npz", 119), some_digits(tmp_path / "b.npz", 120, x=x)):
        line = refused("train", data, "--out", unfinished / "run", "--resume")
        assert "expected the data it began with" in line
        assert "few.npz, 120 examples" in line
    assert snapshot(unfinished) == before


def test_the_same_options_from_anywhere_are_resumed(unfinished: Path, tmp_path: Path) -> None:
    shutil.copytree(unfinished, tmp_path / "copy")
    shutil.copy(unfinished / "few.npz", tmp_path / "moved.npz")
    options = ("--seed", 2, "--epochs", 2, "--domain", "fourier", "--widths", "4,4,4")
    succeed("train", tmp_path / "moved.npz", "--out", tmp_path / "copy" / "run", "--resume", *options)
    assert (tmp_path / "copy" / "run" / MODEL).is_file()


@pytest.mark.parametrize("content", [b"", b"hello", None])
def test_damaged_checkpoints_are_not_resumed(unfinished: Path, tmp_path: Path, content: bytes | None) -> None:
    shutil.copytree(unfinished / "run", tmp_path / "run")
    path = tmp_path / "run" / CHECKPOINT
    path.write_bytes(path.read_bytes()[:-5] + b"12345" if content is None else content)
    before = snapshot(tmp_path)
    assert "checkpoint" in refused("train", unfinished / "few.npz", "--out", tmp_path / "run", "--resume")
    assert snapshot(tmp_path) == before


# --- The disk, the terminal, the program ----------------------------------------------------------


@pytest.mark.parametrize("after", [0, 1, 2, 3, 4, 5, 6, 7, 8])
def test_a_full_disk_leaves_whole_files(place: Path, monkeypatch: pytest.MonkeyPatch, after: int) -> None:
    writes, replace = iter(range(after)), os.replace

    def full(*arguments: Any) -> None:
        if next(writes, None) is None:
            raise OSError(errno.ENOSPC, "No space left on device")
        replace(*arguments)

    monkeypatch.setattr(os, "replace", full)
    line = refused("train", "../few.npz", *SMALL, "--out", "run")
    assert "No space left on device" in line
    # Two epochs of checkpoint and history, and the choices after the first; then model, history, metrics, report.
    order = [CHECKPOINT, HISTORY, CONFIG, CHECKPOINT, HISTORY, MODEL, HISTORY, METRICS]
    assert {path.name for path in Path("run").iterdir()} == set(order[:after])
    monkeypatch.setattr(os, "replace", replace)
    if after:
        succeed("train", "../few.npz", "--out", "run", "--resume", "--quiet")


def test_a_closed_standard_output_loses_no_results(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class Closed(io.StringIO):
        def write(self, text: str) -> int:
            raise BrokenPipeError

    muted: list[bool] = []
    monkeypatch.setattr(console, "mute", lambda: muted.append(True))
    without_plots(monkeypatch)
    with redirect_stdout(Closed()), pytest.raises(SystemExit) as ended:
        main(["train", "../few.npz", *SMALL[:-1], "--out", "run"])
    assert ended.value.code == 0
    assert muted
    assert Path("run", METRICS).is_file()


def test_debug_shows_where_an_error_came_from(place: Path) -> None:
    with pytest.raises(ConfigurationError, match="did you mean 'digits'"):
        main(["--debug", "train", "digit"])
    with pytest.raises(ConfigurationError, match="did you mean 'digits'"):
        main(["train", "digit", "--debug"])


def test_what_we_must_mend_has_another_status(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*arguments: Any) -> None:
        raise ZeroDivisionError("ours")

    monkeypatch.setattr("freqnet.cli.inspect.program_info", broken)
    outcome = command("info")
    assert outcome.status == 1
    assert outcome.err == "freqnet: internal error: ZeroDivisionError: ours; run again with --debug and report it\n"


@pytest.mark.parametrize("words", [(), ("--help",), ("train", "--help"), ("predict", "--help")])
def test_help(words: tuple[str, ...]) -> None:
    assert succeed(*words).startswith("Usage: freqnet")


def test_arguments_of_the_library_become_options_of_the_command() -> None:
    message = "output a/size=3: got size='huge', expected modes=5; pass resume=True, widths=(4, 8) or lr=1"
    shown = "output a/size=3: got --size huge, expected --modes 5; pass --resume, --widths 4,8 or lr=1"
    assert _with_options(message, ["train"]) == shown
    # Commands have their own options, and names of domains have parameters that are none.
    assert _with_options("x: got domain='grid', expected laplace:nodes=0.5; y", ["compare"]).startswith(
        "x: got domain="
    )
    assert _with_options(message, []) == _with_options(message, ["fly"]) == message


def test_unknown_commands() -> None:
    assert "No such command 'fly'" in refused("fly")
    assert "Missing argument" in refused("predict")
    assert "Missing argument" in refused("evaluate")
