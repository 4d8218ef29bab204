"""Pictures of signals, spectra and products; `figures.py` draws them."""

from __future__ import annotations

import numpy as np
from drawing import BLUE, GREY, INK, ORANGE, figure, line, panels, show, stems, two_sided, values
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from freqnet import Fourier, Tensor, ops
from freqnet.data import load


@figure
def signal() -> Figure:
    """Draw a signal, its band-limited version, and both spectra."""
    n, band = 32, 5
    t = np.arange(n) / n
    rng = np.random.default_rng(3)
    samples = np.where((t > 0.2) & (t < 0.55), 1.0, 0.0) + 0.4 * np.sin(2 * np.pi * t) + 0.12 * rng.normal(size=n)
    x = ops.analysis(line(samples), Fourier.on(n))
    low = ops.truncate(x, band)
    with panels(1, 2, (8.4, 2.5)) as (drawn, (left, right)):
        left.plot(t, samples, "o", color=GREY, markersize=3.5, label=f"{n} samples")
        left.plot(np.linspace(0, 1, 401), values(low, 400), color=BLUE, label=f"the modes |k| ≤ {band}")
        left.set(xlabel="position, in periods", title="The signal", xlim=(-0.01, 1.01))
        left.set_ylim(top=samples.max() + 0.85)
        left.legend(ncols=2, loc="upper left")
        k, full = two_sided(x)
        stems(right, k, np.abs(full), GREY, "dropped")
        kept = np.abs(k) <= band
        stems(right, k[kept], np.abs(full[kept]), BLUE, "kept")
        right.axhline(0, color=INK, linewidth=0.6)
        right.set(xlabel="mode k, in cycles per period", title="|X[k]|", xticks=[-15, -10, -5, 0, 5, 10, 15])
        right.legend(loc="upper right")
    return drawn


@figure
def layout() -> Figure:
    """Draw the stored modes of an image and their weights."""
    band = 3
    modes = range(-band, band + 1)
    with panels(1, 2, (8.4, 3.0)) as (drawn, (left, right)):
        for panel, low in ((left, -3.6), (right, -0.6)):
            panel.set(xlim=(low, low + 7.2), ylim=(3.6, -3.6), aspect="equal", yticks=list(modes))
            panel.set(xticks=list(modes) if panel is left else list(range(band + 1)), ylabel="first axis, k₁")
            panel.tick_params(length=0)
            for spine in panel.spines.values():
                spine.set_visible(False)
        left.set(title="All (2m+1)² modes, m = 3", xlabel="last axis, k₂")
        right.set_title("Stored: k₂ ≥ 0, an array of shape (7, 4)")
        right.set_xlabel("last axis, k₂", x=0.28)
        for a in modes:
            for b in modes:
                colour = ORANGE if b == 0 else BLUE if b > 0 else GREY
                _cell(left, b, a, colour, "44" if b >= 0 else "18")
                if b >= 0:
                    _cell(right, b, a, colour, "44")
                    right.text(b, a, "1" if b == 0 else "2", ha="center", va="center", fontsize=9)
        left.annotate("", (-2.1, 1.05), (2.1, -1.05), arrowprops={"arrowstyle": "<->", "color": INK, "linewidth": 0.9})
        left.text(3.8, -1.0, "X[-k] = conj X[k]", va="center", fontsize=8.5)
        right.text(3.8, -1.2, "weight 1\nthe column k₂ = 0 holds\nits own mirror images", va="center", fontsize=8.5)
        right.text(3.8, 1.2, "weight 2\neach of these stands\nfor its mirror image too", va="center", fontsize=8.5)
    return drawn


def _cell(panel: Axes, x: int, y: int, colour: str, alpha: str) -> None:
    panel.add_patch(Rectangle((x - 0.46, y - 0.46), 0.92, 0.92, facecolor=colour + alpha, edgecolor=colour, lw=0.8))


