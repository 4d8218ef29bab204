"""The checks of the damped domain, against explicit sums, products of polynomials and least squares.

`close` allows a number of units of rounding times the condition number of all axes.
"""

from __future__ import annotations

import cmath
from collections.abc import Callable
from dataclasses import replace
from itertools import product
from math import prod

import numpy as np
import oracles
import pytest
from oracles import assert_close

from freqnet import ops
from freqnet.autodiff import Tensor
from freqnet.spaces import KERNELS, Space
from freqnet.spaces.registry import Factory

Axes = tuple[int, ...]
UNITS = 64
CHECKS: dict[str, Callable[[Factory, Axes, np.random.Generator], None]] = {}


def check(function: Callable[[Factory, Axes, np.random.Generator], None]) -> Callable:
    """Register a check that runs over domains and grids."""
    CHECKS[function.__name__] = function
    return function


def close(actual: np.ndarray, expected: np.ndarray, space: Space, what: str) -> None:
    loss = UNITS * prod(space.condition_numbers) * float(np.finfo(float).eps)
    assert_close(actual, expected, what, loss)


# -- oracles -------------------------------------------------------------------------------------------
def radius(domain: Factory, n: int) -> float:
    """The radius with r^n = 1/8, unless the name gives another."""
    what, _, value = domain(n).domain.partition(":")[2].partition("=")
    return float(value) if what == "r" else float(value or 1 / 8) ** (1 / n)


