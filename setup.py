"""Build the package; the kernels are compiled where there is a C compiler, and left out where there is none."""

import sys
from pathlib import Path

from setuptools import Extension, find_packages, setup
from setuptools.command.build_ext import build_ext

# These folders lie beside the library and are imported as parts of it. The studies in benchmarks are not installed.
BESIDE = {"freqnet.theory": "theory", "freqnet.benchmarks": "benchmarks"}
PACKAGES = [
    *find_packages(include=["freqnet*"]),
    *BESIDE,
    *(f"freqnet.theory.{name}" for name in find_packages("theory")),
]
HEADERS = sorted(map(str, Path("freqnet/kernels").glob("*.h")))


class BuildKernel(build_ext):
    """Compile the kernels, or leave them out: the package works without them."""

    def build_extension(self, ext):
        # -fno-wrapv undoes Python's -fwrapv, with which the compiler may not assume that indices do not wrap around:
        # that costs a tenth of the speed.
        ext.extra_compile_args = ["-O3", "-fno-wrapv", "-fno-predictive-commoning", "-ffp-contract=fast"]
        # -fno-math-errno: square roots of whole vectors.
        ext.extra_compile_args += ["-fno-math-errno", "-Wno-psabi", "-pthread"]
        ext.extra_link_args = ["-pthread"]
        try:
            super().build_extension(ext)
        except Exception as reason:  # any failure of the compiler leads to the NumPy version
            print(f"warning: no compiled kernels ({reason}); their NumPy versions will be used", file=sys.stderr)


setup(
    packages=PACKAGES,
    package_dir=BESIDE,
    ext_modules=[Extension("freqnet.kernels._native", ["freqnet/kernels/native.c"], depends=HEADERS, optional=True)],
    cmdclass={"build_ext": BuildKernel},
)
