"""A test set from data of its own: which samples are tested, what is refused, and runs that repeat it."""

from __future__ import annotations

import json
import shutil
import tomllib
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from scipy.io import wavfile
from test_cli_train import SMALL, command, refused, same_weights, succeed, without_plots

from freqnet.data import DATASETS, Dataset, from_arrays, load, register_dataset, split
from freqnet.errors import ConfigurationError, DataError, DataWarning
from freqnet.experiments import Comparison, Job, compare, run
from freqnet.experiments.engine import make_tasks
from freqnet.experiments.seeds import _tasks
from freqnet.training import Progress, load_checkpoint
from freqnet.training.files import CONFIG, METRICS, MODEL

RNG = np.random.default_rng(0)
QUICK = SMALL[:-1]


def save(path: Path, x: Any, y: Any, classes: Any = None) -> Path:
    np.savez(path, x=x, y=y, **({} if classes is None else {"classes": np.array(classes)}))
    return path


def photos(folder: Path, count: int, classes: tuple[str, ...] = ("cat", "dog", "owl"), mode: str = "RGB") -> Path:
    for number in range(count):
        own = folder / classes[number % len(classes)]
        own.mkdir(parents=True, exist_ok=True)
        shape = (8, 8, 3) if mode == "RGB" else (8, 8)
        light = RNG.integers(0, 60, shape) + 80 * (number % len(classes))
        Image.fromarray(light.astype(np.uint8)).save(own / f"{number:03d}.png")
    return folder


# -- which samples are tested --------------------------------------------------------------------------------
def test_the_samples_of_the_other_data_are_the_test_set(tmp_path: Path) -> None:
    x, y = RNG.normal(size=(30, 8)), np.arange(30) % 3
    tested = RNG.normal(size=(7, 8))
    data = save(tmp_path / "a.npz", x, y, ["a", "b", "c"])
    # Classes are matched by their names: this file has two of them, in another order.
    other = save(tmp_path / "b.npz", tested, [0, 1, 1, 0, 1, 0, 0], ["c", "a"])
    dataset = load(data, test_data=other)
    assert (len(dataset), dataset.official_test, dataset.classes, dataset.name) == (37, 7, ("a", "b", "c"), "a")
    parts = split(dataset, test=0.5, validation=0.2)
    np.testing.assert_array_equal(parts.test.images[..., 0], tested.astype(np.float32))
    np.testing.assert_array_equal(parts.test.targets, [2, 0, 0, 2, 0, 2, 2])
    assert len(parts.train) + len(parts.validation or ()) == 30


def test_images_are_read_alike(tmp_path: Path) -> None:
    data = photos(tmp_path / "photos", 12)
    grey = photos(tmp_path / "grey", 6, mode="L")
    dataset = load(data, test_data=grey)
    # Alone, grey images have one channel.
    assert (load(grey).channels, dataset.channels, dataset.stored.dtype) == (1, 3, np.uint8)
    np.testing.assert_array_equal(dataset.images[12:], np.repeat(load(grey).images, 3, axis=-1))
    with pytest.raises(DataError, match=r"test data photos: got 3 channels, expected 1, as for training; convert"):
        load(grey, test_data=data)


@pytest.mark.parametrize("dtype", ["u1", "i8", "f4", "f8"])
def test_whole_numbers_come_to_the_units_of_the_training_set(tmp_path: Path, dtype: str) -> None:
    x, y = RNG.integers(0, 256, (30, 8, 8), dtype=np.uint8), np.arange(30) % 3
    data = save(tmp_path / "a.npz", x[:20], y[:20])
    values = (x[20:] / 255 if dtype[0] == "f" else x[20:]).astype(dtype)
    dataset = load(data, test_data=save(tmp_path / "b.npz", values, y[20:]))
    np.testing.assert_allclose(dataset.images[..., 0], x / 255, rtol=1e-6)
    assert dataset.full_scale == 255


