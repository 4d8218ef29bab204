"""Augmentations that move signals: mirrors, quarter turns and shifts. Targets that are signals move along."""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass, replace
from typing import Any, ClassVar

import numpy as np

from freqnet import ops
from freqnet.augment.base import Augmentation, Batch, Kind, chosen, pick
from freqnet.autodiff import Tensor
from freqnet.spaces import Space


class Move(Augmentation):
    """An augmentation that moves every signal of an example in the same way.

    What is drawn is an array with one row per example. Positions are samples of the input's grid; the grid of a
    target that is a signal may be finer or coarser, by a ratio for each axis.

    Attributes
    ----------
    has_copies : bool
        Whether predictions can be averaged over a few of its moves, which `copies` returns.
    """

    has_copies: ClassVar[bool] = True

    @abstractmethod
    def draw(self, count: int, ndim: int, generator: np.random.Generator) -> np.ndarray:
        """Return the moves of `count` examples, ``(count, ...)``."""

    @abstractmethod
    def moved(self, x: Tensor, moves: np.ndarray, frame: Space) -> Tensor:
        """Return signals after their moves, measured on the grid of `frame`, the space of the input."""

    @abstractmethod
    def copies(self, ndim: int) -> list[np.ndarray]:
        """Return the moves of which predictions can be averaged, ``(1, ...)`` each, the first of them no move."""

    @abstractmethod
    def back(self, moves: np.ndarray) -> np.ndarray:
        """Return the opposite moves."""

    def check(self, kind: Kind) -> None:
        self.require_periodic(kind)

    def change(self, batch: Batch, generator: np.random.Generator) -> Batch:
        moves = self.draw(batch.count, batch.space.ndim, generator)
        out = replace(batch, x=self.moved(batch.x, moves, batch.space))
        if batch.field_space is None:
            return out
        targets = self.moved(Tensor(batch.targets, batch.field_space), moves, batch.space)
        return replace(out, targets=targets.data)


def scaled(space: Space, frame: Space) -> np.ndarray:
    """Return samples of a space per sample of another with the same period, ``(axes,)``."""
    return np.array(space.grid) / np.array(frame.grid)


def mirrored(x: Tensor, which: np.ndarray, axis: int, frame: Space) -> Tensor:
    """Return signals, some of them mirrored along an axis about the middle of the samples of `frame`."""
    space = x.space
    assert space is not None
    if not which.any():
        return x
    axis %= space.ndim
    about = float((frame.held[axis] - 1) * scaled(space, frame)[axis])
    changed = space.mirror(x.data, axis, about)
    return Tensor(changed if which.all() else pick(which, changed, x.data), space)


@dataclass(frozen=True)
class Mirror(Move):
    """Mirror examples along an axis: sample n of N becomes sample N - 1 - n.

    Modes change places, ``X[k]`` and ``X[-k]`` along the axis, with a phase. Zeros that the door adds after the
    samples stay behind them.

    Parameters
    ----------
    p : float
        Probability that an example is mirrored.
    axis : int or "all"
        Axis of the grid; the last axis of an image is from left to right. With "all", each axis has a draw of its own.

    Raises
    ------
    ConfigurationError
        The probability is not in [0, 1], or the axis is not a whole number or "all".

    Examples
    --------
    >>> import numpy as np
    >>> from freqnet import Fourier, ops
    >>> from freqnet.augment import Batch, Mirror
    >>> x = ops.analysis(np.arange(5.0).reshape(1, 5, 1), Fourier.on(5))
    >>> moved, _ = Mirror(p=1)(Batch(x, np.zeros(1)), np.random.default_rng(0))
    >>> ops.synthesis(moved).data.ravel().round(6) + 0.0
    array([4., 3., 2., 1., 0.])
    """

    p: float = 0.5
    axis: Any = -1
    word: ClassVar[str] = "mirror"

    def __post_init__(self) -> None:
        self.require_number("p", 0, 1, 0.5)
        if self.axis != "all" and not (isinstance(self.axis, int) and -3 <= self.axis <= 2):
            raise self.refuse(f"axis={self.axis!r}", "a whole number from -3 to 2, or 'all'", "pass axis=-1")

    def check(self, kind: Kind) -> None:
        """Raise `ConfigurationError` unless signals are periodic and have the axis."""
        self.require_periodic(kind)
        ndim = kind.space.ndim
        if self.axis != "all" and not -ndim <= self.axis < ndim:
            raise self.refuse(f"axis={self.axis}", f"one of {ndim} axes", "pass axis=-1")

    def _axes(self, ndim: int) -> range | tuple[int, ...]:
        return range(ndim) if self.axis == "all" else (self.axis,)

    def draw(self, count: int, ndim: int, generator: np.random.Generator) -> np.ndarray:
        return np.stack([chosen(count, self.p, generator) for _ in self._axes(ndim)], axis=1)

    def moved(self, x: Tensor, moves: np.ndarray, frame: Space) -> Tensor:
        for axis, which in zip(self._axes(frame.ndim), moves.T, strict=True):
            x = mirrored(x, which, axis, frame)
        return x

    def copies(self, ndim: int) -> list[np.ndarray]:
        count = len(self._axes(ndim))
        return [np.array([[bool(i >> axis & 1) for axis in range(count)]]) for i in range(2**count)]

    def back(self, moves: np.ndarray) -> np.ndarray:
        return moves


