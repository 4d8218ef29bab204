"""Statistics of signals read off their spectra: the mean is the DC mode, the power is Parseval's sum."""

from __future__ import annotations

from dataclasses import replace

from freqnet.autodiff import Op, Tensor, register
from freqnet.autodiff.tape import register_function
from freqnet.domains.space import require_signal
from freqnet.errors import ShapeError, SpaceError, got_expected
from freqnet.ops.arithmetic import _sum_to, elementwise, free, per_element, plain, same_space, scale_by


def _scale(x: Tensor, factors: Tensor) -> Tensor:
    if factors.space is not None or factors.ndim > 2:
        raise ShapeError(got_expected("factors", repr(factors), "plain (batch, channels)", "one a channel"))
    return Tensor(x.data * factors.data, x.space)


def power_cost(x: Tensor) -> int:
    """The multiply-adds of a signal's power."""
    return x.shape[-1] * x.shape[-2] * x.space.domain.power_cost(x.space)


mean_op: Op = register(
    Op(
        "mean",
        forward=lambda x: Tensor(x.space.domain.mean(x.data, x.space)),
        vjps=(lambda g, out, x: constant(g, space=x.space.cotangent),),
        cost=free,
        source="the DC mode, X[0]",
    )
)

constant: Op = register(
    Op(
        "constant",
        forward=lambda value, space: Tensor(
            space.domain.constant(value.data, space), replace(space, kind="signal", support=None)
        ),
        vjps=(lambda g, out, value, space: mean_op(g),),
        cost=free,
        source="a constant has the DC mode alone",
    )
)


def _inner(a: Tensor, b: Tensor) -> Tensor:
    if a.space is None or a.space != getattr(b.space, "cotangent", None):
        same_space(a, b, "inner")
        # Of one space: two signals in a domain whose gradients are stored in another way.
        raise SpaceError(got_expected("inner", f"two of {a.space}", "a signal and a gradient", "lower one of them"))
    return Tensor(a.space.domain.inner(a.data, b.data, a.space))


inner: Op = register(
    Op(
        "inner",
        forward=_inner,
        vjps=(
            lambda g, out, a, b: _sum_to(scale(b, g), a),
            lambda g, out, a, b: _sum_to(scale(a, g), b),
        ),
        cost=lambda out, a, b: per_element(a),
        source="Parseval: sum_k w[k] Re(conj(A[k]) B[k]) (Rippel et al. 2015, eq. 2)",
    )
)

lower: Op = register(
    Op(
        "lower",
        forward=lambda x: Tensor(x.space.domain.lower(x.data, x.space), x.space.cotangent),
        vjps=(lambda g, out, x: lower(g),),
        cost=lambda out, x: 2 * power_cost(x),
        source="Riesz: the gradient h with <h, y> = mean(x y) for every signal y; the Gram matrix of what is stored",
    )
)


def lowered(x: Tensor) -> Tensor:
    """Return a signal as a gradient: itself, where both are stored alike."""
    return x if x.space.domain.is_self_dual else lower(x)


# The inner product of a signal with itself: one gradient, where `inner` would make two equal ones.
power_op: Op = register(
    Op(
        "signal_power",
        forward=lambda x: Tensor(x.space.domain.power(x.data, x.space)),
        vjps=(lambda g, out, x: scale(lowered(x), scale_by(g, factor=2.0)),),
        cost=lambda out, x: power_cost(x),
        source="Parseval: sum_k w[k] |X[k]|^2 (Rippel et al. 2015, eq. 2)",
    )
)

scale: Op = register(
    Op(
        "scale",
        forward=_scale,
        vjps=(
            lambda g, out, x, factors: _sum_to(scale(g, factors), x),
            lambda g, out, x, factors: _sum_to(inner(g, x), factors),
        ),
        cost=per_element,
        source="linearity; one real factor for every batch and channel",
    )
)


affine: Op = register(
    Op(
        "affine",
        forward=lambda x, factors, offset: Tensor(
            require_signal(x.space, "affine").domain.affine(
                x.data, plain(factors, "affine").data, plain(offset, "affine").data, x.space
            ),
            x.space.unbounded,
        ),
        vjps=(
            lambda g, out, x, factors, offset: _sum_to(scale(g, factors), x),
            lambda g, out, x, factors, offset: _sum_to(inner(g, x), factors),
            lambda g, out, x, factors, offset: _sum_to(mean_op(g), offset),
        ),
        cost=per_element,
        source="linearity; a constant touches the DC mode alone, so one pass does both",
    )
)


def mean(x: Tensor) -> Tensor:
    """Return the mean of a signal over its grid, ``(batch, channels)``: the DC mode.

    >>> import numpy as np
    >>> from freqnet.domains import FOURIER
    >>> from freqnet.ops import analysis, mean
    >>> mean(analysis(np.array([1.0, 2.0, 6.0]).reshape(1, 3, 1), FOURIER.space(3))).data
    array([[3.]])
    """
    require_signal(x.space, "mean")
    return mean_op(x)


def signal_power(x: Tensor) -> Tensor:
    """Return the mean square of a signal over its grid, ``(batch, channels)``, by Parseval.

    >>> import numpy as np
    >>> from freqnet.domains import FOURIER
    >>> from freqnet.ops import analysis
    >>> from freqnet.ops import signal_power
    >>> signal_power(analysis(np.array([1.0, 2.0, 3.0]).reshape(1, 3, 1), FOURIER.space(3))).data.round(6)
    array([[4.666667]])
    """
    require_signal(x.space, "signal_power")
    return power_op(x)


@register_function("inner_product")
def inner_product(a: Tensor, b: Tensor) -> Tensor:
    """Return the inner product of two elements of one space, as a scalar."""
    if a.space is None:
        return elementwise(a, b).sum()
    return inner(lowered(a) if a.space == b.space else a, b).sum()
