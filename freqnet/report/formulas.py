"""Formulas as SVG, drawn by matplotlib: reports need no further package, no scripts and no fonts."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

# Units of the drawing per em, and the size of a formula in ems of the text around it: a serif face must be larger to
# look as large.
EM, SCALE = 100.0, 1.12

# A sum with its limits: matplotlib sets it too close to its summand.
_SUM = re.compile(r"(\\sum(?:_(?:\{[^}]*\}|\w))?(?:\^(?:\{[^}]*\}|\w))?)")


@dataclass(frozen=True)
class Formula:
    """A formula as the path of its outline; without an outline it is shown as TeX.

    Attributes
    ----------
    tex : str
    outline, view : str
        The SVG path, and the box that it fills.
    style : str
        CSS that sets the size and the place relative to the line of text around the formula.
    """

    tex: str
    outline: str = ""
    view: str = ""
    style: str = ""
    kind = "formula"


@lru_cache(maxsize=1000)
def draw(tex: str) -> Formula:
    """Draw a formula.

    Parameters
    ----------
    tex : str
        TeX that matplotlib's mathtext knows, without dollar signs.

    Raises
    ------
    ValueError
        Mathtext cannot draw it.

    Examples
    --------
    >>> draw("x^2").outline[0], draw("x^2").style[:6]
    ('M', 'width:')
    """
    from matplotlib.font_manager import FontProperties
    from matplotlib.textpath import TextPath

    line = _SUM.sub(r"\\,\1\\,", " ".join(tex.split()))
    drawn = TextPath((0, 0), f"${line}$", size=EM, prop=FontProperties(math_fontfamily="stix"))
    box = drawn.get_extents()
    left, top, width, height = box.x0 - 4, -box.y1 - 4, box.width + 8, box.height + 8
    style = f"width:{width / EM * SCALE:.3f}em;height:{height / EM * SCALE:.3f}em"
    style += f";vertical-align:{(box.y0 - 4) / EM * SCALE:.3f}em"
    return Formula(tex, _outline(drawn), f"{left:.0f} {top:.0f} {width:.0f} {height:.0f}", style)


def _outline(drawn: Any) -> str:
    """Return the path of drawn text, as an SVG path of relative steps, which is half as long as one of places."""
    from matplotlib.path import Path

    letters = {Path.LINETO: "l", Path.CURVE3: "q", Path.CURVE4: "c"}
    text, last, at = [], "", (0, 0)
    for points, code in drawn.iter_segments(curves=True, simplify=False):
        if code == Path.CLOSEPOLY:
            text.append("z")
            last = "z"
            continue
        # In SVG, y grows downwards. Differences of rounded places do not add up their errors.
        places = [(round(float(x)), round(-float(y))) for x, y in zip(points[::2], points[1::2], strict=True)]
        if code == Path.MOVETO:
            letter, numbers = "M", list(places[0])
        else:
            letter, numbers = letters[code], [n for x, y in places for n in (x - at[0], y - at[1])]
            if letter == "l" and 0 in numbers:
                letter, numbers = ("v", numbers[1:]) if numbers[0] == 0 else ("h", numbers[:1])
        text.append((letter if letter != last else " ") + ",".join(map(str, numbers)).replace(",-", "-"))
        last, at = letter, places[-1]
    return "".join(text).replace(" -", "-")


def text_and_formulas(text: str) -> list[str | Formula]:
    """Return text in which ``$...$`` is TeX as its pieces; mathtext may be unable to draw a formula.

    >>> text_and_formulas("a < b")
    ['a < b']
    """
    return [_drawn(piece) if index % 2 else piece for index, piece in enumerate(text.split("$"))]


def _drawn(tex: str) -> Formula:
    try:
        return draw(tex)
    except ValueError:
        return Formula(tex)
