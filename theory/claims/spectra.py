"""Fourier transforms of functions and of activations: on the line, on an interval, as distributions."""

from __future__ import annotations

import math
from fractions import Fraction

from ..arithmetic import Arithmetic, Function, Number
from ..checks import Bound, Contradiction, Identity, Range, Side
from ..claim import Claim, Source


# == existence, inversion, and the spectra of activations ============================================================
# -- the pair ------------------------------------------------------------------------------------------
def root_spectrum(m: Arithmetic, w: Number) -> Number:
    """Return the transform of e^{-x} / sqrt(x) on x > 0, which is integrable but unbounded at 0."""
    return m.sqrt(m.pi / (1 + m.i * w))


def root_by_quadrature(m: Arithmetic, w: Number) -> Number:
    # x = t²
    return m.half_line(lambda t: 2 * m.exp(-(1 + m.i * w) * t * t), power=2, width=2)


def packet(m: Arithmetic, b: Number, x: Number) -> Number:
    return (1 + b * x) * m.exp(-x * x / 2)


def packet_spectrum(m: Arithmetic, b: Number, w: Number) -> Number:
    return m.sqrt(2 * m.pi) * (1 - m.i * b * w) * m.exp(-w * w / 2)


# -- at a jump: A e^{-x} for x > 0, B e^{x} for x < 0 ---------------------------------------------------
def half_sum(m: Arithmetic, A: Number, B: Number) -> Number:
    return (A + B) / 2


def value_on_the_right(m: Arithmetic, A: Number, B: Number) -> Number:
    return A


def inverse_at_jump(m: Arithmetic, A: Number, B: Number) -> Number:
    """Return eq. 3 at x = 0 as the limit of the integral over [-W, W]."""
    near = m.integral(lambda w: A / (1 + m.i * w) + B / (1 - m.i * w), -1, 0, 1)
    # Beyond 1 with w = 1/t, both ends together; alone, each of them diverges.
    far = m.integral(lambda t: 2 * (A + B) / (1 + t * t), 0, 1)
    return (near + far) / (2 * m.pi)


def off_the_limit(m: Arithmetic, W: int) -> Number:
    """Return (2W - pi) times the error of the peak of a box on [-1, 1], inverted over [-W, W], against its limit."""
    x = 1 - m.pi / W
    peak = 2 / m.pi * m.integral(lambda w: m.sinc(w) * m.cos(w * x), *m.panels(0, W, 10))
    return (2 * W - m.pi) * (peak - m.number("1/2") - m.integral(m.sinc, 0, m.pi) / m.pi)


# -- spectra of activations, paired with e^{-(w-s)²/2}, s between -2 and 2, whose translates are dense ------
def _half_line(m: Arithmetic, f: Function) -> Number:
    """Integrate over w > 0 a function of at most 20 e^{2w - w²/2}, which from w = 8 on is at most 20 e^{-w²/4}."""
    return m.half_line(f, 20, rate=0.25, power=2)


def _as_a_distribution(paired: Side, f: Side) -> Identity:
    """Check a paired spectrum against f, paired with the transform of the Gaussian."""

    def independent(m: Arithmetic, s: Number) -> Number:
        return m.sqrt(2 * m.pi) * m.line(lambda x: f(m, x) * m.exp(-m.i * s * x - x * x / 2))

    points = ({"s": "1e-6"}, {"s": "2"}, {"s": "-0.7"})
    return Identity(name="paired with e^(-(w-s)²/2)", closed=paired, independent=independent, points=points)


def _of_even(name: str, spectrum: Side, f: Side) -> Identity:
    """Check the spectrum of an even function that is at most (2 + x) e^{-x} from some x on."""

    def independent(m: Arithmetic, w: Number) -> Number:
        return 2 * m.half_line(lambda x: f(m, x) * m.cos(w * x), lambda R: R + 3, width=3)

    return Identity(name=name, closed=spectrum, independent=independent, points=({"w": "0.01"}, {"w": "-3"}))


def tanh_slope_spectrum(m: Arithmetic, w: Number) -> Number:
    return m.pi * w / m.sinh(m.pi * w / 2)


def tanh_paired(m: Arithmetic, s: Number) -> Number:
    # (e^{sw} - e^{-sw})/sinh(pi w/2) with both hyperbolic sines divided by w.
    odd = _half_line(m, lambda w: m.exp(-w * w / 2) * m.sinc(m.i * s * w) / m.sinc(m.i * m.pi * w / 2))
    return -4 * m.i * s * m.exp(-s * s / 2) * odd


def gelu_curvature_spectrum(m: Arithmetic, w: Number) -> Number:
    return (1 + w * w) * m.exp(-w * w / 2)


def gelu_paired(m: Arithmetic, s: Number) -> Number:
    # The finite part at 0: cosh(sw) - 1 = s²w² sinc(isw/2)²/2, and (e^{-w²} - 1)/w² has the integral -sqrt(pi).
    kernel = lambda w: 2 * m.cosh(s * w) + (s * m.sinc(m.i * s * w / 2)) ** 2
    part = _half_line(m, lambda w: m.exp(-w * w) * kernel(w)) - 2 * m.sqrt(m.pi)
    return m.exp(-s * s / 2) * (-m.i * m.pi * s - part)


def gelu_curvature(m: Arithmetic, x: Number) -> Number:
    return (2 - x * x) * m.exp(-x * x / 2) / m.sqrt(2 * m.pi)


def silu_curvature_spectrum(m: Arithmetic, w: Number) -> Number:
    return (m.pi * w / m.sinh(m.pi * w)) ** 2 * m.cosh(m.pi * w)


def silu_curvature(m: Arithmetic, x: Number) -> Number:
    return (2 - x * m.tanh(x / 2)) / (4 * m.cosh(x / 2) ** 2)


def silu_paired(m: Arithmetic, s: Number) -> Number:
    # The finite part is -pi d/dw PV 1/sinh(pi w): by parts it meets the derivative of the Gaussian.
    kernel = lambda w: (m.cosh(s * w) - s * s * m.sinc(m.i * s * w)) / m.sinc(m.i * m.pi * w)
    part = _half_line(m, lambda w: 2 * m.exp(-w * w / 2) * kernel(w))
    return m.exp(-s * s / 2) * (part - m.i * m.pi * s)


def softplus_beside_relu(m: Arithmetic, w: Number) -> Number:
    return 1 / w**2 - m.pi / (w * m.sinh(m.pi * w))


