"""From a function of tensors to an ONNX model: record its ops, and write each by its rule."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from math import prod
from typing import TYPE_CHECKING, Any

import numpy as np

import freqnet.onnx.gaussian
import freqnet.onnx.plain
import freqnet.onnx.signals  # noqa: F401  (register the rules)
from freqnet.autodiff import Tensor, no_grad
from freqnet.errors import ConfigurationError, got_expected, require_package
from freqnet.onnx.graph import Graph, record
from freqnet.onnx.matrices import real_axes
from freqnet.spaces import Axes, Space

if TYPE_CHECKING:
    import onnx

# Operators of version 17 of the standard (2022) run wherever ONNX does.
OPSET, IR_VERSION = 17, 8
# A model is one message of protobuf, which holds less than 2 GiB.
_MOST_BYTES = 2_000_000_000
# Largest difference of outputs, relative to the largest output, that rounding explains, by the storage of weights.
_AGREE = {"float32": 1e-2, "float16": 1e-1}
# Deviations of the noise that a model and its network are compared on; the largest is taken that gives finite outputs.
_SIZES = (1.0, 0.1, 0.01, 0.001)
# Numbers of examples for recording; the first that divides no other size is taken.
_PRIMES = (13, 17, 19, 23, 29, 31, 37, 41, 43, 47, 53, 59, 61, 67, 71, 73, 79, 83, 89, 97, 101, 103, 107, 109, 113)


@dataclass(frozen=True)
class Port:
    """The input or the output of a model: plain numbers, or a signal as its stored numbers.

    Parameters
    ----------
    name : str
    axes : tuple of int
        Plain numbers ``(batch, *axes)``; ignored for a signal.
    space : Space, optional
        The space of a signal ``(*modes, batch, channels)``. Complex numbers become pairs along a last axis.
    channels : int
        Channels of a signal.
    """

    name: str
    axes: Axes = ()
    space: Space | None = None
    channels: int = 1

    @property
    def shape(self) -> list[int | str]:
        """The shape in the model, with the name of the axis that counts examples."""
        if self.space is None:
            return ["batch", *self.axes]
        return [*self.space.shape, "batch", self.channels, *([2] if self.space.is_complex else [])]

    def example(self, count: int, precision: Any, generator: np.random.Generator) -> Tensor:
        """Return `count` random examples."""
        if self.space is None:
            return Tensor(generator.standard_normal((count, *self.axes)).astype(precision))
        like = np.empty((*self.space.shape, count, self.channels), self.space.dtype(precision))
        return Tensor(self.space.noise(like, generator), self.space)

    def array(self, x: Tensor) -> np.ndarray:
        """Return a tensor as an array of the model: ``x.data``, with complex numbers as pairs."""
        data = np.ascontiguousarray(x.data)
        return data.view(data.real.dtype).reshape(*data.shape, 2) if np.iscomplexobj(data) else data


def export(
    function: Callable[[Tensor], Tensor],
    source: Port,
    result: Port,
    precision: Any = np.float32,
    places: Mapping[int, str] | None = None,
    storage: str = "float32",
    metadata: Mapping[str, Any] | None = None,
) -> onnx.ModelProto:
    """Return a function of one tensor as an ONNX model whose batch has any size.

    Parameters
    ----------
    function : callable
        ``function(x) -> Tensor``, written in ops; it must run the same ops for every number of examples.
    source, result : Port
        Its input and its output.
    precision : dtype
        float32 or float64.
    places : mapping of int to str
        Names of layers for messages, by the ids of the layers.
    storage : {"float32", "float16"}
        How large weights are stored.
    metadata : mapping of str to Any
        Plain data that the model carries, as text in JSON.

    Returns
    -------
    onnx.ModelProto

    Raises
    ------
    ConfigurationError
        The package onnx is missing, an op has no rule, a weight is not finite, no outputs on noise are finite, the
        function treats a batch of another size in another way, or the model is larger than 2 GB.

    Examples
    --------
    >>> from freqnet import Fourier, ops
    >>> from freqnet.onnx import Port, export
    >>> space = Fourier.on(9, band=2)
    >>> model = export(lambda x: ops.mean(x * x), Port("x", space=space), Port("power", (1,)))
    >>> sorted({node.op_type for node in model.graph.node})
    ['Identity', 'MatMul', 'Mul', 'Reshape', 'Slice', 'Transpose']
    """
    require_package("onnx", "export", "onnx")
    if storage not in _AGREE:
        todo = "leave it out for float32"
        raise ConfigurationError(got_expected("storage", repr(storage), "'float32' or 'float16'", todo))
    generator, known = np.random.default_rng(0), places or {}
    with no_grad(), np.errstate(all="ignore"):
        batch = batch_of(function, source.example(1, precision, generator), known)
        graph = Graph(precision, batch, known, storage)
        x = source.example(batch, precision, generator)
        graph.bind(x, _into_rows(graph, source))
        name = graph.name(graph.run(lambda: function(x)))
        model = _model(graph, _out_of_rows(graph, name, result), source, result, metadata or {})
        x = _moderate(function, source.example(3, precision, generator), result)
        _check(model, function, x, source, result, _AGREE[storage])
    return model


def batch_of(function: Callable[[Tensor], Tensor], example: Tensor, places: Mapping[int, str]) -> int:
    """Return a number of examples that divides no other size of the function's tensors."""
    _, calls = record(lambda: function(example), places)
    sizes = {n for call in calls for x in (call.out, *call.inputs) for n in x.shape}
    return next((p for p in _PRIMES if all(n % p for n in sizes)), 1009)


