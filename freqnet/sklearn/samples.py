"""The rows of X as samples on a grid."""

from __future__ import annotations

from math import prod
from typing import Any

import numpy as np
from sklearn.utils.validation import validate_data

from freqnet.checks import is_whole, listed, shown
from freqnet.errors import ConfigurationError, ShapeError, got_expected
from freqnet.values import as_floats

Axes = tuple[int, ...]


# What scikit-learn takes for "no y": None is a y that is missing.
_NO_Y = "no_validation"


def read(estimator: Any, X: Any, y: Any = _NO_Y, *, reset: bool, **options: Any) -> Any:
    """Return X as floats after scikit-learn's own checks, and y where it is given.

    Parameters
    ----------
    estimator : BaseEstimator
        Gets ``n_features_in_`` and ``feature_names_in_``, or is compared with them.
    X : array_like
        Samples of two or more axes.
    y : array_like, optional
        Targets.
    reset : bool
        Whether this is the first X of the estimator.
    **options
        Further options of `sklearn.utils.validation.validate_data`.

    Returns
    -------
    ndarray or (ndarray, ndarray)
        X of float32, or of float64 where it holds more digits; and y.
    """
    chosen: dict[str, Any] = {"allow_nd": True, **options}
    if y is _NO_Y:
        return as_floats(validate_data(estimator, X, reset=reset, **chosen), full_scale=1)
    X, y = validate_data(estimator, X, y, reset=reset, **chosen)
    return as_floats(X, full_scale=1), y


def find_grid(shape: Axes, grid: Any, channels_last: bool) -> tuple[Axes, int]:
    """Return the grid and the number of channels of X.

    Parameters
    ----------
    shape : tuple of int
        Shape of X.
    grid : int or sequence of int, optional
        The choice `grid` of an estimator.
    channels_last : bool
        The choice `channels_last` of an estimator.

    Raises
    ------
    ConfigurationError
        The grid is not one to three whole numbers of 1 or more.
    ShapeError
        The samples do not fit the grid, or have more than three axes.

    Examples
    --------
    >>> find_grid((10, 64), None, False), find_grid((10, 64), (8, 8), False), find_grid((10, 192), (8, 8), False)
    (((64,), 1), ((8, 8), 1), ((8, 8), 3))
    >>> find_grid((10, 8, 8), None, False), find_grid((10, 64, 2), None, True), find_grid((10, 64, 2), 64, False)
    (((8, 8), 1), ((64,), 2), ((64,), 2))
    """
    sizes = shape[1:]
    if grid is None:
        has_channels = channels_last and len(sizes) > 1
        found, channels = (sizes[:-1], sizes[-1]) if has_channels else (sizes, 1)
        if len(found) > 3:
            todo = "pass channels_last=True, if the last axis counts channels"
            raise ShapeError(got_expected("X", f"shape {shape}", "samples of 1 to 3 axes", todo))
        return found, channels
    found = (grid,) if is_whole(grid) else (listed(grid) or ())
    if not 1 <= len(found) <= 3 or not all(is_whole(n) and n >= 1 for n in found):
        expected = "1 to 3 whole numbers of 1 or more"
        raise ConfigurationError(got_expected("grid", shown(grid), expected, "pass grid=(8, 8)"))
    channels, rest = divmod(prod(sizes), prod(found))
    if rest or sizes not in (found, (*found, channels), (prod(sizes),)):
        expected = f"samples on the grid {found}, flat or not"
        raise ShapeError(got_expected("X", f"shape {shape}", expected, "pass grid= with the size of each axis"))
    return tuple(int(n) for n in found), channels


def on_grid(X: np.ndarray, grid: Axes, channels: int) -> np.ndarray:
    """Return X as samples ``(samples, *grid, channels)``.

    Raises
    ------
    ShapeError
        X has other axes than the samples that the estimator was fitted on.
    """
    sizes, flat = X.shape[1:], grid if channels == 1 else None
    if sizes not in ((prod(grid) * channels,), (*grid, channels), flat):
        expected = f"(samples, {', '.join(map(str, (*grid, channels)))}), as in fit"
        raise ShapeError(got_expected("X", f"shape {X.shape}", expected, "pass samples of the size of those in fit"))
    return X.reshape(len(X), *grid, channels)
