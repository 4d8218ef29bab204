"""Polynomials in the place of activations and maxima: fitted to what the original computes from the same samples."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from freqnet import ops
from freqnet.approximate import METHODS, approximate
from freqnet.approximate.gaussian import require_degree
from freqnet.autodiff import Tensor, no_grad
from freqnet.errors import ConfigurationError, got_expected

BY_DATA = "data"
# Values of a channel that enter a fit at most.
_MOST = 20_000


@dataclass(frozen=True)
class Fit:
    """How activations become polynomials.

    Parameters
    ----------
    degree : int
        Degree of the polynomials, 1 to 9.
    method : {"data", "least-squares", "chebyshev", "minimax", "taylor", "gaussian"}
        ``"data"`` fits the coefficients of each channel by least squares: the layer of the converted network, computed
        from its own input, is to be nearest to the original's output, errors of earlier layers included. The others
        approximate the function on the range, or for the mean and the deviation, of the values of each channel: see
        `freqnet.approximate.approximate`.
    max_pool : {"power", "average"}
        ``"power"`` fits a polynomial whose averages over the windows are nearest to their maxima, a mean of powers;
        ``"average"`` takes the average of the activation.

    Raises
    ------
    ConfigurationError
        The degree, the method or the pool is not known.
    """

    degree: int = 4
    method: str = BY_DATA
    max_pool: str = "power"

    def __post_init__(self) -> None:
        require_degree(self.degree)
        for name, known in (("method", (BY_DATA, *METHODS)), ("max_pool", ("power", "average"))):
            value = getattr(self, name)
            if not isinstance(value, str) or value not in known:
                todo = f"pass {name}={known[0]!r}"
                raise ConfigurationError(got_expected(name, repr(value), " or ".join(known), todo))


def powers(x: Tensor, degree: int) -> list[np.ndarray]:
    """Return the samples ``(batch, *grid, channels)`` of the powers 1 to `degree` that a polynomial layer adds.

    From degree 3 on, a layer truncates powers to the band: these are not the powers of the samples.
    """
    with no_grad():
        units = np.eye(degree + 1, dtype=x.data.real.dtype)[1:, :, None]
        return [ops.synthesis(ops.polynomial(x, Tensor(unit[: i + 2]))).data for i, unit in enumerate(units)]


def by_data(terms: list[np.ndarray], target: np.ndarray) -> np.ndarray:
    """Return the coefficients ``(terms, channels)`` of the sum of terms that is nearest to the target, per channel.

    Parameters
    ----------
    terms : list of numpy.ndarray
        Each ``(..., channels)``.
    target : numpy.ndarray
        ``(..., channels)``.
    """
    columns = np.stack([term.reshape(-1, term.shape[-1]) for term in terms], axis=1)
    rows = target.reshape(-1, target.shape[-1])
    if len(rows) > _MOST:
        picks = np.random.default_rng(0).choice(len(rows), _MOST, replace=False)
        columns, rows = columns[picks], rows[picks]
    out = np.empty((len(terms), rows.shape[1]))
    for channel in range(rows.shape[1]):
        matrix = columns[..., channel].astype(float)
        # Powers differ by orders of magnitude.
        size = np.sqrt((matrix**2).sum(axis=0))
        size[size == 0] = 1.0
        out[:, channel] = np.linalg.lstsq(matrix / size, rows[:, channel], rcond=None)[0] / size
    return out


def by_function(function: str | Callable[[np.ndarray], np.ndarray], values: np.ndarray, fit: Fit) -> np.ndarray:
    """Return coefficients ``(degree + 1, channels)`` that approximate a function at values ``(..., channels)``."""
    rows, out = values.reshape(-1, values.shape[-1]).astype(float), []
    for own in rows.T:
        low, high = float(own.min()), float(own.max())
        wide = max(0.0, 1e-2 - (high - low))
        interval = (low - wide, high + wide)
        moments = {"mean": float(own.mean()), "deviation": float(own.std())}
        out.append(approximate(function, fit.degree, fit.method, interval, **moments).coefficients)
    return np.stack(out, axis=1)
