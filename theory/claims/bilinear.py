"""Bilinear algorithms: how many products a convolution needs, and the precision that real nodes leave.

A bilinear algorithm for a product of two signals is a list of rows (a, g, c): each row multiplies a(x) by g(h), linear
functionals of the factors, and adds c times the result to the output. Its rows are its products. The least number of
rows is the rank of the product over the field that the entries of a, g and c belong to.
"""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from functools import lru_cache
from itertools import combinations, product
from typing import Any

from .. import signals
from ..arithmetic import Arithmetic, Number
from ..checks import Bound, Identity, Point, Range
from ..claim import Claim
from .real_domains import FAMILIES, Nodes, condition_of, lagrange, powers, rate

# == the number of products ==========================================================================================
# -- over a finite field: exhaustive search ------------------------------------------------------------------
Vector = tuple[int, ...]
Forms = tuple[Vector, ...]


def reduced(p: int, vector: Vector, basis: dict[int, Vector]) -> Vector:
    """Return a vector minus multiples of the basis, whose vectors are 1 at their own place and 0 before it."""
    for place, row in basis.items():
        if vector[place]:
            factor = vector[place]
            vector = tuple((v - factor * r) % p for v, r in zip(vector, row, strict=True))
    return vector


def extended(p: int, vectors: Forms, basis: dict[int, Vector]) -> dict[int, Vector]:
    """Return a basis of the span of a basis and further vectors modulo p."""
    basis = dict(basis)
    for vector in vectors:
        vector = reduced(p, vector, basis)
        place = next((i for i, v in enumerate(vector) if v), None)
        if place is not None:
            inverse = pow(vector[place], -1, p)
            basis[place] = tuple(v * inverse % p for v in vector)
    return basis


@lru_cache(maxsize=64)
def rank_by_search(p: int, rows: int, columns: int, forms: Forms) -> int:
    """Return the least number of products of two linear forms modulo p whose span contains bilinear forms.

    If r products are enough, then the span of the forms and of some of these products has dimension r, and products
    span it. All choices are tried.
    """
    ones = [
        tuple(a * b % p for a in u for b in v)
        for u in product(range(p), repeat=rows)
        for v in product(range(p), repeat=columns)
        if _starts_with_one(u) and _starts_with_one(v)
    ]
    span = extended(p, forms, {})
    # A product is in the span of the forms and of others if its rest is in that of their rests.
    rests = [reduced(p, one, span) for one in ones]
    for further in range(rows * columns):
        for chosen in combinations(rests, further):
            added = extended(p, chosen, {})
            inside = tuple(one for one, rest in zip(ones, rests, strict=True) if not any(reduced(p, rest, added)))
            size = len(span) + len(added)
            if len(inside) >= size == len(extended(p, inside, {})):
                return size
    return rows * columns


def _starts_with_one(vector: Vector) -> bool:
    return next((v for v in vector if v), 0) == 1


def forms_of_product(p: int, x: int, h: int) -> Forms:
    """Return the coefficients of the product of two polynomials of x and h coefficients, as bilinear forms."""
    return tuple(tuple(int(i + j == n) for i in range(x) for j in range(h)) for n in range(x + h - 1))


def forms_modulo(p: int, P: Vector) -> Forms:
    """Return the coefficients of the product modulo a monic polynomial, given from its constant up."""
    n = len(P) - 1
    powers = [tuple(int(i == j) for j in range(n)) for i in range(n)]
    while len(powers) < 2 * n - 1:
        before = powers[-1]
        powers.append(tuple((a - before[-1] * b) % p for a, b in zip((0, *before), P[:-1], strict=False)))
    return tuple(tuple(powers[i + j][k] for i in range(n) for j in range(n)) for k in range(n))


def rank_of_product(m: Arithmetic, p: int, x: int, h: int) -> Number:
    return m.number(x + h - 1)


def rank_of_product_by_search(m: Arithmetic, p: int, x: int, h: int) -> Number:
    return m.number(rank_by_search(p, x, h, forms_of_product(p, x, h)))


def rank_modulo(m: Arithmetic, p: int, P: int, k: int) -> Number:
    """Return the rank modulo a polynomial of k different irreducible factors; its coefficients are the digits of P."""
    return m.number(2 * (len(str(P)) - 1) - k)


