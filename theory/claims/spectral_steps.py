"""Training in spectral coordinates: what a step of signs gains or loses, and which losses become diagonal.

Spectral coordinates are U x with an orthonormal real matrix U: Hartley's, (cos + sin)(2 pi k n / N)/sqrt(N), or for odd
N the real Fourier basis, 1/sqrt(N) and sqrt(2/N) cos and sin of 2 pi k n / N. A step of signs changes every coordinate
by the same size against the sign of its gradient: it is the first step of Adam.
"""

from __future__ import annotations

from ..arithmetic import Arithmetic, Number
from ..checks import Bound, Contradiction, Identity, Point, Range
from ..claim import Claim
from ..signals import Map, Signal, columns_of, dft, dot, noise


# == signs ===========================================================================================================
def hartley_basis(m: Arithmetic, N: int) -> Map:
    root = m.sqrt(m.number(N))
    return [[(m.re(m.unit(k * n, N)) + m.im(m.unit(k * n, N))) / root for n in range(N)] for k in range(N)]


def fourier_basis(m: Arithmetic, N: int) -> Map:
    """Return the real Fourier basis, N odd."""
    root = m.sqrt(m.number(N))
    rows = [[1 / root] * N]
    for k in range(1, N // 2 + 1):
        rows += [[m.sqrt(m.number(2)) * part(m.unit(k * n, N)) / root for n in range(N)] for part in (m.re, m.im)]
    return rows


def size(m: Arithmetic, x: Signal) -> Number:
    """Return the sum of moduli: what a step of signs takes off the loss, for each unit of the step."""
    return sum((m.abs(v) for v in x), m.number(0))


def transformed(U: Map, x: Signal) -> Signal:
    return [dot(row, x) for row in U]


def gain_of_noise(m: Arithmetic, h: int, basis: int, seed: int) -> Number:
    """Return the gain for a random gradient of N = 2h + 1 samples: Hartley's basis (0) or Fourier's (1)."""
    x = noise(m, 2 * h + 1, seed)
    return size(m, transformed((hartley_basis, fourier_basis)[basis](m, 2 * h + 1), x)) / size(m, x)


def hartley_ends(m: Arithmetic, N: int) -> Signal:
    """Return the gain for a gradient at one sample, and for a constant one."""
    return [m.sqrt(m.number(N)), 1 / m.sqrt(m.number(N))]


def hartley_ends_by_sums(m: Arithmetic, N: int) -> Signal:
    U = hartley_basis(m, N)
    return [
        size(m, transformed(U, x)) / size(m, x) for x in ([m.number(int(n == 0)) for n in range(N)], [m.number(1)] * N)
    ]


def largest_fourier_gain(m: Arithmetic, h: int) -> Number:
    """Return the largest gain of the real Fourier basis of N = 2h + 1 samples."""
    N = 2 * h + 1
    return (1 + (1 / m.tan(m.pi / (4 * N)) - 1) / m.sqrt(m.number(2))) / m.sqrt(m.number(N))


def gain_of_sample(m: Arithmetic, h: int) -> Number:
    """Return the gain for a gradient at sample 1."""
    return gain_at(m, h, 1)


def gain_at(m: Arithmetic, h: int, n: int) -> Number:
    """Return the gain for a gradient at a sample: the size of a column of the basis."""
    return size(m, columns_of(fourier_basis(m, 2 * h + 1))[n % (2 * h + 1)])


def gain_in_oblique_coordinates(m: Arithmetic, turn: Number, skew: Number, at: Number) -> Number:
    """Return the gain for the gradient (cos, sin)(at) in coordinates along two unit vectors: pi/2 + skew lies between.

    The gradient in these coordinates solves the equations of Cramer's rule.
    """
    g = m.cos(at), m.sin(at)
    (a, b), (c, d) = ((m.cos(angle), m.sin(angle)) for angle in (turn, turn + m.pi / 2 + skew))
    area = a * d - b * c
    return (m.abs(g[0] * d - g[1] * c) + m.abs(a * g[1] - b * g[0])) / area / (m.abs(g[0]) + m.abs(g[1]))


def engine_gain(m: Arithmetic, h: int) -> Number:
    """Return the gain for a gradient at sample 1 in freqnet's orthonormal real coordinates."""
    import numpy as np

    from freqnet import Fourier, ops

    N = 2 * h + 1
    x = ops.analysis((np.arange(N) == 1).astype(float).reshape(1, N, 1), Fourier.on(N))
    c = ops.coordinates(x).data.ravel()
    return m.number(float(np.sum(np.abs(c)) / np.linalg.norm(c)))


# == losses ==========================================================================================================
def correlation(m: Arithmetic, x: Signal, taps: int) -> Map:
    """Return the second derivatives of (1/2N) sum_n (h * x - t)_n^2 with respect to the taps of h, by sums."""
    N = len(x)
    return [[sum(x[(n - i) % N] * x[(n - j) % N] for n in range(N)) / N for j in range(taps)] for i in range(taps)]


def diagonal_of_powers(m: Arithmetic, N: int, seed: int) -> Signal:
    """Return the matrix with |X_k|^2 / N on its diagonal, row by row; X is the transform of the input."""
    powers = [m.abs(X) ** 2 / N for X in dft(m, noise(m, N, seed))]
    return [powers[k] if k == j else m.number(0) for k in range(N) for j in range(N)]


def hessian_in_hartley(m: Arithmetic, N: int, seed: int) -> Signal:
    """Return U C U^T, row by row."""
    return _rotated(m, correlation(m, noise(m, N, seed), N))


def _rotated(m: Arithmetic, C: Map) -> Signal:
    U = hartley_basis(m, len(C))
    return [v for row in columns_of([transformed(U, transformed(C, row)) for row in U]) for v in row]


def hessian_of_few_taps(m: Arithmetic, N: int, taps: int, seed: int) -> Signal:
    return _rotated(m, correlation(m, noise(m, N, seed), taps))


def diagonal_of_few_taps(m: Arithmetic, N: int, taps: int, seed: int) -> Signal:
    """Return the same without what is off the diagonal."""
    matrix = hessian_of_few_taps(m, N, taps, seed)
    return [v if place % (taps + 1) == 0 else m.number(0) for place, v in enumerate(matrix)]


def best_filter(m: Arithmetic, N: int, seed: int) -> Signal:
    """Return the filter that takes x to t, by division of transforms."""
    X, T = dft(m, noise(m, N, seed)), dft(m, noise(m, N, seed + 1))
    return [sum(t / x * m.unit(k * n, N) for k, (x, t) in enumerate(zip(X, T, strict=True))) / N for n in range(N)]


def one_step(m: Arithmetic, N: int, seed: int) -> Signal:
    """Take one gradient step from a random filter, with a rate for each of Hartley's coordinates."""
    x, t, h = noise(m, N, seed), noise(m, N, seed + 1), noise(m, N, seed + 2)
    C, U = correlation(m, x, N), hartley_basis(m, N)
    slope = [sum(x[(n - i) % N] * t[n] for n in range(N)) / N for i in range(N)]
    g = transformed(U, [dot(row, h) - b for row, b in zip(C, slope, strict=True)])
    curvature = [dot(row, transformed(C, row)) for row in U]
    moved = [v - a / c for v, a, c in zip(transformed(U, h), g, curvature, strict=True)]
    return transformed(columns_of(U), moved)


def condition_ratio(m: Arithmetic, p: Number, c: Number, d: Number) -> Number:
    """Return how a rescaling of the first coordinate by d changes the condition number of [[p, c], [c, 1]]."""

    def condition(a: Number, b: Number) -> Number:
        root = m.sqrt((a - 1) ** 2 + 4 * b * b)
        return (a + 1 + root) / (a + 1 - root)

    return condition(p * d * d, c * d) / condition(p, c)


def least_condition_ratio(m: Arithmetic, N: int, seed: int) -> Number:
    """Return the least ratio over 200 random rescalings of all coordinates of a circulant matrix."""
    import numpy as np

    generator = np.random.default_rng([N, seed])
    x = generator.normal(size=N)
    C = np.array([[np.mean(np.roll(x, i) * np.roll(x, j)) for j in range(N)] for i in range(N)]) + 0.01 * np.eye(N)
    scales = np.exp(generator.normal(size=(200, N)) * generator.uniform(0.01, 1, size=(200, 1)))
    values = np.linalg.eigvalsh(scales[:, :, None] * C * scales[:, None, :])
    own = np.linalg.eigvalsh(C)
    return m.number(float(np.min(values[:, -1] / values[:, 0]) / (own[-1] / own[0])))


_SIZES: tuple[Point, ...] = ({"N": 1, "seed": 0}, {"N": 4, "seed": 1}, {"N": 7, "seed": 2})

CLAIMS: tuple[Claim, ...] = (
    Claim(
        id="sign-steps-gain",
        title="A step of signs gains a factor from 1/sqrt(N) to sqrt(N) in spectral coordinates",
        statement=r"With the gradient $g$ of $N$ samples, a step of signs of size $\eta$ lowers the loss by $\eta "
        r"\|g\|_1$ to first order, and by $\eta \|Ug\|_1$ in orthonormal coordinates $Ux$; both steps have the length "
        r"$\eta \sqrt{N}$. The gain $\|Ug\|_1/\|g\|_1$ lies between $1/\sqrt{N}$ and $\sqrt{N}$. Hartley's coordinates "
        r"reach both: $\sqrt{N}$ if the gradient is at one sample, $1/\sqrt{N}$ if it is constant. In the real Fourier "
        r"basis, $N$ odd, the largest gain is $[1 + (\cot\frac{\pi}{4N} - 1)/\sqrt{2}]/\sqrt{N}$, near "
        r"$0.90\sqrt{N}$.",
        verdict="conditional",
        hypotheses="The coordinates are orthonormal.",
        corrected="Plain gradient steps gain nothing: they are the same in all orthonormal coordinates (see "
        "descent-under-reparametrisation). With $x = cU^T v$ a step of signs in $v$ lowers the loss by $c \\eta "
        "\\|Ug\\|_1$.",
        proof=r"$\|v\|_2 \leq \|v\|_1 \leq \sqrt{N}\,\|v\|_2$, and $U$ keeps $\|v\|_2$. The largest gain is the "
        r"largest sum of moduli of a column of $U$. For the Fourier basis these are sums of $|\cos|$ and $|\sin|$ over "
        "equally spaced angles, which are cotangents.",
        proof_page="networks#why-spectral-parameters-train-faster-or-not",
        checks=(
            Bound(
                name="any gradient",
                loose="random gradients do not reach the ends; in Hartley's basis two gradients do, which are checked "
                "below; in Fourier's basis none reaches the upper one",
                quantity=gain_of_noise,
                low=lambda m, h, basis, seed: 1 / m.sqrt(m.number(2 * h + 1)),
                high=lambda m, h, basis, seed: m.sqrt(m.number(2 * h + 1)),
                random={"h": Range(1, 7), "basis": Range(0, 1), "seed": Range(0, 999)},
                screened=60,
            ),
            Bound(
                name="any gradient, in coordinates along two unit vectors; not if these are nearly opposite",
                quantity=gain_in_oblique_coordinates,
                low=lambda m, turn, skew, at: 1 / m.sqrt(m.number(2)),
                high=lambda m, turn, skew, at: m.sqrt(m.number(2)),
                # The ends are reached at turn = -pi/4 and at = 0 or pi/4.
                points=({"turn": "-0.785", "skew": "0", "at": "0"}, {"turn": "-0.785", "skew": "0", "at": "0.785"}),
                random={"turn": Range("-0.6", "0"), "skew": Range("0", "0"), "at": Range("0.1", "0.7")},
                outside={"turn": Range("-0.5", "0"), "skew": Range("1.4", "1.55"), "at": Range("0.5", "1")},
            ),
            Identity(
                name="both ends, in Hartley's coordinates",
                closed=hartley_ends,
                independent=hartley_ends_by_sums,
                points=({"N": 1}, {"N": 2}, {"N": 7}),
                random={"N": Range(2, 12)},
                draws=1,
                screened=10,
            ),
            Identity(
                name="the largest gain in the Fourier basis",
                closed=largest_fourier_gain,
                independent=gain_of_sample,
                points=({"h": 1}, {"h": 4}, {"h": 7}),
                random={"h": Range(2, 12)},
                draws=1,
                screened=10,
            ),
            Bound(
                name="a gradient at any sample, in units of the largest gain",
                quantity=lambda m, h, n: gain_at(m, h, n) / largest_fourier_gain(m, h),
                # Every n that is coprime to 2h + 1 reaches 1, where rounding would decide.
                high="1.000000000001",
                random={"h": Range(1, 12), "n": Range(0, 24)},
                screened=40,
            ),
            Bound(
                name="the largest gain in units of the root of N",
                quantity=lambda m, h: largest_fourier_gain(m, h) / m.sqrt(m.number(2 * h + 1)),
                low="0.9",
                high="0.92",
                random={"h": Range(10, 10**6)},
            ),
            Identity(
                name="in freqnet's coordinates",
                closed=largest_fourier_gain,
                independent=engine_gain,
                points=({"h": 1}, {"h": 4}, {"h": 31}),
                engine=True,
            ),
        ),
    ),
    Claim(
        id="circulant-hessian-diagonal",
        title="Spectral coordinates make the loss of a convolution diagonal, which no rescaling of the taps does",
        statement=r"For $\frac{1}{2N} \sum_n (h * x - t)_n^2$, circular and with $N$ taps, the second derivatives with "
        "respect to the taps are the correlations of $x$, a circulant matrix. In spectral coordinates they are "
        r"diagonal, with $|X_k|^2/N$, and one gradient step with a rate for each coordinate reaches the minimum. In "
        "space a rate for each tap never lowers the condition number.",
        verdict="conditional",
        hypotheses="The kernel has as many taps as the signal has samples, and the convolution is circular.",
        corrected="Kernels of fewer taps have a Toeplitz matrix, which their own spectral coordinates do not make "
        "diagonal.",
        proof=r"Waves are eigenvectors of circulant matrices. With rates $D$, the condition number is the largest "
        r"quotient $v^{*}Cv/v^{*}D^{-1}v$ divided by the smallest. For the wave of mode $k$ it is $\lambda_k$ divided "
        r"by the mean of $1/d_n$, whatever $k$.",
        proof_page="networks#why-spectral-parameters-train-faster-or-not",
        checks=(
            Identity(
                name="diagonal in Hartley's coordinates",
                closed=diagonal_of_powers,
                independent=hessian_in_hartley,
                points=_SIZES,
                random={"N": Range(2, 6), "seed": Range(0, 99)},
                draws=1,
                screened=8,
            ),
            Identity(
                name="the minimum after one step",
                closed=best_filter,
                independent=one_step,
                points=_SIZES,
                random={"N": Range(2, 6), "seed": Range(0, 99)},
                draws=1,
                screened=8,
            ),
            Bound(
                name="a rate for each of two taps",
                quantity=condition_ratio,
                low="1",
                random={"p": Range("1", "1"), "c": Range("0.05", "0.95"), "d": Range("1.01", "5")},
                outside_points=({"p": "4", "c": "0.5", "d": "0.5"}, {"p": "9", "c": "1", "d": "0.4"}),
            ),
            Bound(
                name="a rate for each of up to 12 taps",
                quantity=least_condition_ratio,
                low="1",
                points=tuple({"N": N, "seed": seed} for N in (3, 6, 12) for seed in (0, 1)),
                not_enclosed="the eigenvalues are computed in double precision",
            ),
            Contradiction(
                name="fewer taps",
                claimed=diagonal_of_few_taps,
                actual=hessian_of_few_taps,
                points=({"N": 7, "taps": 3, "seed": 0}, {"N": 9, "taps": 5, "seed": 1}),
                gap="0.01",
            ),
        ),
    ),
)
