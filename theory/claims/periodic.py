"""Convolution, kernels of another size, and linear layers on a periodic grid."""

from __future__ import annotations

from ..arithmetic import Arithmetic, Number
from ..checks import Contradiction, Identity, Range
from ..claim import Claim, Source
from ..signals import Map, Signal, circular, dft, dft2, idft, idft2, linear, noise, noise2, padded, rolled

ENGINE = "the engine computes in double precision"


# -- Theorem 3.1 on a grid -----------------------------------------------------------------------------
def product_of_spectra(m: Arithmetic, n: int, k: int, N: int, seed: int) -> Signal:
    """Return what the product of two spectra of N bins is the spectrum of."""
    X = dft(m, padded(noise(m, n, seed), N))
    H = dft(m, padded(noise(m, k, seed + 1), N))
    return idft(m, [X[q] * H[q] for q in range(N)])


def around_the_circle(m: Arithmetic, n: int, k: int, N: int, seed: int) -> Signal:
    return circular(padded(noise(m, n, seed), N), padded(noise(m, k, seed + 1), N))


def along_the_line(m: Arithmetic, n: int, k: int, N: int, seed: int) -> Signal:
    return padded(linear(noise(m, n, seed), noise(m, k, seed + 1)), N)[:N]


def line_wrapped(m: Arithmetic, n: int, k: int, N: int, seed: int) -> Signal:
    y = linear(noise(m, n, seed), noise(m, k, seed + 1))
    return [sum(y[i] for i in range(q, n + k - 1, N)) for q in range(N)]


def product_of_maps(m: Arithmetic, rows: int, columns: int, seed: int) -> Map:
    X, H = dft2(m, noise2(m, rows, columns, seed)), dft2(m, noise2(m, rows, columns, seed + 1))
    return idft2(m, [[X[r][c] * H[r][c] for c in range(columns)] for r in range(rows)])


def around_the_torus(m: Arithmetic, rows: int, columns: int, seed: int) -> Map:
    x, h = noise2(m, rows, columns, seed), noise2(m, rows, columns, seed + 1)
    places = [(i, j) for i in range(rows) for j in range(columns)]
    return [[sum(x[i][j] * h[r - i][c - j] for i, j in places) for c in range(columns)] for r in range(rows)]


# -- a kernel of k taps on N bins ------------------------------------------------------------------------
def kernel_mean(m: Arithmetic, t: int, k: int, N: int, first: int) -> Number:
    """Return the mean of e^{-2 pi i n t / (k N)} over the k taps n from the first on: a Dirichlet kernel."""
    if t == 0:
        return m.number(1)
    phase = m.unit(-t * (2 * first + k - 1), 2 * k * N)
    return phase * m.sin(m.pi * t / N) / (k * m.sin(m.pi * t / (k * N)))


def interpolated(m: Arithmetic, k: int, N: int, first: int, seed: int) -> Signal:
    """Interpolate a kernel's k-point spectrum at the N bins of the input."""
    taps = noise(m, k, seed)
    spectrum = [sum(taps[j] * m.unit(-p * (first + j), k) for j in range(k)) for p in range(k)]
    return [sum(spectrum[p] * kernel_mean(m, q * k - p * N, k, N, first) for p in range(k)) for q in range(N)]


def zero_padded(m: Arithmetic, k: int, N: int, first: int, seed: int) -> Signal:
    return dft(m, rolled(padded(noise(m, k, seed), N), first))


def by_engine(m: Arithmetic, k: int, N: int, seed: int) -> list[complex]:
    """Return the engine's response of a centred kernel, one of each pair of modes."""
    import numpy as np

    from freqnet import FOURIER, Tensor
    from freqnet.ops import frequency_response

    taps = np.array([float(v) for v in noise(m, k, seed)]).reshape(k, 1, 1)
    return [complex(v) for v in frequency_response(Tensor(taps), FOURIER.space(N), size=k).data.ravel()]


