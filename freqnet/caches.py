"""One cache for arrays that functions compute from sizes, bounded in bytes.

Matrices of transforms, tables of nodes and lists of modes depend on a few whole numbers and are needed at every step of
a training, so they are kept. A bound on their number would not bound the memory, because one array may take a kilobyte
or a gigabyte. All functions share one bound. When it is reached, the arrays that were used the longest time ago go
first.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from functools import wraps
from threading import RLock
from typing import Any, ParamSpec, TypeVar

import numpy as np
from cachetools import LRUCache

from freqnet.errors import ConfigurationError, got_expected

P = ParamSpec("P")
R = TypeVar("R")
# Bytes that all functions together keep, and bytes of the largest single array that a function makes.
MOST_KEPT, MOST_MADE = 1 << 28, 1 << 30
# Bytes of a key and its places in the cache, and of a number in an array of Python objects.
_ENTRY, _OBJECT = 1 << 9, 1 << 8


def size_of(value: Any) -> int:
    """Return the bytes that a cached value takes.

    >>> import numpy as np
    >>> from freqnet.caches import size_of
    >>> size_of(np.zeros(1000)), size_of((np.zeros(1000), np.zeros(500)))
    (8000, 12056)
    """
    if isinstance(value, np.ndarray):
        # A view keeps the whole array that it shows.
        whole = value if value.base is None else value.base
        numbers = value.nbytes if not isinstance(whole, np.ndarray) else max(value.nbytes, whole.nbytes)
        return numbers + (_OBJECT * value.size if value.dtype == object else 0)
    if isinstance(value, tuple):
        return sys.getsizeof(value) + sum(map(size_of, value))
    return getattr(value, "nbytes", None) or sys.getsizeof(value)


class _Shared:
    """The values that are kept, by function and arguments.

    A value larger than the bound is kept alone in `large` until another one replaces it: a network that needs it needs
    it at every step.
    """

    values: LRUCache = LRUCache(MOST_KEPT, getsizeof=lambda value: size_of(value) + _ENTRY)
    large: dict[tuple, Any] = {}  # noqa: RUF012
    lock = RLock()

    @classmethod
    def keep(cls, key: tuple, value: Any) -> Any:
        """Keep a value; return the one that another thread has kept meanwhile, if any."""
        with cls.lock:
            try:
                return cls.values.setdefault(key, value)
            except ValueError:  # larger than the whole cache
                cls.large = {key: cls.large.get(key, value)}
                return cls.large[key]


def cached(function: Callable[P, R]) -> Callable[P, R]:
    """Keep the results of a function of hashable positional arguments, within the bound that all functions share.

    Results are shared by all callers and threads; arrays become read-only. Two threads that ask for the same result at
    the same time may both compute it, but receive the same one.

    Parameters
    ----------
    function : callable
        Returns an array, a tuple of arrays, or an object whose size in bytes is its attribute ``nbytes``.

    Examples
    --------
    >>> import numpy as np
    >>> from freqnet.caches import cached
    >>> @cached
    ... def squares(count):
    ...     return np.arange(count) ** 2
    >>> squares(4) is squares(4)
    True
    """

    @wraps(function)
    def kept(*arguments: P.args, **options: P.kwargs) -> R:
        key = (function, *arguments, *options.items())
        with _Shared.lock:
            try:
                return _Shared.values[key]
            except KeyError:
                if key in _Shared.large:
                    return _Shared.large[key]
        return _Shared.keep(key, _read_only(function(*arguments, **options)))

    return kept


def _read_only(value: Any) -> Any:
    for array in value if isinstance(value, tuple) else (value,):
        if isinstance(array, np.ndarray):
            array.setflags(write=False)
    return value


def clear() -> None:
    """Forget all results."""
    with _Shared.lock:
        _Shared.values.clear()
        _Shared.large = {}


def kept_bytes() -> int:
    """Return the bytes of all results that are kept."""
    with _Shared.lock:
        return int(_Shared.values.currsize) + sum(map(size_of, _Shared.large.values()))


def require_memory(what: str, numbers: int, item: int, todo: str) -> None:
    """Check that an array is not absurdly large before it is made.

    Parameters
    ----------
    what : str
        What the array is, for the message.
    numbers : int
        Its number of entries.
    item : int
        Bytes per entry.
    todo : str
        What to do instead.

    Raises
    ------
    ConfigurationError
        It takes more than 1 GiB.

    Examples
    --------
    >>> from freqnet.caches import require_memory
    >>> require_memory("matrix of 441000 x 441000 numbers", 441_000**2, 8, "pass domain='fourier'")
    Traceback (most recent call last):
    ...
    freqnet.errors.ConfigurationError: matrix of 441000 x 441000 numbers: got 1556 GB, expected at most 1.07 GB; ...
    """
    if numbers * item > MOST_MADE:
        got, most = f"{numbers * item / 1e9:.4g} GB", f"at most {MOST_MADE / 1e9:.3g} GB"
        raise ConfigurationError(got_expected(what, got, most, todo))


def _new_lock() -> None:
    _Shared.lock = RLock()


# Another thread may hold the lock while the process forks; in the child nobody would release it.
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_new_lock)
