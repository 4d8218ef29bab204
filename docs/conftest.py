"""The pages' code runs as tests: ``python -m pytest --doctest-glob="*.rst" docs``."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

import pytest

# Pages that Sphinx makes of the examples, and pages that need other libraries, which need not be there.
NEEDS = {
    "concepts/pytorch.rst": "torch",
    "howto/export_to_onnx.rst": "onnxruntime",
    "howto/use_a_gpu.rst": "array_api_strict",
    "howto/use_in_pytorch.rst": "torch",
}
collect_ignore = ["gallery", *(page for page, package in NEEDS.items() if find_spec(package) is None)]


@pytest.fixture(autouse=True)
def in_an_empty_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the pages write files where they please, and import the programs that they show."""
    monkeypatch.chdir(tmp_path)
    for folder in ("howto", "howto/serving"):
        monkeypatch.syspath_prepend(Path(__file__).parent / folder)
