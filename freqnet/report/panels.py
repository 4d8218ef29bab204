"""Panels that figures are composed of: a signal, a plane of modes, a colour bar."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np

from freqnet.report.style import BLUE, INK, ORANGE, shrink
from freqnet.spaces import Axes

if TYPE_CHECKING:
    from matplotlib.axes import Axes as Panel
    from matplotlib.figure import Figure

T = TypeVar("T")

# Inches left and right of the panels of modes, for tick labels and for the colour bar.
LEFT, RIGHT = 0.55, 0.85
# Panels are at most an inch wide: more pixels than this are invisible, and make the page large.
_PIXELS, _MODES = 96, 64


def add_panel(figure: Figure, box: Sequence[float]) -> Panel:
    """Add a panel without ticks at (left, top, width, height), in inches from the top left corner."""
    width, height = figure.get_size_inches()
    left, top, wide, high = box
    panel = figure.add_axes((left / width, 1 - (top + high) / height, wide / width, high / height))
    panel.set(xticks=[], yticks=[])
    for spine in panel.spines.values():
        spine.set(visible=True, linewidth=0.5, alpha=0.4)
    return panel


def add_text(figure: Figure, left: float, top: float, text: str, **style: Any) -> None:
    """Write text at (left, top), in inches from the top left corner."""
    width, height = figure.get_size_inches()
    figure.text(left / width, 1 - top / height, text, **style)


def middle(array: np.ndarray, ndim: int) -> np.ndarray:
    """Return the middle slice along the first axis of a volume; other arrays are returned unchanged.

    >>> middle(np.arange(27).reshape(3, 3, 3), 3)[0]
    array([ 9, 10, 11])
    """
    return array[array.shape[0] // 2] if ndim == 3 else array


def draw_sample(panel: Panel, sample: np.ndarray, limits: tuple[float, float] | None = None) -> None:
    """Draw an example ``(*grid, channels)``: lines in 1-D, an image in 2-D, the middle slice in 3-D.

    Three channels are shown as colours, any other number as the grey mean. The limits are black and white, or the ends
    of the vertical axis; by default they are the lowest and highest value of the example.
    """
    ndim = sample.ndim - 1
    sample = np.nan_to_num(np.asarray(middle(sample, ndim), float))
    if ndim == 1:
        for channel, colour in zip(sample.T, (BLUE, ORANGE, INK), strict=False):
            panel.plot(channel, color=colour, linewidth=0.9)
        panel.margins(x=0)
        if limits is not None:
            margin = 0.05 * (limits[1] - limits[0]) or 1.0
            panel.set_ylim(limits[0] - margin, limits[1] + margin)
        return
    image = sample if sample.shape[-1] == 3 else sample.mean(axis=-1)
    image = shrink(image, _PIXELS)
    low, high = limits or (float(image.min()), float(image.max()))
    image = np.clip((image - low) / ((high - low) or 1.0), 0, 1)
    long = max(image.shape[:2]) > 4 * min(image.shape[:2])
    panel.imshow(image, cmap="gray", vmin=0, vmax=1, aspect="auto" if long else "equal")


def draw_modes(
    panel: Panel, values: np.ndarray, band: Axes, limits: tuple[float, float], cmap: str, shown: Axes | None = None
) -> Any:
    """Draw one real number per mode, with DC in the centre: a line in 1-D, else an image.

    Parameters
    ----------
    panel : matplotlib.axes.Axes
    values : numpy.ndarray
        ``(*modes)``, two-sided; in 3-D the plane at mode 0 of the first axis is drawn.
    band : tuple of int
        Largest mode along each axis.
    limits : tuple of float
        Values at the ends of the colour scale, or of the vertical axis in 1-D.
    cmap : str
    shown : tuple of int, optional
        The band that the axes span, by default `band`; smaller spectra look smaller in it.

    Returns
    -------
    matplotlib.image.AxesImage or None
        The image, for a colour bar; None in 1-D.
    """
    shown = shown or band
    panel.set_xlim(-shown[-1] - 0.5, shown[-1] + 0.5)
    if values.ndim == 1:
        panel.plot(np.arange(-band[0], band[0] + 1), values, color=BLUE, linewidth=1.0)
        panel.set_ylim(*limits)
        return None
    rows, columns = band[-2:]
    plane = shrink(middle(values, values.ndim), _MODES)
    # Rows go down, as in images, so that slopes agree.
    extent = (-columns - 0.5, columns + 0.5, rows + 0.5, -rows - 0.5)
    image = panel.imshow(plane, cmap=cmap, vmin=limits[0], vmax=limits[1], extent=extent, aspect="auto")
    panel.set_xlim(-shown[-1] - 0.5, shown[-1] + 0.5)
    panel.set_ylim(shown[-2] + 0.5, -shown[-2] - 0.5)
    return image


def label_modes(panel: Panel, band: Axes, vertical: str) -> None:
    """Label the axes of a panel of modes: DC and the ends of the band; in 1-D `vertical` names the values."""
    panel.tick_params(length=2, pad=1.5, labelsize=7)
    panel.set_xticks(_ends(band[-1]))
    panel.set_xlabel("cycles per period", fontsize=7, labelpad=1, loc="left")
    panel.set_yticks(_ends(band[-2]) if len(band) > 1 else panel.get_ylim())
    panel.set_ylabel("cycles\nper period" if len(band) > 1 else vertical, fontsize=7, labelpad=1)


def _ends(band: int) -> list[int]:
    return [-band, 0, band] if band else [0]


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


def spread(items: list[T], most: int) -> list[T]:
    """Return at most `most` items, at even distances from the first to the last.

    >>> spread([1, 2, 3, 4, 5, 6], 3)
    [1, 3, 6]
    """
    if len(items) <= most:
        return items
    return [items[i] for i in np.linspace(0, len(items) - 1, most).round().astype(int)]
