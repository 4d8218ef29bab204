"""Spatial twins of all layers, on samples: explicit matrices, rolls and pointwise products, no FFT.

A twin reads a layer's settings and uses `autograd.numpy` and the oracles, nothing of freqnet. The files
``test_nn_twin_*.py`` hold the layers against these twins by `test_nn_twin_control.assert_twin`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import autograd
import autograd.numpy as anp
import numpy as np
import oracles
from autograd.scipy.special import erf

from freqnet.nn import LAYERS

Axes = tuple[int, ...]


@dataclass
class Held:
    """Samples ``(batch, *grid, channels)`` of a signal, its band, and where it may differ from zero."""

    samples: Any
    band: Axes
    support: Axes | None = None
    start: Axes = ()

    @property
    def grid(self) -> Axes:
        return self.samples.shape[1:-1]

    def put(self, samples: Any, band: Axes | None = None) -> Held:
        return Held(samples, self.band if band is None else band)


@dataclass
class Run:
    """The arrays of one layer by name, whether it is training, and its source of randomness."""

    arrays: dict[str, Any]
    training: bool
    generator: np.random.Generator

    def __getitem__(self, name: str) -> Any:
        return self.arrays[name]

    def inside(self, name: str) -> Run:
        cut = len(name) + 1
        return replace(self, arrays={k[cut:]: v for k, v in self.arrays.items() if k.startswith(f"{name}.")})


TWINS: dict[str, Callable[[Any, Any, Run], Any]] = {}


def twin_of(name: str) -> Callable:
    return lambda function: TWINS.setdefault(name, function)


def run_twin(layer: Any, x: Any, run: Run) -> Any:
    """Run a layer's twin. What was cut in space is cut in band only now: convolution does not mind the order."""
    name = type(layer).__name__
    if isinstance(x, Held) and name not in ("Convolution", "Sequential"):
        x = replace(x, samples=oracles.project(x.samples, x.band))
    return TWINS[name](layer, x, run)


def axes(value: Any, like: Axes) -> Axes:
    return (value,) * len(like) if isinstance(value, int) else tuple(value)


def smaller(a: Axes, b: Axes) -> Axes:
    return tuple(map(min, a, b))


