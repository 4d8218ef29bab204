"""The sigmoid and its Fourier transform: on the line, on an interval, as a distribution."""

from __future__ import annotations

from ..arithmetic import Arithmetic, Number
from ..checks import Contradiction, Identity, Range
from ..claim import Claim, Source


def sigmoid(m: Arithmetic, x: Number) -> Number:
    """Return 1 / (1 + e^-x)."""
    return 1 / (1 + m.exp(-x))


# -- what it is ----------------------------------------------------------------------------------------
def by_tanh(m: Arithmetic, x: Number) -> Number:
    return (1 + m.tanh(x / 2)) / 2


def mass(m: Arithmetic, R: int) -> Number:
    return m.number(R)


def mass_by_quadrature(m: Arithmetic, R: int) -> Number:
    return m.integral(lambda x: sigmoid(m, x), *m.panels(-R, R))


def mass_between(m: Arithmetic, R: int) -> Number:
    return m.integral(lambda x: 1 / (1 + m.exp(-x)), *m.panels(R, 2 * R))


# -- on [-a, a] ----------------------------------------------------------------------------------------
def antiderivative(m: Arithmetic, w: Number, x: Number) -> Number:
    """Return an antiderivative of sigmoid(x) e^{-iwx}; its series diverges for x < 0, its continuation does not."""
    return m.i / w * m.exp(-m.i * w * x) * m.hyp2f1(1, m.i * w, 1 + m.i * w, -m.exp(-x))


def on_interval(m: Arithmetic, w: Number, a: Number) -> Number:
    return antiderivative(m, w, a) - antiderivative(m, w, -a)


def on_interval_by_quadrature(m: Arithmetic, w: Number, a: Number) -> Number:
    return m.integral(lambda x: sigmoid(m, x) * m.exp(-m.i * w * x), *(a * k / 4 for k in range(-4, 5)))


def half_a_period_further(m: Arithmetic, w: Number, a: Number) -> Number:
    return on_interval_by_quadrature(m, w, a + m.pi / w)


def at_zero(m: Arithmetic, a: Number) -> Number:
    return a


def at_zero_by_quadrature(m: Arithmetic, a: Number) -> Number:
    return on_interval_by_quadrature(m, m.number(0), a)


# -- the series of eq. 12 ------------------------------------------------------------------------------
def gauss_series(m: Arithmetic, w: Number, z: Number) -> Number:
    """Return the sum of (1)_n (iw)_n / (1 + iw)_n z^n / n!, whose terms are z^n iw / (iw + n), with its tail."""
    b, size = m.i * w, m.abs(z)
    terms = 40 + 8 * (m.digits + m.guard)
    return sum(b / (b + n) * z**n for n in range(terms)) + m.tail(m.abs(b) * size**terms / (1 - size))


def euler_integral(m: Arithmetic, w: Number, z: Number) -> Number:
    """Return 2F1(1, iw; 1 + iw; z) by Euler's integral, once by parts: then it converges at t = 0."""
    b = m.i * w
    # t = e^-u: the integrand decays as e^-u.
    inner = m.integral(lambda u: m.exp(-(1 + b) * u) / (1 - z * m.exp(-u)) ** 2, *m.panels(0, m.cut(), 4))
    return 1 / (1 - z) - z * (inner + m.tail(2 * m.exp(-m.number(m.cut())) / (1 - m.abs(z)) ** 2))


def sixty_terms(m: Arithmetic, w: Number, a: Number) -> Number:
    return sum(m.i * w / (m.i * w + n) * (-m.exp(a)) ** n for n in range(60))


def continued(m: Arithmetic, w: Number, a: Number) -> Number:
    return m.hyp2f1(1, m.i * w, 1 + m.i * w, -m.exp(a))


# -- its derivative in w ---------------------------------------------------------------------------------
def slope(m: Arithmetic, w: Number, x: Number) -> Number:
    """Return d/dw of the antiderivative -e^{-bx} Phi(z, 1, b), with b = iw: dPhi(z, 1, b)/db = -Phi(z, 2, b)."""
    b, z = m.i * w, -m.exp(-x)
    return m.i * m.exp(-b * x) * (x * m.hyp2f1(1, b, 1 + b, z) / b + m.lerch(z, 2, b))


def slope_on_interval(m: Arithmetic, w: Number, a: Number) -> Number:
    return slope(m, w, a) - slope(m, w, -a)


def slope_by_quadrature(m: Arithmetic, w: Number, a: Number) -> Number:
    panels = (a * k / 4 for k in range(-4, 5))
    return m.integral(lambda x: -m.i * x * sigmoid(m, x) * m.exp(-m.i * w * x), *panels)


