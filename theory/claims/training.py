"""Training: gradients through spectra, gradient descent, and the binary cross entropy."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from ..arithmetic import Arithmetic, Number
from ..checks import Bound, Contradiction, Identity, Point, Range, flat
from ..claim import Claim, Source
from ..signals import Map, Signal, circular, complex_noise, dft, dft2, idft, idft2, modes, noise, noise2
from .convolution import product_of_spectra
from .pooling import dirichlet, slope_of_sinc


# == gradients; the losses are polynomials, whose derivatives a difference of five points gives exactly ==============
def _slopes(loss: Callable[[Signal], Number], x: Sequence[Number]) -> Signal:
    """Return the derivatives of a polynomial of degree at most 4 with respect to each argument, exactly."""

    def at(n: int, step: int) -> Number:
        return loss([*x[:n], x[n] + step, *x[n + 1 :]])

    return [(8 * (at(n, 1) - at(n, -1)) - (at(n, 2) - at(n, -2))) / 12 for n in range(len(x))]


# -- on the line: f = e^{-ax} and g = e^{-bx}, both for x > 0; a, b >= 2 -----------------------------------------
def gradient_spectrum(m: Arithmetic, a: Number, b: Number, w: Number) -> Number:
    """Return C conj(G) for the loss L = integral of c(t) (f * g)(t), with c = e^{-at} and this g."""
    return 1 / (a + m.i * w) * (1 / (b - m.i * w))


def change_of_loss(m: Arithmetic, a: Number, b: Number, w: Number) -> Number:
    """Return the change of L when the wave e^{-iwx} is added to f, which defines the transform of the gradient."""
    through_g = m.half_line(lambda x: m.exp(-b * x + m.i * w * x), rate=2, width=6)
    return through_g * m.half_line(lambda t: m.exp(-a * t - m.i * w * t), rate=2, width=6)


# -- a convolution, a loss that is the sum of a power of its output ----------------------------------------
def conj_products(m: Arithmetic, N: int, power: int, seed: int) -> Map:
    """Return the spectra of the gradients by both signals."""
    X, H = dft(m, noise(m, N, seed)), dft(m, noise(m, N, seed + 1))
    G = dft(m, [power * y ** (power - 1) for y in idft(m, [X[k] * H[k] for k in range(N)])])
    return [[m.conj(S[k]) * G[k] for k in range(N)] for S in (H, X)]


def iw_products(m: Arithmetic, N: int, power: int, seed: int) -> Map:
    """Return the spectra that the rule for the derivative of a convolution gives."""
    x, h = noise(m, N, seed), noise(m, N, seed + 1)
    G = dft(m, [power * y ** (power - 1) for y in circular(x, h)])
    iw = [2 * m.pi * m.i * k / N for k in modes(N)]
    return [[iw[k] * S[k] * G[k] for k in range(N)] for S in (dft(m, h), dft(m, x))]


def spectra_of_slopes(m: Arithmetic, N: int, power: int, seed: int) -> Map:
    x, h = noise(m, N, seed), noise(m, N, seed + 1)
    by_x = _slopes(lambda v: sum(y**power for y in circular(v, h)), x)
    return [dft(m, by_x), dft(m, _slopes(lambda v: sum(y**power for y in circular(x, v)), h))]


# -- average pooling, a loss that is the sum of its cubes --------------------------------------------------
def unfolded(m: Arithmetic, N: int, window: int, stride: int, seed: int) -> Signal:
    """Repeat the spectrum of the gradient on the coarse grid, times the conjugate response."""
    x, coarse = noise(m, N, seed), N // stride
    pooled = [sum(x[(q + j) % N] for j in range(window)) / window for q in range(0, N, stride)]
    G = dft(m, [3 * y * y for y in pooled])
    return [m.conj(dirichlet(m, window, N, k)) * G[k % coarse] for k in range(N)]


def spectrum_of_pooling_slopes(m: Arithmetic, N: int, window: int, stride: int, seed: int) -> Signal:
    def loss(x: Signal) -> Number:
        return sum((sum(x[(q + j) % N] for j in range(window)) / window) ** 3 for q in range(0, N, stride))

    return dft(m, _slopes(loss, noise(m, N, seed)))


def slope_times_gradient(m: Arithmetic, N: int, window: int, stride: int, seed: int) -> Signal:
    """Multiply by the derivative of the pooling response with respect to w instead."""
    x = noise(m, N, seed)
    G = dft(m, [3 * (sum(x[(q + j) % N] for j in range(window)) / window) ** 2 for q in range(0, N, stride)])
    slopes = [slope_of_sinc(m, 2 * m.pi * k / N, m.number(window)) if k else m.number(0) for k in modes(N)]
    return [slopes[k] * G[k % len(G)] for k in range(N)]


# -- the unitary transform of a map, y = u + iv, and the loss R, the sum of a u^3 + b u v^2 ------------------
def inverse_of_gradient(m: Arithmetic, rows: int, columns: int, seed: int) -> Map:
    """Return the inverse transform of dR/du + i dR/dv."""
    a, b = noise2(m, rows, columns, seed + 1), noise2(m, rows, columns, seed + 2)
    Y, root = dft2(m, noise2(m, rows, columns, seed)), m.sqrt(m.number(rows * columns))

    def gradient(p: Number, q: Number, u: Number, v: Number) -> Number:
        return 3 * p * u**2 + q * v**2 + 2 * m.i * q * u * v

    places = [[(r, c) for c in range(columns)] for r in range(rows)]
    G = [[gradient(a[r][c], b[r][c], m.re(Y[r][c]) / root, m.im(Y[r][c]) / root) for r, c in row] for row in places]
    return [[root * x for x in row] for row in idft2(m, G)]


def real_part_of_inverse(m: Arithmetic, rows: int, columns: int, seed: int) -> Map:
    return [[m.re(x) for x in row] for row in inverse_of_gradient(m, rows, columns, seed)]


def with_the_other_sign(m: Arithmetic, rows: int, columns: int, seed: int) -> Map:
    """Return the inverse transform of dR/du - i dR/dv, twice Wirtinger's derivative: conj(G) gives conj(g[-n])."""
    x = real_part_of_inverse(m, rows, columns, seed)
    return [[x[-r][-c] for c in range(columns)] for r in range(rows)]


