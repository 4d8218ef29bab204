"""Recording a function of tensors, once, as a program."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import nullcontext
from typing import Any

import numpy as np

import freqnet.plan.nodes
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
    precision : dtype, optional
        float32 or float64, by default that of the example. Ops in another precision have no kernels here.
    """

    def __init__(
        self,
        function: Callable[[Tensor], Tensor],
        example: Tensor,
        parameters: Sequence[Tensor] = (),
        precision: Any = None,
    ) -> None:
        self.parameters = list(parameters)
        self._places = [p.data for p in self.parameters]
        source = Tensor(np.ascontiguousarray(example.data).copy(), example.space)
        calls: list[tuple[Any, ...]] = []
        with observe(lambda *call: calls.append(call)), nullcontext() if parameters else no_grad():
            result = function(source)
        self._builder = builder = Builder(precision or example.data.real.dtype, [source, *self.parameters])
        last = {id(x): i for i, (_, _, inputs, _) in enumerate(calls) for x in inputs}
        for i, call in enumerate(calls):
            builder.add(*call)
            # A backward pass reads values again.
            for x in () if parameters else {id(x): x for x in call[2]}.values():
                if last[id(x)] == i and x is not source and x is not result:
                    builder.forget(x)
        self.source, self.result = source.data, builder.value(result)
        if parameters:
            builder.gradients[id(result)] = builder.program.constant(np.ones(result.shape))
            builder.add_backward()

    @property
    def is_current(self) -> bool:
        """Whether the parameters still lie in the arrays that the plan knows."""
        return all(p.data is place for p, place in zip(self.parameters, self._places, strict=True))

    def run(self, source: np.ndarray) -> np.ndarray:
        """Copy an input into the plan and run it.

        The input may have fewer examples along the first axis; the result then has as many. The next run overwrites it.
        """
        count = len(source)
        self.source[:count] = source
        self._builder.program.run()
        return self.result[:count] if count < len(self.source) else self.result

    def gradient(self, parameter: Tensor) -> np.ndarray | None:
        """Return the gradient of a parameter that the last run found; None if the result does not depend on it."""
        return self._builder.gradients.get(id(parameter))

    def value(self, x: Tensor) -> np.ndarray:
        """Return the values of a tensor that the recorded function made, as the last run found them."""
        return self._builder.value(x)
