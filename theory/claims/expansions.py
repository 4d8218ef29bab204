"""Expansions in functions with poles: the error of N Laguerre functions or n Kautz pairs, and the best pole.

With a scale a > 0, the Laguerre functions are sqrt(2a) e^{-at} L_n(2at), with the transforms
sqrt(2a) (p - a)^n / (p + a)^(n + 1). Kautz functions have the two poles -z and -conj(z) in turn.
"""

from __future__ import annotations

from math import factorial

from .. import signals
from ..arithmetic import Arithmetic, Number
from ..checks import Bound, Identity, Point, Range
from ..claim import Claim

# == Laguerre functions ==============================================================================================
# -- one damped wave e^{-bt} -------------------------------------------------------------------------------
Matrix = list[list[Number]]


def error_of_wave(m: Arithmetic, s: Number, w: Number, a: Number, N: int) -> Number:
    """Return the squared distance of e^{-bt}, b = s + iw, from N functions."""
    return (((s - a) ** 2 + w**2) / ((s + a) ** 2 + w**2)) ** N / (2 * s)


def rest(m: Arithmetic, table: Matrix) -> Number:
    """Return a squared distance: the last entry of a Gram matrix after elimination."""
    while len(table) > 1:
        pivot, *others = table
        table = [[z - row[0] / pivot[0] * q for z, q in zip(row, pivot, strict=True)][1:] for row in others]
    return m.re(table[0][0])


def error_of_wave_by_elimination(m: Arithmetic, s: Number, w: Number, a: Number, N: int) -> Number:
    """Return the distance from the span of e^{-at}, ..., t^{N-1} e^{-at} by its Gram matrix."""
    right = [factorial(k) / (s + m.i * w + a) ** (k + 1) for k in range(N)]
    gram = [[m.number(factorial(j + k)) / (2 * a) ** (j + k + 1) for k in range(N)] for j in range(N)]
    rows = [[*row, m.conj(z)] for row, z in zip(gram, right, strict=True)]
    return rest(m, [*rows, [*right, 1 / (2 * s)]])


def rate_at(m: Arithmetic, s: Number, w: Number, a: Number) -> Number:
    """Return the factor by which one more function multiplies the error."""
    b = s + m.i * w
    return m.abs(b - a) / m.abs(b + a)


def best_rate(m: Arithmetic, s: Number, w: Number) -> Number:
    return m.tan(m.atan(w / s) / 2)


def rate_at_modulus(m: Arithmetic, s: Number, w: Number) -> Number:
    return rate_at(m, s, w, m.sqrt(s**2 + w**2))


def best_rate_of_pole(m: Arithmetic, s: Number, w: Number, a: Number) -> Number:
    return best_rate(m, s, w)


# -- decays between two rates ---------------------------------------------------------------------------------
def slowest_rate(m: Arithmetic, low: Number, ratio: Number, a: Number) -> Number:
    """Return the larger of the factors at decays `low` and `ratio * low`; it bounds those of all decays between."""
    there, here = (m.abs(b - a) / (b + a) for b in (low, ratio * low))
    return (there + here + m.abs(there - here)) / 2


def best_slowest_rate(m: Arithmetic, low: Number, ratio: Number, a: Number) -> Number:
    return (m.sqrt(ratio) - 1) / (m.sqrt(ratio) + 1)


def slowest_rate_at_mean(m: Arithmetic, low: Number, ratio: Number) -> Number:
    return slowest_rate(m, low, ratio, low * m.sqrt(ratio))


def best_slowest_rate_of_mean(m: Arithmetic, low: Number, ratio: Number) -> Number:
    return best_slowest_rate(m, low, ratio, low)


# -- the slope of the error in the scale: f = sum of e^{-bt} with weights ---------------------------------------------
def decays(m: Arithmetic, terms: int, seed: int) -> list[tuple[Number, Number]]:
    """Return weights, and rates between 1/3 and 3."""
    weights, shifts = signals.noise(m, terms, seed), signals.noise(m, terms, seed + 1)
    return [(v, m.number("5/3") + 2 * u / 3) for v, u in zip(weights, shifts, strict=True)]


