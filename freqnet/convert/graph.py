"""ONNX graphs: reading a file, checking it, and looking at its values, nodes and constants."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np

from freqnet.errors import ConfigurationError, DataError, got_expected, reason, require_package
from freqnet.spaces import Axes

# Operators that hand their input on, in evaluation.
COPIES = {"Identity", "Dropout", "Cast"}
# Operators whose results are drawn: constants of a graph, but others at every run.
_RANDOM = {"RandomNormal", "RandomNormalLike", "RandomUniform", "RandomUniformLike", "Multinomial", "Bernoulli"}
# Types of numbers that a cast keeps, by their numbers in ONNX: float32 and float64.
_FLOATS = (1, 11)


def require_onnx() -> ModuleType:
    """Return the package `onnx`, or raise `ConfigurationError` if it is not installed."""
    return require_package("onnx", "convert", "onnx")


# Graphs are compared by identity.
@dataclass(frozen=True, eq=False)
class Node:
    """A node of a graph.

    Attributes
    ----------
    operator : str
        Type of the node, with its domain where that is not ONNX's own.
    name : str
        Name for messages: that of the module in PyTorch, if the file tells it, else of the node.
    inputs, outputs : tuple of str
        Names of values; an input that is left out has an empty name.
    attributes : dict
    proto : NodeProto
    """

    operator: str
    name: str
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    attributes: dict[str, Any]
    proto: Any

    def __str__(self) -> str:
        return f"{self.operator} {self.name!r}"

    @property
    def is_copy(self) -> bool:
        """Whether the node hands its input on, in evaluation; a cast to whole numbers does not."""
        return self.operator in COPIES and (self.operator != "Cast" or self.get("to", 0) in _FLOATS)

    def get(self, name: str, default: Any) -> Any:
        """Return an attribute, or its default."""
        return self.attributes.get(name, default)

    def refuse(self, got: str, expected: str, todo: str) -> ConfigurationError:
        """Return an error that names the node."""
        return ConfigurationError(got_expected(str(self), got, expected, todo))


@dataclass(frozen=True, eq=False)
class Graph:
    """A graph with one input and one output.

    Attributes
    ----------
    model : ModelProto
    source : str
        The file, or another name, for messages.
    constants : dict of str to numpy.ndarray
        Weights, and what follows from them.
    nodes : tuple of Node
        The other nodes, in the order in which they run.
    shapes : dict of str to tuple of int
        Shape of each value for one sample, once the original has run: see `freqnet.convert.original`.
    """

    model: Any
    source: str
    constants: dict[str, np.ndarray]
    nodes: tuple[Node, ...]
    shapes: dict[str, Axes] = field(default_factory=dict)

    @cached_property
    def input(self) -> Any:
        """The description of the only input."""
        # Old files list their weights as inputs too.
        found = [value for value in self.model.graph.input if value.name not in self.constants]
        return _only_one(self.source, "input", found)

    @cached_property
    def output(self) -> str:
        """The name of the only output."""
        return str(_only_one(self.source, "output", self.model.graph.output).name)

    @property
    def opset(self) -> int:
        """Version of ONNX's own operators."""
        return max((entry.version for entry in self.model.opset_import if entry.domain in ("", "ai.onnx")), default=1)

    @cached_property
    def others(self) -> set[str]:
        """Results of nodes other than the first, such as the places of maxima."""
        return {name for node in self.nodes for name in node.outputs[1:]}

    @cached_property
    def makers(self) -> dict[str, Node]:
        """The node that makes each value."""
        return {name: node for node in self.nodes for name in node.outputs[:1]}

    @cached_property
    def places(self) -> dict[str, int]:
        """Place of each value in the order of the nodes; the input is the first."""
        return {self.input.name: 0} | {name: i for i, node in enumerate(self.nodes, 1) for name in node.outputs[:1]}

    def resolve(self, value: str) -> str:
        """Return the value that a value is a copy of."""
        while value in self.makers and self.makers[value].is_copy:
            value = self.makers[value].inputs[0]
        return value

    def variables(self, node: Node) -> list[str]:
        """Return those inputs of a node that are no constants, without copies."""
        return [self.resolve(name) for name in node.inputs if name and name not in self.constants]

    def before(self, value: str) -> set[str]:
        """Return a value and all values that it follows from."""
        found, waiting = set(), [self.resolve(value)]
        while waiting:
            name = waiting.pop()
            if name not in found:
                found.add(name)
                waiting += self.variables(self.makers[name]) if name in self.makers else []
        return found


