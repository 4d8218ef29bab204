"""Predictions averaged over moved copies, against predictions of samples that are moved by hand."""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import cache
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from test_cli_train import refused, succeed

from freqnet import nn
from freqnet.data import load
from freqnet.errors import ConfigurationError, SpaceError
from freqnet.tasks import Classification, Field, MultiLabel, Regression
from freqnet.training import Settings, analyse, evaluate, fit, predict_averaged

DIGITS = load("digits").take(np.arange(40))


def mirrored(x: np.ndarray) -> np.ndarray:
    return x[:, :, ::-1]


def same(x: np.ndarray) -> np.ndarray:
    return x


def rolled(by: int, axis: int) -> Callable[[np.ndarray], np.ndarray]:
    return lambda x: np.roll(x, by, axis)


def turned(count: int) -> Callable[[np.ndarray], np.ndarray]:
    return lambda x: np.rot90(x, count, (1, 2))


STEPS = [same, rolled(1, 1), rolled(-1, 1), rolled(1, 2), rolled(-1, 2)]
COPIES: dict[str, list[list[Callable[[np.ndarray], np.ndarray]]]] = {
    "mirror": [[same, mirrored]],
    "mirror-all": [[same, mirrored], [same, lambda x: x[:, ::-1]]],
    "turns": [[turned(k) for k in range(4)]],
    "mirror,shift=1": [[same, mirrored], STEPS],
    "shift=1, turns": [STEPS, [turned(k) for k in range(4)]],
}


@cache
def network(domain: str = "fourier", is_field: bool = False) -> nn.Network:
    head: tuple[nn.Module, ...] = (nn.Convolution(2),) if is_field else (nn.Dense(10),)
    body = nn.Sequential((nn.Convolution(6), nn.PowerNorm(), nn.Polynomial(), *head))
    return nn.Network(nn.Door(domain, (8, 8), (3, 3), 1), body, precision=np.float64)


def copies(words: str, samples: np.ndarray) -> list[np.ndarray]:
    out = []
    for functions in product(*COPIES[words]):
        moved = samples
        for function in functions:
            moved = function(moved)
        out.append(np.ascontiguousarray(moved))
    return out


def mean_probability(logits: list[np.ndarray]) -> np.ndarray:
    shares = [np.exp(z) / np.exp(z).sum(axis=1, keepdims=True) for z in logits]
    return sum(shares) / len(shares)


@pytest.mark.parametrize("domain", ["fourier", "hartley", "grid"])
@pytest.mark.parametrize("words", COPIES)
def test_probabilities_are_the_mean_over_moved_samples(words: str, domain: str) -> None:
    net, samples = network(domain), DIGITS.images[:5].astype(float)
    expected = mean_probability([net.predict(copy) for copy in copies(words, samples)])
    found = predict_averaged(net, samples, words)
    np.testing.assert_allclose(np.exp(found), expected, atol=1e-9)
    assert np.abs(mean_probability([net.predict(samples)]) - expected).max() > 1e-5
    np.testing.assert_array_equal(found, predict_averaged(net, samples, words))


def test_without_words_nothing_is_averaged() -> None:
    net, samples = network(), DIGITS.images[:5]
    np.testing.assert_array_equal(predict_averaged(net, samples, ()), net.predict(samples))


@pytest.mark.parametrize("words", ["mirror", "turns", "mirror-all"])
def test_signals_are_moved_back_before_the_mean(words: str) -> None:
    net, samples = network(is_field=True), DIGITS.images[:3].astype(float)
    assert net.output_space is not None
    back: dict[str, list[Callable[[np.ndarray], np.ndarray]]] = {
        "mirror": [same, mirrored],
        "mirror-all": [same, mirrored, lambda x: x[:, ::-1], lambda x: x[:, ::-1, ::-1]],
        "turns": [turned(-k) for k in range(4)],
    }
    forward = [same, mirrored, lambda x: x[:, ::-1], lambda x: x[:, ::-1, ::-1]] if words == "mirror-all" else None
    moved = [f(samples) for f in forward] if forward else copies(words, samples)
    expected = np.mean(
        [f(net.predict(np.ascontiguousarray(x))) for f, x in zip(back[words], moved, strict=True)], axis=0
    )
    found = predict_averaged(net, samples, words, Field())
    np.testing.assert_allclose(found, expected, atol=1e-9)
    assert np.abs(found - net.predict(samples)).max() > 1e-5
    assert predict_averaged(net, samples, words, Field(), grid=16).shape == (3, 16, 16, 2)


def test_shifts_of_a_network_that_commutes_with_them_change_no_signal() -> None:
    net, samples = network(is_field=True), DIGITS.images[:3].astype(float)
    np.testing.assert_allclose(predict_averaged(net, samples, "shift=0.37", Field()), net.predict(samples), atol=1e-9)


