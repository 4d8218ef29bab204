"""Convolution as a product of spectra: on the line, on a periodic grid, by cosine transforms; products of samples."""

from __future__ import annotations

from functools import reduce
from math import comb, factorial

from ..arithmetic import Arithmetic, Number
from ..checks import Contradiction, Identity, Point, Range
from ..claim import Claim, Source
from ..signals import Map, Signal, circular, dft, dft2, idft, idft2, linear, noise, noise2, padded, rolled


# == on the line =====================================================================================================
# -- f = e^{-ax} and g = e^{-bx}, both for x > 0; a, b >= 2 -------------------------------------------------
def convolved(m: Arithmetic, a: Number, b: Number, t: Number) -> Number:
    return (m.exp(-a * t) - m.exp(-b * t)) / (b - a)


def convolved_by_definition(m: Arithmetic, a: Number, b: Number, t: Number) -> Number:
    return m.integral(lambda x: m.exp(-a * x) * m.exp(-b * (t - x)), 0, t / 2, t)


def product_of_spectra(m: Arithmetic, a: Number, b: Number, w: Number) -> Number:
    return 1 / (a + m.i * w) * (1 / (b + m.i * w))


def spectrum_of_convolved(m: Arithmetic, a: Number, b: Number, w: Number) -> Number:
    # The convolution is at most t e^{-2t}.
    return m.half_line(lambda t: convolved(m, a, b, t) * m.exp(-m.i * w * t), lambda R: R + 1, rate=2, width=6)


# -- derivatives -----------------------------------------------------------------------------------------
def derivative_rule(m: Arithmetic, a: Number, b: Number, w: Number) -> Number:
    """Return iw F G for f = e^{-ax}, x > 0, and g = e^{-b|x|}, which has a corner but no jump."""
    return m.i * w / (a + m.i * w) * (2 * b / (b * b + w * w))


def derivative_by_quadrature(m: Arithmetic, a: Number, b: Number, w: Number) -> Number:
    """Transform f * g', which is b e^{bt}/(a + b) for t < 0."""
    left = m.half_line(lambda t: m.exp(-(b - m.i * w) * t) / (a + b), rate=2, width=6)
    after = lambda t: m.exp(-a * t) / (a + b) - (m.exp(-a * t) - m.exp(-b * t)) / (b - a)
    right = m.half_line(lambda t: after(t) * m.exp(-m.i * w * t), lambda R: R + 3, rate=2, width=6)
    return b * (left + right)


def less_the_jumps(m: Arithmetic, b: Number, p: Number, q: Number, w: Number) -> Number:
    """Return iw G minus the sum of jumps, for g = e^{-bx} on [p, q] and 0 elsewhere."""
    start, end = m.exp(-(b + m.i * w) * p), m.exp(-(b + m.i * w) * q)
    return m.i * w * (start - end) / (b + m.i * w) - (start - end)


def order_n(m: Arithmetic, n: int, a: Number, w: Number) -> Number:
    return (m.i * w) ** n / (a + m.i * w) ** 5


def order_n_by_quadrature(m: Arithmetic, n: int, a: Number, w: Number) -> Number:
    """Transform the n-th derivative of t^4 e^{-at}/24, t > 0, for n <= 4 and a >= 2."""
    powers = [(comb(n, j) * (-a) ** (n - j) / factorial(4 - j), 4 - j) for j in range(n + 1)]
    rising = lambda t: sum(c * t**k for c, k in powers)
    # t^k/k! <= 2^k e^{t/2}, and a is at least 2.
    return m.half_line(lambda t: rising(t) * m.exp(-(a + m.i * w) * t), 16 * (1 + a) ** n, rate=1.5, width=6)


# -- two dimensions: f = p e^{-ap} q e^{-cq} and g = p² e^{-ap} q² e^{-cq}/4, p = x - y > 0, q = y > 0 --------
def convolved_2d(m: Arithmetic, a: Number, c: Number, x: Number, y: Number) -> Number:
    return ((x - y) * y) ** 4 * m.exp(-a * (x - y) - c * y) / 576


def convolved_2d_by_definition(m: Arithmetic, a: Number, c: Number, x: Number, y: Number) -> Number:
    """Integrate over the triangle as a product, one integral along p and one along q."""
    along = lambda rate, end: m.integral(lambda p: p * (end - p) ** 2 * m.exp(-rate * p - rate * (end - p)), 0, end)
    return along(a, x - y) * along(c, y) / 4


def packet_2d(m: Arithmetic, b: Number, x: Number, y: Number) -> Number:
    return (1 + b * x * y) * m.exp(-(x * x + y * y) / 2)


def packet_2d_by_inversion(m: Arithmetic, b: Number, x: Number, y: Number) -> Number:
    """Invert 2 pi (1 - b u v) e^{-(u² + v²)/2}, a sum of two products."""
    moment = lambda k, z: m.line(lambda u: u**k * m.exp(m.i * u * z - u * u / 2), 2)
    return (moment(0, x) * moment(0, y) - b * moment(1, x) * moment(1, y)) / (2 * m.pi)


def partials(m: Arithmetic, a: Number, c: Number, u: Number, v: Number) -> Signal:
    """Return F G times 1, iu, iv and (iu)(iv)."""
    F = 1 / ((a + m.i * u) ** 2 * (c + m.i * (u + v)) ** 2)
    G = 1 / ((a + m.i * u) ** 3 * (c + m.i * (u + v)) ** 3)
    return [F * G, m.i * u * F * G, m.i * v * F * G, (m.i * u) * (m.i * v) * F * G]


