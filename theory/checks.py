"""The three kinds of check: two evaluations agree, two evaluations differ, a quantity lies within bounds.

Every function of a check is called as ``f(m, **point)`` with an arithmetic ``m`` (`freqnet.theory.arithmetic`) and
the parameters of a point. Whole numbers stay whole; strings such as "0.7" or "1/3" become exact numbers of ``m``.
"""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Context, Decimal
from fractions import Fraction
from functools import cached_property
from typing import Any

from freqnet.errors import ConfigurationError, got_expected

from .arithmetic import Arithmetic, Number

Side = Callable[..., Any]
Point = Mapping[str, int | str]

#: Digits that a check may lose of the digits asked for.
SLACK = 5
#: Digits required of the engine: a double carries 15 to 16, and an operator adds up a few dozen rounding errors.
ENGINE_DIGITS = 12
#: Fewest random points outside a hypothesis.
OUTSIDE = 5
#: Why a check that runs the engine cannot be made rigorous.
DOUBLE = "the engine computes in double precision"


#: Random points at 15 digits of each check that has random parameters: a failure in a sixtieth of their region is
#: missed with a probability of less than 1 %.
SCREENED = 300
#: A range is drawn from logarithmically if its ends have one sign and this ratio at least.
DECADES = 100


@dataclass(frozen=True)
class Range:
    """Interval of a random parameter: whole numbers if both ends are ints, else decimals of about six digits.

    Decimals whose ends have one sign, and a ratio of 100 or more, are drawn logarithmically: each decade is as likely.

    Raises
    ------
    ConfigurationError
        The ends are not numbers, or not in order.

    Examples
    --------
    >>> Range("1e-9", "1e-6").at(0.5), Range("-3", "3").at(0.25), Range(1, 6).at(0.99)
    ('3.16228E-8', '-1.50000', 6)
    """

    low: int | str
    high: int | str

    def __post_init__(self) -> None:
        try:
            is_ordered = Fraction(self.low) <= Fraction(self.high)
        except (TypeError, ValueError, ZeroDivisionError):
            is_ordered = False
        if not is_ordered:
            expected = 'two whole numbers or decimals in order, such as ("-3", "0.5")'
            got = f"{self.low!r} to {self.high!r}"
            raise ConfigurationError(got_expected("range", got, expected, "give the smaller end first"))

    def at(self, place: float) -> int | str:
        """Return the parameter at a place from 0 to 1, both ends included."""
        if isinstance(self.low, int) and isinstance(self.high, int):
            return min(self.high, self.low + int(place * (self.high - self.low + 1)))
        if place in (0, 1):
            return str(self.high if place else self.low)
        low, high = self._ends
        if low == high:
            return str(self.low)
        sign, small, large = (1, low, high) if low > 0 else (-1, -high, -low)
        if small > 0 and large >= DECADES * small:
            place = place if sign > 0 else 1 - place
            exponent = (1 - place) * _log10(small) + place * _log10(large)
            value = sign * Decimal(10) ** Decimal(exponent)
            return str(Context(prec=6).plus(value)) if low < Fraction(value) < high else str(self.low)
        last, start, steps = self._grid
        first, end = math.ceil(start), math.floor(start + steps)
        return str(Decimal(min(end, max(first, round(start + Fraction(place) * steps)))).scaleb(last))

    @cached_property
    def _ends(self) -> tuple[Fraction, Fraction]:
        return Fraction(self.low), Fraction(self.high)

    @cached_property
    def _grid(self) -> tuple[int, Fraction, Fraction]:
        """Return the exponent of a step, one part in 100,000 of the width or finer, and start and width in steps."""
        low, high = self._ends
        last = math.floor(_log10(high - low)) - 5
        step = Fraction(10) ** last
        return last, low / step, (high - low) / step

    def draw(self, generator: random.Random) -> int | str:
        """Draw a random parameter."""
        return self.at(generator.random())


def _opposite_corners(count: int, generator: random.Random) -> list[list[float]]:
    """Draw two opposite corners of as many ranges, as places for `Range.at`."""
    corner: list[float] = [generator.randint(0, 1) for _ in range(count)]
    return [corner, [1 - end for end in corner]]


def _log10(value: Fraction) -> float:
    """Return the logarithm of a positive number that may be outside the range of doubles."""
    return math.log10(value.numerator) - math.log10(value.denominator)


