"""A function of one tensor under PyTorch's autograd, computed by freqnet on the memory of the CPU.

Where the layers allow it, the function runs as a plan (`freqnet.plan`), else on the tape. PyTorch's gradient of a
stored number is the derivative in that number; freqnet's is an element of the space of cotangents. The weights of the
inner product lead from one to the other.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
import torch

from freqnet.autodiff import Tensor, gradient
from freqnet.autodiff.tape import recording
from freqnet.errors import ConfigurationError, got_expected
from freqnet.spaces import Space

if TYPE_CHECKING:
    from freqnet.plan import Plan

# Plans of one shape that wait for the next pass, and shapes.
_MOST = 4
Gradients = tuple["np.ndarray | None", "list[np.ndarray | None]"]


class Pass(Protocol):
    """One forward pass, and the backward passes through it."""

    result: Tensor

    def backward(self, cotangent: Tensor) -> Gradients:
        """Return the gradients of the input and of the parameters."""
        ...


class TapePass:
    """A pass on the tape: see `Pass`."""

    def __init__(self, function: Callable[[Tensor], Tensor], x: Tensor, parameters: Sequence[Tensor]) -> None:
        self.wanted = [x, *parameters]
        with recording(True):
            self.result = function(x)

    def backward(self, cotangent: Tensor) -> Gradients:
        """Return the gradients of the input and of the parameters."""
        if not self.result.requires_grad:
            return None, [None] * (len(self.wanted) - 1)
        first, *others = (
            g.data if x.requires_grad else None
            for x, g in zip(self.wanted, gradient(self.result, self.wanted, cotangent), strict=True)
        )
        return first, others


class PlanPass:
    """A pass by a plan, which stays with it until its backward pass or its end: see `Pass`."""

    def __init__(self, plan: Plan, space: Space | None, x: Tensor, waiting: list[Plan]) -> None:
        self._plan: Plan | None = plan
        self._waiting = waiting
        self.result = Tensor(plan.run(x.data).copy(), space)

    def backward(self, cotangent: Tensor) -> Gradients:
        """Return the gradients of the input and of the parameters.

        Raises
        ------
        ConfigurationError
            The backward pass has run.
        """
        plan = self._plan
        if plan is None:
            todo = "run forward again, or pass backend='torch' to as_module"
            raise ConfigurationError(got_expected("backward", "a second pass through one forward pass", "one", todo))
        plan.run_backward(cotangent.data)
        # The next pass overwrites them.
        first, *others = (
            None if g is None else g.copy() for g in (plan.source_gradient, *map(plan.gradient, plan.parameters))
        )
        self._give_back()
        return first, others

    def _give_back(self) -> None:
        if self._plan is not None and len(self._waiting) < _MOST:
            self._waiting.append(self._plan)
        self._plan = None

    def __del__(self) -> None:
        self._give_back()


class Passes:
    """Passes through a function.

    Parameters
    ----------
    function : callable
        ``function(x) -> Tensor``.
    parameters : sequence of Tensor
    precision : dtype
    watch : callable
        ``watch(plan)`` names the dictionaries that must hold the parameters.
    """

    def __init__(
        self,
        function: Callable[[Tensor], Tensor],
        parameters: Sequence[Tensor],
        precision: Any,
        watch: Callable[[Plan], None],
    ) -> None:
        self.function, self.parameters, self.precision, self.watch = function, list(parameters), precision, watch
        self._waiting: dict[tuple, tuple[Space | None, list[Plan]]] = {}

    def on_tape(self, x: Tensor) -> Pass:
        """Run a pass op by op."""
        return TapePass(self.function, x, self.parameters)

    def by_plan(self, x: Tensor, key: tuple, quietly: Callable[[], Any]) -> Pass:
        """Run a pass by a plan.

        Parameters
        ----------
        x : Tensor
        key : tuple
            What the plan depends on, beside the shape of the input.
        quietly : callable
            ``with quietly():`` is what the function must run in when a plan is recorded.
        """
        key = (x.shape, x.requires_grad, *key)
        if key not in self._waiting and len(self._waiting) >= 2 * _MOST:
            self._waiting.clear()
        space, waiting = self._waiting.get(key, (None, []))
        plan = waiting.pop() if waiting else None
        if plan is None or not plan.is_current:
            waiting.clear()
            plan, space = self._recorded(x, quietly)
            self._waiting[key] = space, waiting
        return PlanPass(plan, space, x, waiting)

    def _recorded(self, x: Tensor, quietly: Callable[[], Any]) -> tuple[Plan, Space | None]:
        # Only where there are compiled kernels.
        from freqnet.plan import Plan

        spaces = []

        def function(source: Tensor) -> Tensor:
            out = self.function(source)
            spaces.append(out.space)
            return out

        with quietly(), recording(True), np.errstate(all="ignore"):
            plan = Plan(function, x, self.parameters, self.precision, parts=True)
        self.watch(plan)
        return plan, spaces[0]


class Apply(torch.autograd.Function):
    """A pass as a function of PyTorch: ``Apply.apply(run, x, space, *parameters)``.

    ``run(x)`` returns a `Pass` of a tensor; the space is that of the input, and the parameters are PyTorch's.
    """

    @staticmethod
    def forward(ctx: Any, run: Callable[[Tensor], Pass], x: Any, space: Space | None, *parameters: Any) -> Any:
        data = np.asarray(_numbers(x), order="C")
        if space is not None:
            data = space.project(data)
        ctx.passed = run(Tensor(data, space, ctx.needs_input_grad[1]))
        ctx.space = space
        # PyTorch then refuses a backward pass after a step that has changed them.
        ctx.save_for_backward(*parameters)
        return torch.from_numpy(ctx.passed.result.data)

    @staticmethod
    def backward(ctx: Any, g: Any) -> Any:
        if torch.is_grad_enabled():
            got, todo = "create_graph=True", "pass backend='torch' to as_module"
            raise ConfigurationError(got_expected("backward", got, "first derivatives on freqnet's kernels", todo))
        _ = ctx.saved_tensors
        result = ctx.passed.result
        with np.errstate(all="ignore"):
            first, others = ctx.passed.backward(Tensor(as_cotangent(_numbers(g), result), result.cotangent))
        if first is not None and ctx.space is not None:
            first = first * np.asarray(ctx.space.weights, first.real.dtype)
        return None, _tensor(first), None, *map(_tensor, others)


def _numbers(x: torch.Tensor) -> np.ndarray:
    """Return the numbers of a tensor; one that PyTorch will conjugate or negate when it is read has other ones."""
    return x.detach().resolve_conj().resolve_neg().numpy()


def as_cotangent(g: np.ndarray, result: Tensor) -> np.ndarray:
    """Return the cotangent that represents derivatives in the stored numbers of a tensor."""
    space = result.space
    if space is None:
        return np.asarray(g, order="C")
    weighted = g / np.asarray(space.weights, g.real.dtype)
    return np.ascontiguousarray(space.cotangent.project(weighted))


def _tensor(array: np.ndarray | None) -> torch.Tensor | None:
    return None if array is None else torch.from_numpy(np.asarray(array, order="C"))
