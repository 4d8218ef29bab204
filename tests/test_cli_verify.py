# ruff: noqa: RUF001 (formulas in Unicode)
"""``freqnet verify``, and its messages about mistakes."""

from __future__ import annotations

import json
import os
import signal
import sys
import time
from pathlib import Path

import pytest
from freqnet.theory import find
from freqnet.theory.balls import is_installed
from processes import LIMIT, start
from test_cli_train import command, refused, succeed

EXAMPLE = Path(__file__).parents[1] / "examples" / "your_own_claim.py"


pytestmark = pytest.mark.usefixtures("own_claims")


def test_one_claim(tmp_path: Path) -> None:
    shown = succeed("verify", "--claim", "sigmoid-definition", "--json", tmp_path / "v.json")
    assert "1 of 1 claim came out as recorded (1 hold)" in shown
    found = json.loads((tmp_path / "v.json").read_text())
    assert found["as_recorded"] is True
    assert found["digits"] == 50
    assert found["claims"][0]["id"] == "sigmoid-definition"
    assert found["claims"][0]["digits"] == 50
    assert found["claims"][0]["checks"][0]["passed"] is True


def test_the_evidence_holds_what_a_reader_needs(tmp_path: Path) -> None:
    succeed(
        "verify",
        "--claim",
        "pooling-low-pass",
        "--claim",
        "iw-is-not-a-gradient",
        "--digits",
        15,
        "--json",
        tmp_path / "v",
    )
    by_id = {claim["id"]: claim for claim in json.loads((tmp_path / "v").read_text())["claims"]}
    pooling, backward = by_id["pooling-low-pass"], by_id["derivative-as-backward"]
    claim = find("pooling-low-pass")
    assert (pooling["statement"], pooling["hypotheses"]) == (claim.statement, claim.hypotheses)
    assert (pooling["correction"], pooling["proof"]) == (claim.corrected, claim.proof)
    assert pooling["proof_link"] == "theory/going_deeper.html#claim-pooling-low-pass"
    assert backward["former_ids"] == ["derivative-is-not-backward", "iw-is-not-a-gradient"]
    assert backward["as_read"] is False
    for check, entry in zip(claim.checks, pooling["checks"], strict=True):
        assert entry["points"] == [dict(point) for point in check.all_points(0)]
        assert (entry["gap_needed"] is not None) == (entry["kind"] == "contradiction")
        assert (entry["gap"] is not None) == (entry["kind"] != "identity")
        assert entry["outside_points"] == [dict(point) for point in check.points_outside(0)]


def test_words_choose_claims(tmp_path: Path) -> None:
    shown = succeed("verify", "--list", "--search", "max pooling", "--source", "pan2021")
    assert "max-pooling-convolution" in shown
    assert "relu" not in shown
    both = succeed("verify", "--digits", 15, "--claim", "sigmoid-definition", "--search", "TANGENT hyperbolic")
    assert "1 of 1 claim" in both
    assert "sigmoid-definition" in both


def test_formulas_are_shown_in_unicode() -> None:
    shown = succeed("verify", "--show", "relu-fourier-interval", "--digits", 15)
    assert "∫[0…a] x e⁻ⁱʷˣ dx = (E(1 + iwa) − 1)/w²" in shown
    assert "\\" not in shown
    assert "$" not in shown


def test_several_claims_over_processes() -> None:
    names = ("sigmoid-definition", "sigmoid-integrable", "gauss-series", "sigmoid-slope-spectrum")
    words = [word for name in names for word in ("--claim", name)]
    shown = succeed("verify", *words, "--digits", 20, "--processes", 2)
    assert "4 of 4 claims came out as recorded" in shown
    assert all(name in shown for name in names)


def test_a_source() -> None:
    shown = succeed("verify", "--list", "--source", "rippel2015")
    assert "refuted" in shown
    assert "sigmoid" not in shown


def test_a_claim_is_shown(tmp_path: Path) -> None:
    shown = succeed("verify", "--show", "sigmoid-integrable", "--page", tmp_path / "claim.html")
    assert "What is true" in shown
    assert "Zhu 2021" in shown
    assert "<svg" in (tmp_path / "claim.html").read_text()


def test_rigorously() -> None:
    pytest.importorskip("flint")
    shown = succeed("verify", "--rigorous", "--claim", "sigmoid-integrable")
    assert "1 claim enclosed" in shown


def test_a_claim_of_ones_own() -> None:
    shown = succeed("verify", "--add", EXAMPLE, "--claim", "triangle-spectrum", "--digits", 100)
    assert "our own" in shown
    assert "100 digits" in shown


def test_a_claim_that_is_wrong_ends_with_1(tmp_path: Path) -> None:
    text = EXAMPLE.read_text().replace("m.sinc(w / 2) ** 2", "m.sinc(w / 2) ** 3")
    (tmp_path / "own.py").write_text(text)
    outcome = command(
        "verify", "--add", tmp_path / "own.py", "--claim", "triangle-spectrum", "--json", tmp_path / "v.json"
    )
    assert outcome.status == 1
    assert "WRONG triangle-spectrum" in outcome.out
    assert "agrees to" in outcome.err
    assert json.loads((tmp_path / "v.json").read_text())["as_recorded"] is False


