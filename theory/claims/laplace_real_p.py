"""What the values of a Laplace transform at real p say about the function."""

from __future__ import annotations

import math
from fractions import Fraction

from .. import signals
from ..arithmetic import Arithmetic, Number
from ..checks import Bound, Contradiction, Identity
from ..claim import Claim, Source

#: Half a unit in the last place of a double, relative.
ROUNDING = Fraction(1, 2**53)


# -- values at real p: exact ones determine, rounded ones do not -----------------------------------------------
def inverse_hilbert(size: int) -> list[list[int]]:
    """Return the inverse of the matrix 1/(i + k + 1): whole numbers."""
    return [
        [
            (-1) ** (i + k)
            * (i + k + 1)
            * math.comb(size + i, size - k - 1)
            * math.comb(size + k, size - i - 1)
            * math.comb(i + k, i) ** 2
            for k in range(size)
        ]
        for i in range(size)
    ]


def values_at_whole_p(m: Arithmetic, size: int, seed: int) -> list[Number]:
    """Return the transform at p = 1, 2, ... of a sum of c_k e^{-kt}, k = 0, 1, ..."""
    c = signals.noise(m, size, seed)
    return [sum(c[k] / (i + k + 1) for k in range(size)) for i in range(size)]


def coefficients_from_real_p(m: Arithmetic, size: int, seed: int) -> list[Number]:
    values = values_at_whole_p(m, size, seed)
    return [sum(row[k] * values[k] for k in range(size)) for row in inverse_hilbert(size)]


def coefficients_from_rounded_values(m: Arithmetic, size: int, seed: int) -> list[Number]:
    values = values_at_whole_p(m, size, seed)
    rounded = [value * (1 + (-1) ** p * m.number(ROUNDING)) for p, value in enumerate(values)]
    return [signals.dot(row, rounded) for row in inverse_hilbert(size)]


def coefficients(m: Arithmetic, size: int, seed: int) -> list[Number]:
    return signals.noise(m, size, seed)


def packet(m: Arithmetic, w: int, t: Number) -> Number:
    """Return a wave of frequency w under a Gaussian around t = w."""
    return m.sin(w * (t - w)) * m.exp(-((t - w) ** 2) / 2)


def packet_crest(m: Arithmetic, w: int) -> Number:
    return packet(m, w, w + m.pi / (2 * w))


def packet_transform(m: Arithmetic, w: int, p: Number, q: Number) -> Number:
    """Return |L(p + iq)| of the packet, p >= 0."""
    R, z = m.cut(0.5, 2), p + m.i * q
    # The Gaussian is cut R to the right of its top; e^{-pt} is at most 1.
    inside = m.integral(lambda t: packet(m, w, t) * m.exp(-z * t), *m.panels(0, w + R, 4))
    return m.abs(inside + m.tail(m.exp(-m.number(R * R) / 2)))


def packet_ceiling(m: Arithmetic, w: int, p: Number, q: Number) -> Number:
    return 4 * m.exp(-m.number(w * w) / 2)


_PACKETS = ({"w": 4}, {"w": 12})

CLAIMS = (
    Claim(
        id="laplace-real-p",
        title="Values at positive real p",
        sources=(Source("pan2021", "Section 4; Definition 3", "34", "none"),),
        statement=r"In practice $p$ is taken as a positive real number: the values $L(p)$, $p > 0$, stand for $f$.",
        verdict="conditional",
        hypotheses=r"The values are exact. Then they determine $f$ (Lerch), even at $p = 1, 2, 3, \ldots$ alone. "
        "Inverting them is not continuous: rounded values determine nothing of the kind.",
        corrected=r"$f(t) = \sin(w(t - w)) e^{-(t - w)^2/2}$ exceeds 0.92 for $w \geq 4$, yet $|L(p)| \leq "
        r"4 e^{-w^2/2}$ at every $p \geq 0$: $2 \cdot 10^{-31}$ for $w = 12$. On the imaginary axis $|L(iw)| > 1.2$.",
        proof=r"For $p \geq w$ the integrand is below $e^{-w^2/2 - t^2/2}$. For $0 \leq p \leq w$ the transform over "
        r"the whole line is $-\sqrt{2\pi}\,\sin(pw)\,e^{(p^2 - w^2)/2 - pw}$, at most $\sqrt{2\pi}\,e^{-w^2/2}$, and "
        r"the part at $t < 0$ is at most half of that. For sums of $e^{-kt}$, values at $p = 1, 2, \ldots$ are a "
        r"Hilbert matrix times the coefficients; its inverse has entries of $10^{18}$ at size 14.",
        checks=(
            Identity(
                name="exact values at p = 1, 2, ... give a sum of exponentials back",
                closed=coefficients_from_real_p,
                independent=coefficients,
                points=(
                    {"size": 1, "seed": 1},
                    {"size": 2, "seed": 1},
                    {"size": 7, "seed": 2},
                    {"size": 14, "seed": 3},
                ),
                guard=20,
            ),
            Contradiction(
                name="the same from values rounded to doubles",
                claimed=coefficients_from_rounded_values,
                actual=coefficients,
                points=({"size": 14, "seed": 3}, {"size": 16, "seed": 1}),
                gap="0.5",
            ),
            Bound(name="a wave packet is not small", quantity=packet_crest, low="0.92", points=_PACKETS),
            Bound(
                name="but its transform is, at every real p",
                quantity=packet_transform,
                high=packet_ceiling,
                points=tuple(
                    {**packet, "p": p, "q": "0"} for packet in _PACKETS for p in ("0", "0.7", "4", "12", "30")
                ),
            ),
            Bound(
                name="on the imaginary axis it is not",
                quantity=packet_transform,
                low="1.2",
                points=({"w": 4, "p": "0", "q": "4"},),
            ),
        ),
    ),
)
