"""The Laplace transform: where it exists, its convolution theorem, its discrete relative."""

from __future__ import annotations

from ..arithmetic import Arithmetic, Number
from ..checks import Contradiction, Identity, Range
from ..claim import Claim, Source


# -- what it is ----------------------------------------------------------------------------------------
def of_gaussian(m: Arithmetic, b: Number, w: Number) -> Number:
    """Return the transform of e^{-t^2/2} at p = b + iw; it has no abscissa: every p will do."""
    p = b + m.i * w
    return m.sqrt(m.pi / 2) * m.exp(p * p / 2) * m.erfc(p / m.sqrt(m.number(2)))


def damped_gaussian_spectrum(m: Arithmetic, b: Number, w: Number) -> Number:
    R = m.cut(0.25, 2)
    inside = m.integral(lambda t: m.exp(-t * t / 2 - b * t) * (m.cos(w * t) - m.i * m.sin(w * t)), *m.panels(0, R, 4))
    # For b >= -R/4 the integrand is below e^{-t^2/4} from R on.
    return inside + m.tail(m.exp(-m.number(R * R) / 4))


def of_growing_wave(m: Arithmetic, s: Number, c: Number, b: Number, w: Number) -> Number:
    """Return the transform of e^{st} sin(ct) at p = b + iw, right of s."""
    return c / ((b + m.i * w - s) ** 2 + c * c)


def damped_wave_spectrum(m: Arithmetic, s: Number, c: Number, b: Number, w: Number) -> Number:
    R, rate = m.cut(), b - s
    # t = u / rate: what is left decays as e^-u.
    wave = m.integral(lambda u: m.exp(-u * (1 + m.i * w / rate)) * m.sin(c * u / rate), *m.panels(0, R, 6))
    return (wave + m.tail(m.exp(-m.number(R)))) / rate


def continued(m: Arithmetic, p: Number, s: Number, R: int) -> Number:
    return 1 / (p - s)


def up_to(m: Arithmetic, p: Number, s: Number, R: int) -> Number:
    return m.integral(lambda t: m.exp((s - p) * t), *m.panels(0, R, 4))


def of_root(m: Arithmetic, p: Number, q: Number) -> Number:
    """Return the transform of t^{-1/2} at p + iq."""
    return m.sqrt(m.pi / (p + m.i * q))


def of_root_by_quadrature(m: Arithmetic, p: Number, q: Number) -> Number:
    # t = v^2 / p takes the pole at 0 away and leaves e^{-v^2}.
    R = m.cut(1, 2)
    inside = m.integral(lambda v: m.exp(-v * v * (1 + m.i * q / p)), *m.panels(0, R, 2))
    return 2 * (inside + m.tail(m.exp(-m.number(R * R)))) / m.sqrt(p)


# -- the convolution theorem: a box on [-c, 1 - c] and e^{-t} u(t) ----------------------------------------
def product_one_sided(m: Arithmetic, p: Number, c: Number) -> Number:
    return (1 - m.exp(-p * (1 - c))) / p / (1 + p)


def product_causal(m: Arithmetic, p: Number, q: Number) -> Number:
    z = p + m.i * q
    return (1 - m.exp(-z)) / z / (1 + z)


def product_two_sided(m: Arithmetic, p: Number, c: Number) -> Number:
    return (m.exp(p * c) - m.exp(-p * (1 - c))) / p / (1 + p)


def convolution_transformed(m: Arithmetic, z: Number, c: Number, start: Number) -> Number:
    """Transform the box convolved with e^{-t} u(t), from `start` (at most 1 - c) to infinity."""
    R = m.cut()
    rise = m.integral(lambda t: (1 - m.exp(-t - c)) * m.exp(-z * t), start, 1 - c)
    fall = m.integral(lambda t: m.exp(-(1 + z) * t), *m.panels(0, R, 8)) + m.tail(m.exp(-m.number(R)))
    return rise + (1 - m.exp(-m.number(1))) * m.exp(-z * (1 - c)) * fall


def convolution_causal(m: Arithmetic, p: Number, q: Number) -> Number:
    return convolution_transformed(m, p + m.i * q, m.number(0), m.number(0))


def convolution_one_sided(m: Arithmetic, p: Number, c: Number) -> Number:
    return convolution_transformed(m, p, c, m.number(0))


def convolution_two_sided(m: Arithmetic, p: Number, c: Number) -> Number:
    return convolution_transformed(m, p, c, -c)


