"""How far each operation in a domain is from the same operation on samples."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from freqnet import ops
from freqnet.autodiff import Tensor, no_grad
from freqnet.domains import GRID, Space, get_domain

# Even and odd, and wide enough for the product of two signals of the band not to alias on samples.
_GRID, _BAND, _KEPT, _TAPS = (13, 12), (3, 3), (2, 1), (3, 3)
_BATCH, _CHANNELS = 2, 3


def _convolution(x: Tensor, y: Tensor, taps: Tensor) -> Tensor:
    return ops.convolve(x, ops.frequency_response(taps, x.space, size=_TAPS), size=_TAPS)


OPERATIONS: dict[str, Callable[[Tensor, Tensor, Tensor], Tensor]] = {
    "convolution": _convolution,
    "product": lambda x, y, taps: ops.multiply(x, y),
    "average": lambda x, y, taps: ops.average(x, 3),
    "truncation": lambda x, y, taps: ops.truncate(x, _KEPT),
    "shift": lambda x, y, taps: ops.shift(x, [0.37, -1.6]),
    "mean": lambda x, y, taps: ops.mean(x),
    "power": lambda x, y, taps: ops.signal_power(x),
}


def operation_errors(domain: str, precision: Any = np.float64, seed: int = 0) -> dict[str, float]:
    """Return the error of every operation, from samples to samples, on a small random signal.

    Parameters
    ----------
    domain : str
        The name of a domain.
    precision : float32 or float64
        Of the samples, and of the arithmetic.
    seed : int
        Of the signals and of the kernel.

    Returns
    -------
    dict of float
        By operation, the largest difference from the same operation on samples in float64, relative to the
        largest value. The rounding of the transforms at both ends takes part in it.

    Examples
    --------
    >>> from freqnet.compare import operation_errors
    >>> max(operation_errors("fourier").values()) < 1e-13
    True
    >>> operation_errors("grid")["product"]
    0.0
    """
    generator = np.random.default_rng(seed)
    signals = [generator.standard_normal((_BATCH, *_GRID, _CHANNELS)) for _ in range(2)]
    taps = generator.standard_normal((int(np.prod(_TAPS)), _CHANNELS, _CHANNELS))
    # In float32 both start from the same numbers.
    given = [array.astype(precision) for array in (*signals, taps)]
    # One band for all, and not that of a domain: samples hold modes that others drop.
    spaces = [get_domain(name).space(_GRID, _BAND) for name in (domain, GRID.name)]
    own = _values(given, spaces[0])
    exact = _values([array.astype(np.float64) for array in given], spaces[1])
    return {name: _difference(own[name], exact[name]) for name in OPERATIONS}


def _values(arrays: list[np.ndarray], space: Space) -> dict[str, np.ndarray]:
    """What every operation makes of the samples, as samples or numbers."""
    with no_grad():
        x, y = (ops.analysis(array, space) for array in arrays[:2])
        found = {name: operation(x, y, Tensor(arrays[2])) for name, operation in OPERATIONS.items()}
        return {name: (out if out.space is None else ops.synthesis(out)).data for name, out in found.items()}


def _difference(own: np.ndarray, exact: np.ndarray) -> float:
    return float(np.abs(own - exact).max() / np.abs(exact).max())
