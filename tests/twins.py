"""Spatial counterparts of layers: explicit matrices, rolls and pointwise products on samples, without FFT.

A spatial counterpart reads the settings of a layer and uses `autograd.numpy` and the oracles, without freqnet. Those
of activations are in ``twins_of_activations.py``. The files ``test_nn_twin_*.py`` compare layers with them by
`test_nn_twin_control.assert_twin`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import autograd.numpy as anp
import numpy as np
import oracles

Axes = tuple[int, ...]


@dataclass
class Held:
    """Samples ``(batch, *grid, channels)`` of a signal, its band and its support."""

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
    """The arrays of one layer by name, its mode, and its source of randomness."""

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
    """Run the spatial counterpart of a layer, and truncate its band at the end, which convolution permits."""
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
    """Convolve the support by matrices that cannot wrap, and place the result on the grid."""
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


@twin_of("Rescale")
def rescale(layer: Any, x: Held, run: Run) -> Held:
    scale, offset = (np.broadcast_to(np.array(v), x.samples.shape[-1:]) for v in (layer.scale, layer.offset))
    return x.put(x.samples * scale + offset, x.band)


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


@twin_of("Take")
def take(layer: Any, x: Held, run: Run) -> Held:
    rows = layer.places if isinstance(layer.places[0], tuple) else (layer.places,) * len(x.grid)
    kept = oracles.taken(x.samples, rows)
    band = below_nyquist(kept.shape[1:-1])
    return Held(oracles.project(kept, band), band)


@twin_of("FrequencyDropout")
def dropout(layer: Any, x: Held, run: Run) -> Held:
    if not run.training:
        return x
    radius = int(run.generator.integers(layer.minimum, max(x.band) + 1))
    return x.put(oracles.project(x.samples, smaller((radius,) * len(x.band), x.band)))


@twin_of("ChannelDropout")
def channel_dropout(layer: Any, x: Held, run: Run) -> Held:
    return _dropped(layer, x, run, x.samples.shape[-1])


@twin_of("StochasticDepth")
def stochastic_depth(layer: Any, x: Held, run: Run) -> Held:
    return _dropped(layer, x, run, 1)


def _dropped(layer: Any, x: Held, run: Run, columns: int) -> Held:
    if not run.training:
        return x
    batch, ones = len(x.samples), (1,) * len(x.grid)
    is_kept = run.generator.random((batch, columns)) >= layer.rate
    return x.put(anp.where(is_kept.reshape(batch, *ones, columns), x.samples / (1 - layer.rate), 0.0))


@twin_of("SqueezeExcitation")
def squeeze_excitation(layer: Any, x: Held, run: Run) -> Held:
    over = tuple(range(1, x.samples.ndim - 1))
    mean = anp.mean(x.samples, over)
    spread = anp.mean(x.samples**2, over) - mean**2
    both = anp.concatenate([mean, anp.sqrt(spread + 1e-5)], -1)
    hidden = anp.maximum(anp.dot(both, run["squeeze.weight"]) + run["squeeze.bias"], 0)
    gates = 2 / (1 + anp.exp(-(anp.dot(hidden, run["excite.weight"]) + run["excite.bias"])))
    return x.put(x.samples * anp.reshape(gates, (len(gates), *(1,) * len(over), -1)))


# -- normalisation -----------------------------------------------------------------------------------
@twin_of("PowerNorm")
def power_norm(layer: Any, x: Held, run: Run) -> Held:
    over = tuple(range(0 if layer.statistics == "batch" else 1, x.samples.ndim - 1))
    mean = anp.mean(x.samples, over, keepdims=True)
    variance = anp.mean((x.samples - mean) ** 2, over, keepdims=True)
    if layer.statistics == "batch" and not run.training:
        mean, variance = run["mean"], run["variance"]
    return x.put((x.samples - mean) / anp.sqrt(variance + layer.epsilon) * run["gain"] + run["offset"])


@twin_of("PositionAffine")
def position_affine(layer: Any, x: Held, run: Run) -> Held:
    """The product on a grid fine enough for it, and the fields as sums of waves."""
    band = x.band if layer.band is None else axes(layer.band, x.grid)
    fine = tuple(m + 2 * n + 1 for m, n in zip(x.band, band, strict=True))
    waves = oracles.basis(fine, band).T
    out = oracles.evaluate(x.samples, fine, x.band)
    if layer.gain:
        out = out * anp.reshape(anp.dot(waves, run["gain"]), (*fine, -1))
    out = oracles.project(out, band)
    if layer.offset:
        out = out + anp.reshape(anp.dot(waves, run["offset"]), (*fine, -1))
    return x.put(oracles.evaluate(out, x.grid, band), band)


# -- containers and heads ----------------------------------------------------------------------------
@twin_of("Sequential")
def sequential(layer: Any, x: Any, run: Run) -> Any:
    for index, child in enumerate(layer.layers):
        x = run_twin(child, x, run.inside(str(index)))
    return x


@twin_of("Residual")
def residual(layer: Any, x: Held, run: Run) -> Held:
    out = run_twin(layer.body, x, run.inside("body"))
    if layer.path is not None:
        x = run_twin(layer.path, x, run.inside("path"))
    shortcut = run.inside("shortcut").arrays
    if shortcut:
        x = x.put(anp.dot(x.samples, shortcut["kernel"][0]))
    if x.grid != out.grid:
        x = _resampled(x, out.grid)
    return out.put(oracles.project(x.samples, out.band) + out.samples)


@twin_of("DataConsistency")
def data_consistency(layer: Any, x: Held, run: Run) -> Held:
    """Circular convolutions of samples; those of complex images by their real and imaginary parts."""
    count = x.samples.shape[-1] - layer.mask
    before, masks = x.samples[..., :count], x.samples[..., count:]
    found = run_twin(layer.body, x.put(before), run.inside("body")).samples
    missing = before - found
    out = found + oracles.convolved_signals(missing, masks[..., :1])
    if layer.mask == 2:
        real, imaginary = missing[..., : count // 2], missing[..., count // 2 :]
        turned = anp.concatenate([-imaginary, real], -1)
        out = out + oracles.convolved_signals(turned, masks[..., 1:])
    return x.put(anp.concatenate([out, masks], -1) if layer.keep_mask else out)


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
