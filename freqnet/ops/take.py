"""Samples taken by their places: crops, strides and zero padding of the samples that a spectrum stands for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import lru_cache
from typing import Any

import numpy as np

from freqnet.autodiff import Op, Tensor, linear
from freqnet.checks import is_whole
from freqnet.errors import ShapeError, got_expected
from freqnet.kernels.threads import one_blas_thread
from freqnet.ops.arithmetic import signal_space
from freqnet.spaces.base import Axes, Space, volume

Places = Sequence[int] | Sequence[Sequence[int]]


def _cost(out: Tensor, x: Tensor, **parameters: Any) -> int:
    """Cost of one matrix product per axis, from the last axis to the first."""
    shape, count = list(x.shape), 0
    for axis in reversed(range(x.space.ndim)):
        # Both halves of the last axis enter a stored mode.
        halves = 2 if x.space.is_complex and axis == x.space.ndim - 1 else 1
        shape[axis], before = out.shape[axis], shape[axis]
        count += halves * before * volume(tuple(shape))
    return (4 if x.space.is_complex else 1) * count


def _take(x: Tensor, fine: Space, target: Space, places: tuple[Axes, ...], adjoint: bool) -> Tensor:
    # The matrices of an axis are small: threads of BLAS would wait for each other longer than they work.
    with one_blas_thread():
        return Tensor(fine.take(x.data, target, places, adjoint), fine.unbounded if adjoint else target)


take_op: Op = linear(
    "take",
    _take,
    adjoint=lambda g, x, adjoint, **parameters: take_op(g, **parameters, adjoint=not adjoint),
    source="y[i] = x[p_i]; Y[q] = sum_k X[k] sum_i exp(2 pi i (k p_i / N - q i / M)) / M, one axis after the other",
    cost=_cost,
)


def take(x: Tensor, places: Places) -> Tensor:
    """Take samples of a signal by their places, and put them side by side on a grid of their own.

    This is one matrix product per axis, between spectra: no transform is computed.

    Parameters
    ----------
    x : Tensor
        Signal ``(*modes, batch, channels)``.
    places : tuple of int, or tuple of tuples
        For each sample of the new grid, the place of a sample on the old one; -1 gives 0. One tuple is for all axes,
        several are for one axis each.

    Returns
    -------
    Tensor
        Signal on a grid of as many samples as there are places, with the largest band that this grid can hold.

    Raises
    ------
    ShapeError
        There are no places, one of them is not on the grid, or there are not as many tuples as axes.
    SpaceError
        `x` is not a signal, or its domain stores values at nodes.

    Examples
    --------
    >>> import numpy as np
    >>> from freqnet.spaces import Fourier
    >>> from freqnet.ops import analysis, synthesis, take
    >>> x = analysis(np.arange(9.0).reshape(1, 9, 1), Fourier.on(9))
    >>> synthesis(take(x, (2, 4, 6, -1, -1))).data.ravel().round(6) + 0.0
    array([2., 4., 6., 0., 0.])
    """
    space = signal_space(x, "take")
    axes = checked_places(places, space.grid)
    return take_op(x, fine=space, target=taken(space, axes), places=axes, adjoint=False)


def checked_places(places: Any, grid: Axes) -> tuple[Axes, ...]:
    """Return the places along each axis of a grid, after a check."""
    given: tuple[Any, ...] = tuple(places) if np.iterable(places) else (places,)
    rows: tuple[Any, ...] = (given,) * len(grid) if given and all(is_whole(p) for p in given) else given
    if len(rows) != len(grid) or not all(np.iterable(row) and len(tuple(row)) > 0 for row in rows):
        got, todo = f"places for {len(rows)} axes", "pass one tuple of places, or one per axis"
        raise ShapeError(got_expected("places", got, f"1 or more places for each of {len(grid)} axes", todo))
    for row, n in zip(rows, grid, strict=True):
        if not all(is_whole(p) and -1 <= p < n for p in row):
            got = next(p for p in row if not (is_whole(p) and -1 <= p < n))
            todo = "pass -1 for a sample that is 0"
            raise ShapeError(got_expected("places", repr(got), f"whole numbers from -1 to {n - 1}", todo))
    return tuple(tuple(int(p) for p in row) for row in rows)


@lru_cache(maxsize=256)
def taken(space: Space, places: tuple[Axes, ...]) -> Space:
    """Return the space of a signal after `take`."""
    ends = tuple(max((i + 1 for i, p in enumerate(row) if p >= 0), default=0) for row in places)
    target = space.sibling(tuple(map(len, places)))
    is_padded = any(end < n for end, n in zip(ends, target.grid, strict=True)) and min(ends) > 0
    return replace(target, support=ends if is_padded else None)
