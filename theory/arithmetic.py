"""Arithmetics for formulas: decimal digits of any precision here, rigorous balls in `freqnet.theory.balls`.

Each side of a check is a function ``f(m, **parameters)`` of an arithmetic ``m``. It takes all constants, functions
and integrals from ``m``, so the same formula runs at 15 digits, at 2,000 digits, and rigorously.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Hashable
from fractions import Fraction
from functools import lru_cache, wraps
from typing import Any

import mpmath

from .integrands import Inside, refuse
from .mpfr import integrand
from .quadrature import Legendre, Rule, integrate

Number = Any  # an mpf or mpc, or a ball
Function = Callable[[Number], Number]

#: Functions of one argument that every arithmetic provides; sinc(z) is sin(z)/z, and 1 at z = 0.
FUNCTIONS = (
    "exp", "log", "sqrt", "sin", "cos", "tan", "sinh", "cosh", "tanh", "atan", "sinc", "erf", "erfc", "gamma",
)  # fmt: skip
#: Decimal digits carried in addition to the digits asked for.
GUARD = 20
# Digits of the second panelling of an integral: those of the shortest run, which every formula must stand.
_SECOND = 15
# Most results that a function keeps for different precisions and arguments.
_TABLES = 500
# One inner integral of so many is compared with a second panelling.
_INNER = 97


def by_precision(compute: Callable[..., Any]) -> Callable[..., Any]:
    """Return a function of an arithmetic and numbers that Python can hash, computed once for each precision.

    What it returns is not to be changed.
    """
    known: dict[Hashable, Any] = {}

    @wraps(compute)
    def once(m: Arithmetic, *arguments: Hashable) -> Any:
        key = (type(m), m.digits, m.guard, getattr(m, "panellings", 1), *arguments)
        if key not in known:
            if len(known) == _TABLES:
                known.clear()
            known[key] = compute(m, *arguments)
        return known[key]

    return once


class Arithmetic:
    """Base class of the arithmetics: the constants, functions and integrals that a formula may use.

    Attributes
    ----------
    digits : int
        Decimal digits asked for.
    guard : int
        Decimal digits carried in addition.
    work : int
        How often integrands and roots of unity were asked for: a measure of the cost that is the same everywhere.
    """

    rigorous = False
    work = 0
    pi: Number
    i: Number
    exp: Function
    log: Function
    sqrt: Function
    sin: Function
    cos: Function
    tan: Function
    sinh: Function
    cosh: Function
    tanh: Function
    atan: Function
    sinc: Function
    erf: Function
    erfc: Function
    gamma: Function

    def __init__(self, digits: int, guard: int = GUARD) -> None:
        self.digits, self.guard = digits, guard
        self._kept: dict[Hashable, Any] = {}
        self._turns: dict[tuple[int, int], Number] = {}

    def kept(self, key: Hashable, compute: Callable[[], Any]) -> Any:
        """Return what a function computes, computed once for each key in this arithmetic; do not change it."""
        if key not in self._kept:
            self._kept[key] = compute()
        return self._kept[key]

    def number(self, value: Any) -> Number:
        """Convert a string such as "0.7" or "1/3", an int, a Fraction, a float or a complex, to full precision."""
        raise NotImplementedError

    def conj(self, z: Number) -> Number:
        """Return the complex conjugate."""
        raise NotImplementedError

    def re(self, z: Number) -> Number:
        """Return the real part."""
        raise NotImplementedError

    def im(self, z: Number) -> Number:
        """Return the imaginary part."""
        raise NotImplementedError

    def abs(self, z: Number) -> Number:
        """Return the modulus."""
        raise NotImplementedError

    def power(self, z: Number, exponent: Number) -> Number:
        """Return the principal branch of z^exponent.

        Use ``**`` for whole exponents only: inside an integral, balls would not notice that a fractional power
        crosses its branch cut.
        """
        return self.exp(exponent * self.log(z))

    def psi(self, order: int, z: Number) -> Number:
        """Return the polygamma function; order 0 is the digamma function."""
        raise NotImplementedError

    def besselj(self, order: int, z: Number) -> Number:
        """Return the Bessel function of the first kind, of a whole order."""
        raise NotImplementedError

    def hyp2f1(self, a: Number, b: Number, c: Number, z: Number) -> Number:
        """Return Gauss' hypergeometric function, continued analytically outside the unit disc."""
        raise NotImplementedError

    def lerch(self, z: Number, s: int, a: Number) -> Number:
        """Return Lerch's transcendent, the sum of z^n / (n + a)^s, for a whole s of at least 1."""
        raise NotImplementedError

    def integral(self, f: Function, *points: Any) -> Number:
        """Integrate along the straight segments between finite points, real or complex."""
        raise NotImplementedError

    def tail(self, bound: Number) -> Number:
        """Return a stand-in for a remainder of at most `bound`: zero in digits, the enclosing ball in balls.

        An integral or a sum to infinity is cut where its remainder is below the digits carried. Adding the tail lets
        the rigorous arithmetic enclose the whole.
        """
        raise NotImplementedError

    def cut(self, rate: float = 1.0, power: int = 1) -> int:
        """Return a whole number R such that exp(-rate R^power) is below the last digit carried."""
        return math.ceil(((self.digits + self.guard) * math.log(10) / rate) ** (1 / power)) + 1

    def half_line(
        self, f: Function, bound: Number | Function = 1, *, rate: float = 1.0, power: int = 1, width: int = 4
    ) -> Number:
        """Integrate over x > 0 a function that decays as ``exp(-rate x^power)``.

        Parameters
        ----------
        f : callable
        bound : number or callable
            The integral from R to infinity is at most ``bound exp(-rate R^power)``; a function of R where it grows.
        rate, power : float, int
        width : int
            Length of a panel of the quadrature.
        """
        R = self.cut(rate, power)
        end = self.number(R)
        beyond = (bound(end) if callable(bound) else bound) * self.exp(-self.number(str(rate)) * end**power)
        return self.integral(f, *self.panels(0, R, width)) + self.tail(beyond)

    def line(self, f: Function, bound: Number = 8) -> Number:
        """Integrate over the line a function that decays as ``exp(-x^2 / 2)``; `bound` is as in `half_line`."""
        R = self.cut(0.5, 2)
        return self.integral(f, *self.panels(-R, R, 3)) + self.tail(bound * self.exp(-self.number(R * R) / 2))

    def panels(self, low: int, high: int, width: int = 1) -> list[int]:
        """Return whole numbers from low to high, `width` apart: the ends of the panels of a quadrature."""
        return [*range(low, high, width), high]

    def unit(self, numerator: int, denominator: int) -> Number:
        """Return exp(2 pi i numerator / denominator), computed once for each pair."""
        self.work += 1
        return self._turn(numerator % denominator, denominator)

    def _turn(self, numerator: int, denominator: int) -> Number:
        known = self._turns.get((numerator, denominator))
        if known is None:
            turn = 2 * self.pi * self.number(Fraction(numerator, denominator))
            known = self._turns[numerator, denominator] = self.cos(turn) + self.i * self.sin(turn)
        return known

    def units(self, size: int, uses: int) -> list[Number]:
        """Return the powers 0 to size - 1 of exp(2 pi i / size), in a list that is not to be changed.

        Parameters
        ----------
        size : int
        uses : int
            How often they are used, for `work`.
        """
        found: list[Number] = self.kept(("units", size), lambda: [self._turn(n, size) for n in range(size)])
        self.work += uses
        return found

    def changed_precision(self) -> bool:
        """Tell whether a formula changed the precision, and restore it."""
        raise NotImplementedError

    def __enter__(self) -> Arithmetic:
        return self

    def __exit__(self, *exception: object) -> None:
        """Restore nothing: this arithmetic has no global state."""


