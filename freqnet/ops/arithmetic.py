"""Arithmetic on plain tensors, and the linear operations signals share with them."""

from __future__ import annotations

from dataclasses import replace
from functools import reduce
from typing import Any

import numpy as np

from freqnet.autodiff import Op, Tensor, as_tensor, register
from freqnet.autodiff.tape import register_function
from freqnet.errors import ShapeError, SpaceError, got_expected


def same_space(a: Tensor, b: Tensor, what: str) -> Any:
    """Return the space two tensors share, or raise a message that names both."""
    if a.space != b.space:
        raise SpaceError(
            got_expected(
                what,
                f"{a.space or 'plain numbers'} and {b.space or 'plain numbers'}",
                "one space",
                "truncate, zero_pad or resample one",
            )
        )
    return a.space


def sum_space(a: Tensor, b: Tensor) -> Any:
    """Return the space of a sum: known to be zero somewhere only where both terms are."""
    space = same_space(a, b, "add")
    if space is None or a.space.support == b.space.support:
        return space
    both = a.space.support is not None and b.space.support is not None
    support = tuple(map(max, a.space.support, b.space.support)) if both else None
    return replace(space, support=support)


def plain(x: Tensor, what: str) -> Tensor:
    """Return a plain tensor, or raise: spectra have operations of their own."""
    if x.space is not None:
        raise SpaceError(got_expected(what, str(x.space), "plain numbers", "use the operation for signals"))
    return x


def free(out: Tensor, *inputs: Any, **parameters: Any) -> int:
    """The cost of an op that only moves data."""
    return 0


def per_element(out: Tensor, *inputs: Any, **parameters: Any) -> int:
    """The cost of an op that does one multiply-add an element (two real ones a complex element)."""
    return out.data.size * (2 if np.iscomplexobj(out.data) else 1)


add: Op = register(
    Op(
        "add",
        # The spaces are compared first: arrays of different ones may not even add.
        forward=lambda a, b: Tensor(space=sum_space(a, b), data=a.data + b.data),
        vjps=(lambda g, out, a, b: _sum_to(g, a), lambda g, out, a, b: _sum_to(g, b)),
        cost=per_element,
        source="linearity",
    )
)

negate: Op = register(
    Op(
        "negate",
        forward=lambda x: Tensor(-x.data, x.space),
        vjps=(lambda g, out, x: negate(g),),
        cost=free,
        source="linearity",
    )
)

scale_by: Op = register(
    Op(
        "scale_by",
        forward=lambda x, factor: Tensor(x.data * x.data.real.dtype.type(factor), x.space),
        vjps=(lambda g, out, x, factor: scale_by(g, factor=factor),),
        cost=per_element,
        source="linearity; the factor is a constant",
    )
)

sum_to: Op = register(
    Op(
        "sum_to",
        forward=lambda x, shape: Tensor(_reduce(x.data, shape), x.space),
        vjps=(lambda g, out, x, shape: broadcast_to(g, shape=x.shape),),
        cost=per_element,
        source="adjoint of broadcasting",
    )
)

broadcast_to: Op = register(
    Op(
        "broadcast_to",
        forward=lambda x, shape: Tensor(np.ascontiguousarray(np.broadcast_to(x.data, shape)), x.space),
        vjps=(lambda g, out, x, shape: sum_to(g, shape=x.shape),),
        cost=free,
        source="adjoint of summation",
    )
)

elementwise: Op = register(
    Op(
        "elementwise",
        forward=lambda a, b: Tensor(plain(a, "elementwise").data * plain(b, "elementwise").data),
        vjps=(
            lambda g, out, a, b: _sum_to(elementwise(g, b), a),
            lambda g, out, a, b: _sum_to(elementwise(g, a), b),
        ),
        cost=per_element,
        source="product of plain numbers",
    )
)

sum_: Op = register(
    Op(
        "sum",
        forward=lambda x, axis, keepdims: Tensor(np.asarray(plain(x, "sum").data.sum(axis=axis, keepdims=keepdims))),
        vjps=(lambda g, out, x, axis, keepdims: _spread(g, x, axis),),
        cost=per_element,
        source="adjoint of broadcasting",
    )
)

reshape: Op = register(
    Op(
        "reshape",
        forward=lambda x, shape: Tensor(plain(x, "reshape").data.reshape(shape)),
        vjps=(lambda g, out, x, shape: reshape(g, shape=x.shape),),
        cost=free,
        source="a permutation of coordinates",
    )
)

