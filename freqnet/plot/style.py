"""The common style of all figures, and their conversion to SVG. Nothing here uses pyplot."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import wraps
from typing import TYPE_CHECKING, Any, ParamSpec, TypeVar

import numpy as np

if TYPE_CHECKING:
    from matplotlib.figure import Figure

# `to_svg` replaces this colour by the text colour of the page, so that figures follow its light or dark scheme.
INK = "#1b1e24"
# The two differ in lightness as well as in hue, and are legible on white and on black.
BLUE, ORANGE = "#2f7fc1", "#e08a1e"
# Width of the page, in inches at 100 pixels per inch.
WIDTH = 10.0
# Lightness increases uniformly in both, so that values keep their order in grey print.
POWER_MAP, COUNT_MAP = "magma", "viridis"
# For values of both signs: purple and orange differ for every reader, and 0 is the lightest.
SIGNED_MAP = "PuOr_r"

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
    # Pixels are values, and stay sharp at any zoom.
    "image.interpolation": "none",
    # Dollar signs in class names are no mathematics.
    "text.parse_math": False,
    # Text stays text: it can be searched, copied and read aloud, and takes the typeface of the page.
    "svg.fonttype": "none",
    "svg.hashsalt": "freqnet",
}

P = ParamSpec("P")
R = TypeVar("R")


@contextmanager
def house_style() -> Iterator[None]:
    """Set the style inside the block, independently of the user's matplotlib settings."""
    import matplotlib.style

    with matplotlib.style.context(["default", STYLE]):
        yield


def styled(draw: Callable[P, R]) -> Callable[P, R]:
    """Decorate a function that draws a figure, so that it runs in the house style."""

    @wraps(draw)
    def inside(*args: P.args, **kwargs: P.kwargs) -> R:
        with house_style():
            return draw(*args, **kwargs)

    return inside


def message(text: str) -> Figure:
    """Return a figure that consists of one line of text."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(WIDTH, 0.6))
    figure.text(0.5, 0.5, text, ha="center", va="center", style="italic", alpha=0.7)
    return figure


def to_svg(figure: Figure, prefix: str) -> str:
    """Return a figure as an `svg` element for a page.

    Parameters
    ----------
    figure : matplotlib.figure.Figure
    prefix : str
        Prefix of the element's ids, which must not repeat in a page.

    >>> to_svg(message("nothing"), "a")[:13]
    '<svg style="m'
    """
    import warnings
    from io import StringIO

    text = StringIO()
    with house_style(), warnings.catch_warnings():
        # The font that measures text may lack a glyph of a class name that the reader's font has.
        warnings.filterwarnings("ignore", message="Glyph .* missing")
        # Metadata would contain the time, and addresses of vocabularies.
        none = dict.fromkeys(("Creator", "Date", "Format", "Type"))
        figure.savefig(text, format="svg", transparent=True, metadata=none)
    svg = text.getvalue()
    svg = svg[svg.index("<svg") :].replace(INK, "currentColor")
    svg = re.sub(r'\bid="', f'id="{prefix}-', svg)
    svg = re.sub(r'(url\(|href=")#', rf"\g<1>#{prefix}-", svg)
    width = 100 * figure.get_figwidth()
    # The figure never grows beyond its own size, and scrolls below the size at which it is legible.
    size = f"max-width:{width:.0f}px;min-width:{min(width, 680):.0f}px"
    # matplotlib repeats the faces in each text, and writes rotations by no angle.
    family = re.search(r"font-family: [^;\"]*", svg)
    if family and svg.count(family[0]) == svg.count("font-family:"):
        svg, size = svg.replace(f"{family[0]}; ", ""), f"{size};{family[0]}"
    svg = re.sub(r' transform="rotate\(-?0 [^)]*\)"|(?<=\n) +', "", svg)
    return re.sub(r'<svg [^>]*?(viewBox="[^"]*")[^>]*>', rf'<svg style="{size}" \1>', svg, count=1)


def label(text: object, width: int = 16) -> str:
    """Return text on one line, printable, and cut to `width` characters.

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
        # A strip thinner than a block keeps its short side.
        return image[::step] if image.shape[0] > image.shape[1] else image[:, ::step]
    return kept.reshape(rows, step, columns, step, *image.shape[2:]).mean(axis=(1, 3))
