"""The Laplace transform: existence, convolution, activations, values at real p, and inversion."""

from __future__ import annotations

import math
from collections.abc import Callable
from fractions import Fraction

from .. import signals
from ..arithmetic import Arithmetic, Number
from ..checks import Bound, Contradiction, Identity, Range
from ..claim import Claim, Source


# == existence, convolution, samples =================================================================================
# -- definition ----------------------------------------------------------------------------------------
def of_gaussian(m: Arithmetic, b: Number, w: Number) -> Number:
    """Return the transform of e^{-t^2/2} at p = b + iw; it converges for every p."""
    p = b + m.i * w
    return m.sqrt(m.pi / 2) * m.exp(p * p / 2) * m.erfc(p / m.sqrt(m.number(2)))


def damped_gaussian_spectrum(m: Arithmetic, b: Number, w: Number) -> Number:
    # For b >= -R/4 the integrand is below e^{-t^2/4} from the cut R on.
    damped = lambda t: m.exp(-t * t / 2 - b * t) * (m.cos(w * t) - m.i * m.sin(w * t))
    return m.half_line(damped, rate=0.25, power=2)


def of_growing_wave(m: Arithmetic, s: Number, c: Number, b: Number, w: Number) -> Number:
    """Return the transform of e^{st} sin(ct) at p = b + iw, for b > s."""
    return c / ((b + m.i * w - s) ** 2 + c * c)


def damped_wave_spectrum(m: Arithmetic, s: Number, c: Number, b: Number, w: Number) -> Number:
    rate = b - s
    # With t = u / rate the integrand decays as e^-u.
    return m.half_line(lambda u: m.exp(-u * (1 + m.i * w / rate)) * m.sin(c * u / rate), width=6) / rate


def continued(m: Arithmetic, p: Number, s: Number, R: int) -> Number:
    return 1 / (p - s)


def up_to(m: Arithmetic, p: Number, s: Number, R: int) -> Number:
    return m.integral(lambda t: m.exp((s - p) * t), *m.panels(0, R, 4))


def of_root(m: Arithmetic, p: Number, q: Number) -> Number:
    """Return the transform of t^{-1/2} at p + iq."""
    return m.sqrt(m.pi / (p + m.i * q))


def of_root_by_quadrature(m: Arithmetic, p: Number, q: Number) -> Number:
    # The substitution t = v^2 / p removes the singularity at 0 and leaves e^{-v^2}.
    return 2 * m.half_line(lambda v: m.exp(-v * v * (1 + m.i * q / p)), power=2, width=2) / m.sqrt(p)


# -- the convolution theorem: a box on [-c, 1 - c] and e^{-t} u(t) ----------------------------------------
def product_one_sided(m: Arithmetic, p: Number, c: Number) -> Number:
    return (1 - m.exp(-p * (1 - c))) / p / (1 + p)


def product_causal(m: Arithmetic, p: Number, q: Number) -> Number:
    z = p + m.i * q
    return (1 - m.exp(-z)) / z / (1 + z)


def product_two_sided(m: Arithmetic, p: Number, c: Number) -> Number:
    return (m.exp(p * c) - m.exp(-p * (1 - c))) / p / (1 + p)


def convolution_transformed(m: Arithmetic, z: Number, c: Number, start: Number) -> Number:
    """Transform the box convolved with e^{-t} u(t), from `start` (at most 1 - c) to infinity."""
    rise = m.integral(lambda t: (1 - m.exp(-t - c)) * m.exp(-z * t), start, 1 - c)
    fall = m.half_line(lambda t: m.exp(-(1 + z) * t), width=8)
    return rise + (1 - m.exp(-m.number(1))) * m.exp(-z * (1 - c)) * fall


def convolution_causal(m: Arithmetic, p: Number, q: Number) -> Number:
    return convolution_transformed(m, p + m.i * q, m.number(0), m.number(0))


def convolution_one_sided(m: Arithmetic, p: Number, c: Number) -> Number:
    return convolution_transformed(m, p, c, m.number(0))


def convolution_two_sided(m: Arithmetic, p: Number, c: Number) -> Number:
    return convolution_transformed(m, p, c, -c)


# -- left of the abscissa: e^{2t} u(t) and u(t), whose convolution is (e^{2t} - 1)/2 --------------------------------
def product_left_of_abscissa(m: Arithmetic, p: Number, R: int) -> Number:
    return 1 / (p - 2) / p


def convolution_up_to(m: Arithmetic, p: Number, R: int) -> Number:
    return m.integral(lambda t: (m.exp(2 * t) - 1) / 2 * m.exp(-p * t), *m.panels(0, R))


# -- samples: the z transform -----------------------------------------------------------------------------------------
def z_transform(m: Arithmetic, a: Number, c: Number, p: Number, q: Number) -> Number:
    """Return the z transform of (c + n) e^{-an} at z = e^{p + iq}."""
    z = m.exp(p + m.i * q)
    return c / (1 - m.exp(-a) / z) + z * m.exp(-a) / (z - m.exp(-a)) ** 2


def transform_of_samples(m: Arithmetic, a: Number, c: Number, p: Number, q: Number) -> Number:
    # Impulses at whole t, weighted by the samples; a + p is at least 1.
    terms = m.cut() + 20
    inside = sum((c + n) * m.exp(-(a + p + m.i * q) * n) for n in range(terms))
    return inside + m.tail((4 * terms + 2 * m.abs(c)) * m.exp(-m.number(terms)))


