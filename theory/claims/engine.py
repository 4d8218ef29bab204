"""freqnet's operators, in double precision, against the formulas: analysis, pooling, kernels, products, shifts.

A grid of one row is a signal of one axis. Coefficients are divided by the number of samples, responses are not; the
kept modes are those below Nyquist, centred on the first axis, from 0 up on the last, as the engine stores them.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from fractions import Fraction
from typing import Any

from ..arithmetic import Arithmetic, Number
from ..checks import Identity, Point
from ..claim import Claim, Source
from ..signals import Map, Signal, noise, noise2

DOUBLE = "the engine computes in double precision"
#: Odd, even and prime sizes, one axis and two.
GRIDS: tuple[Point, ...] = tuple(
    {"rows": rows, "columns": columns, "seed": rows + columns}
    for rows, columns in ((1, 7), (1, 8), (1, 2), (1, 1), (5, 4), (2, 7), (6, 3), (3, 5))
)


# -- between the two -------------------------------------------------------------------------------------------
def floats(values: Sequence[Any]) -> Any:
    """Return numbers, or rows of them, as an array."""
    import numpy as np

    return np.array([[float(v) for v in row] if isinstance(row, list) else float(row) for row in values])


def numbers(m: Arithmetic, array: Any) -> Signal:
    """Return an array's entries as numbers."""
    return [m.number(complex(v)) for v in array.ravel()]


def analysed(x: Map, band: int | None = None, requires_grad: bool = False) -> Any:
    """Return samples as the engine's spectrum."""
    from freqnet import FOURIER, Tensor, ops

    data = floats(x if len(x) > 1 else x[0])
    found = ops.analysis(data[None, ..., None], FOURIER.space(data.shape, band))
    return Tensor(found.data, found.space, requires_grad)


def modes(rows: int, columns: int) -> list[tuple[int, int]]:
    """Return the kept modes in the engine's order."""
    a, b = (rows - 1) // 2, (columns - 1) // 2
    return [(p, q) for p in range(-a, a + 1) for q in range(b + 1)]


def coefficient(m: Arithmetic, x: Map, p: int, q: int) -> Number:
    """Return the coefficient of a mode as an explicit sum."""
    rows, columns = len(x), len(x[0])
    terms = (x[r][c] * m.unit(-p * r, rows) * m.unit(-q * c, columns) for r in range(rows) for c in range(columns))
    return sum(terms, m.number(0)) / (rows * columns)


def spectrum(m: Arithmetic, x: Map) -> Signal:
    return [coefficient(m, x, p, q) for p, q in modes(len(x), len(x[0]))]


# -- the door ------------------------------------------------------------------------------------------------------
def spectrum_of_noise(m: Arithmetic, rows: int, columns: int, seed: int) -> Signal:
    return spectrum(m, noise2(m, rows, columns, seed))


def engine_analysis(m: Arithmetic, rows: int, columns: int, seed: int) -> Signal:
    return numbers(m, analysed(noise2(m, rows, columns, seed)).data)


