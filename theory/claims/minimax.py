"""Activations on [-4, 4] by interpolation at the Chebyshev points, and by the polynomials of least largest error.

A parameter f picks the function, as in the claims on least squares: 0 sigmoid, 1 tanh, 2 ReLU, 3 GELU, 4 SiLU.
"""

from __future__ import annotations

from itertools import pairwise

from ..arithmetic import Arithmetic, Number
from ..checks import Bound, Identity, Range
from ..claim import Claim
from .approximation import (
    EVERY,
    NAMES,
    A,
    activation,
    bent,
    by_engine,
    figure,
    largest_seen,
    line,
    nowhere_above,
    value,
)


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
    """Return the polynomial through the function at the same points by products of differences."""
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


def _alternation(f: int, degree: int) -> list[float]:
    from freqnet.approximate import approximate

    return [float(x) for x in approximate(NAMES[f], degree, "minimax", (-A, A)).alternation]


def level(m: Arithmetic, f: int, degree: int) -> Number:
    """Return the least largest error on the d + 2 points where freqnet's alternates: none on [-4, 4] is below.

    It is |sum_i w_i f(x_i)| / sum_i |w_i|, 1/w_i the product of x_i - x_j: these sums are 0 for polynomials.
    """
    floats = _alternation(f, degree)
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
    return nowhere_above(m, f, by_engine(m, f, degree, "minimax"))


def levels(m: Arithmetic, f: int, degree: int) -> list[Number]:
    """Return the level, as often as there are points."""
    return [level(m, f, degree)] * (degree + 2)


def engine_levels(m: Arithmetic, f: int, degree: int) -> list[Number]:
    """Return the engine's errors at its points, in turn with either sign: the first is made positive."""
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
    """Return at x the parabolas nearest to ReLU in mean square, and in the largest error."""
    return [m.number("3/8") + x / 2 + 15 * x * x / 128, m.number("1/4") + x / 2 + x * x / 8]


def by_projection_and_alternation(m: Arithmetic, x: Number) -> list[Number]:
    """Return both by their conditions: |x|/2 on powers of x, errors in turn at -4, -2, 0, 2, 4."""
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
_DOUBLE = "the engine computes in double precision"

CLAIMS = (
    Claim(
        id="activations-chebyshev",
        title="Activations on [-4, 4] by interpolation at the Chebyshev points",
        statement=r"Through the points $4\cos((2k + 1)\pi/(2n))$, $n = d + 1$, goes the polynomial "
        r"$c_0/2 + \sum_{j=1}^{d} c_j T_j(x/4)$ with $c_j = (2/n) \sum_k f(x_k) T_j(x_k/4)$: the largest error is at "
        r"most $2 + (2/\pi)\ln n$ times the least possible. At degree 3: sigmoid .0355, tanh .232, ReLU .541, GELU "
        ".425, SiLU .231.",
        verdict="holds",
        proof=r"The cosines of the angles are orthogonal sums. The factor is 1 plus Lebesgue's constant of these "
        r"points, which is at most $1 + (2/\pi)\ln n$; the least errors: see activations-minimax.",
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
                not_enclosed=_DOUBLE,
            ),
        ),
    ),
    Claim(
        id="activations-minimax",
        title="Activations on [-4, 4] by the polynomial of least largest error",
        statement="Largest errors at degree 3: sigmoid .0228, tanh .179, ReLU .250, GELU .232, SiLU .154; those of "
        "degrees 1, 5 and 7 are in the checks. No polynomial of the degree does better.",
        verdict="holds",
        proof=r"Where an error has alternating signs at $d + 2$ points, no polynomial of degree $d$ has a largest "
        r"error below the smallest of these (de la Vallee Poussin). The best on the points alone has the error "
        r"$|\sum_i w_i f(x_i)|/\sum_i |w_i|$ with $1/w_i = \prod_{j \neq i}(x_i - x_j)$. freqnet's points and "
        "coefficients serve as they are: both bounds hold for any.",
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
                not_enclosed=_DOUBLE,
            ),
        ),
    ),
    Claim(
        id="relu-nearest-parabolas",
        title="The parabolas nearest to ReLU on [-4, 4]",
        statement=r"In mean square $3/8 + x/2 + 15x^2/128$, off by $3/8$ at most, at 0; in the largest error "
        r"$1/4 + x/2 + x^2/8$, off by $1/4$ at $0, \pm 2, \pm 4$. A cubic term does not help.",
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
