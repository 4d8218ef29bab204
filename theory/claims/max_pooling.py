"""Max pooling, and what of pooling is a low-pass filter."""

from __future__ import annotations

from ..arithmetic import Arithmetic, Number
from ..checks import Bound, Contradiction, Identity, Range
from ..claim import Claim, Source
from ..signals import Signal, dft


# -- the maximum of two neighbours of four whole numbers ---------------------------------------------------
def mean_and_half_distance(m: Arithmetic, a: int, b: int, c: int, d: int) -> Signal:
    x = [a, b, c, d]
    return [m.number(x[n] + x[(n + 1) % 4]) / 2 + m.abs(m.number(x[n] - x[(n + 1) % 4])) / 2 for n in range(4)]


def maxima(m: Arithmetic, a: int, b: int, c: int, d: int) -> Signal:
    return [m.number(max(pair)) for pair in ((a, b), (b, c), (c, d), (d, a))]


def by_mask(m: Arithmetic, a: int, b: int, c: int, d: int, larger: int) -> Signal:
    """Convolve the spectra of a signal and of its next samples with those of a mask and of what it leaves out."""
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
    """Convolve with what max pooling makes of 1, 0, 0, 0, which is 1, 0, 0, 1."""
    return [m.number(sum(pair)) for pair in ((a, b), (b, c), (c, d), (d, a))]


# -- side lobes ------------------------------------------------------------------------------------------
def leak(m: Arithmetic, window: int) -> Signal:
    """Return four pooled samples of the wave of 1.5 periods a window, a crest in the middle of the first window."""
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

CLAIMS = (
    Claim(
        id="max-pooling-convolution",
        title="Max pooling is a convolution in the frequency domain",
        sources=(Source("pan2021", "Section 3.3"),),
        statement="Max pooling can be approximately defined as a coherency function convolved with the spectrum.",
        verdict="conditional",
        hypotheses=r"With a function $c(x)$ made anew for each input, and then exactly: $\max(x_n, x_{n + 1}) = c_n "
        "x_n + (1 - c_n) x_{n + 1}$ with $c_n$ 1 where $x_n$ is the larger and 0 elsewhere. A fixed one cannot do it: "
        "max pooling is not linear; a convolution of spectra, a product of spectra and any other fixed linear map send "
        "$-x$ to minus what they make of $x$. For two neighbours it is $(x_n + x_{n + 1})/2 + |x_n - x_{n + 1}|/2$: "
        "average pooling and a nonlinear term of the same size.",
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
        sources=(Source("pan2021", "Section 3.3"),),
        statement="Pooling is equivalent to low-pass filtering.",
        verdict="conditional",
        hypotheses="Average pooling before samples are dropped, and roughly: its response falls from 1 at bin 0 to 0 "
        r"at bin $N/s$, but for $s \geq 3$ side lobes follow. At 1.5 periods a window it is $1/(s \sin(3\pi/(2s)))$: "
        r"1/3 for three samples, towards $2/(3\pi) = 0.212$ for many. The first lobe of the sinc is 0.2172 high, at "
        "$wT/2 = 4.4934$. A stride folds what passes onto the lowest bins. Max pooling is no low-pass: it makes 1, 1, "
        "1, 1 of 1, -1, 1, -1.",
        proof=r"The sum of a wave over the window is geometric. The slope of $\sin(u)/u$ is $(u \cos u - \sin u)/u^2$, "
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
            Bound(name="its slope before", quantity=sign_of_slope, high="0", points=({"u": "4.4934"},)),
            Bound(name="its slope behind", quantity=sign_of_slope, low="0", points=({"u": "4.4935"},)),
            Contradiction(name="nothing beyond it", claimed=nothing, actual=leak_by_sum, points=_WINDOWS),
            Contradiction(name="nor by the maximum", claimed=nothing, actual=maxima, points=_HIGHEST),
        ),
    ),
)
