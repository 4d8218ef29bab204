"""Compare a wheel with the files of the repository: ``git ls-files | python .ci/wheel_content.py FILE``."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from zipfile import ZipFile

# The studies in benchmarks, and what they measured, are not installed.
LEFT_OUT = ("benchmarks/studies/", "benchmarks/results/")


def missing(tracked: Iterable[str], packed: Iterable[str]) -> set[str]:
    """Return the tracked files of the package that are not among those of a wheel."""
    inside = [name for name in tracked if not name.startswith(LEFT_OUT)]
    wanted = {name for name in inside if name.startswith("freqnet/")}
    wanted |= {f"freqnet/{name}" for name in inside if name.startswith(("theory/", "benchmarks/"))}
    return wanted - set(packed)


def main() -> None:
    """Read the tracked files from standard input, and stop if one is missing."""
    with ZipFile(sys.argv[1]) as wheel:
        packed = wheel.namelist()
    if lost := missing(sys.stdin.read().splitlines(), packed):
        sys.exit(f"not in the wheel: {', '.join(sorted(lost))}")
    libraries = [name for name in packed if name.endswith((".so", ".pyd"))]
    if libraries != ["freqnet/kernels/_native.abi3.so"]:
        sys.exit(f"compiled libraries in the wheel: got {libraries}, expected one for every version of Python")
    print(f"{len(packed)} files in the wheel")


if __name__ == "__main__":
    main()
