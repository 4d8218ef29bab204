"""How large truncated squares are, and how far networks of them stretch differences and norms.

A real signal of band K is the list of its modes -K .. K; its norm is the root of the sum of their squared moduli, which
is its root mean square. s(K) is the norm of the truncated square: the largest |P(x^2)| of signals of norm 1.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ..arithmetic import Arithmetic, Number
from ..checks import Bound, Identity, Point, Range
from ..claim import Claim
from ..signals import Signal, linear, noise


# == the norm of a truncated square ==================================================================================
def square_norm(m: Arithmetic, K: int) -> Number:
    """Return s(K) for K = 0, 1, 2."""
    return m.sqrt([m.number(1), m.number(2), (7 + m.sqrt(m.number(7))) / 3][K])


def largest_square(m: Arithmetic, K: int) -> Signal:
    """Return the signal of norm 1 whose truncated square is the largest: its truncated square is s(K) times itself."""
    if K == 0:
        return [m.number(1)]
    if K == 1:
        return [m.number("1/2"), m.sqrt(m.number("1/2")), m.number("1/2")]
    a = m.sqrt((7 - m.sqrt(m.number(7))) / 14)
    second = (1 - 2 * a * a) / (2 * a)
    first = m.sqrt((1 - a * a) / 2 - second**2)
    return [second, first, a, first, second]


def random_signal(m: Arithmetic, K: int, seed: int) -> Signal:
    """Return the modes of a random real signal."""
    v = noise(m, 2 * K + 1, seed)
    return [v[K + k] + v[K - k] + m.i * (v[K + k] - v[K - k]) for k in range(-K, K + 1)]


def norm(m: Arithmetic, X: Sequence[Number]) -> Number:
    return m.sqrt(sum(m.re(c) ** 2 + m.im(c) ** 2 for c in X))


def times(X: Sequence[Number], Y: Sequence[Number]) -> Signal:
    """Return the truncated product of two signals of one band."""
    K = len(X) // 2
    return linear(X, Y)[K : 3 * K + 1]


def ratio_of_largest(m: Arithmetic, K: int) -> Number:
    """Return |P(x^2)| / |x|^2 of that signal, by samples."""
    return ratio_on_samples(m, largest_square(m, K))


def ratio_on_samples(m: Arithmetic, X: Sequence[Number]) -> Number:
    """Return the ratio by 3K + 1 samples, enough for the modes of the square in the band."""
    K = len(X) // 2
    M = 3 * K + 1
    x = [m.re(sum(X[K + k] * m.unit(k * n, M) for k in range(-K, K + 1))) for n in range(M)]
    Y = [sum(u * u * m.unit(-k * n, M) for n, u in enumerate(x)) / M for k in range(-K, K + 1)]
    return norm(m, Y) / (sum(u * u for u in x) / M)


def ratio_of_random(m: Arithmetic, K: int, seed: int) -> Number:
    X = random_signal(m, K, seed)
    return norm(m, times(X, X)) / norm(m, X) ** 2


def ratio_of_two(m: Arithmetic, K: int, seed: int) -> Number:
    """Return |P(xy)| / (|x| |y|)."""
    X, Y = random_signal(m, K, seed), random_signal(m, K, seed + 1000)
    return norm(m, times(X, Y)) / (norm(m, X) * norm(m, Y))


def ratio_of_kernel(m: Arithmetic, K: int) -> Number:
    """Return the ratio of Dirichlet's kernel, all of whose modes are 1."""
    return m.sqrt(m.number(7 * K * K + 7 * K + 3) / (6 * K + 3))


def ratio_of_kernel_by_sum(m: Arithmetic, K: int) -> Number:
    return ratio_on_samples(m, [m.number(1)] * (2 * K + 1))


def engine_ratio(m: Arithmetic, K: int) -> Number:
    """Return the ratio of the largest square in freqnet."""
    from freqnet import ops

    x = _engine_signal(largest_square(m, K))
    return m.number(_engine_norm(ops.multiply(x, x)) / _engine_norm(x) ** 2)


