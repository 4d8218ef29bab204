"""Convolution through real values: who can do it, Winograd's short filters, and why no circle has it."""

from __future__ import annotations

from fractions import Fraction

from .. import signals
from ..arithmetic import Arithmetic, Number
from ..checks import Contradiction, Identity
from ..claim import Claim
from .real_domains import FAMILIES, lagrange, powers


# -- linear convolution ------------------------------------------------------------------------------------
def value_at(x: list[Number], z: Number) -> Number:
    """Return the polynomial with coefficients x at z, by Horner's rule."""
    value = x[-1]
    for coefficient in reversed(x[:-1]):
        value = value * z + coefficient
    return value


def values_of_product(m: Arithmetic, N: int, family: int, seed: int) -> list[Number]:
    """Return, at N nodes, the products of the values of two signals whose linear convolution has N samples."""
    x, h = signals.noise(m, N // 2 + 1, seed), signals.noise(m, N - N // 2, seed + 1)
    nodes = FAMILIES[family](m, N)
    return [value_at(x, z) * value_at(h, z) for z in nodes]


def through_values(m: Arithmetic, N: int, family: int, seed: int) -> list[Number]:
    columns = lagrange(FAMILIES[family](m, N))
    values = values_of_product(m, N, family, seed)
    return [sum(column[n] * value for column, value in zip(columns, values, strict=True)) for n in range(N)]


def directly(m: Arithmetic, N: int, family: int, seed: int, bits: int = 0) -> list[Number]:
    return signals.linear(signals.noise(m, N // 2 + 1, seed), signals.noise(m, N - N // 2, seed + 1))


def cosines(m: Arithmetic, x: list[Number]) -> list[Number]:
    """Return the type-II cosine transform: real, orthogonal after scaling, no evaluation at nodes."""
    N = len(x)
    return [sum(x[n] * m.cos(m.pi * m.number(Fraction(k * (2 * n + 1), 2 * N))) for n in range(N)) for k in range(N)]


def product_of_cosines(m: Arithmetic, N: int, seed: int) -> list[Number]:
    pair = (signals.noise(m, N // 2 + 1, seed), signals.noise(m, N - N // 2, seed + 1))
    x, h = (cosines(m, signals.padded(signal, N)) for signal in pair)
    return [a * b for a, b in zip(x, h, strict=True)]


def cosines_of_convolution(m: Arithmetic, N: int, seed: int) -> list[Number]:
    return cosines(m, directly(m, N, 0, seed))


# -- Winograd's short filters -----------------------------------------------------------------------------------
#: Small whole numbers, whose powers cost little to multiply by.
SHORT_NODES = (0, 1, -1, 2, -2, 3, -3)


def short_filter(m: Arithmetic, outputs: int, taps: int) -> list[tuple[list[Number], list[Number], list[Number]]]:
    """Return the rows of A, G and B: y = A^T (Gg . Bd) are `outputs` samples of d correlated with `taps` of g.

    It is multiplication of polynomials through values at 0, 1, -1, 2, ... and the leading coefficient, transposed.
    """
    N = outputs + taps - 1
    nodes = [m.number(node) for node in SHORT_NODES[: N - 1]]
    rows = [
        (powers(node, outputs), powers(node, taps), [*column, node * 0])
        for node, column in zip(nodes, lagrange(nodes), strict=True)
    ]
    last = [m.number(1)]
    for node in nodes:
        last = [a - node * b for a, b in zip([0, *last], [*last, 0], strict=True)]
    return [*rows, (_only_last(m, outputs), _only_last(m, taps), last)]


def _only_last(m: Arithmetic, size: int) -> list[Number]:
    return [m.number(0)] * (size - 1) + [m.number(1)]


def filtered(m: Arithmetic, outputs: int, taps: int, seed: int) -> list[Number]:
    g, d = signals.noise(m, taps, seed), signals.noise(m, outputs + taps - 1, seed + 1)
    y = [m.number(0)] * outputs
    for A, G, B in short_filter(m, outputs, taps):
        product = sum(c * g[k] for k, c in enumerate(G)) * sum(c * d[n] for n, c in enumerate(B))
        y = [sample + c * product for sample, c in zip(y, A, strict=True)]
    return y


def correlated(m: Arithmetic, outputs: int, taps: int, seed: int) -> list[Number]:
    g, d = signals.noise(m, taps, seed), signals.noise(m, outputs + taps - 1, seed + 1)
    return [sum(g[k] * d[j + k] for k in range(taps)) for j in range(outputs)]


def products_from_nodes(m: Arithmetic) -> list[list[Number]]:
    return [[a * g * b for a in A for g in G for b in B] for A, G, B in short_filter(m, 2, 3)]


def products_published(m: Arithmetic) -> list[list[Number]]:
    """Return the four products of F(2, 3) from the matrices of Winograd's algorithm as Lavin and Gray print them."""
    A = [[1, 0], [1, 1], [1, -1], [0, -1]]
    G = [[2, 0, 0], [1, 1, 1], [1, -1, 1], [0, 0, 2]]  # twice
    B = [[1, 0, -1, 0], [0, 1, 1, 0], [0, -1, 1, 0], [0, 1, 0, -1]]
    return [
        [m.number(Fraction(a * g * b, 2)) for a in rows[0] for g in rows[1] for b in rows[2]]
        for rows in zip(A, G, B, strict=True)
    ]


# -- circular convolution -----------------------------------------------------------------------------------------
def shift(m: Arithmetic, N: int) -> list[list[Number]]:
    """Return the cyclic shift: convolution with a unit impulse at 1."""
    return [[m.number(int((i - j) % N == 1 % N)) for j in range(N)] for i in range(N)]


def characteristic(m: Arithmetic, N: int, s: Number) -> Number:
    """Return the characteristic polynomial of the shift."""
    return s**N - 1


def characteristic_by_elimination(m: Arithmetic, N: int, s: Number) -> Number:
    rows = [[s * int(i == j) - z for j, z in enumerate(row)] for i, row in enumerate(shift(m, N))]
    determinant = m.number(1)
    while rows:
        pivot, *others = rows
        determinant *= pivot[0]
        rows = [[z - row[0] / pivot[0] * p for z, p in zip(row, pivot, strict=True)][1:] for row in others]
    return determinant


def squares_if_real(m: Arithmetic, N: int) -> Number:
    """Return the sum of the squares of N real N-th roots of unity, whichever they are."""
    return m.number(N)


def squares_of_eigenvalues(m: Arithmetic, N: int) -> Number:
    """Return the trace of the shift's square."""
    P = shift(m, N)
    return sum(P[i][j] * P[j][i] for i in range(N) for j in range(N))


def by_sum_and_difference(m: Arithmetic, seed: int) -> list[Number]:
    x, h = signals.noise(m, 2, seed), signals.noise(m, 2, seed + 1)
    total, difference = (x[0] + x[1]) * (h[0] + h[1]), (x[0] - x[1]) * (h[0] - h[1])
    return [(total + difference) / 2, (total - difference) / 2]


def circular_pair(m: Arithmetic, seed: int) -> list[Number]:
    return signals.circular(signals.noise(m, 2, seed), signals.noise(m, 2, seed + 1))


CLAIMS = (
    Claim(
        id="real-nodes-diagonalise-linear",
        title="Real transforms that turn linear convolution into products",
        statement=r"A real invertible $T$ with $T(x * h) = Tx \cdot Th$ for all $x, h$ whose linear convolution fits "
        r"into $N$ samples is evaluation at $N$ distinct real nodes, $(Tx)_i = \sum_n x_n r_i^n$; and every such "
        "evaluation is one.",
        verdict="holds",
        proof=r"A row $\phi$ of $T$ is a linear functional on polynomials of degree below $N$ with $\phi(xh) = "
        r"\phi(x)\phi(h)$. $\phi(1) = \phi(1)^2$ is 1, or $\phi$ would vanish; so $\phi(s^n) = \phi(s)^n$, "
        r"evaluation at $r = \phi(s)$. Equal nodes would be equal rows. Complete on the page of proofs.",
        checks=(
            Identity(
                name="evaluate, multiply, interpolate",
                closed=through_values,
                independent=directly,
                points=(
                    {"N": 1, "family": 0, "seed": 1},
                    {"N": 2, "family": 1, "seed": 2},
                    {"N": 3, "family": 2, "seed": 1},
                    {"N": 8, "family": 0, "seed": 3},
                    {"N": 13, "family": 1, "seed": 1},
                    {"N": 12, "family": 2, "seed": 1},
                ),
                guard=30,
            ),
            Contradiction(
                name="a real transform that is no evaluation: the cosine transform",
                claimed=product_of_cosines,
                actual=cosines_of_convolution,
                points=({"N": 3, "seed": 1}, {"N": 8, "seed": 1}),
            ),
        ),
    ),
    Claim(
        id="winograd-is-transposed-evaluation",
        title="Winograd's short filters are evaluation at real nodes, transposed",
        statement="$F(2, 3)$, two outputs of a filter with three taps by four products instead of six, is "
        "multiplication of polynomials through their values at $0, 1, -1$ and their leading coefficients, "
        "transposed.",
        verdict="holds",
        proof=r"$x * g = C (Ax \cdot Gg)$ for all $x$, with evaluations $A, G$ and interpolation $C$. The transpose "
        r"in $x$ of $x \mapsto x * g$ is correlation with $g$: $d \mapsto A^T (C^T d \cdot Gg)$. Nodes other than "
        "these few make it inexact fast (see real-nodes-conditioning), which is why its tiles stay small.",
        checks=(
            Identity(
                name="F(outputs, taps) against sliding sums",
                closed=filtered,
                independent=correlated,
                points=tuple(
                    {"outputs": outputs, "taps": taps, "seed": 1}
                    for outputs, taps in ((2, 3), (1, 2), (2, 1), (4, 3), (3, 5))
                ),
            ),
            Identity(
                name="the products of F(2, 3) are those published",
                closed=products_published,
                independent=products_from_nodes,
            ),
        ),
    ),
    Claim(
        id="no-real-circular-diagonaliser",
        title="No real transform turns circular convolution into products",
        statement=r"For $N \geq 3$ there is no real invertible $T$ with $T(x \circledast h) = Tx \cdot Th$, not even "
        "with three different real transforms in the three places. For $N = 2$, sum and difference do it.",
        verdict="holds",
        proof="$T$ would diagonalise the cyclic shift $P$. Its characteristic polynomial is $s^N - 1$, which has at "
        r"most two real roots, each simple. Or: real eigenvalues would be $\pm 1$ and $\mathrm{tr}\,P^2 = N$; but "
        r"for $N \geq 3$ the diagonal of $P^2$ is 0. Complete on the page of proofs.",
        checks=(
            Identity(
                name="the characteristic polynomial of the shift",
                closed=characteristic,
                independent=characteristic_by_elimination,
                points=tuple({"N": N, "s": s} for N, s in ((1, "3"), (2, "0.5"), (3, "-1.7"), (8, "1.1"), (13, "0.9"))),
            ),
            Contradiction(
                name="the squares of N real eigenvalues would add up to N",
                claimed=squares_if_real,
                actual=squares_of_eigenvalues,
                points=tuple({"N": N} for N in (3, 4, 5, 7, 8, 16)),
            ),
            Identity(
                name="sum and difference for N = 2",
                closed=by_sum_and_difference,
                independent=circular_pair,
                points=({"seed": 1}, {"seed": 2}),
            ),
        ),
    ),
)
