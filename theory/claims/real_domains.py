"""Real domains: evaluation at real nodes, its conditioning, and real transforms that are stable."""

from __future__ import annotations

import math
from collections.abc import Sequence
from fractions import Fraction
from typing import Any

from .. import signals
from ..arithmetic import Arithmetic, Number
from ..checks import Bound, Contradiction, Identity, Point, Range
from ..claim import Claim, Source

# == evaluation at nodes and its condition number ====================================================================
Nodes = list[Number]


# -- nodes -----------------------------------------------------------------------------------------------
def chebyshev(m: Arithmetic, N: int) -> Nodes:
    """Return Chebyshev's nodes on (-1, 1), whose condition number grows at the least rate possible there."""
    return [m.cos(m.pi * m.number(Fraction(2 * k + 1, 2 * N))) for k in range(N)]


def chebyshev_positive(m: Arithmetic, N: int) -> Nodes:
    """Return Chebyshev's nodes on (0, 1), e^{-p} for positive p, with the least rate of growth possible there."""
    return [(1 + x) / 2 for x in chebyshev(m, N)]


def equispaced_rates(m: Arithmetic, N: int) -> Nodes:
    """Return e^{-p} for p = 1/4, 2/4, ..., N/4."""
    return [m.exp(-m.number(Fraction(k, 4))) for k in range(1, N + 1)]


def circle(m: Arithmetic, N: int) -> Nodes:
    """Return the N-th roots of unity: the nodes of the Fourier transform."""
    return [m.unit(k, N) for k in range(N)]


def tangents(m: Arithmetic, N: int) -> Nodes:
    """Return the tangents of equispaced angles: nodes all over the real line."""
    return [m.tan(m.pi * m.number(Fraction(2 * k + 1 - N, 2 * N))) for k in range(N)]


#: Nodes by number, as the points of checks name them.
FAMILIES = (chebyshev, chebyshev_positive, equispaced_rates, circle, tangents)


# -- evaluation and its inverse -----------------------------------------------------------------------------
def powers(node: Number, N: int) -> list[Number]:
    """Return a row of the evaluation T: 1, z, z^2, ..."""
    row = [node**0]
    for _ in range(N - 1):
        row.append(row[-1] * node)
    return row


def lagrange(nodes: Sequence[Number]) -> list[list[Number]]:
    """Return the coefficients of Lagrange's polynomials, one per row: the columns of the inverse of T."""
    whole: list[Number] = [1]
    for node in nodes:
        whole = [a - node * b for a, b in zip([0, *whole], [*whole, 0], strict=True)]
    rows = []
    for i, node in enumerate(nodes):
        quotient = [whole[-1]]
        for a in whole[-2:0:-1]:
            quotient.append(a + node * quotient[-1])
        scale = math.prod((node - other for j, other in enumerate(nodes) if j != i), start=node**0)
        rows.append([a / scale for a in reversed(quotient)])
    return rows


def condition_number(m: Arithmetic, nodes: Nodes) -> Number:
    r"""Return the condition number of evaluation at nodes, in the Frobenius norm.

    It is N for a Fourier transform; the condition number in the 2-norm lies between 1/N of it and it.
    """
    N = len(nodes)
    there = sum(m.abs(z) ** 2 for node in nodes for z in powers(node, N))
    back = sum(m.abs(a) ** 2 for row in lagrange(nodes) for a in row)
    return m.sqrt(there * back)


def condition_of(m: Arithmetic, N: int, family: int) -> Number:
    return condition_number(m, FAMILIES[family](m, N))


def condition_by_elimination(m: Arithmetic, N: int, family: int) -> Number:
    nodes = FAMILIES[family](m, N)
    square = lambda rows: sum(m.abs(z) ** 2 for row in rows for z in row)
    T = [[node**j for j in range(N)] for node in nodes]
    return m.sqrt(square(T) * square(_inverse(m, T)))


