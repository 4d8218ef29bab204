"""The page on the spectral-pooling network: its layers against sums over samples, its search and its full mode."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from itertools import pairwise, product
from math import erf, exp, floor, pi, sqrt
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from pages import definitions

from freqnet.data import Dataset, from_arrays, split
from freqnet.training import Callback, Settings

pytest.importorskip("optuna")
pytest.importorskip("matplotlib")


@pytest.fixture
def page(tmp_path: Path) -> Any:
    """The page, with results in a folder of the test."""
    found: Any = definitions("spectral_pooling_network", options=SimpleNamespace(trials=2, seeds=2, epochs=1))
    found.RESULTS = tmp_path / "results.json"
    found.RUNS, found.TRIALS = (found.Store(found.RESULTS, name) for name in ("runs", "trials"))
    return found


def dataset(side: int, count: int = 30, channels: int = 1) -> Dataset:
    x = np.random.default_rng(3).normal(size=(count, side, side, channels)).astype(np.float32)
    return from_arrays(x, np.arange(count) % 3)


# -- equation 5, by sums -------------------------------------------------------------------------------
def convolved(x: np.ndarray, kernel: np.ndarray, bias: np.ndarray, size: int, sign: int = 1) -> np.ndarray:
    """Circular convolution of ``(rows, columns, channels)`` with taps ``(size * size, inputs, outputs)``."""
    first, out = -((size - 1) // 2), np.zeros((*x.shape[:2], kernel.shape[-1]))
    for tap, (i, j) in enumerate(product(range(first, first + size), repeat=2)):
        out += np.roll(x, (sign * i, sign * j), (0, 1)) @ kernel[tap]
    return out + bias


def at(x: np.ndarray, side: int, most: int) -> np.ndarray:
    """The modes up to `most` of samples along each axis, on a grid of `side` samples, by sums."""
    n = len(x)
    k = np.arange(-most, most + 1)
    there = np.exp(2j * np.pi * np.outer(np.arange(side), k) / side)
    matrix = (there @ np.exp(-2j * np.pi * np.outer(k, np.arange(n)) / n) / n).real
    return np.einsum("ir,js,rsc->ijc", matrix, matrix, x)


def relu(x: np.ndarray) -> np.ndarray:
    return np.maximum(x, 0)


def gaussian(x: np.ndarray) -> np.ndarray:
    """The quadratic nearest to ReLU for normal values of the mean and the power of each channel, in the band."""
    n, out = len(x), np.zeros_like(x)
    fine = at(x, 2 * n + 1, (n - 1) // 2)
    for c in range(x.shape[-1]):
        mean, deviation = x[..., c].mean(), sqrt(x[..., c].var() + 1e-5)
        t = mean / deviation
        density, below = exp(-t * t / 2) / sqrt(2 * pi), (1 + erf(t / sqrt(2))) / 2
        centred = fine[..., c] - mean
        found = mean * below + deviation * density + below * centred
        found += density / deviation / 2 * (centred**2 - deviation**2)
        out[..., c] = at(found[..., None], n, (n - 1) // 2)[..., 0]
    return out


def equation_5(image: np.ndarray, made: Any, sides: list[int], form: str, sign: int = 1) -> np.ndarray:
    """The logits of an image by the weights of a network."""
    convolutions = [layer for layer in made.body.layers if type(layer).__name__ == "Convolution"]
    weights = [(w.parameters["kernel"].data, w.parameters["bias"].data[0]) for w in convolutions]
    curve = relu if form == "samples" else gaussian
    x = (image - np.array(made.door.offset)) / np.array(made.door.scale)
    if form == "fourier":
        x = at(x, sides[0], (sides[0] - 1) // 2)
    for (kernel, bias), side, after in zip(weights, sides, sides[1:], strict=False):
        x = curve(convolved(x, kernel, bias, min(3, side), sign))
        x = curve(at(x, after, min((after - 1) // 2, (side - 1) // 2)))
    for step, (kernel, bias) in enumerate(weights[-2:]):
        x = convolved(x, kernel, bias, 1)
        x = x if step else curve(x)
    return x.mean((0, 1))


@pytest.mark.parametrize("form", ["samples", "fourier"])
@pytest.mark.parametrize(
    ("side", "gamma", "layers"), [(9, 0.7, 2), (8, 0.6, 2), (7, 0.85, 3), (11, 0.5, 3), (5, 0.25, 1)]
)
def test_logits_are_those_of_equation_5(page: Any, form: str, side: int, gamma: float, layers: int) -> None:
    choices = replace(page.PAPER, gamma=gamma, layers=layers, width=1 / 32)
    data = dataset(side, channels=2)
    made = page.network(form, choices, data, seed=1)
    image = data.images[0].astype(float)
    expected = equation_5(image, made, choices.sides(side), form)
    np.testing.assert_allclose(made.predict(data.images[:1])[0], expected, atol=2e-5)
    # The controls: mirrored taps, and the other form.
    other = "fourier" if form == "samples" else "samples"
    for wrong in (equation_5(image, made, choices.sides(side), form, -1),
                  equation_5(image, made, choices.sides(side), other)):  # fmt: skip
        assert np.abs(wrong - expected).max() > 1e-3


def test_the_paper_s_sides_and_channels(page: Any) -> None:
    for layers in range(1, 16):
        choices = replace(page.PAPER, layers=layers)
        sides = choices.sides(32)
        for before, after in pairwise(sides):
            assert after == max(1, floor(Fraction(85, 100) * before))
        assert all(choices.channels(m) == min(96 + 32 * m, 288) for m in range(1, layers + 1))
    # 0.7 * 10 is a whole number, but not in floating point.
    assert replace(page.PAPER, gamma=0.7, layers=1).sides(10) == [10, 7]
    assert replace(page.PAPER, gamma=0.29, layers=1).sides(100) == [100, 29]


@pytest.mark.parametrize(("alpha", "beta"), [("0.3", "0.15"), ("0", "0"), ("0.8", "0.1"), ("0.15", "0.8")])
def test_the_smallest_radius_is_that_of_the_smallest_square(page: Any, alpha: str, beta: str) -> None:
    choices = replace(page.PAPER, alpha=float(alpha), beta=float(beta))
    for layer, side in product(range(1, 7), range(1, 40)):
        c = Fraction(alpha) + Fraction(layer, 6) * (Fraction(beta) - Fraction(alpha))
        square = floor(c * side)
        kept = sum(1 for k in range(-side, side + 1) if 2 * abs(k) + 1 <= max(square, 1))
        assert choices.radius(layer, side) == (kept - 1) // 2


def test_dropout_is_where_modes_can_be_dropped(page: Any) -> None:
    body = page.body("fourier", replace(page.PAPER, layers=4, gamma=0.5, width=0.1), 32, 10)
    drops = [layer.minimum for layer in body.layers if type(layer).__name__ == "FrequencyDropout"]
    # c is 0.2625, 0.225, 0.1875 and 0.15, of 16, 8, 4 and 2 rows: 4, 1, 0 and 0 rows. A side of 2 has the mean only.
    assert drops == [1, 0, 0]


def test_the_learning_rate_falls_after_epochs_100_and_140(page: Any) -> None:
    rate = page.Recipe(learning_rate=1.0).make_schedule(150 * 7)
    expected = {(0, 0): 1, (99, 6): 1, (100, 0): 0.1, (139, 6): 0.1, (140, 0): 0.01, (149, 6): 0.01}
    for (epoch, step), value in expected.items():
        assert np.isclose(rate(7 * epoch + step), value)
    made = page.network("fourier", replace(page.PAPER, layers=1, width=0.01), dataset(5), 0)
    optimizer = page.Recipe().make_optimizer(made.named_parameters())
    assert (type(optimizer).__name__, optimizer.momentum, optimizer.weight_decay) == ("Momentum", 0.95, 3e-4)


# -- the search ----------------------------------------------------------------------------------------
def distance(choices: Any) -> float:
    """A stand-in for an error, with its least at gamma = 0.6."""
    return abs(choices.gamma - 0.6) + 0.01 * choices.layers


def test_an_interrupted_search_has_the_same_trials(page: Any) -> None:
    kept: list[Any] = []
    whole = page.search(distance, 9, [], kept.append)
    first = page.search(distance, 4, [], kept.append)
    assert page.search(distance, 9, first, kept.append) == whole
    assert kept == [*whole, *whole]
    assert page.search(distance, 9, whole, kept.append) == whole
    assert {name: whole[0][name] for name in page.SPACE} == {name: getattr(page.SMALL, name) for name in page.SPACE}
    for row in whole:
        assert 0.25 <= row["gamma"] <= 0.85
        assert row["layers"] in range(1, 6)
    # The control: the sampler learns from what was kept.
    changed = [row | {"error": 1 - row["error"]} for row in whole[:8]]
    assert page.search(distance, 9, changed, kept.append)[8] != whole[8]


def test_a_trial_that_diverges_is_the_worst(page: Any) -> None:
    def diverges(choices: Any) -> float:
        raise page.DivergenceError("a loss of inf")

    assert [row["error"] for row in page.search(diverges, 2, [], lambda row: None)] == [1.0, 1.0]


# -- the full mode -------------------------------------------------------------------------------------
def test_the_full_mode_goes_on_where_it_stopped(page: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    parts = split(dataset(6, 90), test=0.3)
    monkeypatch.setattr(page, "SMALL", replace(page.SMALL, width=0.02))
    page.train_small(parts, ["fourier"])
    trials, runs = page.TRIALS.rows(), page.RUNS.rows()
    assert [row["number"] for row in trials] == [0, 1]
    assert sorted((row["choices"], row["seed"]) for row in runs) == [
        ("paper's choices", 0), ("paper's choices", 1), ("searched", 0), ("searched", 1),
    ]  # fmt: skip
    assert all(0 <= row["error"] <= 1 and row["images"] == len(parts.train) for row in runs)
    best = min(trials, key=lambda row: row["error"])
    searched = next(row for row in runs if row["choices"] == "searched")
    assert all(searched["network"][name] == best[name] for name in page.SPACE)

    def never(*_: Any, **__: Any) -> None:
        raise AssertionError("trained again")

    monkeypatch.setattr(page, "trained", never)
    page.train_small(parts, ["fourier"])
    assert (page.TRIALS.rows(), page.RUNS.rows()) == (trials, runs)
    with pytest.raises(AssertionError, match="trained again"):
        page.train_small(parts, ["samples"])


@pytest.mark.parametrize("form", ["samples", "fourier"])
def test_the_paper_s_training_goes_on_from_its_checkpoint(
    page: Any, form: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    parts = split(dataset(6, 90), test=0.3)
    choices = replace(page.PAPER, layers=2, width=0.02)
    settings = page.Recipe(epochs=3, learning_rate=0.05)
    whole, _ = page.trained(form, choices, parts.train, settings)

    class Kill(Callback):
        def epoch(self, row: dict[str, Any], run: Any) -> None:
            if row["epoch"] == 2:
                raise KeyboardInterrupt

    plain = page.trained
    monkeypatch.setattr(page, "trained", lambda *given, **more: plain(*given, **more, callbacks=[Kill()]))
    with pytest.raises(KeyboardInterrupt):
        page.train_paper(parts, [form], choices, settings)
    assert page.RUNS.rows() == []
    done: list[Any] = []
    monkeypatch.setattr(page, "trained", lambda *given, **more: done.append(plain(*given, **more)) or done[-1])
    page.train_paper(parts, [form], choices, settings)
    (row,), ((made, _),) = page.RUNS.rows(), done
    assert row["epochs"] == 3
    assert row["error"] == page.error(whole, parts.test)
    for name, array in whole.arrays().items():
        np.testing.assert_array_equal(made.arrays()[name], array)


def test_short_trainings_have_no_augmentation(page: Any) -> None:
    settings = page.short(page.SMALL, 4, 1)
    assert isinstance(settings, Settings)
    assert (settings.augment, settings.shift, settings.smoothing, settings.epochs, settings.seed) == (None, 0, 0, 4, 1)
