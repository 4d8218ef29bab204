"""The groups of rows that ``freqnet bench`` knows, and their measurement."""

from __future__ import annotations

import os
import platform
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from freqnet import __version__, kernels
from freqnet.kernels.threads import blas_name

from .growth import growth_rows
from .networks import memory_rows, network_rows
from .products import channel_rows, product_rows
from .profile import profile_rows
from .race import race_rows
from .rows import Row
from .timing import Plan, threads, torch_or_none

GROUPS: dict[str, Callable[[Plan], Iterator[Row]]] = {
    "products": product_rows,
    "channels": channel_rows,
    "networks": network_rows,
    "profile": profile_rows,
    "growth": growth_rows,
    "accuracy": race_rows,
    "memory": memory_rows,
}


def run(plan: Plan, groups: list[str]) -> Iterator[Row]:
    """Measure groups one after another, and yield each row as soon as it is measured."""
    with threads(plan.threads):
        for name in groups:
            if not plan.leaves_out(name):
                yield from GROUPS[name](plan)


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
