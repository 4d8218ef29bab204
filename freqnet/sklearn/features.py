"""Spectral features as a transformer of scikit-learn."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import prod
from typing import Any

import numpy as np
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.utils import check_random_state
from sklearn.utils.validation import _check_feature_names_in, check_is_fitted

from freqnet import ops
from freqnet.checks import is_whole, listed, require_count, shown
from freqnet.errors import ConfigurationError, got_expected
from freqnet.sklearn.filters import RandomFilters
from freqnet.sklearn.kinds import KINDS
from freqnet.sklearn.samples import Axes, read
from freqnet.spaces import Space, get_domain
from freqnet.spaces.registry import DEFAULT_DOMAIN

# Numbers that one slice of the samples may take in a temporary array.
_AT_ONCE = 2**24


@dataclass(eq=False, repr=False)
class SpectralFeatures(TransformerMixin, BaseEstimator):
    """Features of signals, images or volumes, computed from their modes.

    X has the shape ``(samples, *grid)`` or ``(samples, *grid, channels)``, or is flattened to two axes. Only the
    transform of the input is a transform; filters, products and moments are computed from modes.

    Parameters
    ----------
    kind : {"power", "truncated", "invariant", "random"}
        Features. Apart from ``"truncated"``, circular shifts of the samples do not change them.

        - ``"power"``: power of each pair of modes (k, -k).
        - ``"truncated"``: orthonormal real coordinates of the modes, which keep distances between band-limited signals.
        - ``"invariant"``: amplitude of each pair of modes, and the bispectrum with the lowest mode of each axis,
          divided by the power of the sample. It tells the phases of modes relative to each other.
        - ``"random"``: three moments of each of many randomly filtered signals, in the manner of ROCKET (Dempster,
          Petitjean and Webb 2020). Moments of degree 2 to 4 are pooled, because a share of positive values would take
          a transform per filter.
    modes : int or tuple of int, optional
        Number of modes kept along each axis, odd; by default all below the Nyquist mode.
    filters : int
        Number of random filters of the kind ``"random"``.
    grid : int or tuple of int, optional
        Number of samples along each axis of the grid; the rest of X counts channels, which come last. By default a row
        of two-dimensional X is a signal.
    layout : str, optional
        Names of the axes of X where it has more than two, such as ``"nchw"``: ``n`` counts samples, ``c`` channels, the
        others are axes of the grid. By default the sizes of the axes tell, where they have one likely reading.
    random_state : int, RandomState instance or None
        Draws the random filters.

    Attributes
    ----------
    axes_ : Axes
        Names of the axes of X, grid and number of channels.
    space_ : Space
        Space of the modes.
    filters_ : RandomFilters or None
        Filters of the kind ``"random"``.
    n_features_in_ : int
        Size of the second axis of X.
    feature_names_in_ : ndarray of str
        Names of the columns of X, where it has such names.

    Examples
    --------
    A shift moves every pixel, and changes no feature:

    >>> import numpy as np
    >>> from sklearn.datasets import load_digits
    >>> from freqnet.sklearn import SpectralFeatures
    >>> X = load_digits().data
    >>> features = SpectralFeatures("invariant", grid=(8, 8)).fit(X)
    >>> features.transform(X).shape
    (1797, 125)
    >>> moved = np.roll(X.reshape(-1, 8, 8), (3, 2), axis=(1, 2)).reshape(X.shape)
    >>> bool(np.allclose(features.transform(moved), features.transform(X)))
    True
    >>> features.get_feature_names_out()[[0, 1, 25]].tolist()
    ['amplitude_0_0', 'amplitude_1_0', 'bispectrum_1_0_re_0_0']
    """

    kind: str = "power"
    modes: int | Sequence[int] | None = None
    filters: int = 200
    grid: int | Sequence[int] | None = None
    layout: str | None = None
    random_state: Any = None

    def fit(self, X: Any, y: Any = None) -> SpectralFeatures:
        """Read the grid of X, and draw the random filters.

        Parameters
        ----------
        X : array_like
            ``(samples, features)``, ``(samples, *grid)`` or ``(samples, *grid, channels)``.
        y : None
            Ignored.

        Raises
        ------
        ConfigurationError
            A parameter is not usable.
        ShapeError
            X does not fit the grid.
        """
        if not isinstance(self.kind, str) or self.kind not in KINDS:
            raise ConfigurationError(got_expected("kind", shown(self.kind), " or ".join(KINDS), "pass kind='power'"))
        X = read(self, X, reset=True)
        self.axes_ = Axes.find(X.shape, self.grid, self.layout)
        self.space_ = _space(self.axes_.grid, self.modes)
        self.filters_ = None
        if self.kind == "random":
            require_count("filters", self.filters, 200)
            generator = check_random_state(self.random_state)
            self.filters_ = RandomFilters(self.filters, self.space_, self.axes_.channels, generator)
        return self

    def transform(self, X: Any) -> np.ndarray:
        """Return the features ``(samples, features)`` of samples like those of `fit`."""
        check_is_fitted(self)
        samples = self.axes_.samples(read(self, X, reset=False))
        size = (
            prod(4 * m + 1 for m in self.space_.band)
            * self.axes_.channels
            * (self.filters_.count if self.filters_ else 1)
        )
        step = max(1, _AT_ONCE // size)
        parts = (ops.analysis(samples[i : i + step], self.space_) for i in range(0, len(samples), step))
        return np.concatenate([KINDS[self.kind].compute(part, self.filters_) for part in parts])

    def get_feature_names_out(self, input_features: Any = None) -> np.ndarray:
        """Return the names of the features, with mode numbers in cycles per period.

        Parameters
        ----------
        input_features : array_like of str, optional
            Names of the columns of X; checked as scikit-learn does, and not used.
        """
        check_is_fitted(self)
        _check_feature_names_in(self, input_features, generate_names=False)
        return np.array(KINDS[self.kind].names(self.space_, self.axes_.channels, self.filters_), dtype=object)

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.three_d_array = True
        tags.transformer_tags.preserves_dtype = ["float64", "float32"]
        return tags


def _space(grid: tuple[int, ...], modes: Any) -> Space:
    """Return the space of the modes that are kept."""
    whole = get_domain(DEFAULT_DOMAIN)(grid)
    most = tuple(n - 1 + n % 2 for n in grid)
    sizes = listed(modes)
    if sizes is None:
        sizes = whole.door_sizes(modes, max(grid))
    elif len(sizes) != len(grid) or not all(
        is_whole(n) and n % 2 and 1 <= n <= m for n, m in zip(sizes, most, strict=True)
    ):
        expected = f"odd numbers of at most {most}, one per axis"
        raise ConfigurationError(got_expected("modes", shown(modes), expected, f"pass modes={most}"))
    return whole.with_band(tuple(whole.band_of(n) for n in sizes))
