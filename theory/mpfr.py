"""Integrands in digits, run by MPFR: an integral takes a third of the time that it takes in mpmath.

An integrand is recorded (`freqnet.theory.integrands`), and run at the nodes of a quadrature by gmpy2. What cannot be
recorded, or gives no finite number, is evaluated by mpmath. Each integral is compared with mpmath at one node, so that
an error of the record, which balls would share, does not go unnoticed.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from mpmath.libmp import from_man_exp

from .integrands import Inside, Record

try:
    import gmpy2
except ImportError:  # gmpy2 is an optional dependency
    gmpy2 = None

Number = Any
Function = Callable[[Number], Number]

#: Names of the functions that MPFR has, with the names in `freqnet.theory.arithmetic`; some of real numbers only.
FUNCTIONS = (
    "exp", "log", "sqrt", "sin", "cos", "tan", "sinh", "cosh", "tanh", "atan", "erf", "erfc", "gamma",
)  # fmt: skip
# Bits by which both libraries may differ at a node.
_LOST = 32


class _Steps(Record):
    """The record of an integrand in digits."""

    def __init__(self, context: Any) -> None:
        super().__init__(dict(_NAMES))
        self.context = context

    def constant(self, value: Any) -> Any:
        return _converted(self.context.convert(value))

    def whole(self, value: Any) -> int | None:
        is_whole = not isinstance(value, Inside) and self.context.isint(value)
        return int(self.context.re(value)) if is_whole else None

    def log_of_positive(self, base: Any) -> Any:
        is_positive = self.context.im(base) == 0 and self.context.re(base) > 0
        return self.context.log(base) if is_positive else None

    def called(self, name: str, arguments: int) -> str:
        return f"{name}({', '.join(['{}'] * (1 + arguments))})"


class Integrand:
    """A function that is integrated, evaluated by mpmath.

    Parameters
    ----------
    context : mpmath context
    f : callable
    count : callable
        Called with the number of evaluations.

    Attributes
    ----------
    largest : number
        The largest modulus found, while `is_measured`.
    """

    def __init__(self, context: Any, f: Function, count: Callable[[int], object]) -> None:
        self.context, self.f, self.count = context, f, count
        self.is_measured, self.largest = False, context.zero

    def __call__(self, x: Number) -> Number:
        self.count(1)
        value = self.f(x)
        if self.is_measured:
            self.largest = max(self.largest, abs(value))
        return value

    def sum(self, rule: Any, a: Number, b: Number, size: int, bits: int) -> tuple[Number, Number]:
        """Return the sum of a rule on a panel, and its largest term in modulus."""
        terms = [w * self(x) for x, w in rule.get_nodes(a, b, size, bits)]
        return self.context.fsum(terms), max(terms, key=self.context.mag)


class Recorded(Integrand):
    """An integrand that MPFR evaluates, where it can be recorded."""

    def __init__(self, context: Any, f: Function, count: Callable[[int], object]) -> None:
        super().__init__(context, f, count)
        self.run: Function | None = None
        self.is_checked = False
        try:
            with _precision(context.prec + _LOST):
                self.run = _Steps(context).recorded(f)
        except Exception:  # mpmath evaluates it, and raises an error that belongs to it
            self.run = None

    def sum(self, rule: Any, a: Number, b: Number, size: int, bits: int) -> tuple[Number, Number]:
        if self.run is not None:
            found = self._run(self.run, rule, a, b, size, bits)
            if found is not None:
                return found
            self.run = None
        return super().sum(rule, a, b, size, bits)

    def _run(
        self, run: Function, rule: Any, a: Number, b: Number, size: int, bits: int
    ) -> tuple[Number, Number] | None:
        context = self.context
        with _precision(context.prec):
            try:
                first, last = _converted(context.convert(a)), _converted(context.convert(b))
                half, middle = (last - first) / 2, (last + first) / 2
                nodes = rule.converted_nodes(size, bits, _converted)
                values = [run(middle + half * x) for x, _ in nodes]
                terms = [w * value for (_, w), value in zip(nodes, values, strict=True)]
                total, moduli = half * sum(terms), [abs(term) for term in terms]
                largest = abs(half) * max(moduli)
                found = _back(context, total), _back(context, largest)
                if not self.is_checked:
                    place = moduli.index(max(moduli))
                    x = _back(context, middle + half * nodes[place][0])
                    if not self._agrees(x, _back(context, values[place] + 0)):
                        return None
                if self.is_measured:
                    self.largest = max(self.largest, _back(context, max(map(abs, values))))
            except (ArithmeticError, TypeError, ValueError):
                return None
        self.count(size)
        return found

    def _agrees(self, x: Number, value: Number) -> bool:
        """Tell whether mpmath finds the same value at a node."""
        self.is_checked = True
        off = abs(self.f(x) - value)
        return bool(off <= abs(value) * self.context.ldexp(1, _LOST - self.context.prec))


def integrand(context: Any, f: Function, count: Callable[[int], object]) -> Integrand:
    """Return a function as an integrand, recorded if gmpy2 is installed."""
    return Integrand(context, f, count) if gmpy2 is None else Recorded(context, f, count)


def _precision(bits: int) -> Any:
    """Return a context of gmpy2 that raises an error where mpmath does, and where its exponents end."""
    return gmpy2.context(precision=bits, trap_divzero=True, trap_invalid=True, trap_overflow=True, trap_underflow=True)


def _converted(z: Number) -> Any:
    """Return a number of mpmath as one of gmpy2, rounded to the precision of its context."""
    if hasattr(z, "_mpc_"):
        real, imaginary = z._mpc_
        return gmpy2.mpc(_of_tuple(real), _of_tuple(imaginary))
    return _of_tuple(z._mpf_)


def _of_tuple(parts: tuple[int, Any, int, int]) -> Any:
    sign, mantissa, exponent, bits = parts
    if not mantissa and exponent:
        raise ValueError("not finite")
    exact = gmpy2.mpfr(-mantissa if sign else mantissa, max(bits, 2))
    return gmpy2.mul_2exp(exact, exponent) if exponent >= 0 else gmpy2.div_2exp(exact, -exponent)


def _back(context: Any, z: Any) -> Number:
    """Return a number of gmpy2 as one of mpmath; raise an error if it is not finite."""
    if type(z) is gmpy2.mpc:
        return context.make_mpc((_tuple(z.real), _tuple(z.imag)))
    return context.make_mpf(_tuple(z))


def _tuple(z: Any) -> Any:
    mantissa, exponent = z.as_mantissa_exp()
    return from_man_exp(int(mantissa), int(exponent))


def _besselj(z: Any, order: Any) -> Any:
    return gmpy2.jn(int(order), z)


def _sinc(z: Any) -> Any:
    return gmpy2.sin(z) / z if z else gmpy2.mpfr(1)


_NAMES: dict[str, Any] = {}
if gmpy2 is not None:
    _NAMES |= {name: getattr(gmpy2, name) for name in FUNCTIONS}
    _NAMES |= {"sinc": _sinc, "besselj": _besselj}
