"""freqnet's means, powers and Gaussian polynomials, in double precision, against explicit sums and closed forms.

Grids, modes and normalisation are those of the claims on the engine's operators. A parameter f picks a function:
0 sigmoid, 1 tanh, 2 ReLU, 3 GELU, 4 erf.
"""

from __future__ import annotations

from math import factorial

from ..arithmetic import Arithmetic, Number
from ..checks import Point
from ..claim import Claim, Source
from ..signals import Map, Signal, noise, noise2
from .engine import GRIDS, analysed, modes, numbers, same, spectrum
from .gaussian import expected, relu_coefficient
from .hermite import erf_coefficient, gelu_coefficient

NAMES = ("sigmoid", "tanh", "relu", "gelu", "erf")


# -- Parseval --------------------------------------------------------------------------------------------------
def _below_nyquist(m: Arithmetic, x: Map) -> Map:
    """Return the samples of a map without its Nyquist modes: of those, what (-1)^n sees is taken off."""
    return _columns([_row(m, list(row)) for row in _columns([_row(m, list(row)) for row in x])])


def _row(m: Arithmetic, x: Signal) -> Signal:
    if len(x) % 2:
        return x
    nyquist = sum((-1) ** n * v for n, v in enumerate(x)) / len(x)
    return [v - (-1) ** n * nyquist for n, v in enumerate(x)]


def _columns(x: Map) -> Map:
    return [list(column) for column in zip(*x, strict=True)]


def sums(m: Arithmetic, rows: int, columns: int, seed: int) -> Signal:
    """Return the mean of a b, of a^2, and of a, over the samples of two signals."""
    a, b = (_below_nyquist(m, noise2(m, rows, columns, s)) for s in (seed, seed + 1))
    pairs = [(u, v) for p, q in zip(a, b, strict=True) for u, v in zip(p, q, strict=True)]
    size = rows * columns
    return [sum(u * v for u, v in pairs) / size, sum(u * u for u, _ in pairs) / size, sum(u for u, _ in pairs) / size]


def engine_sums(m: Arithmetic, rows: int, columns: int, seed: int) -> Signal:
    from freqnet import ops

    a, b = (analysed(noise2(m, rows, columns, s)) for s in (seed, seed + 1))
    return [m.number(float(v.data.ravel()[0])) for v in (ops.inner_product(a, b), ops.signal_power(a), ops.mean(a))]


def powers(m: Arithmetic, rows: int, columns: int, seed: int) -> Signal:
    """Return |X_0|^2, then 2 |X_k|^2 for one mode of each pair k, -k: column 0 from its middle up, then the others."""
    X = dict(zip(modes(rows, columns), spectrum(m, noise2(m, rows, columns, seed)), strict=True))
    pairs = [k for k in X if k[1] == 0 and k[0] > 0] + [k for k in X if k[1] > 0]
    return [m.abs(X[0, 0]) ** 2, *(2 * m.abs(X[k]) ** 2 for k in pairs)]


def engine_powers(m: Arithmetic, rows: int, columns: int, seed: int) -> Signal:
    from freqnet import ops

    return numbers(m, ops.power_spectrum(analysed(noise2(m, rows, columns, seed))).data)


# -- Gaussian polynomials ---------------------------------------------------------------------------------------
def coefficients(m: Arithmetic, f: int, mu: Number, s: Number, degree: int) -> Signal:
    """Return E[f(X) He_j(Z)]/j! up to the degree: by closed forms, of sigmoid and tanh by quadrature."""
    return [_coefficient(m, f, mu, s, j) for j in range(degree + 1)]


def _coefficient(m: Arithmetic, f: int, mu: Number, s: Number, j: int) -> Number:
    if f > 1:
        return (relu_coefficient, gelu_coefficient, erf_coefficient)[f - 2](m, mu, s, j)

    def saturating(z: Number) -> Number:
        x = mu + s * z
        return m.tanh(x) if f else 1 / (1 + m.exp(-x))

    return expected(m, saturating, m.number(1), j=j) / factorial(j)


def engine_hermite(m: Arithmetic, f: int, mu: Number, s: Number, degree: int) -> Signal:
    import numpy as np

    from freqnet.approximate import hermite_coefficients

    return numbers(m, hermite_coefficients(NAMES[f], np.array(float(mu)), np.array(float(s)), degree))


