"""Parts of the time of a training step: kernels, matrix products, optimiser, Python and small arrays."""

from __future__ import annotations

import cProfile
import pstats
from collections.abc import Iterator

from freqnet.training.presets import SIZES

from .networks import Ours, parts
from .rows import Row
from .timing import Plan, single

STEPS = 200
# The functions of each part, by the end of their name in the profile; the time of their callees does not count.
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

    The times of the listed functions come from the profiler, which hardly slows them. The rest is the difference to a
    step that is not profiled, because the profiler slows every Python call.
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
