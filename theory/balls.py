"""Rigorous arithmetic: every number is a ball that contains the true value (Arb, through python-flint).

Source: F. Johansson, Arb: efficient arbitrary-precision midpoint-radius interval arithmetic (2017).
"""

from __future__ import annotations

from fractions import Fraction
from itertools import pairwise
from typing import Any

from freqnet.errors import ConfigurationError

from .arithmetic import FUNCTIONS, GUARD, Arithmetic, Function, Number

try:
    import flint
except ImportError:  # python-flint is an optional dependency
    flint = None  # type: ignore[assignment]

# Arb itself checks whether these functions touch their branch cut inside an integral.
_CUT = ("log", "sqrt")
# Arb does not check the branch cuts of these functions.
_UNTOLD = ("atan",)


def require_flint() -> None:
    """Raise `ConfigurationError` where python-flint is missing."""
    if flint is None:
        raise ConfigurationError(
            "rigorous mode: got no python-flint, expected it installed; "
            'run pip install python-flint (or pip install -e ".[rigorous]"), or leave out --rigorous'
        )


class NotHolomorphicError(ArithmeticError):
    """A function inside an integral is not holomorphic, or its branch cuts are unknown."""


class Balls(Arithmetic):
    """Complex balls; use them inside ``with Balls(...) as m``, since the precision of python-flint is global.

    Raises
    ------
    ConfigurationError
        python-flint is not installed.
    """

    rigorous = True

    def __init__(self, digits: int, guard: int = GUARD) -> None:
        require_flint()
        super().__init__(digits, guard)
        self._analytic = False
        for name in FUNCTIONS:
            setattr(self, name, self._function(name))

    def __enter__(self) -> Arithmetic:
        self._before = flint.ctx.dps
        flint.ctx.dps = self.digits + self.guard
        self.pi, self.i = flint.acb.pi(), flint.acb(0, 1)
        return self

    def __exit__(self, *exception: object) -> None:
        flint.ctx.dps = self._before

    def _function(self, name: str) -> Function:
        def function(z: Number) -> Number:
            ball = flint.acb(z)
            if name in _UNTOLD:
                self._outside_integrals(name)
            return getattr(ball, name)(analytic=self._analytic) if name in _CUT else getattr(ball, name)()

        return function

    def _outside_integrals(self, name: str) -> None:
        # Inside an integral Arb evaluates the function on discs of the complex plane, and assumes it holomorphic there.
        if self._analytic:
            raise NotHolomorphicError(
                f"{name} is not holomorphic, or its branch cuts are unknown: do not use it inside an integral"
            )

    def number(self, value: Any) -> Number:
        if isinstance(value, complex):
            return flint.acb(value.real, value.imag)
        if isinstance(value, Fraction | str):
            exact = Fraction(value)
            return flint.acb(flint.arb(flint.fmpq(exact.numerator, exact.denominator)))
        return flint.acb(value)

    def conj(self, z: Number) -> Number:
        self._outside_integrals("conj")
        return flint.acb(z).conjugate()

    def re(self, z: Number) -> Number:
        self._outside_integrals("re")
        return flint.acb(flint.acb(z).real)

    def im(self, z: Number) -> Number:
        self._outside_integrals("im")
        return flint.acb(flint.acb(z).imag)

    def abs(self, z: Number) -> Number:
        self._outside_integrals("abs")
        return flint.acb(abs(flint.acb(z)))

    def psi(self, order: int, z: Number) -> Number:
        return flint.acb(z).digamma() if order == 0 else flint.acb(z).polygamma(order)

    def besselj(self, order: int, z: Number) -> Number:
        return flint.acb(z).bessel_j(order)

    def hyp2f1(self, a: Number, b: Number, c: Number, z: Number) -> Number:
        self._outside_integrals("hyp2f1")
        return flint.acb(z).hypgeom_2f1(a, b, c)

    def lerch(self, z: Number, s: int, a: Number) -> Number:
        self._outside_integrals("lerch")
        return flint.acb(z).lerch_phi(s, a)

    def integral(self, f: Function, *points: Any) -> Number:
        failed: list[BaseException] = []

        def watched(z: Number, analytic: bool) -> Number:
            before, self._analytic = self._analytic, analytic
            try:
                return flint.acb(f(z))
            except BaseException as error:  # Arb drops exceptions and would return a wrong integral
                failed.append(error)
                return flint.acb("nan")
            finally:
                self._analytic = before

        panels = pairwise(map(flint.acb, points))
        total = sum((flint.acb.integral(watched, a, b) for a, b in panels), flint.acb(0))
        if failed:
            raise failed[0]
        return total

    def tail(self, bound: Number) -> Number:
        around = flint.arb(0, flint.acb(bound).real.abs_upper())
        return flint.acb(around, around)
