"""Activations of band-limited fields: the Hermite parabola, the same grid, and functions of the parts of bins.

A real field of band K and period 1 is the list X_0, ..., X_K of its coefficients, X_-k the conjugate of X_k: x(t) is
the sum of X_k e^{2 pi i k t} over |k| <= K, its mean is X_0, and the sum of |X_k|^2 over k != 0 is its variance.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from math import lcm

from ..arithmetic import Arithmetic, Number
from ..checks import DOUBLE, Bound, Contradiction, Identity, Range
from ..claim import Claim
from ..signals import Signal, dft, noise
from .gaussian import density, relu_line


# == the Hermite parabola ============================================================================================
def field(m: Arithmetic, K: int, seed: int) -> Signal:
    """Return a random field with rational coefficients."""
    v = noise(m, 2 * K + 1, seed)
    return [v[0], *(v[2 * k - 1] + m.i * v[2 * k] for k in range(1, K + 1))]


def samples(m: Arithmetic, X: Sequence[Number], size: int) -> Signal:
    """Return a field's samples at n / size."""
    return [
        m.re(X[0] + 2 * sum((X[k] * m.unit(k * n, size) for k in range(1, len(X))), m.number(0))) for n in range(size)
    ]


def coefficients(m: Arithmetic, x: Sequence[Number], K: int) -> Signal:
    """Return the coefficients up to K of samples, as means."""
    size = len(x)
    return [sum(v * m.unit(-k * n, size) for n, v in enumerate(x)) / size for k in range(K + 1)]


def relu(m: Arithmetic, x: Number) -> Number:
    """Return max(x, 0) without a comparison."""
    return (x + m.abs(x)) / 2


def length(m: Arithmetic, X: Sequence[Number]) -> Number:
    """Return the root of a field's mean square."""
    return m.sqrt(m.abs(X[0]) ** 2 + 2 * sum(m.abs(c) ** 2 for c in X[1:]))


# -- three activations -------------------------------------------------------------------------------------------
def same_grid(m: Arithmetic, X: Sequence[Number], size: int) -> Signal:
    """Return "transform back, ReLU, transform"; on 2K + 1 samples, as in networks that switch domains."""
    return coefficients(m, [relu(m, x) for x in samples(m, X, size)], len(X) - 1)


def hermite_parabola(m: Arithmetic, X: Sequence[Number]) -> Signal:
    """Return E + E' (x - mu) + phi(mu/s)/(2s) ((x - mu)^2 - s^2), by one convolution of coefficients."""
    mu = m.re(X[0])
    V = {k: c for j in range(1, len(X)) for k, c in ((j, X[j]), (-j, m.conj(X[j])))}
    s = m.sqrt(sum(m.abs(c) ** 2 for c in V.values()))
    mean, slope = relu_line(m, mu, s)
    bend = density(m, mu / s) / (2 * s)

    def square(k: int) -> Number:
        return sum((V[j] * V[k - j] for j in V if k - j in V), m.number(0))

    # The mean of the square is s^2, so the last term vanishes at k = 0.
    return [mean, *(slope * V[k] + bend * square(k) for k in range(1, len(X)))]


def shifted(m: Arithmetic, X: Sequence[Number], by: Number) -> Signal:
    """Return the coefficients of x(t - by)."""
    return [c * m.exp(-2 * m.pi * m.i * k * by) for k, c in enumerate(X)]


# -- how near to the alias-free ReLU --------------------------------------------------------------------------------
#: Samples of the grid on which the alias-free ReLU is summed.
FINE = 256


def fine_relu(m: Arithmetic, X: Sequence[Number]) -> tuple[Signal, Number]:
    """Return the coefficients of ReLU of a field, and a bound of their error in length.

    The slope of ReLU(x) varies by V <= int |x''| + 2K sup |x'| a period, so that its coefficients are at most
    V/(2 pi k)^2; on M samples those of order q + rM, r != 0, are added: V/(12 (M - K)^2) at most.
    """
    K = len(X) - 1
    slope, bend = (2 * sum((2 * m.pi * k) ** p * m.abs(X[k]) for k in range(1, K + 1)) for p in (1, 2))
    off = (bend + 2 * K * slope) / (12 * (FINE - K) ** 2)
    return same_grid(m, X, FINE), off * m.sqrt(m.number(2 * K + 1))


