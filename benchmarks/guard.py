"""Regression guard of the kernels: it compares the speed of each with a recorded one.

Speed is measured as a share: the rate of multiply-adds over that of a float32 matrix product (GEMM) on the same
machine. Shares vary less between machines than seconds do. They are recorded by instruction set, number of threads and
BLAS.
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
from freqnet.errors import ConfigurationError, got_expected
from freqnet.training.files import write_json

from .products import channel_work, half_spectra, product_work
from .suite import machine
from .timing import PAUSE_AFTER_BLAS, Operation, Plan, alternate, gemm, threads

# A kernel counts as slower when its share is below this fraction of the recorded one.
ALLOWED = 0.75
RECORD = "recorded.json"


@dataclass(frozen=True)
class Finding:
    """Speed of one kernel as a share of the GEMM rate.

    Attributes
    ----------
    name : str
        Kernel and size.
    share : float
        Measured share.
    recorded : float, optional
        Recorded share; ``None`` where there is none for this kind of machine.
    """

    name: str
    share: float
    recorded: float | None

    @property
    def fell(self) -> bool:
        """Whether the kernel lost more than a quarter of its recorded share."""
        return self.recorded is not None and self.share < ALLOWED * self.recorded


def measure(plan: Plan) -> Iterator[tuple[str, float]]:
    """Yield the name and the share of each kernel."""
    matrix, count = gemm()
    with threads(plan.threads):
        for name, work, kernel in _kernels():
            ours, theirs = alternate(kernel, matrix, plan.seconds, PAUSE_AFTER_BLAS)
            yield name, (work / ours) / (count / theirs)


def check(plan: Plan) -> list[Finding]:
    """Measure every kernel and compare it with its record.

    If any kernel seems slower, all are measured up to twice more, and the best share of each counts.

    Parameters
    ----------
    plan : Plan
        Options of the benchmark.

    Returns
    -------
    list of Finding
        One per kernel.

    Raises
    ------
    ConfigurationError
        The compiled kernels are not in use.
    """
    if kernels.KERNEL != "native":
        todo = "unset FREQNET_KERNEL, and install freqnet again where there is a C compiler"
        raise ConfigurationError(got_expected("kernels", kernels.KERNEL, "the compiled ones", todo))
    recorded = records().get(_class(plan), {})
    shares = dict(measure(plan))
    for _ in range(2):
        if not any(Finding(name, share, recorded.get(name)).fell for name, share in shares.items()):
            break
        again = dict(measure(plan))
        shares = {name: max(share, again[name]) for name, share in shares.items()}
    return [Finding(name, share, recorded.get(name)) for name, share in shares.items()]


def is_disturbed(findings: list[Finding]) -> bool:
    """Tell whether shares lie so far above their records that something else must be slowing the GEMM down."""
    gains = [f.share / f.recorded for f in findings if f.recorded]
    return bool(gains) and float(np.median(gains)) > 1 / ALLOWED


def record(plan: Plan, path: Path) -> None:
    """Add the shares of this machine to the records of a file: medians of three measurements."""
    known = json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}
    runs = [dict(measure(plan)) for _ in range(3)]
    known[_class(plan)] = {name: round(float(np.median([run[name] for run in runs])), 3) for name in runs[0]}
    write_json(path, known)


def records() -> dict[str, dict[str, float]]:
    """Return the recorded shares, by instruction set and number of threads."""
    return json.loads(resources.files(__package__).joinpath(RECORD).read_text(encoding="utf-8"))


def _class(plan: Plan) -> str:
    about = machine(plan)
    count = f"{plan.threads} thread{'s' if plan.threads > 1 else ''}"
    # BLAS belongs to the name, because the share is relative to its speed.
    return f"{about['instructions']}, {count}, BLAS {about['blas']}"


def _kernels() -> Iterator[tuple[str, int, Operation]]:
    """Yield the name, the multiply-adds and a call of each kernel, at the sizes of a network."""
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
    # In a checkout, after a deliberate change of the kernels: python -m benchmarks.guard
    for wanted in (1, 2):
        record(Plan(threads=wanted), Path(__file__).with_name(RECORD))
