"""Export networks to ONNX in every domain, and compare outputs, size and time with the compiled network.

    python -m benchmarks.studies.onnx [--quick]

writes benchmarks/results/onnx.json, the table docs/speed/onnx.txt, and docs/speed/onnx-cnns.txt, which has the times of
CNNs beside those of the compiled network. With ``--quick`` it measures digits only, and prints the figures.
"""

from __future__ import annotations

import sys
import warnings
from itertools import product
from pathlib import Path
from typing import NamedTuple

import numpy as np

from freqnet.data import Dataset, from_arrays, load, split
from freqnet.nn import Network
from freqnet.training import Model, Settings, analyse, fit
from freqnet.training.files import write_json

from .. import Plan, machine
from ..networks import OnnxPeer, Peer
from ..timing import alternate, threads
from .tables import Table, milliseconds, write

RESULTS = Path(__file__).parents[1] / "results" / "onnx.json"
DOMAINS = ("fourier", "hartley", "laplace", "damped", "grid")
# Epochs of training; 0 for a network with its first weights.
DATA = {"digits": 10, "mnist-5k": 1, "random colour images": 0}
BATCHES = (1, 1000)
# CNNs that are about as accurate as the default networks of digits and mnist-5k, and as `xxlarge` on colour images.
CNNS = {"digits": "CNN 3x3, 8-16-16", "mnist-5k": "CNN 3x3, 16-32-32", "random colour images": "CNN 3x3, 32-64-128"}
# Operators of Fourier transforms, and kinds of numbers, that a model must not have.
TRANSFORMS, COMPLEX = {"DFT", "STFT"}, {14, 15}


class Exported(NamedTuple):
    """A network and its ONNX model.

    Attributes
    ----------
    name, domain : str
    precision : str
    difference, largest : float
        Largest difference between the outputs of the model in ONNX Runtime and of the network, and largest output.
    same : float
        Share of the held-out samples for which both name the same class.
    accuracy, peer_accuracy : float or None
        Share of held-out samples that the network and the model classify correctly; None without training.
    size, operators : int
        Bytes of the file, and its operators.
    is_real : bool
        Whether the model has no complex number and no operator of a Fourier transform.
    seconds, peer_seconds : tuple of float
        Seconds of the compiled network and of ONNX Runtime for each number of samples in `BATCHES`.
    """

    name: str
    domain: str
    precision: str
    difference: float
    largest: float
    same: float
    accuracy: float | None
    peer_accuracy: float | None
    size: int
    operators: int
    is_real: bool
    seconds: tuple[float, ...]
    peer_seconds: tuple[float, ...]


def data_of(name: str) -> Dataset:
    """Return a dataset by its name, or colour images of noise."""
    if name in ("digits", "mnist-5k"):
        return load(name)
    generator = np.random.default_rng(0)
    images, targets = generator.random((1000, 32, 32, 3), np.float32), np.arange(1000) % 10
    return from_arrays(images, targets, layout="nhwc", name=name)


def network_of(name: str, domain: str, data: Dataset) -> Network:
    """Return a default network; with real nodes on large grids, samples are averaged in blocks first."""
    pool = 4 if domain == "laplace" and max(data.grid) > 20 else 1
    size = {"size": "xxlarge"} if not DATA[name] else {}
    return Model(domain=domain, pool=pool, **size).network(data)  # type: ignore[arg-type]


def exported(name: str, domain: str, seconds: float = 0.2) -> Exported:
    """Train a network if its data have classes, export it, and measure both."""
    import onnx
    import onnxruntime

    data = data_of(name)
    parts = split(data, seed=0)
    network = network_of(name, domain, parts.train)
    if DATA[name]:
        fit(network, analyse(network, parts.train), settings=Settings(epochs=DATA[name]))
    model = network.to_onnx()
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    session = onnxruntime.InferenceSession(model.SerializeToString(), options, providers=["CPUExecutionProvider"])
    compiled, samples = network.compile(), parts.test.images.astype(network.precision)
    run = lambda x: session.run(None, {"samples": x})[0]
    ours, theirs = compiled(samples), run(samples)
    right = [float(np.mean(found.argmax(1) == parts.test.targets)) if DATA[name] else None for found in (ours, theirs)]
    values = onnx.shape_inference.infer_shapes(model).graph.value_info
    kinds = {v.type.tensor_type.elem_type for v in values} | {t.data_type for t in model.graph.initializer}
    times = []
    for count in BATCHES:
        batch = np.ascontiguousarray(samples[np.arange(count) % len(samples)])
        times.append(alternate(lambda x=batch: compiled(x), lambda x=batch: run(x), seconds))  # type: ignore[misc]
    return Exported(
        name,
        domain,
        network.precision.name,
        float(np.max(np.abs(ours - theirs))),
        float(np.max(np.abs(ours))),
        float(np.mean(ours.argmax(1) == theirs.argmax(1))),
        right[0],
        right[1],
        model.ByteSize(),
        len(model.graph.node),
        not kinds & COMPLEX and not {node.op_type for node in model.graph.node} & TRANSFORMS,
        tuple(t for t, _ in times),
        tuple(t for _, t in times),
    )