def softplus_paired(m: Arithmetic, s: Number) -> Number:
    # The line through i/2 in the place of the finite part: the even integrand has no residue at 0.
    def above(x: Number) -> Number:
        w = x + m.i / 2
        return m.exp(-w * w / 2) * m.cosh(s * w) / (m.i * w * m.cosh(m.pi * x))

    return -m.pi * m.exp(-s * s / 2) * (m.i * s + m.line(above))


# -- the sigmoid of a wave --------------------------------------------------------------------------------
def bridged(m: Arithmetic, mu: Number, A: Number, k: int) -> Number:
    """Return mode k >= 0 of sigmoid(mu + A cos t) from the sigmoid's spectrum, for real mu and A."""
    if k % 2:  # J_k(z)/z = (J_{k-1}(z) + J_{k+1}(z))/(2k)
        over_s = lambda s: m.cos(mu * s) * A * (m.besselj(k - 1, A * s) + m.besselj(k + 1, A * s)) / (2 * k)
    else:
        over_s = lambda s: m.i * mu * m.sinc(mu * s) * m.besselj(k, A * s)
    inside = m.half_line(lambda s: over_s(s) / m.sinc(m.i * m.pi * s), rate=3.14, width=8) / m.pi
    return -(m.i ** (k + 1)) * inside + m.number(int(k == 0)) / 2


def mode_by_quadrature(m: Arithmetic, mu: Number, A: Number, k: int) -> Number:
    # The wave is even in t.
    half = lambda t: m.cos(k * t) / (1 + m.exp(-mu - A * m.cos(t)))
    return m.integral(half, *(m.pi * n / 4 for n in range(5))) / m.pi


def even_modes(m: Arithmetic, A: Number) -> list[Number]:
    return [m.number("1/2"), m.number(0), m.number(0)]


_ZHU = "zhu2021"
_WAVES = (("0", "1.5", 1), ("0.7", "-1", 3), ("2", "1", 2), ("-1", "1", 0))
_AMPLITUDES = ({"A": "1"}, {"A": "-4"})
_JUMPS = ({"A": "1", "B": "0"}, {"A": "-3", "B": "0.7"})