def stored_numbers(n: int, band: int, last: bool) -> list[int]:
    """The numbers k of the stored nodes along an axis."""
    return [k for k in range(-n // 2 + 1, n // 2 + 1) if abs(k) <= band and (k >= 0 or not last)]


def values(domain: Factory, samples: np.ndarray, band: Axes) -> np.ndarray:
    """sum_t x[t] r^t e^(-2 pi i k t / n), computed by loops."""
    grid = samples.shape[1:-1]
    numbers = [stored_numbers(n, m, i == len(grid) - 1) for i, (n, m) in enumerate(zip(grid, band, strict=True))]
    out = np.zeros((*map(len, numbers), len(samples), samples.shape[-1]), complex)
    for at in np.ndindex(*map(len, numbers)):
        for t in np.ndindex(*grid):
            factor = 1 + 0j
            for axis, n in enumerate(grid):
                factor *= (radius(domain, n) * cmath.exp(-2j * cmath.pi * numbers[axis][at[axis]] / n)) ** t[axis]
            out[at] += factor * samples[(slice(None), *t)]
    return out


def projected(domain: Factory, samples: np.ndarray, band: Axes) -> np.ndarray:
    """The nearest signal in the span of damped cosines and sines, by least squares along each axis."""
    for axis, m in enumerate(band, 1):
        n = samples.shape[axis]
        t, decay = np.arange(n), radius(domain, n) ** np.arange(n)
        waves = [decay * f(2 * np.pi * k * t / n) for k in range(min(m, n // 2) + 1) for f in (np.cos, np.sin)]
        basis = np.stack([w for w in waves if np.abs(w).max() > 1e-9], axis=1)
        front = np.moveaxis(samples, axis, 0)
        found = basis @ np.linalg.lstsq(basis, front.reshape(n, -1), rcond=None)[0]
        samples = np.moveaxis(found.reshape(front.shape), 0, axis)
    return samples


def multiplied(samples: np.ndarray, taps: np.ndarray, size: Axes) -> np.ndarray:
    """The full product of polynomials, ``(batch, *(n + k - 1), outputs)``."""
    sizes = [n + k - 1 for n, k in zip(samples.shape[1:-1], size, strict=True)]
    out = np.zeros((len(samples), *sizes, taps.shape[-1]))
    for o, tap in zip(np.ndindex(*size), taps, strict=True):
        at = tuple(slice(i, i + n) for i, n in zip(o, samples.shape[1:-1], strict=True))
        out[(slice(None), *at)] += samples @ tap
    return out


def remainder(domain: Factory, long: np.ndarray, grid: Axes) -> np.ndarray:
    """The remainder modulo z^n - r^n along every axis, by long division from the highest power down."""
    for axis, n in enumerate(grid, 1):
        long = np.moveaxis(long, axis, 0).copy()
        for power in range(len(long) - 1, n - 1, -1):
            long[power - n] += radius(domain, n) ** n * long[power]
        long = np.moveaxis(long[:n], 0, axis)
    return long


def moved(samples: np.ndarray, by: Axes) -> np.ndarray:
    """The signal shifted by s samples, with zeros before it, ``(batch, *(n + s), channels)``."""
    return np.pad(samples, ((0, 0), *((s, 0) for s in by), (0, 0)))


# -- checks --------------------------------------------------------------------------------------------
def drawn(domain: Factory, grid: Axes, rng: np.random.Generator, channels: int = 2) -> tuple[np.ndarray, Tensor]:
    samples = rng.standard_normal((2, *grid, channels))
    return samples, ops.analysis(samples, domain(grid))


def bands(domain: Factory, grid: Axes) -> list[Axes]:
    """All nodes, about half of them along each axis, and only the node z = r."""
    full = domain(grid).band
    return [full, tuple(m // 2 for m in full), (0,) * len(grid)]


@check
def values_and_the_way_back(domain: Factory, grid: Axes, rng: np.random.Generator) -> None:
    samples = rng.standard_normal((2, *grid, 2))
    for band in bands(domain, grid):
        space = domain(grid, band)
        x = ops.analysis(samples, space)
        assert x.shape == (*space.shape, 2, 2)
        close(x.data, values(domain, samples, band), space, f"values, band {band}")
        kept = projected(domain, samples, band)
        close(ops.synthesis(x).data, kept, domain(grid), f"synthesis, band {band}")
        close(space.project(x.data), x.data, space, "conjugate pairs")


@check
def condition(domain: Factory, grid: Axes, rng: np.random.Generator) -> None:
    expected = [radius(domain, n) ** (1 - n) for n in grid]
    assert domain(grid).condition_numbers == pytest.approx(expected, rel=1e-12)
    half = domain(grid, bands(domain, grid)[1])
    assert all(a <= b * (1 + 1e-9) for a, b in zip(half.condition_numbers, expected, strict=True))


@check
def convolution(domain: Factory, grid: Axes, rng: np.random.Generator) -> None:
    samples, x = drawn(domain, grid, rng)
    for kernel, size in product(KERNELS, ((3,) * len(grid), (2, 1, 4)[: len(grid)])):
        if kernel == "modes":
            continue
        theta = rng.standard_normal((prod(size), 2, 3))
        out = ops.convolve(x, ops.frequency_response(Tensor(theta), x.space, kernel, size), size)
        ahead = tuple((k - 1) // 2 for k in size)
        assert (out.space.origin or (0,) * len(grid)) == ahead
        long = multiplied(samples, np.tensordot(oracles.tap_matrix(kernel, size), theta, 1), size)
        held = x.space.synthesis(out.data, grid)
        close(held, remainder(domain, long, grid), x.space, f"{kernel} kernel of {size}")


@check
def convolution_with_a_free_response(domain: Factory, grid: Axes, rng: np.random.Generator) -> None:
    samples, x = drawn(domain, grid, rng)
    theta = rng.standard_normal((prod(grid), 2, 3))
    response = x.space.response().frequency_response(theta, "modes", grid)
    # The response has the values of a kernel as long as the grid; its parameters are orthonormal on the nodes.
    taps = np.moveaxis(x.space.synthesis(response, grid), 0, -2).reshape(prod(grid), 2, 3)
    out = x.space.channel_product(x.data, response, "forward", 1, grid)
    expected = remainder(domain, multiplied(samples, taps, grid), grid)
    close(x.space.synthesis(out, grid), expected, x.space, "free")
    space = x.space.response()
    assert space.vdot(response, response) == pytest.approx((theta**2).sum(), rel=1e-12)
    assert_close(space.frequency_response_adjoint(response, "modes", grid), theta, "parameters", 1e-13)


@check
def centred_kernels_with_room(domain: Factory, grid: Axes, rng: np.random.Generator) -> None:
    wide = tuple(n + 2 for n in grid)
    samples = rng.standard_normal((2, *grid, 2))
    taps = rng.standard_normal((3 ** len(grid), 2, 2))
    x = ops.analysis(samples, domain(wide))
    out = ops.convolve(x, ops.frequency_response(Tensor(taps), x.space, "taps", 3), 3)
    inside = (slice(None), *(slice(1, 1 + n) for n in grid))
    expected = multiplied(samples, taps, (3,) * len(grid))[inside]
    close(ops.synthesis(out, grid).data, expected, x.space, "centred and linear")


@check
def products(domain: Factory, grid: Axes, rng: np.random.Generator) -> None:
    for a, b, c in product(bands(domain, grid), repeat=3):
        (x, y), kept = rng.standard_normal((2, 2, *grid, 2)), domain(grid, c)
        tensors = [ops.analysis(v, domain(grid, m)) for v, m in ((x, a), (y[:1], b))]
        exact = projected(domain, x, a) * projected(domain, y[:1], b)
        whole = domain(grid)
        close(ops.multiply(*tensors, c).data, values(domain, exact, c), whole, f"product, bands {a}, {b}, {c}")
        square = ops.multiply(tensors[0], tensors[0], c)
        assert square.space == kept
        close(square.data, values(domain, projected(domain, x, a) ** 2, c), whole, f"square, bands {a}, {c}")


@check
def statistics(domain: Factory, grid: Axes, rng: np.random.Generator) -> None:
    axes, whole = tuple(range(1, 1 + len(grid))), domain(grid)
    for band in bands(domain, grid):
        space = domain(grid, band)
        raw, other = rng.standard_normal((2, 2, *grid, 2))
        samples, x = projected(domain, raw, band), ops.analysis(raw, space)
        close(ops.mean(x).data, samples.mean(axes), whole, "mean")
        close(ops.signal_power(x).data, (samples**2).mean(axes), whole, "power")
        gradient = space.cotangent.sample_modes(other)
        close(space.inner(gradient, x.data), (samples * other).mean(axes), whole, "gradient with signal")
        back = space.cotangent.synthesis(gradient, grid)
        close(back, projected(domain, other, band), whole, "the density of a gradient")
        close(space.cotangent.mean(gradient), back.mean(axes), whole, "mean of a gradient")
        pulled = space.riesz(x.data)
        close(pulled, space.cotangent.sample_modes(samples), whole, "a signal as a gradient")
        value = rng.standard_normal((2, 3))
        flat = np.broadcast_to(value.reshape(2, *(1,) * len(grid), 3), (2, *grid, 3))
        close(space.constant(value), values(domain, flat, band), whole, "constant")
        close(space.cotangent.constant(value), space.cotangent.sample_modes(flat), whole, "of a mean")


@check
def coordinates(domain: Factory, grid: Axes, rng: np.random.Generator) -> None:
    axes, whole = tuple(range(1, 1 + len(grid))), domain(grid)
    for band in bands(domain, grid):
        space = domain(grid, band)
        raw = rng.standard_normal((2, 2, *grid, 2))
        x, y = (projected(domain, v, band) for v in raw)
        a, b = (space.coordinates(space.analysis(v)) for v in raw)
        assert a.shape == (prod(min(n, 2 * m + 1) for n, m in zip(grid, band, strict=True)), 2, 2)
        close((a * b).sum(0), (x * y).mean(axes), whole, "inner product of coordinates")
        close(space.from_coordinates(a), space.analysis(x), whole, "from coordinates")
        gradient = space.cotangent.from_coordinates(a)
        close(gradient, space.cotangent.sample_modes(x), whole, "a gradient of these coordinates")
        close(space.cotangent.coordinates(gradient), a, whole, "coordinates of a gradient")


@check
def averages_aliases_and_shifts(domain: Factory, grid: Axes, rng: np.random.Generator) -> None:
    samples, x = drawn(domain, grid, rng)
    window = (3, 2, 1)[: len(grid)]
    average = ops.average(x, window)
    assert (average.space.origin or (0,) * len(grid)) == tuple(w - 1 for w in window)
    box = np.broadcast_to(np.eye(2) / prod(window), (prod(window), 2, 2))
    expected = remainder(domain, multiplied(samples, box, window), grid)
    close(x.space.synthesis(average.data, grid), expected, x.space, "average")
    by = (2, 1, 0)[: len(grid)]
    expected = remainder(domain, moved(samples, by), grid)
    close(x.space.shift(x.data, np.array(by)), values(domain, expected, x.space.band), x.space, "shift")
    for stride, origin in product({2, 3, *grid}, (0, 1, 3)):
        if any(n % stride for n in grid):
            continue
        held = x.space.moved((origin,) * len(grid))
        out = ops.alias(Tensor(x.data, held), stride)
        assert (out.space.origin or (0,) * len(grid)) == (origin // stride,) * len(grid)
        kept = samples[(slice(None), *(slice(origin % stride, None, stride) for _ in grid))]
        close(out.data, values(domain, kept, out.space.band), x.space, f"every sample of {stride}, origin {origin}")


@check
def changes_of_band(domain: Factory, grid: Axes, rng: np.random.Generator) -> None:
    for before, after in product(bands(domain, grid), repeat=2):
        samples = rng.standard_normal((2, *grid, 2))
        x = ops.analysis(samples, domain(grid, before))
        held = projected(domain, samples, before)
        there = x.space.change_band(x.data, after)
        close(there, values(domain, held, after), domain(grid), f"band {before} to {after}")


@check
def elements(domain: Factory, grid: Axes, rng: np.random.Generator) -> None:
    """`project` returns the nearest array that is the spectrum of a real signal."""
    for space in (domain(grid), domain(grid, bands(domain, grid)[1]).response()):
        raw, other = rng.standard_normal((2, *space.shape, 2, 2)) + 1j * rng.standard_normal((2, *space.shape, 2, 2))
        near, element = space.project(raw), space.random(other, rng)
        assert_close(space.project(near), near, "projected twice", 1e-15)
        close(space.vdot(near, element), space.vdot(raw, element), domain(grid), "orthogonally")
        for one in (near, element):
            held = (replace(space, kind="signal")).synthesis(one, grid)
            close((replace(space, kind="signal")).sample_modes(held), one, domain(grid), "of a real signal")


@check
def adjoints(domain: Factory, grid: Axes, rng: np.random.Generator) -> None:
    """<u, A v> = <A* u, v> for a gradient u."""
    whole = domain(grid)
    stride = tuple(next((s for s in (2, 3) if n % s == 0), 1) for n in grid)
    coarse = whole.aliased(stride)
    window, by = (2,) * len(grid), np.array([[1, 0, 2], [0, 3, 1]])[:, : len(grid)]
    factor = ops.analysis(rng.standard_normal((2, *grid, 2)), whole).data
    pairs = [
        (lambda v: whole.average(v, window, "dirichlet", False),
         lambda u: whole.average(u, window, "dirichlet", True), whole, whole),
        (lambda v: whole.alias(v, coarse, stride, False),
         lambda u: whole.alias(u, coarse, stride, True), whole, coarse),
        (lambda v: whole.shift(v, by), lambda u: whole.shift_adjoint(u, by), whole, whole),
    ]  # fmt: skip
    for a, b in product(bands(domain, grid), repeat=2):
        one, two = domain(grid, a), domain(grid, b)
        pairs += [
            (lambda v, s=one, m=b: s.change_band(v, m),
             lambda u, s=two, m=a: s.cotangent.change_band(u, m), one, two),
            (lambda v, m=(a, whole.band, b): domain(grid, m[0]).multiply(v, factor, m[1], m[2]),
             lambda u, m=(b, whole.band, a): domain(grid, m[0]).cotangent.multiply(u, factor, m[1], m[2]), one, two),
        ]  # fmt: skip
    for there, back, source, target in pairs:
        v = source.random(np.empty((*source.shape, 2, 2), complex), rng)
        u = target.cotangent.random(np.empty((*target.shape, 2, 2), complex), rng)
        folded, forward = back(u), there(v)
        size = np.linalg.norm(u) * np.linalg.norm(forward)
        pair = np.array([source.vdot(folded, v), target.vdot(u, forward)]) / size
        # Tolerance relative to 1, since the paired arrays may be nearly orthogonal.
        close(np.array([pair[0], 1.0]), np.array([pair[1], 1.0]), whole, "adjoint")
        close(source.project(folded), folded, whole, "adjoint, in the space")
