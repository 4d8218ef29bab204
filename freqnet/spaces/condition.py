"""Checks of the condition number of a space against the precision of its numbers."""

from __future__ import annotations

import math
import warnings
from functools import lru_cache

import numpy as np

from freqnet.errors import ConditionWarning, ConfigurationError, got_expected
from freqnet.spaces.base import Space, extent

# Limits of the loss: the condition number times the machine epsilon.
WARNED, REFUSED = 1e-3, 1.0


def require_condition(space: Space, precision: str) -> None:
    """Check that numbers of a precision can hold the signals of a space.

    The loss is the condition number times the machine epsilon of the precision.

    Parameters
    ----------
    space : Space
    precision : {"float32", "float64"}

    Raises
    ------
    ConfigurationError
        The loss is above 1: no digit is left.

    Warns
    -----
    ConditionWarning
        The loss is above 1e-3.
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
    text = f"at most {WARNED / spacing:.1e}, since about {max(0.0, -np.log10(loss)):.1f} digits are left of a signal"
    warnings.warn(got_expected(f"{precision} numbers", got, text, _advice(space, precision)), ConditionWarning, 3)


def least_precision(space: Space) -> str:
    """Return "float32" if it holds the signals of a space without a warning, else "float64".

    >>> from freqnet.spaces.condition import least_precision
    >>> from freqnet.spaces import Fourier, Laplace
    >>> least_precision(Fourier.on((8, 8))), least_precision(Laplace.on((8, 8)))
    ('float32', 'float64')
    """
    loss = space.condition_number * float(np.finfo("float32").eps)
    return "float32" if loss <= WARNED else "float64"


# Largest number of nodes that the advice tries: more take long to compute, and no precision holds them.
_TRIED = 28


@lru_cache(maxsize=64)
def _advice(space: Space, precision: str) -> str:
    """Return advice with the largest numbers of samples and of nodes that the precision can hold."""
    spacing = float(np.finfo(precision).eps)

    def loss(count: int, is_whole: bool) -> float:
        tried = space.sibling((count,) * space.ndim if is_whole else space.grid)
        band = tuple(map(min, (space.band_of(count),) * space.ndim, tried.band))
        try:
            return tried.with_band(band).condition_number * spacing
        except ConfigurationError:  # nodes too close to each other
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
    return f"take at most {whole} samples per axis (argument pool), or keep at most {kept} nodes (modes){finer}"
