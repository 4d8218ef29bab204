"""Data with parts of their own: folders train, val and test."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from test_cli_train import refused, succeed

from freqnet.data import Dataset, from_arrays, load, split, stratified_folds, validate
from freqnet.data.cifar import CIFAR
from freqnet.errors import DataError, DataWarning
from freqnet.experiments import Job, fingerprint, make_plan
from freqnet.training import load_checkpoint

CLASSES = ("cat", "dog")


def write(folder: Path, count: int, start: int, size: int = 8, classes: tuple[str, ...] = CLASSES) -> None:
    """Write images of one grey level each, ``start`` and the following ones; the level identifies the image."""
    for number in range(count):
        own = folder / classes[number % len(classes)]
        own.mkdir(parents=True, exist_ok=True)
        pixels = np.full((size, size), start + number, np.uint8)
        # The samples of a class are not all equal.
        Image.fromarray(pixels).save(own / f"{start + number:03d}.png")


def levels(dataset: Dataset | None) -> set[int]:
    return set() if dataset is None else {round(255 * float(image[0, 0, 0])) for image in dataset.images}


@pytest.fixture
def parted(tmp_path: Path) -> Path:
    """A folder with 20 training, 6 validation and 8 test images."""
    for part, count, start in (("train", 20, 0), ("val", 6, 100), ("test", 8, 200)):
        write(tmp_path / "set" / part, count, start)
    return tmp_path / "set"


@pytest.mark.parametrize(
    "names", [("train", "val", "test"), ("Train", "validation", "TEST"), ("train", "valid", "test")]
)
def test_folders_are_the_parts(parted: Path, names: tuple[str, str, str]) -> None:
    for before, name in zip(("train", "val", "test"), names, strict=True):
        (parted / before).rename(parted / name)
    dataset = load(parted)
    assert (len(dataset), dataset.official_validation, dataset.official_test) == (34, 6, 8)
    assert (dataset.classes, dataset.name) == (CLASSES, "set")
    # The shares apply to parts that the data do not have.
    for shares in ({}, {"test": 0.5, "validation": 0.5}):
        parts = split(dataset, **shares, seed=3)
        assert levels(parts.train) == set(range(20))
        assert levels(parts.validation) == set(range(100, 106))
        assert levels(parts.test) == set(range(200, 208))
    held = np.concatenate([test for _, test in stratified_folds(dataset, 2)])
    assert levels(dataset.take(held)) == set(range(20))


def test_without_a_test_folder_the_test_part_is_drawn_from_train(parted: Path) -> None:
    shutil.rmtree(parted / "test")
    with pytest.warns(
        DataWarning, match="got train without test, expected a test set; the test part is drawn from the others"
    ):
        parts = split(load(parted), test=0.2)
    assert levels(parts.validation) == set(range(100, 106))
    assert levels(parts.train) | levels(parts.test) == set(range(20))
    assert len(parts.test) == 4
    shutil.rmtree(parted / "val")
    with pytest.warns(DataWarning, match="got train without test"):
        parts = split(load(parted), validation=0.25)
    assert (len(parts.train), len(parts.validation or ()), len(parts.test)) == (12, 4, 4)


def test_a_validation_set_belongs_to_the_checksum(parted: Path) -> None:
    """A run must not go on with its validation set in the place of its test set."""
    shutil.rmtree(parted / "test")
    with pytest.warns(DataWarning):
        before = fingerprint(load(parted))
    (parted / "val").rename(parted / "test")
    assert fingerprint(load(parted)) != before


def test_the_size_of_the_test_set_belongs_to_the_checksum(tmp_path: Path) -> None:
    """Examples that a run was trained on must not pass as held out once the boundary has moved."""
    generator = np.random.default_rng(0)
    x, y = generator.random((60, 8, 8)), np.arange(60) % 2
    file, test, everything, out = (tmp_path / name for name in ("train.npz", "test.npz", "all.npz", "run"))

    def write(count: int) -> None:
        np.savez(file, x=x[:count], y=y[:count])
        np.savez(test, x=x[count:], y=y[count:])

    write(40)
    np.savez(everything, x=x, y=y)
    words = ("train", file, "--test-data", test, "--schedule", "constant", "--out", out)
    succeed(*words, "--epochs", 2)
    before = load_checkpoint(out / "model.safetensors").info["fingerprint"]
    assert fingerprint(load(file, test_data=test)) == before
    assert fingerprint(load(everything)) != before
    write(30)
    assert "expected the data it began with" in refused(*words, "--epochs", 3, "--resume")
    assert "expected the data it was trained on" in refused("evaluate", out)


def test_the_size_of_the_network_follows_all_samples_as_the_settings_do(tmp_path: Path) -> None:
    file, x = tmp_path / "colour.npz", np.random.default_rng(0).random((2001, 17, 17, 3), np.float32)
    np.savez(file, x=x, y=np.arange(2001) % 2)
    plan = make_plan(Job(str(file), settings={"epochs": 1}), load(file), resume=False)
    assert (plan.info["model"]["size"], plan.info["settings"]["optimizer"]) == ("huge", "muon")
    few = make_plan(Job(str(file)), load(file).take(np.arange(1999)), resume=False)
    assert (few.info["model"]["size"], few.info["settings"]["optimizer"]) == ("xlarge", "adamw")


def test_arrays_that_are_not_read_are_told(tmp_path: Path) -> None:
    file, x = tmp_path / "all.npz", np.random.default_rng(0).random((8, 5, 5))
    np.savez(file, x=x, y=np.arange(8) % 2, x_test=x[:2], y_test=np.arange(2))
    with pytest.warns(DataWarning, match=r"also the arrays x_test, y_test, which are not read.*pass test_data="):
        assert len(load(file)) == 8


def flat(folder: Path) -> None:
    """Move the files of the class folders up."""
    for file in sorted(folder.rglob("*.png")):
        file.rename(folder / file.name)
    for own in [item for item in folder.iterdir() if item.is_dir()]:
        own.rmdir()


def test_folders_that_may_be_parts_or_classes_are_refused(parted: Path, tmp_path: Path) -> None:
    def refused(message: str) -> None:
        with pytest.raises(DataError, match=message) as caught:
            load(parted)
        assert "\n" not in str(caught.value)

    write(parted / "notes", 2, 50)
    refused("got notes beside train and val and test, expected train and test.*; move notes elsewhere")
    shutil.rmtree(parted / "notes")
    shutil.copytree(parted / "val", parted / "validation")
    refused("got val and validation, expected one of them; merge them, or remove one")
    shutil.rmtree(parted / "validation")
    (parted / "train").rename(tmp_path / "aside")
    refused("got val and test without train, .*; add train, or rename one of them")
    shutil.rmtree(parted / "val")
    refused(r"got test without train, .* or name .*test to use it alone")
    (tmp_path / "aside").rename(parted / "train")
    flat(parted / "test")
    refused(
        "got test without subfolders, .*; sort its files into class folders, or move test elsewhere if they have no"
    )
    flat(parted / "train")
    refused("got train and test without subfolders, which may be parts or classes, .*or rename the folders if they are")


def test_train_may_be_a_class_of_vehicles(tmp_path: Path) -> None:
    write(tmp_path, 6, 0, classes=("bus", "train"))
    assert load(tmp_path).classes == ("bus", "train")
    (tmp_path / "train" / "more").mkdir()
    with pytest.warns(DataWarning, match="that are not read"):
        assert load(tmp_path).classes == ("bus", "train")


def test_a_class_outside_of_train_is_refused(parted: Path) -> None:
    write(parted / "val", 1, 50, classes=("cow",))
    with pytest.raises(DataError, match="got the class 'cow' in val only, expected its samples in train"):
        load(parted)


def test_a_part_may_lack_a_class(parted: Path) -> None:
    shutil.rmtree(parted / "val" / "dog")
    assert split(load(parted)).validation.class_counts() == {"cat": 3, "dog": 0}  # type: ignore[union-attr]


def test_files_beside_the_class_folders_are_told(parted: Path) -> None:
    shutil.copy(parted / "train" / "cat" / "000.png", parted / "train" / "lost.png")
    with pytest.warns(DataWarning, match=r"1 files or folders that are not read, such as .*lost\.png"):
        load(parted)


# -- in memory ----------------------------------------------------------------------------------------------
def made(count: int = 12, **counts: int) -> Dataset:
    plain = from_arrays(np.arange(8.0 * count).reshape(count, 8), np.arange(count) % 2)
    return replace(plain, **{f"official_{part}": number for part, number in counts.items()})


@pytest.mark.parametrize(
    ("counts", "message"),
    [
        ({"validation": 12}, "official validation set of arrays: got 12 of 12 samples"),
        ({"validation": -1}, "official validation set of arrays: got -1 of 12"),
        ({"validation": 6, "test": 6}, "official validation set of arrays: got 6 of 12"),
    ],
)
def test_samples_are_left_to_train_on(counts: dict[str, int], message: str) -> None:
    validate(made(validation=3, test=8))
    with pytest.raises(DataError, match=message):
        validate(made(**counts))
    if min(counts.values()) > 0:
        with pytest.raises(DataError, match=r"got 0 samples beside 12 official validation and test samples"):
            split(made(**counts))


def test_chosen_samples_have_no_official_parts() -> None:
    taken = made(validation=3, test=4).take(np.arange(12))
    assert (taken.official_validation, taken.official_test) == (0, 0)


# -- CIFAR --------------------------------------------------------------------------------------------------
def test_cifar_from_folders_of_images(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ten = CIFAR["cifar10"].classes
    rng = np.random.default_rng(0)
    for part in ("train", "test"):
        for number in range(20):
            folder = tmp_path / "cifar10" / part / ten[number % 10]
            folder.mkdir(parents=True, exist_ok=True)
            image = rng.integers(0, 256, (32, 32, 3), dtype=np.uint8)
            Image.fromarray(image).save(folder / f"{number}.png")
    monkeypatch.setenv("FREQNET_DATA", str(tmp_path))
    for dataset in (load("cifar10"), load("cifar10", folder=tmp_path), load("cifar10", folder=tmp_path / "cifar10")):
        assert (dataset.name, dataset.classes, len(dataset), dataset.official_test) == ("cifar10", ten, 40, 20)
    with pytest.raises(DataError, match="got no such files, expected the binary files of CIFAR-100"):
        load("cifar100", folder=tmp_path)
    for file in (tmp_path / "cifar10").rglob("*.png"):
        Image.fromarray(rng.integers(0, 256, (16, 16, 3), dtype=np.uint8)).save(file)
    with pytest.raises(
        DataError, match=r"got images of \(16, 16\) with 3 channels, expected colour images of \(32, 32\)"
    ):
        load("cifar10")
