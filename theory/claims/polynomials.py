"""Activations as polynomials on [-4, 4]: least squares, Taylor, Chebyshev points and least largest errors.

A parameter f picks the function: 0 sigmoid, 1 tanh, 2 ReLU, 3 GELU, 4 SiLU. Each is the sum of a line (1/2, 0
or x/2) and a part g that is odd (0 and 1) or even (2 to 4); on [0, 4] every g is analytic. Degree 2n + 2 is therefore
no better than 2n + 1 for the first two, and from degree 2 on 2n + 1 is no better than 2n for the other three.
"""

from __future__ import annotations

from fractions import Fraction
from functools import lru_cache
from itertools import pairwise
from math import comb, factorial

from ..arithmetic import Arithmetic, Number, by_precision
from ..checks import Bound, Contradiction, Identity, Point, Range, Side
from ..claim import Claim, Source

# == least squares, and bounds of the error of a polynomial ==========================================================
NAMES = ("sigmoid", "tanh", "relu", "gelu", "silu")
LINES = (("1/2", "0"), ("0", "0"), ("0", "1/2"), ("0", "1/2"), ("0", "1/2"))
#: Half of the interval, and the number of parts of [0, 4] on which an error is bounded.
A, PARTS = 4, 200
#: Upper bounds of sup |g''| of each function: 1/(6 sqrt(3)), 4/(3 sqrt(3)), 0, 2/sqrt(2 pi), 1/2.
BENDS = ("0.0963", "0.77", "0", "0.798", "0.501")


def bent(m: Arithmetic, f: int, x: Number) -> Number:
    """Return g, the nonlinear part of the function, for x >= 0."""
    if f == 2:
        return x / 2
    if f == 3:
        return x * m.erf(x / m.sqrt(m.number(2))) / 2
    return (m.tanh(x / 2) / 2, m.tanh(x), None, None, x * m.tanh(x / 2) / 2)[f]


def line(m: Arithmetic, f: int) -> list[Number]:
    """Return the coefficients of the linear part."""
    return [m.number(c) for c in LINES[f]]


def activation(m: Arithmetic, f: int, x: Number, side: int = 1) -> Number:
    """Return the function at side * x, x >= 0, by its definition."""
    if f == 2:
        return x * (1 + side) / 2
    x = x * side
    logistic = 1 / (1 + m.exp(-x))
    normal = m.erfc(-x / m.sqrt(m.number(2))) / 2 if f == 3 else None
    return (logistic, 2 / (1 + m.exp(-2 * x)) - 1, None, None if normal is None else x * normal, x * logistic)[f]


def value(coefficients: list[Number], x: Number) -> Number:
    """Return a polynomial at x by Horner's rule."""
    total = coefficients[-1]
    for c in coefficients[-2::-1]:
        total = total * x + c
    return total


# -- bounds of the error --------------------------------------------------------------------------------------------
def largest_seen(m: Arithmetic, f: int, coefficients: list[Number]) -> Number:
    """Return the largest error at the points k/50 of [-4, 4], a lower bound of the supremum."""
    return _largest(m, [exact - value(coefficients, at) for at, exact in _on_grid(m, f)])


@by_precision
def _on_grid(m: Arithmetic, f: int) -> list[tuple[Number, Number]]:
    """Return the points k/50 of [-4, 4] and the function there, once for all polynomials."""
    straight = line(m, f)

    def both(x: Number) -> list[tuple[Number, Number]]:
        g = bent(m, f, x)
        return [
            (x, straight[0] + straight[1] * x + g),
            (-x, straight[0] - straight[1] * x + (-1 if f < 2 else 1) * g),
        ]

    return [pair for x in _grid(m) for pair in both(x)]


def nowhere_above(m: Arithmetic, f: int, coefficients: list[Number]) -> Number:
    """Return an upper bound of the error on [-4, 4]: between points h apart it rises by at most h^2/8 sup |e''|.

    The polynomial's own second derivative is at most its largest value at the same points, and h times a bound of the
    third, the sum of its terms at the ends.
    """
    twice = [i * (i - 1) * c for i, c in enumerate(coefficients) if i > 1] or [m.number(0)]
    third = sum(i * (i - 1) * (i - 2) * m.abs(c) * A ** (i - 3) for i, c in enumerate(coefficients) if i > 2)
    h = m.number(Fraction(A, PARTS))
    bend = _largest(m, [value(twice, side * x) for x in _grid(m) for side in (1, -1)])
    return largest_seen(m, f, coefficients) + h * h / 8 * (bend + h * third + m.number(BENDS[f]))


