"""Class weights in the loss, and frozen layers."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from freqnet import nn, ops
from freqnet.autodiff import Tensor, backward
from freqnet.data import load
from freqnet.errors import ConfigurationError, ShapeError
from freqnet.nn import Network
from freqnet.tasks import BinaryCrossEntropy, CrossEntropy, Outputs
from freqnet.tasks.weights import class_weights
from freqnet.training import Model, Progress, Settings, analyse, fit
from freqnet.training.frozen import frozen_parameters

DIGITS = load("digits").take(np.arange(150))


# -- class weights -----------------------------------------------------------------------------------
def weighted_loss(logits: np.ndarray, labels: np.ndarray, smoothing: float, weights: np.ndarray) -> float:
    """The loss of PyTorch's ``cross_entropy``, written out as sums."""
    total = 0.0
    for row, label in zip(logits, labels, strict=True):
        logs = row - row.max() - np.log(np.exp(row - row.max()).sum())
        total -= (1 - smoothing) * weights[label] * logs[label]
        total -= smoothing / len(row) * sum(w * value for w, value in zip(weights, logs, strict=True))
    return total / sum(weights[label] for label in labels)


@given(st.integers(1, 6), st.integers(1, 5), st.floats(0, 0.9), st.integers(0, 10_000))
def test_the_weighted_loss_is_that_of_pytorch(batch: int, classes: int, smoothing: float, seed: int) -> None:
    generator = np.random.default_rng(seed)
    logits, labels = generator.normal(size=(batch, classes)), generator.integers(classes, size=batch)
    weights = generator.uniform(0.1, 3, classes)
    found = ops.cross_entropy(Tensor(logits), labels, smoothing, weights).item()
    assert found == pytest.approx(weighted_loss(logits, labels, smoothing, weights), rel=1e-10, abs=1e-12)
    equal = ops.cross_entropy(Tensor(logits), labels, smoothing, np.full(classes, 7.0)).item()
    assert equal == pytest.approx(ops.cross_entropy(Tensor(logits), labels, smoothing).item(), rel=1e-12, abs=1e-12)


def test_the_gradient_of_the_weighted_loss() -> None:
    generator = np.random.default_rng(0)
    values, labels, weights = generator.normal(size=(4, 3)), np.array([0, 2, 2, 1]), np.array([1.0, 0.0, 4.0])
    logits = Tensor(values, requires_grad=True)
    backward(ops.cross_entropy(logits, labels, 0.1, weights))
    for place in np.ndindex(values.shape):
        step = np.zeros_like(values)
        step[place] = 1e-6
        slope = weighted_loss(values + step, labels, 0.1, weights) - weighted_loss(values - step, labels, 0.1, weights)
        assert logits.grad[place] == pytest.approx(slope / 2e-6, abs=1e-8)


@pytest.mark.parametrize("weights", [[1.0], [1.0, 2.0, -1.0], [1.0, 2.0, np.nan], np.ones((3, 1))])
def test_weights_that_do_not_fit_are_refused(weights: Any) -> None:
    with pytest.raises(ShapeError, match="weights: got"):
        ops.cross_entropy(Tensor(np.zeros((2, 3))), [0, 1], weights=weights)


def test_a_batch_without_weight_has_no_loss() -> None:
    logits = Tensor(np.ones((2, 3)), requires_grad=True)
    loss = ops.cross_entropy(logits, [0, 0], 0.1, [0.0, 1.0, 1.0])
    backward(loss)
    assert loss.item() == 0
    assert not logits.grad.any()


