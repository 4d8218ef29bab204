"""From a graph to nested lists of steps: sequences, and sums of two branches."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from freqnet.convert.graph import Graph, Node, require_onnx
from freqnet.convert.operators import AT_THE_END, POINTWISE, READERS, check_operators, unknown
from freqnet.convert.steps import Activate, Add, Scale, Step, folded

# Numbers on which a function of single numbers is compared with another one.
_POINTS = np.linspace(-6.0, 6.0, 49)


def steps_of(graph: Graph) -> list[Step]:
    """Return the steps of a network from its input to its output.

    A softmax at the end is left out: the outputs are then logits.

    Raises
    ------
    ConfigurationError
        An operator cannot be converted, or the branches of the graph are no sums.
    """
    check_operators(graph)
    return folded(_chain(graph, logits_of(graph), graph.resolve(graph.input.name)))


def softmaxes(graph: Graph) -> list[Node]:
    """Return the nodes at the end of a network that are left out, the last one first."""
    output, found = graph.resolve(graph.output), []
    while output in graph.makers and graph.makers[output].operator in AT_THE_END:
        node = graph.makers[output]
        axis = node.get("axis", -1 if graph.opset >= 13 else 1)
        if axis % max(1, len(graph.shapes.get(output, (1, 1)))) != 1:
            raise node.refuse(
                f"axis {axis}", "the axis of the classes, the last one of two", "let it act on each sample"
            )
        found.append(node)
        output = graph.resolve(node.inputs[0])
    return found


def logits_of(graph: Graph) -> str:
    """Return the value that is the output of the network, before a softmax at its end."""
    ends = softmaxes(graph)
    return graph.resolve(ends[-1].inputs[0] if ends else graph.output)


def _chain(graph: Graph, value: str, start: str) -> list[Step]:
    """Return the steps from one value to a later one."""
    steps: list[Step] = []
    while value != start:
        if value not in graph.makers or graph.places[value] < graph.places[start]:
            maker = steps[-1].node if steps else graph.nodes[0]
            todo = "let every branch begin and end at one place, as in a residual block"
            raise maker.refuse("a branch that skips the start of its block", "a sum of two branches", todo)
        step, value = _step(graph, value, start)
        steps.append(step)
    return steps[::-1]


def _step(graph: Graph, value: str, start: str) -> tuple[Step, str]:
    """Return the last step before a value, and the value that it takes."""
    node, root = graph.makers[value], _root(graph, value, start)
    if root != value:
        step = Activate(node, value, root, _between(graph, root, value))
        return _as_scale(graph, step), root
    variables = graph.variables(node)
    second = next((name for name in variables if name in graph.others), None)
    if second is not None:
        got, todo = f"the output {second} of another layer, which is not its first", "use the first output alone"
        raise node.refuse(got, "first outputs", todo)
    if node.operator == "Add" and len(variables) == 2:
        one, other = (graph.shapes[name] for name in variables)
        if one != other:
            todo = "give both as many channels and samples"
            raise node.refuse(f"a sum of shapes {one} and {other}", "a sum of signals of one shape", todo)
        # The latest value that both branches follow from.
        fork = max(graph.before(variables[0]) & graph.before(variables[1]), key=graph.places.__getitem__)
        body, path = (_chain(graph, name, fork) for name in variables)
        # The longer branch is the body.
        body, path = (body, path) if len(body) >= len(path) else (path, body)
        return Add(node, value, body, path), fork
    if node.operator not in READERS or node.operator in AT_THE_END:
        raise unknown(node)
    return READERS[node.operator](graph, node), variables[0]


def _root(graph: Graph, value: str, start: str) -> str:
    """Return the value of which a value is a function of single numbers; itself if there is none."""
    node = graph.makers.get(value)
    if value == start or node is None or node.operator not in POINTWISE:
        return value
    variables = graph.variables(node)
    constants = [name for name in node.inputs if name in graph.constants]
    if any(graph.constants[name].size > 1 for name in constants) and node.operator != "PRelu":
        return value
    roots = [_root(graph, name, start) for name in variables]
    # A sum of a value and a function of it is a function of it, but a sum with itself is a residual block.
    is_block = node.operator == "Add" and len(variables) == 2 and roots == variables
    is_function = len(set(roots)) == 1 and not is_block
    return roots[0] if is_function else value


def _between(graph: Graph, root: str, value: str) -> tuple[Node, ...]:
    """Return the nodes that compute a value from another one, in order."""
    names = graph.before(value) - graph.before(root)
    inside = lambda name: graph.resolve(name) in names
    return tuple(node for node in graph.nodes if inside(node.outputs[0]))


def function_of(graph: Graph, step: Activate) -> Callable[[np.ndarray], np.ndarray | None]:
    """Return the function of single numbers that a step applies, in double precision.

    It returns None for points of which the number of values is another one: the function differs from channel to
    channel.
    """
    onnx = require_onnx()
    from onnx.reference import ReferenceEvaluator

    names = {name for node in step.nodes for name in node.inputs if name in graph.constants}
    kind = onnx.TensorProto.DOUBLE
    # Rounded to single precision, a function has many extrema where it is flat.
    double = lambda array: array.astype(float) if array.dtype.kind == "f" else array
    constants = [onnx.numpy_helper.from_array(double(graph.constants[name]), name) for name in names]
    ends = [onnx.helper.make_tensor_value_info(name, kind, None) for name in (step.source, step.value)]
    # Truth values become numbers by a copy as well.
    copy = lambda source, name: onnx.helper.make_node("Cast", [source], [name], to=kind)
    copies = [copy(step.source, name) for name in _copies(graph, step)]
    nodes = [copy(node.inputs[0], node.outputs[0]) if node.is_copy else node.proto for node in step.nodes]
    body = onnx.helper.make_graph([*copies, *nodes], "function", ends[:1], ends[1:], constants)
    evaluator = ReferenceEvaluator(onnx.helper.make_model(body, opset_imports=graph.model.opset_import))

    def function(points: np.ndarray) -> np.ndarray | None:
        try:
            outputs: Any = evaluator.run(None, {step.source: np.reshape(points, (1, 1, -1)).astype(float)})
        except ValueError:
            # Constants for each feature do not fit single numbers.
            return None
        found = np.asarray(outputs[0], float)
        return found.ravel() if found.size == np.size(points) else None

    return function


def _copies(graph: Graph, step: Activate) -> set[str]:
    """Return the names under which the nodes read the source, other than its own."""
    names = {name for node in step.nodes for name in node.inputs if name and name not in graph.constants}
    return {name for name in names if graph.resolve(name) == step.source} - {step.source}


def _as_scale(graph: Graph, step: Activate) -> Step:
    """Return a function that is a straight line as a factor and an offset."""
    if any(not node.is_copy and node.operator not in ("Add", "Sub", "Mul", "Div", "Neg") for node in step.nodes):
        return step
    with np.errstate(all="ignore"):
        found = function_of(graph, step)(_POINTS)
    if found is None or not np.isfinite(found).all():
        return step
    factor, offset = np.polyfit(_POINTS, found, 1)
    if np.abs(factor * _POINTS + offset - found).max() > 1e-4 * (1 + np.abs(found).max()):
        return step
    return Scale(step.node, step.value, np.asarray(factor), np.asarray(offset))
