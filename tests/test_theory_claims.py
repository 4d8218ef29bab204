# ruff: noqa: RUF001 (formulas in Unicode)
"""Every claim of the theory has its recorded verdict, and every numbered item of the papers has a claim."""

from __future__ import annotations

import json
import re
from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest
import theory_mutants as mutants
from freqnet.theory import PAPERS, Balls, Claim, Contradiction, Identity, Source, catalogue, find, search, verify
from freqnet.theory.evaluate import Finding
from freqnet.theory.pages import claim_page, claim_text, outcome, parts, proof_link, verdict_in_words
from freqnet.theory.pictures import PICTURES
from freqnet.theory.unicode import in_unicode
from matplotlib.mathtext import MathTextParser
from thinning import one_in

from freqnet.errors import ConfigurationError

CLAIMS = catalogue()
IDS = [claim.id for claim in CLAIMS]
# At least one check of these can be enclosed in balls.
ABLE = [claim for claim in CLAIMS if not all(check.not_enclosed for check in claim.checks)]


# Slow, since `freqnet verify` does the same with more digits; the default tests have another seed.
@pytest.mark.slow
@pytest.mark.parametrize("claim", CLAIMS, ids=IDS)
def test_a_claim_comes_out_as_recorded(claim: Claim) -> None:
    [evidence] = verify([claim], digits=30, rigorous=False)
    assert evidence.as_recorded, evidence.complaint
    if evidence.digits is not None:
        assert evidence.digits >= 25


# The others are run with another seed in balls.
@pytest.mark.parametrize("claim", [claim for claim in CLAIMS if claim not in ABLE], ids=lambda claim: claim.id)
def test_a_claim_comes_out_as_recorded_with_another_seed_and_few_digits(claim: Claim) -> None:
    [evidence] = verify([claim], digits=15, seed=1)
    assert evidence.as_recorded, evidence.complaint


@pytest.mark.parametrize("claim", one_in(3, filter(mutants.analytic, CLAIMS)), ids=lambda claim: claim.id)
def test_every_one_character_error_is_noticed(claim: Claim) -> None:
    assert [line for check in mutants.analytic(claim) for line in mutants.survivors(check)] == []


def test_errors_of_every_kind_are_tried() -> None:
    tried = [name for claim in CLAIMS for check in mutants.analytic(claim) for name, _ in mutants.broken(check.closed)]
    for kind in ("the other sign", "no sign", "1 more", "arguments swapped", "a factor 2"):
        assert sum(name.endswith(kind) for name in tried) > 50, kind


def test_every_subject_is_read() -> None:
    from freqnet.theory.claims import SUBJECTS

    folder = Path(__file__).parents[1] / "theory" / "claims"
    assert sorted(SUBJECTS) == sorted(path.stem for path in folder.glob("[a-z]*.py"))


# -- numbered items of papers --------------------------------------------------------------------------
def missing(key: str, sources: list[Source]) -> list[str]:
    """Return the numbered items of a paper that no claim covers."""
    return [item for item in PAPERS[key].numbered() if not any(source.covers(key, item) for source in sources)]


ALL_SOURCES = [source for claim in CLAIMS for source in claim.sources]


@pytest.mark.parametrize("key", PAPERS)
def test_everything_numbered_has_a_claim(key: str) -> None:
    assert missing(key, ALL_SOURCES) == []


def test_what_is_numbered_is_all_there() -> None:
    assert len(PAPERS["zhu2021"].numbered()) == 63 + 9 + 4
    assert PAPERS["rippel2015"].numbered()[2:] == [f"Equation {n}" for n in range(1, 5)]


def test_a_missing_item_is_found() -> None:
    without = [source for source in ALL_SOURCES if "Theorem 3.3" not in source.where]
    assert "Theorem 3.3" in missing("zhu2021", without)
    assert "Equation 13" in missing("zhu2021", without)


def test_sources_name_papers_and_equations_there_are() -> None:
    for source in ALL_SOURCES:
        assert source.paper in PAPERS
        assert max(source.equation_numbers(), default=0) <= PAPERS[source.paper].equations
        for item in re.findall(r"(?:Theorem|Definition|Algorithm) \S+", source.where):
            assert item.rstrip(";") in PAPERS[source.paper].items


# -- descriptions of claims----------------------------------------------------------------------------
@pytest.mark.parametrize("claim", one_in(3, CLAIMS), ids=IDS)
def test_formulas_can_be_drawn(claim: Claim) -> None:
    for _, text in parts(claim):
        pieces = text.split("$")
        assert len(pieces) % 2 == 1, text
        for formula in pieces[1::2]:
            MathTextParser("path").parse(f"${formula}$")


def test_pictures_are_those_there_are() -> None:
    assert {claim.picture for claim in CLAIMS} - {""} == set(PICTURES)


