"""Ratios that ``freqnet bench --check`` demands of whole networks: beside PyTorch, ONNX Runtime, the tape and GEMM.

Other programs on the machine change ratios a lot, and mostly in favour of freqnet. A measurement during which they used
the machine therefore counts neither for nor against a ratio.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import partial
from statistics import median
from typing import Any

import numpy as np

from freqnet.data import load, split
from freqnet.training import Model

from . import colour
from .networks import EQUALS, INTERVAL, OnnxPeer, Ours, Peer, fastest, mnist, parts, peers
from .products import against_gemm
from .profile import share_of_python
from .timing import Load, Operation, Plan, alternate, alternate_spaced, has_peer, threads

ATTEMPTS = 3


@dataclass(frozen=True)
class Ratio:
    """A ratio of times, and the one that is wanted.

    Attributes
    ----------
    name : str
        What is compared with what.
    measured : float, optional
        None where other programs disturbed every measurement.
    wanted : float
    is_most : bool
        Whether `wanted` is the largest ratio that is allowed; otherwise it is the smallest.

    Examples
    --------
    >>> Ratio("step, freqnet over CNN", 0.35, 0.4).missed, Ratio("images per second", 2.0, 3.0, is_most=False).missed
    (False, True)
    """

    name: str
    measured: float | None
    wanted: float
    is_most: bool = True

    @property
    def missed(self) -> bool:
        """Whether the measured ratio is on the wrong side of the wanted one."""
        if self.measured is None:
            return False
        return self.measured > self.wanted if self.is_most else self.measured < self.wanted


# A wanted ratio, and the function that measures it anew.
Wanted = tuple[Ratio, Callable[[], float]]


def ratios(plan: Plan) -> Iterator[Ratio]:
    """Measure every ratio whose peers are installed, and yield each as soon as it is measured."""
    with threads(plan.threads):
        for group in (_steps, _shares, _plans, _images, _laplace):
            for wanted, measure in group(plan):
                yield settled(wanted, measure)


def settled(wanted: Ratio, measure: Callable[[], float], attempts: int = ATTEMPTS) -> Ratio:
    """Measure a ratio, and again where it is missed or disturbed; the median of undisturbed measurements counts.

    The best of them would not do: it would be the one that noise favours most.
    """
    values: list[float] = []
    for _ in range(attempts):
        with Load() as load:
            value = measure()
        if load.is_busy:
            continue
        values.append(value)
        if not replace(wanted, measured=value).missed and len(values) == 1:
            break
    return replace(wanted, measured=median(values) if values else None)


def _over(ours: Operation, theirs: list[Operation], plan: Plan) -> float:
    """Return the time of an operation over that of the fastest of the others."""
    return max(a / b for a, b in (alternate(ours, other, plan.seconds) for other in theirs))


def _steps(plan: Plan) -> Iterator[Wanted]:
    """Steps on colour images beside the CNN, eager or compiled."""
    if not has_peer("PyTorch"):
        return
    for name, most in (("16-32-64", 0.6), ("32-64-128", 0.4), (f"32-64-128{colour.POLYNOMIALS}", 0.4)):
        peer = colour.SHAPES[name.removesuffix(colour.POLYNOMIALS)].peer
        theirs = [form.step() for form in _forms(colour.eager(name))]
        yield (
            Ratio(f"step, {name}: time over {peer}", None, most),
            partial(_over, colour.ours(name).step(), theirs, plan),
        )


def _forms(peer: Peer) -> list[Peer]:
    """Return a peer, and where the machine can compile it, also its compiled form."""
    made = peer.compiled()
    return [peer] if isinstance(made, str) else [peer, made]


def _shares(plan: Plan) -> Iterator[Wanted]:
    """The rate of multiply-adds of a whole step, as a share of that of a GEMM."""
    mine = colour.ours("32-64-128")
    measure = lambda: against_gemm(plan, "colour", "", mine.work(), mine.step()).ratio
    yield Ratio("step, 32-64-128: share of the GEMM rate", None, 0.35, is_most=False), measure


def _plans(plan: Plan) -> Iterator[Wanted]:
    """Steps of the default networks beside the tape, and the share of Python in them."""
    for size in EQUALS if has_peer("mnist-5k") else ():
        mine = mnist(size, parts())
        if not mine.network.can_plan:
            continue
        measure = partial(lambda mine: 1 / _over(mine.step(), [mine.on_tape().step()], plan), mine)
        yield Ratio(f"step, mnist-5k {size}: time on the tape over time by a plan", None, 1.5, is_most=False), measure
        yield Ratio(f"step, mnist-5k {size}: share of Python", None, 0.1), partial(share_of_python, mine, plan)


def _images(plan: Plan) -> Iterator[Wanted]:
    """Inference on one image, in a loop and now and then, and on 1,000 images."""
    if not (has_peer("PyTorch") and has_peer("mnist-5k")):
        return
    data = parts()
    images = data.test.images
    for size in EQUALS:
        mine, name = mnist(size, data), EQUALS[size]
        (_, eager), *_ = peers(mine, data, [name])
        x = eager.inputs(images)
        ones: list[tuple[str, list[Any], float]] = [(name, _forms(eager), 0.5)]
        if has_peer("ONNX Runtime"):
            exported = OnnxPeer(next(peers(mine, data, [name]))[1], plan.threads)
            ones.append((f"{name} in ONNX Runtime", [exported], 1.0))
            measure = partial(_throughput, mine, exported, images, x, plan)
            yield Ratio(f"1,000 images, {size}: {ones[1][0]} over freqnet", None, 3.0, is_most=False), measure
        one = mine.predict(images[:1])
        for label, forms, most in ones:
            theirs = [form.predict(x[:1]) for form in forms]
            if forms[0] is eager:
                theirs = [eager.predict(x[:1], threads=n) for n in (plan.threads, 1)] + theirs[1:]
            yield Ratio(f"one image, {size}: time over {label}", None, most), partial(_over, one, theirs, plan)
            often = f"one image every {1e3 * INTERVAL:.0f} ms, {size}: time over {label}"
            yield Ratio(often, None, most), partial(_spaced_over, one, theirs)


def _throughput(mine: Ours, theirs: OnnxPeer, images: np.ndarray, x: Any, plan: Plan) -> float:
    ours, other = alternate(fastest(mine.predict, images), fastest(theirs.predict, x), plan.seconds)
    return other / ours


def _spaced_over(ours: Operation, theirs: list[Operation]) -> float:
    return max(a / b for a, b in (alternate_spaced(ours, other, INTERVAL) for other in theirs))


def _laplace(plan: Plan) -> Iterator[Wanted]:
    """A step in the Laplace domain, with all nodes, beside the same network in the Fourier domain."""
    train = split(load("digits"), validation=0, seed=0).train
    laplace, fourier = (Ours.on(Model(domain=name).network(train), train).step() for name in ("laplace", "fourier"))
    yield Ratio("step, digits: laplace over fourier", None, 5.0), partial(_over, laplace, [fourier], plan)