def rank_modulo_by_search(m: Arithmetic, p: int, P: int, k: int) -> Number:
    n = len(str(P)) - 1
    return m.number(rank_by_search(p, n, n, forms_modulo(p, tuple(int(c) for c in reversed(str(P))))))


# -- algorithms over the rational, the real and the complex numbers -------------------------------------------
Polynomial = list[Fraction]
#: The functionals of both factors, and the part of the output, of one product.
Row = tuple[list[Any], list[Any], list[Any]]


def divided(x: Polynomial, P: Polynomial) -> tuple[Polynomial, Polynomial]:
    """Return the quotient and the remainder by a monic polynomial; coefficients are from the constant up."""
    rest, quotient, n = list(x), [], len(P) - 1
    while len(rest) > n:
        leading = rest.pop()
        quotient.append(leading)
        for i in range(n):
            rest[len(rest) - n + i] -= leading * P[i]
    return quotient[::-1], rest + [Fraction(0)] * (n - len(rest))


@lru_cache(maxsize=64)
def cyclotomic(N: int) -> tuple[Fraction, ...]:
    """Return the polynomial of the primitive N-th roots of unity."""
    found = [Fraction(-1), *[Fraction(0)] * (N - 1), Fraction(1)]
    for d in range(1, N):
        if N % d == 0:
            found, _ = divided(found, list(cyclotomic(d)))
    return tuple(found)


def solved(rows: list[list[Fraction]], right: list[Fraction]) -> list[Fraction]:
    """Solve linear equations by elimination with exchanges of rows."""
    table = [[*row, b] for row, b in zip(rows, right, strict=True)]
    for k in range(len(table)):
        place = next(i for i in range(k, len(table)) if table[i][k])
        table[k], table[place] = table[place], table[k]
        table[k] = [z / table[k][k] for z in table[k]]
        for i in range(len(table)):
            if i != k:
                table[i] = [z - table[i][k] * q for z, q in zip(table[i], table[k], strict=True)]
    return [row[-1] for row in table]