def relative(m: Arithmetic, Y: Signal, X: Sequence[Number]) -> tuple[Number, Number]:
    """Return bounds of the distance of Y from ReLU of the field X, relative to the length of ReLU."""
    exact, off = fine_relu(m, X)
    size, away = length(m, exact), length(m, [a - b for a, b in zip(Y, exact, strict=True)])
    return (away - off) / (size + off), (away + off) / (size - off)


def of_parabola(m: Arithmetic, K: int, seed: int) -> tuple[Number, Number]:
    X = field(m, K, seed)
    return relative(m, hermite_parabola(m, X), X)


def of_grid(m: Arithmetic, K: int, seed: int) -> tuple[Number, Number]:
    X = field(m, K, seed)
    return relative(m, same_grid(m, X, 2 * K + 1), X)


def how_much_nearer(m: Arithmetic, K: int, seed: int) -> Number:
    """Return a lower bound of the ratio of the distances of the same grid and of the parabola."""
    return of_grid(m, K, seed)[0] / of_parabola(m, K, seed)[1]


def mean_parabola_distance(m: Arithmetic, K: int, seeds: int, end: int) -> Number:
    return sum(of_parabola(m, K, seed)[end] for seed in range(seeds)) / seeds


def mean_grid_distance(m: Arithmetic, K: int, seeds: int, end: int) -> Number:
    return sum(of_grid(m, K, seed)[end] for seed in range(seeds)) / seeds


def parabola_of_a_positive_field(m: Arithmetic, mean: Number) -> Signal:
    return hermite_parabola(m, [mean, m.number("1/2")])


def relu_of_a_positive_field(m: Arithmetic, mean: Number) -> Signal:
    """Return ReLU of mean + cos(2 pi t), which is the field itself, on any grid."""
    return [mean, m.number("1/2")]


def engine_distance(m: Arithmetic, seed: int, which: int) -> Number:
    """Return the mean relative distance over 50 fields of 9 x 9 modes: engine's degree 1 or 2, or same grid."""
    import numpy as np

    from freqnet import Fourier, Tensor, ops

    space = Fourier.on((9, 9))
    X = space.random(np.empty((*space.shape, 50, 1), complex), np.random.default_rng(seed)) / 9
    x = Tensor(X, space)
    on_grid = [
        ops.analysis(np.maximum(ops.synthesis(x, (size, size)).data, 0), space).data[..., 0] for size in (108, 9)
    ]
    exact = on_grid[0]
    found = on_grid[1] if which == 0 else ops.gaussian_activation(x, "relu", which).data[..., 0]
    weights = np.asarray(space.weights)[..., 0]
    lengths = [np.sqrt(np.sum(weights * np.abs(v) ** 2, axis=(0, 1))) for v in (found - exact, exact)]
    return m.number(float(np.mean(lengths[0] / lengths[1])))


# -- shifts ------------------------------------------------------------------------------------------------------
def parabola_then_shift(m: Arithmetic, K: int, seed: int, by: Number) -> Signal:
    return shifted(m, hermite_parabola(m, field(m, K, seed)), by)


def shift_then_parabola(m: Arithmetic, K: int, seed: int, by: Number) -> Signal:
    """Compute mean, power and parabola on 3K + 1 samples of the shifted field, enough for the square."""
    v, size = noise(m, 2 * K + 1, seed), 3 * K + 1
    x = []
    for n in range(size):
        angles = [2 * m.pi * k * (m.number(Fraction(n, size)) - by) for k in range(1, K + 1)]
        x.append(v[0] + 2 * sum(v[2 * k + 1] * m.cos(a) - v[2 * k + 2] * m.sin(a) for k, a in enumerate(angles)))
    mu = sum(x) / size
    variance = sum((u - mu) ** 2 for u in x) / size
    s = m.sqrt(variance)
    low, chance = m.exp(-mu * mu / (2 * variance)) / m.sqrt(2 * m.pi), (1 + m.erf(mu / s / m.sqrt(m.number(2)))) / 2
    y = [s * low + mu * chance + chance * (u - mu) + low / (2 * s) * ((u - mu) ** 2 - variance) for u in x]
    return [c / size for c in dft(m, y)[: K + 1]]