def partials_by_quadrature(m: Arithmetic, a: Number, c: Number, u: Number, v: Number) -> Signal:
    """Transform f * g and its derivatives; ux + vy = up + (u + v)q, d/dx = d/dp, d/dy = d/dq - d/dp."""
    P, Q = ([order_n_by_quadrature(m, n, rate, w) for n in range(3)] for rate, w in ((a, u), (c, u + v)))
    return [P[0] * Q[0], P[1] * Q[0], P[0] * Q[1] - P[1] * Q[0], P[1] * Q[1] - P[2] * Q[0]]


# -- on a grid -----------------------------------------------------------------------------------------
def _pair(m: Arithmetic, size: int, taps: int) -> tuple[Signal, Signal]:
    return noise(m, size, 1), padded(noise(m, taps, 2), size)


def product_of_bins(m: Arithmetic, size: int, taps: int) -> Signal:
    X, H = (dft(m, x) for x in _pair(m, size, taps))
    return [X[k] * H[k] for k in range(size)]


def dot_product(m: Arithmetic, size: int, taps: int) -> Number:
    return sum(product_of_bins(m, size, taps)) / size


def convolved_at_zero(m: Arithmetic, size: int, taps: int) -> Number:
    x, h = noise(m, size, 1), noise(m, taps, 2)
    return sum(x[-n] * h[n] for n in range(taps))


def layer_spectrum(m: Arithmetic, size: int, taps: int) -> Signal:
    X, H = (dft(m, x) for x in _pair(m, size, taps))
    return [a * m.conj(b) for a, b in zip(X, H, strict=True)]


def convolution_by_sums(m: Arithmetic, size: int, taps: int) -> Signal:
    return layer_by_sums(m, size, taps, -1)


def layer_by_sums(m: Arithmetic, size: int, taps: int, step: int = 1) -> Signal:
    """Transform the output of a CNN's layer, y_n = sum_j x_{n+j} h_j on a circle; step -1 gives the convolution."""
    x, h = noise(m, size, 1), noise(m, taps, 2)
    return dft(m, [sum(x[(n + step * j) % size] * h[j] for j in range(taps)) for n in range(size)])


_ZHU = "zhu2021"
_DECAYS = ({"a": "2", "b": "3", "w": "0"}, {"a": "4", "b": "2", "w": "-3"}, {"a": "2.01", "b": "2", "w": "0.7"})
_LAYERS = tuple({"size": size, "taps": taps} for size, taps in ((1, 1), (2, 2), (7, 3), (8, 8)))
_ORDERS: tuple[Point, ...] = tuple({"n": n, "a": "2.5", "w": w} for n, w in enumerate(("3", "-1", "0.1", "2", "-5")))

