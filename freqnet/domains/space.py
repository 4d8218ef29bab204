"""The space a tensor lives in: domain, grid, band and normalisation, and its inner product."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from math import prod
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from freqnet.checks import is_whole
from freqnet.errors import ShapeError, SpaceError, got_expected

if TYPE_CHECKING:
    from freqnet.domains.base import Domain

Kind = Literal["signal", "response"]
Axes = tuple[int, ...]


@dataclass(frozen=True)
class Space:
    """Where a tensor lives: domain, grid, band, and whether it is a signal or a frequency response.

    Parameters
    ----------
    domain : Domain
        How the signal is stored.
    grid : tuple of int
        The period along each axis, in samples: the unit of kernel taps, windows and shifts.
    band : tuple of int
        The signal has the modes ``|k| <= band`` along each axis.
    kind : {"signal", "response"}
        Signals are normalised "forward" (the DC mode is the mean), responses are not divided.
    support : tuple of int, optional
        The samples outside which the signal is known to be zero; None for the whole period. Linear
        convolution needs room for it; it takes no part in comparisons.
    origin : tuple of int, optional
        Where sample 0 lies among the samples held, along each axis; None for the first place. Only domains of
        causal signals move it.
    dual : bool
        Whether elements are gradients of elements: see `cotangent`.

    Examples
    --------
    >>> from freqnet.domains import FOURIER
    >>> space = FOURIER.space((8, 8), band=3)
    >>> space.shape
    (7, 4)
    >>> str(space)
    'fourier signal, grid 8x8, band 3x3'
    """

    domain: Domain
    grid: Axes
    band: Axes
    kind: Kind = "signal"
    support: Axes | None = field(default=None, compare=False)
    origin: Axes | None = None
    dual: bool = False

    @property
    def ndim(self) -> int:
        """The number of axes of the grid."""
        return len(self.grid)

    @property
    def shape(self) -> Axes:
        """The shape of the leading (mode or grid) axes of an array in this space."""
        return self.domain.shape(self)

    @property
    def condition_numbers(self) -> tuple[float, ...]:
        """The condition number of the transform along each axis."""
        return self.domain.condition_numbers(self)

    @property
    def condition_number(self) -> float:
        """The condition number of the whole transform: the product of those of its axes."""
        return prod(self.condition_numbers)

    def with_band(self, band: Axes) -> Space:
        """The same space with another band."""
        return replace(self, band=band)

    def response(self) -> Space:
        """The space of frequency responses on the same modes."""
        return Space(self.domain, self.grid, self.band, "response")

    @property
    def cotangent(self) -> Space:
        """The space of gradients by elements of this one: itself, where the domain is orthonormal."""
        return self if self.domain.is_self_dual else replace(self, dual=not self.dual)

    @property
    def unbounded(self) -> Space:
        """The same space for signals that are not known to be zero anywhere."""
        return self if self.support is None else replace(self, support=None)

    @property
    def first(self) -> Axes:
        """Where sample 0 lies among the samples held, along each axis."""
        return self.origin or (0,) * self.ndim

    def moved(self, samples: Axes) -> Space:
        """The same space with sample 0 so many places later."""
        if not any(samples):
            return self
        at = tuple(a + b for a, b in zip(self.first, samples, strict=True))
        return replace(self, origin=at if any(at) else None)

    def weights(self) -> np.ndarray | float:
        """The weights of the inner product, broadcastable over an array's axes."""
        return self.domain.weights(self)

    def inner(self, a: np.ndarray, b: np.ndarray) -> float:
        """Parseval's inner product: the mean over the grid of the product of two signals."""
        product = a.real * b.real + a.imag * b.imag if np.iscomplexobj(a) else a * b
        return float(np.sum(product * self.weights(), dtype=np.float64))

    def random(self, like: np.ndarray, generator: np.random.Generator) -> np.ndarray:
        """Draw a standard normal element of the space."""
        return self.domain.random(self, like, generator)

    def project(self, array: np.ndarray) -> np.ndarray:
        """Return the nearest element of the space."""
        return self.domain.project(array, self)

    def __str__(self) -> str:
        grid, band = ("x".join(map(str, v)) for v in (self.grid, self.band))
        origin = f", sample 0 at place {'x'.join(map(str, self.origin))}" if self.origin else ""
        return f"{self.domain.name} {self.kind}, grid {grid}, band {band}{origin}"


def per_axis(value: int | Axes, ndim: int, what: str) -> Axes:
    """Give one number to every axis, or check a number per axis."""
    values: tuple[Any, ...] = tuple(value) if np.iterable(value) else (value,) * ndim
    if not all(is_whole(v) for v in values):
        raise ShapeError(got_expected(what, repr(value), "whole numbers", "give one, or one an axis"))
    if len(values) != ndim:
        raise ShapeError(got_expected(what, values, f"{ndim} numbers", "give one, or one an axis"))
    return tuple(int(v) for v in values)


def require_signal(space: Space | None, what: str) -> Space:
    """Return the space of a signal, or raise a message that names the operation."""
    if space is None or space.kind != "signal":
        kind = "plain numbers" if space is None else str(space)
        raise SpaceError(got_expected(what, kind, "a signal in a domain", "pass it through analysis first"))
    return space


def volume(sizes: Axes) -> int:
    """The product of sizes along the axes."""
    return prod(sizes)
