"""Spectral pooling: the unitary transform under it, what its forward pass computes, and its backward pass."""

from __future__ import annotations

from fractions import Fraction

from ..arithmetic import Arithmetic, Number
from ..checks import Bound, Contradiction, Identity, Range
from ..claim import Claim, Source
from ..signals import Map, Signal, dft, dft2, idft, idft2, noise, noise2
from .unitary_transform import paper_transform


# -- Algorithm 1 ---------------------------------------------------------------------------------------
def dirichlet(m: Arithmetic, H: int, p: int, N: int, n: int) -> Number:
    """Return the sum of e^{2 pi i h (p/H - n/N)} over the H modes |h| <= (H - 1)/2, as a quotient of sines."""
    turn = Fraction(p, H) - Fraction(n, N)
    if turn == 0:
        return m.number(H)
    return m.sin(m.pi * m.number(H * turn)) / m.sin(m.pi * m.number(turn))


def low_passed_and_sampled(m: Arithmetic, rows: int, columns: int, height: int, width: int, seed: int) -> Map:
    """Return the trigonometric interpolant of a map, low-passed, on the coarse grid, times sqrt(MN/(HW))."""
    x = noise2(m, rows, columns, seed)
    down = [[dirichlet(m, height, p, rows, r) / rows for r in range(rows)] for p in range(height)]
    across = [[dirichlet(m, width, q, columns, c) / columns for c in range(columns)] for q in range(width)]
    half = [[sum(x[r][c] * across[q][c] for c in range(columns)) for r in range(rows)] for q in range(width)]
    scale = m.sqrt(m.number(Fraction(rows * columns, height * width)))
    return [[scale * sum(down[p][r] * half[q][r] for r in range(rows)) for q in range(width)] for p in range(height)]


def algorithm_1(m: Arithmetic, x: Map, height: int, width: int) -> Map:
    """Transform, keep the central odd number of bins, transform back."""
    y = paper_transform(m, x)
    above, left = height // 2, width // 2
    # Negative indices are those of the negative modes.
    order = lambda size, half: [*range(size - half), *range(-half, 0)]
    return paper_transform(m, [[y[h][w] for w in order(width, left)] for h in order(height, above)], sign=1)


def of_noise(m: Arithmetic, rows: int, columns: int, height: int, width: int, seed: int) -> Map:
    return algorithm_1(m, noise2(m, rows, columns, seed), height, width)


def by_the_engine(m: Arithmetic, rows: int, columns: int, height: int, width: int, seed: int) -> Map:
    """Pool in the engine, whose transform keeps the mean, and scale."""
    import numpy as np

    from freqnet import FOURIER, ops

    x = np.array([[float(m.number(v).real) for v in row] for row in noise2(m, rows, columns, seed)])
    pooled = ops.resample(ops.analysis(x[None, :, :, None], FOURIER.space((rows, columns))), (height, width))
    scale = m.sqrt(m.number(Fraction(rows * columns, height * width)))
    return [[scale * m.number(float(v)) for v in row] for row in ops.synthesis(pooled).data[0, :, :, 0]]


def scaled_mean(m: Arithmetic, rows: int, columns: int, height: int, width: int, seed: int) -> Number:
    mean = sum(noise(m, rows * columns, seed)) / (rows * columns)
    return m.sqrt(m.number(Fraction(rows * columns, height * width))) * mean


def mean_before(m: Arithmetic, rows: int, columns: int, height: int, width: int, seed: int) -> Number:
    return sum(map(sum, noise2(m, rows, columns, seed))) / (rows * columns)


def mean_after(m: Arithmetic, rows: int, columns: int, height: int, width: int, seed: int) -> Number:
    return sum(map(sum, of_noise(m, rows, columns, height, width, seed))) / (height * width)


# -- what truncation minimises -------------------------------------------------------------------------
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
    """Return how much worse another choice of two modes is than truncation to modes 1 and 2."""
    x = decreasing(m, N)
    return distortion(m, x, [first, second]) - distortion(m, x, [1, 2])


def discarded_power(m: Arithmetic, N: int, K: int, seed: int) -> Number:
    """Return the distortion of truncation to |k| <= K: what Parseval gives for the modes that are gone."""
    X = dft(m, noise(m, N, seed))
    return sum(m.abs(X[k]) ** 2 for k in range(K + 1, N - K)) / N


