"""Convolution and its derivatives, in one dimension and two, and what a layer computes instead."""

from __future__ import annotations

from math import comb, factorial

from ..arithmetic import Arithmetic, Number
from ..checks import Contradiction, Identity, Point
from ..claim import Claim, Source
from ..signals import Signal, circular, dft, noise, padded


# -- f = e^{-ax} and g = e^{-bx}, both for x > 0; a, b >= 2 -------------------------------------------------
def convolved(m: Arithmetic, a: Number, b: Number, t: Number) -> Number:
    return (m.exp(-a * t) - m.exp(-b * t)) / (b - a)


def convolved_by_definition(m: Arithmetic, a: Number, b: Number, t: Number) -> Number:
    return m.integral(lambda x: m.exp(-a * x) * m.exp(-b * (t - x)), 0, t / 2, t)


def product_of_spectra(m: Arithmetic, a: Number, b: Number, w: Number) -> Number:
    return 1 / (a + m.i * w) * (1 / (b + m.i * w))


def spectrum_of_convolved(m: Arithmetic, a: Number, b: Number, w: Number) -> Number:
    R = m.cut(1.9)  # the convolution is at most t e^{-2t}
    inside = m.integral(lambda t: convolved(m, a, b, t) * m.exp(-m.i * w * t), *m.panels(0, R, 6))
    return inside + m.tail((R + 1) * m.exp(-2 * m.number(R)))


def gradient_spectrum(m: Arithmetic, a: Number, b: Number, w: Number) -> Number:
    """Return C conj(G) for the loss L = integral of c(t) (f * g)(t), with c = e^{-at} and this g."""
    return 1 / (a + m.i * w) * (1 / (b - m.i * w))


def change_of_loss(m: Arithmetic, a: Number, b: Number, w: Number) -> Number:
    """Return how much L changes when the wave e^{-iwx} is added to f: the gradient's transform, by definition."""
    R = m.cut(1.9)
    panels, beyond = m.panels(0, R, 6), m.tail(m.exp(-2 * m.number(R)))
    through_g = m.integral(lambda x: m.exp(-b * x + m.i * w * x), *panels) + beyond
    return through_g * (m.integral(lambda t: m.exp(-a * t - m.i * w * t), *panels) + beyond)


# -- derivatives -----------------------------------------------------------------------------------------
def derivative_rule(m: Arithmetic, a: Number, b: Number, w: Number) -> Number:
    """Return iw F G for f = e^{-ax}, x > 0, and g = e^{-b|x|}, which has a corner, and no jump."""
    return m.i * w / (a + m.i * w) * (2 * b / (b * b + w * w))


def derivative_by_quadrature(m: Arithmetic, a: Number, b: Number, w: Number) -> Number:
    """Transform f * g', which is b e^{bt}/(a + b) for t < 0."""
    R = m.cut(1.9)
    left = m.integral(lambda t: m.exp(-(b - m.i * w) * t) / (a + b), *m.panels(0, R, 6))
    after = lambda t: m.exp(-a * t) / (a + b) - (m.exp(-a * t) - m.exp(-b * t)) / (b - a)
    right = m.integral(lambda t: after(t) * m.exp(-m.i * w * t), *m.panels(0, R, 6))
    return b * (left + right + m.tail((R + 3) * m.exp(-2 * m.number(R))))


def less_the_jumps(m: Arithmetic, b: Number, p: Number, q: Number, w: Number) -> Number:
    """Return iw G minus the sum of jumps, for g = e^{-bx} on [p, q] and 0 elsewhere."""
    start, end = m.exp(-(b + m.i * w) * p), m.exp(-(b + m.i * w) * q)
    return m.i * w * (start - end) / (b + m.i * w) - (start - end)


def order_n(m: Arithmetic, n: int, a: Number, w: Number) -> Number:
    return (m.i * w) ** n / (a + m.i * w) ** 5


def order_n_by_quadrature(m: Arithmetic, n: int, a: Number, w: Number) -> Number:
    """Transform the n-th derivative of t^4 e^{-at}/24, t > 0, for n <= 4 and a >= 2."""
    R = m.cut(1.5)
    powers = [(comb(n, j) * (-a) ** (n - j) / factorial(4 - j), 4 - j) for j in range(n + 1)]
    rising = lambda t: sum(c * t**k for c, k in powers)
    inside = m.integral(lambda t: rising(t) * m.exp(-(a + m.i * w) * t), *m.panels(0, R, 6))
    # t^k/k! <= 2^k e^{t/2}.
    return inside + m.tail(16 * (1 + a) ** n * m.exp(-(a - m.number("1/2")) * R))


