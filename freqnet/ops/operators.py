"""The arithmetic operators of tensors, on numbers, plain tensors and signals."""

from __future__ import annotations

from typing import Any

import numpy as np

from freqnet.autodiff import Tensor, as_tensor
from freqnet.autodiff.registry import register_function
from freqnet.ops.arithmetic import add, elementwise, require_lanes, reshape, scale_by
from freqnet.ops.multiply import multiply
from freqnet.ops.normalize import constant, scale
from freqnet.ops.pointwise import power
from freqnet.ops.pool import aligned

_NUMBERS = (int, float, np.floating, np.integer)


@register_function("plus")
def plus(a: Tensor, b: Any) -> Tensor:
    """Add two tensors of one space, or a constant to a signal."""
    b = as_tensor(b, a)
    if a.space is not None and b.space is None:
        value = b if b.ndim >= 2 else reshape(b, shape=(1,) * (2 - b.ndim) + b.shape)
        require_lanes(value, a, "constant")
        b = constant(value, space=a.space)
    elif b.space is not None and a.space is None:
        return plus(b, a)
    elif a.space != b.space and a.space.origin != b.space.origin:
        a, b = aligned(a, b)
    return add(a, b)


@register_function("times")
def times(a: Tensor, b: Any) -> Tensor:
    """Multiply by a number or pointwise by a tensor; a product of signals keeps the band of `a`."""
    if isinstance(b, _NUMBERS):
        return scale_by(a, factor=float(b))
    b = as_tensor(b, a)
    if a.space is None and b.space is None:
        return elementwise(a, b)
    if a.space is not None and b.space is not None:
        return multiply(a, b)
    return scale(a, b) if b.space is None else scale(b, a)


@register_function("divide")
def divide(a: Tensor, b: Any) -> Tensor:
    """Divide by a number or by a plain tensor."""
    if isinstance(b, _NUMBERS):
        return scale_by(a, factor=1.0 / float(b))
    return times(a, power(as_tensor(b, a), exponent=-1.0))
