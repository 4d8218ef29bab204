"""Networks on colour images of 32x32 pixels, as in CIFAR-10: training step, and inference of 1 to 1,024 images."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from freqnet import nn
from freqnet.data import Dataset

from .networks import COMPILED, ONNX, OnnxPeer, Ours, Peer
from .products import against_gemm
from .rows import Row
from .timing import Plan, alternate, has_peer, torch_or_none

SHAPE, CLASSES = (32, 32, 3), 10
BATCH = 128
BATCHES = (1, 8, 64, 256, 1024)


@dataclass(frozen=True)
class Shape:
    """The shape of a network, and the CNN that it is compared with.

    Attributes
    ----------
    modes : tuple of int
        Modes along each axis: of each convolution, and of the head.
    widths : tuple of int
        Channels of each convolution.
    peer : str
        Name of the CNN.
    """

    modes: tuple[int, ...]
    widths: tuple[int, ...]
    peer: str


SHAPES = {
    "16-32-64": Shape((17, 11, 7, 5), (16, 32, 64), "CNN 3x3, 16-32-32"),
    "32-64-128": Shape((17, 13, 9, 5), (32, 64, 128), "CNN 3x3, 32-64-128"),
    "32-64-96-128": Shape((21, 15, 11, 7, 5), (32, 64, 96, 128), "CNN 3x3, 32-64-96-128"),
}
# Of the activations, Gaussian ones approximate ReLU, and the others are polynomials that train.
POLYNOMIALS = ", polynomials"
NAMES = ("16-32-64", "32-64-128", f"32-64-128{POLYNOMIALS}", "32-64-96-128")


def network(name: str) -> nn.Network:
    """Return the untrained network of a name in `NAMES`.

    Examples
    --------
    >>> network("16-32-64").door.space.modes
    (17, 17)
    """
    shape = SHAPES[name.removesuffix(POLYNOMIALS)]
    layers: list[nn.Module] = []
    for width, kept in zip(shape.widths, shape.modes[1:], strict=True):
        activation = nn.Polynomial() if name.endswith(POLYNOMIALS) else nn.Gaussian("relu", 2)
        layers += [nn.Convolution(width, 3, bias=False), nn.PowerNorm(), activation, nn.TruncationPool(kept)]
    band = (shape.modes[0] - 1) // 2
    body = nn.Sequential(*layers, nn.PowerNorm(), nn.Dense(CLASSES))
    return nn.Network(nn.Door("fourier", SHAPE[:2], (band, band), SHAPE[2]), body)


def images(count: int) -> Dataset:
    """Return images of noise with mean 0 and deviation 1, like standardised photographs.

    Other noise may train networks into numbers below the normal range of float32, with which processors are slow.
    """
    samples = np.random.default_rng(0).standard_normal((count, *SHAPE), np.float32)
    return Dataset("noise", samples, np.arange(count) % CLASSES, tuple("0123456789"))


def ours(name: str) -> Ours:
    """Return a network with a batch of a training step."""
    return Ours.on(network(name), images(BATCH), BATCH)


def eager(name: str) -> Peer:
    """Return the CNN that a network is compared with, with the same batch."""
    from .peers import cnn, images_of

    data = images(BATCH)
    peer = SHAPES[name.removesuffix(POLYNOMIALS)].peer
    return Peer(cnn(peer, CLASSES, SHAPE), images_of, data.images, data.targets)


def forms(name: str, plan: Plan) -> Iterator[tuple[str, Any, dict[str, Any]]]:
    """Yield the name of each form of the CNN, the peer, and details: eager, compiled and ONNX Runtime."""
    theirs, peer = eager(name), SHAPES[name.removesuffix(POLYNOMIALS)].peer
    made = "left out by --quick" if plan.quick else theirs.compiled()
    yield peer, theirs, {COMPILED: made} if isinstance(made, str) else {}
    if isinstance(made, Peer):
        yield f"{peer}, {COMPILED}", made, {}
    if has_peer(ONNX):
        yield f"{peer}, {ONNX}", OnnxPeer(eager(name), plan.threads), {}


def colour_rows(plan: Plan) -> Iterator[Row]:
    """Time training steps and inference passes beside a CNN: eager, compiled, and in ONNX Runtime."""
    for name in NAMES if not plan.quick else NAMES[1:2]:
        mine = ours(name)
        yield against_gemm(plan, "colour", f"{name}, step", mine.work(), mine.step())
        if torch_or_none() is None:
            continue
        for label, theirs, details in forms(name, plan):
            if isinstance(theirs, Peer):
                a, b = alternate(mine.step(), theirs.step(), plan.seconds)
                yield Row("colour", f"{name}, step", a, label, b, {"batch": BATCH, **details})
            if POLYNOMIALS not in name:
                yield from _inference(plan, name, mine, label, theirs)


def _inference(plan: Plan, name: str, mine: Ours, label: str, theirs: Any) -> Iterator[Row]:
    from .peers import images_of

    data = images(max(BATCHES)).images
    x = images_of(data)
    for count in BATCHES if not plan.quick else (1, max(BATCHES)):
        a, b = alternate(mine.predict(data[:count]), theirs.predict(x[:count], count), plan.seconds)
        yield Row("colour", f"{name}, inference of {count:,}", a, label, b, {"batch": count})
