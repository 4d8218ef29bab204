"""Formulae as SVG, drawn by matplotlib: no scripts, no fonts to load."""

from __future__ import annotations

import re
from functools import lru_cache
from html import escape
from typing import Any

# Units of the drawing for one em of text, and how much larger a serif face must be to look as large.
EM, INLINE, DISPLAY = 100.0, 1.12, 1.25

# A sum with its limits, which matplotlib sets too close to what it sums.
_SUM = re.compile(r"(\\sum(?:_(?:\{[^}]*\}|\w))?(?:\^(?:\{[^}]*\}|\w))?)")


@lru_cache(maxsize=1000)
def formula(tex: str, scale: float = INLINE) -> str:
    """Return a formula as an ``svg`` element that sits on the line of the text around it.

    Parameters
    ----------
    tex : str
        As matplotlib's mathtext knows it, without dollar signs.
    scale : float
        Size, in ems of the text around it.

    Raises
    ------
    ValueError
        Mathtext cannot draw it.

    Examples
    --------
    >>> formula("x^2")[:42]
    '<svg class="formula" role="img" aria-label'
    """
    from matplotlib.font_manager import FontProperties
    from matplotlib.textpath import TextPath

    line = _SUM.sub(r"\\,\1\\,", " ".join(tex.split()))
    drawn = TextPath((0, 0), f"${line}$", size=EM, prop=FontProperties(math_fontfamily="stix"))
    box = drawn.get_extents()
    left, top, width, height = box.x0 - 4, -box.y1 - 4, box.width + 8, box.height + 8
    style = f"width:{width / EM * scale:.3f}em;height:{height / EM * scale:.3f}em"
    style += f";vertical-align:{(box.y0 - 4) / EM * scale:.3f}em"
    view = f"{left:.0f} {top:.0f} {width:.0f} {height:.0f}"
    shape = f'<path fill="currentColor" d="{_outline(drawn)}"/>'
    label = escape(tex, quote=True)
    return f'<svg class="formula" role="img" aria-label="{label}" viewBox="{view}" style="{style}">{shape}</svg>'


def _outline(drawn: Any) -> str:
    """Return the path of drawn text, in SVG's words."""
    from matplotlib.path import Path

    letters = {Path.MOVETO: "M", Path.LINETO: "L", Path.CURVE3: "Q", Path.CURVE4: "C", Path.CLOSEPOLY: "Z"}
    parts = []
    for points, code in drawn.iter_segments(curves=True, simplify=False):
        # In SVG, y grows downwards.
        numbers = [f"{value * (1, -1)[i % 2]:.0f}" for i, value in enumerate(points)]
        parts.append(letters[code] + ("" if code == Path.CLOSEPOLY else ",".join(numbers)))
    return "".join(parts)


def text_with_formulas(text: str) -> str:
    """Return text in which ``$...$`` is TeX as HTML; what mathtext cannot draw is shown as it is.

    >>> text_with_formulas("a < b")
    'a &lt; b'
    """
    return "".join(_drawn(part) if index % 2 else escape(part) for index, part in enumerate(text.split("$")))


def _drawn(tex: str) -> str:
    try:
        return formula(tex)
    except ValueError:
        return f"<code>{escape(tex)}</code>"
