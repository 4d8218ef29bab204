"""The rows of X as samples on a grid."""

from __future__ import annotations

from dataclasses import dataclass
from math import prod
from typing import Any

import numpy as np
from sklearn.utils.validation import validate_data

from freqnet.checks import is_whole, listed, shown
from freqnet.data.layouts import SAMPLES, arrange, choose_layout, read_layout
from freqnet.errors import ConfigurationError, ShapeError, got_expected
from freqnet.values import as_floats

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


@dataclass(frozen=True)
class Axes:
    """How the rows of X are samples on a grid.

    Attributes
    ----------
    layout : str
        Names of the axes of X, such as ``"n h w c"``; empty where X is flat, or has the axes of a stated grid.
    grid : tuple of int
        Number of samples along each axis.
    channels : int
        Number of channels.
    """

    layout: str
    grid: tuple[int, ...]
    channels: int

    @classmethod
    def find(cls, shape: tuple[int, ...], grid: Any, layout: Any) -> Axes:
        """Return the axes of X by the choices `grid` and `layout` of an estimator, or else by the sizes of X.

        Raises
        ------
        ConfigurationError
            The grid is not one to three whole numbers of 1 or more, or the layout is not usable.
        ShapeError, DataError
            X does not fit the grid or the layout, or its axes can be read in several ways.

        Examples
        --------
        >>> Axes.find((10, 64), None, None), Axes.find((10, 192), (8, 8), None)
        (Axes(layout='', grid=(64,), channels=1), Axes(layout='', grid=(8, 8), channels=3))
        >>> Axes.find((10, 32, 32, 3), None, None), Axes.find((10, 2, 64), None, "nct")
        (Axes(layout='n h w c', grid=(32, 32), channels=3), Axes(layout='n c t', grid=(64,), channels=2))
        """
        if layout is None and grid is None and len(shape) == 2:
            return cls("", shape[1:], 1)
        if grid is not None:
            return cls("", *_stated(shape, grid, layout))
        if layout is not None and read_layout(layout)[0] != SAMPLES:
            expected = f"the axis {SAMPLES} of the samples first"
            raise ConfigurationError(got_expected("layout", repr(layout), expected, "pass layout='nchw', say"))
        names = choose_layout(shape, layout, "X")
        _, *found, channels = arrange(np.broadcast_to(np.int8(0), shape), names).shape
        return cls(names, tuple(found), channels)

    def samples(self, X: np.ndarray) -> np.ndarray:
        """Return X as samples ``(samples, *grid, channels)``.

        Raises
        ------
        ShapeError
            X has other axes than the samples that the estimator was fitted on.
        """
        wanted = (*self.grid, self.channels)
        if self.layout:
            values = arrange(X, self.layout) if X.ndim == len(self.layout.split()) else X
            is_fitting = values.shape[1:] == wanted
        else:
            values, known = X, (wanted, (prod(wanted),), self.grid if self.channels == 1 else wanted)
            is_fitting = X.shape[1:] in known
        if not is_fitting:
            expected = f"{self.layout or 'samples'} on the grid {self.grid} with {self.channels} channels, as in fit"
            todo = "pass samples of the shape of those in fit"
            raise ShapeError(got_expected("X", f"shape {X.shape}", expected, todo))
        return values.reshape(len(X), *wanted)


def _stated(shape: tuple[int, ...], grid: Any, layout: Any) -> tuple[tuple[int, ...], int]:
    """Return a stated grid, after checking it, and the number of channels of X."""
    found, sizes = (grid,) if is_whole(grid) else (listed(grid) or ()), shape[1:]
    if layout is not None:
        got, todo = f"{layout!r} beside grid={grid!r}", "pass one of the two: a grid for flat X, or a layout"
        raise ConfigurationError(got_expected("layout", got, "none", todo))
    if not 1 <= len(found) <= 3 or not all(is_whole(n) and n >= 1 for n in found):
        expected = "1 to 3 whole numbers of 1 or more"
        raise ConfigurationError(got_expected("grid", shown(grid), expected, "pass grid=(8, 8)"))
    channels, rest = divmod(prod(sizes), prod(found))
    if rest or sizes not in (found, (*found, channels), (prod(sizes),)):
        todo = "pass grid= with the size of each axis, or layout= with their names, such as layout='nchw'"
        raise ShapeError(got_expected("X", f"shape {shape}", f"samples on the grid {found}, flat or not", todo))
    return tuple(int(n) for n in found), channels