@dataclass(frozen=True, kw_only=True)
class Check:
    """Base class of the checks. Each field has a name of its own in a flat call, as in `freqnet.theory.Claim`.

    Attributes
    ----------
    name : str
        Short description of the comparison; it also seeds the random points.
    points : tuple of mappings
        Parameters to check at; list the difficult ones here.
    random : mapping of str to Range
        The `Range` of each random parameter; random points are checked in addition to the listed ones.
    draws : int
        Number of random points at all digits.
    screened : int
        Number of further random points at 15 digits, spread evenly over each range, its ends included. Expensive
        checks take fewer, most of all without balls. A point that fails there is judged at all digits.
    guard : int
        Additional decimal digits, for formulas that cancel.
    not_enclosed : str
        Why balls cannot enclose this check; empty if they can.
    outside_points : tuple of mappings
        Parameters outside the hypothesis, where the claim must fail, if its hypothesis is necessary.
    outside : mapping of str to Range
        Ranges of random parameters outside the hypothesis.
    """

    name: str
    points: tuple[Point, ...] = ()
    random: Mapping[str, Range] = field(default_factory=dict)
    draws: int = 3
    screened: int = SCREENED
    guard: int = 0
    not_enclosed: str = ""
    outside_points: tuple[Point, ...] = ()
    outside: Mapping[str, Range] = field(default_factory=dict)

    def __post_init__(self) -> None:
        wrong = [value for ranges in (self.random, self.outside) for value in ranges.values()]
        wrong = [value for value in wrong if not isinstance(value, Range)]
        if wrong:
            raise ConfigurationError(
                got_expected("random", repr(wrong[0]), 'a Range("-3", "3")', "wrap it in Range(...)")
            )
        for name in ("points", "outside_points"):
            self._require_points(name, getattr(self, name))
        if self.random and not self.points and self.draws < 1:
            todo = "leave draws out, or list points"
            raise ConfigurationError(got_expected("draws", self.draws, "1 or more where no point is listed", todo))
        for side in self.sides():
            if not callable(side):
                raise ConfigurationError(got_expected(self.name, repr(side), "a function of m", "pass a function"))

    def _require_points(self, name: str, points: Any) -> None:
        """Raise `ConfigurationError` unless points are a tuple of mappings to exact numbers."""
        if not isinstance(points, tuple | list) or not all(isinstance(point, Mapping) for point in points):
            todo = f'add the comma: {name}=({{"w": "0.7"}},)'
            raise ConfigurationError(got_expected(name, repr(points), "a tuple of points", todo))
        rounded = [value for point in points for value in point.values() if isinstance(value, float)]
        if rounded:
            todo = f"pass {str(rounded[0])!r}, which becomes an exact number"
            raise ConfigurationError(got_expected(name, repr(rounded[0]), "whole numbers or strings", todo))

    def all_points(self, seed: int) -> Iterator[Point]:
        """Yield the listed points, then the random ones; without any, yield one point without parameters."""
        yield from self.points or (() if self.random else ({},))
        if self.random:
            generator = random.Random(f"{self.name} {seed}")
            for _ in range(self.draws):
                yield {name: where.draw(generator) for name, where in self.random.items()}

    def screening_points(self, seed: int) -> Iterator[Point]:
        """Yield the random points at 15 digits: two opposite corners of the ranges first, none of them twice."""
        if not self.random or self.screened < 1:
            return
        generator = random.Random(f"screening {self.name} {seed}")
        corners = _opposite_corners(len(self.random), generator)
        # Each range is divided into as many parts as there are points, and each part has one.
        orders = [generator.sample(range(self.screened), self.screened) for _ in self.random]
        places = corners + [
            [(part + generator.random()) / self.screened for part in parts] for parts in zip(*orders, strict=True)
        ]
        seen: set[tuple[int | str, ...]] = set()
        for place in places:
            values = tuple(where.at(at) for where, at in zip(self.random.values(), place, strict=True))
            if values not in seen:
                seen.add(values)
                yield dict(zip(self.random, values, strict=True))

    def points_outside(self, seed: int) -> Iterator[Point]:
        """Yield the points outside the hypothesis: two opposite corners of the ranges, and random ones."""
        yield from self.outside_points
        if self.outside:
            generator = random.Random(f"outside {self.name} {seed}")
            for ends in _opposite_corners(len(self.outside), generator):
                yield {name: where.at(end) for (name, where), end in zip(self.outside.items(), ends, strict=True)}
            for _ in range(max(self.draws, OUTSIDE)):
                yield {name: where.draw(generator) for name, where in self.outside.items()}

    def sides(self) -> tuple[Side, ...]:
        """Return the functions that are evaluated."""
        raise NotImplementedError


