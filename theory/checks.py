"""The three kinds of check: two evaluations agree, two evaluations differ, a quantity lies within bounds.

Every function of a check is called as ``f(m, **point)`` with an arithmetic ``m`` (`freqnet.theory.arithmetic`) and
the parameters of a point. Whole numbers stay whole; strings such as "0.7" or "1/3" become exact numbers of ``m``.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from fractions import Fraction
from typing import Any

from freqnet.errors import ConfigurationError, got_expected

from .arithmetic import Arithmetic, Number

Side = Callable[..., Any]
Point = Mapping[str, int | str]

#: Digits that a check may lose of the digits asked for.
SLACK = 5
#: Digits required of the engine: a double carries 15 to 16, and an operator adds up a few dozen rounding errors.
ENGINE_DIGITS = 12
#: Why a check that runs the engine cannot be made rigorous.
DOUBLE = "the engine computes in double precision"


@dataclass(frozen=True)
class Range:
    """Interval of a random parameter: whole numbers if both ends are ints, else decimals with five decimal places.

    Raises
    ------
    ConfigurationError
        The ends are not numbers, or not in order.
    """

    low: int | str
    high: int | str

    def __post_init__(self) -> None:
        try:
            is_ordered = Fraction(self.low) <= Fraction(self.high)
        except (TypeError, ValueError):
            is_ordered = False
        if not is_ordered:
            expected = 'two whole numbers or decimals in order, such as ("-3", "0.5")'
            got = f"{self.low!r} to {self.high!r}"
            raise ConfigurationError(got_expected("range", got, expected, "give the smaller end first"))

    def draw(self, generator: random.Random) -> int | str:
        """Draw a random parameter."""
        if isinstance(self.low, int) and isinstance(self.high, int):
            return generator.randint(self.low, self.high)
        low, high = (round(Fraction(end) * 10**5) for end in (self.low, self.high))
        return str(Decimal(generator.randint(low, high)).scaleb(-5))


@dataclass(frozen=True, kw_only=True)
class Check:
    """Base class of the checks.

    Attributes
    ----------
    name : str
        Short description of the comparison; it also seeds the random points.
    points : tuple of mappings
        Parameters to check at; list the difficult ones here.
    random : mapping of str to Range
        The `Range` of each random parameter; random points are checked in addition to the listed ones.
    draws : int
        Number of random points.
    guard : int
        Additional decimal digits, for formulas that cancel.
    not_enclosed : str
        Why balls cannot enclose this check; empty if they can.
    """

    name: str
    points: tuple[Point, ...] = ()
    random: Mapping[str, Range] = field(default_factory=dict)
    draws: int = 3
    guard: int = 0
    not_enclosed: str = ""

    def __post_init__(self) -> None:
        wrong = [value for value in self.random.values() if not isinstance(value, Range)]
        if wrong:
            raise ConfigurationError(
                got_expected("random", repr(wrong[0]), 'a Range("-3", "3")', "wrap it in Range(...)")
            )
        for side in self.sides():
            if not callable(side):
                raise ConfigurationError(got_expected(self.name, repr(side), "a function of m", "pass a function"))

    def all_points(self, seed: int) -> Iterator[Point]:
        """Yield the listed points, then the random ones; without any, yield one point without parameters."""
        yield from self.points or (() if self.random else ({},))
        if self.random:
            generator = random.Random(f"{self.name} {seed}")
            for _ in range(self.draws):
                yield {name: where.draw(generator) for name, where in self.random.items()}

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
    """

    closed: Side
    independent: Side
    engine: bool = False

    def __post_init__(self) -> None:
        super().__post_init__()
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
        Least relative difference.
    """

    claimed: Side
    actual: Side
    gap: str = "1e-3"

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
    """

    quantity: Side
    low: str | Side | None = None
    high: str | Side | None = None

    def sides(self) -> tuple[Side, ...]:
        return (self.quantity,)

    def ends(self, m: Arithmetic, parameters: dict[str, Any]) -> tuple[Number | None, Number | None]:
        """Return both bounds at a point."""

        def end(value: str | Side | None) -> Number | None:
            if value is None or callable(value):
                return value and value(m, **parameters)
            return m.number(value)

        return end(self.low), end(self.high)


def parameters_at(m: Arithmetic, point: Point) -> dict[str, Any]:
    """Convert the strings of a point to numbers of an arithmetic."""
    return {name: m.number(value) if isinstance(value, str) else value for name, value in point.items()}


def flat(value: Any) -> list[Number]:
    """Flatten a number, a list of numbers or a nested list to a list of numbers."""
    return [number for part in value for number in flat(part)] if isinstance(value, list | tuple) else [value]
