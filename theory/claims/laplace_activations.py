"""Laplace transforms of the sigmoid and of ReLU, and what they have to do with Fourier's."""

from __future__ import annotations

from ..arithmetic import Arithmetic, Number
from ..checks import Contradiction, Identity, Range
from ..claim import Claim, Source


# -- the sigmoid -----------------------------------------------------------------------------------------
def of_sigmoid(m: Arithmetic, p: Number, q: Number) -> list[Number]:
    """Return the transform of the sigmoid at p + iq by Gauss' hypergeometric function, and by digamma functions."""
    z = p + m.i * q
    return [m.hyp2f1(1, z, 1 + z, -1) / z, of_sigmoid_by_digamma(m, p, q)]


def of_sigmoid_by_digamma(m: Arithmetic, p: Number, q: Number) -> Number:
    z = p + m.i * q
    return (m.psi(0, (z + 1) / 2) - m.psi(0, z / 2)) / 2


def of_sigmoid_by_quadrature(m: Arithmetic, p: Number, q: Number) -> Number:
    # The sigmoid is 1 - e^{-t}/(1 + e^{-t}): what is integrated decays as e^{-t} however small p is.
    R, z = m.cut(), p + m.i * q
    rest = m.integral(lambda t: m.exp(-(1 + z) * t) / (1 + m.exp(-t)), *m.panels(0, R, 6))
    return 1 / z - rest - m.tail(m.exp(-m.number(R)))


def of_sigmoid_by_quadrature_twice(m: Arithmetic, p: Number, q: Number) -> list[Number]:
    return [of_sigmoid_by_quadrature(m, p, q)] * 2


def of_sigmoid_at_one(m: Arithmetic) -> Number:
    return m.log(m.number(2))


def of_sigmoid_at_one_by_quadrature(m: Arithmetic) -> Number:
    return of_sigmoid_by_quadrature(m, m.number(1), m.number(0))


def slope(m: Arithmetic, p: Number) -> list[Number]:
    """Return the derivative of the sigmoid's transform by Lerch's transcendent, and by trigamma functions."""
    return [-m.lerch(m.number(-1), 2, p), (m.psi(1, (p + 1) / 2) - m.psi(1, p / 2)) / 4]


def slope_by_quadrature(m: Arithmetic, p: Number) -> list[Number]:
    R = m.cut()
    rest = m.integral(lambda t: t * m.exp(-(1 + p) * t) / (1 + m.exp(-t)), *m.panels(0, R, 6))
    return [rest - 1 / p**2 + m.tail((R + 1) * m.exp(-m.number(R)))] * 2


# -- ReLU ------------------------------------------------------------------------------------------------
def of_relu(m: Arithmetic, p: Number, a: Number) -> Number:
    """Return the transform of ReLU on [0, a]."""
    return (1 - m.exp(-p * a) * (1 + p * a)) / p**2


def of_relu_by_quadrature(m: Arithmetic, p: Number, a: Number) -> Number:
    return m.integral(lambda t: t * m.exp(-p * t), *(a * k / 4 for k in range(5)))


def of_relu_slope(m: Arithmetic, p: Number, a: Number) -> Number:
    """Return the derivative in p of the transform of ReLU on [0, a]."""
    return (m.exp(-p * a) * (a**2 * p**2 + 2 * a * p + 2) - 2) / p**3


def of_relu_slope_by_quadrature(m: Arithmetic, p: Number, a: Number) -> Number:
    return -m.integral(lambda t: t * t * m.exp(-p * t), *(a * k / 4 for k in range(5)))


def of_whole_relu(m: Arithmetic, p: Number) -> Number:
    return 1 / p**2


def of_whole_relu_by_quadrature(m: Arithmetic, p: Number) -> Number:
    R = m.cut()
    inside = m.integral(lambda t: t * m.exp(-p * t), *(R * k / (8 * p) for k in range(9)))
    return inside + m.tail((R + 1) * m.exp(-m.number(R)) / p**2)


# -- Fourier and Laplace -----------------------------------------------------------------------------------
def on_the_axis(m: Arithmetic, w: Number) -> Number:
    """Return the Laplace transform 1/(1 + p)^2 of t e^{-t} at p = iw."""
    return 1 / (1 + m.i * w) ** 2


