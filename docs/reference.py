"""Sphinx extension: a page of the reference lists all names in ``__all__`` of its module.

The line ``.. public-names::`` on a page becomes a table of the names, by the sections of the page. A name without an
entry on the page gets one in a section at the end.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from types import ModuleType

from sphinx.application import Sphinx

PLACE = ".. public-names::\n"
# An entry, or a further signature of the one before it.
ENTRY = re.compile(r"^(?:\.\. (?:auto(?:function|class|exception)|py:(?:function|data)):: +| {17})(\w+)", re.MULTILINE)
SECTION = re.compile(r"^(?=.+\n---+\n)", re.MULTILINE)
FOLDER = Path(__file__).parent / "api"
PAGES = re.findall(r"^   (\w+)$", (FOLDER / "index.rst").read_text("utf-8"), re.MULTILINE)
# The documented modules, in the order of their imports.
PUBLIC = [page for page in PAGES if PLACE in (FOLDER / f"{page}.rst").read_text("utf-8")]


def directive(value: object) -> str:
    """Return the directive that documents a value.

    >>> directive(ValueError), directive(Path), directive(directive)
    ('autoexception', 'autoclass', 'autofunction')
    """
    if inspect.isclass(value):
        return "autoexception" if issubclass(value, BaseException) else "autoclass"
    return "autofunction"


def is_described(value: object) -> bool:
    """Return whether a value has a docstring of its own, rather than that of its type."""
    return bool(inspect.getdoc(value)) and (
        inspect.isclass(value) or inspect.getdoc(value) != inspect.getdoc(type(value))
    )


def further(page: str, module: ModuleType) -> list[str]:
    """Return the public names of a module that its page has no entry for."""
    written = set(ENTRY.findall(page))
    return [name for name in module.__all__ if name not in written]


def with_further_names(page: str, module: ModuleType) -> str:
    """Return a page with entries for all public names."""
    names = further(page, module)
    if not names:
        return page
    entry = lambda name, kind: f".. {kind}:: {name}\n{'   :members:' if kind == 'autoclass' else ''}\n"
    entries = "\n".join(entry(name, directive(getattr(module, name))) for name in names)
    return f"{page}\nFurther names\n-------------\n\n{entries}"


def tables(page: str, module: ModuleType) -> Iterator[str]:
    """Yield a table of the public names of each section, in the order of their entries."""
    sections = SECTION.split(page)
    for section in sections:
        names = [name for name in dict.fromkeys(ENTRY.findall(section)) if is_described(getattr(module, name, None))]
        if names:
            title = section.partition("\n")[0] if section is not sections[0] and len(sections) > 2 else ""
            yield f".. rubric:: {title}\n" if title else ""
            yield ".. autosummary::\n   :nosignatures:\n\n" + "\n".join(f"   {name}" for name in names) + "\n"


def expand(page: str, module: ModuleType) -> str:
    """Return the source of a page with its table and with entries for all public names."""
    page = with_further_names(page, module)
    return page.replace(PLACE, "\n".join(tables(page, module)))


def read(app: Sphinx, name: str, source: list[str]) -> None:
    """Expand a page of the reference when Sphinx reads it."""
    folder, _, page = name.rpartition("/")
    if folder == "api" and page in PUBLIC:
        source[0] = expand(source[0], import_module(f"freqnet.{page}"))


def setup(app: Sphinx) -> dict[str, bool]:
    """Register the handler."""
    app.connect("source-read", read)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