def too_coarse(m: Arithmetic, K: int, N: int, seed: int) -> Signal:
    """Return the spectrum that N samples of a field of band K seem to have: modes equal modulo N are added."""
    X = {0: noise(m, 1, seed)[0]}
    v = noise(m, 2 * K, seed)
    for k in range(1, K + 1):
        X[k], X[-k] = v[2 * k - 2] + m.i * v[2 * k - 1], v[2 * k - 2] - m.i * v[2 * k - 1]
    return [sum(X[k] for k in range(-K, K + 1) if (k - q) % N == 0) for q in range((N - 1) // 2 + 1)]


def engine_too_coarse(m: Arithmetic, K: int, N: int, seed: int) -> Signal:
    """Let the engine evaluate the field on N samples, and analyse them again."""
    import numpy as np

    from freqnet import FOURIER, Tensor, ops

    v = floats(noise(m, 2 * K, seed))
    X = np.array([floats(noise(m, 1, seed))[0], *(v[0::2] + 1j * v[1::2])])
    x = Tensor(X[:, None, None], FOURIER.space(2 * K + 1))
    return numbers(m, ops.analysis(ops.synthesis(x, N), FOURIER.space(N)).data)


# -- pooling -------------------------------------------------------------------------------------------------------
def dirichlet(m: Arithmetic, k: int, N: int, window: int) -> Number:
    """Return the response of the mean of the samples n, ..., n + window - 1."""
    if k % N == 0:
        return m.number(1)
    half = m.pi * m.number(Fraction(k, N))
    return m.sin(window * half) / (window * m.sin(half)) * m.exp(m.i * half * (window - 1))


def averaged(m: Arithmetic, rows: int, columns: int, seed: int, window: int) -> Signal:
    x = noise2(m, rows, columns, seed)
    return [
        coefficient(m, x, p, q) * dirichlet(m, q, columns, window) * (dirichlet(m, p, rows, window) if rows > 1 else 1)
        for p, q in modes(rows, columns)
    ]


def engine_averaged(m: Arithmetic, rows: int, columns: int, seed: int, window: int) -> Signal:
    from freqnet import ops

    return numbers(m, ops.average(analysed(noise2(m, rows, columns, seed)), window).data)


def pooled(m: Arithmetic, N: int, window: int, stride: int, seed: int) -> Signal:
    """Return every `stride`-th mean's spectrum: the averaged one, folded."""
    x, coarse = [noise(m, N, seed)], N // stride
    Y = {k: coefficient(m, x, 0, k) * dirichlet(m, k, N, window) for k in range(-((N - 1) // 2), (N - 1) // 2 + 1)}
    return [sum(v for k, v in Y.items() if (k - q) % coarse == 0) for q in range((coarse - 1) // 2 + 1)]


def engine_pooled(m: Arithmetic, N: int, window: int, stride: int, seed: int) -> Signal:
    from freqnet import nn

    return numbers(m, nn.AveragePool(window, stride).forward(analysed([noise(m, N, seed)])).data)


def low_passed(m: Arithmetic, N: int, band: int, M: int, seed: int) -> Signal:
    """Return samples at n/M of what is left of N samples up to the band: a sum of Dirichlet kernels."""
    x, width = noise(m, N, seed), 2 * band + 1

    def kernel(n: int, j: int) -> Number:
        # sin((2b + 1) t)/sin(t) at t = pi (n/M - j/N): the sum of e^{2ikt} over |k| <= b.
        t = m.pi * m.number(Fraction(n, M) - Fraction(j, N))
        return m.number(width) if n * N == j * M else m.sin(width * t) / m.sin(t)

    return [sum(x[j] * kernel(n, j) for j in range(N)) / N for n in range(M)]


def engine_low_passed(m: Arithmetic, N: int, band: int, M: int, seed: int) -> Signal:
    from freqnet import ops

    return numbers(m, ops.synthesis(ops.truncate(analysed([noise(m, N, seed)]), band), M).data)


def shifted(m: Arithmetic, rows: int, columns: int, seed: int, by: Number) -> Signal:
    """Return the spectrum moved by that many samples along the columns, and half as many back along the rows."""
    x = noise2(m, rows, columns, seed)
    turns = [
        by * m.number(Fraction(q, columns)) - by / 2 * m.number(Fraction(p, rows)) for p, q in modes(rows, columns)
    ]
    return [X * m.exp(-2 * m.pi * m.i * turn) for X, turn in zip(spectrum(m, x), turns, strict=True)]


def engine_shifted(m: Arithmetic, rows: int, columns: int, seed: int, by: Number) -> Signal:
    from freqnet import ops

    move = [float(by)] if rows == 1 else [-float(by) / 2, float(by)]
    return numbers(m, ops.shift(analysed(noise2(m, rows, columns, seed)), move).data)


def same(name: str, closed: Callable[..., Any], independent: Callable[..., Any], points: tuple[Point, ...]) -> Identity:
    return Identity(name=name, closed=closed, independent=independent, points=points, engine=True, not_enclosed=DOUBLE)


def with_every_grid(**more: Any) -> tuple[Point, ...]:
    return tuple({**point, **more} for point in GRIDS)


CLAIMS = (
    Claim(
        id="engine-analysis",
        title="freqnet's analysis",
        statement=r"$X_k = \frac{1}{N} \sum_n x_n e^{-2\pi i k n/N}$ for the modes below Nyquist. Sampled too "
        r"coarsely, modes that are equal modulo $N$ are added.",
        verdict="holds",
        proof="By definition; on the samples, modes equal modulo their number are the same wave.",
        checks=(
            same("explicit sums", spectrum_of_noise, engine_analysis, GRIDS),
            same(
                "a field of band K on too few samples",
                too_coarse,
                engine_too_coarse,
                ({"K": 6, "N": 7, "seed": 0}, {"K": 5, "N": 4, "seed": 1}, {"K": 3, "N": 1, "seed": 2}),
            ),
        ),
    ),
    Claim(
        id="engine-average-pooling",
        title="freqnet's average pooling",
        sources=(Source("pan2021", "Theorem 3.6", "24-25", "reconstructed"),),
        statement=r"The response is Dirichlet's kernel $\frac{\sin(\pi w k/N)}{w \sin(\pi k/N)} e^{i\pi k(w - 1)/N}$ "
        r"on each axis, of the mean of the samples $n, \ldots, n + w - 1$; a stride folds the spectrum.",
        verdict="holds",
        proof="A geometric sum; see the claims on pooling.",
        checks=(
            same("windows of 2", averaged, engine_averaged, with_every_grid(window=2)),
            same("windows of 3", averaged, engine_averaged, with_every_grid(window=3)),
            same(
                "with a stride",
                pooled,
                engine_pooled,
                (
                    {"N": 9, "window": 3, "stride": 3, "seed": 0},
                    {"N": 8, "window": 3, "stride": 2, "seed": 1},
                    {"N": 7, "window": 2, "stride": 7, "seed": 2},
                ),
            ),
        ),
    ),
    Claim(
        id="engine-truncation",
        title="freqnet's truncation",
        sources=(Source("rippel2015", "Section 3"),),
        statement="Cutting modes off and synthesis on any grid give the low-passed signal: a sum of Dirichlet kernels.",
        verdict="holds",
        proof=r"$\sum_{|k| \leq b} e^{2ikt} = \sin((2b + 1)t)/\sin t$.",
        checks=(
            same(
                "low-passed samples",
                low_passed,
                engine_low_passed,
                (
                    {"N": 9, "band": 2, "M": 7, "seed": 0},
                    {"N": 8, "band": 3, "M": 11, "seed": 1},
                    {"N": 13, "band": 5, "M": 4, "seed": 2},
                ),
            ),
        ),
    ),
    Claim(
        id="engine-shift",
        title="freqnet's shift by fractions of a sample",
        statement=r"A shift by $\tau$ samples is the factor $e^{-2\pi i k \tau/N}$ on each axis.",
        verdict="holds",
        proof="The transform of a translate.",
        checks=(same("phases", shifted, engine_shifted, with_every_grid(by="0.37")),),
    ),
)
