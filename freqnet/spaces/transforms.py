"""Counts transforms between samples and spectra, and forbids them inside ``no_transforms()``.

Both apply to the current context (`contextvars`): other threads and asynchronous tasks are not affected.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from itertools import count

from freqnet.errors import TransformError, got_expected

# Transforms of this process so far; `next` is atomic, so that threads may count at the same time.
_total = count()
_seen = 0
_forbidden: ContextVar[bool] = ContextVar("transforms_forbidden", default=False)
_counters: ContextVar[tuple[Counter, ...]] = ContextVar("transform_counters", default=())


class Counter:
    """The number of transforms that ran inside a block of `counted_transforms`."""

    count = 0


def transform_count() -> int:
    """Return the number of transforms (analysis or synthesis) that this process has run, in all threads.

    Examples
    --------
    >>> import numpy as np
    >>> from freqnet.spaces import Fourier, transform_count
    >>> before = transform_count()
    >>> _ = Fourier.on(4).analysis(np.ones((1, 4, 1)))
    >>> transform_count() - before
    1
    """
    return _seen


@contextmanager
def counted_transforms() -> Iterator[Counter]:
    """Count the transforms that the current context runs inside the block.

    Examples
    --------
    >>> import numpy as np
    >>> from freqnet.spaces import Fourier, counted_transforms
    >>> with counted_transforms() as counter:
    ...     _ = Fourier.on(4).analysis(np.ones((1, 4, 1)))
    >>> counter.count
    1
    """
    counter = Counter()
    token = _counters.set((*_counters.get(), counter))
    try:
        yield counter
    finally:
        _counters.reset(token)


@contextmanager
def no_transforms() -> Iterator[None]:
    """Forbid transforms inside the block: each raises `TransformError`.

    Examples
    --------
    >>> import numpy as np
    >>> from freqnet.spaces import Fourier, no_transforms
    >>> with no_transforms():
    ...     Fourier.on(4).analysis(np.ones((1, 4, 1)))
    Traceback (most recent call last):
    ...
    freqnet.errors.TransformError: transform: got analysis inside no_transforms(), expected none; ...
    """
    token = _forbidden.set(True)
    try:
        yield
    finally:
        _forbidden.reset(token)


def pass_door(name: str) -> None:
    """Count one transform.

    Raises
    ------
    TransformError
        Called inside `no_transforms`.
    """
    global _seen
    if _forbidden.get():
        todo = "call analysis before the network and synthesis after it"
        raise TransformError(got_expected("transform", f"{name} inside no_transforms()", "none", todo))
    _seen = next(_total) + 1
    for counter in _counters.get():
        counter.count += 1
