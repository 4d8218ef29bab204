"""The pages name what the library has: public names, command-line options, keys of files, commands that parse."""

from __future__ import annotations

import csv
import re
import shlex
from importlib import import_module
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
import yaml
from reference import PUBLIC, expand, further, is_described
from typer.main import get_command

from freqnet.cli.commands import app
from freqnet.data import load, split
from freqnet.experiments import Job, collect_metrics, make_plan
from freqnet.training import Evaluation, History, Model

DOCS = Path(__file__).parent
# The gallery is made of the examples.
PAGES = sorted(p for p in [*DOCS.rglob("*.rst"), *DOCS.rglob("*.md")] if "gallery" not in p.parts)
COMMANDS = get_command(app).commands  # type: ignore[attr-defined]


def text(name: str) -> str:
    return (DOCS / name).read_text(encoding="utf-8")


@pytest.mark.parametrize("module", PUBLIC)
def test_every_public_name_has_an_entry_and_a_text(module: str) -> None:
    here = import_module(f"freqnet.{module}")
    page = expand(text(f"api/{module}.rst"), here)
    assert further(page, here) == []
    # An entry by hand has its text on the page.
    by_hand = set(re.findall(r"^(?:\.\. py:\w+:: +| {17})(\w+)", page, re.MULTILINE))
    assert [name for name in here.__all__ if not is_described(getattr(here, name)) and name not in by_hand] == []


def test_every_package_with_public_names_has_a_page() -> None:
    packages = {path.parent.name for path in (DOCS.parent / "freqnet").glob("*/__init__.py")}
    public = {name for name in packages if hasattr(import_module(f"freqnet.{name}"), "__all__")}
    # The page of the command line describes its options.
    assert public - {"kernels", "cli"} <= set(PUBLIC)
    assert set(import_module("freqnet").__all__) - set(re.findall(r"\w+", text("api/freqnet.rst"))) == set()


def test_a_name_without_an_entry_gets_one_and_a_place_in_the_table() -> None:
    module = import_module("freqnet.ops")
    page = text("api/ops.rst").replace(".. autofunction:: truncate\n", "").replace(" log(x)\n", "\n")
    assert set(further(page, module)) == {"truncate", "log"}
    full = expand(page, module)
    assert further(full, module) == []
    assert ".. autofunction:: truncate\n" in full.partition("Further names\n")[2]
    assert "   truncate\n" in full.partition("Transforms\n----")[0]
    assert expand(full, module) == full


def test_values_without_a_text_of_their_own_are_found() -> None:
    class Silent:
        pass

    assert [is_described(value) for value in (Silent, Silent(), (), {}, DOCS, Path, pytest.raises)] == [
        False, False, False, False, False, True, True,
    ]  # fmt: skip


def test_the_quickstart_has_the_size_of_the_default_network() -> None:
    count = f"{Model().network(load('digits')).parameter_count():,}"
    assert text("quickstart.rst").count(count) == 2
    assert f"{count} numbers" in text("howto/serve_a_model.rst")


def test_every_option_is_listed() -> None:
    options = {o for command in COMMANDS.values() for p in command.params for o in p.opts if o.startswith("--")}
    listed = set(re.findall(r"``(--[a-z-]+)", text("api/cli.rst")))
    assert len(options) > 20
    assert options - listed == set()
    assert listed - options == {"--debug", "--help"}


def test_every_key_of_the_metrics_is_listed() -> None:
    dataset = load("digits")
    plan = make_plan(Job("digits"), dataset, resume=False)
    parts = split(dataset, **plan.info["fractions"])
    history = History([{"epoch": 1, "loss": 1.0, "accuracy": 0.5, "seconds": 1.0}])
    network = plan.model.network(parts.train)
    found = dataset.task.metrics(np.eye(10)[parts.test.targets], parts.test.targets)
    result = Evaluation(1.0, found, parts.test.targets, dataset.task)
    keys = set(collect_metrics(plan, network, parts, history, result))
    table = text("api/cli.rst").partition("``metrics.json``\n")[2].partition(".. _checkpoints:")[0]
    assert set(re.findall(r"^    ``(\w+)``", table, re.MULTILINE)) == keys


