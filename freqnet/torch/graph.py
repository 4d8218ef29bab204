"""Recorded ops as functions of PyTorch, in a row: they compute on any device, and PyTorch differentiates them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import nullcontext
from typing import Any, NamedTuple

import numpy as np
import torch

from freqnet.autodiff import Tensor
from freqnet.errors import ConfigurationError, got_expected
from freqnet.onnx.graph import Graph, Rule
from freqnet.torch.operators import OPERATORS

# Rules for what ONNX models take as constants: weights, running averages, and what is drawn.
TRAINED: dict[str, Rule] = {}


def trained_rule(*names: str) -> Callable[[Rule], Rule]:
    """Return a decorator that makes a function the rule of ops; it is tried before those of `freqnet.onnx`."""

    def keep(function: Rule) -> Rule:
        TRAINED.update(dict.fromkeys(names, function))
        return function

    return keep


class Step(NamedTuple):
    """One function of a program: the name of its result, and the names of its inputs."""

    function: Callable[..., Any]
    name: str
    inputs: tuple[str, ...]
    has_effect: bool


class TorchGraph(Graph):
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
    def type_of_numbers(self) -> torch.dtype:  # type: ignore[override]
        return torch.float32 if self.precision == np.float32 else torch.float64

    def add_single(self, operator: str, *inputs: str, **attributes: Any) -> str:
        return self.add(operator, *inputs, **attributes)

    def call(self, function: Callable[..., Any], *inputs: str, has_effect: bool = False) -> str:
        """Add a function of values, and return the name of its result."""
        name = f"call_{len(self.nodes)}"
        self.nodes.append(Step(function, name, inputs, has_effect))
        return name

    def _keep(self, name: str, values: np.ndarray) -> None:
        self.constants[name] = np.ascontiguousarray(values).reshape(values.shape)

    def _append(self, operator: str, name: str, inputs: tuple[str, ...], attributes: dict[str, Any]) -> None:
        if operator not in OPERATORS:
            got, todo = f"the operator {operator} in {self._now}", "write the rule with other operators"
            raise ConfigurationError(got_expected("as_module", got, f"one of {', '.join(sorted(OPERATORS))}", todo))
        function, used = OPERATORS[operator](self.constants.__getitem__, inputs, **attributes)
        self.nodes.append(Step(function, name, used, False))

    def _rules_of(self, name: str) -> list[Rule]:
        return [*([TRAINED[name]] if name in TRAINED else []), *super()._rules_of(name)]


class Program:
    """Functions of PyTorch in a row, made from the operators of a graph.

    Parameters
    ----------
    graph : TorchGraph
    result : str
        Name of the value to return.
    """

    def __init__(self, graph: TorchGraph, result: str) -> None:
        self.result = result
        self._steps: list[tuple[Step, list[str]]] = []
        wanted, last = {result}, {result}
        for step in reversed(graph.nodes):
            if step.has_effect or step.name in wanted:
                wanted.update(step.inputs)
                dead = [name for name in dict.fromkeys((*step.inputs, step.name)) if name not in last]
                last.update(step.inputs)
                self._steps.append((step, dead))
        self._steps.reverse()
        self._constants = {name: array for name, array in graph.constants.items() if name in wanted}
        self._on_device: dict[torch.device, dict[str, torch.Tensor]] = {}

    def __call__(self, given: Mapping[str, torch.Tensor], device: torch.device) -> torch.Tensor:
        """Run the program.

        Parameters
        ----------
        given : mapping of str to torch.Tensor
            The values that are bound in the graph.
        device : torch.device
            Where they are.
        """
        with _without_autocast(device):
            return self._run({**self._constants_on(device), **given})

    def _run(self, values: dict[str, torch.Tensor]) -> torch.Tensor:
        for step, dead in self._steps:
            values[step.name] = step.function(*(values[name] for name in step.inputs))
            for name in dead:
                del values[name]
        return values[self.result]

    def _constants_on(self, device: torch.device) -> dict[str, torch.Tensor]:
        if device not in self._on_device:
            # Constants that are made in inference mode could not be used in training afterwards.
            with torch.inference_mode(False):
                self._on_device[device] = {
                    name: torch.from_numpy(array.copy()).to(device) for name, array in self._constants.items()
                }
        return self._on_device[device]


def _without_autocast(device: torch.device) -> Any:
    """Keep the precision of the network, also where PyTorch would choose another."""
    try:
        return torch.autocast(device.type, enabled=False)
    except RuntimeError:
        # Some devices, such as meta, have one precision only.
        return nullcontext()
