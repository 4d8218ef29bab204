"""The pages' code runs as tests: ``python -m pytest --doctest-glob="*.rst" docs``."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

import pytest

# A comparison with another library, which need not be there.
collect_ignore = [] if find_spec("torch") else ["concepts/pytorch.rst"]


@pytest.fixture(autouse=True)
def in_an_empty_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the pages write files where they please."""
    monkeypatch.chdir(tmp_path)