def slope_of_error(m: Arithmetic, terms: int, seed: int, a: Number, N: int) -> Number:
    """Return the derivative in the scale of the squared error of N functions."""
    f = decays(m, terms, seed)
    last = sum(v * (b - a) ** (N - 1) / (b + a) ** N for v, b in f)
    following = sum(v * (b - a) ** N / (b + a) ** (N + 1) for v, b in f)
    return -2 * N * last * following


def slope_of_distance(m: Arithmetic, terms: int, seed: int, a: Number, N: int) -> Number:
    """Return the derivative of the distance to the span of e^{-at}, ..., t^{N-1} e^{-at}.

    Every entry of the Gram matrix is a pair, of its value and its derivative, through the elimination.
    """
    f = decays(m, terms, seed)

    def factorial_over(n: int, rate: Number, slope: int) -> tuple[Number, Number]:
        return factorial(n) / rate ** (n + 1), -slope * factorial(n + 1) / rate ** (n + 2)

    def against(k: int) -> tuple[Number, Number]:
        parts = [[v * z for z in factorial_over(k, b + a, 1)] for v, b in f]
        return sum(value for value, _ in parts), sum(slope for _, slope in parts)

    right = [against(k) for k in range(N)]
    power = sum(v * u / (b + d) for v, b in f for u, d in f)
    table = [[*(factorial_over(j + k, 2 * a, 2) for k in range(N)), right[j]] for j in range(N)]
    table.append([*right, (power, power * 0)])
    while len(table) > 1:
        pivot, *others = table
        table = [[eliminated(row, pivot, j) for j in range(1, len(row))] for row in others]
    return table[0][0][1]


def eliminated(row: list[tuple[Number, Number]], pivot: list[tuple[Number, Number]], j: int) -> tuple[Number, Number]:
    """Return z - x y / p and its derivative."""
    (z, dz), (x, dx), (y, dy), (p, dp) = row[j], row[0], pivot[j], pivot[0]
    return z - x * y / p, dz - (dx * y + x * dy) / p + x * y * dp / p**2


# == Kautz pairs: the wave Re[e^{i phase} e^{-bt}], b = 1 + iw =======================================================
def error_of_pairs(m: Arithmetic, w: Number, phase: Number, s: Number, v: Number, n: int) -> Number:
    """Return the squared distance from n pairs of functions with the poles -(s + iv) and -(s - iv)."""
    b = 1 + m.i * w
    factor = ((b - s) ** 2 + v**2) / ((b + s) ** 2 + v**2)
    g = factor**n * m.exp(m.i * phase)
    return m.abs(g) ** 2 / 4 + m.re(g**2 / b) / 4


def error_of_pairs_by_elimination(m: Arithmetic, w: Number, phase: Number, s: Number, v: Number, n: int) -> Number:
    """Return the distance from the span of t^j e^{-zt} and t^j e^{-conj(z) t}, j < n, by their Gram matrix."""
    b, z = 1 + m.i * w, s + m.i * v
    half = m.exp(m.i * phase) / 2
    # A function is a list of (power of t, rate, weight).
    basis = [[(j, rate, m.number(1))] for j in range(n) for rate in (z, m.conj(z))]
    functions = [*basis, [(0, b, half), (0, m.conj(b), m.conj(half))]]

    def inner(f: list[tuple[int, Number, Number]], g: list[tuple[int, Number, Number]]) -> Number:
        return sum(x * m.conj(y) * factorial(j + k) / (a + m.conj(c)) ** (j + k + 1) for j, a, x in f for k, c, y in g)

    return rest(m, [[inner(f, g) for g in functions] for f in functions])


def terms_for(m: Arithmetic, w: Number) -> Number:
    """Return the terms after which the error of e^{-bt} is 1 % in amplitude, at the best scale."""
    return m.log(m.number("0.01")) / m.log(best_rate(m, m.number(1), w))


