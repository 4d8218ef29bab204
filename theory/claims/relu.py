"""ReLU and the Heaviside step: on an interval, and as distributions."""

from __future__ import annotations

import math
from fractions import Fraction

from ..arithmetic import Arithmetic, Number
from ..checks import Bound, Contradiction, Identity, Range
from ..claim import Claim, Source


# -- what it is: arguments n/d in whole numbers, so that the greater of two is known ---------------------
def relu(m: Arithmetic, x: Number) -> Number:
    return (x + m.abs(x)) / 2


def greater(m: Arithmetic, n: int, d: int) -> Number:
    return m.number(Fraction(max(n, 0), d))


def through_the_step(m: Arithmetic, n: int, d: int) -> Number:
    x = m.number(Fraction(n, d))
    return x * (1 + x / m.abs(x)) / 2


def scaled(m: Arithmetic, c: int, n: int, d: int) -> Number:
    return c * relu(m, m.number(Fraction(n, d)))


# -- on [0, a] -----------------------------------------------------------------------------------------
def _quarters(a: Number) -> list[Number]:
    return [a * k / 4 for k in range(5)]


def on_interval(m: Arithmetic, w: Number, a: Number) -> Number:
    E = m.exp(-m.i * w * a)
    return (E * (1 + m.i * w * a) - 1) / w**2


def slope_on_interval(m: Arithmetic, w: Number, a: Number) -> Number:
    E = m.exp(-m.i * w * a)
    return (a**2 * w**2 * E - 2 * E * (1 + m.i * w * a) + 2) / w**3


def on_interval_by_quadrature(m: Arithmetic, w: Number, a: Number) -> Number:
    return m.integral(lambda x: x * m.exp(-m.i * w * x), *_quarters(a))


def slope_by_quadrature(m: Arithmetic, w: Number, a: Number) -> Number:
    return m.integral(lambda x: -m.i * x * x * m.exp(-m.i * w * x), *_quarters(a))


def both_at_zero(m: Arithmetic, a: Number) -> list[Number]:
    return [a**2 / 2, -m.i * a**3 / 3]


# -- the step as the limit of e^{-beta x} H(x) -----------------------------------------------------------
def decaying_step(m: Arithmetic, beta: Number, w: Number) -> Number:
    return (beta - m.i * w) / (beta**2 + w**2)


def decaying_step_by_quadrature(m: Arithmetic, beta: Number, w: Number) -> Number:
    """For beta >= 1."""
    R = m.cut()
    return m.integral(lambda x: m.exp(-(beta + m.i * w) * x), *m.panels(0, R, 10)) + m.tail(m.exp(-beta * R))


def decaying_step_paired(m: Arithmetic, n: int, s: Number) -> Number:
    """Pair 1/(beta + iw), beta = 10^-n, with the Gaussian e^{-(w-s)²/2}."""
    z = m.number(Fraction(1, 10**n)) + m.i * s
    return m.pi * m.exp(z * z / 2) * m.erfc(z / m.sqrt(m.number(2)))


def decaying_step_paired_by_quadrature(m: Arithmetic, n: int, s: Number) -> Number:
    """With w = beta sinh u, for |s| <= 2."""
    beta, R = m.number(Fraction(1, 10**n)), m.cut(0.5, 2)
    U = math.ceil(math.log(2 * (R + 2)) + n * math.log(10)) + 1
    gaussian = lambda w: m.exp(-((w - s) ** 2) / 2)
    inside = m.integral(lambda u: gaussian(beta * m.sinh(u)) * (1 / m.cosh(u) - m.i * m.tanh(u)), *m.panels(-U, U))
    return inside + m.tail(2 * m.exp(-m.number(R * R) / 2))


