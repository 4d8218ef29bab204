"""Check that a computation uses real numbers only: watch every variable and result of freqnet while it runs."""

from __future__ import annotations

import sys
from collections.abc import Callable
from types import FrameType
from typing import Any

import numpy as np

from freqnet.autodiff import Tensor


def complex_arrays(run: Callable[[], Any]) -> set[str]:
    """Run a function; return the freqnet functions in which a variable or a result was complex."""
    found: set[str] = set()

    def watch(frame: FrameType, event: str, value: Any) -> None:
        if event == "return" and "freqnet" in frame.f_code.co_filename:
            values = [value, *frame.f_locals.values()]
            if any(is_complex(v) for v in values):
                found.add(frame.f_code.co_qualname)

    sys.setprofile(watch)
    try:
        run()
    finally:
        sys.setprofile(None)
    return found


def is_complex(value: Any) -> bool:
    """Whether a number, an array, a tensor, or anything in a tuple or list of these is complex."""
    if isinstance(value, Tensor):
        value = value.data
    if isinstance(value, tuple | list):
        return any(map(is_complex, value))
    return isinstance(value, np.ndarray | np.generic | complex) and np.iscomplexobj(value)
