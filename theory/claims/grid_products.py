"""Products of samples on a grid: when they are free of aliasing."""

from __future__ import annotations

from functools import reduce

from ..arithmetic import Arithmetic
from ..checks import Contradiction, Identity, Range
from ..claim import Claim
from ..signals import Signal, linear, noise


def spectrum(m: Arithmetic, K: int) -> Signal:
    """Return the modes -K .. K of a real signal."""
    c = noise(m, 2 * K + 1, 3)
    return [c[K + k] + c[K - k] + m.i * (c[K + k] - c[K - k]) for k in range(-K, K + 1)]


def power_of_spectrum(m: Arithmetic, K: int, d: int, M: int, Q: int) -> Signal:
    """Return the modes |k| <= Q of a product of d factors: a linear convolution of their modes."""
    c = noise(m, 2 * K + 1, 3)
    X = [c[K + k] + c[K - k] + m.i * (c[K + k] - c[K - k]) for k in range(-K, K + 1)]
    Y = reduce(linear, [X] * d)
    return Y[d * K - Q : d * K + Q + 1]


def power_on_grid(m: Arithmetic, K: int, d: int, M: int, Q: int) -> Signal:
    """Return the same modes of the product of samples on a grid of M."""
    modes_of_x = dict(zip(range(-K, K + 1), spectrum(m, K), strict=True))
    y = [sum(X * m.unit(k * n, M) for k, X in modes_of_x.items()) ** d for n in range(M)]
    return [sum(y[n] * m.unit(-k * n, M) for n in range(M)) / M for k in range(-Q, Q + 1)]


def _point(K: int, d: int, M: int, Q: int) -> dict[str, int | str]:
    return {"K": K, "d": d, "M": M, "Q": Q}


_FREE = tuple(_point(K, d, (d + 1) * K + 1, K) for K, d in ((1, 1), (1, 2), (3, 2), (2, 3), (1, 4), (0, 3)))
_ALIASED = tuple(
    _point(K, d, M, K) for K, d, M in ((1, 1, 2), (1, 2, 3), (3, 2, 9), (3, 2, 7), (2, 3, 8), (2, 3, 5), (1, 4, 5))
)

CLAIMS = (
    Claim(
        id="alias-free-products",
        title="How many samples a product of d factors needs",
        statement=r"The modes $|k| \leq K$ of a product of d signals of band K, computed sample by sample on a grid "
        "of M, are right for all such signals just when $M > (d + 1) K$. The modes up to Q are right just when $M > "
        "dK + Q$; all of them, $M > 2dK$.",
        verdict="holds",
        proof="On the grid, modes that differ by a multiple of M are added. The product has modes up to dK, and the "
        r"nearest of them that lands on $|k| \leq Q$ is at distance $M - Q$ or more from 0. If $M - Q \leq dK$ there "
        "is one, and for positive coefficients nothing cancels. See the page of proofs.",
        checks=(
            Identity(
                name="one sample more than (d + 1) K",
                closed=power_of_spectrum,
                independent=power_on_grid,
                points=_FREE,
                random={"K": Range(1, 2), "d": Range(1, 3), "M": Range(9, 14), "Q": Range(1, 1)},
            ),
            Identity(
                name="other numbers of modes kept: one sample more than dK + Q",
                closed=power_of_spectrum,
                independent=power_on_grid,
                points=tuple(
                    _point(K, d, d * K + Q + 1, Q) for K, d, Q in ((2, 2, 4), (3, 2, 1), (2, 3, 0), (1, 3, 3))
                ),
            ),
            Contradiction(
                name="(d + 1) K samples, or fewer",
                claimed=power_on_grid,
                actual=power_of_spectrum,
                points=_ALIASED,
            ),
            Contradiction(
                name="dK + Q samples",
                claimed=power_on_grid,
                actual=power_of_spectrum,
                points=tuple(_point(K, d, d * K + Q, Q) for K, d, Q in ((2, 2, 4), (3, 2, 1), (2, 3, 0), (1, 3, 3))),
            ),
        ),
    ),
)
