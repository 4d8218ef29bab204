"""Panels at exact places of a figure, for the pages of reports."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from freqnet.plot.panels import frame

if TYPE_CHECKING:
    from matplotlib.axes import Axes as Panel
    from matplotlib.figure import Figure

# Inches left and right of the panels of modes, for tick labels and for the colour bar.
LEFT, RIGHT = 0.55, 0.85


def add_panel(figure: Figure, box: Sequence[float]) -> Panel:
    """Add a panel without ticks at (left, top, width, height), in inches from the top left corner."""
    width, height = figure.get_size_inches()
    left, top, wide, high = box
    panel = figure.add_axes((left / width, 1 - (top + high) / height, wide / width, high / height))
    frame(panel)
    return panel


def add_text(figure: Figure, left: float, top: float, text: str, **style: Any) -> None:
    """Write text at (left, top), in inches from the top left corner."""
    width, height = figure.get_size_inches()
    figure.text(left / width, 1 - top / height, text, **style)


def colour_bar(figure: Figure, image: Any, box: Sequence[float], text: str) -> Any:
    """Add a colour bar at (left, top, width, height), in inches from the top left corner; None without an image."""
    if image is None:
        return None
    panel = add_panel(figure, box)
    bar = figure.colorbar(image, cax=panel)
    bar.outline.set_linewidth(0.4)  # type: ignore[operator]
    bar.ax.tick_params(length=2, pad=2, labelsize=7)
    bar.set_label(text, fontsize=8)
    return bar
