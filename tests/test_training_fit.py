"""The training loop: its settings, its end, and the weights that it keeps."""

from __future__ import annotations

import importlib
import re
import warnings
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from freqnet import ops
from freqnet.data import load, split
from freqnet.errors import ConfigurationError, DataError, DivergenceError, FreqnetError
from freqnet.nn import Dense, Module, Network, Sequential
from freqnet.optim import Constant, Cosine, Momentum, OneCycle, WarmRestarts
from freqnet.training import History, Model, Progress, Settings, Spectra, analyse, evaluate, exploding_layer, fit
from freqnet.training.settings import SCHEDULES

QUICK = Settings(epochs=2, batch=40)


def prepare(seed: int = 0, **choices: Any) -> tuple[Network, Spectra, Spectra]:
    """A small network, 150 digits for training and 50 for validation."""
    parts = split(load("digits").take(np.arange(200)), test=0.25, seed=1)
    network = Model(**{"widths": (4, 4, 4), **choices}).network(parts.train, seed)
    return network, analyse(network, parts.train), analyse(network, parts.test)


def weights(settings: Settings, **choices: Any) -> dict[str, np.ndarray]:
    network, train, _ = prepare(settings.seed, **choices)
    fit(network, train, settings=settings)
    return network.arrays()


def same(a: dict[str, np.ndarray], b: dict[str, np.ndarray]) -> bool:
    return a.keys() == b.keys() and all(np.array_equal(a[name], b[name]) for name in a)


# --- Seeds ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("domain", ["fourier", "grid"])
def test_the_same_seed_gives_the_same_bits_and_another_does_not(domain: str) -> None:
    settings = replace(QUICK, shift=0.5)
    first = weights(settings, domain=domain)
    assert same(first, weights(settings, domain=domain))
    assert not same(first, weights(replace(settings, seed=1), domain=domain))


def test_each_random_choice_depends_on_the_seed_alone() -> None:
    np.random.seed(1)  # the global generator must not be used
    first = weights(QUICK)
    np.random.seed(2)
    assert same(first, weights(QUICK))


# --- Settings -------------------------------------------------------------------------------------


@pytest.mark.parametrize("optimizer", ["sgd", "momentum", "adam", "adamw", "muon"])
@pytest.mark.parametrize("schedule", ["cosine", "one-cycle", "restarts", "constant"])
def test_every_optimizer_and_schedule_learns(optimizer: str, schedule: str) -> None:
    rate = 0.05 if optimizer in ("sgd", "momentum") else 5e-3
    network, train, _ = prepare()
    before = evaluate(network, train).loss
    settings = Settings(epochs=3, batch=50, learning_rate=rate, optimizer=optimizer, schedule=schedule)
    history = fit(network, train, settings=settings)
    assert history.column("epoch") == [1, 2, 3]
    assert evaluate(network, train).loss < before


def test_names_choose_optimizers_and_schedules() -> None:
    network, _, _ = prepare()
    made = Settings(optimizer="momentum", weight_decay=0.5).make_optimizer(network.body.named_parameters())
    assert isinstance(made, Momentum)
    assert made.weight_decay == 0.5
    steps = {name: Settings(schedule=name).make_schedule(100) for name in SCHEDULES}
    assert [type(steps[name]) for name in steps] == [Cosine, OneCycle, WarmRestarts, Constant]
    assert steps["cosine"](5) == Settings().learning_rate  # after a warm-up of a twentieth
    assert steps["cosine"](4) < steps["cosine"](5)


def test_learning_rate_follows_the_schedule() -> None:
    network, train, _ = prepare()
    history = fit(network, train, settings=replace(QUICK, epochs=3))
    steps = 3 * 4  # 150 examples in batches of 40
    expected = [Settings().make_schedule(steps)(4 * epoch - 1) for epoch in (1, 2, 3)]
    assert history.column("learning_rate") == expected


