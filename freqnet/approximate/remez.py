"""The minimax polynomial by the exchange algorithm of Remez.

The error of the minimax polynomial of degree d takes its largest size at d + 2 points with alternating signs. Each
round solves for the polynomial whose error alternates on a reference of d + 2 points, then moves the reference to the
extrema of that error. At the end the errors at the reference are equal up to sign, which proves that no other
polynomial does better (Chebyshev's theorem). The smallest of them is a lower bound for all polynomials of the degree
(de la Vallee Poussin), so the result carries its own proof.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from freqnet.approximate.functions import Values
from freqnet.errors import ConfigurationError, got_expected

_GRID, _ROUNDS = 4001, 100


class Exchange(NamedTuple):
    """Result of the exchange algorithm.

    Attributes
    ----------
    coefficients : ndarray
        Coefficients of Chebyshev polynomials on [-1, 1].
    reference : ndarray
        The d + 2 points on [-1, 1] where the error alternates.
    errors : ndarray
        The errors at these points.
    rounds : int
        Number of rounds.
    """

    coefficients: Values
    reference: Values
    errors: Values
    rounds: int


def remez(function: Callable[[Values], Values], degree: int, kinks: tuple[float, ...] = ()) -> Exchange:
    """Return the minimax polynomial on [-1, 1].

    Parameters
    ----------
    function : callable
        Continuous function on arrays.
    degree : int
        Degree of the polynomial.
    kinks : tuple of float
        Points where the slope of the function jumps; the error can have an extremum there.

    Returns
    -------
    Exchange
        The polynomial, with the points that prove it.

    Raises
    ------
    ConfigurationError
        The algorithm does not converge, because the function is not continuous or not finite on the interval.

    Examples
    --------
    >>> import numpy as np
    >>> from freqnet.approximate.remez import remez
    >>> found = remez(np.abs, 2, kinks=(0.0,))
    >>> np.abs(found.errors).round(6)  # |x| is nearest to x^2 + 1/8
    array([0.125, 0.125, 0.125, 0.125])
    """
    grid = np.unique(np.concatenate([np.cos(np.linspace(np.pi, 0, _GRID)), kinks]))
    if not np.isfinite(function(grid)).all():
        got, todo = "values that are not finite", "pass another interval"
        raise ConfigurationError(got_expected("function", got, "finite ones", todo))
    reference = np.cos(np.linspace(np.pi, 0, degree + 2))
    for rounds in range(1, _ROUNDS + 1):
        coefficients, level = _alternating(function, reference, degree)
        error = lambda x, c=coefficients: function(x) - np.polynomial.chebyshev.chebval(x, c)
        points, values = extrema(error, grid)
        largest = float(np.abs(values).max())
        # The remaining gap is within rounding of the error, or of the values of the function.
        if largest - abs(level) <= 1e-12 * largest + 4e-16 * float(np.abs(function(grid)).max()):
            return Exchange(coefficients, reference, error(reference), rounds)
        reference = _exchanged(points, values, reference, error(reference))
    got = f"no alternation in {_ROUNDS} rounds"
    todo = "pass a ScalarFunction with its kinks, or method='chebyshev'"
    raise ConfigurationError(got_expected("minimax", got, "a continuous function", todo))


def _alternating(function: Callable[[Values], Values], reference: Values, degree: int) -> tuple[Values, float]:
    """Return the polynomial whose errors on the reference are +level, -level, ..., and the level."""
    system = np.polynomial.chebyshev.chebvander(reference, degree)
    signs = (-1.0) ** np.arange(degree + 2)
    solved = np.linalg.solve(np.column_stack([system, signs]), function(reference))
    return solved[:-1], float(solved[-1])


def extrema(error: Callable[[Values], Values], grid: Values) -> tuple[Values, Values]:
    """Return the extremum of the error between each two of its zeros, refined from the grid, and its value."""
    values = error(grid)
    turns = np.flatnonzero(np.sign(values[1:]) * np.sign(values[:-1]) < 0) + 1
    points = []
    for piece in np.split(np.arange(len(grid)), turns):
        best = piece[np.abs(values[piece]).argmax()]
        points.append(_refined(error, grid, best))
    found = np.array(points)
    return found, error(found)


def _refined(error: Callable[[Values], Values], grid: Values, at: int) -> float:
    """Return the extremum of the error near a grid point, by ever finer grids around the largest value."""
    left, right, point = grid[max(at - 1, 0)], grid[min(at + 1, len(grid) - 1)], grid[at]
    for _ in range(12):
        # The point itself stays a candidate, because at a kink no other point is as large.
        fine = np.append(np.linspace(left, right, 17), point)
        point = fine[np.abs(error(fine)).argmax()]
        width = (right - left) / 16
        left, right = max(left, point - width), min(right, point + width)
    return float(point)


def _exchanged(points: Values, values: Values, reference: Values, errors: Values) -> Values:
    """Return the next reference: as many alternating extrema as needed, with the largest among them."""
    while len(points) > len(reference):
        # Without a pair of neighbours, or without the smaller end, the signs still alternate.
        extra = len(points) - len(reference)
        sizes = np.abs(values)
        if extra == 1 or min(sizes[0], sizes[-1]) <= sizes[:-1].min():
            drop = [0 if sizes[0] < sizes[-1] else len(points) - 1]
        else:
            first = int(np.maximum(sizes[:-1], sizes[1:]).argmin())
            drop = [first, first + 1]
        points, values = np.delete(points, drop), np.delete(values, drop)
    if len(points) == len(reference):
        return points
    # There are too few extrema, as at first for symmetric functions: exchange one point and keep the signs alternating.
    best = int(np.abs(values).argmax())
    return _one_exchanged(points[best], values[best], reference, errors)


def _one_exchanged(point: float, value: float, reference: Values, errors: Values) -> Values:
    signs = np.sign(errors)
    at = int(np.searchsorted(reference, point))
    out = reference.copy()
    if 0 < at < len(reference):
        out[at if signs[at] == np.sign(value) else at - 1] = point
    elif at == 0:
        out = np.append(point, reference[:-1] if signs[0] != np.sign(value) else reference[1:])
    else:
        out = np.append(reference[1:] if signs[-1] != np.sign(value) else reference[:-1], point)
    return np.sort(out)
