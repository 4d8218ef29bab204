"""Figures of the rows of a benchmark. Each function draws only the rows that are there."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from freqnet.plot.style import BLUE, INK, ORANGE, WIDTH, styled

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
        "bench-roofline": roofline,
    }
    found = {name: draw(rows) for name, draw in drawn.items()}
    return {name: figure for name, figure in found.items() if figure is not None}


def save(rows: list[Row], folder: Path) -> list[Path]:
    """Write every figure as SVG into an existing folder and return the paths."""
    from freqnet.plot.style import house_style

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


# Colours of the parts of a step; both directions of a part have the same one.
PARTS = {
    "convolutions": BLUE,
    "kernel responses": "#17807e",
    "activations, norms": "#7cb342",
    "head, loss": ORANGE,
    "other ops": "#c9a227",
    "optimiser": "#8e6bb0",
    "Python and copies": GREY,
}


def _split(row: Row) -> tuple[str, str, str]:
    """Return the network, the part and the direction that a row of the profile names."""
    size, rest = row.name.split(", ", 1)
    part, _, way = rest.rpartition(", ") if rest.endswith(("ward",)) else (rest, "", "")
    return size, part, way


@styled
def profile(rows: list[Row]) -> Figure | None:
    """Draw the share of each part in a training step; backward passes are lighter."""
    own = [row for row in rows if row.group == "profile"]
    if not own:
        return None
    whole = {_split(row)[0]: row.peer_s for row in own}
    figure, (panel,) = _axes(1, 0.9 + 0.45 * len(whole))
    left, named = dict.fromkeys(whole, 0.0), set[str]()
    for row in own:
        size, part, way = _split(row)
        label = None if part in named else part
        named.add(part)
        place, share = list(whole).index(size), row.details["share"]
        alpha = 0.6 if way == "backward" else 1.0
        panel.barh(place, share, left=left[size], color=PARTS[part], alpha=alpha, height=0.62, label=label)
        left[size] += share
    panel.set_yticks(range(len(whole)), [f"{size}, {1e3 * seconds:.3g} ms" for size, seconds in whole.items()])
    panel.set(xlabel="share of a training step, forward passes dark and backward passes light", xlim=(0, 1))
    panel.invert_yaxis()
    figure.legend(loc="outside upper center", ncols=4)
    return figure


@styled
def roofline(rows: list[Row]) -> Figure | None:
    """Draw the rate of each part of a step against its multiply-adds per byte, below the rates of GEMM and of a copy.

    The area of a point is the share of the part in the step. Parts without multiply-adds are not drawn.
    """
    own = [row for row in rows if row.group == "profile" and row.details.get("multiply_adds")]
    # The default network of mnist-5k, and the middle one of colour images.
    sizes = [size for size in ("large", "32-64-128") if any(_split(row)[0] == size for row in own)]
    if not sizes:
        return None
    figure, panels = _axes(len(sizes), 3.9)
    for panel, size in zip(panels, sizes, strict=True):
        points = [row for row in own if _split(row)[0] == size]
        _roofs(panel, points)
        for row in points:
            _, part, way = _split(row)
            work, moved, share = (row.details[key] for key in ("multiply_adds", "bytes", "share"))
            panel.scatter(
                work / moved, work / row.freqnet_s / 1e9, s=12 + 900 * share, facecolor=PARTS[part], edgecolor=INK,
                linewidth=0.6, alpha=0.55 if way == "backward" else 0.95, zorder=3,
                label=part if way == "forward" and panel is panels[0] else None,
            )  # fmt: skip
        title = {"large": "mnist-5k, large", "32-64-128": "colour images, 32-64-128"}[size]
        panel.set(xscale="log", yscale="log", xlabel="multiply-adds per byte (light: backward)", title=title)
    panels[0].set_ylabel("billion multiply-adds per second")
    # A large point would stand for the part in the legend otherwise.
    legend = figure.legend(loc="outside upper center", ncols=4)
    for handle in legend.legend_handles:
        handle.set_sizes([40])  # type: ignore[union-attr]
    _plain_numbers(*panels)
    return figure


def _roofs(panel: Axes, points: list[Row]) -> None:
    """Draw the rate of a GEMM, and the rate that a copy allows at each number of multiply-adds per byte."""
    gemm, copy = (points[0].details[key] / 1e9 for key in ("gemm_rate", "copy_rate"))
    places = [row.details["multiply_adds"] / row.details["bytes"] for row in points]
    rates = [row.details["multiply_adds"] / row.freqnet_s / 1e9 for row in points]
    first, last = min(places) / 2, max(*places, 4 * gemm / copy) * 2
    ridge = gemm / copy
    panel.plot([first, ridge, last], [first * copy, gemm, gemm], color=INK, linewidth=1.2)
    panel.annotate(
        f"GEMM, {gemm:.0f}", (last, gemm), xytext=(-2, 4), textcoords="offset points", ha="right", fontsize=8
    )
    panel.text(0.03, 0.93, f"slope: copy, {copy:.0f} GB/s", transform=panel.transAxes, fontsize=8)
    panel.set(xlim=(first, last), ylim=(min(rates) / 2, 2 * gemm))
