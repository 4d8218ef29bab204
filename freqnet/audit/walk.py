"""Run a network layer by layer, and record the input, the output and the cost of each layer."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

from freqnet.autodiff import Op, Tensor, no_grad, observe
from freqnet.nn import Module, Network, Sequential, evaluation
from freqnet.spaces import transform_count


@dataclass(frozen=True, eq=False)
class Step:
    """One pass of examples through the door or through one layer.

    Attributes
    ----------
    name : str
        Path of the layer in the body, as in the names of parameters; ``"door"`` for the door.
    layer : Door or Module
    input : Tensor or None
        A signal ``(*modes, batch, channels)`` or plain features ``(batch, features)``; None for the door.
    output : Tensor
    multiply_adds : int
        Real multiply-adds on the examples.
    setup_multiply_adds : int
        Real multiply-adds on weights alone, which do not grow with the number of examples.
    transforms : int
        Number of transforms.
    """

    name: str
    layer: Any
    input: Any
    output: Tensor
    multiply_adds: int
    setup_multiply_adds: int
    transforms: int


class _Meter:
    """Add up the cost of ops, separately for ops that depend on `x` and for ops that do not.

    Without `x` every op is taken to depend on the examples.
    """

    def __init__(self, x: Tensor | None) -> None:
        self.examples = 0
        self.weights = 0
        self._counts_all = x is None
        # Tensors are held, so that no later tensor can be given the id of one of them.
        self._dependent = {id(x): x}

    def __call__(self, op: Op, out: Tensor, inputs: tuple[Tensor, ...], parameters: dict[str, Any]) -> None:
        cost = int(op.cost(out, *inputs, **parameters))
        if self._counts_all or any(id(x) in self._dependent for x in inputs):
            self._dependent[id(out)] = out
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

    The network is left as it was: its mode and its count of transforms do not change.

    Parameters
    ----------
    network : Network
    samples : numpy.ndarray
        ``(batch, *grid, channels)``.

    Returns
    -------
    list of Step
        The door, then one step per layer.

    Raises
    ------
    ShapeError
        The samples do not fit the door.

    Examples
    --------
    >>> from freqnet import nn
    >>> body = nn.Sequential((nn.Convolution(8), nn.Dense(10)))
    >>> network = nn.Network(nn.Door("fourier", (8, 8), (3, 3), 1), body)
    >>> [(step.name, step.output.shape) for step in walk(network, np.ones((2, 8, 8, 1)))]
    [('door', (7, 4, 2, 1)), ('0', (7, 4, 2, 8)), ('1', (2, 10))]
    """
    # The outputs of diverged weights are shown as they are; training has warned already.
    with no_grad(), np.errstate(all="ignore"):
        # The door has no weights: all of its work is on the examples.
        door = _step("door", network.door, None, lambda: network.analyse(samples))
    return [door, *walk_layers(network, door.output)]


def walk_layers(network: Network, x: Tensor) -> list[Step]:
    """Pass the spectra of the door through the layers, as `walk` does, without a transform at the door."""
    steps: list[Step] = []
    with evaluation(), no_grad(), np.errstate(all="ignore"), network.guard(counts=False):
        for name, layer in leaves(network.body):
            steps.append(_step(name, layer, x, partial(layer, x)))
            x = steps[-1].output
    return steps


def _step(name: str, layer: Any, x: Tensor | None, run: Callable[[], Tensor]) -> Step:
    before = transform_count()
    with observe(meter := _Meter(x)):
        out = run()
    return Step(name, layer, x, out, meter.examples, meter.weights, transform_count() - before)
