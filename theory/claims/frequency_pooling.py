"""Truncations between layers: when they equal one low-pass of the input, and what nonlinear functions change."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from math import prod
from typing import Any

from ..arithmetic import Arithmetic, Number
from ..checks import DOUBLE, Bound, Contradiction, Identity, Range
from ..claim import Claim, Source
from ..signals import Signal, circular, complex_noise, dft, idft, modes, noise, rolled


# == bin-local layers ================================================================================================
def cut_to(m: Arithmetic, X: Signal, K: int) -> Signal:
    """Set every bin with |k| > K to zero."""
    return [X[i] if abs(k) <= K else m.number(0) for i, k in enumerate(modes(len(X)))]


# -- a chain of layers -----------------------------------------------------------------------------------
def chain(m: Arithmetic, X: Signal, K: int, L: int) -> Signal:
    """Apply a filter, tanh of both parts, truncation to K, a filter, a function of the modulus, truncation to L."""
    N = len(X)
    H, G = dft(m, noise(m, N, 77)), dft(m, noise(m, N, 78))
    X = [X[k] * H[k] for k in range(N)]
    X = [m.tanh(m.re(z)) + m.i * m.tanh(m.im(z)) for z in X]
    X = cut_to(m, X, K)
    X = [X[k] * G[k] for k in range(N)]
    X = [z / (1 + m.abs(z) ** 2) for z in X]
    return cut_to(m, X, L)


def of_all_bins(m: Arithmetic, N: int, K: int, L: int, seed: int) -> Signal:
    return chain(m, dft(m, noise(m, N, seed)), K, L)


def bin_by_bin(m: Arithmetic, N: int, L: int, seed: int) -> Signal:
    """Return each bin up to L as a function of the same bin of the input alone, independent of K."""
    X, H, G = dft(m, noise(m, N, seed)), dft(m, noise(m, N, 77)), dft(m, noise(m, N, 78))

    def through(k: int) -> Number:
        w = G[k] * (m.tanh(m.re(X[k] * H[k])) + m.i * m.tanh(m.im(X[k] * H[k])))
        return w / (1 + w * m.conj(w))

    return [through(k) if abs(k) <= L else m.number(0) for k in modes(N)]


def by_layers(m: Arithmetic, N: int, L: int, seed: int) -> Signal:
    return of_all_bins(m, N, (N + L) // 3, L, seed)


def difference(m: Arithmetic, N: int, K: int, L: int, seed: int) -> Number:
    """Return the difference of the outputs for an input and for its low-pass at L, summed over bins."""
    X = dft(m, noise(m, N, seed))
    whole, low = chain(m, X, K, L), chain(m, cut_to(m, X, L), K, L)
    return sum(m.abs(whole[k] - low[k]) for k in range(N))


def difference_by_audit(m: Arithmetic) -> Number:
    """Return the difference that an audit of such a network measures, if it finds the cut-off 2."""
    import numpy as np

    from freqnet import nn
    from freqnet.audit import audit

    block = lambda size: (nn.Convolution(2), nn.RealImaginary("tanh"), nn.TruncationPool(size))
    body = nn.Sequential((*block(7), *block(5), nn.Dense(3)))
    network = nn.Network(nn.Door("fourier", (9,), (4,), 1), body, precision=np.float64)
    found = audit(network, np.random.default_rng(0).normal(size=(20, 9, 1)))
    return m.number(found.reach.low_pass_error if found.low_pass == (2,) else 1)


def cut_too_early(m: Arithmetic, N: int, K: int, L: int, seed: int) -> Signal:
    return chain(m, cut_to(m, dft(m, noise(m, N, seed)), L - 1), K, L)


# -- statistics over all bins --------------------------------------------------------------------------
def standardised_chain(m: Arithmetic, X: Signal, K: int, L: int) -> Signal:
    """Apply two layers: a filter, standardisation over all bins, a sigmoid, truncation."""
    N = len(X)
    for seed, radius in ((77, K), (78, L)):
        H = noise(m, N, seed)
        X = [X[k] * H[k] for k in range(N)]
        mean = sum(X) / N
        deviation = m.sqrt(sum((z - mean) ** 2 for z in X) / (N - 1))
        X = cut_to(m, [1 / (1 + m.exp((mean - z) / deviation)) for z in X], radius)
    return X


def standardised(m: Arithmetic, N: int, K: int, L: int, seed: int) -> Signal:
    """Apply the standardised chain to real bins."""
    return standardised_chain(m, noise(m, N, seed), K, L)


def standardised_low_pass(m: Arithmetic, N: int, K: int, L: int, seed: int) -> Signal:
    return standardised_chain(m, cut_to(m, noise(m, N, seed), L), K, L)


def by_four_numbers(m: Arithmetic, N: int, K: int, L: int, seed: int) -> Signal:
    """Return the bins up to L from the bins of the input and two pairs of mean and deviation."""
    x, H, G = noise(m, N, seed), noise(m, N, 77), noise(m, N, 78)

    def mean_and_deviation(z: Signal) -> tuple[Number, Number]:
        mean = sum(z) / N
        return mean, m.sqrt((sum(v * v for v in z) - N * mean * mean) / (N - 1))

    a, b = mean_and_deviation([x[k] * H[k] for k in range(N)])
    first = lambda k: m.tanh((x[k] * H[k] - a) / (2 * b)) / 2 + m.number("0.5")
    c, d = mean_and_deviation([G[k] * first(k) if abs(k) <= K else m.number(0) for k in modes(N)])
    second = lambda k: m.tanh((first(k) * G[k] - c) / (2 * d)) / 2 + m.number("0.5")
    return [second(k) if abs(k) <= L else m.number(0) for k in modes(N)]


# -- down to one bin -------------------------------------------------------------------------------------
def of_the_mean(m: Arithmetic, N: int, seed: int) -> Number:
    """Return the remaining bin as a function of the mean of the samples."""
    total, gains, others = (sum(noise(m, N, number)) for number in (seed, 77, 78))
    w = others * m.tanh(gains * total)
    return w / (1 + w * w)


def one_bin_left(m: Arithmetic, N: int, seed: int) -> Number:
    return chain(m, dft(m, noise(m, N, seed)), N // 3, 0)[0]


def square_of_mean(m: Arithmetic, N: int, seed: int) -> Number:
    return (sum(noise(m, N, seed)) / N) ** 2


def mean_of_square(m: Arithmetic, N: int, seed: int) -> Number:
    return sum(v * v for v in noise(m, N, seed)) / N


_CHAINS = tuple(
    {"N": N, "K": K, "L": L, "seed": seed}
    for N, K, L, seed in ((9, 3, 2, 1), (8, 3, 1, 2), (13, 5, 3, 3), (7, 2, 2, 4))
)
_SINGLE = ({"N": 2, "seed": 1}, {"N": 9, "seed": 2}, {"N": 12, "seed": 3})
_QUESTION = Source("dsp76875", "Question", "", "none")

CLAIMS: tuple[Claim, ...] = (
    Claim(
        id="bin-local-low-pass",
        title="Truncations between bin-local layers are one low-pass of the input",
        sources=(_QUESTION, Source("dsp76875", "Answer by OverLordGoldDragon", "", "none")),
        statement="The frequencies that pooling layers discard do not contribute to the output: discarding all modes "
        "above the last cut-off in the input is equivalent.",
        verdict="conditional",
        hypotheses="Every layer is bin-local: each output bin is a function, linear or not, of the same input bin, "
        "with statistics that are constant or taken from bins kept to the end.",
        corrected="If a function of samples comes between the layers, see pooling-before-nonlinearity and "
        "nonlinearity-before-pooling.",
        proof_page="proofs#a-chain-of-bin-local-layers-is-one-low-pass",
        proof=r"A truncation P to $|k| \leq L$ commutes with filters and with functions of one bin, up to the bins "
        r"that it sets to zero, and $P P_K = P$ for $K \geq L$: move the last truncation to the front. See the page "
        "of proofs.",
        checks=(
            Identity(
                name="one function for each bin, against layers with truncations between them",
                closed=bin_by_bin,
                independent=by_layers,
                points=tuple({"N": N, "L": L, "seed": 1} for N, L in ((9, 2), (8, 3), (7, 0), (13, 4), (2, 0))),
                random={"N": Range(7, 12), "L": Range(0, 3), "seed": Range(0, 99)},
            ),
            Bound(
                name="input and low-passed input: the difference is exactly 0",
                quantity=difference,
                low="0",
                high="0",
                points=_CHAINS,
                random={"N": Range(9, 12), "K": Range(3, 4), "L": Range(0, 3), "seed": Range(0, 99)},
                screened=20,
                not_enclosed="equal to the last bit is more than balls can tell",
            ),
            Bound(
                name="and exactly 0 in a network of freqnet, by its audit",
                quantity=difference_by_audit,
                low="0",
                high="0",
                not_enclosed=DOUBLE,
            ),
            Contradiction(
                name="a low-pass below the last cut-off is too much",
                claimed=cut_too_early,
                actual=of_all_bins,
                points=_CHAINS,
            ),
        ),
    ),
    Claim(
        id="bin-statistics-leak",
        title="Bins above the cut-off act only through mean and deviation",
        statement="If each layer standardises by the mean and the deviation of all its bins, the bins above the last "
        "cut-off affect the output through these two numbers per layer, and in no other way.",
        verdict="holds",
        proof="Given the two numbers, each layer is bin-local, and bin-local-low-pass applies.",
        proof_page="proofs#a-chain-of-bin-local-layers-is-one-low-pass",
        checks=(
            Identity(
                name="the bins up to the cut-off and four numbers, against the layers",
                closed=by_four_numbers,
                independent=standardised,
                points=_CHAINS,
                random={"N": Range(8, 12), "K": Range(2, 3), "L": Range(0, 2), "seed": Range(0, 99)},
            ),
            Contradiction(
                name="they do leak: a low-pass of the input changes the output",
                claimed=standardised_low_pass,
                actual=standardised,
                points=_CHAINS,
            ),
        ),
    ),
    Claim(
        id="pooling-to-one-bin",
        title="A network pooled to one bin depends on the mean alone",
        sources=(Source("dsp76875", "Comments", "", "none"),),
        statement="If the last output has size 1 x 1, it depends on the DC of the input alone.",
        verdict="conditional",
        hypotheses="Every layer is bin-local.",
        corrected="With a nonlinear function of the samples before the last pooling, where this function sees more "
        "than one bin, the output can depend on all of them: the mean of a square is the power of all modes.",
        proof="This is bin-local-low-pass with the last cut-off 0.",
        proof_page="proofs#a-chain-of-bin-local-layers-is-one-low-pass",
        checks=(
            Identity(
                name="a function of the sum of the samples, against the layers",
                closed=of_the_mean,
                independent=one_bin_left,
                points=_SINGLE,
                random={"N": Range(3, 12), "seed": Range(0, 99)},
            ),
            Contradiction(
                name="squared samples, pooled to one bin",
                claimed=square_of_mean,
                actual=mean_of_square,
                points=_SINGLE,
            ),
        ),
    ),
)


# == maps of single bins that commute with shifts ====================================================================
def shifted_spectrum(m: Arithmetic, N: int, shift: Number, seed: int) -> Signal:
    """Return the spectrum of a real signal of an odd size, shifted by any number of samples."""
    X = dft(m, noise(m, N, seed))
    return [X[k] * m.exp(-2 * m.pi * m.i * k * shift / N) for k in modes(N)]


def rho_then_shift(m: Arithmetic, N: int, shift: Number, seed: int) -> Signal:
    """Multiply bin k by (1 + ik)/(1 + |X_k|^2), the bin 0 by its own cube, and shift the result."""
    X = dft(m, noise(m, N, seed))
    moved = [X[k] * (1 + m.i * k) / (1 + m.abs(X[k]) ** 2) for k in modes(N)]
    phase = [m.cos(2 * m.pi * k * shift / N) - m.i * m.sin(2 * m.pi * k * shift / N) for k in modes(N)]
    return [X[0] ** 4, *(moved[k] * phase[k] for k in range(1, N))]


def shift_then_rho(m: Arithmetic, N: int, shift: Number, seed: int) -> Signal:
    Z = shifted_spectrum(m, N, shift, seed)
    real_and_imaginary = [(m.re(z), m.im(z)) for z in Z]
    power = [a * a + b * b for a, b in real_and_imaginary]
    return [Z[0] * Z[0] * Z[0] * Z[0], *(Z[k] * (1 + m.i * k) / (1 + power[k]) for k in modes(N)[1:])]


def parts_then_shift(m: Arithmetic, N: int, shift: Number, seed: int) -> Signal:
    """Apply tanh to real and imaginary parts, then shift."""
    Y = [m.tanh(m.re(z)) + m.i * m.tanh(m.im(z)) for z in dft(m, noise(m, N, seed))]
    return [Y[k] * m.exp(-2 * m.pi * m.i * k * shift / N) for k in modes(N)]


def shift_then_parts(m: Arithmetic, N: int, shift: Number, seed: int) -> Signal:
    return [m.tanh(m.re(z)) + m.i * m.tanh(m.im(z)) for z in shifted_spectrum(m, N, shift, seed)]


# -- the part that commutes with shifts ------------------------------------------------------------------------
def invariant_part(m: Arithmetic, seed: int) -> Signal:
    """Return X rho(|X|) with rho(r) = 2 + 3 r^2: the terms of the map below that have the phase of X."""
    return [X * (2 + 3 * m.abs(X) ** 2) for X in complex_noise(m, 4, seed)]


def mean_over_turns(m: Arithmetic, seed: int) -> Signal:
    """Rotate a bin, map it by 5 + 2 X + conj(X)^2 + 3 X^2 conj(X) + X^3, rotate it back; average over eight turns."""

    def mapped(z: Number) -> Number:
        c = m.conj(z)
        return 5 + 2 * z + c * c + 3 * z * z * c + z * z * z

    turns = [m.unit(p, 8) for p in range(8)]
    return [sum(mapped(u * X) / u for u in turns) / 8 for X in complex_noise(m, 4, seed)]


# -- whole samples only ------------------------------------------------------------------------------------
def conjugate_power_moved(m: Arithmetic, N: int, shift: Number, seed: int) -> Signal:
    """Return conj(X_k)^(N - 1), shifted."""
    X = dft(m, noise(m, N, seed))
    return [m.exp(-2 * m.pi * m.i * k * shift / N) * m.conj(X[k]) ** (N - 1) for k in modes(N)]


def conjugate_power_of_rolled(m: Arithmetic, N: int, shift: int, seed: int) -> Signal:
    return [m.conj(z) ** (N - 1) for z in dft(m, rolled(noise(m, N, seed), shift))]


def conjugate_power_of_moved(m: Arithmetic, N: int, shift: Number, seed: int) -> Signal:
    return [m.conj(z) ** (N - 1) for z in shifted_spectrum(m, N, shift, seed)]


_SHIFTS = tuple({"N": N, "shift": s, "seed": 1} for N in (3, 9) for s in ("1", "0.37", "-2.5"))
_WHOLE = tuple({"N": N, "shift": shift, "seed": 1} for N, shift in ((3, 1), (5, 2), (7, -3)))

CLAIMS += (
    Claim(
        id="bin-maps-and-shifts",
        title="Maps of single bins that commute with shifts",
        statement="A map that computes bin k of the output from bin k of the input commutes with all shifts if and "
        r"only if $Y_k = X_k\,\rho_k(|X_k|)$ for $k \neq 0$; the bin 0 may be mapped by any function.",
        verdict="conditional",
        hypotheses="The modes are $|k| < N/2$, and the shifts are by all real numbers of samples.",
        corrected="At the Nyquist bin of an even N a shift by a fraction of a sample is "
        "not a phase of a real signal. If only shifts by whole "
        r"samples are required, more maps commute, for example $\bar X_k^{N-1}$ on N samples.",
        proof=r"A shift multiplies bin k by a factor with the phase $-2\pi ks/N$, which takes every value. Put "
        r"$\rho_k(r) = f_k(r)/r$ and rotate: $f_k(r e^{i\phi}) = e^{i\phi} f_k(r)$. Shifts by whole samples multiply "
        r"by N-th roots of unity u only, and $\bar u^{N-1} = u$. See the page of proofs.",
        proof_page="proofs#maps-of-bins-that-commute-with-shifts",
        checks=(
            Identity(
                name="such a map, then a shift; a shift, then the map",
                closed=rho_then_shift,
                independent=shift_then_rho,
                points=_SHIFTS,
                random={"N": Range(5, 5), "shift": Range("-3", "3"), "seed": Range(0, 99)},
            ),
            Identity(
                name="what commutes of a polynomial in X and its conjugate, against the mean over all turns",
                closed=invariant_part,
                independent=mean_over_turns,
                points=({"seed": 1}, {"seed": 2}),
            ),
            Contradiction(
                name="tanh of real and imaginary parts does not commute",
                claimed=parts_then_shift,
                actual=shift_then_parts,
                points=_SHIFTS,
            ),
            Identity(
                name="whole samples: the power N - 1 of the conjugate",
                closed=conjugate_power_moved,
                independent=conjugate_power_of_rolled,
                points=_WHOLE,
            ),
            Contradiction(
                name="which fractions of a sample tell apart",
                claimed=conjugate_power_moved,
                actual=conjugate_power_of_moved,
                points=tuple({"N": N, "shift": "0.37", "seed": 1} for N in (3, 5, 7)),
            ),
        ),
    ),
)


# == functions of samples ============================================================================================
def low_pass(m: Arithmetic, x: Signal, K: int) -> Signal:
    """Return the samples of a real signal without the modes above K."""
    X = dft(m, x)
    return [m.re(z) for z in idft(m, [X[i] if abs(k) <= K else 0 * X[i] for i, k in enumerate(modes(len(x)))])]


# -- pooling, then a function of samples -----------------------------------------------------------------
def pooled_first(m: Arithmetic, x: Signal, K: int, L: int) -> Signal:
    """Convolve, truncate to K, apply tanh to the samples, convolve, truncate to L."""
    h, g = noise(m, len(x), 77), noise(m, len(x), 78)
    y = [m.tanh(v) for v in low_pass(m, circular(x, h), K)]
    return low_pass(m, circular(y, g), L)


def pooled_first_of_noise(m: Arithmetic, N: int, K: int, L: int, seed: int) -> Signal:
    return pooled_first(m, noise(m, N, seed), K, L)


def from_low_modes(m: Arithmetic, N: int, K: int, L: int, seed: int) -> Signal:
    """Return the same output from the modes |k| <= K of the input alone."""
    X, H, G = dft(m, noise(m, N, seed)), dft(m, noise(m, N, 77)), dft(m, noise(m, N, 78))
    samples = [sum(X[k] * H[k] * m.unit(k * n, N) for k in range(-K, K + 1)) / N for n in range(N)]
    Y = dft(m, [m.tanh(m.re(v)) for v in samples])
    return [sum(Y[k] * G[k] * m.unit(k * n, N) for k in range(-L, L + 1)) / N for n in range(N)]


def after_first_cut(m: Arithmetic, N: int, K: int, L: int, seed: int) -> Signal:
    """Return the output for an input that is low-passed at the first cut-off."""
    return pooled_first(m, low_pass(m, noise(m, N, seed), K), K, L)


def after_last_cut(m: Arithmetic, N: int, K: int, L: int, seed: int) -> Signal:
    return pooled_first(m, low_pass(m, noise(m, N, seed), L), K, L)


# -- a function of samples, then pooling -----------------------------------------------------------------
FUNCTIONS: tuple[Callable[[Arithmetic, Number], Number], ...] = (
    lambda m, x: x * x,
    lambda m, x: (x + m.abs(x)) / 2,
    lambda m, x: m.tanh(x),
    lambda m, x: m.exp(x),
    lambda m, x: 1 / (1 + m.exp(-x)),
)


def with_mode(m: Arithmetic, N: int, k: int) -> Signal:
    return [m.number("0.3") + m.re(m.unit(k * n, N)) for n in range(N)]


def mean_with_mode(m: Arithmetic, N: int, k: int, function: int) -> Number:
    """Return the mean of a function of the samples of a constant plus mode k."""
    return sum(FUNCTIONS[function](m, v) for v in with_mode(m, N, k)) / N


def mean_without_mode(m: Arithmetic, N: int, k: int, function: int) -> Number:
    return FUNCTIONS[function](m, m.number("0.3"))


def mean_of_quadratic(m: Arithmetic, N: int, k: int, a: Number, b: Number) -> Number:
    """Return a c^2 + b c + a t^2/2 at c = 0.3 and t = 1, or t^2 instead at Nyquist; the mode adds the last term."""
    c = m.number("0.3")
    return a * c * c + b * c + a * m.number(Fraction(1, 1 if 2 * k == N else 2))


def mean_of_quadratic_by_sum(m: Arithmetic, N: int, k: int, a: Number, b: Number) -> Number:
    return sum(a * v * v + b * v for v in with_mode(m, N, k)) / N


# -- when the order does not matter ----------------------------------------------------------------------
def affine_of_truncated(m: Arithmetic, N: int, K: int, a: Number, b: Number, seed: int) -> Signal:
    X = dft(m, noise(m, N, seed))
    return [a * sum(X[k] * m.unit(k * n, N) for k in range(-K, K + 1)) / N + b for n in range(N)]


def truncated_affine(m: Arithmetic, N: int, K: int, a: Number, b: Number, seed: int) -> Signal:
    return low_pass(m, [a * v + b for v in noise(m, N, seed)], K)


def truncated_function(m: Arithmetic, N: int, K: int, function: int) -> Signal:
    return low_pass(m, [FUNCTIONS[function](m, v) for v in noise(m, N, 5)], K)


def truncated_function_of_truncated(m: Arithmetic, N: int, K: int, function: int) -> Signal:
    return low_pass(m, [FUNCTIONS[function](m, v) for v in low_pass(m, noise(m, N, 5), K)], K)


# -- affine activations ------------------------------------------------------------------------------------
def one_affine_map(m: Arithmetic, N: int, K: int, a: Number, b: Number, seed: int) -> Signal:
    """Return a^2 G H X in the bins up to K, plus an offset in bin 0."""
    X, H, G = dft(m, noise(m, N, seed)), dft(m, noise(m, N, 77)), dft(m, noise(m, N, 78))
    low = sum(v for v in noise(m, N, 78)) * a * b + b
    return [low + a * a * sum(X[k] * H[k] * G[k] * m.unit(k * n, N) for k in range(-K, K + 1)) / N for n in range(N)]


def by_affine_layers(m: Arithmetic, N: int, K: int, a: Number, b: Number, seed: int) -> Signal:
    x, h, g = noise(m, N, seed), noise(m, N, 77), noise(m, N, 78)
    y = low_pass(m, [a * v + b for v in circular(x, h)], K)
    return [a * v + b for v in circular(y, g)]


def middle(m: Arithmetic, N: int, K: int) -> Signal:
    x, y = noise(m, N, 1), noise(m, N, 2)
    return pooled_first(m, [(p + q) / 2 for p, q in zip(x, y, strict=True)], K, K)


def mean_of_both(m: Arithmetic, N: int, K: int) -> Signal:
    both = (pooled_first(m, noise(m, N, seed), K, K) for seed in (1, 2))
    return [(p + q) / 2 for p, q in zip(*both, strict=True)]


def residual_by_audit(m: Arithmetic) -> Number:
    """Return the affine residual that an audit finds for a network with linearised activations."""
    import numpy as np

    from freqnet import nn
    from freqnet.audit import audit

    block = lambda name, size: (nn.Convolution(2), nn.Linearized(name), nn.TruncationPool(size))
    body = nn.Sequential((*block("sigmoid", 7), *block("tanh", 5), nn.Dense(3)))
    network = nn.Network(nn.Door("fourier", (9,), (4,), 1), body, precision=np.float64)
    return m.number(audit(network, np.random.default_rng(0).normal(size=(20, 9, 1))).affine_residual)


_NETWORKS = tuple(
    {"N": N, "K": K, "L": L, "seed": seed}
    for N, K, L, seed in ((9, 3, 2, 1), (8, 3, 1, 2), (11, 4, 0, 3), (7, 2, 1, 4))
)
_MODES = tuple(
    {"N": N, "k": k, "function": function} for N in (8, 9) for k in (1, 2, 3, 4) for function in range(len(FUNCTIONS))
)
_AFFINE = {"a": "0.7", "b": "-0.4"}
_ANSWER = Source("dsp76875", "Answer by OverLordGoldDragon", "", "none")

CLAIMS += (
    Claim(
        id="pooling-before-nonlinearity",
        title="A function of samples after pooling sees a low-passed input",
        sources=(_ANSWER,),
        statement="If activation follows pooling, the frequencies of the input are discarded directly at the first "
        "pooling.",
        verdict="holds",
        proof="Before the first pooling there are only convolutions, which are bin-local, so the truncation can be "
        "applied first. It is a low-pass of the input at the first cut-off, not at the last: the modes between the "
        "two affect the output through the function.",
        proof_page="proofs#a-chain-of-bin-local-layers-is-one-low-pass",
        checks=(
            Identity(
                name="from the modes up to the first cut-off alone, against the layers",
                closed=from_low_modes,
                independent=pooled_first_of_noise,
                points=_NETWORKS,
            ),
            Identity(
                name="a low-pass of the input at the first cut-off changes nothing",
                # The output is the one that the check before finds for the whole input.
                closed=from_low_modes,
                independent=after_first_cut,
                points=_NETWORKS,
            ),
            Contradiction(
                name="a low-pass at the last cut-off changes the output",
                claimed=after_last_cut,
                actual=pooled_first_of_noise,
                points=_NETWORKS,
            ),
        ),
    ),
    Claim(
        id="nonlinearity-before-pooling",
        title="With a function of samples before pooling, no mode can be ignored",
        sources=(_ANSWER,),
        statement="A nonlinearity before pooling rearranges the frequencies of the input, so that there is no "
        "equivalent low-pass.",
        verdict="conditional",
        hypotheses="The function is continuous and not affine.",
        corrected="Every mode of the input can change even the mean of the output. An affine function does not mix "
        "frequencies: see truncation-commutes-affine.",
        proof=r"For $c + t \cos(2\pi kn/N)$ the mean of $a x^2 + b x$ is $a c^2 + b c + a t^2/2$ (at Nyquist $a "
        "t^2$), for every k. For other functions see the page of proofs.",
        proof_page="proofs#lemma-a-truncation-commutes-with-a-pointwise-function-only-if-it-is-affine",
        checks=(
            Identity(
                name="what a mode adds to the mean of a quadratic",
                closed=mean_of_quadratic,
                independent=mean_of_quadratic_by_sum,
                points=tuple(
                    {"N": N, "k": k, "a": "1.5", "b": "-0.7"}
                    for N, k in ((2, 1), (8, 1), (8, 3), (8, 4), (9, 4), (9, 2))
                ),
                random={"N": Range(8, 15), "k": Range(1, 3), "a": Range("-3", "3"), "b": Range("-3", "3")},
            ),
            Contradiction(
                name="five functions, every mode: the mean with the mode and without",
                claimed=mean_without_mode,
                actual=mean_with_mode,
                points=_MODES,
            ),
        ),
    ),
    Claim(
        id="truncation-commutes-affine",
        title="A truncation commutes with affine functions of the samples only",
        statement=r"Let P be a truncation that keeps the mean and discards some mode, and $\sigma$ continuous. Then "
        r"$P\sigma(x) = P\sigma(Px)$ for all real signals x if and only if $\sigma$ is affine; the same is true of "
        r"$P\sigma(x) = \sigma(Px)$.",
        verdict="holds",
        proof=r"Take $x = c + t v$ with v a discarded mode: the mean of $\sigma(c + t v_n)$ over n must be "
        r"$\sigma(c)$ for all c and t. For a smooth $\sigma$ the term in $t^2$ is $\sigma''(c)$ times the power of v, "
        r"hence $\sigma'' = 0$; a continuous one is the limit of smooth ones with the same property. See the page of "
        "proofs.",
        proof_page="proofs#lemma-a-truncation-commutes-with-a-pointwise-function-only-if-it-is-affine",
        checks=(
            Identity(
                name="affine functions",
                closed=affine_of_truncated,
                independent=truncated_affine,
                points=tuple({**_AFFINE, "N": N, "K": K, "seed": 1} for N, K in ((9, 3), (8, 2), (3, 0), (2, 0))),
                random={"N": Range(7, 10), "K": Range(0, 3), "seed": Range(0, 99), "a": Range("-2", "2")}
                | {"b": Range("-2", "2")},
            ),
            Contradiction(
                name="square, ReLU, tanh, exp, sigmoid",
                claimed=truncated_function_of_truncated,
                actual=truncated_function,
                points=tuple(
                    {"N": N, "K": K, "function": f} for N, K in ((9, 3), (8, 2), (7, 0)) for f in range(len(FUNCTIONS))
                ),
            ),
        ),
    ),
    Claim(
        id="affine-activations-collapse",
        title="With affine activations the whole network is one affine map",
        sources=(Source("ko2017", "Section 3.4", "", "none"), Source("dsp76875", "Answer by Royi", "", "none")),
        statement="Activations are approximated by linear functions, which can be applied to spectra; the layers "
        "remain a network.",
        verdict="conditional",
        hypotheses="The coefficients of the linear functions depend on the input.",
        corrected="If they do not, all layers together are one affine map, and a single layer can represent it.",
        proof="Products of affine maps are affine: each bin is multiplied by the product of the filters and slopes, "
        "and the offsets add up in the bin 0.",
        proof_page="proofs#lemma-a-truncation-commutes-with-a-pointwise-function-only-if-it-is-affine",
        checks=(
            Identity(
                name="two layers as one product of filters and one offset",
                closed=one_affine_map,
                independent=by_affine_layers,
                points=tuple({**_AFFINE, "N": N, "K": K, "seed": 1} for N, K in ((9, 3), (8, 3), (8, 2), (5, 0))),
                random={"N": Range(7, 9), "K": Range(0, 3), "seed": Range(0, 99), "a": Range("-2", "2")}
                | {"b": Range("-2", "2")},
            ),
            Bound(
                name="a network of freqnet with linearised activations, by its audit",
                loose="the audit subtracts an allowance for rounding errors, so that an affine network usually has "
                "exactly 0",
                quantity=residual_by_audit,
                high="1e-12",
                not_enclosed=DOUBLE,
            ),
            Contradiction(
                name="with tanh, the middle of two inputs does not give the middle of the outputs",
                claimed=mean_of_both,
                actual=middle,
                points=({"N": 9, "K": 3}, {"N": 8, "K": 2}),
            ),
        ),
    ),
)


# == the modulus of a signal =========================================================================================
# -- two tones -----------------------------------------------------------------------------------------
def difference_tone(m: Arithmetic, n: int, q: Number) -> Number:
    """Return mode n of |1 + q e^{i theta}|: binom(1/2, n) q^n 2F1(-1/2, n - 1/2; n + 1; q^2)."""
    binomial = m.number(prod((Fraction(1, 2) - j) / (j + 1) for j in range(n)))
    half = m.number("0.5")
    return binomial * q**n * m.hyp2f1(-half, n - half, m.number(n + 1), q * q)


def difference_tone_by_quadrature(m: Arithmetic, n: int, q: Number) -> Number:
    modulus = lambda t: m.sqrt(1 + q * q + 2 * q * m.cos(t))
    # Its branch points come near pi as q nears 1.
    points = (m.pi * m.number(p) for p in ("0", "1/2", "3/4", "7/8", "15/16", "1"))
    return m.integral(lambda t: modulus(t) * m.cos(n * t), *points) / m.pi


def equal_tones(m: Arithmetic, n: int) -> Number:
    """Return mode n of |1 + e^{i theta}| = 2 |cos(theta/2)|."""
    return -4 * m.number((-1) ** n) / (m.pi * (4 * n * n - 1))


def equal_tones_by_quadrature(m: Arithmetic, n: int) -> Number:
    return m.integral(lambda t: 2 * m.cos(t / 2) * m.cos(n * t), *m.panels(0, 3), m.pi) / m.pi


def share_at_dc(m: Arithmetic, q: Number) -> Number:
    """Return the share of the power of the modulus of two tones that lies at DC."""
    return difference_tone_by_quadrature(m, 0, q) ** 2 / (1 + q * q)


def share_from(m: Arithmetic, mode: int) -> Number:
    """Return the share of power of the modulus of two neighbouring equal tones at this mode or above."""
    below = [equal_tones_by_quadrature(m, n) ** 2 for n in range(mode)]
    return 1 - (below[0] + 2 * sum(below[1:])) / 2


def noise_at_dc(m: Arithmetic) -> Number:
    """Return the share of power at DC of the modulus of complex Gaussian noise: pi/4."""
    return m.pi / 4


def noise_at_dc_by_quadrature(m: Arithmetic) -> Number:
    """Return the squared mean over the mean square, which is 2, of the modulus: its density is r e^{-r^2/2}."""
    mean = m.half_line(lambda r: r * r * m.exp(-r * r / 2), lambda R: 2 * R, rate=0.5, power=2, width=1)
    return mean**2 / 2


# -- a real tone -----------------------------------------------------------------------------------------
def real_tone(m: Arithmetic, n: int) -> Number:
    """Return mode 2n of |cos t|."""
    return -2 * m.number((-1) ** n) / (m.pi * (4 * n * n - 1))


def real_tone_by_quadrature(m: Arithmetic, n: int) -> Number:
    before = m.integral(lambda t: m.cos(t) * m.cos(2 * n * t), *m.panels(0, 1), m.pi / 2)
    after = m.integral(lambda t: -m.cos(t) * m.cos(2 * n * t), m.pi / 2, *m.panels(2, 3), m.pi)
    return (before + after) / m.pi


def share_above(m: Arithmetic, harmonics: int) -> Number:
    """Return the share of power of |cos t| at modes 2 to twice this many, all above the tone."""
    return 4 * sum(real_tone_by_quadrature(m, n) ** 2 for n in range(1, harmonics + 1))


def positive_tone(m: Arithmetic, q: Number) -> list[Number]:
    """Return modes 0 and 1 of 1 + q cos t."""
    return [m.number(1), q / 2]


def modulus_of_positive_tone(m: Arithmetic, q: Number) -> list[Number]:
    modulus = lambda t: m.sqrt((1 + q * m.cos(t)) ** 2)
    whole = lambda f: m.integral(f, *m.panels(0, 3), m.pi) / m.pi
    return [whole(modulus), whole(lambda t: modulus(t) * m.cos(t))]


CLAIMS += (
    Claim(
        id="modulus-lowers-frequencies",
        title="The complex modulus shifts all frequencies to lower ones",
        sources=(_ANSWER,),
        statement="In wavelet scattering the complex modulus globally shifts all frequencies to lower.",
        verdict="conditional",
        hypotheses="The band is narrower than its lowest frequency, as after a wavelet, and the multiples of the "
        "differences of frequencies are neglected.",
        corrected="Of two equal tones 8 and 9, less than a ten-thousandth of the power remains at mode 8 or above. "
        "The statement does not hold for all signals. The modulus moves the power to the differences of frequencies, "
        r"the modes of $|1 + q e^{i\theta}|$ for two tones, and most of it to DC: 81 % ($8/\pi^2$) or more for two "
        r"tones, 78.5 % ($\pi/4$) for Gaussian noise. The differences and their multiples may be higher than the "
        r"original frequencies. Of two equal tones 1 and 3, 0.7 % of the power moves to the modes $\pm 4$. Of a faint "
        r"tone 1 beside a strong tone 8, no power remains at 1 and half of it moves up to the modes $\pm 7$.",
        proof=r"$|1 + z| = (1 + z)^{1/2} (1 + \bar z)^{1/2}$ with $z = q e^{i\theta}$: multiply the binomial series "
        r"and collect the powers of $e^{i\theta}$. At $q = 1$ it is $2|\cos(\theta/2)|$. The share at DC is the "
        r"squared mean of $(1 + s \cos\theta)^{1/2}$, $s = 2q/(1 + q^2)$, which falls with s, by concavity, to "
        r"$8/\pi^2$ at 1.",
        checks=(
            Identity(
                name="the modes of the modulus of two tones",
                closed=difference_tone,
                independent=difference_tone_by_quadrature,
                points=({"n": 0, "q": "0.5"}, {"n": 1, "q": "0.5"}, {"n": 2, "q": "0.8"}, {"n": 5, "q": "0.1"}),
                random={"n": Range(0, 4), "q": Range("0.05", "0.8")},
                draws=2,
            ),
            Identity(
                name="of two equal tones",
                closed=equal_tones,
                independent=equal_tones_by_quadrature,
                points=tuple({"n": n} for n in range(5)),
                random={"n": Range(5, 20)},
                draws=1,
            ),
            Bound(
                name="the share of power at DC",
                quantity=share_at_dc,
                low=lambda m, q: 8 / m.pi**2,
                high="1",
                points=tuple({"q": q} for q in ("0.01", "0.5", "0.8")),
            ),
            Identity(
                name="the same for complex Gaussian noise",
                closed=noise_at_dc,
                independent=noise_at_dc_by_quadrature,
            ),
            Bound(
                name="two equal tones 8 and 9: the share of power at mode 8 or above",
                quantity=share_from,
                low="7.9e-5",
                high="8e-5",
                points=({"mode": 8},),
            ),
            Contradiction(
                name="two equal tones 1 and 3: no power at mode 4",
                claimed=lambda m: [m.number(2), m.number(0)],
                actual=lambda m: [m.number(2), 2 * equal_tones_by_quadrature(m, 2) ** 2],
            ),
            Contradiction(
                name="a tone 1 of strength q beside a tone 8: no power at mode 7",
                claimed=lambda m, q: [q * q, m.number(0)],
                actual=lambda m, q: [q * q, 2 * difference_tone_by_quadrature(m, 1, q) ** 2],
                points=({"q": "0.1"}, {"q": "0.5"}),
                gap="0.4",
            ),
        ),
    ),
    Claim(
        id="modulus-of-real-signals",
        title="The modulus of a real signal raises frequencies as well",
        statement=r"The modulus of $\cos t$ has 81 % of its power at DC and 19 % at the modes $\pm 2, \pm 4, \ldots$, "
        "above the tone, and none at the tone itself. The modulus of a positive signal is the signal, so no power "
        "moves.",
        verdict="holds",
        proof=r"$|\cos t|$ has period $\pi$; its mode 2n is $2 (-1)^{n+1}/(\pi (4n^2 - 1))$, and its power is 1/2.",
        checks=(
            Identity(
                name="the modes of |cos t|",
                closed=real_tone,
                independent=real_tone_by_quadrature,
                points=tuple({"n": n} for n in range(5)),
            ),
            Bound(
                name="power above the tone: 1 - 8/pi² in all",
                quantity=share_above,
                low="0.189",
                high=lambda m, harmonics: 1 - 8 / m.pi**2,
                points=({"harmonics": 5}, {"harmonics": 8}),
            ),
            Identity(
                name="a positive tone keeps its modes",
                closed=positive_tone,
                independent=modulus_of_positive_tone,
                points=({"q": "0.5"}, {"q": "0.9"}),
            ),
        ),
    ),
)


# == an experiment, as written and as meant ==========================================================================
SIGNALS = ((3, 1, 2, 1, 4, 1, 2, 1, 3), (1, 3, 1, 2, 1, 2, 1, 3, 1))
FILTERS = (
    ("0", "0.25", "0.5", "0.75", "1", "0.75", "0.5", "0.25", "0"),
    ("1", "0.75", "0.5", "0.25", "0", "0.25", "0.5", "0.75", "1"),
)
WRITTEN, MEANT = 0, 1  # the filter that the second signal meets in the second stage


# -- the code, line by line ------------------------------------------------------------------------------
def spectral_pooling(m: Arithmetic, v: list[Number], radius: int) -> list[Number]:
    centre = (len(v) + 1) // 2 - 1
    out = [m.number(0)] * len(v)
    out[centre - radius : centre + radius + 1] = v[centre - radius : centre + radius + 1]
    return out


def statistics(m: Arithmetic, v: list[Number]) -> tuple[Number, Number]:
    mean = sum(v) / len(v)
    return mean, m.sqrt(sum((z - mean) ** 2 for z in v) / (len(v) - 1))


def fixed(m: Arithmetic, v: list[Number]) -> tuple[Number, Number]:
    """Return a fixed mean and deviation, which the original code does not have."""
    return m.number("0.8"), m.number("0.7")


def stages(
    m: Arithmetic, v: list[Number], filters: tuple[int, int], standard: Callable[..., Any] = statistics
) -> list[Number]:
    for number, radius in zip(filters, (3, 2), strict=True):
        v = [z * m.number(f) for z, f in zip(v, FILTERS[number], strict=True)]
        mean, deviation = standard(m, v)
        v = spectral_pooling(m, [1 / (1 + m.exp(-(z - mean) / deviation)) for z in v], radius)
    return v


def as_coded(m: Arithmetic, signal: int, last: int) -> list[Number]:
    """Return the output for the first or the second signal; the first one always meets both filters."""
    return stages(m, [m.number(x) for x in SIGNALS[signal]], (0, last if signal == 1 else 1))


def ratio(m: Arithmetic, signal: int, last: int) -> list[Number]:
    return [y / x for y, x in zip(as_coded(m, signal, last), SIGNALS[signal], strict=True)]


def after_low_pass(m: Arithmetic, signal: int, last: int, radius: int) -> list[Number]:
    low = spectral_pooling(m, [m.number(x) for x in SIGNALS[signal]], radius)
    return stages(m, low, (0, last if signal == 1 else 1))


def with_fixed_statistics(m: Arithmetic, signal: int, radius: int) -> list[Number]:
    """Return the output for a low-passed signal, with fixed mean and deviation and the filters as meant."""
    return stages(m, spectral_pooling(m, [m.number(x) for x in SIGNALS[signal]], radius), (0, 1), fixed)


def change_with_fixed_statistics(m: Arithmetic, signal: int, radius: int) -> Number:
    whole, low = (with_fixed_statistics(m, signal, r) for r in (4, radius))
    return sum(m.abs(a - b) for a, b in zip(whole, low, strict=True))


def fixed_ratio(m: Arithmetic, signal: int) -> list[Number]:
    return [y / x for y, x in zip(with_fixed_statistics(m, signal, 4), SIGNALS[signal], strict=True)]


def middle_ratio(m: Arithmetic, signal: int, last: int, value: Number) -> Number:
    return ratio(m, signal, last)[4] - value


# -- the same in closed form ------------------------------------------------------------------------------------
def coded_by_four_numbers(m: Arithmetic, signal: int, last: int) -> list[Number]:
    """Return bin k from input bin k alone and two pairs of mean and deviation, for |k| <= 2."""
    low = range(-2, 3)
    x = {k: SIGNALS[signal][k + 4] for k in range(-4, 5)}
    f = {k: m.number(FILTERS[0][k + 4]) for k in x}
    g = {k: m.number(FILTERS[1 if signal == 0 else last][k + 4]) for k in x}
    a, b = moments(m, [x[k] * f[k] for k in x])
    first = lambda k: m.number("0.5") + m.tanh((x[k] * f[k] - a) / (2 * b)) / 2
    # Two bins are zero after the first pooling, and they count in the statistics.
    c, d = moments(m, [*(g[k] * first(k) for k in range(-3, 4)), m.number(0), m.number(0)])
    second = {k: 1 / (1 + m.exp((c - g[k] * first(k)) / d)) for k in low}
    return [second.get(k, m.number(0)) for k in x]


def moments(m: Arithmetic, z: list[Number]) -> tuple[Number, Number]:
    """Return the mean and the deviation that divides by n - 1, from sums of powers."""
    mean = sum(z) / len(z)
    return mean, m.sqrt((sum(v * v for v in z) - len(z) * mean * mean) / (len(z) - 1))


_CASES = tuple({"signal": signal, "last": last} for signal in (0, 1) for last in (WRITTEN, MEANT))
_MIDDLE: tuple[dict[str, int | str], ...] = tuple(
    {"signal": signal, "last": last, "value": value}
    for signal, last, value in ((0, MEANT, "0.0597"), (1, WRITTEN, "0.7915"), (1, MEANT, "0.2392"))
)
_CODE = Source("dsp76875", "Answer by Royi", "", "seen")

CLAIMS += (
    Claim(
        id="debate-ratio-test",
        title="A low-pass of the input does not replace the network",
        sources=(_CODE,),
        statement="Two signals pass through two filters, each followed by a sigmoid of the standardised bins and by "
        "pooling, to the radii 3 and 2. The ratio of output to input differs between the signals; if a low-pass "
        "could replace the network, the ratio would be the same. Hence discarding the frequencies in the input is "
        "not equivalent.",
        verdict="conditional",
        hypotheses="Only the conclusion is claimed, and each stage standardises by the mean and deviation of all bins.",
        corrected="The conclusion is true, but not for the given reason. A low-pass at the last radius, 2, does "
        "change the output: through the standardisation the bins 3 enter four numbers, the means and deviations of "
        "the two stages. With fixed statistics the output would not change, and the ratios would still differ. "
        "Different ratios show only that the network is not linear and shift-invariant. The bins 4 have no effect, "
        "since the first filter is zero there.",
        proof="Given its mean and deviation, each stage is bin-local: see bin-statistics-leak. The question was "
        "whether the network needs the discarded bins, not whether it is linear.",
        proof_page="proofs#a-chain-of-bin-local-layers-is-one-low-pass",
        checks=(
            Contradiction(
                name="no one filter for both signals",
                claimed=lambda m: ratio(m, 0, MEANT),
                actual=lambda m: ratio(m, 1, MEANT),
                gap="0.1",
            ),
            Identity(
                name="the bins up to 2 and four numbers, against the code of the answer",
                closed=coded_by_four_numbers,
                independent=as_coded,
                points=_CASES,
            ),
            Contradiction(
                name="a low-pass at radius 2 changes the output",
                claimed=lambda m, signal, last: after_low_pass(m, signal, last, 2),
                actual=as_coded,
                points=_CASES,
            ),
            Bound(
                name="with fixed statistics it changes nothing",
                quantity=change_with_fixed_statistics,
                low="0",
                high="0",
                points=({"signal": 0, "radius": 2}, {"signal": 1, "radius": 2}),
                not_enclosed="equal to the last bit is more than balls can tell",
            ),
            Contradiction(
                name="and the ratios differ all the same",
                claimed=lambda m: fixed_ratio(m, 0),
                actual=lambda m: fixed_ratio(m, 1),
                gap="0.1",
            ),
        ),
    ),
    Claim(
        id="debate-as-written",
        title="The printed code passes both signals through both filters",
        sources=(_CODE,),
        statement="Both signals pass through filter 1 and then through filter 2, as the text beside the code says.",
        verdict="refuted",
        corrected="In its last stage the second signal passes through the first filter again. As written, the ratio "
        "of output to input at bin 0 is 0.0597 for the first signal and 0.7915 for the second; as meant it is 0.2392 "
        "for the second. The conclusion drawn from the experiment depends on neither number.",
        proof="The line reads vS2F2 = vS2F1 .* vF1. The deviation divides by n - 1, and it includes the bins that "
        "pooling set to zero.",
        checks=(
            Contradiction(
                name="the second signal, as meant and as written",
                claimed=lambda m: as_coded(m, 1, MEANT),
                actual=lambda m: as_coded(m, 1, WRITTEN),
                gap="0.1",
            ),
            Bound(
                name="the ratios at bin 0, to four digits",
                quantity=middle_ratio,
                low="-0.00005",
                high="0.00005",
                points=_MIDDLE,
            ),
        ),
    ),
)