CLAIMS: tuple[Claim, ...] = (
    Claim(
        id="convolution-theorem",
        title="The transform of a convolution is the product of the transforms",
        sources=(Source(_ZHU, "Definition 1; Theorem 3.1; Section 3.1; Appendix A.1", "1, 4, 45-49", "reconstructed"),),
        statement=r"With $(f * g)(t) = \int f(x) g(t - x)\,dx$ (for almost every $t$): "
        r"$\int (f * g)(t) e^{-iwt}\,dt = F(w) G(w)$, for absolutely integrable $f$ and $g$ with the transforms $F$ "
        "and $G$.",
        verdict="holds",
        proof=r"Fubini, since $\int \int |f(x) g(t - x)|\,dx\,dt$ is finite; then substitute $t = x + y$. Piecewise "
        "smoothness is not needed.",
        proof_page="proofs_transforms#convolution-on-the-line-and-on-a-grid",
        checks=(
            Identity(
                name="eq. 1 for two decays",
                closed=convolved,
                independent=convolved_by_definition,
                points=({"a": "2", "b": "3", "t": "1"}, {"a": "5", "b": "2.5", "t": "0.01"}),
                random={"a": Range("2", "3"), "b": Range("3.1", "5"), "t": Range("0.01", "9")},
                screened=60,
            ),
            Identity(name="eq. 4", closed=product_of_spectra, independent=spectrum_of_convolved, points=_DECAYS),
        ),
    ),
    Claim(
        id="dot-product-in-frequency",
        title="A convolution is a dot product in the frequency domain",
        sources=(Source(_ZHU, "Theorem 3.1"),),
        statement="Convolving is equivalent to taking the dot product of the spectra.",
        verdict="conditional",
        hypotheses="The dot product means the product at each frequency, as in the text after the theorem.",
        corrected="The inner product of the spectra is a single number, the convolution at 0: "
        r"$\frac{1}{N} \sum_k X_k H_k = (x * h)_0$.",
        proof="The inverse transform at 0 is the mean of the bins.",
        proof_page="proofs_transforms#convolution-on-the-line-and-on-a-grid",
        checks=(
            Identity(
                name="bin by bin",
                closed=product_of_bins,
                independent=convolution_by_sums,
                points=_LAYERS,
                random={"size": Range(5, 11), "taps": Range(1, 5)},
                screened=40,
            ),
            Contradiction(
                name="one number for all samples",
                claimed=lambda m, size, taps: [dot_product(m, size, taps)] * size,
                actual=lambda m, size, taps: circular(*_pair(m, size, taps)),
                points=_LAYERS[2:],
            ),
            Identity(
                name="the sample at 0",
                closed=convolved_at_zero,
                independent=dot_product,
                points=_LAYERS,
                random={"size": Range(5, 11), "taps": Range(1, 5)},
                screened=40,
            ),
        ),
    ),
    Claim(
        id="layers-correlate",
        title="The layers of a CNN correlate: their multiplier is the conjugate",
        sources=(Source(_ZHU, "Theorem 3.1; Section 3.1"),),
        statement="The forward pass of a convolutional layer is the product of the transforms of its input and its "
        "filter.",
        verdict="conditional",
        hypotheses="The layer convolves as in Definition 1.",
        corrected="The operation called convolution in a CNN is a "
        r"correlation, $y_n = \sum_j x_{n+j} h_j$: for a real filter its multiplier is $\overline{H_k}$.",
        proof=r"A correlation is a convolution with $h_{-j}$, whose transform is $\sum_j h_j e^{2\pi i jk/N} = "
        r"\overline{H_k}$. With one or two samples, convolution and correlation are equal.",
        proof_page="proofs_transforms#convolution-on-the-line-and-on-a-grid",
        checks=(
            Identity(
                name="with the conjugate",
                closed=layer_spectrum,
                independent=layer_by_sums,
                points=_LAYERS,
                random={"size": Range(5, 11), "taps": Range(1, 5)},
                screened=40,
            ),
            Contradiction(name="without it", claimed=product_of_bins, actual=layer_by_sums, points=_LAYERS[2:]),
        ),
    ),
    Claim(
        id="derivative-of-convolution",
        title="Differentiating a convolution multiplies its spectrum by iw",
        sources=(Source(_ZHU, "Section 3.1; Appendix A.2", "55-56", "reconstructed"),),
        statement=r"$(f * g)' = f * g'$ has the transform $iw\,F(w) G(w)$; derivatives of higher order have powers of "
        "$iw$.",
        verdict="conditional",
        hypotheses="$f$ and $g$ are in $L^1$, $g$ is absolutely continuous with $g'$ in $L^1$ (for order $n$: so are "
        r"$g', \ldots, g^{(n-1)}$, and $g^{(n)}$ is in $L^1$); or the statement is read for distributions.",
        corrected="Where $g$ is piecewise absolutely continuous and "
        r"jumps by $J_j$ at $x_j$, the transform of its classical derivative is $iw\,G(w) - \sum_j J_j e^{-iwx_j}$.",
        proof=r"By parts on each smooth piece, $\int g' e^{-iwx}\,dx = iw \int g e^{-iwx}\,dx$ plus values at ends. "
        "The values cancel where there is no jump. The classical derivative of a box is 0.",
        proof_page="proofs_transforms#convolution-on-the-line-and-on-a-grid",
        checks=(
            Identity(name="a corner", closed=derivative_rule, independent=derivative_by_quadrature, points=_DECAYS[1:]),
            Identity(name="order n", closed=order_n, independent=order_n_by_quadrature, points=_ORDERS),
            Contradiction(
                name="a box on [p, q]",
                claimed=lambda m, p, q, w: m.i * w * m.integral(lambda x: m.exp(-m.i * w * x), p, q),
                actual=lambda m, p, q, w: m.number(0),
                points=({"p": "-1", "q": "1", "w": "1"}, {"p": "0", "q": "0.5", "w": "-4"}),
            ),
            Identity(
                name="with the jumps of e^(-bx) on [p, q]",
                closed=less_the_jumps,
                independent=lambda m, b, p, q, w: m.integral(lambda x: -b * m.exp(-(b + m.i * w) * x), p, q),
                points=({"b": "1", "p": "-1", "q": "2", "w": "0.5"}, {"b": "-0.3", "p": "0.2", "q": "1", "w": "-4"}),
                random={
                    "b": Range("-1", "2"),
                    "p": Range("-2", "0.5"),
                    "q": Range("1", "3"),
                    "w": Range("-5", "5"),
                },
                screened=60,
            ),
        ),
    ),
    Claim(
        id="convolution-2d",
        title="Convolution in two dimensions, and its derivatives",
        sources=(Source(_ZHU, "Definition 2; Theorem 3.2; Section 3.1; Appendix A.3", "5-7, 57-59", "reconstructed"),),
        statement="The transform of $f * g$ in two dimensions is $F(u, v) G(u, v)$, and its derivative is equivalent "
        "to multiplying that by the frequency factor.",
        verdict="conditional",
        hypotheses="$f$ and $g$ are in $L^1$. For derivatives, $g$ is absolutely continuous along the axis, its "
        "partial derivatives are in $L^1$, and the frequency factor is one factor per derivative: $iu$ for "
        r"$\partial_x$, $iv$ for $\partial_y$, $(iu)(iv)$ for $\partial_x \partial_y$.",
        corrected=r"A single factor for both axes, such as $i\sqrt{u^2 + v^2}$, does not correspond to a derivative.",
        proof="Integrate by parts in $x$ at fixed $y$, and in $y$ at fixed $x$.",
        checks=(
            Identity(
                name="eq. 5",
                closed=convolved_2d,
                independent=convolved_2d_by_definition,
                points=({"a": "2", "c": "3", "x": "2", "y": "1.5"}, {"a": "1", "c": "-0.5", "x": "1.7", "y": "0.2"}),
                random={
                    "a": Range("-2", "3"),
                    "c": Range("-2", "3"),
                    "x": Range("1", "3"),
                    "y": Range("0.01", "0.9"),
                },
                screened=60,
            ),
            Identity(
                name="eq. 7 gives (1 + bxy) e^(-(x² + y²)/2)",
                closed=packet_2d,
                independent=packet_2d_by_inversion,
                points=({"b": "1", "x": "0.5", "y": "-1"}, {"b": "0.3", "x": "0", "y": "1"}),
            ),
            Identity(
                name="the product, with iu, iv and (iu)(iv)",
                closed=partials,
                independent=partials_by_quadrature,
                points=({"a": "2", "c": "3", "u": "1", "v": "-2"}, {"a": "2.5", "c": "2", "u": "-0.7", "v": "0.3"}),
            ),
            Contradiction(
                name="one factor for both derivatives",
                claimed=lambda m, a, c, u, v: [m.i * m.sqrt(u * u + v * v) * partials(m, a, c, u, v)[0]] * 2,
                actual=lambda m, a, c, u, v: partials_by_quadrature(m, a, c, u, v)[1:3],
                points=({"a": "2", "c": "3", "u": "1", "v": "-2"},),
            ),
        ),
    ),
)


