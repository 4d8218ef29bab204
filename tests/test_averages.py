"""Averaged weights: the textbook recursion, their statistics, and runs that are validated, stored and resumed."""

from __future__ import annotations

import copy
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from test_optim import SHAPES, Leaf, leaves
from test_training_resume import BASE, PARTS, network

from freqnet import nn
from freqnet.errors import CheckpointError, ConfigurationError
from freqnet.nn import Network
from freqnet.optim import SGD, AveragedWeights
from freqnet.training import Callback, Checkpoint, KeepModels, Settings, analyse, evaluate, fit
from freqnet.training.fit import Run, one_pass
from freqnet.training.statistics import recalibrate


def naive(values: list[np.ndarray], decay: float) -> np.ndarray:
    """TensorFlow's rule, which averages from the first value on."""
    average = values[0].astype(np.float64)
    for count, value in enumerate(values[1:], 1):
        kept = min(decay, count / (9 + count))
        average = kept * average + (1 - kept) * value.astype(np.float64)
    return average


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("decay", [0.0, 0.5, 0.9, 0.9999])
def test_the_average_follows_the_recursion(decay: float, dtype: Any) -> None:
    parameters, rng = leaves(dtype), np.random.default_rng(5)
    parameters["conv.kernel"].data = np.asfortranarray(parameters["conv.kernel"].data)
    averages, seen = AveragedWeights(parameters, decay), {name: [] for name in SHAPES}
    for _ in range(30):
        for name, leaf in parameters.items():
            leaf.data += rng.normal(size=leaf.data.shape).astype(dtype)
            seen[name].append(leaf.data.copy())
        averages.update()
    for name, value in averages.values().items():
        assert value.dtype == np.float64
        np.testing.assert_allclose(value, naive(seen[name], decay), rtol=1e-13, atol=1e-13)
        assert not np.allclose(value, naive(seen[name][:-1], decay), rtol=1e-6)
    with averages.applied():
        assert all((leaf.data == averages.values()[name].astype(dtype)).all() for name, leaf in parameters.items())
    assert all((leaf.data == seen[name][-1]).all() for name, leaf in parameters.items())


def test_a_small_share_of_a_small_difference_counts() -> None:
    leaf = Leaf(np.ones(1, np.float32))
    averages = AveragedWeights([leaf], 1 - 1e-6)
    averages.update()
    averages.updates = 10**9
    leaf.data[:] = 1.0001
    for _ in range(1000):
        averages.update()
    assert averages.values()["0"][0] - 1 == pytest.approx(1e-7, rel=1e-2)


def test_the_weights_come_back_after_an_error_and_in_nested_blocks() -> None:
    leaf = Leaf(np.zeros(2))
    averages = AveragedWeights([leaf], 0.9)
    with averages.applied():  # nothing is averaged yet
        assert (leaf.data == 0).all()
    averages.update()
    leaf.data[:] = 1.0
    with pytest.raises(RuntimeError, match="inside"), averages.applied():
        raise RuntimeError(f"inside, the weights are {leaf.data}")
    assert (leaf.data == 1).all()
    averages.apply()
    with averages.applied():
        pass
    assert (leaf.data == 0).all()
    averages.withdraw()
    averages.withdraw()
    assert (leaf.data == 1).all()


def test_unusable_arguments_and_states() -> None:
    for arguments, message in (
        (([], 0.9), "parameters: got none"),
        (([Leaf(np.zeros(1))], 1.0), r"decay: got 1.0, expected a number in \[0, 1\)"),
        (([Leaf(np.zeros(1, int))], 0.9), "parameter '0': got int64"),
    ):
        with pytest.raises(ConfigurationError, match=message):
            AveragedWeights(*arguments)
    averages = AveragedWeights({"w": Leaf(np.ones(2, np.float32))}, 0.9)
    averages.update()
    for change, message in (
        ({"values/w": np.ones(3)}, r"'values/w': got float64 \(3,\), expected float64 \(2,\)"),
        ({"values/w": np.array([1.0, np.nan])}, "'values/w': got numbers that are not finite"),
        ({"updates": np.array(-1)}, "'updates': got numbers that are not finite, or negative"),
        ({"values/v": np.ones(2)}, "'values/v': got float64 .*, expected nothing"),
    ):
        with pytest.raises(CheckpointError, match=message):
            averages.load_state(averages.state() | change)
        assert averages.updates == 1
    with pytest.raises(CheckpointError, match="'updates': got nothing"):
        averages.load_state({})


# -- in training -----------------------------------------------------------------------------------------
EMA = replace(BASE, ema=0.8, learning_rate=0.02)


class Weights(Callback):
    """Notes the weights after every step, and what each epoch was validated with."""

    def __init__(self) -> None:
        self.steps: list[dict[str, np.ndarray]] = []
        self.models: list[dict[str, np.ndarray]] = []

    def step(self, figures: dict[str, Any], run: Run) -> None:
        self.steps.append({name: p.data.copy() for name, p in run.network.named_parameters().items()})

    def epoch(self, row: dict[str, Any], run: Run) -> None:
        self.models.append(run.model_arrays())


