"""How a claim is checked: two evaluations that must agree, two that must not, a quantity that must lie within bounds.

Every function of a check is called as ``f(m, **point)`` with an arithmetic ``m`` (`freqnet.theory.arithmetic`) and
the parameters of a point: whole numbers stay whole, strings such as "0.7" or "1/3" become exact numbers of ``m``.
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

#: Of the digits asked for, so many may be lost.
SLACK = 5
#: A double carries 15 to 16 digits; an operator of the engine adds up a few dozen of them.
ENGINE_DIGITS = 12
#: Why a check that runs the engine cannot be made rigorous.
DOUBLE = "the engine computes in double precision"


@dataclass(frozen=True)
class Range:
    """Where random parameters are drawn from: whole numbers, or decimals of five digits between two others."""

    low: int | str
    high: int | str

    def __post_init__(self) -> None:
        try:
            is_ordered = Fraction(self.low) <= Fraction(self.high)
        except (TypeError, ValueError):
            is_ordered = False
        if not is_ordered:
            expected = 'two whole numbers or decimals in order, such as ("-3", "0.5")'
            raise ConfigurationError(got_expected("range", f"{self.low!r} to {self.high!r}", expected, "change it"))

    def draw(self, generator: random.Random) -> int | str:
        """Draw a parameter."""
        if isinstance(self.low, int) and isinstance(self.high, int):
            return generator.randint(self.low, self.high)
        low, high = (round(Fraction(end) * 10**5) for end in (self.low, self.high))
        return str(Decimal(generator.randint(low, high)).scaleb(-5))


@dataclass(frozen=True, kw_only=True)
class Check:
    """What all checks have.

    Attributes
    ----------
    name : str
        What is compared, in a few words.
    points : tuple of mappings
        Parameters to check at; the hard ones belong here.
    random : mapping of str to Range
        For each parameter the `Range` it is drawn from, in addition to the points.
    draws : int
        How many random points.
    guard : int
        Decimal digits carried beyond the usual, where a formula is known to cancel.
    not_enclosed : str
        Why this check cannot be made rigorous; empty where it can.
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
            raise ConfigurationError(got_expected("random", repr(wrong[0]), 'a Range("-3", "3")', "wrap it"))
        for side in self.sides():
            if not callable(side):
                raise ConfigurationError(got_expected(self.name, repr(side), "a function of m", "give the function"))

    def all_points(self, seed: int) -> Iterator[Point]:
        """Yield the listed points, then those drawn with this seed; one without parameters where there are none."""
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
    """A closed form and an independent evaluation, which must agree at every point.

    Attributes
    ----------
    closed : callable
        The formula that is claimed.
    independent : callable
        The same quantity by other means: a quadrature, a series, an explicit sum.
    engine : bool
        One side is computed by freqnet's engine, in double precision: at most 12 digits must agree, and
        ``not_enclosed`` says so by itself.
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
        """Return how many digits must agree of those asked for."""
        return min(digits - SLACK, ENGINE_DIGITS) if self.engine else digits - SLACK


@dataclass(frozen=True, kw_only=True)
class Contradiction(Check):
    """What was claimed and what is: they must differ at every point, or the refutation has failed.

    Attributes
    ----------
    claimed : callable
        The formula or statement as claimed.
    actual : callable
        The quantity it is about, evaluated independently.
    gap : str
        The relative difference that must at least be there.
    """

    claimed: Side
    actual: Side
    gap: str = "1e-3"

    def sides(self) -> tuple[Side, ...]:
        return self.claimed, self.actual


@dataclass(frozen=True, kw_only=True)
class Bound(Check):
    """A real quantity that must lie between two others at every point.

    Attributes
    ----------
    quantity : callable
        What is bounded.
    low : int | str
        The lower bound: a number in words, a function of the point, or None.
    high : int | str
        The upper bound, likewise.
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
    """Return the parameters of a point as an arithmetic has them."""
    return {name: m.number(value) if isinstance(value, str) else value for name, value in point.items()}


def flat(value: Any) -> list[Number]:
    """Return the numbers of a number, a list of numbers, a list of lists."""
    return [number for part in value for number in flat(part)] if isinstance(value, list | tuple) else [value]
