"""A Sphinx extension: formulae as SVG, drawn by matplotlib when the pages are built. No scripts, no fonts to load."""

from __future__ import annotations

import re
from functools import lru_cache
from html import escape
from typing import Any

from docutils import nodes
from matplotlib.font_manager import FontProperties
from matplotlib.path import Path
from matplotlib.textpath import TextPath
from sphinx.application import Sphinx
from sphinx.util import logging

# Units of the drawing for one em of text, and how much larger a serif face must be to look as large.
EM, INLINE, DISPLAY = 100.0, 1.12, 1.25
_COMMANDS = {Path.MOVETO: "M", Path.LINETO: "L", Path.CURVE3: "Q", Path.CURVE4: "C", Path.CLOSEPOLY: "Z"}

# A sum with its limits, which matplotlib sets too close to what it sums.
_SUM = re.compile(r"(\\sum(?:_(?:\{[^}]*\}|\w))?(?:\^(?:\{[^}]*\}|\w))?)")


@lru_cache(maxsize=1000)
def svg(tex: str, scale: float) -> str:
    """Return a formula as an `svg` element that sits on the line of the text around it."""
    drawn = TextPath((0, 0), f"${tex}$", size=EM, prop=FontProperties(math_fontfamily="stix"))
    box = drawn.get_extents()
    parts = []
    for points, code in drawn.iter_segments(curves=True, simplify=False):
        numbers = "" if code == Path.CLOSEPOLY else ",".join(f"{v:.0f}" for v in points * _flipped(points))
        parts.append(f"{_COMMANDS[code]}{numbers}")
    left, top, width, height = box.x0 - 4, -box.y1 - 4, box.width + 8, box.height + 8
    style = f"width:{width / EM * scale:.3f}em;height:{height / EM * scale:.3f}em"
    style += f";vertical-align:{(box.y0 - 4) / EM * scale:.3f}em"
    view = f"{left:.0f} {top:.0f} {width:.0f} {height:.0f}"
    label = escape(tex, quote=True)
    shape = f'<path fill="currentColor" d="{"".join(parts)}"/>'
    return f'<svg class="formula" role="img" aria-label="{label}" viewBox="{view}" style="{style}">{shape}</svg>'


def _flipped(points: Any) -> Any:
    # In SVG, y grows downwards.
    return [(1, -1)[i % 2] for i in range(len(points))]


def _draw(tex: str, scale: float, node: nodes.Node) -> str:
    line = _SUM.sub(r"\\,\1\\,", " ".join(tex.split()))
    try:
        return svg(line, scale)
    except ValueError as error:
        reason = " ".join(str(error).split())
        logging.getLogger(__name__).warning("a formula that matplotlib cannot draw: %s", reason, location=node)
        return escape(line)


def inline(self: Any, node: nodes.math) -> None:
    """Write a formula within a line."""
    self.body.append(_draw(node.astext(), INLINE, node))
    raise nodes.SkipNode


def display(self: Any, node: nodes.math_block) -> None:
    """Write a formula on lines of its own: one after each line break in it."""
    lines = node.astext().replace(r"\frac", r"\dfrac").split(r"\\")
    drawn = "".join(f"<div>{_draw(line, DISPLAY, node)}</div>" for line in lines)
    self.body.append(f'<div class="formulae">{drawn}</div>')
    raise nodes.SkipNode


def setup(app: Sphinx) -> dict[str, bool]:
    """Register the renderer under the name "svg"."""
    app.add_html_math_renderer("svg", (inline, None), (display, None))
    return {"parallel_read_safe": True, "parallel_write_safe": True}
