"""From recorded ops to kernel calls: the arrays of a plan, and the rules of the ops."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

import numpy as np

from freqnet.autodiff import Op, Tensor, no_grad
from freqnet.autodiff.tape import Record, pull_back
from freqnet.kernels.program import Program

Array = np.ndarray
# Appends the calls of the backward pass, given the gradient of the op's result.
Backward = Callable[[Array], None]
# ``rule(builder, out, inputs, **parameters)`` appends the calls of an op, and returns its backward pass; it returns
# None where the kernels do not cover the case, before it has appended anything.
Rule = Callable[..., Backward | None]
RULES: dict[str, Rule] = {}


def rule(*names: str) -> Callable[[Rule], Rule]:
    """Return a decorator that makes a function the rule of ops."""

    def keep(function: Rule) -> Rule:
        for name in names:
            RULES[name] = _either(RULES[name], function) if name in RULES else function
        return function

    return keep


def _either(one: Rule, other: Rule) -> Rule:
    """Return a rule that takes the second of two rules where the first does not cover the case."""
    return lambda *given, **parameters: one(*given, **parameters) or other(*given, **parameters)


class Builder:
    """The arrays of values and of gradients of a plan, and the program that fills them.

    Parameters
    ----------
    precision : dtype
        float32 or float64.
    varying : iterable of Tensor
        Tensors whose values change from run to run: the input and, in training, the parameters. Whatever does not
        depend on them is a constant of the plan.
    """

    def __init__(self, precision: Any, varying: Iterable[Tensor]) -> None:
        self.program = Program(precision)
        self.values: dict[int, Array] = {id(x): x.data for x in varying}
        self.gradients: dict[int, Array] = {}
        self._pending: list[tuple[Array, Array]] = []
        self._backward: list[tuple[Tensor, Backward]] = []
        # Tensors are known by their id, which is theirs only as long as they live.
        self._alive: list[Any] = [*varying]

    def varies(self, x: Tensor) -> bool:
        """Whether a tensor changes from run to run."""
        return id(x) in self.values

    def value(self, x: Tensor) -> Array:
        """The array of a tensor."""
        return self.values[id(x)] if id(x) in self.values else np.ascontiguousarray(x.data)

    def result(self, x: Tensor) -> Array:
        """Make the array of the result of an op."""
        return self.values.setdefault(id(x), self.program.empty(x.shape, x.data.dtype))

    def gradient(self, x: Tensor) -> Array | None:
        """Make the array for one contribution to the gradient of a tensor; None if it needs none."""
        if not x.requires_grad:
            return None
        array = self.program.empty(x.shape, x.data.dtype)
        if id(x) in self.gradients:
            self._pending.append((self.gradients[id(x)], array))
        else:
            self.gradients[id(x)] = array
        return array

    def gradient_or_scratch(self, x: Tensor) -> Array:
        """Make the array for a contribution to a gradient, for kernels that always compute it."""
        array = self.gradient(x)
        return self.program.empty(x.shape, x.data.dtype) if array is None else array

    def share_gradient(self, x: Tensor, g: Array) -> None:
        """Use an array as a contribution to the gradient of a tensor."""
        if x.requires_grad and id(x) in self.gradients:
            self._pending.append((self.gradients[id(x)], g))
        elif x.requires_grad:
            self.gradients[id(x)] = g

    def keep_saved(self, out: Tensor, *arrays: Array) -> None:
        """Name the arrays of what an op returns beside its result."""
        if out.record is not None:
            self.values |= {id(x): array for x, array in zip(out.record.saved, arrays, strict=True)}

    def forget(self, x: Tensor) -> None:
        """Release the array of a tensor that no later op reads."""
        array = self.values.pop(id(x), None)
        if array is not None and not any(np.shares_memory(array, other) for other in self.values.values()):
            self.program.release(array)

    def add(self, op: Op, out: Tensor, inputs: tuple[Tensor, ...], parameters: dict[str, Any]) -> None:
        """Append the forward pass of an op, unless its result is a constant."""
        self._alive.append((out, inputs))
        if not any(self.varies(x) for x in inputs):
            return
        known = RULES.get(op.name)
        one_precision = all(x.data.real.dtype == self.program.precision for x in (out, *inputs))
        backward = known(self, out, inputs, **parameters) if known and one_precision else None
        self._backward.append((out, backward or self._on_the_tape(op, out, inputs, parameters)))

    def add_backward(self) -> None:
        """Append the backward passes of all ops, the last first."""
        for out, backward in reversed(self._backward):
            if id(out) in self.gradients:
                backward(self.gradients[id(out)])
                for target, other in self._pending:
                    self.program.add(target, other)
                    self._release(other)
                self._pending.clear()
                self._release(self.gradients.pop(id(out)))

    def _release(self, array: Array) -> None:
        """Release an array unless it is also the gradient of another tensor."""
        if not any(np.shares_memory(array, other) for other in self.gradients.values()):
            self.program.release(array)

    def _on_the_tape(self, op: Op, out: Tensor, inputs: Sequence[Tensor], parameters: dict[str, Any]) -> Backward:
        """Append an op that has no kernel: its own functions run on the arrays of the plan."""
        given = tuple(Tensor(self.value(x), x.space, x.requires_grad) if self.varies(x) else x for x in inputs)
        made = Tensor(self.result(out), out.space)
        saved: list[Tensor] = []

        def forward() -> None:
            found, *saved[:] = op.forward(*given, **parameters) if op.saves else (op.forward(*given, **parameters),)
            made.data[...] = found.data

        def backward(g: Array) -> None:
            wanted = [(own, self.gradient(x)) for own, x in zip(given, inputs, strict=True)]
            targets = {id(own): target for own, target in wanted if target is not None}
            cotangent = Tensor(g, out.cotangent)

            def pull() -> None:
                for target in targets.values():
                    target[...] = 0
                with no_grad():
                    for own, gx in pull_back(Record(op, given, parameters, 0, tuple(saved)), made, cotangent):
                        targets[id(own)] += gx.data

            self.program.call(pull)

        self.program.call(forward)
        return backward