def trained(settings: Settings, validate: bool = False) -> tuple[Network, Weights, Any]:
    net, seen = network(0), Weights()
    train, validation = (analyse(net, part) for part in (PARTS.train, PARTS.test))
    history = fit(net, train, validation if validate else None, settings, callbacks=[seen])
    return net, seen, history


def test_the_final_model_has_the_average_of_the_steps() -> None:
    net, seen, _ = trained(EMA)
    for name, p in net.named_parameters().items():
        expected = naive([weights[name] for weights in seen.steps], 0.8)
        np.testing.assert_allclose(p.data, expected, rtol=1e-6, atol=1e-7)
    assert all((array == seen.models[-1][name]).all() for name, array in net.arrays().items())


def test_training_does_not_notice_the_average() -> None:
    plain, averaged, validated = trained(replace(EMA, ema=0.0))[1], trained(EMA)[1], trained(EMA, validate=True)[1]
    for steps in (averaged.steps, validated.steps):
        assert all((a[name] == b[name]).all() for a, b in zip(plain.steps, steps, strict=True) for name in a)
    assert all((averaged.models[-1][name] == validated.models[-1][name]).all() for name in averaged.models[-1])


def test_the_statistics_are_those_of_the_averaged_weights() -> None:
    # So many steps that the running averages of the last weights no longer lag.
    settings = replace(EMA, epochs=15, batch=10)
    net, _, _ = trained(settings)
    train = analyse(net, PARTS.train)
    before = {name: array.copy() for name, array in net.body.named_state().items()}
    layers = [layer for _, layer in net.body.modules() if layer.state]
    net.train()
    recalibrate(net, layers, train, 10, np.random.default_rng([0, 15, 1]))
    after = net.body.named_state()
    assert before
    assert all((array == after[name]).all() for name, array in before.items())


def test_validation_measures_and_keeps_the_averaged_weights() -> None:
    net, seen, history = trained(replace(EMA, learning_rate=0.1, schedule="constant"), validate=True)
    losses = history.column("validation_loss")
    best = int(np.argmin(losses))
    assert all((array == seen.models[best][name]).all() for name, array in net.arrays().items())
    other = network(1)
    for arrays, loss in zip(seen.models, losses, strict=True):
        other.body.load_arrays(arrays)
        assert evaluate(other, analyse(other, PARTS.test)).loss == pytest.approx(loss, rel=1e-6)


def test_frozen_parameters_stay_and_are_not_averaged() -> None:
    settings = replace(EMA, freeze=("1", "2"))
    before = {name: array.copy() for name, array in network(0).arrays().items()}
    net, _, _ = trained(settings)
    frozen = [name for name in before if name.startswith(("1.", "2."))]
    assert frozen
    assert all((net.arrays()[name] == before[name]).all() for name in frozen)
    assert not any(name in Run.begin(net, settings, analyse(net, PARTS.train)).averages.values() for name in frozen)


def test_kept_models_hold_the_averaged_weights(tmp_path: Any) -> None:
    from freqnet.training import load_checkpoint

    net = network(0)
    fit(net, analyse(net, PARTS.train), settings=EMA, callbacks=[KeepModels(tmp_path, every=4)])
    kept = load_checkpoint(tmp_path / "epoch-004.safetensors").arrays
    assert all((array == kept[name]).all() for name, array in net.arrays().items())


def test_passes_go_on_from_the_last_weights() -> None:
    settings, net = replace(EMA, schedule="constant", epochs=2), network(0)
    run = Run.begin(net, settings, analyse(net, PARTS.train))
    for _ in range(2):
        one_pass(run, run.train)
    straight, _, _ = trained(settings)
    for name, p in straight.named_parameters().items():
        assert (p.data == net.named_parameters()[name].data).all()
    for name, array in straight.body.named_state().items():
        np.testing.assert_allclose(array, net.body.named_state()[name], rtol=1e-5, atol=1e-6)
    copied = copy.deepcopy(run)
    assert all((array == copied.averages.values()[name]).all() for name, array in run.averages.values().items())


def test_a_checkpoint_without_usable_averages_is_refused() -> None:
    net = network(0)
    run = Run.begin(net, EMA, analyse(net, PARTS.train))
    one_pass(run, run.train)
    run.averages.withdraw()
    whole = run.checkpoint({})
    for change in ({"average/values/1.kernel": np.ones(3)}, {"average/extra": np.ones(3)}):
        damaged = Checkpoint(whole.network, whole.arrays, whole.extra | change, whole.info)
        with pytest.raises(CheckpointError, match="averaged weights"):
            Run.begin(network(1), EMA, analyse(net, PARTS.train)).restore(damaged, {})


def test_averages_of_a_loop_of_ones_own() -> None:
    body = nn.Sequential(nn.GlobalAverage(), nn.Dense(3))
    net = Network(nn.Door("fourier", (8,), (3,), 1), body)
    averages, optimizer = AveragedWeights(net, 0.5), SGD(net, 0.1)
    for p in net.named_parameters().values():
        p.grad = np.ones_like(p.data)
    optimizer.step()
    averages.update()
    assert set(averages.values()) == set(net.named_parameters())