CLAIMS: tuple[Claim, ...] = (
    Claim(
        id="fourier-transform-exists",
        title="When the Fourier transform exists",
        sources=(Source(_ZHU, "Section 3; Section 3.1", "2-3", "reconstructed"),),
        statement=r"$F(w) = \int f(x) e^{-iwx}\,dx$ exists where $f$ is absolutely integrable and piecewise smooth; "
        r"then $f(x) = \frac{1}{2\pi} \int F(w) e^{iwx}\,dw$.",
        verdict="conditional",
        hypotheses="$f$ is in $L^1$. For eq. 3 at almost every $x$, $F$ is in $L^1$ too.",
        corrected="$f$ in $L^1$ is sufficient for $F$ to exist as a continuous function. Piecewise smoothness is "
        "needed only for the inversion at single points where $F$ is not in $L^1$ (see inversion-at-a-jump).",
        proof="$|f(x) e^{-iwx}| = |f(x)|$, so that the integral converges. Outside $L^1$ it may diverge: for $f = 1$ "
        r"the integral over $[-a, a]$ is $2 \sin(wa)/w$, which has no limit.",
        checks=(
            Identity(
                name="in L1, not piecewise smooth: e^(-x)/sqrt(x), x > 0",
                closed=root_spectrum,
                independent=root_by_quadrature,
                points=({"w": "0"}, {"w": "-2.5"}),
                random={"w": Range("-4", "4")},
                draws=1,
                screened=10,
            ),
            Identity(
                name="eq. 2 for (1 + bx) e^(-x²/2)",
                closed=packet_spectrum,
                independent=lambda m, b, w: m.line(lambda x: packet(m, b, x) * m.exp(-m.i * w * x)),
                points=({"b": "1", "w": "0"}, {"b": "-2/3", "w": "1.7"}),
                random={"b": Range("-1", "1"), "w": Range("-4", "4")},
                draws=1,
                screened=10,
            ),
            Identity(
                name="eq. 3 gives it back",
                closed=packet,
                independent=lambda m, b, x: m.line(
                    lambda w: packet_spectrum(m, b, w) * m.exp(m.i * w * x) / (2 * m.pi)
                ),
                points=({"b": "1", "x": "0"}, {"b": "-2/3", "x": "1.7"}),
            ),
            Contradiction(
                name="not in L1: half a period further changes the transform of 1",
                claimed=lambda m, w, a: m.integral(lambda x: m.exp(-m.i * w * x), -a, 0, a),
                actual=lambda m, w, a: m.integral(lambda x: m.exp(-m.i * w * x), -a - m.pi / w, 0, a + m.pi / w),
                points=({"w": "1", "a": "20"}, {"w": "0.5", "a": "31"}),
            ),
        ),
    ),
    Claim(
        id="inversion-at-a-jump",
        title="The inverse Fourier transform at a jump",
        sources=(Source(_ZHU, "Section 3; Section 3.1", "3", "reconstructed"),),
        statement=r"For $f$ absolutely integrable and piecewise smooth, $\frac{1}{2\pi} \int F(w) e^{iwx}\,dw = f(x)$ "
        r"at every $x$.",
        verdict="conditional",
        hypotheses=r"$f$ is continuous at $x$, and the integral is the limit over $[-W, W]$ as $W \to \infty$.",
        corrected="At a jump the integral over $[-W, W]$ tends to the half sum $(f(x+) + "
        r"f(x-))/2$ as $W \to \infty$. Near the jump the peak does not decrease with $W$: it overshoots by "
        r"$\mathrm{Si}(\pi)/\pi - 1/2$, 8.9 % of the jump (Gibbs phenomenon).",
        proof=r"Cut at $W$, the inverse is $f * \sin(Wx)/(\pi x)$, and half of this kernel lies on each side of the "
        r"jump. For a box on $[-1, 1]$ it is $[\mathrm{Si}(W(1 + x)) + \mathrm{Si}(W(1 - x))]/\pi$; set $x = 1 - "
        r"\pi/W$ and use $|\mathrm{Si}(y) - \pi/2| \leq 1/y$.",
        checks=(
            Identity(
                name="the half sum",
                closed=half_sum,
                independent=inverse_at_jump,
                points=_JUMPS,
                random={"A": Range("0.1", "3"), "B": Range("0.1", "3")},
                draws=1,
                screened=60,
            ),
            Identity(
                name="the value, where there is no jump",
                closed=value_on_the_right,
                independent=inverse_at_jump,
                points=({"A": "1", "B": "1"}, {"A": "-0.3", "B": "-0.3"}),
                outside_points=_JUMPS,
            ),
            Contradiction(name="not one side", claimed=value_on_the_right, actual=inverse_at_jump, points=_JUMPS),
            Bound(
                name="Gibbs",
                quantity=off_the_limit,
                low=lambda m, W: -1 / m.pi,
                high=lambda m, W: 1 / m.pi,
                # The quantity is near cos(2W)/pi: W = 11 and W = 22 are near its peaks.
                points=({"W": 10}, {"W": 11}, {"W": 22}, {"W": 200}),
            ),
        ),
    ),
    Claim(
        id="tanh-spectrum",
        title="The Fourier transform of tanh",
        statement=r"$-i\pi\,\mathrm{PV}\,1/\sinh(\pi w/2)$; that of its derivative is $\pi w/\sinh(\pi w/2)$.",
        verdict="holds",
        proof=r"$\tanh x = 2\sigma(2x) - 1$ (see sigmoid-fourier-line): the delta function drops out.",
        picture="spectra",
        proof_page="proofs_transforms#spectra-of-activation-functions",
        checks=(
            _of_even("of the derivative", tanh_slope_spectrum, lambda m, x: 1 / m.cosh(x) ** 2),
            _as_a_distribution(tanh_paired, lambda m, x: m.tanh(x)),
        ),
    ),
    Claim(
        id="gelu-spectrum",
        title="The Fourier transform of GELU",
        statement=r"$i\pi\delta'(w) - \mathrm{f.p.}\,(1 + 1/w^2) e^{-w^2/2}$ for $x\Phi(x)$.",
        verdict="holds",
        proof=r"The spectrum of $\Phi$ is $\pi\delta + \mathrm{PV}\,e^{-w^2/2}/(iw)$, and multiplication by $x$ "
        r"becomes $i\,d/dw$. The second derivative has the transform $(1 + w^2) e^{-w^2/2}$.",
        picture="spectra",
        proof_page="proofs_transforms#spectra-of-activation-functions",
        checks=(
            _of_even("of the second derivative", gelu_curvature_spectrum, gelu_curvature),
            _as_a_distribution(gelu_paired, lambda m, x: x * m.erfc(-x / m.sqrt(m.number(2))) / 2),
        ),
    ),
    Claim(
        id="silu-spectrum",
        title="The Fourier transform of SiLU",
        statement=r"$i\pi\delta'(w) - \pi^2\,\mathrm{f.p.}\,\cosh(\pi w)/\sinh^2(\pi w)$ for $x\sigma(x)$.",
        verdict="holds",
        proof=r"It is $i\,d/dw$ of the spectrum of the sigmoid; the derivative of $\mathrm{PV}\,1/\sinh(\pi w)$ is a "
        "finite part.",
        picture="spectra",
        proof_page="proofs_transforms#spectra-of-activation-functions",
        checks=(
            _of_even("of the second derivative", silu_curvature_spectrum, silu_curvature),
            _as_a_distribution(silu_paired, lambda m, x: x / (1 + m.exp(-x))),
        ),
    ),
    Claim(
        id="softplus-spectrum",
        title="The Fourier transform of softplus",
        statement=r"$\log(1 + e^x)$ has the transform $i\pi\delta'(w) - \mathrm{f.p.}\,\pi/(w \sinh(\pi w))$.",
        verdict="holds",
        proof=r"The difference of softplus and ReLU is $\log(1 + e^{-|x|})$, which is in $L^1$ and has the transform "
        r"$1/w^2 - \pi/(w \sinh(\pi w))$. Add ReLU's spectrum (see relu-spectrum-is-a-delta).",
        picture="spectra",
        proof_page="proofs_transforms#spectra-of-activation-functions",
        checks=(
            _of_even("of softplus less ReLU", softplus_beside_relu, lambda m, x: m.log(1 + m.exp(-x))),
            _as_a_distribution(softplus_paired, lambda m, x: m.log(1 + m.exp(x))),
        ),
    ),
    Claim(
        id="sigmoid-spectrum-as-a-layer",
        title="The spectrum of the sigmoid of a signal, from the sigmoid's own spectrum",
        statement=r"The transform of $\sigma(f)$ is $\frac{1}{2\pi} \int \hat\sigma(s) E_s(w)\,ds$ with $E_s$ the "
        r"transform of $e^{isf(x)}$. For $f = A \cos t$ mode $k$ of $\sigma(f)$ is "
        r"$-i^{k+1} \int_0^\infty J_k(As)/\sinh(\pi s)\,ds$ for odd $k$, 1/2 for $k = 0$, and 0 for other even $k$. "
        r"It is neither the product $\hat\sigma(w) F(w)$ nor the composition $\hat\sigma(F(w))$.",
        verdict="holds",
        corrected="Theorem 3.3 of zhu2021 gives the sigmoid's transform, but the paper does not say how a layer uses "
        "it; the last sentence excludes the two uses that suggest themselves.",
        proof=r"Write $\sigma(f(x))$ as the inverse transform of $\hat\sigma$ at $f(x)$, and transform in $x$. For a "
        r"wave, $e^{isA \cos t} = \sum i^k J_k(As) e^{ikt}$; a mean $\mu$ multiplies it by $e^{is\mu}$.",
        picture="bridge",
        checks=(
            Contradiction(
                name="as a factor: modes 1 and 3 of A cos t",
                claimed=lambda m, A: [-m.i * m.pi / m.sinh(m.pi) * A / 2, m.number(0)],
                actual=lambda m, A: [mode_by_quadrature(m, 0, A, k) for k in (1, 3)],
                points=_AMPLITUDES,
            ),
            Contradiction(
                name="on the values: mode 1 of A cos t",
                claimed=lambda m, A: -m.i * m.pi / m.sinh(m.pi * A / 2),
                actual=lambda m, A: mode_by_quadrature(m, 0, A, 1),
                points=_AMPLITUDES,
            ),
            Identity(
                name="the bridge, for mu + A cos t",
                closed=bridged,
                independent=mode_by_quadrature,
                points=tuple({"mu": mu, "A": A, "k": k} for mu, A, k in _WAVES),
            ),
            Identity(
                name="modes 0, 2 and 4 of A cos t",
                closed=even_modes,
                independent=lambda m, A: [mode_by_quadrature(m, 0, A, k) for k in (0, 2, 4)],
                points=_AMPLITUDES,
            ),
        ),
    ),
)


