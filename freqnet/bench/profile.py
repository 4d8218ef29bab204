"""Where a training step's time goes: kernels, matrix products, optimiser, and what Python and small arrays take."""

from __future__ import annotations

import cProfile
import pstats
from collections.abc import Iterator

from freqnet.bench.networks import Ours, parts
from freqnet.bench.plan import Plan
from freqnet.bench.rows import Row
from freqnet.bench.timing import single
from freqnet.training.presets import SIZES

STEPS = 200
# Which functions, by the end of their name as the profiler writes it, make up a part; times are their own.
PARTS = {
    "products of signals": ("_native.product>",),
    "products over channels": ("_native.channels>",),
    "passes (norms, gradients)": ("_native.inner>", "_native.combine>"),
    "BLAS (responses, head)": ("respond", "respond_adjoint", "_functional", "_functional_input", "_functional_signal"),
    "optimiser": ("step", "_update", "_gather", "clip_gradients", "checked_gradient"),
}
REST = "Python and small arrays"


def profile_rows(plan: Plan) -> Iterator[Row]:
    """Yield the seconds of each part of a step beside those of the whole step.

    The kernels' own times come from the profiler, which hardly slows them; what it adds to every Python call is
    kept out by taking the rest from a step that is not profiled.
    """
    data = parts()
    for size in SIZES if not plan.quick else ("large",):
        step = Ours(size, data).step()
        whole = single(step, plan.seconds)
        profile = cProfile.Profile()
        profile.enable()
        for _ in range(STEPS):
            step()
        profile.disable()
        own = dict.fromkeys(PARTS, 0.0)
        for (file, _, function), (_, _, seconds, _, _) in pstats.Stats(profile).stats.items():  # type: ignore[attr-defined]
            name = function if file == "~" or "freqnet" in file else ""
            part = next((part for part, ends in PARTS.items() if _matches(name, ends)), None)
            if part:
                own[part] += seconds / STEPS
        own[REST] = max(0.0, whole - sum(own.values()))
        for part, seconds in own.items():
            yield Row("profile", f"{size}, {part}", seconds, "the whole step", whole, {"share": seconds / whole})


def _matches(name: str, ends: tuple[str, ...]) -> bool:
    return any(name == end or (end.endswith(">") and name.endswith(end)) for end in ends)
