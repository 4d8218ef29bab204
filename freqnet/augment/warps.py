"""Augmentations that turn and scale signals by any angle and factor, from a table of matrices."""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from freqnet.augment.base import Kind
from freqnet.augment.moves import Move, scaled
from freqnet.autodiff import Tensor
from freqnet.caches import cached
from freqnet.checks import is_whole
from freqnet.spaces import Axes, Space

# Bytes of the largest table in float32: also in float64 it stays within the bound of `freqnet.caches`.
_MOST = 100_000_000
_MOST_STEPS = 65


class Warp(Move):
    """A move of all points by a linear map, which is drawn from a table.

    The moved signal has the values of the signal's trigonometric polynomial at the moved points of its grid, truncated
    to the band. For each entry of the table, this is one dense matrix, from the coordinates of the signal to those of
    the moved one. Points beyond the edge of the samples are reflected there.
    """

    steps: int
    has_copies: ClassVar[bool] = False

    @abstractmethod
    def maps(self, ndim: int) -> np.ndarray:
        """Return the table ``(steps, axes, axes)``: from points of the moved signal to points of the signal."""

    def check(self, kind: Kind) -> None:
        """Raise `ConfigurationError` unless signals are periodic, and small enough for a matrix."""
        self.require_periodic(kind)
        for space in kind.spaces:
            count, most = space.coordinate_count, int((_MOST / 4 / self.steps) ** 0.5)
            if count > most:
                todo = f"keep fewer modes, or leave {self.word} out of augment"
                raise self.refuse(f"signals of {count} coordinates", f"at most {most}", todo)
        if kind.field_space is not None and kind.space.held != kind.space.grid:
            # Behind the samples, a target is the offset of the outputs, which no linear map keeps in its place.
            raise self.refuse("targets of a field behind zeros of the door", "no zeros, such as pad=0")

    def draw(self, count: int, ndim: int, generator: np.random.Generator) -> np.ndarray:
        return generator.integers(0, self.steps, (count, 1))

    def moved(self, x: Tensor, moves: np.ndarray, frame: Space) -> Tensor:
        space = x.space
        assert space is not None
        ratio = scaled(space, frame)
        middle = tuple(((np.array(frame.held) - 1) / 2 * ratio).tolist())
        edges = tuple(tuple((np.array(edge) * ratio).tolist()) for edge in _edges(frame))
        # Examples with the same map lie side by side.
        order = np.argsort(moves[:, 0], kind="stable")
        values = space.coordinates(x.data).take(order, axis=1)
        # A finer grid along one axis stretches the map.
        table, steps = ratio[:, None] * self.maps(space.ndim) / ratio, moves[order, 0]
        flat, channels = values.reshape(len(values), -1), values.shape[-1]
        out = np.empty_like(flat)
        for step in np.unique(steps):
            first, last = (channels * np.searchsorted(steps, step, side) for side in ("left", "right"))
            rows = tuple(map(tuple, table[step].tolist()))
            matrix = _matrix(space, space.held, rows, middle, edges, values.dtype.name)
            np.matmul(matrix, flat[:, first:last], out=out[:, first:last])
        return Tensor(space.from_coordinates(out.reshape(values.shape).take(np.argsort(order), axis=1)), space)

    def copies(self, ndim: int) -> list[np.ndarray]:
        # The middle of the table is no move only if the number of steps is odd.
        return []

    def back(self, moves: np.ndarray) -> np.ndarray:
        return self.steps - 1 - moves


def _edges(frame: Space) -> tuple[list[float], list[float]]:
    """Return where signals are reflected: half a sample before the first sample and after the last one."""
    return [-0.5] * frame.ndim, [n - 0.5 for n in frame.held]


def reflected(points: np.ndarray, low: np.ndarray, high: np.ndarray) -> np.ndarray:
    """Return points ``(points, axes)`` reflected at two edges into the interval between them.

    >>> reflected(np.array([[-1.0], [1.0], [4.0]]), np.array([-0.5]), np.array([3.5])).ravel()
    array([0., 1., 3.])
    """
    wide = high - low
    phase = np.mod(points - low, 2 * wide)
    return low + np.where(phase > wide, 2 * wide - phase, phase)


@cached
def _matrix(
    space: Space,
    held: Axes,
    rows: tuple[tuple[float, ...], ...],
    middle: tuple[float, ...],
    edges: tuple[tuple[float, ...], ...],
    precision: str,
) -> np.ndarray:
    """Return the matrix ``(coordinates, coordinates)`` of a linear map of the points about the middle."""
    places = np.stack(np.meshgrid(*map(np.arange, held), indexing="ij"), axis=-1).reshape(-1, space.ndim)
    moved = (places - np.array(middle)) @ np.array(rows).T + np.array(middle)
    at = reflected(moved, *map(np.array, edges))
    # Coordinates are orthonormal under the mean over the grid: analysis is the adjoint of evaluation.
    matrix = space.values_at(places.astype(float)).T @ space.values_at(at) / np.prod(space.grid)
    return matrix.astype(precision)