def test_layout_and_size_apply_to_both(tmp_path: Path) -> None:
    y = np.arange(12) % 3
    data = save(tmp_path / "a.npz", RNG.normal(size=(12, 2, 8, 8)), y)
    tested = RNG.normal(size=(12, 2, 8, 8))
    dataset = load(data, layout="nchw", test_data=save(tmp_path / "b.npz", tested, y))
    np.testing.assert_array_equal(dataset.images[12:], np.moveaxis(tested, 1, -1).astype(np.float32))
    large = save(tmp_path / "c.npz", RNG.normal(size=(12, 2, 12, 12)), y)
    with pytest.raises(DataError, match=r"test data c: got samples of \(12, 12\), expected \(8, 8\).*size_to=\(8, 8\)"):
        load(data, layout="nchw", test_data=large)
    assert load(data, layout="nchw", size_to=(6, 6), test_data=large).grid == (6, 6)


@pytest.mark.parametrize("task", ["regression", "multi-label", "field"])
def test_other_tasks(tmp_path: Path, task: str) -> None:
    x = RNG.normal(size=(20, 8))
    y = {"regression": x[:, :2] * 3, "multi-label": (x[:, :3] > 0).astype(int), "field": x[:, :, None] ** 2}[task]
    data, other = save(tmp_path / "a.npz", x[:12], y[:12]), save(tmp_path / "b.npz", x[12:], y[12:])
    dataset, whole = load(data, task=task, test_data=other), from_arrays(x, y, task=task)
    np.testing.assert_array_equal(dataset.images, whole.images)
    np.testing.assert_array_equal(dataset.targets, whole.targets)
    assert (dataset.official_test, dataset.task) == (8, whole.task)
    with pytest.raises(ConfigurationError, match=r"task: got .* for b|task: got"):
        load(data, task=task, test_data=photos(tmp_path / "photos", 6))


def test_data_with_a_test_set_of_their_own(tmp_path: Path) -> None:
    for part, count in (("train", 12), ("val", 6), ("test", 9)):
        photos(tmp_path / "set" / part, count)
    photos(tmp_path / "plain", 15)
    whole, plain = load(tmp_path / "set"), load(tmp_path / "plain")
    # Of data for the test, their test set is taken.
    dataset = load(tmp_path / "plain", test_data=tmp_path / "set")
    np.testing.assert_array_equal(split(dataset).test.images, split(whole).test.images)
    assert len(split(dataset).train) == 15
    # Of data to train on, it is left out, which is told.
    with pytest.warns(DataWarning, match="got 9 test samples of its own, which are not used, expected one test set"):
        dataset = load(tmp_path / "set", test_data=tmp_path / "plain")
    parts = split(dataset)
    np.testing.assert_array_equal(parts.test.images, plain.images)
    assert (len(parts.train), len(parts.validation or ())) == (12, 6)
    np.testing.assert_array_equal(parts.validation.images, split(whole).validation.images)  # type: ignore[union-attr]
    # A test set that is named needs no other.
    shutil.rmtree(tmp_path / "set" / "test")
    assert load(tmp_path / "set", test_data=tmp_path / "plain").official_test == 15
    with pytest.raises(DataError, match="got folders train and val without test, expected samples for the test"):
        load(tmp_path / "plain", test_data=tmp_path / "set")
    with pytest.warns(DataWarning, match="got train without test, .* or name data for the test, as with test_data="):
        load(tmp_path / "set")


def test_a_named_dataset_may_be_the_test_data(tmp_path: Path) -> None:
    x, y = RNG.normal(size=(10, 8, 1)).astype(np.float32), np.arange(10) % 2
    register_dataset("made-up", lambda: Dataset("made-up", x, y, ("0", "1"), official_test=4))
    try:
        dataset = load(save(tmp_path / "a.npz", RNG.normal(size=(6, 8)), [0, 1, 2, 0, 1, 2]), test_data="made-up")
        np.testing.assert_array_equal(split(dataset).test.images, x[6:])
    finally:
        del DATASETS["made-up"]


