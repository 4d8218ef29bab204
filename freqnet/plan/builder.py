"""From recorded ops to kernel calls: the arrays of a plan, and the rules of the ops."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from typing import Any, NamedTuple

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


class Part(NamedTuple):
    """The calls of one op in a program, in the forward or in the backward pass.

    Attributes
    ----------
    op : Op
    out : Tensor
        The result of the op when it was recorded.
    inputs : tuple of Tensor
    parameters : dict of str to Any
    is_backward : bool
    calls : slice
        Places of the calls in the program.
    """

    op: Op
    out: Tensor
    inputs: tuple[Tensor, ...]
    parameters: dict[str, Any]
    is_backward: bool
    calls: slice


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
    storage : {"float32", "bfloat16"}
        How constant responses of convolutions are stored in single precision.

    Attributes
    ----------
    program : Program
    parts : list of Part
        The calls of each op, in the order in which they run.
    results : set of int
        Ids of the tensors whose gradient is 1: the loss.
    """

    def __init__(self, precision: Any, varying: Iterable[Tensor], storage: str = "float32") -> None:
        self.program, self.storage = Program(precision), storage
        self.values: dict[int, Array] = {id(x): x.data for x in varying}
        self._given = set(self.values)
        self.results: set[int] = set()
        # Samples less an offset that are not computed yet, as (samples, offset per channel): the door may subtract it.
        self._shifted: dict[int, tuple[Array, Array]] = {}
        self.gradients: dict[int, Array] = {}
        # Numbers per channel by which a door multiplies its spectra.
        self.factors: dict[int, Array] = {}
        # Signals that are one number per channel, and are not filled yet: the op that adds them needs only the number.
        self._constants: dict[int, Array] = {}
        # How many ops read a tensor, and the names of the ops that made them.
        self.readers: Counter[int] = Counter()
        self._makers: dict[int, str] = {}
        # What must stay where it is: object by object, the dictionary, the name in it, and the object.
        self.watched: tuple[list[Any], list[Any], list[Any]] = ([], [], [])
        # Further contributions to gradients, by the tensor.
        self._pending: list[tuple[int, Array]] = []
        self._backward: list[tuple[Part, Backward]] = []
        self.parts: list[Part] = []
        # Tensors are known by their id, which is theirs only as long as they live.
        self._alive: list[Any] = [*varying]

    def watch(self, owner: dict[str, Any], name: str, known: Any) -> None:
        """Count the plan as current only as long as a dictionary holds this object under a name."""
        for items, item in zip(self.watched, (owner, name, known), strict=True):
            items.append(item)

    def varies(self, x: Tensor) -> bool:
        """Whether a tensor changes from run to run."""
        return id(x) in self.values

    def value(self, x: Tensor) -> Array:
        """The array of a tensor."""
        if id(x) in self._shifted:
            self._subtract(x, *self._shifted.pop(id(x)))
        if id(x) in self._constants:
            self._fill(x, self._constants.pop(id(x)))
        return self.values[id(x)] if id(x) in self.values else np.asarray(x.data, order="C")

    def keep_constant(self, out: Tensor, row: Array) -> None:
        """Let a result be a signal that is one number per channel."""
        self._constants[id(out)] = self.values[id(out)] = row

    def constant(self, x: Tensor) -> Array | None:
        """Return the numbers of a signal that is one number per channel, or None if it is another."""
        return self._constants.get(id(x))

    def _fill(self, x: Tensor, row: Array) -> None:
        out = self.values[id(x)] = self.program.empty(x.shape, x.data.dtype)
        self.program.zero(out)
        self.program.add_mean(out, x.space.centre, row)

    def may_overwrite(self, x: Tensor) -> bool:
        """Whether nobody needs the values of a tensor but the op that reads it now."""
        return self.readers[id(x)] == 1 and self._makers.get(id(x)) == "convolve"

    def same(self, out: Tensor, x: Tensor) -> None:
        """Let a result have the values of an input of its op."""
        if id(x) in self._shifted:
            self._shifted[id(out)] = self._shifted[id(x)]
        if id(x) in self._given:
            self._given.add(id(out))
        self.values[id(out)] = self.values[id(x)]

    def less_offset(self, out: Tensor, x: Tensor, offset: Array) -> bool:
        """Let a result be an input of the plan less one number per channel; return False if that is not possible."""
        if id(x) in self._given and not x.requires_grad:
            self.values[id(out)] = self._shifted.setdefault(id(out), (self.value(x), offset))[0]
        return id(out) in self._shifted

    def with_offset(self, x: Tensor) -> tuple[Array, Array]:
        """Return samples and the offset that is still to be subtracted from each channel."""
        none = np.zeros(x.shape[-1], self.program.precision)
        return self._shifted[id(x)] if id(x) in self._shifted else (self.value(x), none)

    def _subtract(self, x: Tensor, samples: Array, offset: Array) -> None:
        out = self.values[id(x)] = self.program.empty(x.shape, x.data.dtype)
        columns = (-1, x.shape[-1])
        self.program.add_rows(samples.reshape(columns), self.program.constant(-offset), out.reshape(columns))

    def result(self, x: Tensor) -> Array:
        """Make the array of the result of an op."""
        return self.values.setdefault(id(x), self.program.empty(x.shape, x.data.dtype))

    def gradient(self, x: Tensor) -> Array | None:
        """Make the array for one contribution to the gradient of a tensor; None if it needs none."""
        if not x.requires_grad:
            return None
        array = self.program.empty(x.shape, x.data.dtype)
        if id(x) in self.gradients:
            self._pending.append((id(x), array))
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
            self._pending.append((id(x), g))
        elif x.requires_grad:
            self.gradients[id(x)] = g

    def keep_saved(self, out: Tensor, *arrays: Array) -> None:
        """Name the arrays of what an op returns beside its result."""
        self.values |= {id(x): array for x, array in zip(out.saved, arrays, strict=True)}

    def forget(self, x: Tensor) -> None:
        """Release the array of a tensor that no later op reads."""
        array = self.values.pop(id(x), None)
        if array is not None and not any(np.shares_memory(array, other) for other in self.values.values()):
            self.program.release(array)

    def add(self, op: Op, out: Tensor, inputs: tuple[Tensor, ...], parameters: dict[str, Any]) -> None:
        """Append the forward pass of an op, unless its result is a constant."""
        self._alive.append((out, inputs, out.saved))
        self._makers[id(out)] = op.name
        if not any(self.varies(x) for x in inputs):
            return
        known = RULES.get(op.name)
        one_precision = all(x.data.real.dtype == self.program.precision for x in (out, *inputs))
        first = len(self.program.calls)
        backward = known(self, out, inputs, **parameters) if known and one_precision else None
        backward = backward or self._on_the_tape(op, out, inputs, parameters)
        self.parts.append(Part(op, out, inputs, parameters, False, slice(first, len(self.program.calls))))
        self._backward.append((self.parts[-1], backward))

    def add_backward(self) -> None:
        """Append the backward passes of all ops, the last first."""
        for part, backward in reversed(self._backward):
            out, first = part.out, len(self.program.calls)
            if id(out) in self.gradients:
                backward(self.gradients[id(out)])
                for key, other in self._pending:
                    self.program.add(self._own(key), other)
                for _, other in self._pending:
                    self._release(other)
                self._pending.clear()
                self._release(self.gradients.pop(id(out)))
                calls = slice(first, len(self.program.calls))
                self.parts.append(part._replace(is_backward=True, calls=calls))

    def finish(self) -> None:
        """Forget the functions that append backward passes.

        They refer to the builder: memory of a plan that is dropped would be kept until Python looks for cycles, which
        it may not do for minutes.
        """
        self._backward.clear()

    def _own(self, key: int) -> Array:
        """Return the gradient of a tensor, to which others are added; a copy, if it is also that of another tensor."""
        gradient = self.gradients[key]
        if any(np.shares_memory(array, gradient) for other, array in self.gradients.items() if other != key):
            self.gradients[key] = self.program.empty(gradient.shape, gradient.dtype)
            self.program.copy(gradient, self.gradients[key])
        return self.gradients[key]

    def _release(self, array: Array) -> None:
        """Release an array unless it is also the gradient of another tensor."""
        if not any(np.shares_memory(array, other) for other in self.gradients.values()):
            self.program.release(array)

    def _on_the_tape(self, op: Op, out: Tensor, inputs: Sequence[Tensor], parameters: dict[str, Any]) -> Backward:
        """Append an op that has no kernel: its own functions run on the arrays of the plan."""
        given = tuple(Tensor(self.value(x), x.space, x.requires_grad) if self.varies(x) else x for x in inputs)
        made = Tensor(self.result(out), out.space)
        saved = [Tensor(self.result(x), x.space) for x in out.saved]

        @np.errstate(over="ignore", invalid="ignore")
        def forward() -> None:
            found, *others = op.forward(*given, **parameters) if op.saves else (op.forward(*given, **parameters),)
            for own, x in zip((made, *saved), (found, *others), strict=True):
                own.data[...] = x.data

        def backward(g: Array) -> None:
            wanted = [(own, self.gradient(x)) for own, x in zip(given, inputs, strict=True)]
            targets = {id(own): target for own, target in wanted if target is not None}
            cotangent = Tensor(g, out.cotangent)

            @np.errstate(over="ignore", invalid="ignore")
            def pull() -> None:
                for target in targets.values():
                    target[...] = 0
                with no_grad():
                    for own, gx in pull_back(Record(op, given, parameters, 0, tuple(saved)), made, cotangent):
                        targets[id(own)] += gx.data

            self.program.call(pull)

        self.program.call(forward)
        return backward