# -- two dimensions: f = p e^{-ap} q e^{-cq} and g = p² e^{-ap} q² e^{-cq}/4, p = x - y > 0, q = y > 0 --------
def convolved_2d(m: Arithmetic, a: Number, c: Number, x: Number, y: Number) -> Number:
    return ((x - y) * y) ** 4 * m.exp(-a * (x - y) - c * y) / 576


def convolved_2d_by_definition(m: Arithmetic, a: Number, c: Number, x: Number, y: Number) -> Number:
    """Integrate over the triangle as a product, one integral along p and one along q."""
    along = lambda rate, end: m.integral(lambda p: p * (end - p) ** 2 * m.exp(-rate * p - rate * (end - p)), 0, end)
    return along(a, x - y) * along(c, y) / 4


def packet_2d(m: Arithmetic, b: Number, x: Number, y: Number) -> Number:
    return (1 + b * x * y) * m.exp(-(x * x + y * y) / 2)


def packet_2d_by_inversion(m: Arithmetic, b: Number, x: Number, y: Number) -> Number:
    """Invert 2 pi (1 - b u v) e^{-(u² + v²)/2}, a sum of two products."""
    R = m.cut(0.5, 2)
    panels, rest = m.panels(-R, R, 3), m.tail(2 * m.exp(-m.number(R * R) / 2))
    moment = lambda k, z: m.integral(lambda u: u**k * m.exp(m.i * u * z - u * u / 2), *panels) + rest
    return (moment(0, x) * moment(0, y) - b * moment(1, x) * moment(1, y)) / (2 * m.pi)


def partials(m: Arithmetic, a: Number, c: Number, u: Number, v: Number) -> Signal:
    """Return F G times 1, iu, iv and (iu)(iv)."""
    F = 1 / ((a + m.i * u) ** 2 * (c + m.i * (u + v)) ** 2)
    G = 1 / ((a + m.i * u) ** 3 * (c + m.i * (u + v)) ** 3)
    return [F * G, m.i * u * F * G, m.i * v * F * G, (m.i * u) * (m.i * v) * F * G]


def partials_by_quadrature(m: Arithmetic, a: Number, c: Number, u: Number, v: Number) -> Signal:
    """Transform f * g and its derivatives; ux + vy = up + (u + v)q, d/dx = d/dp, d/dy = d/dq - d/dp."""
    P, Q = ([order_n_by_quadrature(m, n, rate, w) for n in range(3)] for rate, w in ((a, u), (c, u + v)))
    return [P[0] * Q[0], P[1] * Q[0], P[0] * Q[1] - P[1] * Q[0], P[1] * Q[1] - P[2] * Q[0]]


# -- on a grid -----------------------------------------------------------------------------------------
def _pair(m: Arithmetic, size: int, taps: int) -> tuple[Signal, Signal]:
    return noise(m, size, 1), padded(noise(m, taps, 2), size)


def product_of_bins(m: Arithmetic, size: int, taps: int) -> Signal:
    X, H = (dft(m, x) for x in _pair(m, size, taps))
    return [X[k] * H[k] for k in range(size)]


def dot_product(m: Arithmetic, size: int, taps: int) -> Number:
    return sum(product_of_bins(m, size, taps)) / size


def convolved_at_zero(m: Arithmetic, size: int, taps: int) -> Number:
    x, h = noise(m, size, 1), noise(m, taps, 2)
    return sum(x[-n] * h[n] for n in range(taps))


def layer_spectrum(m: Arithmetic, size: int, taps: int) -> Signal:
    X, H = (dft(m, x) for x in _pair(m, size, taps))
    return [a * m.conj(b) for a, b in zip(X, H, strict=True)]


def convolution_by_sums(m: Arithmetic, size: int, taps: int) -> Signal:
    return layer_by_sums(m, size, taps, -1)


def layer_by_sums(m: Arithmetic, size: int, taps: int, step: int = 1) -> Signal:
    """Transform what a CNN's layer computes, y_n = sum_j x_{n+j} h_j on a circle; the convolution with step -1."""
    x, h = noise(m, size, 1), noise(m, taps, 2)
    return dft(m, [sum(x[(n + step * j) % size] * h[j] for j in range(taps)) for n in range(size)])


_PAN = "pan2021"
_DECAYS = ({"a": "2", "b": "3", "w": "0"}, {"a": "4", "b": "2", "w": "-3"}, {"a": "2.01", "b": "2", "w": "0.7"})
_LAYERS = tuple({"size": size, "taps": taps} for size, taps in ((1, 1), (2, 2), (7, 3), (8, 8)))
_ORDERS: tuple[Point, ...] = tuple({"n": n, "a": "2.5", "w": w} for n, w in enumerate(("3", "-1", "0.1", "2", "-5")))

