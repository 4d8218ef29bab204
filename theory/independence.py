"""Detect checks whose two sides share a formula, since their agreement would prove nothing."""

from __future__ import annotations

from collections.abc import Iterator
from dis import Instruction, get_instructions
from functools import partial
from types import CodeType, FunctionType, ModuleType
from typing import Any

from .checks import Check, Side

#: Modules of tools (transforms, sums, quadratures) that both sides may use, as they may use the engine and libraries.
TOOLS = ("arithmetic", "balls", "signals")


def shared_formula(check: Check) -> str:
    """Return the names of the functions that both sides of a check use, or an empty string.

    Two sides share a formula if they are the same function, have the same code, or both call the same function of a
    module of claims.

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
    """Return the side itself and the functions of claims that it calls, found by the names in its code."""
    found: list[FunctionType] = []
    waiting = [side]
    while waiting:
        function = _unwrapped(waiting.pop())
        if function is not None and function not in found:
            found.append(function)
            waiting.extend(_named(function))
    return found


def _unwrapped(value: Any) -> FunctionType | None:
    """Return the function behind a name, unless it belongs to the tools, the engine or a library."""
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
    """Yield the values of the names in a function's code."""
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
    except ValueError:  # the name has no value yet
        return False


def _codes(code: CodeType) -> Iterator[CodeType]:
    """Yield a code object and its inner ones: comprehensions and lambdas."""
    yield code
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield from _codes(constant)


def _fingerprint(function: FunctionType) -> tuple[Any, ...]:
    """Return a key that is equal for two functions with the same code, whatever the names of their variables."""
    cells = tuple(repr(cell.cell_contents) for cell in function.__closure__ or () if _is_filled(cell))
    return tuple(map(_steps, _codes(function.__code__))), cells, repr(function.__defaults__)


def _steps(code: CodeType) -> tuple[tuple[str, Any], ...]:
    """Return the instructions of a code object, without the names of variables."""

    def operand(step: Instruction) -> Any:
        is_variable = step.opname.endswith(("_FAST", "_DEREF", "_CLOSURE"))
        # The qualified name of an inner function contains the outer name; inner code is compared separately.
        is_inner = isinstance(step.argval, CodeType) or "<locals>" in str(step.argval)
        return step.arg if is_variable else "inner" if is_inner else repr(step.argval)

    return tuple((step.opname, operand(step)) for step in get_instructions(code))
