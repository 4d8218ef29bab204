"""Figures of the rows of a benchmark. Each function draws only the rows that are there."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from freqnet.report.style import BLUE, INK, ORANGE, WIDTH, styled

from .rows import Row

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

GREY, GREEN = "#8a919b", "#3b8f5a"


def figures(rows: list[Row]) -> dict[str, Figure]:
    """Return the figures of all groups that have rows, by file name.

    Examples
    --------
    >>> figures([])
    {}
    """
    drawn: dict[str, Callable[[list[Row]], Any]] = {
        "bench-products": products,
        "bench-networks": networks,
        "bench-growth": growth,
        "bench-profile": profile,
    }
    found = {name: draw(rows) for name, draw in drawn.items()}
    return {name: figure for name, figure in found.items() if figure is not None}


def save(rows: list[Row], folder: Path) -> list[Path]:
    """Write every figure as SVG into an existing folder and return the paths."""
    from freqnet.report.style import house_style

    paths = []
    for name, figure in figures(rows).items():
        paths.append(folder / f"{name}.svg")
        with house_style():
            figure.savefig(paths[-1], transparent=True, metadata={"Date": None, "Creator": None})
    return paths


def _axes(columns: int, height: float = 3.4, rows: int = 1) -> tuple[Figure, list[Axes]]:
    from matplotlib.figure import Figure

    figure = Figure(figsize=(WIDTH, height * rows), layout="constrained")
    return figure, list(np.ravel(figure.subplots(rows, columns)))


@styled
def products(rows: list[Row]) -> Figure | None:
    """Draw the time of a product beside FFT round trips, and the ratio for each gate band."""
    own = [row for row in rows if row.group == "products" and "modes" in row.details]
    if not own:
        return None
    figure, (times, ratios) = _axes(2)
    for kind, colour, label in (("full", BLUE, "freqnet, product"), ("square", GREEN, "freqnet, square")):
        points = {row.details["modes"]: row.freqnet_s for row in own if row.name.endswith(f", {kind}")}
        _line(times, points, colour, label)
    for peer, style in (("SciPy FFT round trip", "--"), ("PyTorch FFT round trip", ":")):
        points = {row.details["modes"]: row.peer_s for row in own if row.peer == peer and row.name.endswith(", full")}
        _line(times, points, ORANGE, peer, style)
    times.set(yscale="log", xlabel="modes along each axis", ylabel="milliseconds, 3,200 pairs of signals")
    times.set_title("the product of two images' spectra")
    bands = [("full", "full product", BLUE), ("square", "square", GREEN)]
    bands += [(f"gate band {g}", f"gate band {g}", GREY) for g in (0, 1, 2, 3)]
    for kind, label, colour in bands:
        best: dict[int, float] = {}
        for row in own:
            if row.name.endswith(f", {kind}"):
                best[row.details["modes"]] = min(best.get(row.details["modes"], np.inf), row.ratio)
        if best:
            _line(ratios, {k: v / 1e3 for k, v in best.items()}, colour, "")
            ratios.annotate(label, (max(best), best[max(best)]), xytext=(4, 0), textcoords="offset points", va="center")
    ratios.axhline(1, color=INK, linewidth=0.8)
    ratios.set(yscale="log", xlabel="modes along each axis", ylabel="times faster than the better round trip")
    ratios.set_title("against the better of SciPy and PyTorch")
    ratios.set_xlim(right=ratios.get_xlim()[1] * 1.25)
    times.legend()
    _plain_numbers(times, ratios)
    return figure


def _plain_numbers(*panels: Axes) -> None:
    """Label logarithmic axes with plain numbers, at 1, 2 and 5 of each decade."""
    from matplotlib.ticker import LogLocator, NullFormatter

    for panel in panels:
        for axis, scale in ((panel.xaxis, panel.get_xscale()), (panel.yaxis, panel.get_yscale())):
            if scale == "log":
                axis.set_major_locator(LogLocator(subs=(1.0, 2.0, 5.0)))
                axis.set_major_formatter("{x:g}")
                axis.set_minor_formatter(NullFormatter())


def _line(panel: Axes, points: dict[int, float], colour: str, label: str, style: str = "-") -> None:
    if points:
        x = sorted(points)
        panel.plot(
            x, [1e3 * points[i] for i in x], style, color=colour, label=label or None, marker="o", markersize=3.5
        )


@styled
def networks(rows: list[Row]) -> Figure | None:
    """Draw accuracy against the time of a training step and of an inference pass."""
    accuracy: dict[str, float] = {}
    for row in rows:
        if row.group == "accuracy" and row.name.endswith("all epochs"):
            accuracy[row.name.split(",")[0]] = float(np.mean(row.details["accuracy"]))
            accuracy[row.peer] = float(np.mean(row.details["peer_accuracy"]))
    groups = [(g, [row for row in rows if row.group == g]) for g in ("step", "inference")]
    if not accuracy or not all(own for _, own in groups):
        return None
    figure, panels = _axes(2)
    for panel, (group, own) in zip(panels, groups, strict=True):
        ours: dict[str, list[float]] = {}
        theirs: dict[str, list[float]] = {}
        for row in own:
            ours.setdefault(f"freqnet {row.name}", []).append(row.freqnet_s)
            theirs.setdefault(row.peer, []).append(row.peer_s)
        for points, colour in ((ours, BLUE), (theirs, ORANGE)):
            places = {n: (1e3 * float(np.median(s)), 100 * accuracy[n]) for n, s in points.items() if n in accuracy}
            _named_points(panel, places, colour)
        panel.set(
            xscale="log",
            xlabel="milliseconds, " + {"step": "a batch of 100 images", "inference": "1,000 images"}[group],
            ylabel="test accuracy, %",
        )
        panel.set_xlim(right=panel.get_xlim()[1] * 2.2)
        panel.set_title({"step": "a training step", "inference": "from images to logits"}[group])
    _plain_numbers(*panels)
    return figure


def _named_points(panel: Axes, places: dict[str, tuple[float, float]], colour: str) -> None:
    for name, (x, y) in places.items():
        panel.plot(x, y, "o", color=colour)
        # The left one of two neighbours at the same height has its name on the left.
        crowded = any(other > x and abs(height - y) < 0.05 for other, height in places.values())
        offset, side = ((-5, -3), "right") if crowded else ((5, -3), "left")
        panel.annotate(name, (x, y), xytext=offset, textcoords="offset points", fontsize=8, ha=side)


@styled
def growth(rows: list[Row]) -> Figure | None:
    """Draw measured times against the fitted cost model and against the grid."""
    own = [row for row in rows if row.group == "growth"]
    if not own:
        return None
    figure, panels = _axes(3, 2.9, rows=2)
    for panel, series in zip(panels, ("gate band", "modes", "batch", "channels"), strict=False):
        points = [row for row in own if row.name.startswith(f"{series} ") and "multiply_adds" in row.details]
        if points:
            cost = [row.details["multiply_adds"] / 1e6 for row in points]
            panel.plot(cost, [1e3 * row.peer_s for row in points], color=GREY, label="cost model, fitted")
            panel.plot(cost, [1e3 * row.freqnet_s for row in points], "o", color=BLUE, label="measured")
            panel.set(xlabel="million multiply-adds", ylabel="milliseconds")
            panel.set_title(f"{series}: R² = {points[0].details['r2']:.4f}")
    panels[0].legend()
    grids = [row for row in own if row.name.startswith("grid ")]
    if grids:
        sizes = [int(row.name.split()[1].split("x")[0]) for row in grids]
        panels[4].plot(sizes, [1 / row.ratio for row in grids], "o-", color=BLUE)
        panels[4].set(xlabel="samples along each axis", ylabel="times the step on 28x28", xscale="log", ylim=(0, 2))
        panels[4].set_title("training step: the grid does not matter")
        panels[5].plot(sizes, [1e3 * row.details["door_seconds_an_image"] for row in grids], "o-", color=ORANGE)
        panels[5].set(xlabel="samples along each axis", ylabel="milliseconds an image", xscale="log", yscale="log")
        panels[5].set_title("the door, once for each image")
    _plain_numbers(*panels)
    return figure


@styled
def profile(rows: list[Row]) -> Figure | None:
    """Draw the share of each part in a training step."""
    own = [row for row in rows if row.group == "profile"]
    if not own:
        return None
    sizes = list(dict.fromkeys(row.name.split(", ")[0] for row in own))
    figure, (panel,) = _axes(1, 0.6 + 0.55 * len(sizes))
    colours = (BLUE, GREEN, "#7fb3dd", ORANGE, "#c9a227", GREY)
    for y, size in enumerate(sizes):
        for (left, row), colour in zip(_stacked(own, size), colours, strict=False):
            label = row.name.split(", ", 1)[1] if y == 0 else None
            panel.barh(y, row.details["share"], left=left, color=colour, height=0.62, label=label)
    whole = [next(row.peer_s for row in own if row.name.startswith(f"{size}, ")) for size in sizes]
    panel.set_yticks(range(len(sizes)), [f"{s}, {1e3 * t:.1f} ms" for s, t in zip(sizes, whole, strict=True)])
    panel.set(xlabel="share of a training step", xlim=(0, 1))
    panel.invert_yaxis()
    figure.legend(loc="outside upper center", ncols=3)
    return figure


def _stacked(rows: list[Row], size: str) -> Iterator[tuple[float, Row]]:
    left = 0.0
    for row in rows:
        if row.name.startswith(f"{size}, "):
            yield left, row
            left += row.details["share"]
