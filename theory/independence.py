"""Do the two sides of a check share a formula? Then their agreement would say nothing."""

from __future__ import annotations

from collections.abc import Iterator
from dis import Instruction, get_instructions
from functools import partial
from types import CodeType, FunctionType, ModuleType
from typing import Any

from .checks import Check, Side

#: Modules of tools (transforms, sums, quadratures) that both sides may use, beside other libraries and the engine.
TOOLS = ("arithmetic", "balls", "signals")


def shared_formula(check: Check) -> str:
    """Return what both sides of a check are computed by, or nothing.

    Two sides are taken for one where they are the same function, have the same code, or where both reach the same
    function of a module of claims.

    >>> from freqnet.theory.checks import Identity
    >>> shared_formula(Identity(name="nothing", closed=lambda m, w: m.sin(w), independent=lambda m, w: m.sin(w)))
    '<lambda>'
    """
    sides = check.sides()
    if len(sides) < 2:
        return ""
    first, second = ({_fingerprint(f): f.__name__ for f in _reached(side)} for side in sides)
    return ", ".join(sorted(first[key] for key in first.keys() & second.keys()))


def _reached(side: Side) -> list[FunctionType]:
    """Return the functions of claims that a side calls, itself first, by the names in its code."""
    found: list[FunctionType] = []
    waiting = [side]
    while waiting:
        function = _unwrapped(waiting.pop())
        if function is not None and function not in found:
            found.append(function)
            waiting.extend(_named(function))
    return found


def _unwrapped(value: Any) -> FunctionType | None:
    """Return the function behind a name, unless it is one of the tools or another library's."""
    while isinstance(value, partial) or hasattr(value, "__wrapped__"):
        value = value.func if isinstance(value, partial) else value.__wrapped__
    if not isinstance(value, FunctionType):
        return None
    package, _, module = value.__module__.rpartition(".")
    is_tool = package == __package__ and module in TOOLS
    is_library = value.__module__.partition(".")[0] in ("mpmath", "flint", "numpy", "scipy", "math", "functools")
    is_engine = value.__module__.startswith("freqnet.") and not value.__module__.startswith(f"{__package__}.")
    return None if is_tool or is_library or is_engine else value


def _named(function: FunctionType) -> Iterator[Any]:
    """Yield what the names in a function's code stand for."""
    cells = [cell.cell_contents for cell in function.__closure__ or () if _is_filled(cell)]
    yield from cells
    yield from (function.__defaults__ or ())
    for code in _codes(function.__code__):
        for name in code.co_names:
            value = function.__globals__.get(name)
            yield value
            if isinstance(value, ModuleType):  # module.function
                yield from (vars(value).get(attribute) for attribute in code.co_names)


def _is_filled(cell: Any) -> bool:
    try:
        return cell.cell_contents is not None
    except ValueError:  # of a name that has no value yet
        return False


def _codes(code: CodeType) -> Iterator[CodeType]:
    """Yield a code object and those within it: comprehensions, lambdas."""
    yield code
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield from _codes(constant)


def _fingerprint(function: FunctionType) -> tuple[Any, ...]:
    """Return what two functions of the same code share, whatever they and their variables are called."""
    cells = tuple(repr(cell.cell_contents) for cell in function.__closure__ or () if _is_filled(cell))
    return tuple(map(_steps, _codes(function.__code__))), cells, repr(function.__defaults__)


def _steps(code: CodeType) -> tuple[tuple[str, Any], ...]:
    """Return what a code object does, step by step."""

    def operand(step: Instruction) -> Any:
        is_variable = step.opname.endswith(("_FAST", "_DEREF", "_CLOSURE"))
        # The name of an inner function differs with the outer one's, and inner code is looked at by itself.
        is_inner = isinstance(step.argval, CodeType) or "<locals>" in str(step.argval)
        return step.arg if is_variable else "inner" if is_inner else repr(step.argval)

    return tuple((step.opname, operand(step)) for step in get_instructions(code))
