"""Containers: layers in sequence, and layers with a shortcut."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import zip_longest
from typing import Any

import numpy as np

from freqnet import ops
from freqnet.autodiff import Tensor
from freqnet.errors import ShapeError, got_expected
from freqnet.nn.activation import Polynomial
from freqnet.nn.convolution import Convolution
from freqnet.nn.fitted import Gaussian
from freqnet.nn.module import Features, Module, Signal, layer, require_incoming, require_layer
from freqnet.nn.normalization import PowerNorm
from freqnet.ops.pool import change_band


@layer
@dataclass(eq=False, init=False)
class Sequential(Module):
    """Compute layers one after the other.

    `build` makes `steps`, the list of layers that run. A `PowerNorm` and a following polynomial of degree 1 or 2
    become one `NormalizedPolynomial`, and with a `Gaussian` one `NormalizedGaussian`. Where the next layer keeps fewer
    modes, a layer computes only these.

    Parameters
    ----------
    *modules : Module
        The layers, or one tuple of them.
    layers : tuple of Module
        The layers, as descriptions name them.

    Raises
    ------
    ConfigurationError
        One of them is not a layer.

    Examples
    --------
    >>> import numpy as np
    >>> from freqnet import nn
    >>> from freqnet.spaces import Fourier
    >>> body = nn.Sequential((nn.Convolution(8), nn.PowerNorm(), nn.Polynomial(), nn.Dense(10)))
    >>> print(body.build(nn.Signal(Fourier.on((8, 8)), 1), np.random.default_rng(0)))
    10 features
    >>> [name for name, _ in body.steps]
    ['0', '1+2', '3']
    """

    is_static = True

    layers: tuple[Module, ...]

    def __init__(self, *modules: Any, layers: Any = ()) -> None:
        if len(modules) == 1 and not isinstance(modules[0], Module):
            modules = tuple(modules[0]) if isinstance(modules[0], (tuple, list)) else modules
        self.layers = modules or tuple(layers)
        for index, child in enumerate(self.layers):
            require_layer(f"layer {index}", child)
        # The layers that run, with their names.
        self.steps: list[tuple[str, Module]] = list(self.children())
        self.__post_init__()

    def _build(self, incoming: Signal | Features, generator: np.random.Generator) -> Signal | Features:
        for child, following in zip_longest(self.layers, self.layers[1:]):
            incoming = child.build(incoming, generator, self.precision)
            if following is not None and isinstance(incoming, Signal):
                band = following.kept_band(incoming.space)
                incoming = incoming if band == incoming.space.band else child.keep(incoming, band)
        self.steps = fused(list(self.children()))
        return incoming

    def children(self) -> Iterator[tuple[str, Module]]:
        for index, child in enumerate(self.layers):
            yield str(index), child

    def forward(self, x: Tensor) -> Tensor:
        for _, step in self.steps:
            x = step(x)
        return x


class _Merged(Module):
    """The base class of a normalisation and the activation after it in one pass; its parameters are theirs."""

    def __init__(self, norm: PowerNorm, activation: Any) -> None:
        self.norm, self.activation = norm, activation
        super().__post_init__()
        self.built = True

    def _build(self, incoming: Signal, generator: np.random.Generator) -> Signal:
        return self.activation.build(self.norm.build(incoming, generator, self.precision), generator, self.precision)

    def children(self) -> Iterator[tuple[str, Module]]:
        yield "norm", self.norm
        yield type(self.activation).__name__.lower(), self.activation


class NormalizedPolynomial(_Merged):
    """Normalise a signal and apply a polynomial of degree 1 or 2 in one pass: both together are one polynomial.

    `Sequential` inserts this layer when it is built. Its parameters are those of the two layers.
    """

    is_static = True

    def forward(self, x: Tensor) -> Tensor:
        return self.norm.polynomial(x, self.activation.current, self.activation.kept or x.space.band)


class NormalizedGaussian(_Merged):
    """Normalise a signal over the batch and apply the best polynomial for each example, of degree 1 or 2, in one pass.

    `Sequential` inserts this layer when it is built. Its parameters are those of the two layers.
    """

    is_static = True

    def forward(self, x: Tensor) -> Tensor:
        # Few nodes hold no constant exactly: there the statistics of the normalised signal are not those that follow
        # from the signal's own.
        if x.space.has_nodes:
            return self.activation(self.norm(x))
        return self.activation.of_normalized(x, self.norm)


def fused(layers: list[tuple[str, Module]]) -> list[tuple[str, Module]]:
    """Merge each `PowerNorm` with a following polynomial of degree 1 or 2; return the layers that run."""
    steps: list[tuple[str, Module]] = []
    for name, child in layers:
        before = steps[-1][1] if steps else None
        merged = _merged(before, child) if type(before) is PowerNorm else None
        if merged is not None:
            steps[-1] = (f"{steps[-1][0]}+{name}", merged)
        else:
            steps.append((name, child))
    return steps


def _merged(norm: PowerNorm, child: Module) -> Module | None:
    # Classes derived from these may compute something else.
    if type(child) is Polynomial and child.is_low_degree:
        return NormalizedPolynomial(norm, child)
    # Running averages of the activation are those of the normalised signal, which a merged layer does not compute.
    if type(child) is Gaussian and child.is_low_degree and (norm.statistics, child.statistics) == ("batch", "sample"):
        return NormalizedGaussian(norm, child)
    return None


@layer
@dataclass(eq=False)
class Residual(Module):
    """Add the input to the output of the body.

    The shortcut is resampled where the body changes the grid or the band. A trained convolution of one tap adapts the
    channels where the body changes their number.

    Parameters
    ----------
    body : Module
    path : Module, optional
        Layers of the shortcut, by default none.

    Raises
    ------
    ShapeError
        The output of the body or of the shortcut is not a signal, or that of the shortcut cannot be resampled to the
        grid of the body.
    """

    is_static = True

    body: Module
    path: Module | None = None

    def __post_init__(self) -> None:
        super().__post_init__()
        require_layer("body of Residual", self.body)
        if self.path is not None:
            require_layer("path of Residual", self.path)
        self.shortcut: Convolution | None = None

    def _build(self, incoming: Signal, generator: np.random.Generator) -> Signal:
        incoming = require_incoming(incoming, Signal, "Residual")
        out = self.body.build(incoming, generator, self.precision)
        if not isinstance(out, Signal):
            raise ShapeError(got_expected("Residual body", str(out), "a signal", "put the head after the Residual"))
        if self.path is not None:
            incoming = require_incoming(self.path.build(incoming, generator, self.precision), Signal, "Residual path")
        grid = incoming.space.grid
        if out.space.grid != grid and incoming.space.resampled(out.space.grid).grid != out.space.grid:
            todo = "pool with LowPass, which keeps the grid"
            raise ShapeError(got_expected("Residual body", f"grid {out.space.grid}", str(grid), todo))
        self.shortcut = None
        if out.channels != incoming.channels:
            self.shortcut = Convolution(out.channels, size=1, bias=False)
            self.shortcut.build(incoming, generator, self.precision)
        return Signal(out.space.common_space(incoming.space).unbounded, out.channels)

    def children(self) -> Iterator[tuple[str, Module]]:
        yield "body", self.body
        if self.path is not None:
            yield "path", self.path
        if self.shortcut is not None:
            yield "shortcut", self.shortcut

    def forward(self, x: Tensor) -> Tensor:
        out = self.body(x)
        if self.path is not None:
            x = self.path(x)
        if self.shortcut is not None:
            x = self.shortcut(x)
        if x.space.grid != out.space.grid:
            x = ops.resample(x, out.space.grid)
        if x.space.band != out.space.band:
            x = change_band(x, band=out.space.band)
        return x + out
