"""freqnet's operators in double precision, compared with the formulas.

A grid of one row is a signal of one axis. Coefficients are divided by the number of samples, responses are not; the
kept modes are those below Nyquist, centred on the first axis, from 0 up on the last, as the engine stores them.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from fractions import Fraction
from math import factorial
from typing import Any

from ..arithmetic import Arithmetic, Number
from ..checks import Identity, Point
from ..claim import Claim, Source
from ..signals import Map, Signal, columns_of, noise, noise2
from .gaussian import erf_coefficient, expected, gelu_coefficient, relu_coefficient

# == analysis, pooling, shifts =======================================================================================
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
    from freqnet import Fourier, Tensor, ops

    data = floats(x if len(x) > 1 else x[0])
    found = ops.analysis(data[None, ..., None], Fourier.on(data.shape, band))
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
    """Return the aliased spectrum of N samples of a field of band K: modes equal modulo N are added."""
    X = {0: noise(m, 1, seed)[0]}
    v = noise(m, 2 * K, seed)
    for k in range(1, K + 1):
        X[k], X[-k] = v[2 * k - 2] + m.i * v[2 * k - 1], v[2 * k - 2] - m.i * v[2 * k - 1]
    return [sum(X[k] for k in range(-K, K + 1) if (k - q) % N == 0) for q in range((N - 1) // 2 + 1)]


def engine_too_coarse(m: Arithmetic, K: int, N: int, seed: int) -> Signal:
    """Let the engine evaluate the field on N samples, and analyse them again."""
    import numpy as np

    from freqnet import Fourier, Tensor, ops

    v = floats(noise(m, 2 * K, seed))
    X = np.array([floats(noise(m, 1, seed))[0], *(v[0::2] + 1j * v[1::2])])
    x = Tensor(X[:, None, None], Fourier.on(2 * K + 1))
    return numbers(m, ops.analysis(ops.synthesis(x, N), Fourier.on(N)).data)


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
    """Return the spectrum of every `stride`-th mean: the folded spectrum of the averages."""
    x, coarse = [noise(m, N, seed)], N // stride
    Y = {k: coefficient(m, x, 0, k) * dirichlet(m, k, N, window) for k in range(-((N - 1) // 2), (N - 1) // 2 + 1)}
    return [sum(v for k, v in Y.items() if (k - q) % coarse == 0) for q in range((coarse - 1) // 2 + 1)]


def engine_pooled(m: Arithmetic, N: int, window: int, stride: int, seed: int) -> Signal:
    from freqnet import nn

    return numbers(m, nn.AveragePool(window, stride).forward(analysed([noise(m, N, seed)])).data)


def low_passed(m: Arithmetic, N: int, band: int, M: int, seed: int) -> Signal:
    """Return samples at n/M of N samples low-passed to the band: a sum of Dirichlet kernels."""
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
    """Return the spectrum shifted by `by` samples along the columns, and by half as many backwards along the rows."""
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
    return Identity(name=name, closed=closed, independent=independent, points=points, engine=True)


def with_every_grid(**more: Any) -> tuple[Point, ...]:
    return tuple({**point, **more} for point in GRIDS)


CLAIMS: tuple[Claim, ...] = (
    Claim(
        id="engine-analysis",
        title="freqnet's analysis",
        statement=r"$X_k = \frac{1}{N} \sum_n x_n e^{-2\pi i k n/N}$ for the modes below Nyquist. If the sampling is "
        "too coarse, modes that are equal modulo $N$ are added.",
        verdict="holds",
        proof="This is the definition. On $N$ samples, modes that are equal modulo $N$ are the same wave.",
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
        sources=(Source("zhu2021", "Theorem 3.6", "24-25", "reconstructed"),),
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
        statement="Truncation and synthesis on any grid give the low-passed signal: a sum of Dirichlet kernels.",
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


# == kernels, products, gradients ====================================================================================
# -- kernels and products ----------------------------------------------------------------------------------------------
def convolved(m: Arithmetic, rows: int, columns: int, seed: int, size: int) -> Signal:
    """Return the spectrum of the circular convolution with `size` centred taps per axis, summed on samples."""
    x, h = noise2(m, rows, columns, seed), noise2(m, size if rows > 1 else 1, size, seed + 1)
    down, right = (len(h) - 1) // 2, (size - 1) // 2

    def value(r: int, c: int) -> Number:
        taps = ((i, j) for i in range(len(h)) for j in range(size))
        return sum(h[i][j] * x[(r - i + down) % rows][(c - j + right) % columns] for i, j in taps)

    return spectrum(m, [[value(r, c) for c in range(columns)] for r in range(rows)])


def engine_convolved(m: Arithmetic, rows: int, columns: int, seed: int, size: int) -> Signal:
    from freqnet import Tensor, ops

    x = analysed(noise2(m, rows, columns, seed))
    taps = floats(noise2(m, size if rows > 1 else 1, size, seed + 1)).reshape(-1, 1, 1)
    return numbers(m, ops.convolve(x, ops.frequency_response(Tensor(taps), x.space, "taps", size)).data)


def interpolated(m: Arithmetic, N: int, size: int, seed: int) -> Signal:
    """Return the response on N samples of a kernel given by its own spectrum of `size` points: Dirichlet's kernel."""
    S = kernel_spectrum(m, size, seed)
    off_centre = m.number(Fraction(size - 1, 2) - (size - 1) // 2)

    def kernel(j: int, q: int) -> Number:
        if (j * N - q * size) % (size * N) == 0:
            return m.number(1)
        half = m.pi * m.number(Fraction(j, size) - Fraction(q, N))
        return m.sin(size * half) / (size * m.sin(half)) * m.exp(2 * m.i * half * off_centre)

    return [sum(S[j] * kernel(j, q) for j in range(size)) for q in range((N - 1) // 2 + 1)]


def kernel_spectrum(m: Arithmetic, size: int, seed: int) -> Signal:
    """Return a spectrum of `size` points of a real kernel, from as many real numbers: 1, then pairs, then Nyquist's."""
    v = noise(m, size, seed)
    half = [v[0], *(v[2 * j - 1] + m.i * v[2 * j] for j in range(1, (size - 1) // 2 + 1)), *v[size - 1 + size % 2 :]]
    return [half[j] if 2 * j <= size else m.conj(half[size - j]) for j in range(size)]


def engine_interpolated(m: Arithmetic, N: int, size: int, seed: int) -> Signal:
    from freqnet import Fourier, Tensor, ops

    theta = Tensor(floats(noise(m, size, seed)).reshape(-1, 1, 1))
    return numbers(m, ops.frequency_response(theta, Fourier.on(N), "sinc", size).data)


def multiplied(m: Arithmetic, rows: int, columns: int, seed: int) -> Signal:
    """Return the plain convolution of two signals' coefficients, at the modes of the first: nothing folds."""
    x, y = noise2(m, rows, columns, seed), noise2(m, rows, columns, seed + 1)
    a, b = (rows - 1) // 2, (columns - 1) // 2
    every = [(p, q) for p in range(-a, a + 1) for q in range(-b, b + 1)]
    X, Y = ({(p, q): coefficient(m, s, p, q) for p, q in every} for s in (x, y))
    return [
        sum((X[j] * Y[p - j[0], q - j[1]] for j in every if (p - j[0], q - j[1]) in Y), m.number(0))
        for p, q in modes(rows, columns)
    ]


def engine_multiplied(m: Arithmetic, rows: int, columns: int, seed: int) -> Signal:
    from freqnet import ops

    x, y = (analysed(noise2(m, rows, columns, s)) for s in (seed, seed + 1))
    return numbers(m, ops.multiply(x, y).data)


# -- gradients ------------------------------------------------------------------------------------------------------
def response(m: Arithmetic, h: Map, rows: int, columns: int, p: int, q: int) -> Number:
    """Return the response of centred taps at a mode."""
    down, right = (len(h) - 1) // 2, (len(h[0]) - 1) // 2
    terms = (
        v * m.unit(-p * (i - down), rows) * m.unit(-q * (j - right), columns)
        for i, row in enumerate(h)
        for j, v in enumerate(row)
    )
    return sum(terms, m.number(0))


def vjps(m: Arithmetic, rows: int, columns: int, seed: int, size: int) -> list[Signal]:
    """Return conj(H) G, conj(X) G and the gradient of the taps, for a cotangent G."""
    x, h, g = (
        noise2(m, rows, columns, seed),
        noise2(m, size if rows > 1 else 1, size, seed + 1),
        noise2(m, rows, columns, seed + 2),
    )
    kept = modes(rows, columns)
    X, G = spectrum(m, x), spectrum(m, g)
    H = [response(m, h, rows, columns, p, q) for p, q in kept]
    of_input = [m.conj(b) * c for b, c in zip(H, G, strict=True)]
    of_response = [m.conj(a) * c for a, c in zip(X, G, strict=True)]
    # In the inner product a mode of the half spectrum counts twice, except those of the first column.
    weights = [1 if q == 0 else 2 for _, q in kept]
    down, right = (len(h) - 1) // 2, (size - 1) // 2
    of_taps = [
        sum(
            w * m.re(c * m.unit(p * (i - down), rows) * m.unit(q * (j - right), columns))
            for w, c, (p, q) in zip(weights, of_response, kept, strict=True)
        )
        for i in range(len(h))
        for j in range(size)
    ]
    return [of_input, of_response, of_taps]


def engine_vjps(m: Arithmetic, rows: int, columns: int, seed: int, size: int) -> list[Signal]:
    """Differentiate <g, x * h> with respect to the spectrum, the response, and the taps."""
    from freqnet import Tensor, gradient, ops

    x, g = analysed(noise2(m, rows, columns, seed), requires_grad=True), analysed(noise2(m, rows, columns, seed + 2))
    theta = Tensor(floats(noise2(m, size if rows > 1 else 1, size, seed + 1)).reshape(-1, 1, 1), requires_grad=True)
    h = ops.frequency_response(theta, x.space, "taps", size)
    loss = ops.inner_product(g, ops.convolve(x, h))
    return [numbers(m, found.data) for found in gradient(loss, [x, h, theta])]


def vjps_of_product(m: Arithmetic, rows: int, columns: int, seed: int) -> list[Signal]:
    """Return the gradients of <g, x y>: the products of g with the other factor, summed on a grid that holds them."""
    x, y, g = (noise2(m, rows, columns, seed + i) for i in range(3))
    fine = (1 if rows == 1 else 2 * rows, 2 * columns)
    wide = [_finer(m, s, fine) for s in (x, y, g)]
    return [_of_samples(m, _times(wide[2], other), rows, columns) for other in (wide[1], wide[0])]


def _finer(m: Arithmetic, x: Map, fine: tuple[int, int]) -> Map:
    """Return the samples on a finer grid of a map without its Nyquist modes."""
    rows, columns = len(x), len(x[0])
    kept = list(zip(modes(rows, columns), spectrum(m, x), strict=True))
    return [
        [
            sum((1 if q == 0 else 2) * m.re(X * m.unit(p * r, fine[0]) * m.unit(q * c, fine[1])) for (p, q), X in kept)
            for c in range(fine[1])
        ]
        for r in range(fine[0])
    ]


def _times(x: Map, y: Map) -> Map:
    return [[a * b for a, b in zip(u, v, strict=True)] for u, v in zip(x, y, strict=True)]


def _of_samples(m: Arithmetic, x: Map, rows: int, columns: int) -> Signal:
    return [coefficient(m, x, p, q) for p, q in modes(rows, columns)]


def _row_modes(m: Arithmetic, x: Map, band: int) -> dict[int, Number]:
    """Return the coefficients of one row by their modes, the negative ones included."""
    return {k: coefficient(m, x, 0, k) for k in range(-band, band + 1)}


def vjps_between_bands(m: Arithmetic, N: int, a: int, b: int, c: int, seed: int) -> list[Signal]:
    """Return the gradients of <g, x y> for signals x, y, g of the bands a, b, c."""
    X, Y, G = (_row_modes(m, noise2(m, 1, N, seed + i), band) for i, band in enumerate((a, b, c)))

    def product(U: dict[int, Number], V: dict[int, Number], band: int) -> Signal:
        return [sum((U[j] * V[k - j] for j in U if k - j in V), m.number(0)) for k in range(band + 1)]

    return [product(G, Y, a), product(G, X, b)]


def engine_vjps_between_bands(m: Arithmetic, N: int, a: int, b: int, c: int, seed: int) -> list[Signal]:
    from freqnet import gradient, ops

    x, y, g = (analysed(noise2(m, 1, N, seed + i), band, requires_grad=True) for i, band in enumerate((a, b, c)))
    return [numbers(m, found.data) for found in gradient(ops.inner_product(g, ops.multiply(x, y, band=c)), [x, y])]


_THREE_BANDS: tuple[Point, ...] = tuple(
    {"N": 15, "a": a, "b": b, "c": c, "seed": a + b + c}
    for a, b, c in ((2, 5, 4), (1, 6, 0), (4, 1, 7), (0, 3, 3), (0, 0, 0))
)


def engine_vjps_of_product(m: Arithmetic, rows: int, columns: int, seed: int) -> list[Signal]:
    from freqnet import gradient, ops

    x, y, g = (analysed(noise2(m, rows, columns, seed + i), requires_grad=True) for i in range(3))
    return [numbers(m, found.data) for found in gradient(ops.inner_product(g, ops.multiply(x, y)), [x, y])]


CLAIMS += (
    Claim(
        id="engine-convolution",
        title="freqnet's convolution",
        statement="The product $Y_k = X_k H_k$, without a factor, is the circular convolution with taps centred on "
        "each axis.",
        verdict="holds",
        proof="The convolution theorem; signals are divided by the number of samples, responses are not.",
        checks=(
            same("3 taps an axis", convolved, engine_convolved, with_every_grid(size=3)),
            same("4 taps an axis", convolved, engine_convolved, with_every_grid(size=4)),
        ),
    ),
    Claim(
        id="engine-sinc-kernel",
        title="freqnet's kernels by interpolation",
        sources=(Source("ko2017", "sinc interpolation of kernels"),),
        statement="A kernel of $k$ taps is given by its own spectrum of $k$ points; Dirichlet's kernel interpolates "
        r"it to the modes of $N$ samples.",
        verdict="holds",
        proof="The result is the transform of the taps followed by zeros.",
        checks=(
            same(
                "against the formula",
                interpolated,
                engine_interpolated,
                tuple(
                    {"N": N, "size": k, "seed": N} for N, k in ((7, 3), (8, 4), (9, 3), (16, 5), (5, 1), (6, 2), (4, 6))
                ),
            ),
        ),
    ),
    Claim(
        id="engine-product",
        title="freqnet's pointwise product",
        statement=r"$C_k = \sum_j A_j B_{k-j}$ over the kept modes, without aliasing.",
        verdict="holds",
        proof="Multiply two sums of waves term by term.",
        checks=(same("plain convolution of coefficients", multiplied, engine_multiplied, GRIDS),),
    ),
    Claim(
        id="engine-convolution-gradients",
        title="freqnet's gradients of a convolution",
        statement=r"With a cotangent $G$, the gradient with respect to the spectrum is $\overline{H_k} G_k$, that "
        r"with respect to the response is $\overline{X_k} G_k$, both in Parseval's inner product. The gradient with "
        r"respect to a tap at $o$ is the sum of the latter times $e^{2\pi i k o/N}$.",
        verdict="holds",
        proof=r"$dL = \langle G, H\,dX + X\,dH \rangle$, and the adjoint of a factor is its conjugate.",
        checks=(
            same("3 taps an axis", vjps, engine_vjps, with_every_grid(size=3)),
            same("2 taps an axis", vjps, engine_vjps, with_every_grid(size=2)),
        ),
    ),
    Claim(
        id="engine-product-gradients",
        title="freqnet's gradients of a pointwise product",
        statement="With a cotangent $G$ the gradient in one of two real signals is the pointwise product of $G$ with "
        "the other, truncated to the band of the first, in Parseval's inner product.",
        verdict="holds",
        proof="Multiplication by a real signal is its own adjoint, and the adjoint of a truncation fills up with "
        "zeros.",
        checks=(
            same("against samples on twice the grid", vjps_of_product, engine_vjps_of_product, GRIDS),
            same("three bands, by sums over modes", vjps_between_bands, engine_vjps_between_bands, _THREE_BANDS),
        ),
    ),
)


# == means, powers, Gaussian polynomials, functions of bins ==========================================================
NAMES = ("sigmoid", "tanh", "relu", "gelu", "erf")


# -- Parseval --------------------------------------------------------------------------------------------------
def _below_nyquist(m: Arithmetic, x: Map) -> Map:
    """Return the samples of a map without its Nyquist modes, by subtracting the components along (-1)^n."""
    return columns_of([_row(m, list(row)) for row in columns_of([_row(m, list(row)) for row in x])])


def _row(m: Arithmetic, x: Signal) -> Signal:
    if len(x) % 2:
        return x
    nyquist = sum((-1) ** n * v for n, v in enumerate(x)) / len(x)
    return [v - (-1) ** n * nyquist for n, v in enumerate(x)]


def sums(m: Arithmetic, rows: int, columns: int, seed: int) -> Signal:
    """Return the mean of a b, of a^2, and of a, over the samples of two signals."""
    a, b = (_below_nyquist(m, noise2(m, rows, columns, s)) for s in (seed, seed + 1))
    pairs = [(u, v) for p, q in zip(a, b, strict=True) for u, v in zip(p, q, strict=True)]
    size = rows * columns
    return [sum(u * v for u, v in pairs) / size, sum(u * u for u, _ in pairs) / size, sum(u for u, _ in pairs) / size]


def engine_sums(m: Arithmetic, rows: int, columns: int, seed: int) -> Signal:
    from freqnet import ops

    a, b = (analysed(noise2(m, rows, columns, s)) for s in (seed, seed + 1))
    return [m.number(float(v.data.ravel()[0])) for v in (ops.inner_product(a, b), ops.signal_power(a), ops.mean(a))]


def powers(m: Arithmetic, rows: int, columns: int, seed: int) -> Signal:
    """Return |X_0|^2, then 2 |X_k|^2 for one mode of each pair: the upper half of column 0, then the others."""
    X = dict(zip(modes(rows, columns), spectrum(m, noise2(m, rows, columns, seed)), strict=True))
    pairs = [k for k in X if k[1] == 0 and k[0] > 0] + [k for k in X if k[1] > 0]
    return [m.abs(X[0, 0]) ** 2, *(2 * m.abs(X[k]) ** 2 for k in pairs)]


def engine_powers(m: Arithmetic, rows: int, columns: int, seed: int) -> Signal:
    from freqnet import ops

    return numbers(m, ops.power_spectrum(analysed(noise2(m, rows, columns, seed))).data)


# -- Gaussian polynomials ---------------------------------------------------------------------------------------
def coefficients(m: Arithmetic, f: int, mu: Number, s: Number, degree: int) -> Signal:
    """Return E[f(X) He_j(Z)]/j! up to the degree: by closed forms, and by quadrature for sigmoid and tanh."""
    return [_coefficient(m, f, mu, s, j) for j in range(degree + 1)]


def _coefficient(m: Arithmetic, f: int, mu: Number, s: Number, j: int) -> Number:
    if f > 1:
        return (relu_coefficient, gelu_coefficient, erf_coefficient)[f - 2](m, mu, s, j)

    def saturating(z: Number) -> Number:
        x = mu + s * z
        return m.tanh(x) if f else 1 / (1 + m.exp(-x))

    return expected(m, saturating, m.number(1), j=j) / factorial(j)


def engine_hermite(m: Arithmetic, f: int, mu: Number, s: Number, degree: int) -> Signal:
    import numpy as np

    from freqnet.approximate import hermite_coefficients

    return numbers(m, hermite_coefficients(NAMES[f], np.array(float(mu)), np.array(float(s)), degree))


def by_powers(m: Arithmetic, f: int, mu: Number, s: Number, degree: int) -> Signal:
    """Return the coefficients of the same polynomial in powers of x - mu."""
    c = coefficients(m, f, mu, s, degree)
    out = []
    for p in range(degree + 1):
        orders = range(p, degree + 1, 2)
        shares = ((-1) ** ((j - p) // 2) * factorial(j) for j in orders)
        parts = (factorial(p) * factorial((j - p) // 2) * 2 ** ((j - p) // 2) for j in orders)
        out.append(sum(c[j] * u / v for j, u, v in zip(orders, shares, parts, strict=True)) / s**p)
    return out


def engine_by_powers(m: Arithmetic, f: int, mu: Number, s: Number, degree: int) -> Signal:
    import numpy as np

    from freqnet.approximate import gaussian_coefficients

    return numbers(m, gaussian_coefficients(NAMES[f], np.array(float(mu)), np.array(float(s)), degree))


# -- functions of the parts of bins ---------------------------------------------------------------------------------
def parts(m: Arithmetic, N: int, seed: int) -> list[Signal]:
    """Return tanh of real and imaginary parts, and the modes with both parts positive."""
    X = spectrum(m, [noise(m, N, seed)])

    def positive(v: Number) -> Number:
        return (1 + v / m.abs(v)) / 2

    split = [m.tanh(m.re(c)) + m.i * m.tanh(m.im(c)) for c in X]
    gated = [c * positive(m.re(c)) * (positive(m.im(c)) if k else 1) for k, c in enumerate(X)]
    return [split, gated]


def engine_parts(m: Arithmetic, N: int, seed: int) -> list[Signal]:
    from freqnet import nn

    x = analysed([noise(m, N, seed)])
    return [numbers(m, layer.forward(x).data) for layer in (nn.RealImaginary("tanh"), nn.PhaseGate())]


_NORMAL: tuple[Point, ...] = (
    {"f": 0, "mu": "0.3", "s": "0.8", "degree": 2},
    {"f": 1, "mu": "-0.7", "s": "0.5", "degree": 3},
    {"f": 2, "mu": "0.4", "s": "1.5", "degree": 5},
    {"f": 2, "mu": "0.001", "s": "0.001", "degree": 2},
    {"f": 3, "mu": "-0.2", "s": "1.1", "degree": 4},
    {"f": 4, "mu": "0.9", "s": "0.6", "degree": 3},
)

CLAIMS += (
    Claim(
        id="engine-parseval",
        title="freqnet's inner product, power and mean",
        sources=(Source("rippel2015", "Section 2", "2", "seen"),),
        statement=r"$\sum_k w_k\,\mathrm{Re}(\overline{A_k} B_k)$, with weights 1 in the first column and 2 "
        "elsewhere, is the mean over the samples of the product; the mean is the mode 0.",
        verdict="holds",
        proof="Parseval's theorem; a mode of the half spectrum also represents its conjugate.",
        checks=(
            same("inner product, power, mean", sums, engine_sums, GRIDS),
            same("power of every pair of modes", powers, engine_powers, GRIDS),
        ),
    ),
    Claim(
        id="engine-gaussian-polynomials",
        title="freqnet's polynomials for a normal variable",
        statement="The closed forms (ReLU, GELU, erf) and the quadrature (sigmoid, tanh) give $c_j = "
        r"E[f(X)\,\mathrm{He}_j(Z)]/j!$, and the same polynomial in powers of $x - \mu$.",
        verdict="holds",
        proof="See relu-hermite, gelu-hermite and normal-distribution-hermite.",
        checks=(
            same("Hermite coefficients", coefficients, engine_hermite, _NORMAL),
            same("coefficients of powers", by_powers, engine_by_powers, _NORMAL[2:]),
        ),
    ),
    Claim(
        id="engine-functions-of-bins",
        title="freqnet's layers that act on the parts of bins",
        statement="RealImaginary is tanh of real and imaginary part; PhaseGate keeps the modes with both positive. "
        "Neither is the activation of the signal (see activation-of-parts).",
        verdict="holds",
        proof="By definition.",
        checks=(same("against the formulas", parts, engine_parts, ({"N": 7, "seed": 0}, {"N": 8, "seed": 1})),),
    ),
)
