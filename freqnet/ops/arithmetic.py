"""Arithmetic on plain tensors, and linear operations on plain tensors and signals."""

from __future__ import annotations

from dataclasses import replace
from functools import reduce
from typing import Any

import numpy as np

from freqnet.autodiff import Op, Tensor, linear, register
from freqnet.errors import ShapeError, SpaceError, got_expected
from freqnet.spaces.base import Space, require_signal


def same_space(a: Tensor, b: Tensor, what: str) -> Any:
    """Return the common space of two tensors.

    Raises
    ------
    SpaceError
        The tensors are in different spaces.
    """
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
    """Return the space of a sum; its support contains the supports of both terms."""
    space = same_space(a, b, "add")
    if space is None or a.space.support == b.space.support:
        return space
    both = a.space.support is not None and b.space.support is not None
    support = tuple(map(max, a.space.support, b.space.support)) if both else None
    return replace(space, support=support)


def plain(x: Tensor, what: str) -> Tensor:
    """Return the tensor if it is plain.

    Raises
    ------
    SpaceError
        The tensor is an element of a space, or the value is no tensor.
    """
    if not isinstance(x, Tensor):
        raise SpaceError(got_expected(what, f"a value of type {type(x).__name__}", "a tensor", "pass Tensor(array)"))
    if x.space is not None:
        raise SpaceError(got_expected(what, str(x.space), "plain numbers", "apply coordinates() to the signal first"))
    return x


def signal_space(x: Any, what: str) -> Space:
    """Return the space of a signal.

    Raises
    ------
    SpaceError
        The value is no tensor, plain numbers, or a response; the message names the operation `what`.
    """
    if not isinstance(x, Tensor):
        got, todo = f"a value of type {type(x).__name__}", "pass samples through analysis(samples, space) first"
        raise SpaceError(got_expected(what, got, "a signal in a domain", todo))
    return require_signal(x.space, what)


def require_one_shape(a: np.ndarray, b: np.ndarray, what: str) -> None:
    """Refuse two arrays of different rank of which both would be repeated, as (n, 1) and (n,) to (n, n).

    Arrays of one rank broadcast as in NumPy, and so does one that fits the last axes of the other.

    Raises
    ------
    ShapeError
        Both arrays would be repeated, or the shapes cannot be broadcast at all.
    """
    if a.shape == b.shape or (
        a.ndim == b.ndim and all(m == n or 1 in (m, n) for m, n in zip(a.shape, b.shape, strict=True))
    ):
        return
    try:
        shape = np.broadcast_shapes(a.shape, b.shape)
    except ValueError:
        todo = "give both one shape, or axes of length 1 where one is to be repeated"
        raise ShapeError(got_expected(what, f"shapes {a.shape} and {b.shape}", "shapes that fit", todo)) from None
    if shape not in (a.shape, b.shape):
        got, expected = f"shapes {a.shape} and {b.shape}, which would make {shape}", "one shape"
        todo = "reshape one of them; give both the same number of axes if every pair is meant"
        raise ShapeError(got_expected(what, got, expected, todo))


def require_lanes(values: Tensor, x: Tensor, what: str) -> None:
    """Raise `ShapeError` unless plain values and a signal have the same batch and channels, or 1 of them."""
    batch, channels = x.shape[-2:]
    shape = (1, 1, *values.shape)[-2:]
    if values.ndim > 2 or not all(m == n or 1 in (m, n) for m, n in zip(shape, (batch, channels), strict=True)):
        expected = f"plain (batch, channels), ({batch} or 1, {channels} or 1)"
        raise ShapeError(got_expected(what, f"shape {values.shape}", expected, "give one number per channel"))


def per_element(out: Tensor, *inputs: Any, **parameters: Any) -> int:
    """Cost of an op with one multiply-add per real element and two per complex element."""
    return out.data.size * (2 if np.iscomplexobj(out.data) else 1)


def _sum(a: Tensor, b: Tensor) -> Tensor:
    # Compare the spaces first: arrays from different spaces may have shapes that NumPy cannot add.
    space = sum_space(a, b)
    require_one_shape(a.data, b.data, "add")
    return Tensor(a.data + b.data, space)


def _product(a: Tensor, b: Tensor) -> Tensor:
    plain(a, "elementwise"), plain(b, "elementwise")
    require_one_shape(a.data, b.data, "product")
    return Tensor(a.data * b.data)


add: Op = register(
    Op(
        "add",
        forward=lambda a, b: _sum(a, b),
        vjps=(lambda g, out, a, b: sum_like(g, a), lambda g, out, a, b: sum_like(g, b)),
        cost=per_element,
        source="linearity",
    )
)

negate: Op = linear(
    "negate",
    lambda x: Tensor(-x.data, x.space),
    adjoint=lambda g, x: negate(g),
    source="linearity",
)

