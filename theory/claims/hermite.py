"""The Hermite coefficients of smooth activations: the normal distribution function, erf, GELU, and the sigmoid.

As in the claims on normal variables, X has mean mu and deviation s, and c_j = s^j E[f^(j)(X)]/j!.
"""

from __future__ import annotations

from math import factorial

from ..arithmetic import Arithmetic, Number
from ..checks import Identity, Point
from ..claim import Claim
from .gaussian import density, distribution, expected, hermite


def slope_of_density(m: Arithmetic, j: int, z: Number) -> Number:
    """Return the derivative of order j of the density."""
    return (-1) ** j * hermite(m, j, z) * density(m, z)


# -- smooth functions ------------------------------------------------------------------------------------------
def cdf_coefficient(m: Arithmetic, mu: Number, s: Number, rate: Number, j: int) -> Number:
    """Return c_j of Phi(rate x), Phi the normal distribution function."""
    T = m.sqrt(1 + rate**2 * s**2)
    ratio = rate * mu / T
    if j == 0:
        return distribution(m, ratio)
    return (s * rate / T) ** j * slope_of_density(m, j - 1, ratio) / factorial(j)


def cdf_coefficient_by_quadrature(m: Arithmetic, mu: Number, s: Number, rate: Number, j: int) -> Number:
    root = m.sqrt(m.number(2))
    return expected(m, lambda z: (1 + m.erf(rate * (mu + s * z) / root)) / 2, m.number(1), j=j) / factorial(j)


def erf_coefficient(m: Arithmetic, mu: Number, s: Number, j: int) -> Number:
    """Return c_j of erf(x) = 2 Phi(sqrt(2) x) - 1."""
    return 2 * cdf_coefficient(m, mu, s, m.sqrt(m.number(2)), j) - (j == 0)


def erf_coefficient_by_quadrature(m: Arithmetic, mu: Number, s: Number, j: int) -> Number:
    return expected(m, lambda z: m.erf(mu + s * z), m.number(1), j=j) / factorial(j)


def gelu_coefficient(m: Arithmetic, mu: Number, s: Number, j: int) -> Number:
    """Return c_j of x Phi(x)."""
    t = m.sqrt(1 + s**2)
    ratio = mu / t
    if j == 0:
        return mu * distribution(m, ratio) + s**2 / t * density(m, ratio)
    if j == 1:
        return s * (distribution(m, ratio) - slope_of_density(m, 1, ratio) / t**2)
    bend = slope_of_density(m, j - 2, ratio) - slope_of_density(m, j, ratio) / t**2
    return s**j * t ** (1 - j) * bend / factorial(j)


def gelu_coefficient_by_quadrature(m: Arithmetic, mu: Number, s: Number, j: int) -> Number:
    def gelu(z: Number) -> Number:
        return (mu + s * z) * (1 + m.erf((mu + s * z) / m.sqrt(m.number(2)))) / 2

    return expected(m, gelu, 1 + m.abs(mu) + s, j=j) / factorial(j)


def logistic_coefficient(m: Arithmetic, mu: Number, s: Number, j: int) -> Number:
    """Return c_j of the sigmoid, by its spectrum 1/sinh(pi w); 1/2 more at j = 0."""
    R = m.cut(3)

    def spectral(w: Number) -> Number:
        # w/sinh(pi w) = 1/(pi sinc(i pi w)), finite at 0.
        wave = mu * m.sinc(w * mu) if j == 0 else w ** (j - 1) * m.sin(w * mu + j * m.pi / 2)
        return wave * m.exp(-w * w * s * s / 2) / (m.pi * m.sinc(m.i * m.pi * w))

    inside = m.integral(spectral, *m.panels(0, R, 2)) + m.tail(3 * m.number(R) ** j * m.exp(-3 * m.number(R)))
    return s**j * inside / factorial(j) + m.number("1/2") * (j == 0)


def logistic_coefficient_by_quadrature(m: Arithmetic, mu: Number, s: Number, j: int) -> Number:
    return expected(m, lambda z: 1 / (1 + m.exp(-mu - s * z)), m.number(1), j=j) / factorial(j)


