"""Checks of arguments that must be numbers."""

from __future__ import annotations

import numbers
from math import isfinite


def is_whole(value: object) -> bool:
    """Return whether a value is a whole number; a bool is not.

    >>> from freqnet.checks import is_whole
    >>> is_whole(3), is_whole(3.0), is_whole("3"), is_whole(True)
    (True, False, False, False)
    """
    return isinstance(value, numbers.Integral) and not isinstance(value, bool)


def is_finite(value: object) -> bool:
    """Return whether a value is a finite real number; a bool is not.

    >>> from freqnet.checks import is_finite
    >>> is_finite(2), is_finite(0.5), is_finite(float("nan")), is_finite("2")
    (True, True, False, False)
    """
    return isinstance(value, numbers.Real) and not isinstance(value, bool) and isfinite(value)
