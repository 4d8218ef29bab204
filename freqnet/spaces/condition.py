"""Condition numbers and precision: which spaces a precision holds badly (a warning), and which it cannot hold."""

from __future__ import annotations

import math
import warnings
from functools import lru_cache

import numpy as np

from freqnet.errors import ConditionWarning, ConfigurationError, got_expected
from freqnet.spaces.base import Space, extent

# The condition number times the spacing of numbers at 1.
WARNED, REFUSED = 1e-3, 1.0


def require_condition(space: Space, precision: str) -> None:
    """Warn where numbers of a precision hold a signal badly, and refuse where they do not hold it.

    Parameters
    ----------
    space : Space
    precision : {"float32", "float64"}

    Raises
    ------
    ConfigurationError
        The condition number times the precision's spacing of numbers at 1 is above 1.

    Warns
    -----
    ConditionWarning
        It is above 1e-3.
    """
    spacing = float(np.finfo(precision).eps)
    number = space.condition_number
    loss = number * spacing
    if loss <= WARNED:
        return
    got = f"condition number {number:.1e} ({extent(space.modes)} nodes of {space.domain})"
    if not loss <= REFUSED:
        expected = f"at most {REFUSED / spacing:.1e}"
        raise ConfigurationError(got_expected(f"{precision} numbers", got, expected, _advice(space, precision)))
    text = f"at most {WARNED / spacing:.1e}, for about {max(0.0, -np.log10(loss)):.1f} digits are left of a signal"
    warnings.warn(got_expected(f"{precision} numbers", got, text, _advice(space, precision)), ConditionWarning, 3)


def least_precision(space: Space) -> str:
    """Return "float32" where it holds signals without a warning, else "float64".

    >>> from freqnet.spaces import Fourier, Laplace
    >>> least_precision(Fourier.on((8, 8))), least_precision(Laplace.on((8, 8)))
    ('float32', 'float64')
    """
    loss = space.condition_number * float(np.finfo("float32").eps)
    return "float32" if loss <= WARNED else "float64"


# The most nodes that the advice tries: on a long axis more would take long, and no precision holds them.
_TRIED = 28


@lru_cache(maxsize=64)
def _advice(space: Space, precision: str) -> str:
    """How many nodes there may be on the same grid, and on a grid of as many samples."""
    spacing = float(np.finfo(precision).eps)

    def loss(count: int, is_whole: bool) -> float:
        tried = space.sibling((count,) * space.ndim if is_whole else space.grid)
        band = tuple(map(min, (space.band_of(count),) * space.ndim, tried.band))
        try:
            return tried.with_band(band).condition_number * spacing
        except ConfigurationError:  # nodes so close that they cannot be told apart
            return math.inf

    def most(highest: int, is_whole: bool) -> str:
        found = []
        for level in (REFUSED, WARNED):
            low, high = 0, highest
            while low < high:
                middle = (low + high + 1) // 2
                low, high = (middle, high) if loss(middle, is_whole) <= level else (low, middle - 1)
            found.append(low)
        return f"{found[0]} (without a warning {found[1]})"

    whole, kept = most(64, True), most(min(_TRIED, max(space.modes)), False)
    finer = "" if precision == "float64" else ", or take float64"
    return f"take at most {whole} samples an axis (--pool), or keep at most {kept} nodes (--modes){finer}"
