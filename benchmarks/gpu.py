"""Products of signals and training steps on a graphics card, or on another device of PyTorch.

    python -m benchmarks.gpu --out gpu.json

in a clone writes the rows after each measurement, and ends within the minutes of ``--minutes``: what is not measured by
then is left out. ``--device torch:cpu --tiny`` runs all of it in a small form, for a test.

Three forms of freqnet's network are measured: a step of `fit` with ``device=``, whose loss and optimiser are on the
host; the module of `as_module` with PyTorch's loss and optimiser; and the same functions compiled by ``torch.compile``.
The CNN is in channels-last, as it is and compiled, in float32 and in automatic mixed precision with bfloat16.
TensorFloat-32 is off.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable, Iterator
from contextlib import nullcontext
from copy import deepcopy
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
import torch
from scipy.fft import next_fast_len
from torch import nn
from torch.nn.functional import cross_entropy

from freqnet import Fourier, ops
from freqnet import nn as layers
from freqnet.arrays import as_function
from freqnet.onnx.matrices import Dense, Form, Product
from freqnet.onnx.signals import points_of
from freqnet.torch import as_module
from freqnet.torch.devices import DeviceNetwork, find_device
from freqnet.torch.library import TORCH

from . import colour, peers, products
from .networks import Ours
from .rows import Row, write_rows
from .suite import machine
from .timing import Plan

Operation = Callable[[], Any]
FIT, MODULE, COMPILED = "fit on the device", "as_module", "as_module, torch.compile"


@dataclass(frozen=True)
class Bench:
    """What is measured where, and until when.

    Attributes
    ----------
    device : torch.device
    end : float
        When no measurement begins any more, on the clock of `time.monotonic`.
    tiny : bool
        Whether sizes and times are those of a test.
    """

    device: torch.device
    end: float
    tiny: bool = False

    @property
    def batch(self) -> int:
        """Examples per step."""
        return 4 if self.tiny else colour.BATCH

    @property
    def is_over(self) -> bool:
        """Whether the time is used up."""
        return time.monotonic() > self.end

    def seconds(self, function: Operation) -> float:
        """Return the median seconds of one call; a sample of several calls ends when the device has computed them."""
        for _ in range(1 if self.tiny else 5):
            function()
        once = self._sample(function, 1)
        count = max(1, int(0.05 / max(once, 1e-9))) if not self.tiny else 1
        return median(self._sample(function, count) for _ in range(3 if self.tiny else 9))

    def _sample(self, function: Operation, count: int) -> float:
        self._wait()
        start = time.perf_counter()
        for _ in range(count):
            function()
        self._wait()
        return (time.perf_counter() - start) / count

    def _wait(self) -> None:
        if self.device.type == "cuda":
            torch.cuda.synchronize(self.device)


# -- products of signals -------------------------------------------------------------------------------
def product_rows(bench: Bench) -> Iterator[Row]:
    """Time the product of two signals beside a matrix product of as many multiply-adds, and FFT round trips."""
    rate = _gemm_rate(bench)
    sizes = ((5, 2, 4),) if bench.tiny else ((13, 64, 128), (17, 64, 128), (33, 64, 128), (17, 256, 128))
    for modes, channels, batch in sizes:
        if bench.is_over:
            return
        band, lanes = (modes - 1) // 2, (batch, channels)
        x, y = products.half_spectra(band, lanes), products.half_spectra(band, lanes, seed=1)
        seconds, work = bench.seconds(_product(bench, x, y)), product_work(band) * batch * channels
        name, details = f"{modes}x{modes} modes, batch {batch}, {channels} channels", {"multiply_adds": work}
        share = {**details, "tera_multiply_adds_per_s": rate / 1e12}
        yield Row("products", name, seconds, "float32 GEMM, same multiply-adds", work / rate, share)
        n = next_fast_len(3 * band + 1, real=True)
        trip = products.torch_trip([products.lanes_first(v) for v in (x, y)], n, str(bench.device))
        yield Row("products", name, seconds, "FFT round trip", bench.seconds(trip), {**details, "grid": n})


def _gemm_rate(bench: Bench) -> float:
    """Return the multiply-adds per second of a large product of float32 matrices."""
    size = 64 if bench.tiny else 8192
    a, b = (torch.randn(size, size, device=bench.device) for _ in range(2))
    return size**3 / bench.seconds(lambda: a @ b)


def _product(bench: Bench, x: np.ndarray, y: np.ndarray) -> Operation:
    modes, _, _, channels = x.shape
    signal = layers.Signal(Fourier.on((2 * modes, 2 * modes), ((modes - 1) // 2,) * 2), channels)
    function = as_function(ops.multiply, (signal, signal))
    given = [torch.from_numpy(v).to(bench.device) for v in (x, y)]

    def run() -> Any:
        with torch.inference_mode():
            return function(*given)

    return run


def product_work(band: int) -> int:
    """Return the multiply-adds per lane of the product of two signals of one band, by matrices.

    >>> product_work(6)
    36271
    """
    bands = (band, band)
    space = Fourier.on((4 * band + 2,) * 2, bands)
    points = points_of(space, space, bands)
    assert points is not None
    return sum(map(_work, points[:3])) + points.places


def _work(form: Form) -> int:
    if isinstance(form, Product):
        return min(form.costs)
    return form.matrix.size if isinstance(form, Dense) else len(form.index)


# -- training steps ------------------------------------------------------------------------------------
class Body(nn.Module):
    """The body of a network as functions of PyTorch alone, which ``torch.compile`` can take.

    Parameters
    ----------
    device : DeviceNetwork
    """

    def __init__(self, device: DeviceNetwork, shape: tuple[int, ...]) -> None:
        super().__init__()
        self.translation = device.recorded(shape)
        self.translation.hand_over(TORCH, device.device)
        self.names: dict[str, str] = {}
        for name, array in device.network.arrays().items():
            self.names[name] = own = name.replace(".", "_")
            tensor = torch.from_numpy(array.copy()).to(device.device)
            if name in device.trained:
                self.register_parameter(own, nn.Parameter(tensor))
            else:
                self.register_buffer(own, tensor)

    def forward(self, rows: torch.Tensor) -> torch.Tensor:
        """Compute the outputs of spectra as real numbers ``(rows, batch, channels)``."""
        out, replaced = self.translation.of_rows(
            rows, {name: getattr(self, own) for name, own in self.names.items()}, TORCH
        )
        with torch.no_grad():
            for name, array in replaced.items():
                getattr(self, self.names[name]).copy_(array)
        return out


def training_rows(bench: Bench) -> Iterator[Row]:
    """Time a training step of networks for colour images beside CNNs."""
    names = ("16-32-64",) if bench.tiny else ("32-64-128", "32-64-128, polynomials", "16-32-64", "32-64-96-128")
    known: dict[str, dict[str, float | str]] = {}
    for name in names:
        peer = colour.SHAPES[name.removesuffix(colour.POLYNOMIALS)].peer
        own = dict(_measured(bench, ours(bench, name)))
        if peer not in known:
            known[peer] = dict(_measured(bench, cnns(bench, peer)))
        for form, seconds in own.items():
            for label, other in known[peer].items():
                if isinstance(seconds, str) or isinstance(other, str):
                    continue
                failed = {key: value for key, value in {**own, **known[peer]}.items() if isinstance(value, str)}
                yield Row(
                    "training", f"{name}, {form}", seconds, f"{peer}, {label}", other, {"batch": bench.batch, **failed}
                )


def _measured(bench: Bench, forms: Iterator[tuple[str, Callable[[], Operation]]]) -> Iterator[tuple[str, float | str]]:
    """Yield the seconds of each form, or why there are none."""
    for name, make in forms:
        if bench.is_over:
            yield name, "no time was left"
            continue
        try:
            yield name, bench.seconds(make())
        except Exception as error:  # Whatever the compiler of this machine, or its memory, runs into.
            yield name, f"{type(error).__name__}: {str(error).strip().splitlines()[:1]}"


def ours(bench: Bench, name: str) -> Iterator[tuple[str, Callable[[], Operation]]]:
    """Yield the forms of freqnet's network: a name, and a function that makes its step."""
    mine = Ours.on(colour.network(name), colour.images(bench.batch), bench.batch)
    targets = torch.from_numpy(colour.images(bench.batch).targets).to(bench.device)
    spectra = torch.from_numpy(mine.batch.x.data).to(bench.device)

    def fitted() -> Operation:
        mine.run.device = DeviceNetwork(mine.network, mine.run.trained, _name(bench))
        return mine.step()

    def eager() -> Operation:
        module = as_module(deepcopy(mine.network), part="body", layout="freqnet", backend="torch").to(bench.device)
        return _step(module.train(), spectra, targets)

    def compiled() -> Operation:
        device = DeviceNetwork(mine.network, mine.network.named_parameters(), _name(bench))
        mine.network.train()
        # Real numbers: the compiler has no functions of complex ones.
        rows = torch.cat([spectra.real, spectra.imag]).reshape(-1, *spectra.shape[-2:])
        return _step(_compiled(bench, Body(device, tuple(spectra.shape))), rows, targets)

    yield "kernels on the host", mine.step
    yield FIT, fitted
    yield MODULE, eager
    if not bench.tiny:
        yield COMPILED, compiled


