"""Registration of the two families that most ops belong to: linear ops, and contractions of a trilinear form."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from freqnet.autodiff.tape import Op, register
from freqnet.autodiff.tensor import Tensor


def free(out: Tensor, *inputs: Any, **parameters: Any) -> int:
    """Cost of an op that only moves data: 0."""
    return 0


def linear(
    name: str,
    forward: Callable[..., Tensor],
    adjoint: Callable[..., Tensor],
    source: str,
    cost: Callable[..., int] = free,
) -> Op:
    """Register an op that is linear in its only input.

    Parameters
    ----------
    name : str
        Unique name in the registry.
    forward : callable
        ``forward(x, **parameters) -> Tensor``.
    adjoint : callable
        ``adjoint(g, x, **parameters) -> Tensor``, written in ops. It may use the shape and the space of `x`, but not
        its values.
    source : str
        The formula or paper that the op follows.
    cost : callable
        ``cost(out, x, **parameters) -> int``, real multiply-adds.

    Returns
    -------
    Op

    Examples
    --------
    >>> import freqnet.ops
    >>> from freqnet.autodiff import OPS, Tensor, check_gradients, linear
    >>> def twice_forward(x):
    ...     return Tensor(2 * x.data, x.space)
    >>> twice = linear("twice", twice_forward, lambda g, x: twice(g), source="2 x")
    >>> max(check_gradients(twice, [Tensor([1.0, -2.0])]).errors) < 1e-7
    True
    >>> _ = OPS.pop("twice")
    """
    vjp = lambda g, out, x, **parameters: adjoint(g, x, **parameters)
    return register(Op(name, forward, (vjp,), cost, source))


def trilinear(
    names: Sequence[str],
    forwards: Sequence[Callable[..., Tensor]],
    sources: Sequence[str],
    cost: Callable[..., int],
    reduce: Callable[[Tensor, Tensor], Tensor] = lambda g, x: g,
    third: Callable[[Tensor, dict[str, Any]], dict[str, Any]] = lambda h, parameters: parameters,
) -> tuple[Op, Op, Op]:
    """Register the three contractions of a trilinear form ``t(x, h, g)``; their derivatives are these ops again.

    Parameters
    ----------
    names, forwards, sources : three of each
        For ``out(x, h)``, its adjoint in the first argument ``x(g, h)``, and its adjoint in the second ``h(x, g)``.
    cost : callable
        ``cost(out, a, b, **parameters) -> int``, real multiply-adds; the same function for all three.
    reduce : callable
        ``reduce(gradient, like)`` sums a gradient over axes along which an input was broadcast.
    third : callable
        ``third(h, parameters)`` returns the parameters of the third op, if they differ.

    Returns
    -------
    tuple of Op
        The three ops, in the order of `names`.
    """
    family: list[Op] = []

    def out(x: Tensor, h: Tensor, parameters: dict[str, Any]) -> Tensor:
        return family[0](x, h, **parameters)

    def to_x(g: Tensor, h: Tensor, parameters: dict[str, Any]) -> Tensor:
        return family[1](g, h, **parameters)

    def to_h(x: Tensor, g: Tensor, h: Tensor, parameters: dict[str, Any]) -> Tensor:
        return family[2](x, g, **third(h, parameters))

    vjps: tuple[tuple[Callable[..., Tensor], Callable[..., Tensor]], ...] = (
        (
            lambda g, _, x, h, **p: reduce(to_x(g, h, p), x),
            lambda g, _, x, h, **p: reduce(to_h(x, g, h, p), h),
        ),
        (
            lambda x, _, g, h, **p: reduce(out(x, h, p), g),
            lambda x, _, g, h, **p: reduce(to_h(x, g, h, p), h),
        ),
        (
            lambda h, _, x, g, **p: reduce(to_x(g, h, p), x),
            lambda h, _, x, g, **p: reduce(out(x, h, p), g),
        ),
    )
    for name, forward, own, source in zip(names, forwards, vjps, sources, strict=True):
        family.append(register(Op(name, forward, own, cost, source)))
    return family[0], family[1], family[2]
