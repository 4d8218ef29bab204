"""The space of a signal: where it lives, and the verbs that ops and layers are written against.

A space says in which domain a real signal is stored, on which grid and with which band, and carries the verbs that
work on what is stored. Ops and layers are written once, against these verbs, and never ask which domain they are in.
A domain is a small subclass of `Space`; the registry (`freqnet.spaces.registry`) finds it by name.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from math import prod
from typing import Any, ClassVar, Literal, TypeVar

import numpy as np

from freqnet.checks import is_whole
from freqnet.errors import ConfigurationError, ShapeError, SpaceError, got_expected
from freqnet.spaces.registry import get_domain

Kind = Literal["signal", "response"]
Axes = tuple[int, ...]
S = TypeVar("S", bound="Space")


@dataclass(frozen=True)
class Space(ABC):
    """Where a tensor lives: grid, band, and whether it is a signal or a frequency response.

    Arrays of signals have the axes ``(*space.shape, batch, channels)``, responses ``(*space.shape, inputs, outputs)``.
    Verbs marked "adjoint" are adjoint under `weights`. A subclass is a domain. It is made by `on`.

    Parameters
    ----------
    grid : tuple of int
        The period along each axis, in samples: the unit of kernel taps, windows and shifts.
    band : tuple of int
        The signal has the modes ``|k| <= band`` along each axis.
    kind : {"signal", "response"}
        Signals are normalised "forward" (the DC mode is the mean), responses are not divided.
    support : tuple of int, optional
        The samples outside which the signal is known to be zero; None for the whole period. Linear convolution needs
        room for it. Comparisons of spaces ignore it.
    origin : tuple of int, optional
        The place of sample 0 along each axis; None for the first place. Only node domains move it.
    dual : bool
        Whether elements are gradients with respect to signals: see `cotangent`.

    Examples
    --------
    >>> from freqnet.spaces import Fourier
    >>> space = Fourier.on((8, 8), band=3)
    >>> space.shape
    (7, 4)
    >>> str(space)
    'fourier signal, grid 8x8, band 3x3'
    """

    grid: Axes
    band: Axes
    kind: Kind = "signal"
    support: Axes | None = field(default=None, compare=False)
    origin: Axes | None = None
    dual: bool = False

    # The name of the domain in the registry.
    name: ClassVar[str]
    is_complex: ClassVar[bool]
    # Whether arrays hold a transform: then there are no pointwise functions, and layers must not transform.
    is_spectral: ClassVar[bool] = False
    # The unit that an axis of stored numbers counts.
    unit: ClassVar[str] = "modes"
    # Whether gradients are stored as signals are. Elsewhere they live in `cotangent`, and "adjoint" refers to the sum
    # of products of stored numbers.
    is_self_dual: ClassVar[bool] = True
    # Real multiply-adds of convolution per stored number (or per tap).
    products_per_number: ClassVar[int] = 1

    # -- making spaces -----------------------------------------------------------------------------
    @classmethod
    def on(
        cls: type[S],
        grid: int | Axes,
        band: int | Axes | None = None,
        kind: Kind = "signal",
        support: Axes | None = None,
        **options: Any,
    ) -> S:
        """Return the space of signals on a grid, by default with the largest band.

        Parameters
        ----------
        grid : int or tuple of int
            Samples along each axis.
        band : int or tuple of int, optional
        kind : {"signal", "response"}
        support : tuple of int, optional
        **options
            The domain's own fields, such as the nodes of ``Laplace``.

        Raises
        ------
        ShapeError
            The grid is empty, or the band does not fit it.
        """
        axes = (int(grid),) if isinstance(grid, (int, np.integer)) else tuple(int(n) for n in grid)
        if not axes or min(axes) < 1:
            raise ShapeError(got_expected("grid", axes, "1 to 3 sizes of at least 1", "check the shape"))
        return cls(axes, axes, **options).sibling(axes, band, kind, support)

    def sibling(
        self: S, grid: Axes, band: int | Axes | None = None, kind: Kind = "signal", support: Axes | None = None
    ) -> S:
        """Return a space of the same domain on another grid, by default with the largest band."""
        blank = replace(self, grid=grid, kind=kind, support=support, origin=None, dual=False)
        axes = blank.largest_band if band is None else per_axis(band, len(grid), "band")
        if min(axes) < 0:
            raise ShapeError(got_expected("band", axes, "0 or more", "a band of 0 keeps the mean"))
        blank.check_band(axes)
        return replace(blank, band=axes)

    def check_band(self, band: Axes) -> None:
        """Raise `ShapeError` for a band that no signal of the domain can have on this grid."""

    @property
    def domain(self) -> str:
        """The name of the domain, with its parameters."""
        return self.name

    @property
    def largest_band(self) -> Axes:
        """The largest band that the grid can hold: up to, but without, the Nyquist mode."""
        return tuple((n - 1) // 2 for n in self.grid)

    @property
    def full(self: S) -> S:
        """The signals of the same grid with the largest band."""
        return self.sibling(self.grid)

    def with_band(self: S, band: Axes) -> S:
        """The same space with another band."""
        return self if band == self.band else replace(self, band=band)

    def response(self: S, ahead: Axes = ()) -> S:
        """The space of the frequency responses of kernels that look so many samples ahead."""
        return replace(self, kind="response", support=None, origin=None, dual=False)

    @property
    def cotangent(self: S) -> S:
        """The space of gradients with respect to elements of this one: itself, where the domain is orthonormal."""
        return self if self.is_self_dual else replace(self, dual=not self.dual)

    @property
    def unbounded(self: S) -> S:
        """The same space for signals that are not known to be zero anywhere."""
        return self if self.support is None else replace(self, support=None)

    @property
    def first(self) -> Axes:
        """The place of sample 0 along each axis."""
        return self.origin or (0,) * self.ndim

    def moved(self: S, places: Sequence[int]) -> S:
        """The same space with sample 0 that many places later."""
        if not any(places):
            return self
        at = tuple(a + b for a, b in zip(self.first, places, strict=True))
        return replace(self, origin=at if any(at) else None)

    def common_space(self: S, other: Space) -> S:
        """This space with sample 0 where the other has it, if that is later: both signals can be held there."""
        if self.origin == other.origin:
            return self
        return self.moved([max(there - here, 0) for here, there in zip(self.first, other.first, strict=True)])

    # -- what signals become -----------------------------------------------------------------------
    def after_kernel(self: S, size: Axes, ahead: Axes) -> S:
        """The space after convolution with a kernel of `size` taps that looks so many samples ahead."""
        support = None
        if self.support is not None:
            grown = tuple(s + k - 1 for s, k in zip(self.support, size, strict=True))
            support = grown if all(s <= n for s, n in zip(grown, self.grid, strict=True)) else None
        return self if support == self.support else replace(self, support=support)

    def after_window(self: S, window: Axes, adjoint: bool) -> S:
        """The space after `average`, or after its adjoint."""
        return self.unbounded

    def shift_places(self, lowest: np.ndarray) -> Axes:
        """How many places sample 0 must move so that a shift by `lowest` samples or more loses nothing."""
        return (0,) * self.ndim

    def after_shift(self: S, samples: np.ndarray, places: Axes, adjoint: bool) -> S:
        """The space after `shift` by samples, with sample 0 moved by whole places."""
        return self

    def resampled(self: S, grid: Axes) -> S:
        """The space after `resample` to another number of samples a period."""
        return self.sibling(grid)

    def aliased(self: S, stride: Axes) -> S:
        """The space after `alias`."""
        grid = tuple(n // s for n, s in zip(self.grid, stride, strict=True))
        coarse = replace(self, grid=grid, support=None)
        # Below the coarse Nyquist mode nothing folds and the band stays; beyond it every mode is reached.
        rows = zip(self.band, coarse.largest_band, grid, strict=True)
        return replace(coarse, band=tuple(most if 2 * m >= n else min(m, most) for m, most, n in rows))

    def clip_band(self, band: Axes) -> Axes:
        """Clip a band to the largest that a product can have on this grid."""
        return band

    def exact_band(self, band: Axes) -> Axes:
        """The band that holds a product exactly, where `band` does so for waves."""
        return band

    # -- sizes -------------------------------------------------------------------------------------
    @property
    def ndim(self) -> int:
        """The number of axes of the grid."""
        return len(self.grid)

    @property
    @abstractmethod
    def shape(self) -> Axes:
        """The shape of the leading (mode, node or grid) axes of an array."""

    def band_of(self, modes: int) -> int:
        """The band that has so many modes along an axis."""
        return (modes - 1) // 2

    @property
    def modes(self) -> Axes:
        """How many modes there are along each axis: the inverse of `band_of`."""
        return tuple(2 * m + 1 for m in self.band)

    @property
    def degrees(self) -> Axes:
        """The independent real degrees of freedom along each axis: modes, nodes or samples."""
        return self.modes

    @property
    @abstractmethod
    def coordinate_count(self) -> int:
        """How many real numbers make up an element, per batch and channel."""

    @property
    def response_count(self) -> int:
        """How many real numbers make up a free response."""
        return volume(self.modes)

    def dtype(self, precision: Any) -> np.dtype:
        """The dtype of stored arrays at a real precision (float32 or float64)."""
        return np.result_type(precision, np.complex64) if self.is_complex else np.dtype(precision)

    @property
    def condition_numbers(self) -> tuple[float, ...]:
        """The condition number of the transform along each axis."""
        return (1.0,) * self.ndim

    @property
    def condition_number(self) -> float:
        """The condition number of the whole transform: the product over the axes."""
        return prod(self.condition_numbers)

    # -- inner product -----------------------------------------------------------------------------
    @property
    @abstractmethod
    def weights(self) -> np.ndarray | float:
        """The weights of the inner product, broadcastable over an array's axes."""

    def vdot(self, a: np.ndarray, b: np.ndarray) -> float:
        """Parseval's inner product, in double precision: the mean over the grid, summed over batch and channels."""
        product = a.real * b.real + a.imag * b.imag if np.iscomplexobj(a) else a * b
        return float(np.sum(product * self.weights, dtype=np.float64))

    def inner(self, a: np.ndarray, b: np.ndarray) -> np.ndarray:
        """The mean over the grid of the product of a signal and a gradient, ``(batch, channels)``."""
        product = a.real * b.real + a.imag * b.imag if self.is_complex else a * b
        return np.sum(product * self.weights, axis=tuple(range(self.ndim)))

    def power(self, array: np.ndarray) -> np.ndarray:
        """The mean over the grid of the square, ``(batch, channels)`` (Parseval)."""
        return self.inner(array, array)

    @property
    def power_cost(self) -> int:
        """Real multiply-adds of `power`, for one signal."""
        return volume(self.shape) * (2 if self.is_complex else 1)

    def riesz(self, array: np.ndarray) -> np.ndarray:
        """The Riesz map: the gradient in `cotangent` that pairs with signals as this signal does."""
        return array

    @abstractmethod
    def random(self, like: np.ndarray, generator: np.random.Generator) -> np.ndarray:
        """Draw a standard normal element of the space, of the shape and dtype of `like`."""

    def project(self, array: np.ndarray) -> np.ndarray:
        """The nearest element of the space: a real signal of the band."""
        return array

    # -- transforms --------------------------------------------------------------------------------
    @abstractmethod
    def sample_modes(self, samples: np.ndarray) -> np.ndarray:
        """Coefficients of samples ``(batch, *grid, channels)``; the adjoint of `synthesis`, times N."""

    @abstractmethod
    def synthesis(self, array: np.ndarray, grid: Axes) -> np.ndarray:
        """Samples ``(batch, *grid, channels)``; modes alias on a coarser grid, samples are low-passed first."""

    def analysis(self, samples: np.ndarray) -> np.ndarray:
        """The spectrum of samples; the Nyquist mode is dropped, or split where the band includes it."""
        self.check_samples(samples)
        return self.split_nyquist(self.sample_modes(samples), samples.shape[1:-1])

    def split_nyquist(self, array: np.ndarray, grid: Axes) -> np.ndarray:
        """Halve the modes at ``k = n/2`` of each even axis: the Nyquist mode, shared by +-n/2."""
        return array

    def stores_samples(self, grid: Axes) -> bool:
        """Whether samples on a grid are stored as they are, so that `sample_modes` costs nothing."""
        return False

    def check_samples(self, samples: np.ndarray) -> None:
        """Raise `ShapeError` unless the samples ``(batch, *grid, channels)`` can hold the band."""
        grid = samples.shape[1:-1]
        if len(grid) != self.ndim:
            expected = f"(batch, {self.ndim} axes, channels)"
            raise ShapeError(got_expected("samples", f"shape {samples.shape}", expected, "add the missing axis"))
        self.check_grid(grid)

    def check_grid(self, grid: Axes) -> None:
        """Raise `ShapeError` unless so many samples can hold the band."""
        for n, m in zip(grid, self.band, strict=True):
            if m > n // 2:
                todo = "keep fewer modes or give more samples"
                raise ShapeError(got_expected("band", m, f"at most {n // 2} on {n} samples", todo))

    def check_nyquist(self, grid: Axes) -> None:
        """Raise `ConfigurationError` where samples hold a mode of the band only as their Nyquist mode."""

    def check_resolution(self, grid: Axes, own: Axes) -> None:
        """Raise `ShapeError` where the domain cannot read samples of another resolution than its own."""

    def check_shifts(self, most: float) -> None:
        """Raise `ConfigurationError` where signals cannot be shifted both ways by up to `most` samples."""

    # -- convolution -------------------------------------------------------------------------------
    def response_shape(self, kernel: str, size: Axes) -> Axes:
        """The leading axes of a stored response."""
        return self.shape

    @abstractmethod
    def frequency_response(self, theta: np.ndarray, kernel: str, size: Axes) -> np.ndarray:
        """The response of a kernel with real parameters ``(parameters, inputs, outputs)``."""

    @abstractmethod
    def frequency_response_adjoint(self, response: np.ndarray, kernel: str, size: Axes) -> np.ndarray:
        """Real parameters from a response: the adjoint of `frequency_response`."""

    @abstractmethod
    def channel_product(self, a: np.ndarray, b: np.ndarray, form: str, groups: int, size: Axes) -> np.ndarray:
        """Convolution ("forward"), and its two adjoints ("input", "response")."""

    def warn_of_remainder(self, what: str, got: str, todo: str) -> None:
        """Warn that a result outgrows the grid, where it does not simply go around the period."""

    # -- pointwise products ------------------------------------------------------------------------
    @abstractmethod
    def multiply(self, a: np.ndarray, b: np.ndarray, other: Axes, band: Axes) -> np.ndarray:
        """The pointwise product of an element and a signal of band `other`, kept to a band.

        Of a gradient (`dual`): the adjoint of the product with that signal.
        """

    def square(self, a: np.ndarray, band: Axes) -> np.ndarray:
        """The pointwise square of a signal, kept to a band."""
        return self.multiply(a, a, self.band, band)

    def product_cost(self, other: Axes, band: Axes, is_square: bool) -> int:
        """Real multiply-adds of `multiply`, or of `square`, for one signal."""
        return volume(self.grid)

    def quadratic(self, array: np.ndarray, coefficients: np.ndarray, band: Axes) -> np.ndarray:
        """Constant + linear x + quadratic x^2, kept to a band: coefficients ``(3, batch, channels)``."""
        curved = self.with_band(band).affine(self.square(array, band), coefficients[2], coefficients[0])
        return curved + coefficients[1] * self.change_band(array, band)

    def quadratic_adjoint(
        self, g: np.ndarray, array: np.ndarray, coefficients: np.ndarray, band: Axes
    ) -> tuple[np.ndarray, np.ndarray]:
        """The gradients of `quadratic`, by the signal and by the coefficients ``(3, batch, channels)``."""
        dual = self.with_band(band).cotangent
        shared = dual.multiply(g, array, self.band, self.band)
        wide = dual.change_band(g, self.band)
        sums = [self.cotangent.mean(wide), self.inner(wide, array), self.inner(shared, array)]
        return coefficients[1] * wide + 2 * coefficients[2] * shared, np.stack(sums)

    # -- bands and grids ---------------------------------------------------------------------------
    @abstractmethod
    def change_band(self, array: np.ndarray, band: Axes) -> np.ndarray:
        """Truncate or zero-pad to another band on the same grid; adjoint: the same, back."""

    @abstractmethod
    def resample(self, array: np.ndarray, target: Space) -> np.ndarray:
        """The band-limited signal on another grid; adjoint: the same, back."""

    @abstractmethod
    def average(self, array: np.ndarray, window: Axes, method: str, adjoint: bool) -> np.ndarray:
        """The moving average over a window of samples."""

    @abstractmethod
    def alias(self, array: np.ndarray, coarse: Space, stride: Axes, adjoint: bool) -> np.ndarray:
        """Keep every `stride`-th sample; `coarse` is the space of the result (of the argument, in the adjoint)."""

    @abstractmethod
    def shift(self, array: np.ndarray, samples: np.ndarray) -> np.ndarray:
        """Shift by (fractions of) samples, ``(axes,)`` or ``(batch, axes)``."""

    def shift_adjoint(self, array: np.ndarray, samples: np.ndarray) -> np.ndarray:
        """The adjoint of `shift`: on a period, the opposite shift."""
        return self.shift(array, -samples)

    # -- statistics and coordinates ----------------------------------------------------------------
    @abstractmethod
    def constant(self, value: np.ndarray) -> np.ndarray:
        """Constant signals of values ``(batch, channels)``; adjoint of `mean`."""

    @abstractmethod
    def mean(self, array: np.ndarray) -> np.ndarray:
        """The mean over the grid, ``(batch, channels)``."""

    def affine(self, array: np.ndarray, factors: np.ndarray, offset: np.ndarray) -> np.ndarray:
        """The signal times a factor, plus a constant: ``(batch, channels)`` of each."""
        return array * factors + offset

    def add_affine(self, target: np.ndarray, array: np.ndarray, factors: np.ndarray, offset: np.ndarray) -> None:
        """Add an affine map of a signal to another, in place."""
        target += self.affine(array, factors, offset)

    @abstractmethod
    def indicator(self, size: Axes, precision: Any) -> tuple[np.ndarray, Space]:
        """The signal that is 1 at the first samples and 0 elsewhere, with its space, for products with signals."""

    @abstractmethod
    def coordinates(self, array: np.ndarray) -> np.ndarray:
        """Orthonormal real coordinates ``(coordinates, ...)``."""

    @abstractmethod
    def from_coordinates(self, values: np.ndarray) -> np.ndarray:
        """The element with the given coordinates: inverse and adjoint of `coordinates`."""

    # -- modes -------------------------------------------------------------------------------------
    @property
    def mode_space(self) -> Space:
        """The space in which the signal's modes are counted: its own, or the Fourier space of what the grid tells."""
        band = tuple(min(m, (n - 1) // 2) for m, n in zip(self.band, self.grid, strict=True))
        return get_domain("fourier")(self.grid, band)

    @property
    def spectrum_space(self) -> Space:
        """The space in which a layer may read the power spectrum of a signal.

        Raises
        ------
        ShapeError
            The domain holds no waves.
        """
        return self.mode_space

    def require_modes(self, what: str) -> None:
        """Raise `ShapeError` unless what is stored are modes."""
        todo = f"{self.unit} are not frequency bins; use Polynomial, or a function of samples"
        raise ShapeError(got_expected(what, self, "spectra (--domain fourier)", todo))

    def mode_inner(self, a: np.ndarray, b: np.ndarray) -> np.ndarray:
        """The share of each independent mode in `inner`, ``(independent modes, batch, channels)``."""
        raise SpaceError(got_expected("power spectrum", self, "a domain of modes", "take fourier or hartley"))

    def mode_scale(self, array: np.ndarray, factors: np.ndarray) -> np.ndarray:
        """Multiply each independent mode (and its mirror) by a real factor: adjoint of `mode_inner`."""
        return self.mode_inner(array, factors)

    def as_modes(self, array: np.ndarray) -> np.ndarray:
        """The modes of a signal, stored as in its `mode_space`; by transforms, where modes are not what is stored."""
        return self.mode_space.sample_modes(self.synthesis(array, self.grid))

    def from_modes(self, modes: np.ndarray) -> np.ndarray:
        """The signal that has these modes: the inverse of `as_modes`, up to what lies at Nyquist."""
        return self.sample_modes(self.mode_space.synthesis(modes, self.grid))

    def half_spectrum(self, array: np.ndarray) -> np.ndarray:
        """The modes of a signal as a half spectrum: complex, the last mode number 0 or more."""
        return self.as_modes(array)

    def kernel_modes(self, theta: np.ndarray, kernel: str, size: Axes) -> np.ndarray:
        """The frequency response of a kernel as a half spectrum, at the modes of the band."""
        return get_domain("fourier")(self.grid, self.band).frequency_response(theta, kernel, size)

    def mode_rounding(self, least: float) -> float:
        """The share of a response that counts as rounding: `least` or more where modes are not what is stored."""
        return max(least, min(1e-2, 1e-15 * self.condition_number**2))

    # -- networks ----------------------------------------------------------------------------------
    @property
    def switches(self) -> bool:
        """Whether layers run transforms of their own: true only for baselines that switch domains."""
        return False

    @property
    def reference(self) -> Space:
        """The spatial counterpart: samples on the same grid."""
        return get_domain("grid")(self.grid)

    @property
    def default_padding(self) -> Axes:
        """Zeros that a default network adds after the samples of each axis."""
        return (0,) * self.ndim

    def door_sizes(self, modes: int | None, default: int) -> Axes:
        """How many modes a default network keeps at the door, along each axis.

        Raises
        ------
        ConfigurationError
            The grid cannot hold so many modes, or the number is even.
        """
        if modes is None:
            return tuple(min(default, n - 1 + n % 2) for n in self.grid)
        most = min(n - 1 + n % 2 for n in self.grid)
        if not is_whole(modes) or modes < 1 or modes % 2 == 0 or modes > most:
            expected = f"an odd number from 1 to {most} on a grid of {self.grid}"
            raise ConfigurationError(got_expected("modes", modes, expected, f"take modes={most}"))
        return (int(modes),) * self.ndim

    def stage_sizes(self, sizes: Axes, stage: int, shares: Sequence[float]) -> Axes:
        """How many of the door's modes a stage of a default network keeps: an odd number, at least 3 if there are."""
        share = shares[min(stage, len(shares) - 1)]
        return tuple(max(min(3, n), 2 * round((n * share - 1) / 2) + 1) for n in sizes)

    def fitted(self, samples: Callable[[], np.ndarray], modes: int) -> str:
        """The name of the domain to hold samples in: this one, unless it has nodes to be trained on them."""
        return self.domain

    def describe(self) -> tuple[str, ...]:
        """What is kept, what happens at the door, and remarks, as short phrases for people."""
        return (f"{extent(self.modes)} modes", self.describe_door("samples all the way"))

    def describe_door(self, text: str) -> str:
        """The phrase for the door, with what layers do beside it."""
        return f"{text}, and transforms in every layer that switches domains" if self.switches else text

    def __str__(self) -> str:
        origin = f", sample 0 at place {extent(self.origin)}" if self.origin else ""
        return f"{self.domain} {self.kind}, grid {extent(self.grid)}, band {extent(self.band)}{origin}"


def extent(sizes: Sequence[int]) -> str:
    """Return sizes along the axes as people write them.

    >>> extent((13, 13))
    '13x13'
    """
    return "x".join(map(str, sizes))


def per_axis(value: int | Axes, ndim: int, what: str) -> Axes:
    """Give one number to every axis, or check that there is one per axis."""
    values: tuple[Any, ...] = tuple(value) if np.iterable(value) else (value,) * ndim
    if not all(type(v) is int or is_whole(v) for v in values):
        raise ShapeError(got_expected(what, repr(value), "whole numbers", "give one, or one per axis"))
    if len(values) != ndim:
        raise ShapeError(got_expected(what, values, f"{ndim} numbers", "give one, or one per axis"))
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
