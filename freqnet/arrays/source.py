"""What is computed on arrays of another library: a network from samples, its body from spectra, or a layer."""

from __future__ import annotations

from typing import Any

import numpy as np

from freqnet.autodiff import Tensor
from freqnet.errors import ConfigurationError, ShapeError, got_expected
from freqnet.nn import Features, Module, Network, Signal
from freqnet.nn.deploy import sampled
from freqnet.onnx.model import Port
from freqnet.spaces import Axes, Space

PARTS = ("network", "body")


class Source:
    """A function of one tensor, with the arrays that it reads.

    Parameters
    ----------
    model : Network or Module
    incoming : Signal or Features or None
        What a layer receives.
    part : {"network", "body"}
    what : str
        The public function that makes it, for messages.

    Attributes
    ----------
    body : Module
        The layer that holds all arrays.
    space : Space or None
        The space of the input; None for plain numbers and samples.
    """

    def __init__(
        self, model: Network | Module, incoming: Signal | Features | None, part: str, what: str = "as_module"
    ) -> None:
        _check(model, incoming, part, what)
        self.network = model if isinstance(model, Network) else None
        self.body: Module = model.body if isinstance(model, Network) else model
        self.is_whole = self.network is not None and part == "network"
        self.incoming = self.network.door.signal if self.network is not None else incoming
        is_signal = isinstance(self.incoming, Signal) and not self.is_whole
        self.space: Space | None = self.incoming.space if is_signal else None  # type: ignore[union-attr]

    @property
    def precision(self) -> np.dtype:
        """Precision of the arrays."""
        return np.dtype(self.body.precision if self.network is None else self.network.precision)

    @property
    def dtype(self) -> np.dtype:
        """The dtype of inputs."""
        return self.precision if self.space is None else np.dtype(self.space.dtype(self.precision))

    def divisor(self, dtype: str) -> float:
        """Return the number by which a network divides whole numbers of a dtype; ``"bool"`` are truth values."""
        assert self.network is not None
        given = self.network.door.full_scale
        usual = 255.0 if dtype == "uint8" else 1.0
        return 1.0 if dtype == "bool" else usual if given is None else given

    def __str__(self) -> str:
        if self.network is not None:
            return f"{'' if self.is_whole else 'body of '}{self.network}"
        return f"{type(self.body).__name__}({self.incoming})"

    def __call__(self, x: Tensor) -> Tensor:
        """Compute the outputs; signals of a whole network as samples ``(batch, *grid, outputs)``."""
        network = self.network
        if network is None:
            return self.body(x)
        if not self.is_whole:
            return network(x)
        out = network(network.door.transform(x, network.precision))
        return out if network.output_space is None else sampled(network, out, network.usual_output_grid)

    def check_shape(self, shape: Axes) -> None:
        """Raise `ShapeError` unless inputs have this shape, in the order of axes of freqnet."""
        if self.is_whole:
            assert self.network is not None
            self.network.door.check_shape(shape)
            return
        assert self.incoming is not None
        check_shape(self.incoming, shape)

    def check_channels_first(self, shape: Axes) -> None:
        """Raise `ShapeError` unless samples or spectra have this shape, in the order of axes of PyTorch."""
        if not isinstance(self.incoming, Signal):
            return
        signal = self.incoming
        what, axes = ("spectra", signal.space.shape)
        if self.is_whole:
            assert self.network is not None
            what, axes = "samples", self.network.door.grid
        # The door takes samples of other grids.
        is_same = len(shape) == len(axes) + 2 and shape[1] == signal.channels
        if is_same and (self.is_whole or shape[2:] == axes):
            return
        todo = f"pass {len(axes)} axes behind the channels"
        if shape == (signal.channels, *axes):
            todo = "add the axis of the examples, as x[None]"
        elif len(shape) == len(axes) + 2 and shape[-1] == signal.channels:
            todo = "move the channels, as x.movedim(-1, 1), or pass layout='freqnet' to as_module"
        expected = f"(batch, {signal.channels}, {', '.join(map(str, axes))})"
        raise ShapeError(got_expected(what, f"shape {shape}", expected, todo))

    def port(self, shape: Axes) -> Port:
        """Return the input of a shape as a port, without the axis of the batch."""
        if self.space is None:
            return Port("x", shape[1:])
        return Port("x", space=self.space, channels=shape[-1])

    def layers_that_choose(self) -> list[str]:
        """Return the classes of layers that do not say that they run the same ops every time."""
        return sorted({type(layer).__name__ for _, layer in self.body.modules() if not layer.is_static})


def check_shape(incoming: Signal | Features, shape: Axes) -> None:
    """Raise `ShapeError` unless spectra or features have this shape, in the order of axes of freqnet."""
    if isinstance(incoming, Signal):
        wanted, axes = (*incoming.space.shape, incoming.channels), (*shape[:-2], *shape[-1:])
        what, expected = "spectra", f"({', '.join(map(str, incoming.space.shape))}, batch, {incoming.channels})"
    else:
        wanted, axes = (incoming.count,), shape[1:]
        what, expected = "features", f"(batch, {incoming.count})"
    if len(shape) != len(wanted) + 1 or axes != wanted:
        todo = "compute them by a module whose output is the input of this one"
        raise ShapeError(got_expected(what, f"shape {shape}", expected, todo))


def _check(model: Any, incoming: Any, part: Any, what: str) -> None:
    if part not in PARTS:
        raise ConfigurationError(got_expected("part", repr(part), " or ".join(PARTS), "pass part='network'"))
    if isinstance(model, Network):
        if incoming is not None:
            todo = "leave it out: a network knows its input"
            raise ConfigurationError(got_expected("incoming", repr(incoming), "none for a network", todo))
        return
    if not isinstance(model, Module):
        got, todo = f"a {type(model).__name__}", "pass a network, or a layer and incoming=nn.Signal(space, channels)"
        raise ConfigurationError(got_expected(what, got, "a Network or a layer", todo))
    if not model.built:
        todo = "call its build(incoming, numpy.random.default_rng(0)), or put it in a Network"
        raise ConfigurationError(got_expected(f"layer {type(model).__name__}", "one not built", "a built layer", todo))
    if not isinstance(incoming, (Signal, Features)):
        expected, todo = "what the layer receives", "pass incoming=nn.Signal(space, channels)"
        raise ConfigurationError(got_expected("incoming", repr(incoming), expected, todo))
    if part != "network":
        todo = "leave it out for a layer"
        raise ConfigurationError(got_expected("part", repr(part), "a network of which to take the body", todo))
