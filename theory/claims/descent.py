"""The speed at which gradient descent learns each mode, in one linear layer and in a product of several."""

from __future__ import annotations

from fractions import Fraction

from .. import signals
from ..arithmetic import Arithmetic, Number
from ..checks import Bound, Identity, Point, Range
from ..claim import Claim

# == one layer =======================================================================================================
Examples = list[list[Number]]


def examples(m: Arithmetic, N: int, count: int, seed: int) -> Examples:
    return [signals.noise(m, N, seed + at) for at in range(count)]


def learned(m: Arithmetic, N: int, count: int, steps: int, rate: Number, seed: int) -> list[Number]:
    """Return the response after some steps: the error of each mode is multiplied by 1 - rate times its mean power."""
    X = [signals.dft(m, x) for x in examples(m, N, count, seed)]
    start, target = (signals.dft(m, signals.noise(m, N, seed - at)) for at in (1, 2))
    power = [sum(m.abs(spectrum[k]) ** 2 for spectrum in X) / count for k in range(N)]
    return [t + (1 - rate * s) ** steps * (h - t) for s, h, t in zip(power, start, target, strict=True)]


def learned_by_samples(m: Arithmetic, N: int, count: int, steps: int, rate: Number, seed: int) -> list[Number]:
    """Descend on the taps for half the mean squared error of circular convolutions, and transform them."""
    inputs = examples(m, N, count, seed)
    taps, teacher = (signals.noise(m, N, seed - at) for at in (1, 2))
    for _ in range(steps):
        slope = [m.number(0)] * N
        for x in inputs:
            errors = [y - z for y, z in zip(signals.circular(x, taps), signals.circular(x, teacher), strict=True)]
            slope = [g + sum(errors[n] * x[n - j] for n in range(N)) for j, g in enumerate(slope)]
        taps = [h - rate * g / count for h, g in zip(taps, slope, strict=True)]
    return signals.dft(m, taps)