@dataclass(frozen=True, kw_only=True)
class Identity(Check):
    """A closed form and an independent evaluation that must agree at every point.

    Attributes
    ----------
    closed : callable
        The claimed formula.
    independent : callable
        The same quantity computed differently: by a quadrature, a series or an explicit sum.
    engine : bool
        Whether freqnet's engine computes one side in double precision. Then 12 digits suffice, and ``not_enclosed``
        is filled in.
    given : tuple of callables
        Functions that both sides may use because the claim is about them, such as an activation.
    """

    closed: Side
    independent: Side
    engine: bool = False
    given: tuple[Side, ...] = ()

    def __post_init__(self) -> None:
        super().__post_init__()
        if not isinstance(self.given, tuple | list):
            raise ConfigurationError(
                got_expected("given", repr(self.given), "a tuple of functions", "add the comma: given=(sigmoid,)")
            )
        if any(side in self.given for side in self.sides()):
            todo = "leave the closed form and the independent evaluation out of given"
            raise ConfigurationError(got_expected("given", "a side of the check", "functions that it uses", todo))
        if self.engine and not self.not_enclosed:
            object.__setattr__(self, "not_enclosed", DOUBLE)

    def sides(self) -> tuple[Side, ...]:
        return self.closed, self.independent

    def digits_needed(self, digits: int) -> int:
        """Return how many of the digits asked for must agree."""
        return min(digits - SLACK, ENGINE_DIGITS) if self.engine else digits - SLACK


@dataclass(frozen=True, kw_only=True)
class Contradiction(Check):
    """A claimed formula and the actual quantity, which must differ at every point.

    Attributes
    ----------
    claimed : callable
        The formula as claimed.
    actual : callable
        The actual quantity, evaluated independently.
    gap : str
        Least relative difference, above 0.
    """

    claimed: Side
    actual: Side
    gap: str = "1e-3"

    def __post_init__(self) -> None:
        super().__post_init__()
        gap = _exact(self.gap)
        if gap is None or not 0 < gap < 2:
            expected = "a relative difference above 0 and below 2"
            raise ConfigurationError(got_expected("gap", repr(self.gap), expected, "pass gap='1e-3', for example"))

    def sides(self) -> tuple[Side, ...]:
        return self.claimed, self.actual


@dataclass(frozen=True, kw_only=True)
class Bound(Check):
    """A real quantity that must lie between two bounds at every point.

    Attributes
    ----------
    quantity : callable
        The bounded quantity.
    low : str or callable or None
        Lower bound: a number as a string, or a function of the point.
    high : str or callable or None
        Upper bound, likewise.
    loose : str
        Why the quantity does not come near one of its bounds at any point; empty if it comes near each of them.
    """

    quantity: Side
    low: str | Side | None = None
    high: str | Side | None = None
    loose: str = ""

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.low is None and self.high is None:
            raise ConfigurationError(
                got_expected("bounds", "none", "low, high, or both", "pass high='0.5', for example")
            )
        ends = [_exact(end) for end in (self.low, self.high) if end is not None and not callable(end)]
        if None in ends:
            got = " and ".join(repr(end) for end in (self.low, self.high) if end is not None and not callable(end))
            raise ConfigurationError(
                got_expected("bounds", got, "a number or a function", "pass high='0.5', for example")
            )
        if len(ends) == 2 and ends[0] > ends[1]:  # type: ignore[operator]
            raise ConfigurationError(
                got_expected("bounds", f"{self.low} and {self.high}", "low at most high", "give the smaller end as low")
            )

    def sides(self) -> tuple[Side, ...]:
        return (self.quantity,)

    def ends(self, m: Arithmetic, parameters: dict[str, Any]) -> tuple[Number | None, Number | None]:
        """Return both bounds at a point."""

        def end(value: str | Side | None) -> Number | None:
            if value is None or callable(value):
                return value and value(m, **parameters)
            return m.number(value)

        return end(self.low), end(self.high)


def _exact(value: Any) -> Fraction | None:
    """Return the number of a string, or None."""
    try:
        return Fraction(value)
    except (TypeError, ValueError, OverflowError, ZeroDivisionError):
        return None


def parameters_at(m: Arithmetic, point: Point) -> dict[str, Any]:
    """Convert the strings of a point to numbers of an arithmetic."""
    return {name: m.number(value) if isinstance(value, str | Fraction) else value for name, value in point.items()}


def flat(value: Any) -> list[Number]:
    """Flatten a number, a list of numbers or a nested list to a list of numbers."""
    return [number for part in value for number in flat(part)] if isinstance(value, list | tuple) else [value]
