"""Checks of numbers that are passed as arguments."""

from __future__ import annotations

import math
import numbers

import numpy as np

from freqnet.errors import ConfigurationError, got_expected


def is_whole(value: object) -> bool:
    """Tell whether a value is a whole number; ``True`` and ``False`` are not.

    Examples
    --------
    >>> is_whole(3), is_whole(3.0), is_whole("3"), is_whole(True)
    (True, False, False, False)
    """
    return isinstance(value, numbers.Integral) and not isinstance(value, bool)


def is_finite(value: object) -> bool:
    """Tell whether a value is a finite real number; ``True`` and ``False`` are not.

    Examples
    --------
    >>> is_finite(2), is_finite(0.5), is_finite(float("nan")), is_finite("2")
    (True, True, False, False)
    """
    try:
        return isinstance(value, numbers.Real) and not isinstance(value, bool) and math.isfinite(value)
    except OverflowError:  # a whole number beyond the range of float64
        return False


def shown(value: object, longest: int = 80) -> str:
    """Return an argument as text for a message: in one line, cut where it is long, without the types of NumPy.

    Examples
    --------
    >>> import numpy as np
    >>> shown("5"), shown(np.float64(5)), shown([1] * 100, longest=12)
    ("'5'", '5.0', '[1, 1, 1...]')
    """
    plain = value.item() if isinstance(value, np.generic) else value
    text = " ".join(repr(plain).split())
    return text if len(text) <= longest else f"{text[: longest - 4]}...{text[-1]}"


def number_in_range(
    name: str, value: object, low: float, below: float = math.inf, *, example: float, whole: bool = False
) -> float:
    """Return an argument as a float after checking that ``low <= value < below``.

    Parameters
    ----------
    name : str
        Name of the argument, for the message.
    value : object
        Value of the argument.
    low : float
        Smallest value allowed.
    below : float
        Upper limit, itself not allowed.
    example : float
        A value that works, for the message.
    whole : bool
        Whether only whole numbers are allowed.

    Returns
    -------
    float
        The value.

    Raises
    ------
    ConfigurationError
        The value is not a number, is not whole where it has to be, or lies outside the range.

    Examples
    --------
    >>> number_in_range("momentum", 0.9, 0, 1, example=0.9)
    0.9
    """
    # The comparison is written so that NaN fails it.
    if not isinstance(value, numbers.Real) or not low <= float(value) < below:
        expected = f"a number in [{low:g}, {below:g})"
    elif whole and float(value) % 1:
        expected = "a whole number"
    else:
        return float(value)
    raise ConfigurationError(got_expected(name, repr(value), expected, f"pass {name}={example:g}, say"))