def _inverse(m: Arithmetic, A: list[list[Number]]) -> list[list[Number]]:
    """Return an inverse by Gauss-Jordan elimination without pivoting: the leading minors are not zero here."""
    N = len(A)
    rows = [[*row, *(m.number(int(i == j)) for j in range(N))] for i, row in enumerate(A)]
    for k in range(N):
        pivot = [z / rows[k][k] for z in rows[k]]
        rows = [
            pivot if i == k else [z - row[k] * p for z, p in zip(row, pivot, strict=True)] for i, row in enumerate(rows)
        ]
    return [row[N:] for row in rows]


def digits_lost(m: Arithmetic, N: int, family: int) -> Number:
    """Return the decimal logarithm of the condition number."""
    return m.log(condition_of(m, N, family)) / m.log(m.number(10))


def of_fourier(m: Arithmetic, N: int, family: int) -> Number:
    return m.number(N)


# -- growth ----------------------------------------------------------------------------------------------------
def rate(m: Arithmetic, family: int) -> Number:
    """Return the growth of the condition number per node: 1 + sqrt 2, or its square."""
    return (1 + m.sqrt(m.number(2))) ** (1 + family)


def growth(m: Arithmetic, N: int, family: int) -> Number:
    """Return the ratio of consecutive condition numbers, divided by the rate."""
    return condition_of(m, N + 1, family) / condition_of(m, N, family) / rate(m, family)


def growth_floor(m: Arithmetic, N: int, family: int) -> Number:
    return 1 - m.number(Fraction(1, N * N))


def growth_of_equispaced(m: Arithmetic, N: int) -> Number:
    return condition_of(m, N + 1, 2) / condition_of(m, N, 2)


def growth_of_equispaced_floor(m: Arithmetic, N: int) -> Number:
    return m.exp(m.number(Fraction(N, 4)))


def floor(m: Arithmetic, N: int, family: int) -> Number:
    return rate(m, family) ** (N - 1) / 2 / m.sqrt(m.number(N))


def ceiling(m: Arithmetic, N: int, family: int) -> Number:
    return rate(m, family) ** N * m.sqrt(m.number(2 * N))


def floor_anywhere(m: Arithmetic, N: int, family: int) -> Number:
    """Return the lower bound in the Frobenius norm, sqrt(N) times that in the 2-norm."""
    return m.sqrt(m.number(Fraction(2 ** (N - 1), 2 * (2 * N - 1))))


def excess_of_equispaced(m: Arithmetic, N: int) -> Number:
    return condition_of(m, N, 2) / m.exp(m.number(Fraction(N * (N - 1), 8)))


_SIZES = (4, 5, 6, 7, 8, 11, 12, 15, 16, 20, 24, 28, 31)
_GROWING = tuple({"N": N, "family": family} for family in (0, 1) for N in _SIZES)
_LARGE = ({"N": 4}, {"N": 8}, {"N": 16}, {"N": 32})

