"""Trained nodes: known nodes are recovered, the gradient is right, and nodes stay distinct."""

from __future__ import annotations

import numpy as np
import pytest
from oracles import relative_error

from freqnet.data import load, split
from freqnet.errors import ConfigurationError, ShapeError
from freqnet.spaces import Laplace, Nodes, get_domain, train_nodes
from freqnet.spaces.nodes.trained import _logits, _loss, _nodes, _second_moments
from freqnet.training import Model


def outside(z: tuple[float, ...], samples: np.ndarray) -> float:
    """The share of the power outside the span of the exponentials, by least squares, summed over the axes."""
    total = 0.0
    for axis in range(1, samples.ndim - 1):
        rows = np.moveaxis(samples, axis, 0).reshape(samples.shape[axis], -1)
        waves = np.array(z)[None, :] ** np.arange(len(rows))[:, None]
        left = rows - waves @ np.linalg.lstsq(waves, rows, rcond=None)[0]
        total += float((left**2).sum() / (rows**2).sum())
    return total


def signals(z: tuple[float, ...], samples: int, count: int = 60) -> np.ndarray:
    waves = np.array(z)[:, None] ** np.arange(samples)
    return (np.random.default_rng(0).standard_normal((count, len(z))) @ waves)[..., None]


@pytest.mark.parametrize("z", [(0.9, 0.5), (0.8, 0.3, -0.6), (0.95,)])
def test_exponentials_are_found_again(z: tuple[float, ...]) -> None:
    found = train_nodes(signals(z, 12), len(z), tolerance=0.0)
    assert found.values == pytest.approx(z, abs=2e-3)
    assert outside(found.values, signals(z, 12)) < 1e-6


@pytest.mark.parametrize("tolerance", [0.0, 1e-3])
def test_the_gradient_is_that_of_the_loss(tolerance: float) -> None:
    moments = _second_moments(np.random.default_rng(1).standard_normal((5, 7, 6, 2)), 1)
    logits, step = np.array([0.3, -0.2, 0.1, 0.5]), 1e-5
    differences = [
        (_loss(logits + step * e, moments, tolerance)[0] - _loss(logits - step * e, moments, tolerance)[0]) / (2 * step)
        for e in np.eye(4)
    ]
    assert relative_error(_loss(logits, moments, tolerance)[1], np.array(differences)) < 1e-6
    # The differentiated error equals that of least squares.
    samples = np.random.default_rng(1).standard_normal((5, 7, 6, 2))
    z = tuple(_nodes(logits)[0])
    assert _loss(logits, _second_moments(samples, 0), 0.0)[0] == pytest.approx(outside(z, samples), rel=1e-9)


def test_trained_nodes_hold_more_of_the_data_than_chebyshevs() -> None:
    images = split(load("digits"), seed=0).train.images
    centred = images - images.mean()
    # The 5 of 8 Chebyshev nodes with the smallest rates, and the 5 Chebyshev nodes of 5 samples.
    kept = tuple(np.cos(np.pi * (2 * np.arange(5) + 1) / 16))
    few = tuple(np.cos(np.pi * (2 * np.arange(5) + 1) / 10))
    found = outside(train_nodes(centred, 5).values, centred)
    assert found < 0.95 * min(outside(kept, centred), outside(few, centred))


def test_nodes_of_all_samples_are_better_conditioned_than_chebyshevs() -> None:
    images = split(load("digits"), seed=0).train.images
    found = Laplace.on(8, nodes=train_nodes(images, 8)).condition_numbers[0]
    assert found < Laplace.on(8).condition_numbers[0]


def test_nodes_stay_distinct_and_within_reach() -> None:
    for logits in (np.zeros(6), np.array([30.0, -30, 0, 5, -5, 1]), np.array([-700.0, 700.0])):
        z = _nodes(logits)[0]
        assert np.all(np.diff(z) <= 0)
        assert np.abs(z).max() <= 1
    assert _nodes(_logits(np.array([0.7, 0.1, -0.3])))[0] == pytest.approx([0.7, 0.1, -0.3])
    # Constant signals pull every node to 1; the nodes found must still be usable.
    found = train_nodes(np.ones((3, 8, 1)), 3)
    assert len(set(found.values)) == 3


def test_a_network_of_trained_nodes_is_stored_with_them() -> None:
    digits = load("digits").take(np.arange(300))
    network = Model(domain="laplace:trained", modes=6).network(digits)
    nodes = network.door.space.nodes
    assert nodes.family == "nodes"
    assert len(nodes.values) == 6
    assert get_domain(network.door.domain)(8).nodes == nodes
    assert network.predict(digits.images[:3]).shape == (3, 10)


def test_mistakes() -> None:
    with pytest.raises(ConfigurationError, match="count of nodes: got 9, expected a whole number from 1 to 8"):
        train_nodes(np.ones((2, 8, 1)), 9)
    with pytest.raises(ConfigurationError, match="tolerance: got -1"):
        train_nodes(np.ones((2, 8, 1)), 2, tolerance=-1)
    with pytest.raises(ShapeError, match="samples: got shape"):
        train_nodes(np.ones((0, 8, 1)), 2)
    with pytest.raises(ConfigurationError, match="nodes: got trained ones"):
        assert get_domain("laplace:trained")(4).condition_numbers
    with pytest.raises(ConfigurationError, match="distinct"):
        Nodes("nodes", values=(0.5, 0.5))
