"""Recording a function of tensors, once, as a program."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

import freqnet.plan.rules  # noqa: F401  (registers the rules)
from freqnet.autodiff import Tensor, no_grad, observe
from freqnet.plan.builder import Builder


class Plan:
    """A function of one tensor, and its gradients, as a program over arrays that stay in place.

    Parameters
    ----------
    function : callable
        ``function(x) -> Tensor``; it runs once, and its ops are recorded. It must run the same ops every time.
    example : Tensor
        An input; the plan is for its shape.
    parameters : sequence of Tensor
        Tensors that change between runs, and whose gradients are wanted; none for inference.
    """

    def __init__(self, function: Callable[[Tensor], Tensor], example: Tensor, parameters: Sequence[Tensor] = ()) -> None:
        precision = example.data.real.dtype
        self.parameters = list(parameters)
        self._places = [p.data for p in self.parameters]
        calls: list[tuple[Any, ...]] = []
        self.builder = builder = Builder(precision, [])
        source = Tensor(builder.program.empty(example.shape, example.data.dtype), example.space)
        source.data[...] = example.data
        self.source = source.data
        builder = self.builder = Builder(precision, [source, *self.parameters])
        with observe(lambda *call: calls.append(call)):
            if parameters:
                self.result = function(source)
            else:
                with no_grad():
                    self.result = function(source)
        for call in calls:
            builder.add(*call)
        if parameters:
            builder.gradients[id(self.result)] = np.ones(self.result.shape, precision)
            builder.add_backward()
        self.out = builder.value(self.result)

    @property
    def is_current(self) -> bool:
        """Whether the parameters still lie in the arrays that the plan knows."""
        return all(p.data is place for p, place in zip(self.parameters, self._places, strict=True))

    def run(self, source: np.ndarray) -> np.ndarray:
        """Copy an input into the plan and run it; the result is overwritten by the next run."""
        self.source[...] = source
        self.builder.program.run()
        return self.out

    def gradient(self, parameter: Tensor) -> np.ndarray:
        """Return the gradient of a parameter that the last run found."""
        return self.builder.gradients[id(parameter)]
