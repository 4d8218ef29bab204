"""The binary cross entropy, of samples and of spectra, and its exponential."""

from __future__ import annotations

from ..arithmetic import Arithmetic, Number
from ..checks import Bound, Contradiction, Identity, Point, Range
from ..claim import Claim, Source
from ..signals import Signal, dft, noise


# -- of one sample, y a label and z a logit --------------------------------------------------------------
def cross_entropy(m: Arithmetic, y: Number, z: Number) -> Number:
    p = 1 / (1 + m.exp(-z))
    return -(y * m.log(p) + (1 - y) * m.log(1 - p))


def cross_entropy_by_its_slope(m: Arithmetic, y: Number, z: Number) -> Number:
    """Integrate p - y from z = 0, where it is log 2 whatever the label."""
    climb = m.integral(lambda t: 1 / (1 + m.exp(-t)) - y, *(z * k / 8 for k in range(9)))
    return m.log(m.number(2)) + climb


# -- of signals: probabilities between 0.004 and 0.996 are made of noise -------------------------------------
def convolved_spectra(m: Arithmetic, N: int, seed: int) -> Signal:
    """Convolve the spectra of labels and of logarithms."""
    p, y = [(2 + v) / 4 for v in noise(m, N, seed)], [(2 + v) / 4 for v in noise(m, N, seed + 1)]
    P, Q = dft(m, [m.log(v) for v in p]), dft(m, [m.log(1 - v) for v in p])
    Y = dft(m, y)
    not_Y = [N * (k == 0) - Y[k] for k in range(N)]
    return [-sum(Y[j] * P[(k - j) % N] + not_Y[j] * Q[(k - j) % N] for j in range(N)) / N for k in range(N)]


def spectrum_of_losses(m: Arithmetic, N: int, seed: int) -> Signal:
    p, y = [(2 + v) / 4 for v in noise(m, N, seed)], [(2 + v) / 4 for v in noise(m, N, seed + 1)]
    return dft(m, [-y[n] * m.log(p[n]) - (1 - y[n]) * m.log(1 - p[n]) for n in range(N)])


def mean_by_parseval(m: Arithmetic, N: int, seed: int) -> Number:
    """Return the mean loss: bin 0 of the convolution needs each product of bins once."""
    p, Y = [(2 + v) / 4 for v in noise(m, N, seed)], dft(m, [(2 + v) / 4 for v in noise(m, N, seed + 1)])
    logits, rest = dft(m, [m.log(v) - m.log(1 - v) for v in p]), [m.log(1 - v) for v in p]
    return -sum(m.conj(Y[k]) * logits[k] for k in range(N)) / N**2 - sum(rest) / N


def mean_loss(m: Arithmetic, N: int, seed: int) -> Number:
    pairs = zip(noise(m, N, seed), noise(m, N, seed + 1), strict=True)
    return sum(-((2 + y) * m.log((2 + p) / 4) + (2 - y) * m.log((2 - p) / 4)) / 4 for p, y in pairs) / N


def logarithms_of_bins(m: Arithmetic, N: int, seed: int) -> Signal:
    return [m.log(P) for P in dft(m, [(2 + v) / 4 for v in noise(m, N, seed)])]


def spectrum_of_logarithms(m: Arithmetic, N: int, seed: int) -> Signal:
    return dft(m, [m.log((2 + v) / 4) for v in noise(m, N, seed)])


# -- the exponential of minus the loss ---------------------------------------------------------------------
def mixture(m: Arithmetic, y: Number, p: Number) -> Number:
    return y * p + (1 - y) * (1 - p)


def exponential(m: Arithmetic, y: Number, p: Number) -> Number:
    return m.exp(y * m.log(p) + (1 - y) * m.log(1 - p))


def excess(m: Arithmetic, y: Number, p: Number) -> Number:
    return mixture(m, y, p) - exponential(m, y, p)


def mixture_of_spectra(m: Arithmetic, N: int, labels: int, signals: int, seed: int) -> Signal:
    """Convolve the spectra of labels and probabilities, then those of several signals; labels are bits."""
    S = [m.number(N * (k == 0)) for k in range(N)]
    for i in range(signals):
        P = dft(m, [(2 + v) / 4 for v in noise(m, N, seed + i)])
        Y = dft(m, [labels >> (i * N + n) & 1 for n in range(N)])
        pairs = [(Y[k], N * (k == 0) - Y[k], P[k], N * (k == 0) - P[k]) for k in range(N)]
        Q = [sum(pairs[j][0] * pairs[k - j][2] + pairs[j][1] * pairs[k - j][3] for j in range(N)) / N for k in range(N)]
        S = [sum(S[j] * Q[k - j] for j in range(N)) / N for k in range(N)]
    return S


