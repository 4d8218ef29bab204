"""Rigorous arithmetic: every number is a ball that contains the true value (Arb, through python-flint).

Source: F. Johansson, Arb: efficient arbitrary-precision midpoint-radius interval arithmetic (2017).
"""

from __future__ import annotations

from fractions import Fraction
from itertools import pairwise
from typing import Any, NoReturn

from freqnet.errors import ConfigurationError, got_expected

from .arithmetic import FUNCTIONS, GUARD, Arithmetic, Function, Number

try:
    import flint
except ImportError:  # python-flint is an optional dependency
    flint = None  # type: ignore[assignment]

# Arb itself checks whether these functions touch their branch cut inside an integral.
_CUT = ("log", "sqrt")
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


class NotHolomorphicError(ArithmeticError):
    """A function inside an integral is not holomorphic, or its branch cuts are unknown."""


class Inside:
    """A number that depends on the variable of an integral: it allows only what Arb can follow.

    Inside an integral Arb evaluates the integrand on discs of the complex plane, and assumes it holomorphic there.
    Python's ``abs``, a fractional ``**``, comparisons, and real or imaginary parts would make the enclosure false.
    """

    __slots__ = ("ball",)
    __hash__ = None  # type: ignore[assignment]

    def __init__(self, ball: Number) -> None:
        self.ball = ball

    def __add__(self, other: Any) -> Inside:
        return Inside(self.ball + _ball(other))

    def __sub__(self, other: Any) -> Inside:
        return Inside(self.ball - _ball(other))

    def __rsub__(self, other: Any) -> Inside:
        return Inside(_ball(other) - self.ball)

    def __mul__(self, other: Any) -> Inside:
        return Inside(self.ball * _ball(other))

    def __truediv__(self, other: Any) -> Inside:
        return Inside(self.ball / _ball(other))

    def __rtruediv__(self, other: Any) -> Inside:
        return Inside(_ball(other) / self.ball)

    __radd__, __rmul__ = __add__, __mul__

    def __neg__(self) -> Inside:
        return Inside(-self.ball)

    def __pos__(self) -> Inside:
        return self

    def __pow__(self, exponent: Any) -> Inside:
        whole = _whole(exponent)
        if whole is None:
            _refuse("** with an exponent that is no whole number", "use m.power, which watches its branch cut")
        return Inside(self.ball**whole)

    def __rpow__(self, base: Any) -> Inside:
        base = _ball(base)
        if not (base.imag == 0 and base.real > 0):
            _refuse("** with a base that is not positive", "use m.power, which watches its branch cut")
        return Inside((self.ball * base.log()).exp())

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):  # python-flint asks for such attributes
            raise AttributeError(name)
        _refuse(name, "take functions from m")

    def __abs__(self) -> Any:
        _refuse("abs", "use sqrt(x**2), or divide the integral where the sign changes")

    def _compared(self, *_: Any) -> Any:
        _refuse("a comparison", "divide the integral where the condition changes")

    __eq__ = __ne__ = __lt__ = __le__ = __gt__ = __ge__ = __bool__ = _compared  # type: ignore[assignment]

    def _converted(self) -> Any:
        _refuse("a conversion to a Python number", "take functions from m")

    __float__ = __complex__ = __int__ = __index__ = _converted


def _refuse(name: str, todo: str) -> NoReturn:
    got = f"{name}, which is not holomorphic or has unknown cuts"
    raise NotHolomorphicError(got_expected("integrand", got, "holomorphic functions of m", todo))


def _ball(value: Any) -> Number:
    """Return the ball of a number, also of one that depends on the variable of an integral."""
    return value.ball if isinstance(value, Inside) else flint.acb(value)


def _whole(value: Any) -> int | None:
    """Return an exponent as a whole number, or None."""
    if isinstance(value, int):
        return value
    if isinstance(value, Inside) or not isinstance(value, flint.acb | flint.arb | float | flint.fmpz | flint.fmpq):
        return None
    exact = flint.acb(value)
    whole = exact.real.unique_fmpz() if exact.imag == 0 and exact.real.is_exact() else None
    return int(whole) if whole is not None and exact.real == whole else None


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
        self._analytic, self._depth = False, 0
        for name in FUNCTIONS:
            setattr(self, name, self._function(name))

    def __enter__(self) -> Arithmetic:
        self._before = flint.ctx.prec
        flint.ctx.dps = self.digits + self.guard
        self._prec = flint.ctx.prec
        self.pi, self.i = flint.acb.pi(), flint.acb(0, 1)
        return self

    def __exit__(self, *exception: object) -> None:
        flint.ctx.prec = self._before

    def changed_precision(self) -> bool:
        is_changed = flint.ctx.prec != self._prec
        flint.ctx.prec = self._prec
        return bool(is_changed)

    def _function(self, name: str) -> Function:
        def function(z: Number) -> Number:
            if not isinstance(z, Inside):
                return getattr(flint.acb(z), name)()
            if name in _UNTOLD:
                _refuse(name, "write the integrand by other functions")
            # Arb itself checks whether these touch their branch cut.
            if name in _CUT:
                return Inside(getattr(z.ball, name)(analytic=self._analytic))
            return Inside(getattr(z.ball, name)())

        return function

    def number(self, value: Any) -> Number:
        if isinstance(value, Inside):
            return value
        if isinstance(value, complex):
            return flint.acb(value.real, value.imag)
        if isinstance(value, Fraction | str):
            exact = Fraction(value)
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
        value = _ball(z).digamma() if order == 0 else _ball(z).polygamma(order)
        return Inside(value) if isinstance(z, Inside) else value

    def besselj(self, order: int, z: Number) -> Number:
        if isinstance(z, Inside) and not isinstance(order, int):
            _refuse("a Bessel function whose order is no Python int", "write the integrand by other functions")
        value = _ball(z).bessel_j(order)
        return Inside(value) if isinstance(z, Inside) else value

    def hyp2f1(self, a: Number, b: Number, c: Number, z: Number) -> Number:
        a, b, c, z = (_constant("hyp2f1", number) for number in (a, b, c, z))
        return z.hypgeom_2f1(a, b, c)

    def lerch(self, z: Number, s: int, a: Number) -> Number:
        return _constant("lerch", z).lerch_phi(s, _constant("lerch", a))

    def integral(self, f: Function, *points: Any) -> Number:
        failed: list[BaseException] = []

        def watched(z: Number, analytic: bool) -> Number:
            self.work += 1
            if failed:
                return flint.acb("nan")
            before = self._analytic
            # An inner integral must be holomorphic in the variable of the outer one as well.
            self._analytic = before or analytic
            self._depth += 1
            try:
                return _ball(f(Inside(z)))
            except BaseException as error:  # Arb drops exceptions and would return a wrong integral
                failed.append(error)
                return flint.acb("nan")
            finally:
                self._analytic = before
                self._depth -= 1

        panels = pairwise(map(_ball, points))
        total = sum((flint.acb.integral(watched, a, b) for a, b in panels), flint.acb(0))
        if failed:
            raise failed[0]
        return Inside(total) if self._depth else total

    def tail(self, bound: Number) -> Number:
        upper = _constant("a tail whose bound depends on the variable", bound).abs_upper()
        around = flint.arb(0, upper)
        return flint.acb(around, around)


def _constant(name: str, z: Number) -> Number:
    """Return a ball that does not depend on the variable of an integral."""
    if isinstance(z, Inside):
        _refuse(name, "move it out of the integral")
    return flint.acb(z)
