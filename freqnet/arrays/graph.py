"""Recorded ops as functions of an array library, in a row: they compute wherever the library does."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import numpy as np

from freqnet.arrays.library import Library
from freqnet.arrays.operators import OPERATORS
from freqnet.autodiff import Tensor
from freqnet.errors import ConfigurationError, got_expected
from freqnet.onnx.graph import Graph, Rule

# Rules for what ONNX models take as constants: weights, running averages, and what is drawn.
TRAINED: dict[str, Rule] = {}


def trained_rule(*names: str) -> Callable[[Rule], Rule]:
    """Return a decorator that makes a function the rule of ops; it is tried before those of `freqnet.onnx`."""

    def keep(function: Rule) -> Rule:
        TRAINED.update(dict.fromkeys(names, function))
        return function

    return keep


class Step(NamedTuple):
    """One function of a program.

    Attributes
    ----------
    make : callable
        ``make(library)`` returns the function.
    name : str
        Name of its result.
    inputs : tuple of str
        Names of its inputs.
    writes : tuple of str
        Names of given values that its results replace; it has one result for each. If there are none, its result is a
        new value.
    """

    make: Callable[[Library], Callable[..., Any]]
    name: str
    inputs: tuple[str, ...]
    writes: tuple[str, ...] = ()


class ArrayGraph(Graph):
    """The steps of a program while it is built; rules add them as operators of ONNX.

    Attributes
    ----------
    constants : dict of str to numpy.ndarray
    """

    def __init__(self, precision: Any, batch: int, places: Mapping[int, str]) -> None:
        super().__init__(precision, batch, places)
        self.constants: dict[str, np.ndarray] = {}
        self._arrays: dict[int, str] = {}

    def bind_array(self, array: np.ndarray, name: str) -> None:
        """Let every tensor that holds this array stand for a value."""
        self._alive.append(array)
        self._arrays[id(array)] = name

    def array_name(self, array: np.ndarray) -> str:
        """Return the name of the value of an array that was bound."""
        return self._arrays[id(array)]

    def varies(self, x: Tensor) -> bool:
        return super().varies(x) or id(x.data) in self._arrays

    def name(self, x: Tensor) -> str:
        if not super().varies(x) and id(x.data) in self._arrays:
            return self._arrays[id(x.data)]
        return super().name(x)

    @property
    def type_of_numbers(self) -> str:  # type: ignore[override]
        """The name of the graph's precision in the standard."""
        return self.precision.name

    def add_single(self, operator: str, *inputs: str, **attributes: Any) -> str:
        return self.add(operator, *inputs, **attributes)

    def call(self, make: Callable[[Library], Callable[..., Any]], *inputs: str, writes: tuple[str, ...] = ()) -> str:
        """Add a function of values, as `Step` describes it, and return the name of its result."""
        name = f"call_{len(self.nodes)}"
        self.nodes.append(Step(make, name, inputs, writes))
        return name

    def _keep(self, name: str, values: np.ndarray) -> None:
        self.constants[name] = np.ascontiguousarray(values).reshape(values.shape)

    def _append(self, operator: str, name: str, inputs: tuple[str, ...], attributes: dict[str, Any]) -> None:
        if operator not in OPERATORS:
            got, todo = f"the operator {operator} in {self._now}", "write the rule with other operators"
            expected = f"one of {', '.join(sorted(OPERATORS))}"
            raise ConfigurationError(got_expected("operators of arrays", got, expected, todo))
        make, used = OPERATORS[operator](self.constants.__getitem__, inputs, **attributes)
        self.nodes.append(Step(make, name, used))

    def _rules_of(self, name: str) -> list[Rule]:
        return [*([TRAINED[name]] if name in TRAINED else []), *super()._rules_of(name)]


class _Bound(NamedTuple):
    """The steps and the constants of a program, in one library on one device.

    Attributes
    ----------
    steps : list of tuple
        The function, its name, the names of its inputs, of what it replaces, and of what is not needed afterwards.
    constants : dict of str to array
    """

    steps: list[tuple[Callable[..., Any], str, tuple[str, ...], tuple[str, ...], list[str]]]
    constants: dict[str, Any]


class Program:
    """Functions of an array library in a row, made from the operators of a graph.

    Parameters
    ----------
    graph : ArrayGraph
    result : str
        Name of the value to return.
    """

    def __init__(self, graph: ArrayGraph, result: str) -> None:
        self.result = result
        self._steps: list[tuple[Step, list[str]]] = []
        wanted, last = {result}, {result}
        # What a step replaces is returned at the end.
        last.update(name for step in graph.nodes for name in step.writes)
        for step in reversed(graph.nodes):
            if step.writes or step.name in wanted:
                wanted.update(step.inputs)
                dead = [name for name in dict.fromkeys((*step.inputs, step.name)) if name not in last]
                last.update(step.inputs)
                self._steps.append((step, dead))
        self._steps.reverse()
        self._constants = {name: array for name, array in graph.constants.items() if name in wanted}
        self._bound: dict[tuple[Library, str], _Bound] = {}

    def __call__(self, given: Mapping[str, Any], library: Library, device: Any) -> tuple[Any, dict[str, Any]]:
        """Run the program.

        Parameters
        ----------
        given : mapping of str to array
            The values that are bound in the graph.
        library : Library
            Their library.
        device : object
            Where they are.

        Returns
        -------
        result : array
        replaced : dict of str to array
            New values of those given ones that a training step changes, such as running averages.
        """
        bound = self.bound_to(library, device)
        values: dict[str, Any] = {**bound.constants, **given}
        replaced: dict[str, Any] = {}
        with library.computing(device):
            for function, name, inputs, writes, dead in bound.steps:
                made = function(*[values[own] for own in inputs])
                if writes:
                    new = dict(zip(writes, made, strict=True))
                    values.update(new)
                    replaced.update(new)
                else:
                    values[name] = made
                for own in dead:
                    values.pop(own, None)
        return values[self.result], replaced

    def bound_to(self, library: Library, device: Any) -> _Bound:
        """Return the steps and the constants in a library on a device; the constants are handed over once."""
        key = library, str(device)
        if key not in self._bound:
            steps = [(step.make(library), step.name, step.inputs, step.writes, dead) for step, dead in self._steps]
            constants = {name: library.hand_over(array, device) for name, array in self._constants.items()}
            self._bound[key] = _Bound(steps, constants)
        return self._bound[key]
