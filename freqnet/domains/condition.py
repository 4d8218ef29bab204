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
    loss = space.condition_number * spacing
    if loss <= WARNED:
        return
    sizes = "x".join(str(n) for n in space.shape)
    got = f"condition number {space.condition_number:.1e} ({sizes} nodes of {space.domain.name})"
    if loss > REFUSED:
        raise ConfigurationError(
            got_expected(f"{precision} numbers", got, f"at most {REFUSED / spacing:.1e}", _advice(space, precision))
        )
    text = f"about {-np.log10(loss):.1f} digits are left of a signal"
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
    todo = "keep fewer nodes (--modes, --pool), or take samples (laplace:factored)"
    warnings.warn(got_expected(what, got, f"at most {WARNED:g}", todo), ConditionWarning, 4)


def least_precision(space: Space) -> str:
    """Return "float32" where it holds signals without a warning, else "float64".

    >>> from freqnet.domains import FOURIER, LAPLACE
    >>> least_precision(FOURIER.space((8, 8))), least_precision(LAPLACE.space((8, 8)))
    ('float32', 'float64')
    """
    loss = space.condition_number * float(np.finfo("float32").eps)
    return "float32" if loss <= WARNED else "float64"


@lru_cache(maxsize=64)
def _advice(space: Space, precision: str) -> str:
    """How many nodes there may be on the same grid, and on a grid of as many samples."""
    spacing = float(np.finfo(precision).eps)

    def most(sizes: range, of: str) -> str:
        found = dict.fromkeys((WARNED, REFUSED), 0)
        for k in sizes:
            grid = space.grid if of == "grid" else (k,) * space.ndim
            wanted = space.domain.band_of(k)
            band = tuple(min(wanted, m) for m in space.band) if of == "grid" else (wanted,) * space.ndim
            if any(m > b for m, b in zip(band, space.domain.largest_band(grid), strict=True)):
                break
            tried = space.domain.space(grid, band)
            loss = tried.condition_number * spacing
            if max(space.domain.modes(tried)) < k:
                break
            if loss > REFUSED:
                break
            found = {level: k if loss <= level else found[level] for level in found}
        return f"{found[REFUSED]} (without a warning {found[WARNED]})"

    kept = most(range(1, max(space.domain.modes(space)) + 1), "grid")
    whole = most(range(1, 65), "whole")
    finer = "" if precision == "float64" else ", or take float64"
    return f"keep at most {kept} nodes an axis (--modes), take at most {whole} samples an axis (--pool){finer}"
