"""When a function has a spectrum, what the inverse gives back, the spectra of activations, and how to use them."""

from __future__ import annotations

from ..arithmetic import Arithmetic, Function, Number
from ..checks import Bound, Contradiction, Identity, Side
from ..claim import Claim, Source


# -- the pair ------------------------------------------------------------------------------------------
def root_spectrum(m: Arithmetic, w: Number) -> Number:
    """Return the transform of e^{-x} / sqrt(x) on x > 0, which is integrable, and unbounded at 0."""
    return m.sqrt(m.pi / (1 + m.i * w))


def root_by_quadrature(m: Arithmetic, w: Number) -> Number:
    R = m.cut(1, 2)  # x = t²
    return m.tail(m.exp(-m.number(R * R))) + m.integral(lambda t: 2 * m.exp(-(1 + m.i * w) * t * t), *m.panels(0, R, 2))


def packet(m: Arithmetic, b: Number, x: Number) -> Number:
    return (1 + b * x) * m.exp(-x * x / 2)


def packet_spectrum(m: Arithmetic, b: Number, w: Number) -> Number:
    return m.sqrt(2 * m.pi) * (1 - m.i * b * w) * m.exp(-w * w / 2)


def _line(m: Arithmetic, f: Function) -> Number:
    """Integrate over the line what is at most 2 (1 + |x|) e^{-x²/2}."""
    R = m.cut(0.5, 2)
    return m.integral(f, *m.panels(-R, R, 3)) + m.tail(8 * m.exp(-m.number(R * R) / 2))


# -- at a jump: A e^{-x} for x > 0, B e^{x} for x < 0 ---------------------------------------------------
def half_sum(m: Arithmetic, A: Number, B: Number) -> Number:
    return (A + B) / 2


def inverse_at_jump(m: Arithmetic, A: Number, B: Number) -> Number:
    """Return eq. 3 at x = 0 as the limit of the integral over [-W, W]."""
    near = m.integral(lambda w: A / (1 + m.i * w) + B / (1 - m.i * w), -1, 0, 1)
    # Beyond 1 with w = 1/t, both ends together; alone, each of them diverges.
    far = m.integral(lambda t: 2 * (A + B) / (1 + t * t), 0, 1)
    return (near + far) / (2 * m.pi)


def off_the_limit(m: Arithmetic, W: int) -> Number:
    """Return (2W - pi) times how far the inverse over [-W, W] of the box on [-1, 1] is from its peak's limit."""
    x = 1 - m.pi / W
    peak = 2 / m.pi * m.integral(lambda w: m.sinc(w) * m.cos(w * x), *m.panels(0, W, 10))
    return (2 * W - m.pi) * (peak - m.number("1/2") - m.integral(m.sinc, 0, m.pi) / m.pi)


# -- spectra of activations, paired with e^{-(w-s)²/2}, s between -2 and 2, whose translates are dense ------
def _half_line(m: Arithmetic, f: Function) -> Number:
    """Integrate over w > 0 what is at most 20 e^{2w - w²/2}, and so from 8 on 20 e^{-w²/4}."""
    R = m.cut(0.25, 2)
    return m.integral(f, *m.panels(0, R, 4)) + m.tail(20 * m.exp(-m.number(R * R) / 4))


def _as_a_distribution(paired: Side, f: Side) -> Identity:
    """Check a paired spectrum against f, paired with the transform of the Gaussian."""

    def independent(m: Arithmetic, s: Number) -> Number:
        return m.sqrt(2 * m.pi) * _line(m, lambda x: f(m, x) * m.exp(-m.i * s * x - x * x / 2))

    points = ({"s": "1e-6"}, {"s": "2"}, {"s": "-0.7"})
    return Identity(name="paired with e^(-(w-s)²/2)", closed=paired, independent=independent, points=points)


def _of_even(name: str, spectrum: Side, f: Side) -> Identity:
    """Check the spectrum of an even function that is at most (2 + x) e^{-x} from some x on."""

    def independent(m: Arithmetic, w: Number) -> Number:
        R = m.cut()
        inside = 2 * m.integral(lambda x: f(m, x) * m.cos(w * x), *m.panels(0, R, 3))
        return inside + m.tail((2 * R + 6) * m.exp(-m.number(R)))

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


