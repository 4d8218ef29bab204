"""Parts of the time of a training step: the ops of its plan, the optimiser, and Python."""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Iterator
from statistics import median
from typing import TYPE_CHECKING, Any
from unittest.mock import patch

import numpy as np

from . import colour
from .networks import EQUALS, Ours, mnist, parts
from .rows import Row
from .timing import PAUSE_AFTER_BLAS, Operation, Plan, alternate, copy_rate, gemm

if TYPE_CHECKING:
    from freqnet.plan import Part
    from freqnet.plan import Plan as Recorded

ROUNDS = 30
# The parts of a network, and the ops of each. An op that is not listed belongs to the last part.
KINDS = {
    "convolutions": ("convolve",),
    "kernel responses": ("frequency_response",),
    "activations, norms": (
        "normalized_polynomial",
        "normalized_gaussian",
        "gaussian_polynomial",
        "low_degree",
        "update_running",
    ),
    "head, loss": ("functional", "from_coordinates", "reshape", "add", "softmax_loss"),
    "other ops": (),
}
OPTIMISER, REST = "optimiser", "Python and copies"


def profile_rows(plan: Plan) -> Iterator[Row]:
    """Yield the seconds of each part of a step beside those of the whole step.

    The program and the kernel calls of the optimiser are timed inside the step. The rest is what the step takes beyond
    both: Python, and the copy of the targets into the plan. The calls of the program also run op by op, and their times
    are scaled so that they add up to the time of the whole program.

    The details of a row name the multiply-adds of a part, the bytes of its operands and results, and the rates of a
    GEMM and of a copy on this machine, in multiply-adds and in bytes per second.
    """
    data = parts()
    for size in EQUALS if not plan.quick else ("large",):
        yield from parts_of_step(size, mnist(size, data), plan)
    for name in colour.SHAPES if not plan.quick else ("32-64-128",):
        yield from parts_of_step(name, colour.ours(name), plan)


def recorded(ours: Ours) -> Recorded:
    """Return the plan of a training step."""
    # Plans need the compiled kernels.
    from freqnet.training.plans import StepPlans

    run = ours.run
    ours.network.train()
    return StepPlans(ours.network, run.trained, run.loss).record(ours.batch).plan


class _Clock:
    """Stands for the compiled kernels, and adds up the seconds that each of their functions takes."""

    def __init__(self, kernels: Any) -> None:
        self.kernels, self.seconds = kernels, defaultdict[str, float](float)

    def __getattr__(self, name: str) -> Operation:
        function = getattr(self.kernels, name)

        def timed(*given: Any) -> Any:
            start = time.perf_counter()
            found = function(*given)
            self.seconds[name] += time.perf_counter() - start
            return found

        # The next call finds it without a search.
        setattr(self, name, timed)
        return timed


def step_seconds(ours: Ours, plan: Plan) -> tuple[float, float, float]:
    """Return the seconds of a whole step, of the program in it, and of the kernel calls of the optimiser in it."""
    # Plans need the compiled kernels.
    from freqnet.kernels import native, program

    step, clock = ours.step(), _Clock(program._native)
    # The plan is recorded before.
    step()
    samples: list[tuple[float, float, float]] = []
    with patch.object(native, "_native", clock), patch.object(program, "_native", clock):
        end = time.perf_counter() + plan.seconds
        while len(samples) < ROUNDS or time.perf_counter() < end:
            clock.seconds.clear()
            start = time.perf_counter()
            step()
            whole, run = time.perf_counter() - start, clock.seconds.pop("run")
            samples.append((whole, run, sum(clock.seconds.values())))
    whole, run, others = map(median, zip(*samples[ROUNDS // 3 :], strict=True))
    return whole, run, others


def share_of_python(ours: Ours, plan: Plan) -> float:
    """Return the share of a step outside of kernel calls."""
    whole, program, optimiser = step_seconds(ours, plan)
    return (whole - program - optimiser) / whole


def parts_of_step(name: str, ours: Ours, plan: Plan) -> Iterator[Row]:
    """Yield the rows of one network; there are none where no plan covers it."""
    if not ours.network.can_plan:
        return
    made = recorded(ours)
    whole, program, optimiser = step_seconds(ours, plan)
    matrix, count = gemm()
    _, seconds = alternate(made.program.run, matrix, plan.seconds, PAUSE_AFTER_BLAS)
    rates = {"gemm_rate": count / seconds, "copy_rate": copy_rate(plan.threads, plan.seconds / 2)}
    found = seconds_of([made.program.runner(part.calls) for part in made.parts])
    scale = program / sum(found)
    kinds = dict.fromkeys(f"{kind}, {way}" for kind in KINDS for way in ("forward", "backward"))
    figures = {kind: np.zeros(3) for kind in kinds}
    for part, seconds in zip(made.parts, found, strict=True):
        figures[kind_of(part)] += (scale * seconds, multiply_adds(part), bytes_moved(part))
    figures |= {OPTIMISER: np.array([optimiser, 0, 0]), REST: np.array([max(0.0, whole - program - optimiser), 0, 0])}
    for kind, (seconds, work, moved) in figures.items():
        if seconds:
            details = {"share": seconds / whole, "multiply_adds": int(work), "bytes": int(moved), **rates}
            yield Row("profile", f"{name}, {kind}", float(seconds), "the whole step", whole, details)


def seconds_of(runners: list[Operation]) -> list[float]:
    """Return the median seconds of functions that run one after the other, over and over."""
    functions = [lambda: None, *runners]
    samples: list[list[float]] = [[] for _ in functions]
    for _ in range(ROUNDS):
        for function, times in zip(functions, samples, strict=True):
            start = time.perf_counter()
            function()
            times.append(time.perf_counter() - start)
    empty, *found = map(median, samples)
    return [max(0.0, seconds - empty) for seconds in found]


def kind_of(part: Part) -> str:
    """Return the part of the network that an op belongs to, and the direction."""
    kind = next((kind for kind, names in KINDS.items() if part.op.name in names), list(KINDS)[-1])
    return f"{kind}, {'backward' if part.is_backward else 'forward'}"


def multiply_adds(part: Part) -> int:
    """Return the multiply-adds of an op; a backward pass counts once for each of two factors that need a gradient."""
    cost = int(part.op.cost(part.out, *part.inputs, **part.parameters))
    # The input of the first layer needs no gradient.
    return cost * (2 if part.inputs[0].requires_grad else 1) if part.is_backward else cost


def bytes_moved(part: Part) -> int:
    """Return the bytes of the operands that an op reads, and of the results that it writes, each once."""
    size = lambda x: x.data.nbytes
    operands = {id(x): x for x in part.inputs}.values()
    moved = size(part.out) + sum(map(size, operands))
    return moved + sum(size(x) for x in operands if x.requires_grad) if part.is_backward else moved
