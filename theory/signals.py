"""Discrete signals in any arithmetic: lists of numbers, their transforms as explicit sums, and convolutions.

Both sides of a check may use these tools; the formulas of a claim are in its own module. The forward transform is
not divided by N, ``X_k = sum_n x_n e^{-2 pi i k n / N}``, as in the papers; the engine divides it by N.
"""

from __future__ import annotations

import random
from collections.abc import Iterable, Sequence
from fractions import Fraction
from functools import lru_cache

from .arithmetic import Arithmetic, Number

Signal = list[Number]
Map = list[Signal]
Mode = tuple[int, ...]


def noise(m: Arithmetic, size: int, seed: int = 0) -> Signal:
    """Return random rational samples between -2 and 2."""
    return list(m.kept(("noise", size, seed), lambda: [m.number(x) for x in _fractions(size, seed)]))


@lru_cache(maxsize=10_000)
def _fractions(size: int, seed: int) -> tuple[Fraction, ...]:
    generator = random.Random(f"{size} {seed}")
    return tuple(Fraction(generator.randint(-200, 200), 101) for _ in range(size))


def noise2(m: Arithmetic, rows: int, columns: int, seed: int = 0) -> Map:
    """Return a map of random rational samples."""
    flat = noise(m, rows * columns, seed)
    return [flat[r * columns : (r + 1) * columns] for r in range(rows)]


def complex_noise(m: Arithmetic, size: int, seed: int = 0) -> Signal:
    """Return random complex numbers with rational parts."""
    parts = noise(m, 2 * size, seed)
    return [a + m.i * b for a, b in zip(parts[:size], parts[size:], strict=True)]


def dft(m: Arithmetic, x: Sequence[Number]) -> Signal:
    """Return the transform of a signal as an explicit sum.

    >>> from freqnet.theory.arithmetic import Digits
    >>> [round(float(abs(X)), 3) for X in dft(Digits(15), [1, 2, 3, 4])]
    [10.0, 2.828, 2.0, 2.828]
    """
    size = len(x)
    w = m.units(size, size * size)
    return [sum(x[n] * w[-k * n % size] for n in range(size)) for k in range(size)]


def idft(m: Arithmetic, X: Sequence[Number]) -> Signal:
    """Return the signal of a transform, as an explicit sum divided by its size."""
    size = len(X)
    w = m.units(size, size * size)
    return [sum(X[k] * w[k * n % size] for k in range(size)) / size for n in range(size)]


def dft2(m: Arithmetic, x: Sequence[Sequence[Number]]) -> Map:
    """Return the transform of a map, rows then columns."""
    return columns_of([dft(m, column) for column in columns_of([dft(m, row) for row in x])])


def idft2(m: Arithmetic, X: Sequence[Sequence[Number]]) -> Map:
    """Return the map of a transform."""
    return columns_of([idft(m, column) for column in columns_of([idft(m, row) for row in X])])


def columns_of(x: Sequence[Sequence[Number]]) -> Map:
    """Return the transpose of a map."""
    return [list(column) for column in zip(*x, strict=True)]


def circular(x: Sequence[Number], h: Sequence[Number]) -> Signal:
    """Return the circular convolution of two signals of the same size."""
    size = len(x)
    return [sum(x[j] * h[(n - j) % size] for j in range(size)) for n in range(size)]


def linear(x: Sequence[Number], h: Sequence[Number]) -> Signal:
    """Return the linear convolution of two signals, of size ``len(x) + len(h) - 1``."""
    return [
        sum(x[j] * h[n - j] for j in range(max(0, n - len(h) + 1), min(n, len(x) - 1) + 1))
        for n in range(len(x) + len(h) - 1)
    ]


def padded(x: Sequence[Number], size: int) -> Signal:
    """Return a signal followed by zeros."""
    return [*x, *([0] * (size - len(x)))]


def rolled(x: Sequence[Number], by: int) -> Signal:
    """Return a signal shifted circularly to the right."""
    return [x[(n - by) % len(x)] for n in range(len(x))]


def modes(size: int) -> list[int]:
    """Return the mode number of each bin, the Nyquist bin of an even size as -size/2.

    >>> modes(5), modes(4)
    ([0, 1, 2, -2, -1], [0, 1, -2, -1])
    """
    return [k if 2 * k < size else k - size for k in range(size)]


def modes_in_band(K: int, d: int, axes: int, seed: int) -> list[Mode]:
    """Return d random modes of the band K on some axes whose sum lies in the band.

    >>> total_of(modes_in_band(2, 5, 1, seed=0))
    (-1,)
    """
    generator = random.Random(f"{K} {d} {axes} {seed}")
    while True:
        found = [tuple(generator.randint(-K, K) for _ in range(axes)) for _ in range(d)]
        if is_in_band(total_of(found), K):
            return found


def is_in_band(k: Mode, K: int) -> bool:
    """Tell whether a mode lies in the band K on every axis."""
    return all(abs(a) <= K for a in k)


def total_of(ks: Iterable[Mode]) -> Mode:
    """Return the sum of modes.

    >>> total_of([(1, 2), (3, -5)])
    (4, -3)
    """
    return tuple(map(sum, zip(*ks, strict=True)))


def dot(x: Sequence[Number], y: Sequence[Number]) -> Number:
    """Return the sum of products, without conjugation."""
    return sum(a * b for a, b in zip(x, y, strict=True))