def by_powers(m: Arithmetic, f: int, mu: Number, s: Number, degree: int) -> Signal:
    """Return the same polynomial's coefficients of (x - mu)^p: He_j by powers, each divided by s."""
    c = coefficients(m, f, mu, s, degree)
    out = []
    for p in range(degree + 1):
        orders = range(p, degree + 1, 2)
        shares = ((-1) ** ((j - p) // 2) * factorial(j) for j in orders)
        parts = (factorial(p) * factorial((j - p) // 2) * 2 ** ((j - p) // 2) for j in orders)
        out.append(sum(c[j] * u / v for j, u, v in zip(orders, shares, parts, strict=True)) / s**p)
    return out


def engine_by_powers(m: Arithmetic, f: int, mu: Number, s: Number, degree: int) -> Signal:
    import numpy as np

    from freqnet.approximate import gaussian_coefficients

    return numbers(m, gaussian_coefficients(NAMES[f], np.array(float(mu)), np.array(float(s)), degree))


# -- functions of the parts of bins ---------------------------------------------------------------------------------
def parts(m: Arithmetic, N: int, seed: int) -> list[Signal]:
    """Return tanh of real and imaginary parts, and the modes with both parts positive."""
    X = spectrum(m, [noise(m, N, seed)])

    def positive(v: Number) -> Number:
        return (1 + v / m.abs(v)) / 2

    split = [m.tanh(m.re(c)) + m.i * m.tanh(m.im(c)) for c in X]
    gated = [c * positive(m.re(c)) * (positive(m.im(c)) if k else 1) for k, c in enumerate(X)]
    return [split, gated]


def engine_parts(m: Arithmetic, N: int, seed: int) -> list[Signal]:
    from freqnet import nn

    x = analysed([noise(m, N, seed)])
    return [numbers(m, layer.forward(x).data) for layer in (nn.RealImaginary("tanh"), nn.PhaseGate())]


_NORMAL: tuple[Point, ...] = (
    {"f": 0, "mu": "0.3", "s": "0.8", "degree": 2},
    {"f": 1, "mu": "-0.7", "s": "0.5", "degree": 3},
    {"f": 2, "mu": "0.4", "s": "1.5", "degree": 5},
    {"f": 2, "mu": "0.001", "s": "0.001", "degree": 2},
    {"f": 3, "mu": "-0.2", "s": "1.1", "degree": 4},
    {"f": 4, "mu": "0.9", "s": "0.6", "degree": 3},
)

CLAIMS = (
    Claim(
        id="engine-parseval",
        title="freqnet's inner product, power and mean",
        sources=(Source("rippel2015", "Section 2", "2", "seen"),),
        statement=r"$\sum_k w_k\,\mathrm{Re}(\overline{A_k} B_k)$, with weights 1 in the first column and 2 "
        "elsewhere, is the mean over the samples of the product; the mean is the mode 0.",
        verdict="holds",
        proof="Parseval's theorem; a mode of the half spectrum stands for its conjugate as well.",
        checks=(
            same("inner product, power, mean", sums, engine_sums, GRIDS),
            same("power of every pair of modes", powers, engine_powers, GRIDS),
        ),
    ),
    Claim(
        id="engine-gaussian-polynomials",
        title="freqnet's polynomials for a normal variable",
        statement=r"Its closed forms (ReLU, GELU, erf) and its quadrature (sigmoid, tanh) give $c_j = "
        r"E[f(X)\,\mathrm{He}_j(Z)]/j!$, and the same polynomial by powers of $x - \mu$.",
        verdict="holds",
        proof="See relu-hermite, gelu-hermite and normal-distribution-hermite.",
        checks=(
            same("Hermite coefficients", coefficients, engine_hermite, _NORMAL),
            same("coefficients of powers", by_powers, engine_by_powers, _NORMAL[2:]),
        ),
    ),
    Claim(
        id="engine-functions-of-bins",
        title="freqnet's layers that act on the parts of bins",
        statement="RealImaginary is tanh of real and imaginary part; PhaseGate keeps the modes with both positive. "
        "They are named for what they do: neither is the activation of the signal (see activation-of-parts).",
        verdict="holds",
        proof="By definition.",
        checks=(same("against the formulas", parts, engine_parts, ({"N": 7, "seed": 0}, {"N": 8, "seed": 1})),),
    ),
)
