"""Reports of a claim and its evidence, as text for a terminal and as an HTML page."""

from __future__ import annotations

import re
import textwrap
from typing import Any

from freqnet.report.formulas import text_and_formulas
from freqnet.report.page import Block, Page, Picture, Section, Table, render

from . import registry
from .checks import Bound
from .claim import Claim
from .evaluate import Finding
from .papers import PAPERS
from .pictures import PICTURES
from .runner import Evidence
from .unicode import in_unicode

#: Meaning of each verdict.
VERDICTS = {
    "holds": "it holds as stated",
    "conditional": "it holds under hypotheses that the source omits or understates",
    "refuted": "it is false as stated",
}
_FORMULA = {
    "seen": "formula as in the source",
    "reconstructed": "formula reconstructed from the source's prose",
    "none": "stated in words",
}


def parts(claim: Claim) -> list[tuple[str, str]]:
    """Return the headings and texts of a claim, without empty ones."""
    claimed = [f"{PAPERS[s.paper].label}: {s} ({_FORMULA[s.formula]})" for s in claim.sources if s.role == "claims"]
    defined = [f"{PAPERS[s.paper].label}: {s}" for s in claim.sources if s.role == "defines"]
    every = [
        ("Claimed in", "; ".join(claimed) if claimed or defined else "none of the papers treated here"),
        ("About the operation of", "; ".join(defined)),
        ("Claim", claim.statement),
        ("Recorded verdict", verdict_in_words(claim)),
        ("Hypotheses", claim.hypotheses),
        ("What is true", claim.corrected),
        ("Proof", claim.proof),
        ("Complete proof", proof_link(claim) if claim.proof_page else ""),
    ]
    return [(heading, _with_labels(text)) for heading, text in every if text]


def verdict_in_words(claim: Claim) -> str:
    """Return the verdict of a claim and what it means."""
    if claim.as_read:
        return "refuted, as we read it: the formula of the source was not available to us"
    if claim.verdict == "conditional" and not any(source.role == "claims" for source in claim.sources):
        return "conditional: it holds under the hypotheses below"
    return f"{claim.verdict}: {VERDICTS[claim.verdict]}"


def proof_link(claim: Claim) -> str:
    """Return the place of the proof, relative to the root of the documentation or as a whole address.

    A claim of a user without such an address has none.

    >>> from freqnet.theory import find
    >>> proof_link(find("real-nodes-conditioning")), proof_link(find("relu-is-linear"))
    ('theory/proofs_real.html#condition-numbers', 'theory/going_deeper.html#claim-relu-is-linear')
    """
    page, _, section = claim.proof_page.partition("#")
    if page.startswith(("https://", "http://")):
        return claim.proof_page
    if page:
        return f"theory/{page}.html#{section}"
    if registry.is_added(claim):
        return ""
    return f"theory/{PAPERS[claim.sources[0].paper].page if claim.sources else 'own'}.html#claim-{claim.id}"


def as_dict(claim: Claim) -> dict[str, Any]:
    """Return the texts of a claim as plain data for JSON, with formulas in TeX between dollar signs."""
    return {
        "id": claim.id,
        "former_ids": list(claim.aliases),
        "title": claim.title,
        "sources": [{"paper": s.paper, "where": str(s), "formula": s.formula, "role": s.role} for s in claim.sources],
        "statement": claim.statement,
        "verdict": claim.verdict,
        "as_read": claim.as_read,
        "hypotheses": claim.hypotheses,
        "correction": claim.corrected,
        "proof": claim.proof,
        "proof_link": proof_link(claim),
    }


def _with_labels(text: str) -> str:
    """Replace the keys of sources by their labels."""
    for paper in PAPERS.values():
        text = re.sub(rf"\b{paper.key}\b", paper.label, text) if paper.key != "keras" else text
    return text


