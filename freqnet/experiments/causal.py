"""Reference operations on samples of causal signals, which are zero outside the grid."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import reduce
from itertools import product

import numpy as np

from freqnet.spaces import Axes, Space

# Decimal digits of the least squares: more than any condition number that a domain accepts can cost.
_DIGITS = 60


@dataclass(frozen=True)
class Samples:
    """Two signals and a kernel in float64, and the space that they are compared in.

    Attributes
    ----------
    x, y : numpy.ndarray
        ``(batch, *grid, channels)``: samples 0, 1, ...; the last ones are zero, as room for the results.
    taps : numpy.ndarray
        ``(taps, inputs, outputs)``: a centred kernel.
    size : tuple of int
        Number of taps along each axis.
    space : Space
        Space of the signals.
    """

    x: np.ndarray
    y: np.ndarray
    taps: np.ndarray
    size: Axes
    space: Space


def moved(array: np.ndarray, samples: Sequence[int]) -> np.ndarray:
    """Return the signal delayed by whole samples; samples that leave the grid are lost, and zeros enter.

    >>> moved(np.array([[[1.0], [2.0], [3.0]]]), (1,)).ravel(), moved(np.array([[[1.0], [2.0], [3.0]]]), (-2,)).ravel()
    (array([0., 1., 2.]), array([3., 0., 0.]))
    """
    for axis, s in enumerate(samples, 1):
        array = np.moveaxis(array, axis, 0)
        out = np.zeros_like(array)
        if abs(s) < len(array):
            out[max(s, 0) : len(array) + min(s, 0)] = array[max(-s, 0) : len(array) - max(s, 0)]
        array = np.moveaxis(out, 0, axis)
    return array


def convolved(given: Samples) -> np.ndarray:
    """Return ``y[n] = sum_o x[n - o] h[o]`` for a centred kernel."""
    offsets = product(*(range(-((k - 1) // 2), k - (k - 1) // 2) for k in given.size))
    return sum((moved(given.x, o) @ h for o, h in zip(offsets, given.taps, strict=True)), np.zeros(()))


def averaged(given: Samples, window: int) -> np.ndarray:
    """Return the mean of the samples n, ..., n + window - 1 along every axis."""
    offsets = list(product(range(window), repeat=given.space.ndim))
    return sum((moved(given.x, [-i for i in o]) for o in offsets), np.zeros(())) / len(offsets)


def projected(given: Samples, band: Axes) -> np.ndarray:
    """Return the nearest signal in the span of the first exponentials z^t, by least squares in high precision."""
    out = given.x
    for index, own in enumerate(given.space.with_band(band).tables, 1):  # type: ignore[attr-defined]
        matrix = _projection(own.z, own.samples)
        out = np.moveaxis(np.tensordot(matrix, out, (1, index)), 0, index)
    return out


def _projection(z: np.ndarray, samples: int) -> np.ndarray:
    """Return the projection ``(samples, samples)`` by the normal equations, which square the condition number."""
    import mpmath

    with mpmath.workdps(_DIGITS):
        powers = mpmath.matrix([[mpmath.mpmathify(complex(node)) ** t for t in range(samples)] for node in z])
        found = powers.H * mpmath.inverse(powers * powers.H) * powers
        # The matrix is real: the conjugate of a node is a node.
        return np.array(found.apply(mpmath.re).tolist(), dtype=float)


def mean(array: np.ndarray) -> np.ndarray:
    """Return the mean over the grid, ``(batch, channels)``."""
    return array.mean(axis=tuple(range(1, array.ndim - 1)))


# Counterparts of `freqnet.experiments.operations.OPERATIONS`, with the same window, band and shifts.
EXACT: dict[str, Callable[[Samples, int, Axes, Axes], np.ndarray]] = {
    "convolution": lambda given, window, kept, by: convolved(given),
    "product": lambda given, window, kept, by: given.x * given.y,
    "average": lambda given, window, kept, by: averaged(given, window),
    "truncation": lambda given, window, kept, by: projected(given, kept),
    "shift": lambda given, window, kept, by: moved(given.x, by),
    "mean": lambda given, window, kept, by: mean(given.x),
    "power": lambda given, window, kept, by: mean(given.x**2),
}


def held(samples: np.ndarray, filled: Axes) -> np.ndarray:
    """Set samples ``(batch, *grid, channels)`` to zero after the first `filled` along each axis.

    >>> held(np.ones((1, 4, 1)), (2,)).ravel()
    array([1., 1., 0., 0.])
    """
    inside = [np.arange(n) < f for n, f in zip(samples.shape[1:-1], filled, strict=True)]
    return samples * reduce(np.multiply.outer, inside)[None, ..., None]
