"""Gradients through spectra: what the backward pass is, in which convention, and what a descent then does.

Losses here are polynomials of degree 3 at most, whose derivatives a difference of five points gives exactly.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from ..arithmetic import Arithmetic, Number
from ..checks import Contradiction, Identity, flat
from ..claim import Claim, Source
from ..signals import Map, Signal, circular, complex_noise, dft, dft2, idft, idft2, modes, noise, noise2
from .pooling import dirichlet, slope_of_sinc


def _slopes(loss: Callable[[Signal], Number], x: Sequence[Number]) -> Signal:
    """Return the derivatives of a polynomial of degree 4 at most by each of its arguments, exactly."""

    def at(n: int, step: int) -> Number:
        return loss([*x[:n], x[n] + step, *x[n + 1 :]])

    return [(8 * (at(n, 1) - at(n, -1)) - (at(n, 2) - at(n, -2))) / 12 for n in range(len(x))]


# -- a convolution, a loss that is the sum of a power of its output ----------------------------------------
def conj_products(m: Arithmetic, N: int, power: int, seed: int) -> Map:
    """Return the spectra of the gradients by both signals."""
    X, H = dft(m, noise(m, N, seed)), dft(m, noise(m, N, seed + 1))
    G = dft(m, [power * y ** (power - 1) for y in idft(m, [X[k] * H[k] for k in range(N)])])
    return [[m.conj(S[k]) * G[k] for k in range(N)] for S in (H, X)]


def iw_products(m: Arithmetic, N: int, power: int, seed: int) -> Map:
    """Return the same by the rule for the derivative of a convolution."""
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
    """Multiply by the derivative in w of the pooling response instead."""
    x = noise(m, N, seed)
    G = dft(m, [3 * (sum(x[(q + j) % N] for j in range(window)) / window) ** 2 for q in range(0, N, stride)])
    slopes = [slope_of_sinc(m, 2 * m.pi * k / N, m.number(window)) if k else m.number(0) for k in modes(N)]
    return [slopes[k] * G[k % len(G)] for k in range(N)]


# -- the unitary transform of a map, y = u + iv, and the loss R, the sum of a u^3 + b u v^2 ------------------
def inverse_of_gradient(m: Arithmetic, rows: int, columns: int, seed: int) -> Map:
    """Transform dR/du + i dR/dv back."""
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
    """Transform dR/du - i dR/dv back, twice Wirtinger's derivative by y: the inverse of conj(G) is conj(g[-n])."""
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
    """Return how many bins each stored one stands for."""
    return [1 if 2 * k % N == 0 else 2 for k in range(N // 2 + 1)]


def _irfft(m: Arithmetic, V: Signal, N: int) -> Signal:
    """Return the samples of a stored half; what is not real in bins 0 and N/2 is ignored."""
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
    """Pair the samples of each real and each imaginary stored unit with g."""
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
    """Descend by A A^T times the gradient in space: twice it, less its mean and its Nyquist wave."""
    x, t = noise(m, N, seed), noise(m, N, seed + 1)
    for _ in range(steps):
        g = [m.number("1/7") * (1 + n % 3) * (x[n] - t[n]) for n in range(N)]
        mean, nyquist = sum(g) / N, sum((-1) ** n * g[n] for n in range(N)) / N * (1 - N % 2)
        x = [x[n] - 2 * g[n] + mean + (-1) ** n * nyquist for n in range(N)]
    return x


_SIGNALS = tuple({"N": N, "power": power, "seed": 3} for N, power in ((1, 3), (2, 4), (5, 2), (6, 3), (7, 3)))
_POOLED = tuple({"N": N, "window": window, "stride": stride, "seed": 4} for N, window, stride in (
    (6, 2, 2), (6, 3, 2), (6, 2, 3), (5, 3, 1), (4, 4, 4),
))  # fmt: skip
_MAPS = tuple({"rows": r, "columns": c, "seed": 5} for r, c in ((3, 2), (1, 5), (2, 4), (3, 3)))
_HALVES = tuple({"N": N, "seed": 6} for N in (1, 2, 3, 6, 7))
_DESCENTS = tuple({"N": N, "steps": steps, "seed": 7} for N, steps in ((6, 3), (5, 3), (4, 2), (8, 1), (2, 2), (1, 3)))

CLAIMS = (
    Claim(
        id="derivative-is-not-backward",
        title="The rule for the derivative of a convolution gives its backward pass",
        sources=(Source("pan2021", "Section 3.1"),),
        statement=r"A derivative in space is a factor $iw$ in frequency; this derives back-propagation through a "
        r"convolution, and powers of $iw$ the higher orders.",
        verdict="refuted",
        corrected="With $y = x * h$, circular, and $G$ the transform of $dL/dy$, the gradients by the samples of $x$ "
        r"and $h$ have the transforms $\bar{H}G$ and $\bar{X}G$: correlations, without $iw$. By the bins themselves, "
        r"as $dL/d\mathrm{Re} + i\,dL/d\mathrm{Im}$, they are these divided by $N$ (no transform of $y$, $x$, $h$ is).",
        proof=r"$iw$ differentiates by the place $t$, back-propagation by the values of $x$ and $h$. "
        r"$dL/dx_j = \sum_n g_n h_{n - j}$, whose transform is $\bar{H}G$.",
        checks=(
            Identity(name="conjugate products", closed=conj_products, independent=spectra_of_slopes, points=_SIGNALS),
            Contradiction(name="iw times products", claimed=iw_products, actual=spectra_of_slopes, points=_SIGNALS),
        ),
    ),
    Claim(
        id="average-pooling-backward",
        title="The derivative of the pooling response gives its backward pass",
        sources=(Source("pan2021", "Section 3.3"),),
        statement="Average pooling is trained in the frequency domain by the derivative of its sinc.",
        verdict="refuted",
        corrected="With $G$ the transform of the gradient on the coarse grid of $N/s$ samples and $H$ the response, "
        r"the gradient by the input has the transform $\bar{H}_k\,G_{k \,\mathrm{mod}\, N/s}$: repeat (unfold), then "
        "multiply by the conjugate response.",
        proof="The adjoint of multiplying and folding is unfolding and multiplying by the conjugate. Pooling has no "
        "parameter; the derivative of its response by the frequency does not enter.",
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
        r"\mathrm{Im}\,y$ by all bins, each free, and the real part is taken: $\mathrm{Re}\,F^{-1}$. The result is "
        "real of itself only where that gradient is Hermitian. Wirtinger's derivative by $y$ has the other sign and "
        r"half the size: $\partial R/\partial x = 2\,\mathrm{Re}\,F(\partial R/\partial y)$. A transform that is not "
        "unitary brings its factor: $F^{-1}$ becomes $F^{*}$.",
        proof=r"$dR = \mathrm{Re}\,\langle g, F\,dx \rangle = \langle \mathrm{Re}\,F^{*}g, dx \rangle$ for real $dx$, "
        "and $F^{*} = F^{-1}$.",
        checks=(
            Identity(
                name="the real part", closed=real_part_of_inverse, independent=slopes_through_transform, points=_MAPS
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
        statement="Let rfft keep the bins up to $N/2$, undivided, let irfft invert it, and let $w_k = 1$ at the bins "
        r"$0$ and $N/2$, 2 at the others. By the real inner product $\mathrm{Re} \sum \bar{A}_k B_k$ of stored bins, "
        r"the adjoint of rfft takes $G$ to $N\,\mathrm{irfft}(G/w)$: interior bins are halved. The adjoint of irfft "
        r"takes $g$ to $(w/N)\,\mathrm{rfft}(g)$: interior bins are doubled.",
        verdict="holds",
        proof=r"irfft is $\frac{1}{N} \sum w_k \mathrm{Re}(V_k e^{2\pi i k n/N})$: an interior bin moves its mirror "
        r"too. rfft has no weights, as each bin is stored once. With the inner product $\sum w_k "
        r"\mathrm{Re}(\bar{A}_k B_k)$ both are adjoint up to $N$, as whole transforms are.",
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
        corrected=r"With $x = Av$ a step in $v$ moves $x$ by $-\eta AA^T \nabla L(x)$: the same iterates for every "
        r"loss if and only if $AA^T = cI$, at the rate $\eta/c$. All bins of a unitary transform, real part taken, "
        r"have $c = 1$; so has the stored half if its interior bins are scaled by $\sqrt{2}$. Stored as it is, it "
        "moves every wave but the mean and the Nyquist wave twice as far. Momentum keeps this; Adam's division by "
        "coordinates does not.",
        proof=r"The gradient by $v$ is $A^T \nabla L$. For the half spectrum $AA^T$ has the eigenvalue $w_k$ on the "
        "waves of frequency $k$.",
        checks=(
            Identity(name="half, scaled", closed=half_scaled_by_roots, independent=descent_in_space, points=_DESCENTS),
            Identity(name="all bins", closed=all_bins, independent=descent_in_space, points=_DESCENTS),
            Identity(
                name="what else the half does", closed=twice_the_waves, independent=half_as_stored, points=_DESCENTS
            ),
            Contradiction(
                name="half, as stored", claimed=half_as_stored, actual=descent_in_space, points=_DESCENTS[:4]
            ),
        ),
    ),
)
