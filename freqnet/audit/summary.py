"""Output, parameters and cost of each layer of a network, beside those of its spatial counterpart."""

from __future__ import annotations

from dataclasses import astuple, dataclass
from typing import Any

import numpy as np

from freqnet.audit.walk import Step, walk
from freqnet.autodiff import Tensor
from freqnet.errors import FreqnetError
from freqnet.nn import Network
from freqnet.spaces import Axes
from freqnet.spaces.base import extent


@dataclass(frozen=True)
class LayerSummary:
    """One row: the door, a layer, or the total. All numbers are for one example in evaluation.

    The row is flat, although it has more than eight fields: ``freqnet info --json`` writes the fields as they are.

    Attributes
    ----------
    name : str
        Path of the layer, as in the names of parameters; ``"door"``, ``"total"``.
    layer : str
        Class of the layer.
    output : str
        Size of the output, such as ``"13x13 modes x 16"`` or ``"10 features"``.
    modes : tuple of int or None
        Independent real degrees of freedom along each axis (modes ``-m .. m``, or samples); None for
        features.
    parameters : int
        Number of trained real numbers.
    multiply_adds : int
        Real multiply-adds on the example.
    setup_multiply_adds : int
        Real multiply-adds on weights alone, such as a kernel's frequency response: once per batch of any size.
    bytes : int
        Size of the output in memory.
    twin_multiply_adds, twin_bytes : int or None
        The same for the spatial counterpart: the same layers on samples of the same grids, with direct
        convolution. None where a layer has no counterpart.
    """

    name: str
    layer: str
    output: str
    modes: Axes | None
    parameters: int
    multiply_adds: int
    setup_multiply_adds: int
    bytes: int
    twin_multiply_adds: int | None = None
    twin_bytes: int | None = None


def summarize(network: Network) -> list[LayerSummary]:
    """Return a row for the door, one for each layer (a `Residual` is one layer), and the total.

    Multiply-adds are the sum of the costs of all ops that run for one example.

    Parameters
    ----------
    network : Network

    Returns
    -------
    list of LayerSummary

    Examples
    --------
    >>> from freqnet import nn
    >>> body = nn.Sequential((nn.Convolution(8, bias=False), nn.Dense(10)))
    >>> network = nn.Network(nn.Door("fourier", (8, 8), (3, 3), 1), body)
    >>> for row in summarize(network):
    ...     print(row.name, row.output, row.parameters, row.multiply_adds, row.twin_multiply_adds)
    door 7x7 modes x 1 0 560 0
    0 7x7 modes x 8 72 896 4608
    1 10 features 3930 4490 5130
    total  4002 5946 9738
    """
    steps = walk(network, _example(network))
    no_twins: list[Step | None] = [None] * len(steps)
    twins = _twin_steps(network) or no_twins
    rows = [_row(step, twin) for step, twin in zip(steps, twins, strict=True)]
    return [*rows, _total(rows)]


def spatial_twin(network: Network) -> Network | None:
    """Return the spatial counterpart: the same layers, untrained, on samples; None where a layer has no counterpart.

    >>> from freqnet import nn
    >>> network = nn.Network(nn.Door("fourier", (8, 8), (2, 2), 1), nn.Dense(10))
    >>> spatial_twin(network).door.space.shape
    (8, 8)
    """
    description: dict[str, Any] = network.describe()
    reference = network.door.space.reference
    door = {**description["door"], "domain": reference.domain, "band": reference.band}
    try:
        return Network.from_description({**description, "door": door})
    except FreqnetError:
        return None


def _example(network: Network) -> np.ndarray:
    return network.door.blank(network.precision)


def _twin_steps(network: Network) -> list[Step] | None:
    twin = spatial_twin(network)
    try:
        return None if twin is None else walk(twin, _example(twin))
    except FreqnetError:
        return None


def _row(step: Step, twin: Step | None) -> LayerSummary:
    parameters = {} if step.name == "door" else step.layer.named_parameters()
    modes = None if step.output.space is None else step.output.space.degrees
    return LayerSummary(
        name=step.name,
        layer=type(step.layer).__name__,
        output=output_size(step.output),
        modes=modes,
        parameters=sum(p.data.size for p in parameters.values()),
        multiply_adds=step.multiply_adds,
        setup_multiply_adds=step.setup_multiply_adds,
        bytes=step.output.data.nbytes,
        twin_multiply_adds=None if twin is None else twin.multiply_adds,
        twin_bytes=None if twin is None else twin.output.data.nbytes,
    )


def output_size(x: Tensor) -> str:
    """Return the size of the output of a layer as text, such as ``"13x13 modes x 16"`` or ``"10 features"``."""
    if x.space is None:
        return f"{x.shape[-1]} features"
    return f"{extent(x.space.degrees)} {x.space.unit} x {x.shape[-1]}"


def _total(rows: list[LayerSummary]) -> LayerSummary:
    columns = zip(*(astuple(row)[4:] for row in rows), strict=True)
    sums: list[Any] = [None if None in column else sum(column) for column in columns]
    return LayerSummary("total", "", "", None, *sums)
