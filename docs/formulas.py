"""Sphinx extension that writes formulas as MathML, which browsers draw and screen readers read, without a script."""

from __future__ import annotations

from functools import cache
from html import escape
from typing import Any

from docutils import nodes
from math_core import LatexError, LatexToMathML
from sphinx.application import Sphinx
from sphinx.util import logging

# Fraktur letters are the default of TeX for real and imaginary parts.
MACROS = {"Re": r"\operatorname{Re}", "Im": r"\operatorname{Im}"}


@cache
def _converter() -> LatexToMathML:
    return LatexToMathML(macros=MACROS, fancy_error=False)


def _written(tex: str, node: nodes.Node, is_display: bool) -> str:
    try:
        return _converter().convert_with_local_state(tex, displaystyle=is_display)
    except LatexError as error:
        reason = " ".join(str(error).split())
        logging.getLogger(__name__).warning("math-core cannot read this formula: %s", reason, location=node)
        return escape(tex)


def inline(self: Any, node: nodes.math) -> None:
    """Write an inline formula."""
    self.body.append(_written(node.astext(), node, is_display=False))
    raise nodes.SkipNode


def display(self: Any, node: nodes.math_block) -> None:
    """Write a displayed formula, one element for each of its lines."""
    lines = node.astext().split(r"\\")
    written = "".join(f"<div>{_written(line, node, is_display=True)}</div>" for line in lines)
    self.body.append(f'<div class="formulae">{written}</div>')
    raise nodes.SkipNode


def setup(app: Sphinx) -> dict[str, bool]:
    """Register the renderer under the name "mathml"."""
    app.add_html_math_renderer("mathml", (inline, None), (display, None))
    return {"parallel_read_safe": True, "parallel_write_safe": True}