_SEEDS = {"K": 4, "seeds": 8}

CLAIMS: tuple[Claim, ...] = (
    Claim(
        id="relu-parabola-of-fields",
        title="The Hermite parabola of a band-limited field is close to its alias-free ReLU",
        statement="On band-limited fields the Hermite polynomial of degree 2, computed from the mean and power of "
        'the field, is closer to the alias-free ReLU than "transform back, ReLU on the same grid, transform again".',
        verdict="conditional",
        hypotheses="This holds on average over random fields, and for most of them, since they are nearly normal. "
        "For the eight fields of 9 modes below the mean error of the parabola is 10 %, that of ReLU on the same grid "
        "31 %; for 9 by 9 modes the errors are 8 and 31 %. A field that is positive everywhere is its own ReLU, "
        "which any grid gives exactly but the parabola does not.",
        proof="A parabola misses 3.3 % of the variance of ReLU of a normal variable (see relu-residual-variance), "
        "and only the part of it inside the band counts; the coarse grid aliases all modes outside the band into it.",
        checks=(
            Bound(
                name="closer on each of these fields",
                quantity=how_much_nearer,
                low="1.2",
                points=tuple({"K": K, "seed": seed} for K in (3, 4) for seed in (0, 1, 2)),
            ),
            Bound(
                name="the parabola, on average at most",
                quantity=mean_parabola_distance,
                high="0.12",
                points=({**_SEEDS, "end": 1},),
            ),
            Bound(
                name="the parabola, on average at least",
                quantity=mean_parabola_distance,
                low="0.09",
                points=({**_SEEDS, "end": 0},),
            ),
            Bound(
                name="the same grid, on average at least",
                quantity=mean_grid_distance,
                low="0.29",
                points=({**_SEEDS, "end": 0},),
            ),
            Bound(
                name="the same grid, on average at most",
                quantity=mean_grid_distance,
                high="0.34",
                points=({**_SEEDS, "end": 1},),
            ),
            Bound(
                name="freqnet, 9 by 9 modes: the parabola",
                quantity=engine_distance,
                low="0.078",
                high="0.09",
                points=tuple({"seed": seed, "which": 2} for seed in range(3)),
                not_enclosed=DOUBLE,
            ),
            Bound(
                name="freqnet, 9 by 9 modes: the line",
                quantity=engine_distance,
                low="0.30",
                high="0.34",
                points=tuple({"seed": seed, "which": 1} for seed in range(3)),
                not_enclosed=DOUBLE,
            ),
            Bound(
                name="freqnet, 9 by 9 modes: the same grid",
                quantity=engine_distance,
                low="0.29",
                high="0.33",
                points=tuple({"seed": seed, "which": 0} for seed in range(3)),
                not_enclosed=DOUBLE,
            ),
            Contradiction(
                name="not for a positive field",
                claimed=parabola_of_a_positive_field,
                actual=relu_of_a_positive_field,
                points=({"mean": "1"}, {"mean": "1.5"}),
                gap="0.004",
            ),
        ),
    ),
    Claim(
        id="relu-parabola-commutes",
        title="The Hermite parabola commutes with shifts by fractions of a sample",
        statement="With mean and power from the spectrum, $c_0 + c_1 Z + c_2(Z^2 - 1)$ of a shifted field is exactly "
        "the shifted result.",
        verdict="holds",
        proof="A shift changes neither mean nor power, and the convolution of coefficients multiplies phases: the "
        "square of a shifted field is the shifted square, without aliases, which would shift differently.",
        checks=(
            Identity(
                name="by coefficients, against shifted samples",
                closed=parabola_then_shift,
                independent=shift_then_parabola,
                points=({"K": 3, "seed": 0, "by": "0.07"}, {"K": 1, "seed": 2, "by": "1/3"}),
                random={"K": Range(2, 5), "seed": Range(0, 99), "by": Range("-1", "1")},
            ),
        ),
    ),
)