def test_weight_decay_spares_biases_gains_and_coefficients() -> None:
    network, train, _ = prepare()
    before = {name: array.copy() for name, array in network.arrays().items()}
    decaying = replace(QUICK, epochs=1, optimizer="sgd", weight_decay=1e-3, clip=1e-12, batch=150, schedule="constant")
    fit(network, train, settings=replace(decaying, learning_rate=100.0))
    for name, parameter in network.body.named_parameters().items():
        shrunk = name.endswith(("kernel", "weight"))
        np.testing.assert_allclose(parameter.data, before[name] * (0.9 if shrunk else 1), rtol=1e-5, atol=1e-8)


@pytest.mark.parametrize("smoothing", [0.0, 0.3])
def test_smoothing_reaches_the_loss(smoothing: float) -> None:
    network, train, _ = prepare()
    network.body.train(True)
    x, labels = train.take(np.arange(len(train)))
    expected = ops.cross_entropy(network(x), labels, smoothing).item()
    still = Settings(epochs=1, batch=len(train), learning_rate=0.0, smoothing=smoothing)
    assert fit(network, train, settings=still).rows[0]["loss"] == pytest.approx(expected, rel=1e-5)


def test_clip_bounds_the_step() -> None:
    lengths = {}
    for clip in (0.0, 0.01):
        network, train, _ = prepare()
        before = {name: p.data.copy() for name, p in network.body.named_parameters().items()}
        plain = Settings(epochs=1, batch=150, learning_rate=1.0, optimizer="sgd", schedule="constant", weight_decay=0.0)
        fit(network, train, settings=replace(plain, clip=clip))
        moved = [np.sum((p.data - before[name]) ** 2) for name, p in network.body.named_parameters().items()]
        lengths[clip] = np.sqrt(np.sum(moved))
    assert lengths[0.01] == pytest.approx(0.01, rel=1e-3)
    assert lengths[0.0] > 0.1


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"epochs": 0}, "epochs: got 0, expected a whole number of 1 or more"),
        ({"batch": 2.5}, "batch: got 2.5, expected a whole number"),
        ({"patience": -1}, "patience: got -1"),
        ({"seed": -1}, "seed: got -1"),
        ({"learning_rate": float("nan")}, "learning_rate: got nan, expected a finite number"),
        ({"clip": float("inf")}, "clip: got inf"),
        ({"weight_decay": -0.1}, "weight_decay: got -0.1"),
        ({"shift": -1.0}, "shift: got -1.0"),
        ({"smoothing": 1.0}, "smoothing: got 1.0"),
        ({"optimizer": "lion"}, "optimizer: got 'lion', expected sgd or momentum or adam or adamw or muon"),
        ({"schedule": "step"}, "schedule: got 'step', expected cosine or one-cycle or restarts or constant"),
    ],
)
def test_settings_out_of_range(change: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigurationError, match=message):
        Settings(**change)


# --- Kept weights and the end ---------------------------------------------------------------------


def mislabelled(spectra: Spectra) -> Spectra:
    """Mislabelled examples: their loss grows as the network learns the right classes."""
    return replace(spectra, targets=(spectra.targets + 1) % 10)


def test_the_weights_of_the_lowest_validation_loss_are_kept() -> None:
    network, train, validation = prepare()
    validation = mislabelled(validation)
    history = fit(network, train, validation, Settings(epochs=5, batch=20, learning_rate=0.01))
    losses = history.column("validation_loss")
    assert min(losses) < losses[-1], "the run must get worse at the end, or it shows nothing"
    best = int(np.argmin(losses))
    result = evaluate(network, validation)
    assert (result.loss, result.accuracy) == (losses[best], history.column("validation_accuracy")[best])


def test_patience_stops_that_many_epochs_after_the_best() -> None:
    network, train, validation = prepare()
    validation = mislabelled(validation)
    settings = Settings(epochs=20, batch=20, learning_rate=0.01, patience=2)
    losses = fit(network, train, validation, settings).column("validation_loss")
    assert len(losses) < 20
    assert len(losses) - 1 - int(np.argmin(losses)) == 2
    assert evaluate(network, validation).loss == min(losses)