@given(st.integers(1, 6), st.integers(1, 5), st.floats(0, 0.9), st.booleans(), st.integers(0, 10_000))
def test_the_loss_of_training_is_the_weighted_mean(
    batch: int, classes: int, smoothing: float, is_weighted: bool, seed: int
) -> None:
    generator = np.random.default_rng(seed)
    logits, labels = generator.normal(size=(batch, classes)), generator.integers(classes, size=batch)
    weights, of_samples = generator.uniform(0.1, 3, classes) if is_weighted else None, generator.uniform(0, 3, batch)
    loss = CrossEntropy(Outputs(classes, precision=np.dtype(float)), smoothing, weights)
    found = loss.of(Tensor(logits), labels).item()
    own = np.ones(classes) if weights is None else weights
    assert found == pytest.approx(weighted_loss(logits, labels, smoothing, own), rel=1e-10, abs=1e-12)
    # Weights of samples multiply the terms.
    terms = [weighted_loss(logits[[i]], labels[[i]], smoothing, own) * own[labels[i]] for i in range(batch)]
    expected = sum(w * term for w, term in zip(of_samples, terms, strict=True)) / own[labels].sum()
    assert loss.of(Tensor(logits), labels, of_samples).item() == pytest.approx(expected, rel=1e-10, abs=1e-12)
    assert loss.weight(labels, batch) == pytest.approx(own[labels].sum())


def test_a_batch_of_training_without_weight_has_no_loss() -> None:
    loss = CrossEntropy(Outputs(3, precision=np.dtype(float)), 0.1, np.array([0.0, 50.0, 1.0]))
    logits, labels = Tensor(np.array([[1.0, 2.0, 3.0]])), np.array([0])
    assert loss.of(logits, labels).item() == ops.cross_entropy(logits, labels, 0.1, loss.class_weights).item() == 0
    assert loss.weight(labels, 1) == 0


@given(st.integers(1, 5), st.integers(1, 4), st.floats(0, 0.9), st.integers(0, 10_000))
def test_smoothing_moves_each_of_several_labels_towards_one_half(
    batch: int, labels: int, smoothing: float, seed: int
) -> None:
    generator = np.random.default_rng(seed)
    logits, targets = generator.normal(size=(batch, labels)), generator.integers(2, size=(batch, labels))
    weights, of_samples = generator.uniform(0.1, 3, labels), generator.uniform(0, 3, batch)
    total = 0.0
    for i, j in np.ndindex(batch, labels):
        probability = 1 / (1 + np.exp(-logits[i, j]))
        target = targets[i, j] + smoothing * (0.5 - targets[i, j])
        term = -target * np.log(probability) - (1 - target) * np.log(1 - probability)
        total += of_samples[i] * (weights[j] if targets[i, j] else 1.0) * term
    loss = BinaryCrossEntropy(Outputs(labels, precision=np.dtype(float)), smoothing, weights)
    found = loss.of(Tensor(logits), targets, of_samples).item()
    assert found == pytest.approx(total / batch / labels, rel=1e-10, abs=1e-12)


def test_balanced_weights_are_those_of_scikit_learn() -> None:
    labels = np.array([0] * 6 + [2] * 3 + [3])
    assert class_weights("balanced", labels, 5) == pytest.approx([10 / 18, 1, 10 / 9, 10 / 3, 1])
    assert class_weights(None, labels, 5) is None
    with pytest.raises(ConfigurationError, match=r"class_weights: got 2 numbers, expected 5; pass 5 numbers"):
        class_weights((1.0, 2.0), labels, 5)
    with pytest.raises(ConfigurationError, match="class_weights: got 0 for every class with examples"):
        class_weights((0.0, 1.0, 0.0, 0.0, 1.0), labels, 5)


def test_balanced_weights_help_a_rare_class() -> None:
    """Nine tenths of the examples are of one class: weights raise the recall of the other."""
    generator = np.random.default_rng(0)
    labels = (generator.random(400) < 0.1).astype(int)
    images = generator.normal(size=(400, 8, 8, 1)) + 0.25 * labels[:, None, None, None]
    data = replace(DIGITS, stored=images.astype(np.float32), targets=labels, classes=("often", "rare"))
    recalls = []
    for chosen in (None, "balanced", (1.0, 9.0)):
        body = nn.Sequential(nn.TruncationPool(3), nn.Dense(2))
        network = Network(nn.Door("fourier", (8, 8), (3, 3), 1), body)
        fit(network, analyse(network, data), settings=Settings(epochs=10, class_weights=chosen, learning_rate=0.01))
        recalls.append(float(np.mean(network.predict(images)[labels == 1].argmax(axis=1))))
    assert recalls[1] > recalls[0] + 0.2
    assert recalls[2] > recalls[0] + 0.2


