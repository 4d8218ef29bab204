"""Frequency bins: spectra that were measured become signals, and signals become such spectra, without a transform."""

from __future__ import annotations

from freqnet.autodiff import Op, Tensor, linear
from freqnet.errors import ShapeError, got_expected
from freqnet.ops.arithmetic import per_element, plain, signal_space
from freqnet.spaces.base import Axes, Space, require_signal

from_bins_op: Op = linear(
    "from_bins",
    lambda bins, space: Tensor(space.from_bins(bins.data), space),
    adjoint=lambda g, bins, space: to_bins_op(g, grid=bins.shape[1:-1]),
    source="Re X[k] = (h[k] + h[-k]) / 2, Im X[k] = (h[-k] - h[k]) / 2 (Bracewell 1983)",
    cost=per_element,
)

to_bins_op: Op = linear(
    "to_bins",
    lambda x, grid: Tensor(x.space.to_bins(x.data, grid)),
    adjoint=lambda g, x, grid: from_bins_op(g, space=x.space.cotangent),
    source="h[k] = Re X[k] - Im X[k] (Bracewell 1983)",
    cost=per_element,
)


def from_bins(bins: Tensor, space: Space) -> Tensor:
    """Return the signal whose frequency bins have these numbers. Nothing is transformed: modes change their places.

    Parameters
    ----------
    bins : Tensor
        Plain real numbers ``(batch, *grid, channels)``. The bin k, at the place ``n // 2 + k`` of each axis of n bins,
        has the number Re X[k] - Im X[k], where X[k] are Fourier-series coefficients (divided by the number of samples).
    space : Space
        Space of the result, in a domain of modes. Bins outside its band are dropped.

    Returns
    -------
    Tensor
        Signal ``(*modes, batch, channels)``.

    Raises
    ------
    SpaceError
        The numbers are no plain tensor, or the domain does not store modes.
    ShapeError
        The numbers have another number of axes than the space and two.

    Examples
    --------
    >>> import numpy as np
    >>> from freqnet.autodiff import Tensor
    >>> from freqnet.ops.bins import from_bins, to_bins
    >>> from freqnet.spaces import Fourier
    >>> x = from_bins(Tensor(np.array([3.0, 1.0, 1.0]).reshape(1, 3, 1)), Fourier.on(3))
    >>> x.data.ravel()
    array([1.+0.j, 2.+1.j])
    >>> to_bins(x, (4,)).data.ravel()
    array([0., 3., 1., 1.])
    """
    require_signal(space, "from_bins")
    if plain(bins, "from_bins").ndim != space.ndim + 2:
        expected = f"(batch, {space.ndim} axes of bins, channels)"
        raise ShapeError(got_expected("bins", f"shape {bins.shape}", expected, "add the missing axis"))
    return from_bins_op(bins, space=space)


def to_bins(x: Tensor, grid: Axes) -> Tensor:
    """Return the numbers of the frequency bins of a grid: the inverse of `from_bins` within the band.

    Parameters
    ----------
    x : Tensor
        Signal ``(*modes, batch, channels)`` in a domain of modes.
    grid : tuple of int
        Number of bins along each axis. Bins outside the band of the signal are 0.

    Returns
    -------
    Tensor
        Plain real numbers ``(batch, *grid, channels)``.

    Raises
    ------
    SpaceError
        `x` is not a signal in a domain of modes.
    """
    signal_space(x, "to_bins")
    return to_bins_op(x, grid=grid)
