"""Samples of the same signals on another grid of the same period."""

from __future__ import annotations

from typing import Any

import numpy as np

from freqnet.errors import ShapeError, got_expected
from freqnet.spaces.base import Axes, per_axis, volume
from freqnet.spaces.waves.fourier import Fourier


def resample_samples(samples: Any, grid: int | Axes) -> np.ndarray:
    """Return the samples of band-limited periodic signals on another grid of the same period.

    A finer grid interpolates, a coarser one drops the modes that it cannot hold (a low-pass, so that nothing aliases).
    Sample 0 stays at the same place. Along an axis whose size changes, the Nyquist mode of an even number of samples
    is dropped on both grids, because it has no exact counterpart. An axis of equal size is left as it is.

    Parameters
    ----------
    samples : array
        Real samples ``(batch, *grid, channels)``.
    grid : int or tuple of int
        New number of samples along each axis, 1 or more; a single number applies to every axis.

    Returns
    -------
    numpy.ndarray
        Samples ``(batch, *grid, channels)`` in the precision of `samples` (float64 for whole numbers). On an equal
        grid this is the array that was passed, and no transform is counted; otherwise one analysis and one synthesis
        are.

    Raises
    ------
    ShapeError
        The samples are not real or have no axis of a grid, or `grid` has another number of axes or a size below 1.
    TransformError
        Called inside ``no_transforms()`` with another grid.

    Examples
    --------
    >>> import numpy as np
    >>> from freqnet.spaces import resample_samples
    >>> wave = lambda n: np.cos(2 * np.pi * np.arange(n) / n).reshape(1, n, 1)
    >>> bool(np.allclose(resample_samples(wave(8), 12), wave(12)))
    True
    """
    array = _real(samples)
    own = array.shape[1:-1]
    target = per_axis(grid, len(own), "grid")
    if min(target) < 1:
        raise ShapeError(got_expected("grid", target, "sizes of at least 1", f"pass grid={own}"))
    changed = [axis for axis, (n, t) in enumerate(zip(own, target, strict=True)) if n != t]
    if not changed:
        return array
    # The other axes take part like examples.
    still = [0, *(axis + 1 for axis in range(len(own)) if axis not in changed)]
    order = [*still, *(axis + 1 for axis in changed), array.ndim - 1]
    here, there = (tuple(sizes[axis] for axis in changed) for sizes in (own, target))
    rows = array.transpose(order).reshape(volume(tuple(array.shape[i] for i in still)), *here, array.shape[-1])
    space = Fourier.on(here, tuple((min(n, t) - 1) // 2 for n, t in zip(here, there, strict=True)))
    out = space.synthesis(space.analysis(rows), there).astype(array.dtype, copy=False)
    out = out.reshape(*(array.shape[i] for i in still), *there, array.shape[-1])
    return np.ascontiguousarray(out.transpose(np.argsort(order)))


def _real(samples: Any) -> np.ndarray:
    """Return samples as an array of real floating-point numbers."""
    array = np.asarray(samples)
    if array.dtype.kind in "biu":
        array = array.astype(float)
    if array.dtype.kind != "f":
        raise ShapeError(got_expected("samples", f"numbers of {array.dtype}", "real numbers", "pass samples.real"))
    if array.ndim < 3 or 0 in array.shape[1:-1]:
        todo = "add the missing axis, one example as samples[None, ..., None]"
        raise ShapeError(
            got_expected("samples", f"shape {array.shape}", "(batch, *grid, channels), grid above 0", todo)
        )
    return array