def commands() -> list[list[str]]:
    """Every complete ``freqnet`` command on the pages, in words."""
    pages = "\n".join(page.read_text(encoding="utf-8") for page in PAGES)
    found = re.findall(r"^ +\$ (freqnet .*)$", pages, re.MULTILINE)
    return [shlex.split(line)[1:] for line in dict.fromkeys(found) if "..." not in line]


def test_every_command_parses() -> None:
    assert len(commands()) > 10
    for name, *words in commands():
        if "--help" not in words:
            COMMANDS[name].make_context(name, words)


def test_a_wrong_option_does_not_parse() -> None:
    with pytest.raises(Exception, match="--mode"):
        COMMANDS["train"].make_context("train", ["digits", "--mode", "7"])


def test_pictures_are_where_the_pages_say() -> None:
    for page in PAGES:
        for name in re.findall(r"(?:figure|image):: (\S+)", page.read_text(encoding="utf-8")):
            assert (page.parent / name).is_file(), f"{page}: {name}"


@pytest.mark.parametrize("page", sorted((DOCS / "notebooks").glob("*.md")), ids=lambda page: page.stem)
def test_a_notebook_is_listed_can_be_downloaded_and_fits_the_page(page: Path) -> None:
    source = page.read_text(encoding="utf-8")
    assert source.startswith("---\njupytext:\n")
    assert f"{{nb-download}}`{page.stem}.ipynb`" in source
    assert f"   {page.stem}\n" in text("notebooks/index.rst")
    cells = re.findall(r"^```\{code-cell\}.*?^```", source, re.MULTILINE | re.DOTALL)
    assert len(cells) > 5
    assert max(len(line) for cell in cells for line in cell.splitlines()) <= 90


def test_the_picture_of_the_house_has_the_rows_of_the_tests() -> None:
    rows = [{name for room in row for name in room[0].split(", ")} for row in import_module("figures_house").ROWS]
    assert rows == [row - {"__main__"} for row in module_of(DOCS.parent / "tests" / "test_structure.py").LAYERS]


def test_the_citation_is_complete() -> None:
    citation = yaml.safe_load((DOCS.parent / "CITATION.cff").read_text(encoding="utf-8"))
    assert {"cff-version", "message", "title", "authors"} <= citation.keys()
    assert citation["version"] == import_module("freqnet").__version__


def untold(example: str) -> list[str]:
    """What an example lacks to be a page of the gallery."""
    needs = {"a title": r'\A"""\n.+\n===+\n', "text between code": "^# %%$", "a picture": r"^ *plt\.show\(\)$"}
    return [name for name, pattern in needs.items() if not re.search(pattern, example, re.MULTILINE)]


@pytest.mark.parametrize("path", sorted((DOCS.parent / "examples").glob("*.py")), ids=lambda path: path.stem)
def test_every_example_tells_a_story(path: Path) -> None:
    example = path.read_text(encoding="utf-8")
    assert untold(example) == []
    assert untold(re.sub(r"^# %%\n|plt\.show\(\)", "", example, flags=re.MULTILINE)) == [
        "text between code",
        "a picture",
    ]


def module_of(path: Path) -> ModuleType:
    """Run a Python file outside the packages, and return its module."""
    spec = spec_from_file_location(path.stem, path)
    assert spec is not None
    assert spec.loader is not None
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


# -- the study of domains ------------------------------------------------------------------------------
def test_study_tables_are_those_of_the_figures() -> None:
    """What a page shows is what was measured, and what is measured is shown."""
    root = DOCS.parent
    study = module_of(root / "benchmarks" / "studies" / "domains.py")
    names = [path.stem.removeprefix("domains-") for path in (root / "benchmarks/results").glob("domains-*.json")]
    assert {path.stem for path in (DOCS / "study").glob("*.csv")} == set(names) != set()
    for name in names:
        with (DOCS / "study" / f"{name}.csv").open(encoding="utf-8", newline="") as file:
            assert list(map(tuple, csv.reader(file))) == study.table(name)
        assert f"study/{name}.csv" in text("fourier_or_laplace.rst")
