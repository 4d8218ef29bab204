"""The arithmetic that a formula is written in: decimal digits here, balls in `freqnet.theory.balls`.

Every side of every check is a function ``f(m, **parameters)`` of an arithmetic ``m``. It takes all its
constants, functions and integrals from ``m``, so that one formula runs at 15 digits, at 2,000, and rigorously.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from fractions import Fraction
from functools import cached_property, lru_cache
from typing import Any

import mpmath

Number = Any  # an mpf or mpc, or a ball
Function = Callable[[Number], Number]

#: Functions of one argument that every arithmetic has; sinc(z) is sin(z)/z, and 1 at 0.
FUNCTIONS = (
    "exp", "log", "sqrt", "sin", "cos", "tan", "sinh", "cosh", "tanh", "atan", "sinc", "erf", "erfc", "gamma",
)  # fmt: skip
#: The error of a check is measured in digits asked for; this many more are carried.
GUARD = 20


class Arithmetic:
    """What a formula may use, whatever its numbers are.

    Attributes
    ----------
    digits : int
        Decimal digits that a check asks for.
    guard : int
        Decimal digits carried beyond those.
    """

    rigorous = False
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

    def number(self, value: Any) -> Number:
        """Convert exactly, or to the last digit carried: "0.7", 7, Fraction(7, 10), a float, a complex."""
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
        """Return z^exponent by its principal branch. ``**`` is for whole exponents: inside an integral, balls would
        not notice that any other meets its branch cut.
        """
        return self.exp(exponent * self.log(z))

    def psi(self, order: int, z: Number) -> Number:
        """Return the polygamma function; order 0 is the digamma function."""
        raise NotImplementedError

    def besselj(self, order: int, z: Number) -> Number:
        """Return the Bessel function of the first kind of a whole order."""
        raise NotImplementedError

    def hyp2f1(self, a: Number, b: Number, c: Number, z: Number) -> Number:
        """Return Gauss' hypergeometric function, continued analytically beyond the unit disc."""
        raise NotImplementedError

    def lerch(self, z: Number, s: int, a: Number) -> Number:
        """Return Lerch's transcendent, the sum of z^n / (n + a)^s, for a whole s of at least 1."""
        raise NotImplementedError

    def integral(self, f: Function, *points: Any) -> Number:
        """Integrate along the straight panels between points (finite ones, real or complex)."""
        raise NotImplementedError

    def tail(self, bound: Number) -> Number:
        """Return what stands for a remainder of at most `bound`: nothing, or the ball that holds it.

        An integral or a sum to infinity is cut where its tail is below the digits asked for; this
        tail is added, so that the rigorous arithmetic encloses the whole.
        """
        raise NotImplementedError

    def cut(self, rate: float = 1.0, power: int = 1) -> int:
        """Return the whole number R from which exp(-rate R^power) is below every digit carried."""
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
        """Return whole numbers from low to high, `width` apart: ends of panels to integrate along."""
        return [*range(low, high, width), high]

    def unit(self, numerator: int, denominator: int) -> Number:
        """Return exp(2 pi i numerator / denominator), computed once for each pair."""
        return self._unit(numerator % denominator, denominator)

    @cached_property
    def _unit(self) -> Callable[[int, int], Number]:
        def unit(n: int, d: int) -> Number:
            turn = 2 * self.pi * self.number(Fraction(n, d))
            return self.cos(turn) + self.i * self.sin(turn)

        return lru_cache(maxsize=None)(unit)

    def __enter__(self) -> Arithmetic:
        return self

    def __exit__(self, *exception: object) -> None:
        """Nothing to put back."""


@lru_cache(maxsize=8)
def _context(digits: int) -> mpmath.MPContext:
    """Return a context of so many digits; it keeps the nodes of its quadratures."""
    context = mpmath.MPContext()
    context.dps = digits
    return context


class Digits(Arithmetic):
    """Decimal floating point of any precision, by mpmath, in a context of its own.

    >>> m = Digits(30)
    >>> print(m.ctx.nstr(m.integral(lambda x: m.exp(-x * x), *m.panels(-9, 9)) ** 2, 20))
    3.1415926535897932385
    """

    def __init__(self, digits: int, guard: int = GUARD) -> None:
        super().__init__(digits, guard)
        self.ctx = _context(digits + guard)
        self.pi, self.i = +self.ctx.pi, self.ctx.mpc(0, 1)
        for name in (*FUNCTIONS, "conj", "re", "im"):
            setattr(self, name, getattr(self.ctx, name))

    def number(self, value: Any) -> Number:
        if isinstance(value, complex):
            return self.ctx.mpc(value)
        if isinstance(value, Fraction | str):
            exact = Fraction(value)
            return self.ctx.mpf(exact.numerator) / exact.denominator
        return self.ctx.mpf(value)

    def abs(self, z: Number) -> Number:
        return abs(z)

    def psi(self, order: int, z: Number) -> Number:
        return self.ctx.psi(order, z)

    def besselj(self, order: int, z: Number) -> Number:
        return self.ctx.besselj(order, z)

    def hyp2f1(self, a: Number, b: Number, c: Number, z: Number) -> Number:
        return self.ctx.hyp2f1(a, b, c, z)

    def lerch(self, z: Number, s: int, a: Number) -> Number:
        # As a hypergeometric function: five times faster than mpmath's own, which integrates.
        return self.ctx.hyper([1, *[a] * s], [1 + a] * s, z) / a**s

    def integral(self, f: Function, *points: Any) -> Number:
        # Gauss-Legendre: integrands here are smooth on closed panels, and those of finite parts cancel at 0,
        # where the nodes of the tanh-sinh rule crowd.
        return self.ctx.quad(f, list(points), method="gauss-legendre")

    def tail(self, bound: Number) -> Number:
        return self.ctx.zero
