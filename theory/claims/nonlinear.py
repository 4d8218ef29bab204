"""A function of samples and a truncation: which comes first, and when it does not matter."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction

from ..arithmetic import Arithmetic, Number
from ..checks import Bound, Contradiction, Identity, Range
from ..claim import Claim, Source
from ..signals import Signal, circular, dft, idft, modes, noise


def low_pass(m: Arithmetic, x: Signal, K: int) -> Signal:
    """Return the samples of a real signal without the modes beyond K."""
    X = dft(m, x)
    return [m.re(z) for z in idft(m, [X[i] if abs(k) <= K else 0 * X[i] for i, k in enumerate(modes(len(x)))])]


# -- pooling, then a function of samples -----------------------------------------------------------------
def pooled_first(m: Arithmetic, x: Signal, K: int, L: int) -> Signal:
    """Convolve, truncate to K, tanh of the samples, convolve, truncate to L."""
    h, g = noise(m, len(x), 77), noise(m, len(x), 78)
    y = [m.tanh(v) for v in low_pass(m, circular(x, h), K)]
    return low_pass(m, circular(y, g), L)


def pooled_first_of_noise(m: Arithmetic, N: int, K: int, L: int, seed: int) -> Signal:
    return pooled_first(m, noise(m, N, seed), K, L)


def from_low_modes(m: Arithmetic, N: int, K: int, L: int, seed: int) -> Signal:
    """Return the same from the modes |k| <= K of the input alone."""
    X, H, G = dft(m, noise(m, N, seed)), dft(m, noise(m, N, 77)), dft(m, noise(m, N, 78))
    samples = [sum(X[k] * H[k] * m.unit(k * n, N) for k in range(-K, K + 1)) / N for n in range(N)]
    Y = dft(m, [m.tanh(m.re(v)) for v in samples])
    return [sum(Y[k] * G[k] * m.unit(k * n, N) for k in range(-L, L + 1)) / N for n in range(N)]


def change_by_first_cut(m: Arithmetic, N: int, K: int, L: int, seed: int) -> Number:
    """Return what a low-pass of the input at the first cut-off changes."""
    x = noise(m, N, seed)
    whole, low = pooled_first(m, x, K, L), pooled_first(m, low_pass(m, x, K), K, L)
    return sum(m.abs(a - b) for a, b in zip(whole, low, strict=True))


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
    """Return what is left, pooled to the mean, of a function of a constant and mode k."""
    return sum(FUNCTIONS[function](m, v) for v in with_mode(m, N, k)) / N


def mean_without_mode(m: Arithmetic, N: int, k: int, function: int) -> Number:
    return FUNCTIONS[function](m, m.number("0.3"))


def mean_of_quadratic(m: Arithmetic, N: int, k: int, a: Number, b: Number) -> Number:
    """Return a c^2 + b c + a t^2/2 at c = 0.3 and t = 1, or t^2 instead at Nyquist: the last term is the mode's."""
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
    """Return a^2 G H X in the bins up to K, and in the bin 0 an offset as well."""
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
    """Return how far from affine an audit finds a network with linearised activations, relative to its logits."""
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

CLAIMS = (
    Claim(
        id="pooling-before-nonlinearity",
        title="A function of samples after pooling sees a low-passed input",
        sources=(_ANSWER,),
        statement="If activation follows pooling, the frequencies of the input are discarded directly at the first "
        "pooling.",
        verdict="holds",
        proof="Before the first pooling there are convolutions alone, which are bin-local: the truncation can be "
        "done first. It is an input low-pass at the first cut-off, not at the last: what the function makes of the "
        "modes between the two reaches the output.",
        checks=(
            Identity(
                name="from the modes up to the first cut-off alone, against the layers",
                closed=from_low_modes,
                independent=pooled_first_of_noise,
                points=_NETWORKS,
            ),
            Bound(
                name="a low-pass of the input at the first cut-off changes nothing",
                quantity=change_by_first_cut,
                high="1e-12",
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
        hypotheses="The function is continuous and not affine. Then every mode of the input can change even the mean "
        "of the output. An affine function rearranges nothing: see truncation-commutes-affine.",
        proof=r"For $c + t \cos(2\pi kn/N)$ the mean of $a x^2 + b x$ is $a c^2 + b c + a t^2/2$ (at Nyquist $a "
        "t^2$), whatever k is. For other functions see the page of proofs.",
        checks=(
            Identity(
                name="what a mode adds to the mean of a quadratic",
                closed=mean_of_quadratic,
                independent=mean_of_quadratic_by_sum,
                points=tuple(
                    {"N": N, "k": k, "a": "1.5", "b": "-0.7"}
                    for N, k in ((2, 1), (8, 1), (8, 3), (8, 4), (9, 4), (9, 2))
                ),
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
        r"$P\sigma(x) = P\sigma(Px)$ for all real signals x just when $\sigma$ is affine; so does $P\sigma(x) = "
        r"\sigma(Px)$.",
        verdict="holds",
        proof=r"Take $x = c + t v$ with v a discarded mode: the mean of $\sigma(c + t v_n)$ over n must be "
        r"$\sigma(c)$ for all c and t. For a smooth $\sigma$ the term in $t^2$ is $\sigma''(c)$ times the power of v, "
        r"so that $\sigma'' = 0$; a continuous one is the limit of smooth ones with the same property. See the page "
        "of proofs.",
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
        hypotheses="As a computation it is exact; but with coefficients that do not depend on the input, all layers "
        "together are one affine map, which a single layer can be trained to. Only a nonlinear function escapes this.",
        proof="Products of affine maps are affine: each bin is multiplied by the product of the filters and slopes, "
        "and the offsets add up in the bin 0.",
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
                quantity=residual_by_audit,
                high="1e-12",
                not_enclosed="the engine computes in double precision",
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