# -- samples: the z transform -----------------------------------------------------------------------------------------
def z_transform(m: Arithmetic, a: Number, c: Number, p: Number, q: Number) -> Number:
    """Return the z transform of (c + n) e^{-an} at z = e^{p + iq}."""
    z = m.exp(p + m.i * q)
    return c / (1 - m.exp(-a) / z) + z * m.exp(-a) / (z - m.exp(-a)) ** 2


def transform_of_samples(m: Arithmetic, a: Number, c: Number, p: Number, q: Number) -> Number:
    # Impulses at whole t, weighted by the samples; a + p is at least 1.
    terms = m.cut() + 20
    inside = sum((c + n) * m.exp(-(a + p + m.i * q) * n) for n in range(terms))
    return inside + m.tail((4 * terms + 2 * m.abs(c)) * m.exp(-m.number(terms)))


def copies_of_transform(m: Arithmetic, a: Number, c: Number, p: Number, q: Number) -> Number:
    """Return f(0)/2 and the sum of c/s + 1/s^2, s = p + iq + a + 2 pi i k, over k from -K to K, K to infinity."""
    x = (p + m.i * q + a) / (2 * m.pi * m.i)
    of_constant = c * (m.psi(0, 1 - x) - m.psi(0, x)) / (2 * m.pi * m.i)
    return c / 2 + of_constant - (m.psi(1, x) + m.psi(1, 1 - x)) / (4 * m.pi**2)


def transform_of_ramp(m: Arithmetic, a: Number, c: Number, p: Number, q: Number) -> Number:
    return c / (p + m.i * q + a) + 1 / (p + m.i * q + a) ** 2


_SAMPLES = (
    {"a": "1", "c": "1", "p": "0.5", "q": "1"},
    {"a": "0.001", "c": "-0.7", "p": "1", "q": "-2"},
    {"a": "2", "c": "1", "p": "-0.75", "q": "0"},
    {"a": "1", "c": "-0.7", "p": "4", "q": "3"},
)

