"""Build the kernels where there is a C compiler; without one the NumPy version takes over."""

import sys
from pathlib import Path

from setuptools import Extension, find_packages, setup
from setuptools.command.build_ext import build_ext

# The theory has a folder of its own beside the library, and is imported as a part of it.
THEORY = ["theory", *(f"theory.{name}" for name in find_packages("theory"))]
PACKAGES = [*find_packages(include=["freqnet*"]), *(f"freqnet.{name}" for name in THEORY)]
HEADERS = sorted(map(str, Path("freqnet/kernels").glob("*.h")))


class BuildKernel(build_ext):
    """Compile, or else leave the kernels out: the package works either way."""

    def build_extension(self, ext):
        # Python's own -fwrapv costs a tenth of the speed: with it, no index is known to stay within bounds.
        ext.extra_compile_args = ["-O3", "-fno-wrapv", "-fno-predictive-commoning", "-ffp-contract=fast"]
        ext.extra_compile_args += ["-Wno-psabi", "-pthread"]
        ext.extra_link_args = ["-pthread"]
        try:
            super().build_extension(ext)
        except Exception as reason:  # whatever the compiler says, there is a version without it
            print(f"warning: no compiled kernels ({reason}); their NumPy versions will be used", file=sys.stderr)


setup(
    packages=PACKAGES,
    package_dir={"freqnet.theory": "theory"},
    ext_modules=[Extension("freqnet.kernels._native", ["freqnet/kernels/native.c"], depends=HEADERS, optional=True)],
    cmdclass={"build_ext": BuildKernel},
)
