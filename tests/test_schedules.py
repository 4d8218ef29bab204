"""Schedules have the documented shape, agree with PyTorch, and refuse unusable arguments."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from test_optim import wrong

from freqnet.data import load
from freqnet.errors import ConfigurationError
from freqnet.optim import Constant, Cosine, OneCycle, WarmRestarts
from freqnet.training import Model, Settings, analyse, fit


def test_constant() -> None:
    assert [Constant(0.3)(step) for step in (0, 7, 10**9)] == [0.3] * 3


def test_cosine_pieces() -> None:
    schedule = Cosine(2.0, steps=50, warmup=10, final=0.5)
    values = [schedule(step) for step in range(60)]
    assert values[0] == pytest.approx(2.0 / 11)
    np.testing.assert_allclose(np.diff(values[:11]), 2.0 / 11)
    assert values[10] == max(values) == 2.0
    assert all(np.diff(values[10:51]) < 0)
    assert values[30] == pytest.approx(1.25)
    assert values[50:] == [0.5] * 10
    for step in range(10, 51):
        assert values[step] == pytest.approx(0.5 + 0.75 * (1 + math.cos(math.pi * (step - 10) / 40)))
    plain = Cosine(1.0, steps=4)
    assert (plain(0), plain(4), plain(5)) == (1.0, 0.0, 0.0)
    assert plain(3) > 0


def test_one_cycle_pieces() -> None:
    schedule = OneCycle(2.0, steps=100, warmup_fraction=0.3, start_divisor=10, final_divisor=100)
    values = [schedule(step) for step in range(120)]
    assert values[0] == pytest.approx(0.2)
    assert values[30] == max(values) == 2.0
    assert all(np.diff(values[:31]) > 0)
    assert all(np.diff(values[30:101]) < 0)
    assert values[15] == pytest.approx(1.1)
    assert values[65] == pytest.approx((2.0 + 0.002) / 2)
    assert values[100:] == pytest.approx([0.002] * 20, rel=1e-12)
    assert OneCycle(2.0, steps=10, warmup_fraction=0.0)(0) == 2.0


def test_one_cycle_matches_torch() -> None:
    torch = pytest.importorskip("torch")
    schedule, steps = OneCycle(0.5, steps=40), 40
    optimizer = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=0.1)
    # PyTorch ends at its last update and peaks one update before its fraction, so 41 updates there are 0 to 40 here.
    theirs = torch.optim.lr_scheduler.OneCycleLR(
        optimizer, max_lr=0.5, total_steps=steps + 1, pct_start=(0.3 * steps + 1) / (steps + 1)
    )
    for step in range(steps + 1):
        assert schedule(step) == pytest.approx(optimizer.param_groups[0]["lr"], rel=1e-12)
        optimizer.step()
        if step < steps:
            theirs.step()


@pytest.mark.parametrize(("period", "factor"), [(10, 2), (7, 1), (1, 3), (3, 2), (1, 1)])
def test_restarts_match_torch(period: int, factor: int) -> None:
    torch = pytest.importorskip("torch")
    schedule = WarmRestarts(0.5, period, factor, final=0.01)
    optimizer = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=0.5)
    theirs = torch.optim.lr_scheduler.CosineAnnealingWarmRestarts(optimizer, period, factor, eta_min=0.01)
    for step in range(150):
        assert schedule(step) == pytest.approx(optimizer.param_groups[0]["lr"], rel=1e-9)
        optimizer.step()
        theirs.step()


@pytest.mark.parametrize(("period", "factor"), [(10.0, 2.0), (3.7, 1.0), (2.5, 1.3), (1.1, 1.0001), (690 / 15, 2.0)])
def test_restarts_of_any_length(period: float, factor: float) -> None:
    """Beside periods that are laid end to end, one at a time."""
    schedule, start, length = WarmRestarts(2.0, period, factor), 0.0, period
    for step in range(300):
        while step >= start + length - 1e-6:
            start, length = start + length, length * factor
        expected = 1 + math.cos(math.pi * (step - start) / length)
        assert schedule(step) == pytest.approx(expected, abs=1e-6)
    assert 0 <= schedule(10**9) <= 2


@pytest.mark.parametrize(("steps", "factor"), [(690, 2.0), (1000, 2.0), (3, 2.0), (1, 2.0), (40, 1.0), (50, 100.0)])
def test_periods_fill_the_epochs_by_default(steps: int, factor: float) -> None:
    settings = Settings(schedule="restarts", restart_factor=factor)
    schedule = settings.make_schedule(steps)
    assert schedule(0) == schedule(steps) == settings.learning_rate
    assert steps < 10 or 0 < schedule(steps - 1) < 0.1 * settings.learning_rate
    explicit = Settings(epochs=30, schedule="restarts", restart_epochs=2)
    assert (
        explicit.make_schedule(690) == WarmRestarts(3e-3, 46.0, 2.0) == Settings(schedule="restarts").make_schedule(690)
    )


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"restart_epochs": 0}, "restart_epochs: got 0, expected a finite number above 0"),
        ({"restart_epochs": math.nan}, "restart_epochs: got nan"),
        ({"restart_factor": 0.5}, "restart_factor: got 0.5, expected a finite number of 1 or more"),
        ({"restart_factor": "2"}, "restart_factor: got '2'"),
    ],
)
def test_unusable_restarts(given: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigurationError, match=message):
        Settings(**{"schedule": "restarts", **given})


@pytest.mark.parametrize("change", [{"restart_epochs": 5}, {"restart_factor": 3, "schedule": "constant"}])
def test_restarts_belong_to_their_schedule(change: dict[str, Any]) -> None:
    settings = Settings(**change)
    expected = r"restart_\w+: got \d with schedule='c.*; leave restart_\w+ out, or pass schedule='restarts'"
    with pytest.raises(ConfigurationError, match=expected):
        settings.check_schedule()
    dataclasses.replace(settings, schedule="restarts").check_schedule()
    network = Model(widths=(2, 2, 2)).network(load("digits"))
    train = analyse(network, load("digits").take(np.arange(20)))
    with pytest.raises(ConfigurationError, match=expected):
        fit(network, train, settings=settings)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Constant(-1.0), "rate: got -1.0"),
        (lambda: Constant(math.nan), "rate: got nan"),
        (lambda: Cosine(1.0, 0), r"steps: got 0, expected a number in \[1, inf\)"),
        (lambda: Cosine(1.0, wrong(2.5)), "steps: got 2.5, expected a whole number"),
        (lambda: Cosine(1.0, 10, warmup=10), r"warmup: got 10, expected a number in \[0, 10\)"),
        (lambda: Cosine(1.0, 10, final=-0.1), "final: got -0.1"),
        (lambda: Cosine(math.inf, 10), "rate: got inf"),
        (lambda: OneCycle(math.nan, 10), "rate: got nan"),
        (lambda: OneCycle(1.0, 0), "steps: got 0"),
        (lambda: OneCycle(1.0, 10, warmup_fraction=1.0), "warmup_fraction: got 1.0"),
        (lambda: OneCycle(1.0, 10, start_divisor=0.5), "start_divisor: got 0.5"),
        (lambda: OneCycle(1.0, 10, final_divisor=0.0), "final_divisor: got 0.0"),
        (lambda: WarmRestarts(-1.0, 10), "rate: got -1.0"),
        (lambda: WarmRestarts(1.0, 0.5), r"period: got 0.5, expected a number in \[1, inf\)"),
        (lambda: WarmRestarts(1.0, 10, 0.9), "factor: got 0.9"),
        (lambda: WarmRestarts(1.0, 10, final=-1), "final: got -1"),
        (lambda: WarmRestarts(1.0, 10)(-1), "step: got -1"),
        (lambda: Cosine(1.0, 10)(-1), "step: got -1"),
        (lambda: OneCycle(1.0, 10)(-1), "step: got -1"),
        (lambda: Constant(1.0)(-1), "step: got -1"),
    ],
)
def test_unusable_schedules(make: Callable[[], Any], message: str) -> None:
    with pytest.raises(ConfigurationError, match=message):
        make()


@pytest.mark.parametrize("schedule", [Constant(1.0), Cosine(1.0, 9), OneCycle(1.0, 9), WarmRestarts(1.0, 9)])
def test_schedules_are_frozen(schedule: Any) -> None:
    with pytest.raises(dataclasses.FrozenInstanceError):
        schedule.rate = 2.0
    assert schedule == dataclasses.replace(schedule)
