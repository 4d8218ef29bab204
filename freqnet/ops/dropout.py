"""Dropout of modes, of channels and of whole examples. These ops draw at every call, and are not registered."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from freqnet.autodiff import Op, Tensor
from freqnet.ops.arithmetic import per_element, signal_space
from freqnet.ops.normalize import scale
from freqnet.ops.pool import change_band, truncate, zero_pad
from freqnet.spaces.base import Axes


def _drop(x: Tensor, draw: Callable[[Axes], int]) -> tuple[Tensor, Tensor]:
    radius = draw(x.space.band)
    kept = tuple(min(radius, m) for m in x.space.band)
    narrow = change_band.forward(x, band=kept)
    return change_band.forward(narrow, band=x.space.band), Tensor(np.array(kept, float))


def _drop_vjp(g: Tensor, out: Tensor, kept: Tensor, x: Tensor, **rest: Any) -> Tensor:
    return zero_pad(truncate(g, tuple(int(m) for m in kept.data)), g.space.band)


drop_frequencies = Op(
    "drop_frequencies",
    forward=_drop,
    vjps=(_drop_vjp,),
    cost=per_element,
    source="X[k] for |k| <= r, else 0, r uniform from the minimum to the band (Rippel et al. 2015, section 3.2)",
    saves=True,
)


def _drop_lanes(x: Tensor, draw: Callable[[tuple[int, ...]], np.ndarray]) -> tuple[Tensor, Tensor]:
    space = signal_space(x, "dropout")
    factors = draw(x.shape[-2:]).astype(x.data.real.dtype)
    return Tensor(x.data * factors, space), Tensor(factors)


def _drop_lanes_vjp(g: Tensor, out: Tensor, factors: Tensor, x: Tensor, **rest: Any) -> Tensor:
    return scale(g, factors)


drop_lanes = Op(
    "drop_lanes",
    forward=_drop_lanes,
    vjps=(_drop_lanes_vjp,),
    cost=per_element,
    source="a factor per example and channel, 0 or 1 / (1 - rate) (Tompson et al. 2015; Huang et al. 2016)",
    saves=True,
)
