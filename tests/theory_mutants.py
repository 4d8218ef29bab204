"""One-character errors in closed forms: a sign, a factor, a whole number, two swapped arguments.

``python tests/theory_mutants.py SUBJECT`` lists the errors of a subject that no check finds.
"""

from __future__ import annotations

import ast
import inspect
import pickle
import sys
import textwrap
from collections.abc import Callable, Iterator
from functools import cache
from typing import Any

from freqnet.theory import Claim, Digits, Identity, catalogue
from freqnet.theory.checks import flat, parameters_at
from freqnet.theory.independence import _reached
from freqnet.theory.judges import agreement

DIGITS = 15
# The cut-off of an integral or a series, and its number of panels, are not part of the formula.
NOT_FORMULA = ("tail", "cut")
SIZES = ("R", "T", "terms", "steps")


def mutants(tree: ast.FunctionDef) -> Iterator[tuple[str, ast.FunctionDef]]:
    """Yield a description and a changed copy of a function, for each possible change."""
    packed = pickle.dumps(tree)
    for index, node in enumerate(ast.walk(tree)):
        for name, change in _changes(node):
            copy = pickle.loads(packed)
            target = list(ast.walk(copy))[index]
            if not _is_left_alone(copy, target):
                text = ast.unparse(node)
                change(target)
                yield f"line {node.lineno}: {text} with {name}", ast.fix_missing_locations(copy)


def _is_left_alone(tree: ast.AST, target: ast.AST) -> bool:
    """Return whether a node only sets the cut-off of a sum or an integral."""
    return any(target is inner for node in ast.walk(tree) for part in _not_formula(node) for inner in ast.walk(part))


def _not_formula(node: ast.AST) -> Iterator[ast.AST]:
    """Yield the parts of a node outside the formula: tails, cut-offs, panels beyond the first, sizes."""
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
        if node.func.attr in NOT_FORMULA:
            yield node
        elif node.func.attr == "panels":
            yield from node.args[1:]
        elif node.func.attr == "half_line":
            yield from (*node.args[1:], *(keyword.value for keyword in node.keywords))
    if isinstance(node, ast.Assign) and any(ast.unparse(name) in SIZES for name in node.targets):
        yield node.value


def _changes(node: ast.AST) -> Iterator[tuple[str, Callable[[Any], None]]]:
    """Yield the possible changes at a node."""
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add | ast.Sub) and not _is_tail(node.right):
        other = ast.Sub() if isinstance(node.op, ast.Add) else ast.Add()
        yield "the other sign", lambda n: setattr(n, "op", other)
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
        yield "no sign", lambda n: setattr(n, "op", ast.UAdd())
    if isinstance(node, ast.Constant) and type(node.value) is int:
        yield "1 more", lambda n: setattr(n, "value", n.value + 1)
    if isinstance(node, ast.Call) and len(node.args) >= 2 and not any(isinstance(a, ast.Starred) for a in node.args):
        # The first two arguments of 2F1 may be swapped.
        symmetric = ast.unparse(node.func) == "m.hyp2f1"
        first = 1 if symmetric or ast.unparse(node.args[0]) == "m" else 0
        if len(node.args) >= first + 2 and ast.dump(node.args[first]) != ast.dump(node.args[first + 1]):
            yield "arguments swapped", lambda n: n.args.insert(first, n.args.pop(first + 1))
    if isinstance(node, ast.Return) and not isinstance(node.value, ast.List | ast.Tuple | ast.ListComp | None):
        yield "a factor 2", lambda n: setattr(n, "value", ast.BinOp(ast.Constant(2), ast.Mult(), n.value))


def _is_tail(node: ast.AST) -> bool:
    return isinstance(node, ast.Call) and ast.unparse(node.func) == "m.tail"


def survivors(check: Identity) -> list[str]:
    """Return the errors in a closed form, and in the functions that it calls, that a check does not find."""
    with Digits(DIGITS) as m:
        m.panellings = 1
        points = [parameters_at(m, point) for point in check.all_points(0)]
        # Most errors are noticed at the first point.
        right = cache(lambda place: flat(check.independent(m, **points[place])))
        needed = check.digits_needed(DIGITS)

        def is_noticed(closed: Callable[..., Any]) -> bool:
            for place, at in enumerate(points):
                expected = right(place)
                try:
                    if agreement(m, flat(closed(m, **at)), expected)[0] < needed:
                        return True
                except Exception:
                    return True
            return False

        return [name for name, closed in broken(check.closed) if not is_noticed(closed)]


def broken(closed: Callable[..., Any]) -> Iterator[tuple[str, Callable[..., Any]]]:
    """Yield a closed form with each one-character error in it or in a function that it calls."""
    parts = {part.__name__: part for part in _reached(closed, depth=0)}
    trees = {name: ast.parse(textwrap.dedent(inspect.getsource(part))).body[0] for name, part in parts.items()}
    for name, tree in trees.items():
        if not isinstance(tree, ast.FunctionDef):  # a lambda is part of a longer line
            raise AssertionError(f"a closed form must be a function with a name: {ast.unparse(tree)}")
        for description, changed in mutants(tree):
            space: dict[str, Any] = {}
            for part in parts.values():
                space |= part.__globals__
            for other, whole in trees.items():
                module = ast.Module([changed if other == name else whole], [])
                exec(compile(module, f"<{other}>", "exec"), space)
            yield f"{name}, {description}", space[closed.__name__]


def analytic(claim: Claim) -> list[Identity]:
    """Return the checks of a claim that compare a closed form, without those of the engine's operators."""
    return [check for check in claim.checks if isinstance(check, Identity) and not check.engine]


def of_subject(subject: str) -> list[Claim]:
    """Return the claims of one file."""
    from importlib import import_module

    return list(import_module(f"freqnet.theory.claims.{subject}").CLAIMS)


if __name__ == "__main__":
    for claim in [c for name in sys.argv[1:] for c in of_subject(name)] or catalogue():
        for check in analytic(claim):
            for line in survivors(check):
                print(f"{claim.id} | {check.name} | {line}")