# == on a grid that folds, and on the parts of bins ==================================================================
# -- ReLU on the same grid -------------------------------------------------------------------------------------------
def grid_then_shift(m: Arithmetic, K: int, seed: int, by: Number) -> Signal:
    return shifted(m, same_grid(m, field(m, K, seed), 2 * K + 1), by)


def shift_then_grid(m: Arithmetic, K: int, seed: int, by: Number) -> Signal:
    return same_grid(m, shifted(m, field(m, K, seed), by), 2 * K + 1)


def grid_then_whole_shift(m: Arithmetic, K: int, seed: int, by: int) -> Signal:
    N = 2 * K + 1
    return [c * m.unit(-k * by, N) for k, c in enumerate(same_grid(m, field(m, K, seed), N))]


def whole_shift_then_grid(m: Arithmetic, K: int, seed: int, by: int) -> Signal:
    """Shift the samples circularly, each computed from sines and cosines."""
    v, N = noise(m, 2 * K + 1, seed), 2 * K + 1
    x = []
    for n in range(N):
        turns = [m.unit(k * n, N) for k in range(1, K + 1)]
        x.append(v[0] + 2 * sum(v[2 * k + 1] * m.re(u) - v[2 * k + 2] * m.im(u) for k, u in enumerate(turns)))
    moved = [(x[(n - by) % N] + m.abs(x[(n - by) % N])) / 2 for n in range(N)]
    return [c / N for c in dft(m, moved)[: K + 1]]


def folded(m: Arithmetic, size: int, times: int, seed: int) -> Signal:
    """Return ReLU's spectrum on a grid `times` finer, folded: bins that differ by the size are added."""
    x = noise(m, size * times, seed)
    Y = dft(m, [(v + m.abs(v)) / 2 for v in x])
    return [sum(Y[q::size]) / (size * times) for q in range(size)]


def on_the_coarse_grid(m: Arithmetic, size: int, times: int, seed: int) -> Signal:
    """Transform ReLU of every `times`-th sample."""
    x = noise(m, size * times, seed)[::times]
    # The square root of a negative number has no real part, so this is ReLU.
    y = [m.re(m.sqrt(v)) ** 2 for v in x]
    return [sum(v * m.unit(-q * n, size) for n, v in enumerate(y)) / size for q in range(size)]


def relu_on_the_same_grid(m: Arithmetic, K: int, seed: int) -> Signal:
    return same_grid(m, field(m, K, seed), 2 * K + 1)


def relu_of_field(m: Arithmetic, K: int, seed: int) -> Signal:
    return fine_relu(m, field(m, K, seed))[0]


# -- functions of the parts of bins ------------------------------------------------------------------------------------
def tanh_of_parts(m: Arithmetic, K: int, seed: int) -> Signal:
    return [m.tanh(m.re(c)) + m.i * m.tanh(m.im(c)) for c in field(m, K, seed)]


def tanh_of_field(m: Arithmetic, K: int, seed: int) -> Signal:
    return coefficients(m, [m.tanh(x) for x in samples(m, field(m, K, seed), 64)], K)


def relu_of_parts(m: Arithmetic, K: int, seed: int) -> Signal:
    return [relu(m, m.re(c)) + m.i * relu(m, m.im(c)) for c in field(m, K, seed)]


def phase_relu(m: Arithmetic, X: Signal) -> Signal:
    """Keep the bins whose phase lies between 0 and pi/2, drop all others."""
    return [c * (relu(m, m.re(c)) / m.re(c)) * (relu(m, m.im(c)) / m.im(c) if k else 1) for k, c in enumerate(X)]


def phase_relu_of_field(m: Arithmetic, K: int, seed: int) -> Signal:
    return phase_relu(m, field(m, K, seed))


