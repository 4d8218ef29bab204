"""Activations by their Taylor polynomials at 0, and by their tangents there.

A parameter f picks the function, as in the claims on least squares: 0 sigmoid, 1 tanh, 3 GELU, 4 SiLU.
"""

from __future__ import annotations

from fractions import Fraction
from math import comb, factorial

from ..arithmetic import Arithmetic, Number
from ..checks import Bound, Contradiction, Identity, Range
from ..claim import Claim, Source
from .approximation import activation, by_engine, line, value


# -- Taylor -------------------------------------------------------------------------------------------------
def bernoulli(n: int) -> Fraction:
    """Return the Bernoulli number B_n by its recurrence."""
    return -sum((comb(n + 1, k) * bernoulli(k) for k in range(n)), Fraction(0)) / (n + 1) if n else Fraction(1)


def taylor(m: Arithmetic, f: int, degree: int) -> list[Number]:
    """Return the coefficients of the Taylor polynomial at 0, from the constant up."""
    return [taylor_coefficient(m, f, k) for k in range(degree + 1)]


def taylor_coefficient(m: Arithmetic, f: int, k: int) -> Number:
    """Return one of them: of tanh by Bernoulli numbers, of GELU by the series of erf."""
    start = line(m, f)[k] if k < 2 else m.number(0)
    # GELU and SiLU are x times a function of the kind of the others.
    j = k - 1 if f >= 3 else k
    if j < 1 or j % 2 == 0:
        return start
    if f == 3:
        n = j // 2
        return start + (-1) ** n / (m.sqrt(2 * m.pi) * 2**n * factorial(n) * j)
    slope = Fraction(2 ** (j + 1) * (2 ** (j + 1) - 1), factorial(j + 1)) * bernoulli(j + 1)
    return start + m.number(slope if f == 1 else slope / 2 ** (j + 1))


def by_cauchy(m: Arithmetic, f: int, degree: int) -> list[Number]:
    """Return the same as means over N points of a circle of radius 1/4.

    They add the coefficients of order k + N, k + 2N, ... times 4^-N, 16^-N, ...; on the unit circle, which holds no
    pole, all functions are below 2, and so are these coefficients.
    """
    N = m.cut(1.38)
    values = [activation(m, f, m.unit(n, N) / 4) for n in range(N)]
    means = [sum(v * m.unit(-k * n, N) for n, v in enumerate(values)) / N for k in range(degree + 1)]
    return [m.re(mean) * 4**k + m.tail(4 * m.number(4) ** (-N)) for k, mean in enumerate(means)]


def taylor_at(m: Arithmetic, f: int, degree: int, x: Number) -> Number:
    return value(taylor(m, f, degree), x)


def activation_at(m: Arithmetic, f: int, degree: int, x: Number) -> Number:
    return activation(m, f, x)


def error(m: Arithmetic, f: int, degree: int, x: Number) -> Number:
    return m.abs(activation(m, f, x) - value(taylor(m, f, degree), x))