def causal_spectrum(m: Arithmetic, w: Number) -> Number:
    R = m.cut()
    inside = m.integral(lambda t: t * m.exp(-t) * (m.cos(w * t) - m.i * m.sin(w * t)), *m.panels(0, R, 4))
    return inside + m.tail((R + 1) * m.exp(-m.number(R)))


def sigmoid_on_the_axis(m: Arithmetic, w: Number) -> Number:
    return of_sigmoid_by_digamma(m, m.number(0), w)


def sigmoid_spectrum(m: Arithmetic, w: Number) -> Number:
    """Return the Fourier transform of the sigmoid off w = 0 by its Laplace transform on the imaginary axis."""
    return 2 * m.i * m.im(sigmoid_on_the_axis(m, w)) + m.i / w


def sigmoid_spectrum_by_quadrature(m: Arithmetic, w: Number) -> Number:
    # The derivative of the sigmoid is integrable and even; its transform is iw times the sigmoid's.
    R = m.cut()
    half = m.integral(lambda x: 2 * m.cos(w * x) * m.exp(-x) / (1 + m.exp(-x)) ** 2, *m.panels(0, R, 4))
    return (half + m.tail(4 * m.exp(-m.number(R)))) / (m.i * w)


_HALF_PLANE = ({"p": "1", "q": "0"}, {"p": "0.001", "q": "0"}, {"p": "25", "q": "0"}, {"p": "0.5", "q": "-3"})
_SCALES = (
    {"p": "1e-9", "a": "2"},
    {"p": "1", "a": "1.5"},
    {"p": "60", "a": "1"},
    {"p": "-2", "a": "1"},
    {"p": "0.3", "a": "40"},
)
_ANY_SCALE = {"p": Range("0.1", "6"), "a": Range("0.5", "5")}
_WAVES = ({"w": "-0.01"}, {"w": "2"})

