"""Datasets of fields that are computed: solutions of differential equations for random data."""

from __future__ import annotations

from typing import Any

import numpy as np

from freqnet.checks import require_count
from freqnet.data.dataset import Dataset
from freqnet.data.fields import from_fields, steps_of
from freqnet.data.solvers import solve_burgers, solve_darcy, solve_kuramoto_sivashinsky, solve_navier_stokes

# Names of the datasets here.
EQUATIONS = ("burgers", "kuramoto-sivashinsky", "navier-stokes", "darcy")
# Pairs of a named dataset, and those among them that are its test set.
COUNT, TEST = 1200, 200
# The time after which solutions of the Kuramoto-Sivashinsky equation have forgotten their start.
_WARM_UP = 100.0
# The two coefficients of a medium in Darcy flow.
_MEDIUM = (3.0, 12.0)


def random_fields(
    count: int, grid: int | tuple[int, ...], *, scale: float, shift: float, power: float, seed: Any = 0
) -> np.ndarray:
    """Draw periodic Gaussian random fields with covariance ``scale^2 (shift - laplace)^(-power)`` on the unit torus.

    Parameters
    ----------
    count : int
        Number of fields.
    grid : int or tuple of int
        Points along each axis.
    scale, shift, power : float
        Parameters of the covariance. The expected value is 0.
    seed : int or numpy.random.Generator
        Seed of the draws.

    Returns
    -------
    ndarray
        Fields ``(count, *grid)``.

    Raises
    ------
    ConfigurationError
        The count or the grid is not made of whole numbers of 1 or more.

    Examples
    --------
    >>> random_fields(2, (16, 16), scale=7**0.75, shift=49, power=2.5).shape
    (2, 16, 16)
    """
    sizes: tuple[Any, ...] = tuple(grid) if isinstance(grid, tuple) else (grid,)
    for name, number in (("count", count), *(("grid", n) for n in sizes)):
        require_count(name, number, 64)
    noise = np.random.default_rng(seed).normal(size=(count, *sizes))
    axes = tuple(range(1, noise.ndim))
    k = np.meshgrid(*[np.fft.fftfreq(n, 1 / n) for n in sizes[:-1]], np.arange(sizes[-1] // 2 + 1), indexing="ij")
    squared = sum((2 * np.pi * one) ** 2 for one in k)
    # White noise has coefficients of deviation sqrt(points); the inverse transform divides by the points.
    deviation = scale * (squared + shift) ** (-power / 2) * np.prod(sizes) ** 0.5
    return np.fft.irfftn(np.fft.rfftn(noise, axes=axes) * deviation, s=sizes, axes=axes)


def burgers(
    count: int = COUNT, seed: int = 0, *, points: int = 1024, viscosity: float = 0.1, time: float = 1.0
) -> Dataset:
    """Return pairs of fields of the viscous Burgers equation: at time 0, and later.

    The equation is that of `freqnet.data.solve_burgers` on a circle of length 2 pi. Fields at time 0 are Gaussian with
    covariance ``625 (25 - laplace)^-2``, where the circle counts as the unit interval (Li et al. 2021, section 5.1).

    Parameters
    ----------
    count : int
        Number of pairs; the last sixth is the test set.
    seed : int
        Seed of the fields at time 0.
    points : int
        Points on the circle.
    viscosity, time : float
        As in `freqnet.data.solve_burgers`.

    Returns
    -------
    Dataset
        A dataset for the task ``field``.

    Raises
    ------
    ConfigurationError
        An argument is not usable.

    Examples
    --------
    >>> burgers(6, points=64)
    Dataset('burgers', samples=6, grid=(64,), channels=1, outputs=1, task='field')
    """
    start = random_fields(require_count("count", count, 100), points, scale=25.0, shift=25.0, power=2.0, seed=seed)
    return _dataset("burgers", start, solve_burgers(start, viscosity, time))


def kuramoto_sivashinsky(
    count: int = COUNT,
    seed: int = 0,
    *,
    points: int = 128,
    step: float = 1.0,
    length: float = 22.0,
    steps: int = 5,
) -> Dataset:
    """Return pairs of fields of the Kuramoto-Sivashinsky equation, one time step apart, after its transient.

    Parameters
    ----------
    count : int
        Number of pairs; the last sixth is the test set. Pairs of one solution follow each other.
    seed : int
        Seed of the fields at time 0.
    points : int
        Points on the circle.
    step : float
        Time between the fields of a pair.
    length : float
        Length of the circle.
    steps : int
        Pairs per solution.

    Returns
    -------
    Dataset
        A dataset for the task ``field``.

    Raises
    ------
    ConfigurationError
        An argument is not usable.

    Examples
    --------
    >>> kuramoto_sivashinsky(10, points=64)
    Dataset('kuramoto-sivashinsky', samples=10, grid=(64,), channels=1, outputs=1, task='field')
    """
    solutions = -(-require_count("count", count, 100) // require_count("steps", steps, 100))
    start = random_fields(solutions, points, scale=25.0, shift=25.0, power=2.0, seed=seed)
    begun = solve_kuramoto_sivashinsky(start, _WARM_UP, length=length, steps=1000)[:, -1]
    found = solve_kuramoto_sivashinsky(begun, step, length=length, steps=max(10, int(20 * step)), records=steps)
    return _dataset("kuramoto-sivashinsky", *(part[:count] for part in steps_of(found)))


def navier_stokes(
    count: int = COUNT,
    seed: int = 0,
    *,
    points: int = 64,
    viscosity: float = 1e-3,
    step: float = 1.0,
    steps: int = 20,
    every: int = 1,
) -> Dataset:
    """Return pairs of vorticity fields of forced two-dimensional flow, one time step apart.

    The equation is that of `freqnet.data.solve_navier_stokes` on the unit torus, with the force
    ``0.1 (sin 2 pi (x + y) + cos 2 pi (x + y))``. Fields at time 0 are Gaussian with covariance
    ``7^1.5 (49 - laplace)^-2.5`` (Li et al. 2021, section 5.3).

    Parameters
    ----------
    count : int
        Number of pairs; the last sixth is the test set. Pairs of one solution follow each other.
    seed : int
        Seed of the fields at time 0.
    points : int
        Points along each axis.
    viscosity : float
        Viscosity.
    step : float
        Time between the fields of a pair.
    steps : int
        Time steps of each solution, from time 0 on.
    every : int
        Only every so many steps, a pair begins: more solutions for the same count.

    Returns
    -------
    Dataset
        A dataset for the task ``field``.

    Raises
    ------
    ConfigurationError
        An argument is not usable.

    Examples
    --------
    >>> navier_stokes(4, points=16, steps=2)
    Dataset('navier-stokes', samples=4, grid=(16, 16), channels=1, outputs=1, task='field')
    """
    pairs = -(-require_count("steps", steps, 100) // require_count("every", every, 1))
    solutions = -(-require_count("count", count, 100) // pairs)
    found = flow(solutions, seed, points=points, viscosity=viscosity, step=step, steps=steps)
    return _dataset("navier-stokes", *(part[:count] for part in steps_of(found, every)))


def flow(
    count: int, seed: int = 0, *, points: int = 64, viscosity: float = 1e-3, step: float = 1.0, steps: int = 20
) -> np.ndarray:
    """Return the solutions from which `navier_stokes` takes pairs, ``(count, steps + 1, points, points)``.

    Parameters
    ----------
    count : int
        Number of solutions.
    seed, points, viscosity, step, steps
        As in `navier_stokes`.

    Examples
    --------
    >>> flow(1, points=16, steps=2).shape
    (1, 3, 16, 16)
    """
    start = random_fields(count, (points, points), scale=7**0.75, shift=49.0, power=2.5, seed=seed)
    x = np.arange(points) / points
    phase = 2 * np.pi * (x[:, None] + x)
    force = 0.1 * (np.sin(phase) + np.cos(phase))
    inner = max(10, int(20 * step))
    return solve_navier_stokes(start, viscosity, step, force=force, steps=inner, records=steps)


def darcy(count: int = COUNT, seed: int = 0, *, points: int = 64) -> Dataset:
    """Return pairs of a medium and of the pressure of Darcy flow in it, with a force of 1 and no pressure at the walls.

    The medium is 12 where a Gaussian field with covariance ``(9 - laplace)^-2`` and free boundaries is above 0, and 3
    elsewhere (Li et al. 2021, section 5.2). The fields are not periodic: see `freqnet.data.solve_darcy`.

    Parameters
    ----------
    count : int
        Number of pairs; the last sixth is the test set.
    seed : int
        Seed of the media.
    points : int
        Cells along each axis.

    Returns
    -------
    Dataset
        A dataset for the task ``field``.

    Raises
    ------
    ConfigurationError
        An argument is not usable.

    Examples
    --------
    >>> darcy(2, points=16)
    Dataset('darcy', samples=2, grid=(16, 16), channels=1, outputs=1, task='field')
    """
    media = _media(require_count("count", count, 100), require_count("points", points, 100), seed)
    return _dataset("darcy", media, solve_darcy(media))


def _media(count: int, points: int, seed: int) -> np.ndarray:
    """Return media of two materials, ``(count, points, points)``."""
    from scipy.fft import idctn

    k = np.pi * np.arange(points)
    deviation = 1 / (k[:, None] ** 2 + k**2 + 9)
    # The mean tells nothing about the shape.
    deviation[0, 0] = 0
    noise = np.random.default_rng(seed).normal(size=(count, points, points))
    fields = idctn(noise * deviation, axes=(1, 2), norm="ortho")
    return np.where(fields > 0, _MEDIUM[1], _MEDIUM[0])


def _dataset(name: str, x: np.ndarray, y: np.ndarray) -> Dataset:
    return from_fields(x, y, name, len(x) * TEST // COUNT)
