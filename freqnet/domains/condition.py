"""What a condition number means in a precision: what is warned of, and what is refused."""

from __future__ import annotations

import warnings
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np

from freqnet.domains.space import Axes, Space
from freqnet.errors import ConditionWarning, ConfigurationError, got_expected

if TYPE_CHECKING:
    from freqnet.domains.laplace import Laplace

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
    sizes = "x".join(map(str, space.domain.modes(space)))
    got = f"condition number {number:.1e} ({sizes} nodes of {space.domain.name})"
    if not loss <= REFUSED:
        raise ConfigurationError(
            got_expected(f"{precision} numbers", got, f"at most {REFUSED / spacing:.1e}", _advice(space, precision))
        )
    text = f"at most {WARNED / spacing:.1e}, for about {max(0.0, -np.log10(loss)):.1f} digits are left of a signal"
    warnings.warn(got_expected(f"{precision} numbers", got, text, _advice(space, precision)), ConditionWarning, 3)


@lru_cache(maxsize=256)
def check_products(domain: Laplace, bands: tuple[Axes, Axes, Axes], grid: Axes, precision: str) -> None:
    """Warn, at the first of such products, where the nodes' bilinear form loses too much.

    It loses up to the square of the condition number, and mostly less: the error of a few random signals is measured,
    against the same products on samples in double precision. However large, it is no error: a network may drop most
    of it.

    Warns
    -----
    ConditionWarning
        What is stored of the product has a relative error above 1e-3.
    """
    loss = domain.product_error(bands, grid, precision)
    if not loss > WARNED:
        return
    what = f"{precision} products by the bilinear form of {domain.name}"
    got = f"a relative error of {loss:.1g} on {grid} samples"
    todo = f"take fewer samples (--pool), keep fewer nodes (--modes), or multiply samples ({domain.name}:factored)"
    todo = f"hardly a digit of them is right: {todo}" if loss > 0.1 else todo
    warnings.warn(got_expected(what, got, f"at most {WARNED:g}", todo), ConditionWarning, 4)


def least_precision(space: Space) -> str:
    """Return "float32" where it holds signals without a warning, else "float64".

    >>> from freqnet.domains import FOURIER, LAPLACE
    >>> least_precision(FOURIER.space((8, 8))), least_precision(LAPLACE.space((8, 8)))
    ('float32', 'float64')
    """
    loss = space.condition_number * float(np.finfo("float32").eps)
    return "float32" if loss <= WARNED else "float64"


# So many nodes are tried for the advice: more, of a long axis, would take long, and no precision holds them.
_TRIED = 28


@lru_cache(maxsize=64)
def _advice(space: Space, precision: str) -> str:
    """How many nodes there may be on the same grid, and on a grid of as many samples."""
    spacing, domain = float(np.finfo(precision).eps), space.domain

    def loss(count: int, is_whole: bool) -> float:
        grid = (count,) * space.ndim if is_whole else space.grid
        band = tuple(map(min, (domain.band_of(count),) * space.ndim, domain.largest_band(grid)))
        return domain.space(grid, band).condition_number * spacing

    def most(highest: int, is_whole: bool) -> str:
        found = []
        for level in (REFUSED, WARNED):
            low, high = 0, highest
            while low < high:
                middle = (low + high + 1) // 2
                low, high = (middle, high) if loss(middle, is_whole) <= level else (low, middle - 1)
            found.append(low)
        return f"{found[0]} (without a warning {found[1]})"

    whole, kept = most(64, True), most(min(_TRIED, max(domain.modes(space))), False)
    finer = "" if precision == "float64" else ", or take float64"
    return f"take at most {whole} samples an axis (--pool), or keep at most {kept} nodes (--modes){finer}"
