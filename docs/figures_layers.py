"""Pictures of networks and their layers; `figures.py` draws them."""

from __future__ import annotations

import matplotlib.pyplot as plt
import numpy as np
from drawing import BLUE, GREY, INK, ORANGE, figure, panels, show, stems, two_sided
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import FancyArrowPatch, FancyBboxPatch

from freqnet import Fourier, Tensor, ops
from freqnet.audit import walk
from freqnet.data import load, split
from freqnet.plot.signals import decibels
from freqnet.training import Model, Settings, analyse, fit


@figure
def pipeline() -> Figure:
    """Draw where transforms happen: in a network that switches domains, and in freqnet."""
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
def kernels() -> Figure:
    """Draw the kernel of one parameter of each parametrisation, in space and in frequency."""
    n, size, chosen = 31, 7, 3
    space = Fourier.on(n)
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
    """Draw the response of a moving average on the grid, and on the continuous signal."""
    n, window = 32, 4
    space = Fourier.on(n)
    k = np.arange(n // 2)
    exact, sinc = (np.abs(space.average_response((window,), m)[0]) for m in ("dirichlet", "sinc"))
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
def layers() -> Figure:
    """Draw the spectra of two held-out digits after each layer of a trained network."""
    parts = split(load("digits"), seed=0)
    network = Model().network(parts.train)
    fit(network, analyse(network, parts.train), settings=Settings(epochs=10))
    images = parts.test.images[[np.argmax(parts.test.targets == 3), np.argmax(parts.test.targets == 8)]]
    wanted = {"door": "door", "1": "convolution", "3": "polynomial", "4": "truncation", "5": "convolution"}
    wanted |= {"7": "polynomial", "8": "truncation", "9": "convolution", "11": "polynomial"}
    steps = [step for step in walk(network, images) if step.name in wanted]
    with panels(2, 1 + len(steps), (10, 2.35)) as (drawn, axes):
        for row, image in enumerate(images):
            show(axes[row, 0], image[..., 0], "")
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
