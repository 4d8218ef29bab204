"""Layers made of layers: one after the other, and around a shortcut."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from freqnet import ops
from freqnet.autodiff import Tensor
from freqnet.errors import ConfigurationError, ShapeError, got_expected
from freqnet.nn.activation import Polynomial
from freqnet.nn.convolution import Convolution
from freqnet.nn.module import Features, Module, Signal, layer, require_incoming
from freqnet.nn.normalization import PowerNorm
from freqnet.ops.pool import change_band, later_space


@layer
@dataclass(eq=False, init=False)
class Sequential(Module):
    """Layers one after the other.

    Parameters
    ----------
    layers : Module, or one tuple of them

    Raises
    ------
    ConfigurationError
        Something else than layers was given.

    Examples
    --------
    >>> import numpy as np
    >>> from freqnet import nn
    >>> from freqnet.domains import FOURIER
    >>> body = nn.Sequential((nn.Convolution(8), nn.PowerNorm(), nn.Polynomial(), nn.Dense(10)))
    >>> print(body.build(nn.Signal(FOURIER.space((8, 8)), 1), np.random.default_rng(0)))
    10 features
    """

    layers: tuple[Module, ...]

    def __init__(self, *modules: Any, layers: Any = ()) -> None:
        if len(modules) == 1 and not isinstance(modules[0], Module):
            modules = tuple(modules[0]) if isinstance(modules[0], (tuple, list)) else modules
        self.layers = modules or tuple(layers)
        for index, child in enumerate(self.layers):
            if not isinstance(child, Module):
                raise ConfigurationError(
                    got_expected(f"layer {index}", repr(child), "a layer such as PowerNorm()", "make an instance of it")
                )
        # Positions of normalisations that run as one with the polynomial after them.
        self._bends: frozenset[int] = frozenset()
        self.__post_init__()

    def _build(self, incoming: Signal | Features, generator: np.random.Generator) -> Signal | Features:
        before = None
        for child in self.layers:
            after = child.build(incoming, generator, self.precision)
            if before is not None and isinstance(incoming, Signal):
                before.wanted_band = child.kept_band(incoming.space)
            before, incoming = child, after
        pairs = enumerate(zip(self.layers, self.layers[1:], strict=False))
        self._bends = frozenset(i for i, pair in pairs if _is_one_polynomial(*pair))
        return incoming

    def children(self) -> Iterator[tuple[str, Module]]:
        for index, child in enumerate(self.layers):
            yield str(index), child

    def forward(self, x: Tensor) -> Tensor:
        for index, child in enumerate(self.layers):
            if index in self._bends:
                x = self.layers[index + 1].after(child, x)  # type: ignore[attr-defined]
            elif index - 1 not in self._bends:
                x = child(x)
        return x


def _is_one_polynomial(first: Module, second: Module) -> bool:
    """Whether a normalisation and the polynomial after it can be computed in one pass instead of two."""
    return type(first) is PowerNorm and type(second) is Polynomial and second.is_low_degree


@layer
@dataclass(eq=False)
class Residual(Module):
    """Add what comes in to what the body makes of it.

    Where the body changes grid or band, the shortcut is resampled; where it changes the channels, a
    trained 1-tap convolution brings them over.

    Parameters
    ----------
    body : Module

    Raises
    ------
    ShapeError
        The body does not end in a signal.
    """

    body: Module

    def __post_init__(self) -> None:
        super().__post_init__()
        self.shortcut: Convolution | None = None

    def _build(self, incoming: Signal, generator: np.random.Generator) -> Signal:
        incoming = require_incoming(incoming, Signal, "Residual")
        out = self.body.build(incoming, generator, self.precision)
        if not isinstance(out, Signal):
            raise ShapeError(got_expected("Residual body", str(out), "a signal", "put the head after it"))
        if out.space.grid != incoming.space.grid and out.space.domain.is_causal:
            todo = "keep the grid, as truncation does"
            raise ShapeError(got_expected("Residual body", f"grid {out.space.grid}", str(incoming.space.grid), todo))
        self.shortcut = None
        if out.channels != incoming.channels:
            self.shortcut = Convolution(out.channels, size=1, bias=False)
            self.shortcut.build(incoming, generator, self.precision)
        return Signal(later_space(out.space, incoming.space).unbounded, out.channels)

    def children(self) -> Iterator[tuple[str, Module]]:
        yield "body", self.body
        if self.shortcut is not None:
            yield "shortcut", self.shortcut

    def forward(self, x: Tensor) -> Tensor:
        out = self.body(x)
        if self.shortcut is not None:
            x = self.shortcut(x)
        if x.space.grid != out.space.grid:
            x = ops.resample(x, out.space.grid)
        if x.space.band != out.space.band:
            x = change_band(x, band=out.space.band)
        return x + out
