"""Check claims, in this process or in several, and collect the evidence."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import BrokenExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from freqnet.errors import ConfigurationError, got_expected
from freqnet.processes import completed, spawned

from . import registry
from .balls import require_flint
from .checks import Check, Point
from .claim import Claim
from .evaluate import Finding, check_digits, run_check


@dataclass(frozen=True)
class Evidence:
    """Findings of the checks of one claim.

    Attributes
    ----------
    claim : Claim
    findings : tuple of Finding
        One per check, in the order of the claim.
    digits_asked : int
        Decimal digits that were asked for.
    """

    claim: Claim
    findings: tuple[Finding, ...]
    digits_asked: int

    @property
    def as_recorded(self) -> bool:
        """Whether every check came out as the verdict requires."""
        return all(found.passed for found in self.findings)

    @property
    def digits(self) -> float | None:
        """Digits to which the closed forms agree with their independent evaluations, at the worst point.

        At most the digits asked for; None if no identity was evaluated in digits.
        """
        of = [f.digits for f in self.findings if f.kind == "identity" and f.digits is not None and not f.engine]
        return min(self.digits_asked, *of) if of else None

    @property
    def enclosed(self) -> bool:
        """Whether every check passed in balls, except those with a reason in ``not_enclosed``."""
        pairs = zip(self.claim.checks, self.findings, strict=True)
        judged = [found.enclosed for check, found in pairs if not check.not_enclosed]
        return bool(judged) and all(judged)

    @property
    def radius(self) -> float | None:
        """Log10 of the relative radius of the widest ball; None without balls."""
        return max((f.radius for f in self.findings if f.radius is not None), default=None)

    @property
    def seconds(self) -> float:
        """Duration of the checks."""
        return sum(found.seconds for found in self.findings)

    @property
    def complaint(self) -> str:
        """The first check that did not come out as recorded, and why."""
        for found in self.findings:
            if not found.passed:
                return f"{found.check}{f' at {found.place}' if found.place else ''}: {found.message}"
        return ""

    def as_dict(self) -> dict[str, Any]:
        """Return the evidence as plain data for JSON."""
        return {
            "id": self.claim.id,
            "title": self.claim.title,
            "verdict": self.claim.verdict,
            "sources": [{"paper": s.paper, "where": str(s), "formula": s.formula} for s in self.claim.sources],
            "as_recorded": self.as_recorded,
            "digits": self.digits,
            "enclosed": self.enclosed,
            "radius_log10": _plain(self.radius),
            "seconds": round(self.seconds, 4),
            "checks": [_finding(c, f) for c, f in zip(self.claim.checks, self.findings, strict=True)],
        }


def _finding(check: Check, found: Finding) -> dict[str, Any]:
    numbers = {name: _plain(getattr(found, name)) for name in ("digits", "gap")} | {
        "radius_log10": _plain(found.radius)
    }
    rest = {name: getattr(found, name) for name in ("check", "kind", "passed", "message", "engine")}
    worst = None if found.worst is None else as_plain(found.worst)
    rest |= {"points": found.points, "screened": found.screened}
    reasons = {"not_enclosed": check.not_enclosed, "loose": getattr(check, "loose", "")}
    return {**rest, **numbers, "worst": worst, **reasons, "seconds": round(found.seconds, 4)}


def as_plain(point: Point) -> dict[str, Any]:
    """Return a point as data for JSON: numbers that JSON does not have are texts."""
    return {name: value if isinstance(value, int | str) else str(value) for name, value in point.items()}


def _plain(value: float | None) -> float | None:
    """Return a number that JSON can hold: log10 of the radius 0 of an exact ball becomes -9999."""
    return value if value is None or math.isfinite(value) else math.copysign(9999, value)


def verify(
    claims: Iterable[Claim] | None = None,
    *,
    digits: int = 50,
    seed: int = 0,
    rigorous: bool | None = None,
    processes: int = 1,
    files: Sequence[Path | str] = (),
) -> Iterator[Evidence]:
    """Check claims and yield the evidence of each as soon as it is complete.

    Parameters
    ----------
    claims : iterable of Claim, optional
        All claims by default.
    digits : int
        Decimal digits, 15 to 2,000. A closed form and its independent evaluation must agree to all but five.
    seed : int
        Seed of the random points.
    rigorous : bool, optional
        Whether balls run in addition to digits, except for checks with a reason in ``not_enclosed``: by default where
        python-flint is installed.
    processes : int
        Number of processes. With more than one, a script needs the usual ``if __name__ == "__main__"``.
    files : sequence of paths
        Files that registered claims, which the other processes run too; claims registered in other ways are
        checked in this process.

    Yields
    ------
    Evidence

    Raises
    ------
    ConfigurationError
        The digits are out of range, `claims` are no claims, python-flint is missing, a file of claims fails in another
        process, or a process was killed.

    Examples
    --------
    >>> from freqnet.theory import find, verify
    >>> for evidence in verify([find("sigmoid-integrable")]):
    ...     print(evidence.as_recorded, evidence.digits)
    True 50
    """
    check_digits(digits)
    if rigorous:
        require_flint()
    chosen = registry.catalogue() if claims is None else _as_list(claims)
    options = (digits, seed, rigorous)
    remote = [c for c in chosen if processes > 1 and registry.is_known_elsewhere(c, bool(files))]
    if remote:
        yield from _in_processes(remote, options, processes, files)
    for claim in chosen:
        if claim not in remote:
            yield Evidence(claim, tuple(run_check(check, *options) for check in claim.checks), digits)


def _as_list(claims: Any) -> list[Claim]:
    if not isinstance(claims, Iterable) or isinstance(claims, str | bytes):
        got = f"the claim {claims.id}" if isinstance(claims, Claim) else repr(claims)
        raise ConfigurationError(got_expected("claims", got, "a list of claims", "pass [find('relu-is-linear')]"))
    found = list(claims)
    for claim in found:
        if not isinstance(claim, Claim):
            todo = "freqnet.theory.find returns the claim of an id"
            raise ConfigurationError(got_expected("claims", repr(claim), "claims", todo))
    return found


def _in_processes(
    claims: Sequence[Claim], options: tuple[int, int, bool | None], processes: int, files: Sequence[Path | str]
) -> Iterator[Evidence]:
    # A check is a task: otherwise all processes would wait for the one with the longest claim.
    tasks = [(claim.id, index, options) for claim in claims for index in range(len(claim.checks))]
    by_name = {claim.id: claim for claim in claims}
    found: dict[str, dict[int, Finding]] = {name: {} for name in by_name}
    try:
        with spawned(processes, _begin, list(files)) as executor:
            for (name, index, _), future in completed(executor, _work, tasks):
                claim = by_name[name]
                found[name][index] = future.result()
                if len(found[name]) == len(claim.checks):
                    yield Evidence(claim, tuple(found[name][i] for i in range(len(claim.checks))), options[0])
    except BrokenExecutor as error:
        todo = "check claims of your own one at a time, and look at the memory"
        raise ConfigurationError(got_expected("a checking process", "its sudden end", "a finding", todo)) from error


#: Why this process, one of several, could not run the files of claims.
_failures: list[str] = []


def _begin(files: list[Path | str]) -> None:
    """Run files of claims in another process. An error is kept for its first task, which can report it."""
    try:
        registry.load_files(files)
    except ConfigurationError as error:
        _failures.append(str(error))


def _work(task: tuple[str, int, tuple[int, int, bool | None]]) -> Finding:
    """Run one check of a claim, in another process."""
    if _failures:
        raise ConfigurationError(f"in another process: {_failures[0]}")
    name, index, options = task
    return run_check(registry.find(name).checks[index], *options)
