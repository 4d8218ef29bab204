"""Draw the pictures of these pages into ``_static``: run ``python docs/figures.py`` after changing one.

Every curve is computed by freqnet itself. The files are the same at every run with one version of matplotlib.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import matplotlib

matplotlib.use("svg")
import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import FancyArrowPatch, FancyBboxPatch, Rectangle

from freqnet import FOURIER, Tensor, ops
from freqnet.data import load, split
from freqnet.report.spectra import decibels
from freqnet.report.walk import walk
from freqnet.training import Model, Settings, analyse, fit

FOLDER = Path(__file__).parent / "_static"
INK, GREY, BLUE, ORANGE, GREEN = "#1b1e24", "#9aa1ab", "#2f7fc1", "#e08a1e", "#3b8f5a"
STYLE = {
    "font.family": "DejaVu Sans",
    "font.size": 9,
    "axes.titlesize": 9.5,
    "axes.titlelocation": "left",
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.linewidth": 0.7,
    "axes.edgecolor": INK,
    "axes.labelcolor": INK,
    "text.color": INK,
    "xtick.color": INK,
    "ytick.color": INK,
    "xtick.labelsize": 8,
    "ytick.labelsize": 8,
    "legend.frameon": False,
    "legend.fontsize": 8.5,
    "lines.linewidth": 1.7,
    "savefig.transparent": True,
    "svg.fonttype": "path",
    "svg.hashsalt": "freqnet",
}
FIGURES: dict[str, Callable[[], Figure]] = {}


def figure(draw: Callable[[], Figure]) -> Callable[[], Figure]:
    """Register a function that draws the file of its name."""
    FIGURES[draw.__name__] = draw
    return draw


def line(samples: np.ndarray) -> np.ndarray:
    """Samples of one signal as the door wants them: ``(batch, grid, channels)``."""
    return np.asarray(samples, float).reshape(1, -1, 1)


def two_sided(x: Tensor) -> tuple[np.ndarray, np.ndarray]:
    """Mode numbers and coefficients of a 1-D signal, both halves."""
    half = x.data[:, 0, 0]
    return np.arange(1 - len(half), len(half)), np.concatenate([half[:0:-1].conj(), half])


def values(x: Tensor, points: int) -> np.ndarray:
    """A 1-D signal on a grid of so many points, its first point once more at the end."""
    samples = ops.synthesis(x, points).data.ravel()
    return np.append(samples, samples[0])


def stems(panel: Axes, k: np.ndarray, height: np.ndarray, colour: str, label: str | None = None) -> None:
    """Draw a line with a dot for each mode."""
    panel.vlines(k, 0, height, color=colour, linewidth=1.6)
    panel.plot(k, height, "o", color=colour, markersize=3.6, label=label)


@contextmanager
def panels(rows: int, columns: int, size: tuple[float, float], **options: object) -> Iterator[tuple]:
    """Yield a figure and its panels, and tighten the layout at the end."""
    drawn, axes = plt.subplots(rows, columns, figsize=size, layout="constrained", **options)  # type: ignore[arg-type]
    drawn.get_layout_engine().set(w_pad=0.08, h_pad=0.06)  # type: ignore[union-attr]
    yield drawn, axes


@figure
def pipeline() -> Figure:
    """Where transforms happen: in a network that switches domains, and here."""
    drawn = plt.figure(figsize=(8.4, 2.5))
    panel = drawn.add_axes((0, 0, 1, 1))
    panel.set(xlim=(0, 84), ylim=(0, 25))
    panel.axis("off")
    panel.text(1, 22.6, "A network that switches domains: two transforms in every layer", color=INK)
    _chain(panel, 16.2, [("image", GREY)] + [("FFT", ORANGE), ("product", BLUE), ("FFT⁻¹", ORANGE), ("ReLU", GREY)] * 2)
    panel.text(1, 9.6, "freqnet: one transform at the door, none inside", color=INK)
    names = ["convolve", "normalise", "polynomial", "truncate"]
    _chain(panel, 3.2, [("image", GREY), ("FFT", ORANGE), *((name, BLUE) for name in names), ("head", BLUE)])
    return drawn


def _chain(panel: Axes, y: float, blocks: list[tuple[str, str]]) -> None:
    total = 80
    gap = 1.7
    width = (total - gap * len(blocks)) / (len(blocks) + 0.7)
    x = 1.0
    for name, colour in blocks:
        box = FancyBboxPatch((x, y), width, 4.4, boxstyle="round,pad=0,rounding_size=0.6", linewidth=1.2)
        box.set(facecolor=colour + "22", edgecolor=colour)
        panel.add_patch(box)
        panel.text(x + width / 2, y + 2.15, name, ha="center", va="center", fontsize=8.5)
        panel.add_patch(_arrow(x + width, x + width + gap, y + 2.2))
        x += width + gap
    last = "logits" if blocks[-1][0] == "head" else "… head"
    panel.text(x + 0.3, y + 2.15, last, va="center", fontsize=8.5)


def _arrow(start: float, end: float, y: float) -> FancyArrowPatch:
    return FancyArrowPatch((start, y), (end, y), arrowstyle="-|>", mutation_scale=6, color=INK, linewidth=0.8)


@figure
def signal() -> Figure:
    """A signal, its band-limited version, and the spectrum of both."""
    n, band = 32, 5
    t = np.arange(n) / n
    rng = np.random.default_rng(3)
    samples = np.where((t > 0.2) & (t < 0.55), 1.0, 0.0) + 0.4 * np.sin(2 * np.pi * t) + 0.12 * rng.normal(size=n)
    x = ops.analysis(line(samples), FOURIER.space(n))
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
    """Which modes of an image are stored, and what they weigh."""
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
    """An image at the door, its spectrum, and what truncations leave of it."""
    image = load("digits").images[8]
    x = ops.analysis(image[None], FOURIER.space((8, 8)))
    with panels(2, 4, (8.4, 4.1)) as (drawn, axes):
        _image(axes[0, 0], image[..., 0], "8x8 samples")
        axes[1, 0].axis("off")
        for column, band in enumerate((3, 2, 1), 1):
            low = ops.truncate(x, band)
            size = 2 * band + 1
            _image(axes[0, column], ops.synthesis(low, (64, 64)).data[0, ..., 0], f"{size}x{size} modes")
            full = np.concatenate([np.flip(low.data[:, 1:], (0, 1)).conj(), low.data], axis=1)[:, :, 0, 0]
            panel = axes[1, column]
            extent = (-band - 0.5, band + 0.5, band + 0.5, -band - 0.5)
            drawn_modes = panel.imshow(20 * np.log10(np.abs(full)), cmap="magma", vmin=-50, vmax=-10, extent=extent)
            panel.set(xlim=(-3.5, 3.5), ylim=(3.5, -3.5), xticks=range(-3, 4, 3), yticks=range(-3, 4, 3))
            panel.set_xlabel("k₂")
        axes[1, 1].set_ylabel("k₁")
        drawn.colorbar(drawn_modes, ax=axes[1, :], label="|X[k]|, dB", shrink=0.9)
    return drawn


def _image(panel: Axes, image: np.ndarray, title: str) -> None:
    panel.imshow(image, cmap="gray_r", vmin=0, vmax=1)
    panel.set(title=title, xticks=[], yticks=[])
    for spine in panel.spines.values():
        spine.set(visible=True, color=GREY)


@figure
def kernels() -> Figure:
    """What one parameter of each parametrisation does, in space and in frequency."""
    n, size, chosen = 31, 7, 3
    space = FOURIER.space(n)
    with panels(2, 4, (8.4, 3.5)) as (drawn, axes):
        for column, name in enumerate(("taps", "spectral", "sinc", "modes")):
            count = n if name == "modes" else size
            theta = np.zeros((count, 1, 1))
            theta[chosen] = 1.0
            response = ops.frequency_response(Tensor(theta), space, name, size)
            k, full = two_sided(response)
            taps = np.exp(2j * np.pi * np.outer(k, k) / n) @ full / n
            stems(axes[0, column], k, taps.real, BLUE)
            axes[0, column].set(title=f'"{name}"', xlabel="offset, in samples", xlim=(-16, 16))
            axes[1, column].plot(k, np.abs(full), "o-", color=ORANGE, markersize=2.5, linewidth=1)
            axes[1, column].set(xlabel="mode k", xlim=(-16, 16), ylim=(-0.04, None))
        axes[0, 0].set_ylabel("kernel")
        axes[1, 0].set_ylabel("|H[k]|")
    return drawn


@figure
def averages() -> Figure:
    """The response of a moving average: the grid's own, and the continuous signal's."""
    n, window = 32, 4
    space = FOURIER.space(n)
    k = np.arange(n // 2)
    exact, sinc = (np.abs(FOURIER.average_response(space, (window,), m)[0]) for m in ("dirichlet", "sinc"))
    with panels(1, 2, (8.4, 2.6)) as (drawn, (left, right)):
        left.plot(k, exact, "o-", color=BLUE, markersize=3.5, label="Dirichlet: the grid's average")
        left.plot(k, sinc, "s-", color=ORANGE, markersize=3, label="sinc: the continuous average")
        left.axhline(0, color=INK, linewidth=0.6)
        left.set(xlabel="mode k", title=f"|H[k]|, window of {window} on {n} samples", ylim=(-0.02, 1.05))
        left.legend()
        right.plot(k, np.sinc(k / n), "o-", color=INK, markersize=3.5)
        right.set(xlabel="mode k", title="their ratio, sinc(k/N)", ylim=(0, 1.05))
        right.axhline(2 / np.pi, color=GREY, linewidth=0.8, linestyle="--")
        right.text(0.3, 2 / np.pi - 0.03, "2/π ≈ 0.64 at Nyquist", va="top", fontsize=8.5)
    return drawn


@figure
def alias() -> Figure:
    """Every second of eight samples cannot tell mode 3 from mode 1."""
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
    """The square of a signal: twice the band, of which a layer keeps the signal's own."""
    n, band = 32, 4
    rng = np.random.default_rng(5)
    x = ops.truncate(ops.analysis(line(rng.normal(size=n)), FOURIER.space(n)), band)
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
    """ReLU of a signal, and what comes of applying it to the real and imaginary parts of its modes."""
    n = 64
    t = np.linspace(0, 1, 401)
    with panels(1, 3, (8.4, 2.2), sharey=True) as (drawn, axes):
        for panel, shift, name in zip(axes, (0.0, 0.125, 0.25), ("0", "1/8", "1/4"), strict=True):
            x = ops.analysis(line(np.cos(2 * np.pi * (np.arange(n) / n - shift))), FOURIER.space(n))
            parts = np.maximum(x.data.real, 0) + 1j * np.maximum(x.data.imag, 0)
            panel.plot(t, values(x, 400), color=GREY, linewidth=1, label="cosine")
            panel.plot(t, np.maximum(values(x, 400), 0), color=BLUE, label="its ReLU")
            panel.plot(t, values(Tensor(parts, x.space), 400), color=ORANGE, linestyle="--", label="ReLU of the modes")
            panel.set(title=f"moved by {name} of a period", xlabel="position, in periods")
        drawn.legend(*axes[0].get_legend_handles_labels(), ncols=3, loc="outside upper center")
    return drawn


