"""Schedules against PyTorch, their values, and their errors."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from test_optim import wrong

from freqnet.errors import ConfigurationError
from freqnet.optim import Constant, Cosine, OneCycle


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
    # PyTorch ends at its last update and peaks one update earlier: its 41 updates correspond to our 0 to 40.
    theirs = torch.optim.lr_scheduler.OneCycleLR(
        optimizer, max_lr=0.5, total_steps=steps + 1, pct_start=(0.3 * steps + 1) / (steps + 1)
    )
    for step in range(steps + 1):
        assert schedule(step) == pytest.approx(optimizer.param_groups[0]["lr"], rel=1e-12)
        optimizer.step()
        if step < steps:
            theirs.step()


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
        (lambda: Cosine(1.0, 10)(-1), "step: got -1"),
        (lambda: OneCycle(1.0, 10)(-1), "step: got -1"),
        (lambda: Constant(1.0)(-1), "step: got -1"),
    ],
)
def test_unusable_schedules(make: Callable[[], Any], message: str) -> None:
    with pytest.raises(ConfigurationError, match=message):
        make()


@pytest.mark.parametrize("schedule", [Constant(1.0), Cosine(1.0, 9), OneCycle(1.0, 9)])
def test_schedules_are_frozen(schedule: Any) -> None:
    with pytest.raises(dataclasses.FrozenInstanceError):
        schedule.rate = 2.0
    assert schedule == dataclasses.replace(schedule)
