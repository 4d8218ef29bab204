"""Average pooling, its strides, and max pooling."""

from __future__ import annotations

from ..arithmetic import Arithmetic, Number
from ..checks import Bound, Contradiction, Identity, Range
from ..claim import Claim, Source
from ..signals import Map, Signal, columns_of, dft, dft2, idft, modes, noise, noise2


# == average pooling =================================================================================================
# -- the average on the line -----------------------------------------------------------------------------
def averaged(m: Arithmetic, w: Number, T: Number, a: Number) -> Number:
    """Return the spectrum of -x e^{-x^2/2} averaged over [x + a, x + a + T]: its spectrum times a sinc and a phase."""
    own = m.i * w * m.sqrt(2 * m.pi) * m.exp(-w * w / 2)
    return own * m.sinc(w * T / 2) * m.exp(m.i * w * (a + T / 2))


def averaged_around(m: Arithmetic, w: Number, T: Number) -> Number:
    """Return the same for windows [x - T/2, x + T/2]."""
    return m.i * w * m.sqrt(2 * m.pi) * m.exp(-w * w / 2) * 2 * m.sin(w * T / 2) / (w * T)


def averaged_by_quadrature(m: Arithmetic, w: Number, T: Number, a: Number) -> Number:
    def average(x: Number) -> Number:
        return (m.exp(-((x + a + T) ** 2) / 2) - m.exp(-((x + a) ** 2) / 2)) / T

    # Windows lie within 6 of x: beyond R, where |x| > u + 6, the average is below u e^{-u^2/2}.
    u = m.cut(0.5, 2)
    R = u + 6
    inside = m.integral(lambda x: average(x) * m.exp(-m.i * w * x), *m.panels(-R, R, 2))
    return inside + m.tail(2 * m.exp(-m.number(u * u) / 2))


def slope_of_sinc(m: Arithmetic, w: Number, T: Number) -> Number:
    """Return d/dw sinc(wT/2)."""
    return m.cos(w * T / 2) / w - 2 * m.sin(w * T / 2) / (T * w * w)


def slope_by_quadrature(m: Arithmetic, w: Number, T: Number) -> Number:
    return m.integral(lambda x: -m.i * x * m.exp(-m.i * w * x), *(T * k / 4 for k in range(-2, 3))) / T


# -- the average on a grid -------------------------------------------------------------------------------
def dirichlet(m: Arithmetic, window: int, N: int, k: int) -> Number:
    """Return the mean of e^{2 pi i k n / N} over the samples of a window that starts at 0."""
    if k == 0:
        return m.number(1)
    return m.unit(k * (window - 1), 2 * N) * m.sin(m.pi * window * k / N) / (window * m.sin(m.pi * k / N))


def response_times_spectrum(m: Arithmetic, N: int, window: int, seed: int) -> Signal:
    X = dft(m, noise(m, N, seed))
    return [dirichlet(m, window, N, k) * X[k] for k in range(N)]


def sinc_times_spectrum(m: Arithmetic, N: int, window: int, seed: int) -> Signal:
    X = dft(m, noise(m, N, seed))
    return [m.unit(k * (window - 1), 2 * N) * m.sinc(m.pi * window * k / N) * X[k] for k in modes(N)]


def spectrum_of_average(m: Arithmetic, N: int, window: int, seed: int) -> Signal:
    x = noise(m, N, seed)
    return dft(m, [sum(x[(n + j) % N] for j in range(window)) / window for n in range(N)])