# == the sigmoid =====================================================================================================
def sigmoid(m: Arithmetic, x: Number) -> Number:
    """Return 1 / (1 + e^-x)."""
    return 1 / (1 + m.exp(-x))


# -- definition ----------------------------------------------------------------------------------------
def by_tanh(m: Arithmetic, x: Number) -> Number:
    return (1 + m.tanh(x / 2)) / 2


def mass(m: Arithmetic, R: int) -> Number:
    return m.number(R)


def mass_by_quadrature(m: Arithmetic, R: int) -> Number:
    return m.integral(lambda x: sigmoid(m, x), *m.panels(-R, R))


def mass_between(m: Arithmetic, R: int) -> Number:
    return m.integral(lambda x: 1 / (1 + m.exp(-x)), *m.panels(R, 2 * R))


# -- on [-a, a] ----------------------------------------------------------------------------------------
def antiderivative(m: Arithmetic, w: Number, x: Number) -> Number:
    """Return an antiderivative of sigmoid(x) e^{-iwx}; the series diverges for x < 0, the continuation is finite."""
    return m.i / w * m.exp(-m.i * w * x) * m.hyp2f1(1, m.i * w, 1 + m.i * w, -m.exp(-x))


def sigmoid_on_interval(m: Arithmetic, w: Number, a: Number) -> Number:
    return antiderivative(m, w, a) - antiderivative(m, w, -a)


def sigmoid_on_interval_by_quadrature(m: Arithmetic, w: Number, a: Number) -> Number:
    return m.integral(lambda x: sigmoid(m, x) * m.exp(-m.i * w * x), *(a * k / 4 for k in range(-4, 5)))


def half_a_period_further(m: Arithmetic, w: Number, a: Number) -> Number:
    return sigmoid_on_interval_by_quadrature(m, w, a + m.pi / w)


def at_zero(m: Arithmetic, a: Number) -> Number:
    return a


def at_zero_by_quadrature(m: Arithmetic, a: Number) -> Number:
    return sigmoid_on_interval_by_quadrature(m, m.number(0), a)


# -- the series of eq. 12 ------------------------------------------------------------------------------
def gauss_series(m: Arithmetic, w: Number, z: Number) -> Number:
    """Return the sum of (1)_n (iw)_n / (1 + iw)_n z^n / n!, whose terms are z^n iw / (iw + n), with its tail."""
    b, size = m.i * w, m.abs(z)
    terms = 40 + 8 * (m.digits + m.guard)
    return sum(b / (b + n) * z**n for n in range(terms)) + m.tail(m.abs(b) * size**terms / (1 - size))


def euler_integral(m: Arithmetic, w: Number, z: Number) -> Number:
    """Return 2F1(1, iw; 1 + iw; z) by Euler's integral, integrated by parts once to converge at t = 0."""
    b = m.i * w
    # t = e^-u: the integrand decays as e^-u.
    decaying = lambda u: m.exp(-(1 + b) * u) / (1 - z * m.exp(-u)) ** 2
    return 1 / (1 - z) - z * m.half_line(decaying, 2 / (1 - m.abs(z)) ** 2)


def error_at_minus_one(m: Arithmetic, w: Number, n: int) -> Number:
    """Return n^2/|iw| times the distance of the mean of two partial sums of the series at -1 from the continuation.

    The error of the mean is a quarter of b/n^2 to first order, as the differences of b/(b + n) are about b/n^2.
    """
    b = m.i * w
    first = sum((-1) ** k * b / (b + k) for k in range(n))
    mean = first + (-1) ** n * b / (b + n) / 2
    return n * n * m.abs(mean - m.hyp2f1(1, b, 1 + b, m.number(-1))) / m.abs(b)


def sixty_terms(m: Arithmetic, w: Number, a: Number) -> Number:
    return sum(m.i * w / (m.i * w + n) * (-m.exp(a)) ** n for n in range(60))


def continued(m: Arithmetic, w: Number, a: Number) -> Number:
    return m.hyp2f1(1, m.i * w, 1 + m.i * w, -m.exp(a))


# -- its derivative in w ---------------------------------------------------------------------------------
def antiderivative_slope(m: Arithmetic, w: Number, x: Number) -> Number:
    """Return d/dw of the antiderivative -e^{-bx} Phi(z, 1, b), with b = iw: dPhi(z, 1, b)/db = -Phi(z, 2, b)."""
    b, z = m.i * w, -m.exp(-x)
    return m.i * m.exp(-b * x) * (x * m.hyp2f1(1, b, 1 + b, z) / b + m.lerch(z, 2, b))


def sigmoid_slope_on_interval(m: Arithmetic, w: Number, a: Number) -> Number:
    return antiderivative_slope(m, w, a) - antiderivative_slope(m, w, -a)


def sigmoid_slope_by_quadrature(m: Arithmetic, w: Number, a: Number) -> Number:
    panels = (a * k / 4 for k in range(-4, 5))
    return m.integral(lambda x: -m.i * x * sigmoid(m, x) * m.exp(-m.i * w * x), *panels)


# -- as a distribution -----------------------------------------------------------------------------------
def spectrum_paired(m: Arithmetic, s: Number) -> Number:
    """Pair pi delta - i pi PV 1/sinh(pi w) with e^{-(w-s)^2/2}, |s| <= 2; the second term needs the odd part only."""
    kernel = lambda w: m.sinc(m.i * s * w) / m.sinc(m.i * m.pi * w)  # sinh(sw)/sinh(pi w), times pi/s
    odd = _half_line(m, lambda w: m.exp(-w * w / 2) * kernel(w))
    return m.exp(-s * s / 2) * (m.pi - 2 * m.i * s * odd)


def sigmoid_paired(m: Arithmetic, s: Number) -> Number:
    """Integrate the sigmoid against the transform of this Gaussian, sqrt(2 pi) e^{-isx - x^2/2}."""
    return m.sqrt(2 * m.pi) * m.line(lambda x: sigmoid(m, x) * m.exp(-m.i * s * x - x * x / 2), 2)


def spectrum_of_slope(m: Arithmetic, w: Number) -> Number:
    return m.pi * w / m.sinh(m.pi * w)


def spectrum_of_slope_by_quadrature(m: Arithmetic, w: Number) -> Number:
    return m.half_line(lambda x: m.cos(w * x) / (2 * m.cosh(x / 2) ** 2), 4, width=2)