def interpolated_half(m: Arithmetic, k: int, N: int, seed: int) -> Signal:
    return interpolated(m, k, N, -((k - 1) // 2), seed)[: (N + 1) // 2]


def straight_lines(m: Arithmetic, k: int, r: int, seed: int) -> Signal:
    """Interpolate the k-point spectrum linearly, r steps between two bins."""
    H = dft(m, noise(m, k, seed))
    return [((r - j) * H[p] + j * H[(p + 1) % k]) / r for p in range(k) for j in range(r)]


def padded_r_times(m: Arithmetic, k: int, r: int, seed: int) -> Signal:
    return dft(m, padded(noise(m, k, seed), r * k))


def faded_images(m: Arithmetic, k: int, r: int, seed: int) -> Signal:
    """Repeat the taps r times under the squared Dirichlet window, which is 1 at the first tap."""
    taps = noise(m, k, seed)
    window = [(m.sin(m.pi * n / k) / (r * m.sin(m.pi * n / (r * k)))) ** 2 for n in range(1, r * k)]
    return [taps[0], *(window[n - 1] * taps[n % k] for n in range(1, r * k))]


def straight_lines_in_space(m: Arithmetic, k: int, r: int, seed: int) -> Signal:
    return idft(m, straight_lines(m, k, r, seed))


# -- means and linear layers -----------------------------------------------------------------------------
def mean_bin(m: Arithmetic, rows: int, columns: int, seed: int) -> Number:
    return dft2(m, noise2(m, rows, columns=columns, seed=seed))[0][0] / (rows * columns)


def mean_sample(m: Arithmetic, rows: int, columns: int, seed: int) -> Number:
    return sum(sum(row) / columns for row in noise2(m, rows, columns, seed)) / rows


def mean_by_engine(m: Arithmetic, rows: int, columns: int, seed: int) -> float:
    import numpy as np

    from freqnet import FOURIER
    from freqnet.ops import analysis, mean

    x = np.array([[float(v) for v in row] for row in noise2(m, rows, columns, seed)])
    return float(mean(analysis(x[None, :, :, None], FOURIER.space((rows, columns)))).data[0, 0])


def layer_on_spectrum(m: Arithmetic, N: int, outputs: int, seed: int) -> Signal:
    X, rows = dft(m, noise(m, N, seed)), noise2(m, outputs, N, seed + 1)
    return [sum(m.conj(W[k]) * X[k] for k in range(N)) / N for W in (dft(m, row) for row in rows)]


def layer_on_half_spectrum(m: Arithmetic, N: int, outputs: int, seed: int) -> Signal:
    """Weigh the bins that are their own mirror, 0 and N/2, once, the others twice."""
    X, rows = dft(m, noise(m, N, seed)), noise2(m, outputs, N, seed + 1)
    weights = [1 if 2 * k % N == 0 else 2 for k in range(N // 2 + 1)]
    spectra = [dft(m, row) for row in rows]
    return [sum(w * m.re(m.conj(W[k]) * X[k]) for k, w in enumerate(weights)) / N for W in spectra]


def half_without_weights(m: Arithmetic, N: int, outputs: int, seed: int) -> Signal:
    X, rows = dft(m, noise(m, N, seed)), noise2(m, outputs, N, seed + 1)
    return [sum(m.re(m.conj(W[k]) * X[k]) for k in range(N // 2 + 1)) / N for W in (dft(m, row) for row in rows)]


def layer_on_samples(m: Arithmetic, N: int, outputs: int, seed: int) -> Signal:
    x = noise(m, N, seed)
    return [sum(row[n] * x[n] for n in range(N)) for row in noise2(m, outputs, N, seed + 1)]


_LINE = tuple({"n": n, "k": k, "N": N, "seed": 3} for n, k, N in ((5, 3, 7), (8, 3, 13), (1, 1, 1), (4, 6, 9)))
_SHORT = tuple({"n": n, "k": k, "N": N, "seed": 6} for n, k, N in ((5, 3, 6), (8, 3, 8), (4, 4, 6), (7, 2, 7)))
_CIRCLE = tuple({"n": N, "k": N, "N": N, "seed": 4} for N in (1, 2, 7, 8))
_MAPS = tuple({"rows": r, "columns": c, "seed": 6} for r, c in ((3, 4), (1, 5), (2, 2), (5, 3)))
_TAPS = tuple({"k": k, "N": N, "first": first, "seed": 7} for k, N, first in (
    (3, 8, 0), (3, 8, -1), (3, 9, -1), (5, 7, -2), (4, 10, 0), (2, 4, -1), (1, 5, 2), (6, 6, 0),
))  # fmt: skip
_LAYERS = tuple({"N": N, "outputs": outputs, "seed": 8} for N, outputs in ((8, 2), (7, 3), (2, 2), (1, 2), (13, 1)))

CLAIMS = (
    Claim(
        id="convolution-circular",
        title="The product of two discrete spectra is a circular convolution",
        sources=(
            Source("pan2021", "Theorem 3.1; Section 3.1", "4", "reconstructed"),
            Source("rippel2015", "Section 2", "1", "seen"),
        ),
        statement="The convolution of two signals is the element-wise product of their spectra, on the grid of a "
        "network as on the line.",
        verdict="conditional",
        hypotheses=r"The convolution of $n$ samples with $k$ taps by $N$ bins is circular. It is the linear one if "
        r"and only if $N \geq n + k - 1$; else what reaches beyond sample $N$ is added at the start. Bins are not "
        "divided in the forward transform (for the unitary one, see the factor of eq. 1 of rippel2015).",
        proof=r"$e^{-2\pi i q n/N}$ has the period $N$ in $n$: samples $n$ and $n + N$ of the linear convolution meet "
        r"in one. None do when its $n + k - 1$ samples fit; the last, the product of the last sample and the last tap, "
        "wraps when they do not.",
        checks=(
            Identity(
                name="of N samples each: circular",
                closed=product_of_spectra,
                independent=around_the_circle,
                points=_CIRCLE,
                random={"n": Range(1, 6), "k": Range(1, 6), "N": Range(6, 12), "seed": Range(20, 99)},
            ),
            Identity(
                name="N of at least n + k - 1: linear",
                closed=product_of_spectra,
                independent=along_the_line,
                points=_LINE,
            ),
            Identity(
                name="fewer bins: linear, wrapped",
                closed=product_of_spectra,
                independent=line_wrapped,
                points=_SHORT,
            ),
            Identity(name="maps", closed=product_of_maps, independent=around_the_torus, points=_MAPS),
            Contradiction(
                name="fewer bins: not the linear one",
                claimed=along_the_line,
                actual=product_of_spectra,
                points=_SHORT,
            ),
        ),
    ),
    Claim(
        id="kernel-padding-is-interpolation",
        title="Padding a kernel with zeros interpolates its spectrum by the Dirichlet kernel",
        sources=(
            Source("pan2021", "Section 3.1"),
            Source("ko2017", "sinc interpolation of kernels, as the other sources report it"),
        ),
        statement="A kernel of $k$ taps is brought to the $N$ bins of the feature map by zero-padding or by "
        "interpolation.",
        verdict="conditional",
        hypotheses=r"The interpolation of the $k$-point spectrum is $H(q) = \sum_p H_k(p)\,D(q/N - p/k)$ with "
        r"$D(t) = e^{-i\pi t(2a + k - 1)} \sin(\pi k t)/(k \sin \pi t)$, where $a$ is the place of the first tap "
        r"(the phase is 1 for a centred kernel of odd size). Then it equals zero-padding, and is the sinc "
        r"interpolation of ko2017. Any other rule changes the filter: linear interpolation to $N = rk$ bins repeats "
        r"the taps $r$ times over the grid, under the window $(\sin(\pi n/k)/(r \sin(\pi n/N)))^2$.",
        proof=r"Insert $h_n = \frac{1}{k}\sum_p H_k(p) e^{2\pi i p n/k}$ into $\sum_n h_n e^{-2\pi i q n/N}$ and sum "
        r"over the $k$ taps. A linear rule with a triangle is a convolution of the spectrum, hence a product in space "
        "with the triangle's transform, the squared Dirichlet kernel; the zeros between bins repeat the taps.",
        checks=(
            Identity(
                name="interpolated against padded",
                closed=interpolated,
                independent=zero_padded,
                points=_TAPS,
                random={"k": Range(1, 5), "N": Range(5, 11), "first": Range(-3, 0), "seed": Range(20, 99)},
            ),
            Identity(
                name="the engine's response of a centred kernel",
                closed=interpolated_half,
                independent=by_engine,
                points=tuple({"k": k, "N": N, "seed": 9} for k, N in ((3, 8), (4, 9), (5, 5), (1, 6))),
                engine=True,
                not_enclosed=ENGINE,
            ),
            Identity(
                name="what linear interpolation does to the taps",
                closed=faded_images,
                independent=straight_lines_in_space,
                points=tuple({"k": k, "r": r, "seed": 10} for k, r in ((3, 2), (3, 4), (4, 3), (5, 1), (1, 3))),
            ),
            Contradiction(
                name="linear interpolation is not zero-padding",
                claimed=straight_lines,
                actual=padded_r_times,
                points=tuple({"k": k, "r": r, "seed": 11} for k, r in ((3, 2), (3, 4), (4, 2), (2, 3))),
            ),
        ),
    ),
    Claim(
        id="global-average-pooling",
        title="Global average pooling is the bin of frequency zero",
        sources=(Source("pan2021", "Section 3.4"),),
        statement=r"Global average pooling is a special case of features in the frequency domain: $X_0/N$, for maps "
        r"$X_{00}/(MN)$.",
        verdict="holds",
        proof=r"$e^{-2\pi i k n/N} = 1$ at $k = 0$.",
        checks=(
            Identity(name="maps", closed=mean_bin, independent=mean_sample, points=_MAPS),
            Identity(
                name="the engine's mean",
                closed=mean_bin,
                independent=mean_by_engine,
                points=_MAPS,
                engine=True,
                not_enclosed=ENGINE,
            ),
        ),
    ),
    Claim(
        id="fully-connected-on-spectrum",
        title="A fully connected layer is an inner product with the spectrum",
        sources=(Source("pan2021", "Section 3.4"),),
        statement="A fully connected layer can be realised in the frequency domain, as a convolution whose kernel is "
        "as large as its input.",
        verdict="holds",
        hypotheses=r"$y = Wx$ with real rows is $y_j = \frac{1}{N}\sum_k \overline{\hat W_{jk}}\,X_k$, one sample of "
        r"the correlation of $x$ with row $j$. On the stored half of the spectrum, "
        r"$y_j = \frac{1}{N}\sum_{k \leq N/2} w_k\,\mathrm{Re}(\overline{\hat W_{jk}}\,X_k)$ with $w_k = 1$ at the "
        r"bins $0$ and $N/2$ (there is one for even $N$ only) and 2 at the others.",
        proof="Parseval's identity, row by row. Bins $k$ and $N - k$ of a real signal are conjugate, so that each pair "
        "contributes twice the real part of one.",
        checks=(
            Identity(name="all bins", closed=layer_on_spectrum, independent=layer_on_samples, points=_LAYERS),
            Identity(name="half the bins", closed=layer_on_half_spectrum, independent=layer_on_samples, points=_LAYERS),
            Contradiction(
                name="half the bins without weights",
                claimed=half_without_weights,
                actual=layer_on_samples,
                points=_LAYERS[:2],
            ),
        ),
    ),
)
