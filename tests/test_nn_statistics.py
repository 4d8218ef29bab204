"""Frequency dropout and the running statistics of PowerNorm."""

from __future__ import annotations

import copy
from typing import Any

import numpy as np
import oracles
import pytest

from freqnet import nn, ops
from freqnet.errors import ConfigurationError, NetworkWarning
from freqnet.spaces import Fourier

SPACE = Fourier.on((9, 8))
X = ops.analysis(np.random.default_rng(0).standard_normal((3, 9, 8, 2)), SPACE)


def build(layer: Any) -> Any:
    layer.build(nn.Signal(SPACE, 2), np.random.default_rng(0), np.float64)
    return layer


# -- frequency dropout -------------------------------------------------------------------------------
def radius(data: np.ndarray) -> int:
    """The largest mode number left along the longer axis; all modes within it must be unchanged."""
    rows = np.flatnonzero(np.abs(data).max(axis=(1, 2, 3)) > 0)
    reach = int(np.abs(rows - 4).max())
    kept = oracles.project(ops.synthesis(X).data, (reach, min(reach, 3)))
    oracles.assert_close(oracles.synthesis(data, SPACE.band, SPACE.grid), kept, f"modes within {reach}")
    return reach


@pytest.mark.parametrize("minimum", [0, 1, 3, 4])
def test_dropout_is_nested_and_reaches_every_radius(minimum: int):
    layer = build(nn.FrequencyDropout(minimum))
    layer.train()
    layer.set_generator(np.random.default_rng(1))
    seen = [radius(layer(X).data) for _ in range(100)]
    assert set(seen) == set(range(minimum, 5))
    counts = np.bincount(seen)[minimum:]
    assert counts.max() < 2.5 * counts.min() or minimum == 4


def test_dropout_is_for_training_only():
    layer = build(nn.FrequencyDropout(0))
    layer.set_generator(np.random.default_rng(1))
    assert layer(X) is X
    layer.train()
    assert radius(layer(X).data) <= 4
    layer.train(False)
    assert layer(X) is X


def test_dropout_in_training_is_active_without_a_call_of_set_generator():
    body = nn.Sequential(nn.FrequencyDropout(0), nn.GlobalAverage(), nn.Dense(2))
    network = nn.Network(nn.Door("fourier", (9, 8), (4, 3), 3), body, seed=3)
    drop = body.layers[0]
    network.train()
    draws = [radius(drop(X).data) for _ in range(40)]
    assert set(draws) == set(range(5))
    # The seed of the network determines the draws; a loaded, a copied or another network has a generator of its own.
    again = nn.Network(network.door, nn.from_description(body.describe()), seed=3)
    other = nn.Network(network.door, body, seed=4)
    twin = copy.deepcopy(again)
    for net in (again, other, twin):
        net.train()
    drawn = [[radius(net.body.layers[0](X).data) for _ in range(40)] for net in (again, other, twin)]
    assert drawn[0] == drawn[2] == draws
    assert drawn[1] != draws
    # The weights are those that the generator draws where no layer is random.
    plain = nn.Network(network.door, nn.Sequential(nn.GlobalAverage(), nn.Dense(2)), seed=3)
    assert np.array_equal(plain.arrays()["1.weight"], network.arrays()["2.weight"])


def test_two_dropouts_draw_independently():
    body = build(nn.Sequential(nn.FrequencyDropout(0), nn.FrequencyDropout(0)))
    body.train()
    first, second = ([radius(layer(X).data) for _ in range(40)] for layer in body.layers)
    assert first != second


def test_set_generator_replaces_the_own_generator_until_it_is_taken_back():
    layer = build(nn.FrequencyDropout(0))
    own = layer.generator
    layer.set_generator(given := np.random.default_rng(1))
    assert layer.generator is given
    build(layer)
    assert layer.generator is given
    layer.set_generator(None)
    assert layer.generator not in (None, own, given)


def test_dropout_that_cannot_draw_says_so():
    layer = nn.FrequencyDropout()
    assert layer(X) is X
    layer.train()
    with pytest.raises(ConfigurationError, match=r"FrequencyDropout: got no generator.*put it in a Network"):
        layer(X)


@pytest.mark.parametrize("make", [np.random.RandomState, lambda seed: np.random.Generator(legacy_bits(seed))])
def test_older_generators_draw_weights_and_dropout_asks_for_another(make):
    drop, dense = nn.FrequencyDropout(0), nn.Dense(3)
    generator = make(5)
    drop.build(nn.Signal(SPACE, 3), generator)
    dense.build(nn.Features(2), generator)
    alone = nn.Dense(3)
    alone.build(nn.Features(2), make(5))
    assert np.array_equal(dense.parameters["weight"].data, alone.parameters["weight"].data)
    drop.train()
    with pytest.raises(ConfigurationError, match=r"FrequencyDropout: got no generator.*call set_generator"):
        drop(X)
    drop.set_generator(np.random.default_rng(0))
    assert len({radius(drop(X).data) for _ in range(40)}) == 5


