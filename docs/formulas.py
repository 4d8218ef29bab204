"""Sphinx extension that draws formulas as SVG when the pages are built."""

from __future__ import annotations

from html import escape
from typing import Any

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.util import logging

from freqnet.report.formulas import DISPLAY, INLINE, formula


def _draw(tex: str, scale: float, node: nodes.Node) -> str:
    try:
        return formula(tex, scale)
    except ValueError as error:
        reason = " ".join(str(error).split())
        logging.getLogger(__name__).warning("matplotlib cannot draw this formula: %s", reason, location=node)
        return escape(tex)


def inline(self: Any, node: nodes.math) -> None:
    """Write an inline formula."""
    self.body.append(_draw(node.astext(), INLINE, node))
    raise nodes.SkipNode


def display(self: Any, node: nodes.math_block) -> None:
    """Write a displayed formula, one line for each of its lines."""
    lines = node.astext().replace(r"\frac", r"\dfrac").split(r"\\")
    drawn = "".join(f"<div>{_draw(line, DISPLAY, node)}</div>" for line in lines)
    self.body.append(f'<div class="formulae">{drawn}</div>')
    raise nodes.SkipNode


def setup(app: Sphinx) -> dict[str, bool]:
    """Register the renderer under the name "svg"."""
    app.add_html_math_renderer("svg", (inline, None), (display, None))
    return {"parallel_read_safe": True, "parallel_write_safe": True}