# -- the sigmoid of a wave --------------------------------------------------------------------------------
def bridged(m: Arithmetic, mu: Number, A: Number, k: int) -> Number:
    """Return mode k >= 0 of sigmoid(mu + A cos t) from the sigmoid's spectrum, for real mu and A."""
    R = m.cut(3.14)
    if k % 2:  # J_k(z)/z = (J_{k-1}(z) + J_{k+1}(z))/(2k)
        over_s = lambda s: m.cos(mu * s) * A * (m.besselj(k - 1, A * s) + m.besselj(k + 1, A * s)) / (2 * k)
    else:
        over_s = lambda s: m.i * mu * m.sinc(mu * s) * m.besselj(k, A * s)
    inside = m.integral(lambda s: over_s(s) / m.sinc(m.i * m.pi * s), *m.panels(0, R, 8)) / m.pi
    return -(m.i ** (k + 1)) * (inside + m.tail(m.exp(-m.pi * R))) + m.number(int(k == 0)) / 2


def by_quadrature(m: Arithmetic, mu: Number, A: Number, k: int) -> Number:
    wave = lambda t: m.exp(-m.i * k * t) / (1 + m.exp(-mu - A * m.cos(t)))
    return m.integral(wave, *(m.pi * n / 4 for n in range(-4, 5))) / (2 * m.pi)


def even_modes(m: Arithmetic, A: Number) -> list[Number]:
    return [m.number("1/2"), m.number(0), m.number(0)]


_PAN = "pan2021"
_WAVES = (("0", "1.5", 1), ("0.7", "-1", 3), ("2", "1", 2), ("-1", "1", 0))
_AMPLITUDES = ({"A": "1"}, {"A": "-4"})
_JUMPS = ({"A": "1", "B": "0"}, {"A": "-3", "B": "0.7"})