def _into_rows(graph: Graph, port: Port) -> str:
    """Return the name of an input, a signal as ``(rows, batch, channels)``."""
    if port.space is None:
        return port.name
    axes, name = len(port.space.shape), port.name
    if port.space.is_complex:
        name = graph.add("Transpose", name, perm=[axes + 2, *range(axes + 2)])
    return graph.reshape(name, prod(real_axes(port.space)), -1, port.channels)


def _out_of_rows(graph: Graph, name: str, port: Port) -> str:
    """Return the name of an output from plain numbers or from a signal ``(rows, batch, channels)``."""
    if port.space is None:
        return name
    axes = port.space.shape
    if not port.space.is_complex:
        return graph.reshape(name, *axes, -1, port.channels)
    name = graph.reshape(name, 2, *axes, -1, port.channels)
    return graph.add("Transpose", name, perm=[*range(1, len(axes) + 3), 0])


def _model(graph: Graph, made: str, source: Port, result: Port, metadata: Mapping[str, Any]) -> onnx.ModelProto:
    from onnx import checker, helper

    from freqnet import __version__

    graph.add("Identity", made)
    graph.nodes[-1].output[0] = result.name
    nodes, constants = graph.needed(result.name)
    ports = [helper.make_tensor_value_info(p.name, graph.type_of_numbers, p.shape) for p in (source, result)]
    size = sum(tensor.ByteSize() for tensor in constants)
    if size > _MOST_BYTES:
        todo = "take fewer samples per axis (argument pool), or fewer modes"
        raise ConfigurationError(got_expected("export", f"{size / 1e9:.1f} GB of weights", "at most 2 GB", todo))
    model = helper.make_model(
        helper.make_graph(nodes, "freqnet", ports[:1], ports[1:], constants),
        producer_name="freqnet",
        producer_version=__version__,
        opset_imports=[helper.make_opsetid("", OPSET)],
        ir_version=IR_VERSION,
    )
    helper.set_model_props(model, {name: json.dumps(value) for name, value in metadata.items()})
    checker.check_model(model)
    return model


def _moderate(function: Callable[[Tensor], Tensor], noise: Tensor, result: Port) -> Tensor:
    """Return noise that is small enough for finite outputs: polynomials of a high degree overflow on large values."""
    for size in _SIZES:
        x = Tensor(noise.data * noise.data.real.dtype.type(size), noise.space)
        if np.all(np.isfinite(result.array(function(x)))):
            return x
    got, todo = f"outputs that are not finite on noise, down to a deviation of {_SIZES[-1]}", "look at its weights"
    raise ConfigurationError(got_expected("export", got, "finite outputs", todo))


def _check(
    model: onnx.ModelProto, function: Callable[[Tensor], Tensor], x: Tensor, source: Port, result: Port, agree: float
) -> None:
    """Compare the model with the function on a batch of another size, by the reference implementation of ONNX."""
    from onnx.reference import ReferenceEvaluator

    wanted = result.array(function(x))
    try:
        found: Any = next(iter(ReferenceEvaluator(model).run(None, {source.name: source.array(x)})))
    except (TypeError, ValueError):
        # Shapes that fit the recorded number of examples only.
        found = np.empty(0)
    # Where nodes are so ill-conditioned that a rounding error of the input changes the outputs, no two ways agree.
    moved = Tensor(x.data * x.data.real.dtype.type(1 + 4 * np.finfo(x.data.dtype).eps), x.space)
    rounding = float(np.max(np.abs(result.array(function(moved)) - wanted), initial=0))
    limit = agree * max(1e-6, float(np.max(np.abs(wanted), initial=0))) + 10 * rounding
    if found.shape != wanted.shape or not np.all(np.abs(found - wanted) <= limit):
        got = "a model that differs from the network on a batch of another size"
        todo = "let no layer depend on the number of examples, and check the rules of your own ops"
        raise ConfigurationError(got_expected("export", got, "the same outputs", todo))
