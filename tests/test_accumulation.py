"""Gradient accumulation: several batches train like one of their joint size, where no layer has batch statistics."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from test_optim import Leaf
from test_tasks import MAKERS

from freqnet import nn
from freqnet.data import Dataset, load
from freqnet.errors import ConfigurationError
from freqnet.nn import Network
from freqnet.training import Callback, Settings, Spectra, StopTraining, analyse, fit
from freqnet.training.accumulation import GradientSum
from freqnet.training.fit import Run, loss_of

DIGITS = load("digits").take(np.arange(100))
SMALL = Settings(epochs=3, batch=15, accumulate=3, learning_rate=0.02)


def plain(dataset: Dataset = DIGITS, statistics: str = "sample", domain: str = "fourier") -> Network:
    """A network in float64, by default without statistics of batches."""
    grid = dataset.images.shape[1:-1]
    band = tuple((n - 1) // 2 for n in grid)
    head = () if dataset.task.is_field else (nn.GlobalAverage(), nn.Dense(len(dataset.classes)))
    # A bias before a normalisation has no gradient but rounding, which Adam would make large.
    layers = nn.Convolution(3, bias=False), nn.PowerNorm(statistics), nn.Polynomial(), nn.Convolution(1), *head
    return Network(nn.Door(domain, grid, band, 1), nn.Sequential(*layers), precision="float64")


def weights(settings: Settings, network: Network, train: Spectra) -> dict[str, np.ndarray]:
    fit(network, train, settings=settings)
    return network.arrays()


def assert_same(found: dict[str, np.ndarray], expected: dict[str, np.ndarray], tolerance: float = 1e-12) -> None:
    for name, array in found.items():
        np.testing.assert_allclose(array, expected[name], rtol=0, atol=tolerance)


@pytest.mark.parametrize(
    "change",
    [
        {},
        {"optimizer": "sgd", "clip": 0.01, "schedule": "constant"},
        {"optimizer": "momentum", "shift": 0.7, "schedule": "one-cycle"},
        {"optimizer": "sgd", "augment": ("mirror",), "schedule": "restarts"},
        {"class_weights": "balanced", "optimizer": "sgd"},
        # Some batches have only classes without weight.
        {
            "class_weights": (1.0, 0.0, 7.0, 0.0, 0.0, 3.0, 1.0, 1.0, 0.5, 2.0),
            "batch": 2,
            "accumulate": 7,
            "smoothing": 0.0,
        },
        {"batch": 1, "accumulate": 100, "optimizer": "sgd"},
        {"batch": 40, "accumulate": 2, "ema": 0.5},
        {"optimizer": "muon", "freeze": ("1.gain",)},
    ],
)
@pytest.mark.parametrize("domain", ["fourier", "grid"])
def test_several_batches_train_like_one(change: dict[str, Any], domain: str) -> None:
    settings = replace(SMALL, **change)
    whole = replace(settings, batch=settings.batch * settings.accumulate, accumulate=1)
    few, many = plain(domain=domain), plain(domain=domain)
    found = weights(settings, few, analyse(few, DIGITS)), weights(whole, many, analyse(many, DIGITS))
    # Adam divides small gradients by their own size, and with them their rounding.
    assert_same(*found, 1e-12 if settings.optimizer in ("sgd", "momentum") else 1e-9)


@pytest.mark.parametrize("task", MAKERS)
@pytest.mark.parametrize("weighted", [False, True])
def test_in_every_task_and_with_weights_of_samples(task: str, weighted: bool) -> None:
    dataset = MAKERS[task]()
    sample_weights = np.random.default_rng(2).uniform(0, 3, len(dataset)) if weighted else None
    settings = Settings(epochs=2, batch=7, accumulate=2, optimizer="sgd", smoothing=0.1 * (task == "multi-label"))
    found = []
    for one in (settings, replace(settings, batch=14, accumulate=1)):
        network = plain(dataset)
        found.append(weights(one, network, analyse(network, dataset, sample_weights)))
    assert_same(*found)


def test_statistics_and_other_weights_of_batches_would_show() -> None:
    """The negative controls."""
    few, many = plain(statistics="batch"), plain(statistics="batch")
    whole = replace(SMALL, batch=45, accumulate=1)
    found = weights(SMALL, few, analyse(few, DIGITS)), weights(whole, many, analyse(many, DIGITS))
    assert np.abs(found[0]["0.kernel"] - found[1]["0.kernel"]).max() > 1e-5
    settings = replace(SMALL, class_weights="balanced", optimizer="sgd")
    network = plain()
    train = analyse(network, DIGITS)
    loss = loss_of(network, train.task, train.targets, settings.loss_choices)
    counts = [loss.weight(train.targets[:15], 15), loss.weight(train.targets[15:30], 15)]
    assert counts[0] != pytest.approx(counts[1], rel=1e-3)


def test_groups_steps_and_schedule() -> None:
    """100 examples in batches of 15 are 7 batches: two groups of three, and one that the end of the epoch closes."""
    network, rates, steps = plain(), [], []

    class Follow(Callback):
        def step(self, figures: dict[str, Any], run: Run) -> None:
            rates.append(run.optimizer.learning_rate)
            steps.append(int(run.optimizer.state()["step"]))

    fit(network, analyse(network, DIGITS), settings=replace(SMALL, epochs=2), callbacks=[Follow()])
    schedule = SMALL.make_schedule(6)
    groups = [0, 0, 0, 1, 1, 1, 2]
    assert rates == [schedule(g) for g in [*groups, *(g + 3 for g in groups)]]
    assert steps == [0, 0, 1, 1, 1, 2, 3, 3, 3, 4, 4, 4, 5, 6]


def test_a_group_that_a_callback_breaks_off_does_not_reach_into_the_next_epoch() -> None:
    class Stop(Callback):
        def step(self, figures: dict[str, Any], run: Run) -> None:
            raise StopTraining

    network, other = plain(), plain()
    run = Run.begin(network, SMALL, analyse(network, DIGITS))
    run.step(run.train.take(np.arange(15)))
    assert run._sum.batches == 1
    from freqnet.training.fit import one_pass

    for settings, net in ((replace(SMALL, schedule="constant"), network), (replace(SMALL, schedule="constant"), other)):
        begun = run if net is network else Run.begin(other, settings, analyse(other, DIGITS))
        begun.settings = settings
        one_pass(begun, begun.train)
    assert_same(network.arrays(), other.arrays())


def test_a_parameter_without_a_gradient_keeps_none() -> None:
    leaves = [Leaf(np.zeros(2)), Leaf(np.zeros(2)), Leaf(np.zeros(2))]
    total = GradientSum(leaves)
    for weight, grads in ((1.0, ([1.0, 2.0], None, None)), (3.0, ([5.0, 2.0], [4.0, 8.0], None))):
        for leaf, grad in zip(leaves, grads, strict=True):
            leaf.grad = None if grad is None else np.array(grad)
        total.add(weight)
    total.take()
    assert leaves[0].grad.tolist() == [4.0, 2.0]
    # The batch without a gradient counts as a gradient of 0.
    assert leaves[1].grad.tolist() == [3.0, 6.0]
    assert leaves[2].grad is None
    assert total.batches == 0
    for leaf in leaves:
        leaf.grad = np.ones(2)
    total.add(0.0)
    total.take()
    assert leaves[0].grad.tolist() == [0.0, 0.0]


@pytest.mark.parametrize("value", [0, -1, 1.5, "2", True])
def test_the_number_of_batches_is_a_whole_number(value: Any) -> None:
    with pytest.raises(ConfigurationError, match=r"accumulate: got .*, expected a whole number.*pass accumulate="):
        Settings(accumulate=value)
