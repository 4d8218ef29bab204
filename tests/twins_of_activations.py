"""Spatial counterparts of the activations: pointwise functions, polynomials on fine grids, functions of explicit modes.

The import of this file adds them to `twins.TWINS`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import autograd
import autograd.numpy as anp
import numpy as np
import oracles
from autograd.scipy.special import erf
from twins import Held, Run, axes, below_nyquist, smaller, twin_of

FUNCTIONS: dict[str, Callable] = {
    "identity": lambda t: t,
    "tanh": anp.tanh,
    "softsign": lambda t: t / (1 + anp.abs(t)),
    "sigmoid": lambda t: 1 / (1 + anp.exp(-t)),
    "relu": lambda t: anp.maximum(t, 0.0),  # autograd's gradient at a tie is 1/2
    "leaky_relu": lambda t: anp.maximum(t, 0.01 * t),
    "gelu": lambda t: t * (1 + erf(t / np.sqrt(2))) / 2,
    "silu": lambda t: t / (1 + anp.exp(-t)),
    "softplus": lambda t: anp.log(1 + anp.exp(t)),
    "erf": erf,
}


@twin_of("Linearized")
def linearized(layer: Any, x: Held, run: Run) -> Held:
    function = FUNCTIONS[layer.function]
    value, slope = function(0.0), autograd.grad(function)(0.0)
    return x.put((value + slope * x.samples) / (slope if layer.unit_slope else 1.0))


@twin_of("Pointwise")
def pointwise(layer: Any, x: Held, run: Run) -> Held:
    return x.put(FUNCTIONS[layer.function](x.samples))


@twin_of("Polynomial")
def polynomial(layer: Any, x: Held, run: Run) -> Held:
    """c[0] + c[1] x + c[2] x g + ... + c[d] x g^(d-1), g the gate, on a grid fine enough for every product."""
    rows = run["coefficients"] if layer.trainable else np.asarray(layer.coefficients)[:, None]
    return _polynomial(layer, x, rows)


def _polynomial(layer: Any, x: Held, rows: Any) -> Held:
    degree = len(rows) - 1
    if degree > 2 and layer.gate_band is None and not layer.exact:
        return x.put(oracles.by_powers(x.samples, rows, x.band))
    gate_band = x.band if layer.gate_band is None else smaller(axes(layer.gate_band, x.grid), x.band)
    fine = tuple(2 * m + degree * g + 1 for m, g in zip(x.band, gate_band, strict=True))
    signal, gate = oracles.evaluate(x.samples, fine, x.band), oracles.evaluate(x.samples, fine, gate_band)
    cut = (lambda y: y) if layer.exact else (lambda y: oracles.project(y, x.band))
    out = rows[degree] * signal
    for power in range(degree - 1, 0, -1):
        out = cut(out * gate) + rows[power] * signal
    out = out + rows[0]
    return x.put(oracles.evaluate(out, x.grid, x.band))


@twin_of("Gaussian")
def gaussian(layer: Any, x: Held, run: Run) -> Held:
    """The Hermite polynomial of ReLU or erf for the mean and deviation of the samples."""
    over = tuple(range(0 if layer.statistics == "batch" else 1, x.samples.ndim - 1))
    mean = anp.mean(x.samples, over, keepdims=True)
    variance = anp.mean((x.samples - mean) ** 2, over, keepdims=True)
    if layer.statistics == "batch" and not run.training:
        shape = (1,) * (x.samples.ndim - 1) + (-1,)
        mean, variance = run["mean"].reshape(shape), run["variance"].reshape(shape)
    rows = HERMITE[layer.function](mean, variance + layer.epsilon)[: layer.degree + 1]
    # Hermite polynomials of degree j and variance v, in powers of t = x - mean.
    v = variance + layer.epsilon
    powers = [[1.0], [0.0, 1.0], [-v, 0.0, 1.0], [0.0, -3 * v, 0.0, 1.0]]
    centred = [sum(m * powers[j][p] for j, m in enumerate(rows) if p < len(powers[j])) for p in range(len(rows))]
    return _polynomial(layer, x.put(x.samples - mean), [c + 0.0 * mean for c in centred])


def _density(t: Any) -> Any:
    return anp.exp(-(t**2) / 2) / np.sqrt(2 * np.pi)


def _relu_moments(mean: Any, variance: Any) -> list[Any]:
    s = anp.sqrt(variance)
    a = mean / s
    below = (1 + erf(a / np.sqrt(2))) / 2
    return [s * _density(a) + mean * below, below, _density(a) / s / 2, -a * _density(a) / variance / 6]


def _erf_moments(mean: Any, variance: Any) -> list[Any]:
    t = anp.sqrt(1 + 2 * variance)
    slope = 2 / np.sqrt(np.pi) * anp.exp(-((mean / t) ** 2)) / t
    return [erf(mean / t), slope, -slope * mean / t**2, slope * (4 * mean**2 / t**4 - 2 / t**2) / 6]


# E[f^(j)(X)] / j! for X normal, j = 0 .. 3.
HERMITE = {"relu": _relu_moments, "erf": _erf_moments}


@twin_of("FourierSeries")
def fourier_series(layer: Any, x: Held, run: Run) -> Held:
    """The same sum of sines with the layer's polynomials for sine and cosine, truncated after every product."""
    series = layer._series
    band = smaller(tuple(layer.wide * m for m in x.band), below_nyquist(x.grid))
    fine = tuple(4 * m + 1 for m in band)
    times = lambda a, b: oracles.project(a * b, band)
    values = oracles.evaluate(x.samples, fine, x.band)
    half = values * (series.frequency / 2)
    sine, cosine = (oracles.by_powers(half, np.array(f.coefficients), band) for f in (layer._sine, layer._cosine))
    first = 1 - 2 * times(sine, sine)
    twice = 2 * times(first, first) - 1
    now, before = (first, first) if series.is_even else (2 * times(sine, cosine), -2 * times(sine, cosine))
    out = series.constant + series.slope * values + series.amplitudes[0] * now
    for amplitude in series.amplitudes[1:]:
        now, before = 2 * times(now, twice) - before, now
        out = out + amplitude * now
    return x.put(oracles.evaluate(out, x.grid, x.band))


