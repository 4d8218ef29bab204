"""Maps that make each bin from the same bin: which of them commute with shifts."""

from __future__ import annotations

from ..arithmetic import Arithmetic, Number
from ..checks import Contradiction, Identity, Range
from ..claim import Claim
from ..signals import Signal, complex_noise, dft, modes, noise, rolled


def shifted_spectrum(m: Arithmetic, N: int, shift: Number, seed: int) -> Signal:
    """Return the spectrum of a real signal of an odd size, moved by any number of samples."""
    X = dft(m, noise(m, N, seed))
    return [X[k] * m.exp(-2 * m.pi * m.i * k * shift / N) for k in modes(N)]


def rho_then_shift(m: Arithmetic, N: int, shift: Number, seed: int) -> Signal:
    """Multiply bin k by (1 + ik)/(1 + |X_k|^2), the bin 0 by its own cube, and move the result."""
    X = dft(m, noise(m, N, seed))
    moved = [X[k] * (1 + m.i * k) / (1 + m.abs(X[k]) ** 2) for k in modes(N)]
    phase = [m.cos(2 * m.pi * k * shift / N) - m.i * m.sin(2 * m.pi * k * shift / N) for k in modes(N)]
    return [X[0] ** 4, *(moved[k] * phase[k] for k in range(1, N))]


def shift_then_rho(m: Arithmetic, N: int, shift: Number, seed: int) -> Signal:
    Z = shifted_spectrum(m, N, shift, seed)
    real_and_imaginary = [(m.re(z), m.im(z)) for z in Z]
    power = [a * a + b * b for a, b in real_and_imaginary]
    return [Z[0] * Z[0] * Z[0] * Z[0], *(Z[k] * (1 + m.i * k) / (1 + power[k]) for k in modes(N)[1:])]


def parts_then_shift(m: Arithmetic, N: int, shift: Number, seed: int) -> Signal:
    """Take tanh of real and imaginary parts, then move."""
    Y = [m.tanh(m.re(z)) + m.i * m.tanh(m.im(z)) for z in dft(m, noise(m, N, seed))]
    return [Y[k] * m.exp(-2 * m.pi * m.i * k * shift / N) for k in modes(N)]


def shift_then_parts(m: Arithmetic, N: int, shift: Number, seed: int) -> Signal:
    return [m.tanh(m.re(z)) + m.i * m.tanh(m.im(z)) for z in shifted_spectrum(m, N, shift, seed)]


# -- what shifts leave of any map ------------------------------------------------------------------------
def invariant_part(m: Arithmetic, seed: int) -> Signal:
    """Return X rho(|X|) with rho(r) = 2 + 3 r^2: of the map below, the terms that turn once as X does."""
    return [X * (2 + 3 * m.abs(X) ** 2) for X in complex_noise(m, 4, seed)]


def mean_over_turns(m: Arithmetic, seed: int) -> Signal:
    """Turn a bin, map it by 5 + 2 X + conj(X)^2 + 3 X^2 conj(X) + X^3, turn it back, and take the mean over eighths."""

    def mapped(z: Number) -> Number:
        c = m.conj(z)
        return 5 + 2 * z + c * c + 3 * z * z * c + z * z * z

    turns = [m.unit(p, 8) for p in range(8)]
    return [sum(mapped(u * X) / u for u in turns) / 8 for X in complex_noise(m, 4, seed)]


# -- whole samples only ------------------------------------------------------------------------------------
def conjugate_power_moved(m: Arithmetic, N: int, shift: Number, seed: int) -> Signal:
    """Return conj(X_k)^(N - 1), moved."""
    X = dft(m, noise(m, N, seed))
    return [m.exp(-2 * m.pi * m.i * k * shift / N) * m.conj(X[k]) ** (N - 1) for k in modes(N)]


def conjugate_power_of_rolled(m: Arithmetic, N: int, shift: int, seed: int) -> Signal:
    return [m.conj(z) ** (N - 1) for z in dft(m, rolled(noise(m, N, seed), shift))]


def conjugate_power_of_moved(m: Arithmetic, N: int, shift: Number, seed: int) -> Signal:
    return [m.conj(z) ** (N - 1) for z in shifted_spectrum(m, N, shift, seed)]


_SHIFTS = tuple({"N": N, "shift": s, "seed": 1} for N in (3, 9) for s in ("1", "0.37", "-2.5"))
_WHOLE = tuple({"N": N, "shift": shift, "seed": 1} for N, shift in ((3, 1), (5, 2), (7, -3)))

CLAIMS = (
    Claim(
        id="bin-maps-and-shifts",
        title="Which maps of single bins commute with shifts",
        statement="A map that makes bin k of the output from bin k of the input commutes with all shifts just when "
        r"$Y_k = X_k\,\rho_k(|X_k|)$ for $k \neq 0$; the bin 0 may be mapped by anything.",
        verdict="conditional",
        hypotheses="The modes are $|k| < N/2$: at an even N's Nyquist bin a shift by a fraction of a sample is no "
        "phase of a real signal. Shifts by all real numbers of samples. If only whole samples count, more maps "
        r"commute: on N samples $\bar X_k^{N-1}$ does, too.",
        proof=r"A shift turns bin k by the phase $-2\pi ks/N$, which takes every value. Put $\rho_k(r) = f_k(r)/r$ "
        r"and turn: $f_k(r e^{i\phi}) = e^{i\phi} f_k(r)$. Whole samples turn by N-th roots of unity u only, and "
        r"$\bar u^{N-1} = u$. See the page of proofs.",
        checks=(
            Identity(
                name="such a map, then a shift; a shift, then the map",
                closed=rho_then_shift,
                independent=shift_then_rho,
                points=_SHIFTS,
                random={"N": Range(5, 5), "shift": Range("-3", "3"), "seed": Range(0, 99)},
            ),
            Identity(
                name="what commutes of a polynomial in X and its conjugate, against the mean over all turns",
                closed=invariant_part,
                independent=mean_over_turns,
                points=({"seed": 1}, {"seed": 2}),
            ),
            Contradiction(
                name="tanh of real and imaginary parts does not commute",
                claimed=parts_then_shift,
                actual=shift_then_parts,
                points=_SHIFTS,
            ),
            Identity(
                name="whole samples: the power N - 1 of the conjugate",
                closed=conjugate_power_moved,
                independent=conjugate_power_of_rolled,
                points=_WHOLE,
            ),
            Contradiction(
                name="which fractions of a sample tell apart",
                claimed=conjugate_power_moved,
                actual=conjugate_power_of_moved,
                points=tuple({"N": N, "shift": "0.37", "seed": 1} for N in (3, 5, 7)),
            ),
        ),
    ),
)