_FREQUENCIES = ({"w": "1", "a": "3"}, {"w": "-2.5", "a": "1"}, {"w": "0.001", "a": "2"}, {"w": "7", "a": "20"})
_ANY = {"w": Range("0.2", "9"), "a": Range("0.5", "8")}

CLAIMS += (
    Claim(
        id="sigmoid-definition",
        title="The logistic function is a shifted, scaled hyperbolic tangent",
        sources=(Source("zhu2021", "Section 3.2; Appendix B", "8, 50", "reconstructed"),),
        statement=r"$\sigma(x) = 1/(1 + e^{-x})$, which is $(1 + \tanh(x/2))/2$.",
        verdict="holds",
        proof="Divide numerator and denominator by $e^{-x/2}$.",
        checks=(
            Identity(
                name="through tanh",
                closed=by_tanh,
                independent=sigmoid,
                points=({"x": "0"}, {"x": "-30"}, {"x": "40"}, {"x": "0.001"}),
                random={"x": Range("-20", "20")},
            ),
        ),
    ),
    Claim(
        id="sigmoid-integrable",
        title="The sigmoid is absolutely integrable",
        sources=(Source("zhu2021", "Section 3.2; Section 4; Appendix B"),),
        statement=r"$\int_{-\infty}^{\infty} |\sigma(x)|\,dx < \infty$: the sigmoid satisfies the absolutely "
        "integrable requirement of the Fourier transform.",
        verdict="refuted",
        corrected=r"$\int_{-R}^{R} \sigma(x)\,dx = R$, which grows without bound: $\sigma$ tends to 1, not to 0.",
        proof=r"$\sigma(x) + \sigma(-x) = 1$: the integral over $[-R, R]$ is the length of $[0, R]$.",
        checks=(
            Identity(
                name="the integral over [-R, R] is R",
                closed=mass,
                independent=mass_by_quadrature,
                points=({"R": 1}, {"R": 7}, {"R": 40}),
            ),
            Contradiction(
                name="what lies beyond R would have to vanish",
                claimed=lambda m, R: m.number(0),
                actual=mass_between,
                points=({"R": 10}, {"R": 30}),
            ),
        ),
    ),
    Claim(
        id="sigmoid-fourier-line",
        title="The sigmoid has a Fourier transform given by a hypergeometric function",
        sources=(
            Source("zhu2021", "Theorem 3.3", "9-11", "reconstructed"),
            Source("zhu2021", "Appendix B", "51-53", "reconstructed"),
        ),
        statement=r"As we read Theorem 3.3, $\hat\sigma(w) = \int_{-\infty}^{\infty} \sigma(x) e^{-iwx}\,dx$ exists as "
        "a function. (If it means the integral over a bounded interval, see sigmoid-fourier-interval.)",
        verdict="refuted",
        corrected=r"As a tempered distribution $\hat\sigma = \pi\delta(w) - i\pi\,\mathrm{PV}\,1/\sinh(\pi w)$. The "
        r"integral over $[-a, a]$ has a closed form (see sigmoid-fourier-interval), which does not converge as $a \to "
        r"\infty$.",
        proof=r"$\sigma - 1/2$ is odd and bounded with derivative $\sigma'$ in $L^1$, so that $iw\,\hat\sigma = "
        r"\pi w/\sinh(\pi w)$; dividing by $iw$ leaves a multiple of $\delta$, which the mean 1/2 fixes at $\pi$.",
        picture="truncated-sigmoid",
        proof_page="proofs_transforms#spectra-of-activation-functions",
        checks=(
            Contradiction(
                name="half a period further changes the truncated transform",
                claimed=sigmoid_on_interval_by_quadrature,
                actual=half_a_period_further,
                points=({"w": "1", "a": "30"}, {"w": "0.3", "a": "50"}),
            ),
            Identity(
                name="as a distribution, paired with e^(-(w-s)²/2)",
                closed=spectrum_paired,
                independent=sigmoid_paired,
                points=({"s": "1e-6"}, {"s": "2"}, {"s": "-0.7"}),
            ),
        ),
    ),
    Claim(
        id="sigmoid-fourier-interval",
        title="The Fourier transform of the sigmoid on an interval",
        sources=(
            Source("zhu2021", "Theorem 3.3", "9-11", "reconstructed"),
            Source("zhu2021", "Appendix B", "51-53", "reconstructed"),
        ),
        statement=r"$\int_{-a}^{a} \sigma(x) e^{-iwx}\,dx = P(a) - P(-a)$ with "
        r"$P(x) = \frac{i}{w} e^{-iwx}\,{}_2F_1(1, iw; 1 + iw; -e^{-x})$.",
        verdict="conditional",
        hypotheses=r"The interval is bounded, $w \ne 0$, and ${}_2F_1$ is the analytic continuation: at $-a$ its "
        "argument $-e^{a}$ lies outside the disc of convergence.",
        corrected="At $w = 0$ the value is $a$.",
        proof=r"Differentiate: $P' = \sigma e^{-iwx}$, since ${}_2F_1(1, b; 1 + b; z) = b \sum z^n/(b + n)$.",
        picture="truncated-sigmoid",
        checks=(
            Identity(
                name="P(a) - P(-a) against quadrature",
                closed=sigmoid_on_interval,
                independent=sigmoid_on_interval_by_quadrature,
                points=_FREQUENCIES,
                random=_ANY,
            ),
            Identity(
                name="the value at w = 0",
                closed=at_zero,
                independent=at_zero_by_quadrature,
                points=({"a": "1"}, {"a": "12.5"}),
                random={"a": Range("0.1", "20")},
                draws=1,
                screened=60,
            ),
        ),
    ),
    Claim(
        id="gauss-series",
        title="The hypergeometric function as Gauss' series",
        sources=(Source("zhu2021", "Theorem 3.3", "12", "reconstructed"),),
        statement=r"${}_2F_1(a, b; c; z) = \sum_n \frac{(a)_n (b)_n}{(c)_n} \frac{z^n}{n!}$, and Theorem 3.3 uses it "
        "at every argument.",
        verdict="conditional",
        hypotheses=r"$|z| < 1$, or $|z| = 1$ and $z \neq 1$, for the parameters of Theorem 3.3, $a = 1$ and $c = 1 + "
        "b$.",
        corrected="The series converges at $z = -1$ too, though not absolutely. Theorem 3.3 also needs $z = -e^{R}$, "
        "at the end $-R$ of an interval, where the series diverges: there the analytic continuation must be used. "
        r"For general parameters a series that does not terminate converges at $|z| = 1$, $z \neq 1$, if and only if "
        r"$\Re(c - a - b) > -1$; here $c - a - b = 0$.",
        proof=r"The ratio of consecutive terms tends to $z$, and the terms are $z^n b/(b + n)$. At $|z| = 1$, "
        r"$z \neq 1$, the sums of $z^n$ are bounded and $b/(b + n)$ has bounded variation and tends to 0 (Dirichlet's "
        "test); by Abel's theorem the sum is the value of the continuation.",
        checks=(
            Identity(
                name="inside the unit disc, against Euler's integral",
                closed=gauss_series,
                independent=euler_integral,
                points=({"w": "1", "z": "-0.5"}, {"w": "-4", "z": "0.3"}, {"w": "0.01", "z": "-0.7"}),
                random={"w": Range("0.01", "9"), "z": Range("-0.7", "0.7")},
                draws=1,
                screened=5,
            ),
            Bound(
                name="at z = -1: n² times the error of the mean of the partial sums up to n and n + 1 terms",
                quantity=error_at_minus_one,
                low="0.2498",
                high="0.25",
                points=({"w": "1", "n": 50}, {"w": "-2", "n": 400}, {"w": "0.01", "n": 1000}),
            ),
            Contradiction(
                name="outside, sixty terms are nowhere near",
                claimed=sixty_terms,
                actual=continued,
                points=({"w": "1", "a": "1"}, {"w": "2", "a": "0.5"}),
            ),
        ),
    ),
    Claim(
        id="sigmoid-fourier-frequency-derivative",
        title="The derivative in w of the sigmoid's transform on an interval",
        sources=(
            Source("zhu2021", "Theorem 3.3", "13", "reconstructed"),
            Source("zhu2021", "Appendix B", "54", "reconstructed"),
        ),
        statement="The derivative of the transform exists in closed form.",
        verdict="conditional",
        hypotheses=r"The transform is that on a bounded interval $[-a, a]$, and $w \ne 0$.",
        corrected=r"With $P$ of sigmoid-fourier-interval, $b = iw$ and $z = -e^{-x}$, $\frac{d}{db}[{}_2F_1(1, b; "
        r"1 + b; z)/b] = -\Phi(z, 2, b)$, Lerch's transcendent. This is a derivative with respect to $w$; "
        "back-propagation does not use it (see derivative-as-backward).",
        proof=r"${}_2F_1(1, b; 1 + b; z)/b = \Phi(z, 1, b) = \sum z^n/(b + n)$; differentiate each term.",
        checks=(
            Identity(
                name="by Lerch's transcendent, against quadrature",
                closed=sigmoid_slope_on_interval,
                independent=sigmoid_slope_by_quadrature,
                points=({"w": "-2.5", "a": "1"}, {"w": "0.1", "a": "2"}),
                random={"w": Range("0.5", "5"), "a": Range("0.5", "4")},
                draws=1,
            ),
        ),
    ),
    Claim(
        id="sigmoid-slope-spectrum",
        title="The derivative of the sigmoid has a transform in the ordinary sense",
        statement=r"$\int \sigma'(x) e^{-iwx}\,dx = \pi w/\sinh(\pi w)$, which is 1 at $w = 0$.",
        verdict="holds",
        proof=r"Residues of $\sigma'$ at $i\pi(2n + 1)$ give a geometric series in $e^{-2\pi w}$.",
        proof_page="proofs_transforms#spectra-of-activation-functions",
        checks=(
            Identity(
                name="against quadrature of 1/(4 cosh²(x/2))",
                closed=spectrum_of_slope,
                independent=spectrum_of_slope_by_quadrature,
                points=({"w": "1"}, {"w": "1e-9"}, {"w": "-3"}),
                random={"w": Range("0.1", "4")},
            ),
        ),
    ),
)