COMPLEX = """
from freqnet.theory import Claim, Identity, register

def power(m, z):
    return z**2

def by_parts(m, z):
    return m.re(z) ** 2 - m.im(z) ** 2 + 2 * m.i * m.re(z) * m.im(z)

check = Identity(name="at a complex number", closed=power, independent=by_parts, points=({"z": 0.5 + 0.25j},))
register(Claim(id="square-by-parts", title="A square", statement="$z^2$", verdict="holds", checks=(check,)))
"""


def test_complex_points_and_balls_are_told_in_json(tmp_path: Path) -> None:
    (tmp_path / "own.py").write_text(COMPLEX)
    shown = tmp_path / "v.json"
    succeed("verify", "--add", tmp_path / "own.py", "--claim", "square-by-parts", "--json", shown)
    found = json.loads(shown.read_text())
    assert found["claims"][0]["checks"][0]["points"] == [{"z": "(0.5+0.25j)"}]
    # Balls run where they can, without being asked for.
    assert found["rigorous"] is is_installed()


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("--claim", "sigmod-integrable"), "did you mean sigmoid-integrable"),
        (("--show", "nothing"), "--list"),
        (("--source", "zhu"), "zhu2021"),
        (("--digits", "14"), "15 to 2,000"),
        (("--digits", "2001"), "15 to 2,000"),
        (("--digits", "many"), "--digits"),
        (("--processes", "0"), "at least 1"),
        (("--page", "x.html"), "--show"),
        (("--add", "missing.py"), "No such file"),
        (("--claim", "sigmoid-integrable", "--source", "rippel2015"), "leave one of the three out"),
        (("--list", "--search", "no such words"), "words of the title"),
        (("--claim", "sigmoid-integrable", "--search", "pooling"), "leave one of the three out"),
        (("--show", "sigmoid-integrable", "--search", "pooling"), "leave out"),
        (("--show", "sigmoid-integrable", "--list"), "leave out"),
        (("--list", "--json", "x.json"), "leave --json or --list out"),
        (("--json", "/dev/null"), "a device"),
        (("--json", "none/x.json"), "no folder"),
        (("--json", "."), "a folder"),
        (("--show", "sigmoid-integrable", "--page", "none/x.html"), "no folder"),
        (("--show", "sigmoid-integrable", "--page", "x", "--json", "x"), "two options that name the same file"),
    ],
)
def test_mistakes_are_one_line(words: tuple[str, ...], message: str, tmp_path: Path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert message in refused("verify", *words)
    assert list(tmp_path.iterdir()) == []


def test_a_link_stays_a_link(tmp_path: Path) -> None:
    target, link = tmp_path / "target.json", tmp_path / "link.json"
    target.write_text("{}")
    link.symlink_to(target)
    succeed("verify", "--claim", "sigmoid-definition", "--json", link)
    assert link.is_symlink()
    assert json.loads(target.read_text())["as_recorded"] is True


def test_formulas_that_cannot_be_drawn_are_shown_as_they_are(tmp_path: Path) -> None:
    (tmp_path / "own.py").write_text(EXAMPLE.read_text().replace("$(\\sin(w/2)/(w/2))^2$", "$\\frac{1$"))
    assert "frac{1$" in (tmp_path / "own.py").read_text()
    words = ("--add", tmp_path / "own.py", "--show", "triangle-spectrum", "--page", tmp_path / "page.html")
    succeed("verify", *words)
    assert "<code>" in (tmp_path / "page.html").read_text()


def _is_group_alive(group: int) -> bool:
    try:
        os.killpg(group, 0)
    except ProcessLookupError:
        return False
    return True


def test_an_interrupt_stops_the_processes() -> None:
    job = start("verify", "--digits", 300, "--processes", 2, start_new_session=True)
    assert job.stdout is not None
    job.stdout.readline()
    time.sleep(0.5)
    for _ in range(2):  # impatient users interrupt twice
        os.killpg(job.pid, signal.SIGINT)
        time.sleep(0.1)
    _, errors = job.communicate(timeout=LIMIT)
    assert job.returncode == 2
    assert errors.count("\n") == 1, errors
    # The tracker of shared resources ends shortly after the other processes.
    until = time.monotonic() + LIMIT
    while _is_group_alive(job.pid):
        assert time.monotonic() < until, "processes are left behind"
        time.sleep(0.1)


def test_a_missing_python_flint_says_how_to_install_it(monkeypatch: pytest.MonkeyPatch) -> None:
    from freqnet.theory import balls

    monkeypatch.setattr(balls, "flint", None)
    monkeypatch.setitem(sys.modules, "flint", None)
    assert "pip install python-flint" in refused("verify", "--rigorous", "--claim", "sigmoid-integrable")
    assert "pip install python-flint" in refused("verify", "--rigorous", "--show", "sigmoid-integrable")
