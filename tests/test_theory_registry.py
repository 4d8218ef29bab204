"""Claims as objects, their registry, and the runner that collects their evidence."""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from freqnet.theory import Evidence, Range, Source, catalogue, find, load_file, register, run_check, verify
from freqnet.theory.evaluate import check_digits
from freqnet.theory.pages import proof_link
from test_theory_checks import EXAMPLE, GOOD

from freqnet.errors import ConfigurationError


# -- claims as objects ---------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"id": "An Example"}, "small letters"),
        ({"verdict": "true"}, "one of"),
        ({"checks": ()}, "an Identity or a Bound"),
        ({"checks": (GOOD, GOOD)}, "different names"),
        ({"verdict": "conditional"}, "hypotheses"),
        ({"verdict": "refuted"}, "corrected"),
        ({"verdict": "refuted", "corrected": "x"}, "a Contradiction"),
        ({"proof_page": "nowhere"}, "proof_page: got 'nowhere', expected the address of a page"),
    ],
)
def test_a_claim_that_is_not_complete_is_refused(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigurationError, match=message):
        replace(EXAMPLE, **changes)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"points": {"w": "0.7"}}, "a tuple of points; add the comma"),
        ({"outside_points": ("0.7",)}, "outside_points: got .*, expected a tuple of points"),
        ({"points": ({"w": 0.7},)}, "got 0.7, expected whole numbers or strings; pass '0.7'"),
        ({"points": (), "random": {"w": Range("1", "2")}, "draws": 0}, "draws: got 0, expected 1 or more"),
    ],
)
def test_points_of_another_form_are_refused(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigurationError, match=message):
        replace(GOOD, **changes)


def test_a_paper_has_to_be_known() -> None:
    with pytest.raises(
        ConfigurationError, match=r"got 'smith2020', expected one of .*; add yours: PAPERS\['smith2020'\]"
    ):
        Source("smith2020", "Theorem 1")
    assert Source("pan2021", "Theorem 1").paper == "zhu2021"


@pytest.mark.usefixtures("own_claims")
def test_a_claim_of_ones_own_is_found() -> None:
    assert register(EXAMPLE) is EXAMPLE
    assert find("an-example") is EXAMPLE
    assert EXAMPLE in catalogue("own")
    register(EXAMPLE)
    with pytest.raises(ConfigurationError, match="not taken"):
        register(replace(EXAMPLE, title="Another"))
    with pytest.raises(ConfigurationError, match="not taken"):
        register(replace(EXAMPLE, id="sigmoid-definition"))
    with pytest.raises(ConfigurationError, match="not taken"):
        register(replace(EXAMPLE, id="iw-is-not-a-gradient"))
    with pytest.raises(ConfigurationError, match="not taken"):
        register(replace(EXAMPLE, id="another", aliases=("sigmoid-definition",)))
    with pytest.raises(ConfigurationError, match=r"picture: got 'rainbow', expected one of .*bridge"):
        register(replace(EXAMPLE, id="another", picture="rainbow"))


@pytest.mark.usefixtures("own_claims")
def test_the_proof_of_a_claim_of_ones_own_is_where_its_author_says() -> None:
    claim = register(EXAMPLE)
    assert proof_link(claim) == ""
    address = "https://example.org/proof.html#area"
    assert proof_link(replace(claim, proof_page=address)) == address


@pytest.mark.parametrize("name", ["sigmoid-fourier-intervall", "Sigmoid-Fourier-Interval", "fourier-interval"])
def test_an_unknown_claim_lists_near_matches(name: str) -> None:
    with pytest.raises(ConfigurationError, match=r"did you mean .*sigmoid-fourier-interval"):
        find(name)


def test_nothing_near_names_the_list() -> None:
    with pytest.raises(ConfigurationError, match="--list"):
        find("zzz")
    with pytest.raises(ConfigurationError, match="rippel2015"):
        catalogue("rippel")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (None, "No such file"),
        ("def f(:", "syntax"),
        ("import nothing_of_this_name", "ModuleNotFoundError"),
        ("x = 1\n1 / 0", "line 2: ZeroDivision"),
        ("raise SystemExit(0)", "SystemExit"),
        ("x = 1", "no new claim, expected a file with claims; call .*register"),
    ],
)
def test_a_file_of_claims_that_fails_is_said(text: str | None, message: str, tmp_path: Path) -> None:
    if text is not None:
        (tmp_path / "own.py").write_text(text)
    with pytest.raises(ConfigurationError, match=message):
        load_file(tmp_path / "own.py")


