"""The pointwise product of signals, computed from their coefficients."""

from __future__ import annotations

from typing import Any

from freqnet.autodiff import Op, Tensor, register
from freqnet.errors import SpaceError, got_expected
from freqnet.ops.arithmetic import scale_by, signal_space, sum_like
from freqnet.ops.pool import aligned
from freqnet.spaces.base import Axes, per_axis, volume


def product_cost(out: Tensor, a: Tensor, b: Tensor | None = None, **parameters: Any) -> int:
    """Cost of a product or, with one operand, of a square."""
    lanes = volume(out.shape[out.space.ndim :])
    other = a if b is None else b
    return lanes * a.space.product_cost(other.space.band, out.space.band, is_square=b is None)


def _multiply(a: Tensor, b: Tensor, band: Axes) -> Tensor:
    space, other = signal_space(a, "multiply"), signal_space(b, "multiply")
    if (space.domain, space.grid, space.origin) != (other.domain, other.grid, other.origin):
        raise SpaceError(
            got_expected("multiply", f"{space} and {other}", "one domain and grid", "resample b to the grid of a")
        )
    if other.dual:
        a, b, space, other = b, a, other, space
    return Tensor(space.multiply(a.data, b.data, other.band, band), space.with_band(band).unbounded)


multiply_op: Op = register(
    Op(
        "multiply",
        forward=_multiply,
        vjps=(
            lambda g, out, a, b, band: sum_like(multiply_op(g, b, band=a.space.band), a),
            lambda g, out, a, b, band: sum_like(multiply_op(g, a, band=b.space.band), b),
        ),
        cost=product_cost,
        source="C[k] = sum_j A[j] B[k - j], |k| <= band",
    )
)

square_op: Op = register(
    Op(
        "square",
        forward=lambda x, band: Tensor(x.space.square(x.data, band), x.space.with_band(band).unbounded),
        vjps=(lambda g, out, x, band: scale_by(multiply_op(g, x, band=x.space.band), factor=2.0),),
        cost=product_cost,
        source="C[k] = sum_j X[j] X[k - j], |k| <= band",
    )
)


def multiply(a: Tensor, b: Tensor, band: int | Axes | None = None) -> Tensor:
    """Multiply two signals pointwise, without aliasing in the kept modes.

    Parameters
    ----------
    a, b : Tensor
        Signals ``(*modes, batch, channels)`` on one grid, with any bands; batch and channels broadcast.
    band : int or tuple of int, optional
        Band of the result, by default that of `a`. The full product has the band ``a.band + b.band``.

    Returns
    -------
    Tensor
        Signal ``(*modes, batch, channels)``.

    Raises
    ------
    SpaceError
        The signals belong to different domains or grids.

    Examples
    --------
    >>> import numpy as np
    >>> from freqnet.spaces import Fourier
    >>> from freqnet.ops import analysis, multiply, synthesis
    >>> wave = np.cos(2 * np.pi * np.arange(8) / 8).reshape(1, 8, 1)
    >>> x = analysis(wave, Fourier.on(8, band=1))
    >>> bool(np.allclose(synthesis(multiply(x, x, band=2)).data, wave**2))
    True
    """
    space = signal_space(a, "multiply")
    signal_space(b, "multiply")
    kept = space.band if band is None else space.clip_band(per_axis(band, space.ndim, "band"))
    return square_op(a, band=kept) if a is b else multiply_op(*aligned(a, b), band=kept)
