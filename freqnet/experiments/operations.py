"""Errors of operations: the difference of each operation in a domain from the same operation on samples."""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np

from freqnet import ops
from freqnet.autodiff import Tensor, no_grad
from freqnet.errors import ConditionWarning, ConfigurationError, got_expected
from freqnet.experiments.causal import EXACT, Samples, held
from freqnet.ops.transform import sample_modes
from freqnet.spaces import Space, get_domain
from freqnet.spaces.condition import require_condition
from freqnet.spaces.trials import Trial

TAPS, _WINDOW = (3, 3), 3
_BATCH, _CHANNELS = 2, 3
# Terms of `error_bounds` in units of rounding: a constant for well-conditioned arithmetic, the factor of the condition
# number K, and that of K^2. They are several times the errors on these grids; the worst case of products is K^3.
UNITS, UNITS_OF_K, UNITS_OF_SQUARE = 32.0, 1 / 8, 1 / 256


def _convolution(x: Tensor, y: Tensor, taps: Tensor, trial: Trial) -> Tensor:
    size = TAPS[: x.space.ndim]
    return ops.convolve(x, ops.frequency_response(taps, x.space, size=size), size=size)


OPERATIONS: dict[str, Callable[[Tensor, Tensor, Tensor, Trial], Tensor]] = {
    "convolution": _convolution,
    "product": lambda x, y, taps, trial: ops.multiply(x, y),
    "average": lambda x, y, taps, trial: ops.average(x, _WINDOW),
    "truncation": lambda x, y, taps, trial: ops.truncate(x, trial.kept),
    "shift": lambda x, y, taps, trial: ops.shift(x, list(trial.by)),
    "mean": lambda x, y, taps, trial: ops.mean(x),
    "power": lambda x, y, taps, trial: ops.signal_power(x),
}


def operation_errors(domain: str, precision: Any = np.float64, seed: int = 0) -> dict[str, float]:
    """Return the error of every operation, from samples to samples, on a small random signal.

    Signals of a causal domain begin at sample 0 and end early enough that the result of every operation fits on the
    grid; shifts are whole samples, and truncation is compared with least squares by the exponentials that are kept. In
    other domains signals fill a period, and shifts are fractions of a sample.

    Parameters
    ----------
    domain : str
        Name of the domain.
    precision : float32 or float64
        Precision of the samples and of the arithmetic.
    seed : int
        Seed of the generator that draws the signals and the kernel.

    Returns
    -------
    dict of float
        By operation, the largest difference from the same operation on samples in float64, relative to the
        largest value. It includes the rounding of the transforms at both ends. Operations that leave less than one
        correct digit in this precision are left out.

    Raises
    ------
    ConfigurationError
        There is no such domain, it cannot have as many nodes as the signals have samples, or numbers of this
        precision cannot represent its signals.

    Examples
    --------
    >>> from freqnet.experiments import operation_errors
    >>> max(operation_errors("fourier").values()) < 1e-13
    True
    >>> operation_errors("grid")["product"]
    0.0
    """
    space = _trial_space(domain)
    trial = space.trial
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConditionWarning)
        require_condition(space, np.dtype(precision).name)
    given = random_samples(trial, precision, seed, int(np.prod(TAPS)))
    return differences(given, trial, space, tuple(OPERATIONS))


def error_bounds(domain: str, precision: Any = np.float64) -> dict[str, float]:
    """Return upper bounds of `operation_errors` from the condition number K of the transform.

    The bound is 32 + K/8 units of rounding, and 32 + K^2/256 for a product by the bilinear form of nodes.

    >>> bounds = error_bounds("laplace")
    >>> bounds["product"] > 100 * bounds["mean"]
    True
    """
    space = _trial_space(domain)
    k, unit = space.condition_number, float(np.finfo(precision).eps)
    bounds = dict.fromkeys(OPERATIONS, (UNITS + UNITS_OF_K * k) * unit)
    if space.product_rounding == 2:
        bounds["product"] = (UNITS + UNITS_OF_SQUARE * k**2) * unit
    return bounds


def _trial_space(domain: str) -> Space:
    make = get_domain(domain)
    trial = make(1).trial
    # The same band in all periodic domains: by default samples keep modes that other domains drop.
    space = make(trial.grid, trial.band)
    if trial.band is None and space.coordinate_count != math.prod(trial.grid):
        got = f"{space.coordinate_count} {space.unit} in {domain}"
        expected = f"{math.prod(trial.grid)}, as many as samples"
        todo = "name a domain with more nodes, such as laplace"
        raise ConfigurationError(got_expected("errors of operations", got, expected, todo))
    return space


def random_samples(trial: Trial, precision: Any, seed: int, taps: int) -> list[np.ndarray]:
    """Return two signals ``(batch, *grid, channels)`` and a kernel ``(taps, channels, channels)``."""
    generator = np.random.default_rng(seed)
    signals = [generator.standard_normal((_BATCH, *trial.grid, _CHANNELS)) for _ in range(2)]
    kernel = generator.standard_normal((taps, _CHANNELS, _CHANNELS))
    # Both computations start from the same float32 numbers.
    return [array.astype(precision) for array in (*(held(signal, trial.filled) for signal in signals), kernel)]


def differences(given: list[np.ndarray], trial: Trial, space: Space, names: tuple[str, ...]) -> dict[str, float]:
    """Return the errors of operations in a space on given samples."""
    exact = [array.astype(np.float64) for array in given]
    own = _values(given, space, trial, names)
    if trial.wraps:
        right = _values(exact, space.reference.with_band(space.band), trial, names)
    else:
        samples = Samples(exact[0], exact[1], exact[2], TAPS[: space.ndim], space)
        by = tuple(int(s) for s in trial.by)
        right = {name: EXACT[name](samples, _WINDOW, trial.kept, by) for name in names}
    return {name: _difference(own[name], right[name]) for name in names if name in own}


def _values(arrays: list[np.ndarray], space: Space, trial: Trial, names: tuple[str, ...]) -> dict[str, np.ndarray]:
    """Return the results of the operations, as samples or numbers, without those that a precision cannot compute."""
    found: dict[str, np.ndarray] = {}
    with no_grad(), warnings.catch_warnings():
        warnings.simplefilter("ignore", ConditionWarning)
        # `ops.analysis` would warn of the condition number, whose effect is measured here.
        x, y = (sample_modes(Tensor(array), space=space) for array in arrays[:2])
        for name in names:
            try:
                out = OPERATIONS[name](x, y, Tensor(arrays[2]), trial)
            except ConfigurationError:
                # The domain refuses: the result would have no correct digit.
                continue
            found[name] = (out if out.space is None else ops.synthesis(out)).data
    return found


def _difference(own: np.ndarray, exact: np.ndarray) -> float:
    return float(np.abs(own - exact).max() / np.abs(exact).max())
