"""Checks and conversions of values that are passed as arguments."""

from __future__ import annotations

import math
import numbers
import os
from collections.abc import Callable, Sequence
from operator import is_
from typing import Any

import numpy as np

from freqnet.errors import ConfigurationError, ShapeError, got_expected


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


def listed(value: object) -> tuple[Any, ...] | None:
    """Return the members of a sequence, or of an array of one axis, as plain values; None for anything else.

    Examples
    --------
    >>> listed(range(2)), listed(np.arange(2)), listed("01"), listed(3)
    ((0, 1), (0, 1), None, None)
    """
    if isinstance(value, np.ndarray) and value.ndim == 1:
        value = value.tolist()
    return tuple(value) if isinstance(value, Sequence) and not isinstance(value, (str, bytes)) else None


def require_count(name: str, value: object, example: int) -> int:
    """Return an argument as an int after checking that it is a whole number of 1 or more.

    Parameters
    ----------
    name : str
        Name of the argument, for the message.
    value : object
        Value of the argument.
    example : int
        A value that works, for the message.

    Raises
    ------
    ConfigurationError
        The value is anything else.

    Examples
    --------
    >>> require_count("epochs", np.int64(3), 5)
    3
    """
    if not isinstance(value, numbers.Integral) or not is_whole(value) or value < 1:
        todo = f"pass {name}={example}"
        raise ConfigurationError(got_expected(name, shown(value), "a whole number of 1 or more", todo))
    return int(value)


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


def plain_value(name: str, value: object, keep: Callable[[Any], bool] = lambda value: False) -> Any:
    """Return a setting as plain data, which a file can hold: numbers, text and tuples of Python.

    NumPy's numbers become Python's, arrays and lists become tuples; dictionaries keep their names. Plain data is
    returned as the same object.

    Parameters
    ----------
    name : str
        Name of the setting, for the message.
    value : object
        Value of the setting.
    keep : callable
        ``keep(value)`` tells whether a value that is no plain data stays as it is, such as a layer inside a layer.

    Returns
    -------
    None, bool, int, float, str, tuple or dict

    Raises
    ------
    ConfigurationError
        The value, or one inside it, is a function, a class, a set or another object that a file cannot hold.

    Examples
    --------
    >>> import numpy as np
    >>> plain_value("size", np.int64(3)), plain_value("interval", np.array([-1.0, 1.0]))
    (3, (-1.0, 1.0))
    """
    if value is None or keep(value) or type(value) in (bool, int, float, str):
        return value
    if isinstance(value, np.ndarray):
        value = value.tolist()
    if isinstance(value, (bool, np.bool_)):
        return bool(value)
    if isinstance(value, str):
        return str.__str__(value)
    if isinstance(value, numbers.Real):
        return int(value) if isinstance(value, numbers.Integral) else float(value)
    if isinstance(value, (list, tuple)):
        items = tuple(plain_value(name, item, keep) for item in value)
        return value if type(value) is tuple and all(map(is_, items, value)) else items
    if isinstance(value, dict) and all(isinstance(key, str) for key in value):
        named = {key: plain_value(name, item, keep) for key, item in value.items()}
        return value if type(value) is dict and all(map(is_, named.values(), value.values())) else named
    raise ConfigurationError(_not_plain(name, value))


def _not_plain(name: str, value: object) -> str:
    expected = "a number, a text, a layer, or a tuple of them, which a file can hold"
    if isinstance(value, type):
        return got_expected(name, f"the class {value.__name__}", expected, f"make an instance: {value.__name__}(...)")
    own = getattr(value, "__name__", None)
    if callable(value) and isinstance(own, str):
        example = repr(own) if own.isidentifier() else "'tanh'"
        todo = f"pass the name of a known function, as {name}={example}, or its coefficients"
        return got_expected(name, f"the function {own}", expected, todo)
    todo = f"pass {name}={tuple(value)!r}" if isinstance(value, (set, frozenset)) else f"pass {name} as plain data"
    return got_expected(name, f"{type(value).__name__} {value!r}", expected, todo)


def require_room(name: str, shape: tuple[int, ...], itemsize: int = 8) -> None:
    """Raise `ShapeError` unless an array fits the memory of this machine, before it is made.

    Parameters
    ----------
    name : str
        The argument that gives the array its size, for the message.
    shape : tuple of int
        Shape of the array.
    itemsize : int
        Bytes per number.

    Raises
    ------
    ShapeError
        The array would take more than the physical memory.

    Examples
    --------
    >>> require_room("outputs", (200, 10))
    >>> require_room("outputs", (200, 10**15))
    Traceback (most recent call last):
    freqnet.errors.ShapeError: outputs: got an array of 200x1000000000000000 numbers (1.5e+09 GiB), ...
    """
    count, room = math.prod(shape), _physical_memory()
    if count * itemsize <= room:
        return
    sizes = "x".join(str(n) if n < 10**18 else f"{float(min(n, 10**300)):.0e}" for n in shape)
    size = min(count, 10**300) * itemsize / 2**30
    expected = f"at most the {room / 2**30:.0f} GiB of this machine"
    got = f"an array of {sizes} numbers ({size:.2g} GiB)"
    raise ShapeError(got_expected(name, got, expected, f"pass a smaller {name}"))


def _physical_memory() -> float:
    """Return the bytes of memory of this machine; infinity where the system does not tell them."""
    try:
        return float(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES"))
    except (AttributeError, ValueError, OSError):
        return math.inf
