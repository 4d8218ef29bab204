"""The tables that tensors look operations up in: ops are written in terms of tensors, so tensors cannot import them."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from freqnet.autodiff.tape import Op

OPS: dict[str, Op] = {}
# Functions made of ops that the operators of tensors call.
FUNCTIONS: dict[str, Callable[..., Any]] = {}


def register_function(name: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Register a function made of ops under the name that an operator of tensors looks up."""

    def keep(function: Callable[..., Any]) -> Callable[..., Any]:
        FUNCTIONS[name] = function
        return function

    return keep
