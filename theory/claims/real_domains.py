"""Evaluation at real nodes, what a Laplace transform on a computer is, and its condition number."""

from __future__ import annotations

import math
from collections.abc import Sequence
from fractions import Fraction

from ..arithmetic import Arithmetic, Number
from ..checks import Bound, Identity
from ..claim import Claim

Nodes = list[Number]


# -- nodes -----------------------------------------------------------------------------------------------
def chebyshev(m: Arithmetic, N: int) -> Nodes:
    """Return Chebyshev's nodes on (-1, 1): the best growth that nodes there can have."""
    return [m.cos(m.pi * m.number(Fraction(2 * k + 1, 2 * N))) for k in range(N)]


def chebyshev_positive(m: Arithmetic, N: int) -> Nodes:
    """Return Chebyshev's nodes on (0, 1): e^{-p} for N positive real p, the best growth that such p can have."""
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
    """Return the coefficients of Lagrange's polynomials, one a row: the columns of the inverse of T."""
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
    """Return an inverse by Gauss and Jordan, unpivoted: the leading minors here are not zero."""
    N = len(A)
    rows = [[*row, *(m.number(int(i == j)) for j in range(N))] for i, row in enumerate(A)]
    for k in range(N):
        pivot = [z / rows[k][k] for z in rows[k]]
        rows = [
            pivot if i == k else [z - row[k] * p for z, p in zip(row, pivot, strict=True)] for i, row in enumerate(rows)
        ]
    return [row[N:] for row in rows]


def of_fourier(m: Arithmetic, N: int, family: int) -> Number:
    return m.number(N)


# -- growth ----------------------------------------------------------------------------------------------------
def rate(m: Arithmetic, family: int) -> Number:
    """Return by what the condition number grows with each node: 1 + sqrt 2, or its square."""
    return (1 + m.sqrt(m.number(2))) ** (1 + family)


def growth(m: Arithmetic, N: int, family: int) -> Number:
    """Return the ratio of neighbouring condition numbers, in units of the rate."""
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
    return m.sqrt(m.number(Fraction(2 ** (N - 1), 2 * N * (2 * N - 1))))


def excess_of_equispaced(m: Arithmetic, N: int) -> Number:
    return condition_of(m, N, 2) / m.exp(m.number(Fraction(N * (N - 1), 8)))


_SIZES = (4, 5, 6, 7, 8, 11, 12, 15, 16, 20, 24, 28, 31)
_GROWING = tuple({"N": N, "family": family} for family in (0, 1) for N in _SIZES)
_LARGE = ({"N": 4}, {"N": 8}, {"N": 16}, {"N": 32})

CLAIMS = (
    Claim(
        id="real-nodes-conditioning",
        title="Every real evaluation is badly conditioned, exponentially in its size",
        statement="The condition number of evaluation at $N$ nodes in $[-1, 1]$ is at least $(1 + "
        r"\sqrt{2})^{N-1}/(2\sqrt{N})$; in $[0, 1]$, where $e^{-p}$ lies for positive real $p$, at least $(3 + "
        r"2\sqrt{2})^{N-1}/(2\sqrt{N})$; anywhere on the real line at least $2^{(N-1)/2}/\sqrt{2N(2N - 1)}$. "
        "Chebyshev's nodes grow at the first two rates; equispaced $p$ grow faster than any power. For the Fourier "
        "transform the condition number in the 2-norm is 1.",
        verdict="holds",
        proof="The polynomial $T_{N-1}$ is at most 1 at all nodes in $[-1, 1]$, yet its coefficients add up to "
        r"$|T_{N-1}(i)|$, about $(1 + \sqrt{2})^{N-1}/2$; on $[0, 1]$, those of $T_{N-1}(2x - 1)$ add up to "
        r"$T_{N-1}(3)$. At Chebyshev's nodes Lagrange's polynomials are $\frac{2}{N} \sum_k T_k(x_i) T_k$, halved at "
        "$k = 0$. Complete on the page of proofs.",
        picture="condition-numbers",
        checks=(
            Identity(
                name="by Lagrange's polynomials and by elimination",
                closed=condition_of,
                independent=condition_by_elimination,
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
                quantity=condition_of,
                low=floor,
                high=ceiling,
                points=tuple({"N": N, "family": family} for family in (0, 1) for N in (4, 8, 16, 32)),
                guard=30,
            ),
            Bound(
                name="nodes all over the real line, above the bound that is proved for any",
                quantity=condition_of,
                low=floor_anywhere,
                points=tuple({"N": N, "family": 4} for N in (2, 5, 16, 32)),
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
                quantity=excess_of_equispaced,
                low="1",
                points=_LARGE,
                guard=60,
            ),
        ),
    ),
)
