"""Activations as polynomials on [-4, 4]: how far off a polynomial is, and the one nearest in mean square.

A parameter f picks the function: 0 sigmoid, 1 tanh, 2 ReLU, 3 GELU, 4 SiLU. Each is a line (1/2, 0 or x/2) plus a
part g that is odd (0 and 1) or even (2 to 4); on [0, 4] every g is analytic. So degree 2n + 2 gains nothing over 2n + 1
for the first two, nor 2n + 1 over 2n for the other three from degree 2 on.
"""

from __future__ import annotations

from fractions import Fraction
from math import comb

from ..arithmetic import Arithmetic, Number
from ..checks import Bound, Identity, Point, Side
from ..claim import Claim

NAMES = ("sigmoid", "tanh", "relu", "gelu", "silu")
LINES = (("1/2", "0"), ("0", "0"), ("0", "1/2"), ("0", "1/2"), ("0", "1/2"))
#: Half the interval, and into how many parts [0, 4] is cut where an error is bounded.
A, PARTS = 4, 200
#: Above sup |g''|, function by function: 1/(6 sqrt(3)), 4/(3 sqrt(3)), 0, 2/sqrt(2 pi), 1/2.
BENDS = ("0.0963", "0.77", "0", "0.798", "0.501")


def bent(m: Arithmetic, f: int, x: Number) -> Number:
    """Return g, the part of the function that no line has, for x >= 0."""
    if f == 2:
        return x / 2
    if f == 3:
        return x * m.erf(x / m.sqrt(m.number(2))) / 2
    return (m.tanh(x / 2) / 2, m.tanh(x), None, None, x * m.tanh(x / 2) / 2)[f]


def line(m: Arithmetic, f: int) -> list[Number]:
    """Return the coefficients of the other part."""
    return [m.number(c) for c in LINES[f]]


def activation(m: Arithmetic, f: int, x: Number, side: int = 1) -> Number:
    """Return the function at side * x, x >= 0, as its definition has it."""
    if f == 2:
        return x * (1 + side) / 2
    x = x * side
    logistic = 1 / (1 + m.exp(-x))
    normal = m.erfc(-x / m.sqrt(m.number(2))) / 2 if f == 3 else None
    return (logistic, 2 / (1 + m.exp(-2 * x)) - 1, None, normal and x * normal, x * logistic)[f]


def value(coefficients: list[Number], x: Number) -> Number:
    """Return a polynomial at x by Horner's rule."""
    total = coefficients[-1]
    for c in coefficients[-2::-1]:
        total = total * x + c
    return total


# -- how far off --------------------------------------------------------------------------------------------
def largest_seen(m: Arithmetic, f: int, coefficients: list[Number]) -> Number:
    """Return the largest error at the points k/50 of [-4, 4], which a supremum is not below."""
    straight = line(m, f)

    def errors(x: Number) -> list[Number]:
        g = bent(m, f, x)
        both = [(x, straight[0] + straight[1] * x + g), (-x, straight[0] - straight[1] * x + (-1 if f < 2 else 1) * g)]
        return [exact - value(coefficients, at) for at, exact in both]

    return _largest(m, [error for x in _grid(m) for error in errors(x)])


def nowhere_above(m: Arithmetic, f: int, coefficients: list[Number]) -> Number:
    """Return what no error on [-4, 4] exceeds: between neighbours h apart it rises by h^2/8 sup |e''| at most.

    The polynomial's own second derivative is at most its largest value at the same points, and h times a bound of the
    third, which is what its terms add up to at the ends.
    """
    twice = [i * (i - 1) * c for i, c in enumerate(coefficients) if i > 1] or [m.number(0)]
    third = sum(i * (i - 1) * (i - 2) * m.abs(c) * A ** (i - 3) for i, c in enumerate(coefficients) if i > 2)
    h = m.number(Fraction(A, PARTS))
    bend = _largest(m, [value(twice, side * x) for x in _grid(m) for side in (1, -1)])
    return largest_seen(m, f, coefficients) + h * h / 8 * (bend + h * third + m.number(BENDS[f]))


