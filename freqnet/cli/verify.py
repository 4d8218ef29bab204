"""The command ``freqnet verify``: check the claims of the field's papers."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from shutil import get_terminal_size
from typing import Any

from freqnet.cli.console import complain, on_terminal, say
from freqnet.errors import ConfigurationError, got_expected
from freqnet.kernels.threads import core_count
from freqnet.theory import Claim, Contradiction, Evidence, catalogue, find, load_file, search, verify
from freqnet.theory import pages as texts
from freqnet.theory.balls import is_installed
from freqnet.theory.evaluate import check_digits
from freqnet.theory.pages import claim_page, claim_text, places, radius_in_words
from freqnet.theory.runner import as_plain
from freqnet.theory.unicode import in_unicode
from freqnet.training.files import write_atomically, write_json

# Characters per row for the places where a claim is made.
_PLACES = 50


@dataclass(frozen=True)
class Request:
    """The choices of the command line."""

    ids: Sequence[str] = ()
    source: str | None = None
    digits: int = 50
    seed: int = 0
    rigorous: bool | None = None
    processes: int | None = None
    files: Sequence[Path] = ()
    words: str | None = None

    def claims(self) -> list[Claim]:
        """Return the chosen claims, in the order of their subjects."""
        for path in self.files:
            load_file(path)
        chosen = [find(name) for name in dict.fromkeys(self.ids)] or catalogue(self.source)
        if self.ids and self.source:
            chosen = [claim for claim in chosen if claim in catalogue(self.source)]
        if self.words is not None:
            chosen = [claim for claim in search(self.words) if claim in chosen]
        if not chosen:
            expected = "claims that all of --claim, --source and --search choose"
            raise ConfigurationError(got_expected("claims", "none", expected, "leave one of the three out"))
        # Two names can be those of one claim.
        return list({claim.id: claim for claim in chosen}.values())

    def evidence(self, chosen: Sequence[Claim]) -> Iterator[Evidence]:
        """Check claims, and yield the evidence of each as it is complete."""
        checks = sum(len(claim.checks) for claim in chosen)
        processes = min(self.processes or core_count(), checks)
        options: dict[str, Any] = {"digits": self.digits, "seed": self.seed, "rigorous": self.rigorous}
        # A process takes half a second to start.
        return verify(chosen, processes=1 if checks < 4 else processes, files=self.files, **options)


def verify_claims(request: Request, json_file: Path | None) -> int:
    """Check claims, print a row as each is complete, and return the exit status: 0 if all verdicts are confirmed."""
    check_digits(request.digits)
    if request.processes is not None and request.processes < 1:
        raise ConfigurationError(
            got_expected("processes", request.processes, "at least 1", "the default is one per core")
        )
    chosen = request.claims()
    start, found = time.perf_counter(), []
    width = max(len(claim.id) for claim in chosen)
    # A narrow terminal has no room for the places.
    wide = not on_terminal() or get_terminal_size().columns >= width + _PLACES + 44
    source = f"  {'source':{_PLACES}}" if wide else ""
    say(f"{'':5} {'claim':{width}}  {'verdict':11}{source}  {'digits':>10}  {'time':>7}")
    with _progress(len(chosen)) as advance:
        for evidence in request.evidence(chosen):
            found.append(evidence)
            advance(_row(evidence, width, wide, bool(request.rigorous)))
    seconds = time.perf_counter() - start
    _summary(found, request, seconds)
    if json_file is not None:
        write_json(json_file, as_dict(found, request, seconds))
    return 0 if all(e.as_recorded for e in found) else 1


def as_dict(found: Sequence[Evidence], request: Request, seconds: float) -> dict[str, Any]:
    """Return the evidence as plain data, with claims in the order of their subjects."""
    order = {claim.id: index for index, claim in enumerate(catalogue())}
    return {
        "digits": request.digits,
        "seed": request.seed,
        "rigorous": is_installed() if request.rigorous is None else request.rigorous,
        "seconds": round(seconds, 3),
        "as_recorded": all(evidence.as_recorded for evidence in found),
        "claims": [_claim_as_dict(e, request.seed) for e in sorted(found, key=lambda e: order[e.claim.id])],
    }


def _claim_as_dict(evidence: Evidence, seed: int) -> dict[str, Any]:
    """Return the texts of a claim and its evidence, with the points and the required gap of each check."""
    plain = evidence.as_dict()
    for check, entry in zip(evidence.claim.checks, plain["checks"], strict=True):
        entry["points"] = [as_plain(point) for point in check.all_points(seed)]
        entry["outside_points"] = [as_plain(point) for point in check.points_outside(seed)]
        entry["gap_needed"] = float(check.gap) if isinstance(check, Contradiction) else None
    return {**plain, **texts.as_dict(evidence.claim), "checks": plain["checks"]}


# -- the table -----------------------------------------------------------------------------------------
@contextmanager
def _progress(total: int) -> Iterator[Any]:
    """Yield a function that prints a row; on a terminal a bar moves below the rows."""
    if not on_terminal():
        yield say
        return
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TimeElapsedColumn

    with Progress(
        "checking", BarColumn(bar_width=None), MofNCompleteColumn(), TimeElapsedColumn(), transient=True
    ) as bar:
        task = bar.add_task("", total=total)

        def advance(row: str) -> None:
            bar.console.print(row, soft_wrap=True, highlight=False, markup=False)
            bar.advance(task)

        yield advance


def _row(evidence: Evidence, width: int, wide: bool, rigorous: bool) -> str:
    claim = evidence.claim
    source = places(claim)
    source = f"  {source if len(source) <= _PLACES else source[: _PLACES - 1] + '…':{_PLACES}}" if wide else ""
    mark = "ok" if evidence.as_recorded else "WRONG"
    found = measure(evidence, rigorous)
    return f"{mark:5} {claim.id:{width}}  {claim.verdict:11}{source}  {found:>10}  {evidence.seconds:6.2f}s"


def measure(evidence: Evidence, rigorous: bool) -> str:
    """Return the accuracy of a check: digits of agreement, or in rigorous mode the radius of the balls."""
    radius = radius_in_words(evidence.radius)
    if radius and (rigorous or evidence.digits is None):
        return radius if radius == "exact" else f"± {radius}"
    return "" if evidence.digits is None else f"{evidence.digits:.1f}"


def _summary(found: Sequence[Evidence], request: Request, seconds: float) -> None:
    right = [evidence for evidence in found if evidence.as_recorded]
    for evidence in found:
        if not evidence.as_recorded:
            complain(f"{evidence.claim.id}: {evidence.complaint}")
    counts = Counter(evidence.claim.verdict for evidence in right)
    parts = ", ".join(f"{counts[name]} {text}" for name, text in VERDICTS.items() if counts[name])
    kinds = f" ({parts})" if parts else ""
    say(f"{len(right)} of {_counted(len(found), 'claim')} came out as recorded{kinds} in {seconds:.1f} s")
    points, screened = (sum(getattr(f, name) for e in found for f in e.findings) for name in ("points", "screened"))
    say(f"checked at {_counted(points, 'point')}, and at {_counted(screened, 'random point')} to 15 digits")
    digits = min((evidence.digits for evidence in right if evidence.digits is not None), default=None)
    if digits is not None:
        say(f"closed forms agree with independent evaluations to {digits:.1f} of {request.digits} digits or more")
    balls = [evidence for evidence in right if evidence.enclosed]
    if balls:
        radius = max(e.radius for e in balls if e.radius is not None)
        rest = "; of the others --show says why they cannot be" if len(balls) < len(right) else ""
        say(f"{_counted(len(balls), 'claim')} enclosed in balls of relative radius 1e{radius:.1f} at most{rest}")
    elif not is_installed():
        say('balls did not run, as python-flint is not installed: pip install "freqnet[rigorous]" adds it')


def _counted(count: int, word: str) -> str:
    return f"{count:,} {word}{'' if count == 1 else 's'}"


VERDICTS = {"holds": "hold", "conditional": "conditional", "refuted": "refuted"}


# -- one claim -----------------------------------------------------------------------------------------
def show_claim(request: Request, name: str, page: Path | None, json_file: Path | None) -> int:
    """Check one claim and print all its details, or write them as a page."""
    check_digits(request.digits)
    for path in request.files:
        load_file(path)
    claim = find(name)
    [evidence] = request.evidence([claim])
    say(claim_text(evidence))
    if not evidence.as_recorded:
        complain(f"{claim.id}: {evidence.complaint}")
    if page is not None:
        write_atomically(page, claim_page(evidence).encode())
        say(f"wrote {page}")
    if json_file is not None:
        write_json(json_file, as_dict([evidence], request, evidence.seconds))
    return 0 if evidence.as_recorded else 1


def list_claims(request: Request) -> int:
    """Print the id, the verdict and the title of each claim."""
    chosen = request.claims()
    width = max(len(claim.id) for claim in chosen)
    for claim in chosen:
        say(f"{claim.id:{width}}  {claim.verdict:11}  {in_unicode(claim.title)}")
    return 0
