"""Statistics of signals from their spectra: the mean is the DC mode, the power is Parseval's sum."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from freqnet.autodiff import Op, Tensor, linear, register
from freqnet.autodiff.registry import register_function
from freqnet.errors import ShapeError, SpaceError, got_expected
from freqnet.ops.arithmetic import (
    elementwise,
    per_element,
    plain,
    require_lanes,
    same_space,
    scale_by,
    signal_space,
    sum_like,
)


def power_cost(x: Tensor) -> int:
    """Multiply-adds of `signal_power`."""
    return x.shape[-1] * x.shape[-2] * x.space.power_cost


mean_op: Op = linear(
    "mean",
    lambda x: Tensor(x.space.mean(x.data)),
    adjoint=lambda g, x: constant(g, space=x.space.cotangent),
    source="the DC mode, X[0]",
)

constant: Op = linear(
    "constant",
    lambda value, space: Tensor(space.constant(value.data), replace(space, kind="signal", support=None)),
    adjoint=lambda g, value, space: mean_op(g),
    source="a constant has only the DC mode",
)


def _inner(a: Tensor, b: Tensor) -> Tensor:
    if a.space is None or a.space != getattr(b.space, "cotangent", None):
        same_space(a, b, "inner")
        # This domain stores gradients differently from signals.
        todo = "apply as_gradient to one of them"
        raise SpaceError(got_expected("inner", f"two of {a.space}", "a signal and a gradient", todo))
    return Tensor(a.space.inner(a.data, b.data))


def _scale(x: Tensor, factors: Tensor) -> Tensor:
    if factors.space is not None or factors.ndim > 2:
        raise ShapeError(got_expected("factors", repr(factors), "plain (batch, channels)", "give one per channel"))
    require_lanes(factors, x, "factors")
    return Tensor(x.data * factors.data, x.space)


inner: Op = register(
    Op(
        "inner",
        forward=_inner,
        vjps=(
            lambda g, out, a, b: sum_like(scale(b, g), a),
            lambda g, out, a, b: sum_like(scale(a, g), b),
        ),
        cost=lambda out, a, b: per_element(a),
        source="Parseval: sum_k w[k] Re(conj(A[k]) B[k]) (Rippel et al. 2015, eq. 2)",
    )
)

scale: Op = register(
    Op(
        "scale",
        forward=_scale,
        vjps=(
            lambda g, out, x, factors: sum_like(scale(g, factors), x),
            lambda g, out, x, factors: sum_like(inner(g, x), factors),
        ),
        cost=per_element,
        source="linearity; one real factor per example and channel",
    )
)

riesz: Op = linear(
    "riesz",
    lambda x: Tensor(x.space.riesz(x.data), x.space.cotangent),
    adjoint=lambda g, x: riesz(g),
    source="Riesz: the gradient h with <h, y> = mean(x y) for every signal y, by the Gram matrix of the nodes",
    cost=lambda out, x: 2 * power_cost(x),
)


def as_gradient(x: Tensor) -> Tensor:
    """Return the gradient that represents a signal (Riesz map); the signal itself if both are stored alike."""
    return x if x.space.is_self_dual else riesz(x)


# The inner product of a signal with itself has one gradient; `inner` would compute it twice.
power_op: Op = register(
    Op(
        "signal_power",
        forward=lambda x: Tensor(x.space.power(x.data)),
        vjps=(lambda g, out, x: scale(as_gradient(x), scale_by(g, factor=2.0)),),
        cost=lambda out, x: power_cost(x),
        source="Parseval: sum_k w[k] |X[k]|^2 (Rippel et al. 2015, eq. 2)",
    )
)


def _affine(x: Tensor, factors: Tensor, offset: Tensor) -> Tensor:
    space = signal_space(x, "affine")
    return Tensor(space.affine(x.data, plain(factors, "affine").data, plain(offset, "affine").data), space.unbounded)


affine: Op = register(
    Op(
        "affine",
        forward=_affine,
        vjps=(
            lambda g, out, x, factors, offset: sum_like(scale(g, factors), x),
            lambda g, out, x, factors, offset: sum_like(inner(g, x), factors),
            lambda g, out, x, factors, offset: sum_like(mean_op(g), offset),
        ),
        cost=per_element,
        source="linearity; a constant changes only the DC mode, so one pass does both",
    )
)


def _update_running(found: Tensor, state: dict[str, np.ndarray], momentum: float) -> Tensor:
    if np.isfinite(found.data).all():
        for name, new in zip(("mean", "variance"), found.data, strict=True):
            # With momentum 1, what was there before must leave no rounding error.
            state[name][...] = new if momentum == 1 else state[name] + momentum * (new - state[name])
    return Tensor(found.data)


# Called like an op, so that observers who record a step see it; but it has an effect instead of a gradient, and is not
# registered.
update_running = Op(
    "update_running",
    forward=_update_running,
    vjps=(None,),
    cost=per_element,
    source="r <- r + momentum (s - r) (Ioffe and Szegedy 2015)",
)


# Also called like an op, so that observers know which arrays a layer reads. They are not trained.
running = Op(
    "running",
    forward=lambda mean, variance: Tensor(np.array([mean.data, variance.data])),
    vjps=(None, None),
    cost=lambda out, mean, variance: 0,
    source="the running averages that `update_running` moves",
)


def mean(x: Tensor) -> Tensor:
    """Return the mean of a signal over its grid, ``(batch, channels)``: the DC mode.

    Raises
    ------
    SpaceError
        `x` is not a signal.

    Examples
    --------
    >>> import numpy as np
    >>> from freqnet.spaces import Fourier
    >>> from freqnet.ops import analysis, mean
    >>> mean(analysis(np.array([1.0, 2.0, 6.0]).reshape(1, 3, 1), Fourier.on(3))).data
    array([[3.]])
    """
    signal_space(x, "mean")
    return mean_op(x)


def signal_power(x: Tensor) -> Tensor:
    """Return the mean square of a signal over its grid, ``(batch, channels)``, by Parseval.

    Raises
    ------
    SpaceError
        `x` is not a signal.

    Examples
    --------
    >>> import numpy as np
    >>> from freqnet.spaces import Fourier
    >>> from freqnet.ops import analysis
    >>> from freqnet.ops import signal_power
    >>> signal_power(analysis(np.array([1.0, 2.0, 3.0]).reshape(1, 3, 1), Fourier.on(3))).data.round(6)
    array([[4.666667]])
    """
    signal_space(x, "signal_power")
    return power_op(x)


@register_function("inner_product")
def inner_product(a: Tensor, b: Tensor) -> Tensor:
    """Return the inner product of two elements of one space, or of a signal and a gradient, as a scalar."""
    if a.space is None:
        return elementwise(a, b).sum()
    return inner(as_gradient(a) if a.space == b.space else a, b).sum()
