"""The pages' code runs as tests: ``python -m pytest --doctest-glob="*.rst" docs``."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

import pytest

# Pages that Sphinx makes of the examples, and a comparison with another library, which need not be there.
collect_ignore = ["gallery"] if find_spec("torch") else ["gallery", "concepts/pytorch.rst"]


@pytest.fixture(autouse=True)
def in_an_empty_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the pages write files where they please, and import the programs that they show."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(Path(__file__).parent / "howto")
