"""The range of the signal that enters each activation, beside the range that the activation was fitted on."""

from __future__ import annotations

import warnings
from dataclasses import dataclass

import numpy as np

from freqnet.audit.probe import Probe, probe
from freqnet.errors import RangeWarning
from freqnet.nn import Network

# Largest share of the signal outside the fitted range that is no cause for a warning.
TOLERATED = 0.01


@dataclass(frozen=True)
class SignalRange:
    """The range of the signal that enters one activation.

    Attributes
    ----------
    name, layer : str
        Path and class of the layer.
    low, high : float
        The smallest and the largest sample.
    inner_low, inner_high : float
        Half a percent of all samples lie below `inner_low`, and half a percent above `inner_high`.
    fitted : tuple of float or None
        The range that the layer was fitted on; None if it adapts, or if its coefficients were given.
    outside : float
        The share of samples outside the fitted range.
    """

    name: str
    layer: str
    low: float
    high: float
    inner_low: float
    inner_high: float
    fitted: tuple[float, float] | None
    outside: float

    @property
    def is_exceeded(self) -> bool:
        """Whether more than 1 % of the samples lie outside."""
        return self.outside > TOLERATED


def calibrate(network: Network, samples: np.ndarray, warn: bool = True) -> list[SignalRange]:
    """Measure the range of the signal that enters every activation.

    The signals are evaluated in space, on a grid twice as fine as their modes need. This synthesis belongs to the
    measurement; the network stays in its domain.

    Parameters
    ----------
    network : Network
    samples : numpy.ndarray
        ``(batch, *grid, channels)``; take them from the training set, not from the test set.
    warn : bool
        Warn of each range that more than 1 % of the samples exceed.

    Returns
    -------
    list of SignalRange
        One row per activation.

    Warns
    -----
    RangeWarning
        An activation is used outside the range that it was fitted on.

    Examples
    --------
    >>> import numpy as np
    >>> from freqnet import nn
    >>> from freqnet.audit import calibrate
    >>> body = nn.Sequential(nn.Polynomial("tanh", degree=3), nn.Dense(2))
    >>> network = nn.Network(nn.Door("fourier", (8, 8), (3, 3), 1), body)
    >>> row = calibrate(network, np.random.default_rng(0).normal(size=(50, 8, 8, 1)))[0]
    >>> row.fitted, row.outside < 0.01
    ((-4.0, 4.0), True)
    """
    rows = signal_ranges(probe(network, samples))
    for row in rows:
        if warn and row.is_exceeded:
            warnings.warn(range_message(row), RangeWarning, stacklevel=2)
    return rows


def signal_ranges(found: Probe) -> list[SignalRange]:
    """Return the range of the signal before every layer that has a `fitted_range`, None included."""
    rows = []
    for step in found.layers:
        if step.input.space is None or not hasattr(step.layer, "fitted_range"):
            continue
        space = step.input.space
        fine = tuple(max(n, 4 * m + 1) for n, m in zip(space.grid, space.band, strict=True))
        values = space.synthesis(step.input.data, fine)
        fitted = step.layer.fitted_range
        low, high = fitted or (-np.inf, np.inf)
        inner = np.quantile(values, [0.005, 0.995])
        outside = float(np.mean((values < low) | (values > high)))
        rows.append(
            SignalRange(
                step.name,
                type(step.layer).__name__,
                float(values.min()),
                float(values.max()),
                float(inner[0]),
                float(inner[1]),
                fitted,
                outside,
            )
        )
    return rows


def range_message(row: SignalRange) -> str:
    """Return one line that names the exceeded range, the excess and a remedy."""
    assert row.fitted is not None
    low, high = row.fitted
    return (
        f"layer {row.name} ({row.layer}): got {row.outside:.1%} of its input outside the fitted range "
        f"[{low:g}, {high:g}] (99 % lie in [{row.inner_low:.3g}, {row.inner_high:.3g}]), expected at most "
        f"{TOLERATED:.0%}; fit the layer on a wider interval=, or put PowerNorm in front of it"
    )
