"""A page as data: sections and their parts. The templates in ``templates/`` turn it into one HTML file."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import TYPE_CHECKING, Any, NamedTuple

from freqnet.plot.style import to_svg

if TYPE_CHECKING:
    from jinja2 import Environment
    from matplotlib.figure import Figure


class Bar(NamedTuple):
    """A cell of a table with a bar beside its text, for a share from 0 to 1."""

    text: str
    share: float


@dataclass(frozen=True, eq=False)
class Picture:
    """A figure, and a description of it for readers who do not see it.

    Attributes
    ----------
    name : str
        Prefix of the ids in the SVG, which must not repeat in a page.
    drawn : matplotlib.figure.Figure
    alternative : str
    """

    name: str
    drawn: Figure
    alternative: str
    kind = "figure"

    @cached_property
    def svg(self) -> str:
        """The figure as an `svg` element."""
        return to_svg(self.drawn, self.name)


@dataclass(frozen=True)
class Table:
    """A table that scrolls where it is too wide.

    Attributes
    ----------
    columns : sequence of (str, bool)
        Header, and whether the column holds numbers (aligned right).
    rows : sequence of sequences of str or Bar
    has_total : bool
        Whether the last row is a total.
    is_tall : bool
        Whether a long table scrolls up and down as well.
    wraps : bool
        Whether long text in the last column is broken into lines.
    """

    columns: Sequence[tuple[str, bool]]
    rows: Sequence[Sequence[str | Bar]]
    has_total: bool = False
    is_tall: bool = False
    wraps: bool = False
    kind = "table"


class Block(NamedTuple):
    """Text: a ``"heading"``, ``"code"``, a ``"list"`` of lines, or ``"prose"`` (pieces of text and formulas)."""

    kind: str
    content: Any


@dataclass(frozen=True)
class Section:
    """A section of a page.

    Attributes
    ----------
    name : str
        The id that links point to.
    heading : str
    text : str
        A paragraph of explanation; may be empty.
    parts : tuple of Picture, Table or Block
    """

    name: str
    heading: str
    text: str = ""
    parts: tuple[Picture | Table | Block, ...] = ()


@dataclass(frozen=True)
class Page:
    """A whole page.

    Attributes
    ----------
    title, lead : str
        The heading, and the paragraph under it.
    tiles : sequence of (str, str)
        Name and value of each headline number.
    sections : sequence of Section
    has_links : bool
        Whether links to the sections follow the headline numbers.
    """

    title: str
    lead: str
    tiles: Sequence[tuple[str, str]]
    sections: Sequence[Section]
    has_links: bool = False


def render(page: Page) -> str:
    """Return a page as HTML that loads nothing and runs no script.

    >>> "<title>a &lt; b</title>" in render(Page("a < b", "", [], []))
    True
    """
    return templates().get_template("page.html").render(page=page)


def part_html(part: Any) -> str:
    """Return the HTML of one part of a page, such as a picture.

    >>> print(part_html(Block("heading", "a < b")))
    <h3>a &lt; b</h3>
    """
    return str(getattr(templates().get_template("parts.html").module, part.kind)(part))


@lru_cache(maxsize=1)
def templates() -> Environment:
    """Return the templates, which escape all text."""
    from jinja2 import Environment, PackageLoader, StrictUndefined

    loader = PackageLoader("freqnet.report")
    return Environment(loader=loader, autoescape=True, trim_blocks=True, lstrip_blocks=True, undefined=StrictUndefined)