def engine_learned(m: Arithmetic, N: int, steps: int, rate: Number, seed: int) -> list[Number]:
    """Descend with freqnet's gradients, whose inner product is the mean over samples."""
    import numpy as np

    from freqnet import Fourier, Tensor, gradient, ops

    def array(at: int) -> np.ndarray:
        return np.array([float(z) for z in signals.noise(m, N, at)])

    x = ops.analysis(array(seed)[None, :, None], Fourier.on(N))
    # Centred taps: tap 0 is in the middle.
    taps, teacher = (np.roll(array(seed - at), N // 2).reshape(-1, 1, 1) for at in (1, 2))
    target = ops.convolve(x, ops.frequency_response(Tensor(teacher), x.space, "taps", N))
    for _ in range(steps):
        theta = Tensor(taps, requires_grad=True)
        error = ops.convolve(x, ops.frequency_response(theta, x.space, "taps", N)) - target
        [slope] = gradient(ops.inner_product(error, error), [theta])
        taps = taps - float(rate) * N / 2 * slope.data
    response = ops.frequency_response(Tensor(taps), x.space, "taps", N)
    return [m.number(complex(z)) for z in response.data.ravel()]


def learned_half(m: Arithmetic, N: int, steps: int, rate: Number, seed: int) -> list[Number]:
    """Return the modes from 0 up that freqnet keeps, of one example."""
    return learned(m, N, 1, steps, rate, seed)[: (N + 1) // 2]


def steps_of_mode(m: Arithmetic, k: int) -> Number:
    """Return the steps that divide the error of mode k by e: its power is 1/k^2, and mode 1 needs one step."""
    return -1 / m.log(1 - m.number(Fraction(1, k * k)))


def square(m: Arithmetic, k: int) -> Number:
    return m.number(k * k)


def square_less_one(m: Arithmetic, k: int) -> Number:
    return m.number(k * k - 1)


# == L layers: a product of L numbers per mode =======================================================================
# -- how long it takes --------------------------------------------------------------------------------------------
def time_between(m: Arithmetic, L: int, s: Number, t: Number, start: Number, end: Number) -> Number:
    """Return the time from start * t to end * t, for a mode of power s and target t > 0."""
    unit = s * m.power(t, m.number(Fraction(2 * L - 2, L)))
    return (_elapsed(m, L, end) - _elapsed(m, L, start)) / unit


def _elapsed(m: Arithmetic, L: int, part: Number) -> Number:
    if L == 1:
        return -m.log(1 - part)
    if L == 2:
        return m.log(part / (1 - part)) / 2
    # With x = v^L, dx/[L x^(2 - 2/L) (1 - x)] is v^(1 - L) dv + v dv/(1 - v^L), the latter in partial fractions.
    v = m.power(part, m.number(Fraction(1, L)))
    logarithms = sum(m.unit(2 * j, L) * m.log(1 - v * m.unit(-j, L)) for j in range(L))
    return v ** (2 - L) / (2 - L) - m.re(logarithms) / L


def time_by_quadrature(m: Arithmetic, L: int, s: Number, t: Number, start: Number, end: Number) -> Number:
    """Integrate over the logarithm of the product."""

    def integrand(x: Number) -> Number:
        w = m.exp(x)
        return m.exp(x * m.number(Fraction(2 - L, L))) / (L * s * (t - w))

    low, high = m.log(t * start), m.log(t * end)
    return m.integral(integrand, *(low + (high - low) * k / 3 for k in range(4)))


# -- the flow of the factors ---------------------------------------------------------------------------------
Series = list[Number]


def flow(m: Arithmetic, factors: list[Number], s: Number, t: Number, time: Number) -> list[Number]:
    """Return up to three factors after gradient flow on s |product - t|^2 / 2, by power series in time."""
    u: list[Series] = [[z] for z in factors]
    others: list[Series] = [[] for _ in u]
    mirrored: list[Series] = [[] for _ in u]
    error: Series = []
    for n in range(m.digits + m.guard):
        for j, product in enumerate(others):
            product.append(_coefficient(m, u[:j] + u[j + 1 :], n))
            mirrored[j].append(m.conj(product[n]))
        error.append(_coefficient(m, [u[0], others[0]], n) - (t if n == 0 else 0))
        for series, product in zip(u, mirrored, strict=True):
            series.append(-s * _coefficient(m, [error, product], n) / (n + 1))
    return [sum(c * time**n for n, c in enumerate(series)) for series in u]


def _coefficient(m: Arithmetic, factors: list[Series], n: int) -> Number:
    """Return a coefficient of the product of at most two power series."""
    if len(factors) < 2:
        return factors[0][n] if factors else m.number(int(n == 0))
    return sum(factors[0][k] * factors[1][n - k] for k in range(n + 1))


def started(m: Arithmetic, L: int, seed: int) -> list[Number]:
    """Return complex factors with moduli up to 1."""
    return [z / 3 for z in signals.complex_noise(m, L, seed)]


def kept(m: Arithmetic, L: int, s: Number, t: Number, q: Number, time: Number, seed: int) -> list[Number]:
    """Return the differences of the factors' powers at the start, and 1."""
    u = started(m, L, seed)
    return [*(m.abs(z) ** 2 - m.abs(u[0]) ** 2 for z in u[1:]), m.number(1)]


def seen_kept(m: Arithmetic, L: int, s: Number, t: Number, q: Number, time: Number, seed: int) -> list[Number]:
    """Return the same differences later, and 1 plus the sine of the angle between path and target, up to a factor."""
    before, target = started(m, L, seed), t + m.i * q
    u = flow(m, before, s, target, time)
    start, end = _product(m, before), _product(m, u)
    return [*(m.abs(z) ** 2 - m.abs(u[0]) ** 2 for z in u[1:]), 1 + m.im((end - start) / (target - start))]


def _product(m: Arithmetic, factors: list[Number]) -> Number:
    found = m.number(1)
    for z in factors:
        found = found * z
    return found


def learned_by_factors(m: Arithmetic, L: int, s: Number, t: Number, start: Number, time: Number) -> Number:
    """Return the product of one or two equal factors after some time."""
    if L == 1:
        return t + (start - t) * m.exp(-s * time)
    return t / (1 + (t / start - 1) * m.exp(-2 * s * t * time))


def seen_learned(m: Arithmetic, L: int, s: Number, t: Number, start: Number, time: Number) -> Number:
    """Let the factors flow from balanced values: of the same modulus, one of them negative if the product is."""
    size = m.sqrt(m.abs(start)) if L == 2 else m.abs(start)
    return _product(m, flow(m, [size, start / size] if L == 2 else [start], s, t, time))


_SERIES = "the power series of the flow is cut without a bound of its rest"
_DEPTHS: tuple[Point, ...] = tuple(
    {"L": L, "s": "0.7", "t": "1.3", "start": "0.01", "end": "0.9"} for L in (1, 2, 3, 6)
)

CLAIMS: tuple[Claim, ...] = (
    Claim(
        id="descent-per-mode",
        title="Gradient descent learns each mode of a filter at the rate of the input's power there",
        statement=r"Gradient descent with rate $\eta$ on half the squared error of a circular convolution, averaged "
        r"over the examples, multiplies the error of mode $k$ by $1 - \eta S_k$ per step, with $S_k$ the mean of "
        r"$|X_k|^2$. It converges if and only if $\eta < 2/S_k$ for every $k$ with $S_k > 0$. For powers $S_k = "
        r"S_1/k^2$ and $\eta = 1/S_1$, mode $k$ needs between $k^2 - 1$ and $k^2$ steps to divide its error by $e$.",
        verdict="holds",
        hypotheses="The filter has a free tap for each sample, and some filter gives the targets exactly.",
        proof=r"The gradient has the spectrum $\overline{X_k} (H_k - T_k) X_k$, averaged over the examples: modes "
        "do not mix. Steepest descent on taps and on modes is the same, since the transform is a multiple of a unitary "
        "one.",
        proof_page="further_proofs#speed-of-learning-per-mode",
        checks=(
            Identity(
                name="against descent on the taps",
                closed=learned,
                independent=learned_by_samples,
                given=(examples,),
                points=(
                    {"N": 1, "count": 1, "steps": 3, "rate": "0.3", "seed": 3},
                    {"N": 4, "count": 2, "steps": 3, "rate": "0.05", "seed": 3},
                    {"N": 5, "count": 1, "steps": 5, "rate": "0.5", "seed": 4},
                ),
                random={"N": Range(1, 6), "count": Range(1, 3), "steps": Range(1, 3), "rate": Range("0.01", "1")}
                | {"seed": Range(3, 99)},
                draws=2,
                screened=20,
            ),
            Bound(
                name="steps that divide the error of mode k by e",
                quantity=steps_of_mode,
                low=square_less_one,
                high=square,
                points=({"k": 2}, {"k": 10}, {"k": 100}),
            ),
            Identity(
                name="freqnet's gradients",
                closed=learned_half,
                independent=engine_learned,
                points=(
                    {"N": 5, "steps": 4, "rate": "0.05", "seed": 3},
                    {"N": 9, "steps": 2, "rate": "0.2", "seed": 5},
                ),
                engine=True,
            ),
        ),
    ),
    Claim(
        id="descent-in-depth",
        title="Depth speeds up modes with large targets: the rate is the power times a power of the target",
        statement=r"Let the response of a mode be a product of $L$ equal positive numbers, with target $t > 0$ and "
        r"input power $s$. Gradient flow takes the product from $\epsilon t$ to $xt$ in a time that depends on $L, "
        r"\epsilon, x$ only, divided by $s\,t^{2 - 2/L}$. For $L = 1$ the error decays as $e^{-s\tau}$, for $L = 2$ "
        r"the product is logistic, $t/[1 + (t/w_0 - 1) e^{-2st\tau}]$.",
        verdict="conditional",
        hypotheses=r"$0 < \epsilon < x < 1$, and the factors start equal.",
        corrected=r"A product that starts with the sign opposite to its target, from balanced factors with $L \geq 2$, "
        "tends to 0, where it stays; for $L = 1$ it is learned. With complex factors see descent-moves-straight.",
        proof=r"With $w = u^L$, $\dot u = -s(w - t)u^{L - 1}$ gives $\dot w = Ls\,w^{2 - 2/L}(t - w)$. Put $w = \theta "
        r"t$: the time is $\int_\epsilon^x d\theta/[L\theta^{2 - 2/L}(1 - \theta)]$, divided by $s\,t^{2 - 2/L}$. The "
        "logistic curve is that of Saxe, McClelland and Ganguli (2014).",
        proof_page="further_proofs#speed-of-learning-per-mode",
        checks=(
            Identity(
                name="the time, against quadrature",
                closed=time_between,
                independent=time_by_quadrature,
                points=_DEPTHS,
                random={"L": Range(1, 6), "s": Range("0.1", "5"), "t": Range("0.1", "5")}
                | {"start": Range("0.05", "0.4"), "end": Range("0.5", "0.95")},
                draws=1,
                screened=3,
            ),
            Identity(
                name="one factor and two equal ones, against their flow",
                closed=learned_by_factors,
                independent=seen_learned,
                points=(
                    {"L": 1, "s": "1.5", "t": "0.8", "start": "-0.2", "time": "0.05"},
                    {"L": 2, "s": "1.5", "t": "0.8", "start": "0.2", "time": "0.05"},
                ),
                outside_points=({"L": 2, "s": "1.5", "t": "0.8", "start": "-0.2", "time": "0.05"},),
                not_enclosed=_SERIES,
            ),
        ),
    ),
    Claim(
        id="descent-moves-straight",
        title="A product of complex factors moves straight to its target",
        statement="Let the response of a mode be a product $w$ of $L$ complex factors. Under gradient flow $w$ "
        "stays on the segment from its start to the target $t$, and the differences of the factors' squared moduli do "
        "not change.",
        verdict="holds",
        corrected=r"The speed along the segment is $s|w - t| \sum_l \prod_{j \neq l} |u_j|^2$. For $L \geq 2$ and "
        "balanced factors it vanishes at $w = 0$: if $w_0/t$ is negative, $w$ never passes 0.",
        proof=r"$\dot u_l = -s(w - t)\overline{\prod_{j \neq l} u_j}$, so $\dot w = -s(w - t)\sum_l \prod_{j \neq l} "
        r"|u_j|^2$, a real multiple of $t - w$. And $\frac{1}{2} \frac{d}{d\tau} |u_l|^2 = -s \Re[(w - "
        r"t)\overline{w}]$ is the same for all $l$.",
        proof_page="further_proofs#speed-of-learning-per-mode",
        checks=(
            Identity(
                name="two and three factors, against their flow",
                closed=kept,
                independent=seen_kept,
                given=(started,),
                points=(
                    {"L": 2, "s": "1", "t": "1", "q": "-0.5", "time": "0.05", "seed": 1},
                    {"L": 3, "s": "0.5", "t": "-0.4", "q": "0.9", "time": "0.05", "seed": 2},
                ),
                not_enclosed=_SERIES,
            ),
        ),
    ),
)