def remainder(m: Arithmetic, f: int, degree: int, x: Number) -> Number:
    """Return the error at x in units of the first term left out."""
    order = degree + (1 if degree % 2 == f // 3 else 2)
    return error(m, f, degree, x) / (m.abs(taylor_coefficient(m, f, order)) * x**order)


def growth(m: Arithmetic, f: int, degree: int, x: Number) -> Number:
    """Return by how much the error grows from the even degree before."""
    return error(m, f, degree, x) / error(m, f, degree - 2, x)


# -- tangents ---------------------------------------------------------------------------------------------------
def tangent_of_tanh(m: Arithmetic, x: Number) -> Number:
    return x


def tangent_of_sigmoid(m: Arithmetic, x: Number) -> Number:
    return (2 + x) / 4


def tanh_error_by_cube(m: Arithmetic, x: Number) -> Number:
    return (x - m.tanh(x)) / x**3


def sigmoid_error_by_cube(m: Arithmetic, x: Number) -> Number:
    return (tangent_of_sigmoid(m, x) - 1 / (1 + m.exp(-x))) / x**3


def tangents(m: Arithmetic) -> list[Number]:
    """Return value and slope at 0 of tanh, then of the sigmoid."""
    return [m.number(0), m.number(1), m.number("1/2"), m.number("1/4")]


def tangents_by_cauchy(m: Arithmetic) -> list[Number]:
    return by_cauchy(m, 1, 1) + by_cauchy(m, 0, 1)


def tangents_at(m: Arithmetic, x: Number) -> list[Number]:
    return [tangent_of_tanh(m, x), tangent_of_sigmoid(m, x)]


def both_at(m: Arithmetic, x: Number) -> list[Number]:
    return [m.tanh(x), 1 / (1 + m.exp(-x))]


# -- the engine ---------------------------------------------------------------------------------------------------
def engine_taylor(m: Arithmetic, f: int, degree: int) -> list[Number]:
    return by_engine(m, f, degree, "taylor")


CLAIMS = (
    Claim(
        id="activations-taylor",
        title="Activations by their Taylor polynomials at 0",
        statement="An activation may be replaced by its Taylor polynomial at 0, which higher degrees make better.",
        verdict="conditional",
        hypotheses=r"Inside the circle of convergence: $|x| < \pi/2$ for tanh, $\pi$ for the sigmoid and SiLU; GELU is "
        "entire, and still worse with each even degree up to 14 at $x = 4$. ReLU has none.",
        proof=r"$\tanh x = \sum_n 2^{2n}(2^{2n} - 1) B_{2n}\,x^{2n-1}/(2n)!$, $\sigma(x) = (1 + \tanh(x/2))/2$, and "
        r"$\Phi(x) = 1/2 + (2\pi)^{-1/2} \sum_n (-1)^n x^{2n+1}/(2^n n!\,(2n + 1))$. The nearest poles are at "
        r"$\pm i\pi/2$ and $\pm i\pi$.",
        checks=(
            Identity(
                name="coefficients, against means over a circle",
                closed=taylor,
                independent=by_cauchy,
                points=tuple({"f": f, "degree": degree} for f, degree in ((0, 5), (1, 7), (3, 6), (4, 4))),
            ),
            Bound(
                name="inside the circle the error is at most the first term left out, and of its size",
                quantity=remainder,
                low="0.7",
                high="1",
                points=tuple(
                    {"f": f, "degree": d, "x": x} for f in (0, 1, 3, 4) for d in (1, 3, 7) for x in ("0.01", "1")
                ),
            ),
            Contradiction(
                name="at x = 4 it is far off",
                claimed=taylor_at,
                actual=activation_at,
                points=tuple({"f": f, "degree": degree, "x": "4"} for f in (0, 1, 3, 4) for degree in (3, 7)),
                gap="0.3",
            ),
            Bound(
                name="at x = 4 each even degree of GELU is worse",
                quantity=growth,
                low="1.05",
                points=tuple({"f": 3, "degree": degree, "x": "4"} for degree in range(4, 16, 2)),
            ),
            Identity(
                name="freqnet's coefficients",
                closed=taylor,
                independent=engine_taylor,
                points=tuple({"f": f, "degree": degree} for f in (0, 1, 3, 4) for degree in (1, 4, 7)),
                engine=True,
                not_enclosed="the engine computes in double precision",
            ),
        ),
    ),
    Claim(
        id="activations-tangent",
        title="An activation replaced by its tangent",
        sources=(Source("ko2017", "linear activations"),),
        statement="In the frequency domain tanh is replaced by $x$, the sigmoid by $1/2 + x/4$: this needs no product.",
        verdict="conditional",
        hypotheses=r"The signal stays near 0: for $x \geq 0$ the tangents are too large by $x^3/3$ and $x^3/48$ at "
        r"most. At $x = 4$ they are off by 3 and .52. And a network of tangents is one affine map.",
        proof=r"$\tanh' = 1 - \tanh^2 \geq 1 - x^2$; integrate. $\sigma(x) = (1 + \tanh(x/2))/2$.",
        checks=(
            Identity(
                name="the tangents, against means over a circle",
                closed=tangents,
                independent=tangents_by_cauchy,
            ),
            Bound(
                name="tanh is below, by a third of a cube at most",
                quantity=tanh_error_by_cube,
                low="0",
                high="1/3",
                points=({"x": "0.001"}, {"x": "0.5"}, {"x": "4"}),
                random={"x": Range("0.1", "6")},
            ),
            Bound(
                name="the sigmoid is below, by 1/48 of a cube at most",
                quantity=sigmoid_error_by_cube,
                low="0",
                high="1/48",
                points=({"x": "0.001"}, {"x": "0.5"}, {"x": "4"}),
                random={"x": Range("0.1", "6")},
            ),
            Contradiction(
                name="further out they are others",
                claimed=tangents_at,
                actual=both_at,
                points=({"x": "4"}, {"x": "1.5"}, {"x": "-3"}),
                gap="0.2",
            ),
        ),
    ),
)