# == ReLU and the Heaviside step =====================================================================================
# -- definition, with arguments n/d in whole numbers, which can be compared ---------------------------
def relu(m: Arithmetic, x: Number) -> Number:
    return (x + m.abs(x)) / 2


def greater(m: Arithmetic, n: int, d: int) -> Number:
    return m.number(Fraction(max(n, 0), d))


def through_the_step(m: Arithmetic, n: int, d: int) -> Number:
    x = m.number(Fraction(n, d))
    return x * (1 + x / m.abs(x)) / 2


def scaled(m: Arithmetic, c: int, n: int, d: int) -> Number:
    return c * relu(m, m.number(Fraction(n, d)))


# -- on [0, a] -----------------------------------------------------------------------------------------
def _quarters(a: Number) -> list[Number]:
    return [a * k / 4 for k in range(5)]


def relu_on_interval(m: Arithmetic, w: Number, a: Number) -> Number:
    E = m.exp(-m.i * w * a)
    return (E * (1 + m.i * w * a) - 1) / w**2


def relu_slope_on_interval(m: Arithmetic, w: Number, a: Number) -> Number:
    E = m.exp(-m.i * w * a)
    return (a**2 * w**2 * E - 2 * E * (1 + m.i * w * a) + 2) / w**3


def relu_on_interval_by_quadrature(m: Arithmetic, w: Number, a: Number) -> Number:
    return m.integral(lambda x: x * m.exp(-m.i * w * x), *_quarters(a))


def relu_slope_by_quadrature(m: Arithmetic, w: Number, a: Number) -> Number:
    return m.integral(lambda x: -m.i * x * x * m.exp(-m.i * w * x), *_quarters(a))


def both_at_zero(m: Arithmetic, a: Number) -> list[Number]:
    return [a**2 / 2, -m.i * a**3 / 3]


# -- the step as the limit of e^{-beta x} H(x) -----------------------------------------------------------
def decaying_step(m: Arithmetic, beta: Number, w: Number) -> Number:
    return (beta - m.i * w) / (beta**2 + w**2)


def decaying_step_by_quadrature(m: Arithmetic, beta: Number, w: Number) -> Number:
    """Integrate over the half line, for beta >= 1."""
    return m.half_line(lambda x: m.exp(-(beta + m.i * w) * x), width=10)


def decaying_step_paired(m: Arithmetic, n: int, s: Number) -> Number:
    """Pair 1/(beta + iw), beta = 10^-n, with the Gaussian e^{-(w-s)²/2}."""
    z = m.number(Fraction(1, 10**n)) + m.i * s
    return m.pi * m.exp(z * z / 2) * m.erfc(z / m.sqrt(m.number(2)))