def mean_distance(m: Arithmetic, K: int, seeds: int, which: int, end: int) -> Number:
    """Return a bound of the mean relative distance from ReLU of the field: of ReLU of parts (0), of PhaseReLU (1)."""
    found = phase_relu_of_field if which else relu_of_parts
    return sum(relative(m, found(m, K, seed), field(m, K, seed))[end] for seed in range(seeds)) / seeds


def wave_of_parts(m: Arithmetic, A: Number, phase: Number, N: int) -> Signal:
    """Return tanh of the parts of A cos(t - phase): no harmonics, and two amplitudes that depend on the phase."""
    a, b = (2 * m.tanh(A / 2 * part) for part in (m.cos(phase), m.sin(phase)))
    return [a * m.cos(2 * m.pi * n / N) + b * m.sin(2 * m.pi * n / N) for n in range(N)]


def wave_by_bins(m: Arithmetic, A: Number, phase: Number, N: int) -> Signal:
    """Transform the samples, apply tanh to the parts of every bin, transform back."""
    x = [A * (m.unit(n, N) * m.exp(-m.i * phase) + m.unit(-n, N) * m.exp(m.i * phase)) / 2 for n in range(N)]
    bins = [c / N for c in dft(m, x)]
    changed = [m.tanh(m.re(c)) + m.i * m.tanh(m.im(c)) for c in bins]
    return [sum(c * m.unit(k * n, N) for k, c in enumerate(changed)) for n in range(N)]


def quarter_power(m: Arithmetic, K: int, seed: int) -> Number:
    """Return a quarter of the power of bins with these real and imaginary parts, and of their mirror images."""
    return sum(v**2 for v in noise(m, 2 * K, seed)) / 2


def mean_gated_power(m: Arithmetic, K: int, seed: int) -> Number:
    """Average the power that PhaseReLU leaves over shifts that take every bin through all quadrants equally."""
    v, J = noise(m, 2 * K, seed), 4 * lcm(*range(1, K + 1))
    X = [m.number(1), *(v[2 * k] + m.i * v[2 * k + 1] for k in range(K))]
    total = m.number(0)
    for j in range(J):
        Y = phase_relu(m, shifted(m, X, m.number(Fraction(2 * j + 1, 2 * J))))
        total += length(m, [m.number(0), *Y[1:]]) ** 2
    return total / J


