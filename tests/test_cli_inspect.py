"""``freqnet evaluate``, ``predict`` and ``info`` on runs, on files, and on other paths."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from test_cli_train import SMALL, command, refused, some_digits, succeed

from freqnet import nn
from freqnet.data import load, split
from freqnet.training import Checkpoint, save
from freqnet.training.files import CHECKPOINT, METRICS, MODEL


@pytest.fixture(scope="module")
def pictures(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Held-out digits as grey PNG files of 8 x 8 and of 16 x 16, and their labels."""
    folder = tmp_path_factory.mktemp("pictures")
    test = split(load("digits"), test=0.2, validation=0.0, seed=0).test
    for number in range(60):
        image = Image.fromarray((test.images[number, :, :, 0] * 255).astype(np.uint8))
        for size in (8, 16):
            target = folder / str(size) / f"{number:02d}-{test.targets[number]}.png"
            target.parent.mkdir(exist_ok=True)
            image.resize((size, size), Image.Resampling.BICUBIC).save(target)
    return folder


# --- evaluate -------------------------------------------------------------------------------------


@pytest.mark.parametrize("words", [(), ("digits",)])
def test_evaluation_repeats_the_accuracy_of_the_run(run: Path, tmp_path: Path, words: tuple[str, ...]) -> None:
    shown = succeed("evaluate", run, *words, "--json", tmp_path / "e.json")
    result, metrics = (json.loads(path.read_text()) for path in (tmp_path / "e.json", run / METRICS))
    assert result["accuracy"] == metrics["test_accuracy"]
    assert result["loss"] == metrics["test_loss"]
    assert (result["held_out"], result["samples"]) == (True, metrics["test_samples"])
    assert f"{metrics['test_accuracy']:.2%}" in shown
    assert "held-out test examples" in shown


@pytest.mark.parametrize("domain", ["grid", "grid-fft"])
def test_evaluation_in_other_domains(tmp_path: Path, domain: str) -> None:
    options = ("--domain", domain, "--validation", 0.2, "--seed", 5, "--shift", 0.5)
    succeed("train", some_digits(tmp_path / "few.npz"), *SMALL, *options, "--out", tmp_path / "run")
    succeed("evaluate", tmp_path / "run", "--json", tmp_path / "e.json")
    metrics = json.loads((tmp_path / "run" / METRICS).read_text())
    assert json.loads((tmp_path / "e.json").read_text())["accuracy"] == metrics["test_accuracy"]


def test_evaluation_finds_the_data_of_the_run_from_anywhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    some_digits(tmp_path / "few.npz")
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path)
    succeed("train", "few.npz", *SMALL, "--out", "run")
    monkeypatch.chdir(tmp_path / "elsewhere")
    assert "held-out" in succeed("evaluate", "../run")
    shutil.move("../few.npz", "moved.npz")
    assert "few.npz" in refused("evaluate", "../run")
    assert "held-out" in succeed("evaluate", "../run", "moved.npz")
    # Changed data may contain training examples, so no example counts as held out.
    some_digits(tmp_path / "few.npz", count=190)
    assert "190 examples that have changed" in refused("evaluate", "../run")
    assert "all examples" in succeed("evaluate", "../run", "../few.npz")


def test_classes_are_matched_by_name(run: Path, tmp_path: Path) -> None:
    digits = load("digits").take(np.flatnonzero(np.isin(load("digits").targets, [3, 7])))
    names = np.array(["7", "3"])
    np.savez(tmp_path / "two.npz", x=digits.images[..., 0], y=(digits.targets == 3).astype(int), classes=names)
    succeed("evaluate", run, tmp_path / "two.npz", "--json", tmp_path / "e.json")
    assert json.loads((tmp_path / "e.json").read_text())["accuracy"] > 0.8


@pytest.mark.filterwarnings("ignore::freqnet.errors.DataWarning")
@pytest.mark.parametrize(
    ("arrays", "message"),
    [
        ({"y": np.arange(30) % 12}, "the class '10' among 12, expected the 10 classes of training"),
        ({"y": np.array(["cat", "dog"])[np.arange(30) % 2]}, "the class 'cat' among 2"),
        ({"x": np.ones((30, 8, 8, 3))}, "2 axes and 3 channels, expected 2 and 1"),
        ({"x": np.ones((30, 64))}, "1 axes and 1 channels, expected 2 and 1"),
        ({"x": np.ones((30, 4, 4))}, "band: got 3, expected at most 2 on 4 samples"),
        ({"x": np.full((30, 8, 8), np.nan)}, "1920 NaN"),
        ({"x": np.full((30, 8, 8), 3e38)}, "values up to 3e+38"),
    ],
)
def test_data_that_do_not_fit_the_model(run: Path, tmp_path: Path, arrays: dict[str, Any], message: str) -> None:
    some_digits(tmp_path / "other.npz", 30, **arrays)
    assert message in refused("evaluate", run, tmp_path / "other.npz", "--json", tmp_path / "e.json")
    assert not (tmp_path / "e.json").exists()


# --- predict --------------------------------------------------------------------------------------


@pytest.mark.parametrize("size", [8, 16])
def test_pictures_are_named(run: Path, pictures: Path, tmp_path: Path, size: int) -> None:
    shown = succeed("predict", run, pictures / str(size), "--json", tmp_path / "p.json")
    rows = json.loads((tmp_path / "p.json").read_text())
    assert len(rows) == 60
    assert "60 predictions" in shown
    right = np.mean([Path(row["file"]).stem[-1] == row["class"] for row in rows])
    assert right > (0.85 if size == 8 else 0.6)
    assert all(0.1 < row["probability"] <= 1 for row in rows)


