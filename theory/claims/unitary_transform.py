"""The unitary transform of spectral pooling: products, Parseval's sum, and the symmetry of real maps."""

from __future__ import annotations

from fractions import Fraction

from ..arithmetic import Arithmetic, Number
from ..checks import Bound, Contradiction, Identity, Range
from ..claim import Claim, Source
from ..signals import Map, dft2, idft2, linear, noise2


def paper_transform(m: Arithmetic, x: Map, sign: int = -1) -> Map:
    """Return the unitary transform as the paper defines it, a double sum over sqrt(MN); its inverse with sign 1."""
    M, N = len(x), len(x[0])
    cells = [(r, c) for r in range(M) for c in range(N)]
    root = m.sqrt(m.number(M * N))
    return [
        [sum(x[r][c] * m.unit(sign * (r * h * N + c * w * M), M * N) for r, c in cells) / root for w in range(N)]
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
            # From 1 in this bin, and from i, what comes back to it.
            trace += Fraction(1 + is_fixed, 2) + Fraction(1 - is_fixed, 2)
    return [m.number(fixed), m.number(trace)]


def real_bins(m: Arithmetic, rows: int, columns: int, seed: int) -> Map:
    """Return the values at 0, (M/2, 0), (0, N/2), (M/2, N/2), where there are such: sums with alternating signs."""
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

CLAIMS = (
    Claim(
        id="unitary-product-theorem",
        title="The transform of a convolution is the product of the transforms",
        sources=(Source("rippel2015", "Section 2", "1", "seen"),),
        statement=r"Under the unitary transform, $F(x * f) = F(x) \odot F(f)$ for $x, f \in R^{M \times N}$.",
        verdict="refuted",
        corrected=r"$F(x \circledast f) = \sqrt{MN}\,F(x) \odot F(f)$, where $\circledast$ is the circular "
        r"convolution over $M \times N$. Where the forward transform is not divided, there is no factor.",
        proof="Insert the definition: the double sum over the samples of $x$ and $f$ factors into two sums, each of "
        r"which is $\sqrt{MN}$ times a unitary transform, and one $1/\sqrt{MN}$ stays in front. The shift by a sample "
        r"is a factor $e^{-2\pi i k/N}$ only if indices are taken modulo the size.",
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
        title="A map is real just when its transform is conjugate symmetric",
        sources=(Source("rippel2015", "Section 2.1", "3", "seen"),),
        statement=r"$y_{mn} = y^*_{(M-m)\,\mathrm{mod}\,M,\,(N-n)\,\mathrm{mod}\,N}$ is necessary and sufficient for "
        "a real map; the effective dimension is not reduced: exactly MN real numbers are free.",
        verdict="holds",
        proof="Conjugate the definition of the transform. Conversely, the real part of any inverse transform is the "
        "inverse transform of the symmetric part $(y_k + y^*_{-k})/2$, which is y itself if y is symmetric. A bin "
        "that is its own reflection has one free real, each pair of others two: one for each bin.",
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
        hypotheses="M and N both odd, or both even (M/2 for the row then). With one of each parity two bins are "
        "real: for M even and N odd, $y_{00}$ and $y_{M/2,0}$.",
        proof=r"A bin is its own reflection where $2h \equiv 0$ modulo M and $2w \equiv 0$ modulo N; its value is "
        "then a sum of the samples with signs.",
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
                low="0.01",
                points=_PAIRED,
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