@lru_cache(maxsize=10_000)
def exactly(value: Fraction | str) -> Fraction:
    """Return the number of a text such as "0.7" or "1/3", which each side of a check reads anew."""
    return Fraction(value)


@lru_cache(maxsize=64)
def _context(digits: int) -> mpmath.MPContext:
    """Return an mpmath context of this precision; it caches the nodes of its quadratures."""
    context = mpmath.MPContext()
    context.dps = digits
    context._gauss_legendre = Legendre(context)
    return context


class Digits(Arithmetic):
    """Decimal floating point of any precision, by mpmath, in its own context.

    Attributes
    ----------
    panellings : int
        2 if each integral is compared with a second panelling (`freqnet.theory.quadrature`), else 1.
    is_divided : bool
        Whether the panellings of an integral differed, so that a panel was divided.

    Examples
    --------
    >>> m = Digits(30)
    >>> print(m.ctx.nstr(m.integral(lambda x: m.exp(-x * x), *m.panels(-9, 9)) ** 2, 20))
    3.1415926535897932385
    """

    panellings = 2
    is_divided = False

    def __init__(self, digits: int, guard: int = GUARD) -> None:
        super().__init__(digits, guard)
        self.ctx = _context(digits + guard)
        # An earlier formula may have changed the precision of the context.
        self.ctx.dps = digits + guard
        self._prec, self._depth, self._integrals = self.ctx.prec, 0, 0
        self._rules: dict[Any, Rule] = {}
        self.pi, self.i = +self.ctx.pi, self.ctx.mpc(0, 1)
        for name in FUNCTIONS:
            setattr(self, name, self._function(name))
        for name in ("conj", "re", "im"):
            setattr(self, name, getattr(self.ctx, name))

    def _function(self, name: str) -> Function:
        of_number = getattr(self.ctx, name)

        def function(z: Number) -> Number:
            return z.called(name) if type(z) is Inside else of_number(z)

        return function

    def number(self, value: Any) -> Number:
        if type(value) is Inside:
            return value
        if isinstance(value, complex):
            return self.ctx.mpc(value)
        if isinstance(value, Fraction | str):
            exact = exactly(value)
            return self.ctx.mpf(exact.numerator) / exact.denominator
        return self.ctx.mpf(value)

    def abs(self, z: Number) -> Number:
        return abs(z)

    def psi(self, order: int, z: Number) -> Number:
        return self.ctx.psi(order, z)

    def besselj(self, order: int, z: Number) -> Number:
        if type(z) is not Inside:
            return self.ctx.besselj(order, z)
        if not isinstance(order, int):
            refuse("a Bessel function whose order is no Python int", "write the integrand by other functions")
        return z.called("besselj", order)

    def hyp2f1(self, a: Number, b: Number, c: Number, z: Number) -> Number:
        return self.ctx.hyp2f1(a, b, c, z)

    def lerch(self, z: Number, s: int, a: Number) -> Number:
        # A hypergeometric function is five times faster than mpmath's lerchphi, which integrates.
        return self.ctx.hyper([1, *[a] * s], [1 + a] * s, z) / a**s

    def integral(self, f: Function, *points: Any) -> Number:
        # An inner integral is computed at each node of the outer one: one in many is compared.
        self._integrals += 1
        is_compared = self.panellings == 2 and (self._depth == 0 or self._integrals % _INNER == 0)
        code = getattr(f, "__code__", None)
        is_new = self._depth == 0 and code not in self._rules
        rule = self._rules.setdefault(code, Rule(self.ctx))
        self._depth += 1
        try:
            digits = _SECOND + self.guard if is_compared else 0
            total, is_divided = integrate(rule, integrand(self.ctx, f, self._count), list(points), digits, dense=is_new)
        finally:
            self._depth -= 1
        self.is_divided = self.is_divided or is_divided
        return total

    def _count(self, evaluations: int) -> None:
        self.work += evaluations

    def changed_precision(self) -> bool:
        is_changed = self.ctx.prec != self._prec
        self.ctx.prec = self._prec
        return bool(is_changed)

    def tail(self, bound: Number) -> Number:
        return self.ctx.zero