def _grid(m: Arithmetic) -> list[Number]:
    return [m.number(Fraction(A * k, PARTS)) for k in range(PARTS + 1)]


def _largest(m: Arithmetic, values: list[Number]) -> Number:
    """Return the largest modulus, without asking which is larger."""
    found = m.number(0)
    for v in values:
        size = m.abs(v)
        found = (found + size + m.abs(found - size)) / 2
    return found


# -- least squares ---------------------------------------------------------------------------------------------
def shares(m: Arithmetic, f: int, degree: int) -> dict[int, Number]:
    """Return the coefficients of g's Legendre polynomials P_n(x/4): those of g's parity."""

    def share(n: int) -> Number:
        def weighted(t: Number) -> Number:
            return bent(m, f, 4 * t) * sum(m.number(p) * t**i for i, p in legendre(n))

        return (2 * n + 1) * m.integral(weighted, 0, m.number("0.5"), 1)

    return {n: share(n) for n in range(1 if f < 2 else 0, degree + 1, 2)}


def legendre(n: int) -> list[tuple[int, Fraction]]:
    """Return P_n as pairs of a power and its coefficient."""
    return [(n - 2 * k, Fraction((-1) ** k * comb(n, k) * comb(2 * n - 2 * k, n), 2**n)) for k in range(n // 2 + 1)]


def least_squares(m: Arithmetic, f: int, degree: int) -> list[Number]:
    """Return the coefficients, from the constant up, of the polynomial nearest in mean square on [-4, 4]."""
    out = line(m, f) + [m.number(0)] * (degree - 1)
    for n, share in shares(m, f, degree).items():
        for i, p in legendre(n):
            out[i] += share * m.number(p) / 4**i
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
    power = m.integral(lambda t: bent(m, f, 4 * t) ** 2, 0, m.number("0.5"), 1)
    return power - sum(share**2 / (2 * n + 1) for n, share in shares(m, f, degree).items())


def mean_square_by_elimination(m: Arithmetic, f: int, degree: int) -> Number:
    """Return the same by the normal equations in powers of x: what elimination leaves of the function's own power."""
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
    """Return the coefficients that freqnet finds, as the exact numbers they are in double precision."""
    from freqnet.approximate import approximate

    return [m.number(float(c)) for c in approximate(NAMES[f], degree, method, (-A, A)).coefficients]


def engine_least_squares(m: Arithmetic, f: int, degree: int) -> list[Number]:
    return by_engine(m, f, degree, "least-squares")


#: Of degrees 1, 3, 5, 7: the largest error and the root of the mean square, to three digits.
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
    """Return the bound that a table's figure gives at a point, a little more or less."""
    return lambda m, f, degree: m.number(table[f][degree // 2]) * m.number(factor)


_DEGREES = tuple({"f": f, "degree": degree} for f, degree in ((0, 3), (1, 5), (2, 4), (3, 2), (4, 3)))

CLAIMS = (
    Claim(
        id="activations-least-squares",
        title="Activations on [-4, 4] by the polynomial nearest in mean square",
        statement=r"Expand in Legendre polynomials $P_n(x/4)$ and cut off. Largest errors at degree 3: sigmoid "
        ".038, tanh .229, ReLU .375, GELU .30, SiLU .233; root mean squares .0152, .119, .144, .156, .102. Those of "
        "degrees 1, 5 and 7 are in the checks.",
        verdict="holds",
        proof=r"The error is orthogonal to every polynomial of the degree, which no other polynomial's is. Its "
        r"supremum is between the largest of its values $h$ apart and that plus $h^2/8 \cdot \sup|e''|$.",
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
                not_enclosed="the engine computes in double precision",
            ),
        ),
    ),
)
