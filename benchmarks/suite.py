"""The groups of rows that ``freqnet bench`` knows, and their measurement."""

from __future__ import annotations

import os
import platform
from collections.abc import Callable, Iterator
from dataclasses import replace
from importlib.metadata import version
from typing import Any

import numpy as np

from freqnet import __version__, kernels
from freqnet.kernels.threads import blas_name

from .colour import colour_rows
from .growth import growth_rows
from .networks import memory_rows, network_rows
from .products import channel_rows, product_rows
from .profile import profile_rows
from .race import race_rows
from .rows import Row
from .timing import Load, Plan, has_peer, threads, torch_or_none

# Seconds; the clock of the processors' work counts hundredths.
SHORTEST_WATCH = 0.1

GROUPS: dict[str, Callable[[Plan], Iterator[Row]]] = {
    "products": product_rows,
    "channels": channel_rows,
    "networks": network_rows,
    "colour": colour_rows,
    "profile": profile_rows,
    "growth": growth_rows,
    "accuracy": race_rows,
    "memory": memory_rows,
}


def run(plan: Plan, groups: list[str]) -> Iterator[Row]:
    """Measure groups one after another, and yield each row as soon as it is measured.

    The detail ``others`` of a row is the share of the machine that other programs used while it was measured.
    """
    with threads(plan.threads):
        for name in groups:
            if not plan.leaves_out(name):
                yield from _watched(GROUPS[name](plan))


def _watched(rows: Iterator[Row]) -> Iterator[Row]:
    others = 0.0
    while True:
        with Load() as load:
            row = next(rows, None)
        if row is None:
            return
        # Several rows may come from one measurement.
        others = load.others if load.wall > SHORTEST_WATCH else others
        yield replace(row, details={**row.details, "others": round(others, 3)})


def machine(plan: Plan) -> dict[str, Any]:
    """Describe the machine and the versions that rows are measured with."""
    torch = torch_or_none()
    return {
        "processor": _processor(),
        "cores": os.cpu_count(),
        "threads": plan.threads,
        "instructions": _instructions(),
        "kernel": kernels.KERNEL,
        "blas": blas_name(),
        "freqnet": __version__,
        "python": platform.python_version(),
        "numpy": np.__version__,
        "torch": None if torch is None else torch.__version__,
        "onnxruntime": version("onnxruntime") if has_peer("ONNX Runtime") else None,
        "quick": plan.quick,
    }


def _processor() -> str:
    try:
        with open("/proc/cpuinfo", encoding="utf-8") as lines:
            return next(line.split(":")[1].strip() for line in lines if line.startswith("model name"))
    except (OSError, StopIteration):
        return platform.processor() or platform.machine()


def _instructions() -> str:
    if kernels.KERNEL == "numpy":
        return "none"
    from freqnet.kernels.native import INSTRUCTIONS

    return INSTRUCTIONS
