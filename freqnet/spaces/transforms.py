"""The guard of transforms: every transform between samples and spectra is counted, and can be forbidden.

Counting and forbidding are per context (`contextvars`): a block in one thread or asynchronous task says nothing about
another.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from itertools import count

from freqnet.errors import TransformError, got_expected

# Advanced by `next`, which is atomic; the number of transforms of this process so far.
_total = count()
_seen = 0
_forbidden: ContextVar[bool] = ContextVar("transforms_forbidden", default=False)
_counters: ContextVar[tuple[Counter, ...]] = ContextVar("transform_counters", default=())


class Counter:
    """How many transforms ran inside a block of `counted_transforms`."""

    count = 0


def transform_count() -> int:
    """Return how many transforms (analysis or synthesis) this process has run, in all threads.

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
    """Count the transforms inside the block, those of other threads and tasks not among them.

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
    """Raise `TransformError` at any transform inside the block.

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
    """Count one transform; raise where none may run."""
    global _seen
    if _forbidden.get():
        todo = "transform at the door, before the network"
        raise TransformError(got_expected("transform", f"{name} inside no_transforms()", "none", todo))
    _seen = next(_total) + 1
    for counter in _counters.get():
        counter.count += 1