scale_by: Op = linear(
    "scale_by",
    lambda x, factor: Tensor(x.data * x.data.real.dtype.type(factor), x.space),
    adjoint=lambda g, x, factor: scale_by(g, factor=factor),
    source="linearity; the factor is a constant",
    cost=per_element,
)

sum_to: Op = linear(
    "sum_to",
    lambda x, shape: Tensor(reduced(x.data, shape), x.space),
    adjoint=lambda g, x, shape: broadcast_to(g, shape=x.shape),
    source="adjoint of broadcasting",
    cost=per_element,
)

broadcast_to: Op = linear(
    "broadcast_to",
    lambda x, shape: Tensor(np.ascontiguousarray(np.broadcast_to(x.data, shape)), x.space),
    adjoint=lambda g, x, shape: sum_to(g, shape=x.shape),
    source="adjoint of summation",
)

elementwise: Op = register(
    Op(
        "elementwise",
        forward=lambda a, b: _product(a, b),
        vjps=(
            lambda g, out, a, b: sum_like(elementwise(g, b), a),
            lambda g, out, a, b: sum_like(elementwise(g, a), b),
        ),
        cost=per_element,
        source="product of plain numbers",
    )
)

sum_: Op = linear(
    "sum",
    lambda x, axis, keepdims: Tensor(np.asarray(plain(x, "sum").data.sum(axis=axis, keepdims=keepdims))),
    adjoint=lambda g, x, axis, keepdims: _spread(g, x, axis),
    source="adjoint of broadcasting",
    cost=per_element,
)

reshape: Op = linear(
    "reshape",
    lambda x, shape: Tensor(plain(x, "reshape").data.reshape(shape)),
    adjoint=lambda g, x, shape: reshape(g, shape=x.shape),
    source="a permutation of coordinates",
)

transpose: Op = linear(
    "transpose",
    lambda x, axes: Tensor(np.transpose(plain(x, "transpose").data, axes)),
    adjoint=lambda g, x, axes: transpose(g, axes=tuple(np.argsort(axes))),
    source="a permutation of coordinates",
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

row: Op = linear(
    "row",
    lambda x, index: Tensor(plain(x, "row").data[index : index + 1]),
    adjoint=lambda g, x, index: place_row(g, index=index, rows=x.shape[0]),
    source="a selection of coordinates",
)

place_row: Op = linear(
    "place_row",
    lambda x, index, rows: Tensor(_placed(x.data, index, rows)),
    adjoint=lambda g, x, index, rows: row(g, index=index),
    source="adjoint of a selection of coordinates",
)

# Zeros after the elements along each axis; the adjoint takes the elements before them.
extend: Op = linear(
    "extend",
    lambda x, shape: Tensor(np.pad(plain(x, "extend").data, [(0, n - m) for n, m in zip(shape, x.shape, strict=True)])),
    adjoint=lambda g, x, shape: crop(g, shape=x.shape),
    source="an embedding of coordinates",
)

crop: Op = linear(
    "crop",
    lambda x, shape: Tensor(np.ascontiguousarray(plain(x, "crop").data[tuple(slice(n) for n in shape)])),
    adjoint=lambda g, x, shape: extend(g, shape=x.shape),
    source="adjoint of an embedding of coordinates",
)

cast: Op = linear(
    "cast",
    lambda x, precision: Tensor(plain(x, "cast").data.astype(precision, copy=False)),
    adjoint=lambda g, x, precision: cast(g, precision=x.dtype.name),
    source="the identity, in another precision",
)

# Channels are the last axis of signals and of plain numbers. The matrix is constant.
mix_channels: Op = linear(
    "mix_channels",
    lambda x, matrix: Tensor(x.data @ np.array(matrix, x.data.real.dtype), x.space),
    adjoint=lambda g, x, matrix: mix_channels(g, matrix=tuple(zip(*matrix, strict=True))),
    source="y[..., o] = sum_i x[..., i] M[i, o], with a constant matrix",
    cost=lambda out, x, matrix: per_element(out) * len(matrix),
)


def stack_rows(values: list[Tensor]) -> Tensor:
    """Stack plain tensors of one shape along a new first axis."""
    placed = [place_row(reshape(v, shape=(1, *v.shape)), index=i, rows=len(values)) for i, v in enumerate(values)]
    return reduce(add, placed)


def _placed(values: np.ndarray, index: int, rows: int) -> np.ndarray:
    out = np.zeros((rows, *values.shape[1:]), values.dtype)
    out[index] = values[0]
    return out


def sum_like(g: Tensor, x: Tensor) -> Tensor:
    """Return a gradient summed over the axes along which the input `x` was broadcast."""
    return g if g.shape == x.shape else sum_to(g, shape=x.shape)


def reduced(array: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
    """Return an array summed over the axes that `shape` lacks or where it is 1."""
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
        raise ShapeError(got_expected("matmul", f"{a.shape} @ {b.shape}", "(batch, n) @ (n, m)", "make n agree"))
    return a.data