# == on a periodic grid, and linear layers there =====================================================================
# -- Theorem 3.1 on a grid -----------------------------------------------------------------------------
def product_of_discrete_spectra(m: Arithmetic, n: int, k: int, N: int, seed: int) -> Signal:
    """Return the signal whose spectrum is the product of two spectra of N bins."""
    X = dft(m, padded(noise(m, n, seed), N))
    H = dft(m, padded(noise(m, k, seed + 1), N))
    return idft(m, [X[q] * H[q] for q in range(N)])


def around_the_circle(m: Arithmetic, n: int, k: int, N: int, seed: int) -> Signal:
    return circular(padded(noise(m, n, seed), N), padded(noise(m, k, seed + 1), N))


def along_the_line(m: Arithmetic, n: int, k: int, N: int, seed: int) -> Signal:
    return padded(linear(noise(m, n, seed), noise(m, k, seed + 1)), N)[:N]


def line_wrapped(m: Arithmetic, n: int, k: int, N: int, seed: int) -> Signal:
    y = linear(noise(m, n, seed), noise(m, k, seed + 1))
    return [sum(y[i] for i in range(q, n + k - 1, N)) for q in range(N)]


def product_of_maps(m: Arithmetic, rows: int, columns: int, seed: int) -> Map:
    X, H = dft2(m, noise2(m, rows, columns, seed)), dft2(m, noise2(m, rows, columns, seed + 1))
    return idft2(m, [[X[r][c] * H[r][c] for c in range(columns)] for r in range(rows)])


def around_the_torus(m: Arithmetic, rows: int, columns: int, seed: int) -> Map:
    x, h = noise2(m, rows, columns, seed), noise2(m, rows, columns, seed + 1)
    places = [(i, j) for i in range(rows) for j in range(columns)]
    return [[sum(x[i][j] * h[r - i][c - j] for i, j in places) for c in range(columns)] for r in range(rows)]


# -- a kernel of k taps on N bins ------------------------------------------------------------------------
def kernel_mean(m: Arithmetic, t: int, k: int, N: int, first: int) -> Number:
    """Return the mean of e^{-2 pi i n t / (k N)} over the k taps that start at `first`: a Dirichlet kernel."""
    if t == 0:
        return m.number(1)
    phase = m.unit(-t * (2 * first + k - 1), 2 * k * N)
    return phase * m.sin(m.pi * t / N) / (k * m.sin(m.pi * t / (k * N)))


def interpolated(m: Arithmetic, k: int, N: int, first: int, seed: int) -> Signal:
    """Interpolate a kernel's k-point spectrum at the N bins of the input."""
    taps = noise(m, k, seed)
    spectrum = [sum(taps[j] * m.unit(-p * (first + j), k) for j in range(k)) for p in range(k)]
    return [sum(spectrum[p] * kernel_mean(m, q * k - p * N, k, N, first) for p in range(k)) for q in range(N)]


def zero_padded(m: Arithmetic, k: int, N: int, first: int, seed: int) -> Signal:
    return dft(m, rolled(padded(noise(m, k, seed), N), first))


def by_engine(m: Arithmetic, k: int, N: int, seed: int) -> list[complex]:
    """Return the engine's response of a centred kernel, for one mode of each pair."""
    import numpy as np

    from freqnet import Fourier, Tensor
    from freqnet.ops import frequency_response

    taps = np.array([float(v) for v in noise(m, k, seed)]).reshape(k, 1, 1)
    return [complex(v) for v in frequency_response(Tensor(taps), Fourier.on(N), size=k).data.ravel()]


