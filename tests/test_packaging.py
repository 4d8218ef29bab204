"""What an installed copy consists of; ``.ci/wheel`` builds a wheel and uses it without a compiler."""

from __future__ import annotations

import runpy
import sysconfig
import tomllib
from pathlib import Path

import pytest

from freqnet import kernels

ROOT = Path(__file__).parents[1]
missing = runpy.run_path(str(ROOT / ".ci" / "wheel_content.py"))["missing"]


def test_a_file_that_is_not_in_the_wheel_is_found() -> None:
    tracked = [
        "freqnet/py.typed",
        "theory/claims.py",
        "benchmarks/recorded.json",
        "benchmarks/studies/pool.py",
        "docs/a.rst",
    ]
    packed = [
        "freqnet/py.typed",
        "freqnet/theory/claims.py",
        "freqnet/benchmarks/recorded.json",
        "freqnet-0.1.0/RECORD",
    ]
    assert missing(tracked, packed) == set()
    for name in packed[:3]:
        assert missing(tracked, [other for other in packed if other != name]) == {name}


@pytest.mark.skipif(kernels.KERNEL != "native", reason="no compiled kernels")
@pytest.mark.skipif(bool(sysconfig.get_config_var("Py_GIL_DISABLED")), reason="no limited API without the GIL")
def test_the_kernels_are_one_library_for_all_versions_of_python() -> None:
    from freqnet.kernels import _native

    assert Path(_native.__file__).name == "_native.abi3.so"


def test_the_limited_api_is_that_of_the_oldest_version() -> None:
    oldest = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["requires-python"]
    major, minor = map(int, oldest.removeprefix(">=").split("."))
    setup = (ROOT / "setup.py").read_text(encoding="utf-8")
    assert f"0x{major:02X}{minor:02X}0000" in setup
    assert f'"py_limited_api": "cp{major}{minor}"' in setup