def read_graph(model: Any) -> Graph:
    """Return the graph of an ONNX model.

    Parameters
    ----------
    model : path or ModelProto

    Raises
    ------
    DataError
        There is no such file, it is not an ONNX file, it is damaged, or its weights are not finite.
    ConfigurationError
        There is not one input and one output, the file is an export of freqnet, or `onnx` is not installed.
    """
    onnx = require_onnx()
    source = "model" if isinstance(model, onnx.ModelProto) else str(model)
    proto = model if isinstance(model, onnx.ModelProto) else _load(onnx, Path(model))
    if proto.producer_name == "freqnet":
        got, todo = "a network that freqnet has exported", "use the network or the folder of the run that it is from"
        raise ConfigurationError(got_expected(source, got, "a network on samples", todo))
    if not proto.graph.node or not proto.graph.output:
        got, todo = "no graph", "export the model again"
        raise DataError(got_expected(source, got, "an ONNX model", todo))
    if proto.functions:
        from onnx.inliner import inline_local_functions

        proto = inline_local_functions(proto)
    proto = _with_explicit_padding(onnx, proto)
    constants = {c.name: onnx.numpy_helper.to_array(c) for c in proto.graph.initializer}
    graph = Graph(proto, source, constants, tuple(_nodes(onnx, proto, constants)))
    _require_finite(graph)
    _ = graph.input, graph.output
    return graph


def check_graph(graph: Graph) -> None:
    """Raise `DataError` if the file breaks a rule of ONNX; unknown operators are named before."""
    try:
        require_onnx().checker.check_model(graph.model)
    # The checker raises errors of its own, and of the protocol's.
    except Exception as error:
        raise DataError(got_expected(graph.source, reason(error), "a valid ONNX model", "export it again")) from None


def _load(onnx: ModuleType, path: Path) -> Any:
    if not path.is_file():
        got = "a folder" if path.is_dir() else "no such file"
        raise DataError(got_expected(str(path), got, "an ONNX file", "pass the path of a file such as model.onnx"))
    try:
        return onnx.load(path)
    # The protocol's parser and the reading of weights beside the file raise errors of several kinds.
    except Exception as error:
        got = f"a file that is truncated or not ONNX ({reason(error)})"
        todo = "export the model again, and keep the file of its weights beside it if it has one"
        if path.suffix in (".pt", ".pth"):
            todo = "export it by torch.onnx.export, or pass the module to from_torch"
        raise DataError(got_expected(str(path), got, "an ONNX file", todo)) from None


def _with_explicit_padding(onnx: ModuleType, model: Any) -> Any:
    """Return a model whose dilated convolutions state their padding: ONNX Runtime refuses ``SAME`` with dilation.

    Without stride the padding does not depend on the number of samples. PyTorch writes no other dilated ``SAME``.
    """
    padded = {i: pads for i, node in enumerate(model.graph.node) if (pads := _dilated_same(onnx, node))}
    if not padded:
        return model
    # The model may be the caller's.
    own = type(model)()
    own.CopyFrom(model)
    for i, pads in padded.items():
        kept = [a for a in own.graph.node[i].attribute if a.name != "auto_pad"]
        del own.graph.node[i].attribute[:]
        own.graph.node[i].attribute.extend([*kept, onnx.helper.make_attribute("pads", pads)])
    return own


