"""Bands and grids: truncation pooling, average pooling, subsampling with its aliasing, shifts."""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache
from typing import Any

import numpy as np

from freqnet.autodiff import Op, Tensor, register
from freqnet.domains.space import Axes, Space, per_axis, require_signal
from freqnet.errors import ConfigurationError, ShapeError, got_expected
from freqnet.ops.arithmetic import free, per_element


def _change_band(x: Tensor, band: Axes) -> Tensor:
    space = require_signal(x.space, "change of band")
    return Tensor(space.domain.change_band(x.data, space, band), space.with_band(band))


change_band: Op = register(
    Op(
        "change_band",
        forward=_change_band,
        vjps=(lambda g, out, x, band: change_band(g, band=x.space.band),),
        cost=free,
        source="truncation and zero-padding are adjoint (Rippel et al. 2015, algorithms 1 and 2)",
    )
)

resample_op: Op = register(
    Op(
        "resample",
        forward=lambda x, target: Tensor(x.space.domain.resample(x.data, x.space, target), target),
        vjps=(lambda g, out, x, target: resample_op(g, target=x.space.cotangent),),
        cost=free,
        source="spectral pooling (Rippel et al. 2015, section 3), the Nyquist mode dropped",
    )
)


def averaged(space: Space, window: Axes, adjoint: bool) -> Space:
    """The window looks ahead, and its adjoint, of gradients, back again."""
    if adjoint is not space.dual:
        return space
    sign = -1 if adjoint else 1
    return space.moved(tuple(sign * w for w in space.domain.delay(tuple(w - 1 for w in window))))


average_op: Op = register(
    Op(
        "average",
        forward=lambda x, window, method, adjoint: Tensor(
            x.space.domain.average(x.data, x.space, window, method, adjoint),
            averaged(x.space, window, adjoint).unbounded,
        ),
        vjps=(
            lambda g, out, x, window, method, adjoint: average_op(g, window=window, method=method, adjoint=not adjoint),
        ),
        cost=per_element,
        source="the Dirichlet kernel; the continuous sinc is arXiv 2108.05690, theorem 3.6",
    )
)


def _alias(x: Tensor, fine: Space, coarse: Space, stride: Axes, adjoint: bool) -> Tensor:
    target = fine if adjoint else coarse
    data = target.domain.alias(x.data, fine, coarse, stride, adjoint)
    return Tensor(data, target if target.dual == x.space.dual else target.cotangent)


alias_op: Op = register(
    Op(
        "alias",
        forward=_alias,
        vjps=(
            lambda g, out, x, fine, coarse, stride, adjoint: alias_op(
                g, fine=fine, coarse=coarse, stride=stride, adjoint=not adjoint
            ),
        ),
        cost=per_element,
        source="Y[q] = sum_r X[q + r N / s]",
    )
)


def _shift(x: Tensor, samples: np.ndarray, places: Axes, adjoint: bool) -> Tensor:
    """Shift what is held by `samples`, and sample 0 by whole `places`."""
    shift = x.space.domain.shift_adjoint if adjoint else x.space.domain.shift
    space = x.space.moved(tuple(-p for p in places) if adjoint else places)
    if space.support is not None and space.domain.is_causal:
        # Around a period a signal stays as long as it is; here it ends later.
        later = np.ceil(np.atleast_2d(samples).max(axis=0)).astype(int)
        ends = tuple(int(s + p) for s, p in zip(space.support, later, strict=True))
        space = replace(space, support=ends if all(e <= n for e, n in zip(ends, space.grid, strict=True)) else None)
    return Tensor(shift(x.data, x.space, samples), space)


shift_op: Op = register(
    Op(
        "shift",
        forward=_shift,
        vjps=(lambda g, out, x, adjoint, **by: shift_op(g, **by, adjoint=not adjoint),),
        cost=per_element,
        source="X[k] exp(-2 pi i k s / N)",
    )
)


def later_space(space: Space, other: Space) -> Space:
    """The first space, with sample 0 where the second has it, if that is later."""
    if space.origin == other.origin:
        return space
    places = [np.array(s.first) for s in (space, other)]
    return space.moved(tuple(int(p) for p in np.maximum(places[1] - places[0], 0)))


def aligned(a: Tensor, b: Tensor) -> tuple[Tensor, Tensor]:
    """Return two signals with sample 0 in the same place: the one that has it earlier is held later."""
    if a.space == b.space or a.space.origin == b.space.origin:
        return a, b
    return _held_as(a, later_space(a.space, b.space)), _held_as(b, later_space(b.space, a.space))


def _held_as(x: Tensor, space: Space) -> Tensor:
    """The same signal with room before it: as much later as its sample 0."""
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
    >>> from freqnet.domains import FOURIER
    >>> from freqnet.ops import analysis, truncate
    >>> x = analysis(np.ones((1, 9, 1)), FOURIER.space(9))
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
    >>> from freqnet.domains import FOURIER
    >>> from freqnet.ops import analysis, resample
    >>> resample(analysis(np.ones((1, 9, 1)), FOURIER.space(9)), 4).space.band
    (1,)
    """
    space = require_signal(x.space, "resample")
    return resample_op(x, target=resampled(space, per_axis(grid, space.ndim, "grid")))


@lru_cache(maxsize=256)
def resampled(space: Space, grid: Axes) -> Space:
    """The space of a signal after `resample`."""
    return space.domain.resampled(space, grid)


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
    >>> from freqnet.domains import FOURIER
    >>> from freqnet.ops import analysis, average, synthesis
    >>> x = analysis(np.array([1.0, 3.0, 5.0]).reshape(1, 3, 1), FOURIER.space(3))
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
    >>> from freqnet.domains import FOURIER
    >>> from freqnet.ops import alias, analysis, synthesis
    >>> x = analysis(np.arange(9.0).reshape(1, 9, 1), FOURIER.space(9))
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
    return space.domain.aliased(space, stride)


def shift(x: Tensor, samples: Any) -> Tensor:
    """Move the signal forward by samples, or fractions of samples: a phase ramp.

    Parameters
    ----------
    x : Tensor
        ``(*modes, batch, channels)``.
    samples : array
        ``(axes,)``, or ``(batch, axes)`` for a shift of its own for each example, in samples.

    >>> import numpy as np
    >>> from freqnet.domains import FOURIER
    >>> from freqnet.ops import analysis, shift, synthesis
    >>> x = analysis(np.arange(5.0).reshape(1, 5, 1), FOURIER.space(5))
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
                "one an axis",
            )
        )
    # Where nothing may come before the first place, a shift back moves sample 0, and one forward may move it back.
    lowest = np.atleast_2d(array).min(axis=0)
    places = space.domain.delay(tuple(max(int(np.ceil(-s)), -o) for s, o in zip(lowest, space.first, strict=True)))
    return shift_op(x, samples=array + places, places=places, adjoint=False)
