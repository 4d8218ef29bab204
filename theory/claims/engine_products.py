"""freqnet's products, in double precision, against the formulas: kernels, convolutions, pointwise products, gradients.

Grids, modes and normalisation are those of the claims on the engine's operators.
"""

from __future__ import annotations

from fractions import Fraction

from ..arithmetic import Arithmetic, Number
from ..claim import Claim, Source
from ..signals import Map, Signal, noise, noise2
from .engine import GRIDS, analysed, coefficient, floats, modes, numbers, same, spectrum, with_every_grid


# -- kernels and products ----------------------------------------------------------------------------------------------
def convolved(m: Arithmetic, rows: int, columns: int, seed: int, size: int) -> Signal:
    """Return the spectrum of the circular convolution with `size` centred taps an axis, summed on samples."""
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
    from freqnet import FOURIER, Tensor, ops

    theta = Tensor(floats(noise(m, size, seed)).reshape(-1, 1, 1))
    return numbers(m, ops.frequency_response(theta, FOURIER.space(N), "sinc", size).data)


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
    """Return conj(H) G, conj(X) G and the latter's correlation with the taps' waves, for a cotangent G."""
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
    # In the inner product a mode of the half spectrum counts twice, but for those of the first column.
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
    """Return the samples on a finer grid of what of a map is below Nyquist."""
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


def engine_vjps_of_product(m: Arithmetic, rows: int, columns: int, seed: int) -> list[Signal]:
    from freqnet import gradient, ops

    x, y, g = (analysed(noise2(m, rows, columns, seed + i), requires_grad=True) for i in range(3))
    return [numbers(m, found.data) for found in gradient(ops.inner_product(g, ops.multiply(x, y)), [x, y])]


CLAIMS = (
    Claim(
        id="engine-convolution",
        title="freqnet's convolution",
        statement=r"$Y_k = X_k H_k$, without a factor, is the circular convolution with taps centred on each axis.",
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
        proof="It is the transform of the taps followed by zeros.",
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
        statement=r"$C_k = \sum_j A_j B_{k-j}$ over the kept modes, with nothing folded.",
        verdict="holds",
        proof="The product of two sums of waves, wave by wave.",
        checks=(same("plain convolution of coefficients", multiplied, engine_multiplied, GRIDS),),
    ),
    Claim(
        id="engine-convolution-gradients",
        title="freqnet's gradients of a convolution",
        statement=r"With a cotangent $G$, the gradient with respect to the spectrum is $\overline{H_k} G_k$, to the "
        r"response $\overline{X_k} G_k$, both in Parseval's inner product; to a tap at $o$ it is their sum with "
        r"$e^{2\pi i k o/N}$.",
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
        statement="With a cotangent $G$ they are the pointwise products of $G$ with the other factor, cut to the band.",
        verdict="holds",
        proof="Multiplication by a real signal is its own adjoint.",
        checks=(same("against samples on twice the grid", vjps_of_product, engine_vjps_of_product, GRIDS),),
    ),
)