def copies_of_transform(m: Arithmetic, a: Number, c: Number, p: Number, q: Number) -> Number:
    """Return f(0)/2 and the sum of c/s + 1/s^2, s = p + iq + a + 2 pi i k, over k from -K to K, for K to infinity."""
    x = (p + m.i * q + a) / (2 * m.pi * m.i)
    of_constant = c * (m.psi(0, 1 - x) - m.psi(0, x)) / (2 * m.pi * m.i)
    return c / 2 + of_constant - (m.psi(1, x) + m.psi(1, 1 - x)) / (4 * m.pi**2)


def transform_of_ramp(m: Arithmetic, a: Number, c: Number, p: Number, q: Number) -> Number:
    return c / (p + m.i * q + a) + 1 / (p + m.i * q + a) ** 2


_SAMPLES = (
    {"a": "1", "c": "1", "p": "0.5", "q": "1"},
    {"a": "0.001", "c": "-0.7", "p": "1", "q": "-2"},
    {"a": "2", "c": "1", "p": "-0.75", "q": "0"},
    {"a": "1", "c": "-0.7", "p": "4", "q": "3"},
)

CLAIMS: tuple[Claim, ...] = (
    Claim(
        id="laplace-definition",
        title="The Laplace transform is the Fourier transform of a damped causal function",
        sources=(Source("zhu2021", "Section 4; Definition 3", "33-34", "reconstructed"),),
        statement=r"$L(p) = \int_0^\infty f(t) e^{-pt}\,dt$ with $p = \beta + iw$ is the Fourier transform of "
        r"$u(t) f(t) e^{-\beta t}$, for any $f$ and any $p$ with $\Re p > 0$.",
        verdict="conditional",
        hypotheses=r"$f$ is locally integrable, and $\Re p$ is greater than the abscissa of convergence $s$.",
        corrected=r"The abscissa may be positive (then $\Re p > 0$ is not enough) or $-\infty$ (then $\Re p > 0$ is "
        "not needed).",
        proof=r"$e^{-pt} = e^{-\beta t} e^{-iwt}$. If the integral converges at one $p$, it converges at all $p$ with "
        r"a larger real part. For $f = e^{st}$ and $\Re p < s$ the integral up to $R$ grows as $e^{(s - \Re p)R}$, "
        "although $1/(p - s)$ is finite there.",
        checks=(
            Identity(
                name="a Gaussian, on both sides of the imaginary axis",
                closed=of_gaussian,
                independent=damped_gaussian_spectrum,
                points=({"b": "-3", "w": "0.5"}, {"b": "0.001", "w": "-2"}, {"b": "9", "w": "5"}),
                random={"b": Range("-3", "6"), "w": Range("-4", "4")},
                draws=1,
            ),
            Identity(
                name="a growing wave, right of its abscissa",
                closed=of_growing_wave,
                independent=damped_wave_spectrum,
                points=(
                    {"s": "2", "c": "3", "b": "3", "w": "-1"},
                    {"s": "-0.5", "c": "1", "b": "0.25", "w": "2"},
                    {"s": "1", "c": "0.1", "b": "1.5", "w": "0"},
                ),
            ),
            Contradiction(
                name="left of the abscissa of e^(2t), though the real part of p is positive",
                claimed=continued,
                actual=up_to,
                points=({"s": "2", "p": "1", "R": 8}, {"s": "2", "p": "0.001", "R": 12}),
            ),
        ),
    ),
    Claim(
        id="laplace-existence",
        title="Piecewise continuity and exponential growth are sufficient and not necessary",
        sources=(Source("zhu2021", "Section 4", "", "none"),),
        statement=r"A function that is piecewise continuous on $[0, \infty)$ and grows no faster than an exponential "
        "has a Laplace transform; the condition is not necessary.",
        verdict="holds",
        proof=r"If $|f| \leq M e^{ct}$, then $\int |f e^{-pt}|\,dt \leq M/(\Re p - c)$. The condition is not "
        r"necessary: $t^{-1/2}$ is unbounded at 0 and has the transform $\sqrt{\pi/p}$ (substitute $t = v^2/p$).",
        checks=(
            Identity(
                name="the transform of t^(-1/2)",
                closed=of_root,
                independent=of_root_by_quadrature,
                points=({"p": "1", "q": "0"}, {"p": "1e-6", "q": "0"}, {"p": "40", "q": "30"}, {"p": "2", "q": "-1.5"}),
                random={"p": Range("2", "9"), "q": Range("-2", "2")},
                draws=1,
            ),
        ),
    ),
    Claim(
        id="laplace-convolution",
        title="The convolution theorem of the Laplace transform",
        sources=(
            Source("zhu2021", "Definition 4; Theorem 4.1", "", "reconstructed"),
            Source("zhu2021", "Appendix A.4", "60-63", "reconstructed"),
        ),
        statement=r"$L(f * g) = L(f) L(g)$ for functions that vanish for $t < 0$, as those of Section 4 do after the "
        r"product with the step: $(f * g)(t) = \int_0^t f(s) g(t - s)\,ds$, as we read Definition 4.",
        verdict="holds",
        hypotheses=r"The integrals of $L(f)$ and $L(g)$ converge absolutely at $p$, for which it is sufficient that "
        r"$\Re p$ is greater than both abscissae of absolute convergence.",
        corrected=r"$\Re p > 0$ is not enough: for $e^{2t}$ and 1 at $p = 1$ the product continues to $-1$, but the "
        "integrals of $L(f)$ and of $L(f * g)$ diverge. Kernels of a layer that look ahead do not vanish for $t < 0$; "
        "for them the transform must be taken over the whole line.",
        proof=r"With $t = s + r$ the double integral over $s, r \geq 0$ converges absolutely, and by Fubini it factors "
        "into two. The one-sided transform "
        "drops the part at $t < 0$, and dropping it does not commute with convolution: the part of $f$ at $s < 0$ "
        "reaches $t > 0$.",
        checks=(
            Identity(
                name="a box on [0, 1] and e^(-t) u(t)",
                closed=product_causal,
                independent=convolution_causal,
                points=({"p": "0.01", "q": "-3"}, {"p": "20", "q": "4"}),
                random={"p": Range("0.1", "5"), "q": Range("-5", "5")},
                draws=1,
            ),
            Contradiction(
                name="e^(2t) u(t) and u(t) at p = 1, left of the abscissa: up to R",
                claimed=product_left_of_abscissa,
                actual=convolution_up_to,
                points=({"p": "1", "R": 6}, {"p": "1", "R": 7}, {"p": "0.5", "R": 12}),
                gap="0.9",
            ),
            Contradiction(
                name="not causal: a box on [-1/2, 1/2] and e^(-t) u(t)",
                claimed=product_one_sided,
                actual=convolution_one_sided,
                points=({"p": "0.1", "c": "1/2"}, {"p": "5", "c": "1/2"}),
            ),
            Identity(
                name="the two-sided transform of the same pair",
                closed=product_two_sided,
                independent=convolution_two_sided,
                points=({"p": "1", "c": "1/2"}, {"p": "0.001", "c": "1/2"}, {"p": "3", "c": "0.2"}),
            ),
        ),
    ),
    Claim(
        id="laplace-z-transform",
        title="The discrete Laplace transform is the z transform",
        sources=(Source("zhu2021", "Section 4", "", "none"),),
        statement="For discrete signals, the Laplace transform is called the z transform.",
        verdict="conditional",
        hypotheses="The signal is replaced by impulses at whole $t$, weighted by its samples, and $z = e^p$: then "
        r"$\sum f(n) e^{-pn} = \sum f(n) z^{-n}$.",
        corrected=r"This is not $L(p)$, but a sum of shifted copies of it: $\sum_n f(n) e^{-pn}$ equals $\frac{1}{2} "
        r"f(0)$ plus the limit of $\sum_{|k| \leq K} L(p + 2\pi i k)$ as $K \to \infty$ (with both ends together if "
        r"$f(0) \neq 0$): sampling makes the transform periodic along the imaginary axis, as it makes a spectrum "
        "periodic.",
        proof=r"The impulses are $f$ times a comb, and a comb is $\sum_k e^{2\pi i k t}$ (Poisson); each factor "
        r"$e^{2\pi i k t}$ shifts $p$.",
        checks=(
            Identity(
                name="impulses at whole t",
                closed=z_transform,
                independent=transform_of_samples,
                points=_SAMPLES,
            ),
            Identity(
                name="the sum of copies",
                closed=copies_of_transform,
                independent=transform_of_samples,
                points=_SAMPLES,
            ),
            Contradiction(
                name="the transform itself, without sampling",
                claimed=transform_of_ramp,
                actual=transform_of_samples,
                points=_SAMPLES,
            ),
        ),
    ),
)


