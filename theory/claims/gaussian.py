"""Activations of a normal variable: the best line (Bussgang), the best polynomial (Hermite), and the remainder.

Throughout X is normal of mean mu and deviation s, Z = (X - mu)/s, and He_j are the Hermite polynomials of the weight
e^{-z^2/2}: 1, z, z^2 - 1, ... The polynomial of degree d nearest to f(X) in mean square is sum_j c_j He_j(Z), with
c_j = E[f(X) He_j(Z)]/j! = s^j E[f^(j)(X)]/j!.
"""

from __future__ import annotations

from math import factorial

from ..arithmetic import Arithmetic, Function, Number
from ..checks import Bound, Contradiction, Identity, Point, Range
from ..claim import Claim


# == ReLU, and lines =================================================================================================
def density(m: Arithmetic, z: Number) -> Number:
    """Return the standard normal density."""
    return m.exp(-z * z / 2) / m.sqrt(2 * m.pi)


def distribution(m: Arithmetic, z: Number) -> Number:
    """Return the standard normal distribution function."""
    return m.erfc(-z / m.sqrt(m.number(2))) / 2


def hermite(m: Arithmetic, j: int, z: Number) -> Number:
    """Return He_j(z) by its explicit sum."""
    shares = ((-1) ** k * factorial(j) // (factorial(k) * factorial(j - 2 * k) * 2**k) for k in range(j // 2 + 1))
    return sum(share * z ** (j - 2 * k) for k, share in enumerate(shares))


# -- by quadrature -----------------------------------------------------------------------------------------
def expected(
    m: Arithmetic, f: Function, size: Number, low: Number | None = None, j: int = 0, growth: int = 1
) -> Number:
    """Integrate f(z) He_j(z) against the density from `low` (or minus infinity) up; |f(z)| <= size (1 + |z|)^growth.

    He_j comes by its recurrence. Beyond R, |He_j(z)| <= (2 |z|)^j, as 2 R^2 > j.
    """
    R = m.cut(0.5, 2)

    def weighted(z: Number) -> Number:
        before, now = m.number(0), m.number(1)
        for n in range(j):
            before, now = now, z * now - n * before
        return f(z) * now * m.exp(-z * z / 2)

    start, steps = (m.number(-R), R // 2 + 1) if low is None else (low, R // 3 + 1)
    inside = m.integral(weighted, *(start + (R - start) * k / steps for k in range(steps + 1)))
    beyond = 4 * size * m.number(2 * R) ** (growth + j) * m.exp(-m.number(R * R) / 2)
    return (inside + m.tail(beyond)) / m.sqrt(2 * m.pi)


def _relu_mean(m: Arithmetic, mu: Number, s: Number, j: int = 0, power: int = 1) -> Number:
    """Return E[relu(X)^power He_j(Z)]; ReLU is 0 below the kink at z = -mu/s."""
    return expected(m, lambda z: (mu + s * z) ** power, (m.abs(mu) + s) ** power, -mu / s, j, power)


# -- ReLU ------------------------------------------------------------------------------------------------
def relu_coefficient(m: Arithmetic, mu: Number, s: Number, j: int) -> Number:
    """Return c_j of ReLU."""
    alpha = mu / s
    if j == 0:
        return s * density(m, alpha) + mu * distribution(m, alpha)
    if j == 1:
        return s * distribution(m, alpha)
    return s * (-1) ** j * hermite(m, j - 2, alpha) * density(m, alpha) / factorial(j)


def relu_coefficient_by_quadrature(m: Arithmetic, mu: Number, s: Number, j: int) -> Number:
    return _relu_mean(m, mu, s, j) / factorial(j)


def relu_line(m: Arithmetic, mu: Number, s: Number) -> list[Number]:
    """Return E[relu(X)] and E[relu'(X)]."""
    alpha = mu / s
    return [s * density(m, alpha) + mu * distribution(m, alpha), distribution(m, alpha)]


def relu_line_by_regression(m: Arithmetic, mu: Number, s: Number) -> list[Number]:
    """Return the line's value at the mean and its slope: the covariance divided by the variance."""
    return [_relu_mean(m, mu, s), _relu_mean(m, mu, s, 1) / s]


# -- residual variance ---------------------------------------------------------------------------------------
def relu_residual(m: Arithmetic, mu: Number, s: Number, degree: int) -> Number:
    """Return the share of the variance of relu(X) that its best polynomial misses, by Parseval."""
    alpha = mu / s
    square = (mu * mu + s * s) * distribution(m, alpha) + mu * s * density(m, alpha)
    mean, slope = relu_line(m, mu, s)
    bends = [(s * density(m, alpha) * hermite(m, j - 2, alpha)) ** 2 / factorial(j) for j in range(2, degree + 1)]
    variance = square - mean**2
    return (variance - (s * slope) ** 2 - sum(bends)) / variance


def relu_residual_by_regression(m: Arithmetic, mu: Number, s: Number, degree: int) -> Number:
    """Return the same share by Gram-Schmidt, with projections by quadrature."""
    square = _relu_mean(m, mu, s, 0, 2)
    missed = [square - _relu_mean(m, mu, s) ** 2]
    for j in range(1, degree + 1):
        missed.append(missed[-1] - _relu_mean(m, mu, s, j) ** 2 / factorial(j))
    return missed[-1] / missed[0]


def residual_at_zero(m: Arithmetic, degree: int) -> Number:
    """Return the missed share at mean 0 after degree 1 or 2."""
    return (m.pi - 1 - degree) / (2 * (m.pi - 1))


def residual_at_zero_by_quadrature(m: Arithmetic, degree: int) -> Number:
    """Integrate the squared distance from the polynomial on either side of the kink."""
    c = [_relu_mean(m, m.number(0), m.number(1), j) / factorial(j) for j in range(3)]

    def polynomial(z: Number) -> Number:
        return c[0] + c[1] * z + (c[2] * (z * z - 1) if degree == 2 else 0)

    zero, size = m.number(0), m.number(9)
    above = expected(m, lambda z: (z - polynomial(z)) ** 2, size, zero, growth=4)
    below = expected(m, lambda z: polynomial(-z) ** 2, size, zero, growth=4)
    return (above + below) / (_relu_mean(m, zero, m.number(1), 0, 2) - c[0] ** 2)


# -- Bussgang -------------------------------------------------------------------------------------------------
def mean_slope(m: Arithmetic, mu: Number, s: Number) -> Number:
    """Return E[tanh'(X)], integrating both sides of the mean together."""

    def both_sides(z: Number) -> Number:
        return (1 / m.cosh(mu + s * z) ** 2 + 1 / m.cosh(mu - s * z) ** 2) * density(m, z)

    return m.half_line(both_sides, rate=0.5, power=2, width=2)


def regression_slope(m: Arithmetic, mu: Number, s: Number) -> Number:
    """Return the covariance of tanh(X) and X divided by the variance of X."""
    return expected(m, lambda z: m.tanh(mu + s * z), m.number(1), j=1) / s


def mean_modulus_of_slope(m: Arithmetic, n: int) -> Number:
    """Return the part of E|f'(X)|, f = sin(e^{x^4}), X standard normal, over n pieces between extrema of f.

    With u = e^{x^4} it is the integral of |cos u| times the density at (log u)^{1/4}, on both sides of 0; the first two
    pieces, near the singularity of log u at u = 0, are left out.
    """
    half = lambda k: m.pi * (2 * k + 1) / 2
    # x² = sqrt(log u)
    piece = lambda u: m.cos(u) * m.exp(-m.sqrt(m.log(u)) / 2) / m.sqrt(2 * m.pi)
    return 2 * sum((-1) ** k * m.integral(piece, half(k - 1), half(k)) for k in range(3, n + 3))


def mean_slope_of_a_cosine(m: Arithmetic, A: Number) -> Number:
    """Return the mean of tanh' over a period of A cos t."""
    return m.integral(lambda t: 1 / m.cosh(A * m.cos(t)) ** 2, 0, m.pi / 2) * 2 / m.pi


def regression_slope_of_a_cosine(m: Arithmetic, A: Number) -> Number:
    return m.integral(lambda t: m.tanh(A * m.cos(t)) * m.cos(t), 0, m.pi / 2) * 4 / (m.pi * A)


CLAIMS: tuple[Claim, ...] = (
    Claim(
        id="bussgang-line",
        title="The best line for a normal variable: Bussgang's statistical linearisation",
        statement=r"The line nearest to $f(X)$ in mean square is $E[f(X)] + E[f'(X)]\,(x - \mu)$, for a signal of "
        r"mean $\mu$ (its DC mode) and variance $s^2$ (the power of all other modes, by Parseval).",
        verdict="conditional",
        hypotheses="$X$ is normal, $f$ is locally absolutely continuous, and $E|f'(X)|$ and $E[f(X)^2]$ are finite.",
        corrected=r"Bounded growth of $f$ is not enough: $f(x) = \sin(e^{x^4})$ is bounded and smooth, but $E|f'(X)|$ "
        "is infinite, so that the line has no slope $E[f'(X)]$. A sum of many modes is nearly normal; a single mode "
        "is not.",
        proof=r"The slope of the best line is $E[f(X)(X - \mu)]/s^2$. Integrate by parts against the density, whose "
        r"derivative is $-(x - \mu)/s^2$ times the density: this gives $E[f'(X)]$ (Stein 1981; the values at the "
        r"ends vanish because $E|f'(X)|$ is finite). Between two zeros of the derivative of $\sin(e^{x^4})$ the "
        r"integral of $|f'|$ is 2; the $n$-th of these intervals lies at $x = (\ln \pi n)^{1/4}$, where the density "
        r"$e^{-\sqrt{\ln \pi n}/2}/\sqrt{2\pi}$ decreases more slowly than $1/n$, so that the sum diverges. The "
        "linearisation is due to Bussgang (1952).",
        proof_page="proofs_transforms#functions-of-a-normal-variable",
        checks=(
            Identity(
                name="the mean slope of tanh is the slope of the regression",
                closed=mean_slope,
                independent=regression_slope,
                points=({"mu": "0.3", "s": "0.7"},),
                random={"mu": Range("-1", "1"), "s": Range("0.05", "0.8")},
                draws=1,
            ),
            Bound(
                name="E|f'(X)| of sin(e^(x⁴)) over n extrema of f exceeds 4n times a density that decreases slowly",
                quantity=mean_modulus_of_slope,
                low=lambda m, n: 4 * n * density(m, m.sqrt(m.sqrt(m.log(m.pi * (2 * n + 5) / 2)))),
                points=({"n": 4}, {"n": 30}),
            ),
            Contradiction(
                name="not for a cosine",
                claimed=mean_slope_of_a_cosine,
                actual=regression_slope_of_a_cosine,
                points=({"A": "1"}, {"A": "2"}),
                gap="0.05",
            ),
        ),
    ),
    Claim(
        id="relu-normal-line",
        title="ReLU of a normal variable: its mean and its mean slope",
        statement=r"With $\alpha = \mu/s$: $E[\mathrm{ReLU}(X)] = s\,\varphi(\alpha) + \mu\,\Phi(\alpha)$ and "
        r"$E[\mathrm{ReLU}'(X)] = \Phi(\alpha)$.",
        verdict="holds",
        proof=r"Integrate $(\mu + sz)\varphi(z)$ over $z > -\alpha$, where the kink is, with $z\varphi = -\varphi'$.",
        proof_page="proofs_transforms#functions-of-a-normal-variable",
        checks=(
            Identity(
                name="against the regression by quadrature",
                closed=relu_line,
                independent=relu_line_by_regression,
                points=(
                    {"mu": "0", "s": "1"},
                    {"mu": "-1.5", "s": "0.5"},
                    {"mu": "0.3", "s": "0.01"},
                    {"mu": "-1e-9", "s": "1e-9"},
                ),
                random={"mu": Range("-2", "2"), "s": Range("0.5", "3")},
                draws=2,
            ),
        ),
    ),
    Claim(
        id="relu-hermite",
        title="The Hermite coefficients of ReLU",
        statement=r"$c_j = E[f(X)\,\mathrm{He}_j(Z)]/j!$, and for ReLU $c_0$ and $c_1/s$ are those of the best line "
        r"and $c_j = (-1)^j s\,\mathrm{He}_{j-2}(\alpha)\,\varphi(\alpha)/j!$ for $j \geq 2$.",
        verdict="holds",
        proof=r"Integration by parts gives $c_j = s^j E[f^{(j)}(X)]/j!$; the second derivative of ReLU is $\delta$, "
        "so $E[f^{(j)}(X)]$ is a derivative of the density of $X$ at 0.",
        proof_page="proofs_transforms#functions-of-a-normal-variable",
        checks=(
            Identity(
                name="against quadrature split at the kink",
                closed=relu_coefficient,
                independent=relu_coefficient_by_quadrature,
                points=(
                    {"mu": "0.3", "s": "0.8", "j": 0},
                    {"mu": "-0.7", "s": "1.3", "j": 1},
                    {"mu": "0.03", "s": "0.01", "j": 2},
                    {"mu": "1.1", "s": "2.5", "j": 6},
                ),
                random={"mu": Range("-1.5", "1.5"), "s": Range("0.2", "2"), "j": Range(0, 6)},
                draws=2,
            ),
        ),
    ),
    Claim(
        id="relu-residual-variance",
        title="The residual variance of polynomials for ReLU of a normal variable",
        statement=r"For a normal $X$ of mean 0 and any deviation, the best line in the mean square misses $(\pi - "
        r"2)/(2(\pi - 1)) = 26.7\,\%$ of the variance of $\mathrm{ReLU}(X)$, the best parabola $(\pi - 3)/(2(\pi - "
        r"1)) = 3.3\,\%$.",
        verdict="holds",
        proof=r"Let $c_j$ be the coefficients of $\mathrm{ReLU}$ in Hermite polynomials of $X/s$, $s$ the deviation. "
        r"The variance is $\sum_{j \geq 1} j!\,c_j^2$ (Parseval), and a polynomial of degree $d$ accounts for its "
        r"first $d$ terms. At mean 0 and $s = 1$ it is $(\pi - 1)/(2\pi)$, with $c_1^2 = 1/4$ and $2 c_2^2 = "
        r"1/(4\pi)$; and $\mathrm{ReLU}(sz) = s\,\mathrm{ReLU}(z)$ for $s > 0$.",
        proof_page="proofs_transforms#functions-of-a-normal-variable",
        checks=(
            Identity(
                name="at mean 0, against the squared distance",
                closed=residual_at_zero,
                independent=residual_at_zero_by_quadrature,
                points=({"degree": 1}, {"degree": 2}),
            ),
            Identity(
                name="at any mean, against integrated projections",
                closed=relu_residual,
                independent=relu_residual_by_regression,
                points=({"mu": "0.5", "s": "0.8", "degree": 4}, {"mu": "-0.9", "s": "1", "degree": 6}),
            ),
            Bound(
                name="26.65 % after degree 1",
                quantity=relu_residual,
                low="0.26652",
                high="0.26654",
                points=({"mu": "0", "s": "1", "degree": 1}, {"mu": "0", "s": "0.001", "degree": 1}),
            ),
            Bound(
                name="3.306 % after degree 2",
                quantity=relu_residual,
                low="0.033055",
                high="0.033060",
                points=({"mu": "0", "s": "1", "degree": 2}, {"mu": "0", "s": "30", "degree": 3}),
            ),
        ),
    ),
)


# == smooth activations ==============================================================================================
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

    def spectral(w: Number) -> Number:
        # w/sinh(pi w) = 1/(pi sinc(i pi w)), finite at 0.
        wave = mu * m.sinc(w * mu) if j == 0 else w ** (j - 1) * m.sin(w * mu + j * m.pi / 2)
        return wave * m.exp(-w * w * s * s / 2) / (m.pi * m.sinc(m.i * m.pi * w))

    inside = m.half_line(spectral, lambda R: 3 * R**j, rate=3, width=2)
    return s**j * inside / factorial(j) + m.number("1/2") * (j == 0)


def logistic_coefficient_by_quadrature(m: Arithmetic, mu: Number, s: Number, j: int) -> Number:
    return expected(m, lambda z: 1 / (1 + m.exp(-mu - s * z)), m.number(1), j=j) / factorial(j)


_ORDERS: tuple[Point, ...] = (
    {"mu": "0.3", "s": "0.8", "j": 0},
    {"mu": "-0.7", "s": "1.1", "j": 1},
    {"mu": "0.4", "s": "0.5", "j": 2},
    {"mu": "1.1", "s": "0.1", "j": 5},
)

CLAIMS += (
    Claim(
        id="normal-distribution-hermite",
        title="The Hermite coefficients of the normal distribution function and of erf",
        statement=r"For $\Phi(lx)$, with $T^2 = 1 + l^2 s^2$ and $m = l\mu/T$: $c_0 = \Phi(m)$ and "
        r"$c_j = (sl/T)^j\,\varphi^{(j-1)}(m)/j!$ with $\varphi^{(n)} = (-1)^n\,\mathrm{He}_n\,\varphi$. And "
        r"$\mathrm{erf}(x) = 2\Phi(\sqrt{2}\,x) - 1$.",
        verdict="holds",
        proof=r"$E[\Phi(lX)]$ is the probability that a second normal variable lies below $lX$, which is $\Phi(m)$; "
        r"$c_j$ is $s^j/j!$ times its derivative of order $j$ in $\mu$.",
        proof_page="proofs_transforms#functions-of-a-normal-variable",
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
        proof_page="proofs_transforms#functions-of-a-normal-variable",
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
        proof=r"$\sigma(x) = 1/2 + \int_0^\infty \sin(wx)/\sinh(\pi w)\,dw$, by the spectrum of the sigmoid. "
        r"$E[e^{iwX}] = e^{iw\mu - w^2 s^2/2}$; each derivative with respect to $\mu$ gives a factor $w$ and a phase "
        r"of $\pi/2$.",
        proof_page="proofs_transforms#functions-of-a-normal-variable",
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
