"""What a layer of the Hermite parabola of ReLU does to a normal signal, and what mixing channels restores.

The parabola of a standard normal Z is c + a Z + b (Z^2 - 1), a = 1/2, b = 1/(2 sqrt(2 pi)). The standardised sum U of M
such channels, independent, is a line in the square of the length r of M normal variables whose means have the length
l = sqrt(M) a/(2b): U = (b r^2 - M (b + a^2/(4b)))/sqrt(M (a^2 + 2 b^2)).
"""

from __future__ import annotations

from functools import reduce
from itertools import product
from math import comb, prod
from typing import Any

from ..arithmetic import Arithmetic, Number
from ..checks import Bound, Identity, Range
from ..claim import Claim
from ..signals import Signal, linear, noise, padded


# == one layer =======================================================================================================
def shape_of_parabola(m: Arithmetic, a: Number, b: Number) -> Signal:
    """Return skewness and excess kurtosis of a Z + b (Z^2 - 1)."""
    variance = a * a + 2 * b * b
    return [(6 * a * a * b + 8 * b**3) / m.sqrt(variance) ** 3, 48 * b * b * (a * a + b * b) / variance**2]


def shape_by_moments(m: Arithmetic, a: Number, b: Number) -> Signal:
    """Return the same from central moments, sums of moments of the normal distribution."""
    v = [_moment(m, a, b, n) for n in (2, 3, 4)]
    return [v[1] / m.sqrt(v[0]) ** 3, v[2] / v[0] ** 2 - 3]


def _moment(m: Arithmetic, a: Number, b: Number, n: int) -> Number:
    """Return E[(a Z + b (Z^2 - 1))^n] from E[Z^2k] = 1 3 5 ... (2k - 1)."""
    powers = reduce(linear, [[-b, a, b]] * n)
    return sum((c * prod(range(1, k, 2)) for k, c in enumerate(powers) if k % 2 == 0), m.number(0))


def shape_of_relu(m: Arithmetic) -> Signal:
    """Return skewness and excess kurtosis of ReLU's parabola at mean 0."""
    return [m.sqrt(m.number(2)) * (3 * m.pi + 2) / m.sqrt(m.pi + 1) ** 3, 12 * (2 * m.pi + 1) / (m.pi + 1) ** 2]


def shape_of_relu_by_projection(m: Arithmetic) -> Signal:
    """Project ReLU on z and z^2 - 1 by quadrature, then add up the moments of the polynomial."""
    R = m.cut(0.5, 2)

    def projected(power: int) -> Number:
        inside = m.integral(lambda z: z**power * m.exp(-z * z / 2), *m.panels(0, R, 4))
        return (inside + m.tail(m.number(R) ** 4 * m.exp(-m.number(R * R) / 2))) / m.sqrt(2 * m.pi)

    return shape_by_moments(m, projected(2), (projected(3) - projected(1)) / 2)


def skewness_of_relu(m: Arithmetic) -> Number:
    return shape_of_relu(m)[0]


def excess_of_relu(m: Arithmetic) -> Number:
    return shape_of_relu(m)[1]


def engine_shape(m: Arithmetic, s: Number) -> Signal:
    """Return the shape of freqnet's polynomial of degree 2 for ReLU at mean 0, from its coefficients."""
    import numpy as np

    from freqnet.approximate import hermite_coefficients

    c = hermite_coefficients("relu", np.array(0.0), np.array(float(s)), 2).ravel()
    return shape_by_moments(m, m.number(float(c[1])), m.number(float(c[2])))


def shape_at_any_scale(m: Arithmetic, s: Number) -> Signal:
    return shape_of_relu(m)


# == mixed channels ==================================================================================================
def mixed_shape(m: Arithmetic, M: int, seed: int) -> Signal:
    """Return skewness and excess kurtosis of a sum of M independent channels with random weights."""
    w = noise(m, M, seed)
    skewness, excess = shape_of_relu(m)
    power = sum(v**2 for v in w)
    return [skewness * sum(v**3 for v in w) / m.sqrt(power) ** 3, excess * sum(v**4 for v in w) / power**2]


def mixed_shape_by_moments(m: Arithmetic, M: int, seed: int) -> Signal:
    """Add the channels one at a time, by the binomial rule for moments, those of one channel by sums."""
    a, b = m.number("1/2"), 1 / (2 * m.sqrt(2 * m.pi))
    one = [m.number(1), m.number(0), *(_moment(m, a, b, n) for n in (2, 3, 4))]
    total = [m.number(1), *[m.number(0)] * 4]
    for w in noise(m, M, seed):
        total = [sum(comb(n, j) * total[n - j] * w**j * one[j] for j in range(n + 1)) for n in range(5)]
    return [total[3] / m.sqrt(total[2]) ** 3, total[4] / total[2] ** 2 - 3]