@pytest.mark.parametrize("name", PICTURES)
def test_a_picture_can_be_drawn(name: str) -> None:
    _, draw = PICTURES[name]
    assert len(draw().axes) >= 2


def test_claims_named_in_a_text_are_there() -> None:
    named = [re.findall(r"[Ss]ee ([a-z0-9]+(?:-[a-z0-9]+)+)", text) for claim in CLAIMS for _, text in parts(claim)]
    words = [word for found in named for word in found]
    assert len(words) > 5
    assert set(words) - set(IDS) == set()


def test_what_cannot_be_enclosed_says_why() -> None:
    for claim in CLAIMS:
        for check in claim.checks:
            if getattr(check, "engine", False):
                assert check.not_enclosed
            assert check.not_enclosed == "" or len(check.not_enclosed) > 15


def test_a_claim_reads_as_text_and_as_a_page() -> None:
    claim = next(c for c in CLAIMS if c.picture)
    [evidence] = verify([claim], digits=15)
    text, page = claim_text(evidence), claim_page(evidence)
    assert claim.title in text
    assert "Evidence, at 15 digits" in text
    assert page.count("<svg") > 3
    assert "<script" not in page


def test_only_a_source_is_said_to_omit_hypotheses() -> None:
    of_a_source = {any(s.role == "claims" for s in c.sources): c for c in CLAIMS if c.verdict == "conditional"}
    assert verdict_in_words(of_a_source[True]).endswith("the source omits or understates")
    assert verdict_in_words(of_a_source[False]) == "conditional: it holds under the hypotheses below"


def test_the_value_of_a_bounded_quantity_names_its_point() -> None:
    found = Finding(check="x", kind="bound", message="0.3", worst={"K": 2, "r": "0.5"})
    assert outcome(found, 50) == "it is 0.3 at K = 2, r = 0.5"
    assert outcome(replace(found, worst=None), 50) == "it is 0.3"


# -- in balls ------------------------------------------------------------------------------------------
@pytest.mark.parametrize("claim", one_in(4, ABLE), ids=lambda claim: claim.id)
def test_a_claim_is_enclosed_with_another_seed(claim: Claim) -> None:
    pytest.importorskip("flint")
    assert Balls.rigorous
    # The command screens more points.
    checks = tuple(replace(check, screened=min(check.screened, 30)) for check in claim.checks)
    [evidence] = verify([replace(claim, checks=checks)], digits=30, seed=1, rigorous=True)
    assert evidence.as_recorded, evidence.complaint
    assert evidence.enclosed
    assert evidence.radius is not None
    assert evidence.radius <= -20


def test_many_claims_are_enclosed() -> None:
    assert len(ABLE) >= 30


def test_every_refuted_claim_is_contradicted() -> None:
    refuted = [claim for claim in CLAIMS if claim.verdict == "refuted"]
    assert len(refuted) > 7
    for claim in refuted:
        kinds = {type(check) for check in claim.checks}
        assert Contradiction in kinds
        assert kinds != {Contradiction}


def test_closed_forms_have_names() -> None:
    for claim in CLAIMS:
        for check in claim.checks:
            if isinstance(check, Identity):
                assert check.closed.__name__.isidentifier(), f"{claim.id}: {check.name}"


def test_the_recorded_evidence_is_of_these_claims() -> None:
    file = Path(__file__).parents[1] / "docs" / "theory" / "evidence.json"
    recorded = json.loads(file.read_text(encoding="utf-8"))
    found = {claim["id"]: [check["check"] for check in claim["checks"]] for claim in recorded["claims"]}
    assert found == {claim.id: [check.name for check in claim.checks] for claim in CLAIMS}
    assert recorded["as_recorded"]
    assert recorded["digits"] == 50
    assert recorded["rigorous"]


# -- who says what ---------------------------------------------------------------------------------------
def test_titles_are_different() -> None:
    titles = Counter(claim.title.lower() for claim in CLAIMS)
    assert [title for title, count in titles.items() if count > 1] == []


def test_what_is_refuted_is_said_by_a_source() -> None:
    for claim in CLAIMS:
        if claim.verdict == "refuted":
            assert any(source.role == "claims" for source in claim.sources), claim.id
            assert claim.as_read == all(source.formula == "reconstructed" for source in claim.sources), claim.id
            if claim.as_read:
                assert "As we read" in claim.statement
                assert "refuted, as we read it" in dict(parts(claim))["Recorded verdict"]
    as_read = {claim.id for claim in CLAIMS if claim.as_read}
    assert as_read == {"relu-spectrum-is-a-delta", "sigmoid-fourier-line"}


@pytest.mark.parametrize("name", ["sigmoid-spectrum-as-a-layer", "average-pooling-backward", "dct-product"])
def test_what_no_source_says_is_a_claim_of_our_own(name: str) -> None:
    assert find(name).sources == ()
    assert find(name).verdict == "holds"


