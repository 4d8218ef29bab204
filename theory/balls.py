"""Rigorous arithmetic: every number is a ball that contains the true value (Arb, through python-flint).

Source: F. Johansson, Arb: efficient arbitrary-precision midpoint-radius interval arithmetic (2017).
"""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from itertools import count
from typing import Any

from freqnet.errors import ConfigurationError

from .arithmetic import FUNCTIONS, GUARD, Arithmetic, Function, Number, exactly
from .integrands import Inside, Program, refuse

try:
    import flint
except ImportError:  # python-flint is an optional dependency
    flint = None  # type: ignore[assignment]

# Arb does not check the branch cuts of these functions.
_UNTOLD = ("atan",)


def is_installed() -> bool:
    """Tell whether python-flint is installed."""
    return flint is not None


def require_flint() -> None:
    """Raise `ConfigurationError` where python-flint is missing."""
    if flint is None:
        raise ConfigurationError(
            "rigorous mode: got no python-flint, expected it installed; "
            'run pip install python-flint (or pip install -e ".[rigorous]"), or leave out --rigorous'
        )


def _ball(value: Any) -> Number:
    return value if type(value) is flint.acb else flint.acb(value)


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
        self._program: Program | None = None
        self._prec = 0
        for name in FUNCTIONS:
            setattr(self, name, self._function(name))

    def __enter__(self) -> Arithmetic:
        self._before = flint.ctx.prec
        if self._prec:
            flint.ctx.prec = self._prec
        else:
            flint.ctx.dps = self.digits + self.guard
            self._prec = flint.ctx.prec
        self.pi, self.i = flint.acb.pi(), flint.acb(0, 1)
        return self

    def __exit__(self, *exception: object) -> None:
        flint.ctx.prec = self._before

    def changed_precision(self) -> bool:
        is_changed = bool(flint.ctx.prec != self._prec)
        if is_changed:
            flint.ctx.prec = self._prec
        return is_changed

    def _function(self, name: str) -> Function:
        of_ball = getattr(flint.acb, name)

        def function(z: Number) -> Number:
            if type(z) is not Inside:
                return of_ball(_ball(z))
            if name in _UNTOLD:
                refuse(name, "write the integrand by other functions")
            return z.called(name)

        return function

    def number(self, value: Any) -> Number:
        kind = type(value)
        if kind is int:
            return flint.acb(value)
        if kind is Inside:
            return value
        if isinstance(value, complex):
            return flint.acb(value.real, value.imag)
        if isinstance(value, Fraction | str):
            exact = exactly(value)
            return flint.acb(flint.arb(flint.fmpq(exact.numerator, exact.denominator)))
        return flint.acb(value)

    def conj(self, z: Number) -> Number:
        return _constant("conj", z).conjugate()

    def re(self, z: Number) -> Number:
        return flint.acb(_constant("re", z).real)

    def im(self, z: Number) -> Number:
        return flint.acb(_constant("im", z).imag)

    def abs(self, z: Number) -> Number:
        return flint.acb(abs(_constant("abs", z)))

    def psi(self, order: int, z: Number) -> Number:
        if isinstance(z, Inside):
            return z.called("digamma") if order == 0 else z.called("polygamma", order)
        return _ball(z).digamma() if order == 0 else _ball(z).polygamma(order)

    def besselj(self, order: int, z: Number) -> Number:
        if not isinstance(z, Inside):
            return _ball(z).bessel_j(order)
        if not isinstance(order, int):
            refuse("a Bessel function whose order is no Python int", "write the integrand by other functions")
        return z.called("bessel_j", order)

    def hyp2f1(self, a: Number, b: Number, c: Number, z: Number) -> Number:
        a, b, c, z = (_constant("hyp2f1", number) for number in (a, b, c, z))
        return z.hypgeom_2f1(a, b, c)

    def lerch(self, z: Number, s: int, a: Number) -> Number:
        return _constant("lerch", z).lerch_phi(s, _constant("lerch", a))

    def integral(self, f: Function, *points: Any) -> Number:
        before = self._program
        if before:  # an integral inside another one is part of its program
            return before.integral(f, points)
        nodes = self._counter()
        self._program = Program(nodes.__next__)
        try:
            return self._program.integral(f, points)
        finally:
            self._program = None
            self.work += next(nodes)

    def _counter(self) -> Iterator[int]:
        """Return an iterator that counts the nodes of an integral; one in C takes no time."""
        return count()

    def tail(self, bound: Number) -> Number:
        upper = _constant("a tail whose bound depends on the variable", bound).abs_upper()
        around = flint.arb(0, upper)
        return flint.acb(around, around)


def _constant(name: str, z: Number) -> Number:
    """Return a ball that does not depend on the variable of an integral."""
    if isinstance(z, Inside):
        refuse(name, "move it out of the integral")
    return flint.acb(z)