def test_without_validation_the_last_weights_are_kept_and_patience_is_refused() -> None:
    network, train, _ = prepare()
    history = fit(network, train, settings=QUICK)
    assert "validation_loss" not in history.rows[0]
    with pytest.raises(ConfigurationError, match="patience: got no validation examples"):
        fit(network, train, settings=replace(QUICK, patience=1))


def test_empty_sets_are_refused() -> None:
    network, train, _ = prepare()
    empty = Spectra(train.array[..., :0, :], train.targets[:0], train.space)
    with pytest.raises(DataError, match="training split: got no examples"):
        fit(network, empty)
    with pytest.raises(DataError, match="evaluation: got no examples"):
        evaluate(network, empty)


def test_labels_the_network_does_not_have_are_refused() -> None:
    network, train, _ = prepare()
    with pytest.raises(DataError, match=r"labels: got \d+ to 12, expected 0 to 9"):
        fit(network, replace(train, targets=train.targets + 3), settings=QUICK)


def test_progress_sees_each_step_and_each_epoch() -> None:
    seen: list[dict[str, Any]] = []
    network, train, validation = prepare()
    history = fit(network, train, validation, QUICK, callbacks=[Progress(seen.append)])
    assert [figures.get("step") for figures in seen] == [1, 2, 3, 4, None] * 2
    assert [figures for figures in seen if "step" not in figures] == history.rows
    assert {"loss", "accuracy", "images_per_second", "validation_loss"} <= history.rows[0].keys()
    assert history.seconds == sum(history.column("seconds")) > 0
    assert History().seconds == 0


# --- Divergence -----------------------------------------------------------------------------------


@pytest.mark.parametrize("domain", ["fourier", "grid"])
def test_divergence_names_the_epoch_and_the_layer(domain: str) -> None:
    network, train, _ = prepare(domain=domain)
    wild = Settings(epochs=5, batch=10, learning_rate=1e6, clip=0.0, schedule="constant")
    with pytest.raises(
        DivergenceError,
        match=r"epoch 1: got a gradient that is not finite.*; layer \d+ \(\w+\), power .*learning_rate=100000",
    ):
        fit(network, train, settings=wild)


@pytest.mark.parametrize("optimizer", ["sgd", "momentum", "adam"])
def test_weights_that_overflow_end_in_one_error_without_warnings(optimizer: str) -> None:
    network, train, _ = prepare()
    wild = Settings(epochs=9, batch=10, learning_rate=1e38, optimizer=optimizer, schedule="constant")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with pytest.raises(DivergenceError):
            fit(network, train, settings=wild)


def test_what_is_no_network_and_a_layer_that_returns_no_tensor_are_told() -> None:
    class Wrong(Module):
        is_static = True

        def _build(self, signal: Any, generator: Any) -> Any:
            return signal

        def forward(self, x: Any) -> Any:
            return x.data

    network, train, _ = prepare()
    with pytest.raises(ConfigurationError, match="fit: got a Compiled, expected a Network"):
        fit(network.compile(), train, settings=QUICK)  # type: ignore[arg-type]
    with pytest.raises(ConfigurationError, match="network: got a Door and a list, expected a Door and a layer"):
        Network(network.door, [Dense(10)])  # type: ignore[arg-type]
    wrong = Network(network.door, Sequential((Wrong(), Dense(10))))
    with pytest.raises(ConfigurationError, match="layer Wrong: got a ndarray from forward, expected a Tensor"):
        fit(wrong, train, settings=QUICK)