def outcome(found: Finding, digits: int) -> str:
    """Return the finding of a check as a short phrase."""
    if not found.passed:
        return f"NOT AS RECORDED{f', at {found.place}' if found.place else ''}: {found.message}"
    words = {
        "identity": "" if found.digits is None else f"agree to {min(found.digits, digits):.1f} digits or more",
        "contradiction": "" if found.gap is None else f"differ by {100 * found.gap:.3g} % or more",
        "bound": f"it is {found.message}{f' at {found.place}' if found.place else ''}{_distance(found.gap)}",
    }[found.kind]
    radius = radius_in_words(found.radius)
    ball = "exact balls" if radius == "exact" else radius and f"balls of relative radius {radius}"
    return ", ".join(filter(None, ("in double precision" if found.engine else "", words, ball)))


def _distance(gap: float | None) -> str:
    """Return how far a quantity is from its bounds, where it comes nearest."""
    if gap is None:
        return ""
    percent = f"{100 * gap:.0f}" if gap > 0.1 else f"{100 * gap:.2g}"
    return f", {percent} % from its nearest bound" if gap else ", equal to its bound"


def radius_in_words(radius: float | None) -> str:
    """Return the radius of a ball from its log10: "1e-49", "exact", or an empty string without a ball.

    >>> radius_in_words(-48.6), radius_in_words(-float("inf")), radius_in_words(None)
    ('1e-49', 'exact', '')
    """
    if radius is None:
        return ""
    return "exact" if radius == -float("inf") else f"1e{radius:.0f}"


def claim_text(evidence: Evidence) -> str:
    """Return a claim and its evidence as text, with formulas in Unicode."""
    lines = [f"{evidence.claim.id}: {in_unicode(evidence.claim.title)}", ""]
    for heading, text in parts(evidence.claim):
        body = textwrap.wrap(
            in_unicode(text), 100, initial_indent="    ", subsequent_indent="    ", break_long_words=False
        )
        lines += [heading, *body]
    lines.append(f"Evidence, at {evidence.digits_asked} digits")
    for check, found in zip(evidence.claim.checks, evidence.findings, strict=True):
        lines.append(f"    {'ok   ' if found.passed else 'WRONG'} {in_unicode(check.name)}")
        lines.append(f"          {outcome(found, evidence.digits_asked)}")
        if check.not_enclosed:
            lines.append(f"          not in balls: {check.not_enclosed}")
        if isinstance(check, Bound) and check.loose:
            lines.append(f"          not sharp here: {check.loose}")
    return "\n".join(lines)


def claim_page(evidence: Evidence) -> str:
    """Return a claim and its evidence as a self-contained HTML page."""
    claim = evidence.claim
    sections = [
        Section(heading.lower().replace(" ", "-"), heading, parts=(Block("prose", text_and_formulas(text)),))
        for heading, text in parts(claim)
    ]
    if claim.picture:
        caption, draw = PICTURES[claim.picture]
        sections.append(Section("picture", "Picture", caption, (Picture("picture", draw(), caption),)))
    sections.append(Section("evidence", "Evidence", parts=(_checks(evidence),)))
    return render(Page(claim.title, claim.id, _tiles(evidence), sections))


def _tiles(evidence: Evidence) -> list[tuple[str, str]]:
    entries = [
        ("recorded verdict", evidence.claim.verdict + (", as we read it" if evidence.claim.as_read else "")),
        ("came out as recorded", "yes" if evidence.as_recorded else "NO"),
    ]
    if evidence.digits is not None:
        entries.append((f"digits of {evidence.digits_asked}", f"{evidence.digits:.1f}"))
    if evidence.radius is not None:
        entries.append(("relative radius", radius_in_words(evidence.radius)))
    return entries


def _checks(evidence: Evidence) -> Table:
    rows = [
        (check.name, outcome(found, evidence.digits_asked), found.place, f"{found.seconds:.2f} s")
        for check, found in zip(evidence.claim.checks, evidence.findings, strict=True)
    ]
    return Table([("check", False), ("found", False), ("worst point", False), ("time", True)], rows)


def places(claim: Claim) -> str:
    """Return the places where a claim is made, as short text."""
    papers = dict.fromkeys(source.paper for source in claim.sources)
    return "; ".join(f"{PAPERS[paper].label}: {claim.where(paper)}".removesuffix(": ") for paper in papers) or "our own"
