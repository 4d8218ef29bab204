"""Steps: what the operators of a graph compute, in the few kinds that convert to layers."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from math import ceil

import numpy as np

from freqnet.convert.graph import Node
from freqnet.spaces import Axes


@dataclass(frozen=True, eq=False)
class Step:
    """One step of a network, with the node that makes its result.

    Attributes
    ----------
    node : Node
        For messages and for the report.
    value : str
        The value of the graph that the step computes.
    """

    node: Node
    value: str


@dataclass(frozen=True, eq=False)
class Windowed(Step):
    """A step that looks at the samples through a window.

    Attributes
    ----------
    extent : tuple of int
        Samples along each axis from the first one of the window to the last one.
    stride : tuple of int
    padding : str or tuple
        Zeros before and after the samples, ``(before, after)`` with one number per axis, or ONNX's ``SAME_UPPER``,
        ``SAME_LOWER`` or ``VALID``.
    """

    extent: Axes
    stride: Axes
    padding: str | tuple[Axes, Axes]

    def before(self, sizes: Axes) -> Axes:
        """Return the number of zeros before the samples along each axis."""
        if not isinstance(self.padding, str):
            return self.padding[0]
        if self.padding == "VALID":
            return (0,) * len(sizes)
        totals = [
            max((ceil(n / s) - 1) * s + k - n, 0) for n, s, k in zip(sizes, self.stride, self.extent, strict=True)
        ]
        # The odd zero is at the end of SAME_UPPER, and at the start of SAME_LOWER.
        return tuple((total + (self.padding == "SAME_LOWER")) // 2 for total in totals)

    def margin(self, sizes: Axes, results: Axes) -> Axes:
        """Return how many zeros the windows need beside the samples: those before and after may be the same.

        On a periodic grid with as many, no two results lie at the same place either.

        Parameters
        ----------
        sizes, results : tuple of int
            Number of samples, and of results.
        """
        rows = zip(self.before(sizes), sizes, results, self.stride, self.extent, strict=True)
        return tuple(max(p, (m - 1) * s - p + k - n, (m - 1) * s + 1 - n, 0) for p, n, m, s, k in rows)


@dataclass(frozen=True, eq=False)
class Convolve(Windowed):
    """Correlation with ``weight`` ``(outputs, inputs / groups, *taps)``, and a bias ``(outputs,)``."""

    weight: np.ndarray
    bias: np.ndarray
    dilation: Axes
    groups: int

    def scaled(self, step: Scale) -> Convolve:
        """Return the convolution with a factor and an offset of its outputs folded into it."""
        factor = np.broadcast_to(step.factor, self.bias.shape)
        weight = self.weight * factor.reshape(-1, *(1,) * (self.weight.ndim - 1))
        bias = self.bias * factor + step.offset
        return replace(self, weight=weight, bias=bias, node=step.node, value=step.value)


@dataclass(frozen=True, eq=False)
class Pool(Windowed):
    """Average or maximum of each window."""

    is_max: bool


@dataclass(frozen=True, eq=False)
class PoolAll(Step):
    """Average or maximum of all samples."""

    is_max: bool


@dataclass(frozen=True, eq=False)
class Scale(Step):
    """A factor and an offset, one number or one per channel."""

    factor: np.ndarray
    offset: np.ndarray


@dataclass(frozen=True, eq=False)
class Activate(Step):
    """A function of single numbers, computed by one or more nodes.

    Attributes
    ----------
    source : str
        The value that the function is applied to.
    nodes : tuple of Node
        All its nodes, in the order in which they run.
    """

    source: str
    nodes: tuple[Node, ...]


@dataclass(frozen=True, eq=False)
class Pad(Step):
    """Samples added at both ends of each axis: zeros, or ``reflect``, ``edge`` or ``wrap``."""

    before: Axes
    after: Axes
    mode: str


@dataclass(frozen=True, eq=False)
class Flatten(Step):
    """A signal as features, channels first."""


@dataclass(frozen=True, eq=False)
class Connect(Step):
    """All features times ``weight`` ``(outputs, inputs)``, plus a bias ``(outputs,)``."""

    weight: np.ndarray
    bias: np.ndarray

    def scaled(self, step: Scale) -> Connect:
        """Return the layer with a factor and an offset of its outputs folded into it."""
        factor = np.broadcast_to(step.factor, self.bias.shape)
        bias = self.bias * factor + step.offset
        return replace(self, weight=self.weight * factor[:, None], bias=bias, node=step.node, value=step.value)


@dataclass(frozen=True, eq=False)
class Add(Step):
    """The sum of two branches, each a list of steps."""

    body: list[Step] = field(default_factory=list)
    path: list[Step] = field(default_factory=list)


def folded(steps: list[Step]) -> list[Step]:
    """Return the steps with each `Scale` folded into the convolution or the dense layer before it."""
    out: list[Step] = []
    for step in steps:
        if isinstance(step, Add):
            step = replace(step, body=folded(step.body), path=folded(step.path))
        before = out[-1] if out else None
        if isinstance(step, Scale) and isinstance(before, (Convolve, Connect)):
            out[-1] = before.scaled(step)
        else:
            out.append(step)
    return out


def values_of(steps: list[Step]) -> list[str]:
    """Return the values that the steps compute, with those inside branches."""
    out = []
    for step in steps:
        out += values_of(step.body) + values_of(step.path) if isinstance(step, Add) else []
        out.append(step.value)
    return out