CLAIMS += (
    Claim(
        id="relu-on-the-same-grid",
        title="ReLU on the same grid, between two transforms",
        statement='"Transform back, ReLU, transform again" is ReLU of the signal, in the frequency domain.',
        verdict="conditional",
        hypotheses="The signal consists of its samples. For the field that the samples represent, the result on $N$ "
        r"samples is the folded spectrum $\sum_r Y_{q + rN}$ of ReLU's spectrum $Y$, which extends beyond the band. "
        "It is aliased, and commutes only with shifts by whole samples.",
        proof="Every $c$-th sample of a signal has the folded spectrum of the signal; ReLU acts on each sample alone.",
        checks=(
            Contradiction(
                name="it is not ReLU of the field",
                claimed=relu_on_the_same_grid,
                actual=relu_of_field,
                points=({"K": 3, "seed": 0}, {"K": 4, "seed": 1}, {"K": 8, "seed": 2}),
                gap="0.05",
            ),
            Contradiction(
                name="it does not commute with a shift by part of a sample",
                claimed=grid_then_shift,
                actual=shift_then_grid,
                points=({"K": 3, "seed": 0, "by": "1/14"}, {"K": 4, "seed": 1, "by": "0.05"}),
                gap="0.05",
            ),
            Identity(
                name="it is folded",
                closed=folded,
                independent=on_the_coarse_grid,
                points=(
                    {"size": 7, "times": 3, "seed": 1},
                    {"size": 4, "times": 4, "seed": 2},
                    {"size": 1, "times": 5, "seed": 4},
                ),
            ),
            Identity(
                name="it commutes with shifts by whole samples",
                closed=grid_then_whole_shift,
                independent=whole_shift_then_grid,
                points=({"K": 3, "seed": 0, "by": 2}, {"K": 4, "seed": 1, "by": -1}),
            ),
        ),
    ),
    Claim(
        id="activation-of-parts",
        title="tanh or ReLU of the real and imaginary parts of bins",
        statement="For complex numbers an activation is applied to the real and to the imaginary part (Trabelsi "
        "2018, whose CReLU is ReLU of both). Applied to the bins of a spectrum, as SpecNet does with tanh, this "
        "represents the activation of the signal.",
        verdict="refuted",
        corrected="It is a different map, which depends on the position of the signal and makes no harmonics: from "
        r"$A\cos(t - p)$, tanh of parts makes $2\tanh(\frac{A}{2}\cos p)\cos t + 2\tanh(\frac{A}{2}\sin p)\sin t$. On "
        "the eight fields below, the error of ReLU of parts is 115 % on average.",
        proof="The map does not mix bins, whereas any function of samples that is not affine mixes them.",
        checks=(
            Contradiction(
                name="tanh of parts is not tanh of the field",
                claimed=tanh_of_parts,
                actual=tanh_of_field,
                points=({"K": 3, "seed": 0}, {"K": 4, "seed": 1}, {"K": 2, "seed": 5}),
                gap="0.3",
            ),
            Contradiction(
                name="ReLU of parts is not ReLU of the field",
                claimed=relu_of_parts,
                actual=relu_of_field,
                points=({"K": 3, "seed": 0}, {"K": 4, "seed": 1}, {"K": 2, "seed": 5}),
                gap="0.2",
            ),
            Identity(
                name="what tanh of parts makes of a cosine",
                closed=wave_of_parts,
                independent=wave_by_bins,
                points=({"A": "1", "phase": "0.4", "N": 5}, {"A": "3", "phase": "-2", "N": 8}),
                random={"A": Range("0.1", "5"), "phase": Range("-3", "3"), "N": Range(3, 9)},
            ),
            Bound(
                name="ReLU of parts, on average at least",
                quantity=mean_distance,
                low="1.1",
                points=({**_SEEDS, "which": 0, "end": 0},),
            ),
            Bound(
                name="ReLU of parts, on average at most",
                quantity=mean_distance,
                high="1.2",
                points=({**_SEEDS, "which": 0, "end": 1},),
            ),
        ),
    ),
    Claim(
        id="phase-relu",
        title="PhaseReLU, which keeps the bins of one quadrant",
        statement=r"For complex numbers zReLU keeps those whose phase lies between 0 and $\pi/2$ (Guberman 2016). "
        "Applied to the bins of a spectrum, as PhaseReLU of Fourier networks, it represents ReLU of the signal.",
        verdict="refuted",
        corrected="It is a gate that is open for a quarter of all positions: averaged over all shifts, a signal "
        "without mean keeps a quarter of its power. On the eight fields below, its mean error relative to ReLU is "
        "103 %.",
        proof=r"A shift by $\tau$ changes the phase of bin $k$ by $-2\pi k\tau$, so every bin is in the quadrant for "
        "a quarter of a period.",
        checks=(
            Contradiction(
                name="it is not ReLU of the field",
                claimed=phase_relu_of_field,
                actual=relu_of_field,
                points=({"K": 3, "seed": 0}, {"K": 4, "seed": 1}, {"K": 2, "seed": 5}),
                gap="0.2",
            ),
            Identity(
                name="a quarter of the power is left",
                closed=quarter_power,
                independent=mean_gated_power,
                points=({"K": 1, "seed": 1}, {"K": 2, "seed": 0}, {"K": 3, "seed": 2}),
            ),
            Bound(
                name="off on average, at least",
                quantity=mean_distance,
                low="1",
                points=({**_SEEDS, "which": 1, "end": 0},),
            ),
            Bound(
                name="off on average, at most",
                quantity=mean_distance,
                high="1.1",
                points=({**_SEEDS, "which": 1, "end": 1},),
            ),
        ),
    ),
)
