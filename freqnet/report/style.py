"""How every figure looks, and how it becomes text for the page. Nothing here touches pyplot."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import wraps
from typing import TYPE_CHECKING, Any, ParamSpec, TypeVar

import numpy as np

if TYPE_CHECKING:
    from matplotlib.figure import Figure

# The page puts its own text colour here, so that figures follow its light or dark scheme.
INK = "#1b1e24"
# Told apart by lightness as well as by hue, and legible on white and on black.
BLUE, ORANGE = "#2f7fc1", "#e08a1e"
# Inches at 100 pixels an inch: the page's own width.
WIDTH = 10.0
# Light from low to high is uniform in both; values near zero keep their order in grey print.
POWER_MAP, COUNT_MAP = "magma", "viridis"

STYLE: dict[str, Any] = {
    "figure.dpi": 100,
    "savefig.dpi": 150,
    "font.family": "sans-serif",
    "font.size": 9,
    "axes.titlesize": 9,
    "axes.labelsize": 9,
    "xtick.labelsize": 8,
    "ytick.labelsize": 8,
    "legend.fontsize": 8.5,
    "legend.frameon": False,
    "lines.linewidth": 1.8,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.linewidth": 0.7,
    "xtick.major.width": 0.7,
    "ytick.major.width": 0.7,
    "grid.color": INK,
    "grid.alpha": 0.13,
    "grid.linewidth": 0.6,
    "text.color": INK,
    "axes.edgecolor": INK,
    "axes.labelcolor": INK,
    "axes.titlecolor": INK,
    "xtick.color": INK,
    "ytick.color": INK,
    # Pixels are values: they stay sharp, at any zoom.
    "image.interpolation": "none",
    # Class names are text, whatever dollar signs they hold.
    "text.parse_math": False,
    # Text stays text: it can be searched, copied and read aloud, and takes the page's typeface.
    "svg.fonttype": "none",
    "svg.hashsalt": "freqnet",
}

P = ParamSpec("P")
R = TypeVar("R")


@contextmanager
def house_style() -> Iterator[None]:
    """Set the style inside the block, whatever the reader's own settings are."""
    import matplotlib.style

    with matplotlib.style.context(["default", STYLE]):
        yield


def styled(draw: Callable[P, R]) -> Callable[P, R]:
    """Run a function that makes a figure in the house style."""

    @wraps(draw)
    def inside(*args: P.args, **kwargs: P.kwargs) -> R:
        with house_style():
            return draw(*args, **kwargs)

    return inside


def message(text: str) -> Figure:
    """Return a figure that says why there is nothing to show."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(WIDTH, 0.6))
    figure.text(0.5, 0.5, text, ha="center", va="center", style="italic", alpha=0.7)
    return figure


def to_svg(figure: Figure, prefix: str) -> str:
    """Return a figure as an `svg` element to be put into a page.

    Parameters
    ----------
    figure : matplotlib.figure.Figure
    prefix : str
        Of the element's ids, which must not repeat in a page.

    >>> to_svg(message("nothing"), "a")[:13]
    '<svg style="m'
    """
    import warnings
    from io import StringIO

    text = StringIO()
    with house_style(), warnings.catch_warnings():
        # A class name may hold a glyph that the font for measuring has not; the reader's has.
        warnings.filterwarnings("ignore", message="Glyph .* missing")
        # Metadata would hold the time, and addresses of vocabularies.
        none = dict.fromkeys(("Creator", "Date", "Format", "Type"))
        figure.savefig(text, format="svg", transparent=True, metadata=none)
    svg = text.getvalue()
    svg = svg[svg.index("<svg") :].replace(INK, "currentColor")
    svg = re.sub(r'\bid="', f'id="{prefix}-', svg)
    svg = re.sub(r'(url\(|href=")#', rf"\g<1>#{prefix}-", svg)
    width = 100 * figure.get_figwidth()
    # Never beyond the size its letters were set for, nor so small that they cannot be read: then it scrolls.
    size = f"max-width:{width:.0f}px;min-width:{min(width, 680):.0f}px"
    return re.sub(r'<svg [^>]*?(viewBox="[^"]*")[^>]*>', rf'<svg style="{size}" \1>', svg, count=1)


def label(text: object, width: int = 16) -> str:
    """Return text fit for a figure: on one line, printable, and cut to a width in characters.

    >>> label("a very long name of a class"), label("two" + chr(10) + "lines" + chr(7))
    ('a very long nam…', 'two lines?')
    """
    line = " ".join(str(text).split())
    line = "".join(c if c.isprintable() else "?" for c in line)
    return line if len(line) <= width else line[: width - 1] + "…"


def shrink(image: np.ndarray, most: int) -> np.ndarray:
    """Average blocks of pixels until neither side of ``(rows, columns, ...)`` exceeds `most`.

    >>> shrink(np.ones((200, 100, 3)), 96).shape
    (66, 33, 3)
    """
    step = -(-max(image.shape[:2]) // most)
    if step <= 1:
        return image
    rows, columns = (max(1, n // step) for n in image.shape[:2])
    kept = image[: rows * step, : columns * step]
    if min(image.shape[:2]) < step:
        # A strip thinner than a block: its short side is left as it is.
        return image[::step] if image.shape[0] > image.shape[1] else image[:, ::step]
    return kept.reshape(rows, step, columns, step, *image.shape[2:]).mean(axis=(1, 3))