def spectrum_of_exponentials(m: Arithmetic, N: int, labels: int, signals: int, seed: int) -> Signal:
    losses = [m.number(0)] * N
    for i in range(signals):
        for n, v in enumerate(noise(m, N, seed + i)):
            losses[n] -= m.log((2 + v) / 4 if labels >> (i * N + n) & 1 else (2 - v) / 4)
    return dft(m, [m.exp(-loss) for loss in losses])


# -- as an objective, of a batch ---------------------------------------------------------------------------
def climbed(m: Arithmetic, y: int, z: Number, others: int) -> Number:
    """Integrate (y - p) q, which is (2y - 1) p (1 - p), over the logit of one sample, the others at chance."""

    def gradient(t: Number) -> Number:
        return (2 * y - 1) / (2 * m.cosh(t / 2)) ** 2

    return m.integral(gradient, *(z * k / 4 for k in range(-4, 9))) / 2**others


def difference_of_products(m: Arithmetic, y: int, z: Number, others: int) -> Number:
    """Return what the exponential of minus the summed loss gains from -z to 2z."""

    def product(t: Number) -> Number:
        return m.exp(-m.log(1 + m.exp((1 - 2 * y) * t)) - others * m.log(m.number(2)))

    return product(2 * z) - product(-z)


def gradient_at_chance_or_worse(m: Arithmetic, size: int, seed: int) -> Number:
    """Return the gradient's size for a batch whose samples get a probability of at most 1/2 for their label."""
    q = [(2 + v) / 8 for v in noise(m, size, seed)]
    return (1 - q[0]) * m.exp(sum(m.log(v) for v in q))


def power_of_two(m: Arithmetic, size: int, seed: int) -> Number:
    return 1 / m.number(2) ** size


def exponential_of_mean(m: Arithmetic, a: Number, b: Number) -> Number:
    return m.exp((m.log(a) + m.log(b)) / 2)


def mean_of_exponentials(m: Arithmetic, a: Number, b: Number) -> Number:
    return (a + b) / 2


def preferences(m: Arithmetic, a: Number, b: Number, c: Number, d: Number) -> Number:
    """Multiply by how much the mean probability is larger of (a, b) than of (c, d) how much its loss is larger."""
    return (a + b - c - d) / 2 * (m.log(c * d) - m.log(a * b)) / 2


_SIGNALS = tuple({"N": N, "seed": 3} for N in (1, 2, 5, 6, 8))
_HARD = ({"y": "1", "p": "0.7"}, {"y": "0", "p": "0.7"}, {"y": "1", "p": "1e-12"}, {"y": "0", "p": "0.999999"})
_LOGITS: tuple[Point, ...] = ({"y": 1, "z": "1", "others": 0}, {"y": 0, "z": "-3", "others": 3})
_SOFT = ({"y": "0.5", "p": "0.1"}, {"y": "0.9", "p": "0.9"}, {"y": "0.1", "p": "0.9"})
_BITS = tuple({"N": N, "labels": labels, "signals": signals, "seed": 4} for N, labels, signals in (
    (1, 1, 1), (5, 11, 1), (6, 45, 1), (5, 627, 2), (4, 2741, 3),
))  # fmt: skip

