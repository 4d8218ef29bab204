"""Back from the Laplace transform: an integral over complex p, and what real p give instead."""

from __future__ import annotations

import math
from collections.abc import Callable
from fractions import Fraction

from ..arithmetic import Arithmetic, Number
from ..checks import Bound, Contradiction, Identity, Range
from ..claim import Claim, Source

#: Half a unit in the last place of a double, relative.
ROUNDING = Fraction(1, 2**53)


# -- complex p: along a parabola around the negative axis --------------------------------------------------------
def along_parabola(m: Arithmetic, transform: Callable[[Number], Number], t: Number) -> Number:
    """Return Bromwich's integral, moved to p = 4 (1 + iv)^2 / t, where e^{pt} decays as e^{-4 v^2}.

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


# -- real p: Gaver and Stehfest ------------------------------------------------------------------------------------
def stehfest_weights(size: int) -> list[Fraction]:
    """Return the weights of Stehfest's formula of an even size, which alternate in sign and grow."""
    half, f = size // 2, math.factorial

    def term(k: int, j: int) -> Fraction:
        return Fraction(j**half * f(2 * j), f(half - j) * f(j) * f(j - 1) * f(k - j) * f(2 * j - k))

    return [
        (-1) ** (k + half) * sum((term(k, j) for j in range((k + 1) // 2, min(k, half) + 1)), Fraction(0))
        for k in range(1, size + 1)
    ]


def stehfest(m: Arithmetic, size: int, t: Number, rounding: Fraction = Fraction(0)) -> Number:
    """Invert 1/(1 + p) from its values at real p, each off by a relative error of its weight's sign."""
    step = m.log(m.number(2)) / t
    weights = stehfest_weights(size)
    off = [m.number(1 + (rounding if weight > 0 else -rounding)) for weight in weights]
    return step * sum(m.number(v) * e / (1 + k * step) for k, (v, e) in enumerate(zip(weights, off, strict=True), 1))


def stehfest_error(m: Arithmetic, size: int, t: Number) -> Number:
    """Return the relative error of exact arithmetic at e^{-t}."""
    return m.abs(stehfest(m, size, t) * m.exp(t) - 1)


def stehfest_rounded(m: Arithmetic, size: int, t: Number) -> Number:
    return stehfest(m, size, t, ROUNDING)


def share_of_digits(m: Arithmetic, d: int, size: int) -> Number:
    """Return how many digits of e^{-1} come out, by d, of values that are off by one part in 10^d."""
    off = m.abs(stehfest(m, size, m.number(1), Fraction(1, 10**d)) * m.exp(m.number(1)) - 1)
    return -m.log(off) / (d * m.log(m.number(10)))


def decay(m: Arithmetic, size: int, t: Number) -> Number:
    return m.exp(-t)


def stehfest_error_in_doubles(m: Arithmetic, size: int) -> Number:
    step = math.log(2)
    terms = (float(v) / (1 + k * step) for k, v in enumerate(stehfest_weights(size), 1))
    return m.number(abs(step * sum(terms) / math.exp(-1) - 1))


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

CLAIMS = (
    Claim(
        id="laplace-inversion",
        title="The inverse Laplace transform is an integral over complex p",
        sources=(Source("pan2021", "Section 4", "35", "reconstructed"),),
        statement=r"$f(t) = \frac{1}{2\pi i} \int_{\beta - i\infty}^{\beta + i\infty} L(p) e^{pt}\,dp$.",
        verdict="conditional",
        hypotheses=r"$t > 0$, $f e^{-\beta t}$ integrable ($\beta$ right of the abscissa of absolute convergence), $f$ "
        r"continuous and of bounded variation near $t$; the integral is the limit over $[\beta - iW, \beta + iW]$ as "
        r"$W \to \infty$. The path runs through complex $p$. Where the singularities lie on $p \leq 0$ it may be bent "
        "around them, and the integral converges fast.",
        proof=r"It is Fourier inversion of $u(t) f(t) e^{-\beta t}$. On the parabola $p = 4 (1 + iv)^2/t$ the factor "
        "$e^{pt}$ decays as $e^{-4v^2}$; Cauchy's theorem moves the path.",
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
            Bound(
                name="in doubles, 20 complex nodes of Talbot's path give 12 digits",
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
        sources=(Source("pan2021", "Section 4; Definition 3", "35", "none"),),
        statement="In practice $p$ is a positive real number; so the inverse has to be taken from there.",
        verdict="conditional",
        hypotheses=r"The values are exact, or few digits are enough. The formula of Gaver and Stehfest, $f(t) \approx "
        r"\frac{\ln 2}{t} \sum_{k=1}^{N} V_k L(k \ln 2/t)$, converges in exact arithmetic, but its weights alternate "
        r"and grow: $8 \cdot 10^{14}$ at $N = 24$. At $t = 1$ doubles never give 7 digits of $e^{-t}$: $2.6 \cdot "
        "10^{-7}$ at best, at $N = 16$; 2 digits at $N = 24$, none at $N = 28$. Of values off by one part in $10^d$, "
        r"up and down, the best size makes about $0.42\,d$ digits. Complex $p$ lose nothing of the kind (see "
        "laplace-inversion).",
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
                low="1e-12",
                high="1e-7",
                points=({"size": 24, "t": "1"}, {"size": 24, "t": "3"}),
            ),
            Bound(
                name="64 exact values",
                quantity=stehfest_error,
                high="1e-27",
                points=({"size": 64, "t": "1"}, {"size": 64, "t": "3"}),
                guard=60,
            ),
            Bound(
                name="in doubles, at any size",
                quantity=stehfest_error_in_doubles,
                low="2e-7",
                points=tuple({"size": size} for size in range(2, 34, 2)),
                not_enclosed="the experiment is one in double precision",
            ),
            Bound(
                name="in doubles, beyond it",
                quantity=stehfest_error_in_doubles,
                low="1e-3",
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