_ORDERS: tuple[Point, ...] = (
    {"mu": "0.3", "s": "0.8", "j": 0},
    {"mu": "-0.7", "s": "1.1", "j": 1},
    {"mu": "0.4", "s": "0.5", "j": 2},
    {"mu": "1.1", "s": "0.1", "j": 5},
)

CLAIMS = (
    Claim(
        id="normal-distribution-hermite",
        title="The Hermite coefficients of the normal distribution function and of erf",
        statement=r"For $\Phi(lx)$, with $T^2 = 1 + l^2 s^2$ and $m = l\mu/T$: $c_0 = \Phi(m)$ and "
        r"$c_j = (sl/T)^j\,\varphi^{(j-1)}(m)/j!$ with $\varphi^{(n)} = (-1)^n\,\mathrm{He}_n\,\varphi$. And "
        r"$\mathrm{erf}(x) = 2\Phi(\sqrt{2}\,x) - 1$.",
        verdict="holds",
        proof=r"$E[\Phi(lX)]$ is the probability that a second normal variable lies below $lX$, which is $\Phi(m)$; "
        r"$c_j$ is $s^j/j!$ times its derivative of order $j$ in $\mu$.",
        checks=(
            Identity(
                name="against quadrature",
                closed=cdf_coefficient,
                independent=cdf_coefficient_by_quadrature,
                points=(
                    {"mu": "0.3", "s": "0.8", "rate": "-1.5", "j": 0},
                    {"mu": "-0.7", "s": "1.1", "rate": "2", "j": 2},
                    {"mu": "0.4", "s": "0.5", "rate": "0.7", "j": 5},
                ),
            ),
            Identity(
                name="erf, against quadrature",
                closed=erf_coefficient,
                independent=erf_coefficient_by_quadrature,
                points=(
                    {"mu": "0.3", "s": "0.8", "j": 0},
                    {"mu": "-0.6", "s": "0.4", "j": 2},
                    {"mu": "1", "s": "0.7", "j": 5},
                ),
            ),
        ),
    ),
    Claim(
        id="gelu-hermite",
        title="The Hermite coefficients of GELU",
        statement=r"With $t^2 = 1 + s^2$ and $m = \mu/t$: $c_0 = \mu\Phi(m) + (s^2/t)\varphi(m)$, "
        r"$c_1 = s\,[\Phi(m) - \varphi'(m)/t^2]$ and $c_j = s^j t^{1-j}\,[\varphi^{(j-2)}(m) - "
        r"\varphi^{(j)}(m)/t^2]/j!$ for $j \geq 2$.",
        verdict="holds",
        proof=r"$E[X\Phi(X)] = \mu E[\Phi(X)] + s^2 E[\varphi(X)]$ by Stein's lemma; differentiate in $\mu$, using "
        r"$\varphi'(m) = -m\varphi(m)$.",
        checks=(
            Identity(
                name="against quadrature",
                closed=gelu_coefficient,
                independent=gelu_coefficient_by_quadrature,
                points=_ORDERS,
            ),
        ),
    ),
    Claim(
        id="logistic-hermite",
        title="The Hermite coefficients of the sigmoid, by its spectrum",
        statement=r"$c_0 = 1/2 + \int_0^\infty \sin(w\mu)\,e^{-w^2 s^2/2}/\sinh(\pi w)\,dw$ and, for $j \geq 1$, "
        r"$c_j = (s^j/j!) \int_0^\infty w^j \sin(w\mu + j\pi/2)\,e^{-w^2 s^2/2}/\sinh(\pi w)\,dw$.",
        verdict="holds",
        proof=r"$\sigma(x) = 1/2 + \int_0^\infty \sin(wx)/\sinh(\pi w)\,dw$: this is what the spectrum of the sigmoid "
        r"is for. $E[e^{iwX}] = e^{iw\mu - w^2 s^2/2}$; each derivative in $\mu$ gives a factor $w$ and a quarter of "
        "a turn.",
        checks=(
            Identity(
                name="against quadrature",
                closed=logistic_coefficient,
                independent=logistic_coefficient_by_quadrature,
                points=(*_ORDERS[:3], {"mu": "3", "s": "0.01", "j": 0}),
            ),
        ),
    ),
)
