"""Simulated fixed point: networks whose weights, results and gradients are whole multiples of a power of two.

Every tensor has one scale, a power of two, so that a scale changes by shifts of bits. `FixedPoint` watches the ops of a
network and rounds each result, in the forward and in the backward pass. Sums inside an op are exact, as in hardware
whose accumulators are wide enough: an op is the exact function of its rounded inputs, up to the rounding errors of the
floating point of the simulation.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from freqnet import gradient
from freqnet.augment import Batch
from freqnet.autodiff import Op, Tensor, no_grad, observe
from freqnet.errors import ConfigurationError, got_expected
from freqnet.nn import Network, evaluation
from freqnet.training import Settings, Spectra
from freqnet.training.fit import Run
from freqnet.training.statistics import lagging_layers, recalibrate

# The exponent of a tensor of zeros: any scale holds them.
_LOWEST = -126


def exponent(values: np.ndarray, bits: int) -> int:
    """Return the smallest e for which numbers of some bits, with their sign, hold all values in units of 2^e.

    >>> exponent(np.array([0.5, -127.0]), 8), exponent(np.array([128.0]), 8)
    (0, 1)
    """
    parts = _parts(values)
    most = max(float(np.abs(parts).max()), 2.0**_LOWEST) if parts.size else 2.0**_LOWEST
    e = int(np.frexp(most)[1]) - (bits - 1)
    # Half a unit below the next power of two is rounded up to it, which the bits do not hold.
    return e + int(np.rint(np.ldexp(most, -e)) > 2 ** (bits - 1) - 1)


def rounded(
    values: np.ndarray, bits: int, e: int | None = None, generator: np.random.Generator | None = None
) -> np.ndarray:
    """Return the nearest multiples of 2^e that some bits hold; real and imaginary parts are rounded by themselves.

    Parameters
    ----------
    values : numpy.ndarray
        Real or complex numbers.
    bits : int
        Bits of each number, with its sign, from 2 to 24.
    e : int, optional
        Exponent of the unit [the smallest that holds all values]. Numbers beyond the range become its ends.
    generator : numpy.random.Generator, optional
        Rounds up or down at random, so that the mean of the result is the value [ties go to the even neighbour].

    Raises
    ------
    ConfigurationError
        The number of bits is out of range.

    Examples
    --------
    >>> rounded(np.array([0.3, -1.0, 5.0]), 4, e=-1)
    array([ 0.5, -1. ,  3.5])
    """
    if not 2 <= bits <= 24:
        raise ConfigurationError(got_expected("bits", bits, "2 to 24", "pass bits=8"))
    e = exponent(values, bits) if e is None else e
    parts = np.ldexp(_parts(values), -e)
    whole = np.rint(parts) if generator is None else np.floor(parts + generator.random(parts.shape))
    whole = np.clip(whole, -(2 ** (bits - 1)), 2 ** (bits - 1) - 1)
    out = np.ldexp(whole, e).astype(parts.dtype)
    return out.view(values.dtype).reshape(values.shape) if np.iscomplexobj(values) else out


def _parts(values: np.ndarray) -> np.ndarray:
    """Return real numbers as they are, and complex ones as pairs of real numbers."""
    if not np.iscomplexobj(values):
        return values
    return np.ascontiguousarray(values).reshape(-1).view(values.real.dtype)


@dataclass
class FixedPoint:
    """An observer of ops that rounds every result; pass it to `freqnet.autodiff.observe`.

    Parameters
    ----------
    bits : int
        Bits of each number.
    exponents : list of int, optional
        Exponents of the results, in the order of the ops [each result has the smallest that holds it].

    Attributes
    ----------
    seen : list of int
        The smallest exponent that held each result since `start`.
    """

    bits: int
    exponents: list[int] | None = None
    seen: list[int] = field(default_factory=list)

    def start(self) -> None:
        """Begin with the first op again."""
        self.seen = []

    def __call__(self, op: Op, out: Tensor, inputs: tuple[Tensor, ...], parameters: dict[str, Any]) -> None:
        if not np.isfinite(out.data).all():
            return
        own = exponent(out.data, self.bits)
        e = own if self.exponents is None else self.exponents[len(self.seen)]
        self.seen.append(own)
        # A new array: the old one may be part of an input.
        out.data = rounded(out.data, self.bits, e)


@contextmanager
def rounded_weights(network: Network, bits: int) -> Iterator[None]:
    """Round all trained arrays of a network inside the block, each with its own scale."""
    parameters = list(network.named_parameters().values())
    exact = [p.data.copy() for p in parameters]
    try:
        for p in parameters:
            p.data[...] = rounded(p.data, bits)
        yield
    finally:
        for p, values in zip(parameters, exact, strict=True):
            p.data[...] = values


def accuracy(network: Network, spectra: Spectra, bits: int, calibration: Spectra, batch: int = 250) -> float:
    """Return the accuracy of a network in fixed point, with scales that were fixed on other examples.

    Parameters
    ----------
    network : Network
        A trained network; it is not changed.
    spectra : Spectra
        Examples to measure.
    bits : int
        Bits of weights and results.
    calibration : Spectra
        Examples, usually of the training set, that choose the scale of the input and of every result.
    batch : int
        Examples at a time.
    """
    found = np.concatenate(list(_outputs(network, spectra, bits, calibration, batch)))
    return float(np.mean(np.argmax(found, axis=1) == spectra.targets))


def _outputs(network: Network, spectra: Spectra, bits: int, calibration: Spectra, batch: int) -> Iterator[np.ndarray]:
    with rounded_weights(network, bits), evaluation(), no_grad(), network.guard():
        at_input = exponent(calibration.take(np.arange(len(calibration))).x.data, bits)
        scales = _scales(network, calibration, bits, at_input, batch)
        for part in spectra.in_order(batch):
            with observe(FixedPoint(bits, scales)):
                yield network.body(part.with_array(rounded(part.x.data, bits, at_input)).x).data


def _scales(network: Network, calibration: Spectra, bits: int, at_input: int, batch: int) -> list[int]:
    """Return the exponent of each result that holds it for all examples."""
    scales: list[int] = []
    for part in calibration.in_order(batch):
        with observe(rule := FixedPoint(bits)):
            network.body(part.with_array(rounded(part.x.data, bits, at_input)).x)
        scales = [max(pair) for pair in zip(scales or rule.seen, rule.seen, strict=True)]
    return scales


@dataclass
class FixedPointRun(Run):
    """A training run whose weights, results and gradients are rounded in every step.

    The optimiser adds its steps to weights with more bits, of which the network gets the rounded values. With
    `stores_rounded` there are no such weights: each step is rounded at random to the bits of the weights, up or down,
    so that the mean of the result is exact (Gupta et al. 2015).

    Attributes
    ----------
    bits : int
        Bits of each number.
    stores_rounded : bool
        Whether weights have no more bits between steps.
    """

    bits: int = 16
    stores_rounded: bool = False

    def gradients(self, batch: Batch) -> tuple[float, np.ndarray]:
        """Set the rounded gradients of the rounded weights; return the loss and the outputs."""
        batch = batch.with_array(rounded(batch.x.data, self.bits))
        with rounded_weights(self.network, self.bits), self.network.guard(), observe(FixedPoint(self.bits)):
            outputs = self.network.body(batch.x)
            loss = self.loss.of(outputs, batch.targets, batch.weights, batch.mixes)
            parameters = list(self.trained.values())
            # With a graph, the backward pass runs op by op, and the observer sees all of them.
            found = gradient(loss, parameters, create_graph=True)
        for p, g in zip(parameters, found, strict=True):
            p.grad = rounded(g.data, self.bits)
        return loss.item(), outputs.data

    def step(self, batch: Batch, is_last: bool = False) -> tuple[float, np.ndarray]:
        """Take one training step; return the loss and the outputs."""
        result = super().step(batch, is_last)
        if self.stores_rounded:
            for p in self.trained.values():
                p.data[...] = rounded(p.data, self.bits, generator=self.network.body.generator)
        return result


def train(network: Network, spectra: Spectra, settings: Settings, bits: int, stores_rounded: bool = False) -> None:
    """Train a network in fixed point, by the steps, rates and batches that `freqnet.training.fit` takes.

    Parameters
    ----------
    network : Network
        It is changed.
    spectra : Spectra
        Training examples.
    settings : Settings
    bits : int
        Bits of weights, results and gradients.
    stores_rounded : bool
        Whether weights have no more bits between steps: see `FixedPointRun`.
    """
    run = FixedPointRun.begin(network, settings, spectra)
    assert isinstance(run, FixedPointRun)
    run.bits, run.stores_rounded = bits, stores_rounded
    schedule = settings.make_schedule(settings.epochs * run.updates_an_epoch)
    network.train()
    for epoch in range(settings.epochs):
        generator = np.random.default_rng([settings.seed, epoch])
        network.body.set_generator(generator)
        for index, batch in enumerate(run.batches(generator)):
            run.optimizer.learning_rate = schedule(epoch * run.updates_an_epoch + index)
            run.step(batch)
    # Running statistics that lag behind the weights are measured anew, as after `fit`.
    layers = lagging_layers(network, settings.epochs * run.steps_an_epoch)
    if layers:
        generator = np.random.default_rng([settings.seed, settings.epochs, 1])
        with rounded_weights(network, bits), observe(FixedPoint(bits)):
            recalibrate(network, layers, spectra, settings.batch, generator)
    network.train(False)