def test_what_would_fail_later_fails_before_the_first_step(tmp_path: Path) -> None:
    class Plain(Module):
        def _build(self, signal: Any, generator: Any) -> Any:
            return signal

        def forward(self, x: Any) -> Any:
            return x

    network, train, validation = prepare()
    seen: list[Any] = []
    more = replace(validation, targets=validation.targets + 5)
    with pytest.raises(DataError, match="labels: got 5 to 14, expected 0 to 9"):
        fit(network, train, more, QUICK, callbacks=[Progress(seen.append)])
    plain = Network(network.door, Sequential((Plain(), Dense(10))))
    with pytest.raises(ConfigurationError, match="layer 0: got Plain, expected a registered dataclass"):
        fit(plain, train, settings=QUICK, checkpoint=tmp_path / "model.safetensors", callbacks=[Progress(seen.append)])
    with pytest.raises(ConfigurationError, match="layer Plain"):
        plain.describe()
    assert not seen
    assert not list(tmp_path.iterdir())


def test_the_first_layer_that_explodes_is_named() -> None:
    network, train, _ = prepare()
    x, _ = train.take(np.arange(8))
    assert re.fullmatch(r"layer \d+ \(\w+\), power [\d.e+-]+", exploding_layer(network, x))
    network.body.named_parameters()["5.kernel"].data[...] = 1e30
    assert exploding_layer(network, x).startswith("layer 5 (Convolution), power")
    network.body.named_parameters()["1.kernel"].data[...] = np.nan
    assert exploding_layer(network, x) == "layer 1 (Convolution), power nan"


def test_evaluation_of_broken_weights_is_an_error() -> None:
    network, train, _ = prepare()
    network.body.named_parameters()["9.kernel"].data[...] = np.inf
    with pytest.raises(DivergenceError, match=r"evaluation: got a loss of nan; layer 9 \(Convolution\)"):
        evaluate(network, train)


# --- No transform after the door ------------------------------------------------------------------


def forbid_fft(monkeypatch: pytest.MonkeyPatch) -> int:
    """Make every FFT of NumPy and SciPy raise."""

    def forbidden(*arguments: Any, **options: Any) -> None:
        raise AssertionError("an FFT was called")

    count = 0
    for name in ("numpy.fft", "scipy.fft", "scipy.fftpack", "scipy.signal"):
        module = importlib.import_module(name)
        for entry in dir(module):
            if "fft" in entry and "freq" not in entry and "shift" not in entry and callable(getattr(module, entry)):
                monkeypatch.setattr(module, entry, forbidden)
                count += 1
    return count


@pytest.mark.parametrize("domain", ["fourier", "grid", "grid-fft"])
def test_training_calls_no_fft_after_the_door(domain: str, monkeypatch: pytest.MonkeyPatch) -> None:
    network, train, validation = prepare(domain=domain)
    assert forbid_fft(monkeypatch) > 40
    settings = replace(QUICK, shift=0.0 if domain == "grid-fft" else 0.5)
    if domain == "grid-fft":  # control: this domain convolves samples by FFT
        with pytest.raises(AssertionError, match="an FFT was called"):
            fit(network, train, validation, settings)
        return
    fit(network, train, validation, settings)
    evaluate(network, validation)
    assert network.transforms_inside == 0


# --- Presets --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("choices", "message"),
    [
        ({"domain": "wavelet"}, "domain: got 'wavelet'"),
        ({"kernel": "gabor"}, "kernel: got 'gabor'"),
        ({"activation": "swish"}, "activation: got 'swish'"),
        ({"activation": "relu"}, "'relu' in the fourier domain, expected an activation of modes"),
        ({"modes": 9}, r"modes: got 9, expected an odd number from 1 to 7 on a grid of \(8, 8\)"),
        ({"modes": 4}, "modes: got 4, expected an odd number"),
        ({"modes": -1}, "modes: got -1"),
        ({"gate_band": 4}, "gate band: got 4, expected 0 to 3"),
        ({"gate_band": -1}, "gate band: got -1"),
    ],
)
def test_models_that_cannot_be_made(choices: dict[str, Any], message: str) -> None:
    with pytest.raises(FreqnetError, match=message):
        Model(**choices).network(load("digits"))