def _require_steps(warp: Warp) -> None:
    if not is_whole(warp.steps) or not 2 <= warp.steps <= _MOST_STEPS:
        raise warp.refuse(f"steps={warp.steps!r}", f"a whole number from 2 to {_MOST_STEPS}", "pass steps=17")
    object.__setattr__(warp, "steps", int(warp.steps))


@dataclass(frozen=True)
class Rotate(Warp):
    """Turn examples about their middle by an angle of a table.

    Parameters
    ----------
    degrees : float
        Largest angle, at most 180.
    steps : int
        Number of angles in the table, at equal distances from ``-degrees`` to ``degrees``, all equally likely.
    axes : tuple of int
        The two axes of the plane; a positive angle turns from the second towards the first in the directions of the
        indices, as a rotation of ``numpy.rot90`` by a positive number does.

    Raises
    ------
    ConfigurationError
        An angle, the number of steps or an axis is out of its range.

    Examples
    --------
    >>> import numpy as np
    >>> from freqnet import Fourier, ops
    >>> from freqnet.augment import Batch, Rotate
    >>> samples = np.random.default_rng(0).normal(size=(1, 5, 5, 1))
    >>> x = ops.analysis(samples, Fourier.on((5, 5)))
    >>> turned = Rotate(90, steps=2).moved(x, np.array([[1]]), x.space)
    >>> bool(np.allclose(ops.synthesis(turned).data[0], np.rot90(samples[0])))
    True
    """

    degrees: float = 15.0
    steps: int = 17
    axes: tuple[int, int] = (-2, -1)
    word: ClassVar[str] = "rotate"

    def __post_init__(self) -> None:
        self.require_number("degrees", 0, 180, 15)
        _require_steps(self)
        axes = tuple(self.axes) if isinstance(self.axes, (tuple, list)) else ()
        if len(axes) != 2 or axes[0] == axes[1] or not all(isinstance(a, int) and -3 <= a <= 2 for a in axes):
            raise self.refuse(f"axes={self.axes!r}", "two different whole numbers from -3 to 2", "pass axes=(-2, -1)")
        object.__setattr__(self, "axes", axes)

    def check(self, kind: Kind) -> None:
        """Raise `ConfigurationError` unless signals have the axes, are periodic, and small enough for a matrix."""
        super().check(kind)
        ndim = kind.space.ndim
        if not all(-ndim <= a < ndim for a in self.axes) or self.axes[0] % ndim == self.axes[1] % ndim:
            raise self.refuse(f"signals of {ndim} axis" + "es" * (ndim > 1), f"two axes {self.axes}")

    def maps(self, ndim: int) -> np.ndarray:
        angles = np.radians(np.linspace(-self.degrees, self.degrees, self.steps))
        first, second = self.axes
        out = np.tile(np.eye(ndim), (self.steps, 1, 1))
        out[:, first, first] = out[:, second, second] = np.cos(angles)
        out[:, first, second], out[:, second, first] = np.sin(angles), -np.sin(angles)
        return out


@dataclass(frozen=True)
class Zoom(Warp):
    """Magnify or shrink examples about their middle by a factor of a table.

    Parameters
    ----------
    amount : float
        The largest factor is 1 more than it, and the smallest the inverse of that; at most 1.
    steps : int
        Number of factors in the table, in equal ratios, all equally likely. A shrunken signal has higher modes; those
        above the band are lost.

    Raises
    ------
    ConfigurationError
        The amount or the number of steps is out of its range.

    Examples
    --------
    >>> import numpy as np
    >>> from freqnet import Fourier, ops
    >>> from freqnet.augment import Batch, Zoom
    >>> wave = np.cos(2 * np.pi * (np.arange(9) - 4) / 9).reshape(1, 9, 1)
    >>> x = ops.analysis(wave, Fourier.on(9))
    >>> large = Zoom(1, steps=2).moved(x, np.array([[1]]), x.space)
    >>> expected = np.cos(np.pi * (np.arange(9) - 4) / 9)
    >>> bool(np.allclose(ops.synthesis(large).data.ravel(), expected))
    True
    """

    amount: float = 0.2
    steps: int = 17
    word: ClassVar[str] = "zoom"

    def __post_init__(self) -> None:
        self.require_number("amount", 0, 1, 0.2)
        _require_steps(self)

    def maps(self, ndim: int) -> np.ndarray:
        factors = (1 + self.amount) ** np.linspace(-1, 1, self.steps)
        return np.eye(ndim) / factors[:, None, None]
