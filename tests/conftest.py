"""Fixtures for every test."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest


@pytest.fixture
def rng() -> np.random.Generator:
    """A generator with a fixed seed, new for each test."""
    return np.random.default_rng(20240607)


@pytest.fixture(scope="session")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a run on all digits, for tests that do not change it."""
    from test_cli_train import succeed, without_plots

    folder = tmp_path_factory.mktemp("runs") / "digits"
    with pytest.MonkeyPatch.context() as patch:
        without_plots(patch)
        succeed("train", "digits", "--epochs", 4, "--widths", "8,8,8", "--quiet", "--out", folder)
    return folder


@pytest.fixture
def own_claims() -> Iterator[None]:
    """Remove the claims that a test registers after the test."""
    from freqnet.theory import registry

    before, files = dict(registry._added), set(registry._from_files)
    yield
    registry._added.clear()
    registry._added.update(before)
    registry._from_files.clear()
    registry._from_files.update(files)
