"""Bands and grids: truncation pooling, average pooling, subsampling with its aliasing, shifts."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np

from freqnet.autodiff import Op, Tensor, linear
from freqnet.errors import ConfigurationError, ShapeError, got_expected
from freqnet.ops.arithmetic import per_element
from freqnet.spaces.base import Axes, Space, per_axis, require_signal


def _change_band(x: Tensor, band: Axes) -> Tensor:
    space = require_signal(x.space, "change of band")
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
    """Shift what is held by `samples`, and sample 0 by whole `places`."""
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
    """Return two signals with sample 0 in the same place: the later of the two."""
    if a.space == b.space or a.space.origin == b.space.origin:
        return a, b
    return _held_as(a, a.space.common_space(b.space)), _held_as(b, b.space.common_space(a.space))


def _held_as(x: Tensor, space: Space) -> Tensor:
    """The same signal with more room before it, so that sample 0 is where a space has it."""
    if x.space.origin == space.origin:
        return x
    places = tuple(there - here for here, there in zip(x.space.first, space.first, strict=True))
    return shift_op(x, samples=np.array(places), places=places, adjoint=False)


def truncate(x: Tensor, band: int | Axes) -> Tensor:
    """Keep the modes ``|k| <= band``, on the same grid: an ideal low-pass.

    Raises
    ------
    ShapeError
        The signal has fewer modes than asked for.

    >>> import numpy as np
    >>> from freqnet.spaces import Fourier
    >>> from freqnet.ops import analysis, truncate
    >>> x = analysis(np.ones((1, 9, 1)), Fourier.on(9))
    >>> truncate(x, 2).shape
    (3, 1, 1)
    """
    kept = per_axis(band, require_signal(x.space, "truncate").ndim, "band")
    if min(kept) < 0 or any(m > n for m, n in zip(kept, x.space.band, strict=True)):
        raise ShapeError(got_expected("band", kept, f"at most {x.space.band}", "keep fewer modes, or use zero_pad"))
    return change_band(x, band=kept)


def zero_pad(x: Tensor, band: int | Axes) -> Tensor:
    """Add modes of zero up to ``|k| <= band``, on the same grid: the adjoint of `truncate`.

    Raises
    ------
    ShapeError
        The signal has more modes than asked for.
    """
    kept = per_axis(band, require_signal(x.space, "zero_pad").ndim, "band")
    if any(m < n for m, n in zip(kept, x.space.band, strict=True)):
        raise ShapeError(got_expected("band", kept, f"at least {x.space.band}", "keep more modes, or use truncate"))
    return change_band(x, band=kept)


def resample(x: Tensor, grid: int | Axes) -> Tensor:
    """Put the signal on another grid of any size, keeping every mode both grids can hold.

    With fewer samples this is spectral (truncation) pooling; the mean is kept, nothing is rescaled.

    >>> import numpy as np
    >>> from freqnet.spaces import Fourier
    >>> from freqnet.ops import analysis, resample
    >>> resample(analysis(np.ones((1, 9, 1)), Fourier.on(9)), 4).space.band
    (1,)
    """
    space = require_signal(x.space, "resample")
    return resample_op(x, target=resampled(space, per_axis(grid, space.ndim, "grid")))


@lru_cache(maxsize=256)
def resampled(space: Space, grid: Axes) -> Space:
    """The space of a signal after `resample`."""
    return space.resampled(grid)


def average(x: Tensor, window: int | Axes, method: str = "dirichlet") -> Tensor:
    """Average over the samples n .. n + window - 1, around the period: exact, by the Dirichlet kernel.

    Parameters
    ----------
    x : Tensor
        ``(*modes, batch, channels)``.
    window : int or tuple of int
        Samples along each axis.
    method : {"dirichlet", "sinc"}
        The grid's own average, or the average of the continuous signal over the same window, which is
        what a product with a sinc computes. They agree at k = 0 and part as k grows: for a window w on
        N samples the ratio is ``sinc(k / N)``, 0.64 at Nyquist.

    >>> import numpy as np
    >>> from freqnet.spaces import Fourier
    >>> from freqnet.ops import analysis, average, synthesis
    >>> x = analysis(np.array([1.0, 3.0, 5.0]).reshape(1, 3, 1), Fourier.on(3))
    >>> synthesis(average(x, 2)).data.ravel().round(6)
    array([2., 4., 3.])
    """
    space = require_signal(x.space, "average")
    axes = checked_window(window, space.ndim, method)
    return average_op(x, window=axes, method=method, adjoint=False)


def checked_window(window: int | Axes, ndim: int, method: str) -> Axes:
    """Return the window along each axis, if it and the method can be averaged with."""
    axes = per_axis(window, ndim, "window")
    if min(axes) < 1:
        raise ShapeError(got_expected("window", axes, "at least 1 sample", "give a larger window"))
    if method not in ("dirichlet", "sinc"):
        raise ConfigurationError(got_expected("method", repr(method), "'dirichlet' or 'sinc'", "choose one"))
    return axes


def alias(x: Tensor, stride: int | Axes) -> Tensor:
    """Keep every `stride`-th sample: the spectrum folds, modes that become equal are added.

    Raises
    ------
    ShapeError
        The stride does not divide the grid.

    >>> import numpy as np
    >>> from freqnet.spaces import Fourier
    >>> from freqnet.ops import alias, analysis, synthesis
    >>> x = analysis(np.arange(9.0).reshape(1, 9, 1), Fourier.on(9))
    >>> synthesis(alias(x, 3)).data.ravel().round(6) + 0.0
    array([0., 3., 6.])
    """
    space = require_signal(x.space, "alias")
    axes = per_axis(stride, space.ndim, "stride")
    return alias_op(x, fine=space, coarse=aliased(space, axes), stride=axes, adjoint=False)


def aliased(space: Space, stride: Axes) -> Space:
    """The space of a signal after `alias`."""
    if any(s < 1 or n % s for n, s in zip(space.grid, stride, strict=True)):
        raise ShapeError(
            got_expected("stride", stride, f"divisors of the grid {space.grid}", "resample first, or change the stride")
        )
    return space.aliased(stride)


def shift(x: Tensor, samples: Any) -> Tensor:
    """Move the signal forward by samples, or fractions of samples: a phase ramp.

    Parameters
    ----------
    x : Tensor
        ``(*modes, batch, channels)``.
    samples : array
        ``(axes,)``, or ``(batch, axes)`` for a shift of its own for each example, in samples.

    >>> import numpy as np
    >>> from freqnet.spaces import Fourier
    >>> from freqnet.ops import analysis, shift, synthesis
    >>> x = analysis(np.arange(5.0).reshape(1, 5, 1), Fourier.on(5))
    >>> synthesis(shift(x, [1.0])).data.ravel().round(6) + 0.0
    array([4., 0., 1., 2., 3.])
    """
    space = require_signal(x.space, "shift")
    array = np.asarray(samples, dtype=float)
    if not np.isfinite(array).all():
        raise ShapeError(got_expected("shift", "numbers that are not finite", "numbers of samples", "change them"))
    if array.shape[-1:] != (space.ndim,) or array.ndim > 2 or (array.ndim == 2 and len(array) not in (1, x.shape[-2])):
        raise ShapeError(
            got_expected(
                "shift",
                f"shape {array.shape}",
                f"({space.ndim},) or ({x.shape[-2]}, {space.ndim})",
                "one per axis",
            )
        )
    places = space.shift_places(np.atleast_2d(array).min(axis=0))
    return shift_op(x, samples=array + places, places=places, adjoint=False)