def legacy_bits(seed: int) -> np.random.BitGenerator:
    """Bits that were seeded in the way of RandomState, from which no other seed can be derived."""
    bits = np.random.MT19937()
    bits._legacy_seeding(seed)
    return bits


def test_dropout_depends_on_the_generator_alone():
    layer = build(nn.Sequential((nn.FrequencyDropout(0), nn.FrequencyDropout(0))))
    layer.train()
    draws = []
    for seed in (3, 3, 4, 5, 6):
        layer.set_generator(np.random.default_rng(seed))
        draws.append(layer(X).data)
    assert np.array_equal(draws[0], draws[1])
    assert any(not np.array_equal(draws[0], other) for other in draws[2:])


# -- running statistics ------------------------------------------------------------------------------
def test_running_statistics_follow_the_batches(rng: np.random.Generator):
    layer = build(nn.PowerNorm(momentum=0.25))
    mean, variance = np.zeros((1, 2)), np.ones((1, 2))
    layer.train()
    for _ in range(3):
        samples = oracles.project(2 + 3 * rng.standard_normal((4, 9, 8, 2)), SPACE.band)
        layer(ops.analysis(samples, SPACE))
        mean = 0.75 * mean + 0.25 * samples.mean(axis=(0, 1, 2))
        variance = 0.75 * variance + 0.25 * samples.var(axis=(0, 1, 2))
        oracles.assert_close(layer.state["mean"], mean, "mean")
        oracles.assert_close(layer.state["variance"], variance, "variance")
    layer.train(False)
    out = ops.synthesis(layer(X)).data
    oracles.assert_close(out, (ops.synthesis(X).data - mean) / np.sqrt(variance + 1e-5), "evaluation")
    oracles.assert_close(layer.state["mean"], mean, "mean after evaluation")


def test_training_uses_the_batch_not_the_running_statistics():
    layer = build(nn.PowerNorm(epsilon=0.0))
    layer.state["mean"] += 100
    layer.train()
    out = ops.synthesis(layer(X)).data
    oracles.assert_close(out.mean(axis=(0, 1, 2)), np.zeros(2), "mean")
    oracles.assert_close(out.var(axis=(0, 1, 2)), np.ones(2), "variance")


def test_statistics_by_sample_keep_no_state():
    layer = build(nn.PowerNorm("sample", epsilon=0.0))
    assert not layer.named_state()
    for training in (True, False):
        layer.train(training)
        out = ops.synthesis(layer(X)).data
        oracles.assert_close(out.mean(axis=(1, 2)), np.zeros((3, 2)), "means")
        oracles.assert_close(out.var(axis=(1, 2)), np.ones((3, 2)), "variances")


def test_running_statistics_keep_their_arrays():
    """Running statistics are updated in place, since a checkpoint or an optimiser may refer to the arrays."""
    layer = build(nn.PowerNorm())
    before = layer.named_state()
    layer.train()
    layer(X)
    assert all(state is before[name] for name, state in layer.named_state().items())


def test_a_fraction_of_a_radius_is_told_and_cut_off():
    with pytest.warns(NetworkWarning, match="minimum radius: got 0.3, expected a whole number; pass minimum=0"):
        build(nn.FrequencyDropout(0.3))


@pytest.mark.parametrize("generator", [np.random.RandomState(0), None])
def test_layers_are_built_with_older_generators_and_without_one(generator: Any):
    signal = nn.Door("fourier", (8,), (3,), 1).signal
    nn.PowerNorm().build(signal, generator)
    dropout = nn.FrequencyDropout(0)
    dropout.build(signal, generator)
    dropout.train()
    x = ops.analysis(np.ones((2, 8, 1), np.float32), signal.space)
    with pytest.raises(ConfigurationError, match="FrequencyDropout: got no generator"):
        dropout(x)
    dropout.set_generator(np.random.default_rng(0))
    assert dropout(x).shape == x.shape


@pytest.mark.parametrize("statistics", ["batch", "sample"])
def test_evaluation_repeats_training_where_running_averages_are_those_of_the_batch(statistics: str):
    norm, activation = nn.PowerNorm(momentum=1.0), nn.Gaussian(statistics=statistics, momentum=1.0)
    body = build(nn.Sequential(norm, activation))
    norm.parameters["gain"].data[:] = [[0.5, 2.0]]
    norm.parameters["offset"].data[:] = [[-0.3, 0.7]]
    body.train()
    trained = body(X).data
    body.train(False)
    # The running variance is that of the batch; both layers add their epsilon to it.
    oracles.assert_close(body(X).data, trained, statistics)
