"""Short solvers of differential equations, from which datasets of fields are made.

The periodic ones are pseudo-spectral: derivatives and linear terms are exact in each mode, products are taken on
samples with the two-thirds rule (Orszag 1971), and time steps are those of ETDRK4 (Cox and Matthews 2002; Kassam and
Trefethen 2005). Darcy flow, which is not periodic, is solved by finite volumes and a sparse direct solver.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from freqnet.checks import is_finite, require_count
from freqnet.errors import ConfigurationError, DataError, got_expected

# Points on the circle about each coefficient of ETDRK4 (Kassam and Trefethen 2005, section 3).
_CONTOUR = 32
# Products of a band of a third of the grid do not alias into it.
_KEPT = 3

Nonlinear = Callable[[np.ndarray], np.ndarray]


class ExponentialSteps(NamedTuple):
    """The coefficients of ETDRK4 for ``v_t = linear v + nonlinear(v)`` with a diagonal linear part.

    Attributes
    ----------
    whole, half : ndarray
        Exponentials of the linear part over a step and over half a step.
    stage : ndarray
        Weight of the nonlinear part in the stages.
    weights : tuple of ndarray
        Weights of the first, the two middle and the last value of the nonlinear part in the step.
    """

    whole: np.ndarray
    half: np.ndarray
    stage: np.ndarray
    weights: tuple[np.ndarray, np.ndarray, np.ndarray]

    @classmethod
    def of(cls, linear: np.ndarray, step: float) -> ExponentialSteps:
        """Return the coefficients for a linear part ``(*modes,)`` and a time step."""
        turns = np.exp(1j * np.pi * (np.arange(1, _CONTOUR + 1) - 0.5) / _CONTOUR)
        z = step * linear[..., None] + turns
        e = np.exp(z)
        # The mean over half a circle, whose other half is the mirror image.
        mean = lambda values: step * np.real(values.mean(axis=-1))
        weights = (
            mean((-4 - z + e * (4 - 3 * z + z**2)) / z**3),
            mean((2 + z + e * (-2 + z)) / z**3),
            mean((-4 - 3 * z - z**2 + e * (4 - z)) / z**3),
        )
        return cls(np.exp(step * linear), np.exp(step * linear / 2), mean((np.exp(z / 2) - 1) / z), weights)

    def step(self, v: np.ndarray, nonlinear: Nonlinear) -> np.ndarray:
        """Return the coefficients ``(batch, *modes)`` one step later."""
        first = nonlinear(v)
        a = self.half * v + self.stage * first
        second = nonlinear(a)
        b = self.half * v + self.stage * second
        third = nonlinear(b)
        c = self.half * a + self.stage * (2 * third - first)
        start, middle, end = self.weights
        return self.whole * v + start * first + 2 * middle * (second + third) + end * nonlinear(c)


def solve_burgers(
    start: Any, viscosity: float = 0.1, time: float = 1.0, *, length: float = 2 * np.pi, steps: int = 100
) -> np.ndarray:
    """Solve the viscous Burgers equation ``u_t + u u_x = viscosity u_xx`` on a circle.

    Parameters
    ----------
    start : array_like
        Fields at time 0 ``(batch, points)``.
    viscosity : float
        Viscosity, above 0.
    time : float
        Time of the result.
    length : float
        Length of the circle.
    steps : int
        Number of time steps.

    Returns
    -------
    ndarray
        Fields at the end ``(batch, points)``. Modes above a third of the points are 0.

    Raises
    ------
    DataError
        The fields are not finite numbers of this shape, or the solution is not finite: it needs more points or steps.
    ConfigurationError
        Another argument is not a number above 0.

    Examples
    --------
    >>> x = np.linspace(0, 2 * np.pi, 128, endpoint=False)
    >>> end = solve_burgers(np.sin(x)[None], viscosity=0.1, time=1.0)
    >>> end.shape, float(np.ptp(end)) < 2
    ((1, 128), True)
    """
    fields = _fields(start, 1)
    _require_positive(viscosity=viscosity, time=time, length=length)
    k, kept = _wavenumbers(fields.shape[1:], length)
    return _advance(fields, -viscosity * k[0] ** 2, _conservative(k[0], kept, fields.shape[1]), time, steps)[:, -1]


def solve_kuramoto_sivashinsky(
    start: Any, time: float = 1.0, *, length: float = 22.0, steps: int = 20, records: int = 1
) -> np.ndarray:
    """Solve the Kuramoto-Sivashinsky equation ``u_t + u u_x + u_xx + u_xxxx = 0`` on a circle.

    Parameters
    ----------
    start : array_like
        Fields at time 0 ``(batch, points)``.
    time : float
        Time between two records.
    length : float
        Length of the circle; solutions are chaotic from about 22 on.
    steps : int
        Number of time steps between two records.
    records : int
        Number of fields to return after the first.

    Returns
    -------
    ndarray
        Fields at the times 0, ``time``, ... ``(batch, records + 1, points)``.

    Raises
    ------
    DataError, ConfigurationError
        As `solve_burgers`.

    Examples
    --------
    >>> x = np.linspace(0, 2 * np.pi, 64, endpoint=False)
    >>> solve_kuramoto_sivashinsky(np.cos(x)[None], time=2.0, records=3).shape
    (1, 4, 64)
    """
    fields = _fields(start, 1)
    _require_positive(time=time, length=length)
    k, kept = _wavenumbers(fields.shape[1:], length)
    linear = k[0] ** 2 - k[0] ** 4
    return _advance(fields, linear, _conservative(k[0], kept, fields.shape[1]), time, steps, records)


def solve_navier_stokes(
    start: Any,
    viscosity: float = 1e-3,
    time: float = 1.0,
    *,
    force: Any = 0.0,
    length: float = 1.0,
    steps: int = 50,
    records: int = 1,
) -> np.ndarray:
    """Solve the Navier-Stokes equations for the vorticity of an incompressible flow on a square torus.

    The equation is ``w_t + u . grad w = viscosity laplace w + force``, where the velocity ``u = (p_y, -p_x)`` follows
    from the stream function by ``laplace p = -w``.

    Parameters
    ----------
    start : array_like
        Vorticity at time 0 ``(batch, points, points)``, with axes x and y. Its mean stays what it is.
    viscosity : float
        Viscosity, above 0.
    time : float
        Time between two records.
    force : array_like
        Curl of the force, a number or a field ``(points, points)``.
    length : float
        Length of the sides.
    steps : int
        Number of time steps between two records.
    records : int
        Number of fields to return after the first.

    Returns
    -------
    ndarray
        Vorticity at the times 0, ``time``, ... ``(batch, records + 1, points, points)``.

    Raises
    ------
    DataError, ConfigurationError
        As `solve_burgers`.

    Examples
    --------
    >>> x = np.linspace(0, 1, 32, endpoint=False)
    >>> w = np.cos(2 * np.pi * x)[:, None] + np.cos(2 * np.pi * x)
    >>> solve_navier_stokes(w[None], time=0.5, records=2).shape
    (1, 3, 32, 32)
    """
    fields = _fields(start, 2)
    _require_positive(viscosity=viscosity, time=time, length=length)
    shape = fields.shape[1:]
    forced = np.fft.rfft2(np.broadcast_to(np.asarray(force, float), shape))
    (kx, ky), kept = _wavenumbers(shape, length)
    squared = kx**2 + ky**2
    inverse = np.divide(1, squared, out=np.zeros_like(squared), where=squared > 0)

    def nonlinear(w: np.ndarray) -> np.ndarray:
        stream = w * inverse
        u, v, wx, wy = (np.fft.irfft2(1j * m, s=shape) for m in (ky * stream, -kx * stream, kx * w, ky * w))
        return kept * (forced - np.fft.rfft2(u * wx + v * wy))

    return _advance(fields, -viscosity * squared, nonlinear, time, steps, records)


def solve_darcy(coefficient: Any, force: Any = 1.0) -> np.ndarray:
    """Solve Darcy flow ``-div(coefficient grad u) = force`` on the unit square, with ``u = 0`` at the boundary.

    Values are those at the centres of square cells. Fluxes between cells use the harmonic mean of their coefficients,
    which is exact for piecewise constant coefficients in one dimension; the error is of second order in the size of a
    cell where the coefficient is smooth.

    Parameters
    ----------
    coefficient : array_like
        Coefficients of the cells ``(batch, points, points)``, above 0.
    force : array_like
        Right-hand side, a number or a field ``(points, points)``.

    Returns
    -------
    ndarray
        Solutions ``(batch, points, points)``.

    Raises
    ------
    DataError
        The coefficients are not finite numbers above 0 of this shape.

    Examples
    --------
    >>> u = solve_darcy(np.ones((1, 32, 32)))
    >>> round(float(u.max()), 3)
    0.074
    """
    fields = _fields(coefficient, 2)
    if fields.min() <= 0:
        got, todo = f"a least coefficient of {fields.min():g}", "pass positive coefficients"
        raise DataError(got_expected("coefficient", got, "numbers above 0", todo))
    right = np.broadcast_to(np.asarray(force, float), fields.shape[1:])
    return np.stack([_solve_cells(one, right) for one in fields])


def _solve_cells(a: np.ndarray, force: np.ndarray) -> np.ndarray:
    """Return the solution ``(rows, columns)`` for the coefficients and forces of cells."""
    from scipy.sparse import coo_array
    from scipy.sparse.linalg import splu

    number = np.arange(a.size).reshape(a.shape)
    diagonal, pairs, flows = np.zeros(a.size), [], []
    for axis, count in enumerate(a.shape):
        lower, upper = (np.take(number, np.arange(n, count - 1 + n), axis).ravel() for n in (0, 1))
        flow = 2 * count**2 / (1 / a.ravel()[lower] + 1 / a.ravel()[upper])
        for ends in ((lower, upper), (upper, lower)):
            np.add.at(diagonal, ends[0], flow)
            pairs.append(ends)
            flows.append(-flow)
        for end in (0, count - 1):
            # The boundary lies half a cell from the first centres.
            edge = np.take(number, end, axis)
            diagonal[edge] += 2 * count**2 * a.ravel()[edge]
    pairs.append((number.ravel(), number.ravel()))
    here, there = (np.concatenate(ends) for ends in zip(*pairs, strict=True))
    matrix = coo_array((np.concatenate([*flows, diagonal]), (here, there)), (a.size, a.size)).tocsc()
    # Half the time of the default order, whose factors suit matrices that are not symmetric.
    solver = splu(matrix, permc_spec="MMD_AT_PLUS_A", options={"SymmetricMode": True})
    return solver.solve(force.ravel()).reshape(a.shape)


def _conservative(k: np.ndarray, kept: np.ndarray, points: int) -> Nonlinear:
    """Return ``-(u^2 / 2)_x`` as a function of coefficients."""
    return lambda v: -0.5j * k * kept * np.fft.rfft(np.fft.irfft(v, n=points) ** 2)


def _wavenumbers(shape: tuple[int, ...], length: float) -> tuple[tuple[np.ndarray, ...], np.ndarray]:
    """Return the wavenumber of each mode along each axis, and 1 for the modes of which products do not alias."""
    orders = [np.fft.fftfreq(n, 1 / n) for n in shape[:-1]] + [np.fft.rfftfreq(shape[-1], 1 / shape[-1])]
    grids = np.meshgrid(*orders, indexing="ij")
    kept = np.all([_KEPT * np.abs(k) < n for k, n in zip(grids, shape, strict=True)], axis=0)
    return tuple(2 * np.pi / length * k for k in grids), kept.astype(float)


def _advance(
    fields: np.ndarray, linear: np.ndarray, nonlinear: Nonlinear, time: float, steps: int, records: int = 1
) -> np.ndarray:
    """Return fields ``(batch, records + 1, *grid)``: the first, and those after each `steps` time steps."""
    for name, count in (("steps", steps), ("records", records)):
        require_count(name, count, 1)
    shape, axes = fields.shape[1:], tuple(range(1, fields.ndim))
    # Modes that the two-thirds rule drops would only decay.
    kept = _wavenumbers(shape, 1.0)[1]
    v = kept * np.fft.rfftn(fields, axes=axes)
    scheme = ExponentialSteps.of(linear, time / steps)
    out = [np.fft.irfftn(v, s=shape, axes=axes)]
    with np.errstate(over="ignore", invalid="ignore"):
        for _ in range(records):
            for _ in range(steps):
                v = scheme.step(v, nonlinear)
            out.append(np.fft.irfftn(v, s=shape, axes=axes))
    if not np.isfinite(out[-1]).all():
        got, todo = f"a solution that is not finite after {steps} steps", f"pass steps={4 * steps}, or more points"
        raise DataError(got_expected("solver", got, "finite fields", todo))
    return np.stack(out, axis=1)


def _fields(values: Any, ndim: int) -> np.ndarray:
    """Return fields as float64, after checking their shape and values."""
    fields = np.asarray(values)
    shape = ("batch", "points", "points")[: 1 + ndim]
    if fields.ndim != 1 + ndim or 0 in fields.shape or fields.dtype.kind not in "biuf":
        got, todo = f"shape {fields.shape} of {fields.dtype}", "pass real numbers with one field per row"
        raise DataError(got_expected("fields", got, f"({', '.join(shape)})", todo))
    if not np.isfinite(fields).all():
        got = f"{int((~np.isfinite(fields)).sum())} values that are NaN or infinite"
        raise DataError(got_expected("fields", got, "finite numbers", "drop or repair those fields"))
    return fields.astype(np.float64)


def _require_positive(**numbers: Any) -> None:
    for name, value in numbers.items():
        if not is_finite(value) or value <= 0:
            raise ConfigurationError(got_expected(name, repr(value), "a number above 0", f"pass {name}=1.0"))