@by_precision
def _grid(m: Arithmetic) -> list[Number]:
    return [m.number(Fraction(A * k, PARTS)) for k in range(PARTS + 1)]


def _largest(m: Arithmetic, values: list[Number]) -> Number:
    """Return the largest modulus without comparisons, which balls do not have."""
    found = m.number(0)
    for v in values:
        size = m.abs(v)
        found = (found + size + m.abs(found - size)) / 2
    return found


# -- least squares ---------------------------------------------------------------------------------------------
def shares(m: Arithmetic, f: int, degree: int) -> dict[int, Number]:
    """Return the coefficients of g's Legendre polynomials P_n(x/4): those of g's parity."""
    return {n: share(m, f, n) for n in range(1 if f < 2 else 0, degree + 1, 2)}


@by_precision
def share(m: Arithmetic, f: int, n: int) -> Number:
    """Return the coefficient of P_n(x/4), once for all degrees."""
    factors = [(m.number(p), i) for i, p in legendre(n)]

    def weighted(t: Number) -> Number:
        return bent(m, f, 4 * t) * sum(p * t**i for p, i in factors)

    return (2 * n + 1) * m.integral(weighted, 0, m.number("0.5"), 1)


@by_precision
def mean_power(m: Arithmetic, f: int) -> Number:
    """Return the mean square of g, once for all degrees."""
    return m.integral(lambda t: bent(m, f, 4 * t) ** 2, 0, m.number("0.5"), 1)


