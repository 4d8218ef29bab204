"""A claim: what a source says, whether it is true, and how anyone can check it again."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal, get_args

from freqnet.errors import ConfigurationError, got_expected

from .checks import Bound, Check, Contradiction, Identity

Verdict = Literal["holds", "conditional", "refuted"]
Formula = Literal["seen", "reconstructed", "none"]


@dataclass(frozen=True)
class Source:
    """Where a claim is made.

    Attributes
    ----------
    paper : str
        A key of `freqnet.theory.PAPERS`.
    where : str
        "Theorem 3.3", "Section 2.1"; several parted by ";".
    equations : str
        Numbers of displayed equations, such as "9-11, 50-53".
    formula : str
        "seen" in the source; "reconstructed" from its prose; "none" where it has words alone.
    """

    paper: str
    where: str
    equations: str = ""
    formula: Formula = "none"

    def equation_numbers(self) -> list[int]:
        """Return the numbers of its equations.

        >>> Source("pan2021", "Theorem 3.4", "14-17, 19").equation_numbers()
        [14, 15, 16, 17, 19]
        """
        numbers: list[int] = []
        for part in filter(None, self.equations.replace(" ", "").split(",")):
            first, _, last = part.partition("-")
            numbers.extend(range(int(first), int(last or first) + 1))
        return numbers

    def covers(self, paper: str, item: str) -> bool:
        """Tell whether this is where a paper has a numbered item.

        >>> Source("pan2021", "Theorem 3.4; Section 3.2", "14-17").covers("pan2021", "Theorem 3.4")
        True
        """
        names = [*map(str.strip, self.where.split(";")), *(f"Equation {n}" for n in self.equation_numbers())]
        return paper == self.paper and item in names

    def __str__(self) -> str:
        equations = f"eq. {self.equations}" if self.equations else ""
        return ", ".join(filter(None, (self.where.replace(";", ","), equations)))


@dataclass(frozen=True, kw_only=True)
class Claim:
    r"""One statement of a source, its verdict, and the checks that the verdict rests on.

    In words, ``$...$`` is TeX.

    Attributes
    ----------
    id : str
        A slug, as in ``freqnet verify --show ID``.
    title : str
        One line.
    sources : tuple of Source
        Where it is claimed; empty for a claim of our own.
    statement : str
        What is claimed, as it is claimed.
    verdict : str
        "holds", "conditional" (under `hypotheses`), or "refuted" (what is true is in `corrected`).
    checks : tuple of Check
        A refuted claim has a `Contradiction` and a check of what is true instead.
    hypotheses : str
        When it holds.
    corrected : str
        What is true instead, or more exactly.
    proof : str
        Why, in a few sentences.
    picture : str
        A drawing of `freqnet.theory.pictures`, where one helps.

    Raises
    ------
    ConfigurationError
        A part that its verdict calls for is missing.

    Examples
    --------
    >>> def gauss(m, w):
    ...     return m.sqrt(2 * m.pi) * m.exp(-w * w / 2)
    >>> def by_quadrature(m, w):
    ...     R = m.cut(0.5, 2)
    ...     return 2 * m.integral(lambda x: m.cos(w * x) * m.exp(-x * x / 2), *m.panels(0, R))
    >>> check = Identity(name="closed form", closed=gauss, independent=by_quadrature, points=({"w": "0.7"},))
    >>> claim = Claim(id="gauss", title="A Gaussian is its own transform", statement="...", verdict="holds",
    ...               checks=(check,))
    >>> claim.checks[0].name
    'closed form'
    """

    id: str
    title: str
    statement: str
    verdict: Verdict
    checks: tuple[Check, ...]
    sources: tuple[Source, ...] = ()
    hypotheses: str = ""
    corrected: str = ""
    proof: str = ""
    picture: str = ""

    def __post_init__(self) -> None:
        for wrong in self._missing():
            raise ConfigurationError(f"claim {self.id!r}: {wrong}")

    def where(self, paper: str) -> str:
        """Return where a paper claims it, in a few words."""
        return "; ".join(str(source) for source in self.sources if source.paper == paper)

    def _missing(self) -> list[str]:
        """Return what is wrong with it as an object; whether it is true is for its checks."""
        if not isinstance(self.checks, tuple) or not all(isinstance(check, Check) for check in self.checks):
            return [got_expected("checks", type(self.checks).__name__, "a tuple of checks: (check,)", "add the comma")]
        kinds = [type(check) for check in self.checks]
        names = [check.name for check in self.checks]
        supports = Identity in kinds or Bound in kinds
        wrong = {
            got_expected("id", repr(self.id), "small letters, digits and dashes", "rename it"): not re.fullmatch(
                r"[a-z0-9]+(-[a-z0-9]+)*", self.id
            ),
            got_expected("verdict", self.verdict, f"one of {get_args(Verdict)}", "choose one"): (
                self.verdict not in get_args(Verdict)
            ),
            got_expected("names of checks", names, "each another", "rename one"): len(set(names)) < len(names),
            got_expected("checks", names, "an Identity or a Bound that supports the verdict", "add one"): not supports,
            got_expected("hypotheses", "none", "those under which a conditional claim holds", "give them"): (
                self.verdict == "conditional" and not self.hypotheses
            ),
            got_expected("corrected", "nothing", "what is true instead of a refuted claim", "give it"): (
                self.verdict == "refuted" and not self.corrected
            ),
            got_expected("checks", names, "a Contradiction, which shows that it fails as claimed", "add one"): (
                self.verdict == "refuted" and Contradiction not in kinds
            ),
        }
        return [message for message, is_wrong in wrong.items() if is_wrong]