def cnns(bench: Bench, peer: str) -> Iterator[tuple[str, Callable[[], Operation]]]:
    """Yield the forms of the CNN: a name, and a function that makes its step."""
    data = colour.images(bench.batch)
    x = peers.images_of(data.images).to(bench.device).contiguous(memory_format=torch.channels_last)
    targets = torch.from_numpy(data.targets).to(bench.device)
    for precision in (torch.float32, torch.bfloat16):
        own = str(precision).removeprefix("torch.")
        for is_compiled in (False, True) if not bench.tiny else (False,):

            def make(precision: torch.dtype = precision, is_compiled: bool = is_compiled) -> Operation:
                model = peers.cnn(peer, colour.CLASSES, colour.SHAPE).to(bench.device)
                return _step(_compiled(bench, model) if is_compiled else model, x, targets, precision)

            yield f"{own}{', torch.compile' if is_compiled else ''}", make


def _name(bench: Bench) -> str:
    return f"torch:{bench.device}"


def _compiled(bench: Bench, model: nn.Module) -> nn.Module:
    """Return a model that compiles itself at its first call, with a CUDA graph on a card, where launches cost most."""
    torch._dynamo.reset()
    mode = "reduce-overhead" if bench.device.type == "cuda" else "default"
    return torch.compile(model, dynamic=False, fullgraph=True, mode=mode)  # type: ignore[return-value]


