"""Pictures of claims."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np

from freqnet.plot.style import BLUE, INK, ORANGE, styled

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure


def _figure(columns: int, height: float = 3.0) -> tuple[Figure, list[Axes]]:
    from matplotlib.figure import Figure

    figure = Figure(figsize=(10, height), layout="constrained")
    return figure, list(np.ravel(figure.subplots(1, columns)))


@styled
def truncated_sigmoid() -> Figure:
    """Plot the transform of the sigmoid on [-a, a] against a: it circles without converging."""
    figure, (parts, circle) = _figure(2)
    a = np.linspace(0.5, 40, 1200)
    for w, colour in ((0.5, BLUE), (1.0, ORANGE)):
        values = _sigmoid_on_interval(w, a)
        parts.plot(a, values.real, color=colour, label=f"w = {w:g}")
        parts.plot(a, values.imag, color=colour, linestyle=":")
        circle.plot(values.real, values.imag, color=colour)
        limit = -1j * np.pi / np.sinh(np.pi * w)
        circle.plot(limit.real, limit.imag, "o", color=colour)
    parts.set(xlabel="a", title="real part, and imaginary part (dotted)")
    parts.legend()
    circle.set(xlabel="real part", ylabel="imaginary part", title="dots: the distribution's value at w", aspect="equal")
    return figure


def _sigmoid_on_interval(w: float, a: np.ndarray) -> np.ndarray:
    """Integrate sigmoid(x) e^{-iwx} over [-a, a], for ascending a."""
    x = np.concatenate([[0.0], a])
    fine = np.linspace(0, 1, 33)[None, :] * np.diff(x)[:, None] + x[:-1, None]
    tail = (1 / (1 + np.exp(-fine)) - 0.5) * np.sin(w * fine)
    inner = np.trapezoid(tail, fine, axis=1).cumsum()
    return np.sin(w * a) / w - 2j * inner


@styled
def spectra() -> Figure:
    """Plot the spectra of activations away from w = 0."""
    figure, (plain, second) = _figure(2, 3.2)
    w = np.linspace(0.15, 6, 400)
    curves = {
        "sigmoid": np.pi / np.sinh(np.pi * w),
        "tanh": np.pi / np.sinh(np.pi * w / 2),
        "ReLU": 1 / w**2,
        "GELU": (1 + 1 / w**2) * np.exp(-(w**2) / 2),
        "SiLU": np.pi**2 * np.cosh(np.pi * w) / np.sinh(np.pi * w) ** 2,
    }
    colours = dict(zip(curves, (BLUE, ORANGE, INK, "#3a9a5c", "#a0559c"), strict=True))
    for name, values in curves.items():
        plain.plot(w, values, color=colours[name], label=name)
        if name in ("ReLU", "GELU", "SiLU"):
            second.plot(w, w**2 * values, color=colours[name], label=name)
    plain.set(yscale="log", xlabel="w", ylim=(1e-6, 50), title="modulus: fast decay, but for ReLU's corner")
    # The default formatter of logarithmic axes writes TeX, which is disabled in figures.
    plain.yaxis.set_major_formatter("{x:g}")
    second.set(xlabel="w", title="times w²: the transform of the second derivative")
    plain.legend()
    second.legend()
    return figure


@styled
def bridge() -> Figure:
    """Plot the harmonics of the sigmoid of a cosine, beside the product of spectra."""
    figure, panels = _figure(3, 2.8)
    t = np.arange(1024) * 2 * np.pi / 1024
    for panel, amplitude in zip(panels, (1, 4, 16), strict=True):
        harmonics = np.abs(np.fft.rfft(1 / (1 + np.exp(-amplitude * np.cos(t)))))[:16] / len(t)
        panel.stem(np.arange(16), harmonics, basefmt=" ", linefmt=BLUE, markerfmt="o")
        # The product of spectra is nonzero only where the spectrum of the input is: at k = 1.
        panel.plot([1], [amplitude / 2 * np.pi / np.sinh(np.pi)], "x", color=ORANGE, markersize=9, markeredgewidth=2)
        panel.set(title=f"amplitude {amplitude}", xlabel="harmonic", yscale="log", ylim=(1e-7, 5))
        panel.yaxis.set_major_formatter("{x:g}")
    panels[0].set_ylabel("modulus")
    return figure


@styled
def condition_numbers() -> Figure:
    """Plot condition numbers of real transforms, and of the Fourier and Hartley transforms, against their size."""
    from .arithmetic import Digits
    from .claims.real_domains import chebyshev, chebyshev_positive, condition_number, equispaced_rates

    figure, (panel, wide) = _figure(2, 3.2)
    sizes = list(range(2, 33))
    families = {
        "Chebyshev on [-1, 1]": (chebyshev, BLUE),
        "Chebyshev on (0, 1)": (chebyshev_positive, ORANGE),
        "equispaced rates": (equispaced_rates, INK),
    }
    with Digits(30, 60) as m:
        for name, (nodes, colour) in families.items():
            logs = [float(m.log(condition_number(m, nodes(m, n)))) / np.log(10) for n in sizes]
            for axis in (panel, wide):
                axis.plot(sizes, logs, color=colour, label=name)
    for axis in (panel, wide):
        axis.plot(sizes, np.log10(sizes), "--", color="#3a9a5c", label="Fourier, Hartley")
        axis.set(xlabel="size N", ylabel="log10 of the condition number")
    for digits, name in ((7.2, "float32"), (16, "float64")):
        panel.axhline(digits, color=INK, alpha=0.4, linewidth=0.8)
        panel.annotate(name, (32, digits), ha="right", va="bottom", fontsize=8)
    panel.set(ylim=(-0.5, 18), title="precision of floats and doubles")
    wide.set(title="full range")
    wide.legend()
    return figure


#: Caption and drawing of each picture.
PICTURES: dict[str, tuple[str, Callable[[], Figure]]] = {
    "truncated-sigmoid": (
        "The transform of the sigmoid on [-a, a] does not converge as a grows: it circles around the value of the "
        "distribution at w, with radius 1/w.",
        truncated_sigmoid,
    ),
    "spectra": ("Spectra of activations away from w = 0, where the distributions are functions.", spectra),
    "bridge": (
        "The sigmoid of a cosine has odd harmonics (dots). The product of the spectra of sigmoid and signal (cross) "
        "has only the frequency of the cosine.",
        bridge,
    ),
    "condition-numbers": (
        "Condition numbers, in the Frobenius norm, of evaluation at N real nodes. Those of the Fourier and Hartley "
        "transforms are N, the least possible; in the spectral norm they are 1.",
        condition_numbers,
    ),
}