CLAIMS = (
    Claim(
        id="sigmoid-laplace",
        title="The Laplace transform of the sigmoid",
        sources=(Source("pan2021", "Theorem 4.2", "36-38", "reconstructed"),),
        statement=r"$\int_0^\infty \sigma(t) e^{-pt}\,dt = {}_2F_1(1, p; p + 1; -1)/p$, since $\sigma$ is absolutely "
        "integrable.",
        verdict="conditional",
        hypotheses=r"$\Re p > 0$. The reason given does not hold: $\sigma$ tends to 1 and is not integrable (see "
        r"sigmoid-integrable); bounded is enough, and the abscissa is 0.",
        corrected=r"It is also $\frac{1}{2}[\psi(\frac{p + 1}{2}) - \psi(\frac{p}{2})] = \Phi(-1, 1, p)$, and $\ln 2$ "
        r"at $p = 1$; it continues to all $p$ but the poles $0, -1, -2, \ldots$",
        proof=r"$\sigma(t) = \sum_n (-1)^n e^{-nt}$ for $t > 0$, whose terms have the transforms $(-1)^n/(n + p)$; "
        "pair neighbouring terms for the digamma function.",
        checks=(
            Identity(
                name="Gauss' function and digamma functions against quadrature",
                closed=of_sigmoid,
                independent=of_sigmoid_by_quadrature_twice,
                points=_HALF_PLANE,
                random={"p": Range("0.1", "6"), "q": Range("-3", "3")},
                draws=1,
            ),
            Identity(name="ln 2 at p = 1", closed=of_sigmoid_at_one, independent=of_sigmoid_at_one_by_quadrature),
        ),
    ),
    Claim(
        id="sigmoid-laplace-derivative",
        title="The derivative in p of the sigmoid's Laplace transform",
        sources=(Source("pan2021", "Theorem 4.2", "39", "reconstructed"),),
        statement="The derivative of the transform exists, in closed form.",
        verdict="conditional",
        hypotheses=r"$\Re p > 0$. It is $-\Phi(-1, 2, p) = \frac{1}{4}[\psi_1(\frac{p + 1}{2}) - "
        r"\psi_1(\frac{p}{2})]$, and it is a derivative in $p$: back-propagation does not use it.",
        proof=r"Differentiate $\sum_n (-1)^n/(n + p)$ term by term; or $-t$ under the integral.",
        checks=(
            Identity(
                name="by Lerch's transcendent and by trigamma functions, against quadrature",
                closed=slope,
                independent=slope_by_quadrature,
                points=({"p": "1"}, {"p": "0.001"}, {"p": "30"}),
                random={"p": Range("0.2", "5")},
                draws=1,
            ),
        ),
    ),
    Claim(
        id="relu-laplace",
        title="The Laplace transform of ReLU on an interval",
        sources=(Source("pan2021", "Theorem 4.3", "40-42", "reconstructed"),),
        statement=r"$\int_0^a t e^{-pt}\,dt = (1 - e^{-pa}(1 + pa))/p^2$.",
        verdict="holds",
        corrected=r"At $p = 0$ the value is $a^2/2$. For $\Re p > 0$ no interval is needed: "
        r"$a \to \infty$ gives $1/p^2$.",
        proof=r"By parts. With exponential growth allowed, ReLU has a transform on the whole half-line.",
        checks=(
            Identity(
                name="on [0, a]",
                closed=of_relu,
                independent=of_relu_by_quadrature,
                points=_SCALES,
                random=_ANY_SCALE,
            ),
            Identity(
                name="on the whole half-line",
                closed=of_whole_relu,
                independent=of_whole_relu_by_quadrature,
                points=({"p": "1"}, {"p": "0.001"}, {"p": "30"}),
            ),
        ),
    ),
    Claim(
        id="relu-laplace-derivative",
        title="The derivative in p of ReLU's Laplace transform on an interval",
        sources=(Source("pan2021", "Theorem 4.3", "43-44", "reconstructed"),),
        statement=r"It is $(e^{-pa}(a^2 p^2 + 2ap + 2) - 2)/p^3$.",
        verdict="holds",
        corrected=r"At $p = 0$ the value is $-a^3/3$; near 0 the formula cancels and loses "
        r"$3 \log_{10}(1/(pa))$ digits. It is a derivative in $p$: back-propagation does not use it.",
        proof=r"$\frac{d}{dp} e^{-pt} = -t e^{-pt}$, and $\int_0^a t^2 e^{-pt}\,dt$ by parts, twice.",
        checks=(
            Identity(
                name="against quadrature of -t² e^(-pt)",
                closed=of_relu_slope,
                independent=of_relu_slope_by_quadrature,
                points=_SCALES,
                random=_ANY_SCALE,
                guard=12,
            ),
        ),
    ),
    Claim(
        id="fourier-from-laplace",
        title="The Fourier transform is the Laplace transform on the imaginary axis",
        sources=(Source("pan2021", "Section 4", "", "none"),),
        statement=r"$F(w) = L(iw)$: the two correspond by $p = iw$.",
        verdict="conditional",
        hypotheses=r"$f$ vanishes for $t < 0$ and its abscissa is negative (or $f$ is integrable).",
        corrected=r"For $f$ of at most polynomial growth $F(w)$ is the boundary value of $L_+(\epsilon + iw) + "
        r"L_-(\epsilon - iw)$, $L_-$ that of $f(-t)$. For the sigmoid $F(w) = 2i\,\Im L(iw) + i/w + \pi\delta(w)$, "
        r"with $\Im L(iw) = -\frac{1}{2}(1/w + \pi/\sinh(\pi w))$.",
        proof=r"$\sigma(-t) = 1 - \sigma(t)$, so that $L_-(p) = 1/p - L_+(p)$; and $L_+(-iw)$ is the conjugate of "
        r"$L_+(iw)$. From $1/(\epsilon - iw) \to i/w + \pi\delta(w)$ the sum follows: the deltas of the two $L_+$ "
        r"cancel.",
        checks=(
            Identity(
                name="causal and integrable: t e^(-t) u(t)",
                closed=on_the_axis,
                independent=causal_spectrum,
                points=({"w": "0"}, {"w": "-3"}),
            ),
            Contradiction(
                name="the sigmoid is not causal",
                claimed=sigmoid_on_the_axis,
                actual=sigmoid_spectrum_by_quadrature,
                points=_WAVES[1:],
            ),
            Identity(
                name="the sigmoid off w = 0",
                closed=sigmoid_spectrum,
                independent=sigmoid_spectrum_by_quadrature,
                points=_WAVES,
            ),
        ),
    ),
)
