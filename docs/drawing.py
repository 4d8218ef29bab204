"""Colours, style and helpers that all pictures use."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import matplotlib

matplotlib.use("svg")
import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from freqnet import Tensor, ops

INK, GREY, BLUE, ORANGE = "#1b1e24", "#9aa1ab", "#2f7fc1", "#e08a1e"
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
    """Return the samples of one signal as ``(batch, grid, channels)``."""
    return np.asarray(samples, float).reshape(1, -1, 1)


def two_sided(x: Tensor) -> tuple[np.ndarray, np.ndarray]:
    """Return mode numbers and coefficients of a 1-D signal, both halves."""
    half = x.data[:, 0, 0]
    return np.arange(1 - len(half), len(half)), np.concatenate([half[:0:-1].conj(), half])


def values(x: Tensor, points: int) -> np.ndarray:
    """Return a 1-D signal on a grid of `points` points, with the first point repeated at the end."""
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


def show(panel: Axes, image: np.ndarray, title: str) -> None:
    """Draw a grey image in a frame."""
    panel.imshow(image, cmap="gray_r", vmin=0, vmax=1)
    panel.set(title=title, xticks=[], yticks=[])
    for spine in panel.spines.values():
        spine.set(visible=True, color=GREY)