# -- strides ---------------------------------------------------------------------------------------------
def _fold(m: Arithmetic, X: Signal, window: int, stride: int) -> Signal:
    """Multiply a spectrum by the response, and add the bins that alias when every stride-th sample is kept."""
    N = len(X)
    Y = [dirichlet(m, window, N, k) * X[k] for k in range(N)]
    return [sum(Y[q :: N // stride]) / stride for q in range(N // stride)]


def folded(m: Arithmetic, N: int, window: int, stride: int, seed: int) -> Signal:
    return _fold(m, dft(m, noise(m, N, seed)), window, stride)


def cropped(m: Arithmetic, N: int, window: int, stride: int, seed: int) -> Signal:
    """Keep only the low bins of the product."""
    Y = response_times_spectrum(m, N, window, seed)
    return [Y[k % N] / stride for k in modes(N // stride)]


def spectrum_of_pooled(m: Arithmetic, N: int, window: int, stride: int, seed: int) -> Signal:
    x = noise(m, N, seed)
    return dft(m, [sum(x[(q + j) % N] for j in range(window)) / window for q in range(0, N, stride)])


def folded_map(m: Arithmetic, rows: int, columns: int, s: int, t: int, seed: int) -> Map:
    """Fold the columns, then the rows; the transpose of a spectrum is the spectrum of the transpose."""
    X = columns_of(dft2(m, noise2(m, rows, columns, seed)))
    return [_fold(m, row, t, t) for row in columns_of([_fold(m, column, s, s) for column in X])]


def spectrum_of_blocks(m: Arithmetic, rows: int, columns: int, s: int, t: int, seed: int) -> Map:
    x, places = noise2(m, rows, columns, seed), [(i, j) for i in range(s) for j in range(t)]
    starts = [[(p, q) for q in range(0, columns, t)] for p in range(0, rows, s)]
    return dft2(m, [[sum(x[p + i][q + j] for i, j in places) / (s * t) for p, q in row] for row in starts])


def folded_samples(m: Arithmetic, N: int, window: int, stride: int, seed: int) -> Signal:
    return idft(m, folded(m, N, window, stride, seed))


def pooled_by_engine(m: Arithmetic, N: int, window: int, stride: int, seed: int) -> list[float]:
    import numpy as np

    from freqnet import Fourier
    from freqnet.ops import alias, analysis, average, synthesis

    x = np.array([float(v) for v in noise(m, N, seed)]).reshape(1, N, 1)
    return [float(v) for v in synthesis(alias(average(analysis(x, Fourier.on(N)), window), stride)).data.ravel()]


_LINE = ({"w": "1.3", "T": "2", "a": "0"}, {"w": "0.01", "T": "3", "a": "-2"}, {"w": "-2", "T": "0.1", "a": "1"})
_GRIDS = ((8, 2), (8, 3), (9, 4), (5, 1), (7, 7), (1, 1))
_AVERAGES = tuple({"N": N, "window": window, "seed": 3} for N, window in _GRIDS)
_STRIDES = tuple({"N": N, "window": window, "stride": stride, "seed": 4} for N, window, stride in (
    (12, 2, 2), (12, 3, 3), (12, 3, 2), (9, 3, 3), (8, 4, 2), (6, 2, 3), (7, 7, 7), (8, 1, 2), (5, 3, 1),
))  # fmt: skip
_BLOCKS = tuple({"rows": r, "columns": c, "s": s, "t": t, "seed": 5} for r, c, s, t in (
    (4, 6, 2, 3), (6, 3, 3, 1), (2, 2, 2, 2), (1, 4, 1, 2)
))  # fmt: skip
_ODD = tuple({"N": N, "window": w, "stride": s, "seed": 6} for N, w, s in ((9, 3, 3), (15, 2, 3), (7, 4, 1)))
_THEOREM = Source("zhu2021", "Theorem 3.6; Section 3.3", "24-25", "reconstructed")

CLAIMS: tuple[Claim, ...] = (
    Claim(
        id="average-pooling-sinc",
        title="Average pooling multiplies the spectrum by a sinc",
        sources=(_THEOREM,),
        statement="As we read Theorem 3.6, the transform of the average of $f$ over windows of length $T$ is that of "
        r"$f$ times $\sin(wT/2)/(wT/2)$.",
        verdict="conditional",
        hypotheses="The average is a moving one on the line, taken at every $x$, and its window is centred: "
        r"$\frac{1}{T}\int_{x - T/2}^{x + T/2} f$.",
        corrected="Another window $[x + a, x + a + T]$ multiplies the spectrum by the phase $e^{iw(a + T/2)}$ as "
        "well: for $[x, x + T]$, $T = 2$ and $w = 1.3$ the product without the phase is off by 121 %. On a grid of "
        r"$N$ samples a window of $s$ of them multiplies bin $k$ by the Dirichlet kernel $e^{i\pi k(s - 1)/N} "
        r"\sin(\pi s k/N)/(s \sin(\pi k/N))$, which is periodic with $N$ bins, as the spectrum is. The sinc is "
        r"smaller by the factor $\sin(\pi k/N)/(\pi k/N)$, down to $2/\pi$ at the Nyquist bin. They agree where both "
        "are 0 or both are 1, which is every bin if the window is the whole period.",
        proof="The average is a convolution with a box, whose transform is the integral of $e^{iwx}/T$ over the "
        "window, a sinc. On a grid the integral becomes a geometric sum.",
        checks=(
            Identity(name="on the line", closed=averaged, independent=averaged_by_quadrature, points=_LINE),
            Identity(
                name="a centred window needs no phase",
                closed=averaged_around,
                independent=lambda m, w, T: averaged_by_quadrature(m, w, T, -T / 2),
                points=({"w": "1.3", "T": "2"}, {"w": "-0.4", "T": "5"}),
            ),
            Contradiction(
                name="the window [x, x + T] does",
                claimed=averaged_around,
                actual=lambda m, w, T: averaged_by_quadrature(m, w, T, m.number(0)),
                points=({"w": "1.3", "T": "2"}, {"w": "-0.4", "T": "5"}),
                gap="0.5",
            ),
            Identity(
                name="on a grid, the Dirichlet kernel",
                closed=response_times_spectrum,
                independent=spectrum_of_average,
                points=_AVERAGES,
                random={"N": Range(8, 14), "window": Range(1, 8), "seed": Range(20, 99)},
            ),
            Contradiction(
                name="not the sinc", claimed=sinc_times_spectrum, actual=spectrum_of_average, points=_AVERAGES[:4]
            ),
        ),
    ),
    Claim(
        id="average-pooling-stride",
        title="Average pooling is an element-wise product of spectra",
        sources=(_THEOREM,),
        statement="In the frequency domain average pooling corresponds to the element-wise product of the spectrum and "
        "the window's response.",
        verdict="conditional",
        hypotheses="The stride is 1, so that every average is kept.",
        corrected="The source gives only the product, which has $N$ "
        "bins, while the pooled map has $N/s$. Keeping the low bins is wrong: pooling keeps every $s$-th average, "
        r"which folds the spectrum: $Y_q = \frac{1}{s} \sum_{r < s} (HX)_{q + rN/s}$, along each axis of a map.",
        proof=r"At the samples $0, s, 2s, \ldots$ the waves $e^{2\pi i k n/N}$ of all $k$ that differ by multiples of "
        "$N/s$ are equal, and the response is nonzero at most of the bins that are added.",
        checks=(
            Identity(name="folded", closed=folded, independent=spectrum_of_pooled, points=_STRIDES),
            Identity(name="blocks of maps", closed=folded_map, independent=spectrum_of_blocks, points=_BLOCKS),
            Identity(
                name="the engine's average and alias",
                closed=folded_samples,
                independent=pooled_by_engine,
                points=_ODD,
                engine=True,
            ),
            Identity(
                name="the product itself, where every average is kept",
                closed=cropped,
                independent=spectrum_of_pooled,
                points=({"N": 5, "window": 3, "stride": 1, "seed": 4}, {"N": 8, "window": 2, "stride": 1, "seed": 4}),
                random={"N": Range(4, 9), "window": Range(1, 4), "stride": Range(1, 1), "seed": Range(0, 99)},
                screened=60,
                outside_points=_STRIDES[:6],
            ),
            Contradiction(name="cropped", claimed=cropped, actual=spectrum_of_pooled, points=_STRIDES[:6]),
        ),
    ),
    Claim(
        id="average-pooling-frequency-derivative",
        title="The derivative in w of the pooling response is made of sines and cosines",
        sources=(Source("zhu2021", "Theorem 3.6; Section 3.3", "", "reconstructed"),),
        statement=r"$\frac{d}{dw} \frac{\sin(wT/2)}{wT/2} = \frac{\cos(wT/2)}{w} - \frac{2\sin(wT/2)}{Tw^2}$.",
        verdict="holds",
        hypotheses=r"$w \neq 0$.",
        corrected="At $w = 0$ the derivative is 0. The derivative describes how the response "
        "changes with frequency; back-propagation does not use it (see average-pooling-backward).",
        proof="Apply the quotient rule.",
        checks=(
            Identity(
                name="against quadrature",
                closed=slope_of_sinc,
                independent=slope_by_quadrature,
                points=({"w": "1", "T": "2"}, {"w": "-3.5", "T": "0.7"}, {"w": "0.001", "T": "1"}),
                random={"w": Range("0.1", "9"), "T": Range("0.5", "4")},
                guard=10,
            ),
        ),
    ),
)


# == max pooling, and pooling as a low-pass filter ===================================================================
# -- the maximum of two neighbours of four whole numbers ---------------------------------------------------
def mean_and_half_distance(m: Arithmetic, a: int, b: int, c: int, d: int) -> Signal:
    x = [a, b, c, d]
    return [m.number(x[n] + x[(n + 1) % 4]) / 2 + m.abs(m.number(x[n] - x[(n + 1) % 4])) / 2 for n in range(4)]


def maxima(m: Arithmetic, a: int, b: int, c: int, d: int) -> Signal:
    return [m.number(max(pair)) for pair in ((a, b), (b, c), (c, d), (d, a))]


def by_mask(m: Arithmetic, a: int, b: int, c: int, d: int, larger: int) -> Signal:
    """Convolve the spectra of a signal and of its shifted copy with those of a mask and of its complement."""
    X, C = dft(m, [a, b, c, d]), dft(m, [larger >> n & 1 for n in range(4)])
    rest = [4 * (j == 0) - C[j] for j in range(4)]
    return [sum((C[j] + rest[j] * m.unit(k - j, 4)) * X[k - j] for j in range(4)) / 4 for k in range(4)]


def spectrum_of_maxima(m: Arithmetic, a: int, b: int, c: int, d: int, larger: int) -> Signal:
    return dft(m, maxima(m, a, b, c, d))


def minus_maxima(m: Arithmetic, a: int, b: int, c: int, d: int) -> Signal:
    return [-y for y in maxima(m, a, b, c, d)]


def maxima_of_minus(m: Arithmetic, a: int, b: int, c: int, d: int) -> Signal:
    return maxima(m, -a, -b, -c, -d)


def by_impulse_response(m: Arithmetic, a: int, b: int, c: int, d: int) -> Signal:
    """Convolve with the max pooling of 1, 0, 0, 0, which is 1, 0, 0, 1."""
    return [m.number(sum(pair)) for pair in ((a, b), (b, c), (c, d), (d, a))]


# -- side lobes ------------------------------------------------------------------------------------------
def leak(m: Arithmetic, window: int) -> Signal:
    """Return four pooled samples of a wave with 1.5 periods per window and a crest in the centre of the first one."""
    return [-((-1) ** q) / (window * m.sin(3 * m.pi / (2 * window))) for q in range(4)]


def leak_by_sum(m: Arithmetic, window: int) -> Signal:
    def wave(n: int) -> Number:
        return m.cos(m.pi * (3 * (2 * n - window + 1)) / (2 * window))

    return [sum(wave(q * window + j) for j in range(window)) / window for q in range(4)]


def height(m: Arithmetic, window: int) -> Number:
    return m.abs(leak_by_sum(m, window)[0])


def nothing(m: Arithmetic, **_: int) -> Signal:
    return [m.number(0)] * 4


def sign_of_slope(m: Arithmetic, u: Number) -> Number:
    """Return u^2 times the slope of sin(u)/u."""
    return u * m.cos(u) - m.sin(u)


_FOURS = ({"a": 3, "b": -1, "c": 2, "d": 7}, {"a": -5, "b": -5, "c": 0, "d": 1}, {"a": 4, "b": 9, "c": -6, "d": -2})
_HIGHEST = ({"a": 1, "b": -1, "c": 1, "d": -1},)
_WINDOWS = tuple({"window": window} for window in (3, 4, 5, 16, 64))

CLAIMS += (
    Claim(
        id="max-pooling-convolution",
        title="Max pooling is a convolution in the frequency domain",
        sources=(Source("zhu2021", "Section 3.3"),),
        statement="Max pooling can be approximately defined as a coherency function convolved with the spectrum.",
        verdict="conditional",
        hypotheses="The function $c(x)$ depends on the input.",
        corrected=r"With such a function the identity is exact: $\max(x_n, x_{n + 1}) "
        "= c_n x_n + (1 - c_n) x_{n + 1}$ with $c_n = 1$ where $x_n$ is the larger and 0 elsewhere. A fixed function "
        "cannot do it, since max pooling is not linear: a convolution of spectra, a product of spectra and any other "
        "fixed linear map $L$ satisfy $L(-x) = -L(x)$. For two neighbours it is $(x_n + x_{n + 1})/2 + |x_n - x_{n + "
        "1}|/2$: average pooling plus a nonlinear term of the same size.",
        proof=r"The transform of a product of signals is the convolution of their spectra, divided by $N$. $\max(-a, "
        r"-b) = -\min(a, b)$, and $\max(a, b) - \min(a, b) = |a - b|$.",
        checks=(
            Identity(
                name="by the spectrum of a mask of the input",
                closed=by_mask,
                independent=spectrum_of_maxima,
                points=tuple({**four, "larger": bits} for four, bits in zip(_FOURS, (9, 8, 2), strict=True)),
            ),
            Identity(
                name="average plus half the distance",
                closed=mean_and_half_distance,
                independent=maxima,
                points=_FOURS,
                random={name: Range(-9, 9) for name in "abcd"},
            ),
            Contradiction(name="of -x, -y", claimed=minus_maxima, actual=maxima_of_minus, points=_FOURS),
            Contradiction(name="impulse response", claimed=by_impulse_response, actual=maxima, points=_FOURS),
        ),
    ),
    Claim(
        id="pooling-low-pass",
        title="Pooling is a low-pass filter",
        sources=(Source("zhu2021", "Section 3.3"),),
        statement="Pooling is equivalent to low-pass filtering.",
        verdict="conditional",
        hypotheses=r"Pooling is average pooling over windows of $s \geq 2$ of $N$ samples, before samples are dropped, "
        "and its side lobes are neglected.",
        corrected="The modulus of the response falls from 1 at "
        r"bin 0 to 0 at the frequency $N/s$, but side lobes follow for $s \geq 3$. At 1.5 periods per window it is "
        r"$1/(s \sin(3\pi/(2s)))$: 1/3 for three samples, and it approaches $2/(3\pi) = 0.212$ for many samples. The "
        r"height of the first side lobe of the sinc, that of a window of length $T$ on the line at the frequency $w$, "
        r"is 0.2172, at $wT/2 = 4.4934$. A stride of $s$ folds what passes beyond $N/(2s)$ onto the bins up to "
        r"$N/(2s)$. Max pooling is not a low-pass: over two neighbours on a circle, with stride 1, it maps "
        "1, -1, 1, -1 to 1, 1, 1, 1.",
        proof=r"The sum of a wave over the window is geometric, with the modulus $|\sin(sv)|/(s \sin v)$ at $2v$ per "
        r"sample. Its logarithm has the slope $s \cot(sv) - \cot v < 0$ on $(0, \pi/s)$. The slope of $\sin(u)/u$ is "
        r"$(u \cos u - \sin u)/u^2$, "
        r"whose numerator has the derivative $-u \sin u > 0$ on $(\pi, 2\pi)$: the sinc has one extremum there.",
        checks=(
            Identity(name="beyond the first zero", closed=leak, independent=leak_by_sum, points=_WINDOWS),
            Bound(name="from 4 samples on", quantity=height, low="0.2122", high="0.2707", points=_WINDOWS[1:]),
            Bound(
                name="the sinc in its first side lobe",
                quantity=lambda m, u: m.sinc(u),
                low="-0.217233628212",
                high="-0.217233628211",
                points=({"u": "4.4934094579"},),
            ),
            Bound(
                name="its slope before",
                loose="the end says the sign only",
                quantity=sign_of_slope,
                high="0",
                points=({"u": "4.4934"},),
            ),
            Bound(
                name="its slope behind",
                loose="the end says the sign only",
                quantity=sign_of_slope,
                low="0",
                points=({"u": "4.4935"},),
            ),
            Contradiction(name="nothing beyond it", claimed=nothing, actual=leak_by_sum, points=_WINDOWS),
            Contradiction(name="nor by the maximum", claimed=nothing, actual=maxima, points=_HIGHEST),
        ),
    ),
)
