"""A claim: the statement of a source, its verdict, and the checks of the verdict."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal, get_args

from freqnet.errors import ConfigurationError, got_expected

from .checks import Bound, Check, Contradiction, Identity
from .papers import PAPERS, current_key

Verdict = Literal["holds", "conditional", "refuted"]
Formula = Literal["seen", "reconstructed", "none"]
Role = Literal["claims", "defines"]
_PLACE_OF_A_PROOF = 'the address of a page, or "page#section" of the documentation'


@dataclass(frozen=True)
class Source:
    """Place in a paper where a claim is made, or where the operation that the claim is about is defined.

    Attributes
    ----------
    paper : str
        A key of `freqnet.theory.PAPERS`; a key of an earlier version becomes that of today.
    where : str
        "Theorem 3.3", "Section 2.1"; separate several places by ";".
    equations : str
        Numbers of displayed equations, such as "9-11, 50-53".
    formula : str
        "seen" in the source, "reconstructed" from its prose, or "none" if it has no formula.
    role : str
        "claims", or "defines" if the source makes no statement of this kind.

    Raises
    ------
    ConfigurationError
        No paper has this key.
    """

    paper: str
    where: str
    equations: str = ""
    formula: Formula = "none"
    role: Role = "claims"

    def __post_init__(self) -> None:
        object.__setattr__(self, "paper", current_key(self.paper))
        if self.paper not in PAPERS:
            todo = f"add yours: PAPERS[{self.paper!r}] = Paper({self.paper!r}, label, title, page='own')"
            raise ConfigurationError(got_expected("paper", repr(self.paper), f"one of {', '.join(PAPERS)}", todo))

    def equation_numbers(self) -> list[int]:
        """Return the numbers of the equations.

        >>> Source("zhu2021", "Theorem 3.4", "14-17, 19").equation_numbers()
        [14, 15, 16, 17, 19]
        """
        numbers: list[int] = []
        for part in filter(None, self.equations.replace(" ", "").split(",")):
            first, _, last = part.partition("-")
            numbers.extend(range(int(first), int(last or first) + 1))
        return numbers

    def covers(self, paper: str, item: str) -> bool:
        """Tell whether a numbered item of a paper is at this place.

        >>> Source("zhu2021", "Theorem 3.4; Section 3.2", "14-17").covers("zhu2021", "Theorem 3.4")
        True
        """
        names = [*map(str.strip, self.where.split(";")), *(f"Equation {n}" for n in self.equation_numbers())]
        return current_key(paper) == self.paper and item in names

    def __str__(self) -> str:
        equations = f"eq. {self.equations}" if self.equations else ""
        return ", ".join(filter(None, (self.where.replace(";", ","), equations)))


@dataclass(frozen=True, kw_only=True)
class Claim:
    r"""One statement of a source, its verdict, and the checks that support the verdict.

    Texts may contain TeX between dollar signs. The class has twelve fields, more than the rule of eight, because users
    write claims of their own in one flat call, and reports show every field under its own heading.

    Attributes
    ----------
    id : str
        Identifier, as in ``freqnet verify --show ID``.
    title : str
        One line.
    sources : tuple of Source
        Places where it is claimed; empty for a claim of our own.
    statement : str
        The claim as the source makes it.
    verdict : str
        "holds", "conditional" (true under `hypotheses`), or "refuted" (`corrected` states the truth).
    checks : tuple of Check
        A refuted claim needs a `Contradiction`, and an `Identity` or `Bound` for the corrected statement.
    hypotheses : str
        Conditions under which the claim holds, and nothing else; what follows from them belongs to `corrected`.
    corrected : str
        The true or more precise statement: what holds instead, or without a hypothesis.
    proof : str
        Outline of the proof.
    picture : str
        Name of a picture in `freqnet.theory.pictures`, or empty.
    aliases : tuple of str
        Ids of earlier versions, by which the claim is still found.
    proof_page : str
        Page and section of the documentation with the complete proof, such as "proofs#pooling", or the address of
        another page, such as "https://example.org/proof", or empty.

    Raises
    ------
    ConfigurationError
        A field that the verdict requires is missing, or `proof_page` is no place of a page.

    Examples
    --------
    >>> def gauss(m, w):
    ...     return m.sqrt(2 * m.pi) * m.exp(-w * w / 2)
    >>> def by_quadrature(m, w):
    ...     return m.line(lambda x: m.cos(w * x) * m.exp(-x * x / 2))
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
    aliases: tuple[str, ...] = ()
    proof_page: str = ""

    def __post_init__(self) -> None:
        for wrong in self._missing():
            raise ConfigurationError(f"claim {self.id!r}: {wrong}")

    def where(self, paper: str) -> str:
        """Return the places where a paper makes the claim."""
        return "; ".join(str(source) for source in self.sources if source.paper == current_key(paper))

    @property
    def as_read(self) -> bool:
        """Whether a refuted claim depends on our reading, since no source's formula was seen."""
        claimants = [source for source in self.sources if source.role == "claims"]
        return self.verdict == "refuted" and bool(claimants) and all(s.formula == "reconstructed" for s in claimants)

    def _missing(self) -> list[str]:
        """Return error messages for missing or inconsistent fields."""
        if not isinstance(self.checks, tuple) or not all(isinstance(check, Check) for check in self.checks):
            return [
                got_expected(
                    "checks",
                    type(self.checks).__name__,
                    "a tuple of checks: (check,)",
                    "add the comma: checks=(check,)",
                )
            ]
        kinds = [type(check) for check in self.checks]
        names = [check.name for check in self.checks]
        supports = Identity in kinds or Bound in kinds
        wrong = {
            got_expected(
                "id", repr(self.id), "small letters, digits and dashes", "choose an id such as gauss-area"
            ): not re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", self.id),
            got_expected("verdict", self.verdict, f"one of {get_args(Verdict)}", "pass verdict='holds', for example"): (
                self.verdict not in get_args(Verdict)
            ),
            got_expected("names of checks", names, "different names", "rename one"): len(set(names)) < len(names),
            got_expected(
                "checks", names, "an Identity or a Bound that supports the verdict", "add one to checks"
            ): not supports,
            got_expected("hypotheses", "none", "the conditions of a conditional claim", "pass hypotheses='...'"): (
                self.verdict == "conditional" and not self.hypotheses
            ),
            got_expected("corrected", "nothing", "the true statement", "pass corrected='...' to a refuted claim"): (
                self.verdict == "refuted" and not self.corrected
            ),
            got_expected("checks", names, "a Contradiction that refutes the claim", "add one to checks"): (
                self.verdict == "refuted" and Contradiction not in kinds
            ),
            got_expected("proof_page", repr(self.proof_page), _PLACE_OF_A_PROOF, "leave proof_page out"): (
                not re.fullmatch(r"|https?://\S+|\w+#[\w-]+", self.proof_page)
            ),
        }
        return [message for message, is_wrong in wrong.items() if is_wrong]
