"""Recording a function of tensors, once, as a program."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import nullcontext
from operator import attrgetter, is_
from typing import Any

import numpy as np

import freqnet.plan.nodes
import freqnet.plan.rules  # noqa: F401  (registers the rules)
from freqnet.autodiff import Tensor, no_grad, observe
from freqnet.kernels.program import Program
from freqnet.plan.builder import Builder, Part

_data, _trains = attrgetter("data"), attrgetter("requires_grad")


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
    storage : {"float32", "bfloat16"}
        How constant responses of convolutions are stored: see `freqnet.nn.Network.compile`.
    axis : int
        Axis of the input that counts the examples; in the result it is the first, or the last but one of a signal.
    parts : bool
        Whether the backward pass runs apart, by `run_backward`, from a gradient that the caller gives. `run` then runs
        the forward pass only. There must be parameters, or the example requires a gradient.
    """

    def __init__(
        self,
        function: Callable[[Tensor], Tensor],
        example: Tensor,
        parameters: Sequence[Tensor] = (),
        precision: Any = None,
        axis: int = 0,
        storage: str = "float32",
        parts: bool = False,
    ) -> None:
        self._before = (slice(None),) * axis
        self.parameters = list(parameters)
        self._places, self._trained = list(map(_data, self.parameters)), list(map(_trains, self.parameters))
        source = Tensor(np.ascontiguousarray(example.data).copy(), example.space, example.requires_grad)
        trains = bool(parameters) or source.requires_grad
        calls: list[tuple[Any, ...]] = []
        with observe(lambda *call: calls.append(call)), nullcontext() if trains else no_grad():
            result = function(source)
        self._builder = builder = Builder(precision or example.data.real.dtype, [source, *self.parameters], storage)
        builder.readers.update(id(x) for _, _, inputs, _ in calls for x in inputs)
        if not parts:
            builder.results.add(id(result))
        last = {id(x): i for i, (_, _, inputs, _) in enumerate(calls) for x in inputs}
        for i, call in enumerate(calls):
            builder.add(*call)
            # A backward pass reads values again.
            for x in () if trains else {id(x): x for x in call[2]}.values():
                if last[id(x)] == i and x is not source and x is not result:
                    builder.forget(x)
        self.source, self.result = source.data, builder.value(result)
        self._before_result = (slice(None),) * (0 if result.space is None else result.ndim - 2)
        self._in_place = builder.program.is_for_door_alone(self.source)
        self._recorded, self._apart, forward = source, parts, len(builder.program.calls)
        if trains:
            self._cotangent = builder.program.constant(np.ones(result.shape, result.dtype))
            builder.gradients[id(result)] = self._cotangent
            builder.add_backward()
        builder.finish()
        if parts:
            self._forward, self._backward = (builder.program.runner(c) for c in (slice(forward), slice(forward, None)))

    @property
    def program(self) -> Program:
        """The kernel calls."""
        return self._builder.program

    @property
    def parts(self) -> list[Part]:
        """The calls of each op, in the order in which they run."""
        return self._builder.parts

    @property
    def is_current(self) -> bool:
        """Whether parameters and states are still those that the plan knows, in the same arrays."""
        owners, names, known = self._builder.watched
        return (
            all(map(is_, map(_data, self.parameters), self._places))
            and all(map(is_, map(_trains, self.parameters), self._trained))
            and all(map(is_, map(dict.get, owners, names), known))
        )

    def watch(self, owner: dict[str, Any], name: str, known: Any) -> None:
        """Count the plan as current only as long as a dictionary holds this object under a name."""
        self._builder.watch(owner, name, known)

    def run(self, source: np.ndarray) -> np.ndarray:
        """Copy an input into the plan and run it.

        The input may have fewer examples; the result then has as many. The next run overwrites it.
        """
        if self._apart:
            self.source[...] = source
            self._forward()
            return self.result
        if source.shape == self.source.shape:
            self._builder.program.run(source, self.source, self._in_place)
            return self.result
        count = source.shape[len(self._before)]
        self.source[(*self._before, slice(count))] = source
        self._builder.program.run()
        return self.result[(*self._before_result, slice(count))]

    def run_backward(self, cotangent: np.ndarray) -> None:
        """Compute the gradients of the last run from that of its result, an element of the space of cotangents."""
        self._cotangent[...] = cotangent
        self._backward()

    def run_if_usual(self, source: np.ndarray, limits: np.ndarray) -> np.ndarray | None:
        """Return the result for an input of the plan's own shape, as a copy; None if something is unusual.

        Unusual are values beyond the limits (see `freqnet.kernels.program.Program.run_if_usual`), a result that is not
        finite, another precision or order, and a plan with ops that run on the tape.
        """
        given = source, self.source, self._in_place, limits, self.result
        return self.result.copy() if self._builder.program.run_if_usual(*given) else None

    def gradient(self, parameter: Tensor) -> np.ndarray | None:
        """Return the gradient of a parameter that the last run found; None if the result does not depend on it."""
        return self._builder.gradients.get(id(parameter))

    @property
    def source_gradient(self) -> np.ndarray | None:
        """The gradient of the input, if the example required one and the result depends on it."""
        return self.gradient(self._recorded)

    def value(self, x: Tensor) -> np.ndarray:
        """Return the values of a tensor that the recorded function made, as the last run found them."""
        return self._builder.value(x)