def _dilated_same(onnx: ModuleType, node: Any) -> list[int]:
    """Return the padding, before and after, that ``SAME`` means for a dilated convolution; empty for other nodes."""
    found = {a.name: onnx.helper.get_attribute_value(a) for a in node.attribute}
    mode, dilation = found.get("auto_pad", b"").decode(), found.get("dilations", ())
    is_dilated = node.op_type == "Conv" and max(dilation, default=1) > 1 and "kernel_shape" in found
    if not is_dilated or mode not in ("SAME_UPPER", "SAME_LOWER") or max(found.get("strides", ()), default=1) > 1:
        return []
    totals = [(k - 1) * d for k, d in zip(found["kernel_shape"], dilation, strict=True)]
    less, more = [t // 2 for t in totals], [t - t // 2 for t in totals]
    return [*less, *more] if mode == "SAME_UPPER" else [*more, *less]


def _nodes(onnx: ModuleType, model: Any, constants: dict[str, np.ndarray]) -> Iterator[Node]:
    """Yield the nodes that depend on the input or on chance, and add the values of all others to the constants."""
    for proto in model.graph.node:
        attributes = {a.name: onnx.helper.get_attribute_value(a) for a in proto.attribute}
        is_whole = not any(a.g.node or a.graphs for a in proto.attribute) and proto.op_type not in _RANDOM
        if is_whole and all(name in constants for name in proto.input if name):
            constants.update(_computed(onnx, model, proto, constants))
            continue
        operator = proto.op_type if proto.domain in ("", "ai.onnx") else f"{proto.domain}.{proto.op_type}"
        yield Node(operator, _label(proto), tuple(proto.input), tuple(proto.output), attributes, proto)


def _computed(onnx: ModuleType, model: Any, proto: Any, constants: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Return what a node computes from constants, in the version of the operators that the model names."""
    given = dict.fromkeys(name for name in proto.input if name)
    initial = [onnx.numpy_helper.from_array(constants[name], name) for name in given]
    names = [name for name in proto.output if name]
    ends = [onnx.ValueInfoProto(name=name) for name in names]
    body = onnx.helper.make_graph([proto], "constants", [], ends, initial)
    part = onnx.helper.make_model(body, opset_imports=model.opset_import, ir_version=model.ir_version)
    try:
        found = session_of(part).run(names, {})
    # Both libraries raise errors of their own.
    except Exception as error:
        got, todo = f"an operator on constants that fails ({reason(error)})", "export the model again"
        label = f"{proto.op_type} {_label(proto)!r}"
        raise ConfigurationError(got_expected(label, got, "one that runs", todo)) from None
    return dict(zip(names, map(np.asarray, found), strict=True))


def _label(proto: Any) -> str:
    """Return the path of the module in PyTorch, which its exporter notes, or the name of the node."""
    for entry in proto.metadata_props:
        if entry.key == "pkg.torch.onnx.name_scopes":
            scopes = [scope for scope in entry.value.strip("[]").replace("'", "").split(", ")[:-1] if scope]
            if scopes:
                return str(scopes[-1])
    return str(proto.name or (proto.output[0] if proto.output else ""))


def _require_finite(graph: Graph) -> None:
    for node in graph.nodes:
        for name in node.inputs:
            array = graph.constants.get(name)
            if array is not None and array.dtype.kind == "f" and not np.isfinite(array).all():
                got = f"{int((~np.isfinite(array)).sum())} weights of {node} ({name}) that are not finite"
                raise DataError(got_expected(graph.source, got, "finite weights", "train again, and export that model"))


def _only_one(source: str, what: str, found: Any) -> Any:
    if len(found) != 1:
        got = f"{len(found)} {what}s ({', '.join(value.name for value in found[:4])})"
        todo = f"export a model with one {what}"
        raise ConfigurationError(got_expected(source, got, f"one {what}", todo))
    return found[0]


def session_of(model: Any) -> Any:
    """Return a session of ONNX Runtime, or of the reference implementation where that cannot take the model."""
    try:
        import onnxruntime

        options = onnxruntime.SessionOptions()
        options.log_severity_level = 4
        return onnxruntime.InferenceSession(model.SerializeToString(), options, providers=["CPUExecutionProvider"])
    # Files may be newer than the installed runtime, or larger than it takes as bytes.
    except Exception:
        from onnx.reference import ReferenceEvaluator

        return ReferenceEvaluator(model)