def _engine_signal(X: Sequence[Number]) -> Any:
    """Return the modes -K .. K as the engine's spectrum, which stores those from 0 up."""
    import numpy as np

    from freqnet import Fourier, Tensor

    half = np.array([complex(c) for c in X[len(X) // 2 :]])
    return Tensor(half[:, None, None], Fourier.on(len(X)))


def _engine_norm(x: Any) -> float:
    from freqnet import ops

    return float(ops.signal_power(x).data.ravel()[0]) ** 0.5


# == layers ==========================================================================================================
def lipschitz(m: Arithmetic, K: int, a: Number, b: Number, R: Number) -> Number:
    """Return the Lipschitz constant of a x + b P(x^2) on the ball of radius R."""
    return m.abs(a) + 2 * m.abs(b) * R * square_norm(m, K)


def stretched(m: Arithmetic, K: int, a: Number, b: Number, R: Number) -> Number:
    """Return how far the layer's derivative stretches the largest square, at plus or minus R times it.

    The layer is a polynomial of degree 2, so half the difference of its values at distances 1 is the derivative.
    """
    v = largest_square(m, K)
    sizes = []
    for sign in (1, -1):
        at = [sign * R * c for c in v]
        ends = [[p + step * q for p, q in zip(at, v, strict=True)] for step in (1, -1)]
        plus, minus = ([a * p + b * q for p, q in zip(x, times(x, x), strict=True)] for x in ends)
        sizes.append(norm(m, [(p - q) / 2 for p, q in zip(plus, minus, strict=True)]))
    # The larger of the two.
    return (sizes[0] + sizes[1] + m.abs(sizes[0] - sizes[1])) / 2


def stretched_in_freqnet(m: Arithmetic, K: int, a: Number, b: Number, R: Number) -> Number:
    """Return the same of freqnet's polynomial."""
    import numpy as np

    from freqnet import Tensor, ops

    v = _engine_signal(largest_square(m, K))
    c = Tensor(np.array([[0.0], [float(a)], [float(b)]]))
    sizes = []
    for sign in (1, -1):
        plus, minus = (ops.polynomial(v * (sign * float(R) + step), c) for step in (1, -1))
        sizes.append(_engine_norm(plus - minus) / 2)
    return m.number(max(sizes))


def share_of_lipschitz(m: Arithmetic, K: int, a: Number, b: Number, reach: Number, seed: int) -> Number:
    """Return |f(x) - f(y)| / |x - y| in units of the Lipschitz constant on the ball of radius 1.

    x has the norm `reach`, and leans to the largest square with the sign of ab; y is 9/10 of x.
    """
    sign = m.abs(a * b) / (a * b)
    U, V = random_signal(m, K, seed), largest_square(m, K)
    X = [4 * norm(m, U) * sign * v + u for u, v in zip(U, V, strict=True)]
    size = reach / norm(m, X)
    X = [size * c for c in X]
    Y = [m.number("9/10") * c for c in X]
    values = [[a * p + b * q for p, q in zip(Z, times(Z, Z), strict=True)] for Z in (X, Y)]
    apart = norm(m, [p - q for p, q in zip(*values, strict=True)]) / norm(m, [p - q for p, q in zip(X, Y, strict=True)])
    return apart / (m.abs(a) + 2 * m.abs(b) * square_norm(m, K))


def share_of_any_pair(m: Arithmetic, K: int, a: Number, b: Number, seed: int) -> Number:
    """Return the same for two random signals, in units of the constant on the smallest ball that has both."""
    X, Y = random_signal(m, K, seed), random_signal(m, K, seed + 500)
    values = [[a * p + b * q for p, q in zip(Z, times(Z, Z), strict=True)] for Z in (X, Y)]
    apart = norm(m, [p - q for p, q in zip(*values, strict=True)]) / norm(m, [p - q for p, q in zip(X, Y, strict=True)])
    R = (norm(m, X) + norm(m, Y) + m.abs(norm(m, X) - norm(m, Y))) / 2
    return apart / (m.abs(a) + 2 * m.abs(b) * square_norm(m, K) * R)


# -- depth -----------------------------------------------------------------------------------------------------------
def repeated_square(m: Arithmetic, K: int, r: Number, L: int) -> Number:
    """Return the largest norm that L truncated squares make of the norm r."""
    s = square_norm(m, K)
    return (s * r) ** 2**L / s


def squares_of_largest(m: Arithmetic, K: int, r: Number, L: int) -> Number:
    X = [r * c for c in largest_square(m, K)]
    for _ in range(L):
        X = times(X, X)
    return norm(m, X)


def squares_of_random(m: Arithmetic, K: int, r: Number, L: int, seed: int) -> Number:
    """Return the norm after L truncated squares of a random signal of norm r, in units of the largest."""
    X = random_signal(m, K, seed)
    X = [r * c / norm(m, X) for c in X]
    for _ in range(L):
        X = times(X, X)
    return norm(m, X) / repeated_square(m, K, r, L)


def residual_norm(m: Arithmetic, K: int, c: Number, r: Number, L: int) -> Number:
    """Return the largest norm that L layers x + c P(x^2) make of the norm r."""
    for _ in range(L):
        r = r + m.abs(c) * square_norm(m, K) * r**2
    return r


def residual_of_largest(m: Arithmetic, K: int, c: Number, r: Number, L: int) -> Number:
    """Run the layers on the samples of r times the largest square, with the sign of c."""
    V = largest_square(m, K)
    M, sign = 3 * K + 1, c / m.abs(c)
    X = [sign * r * v for v in V]
    for _ in range(L):
        x = [m.re(sum(X[K + k] * m.unit(k * n, M) for k in range(-K, K + 1))) for n in range(M)]
        X = [sum((u + c * u * u) * m.unit(-k * n, M) for n, u in enumerate(x)) / M for k in range(-K, K + 1)]
    return norm(m, X)


_SMALL: tuple[Point, ...] = ({"K": 0}, {"K": 1}, {"K": 2})
_LAYERS: tuple[Point, ...] = (
    {"K": 0, "a": "0.7", "b": "-2", "R": "1"},
    {"K": 1, "a": "1", "b": "1/4", "R": "1"},
    {"K": 2, "a": "-0.3", "b": "0.9", "R": "2.5"},
)

CLAIMS: tuple[Claim, ...] = (
    Claim(
        id="truncated-square-norm",
        title="The norm of a truncated square is 1, 1.414 and 1.793 for bands 0, 1 and 2, and grows as the root of the "
        "number of modes",
        statement=r"Let $s(K)$ be the largest $\|P(x^2)\|$ of real signals of band $K$ on one axis, of norm 1. It is "
        r"also the largest $\|P(xy)\|$, and the largest mean of $x^3$. $s(0) = 1$, $s(1) = \sqrt{2}$, $s(2) = \sqrt{(7 "
        r"+ \sqrt{7})/3}$, and $\sqrt{\frac{7}{12}} \sqrt{2K + 1} < s(K) \leq \sqrt{2K + 1}$. The lower bound follows "
        r"from the ratio of Dirichlet's kernel, $\sqrt{(7K^2 + 7K + 3)/(6K + 3)}$.",
        verdict="holds",
        proof=r"$\|xy\| \leq \sup |x| \cdot \|y\|$ and $\sup |x| \leq \sum |X_k| \leq \sqrt{2K + 1}\,\|x\|$. The mean "
        "of $xyz$ is a symmetric trilinear form, whose norm is attained at $x = y = z$ (Banach 1938). At the maximum "
        "$P(x^2) = s x$; its modes may be taken positive and even, which leaves one variable for $K = 1$ and two for "
        "$K = 2$.",
        proof_page="networks#how-large-truncated-squares-are",
        checks=(
            Identity(
                name="the largest ratio is reached", closed=square_norm, independent=ratio_of_largest, points=_SMALL
            ),
            Bound(
                name="and exceeded by no random signal",
                quantity=ratio_of_random,
                high=lambda m, K, seed: square_norm(m, K),
                random={"K": Range(1, 2), "seed": Range(0, 9999)},
            ),
            Bound(
                name="nor by products of two",
                quantity=ratio_of_two,
                high=lambda m, K, seed: square_norm(m, K),
                # This pair comes within 3.1 % of the bound.
                points=({"K": 1, "seed": 2462},),
                random={"K": Range(1, 2), "seed": Range(0, 9999)},
            ),
            Identity(
                name="Dirichlet's kernel",
                closed=ratio_of_kernel,
                independent=ratio_of_kernel_by_sum,
                points=({"K": 0}, {"K": 1}, {"K": 5}),
                random={"K": Range(2, 9)},
                draws=1,
                screened=8,
            ),
            Bound(
                name="its ratio, in units of the root of 2K + 1",
                quantity=lambda m, K: ratio_of_kernel(m, K) / m.sqrt(m.number(2 * K + 1)),
                low=lambda m, K: m.sqrt(m.number("7/12")),
                high="1",
                points=({"K": 0}, {"K": 1}, {"K": 1000}),
                random={"K": Range(2, 10**6)},
            ),
            Identity(
                name="freqnet's square",
                closed=square_norm,
                independent=engine_ratio,
                points=_SMALL,
                engine=True,
            ),
        ),
    ),
    Claim(
        id="truncated-layer-lipschitz",
        title="The Lipschitz constant of a layer of degree 2 and of a network of them",
        statement=r"On the ball $\|x\| \leq R$ the Lipschitz constant of $f(x) = c + ax + bP(x^2)$ is exactly "
        r"$|a| + 2|b|\,s(K)\,R$. A convolution has the constant $\max_k \|H_k\|$, the largest norm of its channel "
        "matrices over the modes, and a network at most the product of the constants of its layers.",
        verdict="conditional",
        hypotheses="$R$ bounds the norms of all signals that reach the layer.",
        corrected="Without a bound on the norm there is no constant: a square has an unbounded slope. A normalisation "
        "of the power before the layer sets $R$.",
        proof=r"$f(x) - f(y) = P[(x - y)(a + b(x + y))]$ has a norm of at most $\|x - y\|\,(|a| + |b|\,s\,\|x + y\|)$. "
        "The derivative at $x = Rx_0$, where $P(x_0^2) = s x_0$, takes $x_0$ to $(a + 2bsR)x_0$; if $ab < 0$, take "
        "$-R$.",
        proof_page="networks#how-large-truncated-squares-are",
        checks=(
            Identity(
                name="it is reached",
                closed=lipschitz,
                independent=stretched,
                given=(square_norm,),
                points=_LAYERS,
                random={"K": Range(0, 2), "a": Range("-2", "2"), "b": Range("-2", "2"), "R": Range("0.1", "5")},
                screened=60,
            ),
            Bound(
                name="differences inside the ball, in units of the constant",
                quantity=share_of_lipschitz,
                high="1",
                random={
                    "K": Range(1, 2),
                    "a": Range("0.1", "2"),
                    "b": Range("0.5", "2"),
                    "reach": Range("0.1", "1"),
                    "seed": Range(0, 999),
                },
                screened=60,
                outside={
                    "K": Range(1, 2),
                    "a": Range("0.1", "2"),
                    "b": Range("0.5", "2"),
                    "reach": Range("1.5", "4"),
                    "seed": Range(0, 999),
                },
            ),
            Bound(
                name="random pairs",
                loose="the largest of these random pairs has 0.63; the check of differences inside the ball, with y = "
                "0.9 x and x near the largest square, has 0.95",
                quantity=share_of_any_pair,
                high="1",
                random={
                    "K": Range(1, 2),
                    "a": Range("-2", "2"),
                    "b": Range("-2", "2"),
                    "seed": Range(0, 499),
                },
                screened=60,
            ),
            Identity(
                name="of freqnet's polynomial",
                closed=lipschitz,
                independent=stretched_in_freqnet,
                points=_LAYERS,
                engine=True,
            ),
        ),
    ),
    Claim(
        id="norm-through-depth",
        title="Truncated squares without normalisation vanish below the norm 1/s(K), and can explode above it",
        statement=r"Of real signals of band $K$ on one axis, $L$ truncated squares $P(x^2)$ take one of norm $r$ to "
        r"one of norm at most $(s r)^{2^L}/s$, with $s = "
        r"s(K)$. They make every signal of norm below $1/s$ vanish, and no larger threshold does. $L$ layers $x + "
        r"cP(x^2)$ take the norm $r_0 = r$ at most to $r_L$, $r_{l+1} = r_l + |c|\,s\,r_l^2$. Both bounds are reached.",
        verdict="holds",
        proof=r"$\|P(x^2)\| \leq s \|x\|^2$, with equality at multiples of $x_0$, which $P(x_0^2) = s x_0$ maps to "
        r"multiples of $x_0$. At the threshold $x_0/s$ is a fixed point.",
        proof_page="networks#how-large-truncated-squares-are",
        checks=(
            Identity(
                name="repeated squares of the largest",
                closed=repeated_square,
                independent=squares_of_largest,
                given=(square_norm,),
                points=({"K": 1, "r": "0.5", "L": 3}, {"K": 2, "r": "1", "L": 4}, {"K": 0, "r": "1.1", "L": 5}),
                random={"K": Range(0, 2), "r": Range("0.3", "2"), "L": Range(1, 4)},
                screened=60,
            ),
            Bound(
                name="of random signals, in units of the bound",
                quantity=squares_of_random,
                high="1",
                random={"K": Range(1, 2), "r": Range("0.3", "2"), "L": Range(1, 4), "seed": Range(0, 999)},
                screened=60,
            ),
            Identity(
                name="layers x + c P(x^2), on samples",
                closed=residual_norm,
                independent=residual_of_largest,
                given=(square_norm,),
                points=(
                    {"K": 1, "c": "1/4", "r": "1", "L": 4},
                    {"K": 2, "c": "-0.5", "r": "0.3", "L": 3},
                    {"K": 0, "c": "1", "r": "1", "L": 2},
                ),
                random={"K": Range(0, 2), "c": Range("0.1", "1"), "r": Range("0.1", "1"), "L": Range(1, 3)},
                draws=1,
                screened=20,
            ),
        ),
    ),
)
