"""What counts as a number, for checks of arguments."""

from __future__ import annotations

import numbers
from math import isfinite


def is_whole(value: object) -> bool:
    """Whether a value is a whole number; True and False are none.

    >>> is_whole(3), is_whole(3.0), is_whole("3"), is_whole(True)
    (True, False, False, False)
    """
    return isinstance(value, numbers.Integral) and not isinstance(value, bool)


def is_finite(value: object) -> bool:
    """Whether a value is a finite real number; True and False are none.

    >>> is_finite(2), is_finite(0.5), is_finite(float("nan")), is_finite("2")
    (True, True, False, False)
    """
    return isinstance(value, numbers.Real) and not isinstance(value, bool) and isfinite(value)