def interpolated_half(m: Arithmetic, k: int, N: int, seed: int) -> Signal:
    return interpolated(m, k, N, -((k - 1) // 2), seed)[: (N + 1) // 2]


def straight_lines(m: Arithmetic, k: int, r: int, seed: int) -> Signal:
    """Interpolate the k-point spectrum linearly, r steps between two bins."""
    H = dft(m, noise(m, k, seed))
    return [((r - j) * H[p] + j * H[(p + 1) % k]) / r for p in range(k) for j in range(r)]


def padded_r_times(m: Arithmetic, k: int, r: int, seed: int) -> Signal:
    return dft(m, padded(noise(m, k, seed), r * k))


def faded_images(m: Arithmetic, k: int, r: int, seed: int) -> Signal:
    """Repeat the taps r times under the squared Dirichlet window, which is 1 at the first tap."""
    taps = noise(m, k, seed)
    window = [(m.sin(m.pi * n / k) / (r * m.sin(m.pi * n / (r * k)))) ** 2 for n in range(1, r * k)]
    return [taps[0], *(window[n - 1] * taps[n % k] for n in range(1, r * k))]


def straight_lines_in_space(m: Arithmetic, k: int, r: int, seed: int) -> Signal:
    return idft(m, straight_lines(m, k, r, seed))


# -- means and linear layers -----------------------------------------------------------------------------
def mean_bin(m: Arithmetic, rows: int, columns: int, seed: int) -> Number:
    return dft2(m, noise2(m, rows, columns=columns, seed=seed))[0][0] / (rows * columns)


def mean_sample(m: Arithmetic, rows: int, columns: int, seed: int) -> Number:
    return sum(sum(row) / columns for row in noise2(m, rows, columns, seed)) / rows


def mean_by_engine(m: Arithmetic, rows: int, columns: int, seed: int) -> float:
    import numpy as np

    from freqnet import Fourier
    from freqnet.ops import analysis, mean

    x = np.array([[float(v) for v in row] for row in noise2(m, rows, columns, seed)])
    return float(mean(analysis(x[None, :, :, None], Fourier.on((rows, columns)))).data[0, 0])


def layer_on_spectrum(m: Arithmetic, N: int, outputs: int, seed: int) -> Signal:
    X, rows = dft(m, noise(m, N, seed)), noise2(m, outputs, N, seed + 1)
    return [sum(m.conj(W[k]) * X[k] for k in range(N)) / N for W in (dft(m, row) for row in rows)]


def layer_on_half_spectrum(m: Arithmetic, N: int, outputs: int, seed: int) -> Signal:
    """Give the bins that are their own mirror, 0 and N/2, the weight 1, and the others the weight 2."""
    X, rows = dft(m, noise(m, N, seed)), noise2(m, outputs, N, seed + 1)
    weights = [1 if 2 * k % N == 0 else 2 for k in range(N // 2 + 1)]
    spectra = [dft(m, row) for row in rows]
    return [sum(w * m.re(m.conj(W[k]) * X[k]) for k, w in enumerate(weights)) / N for W in spectra]


def half_without_weights(m: Arithmetic, N: int, outputs: int, seed: int) -> Signal:
    X, rows = dft(m, noise(m, N, seed)), noise2(m, outputs, N, seed + 1)
    return [sum(m.re(m.conj(W[k]) * X[k]) for k in range(N // 2 + 1)) / N for W in (dft(m, row) for row in rows)]


def layer_on_samples(m: Arithmetic, N: int, outputs: int, seed: int) -> Signal:
    x = noise(m, N, seed)
    return [sum(row[n] * x[n] for n in range(N)) for row in noise2(m, outputs, N, seed + 1)]


_LINE = tuple({"n": n, "k": k, "N": N, "seed": 3} for n, k, N in ((5, 3, 7), (8, 3, 13), (1, 1, 1), (4, 6, 9)))
_SHORT = tuple({"n": n, "k": k, "N": N, "seed": 6} for n, k, N in ((5, 3, 6), (8, 3, 8), (4, 4, 6), (7, 2, 7)))
_CIRCLE = tuple({"n": N, "k": N, "N": N, "seed": 4} for N in (1, 2, 7, 8))
_MAPS = tuple({"rows": r, "columns": c, "seed": 6} for r, c in ((3, 4), (1, 5), (2, 2), (5, 3)))
_TAPS = tuple({"k": k, "N": N, "first": first, "seed": 7} for k, N, first in (
    (3, 8, 0), (3, 8, -1), (3, 9, -1), (5, 7, -2), (4, 10, 0), (2, 4, -1), (1, 5, 2), (6, 6, 0),
))  # fmt: skip
_DENSE = tuple({"N": N, "outputs": outputs, "seed": 8} for N, outputs in ((8, 2), (7, 3), (2, 2), (1, 2), (13, 1)))

CLAIMS += (
    Claim(
        id="convolution-circular",
        title="The product of two discrete spectra is a circular convolution",
        sources=(
            Source("zhu2021", "Theorem 3.1; Section 3.1", "4", "reconstructed"),
            Source("rippel2015", "Section 2", "1", "seen"),
        ),
        statement="The convolution of two signals is the element-wise product of their spectra, on the grid of a "
        "network as on the line.",
        verdict="conditional",
        hypotheses=r"$N \geq n + k - 1$ for $n$ samples and $k$ taps, if the convolution is linear; no condition if it "
        "is circular. The forward transform does not divide by $N$.",
        corrected="The product of spectra of $N$ bins is the circular convolution. It equals the linear convolution "
        r"for all signals if and only if $N \geq n + k - 1$; otherwise the samples after the first $N$ are added at "
        "the start. The unitary transform brings the factor of unitary-product-theorem.",
        proof=r"$e^{-2\pi i q n/N}$ has the period $N$ in $n$: samples $n$ and $n + N$ of the linear convolution are "
        "added. There is no such pair if its $n + k - 1$ samples fit. Otherwise the last sample, the product of the "
        "last sample and the last tap, wraps.",
        proof_page="proofs_transforms#convolution-on-the-line-and-on-a-grid",
        checks=(
            Identity(
                name="of N samples each: circular",
                closed=product_of_discrete_spectra,
                independent=around_the_circle,
                points=_CIRCLE,
                random={"n": Range(1, 6), "k": Range(1, 6), "N": Range(6, 12), "seed": Range(20, 99)},
            ),
            Identity(
                name="N of at least n + k - 1: linear",
                closed=product_of_discrete_spectra,
                independent=along_the_line,
                points=_LINE,
                random={"n": Range(1, 5), "k": Range(1, 4), "N": Range(8, 12), "seed": Range(0, 99)},
                screened=60,
                outside_points=_SHORT,
                outside={"n": Range(6, 7), "k": Range(3, 6), "N": Range(7, 7), "seed": Range(0, 99)},
            ),
            Identity(
                name="fewer bins: linear, wrapped",
                closed=product_of_discrete_spectra,
                independent=line_wrapped,
                points=_SHORT,
                random={"n": Range(1, 8), "k": Range(1, 8), "N": Range(8, 12), "seed": Range(0, 99)},
                screened=60,
            ),
            Identity(
                name="maps",
                closed=product_of_maps,
                independent=around_the_torus,
                points=_MAPS,
                random={"rows": Range(1, 4), "columns": Range(1, 4), "seed": Range(0, 99)},
                screened=40,
            ),
            Contradiction(
                name="fewer bins: not the linear one",
                claimed=along_the_line,
                actual=product_of_discrete_spectra,
                points=_SHORT,
            ),
        ),
    ),
    Claim(
        id="kernel-padding-is-interpolation",
        title="Padding a kernel with zeros interpolates its spectrum by the Dirichlet kernel",
        sources=(
            Source("zhu2021", "Section 3.1"),
            Source("ko2017", "sinc interpolation of kernels, as the other sources report it"),
        ),
        statement="A kernel of $k$ taps is extended to the $N$ bins of the feature map by zero-padding or by "
        "interpolation.",
        verdict="conditional",
        hypotheses=r"The interpolation of the $k$-point spectrum is $H(q) = \sum_p H_k(p)\,D(q/N - p/k)$ with $D(t) = "
        r"e^{-i\pi t(2a + k - 1)} \sin(\pi k t)/(k \sin \pi t)$, where $a$ is the position of the first tap (the "
        "phase is 1 for a centred kernel of odd size).",
        corrected="This interpolation equals zero-padding, and is the sinc interpolation of ko2017. Any other rule "
        "changes the filter: linear interpolation to $N = rk$ bins repeats the taps $r$ times over the grid, under "
        r"the window $(\sin(\pi n/k)/(r \sin(\pi n/N)))^2$.",
        proof=r"Insert $h_n = \frac{1}{k}\sum_p H_k(p) e^{2\pi i p n/k}$ into $\sum_n h_n e^{-2\pi i q n/N}$ and sum "
        r"over the $k$ taps. A linear rule with a triangle is a convolution of the spectrum, hence a product in space "
        "with the triangle's transform, the squared Dirichlet kernel; the zeros between bins repeat the taps.",
        checks=(
            Identity(
                name="interpolated against padded",
                closed=interpolated,
                independent=zero_padded,
                points=_TAPS,
                random={"k": Range(1, 5), "N": Range(5, 11), "first": Range(-3, 0), "seed": Range(20, 99)},
            ),
            Identity(
                name="the engine's response of a centred kernel",
                closed=interpolated_half,
                independent=by_engine,
                points=tuple({"k": k, "N": N, "seed": 9} for k, N in ((3, 8), (4, 9), (5, 5), (1, 6))),
                engine=True,
            ),
            Identity(
                name="what linear interpolation does to the taps",
                closed=faded_images,
                independent=straight_lines_in_space,
                points=tuple({"k": k, "r": r, "seed": 10} for k, r in ((3, 2), (3, 4), (4, 3), (5, 1), (1, 3))),
            ),
            Contradiction(
                name="linear interpolation is not zero-padding",
                claimed=straight_lines,
                actual=padded_r_times,
                points=tuple({"k": k, "r": r, "seed": 11} for k, r in ((3, 2), (3, 4), (4, 2), (2, 3))),
            ),
        ),
    ),
    Claim(
        id="global-average-pooling",
        title="Global average pooling is the bin of frequency zero",
        sources=(Source("zhu2021", "Section 3.4"),),
        statement=r"Global average pooling is a special case of features in the frequency domain: $X_0/N$, for maps "
        r"$X_{00}/(MN)$.",
        verdict="holds",
        proof=r"$e^{-2\pi i k n/N} = 1$ at $k = 0$.",
        proof_page="proofs_transforms#convolution-on-the-line-and-on-a-grid",
        checks=(
            Identity(name="maps", closed=mean_bin, independent=mean_sample, points=_MAPS),
            Identity(
                name="the engine's mean",
                closed=mean_bin,
                independent=mean_by_engine,
                points=_MAPS,
                engine=True,
            ),
        ),
    ),
    Claim(
        id="fully-connected-on-spectrum",
        title="A fully connected layer is an inner product with the spectrum",
        sources=(Source("zhu2021", "Section 3.4"),),
        statement="A fully connected layer can be realised in the frequency domain, as a convolution whose kernel is "
        "as large as its input.",
        verdict="holds",
        corrected=r"$y = Wx$ with real rows is $y_j = \frac{1}{N}\sum_k \overline{\hat W_{jk}}\,X_k$, one sample of "
        r"the correlation of $x$ with row $j$. On the stored half of the spectrum, $y_j = \frac{1}{N}\sum_{k \leq "
        r"N/2} w_k\,\mathrm{Re}(\overline{\hat W_{jk}}\,X_k)$ with $w_k = 1$ at the bins $0$ and $N/2$ (the bin $N/2$ "
        "exists for even $N$ only) and 2 at the others.",
        proof="Parseval's identity, row by row. Bins $k$ and $N - k$ of a real signal are conjugate, so that each pair "
        "contributes twice the real part of one.",
        proof_page="proofs_transforms#convolution-on-the-line-and-on-a-grid",
        checks=(
            Identity(name="all bins", closed=layer_on_spectrum, independent=layer_on_samples, points=_DENSE),
            Identity(name="half the bins", closed=layer_on_half_spectrum, independent=layer_on_samples, points=_DENSE),
            Contradiction(
                name="half the bins without weights",
                claimed=half_without_weights,
                actual=layer_on_samples,
                points=_DENSE[:2],
            ),
        ),
    ),
)


# == products of cosine transforms (DCT-II) ==========================================================================
def cosines(m: Arithmetic, x: Signal) -> Signal:
    """Return the DCT-II, C_k = sum_n x_n cos(pi k (2n + 1)/(2N))."""
    N = len(x)
    return [sum(v * m.re(m.unit(k * (2 * n + 1), 4 * N)) for n, v in enumerate(x)) for k in range(N)]


def from_cosines(m: Arithmetic, C: Signal) -> Signal:
    """Return the signal of a DCT-II."""
    N = len(C)
    return [(C[0] + 2 * sum(C[k] * m.re(m.unit(k * (2 * n + 1), 4 * N)) for k in range(1, N))) / N for n in range(N)]


def any_numbers(m: Arithmetic, N: int, seed: int) -> Signal:
    return noise(m, N, seed)


def cosines_of_their_signal(m: Arithmetic, N: int, seed: int) -> Signal:
    return cosines(m, from_cosines(m, noise(m, N, seed)))


def product_of_cosines(m: Arithmetic, N: int, seed: int) -> Signal:
    x, h = noise(m, N, seed), noise(m, N, seed + 1)
    return from_cosines(m, [a * b for a, b in zip(cosines(m, x), cosines(m, h), strict=True)])


def circular_convolution(m: Arithmetic, N: int, seed: int) -> Signal:
    return circular(noise(m, N, seed), noise(m, N, seed + 1))


def linear_convolution(m: Arithmetic, N: int, seed: int) -> Signal:
    return linear(noise(m, N, seed), noise(m, N, seed + 1))[:N]


def reflected_spectrum(m: Arithmetic, N: int, seed: int) -> Signal:
    """Return 4 times the product of two DCT-II."""
    x, h = noise(m, N, seed), noise(m, N, seed + 1)
    C, H = cosines(m, x), cosines(m, h)
    return [4 * C[k] * H[k] for k in range(N)]


def reflected_by_dft(m: Arithmetic, N: int, seed: int) -> Signal:
    """Convolve both signals, each followed by its mirror image, on 2N samples; shift by one and transform."""
    x, h = ([*s, *s[::-1]] for s in (noise(m, N, seed), noise(m, N, seed + 1)))
    y = circular(x, h)
    return dft(m, [y[n - 1] for n in range(2 * N)])[:N]


def symmetric_filter(m: Arithmetic, N: int, taps: int, seed: int) -> Signal:
    """Multiply a DCT-II by h_0 + 2 sum_j h_j cos(pi k j/N), the response of a symmetric kernel."""
    C, h = cosines(m, noise(m, N, seed)), noise(m, taps, seed + 7)
    response = [h[0] + 2 * sum(h[j] * m.cos(m.pi * k * j / N) for j in range(1, taps)) for k in range(N)]
    return from_cosines(m, [C[k] * response[k] for k in range(N)])


def symmetric_by_sum(m: Arithmetic, N: int, taps: int, seed: int) -> Signal:
    """Sum over the taps, with the signal continued by its mirror images."""
    x, h = noise(m, N, seed), noise(m, taps, seed + 7)
    mirrored = [*x, *x[::-1]]
    return [sum(h[abs(j)] * mirrored[(n - j) % (2 * N)] for j in range(1 - taps, taps)) for n in range(N)]


CLAIMS += (
    Claim(
        id="dct-product",
        title="The bin-wise product of two cosine transforms belongs to the mirrored signals",
        statement=r"With $C_k = \sum_n x_n \cos(\pi k (2n + 1)/(2N))$, 4 times the product is the DFT of a circular "
        "convolution: both signals are followed by their mirror images, convolved, and shifted by one sample. "
        "The signal whose DCT-II is the product is neither the circular nor the linear convolution of the two signals.",
        verdict="holds",
        corrected="The result is symmetric about a sample, not about a point between two samples, so it is not the "
        "mirror extension of any N samples. A symmetric kernel must be represented by "
        r"$h_0 + 2\sum_j h_j \cos(\pi k j/N)$ instead: multiplying $C_k$ by "
        "this convolves the signal, continued by its mirror images at both ends.",
        proof=r"The mirrored signal of $2N$ samples has the DFT $2 e^{i\pi k/(2N)} C_k$. The product of two of these "
        "phases is a shift by one sample; a symmetric kernel has no such phase.",
        checks=(
            Contradiction(
                name="it is not the circular convolution",
                claimed=product_of_cosines,
                actual=circular_convolution,
                points=({"N": 4, "seed": 0}, {"N": 7, "seed": 1}),
                gap="0.1",
            ),
            Contradiction(
                name="nor the first samples of the linear one",
                claimed=product_of_cosines,
                actual=linear_convolution,
                points=({"N": 4, "seed": 0}, {"N": 7, "seed": 1}),
                gap="0.1",
            ),
            Identity(
                name="the product is the DFT of a convolution of mirrored signals",
                closed=reflected_spectrum,
                independent=reflected_by_dft,
                points=({"N": 1, "seed": 0}, {"N": 2, "seed": 1}, {"N": 5, "seed": 2}, {"N": 8, "seed": 0}),
            ),
            Identity(
                name="any N numbers are the DCT-II of a signal",
                closed=any_numbers,
                independent=cosines_of_their_signal,
                points=({"N": 1, "seed": 3}, {"N": 4, "seed": 3}, {"N": 7, "seed": 4}),
            ),
            Identity(
                name="a symmetric kernel by its cosine response",
                closed=symmetric_filter,
                independent=symmetric_by_sum,
                points=({"N": 6, "taps": 3, "seed": 0}, {"N": 5, "taps": 5, "seed": 1}, {"N": 1, "taps": 1, "seed": 2}),
                random={"N": Range(3, 8), "taps": Range(1, 3), "seed": Range(0, 99)},
            ),
        ),
    ),
)


# == products of samples on a grid ===================================================================================
def two_sided_spectrum(m: Arithmetic, K: int) -> Signal:
    """Return the modes -K .. K of a real signal."""
    c = noise(m, 2 * K + 1, 3)
    return [c[K + k] + c[K - k] + m.i * (c[K + k] - c[K - k]) for k in range(-K, K + 1)]


def power_of_spectrum(m: Arithmetic, K: int, d: int, M: int, Q: int) -> Signal:
    """Return the modes |k| <= Q of a product of d factors: a linear convolution of their modes."""
    c = noise(m, 2 * K + 1, 3)
    X = [c[K + k] + c[K - k] + m.i * (c[K + k] - c[K - k]) for k in range(-K, K + 1)]
    Y = reduce(linear, [X] * d)
    return Y[d * K - Q : d * K + Q + 1]


def power_on_grid(m: Arithmetic, K: int, d: int, M: int, Q: int) -> Signal:
    """Return the same modes of the product of samples on a grid of M."""
    modes_of_x = dict(zip(range(-K, K + 1), two_sided_spectrum(m, K), strict=True))
    y = [sum(X * m.unit(k * n, M) for k, X in modes_of_x.items()) ** d for n in range(M)]
    return [sum(y[n] * m.unit(-k * n, M) for n in range(M)) / M for k in range(-Q, Q + 1)]


def _point(K: int, d: int, M: int, Q: int) -> dict[str, int | str]:
    return {"K": K, "d": d, "M": M, "Q": Q}


_FREE = tuple(_point(K, d, (d + 1) * K + 1, K) for K, d in ((1, 1), (1, 2), (3, 2), (2, 3), (1, 4), (0, 3)))
_ALIASED = tuple(
    _point(K, d, M, K) for K, d, M in ((1, 1, 2), (1, 2, 3), (3, 2, 9), (3, 2, 7), (2, 3, 8), (2, 3, 5), (1, 4, 5))
)

CLAIMS += (
    Claim(
        id="alias-free-products",
        title="How many samples a product of d factors needs",
        statement=r"The modes $|k| \leq K$ of a product of d signals of band K, computed sample by sample on a grid "
        "of M, are correct for all such signals if and only if $M > (d + 1) K$. The modes up to Q are correct if and "
        "only if $M > dK + Q$, and all modes if and only if $M > 2dK$.",
        verdict="holds",
        proof="On the grid, modes that differ by a multiple of M are added. The product has modes up to dK, and the "
        r"nearest of them that lands on $|k| \leq Q$ is at a distance of at least $M - Q$ from 0. If $M - Q \leq dK$ "
        "such a mode exists, and positive coefficients do not cancel. See the page of proofs.",
        proof_page="proofs#when-a-product-of-degree-d-is-free-of-aliasing",
        checks=(
            Identity(
                name="one sample more than (d + 1) K",
                closed=power_of_spectrum,
                independent=power_on_grid,
                points=_FREE,
                random={"K": Range(1, 2), "d": Range(1, 3), "M": Range(9, 14), "Q": Range(1, 1)},
            ),
            Identity(
                name="other numbers of modes kept: one sample more than dK + Q",
                closed=power_of_spectrum,
                independent=power_on_grid,
                points=tuple(
                    _point(K, d, d * K + Q + 1, Q) for K, d, Q in ((2, 2, 4), (3, 2, 1), (2, 3, 0), (1, 3, 3))
                ),
            ),
            Contradiction(
                name="(d + 1) K samples, or fewer",
                claimed=power_on_grid,
                actual=power_of_spectrum,
                points=_ALIASED,
            ),
            Contradiction(
                name="dK + Q samples",
                claimed=power_on_grid,
                actual=power_of_spectrum,
                points=tuple(_point(K, d, d * K + Q, Q) for K, d, Q in ((2, 2, 4), (3, 2, 1), (2, 3, 0), (1, 3, 3))),
            ),
        ),
    ),
)
