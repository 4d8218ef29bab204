"""Definitions of the pages of the gallery, without their measurements."""

from __future__ import annotations

import ast
from pathlib import Path
from types import ModuleType
from typing import Any

EXAMPLES = Path(__file__).parents[1] / "examples"


def definitions(name: str, **others: Any) -> ModuleType:
    """Run the imports, functions, classes and constants in capitals of a page, and return them as a module.

    `others` are names that the page computes, such as its options.
    """
    path = EXAMPLES / f"{name}.py"
    tree = ast.parse(path.read_text(encoding="utf-8"))
    tree.body = [node for node in tree.body if _is_definition(node)]
    page = ModuleType(name)
    page.__dict__.update(others, __file__=str(path))
    exec(compile(tree, path, "exec", dont_inherit=True), page.__dict__)
    return page


def _is_definition(node: ast.stmt) -> bool:
    if isinstance(node, ast.Assign):
        targets = [name for target in node.targets for name in ast.walk(target) if isinstance(name, ast.Name)]
        return all(name.id.isupper() for name in targets)
    return isinstance(node, ast.Import | ast.ImportFrom | ast.FunctionDef | ast.ClassDef)
