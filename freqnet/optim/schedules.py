"""Learning-rate schedules: frozen dataclasses, called with the number of the update, counted from 0.

A schedule of ``steps`` updates reaches its final value at update ``steps``, one past the last, and stays there. No
update is therefore spent at a learning rate of zero. `WarmRestarts` has no end.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from freqnet.checks import number_in_range


def _half_cosine(start: float, end: float, progress: float) -> float:
    weight = (1 + math.cos(math.pi * progress)) / 2
    return weight * start + (1 - weight) * end


def _check_rate_and_steps(rate: float, steps: int) -> None:
    number_in_range("rate", rate, 0, example=0.01)
    number_in_range("steps", steps, 1, example=1000, whole=True)


@dataclass(frozen=True)
class Constant:
    """The same learning rate at every update.

    Parameters
    ----------
    rate : float
        Learning rate, zero or more.

    Raises
    ------
    ConfigurationError
        The rate is negative or not finite.

    Examples
    --------
    >>> Constant(0.1)(1000)
    0.1
    """

    rate: float

    def __post_init__(self) -> None:
        number_in_range("rate", self.rate, 0, example=0.01)

    def __call__(self, step: int) -> float:
        """Return the learning rate of update ``step``."""
        number_in_range("step", step, 0, example=0)
        return float(self.rate)


@dataclass(frozen=True)
class Cosine:
    """Linear warm-up to ``rate``, then half a cosine down to ``final``.

    The warm-up starts at ``rate / (warmup + 1)``, because a first update at zero would change nothing. Source:
    Loshchilov & Hutter 2017, SGDR (one period, no restart).

    Parameters
    ----------
    rate : float
        Largest learning rate, reached at update ``warmup``.
    steps : int
        Number of updates; the rate is ``final`` from update ``steps`` on.
    warmup : int
        Number of updates of the warm-up, fewer than ``steps``.
    final : float
        Learning rate at the end, zero or more.

    Raises
    ------
    ConfigurationError
        A rate is negative or not finite, or the steps are not whole numbers with ``0 <= warmup < steps``.

    Examples
    --------
    >>> schedule = Cosine(rate=1.0, steps=10, warmup=4)
    >>> [round(schedule(step), 3) for step in (0, 4, 7, 10, 99)]
    [0.2, 1.0, 0.5, 0.0, 0.0]
    """

    rate: float
    steps: int
    warmup: int = 0
    final: float = 0.0

    def __post_init__(self) -> None:
        _check_rate_and_steps(self.rate, self.steps)
        number_in_range("warmup", self.warmup, 0, self.steps, example=0, whole=True)
        number_in_range("final", self.final, 0, example=0)

    def __call__(self, step: int) -> float:
        """Return the learning rate of update ``step``."""
        number_in_range("step", step, 0, example=0)
        if step < self.warmup:
            return self.rate * (step + 1) / (self.warmup + 1)
        progress = min(1.0, (step - self.warmup) / (self.steps - self.warmup))
        return _half_cosine(self.rate, self.final, progress)


@dataclass(frozen=True)
class WarmRestarts:
    """Periods of half a cosine from ``rate`` down to ``final``, each `factor` times as long as the one before.

    Source: Loshchilov & Hutter 2017, SGDR.

    Parameters
    ----------
    rate : float
        Learning rate at the first update of each period.
    period : float
        Number of updates of the first period, at least 1; it need not be whole.
    factor : float
        Length of a period relative to the one before, at least 1.
    final : float
        Learning rate at the end of each period, zero or more.

    Raises
    ------
    ConfigurationError
        A rate is negative or not finite, or the period or the factor is below 1.

    Examples
    --------
    >>> schedule = WarmRestarts(rate=1.0, period=2, factor=2)
    >>> [round(schedule(step), 3) for step in range(7)]
    [1.0, 0.5, 1.0, 0.854, 0.5, 0.146, 1.0]
    """

    rate: float
    period: float
    factor: float = 2.0
    final: float = 0.0

    def __post_init__(self) -> None:
        number_in_range("rate", self.rate, 0, example=0.01)
        number_in_range("period", self.period, 1, example=100)
        number_in_range("factor", self.factor, 1, example=2)
        number_in_range("final", self.final, 0, example=0)

    def __call__(self, step: int) -> float:
        """Return the learning rate of update ``step``."""
        ratio = number_in_range("step", step, 0, example=0) / self.period
        # Rounding must not put the first update of a period to the end of the one before.
        if self.factor == 1:
            count = math.floor(ratio + 1e-9)
            start, length = float(count), 1.0
        else:
            count = math.floor(math.log1p(ratio * (self.factor - 1)) / math.log(self.factor) + 1e-9)
            length = self.factor**count
            start = (length - 1) / (self.factor - 1)
        return _half_cosine(self.rate, self.final, min(1.0, max(0.0, (ratio - start) / length)))


@dataclass(frozen=True)
class OneCycle:
    """Half a cosine up to ``rate``, then half a cosine down.

    Source: Smith & Topin 2018, Super-convergence, with cosines in place of their straight lines.

    Parameters
    ----------
    rate : float
        Largest learning rate.
    steps : int
        Number of updates; the rate is at its end from update ``steps`` on.
    warmup_fraction : float
        Fraction of ``steps`` at which the largest rate is reached, at least 0 and below 1.
    start_divisor : float
        The rate starts at ``rate / start_divisor``; at least 1.
    final_divisor : float
        The rate ends at ``rate / start_divisor / final_divisor``; at least 1.

    Raises
    ------
    ConfigurationError
        The rate is negative or not finite, or another argument is outside its range.

    Examples
    --------
    >>> schedule = OneCycle(rate=1.0, steps=10)
    >>> [round(schedule(step), 6) for step in (0, 3, 10, 99)]
    [0.04, 1.0, 4e-06, 4e-06]
    """

    rate: float
    steps: int
    warmup_fraction: float = 0.3
    start_divisor: float = 25.0
    final_divisor: float = 1e4

    def __post_init__(self) -> None:
        _check_rate_and_steps(self.rate, self.steps)
        number_in_range("warmup_fraction", self.warmup_fraction, 0, 1, example=0.3)
        number_in_range("start_divisor", self.start_divisor, 1, example=25)
        number_in_range("final_divisor", self.final_divisor, 1, example=1e4)

    def __call__(self, step: int) -> float:
        """Return the learning rate of update ``step``."""
        number_in_range("step", step, 0, example=0)
        start, peak = self.rate / self.start_divisor, self.warmup_fraction * self.steps
        if step < peak:
            return _half_cosine(start, self.rate, step / peak)
        progress = min(1.0, (step - peak) / (self.steps - peak))
        return _half_cosine(self.rate, start / self.final_divisor, progress)