def _step(
    model: nn.Module, x: torch.Tensor, targets: torch.Tensor, precision: torch.dtype = torch.float32
) -> Operation:
    optimizer = peers.adamw(model, 1e-6)
    is_mixed = precision != torch.float32

    def run() -> None:
        with torch.autocast(x.device.type, precision) if is_mixed else nullcontext():
            loss = cross_entropy(model(x), targets, label_smoothing=0.1)
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        optimizer.step()

    return run


# -- all of it -----------------------------------------------------------------------------------------
def run(bench: Bench) -> Iterator[Row]:
    """Measure everything, and yield each row as soon as it is measured."""
    torch.backends.cuda.matmul.allow_tf32 = torch.backends.cudnn.allow_tf32 = False
    yield from product_rows(bench)
    yield from training_rows(bench)


def main(words: list[str] | None = None) -> None:
    """Measure, print and write the rows."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--device", default="cuda")
    parser.add_argument("--out", type=Path, default=Path("gpu.json"))
    parser.add_argument("--minutes", type=float, default=6.5, help="no measurement begins later")
    parser.add_argument("--tiny", action="store_true")
    given = parser.parse_args(words)
    bench = Bench(find_device(given.device), time.monotonic() + 60 * given.minutes, given.tiny)
    is_card = bench.device.type == "cuda"
    about = {**machine(Plan()), "device": torch.cuda.get_device_name(bench.device) if is_card else str(bench.device)}
    rows: list[Row] = []
    for row in run(bench):
        rows.append(row)
        print(
            f"{row.group}: {row.name}: {1e3 * row.freqnet_s:.3f} ms; {row.peer}: {1e3 * row.peer_s:.3f} ms", flush=True
        )
        # After each row, so that an interrupted measurement leaves its figures.
        write_rows(given.out, rows, about)


if __name__ == "__main__":
    main()
