"""Sphinx extension that writes the claims of the theory as sections, tables and pictures."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from docutils import nodes
from freqnet.theory import PAPERS, Claim, catalogue
from freqnet.theory.pages import parts, places
from freqnet.theory.pictures import PICTURES
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective

from freqnet.report.page import Picture as PagePicture
from freqnet.report.page import part_html

# `freqnet verify --rigorous --json` writes it.
EVIDENCE = Path(__file__).parent / "theory" / "evidence.json"
# The page that lists the claims of each source.
PAGES = {key: paper.page for key, paper in PAPERS.items()} | {"own": "own"}
BADGES = {"holds": "success", "conditional": "warning", "refuted": "danger"}


def reference(name: str) -> str:
    """Return a link to the claim with this id."""
    return f":ref:`{name} <claim-{name}>`"


@cache
def references() -> set[str]:
    """Return the keys of the list of references, such as Talbot1979."""
    return set(
        re.findall(r"^\.\. \[(\w+)\]", (Path(__file__).parent / "references.rst").read_text("utf-8"), re.MULTILINE)
    )


def cited(text: str) -> str:
    """Turn "Talbot (1979)", "Talbot 1979" and "Lavin and Gray (2016)" into links to the references."""

    def link(found: re.Match[str]) -> str:
        key = found["name"] + (found["alone"] or found["enclosed"])
        return f"[{key}]_" if key in references() else found[0]

    name = r"\b(?P<name>[A-Z][a-z]+)(?: and [A-Z][a-z]+)?"
    return re.sub(rf"{name} (?:(?P<alone>\d{{4}})\b|\((?P<enclosed>\d{{4}})\))", link, text)


def marked_up(text: str) -> str:
    """Return the text of a claim as reStructuredText, with formulas, and with links to other claims and references."""
    names = {claim.id for claim in catalogue()}
    pieces = text.split("$")
    for index, piece in enumerate(pieces):
        if index % 2:
            pieces[index] = rf":math:`{piece}`\ "
        else:
            plain = cited(re.sub(r"([*`|_])", r"\\\1", piece))
            linked = re.sub(r"[a-z0-9]+(?:-[a-z0-9]+)+", lambda m: reference(m[0]) if m[0] in names else m[0], plain)
            # Text next to a formula must be separated from the role.
            pieces[index] = (r"\ " if index and piece[:1] not in ("", " ") else "") + linked
            if index + 1 < len(pieces) and piece and not piece.endswith(" "):
                pieces[index] += r"\ "
    return "".join(pieces).replace(r"`\ \ ", r"`\ ")


@cache
def evidence() -> dict[str, dict]:
    """Return the recorded evidence by claim id."""
    found = json.loads(EVIDENCE.read_text(encoding="utf-8"))
    return {claim["id"]: claim for claim in found["claims"]}


def checks_of(claim: Claim) -> Iterator[str]:
    """Yield the lines of the table of checks of a claim."""
    yield from ("", ".. list-table::", "   :widths: 45 30 25", "   :header-rows: 1", "")
    yield from ("   * - Check", "     - In digits (of 50)", "     - In balls")
    for check, found in zip(claim.checks, evidence()[claim.id]["checks"], strict=True):
        radius = found["radius_log10"]
        enclosed = "exact" if radius == -9999 else f"radius :math:`10^{{{radius:.0f}}}`" if radius is not None else "—"
        yield f"   * - {marked_up(check.name)}"
        yield f"     - {_seen(found)}"
        yield f"     - {enclosed}"
        if check.not_enclosed:
            yield f"       ({marked_up(check.not_enclosed)})"


def _seen(found: dict) -> str:
    if found["kind"] == "identity":
        words = f"agree to {min(found['digits'], 50):.1f} digits"
        return f"{words}, in double precision" if found["engine"] else words
    if found["kind"] == "contradiction":
        return f"differ by {100 * found['gap']:.3g} %"
    return f"it is {found['message']}"


def lines_of(claim: Claim, with_picture: bool) -> Iterator[str]:
    """Yield the lines of the section of a claim."""
    heading = claim.title.replace("$", "")
    yield ""
    yield from (f".. _claim-{name}:" for name in (*claim.aliases, claim.id))
    yield from ("", heading, "^" * len(heading), "")
    verdict = f"{claim.verdict}, as we read it" if claim.as_read else claim.verdict
    former = f" (formerly {', '.join(f'``{name}``' for name in claim.aliases)})" if claim.aliases else ""
    yield f":bdg-{BADGES[claim.verdict]}:`{verdict}` ``{claim.id}``{former}"
    for name, text in parts(claim):
        if name != "Recorded verdict" and (claim.sources or name != "Claimed in"):
            # All pages of claims and proofs are in one folder.
            place = (
                f"`in a section of its own <{text.removeprefix('theory/')}>`__"
                if name == "Complete proof"
                else marked_up(text)
            )
            yield from ("", f"**{name}.** {place}")
    if with_picture:
        yield from ("", f".. claim-picture:: {claim.picture}")
    yield from checks_of(claim)


class Claims(SphinxDirective):
    """``.. claims:: PAPER``: list the claims that this paper makes first, and link its other claims."""

    required_arguments = 1

    def run(self) -> list[nodes.Node]:
        self.env.note_dependency(str(EVIDENCE))
        key = self.arguments[0]
        here = catalogue(key)
        first = [c for c in here if not c.sources or c.sources[0].paper == key]
        lines = [marked_up(PAPERS[key].note)] if key in PAPERS else []
        drawn = {claim.picture: claim for claim in reversed(first) if claim.picture}
        lines += [line for claim in first for line in lines_of(claim, drawn.get(claim.picture) is claim)]
        others = [c for c in here if c not in first]
        if others:
            lines += ["", "Claims shared with other sources", "^" * 32, ""]
            lines += [f"- {reference(c.id)} ({c.where(key) or 'in words'}): {marked_up(c.title)}" for c in others]
        return self.parse_text_to_nodes("\n".join(lines), allow_section_headings=True)


class Summary(SphinxDirective):
    """``.. claim-summary::``: count the claims of each paper by verdict."""

    def run(self) -> list[nodes.Node]:
        rows = ["", ".. list-table::", "   :header-rows: 1", ""]
        rows += ["   * - Claims of", "     - hold", "     - conditional", "     - refuted"]
        for key, page in PAGES.items():
            counts = Counter(claim.verdict for claim in catalogue(key))
            label = PAPERS[key].title if key in PAPERS else "Our own"
            rows += [f"   * - :doc:`{label} </theory/{page}>`"]
            rows += [f"     - {counts[verdict] or ''}" for verdict in BADGES]
        return self.parse_text_to_nodes("\n".join(rows))


class Mapping(SphinxDirective):
    """``.. claim-mapping:: PAPER``: list the claims for each numbered item of a paper."""

    required_arguments = 1

    def run(self) -> list[nodes.Node]:
        paper = PAPERS[self.arguments[0]]
        rows = ["", ".. list-table::", "   :widths: 20 80", "   :header-rows: 1", "", "   * - Item", "     - Claims"]
        for item in paper.numbered():
            found = [c for c in catalogue(paper.key) if any(s.covers(paper.key, item) for s in c.sources)]
            rows += [f"   * - {item}", f"     - {', '.join(reference(c.id) for c in found)}"]
        return self.parse_text_to_nodes("\n".join(rows))


class Index(SphinxDirective):
    """``.. claim-index::``: list all claims, one per row."""

    def run(self) -> list[nodes.Node]:
        rows = ["", ".. list-table::", "   :widths: 30 12 58", "   :header-rows: 1", ""]
        rows += ["   * - Claim", "     - Verdict", "     - Title, and where it is claimed"]
        for claim in catalogue():
            rows += [f"   * - {reference(claim.id)}", f"     - :bdg-{BADGES[claim.verdict]}:`{claim.verdict}`"]
            rows += [f"     - {marked_up(claim.title)} ({marked_up(places(claim))})"]
        return self.parse_text_to_nodes("\n".join(rows))


class Picture(SphinxDirective):
    """``.. claim-picture:: NAME``: draw a picture of the theory, with its caption."""

    required_arguments = 1

    def run(self) -> list[nodes.Node]:
        name = self.arguments[0]
        caption, draw = PICTURES[name]
        svg = part_html(PagePicture(f"{name}-{self.env.new_serialno('picture')}", draw(), caption))
        return [nodes.raw("", svg, format="html"), *self.parse_text_to_nodes(f"*{caption}*")]


def link_claims(app: Sphinx, name: str, source: list[str]) -> None:
    """Turn claim ids in double backquotes on a page of the theory into links."""
    if name.startswith("theory/"):
        names = {claim.id for claim in catalogue()}
        source[0] = re.sub(r"``([a-z0-9-]+)``", lambda m: reference(m[1]) if m[1] in names else m[0], source[0])


def setup(app: Sphinx) -> dict[str, bool]:
    """Register the directives."""
    for name, directive in (
        ("claims", Claims),
        ("claim-summary", Summary),
        ("claim-mapping", Mapping),
        ("claim-index", Index),
        ("claim-picture", Picture),
    ):
        app.add_directive(name, directive)
    app.connect("source-read", link_claims)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
