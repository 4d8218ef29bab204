"""Judge a check at one point, in digits or in balls, at as many precisions as it takes.

A formula that cancels returns noise, and noise differs from everything: it would contradict a true claim and break any
bound. Noise depends on the precision, values do not. Contradictions and bounds are therefore judged by values at two
precisions that agree, and identities by such values where they fail at the first; balls that are too wide are computed
again with more digits.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace
from decimal import Decimal, InvalidOperation
from functools import partial
from typing import Any

from .arithmetic import GUARD, Arithmetic, Digits, Number
from .balls import Balls
from .checks import SLACK, Bound, Check, Contradiction, Identity, Point, flat, parameters_at

#: A ball is narrow if its radius is at most 10^-(digits - NARROW), relative to its centre.
NARROW = 10
#: Further digits carried at the second precision.
STEP = 30
#: A value whose change between two precisions is below this part of it is no noise.
STEADY = 1e-3
#: Digits to which balls and digits must agree in contradictions and bounds.
ROUGH = 8
#: Digits of a quantity within bounds that are shown.
SHOWN = 8
_NOTHING = "both sides are zero"
#: Ends the message of a ball that reaches beyond its bounds.
UNCERTAIN = " for certain"


@dataclass(frozen=True, kw_only=True)
class Finding:
    """Result of a check: one row of the evidence, which is why it has more than ten fields.

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
        Smallest relative difference of a contradiction; least distance of a quantity from its bounds, relative to the
        larger of both.
    radius : float or None
        Log10 of the radius of the widest ball, relative to its centre; None if no balls ran.
    worst : mapping or None
        Parameters of the worst point.
    seconds : float
        Duration.
    engine : bool
        Whether one side was computed in double precision.
    points : int
        Number of points at all digits, those outside the hypothesis included.
    screened : int
        Number of further random points at 15 digits.
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
    points: int = 0
    screened: int = 0

    @property
    def place(self) -> str:
        """Parameters of the worst point as text."""
        return ", ".join(f"{name} = {value}" for name, value in (self.worst or {}).items())

    @property
    def enclosed(self) -> bool:
        """Whether the check passed in balls."""
        return self.passed and self.radius is not None


class PrecisionError(ArithmeticError):
    """A formula changed the precision of its arithmetic."""


@dataclass
class Values:
    """Numbers of a check at a point, in one arithmetic: of each side, and the bounds of a quantity."""

    m: Any
    sides: tuple[list[Number], ...]
    ends: tuple[Number | None, ...] = ()

    @property
    def all(self) -> list[Number]:
        """All numbers of both sides."""
        return [number for side in self.sides for number in side]

    @property
    def size(self) -> Number:
        """The largest modulus."""
        return max(map(abs, self.all), default=self.m.ctx.zero)

    @property
    def carried(self) -> int:
        """Digits carried."""
        return self.m.digits + self.m.guard

    @property
    def wrong(self) -> str:
        """Why the numbers in digits cannot be compared, or an empty string."""
        if len(self.sides) == 2 and len(self.sides[0]) != len(self.sides[1]):
            return f"{len(self.sides[0])} numbers against {len(self.sides[1])}"
        known = [*self.all, *(end for end in self.ends if end is not None)]
        return "" if all(self.m.ctx.isfinite(z) for z in known) else "not finite"


