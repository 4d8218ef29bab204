"""The structure of the code: directions of imports, sizes, and the modules that `import freqnet` loads."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from functools import cache
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

from freqnet.spaces import DOMAINS, Space

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "freqnet"
BESIDE = (ROOT / "theory", ROOT / "benchmarks")
# A module may import from its own row and from the rows above it.
LAYERS = (
    {"caches", "checks", "display", "errors", "launcher", "processes"},
    {"kernels", "autodiff", "approximate", "on_disk", "values"},
    {"spaces"},
    {"ops"},
    {"plan", "onnx"},
    {"nn"},
    {"optim", "tasks"},
    {"arrays", "augment", "convert", "data", "torch"},
    {"training"},
    {"audit"},
    {"plot"},
    {"report"},
    {"benchmarks", "experiments", "theory"},
    {"sklearn"},
    {"cli", "__main__"},
)
ROW = {name: row for row, names in enumerate(LAYERS) for name in names}
LINES_A_FUNCTION, ARGUMENTS = 25, 8
SECONDS_TO_IMPORT = 0.3
HEAVY = (
    "matplotlib",
    "sklearn",
    "rich",
    "typer",
    "scipy",
    "safetensors",
    "torch",
    "autograd",
    "mpmath",
    "PIL",
    "onnx",
    "array_api_compat",
)


def files() -> list[Path]:
    """Every file of the package; two parts of it lie in folders beside it."""
    found = sorted(file for folder in (PACKAGE, *BESIDE) for file in folder.rglob("*.py"))
    assert len(found) > 20
    return found


@cache
def sources() -> dict[str, ast.Module]:
    """The syntax tree of every module, by its path in the package."""
    folders = {f: PACKAGE if PACKAGE in f.parents else ROOT for f in files()}
    return {str(f.relative_to(folder)): ast.parse(f.read_text(encoding="utf-8")) for f, folder in folders.items()}


# -- imports -------------------------------------------------------------------------------------------
def imported(tree: ast.AST, package: tuple[str, ...] = ("freqnet",)) -> Iterator[str]:
    """Dotted names that a module imports, also inside functions, but not those for type checking only."""
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.If) and ast.unparse(node.test) in ("TYPE_CHECKING", "typing.TYPE_CHECKING"):
            for other in node.orelse:
                yield from imported(ast.Module([other], []), package)
        elif isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            start = ".".join(package[: len(package) + 1 - node.level]) + "." if node.level else ""
            base = (start + (node.module or "")).rstrip(".")
            yield from (f"{base}.{alias.name}" for alias in node.names)
        elif not isinstance(node, ast.expr):
            yield from imported(node, package)


def wrong_imports(path: str, tree: ast.Module) -> list[str]:
    """The imports of a module from rows below its own."""
    parts = Path(path).with_suffix("").parts
    if parts == ("__init__",):
        return []  # the package itself gathers everything
    if parts[0] not in ROW:
        return [f"{path}: give {parts[0]!r} a row in LAYERS"]
    names = (name.split(".") for name in imported(tree, ("freqnet", *parts[:-1])))
    below = {n[1] for n in names if n[0] == "freqnet" and len(n) > 1 and ROW.get(n[1], -1) > ROW[parts[0]]}
    return [f"{path}: imports freqnet.{name}" for name in sorted(below)]


def test_imports_point_one_way() -> None:
    assert [line for path, tree in sources().items() for line in wrong_imports(path, tree)] == []


@pytest.mark.parametrize(
    "source",
    [
        "import freqnet.ops",
        "from freqnet.nn import Module",
        "from freqnet import training\nfrom ..ops import multiply",
        "from .. import ops",
        "def f():\n    from freqnet.ops import multiply",
        "if x:\n    import freqnet.cli",
        "if not TYPE_CHECKING:\n    import freqnet.ops",
        "if TYPE_CHECKING:\n    pass\nelse:\n    import freqnet.ops",
    ],
)
def test_an_import_from_below_is_found(source: str) -> None:
    assert wrong_imports("spaces/fourier.py", ast.parse(source)) != []


@pytest.mark.parametrize(
    "source",
    [
        "import numpy, freqnet.errors",
        "from freqnet import kernels\nfrom . import base",
        "from ..kernels import product",
        "if TYPE_CHECKING:\n    from freqnet.nn import Module",
    ],
)
def test_an_import_from_above_is_allowed(source: str) -> None:
    assert wrong_imports("spaces/fourier.py", ast.parse(source)) == []


def test_a_module_without_a_row_is_found() -> None:
    assert "LAYERS" in wrong_imports("extras/new.py", ast.parse(""))[0]


# -- cycles --------------------------------------------------------------------------------------------
EXTENSIONS = {"freqnet.kernels._native"}


def modules() -> dict[str, tuple[str, ast.Module]]:
    """The package and the syntax tree of every module, by its name."""
    found = {}
    for path, tree in sources().items():
        *folders, file = Path(path).with_suffix("").parts
        package = ".".join(["freqnet", *folders])
        found[package if file == "__init__" else f"{package}.{file}"] = (package, tree)
    return found


def dependencies(known: dict[str, tuple[str, ast.Module]]) -> dict[str, set[str]]:
    """The modules that each module imports, also inside functions."""
    graph = {}
    for name, (package, tree) in known.items():
        names = set(imported(tree, tuple(package.split(".")))) - EXTENSIONS
        # Of `from package import name`, the name is a module or a part of the package's own file.
        graph[name] = {n if n in known else n.rpartition(".")[0] for n in names} & set(known) - {name}
    return graph


def cycle(graph: dict[str, set[str]]) -> list[str]:
    """Modules that import each other in a circle; empty if there are none."""
    try:
        list(TopologicalSorter(graph).static_order())
    except CycleError as error:
        return list(error.args[1])
    return []


def test_no_files_import_each_other_in_a_circle() -> None:
    graph = dependencies(modules())
    assert len(graph) > 100
    assert "freqnet.autodiff.tape" in graph["freqnet.autodiff.registrars"]
    assert cycle(graph) == []


def test_a_circle_is_found() -> None:
    known = dict(modules())
    package, tree = known["freqnet.spaces.base"]
    late = ast.parse("def f():\n    from freqnet.spaces.nodes import damped")
    known["freqnet.spaces.base"] = (package, ast.Module([*tree.body, *late.body], []))
    assert {"freqnet.spaces.base", "freqnet.spaces.nodes.damped"} <= set(cycle(dependencies(known)))


# -- what is known of domains ----------------------------------------------------------------------------
# Only here may a domain be named: where domains are made, where they are exported, and among the default choices.
OF_DOMAINS = ("spaces/", "__init__.py", "training/presets.py")


def classes_of_spaces() -> set[str]:
    every, queue = set(), [Space]
    while queue:
        queue += (subclasses := queue.pop().__subclasses__())
        every |= {c.__name__ for c in subclasses if c.__module__.startswith("freqnet.")}
    return every


def texts(tree: ast.Module) -> Iterator[str]:
    """The string constants of a module without its docstrings."""
    documented = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)
    docstrings = {id(n.body[0].value) for n in ast.walk(tree) if isinstance(n, documented) and ast.get_docstring(n)}  # type: ignore[attr-defined]
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in docstrings:
            yield node.value


def known_of_domains(path: str, tree: ast.Module) -> list[str]:
    """The domains that a module names: by their classes, by their names, or by the old trait of causal domains."""
    if path.startswith(OF_DOMAINS):
        return []
    nodes, classes = list(ast.walk(tree)), classes_of_spaces() | {"is_causal"}
    names = [n.attr for n in nodes if isinstance(n, ast.Attribute)] + [n.id for n in nodes if isinstance(n, ast.Name)]
    names += [alias.name for n in nodes if isinstance(n, ast.ImportFrom) for alias in n.names]
    # "grid" is also the name of an argument; a domain of this name is recognised in comparisons.
    words = {name for name in DOMAINS if name != "grid"}
    compared = [ast.unparse(n) for n in nodes if isinstance(n, ast.Compare)]
    return [
        *(f"{path}: {name}" for name in names if name in classes),
        *(f"{path}: {text!r}" for text in texts(tree) if text.partition(":")[0] in words),
        *(f"{path}: {text}" for text in compared if "domain" in text and "'grid'" in text),
    ]


def test_only_spaces_know_domains() -> None:
    own = {path: tree for path, tree in sources().items() if not path.startswith(("theory", "benchmarks"))}
    assert [line for path, tree in own.items() for line in known_of_domains(path, tree)] == []


@pytest.mark.parametrize(
    "source",
    [
        "from freqnet.spaces import Laplace",
        "def f(x):\n    return isinstance(x.space, spaces.NodeSpace)",
        "def f(space):\n    return space.is_causal",
        "def f(space):\n    return space.domain == 'laplace'",
        "def f(space):\n    return space.domain in ('grid', 'other')",
        "space = get_domain('laplace:factored')(8)",
    ],
)
def test_knowledge_of_a_domain_is_found(source: str) -> None:
    assert known_of_domains("nn/new.py", ast.parse(source)) != []
    assert known_of_domains("spaces/new.py", ast.parse(source)) == []


def test_a_docstring_or_an_argument_may_name_a_domain() -> None:
    assert known_of_domains("nn/new.py", ast.parse('"""laplace"""\ndef f(name):\n    return name == "grid"')) == []


# -- sizes ---------------------------------------------------------------------------------------------
Function = ast.FunctionDef | ast.AsyncFunctionDef


def functions(tree: ast.Module) -> list[Function]:
    return [node for node in ast.walk(tree) if isinstance(node, Function)]


def code_lines(function: Function, text: list[str]) -> int:
    """Lines of a function that are neither blank, nor comment, nor docstring."""
    lines = set(range(function.lineno, (function.end_lineno or 0) + 1))
    for node in ast.walk(function):
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)) and ast.get_docstring(node):
            lines -= set(range(node.body[0].lineno, (node.body[0].end_lineno or 0) + 1))
    return sum(bool(text[i - 1].strip()) and not text[i - 1].strip().startswith("#") for i in lines)


def arguments(function: Function) -> int:
    args = function.args
    return len([*args.posonlyargs, *args.args, *args.kwonlyargs]) - 1


def test_nearly_every_function_is_short() -> None:
    sizes = {}
    for path in files():
        source = path.read_text(encoding="utf-8")
        lines = source.splitlines()
        for f in functions(ast.parse(source)):
            sizes[f"{path.relative_to(ROOT)}:{f.lineno} {f.name}"] = code_lines(f, lines)
    long = {name: n for name, n in sizes.items() if n > LINES_A_FUNCTION}
    assert len(long) <= 0.05 * len(sizes), long


def test_constructors_take_few_arguments() -> None:
    sizes = {
        f"{path}:{f.lineno}": arguments(f)
        for path, tree in sources().items()
        for f in functions(tree)
        if f.name == "__init__"
    }
    assert {name: n for name, n in sizes.items() if n > ARGUMENTS} == {}


def test_lines_are_counted_without_docstrings_comments_and_blanks() -> None:
    lines = ["def f(self, a, *, b=1):", '    """Say.', "", '    More."""', "    # why", "", "    x = (1 +", "    2)"]
    lines += ["    return x"]
    (function,) = functions(ast.parse("\n".join(lines)))
    assert code_lines(function, lines) == 4
    assert arguments(function) == 2


# -- tests ---------------------------------------------------------------------------------------------
def repeated(tree: ast.Module) -> list[str]:
    """Names of functions and classes defined twice in one body; the first definition would never run."""
    found = []
    for body in (n.body for n in ast.walk(tree) if isinstance(n, (ast.Module, ast.ClassDef))):
        names = Counter(n.name for n in body if isinstance(n, (ast.FunctionDef, ast.ClassDef)))
        found += [name for name, count in names.items() if count > 1 and name != "_"]
    return found


def test_no_test_hides_another_of_its_name() -> None:
    tests = sorted((ROOT / "tests").rglob("*.py"))
    assert Path(__file__) in tests
    assert {f.name: names for f in tests if (names := repeated(ast.parse(f.read_text(encoding="utf-8"))))} == {}
    assert [
        name for name, count in Counter(f.name for f in tests if f.name != "__init__.py").items() if count > 1
    ] == []


def test_a_hidden_test_is_found() -> None:
    assert repeated(ast.parse("def test_a(): pass\ndef test_b(): pass\ndef test_a(): pass")) == ["test_a"]
    assert repeated(ast.parse("class T:\n    def test_a(self): pass\n    def test_a(self): pass")) == ["test_a"]


# -- cost of imports -------------------------------------------------------------------------------------
def fresh(code: str) -> str:
    """The output of code in a new interpreter."""
    return subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT, timeout=600
    ).stdout.strip()


def test_import_loads_nothing_heavy() -> None:
    loaded = fresh("import sys, freqnet; print(*sorted({name.split('.')[0] for name in sys.modules}))").split()
    assert "freqnet" in loaded
    assert set(HEAVY) & set(loaded) == set()


def test_import_is_quick() -> None:
    # The least processor time of several runs: other processes must not count.
    timed = "from time import process_time as t; s = t(); import freqnet; print(t() - s)"
    seconds = []
    while len(seconds) < 8 and min(seconds, default=1.0) >= SECONDS_TO_IMPORT:
        seconds.append(float(fresh(timed)))
    assert min(seconds) < SECONDS_TO_IMPORT, seconds
