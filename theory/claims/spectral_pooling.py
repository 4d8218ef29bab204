"""Spectral pooling: the unitary transform, its forward and backward pass, and the Nyquist bin of even sizes."""

from __future__ import annotations

from fractions import Fraction

from ..arithmetic import Arithmetic, Number
from ..checks import Bound, Contradiction, Identity, Range
from ..claim import Claim, Source
from ..signals import Map, Signal, dft, dft2, idft, idft2, linear, modes, noise, noise2, rolled


# == the unitary transform ===========================================================================================
def paper_transform(m: Arithmetic, x: Map, sign: int = -1) -> Map:
    """Return the unitary transform as the paper defines it, a double sum over sqrt(MN); sign 1 inverts it."""
    M, N = len(x), len(x[0])
    cells = [(r, c) for r in range(M) for c in range(N)]
    root, turns = m.sqrt(m.number(M * N)), m.units(M * N, (M * N) ** 2)
    return [
        [sum(x[r][c] * turns[sign * (r * h * N + c * w * M) % (M * N)] for r, c in cells) / root for w in range(N)]
        for h in range(M)
    ]


# -- the product theorem, equation 1 -------------------------------------------------------------------
def scaled_product(m: Arithmetic, rows: int, columns: int, seed: int) -> Map:
    X, H = dft2(m, noise2(m, rows, columns, seed)), dft2(m, noise2(m, rows, columns, seed + 1))
    root = m.sqrt(m.number(rows * columns))
    return [[root * (X[h][w] / root) * (H[h][w] / root) for w in range(columns)] for h in range(rows)]


def plain_product(m: Arithmetic, rows: int, columns: int, seed: int) -> Map:
    root = m.sqrt(m.number(rows * columns))
    return [[z / root for z in row] for row in scaled_product(m, rows, columns, seed)]


def transform_of_circular(m: Arithmetic, rows: int, columns: int, seed: int) -> Map:
    x, f = noise2(m, rows, columns, seed), noise2(m, rows, columns, seed + 1)
    cells = [(r, c) for r in range(rows) for c in range(columns)]
    y = [
        [sum(x[r][c] * f[(a - r) % rows][(b - c) % columns] for r, c in cells) for b in range(columns)]
        for a in range(rows)
    ]
    return paper_transform(m, y)


def transform_of_linear(m: Arithmetic, rows: int, columns: int, seed: int) -> Map:
    """Transform the first rows and columns of the linear convolution."""
    x, f = noise2(m, rows, columns, seed), noise2(m, rows, columns, seed + 1)
    by_row = [[linear(x[r], f[a]) for a in range(rows)] for r in range(rows)]
    y = [[sum(by_row[r][a - r][b] for r in range(a + 1)) for b in range(columns)] for a in range(rows)]
    return paper_transform(m, y)


# -- Parseval, equation 2 ------------------------------------------------------------------------------
def loss_of_spectra(m: Arithmetic, rows: int, columns: int, seed: int) -> Number:
    X, Y = dft2(m, noise2(m, rows, columns, seed)), dft2(m, noise2(m, rows, columns, seed + 1))
    root = m.sqrt(m.number(rows * columns))
    return sum(m.abs(X[h][w] / root - m.unit(1, 7) * Y[h][w] / root) ** 2 for h in range(rows) for w in range(columns))


def loss_of_samples(m: Arithmetic, rows: int, columns: int, seed: int) -> Number:
    """Return the squared distance of a real map and a complex one."""
    x, y = noise2(m, rows, columns, seed), noise2(m, rows, columns, seed + 1)
    return sum(m.abs(x[r][c] - m.unit(1, 7) * y[r][c]) ** 2 for r in range(rows) for c in range(columns))