# -- as a distribution -----------------------------------------------------------------------------------
def spectrum_paired(m: Arithmetic, s: Number) -> Number:
    """Pair pi delta - i pi PV 1/sinh(pi w) with e^{-(w-s)^2/2}, |s| <= 2: the second term meets the odd part alone."""
    R = m.cut(0.25, 2)  # from 4 |s| on the integrand is below e^{-w^2/4}
    kernel = lambda w: m.sinc(m.i * s * w) / m.sinc(m.i * m.pi * w)  # sinh(sw)/sinh(pi w), times pi/s
    odd = m.integral(lambda w: m.exp(-w * w / 2) * kernel(w), *m.panels(0, R, 4))
    return m.exp(-s * s / 2) * (m.pi - 2 * m.i * s * (odd + m.tail(m.exp(-m.number(R * R) / 4))))


def sigmoid_paired(m: Arithmetic, s: Number) -> Number:
    """Integrate the sigmoid against the transform of the same function, sqrt(2 pi) e^{-isx - x^2/2}."""
    R = m.cut(0.5, 2)
    inside = m.integral(lambda x: sigmoid(m, x) * m.exp(-m.i * s * x - x * x / 2), *m.panels(-R, R, 3))
    return m.sqrt(2 * m.pi) * (inside + m.tail(2 * m.exp(-m.number(R * R) / 2)))


def spectrum_of_slope(m: Arithmetic, w: Number) -> Number:
    return m.pi * w / m.sinh(m.pi * w)


def spectrum_of_slope_by_quadrature(m: Arithmetic, w: Number) -> Number:
    R = m.cut()
    half = m.integral(lambda x: m.cos(w * x) / (2 * m.cosh(x / 2) ** 2), *m.panels(0, R, 2))
    return half + m.tail(4 * m.exp(-m.number(R)))


_FREQUENCIES = ({"w": "1", "a": "3"}, {"w": "-2.5", "a": "1"}, {"w": "0.001", "a": "2"}, {"w": "7", "a": "20"})
_ANY = {"w": Range("0.2", "9"), "a": Range("0.5", "8")}

