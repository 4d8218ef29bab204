"""Products of cosine transforms (DCT-II): which convolution they are."""

from __future__ import annotations

from ..arithmetic import Arithmetic
from ..checks import Contradiction, Identity, Range
from ..claim import Claim
from ..signals import Signal, circular, dft, linear, noise


def cosines(m: Arithmetic, x: Signal) -> Signal:
    """Return the DCT-II, C_k = sum_n x_n cos(pi k (2n + 1)/(2N))."""
    N = len(x)
    return [sum(v * m.re(m.unit(k * (2 * n + 1), 4 * N)) for n, v in enumerate(x)) for k in range(N)]


def from_cosines(m: Arithmetic, C: Signal) -> Signal:
    """Return the signal of a DCT-II."""
    N = len(C)
    return [(C[0] + 2 * sum(C[k] * m.re(m.unit(k * (2 * n + 1), 4 * N)) for k in range(1, N))) / N for n in range(N)]


def numbers(m: Arithmetic, N: int, seed: int) -> Signal:
    return noise(m, N, seed)


def cosines_of_their_signal(m: Arithmetic, N: int, seed: int) -> Signal:
    return cosines(m, from_cosines(m, noise(m, N, seed)))


def product_of_cosines(m: Arithmetic, N: int, seed: int) -> Signal:
    x, h = noise(m, N, seed), noise(m, N, seed + 1)
    return from_cosines(m, [a * b for a, b in zip(cosines(m, x), cosines(m, h), strict=True)])


def circular_convolution(m: Arithmetic, N: int, seed: int) -> Signal:
    return circular(noise(m, N, seed), noise(m, N, seed + 1))


def linear_convolution(m: Arithmetic, N: int, seed: int) -> Signal:
    return linear(noise(m, N, seed), noise(m, N, seed + 1))[:N]


def reflected_spectrum(m: Arithmetic, N: int, seed: int) -> Signal:
    """Return 4 times the product of two DCT-II."""
    x, h = noise(m, N, seed), noise(m, N, seed + 1)
    C, H = cosines(m, x), cosines(m, h)
    return [4 * C[k] * H[k] for k in range(N)]


def reflected_by_dft(m: Arithmetic, N: int, seed: int) -> Signal:
    """Convolve both signals, each followed by its mirror image, around 2N samples, move by one, transform."""
    x, h = ([*s, *s[::-1]] for s in (noise(m, N, seed), noise(m, N, seed + 1)))
    y = circular(x, h)
    return dft(m, [y[n - 1] for n in range(2 * N)])[:N]


def symmetric_filter(m: Arithmetic, N: int, taps: int, seed: int) -> Signal:
    """Multiply a DCT-II by h_0 + 2 sum_j h_j cos(pi k j/N), the response of a symmetric kernel."""
    C, h = cosines(m, noise(m, N, seed)), noise(m, taps, seed + 7)
    response = [h[0] + 2 * sum(h[j] * m.cos(m.pi * k * j / N) for j in range(1, taps)) for k in range(N)]
    return from_cosines(m, [C[k] * response[k] for k in range(N)])


def symmetric_by_sum(m: Arithmetic, N: int, taps: int, seed: int) -> Signal:
    """Sum over the taps, the signal continued by its mirror images."""
    x, h = noise(m, N, seed), noise(m, taps, seed + 7)
    mirrored = [*x, *x[::-1]]
    return [sum(h[abs(j)] * mirrored[(n - j) % (2 * N)] for j in range(1 - taps, taps)) for n in range(N)]


CLAIMS = (
    Claim(
        id="dct-product",
        title="The bin-wise product of two cosine transforms",
        statement="As for the DFT, the product of two DCT-II spectra is the spectrum of a convolution of both signals.",
        verdict="refuted",
        corrected=r"With $C_k = \sum_n x_n \cos(\pi k (2n + 1)/(2N))$, 4 times the product is the DFT of the circular "
        "convolution of both signals, each followed by its mirror image, moved by one sample: it is symmetric about a "
        "sample, not between two, hence not the mirror extension of any N samples. The signal whose DCT-II is the "
        r"product exists, but is not that convolution. A symmetric kernel has to be given by $h_0 + 2\sum_j h_j "
        r"\cos(\pi k j/N)$ instead: times that, $C_k$ is convolution with mirror images beyond the ends.",
        proof=r"The mirrored signal of $2N$ samples has the DFT $2 e^{i\pi k/(2N)} C_k$. Two of these phases make the "
        "shift by one sample; a symmetric kernel has none.",
        checks=(
            Contradiction(
                name="it is not the circular convolution",
                claimed=product_of_cosines,
                actual=circular_convolution,
                points=({"N": 4, "seed": 0}, {"N": 7, "seed": 1}),
                gap="0.1",
            ),
            Contradiction(
                name="nor the first samples of the linear one",
                claimed=product_of_cosines,
                actual=linear_convolution,
                points=({"N": 4, "seed": 0}, {"N": 7, "seed": 1}),
                gap="0.1",
            ),
            Identity(
                name="the product is the DFT of a convolution of mirrored signals",
                closed=reflected_spectrum,
                independent=reflected_by_dft,
                points=({"N": 1, "seed": 0}, {"N": 2, "seed": 1}, {"N": 5, "seed": 2}, {"N": 8, "seed": 0}),
            ),
            Identity(
                name="any N numbers are the DCT-II of a signal",
                closed=numbers,
                independent=cosines_of_their_signal,
                points=({"N": 1, "seed": 3}, {"N": 4, "seed": 3}, {"N": 7, "seed": 4}),
            ),
            Identity(
                name="a symmetric kernel by its cosine response",
                closed=symmetric_filter,
                independent=symmetric_by_sum,
                points=({"N": 6, "taps": 3, "seed": 0}, {"N": 5, "taps": 5, "seed": 1}, {"N": 1, "taps": 1, "seed": 2}),
                random={"N": Range(3, 8), "taps": Range(1, 3), "seed": Range(0, 99)},
            ),
        ),
    ),
)
