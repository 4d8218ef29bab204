"""The compiled kernels on random problems: against the NumPy reference, and under tools that check memory and threads.

The slow tests build the C sources again and run the same problems in a separate process: under the compiler's address
and undefined-behaviour sanitizers, under its thread sanitizer, and under valgrind. Each tool must also find a bug that
the test adds to the sources.
"""

from __future__ import annotations

import importlib
import os
import re
import shutil
import subprocess
import sys
import sysconfig
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from copy import deepcopy
from pathlib import Path
from typing import Any, NamedTuple
from unittest.mock import patch

import numpy as np
import pytest

from freqnet.kernels import reference

try:
    native: Any = importlib.import_module("freqnet.kernels.native")
except ImportError:  # not built here
    native = None
compiled = pytest.mark.skipif(native is None, reason="the compiled kernels are not built")

Axes = tuple[int, ...]
KERNELS = Path(reference.__file__).parent
LARGEST_BAND = {1: 20, 2: 4, 3: 2}
# Units of rounding.
LIMIT = 4.0


# -- random problems -----------------------------------------------------------------------------------
def random_spectrum(rng: np.random.Generator, band: Axes, lanes: Axes, dtype: str) -> np.ndarray:
    """Random coefficients of real signals: a Hartley spectrum, or a half spectrum with a Hermitian first column."""
    if dtype in "fd":
        return rng.standard_normal((*(2 * m + 1 for m in band), *lanes)).astype(dtype)
    shape = (*(2 * m + 1 for m in band[:-1]), band[-1] + 1, *lanes)
    half = rng.standard_normal(shape) + 1j * rng.standard_normal(shape)
    column = half[(slice(None),) * (len(band) - 1) + (0,)]
    column[...] = (column + np.flip(column, tuple(range(len(band) - 1))).conj()) / 2
    return half.astype(dtype)


