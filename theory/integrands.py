"""Integrands as programs: recorded once, then run at each node by a library in C alone.

A formula calls Python for each operation at each node, which takes two thirds of the time of an integral. The variable
of an integral therefore is a symbol, `Inside`, which records what the formula does with it. Recording is possible since
a holomorphic integrand has no branches that depend on its variable. The record is compiled to a Python function of a
number, whose text is the same for all parameters of a formula. Balls run it in python-flint (`Program`), digits in MPFR
(`freqnet.theory.mpfr`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import lru_cache
from itertools import pairwise
from types import CodeType
from typing import Any, NoReturn

from freqnet.errors import got_expected

try:
    import flint
except ImportError:  # python-flint is an optional dependency
    flint = None  # type: ignore[assignment]

#: Arb itself checks whether these functions touch their branch cut inside an integral.
CUT = ("log", "sqrt")


class NotHolomorphicError(ArithmeticError):
    """A function inside an integral is not holomorphic, or its branch cuts are unknown."""


def refuse(name: str, todo: str) -> NoReturn:
    """Raise `NotHolomorphicError` for what an integrand must not do."""
    got = f"{name}, which is not holomorphic or has unknown cuts"
    raise NotHolomorphicError(got_expected("integrand", got, "holomorphic functions of m", todo))


class Inside:
    """A number that depends on the variable of an integral: it allows only what Arb can follow.

    Inside an integral Arb evaluates the integrand on discs of the complex plane, and assumes it holomorphic there.
    Python's ``abs``, a fractional ``**``, comparisons, and real or imaginary parts would make the enclosure false.
    """

    __slots__ = ("_name", "_record")
    __hash__ = None  # type: ignore[assignment]

    def __init__(self, record: Record, name: str) -> None:
        self._record, self._name = record, name

    def __add__(self, other: Any) -> Inside:
        # Python's sum starts with 0.
        return self if type(other) is int and other == 0 else self._joined("{} + {}", self, other)

    def __sub__(self, other: Any) -> Inside:
        return self._joined("{} - {}", self, other)

    def __rsub__(self, other: Any) -> Inside:
        return self._joined("{} - {}", other, self)

    def __mul__(self, other: Any) -> Inside:
        return self._joined("{} * {}", self, other)

    def __truediv__(self, other: Any) -> Inside:
        return self._joined("{} / {}", self, other)

    def __rtruediv__(self, other: Any) -> Inside:
        return self._joined("{} / {}", other, self)

    __radd__, __rmul__ = __add__, __mul__

    def __neg__(self) -> Inside:
        return self._joined("-{}", self)

    def __pos__(self) -> Inside:
        return self

    def __pow__(self, exponent: Any) -> Inside:
        whole = exponent if isinstance(exponent, int) else self._record.whole(exponent)
        if whole is None:
            refuse("** with an exponent that is no whole number", "use m.power, which watches its branch cut")
        return self._joined(f"{{}} ** {whole}", self)

    def __rpow__(self, base: Any) -> Inside:
        log = self._record.log_of_positive(base)
        if log is None:
            refuse("** with a base that is not positive", "use m.power, which watches its branch cut")
        return (self * log).called("exp")

    def called(self, name: str, *arguments: Any) -> Inside:
        """Return a function of this number, by its name in the library that runs the record."""
        return self._joined(self._record.called(name, len(arguments)), self, *arguments)

    def _joined(self, text: str, *numbers: Any) -> Inside:
        return self._record.step(text.format(*map(self._record.operand, numbers)))

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):  # python-flint asks for such attributes
            raise AttributeError(name)
        refuse(name, "take functions from m")

    def __abs__(self) -> Any:
        refuse("abs", "use sqrt(x**2), and divide the integral where the sign changes")

    def _compared(self, *_: Any) -> Any:
        refuse("a comparison", "divide the integral where the condition changes")

    __eq__ = __ne__ = __lt__ = __le__ = __gt__ = __ge__ = __bool__ = _compared  # type: ignore[assignment]

    def _converted(self) -> Any:
        refuse("a conversion to a Python number", "take functions from m")

    __float__ = __complex__ = __int__ = __index__ = _converted


class Record:
    """The steps of an integrand, as lines of Python.

    Parameters
    ----------
    names : dict
        Values of the names that the lines may use.
    """

    def __init__(self, names: dict[str, Any]) -> None:
        self._names = names
        # The text of the innermost integrand last, with the indentation of its lines.
        self._blocks: list[list[str]] = []
        self._size = 0

    @property
    def depth(self) -> int:
        """How many integrals are being recorded."""
        return len(self._blocks)

    def constant(self, value: Any) -> Any:
        """Return a number that does not depend on the variable, for the library that runs the record."""
        raise NotImplementedError

    def whole(self, value: Any) -> int | None:
        """Return an exponent as a whole number, or None."""
        raise NotImplementedError

    def log_of_positive(self, base: Any) -> Any:
        """Return the logarithm of a constant, or None if it is not positive."""
        raise NotImplementedError

    def called(self, name: str, arguments: int) -> str:
        """Return the text of a call of a function, with braces for its operands."""
        raise NotImplementedError

    def operand(self, value: Any) -> str:
        """Return the name of a number: of a step, or of a constant."""
        if not isinstance(value, Inside):
            return self._named(self.constant(value))
        if value._record is not self:
            refuse("the variable of another integral", "let each integral have its own variable")
        return value._name

    def step(self, text: str) -> Inside:
        """Record one step, and return its result."""
        name = self._new("t")
        if not self._blocks:
            refuse("the variable of an integral outside of it", "return a number from the integrand")
        self._blocks[-1].append(f"{name} = {text}")
        return Inside(self, name)

    def recorded(self, f: Callable[[Any], Any]) -> Callable[..., Any]:
        """Return an integrand as a function that the library runs."""
        text: list[str] = []
        name = self._function(f, text)
        exec(_compiled("\n".join(text)), self._names)
        run: Callable[..., Any] = self._names[name]
        return run

    def _function(self, f: Callable[[Any], Any], around: list[str]) -> str:
        """Append the function of an integrand to the text around it, and return its name."""
        name, variable = self._new("f"), self._new("z")
        body: list[str] = []
        self._blocks.append(body)
        try:
            result = self.operand(f(Inside(self, variable)))
            around.extend(self._lines(name, variable, body, result))
        finally:
            self._blocks.pop()
        return name

    def _lines(self, name: str, variable: str, body: list[str], result: str) -> list[str]:
        """Return the lines of the function of an integrand."""
        return [f"def {name}({variable}):", *(f" {line}" for line in body), f" return {result}"]

    def _named(self, constant: Any) -> str:
        name = self._new("c")
        self._names[name] = constant
        return name

    def _new(self, letter: str) -> str:
        self._size += 1
        return f"{letter}{self._size}"


class Program(Record):
    """The record of an integrand in balls, and of the integrals inside it.

    Parameters
    ----------
    count : callable
        Called at each node of each integral.
    """

    def __init__(self, count: Callable[[], object]) -> None:
        self._failed: list[BaseException] = []
        names = {"integral": flint.acb.integral, "nan": flint.acb("nan"), "count": count, "failed": self._failed}
        super().__init__(names)

    @property
    def analytic(self) -> str:
        """Name of the flag whether the innermost integrand must be holomorphic."""
        return f"analytic{self.depth}"

    def constant(self, value: Any) -> Any:
        return flint.acb(value)

    def whole(self, value: Any) -> int | None:
        if isinstance(value, Inside) or not isinstance(value, flint.acb | flint.arb | float | flint.fmpz | flint.fmpq):
            return None
        exact = flint.acb(value)
        whole = exact.real.unique_fmpz() if exact.imag == 0 and exact.real.is_exact() else None
        return int(whole) if whole is not None and exact.real == whole else None

    def log_of_positive(self, base: Any) -> Any:
        base = flint.acb(base)
        return base.log() if base.imag == 0 and base.real > 0 else None

    def called(self, name: str, arguments: int) -> str:
        if name in CUT:
            return f"{{}}.{name}(analytic={self.analytic})"
        return f"{{}}.{name}({', '.join(['{}'] * arguments)})"

    def integral(self, f: Callable[[Any], Any], points: Iterable[Any]) -> Any:
        """Integrate, or record the integral where it is inside another one."""
        panels = list(pairwise(points))
        if self.depth:
            name, ends = self._function(f, self._blocks[-1]), [(self.operand(a), self.operand(b)) for a, b in panels]
            return self.step(" + ".join(f"integral({name}, {a}, {b})" for a, b in ends) or self._named(flint.acb(0)))
        run = self.recorded(f)
        total = sum((flint.acb.integral(run, flint.acb(a), flint.acb(b)) for a, b in panels), flint.acb(0))
        if self._failed:
            raise self._failed[0]
        return total

    def _lines(self, name: str, variable: str, body: list[str], result: str) -> list[str]:
        # An inner integral must be holomorphic in the variable of the outer one as well.
        outer = f"analytic{self.depth - 1} or " if self.depth > 1 else ""
        return [
            f"def {name}({variable}, flag):",
            " if failed: return nan",
            f" {self.analytic} = {outer}flag",
            " try:",
            "  count()",
            *(f"  {line}" for line in body),
            f"  return {result}",
            # Earlier versions of Arb's interface drop exceptions, and return a wrong integral.
            " except BaseException as error:",
            "  failed.append(error)",
            "  return nan",
        ]


@lru_cache(maxsize=1000)
def _compiled(text: str) -> CodeType:
    return compile(text, "<integrand>", "exec")