def test_single_files_colour_and_arrays(run: Path, pictures: Path, tmp_path: Path) -> None:
    first = sorted((pictures / "8").iterdir())[0]
    Image.open(first).convert("RGB").save(tmp_path / "[bold]colour.png")
    np.save(tmp_path / "array.npy", np.asarray(Image.open(first))[np.newaxis] / 255)
    shown = succeed("predict", run, first, tmp_path / "[bold]colour.png", tmp_path / "array.npy")
    assert "[bold]colour.png" in shown  # brackets are not markup
    assert "array.npy[0]" in shown


@pytest.mark.parametrize(
    ("shape", "message"),
    [
        ((3, 8, 8, 3), "samples: got shape (3, 8, 8, 3), expected (batch, 8, 8, 1)"),
        ((3, 64), "samples: got shape (3, 64, 1)"),
        ((3, 8, 8, 8, 1), "samples: got shape (3, 8, 8, 8, 1)"),
        ((3, 4, 4), "band: got 3, expected at most 2 on 4 samples"),
        ((0, 8, 8), "at least 1 sample"),
    ],
)
def test_arrays_that_do_not_fit(run: Path, tmp_path: Path, shape: tuple[int, ...], message: str) -> None:
    np.save(tmp_path / "a.npy", np.zeros(shape))
    assert message in refused("predict", run, tmp_path / "a.npy")


@pytest.mark.filterwarnings("ignore::freqnet.errors.DataWarning")
def test_files_that_cannot_be_read(run: Path, pictures: Path, tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("no image")
    (tmp_path / "broken.png").write_bytes(b"\x89PNG\r\n")
    np.save(tmp_path / "huge.npy", np.full((1, 8, 8), 3e38))
    for words, message in (
        (("none.png",), "no file none.png"),
        ((tmp_path / "notes.txt",), "convert the file to one of these formats"),
        ((tmp_path / "broken.png",), "a complete image file"),
        ((tmp_path / "huge.npy",), "scale the samples"),
        ((run,), "no images"),
    ):
        assert message in refused("predict", run, *words)


# --- info -----------------------------------------------------------------------------------------


def test_info_of_a_run_and_of_the_program(run: Path, tmp_path: Path) -> None:
    shown = succeed("info", run, "--json", tmp_path / "i.json")
    metrics = json.loads((run / METRICS).read_text())
    assert all(word in shown for word in ("Convolution", "total", f"{metrics['test_accuracy']:.2%}", "repeat: freqnet"))
    stored = json.loads((tmp_path / "i.json").read_text())
    assert stored["metrics"] == metrics
    assert stored["layers"][-1]["parameters"] == metrics["parameters"]
    assert all(word in succeed("info") for word in ("fourier", "grid-fft", "PowerNorm"))


def test_a_model_saved_by_hand(tmp_path: Path, pictures: Path) -> None:
    network = nn.Network(nn.Door("fourier", (8, 8), (3, 3), 1), nn.Sequential((nn.Convolution(4), nn.Dense(10))))
    save(tmp_path / "hand.safetensors", Checkpoint(network.describe(), network.arrays()))
    for words in (("info",), ("predict", pictures / "8"), ("evaluate", "digits")):
        succeed(words[0], tmp_path / "hand.safetensors", *words[1:])
    assert "data: got a model that does not say its data" in refused("evaluate", tmp_path / "hand.safetensors")


# --- No model -------------------------------------------------------------------------------------

ASKING = [("evaluate",), ("info",), ("predict", "PICTURES")]


@pytest.mark.parametrize("words", ASKING)
def test_folders_without_a_usable_model(run: Path, pictures: Path, tmp_path: Path, words: tuple[str, ...]) -> None:
    rest = [pictures / "8" for _ in words[1:]]
    assert "no such file" in refused(words[0], tmp_path, *rest)
    assert "no such file" in refused(words[0], tmp_path / "none", *rest)
    whole = (run / MODEL).read_bytes()
    for content in (b"", b"hello", whole[: len(whole) // 2], whole[:-9] + b"123456789"):
        (tmp_path / MODEL).write_bytes(content)
        assert "checkpoint" in refused(words[0], tmp_path, *rest)


@pytest.mark.parametrize("words", ASKING)
def test_an_unfinished_run_says_how_to_go_on(run: Path, pictures: Path, tmp_path: Path, words: tuple[str, ...]) -> None:
    shutil.copy(run / CHECKPOINT, tmp_path / CHECKPOINT)
    line = refused(words[0], tmp_path, *[pictures / "8" for _ in words[1:]])
    assert f"an unfinished one, expected a trained model; run freqnet train digits --out {tmp_path} --resume" in line


def test_results_that_cannot_be_written(run: Path, tmp_path: Path) -> None:
    for place in (tmp_path, tmp_path / "none" / "x.json", Path("/proc/x.json")):
        for words in (("evaluate", run), ("info", run), ("info",)):
            assert f"output {place}" in refused(*words, "--json", place)
    assert list(tmp_path.iterdir()) == []
    assert command("info", run, "--json", tmp_path / "ok.json").status == 0