def calls(rng: np.random.Generator, dtype: str) -> Iterator[tuple[str, tuple]]:
    """One random problem: each kernel's name, with arguments for it."""
    ndim = int(rng.integers(1, 4))
    largest, channels, outputs = LARGEST_BAND[ndim], int(rng.integers(1, 13)), int(rng.integers(1, 40))
    band, other, kept = (tuple(map(int, rng.integers(0, largest + n, ndim))) for n in (1, 1, 3))
    lanes = int(rng.integers(1, 70 // channels + 1)), channels
    spectrum = lambda m, n=lanes: random_spectrum(rng, m, n, dtype)
    real = lambda *shape: rng.standard_normal(shape).astype(dtype.lower())
    x, y = spectrum(band), spectrum(other, [lanes, (lanes[0], 1), (1, channels), (1, 1)][rng.integers(4)])
    coefficients = real(3, *[lanes, (1, channels), (1, 1)][rng.integers(3)])
    yield "product", (x, y, (band, other, kept))
    yield "product", (y, x, (other, band, kept))
    yield "square", (x, (band, kept))
    yield "quadratic", (x, coefficients, (band, kept))
    yield "quadratic_adjoint", (spectrum(kept), x, coefficients, (band, kept))
    response, cotangent = spectrum(band, (channels, outputs)), spectrum(band, (lanes[0], outputs))
    yield "channel_product", (x, response, "forward")
    yield "channel_product", (cotangent, response, "input")
    yield "channel_product", (x, cotangent, "response")
    if dtype in "fd":
        outputs, inputs, others = rng.integers(1, 30 if ndim == 1 else 7, (3, ndim)).tolist()
        forms = [real(*sizes) for sizes in zip(outputs, inputs, others, strict=True)]
        a = real(*inputs, *lanes)
        yield "bilinear", (forms, a, real(*others, *[lanes, (lanes[0], 1), (1, channels)][rng.integers(3)]))
        symmetric = [
            form + form.transpose(0, 2, 1) for form in (real(n, m, m) for n, m in zip(outputs, inputs, strict=True))
        ]
        yield "bilinear", (symmetric, a, a)
    if dtype in "fd":  # passes over Hartley spectra are NumPy's own
        return
    # The passes take 256 lanes at a time.
    wide = lanes[0] * int(rng.integers(1, 15)), channels
    a, b = spectrum(other, wide), spectrum(other, wide)
    yield "inner", (a, b, ndim)
    yield "combine", (a, real(1, channels))
    yield "combine", (a, real(*wide), b, real(1, 1), a)


def results(module: Any, name: str, args: tuple) -> list[np.ndarray]:
    """The arrays that a kernel returns for copies of its arguments; arguments that are one array stay one array."""
    result = getattr(module, name)(*deepcopy(args))
    return [result[0], *result[1]] if isinstance(result, tuple) else [result]


def distance(name: str, args: tuple) -> float:
    """Error of a kernel in units of rounding: 2-norms, relative to the sums of magnitudes."""
    size = lambda v: [size(w) for w in v] if isinstance(v, list) else np.abs(v) if isinstance(v, np.ndarray) else v
    sizes = tuple(size(v) if not isinstance(v, np.ndarray) else np.abs(v).astype(v.dtype) for v in args)
    triples = (results(native, name, args), results(reference, name, args), results(reference, name, sizes))
    worst = 0.0
    for found, expected, size in zip(*triples, strict=True):
        assert (found.shape, found.dtype) == (expected.shape, expected.dtype), f"{name}: another shape or precision"
        assert np.isfinite(found).all(), f"{name}: not finite"
        if error := np.linalg.norm(found - expected):
            worst = max(worst, float(error / np.linalg.norm(size) / np.finfo(size.dtype).eps))
    return worst


def worst_of(seed: int, problems: int) -> dict[str, tuple[float, str]]:
    """The largest error over random problems, for each precision, and its problem."""
    worst = dict.fromkeys("FDfd", (0.0, ""))
    for problem in range(problems):
        dtype = "FDfd"[problem % 4]
        for name, args in calls(np.random.default_rng([seed, problem]), dtype):
            worst[dtype] = max(worst[dtype], (distance(name, args), f"{name} of problem {[seed, problem]}"))
    return worst


def check(problems: int, callers: int = 1) -> dict[str, tuple[float, str]]:
    """Run `problems` in several Python threads at once, each kernel with a team of 1 to 3 threads."""
    teams = np.random.default_rng(0)
    forced = patch.multiple(native, _ALONE=0, _SHORT=0, thread_count=lambda: int(teams.integers(1, 4)))
    with forced, ThreadPoolExecutor(callers) as pool:
        found = list(pool.map(worst_of, range(callers), [problems] * callers))
    worst = {dtype: max(one[dtype] for one in found) for dtype in "FDfd"}
    assert max(worst.values())[0] <= LIMIT, f"worst, in units of rounding: {worst}"
    return worst


@compiled
@pytest.mark.parametrize("problems", [200, pytest.param(2000, marks=pytest.mark.slow)])
def test_random_problems_agree_with_the_reference(problems: int) -> None:
    assert all(units > 0 for units, _ in check(problems).values()), "the two are one"


@compiled
@pytest.mark.parametrize("name", ["product", "square", "quadratic", "channel_product", "inner", "combine", "bilinear"])
def test_the_comparison_finds_a_small_error(name: str, monkeypatch) -> None:
    right = getattr(native, name)
    monkeypatch.setattr(native, name, lambda *args: right(*args) * np.float32(1 + 1e-5))
    with pytest.raises(AssertionError, match=f"units of rounding.*{name} of problem"):
        check(10)


# -- under tools ---------------------------------------------------------------------------------------
SOURCES = "|".join(re.escape(source.name) for source in KERNELS.glob("*.[ch]"))


class Tool(NamedTuple):
    """A tool: how to build for it, how to run under it, the text of its reports, and the number of problems."""

    flags: str
    report: str
    libraries: tuple[str, ...] = ()
    command: tuple[str, ...] = ()
    environment: tuple[tuple[str, str], ...] = ()
    instructions: tuple[str, ...] = ("avx512", "avx2", "baseline")
    problems: int = 200
    callers: int = 2


TOOLS = {
    "addresses": Tool(
        "-O1 -fsanitize=address,undefined -fno-sanitize-recover=all",
        r"ERROR: AddressSanitizer|runtime error: ",
        libraries=("libasan.so", "libubsan.so"),
        environment=(("ASAN_OPTIONS", "detect_leaks=0"),),
    ),
    "races": Tool(
        "-O1 -fsanitize=thread",
        r"WARNING: ThreadSanitizer: (data race|heap-use-after-free)",
        libraries=("libtsan.so",),
        environment=(("TSAN_OPTIONS", "halt_on_error=1"),),
    ),
    # Valgrind does not know AVX-512. It also reports Python's own code: only reports that name the kernels count.
    "valgrind": Tool(
        "-O3 -fno-predictive-commoning",
        rf"(Invalid|uninitialised) .*\n(==\d+== +\S.*\n)*?.*\(({SOURCES}):\d",
        command=("valgrind", "--track-origins=yes", "--error-limit=no"),
        environment=(("PYTHONMALLOC", "malloc"),),
        instructions=("avx2", "baseline"),
        problems=20,
        callers=1,
    ),
}
# Microseconds that a thread sleeps before it takes a piece of work, so that all threads get some on any machine.
PATIENCE = ("pool.h", "*first = __atomic_fetch_add", "usleep(20), *first = __atomic_fetch_add")
TAKING = "__atomic_fetch_add(&pieces->next, pieces->grain, __ATOMIC_RELAXED)"
# A bug to be found: the tool, the file, the original text, and the wrong text.
MISTAKES = {
    "scratch a line short": ("addresses", "native.c", "bytes + CACHE_LINE - 1", "bytes - 1"),
    "lanes past the end": ("addresses", "product.h", " + x + t), count,", " + x + t), LANES,"),
    "scratch misaligned": ("addresses", "native.c", "return aligned_alloc", "return 8 + (char *)aligned_alloc"),
    "tiles overlap": ("races", "product.h", "t * LANES, p->", "MAX(0, t * LANES - 1), p->"),
    "chunks overlap": ("races", "passes.h", "c->lanes, t * CHUNK,", "c->lanes, MAX(0, t * CHUNK - 1),"),
    "one panel for all": ("races", "channels.h", "V *panels = NULL;", "static V *panels = NULL;"),
    "pieces taken twice": ("races", "pool.h", TAKING, "pieces->next, pieces->next += pieces->grain"),
    "scratch a line short again": ("valgrind", "native.c", "bytes + CACHE_LINE - 1", "bytes - 1"),
    "scratch not cleared": ("valgrind", "product.h", "NAME(clear_outside)(&a), NAME(clear_outside)(&b)", "(void)0"),
    "columns past the end": ("addresses", "gemm.h", "count = (int)MIN(LANES, g->columns - start)", "count = LANES"),
    "taps past the end": ("addresses", "small.h", "switch (MIN(8, r->taps - t))", "switch (8)"),
    "places past the end": (
        "addresses",
        "small.h",
        "const REAL *s = source + places[2 * e + 1];",
        "const REAL *s = source + length;",
    ),
    "channels overlap": ("races", "small.h", "(r, first * SPAN, MIN(", "(r, MAX(0, first * SPAN - 1), MIN("),
    "signals overlap": ("races", "door.h", "call->out + 2 * (k * lanes + start),", "call->out + 2 * k * lanes,"),
}
SCRIPT = """
import importlib.util, sys
name, path, problems, callers = "freqnet.kernels._native", *sys.argv[1:]
specification = importlib.util.spec_from_file_location(name, path)
sys.modules[name] = importlib.util.module_from_spec(specification)
import test_kernels_random as random
assert random.native._native.__file__ == path
# Memory that is used again has no end that a tool could see.
random.native.empty = random.np.empty
print(random.native.INSTRUCTIONS, random.check(int(problems), int(callers)))
import test_plan
print(test_plan.check(int(problems) // 5))
"""


def environment_of(tool: Tool) -> dict[str, str]:
    """The environment that lets Python run under a tool; skip the test where this is impossible."""
    if not (compiler := shutil.which("gcc")) or not Path(sysconfig.get_path("include"), "Python.h").exists():
        pytest.skip("no gcc, or no headers of Python")
    if tool.command and not shutil.which(tool.command[0]):
        pytest.skip(f"{tool.command[0]} is not installed")
    ask = [[compiler, f"-print-file-name={name}"] for name in tool.libraries]
    found = [subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip() for command in ask]
    if missing := [name for name in found if not os.path.isabs(name)]:
        pytest.skip(f"gcc comes without {missing}")
    here = Path(__file__).parent
    environment = {**os.environ, **dict(tool.environment), "PYTHONPATH": f"{here}{os.pathsep}{here.parent}"}
    environment |= {"OPENBLAS_NUM_THREADS": "1", "LD_PRELOAD": " ".join(found)}
    probe = subprocess.run([*tool.command, sys.executable, "-c", ""], env=environment, capture_output=True, text=True)
    if probe.returncode:
        pytest.skip(f"Python does not run under this tool: {probe.stderr[-200:]}")
    return environment


def build(tool: Tool, folder: Path, *mistake: str) -> str:
    """Build the kernels for a tool in a folder, with a text of one file replaced."""
    for source in KERNELS.glob("*.[ch]"):
        shutil.copy(source, folder)
    for file, right, wrong in [PATIENCE, mistake] if mistake else [PATIENCE]:
        text = (folder / file).read_text(encoding="utf-8")
        assert right in text, f"{file} has no {right!r} any more: change this test"
        (folder / file).write_text(text.replace(right, wrong), encoding="utf-8")
    flags = ["-g", "-fPIC", "-shared", "-pthread", "-ffp-contract=fast", "-Wno-psabi", *tool.flags.split()]
    include = f"-I{sysconfig.get_path('include')}"
    subprocess.run(["gcc", *flags, include, "native.c", "-o", "_native.so"], cwd=folder, check=True)
    return str(folder / "_native.so")


def run(tool: Tool, library: str, environment: dict[str, str], instructions: str) -> subprocess.CompletedProcess:
    """Run the random problems under a tool, with one instruction set."""
    command = [*tool.command, sys.executable, "-c", SCRIPT, library, str(tool.problems), str(tool.callers)]
    environment = {**environment, "FREQNET_INSTRUCTIONS": instructions}
    return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=1800)


@pytest.mark.slow
@pytest.mark.parametrize("name", TOOLS)
def test_a_tool_finds_nothing(name: str, tmp_path: Path) -> None:
    tool = TOOLS[name]
    environment = environment_of(tool)
    library = build(tool, tmp_path)
    for instructions in tool.instructions:
        out = run(tool, library, environment, instructions)
        assert not re.search(tool.report, out.stderr), out.stderr
        assert out.returncode == 0, out.stderr


@pytest.mark.slow
@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_tool_finds_a_mistake(mistake: str, tmp_path: Path) -> None:
    name, *change = MISTAKES[mistake]
    tool = TOOLS[name]
    environment = environment_of(tool)
    out = run(tool, build(tool, tmp_path, *change), environment, tool.instructions[0])
    assert re.search(tool.report, out.stderr), f"{name} says nothing: {out.stderr}"