CLAIMS = (
    Claim(
        id="fourier-transform-exists",
        title="When the Fourier transform exists",
        sources=(Source(_PAN, "Section 3; Section 3.1", "2-3", "reconstructed"),),
        statement=r"$F(w) = \int f(x) e^{-iwx}\,dx$ exists where $f$ is absolutely integrable and piecewise smooth; "
        r"then $f(x) = \frac{1}{2\pi} \int F(w) e^{iwx}\,dw$.",
        verdict="conditional",
        hypotheses=r"$f$ in $L^1$ is enough for $F$ to exist, as a continuous function. Piecewise smoothness is for "
        r"the inversion at single points. If $F$ is in $L^1$ too, eq. 3 holds as it stands, for almost every $x$.",
        proof=r"$|f(x) e^{-iwx}| = |f(x)|$, so that the integral converges. Outside $L^1$ it need not: for $f = 1$ "
        r"the integral over $[-a, a]$ is $2 \sin(wa)/w$, which has no limit.",
        checks=(
            Identity(
                name="in L1, not piecewise smooth: e^(-x)/sqrt(x), x > 0",
                closed=root_spectrum,
                independent=root_by_quadrature,
                points=({"w": "0"}, {"w": "-2.5"}),
            ),
            Identity(
                name="eq. 2 for (1 + bx) e^(-x²/2)",
                closed=packet_spectrum,
                independent=lambda m, b, w: _line(m, lambda x: packet(m, b, x) * m.exp(-m.i * w * x)),
                points=({"b": "1", "w": "0"}, {"b": "-2/3", "w": "1.7"}),
            ),
            Identity(
                name="eq. 3 gives it back",
                closed=packet,
                independent=lambda m, b, x: _line(
                    m, lambda w: packet_spectrum(m, b, w) * m.exp(m.i * w * x) / (2 * m.pi)
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
        title="What the inverse transform gives at a jump",
        sources=(Source(_PAN, "Section 3; Section 3.1", "3", "reconstructed"),),
        statement=r"For $f$ absolutely integrable and piecewise smooth, $\frac{1}{2\pi} \int F(w) e^{iwx}\,dw = f(x)$ "
        r"at every $x$.",
        verdict="conditional",
        hypotheses=r"$f$ is continuous at $x$. At a jump the integral over $[-W, W]$ tends to the half sum "
        r"$(f(x+) + f(x-))/2$ as $W \to \infty$. Next to it the peak does not go down: it overshoots by "
        r"$\mathrm{Si}(\pi)/\pi - 1/2$, 8.9 per cent of the jump (Gibbs).",
        proof=r"Cut at $W$, the inverse is $f * \sin(Wx)/(\pi x)$, of which each side of a jump receives one half. "
        r"For a box on $[-1, 1]$ it is $[\mathrm{Si}(W(1 + x)) + \mathrm{Si}(W(1 - x))]/\pi$; set $x = 1 - \pi/W$ and "
        r"use $|\mathrm{Si}(y) - \pi/2| \leq 1/y$.",
        checks=(
            Identity(name="the half sum", closed=half_sum, independent=inverse_at_jump, points=_JUMPS),
            Contradiction(name="not one side", claimed=lambda m, A, B: A, actual=inverse_at_jump, points=_JUMPS),
            Bound(name="Gibbs", quantity=off_the_limit, low="-1/3", high="1/3", points=({"W": 10}, {"W": 200})),
        ),
    ),
    Claim(
        id="tanh-spectrum",
        title="The Fourier transform of tanh",
        statement=r"$-i\pi\,\mathrm{PV}\,1/\sinh(\pi w/2)$; that of its derivative is $\pi w/\sinh(\pi w/2)$.",
        verdict="holds",
        proof=r"$\tanh x = 2\sigma(2x) - 1$ (see sigmoid-fourier-line): the delta function drops out.",
        picture="spectra",
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
        proof=r"$\Phi$ has $\pi\delta + \mathrm{PV}\,e^{-w^2/2}/(iw)$, and $x$ is $i\,d/dw$. Twice differentiated: "
        r"$(1 + w^2) e^{-w^2/2}$.",
        picture="spectra",
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
        proof=r"$i\,d/dw$ of the sigmoid's spectrum; the derivative of $\mathrm{PV}\,1/\sinh(\pi w)$ is a finite part.",
        picture="spectra",
        checks=(
            _of_even("of the second derivative", silu_curvature_spectrum, silu_curvature),
            _as_a_distribution(silu_paired, lambda m, x: x / (1 + m.exp(-x))),
        ),
    ),
    Claim(
        id="softplus-spectrum",
        title="The Fourier transform of softplus",
        statement=r"$i\pi\delta'(w) - \mathrm{f.p.}\,\pi/(w \sinh(\pi w))$ for $\log(1 + e^x)$.",
        verdict="holds",
        proof=r"Less ReLU it is $\log(1 + e^{-|x|})$, in $L^1$, with the transform $1/w^2 - \pi/(w \sinh(\pi w))$. "
        "Add ReLU's spectrum (see relu-spectrum-is-a-delta).",
        picture="spectra",
        checks=(_of_even("of softplus less ReLU", softplus_beside_relu, lambda m, x: m.log(1 + m.exp(-x))),),
    ),
    Claim(
        id="sigmoid-spectrum-as-a-layer",
        title="The sigmoid's transform acts on spectra as the sigmoid acts on samples",
        sources=(Source(_PAN, "Section 3.2; Theorem 3.3"),),
        statement=r"The source does not say how a layer uses $\hat\sigma$. The readings at hand: as a factor, "
        r"$\hat\sigma(w) F(w)$, or on the values, $\hat\sigma(F(w))$.",
        verdict="refuted",
        corrected=r"The transform of $\sigma(f)$ is $\frac{1}{2\pi} \int \hat\sigma(s) E_s(w)\,ds$ with $E_s$ the "
        r"transform of $e^{isf(x)}$. For $f = A \cos t$ mode $k$ of $\sigma(f)$ is "
        r"$-i^{k+1} \int_0^\infty J_k(As)/\sinh(\pi s)\,ds$ for odd $k$, 1/2 for $k = 0$, and 0 for other even $k$.",
        proof=r"Write $\sigma(f(x))$ as the inverse transform of $\hat\sigma$ at $f(x)$, and transform in $x$. For a "
        r"wave, $e^{isA \cos t} = \sum i^k J_k(As) e^{ikt}$; a mean $\mu$ multiplies it by $e^{is\mu}$.",
        picture="bridge",
        checks=(
            Contradiction(
                name="as a factor: modes 1 and 3 of A cos t",
                claimed=lambda m, A: [-m.i * m.pi / m.sinh(m.pi) * A / 2, m.number(0)],
                actual=lambda m, A: [by_quadrature(m, 0, A, k) for k in (1, 3)],
                points=_AMPLITUDES,
            ),
            Contradiction(
                name="on the values: mode 1 of A cos t",
                claimed=lambda m, A: -m.i * m.pi / m.sinh(m.pi * A / 2),
                actual=lambda m, A: by_quadrature(m, 0, A, 1),
                points=_AMPLITUDES,
            ),
            Identity(
                name="the bridge, for mu + A cos t",
                closed=bridged,
                independent=by_quadrature,
                points=tuple({"mu": mu, "A": A, "k": k} for mu, A, k in _WAVES),
            ),
            Identity(
                name="modes 0, 2 and 4 of A cos t",
                closed=even_modes,
                independent=lambda m, A: [by_quadrature(m, 0, A, k) for k in (0, 2, 4)],
                points=_AMPLITUDES,
            ),
        ),
    ),
)
