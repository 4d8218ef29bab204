"""Fixtures for every test."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, settings
from threadpoolctl import threadpool_limits

# The processes of pytest-xdist fill the cores: further threads of BLAS would wait for each other, in loops that take
# most of the processor time. The limit is for NumPy, which a plugin of pytest may have loaded before this file; the
# variables are for libraries that are loaded later, and for commands that tests start. PyTorch's threads wait without
# loops.
if "PYTEST_XDIST_WORKER" in os.environ:
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    threadpool_limits(int(os.environ["OPENBLAS_NUM_THREADS"]))

# Tests start many commands, each of which would compile freqnet anew.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)

# The generators that each file of tests has, with their states before the first test.
_GENERATORS: dict[ModuleType, list[tuple[np.random.Generator, Mapping[str, Any]]]] = {}


# A busy machine is slow: that is no fault of a test.
settings.register_profile("freqnet", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("freqnet")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Keep the states of the generators of files, for `pytest_runtest_setup`."""
    for module in {getattr(item, "module", None) for item in items} - {None}:
        generators = [value for value in vars(module).values() if isinstance(value, np.random.Generator)]
        _GENERATORS[module] = [(generator, generator.bit_generator.state) for generator in generators]


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Let every test begin with the same random numbers, whichever tests ran before it in its process."""
    for generator, state in _GENERATORS.get(getattr(item, "module", None), ()):
        generator.bit_generator.state = state


@pytest.fixture
def rng() -> np.random.Generator:
    """A generator with a fixed seed, new for each test."""
    return np.random.default_rng(20240607)


@pytest.fixture(scope="session")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a run on all digits, for tests that do not change it."""
    from test_cli_train import succeed

    folder = tmp_path_factory.mktemp("runs") / "digits"
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