@figure
def layers() -> Figure:
    """What the layers of a trained network make of two digits it has not seen."""
    parts = split(load("digits"), seed=0)
    network = Model().network(parts.train)
    fit(network, analyse(network, parts.train), settings=Settings(epochs=10))
    images = parts.test.images[[np.argmax(parts.test.labels == 3), np.argmax(parts.test.labels == 8)]]
    wanted = {"door": "door", "1": "convolution", "3": "polynomial", "4": "truncation", "5": "convolution"}
    wanted |= {"7": "polynomial", "8": "truncation", "9": "convolution", "11": "polynomial"}
    steps = [step for step in walk(network, images) if step.name in wanted]
    with panels(2, 1 + len(steps), (10, 2.35)) as (drawn, axes):
        for row, image in enumerate(images):
            _image(axes[row, 0], image[..., 0], "")
        for column, step in enumerate(steps, 1):
            power, (band, _) = decibels(step.output)
            for row in range(2):
                panel = axes[row, column]
                extent = (-band - 0.5, band + 0.5, band + 0.5, -band - 0.5)
                shown = panel.imshow(power[..., row], cmap="magma", vmin=-40, vmax=0, extent=extent)
                panel.set(xlim=(-3.5, 3.5), ylim=(3.5, -3.5), xticks=[], yticks=[])
                panel.spines[["left", "bottom"]].set_visible(False)
            channels = step.output.shape[-1]
            size = f"{channels} channel{'s' if channels > 1 else ''}"
            axes[0, column].set_title(f"{wanted[step.name]}\n{size}", fontsize=8)
        axes[0, 0].set_title("image\n8x8", fontsize=8)
        drawn.colorbar(shown, ax=axes, label="power, dB", shrink=0.8, aspect=14, pad=0.01)
    return drawn


def main() -> None:
    """Draw everything."""
    from figures_activations import FIGURES as MORE

    FOLDER.mkdir(exist_ok=True)
    # Names on the command line choose some.
    chosen = sys.argv[1:] or [*FIGURES, *MORE]
    for name, draw in ((name, {**FIGURES, **MORE}[name]) for name in chosen):
        with matplotlib.rc_context(STYLE):
            drawn = draw()
            if name == "layers":  # for the README as well, on a page that may be dark
                drawn.savefig(FOLDER / "layers.png", dpi=150, facecolor="white", metadata={"Software": None})
            else:
                drawn.savefig(FOLDER / f"{name}.svg", metadata={"Date": None, "Creator": None})
            plt.close(drawn)


if __name__ == "__main__":
    main()