CLAIMS = (
    Claim(
        id="sigmoid-definition",
        title="The logistic function is a shifted, scaled hyperbolic tangent",
        sources=(Source("pan2021", "Section 3.2; Appendix B", "8, 50", "reconstructed"),),
        statement=r"$\sigma(x) = 1/(1 + e^{-x})$, which is $(1 + \tanh(x/2))/2$.",
        verdict="holds",
        proof="Divide numerator and denominator by $e^{-x/2}$.",
        checks=(
            Identity(
                name="through tanh",
                closed=by_tanh,
                independent=sigmoid,
                points=({"x": "0"}, {"x": "-30"}, {"x": "40"}, {"x": "0.001"}),
                random={"x": Range("-20", "20")},
            ),
        ),
    ),
    Claim(
        id="sigmoid-integrable",
        title="The sigmoid is absolutely integrable",
        sources=(Source("pan2021", "Section 3.2; Section 4; Appendix B", "", "reconstructed"),),
        statement=r"$\int_{-\infty}^{\infty} |\sigma(x)|\,dx < \infty$, so that its Fourier transform exists as an "
        "integral.",
        verdict="refuted",
        corrected=r"$\int_{-R}^{R} \sigma(x)\,dx = R$, which grows without bound: $\sigma$ tends to 1, not to 0.",
        proof=r"$\sigma(x) + \sigma(-x) = 1$: the integral over $[-R, R]$ is the length of $[0, R]$.",
        checks=(
            Identity(
                name="the integral over [-R, R] is R",
                closed=mass,
                independent=mass_by_quadrature,
                points=({"R": 1}, {"R": 7}, {"R": 40}),
            ),
            Contradiction(
                name="what lies beyond R would have to vanish",
                claimed=lambda m, R: m.number(0),
                actual=mass_between,
                points=({"R": 10}, {"R": 30}),
            ),
        ),
    ),
    Claim(
        id="sigmoid-fourier-line",
        title="The sigmoid has a Fourier transform given by a hypergeometric function",
        sources=(
            Source("pan2021", "Theorem 3.3", "9-11", "reconstructed"),
            Source("pan2021", "Appendix B", "51-53", "reconstructed"),
        ),
        statement=r"$\hat\sigma(w) = \int_{-\infty}^{\infty} \sigma(x) e^{-iwx}\,dx$ exists as a function.",
        verdict="refuted",
        corrected=r"As a tempered distribution $\hat\sigma = \pi\delta(w) - i\pi\,\mathrm{PV}\,1/\sinh(\pi w)$. "
        r"The integral over $[-a, a]$ has a closed form (see sigmoid-fourier-interval) that does not converge as "
        r"$a \to \infty$.",
        proof=r"$\sigma - 1/2$ is odd and bounded with derivative $\sigma'$ in $L^1$, so that $iw\,\hat\sigma = "
        r"\pi w/\sinh(\pi w)$; dividing by $iw$ leaves a multiple of $\delta$, which the mean 1/2 fixes at $\pi$.",
        picture="truncated-sigmoid",
        checks=(
            Contradiction(
                name="half a period further changes the truncated transform",
                claimed=on_interval_by_quadrature,
                actual=half_a_period_further,
                points=({"w": "1", "a": "30"}, {"w": "0.3", "a": "50"}),
            ),
            Identity(
                name="as a distribution, paired with e^(-(w-s)²/2)",
                closed=spectrum_paired,
                independent=sigmoid_paired,
                points=({"s": "1e-6"}, {"s": "2"}, {"s": "-0.7"}),
            ),
        ),
    ),
    Claim(
        id="sigmoid-fourier-interval",
        title="The Fourier transform of the sigmoid on an interval",
        sources=(
            Source("pan2021", "Theorem 3.3", "9-11", "reconstructed"),
            Source("pan2021", "Appendix B", "51-53", "reconstructed"),
        ),
        statement=r"$\int_{-a}^{a} \sigma(x) e^{-iwx}\,dx = P(a) - P(-a)$ with "
        r"$P(x) = \frac{i}{w} e^{-iwx}\,{}_2F_1(1, iw; 1 + iw; -e^{-x})$.",
        verdict="conditional",
        hypotheses=r"On a bounded interval, for $w \ne 0$ (at $w = 0$ the value is $a$), with the analytic "
        r"continuation of ${}_2F_1$: at $-a$ its argument $-e^{a}$ lies outside the disc of convergence.",
        proof=r"Differentiate: $P' = \sigma e^{-iwx}$, since ${}_2F_1(1, b; 1 + b; z) = b \sum z^n/(b + n)$.",
        picture="truncated-sigmoid",
        checks=(
            Identity(
                name="P(a) - P(-a) against quadrature",
                closed=on_interval,
                independent=on_interval_by_quadrature,
                points=_FREQUENCIES,
                random=_ANY,
            ),
            Identity(
                name="the value at w = 0",
                closed=at_zero,
                independent=at_zero_by_quadrature,
                points=({"a": "1"}, {"a": "12.5"}),
            ),
        ),
    ),
    Claim(
        id="gauss-series",
        title="The hypergeometric function as Gauss' series",
        sources=(Source("pan2021", "Theorem 3.3", "12", "reconstructed"),),
        statement=r"${}_2F_1(a, b; c; z) = \sum_n \frac{(a)_n (b)_n}{(c)_n} \frac{z^n}{n!}$, "
        "used at every argument that Theorem 3.3 needs.",
        verdict="conditional",
        hypotheses=r"$|z| < 1$. Theorem 3.3 needs $z = -e^{a}$ too, where the series diverges: there the analytic "
        "continuation is meant.",
        proof=r"The ratio of neighbouring terms tends to $z$.",
        checks=(
            Identity(
                name="inside the unit disc, against Euler's integral",
                closed=gauss_series,
                independent=euler_integral,
                points=({"w": "1", "z": "-0.5"}, {"w": "-4", "z": "0.3"}, {"w": "0.01", "z": "-0.7"}),
            ),
            Contradiction(
                name="outside, sixty terms are nowhere near",
                claimed=sixty_terms,
                actual=continued,
                points=({"w": "1", "a": "1"}, {"w": "2", "a": "0.5"}),
            ),
        ),
    ),
    Claim(
        id="sigmoid-fourier-frequency-derivative",
        title="The derivative in w of the sigmoid's transform on an interval",
        sources=(
            Source("pan2021", "Theorem 3.3", "13", "reconstructed"),
            Source("pan2021", "Appendix B", "54", "reconstructed"),
        ),
        statement=r"The derivative of the transform exists, in closed form.",
        verdict="conditional",
        hypotheses=r"On $[-a, a]$; with $b = iw$ and $z = -e^{-x}$, $\frac{d}{db}[{}_2F_1(1, b; 1 + b; z)/b] = "
        r"-\Phi(z, 2, b)$, Lerch's transcendent. It is a derivative in $w$: back-propagation does not use it "
        "(see derivative-is-not-backward).",
        proof=r"${}_2F_1(1, b; 1 + b; z)/b = \Phi(z, 1, b) = \sum z^n/(b + n)$; differentiate each term.",
        checks=(
            Identity(
                name="by Lerch's transcendent, against quadrature",
                closed=slope_on_interval,
                independent=slope_by_quadrature,
                points=({"w": "-2.5", "a": "1"}, {"w": "0.1", "a": "2"}),
                random={"w": Range("0.5", "5"), "a": Range("0.5", "4")},
                draws=1,
            ),
        ),
    ),
    Claim(
        id="sigmoid-slope-spectrum",
        title="The derivative of the sigmoid has a transform in the ordinary sense",
        statement=r"$\int \sigma'(x) e^{-iwx}\,dx = \pi w/\sinh(\pi w)$, which is 1 at $w = 0$.",
        verdict="holds",
        proof=r"Residues of $\sigma'$ at $i\pi(2n + 1)$ give a geometric series in $e^{-2\pi w}$.",
        checks=(
            Identity(
                name="against quadrature of 1/(4 cosh²(x/2))",
                closed=spectrum_of_slope,
                independent=spectrum_of_slope_by_quadrature,
                points=({"w": "1"}, {"w": "1e-9"}, {"w": "-3"}),
                random={"w": Range("0.1", "4")},
            ),
        ),
    ),
)