# -- as distributions: paired with e^{-(w-s)²/2}, s between -2 and 2, whose translates are dense -----------
def step_paired(m: Arithmetic, s: Number) -> Number:
    """Pair pi delta + PV 1/(iw)."""
    R = m.cut(0.25, 2)
    # (e^{sw} - e^{-sw})/w = 2s sinc(isw); from R >= 4|s| on the integrand is below e^{-w²/4}.
    odd = m.integral(lambda w: 2 * s * m.sinc(m.i * s * w) * m.exp(-w * w / 2), *m.panels(0, R, 4))
    return m.exp(-s * s / 2) * (m.pi - m.i * (odd + m.tail(m.exp(-m.number(R * R) / 4))))


def step_by_quadrature(m: Arithmetic, s: Number) -> Number:
    """Integrate the transform of the Gaussian, sqrt(2 pi) e^{-isx - x²/2}, over x > 0."""
    R = m.cut(0.5, 2)
    inside = m.integral(lambda x: m.exp(-m.i * s * x - x * x / 2), *m.panels(0, R, 4))
    return m.sqrt(2 * m.pi) * (inside + m.tail(m.exp(-m.number(R * R) / 2)))


def relu_paired(m: Arithmetic, s: Number) -> Number:
    """Pair i pi delta' - f.p. 1/w²: the finite part is the integral over w > 0 of (g(w) + g(-w) - 2g(0))/w²."""
    R = m.cut(0.25, 2)
    # cosh(sw) - 1 = s²w² sinc(isw/2)²/2; the rest, (e^{-w²/2} - 1)/w², has the integral -sqrt(pi/2).
    part = m.integral(lambda w: (s * m.sinc(m.i * s * w / 2)) ** 2 * m.exp(-w * w / 2), *m.panels(0, R, 4))
    part = part + m.tail(m.exp(-m.number(R * R) / 4)) - m.sqrt(2 * m.pi)
    return m.exp(-s * s / 2) * (-m.i * m.pi * s - part)


def relu_by_quadrature(m: Arithmetic, s: Number) -> Number:
    R = m.cut(0.5, 2)
    inside = m.integral(lambda x: x * m.exp(-m.i * s * x - x * x / 2), *m.panels(0, R, 4))
    return m.sqrt(2 * m.pi) * (inside + m.tail(m.exp(-m.number(R * R) / 2)))


def relu_against_a_zero(m: Arithmetic, b: Number) -> Number:
    """Pair ReLU's spectrum with (1 + bw) w² e^{-w²/2}: integrate x over x > 0 against the transform of that."""
    R = m.cut(0.5, 2)
    wave = lambda x: (1 - x * x + m.i * b * (x**3 - 3 * x)) * m.exp(-x * x / 2)
    rest = m.tail((1 + m.abs(b)) * 2 * m.number(R) ** 4 * m.exp(-m.number(R * R) / 2))
    return m.sqrt(2 * m.pi) * (m.integral(lambda x: x * wave(x), *m.panels(0, R, 4)) + rest)


_PAN = "pan2021"
_ON_INTERVAL = ({"w": "1", "a": "3"}, {"w": "1e-9", "a": "2"}, {"w": "-7", "a": "20"}, {"w": "0.01", "a": "1"})
_ANY = {"w": Range("0.2", "9"), "a": Range("0.5", "8")}
_SHIFTS = ({"s": "0"}, {"s": "1"}, {"s": "-1.9"})