def toom(n: int, h: int) -> list[Row]:
    """Return the algorithm for polynomials of n and h coefficients with n + h - 1 products.

    It multiplies values at 0, 1, -1, 2, -2, ... and the leading coefficients.
    """
    size = n + h - 1
    nodes = [Fraction((-1) ** (k + 1) * ((k + 1) // 2)) for k in range(size - 1)]
    values = [[node**i for i in range(size)] for node in nodes] + [[Fraction(int(i == size - 1)) for i in range(size)]]
    rows = []
    for k in range(size):
        output = solved(values, [Fraction(int(i == k)) for i in range(size)])
        rows.append((values[k][:n], values[k][:h], output))
    # The last row of the values is the leading coefficient; those of the factors are at other places.
    rows[-1] = (values[-1][size - n :], values[-1][size - h :], rows[-1][2])
    return rows


@lru_cache(maxsize=64)
def over_rationals(N: int) -> list[Row]:
    """Return Winograd's algorithm: residues modulo each cyclotomic factor of s^N - 1 are multiplied by values."""
    whole = [Fraction(-1), *[Fraction(0)] * (N - 1), Fraction(1)]
    monomials = [[Fraction(int(i == j)) for j in range(N)] for i in range(N)]
    rows = []
    for d in range(1, N + 1):
        if N % d:
            continue
        P = list(cyclotomic(d))
        n = len(P) - 1
        residues = [divided(s, P)[1] for s in monomials]
        # The polynomial that is 1 modulo P and 0 modulo the other factors.
        cofactor, _ = divided(whole, P)
        columns = [divided([Fraction(0)] * i + cofactor, P)[1] for i in range(n)]
        inverse = solved([list(row) for row in zip(*columns, strict=True)], [Fraction(int(i == 0)) for i in range(n)])
        unit = signals.linear(cofactor, inverse)
        for a, g, c in toom(n, n):
            output = divided(signals.linear(divided(c, P)[1], unit), whole)[1]
            rows.append(([signals.dot(a, r) for r in residues], [signals.dot(g, r) for r in residues], output))
    return rows


def over_reals(m: Arithmetic, N: int) -> Iterator[Row]:
    """Yield the algorithm through the bins of a real spectrum, with three products for each complex one."""
    for k in range(N // 2 + 1):
        turns = [m.unit(-k * n, N) for n in range(N)]
        re, im = [m.re(t) for t in turns], [m.im(t) for t in turns]
        if 2 * k % N == 0:
            yield re, re, [r / N for r in re]
            continue
        total, difference, both = ([r + sign * i for r, i in zip(re, im, strict=True)] for sign in (1, -1, 1))
        # (a + ib)(c + id): the real part is c(a + b) - b(c + d), the imaginary part c(a + b) + a(d - c).
        yield total, re, [2 * d / N for d in [r + i for r, i in zip(re, im, strict=True)]]
        yield re, [-d for d in difference], [2 * i / N for i in im]
        yield im, both, [-2 * r / N for r in re]


def over_complex(m: Arithmetic, N: int) -> Iterator[Row]:
    for k in range(N):
        turns = [m.unit(-k * n, N) for n in range(N)]
        yield turns, turns, [m.unit(k * n, N) / N for n in range(N)]


def tensor(m: Arithmetic, rows: list[Row], x: int, h: int) -> list[Number]:
    """Return the number of products, and what they add up to for each pair of unit impulses."""
    every = []
    for i in range(x):
        for j in range(h):
            pairs = [(a[i] * g[j], c) for a, g, c in rows]
            every += [sum(ag * c[n] for ag, c in pairs if not _is_zero(ag)) for n in range(len(rows[0][2]))]
    return [m.number(len(rows)), *(m.number(z) if isinstance(z, int | Fraction) else z for z in every)]


def _is_zero(z: Any) -> bool:
    return isinstance(z, Fraction) and z == 0


def product_as_claimed(m: Arithmetic, x: int, h: int) -> list[Number]:
    """Return x + h - 1 products, and the product of each pair of monomials."""
    size = x + h - 1
    return [m.number(size), *(m.number(int(i + j == n)) for i in range(x) for j in range(h) for n in range(size))]


def product_by_values(m: Arithmetic, x: int, h: int) -> list[Number]:
    return tensor(m, toom(x, h), x, h)


def circular_as_claimed(m: Arithmetic, N: int, field: int) -> list[Number]:
    """Return the products over the rationals (0), the reals (1), the complex numbers (2), and shifted impulses."""
    factors = (sum(N % (d + 1) == 0 for d in range(N)), N // 2 + 1, N)
    shifted = (m.number(int((i + j) % N == n)) for i in range(N) for j in range(N) for n in range(N))
    return [m.number(2 * N - factors[field]), *shifted]


def circular_by_algorithm(m: Arithmetic, N: int, field: int) -> list[Number]:
    rows = [lambda: over_rationals(N), lambda: list(over_reals(m, N)), lambda: list(over_complex(m, N))][field]()
    return tensor(m, rows, N, N)


# -- freqnet's half spectrum -------------------------------------------------------------------------------------
def convolution_and_products(m: Arithmetic, N: int, seed: int) -> list[Number]:
    """Return the rank over the reals at an odd size, and a circular convolution."""
    return [m.number((3 * N - 1) // 2), *signals.circular(signals.noise(m, N, seed), signals.noise(m, N, seed + 1))]


def engine_products(m: Arithmetic, N: int, seed: int) -> list[Number]:
    """Multiply freqnet's spectra with three real products for each complex bin, and count them."""
    import numpy as np

    from freqnet import Fourier, Tensor, ops

    pair = (np.array([float(z) for z in signals.noise(m, N, at)])[None, :, None] for at in (seed, seed + 1))
    x, h = (ops.analysis(signal, Fourier.on(N)) for signal in pair)
    X, H = x.data.ravel(), h.data.ravel()
    bins, products = [complex(X[0].real * H[0].real)], 1
    for a, b, c, d in zip(X[1:].real, X[1:].imag, H[1:].real, H[1:].imag, strict=True):
        common, second, third = c * (a + b), b * (c + d), a * (d - c)
        bins.append(complex(common - second, common + third))
        products += 3
    z = Tensor(N * np.array(bins).reshape(x.shape), x.space)
    return [m.number(products), *(m.number(float(v)) for v in ops.synthesis(z).data.ravel())]


_EVERY_FIELD: tuple[Point, ...] = tuple(
    {"N": N, "field": field} for N, field in ((1, 0), (4, 0), (6, 0), (5, 0), (2, 1), (5, 1), (6, 1), (3, 2), (4, 2))
)

CLAIMS: tuple[Claim, ...] = (
    Claim(
        id="polynomial-product-rank",
        title="The least number of products in a linear convolution",
        statement="The linear convolution of $m$ with $n$ samples needs $m + n - 1$ products of a linear combination "
        "of one signal with one of the other, and no fewer.",
        verdict="conditional",
        hypotheses="The field of the constants has at least $m + n - 2$ elements.",
        corrected="The lower bound holds over every field. Over the field of two elements, 2 samples with 3 need 5 "
        "products, and 3 with 3 need 6.",
        proof="The $m + n - 1$ samples of the result are linearly independent bilinear forms, and $r$ products span "
        "at most $r$ dimensions. Values at $m + n - 2$ nodes and the leading coefficient attain it (Toom 1963).",
        proof_page="proofs_real#the-number-of-products",
        checks=(
            Identity(
                name="exhaustive search over the fields of two and three elements",
                closed=rank_of_product,
                independent=rank_of_product_by_search,
                points=(
                    {"p": 2, "x": 2, "h": 2},
                    {"p": 2, "x": 1, "h": 3},
                    {"p": 3, "x": 2, "h": 3},
                    {"p": 3, "x": 2, "h": 2},
                ),
                outside_points=({"p": 2, "x": 2, "h": 3}, {"p": 2, "x": 3, "h": 3}),
            ),
            Identity(
                name="the algorithm through values: its products, and its result on all pairs of impulses",
                closed=product_as_claimed,
                independent=product_by_values,
                points=tuple({"x": x, "h": h} for x, h in ((1, 1), (2, 2), (2, 3), (4, 3), (5, 5))),
            ),
        ),
    ),
    Claim(
        id="product-modulo-rank",
        title="The least number of products modulo a polynomial: Winograd's theorem",
        statement="The product of two polynomials modulo $P$, of degree $n$ and with $k$ different irreducible "
        "factors, needs $2n - k$ products of a linear combination of the coefficients of one factor with one of the "
        "other, and no fewer.",
        verdict="conditional",
        hypotheses=r"$P = \prod Q_i^{e_i}$ over a field of at least $2n_i - 2$ elements for each $n_i = e_i \deg "
        "Q_i$.",
        corrected="The lower bound holds over every field. Over the field of two elements, the irreducible "
        "$s^3 + s + 1$ needs 6 products, not 5.",
        proof="Let $a_j$ be the linear combinations of the coefficients of the first factor $x$. For each $Q_i$, some "
        "element of the basis that is dual to $n$ of the $a_j$ is no multiple of $Q_i$. The other $n - k$ of the "
        "$a_j$, or more, vanish at these $k$ elements, hence at an invertible $x$ that they span; for this the field "
        "may be extended. The rest of the products must produce all $n$ dimensions of the products with this $x$. "
        "The theorem is Winograd's (1980).",
        proof_page="proofs_real#the-number-of-products",
        checks=(
            Identity(
                name="exhaustive search over the fields of two and three elements",
                closed=rank_modulo,
                independent=rank_modulo_by_search,
                points=(
                    {"p": 2, "P": 100, "k": 1},
                    {"p": 2, "P": 110, "k": 2},
                    {"p": 2, "P": 111, "k": 1},
                    {"p": 2, "P": 1001, "k": 2},
                    {"p": 2, "P": 1100, "k": 2},
                    {"p": 2, "P": 10010, "k": 3},
                    {"p": 3, "P": 101, "k": 1},
                    {"p": 3, "P": 1020, "k": 3},
                ),
                outside_points=({"p": 2, "P": 1011, "k": 1},),
            ),
        ),
    ),
    Claim(
        id="circular-convolution-rank",
        title="The least number of products in a circular convolution",
        statement=r"The circular convolution of $N$ samples needs $N$ products with complex constants, $2N - \lfloor "
        r"N/2 \rfloor - 1$ with real ones, and $2N$ minus the number of divisors of $N$ with rational ones.",
        verdict="holds",
        proof="It is the product modulo $s^N - 1$ (see product-modulo-rank). That polynomial has $N$ complex "
        r"factors, $\lfloor N/2 \rfloor + 1$ real ones (one for each bin of the half spectrum), and one rational "
        "factor for each divisor of $N$. The product of two complex numbers takes three real products: the half "
        "spectrum with three products for each complex bin is optimal over the reals.",
        proof_page="proofs_real#the-number-of-products",
        checks=(
            Identity(
                name="the algorithms: their products, and their results on all pairs of impulses",
                closed=circular_as_claimed,
                independent=circular_by_algorithm,
                points=_EVERY_FIELD,
            ),
            Identity(
                name="the same count on freqnet's half spectrum",
                closed=convolution_and_products,
                independent=engine_products,
                points=({"N": 1, "seed": 1}, {"N": 7, "seed": 1}, {"N": 15, "seed": 2}),
                engine=True,
            ),
        ),
    ),
)


# == rows times factors, and the node at infinity ====================================================================
# -- nodes -------------------------------------------------------------------------------------------------
def scattered(m: Arithmetic, N: int, reach: Number, seed: int) -> Nodes:
    """Return N different irregular nodes between -reach and reach."""
    shifts = signals.noise(m, N, seed)
    return [reach * (m.number(Fraction(2 * k + 1 - N, N)) + shifts[k] / (5 * N)) for k in range(N)]


@lru_cache(maxsize=64)
def phases(N: int, is_positive: bool = False) -> tuple[float, ...]:
    """Return the real zeros of Re[(x + i) prod(x - e^{-i pi k/N})], rounded to doubles.

    They are where the arguments of the factors, which decrease, add up to an odd multiple of pi/2. For positive nodes,
    return the squares of the positive zeros for the roots of degree 4N, with two factors x + i.
    """
    import numpy as np

    if is_positive:
        turns = np.exp(-0.5j * np.pi * np.delete(np.arange(1, 2 * N), N - 1) / N)
    else:
        turns = np.exp(-1j * np.pi * np.arange(1, N) / N)
    roots = np.concatenate([turns, [-1j] * (1 + is_positive)])
    low, high = np.full(len(roots), -np.pi / 2), np.full(len(roots), np.pi / 2)
    for _ in range(60):
        middle = (low + high) / 2
        total = np.angle(np.tan(middle)[:, None] - roots).sum(1)
        is_left = total > np.pi * (np.arange(len(roots)) + 0.5)
        low, high = np.where(is_left, middle, low), np.where(is_left, high, middle)
    zeros = np.tan(low)
    return tuple(float(x) for x in (zeros[zeros > 0] ** 2 if is_positive else zeros))


def condition_of_rows(m: Arithmetic, nodes: Nodes, scales: list[Number], has_infinity: bool = False) -> Number:
    """Return the condition number in the Frobenius norm of evaluation at nodes, its rows times scales.

    The row of the node at infinity is the leading coefficient.
    """
    N = len(nodes) + has_infinity
    back = [
        [*column, node * 0] if has_infinity else column for node, column in zip(nodes, lagrange(nodes), strict=True)
    ]
    rows = [powers(node, N) for node in nodes]
    if has_infinity:
        whole = [m.number(1)]
        for node in nodes:
            whole = [a - node * b for a, b in zip([0, *whole], [*whole, 0], strict=True)]
        back.append(whole)
        rows.append([m.number(int(n == N - 1)) for n in range(N)])
    square = lambda row: sum(m.abs(z) ** 2 for z in row)
    there = sum(square(row) * d**2 for row, d in zip(rows, scales, strict=True))
    return m.sqrt(there * sum(square(column) / d**2 for column, d in zip(back, scales, strict=True)))


def condition_of_scattered(m: Arithmetic, N: int, reach: Number, infinity: int, seed: int) -> Number:
    """Return the condition number at scattered nodes with irregular scales."""
    scales = [m.number("0.1") + z**2 for z in signals.noise(m, N, seed + 1)]
    return condition_of_rows(m, scattered(m, N - infinity, reach, seed), scales, bool(infinity))


def condition_of_positive(m: Arithmetic, N: int, reach: Number, seed: int) -> Number:
    nodes = [reach + z for z in scattered(m, N, reach, seed)]
    return condition_of_rows(m, nodes, [m.number("0.1") + z**2 for z in signals.noise(m, N, seed + 1)])


def unit_rows(m: Arithmetic, nodes: Nodes) -> Number:
    """Return the condition number when every row has length 1."""
    return condition_of_rows(
        m, nodes, [1 / m.sqrt(sum(m.abs(z) ** 2 for z in powers(node, len(nodes)))) for node in nodes]
    )


def condition_of_phases(m: Arithmetic, N: int) -> Number:
    return unit_rows(m, [m.number(x) for x in phases(N)])


def digits_of_phases(m: Arithmetic, N: int) -> Number:
    return m.log(condition_of_phases(m, N)) / m.log(m.number(10))


def condition_of_unit_rows(m: Arithmetic, N: int, family: int) -> Number:
    return unit_rows(m, FAMILIES[family](m, N))


def excess_of_positive_phases(m: Arithmetic, N: int) -> Number:
    """Return the same for positive nodes."""
    nodes = [m.number(x) for x in phases(N, is_positive=True)]
    return unit_rows(m, nodes) / floor_of_positive(m, N, m.number(0), 0)


def excess_of_phases(m: Arithmetic, N: int) -> Number:
    """Return the condition number in units of the lower bound for all real nodes and factors."""
    return condition_of_phases(m, N) / floor_of_coefficients(m, N)


# -- the bounds ------------------------------------------------------------------------------------------------
def catalan(m: Arithmetic) -> Number:
    """Return Catalan's constant."""
    return (m.psi(1, m.number("1/4")) - m.psi(1, m.number("3/4"))) / 16


def logarithm_of_cosine(m: Arithmetic) -> Number:
    return 2 * m.integral(lambda t: m.log(2 * m.cos(t)), 0, m.pi / 4)


def half_of_roots(m: Arithmetic, N: int) -> list[Number]:
    """Return the coefficients of the product of x - z over the 2N-th roots of unity z in the upper half plane."""
    return from_roots(m, [m.unit(k, 2 * N) for k in range(1, N)])


def from_roots(m: Arithmetic, roots: list[Number]) -> list[Number]:
    found = [m.number(1)]
    for z in roots:
        found = [a - z * b for a, b in zip([0, *found], [*found, 0], strict=True)]
    return found


def length_of_row(m: Arithmetic, N: int, x: Number) -> Number:
    """Return the squared length of the row 1, x, ..., x^(N-1)."""
    return (x ** (2 * N) - 1) / (x**2 - 1)


def squared_product(m: Arithmetic, N: int, x: Number) -> Number:
    return m.abs(sum(c * x**n for n, c in enumerate(half_of_roots(m, N)))) ** 2


def floor_of_coefficients(m: Arithmetic, N: int, **_: Any) -> Number:
    """Return the length of the coefficients of that product."""
    return m.sqrt(sum(m.abs(c) ** 2 for c in half_of_roots(m, N)))


def floor_of_positive(m: Arithmetic, N: int, reach: Number, seed: int) -> Number:
    """Return the length of the even coefficients of the product over 4N-th roots of unity, without i."""
    even = from_roots(m, [m.unit(k, 4 * N) for k in range(1, 2 * N) if k != N])[::2]
    return m.sqrt(sum(m.abs(c) ** 2 for c in even))


def floor_in_closed_form(m: Arithmetic, N: int) -> Number:
    return m.exp(2 * catalan(m) * N / m.pi - m.pi**2 / (24 * N)) / m.sqrt(m.number(2 * N))


def ceiling_of_phases(m: Arithmetic, N: int) -> Number:
    return m.number("2.06") * N * m.sqrt(m.number(N)) * m.exp(2 * catalan(m) * N / m.pi)


def excess_of_floor(m: Arithmetic, N: int) -> Number:
    """Return the length of the coefficients divided by the bound in closed form."""
    return floor_of_coefficients(m, N) / floor_in_closed_form(m, N)


# -- without factors -------------------------------------------------------------------------------------------
def stretched(m: Arithmetic, N: int, reach: Number, seed: int) -> Nodes:
    """Return N irregular nodes whose largest modulus is `reach`."""
    return [reach, *scattered(m, N - 1, reach, seed)]


def chebyshev_coefficients(m: Arithmetic, n: int) -> list[Number]:
    before, here = [m.number(1)], [m.number(0), m.number(1)]
    for _ in range(n - 1):
        twice = [m.number(0), *(2 * c for c in here)]
        before, here = here, [a - b for a, b in zip(twice, [*before, m.number(0), m.number(0)], strict=True)]
    return here if n else before


def seen_amplification(m: Arithmetic, N: int, reach: Number, seed: int) -> Number:
    """Return a lower bound of the condition number in the 2-norm, by two vectors.

    T lengthens the last unit vector, and its inverse the values of T_n(x/reach).
    """
    nodes = stretched(m, N, reach, seed)
    c = [a / reach**n for n, a in enumerate(chebyshev_coefficients(m, N - 1))]
    there = sum(node ** (2 * N - 2) for node in nodes)
    values = sum(sum(a * z for a, z in zip(c, powers(node, N), strict=True)) ** 2 for node in nodes)
    return m.sqrt(there * sum(a**2 for a in c) / values)


def floor_without_factors(m: Arithmetic, N: int, reach: Number, seed: int) -> Number:
    return (1 + m.sqrt(m.number(2))) ** (N - 1) / (2 * N)


def floor_of_family(m: Arithmetic, N: int, family: int) -> Number:
    return rate(m, 0) ** (N - 1) / (2 * N)


CLAIMS += (
    Claim(
        id="real-nodes-sharp-rate",
        title="Evaluation at real nodes anywhere costs 0.38 digits per sample",
        statement=r"The condition number in the 2-norm of evaluation at $N$ real nodes is at least $(1 + "
        r"\sqrt{2})^{N-1}/(2N)$, wherever the nodes are. With a node at infinity, whose row is the leading "
        r"coefficient, it is at least $(1 + \sqrt{2})^{N-2}/(2N)$.",
        verdict="conditional",
        hypotheses="The nodes are real, and the rows are not multiplied by factors.",
        corrected="Chebyshev's nodes on $[-1, 1]$ attain the rate (see real-nodes-conditioning). Nodes outside of "
        "$[-1, 1]$ and a node at infinity therefore cannot improve it; factors of the rows can (see "
        "scaled-real-nodes). On the unit circle the condition number is 1.",
        proof="Let $X$ be the largest modulus of a node, and $n = N - 1$. If $X > 1$, the column of $n$-th powers is "
        "at least $X^n$ long. The polynomial $X^n T_n(x/X)$ is at most $X^n$ at all nodes, and its coefficients, "
        "those of $T_n$ times powers of $X$, are no shorter than those of $T_n$. The case $X \\leq 1$ is in "
        "real-nodes-conditioning.",
        proof_page="proofs_real#rows-times-factors-and-the-node-at-infinity",
        checks=(
            Bound(
                name="two vectors that show the rate, at irregular nodes",
                loose="the bound drops a factor that grows with N: at the extrema of T_n the two vectors show 1.66 "
                "times it at N = 2 and 4.2 times at N = 24; irregular nodes have more",
                quantity=seen_amplification,
                low=floor_without_factors,
                points=({"N": 2, "reach": "1", "seed": 1}, {"N": 24, "reach": "3", "seed": 1}),
                random={"N": Range(2, 14), "reach": Range("1", "1e3"), "seed": Range(0, 999)},
                screened=30,
            ),
            Bound(
                name="tangents of equispaced angles, and Chebyshev's nodes",
                loose="Chebyshev's nodes in [-1, 1] have the rate and 19.5 times the bound; those in (0, 1) and the "
                "tangents grow faster",
                quantity=condition_of,
                low=floor_of_family,
                # In the Frobenius norm every condition number is at least N; here the bound exceeds N.
                points=({"N": 12, "family": 4}, {"N": 12, "family": 0}, {"N": 13, "family": 1}),
                outside_points=({"N": 12, "family": 3},),
                guard=40,
            ),
        ),
    ),
    Claim(
        id="scaled-real-nodes",
        title="Factors of the rows lower the cost of real nodes from 0.38 to 0.25 digits per sample",
        statement="Let the rows of evaluation at $N$ real nodes be multiplied by any factors, and let one node be "
        r"infinity or none. The condition number in the Frobenius norm is at least $e^{2CN/\pi - "
        r"\pi^2/(24N)}/\sqrt{2N}$, with Catalan's constant $C$ and $e^{2C/\pi} = 1.79$. Rows of length 1 at the "
        r"zeros of $\Re[(x + i) \prod_{k=1}^{N-1} (x - e^{-i\pi k/N})]$ stay below $2.06\,N^{3/2} e^{2CN/\pi}$: "
        "they cost 7.6 digits at $N = 32$, where Chebyshev's nodes cost 11.8, and up to $N = 32$ no real nodes with "
        r"any factors are 1.6 times better. At nodes $r \geq 0$ the rate is the square, 0.51 digits per "
        "sample instead of 0.77.",
        verdict="conditional",
        hypotheses="The nodes are real.",
        corrected="A node at infinity brings nothing beyond the factors. On the unit circle the condition number in "
        "the 2-norm is 1.",
        proof=r"$q(x) = \prod_{k=1}^{N-1} (x - e^{i\pi k/N})$ has $|q(x)|^2 = \sum_j x^{2j}$ on the real line: its "
        "value at a node is as large as the node's row is long, whatever the factor. So its coefficients $c$ have "
        r"$\|Bc\|_2 = \|B\|_F$, and $\kappa_F \geq \|c\|_2 \geq |q(-i)|/\sqrt{N}$. The rate is that of Beckermann "
        "(2000) for positive definite Hankel matrices, which are $B^T B$.",
        proof_page="proofs_real#rows-times-factors-and-the-node-at-infinity",
        checks=(
            Identity(
                name="twice the integral of log(2 cos t) over [0, π/4] is Catalan's constant",
                closed=catalan,
                independent=logarithm_of_cosine,
            ),
            Identity(
                name="the product over half of the roots of unity is as large as a row is long",
                closed=length_of_row,
                independent=squared_product,
                points=({"N": 1, "x": "2"}, {"N": 2, "x": "-0.5"}, {"N": 9, "x": "1.5"}, {"N": 16, "x": "0.001"}),
                random={"N": Range(1, 12), "x": Range("1.1", "5")},
                screened=25,
            ),
            Bound(
                name="irregular nodes and factors, with and without infinity",
                loose="the bound holds for any nodes; random ones are worse than the best",
                quantity=condition_of_scattered,
                low=floor_of_coefficients,
                points=(
                    {"N": 2, "reach": "1", "infinity": 1, "seed": 1},
                    {"N": 16, "reach": "3", "infinity": 0, "seed": 1},
                    {"N": 16, "reach": "3", "infinity": 1, "seed": 1},
                ),
                random={"N": Range(2, 12), "reach": Range("0.3", "9"), "infinity": Range(0, 1), "seed": Range(0, 999)},
                screened=30,
                guard=30,
            ),
            Bound(
                name="irregular positive nodes and factors",
                loose="the bound holds for any nodes; random ones are worse than the best",
                quantity=condition_of_positive,
                low=floor_of_positive,
                random={"N": Range(2, 12), "reach": Range("0.3", "9"), "seed": Range(0, 999)},
                screened=25,
                guard=30,
            ),
            Bound(
                name="the bound in closed form, below the bound by coefficients",
                quantity=excess_of_floor,
                low="1",
                points=({"N": 1}, {"N": 2}, {"N": 8}, {"N": 32}),
            ),
            Bound(
                name="rows of length 1 at the zeros, between the bounds",
                loose="the ends are proved for every size, and differ by a power of N",
                quantity=condition_of_phases,
                low=floor_in_closed_form,
                high=ceiling_of_phases,
                # Here the lower bound exceeds N.
                points=({"N": 12}, {"N": 32}),
                guard=30,
            ),
            Bound(
                name="and in units of the bound by coefficients",
                quantity=excess_of_phases,
                low="1.4",
                high="1.6",
                points=({"N": 2}, {"N": 4}, {"N": 8}, {"N": 32}),
                guard=30,
            ),
            Bound(
                name="the same for positive nodes",
                quantity=excess_of_positive_phases,
                low="1.35",
                high="1.6",
                points=({"N": 2}, {"N": 8}, {"N": 16}),
                guard=30,
            ),
            Bound(
                name="digits that they cost at N = 32",
                quantity=digits_of_phases,
                low="7.55",
                high="7.65",
                points=({"N": 32},),
                guard=30,
            ),
            Bound(
                name="rows of length 1 at Chebyshev's nodes, equispaced p and tangents",
                loose="the bound holds for any nodes; these are not the best",
                quantity=condition_of_unit_rows,
                low=floor_of_coefficients,
                points=({"N": 12, "family": 0}, {"N": 12, "family": 1}, {"N": 12, "family": 2}, {"N": 12, "family": 4}),
                outside_points=({"N": 12, "family": 3},),
                guard=30,
            ),
        ),
    ),
)
