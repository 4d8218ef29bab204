"""The tape: the registry of ops, recording, and the reverse pass.

One op is one block: forward, one vector-Jacobian product an input, cost, source. A vjp is written in
the same ops on tensors, so running it while recording gives gradients of gradients for free.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import count
from typing import TYPE_CHECKING, Any

import numpy as np

# The two need each other: this one looks names up in the other only when ops run.
import freqnet.autodiff.tensor as tensors
from freqnet.errors import SpaceError, got_expected

if TYPE_CHECKING:
    from freqnet.autodiff.tensor import Tensor

OPS: dict[str, Op] = {}
# Functions made of ops that the tensor's operators call: registered, as OPS are, by name.
FUNCTIONS: dict[str, Callable[..., Any]] = {}

_ticket = count()


class _Recording:
    """Whether ops are recorded at the moment (one flag a process: the tape is not shared by threads)."""

    on = True


@dataclass(frozen=True, slots=True)
class Record:
    """How a tensor came to be: enough to run its op's vjps."""

    op: Op
    inputs: tuple[Tensor, ...]
    parameters: dict[str, Any]
    order: int


@dataclass(frozen=True, eq=False, slots=True)
class Op:
    """One primitive: what it computes, how gradients pass through it, what it costs, where it is from.

    Parameters
    ----------
    name : str
        Unique name in the registry.
    forward : callable
        ``forward(*inputs, **parameters) -> Tensor`` on tensors, without recording.
    vjps : sequence of callables or None, or one callable
        One an input, ``vjp(g, out, *inputs, **parameters) -> Tensor``, in ops on tensors: the adjoint
        of the derivative under the spaces' inner products. None where an input has no gradient. One
        callable returns those of all inputs at once: see `fused_vjps`.
    cost : callable
        ``cost(out, *inputs, **parameters) -> int``, real multiply-adds.
    source : str
        The formula or paper the op follows.
    """

    name: str
    forward: Callable[..., Tensor]
    vjps: Sequence[Callable[..., Tensor] | None] | Callable[..., Sequence[Tensor | None]]
    cost: Callable[..., int]
    source: str

    def __call__(self, *inputs: Any, **parameters: Any) -> Tensor:
        """Run the op, and record it when an input needs a gradient."""
        if not all(isinstance(x, tensors.Tensor) for x in inputs):
            like = next((x for x in inputs if isinstance(x, tensors.Tensor)), None)
            inputs = tuple(tensors.as_tensor(x, like) for x in inputs)
        out = self.forward(*inputs, **parameters)
        if _Recording.on and any(x.requires_grad for x in inputs):
            out.requires_grad = True
            out.record = Record(self, inputs, parameters, next(_ticket))
        for observer in _observers:
            observer(self, out, inputs, parameters)
        return out


def register(op: Op) -> Op:
    """Add an op to the registry; a name can be taken only once."""
    if op.name in OPS:
        raise ValueError(got_expected("op name", repr(op.name), "a new name", "rename the op"))
    OPS[op.name] = op
    return op