def test_samples_in_both_are_told(tmp_path: Path) -> None:
    x, y = RNG.normal(size=(12, 8)), np.arange(12) % 3
    data = save(tmp_path / "a.npz", x, y)
    other = save(tmp_path / "b.npz", np.concatenate([RNG.normal(size=(5, 8)), x[3:4]]), y[:6])
    with pytest.warns(DataWarning, match="got 1 of 6 that are also in the training set, such as sample 17, a copy of "):
        load(data, test_data=other)


@pytest.mark.parametrize(
    ("other", "message"),
    [
        (lambda p: p / "absent.npz", r"got no file .*absent\.npz, expected an existing file"),
        (lambda p: "zebra", r"dataset: got '.*zebra', expected digits"),
        *(
            (lambda p, own=own: own, r"test_data: got .*, expected the name or the path of data; pass")
            for own in ("", 3, [], True)
        ),
        (lambda p: save(p / "b.npz", RNG.normal(size=(4, 9)), [0, 1, 2, 1]), r"got samples of \(9,\), .*size_to=8"),
        (
            lambda p: save(p / "b.npz", RNG.normal(size=(4, 8, 1, 2)), [0, 1, 2, 1]),
            "whose axes can be read|got samples",
        ),
        (
            lambda p: save(p / "b.npz", RNG.normal(size=(4, 8)), [0, 1, 5, 1]),
            r"dataset b: got the class '5' among 3, expected the 3 classes of training \(0, 1, 2\)",
        ),
        (lambda p: save(p / "b.npz", np.full((4, 8), np.nan), [0, 1, 2, 1]), "got 32 NaN"),
    ],
)
def test_test_data_that_do_not_fit(tmp_path: Path, other: Callable[[Path], Any], message: str) -> None:
    data = save(tmp_path / "a.npz", RNG.normal(size=(12, 8)), np.arange(12) % 3)
    with pytest.raises((DataError, ConfigurationError), match=message) as caught:
        load(data, test_data=other(tmp_path))
    assert "\n" not in str(caught.value)


def test_sounds_of_another_rate_are_refused(tmp_path: Path) -> None:
    for folder, rate in (("a", 8000), ("b", 16000)):
        for number in range(6):
            own = tmp_path / folder / f"class{number % 2}"
            own.mkdir(parents=True, exist_ok=True)
            wavfile.write(own / f"{number}.wav", rate, RNG.integers(-9000, 9000, 32).astype(np.int16))
    with pytest.raises(DataError, match="got sounds at 16000 Hz, expected 8000 Hz, as for training; resample"):
        load(tmp_path / "a", test_data=tmp_path / "b")


