"""Build the package; the kernels are compiled where there is a C compiler, and left out where there is none."""

import os
import sys
import sysconfig
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
# The kernels need POSIX threads and the vectors of GCC or Clang, which Microsoft's compiler lacks. Without an extension
# the wheel is one for every platform.
WITH_KERNELS = sys.platform != "win32" and not os.environ.get("FREQNET_WITHOUT_KERNELS")
# One library for Python 3.11 and all later versions. A Python without the GIL has no limited API.
LIMITED = not sysconfig.get_config_var("Py_GIL_DISABLED")
KERNELS = Extension(
    "freqnet.kernels._native",
    ["freqnet/kernels/native.c"],
    depends=HEADERS,
    define_macros=[("Py_LIMITED_API", "0x030B0000")] if LIMITED else [],
    py_limited_api=LIMITED,
    optional=True,
)


class BuildKernel(build_ext):
    """Compile the kernels, or leave them out: the package works without them."""

    def build_extension(self, ext):
        # -fno-wrapv undoes Python's -fwrapv, with which the compiler may not assume that indices do not wrap around:
        # that costs a tenth of the speed.
        ext.extra_compile_args = ["-O3", "-fno-wrapv", "-fno-predictive-commoning", "-ffp-contract=fast"]
        # -fno-math-errno: square roots of whole vectors. -g0: Python's own flags can have -g, for three times the size.
        ext.extra_compile_args += ["-fno-math-errno", "-Wno-psabi", "-pthread", "-g0"]
        ext.extra_link_args = ["-pthread"]
        try:
            super().build_extension(ext)
        except Exception as reason:  # any failure of the compiler leads to the NumPy version
            print(f"warning: no compiled kernels ({reason}); their NumPy versions will be used", file=sys.stderr)

    def copy_extensions_to_source(self):
        # Python prefers a library whose name has the version of Python, such as one that was built here earlier.
        for older in Path("freqnet/kernels").glob("_native.cpython-*"):
            older.unlink()
        super().copy_extensions_to_source()


setup(
    packages=PACKAGES,
    package_dir=BESIDE,
    ext_modules=[KERNELS] if WITH_KERNELS else [],
    cmdclass={"build_ext": BuildKernel},
    options={"bdist_wheel": {"py_limited_api": "cp311"}} if WITH_KERNELS and LIMITED else {},
)
