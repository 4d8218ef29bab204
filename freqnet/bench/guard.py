"""The regression guard: kernels as a share of the machine's own matrix product, against what was recorded.

Seconds differ from machine to machine; the share of its own float32 GEMM that a kernel reaches travels better.
Shares are kept apart by instruction set, since narrow vectors leave more or less of it on the table.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from importlib import resources
from pathlib import Path

import numpy as np

from freqnet import kernels
from freqnet.bench.plan import Plan
from freqnet.bench.products import channel_work, half_spectra, product_work
from freqnet.bench.suite import machine
from freqnet.bench.timing import PAUSE_AFTER_BLAS, Operation, alternate, gemm, threads
from freqnet.errors import ConfigurationError, got_expected
from freqnet.training.files import write_json

# How much of a recorded share may be lost before it is named.
ALLOWED = 0.75
RECORD = "recorded.json"


@dataclass(frozen=True)
class Finding:
    """One kernel's share of the machine's GEMM rate, now and as recorded (None where it was not)."""

    name: str
    share: float
    recorded: float | None

    @property
    def fell(self) -> bool:
        """Whether more than a quarter of the recorded share is gone."""
        return self.recorded is not None and self.share < ALLOWED * self.recorded


def measure(plan: Plan) -> Iterator[tuple[str, float]]:
    """Yield each kernel's share: useful multiply-adds a second over those of a float32 GEMM."""
    matrix, count = gemm()
    with threads(plan.threads):
        for name, work, kernel in _kernels():
            ours, theirs = alternate(kernel, matrix, plan.seconds, PAUSE_AFTER_BLAS)
            yield name, (work / ours) / (count / theirs)


def check(plan: Plan) -> list[Finding]:
    """Measure every kernel and compare it with its record.

    A row that seems to have fallen is measured twice more, and its best counts.

    Raises
    ------
    ConfigurationError
        The compiled kernels are not in use: there is nothing to guard.
    """
    if kernels.KERNEL != "native":
        raise ConfigurationError(
            got_expected("kernels", kernels.KERNEL, "the compiled ones", "build them, and unset FREQNET_KERNEL")
        )
    recorded = records().get(_class(plan), {})
    shares = dict(measure(plan))
    for _ in range(2):
        if not any(Finding(name, share, recorded.get(name)).fell for name, share in shares.items()):
            break
        again = dict(measure(plan))
        shares = {name: max(share, again[name]) for name, share in shares.items()}
    return [Finding(name, share, recorded.get(name)) for name, share in shares.items()]


def is_disturbed(findings: list[Finding]) -> bool:
    """Whether shares lie so far above the records that a fall could hide: something else slows the GEMM down."""
    gains = [f.share / f.recorded for f in findings if f.recorded]
    return bool(gains) and float(np.median(gains)) > 1 / ALLOWED


def record(plan: Plan, path: Path) -> None:
    """Add this machine's shares to the records in a file: the medians of three runs."""
    known = json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}
    runs = [dict(measure(plan)) for _ in range(3)]
    known[_class(plan)] = {name: round(float(np.median([run[name] for run in runs])), 3) for name in runs[0]}
    write_json(path, known)


def records() -> dict[str, dict[str, float]]:
    """Return the recorded shares, by instruction set and number of threads."""
    return json.loads(resources.files("freqnet.bench").joinpath(RECORD).read_text(encoding="utf-8"))


def _class(plan: Plan) -> str:
    about = machine(plan)
    count = f"{plan.threads} thread{'s' if plan.threads > 1 else ''}"
    # A share means nothing without what it is a share of.
    return f"{about['instructions']}, {count}, BLAS {about['blas']}"


def _kernels() -> Iterator[tuple[str, int, Operation]]:
    """Name, useful multiply-adds, and a call of each kernel, at sizes a network has."""
    for modes, gate in ((5, 2), (9, 4), (13, 6), (21, 10), (31, 2)):
        m = (modes - 1) // 2
        bands = ((m, m), (gate, gate), (m, m))
        x, g = half_spectra(m), half_spectra(gate, seed=1)
        work = product_work(bands)
        yield f"product {modes}x{modes}, gate band {gate}", work, partial(kernels.product, x, g, bands)
        if gate == m:
            yield f"square {modes}x{modes}", work, partial(kernels.square, x, bands[::2])
    for width in (16, 32, 64):
        x, h = half_spectra(4, (100, width)), half_spectra(4, (width, width), seed=1)
        work = channel_work(x, width)
        for form, pair in (("forward", (x, h)), ("input", (x, h)), ("response", (x, x))):
            yield f"channels {width}, {form}", work, partial(kernels.channel_product, *pair, form)


if __name__ == "__main__":
    # Run in the repository, after a change that is meant: python -m freqnet.bench.guard
    for wanted in (1, 2):
        record(Plan(threads=wanted), Path(__file__).with_name(RECORD))
