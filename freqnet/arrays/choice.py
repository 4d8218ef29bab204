"""Which library an array belongs to."""

from __future__ import annotations

import sys
from functools import cache
from typing import Any

from freqnet.arrays.library import Library
from freqnet.errors import ConfigurationError, got_expected, require_package


def library_of(x: Any) -> Library:
    """Return the library of an array, by its type.

    Raises
    ------
    ConfigurationError
        It is no array of a known library, or array-api-compat is missing.
    """
    torch = sys.modules.get("torch")
    if torch is not None and isinstance(x, torch.Tensor):
        # PyTorch's own functions are faster than those of the standard, which convert types.
        from freqnet.torch.library import TORCH

        return TORCH
    compat = require_package("array_api_compat", "arrays of other libraries", "arrays")
    if not compat.is_array_api_obj(x):
        got, expected = f"a {type(x).__name__}", "an array of NumPy, PyTorch, CuPy, JAX or array-api-strict"
        raise ConfigurationError(got_expected("arrays", got, expected, "convert it, as by numpy.asarray(x)"))
    return _library(compat.array_namespace(x))


@cache
def _library(namespace: Any) -> Library:
    return Library(namespace)
