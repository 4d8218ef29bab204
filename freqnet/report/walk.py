"""Run a network layer by layer, and see what leaves each layer and what it took."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np

from freqnet.autodiff import Op, Tensor, no_grad, observe
from freqnet.nn import Module, Network, Sequential


@dataclass(frozen=True, eq=False)
class Step:
    """One layer's run.

    Attributes
    ----------
    name : str
        Path of the layer in the body, as in the names of parameters; ``"door"`` comes first.
    layer : Module or None
        None for the door.
    output : Tensor
        What left it: ``(*modes, batch, channels)``, or plain ``(batch, features)``.
    multiply_adds : int
        Real multiply-adds on the examples.
    setup_multiply_adds : int
        Real multiply-adds on weights alone, which do not grow with the number of examples.
    """

    name: str
    layer: Module | None
    output: Tensor
    multiply_adds: int
    setup_multiply_adds: int


class _Meter:
    """Add up the cost of ops, apart for those that depend on the examples and those that do not."""

    def __init__(self) -> None:
        self.examples = 0
        self.weights = 0
        self._live: dict[int, Tensor] = {}

    def follow(self, x: Tensor) -> None:
        # Held, so that no later tensor can be given the same id.
        self._live[id(x)] = x

    def __call__(self, op: Op, out: Tensor, inputs: tuple[Tensor, ...], parameters: dict[str, Any]) -> None:
        cost = int(op.cost(out, *inputs, **parameters))
        if any(id(x) in self._live for x in inputs):
            self.follow(out)
            self.examples += cost
        else:
            self.weights += cost


def leaves(module: Module, path: str = "") -> Iterator[tuple[str, Module]]:
    """Yield (path, layer) in the order they run; a `Sequential` is opened, any other layer is one.

    >>> from freqnet import nn
    >>> body = nn.Sequential((nn.GlobalAverage(), nn.Sequential((nn.Dense(4), nn.Dense(2)))))
    >>> [name for name, _ in leaves(body)]
    ['0', '1.0', '1.1']
    """
    if isinstance(module, Sequential):
        for name, child in module.children():
            yield from leaves(child, f"{path}.{name}" if path else name)
    else:
        yield path or "body", module


def walk(network: Network, samples: np.ndarray) -> list[Step]:
    """Pass samples through the door and the layers, in evaluation mode and without a tape.

    Parameters
    ----------
    network : Network
        Its layers are left in the mode they were in.
    samples : numpy.ndarray
        ``(batch, *grid, channels)``.

    Examples
    --------
    >>> from freqnet import nn
    >>> body = nn.Sequential((nn.Convolution(8), nn.Dense(10)))
    >>> network = nn.Network(nn.Door("fourier", (8, 8), (3, 3), 1), body)
    >>> [(step.name, step.output.shape) for step in walk(network, np.ones((2, 8, 8, 1)))]
    [('door', (7, 4, 2, 1)), ('0', (7, 4, 2, 8)), ('1', (2, 10))]
    """
    steps = []
    # Diverged weights are shown as they are; their warnings belong to training.
    with _evaluating(network), no_grad(), np.errstate(all="ignore"):
        with observe(meter := _Meter()):
            x = network.analyse(samples)
        # The door has no weights: all it does, it does to the examples.
        steps.append(Step("door", None, x, meter.weights, 0))
        for name, layer in leaves(network.body):
            meter = _Meter()
            meter.follow(x)
            with observe(meter):
                x = layer(x)
            steps.append(Step(name, layer, x, meter.examples, meter.weights))
    return steps


@contextmanager
def _evaluating(network: Network) -> Iterator[None]:
    before = [(module, module.training) for _, module in network.body.modules()]
    network.body.train(False)
    try:
        yield
    finally:
        for module, training in before:
            module.training = training
