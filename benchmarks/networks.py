"""Whole networks on mnist-5k: training step, inference, latency of one image, peak memory."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from copy import copy, deepcopy
from functools import cached_property, lru_cache
from typing import Any

import numpy as np

from freqnet.autodiff import no_grad, observe
from freqnet.data import Dataset, Split, load, split
from freqnet.nn import Network
from freqnet.nn.module import kept_state
from freqnet.training import Model, Settings, Spectra, analyse, training_defaults
from freqnet.training.fit import Run

from .products import against_gemm
from .rows import Row
from .timing import Operation, Plan, alternate, alternate_spaced, has_peer, torch_or_none

BATCH = 100
# Images per call of an inference pass; each side uses the faster of the two.
CHUNKS = (100, 250)
# Each size with the CNN of about equal accuracy.
EQUALS = {"small": "LeNet-5", "medium": "CNN 3x3, 16-32-32", "large": "CNN 5x5, 16-32-32"}
GREY_CNNS = ("LeNet-5", "CNN 3x3, 8-16-16", "CNN 3x3, 16-32-32", "CNN 5x5, 16-32-32")
ONNX, COMPILED, TAPE = "ONNX Runtime", "torch.compile", "the same, without plans"
# Seconds between two calls of a service that now and then gets an image.
INTERVAL = 0.05


class OnTape(Network):
    """A network without plans: every op is recorded on the tape, as in networks that no plan covers."""

    @property
    def can_plan(self) -> bool:
        return False


class Ours:
    """A freqnet network with the data and the optimiser of a training step.

    Parameters
    ----------
    network : Network
    spectra : Spectra
        The examples of a batch.
    settings : Settings
    """

    def __init__(self, network: Network, spectra: Spectra, settings: Settings) -> None:
        self.network, self.spectra = network, spectra
        self.batch = spectra.take(np.arange(len(spectra)))
        self.run = Run.begin(network, settings, spectra)
        # A rate of 0 costs as much as any other and leaves the weights unchanged.
        self.run.optimizer.learning_rate = 0.0

    @classmethod
    def on(cls, network: Network, train: Dataset, batch: int = BATCH) -> Ours:
        """Take the first images of a dataset as the batch, and the default settings of the dataset."""
        spectra = analyse(network, train.take(np.arange(batch)))
        return cls(network, spectra, Settings(**training_defaults(train.name)))

    def on_tape(self) -> Ours:
        """Return the same network, untrained, that runs without plans."""
        return Ours(OnTape(self.network.door, self.network.body), self.spectra, self.run.settings)

    def step(self) -> Operation:
        """Return a training step on spectra, which are computed once before training."""
        self.network.train()
        return lambda: self.run.step(self.batch)

    def predict(self, images: np.ndarray, batch: int = BATCH) -> Operation:
        """Return an inference pass of the compiled network from images to logits, with the transform of the images."""
        compiled = self.network.compile()
        return lambda: compiled(images, batch)

    def work(self) -> int:
        """Return the multiply-adds of a training step: three times those of the forward pass."""
        costs: list[int] = []
        self.network.train()
        count = lambda op, out, inputs, words: costs.append(int(op.cost(out, *inputs, **words)))
        with observe(count), no_grad(), kept_state(self.network.body):
            self.network(self.batch.x)
        return 3 * sum(costs)


class Peer:
    """A PyTorch network with the data and the optimiser of a training step.

    Small CNNs are faster in one memory layout for training and in another for inference, which differs between
    machines: each operation runs in the faster one.
    """

    def __init__(self, model: Any, inputs: Callable[[np.ndarray], Any], images: np.ndarray, labels: np.ndarray) -> None:
        import torch

        from .peers import adamw

        self.model, self.targets, self.inputs = model, torch.from_numpy(labels), inputs
        self.x = inputs(images)
        # None is the layout of `inputs`, which is channels-last.
        self.layout: Any = None
        self.optimizer = adamw(model, 1e-6)

    @cached_property
    def layouts(self) -> list[Peer]:
        """The network in each memory layout, one of which is this object."""
        import torch

        from .peers import adamw

        if self.x.ndim != 4 or self.x.is_complex():
            return [self]
        other = copy(self)
        other.layout = torch.contiguous_format
        other.model = deepcopy(self.model).to(memory_format=other.layout)
        # A channels-last tensor of one channel counts as both.
        other.x = self.x.clone(memory_format=other.layout)
        other.optimizer = adamw(other.model, 1e-6)
        return [self, other]

    def compiled(self) -> Peer | str:
        """Return the same network as ``torch.compile`` makes it, or the reason why it does not compile."""
        from .peers import compiled

        other = copy(self.for_training())
        other.model, other.layouts = compiled(other.model), [other]
        try:
            other.step()()
        except Exception as error:  # Whatever the compiler of this machine runs into.
            return str(error).strip().splitlines()[0]
        return other

    def for_training(self) -> Peer:
        """Return the network in the layout in which a training step is faster."""
        return self._faster([form._step() for form in self.layouts])[0]

    def step(self) -> Operation:
        """Return a training step: forward pass, backward pass, fused AdamW."""
        return self._faster([form._step() for form in self.layouts])[1]

    def predict(self, x: Any, batch: int = BATCH, threads: int | None = None) -> Operation:
        """Return an inference pass from standardised images to logits, in inference mode.

        With `threads` each call sets their number first: after a pause, one thread can be faster than several.
        """
        return self._faster([form._predict(x, batch, threads) for form in self.layouts])[1]

    def _faster(self, operations: list[Operation]) -> tuple[Peer, Operation]:
        seconds = alternate(operations[0], operations[1], seconds=0.1) if len(operations) > 1 else (0.0,)
        best = int(np.argmin(seconds))
        return self.layouts[best], operations[best]

    def _step(self) -> Operation:
        from .peers import step

        self.model.train()
        return lambda: step(self.model, self.optimizer, self.x, self.targets)

    def _predict(self, x: Any, batch: int, threads: int | None) -> Operation:
        import torch

        self.model.eval()
        if self.layout is not None:
            x = x.clone(memory_format=self.layout)

        def run() -> Any:
            if threads:
                torch.set_num_threads(threads)
            with torch.inference_mode():
                return [self.model(x[i : i + batch]) for i in range(0, len(x), batch)]

        return run


class OnnxPeer:
    """The network of a `Peer`, exported and run by ONNX Runtime."""

    def __init__(self, peer: Peer, threads: int) -> None:
        from .peers import onnx_session

        self.session = onnx_session(peer.model, peer.x, threads)

    def predict(self, x: Any, batch: int = BATCH) -> Operation:
        """Return an inference pass from standardised images to logits."""
        array = np.ascontiguousarray(x.numpy())
        parts = [array[i : i + batch] for i in range(0, len(array), batch)]
        return lambda: [self.session.run(None, {"x": part})[0] for part in parts]


def fastest(predict: Callable[[Any, int], Operation], images: Any) -> Operation:
    """Return the inference pass over all images with the faster number of images per call."""
    small, large = (predict(images, chunk) for chunk in CHUNKS)
    seconds = alternate(small, large, seconds=0.2)
    return small if seconds[0] <= seconds[1] else large


@lru_cache(maxsize=1)
def parts() -> Split:
    """Return the split of mnist-5k that all networks share."""
    return split(load("mnist-5k"), validation=0, seed=0)


def mnist(size: str, data: Split) -> Ours:
    """Return a network of a size on mnist-5k, with polynomials that train."""
    return Ours.on(Model(size=size, activation="polynomial").network(data.train), data.train)


def peers(ours: Ours, data: Split, names: list[str] | None = None) -> Iterator[tuple[str, Peer]]:
    """Yield PyTorch networks by name: CNNs, an FNO, and ``ours`` with an FFT round trip at each activation."""
    from .peers import FNO, RoundTrip, cnn, images_of, spectra_of

    batch = data.train.images[:BATCH], np.asarray(data.train.targets[:BATCH])
    wanted = lambda name: names is None or name in names
    for name in filter(wanted, GREY_CNNS):
        yield name, Peer(cnn(name), images_of, *batch)
    if wanted("FNO, 3 layers of 32"):
        yield "FNO, 3 layers of 32", Peer(FNO(13, 32), images_of, *batch)
    if wanted("round trips"):
        spectra = lambda images: spectra_of(ours.network.analyse(images).data)
        yield "the same, FFT round trips", Peer(RoundTrip(ours.network), spectra, *batch)


def network_rows(plan: Plan) -> Iterator[Row]:
    """Time a training step and an inference pass beside every peer, beside the tape and beside a GEMM."""
    data = parts()
    is_first = True
    for size in EQUALS:
        ours = mnist(size, data)
        details = {"batch": BATCH, "parameters": ours.network.parameter_count()}
        if is_first:
            # The first seconds after a change of the load are slower, so this measurement is thrown away.
            alternate(ours.step(), ours.on_tape().step(), 2 * plan.seconds)
            is_first = False
        yield against_gemm(plan, "step", size, ours.work(), ours.step())
        a, b = alternate(ours.step(), ours.on_tape().step(), plan.seconds)
        yield Row("step", size, a, TAPE, b, details)
        if torch_or_none() is not None:
            yield from _peer_rows(plan, size, ours, details)


def _peer_rows(plan: Plan, size: str, ours: Ours, details: dict[str, Any]) -> Iterator[Row]:
    data = parts()
    quick = [EQUALS[size], *(["round trips"] if size == "large" else [])]
    for name, theirs in peers(ours, data, quick if plan.quick else None):
        a, b = alternate(ours.step(), theirs.step(), plan.seconds)
        yield Row("step", size, a, name, b, details)
        others: list[tuple[str, Any]] = [(name, theirs)]
        if name == EQUALS[size] and has_peer(ONNX):
            others.append((f"{name}, {ONNX}", OnnxPeer(theirs, plan.threads)))
        images, x = data.test.images, theirs.inputs(data.test.images)
        for label, other in others:
            our_pass, their_pass = fastest(ours.predict, images), fastest(other.predict, x)
            a, b = alternate(our_pass, their_pass, plan.seconds)
            yield Row("inference", size, a, label, b, {**details, "batch": len(images)})
            if not plan.quick or name == EQUALS[size]:
                yield from latency_rows(plan, size, ours.predict(images[:1]), label, other.predict(x[:1]))


def latency_rows(plan: Plan, size: str, ours: Operation, name: str, theirs: Operation) -> Iterator[Row]:
    """Time one image, in a tight loop and with a pause before each call."""
    a, b = alternate(ours, theirs, plan.seconds)
    yield Row("latency", size, a, name, b, {"batch": 1})
    a, b = alternate_spaced(ours, theirs, INTERVAL)
    yield Row("latency", f"{size}, every {1e3 * INTERVAL:.0f} ms", a, name, b, {"batch": 1})


# Runs in a process of its own, because peak memory belongs to a process. The peak comes from /proc, because that of
# getrusage includes the peak of the parent process.
_MEMORY = """
import json, sys
side, name, count = sys.argv[1:4]
from freqnet.benchmarks.networks import mnist, parts, peers
from freqnet.benchmarks.timing import threads
from freqnet.kernels.threads import thread_limit

def peak():
    lines = open("/proc/self/status").read().splitlines()
    return next(int(line.split()[1]) / 1024 for line in lines if line.startswith("VmHWM"))

data = parts()
# freqnet is measured without loading PyTorch, which threads() would do.
with thread_limit(int(count)) if side == "ours" else threads(int(count)):
    if side == "ours":
        step = mnist(name, data).step()
    else:
        step = next(iter(peers(mnist("small", data), data, [name])))[1].step()
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
