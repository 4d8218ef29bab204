"""Warnings about data that can be used but are probably wrong, and silence about usual data."""

from __future__ import annotations

import re
import time
import warnings
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from freqnet.data import Dataset, from_arrays, load
from freqnet.data.oddities import far_samples, tell_oddities
from freqnet.errors import DataWarning
from freqnet.values import sample_ranges

RNG = np.random.default_rng(0)


def labelled(x: np.ndarray) -> Dataset:
    return Dataset("made", x, np.arange(len(x)) % 2, ("a", "b"))


# -- values far outside ----------------------------------------------------------------------------------
def test_one_bright_pixel_is_named(tmp_path: Path) -> None:
    x = RNG.uniform(size=(40, 8, 8, 3)).astype(np.float32)
    x[17, 3, 4, 1] = 1e6
    np.savez(tmp_path / "set.npz", x=x, y=np.arange(40) % 2)
    message = r"values of .*set.npz: got 1e\+06 in channel 1 of sample 17, expected values like .* to 0.99"
    with pytest.warns(DataWarning, match=message):
        load(tmp_path / "set.npz")


def test_the_file_of_a_far_value_is_named(tmp_path: Path) -> None:
    for number in range(12):
        folder = tmp_path / "ab"[number % 2]
        folder.mkdir(exist_ok=True)
        np.save(folder / f"{number}.npy", RNG.normal(size=(8, 8)) * (-1e9 if number == 5 else 1))
    with pytest.warns(DataWarning, match=r"got -?\d\.\d+e\+09 in channel 0 of .*b.5.npy, expected values like"):
        load(tmp_path)


@given(st.integers(6, 300), st.floats(2e3, 1e30), st.booleans(), st.integers(0, 1000), st.floats(1e-20, 1e20))
@settings(max_examples=60, deadline=None)
def test_a_far_value_is_found_at_every_scale(count: int, factor: float, below: bool, seed: int, scale: float) -> None:
    rng = np.random.default_rng(seed)
    x = rng.uniform(0.5, 1, size=(count, 9, 1)) * scale
    where = int(rng.integers(count))
    x[where, 4] = factor * scale * (-1 if below else 1)
    assert far_samples(*(limit[:, 0] for limit in sample_ranges(x))).tolist() == [where]


def test_several_far_values_are_counted() -> None:
    x = RNG.uniform(size=(400, 9, 1)).astype(np.float32)
    x[[7, 70, 200], 4] = [[1e6], [3e6], [2e6]]
    with pytest.warns(DataWarning, match=r"got 3e\+06 in channel 0 of sample 70, and in 2 others, expected"):
        tell_oddities(labelled(x))


USUAL = {
    "normal": lambda rng, shape: rng.normal(size=shape),
    "Student with 3 degrees of freedom": lambda rng, shape: rng.standard_t(3, size=shape),
    "log-normal": lambda rng, shape: rng.lognormal(sigma=3, size=shape),
    "Laplace": lambda rng, shape: rng.laplace(size=shape),
    "sparse": lambda rng, shape: (rng.random(shape) < 0.002) * rng.random(shape),
    "bright or dark": lambda rng, shape: rng.random(shape) * 10.0 ** rng.uniform(-3, 0, (shape[0], 1, 1)),
    "counts": lambda rng, shape: rng.poisson(0.01, size=shape),
    "large offset": lambda rng, shape: 1e6 + rng.normal(size=shape),
    "blank but one": lambda rng, shape: np.eye(shape[0])[:, :1, None] * np.ones(shape),
}


@pytest.mark.parametrize("name", USUAL)
def test_usual_data_are_not_told(name: str) -> None:
    for seed in range(40):
        rng = np.random.default_rng(seed)
        x = USUAL[name](rng, (int(rng.integers(5, 400)), 64, 1)).astype(np.float64)
        assert len(far_samples(*(limit[:, 0] for limit in sample_ranges(x)))) == 0, seed


def test_the_heaviest_tails_are_rarely_told() -> None:
    told = 0
    for seed in range(300):
        x = np.random.default_rng(seed).standard_cauchy((100, 64, 1))
        told += bool(len(far_samples(*(limit[:, 0] for limit in sample_ranges(x)))))
    assert told <= 6


def test_named_datasets_are_usual() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        tell_oddities(load("digits"))


def test_the_check_is_cheap() -> None:
    x = RNG.random((5000, 64, 64, 1), dtype=np.float32)
    start = time.process_time()
    tell_oddities(labelled(x))
    assert time.process_time() - start < 1


# -- equal samples ---------------------------------------------------------------------------------------
def test_equal_samples_are_told(tmp_path: Path) -> None:
    with pytest.warns(DataWarning, match="samples of made: got 8 equal ones, expected samples that differ"):
        tell_oddities(labelled(np.ones((8, 5, 1), np.float32)))
    x = RNG.normal(size=(8, 5, 1)).astype(np.float32)
    x[1::2] = x[1]
    with pytest.warns(DataWarning, match="samples of made: got 4 equal ones of class 'b', expected samples that"):
        tell_oddities(labelled(x))
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        for number in range(4):
            Image.new("L", (6, 6), 40).save(tmp_path / name / f"{number}.png")
    with pytest.warns(DataWarning, match="got 8 equal ones"):
        load(tmp_path)


def test_binary_samples_that_differ_are_not_told() -> None:
    x = (RNG.random((200, 9, 9)) < 0.5).astype(np.uint8)
    from_arrays(x, np.arange(200) % 2)
    from_arrays(np.ones((2, 9)), [0, 1])  # too few to be a mistake


@pytest.mark.parametrize(("copies", "is_told"), [(0, False), (1, False), (9, False), (10, True), (50, True)])
def test_many_copies_are_told(copies: int, is_told: bool) -> None:
    x = RNG.normal(size=(100, 9, 1)).astype(np.float32)
    x[20 : 20 + copies] = x[80 : 80 + copies] if copies < 20 else x[5]
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        tell_oddities(labelled(x))
    assert len(told) == is_told
    if is_told:
        message = rf"got {copies} copies of others, such as sample \d+, a copy of sample (5|20), expected samples that"
        assert re.search(message, str(told[0].message))


def test_test_samples_that_were_trained_on_are_told(tmp_path: Path) -> None:
    for part in ("train", "test"):
        for number in range(6):
            folder = tmp_path / part / "ab"[number % 2]
            folder.mkdir(parents=True, exist_ok=True)
            seed = number + (0 if number == 3 else 10 * len(part))
            np.save(folder / f"{number}.npy", np.random.default_rng(seed).normal(size=(8, 8)))
    message = r"test samples of .*: got 1 of 6 that are also in .*, such as .*test.b.3.npy, a copy of .*train.b.3"
    with pytest.warns(DataWarning, match=message):
        load(tmp_path)