CLAIMS: tuple[Claim, ...] = (
    Claim(
        id="real-nodes-conditioning",
        title="The condition number of every real evaluation grows exponentially with its size",
        statement="The condition number of evaluation at $N$ nodes in $[-1, 1]$ is at least $(1 + "
        r"\sqrt{2})^{N-1}/(2\sqrt{N})$; in $[0, 1]$, where $e^{-p}$ lies for positive real $p$, at least $(3 + "
        r"2\sqrt{2})^{N-1}/(2\sqrt{N})$; anywhere on the real line at least $2^{(N-1)/2}/\sqrt{2N(2N - 1)}$, which "
        r"exceeds 1 from $N = 10$ on. Chebyshev's nodes grow at the first two rates; equispaced $p = h, 2h, \ldots, "
        "Nh$ grow faster than any exponential, at least as $e^{h N (N-1)/2}$ in the Frobenius norm. For the Fourier "
        "transform the condition number in the 2-norm is 1.",
        verdict="holds",
        proof="The polynomial $T_{N-1}$ is at most 1 at all nodes in $[-1, 1]$, yet the moduli of its coefficients "
        r"add up to $|T_{N-1}(i)|$, about $(1 + \sqrt{2})^{N-1}/2$; on $[0, 1]$, those of $T_{N-1}(2x - 1)$ add up to "
        r"$T_{N-1}(3)$. At Chebyshev's nodes Lagrange's polynomials are $\frac{2}{N} \sum_k T_k(x_i) T_k$, halved at "
        "$k = 0$. The page of proofs has the complete proof. Bounds of this kind, and the rates of optimal nodes, "
        "are due to Gautschi (1975), Gautschi and Inglese (1988) and Beckermann (2000).",
        picture="condition-numbers",
        proof_page="proofs_real#condition-numbers",
        checks=(
            Identity(
                name="by Lagrange's polynomials and by elimination",
                closed=condition_of,
                independent=condition_by_elimination,
                given=FAMILIES,
                points=tuple(
                    {"N": N, "family": family} for N, family in ((1, 1), (2, 0), (9, 2), (5, 3), (12, 0), (12, 1))
                ),
                guard=40,
            ),
            Identity(
                name="N at the roots of unity",
                closed=of_fourier,
                independent=condition_of,
                points=({"N": 1, "family": 3}, {"N": 7, "family": 3}, {"N": 16, "family": 3}),
            ),
            Bound(
                name="Chebyshev's nodes, between the bounds that are proved",
                loose="the ends are proved by simple estimates, and differ by a power of N",
                quantity=condition_of,
                low=floor,
                high=ceiling,
                # Here the lower bound exceeds N, which bounds every condition number in the Frobenius norm.
                points=tuple({"N": N, "family": family} for family in (0, 1) for N in (6, 8, 16, 32)),
                guard=30,
            ),
            Bound(
                name="nodes all over the real line, above the bound that is proved for any",
                loose="the bound is weak: by real-nodes-sharp-rate no real nodes have less than 17,238 at N = 16, "
                "where it says 23",
                quantity=condition_of,
                low=floor_anywhere,
                # Here the bound exceeds N, which bounds every condition number in the Frobenius norm.
                points=tuple({"N": N, "family": family} for N, family in ((16, 4), (24, 4), (40, 4), (16, 0), (24, 0))),
                guard=60,
            ),
            Bound(
                name="growth from N to N + 1 in units of the rate, at Chebyshev's nodes",
                quantity=growth,
                low=growth_floor,
                high="1",
                points=_GROWING,
                guard=30,
            ),
            Bound(
                name="growth from N to N + 1 at equispaced p",
                quantity=growth_of_equispaced,
                low=growth_of_equispaced_floor,
                points=tuple({"N": N} for N in _SIZES),
                guard=60,
            ),
            Bound(
                name="the bound that is proved for equispaced p",
                loose="a simple estimate for all sizes; it grows more slowly than the condition number",
                quantity=excess_of_equispaced,
                low="1",
                points=_LARGE,
                guard=60,
            ),
        ),
    ),
)


# == convolution through real values =================================================================================
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
    """Return the type-II cosine transform: real, orthogonal after scaling, but not an evaluation at nodes."""
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


