"""Real or nearly real relatives of the Laplace transform that are stable: Laguerre, Hartley, a damped circle."""

from __future__ import annotations

import math
from fractions import Fraction

from .. import signals
from ..arithmetic import Arithmetic, Number
from ..checks import Contradiction, Identity, Point, Range
from ..claim import Claim


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
    """Return what l_n * l_k is: l_{n+k} - l_{n+k+1}."""
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
    """Return the sums of x_n (cos + sin)(2 pi kn/N), not divided: twice gives N x."""
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
    """Return the diagonal matrix that T^* T is: N r^{2n}."""
    return [[N * r ** (2 * n) * int(n == k) for k in range(N)] for n in range(N)]


def wrapped_a_little(m: Arithmetic, N: int, seed: int, r: Number) -> list[Number]:
    """Return the linear convolution with what sticks out wrapped around and multiplied by r^N."""
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

CLAIMS = (
    Claim(
        id="laguerre-convolution",
        title="Laguerre functions: a stable real expansion in which causal convolution is Toeplitz",
        statement=r"$\ell_n(t) = e^{-t/2} L_n(t)$ are orthonormal on $t \geq 0$ and $\ell_m * \ell_n = \ell_{m+n} - "
        r"\ell_{m+n+1}$: convolution multiplies the coefficients as polynomials, times $1 - s$. Nothing complex, "
        "condition number 1; but a Toeplitz matrix, not a product entry by entry.",
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
        r"\frac{1}{2}[X_k (Y_k + Y_{-k}) + X_{-k} (Y_k - Y_{-k})]$. $X/\sqrt{N}$ is orthogonal and its own inverse "
        r"(then $Z$ gets a factor $\sqrt{N}$).",
        verdict="holds",
        corrected="Bins mix in pairs k, -k: it does not diagonalise, as no real transform can (see "
        "no-real-circular-diagonaliser). It is a Fourier transform with real and imaginary part added.",
        proof=r"$X_k = \Re \hat x_k - \Im \hat x_k$, so that $\Re \hat x_k = (X_k + X_{-k})/2$ and $\Im \hat x_k = "
        r"(X_{-k} - X_k)/2$; put both into $\hat x_k \hat y_k$.",
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
        "number $r^{-(N-1)}$ in the 2-norm, and products of values give the linear convolution with the part beyond "
        "$N$ samples wrapped around and multiplied by $r^N$.",
        verdict="holds",
        proof=r"$T$ is a Fourier matrix times the diagonal matrix of $r^n$, so that $T^* T$ is diagonal with entries "
        r"$N r^{2n}$. All nodes satisfy $z^N = r^N$: the polynomial is known modulo $z^N - r^N$. With $r^N = \epsilon$ "
        r"the wrap is $\epsilon$ and the loss of digits $1/\epsilon$: there is no free lunch, but $r$ may be chosen.",
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
