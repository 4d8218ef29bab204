"""Independent oracles for causal signals at real nodes: polynomial arithmetic at 80 digits, without freqnet.

Samples have the axes ``(batch, *grid, channels)``. Arrays hold decimal numbers; every test file imports the fixture
`eighty_digits`, which sets their precision for each test. A signal of n samples is the polynomial sum_t x[t] z^t,
stored as its values at the nodes z_j. With fewer nodes than samples, values represent the signal of least norm that
has them, which is the orthogonal projection onto the span of the kept exponentials z_j^t.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal, localcontext
from functools import lru_cache
from itertools import product
from math import prod
from typing import Any

import mpmath
import numpy as np
import pytest

Axes = tuple[int, ...]
Array = np.ndarray

DIGITS = 80


@pytest.fixture(autouse=True)
def eighty_digits() -> Iterator[None]:
    """Compute decimal numbers with 80 digits during a test."""
    with localcontext(prec=DIGITS):
        yield


# -- numbers -----------------------------------------------------------------------------------------
def exact(values: Any) -> Array:
    """Convert numbers to high precision without rounding."""
    array = np.asarray(values)
    return np.array([Decimal(v) for v in array.ravel().tolist()], dtype=object).reshape(array.shape)


def rounded(values: Any) -> Array:
    """Round numbers of high precision to double precision."""
    return np.asarray(values).astype(float)


def along(matrices: list[Array], array: Array, first: int = 1) -> Array:
    """Apply one matrix to each axis from `first` on."""
    for axis, matrix in enumerate(matrices, first):
        array = np.moveaxis(np.tensordot(matrix, array, (1, axis)), 0, axis)
    return array


def solved(matrix: Array, right: Array) -> Array:
    """Solve a square system by elimination with pivots."""
    size = len(matrix)
    rows = np.concatenate([matrix, right.reshape(size, -1)], axis=1)
    for i in range(size):
        pivot = i + max(range(size - i), key=lambda k: abs(rows[i + k, i]))
        rows[[i, pivot]] = rows[[pivot, i]]
        rows[i] = rows[i] / rows[i, i]
        for k in range(size):
            if k != i:
                rows[k] = rows[k] - rows[k, i] * rows[i]
    return rows[:, size:].reshape(right.shape)


# -- nodes -------------------------------------------------------------------------------------------
def family(name: str) -> str:
    """The node rule that a domain's name contains."""
    words = [word for word in name.split(":")[1:] if word != "factored"]
    return words[0] if words else "chebyshev"


def nodes(rule: str, samples: int) -> list[Any]:
    """All nodes of a rule for a number of samples, by increasing rate -ln z."""
    kind, _, values = rule.partition("=")
    if kind == "nodes":
        return sorted((Decimal(float(v)) for v in values.split(",")), reverse=True)[:samples]
    if kind == "rates":
        return [(-Decimal(float(values)) * (k + 1)).exp() for k in range(samples)]
    # The middle node of an odd number is exactly 0, without rounding.
    roots = [Decimal(0) if 2 * k + 1 == samples else _cosine(2 * k + 1, 2 * samples) for k in range(samples)]
    return roots if kind == "chebyshev" else [(z + 1) / 2 for z in roots]


@lru_cache(maxsize=1024)
def _cosine(part: int, whole: int) -> Decimal:
    """cos(pi part / whole)."""
    with mpmath.workdps(DIGITS + 20):
        return Decimal(mpmath.nstr(mpmath.cos(mpmath.pi * part / whole), DIGITS + 10))


def powers(z: list[Any], samples: int) -> Array:
    """The matrix ``(nodes, samples)`` of z_j^t, by repeated products."""
    out = np.full((len(z), samples), Decimal(1), dtype=object)
    for t in range(1, samples):
        out[:, t] = out[:, t - 1] * np.array(z, dtype=object)
    return out