@figure
def digit() -> Figure:
    """Draw an image, its spectrum, and its truncations."""
    image = load("digits").images[8]
    x = ops.analysis(image[None], Fourier.on((8, 8)))
    with panels(2, 4, (8.4, 4.1)) as (drawn, axes):
        show(axes[0, 0], image[..., 0], "8x8 samples")
        axes[1, 0].axis("off")
        for column, band in enumerate((3, 2, 1), 1):
            low = ops.truncate(x, band)
            size = 2 * band + 1
            show(axes[0, column], ops.synthesis(low, (64, 64)).data[0, ..., 0], f"{size}x{size} modes")
            full = np.concatenate([np.flip(low.data[:, 1:], (0, 1)).conj(), low.data], axis=1)[:, :, 0, 0]
            panel = axes[1, column]
            extent = (-band - 0.5, band + 0.5, band + 0.5, -band - 0.5)
            drawn_modes = panel.imshow(20 * np.log10(np.abs(full)), cmap="magma", vmin=-50, vmax=-10, extent=extent)
            panel.set(xlim=(-3.5, 3.5), ylim=(3.5, -3.5), xticks=range(-3, 4, 3), yticks=range(-3, 4, 3))
            panel.set_xlabel("k₂")
        axes[1, 1].set_ylabel("k₁")
        drawn.colorbar(drawn_modes, ax=axes[1, :], label="|X[k]|, dB", shrink=0.9)
    return drawn


@figure
def alias() -> Figure:
    """Draw two modes that agree at every second of eight samples."""
    t = np.linspace(0, 1, 401)
    grid = np.arange(8) / 8
    with panels(1, 1, (8.4, 2.1)) as (drawn, panel):
        panel.plot(t, np.cos(6 * np.pi * t), color=BLUE, label="mode 3")
        panel.plot(t, np.cos(2 * np.pi * t), color=ORANGE, linestyle="--", label="mode 1")
        panel.plot(grid, np.cos(6 * np.pi * grid), "o", color=BLUE, markersize=4, alpha=0.55)
        panel.plot(grid[::2], np.cos(6 * np.pi * grid[::2]), "o", color=INK, markersize=7, label="every second sample")
        panel.set(xlabel="position, in periods", xlim=(-0.01, 1.01))
        panel.legend(ncols=3, loc="lower center", bbox_to_anchor=(0.5, 1.0))
    return drawn


@figure
def product() -> Figure:
    """Draw the square of a signal: it has twice the band, and a layer keeps the band of the signal."""
    n, band = 32, 4
    rng = np.random.default_rng(5)
    x = ops.truncate(ops.analysis(line(rng.normal(size=n)), Fourier.on(n)), band)
    square = ops.multiply(x, x, band=2 * band)
    kept = ops.multiply(x, x)
    t = np.linspace(0, 1, 401)
    with panels(1, 3, (8.4, 2.5), gridspec_kw={"width_ratios": (1.25, 1, 1)}) as (drawn, axes):
        axes[0].plot(t, values(x, 400), color=INK, label="x")
        axes[0].plot(t, values(square, 400), color=BLUE, label="x²")
        axes[0].plot(t, values(kept, 400), color=ORANGE, linestyle="--", label=f"x², |k| ≤ {band}")
        axes[0].set(title="The signals", xlabel="position, in periods")
        axes[0].set_ylim(top=values(square, 400).max() * 1.55)
        axes[0].legend(ncols=2, loc="upper left")
        stems(axes[1], *_magnitudes(x), INK)
        axes[1].set(title="|X[k]|", xlabel="mode k")
        stems(axes[2], *_magnitudes(square), BLUE)
        stems(axes[2], *_magnitudes(kept), ORANGE)
        axes[2].set(title="|C[k]|", xlabel="mode k")
        for panel in axes[1:]:
            panel.set(xlim=(-9, 9), xticks=(-8, -4, 0, 4, 8), ylim=(0, None))
    return drawn


def _magnitudes(x: Tensor) -> tuple[np.ndarray, np.ndarray]:
    k, full = two_sided(x)
    return k, np.abs(full)


@figure
def entrywise() -> Figure:
    """Draw ReLU of a signal, and ReLU of the real and imaginary parts of its modes."""
    n = 64
    t = np.linspace(0, 1, 401)
    with panels(1, 3, (8.4, 2.2), sharey=True) as (drawn, axes):
        for panel, shift, name in zip(axes, (0.0, 0.125, 0.25), ("0", "1/8", "1/4"), strict=True):
            x = ops.analysis(line(np.cos(2 * np.pi * (np.arange(n) / n - shift))), Fourier.on(n))
            parts = np.maximum(x.data.real, 0) + 1j * np.maximum(x.data.imag, 0)
            panel.plot(t, values(x, 400), color=GREY, linewidth=1, label="cosine")
            panel.plot(t, np.maximum(values(x, 400), 0), color=BLUE, label="its ReLU")
            panel.plot(t, values(Tensor(parts, x.space), 400), color=ORANGE, linestyle="--", label="ReLU of the modes")
            panel.set(title=f"moved by {name} of a period", xlabel="position, in periods")
        drawn.legend(*axes[0].get_legend_handles_labels(), ncols=3, loc="outside upper center")
    return drawn