def legendre(n: int) -> list[tuple[int, Fraction]]:
    """Return P_n as pairs of a power and its coefficient."""
    return [(n - 2 * k, Fraction((-1) ** k * comb(n, k) * comb(2 * n - 2 * k, n), 2**n)) for k in range(n // 2 + 1)]


def least_squares(m: Arithmetic, f: int, degree: int) -> list[Number]:
    """Return the coefficients, from the constant up, of the polynomial nearest in mean square on [-4, 4]."""
    out = line(m, f) + [m.number(0)] * (degree - 1)
    for n, part in shares(m, f, degree).items():
        for i, p in legendre(n):
            out[i] += part * m.number(p) / 4**i
    return out


def moments(m: Arithmetic, f: int, degree: int) -> list[Number]:
    """Return the integrals over [-4, 4] of the least-squares polynomial times 1, x, ..., x^degree."""
    c = least_squares(m, f, degree)
    return [
        sum(2 * u * m.number(4) ** (i + k + 1) / (i + k + 1) for i, u in enumerate(c) if i % 2 == k % 2)
        for k in range(len(c))
    ]


def moments_by_quadrature(m: Arithmetic, f: int, degree: int) -> list[Number]:
    def moment(k: int) -> Number:
        def both_sides(x: Number) -> Number:
            return (activation(m, f, x) + (-1) ** k * activation(m, f, x, -1)) * x**k

        return m.integral(both_sides, 0, 2, 4)

    return [moment(k) for k in range(degree + 1)]


def mean_square(m: Arithmetic, f: int, degree: int) -> Number:
    """Return the mean square of the least-squares error, by Pythagoras."""
    return mean_power(m, f) - sum(part**2 / (2 * n + 1) for n, part in shares(m, f, degree).items())


def mean_square_by_elimination(m: Arithmetic, f: int, degree: int) -> Number:
    """Return the same by elimination in the normal equations: the rest of the power of the function."""
    b = moments_by_quadrature(m, f, degree)
    power = m.integral(lambda x: activation(m, f, x) ** 2 + activation(m, f, x, -1) ** 2, 0, 2, 4)
    size = degree + 1
    rows = [
        [m.number(A) ** (i + j + 1) * (1 + (-1) ** (i + j)) / (i + j + 1) for j in range(size)] for i in range(size)
    ]
    table = [[*row, v] for row, v in zip(rows, b, strict=True)] + [[*b, power]]
    for i in range(size):
        for r in range(i + 1, size + 1):
            factor = table[r][i] / table[i][i]
            table[r] = [u - factor * v for u, v in zip(table[r], table[i], strict=True)]
    return table[-1][-1] / 8


def least_squares_seen(m: Arithmetic, f: int, degree: int) -> Number:
    return largest_seen(m, f, least_squares(m, f, degree))


def least_squares_above(m: Arithmetic, f: int, degree: int) -> Number:
    return nowhere_above(m, f, least_squares(m, f, degree))


def root_mean_square(m: Arithmetic, f: int, degree: int) -> Number:
    return m.sqrt(mean_square(m, f, degree))


def by_engine(m: Arithmetic, f: int, degree: int, method: str) -> list[Number]:
    """Return the coefficients that freqnet finds in double precision, as exact numbers."""
    from freqnet.approximate import approximate

    return [m.number(float(c)) for c in approximate(NAMES[f], degree, method, (-A, A)).coefficients]


def engine_least_squares(m: Arithmetic, f: int, degree: int) -> list[Number]:
    return by_engine(m, f, degree, "least-squares")


#: The largest error and the root mean square error of degrees 1, 3, 5, 7, to three digits.
SUP = (
    ("0.131", "0.0383", "0.0106", "0.00285"),
    ("0.424", "0.229", "0.123", "0.0644"),
    ("1.00", "0.375", "0.234", "0.171"),
    ("1.06", "0.300", "0.136", "0.0586"),
    ("1.11", "0.233", "0.0642", "0.0174"),
)
RMS = (
    ("0.0657", "0.0152", "0.00358", "0.000846"),
    ("0.274", "0.119", "0.0545", "0.0253"),
    ("0.577", "0.144", "0.0722", "0.0451"),
    ("0.629", "0.156", "0.0578", "0.0206"),
    ("0.610", "0.102", "0.0233", "0.00548"),
)
Table = tuple[tuple[str, ...], ...]
EVERY: tuple[Point, ...] = tuple({"f": f, "degree": degree} for f in range(5) for degree in (1, 3, 5, 7))


def figure(table: Table, factor: str) -> Side:
    """Return the number of a table at a point times a factor, as a bound."""
    return lambda m, f, degree: m.number(table[f][degree // 2]) * m.number(factor)


_DEGREES = tuple({"f": f, "degree": degree} for f, degree in ((0, 3), (1, 5), (2, 4), (3, 2), (4, 3)))

CLAIMS: tuple[Claim, ...] = (
    Claim(
        id="activations-least-squares",
        title="Activations on [-4, 4] by the polynomial nearest in mean square",
        statement="Expand in Legendre polynomials $P_n(x/4)$ and truncate the expansion. The largest errors at "
        "degree 3 are: sigmoid .038, tanh .229, ReLU .375, GELU .30, SiLU .233; the root mean squares are .0152, "
        ".119, .144, .156, .102. The checks contain those of degrees 1, 5 and 7.",
        verdict="holds",
        proof="The error is orthogonal to every polynomial of the degree, and the error of no other polynomial is. "
        r"Its supremum lies between the largest of its values at points $h$ apart and that value plus $h^2/8 \cdot "
        r"\sup|e''|$.",
        checks=(
            Identity(
                name="the error is orthogonal to all powers of x",
                closed=moments,
                independent=moments_by_quadrature,
                points=_DEGREES,
            ),
            Identity(
                name="its mean square, against elimination",
                closed=mean_square,
                independent=mean_square_by_elimination,
                points=_DEGREES,
            ),
            Bound(
                name="largest errors are reached",
                quantity=least_squares_seen,
                low=figure(SUP, "0.995"),
                points=EVERY,
            ),
            Bound(
                name="and nowhere exceeded",
                quantity=least_squares_above,
                high=figure(SUP, "1.02"),
                points=EVERY,
            ),
            Bound(
                name="root mean squares",
                quantity=root_mean_square,
                low=figure(RMS, "0.995"),
                high=figure(RMS, "1.005"),
                points=EVERY,
            ),
            Identity(
                name="freqnet's coefficients",
                closed=least_squares,
                independent=engine_least_squares,
                points=EVERY[2::3],
                engine=True,
            ),
        ),
    ),
)


# == Taylor polynomials and tangents =================================================================================
# -- Taylor -------------------------------------------------------------------------------------------------
def bernoulli(n: int) -> Fraction:
    """Return the Bernoulli number B_n by its recurrence."""
    return -sum((comb(n + 1, k) * bernoulli(k) for k in range(n)), Fraction(0)) / (n + 1) if n else Fraction(1)


def taylor(m: Arithmetic, f: int, degree: int) -> list[Number]:
    """Return the coefficients of the Taylor polynomial at 0, from the constant up."""
    return [taylor_coefficient(m, f, k) for k in range(degree + 1)]


def taylor_coefficient(m: Arithmetic, f: int, k: int) -> Number:
    """Return one coefficient, by Bernoulli numbers for tanh and by the series of erf for GELU."""
    start = line(m, f)[k] if k < 2 else m.number(0)
    # GELU and SiLU are x times a sigmoidal function.
    j = k - 1 if f >= 3 else k
    if j < 1 or j % 2 == 0:
        return start
    if f == 3:
        n = j // 2
        return start + (-1) ** n / (m.sqrt(2 * m.pi) * 2**n * factorial(n) * j)
    slope = Fraction(2 ** (j + 1) * (2 ** (j + 1) - 1), factorial(j + 1)) * bernoulli(j + 1)
    return start + m.number(slope if f == 1 else slope / 2 ** (j + 1))


def by_cauchy(m: Arithmetic, f: int, degree: int) -> list[Number]:
    """Return the same coefficients as means over N points of a circle of radius 1/4.

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


def taylor_error(m: Arithmetic, f: int, degree: int, x: Number) -> Number:
    return m.abs(activation(m, f, x) - value(taylor(m, f, degree), x))


def remainder(m: Arithmetic, f: int, degree: int, x: Number) -> Number:
    """Return the error at x in units of the first term left out."""
    order = degree + (1 if degree % 2 == f // 3 else 2)
    return taylor_error(m, f, degree, x) / (m.abs(taylor_coefficient(m, f, order)) * x**order)


def growth(m: Arithmetic, f: int, degree: int, x: Number) -> Number:
    """Return the ratio of the error to that of the previous even degree."""
    return taylor_error(m, f, degree, x) / taylor_error(m, f, degree - 2, x)


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


CLAIMS += (
    Claim(
        id="activations-taylor",
        title="Activations by their Taylor polynomials at 0",
        statement="An activation may be replaced by its Taylor polynomial at 0, and higher degrees make the "
        "approximation better.",
        verdict="conditional",
        hypotheses=r"$x$ lies inside the circle of convergence: $|x| < \pi/2$ for tanh, $|x| < \pi$ for the sigmoid "
        "and SiLU, any $x$ for GELU; and the degree is high enough.",
        corrected="For GELU at $x = 4$ each even degree up to 14 is worse than the one before. ReLU has no Taylor "
        "series at 0.",
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
                random={"f": Range(0, 1), "degree": Range(1, 7), "x": Range("0.01", "1")},
                screened=60,
                # Beyond the poles of the sigmoid and of tanh.
                outside={"f": Range(0, 1), "degree": Range(3, 7), "x": Range("4", "9")},
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
            ),
        ),
    ),
    Claim(
        id="activations-tangent",
        title="An activation replaced by its tangent",
        sources=(Source("ko2017", "linear activations"),),
        statement="In the frequency domain tanh is replaced by $x$, the sigmoid by $1/2 + x/4$: this needs no "
        "products.",
        verdict="conditional",
        hypotheses="The signal stays near 0.",
        corrected=r"For $x \geq 0$ the tangents exceed the functions by at most $x^3/3$ and "
        "$x^3/48$. At $x = 4$ their errors are 3 and .52. A network of tangents is one affine map.",
        proof=r"$\tanh' = 1 - \tanh^2 \geq 1 - x^2$; integrate. $\sigma(x) = (1 + \tanh(x/2))/2$.",
        checks=(
            Identity(
                name="the tangents, against means over a circle",
                closed=tangents,
                independent=tangents_by_cauchy,
            ),
            Bound(
                name="tanh is below, by a third of a cube at most",
                loose="the lower end says the sign only; the upper one is the limit at x = 0",
                quantity=tanh_error_by_cube,
                low="0",
                high="1/3",
                points=({"x": "0.001"}, {"x": "0.5"}, {"x": "4"}),
                random={"x": Range("0.1", "6")},
            ),
            Bound(
                name="the sigmoid is below, by 1/48 of a cube at most",
                loose="the lower end says the sign only; the upper one is the limit at x = 0",
                quantity=sigmoid_error_by_cube,
                low="0",
                high="1/48",
                points=({"x": "0.001"}, {"x": "0.5"}, {"x": "4"}),
                random={"x": Range("0.1", "6")},
            ),
            Bound(
                name="relative error of the tangent of tanh up to 1/2",
                quantity=lambda m, x: 1 - m.tanh(x) / x,
                high="0.0758",
                points=({"x": "0.5"},),
                random={"x": Range("0.001", "0.5")},
                screened=60,
                outside_points=({"x": "-0.6"},),
                outside={"x": Range("0.6", "6")},
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


# == Chebyshev points and least largest errors =======================================================================
# -- Chebyshev points ----------------------------------------------------------------------------------------
def chebyshev(m: Arithmetic, f: int, degree: int, x: Number) -> Number:
    """Return at x the interpolant through 4 cos((2k + 1) pi/(2n)), n = degree + 1: a sum of cosines of angles."""
    n = degree + 1
    angles = [(2 * k + 1) * m.pi / (2 * n) for k in range(n)]
    nodes = [4 * m.cos(angle) for angle in angles]
    start, slope = line(m, f)
    values = []
    for k, node in enumerate(nodes):
        g = bent(m, f, node) if 2 * k < n else (-1 if f < 2 else 1) * bent(m, f, -node)
        values.append(start + slope * node + g)
    c = [2 * sum(v * m.cos(j * a) for v, a in zip(values, angles, strict=True)) / n for j in range(n)]
    # T_j by its recurrence: x may lie anywhere.
    before, now, total = m.number(1), x / 4, c[0] / 2
    for j in range(1, n):
        total += c[j] * now
        before, now = now, x / 2 * now - before
    return total


def lagrange(m: Arithmetic, f: int, degree: int, x: Number) -> Number:
    """Return the interpolant at the same points in Lagrange's form."""
    n = degree + 1
    halves = [(-A * m.cos(m.pi * (k + m.number("1/2")) / n), -1 if 2 * k + 1 < n else 1) for k in range(n)]
    total = m.number(0)
    for k, (node, side) in enumerate(halves):
        term = activation(m, f, side * node, side)
        for j, (other, _) in enumerate(halves):
            term = term if j == k else term * (x - other) / (node - other)
        total += term
    return total


def chebyshev_powers(m: Arithmetic, f: int, degree: int) -> list[Number]:
    """Return the same polynomial by powers of x, from its values at 0, 1, ..., by Newton's differences."""
    column = [chebyshev(m, f, degree, m.number(k)) for k in range(degree + 1)]
    out, basis = [m.number(0)] * (degree + 1), [m.number(1)]
    for j in range(degree + 1):
        out = [u + column[0] * b for u, b in zip(out, [*basis, *([0] * (degree + 1 - len(basis)))], strict=True)]
        column = [(v - u) / (j + 1) for u, v in pairwise(column)]
        basis = [u - j * v for u, v in zip([0, *basis], [*basis, 0], strict=True)]
    return out


def chebyshev_seen(m: Arithmetic, f: int, degree: int) -> Number:
    return largest_seen(m, f, chebyshev_powers(m, f, degree))


def chebyshev_above(m: Arithmetic, f: int, degree: int) -> Number:
    return nowhere_above(m, f, chebyshev_powers(m, f, degree))


# -- minimax --------------------------------------------------------------------------------------------------
def _exact(m: Arithmetic, f: int, x: float) -> Number:
    """Return the function at a number in double precision."""
    return activation(m, f, m.number(abs(x)), 1 if x >= 0 else -1)


@lru_cache
def _minimax(f: int, degree: int) -> tuple[list[float], list[float]]:
    """Return freqnet's points of alternation and coefficients, once for all arithmetics."""
    from freqnet.approximate import approximate

    found = approximate(NAMES[f], degree, "minimax", (-A, A))
    return [float(x) for x in found.alternation], [float(c) for c in found.coefficients]


def level(m: Arithmetic, f: int, degree: int) -> Number:
    """Return the least largest error on freqnet's d + 2 alternation points, a lower bound for the error on [-4, 4].

    It is |sum_i w_i f(x_i)| / sum_i |w_i|, 1/w_i the product of x_i - x_j: these sums are 0 for polynomials.
    """
    floats, _ = _minimax(f, degree)
    points = [m.number(x) for x in floats]
    total, size = m.number(0), m.number(0)
    for i, x in enumerate(points):
        product = m.number(1)
        for j, other in enumerate(points):
            product = product * (x - other) if j != i else product
        total += _exact(m, f, floats[i]) / product
        size += 1 / m.abs(product)
    return m.abs(total) / size


def minimax_above(m: Arithmetic, f: int, degree: int) -> Number:
    return nowhere_above(m, f, [m.number(c) for c in _minimax(f, degree)[1]])


def levels(m: Arithmetic, f: int, degree: int) -> list[Number]:
    """Return the level once for each point."""
    return [level(m, f, degree)] * (degree + 2)


def engine_levels(m: Arithmetic, f: int, degree: int) -> list[Number]:
    """Return the engine's errors at its points with alternating signs, such that the first is positive."""
    from freqnet.approximate import approximate

    found = approximate(NAMES[f], degree, "minimax", (-A, A))
    errors = [float(e) for e in found.error(found.alternation)]
    first = 1 if errors[0] > 0 else -1
    return [m.number(first * (-1) ** i * e) for i, e in enumerate(errors)]


def times_the_least(m: Arithmetic, f: int, degree: int) -> Number:
    return chebyshev_above(m, f, degree) / level(m, f, degree)


def lebesgue(m: Arithmetic, f: int, degree: int) -> Number:
    return 2 + 2 / m.pi * m.log(m.number(degree + 1))


# -- ReLU, exactly ----------------------------------------------------------------------------------------------
def nearest_parabola(m: Arithmetic, x: Number) -> list[Number]:
    """Return the values at x of the parabolas nearest to ReLU in mean square and in the largest error."""
    return [m.number("3/8") + x / 2 + 15 * x * x / 128, m.number("1/4") + x / 2 + x * x / 8]


def by_projection_and_alternation(m: Arithmetic, x: Number) -> list[Number]:
    """Return both by their conditions: projection of |x|/2 on powers, and alternating errors at -4, -2, 0, 2, 4."""
    # On [-1, 1] and halved: means of |t| and t^2 |t| are 1/2 and 1/4, those of 1, t^2, t^4 are 1, 1/3, 1/5.
    b = (m.number("1/4") - m.number("1/6")) / (m.number("1/5") - m.number("1/9"))
    a = m.number("1/2") - b / 3
    square = x / 2 + 2 * (a + b * (x / 4) ** 2)
    points = [-4, -2, 0, 2, 4]
    values, signs = [m.number(max(p, 0)) for p in points], [m.number((-1) ** i) for i in range(5)]
    of_values, of_signs = differences(points, values), differences(points, signs)
    size = of_values[-1] / of_signs[-1]
    total, product = m.number(0), m.number(1)
    for p, u, v in zip(points[:-1], of_values, of_signs, strict=False):
        total += (u - size * v) * product
        product *= x - p
    return [square, total]


def differences(points: list[int], values: list[Number]) -> list[Number]:
    """Return Newton's divided differences."""
    found, column = [values[0]], values
    for j in range(1, len(points)):
        column = [(v - u) / (points[i + j] - points[i]) for i, (u, v) in enumerate(pairwise(column))]
        found.append(column[0])
    return found


# -- the engine -------------------------------------------------------------------------------------------------
def engine_chebyshev(m: Arithmetic, f: int, degree: int, x: Number) -> Number:
    return value(by_engine(m, f, degree, "chebyshev"), x)


#: Largest errors of the interpolants of degrees 1, 3, 5, 7, to three digits.
CHEBYSHEV = (
    ("0.146", "0.0355", "0.00837", "0.00198"),
    ("0.414", "0.232", "0.124", "0.0593"),
    ("1.41", "0.541", "0.345", "0.255"),
    ("1.41", "0.425", "0.154", "0.0522"),
    ("1.26", "0.231", "0.0531", "0.0125"),
)
#: Least largest errors of degrees 1, 3, 5, 7, to three digits.
LEAST = (
    ("0.0996", "0.0228", "0.00535", "0.00126"),
    ("0.412", "0.179", "0.0817", "0.0378"),
    ("1.00", "0.250", "0.135", "0.0919"),
    ("1.00", "0.232", "0.0854", "0.0304"),
    ("0.964", "0.154", "0.0348", "0.00818"),
)

CLAIMS += (
    Claim(
        id="activations-chebyshev",
        title="Activations on [-4, 4] by interpolation at the Chebyshev points",
        statement=r"The polynomial through the values at the points $4\cos((2k + 1)\pi/(2n))$, $n = d + 1$, is $c_0/2 "
        r"+ \sum_{j=1}^{d} c_j T_j(x/4)$ with $c_j = (2/n) \sum_k f(x_k) T_j(x_k/4)$. Its largest error is at most $2 "
        r"+ (2/\pi)\ln n$ times the least possible. At degree 3 it is: sigmoid .0355, tanh .232, ReLU .541, GELU "
        ".425, SiLU .231.",
        verdict="holds",
        proof="The cosines at these angles are orthogonal. The factor is 1 plus Lebesgue's constant of these points, "
        r"which is at most $1 + (2/\pi)\ln n$; the least errors: see activations-minimax.",
        checks=(
            Identity(
                name="against Lagrange's form",
                closed=chebyshev,
                independent=lagrange,
                points=tuple(
                    {"f": f, "degree": d, "x": x}
                    for f, d, x in (
                        (0, 3, "0.7"),
                        (1, 4, "-3.9"),
                        (2, 5, "1.3"),
                        (3, 5, "4"),
                        (4, 1, "-2"),
                        (4, 7, "3"),
                    )
                ),
                random={"f": Range(0, 4), "degree": Range(1, 7), "x": Range("-4", "4")},
            ),
            Bound(
                name="largest errors are reached",
                quantity=chebyshev_seen,
                low=figure(CHEBYSHEV, "0.995"),
                points=EVERY,
            ),
            Bound(
                name="and nowhere exceeded",
                quantity=chebyshev_above,
                high=figure(CHEBYSHEV, "1.01"),
                points=EVERY,
            ),
            Bound(
                name="not much worse than the best",
                loose="the ends hold for all functions: 1 if the interpolant is the best polynomial; these five have "
                "1.30 to 2.16 of at most 2.88",
                quantity=times_the_least,
                low="1",
                high=lebesgue,
                points=EVERY[1::4],
            ),
            Identity(
                name="freqnet's polynomials",
                closed=chebyshev,
                independent=engine_chebyshev,
                points=({"f": 0, "degree": 3, "x": "1"}, {"f": 2, "degree": 4, "x": "-3"}),
                engine=True,
            ),
        ),
    ),
    Claim(
        id="activations-minimax",
        title="Activations on [-4, 4] by the polynomial of least largest error",
        statement="The largest errors at degree 3 are: sigmoid .0228, tanh .179, ReLU .250, GELU .232, SiLU .154; "
        "the checks contain those of degrees 1, 5 and 7. No polynomial of the same degree has a smaller largest "
        "error.",
        verdict="holds",
        proof="If an error has alternating signs at $d + 2$ points, no polynomial of degree $d$ has a largest error "
        "below the smallest of these errors (de la Vallee Poussin). The best on the points alone has the error "
        r"$|\sum_i w_i f(x_i)|/\sum_i |w_i|$ with $1/w_i = \prod_{j \neq i}(x_i - x_j)$. Both bounds hold for any "
        "points and coefficients, so freqnet's are used.",
        checks=(
            Bound(
                name="no polynomial of the degree does better",
                quantity=level,
                low=figure(LEAST, "0.995"),
                points=EVERY,
            ),
            Bound(
                name="freqnet's polynomial does as well",
                quantity=minimax_above,
                high=figure(LEAST, "1.02"),
                points=EVERY,
            ),
            Identity(
                name="its error alternates, with one size",
                closed=levels,
                independent=engine_levels,
                points=EVERY[1::4],
                engine=True,
            ),
        ),
    ),
    Claim(
        id="relu-nearest-parabolas",
        title="The parabolas nearest to ReLU on [-4, 4]",
        statement="In mean square the nearest parabola is $3/8 + x/2 + 15x^2/128$, with the largest error $3/8$, at "
        r"0. In the largest error it is $1/4 + x/2 + x^2/8$, with the error $1/4$ at $0, \pm 2, \pm 4$. A cubic term "
        "does not help.",
        verdict="holds",
        proof=r"ReLU is $x/2 + |x|/2$. On $[-1, 1]$, $|t|$ is nearest to $3/16 + 15t^2/16$ and to $1/8 + t^2$.",
        checks=(
            Identity(
                name="against projection and alternation",
                closed=nearest_parabola,
                independent=by_projection_and_alternation,
                points=({"x": "3"}, {"x": "-0.7"}),
                random={"x": Range("-4", "4")},
            ),
        ),
    ),
)