def test_each_task_averages_what_a_user_reads() -> None:
    logits = [np.random.default_rng(seed).normal(size=(4, 3)) * 30 for seed in (0, 1)]
    np.testing.assert_allclose(np.exp(Classification().average(logits)), mean_probability(logits))
    labels = MultiLabel().average(logits)
    np.testing.assert_allclose(1 / (1 + np.exp(-labels)), sum(1 / (1 + np.exp(-z)) for z in logits) / 2)
    np.testing.assert_allclose(Regression().average(logits), (logits[0] + logits[1]) / 2)
    assert all(task.average([z.astype(np.float32) for z in logits]).dtype == np.float32 for task in (
        Classification(), MultiLabel(), Regression(), Field()))  # fmt: skip
    # A label that is sure in all copies stays finite.
    assert np.isfinite(MultiLabel().average([np.full((1, 1), 800.0)] * 2)).all()


def test_evaluation_measures_the_averaged_predictions() -> None:
    net = nn.Network(network().door, nn.Sequential((nn.Convolution(4), nn.PowerNorm(), nn.Polynomial(), nn.Dense(10))))
    spectra = analyse(net, DIGITS)
    fit(net, spectra, settings=Settings(epochs=4, batch=20))
    found = evaluate(net, spectra, tta="shift=1")
    shares = mean_probability([net.predict(copy).astype(float) for copy in [f(DIGITS.images) for f in STEPS]])
    np.testing.assert_allclose(np.exp(found.outputs), shares, atol=1e-5)
    assert found.accuracy == np.mean(shares.argmax(axis=1) == DIGITS.targets)
    np.testing.assert_allclose(found.loss, -np.log(shares[np.arange(40), DIGITS.targets]).mean(), rtol=1e-4)
    assert evaluate(net, spectra).loss != found.loss
    np.testing.assert_allclose(evaluate(net.compile(), spectra, tta="shift=1").outputs, found.outputs, atol=1e-6)


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (
            "rotate",
            "tta: got 'rotate', expected words among mirror, mirror-all, turns, shift; pass tta='mirror,shift=2'",
        ),
        ("brightness=1", "tta: got 'brightness', expected words among mirror, mirror-all, turns, shift;"),
        ("miror", "tta: got 'miror', expected words among .*; did you mean 'mirror'. pass tta='mirror'"),
        ("shift=x", "tta shift: got the amount 'x', expected a number of samples; pass a number, as in tta='shift=2'"),
        ("turns,turns,turns,turns,turns", "tta: got 1024 copies, expected at most 256"),
    ],
)
def test_words_that_have_no_copies_are_refused(words: str, message: str) -> None:
    with pytest.raises(ConfigurationError, match=message):
        predict_averaged(network(), DIGITS.images[:2], words)


def test_what_does_not_suit_is_refused() -> None:
    with pytest.raises(ConfigurationError, match="got the laplace domain, expected a domain of periodic signals"):
        predict_averaged(
            nn.Network(nn.Door("laplace", (8, 8), (7, 7), 1), nn.Dense(2), precision=np.float64), DIGITS.images[:2]
        )
    with pytest.raises(SpaceError, match="predict_averaged: got a str, expected a Network"):
        predict_averaged("network", DIGITS.images[:2])  # type: ignore[arg-type]
    with pytest.raises(ConfigurationError, match="grid: got 8 for 10 outputs that are plain numbers"):
        predict_averaged(network(), DIGITS.images[:2], grid=8)
    with pytest.raises(ConfigurationError, match="batch: got 0"):
        predict_averaged(network(), DIGITS.images[:2], batch=0)


def test_the_commands_average_and_say_so(run: Path, tmp_path: Path) -> None:
    found: list[Any] = []
    for options in ((), ("--tta", "shift=1")):
        succeed("evaluate", run, *options, "--json", tmp_path / "e.json")
        found.append(json.loads((tmp_path / "e.json").read_text()))
    assert found[0]["loss"] != found[1]["loss"]
    assert ("tta" in found[0], found[1]["tta"]) == (False, "shift=1")
    np.savez(tmp_path / "some.npz", x=DIGITS.images[:4])
    for options in ((), ("--tta", "mirror,shift=1")):
        succeed("predict", run, tmp_path / "some.npz", *options, "--json", tmp_path / "p.json")
        found.append(json.loads((tmp_path / "p.json").read_text()))
    assert [row["probability"] for row in found[2]] != [row["probability"] for row in found[3]]
    assert "; pass --tta mirror,shift=2" in refused("evaluate", run, "--tta", "rotate")
    assert "did you mean 'mirror'? pass --tta mirror" in refused(
        "predict", run, tmp_path / "some.npz", "--tta", "miror"
    )