CLAIMS = (
    Claim(
        id="laplace-definition",
        title="The Laplace transform is the Fourier transform of a damped causal function",
        sources=(Source("pan2021", "Section 4; Definition 3", "33-34", "reconstructed"),),
        statement=r"$L(p) = \int_0^\infty f(t) e^{-pt}\,dt$ with $p = \beta + iw$ is the Fourier transform of "
        r"$u(t) f(t) e^{-\beta t}$, for any $f$ and any $p$ with $\Re p > 0$.",
        verdict="conditional",
        hypotheses=r"$f$ locally integrable and $\Re p$ right of the abscissa of convergence $s$. That may be "
        r"positive (then $\Re p > 0$ is not enough), or $-\infty$ (then it is not needed).",
        proof=r"$e^{-pt} = e^{-\beta t} e^{-iwt}$. If the integral converges at one $p$, it converges at all further "
        r"to the right. For $f = e^{st}$ and $\Re p < s$ the integral up to $R$ grows as $e^{(s - \Re p)R}$, though "
        r"$1/(p - s)$ has a value there.",
        checks=(
            Identity(
                name="a Gaussian, on both sides of the imaginary axis",
                closed=of_gaussian,
                independent=damped_gaussian_spectrum,
                points=({"b": "-3", "w": "0.5"}, {"b": "0.001", "w": "-2"}, {"b": "9", "w": "5"}),
                random={"b": Range("-3", "6"), "w": Range("-4", "4")},
                draws=1,
            ),
            Identity(
                name="a growing wave, right of its abscissa",
                closed=of_growing_wave,
                independent=damped_wave_spectrum,
                points=(
                    {"s": "2", "c": "3", "b": "3", "w": "-1"},
                    {"s": "-0.5", "c": "1", "b": "0.25", "w": "2"},
                    {"s": "1", "c": "0.1", "b": "1.5", "w": "0"},
                ),
            ),
            Contradiction(
                name="left of the abscissa of e^(2t), though the real part of p is positive",
                claimed=continued,
                actual=up_to,
                points=({"s": "2", "p": "1", "R": 8}, {"s": "2", "p": "0.001", "R": 12}),
            ),
        ),
    ),
    Claim(
        id="laplace-existence",
        title="Continuity in pieces and exponential growth are sufficient and not necessary",
        sources=(Source("pan2021", "Section 4", "", "none"),),
        statement=r"A function that is continuous in pieces on $[0, \infty)$ and grows no faster than an exponential "
        "has a Laplace transform; the condition is not necessary.",
        verdict="holds",
        proof=r"If $|f| \leq M e^{ct}$, then $\int |f e^{-pt}|\,dt \leq M/(\Re p - c)$. Not necessary: $t^{-1/2}$ is "
        r"unbounded at 0 and has the transform $\sqrt{\pi/p}$; put $t = v^2/p$.",
        checks=(
            Identity(
                name="the transform of t^(-1/2)",
                closed=of_root,
                independent=of_root_by_quadrature,
                points=({"p": "1", "q": "0"}, {"p": "1e-6", "q": "0"}, {"p": "40", "q": "30"}, {"p": "2", "q": "-1.5"}),
                random={"p": Range("2", "9"), "q": Range("-2", "2")},
                draws=1,
            ),
        ),
    ),
    Claim(
        id="laplace-convolution",
        title="The convolution theorem of the Laplace transform",
        sources=(
            Source("pan2021", "Definition 4; Theorem 4.1", "", "reconstructed"),
            Source("pan2021", "Appendix A.4", "60-63", "reconstructed"),
        ),
        statement=r"$L(f * g) = L(f) L(g)$ for the convolution of Definition 1, $(f * g)(t) = "
        r"\int_{-\infty}^{\infty} f(s) g(t - s)\,ds$.",
        verdict="conditional",
        hypotheses=r"$f$ and $g$ vanish for $t < 0$ (kernels of a layer that look ahead do not), or the transform is "
        "taken over the whole line.",
        proof=r"With $t = s + r$ the double integral over $s, r \geq 0$ falls apart into two. The one-sided transform "
        r"drops what lies at $t < 0$ before and after convolving, which does not commute: the part of $f$ at $s < 0$ "
        r"reaches $t > 0$.",
        checks=(
            Identity(
                name="a box on [0, 1] and e^(-t) u(t)",
                closed=product_causal,
                independent=convolution_causal,
                points=({"p": "0.01", "q": "-3"}, {"p": "20", "q": "4"}),
                random={"p": Range("0.1", "5"), "q": Range("-5", "5")},
                draws=1,
            ),
            Contradiction(
                name="a box on [-1/2, 1/2] and e^(-t) u(t)",
                claimed=product_one_sided,
                actual=convolution_one_sided,
                points=({"p": "0.1", "c": "1/2"}, {"p": "5", "c": "1/2"}),
            ),
            Identity(
                name="the two-sided transform of the same pair",
                closed=product_two_sided,
                independent=convolution_two_sided,
                points=({"p": "1", "c": "1/2"}, {"p": "0.001", "c": "1/2"}, {"p": "3", "c": "0.2"}),
            ),
        ),
    ),
    Claim(
        id="laplace-z-transform",
        title="The discrete Laplace transform is the z transform",
        sources=(Source("pan2021", "Section 4", "", "none"),),
        statement="Taken to discrete signals, the Laplace transform is called the z transform.",
        verdict="conditional",
        hypotheses=r"The signal is replaced by impulses at whole $t$, weighted by its samples, and $z = e^p$: then "
        r"$\sum f(n) e^{-pn} = \sum f(n) z^{-n}$. It is not $L(p)$, but a sum of copies of it.",
        corrected=r"$\sum_n f(n) e^{-pn}$ is $\frac{1}{2} f(0)$ + the limit of $\sum_{|k| \leq K} L(p + 2\pi i k)$ as "
        r"$K \to \infty$ (both ends together, where $f(0) \neq 0$): sampling makes the transform periodic along the "
        "imaginary axis, as it does to a spectrum.",
        proof=r"The impulses are $f$ times a comb, and a comb is $\sum_k e^{2\pi i k t}$ (Poisson); each factor "
        r"$e^{2\pi i k t}$ moves $p$.",
        checks=(
            Identity(
                name="impulses at whole t",
                closed=z_transform,
                independent=transform_of_samples,
                points=_SAMPLES,
            ),
            Identity(
                name="the sum of copies",
                closed=copies_of_transform,
                independent=transform_of_samples,
                points=_SAMPLES,
            ),
            Contradiction(
                name="the transform itself, without sampling",
                claimed=transform_of_ramp,
                actual=transform_of_samples,
                points=_SAMPLES,
            ),
        ),
    ),
)
