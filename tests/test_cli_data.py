"""How the commands read data: layouts, sizes, units and classes, and runs that earlier versions wrote."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from comparisons import without_processes
from PIL import Image
from scipy.io import wavfile
from test_cli_train import SMALL, command, refused, same_weights, some_digits, succeed

from freqnet.data import Dataset, load
from freqnet.errors import DataWarning
from freqnet.experiments import fingerprint, matching
from freqnet.experiments.engine import ASKED
from freqnet.training import load_checkpoint, save
from freqnet.training.files import CHECKPOINT, METRICS, MODEL

QUICK = SMALL[:-1]


def accuracy(folder: Path, *words: object) -> float:
    """The accuracy that ``freqnet evaluate`` measures on the examples held out."""
    succeed("evaluate", folder, *words, "--json", folder / "e.json")
    measured = json.loads((folder / "e.json").read_text())
    assert measured["held_out"]
    return measured["accuracy"]


def metrics(folder: Path) -> dict[str, Any]:
    return json.loads((folder / METRICS).read_text())


def pixels(file: Path) -> np.ndarray:
    with Image.open(file) as image:
        return np.asarray(image)


@pytest.fixture
def channels_first(tmp_path: Path) -> Path:
    """An archive of 90 images with their 2 channels before the rows."""
    rng = np.random.default_rng(0)
    y = np.arange(90) % 3
    np.savez(tmp_path / "first.npz", x=rng.normal(size=(90, 2, 8, 8)) + y[:, None, None, None], y=y)
    return tmp_path / "first.npz"


# -- layouts ---------------------------------------------------------------------------------------------
def test_a_run_reads_arrays_alike_everywhere(channels_first: Path, tmp_path: Path) -> None:
    out = tmp_path / "run"
    assert "pass --layout nchw (grid 8x8, 2 channels)" in refused("train", channels_first, *SMALL, "--out", out)
    shown = succeed("train", channels_first, *QUICK, "--layout", "nchw", "--out", out)
    assert "x (90, 2, 8, 8) read as n c h w: grid 8x8, 2 channels" in shown
    assert "--layout nchw" in metrics(out)["command"]
    assert accuracy(out) == accuracy(out, channels_first) == metrics(out)["test_accuracy"]
    succeed("audit", out, "--samples", 10)
    np.save(tmp_path / "first.npy", np.load(channels_first)["x"][:3])
    np.save(tmp_path / "last.npy", np.moveaxis(np.load(channels_first)["x"][:3], 1, -1))
    rows = []
    for words in (("first.npy",), ("last.npy", "--layout", "nhwc")):
        succeed("predict", out, tmp_path / words[0], *words[1:], "--json", tmp_path / "p.json")
        rows.append([row["probability"] for row in json.loads((tmp_path / "p.json").read_text())])
    assert rows[0] == rows[1]
    shutil.copytree(out, tmp_path / "first")
    succeed("train", channels_first, "--out", out, "--resume", "--quiet")
    assert same_weights(out, tmp_path / "first")
    assert "got --layout 'n h w c'" in refused("train", channels_first, "--layout", "nhwc", "--out", out, "--resume")


def test_a_layout_that_was_guessed_is_kept(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    np.savez(tmp_path / "waves.npz", x=rng.normal(size=(60, 64, 1)), y=np.arange(60) % 2)
    assert "read as n t c: grid 64, 1 channel" in succeed(
        "train", tmp_path / "waves.npz", *QUICK, "--out", tmp_path / "run"
    )
    assert load_checkpoint(tmp_path / "run" / MODEL).info["reading"] == {
        "layout": "n t c",
        "size_to": None,
        "pad_to": None,
        "measured": None,
        "task": None,
        "test_data": None,
        "on_disk": False,
        "cache": None,
    }
    # Arrays without an axis of channels are read by the number of their axes.
    np.save(tmp_path / "a.npy", rng.normal(size=(2, 64)))
    assert "2 predictions" in succeed("predict", tmp_path / "run", tmp_path / "a.npy")


def test_comparisons_read_alike(channels_first: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    without_processes(monkeypatch)
    words = ("compare", channels_first, *QUICK, "--layout", "nchw", "--size-to", "6x6", "--domains", "grid")
    words += ("--seeds", 1, "--processes", 1, "--out", tmp_path / "compared")
    assert "x was read as n c h w" in succeed(*words)
    assert "(kept)" in succeed(*words, "--resume")
    assert "its own --layout 'n c h w'" in refused(*(w if w != "nchw" else "nhwc" for w in words), "--resume")
    info = load_checkpoint(tmp_path / "compared" / "grid-seed0" / MODEL).info
    found = {name: value for name, value in info["reading"].items() if value}
    assert found == {"layout": "n c h w", "size_to": [6, 6]}


# -- sizes -----------------------------------------------------------------------------------------------
@pytest.fixture
def mixed(tmp_path: Path) -> Path:
    """A folder of images of two sizes, light above or light below."""
    rng = np.random.default_rng(0)
    for number in range(40):
        size = 8 if number % 4 < 2 else 12
        image = rng.integers(0, 60, (size, size))
        half = slice(size // 2) if number % 2 else slice(size // 2, None)
        image[half] += 150
        folder = tmp_path / "mixed" / ("above" if number % 2 else "below")
        folder.mkdir(parents=True, exist_ok=True)
        Image.fromarray(image.astype(np.uint8)).save(folder / f"{number:02d}.png")
    return tmp_path / "mixed"


def test_images_of_several_sizes_come_to_one(mixed: Path, tmp_path: Path) -> None:
    out = tmp_path / "run"
    assert "to resample them" in refused("train", mixed, *SMALL, "--out", out)
    succeed("train", mixed, *SMALL, "--size-to", "8x8", "--epochs", 30, "--out", out)
    assert accuracy(out) == metrics(out)["test_accuracy"] > 0.8
    shown = succeed("predict", out, mixed, "--json", tmp_path / "p.json")
    assert "40 predictions" in shown
    rows = json.loads((tmp_path / "p.json").read_text())
    assert [row["file"] for row in rows] == sorted(str(p) for p in mixed.rglob("*.png"))
    assert np.mean([Path(row["file"]).parent.name == row["class"] for row in rows]) > 0.9
    for wrong, message in (("8x8x8", "expected 2 whole numbers"), ("0x8", "size-to: got '0x8'"), ("a", "size-to")):
        assert message in refused("train", mixed, *SMALL, "--size-to", wrong, "--out", tmp_path / "other")
    assert not (tmp_path / "other").exists()


@pytest.mark.parametrize("domain", ["fourier", "hartley", "grid"])
def test_predictions_do_not_depend_on_what_else_is_predicted(mixed: Path, tmp_path: Path, domain: str) -> None:
    out = tmp_path / "run"
    for file in mixed.rglob("*.png"):
        if pixels(file).shape == (8, 8):
            target = tmp_path / "small" / file.parent.name / file.name
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(file, target)
    succeed("train", tmp_path / "small", *SMALL, "--domain", domain, "--out", out)
    bytes_ = np.stack([pixels(file) for file in sorted((tmp_path / "small").rglob("*.png"))])
    np.save(mixed / "bytes.npy", bytes_)
    files = [*sorted(mixed.rglob("*.png")), mixed / "bytes.npy"]
    succeed("predict", out, *files, "--json", tmp_path / "all.json")
    together = json.loads((tmp_path / "all.json").read_text())
    alone = []
    for file in files:
        succeed("predict", out, file, "--json", tmp_path / "one.json")
        alone += json.loads((tmp_path / "one.json").read_text())
    assert [(row["file"], row["class"]) for row in together] == [(row["file"], row["class"]) for row in alone]
    np.testing.assert_allclose([r["probability"] for r in together], [r["probability"] for r in alone], atol=1e-6)
    # The same images as files and as bytes of an array.
    found = {Path(row["file"]).name: row["probability"] for row in together}
    names = sorted((tmp_path / "small").rglob("*.png"))
    for number, file in enumerate(names):
        assert found[file.name] == pytest.approx(found[f"bytes.npy[{number}]"], abs=1e-6)


def test_a_domain_of_one_size_gets_that_size(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    np.savez(tmp_path / "short.npz", x=rng.normal(size=(60, 16)), y=np.arange(60) % 2)
    succeed("train", tmp_path / "short.npz", *SMALL, "--domain", "laplace", "--out", tmp_path / "run")
    np.save(tmp_path / "long.npy", rng.normal(size=(2, 32)))
    with pytest.warns(DataWarning, match=r"got samples of \(32,\), expected \(16,\); the laplace domain reads no"):
        command("predict", tmp_path / "run", tmp_path / "long.npy", "--json", tmp_path / "p.json")
    assert len(json.loads((tmp_path / "p.json").read_text())) == 2


def test_sounds_of_another_rate_are_refused(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    for number in range(20):
        folder = tmp_path / "sounds" / ("low" if number % 2 else "high")
        folder.mkdir(parents=True, exist_ok=True)
        wave = np.sin(np.arange(64) * (0.4 if number % 2 else 1.6) + rng.uniform(0, 6))
        wavfile.write(folder / f"{number}.wav", 8000, (20000 * wave).astype(np.int16))
    out = tmp_path / "run"
    succeed("train", tmp_path / "sounds", *SMALL, "--out", out)
    assert accuracy(out) == metrics(out)["test_accuracy"]
    assert "20 predictions" in succeed("predict", out, tmp_path / "sounds")
    wavfile.write(tmp_path / "other.wav", 16000, np.ones(64, np.int16))
    assert "got 16000 Hz, expected the model's 8000 Hz" in refused("predict", out, tmp_path / "other.wav")


# -- classes ---------------------------------------------------------------------------------------------
def test_a_model_has_an_output_per_class_that_occurs(tmp_path: Path) -> None:
    y = np.array([1990, 1995, 2003])[np.arange(90) % 3]
    some_digits(tmp_path / "years.npz", 90, y=y)
    out = tmp_path / "run"
    succeed("train", tmp_path / "years.npz", *SMALL, "--out", out)
    checkpoint = load_checkpoint(out / MODEL)
    assert checkpoint.info["classes"] == ["1990", "1995", "2003"]
    assert checkpoint.restore().outputs == 3
    assert accuracy(out) == metrics(out)["test_accuracy"]


# -- runs of earlier versions ------------------------------------------------------------------------------
def as_before(dataset: Dataset) -> Dataset:
    """A dataset of numbered classes as earlier versions read it: in float32, every number below the largest a class."""
    numbers = np.array([int(name) for name in dataset.classes])
    classes = tuple(map(str, range(numbers[-1] + 1)))
    return replace(dataset, stored=dataset.images.astype(np.float32), targets=numbers[dataset.targets], classes=classes)


@pytest.mark.parametrize(
    ("x", "y"),
    [
        (np.random.default_rng(0).normal(size=(90, 8, 8)), np.arange(90) % 3),
        (np.random.default_rng(0).normal(size=(90, 8, 8)), np.array([3, 7, 9])[np.arange(90) % 3]),
        (1e6 + np.random.default_rng(0).normal(size=(90, 8, 8)), np.arange(90) % 2),
        (np.random.default_rng(0).integers(0, 99, (90, 9, 32)), np.arange(90) % 2),
        (np.random.default_rng(0).normal(size=(90, 64, 1)), np.arange(90) % 2),
        (np.random.default_rng(0).normal(size=(90, 6, 6, 6)), np.arange(90) % 2),
    ],
)
def test_runs_of_earlier_versions_find_their_examples(tmp_path: Path, x: np.ndarray, y: np.ndarray) -> None:
    """Arrays were read by the number of their axes, and the run did not say how."""
    file, out = tmp_path / "set.npz", tmp_path / "run"
    np.savez(file, x=x, y=y)
    layout = {3: "n h w", 4: "n h w c"}[x.ndim]
    before = as_before(load(file, layout=layout))
    # A model of earlier versions: trained on what they read, without the reading in its information.
    np.savez(file, x=before.images, y=before.targets, classes=before.classes)
    succeed("train", file, *SMALL, "--layout", "nhwc", "--out", out)
    checkpoint = load_checkpoint(out / MODEL)
    info = {name: value for name, value in checkpoint.info.items() if name not in ("reading", "rate")}
    assert info["fingerprint"] == fingerprint(before)
    save(out / MODEL, replace(checkpoint, info=info))
    np.savez(file, x=x, y=y)
    assert accuracy(out) == pytest.approx(metrics(out)["test_accuracy"])
    assert len(info["classes"]) == len(before.classes)
    succeed("audit", out, "--samples", 8)
    changed = np.array(x)
    changed[5, 3, 0] += 1
    np.savez(file, x=changed, y=y)
    assert "examples that have changed" in refused("evaluate", out)


def test_comparisons_of_earlier_versions_go_on(
    channels_first: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    without_processes(monkeypatch)
    words = ("compare", channels_first, *QUICK, "--layout", "nchw", "--domains", "grid", "--seeds", 1)
    words += ("--processes", 1, "--out", tmp_path / "compared")
    succeed(*words)
    asked = tmp_path / "compared" / ASKED
    asked.write_text(json.dumps({k: v for k, v in json.loads(asked.read_text()).items() if k != "reading"}))
    assert "(kept)" in succeed(*words, "--resume")


def test_another_dataset_does_not_match() -> None:
    digits = load("digits")
    assert matching(digits, fingerprint(digits)) is digits
    assert matching(digits, "00000000") is None
    assert matching(digits.take(range(50)), fingerprint(digits)) is None


def test_an_unfinished_run_is_resumed_without_its_options(channels_first: Path, tmp_path: Path) -> None:
    out = tmp_path / "run"
    succeed("train", channels_first, *SMALL, "--layout", "nchw", "--size-to", "6x6", "--out", out)
    for name in (MODEL, METRICS):
        (out / name).unlink()
    assert (out / CHECKPOINT).is_file()
    succeed("train", channels_first, "--out", out, "--resume", "--quiet")
    assert (out / MODEL).is_file()


# -- what is told ------------------------------------------------------------------------------------------
def test_a_far_value_is_told_by_the_command(tmp_path: Path) -> None:
    x = np.random.default_rng(0).uniform(size=(60, 8, 8))
    x[7, 3, 3] = 1e6
    np.savez(tmp_path / "bright.npz", x=x, y=np.arange(60) % 2)
    with pytest.warns(DataWarning) as told:
        command("train", tmp_path / "bright.npz", *QUICK, "--out", tmp_path / "run")
    assert any("got 1e+06 in channel 0 of sample 7" in str(warning.message) for warning in told)
