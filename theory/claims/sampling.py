"""Networks on samples: which are the same on every grid, and by how much ReLU on a grid is wrong.

A signal of band K and period 1 has the modes -K .. K. V is the total variation over a period of the slope of
y = ReLU(x): the integral of |x''| where x > 0, and the slopes |x'| at the zeros of x, where y has kinks.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from fractions import Fraction
from functools import reduce
from itertools import pairwise

from ..arithmetic import Arithmetic, Number
from ..checks import Bound, Contradiction, Identity, Point, Range
from ..claim import Claim
from ..signals import Signal, linear, noise


# == networks of filters and polynomials =============================================================================
def two_sided(m: Arithmetic, K: int, seed: int) -> Signal:
    """Return the modes -K .. K of a random real signal."""
    v = noise(m, 2 * K + 1, seed)
    return [v[K + k] + v[K - k] + m.i * (v[K + k] - v[K - k]) for k in range(-K, K + 1)]


def middle(x: Sequence[Number], K: int) -> Signal:
    """Return the modes -K .. K of a list that is centred on mode 0."""
    at = len(x) // 2
    return list(x[at - K : at + K + 1])


def polynomial_of_modes(m: Arithmetic, X: Signal, c: Signal) -> Signal:
    """Return the modes in the band of the sum of c_j x^j, by linear convolutions."""
    K = len(X) // 2
    Y = [m.number(0)] * len(X)
    Y[K] = c[0]
    for j in range(1, len(c)):
        power = middle(reduce(linear, [X] * j), K)
        Y = [y + c[j] * v for y, v in zip(Y, power, strict=True)]
    return Y


def network_of_modes(m: Arithmetic, K: int, d: int, L: int, extra: int, seed: int) -> Signal:
    """Run L layers, a filter and a polynomial of degree d truncated to the band, on coefficients."""
    X = two_sided(m, K, seed)
    for layer in range(L):
        H, c = two_sided(m, K, seed + 10 + layer), noise(m, d + 1, seed + 20 + layer)
        X = polynomial_of_modes(m, [H[k] * v for k, v in enumerate(X)], c)
    return X


def network_on_samples(m: Arithmetic, K: int, d: int, L: int, extra: int, seed: int) -> Signal:
    """Sample the signal at (d + 1) K + extra places, and run the layers there, with two transforms in each."""
    M = (d + 1) * K + extra
    x = at_places(m, two_sided(m, K, seed), M)
    for layer in range(L):
        H, c = two_sided(m, K, seed + 10 + layer), noise(m, d + 1, seed + 20 + layer)
        u = at_places(m, [h * v for h, v in zip(H, modes_of(m, x, K), strict=True)], M)
        y = [sum(a * v**j for j, a in enumerate(c)) for v in u]
        x = at_places(m, modes_of(m, y, K), M)
    return modes_of(m, x, K)


def at_places(m: Arithmetic, X: Signal, M: int) -> Signal:
    """Return the samples at n / M of a signal, by its modes."""
    K = len(X) // 2
    return [sum(X[K + k] * m.unit(k * n, M) for k in range(-K, K + 1)) for n in range(M)]


def modes_of(m: Arithmetic, x: Signal, K: int) -> Signal:
    """Return the modes -K .. K of samples."""
    M = len(x)
    return [sum(v * m.unit(-k * n, M) for n, v in enumerate(x)) / M for k in range(-K, K + 1)]


def network_in_freqnet(m: Arithmetic, K: int, d: int, L: int, extra: int, seed: int) -> Signal:
    """Let freqnet analyse 2K + 1 + extra samples and run the same layers."""
    import numpy as np

    from freqnet import Fourier, Tensor, ops

    def half(X: Signal) -> np.ndarray:
        return np.array([complex(v) for v in X[K:]])[:, None, None]

    M = 2 * K + 1 + extra
    samples = np.array([float(m.re(v)) for v in at_places(m, two_sided(m, K, seed), M)])
    x = ops.analysis(samples.reshape(1, M, 1), Fourier.on(M, K))
    for layer in range(L):
        c = np.array([[float(a)] for a in noise(m, d + 1, seed + 20 + layer)])
        x = Tensor(half(two_sided(m, K, seed + 10 + layer)) * x.data, x.space)
        x = ops.polynomial(x, Tensor(c), exact=True)
    found = [complex(v) for v in x.data.ravel()]
    return [m.number(v) for v in [*(v.conjugate() for v in found[:0:-1]), *found]]


# -- a pointwise path beside the truncation --------------------------------------------------------------------------
def operator_of_modes(m: Arithmetic, K: int, L: int, extra: int, skip: int, seed: int) -> Signal:
    """Run L layers b (a v + R P v)^2 on coefficients, with all modes kept; a is left out if not skip."""
    X = two_sided(m, K, seed)
    for layer in range(L):
        H, (a, b) = two_sided(m, K, seed + 10 + layer), noise(m, 2, seed + 30 + layer)
        U = [H[k] * v for k, v in enumerate(middle(X, K))]
        if skip:
            side = [m.number(0)] * (len(X) // 2 - K)
            filtered = [*side, *U, *side]
            U = [a * v + filtered[k] for k, v in enumerate(X)]
        X = [b * v for v in reduce(linear, [U, U])]
    return middle(X, K)


def operator_on_samples(m: Arithmetic, K: int, L: int, extra: int, skip: int, seed: int) -> Signal:
    """Run the same layers on (2^L + 1) K + extra samples with the pointwise path, on 3K + extra without it."""
    M = (2**L + 1 if skip else 3) * K + extra
    x = at_places(m, two_sided(m, K, seed), M)
    for layer in range(L):
        H, (a, b) = two_sided(m, K, seed + 10 + layer), noise(m, 2, seed + 30 + layer)
        w = at_places(m, [h * v for h, v in zip(H, modes_of(m, x, K), strict=True)], M)
        x = [b * ((a * u if skip else 0) + v) ** 2 for u, v in zip(x, w, strict=True)]
    return modes_of(m, x, K)


# == ReLU on samples =================================================================================================
# -- of cos(2 pi t) - cos(theta): positive where |2 pi t| < theta ------------------------------------------------------
def relu_modes(m: Arithmetic, theta: Number) -> Signal:
    """Return the modes 0 and 1 of its ReLU."""
    zero = (m.sin(theta) - theta * m.cos(theta)) / m.pi
    return [zero, (theta - m.sin(theta) * m.cos(theta)) / (2 * m.pi)]


def relu_modes_by_quadrature(m: Arithmetic, theta: Number) -> Signal:
    def mode(k: int) -> Number:
        return m.integral(lambda u: (m.cos(u) - m.cos(theta)) * m.cos(k * u), m.number(0), theta) / m.pi

    return [mode(0), mode(1)]


def variation(m: Arithmetic, theta: Number) -> Number:
    """Return V for theta up to pi/2; from there on it is 8 pi."""
    return 8 * m.pi * m.sin(theta)


def variation_by_parts(m: Arithmetic, theta: Number) -> Number:
    """Add the kinks to the integral of |x''|."""
    return 2 * m.pi * (2 * m.sin(theta) + 2 * m.integral(lambda u: m.cos(u), m.number(0), theta))


def error_of_cosine(m: Arithmetic, theta: Number, M: int, q: int, phase: Number) -> Number:
    """Return the error of mode q on M samples, in units of V/(12 (M - 1)^2); the signal is shifted by a phase."""
    edge = m.cos(theta)
    found = m.number(0)
    for n in range(M):
        u = 2 * m.pi * (m.number(Fraction(n, M)) - phase)
        x = m.cos(u) - edge
        found += (x + m.abs(x)) / 2 * (m.cos(q * u) - m.i * m.sin(q * u)) / M
    return m.abs(found - relu_modes(m, theta)[q]) * 12 * (M - 1) ** 2 / variation(m, theta)


def error_beyond_half(m: Arithmetic, theta: Number, M: int, q: int, phase: Number) -> Number:
    """Return the same for theta above pi/2."""
    return error_of_cosine(m, theta, M, q, phase) * m.sin(theta)


# -- of products of sines, whose zeros are known -------------------------------------------------------------------
def zeros(m: Arithmetic, K: int, seed: int) -> Signal:
    """Return 2K different places in the period, in order."""
    generator = random.Random(f"zeros {K} {seed}")
    return [m.number(Fraction(3 * j + 1, 300)) for j in sorted(generator.sample(range(100), 2 * K))]


def modes_of_product(m: Arithmetic, places: Signal) -> Signal:
    """Return the modes of the product of 2 sin(pi (t - t_j))."""
    factors = []
    for t in places:
        turn = m.cos(m.pi * t) + m.i * m.sin(m.pi * t)
        factors.append([m.i * turn, -m.i / turn])
    return reduce(linear, factors)


def wave(m: Arithmetic, k: int, t: Number) -> Number:
    return m.cos(2 * m.pi * k * t) + m.i * m.sin(2 * m.pi * k * t)


def arcs(places: Signal) -> list[tuple[Number, Number]]:
    """Return the arcs between zeros where the product is positive: it is so at 0, in front of the first zero."""
    return [*zip(places[1::2], places[2::2], strict=False), (places[-1], places[0] + 1)]


def relu_mode_of_product(m: Arithmetic, places: Signal, q: int) -> Number:
    """Return a mode of ReLU of the product, integrated over the arcs."""
    X = modes_of_product(m, places)
    K, total = len(X) // 2, m.number(0)
    for start, end in arcs(places):
        for k in range(-K, K + 1):
            j = k - q
            rise = (wave(m, j, end) - wave(m, j, start)) / (2 * m.pi * m.i * j) if j else end - start
            total += X[K + k] * rise
    return total


def least_variation(m: Arithmetic, places: Signal) -> Number:
    """Return a lower bound of V: the changes of the slope between 12 places of each arc, and the kinks."""
    X = modes_of_product(m, places)
    K, total = len(X) // 2, m.number(0)
    for start, end in arcs(places):
        inside = [start + (end - start) * j / 12 for j in range(13)]
        slopes = [m.re(sum(2 * m.pi * m.i * k * X[K + k] * wave(m, k, t) for k in range(-K, K + 1))) for t in inside]
        total += m.abs(slopes[0]) + m.abs(slopes[-1])
        total += sum(m.abs(b - a) for a, b in pairwise(slopes))
    return total


def error_of_product(m: Arithmetic, K: int, extra: int, q: int, seed: int) -> Number:
    """Return the error of mode q modulo K + 1 on M = K + extra samples, in units of V/(12 (M - K)^2) at most."""
    places, M, mode = zeros(m, K, seed), K + extra, q % (K + 1)
    found = _sampled_mode(m, places, M, mode) - relu_mode_of_product(m, places, mode)
    return m.abs(found) * 12 * extra**2 / least_variation(m, places)


def error_of_mean(m: Arithmetic, K: int, M: int, seed: int) -> Number:
    """Return the error of mode 0 on M samples, in units of V/(16 M^2) at most."""
    places = zeros(m, K, seed)
    found = _sampled_mode(m, places, M, 0) - relu_mode_of_product(m, places, 0)
    return m.abs(found) * 16 * M**2 / least_variation(m, places)


def _sampled_mode(m: Arithmetic, places: Signal, M: int, q: int) -> Number:
    total = m.number(0)
    for n in range(M):
        x = m.number(1)
        for t in places:
            x *= 2 * m.sin(m.pi * (m.number(Fraction(n, M)) - t))
        total += (x + m.abs(x)) / 2 * m.unit(-q * n, M) / M
    return total


# -- how sharp ---------------------------------------------------------------------------------------------------
def two_kinks(m: Arithmetic, M: int, V: Number) -> Number:
    """Return the mean minus the mean of M samples, of kinks of V/2 up at 0 and down half a sample later."""
    return V / (16 * M**2)


def two_kinks_by_sums(m: Arithmetic, M: int, V: Number) -> Number:
    """Integrate the broken line, which rises from 0 for half a sample, and falls back to 0 for the rest."""
    width = 1 / m.number(2 * M)
    top = V / 2 * width * (1 - width)
    samples = [m.number(0), *(top * (1 - m.number(Fraction(n, M))) / (1 - width) for n in range(1, M))]
    return top / 2 - sum(samples) / M


def relu_of_cosine_at_kinks(m: Arithmetic, quarter: int) -> Number:
    """Return the mean of ReLU(cos(2 pi t)) over 4 quarter samples."""
    return 1 / m.tan(m.pi / (4 * quarter)) / (4 * quarter)


def relu_of_cosine_by_sum(m: Arithmetic, quarter: int) -> Number:
    M = 4 * quarter
    return sum((m.re(m.unit(n, M)) + m.abs(m.re(m.unit(n, M)))) / 2 for n in range(M)) / M


def relu_of_cosine_in_freqnet(m: Arithmetic, quarter: int) -> Number:
    import numpy as np

    from freqnet import Grid, ops

    M = 4 * quarter
    x = ops.analysis(np.cos(2 * np.pi * np.arange(M) / M).reshape(1, M, 1), Grid.on(M))
    return m.number(float(ops.mean(ops.relu(x)).data.ravel()[0]))


def share_of_kinks(m: Arithmetic, quarter: int) -> Number:
    """Return the error of that mean in units of V/(24 M^2), V = 8 pi."""
    return (1 / m.pi - relu_of_cosine_at_kinks(m, quarter)) * 24 * (4 * quarter) ** 2 / (8 * m.pi)


_NETWORKS: tuple[Point, ...] = tuple(
    {"K": K, "d": d, "L": L, "extra": extra, "seed": seed}
    for K, d, L, extra, seed in ((1, 2, 3, 1, 0), (3, 2, 2, 1, 1), (2, 3, 2, 1, 2), (2, 3, 1, 4, 3))
)
_OPERATORS: tuple[Point, ...] = tuple(
    {"K": K, "L": L, "extra": extra, "skip": skip, "seed": K + L}
    for K, L, extra, skip in ((1, 3, 1, 1), (2, 2, 1, 1), (2, 3, 1, 0), (3, 1, 2, 1))
)
_ALIASED: tuple[Point, ...] = tuple(
    {"K": K, "L": L, "extra": extra, "skip": skip, "seed": seed}
    for K, L, extra, skip, seed in (
        (1, 1, 0, 1, 0), (1, 2, 0, 1, 7), (2, 2, 0, 1, 7), (1, 3, -2, 1, 7), (2, 3, 0, 0, 0), (3, 2, 0, 0, 2),
    )
)  # fmt: skip

CLAIMS: tuple[Claim, ...] = (
    Claim(
        id="networks-commute-with-resampling",
        title="A network of filters and truncated polynomials of degree d is the same on all grids of more than "
        "(d + 1) K samples",
        statement="Let each layer filter a signal of band $K$ by a response that is a function of the mode number, "
        "apply a polynomial of degree $d$ at every place, and truncate the result to the band. On $M$ samples, with "
        "two transforms in each layer, the modes of the output do not depend on $M$.",
        verdict="conditional",
        hypotheses="$M > (d + 1)K$ at each polynomial.",
        corrected="On coefficients, where products of spectra are exact, $M > 2K$ samples of the input are enough.",
        proof="Each layer computes the modes up to $K$ of its polynomial exactly if and only if $M > (d + 1)K$, see "
        "alias-free-products; otherwise a mode of the product is added to another. By induction all layers have the "
        "same modes on every grid.",
        proof_page="networks#networks-on-samples",
        checks=(
            Identity(
                name="on samples, against coefficients",
                closed=network_of_modes,
                independent=network_on_samples,
                given=(two_sided,),
                points=_NETWORKS,
                random={
                    "K": Range(1, 3),
                    "d": Range(2, 3),
                    "L": Range(1, 3),
                    "extra": Range(1, 4),
                    "seed": Range(0, 99),
                },
                draws=1,
                screened=15,
                outside_points=tuple(
                    {"K": K, "d": d, "L": L, "extra": extra, "seed": seed}
                    for K, d, L, extra, seed in ((3, 2, 2, 0, 1), (2, 3, 2, -1, 2), (1, 2, 1, 0, 0), (3, 3, 1, 0, 5))
                ),
            ),
            Identity(
                name="in freqnet, from 2K + 1 samples on",
                closed=network_of_modes,
                independent=network_in_freqnet,
                given=(two_sided,),
                points=tuple({**point, "extra": extra} for point in _NETWORKS for extra in (0, 1, 4)),
                engine=True,
            ),
        ),
    ),
    Claim(
        id="relu-sampling-error",
        title="ReLU on M samples errs by at most V/(12 (M - K)^2) in each mode of the band",
        statement=r"Let $x$ have band $K$, $y = \mathrm{ReLU}(x)$, and $V$ the total variation of $y'$ over a period "
        r"of length 1: $V = \int_{x > 0} |x''|\,dt + \sum |x'|$ over the zeros of $x$. On $M > K$ samples every mode "
        r"$|q| \leq K$ of $y$ has an error of at most $V/(12(M - K)^2)$.",
        verdict="holds",
        corrected="Mode 0 has an error of at most $V/(16M^2)$ on any number of samples, which is the smallest constant "
        r"for all $y$ of this $V$. For ReLU of $\cos 2\pi t$, whose zeros are samples if $M$ is a multiple of 4, it is "
        r"$\frac{1}{\pi} - \frac{1}{M} \cot\frac{\pi}{M}$, near $V/(24M^2)$.",
        proof=r"Twice by parts, $|Y_k| \leq V/(2\pi k)^2$. The error is $\sum_{r \neq 0} Y_{q + rM}$, and $|q + rM| "
        r"\geq |r|(M - K)$, so it is at most $\frac{2V}{4\pi^2 (M - K)^2} \sum_{r \geq 1} r^{-2}$. At mode 0 the sum "
        r"is the mean of a Bernoulli polynomial over a measure of total 0.",
        proof_page="networks#networks-on-samples",
        checks=(
            Identity(
                name="modes of ReLU of a shifted cosine, against quadrature",
                closed=relu_modes,
                independent=relu_modes_by_quadrature,
                points=({"theta": "1"}, {"theta": "2.5"}),
            ),
            Identity(
                name="its V",
                closed=variation,
                independent=variation_by_parts,
                points=({"theta": "0.3"}, {"theta": "1.5"}),
            ),
            Bound(
                name="its errors, in units of the bound",
                loose="the kinks carry at most half of V: with zeros at samples a cosine has 0.47 of the bound at M = "
                "32, and tends to 1/2",
                quantity=error_of_cosine,
                high="1",
                # Kinks at samples have the largest errors.
                points=tuple({"theta": "1.5707963", "M": M, "q": q, "phase": "0"} for M in (2, 32) for q in (0, 1)),
                random={"theta": Range("0.05", "1.57"), "M": Range(2, 40), "q": Range(0, 1), "phase": Range("0", "1")},
                screened=60,
            ),
            Bound(
                name="where it is mostly positive",
                loose="the two kinks carry sin(theta)/2 of V, at most half; the largest error seen is 0.475 of the "
                "bound",
                quantity=error_beyond_half,
                high="1",
                random={"theta": Range("1.5708", "3.1"), "M": Range(2, 40), "q": Range(0, 1), "phase": Range("0", "1")},
                screened=60,
            ),
            Bound(
                name="errors of fields of up to 9 modes, in units of the bound",
                loose="the kinks carry at most half of V, so that even zeros at samples give about half of the bound; "
                "the random fields have at most 0.14",
                quantity=error_of_product,
                high="1",
                random={"K": Range(1, 4), "extra": Range(1, 30), "q": Range(0, 4), "seed": Range(0, 999)},
                draws=2,
                screened=15,
            ),
            Bound(
                name="errors of mode 0 in units of V/(16 M²)",
                loose="the bound is attained by two opposite kinks, see below; a cosine with its zeros at two samples "
                "has 8/π² = 0.81, the random fields at most 0.34",
                quantity=error_of_mean,
                high="1",
                random={"K": Range(1, 4), "M": Range(1, 30), "seed": Range(0, 999)},
                draws=2,
                screened=15,
            ),
            Identity(
                name="two kinks half a sample apart attain V/(16 M²)",
                closed=two_kinks,
                independent=two_kinks_by_sums,
                points=({"M": 1, "V": "1"}, {"M": 7, "V": "3"}),
                random={"M": Range(2, 20), "V": Range("1", "9")},
                draws=1,
                screened=20,
            ),
            Identity(
                name="the mean of ReLU of a cosine with its zeros at samples",
                closed=relu_of_cosine_at_kinks,
                independent=relu_of_cosine_by_sum,
                points=({"quarter": 1}, {"quarter": 5}),
            ),
            Bound(
                name="its error in units of V/(24 M²)",
                quantity=share_of_kinks,
                low="1",
                high="1.02",
                random={"quarter": Range(2, 10**4)},
                guard=20,
            ),
            Identity(
                name="that mean in freqnet, in its domain of samples",
                closed=relu_of_cosine_at_kinks,
                independent=relu_of_cosine_in_freqnet,
                points=({"quarter": 1}, {"quarter": 4}, {"quarter": 16}),
                engine=True,
            ),
        ),
    ),
    Claim(
        id="neural-operator-aliases",
        title="What a Fourier neural operator aliases: its pointwise path needs more than (2^L + 1) K samples",
        statement="A layer of a Fourier neural operator applies an activation at every sample to $av + RPv$, with a "
        "filter $R$ of the modes up to $K$ and a pointwise path $av$ that keeps all modes. If the activation is a "
        "square and the input has band $K$, the modes up to $K$ after $L$ layers are those of the exact operator for "
        "all inputs and filters if and only if $M > (2^L + 1)K$. Without the pointwise path $M > 3K$ is enough at any "
        "depth.",
        verdict="holds",
        corrected="With a polynomial of degree $d$ the numbers are $(d^L + 1)K$ and $(d + 1)K$. With ReLU no number of "
        "samples is enough; the errors decrease like $M^{-2}$, see relu-sampling-error.",
        proof="Sample by sample, squares and sums are exact. Only modes up to $K$ come from samples: those that "
        r"$R$ filters, and the output. After layer $l$ the signal has the band $2^l K$, so these modes are correct for "
        r"$M > 2^l K + K$. With $R = 0$ and all modes 1 they are not for $M \leq 2^L K + K$, see alias-free-products. "
        "Without the path each square has the band $2K$.",
        proof_page="networks#networks-on-samples",
        checks=(
            Identity(
                name="more samples than that",
                closed=operator_of_modes,
                independent=operator_on_samples,
                given=(two_sided,),
                points=_OPERATORS,
                random={
                    "K": Range(1, 2),
                    "L": Range(1, 3),
                    "extra": Range(1, 3),
                    "skip": Range(0, 1),
                    "seed": Range(0, 99),
                },
                draws=1,
                screened=10,
                outside_points=_ALIASED,
            ),
            Contradiction(
                name="3K + 1 samples, with the pointwise path",
                claimed=operator_on_samples,
                actual=operator_of_modes,
                points=(
                    {"K": 2, "L": 2, "extra": -3, "skip": 1, "seed": 1},
                    {"K": 1, "L": 3, "extra": -5, "skip": 1, "seed": 2},
                ),
                gap="0.01",
            ),
        ),
    ),
)