@dataclass
class Judge:
    """Judges one check at points, and keeps its arithmetics.

    Attributes
    ----------
    check : Check
    digits : int
        Digits asked for.
    balls : bool
        Use balls; else digits.
    is_confirmed : bool
        Whether balls judge the same points. Then digits at one precision and quadratures of one panelling suffice,
        since balls see cancellation and spikes.
    guard : int
        Decimal digits carried in addition at the first precision, beside those of the check.
    """

    check: Check
    digits: int
    balls: bool
    is_confirmed: bool = False
    guard: int = GUARD
    _made: dict[int, Any] = field(default_factory=dict)
    _known: dict[int, Values] = field(default_factory=dict)

    def judge(self, point: Point) -> tuple[Finding, Values]:
        """Return the finding at a point, and the values that it rests on."""
        self._known.clear()
        kind = type(self.check).__name__.lower()
        blank = Finding(check=self.check.name, kind=kind, worst=point, engine=getattr(self.check, "engine", False))
        found = _JUDGES[type(self.check), self.balls](self, blank, point)
        return found, self._known[max(self._known)]

    def first(self) -> Arithmetic:
        """Return the arithmetic of the first precision."""
        return self._arithmetic(0)

    def _arithmetic(self, extra: int) -> Any:
        if extra not in self._made:
            kind = Balls if self.balls else Digits
            self._made[extra] = kind(self.digits, self.guard + self.check.guard + extra)
            if not self.balls:
                # Further precisions have other nodes, and are compared where the first panelling was too coarse.
                is_compared = not self.is_confirmed and (extra == 0 or self._made[0].is_divided)
                self._made[extra].panellings = 2 if is_compared else 1
        return self._made[extra]

    def values(self, point: Point, extra: int) -> Values:
        """Return the numbers of the check at a point."""
        m = self._arithmetic(extra)
        with m:
            at = parameters_at(m, point)
            sides = []
            for side in self.check.sides():
                sides.append(flat(side(m, **at)))
                _refuse_change(m)
            ends: tuple[Number | None, ...] = ()
            if isinstance(self.check, Bound):
                ends = self.check.ends(m, at)
                _refuse_change(m)
        self._known[extra] = Values(m, tuple(sides), ends)
        return self._known[extra]

    def ladder(self, point: Point) -> Iterator[Values]:
        """Yield the values at growing precisions; a division by zero may be one by noise, and is left out."""
        carried = self.digits + self.guard + self.check.guard
        step = -(-max(STEP, 3 * _exponent_of(point)) // STEP) * STEP
        last: ZeroDivisionError | None = None
        for extra in (0, step, 2 * step + carried, 4 * step + 3 * carried):
            try:
                values = self.values(point, extra)
            except ZeroDivisionError as error:
                last = error
                continue
            last = None
            yield values
        if last is not None:
            raise last


def _refuse_change(m: Arithmetic) -> None:
    if m.changed_precision():
        raise PrecisionError("a formula changed the precision; let it use the precision of m")


def _exponent_of(point: Point) -> int:
    """Return the largest decimal exponent, in modulus, of the parameters that are decimals."""
    exponents = [0]
    for value in point.values():
        if isinstance(value, str):
            try:
                exponents.append(abs(Decimal(value).adjusted()))
            except InvalidOperation:  # a fraction such as 1/3
                exponents += [len(part) for part in value.split("/")]
    return min(max(exponents), 2000)


def _unsettled(values: Values) -> str:
    seen = f"its values still change at {values.carried} digits carried: it cancels, or is 0 here, without digits"
    return f"{seen}; pass guard=, mend the formula, or return a list of the numbers that make up the 0"


# -- digits --------------------------------------------------------------------------------------------
def agreement(m: Any, left: list[Number], right: list[Number]) -> tuple[float, float, str]:
    """Return the digits of agreement, the difference relative to the largest number, and a message."""
    values = Values(m, (left, right))
    if values.wrong:
        return 0.0, math.inf, values.wrong
    size = values.size
    if size == 0:
        return math.inf, 0.0, _NOTHING
    off = max((abs(a - b) for a, b in zip(left, right, strict=True)), default=m.ctx.zero) / size
    return _digits(values, off), float(off), ""


def _digits(values: Values, off: Number) -> float:
    """Return the number of digits of a relative difference, at most those carried at the first precision."""
    carried = values.m.digits + GUARD
    return carried if off == 0 else min(carried, float(-values.m.ctx.log10(off)))


def _identity(judge: Judge, blank: Finding, point: Point) -> Finding:
    check, last = judge.check, None
    assert isinstance(check, Identity)
    needed = check.digits_needed(judge.digits)
    found = blank
    for values in judge.ladder(point):
        digits, _, message = agreement(values.m, *values.sides)
        if check.engine or message == _NOTHING:
            found = replace(blank, passed=digits >= needed, digits=digits, message=message)
            break
        if message:
            found = replace(blank, passed=False, digits=0.0, message=message)
            if "against" in message:
                break
            last = values
            continue
        entries = [_entry(last, values, place, needed) for place in range(len(values.sides[0]))]
        digits = min((entry for entry in entries if entry is not None), default=-math.inf)
        if None in entries:
            found = replace(blank, passed=False, digits=0.0, message=_unsettled(values))
        else:
            found = replace(blank, passed=digits >= needed, digits=digits)
            if found.passed or last is not None:
                break
        last = values
    if not found.passed and not found.message:
        found = replace(found, message=f"agrees to {max(found.digits or 0, 0):.1f} digits, {needed} needed")
    return found


def _entry(last: Values | None, now: Values, place: int, needed: int) -> float | None:
    """Return the digits to which one entry agrees, or None if only more digits can tell.

    An entry is compared by its own size, however small beside the others. An entry whose both sides are noise that
    shrinks with the precision, below all digits needed, counts as zero.
    """
    a, b = (side[place] for side in now.sides)
    size = max(abs(a), abs(b))
    if size == 0:
        return _digits(now, now.m.ctx.zero)
    digits = _digits(now, abs(a - b) / size)
    if digits >= needed or last is None:
        return digits if digits >= needed else None
    is_steady = [_is_steady(old[place], new[place]) for old, new in zip(last.sides, now.sides, strict=True)]
    if all(is_steady):
        return digits
    further = now.carried - last.carried
    if not any(is_steady) and size <= now.size * now.m.ctx.mpf(10) ** (-needed - further):
        return _digits(now, now.m.ctx.zero)
    return None


def _is_steady(old: Number, new: Number) -> bool:
    return new != 0 and bool(abs(new - old) <= STEADY * abs(new))


def _drift(last: Values, now: Values) -> Number:
    """Return the largest change of a number between two precisions."""
    changes = [abs(new - old) for old, new in zip(last.all, now.all, strict=True)]
    return max(changes, default=now.m.ctx.zero)


def _contradiction(judge: Judge, blank: Finding, point: Point) -> Finding:
    check, last = judge.check, None
    assert isinstance(check, Contradiction)
    found = blank
    for values in judge.ladder(point):
        _, gap, wrong = agreement(values.m, *values.sides)
        if wrong or not math.isfinite(gap):
            found = replace(blank, passed=False, message=f"{wrong or 'not finite'}: the claim is not contradicted")
            last = None
            if wrong != "not finite":
                break
            continue
        found = replace(blank, passed=False, gap=gap, message=_unsettled(values))
        if judge.is_confirmed and gap > float(check.gap):
            return replace(found, passed=True, message="")
        is_comparable = last is not None and len(last.all) == len(values.all)
        if last is not None and is_comparable and _drift(last, values) <= values.size * float(check.gap) / 10:
            enough = gap > float(check.gap)
            wrong = f"differs by {gap:.2g} only, {check.gap} needed: the claim is not contradicted"
            found = replace(found, passed=enough, message="" if enough else wrong)
            break
        last = values
    return found


def _bound(judge: Judge, blank: Finding, point: Point) -> Finding:
    check, last = judge.check, None
    assert isinstance(check, Bound)
    found = blank
    for values in judge.ladder(point):
        text, wrong = _bounded(check, values, values if judge.is_confirmed else last)
        found = replace(blank, passed=not wrong, message=wrong or text, gap=None if wrong else _distance(values))
        if not wrong or (last is not None and wrong != _unsettled(values)):
            break
        last = values
    return found


def _bounded(check: Bound, now: Values, last: Values | None) -> tuple[str, str]:
    """Return a quantity as text, and why it is not known to lie within its bounds."""
    m = now.m
    if len(now.all) != 1:
        return "", f"got {len(now.all)} numbers, expected one; check them one by one"
    if now.wrong:
        return "", now.wrong
    parts = _parts(now)
    real = [None if part is None else part[0] for part in parts]
    shown = partial(m.ctx.nstr, n=_digits_shown(real, m.ctx.nstr))
    text = shown(real[0])
    if last is None or last.wrong:
        return text, _unsettled(now)
    before = _parts(last)
    needed, further = now.m.digits - SLACK, now.carried - last.carried
    for old, new in zip(before, parts, strict=True):
        if new is None or old is None:
            continue
        is_small = abs(new[1]) <= abs(new[0]) * m.ctx.mpf(10) ** -needed
        # Rounding errors shrink with the precision.
        if not is_small and not abs(new[1]) <= abs(old[1]) * m.ctx.mpf(10) ** (NARROW - further):
            return text, f"{text} has an imaginary part of {m.ctx.nstr(new[1], 2)}: bounds are of real numbers"
    value, low, high = real
    assert value is not None
    old_value, old_low, old_high = (part if part is None else part[0] for part in before)
    for margin, drift in (
        (None if low is None else value - low, _change(value, old_value) + _change(low, old_low)),
        (None if high is None else high - value, _change(value, old_value) + _change(high, old_high)),
    ):
        if margin is None:
            continue
        if abs(margin) < 2 * drift:
            return text, _unsettled(now)
        if margin < 0:
            return text, f"{text} is not {interval(check)}{_shown(check, shown, low, high)}"
    return text, ""


def _distance(values: Values) -> float:
    """Return the distance of a quantity from its nearest bound, relative to the larger of both."""
    value, *ends = (None if part is None else part[0] for part in _parts(values))
    assert value is not None
    distances = [(abs(value - end), max(abs(value), abs(end))) for end in ends if end is not None]
    return min(float(distance / size) if size else 0.0 for distance, size in distances)


def _digits_shown(numbers: Iterable[Number | None], text: Callable[[Number, int], str]) -> int:
    """Return the digits at which a quantity and its bounds, if they differ, do not look alike."""
    known = [z for z in numbers if z is not None]
    for digits in (SHOWN, 2 * SHOWN, 4 * SHOWN):
        texts = [text(z, digits) for z in known]
        if texts[0] not in texts[1:]:
            return digits
    return SHOWN


def _parts(values: Values) -> list[tuple[Number, Number] | None]:
    """Return the real and imaginary parts of a quantity and its bounds."""
    numbers = (values.all[0], *values.ends)
    return [None if z is None else (values.m.ctx.re(z), values.m.ctx.im(z)) for z in numbers]


def _change(new: Number | None, old: Number | None) -> Number:
    return 0 if new is None or old is None else abs(new - old)


def interval(check: Bound) -> str:
    """Return the bounds of a check as words."""
    low, high = (end if isinstance(end, str) else "its bound" for end in (check.low, check.high))
    if check.low is None or check.high is None:
        return f"at least {low}" if check.high is None else f"at most {high}"
    return f"between {low} and {high}"


def _shown(check: Bound, text: Callable[[Number], str], *ends: Number | None) -> str:
    """Return the values of the bounds that are functions, in parentheses."""
    values = [text(z) for z, end in zip(ends, (check.low, check.high), strict=True) if callable(end)]
    return f" ({' and '.join(values)})" if values else ""


def is_broken(check: Bound, found: Finding) -> bool:
    """Return whether a quantity lies outside its bounds for certain."""
    return f" is not {interval(check)}" in found.message and not found.message.endswith(UNCERTAIN)


# -- balls ---------------------------------------------------------------------------------------------
def _log10(ratio: Any) -> float:
    """Return the logarithm of a ball, which may be outside the range of doubles."""
    return float(ratio.log().mid()) / math.log(10) if ratio > 0 else -math.inf


def _width(ball: Any, size: Any = None) -> float:
    """Return log10 of the radius of a ball relative to its centre or a size; infinity if that says nothing."""
    if not ball.is_finite():
        return math.inf
    radius = max(ball.real.rad(), ball.imag.rad())
    if not radius > 0:
        return -math.inf
    size = abs(ball.mid()).mid() if size is None else size
    return _log10(radius / size) if size > 0 else math.inf


def _too_wide(judge: Judge, radius: float) -> str:
    limit = NARROW - judge.digits
    if radius == math.inf:
        return "a ball is not finite, or contains 0 and has no size to compare with"
    return "" if radius <= limit else f"a ball of radius 1e{radius:.0f} says nothing, at most 1e{limit} needed"


def _as_balls(values: Values) -> list[list[Any]]:
    import flint

    return [[flint.acb(z) for z in side] for side in values.sides]


def _size_in_balls(sides: list[list[Any]]) -> Any:
    """Return the largest modulus that a number of both sides has for certain."""
    import flint

    return max((abs(z).abs_lower() for side in sides for z in side if z.is_finite()), default=flint.arb(0))


def _identity_balls(judge: Judge, blank: Finding, point: Point) -> Finding:
    import flint

    found = blank
    last: tuple[int, float] | None = None
    for step, values in enumerate(judge.ladder(point)):
        with values.m:
            left, right = _as_balls(values)
            if len(left) != len(right):
                return replace(blank, passed=False, message=f"{len(left)} numbers against {len(right)}")
            if all(z.is_zero() for z in (*left, *right)):
                return replace(blank, digits=math.inf, radius=-math.inf, message=_NOTHING)
            if any(z.is_finite() and w.is_finite() and not z.overlaps(w) for z, w in zip(left, right, strict=True)):
                radius = max(_width(z) for z in (*left, *right))
                return replace(blank, passed=False, radius=radius, message="the balls do not overlap")
            size = _size_in_balls([left, right])
            # Both sides of an entry that contains 0 are compared with the largest entry.
            around_zero = [z.contains(0) and w.contains(0) for z, w in zip(left, right, strict=True)]
            widths = [
                _width(z, size if is_zero else None)
                for side in (left, right)
                for z, is_zero in zip(side, around_zero, strict=True)
            ]
            radius = max(widths, default=math.inf)
            if around_zero and all(around_zero):
                # Zero on both sides, if the balls shrink as far as the further digits let them.
                absolute = max(_width(z, flint.arb(1)) for z in (*left, *right))
                if last is not None and absolute - last[1] <= NARROW - (values.carried - last[0]):
                    return replace(blank, digits=math.inf, radius=absolute, message=_NOTHING)
                last = values.carried, absolute
        message = _too_wide(judge, radius)
        found = replace(blank, passed=not message, radius=radius, message=message)
        is_exact = all(z.is_zero() for side in (left, right) for z, zero in zip(side, around_zero, strict=True) if zero)
        # More digits tell a small entry from zero.
        if found.passed and (step > 0 or is_exact):
            return found
    return found


def _contradiction_balls(judge: Judge, blank: Finding, point: Point) -> Finding:
    check, found = judge.check, blank
    assert isinstance(check, Contradiction)
    for values in judge.ladder(point):
        with values.m:
            left, right = _as_balls(values)
            if len(left) != len(right):
                return replace(blank, passed=False, message=f"{len(left)} numbers against {len(right)}")
            size = max(z.abs_upper() for z in (*left, *right))
            radius = max(_width(z, size) for z in (*left, *right))
            apart = max((a - b).abs_lower() for a, b in zip(left, right, strict=True))
            gap = float(apart / size) if size > 0 else 0.0
        message = _too_wide(judge, radius) or ("" if gap > float(check.gap) else f"differs by {gap:.2g} only")
        found = replace(blank, passed=not message, gap=gap, radius=radius, message=message)
        if found.passed or not _too_wide(judge, radius):
            return found
    return found


def _bound_balls(judge: Judge, blank: Finding, point: Point) -> Finding:
    import flint

    check, found = judge.check, blank
    assert isinstance(check, Bound)
    for values in judge.ladder(point):
        with values.m:
            if len(values.all) != 1:
                return replace(blank, passed=False, message=f"got {len(values.all)} numbers, expected one")
            ball = flint.acb(values.all[0])
            low, high = (None if z is None else flint.acb(z) for z in values.ends)
            given = [ball, *(z for z in (low, high) if z is not None)]
            if not all(z.is_finite() for z in given):
                found = replace(blank, passed=False, message="a ball is not finite")
                continue
            digits = _digits_shown((ball, low, high), lambda z, n: z.real.str(n, radius=False))
            text = ball.real.str(digits, radius=False)
            if not all(z.imag.contains(0) for z in given):
                message = f"{text} or its bounds have an imaginary part: bounds are of real numbers"
                return replace(blank, passed=False, message=message)
            margins = ([] if low is None else [ball - low]) + ([] if high is None else [high - ball])
            # A quantity near 0 is measured by its distance from the bounds.
            size = max([abs(ball.mid()).mid(), *(abs(margin.mid()).mid() for margin in margins)])
            radius = _width(ball, size)
            is_inside = all(margin.real >= 0 for margin in margins)
            is_outside = any(margin.real < 0 for margin in margins)
            shown = lambda z: z.real.str(digits, radius=False)  # noqa: B023
            bounds = f"{interval(check)}{_shown(check, shown, low, high)}"
        if is_outside:
            return replace(blank, passed=False, radius=radius, message=f"{text} is not {bounds}")
        uncertain = f"{ball.real.str(SHOWN)} is not {bounds}{UNCERTAIN}"
        message = _too_wide(judge, radius) or ("" if is_inside else uncertain)
        found = replace(blank, passed=not message, radius=radius, message=message or text)
        if found.passed:
            return found
    return found


def conflict(judge: Judge, in_digits: Values, in_balls: Values) -> str:
    """Return a message if the balls at a point do not contain the values found in digits."""
    import flint

    with in_balls.m:
        numbers, balls = [flint.acb(z) for z in in_digits.all], [flint.acb(z) for z in in_balls.all]
        size = max((abs(z.mid()).mid() for z in balls if z.is_finite()), default=flint.arb(0))
        # The others are judged by a gap or a margin, which needs few digits.
        needed = judge.check.digits_needed(judge.digits) if isinstance(judge.check, Identity) else ROUGH
        allowed = size * flint.arb(10) ** -needed
        for z, ball in zip(numbers, balls, strict=False):
            off = (z - ball).abs_lower()
            if off > allowed:
                ratio = f"{float(off / size):.2g}" if size > 0 else "their whole size"
                return f"balls and digits differ by {ratio}: one of the two arithmetics is misled"
    return ""


_JUDGES: dict[tuple[type, bool], Callable[..., Finding]] = {
    (Identity, False): _identity,
    (Contradiction, False): _contradiction,
    (Bound, False): _bound,
    (Identity, True): _identity_balls,
    (Contradiction, True): _contradiction_balls,
    (Bound, True): _bound_balls,
}