def slopes_through_transform(m: Arithmetic, rows: int, columns: int, seed: int) -> Signal:
    a, b = noise(m, rows * columns, seed + 1), noise(m, rows * columns, seed + 2)
    root = m.sqrt(m.number(rows * columns))

    def loss(x: Signal) -> Number:
        y = flat(dft2(m, [x[r * columns : (r + 1) * columns] for r in range(rows)]))
        return sum((a[n] * m.re(y[n]) ** 3 + b[n] * m.re(y[n]) * m.im(y[n]) ** 2) / root**3 for n in range(len(y)))

    return _slopes(loss, noise(m, rows * columns, seed))


# -- the stored half of a spectrum -------------------------------------------------------------------------
def _weights(N: int) -> list[int]:
    """Return how many bins each stored bin represents."""
    return [1 if 2 * k % N == 0 else 2 for k in range(N // 2 + 1)]


def _irfft(m: Arithmetic, V: Signal, N: int) -> Signal:
    """Return the samples of a stored half; the imaginary parts of bins 0 and N/2 are ignored."""
    half = [m.re(V[k]) if 2 * k % N == 0 else V[k] for k in range(N // 2 + 1)]
    return idft(m, [*half, *(m.conj(half[N - k]) for k in range(N // 2 + 1, N))])


def forward_adjoint(m: Arithmetic, N: int, seed: int) -> Signal:
    G = complex_noise(m, N // 2 + 1, seed)
    return [N * x for x in _irfft(m, [G[k] / w for k, w in enumerate(_weights(N))], N)]


def forward_pairings(m: Arithmetic, N: int, seed: int) -> Signal:
    """Pair the half spectrum of each unit sample with G, by the real inner product of the stored bins."""
    G = complex_noise(m, N // 2 + 1, seed)
    units = [dft(m, [int(n == j) for n in range(N)]) for j in range(N)]
    return [sum(m.re(m.conj(unit[k]) * G[k]) for k in range(N // 2 + 1)) for unit in units]


def inverse_adjoint(m: Arithmetic, N: int, seed: int) -> Signal:
    G = dft(m, noise(m, N, seed))
    return [w * G[k] / N for k, w in enumerate(_weights(N))]


def inverse_pairings(m: Arithmetic, N: int, seed: int) -> Signal:
    """Pair g with the samples of each stored unit bin, real and imaginary."""
    g = noise(m, N, seed)

    def pairing(k: int, value: Number) -> Number:
        x = _irfft(m, [value * int(j == k) for j in range(N // 2 + 1)], N)
        return sum(m.re(x[n]) * g[n] for n in range(N))

    return [pairing(k, m.number(1)) + m.i * pairing(k, m.i) for k in range(N // 2 + 1)]


# -- descent on the loss of half the sum of (1 + n mod 3) (x_n - t_n)^2 ---------------------------------------
def _descent_in_bins(m: Arithmetic, c: Signal, w: list[int], N: int, steps: int, seed: int) -> Signal:
    """Descend in V, where x_n is the sum of c_k Re(V_k e^{2 pi i k n / N}); return the samples at the end."""
    x, t, rate = noise(m, N, seed), noise(m, N, seed + 1), m.number("1/7")
    bins = range(len(c))
    V = [w[k] / (c[k] * N) * v for k, v in zip(bins, dft(m, x), strict=False)]
    for _ in range(steps):
        x = [sum(c[k] * m.re(V[k] * m.unit(k * n, N)) for k in bins) for n in range(N)]
        G = dft(m, [(1 + n % 3) * (x[n] - t[n]) for n in range(N)])
        V = [V[k] - rate * c[k] * G[k] for k in bins]
    return [sum(c[k] * m.re(V[k] * m.unit(k * n, N)) for k in bins) for n in range(N)]


def half_scaled_by_roots(m: Arithmetic, N: int, steps: int, seed: int) -> Signal:
    return _descent_in_bins(m, [m.sqrt(m.number(w) / N) for w in _weights(N)], _weights(N), N, steps, seed)


def half_as_stored(m: Arithmetic, N: int, steps: int, seed: int) -> Signal:
    return _descent_in_bins(m, [w / m.sqrt(m.number(N)) for w in _weights(N)], _weights(N), N, steps, seed)


def all_bins(m: Arithmetic, N: int, steps: int, seed: int) -> Signal:
    return _descent_in_bins(m, [1 / m.sqrt(m.number(N))] * N, [1] * N, N, steps, seed)


def descent_in_space(m: Arithmetic, N: int, steps: int, seed: int) -> Signal:
    x, t = noise(m, N, seed), noise(m, N, seed + 1)
    for _ in range(steps):
        x = [x[n] - m.number("1/7") * (1 + n % 3) * (x[n] - t[n]) for n in range(N)]
    return x


def twice_the_waves(m: Arithmetic, N: int, steps: int, seed: int) -> Signal:
    """Descend along A A^T times the gradient in space: twice the gradient minus its mean and its Nyquist wave."""
    x, t = noise(m, N, seed), noise(m, N, seed + 1)
    for _ in range(steps):
        g = [m.number("1/7") * (1 + n % 3) * (x[n] - t[n]) for n in range(N)]
        mean, nyquist = sum(g) / N, sum((-1) ** n * g[n] for n in range(N)) / N * (1 - N % 2)
        x = [x[n] - 2 * g[n] + mean + (-1) ** n * nyquist for n in range(N)]
    return x


# -- momentum and Adam, on the same loss ------------------------------------------------------------------------
def _steps_in_bins(m: Arithmetic, N: int, steps: int, seed: int, w: list[int], move: Callable[..., Signal]) -> Signal:
    """Descend in V by an optimiser and return the samples, sums of w_k Re(V_k e^{2 pi i k n / N}) / sqrt(N)."""
    root = m.sqrt(m.number(N))
    x, t = noise(m, N, seed), noise(m, N, seed + 1)
    V = [v / root for v in dft(m, x)[: len(w)]]
    to_samples = lambda V: [sum(w[k] * m.re(V[k] * m.unit(k * n, N)) for k in range(len(w))) / root for n in range(N)]
    memory: list[Signal] = []
    for _ in range(steps):
        x = to_samples(V)
        G = dft(m, [(1 + n % 3) * (x[n] - t[n]) for n in range(N)])
        memory.append([w[k] * G[k] / root for k in range(len(w))])
        V = [v - change for v, change in zip(V, move(m, memory), strict=True)]
    return to_samples(V)


def _steps_in_space(m: Arithmetic, N: int, steps: int, seed: int, move: Callable[..., Signal]) -> Signal:
    x, t = noise(m, N, seed), noise(m, N, seed + 1)
    memory: list[Signal] = []
    for _ in range(steps):
        memory.append([(1 + n % 3) * (x[n] - t[n]) for n in range(N)])
        x = [v - change for v, change in zip(x, move(m, memory), strict=True)]
    return x


def _with_momentum(m: Arithmetic, memory: list[Signal]) -> Signal:
    """Return 1/7 of the sum of past gradients, each weighted by 3/5 to the power of its age."""
    sizes = [m.number("3/5") ** age / 7 for age in range(len(memory))][::-1]
    return [sum(size * g[k] for size, g in zip(sizes, memory, strict=True)) for k in range(len(memory[0]))]


def _by_adam(m: Arithmetic, memory: list[Signal]) -> Signal:
    """Return the step of Adam of size 1/7, decay rates 9/10 and 99/100, of real and imaginary parts separately."""
    T = len(memory)
    a, b = m.number("9/10"), m.number("99/100")

    def step(values: Signal) -> Number:
        first = sum((1 - a) * a ** (T - 1 - j) * v for j, v in enumerate(values)) / (1 - a**T)
        second = sum((1 - b) * b ** (T - 1 - j) * v * v for j, v in enumerate(values)) / (1 - b**T)
        return first / m.sqrt(second + m.number("1e-16")) / 7

    parts = [[step([part(g[k]) for g in memory]) for k in range(len(memory[0]))] for part in (m.re, m.im)]
    return [p + m.i * q for p, q in zip(*parts, strict=True)]


def momentum_in_bins(m: Arithmetic, N: int, steps: int, seed: int) -> Signal:
    return _steps_in_bins(m, N, steps, seed, [1] * N, _with_momentum)


def momentum_in_half(m: Arithmetic, N: int, steps: int, seed: int) -> Signal:
    return _steps_in_bins(m, N, steps, seed, _weights(N), _with_momentum)


def momentum_in_space(m: Arithmetic, N: int, steps: int, seed: int) -> Signal:
    """Keep one running sum, as optimisers do."""
    x, t = noise(m, N, seed), noise(m, N, seed + 1)
    kept = [m.number(0)] * N
    for _ in range(steps):
        kept = [m.number("3/5") * kept[n] + (1 + n % 3) * (x[n] - t[n]) for n in range(N)]
        x = [x[n] - kept[n] / 7 for n in range(N)]
    return x


def adam_in_bins(m: Arithmetic, N: int, steps: int, seed: int) -> Signal:
    return _steps_in_bins(m, N, steps, seed, [1] * N, _by_adam)


def adam_in_space(m: Arithmetic, N: int, steps: int, seed: int) -> Signal:
    return [m.re(v) for v in _steps_in_space(m, N, steps, seed, _by_adam)]


_POWERS = tuple({"N": N, "power": power, "seed": 3} for N, power in ((1, 3), (2, 4), (5, 2), (6, 3), (7, 3)))
_POOLED = tuple({"N": N, "window": window, "stride": stride, "seed": 4} for N, window, stride in (
    (6, 2, 2), (6, 3, 2), (6, 2, 3), (5, 3, 1), (4, 4, 4),
))  # fmt: skip
_MAPS = tuple({"rows": r, "columns": c, "seed": 5} for r, c in ((3, 2), (1, 5), (2, 4), (3, 3)))
_HALVES = tuple({"N": N, "seed": 6} for N in (1, 2, 3, 6, 7))
_DESCENTS = tuple({"N": N, "steps": steps, "seed": 7} for N, steps in ((6, 3), (5, 3), (4, 2), (8, 1), (2, 2), (1, 3)))

CLAIMS: tuple[Claim, ...] = (
    Claim(
        id="derivative-as-backward",
        title="The derivative of a convolution gives its backward pass",
        sources=(
            Source("zhu2021", "Section 3.1"),
            Source("zhu2021", "Appendix A.2", "55-56", "reconstructed"),
        ),
        statement="The back-propagation of a convolution in frequency follows from the theorem about its derivative, "
        "which multiplies by $iw$; for derivatives of higher order multiply by higher powers of $iw$.",
        verdict="refuted",
        corrected=r"$iw$ differentiates in space. On the line, for $L = \int c\,(f * g)$, the gradient with respect "
        r"to $f$ is $\int c(t) g(t - x)\,dt$, with the transform $C\,\overline{G}$ for real $g$. On a grid, with $y = "
        "x * h$, circular, and $G$ the transform of $dL/dy$, the gradients with respect to the samples of $x$ and "
        r"$h$ have the transforms $\bar{H}G$ and $\bar{X}G$: these are correlations, without $iw$. The gradients with "
        r"respect to the bins, as $dL/d\mathrm{Re} + i\,dL/d\mathrm{Im}$, are the same divided by $N$ (the transforms "
        "of $y$, $x$, $h$ are not divided).",
        proof="$iw$ differentiates with respect to the position $t$, back-propagation with respect to the values of "
        r"$x$ and $h$. $dL/dx_j = \sum_n g_n h_{n - j}$, whose transform is $\bar{H}G$. On the line the transform of "
        r"the gradient at $w$ is the change of $L$ along $e^{-iwx}$, which is $\int c(t) e^{-iwt}\,dt \int g(y) "
        r"e^{iwy}\,dy$.",
        aliases=("derivative-is-not-backward", "iw-is-not-a-gradient"),
        checks=(
            Contradiction(
                name="on the line, iw C G is not the gradient",
                claimed=lambda m, a, b, w: m.i * w * product_of_spectra(m, a, b, w),
                actual=change_of_loss,
                points=({"a": "2", "b": "3", "w": "1"}, {"a": "2", "b": "2", "w": "-5"}),
            ),
            Identity(
                name="on the line, C conj(G) is",
                closed=gradient_spectrum,
                independent=change_of_loss,
                points=(
                    {"a": "2", "b": "3", "w": "0"},
                    {"a": "4", "b": "2", "w": "-3"},
                    {"a": "2.01", "b": "2", "w": "0.7"},
                ),
            ),
            Identity(name="conjugate products", closed=conj_products, independent=spectra_of_slopes, points=_POWERS),
            Contradiction(name="iw times products", claimed=iw_products, actual=spectra_of_slopes, points=_POWERS),
        ),
    ),
    Claim(
        id="average-pooling-backward",
        title="The backward pass of average pooling unfolds the gradient's spectrum",
        statement="With $G$ the transform of the gradient on the coarse grid of $N/s$ samples and $H$ the response, "
        r"the gradient with respect to the input has the transform $\bar{H}_k\,G_{k \,\mathrm{mod}\, N/s}$: repeat "
        "the spectrum (unfold it), then multiply by the conjugate response.",
        verdict="holds",
        corrected="The derivative of the response with respect to frequency (see average-pooling-frequency-derivative) "
        "does not appear, since pooling has no parameter. Section 3.3 of zhu2021 gives that derivative, without saying "
        "what it is for.",
        proof="The adjoint of multiplying and folding is unfolding and multiplying by the conjugate.",
        checks=(
            Identity(name="unfolded", closed=unfolded, independent=spectrum_of_pooling_slopes, points=_POOLED),
            Contradiction(
                name="the slope", claimed=slope_times_gradient, actual=spectrum_of_pooling_slopes, points=_POOLED
            ),
        ),
    ),
    Claim(
        id="dft-gradient",
        title="The gradient through a unitary transform is the inverse transform of the gradient",
        sources=(Source("rippel2015", "Section 2.2", "4", "seen"),),
        statement=r"$\partial R/\partial x = F^{-1}(\partial R/\partial y)$ for $y = Fx$, $x$ real.",
        verdict="conditional",
        hypotheses=r"$\partial R/\partial y$ means $\partial R/\partial \mathrm{Re}\,y + i\,\partial R/\partial "
        r"\mathrm{Im}\,y$ for all bins as independent variables, and the real part is taken: $\mathrm{Re}\,F^{-1}$.",
        corrected="The result is real without that only if the gradient is Hermitian. Wirtinger's derivative with "
        r"respect to $y$ has the opposite sign of the imaginary part and half the size: $\partial R/\partial x = "
        r"2\,\mathrm{Re}\,F(\partial R/\partial y)$. For a transform that is not unitary, $F^{*}$ replaces $F^{-1}$.",
        proof=r"$dR = \mathrm{Re}\,\langle g, F\,dx \rangle = \langle \mathrm{Re}\,F^{*}g, dx \rangle$ for real $dx$, "
        "and $F^{*} = F^{-1}$.",
        checks=(
            Identity(
                name="the real part",
                closed=real_part_of_inverse,
                independent=slopes_through_transform,
                points=_MAPS,
                random={"rows": Range(1, 3), "columns": Range(2, 4), "seed": Range(0, 99)},
                draws=1,
                screened=10,
            ),
            Contradiction(
                name="without it", claimed=inverse_of_gradient, actual=slopes_through_transform, points=_MAPS
            ),
            Contradiction(
                name="other sign", claimed=with_the_other_sign, actual=slopes_through_transform, points=_MAPS
            ),
        ),
    ),
    Claim(
        id="half-spectrum-adjoints",
        title="Adjoints on the stored half of a spectrum",
        statement="Let rfft compute the bins up to $N/2$ without dividing, let irfft invert it, and let $w_k = 1$ at "
        r"the bins $0$ and $N/2$, 2 at the others. Under the real inner product $\mathrm{Re} \sum \bar{A}_k B_k$ of "
        r"stored bins, the adjoint of rfft takes $G$ to $N\,\mathrm{irfft}(G/w)$: interior bins are halved. The "
        r"adjoint of irfft takes $g$ to $(w/N)\,\mathrm{rfft}(g)$: interior bins are doubled.",
        verdict="holds",
        proof=r"irfft is $\frac{1}{N} \sum w_k \mathrm{Re}(V_k e^{2\pi i k n/N})$: an interior bin also changes its "
        r"mirror bin. rfft has no weights, since each bin is stored once. Under the inner product $\sum w_k "
        r"\mathrm{Re}(\bar{A}_k B_k)$ the two are adjoint up to the factor $N$, as whole transforms are.",
        checks=(
            Identity(name="of rfft", closed=forward_adjoint, independent=forward_pairings, points=_HALVES),
            Identity(name="of irfft", closed=inverse_adjoint, independent=inverse_pairings, points=_HALVES),
        ),
    ),
    Claim(
        id="descent-under-reparametrisation",
        title="Gradient descent makes the same filters under any invertible linear reparametrisation",
        sources=(Source("rippel2015", "Section 4.1"),),
        statement="Plain stochastic gradient descent gives exactly the same filters whether they are represented in "
        "space or in frequency, and under any invertible linear transformation of the parameters.",
        verdict="refuted",
        corrected=r"With $x = Av$ a step in $v$ moves $x$ by $-\eta AA^T \nabla L(x)$. The iterates are the same for "
        r"every loss if and only if $AA^T = cI$, with the rate $\eta/c$. All bins of a unitary transform, with the "
        r"real part taken, have $c = 1$; so has the stored half if its interior bins are scaled by $\sqrt{2}$. "
        "Without this scaling, a step moves every wave twice as far, except the mean and the Nyquist wave. With "
        "momentum the iterates are also the same if $AA^T = cI$. With Adam they differ even for a unitary transform, "
        "since it divides each coordinate separately.",
        proof=r"The gradient with respect to $v$ is $A^T \nabla L$. For the half spectrum $AA^T$ has the eigenvalue "
        "$w_k$ on the waves of frequency $k$. The momentum is a fixed linear combination of past gradients, so that "
        "$A$ times the momentum in $v$ is the momentum in $x$. The first step of Adam is the sign of each coordinate "
        "of the gradient, and $A$ times the signs of $A^T g$ is not the signs of $g$.",
        checks=(
            Identity(name="half, scaled", closed=half_scaled_by_roots, independent=descent_in_space, points=_DESCENTS),
            Identity(name="all bins", closed=all_bins, independent=descent_in_space, points=_DESCENTS),
            Identity(
                name="what else the half does", closed=twice_the_waves, independent=half_as_stored, points=_DESCENTS
            ),
            Contradiction(
                name="half, as stored", claimed=half_as_stored, actual=descent_in_space, points=_DESCENTS[:4]
            ),
            Identity(
                name="all bins, with momentum 3/5",
                closed=momentum_in_bins,
                independent=momentum_in_space,
                points=_DESCENTS,
            ),
            Contradiction(
                name="half, as stored, with momentum",
                claimed=momentum_in_half,
                actual=momentum_in_space,
                points=_DESCENTS[:3],
            ),
            Contradiction(
                name="all bins of a unitary transform, with Adam",
                claimed=adam_in_bins,
                actual=adam_in_space,
                points=_DESCENTS[:5],
                gap="0.01",
            ),
        ),
    ),
)


# == the binary cross entropy ========================================================================================
# -- of one sample, y a label and z a logit --------------------------------------------------------------
def cross_entropy(m: Arithmetic, y: Number, z: Number) -> Number:
    p = 1 / (1 + m.exp(-z))
    return -(y * m.log(p) + (1 - y) * m.log(1 - p))


def cross_entropy_by_its_slope(m: Arithmetic, y: Number, z: Number) -> Number:
    """Integrate p - y from z = 0, where the loss is log 2 for every label."""
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
    """Return the mean loss: bin 0 of the convolution takes one product per bin."""
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
    """Integrate (y - p) q, which is (2y - 1) p (1 - p), over the logit of one sample, the others at 1/2."""

    def gradient(t: Number) -> Number:
        return (2 * y - 1) / (2 * m.cosh(t / 2)) ** 2

    return m.integral(gradient, *(z * k / 4 for k in range(-4, 9))) / 2**others


def difference_of_products(m: Arithmetic, y: int, z: Number, others: int) -> Number:
    """Return the increase of the exponential of minus the summed loss from -z to 2z."""

    def product(t: Number) -> Number:
        return m.exp(-m.log(1 + m.exp((1 - 2 * y) * t)) - others * m.log(m.number(2)))

    return product(2 * z) - product(-z)


def gradient_at_chance_or_worse(m: Arithmetic, size: int, seed: int) -> Number:
    """Return the size of the gradient for a batch in which each label has a probability of at most 1/2."""
    q = [(2 + v) / 8 for v in noise(m, size, seed)]
    return (1 - q[0]) * m.exp(sum(m.log(v) for v in q))


def half_the_power_of_two(m: Arithmetic, size: int) -> Number:
    return 1 / m.number(2) ** (size + 1)


def gradient_at_chance(m: Arithmetic, size: int) -> Number:
    """Return the derivative of the product of `size` sigmoids by the first logit, at 0, from a contour integral."""
    nodes = 8 * (m.digits + m.guard)
    # Cauchy's formula for the derivative: the trapezoidal rule on a circle of radius 1 around 0, where the nearest
    # pole, at i pi, is at the distance pi; its error is below 4 pi^-nodes.
    total = m.number(0)
    for k in range(nodes):
        z = m.unit(k, nodes)
        total += 1 / (1 + m.exp(-z)) / z
    return (m.re(total) / nodes + m.tail(4 * m.exp(-m.number(nodes)))) * m.number("1/2") ** (size - 1)


def exponential_of_mean(m: Arithmetic, a: Number, b: Number) -> Number:
    return m.exp((m.log(a) + m.log(b)) / 2)


def mean_of_exponentials(m: Arithmetic, a: Number, b: Number) -> Number:
    return (a + b) / 2


def preferences(m: Arithmetic, a: Number, b: Number, c: Number, d: Number) -> Number:
    """Multiply the difference of the mean probabilities of (a, b) and (c, d) by the difference of their losses."""
    return (a + b - c - d) / 2 * (m.log(c * d) - m.log(a * b)) / 2


_SIGNALS = tuple({"N": N, "seed": 3} for N in (1, 2, 5, 6, 8))
_HARD = ({"y": "1", "p": "0.7"}, {"y": "0", "p": "0.7"}, {"y": "1", "p": "1e-12"}, {"y": "0", "p": "0.999999"})
_LOGITS: tuple[Point, ...] = ({"y": 1, "z": "1", "others": 0}, {"y": 0, "z": "-3", "others": 3})
_SOFT = ({"y": "0.5", "p": "0.1"}, {"y": "0.9", "p": "0.9"}, {"y": "0.1", "p": "0.9"})
_BITS = tuple({"N": N, "labels": labels, "signals": signals, "seed": 4} for N, labels, signals in (
    (1, 1, 1), (5, 11, 1), (6, 45, 1), (5, 627, 2), (4, 2741, 3),
))  # fmt: skip

CLAIMS += (
    Claim(
        id="binary-cross-entropy",
        title="The binary cross entropy",
        sources=(Source("zhu2021", "Section 3.5", "", "reconstructed"),),
        statement=r"$l = -(y \log p + (1 - y) \log(1 - p))$.",
        verdict="holds",
        corrected=r"With $p = \sigma(z)$ its derivative with respect to the logit $z$ is $p - y$, and $l = \log 2$ "
        "at $z = 0$.",
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
        sources=(Source("zhu2021", "Section 3.5", "26-28", "reconstructed"),),
        statement=r"The transform of $l$ is minus the convolution of those of $y$ and $\log p$, minus that of $1 - y$ "
        r"and $\log(1 - p)$.",
        verdict="conditional",
        hypotheses="Labels and probabilities are signals with one value per sample. On $N$ bins the convolution is "
        r"circular and divided by $N$ (on the line, by $2\pi$).",
        corrected=r"The spectrum of $\log p$ is not the logarithm of the "
        "bins of $p$, so $p$ must be known in space. The mean loss is bin 0 over $N$; by Parseval it takes $N$ "
        "products, while the whole convolution takes $N^2$.",
        proof="It is the product theorem, the reverse of the convolution theorem. The logarithm acts on each value; "
        "the transform mixes all values.",
        checks=(
            Identity(
                name="all bins",
                closed=convolved_spectra,
                independent=spectrum_of_losses,
                points=_SIGNALS,
                random={"N": Range(1, 7), "seed": Range(0, 99)},
                screened=40,
            ),
            Identity(
                name="the mean",
                closed=mean_by_parseval,
                independent=mean_loss,
                points=_SIGNALS,
                random={"N": Range(1, 7), "seed": Range(0, 99)},
                screened=40,
            ),
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
        sources=(Source("zhu2021", "Section 3.5", "29-32", "reconstructed"),),
        statement="$e^{-l} = p^y (1 - p)^{1 - y} = yp + (1 - y)(1 - p)$, whose transform is a sum of two "
        "convolutions of the spectra of labels and probabilities.",
        verdict="conditional",
        hypotheses="The labels are hard, $y = 0$ or $1$. On $N$ bins the convolutions are circular and divided by $N$.",
        corrected="For soft labels, $0 < y < 1$, $p^y (1 - p)^{1 - y}$ is smaller than $yp + (1 - y)(1 - p)$ unless "
        "$p = 1/2$.",
        proof="Both sides are $p$ at $y = 1$ and $1 - p$ at $y = 0$. For other $y$ they are the geometric and the "
        "arithmetic mean of $p$ and $1 - p$ with the weights $y$ and $1 - y$.",
        checks=(
            Identity(
                name="hard labels",
                closed=mixture,
                independent=exponential,
                points=_HARD,
                random={"y": Range(0, 1), "p": Range("1e-12", "0.999999")},
                # At p = 1/2 both are 1/2, whatever the label.
                outside={"y": Range("0.1", "0.9"), "p": Range("0.001", "0.4")},
            ),
            Identity(
                name="its spectrum, of one or more signals",
                closed=mixture_of_spectra,
                independent=spectrum_of_exponentials,
                points=_BITS,
                random={"N": Range(1, 6), "labels": Range(0, 99), "signals": Range(1, 2), "seed": Range(0, 99)},
                screened=40,
            ),
            Contradiction(name="soft labels", claimed=mixture, actual=exponential, points=_SOFT),
            Bound(
                name="too large for soft labels",
                quantity=excess,
                low="0.055",
                points=_SOFT,
            ),
        ),
    ),
    Claim(
        id="cross-entropy-exponential-objective",
        title="The exponential of minus the cross entropy as an objective",
        sources=(Source("zhu2021", "Section 3.5", "31-32", "reconstructed"),),
        statement="The exponential is another form of the loss in the frequency domain.",
        verdict="conditional",
        hypotheses="The objective is the exponential of one sample, or the product of those of a batch; it is "
        "maximised.",
        corrected="$e^{-l}$ decreases as $l$ increases, so maximising it minimises $l$. The statement fails for the "
        "mean of $e^{-l}$ over a batch. Training with the product is hard. The loss of a batch is a sum of losses, "
        r"and $e^{-\sum l} = \prod q_n$ with $q_n$ the probability of the correct label is not a sum. For $J$ signals "
        "its spectrum is a convolution of $J$ spectra, which takes $(J - 1) N^2$ products. Its gradient with respect "
        r"to a logit is $(y_n - p_n) \prod q$, at most $2^{-J-1}$ while no $q$ exceeds 1/2, and equal to it if every "
        "$q$ is 1/2. The mean of $q_n$ is linear in $q$, but it is a different loss: it prefers $q = (0.9, 0.01)$ to "
        "$(0.4, 0.4)$, and its gradient $q(1 - q)$ vanishes where the prediction is confidently wrong, where the "
        "gradient of $l$ is 1.",
        proof=r"$dq/dz = \pm q(1 - q)$, so that $d \log q/dz = y - p$. The arithmetic mean of $q$ is not a function "
        r"of the geometric one, which is the exponential of minus the mean loss. $q_n (1 - q_n) \leq 1/4$, and each "
        "of the other $J - 1$ factors is at most 1/2.",
        checks=(
            Identity(
                name="the gradient of the product",
                closed=climbed,
                independent=difference_of_products,
                points=_LOGITS,
            ),
            Bound(
                name="its size at chance or worse",
                loose="0 says the sign only; the upper end is nearly reached by one label, and reached by any number "
                "of them if every probability is 1/2 (the next check)",
                quantity=gradient_at_chance_or_worse,
                low="0",
                high=lambda m, size, seed: half_the_power_of_two(m, size),
                points=({"size": 1, "seed": 6}, {"size": 10, "seed": 6}, {"size": 100, "seed": 6}),
            ),
            Identity(
                name="the bound is attained at chance",
                closed=half_the_power_of_two,
                independent=gradient_at_chance,
                points=({"size": 1}, {"size": 8}, {"size": 60}),
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
                low="0.079",
                points=({"a": "0.9", "b": "0.01", "c": "0.4", "d": "0.4"},),
            ),
        ),
    ),
)
