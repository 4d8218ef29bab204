"""The tape: ops, recording, and the reverse pass.

One op is one block: forward, one vector-Jacobian product per input, cost, source. A vjp is written in the same ops on
tensors, so running it while recording gives gradients of gradients. Recording and observing are per context
(`contextvars`): a block in one thread or asynchronous task says nothing about another.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from itertools import count
from typing import Any

import numpy as np

from freqnet.autodiff.registry import OPS
from freqnet.autodiff.tensor import Tensor, as_tensor
from freqnet.errors import SpaceError, got_expected

Observer = Callable[..., None]

_ticket = count()
_recording: ContextVar[bool] = ContextVar("recording", default=True)
_observers: ContextVar[tuple[Observer, ...]] = ContextVar("observers", default=())


@dataclass(frozen=True, slots=True)
class Record:
    """How a tensor came to be: enough to run its op's vjps."""

    op: Op
    inputs: tuple[Tensor, ...]
    parameters: dict[str, Any]
    order: int
    saved: tuple[Tensor, ...] = ()


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
        One per input, ``vjp(g, out, *inputs, **parameters) -> Tensor``, in ops on tensors: the adjoint of the
        derivative under the spaces' inner products. None where an input has no gradient. One callable returns those of
        all inputs at once: see `fused_vjps`.
    cost : callable
        ``cost(out, *inputs, **parameters) -> int``, real multiply-adds.
    source : str
        The formula or paper the op follows.
    saves : bool
        Whether `forward` returns ``(out, saved)``: a second tensor, without history, that the call hands out and that
        the vjps receive after `out`.
    """

    name: str
    forward: Callable[..., Any]
    vjps: Sequence[Callable[..., Tensor] | None] | Callable[..., Sequence[Tensor | None]]
    cost: Callable[..., int]
    source: str
    saves: bool = False

    def __call__(self, *inputs: Any, **parameters: Any) -> Any:
        """Run the op, and record it when an input needs a gradient."""
        if not all(isinstance(x, Tensor) for x in inputs):
            like = next((x for x in inputs if isinstance(x, Tensor)), None)
            inputs = tuple(as_tensor(x, like) for x in inputs)
        out, *saved = self.forward(*inputs, **parameters) if self.saves else (self.forward(*inputs, **parameters),)
        if _recording.get() and any(x.requires_grad for x in inputs):
            out.requires_grad = True
            out.record = Record(self, inputs, parameters, next(_ticket), tuple(saved))
        for observer in _observers.get():
            observer(self, out, inputs, parameters)
        return (out, *saved) if self.saves else out


def register(op: Op) -> Op:
    """Add an op to the registry; a name can be taken only once."""
    if op.name in OPS:
        raise ValueError(got_expected("op name", repr(op.name), "a new name", "rename the op"))
    OPS[op.name] = op
    return op


@contextmanager
def observe(observer: Observer) -> Iterator[None]:
    """Call ``observer(op, out, inputs, parameters)`` for every op that runs inside the block."""
    token = _observers.set((*_observers.get(), observer))
    try:
        yield
    finally:
        _observers.reset(token)


@contextmanager
def recording(on: bool) -> Iterator[None]:
    """Record ops, or not, inside the block."""
    token = _recording.set(on)
    try:
        yield
    finally:
        _recording.reset(token)


def is_watched() -> bool:
    """Whether ops are recorded or observed at the moment, so that every one must run and nothing may be reused."""
    return _recording.get() or bool(_observers.get())


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
    inputs = [inputs] if isinstance(inputs, Tensor) else inputs
    wanted = {id(x) for x in inputs}
    found = {
        id(leaf): g for leaf, g in _reverse(output, cotangent, keep=True, create_graph=create_graph, wanted=wanted)
    }
    return [found[id(x)] if id(x) in found else Tensor(x.data * 0, x.cotangent) for x in inputs]


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
    vjps, given = record.op.vjps, (g, out, *record.saved, *record.inputs)
    if callable(vjps):
        found = vjps(*given, **record.parameters)
        yield from ((x, gx) for x, gx in zip(record.inputs, found, strict=True) if x.requires_grad and gx is not None)
        return
    for x, vjp in zip(record.inputs, vjps, strict=True):
        if x.requires_grad and vjp is not None:
            yield x, vjp(*given, **record.parameters)


def fused_vjps(composite: Callable[..., Any], fast: Callable[..., Any]) -> Callable[..., Sequence[Tensor | None]]:
    """Return the vjps of an op that does at once what `composite` does in many ops.

    ``fast(g, out, *saved, *inputs, **parameters)`` returns the gradients of all inputs at once. It need not be made of
    ops: where gradients are to be differentiated again, those of ``composite(*inputs, **parameters)`` replace it.
    """

    def vjps(g: Tensor, out: Tensor, *rest: Tensor, **parameters: Any) -> Sequence[Tensor | None]:
        if not _recording.get():
            return fast(g, out, *rest, **parameters)
        inputs = rest[len(out.record.saved) :] if out.record is not None else rest
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
        return Tensor(output.data * 0 + 1)
    if cotangent.shape != output.shape or cotangent.space != output.cotangent:
        raise SpaceError(got_expected("cotangent", repr(cotangent), repr(output), "give one of that kind"))
    return cotangent