@dataclass(frozen=True)
class Nodes:
    """All nodes along an axis of `samples` samples, and the number of kept ones."""

    rule: str
    samples: int
    kept: int

    @property
    def all(self) -> list[Any]:
        return nodes(self.rule, self.samples)

    @property
    def z(self) -> list[Any]:
        return self.all[: self.kept]

    @property
    def values(self) -> Array:
        """``(kept, samples)``: from samples to values at the nodes."""
        return _values(self)

    @property
    def inverse(self) -> Array:
        """``(samples, kept)``: from values to the signal of least norm, by the normal equations."""
        return _inverse(self)

    @property
    def projection(self) -> Array:
        """``(samples, samples)``: onto the span of the kept exponentials."""
        return self.inverse.dot(self.values)

    @property
    def coordinates(self) -> Array:
        """``(kept, samples)``: to orthonormal coordinates, by Cholesky's factor of the Gram matrix."""
        return _coordinates(self)

    @property
    def condition(self) -> float:
        """The condition number of the powers, correct to six digits up to 1e10."""
        return float(np.linalg.cond(rounded(self.values)))


@lru_cache(maxsize=1024)
def _values(axis: Nodes) -> Array:
    return powers(axis.z, axis.samples)


@lru_cache(maxsize=1024)
def _inverse(axis: Nodes) -> Array:
    values = axis.values
    return values.T.dot(
        solved(
            values.dot(values.T),
            np.array([[Decimal(i == j) for j in range(axis.kept)] for i in range(axis.kept)], dtype=object),
        )
    )


@lru_cache(maxsize=1024)
def _coordinates(axis: Nodes) -> Array:
    values, count = axis.values, axis.kept
    gram = values.dot(values.T)
    factor = np.full((count, count), Decimal(0), dtype=object)
    for i in range(count):
        for j in range(i + 1):
            rest = gram[i, j] - sum((factor[i, k] * factor[j, k] for k in range(j)), Decimal(0))
            factor[i, j] = rest.sqrt() if i == j else rest / factor[j, j]
    return solved(factor, values) / Decimal(axis.samples).sqrt()


# -- signals -----------------------------------------------------------------------------------------
def placed(samples: Array, grid: Axes, origin: Axes) -> Array:
    """Put samples on a grid with sample 0 at `origin`; zeros around them, samples beyond the grid are dropped."""
    out = np.full((len(samples), *grid, samples.shape[-1]), Decimal(0), dtype=object)
    for t in np.ndindex(*samples.shape[1:-1]):
        at = tuple(i + o for i, o in zip(t, origin, strict=True))
        if all(i < n for i, n in zip(at, grid, strict=True)):
            out[(slice(None), *at)] = samples[(slice(None), *t)]
    return out


def taken(held: Array, size: Axes, origin: Axes) -> Array:
    """The first `size` samples from sample 0 on; zeros beyond the grid."""
    grid = held.shape[1:-1]
    out = np.full((len(held), *size, held.shape[-1]), Decimal(0), dtype=object)
    for t in np.ndindex(*size):
        at = tuple(i + o for i, o in zip(t, origin, strict=True))
        if all(i < n for i, n in zip(at, grid, strict=True)):
            out[(slice(None), *t)] = held[(slice(None), *at)]
    return out


def values(held: Array, axes: list[Nodes]) -> Array:
    """X_j = sum_t x[t] z_j^t at every kept node, ``(*nodes, batch, channels)``: explicit sums."""
    return np.moveaxis(along([axis.values for axis in axes], held), 0, -2)


def signal(stored: Array, axes: list[Nodes]) -> Array:
    """The samples that stored values represent."""
    return np.moveaxis(along([axis.inverse for axis in axes], exact(stored), 0), -2, 0)


def projected(held: Array, axes: list[Nodes]) -> Array:
    """The projection of a signal onto the span of the kept exponentials."""
    return along([axis.projection for axis in axes], held)


def remainder(polynomial: Array, z: list[Any], axis: int) -> Array:
    """The remainder of polynomials (coefficients along an axis) modulo prod_j (z - z_j), by long division."""
    divisor = [Decimal(1)]
    for node in z:
        shifted, scaled = [Decimal(0), *divisor], [*(-node * c for c in divisor), Decimal(0)]
        divisor = [a + b for a, b in zip(shifted, scaled, strict=True)]
    rest = np.moveaxis(polynomial, axis, 0).copy()
    for top in range(len(rest) - 1, len(z) - 1, -1):
        factor = rest[top].copy()
        for k, coefficient in enumerate(divisor):
            rest[top - len(z) + k] = rest[top - len(z) + k] - coefficient * factor
    return np.moveaxis(rest[: len(z)], 0, axis)


