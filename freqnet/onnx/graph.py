"""The graph of an ONNX model while it is built, and the registry of the rules that add ops to it.

A signal ``(*modes, batch, channels)`` is a real array ``(rows, batch, channels)`` in the graph, whatever the domain:
`freqnet.onnx.matrices.real_axes` says what the rows are. Plain numbers keep their axes. The batch has any size.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from freqnet.autodiff import Op, Tensor, observe
from freqnet.autodiff.tape import FusedVjps
from freqnet.errors import ConfigurationError, got_expected
from freqnet.onnx.matrices import Dense, Form, Product, Selection, to_real

# ``rule(graph, out, inputs, **parameters)`` adds the operators of an op, and returns the name of its result; it returns
# None where it does not cover the case.
Rule = Callable[..., str | None]
RULES: dict[str, Rule] = {}
# Initialisers below this many numbers are always stored in full.
_SMALL = 256


def rule(*names: str) -> Callable[[Rule], Rule]:
    """Return a decorator that makes a function the rule of ops, by their names.

    Parameters
    ----------
    *names : str
        Names of ops in `freqnet.autodiff.OPS`.

    Examples
    --------
    An op ``double`` of plain numbers or signals, and its rule:

    >>> from freqnet.onnx import RULES, rule
    >>> @rule("double")
    ... def double(graph, out, inputs):
    ...     (x,) = inputs
    ...     return graph.add("Add", graph.name(x), graph.name(x))
    >>> _ = RULES.pop("double")
    """

    def keep(function: Rule) -> Rule:
        RULES.update(dict.fromkeys(names, function))
        return function

    return keep


class Call(NamedTuple):
    """One op that ran while a function was recorded.

    Attributes
    ----------
    op : Op
    out : Tensor
    inputs : tuple of Tensor
    parameters : dict of str to Any
    place : str
        The layer whose ``forward`` ran it, for messages.
    """

    op: Op
    out: Tensor
    inputs: tuple[Tensor, ...]
    parameters: dict[str, Any]
    place: str


def record(function: Callable[[], Tensor], places: Mapping[int, str]) -> tuple[Tensor, list[Call]]:
    """Run a function, and return its result and the ops that ran.

    Parameters
    ----------
    function : callable
    places : mapping of int to str
        Names of layers for messages, by the ids of the layers.
    """
    calls: list[Call] = []

    def keep(op: Op, out: Tensor, inputs: tuple[Tensor, ...], parameters: dict[str, Any]) -> None:
        calls.append(Call(op, out, inputs, parameters, _place(places)))

    with observe(keep):
        return function(), calls


def _place(places: Mapping[int, str]) -> str:
    """Return the name of the innermost object among the callers whose method runs."""
    frame = sys._getframe(2)
    while frame is not None:
        owner = id(frame.f_locals.get("self"))
        if owner in places:
            return places[owner]
        frame = frame.f_back  # type: ignore[assignment]
    return "the door or the end of the network"


class Graph:
    """The operators and constants of a model, and the names of the values that tensors stand for.

    Parameters
    ----------
    precision : dtype
        float32 or float64.
    batch : int
        Number of examples that the function was recorded with. It is no divisor of any other size, so that an axis
        whose length it divides is one of the batch.
    places : mapping of int to str
        Names of layers, by the ids of the layers.
    storage : {"float32", "float16"}
        How large constants are stored.

    Attributes
    ----------
    nodes : list of onnx.NodeProto
    initializers : list of onnx.TensorProto
    """

    def __init__(
        self, precision: Any, batch: int, places: Mapping[int, str] | None = None, storage: str = "float32"
    ) -> None:
        self.precision, self.batch, self.storage = np.dtype(precision), batch, storage
        self.nodes: list[Any] = []
        self.initializers: list[Any] = []
        self._places = places or {}
        self._names: dict[int, str] = {}
        self._constants: dict[tuple, str] = {}
        self._made: dict[tuple, str] = {}
        # The parts of values that are stacks, so that an op that reads one part need not take it out again.
        self._parts: dict[str, tuple[str, ...]] = {}
        # Tensors are known by their ids, which are theirs only as long as they live.
        self._alive: list[Any] = []
        self._now = ""

    # -- names -------------------------------------------------------------------------------------
    def bind(self, x: Tensor, name: str) -> None:
        """Let a tensor stand for a value of the graph."""
        self._alive.append(x)
        self._names[id(x)] = name

    def varies(self, x: Tensor) -> bool:
        """Whether a tensor depends on the input of the graph."""
        return id(x) in self._names

    def name(self, x: Tensor) -> str:
        """Return the name of the value of a tensor; tensors that do not depend on the input become constants.

        Raises
        ------
        ConfigurationError
            The tensor is what an op saved, or a constant that differs from example to example.
        """
        if not self.varies(x):
            data = to_real(x.data).reshape(-1, *x.shape[-2:]) if x.space is not None else x.data
            return self.constant(self._of_one_example(data))
        name = self._names[id(x)]
        if not name:
            got = f"a value that another op saved, in {self._now}"
            todo = "compute it again from the inputs of that op"
            raise ConfigurationError(got_expected("export", got, "results of ops only", todo))
        return name

    def _of_one_example(self, data: np.ndarray) -> np.ndarray:
        """Return numbers that are the same for all examples, for one of them."""
        for axis in (i for i, n in enumerate(data.shape) if n and n % self.batch == 0):
            first = data.take([0], axis)
            if not np.array_equal(np.broadcast_to(first, data.shape), data):
                got = f"numbers that depend on the place of an example in its batch, in {self._now}"
                raise ConfigurationError(got_expected("export", got, "the same for all", "keep examples apart"))
            data = first
        return data

    def shape(self, sizes: Sequence[int]) -> list[int]:
        """Return sizes with -1 for the batch.

        Raises
        ------
        ConfigurationError
            Two axes count examples, as pairs of examples would.
        """
        found = [-1 if n and n % self.batch == 0 else n for n in sizes]
        if found.count(-1) > 1:
            got = f"shape {tuple(sizes)} in {self._now}, with more than one axis of examples"
            raise ConfigurationError(got_expected("export", got, "one such axis", "keep examples apart in the layer"))
        return found

    # -- operators ---------------------------------------------------------------------------------
    def constant(self, array: Any, is_weight: bool = False) -> str:
        """Return the name of a constant: floats in the precision of the graph, whole numbers as they are.

        Parameters
        ----------
        array : array_like
        is_weight : bool
            Whether it may be stored in half precision.

        Raises
        ------
        ConfigurationError
            A number is not finite.
        """
        values = np.asarray(array)
        if values.dtype.kind == "f":
            values = values.astype(self.precision)
            if not np.isfinite(values).all():
                got, todo = f"weights that are not finite in {self._now}", "load the weights of an earlier epoch"
                raise ConfigurationError(got_expected("export", got, "finite numbers", todo))
        is_half = is_weight and self.storage == "float16" and values.size >= _SMALL
        if is_half:
            values = self._halved(values)
        key = values.dtype.char, values.shape, values.tobytes()
        if key not in self._constants:
            self._constants[key] = f"constant_{len(self._constants)}"
            self._keep(self._constants[key], values)
        return self.add("Cast", self._constants[key], to=self.type_of_numbers) if is_half else self._constants[key]

    def _keep(self, name: str, values: np.ndarray) -> None:
        from onnx import numpy_helper

        self.initializers.append(numpy_helper.from_array(np.ascontiguousarray(values), name))

    def _halved(self, values: np.ndarray) -> np.ndarray:
        with np.errstate(over="ignore"):
            half = values.astype(np.float16)
        if not np.isfinite(half).all():
            got, todo = f"weights above {np.finfo(np.float16).max:g} in {self._now}", "leave storage out"
            raise ConfigurationError(got_expected("storage='float16'", got, "smaller ones", todo))
        return half

    @property
    def type_of_numbers(self) -> int:
        """The number of the graph's precision in ONNX."""
        from onnx import helper

        return helper.np_dtype_to_tensor_dtype(self.precision)

    def add(self, operator: str, *inputs: str, **attributes: Any) -> str:
        """Add an operator with one result, and return the name of the result.

        The same operator on the same values is added once.
        """
        key = operator, inputs, tuple(sorted((name, repr(value)) for name, value in attributes.items()))
        if key not in self._made:
            self._made[key] = f"{operator.lower()}_{len(self.nodes)}"
            self._append(operator, self._made[key], inputs, attributes)
        return self._made[key]

    def _append(self, operator: str, name: str, inputs: tuple[str, ...], attributes: dict[str, Any]) -> None:
        from onnx import helper

        self.nodes.append(helper.make_node(operator, list(inputs), [name], **attributes))

    def reshape(self, x: str, *sizes: int) -> str:
        """Reshape a value; one size may be -1."""
        return self.add("Reshape", x, self.constant(np.array(sizes, np.int64)))

    def times(self, x: str, factor: Any) -> str:
        """Multiply a value by numbers that are constant."""
        return x if np.all(np.asarray(factor) == 1) else self.add("Mul", x, self.constant(np.asarray(factor, float)))

    def plus(self, x: str, term: Any) -> str:
        """Add numbers that are constant."""
        return x if np.all(np.asarray(term) == 0) else self.add("Add", x, self.constant(np.asarray(term, float)))

    def rows(self, x: str, index: np.ndarray, count: int) -> str:
        """Return rows of a value with `count` rows along its first axis."""
        if np.array_equal(index, np.arange(count)):
            return x
        first, last = int(index[0]), int(index[-1]) + 1
        if np.array_equal(index, np.arange(first, last)):
            ends = (self.constant(np.array([n], np.int64)) for n in (first, last, 0))
            return self.add("Slice", x, *ends)
        return self.add("Gather", x, self.constant(np.asarray(index, np.int64)), axis=0)

    def sum(self, x: str, *axes: int, keepdims: bool = False) -> str:
        """Sum a value along axes."""
        return self.add("ReduceSum", x, self.constant(np.array(axes, np.int64)), keepdims=int(keepdims))

    def stack(self, *parts: str) -> str:
        """Stack values of one shape along a new first axis."""
        first = self.constant(np.array([0], np.int64))
        name = self.add("Concat", *(self.add("Unsqueeze", part, first) for part in parts), axis=0)
        self._parts[name] = parts
        return name

    def part(self, x: Tensor, index: int) -> str:
        """Return one part along the first axis of plain numbers, without that axis."""
        if not self.varies(x):
            return self.constant(x.data[index])
        name = self.name(x)
        if name in self._parts:
            return self._parts[name][index]
        return self.add("Gather", name, self.constant(np.array(index, np.int64)), axis=0)

    def linear(self, x: str, form: Form, channels: int, rows: int) -> str:
        """Apply a linear map to a signal ``(rows, batch, channels)``.

        Parameters
        ----------
        x : str
        form : Selection, Product or Dense
        channels, rows : int
            Sizes of the signal.
        """
        if isinstance(form, Selection):
            return self.times(self.rows(x, form.index, rows), form.scale[:, None, None])
        if isinstance(form, Dense):
            out = self.add("MatMul", self.constant(form.matrix), self.reshape(x, rows, -1))
            return self.reshape(out, len(form.matrix), -1, channels)
        return self._product(x, form, channels)

    def _product(self, x: str, form: Product, channels: int) -> str:
        (rows, columns, rank), (_, out, into) = form.first.shape, form.others.shape
        first_first, others_first = form.costs
        if first_first <= others_first:
            matrix = self.constant(form.first.transpose(0, 2, 1).reshape(rows * rank, columns))
            x = self.add("MatMul", matrix, self.reshape(x, columns, -1))
            matrix = self.constant(form.others.transpose(1, 0, 2).reshape(out, rank * into))
            x = self.add("MatMul", matrix, self.reshape(x, rows, rank * into, -1))
        else:
            matrix = self.constant(form.others.reshape(rank * out, into))
            x = self.add("MatMul", matrix, self.reshape(x, columns, into, -1))
            matrix = self.constant(form.first.reshape(rows, columns * rank))
            x = self.add("MatMul", matrix, self.reshape(x, columns * rank, -1))
        return self.reshape(x, rows * out, -1, channels)

    def add_single(self, operator: str, *inputs: str, **attributes: Any) -> str:
        """Add an operator that runtimes have in single precision only; a double network loses digits there."""
        from onnx import TensorProto

        if self.precision == np.float32:
            return self.add(operator, *inputs, **attributes)
        single = (self.add("Cast", x, to=TensorProto.FLOAT) for x in inputs)
        return self.add("Cast", self.add(operator, *single, **attributes), to=self.type_of_numbers)

    def needed(self, result: str) -> tuple[list[Any], list[Any]]:
        """Return the operators and the constants that a value depends on."""
        wanted, nodes = {result}, []
        for node in reversed(self.nodes):
            if wanted & set(node.output):
                wanted.update(node.input)
                nodes.append(node)
        return nodes[::-1], [tensor for tensor in self.initializers if tensor.name in wanted]

    # -- ops ---------------------------------------------------------------------------------------
    def run(self, function: Callable[[], Tensor], place: str | None = None) -> Tensor:
        """Record a function of tensors, add the operators of its ops, and return its result.

        Parameters
        ----------
        function : callable
        place : str, optional
            The layer that all of its ops belong to, by default the one whose ``forward`` runs.
        """
        result, calls = record(function, self._places)
        for call in calls:
            if any(self.varies(x) for x in call.inputs):
                self._add_op(call if place is None else call._replace(place=place))
        return result

    def _add_op(self, call: Call) -> None:
        op, out, inputs, parameters, place = call
        self._now = f"op {op.name} of {place}"
        for saved in out.saved:
            self.bind(saved, "")
        rules = self._rules_of(op.name)
        made = next((made for known in rules if (made := known(self, out, inputs, **parameters)) is not None), None)
        if made is None and isinstance(op.vjps, FusedVjps):
            composite = op.vjps.composite
            made = self.name(self.run(lambda: composite(*inputs, **parameters), place))
        if made is None:
            what = f"{op.name} in {place}"
            got = "a case that its ONNX rule leaves out" if rules else "no ONNX rule"
            todo = f"write one, @freqnet.onnx.rule('{op.name}'): see the page on ONNX"
            raise ConfigurationError(got_expected(f"op {what}", got, "a rule that writes it in ONNX operators", todo))
        self.bind(out, made)

    def _rules_of(self, name: str) -> list[Rule]:
        """Return the rules of an op, the first to try first."""
        return [RULES[name]] if name in RULES else []
