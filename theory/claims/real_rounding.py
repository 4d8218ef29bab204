"""Laplace networks in the real domain: what rounding does to a convolution through real values."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

from .. import signals
from ..arithmetic import Arithmetic, Number
from ..checks import Bound, Contradiction, Identity
from ..claim import Claim, Source
from .real_domains import FAMILIES, lagrange, powers
from .real_products import directly, through_values, values_of_product


def through_rounded_values(m: Arithmetic, N: int, family: int, seed: int, bits: int) -> list[Number]:
    """Do the same with every product off by 2^-bits, up and down in turn."""
    columns, off = lagrange(FAMILIES[family](m, N)), m.number(Fraction(1, 2**bits))
    values = [v * (1 + (-1) ** i * off) for i, v in enumerate(values_of_product(m, N, family, seed))]
    return [sum(values[i] * columns[i][n] for i in range(N)) for n in range(N)]


def error_in_floats(m: Any, N: int, family: int, bits: int) -> Number:
    """Return the largest error of a convolution through values in single (24) or double (53) precision."""
    import numpy as np

    kind = {24: np.float32, 53: np.float64}[bits]
    rounded = lambda rows: np.array([[float(m.ctx.re(z)) for z in row] for row in rows]).astype(kind)
    nodes = FAMILIES[family](m, N)
    T, back = rounded([powers(z, N) for z in nodes]), rounded(lagrange(nodes)).T
    [x], [h] = rounded([signals.noise(m, N // 2 + 1, 1)]), rounded([signals.noise(m, N - N // 2, 2)])
    exact = np.array([float(z) for z in directly(m, N, family, 1)])
    found = back @ ((T[:, : len(x)] @ x) * (T[:, : len(h)] @ h))
    return m.number(float(abs(found - exact).max() / abs(exact).max()))


def error_of_fft(m: Any, N: int) -> Number:
    import numpy as np

    x, h = (np.array([float(z) for z in signals.noise(m, n, n)]) for n in (N // 2 + 1, N - N // 2))
    exact = np.convolve(x, h)
    found = np.fft.irfft(np.fft.rfft(x, N) * np.fft.rfft(h, N), N)
    return m.number(float(abs(found - exact).max() / abs(exact).max()))


_LARGE = ({"N": 4}, {"N": 8}, {"N": 16}, {"N": 32})
_FLOATS = "the experiment is one in single and double precision"

CLAIMS = (
    Claim(
        id="laplace-real-domain",
        title="Laplace networks run in the real domain, efficiently",
        sources=(Source("pan2021", "Abstract; Section 4; Section 5", "", "none"),),
        statement="With positive real p the Laplace operations are performed entirely in real numbers, and more "
        "efficiently than the Fourier ones.",
        verdict="refuted",
        corrected="In exact arithmetic it works. In floating point, values at $N$ real nodes can lose at least about "
        "$0.77 N$ decimal digits for positive $p$, wherever they are, and about $0.38 N$ for the best nodes in $[-1, "
        "1]$: at $N = 24$ nothing is left of a double for the former, of a single for the latter. A real FFT costs "
        "less and loses none.",
        proof="The condition number (see real-nodes-conditioning) multiplies the rounding of the products. Circular "
        "convolution has no real diagonaliser at all (see no-real-circular-diagonaliser).",
        picture="condition-numbers",
        checks=(
            Identity(
                name="exact real values give the convolution",
                closed=through_values,
                independent=directly,
                points=({"N": 32, "family": 1, "seed": 1},),
                guard=40,
            ),
            Contradiction(
                name="products rounded to singles or doubles do not",
                claimed=through_rounded_values,
                actual=directly,
                points=(
                    {"N": 32, "family": 0, "seed": 1, "bits": 24},
                    {"N": 32, "family": 1, "seed": 1, "bits": 53},
                    {"N": 16, "family": 2, "seed": 1, "bits": 53},
                ),
                gap="0.5",
                guard=40,
            ),
            Bound(
                name="measured error: more than a hundredth of the largest sample",
                quantity=error_in_floats,
                low="1e-2",
                points=tuple(
                    {"N": N, "family": family, "bits": bits}
                    for N, family, bits in (
                        (24, 0, 24),
                        (32, 0, 24),
                        (12, 1, 24),
                        (24, 1, 53),
                        (32, 1, 53),
                        (16, 2, 53),
                    )
                ),
                guard=60,
                not_enclosed=_FLOATS,
            ),
            Bound(
                name="measured error of the real FFT in double precision",
                quantity=error_of_fft,
                high="1e-14",
                points=_LARGE,
                not_enclosed=_FLOATS,
            ),
        ),
    ),
)