def below_nyquist(grid: Axes) -> Axes:
    return tuple((n - 1) // 2 for n in grid)


# -- convolution -------------------------------------------------------------------------------------
@twin_of("Convolution")
def convolution(layer: Any, x: Held, run: Run) -> Held:
    modes = layer.kernel == "modes"
    size = x.grid if modes else axes(layer.size, x.grid)
    matrix = oracles.mode_taps(x.grid, x.band) if modes else oracles.tap_matrix(layer.kernel, size)
    taps = anp.tensordot(matrix, run["kernel"], (1, 0))
    if layer.boundary == "linear":
        out = _linear(x, taps, size, not modes, layer.groups)
    else:
        out = x.put(oracles.convolved(x.samples, taps, size, not modes, layer.groups))
    return replace(out, samples=out.samples + run["bias"], support=None) if layer.bias else out


def _linear(x: Held, taps: Any, size: Axes, centred: bool, groups: int) -> Held:
    """Convolve what lies in the support by matrices that cannot wrap; put the result where it belongs."""
    assert x.support is not None
    held = oracles.roll(x.samples, tuple(-s for s in x.start or (0,) * len(size)))
    held = held[(slice(None), *(slice(s) for s in x.support))]
    total, out = tuple(s + k - 1 for s, k in zip(x.support, size, strict=True)), []
    for values, kernels in zip(_parts(held, groups), _parts(taps, groups), strict=True):
        moved = (
            oracles.along([np.eye(t, s, -i) for t, s, i in zip(total, x.support, o, strict=True)], values)
            for o in np.ndindex(*size)
        )
        out.append(sum(anp.dot(m, kernels[i]) for i, m in enumerate(moved)))
    padded = oracles.along([np.eye(n, t) for n, t in zip(x.grid, total, strict=True)], anp.concatenate(out, -1))
    first = [(k - 1) // 2 if centred else 0 for k in size]
    start = tuple(s - f for s, f in zip(x.start or (0,) * len(size), first, strict=True))
    return Held(oracles.roll(padded, start), x.band, total, start)


def _parts(array: Any, groups: int) -> list[Any]:
    width = array.shape[-1] // groups
    return [array[..., g * width : (g + 1) * width] for g in range(groups)]


@twin_of("Window")
def window(layer: Any, x: Held, run: Run) -> Held:
    size = axes(layer.size, x.grid)
    boxes = [np.diag((np.arange(n) < s).astype(float)) for n, s in zip(x.grid, size, strict=True)]
    return Held(oracles.along(boxes, x.samples), x.band, size)


# -- pooling -----------------------------------------------------------------------------------------
@twin_of("TruncationPool")
def truncation(layer: Any, x: Held, run: Run) -> Held:
    return _resampled(x, axes(layer.size, x.grid))


def _resampled(x: Held, grid: Axes) -> Held:
    band = smaller(x.band, below_nyquist(grid))
    return Held(oracles.evaluate(x.samples, grid, band), band)


@twin_of("LowPass")
def low_pass(layer: Any, x: Held, run: Run) -> Held:
    band = axes(layer.band, x.grid)
    return x.put(oracles.project(x.samples, band), band)


@twin_of("AveragePool")
def average(layer: Any, x: Held, run: Run) -> Held:
    size = axes(layer.window, x.grid)
    stride = size if layer.stride is None else axes(layer.stride, x.grid)
    average = oracles.moving_average if layer.method == "dirichlet" else oracles.continuous_average
    kept = average(x.samples, size)[(slice(None), *(slice(None, None, s) for s in stride))]
    band = smaller(x.band, below_nyquist(kept.shape[1:-1]))
    return Held(oracles.project(kept, band), band)


@twin_of("FrequencyDropout")
def dropout(layer: Any, x: Held, run: Run) -> Held:
    if not run.training:
        return x
    radius = int(run.generator.integers(layer.minimum, max(x.band) + 1))
    return x.put(oracles.project(x.samples, smaller((radius,) * len(x.band), x.band)))


# -- normalisation and activation --------------------------------------------------------------------
@twin_of("PowerNorm")
def power_norm(layer: Any, x: Held, run: Run) -> Held:
    over = tuple(range(0 if layer.statistics == "batch" else 1, x.samples.ndim - 1))
    mean = anp.mean(x.samples, over, keepdims=True)
    variance = anp.mean((x.samples - mean) ** 2, over, keepdims=True)
    if layer.statistics == "batch" and not run.training:
        mean, variance = run["mean"], run["variance"]
    return x.put((x.samples - mean) / anp.sqrt(variance + layer.epsilon) * run["gain"] + run["offset"])


FUNCTIONS: dict[str, Callable] = {
    "identity": lambda t: t,
    "tanh": anp.tanh,
    "softsign": lambda t: t / (1 + anp.abs(t)),
    "sigmoid": lambda t: 1 / (1 + anp.exp(-t)),
    "relu": lambda t: anp.maximum(t, 0.0),  # autograd shares a tie: 1/2 at 0
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
    """On a grid fine enough for every product: c[0] + c[1] x + c[2] x g + ... + c[d] x g^(d-1), g the gate."""
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
    """The function's Hermite polynomial for the samples' own mean and deviation, of ReLU or of erf."""
    over = tuple(range(0 if layer.statistics == "batch" else 1, x.samples.ndim - 1))
    mean = anp.mean(x.samples, over, keepdims=True)
    variance = anp.mean((x.samples - mean) ** 2, over, keepdims=True)
    if layer.statistics == "batch" and not run.training:
        shape = (1,) * (x.samples.ndim - 1) + (-1,)
        mean, variance = run["mean"].reshape(shape), run["variance"].reshape(shape)
    rows = HERMITE[layer.function](mean, variance + layer.epsilon)[: layer.degree + 1]
    # Of degree j the Hermite polynomial of variance v; in powers of t = x - mean.
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
    """The same sum of sines, every product cut to the band; sine and cosine by the layer's own polynomials."""
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


# -- containers and heads ----------------------------------------------------------------------------
@twin_of("Sequential")
def sequential(layer: Any, x: Any, run: Run) -> Any:
    for index, child in enumerate(layer.layers):
        x = run_twin(child, x, run.inside(str(index)))
    return x


@twin_of("Residual")
def residual(layer: Any, x: Held, run: Run) -> Held:
    out = run_twin(layer.body, x, run.inside("body"))
    shortcut = run.inside("shortcut").arrays
    if shortcut:
        x = x.put(anp.dot(x.samples, shortcut["kernel"][0]))
    if x.grid != out.grid:
        x = _resampled(x, out.grid)
    return out.put(oracles.project(x.samples, out.band) + out.samples)


@twin_of("Dense")
def dense(layer: Any, x: Any, run: Run) -> Any:
    if isinstance(x, Held):
        x = _features(oracles.coordinates(x.samples, x.band))
    return anp.dot(x, run["weight"]) + run["bias"]


@twin_of("GlobalAverage")
def global_average(layer: Any, x: Held, run: Run) -> Any:
    return anp.mean(x.samples, tuple(range(1, x.samples.ndim - 1)))


@twin_of("PowerSpectrum")
def power_spectrum(layer: Any, x: Held, run: Run) -> Any:
    return _features(oracles.mode_powers(x.samples, x.band))


def _features(values: Any) -> Any:
    count, batch, channels = values.shape
    return anp.reshape(anp.transpose(values, (1, 0, 2)), (batch, count * channels))


def test_every_layer_has_a_twin():
    assert TWINS.keys() == LAYERS.keys()