# -- the runner ----------------------------------------------------------------------------------------
@pytest.mark.parametrize("digits", [14, 0, -5, 2001])
def test_digits_out_of_range_are_refused(digits: int) -> None:
    with pytest.raises(ConfigurationError, match="15 to 2,000"):
        check_digits(digits)
    with pytest.raises(ConfigurationError, match="15 to 2,000"):
        run_check(GOOD, digits=digits)
    with pytest.raises(ConfigurationError, match="15 to 2,000"):
        list(verify([EXAMPLE], digits=digits))


@pytest.mark.parametrize(
    ("claims", "message"),
    [
        (EXAMPLE, f"claims: got the claim {EXAMPLE.id}, expected a list"),
        ("relu-is-linear", "claims: got 'relu-is-linear', expected a list"),
        (["relu-is-linear"], "claims: got 'relu-is-linear', expected claims; freqnet.theory.find"),
    ],
)
def test_what_is_no_list_of_claims_is_refused(claims: Any, message: str) -> None:
    with pytest.raises(ConfigurationError, match=message):
        list(verify(claims))


def test_random_points_follow_the_seed() -> None:
    points = [list(GOOD.all_points(seed)) for seed in (0, 0, 1)]
    assert points[0] == points[1]
    assert points[0][2:] != points[2][2:]
    assert len(points[0]) == 5


def figures(found: list[Evidence]) -> dict[str, Any]:
    return {e.claim.id: [(f.check, f.passed, f.digits, f.gap, f.worst) for f in e.findings] for e in found}


@pytest.mark.usefixtures("own_claims")
def test_a_file_is_named_by_a_path_or_as_text(tmp_path: Path) -> None:
    source = (Path(__file__).parents[1] / "examples" / "your_own_claim.py").read_text()
    for kind in (Path, str):
        own = tmp_path / f"{kind.__name__}.py"
        own.write_text(source.replace("triangle-spectrum", f"triangle-{kind.__name__.lower()}"))
        load_file(kind(own))
        assert find(f"triangle-{kind.__name__.lower()}").title == "A triangle's spectrum"
        with pytest.raises(ConfigurationError, match="readable Python file"):
            load_file(kind(tmp_path / "missing.py"))


@pytest.mark.usefixtures("own_claims")
def test_processes_find_what_one_finds(tmp_path: Path) -> None:
    own = tmp_path / "own.py"
    own.write_text((Path(__file__).parents[1] / "examples" / "your_own_claim.py").read_text())
    load_file(own)
    chosen = [find("sigmoid-definition"), find("gauss-series"), find("triangle-spectrum"), EXAMPLE]
    alone = list(verify(chosen, digits=20))
    together = list(verify(chosen, digits=20, processes=2, files=[own]))
    assert figures(together) == figures(alone)
    assert all(e.as_recorded for e in together)


@pytest.mark.usefixtures("own_claims")
def test_a_file_that_fails_in_another_process_is_told_in_one_line(tmp_path: Path, capfd: Any) -> None:
    own = tmp_path / "own.py"
    text = (Path(__file__).parents[1] / "examples" / "your_own_claim.py").read_text()
    own.write_text(text + "\nimport multiprocessing\nassert not multiprocessing.parent_process(), 'alone'\n")
    load_file(own)
    chosen = [find("triangle-spectrum"), find("sigmoid-definition")]
    with pytest.raises(ConfigurationError, match=r"in another process: .*line \d+: AssertionError: alone"):
        list(verify(chosen, digits=15, processes=2, files=[own]))
    assert "Traceback" not in capfd.readouterr().err


def test_evidence_in_numbers() -> None:
    [evidence] = verify([EXAMPLE], digits=25, rigorous=False)
    assert evidence.digits == 25
    assert evidence.radius is None
    assert not evidence.enclosed
    plain = evidence.as_dict()
    assert plain["checks"][0]["digits"] > 25
    assert math.isfinite(plain["seconds"])
