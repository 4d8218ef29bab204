"""The learning-rate range test: the loss while the learning rate grows from step to step."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from math import inf
from typing import Any

import numpy as np

from freqnet.checks import number_in_range
from freqnet.display import brief
from freqnet.errors import ConfigurationError, DivergenceError, got_expected
from freqnet.kernels.threads import one_blas_thread
from freqnet.nn import Network
from freqnet.training.batches import Batch, Spectra
from freqnet.training.fit import Run, check_arguments
from freqnet.training.frozen import train_except, without_gradients
from freqnet.training.settings import Settings

LOW, HIGH, STEPS = 1e-5, 10.0, 150
FEWEST = 20
# The test ends where the running mean of the loss is this many times its lowest value.
MOST = 4.0
# The suggestion, as a share of the rate at which the loss is lowest. With it, short runs with a cosine came closest to
# their best validation loss on digits and mnist-5k, with AdamW and with momentum, in batches of 16 and of 64.
SHARE = 1 / 2
# A fall of the loss by a smaller share is taken for noise.
LEAST_FALL = 0.05


@dataclass(frozen=True, repr=False)
class RangeTest:
    """The result of a learning-rate range test.

    Attributes
    ----------
    rates : numpy.ndarray
        Learning rates ``(steps,)``, in a geometric sequence.
    losses : numpy.ndarray
        Loss before the step at each rate ``(steps,)``, in the units of the training loss.
    width : float
        Standard deviation, in steps, of the Gaussian that smooths the losses.
    is_diverged : bool
        Whether the test has ended because the loss diverged.
    """

    rates: np.ndarray
    losses: np.ndarray
    width: float
    is_diverged: bool

    @property
    def smoothed(self) -> np.ndarray:
        """Losses averaged over neighbouring steps on both sides, so that the curve does not lag ``(steps,)``.

        The last losses before the end may be huge: a loss counts as at most four times the lowest, or as the first.
        """
        reach = max(1, min(round(4 * self.width), len(self.losses) - 1))
        weights = np.exp(-0.5 * (np.arange(-reach, reach + 1) / self.width) ** 2)
        limited = np.minimum(self.losses, max(MOST * self.losses.min(), self.losses[:5].max()))
        total, share = (np.convolve(v, weights)[reach:-reach] for v in (limited, np.ones(len(limited))))
        return np.asarray(total / share)

    @property
    def lowest(self) -> float:
        """Rate with the lowest smoothed loss."""
        return float(self.rates[np.argmin(self.smoothed)])

    @property
    def steepest(self) -> float | None:
        """Rate at which the smoothed loss falls fastest per factor of the rate; None where it does not fall."""
        loss = self.smoothed
        if not self.has_fallen:
            return None
        return float(self.rates[np.argmin(np.gradient(loss)[: np.argmin(loss) + 1])])

    @property
    def highest(self) -> float | None:
        """Last rate before the loss diverged; None where it did not."""
        return float(self.rates[-1]) if self.is_diverged else None

    @property
    def has_fallen(self) -> bool:
        """Whether the loss fell by more than its noise."""
        return bool(self.smoothed.min() < (1 - LEAST_FALL) * self.smoothed[0])

    @property
    def suggestion(self) -> float | None:
        """Peak of the learning rate to begin with: half of `lowest`; None where the loss has not fallen."""
        return SHARE * self.lowest if self.has_fallen else None

    @property
    def remark(self) -> str:
        """What to change where the range is not wide enough; empty where it is."""
        if not self.has_fallen and self.is_diverged:
            return "the loss rises from the first rate on: begin at a lower one"
        if not self.has_fallen:
            return "the loss does not fall: end at a higher rate, or look at the data"
        if not self.is_diverged and self.smoothed[-1] < (1 + LEAST_FALL) * self.smoothed.min():
            return "the loss has not risen at the last rate: end at a higher one"
        return ""

    def __repr__(self) -> str:
        return brief(self, suggestion=self.suggestion)

    def rows(self) -> list[dict[str, float]]:
        """Return one row per step: the learning rate, the loss, and the smoothed loss."""
        columns = zip(self.rates.tolist(), self.losses.tolist(), self.smoothed.tolist(), strict=True)
        return [{"learning_rate": rate, "loss": loss, "smoothed_loss": mean} for rate, loss, mean in columns]


def learning_rate_range_test(
    network: Network,
    train: Spectra,
    settings: Settings | None = None,
    *,
    low: float = LOW,
    high: float = HIGH,
    steps: int = STEPS,
    progress: Callable[[int, int], None] | None = None,
) -> RangeTest:
    """Train a copy of a network while the learning rate grows from step to step, and record the losses.

    The loss stays where it is at rates that are too low, falls, and diverges at rates that are too high. The network
    itself does not change. Source: Smith 2017, with a geometric sequence of rates.

    The suggested peak is half of the rate with the lowest loss. The rate of the steepest descent, which is often taken,
    is several times lower: a schedule that reaches it only at its peak trains too slowly.

    Parameters
    ----------
    network : Network
    train : Spectra
        Training examples, from `analyse`.
    settings : Settings, optional
        How to train: optimiser, batch size, weight decay and so on. The schedule has no effect.
    low, high : float
        First and last learning rate, above 0.
    steps : int
        Steps of the optimiser from `low` to `high`, at least 20. The test ends before if the loss diverges: if it is
        not finite, or four times its lowest value.
    progress : callable, optional
        Called with the number of finished steps and `steps` after each.

    Returns
    -------
    RangeTest

    Raises
    ------
    ConfigurationError
        The rates are not in rising order, there are too few steps, or the settings do not fit the network.
    DataError
        The training set is empty or does not fit the network.
    DivergenceError
        The loss is not finite at the lowest rates.

    Examples
    --------
    >>> from freqnet.data import load
    >>> from freqnet.training import Model, Settings, analyse, learning_rate_range_test
    >>> network = Model(widths=(8, 8, 8)).network(load("digits"))
    >>> found = learning_rate_range_test(network, analyse(network, load("digits")), Settings(batch=64))
    >>> found.steepest < found.suggestion < found.lowest < found.highest
    True
    """
    low = number_in_range("low", low, 1e-30, example=LOW)
    high = number_in_range("high", high, 1e-30, example=HIGH)
    steps = int(number_in_range("steps", steps, FEWEST, example=STEPS, whole=True))
    if high <= low:
        todo = f"pass low={LOW:g} and high={HIGH:g}, say"
        raise ConfigurationError(got_expected("range of rates", f"low={low:g}, high={high:g}", "low below high", todo))
    # Averages, restarts and patience belong to whole runs.
    whole: dict[str, Any] = {
        "schedule": "constant",
        "restart_epochs": None,
        "restart_factor": 2.0,
        "ema": 0.0,
        "patience": 0,
    }
    settings = Settings() if settings is None else settings
    settings = replace(settings, **whole) if isinstance(settings, Settings) else settings
    check_arguments(network, train, None, settings)
    run = Run.begin(copy.deepcopy(network), settings, train)
    with one_blas_thread(), without_gradients(run.frozen):
        rates = np.geomspace(low, high, steps)
        losses, is_diverged = _sweep(run, rates, progress or (lambda done, total: None))
    return RangeTest(rates[: len(losses)], np.array(losses), steps / 40, is_diverged)


def _sweep(run: Run, rates: np.ndarray, progress: Callable[[int, int], None]) -> tuple[list[float], bool]:
    """Return the loss before each step, and whether it diverged."""
    losses: list[float] = []
    batches, mean, lowest = _updates(run), 0.0, inf
    for rate in rates:
        run.optimizer.learning_rate = rate
        try:
            losses.append(_step(run, next(batches)))
        except DivergenceError as error:
            if len(losses) < FEWEST // 2:
                got, todo = f"a loss that is not finite at the rate {rate:.3g}", f"pass low={rates[0] / 1000:g}"
                expected = f"losses for the first {FEWEST // 2} rates"
                raise DivergenceError(got_expected("range test", got, expected, todo)) from error
            return losses, True
        mean = 0.9 * mean + 0.1 * losses[-1]
        corrected = mean / (1 - 0.9 ** len(losses))
        lowest = min(lowest, corrected)
        progress(len(losses), len(rates))
        if corrected > MOST * lowest and len(losses) >= FEWEST // 2:
            return losses, True
    return losses, False


def _step(run: Run, batches: list[Batch]) -> float:
    """Take one step of the optimiser; return the mean loss of its batches."""
    counts = [run.loss.weight(batch.targets, batch.x.shape[-2]) for batch in batches]
    values = [run.step(batch, is_last=index + 1 == len(batches))[0] for index, batch in enumerate(batches)]
    return float(np.average(values, weights=counts)) if any(counts) else 0.0


def _updates(run: Run) -> Iterator[list[Batch]]:
    """Yield the batches of each step of the optimiser, in pass after pass over the examples."""
    epoch, settings = 0, run.settings
    while True:
        generator = np.random.default_rng([settings.seed, epoch])
        train_except(run.network.body, run.frozen)
        run.network.body.set_generator(generator)
        group: list[Batch] = []
        for batch in run.batches(generator):
            group.append(batch)
            if len(group) == settings.accumulate:
                yield group
                group = []
        if group:
            yield group
        epoch += 1
