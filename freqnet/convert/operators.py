"""One function per operator of ONNX that can be converted: from its node to a step."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from freqnet.convert.graph import COPIES, Graph, Node
from freqnet.convert.steps import Connect, Convolve, Flatten, Pad, Pool, PoolAll, Scale, Step
from freqnet.spaces import Axes

Reader = Callable[[Graph, Node], Step]
READERS: dict[str, Reader] = {}

# Operators on single numbers with one input that varies: any function of them is an activation.
POINTWISE = {
    *("Relu", "LeakyRelu", "PRelu", "Elu", "Selu", "Celu", "ThresholdedRelu", "Gelu", "Swish", "Mish", "HardSigmoid"),
    *("HardSwish", "Sigmoid", "Tanh", "Erf", "Softplus", "Softsign", "Clip", "Abs", "Neg", "Exp", "Log", "Sqrt", "Sin"),
    *("Cos", "Reciprocal", "Pow", "Add", "Sub", "Mul", "Div", "Min", "Max", "Shrink", "Sign", "Where", "Greater"),
    *("GreaterOrEqual", "Less", "LessOrEqual", "Equal", "Not", "And", "Or"),
}
# Operators that are dropped at the end of a network: its outputs are then logits.
AT_THE_END = {"Softmax", "LogSoftmax"}
ADVICE = {
    "Concat": "add the branches (a residual sum) in place of joining their channels",
    "Mul": "leave out the product of two signals, such as that of squeeze and excitation",
    "LayerNormalization": "train with batch normalisation",
    "GroupNormalization": "train with batch normalisation",
    "InstanceNormalization": "train with batch normalisation",
    "ConvTranspose": "end in a head on a small grid in place of a decoder",
    "Resize": "end in a head on a small grid in place of a decoder",
    "Upsample": "end in a head on a small grid in place of a decoder",
    "Softmax": "replace attention by convolutions",
    "MatMul": "replace attention by convolutions",
    "LSTM": "replace the recurrence by convolutions",
    "GRU": "replace the recurrence by convolutions",
}
_EVALUATE = "export it in evaluation mode, after module.eval()"
_KNOWN = "Conv, BatchNormalization, pooling, activations, sums, Flatten and Gemm"


def reads(*operators: str) -> Callable[[Reader], Reader]:
    """Register the function that reads nodes of these operators."""

    def enter(reader: Reader) -> Reader:
        READERS.update(dict.fromkeys(operators, reader))
        return reader

    return enter


def unknown(node: Node) -> Exception:
    """Return the error for a node that no layer stands for."""
    todo = ADVICE.get(node.operator, "replace it by one of these, and train again")
    return node.refuse("an operator that cannot be converted", _KNOWN, todo)


def check_operators(graph: Graph) -> None:
    """Raise `ConfigurationError` for an operator that can be converted nowhere."""
    known = READERS.keys() | POINTWISE | COPIES | AT_THE_END | {"Shape", "Gather", "Slice", "Concat", "Unsqueeze"}
    for node in graph.nodes:
        if node.operator not in known:
            raise unknown(node)
        if node.operator == "Dropout" and np.any(graph.constants.get("".join(node.inputs[2:3]), False)):
            raise node.refuse("dropout in training mode", "none in evaluation", _EVALUATE)


def constant(graph: Graph, node: Node, index: int, what: str) -> np.ndarray:
    """Return a constant input of a node as float64."""
    array = graph.constants.get(node.inputs[index]) if len(node.inputs) > index else None
    if array is None:
        got, todo = f"a {what} that the network computes", "replace the layer by one with fixed weights"
        raise node.refuse(got, "weights in the file", todo)
    return np.asarray(array, float)


def per_channel(graph: Graph, node: Node, name: str) -> np.ndarray | None:
    """Return a constant that is one number, or one per channel of the result; None if it varies along other axes."""
    array = np.asarray(graph.constants[name], float)
    if array.size == 1:
        return array.reshape(())
    rank = len(graph.shapes[node.outputs[0]])
    shape = (1,) * (rank - array.ndim) + array.shape
    is_one = array.ndim <= rank and all(n == 1 for axis, n in enumerate(shape) if axis != 1)
    return array.ravel() if is_one else None


# -- layers with windows ---------------------------------------------------------------------------------
def _window(node: Node, size: Axes) -> dict[str, Any]:
    """Return the window of a node with `size` samples, or taps, along each axis."""
    dilation = tuple(node.get("dilations", (1,) * len(size)))
    automatic = node.get("auto_pad", b"NOTSET").decode()
    pads = tuple(node.get("pads", (0,) * 2 * len(size)))
    return {
        "extent": tuple((k - 1) * d + 1 for k, d in zip(size, dilation, strict=True)),
        "stride": tuple(node.get("strides", (1,) * len(size))),
        "padding": (pads[: len(size)], pads[len(size) :]) if automatic == "NOTSET" else automatic,
    }


@reads("Conv")
def _conv(graph: Graph, node: Node) -> Step:
    weight = constant(graph, node, 1, "kernel")
    bias = constant(graph, node, 2, "bias") if len(node.inputs) > 2 and node.inputs[2] else np.zeros(len(weight))
    window = _window(node, weight.shape[2:])
    dilation = tuple(node.get("dilations", (1,) * (weight.ndim - 2)))
    return Convolve(
        node, node.outputs[0], **window, weight=weight, bias=bias, dilation=dilation, groups=node.get("group", 1)
    )


@reads("AveragePool", "MaxPool")
def _pool(graph: Graph, node: Node) -> Step:
    size, is_max = tuple(node.get("kernel_shape", ())), node.operator == "MaxPool"
    window = _window(node, size)
    if window["extent"] != size:
        raise node.refuse("a pool with dilation", "a window without gaps", "leave dilation out")
    step = Pool(node, node.outputs[0], **window, is_max=is_max)
    sizes, results = (graph.shapes[name][2:] for name in (graph.resolve(node.inputs[0]), node.outputs[0]))
    before, rows = step.before(sizes), (sizes, results, step.stride, size)
    if not is_max and any(step.margin(sizes, results)) and not node.get("count_include_pad", 0):
        todo = "pass count_include_pad=True, pad with zeros in a layer before it, or pad nothing"
        raise node.refuse("averages over fewer samples at the edges", "averages over whole windows", todo)
    padding = (before, before) if isinstance(step.padding, str) else step.padding
    if any((m - 1) * s + k > n + b + a for n, m, s, k, b, a in zip(*rows, *padding, strict=True)) and not is_max:
        raise node.refuse("windows that end beyond the padding", "whole windows", "pass ceil_mode=False")
    return step


@reads("GlobalAveragePool", "GlobalMaxPool", "ReduceMean", "ReduceMax")
def _pool_all(graph: Graph, node: Node) -> Step:
    rank = len(graph.shapes[graph.resolve(node.inputs[0])])
    axes = node.get("axes", None)
    if axes is None and len(node.inputs) > 1 and node.inputs[1]:
        axes = constant(graph, node, 1, "list of axes").astype(int).tolist()
    # Without axes, a reduction is over all of them.
    default = list(range(rank)) if node.operator.startswith("Reduce") else list(range(2, rank))
    chosen = sorted(int(a) % rank for a in axes) if axes is not None else default
    if rank < 3 or chosen != list(range(2, rank)):
        raise node.refuse(f"a mean over the axes {chosen}", "over all axes of the grid", "pool over the whole grid")
    return PoolAll(node, node.outputs[0], is_max="Max" in node.operator)


@reads("Pad")
def _pad(graph: Graph, node: Node) -> Step:
    mode = node.get("mode", b"constant").decode()
    pads = np.asarray(node.get("pads", None) or constant(graph, node, 1, "list of pads"), int)
    rank = len(graph.shapes[node.outputs[0]])
    if len(node.inputs) > 3 and node.inputs[3]:
        named = constant(graph, node, 3, "list of axes").astype(int) % rank
        whole = np.zeros(2 * rank, int)
        whole[[*named, *(named + rank)]] = pads
        pads = whole
    value = constant(graph, node, 2, "value") if len(node.inputs) > 2 and node.inputs[2] else np.zeros(())
    before, after = pads[:rank], pads[rank:]
    if pads.min(initial=0) < 0:
        got, todo = f"padding of {before.tolist()} and {after.tolist()}", "crop by a convolution without padding"
        raise node.refuse(got, "no negative padding", todo)
    if mode not in ("constant", "reflect", "edge", "wrap") or np.any(value) or before[:2].any() or after[:2].any():
        got = f"padding by {mode} {value.ravel().tolist()} of {before.tolist()} and {after.tolist()}"
        raise node.refuse(got, "zeros or samples beside the grid", "pad with zeros")
    return Pad(node, node.outputs[0], tuple(before[2:].tolist()), tuple(after[2:].tolist()), mode)


# -- scales ----------------------------------------------------------------------------------------------
@reads("BatchNormalization")
def _batch_norm(graph: Graph, node: Node) -> Step:
    if node.get("training_mode", 0):
        raise node.refuse("batch normalisation in training mode", "running averages", _EVALUATE)
    gain, offset, mean, variance = (constant(graph, node, i, "statistic") for i in range(1, 5))
    if gain.ndim != 1:
        got, todo = f"statistics of shape {gain.shape}", "train with spatial=1"
        raise node.refuse(got, "one number per channel", todo)
    factor = gain / np.sqrt(variance + node.get("epsilon", 1e-5))
    return Scale(node, node.outputs[0], factor, offset - mean * factor)


@reads("Add", "Sub", "Mul", "Div")
def _scale(graph: Graph, node: Node) -> Step:
    """Read a sum with, or a product by, one constant per channel."""
    names = [name for name in node.inputs if name in graph.constants]
    if len(names) != 1:
        raise unknown(node)
    number = per_channel(graph, node, names[0])
    if number is None:
        shape, own = graph.constants[names[0]].shape, graph.shapes[node.outputs[0]]
        got = f"a constant of shape {shape} for values of shape {own}"
        todo = "let Linear act on flattened samples, or use a convolution of one tap"
        raise node.refuse(got, "one number, or one per channel, axis 1", todo)
    (variable,) = graph.variables(node)
    if graph.shapes[variable] != graph.shapes[node.outputs[0]]:
        got = f"one signal of shape {graph.shapes[variable]} that becomes {graph.shapes[node.outputs[0]]}"
        raise node.refuse(got, "as many channels and samples as before", "use a convolution of one tap")
    is_first, one, zero = node.inputs[0] == names[0], np.ones(()), np.zeros(())
    if node.operator in ("Add", "Sub"):
        signs = {"Add": (1, 1), "Sub": (-1, 1) if is_first else (1, -1)}[node.operator]
        return Scale(node, node.outputs[0], one * signs[0], number * signs[1])
    if node.operator == "Div" and is_first:
        raise unknown(node)
    return Scale(node, node.outputs[0], number if node.operator == "Mul" else 1 / number, zero)


# -- heads -----------------------------------------------------------------------------------------------
@reads("Flatten", "Reshape", "Squeeze")
def _flatten(graph: Graph, node: Node) -> Step:
    before, after = (graph.shapes[name] for name in (graph.resolve(node.inputs[0]), node.outputs[0]))
    if len(after) != 2 or after != (before[0], int(np.prod(before[1:]))):
        got, todo = f"a change of shape from {before} to {after}", "leave it out"
        raise node.refuse(got, "one to (batch, features)", todo)
    return Flatten(node, node.outputs[0])


@reads("Gemm")
def _gemm(graph: Graph, node: Node) -> Step:
    weight = constant(graph, node, 1, "matrix") * node.get("alpha", 1.0)
    weight = weight if node.get("transB", 0) else weight.T
    if node.get("transA", 0):
        raise node.refuse("a transposed input", "features (batch, features)", "leave transA out")
    has_bias = len(node.inputs) > 2 and bool(node.inputs[2])
    bias = constant(graph, node, 2, "bias") * node.get("beta", 1.0) if has_bias else np.zeros(())
    return Connect(node, node.outputs[0], weight, np.broadcast_to(bias.ravel(), (len(weight),)))


@reads("MatMul")
def _matmul(graph: Graph, node: Node) -> Step:
    if node.inputs[1] not in graph.constants or len(graph.shapes[node.outputs[0]]) != 2:
        raise unknown(node)
    weight = constant(graph, node, 1, "matrix").T
    return Connect(node, node.outputs[0], weight, np.zeros(len(weight)))