def decaying_step_paired_by_quadrature(m: Arithmetic, n: int, s: Number) -> Number:
    """Integrate with the substitution w = beta sinh u, for |s| <= 2."""
    beta, R = m.number(Fraction(1, 10**n)), m.cut(0.5, 2)
    U = math.ceil(math.log(2 * (R + 2)) + n * math.log(10)) + 1
    gaussian = lambda w: m.exp(-((w - s) ** 2) / 2)
    inside = m.integral(lambda u: gaussian(beta * m.sinh(u)) * (1 / m.cosh(u) - m.i * m.tanh(u)), *m.panels(-U, U))
    return inside + m.tail(2 * m.exp(-m.number(R * R) / 2))


# -- as distributions: paired with e^{-(w-s)²/2}, s between -2 and 2, whose translates are dense -----------
def step_paired(m: Arithmetic, s: Number) -> Number:
    """Pair pi delta + PV 1/(iw) with the Gaussian e^{-(w-s)²/2}."""
    # (e^{sw} - e^{-sw})/w = 2s sinc(isw)
    odd = _half_line(m, lambda w: 2 * s * m.sinc(m.i * s * w) * m.exp(-w * w / 2))
    return m.exp(-s * s / 2) * (m.pi - m.i * odd)


def step_by_quadrature(m: Arithmetic, s: Number) -> Number:
    """Integrate the transform of the Gaussian, sqrt(2 pi) e^{-isx - x²/2}, over x > 0."""
    return m.sqrt(2 * m.pi) * m.half_line(lambda x: m.exp(-m.i * s * x - x * x / 2), rate=0.5, power=2)


def relu_paired(m: Arithmetic, s: Number) -> Number:
    """Pair i pi delta' - f.p. 1/w²: the finite part is the integral over w > 0 of (g(w) + g(-w) - 2g(0))/w²."""
    # cosh(sw) - 1 = s²w² sinc(isw/2)²/2; the rest, (e^{-w²/2} - 1)/w², has the integral -sqrt(pi/2).
    part = _half_line(m, lambda w: (s * m.sinc(m.i * s * w / 2)) ** 2 * m.exp(-w * w / 2)) - m.sqrt(2 * m.pi)
    return m.exp(-s * s / 2) * (-m.i * m.pi * s - part)


def relu_by_quadrature(m: Arithmetic, s: Number) -> Number:
    return m.sqrt(2 * m.pi) * m.half_line(lambda x: x * m.exp(-m.i * s * x - x * x / 2), rate=0.5, power=2)


def relu_against_a_zero(m: Arithmetic, b: Number) -> Number:
    """Pair ReLU's spectrum with (1 + bw) w² e^{-w²/2}: integrate x over x > 0 against the transform of that."""
    wave = lambda x: (1 - x * x + m.i * b * (x**3 - 3 * x)) * m.exp(-x * x / 2)
    bound = lambda R: (1 + m.abs(b)) * 2 * R**4
    return m.sqrt(2 * m.pi) * m.half_line(lambda x: x * wave(x), bound, rate=0.5, power=2)


_INTERVALS = ({"w": "1", "a": "3"}, {"w": "1e-9", "a": "2"}, {"w": "-7", "a": "20"}, {"w": "0.01", "a": "1"})
_SHIFTS = ({"s": "0"}, {"s": "1"}, {"s": "-1.9"})

