"""Run a check at all its points, in digits and in balls.

Three kinds of points: listed and random ones at all digits, many random ones at 15 digits, and points outside the
hypothesis, where the claim must fail.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

import mpmath

from freqnet.errors import ConfigurationError, got_expected

from . import balls
from .checks import Bound, Check, Contradiction, Identity, Point
from .independence import runs_engine, shared_formula
from .judges import _NOTHING, Finding, Judge, conflict, interval, is_broken

__all__ = ["FEWEST_DIGITS", "MOST_DIGITS", "Finding", "check_digits", "run_check"]

#: Range of the digits that may be asked for.
FEWEST_DIGITS, MOST_DIGITS = 15, 2000
#: Cost of the screening of a check, in evaluations of integrands and roots of unity: in digits, and in balls.
SCREENING = {False: 12_000, True: 60_000}
#: Digits that the screening carries beside those asked for; where they do not suffice, the judge takes more.
SCREENING_GUARD = 5
#: Digits of checks that compare twelve with the engine.
FOR_ENGINE = 20
#: Least cost of a point.
_POINT = 20
#: Least relative difference outside the hypothesis of a claim.
OUTSIDE_GAP = "1e-3"


def check_digits(digits: int) -> None:
    """Raise `ConfigurationError` if the digits are out of range."""
    if not FEWEST_DIGITS <= digits <= MOST_DIGITS:
        expected = f"{FEWEST_DIGITS} to {MOST_DIGITS:,}"
        raise ConfigurationError(got_expected("digits", digits, expected, "50 is the default"))


def run_check(check: Check, digits: int = 50, seed: int = 0, rigorous: bool | None = None) -> Finding:
    """Run a check at all its points.

    An exception inside a check is reported as its finding: a check that cannot run has not passed.

    Parameters
    ----------
    check : Check
    digits : int
        Decimal digits, 15 to 2,000.
    seed : int
        Seed of the random points.
    rigorous : bool, optional
        Whether balls run in addition to digits, unless the check has a reason in ``not_enclosed``: by default where
        python-flint is installed.

    Returns
    -------
    Finding

    Raises
    ------
    ConfigurationError
        The digits are out of range.

    Examples
    --------
    >>> from freqnet.theory import find, run_check
    >>> run_check(find("sigmoid-definition").checks[0], digits=100).passed
    True
    """
    check_digits(digits)
    start = time.perf_counter()
    blank = Finding(check=check.name, kind=type(check).__name__.lower(), engine=getattr(check, "engine", False))
    shared = shared_formula(check) if isinstance(check, Identity | Bound) else ""
    if shared:
        message = f"both sides are computed by {shared}: this compares it with itself"
        found = replace(blank, passed=False, message=message)
    else:
        try:
            with _precision_kept():
                found = _run(check, blank, digits, seed, rigorous)
        except (Exception, SystemExit) as error:  # a failing claim must not end the run
            found = replace(blank, passed=False, message=_message(error))
    return replace(found, seconds=time.perf_counter() - start)


def _message(error: BaseException) -> str:
    return f"{type(error).__name__}: {error}".rstrip(": ")


@contextmanager
def _precision_kept() -> Iterator[None]:
    """Restore the precision that libraries share, whatever a formula does to it."""
    before = mpmath.mp.prec
    of_balls = balls.flint.ctx.prec if balls.is_installed() else 0
    try:
        yield
    finally:
        mpmath.mp.prec = before
        if balls.is_installed():
            balls.flint.ctx.prec = of_balls


def _run(check: Check, blank: Finding, digits: int, seed: int, rigorous: bool | None) -> Finding:
    if blank.engine:  # twelve digits are compared
        digits = min(digits, FOR_ENGINE)
    with_balls = (balls.is_installed() if rigorous is None else rigorous) and not check.not_enclosed
    both = [Judge(check, digits, False, with_balls), *([Judge(check, digits, True)] if with_balls else [])]
    if rigorous:  # balls give the reason of a failure
        both.reverse()
    found: list[Finding] = []
    is_run = True
    for point in check.all_points(seed):
        if blank.engine and not found:
            is_run = runs_engine(lambda: found.append(_at(check, both, point, blank)))  # noqa: B023
        else:
            found.append(_at(check, both, point, blank))
        if not found[-1].passed:
            return replace(found[-1], points=len(found))
    if all(f.message == _NOTHING for f in found):
        return replace(found[0], passed=False, message=f"{_NOTHING} at every point: the check compares nothing")
    if not is_run:
        todo = "call it, or leave engine=True out"
        return replace(blank, passed=False, message=f"engine=True, but neither side runs freqnet's engine: {todo}")
    screened, failed = _screen(check, both, blank, seed)
    outside, kept = (0, None) if failed else _outside(check, both, seed)
    worst = failed or kept or min(found, key=_merit)
    radii = [f.radius for f in found if f.radius is not None]
    radius = max(radii) if radii else worst.radius
    return replace(worst, radius=radius, points=len(found) + outside, screened=screened)


def _at(check: Check, judges: list[Judge], point: Point, blank: Finding) -> Finding:
    """Judge a check at a point, in balls where they run, and in digits: it must pass both."""
    try:
        results = {}
        for judge in judges:
            results[judge.balls] = judge, *judge.judge(point)
            found = results[judge.balls][1]
            if not found.passed:
                # An error in balls, such as a function that is not holomorphic, says more than a number of digits.
                for other in judges:
                    if other.balls and other is not judge:
                        other.judge(point)
                return found
        if len(results) == 1:
            return found
        judge, found, values = results[False]
        _, enclosed, in_balls = results[True]
        message = conflict(judge, values, in_balls)
        if message:  # a formula that cancels needs a second precision
            found, values = Judge(check, judge.digits, False).judge(point)
            if not found.passed:
                return found
            message = conflict(judge, values, in_balls)
        return replace(found, passed=not message, message=message or found.message, radius=enclosed.radius)
    except (Exception, SystemExit) as error:
        return replace(blank, passed=False, worst=point, message=_message(error))


def _screen(check: Check, judges: list[Judge], blank: Finding, seed: int) -> tuple[int, Finding | None]:
    """Judge a check at many random points at 15 digits; return their number, and the first that fails at all digits."""
    # In digits one panelling and one precision are enough: what fails is judged again.
    few = Judge(check, FEWEST_DIGITS, any(judge.balls for judge in judges), is_confirmed=True, guard=SCREENING_GUARD)
    m, count = few.first(), 0
    for point in check.screening_points(seed):
        if m.work + _POINT * count > SCREENING[few.balls]:
            break
        count += 1
        # What fails at 15 digits may do so by rounding: all digits decide.
        if not _at(check, [few], point, blank).passed:
            found = _at(check, judges, point, blank)
            if not found.passed:
                return count, found
    return count, None


def _outside(check: Check, judges: list[Judge], seed: int) -> tuple[int, Finding | None]:
    """Judge a check outside its hypothesis; return the number of points, and a point where it does not fail."""
    sides: Check = check
    if isinstance(check, Identity):
        sides = Contradiction(
            name=check.name, claimed=check.closed, actual=check.independent, gap=OUTSIDE_GAP, guard=check.guard
        )
    # That a check fails takes few digits, which balls confirm as they do inside the hypothesis.
    both = [Judge(sides, FEWEST_DIGITS, judge.balls, judge.is_confirmed) for judge in judges]
    count = 0
    for point in check.points_outside(seed):
        count += 1
        for judge in both:
            reason = _holds_outside(check, judge, point)
            if reason:
                kind = type(check).__name__.lower()
                message = f"outside the hypothesis, where it must fail: {reason}"
                return count, Finding(check=check.name, kind=kind, passed=False, message=message, worst=point)
    return count, None


def _holds_outside(check: Check, judge: Judge, point: Point) -> str:
    """Return why a check does not fail at a point, or an empty string if it fails for certain."""
    try:
        found, _ = judge.judge(point)
    except (Exception, SystemExit) as error:
        return _message(error)
    if isinstance(check, Bound):
        if found.passed:
            return f"{found.message} is {interval(check)}"
        return "" if is_broken(check, found) else found.message
    return "" if found.passed else found.message


def _merit(found: Finding) -> float:
    """Return the merit of a finding; the worst finding represents the check."""
    measure = found.digits if found.kind == "identity" else found.gap
    return -found.radius if measure is None and found.radius is not None else measure or 0.0