CLAIMS += (
    Claim(
        id="real-nodes-diagonalise-linear",
        title="Real transforms that turn linear convolution into products",
        statement=r"A real invertible $T$ with $T(x * h) = Tx \cdot Th$ for all $x, h$ whose linear convolution fits "
        r"into $N$ samples is evaluation at $N$ distinct real nodes, $(Tx)_i = \sum_n x_n r_i^n$; and every such "
        "evaluation has the property.",
        verdict="holds",
        proof=r"A row $\phi$ of $T$ is a linear functional on polynomials of degree below $N$ with $\phi(xh) = "
        r"\phi(x)\phi(h)$. $\phi(1) = \phi(1)^2$ is 1, since otherwise $\phi$ would vanish; hence $\phi(s^n) = "
        r"\phi(s)^n$, which is evaluation at $r = \phi(s)$. Equal nodes would give equal rows. The page of proofs has "
        "the complete proof. Evaluation, products and interpolation are the algorithm of Toom (1963) and Cook (1966).",
        proof_page="proofs_real#linear-convolution",
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
        r"in $x$ of $x \mapsto x * g$ is correlation with $g$: $d \mapsto A^T (C^T d \cdot Gg)$. With more nodes the "
        "algorithm loses precision quickly (see real-nodes-conditioning), which is why its tiles are small. The "
        "algorithm is due to Winograd (1980), the matrices to Lavin and Gray (2016).",
        proof_page="proofs_real#linear-convolution",
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
        "with three different real transforms in the three positions. For $N = 2$, sum and difference have the "
        "property.",
        verdict="holds",
        proof="$T$ would diagonalise the cyclic shift $P$. Its characteristic polynomial is $s^N - 1$, which has at "
        r"most two real roots, each simple. Alternatively, real eigenvalues would be $\pm 1$ and $\mathrm{tr}\,P^2 = "
        r"N$; but for $N \geq 3$ the diagonal of $P^2$ is 0. The page of proofs has the complete proof.",
        proof_page="proofs_real#circular-convolution",
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


# == rounding ========================================================================================================
def through_rounded_values(m: Arithmetic, N: int, family: int, seed: int, bits: int) -> list[Number]:
    """Return the convolution through products with relative errors of 2^-bits of alternating signs."""
    columns, off = lagrange(FAMILIES[family](m, N)), m.number(Fraction(1, 2**bits))
    values = [v * (1 + (-1) ** i * off) for i, v in enumerate(values_of_product(m, N, family, seed))]
    return [sum(values[i] * columns[i][n] for i in range(N)) for n in range(N)]


def error_in_floats(m: Any, N: int, family: int, bits: int) -> Number:
    """Return the largest error of a convolution through values in single (24) or double (53) precision."""
    import numpy as np

    kind = {24: np.float32, 53: np.float64}[bits]
    rounded = lambda rows: np.array([[float(m.ctx.re(z)) for z in row] for row in rows]).astype(kind)
    nodes = FAMILIES[family](m, N)
    T, back = rounded([powers(z, N) for z in nodes]), rounded(lagrange(nodes)).T
    [x], [h] = rounded([signals.noise(m, N // 2 + 1, 1)]), rounded([signals.noise(m, N - N // 2, 2)])
    exact = np.array([float(z) for z in directly(m, N, family, 1)])
    found = back @ ((T[:, : len(x)] @ x) * (T[:, : len(h)] @ h))
    return m.number(float(abs(found - exact).max() / abs(exact).max()))


def error_of_fft(m: Any, N: int) -> Number:
    import numpy as np

    x, h = (np.array([float(z) for z in signals.noise(m, n, n)]) for n in (N // 2 + 1, N - N // 2))
    exact = np.convolve(x, h)
    found = np.fft.irfft(np.fft.rfft(x, N) * np.fft.rfft(h, N), N)
    return m.number(float(abs(found - exact).max() / abs(exact).max()))


_FLOATS = "the experiment is one in single and double precision"

CLAIMS += (
    Claim(
        id="laplace-real-domain",
        title="Laplace operations on real numbers, in floating point",
        sources=(Source("zhu2021", "Abstract; Section 4; Section 5", "", "none"),),
        statement="With positive real p the Laplace operations can be performed completely in real numbers, and "
        "convolutions are computed efficiently.",
        verdict="conditional",
        hypotheses="Either the arithmetic is exact, or the convolution is so short that the digits can be spared: at "
        "$N = 8$ samples of the result, 2.6 digits for Chebyshev's nodes in $[-1, 1]$, and 5.1 for those in $(0, 1)$, "
        "where $e^{-p}$ lies.",
        corrected="Short convolutions of this kind are in use (see winograd-is-transposed-evaluation). In general, "
        "values at $N$ real nodes can lose at least about "
        "$0.77 N$ decimal digits for positive $p$, wherever the nodes are, and about $0.38 N$ for the best nodes in "
        "$[-1, 1]$. At $N = 24$ no correct digit is left in double precision for the former, or in single precision "
        "for the latter. A real FFT loses none at any size.",
        proof="The condition number (see real-nodes-conditioning) multiplies the rounding errors of the products. "
        "Circular convolution has no real diagonaliser (see no-real-circular-diagonaliser).",
        picture="condition-numbers",
        proof_page="proofs_real#loss-of-digits",
        checks=(
            Identity(
                name="exact real values give the convolution",
                closed=through_values,
                independent=directly,
                points=({"N": 32, "family": 1, "seed": 1},),
                guard=40,
            ),
            Bound(
                name="digits that the condition number costs at N = 8, nodes in [-1, 1]",
                quantity=digits_lost,
                low="2.55",
                high="2.65",
                points=({"N": 8, "family": 0},),
                guard=20,
            ),
            Bound(
                name="digits that the condition number costs at N = 8, nodes in (0, 1)",
                quantity=digits_lost,
                low="5.05",
                high="5.15",
                points=({"N": 8, "family": 1},),
                guard=20,
            ),
            Bound(
                name="measured error at N = 8, in single and in double precision",
                loose="half a unit in the last place times the condition number is an estimate, rarely exceeded; most "
                "signals have a tenth of it or less",
                quantity=error_in_floats,
                high=lambda m, N, family, bits: condition_of(m, N, family) / m.number(2) ** bits,
                points=tuple({"N": 8, "family": family, "bits": bits} for family in (0, 1) for bits in (24, 53)),
                guard=20,
                not_enclosed=_FLOATS,
            ),
            Contradiction(
                name="products rounded to singles or doubles do not",
                claimed=through_rounded_values,
                actual=directly,
                points=(
                    {"N": 32, "family": 0, "seed": 1, "bits": 24},
                    {"N": 32, "family": 1, "seed": 1, "bits": 53},
                    {"N": 16, "family": 2, "seed": 1, "bits": 53},
                ),
                gap="0.5",
                guard=40,
            ),
            Bound(
                name="measured error: more than a tenth of the largest sample",
                loose="rounding errors differ between machines; 0.37 is the least seen",
                quantity=error_in_floats,
                low="0.1",
                points=tuple(
                    {"N": N, "family": family, "bits": bits}
                    for N, family, bits in (
                        (24, 0, 24),
                        (32, 0, 24),
                        (12, 1, 24),
                        (24, 1, 53),
                        (32, 1, 53),
                        (16, 2, 53),
                    )
                ),
                guard=60,
                not_enclosed=_FLOATS,
            ),
            Bound(
                name="measured error of the real FFT in double precision",
                loose="rounding errors differ between machines",
                quantity=error_of_fft,
                high="1e-14",
                points=_LARGE,
                not_enclosed=_FLOATS,
            ),
        ),
    ),
)


# == stable real or nearly real transforms: Laguerre, Hartley, a damped circle =======================================
# -- Laguerre functions ------------------------------------------------------------------------------------
def laguerre(m: Arithmetic, n: int, t: Number) -> Number:
    """Return l_n(t) = e^{-t/2} L_n(t) by the explicit sum."""
    terms = (m.number(Fraction((-1) ** k * math.comb(n, k), math.factorial(k))) * t**k for k in range(n + 1))
    return m.exp(-t / 2) * sum(terms)


def laguerre_by_recurrence(m: Arithmetic, n: int, t: Number) -> Number:
    below, here = t * 0, t**0
    for k in range(n):
        below, here = here, ((2 * k + 1 - t) * here - k * below) / (k + 1)
    return here * m.exp(-t / 2)


def orthonormal(m: Arithmetic, n: int, k: int) -> list[Number]:
    return [m.number(1), m.number(int(n == k))]


def inner_products(m: Arithmetic, n: int, k: int) -> list[Number]:
    """Return <l_n, l_n> and <l_n, l_k>."""
    return [_inner_product(m, n, n), _inner_product(m, n, k)]


def _inner_product(m: Arithmetic, n: int, k: int) -> Number:
    R = m.cut() + 12 * (n + k)
    inside = m.integral(
        lambda t: laguerre_by_recurrence(m, n, t) * laguerre_by_recurrence(m, k, t), *m.panels(0, R, 16)
    )
    # |L_n(t)| is at most (1 + t)^n.
    return inside + m.tail(2 * m.number(1 + R) ** (n + k) * m.exp(-m.number(R)))


def difference_of_two(m: Arithmetic, n: int, k: int, t: Number) -> Number:
    """Return l_{n+k} - l_{n+k+1}, which is l_n * l_k."""
    return laguerre(m, n + k, t) - laguerre(m, n + k + 1, t)


def convolved(m: Arithmetic, n: int, k: int, t: Number) -> Number:
    """Return the causal convolution of l_n and l_k at t by quadrature."""
    return m.integral(
        lambda s: laguerre_by_recurrence(m, n, s) * laguerre_by_recurrence(m, k, t - s),
        *(t * j / 4 for j in range(5)),
    )


def toeplitz(m: Arithmetic, size: int, seed: int, p: Number) -> Number:
    """Return the transform at p of f * h, from the Laguerre coefficients of f and h."""
    pair = signals.noise(m, size, seed), signals.noise(m, size, seed + 1)
    product = signals.linear(*pair)
    c = [here - before for here, before in zip([*product, 0], [0, *product], strict=True)]
    half = m.number(Fraction(1, 2))
    return sum(c[n] * (p - half) ** n / (p + half) ** (n + 1) for n in range(len(c)))


def product_of_quadratures(m: Arithmetic, size: int, seed: int, p: Number) -> Number:
    def transform(c: list[Number]) -> Number:
        R = m.cut() + 12 * size
        f = lambda t: sum(a * laguerre_by_recurrence(m, n, t) for n, a in enumerate(c))
        inside = m.integral(lambda t: f(t) * m.exp(-p * t), *m.panels(0, R, 16))
        # p is at least 1/2: with the half of l_n the decay is e^{-t}.
        return inside + m.tail(8 * size * m.number(1 + R) ** size * m.exp(-m.number(R)))

    return transform(signals.noise(m, size, seed)) * transform(signals.noise(m, size, seed + 1))


# -- Hartley -----------------------------------------------------------------------------------------------------
def hartley(m: Arithmetic, x: list[Number]) -> list[Number]:
    """Return the sums of x_n (cos + sin)(2 pi kn/N), not divided: applied twice it gives N x."""
    N = len(x)
    turns = [m.unit(n, N) for n in range(N)]
    cas = [m.re(turn) + m.im(turn) for turn in turns]
    return [sum(x[n] * cas[k * n % N] for n in range(N)) for k in range(N)]


def pairs_of_bins(m: Arithmetic, N: int, seed: int) -> list[Number]:
    X, Y = hartley(m, signals.noise(m, N, seed)), hartley(m, signals.noise(m, N, seed + 1))
    return [(X[k] * (Y[k] + Y[-k]) + X[-k] * (Y[k] - Y[-k])) / 2 for k in range(N)]


def circular_convolution(m: Arithmetic, N: int, seed: int) -> list[Number]:
    """Return the Hartley transform of a circular convolution, by its Fourier transform."""
    Z = signals.dft(m, signals.circular(signals.noise(m, N, seed), signals.noise(m, N, seed + 1)))
    return [m.re(z) - m.im(z) for z in Z]


def bin_by_bin(m: Arithmetic, N: int, seed: int) -> list[Number]:
    X, Y = hartley(m, signals.noise(m, N, seed)), hartley(m, signals.noise(m, N, seed + 1))
    return [x * y for x, y in zip(X, Y, strict=True)]


def signal_itself(m: Arithmetic, N: int, seed: int) -> list[Number]:
    return [N * x for x in signals.noise(m, N, seed)]


def hartley_twice(m: Arithmetic, N: int, seed: int) -> list[Number]:
    return hartley(m, hartley(m, signals.noise(m, N, seed)))


# -- a damped circle ------------------------------------------------------------------------------------------------
def on_damped_circle(m: Arithmetic, N: int, r: Number) -> list[list[Number]]:
    """Return evaluation at z = r e^{-2 pi ik/N}: a Fourier transform of the samples times r^n."""
    return [[r**n * m.unit(-k * n, N) for n in range(N)] for k in range(N)]


def damped_condition(m: Arithmetic, N: int, r: Number) -> Number:
    """Return the condition number in the 2-norm."""
    return r ** (1 - N)


def damped_singular_values(m: Arithmetic, N: int, r: Number) -> list[list[Number]]:
    """Return T^* T."""
    T = on_damped_circle(m, N, r)
    return [[sum(m.conj(row[a]) * row[b] for row in T) for b in range(N)] for a in range(N)]


def condition_by_singular_values(m: Arithmetic, N: int, r: Number) -> Number:
    G = damped_singular_values(m, N, r)
    return m.sqrt(G[0][0] / G[N - 1][N - 1])


def squared_singular_values(m: Arithmetic, N: int, r: Number) -> list[list[Number]]:
    """Return T^* T in closed form: the diagonal matrix of N r^{2n}."""
    return [[N * r ** (2 * n) * int(n == k) for k in range(N)] for n in range(N)]


def wrapped_a_little(m: Arithmetic, N: int, seed: int, r: Number) -> list[Number]:
    """Return the linear convolution, with the samples after the first N multiplied by r^N and added at the start."""
    pair = signals.noise(m, N, seed), signals.noise(m, N, seed + 1)
    whole = signals.linear(*pair)
    return [whole[n] + r**N * whole[n + N] if n + N < len(whole) else whole[n] for n in range(N)]


def through_damped_circle(m: Arithmetic, N: int, seed: int, r: Number) -> list[Number]:
    T = on_damped_circle(m, N, r)
    values = [
        signals.dot(row, signals.noise(m, N, seed)) * signals.dot(row, signals.noise(m, N, seed + 1)) for row in T
    ]
    return [z / r**n for n, z in enumerate(signals.idft(m, values))]


_PAIRS: tuple[Point, ...] = (
    {"N": 1, "seed": 1},
    {"N": 2, "seed": 1},
    {"N": 3, "seed": 2},
    {"N": 8, "seed": 1},
    {"N": 13, "seed": 1},
)
_CIRCLES: tuple[Point, ...] = ({"N": 2, "r": "0.5"}, {"N": 5, "r": "0.9"}, {"N": 8, "r": "1/3"})

CLAIMS += (
    Claim(
        id="laguerre-convolution",
        title="Laguerre functions: a stable real expansion in which causal convolution is Toeplitz",
        statement=r"$\ell_n(t) = e^{-t/2} L_n(t)$ are orthonormal on $t \geq 0$ and $\ell_m * \ell_n = \ell_{m+n} - "
        r"\ell_{m+n+1}$: convolution multiplies the coefficients as polynomials, times $1 - s$. The expansion is real "
        "and its condition number is 1, but convolution is a Toeplitz matrix, not a product of coefficients.",
        verdict="holds",
        proof=r"$\ell_n$ has the transform $(p - 1/2)^n/(p + 1/2)^{n+1}$. With $s = (p - 1/2)/(p + 1/2)$ it is "
        r"$s^n (1 - s)$, and $s^m (1 - s) s^n (1 - s) = (s^{m+n} - s^{m+n+1})(1 - s)$.",
        checks=(
            Identity(
                name="orthonormal",
                closed=orthonormal,
                independent=inner_products,
                points=({"n": 0, "k": 0}, {"n": 3, "k": 1}, {"n": 2, "k": 5}),
            ),
            Identity(
                name="the convolution of two",
                closed=difference_of_two,
                independent=convolved,
                points=({"n": 0, "k": 0, "t": "1"}, {"n": 2, "k": 3, "t": "0.01"}, {"n": 4, "k": 1, "t": "20"}),
                random={"n": Range(0, 5), "k": Range(0, 5), "t": Range("0.1", "9")},
            ),
            Identity(
                name="coefficients of a convolution",
                closed=toeplitz,
                independent=product_of_quadratures,
                points=({"size": 1, "seed": 1, "p": "1"}, {"size": 4, "seed": 1, "p": "0.7"}),
            ),
        ),
    ),
    Claim(
        id="hartley-convolution",
        title="Hartley: real, orthogonal, and circular convolution in pairs of bins",
        statement=r"With $X_k = \sum_n x_n (\cos + \sin)(2\pi kn/N)$ the transform of $x \circledast y$ is $Z_k = "
        r"\frac{1}{2}[X_k (Y_k + Y_{-k}) + X_{-k} (Y_k - Y_{-k})]$. Divided by $\sqrt{N}$, the transform is orthogonal "
        r"and its own inverse (then $Z$ gets a factor $\sqrt{N}$).",
        verdict="holds",
        corrected=r"For $N \geq 3$ bins mix in pairs $k$, $-k$: the transform does not diagonalise the convolution, "
        "as no real transform can (see no-real-circular-diagonaliser). For real signals it is the real part minus "
        "the imaginary part of the Fourier transform.",
        proof=r"$X_k = \Re \hat x_k - \Im \hat x_k$, so that $\Re \hat x_k = (X_k + X_{-k})/2$ and $\Im \hat x_k = "
        r"(X_{-k} - X_k)/2$ for real signals; insert both into $\hat x_k \hat y_k$. Both sides are bilinear.",
        checks=(
            Identity(
                name="pairs of bins against circular convolution",
                closed=pairs_of_bins,
                independent=circular_convolution,
                points=_PAIRS,
            ),
            Identity(
                name="twice it gives N times the signal",
                closed=signal_itself,
                independent=hartley_twice,
                points=_PAIRS,
            ),
            Contradiction(
                name="bin by bin it is not a convolution",
                claimed=bin_by_bin,
                actual=circular_convolution,
                points=_PAIRS[2:],
            ),
        ),
    ),
    Claim(
        id="damped-circle",
        title="The Laplace transform on a computer, done well: nodes on a damped circle",
        statement=r"Evaluation at $z_k = r e^{-2\pi ik/N}$, $p$ complex with $e^{-\Re p} = r < 1$, has the condition "
        "number $r^{-(N-1)}$ in the 2-norm, and products of values give the linear convolution, where the samples "
        "after the first $N$ are multiplied by $r^N$ and added at the start.",
        verdict="holds",
        proof="$T$ is a Fourier matrix times the diagonal matrix of $r^n$, so that $T^* T$ is diagonal with entries "
        "$N r^{2n}$. All nodes satisfy $z^N = r^N$: the polynomial is known modulo $z^N - r^N$. With $r^N = "
        r"\epsilon$ the wrapped part is multiplied by $\epsilon$ and rounding errors by $1/\epsilon$; $r$ sets the "
        "compromise.",
        checks=(
            Identity(
                name="singular values",
                closed=squared_singular_values,
                independent=damped_singular_values,
                points=({"N": 1, "r": "0.5"}, *_CIRCLES),
            ),
            Identity(
                name="condition number",
                closed=damped_condition,
                independent=condition_by_singular_values,
                points=_CIRCLES,
            ),
            Identity(
                name="what wraps around",
                closed=wrapped_a_little,
                independent=through_damped_circle,
                points=tuple({**at, "seed": 1} for at in _CIRCLES),
            ),
        ),
    ),
)
