"""Every public operation against its spatial counterpart: values and gradients, to 1e-10.

The spatial counterpart works on samples, with rolls and explicit matrices of cosines, and autograd gives its
gradient. The gradient of a spectrum is a density over the grid: N times the gradient with respect to the samples,
truncated to the band.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from math import prod
from typing import Any

import autograd
import autograd.numpy as anp
import numpy as np
import oracles
import pytest

from freqnet import ops
from freqnet.autodiff import Tensor, gradient
from freqnet.ops.bins import from_bins, to_bins
from freqnet.ops.convolve import convolve_signals
from freqnet.spaces import KERNELS, Fourier, Space

TOLERANCE = 1e-10
GRIDS = (
    *((n,) for n in (1, 2, 3, 7, 8, 9)),
    *((1, 5), (2, 3), (5, 8), (7, 2), (3, 3)),
    *((2, 3, 5), (8, 1, 3), (1, 1, 7)),
)
Axes = tuple[int, ...]


@dataclass
class Signal:
    """A signal as input: its space, and its samples on a grid that holds the band."""

    space: Space
    samples: np.ndarray


Case = tuple[str, Callable[..., Tensor], Callable[..., Any], list[Any]]
CASES: dict[str, Callable[[Space, np.random.Generator], list[Case]]] = {}


def twin(function: Callable[[Space, np.random.Generator], list[Case]]) -> None:
    """Register a function that makes cases (name, operation, spatial counterpart, inputs) for one space."""
    CASES[function.__name__] = function


def carrier_of(space: Space) -> Axes:
    return oracles.carrier(space.grid, space.band)


def draw(space: Space, rng: np.random.Generator, channels: int = 2, batch: int = 2) -> Signal:
    return Signal(space, oracles.random_samples(rng, space.grid, space.band, batch, channels))


def store(values: Any, space: Space | None) -> np.ndarray:
    return np.asarray(values) if space is None else oracles.spectrum(values, space.band)


def as_input(x: Signal | np.ndarray) -> tuple[np.ndarray, Tensor]:
    values, space = (x.samples, x.space) if isinstance(x, Signal) else (x, None)
    return values, Tensor(store(values, space), space, requires_grad=True)


def errors(op: Callable[..., Tensor], spatial: Callable[..., Any], inputs: list, rng: np.random.Generator) -> list:
    """Relative errors of the value, and of the gradient of each input for a random cotangent."""
    values, tensors = zip(*map(as_input, inputs), strict=True)
    out = op(*tensors)
    expected = spatial(*values)
    cotangent = rng.standard_normal(expected.shape)
    if out.space is not None:
        assert expected.shape[1:-1] == carrier_of(out.space)
        cotangent = oracles.project(cotangent, out.space.band)
    found = gradient(out, tensors, Tensor(store(cotangent, out.space), out.space))
    volume = 1 if out.space is None else prod(expected.shape[1:-1])
    loss = lambda *args: anp.sum(spatial(*args) * cotangent) / volume
    result = [oracles.relative_error(out.data, store(expected, out.space))]
    for i, (value, tensor, g) in enumerate(zip(values, tensors, found, strict=True)):
        density = autograd.grad(loss, i)(*values) * (1 if tensor.space is None else prod(value.shape[1:-1]))
        result.append(oracles.relative_error(g.data, store(density, tensor.space)))
    return result


# -- the cases ---------------------------------------------------------------------------------------
@twin
def convolution(space: Space, rng: np.random.Generator) -> list[Case]:
    out, ndim = [], len(space.grid)
    for kernel, size, (groups, inputs, outputs) in (
        *((k, (3, 2, 3)[:ndim], (1, 2, 3)) for k in KERNELS),
        *((k, (2, 3, 1)[:ndim], (2, 4, 2)) for k in KERNELS),
        *((k, (5, 1, 2)[:ndim], (3, 3, 3)) for k in KERNELS),
    ):
        modes = kernel == "modes"
        matrix = oracles.mode_taps(space.grid, space.band) if modes else oracles.tap_matrix(kernel, size)
        theta = rng.standard_normal((matrix.shape[1], inputs // groups, outputs))
        extent = space.grid if modes else size
        op = lambda x, t, k=kernel, s=size, g=groups: ops.convolve(x, ops.frequency_response(t, x.space, k, s), s, g)
        spatial = lambda x, t, m=matrix, e=extent, c=not modes, g=groups: oracles.convolved(
            x, anp.tensordot(m, t, 1), e, c, g
        )
        out.append((f"{kernel} kernel of {size}", op, spatial, [draw(space, rng, inputs), theta]))
    return out


@twin
def product(space: Space, rng: np.random.Generator) -> list[Case]:
    half, zero, double = (tuple(f(m) for m in space.band) for f in (lambda m: m // 2, lambda m: 0, lambda m: 2 * m))
    out = []
    for b, c in (
        (space.band, space.band),
        (half, space.band),
        (zero, space.band),
        (space.band, double),
        (double, half),
    ):
        other = space.with_band(b)
        op = lambda x, y, c=c: ops.multiply(x, y, c)
        spatial = lambda x, y, n=(space.band, b, c): oracles.multiplied(x, y, n, oracles.carrier(space.grid, n[2]))
        out.append((f"product with band {b} kept to {c}", op, spatial, [draw(space, rng), draw(other, rng)]))
        out.append(("one lane", op, spatial, [draw(space, rng), draw(other, rng, 1, 1)]))
    for c in (space.band, double):
        square = lambda x, n=(space.band, space.band, c): oracles.multiplied(x, x, n, oracles.carrier(space.grid, n[2]))
        out.append((f"square kept to {c}", lambda x, c=c: ops.multiply(x, x, c), square, [draw(space, rng)]))
    return out


@twin
def polynomial(space: Space, rng: np.random.Generator) -> list[Case]:
    half, zero = tuple(m // 2 for m in space.band), (0,) * len(space.band)
    choices = [(d, space.band, False) for d in (1, 2, 3)]
    choices += [(3, half, False), (4, zero, False), (3, space.band, True), (3, half, True)]
    choices += [(4, space.band, True)] if len(space.grid) == 1 else []
    out = []
    for degree, gate, exact in choices:
        c = rng.standard_normal((degree + 1, 2 if degree == 3 else 1))
        op = lambda x, c, g=gate, e=exact: ops.polynomial(x, c, None if g == x.space.band else g, e)
        spatial = lambda x, c, g=gate, e=exact: oracles.horner(x, c, space.band, g, e)
        out.append((f"polynomial of degree {degree}, gate {gate}, exact {exact}", op, spatial, [draw(space, rng), c]))
    return out


@twin
def averaging_and_aliasing(space: Space, rng: np.random.Generator) -> list[Case]:
    out: list[Case] = []
    for w in ((2, 3, 1)[: len(space.grid)], (3,) * len(space.grid)):
        average = lambda x, w=w: ops.average(x, w)
        out.append((f"average over {w}", average, lambda x, w=w: oracles.moving_average(x, w), [draw(space, rng)]))
        sinc = lambda x, w=w: ops.average(x, w, method="sinc")
        out.append(("continuous", sinc, lambda x, w=w: oracles.continuous_average(x, w), [draw(space, rng)]))
    for divisor in (2, 3, 1):
        stride = tuple(divisor if n % divisor == 0 else n for n in space.grid)
        keep = (slice(None), *(slice(None, None, s) for s in stride))
        spatial = lambda x, k=keep: oracles.project(x[k], tuple((n - 1) // 2 for n in x[k].shape[1:-1]))
        out.append((f"stride {stride}", lambda x, s=stride: ops.alias(x, s), spatial, [draw(space, rng)]))
    return out


@twin
def samples_by_their_places(space: Space, rng: np.random.Generator) -> list[Case]:
    out: list[Case] = []
    for name, row in (
        ("a crop and zeros", lambda n: (n // 2, n - 1, -1)),
        ("all in another order, one of them twice", lambda n: (*reversed(range(n)), 0)),
        ("every other one", lambda n: tuple(range(0, n, 2))),
        ("one sample", lambda n: (n - 1,)),
        ("zeros", lambda n: (-1,) * 3),
    ):
        places = tuple(map(row, space.grid))

        def spatial(x: Any, places: tuple[Axes, ...] = places) -> Any:
            x = oracles.taken(oracles.evaluate(x, space.grid, space.band), places)
            return oracles.project(x, tuple((n - 1) // 2 for n in x.shape[1:-1]))

        out.append((name, lambda x, p=places: ops.take(x, p), spatial, [draw(space, rng)]))
    return out


@twin
def bands_grids_and_shifts(space: Space, rng: np.random.Generator) -> list[Case]:
    half, wide, ndim = tuple(m // 2 for m in space.band), tuple(m + 2 for m in space.band), len(space.grid)
    out: list[Case] = [
        ("truncate", lambda x: ops.truncate(x, half), lambda x: oracles.project(x, half), [draw(space, rng)]),
        (
            "zero_pad",
            lambda x: ops.zero_pad(x, wide),
            lambda x: oracles.evaluate(x, oracles.carrier(space.grid, wide), space.band),
            [draw(space, rng)],
        ),
    ]
    for grid in (tuple(2 * n - 1 for n in space.grid), tuple((n + 1) // 2 for n in space.grid), (4, 9, 3)[:ndim]):
        kept = tuple(min(m, (n - 1) // 2) for m, n in zip(space.band, grid, strict=True))
        spatial = lambda x, g=grid, k=kept: oracles.evaluate(x, g, k)
        out.append((f"resample to {grid}", lambda x, g=grid: ops.resample(x, g), spatial, [draw(space, rng)]))
    whole, each = (2, -1, 3)[:ndim], rng.uniform(-3, 3, (2, ndim))
    by_row = lambda x: anp.concatenate([oracles.shifted(x[i : i + 1], each[i]) for i in range(2)])
    out.append(("shift", lambda x: ops.shift(x, whole), lambda x: oracles.roll(x, whole), [draw(space, rng)]))
    out.append(("fractions", lambda x: ops.shift(x, each), by_row, [draw(space, rng)]))
    return out


@twin
def statistics_and_features(space: Space, rng: np.random.Generator) -> list[Case]:
    x, y, one = draw(space, rng), draw(space, rng), draw(space, rng, 2, 1)
    grid = tuple(range(1, 1 + len(space.grid)))
    inner = lambda x, y: anp.sum(anp.mean(x * y, axis=grid))
    return [
        ("mean", ops.mean, lambda x: anp.mean(x, axis=grid), [x]),
        ("power", ops.signal_power, lambda x: anp.mean(x**2, axis=grid), [x]),
        ("inner product", ops.inner_product, inner, [x, y]),
        ("inner product with one example", ops.inner_product, inner, [x, one]),
        ("coordinates", ops.coordinates, lambda x: oracles.rows(oracles.coordinates(x, space.band)), [x]),
        ("power spectrum", ops.power_spectrum, lambda x: oracles.rows(oracles.mode_powers(x, space.band)), [x]),
    ]


@twin
def signals_convolved_with_signals(space: Space, rng: np.random.Generator) -> list[Case]:
    x, y, one = draw(space, rng), draw(space, rng), draw(space, rng, 1)
    return [
        ("two signals", convolve_signals, oracles.convolved_signals, [x, y]),
        ("one channel for all", convolve_signals, oracles.convolved_signals, [x, one]),
    ]


@twin
def frequency_bins(space: Space, rng: np.random.Generator) -> list[Case]:
    out: list[Case] = []
    for grid in (space.grid, tuple(n + 3 for n in space.grid), tuple(2 * n for n in space.grid)):
        numbers = rng.standard_normal((2, *grid, 2))
        there = lambda h: oracles.of_bins(h, carrier_of(space), space.band)
        out.append((f"from {grid} bins", lambda h: from_bins(h, space), there, [numbers]))
        back = lambda x, g=grid: oracles.to_bins(x, g, space.band)
        out.append((f"to {grid} bins", lambda x, g=grid: to_bins(x, g), back, [draw(space, rng)]))
    return out


@twin
def losses_of_signals(space: Space, rng: np.random.Generator) -> list[Case]:
    pair = [draw(space, rng, 3), draw(space, rng, 3)]
    out: list[Case] = [("mean squared error", ops.mean_squared_error, lambda x, y: anp.mean((x - y) ** 2), pair)]
    for order in (1.0, -1.0, 0.5):
        spatial = lambda x, y, order=order: oracles.sobolev(x, y, space.band, order)
        out.append((f"Sobolev {order}", lambda x, y, o=order: ops.sobolev_error(x, y, o), spatial, pair))
    return out


@twin
def transforms(space: Space, rng: np.random.Generator) -> list[Case]:
    out: list[Case] = []
    for grid in (space.grid, tuple(n + 1 for n in space.grid), tuple(2 * n for n in space.grid)):
        raw = rng.standard_normal((2, *grid, 2))
        there = lambda s: oracles.evaluate(s, carrier_of(space), space.band)
        out.append((f"analysis of {grid}", lambda s: ops.analysis(s, space), there, [raw]))
    even = space.with_band(tuple(n // 2 for n in space.grid))
    split = lambda s: oracles.evaluate(s, carrier_of(even), even.band)
    analysis = lambda s: ops.analysis(s, even, nyquist="split")
    out.append(("analysis with the Nyquist mode", analysis, split, [rng.standard_normal((2, *space.grid, 2))]))
    for grid in (space.grid, tuple(n + 2 for n in space.grid), tuple((n + 1) // 2 for n in space.grid)):
        back = lambda x, g=grid: oracles.evaluate(x, g, space.band)
        out.append((f"synthesis on {grid}", lambda x, g=grid: ops.synthesis(x, g), back, [draw(space, rng)]))
    return out


@twin
def arithmetic(space: Space, rng: np.random.Generator) -> list[Case]:
    x, y, one = draw(space, rng), draw(space, rng), draw(space, rng, 2, 1)
    ones = (1,) * len(space.grid)
    spread = lambda b: anp.reshape(b, (b.shape[0] if anp.ndim(b) == 2 else 1, *ones, -1))
    plus, times = lambda x, b: x + spread(b), lambda x, b: x * spread(b)
    bias, factors = rng.standard_normal(2), rng.uniform(1, 2, (2, 2))
    return [
        ("a sum", lambda x, y: x + y, lambda x, y: x + y, [x, y]),
        ("a difference, spread over the batch", lambda x, y: x - y, lambda x, y: x - y, [x, one]),
        ("a sum with itself", lambda x: x + x * 2.0, lambda x: 3 * x, [x]),
        ("numbers", lambda x: 1.5 - x / 4, lambda x: 1.5 - x / 4, [x]),
        ("a bias a channel", ops.plus, plus, [x, bias]),
        ("a bias a channel, as a row", ops.plus, plus, [x, bias[None]]),
        ("a bias first", lambda b, x: b + x, lambda b, x: x + spread(b), [bias, x]),
        ("one bias for all", ops.plus, lambda x, b: x + b, [x, np.array(0.7)]),
        ("factors", ops.times, times, [x, factors]),
        ("factors a channel", ops.times, times, [x, bias]),
        ("division", lambda x, b: x / b, lambda x, b: x / spread(b), [x, factors]),
    ]


@twin
def a_small_network(space: Space, rng: np.random.Generator) -> list[Case]:
    """One chain of convolution, bias, polynomial, average, features, logits and cross entropy."""
    size, labels = (3, 2, 2)[: len(space.grid)], np.array([0, 2])
    theta, c = rng.standard_normal((prod(size), 2, 3)), rng.standard_normal((3, 1)) / 3
    weight = rng.standard_normal((3 * prod(2 * m + 1 for m in space.band), 4)) / 4

    def network(x: Tensor, theta: Tensor, bias: Tensor, c: Tensor, weight: Tensor) -> Tensor:
        y = ops.convolve(x, ops.frequency_response(theta, x.space, "taps", size), size) + bias
        y = ops.average(ops.polynomial(y, c), 2)
        return ops.cross_entropy(ops.coordinates(y) @ weight, labels, smoothing=0.1)

    def spatial(x: Any, theta: Any, bias: Any, c: Any, weight: Any) -> Any:
        y = oracles.convolved(x, theta, size) + bias
        y = oracles.moving_average(oracles.horner(y, c, space.band, space.band, False), (2,) * len(space.grid))
        logits = anp.dot(oracles.rows(oracles.coordinates(y, space.band)), weight)
        return oracles.crossed(logits, labels, 0.1)

    return [("network", network, spatial, [draw(space, rng), theta, rng.standard_normal((1, 3)), c, weight])]


@pytest.mark.parametrize("grid", GRIDS, ids=lambda g: "x".join(map(str, g)))
@pytest.mark.parametrize("name", CASES)
def test_operation_equals_its_spatial_twin(name, grid, rng, record_property) -> None:
    full = Fourier.on(grid).band
    for band in sorted({full, tuple(m // 2 for m in full)}):
        for what, op, spatial, inputs in CASES[name](Fourier.on(grid, band), rng):
            found = errors(op, spatial, inputs, rng)
            record_property("worst", max(found))
            assert max(found) < TOLERANCE, f"{what}, grid {grid}, band {band}: value and gradients off by {found}"


def test_the_comparison_finds_a_wrong_value(rng: np.random.Generator) -> None:
    x = draw(Fourier.on((5, 4)), rng)
    backwards = lambda x: oracles.moving_average(x[:, ::-1], (2, 1))[:, ::-1]
    assert errors(lambda x: ops.average(x, (2, 1)), backwards, [x], rng)[0] > 0.01


@pytest.mark.parametrize("what", ["half of it", "twice", "in one mode"])
def test_the_comparison_finds_a_wrong_gradient(what: str, rng: np.random.Generator) -> None:
    def wrong(x: Tensor) -> Tensor:
        square = ops.multiply(x, x)
        if what == "half of it":
            return ops.multiply(x, x.detach())
        if what == "twice":
            return square + square - square.detach()
        low = ops.truncate(x, 1)
        return square + ops.zero_pad(low - low.detach(), x.space.band) * 1e-6

    space = Fourier.on(9)
    spatial = lambda x: oracles.multiplied(x, x, (space.band,) * 3, space.grid)
    value, slope = errors(wrong, spatial, [draw(space, rng)], rng)
    assert value < TOLERANCE < slope