def test_weights_of_one_change_nothing() -> None:
    found = []
    for chosen in (None, "none", (1.0,) * 10):
        network = Model(widths=(4, 4, 4)).network(DIGITS)
        fit(network, analyse(network, DIGITS), settings=Settings(epochs=2, class_weights=chosen))
        found.append({name: array.tobytes() for name, array in network.arrays().items()})
    assert found[0] == found[1] == found[2]


# -- frozen layers -----------------------------------------------------------------------------------
def trained(freeze: Any, **settings: Any) -> tuple[Network, dict[str, np.ndarray]]:
    """A network after some epochs, and its arrays before."""
    network = Model(widths=(4, 4, 4)).network(DIGITS, 1)
    fit(network, analyse(network, DIGITS), settings=Settings(epochs=1, batch=50))
    before = {name: array.copy() for name, array in network.arrays().items()}
    for parameter in network.named_parameters().values():
        parameter.grad = None
    fit(network, analyse(network, DIGITS), settings=Settings(epochs=2, batch=50, freeze=freeze, **settings))
    return network, before


@pytest.mark.parametrize("optimizer", ["adamw", "momentum"])
def test_frozen_parameters_stay_bit_for_bit_and_the_others_train(optimizer: str) -> None:
    network, before = trained(("1", "2", "*.gain"), optimizer=optimizer, weight_decay=0.3)
    frozen = frozen_parameters(network.body, ("1", "2", "*.gain"))
    assert {"1.kernel", "2.gain", "2.offset"} < set(frozen)
    for name, parameter in network.named_parameters().items():
        assert np.array_equal(parameter.data, before[name]) == (name in frozen), name
        assert parameter.requires_grad
        assert (parameter.grad is None) == (name in frozen)
    # Running statistics of a layer that is frozen as a whole stay; those of a layer with a frozen gain do not.
    for name, state in network.body.named_state().items():
        assert np.array_equal(state, before[name]) == name.startswith("2."), name


def test_frozen_layers_compute_as_in_evaluation() -> None:
    """Without this, a frozen layer would see other statistics in training than those that it keeps."""
    network = Model(widths=(4, 4, 4)).network(DIGITS, 1)
    norms = [path for path, layer in network.body.modules() if isinstance(layer, nn.PowerNorm)]
    seen: dict[str, bool] = {}

    def look(figures: dict[str, Any]) -> None:
        seen.update({path: layer.training for path, layer in network.body.modules() if path in norms})

    fit(network, analyse(network, DIGITS), settings=Settings(epochs=1, freeze=(norms[0],)), callbacks=[Progress(look)])
    assert seen == {path: path != norms[0] for path in norms}


@pytest.mark.parametrize(
    ("freeze", "message"),
    [
        (("99",), "freeze: got '99', expected the names of layers or parameters, such as 1.kernel"),
        (("1.kernal",), r"freeze: got '1.kernal', .* pass freeze=\['1.kernel'\]"),
        (("*",), "freeze: got all parameters, expected at least one that trains"),
    ],
)
def test_names_that_are_not_there_are_refused(freeze: tuple[str, ...], message: str) -> None:
    with pytest.raises(ConfigurationError, match=message):
        trained(freeze)


def test_frozen_runs_resume_to_the_same_bits(tmp_path: Path) -> None:
    class StopError(Exception):
        pass

    def stop(figures: dict[str, Any]) -> None:
        if figures["epoch"] == 3:
            raise StopError

    settings = Settings(epochs=4, batch=50, freeze=("1",), class_weights="balanced")
    straight, resumed = (Model(widths=(4, 4, 4)).network(DIGITS, 1) for _ in range(2))
    fit(straight, analyse(straight, DIGITS), settings=settings)
    path = tmp_path / "c.safetensors"
    with pytest.raises(StopError):
        fit(resumed, analyse(resumed, DIGITS), settings=settings, checkpoint=path, callbacks=[Progress(stop)])
    assert all(p.requires_grad for p in resumed.named_parameters().values())
    fit(resumed, analyse(resumed, DIGITS), settings=settings, checkpoint=path, resume=True)
    for name, array in straight.arrays().items():
        assert np.array_equal(array, resumed.arrays()[name]), name
