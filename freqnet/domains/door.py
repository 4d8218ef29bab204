"""The guarded door between samples and spectra: every transform is counted, and can be forbidden."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from freqnet.errors import TransformError, got_expected


class _Door:
    """State of the door: how many transforms ran, and whether any may run."""

    count = 0
    closed = 0


def transform_count() -> int:
    """Return how many transforms (analysis or synthesis) this process has run.

    >>> import numpy as np
    >>> from freqnet.domains import FOURIER, transform_count
    >>> before = transform_count()
    >>> _ = FOURIER.analysis(np.ones((1, 4, 1)), FOURIER.space((4,)))
    >>> transform_count() - before
    1
    """
    return _Door.count


@contextmanager
def no_transforms() -> Iterator[None]:
    """Raise `TransformError` at any transform inside the block.

    >>> import numpy as np
    >>> from freqnet.domains import FOURIER, no_transforms
    >>> with no_transforms():
    ...     FOURIER.analysis(np.ones((1, 4, 1)), FOURIER.space((4,)))
    Traceback (most recent call last):
    ...
    freqnet.errors.TransformError: transform: got analysis inside no_transforms(), expected none; ...
    """
    _Door.closed += 1
    try:
        yield
    finally:
        _Door.closed -= 1


def pass_door(name: str) -> None:
    """Count one transform; raise where none may run."""
    if _Door.closed:
        raise TransformError(
            got_expected(
                "transform",
                f"{name} inside no_transforms()",
                "none",
                "transform at the door, before the network",
            )
        )
    _Door.count += 1