def residual_of_fit(m: Arithmetic, N: int, K: int, seed: int) -> Number:
    """Return |x|^2 less the squares of its components along an orthonormal basis of cosines and sines."""
    x = noise(m, N, seed)
    left = sum(v * v for v in x) - sum(x) ** 2 / N
    for k in range(1, K + 1):
        cosine = sum(x[n] * m.cos(2 * m.pi * m.number(Fraction(k * n, N))) for n in range(N))
        sine = sum(x[n] * m.sin(2 * m.pi * m.number(Fraction(k * n, N))) for n in range(N))
        left = left - 2 * (cosine**2 + sine**2) / N
    return left


def high_tone_distortion(m: Arithmetic, N: int, chosen: int) -> Number:
    """Return what is lost of a high tone and a faint low one when one mode is kept."""
    high, low = N // 2 - 1, m.number("0.1")
    x = [m.re(m.unit(high * n, N)) + low * m.re(m.unit(n, N)) for n in range(N)]
    return distortion(m, x, [1 if chosen == 0 else high])


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

CLAIMS = (
    Claim(
        id="spectral-pooling-forward",
        title="Algorithm 1 samples the low-passed map on a coarser grid",
        sources=(Source("rippel2015", "Algorithm 1; Section 3", "", "seen"),),
        statement=r"Transform, keep the central $H \times W$ bins, transform back: a map of lower resolution.",
        verdict="conditional",
        hypotheses=r"H and W odd (any M and N). Then $\hat x_{pq} = \sqrt{MN/(HW)}\;(P x)(pM/H, qN/W)$ where $P x$ is "
        "the trigonometric interpolant of x without modes beyond $(H-1)/2$ and $(W-1)/2$. For even H or W the "
        "Nyquist row or column needs a rule: see treat-corner-cases and keras-crop-index.",
        proof=r"The transforms divide by $\sqrt{MN}$ and by $\sqrt{HW}$ where an interpolant is divided by $MN$. "
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
            ),
            Identity(
                name="and by freqnet's engine",
                closed=low_passed_and_sampled,
                independent=by_the_engine,
                points=(*_ODD, _size(9, 8, 5, 3)),
                engine=True,
                not_enclosed="the engine computes in double precision",
            ),
        ),
    ),
    Claim(
        id="spectral-pooling-mean",
        title="Cropping under the unitary transform changes the mean",
        sources=(Source("rippel2015", "Section 1; Section 3", "", "none"),),
        statement="Truncation of the frequency representation exactly corresponds to reduction in resolution.",
        verdict="conditional",
        hypotheses="Up to a constant factor: under the paper's unitary transform the pooled map is the map of lower "
        r"resolution times $\sqrt{MN/(HW)}$: a constant map of ones becomes one of $\sqrt{MN/(HW)}$. It is exact after "
        "division by this factor, or where the forward transform divides by the number of samples.",
        proof=r"The bin 0 is $\sqrt{MN}$ times the mean before, and is read as $\sqrt{HW}$ times the mean after.",
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
        hypotheses="H and W odd; for even sizes see pooling-backward-even.",
        proof="The adjoint of a product is the product of the adjoints in reverse order; that of a unitary transform "
        "is its inverse, that of choosing bins is padding with zeros. With H and W odd, padding keeps the symmetry "
        "of equation 3, and the result is real.",
        checks=(
            Identity(
                name="<A e, g> for every unit map e",
                closed=algorithm_2,
                independent=adjoint_entry_by_entry,
                points=(_size(1, 1, 1, 1), _size(2, 3, 1, 3, seed=2), _size(4, 5, 3, 3, seed=3), _size(5, 3, 3, 1)),
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
        hypotheses="Among all choices of as many modes: where $|X_k|$ does not grow with $|k|$, as the paper argues "
        r"of natural images. Among all signals of one band $|k| \leq K$: always, as an orthogonal projection.",
        proof="By Parseval the distortion is the power of what is left out. A choice of other modes leaves out more, "
        "unless one of them is larger than one of the low ones.",
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
                low="0.1",
                points=tuple({"N": 9, "first": a, "second": b} for a, b in ((1, 3), (1, 4), (2, 3), (2, 4), (3, 4))),
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
