"""Detect checks whose two sides share a formula, since their agreement would prove nothing."""

from __future__ import annotations

import sys
from collections.abc import Callable, Collection, Iterator, Mapping
from dis import Instruction, get_instructions
from functools import cache, partial, partialmethod
from pathlib import Path
from types import CodeType, FrameType, FunctionType, MethodType, ModuleType
from typing import Any

import freqnet

from .checks import Bound, Check, Side

#: Modules of tools (transforms, sums, quadratures) that both sides may use, as they may use the engine and libraries.
TOOLS = ("arithmetic", "balls", "integrands", "mpfr", "quadrature", "signals")
# With these functions, a name may stand in a string.
_INDIRECT = {"globals", "getattr", "vars", "eval", "exec", "locals", "attrgetter", "methodcaller"}


def shared_formula(check: Check) -> str:
    """Return the names of the functions that both sides of a check use, or an empty string.

    Two sides share a formula if they are the same function, have the same code, or both call the same function of a
    module of claims, also through an object, a method, a list or a dictionary. Functions that the check declares as
    ``given`` are left out. A bound may use functions of the quantity, but not the quantity itself.

    >>> from freqnet.theory.checks import Identity
    >>> shared_formula(Identity(name="nothing", closed=lambda m, w: m.sin(w), independent=lambda m, w: m.sin(w)))
    '<lambda>'
    """
    if isinstance(check, Bound):
        ends = [_fingerprint(f) for end in (check.low, check.high) if callable(end) for f in _reached(end)]
        own = [f for f in _functions(check.quantity) if _is_of_claims(f)]
        return ", ".join(sorted(f.__name__ for f in own if _fingerprint(f) in ends))
    sides = check.sides()
    if len(sides) < 2:
        return ""
    given = {_fingerprint(f) for value in getattr(check, "given", ()) for f in _reached(value)}
    first, second = ({_fingerprint(f): f.__name__ for f in _reached(side)} for side in sides)
    return ", ".join(sorted(first[key] for key in (first.keys() & second.keys()) - given))


def _reached(side: Side, depth: int = 3) -> list[FunctionType]:
    """Return the side itself and the functions of claims that it calls, found by the names in its code.

    Objects, classes and containers are opened to a depth; 0 leaves them closed.
    """
    found: list[FunctionType] = []
    seen: set[int] = set()
    waiting: list[Any] = list(_functions(side, depth=depth))
    while waiting:
        function = waiting.pop()
        if id(function) not in seen and _is_of_claims(function):
            seen.add(id(function))
            found.append(function)
            waiting.extend(inner for value, names in _named(function) for inner in _functions(value, names, depth))
    return found


def _functions(value: Any, names: Collection[str] = (), depth: int = 3) -> Iterator[FunctionType]:
    """Yield the Python functions behind a value: a function, a method, a callable object, or a container of them.

    Parameters
    ----------
    value : object
    names : collection of str
        Names in the code that uses the value: its methods of these names are included.
    depth : int
        How many containers inside each other are opened.
    """
    while isinstance(value, partial | partialmethod | MethodType | classmethod | staticmethod | property) or hasattr(
        value, "__wrapped__"
    ):
        if isinstance(value, partial | partialmethod):
            for argument in (*value.args, *value.keywords.values()):
                yield from _functions(argument, names, depth - 1) if depth else ()
            value = value.func
        elif isinstance(value, property):
            value = value.fget
        else:
            value = value.__func__ if isinstance(value, MethodType) else value.__wrapped__
    if isinstance(value, FunctionType):
        yield value
    elif isinstance(value, Mapping | list | tuple | set | frozenset):
        parts = list(value.values()) if isinstance(value, Mapping) else list(value)
        for part in parts if depth else ():
            yield from _functions(part, names, depth - 1)
    elif not isinstance(value, ModuleType):
        kind = value if isinstance(value, type) else type(value)
        if kind.__module__ == "builtins" or _is_library(kind.__module__):
            return
        wanted = {"__call__", *names}
        held = [vars(part).get(name) for part in kind.__mro__ for name in wanted if name in vars(part)]
        own = (
            [] if isinstance(value, type) else [vars(value).get(n) for n in names] if hasattr(value, "__dict__") else []
        )
        for part in [*held, *own] if depth else ():
            if part is not None:
                yield from _functions(part, names, depth - 1)


def _is_library(module: str) -> bool:
    package, _, name = (module or "").rpartition(".")
    is_tool = package == __package__ and name in TOOLS
    is_engine = module.startswith("freqnet.") and not module.startswith(f"{__package__}.")
    libraries = ("mpmath", "flint", "numpy", "scipy", "math", "functools", "fractions", "decimal", "random")
    return is_tool or is_engine or module.partition(".")[0] in libraries


def _is_of_claims(function: FunctionType) -> bool:
    """Return whether a function belongs to claims, not to the tools, the engine or a library."""
    return not _is_library(function.__module__ or "")


def _named(function: FunctionType) -> Iterator[tuple[Any, Collection[str]]]:
    """Yield the values of the names in a function's code, and the names of attributes that it uses."""
    codes = list(_codes(function.__code__))
    names = {name for code in codes for name in code.co_names}
    values = [cell.cell_contents for cell in function.__closure__ or () if _is_filled(cell)]
    values += [*(function.__defaults__ or ()), *(function.__kwdefaults__ or {}).values()]
    values += [function.__globals__.get(name) for name in names]
    for code in codes:
        for constant in code.co_consts:
            if isinstance(constant, str) and names & _INDIRECT:  # globals()["name"]
                values.append(function.__globals__.get(constant))
                names.add(constant)
    modules = [value for value in values if isinstance(value, ModuleType)]
    modules += [sys.modules[name] for name in names if name in sys.modules and name not in function.__globals__]
    for module in modules:
        if not _is_library(module.__name__):
            values += [vars(module).get(name) for name in names]
    yield from ((value, names) for value in values if value is not None)


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


@cache
def _steps(code: CodeType) -> tuple[tuple[str, Any], ...]:
    """Return the instructions of a code object, without the names of variables."""

    def operand(step: Instruction) -> Any:
        is_variable = step.opname.endswith(("_FAST", "_DEREF", "_CLOSURE"))
        # The qualified name of an inner function contains the outer name; inner code is compared separately.
        is_inner = isinstance(step.argval, CodeType) or "<locals>" in str(step.argval)
        return step.arg if is_variable else "inner" if is_inner else repr(step.argval)

    return tuple((step.opname, operand(step)) for step in get_instructions(code))


def runs_engine(call: Callable[[], Any]) -> bool:
    """Tell whether a call runs code of the engine: of freqnet, without its theory."""
    root, theory = Path(freqnet.__file__).parent, Path(__file__).parent
    is_engine: dict[str, bool] = {}
    found = False

    def watch(frame: FrameType, event: str, _: Any) -> None:
        nonlocal found
        if event == "call" and not found:
            file = frame.f_code.co_filename
            if file not in is_engine:
                parents = Path(file).parents
                is_engine[file] = root in parents and theory not in parents
            found = is_engine[file]
            if found:  # the rest of the call need not be watched
                sys.setprofile(before)

    before = sys.getprofile()
    sys.setprofile(watch)
    try:
        call()
    finally:
        sys.setprofile(before)
    return found