# == the sigmoid and ReLU ============================================================================================
# -- the sigmoid -----------------------------------------------------------------------------------------
def of_sigmoid(m: Arithmetic, p: Number, q: Number) -> list[Number]:
    """Return the transform of the sigmoid at p + iq by Gauss' hypergeometric function, and by digamma functions."""
    z = p + m.i * q
    return [m.hyp2f1(1, z, 1 + z, -1) / z, of_sigmoid_by_digamma(m, p, q)]


def of_sigmoid_by_digamma(m: Arithmetic, p: Number, q: Number) -> Number:
    z = p + m.i * q
    return (m.psi(0, (z + 1) / 2) - m.psi(0, z / 2)) / 2


def of_sigmoid_by_quadrature(m: Arithmetic, p: Number, q: Number) -> Number:
    # The sigmoid is 1 - e^{-t}/(1 + e^{-t}): the integrand decays as e^{-t} for every p.
    z = p + m.i * q
    return 1 / z - m.half_line(lambda t: m.exp(-(1 + z) * t) / (1 + m.exp(-t)), width=6)


def of_sigmoid_by_quadrature_twice(m: Arithmetic, p: Number, q: Number) -> list[Number]:
    return [of_sigmoid_by_quadrature(m, p, q)] * 2


def of_sigmoid_at_one(m: Arithmetic) -> Number:
    return m.log(m.number(2))


def of_sigmoid_at_one_by_quadrature(m: Arithmetic) -> Number:
    return of_sigmoid_by_quadrature(m, m.number(1), m.number(0))


def of_sigmoid_slope(m: Arithmetic, p: Number) -> list[Number]:
    """Return the derivative of the sigmoid's transform by Lerch's transcendent, and by trigamma functions."""
    return [-m.lerch(m.number(-1), 2, p), (m.psi(1, (p + 1) / 2) - m.psi(1, p / 2)) / 4]