class Beside(NamedTuple):
    """Times of a compiled network and of a CNN, each measured in turns with the other.

    Attributes
    ----------
    name, cnn : str
    seconds : tuple of tuple
        Seconds of the compiled network, of the CNN in PyTorch, and in ONNX Runtime, for each number of `BATCHES`.
    """

    name: str
    cnn: str
    seconds: tuple[tuple[float, float, float], ...]


def beside(name: str, seconds: float = 0.2) -> Beside:
    """Return times of the default network in the Fourier domain and of a CNN, both with their first weights."""
    from ..peers import cnn, images_of

    data = data_of(name)
    compiled = network_of(name, "fourier", data).compile()
    samples = data.images.astype(np.float32)
    shape = (*data.grid, data.channels)
    model = cnn(CNNS[name], len(data.classes), shape).eval()  # type: ignore[arg-type]
    peer = Peer(model, images_of, samples[:128], np.asarray(data.targets[:128]))
    runtime, rows = OnnxPeer(peer, 1), []
    for count in BATCHES:
        batch = np.ascontiguousarray(samples[np.arange(count) % len(samples)])
        ours, x = lambda batch=batch: compiled(batch), images_of(batch)
        first, in_torch = alternate(ours, peer.predict(x, count), seconds)
        second, in_runtime = alternate(ours, runtime.predict(x, count), seconds)
        rows.append((min(first, second), in_torch, in_runtime))
    return Beside(name, CNNS[name], tuple(rows))


def table_of_cnns(rows: list[Beside]) -> Table:
    """Return the times of CNNs."""
    who = ("freqnet, compiled", "CNN, PyTorch", "CNN, ONNX Runtime")
    header = ("data", "CNN", *(f"{name}, {count:,}, ms" for count in BATCHES for name in who))
    return header, [(row.name, row.cnn, *(milliseconds(t) for own in row.seconds for t in own)) for row in rows]


def table(rows: list[Exported]) -> Table:
    """Return differences, sizes and times."""
    body = []
    for row in rows:
        times = [milliseconds(t) for pair in zip(row.seconds, row.peer_seconds, strict=True) for t in pair]
        shown = f"{row.difference:.1e} of {row.largest:.3g}"
        body.append((row.name, f"{row.domain}, {row.precision}", shown, f"{row.size / 1e3:,.0f}", *times))
    of_times = [f"{who}, {count:,}, ms" for count in BATCHES for who in ("compiled", "ONNX Runtime")]
    return ("data", "domain", "largest difference of logits", "file, kB", *of_times), body


def main(words: list[str]) -> None:
    """Measure, store the figures, and write the table."""
    names = ["digits"] if "--quick" in words else list(DATA)
    rows, cnns = [], []
    with warnings.catch_warnings(), threads(1):
        warnings.simplefilter("ignore")
        for name, domain in product(names, DOMAINS):
            rows.append(exported(name, domain))
            print(rows[-1], flush=True)
        for name in names:
            cnns.append(beside(name))
            print(cnns[-1], flush=True)
    if "--quick" not in words:
        own = {"networks": [row._asdict() for row in rows], "cnns": [row._asdict() for row in cnns]}
        write_json(RESULTS, {"machine": machine(Plan())} | own)
        write("onnx", table(rows))
        write("onnx-cnns", table_of_cnns(cnns))


if __name__ == "__main__":
    main(sys.argv[1:])