CLAIMS = (
    Claim(
        id="relu-definition",
        title="ReLU, and ReLU through the Heaviside step",
        sources=(Source(_PAN, "Section 3.2", "14, 19", "reconstructed"),),
        statement=r"$\mathrm{ReLU}(x) = \max(0, x) = x H(x)$, with $H(x) = 0$ for $x < 0$ and 1 for $x > 0$.",
        verdict="holds",
        proof="Both are 0 left of 0 and x right of it. Whatever the step is at 0, the product is 0 there.",
        checks=(
            Identity(
                name="x H(x), x not 0, against the greater of 0 and x",
                closed=through_the_step,
                independent=greater,
                points=({"n": 1, "d": 10**9}, {"n": -7, "d": 3}, {"n": 5, "d": 7}),
            ),
        ),
    ),
    Claim(
        id="relu-is-linear",
        title="ReLU is linear",
        sources=(Source(_PAN, "Section 3.2"),),
        statement="Different from the non-linear sigmoid, ReLU is linear.",
        verdict="refuted",
        corrected=r"It is linear on each half line and homogeneous: $\mathrm{ReLU}(cx) = c\,\mathrm{ReLU}(x)$ for "
        r"$c \geq 0$ only. It is not additive.",
        proof=r"$\mathrm{ReLU}(1) + \mathrm{ReLU}(-1) = 1$, and $\mathrm{ReLU}(0) = 0$.",
        checks=(
            Contradiction(
                name="sums",
                claimed=lambda m, x, y: relu(m, x) + relu(m, y),
                actual=lambda m, x, y: relu(m, x + y),
                points=({"x": "1", "y": "-1"}, {"x": "3", "y": "-0.5"}),
            ),
            Identity(
                name="multiples from 0 on",
                closed=scaled,
                independent=lambda m, c, n, d: greater(m, c * n, d),
                points=({"c": 0, "n": 2, "d": 3}, {"c": 3, "n": -1, "d": 5}, {"c": 7, "n": 4, "d": 9}),
            ),
        ),
    ),
    Claim(
        id="relu-fourier-interval",
        title="The Fourier transform of ReLU on [0, a]",
        sources=(Source(_PAN, "Theorem 3.4; Section 3.2", "15-17", "reconstructed"),),
        statement=r"$\int_0^a x e^{-iwx}\,dx = (E(1 + iwa) - 1)/w^2$ with $E = e^{-iwa}$.",
        verdict="holds",
        hypotheses=r"$w \ne 0$; at $w = 0$ the value is $a^2/2$. Near 0 the formula cancels: it loses twice the "
        r"digits of $1/w$. It has no limit as $a \to \infty$.",
        proof="Integrate by parts once.",
        checks=(
            Identity(
                name="against quadrature",
                closed=on_interval,
                independent=on_interval_by_quadrature,
                points=_ON_INTERVAL,
                random=_ANY,
                draws=2,
                guard=30,
            ),
            Identity(
                name="at w = 0, with the derivative",
                closed=both_at_zero,
                independent=lambda m, a: [f(m, 0, a) for f in (on_interval_by_quadrature, slope_by_quadrature)],
                points=({"a": "3"}, {"a": "0.7"}),
            ),
        ),
    ),
    Claim(
        id="relu-fourier-frequency-derivative",
        title="The derivative in w of ReLU's transform on [0, a]",
        sources=(Source(_PAN, "Theorem 3.4; Section 3.2", "18", "reconstructed"),),
        statement=r"Back-propagation through ReLU in the frequency domain has the form "
        r"$(a^2 w^2 E - 2E(1 + iwa) + 2)/w^3$, $E = e^{-iwa}$.",
        verdict="conditional",
        hypotheses=r"As the derivative in $w$ of the transform on $[0, a]$, $w \ne 0$ (at $w = 0$: $-ia^3/3$). "
        r"Back-propagation multiplies by the slope of ReLU at each $x$, and has another transform.",
        proof=r"The derivative of $E(1 + iwa)$ is $a^2 w E$. It is also the transform of $-ix^2$ on $[0, a]$.",
        checks=(
            Identity(
                name="against quadrature",
                closed=slope_on_interval,
                independent=slope_by_quadrature,
                points=_ON_INTERVAL,
                random=_ANY,
                draws=2,
                guard=30,
            ),
            Contradiction(
                name="not what the backward pass gives for the cotangent 1",
                claimed=slope_on_interval,
                actual=lambda m, w, a: m.integral(lambda x: m.exp(-m.i * w * x), *_quarters(a)),
                points=({"w": "1", "a": "3"}, {"w": "-2", "a": "1"}),
            ),
        ),
    ),
    Claim(
        id="step-as-a-limit",
        title="The step as a limit of decays, and the Lorentzian as one of the delta function",
        sources=(Source(_PAN, "Theorem 3.5; Section 3.2", "20-22", "reconstructed"),),
        statement=r"$H(x) = \lim e^{-\beta x} H(x)$ as $\beta \to 0+$; the transform of $e^{-\beta x} H(x)$ is "
        r"$1/(\beta + iw) = (\beta - iw)/(\beta^2 + w^2)$; and $\beta/(\beta^2 + w^2) \to \pi\delta(w)$.",
        verdict="holds",
        proof=r"Paired with $e^{-(w - s)^2/2}$ the transform gives $\pi e^{z^2/2} \mathrm{erfc}(z/\sqrt{2})$, "
        r"$z = \beta + is$. Its real part, from the Lorentzian, is within $4\beta$ of $\pi e^{-s^2/2}$.",
        checks=(
            Identity(
                name="the transform",
                closed=decaying_step,
                independent=decaying_step_by_quadrature,
                points=({"beta": "1", "w": "0"}, {"beta": "3", "w": "-2"}, {"beta": "1.5", "w": "0.01"}),
            ),
            Identity(
                name="paired with e^(-(w-s)²/2), beta = 10^-n",
                closed=decaying_step_paired,
                independent=decaying_step_paired_by_quadrature,
                points=({"n": 0, "s": "0"}, {"n": 1, "s": "-1"}, {"n": 4, "s": "2"}),
            ),
            Bound(
                name="its real part is within 4 beta of pi delta",
                quantity=lambda m, n, s: decaying_step_paired_by_quadrature(m, n, s) - m.pi * m.exp(-s * s / 2),
                low=lambda m, n, s: m.number(Fraction(-4, 10**n)),
                high=lambda m, n, s: m.number(Fraction(4, 10**n)),
                points=({"n": 2, "s": "0"}, {"n": 4, "s": "1"}, {"n": 6, "s": "-2"}),
            ),
        ),
    ),
    Claim(
        id="step-spectrum",
        title="The Fourier transform of the Heaviside step",
        sources=(Source(_PAN, "Theorem 3.5; Section 3.2", "23", "reconstructed"),),
        statement=r"The Fourier transform of $H$ is $\pi\delta(w) + \mathrm{PV}\,1/(iw)$.",
        verdict="holds",
        hypotheses="As a tempered distribution; the integral does not converge.",
        proof=r"The limit of $1/(\beta + iw)$ (see step-as-a-limit), its real part and its imaginary part.",
        checks=(
            Identity(
                name="paired with e^(-(w-s)²/2)",
                closed=step_paired,
                independent=step_by_quadrature,
                points=_SHIFTS,
                random={"s": Range("-2", "2")},
                draws=1,
            ),
        ),
    ),
    Claim(
        id="relu-spectrum-is-a-delta",
        title="ReLU in the frequency domain is a multiple of the delta function",
        sources=(Source(_PAN, "Theorem 3.5", "19-23", "reconstructed"),),
        statement=r"The Fourier transform of ReLU is $C\,\delta(w)$, where $C$ is a constant or a function.",
        verdict="refuted",
        corrected=r"It is $i\pi\delta'(w) - \mathrm{f.p.}\,1/w^2$, with Hadamard's finite part.",
        proof=r"$C(w)\,\delta(w) = C(0)\,\delta(w)$ is the spectrum of a constant. $x H(x)$ has $i\,d/dw$ of the "
        r"spectrum of $H$; the derivative of $\mathrm{PV}\,1/w$ is $-\mathrm{f.p.}\,1/w^2$.",
        checks=(
            Contradiction(
                name="any C delta gives 0 for (1 + bw) w² e^(-w²/2)",
                claimed=lambda m, b: m.number(0),
                actual=relu_against_a_zero,
                points=({"b": "1"}, {"b": "-0.5"}),
            ),
            Identity(
                name="the corrected spectrum, paired with e^(-(w-s)²/2)",
                closed=relu_paired,
                independent=relu_by_quadrature,
                points=_SHIFTS,
                random={"s": Range("-2", "2")},
                draws=1,
            ),
        ),
    ),
)
