"""Whole networks on mnist-5k: training step, inference, latency of one image, peak memory."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from functools import lru_cache
from typing import Any

import numpy as np

from freqnet.data import Split, load, split
from freqnet.nn import Network
from freqnet.training import Model, Settings, Spectra, analyse, training_defaults
from freqnet.training.fit import Run
from freqnet.training.presets import SIZES

from .rows import Row
from .timing import Operation, Plan, alternate, torch_or_none

BATCH = 100
# Images per call of an inference pass; each side uses the faster of the two.
CHUNKS = (100, 250)
# Each size with the CNN of about equal accuracy.
EQUALS = {"small": "LeNet-5", "medium": "CNN 3x3, 16-32-32", "large": "CNN 5x5, 16-32-32"}


class Ours:
    """A freqnet network with the data and the optimiser of a training step."""

    def __init__(self, size: str, parts: Split) -> None:
        settings = Settings(**training_defaults("mnist-5k"))
        self.network: Network = Model(size=size).network(parts.train)
        self.spectra: Spectra = analyse(self.network, parts.train)
        self.x, self.labels = self.spectra.take(np.arange(BATCH))
        optimizer = settings.make_optimizer(self.network.named_parameters())
        # A rate of 0 costs as much as any other and leaves the weights unchanged.
        optimizer.learning_rate = 0.0
        self.run = Run(self.network, settings, optimizer, 1)

    def step(self) -> Operation:
        """Return a training step on spectra, which are computed once before training."""
        self.network.train()
        return lambda: self.run.step(self.x, self.labels)

    def predict(self, images: np.ndarray, batch: int = BATCH) -> Operation:
        """Return an inference pass from images to logits, with the transform of the images."""
        self.network.predict(images[:1])
        return lambda: self.network.predict(images, batch=batch)


class Peer:
    """A PyTorch network with the data and the optimiser of a training step."""

    def __init__(self, model: Any, inputs: Callable[[np.ndarray], Any], images: np.ndarray, labels: np.ndarray) -> None:
        import torch

        from .peers import adamw

        self.model, self.labels, self.inputs = model, torch.from_numpy(labels), inputs
        self.x = inputs(images)
        self.optimizer = adamw(model, 1e-6)

    def step(self) -> Operation:
        """Return a training step: forward pass, backward pass, fused AdamW."""
        from .peers import step

        self.model.train()
        return lambda: step(self.model, self.optimizer, self.x, self.labels)

    def predict(self, x: Any, batch: int = BATCH) -> Operation:
        """Return an inference pass from standardised images to logits, in inference mode."""
        import torch

        self.model.eval()

        def run() -> Any:
            with torch.inference_mode():
                return [self.model(x[i : i + batch]) for i in range(0, len(x), batch)]

        return run


def fastest(predict: Callable[[Any, int], Operation], images: Any) -> Operation:
    """Return the inference pass over all images with the faster number of images per call."""
    small, large = (predict(images, chunk) for chunk in CHUNKS)
    seconds = alternate(small, large, seconds=0.2)
    return small if seconds[0] <= seconds[1] else large


@lru_cache(maxsize=1)
def parts() -> Split:
    """Return the split of mnist-5k that all networks share."""
    return split(load("mnist-5k"), validation=0, seed=0)


def peers(ours: Ours, data: Split, names: list[str] | None = None) -> Iterator[tuple[str, Peer]]:
    """Yield PyTorch networks by name: CNNs, an FNO, and ``ours`` with an FFT round trip at each activation."""
    from .peers import CNNS, FNO, RoundTrip, cnn, images_of, spectra_of

    batch = data.train.images[:BATCH], np.asarray(data.train.labels[:BATCH])
    wanted = lambda name: names is None or name in names
    for name in filter(wanted, CNNS):
        yield name, Peer(cnn(name), images_of, *batch)
    if wanted("FNO, 3 layers of 32"):
        yield "FNO, 3 layers of 32", Peer(FNO(13, 32), images_of, *batch)
    if wanted("round trips"):
        spectra = lambda images: spectra_of(ours.network.analyse(images).data)
        yield "the same, FFT round trips", Peer(RoundTrip(ours.network), spectra, *batch)


def network_rows(plan: Plan) -> Iterator[Row]:
    """Time a training step and an inference pass beside every peer."""
    if torch_or_none() is None:
        return
    data = parts()
    is_first = True
    for size in SIZES:
        ours = Ours(size, data)
        quick = [EQUALS[size], *(["round trips"] if size == "large" else [])]
        for peer, theirs in peers(ours, data, quick if plan.quick else None):
            details = {"batch": BATCH, "parameters": ours.network.parameter_count()}
            if is_first:
                # The first seconds after a change of the load are slower, so this measurement is thrown away.
                alternate(ours.step(), theirs.step(), 2 * plan.seconds)
                is_first = False
            a, b = alternate(ours.step(), theirs.step(), plan.seconds)
            yield Row("step", size, a, peer, b, details)
            images, x = data.test.images, theirs.inputs(data.test.images)
            our_pass, their_pass = fastest(ours.predict, images), fastest(theirs.predict, x)
            a, b = alternate(our_pass, their_pass, plan.seconds)
            yield Row("inference", size, a, peer, b, {**details, "batch": len(images)})
            if not plan.quick:
                a, b = alternate(ours.predict(images[:1]), theirs.predict(x[:1]), plan.seconds)
                yield Row("latency", size, a, peer, b, {**details, "batch": 1})


# Runs in a process of its own, because peak memory belongs to a process. The peak comes from /proc, because that of
# getrusage includes the peak of the parent process.
_MEMORY = """
import json, sys
side, name, count = sys.argv[1:4]
from freqnet.benchmarks.networks import Ours, parts, peers
from freqnet.benchmarks.timing import threads
from freqnet.kernels.threads import thread_limit

def peak():
    lines = open("/proc/self/status").read().splitlines()
    return next(int(line.split()[1]) / 1024 for line in lines if line.startswith("VmHWM"))

data = parts()
# freqnet is measured without loading PyTorch, which threads() would do.
with thread_limit(int(count)) if side == "ours" else threads(int(count)):
    if side == "ours":
        step = Ours(name, data).step()
    else:
        step = next(iter(peers(Ours("small", data), data, [name])))[1].step()
    before = peak()
    for _ in range(20):
        step()
print(json.dumps([before, peak()]))
"""


def memory_rows(plan: Plan) -> Iterator[Row]:
    """Measure the peak memory of a process that trains, and the part that the steps added, in MiB."""
    if torch_or_none() is None or sys.platform != "linux":
        return
    for size, name in EQUALS.items():
        (before, peak), (peer_before, peer_peak) = _peak("ours", size, plan), _peak("peer", name, plan)
        details = {"added_mib": peak - before, "peer_added_mib": peer_peak - peer_before}
        yield Row("memory", f"{size}, training, MiB", peak, name, peer_peak, details)


def _peak(side: str, name: str, plan: Plan) -> tuple[float, float]:
    command = [sys.executable, "-c", _MEMORY, side, name, str(plan.threads)]
    out = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    before, peak = json.loads(out)
    return before, peak