@pytest.mark.parametrize("name", ["activation-of-parts", "phase-relu"])
def test_sources_of_a_definition_are_named(name: str) -> None:
    claim = find(name)
    texts = dict(parts(claim))
    assert {source.role for source in claim.sources} == {"defines"}
    assert "Claimed in" not in texts
    assert PAPERS[claim.sources[0].paper].label in texts["About the operation of"]


def test_hypotheses_are_hypotheses_only() -> None:
    # Words of consequences, exceptions and pointers, which belong to what is true.
    others = r"\b(see|otherwise|wrong|fails?|instead|but|however|not enough|differ|unless)\b|\bIn general\b|\d %"
    found = {claim.id: re.findall(others, claim.hypotheses) for claim in CLAIMS if claim.hypotheses}
    assert {name: words for name, words in found.items() if words} == {}
    assert len(found) > 40


def test_every_paper_has_a_page_of_the_documentation() -> None:
    folder = Path(__file__).parents[1] / "docs" / "theory"
    for key, paper in PAPERS.items():
        assert f".. claims:: {key}" in (folder / f"{paper.page}.rst").read_text(encoding="utf-8") or key == "guan2019"


# -- former names ------------------------------------------------------------------------------------------
def test_former_keys_and_ids_still_work() -> None:
    assert catalogue("pan2021") == catalogue("zhu2021") != []
    assert Source("pan2021", "Theorem 3.3") == Source("zhu2021", "Theorem 3.3")
    assert find("sigmoid-definition").where("pan2021") == find("sigmoid-definition").where("zhu2021") != ""
    for name in ("derivative-is-not-backward", "iw-is-not-a-gradient"):
        assert find(name).id == "derivative-as-backward"
    names = [name for claim in CLAIMS for name in (claim.id, *claim.aliases)]
    assert len(set(names)) == len(names)


# -- proofs, search, Unicode -------------------------------------------------------------------------------
def test_links_to_proofs_lead_to_headings() -> None:
    folder = Path(__file__).parents[1] / "docs"
    for claim in CLAIMS:
        page, _, section = proof_link(claim).partition("#")
        text = (folder / page.replace(".html", ".rst")).read_text(encoding="utf-8")
        if claim.proof_page:
            headings = re.findall(r"^(\S.*)\n[-=]{4,}$", text, re.MULTILINE)
            assert section in [re.sub(r"[^a-z0-9]+", "-", heading.lower()).strip("-") for heading in headings], claim.id
        else:
            assert section == f"claim-{claim.id}"
            assert ".. claims::" in text


def test_claims_are_found_by_words() -> None:
    found = [claim.id for claim in search("max POOLING")]
    assert "max-pooling-convolution" in found
    assert all("max" in (c.id + c.title + c.statement).lower() for c in search("max pooling"))
    # Formulas are found in Unicode, too.
    assert "tanh-spectrum" in [claim.id for claim in search("sinh(πw/2)")]
    for words in ("no such words", "", "  "):
        with pytest.raises(ConfigurationError, match="search"):
            search(words)


@pytest.mark.parametrize("claim", CLAIMS, ids=IDS)
def test_the_terminal_shows_no_tex(claim: Claim) -> None:
    for _, text in (*parts(claim), ("", claim.title), *(("", check.name) for check in claim.checks)):
        shown = in_unicode(text)
        assert not re.search(r"[$\\{}]", shown), shown
        # Text outside of formulas stays as it is.
        for piece in text.split("$")[::2]:
            assert piece in shown


@pytest.mark.parametrize(
    ("tex", "shown"),
    [
        (r"\int_{-\infty}^{\infty} |\sigma(x)|\,dx", "∫[−∞…∞] |σ(x)| dx"),
        (r"\frac{\sin(wT/2)}{wT/2}", "sin(wT/2)/(wT/2)"),
        (r"\frac{d}{db}[{}_2F_1(1, b; 1 + b; z)/b]", "d/db [₂F₁(1, b; 1 + b; z)/b]"),
        (r"\overline{H_k} G_k \geq \hat x_{k}^{2}", "conj(Hₖ) Gₖ ≥ x̂ₖ²"),
        (r"e^{-2\pi i k n/N}", "e^(−2πi k n/N)"),
        (r"A\cos t + \beta + iw", "A cos t + β + iw"),
        (r"\frac{\frac{1}{2}}{x + 1}", "(1/2)/(x + 1)"),
        (r"\sqrt{2N(2N - 1)}", "√(2N(2N − 1))"),
        (r"\unknown x", "unknown x"),
        (r"\frac{1", "1/()"),
    ],
)
def test_formulas_in_unicode(tex: str, shown: str) -> None:
    assert in_unicode(f"${tex}$") == shown
