"""Running statistics after few training steps: measured anew, so that evaluation agrees with training."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from freqnet import nn
from freqnet.autodiff import no_grad
from freqnet.data import load, split
from freqnet.errors import DivergenceError
from freqnet.nn import Network
from freqnet.training import Model, Settings, Spectra, analyse, evaluate, fit
from freqnet.training.batches import Spectra as Batches
from freqnet.training.statistics import lagging_layers, recalibrate

DIGITS = load("digits")
# The package has a function of the same name.
LOOP = sys.modules["freqnet.training.fit"]


def few(count: int, seed: int = 0) -> tuple[Network, Spectra]:
    """A network and some digits in random order."""
    part = DIGITS.take(np.random.default_rng(seed).permutation(len(DIGITS))[:count])
    network = Model(widths=(8, 8, 8)).network(part, seed)
    return network, analyse(network, part)


def gap(network: Network, spectra: Spectra) -> float:
    """How much larger the loss is in evaluation than with the statistics of all examples as one batch."""
    found = evaluate(network, spectra).loss
    before = {name: array.copy() for name, array in network.arrays().items()}
    network.train()
    norms = [layer for _, layer in network.body.modules() if layer.state]
    for norm in norms:
        norm.momentum = 1.0
    with no_grad(), network.guard(counts=False):
        network.body(spectra.take(np.arange(len(spectra))).x)
    for norm in norms:
        norm.momentum = 0.1
    network.train(False)
    best = evaluate(network, spectra).loss
    network.body.load_arrays(before)
    return found - best


@pytest.mark.parametrize("batch", [80, 40])
@pytest.mark.parametrize("domain", ["fourier", "grid"])
def test_a_few_steps_are_evaluated_as_they_were_trained(
    domain: str, batch: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    part = DIGITS.take(np.random.default_rng(0).permutation(len(DIGITS))[:80])
    gaps = []
    for is_mended in (True, False):
        if not is_mended:
            # The negative control: with the running averages alone, evaluation is worse.
            monkeypatch.setattr(LOOP, "lagging_layers", lambda *arguments: [])
        network = Model(domain, widths=(8, 8, 8)).network(part, 0)
        spectra = analyse(network, part)
        fit(network, spectra, settings=Settings(epochs=10, batch=batch, learning_rate=8e-3))
        gaps.append(gap(network, spectra))
    assert abs(gaps[0]) < 0.02
    assert gaps[1] > 0.03 + abs(gaps[0])


def test_many_steps_keep_the_running_averages(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*arguments: object) -> None:
        raise AssertionError

    found = []
    for patch in (False, True):
        if patch:
            monkeypatch.setattr(LOOP, "recalibrate", refuse)
        network, spectra = few(200)
        fit(network, spectra, settings=Settings(epochs=20, batch=20))
        found.append({name: array.tobytes() for name, array in network.arrays().items()})
    assert found[0] == found[1]


@pytest.mark.parametrize(
    ("choices", "least"), [({"frequency_dropout": 0}, 0.1), ({"depth": (1,), "stochastic_depth": 0.4}, 0.02)]
)
def test_statistics_after_dropout_are_measured_without_it_after_any_number_of_steps(
    choices: dict[str, Any], least: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    part = DIGITS.take(np.random.default_rng(0).permutation(len(DIGITS))[:400])
    losses = []
    for is_mended in (True, False):
        if not is_mended:
            # The negative control: averages of signals that were dropped.
            monkeypatch.setattr(LOOP, "lagging_layers", lambda *arguments: [])
        network = Model(widths=(8, 8, 8), **choices).network(part, 0)
        spectra = analyse(network, part)
        # More steps than after which running averages count as converged.
        fit(network, spectra, settings=Settings(epochs=30, batch=50, learning_rate=8e-3))
        losses.append(evaluate(network, spectra).loss)
    assert losses[0] < losses[1] - least


def test_only_layers_behind_dropout_are_measured_anew() -> None:
    network, _ = few(50)
    layers = lambda *before: nn.Sequential(nn.PowerNorm(), *before, nn.PowerNorm(), nn.GlobalAverage(), nn.Dense(10))
    for drop, count in (
        ((), 0), ((nn.ChannelDropout(0),), 0), ((nn.ChannelDropout(0.1),), 1), ((nn.FrequencyDropout(),), 1)
    ):  # fmt: skip
        other = Network(network.door, layers(*drop))
        other.train()
        assert [layer is other.body.layers[2] for layer in lagging_layers(other, 10_000)] == [True] * count
        assert lagging_layers(other, 0) == []


def test_the_default_runs_take_enough_steps() -> None:
    network = Model().network(DIGITS)
    network.train()
    # 23 steps per epoch on digits, 40 on mnist-5k, 30 epochs each.
    assert lagging_layers(network, 199)
    assert not lagging_layers(network, 30 * 23)


def test_the_statistics_are_those_of_the_batches_with_the_last_weights() -> None:
    network, spectra = few(90)
    body = nn.Sequential(nn.PowerNorm(), nn.FrequencyDropout(), nn.GlobalAverage(), nn.Dense(10))
    network = Network(network.door, body)
    norm = body.layers[0]
    network.train()
    recalibrate(network, [norm], spectra, 40, np.random.default_rng(3))
    order, mean, variance = np.random.default_rng(3).permutation(90), 0.0, 0.0
    for start in (0, 40, 80):
        x, labels = spectra.take(order[start : start + 40])
        samples = network.door.space.synthesis(x.data, network.door.space.grid)
        mean += len(labels) / 90 * samples.mean()
        variance += len(labels) / 90 * samples.var()
    assert norm.state["mean"].item() == pytest.approx(mean, abs=1e-5)
    assert norm.state["variance"].item() == pytest.approx(variance, rel=1e-5)
    assert all(layer.training for _, layer in body.modules())
    assert norm.momentum == 0.1


def test_the_number_of_examples_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    network, spectra = few(90)
    network.train()
    monkeypatch.setattr("freqnet.training.statistics.MOST_EXAMPLES", 30)
    taken: list[int] = []
    original = Batches.take
    monkeypatch.setattr(Batches, "take", lambda self, picks: taken.append(len(picks)) or original(self, picks))
    recalibrate(network, lagging_layers(network, 10), spectra, 20, np.random.default_rng(0))
    assert taken == [20, 10]


def test_validation_sees_the_statistics_that_the_best_weights_get() -> None:
    """The weights that are kept give the validation loss in the history, and training does not depend on it."""
    parts = split(DIGITS.take(np.arange(150)), test=0.2, seed=0)
    settings = Settings(epochs=6, batch=60, learning_rate=8e-3)
    losses = []
    for validates in (True, False):
        network = Model(widths=(8, 8, 8)).network(parts.train)
        train, held = analyse(network, parts.train), analyse(network, parts.test)
        history = fit(network, train, held if validates else None, settings)
        losses.append(history.column("loss"))
        if validates:
            assert evaluate(network, held).loss == min(history.column("validation_loss"))
    assert losses[0] == losses[1]


def test_layers_whose_average_stands_still_keep_it() -> None:
    network, _ = few(50)
    network.train()
    for _, layer in network.body.modules():
        if layer.state:
            layer.momentum = 0.0
    assert lagging_layers(network, 10) == []


@pytest.mark.parametrize("momentum", [0.1, 1.0])
def test_divergence_does_not_spoil_the_statistics(momentum: float, tmp_path: Path) -> None:
    """A batch that overflows would stay in an average for good; neither the loss nor its diagnosis may leave it."""
    network, spectra = few(60)
    for _, layer in network.body.modules():
        if layer.state:
            layer.momentum = momentum
    array = spectra.array.copy()
    array[..., :5, :] *= np.float32(1e30)
    weights = {name: p.data.copy() for name, p in network.named_parameters().items()}
    with pytest.raises(DivergenceError):
        fit(network, Spectra(array, spectra.targets, spectra.space), settings=Settings(epochs=1, batch=60))
    assert all(np.isfinite(state).all() for state in network.body.named_state().values())
    assert all(np.array_equal(p.data, weights[name]) for name, p in network.named_parameters().items())