def sphere_means(m: Arithmetic, M: int) -> Signal:
    """Return the means of sum w^4 and of (sum w^3)^2 over all weights with sum w^2 = 1."""
    return [m.number(3) / (M + 2), m.number(15) / ((M + 2) * (M + 4))]


def sphere_means_by_quadrature(m: Arithmetic, M: int) -> Signal:
    """Return M times the means of w_1^4 and w_1^6, whose density is (1 - w^2)^((M - 3)/2), M odd.

    The products w_i^3 w_j^3 have the mean 0.
    """
    weigh = lambda p: m.integral(lambda w: w**p * (1 - w * w) ** ((M - 3) // 2), 0, 1)
    return [M * weigh(p) / weigh(0) for p in (4, 6)]


def shape_of_coins(m: Arithmetic, M: int, p: Number, q: Number, c: Number) -> Signal:
    """Return skewness and excess kurtosis of a sum of M independent draws of 1 with probability p, else 0."""
    variance = p * (1 - p)
    return [(1 - 2 * p) / m.sqrt(M * variance), (1 - 6 * variance) / (M * variance)]


def shape_of_coins_by_outcomes(m: Arithmetic, M: int, p: Number, q: Number, c: Number) -> Signal:
    """Add up the outcomes of M draws, the last with probability q; with probability c all draws are equal."""
    chances = [m.number(0)] * (M + 1)
    for draws in product((0, 1), repeat=M):
        weights = [x if draw else 1 - x for draw, x in zip(draws, [*[p] * (M - 1), q], strict=True)]
        chances[sum(draws)] += (1 - c) * prod(weights, start=m.number(1))
    chances[0] += c * (1 - p)
    chances[M] += c * p
    mean = sum(n * w for n, w in enumerate(chances))
    second, third, fourth = (sum((n - mean) ** k * w for n, w in enumerate(chances)) for k in (2, 3, 4))
    return [third / (second * m.sqrt(second)), fourth / second**2 - 3]


# -- the next layer ----------------------------------------------------------------------------------------------
def equal_shape(m: Arithmetic, M: int) -> Signal:
    """Return the second, third and fourth moment of U, by its skewness and excess kurtosis."""
    skewness, excess = shape_of_relu(m)
    return [m.number(1), skewness / m.sqrt(m.number(M)), 3 + excess / M]


def equal_shape_by_density(m: Arithmetic, M: int) -> Signal:
    """Integrate the powers of U against the density of r, M odd."""
    return [_radial(m, M, n, False) for n in (2, 3, 4)]


def _radial(m: Arithmetic, M: int, n: int, is_positive: bool) -> Number:
    """Return E[U^n], or E[U^n; U > 0], from the density of r, M odd.

    The density is that of the noncentral chi distribution, sqrt(2/pi) F_j e^(-(r^2 + l^2)/2) with M = 2j + 3, where
    F_-1 = cosh(lr), F_0 = r sinh(lr)/l and F_{j+1} = (r^2 F_{j-1} - (2j + 1) F_j)/l^2. Each F_j is even,
    p(r) e^(lr) + p(-r) e^(-lr) with a polynomial p: the integral is one over a line of 2p(r) U^n times the density of
    a normal variable of mean l.
    """
    a, b = m.number("1/2"), 1 / (2 * m.sqrt(2 * m.pi))
    centre, scale = M * (b + a * a / (4 * b)), m.sqrt(M * (a * a + 2 * b * b))
    length = m.sqrt(m.number(M)) * a / (2 * b)
    p, following = [m.number("1/2")], [m.number(0), 1 / (2 * length)]
    for j in range((M - 1) // 2):
        longer = [m.number(0), m.number(0), *p]
        parts = zip(longer, padded(following, len(longer)), strict=True)
        p, following = following, [(u - (2 * j + 1) * v) / length**2 for u, v in parts]
    weights = reduce(linear, [[-centre / scale, m.number(0), b / scale]] * n, [2 * c for c in p])
    edge = m.sqrt(centre / b) if is_positive else None
    means = _partial_moments(m, length, edge, len(weights))
    return sum(c * mean for c, mean in zip(weights, means, strict=True))


def _partial_moments(m: Arithmetic, mean: Number, edge: Number | None, count: int) -> Signal:
    """Return E[R^k], or E[R^k; |R| > edge], k < count, of a normal variable R of deviation 1."""
    if edge is None:
        around = [m.number(prod(range(1, k, 2))) if k % 2 == 0 else m.number(0) for k in range(count)]
    else:
        above, below = (_upper_moments(m, edge + sign * mean, count) for sign in (-1, 1))
        around = [u + (-1) ** k * v for k, (u, v) in enumerate(zip(above, below, strict=True))]
    return [sum(comb(k, i) * around[i] * mean ** (k - i) for i in range(k + 1)) for k in range(count)]


def _upper_moments(m: Arithmetic, t: Number, count: int) -> Signal:
    """Return E[Z^k; Z > t] by parts."""
    density = m.exp(-t * t / 2) / m.sqrt(2 * m.pi)
    found = [m.erfc(t / m.sqrt(m.number(2))) / 2, density]
    for k in range(2, count):
        found.append(t ** (k - 1) * density + (k - 1) * found[k - 2])
    return found[:count]


def missed(m: Arithmetic, M: int, best: int) -> Number:
    """Return the share of the variance of ReLU(U) that the Hermite parabola misses, or (best = 1) the best parabola."""
    A = [_radial(m, M, j + 1, True) for j in range(3)]
    _, skewness, fourth = equal_shape(m, M)
    variance = A[1] - A[0] ** 2
    if best:
        # U^2 - 1 - skewness U is orthogonal to 1 and U.
        third = (A[2] - A[0] - skewness * A[1]) ** 2 / (fourth - 1 - skewness**2)
        return (variance - A[1] ** 2 - third) / variance
    c0, c1 = 1 / m.sqrt(2 * m.pi), m.number("1/2")
    c2 = c0 / 2
    square = c0**2 + c1**2 + c2**2 * (fourth - 1) + 2 * c1 * c2 * skewness
    return (A[1] - 2 * (c0 * A[0] + c1 * A[1] + c2 * (A[2] - A[0])) + square) / variance


def missed_by_one_channel(m: Arithmetic) -> Number:
    """Return the share for M = 1 by the squared distance, integrated over z between and beyond the roots of U."""
    a, b, reach = m.number("1/2"), 1 / (2 * m.sqrt(2 * m.pi)), m.cut(0.5, 2)
    scale, root = m.sqrt(a * a + 2 * b * b), m.sqrt(a * a + 4 * b * b)
    low, high = (-root - a) / (2 * b), (root - a) / (2 * b)
    U = lambda z: (a * z + b * (z * z - 1)) / scale
    off = lambda u: 1 / m.sqrt(2 * m.pi) + u / 2 + b * (u * u - 1)

    def mean(f: Any, start: Number, end: Number) -> Number:
        places = [start + (end - start) * k / 4 for k in range(5)]
        inside = m.integral(lambda z: f(U(z)) * m.exp(-z * z / 2), *places)
        return (inside + m.tail(m.number(reach) ** 9 * m.exp(-m.number(reach * reach) / 2))) / m.sqrt(2 * m.pi)

    beyond = lambda f: mean(f, high, high + reach) + mean(f, low - reach, low)
    distance = beyond(lambda u: (u - off(u)) ** 2) + mean(lambda u: off(u) ** 2, low, high)
    return distance / (beyond(lambda u: u * u) - beyond(lambda u: u) ** 2)


_MISSED: dict[tuple[int, int], str] = {
    (1, 0): "0.13449",
    (1, 1): "0.03773",
    (3, 0): "0.06476",
    (9, 0): "0.04178",
    (17, 0): "0.03649",
}


def _near(sign: int) -> Any:
    return lambda m, M, best: m.number(_MISSED[M, best]) + sign * m.number("0.000006")


CLAIMS: tuple[Claim, ...] = (
    Claim(
        id="hermite-relu-moments",
        title="The Hermite parabola of ReLU makes a normal signal skew: skewness 1.917, excess kurtosis 5.095",
        statement=r"Let $Z$ be standard normal. $aZ + b(Z^2 - 1)$ has the skewness $(6a^2b + 8b^3)/(a^2 + 2b^2)^{3/2}$ "
        r"and the excess kurtosis $48 b^2 (a^2 + b^2)/(a^2 + 2b^2)^2$. For the parabola nearest to ReLU, at mean 0 and "
        r"any deviation, these are $\sqrt{2}(3\pi + 2)/(\pi + 1)^{3/2} = 1.91695$ and "
        r"$12(2\pi + 1)/(\pi + 1)^2 = 5.09528$.",
        verdict="holds",
        proof=r"The cumulants of order $n \geq 2$ are $2^{n-1} (n-1)!\,b^n + n!\,2^{n-3} a^2 b^{n-2}$: expand $\log "
        r"E[e^{t(aZ + bZ^2)}] = a^2t^2/(2 - 4bt) - \frac{1}{2} \log(1 - 2bt)$. Insert $a = 1/2$ and $b = "
        r"1/(2\sqrt{2\pi})$, from relu-hermite.",
        proof_page="networks#what-depth-does-to-normal-signals",
        checks=(
            Identity(
                name="any parabola, against moments",
                closed=shape_of_parabola,
                independent=shape_by_moments,
                points=({"a": "0", "b": "1"}, {"a": "0.5", "b": "0.2"}),
                random={"a": Range("-2", "2"), "b": Range("-1", "1")},
                screened=60,
            ),
            Identity(
                name="ReLU's, with its coefficients by quadrature",
                closed=shape_of_relu,
                independent=shape_of_relu_by_projection,
            ),
            Bound(name="skewness 1.91695", quantity=skewness_of_relu, low="1.916949", high="1.916955"),
            Bound(name="excess kurtosis 5.09528", quantity=excess_of_relu, low="5.095275", high="5.095285"),
            Identity(
                name="with freqnet's coefficients",
                closed=shape_at_any_scale,
                independent=engine_shape,
                points=({"s": "1"}, {"s": "0.01"}, {"s": "30"}),
                engine=True,
            ),
        ),
    ),
    Claim(
        id="mixing-restores-normality",
        title="Mixing M channels divides the excess kurtosis by M, and the skewness by the root of M",
        statement=r"A sum of $M$ independent channels of skewness $\gamma$ and excess kurtosis $\kappa$ with weights "
        r"$w$, $\sum w^2 = 1$, has $\gamma \sum w^3$ and $\kappa \sum w^4$: $\gamma/\sqrt{M}$ and $\kappa/M$ for equal "
        r"weights. Over all directions of $w$ the mean excess is $3\kappa/(M + 2)$, and the root mean square skewness "
        r"$\gamma \sqrt{15/((M + 2)(M + 4))}$.",
        verdict="conditional",
        hypotheses="The channels are independent and have the same distribution.",
        proof="Cumulants of independent variables add; those of order $n$ scale by $w^n$. On the sphere $w_1^2$ has "
        r"a beta distribution, with the means $E[w_1^4] = 3/(M(M + 2))$ and $E[w_1^6] = 15/(M(M + 2)(M + 4))$; "
        r"$w_i^3 w_j^3$ has the mean 0.",
        proof_page="networks#what-depth-does-to-normal-signals",
        checks=(
            Identity(
                name="random weights, against moments added one at a time",
                closed=mixed_shape,
                independent=mixed_shape_by_moments,
                given=(noise,),
                points=({"M": 1, "seed": 0}, {"M": 5, "seed": 1}),
                random={"M": Range(2, 8), "seed": Range(0, 99)},
                screened=60,
            ),
            Identity(
                name="random directions, by quadrature",
                closed=sphere_means,
                independent=sphere_means_by_quadrature,
                points=({"M": 3}, {"M": 5}, {"M": 21}),
            ),
            Identity(
                name="equal weights, by the density of their sum",
                closed=equal_shape,
                independent=equal_shape_by_density,
                points=({"M": 1}, {"M": 3}, {"M": 9}, {"M": 33}),
            ),
            Identity(
                name="channels of two values by all outcomes, and channels that depend on each other or differ",
                closed=shape_of_coins,
                independent=shape_of_coins_by_outcomes,
                points=({"M": 1, "p": "0.3", "q": "0.3", "c": "0"}, {"M": 5, "p": "1/7", "q": "1/7", "c": "0"}),
                outside={
                    "M": Range(2, 5),
                    "p": Range("0.1", "0.2"),
                    "q": Range("0.1", "0.2"),
                    "c": Range("0.3", "0.8"),
                },
                outside_points=(
                    {"M": 2, "p": "0.1", "q": "0.3", "c": "0"},
                    {"M": 4, "p": "0.3", "q": "0.1", "c": "0"},
                ),
            ),
        ),
    ),
    Claim(
        id="second-layer-parabola",
        title="In a second layer the Hermite parabola misses 13.4 % of the variance, and 4.2 % after mixing 9 channels",
        statement="The Hermite parabola of a second layer, with the mean and the power of the signal, misses 13.45 % "
        "of the variance of ReLU if the signal is one channel of a first such layer of a normal signal, 6.48 % after "
        "mixing 3 independent channels with equal weights, 4.18 % after 9, 3.65 % after 17. It is 3.31 % for a normal "
        "signal. The best parabola for one channel misses 3.77 %.",
        verdict="holds",
        proof="The sum of $M$ channels is a line in the square of the length of $M$ independent normal variables with "
        "equal means: it has a noncentral chi square distribution, whose density is elementary for odd $M$. Integrate "
        r"ReLU times $1$, $U$ and $U^2$ against it.",
        proof_page="networks#what-depth-does-to-normal-signals",
        checks=(
            Bound(
                name="the shares",
                quantity=missed,
                low=_near(-1),
                high=_near(1),
                points=tuple({"M": M, "best": best} for M, best in _MISSED),
            ),
            Bound(
                name="one channel, by the squared distance over the normal variable",
                quantity=missed_by_one_channel,
                low="0.134487",
                high="0.134497",
            ),
        ),
    ),
)
