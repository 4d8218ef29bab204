"""Activations in the wrong place: on a grid that folds, on the parts of bins.

Fields are lists of coefficients X_0, ..., X_K, as in the claims on fields.
"""

from __future__ import annotations

from fractions import Fraction
from math import lcm

from ..arithmetic import Arithmetic, Number
from ..checks import Bound, Contradiction, Identity, Range
from ..claim import Claim
from ..signals import Signal, dft, noise
from .fields import coefficients, field, fine_relu, length, relative, relu, same_grid, samples, shifted


# -- ReLU on the same grid -------------------------------------------------------------------------------------------
def grid_then_shift(m: Arithmetic, K: int, seed: int, by: Number) -> Signal:
    return shifted(m, same_grid(m, field(m, K, seed), 2 * K + 1), by)


def shift_then_grid(m: Arithmetic, K: int, seed: int, by: Number) -> Signal:
    return same_grid(m, shifted(m, field(m, K, seed), by), 2 * K + 1)


def grid_then_whole_shift(m: Arithmetic, K: int, seed: int, by: int) -> Signal:
    N = 2 * K + 1
    return [c * m.unit(-k * by, N) for k, c in enumerate(same_grid(m, field(m, K, seed), N))]


def whole_shift_then_grid(m: Arithmetic, K: int, seed: int, by: int) -> Signal:
    """Move the samples round, each computed by sine and cosine."""
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
    # The root of a negative number has no real part.
    y = [m.re(m.sqrt(v)) ** 2 for v in x]
    return [sum(v * m.unit(-q * n, size) for n, v in enumerate(y)) / size for q in range(size)]


def relu_on_the_same_grid(m: Arithmetic, K: int, seed: int) -> Signal:
    return same_grid(m, field(m, K, seed), 2 * K + 1)


def relu_without_aliases(m: Arithmetic, K: int, seed: int) -> Signal:
    return fine_relu(m, field(m, K, seed))[0]


# -- functions of the parts of bins ------------------------------------------------------------------------------------
def tanh_of_parts(m: Arithmetic, K: int, seed: int) -> Signal:
    return [m.tanh(m.re(c)) + m.i * m.tanh(m.im(c)) for c in field(m, K, seed)]


def tanh_of_field(m: Arithmetic, K: int, seed: int) -> Signal:
    return coefficients(m, [m.tanh(x) for x in samples(m, field(m, K, seed), 64)], K)


def relu_of_parts(m: Arithmetic, K: int, seed: int) -> Signal:
    return [relu(m, m.re(c)) + m.i * relu(m, m.im(c)) for c in field(m, K, seed)]


def relu_of_field(m: Arithmetic, K: int, seed: int) -> Signal:
    return fine_relu(m, field(m, K, seed))[0]


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
    """Return what tanh of parts makes of A cos(t - phase): no harmonic, and two amplitudes that the phase sets."""
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
    """Average the power that PhaseReLU leaves over shifts that turn every bin through all quadrants evenly."""
    v, J = noise(m, 2 * K, seed), 4 * lcm(*range(1, K + 1))
    X = [m.number(1), *(v[2 * k] + m.i * v[2 * k + 1] for k in range(K))]
    total = m.number(0)
    for j in range(J):
        Y = phase_relu(m, shifted(m, X, m.number(Fraction(2 * j + 1, 2 * J))))
        total += length(m, [m.number(0), *Y[1:]]) ** 2
    return total / J


_FIELDS = {"K": 4, "seeds": 8}

CLAIMS = (
    Claim(
        id="relu-on-the-same-grid",
        title="ReLU on the same grid, between two transforms",
        statement='"Transform back, ReLU, transform again" is ReLU of the signal, in the frequency domain.',
        verdict="conditional",
        hypotheses="The signal is its samples. For the field that they stand for: on $N$ samples it is the folded "
        r"spectrum $\sum_r Y_{q + rN}$ of ReLU's $Y$, whose modes do not end at the band: it is aliased, and commutes "
        "with shifts by whole samples alone.",
        proof="Every $c$-th sample of a signal has the spectrum of the signal, folded; ReLU acts on each alone.",
        checks=(
            Contradiction(
                name="it is not ReLU of the field",
                claimed=relu_on_the_same_grid,
                actual=relu_without_aliases,
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
        statement="For complex numbers an activation is applied to the real and to the imaginary part (Trabelsi 2018, "
        "whose CReLU is ReLU of both). Applied to the bins of a spectrum, as SpecNet does with tanh, this stands for "
        "the activation of the signal.",
        verdict="refuted",
        corrected="It is another map, which the position of a signal changes and which makes no harmonics: of "
        r"$A\cos(t - p)$, tanh of parts leaves $2\tanh(\frac{A}{2}\cos p)\cos t + 2\tanh(\frac{A}{2}\sin p)\sin t$. On "
        "the eight fields below, ReLU of parts is off by 115 % on average.",
        proof="Every bin stays by itself; any function of samples that is not affine mixes bins.",
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
                points=({**_FIELDS, "which": 0, "end": 0},),
            ),
            Bound(
                name="ReLU of parts, on average at most",
                quantity=mean_distance,
                high="1.2",
                points=({**_FIELDS, "which": 0, "end": 1},),
            ),
        ),
    ),
    Claim(
        id="phase-relu",
        title="PhaseReLU, which keeps the bins of one quadrant",
        statement=r"For complex numbers zReLU keeps those whose phase lies between 0 and $\pi/2$ (Guberman 2016). "
        "Applied to the bins of a spectrum, as PhaseReLU of Fourier networks, it stands for ReLU of the signal.",
        verdict="refuted",
        corrected="It is a gate that opens for a quarter of all positions: moved through a period, a signal without "
        "mean keeps a quarter of its power on average. From ReLU of the eight fields below it is off by 103 % on "
        "average.",
        proof=r"A shift by $\tau$ turns bin $k$ by $-2\pi k\tau$: every bin is in the quadrant for a quarter of a "
        "period.",
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
                points=({**_FIELDS, "which": 1, "end": 0},),
            ),
            Bound(
                name="off on average, at most",
                quantity=mean_distance,
                high="1.1",
                points=({**_FIELDS, "which": 1, "end": 1},),
            ),
        ),
    ),
)