CLAIMS = (
    Claim(
        id="convolution-theorem",
        title="The transform of a convolution is the product of the transforms",
        sources=(Source(_PAN, "Definition 1; Theorem 3.1; Section 3.1; Appendix A.1", "1, 4, 45-49", "reconstructed"),),
        statement=r"With $(f * g)(t) = \int f(x) g(t - x)\,dx$: $\int (f * g)(t) e^{-iwt}\,dt = F(w) G(w)$, for "
        "absolutely integrable $f$ and $g$.",
        verdict="holds",
        proof=r"Fubini, since $\int \int |f(x) g(t - x)|\,dx\,dt$ is finite; then substitute $t = x + y$. Piecewise "
        "smoothness is not needed.",
        checks=(
            Identity(
                name="eq. 1 for two decays",
                closed=convolved,
                independent=convolved_by_definition,
                points=({"a": "2", "b": "3", "t": "1"}, {"a": "5", "b": "2.5", "t": "0.01"}),
            ),
            Identity(name="eq. 4", closed=product_of_spectra, independent=spectrum_of_convolved, points=_DECAYS),
        ),
    ),
    Claim(
        id="dot-product-in-frequency",
        title="A convolution is a dot product in the frequency domain",
        sources=(Source(_PAN, "Theorem 3.1"),),
        statement="Convolving is equivalent to taking the dot product of the spectra.",
        verdict="conditional",
        hypotheses="Read as the product at each frequency, as the text after the theorem does. The inner product is "
        r"one number, the convolution at 0: $\frac{1}{N} \sum_k X_k H_k = (x * h)_0$.",
        proof="The inverse transform at 0 is the mean of the bins.",
        checks=(
            Identity(name="bin by bin", closed=product_of_bins, independent=convolution_by_sums, points=_LAYERS),
            Contradiction(
                name="one number for all samples",
                claimed=lambda m, size, taps: [dot_product(m, size, taps)] * size,
                actual=lambda m, size, taps: circular(*_pair(m, size, taps)),
                points=_LAYERS[2:],
            ),
            Identity(name="the sample at 0", closed=convolved_at_zero, independent=dot_product, points=_LAYERS),
        ),
    ),
    Claim(
        id="layers-correlate",
        title="The layers of a CNN correlate: their multiplier is the conjugate",
        sources=(Source(_PAN, "Theorem 3.1; Section 3.1"),),
        statement="The forward pass of a convolutional layer is the product of the transforms of its input and its "
        "filter.",
        verdict="conditional",
        hypotheses="The layer convolves as in Definition 1. What is called a convolution in a CNN is a correlation, "
        r"$y_n = \sum_j x_{n+j} h_j$: for a real filter its multiplier is $\overline{H_k}$.",
        proof=r"A correlation is a convolution with $h_{-j}$, whose transform is $\sum_j h_j e^{2\pi i jk/N} = "
        r"\overline{H_k}$. With one sample or two, both are the same.",
        checks=(
            Identity(name="with the conjugate", closed=layer_spectrum, independent=layer_by_sums, points=_LAYERS),
            Contradiction(name="without it", claimed=product_of_bins, actual=layer_by_sums, points=_LAYERS[2:]),
        ),
    ),
    Claim(
        id="derivative-of-convolution",
        title="Differentiating a convolution multiplies its spectrum by iw",
        sources=(Source(_PAN, "Section 3.1; Appendix A.2", "55-56", "reconstructed"),),
        statement=r"$(f * g)' = f * g'$ has the transform $iw\,F(w) G(w)$; derivatives of higher order have powers of "
        "$iw$.",
        verdict="conditional",
        hypotheses="$f$ and $g$ are in $L^1$, $g$ is absolutely continuous with $g'$ in $L^1$ (for order $n$: so are "
        r"$g', \ldots, g^{(n-1)}$, and $g^{(n)}$ is in $L^1$); or all is meant for distributions. Where $g$ jumps by "
        r"$J_j$ at $x_j$, the transform of its classical derivative is $iw\,G(w) - \sum_j J_j e^{-iwx_j}$.",
        proof=r"By parts on each smooth piece, $\int g' e^{-iwx}\,dx = iw \int g e^{-iwx}\,dx$ plus values at ends. "
        "They cancel where there is no jump. A box has the classical derivative 0.",
        checks=(
            Identity(name="a corner", closed=derivative_rule, independent=derivative_by_quadrature, points=_DECAYS[1:]),
            Identity(name="order n", closed=order_n, independent=order_n_by_quadrature, points=_ORDERS),
            Contradiction(
                name="a box on [p, q]",
                claimed=lambda m, p, q, w: m.i * w * m.integral(lambda x: m.exp(-m.i * w * x), p, q),
                actual=lambda m, p, q, w: m.number(0),
                points=({"p": "-1", "q": "1", "w": "1"}, {"p": "0", "q": "0.5", "w": "-4"}),
            ),
            Identity(
                name="with the jumps of e^(-bx) on [p, q]",
                closed=less_the_jumps,
                independent=lambda m, b, p, q, w: m.integral(lambda x: -b * m.exp(-(b + m.i * w) * x), p, q),
                points=({"b": "1", "p": "-1", "q": "2", "w": "0.5"}, {"b": "-0.3", "p": "0.2", "q": "1", "w": "-4"}),
            ),
        ),
    ),
    Claim(
        id="iw-is-not-a-gradient",
        title="The derivative of a convolution does not give its backward pass",
        sources=(Source(_PAN, "Section 3.1; Appendix A.2", "55-56", "reconstructed"),),
        statement="The back-propagation of a convolution is its derivative: multiply by $iw$, and by powers of $iw$ "
        "for derivatives of higher order.",
        verdict="refuted",
        corrected=r"$iw$ differentiates in space. For $L = \int c\,(f * g)$ the gradient with respect to $f$ is $\int "
        r"c(t) g(t - x)\,dt$, with the transform $C\,\overline{G}$ for real $g$ (on a grid: "
        "derivative-is-not-backward).",
        proof=r"The transform of the gradient at $w$ is the change of $L$ along $e^{-iwx}$, which is $\int c(t) "
        r"e^{-iwt}\,dt \int g(y) e^{iwy}\,dy$.",
        checks=(
            Contradiction(
                name="iw C G is not",
                claimed=lambda m, a, b, w: m.i * w * product_of_spectra(m, a, b, w),
                actual=change_of_loss,
                points=({"a": "2", "b": "3", "w": "1"}, {"a": "2", "b": "2", "w": "-5"}),
            ),
            Identity(name="C conj(G) is", closed=gradient_spectrum, independent=change_of_loss, points=_DECAYS),
        ),
    ),
    Claim(
        id="convolution-2d",
        title="Convolution in two dimensions, and its derivatives",
        sources=(Source(_PAN, "Definition 2; Theorem 3.2; Section 3.1; Appendix A.3", "5-7, 57-59", "reconstructed"),),
        statement="The transform of $f * g$ in two dimensions is $F(u, v) G(u, v)$, and its derivative is equivalent "
        "to multiplying that by the frequency factor.",
        verdict="conditional",
        hypotheses="The product: $f$ and $g$ in $L^1$. The derivative: $g$ with its partial derivatives in $L^1$, as "
        r"in one dimension, and one factor for each: $iu$ for $\partial_x$, $iv$ for $\partial_y$, $(iu)(iv)$ for "
        r"$\partial_x \partial_y$. A single factor, such as $i\sqrt{u^2 + v^2}$, is no derivative.",
        proof="By parts in $x$ at fixed $y$, and in $y$ at fixed $x$.",
        checks=(
            Identity(
                name="eq. 5",
                closed=convolved_2d,
                independent=convolved_2d_by_definition,
                points=({"a": "2", "c": "3", "x": "2", "y": "1.5"}, {"a": "1", "c": "-0.5", "x": "1.7", "y": "0.2"}),
            ),
            Identity(
                name="eq. 7 gives (1 + bxy) e^(-(x² + y²)/2)",
                closed=packet_2d,
                independent=packet_2d_by_inversion,
                points=({"b": "1", "x": "0.5", "y": "-1"}, {"b": "0.3", "x": "0", "y": "1"}),
            ),
            Identity(
                name="the product, with iu, iv and (iu)(iv)",
                closed=partials,
                independent=partials_by_quadrature,
                points=({"a": "2", "c": "3", "u": "1", "v": "-2"}, {"a": "2.5", "c": "2", "u": "-0.7", "v": "0.3"}),
            ),
            Contradiction(
                name="one factor for both derivatives",
                claimed=lambda m, a, c, u, v: [m.i * m.sqrt(u * u + v * v) * partials(m, a, c, u, v)[0]] * 2,
                actual=lambda m, a, c, u, v: partials_by_quadrature(m, a, c, u, v)[1:3],
                points=({"a": "2", "c": "3", "u": "1", "v": "-2"},),
            ),
        ),
    ),
)