CLAIMS += (
    Claim(
        id="relu-definition",
        title="ReLU, and ReLU through the Heaviside step",
        sources=(Source(_ZHU, "Section 3.2", "14, 19", "reconstructed"),),
        statement=r"$\mathrm{ReLU}(x) = \max(0, x) = x H(x)$, with $H(x) = 0$ for $x < 0$ and 1 for $x > 0$.",
        verdict="holds",
        proof="Both sides are 0 for $x < 0$ and $x$ for $x > 0$. Whatever the value of the step at 0, the product is "
        "0 there.",
        checks=(
            Identity(
                name="x H(x), x not 0, against the greater of 0 and x",
                closed=through_the_step,
                independent=greater,
                points=({"n": 1, "d": 10**9}, {"n": -7, "d": 3}, {"n": 5, "d": 7}),
            ),
        ),
    ),
    Claim(
        id="relu-is-linear",
        title="ReLU is linear",
        sources=(Source(_ZHU, "Section 3.2"),),
        statement="Unlike the non-linear sigmoid, ReLU is linear.",
        verdict="refuted",
        corrected=r"It is piecewise linear and positively homogeneous: $\mathrm{ReLU}(cx) = "
        r"c\,\mathrm{ReLU}(x)$ for $c \geq 0$. It is not additive.",
        proof=r"$\mathrm{ReLU}(1) + \mathrm{ReLU}(-1) = 1$, but $\mathrm{ReLU}(0) = 0$.",
        checks=(
            Contradiction(
                name="sums",
                claimed=lambda m, x, y: relu(m, x) + relu(m, y),
                actual=lambda m, x, y: relu(m, x + y),
                points=({"x": "1", "y": "-1"}, {"x": "3", "y": "-0.5"}),
            ),
            Identity(
                name="multiples from 0 on",
                closed=scaled,
                independent=lambda m, c, n, d: greater(m, c * n, d),
                points=({"c": 0, "n": 2, "d": 3}, {"c": 3, "n": -1, "d": 5}, {"c": 7, "n": 4, "d": 9}),
            ),
        ),
    ),
    Claim(
        id="relu-fourier-interval",
        title="The Fourier transform of ReLU on [0, a]",
        sources=(Source(_ZHU, "Theorem 3.4; Section 3.2", "15-17", "reconstructed"),),
        statement=r"$\int_0^a x e^{-iwx}\,dx = (E(1 + iwa) - 1)/w^2$ with $E = e^{-iwa}$.",
        verdict="holds",
        hypotheses=r"$w \ne 0$.",
        corrected=r"At $w = 0$ the value is $a^2/2$. Near 0 the formula cancels and loses twice as many "
        r"digits as $1/w$ has. The transform has no limit as $a \to \infty$.",
        proof="Integrate by parts once.",
        checks=(
            Identity(
                name="against quadrature",
                closed=relu_on_interval,
                independent=relu_on_interval_by_quadrature,
                points=_INTERVALS,
                random=_ANY,
                draws=2,
                guard=30,
            ),
            Identity(
                name="at w = 0, with the derivative",
                closed=both_at_zero,
                independent=lambda m, a: [
                    f(m, 0, a) for f in (relu_on_interval_by_quadrature, relu_slope_by_quadrature)
                ],
                points=({"a": "3"}, {"a": "0.7"}),
            ),
        ),
    ),
    Claim(
        id="relu-fourier-frequency-derivative",
        title="The derivative in w of ReLU's transform on [0, a]",
        sources=(Source(_ZHU, "Theorem 3.4; Section 3.2", "18", "reconstructed"),),
        statement=r"The derivative in $w$ of the transform of ReLU on $[0, a]$, which the source takes for "
        r"back-propagation, is $(a^2 w^2 E - 2E(1 + iwa) + 2)/w^3$, $E = e^{-iwa}$.",
        verdict="conditional",
        hypotheses=r"$a > 0$ and $w \ne 0$.",
        corrected="At $w = 0$ the derivative is $-ia^3/3$. Back-propagation multiplies by the slope of ReLU at each "
        "$x$, which is a different operation.",
        proof=r"The derivative of $E(1 + iwa)$ is $a^2 w E$. The derivative of the transform is also the transform of "
        r"$-ix^2$ on $[0, a]$, which gives the value at $w = 0$.",
        checks=(
            Identity(
                name="against quadrature",
                closed=relu_slope_on_interval,
                independent=relu_slope_by_quadrature,
                points=_INTERVALS,
                random=_ANY,
                draws=2,
                guard=30,
            ),
            Contradiction(
                name="not what the backward pass gives for the cotangent 1",
                claimed=relu_slope_on_interval,
                actual=lambda m, w, a: m.integral(lambda x: m.exp(-m.i * w * x), *_quarters(a)),
                points=({"w": "1", "a": "3"}, {"w": "-2", "a": "1"}),
            ),
        ),
    ),
    Claim(
        id="step-as-a-limit",
        title="The step as a limit of decays, and the Lorentzian as one of the delta function",
        sources=(Source(_ZHU, "Theorem 3.5; Section 3.2", "20-22", "reconstructed"),),
        statement=r"$H(x) = \lim e^{-\beta x} H(x)$ as $\beta \to 0+$; the transform of $e^{-\beta x} H(x)$ is "
        r"$1/(\beta + iw) = (\beta - iw)/(\beta^2 + w^2)$; and $\beta/(\beta^2 + w^2) \to \pi\delta(w)$.",
        verdict="holds",
        proof=r"Paired with $e^{-(w - s)^2/2}$ the transform gives $\pi e^{z^2/2} \mathrm{erfc}(z/\sqrt{2})$, $z = "
        r"\beta + is$. Its real part, from the Lorentzian, minus $\pi e^{-s^2/2}$ is between $-\sqrt{2\pi}\,\beta$ "
        r"and $0.72\,\beta$: its derivative in $\beta$ is $-\sqrt{2\pi}\,\Re \int_0^\infty t e^{-t^2/2 - zt}\,dt$. "
        r"This is harmonic for $\Re z > 0$ and tends to 0 at infinity, so its extremes are at $\beta = 0$: "
        r"$-\sqrt{2\pi}$ at $s = 0$, and 0.7138 near $s = \pm 2.12$.",
        checks=(
            Identity(
                name="the transform",
                closed=decaying_step,
                independent=decaying_step_by_quadrature,
                points=({"beta": "1", "w": "0"}, {"beta": "3", "w": "-2"}, {"beta": "1.5", "w": "0.01"}),
            ),
            Identity(
                name="paired with e^(-(w-s)²/2), beta = 10^-n",
                closed=decaying_step_paired,
                independent=decaying_step_paired_by_quadrature,
                points=({"n": 0, "s": "0"}, {"n": 1, "s": "-1"}, {"n": 4, "s": "2"}),
            ),
            Bound(
                name="its real part minus π e^(-s²/2), between -2.51 beta and 0.72 beta",
                quantity=lambda m, n, s: m.re(decaying_step_paired_by_quadrature(m, n, s)) - m.pi * m.exp(-s * s / 2),
                low=lambda m, n, s: -m.sqrt(2 * m.pi) / 10**n,
                high=lambda m, n, s: m.number(Fraction(72, 100 * 10**n)),
                points=({"n": 2, "s": "0"}, {"n": 4, "s": "1"}, {"n": 6, "s": "-2"}),
            ),
        ),
    ),
    Claim(
        id="step-spectrum",
        title="The Fourier transform of the Heaviside step",
        sources=(Source(_ZHU, "Theorem 3.5; Section 3.2", "23", "reconstructed"),),
        statement=r"The Fourier transform of $H$, with $e^{-iwt}$, is $\pi\delta(w) + \mathrm{PV}\,1/(iw)$.",
        verdict="holds",
        corrected="It is the transform of a tempered distribution: the Fourier integral of $H$ does not converge.",
        proof=r"Take the limit of the real and imaginary parts of $1/(\beta + iw)$ (see step-as-a-limit): $e^{-\beta "
        "t} H(t)$ tends to $H$ as a tempered distribution, and the transform is continuous on these.",
        checks=(
            Identity(
                name="paired with e^(-(w-s)²/2)",
                closed=step_paired,
                independent=step_by_quadrature,
                points=_SHIFTS,
                random={"s": Range("-2", "2")},
                draws=1,
            ),
        ),
    ),
    Claim(
        id="relu-spectrum-is-a-delta",
        title="ReLU in the frequency domain is a multiple of the delta function",
        sources=(Source(_ZHU, "Theorem 3.5", "19-23", "reconstructed"),),
        statement=r"As we read Theorem 3.5, the Fourier transform of ReLU is $C\,\delta(w)$, where $C$ is a constant "
        "or a function.",
        verdict="refuted",
        corrected=r"It is $i\pi\delta'(w) - \mathrm{f.p.}\,1/w^2$, with Hadamard's finite part.",
        proof=r"$C(w)\,\delta(w) = C(0)\,\delta(w)$ is the spectrum of a constant. The spectrum of $x H(x)$ is "
        r"$i\,d/dw$ of the spectrum of $H$; the derivative of $\mathrm{PV}\,1/w$ is $-\mathrm{f.p.}\,1/w^2$.",
        checks=(
            Contradiction(
                name="any C delta gives 0 for (1 + bw) w² e^(-w²/2)",
                claimed=lambda m, b: m.number(0),
                actual=relu_against_a_zero,
                points=({"b": "1"}, {"b": "-0.5"}),
            ),
            Identity(
                name="the corrected spectrum, paired with e^(-(w-s)²/2)",
                closed=relu_paired,
                independent=relu_by_quadrature,
                points=_SHIFTS,
                random={"s": Range("-2", "2")},
                draws=1,
            ),
        ),
    ),
)