transpose: Op = register(
    Op(
        "transpose",
        forward=lambda x, axes: Tensor(np.transpose(plain(x, "transpose").data, axes)),
        vjps=(lambda g, out, x, axes: transpose(g, axes=tuple(np.argsort(axes))),),
        cost=free,
        source="a permutation of coordinates",
    )
)

matmul: Op = register(
    Op(
        "matmul",
        forward=lambda a, b: Tensor(_check_matmul(a, b) @ b.data),
        vjps=(
            lambda g, out, a, b: matmul(g, transpose(b, axes=(1, 0))),
            lambda g, out, a, b: matmul(transpose(a, axes=(1, 0)), g),
        ),
        cost=lambda out, a, b: out.data.size * a.shape[-1],
        source="matrix product of (batch, inputs) and (inputs, outputs)",
    )
)

row: Op = register(
    Op(
        "row",
        forward=lambda x, index: Tensor(plain(x, "row").data[index : index + 1]),
        vjps=(lambda g, out, x, index: place_row(g, index=index, rows=x.shape[0]),),
        cost=lambda out, x, index: 0,
        source="a selection of coordinates",
    )
)

place_row: Op = register(
    Op(
        "place_row",
        forward=lambda x, index, rows: Tensor(_placed(x.data, index, rows)),
        vjps=(lambda g, out, x, index, rows: row(g, index=index),),
        cost=lambda out, x, index, rows: 0,
        source="adjoint of a selection of coordinates",
    )
)


@register_function("plus")
def plus(a: Tensor, b: Any) -> Tensor:
    """Add tensors of one space, or a number to every sample of a signal."""
    b = as_tensor(b, a)
    if a.space is not None and b.space is None:
        from freqnet.ops.normalize import constant

        value = b if b.ndim >= 2 else reshape(b, shape=(1,) * (2 - b.ndim) + b.shape)
        b = constant(value, space=a.space)
    elif b.space is not None and a.space is None:
        return plus(b, a)
    elif a.space != b.space and a.space.origin != b.space.origin:
        from freqnet.ops.pool import aligned

        a, b = aligned(a, b)
    return add(a, b)


@register_function("times")
def times(a: Tensor, b: Any) -> Tensor:
    """Multiply: plain numbers, two signals (kept to the band of `a`), or anything by a number."""
    if isinstance(b, (int, float, np.floating, np.integer)):
        return scale_by(a, factor=float(b))
    b = as_tensor(b, a)
    if a.space is None and b.space is None:
        return elementwise(a, b)
    if a.space is not None and b.space is not None:
        from freqnet.ops.multiply import multiply

        return multiply(a, b)
    from freqnet.ops.normalize import scale

    return scale(a, b) if b.space is None else scale(b, a)


@register_function("divide")
def divide(a: Tensor, b: Any) -> Tensor:
    """Divide by a number or by a plain tensor."""
    if isinstance(b, (int, float, np.floating, np.integer)):
        return scale_by(a, factor=1.0 / float(b))
    from freqnet.ops.activate import power

    return times(a, power(as_tensor(b, a), exponent=-1.0))


def stack_rows(values: list[Tensor]) -> Tensor:
    """Stack plain tensors of one shape along a new first axis."""
    placed = [place_row(reshape(v, shape=(1, *v.shape)), index=i, rows=len(values)) for i, v in enumerate(values)]
    return reduce(add, placed)


def _placed(values: np.ndarray, index: int, rows: int) -> np.ndarray:
    out = np.zeros((rows, *values.shape[1:]), values.dtype)
    out[index] = values[0]
    return out


def _sum_to(g: Tensor, x: Tensor) -> Tensor:
    return g if g.shape == x.shape else sum_to(g, shape=x.shape)


def _reduce(array: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
    if array.shape == shape:
        return array
    extra = array.ndim - len(shape)
    axes = tuple(range(extra)) + tuple(i + extra for i, n in enumerate(shape) if n == 1)
    return np.add.reduce(array, axis=axes, keepdims=True).reshape(shape)


def _spread(g: Tensor, x: Tensor, axis: int | tuple[int, ...] | None) -> Tensor:
    axes = range(x.ndim) if axis is None else np.atleast_1d(axis) % x.ndim
    kept = tuple(1 if i in axes else n for i, n in enumerate(x.shape))
    return broadcast_to(reshape(g, shape=kept), shape=x.shape)


def _check_matmul(a: Tensor, b: Tensor) -> np.ndarray:
    plain(a, "matmul"), plain(b, "matmul")
    if a.ndim != 2 or b.ndim != 2 or a.shape[1] != b.shape[0]:
        raise ShapeError(got_expected("matmul", f"{a.shape} @ {b.shape}", "(batch, n) @ (n, m)", "check the features"))
    return a.data
