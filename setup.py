"""Build the kernels where there is a C compiler; without one the NumPy version takes over."""

import sys
from pathlib import Path

from setuptools import Extension, setup
from setuptools.command.build_ext import build_ext

HEADERS = sorted(map(str, Path("freqnet/kernels").glob("*.h")))


class BuildKernel(build_ext):
    """Compile with threads, else without, else leave the kernel out: the package works either way."""

    def build_extension(self, ext):
        for flags, link in ((["-fopenmp"], ["-fopenmp"]), ([], [])):
            ext.extra_compile_args = ["-O3", "-ffp-contract=fast", "-Wno-psabi", *flags]
            ext.extra_link_args = link
            try:
                return super().build_extension(ext)
            except Exception as error:  # whatever the compiler says, there is a version without it
                reason = error
        print(
            f"warning: the compiled kernels were not built ({reason}); the NumPy version will be used", file=sys.stderr
        )
        return None


setup(
    ext_modules=[Extension("freqnet.kernels._native", ["freqnet/kernels/native.c"], depends=HEADERS, optional=True)],
    cmdclass={"build_ext": BuildKernel},
)