def power_of_half(m: Arithmetic, rows: int, columns: int, seed: int) -> Number:
    """Return the power from the bins w = 0 .. N/2 alone: weight 1 at 0 and at Nyquist, 2 between."""
    X = dft2(m, noise2(m, rows, columns, seed))
    weights = [1 if 2 * w in (0, columns) else 2 for w in range(columns // 2 + 1)]
    return sum(weights[w] * m.abs(row[w]) ** 2 for row in X for w in range(len(weights))) / (rows * columns)


def power_unweighted(m: Arithmetic, rows: int, columns: int, seed: int) -> Number:
    X = dft2(m, noise2(m, rows, columns, seed))
    return sum(m.abs(z) ** 2 for row in X for z in row[: columns // 2 + 1]) / (rows * columns)


def power_of_samples(m: Arithmetic, rows: int, columns: int, seed: int) -> Number:
    return sum(v * v for row in noise2(m, rows, columns, seed) for v in row)


# -- the symmetry of real maps, equation 3 -------------------------------------------------------------
def reflected(m: Arithmetic, rows: int, columns: int, seed: int) -> Map:
    X = dft2(m, noise2(m, rows, columns, seed))
    return [[m.conj(X[(rows - h) % rows][(columns - w) % columns]) for w in range(columns)] for h in range(rows)]


def not_reflected(m: Arithmetic, rows: int, columns: int, seed: int) -> Map:
    x = noise2(m, rows, columns, seed)
    return [[m.sqrt(m.number(rows * columns)) * z for z in row] for row in paper_transform(m, x)]


def inverse_of_symmetric(m: Arithmetic, rows: int, columns: int, seed: int) -> Map:
    """Make any complex map symmetric, by the mean with its reflection, and return its inverse transform."""
    a, b = noise2(m, rows, columns, seed), noise2(m, rows, columns, seed + 1)
    y = [[a[h][w] + m.i * b[h][w] for w in range(columns)] for h in range(rows)]
    return idft2(m, [[(y[h][w] + m.conj(y[-h][-w])) / 2 for w in range(columns)] for h in range(rows)])


def real_part_of_inverse(m: Arithmetic, rows: int, columns: int, seed: int) -> Map:
    a, b = noise2(m, rows, columns, seed), noise2(m, rows, columns, seed + 1)
    y = [[z + m.i * v for z, v in zip(*both, strict=True)] for both in zip(a, b, strict=True)]
    root = m.sqrt(m.number(rows * columns))
    return [[m.re(z) / root for z in row] for row in paper_transform(m, y, sign=1)]


def free_reals(m: Arithmetic, rows: int, columns: int) -> list[Number]:
    """Return how many bins are their own reflection, and how many free reals a symmetric map has."""
    alone = (2 - rows % 2) * (2 - columns % 2)
    pairs = (rows * columns - alone) // 2
    return [m.number(alone), m.number(2 * pairs + alone)]


def fixed_points_and_trace(m: Arithmetic, rows: int, columns: int) -> list[Number]:
    """Count fixed bins one by one; the rank of y -> (y + reflected conj(y))/2, a projection, is its trace."""
    fixed, trace = 0, Fraction(0)
    for h in range(rows):
        for w in range(columns):
            is_fixed = (-h % rows, -w % columns) == (h, w)
            fixed += is_fixed
            # The diagonal entries of the projection for 1 and for i in this bin.
            trace += Fraction(1 + is_fixed, 2) + Fraction(1 - is_fixed, 2)
    return [m.number(fixed), m.number(trace)]


def number_of_real_bins(m: Arithmetic, rows: int, columns: int) -> Number:
    return m.number(1 if columns % 2 else 4)


def real_bins(m: Arithmetic, rows: int, columns: int, seed: int) -> Map:
    """Return the values at those of 0, (M/2, 0), (0, N/2), (M/2, N/2) that exist: sums with alternating signs."""
    x = noise2(m, rows, columns, seed)
    down, across = range(2 - rows % 2), range(2 - columns % 2)
    cells = [(r, c) for r in range(rows) for c in range(columns)]
    return [[sum((-1) ** (a * r) * (-1) ** (b * c) * x[r][c] for r, c in cells) for b in across] for a in down]


def bins_at_half(m: Arithmetic, rows: int, columns: int, seed: int) -> Map:
    X = dft2(m, noise2(m, rows, columns, seed))
    half = lambda size: [0] if size % 2 else [0, size // 2]
    return [[X[h][w] for w in half(columns)] for h in half(rows)]


def imaginary_part(m: Arithmetic, size: int, h: int, w: int) -> Number:
    return m.abs(m.im(dft2(m, noise2(m, size, size, 1))[h][w]))


_SHAPES = tuple(
    {"rows": rows, "columns": columns, "seed": 1} for rows, columns in ((1, 1), (1, 2), (3, 2), (4, 4), (5, 3), (2, 7))
)
_PAIRED = tuple(
    {"size": size, "h": h, "w": w}
    for size, bins in ((3, "01 10 11 12"), (4, "01 10 11 12 21 13"))
    for h, w in (map(int, cell) for cell in bins.split())
)
_ANY = {"rows": Range(1, 5), "columns": Range(1, 6), "seed": Range(0, 99)}

CLAIMS: tuple[Claim, ...] = (
    Claim(
        id="unitary-product-theorem",
        title="The unitary transform of a convolution is the product of the unitary transforms",
        sources=(Source("rippel2015", "Section 2", "1", "seen"),),
        statement=r"Under the unitary transform, $F(x * f) = F(x) \odot F(f)$ for $x, f \in R^{M \times N}$.",
        verdict="refuted",
        corrected=r"$F(x \circledast f) = \sqrt{MN}\,F(x) \odot F(f)$, where $\circledast$ is the circular "
        r"convolution over $M \times N$. Where the forward transform is not divided, there is no factor.",
        proof="Insert the definition: the double sum over the samples of $x$ and $f$ factors into two sums, each of "
        r"which is $\sqrt{MN}$ times a unitary transform, and one $1/\sqrt{MN}$ stays in front. The shift by a sample "
        r"corresponds to a factor $e^{-2\pi i k/N}$ only if indices are taken modulo the size.",
        checks=(
            Contradiction(
                name="as printed, without the factor",
                claimed=plain_product,
                actual=transform_of_circular,
                points=_SHAPES[1:],
            ),
            Contradiction(
                name="for the linear convolution even the factor does not help",
                claimed=scaled_product,
                actual=transform_of_linear,
                points=_SHAPES[1:],
            ),
            Identity(
                name="with the factor, for the circular convolution",
                closed=scaled_product,
                independent=transform_of_circular,
                points=_SHAPES,
                random=_ANY,
            ),
        ),
    ),
    Claim(
        id="parseval-approximation",
        title="The distance of two maps is the distance of their transforms",
        sources=(Source("rippel2015", "Section 2", "2", "seen"),),
        statement=r"$\|x - \hat x\|_2^2 = \|F(x) - F(\hat x)\|_2^2$ under the unitary transform.",
        verdict="holds",
        proof="The transform is linear and its matrix is unitary.",
        checks=(
            Identity(
                name="a real map and a complex one",
                closed=loss_of_spectra,
                independent=loss_of_samples,
                points=_SHAPES,
                random=_ANY,
            ),
        ),
    ),
    Claim(
        id="parseval-half-spectrum",
        title="On the stored half of the spectrum, Parseval's sum needs weights",
        statement=r"For a real map, $\|x\|_2^2 = \frac{1}{MN} \sum_h \sum_{w=0}^{\lfloor N/2 \rfloor} c_w |X_{hw}|^2$ "
        "with $c_w = 1$ at $w = 0$ and at $w = N/2$, and $c_w = 2$ between. Without weights it fails.",
        verdict="holds",
        proof="$|X_{-h,-w}| = |X_{hw}|$: each column $0 < w < N/2$ stands for itself and for the column $N - w$, "
        "which is not stored. The columns 0 and N/2 are their own reflections.",
        checks=(
            Identity(
                name="weights 1, 2, 1",
                closed=power_of_half,
                independent=power_of_samples,
                points=_SHAPES,
                random=_ANY,
            ),
            Contradiction(
                name="all weights 1",
                claimed=power_unweighted,
                actual=power_of_samples,
                points=_SHAPES[3:],
            ),
        ),
    ),
    Claim(
        id="conjugate-symmetry",
        title="A map is real if and only if its transform is conjugate symmetric",
        sources=(Source("rippel2015", "Section 2.1", "3", "seen"),),
        statement=r"$y_{mn} = y^*_{(M-m)\,\mathrm{mod}\,M,\,(N-n)\,\mathrm{mod}\,N}$ is necessary and sufficient for "
        "a real map; the effective dimension is not reduced: exactly MN real numbers remain free.",
        verdict="holds",
        proof="Conjugate the definition of the transform. Conversely, the real part of any inverse transform is the "
        "inverse transform of the symmetric part $(y_k + y^*_{-k})/2$, which is y itself if y is symmetric. A bin "
        "that is its own reflection has one free real number, and each other pair of bins has two.",
        checks=(
            Identity(
                name="necessary: the reflected conjugate of the transform of a real map",
                closed=reflected,
                independent=not_reflected,
                points=_SHAPES,
                random=_ANY,
            ),
            Identity(
                name="sufficient: a symmetric map has a real inverse transform",
                closed=inverse_of_symmetric,
                independent=real_part_of_inverse,
                points=_SHAPES,
                random=_ANY,
            ),
            Identity(
                name="free real numbers, against the rank of the projection",
                closed=free_reals,
                independent=fixed_points_and_trace,
                points=tuple({"rows": s["rows"], "columns": s["columns"]} for s in _SHAPES),
                random={"rows": Range(1, 16), "columns": Range(1, 16)},
            ),
        ),
    ),
    Claim(
        id="real-bins",
        title="Which bins of a real map are real",
        sources=(Source("rippel2015", "Section 2.2", "", "seen"),),
        statement="$y_{00}$ is real for N odd, and $y_{00}, y_{N/2,0}, y_{0,N/2}, y_{N/2,N/2}$ for N even. All other "
        "bins form pairs of distinct conjugates.",
        verdict="conditional",
        hypotheses="M and N are both odd or both even (M/2 replaces N/2 for the rows).",
        corrected="If one is even and the other odd, two bins are real: for M even and N odd, $y_{00}$ and "
        "$y_{M/2,0}$.",
        proof=r"A bin is its own reflection if $2h \equiv 0$ modulo M and $2w \equiv 0$ modulo N; its value is then a "
        r"sum of the samples with signs $\pm 1$.",
        checks=(
            Identity(
                name="their values are sums with alternating signs",
                closed=real_bins,
                independent=bins_at_half,
                points=_SHAPES,
                random=_ANY,
            ),
            Bound(
                name="other bins of a random map have an imaginary part",
                quantity=imaginary_part,
                low="0.6",
                points=_PAIRED,
            ),
            Identity(
                name="how many, against a count of fixed bins",
                closed=number_of_real_bins,
                independent=lambda m, rows, columns: fixed_points_and_trace(m, rows, columns)[0],
                points=tuple({"rows": r, "columns": c} for r, c in ((1, 1), (1, 5), (3, 3), (2, 2), (2, 6), (4, 4))),
                outside_points=tuple({"rows": r, "columns": c} for r, c in ((1, 2), (2, 1), (3, 4), (4, 5))),
            ),
            Contradiction(
                name="N odd, but M even: one real bin, as for N odd",
                claimed=lambda m, rows, columns: m.number(1),
                actual=lambda m, rows, columns: fixed_points_and_trace(m, rows, columns)[0],
                points=({"rows": 4, "columns": 5}, {"rows": 2, "columns": 3}),
            ),
        ),
    ),
)


# == forward and backward ============================================================================================
# -- Algorithm 1 ---------------------------------------------------------------------------------------
def dirichlet(m: Arithmetic, count: int, turn: Fraction) -> Number:
    """Return sin(pi count t)/sin(pi t): for an odd count, the sum of e^{2 pi i h t} over |h| <= (count - 1)/2."""
    return m.number(count) if turn == 0 else m.sin(m.pi * m.number(count * turn)) / m.sin(m.pi * m.number(turn))


def _kernels(m: Arithmetic, count: int, coarse: int, fine: int) -> Map:
    """Return the kernel of `count` modes between each coarse and each fine sample, divided by the fine size."""
    places = [[Fraction(p, coarse) - Fraction(r, fine) for r in range(fine)] for p in range(coarse)]
    return [[dirichlet(m, count, turn) / fine for turn in row] for row in places]


def low_passed_and_sampled(m: Arithmetic, rows: int, columns: int, height: int, width: int, seed: int) -> Map:
    """Return the trigonometric interpolant of a map, low-passed, on the coarse grid, times sqrt(MN/(HW))."""
    x = noise2(m, rows, columns, seed)
    down = _kernels(m, height, height, rows)
    across = _kernels(m, width, width, columns)
    half = [[sum(x[r][c] * across[q][c] for c in range(columns)) for r in range(rows)] for q in range(width)]
    scale = m.sqrt(m.number(Fraction(rows * columns, height * width)))
    return [[scale * sum(down[p][r] * half[q][r] for r in range(rows)) for q in range(width)] for p in range(height)]


def algorithm_1(m: Arithmetic, x: Map, height: int, width: int) -> Map:
    """Transform, keep an odd number of central bins, and transform back."""
    y = paper_transform(m, x)
    above, left = height // 2, width // 2
    # Negative indices are those of the negative modes.
    order = lambda size, half: [*range(size - half), *range(-half, 0)]
    return paper_transform(m, [[y[h][w] for w in order(width, left)] for h in order(height, above)], sign=1)


def of_noise(m: Arithmetic, rows: int, columns: int, height: int, width: int, seed: int) -> Map:
    return algorithm_1(m, noise2(m, rows, columns, seed), height, width)


def by_the_engine(m: Arithmetic, rows: int, columns: int, height: int, width: int, seed: int) -> Map:
    """Pool in the engine, whose transform keeps the mean, and rescale."""
    import numpy as np

    from freqnet import Fourier, ops

    x = np.array([[float(m.number(v).real) for v in row] for row in noise2(m, rows, columns, seed)])
    pooled = ops.resample(ops.analysis(x[None, :, :, None], Fourier.on((rows, columns))), (height, width))
    scale = m.sqrt(m.number(Fraction(rows * columns, height * width)))
    return [[scale * m.number(float(v)) for v in row] for row in ops.synthesis(pooled).data[0, :, :, 0]]


def scaled_mean(m: Arithmetic, rows: int, columns: int, height: int, width: int, seed: int) -> Number:
    mean = sum(noise(m, rows * columns, seed)) / (rows * columns)
    return m.sqrt(m.number(Fraction(rows * columns, height * width))) * mean


def mean_before(m: Arithmetic, rows: int, columns: int, height: int, width: int, seed: int) -> Number:
    return sum(map(sum, noise2(m, rows, columns, seed))) / (rows * columns)


def mean_after(m: Arithmetic, rows: int, columns: int, height: int, width: int, seed: int) -> Number:
    return sum(map(sum, of_noise(m, rows, columns, height, width, seed))) / (height * width)


# -- truncation as best approximation -------------------------------------------------------------------------
def kept(m: Arithmetic, x: Signal, chosen: list[int]) -> Signal:
    """Keep the mean and the chosen positive modes with their conjugates."""
    X = dft(m, x)
    return idft(m, [X[k] if k == 0 or k in chosen or len(x) - k in chosen else m.number(0) for k in range(len(x))])


def distortion(m: Arithmetic, x: Signal, chosen: list[int]) -> Number:
    y = kept(m, x, chosen)
    return sum(m.abs(x[n] - y[n]) ** 2 for n in range(len(x)))


def decreasing(m: Arithmetic, N: int) -> Signal:
    """Return a signal whose modes have magnitudes 1/(1 + |k|), with phases."""
    X = [m.unit(k * k, 7) / (1 + k) for k in range((N + 1) // 2)]
    return [m.re(X[0]) + 2 * sum(m.re(X[k] * m.unit(k * n, N)) for k in range(1, len(X))) for n in range(N)]


def excess(m: Arithmetic, N: int, first: int, second: int) -> Number:
    """Return the additional distortion of another choice of two modes, compared with modes 1 and 2."""
    x = decreasing(m, N)
    return distortion(m, x, [first, second]) - distortion(m, x, [1, 2])


def discarded_power(m: Arithmetic, N: int, K: int, seed: int) -> Number:
    """Return the distortion of truncation to |k| <= K: the power of the dropped modes, by Parseval."""
    X = dft(m, noise(m, N, seed))
    return sum(m.abs(X[k]) ** 2 for k in range(K + 1, N - K)) / N


def residual_of_fit(m: Arithmetic, N: int, K: int, seed: int) -> Number:
    """Return |x|^2 minus the squares of its components along an orthonormal basis of cosines and sines."""
    x = noise(m, N, seed)
    left = sum(v * v for v in x) - sum(x) ** 2 / N
    for k in range(1, K + 1):
        cosine = sum(x[n] * m.cos(2 * m.pi * m.number(Fraction(k * n, N))) for n in range(N))
        sine = sum(x[n] * m.sin(2 * m.pi * m.number(Fraction(k * n, N))) for n in range(N))
        left = left - 2 * (cosine**2 + sine**2) / N
    return left


def high_tone_distortion(m: Arithmetic, N: int, chosen: int) -> Number:
    """Return the distortion of a high tone plus a faint low tone when one mode is kept."""
    high, low = N // 2 - 1, m.number("0.1")
    x = [m.re(m.unit(high * n, N)) + low * m.re(m.unit(n, N)) for n in range(N)]
    return distortion(m, x, [1 if chosen == 0 else high])


#: How the modulus of a mode (u, v) decreases: 1/(1 + sqrt(u² + v²)), or 1/(1 + max(|u|, |v|)).
EUCLIDEAN, LARGEST = 0, 1


def dropped_power(m: Arithmetic, size: int, half: int, rule: int, exchange: int) -> Number:
    """Return the power of the modes of an odd size that a square crop to |u|, |v| <= half drops.

    With the exchange the crop keeps the four modes beside its sides, (half + 1, 0) and so on, instead of its corners.
    """
    if rule == LARGEST:
        # There are 8r modes whose larger index is r.
        dropped = sum(8 * r / m.number(1 + r) ** 2 for r in range(half + 1, size // 2 + 1))
        corner = 1 / m.number(1 + half) ** 2
    else:
        dropped = euclidean_power(m, size // 2) - euclidean_power(m, half)
        corner = 1 / (1 + m.sqrt(m.number(2)) * half) ** 2
    return dropped + 4 * exchange * (corner - 1 / m.number(2 + half) ** 2)


def euclidean_power(m: Arithmetic, half: int) -> Number:
    """Return the power of the square of modes up to `half`, each with the modulus 1/(1 + sqrt(u² + v²))."""
    every = range(-half, half + 1)
    return sum(1 / (1 + m.sqrt(m.number(u * u + v * v))) ** 2 for u in every for v in every)


def distortion_of_samples(m: Arithmetic, size: int, half: int, rule: int, exchange: int) -> Number:
    """Return the squared distance of a map and its crop, sample by sample; mode k of the unitary transform is real."""
    every = range(-(size // 2), size // 2 + 1)
    corners = [(half, half), (half, -half), (-half, half), (-half, -half)]
    beside = [(half + 1, 0), (-half - 1, 0), (0, half + 1), (0, -half - 1)]
    kept = {(u, v) for u in range(-half, half + 1) for v in range(-half, half + 1)}
    kept = (kept - set(corners)) | set(beside) if exchange else kept
    distance = lambda u, v: m.sqrt(m.number(u * u + v * v)) if rule == EUCLIDEAN else m.number(max(abs(u), abs(v)))
    off = {(u, v): 1 / (1 + distance(u, v)) for u in every for v in every if (u, v) not in kept}
    turns = [m.re(m.unit(n, size)) for n in range(size)]
    sample = lambda r, c: sum(z * turns[(u * r + v * c) % size] for (u, v), z in off.items()) / size
    return sum(sample(r, c) ** 2 for r in range(size) for c in range(size))


# -- Algorithm 2 ---------------------------------------------------------------------------------------
def algorithm_2(m: Arithmetic, rows: int, columns: int, height: int, width: int, seed: int) -> Map:
    """Transform the gradient, pad it with zeros around the centre, transform back."""
    root, coarse = m.sqrt(m.number(rows * columns)), m.sqrt(m.number(height * width))
    Z = dft2(m, noise2(m, height, width, seed))
    z = [[m.number(0)] * columns for _ in range(rows)]
    for h in range(height):
        for w in range(width):
            z[h if 2 * h < height else h - height][w if 2 * w < width else w - width] = Z[h][w] / coarse
    return [[root * v for v in row] for row in idft2(m, z)]


def adjoint_entry_by_entry(m: Arithmetic, rows: int, columns: int, height: int, width: int, seed: int) -> Map:
    """Return <A e, g> for every unit map e."""
    g = noise2(m, height, width, seed)

    def against(r: int, c: int) -> Number:
        unit_map = [[m.number(1 if (a, b) == (r, c) else 0) for b in range(columns)] for a in range(rows)]
        y = algorithm_1(m, unit_map, height, width)
        return sum(y[p][q] * g[p][q] for p in range(height) for q in range(width))

    return [[against(r, c) for c in range(columns)] for r in range(rows)]


def _size(*sizes: int, seed: int = 1) -> dict[str, int | str]:
    names = ("rows", "columns", "height", "width")
    return {**dict(zip(names, sizes, strict=False)), "seed": seed}


_ODD = (
    _size(1, 1, 1, 1),
    _size(2, 3, 1, 3, seed=2),
    _size(5, 5, 3, 3, seed=3),
    _size(4, 6, 3, 5, seed=4),
    _size(6, 5, 5, 1, seed=5),
)

CLAIMS += (
    Claim(
        id="spectral-pooling-forward",
        title="Algorithm 1 samples the low-passed map on a coarser grid",
        sources=(Source("rippel2015", "Algorithm 1; Section 3", "", "seen"),),
        statement=r"Transform, keep the central $H \times W$ bins, and transform back; the result is a map of lower "
        "resolution.",
        verdict="conditional",
        hypotheses="H and W are odd (M and N are arbitrary).",
        corrected=r"The result is $\hat x_{pq} = \sqrt{MN/(HW)}\;(P x)(pM/H, qN/W)$ "
        "where $P x$ is the trigonometric interpolant of x without the modes above $(H-1)/2$ and $(W-1)/2$. For even "
        "H or W the Nyquist row or column needs a rule: see treat-corner-cases and keras-crop-index.",
        proof=r"The transforms divide by $\sqrt{MN}$ and by $\sqrt{HW}$ while an interpolant divides by $MN$. "
        r"Exchange the sums: the sum over the modes is a Dirichlet kernel, $\sin(\pi H t)/\sin(\pi t)$ at $t = p/H - "
        "m/M$.",
        checks=(
            Identity(
                name="by Dirichlet kernels, without a transform",
                closed=low_passed_and_sampled,
                independent=of_noise,
                points=_ODD,
                random={"rows": Range(3, 5), "columns": Range(5, 6), "height": Range(3, 3), "width": Range(5, 5)}
                | {"seed": Range(0, 99)},
                draws=2,
                outside={"rows": Range(5, 6), "columns": Range(5, 6), "height": Range(2, 4), "width": Range(4, 4)}
                | {"seed": Range(0, 99)},
            ),
            Identity(
                name="and by freqnet's engine",
                closed=low_passed_and_sampled,
                independent=by_the_engine,
                points=(*_ODD, _size(9, 8, 5, 3)),
                engine=True,
            ),
        ),
    ),
    Claim(
        id="spectral-pooling-mean",
        title="Cropping under the unitary transform changes the mean",
        sources=(Source("rippel2015", "Section 1; Section 3", "", "none"),),
        statement="Truncation of the frequency representation exactly corresponds to reduction in resolution.",
        verdict="conditional",
        hypotheses="The forward transform divides by the number of samples, or the result is divided by "
        r"$\sqrt{MN/(HW)}$.",
        corrected="Under the paper's unitary transform the pooled map "
        r"is the map of lower resolution times $\sqrt{MN/(HW)}$; for example, a constant map of ones becomes a "
        r"constant map of $\sqrt{MN/(HW)}$.",
        proof=r"The bin 0 is $\sqrt{MN}$ times the mean before pooling, and $\sqrt{HW}$ times the mean after it.",
        checks=(
            Contradiction(
                name="the mean stays",
                claimed=mean_before,
                actual=mean_after,
                points=_ODD[1:],
            ),
            Identity(
                name="the mean is multiplied",
                closed=scaled_mean,
                independent=mean_after,
                points=_ODD,
                random={
                    "rows": Range(3, 5),
                    "columns": Range(3, 6),
                    "height": Range(1, 3),
                    "width": Range(1, 3),
                    "seed": Range(0, 99),
                },
                screened=40,
            ),
        ),
    ),
    Claim(
        id="spectral-pooling-backward",
        title="Algorithm 2 is the adjoint of Algorithm 1",
        sources=(Source("rippel2015", "Algorithm 2; Section 3", "", "seen"),),
        statement="The gradient for the input is the transform of the gradient for the output, zero-padded around "
        "the centre, transformed back.",
        verdict="conditional",
        hypotheses="H and W are odd.",
        corrected="For even sizes see pooling-backward-even.",
        proof="The adjoint of a product is the product of the adjoints in reverse order; that of a unitary transform "
        "is its inverse, that of choosing bins is padding with zeros. With H and W odd, padding keeps the symmetry "
        "of equation 3, and the result is real.",
        checks=(
            Identity(
                name="<A e, g> for every unit map e",
                closed=algorithm_2,
                independent=adjoint_entry_by_entry,
                points=(_size(1, 1, 1, 1), _size(2, 3, 1, 3, seed=2), _size(4, 5, 3, 3, seed=3), _size(5, 3, 3, 1)),
                random={"rows": Range(3, 4), "columns": Range(3, 5), "height": Range(1, 1), "width": Range(3, 3)}
                | {"seed": Range(0, 99)},
                screened=20,
                outside={"rows": Range(3, 5), "columns": Range(5, 6), "height": Range(2, 2), "width": Range(2, 4)}
                | {"seed": Range(0, 99)},
            ),
        ),
    ),
    Claim(
        id="truncation-distortion",
        title="Dropping the high modes loses least",
        sources=(Source("rippel2015", "Section 3.1", "", "none"),),
        statement=r"Eliminating the higher frequencies results in a representation that minimises the distortion $\|x "
        r"- \hat x\|_2$ after reconstruction.",
        verdict="conditional",
        hypotheses="Every kept bin is at least as large in modulus as every dropped one. For a crop to "
        r"$\max(|k_1|, |k_2|) \leq K$ it is sufficient that $|X|$ does not increase with $\max(|k_1|, |k_2|)$; for "
        "signals, that it does not increase with $|k|$.",
        corrected="The condition is necessary and sufficient for the crop to be best among all choices of the same "
        "number of modes. In two dimensions a modulus that decreases with $|k| = \\sqrt{k_1^2 + k_2^2}$, as the paper "
        "argues for natural images, is not enough, since the corners of the square are farther away than modes beside "
        "it: for $|X_k| = 1/(1 + |k|)$ on 33 by 33 modes the crop to 9 by 9 has the squared distortion 6.62039, and "
        r"6.59954 after the modes $(\pm 4, \pm 4)$ are exchanged for $(\pm 5, 0)$ and $(0, \pm 5)$. Among all maps of "
        "the band of the crop, truncation is always the best, since it is an orthogonal projection.",
        proof="By Parseval the squared distortion is the power of the dropped modes. If a kept mode is smaller than a "
        "dropped one, exchange the two: the distortion decreases. Otherwise the kept modes are a choice of largest "
        "ones, whose power no other choice of the same number exceeds.",
        checks=(
            Identity(
                name="the distortion is the power left out, against a least-squares fit",
                closed=discarded_power,
                independent=residual_of_fit,
                points=({"N": 7, "K": 2, "seed": 1}, {"N": 8, "K": 3, "seed": 2}, {"N": 9, "K": 0, "seed": 3}),
                random={"N": Range(8, 12), "K": Range(0, 3), "seed": Range(0, 99)},
            ),
            Bound(
                name="decreasing magnitudes: every other pair of modes loses more",
                quantity=excess,
                low="0.87",
                points=tuple({"N": 9, "first": a, "second": b} for a, b in ((1, 3), (1, 4), (2, 3), (2, 4), (3, 4))),
            ),
            Identity(
                name="in two dimensions, the power of the dropped modes against samples",
                closed=dropped_power,
                independent=distortion_of_samples,
                points=tuple(
                    {"size": size, "half": half, "rule": rule, "exchange": exchange}
                    for size, half, rule, exchange in ((7, 1, EUCLIDEAN, 0), (9, 2, EUCLIDEAN, 1), (9, 2, LARGEST, 1))
                ),
            ),
            Contradiction(
                name="33 by 33 modes that decrease with |k|: exchanging four corners is better than the square crop",
                claimed=lambda m, half: dropped_power(m, 33, half, EUCLIDEAN, 0),
                actual=lambda m, half: dropped_power(m, 33, half, EUCLIDEAN, 1),
                points=({"half": 4},),
                gap="3e-3",
            ),
            Bound(
                name="the distortion of the square crop, to five decimal places",
                quantity=lambda m: dropped_power(m, 33, 4, EUCLIDEAN, 0),
                low="6.620385",
                high="6.620395",
            ),
            Bound(
                name="and after the exchange",
                quantity=lambda m: dropped_power(m, 33, 4, EUCLIDEAN, 1),
                low="6.599540",
                high="6.599550",
            ),
            Bound(
                name="modes that decrease with the larger of |k1|, |k2|: the exchange is worse",
                quantity=lambda m, size, half: (
                    dropped_power(m, size, half, LARGEST, 1) - dropped_power(m, size, half, LARGEST, 0)
                ),
                low="0.048",
                points=({"size": 33, "half": 4}, {"size": 9, "half": 1}),
            ),
            Contradiction(
                name="a high tone and a faint low one: the high mode is the one to keep",
                claimed=lambda m, N: high_tone_distortion(m, N, 0),
                actual=lambda m, N: high_tone_distortion(m, N, 1),
                points=({"N": 8}, {"N": 9}, {"N": 12}),
            ),
        ),
    ),
)


# == even sizes: real pooled maps, and the index of the crop =====================================================
# -- real pooled maps ----------------------------------------------------------------------------------
def cropped(m: Arithmetic, rows: int, columns: int, height: int, width: int, seed: int) -> Map:
    """Return the central bins, with the Nyquist mode as -H/2, scaled to keep the mean."""
    X = dft2(m, noise2(m, rows, columns, seed))
    scale = m.number(Fraction(height * width, rows * columns))
    return [[X[h][w] * scale for w in modes(width)] for h in modes(height)]


def treated(m: Arithmetic, rows: int, columns: int, height: int, width: int, seed: int) -> Map:
    """Zero the imaginary part at the bins that are their own reflections, and transform back."""
    y = cropped(m, rows, columns, height, width, seed)
    alone = lambda h, w: (2 * h) % height == 0 and (2 * w) % width == 0
    return idft2(m, [[m.re(y[h][w]) if alone(h, w) else y[h][w] for w in range(width)] for h in range(height)])


def treated_at_the_corner(m: Arithmetic, rows: int, columns: int, height: int, width: int, seed: int) -> Map:
    """Zero the imaginary part of the bin that is (0, 0) with DC at the centre, the lowest mode of both axes."""
    y = cropped(m, rows, columns, height, width, seed)
    y[-(height // 2)][-(width // 2)] = m.re(y[-(height // 2)][-(width // 2)])
    return idft2(m, y)


def real_part_of_treated(m: Arithmetic, rows: int, columns: int, height: int, width: int, seed: int) -> Map:
    return [[m.re(z) for z in row] for row in treated(m, rows, columns, height, width, seed)]


def made_symmetric(m: Arithmetic, rows: int, columns: int, height: int, width: int, seed: int) -> Map:
    """Replace each bin by the mean of itself and its reflected conjugate, and transform back."""
    y = cropped(m, rows, columns, height, width, seed)
    return idft2(m, [[(y[h][w] + m.conj(y[-h][-w])) / 2 for w in range(width)] for h in range(height)])


def without_nyquist(m: Arithmetic, rows: int, columns: int, height: int, width: int, seed: int) -> Map:
    y = cropped(m, rows, columns, height, width, seed)
    gone = lambda h, w: 2 * h == height or 2 * w == width
    return idft2(m, [[0 * y[h][w] if gone(h, w) else y[h][w] for w in range(width)] for h in range(height)])


def by_cosine_kernel(m: Arithmetic, rows: int, columns: int, height: int, width: int, seed: int) -> Map:
    """Sum x cos(pi (s + t)) sin(pi H s) sin(pi W t) / (MN sin(pi s) sin(pi t)), s and t distances in periods.

    The cosine, of s and t of even sizes only, is there because the modes -H/2 .. H/2 - 1 are half a mode off centre.
    """
    x = noise2(m, rows, columns, seed)

    def kernel(size: int, turn: Fraction) -> Number:
        off_centre = turn * Fraction(1 - size % 2, 2)
        return m.unit(off_centre.numerator, off_centre.denominator) * dirichlet(m, size, turn)

    down = [[kernel(height, Fraction(p, height) - Fraction(r, rows)) for r in range(rows)] for p in range(height)]
    across = [[kernel(width, Fraction(q, width) - Fraction(c, columns)) for c in range(columns)] for q in range(width)]
    half = [[sum(x[r][c] * across[q][c] for c in range(columns)) for r in range(rows)] for q in range(width)]
    return [
        [m.re(sum(down[p][r] * half[q][r] for r in range(rows))) / (rows * columns) for q in range(width)]
        for p in range(height)
    ]


def by_odd_kernel(m: Arithmetic, rows: int, columns: int, height: int, width: int, seed: int) -> Map:
    """Sum x with the Dirichlet kernels of the odd number of modes below Nyquist."""
    x = noise2(m, rows, columns, seed)
    odd = lambda size: size - 1 + size % 2
    down, across = _kernels(m, odd(height), height, rows), _kernels(m, odd(width), width, columns)
    cells = [(r, c) for r in range(rows) for c in range(columns)]
    return [[sum(x[r][c] * down[p][r] * across[q][c] for r, c in cells) for q in range(width)] for p in range(height)]


# -- half a map and back -------------------------------------------------------------------------------
def recover_map(m: Arithmetic, y: Map) -> list[Number | Map]:
    """Keep one bin of each conjugate pair and fill in the other; also return the number of kept bins."""
    M, N = len(y), len(y[0])
    half = {(h, w): y[h][w] for h in range(M) for w in range(N) if (h, w) <= (-h % M, -w % N)}
    fill = lambda h, w: half[h, w] if (h, w) in half else m.conj(half[-h % M, -w % N])
    return [m.number(len(half)), [[fill(h, w) for w in range(N)] for h in range(M)]]


def recovered(m: Arithmetic, rows: int, columns: int, seed: int) -> list[Number | Map]:
    return recover_map(m, dft2(m, noise2(m, rows, columns, seed)))


def whole_map(m: Arithmetic, rows: int, columns: int, seed: int) -> list[Number | Map]:
    root = m.sqrt(m.number(rows * columns))
    orbits = {frozenset({(h, w), (-h % rows, -w % columns)}) for h in range(rows) for w in range(columns)}
    whole = paper_transform(m, noise2(m, rows, columns, seed))
    return [m.number(len(orbits)), [[root * z for z in row] for row in whole]]


def off_symmetric(m: Arithmetic, rows: int, columns: int, seed: int) -> Map:
    a, b = noise2(m, rows, columns, seed), noise2(m, rows, columns, seed + 1)
    return [[a[h][w] + m.i * b[h][w] for w in range(columns)] for h in range(rows)]


# -- where to crop -------------------------------------------------------------------------------------
def centred_crop(m: Arithmetic, A: int, C: int, start: int, seed: int) -> Signal:
    """Move bin 0 to index A//2, keep C bins from `start`, move index C//2 back to 0, and transform back."""
    X = rolled(dft(m, noise(m, A, seed)), A // 2)
    return [C * z / A for z in idft(m, rolled(X[start : start + C], -(C // 2)))]


def crop_where_zero_stays(m: Arithmetic, A: int, C: int, seed: int) -> Signal:
    return centred_crop(m, A, C, A // 2 - C // 2, seed)


def crop_as_printed(m: Arithmetic, A: int, C: int, seed: int) -> Signal:
    return centred_crop(m, A, C, (A - C) // 2, seed)


def crop_by_mode(m: Arithmetic, A: int, C: int, seed: int) -> Signal:
    """Sum the modes -(C//2) .. (C - 1)//2 directly."""
    x = noise(m, A, seed)
    mode = lambda k: sum(x[n] * m.unit(-k * n, A) for n in range(A)) / A
    kept = {k: mode(k) for k in range(-(C // 2), (C + 1) // 2)}
    return [sum(X * m.unit(k * n, C) for k, X in kept.items()) for n in range(C)]


_EVEN_CROPS = (_size(5, 5, 4, 4), _size(6, 7, 4, 5, seed=2), _size(5, 6, 2, 3, seed=3), _size(7, 5, 3, 4, seed=4))
_ODD_CROPS = (_size(8, 8, 5, 5), _size(6, 7, 3, 5, seed=2), _size(7, 1, 3, 1, seed=3))
_SELF = (
    _size(5, 1, 4, 1),
    _size(5, 1, 3, 1),
    _size(1, 7, 1, 6, seed=2),
    _size(8, 1, 4, 1, seed=3),
    _size(3, 5, 2, 2, seed=4),
)
_OTHER_PARITY = tuple({"A": A, "C": C, "seed": 1} for A, C in ((8, 4), (7, 5), (9, 4), (7, 2), (2, 2), (1, 1)))
_MIXED = tuple({"A": A, "C": C, "seed": 1} for A, C in ((8, 5), (6, 3), (4, 1), (2, 1)))

CLAIMS += (
    Claim(
        id="treat-corner-cases",
        title="Zeroing four imaginary parts makes a pooled map real",
        sources=(Source("keras", "Algorithm 2", "", "seen"),),
        statement="After cropping to an even size, it is enough to zero the imaginary part at the bins that are "
        "their own reflections, (0, 0), (A/2, 0), (0, B/2) and (A/2, B/2). (The printed chain of else-branches "
        "treats (A/2, 0) alone where A is even.) This claim does not concern the routine of the same name in the "
        "original paper, whose supplement was not available.",
        verdict="refuted",
        corrected="It is enough for signals, and in two dimensions for sizes 1 and 2. Otherwise, along an axis that "
        "is cropped to an even size, the whole Nyquist row or column has lost its reflection, since only one of the "
        "modes -H/2 and H/2 is kept. Either replace each bin by the mean of itself and its reflected conjugate, "
        "which gives the real part of the inverse transform, or zero the Nyquist row and column. In addition, the "
        "report indexes the centred spectrum. For an odd size its (0, 0) is a corner bin that is not its own "
        "reflection: zeroing the imaginary part there turns a real map into a complex one.",
        proof="With H even and $0 < w < W$, the bin (-H/2, w) is kept and its reflection (H/2, -w) is not; its place "
        "is taken by the bin (-H/2, -w), an independent number. An inverse transform is real if and only if the map "
        "is symmetric.",
        checks=(
            Contradiction(
                name="in two dimensions the treated map is not real",
                claimed=real_part_of_treated,
                actual=treated,
                points=_EVEN_CROPS,
            ),
            Contradiction(
                name="the corner (0, 0) of a centred spectrum of odd sizes: a real map becomes complex",
                claimed=by_cosine_kernel,
                actual=treated_at_the_corner,
                points=_ODD_CROPS,
            ),
            Identity(
                name="for signals, for 2 x 2, and for odd sizes, it is enough",
                closed=by_cosine_kernel,
                independent=treated,
                points=(*_SELF, *_ODD_CROPS),
            ),
            Identity(
                name="the mean with the reflected conjugate, against a kernel of sines",
                closed=by_cosine_kernel,
                independent=made_symmetric,
                points=(*_EVEN_CROPS, *_SELF[:3]),
            ),
            Identity(
                name="the Nyquist row and column zeroed, against the kernel of an odd number of modes",
                closed=by_odd_kernel,
                independent=without_nyquist,
                points=(*_EVEN_CROPS, *_SELF),
            ),
        ),
    ),
    Claim(
        id="recover-map",
        title="Half of a symmetric map determines the whole map",
        sources=(Source("rippel2015", "Algorithm 2; Section 2.1", "", "none"),),
        statement="RemoveRedundancy keeps one bin of each conjugate pair, RecoverMap fills in the other; together "
        "they change nothing.",
        verdict="conditional",
        hypotheses="The map is conjugate symmetric, as the transform of a real gradient is.",
        corrected="On any other map the two routines overwrite one half.",
        proof="Equation 3 gives the missing bins. The supplement with both routines was not available; this "
        "description follows their names and the text.",
        checks=(
            Identity(
                name="on the transform of a real map",
                closed=recovered,
                independent=whole_map,
                points=tuple({"rows": r, "columns": c, "seed": 1} for r, c in ((1, 1), (2, 2), (3, 4), (4, 3), (5, 1))),
                random={"rows": Range(2, 5), "columns": Range(2, 5), "seed": Range(0, 99)},
            ),
            Contradiction(
                name="on a map without the symmetry",
                claimed=lambda m, rows, columns, seed: recover_map(m, off_symmetric(m, rows, columns, seed))[1],
                actual=off_symmetric,
                points=({"rows": 3, "columns": 4, "seed": 1}, {"rows": 3, "columns": 3, "seed": 2}),
            ),
        ),
    ),
    Claim(
        id="keras-crop-index",
        title="Where the central bins of a centred spectrum begin",
        sources=(Source("keras", "Algorithm 1", "", "seen"),),
        statement=r"Of a centred spectrum of A bins, the central C begin at $\lfloor (A - C)/2 \rfloor$.",
        verdict="conditional",
        hypotheses="A is odd or C is even.",
        corrected=r"In general they begin at $\lfloor A/2 \rfloor - \lfloor C/2 \rfloor$. The "
        "two indices differ if A is even and C is odd. Then the printed index is one too small, and each mode is "
        "replaced by its neighbour; a map pooled to one bin keeps mode -1 instead of its mean.",
        proof=r"Bin 0 has the index $\lfloor A/2 \rfloor$ before the crop, and must have the index $\lfloor C/2 "
        r"\rfloor$ after it. For A even and C odd, $\lfloor (A - C)/2 \rfloor = A/2 - (C + 1)/2$ instead of $A/2 - (C "
        "- 1)/2$.",
        checks=(
            Contradiction(
                name="A even, C odd",
                claimed=crop_as_printed,
                actual=crop_by_mode,
                points=_MIXED,
            ),
            Identity(
                name="from A//2 - C//2",
                closed=crop_where_zero_stays,
                independent=crop_by_mode,
                points=(*_MIXED, *_OTHER_PARITY),
                random={"A": Range(6, 12), "C": Range(1, 6), "seed": Range(0, 99)},
                screened=60,
            ),
            Identity(
                name="as printed, for other parities",
                closed=crop_as_printed,
                independent=crop_by_mode,
                points=_OTHER_PARITY,
                random={"A": Range(4, 11), "C": Range(4, 4), "seed": Range(0, 99)},
                screened=40,
                outside_points=_MIXED,
                outside={"A": Range(8, 8), "C": Range(5, 5), "seed": Range(0, 99)},
            ),
        ),
    ),
)


# == the Nyquist bin, under shifts and in the backward pass ==========================================================
# -- shifts and the Nyquist bin ------------------------------------------------------------------------
AVERAGE, FOLD = 0, 1


def pooled_then_shifted(m: Arithmetic, N: int, H: int, rule: int, shift: Number, seed: int) -> Signal:
    """Pool to an even size and shift by samples of the new grid, treating the real Nyquist mode as a cosine."""
    X = dft(m, noise(m, N, seed))
    Y = [X[k] * m.exp(-2 * m.pi * m.i * shift * k / H) for k in modes(H)]
    ends = X[H // 2] + X[-H // 2]
    Y[H // 2] = (ends / 2 if rule == AVERAGE else ends) * m.cos(m.pi * shift)
    return idft(m, Y)


def zeroed_then_shifted(m: Arithmetic, N: int, H: int, shift: Number, seed: int) -> Signal:
    X = dft(m, noise(m, N, seed))
    low = lambda k: m.number(0) if 2 * k == -H else X[k] * m.exp(-2 * m.pi * m.i * shift * k / H)
    return idft(m, [low(k) for k in modes(H)])


def shifted_then_pooled(m: Arithmetic, N: int, H: int, shift: Number, seed: int, rule: int = -1) -> Signal:
    """Shift the interpolant of x by the same amount, then pool: the modes below H/2, and the Nyquist bin."""
    x = noise(m, N, seed)

    def bin_of(k: int) -> Number:
        return m.exp(-2 * m.pi * m.i * k * shift / H) * sum(x[n] * m.unit(-k * n, N) for n in range(N))

    low = [bin_of(k) for k in range(H // 2)]
    ends = bin_of(H // 2) + bin_of(-(H // 2))
    nyquist = {AVERAGE: ends / 2, FOLD: ends}.get(rule, 0)
    sample = lambda n: m.re(low[0]) + sum(2 * m.re(low[k] * m.unit(k * n, H)) for k in range(1, H // 2))
    return [(sample(n) + (-1) ** n * nyquist) / H for n in range(H)]


# -- the backward pass ---------------------------------------------------------------------------------
def padded_by_halves(m: Arithmetic, N: int, H: int, seed: int) -> Signal:
    """Pad the spectrum of a gradient, with half of its Nyquist bin on each side, and transform back."""
    Z, z = dft(m, noise(m, H, seed)), [m.number(0)] * N
    for k in range(1 - H // 2, H // 2):
        z[k] = Z[k]
    z[H // 2] = z[-(H // 2)] = Z[H // 2] / 2
    return idft(m, z)


def padded_and_recovered(m: Arithmetic, N: int, H: int, seed: int) -> Signal:
    """Pad the spectrum of a gradient, and fill in the conjugate of its Nyquist bin."""
    Z, z = dft(m, noise(m, H, seed)), [m.number(0)] * N
    for k in modes(H):
        z[k] = Z[k]
    z[H // 2] = m.conj(Z[H // 2])
    return idft(m, z)


def padded_only(m: Arithmetic, N: int, H: int, seed: int) -> Signal:
    Z, z = dft(m, noise(m, H, seed)), [m.number(0)] * N
    for k in modes(H):
        z[k] = Z[k]
    return idft(m, z)


def sample_by_sample(m: Arithmetic, N: int, H: int, seed: int) -> Signal:
    """Return <A e, g> for each unit signal e, where A is the real part of the inverse transform of the central bins."""
    g = noise(m, H, seed)
    pooled = lambda p, n: sum(m.re(m.unit(k * (p * N - n * H), H * N)) for k in modes(H)) / N
    return [sum(pooled(p, n) * g[p] for p in range(H)) for n in range(N)]


_GRIDS = ((5, 4), (9, 4), (8, 6))
_RULES = tuple({"N": N, "H": H, "rule": rule, "seed": 1} for N, H in _GRIDS for rule in (AVERAGE, FOLD))
_SIZES = ({"N": 3, "H": 2, "seed": 1}, {"N": 9, "H": 4, "seed": 2}, {"N": 8, "H": 6, "seed": 3})

CLAIMS += (
    Claim(
        id="nyquist-and-shifts",
        title="The Nyquist bin of a pooled signal",
        statement="The bin H/2 of a signal pooled to an even size H may be the mean of the bins H/2 and -H/2 of the "
        "input, their sum, or 0. Each choice commutes with shifts.",
        verdict="conditional",
        hypotheses="The shift is by whole samples of the pooled grid.",
        corrected="For shifts by fractions of a sample only the "
        "choice 0 commutes. (A shift by one sample of the fine grid is usually a fraction of a coarse sample.)",
        proof=r"A shift by t coarse samples multiplies the bins $\pm H/2$ of the input by $e^{\mp i \pi t}$, both of "
        "which are $(-1)^t$ for whole t. A real signal has one real number at its Nyquist bin. Shifts by all real t "
        r"would multiply it by $c(t)$ with $c(s + t) = c(s) c(t)$, so that $c(1) = c(1/2)^2 \geq 0$; but $c(1) = -1$.",
        checks=(
            Identity(
                name="whole samples, averaged or folded",
                closed=pooled_then_shifted,
                independent=shifted_then_pooled,
                points=(*({**at, "shift": 1} for at in _RULES), *({**at, "shift": -2} for at in _RULES)),
                random={
                    "N": Range(7, 11),
                    "H": Range(6, 6),
                    "rule": Range(AVERAGE, FOLD),
                    "shift": Range(-7, 7),
                    "seed": Range(0, 99),
                },
                screened=60,
                outside={
                    "N": Range(7, 11),
                    "H": Range(6, 6),
                    "rule": Range(AVERAGE, FOLD),
                    "shift": Range("0.1", "0.9"),
                    "seed": Range(0, 99),
                },
            ),
            Identity(
                name="any shift, Nyquist zeroed",
                closed=zeroed_then_shifted,
                independent=shifted_then_pooled,
                points=tuple({"N": N, "H": H, "shift": shift, "seed": 1} for N, H in _GRIDS for shift in (1, "0.37")),
                random={"N": Range(7, 11), "H": Range(4, 4), "shift": Range("-3", "3"), "seed": Range(0, 99)},
            ),
            Contradiction(
                name="fractions of a sample, Nyquist averaged or folded",
                claimed=pooled_then_shifted,
                actual=shifted_then_pooled,
                points=tuple({**at, "shift": "0.37"} for at in _RULES),
            ),
        ),
    ),
    Claim(
        id="pooling-backward-even",
        title="The backward pass of pooling with a kept Nyquist bin",
        sources=(Source("rippel2015", "Section 3; Algorithm 2", "", "none"),),
        statement="Differentiation through the truncation is a simple zero-padding of the gradient map, whose "
        "missing conjugates RecoverMap fills in.",
        verdict="conditional",
        hypotheses="No Nyquist bin is kept: the sizes are odd, or even with that bin set to zero.",
        corrected="If the Nyquist bin is kept as "
        "the real part (the mean of a bin and its reflected conjugate), half of it goes to each of the bins H/2 and "
        "-H/2.",
        proof="The adjoint of taking the mean of two bins gives half to each. Padding alone gives all of it to one "
        "bin. The resulting gradient is not real, but its real part is correct. Padding and filling in gives all of "
        "it to both bins.",
        checks=(
            Identity(
                name="half on each side, against <A e, g> for every unit signal e",
                closed=padded_by_halves,
                independent=sample_by_sample,
                points=_SIZES,
                random={"N": Range(7, 9), "H": Range(4, 4), "seed": Range(0, 99)},
            ),
            Identity(
                name="padding alone, where no Nyquist bin is kept",
                closed=padded_only,
                independent=sample_by_sample,
                points=({"N": 3, "H": 1, "seed": 1}, {"N": 8, "H": 5, "seed": 2}, {"N": 9, "H": 3, "seed": 3}),
                random={"N": Range(5, 9), "H": Range(3, 3), "seed": Range(0, 99)},
                screened=60,
                outside_points=_SIZES,
            ),
            Contradiction(
                name="padding, the conjugate filled in",
                claimed=padded_and_recovered,
                actual=sample_by_sample,
                points=_SIZES,
            ),
            Contradiction(
                name="padding alone",
                claimed=padded_only,
                actual=sample_by_sample,
                points=_SIZES,
            ),
        ),
    ),
)
