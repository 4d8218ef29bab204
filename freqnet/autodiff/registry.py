"""Registries of ops and functions by name. Tensors look them up here, because ops import tensors."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from freqnet.autodiff.tape import Op

OPS: dict[str, Op] = {}
# Functions of several ops that the operators of tensors call.
FUNCTIONS: dict[str, Callable[..., Any]] = {}


def register_function(name: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Return a decorator that adds a function to `FUNCTIONS` under a name."""

    def keep(function: Callable[..., Any]) -> Callable[..., Any]:
        FUNCTIONS[name] = function
        return function

    return keep
