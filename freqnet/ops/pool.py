"""Changes of band and grid: truncation, resampling, averaging, subsampling with aliasing, and shifts."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np

from freqnet.autodiff import Op, Tensor, linear
from freqnet.errors import ConfigurationError, ShapeError, got_expected
from freqnet.ops.arithmetic import per_element, signal_space
from freqnet.spaces.base import Axes, Space, per_axis


def _change_band(x: Tensor, band: Axes) -> Tensor:
    space = signal_space(x, "change of band")
    return Tensor(space.change_band(x.data, band), space.with_band(band))


change_band: Op = linear(
    "change_band",
    _change_band,
    adjoint=lambda g, x, band: change_band(g, band=x.space.band),
    source="truncation and zero-padding are adjoint (Rippel et al. 2015, algorithms 1 and 2)",
)

resample_op: Op = linear(
    "resample",
    lambda x, target: Tensor(x.space.resample(x.data, target), target),
    adjoint=lambda g, x, target: resample_op(g, target=x.space.cotangent),
    source="spectral pooling (Rippel et al. 2015, section 3), the Nyquist mode dropped",
)


def _average(x: Tensor, window: Axes, method: str, adjoint: bool) -> Tensor:
    return Tensor(x.space.average(x.data, window, method, adjoint), x.space.after_window(window, adjoint))


average_op: Op = linear(
    "average",
    _average,
    adjoint=lambda g, x, window, method, adjoint: average_op(g, window=window, method=method, adjoint=not adjoint),
    source="the Dirichlet kernel; the continuous sinc is arXiv 2108.05690, theorem 3.6",
    cost=per_element,
)


def _alias(x: Tensor, fine: Space, coarse: Space, stride: Axes, adjoint: bool) -> Tensor:
    target = fine if adjoint else coarse
    data = fine.alias(x.data, coarse, stride, adjoint)
    return Tensor(data, target if target.dual == x.space.dual else target.cotangent)


alias_op: Op = linear(
    "alias",
    _alias,
    adjoint=lambda g, x, adjoint, **parameters: alias_op(g, **parameters, adjoint=not adjoint),
    source="Y[q] = sum_r X[q + r N / s]",
    cost=per_element,
)


def _shift(x: Tensor, samples: np.ndarray, places: Axes, adjoint: bool) -> Tensor:
    """Shift the stored signal by `samples`, and move sample 0 by `places`."""
    shift = x.space.shift_adjoint if adjoint else x.space.shift
    return Tensor(shift(x.data, samples), x.space.after_shift(samples, places, adjoint))


shift_op: Op = linear(
    "shift",
    _shift,
    adjoint=lambda g, x, adjoint, **by: shift_op(g, **by, adjoint=not adjoint),
    source="X[k] exp(-2 pi i k s / N)",
    cost=per_element,
)


def aligned(a: Tensor, b: Tensor) -> tuple[Tensor, Tensor]:
    """Return two signals stored with sample 0 at the same place, the later of their two places."""
    if a.space == b.space or a.space.origin == b.space.origin:
        return a, b
    return _moved_to(a, a.space.common_space(b.space)), _moved_to(b, b.space.common_space(a.space))


def _moved_to(x: Tensor, space: Space) -> Tensor:
    """Return a signal with sample 0 moved to its place in `space`."""
    if x.space.origin == space.origin:
        return x
    places = tuple(there - here for here, there in zip(x.space.first, space.first, strict=True))
    return shift_op(x, samples=np.array(places), places=places, adjoint=False)


def truncate(x: Tensor, band: int | Axes) -> Tensor:
    """Keep the modes ``|k| <= band``, on the same grid: an ideal low-pass.

    Parameters
    ----------
    x : Tensor
        Signal ``(*modes, batch, channels)``.
    band : int or tuple of int
        Largest mode number that is kept along each axis.

    Raises
    ------
    ShapeError
        The band is larger than that of the signal.

    Examples
    --------
    >>> import numpy as np
    >>> from freqnet.spaces import Fourier
    >>> from freqnet.ops import analysis, truncate
    >>> x = analysis(np.ones((1, 9, 1)), Fourier.on(9))
    >>> truncate(x, 2).shape
    (3, 1, 1)
    """
    kept = per_axis(band, signal_space(x, "truncate").ndim, "band")
    if min(kept) < 0 or any(m > n for m, n in zip(kept, x.space.band, strict=True)):
        raise ShapeError(got_expected("band", kept, f"at most {x.space.band}", "keep fewer modes, or use zero_pad"))
    return change_band(x, band=kept)


def zero_pad(x: Tensor, band: int | Axes) -> Tensor:
    """Add zero modes up to ``|k| <= band``, on the same grid: the adjoint of `truncate`.

    Parameters
    ----------
    x : Tensor
        Signal ``(*modes, batch, channels)``.
    band : int or tuple of int
        Largest mode number of the result along each axis.

    Raises
    ------
    ShapeError
        The band is smaller than that of the signal.

    Examples
    --------
    >>> import numpy as np
    >>> from freqnet.spaces import Fourier
    >>> from freqnet.ops import analysis, zero_pad
    >>> x = analysis(np.ones((1, 9, 1)), Fourier.on(9, band=2))
    >>> zero_pad(x, 4).shape
    (5, 1, 1)
    """
    kept = per_axis(band, signal_space(x, "zero_pad").ndim, "band")
    if any(m < n for m, n in zip(kept, x.space.band, strict=True)):
        raise ShapeError(got_expected("band", kept, f"at least {x.space.band}", "keep more modes, or use truncate"))
    return change_band(x, band=kept)


def resample(x: Tensor, grid: int | Axes) -> Tensor:
    """Put a signal on another grid and keep the modes that both grids can hold.

    With fewer samples this is spectral pooling (truncation). Nothing is rescaled: the mean stays the same.

    Parameters
    ----------
    x : Tensor
        Signal ``(*modes, batch, channels)``.
    grid : int or tuple of int
        Samples along each axis.

    Raises
    ------
    SpaceError
        `x` is not a signal, or a signal of a node domain and the new grid is larger.

    Examples
    --------
    >>> import numpy as np
    >>> from freqnet.spaces import Fourier
    >>> from freqnet.ops import analysis, resample
    >>> resample(analysis(np.ones((1, 9, 1)), Fourier.on(9)), 4).space.band
    (1,)
    """
    space = signal_space(x, "resample")
    return resample_op(x, target=resampled(space, per_axis(grid, space.ndim, "grid")))


@lru_cache(maxsize=256)
def resampled(space: Space, grid: Axes) -> Space:
    """Return the space of a signal after `resample`."""
    return space.resampled(grid)


def average(x: Tensor, window: int | Axes, method: str = "dirichlet") -> Tensor:
    """Replace each sample n by the average of the samples n to n + window - 1, periodically.

    Parameters
    ----------
    x : Tensor
        Signal ``(*modes, batch, channels)``.
    window : int or tuple of int
        Samples along each axis.
    method : {"dirichlet", "sinc"}
        "dirichlet" averages samples, "sinc" the continuous signal over the same window. On a grid of N samples their
        responses differ by the factor ``sinc(k / N)``: 1 at k = 0 and 0.64 at Nyquist.

    Raises
    ------
    ShapeError
        The window is shorter than one sample.
    ConfigurationError
        There is no such method, or the domain does not support it.

    Examples
    --------
    >>> import numpy as np
    >>> from freqnet.spaces import Fourier
    >>> from freqnet.ops import analysis, average, synthesis
    >>> x = analysis(np.array([1.0, 3.0, 5.0]).reshape(1, 3, 1), Fourier.on(3))
    >>> synthesis(average(x, 2)).data.ravel().round(6)
    array([2., 4., 3.])
    """
    space = signal_space(x, "average")
    axes = checked_window(window, space.ndim, method)
    return average_op(x, window=axes, method=method, adjoint=False)


def checked_window(window: int | Axes, ndim: int, method: str) -> Axes:
    """Return the window along each axis, after a check of window and method."""
    axes = per_axis(window, ndim, "window")
    if min(axes) < 1:
        raise ShapeError(got_expected("window", axes, "at least 1 sample", "pass window=1 or more"))
    if not isinstance(method, str) or method not in ("dirichlet", "sinc"):
        raise ConfigurationError(got_expected("method", repr(method), "'dirichlet' or 'sinc'", "use 'dirichlet'"))
    return axes


def alias(x: Tensor, stride: int | Axes) -> Tensor:
    """Keep every `stride`-th sample: the spectrum folds, and modes that alias are added.

    Parameters
    ----------
    x : Tensor
        Signal ``(*modes, batch, channels)``.
    stride : int or tuple of int
        Distance of the samples that are kept along each axis; it divides the grid.

    Raises
    ------
    ShapeError
        The stride does not divide the grid.

    Examples
    --------
    >>> import numpy as np
    >>> from freqnet.spaces import Fourier
    >>> from freqnet.ops import alias, analysis, synthesis
    >>> x = analysis(np.arange(9.0).reshape(1, 9, 1), Fourier.on(9))
    >>> synthesis(alias(x, 3)).data.ravel().round(6) + 0.0
    array([0., 3., 6.])
    """
    space = signal_space(x, "alias")
    axes = per_axis(stride, space.ndim, "stride")
    return alias_op(x, fine=space, coarse=aliased(space, axes), stride=axes, adjoint=False)


def aliased(space: Space, stride: Axes) -> Space:
    """Return the space of a signal after `alias`."""
    if any(s < 1 or n % s for n, s in zip(space.grid, stride, strict=True)):
        raise ShapeError(
            got_expected("stride", stride, f"divisors of the grid {space.grid}", "pass stride=1, or resample first")
        )
    return space.aliased(stride)


def shift(x: Tensor, samples: Any) -> Tensor:
    """Shift a signal forward by a whole or fractional number of samples.

    Parameters
    ----------
    x : Tensor
        Signal ``(*modes, batch, channels)``.
    samples : array
        ``(axes,)``, or ``(batch, axes)`` for one shift per example. Some node domains support whole samples only.

    Raises
    ------
    ShapeError
        The shift is not finite, has the wrong shape, or is fractional where only whole samples are supported.

    Examples
    --------
    >>> import numpy as np
    >>> from freqnet.spaces import Fourier
    >>> from freqnet.ops import analysis, shift, synthesis
    >>> x = analysis(np.arange(5.0).reshape(1, 5, 1), Fourier.on(5))
    >>> synthesis(shift(x, [1.0])).data.ravel().round(6) + 0.0
    array([4., 0., 1., 2., 3.])
    """
    space = signal_space(x, "shift")
    array = _shifts(samples)
    if not np.isfinite(array).all():
        raise ShapeError(got_expected("shift", "numbers that are not finite", "finite numbers", "use 0 for no shift"))
    if array.shape[-1:] != (space.ndim,) or array.ndim > 2 or (array.ndim == 2 and len(array) not in (1, x.shape[-2])):
        raise ShapeError(
            got_expected(
                "shift",
                f"shape {array.shape}",
                f"({space.ndim},) or ({x.shape[-2]}, {space.ndim})",
                "pass one number per axis",
            )
        )
    places = space.shift_places(np.atleast_2d(array).min(axis=0))
    return shift_op(x, samples=array + places, places=places, adjoint=False)


def _shifts(samples: Any) -> np.ndarray:
    """Return shifts as floats; text and complex numbers are refused."""
    try:
        array = np.asarray(samples)
        if array.dtype.kind in "fiu":
            return array.astype(float)
        got = f"an array of {array.dtype}"
    except ValueError:
        got = "rows of different lengths"
    raise ShapeError(got_expected("shift", got, "real numbers", "pass one number per axis, as in [1.0]"))
