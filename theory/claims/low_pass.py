"""Is truncating at every layer the same as low-passing the input? Layers that make each bin from the same bin."""

from __future__ import annotations

from ..arithmetic import Arithmetic, Number
from ..checks import Bound, Contradiction, Identity, Range
from ..claim import Claim, Source
from ..signals import Signal, dft, modes, noise


def cut_to(m: Arithmetic, X: Signal, K: int) -> Signal:
    """Truncate: zero every bin beyond K."""
    return [X[i] if abs(k) <= K else m.number(0) for i, k in enumerate(modes(len(X)))]


# -- a chain of layers -----------------------------------------------------------------------------------
def chain(m: Arithmetic, X: Signal, K: int, L: int) -> Signal:
    """Filter, tanh of both parts, truncate to K, filter, a function of the modulus, truncate to L."""
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
    """Return each bin up to L as a function of the same bin of the input; nothing else enters, nor does K."""
    X, H, G = dft(m, noise(m, N, seed)), dft(m, noise(m, N, 77)), dft(m, noise(m, N, 78))

    def through(k: int) -> Number:
        w = G[k] * (m.tanh(m.re(X[k] * H[k])) + m.i * m.tanh(m.im(X[k] * H[k])))
        return w / (1 + w * m.conj(w))

    return [through(k) if abs(k) <= L else m.number(0) for k in modes(N)]


def by_layers(m: Arithmetic, N: int, L: int, seed: int) -> Signal:
    return of_all_bins(m, N, (N + L) // 3, L, seed)


def difference(m: Arithmetic, N: int, K: int, L: int, seed: int) -> Number:
    """Return by how much the outputs of an input and of its low-pass at L differ, all bins added."""
    X = dft(m, noise(m, N, seed))
    whole, low = chain(m, X, K, L), chain(m, cut_to(m, X, L), K, L)
    return sum(m.abs(whole[k] - low[k]) for k in range(N))


def difference_by_audit(m: Arithmetic) -> Number:
    """Return what an audit of such a network measures, where the cut-off it finds is 2."""
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
    """Two layers: filter, standardise by mean and deviation over all bins, sigmoid, truncate."""
    N = len(X)
    for seed, radius in ((77, K), (78, L)):
        H = noise(m, N, seed)
        X = [X[k] * H[k] for k in range(N)]
        mean = sum(X) / N
        deviation = m.sqrt(sum((z - mean) ** 2 for z in X) / (N - 1))
        X = cut_to(m, [1 / (1 + m.exp((mean - z) / deviation)) for z in X], radius)
    return X


def standardised(m: Arithmetic, N: int, K: int, L: int, seed: int) -> Signal:
    """Apply it to real bins."""
    return standardised_chain(m, noise(m, N, seed), K, L)


def standardised_low_pass(m: Arithmetic, N: int, K: int, L: int, seed: int) -> Signal:
    return standardised_chain(m, cut_to(m, noise(m, N, seed), L), K, L)


def by_four_numbers(m: Arithmetic, N: int, K: int, L: int, seed: int) -> Signal:
    """Return the bins up to L from those of the input and two pairs of mean and deviation, which come from sums."""
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
    """Return the one bin left as a function of the mean of the samples."""
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

CLAIMS = (
    Claim(
        id="bin-local-low-pass",
        title="Truncations between bin-local layers are one low-pass of the input",
        sources=(_QUESTION, Source("dsp76875", "Answer by OverLordGoldDragon", "", "none")),
        statement="The frequencies that pooling layers discard do not contribute to the output: discarding all of "
        "them in the input, up to the last cut-off, is equivalent.",
        verdict="conditional",
        hypotheses="Every layer is bin-local: each output bin is a function, linear or not, of the same input bin, "
        "with statistics that are constant or taken from bins kept to the end. With a function of samples between "
        "them see pooling-before-nonlinearity and nonlinearity-before-pooling.",
        proof=r"A truncation P to $|k| \leq L$ commutes with filters and with functions of one bin, up to the values "
        r"it sets to zero, and $P P_K = P$ for $K \geq L$: move the last truncation to the front. See the page of "
        "proofs.",
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
                not_enclosed="equal to the last bit is more than balls can tell",
            ),
            Bound(
                name="and exactly 0 in a network of freqnet, by its audit",
                quantity=difference_by_audit,
                low="0",
                high="0",
                not_enclosed="the engine computes in double precision",
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
        title="Mean and deviation over all bins are all that leaks through",
        statement="Where each layer standardises by the mean and the deviation of all its bins, the bins beyond the "
        "last cut-off reach the output through these two numbers a layer, and through nothing else.",
        verdict="holds",
        proof="Given the two numbers, each layer is bin-local, and bin-local-low-pass applies.",
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
        title="Pooled down to one bin, a network knows the mean",
        sources=(Source("dsp76875", "Comments", "", "none"),),
        statement="If the last output is of size 1 x 1, the output relies on the DC of the input alone.",
        verdict="conditional",
        hypotheses="Every layer is bin-local. With one nonlinear function of the samples before the last pooling it "
        "is wrong: the mean of a square is the power of all modes.",
        proof="This is bin-local-low-pass with the last cut-off 0.",
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