# -- functions of single modes -----------------------------------------------------------------------
def _of_parts(x: Held, function: Callable[[Any, Any, Any], tuple[Any, Any, Any]]) -> Held:
    """Change mean, real and imaginary parts ``(modes, batch, channels)`` of the signal."""
    values, count = oracles.coordinates(x.samples, x.band), len(oracles.independent(x.band))
    real, imag = values[1 : 1 + count] / np.sqrt(2), values[1 + count :] / np.sqrt(2)
    mean, real, imag = function(values[:1], real, imag)
    values = anp.concatenate([mean, np.sqrt(2) * real, np.sqrt(2) * imag])
    flat = anp.einsum("kn,kbc->bnc", oracles.basis(x.grid, x.band), values)
    return x.put(anp.reshape(flat, x.samples.shape))


@twin_of("MagnitudeGain")
def magnitude_gain(layer: Any, x: Held, run: Run) -> Held:
    def weaken(mean: Any, real: Any, imag: Any) -> tuple[Any, Any, Any]:
        square = real**2 + imag**2
        gain = square / (square + run["threshold"] ** 2)
        return mean, gain * real, gain * imag

    return _of_parts(x, weaken)


@twin_of("RealImaginary")
def real_imaginary(layer: Any, x: Held, run: Run) -> Held:
    function = FUNCTIONS[layer.function]
    return _of_parts(x, lambda *parts: tuple(map(function, parts)))


@twin_of("PhaseGate")
def phase_gate(layer: Any, x: Held, run: Run) -> Held:
    def gate(mean: Any, real: Any, imag: Any) -> tuple[Any, Any, Any]:
        inside = (real > 0) & (imag > 0)
        return anp.where(mean > 0, mean, 0.0), anp.where(inside, real, 0.0), anp.where(inside, imag, 0.0)

    return _of_parts(x, gate)


@twin_of("SecondHarmonic")
def second_harmonic(layer: Any, x: Held, run: Run) -> Held:
    modes = oracles.independent(x.band)
    halves = [tuple(n // 2 for n in k) if all(n % 2 == 0 for n in k) else None for k in modes]
    pick = np.array([[1.0 if half == other else 0.0 for other in modes] for half in halves]).reshape(2 * (len(modes),))
    spread = lambda part: anp.einsum("jk,kbc->jbc", pick, part)

    def add(mean: Any, real: Any, imag: Any) -> tuple[Any, Any, Any]:
        first, second = run["first"], run["second"]
        return first * mean, first * real + second * spread(real), first * imag + second * spread(imag)

    return _of_parts(x, add)
