"""The tape: ops, recording, and the reverse pass.

A vector-Jacobian product (vjp) is itself written in ops, so that recording it gives second derivatives. Recording and
observing apply to the current context (`contextvars`): other threads and asynchronous tasks are not affected.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable, Iterable, Iterator, Sequence
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
    """The op that made a tensor, with its arguments."""

    op: Op
    inputs: tuple[Tensor, ...]
    parameters: dict[str, Any]
    order: int
    saved: tuple[Tensor, ...] = ()


@dataclass(frozen=True, eq=False, slots=True)
class Op:
    """A primitive operation, with its derivatives, cost and source.

    Parameters
    ----------
    name : str
        Unique name in the registry.
    forward : callable
        ``forward(*inputs, **parameters) -> Tensor``; it works on arrays and is not recorded.
    vjps : sequence of callables or None, or one callable
        One per input: ``vjp(g, out, *inputs, **parameters) -> Tensor``, written in ops, applies the adjoint of the
        derivative under the inner products of the spaces. None for an input without gradient. A single callable returns
        the gradients of all inputs: see `fused_vjps`.
    cost : callable
        ``cost(out, *inputs, **parameters) -> int``, real multiply-adds.
    source : str
        The formula or paper that the op follows.
    saves : bool
        Whether `forward` returns ``(out, saved)``. The call then returns both tensors, and the vjps receive `saved`
        after `out`; no gradient passes through `saved`.
    """

    name: str
    forward: Callable[..., Any]
    vjps: Sequence[Callable[..., Tensor] | None] | Callable[..., Sequence[Tensor | None]]
    cost: Callable[..., int]
    source: str
    saves: bool = False

    def __call__(self, *inputs: Any, **parameters: Any) -> Any:
        """Run the op, and record it if an input requires a gradient."""
        if not all(isinstance(x, Tensor) for x in inputs):
            like = next((x for x in inputs if isinstance(x, Tensor)), None)
            inputs = tuple(as_tensor(x, like) for x in inputs)
        out, *saved = self.forward(*inputs, **parameters) if self.saves else (self.forward(*inputs, **parameters),)
        if _recording.get() and any(x.requires_grad for x in inputs):
            out.requires_grad = True
            out.record = Record(self, inputs, parameters, next(_ticket), tuple(saved))
        for observer in _observers.get():
            out.saved = tuple(saved)
            observer(self, out, inputs, parameters)
        return (out, *saved) if self.saves else out


def register(op: Op) -> Op:
    """Add an op to the registry and return it.

    Raises
    ------
    ValueError
        The name is taken.
    """
    if op.name in OPS:
        raise ValueError(got_expected("op name", repr(op.name), "a new name", "give the op another name"))
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
    """Turn recording on or off inside the block."""
    token = _recording.set(on)
    try:
        yield
    finally:
        _recording.reset(token)


def is_observed() -> bool:
    """Return whether somebody observes the ops: see `observe`."""
    return bool(_observers.get())


def is_watched() -> bool:
    """Return whether ops are recorded or observed, so that cached results must not be used."""
    return _recording.get() or bool(_observers.get())


def no_grad() -> Any:
    """Record no ops inside the block, as in evaluation and prediction.

    >>> from freqnet.autodiff import Tensor, no_grad
    >>> x = Tensor([1.0], requires_grad=True)
    >>> with no_grad():
    ...     y = x + x
    >>> y.requires_grad
    False
    """
    return recording(False)


def backward(output: Tensor, cotangent: Tensor | None = None) -> None:
    """Add the gradient of `output` to ``grad`` of every leaf that requires one, and free the tape.

    Parameters
    ----------
    output : Tensor
        A scalar, or any tensor when `cotangent` is given.
    cotangent : Tensor, optional
        Same shape as `output`, in the space ``output.cotangent``; by default 1.

    Raises
    ------
    SpaceError
        The output is no tensor or has no history, its tape was freed, it is not a scalar and no cotangent was given,
        or the cotangent has another shape or space.

    Notes
    -----
    The reverse pass is iterative, visits records from the latest to the earliest, and frees each cotangent and record
    after use.
    """
    for leaf, g in _reverse(output, cotangent, keep=False):
        leaf.grad = g.data.copy() if leaf.grad is None else np.asarray(leaf.grad + g.data)


def gradient(
    output: Tensor, inputs: Tensor | Sequence[Tensor], cotangent: Tensor | None = None, create_graph: bool = False
) -> list[Tensor]:
    """Return the gradients of `output` with respect to `inputs`, without changing any ``grad``.

    Parameters
    ----------
    output : Tensor
        A scalar, or any tensor when `cotangent` is given.
    inputs : Tensor or sequence of Tensor
        Leaves or intermediate results.
    cotangent : Tensor, optional
        Same shape as `output`, in the space ``output.cotangent``; by default 1.
    create_graph : bool
        Whether the gradients can be differentiated again.

    Returns
    -------
    list of Tensor
        One gradient per input; zeros if `output` does not depend on it.

    Raises
    ------
    SpaceError
        As for `backward`.

    Examples
    --------
    >>> import freqnet.ops
    >>> from freqnet.autodiff import Tensor, gradient
    >>> x = Tensor([3.0], requires_grad=True)
    >>> (g,) = gradient((x * x * x).sum(), [x], create_graph=True)
    >>> (h,) = gradient(g.sum(), [x])
    >>> g.data, h.data
    (array([27.]), array([18.]))
    """
    given = [inputs] if isinstance(inputs, Tensor) or not isinstance(inputs, Iterable) else inputs
    inputs = list(given)
    odd = [x for x in inputs if not isinstance(x, Tensor)]
    if odd:
        got = f"a value of type {type(odd[0]).__name__}"
        raise SpaceError(got_expected("inputs", got, "a tensor or several", "pass those that the output was made of"))
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
    past_wanted: bool = True,
) -> Iterator[tuple[Tensor, Tensor]]:
    """Yield (tensor, cotangent), latest first, for all leaves or for the tensors whose ids are `wanted`.

    Unless `past_wanted`, the pass does not continue behind a wanted tensor.
    """
    cotangents: dict[int, tuple[Tensor, Tensor]] = {id(output): (output, _start(output, cotangent))}
    queue = [(-_order(output), id(output))]
    while queue:
        _, key = heapq.heappop(queue)
        tensor, g = cotangents.pop(key)
        if (wanted is None and tensor.record is None) or (wanted is not None and key in wanted):
            yield tensor, g
        if tensor.record is None or (wanted is not None and key in wanted and not past_wanted):
            continue
        record = tensor.record
        if record is _USED:
            raise SpaceError(
                got_expected("backward", f"{tensor}, whose tape was used", "a tape not used yet", "run forward again")
            )
        if not keep:
            tensor.record = _USED
        with recording(create_graph):
            for x, gx in pull_back(record, tensor, g):
                if id(x) in cotangents:
                    cotangents[id(x)] = (x, cotangents[id(x)][1] + gx)
                else:
                    cotangents[id(x)] = (x, gx)
                    heapq.heappush(queue, (-_order(x), id(x)))


# Marks a tensor whose tape `backward` has freed. Its order sorts before all others, so that it is found at once.
_USED = Record(None, (), {}, 1 << 62)  # type: ignore[arg-type]


def pull_back(record: Record, out: Tensor, g: Tensor) -> Iterator[tuple[Tensor, Tensor]]:
    """Yield (input, gradient) for the inputs of an op that require one, given the gradient of its result."""
    vjps, given = record.op.vjps, (g, out, *record.saved, *record.inputs)
    if callable(vjps):
        found = vjps(*given, **record.parameters)
        yield from ((x, gx) for x, gx in zip(record.inputs, found, strict=True) if x.requires_grad and gx is not None)
        return
    for x, vjp in zip(record.inputs, vjps, strict=True):
        if x.requires_grad and vjp is not None:
            yield x, vjp(*given, **record.parameters)


@dataclass(frozen=True, eq=False, slots=True)
class FusedVjps:
    """The vjps of an op that computes in one pass what a composite computes in several ops: see `fused_vjps`."""

    composite: Callable[..., Any]
    fast: Callable[..., Any]

    def __call__(self, g: Tensor, out: Tensor, *rest: Tensor, **parameters: Any) -> Sequence[Tensor | None]:
        """Return the gradients of all inputs."""
        if not _recording.get():
            return self.fast(g, out, *rest, **parameters)
        inputs = rest[len(out.record.saved) :] if out.record is not None else rest
        wanted = {id(x) for x in inputs if x.requires_grad}
        again = self.composite(*inputs, **parameters)
        # Stop at the inputs of the op: the outer reverse pass continues from there.
        partials = _reverse(again, g, keep=True, create_graph=True, wanted=wanted, past_wanted=False)
        found = {id(x): gx for x, gx in partials}
        return [found.pop(id(x), None) for x in inputs]


def fused_vjps(composite: Callable[..., Any], fast: Callable[..., Any]) -> FusedVjps:
    """Return the vjps of an op that computes in one pass what `composite` computes in several ops.

    Parameters
    ----------
    composite : callable
        ``composite(*inputs, **parameters) -> Tensor``, written in ops. Its derivatives are used when the gradients
        are to be differentiated again, and it stands for the op where that is exported.
    fast : callable
        ``fast(g, out, *saved, *inputs, **parameters)`` returns the gradients of all inputs; it works on arrays.
    """
    return FusedVjps(composite, fast)


def _order(tensor: Tensor) -> int:
    # Leaves come last, when all their cotangents are summed.
    return -1 if tensor.record is None else tensor.record.order


def _start(output: Tensor, cotangent: Tensor | None) -> Tensor:
    if not isinstance(output, Tensor):
        raise SpaceError(got_expected("backward", type(output).__name__, "a tensor", "pass the loss itself"))
    if not output.requires_grad:
        raise SpaceError(
            got_expected(
                "backward",
                "a tensor without history",
                "a result of tensors with requires_grad=True",
                "compute it outside no_grad()",
            )
        )
    if cotangent is None:
        if output.data.size != 1 or output.space is not None:
            raise SpaceError(got_expected("backward", repr(output), "a scalar", "sum it, or pass a cotangent"))
        return Tensor(output.data * 0 + 1)
    if not isinstance(cotangent, Tensor):
        cotangent = Tensor(cotangent, output.cotangent)
    if cotangent.shape != output.shape or cotangent.space != output.cotangent:
        raise SpaceError(
            got_expected("cotangent", repr(cotangent), repr(output), "pass Tensor(array, output.cotangent)")
        )
    return cotangent
