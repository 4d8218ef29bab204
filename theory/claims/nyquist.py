"""The Nyquist bin of an even size: what can be done with it, and what shifts and the backward pass make of that."""

from __future__ import annotations

from ..arithmetic import Arithmetic, Number
from ..checks import Contradiction, Identity, Range
from ..claim import Claim, Source
from ..signals import Signal, dft, idft, modes, noise

# -- shifts and the Nyquist bin ------------------------------------------------------------------------
AVERAGE, FOLD = 0, 1


def pooled_then_shifted(m: Arithmetic, N: int, H: int, rule: int, shift: Number, seed: int) -> Signal:
    """Pool to an even size and shift by so many samples of the new grid, a real Nyquist mode as a cosine."""
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
    """Shift the interpolant of x by as much, then pool: modes below H/2 in cosines and sines, and the Nyquist bin."""
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
    """Pad the spectrum of a gradient, half of its Nyquist bin on each side, and transform back."""
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
    """Return <A e, g> for each unit signal e, A being the real part of the inverse transform of the central bins."""
    g = noise(m, H, seed)
    pooled = lambda p, n: sum(m.re(m.unit(k * (p * N - n * H), H * N)) for k in modes(H)) / N
    return [sum(pooled(p, n) * g[p] for p in range(H)) for n in range(N)]


_GRIDS = ((5, 4), (9, 4), (8, 6))
_RULES = tuple({"N": N, "H": H, "rule": rule, "seed": 1} for N, H in _GRIDS for rule in (AVERAGE, FOLD))
_SIZES = ({"N": 3, "H": 2, "seed": 1}, {"N": 9, "H": 4, "seed": 2}, {"N": 8, "H": 6, "seed": 3})

CLAIMS = (
    Claim(
        id="nyquist-and-shifts",
        title="What to do with the Nyquist bin of a pooled signal",
        statement="The bin H/2 of a signal pooled to an even size H may be the mean of the bins H/2 and -H/2 of the "
        "input, their sum, or 0. Each choice commutes with shifts.",
        verdict="conditional",
        hypotheses="The shift is by whole samples of the pooled grid. With shifts by fractions of a sample only 0 "
        "commutes. (A shift by one sample of the fine grid is as a rule a fraction of a coarse one.)",
        proof=r"A shift by t coarse samples multiplies the bins $\pm H/2$ of the input by $e^{\mp i \pi t}$, both of "
        "which are $(-1)^t$ for whole t. A real signal has one real number at its Nyquist bin. Shifts by all real t "
        r"would multiply it by $c(t)$ with $c(s + t) = c(s) c(t)$, so that $c(1) = c(1/2)^2 \geq 0$; but $c(1) = -1$.",
        checks=(
            Identity(
                name="whole samples, averaged or folded",
                closed=pooled_then_shifted,
                independent=shifted_then_pooled,
                points=(*({**at, "shift": 1} for at in _RULES), *({**at, "shift": -2} for at in _RULES)),
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
        title="Back through a kept Nyquist bin",
        sources=(Source("rippel2015", "Section 3; Algorithm 2", "", "none"),),
        statement="Differentiation through the truncation is a simple zero-padding of the gradient map, whose "
        "missing conjugates RecoverMap fills in.",
        verdict="conditional",
        hypotheses="No Nyquist bin is kept: odd sizes, or even ones with that bin zeroed. Where it is kept as the "
        "real part (the mean of a bin and its reflected conjugate), half of it goes to each of the bins H/2 and -H/2.",
        proof="The adjoint of taking the mean of two bins gives half to each. Padding alone gives all of it to one "
        "bin, and a gradient that is not real, of which the real part is right; padding and filling in gives all of "
        "it to both.",
        checks=(
            Identity(
                name="half on each side, against <A e, g> for every unit signal e",
                closed=padded_by_halves,
                independent=sample_by_sample,
                points=_SIZES,
                random={"N": Range(7, 9), "H": Range(4, 4), "seed": Range(0, 99)},
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
