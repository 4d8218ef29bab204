"""Products of signals that are truncated to a band after every step: what they keep, and how large they are.

A signal of band K on A axes has the modes k of whole numbers with |k_a| <= K along each axis a; its coefficients are a
dict from k to X_k. P is the truncation to the band. A real signal has X_-k = conj(X_k).
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from itertools import accumulate, combinations, permutations, product
from math import prod
from typing import Any

from ..arithmetic import Arithmetic, Number
from ..checks import DOUBLE, Bound, Contradiction, Identity, Point, Range
from ..claim import Claim
from ..signals import Mode, Signal, is_in_band, linear, modes_in_band, noise, total_of

Spectrum = dict[Mode, Number]


# == which products of modes are kept ================================================================================
def real_spectrum(m: Arithmetic, K: int, seed: int) -> Signal:
    """Return the modes -K .. K of a random real signal."""
    v = noise(m, 2 * K + 1, seed)
    return [v[K + k] + v[K - k] + m.i * (v[K + k] - v[K - k]) for k in range(-K, K + 1)]


def cut(x: Sequence[Number], K: int) -> Signal:
    """Return the modes -K .. K of a list that is centred on mode 0."""
    middle = len(x) // 2
    return list(x[middle - K : middle + K + 1])


# -- powers of one signal --------------------------------------------------------------------------------------------
def sum_over_orders(m: Arithmetic, K: int, d: int, seed: int) -> Signal:
    """Sum X_{k_1} ... X_{k_d} over the sequences of modes whose partial sums all lie in the band, by their total."""
    X = dict(zip(range(-K, K + 1), real_spectrum(m, K, seed), strict=True))
    Y = {k: m.number(0) for k in X}
    for ks in product(X, repeat=d):
        if all(s in X for s in accumulate(ks)):
            Y[sum(ks)] += prod((X[k] for k in ks), start=m.number(1))
    return list(Y.values())


def truncated_power(m: Arithmetic, K: int, d: int, seed: int) -> Signal:
    """Multiply by the signal and truncate, d - 1 times."""
    v = noise(m, 2 * K + 1, seed)
    x = [v[K + k] + v[K - k] + m.i * (v[K + k] - v[K - k]) for k in range(-K, K + 1)]
    y = x
    for _ in range(d - 1):
        y = cut(linear(y, x), K)
    return y


def exact_power(m: Arithmetic, K: int, d: int, seed: int) -> Signal:
    """Return the modes -K .. K of the power, truncated once, at the end."""
    x = real_spectrum(m, K, seed)
    y = x
    for _ in range(d - 1):
        y = linear(y, x)
    return cut(y, K)


def engine_truncated_power(m: Arithmetic, K: int, d: int, seed: int) -> Signal:
    from freqnet import ops

    x = _engine_signal(real_spectrum(m, K, seed))
    y = x
    for _ in range(d - 1):
        y = ops.multiply(y, x, band=K)
    return _engine_modes(m, y)


def _engine_signal(X: Sequence[Number]) -> Any:
    """Return the modes -K .. K as the engine's spectrum, which stores those from 0 up."""
    import numpy as np

    from freqnet import Fourier, Tensor

    half = np.array([complex(c) for c in X[len(X) // 2 :]])
    return Tensor(half[:, None, None], Fourier.on(len(X)))


def _engine_modes(m: Arithmetic, x: Any) -> Signal:
    """Return the modes -K .. K of an engine's spectrum."""
    half = [complex(c) for c in x.data.ravel()]
    return [m.number(c) for c in [*(c.conjugate() for c in half[:0:-1]), *half]]


@lru_cache(maxsize=64)
def _fewest_orders(K: int, d: int) -> int:
    counts: dict[Mode, int] = {}
    for ks in product(range(-K, K + 1), repeat=d):
        if abs(sum(ks)) <= K:
            key = tuple(sorted(ks))
            counts[key] = counts.get(key, 0) + all(abs(s) <= K for s in accumulate(ks))
    return min(counts.values())


def fewest_orders(m: Arithmetic, K: int, d: int) -> Number:
    """Return the smallest coefficient of a monomial in the truncated power, of those that the exact power has."""
    return m.number(_fewest_orders(K, d))


def greedy_excursion(m: Arithmetic, K: int, d: int, seed: int, beyond: int) -> Number:
    """Return the largest partial sum, in modulus, of random modes in the order of the proof.

    Their sum lies in the band; `beyond` is added to one of them.
    """
    ks = [k for (k,) in modes_in_band(K, d, 1, seed)]
    ks[0] += beyond
    s, largest = 0, 0
    while ks:
        # A mode of the opposite sign, if there is one.
        k = min(ks, key=lambda k: k * (1 if s > 0 else -1))
        ks.remove(k)
        s += k
        largest = max(largest, abs(s))
    return m.number(largest)


# -- the exact cube by truncated products ---------------------------------------------------------------------------
def hilbert(m: Arithmetic, X: Sequence[Number]) -> Signal:
    """Return the Hilbert transform of a real signal: i times the negative modes, -i times the positive ones."""
    K = len(X) // 2
    lower = [m.i * c for c in X[:K]]
    # Mode 0 becomes 0: it is real.
    return [*lower, m.im(X[K]), *(m.conj(c) for c in lower[::-1])]


def cube_by_truncated_products(m: Arithmetic, K: int, seed: int) -> Signal:
    """Return P[x P(x^2)] + (P[x P(h^2)] - P[h P(x h)])/2, h the Hilbert transform of x."""
    x = real_spectrum(m, K, seed)
    h = hilbert(m, x)
    times = lambda *pair: cut(linear(*pair), K)
    xx, hh, xh = (times(*pair) for pair in ((x, x), (h, h), (x, h)))
    first, second, third = (times(*pair) for pair in ((x, xx), (x, hh), (h, xh)))
    return [a + (b - c) / 2 for a, b, c in zip(first, second, third, strict=True)]


def cube_of_samples(m: Arithmetic, K: int, seed: int) -> Signal:
    """Return the modes of the cube of 4K + 1 samples, enough for a cube."""
    v, M = noise(m, 2 * K + 1, seed), 4 * K + 1
    x = []
    for n in range(M):
        waves = [(v[K + k] + v[K - k], v[K + k] - v[K - k], m.unit(k * n, M)) for k in range(K + 1)]
        x.append(sum(2 * (a * m.re(u) - b * m.im(u)) for a, b, u in waves) - waves[0][0])
    return [sum(u**3 * m.unit(-k * n, M) for n, u in enumerate(x)) / M for k in range(-K, K + 1)]


def _real_map(m: Arithmetic, K: int, axes: int, seed: int) -> Spectrum:
    """Return the modes of a random real signal on some axes, by their vectors of whole numbers."""
    ks = list(product(range(-K, K + 1), repeat=axes))
    v = dict(zip(ks, noise(m, len(ks), seed), strict=True))
    opposite = {k: tuple(-a for a in k) for k in ks}
    return {k: v[k] + v[opposite[k]] + m.i * (v[k] - v[opposite[k]]) for k in ks}


def cube_by_modes(m: Arithmetic, K: int, axes: int, seed: int) -> Signal:
    """Return the same formula on some axes; h has -i times the modes whose first entry that is not 0 is positive."""
    x = _real_map(m, K, axes, seed)
    zero = (0,) * axes
    h = {k: c * (-m.i if k > zero else m.i) if k != zero else m.number(0) for k, c in x.items()}

    def times(a: Spectrum, b: Spectrum) -> Spectrum:
        found = {k: m.number(0) for k in a}
        for j, k in product(a, b):
            total = tuple(map(sum, zip(j, k, strict=True)))
            if total in found:
                found[total] += a[j] * b[k]
        return found

    first, second, third = times(x, times(x, x)), times(x, times(h, h)), times(h, times(x, h))
    return [first[k] + (second[k] - third[k]) / 2 for k in x]


def cube_on_a_lattice(m: Arithmetic, K: int, axes: int, seed: int) -> Signal:
    """Return the modes of the cube of the signal at 4K + 1 places on each axis, enough for a cube."""
    x = _real_map(m, K, axes, seed)
    steps = 4 * K + 1
    places = list(product(range(steps), repeat=axes))
    phases = {pair: sum(a * b for a, b in zip(*pair, strict=True)) for pair in product(x, places)}
    cubes = {n: sum(c * m.unit(phases[k, n], steps) for k, c in x.items()) ** 3 for n in places}
    return [sum(u * m.unit(-phases[k, n], steps) for n, u in cubes.items()) / len(places) for k in x]


def engine_cube(m: Arithmetic, K: int, seed: int) -> Signal:
    from freqnet import ops

    X = real_spectrum(m, K, seed)
    x, h = _engine_signal(X), _engine_signal(hilbert(m, X))
    return _engine_modes(m, x * (x * x) + 0.5 * (x * (h * h) - h * ops.multiply(x, h)))


# -- waves on one to three axes --------------------------------------------------------------------------------------
def amplitude(m: Arithmetic, k: Mode, seed: int) -> Number:
    """Return the coefficient of a mode of a random real signal."""
    minus = tuple(-a for a in k)
    place = sum(a * 101**axis for axis, a in enumerate(max([k, minus])))
    v = noise(m, 2, seed + 1000 * place)
    return v[0] + ((k > minus) - (k < minus)) * m.i * v[1]


def monomial(m: Arithmetic, K: int, d: int, axes: int, seed: int) -> Number:
    """Return the product of the coefficients of d modes."""
    return prod((amplitude(m, k, seed) for k in modes_in_band(K, d, axes, seed)), start=m.number(1))


def monomial_by_network(m: Arithmetic, K: int, d: int, axes: int, seed: int) -> Number:
    """Return the same from real signals of the band, by two filters for each mode, truncated squares, and sums.

    The real and the imaginary part of each wave X_k e^{2 pi i k t} are two filters of the signal. Waves are multiplied
    two at a time, along a tree whose nodes lie in the band; without such a tree, in the order given.
    """
    ks = modes_in_band(K, d, axes, seed)
    waves: dict[tuple[int, ...], tuple[Spectrum, Spectrum]] = {
        (place,): _wave(m, k, amplitude(m, k, seed)) for place, k in enumerate(ks)
    }
    tree = bracketing(ks, K) or [(tuple(range(n)), (n,)) for n in range(1, d)]
    for left, right in tree:
        a, b = waves[left], waves[right]
        rr, ii, ri, ir = (_product(m, u, v, K) for u, v in ((a[0], b[0]), (a[1], b[1]), (a[0], b[1]), (a[1], b[0])))
        waves[left + right] = _combined(rr, ii, -1), _combined(ri, ir, 1)
    real, imaginary = max(waves.items(), key=lambda item: len(item[0]))[1]
    zero, k = m.number(0), total_of(ks)
    return real.get(k, zero) + m.i * imaginary.get(k, zero)


def _wave(m: Arithmetic, k: Mode, X: Number) -> tuple[Spectrum, Spectrum]:
    """Return the spectra of the real and of the imaginary part of X e^{2 pi i k t}."""
    minus = tuple(-a for a in k)
    if k == minus:
        return {k: m.re(X)}, {k: m.im(X)}
    return {k: X / 2, minus: m.conj(X) / 2}, {k: X / (2 * m.i), minus: -m.conj(X) / (2 * m.i)}


def _product(m: Arithmetic, x: Spectrum, y: Spectrum, K: int) -> Spectrum:
    """Return the truncated product of two signals, as a difference of two truncated squares."""
    plus, minus = (_square(m, _combined(x, y, sign), K) for sign in (1, -1))
    return {k: v / 4 for k, v in _combined(plus, minus, -1).items()}


def _combined(x: Spectrum, y: Spectrum, sign: int) -> Spectrum:
    return {k: x.get(k, 0) + sign * y.get(k, 0) for k in {**x, **y}}


def _square(m: Arithmetic, x: Spectrum, K: int) -> Spectrum:
    y: Spectrum = {}
    for j, k in product(x, repeat=2):
        total = total_of((j, k))
        if is_in_band(total, K):
            y[total] = y.get(total, m.number(0)) + x[j] * x[k]
    return y


def bracketing(ks: Sequence[Mode], K: int) -> list[tuple[tuple[int, ...], tuple[int, ...]]]:
    """Return the pairs of nodes of a binary tree with all sums in the band, or an empty list if there is none."""

    def search(nodes: dict[tuple[int, ...], Mode]) -> list[tuple[tuple[int, ...], tuple[int, ...]]] | None:
        if len(nodes) == 1:
            return []
        for a, b in combinations(nodes, 2):
            both = total_of((nodes[a], nodes[b]))
            if is_in_band(both, K):
                rest = {name: k for name, k in nodes.items() if name not in (a, b)}
                found = search({**rest, a + b: both})
                if found is not None:
                    return [(a, b), *found]
        return None

    return search({(place,): k for place, k in enumerate(ks)}) or []


# -- one after the other, on an image --------------------------------------------------------------------------------
def _two_pairs(K: int, q: int) -> list[Mode]:
    """Return the modes (-K, -q) twice and (q, K) twice, K/2 <= q < K, whose sum is (2(q - K), 2(K - q))."""
    return [(-K, -q), (q, K), (-K, -q), (q, K)]


def orders_in_band(m: Arithmetic, K: int, q: int) -> Number:
    """Return how many orders of these four modes have all partial sums in the band."""
    orders = permutations(_two_pairs(K, q))
    return m.number(sum(all(is_in_band(total_of(order[:n]), K) for n in range(1, 5)) for order in orders))


def pairs_in_band(m: Arithmetic, K: int) -> Number:
    """Return how many of the pairs of three modes, whose sum is (K, K, K), have a sum in the band."""
    ks = [(K, K, -K), (K, -K, K), (-K, K, K)]
    return m.number(sum(is_in_band(total_of(pair), K) for pair in combinations(ks, 2)))


def two_pairs_exact(m: Arithmetic, K: int, q: int) -> list[Number]:
    """Return the coefficient of the product of the four waves e^{2 pi i k t}, real and imaginary part."""
    return [m.number(1), m.number(0)]


def engine_two_pairs(m: Arithmetic, K: int, q: int) -> list[Number]:
    """Multiply two pairs of waves, then the two products, in freqnet."""
    a, b, c, d = (_engine_wave(k, K) for k in _two_pairs(K, q))
    return _engine_coefficient(m, _engine_times(_engine_times(a, b), _engine_times(c, d)), K, q)


def engine_one_by_one(m: Arithmetic, K: int, q: int) -> list[Number]:
    """Multiply the waves one after the other in freqnet; return the order with the largest coefficient."""
    waves = [_engine_wave(k, K) for k in _two_pairs(K, q)]
    found = []
    for a, b, c, d in permutations(waves):
        found.append(_engine_coefficient(m, _engine_times(_engine_times(_engine_times(a, b), c), d), K, q))
    return max(found, key=lambda z: abs(z[0]) + abs(z[1]))


def _engine_wave(k: Mode, K: int) -> tuple[Any, Any]:
    """Return the engine's spectra of the real and the imaginary part of e^{2 pi i k t}."""
    import numpy as np

    from freqnet import Fourier, ops

    size = 2 * K + 1
    turns = 2 * np.pi * (k[0] * np.arange(size)[:, None] + k[1] * np.arange(size)) / size
    real, imaginary = (ops.analysis(f(turns)[None, ..., None], Fourier.on((size, size))) for f in (np.cos, np.sin))
    return real, imaginary


def _engine_times(a: tuple[Any, Any], b: tuple[Any, Any]) -> tuple[Any, Any]:
    """Return the truncated product of two complex signals."""
    from freqnet import ops

    rr, ii, ri, ir = (ops.multiply(x, y) for x, y in ((a[0], b[0]), (a[1], b[1]), (a[0], b[1]), (a[1], b[0])))
    return rr - ii, ri + ir


def _engine_coefficient(m: Arithmetic, z: tuple[Any, Any], K: int, q: int) -> list[Number]:
    """Return the coefficient of the sum of the four modes, real and imaginary part, by its stored conjugate."""
    # Modes from -K to K on the first axis, from 0 on the second.
    at = (2 * (q - K) + K, 2 * (K - q), 0, 0)
    c = complex(z[0].data[at]) + 1j * complex(z[1].data[at])
    return [m.number(c.real), m.number(c.imag)]


_CUBES: tuple[Point, ...] = ({"K": 0, "seed": 1}, {"K": 1, "seed": 0}, {"K": 4, "seed": 3})
_PAIRS: tuple[Point, ...] = tuple({"K": K, "q": q} for K, q in ((2, 1), (3, 2), (4, 2), (4, 3), (5, 3)))

CLAIMS: tuple[Claim, ...] = (
    Claim(
        id="truncated-power-monomials",
        title="A power of a signal that is truncated after every product keeps every monomial",
        statement="Multiply a signal of band $K$ by itself, $d - 1$ times, and truncate each product to the band. Mode "
        r"$k$ of the result is the sum of $X_{k_1} \cdots X_{k_d}$ over all sequences of modes with the sum $k$ whose "
        "partial sums all lie in the band. Every monomial of mode $k$ of the exact power has such a sequence: its "
        "coefficient is at least 1.",
        verdict="conditional",
        hypotheses="The signal has one axis.",
        corrected="The coefficients are smaller than those of the exact power, from degree 3 on, so that the two are "
        "different maps. On two axes monomials are lost: see truncated-products-of-images.",
        proof="Each product adds a mode to the partial sum, and the truncation drops what leaves the band. Order the "
        "modes such that each has the sign opposite to the sum so far, as long as there is one: this stays in the "
        "band. Modes of one sign are left, whose sums increase monotonically to the total, which is in the band.",
        proof_page="networks#products-that-are-truncated-after-every-step",
        checks=(
            Identity(
                name="the sum over sequences",
                closed=sum_over_orders,
                independent=truncated_power,
                points=({"K": 2, "d": 4, "seed": 0}, {"K": 4, "d": 3, "seed": 1}, {"K": 1, "d": 6, "seed": 2}),
                random={"K": Range(1, 2), "d": Range(2, 4), "seed": Range(0, 99)},
                draws=2,
                screened=40,
            ),
            Bound(
                name="the smallest coefficient",
                quantity=fewest_orders,
                low="1",
                points=({"K": 1, "d": 7}, {"K": 2, "d": 5}, {"K": 3, "d": 4}, {"K": 8, "d": 3}),
            ),
            Bound(
                name="the largest partial sum, in the order of the proof",
                quantity=greedy_excursion,
                high=lambda m, K, d, seed, beyond: m.number(K),
                random={"K": Range(1, 40), "d": Range(2, 30), "seed": Range(0, 999), "beyond": Range(0, 0)},
                outside={"K": Range(1, 9), "d": Range(2, 6), "seed": Range(0, 99), "beyond": Range(19, 30)},
            ),
            Contradiction(
                name="it is not the truncated exact power",
                claimed=truncated_power,
                actual=exact_power,
                points=({"K": 1, "d": 3, "seed": 0}, {"K": 3, "d": 3, "seed": 1}, {"K": 2, "d": 5, "seed": 2}),
                gap="0.05",
            ),
            Identity(
                name="freqnet's truncated products",
                closed=sum_over_orders,
                independent=engine_truncated_power,
                given=(real_spectrum,),
                points=({"K": 2, "d": 4, "seed": 0}, {"K": 4, "d": 3, "seed": 1}),
                engine=True,
            ),
        ),
    ),
    Claim(
        id="cube-by-truncated-products",
        title="The exact cube by truncated products",
        statement="With $P$ the truncation to the band of the real signal $x$, and $h$ its Hilbert transform, "
        r"$P(x^3) = P[x\,P(x^2)] + (P[x\,P(h^2)] - P[h\,P(xh)])/2$. No product is kept beyond the band.",
        verdict="conditional",
        hypotheses="The signal has one axis.",
        proof="Write $x = p + \\bar p$ with $p = (x + ih)/2$, whose modes are not negative. $p \\bar p$ does not leave "
        r"the band, nor do partial sums of modes that are not negative if their total does not. So $P(p^3) = P[p\,"
        r"P(p^2)]$ and $P(p^2 \bar p) = P[p\,P(p \bar p)]$. Insert both into $P(x^3) = 2\,\mathrm{Re}\,[P(p^3) + "
        r"3P(p^2 \bar p)]$.",
        proof_page="networks#products-that-are-truncated-after-every-step",
        checks=(
            Identity(
                name="against the cube of samples",
                closed=cube_by_truncated_products,
                independent=cube_of_samples,
                points=_CUBES,
                random={"K": Range(1, 5), "seed": Range(0, 99)},
                draws=1,
                screened=40,
            ),
            Identity(
                name="the cube on a lattice, against the formula by modes; not on two axes",
                closed=cube_on_a_lattice,
                independent=cube_by_modes,
                given=(_real_map,),
                points=({"K": 1, "axes": 1, "seed": 1}, {"K": 3, "axes": 1, "seed": 2}),
                outside_points=(
                    {"K": 1, "axes": 2, "seed": 3},
                    {"K": 1, "axes": 2, "seed": 4},
                    {"K": 2, "axes": 2, "seed": 5},
                ),
            ),
            Identity(
                name="in freqnet",
                closed=cube_of_samples,
                independent=engine_cube,
                points=_CUBES,
                engine=True,
            ),
        ),
    ),
    Claim(
        id="truncated-products-universal",
        title="Filters and truncated squares make every polynomial map of signals and images that commutes with shifts",
        statement="Let $F$ map real signals of band $K$ to such signals, each mode of $F(x)$ a polynomial of the modes "
        "of $x$, and commute with all shifts. Then $F$ is a network of filters (convolutions that mix channels), sums, "
        "and squares, each truncated to the band. Such networks approximate every continuous map that commutes with "
        "shifts, uniformly on every compact set of signals.",
        verdict="conditional",
        hypotheses="The signals have one axis or two.",
        corrected=r"On three axes $X_{(K,K,-K)} X_{(K,-K,K)} X_{(-K,K,K)}$, which has the mode $(K, K, K)$, is no such "
        "network, and no limit of such networks. If every product keeps the band of its result, the theorem holds on "
        "any number of axes.",
        proof="$F$ is a sum of monomials whose modes add up to the mode of the output. The real and imaginary parts of "
        "a wave are filters of $x$. On two axes, among two or more modes whose sum is in the band, two have a sum in "
        "the band; replace these by their sum, and repeat. Products are differences of squares. A continuous map is "
        "approximated by polynomials (Weierstrass), and the mean of such a polynomial over all shifts commutes with "
        "them.",
        proof_page="networks#products-that-are-truncated-after-every-step",
        checks=(
            Identity(
                name="any monomial, by a network of real signals",
                closed=monomial,
                independent=monomial_by_network,
                given=(amplitude,),
                points=(
                    {"K": 1, "d": 5, "axes": 1, "seed": 0},
                    {"K": 3, "d": 5, "axes": 2, "seed": 1},
                    {"K": 2, "d": 4, "axes": 2, "seed": 6},
                ),
                random={"K": Range(1, 6), "d": Range(2, 5), "axes": Range(1, 2), "seed": Range(0, 9999)},
                draws=1,
                screened=12,
                outside_points=tuple(
                    {"K": K, "d": d, "axes": 3, "seed": seed}
                    for K, d, seed in ((1, 3, 307), (2, 3, 136), (3, 3, 2), (1, 4, 18), (2, 4, 5))
                ),
            ),
            Bound(
                name="on three axes: pairs of the three modes with a sum in the band",
                quantity=pairs_in_band,
                high="0",
                random={"K": Range(1, 50)},
            ),
        ),
    ),
    Claim(
        id="truncated-products-of-images",
        title="Products of images that are truncated after every step must be multiplied in pairs",
        statement=r"On two axes, with $K \geq 2$ and $K/2 \leq q < K$, the modes $(-K, -q)$ twice and $(q, K)$ twice "
        "have a sum in the band, but no order of them has all partial sums in the band: multiplied one after the "
        "other, with truncations, their waves give 0. Multiplied in two pairs of different modes they give the exact "
        "product.",
        verdict="holds",
        proof="Two equal modes add up to one that is outside the band; two different ones add up to $(q - K, K - q)$, "
        "and with a third mode to $(q - 2K, K - 2q)$ or $(2q - K, 2K - q)$, where $2K - q > K$. The sum of two pairs "
        r"is $(2q - 2K, 2K - 2q)$, and $2K - 2q \leq K$.",
        proof_page="networks#products-that-are-truncated-after-every-step",
        checks=(
            Bound(
                name="orders with all partial sums in the band",
                quantity=orders_in_band,
                high="0",
                points=_PAIRS,
                outside_points=({"K": 2, "q": 2}, {"K": 5, "q": 5}),
            ),
            Contradiction(
                name="one after the other, in freqnet: the best order",
                claimed=engine_one_by_one,
                actual=two_pairs_exact,
                points=_PAIRS[:3],
                gap="0.99",
                not_enclosed=DOUBLE,
            ),
            Identity(
                name="in two pairs, in freqnet",
                closed=two_pairs_exact,
                independent=engine_two_pairs,
                points=_PAIRS,
                engine=True,
            ),
        ),
    ),
)