def pairs_for(m: Arithmetic, w: Number, off: Number) -> Number:
    """Return the pairs after which it is 1 % if the frequency of the pole is wrong by a part `off`."""
    b, z = 1 + m.i * w, 1 + m.i * w * (1 + off)
    factor = m.abs((b - z) * (b - m.conj(z)) / ((b + z) * (b + m.conj(z))))
    return m.log(m.number("0.01")) / m.log(factor)


_WAVES: tuple[Point, ...] = (
    {"s": "1", "w": "0", "a": "3", "N": 1},
    {"s": "0.5", "w": "2", "a": "2", "N": 4},
    {"s": "2", "w": "-1", "a": "0.7", "N": 3},
    {"s": "1", "w": "10", "a": "10", "N": 0},
)

CLAIMS: tuple[Claim, ...] = (
    Claim(
        id="laguerre-error",
        title="The error of N Laguerre functions, and the best scale",
        statement="The squared error of the best combination of $N$ Laguerre functions of scale $a > 0$ for "
        r"$e^{-bt}$, $\Re b > 0$, is $\rho^{2N}$ times the energy of $e^{-bt}$, with $\rho = |b - a|/|b + a|$. The "
        r"best scale is $a = |b|$, with $\rho = \tan(|\arg b|/2)$. For all real decays $b$ between $\alpha$ and "
        r"$\beta$ together, of whose errors the largest counts, it is $a = \sqrt{\alpha\beta}$, with $\rho = "
        r"(\sqrt{\beta} - \sqrt{\alpha})/(\sqrt{\beta} + \sqrt{\alpha})$.",
        verdict="holds",
        proof=r"The coefficients of $e^{-bt}$ are the transforms at $p = b$: $c_n = \sqrt{2a}\,(b - a)^n/(b + a)^{n + "
        r"1}$. The squares of those from $n = N$ on are a geometric series, and $1 - \rho^2 = 4a\,\Re b/|b + a|^2$.",
        proof_page="further_proofs#laguerre-and-kautz-functions",
        checks=(
            Identity(
                name="the error, against distances by elimination",
                closed=error_of_wave,
                independent=error_of_wave_by_elimination,
                points=_WAVES,
                random={"s": Range("0.2", "5"), "w": Range("-5", "5"), "a": Range("0.2", "5"), "N": Range(1, 5)},
                screened=40,
                guard=20,
            ),
            Identity(
                name="the rate at the best scale",
                closed=best_rate,
                independent=rate_at_modulus,
                points=({"s": "1", "w": "10"}, {"s": "2", "w": "0.001"}),
                random={"s": Range("0.1", "9"), "w": Range("0.1", "9")},
                screened=60,
            ),
            Bound(
                name="other scales are no better",
                quantity=rate_at,
                low=best_rate_of_pole,
                random={"s": Range("0.1", "9"), "w": Range("0.1", "9"), "a": Range("0.01", "100")},
                screened=60,
            ),
            Identity(
                name="decays between two rates, at their geometric mean",
                closed=best_slowest_rate_of_mean,
                independent=slowest_rate_at_mean,
                points=({"low": "1", "ratio": "100"}, {"low": "0.3", "ratio": "1.01"}),
                random={"low": Range("0.1", "9"), "ratio": Range("1.1", "1e4")},
                screened=60,
            ),
            Bound(
                name="other scales are no better for them",
                quantity=slowest_rate,
                low=best_slowest_rate,
                random={"low": Range("0.1", "9"), "ratio": Range("1.1", "1e4"), "a": Range("0.01", "1e4")},
                screened=60,
            ),
        ),
    ),
    Claim(
        id="laguerre-best-scale",
        title="At the best scale one of the last two Laguerre coefficients is zero",
        statement=r"The squared error $E$ of $N$ Laguerre functions has the derivative $dE/da = -\frac{N}{a} c_{N - 1} "
        "c_N$ in the scale, for every real signal of finite power. So at the best scale $c_{N - 1} = 0$ or $c_N = 0$.",
        verdict="holds",
        proof=r"The transforms show that the derivative of $\ell_n$ in $a$ is $[(n + 1)\ell_{n + 1} - n\ell_{n - "
        r"1}]/(2a)$. So $dE/da = -\frac{1}{a} \sum_{n < N} c_n [(n + 1) c_{n + 1} - n c_{n - 1}]$, a sum in which "
        "neighbours cancel (Clowes 1965).",
        proof_page="further_proofs#laguerre-and-kautz-functions",
        checks=(
            Identity(
                name="the derivative, against that of distances by elimination",
                closed=slope_of_error,
                independent=slope_of_distance,
                given=(decays,),
                points=(
                    {"terms": 1, "seed": 1, "a": "0.5", "N": 1},
                    {"terms": 3, "seed": 2, "a": "0.2", "N": 3},
                    {"terms": 4, "seed": 3, "a": "3", "N": 5},
                ),
                random={
                    "terms": Range(1, 4),
                    "seed": Range(0, 99),
                    "a": Range("0.3", "3"),
                    "N": Range(1, 4),
                },
                screened=25,
                guard=20,
            ),
        ),
    ),
    Claim(
        id="kautz-error",
        title="The error of Kautz pairs, exact for a damped oscillation",
        statement=r"Let $\Re b, \Re z > 0$. With $n$ pairs of functions of the poles $-z$ and $-\overline{z}$ (for "
        r"real $z$: with $t^j e^{-zt}$, $j < 2n$), the least error for $\Re(\gamma e^{-bt})$ has the energy of "
        r"$\Re(\gamma \beta^n e^{-bt})$, with $\beta = (b - z)(b - \overline{z})/[(b + z)(b + \overline{z})]$, and "
        r"$\beta = 0$ for $z = b$. The exponential $e^{-bt}$ with $\Im b = 10\,\Re b$ needs 47 Laguerre functions "
        r"for an error of 1 % of its amplitude at the best scale, and 6 pairs, which are 12 functions, for $\Re z = "
        r"\Re b$ and $\Im z = 0.9\,\Im b$ or $1.1\,\Im b$.",
        verdict="holds",
        proof=r"Transforms orthogonal to the pairs are the products $B G$ with the Blaschke product $B(p) = [(p - z)(p "
        r"- \overline{z})]^n/[(p + z)(p + \overline{z})]^n$. The part of $1/(p + b)$ in this space is $B(b)B(p)/(p + "
        r"b)$, and $|B| = 1$ on the imaginary axis.",
        proof_page="further_proofs#laguerre-and-kautz-functions",
        checks=(
            Identity(
                name="against distances by elimination",
                closed=error_of_pairs,
                independent=error_of_pairs_by_elimination,
                points=(
                    {"w": "2", "phase": "0.5", "s": "1.2", "v": "1.7", "n": 1},
                    {"w": "-3", "phase": "1", "s": "0.5", "v": "2", "n": 2},
                    {"w": "1", "phase": "-2", "s": "0.3", "v": "0.5", "n": 3},
                ),
                random={
                    "w": Range("-3", "3"),
                    "phase": Range("-3", "3"),
                    "s": Range("0.2", "3"),
                    "v": Range("0.5", "3"),
                    "n": Range(1, 3),
                },
                screened=25,
                guard=20,
            ),
            Bound(
                name="Laguerre functions at frequency 10 for an error of 1 %",
                quantity=terms_for,
                low="46",
                high="47",
                points=({"w": "10"},),
            ),
            Bound(
                name="Kautz pairs with a wrong frequency",
                loose="pairs are whole numbers: the ends are those on both sides",
                quantity=pairs_for,
                low="5",
                high="6",
                points=({"w": "10", "off": "0.1"}, {"w": "10", "off": "-0.1"}),
            ),
        ),
    ),
)