def outgrown(polynomial: Array, axes: list[Nodes]) -> Array:
    """The stored form of a signal longer than the grid: its remainder modulo all nodes, projected."""
    for index, axis in enumerate(axes, 1):
        if polynomial.shape[index] > axis.samples:
            polynomial = remainder(polynomial, axis.all, index)
    return projected(placed(polynomial, tuple(a.samples for a in axes), (0,) * len(axes)), axes)


def convolved(samples: Array, taps: Array, size: Axes, groups: int = 1) -> Array:
    """The full linear convolution y[t] = sum_i x[t - i] h[i]; taps ``(prod(size), inputs / groups, outputs)``."""
    grid = samples.shape[1:-1]
    inputs, outputs = samples.shape[-1] // groups, taps.shape[-1] // groups
    shape = (len(samples), *(n + k - 1 for n, k in zip(grid, size, strict=True)), taps.shape[-1])
    out = np.full(shape, Decimal(0), dtype=object)
    for i, at in enumerate(np.ndindex(*size)):
        here = tuple(slice(a, a + n) for a, n in zip(at, grid, strict=True))
        for g in range(groups):
            mine = slice(g * outputs, (g + 1) * outputs)
            x = samples[..., g * inputs : (g + 1) * inputs]
            out[(slice(None), *here, mine)] = out[(slice(None), *here, mine)] + x.dot(taps[i][:, mine])
    return out


def window_taps(size: Axes) -> Array:
    """The taps of a mean over the last samples, ``(prod(size), 1, 1)``."""
    return np.full((prod(size), 1, 1), 1 / Decimal(prod(size)), dtype=object)


def each_channel(samples: Array, taps: Array, size: Axes) -> Array:
    """The linear convolution of every channel with one kernel."""
    parts = [convolved(samples[..., c : c + 1], taps, size) for c in range(samples.shape[-1])]
    return np.concatenate(parts, axis=-1)


def free_taps(axes: list[Nodes]) -> Array:
    """``(samples, parameters)``: each column is the signal with value 1 at one kept node and 0 at the others."""
    out = axes[0].inverse
    for axis in axes[1:]:
        out = np.array([[a * b for a, b in product(r, s)] for r, s in product(out, axis.inverse)], dtype=object)
    return out


def continuous_mean(z: Any, window: int) -> Any:
    """The mean over the window (-1/2, w - 1/2) of z^(t), by Gauss-Legendre quadrature."""
    points, weights = _quadrature()
    rate = -z.ln()
    return sum(w * (-rate * (window * p - Decimal(1) / 2)).exp() for p, w in zip(points, weights, strict=True))


@lru_cache(maxsize=1)
def _quadrature() -> tuple[list[Any], list[Any]]:
    """Twenty Gauss-Legendre points and weights on (0, 1), exact for polynomials of degree 39, by Newton's method."""
    count, points, weights = 20, [], []
    for k in range(count):
        x = _cosine(4 * k + 3, 4 * count + 2)
        for _ in range(8):
            before, value = Decimal(1), x
            for n in range(2, count + 1):
                before, value = value, ((2 * n - 1) * x * value - (n - 1) * before) / n
            slope = count * (x * value - before) / (x * x - 1)
            x -= value / slope
        points.append((1 + x) / 2)
        weights.append(1 / ((1 - x * x) * slope * slope))
    return points, weights


# -- comparing ---------------------------------------------------------------------------------------
EPS = float(np.finfo(float).eps)


def error(actual: Any, expected: Any, scale: Any = None) -> float:
    """Largest difference, relative to the largest entry of `scale`, by default of the expected values."""
    actual, expected = exact(actual), np.asarray(expected)
    assert actual.shape == expected.shape, f"shape {actual.shape}, expected {expected.shape}"
    largest = max((abs(float(v)) for v in np.ravel(expected if scale is None else scale)), default=0.0)
    return max((abs(float(d)) for d in np.ravel(actual - expected)), default=0.0) / max(largest, 1e-2)


def assert_within(actual: Any, expected: Any, condition: float, what: str, scale: Any = None) -> None:
    """Raise AssertionError unless the relative error is at most 100 times a condition number times eps.

    A bound above 1e-3 tests nothing and is an error of the test itself.
    """
    bound = 100 * condition * EPS
    assert bound <= 1e-3, f"{what}: a bound of {bound:.0e} holds nothing"
    found = error(actual, expected, scale)
    if not found <= bound:
        raise AssertionError(f"{what}: relative error {found:.2e}, at most {bound:.0e}")
