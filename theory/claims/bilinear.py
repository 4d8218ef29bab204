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
from ..checks import Identity, Point
from ..claim import Claim

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
    {"N": N, "field": field} for N, field in ((1, 0), (4, 0), (6, 0), (7, 0), (2, 1), (5, 1), (6, 1), (3, 2), (4, 2))
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
        "factors, needs $2n - k$ products, and no fewer.",
        verdict="conditional",
        hypotheses=r"$P = \prod Q_i^{e_i}$ over a field of at least $k$ elements, and of at least $2n_i - 2$ for each "
        r"$n_i = e_i \deg Q_i$.",
        corrected="The lower bound needs a field of $k$ elements only. Over the field of two elements, the "
        "irreducible $s^3 + s + 1$ needs 6 products, not 5.",
        proof="For each factor, some element of the basis that is dual to $n$ of the functionals $a_i$ is not in the "
        "ideal of the factor. The other $n - k$ functionals, or more, vanish at these $k$ elements, hence at a unit "
        "$x$ that they span. The rest of the products must produce all $n$ dimensions of $x h$. The theorem is "
        "Winograd's (1980).",
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