CLAIMS = (
    Claim(
        id="binary-cross-entropy",
        title="The binary cross entropy",
        sources=(Source("pan2021", "Section 3.5", "", "reconstructed"),),
        statement=r"$l = -(y \log p + (1 - y) \log(1 - p))$.",
        verdict="holds",
        hypotheses=r"With $p = \sigma(z)$ its derivative by the logit $z$ is $p - y$, and $l = \log 2$ at $z = 0$.",
        proof=r"$\log(\sigma(z)/(1 - \sigma(z))) = z$, so that $l = \log(1 + e^z) - yz$.",
        checks=(
            Identity(
                name="as the integral of p - y",
                closed=cross_entropy,
                independent=cross_entropy_by_its_slope,
                points=(
                    {"y": "1", "z": "-3"},
                    {"y": "0", "z": "0.01"},
                    {"y": "0.3", "z": "12"},
                    {"y": "1", "z": "-25"},
                ),
                random={"y": Range("0", "1"), "z": Range("-9", "9")},
                guard=10,
            ),
        ),
    ),
    Claim(
        id="cross-entropy-spectra",
        title="The cross entropy as a convolution of spectra",
        sources=(Source("pan2021", "Section 3.5", "26-28", "reconstructed"),),
        statement=r"The transform of $l$ is minus the convolution of those of $y$ and $\log p$, minus that of $1 - y$ "
        r"and $\log(1 - p)$.",
        verdict="conditional",
        hypotheses="Labels and probabilities are signals, one value a sample; on $N$ bins the convolution is "
        r"circular and divided by $N$ (on the line, by $2\pi$). The spectrum of $\log p$ is that of the logarithm: it "
        "is not the logarithm of the bins of $p$, so that $p$ must be known in space. The mean loss is bin 0 over "
        "$N$; by Parseval it takes $N$ products, the whole convolution $N^2$.",
        proof="The product theorem, the convolution theorem the other way round. The logarithm is taken value by "
        "value; the transform mixes all values.",
        checks=(
            Identity(name="all bins", closed=convolved_spectra, independent=spectrum_of_losses, points=_SIGNALS),
            Identity(name="the mean", closed=mean_by_parseval, independent=mean_loss, points=_SIGNALS),
            Contradiction(
                name="logarithms of bins",
                claimed=logarithms_of_bins,
                actual=spectrum_of_logarithms,
                points=tuple({"N": N, "seed": 5} for N in (3, 5, 7)),
            ),
        ),
    ),
    Claim(
        id="cross-entropy-exponential",
        title="The exponential of the cross entropy needs no logarithm",
        sources=(Source("pan2021", "Section 3.5", "29-32", "reconstructed"),),
        statement="$e^{-l} = p^y (1 - p)^{1 - y} = yp + (1 - y)(1 - p)$, whose transform is a sum of two "
        "convolutions of the spectra of labels and probabilities.",
        verdict="conditional",
        hypotheses=r"Hard labels, $y = 0$ or $1$. For others $p^y (1 - p)^{1 - y}$ is smaller than "
        r"$yp + (1 - y)(1 - p)$ unless $p = 1/2$. The convolutions are circular and divided by $N$.",
        proof="Both sides are $p$ at $y = 1$ and $1 - p$ at $y = 0$. Between, they are the geometric and the "
        "arithmetic mean of $p$ and $1 - p$ with the weights $y$ and $1 - y$.",
        checks=(
            Identity(name="hard labels", closed=mixture, independent=exponential, points=_HARD),
            Identity(
                name="its spectrum, of one or more signals",
                closed=mixture_of_spectra,
                independent=spectrum_of_exponentials,
                points=_BITS,
            ),
            Contradiction(name="soft labels", claimed=mixture, actual=exponential, points=_SOFT),
            Bound(name="too large for soft labels", quantity=excess, low="0.01", points=_SOFT),
        ),
    ),
    Claim(
        id="cross-entropy-exponential-objective",
        title="The exponential of minus the cross entropy as an objective",
        sources=(Source("pan2021", "Section 3.5", "31-32", "reconstructed"),),
        statement="The exponential form is another form of the loss in the frequency domain.",
        verdict="conditional",
        hypotheses="For one sample, or the product over a batch: $e^{-l}$ falls as $l$ rises, so that maximising it "
        "minimises $l$. Not its mean over a batch. Training with it is hard: a batch has the sum of losses, and "
        r"$e^{-\sum l} = \prod q_n$ with $q_n$ the probability of the right label: not a sum. For $J$ signals its "
        "spectrum is a convolution of $J$ spectra, at $(J - 1) N^2$ products. Its gradient by a logit is $(y_n - p_n) "
        r"\prod q$, at most $2^{-J}$ while no $q$ exceeds 1/2. The mean of $q_n$ is linear, but it is another loss: it "
        "prefers $q = (0.9, 0.01)$ to $(0.4, 0.4)$, and its gradient $q(1 - q)$ vanishes where the answer is surely "
        "wrong, where that of $l$ is 1.",
        proof=r"$dq/dz = \pm q(1 - q)$, so that $d \log q/dz = y - p$. The arithmetic mean of $q$ is not a function of "
        "the geometric one, which is the exponential of minus the mean loss.",
        checks=(
            Identity(
                name="the gradient of the product",
                closed=climbed,
                independent=difference_of_products,
                points=_LOGITS,
            ),
            Bound(
                name="its size at chance or worse",
                quantity=gradient_at_chance_or_worse,
                low="0",
                high=power_of_two,
                points=({"size": 1, "seed": 6}, {"size": 10, "seed": 6}, {"size": 100, "seed": 6}),
            ),
            Contradiction(
                name="the mean of the exponentials",
                claimed=mean_of_exponentials,
                actual=exponential_of_mean,
                points=({"a": "0.9", "b": "0.01"}, {"a": "0.4", "b": "0.3"}),
            ),
            Bound(
                name="it prefers the larger loss",
                quantity=preferences,
                low="0.07",
                points=({"a": "0.9", "b": "0.01", "c": "0.4", "d": "0.4"},),
            ),
        ),
    ),
)