# -- runs ------------------------------------------------------------------------------------------------------
@pytest.fixture
def files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with an archive to train on and one for the test, which is the current folder."""
    without_plots(monkeypatch)
    monkeypatch.chdir(tmp_path)
    digits = load("digits").take(np.arange(150))
    for name, rows in (("a", slice(100)), ("b", slice(100, 130)), ("c", slice(130, 150))):
        save(tmp_path / f"{name}.npz", digits.images[rows, ..., 0], digits.targets[rows])
    return tmp_path


def metrics(folder: Path | str) -> dict[str, Any]:
    return json.loads((Path(folder) / METRICS).read_text())


def measured(*words: object) -> dict[str, Any]:
    succeed("evaluate", *words, "--json", "e.json")
    return json.loads(Path("e.json").read_text())


def test_a_run_keeps_and_repeats_its_test_data(files: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shown = succeed("train", "a.npz", "--test-data", "b.npz", *QUICK, "--out", "run")
    assert "100 to train on, 30 held out" in shown
    found = metrics("run")
    assert (found["train_samples"], found["test_samples"]) == (100, 30)
    assert "--test-data b.npz" in found["command"]
    assert load_checkpoint(Path("run", MODEL)).info["reading"]["test_data"] == str(files / "b.npz")
    assert tomllib.loads(Path("run", CONFIG).read_text())["reading"] == {"test_data": str(files / "b.npz")}
    (files / "elsewhere").mkdir()
    monkeypatch.chdir(files / "elsewhere")
    succeed("train", "--config", "../run/run.toml", "--out", "again", "--quiet")
    assert same_weights(Path("again"), files / "run")
    assert metrics("again")["test_accuracy"] == found["test_accuracy"]
    # Its own data by any path are measured on the samples held out, others on all.
    for data in ((), ("../a.npz",), (files / "a.npz",)):
        own = measured(files / "run", *data)
        assert (own["held_out"], own["samples"], own["accuracy"]) == (True, 30, found["test_accuracy"])
    other = measured(files / "run", files / "b.npz")
    assert (other["held_out"], other["samples"], other["accuracy"]) == (False, 30, found["test_accuracy"])
    succeed("audit", files / "run", "--samples", 5)


def test_a_copy_of_the_training_data_is_told(files: Path) -> None:
    """It would otherwise be measured as new data."""
    succeed("train", "a.npz", "--test-data", "b.npz", *SMALL, "--out", "run")
    shutil.copy("a.npz", "copy.npz")
    with pytest.warns(DataWarning, match="dataset copy: got the examples that the model was trained on"):
        command("evaluate", "run", "copy.npz")


def test_the_weights_of_an_epoch_do_not_depend_on_the_test_data(files: Path) -> None:
    for number, name in enumerate("bc"):
        succeed("train", "a.npz", "--test-data", f"{name}.npz", *SMALL, "--out", f"run{number}")
    assert same_weights(Path("run0"), Path("run1"))


def test_a_run_resumes_with_its_test_data(files: Path) -> None:
    class StopError(Exception):
        pass

    def stop(figures: dict[str, Any]) -> None:
        if figures["epoch"] == 2:
            raise StopError

    choices: dict[str, Any] = {"settings": {"epochs": 3}, "model": {"widths": (4, 4, 4)}}
    job = Job("a.npz", out=files / "run", reading={"test_data": "b.npz"}, **choices)
    straight = run(Job("a.npz", out=files / "straight", reading={"test_data": "b.npz"}, **choices), report=False)
    with pytest.raises(StopError):
        run(job, callbacks=[Progress(stop)])
    # Other data for the test are refused, also in the place of the stored ones.
    line = refused("train", "a.npz", "--test-data", "c.npz", "--out", "run", "--resume")
    assert "expected the data it began with" in line
    Path("b.npz").rename("moved.npz")
    assert "no file" in refused("train", "a.npz", "--out", "run", "--resume")
    shutil.copy("c.npz", "b.npz")
    assert "expected the data it began with" in refused("train", "a.npz", "--out", "run", "--resume")
    Path("b.npz").unlink()
    succeed("train", "a.npz", "--test-data", "moved.npz", "--out", "run", "--resume", "--quiet")
    assert same_weights(files / "run", files / "straight")
    assert metrics("run")["test_accuracy"] == straight["test_accuracy"]


def test_runs_in_other_processes_find_the_test_data(files: Path) -> None:
    """These may have another current folder."""
    reading = {"test_data": "b.npz"}
    dataset = load("a.npz", **reading)
    comparison = Comparison("a.npz", ("grid",), (0,), files / "compared", reading=reading)
    jobs = [make_tasks(comparison, dataset)[0].job, _tasks(Job("a.npz", reading=reading), 1, dataset)[0].job]
    assert [job.reading for job in jobs] == [{"test_data": str(files / "b.npz")}] * 2
    assert "--test-data b.npz" in comparison.command()
    with ThreadPoolExecutor(1) as executor:
        small = Comparison(
            "a.npz", ("grid",), (0,), files / "small", model={"widths": (4,)}, settings={"epochs": 1}, reading=reading
        )
        compare(small, executor)
    assert metrics("small/grid-seed0")["test_samples"] == 30


def test_fine_tuning_on_the_training_data_alone_is_told(files: Path) -> None:
    """Its random test part would hold samples that the weights were trained on."""
    succeed("train", "a.npz", "--test-data", "b.npz", *SMALL, "--out", "run")
    with pytest.warns(DataWarning, match="got the images that the weights were trained on"):
        command("train", "a.npz", "--from", "run", "--epochs", 1, "--out", "tuned")
    succeed("train", "a.npz", "--test-data", "c.npz", "--from", "run", "--epochs", 1, "--out", "other", "--quiet")