def of_sigmoid_slope_by_quadrature(m: Arithmetic, p: Number) -> list[Number]:
    rest = m.half_line(lambda t: t * m.exp(-(1 + p) * t) / (1 + m.exp(-t)), lambda R: R + 1, width=6)
    return [rest - 1 / p**2] * 2


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


def causal_on_the_axis(m: Arithmetic, c: Number, s: Number) -> Number:
    """Return the integral of L(iw) = 1/(c + iw) times a Gaussian around s."""
    return m.line(lambda x: m.exp(-x * x / 2) / (c + m.i * (x + s)))


def causal_in_time(m: Arithmetic, c: Number, s: Number) -> Number:
    """Return the integral of e^(-ct) u(t) times the Gaussian's transform, below e^(-0.4 t^2) at t > 10."""
    decaying = lambda t: m.exp(-c * t - t * t / 2) * (m.cos(s * t) - m.i * m.sin(s * t))
    return m.sqrt(2 * m.pi) * m.half_line(decaying, rate=0.4, power=2)


def causal_spectrum(m: Arithmetic, w: Number) -> Number:
    return m.half_line(lambda t: t * m.exp(-t) * (m.cos(w * t) - m.i * m.sin(w * t)), lambda R: R + 1)


def sigmoid_on_the_axis(m: Arithmetic, w: Number) -> Number:
    return of_sigmoid_by_digamma(m, m.number(0), w)


def sigmoid_spectrum(m: Arithmetic, w: Number) -> Number:
    """Return the Fourier transform of the sigmoid at w != 0 from its Laplace transform on the imaginary axis."""
    return 2 * m.i * m.im(sigmoid_on_the_axis(m, w)) + m.i / w


def sigmoid_spectrum_by_quadrature(m: Arithmetic, w: Number) -> Number:
    # The derivative of the sigmoid is integrable and even; its transform is iw times the sigmoid's.
    return m.half_line(lambda x: 2 * m.cos(w * x) * m.exp(-x) / (1 + m.exp(-x)) ** 2, 4) / (m.i * w)


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

