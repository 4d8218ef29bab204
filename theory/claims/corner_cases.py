"""Spectral pooling to even sizes: what makes the result real, and where to crop."""

from __future__ import annotations

from fractions import Fraction

from ..arithmetic import Arithmetic, Number
from ..checks import Contradiction, Identity, Range
from ..claim import Claim, Source
from ..signals import Map, Signal, dft, dft2, idft, idft2, modes, noise, noise2, rolled
from .unitary_transform import paper_transform


# -- real pooled maps ----------------------------------------------------------------------------------
def cropped(m: Arithmetic, rows: int, columns: int, height: int, width: int, seed: int) -> Map:
    """Return the central bins, Nyquist as mode -H/2, scaled so that the mean is kept."""
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


def sines(m: Arithmetic, count: int, turn: Fraction) -> Number:
    """Return sin(pi count t)/sin(pi t)."""
    return m.number(count) if turn == 0 else m.sin(m.pi * m.number(count * turn)) / m.sin(m.pi * m.number(turn))


def by_cosine_kernel(m: Arithmetic, rows: int, columns: int, height: int, width: int, seed: int) -> Map:
    """Sum x cos(pi (s + t)) sin(pi H s) sin(pi W t) / (MN sin(pi s) sin(pi t)), s and t distances in periods.

    The cosine, of s and t of even sizes only, is there because the modes -H/2 .. H/2 - 1 are half a mode off centre.
    """
    x = noise2(m, rows, columns, seed)

    def kernel(size: int, turn: Fraction) -> Number:
        off_centre = turn * Fraction(1 - size % 2, 2)
        return m.unit(off_centre.numerator, off_centre.denominator) * sines(m, size, turn)

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
    down = [
        [sines(m, odd(height), Fraction(p, height) - Fraction(r, rows)) / rows for r in range(rows)]
        for p in range(height)
    ]
    across = [
        [sines(m, odd(width), Fraction(q, width) - Fraction(c, columns)) / columns for c in range(columns)]
        for q in range(width)
    ]
    cells = [(r, c) for r in range(rows) for c in range(columns)]
    return [[sum(x[r][c] * down[p][r] * across[q][c] for r, c in cells) for q in range(width)] for p in range(height)]


# -- half a map and back -------------------------------------------------------------------------------
def recover_map(m: Arithmetic, y: Map) -> list[Number | Map]:
    """Keep one bin of each conjugate pair, and fill the other; return how many were kept as well."""
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


def _size(*sizes: int, seed: int = 1) -> dict[str, int | str]:
    return {**dict(zip(("rows", "columns", "height", "width"), sizes, strict=True)), "seed": seed}


_EVEN = (_size(5, 5, 4, 4), _size(6, 7, 4, 5, seed=2), _size(5, 6, 2, 3, seed=3), _size(7, 5, 3, 4, seed=4))
_ODD = (_size(8, 8, 5, 5), _size(6, 7, 3, 5, seed=2), _size(7, 1, 3, 1, seed=3))
_SELF = (
    _size(5, 1, 4, 1),
    _size(5, 1, 3, 1),
    _size(1, 7, 1, 6, seed=2),
    _size(8, 1, 4, 1, seed=3),
    _size(3, 5, 2, 2, seed=4),
)
_OTHER_PARITY = tuple({"A": A, "C": C, "seed": 1} for A, C in ((8, 4), (7, 5), (9, 4), (7, 2), (2, 2), (1, 1)))
_MIXED = tuple({"A": A, "C": C, "seed": 1} for A, C in ((8, 5), (6, 3), (4, 1), (2, 1)))

CLAIMS = (
    Claim(
        id="treat-corner-cases",
        title="Zeroing four imaginary parts makes a pooled map real",
        sources=(Source("keras", "Algorithm 2", "", "seen"),),
        statement="After cropping to an even size, it is enough to zero the imaginary part at the bins that are their "
        "own reflections, (0, 0), (A/2, 0), (0, B/2) and (A/2, B/2). (The printed chain of else-branches treats (A/2, "
        "0) alone where A is even.) Of the original paper's routine of this name nothing is said here: its supplement "
        "was not at hand.",
        verdict="refuted",
        corrected="It is enough for signals, and in two dimensions for sizes 1 and 2. Otherwise, along an axis that is "
        "cropped to an even size, the whole Nyquist row or column has lost its reflection, for only one of the modes "
        "-H/2 and H/2 is kept. Either replace each bin by the mean of itself and its reflected conjugate, which gives "
        "the real part of the inverse transform, or zero the Nyquist row and column. And the report indexes the "
        "centred spectrum. For an odd size its (0, 0) is a corner bin, not its own reflection: zeroing the imaginary "
        "part there makes a map complex that was real.",
        proof="With H even and $0 < w < W$, the bin (-H/2, w) is kept and its reflection (H/2, -w) is not: in its "
        "place stands the bin (-H/2, -w), an independent number. Symmetric maps, and they alone, have a real inverse "
        "transform.",
        checks=(
            Contradiction(
                name="in two dimensions the treated map is not real",
                claimed=real_part_of_treated,
                actual=treated,
                points=_EVEN,
            ),
            Contradiction(
                name="the corner (0, 0) of a centred spectrum of odd sizes: a real map becomes complex",
                claimed=by_cosine_kernel,
                actual=treated_at_the_corner,
                points=_ODD,
            ),
            Identity(
                name="for signals, for 2 x 2, and for odd sizes, it is enough",
                closed=by_cosine_kernel,
                independent=treated,
                points=(*_SELF, *_ODD),
            ),
            Identity(
                name="the mean with the reflected conjugate, against a kernel of sines",
                closed=by_cosine_kernel,
                independent=made_symmetric,
                points=(*_EVEN, *_SELF[:3]),
            ),
            Identity(
                name="the Nyquist row and column zeroed, against the kernel of an odd number of modes",
                closed=by_odd_kernel,
                independent=without_nyquist,
                points=(*_EVEN, *_SELF),
            ),
        ),
    ),
    Claim(
        id="recover-map",
        title="Half of a symmetric map is all of it",
        sources=(Source("rippel2015", "Algorithm 2; Section 2.1", "", "none"),),
        statement="RemoveRedundancy keeps one bin of each conjugate pair, RecoverMap fills in the other; together "
        "they change nothing.",
        verdict="conditional",
        hypotheses="The map is conjugate symmetric, as the transform of a real gradient is. On any other map the "
        "pair of routines overwrites one half.",
        proof="Equation 3 says what is filled in. The supplement with both routines was not at hand: this is what "
        "their names and the text say.",
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
        hypotheses=r"A odd or C even. In general they begin at $\lfloor A/2 \rfloor - \lfloor C/2 \rfloor$. The two "
        "differ for A even and C odd: then the printed index is one too small, and each mode is read as its neighbour; "
        "pooled to one bin, a map is left with mode -1 in place of its mean.",
        proof=r"Bin 0 sits at $\lfloor A/2 \rfloor$ before and must sit at $\lfloor C/2 \rfloor$ after. For A even and "
        r"C odd, $\lfloor (A - C)/2 \rfloor = A/2 - (C + 1)/2$ instead of $A/2 - (C - 1)/2$.",
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
            ),
            Identity(
                name="as printed, for other parities",
                closed=crop_as_printed,
                independent=crop_by_mode,
                points=_OTHER_PARITY,
            ),
        ),
    ),
)
