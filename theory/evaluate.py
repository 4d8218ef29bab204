"""Run a check at all its points, in digits or in balls."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from .arithmetic import GUARD, Arithmetic, Digits, Number
from .balls import Balls
from .checks import Bound, Check, Contradiction, Identity, Point, flat, parameters_at
from .independence import shared_formula

#: Range of the digits that may be asked for.
FEWEST_DIGITS, MOST_DIGITS = 15, 2000
#: A ball is narrow if its radius is at most 10^-(digits - NARROW), relative to its centre or to 1.
NARROW = 10
_NOTHING = "both sides are zero"


@dataclass(frozen=True, kw_only=True)
class Finding:
    """Result of a check: one row of the evidence, which is why it has ten fields.

    Attributes
    ----------
    check : str
        Name of the check.
    kind : str
        "identity", "contradiction" or "bound".
    passed : bool
        Whether the check came out as required.
    message : str
        Reason of a failure, or the value of a bounded quantity.
    digits : float or None
        Digits to which an identity agrees, at its worst point.
    gap : float or None
        Smallest relative difference of a contradiction.
    radius : float or None
        Log10 of the radius of the widest ball, relative to its centre or to 1; None if digits were used.
    worst : mapping or None
        Parameters of the worst point.
    seconds : float
        Duration.
    engine : bool
        Whether one side was computed in double precision.
    """

    check: str
    kind: str
    passed: bool = True
    message: str = ""
    digits: float | None = None
    gap: float | None = None
    radius: float | None = None
    worst: Point | None = None
    seconds: float = 0.0
    engine: bool = False

    @property
    def place(self) -> str:
        """Parameters of the worst point as text."""
        return ", ".join(f"{name} = {value}" for name, value in (self.worst or {}).items())

    @property
    def enclosed(self) -> bool:
        """Whether the check passed in balls."""
        return self.passed and self.radius is not None


def run_check(check: Check, digits: int = 50, seed: int = 0, rigorous: bool = False) -> Finding:
    """Run a check at all its points.

    An exception inside a check is reported as its finding: a check that cannot run has not passed.

    Parameters
    ----------
    check : Check
    digits : int
        Decimal digits.
    seed : int
        Seed of the random points.
    rigorous : bool
        Use balls, unless the check has a reason in ``not_enclosed``.

    Returns
    -------
    Finding

    Examples
    --------
    >>> from freqnet.theory import find, run_check
    >>> run_check(find("sigmoid-definition").checks[0], digits=100).passed
    True
    """
    start = time.perf_counter()
    kind = type(check).__name__.lower()
    blank = Finding(check=check.name, kind=kind, engine=getattr(check, "engine", False))
    shared = shared_formula(check) if isinstance(check, Identity) else ""
    if shared:
        found = replace(
            blank, passed=False, message=f"both sides are computed by {shared}: this compares it with itself"
        )
    else:
        try:
            found = _run(check, blank, digits, seed, rigorous and not check.not_enclosed)
        except (Exception, SystemExit) as error:  # a failing claim must not end the run
            found = replace(blank, passed=False, message=f"{type(error).__name__}: {error}".rstrip(": "))
    return replace(found, seconds=time.perf_counter() - start)


def _run(check: Check, blank: Finding, digits: int, seed: int, rigorous: bool) -> Finding:
    judge: Callable[..., Finding] = _JUDGES[type(check), rigorous]
    kind = Balls if rigorous else Digits
    found: list[Finding] = []
    if rigorous and (conflict := _conflict(check, next(check.all_points(seed)))):
        return replace(blank, passed=False, message=conflict)
    with kind(digits, GUARD + check.guard) as m:
        for point in check.all_points(seed):
            found.append(judge(check, replace(blank, worst=point), m, parameters_at(m, point)))
            if not found[-1].passed:
                return found[-1]
    if all(f.message == _NOTHING for f in found):
        return replace(found[0], passed=False, message=f"{_NOTHING} at every point: the check compares nothing")
    return replace(min(found, key=_merit), radius=max((f.radius for f in found), default=None) if rigorous else None)  # type: ignore[type-var]


def _merit(found: Finding) -> float:
    """Return the merit of a finding; the worst finding represents the check."""
    measure = found.digits if found.kind == "identity" else found.gap
    return -found.radius if measure is None and found.radius is not None else measure or 0.0


# -- digits --------------------------------------------------------------------------------------------
def _agreement(m: Any, left: list[Number], right: list[Number]) -> tuple[float, float, str]:
    """Return the digits of agreement, the difference relative to the largest number, and a message."""
    if len(left) != len(right):
        return 0.0, math.inf, f"{len(left)} numbers against {len(right)}"
    if not all(m.ctx.isfinite(z) for z in (*left, *right)):
        return 0.0, math.inf, "not finite"
    size = max(map(abs, (*left, *right)), default=m.ctx.zero)
    if size == 0:
        return math.inf, 0.0, _NOTHING
    off = max((abs(a - b) for a, b in zip(left, right, strict=True)), default=m.ctx.zero) / size
    carried = m.digits + GUARD
    return (carried if off == 0 else min(carried, float(-m.ctx.log10(off)))), float(off), ""


def _identity(check: Identity, blank: Finding, m: Any, at: dict[str, Any]) -> Finding:
    digits, _, message = _agreement(m, flat(check.closed(m, **at)), flat(check.independent(m, **at)))
    needed = check.digits_needed(m.digits)
    if digits < needed:
        message = message or f"agrees to {digits:.1f} digits, {needed} needed"
    return replace(blank, passed=digits >= needed, digits=digits, message=message)


def _contradiction(check: Contradiction, blank: Finding, m: Any, at: dict[str, Any]) -> Finding:
    _, gap, wrong = _agreement(m, flat(check.claimed(m, **at)), flat(check.actual(m, **at)))
    enough = math.isfinite(gap) and gap > float(check.gap)
    message = "" if enough else wrong or f"differs by {gap:.2g} only, {check.gap} needed: the claim is not contradicted"
    return replace(blank, passed=enough, gap=gap, message=message)


def _bound(check: Bound, blank: Finding, m: Any, at: dict[str, Any]) -> Finding:
    value = m.re(check.quantity(m, **at))
    low, high = check.ends(m, at)
    inside = (low is None or value >= low) and (high is None or value <= high)
    text = m.ctx.nstr(value, 8)
    return replace(blank, passed=bool(inside), message=text if inside else f"{text} is not {_interval(check)}")


def _interval(check: Bound) -> str:
    low, high = (end if isinstance(end, str) else "its bound" for end in (check.low, check.high))
    if check.low is None or check.high is None:
        return f"at least {low}" if check.high is None else f"at most {high}"
    return f"between {low} and {high}"


def _conflict(check: Check, point: Point) -> str:
    """Return a message if the balls at a point do not contain the values found in digits.

    Inside an integral a fractional ``**`` crosses its branch cut unnoticed and makes the ball wrong. Doubles are
    precise enough to detect that.
    """

    def values(m: Arithmetic) -> list[complex]:
        with m:
            numbers = [z for side in check.sides() for z in flat(side(m, **parameters_at(m, point)))]
            return [complex(float(m.re(z).real), float(m.im(z).real)) for z in numbers]

    in_digits, in_balls = (
        values(Digits(FEWEST_DIGITS, GUARD + check.guard)),
        values(Balls(FEWEST_DIGITS, GUARD + check.guard)),
    )
    size = max(map(abs, in_digits), default=0.0)
    off = max((abs(a - b) for a, b in zip(in_digits, in_balls, strict=False)), default=0.0)
    # A quantity that is 0 up to rounding has no digits to compare.
    if off <= 1e-8 * size + 1e-12 or not math.isfinite(off):
        return ""
    return f"balls and digits differ by {off / size:.2g}: is there a fractional ** inside an integral? use m.power"


# -- balls ---------------------------------------------------------------------------------------------
def _exponent(balls: list[Any]) -> float:
    """Return log10 of the widest radius, relative to its centre or to 1; infinity if a ball is not finite."""
    import flint

    def one(ball: Any) -> float:
        ball = flint.acb(ball)
        if not ball.is_finite():
            return math.inf
        radius = max(ball.real.rad(), ball.imag.rad())
        size = max(flint.arb(1), abs(ball.real.mid()), abs(ball.imag.mid()))
        # The logarithm is taken in balls, since 1e-400 would be 0 in a double.
        return float((radius / size).log().mid()) / math.log(10) if radius > 0 else -math.inf

    return max(map(one, balls), default=math.inf)


def _too_wide(m: Arithmetic, radius: float) -> str:
    limit = NARROW - m.digits
    if radius == math.inf:
        return "a ball is not finite"
    return "" if radius <= limit else f"a ball of radius 1e{radius:.0f} says nothing, at most 1e{limit} needed"


def _identity_balls(check: Identity, blank: Finding, m: Arithmetic, at: dict[str, Any]) -> Finding:
    import flint

    left, right = flat(check.closed(m, **at)), flat(check.independent(m, **at))
    if len(left) == len(right) and all(flint.acb(z).is_zero() for z in (*left, *right)):
        return replace(blank, digits=math.inf, radius=-math.inf, message=_NOTHING)
    radius = _exponent([*left, *right])
    if len(left) != len(right):
        return replace(blank, passed=False, message=f"{len(left)} numbers against {len(right)}")
    overlap = all(flint.acb(a).overlaps(flint.acb(b)) for a, b in zip(left, right, strict=True))
    message = _too_wide(m, radius) or ("" if overlap else "the balls do not overlap")
    return replace(blank, passed=not message, radius=radius, message=message)


def _contradiction_balls(check: Contradiction, blank: Finding, m: Arithmetic, at: dict[str, Any]) -> Finding:
    import flint

    left, right = flat(check.claimed(m, **at)), flat(check.actual(m, **at))
    radius = _exponent([*left, *right])
    size = max(flint.acb(z).abs_upper() for z in (*left, *right))
    gap = float(max(flint.acb(a - b).abs_lower() for a, b in zip(left, right, strict=True)) / size)
    message = _too_wide(m, radius) or ("" if gap > float(check.gap) else f"differs by {gap:.2g} only")
    return replace(blank, passed=not message, gap=gap, radius=radius, message=message)


def _bound_balls(check: Bound, blank: Finding, m: Arithmetic, at: dict[str, Any]) -> Finding:
    import flint

    value = flint.acb(check.quantity(m, **at)).real
    low, high = (end if end is None else flint.acb(end).real for end in check.ends(m, at))
    inside = (low is None or value >= low) and (high is None or value <= high)
    radius = _exponent([value])
    message = _too_wide(m, radius) or ("" if inside else f"{value.str(8)} is not {_interval(check)} for certain")
    return replace(blank, passed=not message, radius=radius, message=message or value.str(8, radius=False))


_JUDGES: dict[tuple[type, bool], Callable[..., Finding]] = {
    (Identity, False): _identity,
    (Contradiction, False): _contradiction,
    (Bound, False): _bound,
    (Identity, True): _identity_balls,
    (Contradiction, True): _contradiction_balls,
    (Bound, True): _bound_balls,
}
