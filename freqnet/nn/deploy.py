"""Networks as ONNX models: which part, with what inputs, outputs and metadata."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from freqnet.autodiff import Tensor
from freqnet.errors import ConfigurationError, got_expected
from freqnet.ops.arithmetic import crop
from freqnet.spaces import Axes

if TYPE_CHECKING:
    import onnx

    from freqnet.nn.network import Network

PARTS = ("network", "door", "body")


def to_onnx(network: Network, part: str, storage: str, metadata: Mapping[str, Any]) -> onnx.ModelProto:
    """Return a part of a network as an ONNX model: see `Network.to_onnx`."""
    # The package onnx is large.
    from freqnet.onnx import Port, export

    if part not in PARTS:
        raise ConfigurationError(got_expected("part", repr(part), " or ".join(PARTS), "pass part='network'"))
    door, grid = network.door, network.usual_output_grid
    samples = Port("samples", (*door.grid, door.channels))
    spectra = Port("spectra", space=door.space, channels=door.channels)
    plain = network.output_space is None
    outputs = Port("outputs", (network.outputs,) if plain else (*grid, network.outputs))

    def finish(x: Tensor) -> Tensor:
        out = network.body(x)
        return out if plain else sampled(network, out, grid)

    enter = lambda x: door.transform(x, network.precision)
    function, source, result = {
        "network": (lambda x: finish(enter(x)), samples, outputs),
        "door": (enter, samples, spectra),
        "body": (finish, spectra, outputs),
    }[part]
    places = {id(layer): f"layer {path or 'body'} ({type(layer).__name__})" for path, layer in network.body.modules()}
    with network.inference():
        return export(
            function, source, result, network.precision, places, storage, {**_facts(network, part), **metadata}
        )


def sampled(network: Network, out: Tensor, grid: Axes) -> Tensor:
    """Return the samples of output signals, after the network."""
    samples = network.door.samples_of(out, network.padded(grid))
    return crop(samples, shape=(samples.shape[0], *grid, samples.shape[-1]))


def _facts(network: Network, part: str) -> dict[str, Any]:
    """Return what a client must know of the inputs and the outputs."""
    door = network.door
    return {
        "part": part,
        "domain": door.domain,
        "grid": list(door.grid),
        "channels": door.channels,
        "precision": network.precision.name,
        "full_scale": door.full_scale,
        "low": list(door.low),
        "high": list(door.high),
        "outputs": network.outputs,
        "output_names": list(network.output_names),
    }