def register_function(name: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Register a function made of ops under the name the tensor's operators look up."""

    def keep(function: Callable[..., Any]) -> Callable[..., Any]:
        FUNCTIONS[name] = function
        return function

    return keep


_observers: list[Callable[[Op, Tensor, tuple[Tensor, ...], dict[str, Any]], None]] = []


@contextmanager
def observe(observer: Callable[..., None]) -> Iterator[None]:
    """Call ``observer(op, out, inputs, parameters)`` for every op that runs inside the block."""
    _observers.append(observer)
    try:
        yield
    finally:
        _observers.remove(observer)


@contextmanager
def recording(on: bool) -> Iterator[None]:
    """Record ops, or not, inside the block."""
    before, _Recording.on = _Recording.on, on
    try:
        yield
    finally:
        _Recording.on = before


def is_watched() -> bool:
    """Whether every op is to be run at the moment, as it is recorded or observed: nothing may be reused."""
    return _Recording.on or bool(_observers)


def no_grad() -> Any:
    """Keep no tape inside the block: evaluation and prediction.

    >>> from freqnet.autodiff import Tensor, no_grad
    >>> x = Tensor([1.0], requires_grad=True)
    >>> with no_grad():
    ...     y = x + x
    >>> y.requires_grad
    False
    """
    return recording(False)


def backward(output: Tensor, cotangent: Tensor | None = None) -> None:
    """Add the gradient of `output` to ``grad`` of every leaf that requires one, and drop the tape.

    Parameters
    ----------
    output : Tensor
        A scalar, or any tensor when `cotangent` is given.
    cotangent : Tensor, optional
        Of the shape of `output`, in the space of its gradients; 1 for a scalar.

    Raises
    ------
    SpaceError
        The output is not a scalar and no cotangent was given, or it has no history.

    Notes
    -----
    The reverse pass is iterative (no recursion), takes records latest first, and frees each cotangent
    and record as soon as it is used.
    """
    for leaf, g in _reverse(output, cotangent, keep=False):
        leaf.grad = g.data.copy() if leaf.grad is None else np.asarray(leaf.grad + g.data)


def gradient(
    output: Tensor, inputs: Tensor | Sequence[Tensor], cotangent: Tensor | None = None, create_graph: bool = False
) -> list[Tensor]:
    """Return the gradients of `output` with respect to `inputs`, leaving every ``grad`` as it was.

    With ``create_graph=True`` the gradients can be differentiated again.

    >>> import freqnet.ops
    >>> from freqnet.autodiff import Tensor, gradient
    >>> x = Tensor([3.0], requires_grad=True)
    >>> (g,) = gradient((x * x * x).sum(), [x], create_graph=True)
    >>> (h,) = gradient(g.sum(), [x])
    >>> g.data, h.data
    (array([27.]), array([18.]))
    """
    inputs = [inputs] if isinstance(inputs, tensors.Tensor) else inputs
    wanted = {id(x) for x in inputs}
    found = {
        id(leaf): g for leaf, g in _reverse(output, cotangent, keep=True, create_graph=create_graph, wanted=wanted)
    }
    return [found[id(x)] if id(x) in found else tensors.Tensor(x.data * 0, x.cotangent) for x in inputs]


def _reverse(
    output: Tensor,
    cotangent: Tensor | None,
    keep: bool,
    create_graph: bool = False,
    wanted: set[int] | None = None,
    beyond: bool = True,
) -> Iterator[tuple[Tensor, Tensor]]:
    """Yield (tensor, cotangent) for leaves, or for the `wanted` tensors (and go `beyond` them), latest first."""
    cotangents: dict[int, tuple[Tensor, Tensor]] = {id(output): (output, _start(output, cotangent))}
    queue = [(-_order(output), id(output))]
    while queue:
        _, key = heapq.heappop(queue)
        tensor, g = cotangents.pop(key)
        if (wanted is None and tensor.record is None) or (wanted is not None and key in wanted):
            yield tensor, g
        if tensor.record is None or (wanted is not None and key in wanted and not beyond):
            continue
        record = tensor.record
        if record is _USED:
            raise SpaceError(
                got_expected("backward", f"{tensor}, whose tape was used", "one not used yet", "run forward again")
            )
        if not keep:
            tensor.record = _USED
        with recording(create_graph):
            for x, gx in _pull_back(record, tensor, g):
                if id(x) in cotangents:
                    cotangents[id(x)] = (x, cotangents[id(x)][1] + gx)
                else:
                    cotangents[id(x)] = (x, gx)
                    heapq.heappush(queue, (-_order(x), id(x)))


# What stands for the record of a tensor that `backward` has passed; it comes first, before any leaf.
_USED = Record(None, (), {}, 1 << 62)  # type: ignore[arg-type]


def _pull_back(record: Record, out: Tensor, g: Tensor) -> Iterator[tuple[Tensor, Tensor]]:
    vjps = record.op.vjps
    if callable(vjps):
        found = vjps(g, out, *record.inputs, **record.parameters)
        yield from ((x, gx) for x, gx in zip(record.inputs, found, strict=True) if x.requires_grad and gx is not None)
        return
    for x, vjp in zip(record.inputs, vjps, strict=True):
        if x.requires_grad and vjp is not None:
            yield x, vjp(g, out, *record.inputs, **record.parameters)


def fused_vjps(composite: Callable[..., Tensor], fast: Callable[..., Any]) -> Callable[..., Sequence[Tensor | None]]:
    """Return the vjps of an op that does in one go what `composite` does in many ops.

    ``fast(g, out, *inputs, **parameters)`` returns the gradients of all inputs at once. It need not be made of
    ops: where gradients are to be differentiated again, those of `composite` stand in for it.
    """

    def vjps(g: Tensor, out: Tensor, *inputs: Tensor, **parameters: Any) -> Sequence[Tensor | None]:
        if not _Recording.on:
            return fast(g, out, *inputs, **parameters)
        wanted = {id(x) for x in inputs if x.requires_grad}
        again = composite(*inputs, **parameters)
        # Up to the op's own inputs and no further: what lies behind them is the tape's business.
        partials = _reverse(again, g, keep=True, create_graph=True, wanted=wanted, beyond=False)
        found = {id(x): gx for x, gx in partials}
        return [found.pop(id(x), None) for x in inputs]

    return vjps


def _order(tensor: Tensor) -> int:
    # Leaves come last: all their cotangents are summed before they are handed out.
    return -1 if tensor.record is None else tensor.record.order


def _start(output: Tensor, cotangent: Tensor | None) -> Tensor:
    if not output.requires_grad:
        raise SpaceError(
            got_expected("backward", "a tensor without history", "one made from parameters", "is this no_grad()?")
        )
    if cotangent is None:
        if output.data.size != 1 or output.space is not None:
            raise SpaceError(got_expected("backward", repr(output), "a scalar", "sum it, or pass a cotangent"))
        return tensors.Tensor(output.data * 0 + 1)
    if cotangent.shape != output.shape or cotangent.space != output.cotangent:
        raise SpaceError(got_expected("cotangent", repr(cotangent), repr(output), "give one of that kind"))
    return cotangent