CLAIMS += (
    Claim(
        id="sigmoid-laplace",
        title="The Laplace transform of the sigmoid",
        sources=(Source("zhu2021", "Theorem 4.2", "36-38", "reconstructed"),),
        statement=r"$\int_0^\infty \sigma(t) e^{-pt}\,dt = {}_2F_1(1, p; p + 1; -1)/p$.",
        verdict="holds",
        hypotheses=r"$\Re p > 0$, as in Definition 3.",
        corrected="The transform exists because the sigmoid is bounded; it is not integrable (see "
        r"sigmoid-integrable), and its abscissa is 0. The transform is also $\frac{1}{2}[\psi(\frac{p + 1}{2}) - "
        r"\psi(\frac{p}{2})] = \Phi(-1, 1, p)$, and $\ln 2$ at $p = 1$; it continues analytically to all $p$ except "
        r"the poles $0, -1, -2, \ldots$",
        proof=r"$\sigma(t) = \sum_n (-1)^n e^{-nt}$ for $t > 0$, whose terms have the transforms $(-1)^n/(n + p)$; "
        "pairing consecutive terms gives the digamma function.",
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
        sources=(Source("zhu2021", "Theorem 4.2", "39", "reconstructed"),),
        statement="The derivative of the transform exists in closed form.",
        verdict="holds",
        hypotheses=r"$\Re p > 0$, as in Definition 3.",
        corrected=r"It is $-\Phi(-1, 2, p) = \frac{1}{4}[\psi_1(\frac{p + 1}{2}) - "
        r"\psi_1(\frac{p}{2})]$, and it is a derivative with respect to $p$; back-propagation does not use it.",
        proof=r"Differentiate $\sum_n (-1)^n/(n + p)$ term by term, or insert $-t$ under the integral.",
        checks=(
            Identity(
                name="by Lerch's transcendent and by trigamma functions, against quadrature",
                closed=of_sigmoid_slope,
                independent=of_sigmoid_slope_by_quadrature,
                points=({"p": "1"}, {"p": "0.001"}, {"p": "30"}),
                random={"p": Range("0.2", "5")},
                draws=1,
            ),
        ),
    ),
    Claim(
        id="relu-laplace",
        title="The Laplace transform of ReLU on an interval",
        sources=(Source("zhu2021", "Theorem 4.3", "40-42", "reconstructed"),),
        statement=r"$\int_0^a t e^{-pt}\,dt = (1 - e^{-pa}(1 + pa))/p^2$.",
        verdict="holds",
        corrected=r"At $p = 0$ the value is $a^2/2$. For $\Re p > 0$ no interval is needed: "
        r"$a \to \infty$ gives $1/p^2$.",
        proof="Integrate by parts. Since exponential growth is allowed, ReLU has a transform on the whole half-line.",
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
        sources=(Source("zhu2021", "Theorem 4.3", "43-44", "reconstructed"),),
        statement=r"It is $(e^{-pa}(a^2 p^2 + 2ap + 2) - 2)/p^3$.",
        verdict="holds",
        corrected=r"At $p = 0$ the value is $-a^3/3$; near 0 the formula cancels and loses $3 \log_{10}(1/(pa))$ "
        "digits. It is a derivative with respect to $p$; back-propagation does not use it.",
        proof=r"$\frac{d}{dp} e^{-pt} = -t e^{-pt}$, and $\int_0^a t^2 e^{-pt}\,dt$ follows by parts, twice.",
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
        sources=(Source("zhu2021", "Section 4", "", "none"),),
        statement=r"$F(w) = L(iw)$: the two correspond by $p = iw$.",
        verdict="conditional",
        hypotheses=r"$f$ vanishes for $t < 0$ and is integrable.",
        corrected=r"For $f$ of at most polynomial growth $F(w)$ is the limit of $L_+(\epsilon + iw) + L_-(\epsilon - "
        r"iw)$, as a distribution, where $L_+$ is the transform of $f(t)$, $t > 0$, and $L_-$ that of $f(-t)$. For the "
        r"sigmoid $F(w) = 2i\,\Im L(iw) + i/w + "
        r"\pi\delta(w)$, with $\Im L(iw) = -\frac{1}{2}(1/w + \pi/\sinh(\pi w))$.",
        proof=r"$\sigma(-t) = 1 - \sigma(t)$, so that $L_-(p) = 1/p - L_+(p)$; and $L_+(-iw)$ is the conjugate of "
        r"$L_+(iw)$. From $1/(\epsilon - iw) \to i/w + \pi\delta(w)$ the sum follows: the deltas of the two $L_+$ "
        r"cancel.",
        checks=(
            Identity(
                name="causal and integrable: t e^(-t) u(t)",
                closed=on_the_axis,
                independent=causal_spectrum,
                points=({"w": "0"}, {"w": "-3"}),
                random={"w": Range("-4", "4")},
                draws=1,
                screened=10,
            ),
            Identity(
                name="e^(-ct) u(t), paired with e^(-(w-s)²/2); not at c < 0, causal but not integrable",
                closed=causal_on_the_axis,
                independent=causal_in_time,
                points=({"c": "0.3", "s": "0"}, {"c": "2", "s": "-1.5"}),
                random={"c": Range("0.3", "2"), "s": Range("-2", "2")},
                draws=1,
                screened=12,
                outside_points=({"c": "-0.3", "s": "0"}, {"c": "-1", "s": "-1.2"}),
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


# == values at real p ================================================================================================
#: Half a unit in the last place of a double, relative.
ROUNDING = Fraction(1, 2**53)


# -- values at real p: exact ones determine, rounded ones do not -----------------------------------------------
def inverse_hilbert(size: int) -> list[list[int]]:
    """Return the inverse of the matrix 1/(i + k + 1), whose entries are whole numbers."""
    return [
        [
            (-1) ** (i + k)
            * (i + k + 1)
            * math.comb(size + i, size - k - 1)
            * math.comb(size + k, size - i - 1)
            * math.comb(i + k, i) ** 2
            for k in range(size)
        ]
        for i in range(size)
    ]


def values_at_whole_p(m: Arithmetic, size: int, seed: int) -> list[Number]:
    """Return the transform at p = 1, 2, ... of a sum of c_k e^{-kt}, k = 0, 1, ..."""
    c = signals.noise(m, size, seed)
    return [sum(c[k] / (i + k + 1) for k in range(size)) for i in range(size)]


def coefficients_from_real_p(m: Arithmetic, size: int, seed: int) -> list[Number]:
    values = values_at_whole_p(m, size, seed)
    return [sum(row[k] * values[k] for k in range(size)) for row in inverse_hilbert(size)]


def coefficients_from_rounded_values(m: Arithmetic, size: int, seed: int) -> list[Number]:
    values = values_at_whole_p(m, size, seed)
    rounded = [value * (1 + (-1) ** p * m.number(ROUNDING)) for p, value in enumerate(values)]
    return [signals.dot(row, rounded) for row in inverse_hilbert(size)]


def coefficients(m: Arithmetic, size: int, seed: int) -> list[Number]:
    return signals.noise(m, size, seed)


def packet(m: Arithmetic, w: int, t: Number) -> Number:
    """Return a wave of frequency w under a Gaussian around t = w."""
    return m.sin(w * (t - w)) * m.exp(-((t - w) ** 2) / 2)


def packet_crest(m: Arithmetic, w: int) -> Number:
    return packet(m, w, w + m.pi / (2 * w))


def packet_transform(m: Arithmetic, w: int, p: Number, q: Number) -> Number:
    """Return |L(p + iq)| of the packet, p >= 0."""
    R, z = m.cut(0.5, 2), p + m.i * q
    # The Gaussian is cut R to the right of its top; e^{-pt} is at most 1.
    inside = m.integral(lambda t: packet(m, w, t) * m.exp(-z * t), *m.panels(0, w + R, 4))
    return m.abs(inside + m.tail(m.exp(-m.number(R * R) / 2)))


def packet_ceiling(m: Arithmetic, w: int, p: Number, q: Number) -> Number:
    return 4 * m.exp(-m.number(w * w) / 2)


_PACKETS = ({"w": 4}, {"w": 12})

CLAIMS += (
    Claim(
        id="laplace-real-p",
        title="Values at positive real p",
        sources=(Source("zhu2021", "Section 4; Definition 3", "34", "none"),),
        statement=r"In practice $p$ is taken as a positive real number: the values $L(p)$, $p > 0$, stand for $f$.",
        verdict="conditional",
        hypotheses="The values are exact.",
        corrected=r"Exact values determine $f$ (Lerch), even at $p = 1, 2, 3, \ldots$ alone. The inverse is not "
        r"continuous, so rounded values do not determine $f$: $f(t) = \sin(w(t - w)) e^{-(t - w)^2/2}$ exceeds 0.92 "
        r"for $w \geq 4$, yet $|L(p)| \leq 4 e^{-w^2/2}$ at every $p \geq 0$: $2 \cdot 10^{-31}$ for $w = 12$. On the "
        "imaginary axis $|L(iw)| > 1.2$.",
        proof=r"For $p \geq w$ the integrand is at most $e^{-w^2/2 - t^2/2}$. For $0 \leq p \leq w$ the transform "
        r"over the whole line is $-\sqrt{2\pi}\,\sin(pw)\,e^{(p^2 - w^2)/2 - pw}$, at most $\sqrt{2\pi}\,e^{-w^2/2}$, "
        r"and the part at $t < 0$ is at most half of that. For sums of $e^{-kt}$, values at $p = 1, 2, \ldots$ are a "
        "Hilbert matrix times the coefficients; its inverse has entries of $10^{18}$ at size 14.",
        checks=(
            Identity(
                name="exact values at p = 1, 2, ... give a sum of exponentials back",
                closed=coefficients_from_real_p,
                independent=coefficients,
                points=(
                    {"size": 1, "seed": 1},
                    {"size": 2, "seed": 1},
                    {"size": 7, "seed": 2},
                    {"size": 14, "seed": 3},
                ),
                guard=20,
            ),
            Contradiction(
                name="the same from values rounded to doubles",
                claimed=coefficients_from_rounded_values,
                actual=coefficients,
                points=({"size": 14, "seed": 3}, {"size": 16, "seed": 1}),
                gap="0.5",
            ),
            Bound(name="a wave packet is not small", quantity=packet_crest, low="0.92", points=_PACKETS),
            Bound(
                name="but its transform is, at every real p",
                loose="the proof bounds a sine and an exponential by 1; at w >= 4 at most a quarter of the bound is "
                "seen",
                quantity=packet_transform,
                high=packet_ceiling,
                points=tuple(
                    {**packet, "p": p, "q": "0"} for packet in _PACKETS for p in ("0", "0.7", "4", "12", "30")
                ),
            ),
            Bound(
                name="on the imaginary axis it is not",
                quantity=packet_transform,
                low="1.2",
                points=({"w": 4, "p": "0", "q": "4"},),
            ),
        ),
    ),
)


# == inversion =======================================================================================================
# -- complex p: along a parabola around the negative axis --------------------------------------------------------
def along_parabola(m: Arithmetic, transform: Callable[[Number], Number], t: Number) -> Number:
    """Return Bromwich's integral along the path p = 4 (1 + iv)^2 / t, where e^{pt} decays as e^{-4 v^2}.

    The trapezoidal rule errs by 2M/(e^{2 pi a/h} - 1) where the integrand is holomorphic for |Im v| <= a and M bounds
    its integrals along that strip; a = 9/10 here. The transforms below stay under 5000 (1 + t)^2 there: p + n is a
    product of two factors of modulus 1/5 at least, divided by t, and |n + Re p| < 1 for at most two n.
    """
    R, steps = m.cut(4, 2), m.cut(1.8 * math.pi)
    total = transform(4 / t) * m.exp(m.number(4)) / 2
    for k in range(1, R * steps + 1):
        side = 1 + m.i * m.number(Fraction(k, steps))
        total += m.re(transform(4 * side**2 / t) * m.exp(4 * side**2) * side)
    ceiling = 5000 * (1 + t) ** 2
    beyond = ceiling * (60 * m.exp(-m.number(4 * R * R)) + 4 * 10**6 * m.exp(-1.8 * m.pi * steps))
    return 8 * (total / steps + m.tail(beyond)) / (m.pi * t)


def ramp(m: Arithmetic, t: Number) -> Number:
    """Return t e^{-t}, whose transform is 1/(1 + p)^2."""
    return t * m.exp(-t)


def ramp_inverted(m: Arithmetic, t: Number) -> Number:
    return along_parabola(m, lambda p: 1 / (1 + p) ** 2, t)


def root(m: Arithmetic, t: Number) -> Number:
    """Return t^{-1/2}, whose transform is sqrt(pi / p)."""
    return 1 / m.sqrt(t)


def root_inverted(m: Arithmetic, t: Number) -> Number:
    return along_parabola(m, lambda p: m.sqrt(m.pi) / m.sqrt(p), t)


def logistic(m: Arithmetic, t: Number) -> Number:
    return 1 / (1 + m.exp(-t))


def logistic_inverted(m: Arithmetic, t: Number) -> Number:
    return along_parabola(m, lambda p: (m.psi(0, (p + 1) / 2) - m.psi(0, p / 2)) / 2, t)


# -- complex p: along three straight lines ------------------------------------------------------------------------
def along_lines(m: Arithmetic, transform: Callable[[Number], Number], t: Number, side: int) -> Number:
    """Return Bromwich's integral at the time t side, t > 0: over [1 - i, 1 + i], then parallel to the real axis.

    The path turns to the side where e^(pt side) decays; the transform is at most 1 there.
    """
    at = side * t
    middle = m.integral(lambda w: transform(1 + m.i * w) * m.exp((1 + m.i * w) * at), 0, 1)
    corner = 1 + m.i
    ray = m.half_line(lambda r: transform(corner - side * r / t) * m.exp(-r), width=8)
    return (m.re(middle) - m.im(side * m.exp(corner * at) * ray / t)) / m.pi


def ramp_at(m: Arithmetic, t: Number, side: int) -> Number:
    """Return s e^-s at s = t side."""
    return side * t * m.exp(-side * t)


def ramp_along_lines(m: Arithmetic, t: Number, side: int) -> Number:
    return along_lines(m, lambda p: 1 / (1 + p) ** 2, t, side)


def value_at_jump(m: Arithmetic, t: Number, jump: Number, share: Number) -> Number:
    """Return e^-s + jump u(s - t) at s = t, where the value u(0) is a share of the jump."""
    return m.exp(-t) + share * jump


def jump_by_principal_value(m: Arithmetic, t: Number, jump: Number, share: Number) -> Number:
    """Add the integral of jump/p, which is left of e^(pt) times the transform of a jump at t, over 1 - iW to 1 + iW.

    As W grows it is the integral of 1/(1 + w^2) over the line, divided by 2 pi; w = e^v.
    """
    half = m.half_line(lambda v: m.exp(-v) / (1 + m.exp(-2 * v)))
    return along_lines(m, lambda p: 1 / (1 + p), t, 1) + jump * 2 * half / m.pi


# -- real p: Gaver and Stehfest ------------------------------------------------------------------------------------
def stehfest_weights(size: int) -> list[Fraction]:
    """Return the weights of Stehfest's formula for an even size; they grow with alternating signs."""
    half, f = size // 2, math.factorial

    def term(k: int, j: int) -> Fraction:
        return Fraction(j**half * f(2 * j), f(half - j) * f(j) * f(j - 1) * f(k - j) * f(2 * j - k))

    return [
        (-1) ** (k + half) * sum((term(k, j) for j in range((k + 1) // 2, min(k, half) + 1)), Fraction(0))
        for k in range(1, size + 1)
    ]


def stehfest(m: Arithmetic, size: int, t: Number, rounding: Fraction = Fraction(0)) -> Number:
    """Invert 1/(1 + p) from its values at real p, each with a relative error that has the sign of its weight."""
    step = m.log(m.number(2)) / t
    weights = stehfest_weights(size)
    off = [m.number(1 + (rounding if weight > 0 else -rounding)) for weight in weights]
    return step * sum(m.number(v) * e / (1 + k * step) for k, (v, e) in enumerate(zip(weights, off, strict=True), 1))


def stehfest_error(m: Arithmetic, size: int, t: Number) -> Number:
    """Return the relative error of the formula at e^{-t} in exact arithmetic."""
    return m.abs(stehfest(m, size, t) * m.exp(t) - 1)


def stehfest_rounded(m: Arithmetic, size: int, t: Number) -> Number:
    return stehfest(m, size, t, ROUNDING)


def share_of_digits(m: Arithmetic, d: int, size: int) -> Number:
    """Return the correct digits of e^{-1}, divided by d, from values with a relative error of 10^-d."""
    off = m.abs(stehfest(m, size, m.number(1), Fraction(1, 10**d)) * m.exp(m.number(1)) - 1)
    return -m.log(off) / (d * m.log(m.number(10)))


def decay(m: Arithmetic, size: int, t: Number) -> Number:
    return m.exp(-t)


def stehfest_error_in_doubles(m: Arithmetic, size: int) -> Number:
    step, total = math.log(2), 0.0
    # From Python 3.12 on, sum() makes up for rounding errors; a loop gives the same on all versions.
    for k, v in enumerate(stehfest_weights(size), 1):
        total += float(v) / (1 + k * step)
    return m.number(abs(step * total / math.exp(-1) - 1))


def talbot_error_in_doubles(m: Arithmetic, size: int) -> Number:
    """Return the relative error at t = 1 of Talbot's contour with `size` complex nodes, in doubles."""
    import cmath

    scale = 2 * size / 5
    total = 0.5 * math.exp(scale) / (1 + scale)
    for k in range(1, size):
        angle = k * math.pi / size
        cot = 1 / math.tan(angle)
        p = scale * angle * complex(cot, 1)
        total += (cmath.exp(p) / (1 + p) * complex(1, angle + (angle * cot - 1) * cot)).real
    return m.number(abs(total * scale / size / math.exp(-1) - 1))


_TIMES = ({"t": "0.05"}, {"t": "1"}, {"t": "9"})

CLAIMS += (
    Claim(
        id="laplace-inversion",
        title="The inverse Laplace transform is an integral over complex p",
        sources=(Source("zhu2021", "Section 4", "35", "reconstructed"),),
        statement=r"$f(t) = \frac{1}{2\pi i} \int_{\beta - i\infty}^{\beta + i\infty} L(p) e^{pt}\,dp$.",
        verdict="conditional",
        hypotheses=r"$t > 0$, $f e^{-\beta t}$ is integrable ($\beta$ is greater than the abscissa of absolute "
        "convergence), $f$ is continuous and of bounded variation near $t$, and the integral is the limit over "
        r"$[\beta - iW, \beta + iW]$ as $W \to \infty$.",
        corrected="The path runs through complex $p$. If the singularities lie "
        r"on $p \leq 0$, the path may be deformed around them, and the integral converges fast (Talbot 1979).",
        proof=r"It is Fourier inversion of $u(t) f(t) e^{-\beta t}$. On the parabola $p = 4 (1 + iv)^2/t$ the factor "
        "$e^{pt}$ decays as $e^{-4v^2}$; Cauchy's theorem permits the change of the path.",
        checks=(
            Identity(name="t e^(-t)", closed=ramp, independent=ramp_inverted, points=_TIMES),
            Identity(
                name="t^(-1/2)",
                closed=root,
                independent=root_inverted,
                random={"t": Range("0.1", "9")},
                points=_TIMES[:1],
            ),
            Identity(
                name="the sigmoid, from its transform in closed form",
                closed=logistic,
                independent=logistic_inverted,
                points=({"t": "1.5"},),
            ),
            Identity(
                name="t e^(-t), along three straight lines; not at t < 0, where the integral is 0",
                closed=ramp_at,
                independent=ramp_along_lines,
                points=({"t": "0.8", "side": 1}, {"t": "5", "side": 1}),
                outside_points=({"t": "0.8", "side": -1}, {"t": "3", "side": -1}),
            ),
            Identity(
                name="at a jump, with half of the jump as its value; not with another value",
                closed=value_at_jump,
                independent=jump_by_principal_value,
                points=({"t": "1", "jump": "2", "share": "1/2"}, {"t": "3", "jump": "-0.7", "share": "1/2"}),
                outside_points=({"t": "1", "jump": "2", "share": "1"}, {"t": "2", "jump": "0.3", "share": "0"}),
            ),
            Bound(
                name="in doubles, 20 complex nodes of Talbot's path give 12 digits",
                loose="20 nodes are off by 3.9e-13 in exact arithmetic; rounding errors, which differ between "
                "machines, add or take away as much",
                quantity=talbot_error_in_doubles,
                high="1e-12",
                points=({"size": 20}, {"size": 22}),
                not_enclosed="the experiment is one in double precision",
            ),
        ),
    ),
    Claim(
        id="real-node-inversion",
        title="Inverting from real p in double precision",
        sources=(Source("zhu2021", "Section 4; Definition 3", "35", "none"),),
        statement="In practice $p$ is a positive real number, so the inverse must be computed from such values.",
        verdict="conditional",
        hypotheses="The values are exact, or few digits are sufficient.",
        corrected="The formula of Gaver (1966) and Stehfest (1970), $f(t) "
        r"\approx \frac{\ln 2}{t} \sum_{k=1}^{N} V_k L(k \ln 2/t)$, converges in exact arithmetic, but its weights "
        r"alternate and grow: $8 \cdot 10^{14}$ at $N = 24$. At $t = 1$ doubles never give 7 digits of $e^{-t}$: the "
        r"least error is $2.6 \cdot 10^{-7}$, at $N = 16$; 2 digits are correct at $N = 24$, and none at $N = 28$. "
        r"From values with alternating relative errors of $10^{-d}$, the best size gives about $0.42\,d$ digits. "
        "Complex $p$ do not have this loss (see laplace-inversion).",
        proof=r"An error of relative size $\epsilon$ in each value changes the result by up to $\epsilon \frac{\ln "
        r"2}{t} \sum |V_k L(k \ln 2/t)|$. Inverting real values is an ill-posed problem (see laplace-real-p); no "
        "formula avoids it.",
        checks=(
            Contradiction(
                name="values at real p off by half a unit in a double's last place",
                claimed=stehfest_rounded,
                actual=decay,
                points=({"size": 24, "t": "1"}, {"size": 32, "t": "2"}),
                gap="1e-2",
            ),
            Bound(
                name="24 exact values",
                quantity=stehfest_error,
                low="5.5e-12",
                high="9.6e-9",
                points=({"size": 24, "t": "1"}, {"size": 24, "t": "3"}),
            ),
            Bound(
                name="64 exact values",
                quantity=stehfest_error,
                high="5e-29",
                points=({"size": 64, "t": "1"}, {"size": 64, "t": "3"}),
                guard=60,
            ),
            Bound(
                name="in doubles, at any size",
                quantity=stehfest_error_in_doubles,
                low="2.5e-7",
                points=tuple({"size": size} for size in range(2, 34, 2)),
                not_enclosed="the experiment is one in double precision",
            ),
            Bound(
                name="in doubles, beyond it",
                quantity=stehfest_error_in_doubles,
                # Two digits are left at 24; at 28 and 32 the errors are 0.4 or more, whichever way the terms are added.
                low="1e-2",
                points=({"size": 24}, {"size": 28}, {"size": 32}),
                not_enclosed="the experiment is one in double precision",
            ),
            Bound(
                name="digits by d, from values off by one part in 10^d, at the best size",
                quantity=share_of_digits,
                low="0.41",
                high="0.44",
                points=({"d": 16, "size": 16}, {"d": 30, "size": 26}, {"d": 50, "size": 44}),
                guard=100,
            ),
            Bound(
                name="and at other sizes",
                quantity=share_of_digits,
                high="0.44",
                points=tuple({"d": 30, "size": size} for size in range(2, 46, 2)),
                guard=100,
            ),
        ),
    ),
)