@dataclass(frozen=True)
class QuarterTurns(Move):
    """Turn examples by 0, 90, 180 or 270 degrees in the plane of two axes of equal grids, as ``numpy.rot90`` does.

    Parameters
    ----------
    axes : tuple of int
        The two axes of the plane.

    Raises
    ------
    ConfigurationError
        The axes are not two different whole numbers.

    Examples
    --------
    >>> import numpy as np
    >>> from freqnet import Fourier, ops
    >>> from freqnet.augment import Batch, QuarterTurns
    >>> samples = np.random.default_rng(0).normal(size=(4, 5, 5, 1))
    >>> x = ops.analysis(samples, Fourier.on((5, 5)))
    >>> turned, _ = QuarterTurns()(Batch(x, np.zeros(4)), np.random.default_rng(1))
    >>> turns = np.random.default_rng(1).integers(0, 4, 4)
    >>> expected = np.rot90(samples[0], turns[0])
    >>> bool(np.allclose(ops.synthesis(turned).data[0], expected))
    True
    """

    axes: tuple[int, int] = (-2, -1)
    word: ClassVar[str] = "turns"

    def __post_init__(self) -> None:
        axes = tuple(self.axes) if isinstance(self.axes, (tuple, list)) else ()
        if len(axes) != 2 or axes[0] == axes[1] or not all(isinstance(a, int) and -3 <= a <= 2 for a in axes):
            raise self.refuse(f"axes={self.axes!r}", "two different whole numbers from -3 to 2", "pass axes=(-2, -1)")
        object.__setattr__(self, "axes", axes)

    def check(self, kind: Kind) -> None:
        """Raise `ConfigurationError` unless signals are periodic and square in the plane."""
        self.require_periodic(kind)
        ndim = kind.space.ndim
        if not all(-ndim <= a < ndim for a in self.axes) or self.axes[0] % ndim == self.axes[1] % ndim:
            raise self.refuse(f"signals of {ndim} axis" + "es" * (ndim > 1), f"two axes {self.axes}")
        for space in kind.spaces:
            for what, sizes in (("grid", space.grid), ("band", space.band), ("samples", space.held)):
                if sizes[self.axes[0]] != sizes[self.axes[1]]:
                    raise self.refuse(f"{what} {sizes}", "equal sizes along both axes")

    def draw(self, count: int, ndim: int, generator: np.random.Generator) -> np.ndarray:
        return generator.integers(0, 4, (count, 1))

    def moved(self, x: Tensor, moves: np.ndarray, frame: Space) -> Tensor:
        turns, space = moves[:, 0] % 4, x.space
        assert space is not None
        first, second = (axis % space.ndim for axis in self.axes)
        is_odd = turns % 2 == 1
        if is_odd.any():
            x = Tensor(pick(is_odd, space.swap_axes(x.data, first, second), x.data), space)
        x = mirrored(x, (turns == 1) | (turns == 2), first, frame)
        return mirrored(x, turns >= 2, second, frame)

    def copies(self, ndim: int) -> list[np.ndarray]:
        return [np.array([[turns]]) for turns in range(4)]

    def back(self, moves: np.ndarray) -> np.ndarray:
        return -moves


@dataclass(frozen=True)
class Shift(Move):
    """Shift examples along each axis by up to `samples`, fractions of a sample included: a phase ramp.

    Parameters
    ----------
    samples : float
        Largest shift, in samples of the input's grid. Shifts are uniform between its negative and itself.

    Raises
    ------
    ConfigurationError
        It is not a number of 0 or more.

    Examples
    --------
    >>> import numpy as np
    >>> from freqnet import Fourier, ops
    >>> from freqnet.augment import Batch, Shift
    >>> x = ops.analysis(np.eye(5)[:1, :, None], Fourier.on(5))
    >>> moved, _ = Shift(1)(Batch(x, np.zeros(1)), np.random.default_rng(0))
    >>> by = np.random.default_rng(0).uniform(-1, 1, (1, 1))
    >>> bool(np.allclose(moved.data, ops.shift(x, by).data))
    True
    """

    samples: float = 2.0
    word: ClassVar[str] = "shift"

    def __post_init__(self) -> None:
        self.require_number("samples", 0, np.inf, 2)

    def check(self, kind: Kind) -> None:
        """Raise `ConfigurationError` unless signals can be shifted in both directions."""
        for space in kind.spaces:
            space.check_shifts(self.samples)

    def draw(self, count: int, ndim: int, generator: np.random.Generator) -> np.ndarray:
        return generator.uniform(-self.samples, self.samples, (count, ndim))

    def moved(self, x: Tensor, moves: np.ndarray, frame: Space) -> Tensor:
        assert x.space is not None
        return ops.shift(x, moves * scaled(x.space, frame))

    def copies(self, ndim: int) -> list[np.ndarray]:
        steps = [np.zeros((1, ndim))]
        for axis in range(ndim):
            step = np.eye(ndim)[axis : axis + 1] * self.samples
            steps += [step, -step]
        return steps if self.samples else steps[:1]

    def back(self, moves: np.ndarray) -> np.ndarray:
        return -moves
