"""The base class of spaces, with the operations (verbs) that ops and layers use.

A space describes how a real signal is stored: domain, grid and band. Its verbs work on the stored arrays. Ops and
layers use only these verbs, so that they work in every domain. A domain is a subclass of `Space`, which the registry
(`freqnet.spaces.registry`) finds by name.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from math import isfinite, prod
from typing import Any, ClassVar, Literal, NamedTuple, TypeVar

import numpy as np

from freqnet.checks import is_whole
from freqnet.errors import ConfigurationError, ShapeError, SpaceError, got_expected
from freqnet.spaces.registry import get_domain
from freqnet.spaces.trials import PERIODIC, Trial

Kind = Literal["signal", "response"]
Axes = tuple[int, ...]
S = TypeVar("S", bound="Space")


class NodeTables(NamedTuple):
    """What kernels need to know about a space of real nodes.

    Attributes
    ----------
    roots : list of ndarray
        One matrix per axis, to coordinates that are orthonormal under the mean over the grid.
    constant, mean : ndarray
        ``(nodes,)`` of all axes: the values of the constant signal 1, and the mean as a functional of the values.
    forms : callable
        ``forms(other, band)``: the bilinear form of each axis.
    kept : callable
        ``kept(band)``: the places of the nodes that a smaller band keeps; None if the band is not smaller.
    response_matrix : callable
        ``response_matrix(kernel, size)``: the matrix from the parameters of a kernel to its response.
    """

    roots: list[np.ndarray]
    constant: np.ndarray
    mean: np.ndarray
    forms: Callable[[Axes, Axes], list[np.ndarray]]
    kept: Callable[[Axes], tuple[slice, ...] | None]
    response_matrix: Callable[[str, Axes], np.ndarray]


@dataclass(frozen=True)
class Space(ABC):
    """The space of a tensor: domain, grid and band, and whether it is a signal or a frequency response.

    Signals have the axes ``(*space.shape, batch, channels)``, responses ``(*space.shape, inputs, outputs)``. Adjoints
    refer to the inner product with `weights`. A subclass is a domain; make its spaces with `on`.

    Parameters
    ----------
    grid : tuple of int
        Samples along each axis, which is also the period. Kernel taps, windows and shifts count these samples.
    band : tuple of int
        The signal has the modes ``|k| <= band`` along each axis.
    kind : {"signal", "response"}
        Coefficients of signals are divided by the number of samples (the DC mode is the mean), responses are not.
    support : tuple of int, optional
        Number of samples along each axis, from sample 0 on, outside which the signal is known to be zero; None for the
        whole period. It shows whether a linear convolution fits the grid. Comparisons of spaces ignore it.
    origin : tuple of int, optional
        Place of sample 0 along each axis; None for the first place. Only node domains move it.
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
    # Whether arrays hold a transform of the signal: pointwise functions do not apply, and layers must not transform.
    is_spectral: ClassVar[bool] = False
    # What an axis counts, for messages: modes, nodes or samples.
    unit: ClassVar[str] = "modes"
    # Whether the stored numbers are values at nodes, of which a network may keep any number.
    has_nodes: ClassVar[bool] = False
    # Whether a signal fills one period of the grid, so that a mirrored or moved signal is an element of the space too.
    is_periodic: ClassVar[bool] = True
    # The error of a product grows with this power of the condition number.
    product_rounding: ClassVar[int] = 1
    # On what signals the operations are compared with those on samples.
    trial: ClassVar[Trial] = PERIODIC
    # Whether gradients are stored like signals. Otherwise they live in `cotangent`, and adjoints refer to the sum of
    # products of stored numbers.
    is_self_dual: ClassVar[bool] = True
    # Real multiply-adds of convolution per stored number (or per tap).
    products_per_number: ClassVar[int] = 1
    # Whether plans (`freqnet.plan`) may call kernels for this class, in the place of its methods. A class derived from
    # it may define other methods, and says so for itself.
    has_kernels: ClassVar[bool] = False

    def __init_subclass__(cls, **options: Any) -> None:
        super().__init_subclass__(**options)
        cls.has_kernels = vars(cls).get("has_kernels", False)

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
        """Return a space on a grid, by default of signals with the largest band.

        Parameters
        ----------
        grid : int or tuple of int
            Samples along each axis.
        band : int or tuple of int, optional
            Largest mode number along each axis.
        kind, support
            As for the class.
        **options
            Further fields of the domain, such as the nodes of ``Laplace``.

        Raises
        ------
        ShapeError
            The grid is empty, or the band does not fit it.
        """
        axes = (int(grid),) if isinstance(grid, (int, np.integer)) else tuple(int(n) for n in grid)
        if not axes or min(axes) < 1:
            raise ShapeError(got_expected("grid", axes, "1 to 3 sizes of at least 1", "pass grid=(8, 8)"))
        return cls(axes, axes, **options).sibling(axes, band, kind, support)

    def sibling(
        self: S, grid: Axes, band: int | Axes | None = None, kind: Kind = "signal", support: Axes | None = None
    ) -> S:
        """Return a space of the same domain on another grid, by default with the largest band."""
        blank = replace(self, grid=grid, kind=kind, support=support, origin=None, dual=False)
        axes = blank.largest_band if band is None else per_axis(band, len(grid), "band")
        if min(axes) < 0:
            raise ShapeError(got_expected("band", axes, "0 or more", "pass band=0 to keep the mean only"))
        blank.check_band(axes)
        return replace(blank, band=axes)

    def check_band(self, band: Axes) -> None:
        """Raise `ShapeError` if the grid cannot hold the band."""

    @property
    def domain(self) -> str:
        """Name of the domain, with its parameters."""
        return self.name

    @property
    def largest_band(self) -> Axes:
        """Largest band below the Nyquist mode of the grid."""
        return tuple((n - 1) // 2 for n in self.grid)

    @property
    def full(self: S) -> S:
        """The space of signals on the same grid with the largest band."""
        return self.sibling(self.grid)

    def with_band(self: S, band: Axes) -> S:
        """Return the same space with another band."""
        return self if band == self.band else replace(self, band=band)

    def response(self: S, ahead: Axes = ()) -> S:
        """Return the space of frequency responses of kernels that look `ahead` samples ahead along each axis."""
        return replace(self, kind="response", support=None, origin=None, dual=False)

    @property
    def cotangent(self: S) -> S:
        """The space of gradients with respect to elements of this one; the same space if `is_self_dual`."""
        return self if self.is_self_dual else replace(self, dual=not self.dual)

    @property
    def unbounded(self: S) -> S:
        """The same space without a support."""
        return self if self.support is None else replace(self, support=None)

    @property
    def first(self) -> Axes:
        """Place of sample 0 along each axis."""
        return self.origin or (0,) * self.ndim

    def moved(self: S, places: Sequence[int]) -> S:
        """Return the same space with sample 0 moved by `places`."""
        if not any(places):
            return self
        at = tuple(a + b for a, b in zip(self.first, places, strict=True))
        return replace(self, origin=at if any(at) else None)

    def common_space(self: S, other: Space) -> S:
        """Return this space with sample 0 at the later of its places in the two spaces, where both signals fit."""
        if self.origin == other.origin:
            return self
        return self.moved([max(there - here, 0) for here, there in zip(self.first, other.first, strict=True)])

    # -- spaces of results -------------------------------------------------------------------------
    def after_kernel(self: S, size: Axes, ahead: Axes) -> S:
        """Return the space after convolution with a kernel of `size` taps that looks `ahead` samples ahead."""
        support = None
        if self.support is not None:
            grown = tuple(s + k - 1 for s, k in zip(self.support, size, strict=True))
            support = grown if all(s <= n for s, n in zip(grown, self.grid, strict=True)) else None
        return self if support == self.support else replace(self, support=support)

    def after_window(self: S, window: Axes, adjoint: bool) -> S:
        """Return the space after `average` or its adjoint."""
        return self.unbounded

    def shift_places(self, lowest: np.ndarray) -> Axes:
        """Return how far sample 0 must move so that a shift by `lowest` samples or more loses no samples."""
        return (0,) * self.ndim

    def after_shift(self: S, samples: np.ndarray, places: Axes, adjoint: bool) -> S:
        """Return the space after `shift` by `samples`, with sample 0 moved by `places`."""
        return self

    def resampled(self: S, grid: Axes) -> S:
        """Return the space after `resample` to another grid."""
        return self.sibling(grid)

    def aliased(self: S, stride: Axes) -> S:
        """Return the space after `alias`."""
        grid = tuple(n // s for n, s in zip(self.grid, stride, strict=True))
        coarse = replace(self, grid=grid, support=None)
        # A band below the coarse Nyquist mode does not fold and stays; folding a larger one fills all modes.
        rows = zip(self.band, coarse.largest_band, grid, strict=True)
        return replace(coarse, band=tuple(most if 2 * m >= n else min(m, most) for m, most, n in rows))

    def clip_band(self, band: Axes) -> Axes:
        """Return the band clipped to the largest that a product can have on this grid."""
        return band

    def exact_band(self, band: Axes) -> Axes:
        """Return the band in which a product is exact, if `band` is that band for waves."""
        return band

    # -- sizes -------------------------------------------------------------------------------------
    @property
    def ndim(self) -> int:
        """Number of axes of the grid."""
        return len(self.grid)

    @property
    @abstractmethod
    def shape(self) -> Axes:
        """Shape of the leading (mode, node or grid) axes of an array."""

    @cached_property
    def array_form(self) -> tuple[Axes, str]:
        """The leading axes of an array, and the kind of its numbers: "c" for complex ones, "f" for real ones."""
        return tuple(self.shape), "c" if self.is_complex else "f"

    def check_array(self, array: np.ndarray) -> None:
        """Raise `ShapeError` if an array is not an element of this space, which has two axes after `shape`."""
        shape, kind = self.array_form
        rest = "batch, channels" if self.kind == "signal" else "inputs, outputs"
        expected = f"{'complex' if kind == 'c' else 'real'} numbers ({', '.join(map(str, shape))}, {rest}) for {self}"
        if array.dtype.kind in "iub" and kind == "f":
            todo = "pass array.astype(float)"
        else:
            todo = "make spectra of samples with analysis(samples, space)"
        got = f"{array.dtype} of shape {array.shape}"
        if (array.shape[:-2], array.dtype.kind) != (shape, kind):
            raise ShapeError(got_expected("array of a tensor", got, expected, todo))

    def band_of(self, modes: int) -> int:
        """Return the band with this number of modes along an axis."""
        return (modes - 1) // 2

    @property
    def modes(self) -> Axes:
        """Number of modes along each axis; the inverse of `band_of`."""
        return tuple(2 * m + 1 for m in self.band)

    @property
    def degrees(self) -> Axes:
        """Number of real degrees of freedom along each axis."""
        return self.modes

    @property
    @abstractmethod
    def coordinate_count(self) -> int:
        """Number of real coordinates of an element, per example and channel."""

    @property
    def response_count(self) -> int:
        """Number of real parameters of a response with the parametrisation "modes"."""
        return volume(self.modes)

    def dtype(self, precision: Any) -> np.dtype:
        """Return the dtype of stored arrays for a real precision (float32 or float64)."""
        return np.result_type(precision, np.complex64) if self.is_complex else np.dtype(precision)

    @property
    def condition_numbers(self) -> tuple[float, ...]:
        """Condition number of the transform along each axis."""
        return (1.0,) * self.ndim

    @property
    def condition_number(self) -> float:
        """Condition number of the transform: the product over the axes."""
        return prod(self.condition_numbers)

    # -- inner product -----------------------------------------------------------------------------
    @property
    @abstractmethod
    def weights(self) -> np.ndarray | float:
        """Weights of the inner product, which broadcast over the axes of an array."""

    def vdot(self, a: np.ndarray, b: np.ndarray) -> float:
        """Return the inner product in double precision: the mean over the grid, summed over batch and channels."""
        product = a.real * b.real + a.imag * b.imag if np.iscomplexobj(a) else a * b
        return float(np.sum(product * self.weights, dtype=np.float64))

    def inner(self, a: np.ndarray, b: np.ndarray) -> np.ndarray:
        """Return the inner product of a gradient and a signal (the mean of their product), ``(batch, channels)``."""
        product = a.real * b.real + a.imag * b.imag if self.is_complex else a * b
        return np.sum(product * self.weights, axis=tuple(range(self.ndim)))

    def power(self, array: np.ndarray) -> np.ndarray:
        """Return the mean square over the grid, ``(batch, channels)``, by Parseval."""
        return self.inner(array, array)

    @property
    def power_cost(self) -> int:
        """Real multiply-adds of `power` per example and channel."""
        return volume(self.shape) * (2 if self.is_complex else 1)

    def riesz(self, array: np.ndarray) -> np.ndarray:
        """Return the gradient in `cotangent` that represents a signal (Riesz map)."""
        return array

    @abstractmethod
    def random(self, like: np.ndarray, generator: np.random.Generator) -> np.ndarray:
        """Draw a standard normal element of the space, with the shape and dtype of `like`."""

    def project(self, array: np.ndarray) -> np.ndarray:
        """Return the nearest element of the space: a real signal of the band."""
        return array

    # -- transforms --------------------------------------------------------------------------------
    @abstractmethod
    def sample_modes(self, samples: np.ndarray) -> np.ndarray:
        """Return the coefficients of samples ``(batch, *grid, channels)``: 1/N times the adjoint of `synthesis`."""

    @abstractmethod
    def synthesis(self, array: np.ndarray, grid: Axes) -> np.ndarray:
        """Return samples ``(batch, *grid, channels)``; on a coarser grid modes alias, and samples are low-passed."""

    def analysis(self, samples: np.ndarray) -> np.ndarray:
        """Return the spectrum of samples; the Nyquist mode is split if the band includes it, else dropped."""
        self.check_samples(samples)
        return self.split_nyquist(self.sample_modes(samples), samples.shape[1:-1])

    def split_nyquist(self, array: np.ndarray, grid: Axes) -> np.ndarray:
        """Return the array with the modes at k = +-n/2 of each axis of n samples halved, if the band includes them."""
        return array

    def stores_samples(self, grid: Axes) -> bool:
        """Return whether samples on this grid are stored unchanged, so that `sample_modes` costs nothing."""
        return False

    def check_samples(self, samples: np.ndarray) -> None:
        """Raise `ShapeError` unless samples ``(batch, *grid, channels)`` have the right axes and can hold the band."""
        grid = samples.shape[1:-1]
        if len(grid) != self.ndim:
            expected = f"(batch, {self.ndim} axes, channels)"
            raise ShapeError(got_expected("samples", f"shape {samples.shape}", expected, "add the missing axis"))
        self.check_grid(grid)

    def check_grid(self, grid: Axes) -> None:
        """Raise `ShapeError` unless a grid of samples can hold the band."""
        for n, m in zip(grid, self.band, strict=True):
            if m > n // 2:
                todo = "keep fewer modes or give more samples"
                raise ShapeError(got_expected("band", m, f"at most {n // 2} on {n} samples", todo))

    def check_nyquist(self, grid: Axes) -> None:
        """Raise `ConfigurationError` if the band includes the Nyquist mode of a grid of samples."""

    def check_resolution(self, grid: Axes, own: Axes) -> None:
        """Raise `ShapeError` if the domain cannot read samples of another resolution than `own`."""

    def check_shifts(self, most: float) -> None:
        """Raise `ConfigurationError` if signals cannot be shifted by up to `most` samples in both directions."""

    # -- convolution -------------------------------------------------------------------------------
    def response_shape(self, kernel: str, size: Axes) -> Axes:
        """Return the leading axes of a stored response."""
        return self.shape

    @abstractmethod
    def frequency_response(self, theta: np.ndarray, kernel: str, size: Axes) -> np.ndarray:
        """Return the response of a kernel with real parameters ``(parameters, inputs, outputs)``."""

    def transform_matrices(self, grid: Axes, precision: Any) -> list[np.ndarray] | None:
        """Return one matrix per axis for `sample_modes`, or None where it does not consist of matrix products."""
        return None

    @property
    def node_tables(self) -> NodeTables | None:
        """What kernels need to know about real nodes, or None where the space has none or no kernels cover it."""
        return None

    def response_basis(self, kernel: str, size: Axes, precision: Any) -> tuple[np.ndarray, np.ndarray] | None:
        """Return `frequency_response` as a matrix, and the weights of the modes, or None where it is none.

        The matrix is ``(modes, 2, parameters)``, with real and imaginary parts, or ``(modes, parameters)`` in a real
        domain.
        """
        return None

    @abstractmethod
    def frequency_response_adjoint(self, response: np.ndarray, kernel: str, size: Axes) -> np.ndarray:
        """Return real parameters from a response: the adjoint of `frequency_response`."""

    @abstractmethod
    def channel_product(self, a: np.ndarray, b: np.ndarray, form: str, groups: int, size: Axes) -> np.ndarray:
        """Return the convolution (`form` "forward") or one of its two adjoints ("input", "response")."""

    def warn_of_remainder(self, what: str, got: str, todo: str) -> None:
        """Warn with `ModuloWarning` that a result does not fit the grid, unless convolution is circular."""

    # -- pointwise products ------------------------------------------------------------------------
    @abstractmethod
    def multiply(self, a: np.ndarray, b: np.ndarray, other: Axes, band: Axes) -> np.ndarray:
        """Return the pointwise product of an element and a signal of band `other`, truncated to `band`.

        If the element is a gradient (`dual`), the result is the adjoint of the product with the signal.
        """

    def square(self, a: np.ndarray, band: Axes) -> np.ndarray:
        """Return the pointwise square of a signal, truncated to `band`."""
        return self.multiply(a, a, self.band, band)

    def product_cost(self, other: Axes, band: Axes, is_square: bool) -> int:
        """Return the real multiply-adds of `multiply` or `square` per example and channel."""
        return volume(self.grid)

    def quadratic(self, array: np.ndarray, coefficients: np.ndarray, band: Axes) -> np.ndarray:
        """Return ``c[0] + c[1] x + c[2] x^2``, truncated to `band`, for coefficients ``(3, batch, channels)``."""
        curved = self.with_band(band).affine(self.square(array, band), coefficients[2], coefficients[0])
        return curved + coefficients[1] * self.change_band(array, band)

    def quadratic_adjoint(
        self, g: np.ndarray, array: np.ndarray, coefficients: np.ndarray, band: Axes
    ) -> tuple[np.ndarray, np.ndarray]:
        """Return the gradients of `quadratic` by the signal and by the coefficients ``(3, batch, channels)``."""
        dual = self.with_band(band).cotangent
        shared = dual.multiply(g, array, self.band, self.band)
        wide = dual.change_band(g, self.band)
        sums = [self.cotangent.mean(wide), self.inner(wide, array), self.inner(shared, array)]
        return coefficients[1] * wide + 2 * coefficients[2] * shared, np.stack(sums)

    # -- bands and grids ---------------------------------------------------------------------------
    @abstractmethod
    def change_band(self, array: np.ndarray, band: Axes) -> np.ndarray:
        """Truncate or zero-pad to another band on the same grid; the adjoint changes it back."""

    @abstractmethod
    def resample(self, array: np.ndarray, target: Space) -> np.ndarray:
        """Return the band-limited signal on another grid; the adjoint resamples back."""

    @abstractmethod
    def average(self, array: np.ndarray, window: Axes, method: str, adjoint: bool) -> np.ndarray:
        """Return the moving average over a window of samples, or its adjoint."""

    @abstractmethod
    def alias(self, array: np.ndarray, coarse: Space, stride: Axes, adjoint: bool) -> np.ndarray:
        """Keep every `stride`-th sample; `coarse` is the space of the result (for the adjoint, of the argument)."""

    def take(self, array: np.ndarray, target: Space, places: tuple[Axes, ...], adjoint: bool) -> np.ndarray:
        """Return the signal whose samples along each axis are those at `places`, and 0 at place -1.

        `target` is the space of the result; for the adjoint, of the argument.
        """
        raise self._lacks("take")

    @abstractmethod
    def shift(self, array: np.ndarray, samples: np.ndarray) -> np.ndarray:
        """Shift forward by `samples`, ``(axes,)`` or ``(batch, axes)``, whole or fractional."""

    def shift_adjoint(self, array: np.ndarray, samples: np.ndarray) -> np.ndarray:
        """Apply the adjoint of `shift`; for periodic signals, the opposite shift."""
        return self.shift(array, -samples)

    # -- augmentation ------------------------------------------------------------------------------
    @property
    def held(self) -> Axes:
        """Samples along each axis that hold the signal: the support, or else the whole grid."""
        return self.support or self.grid

    def mirror(self, array: np.ndarray, axis: int, about: float) -> np.ndarray:
        """Return the signals x(about - t) along an axis, for a position in samples, whole or fractional."""
        raise self._lacks("mirror")

    def swap_axes(self, array: np.ndarray, first: int, second: int) -> np.ndarray:
        """Return the signals with two axes of the grid swapped, whose grid and band are equal."""
        raise self._lacks("swap_axes")

    def noise(self, like: np.ndarray, generator: np.random.Generator) -> np.ndarray:
        """Draw normal noise that is white within the band, with samples of deviation 1 and the shape of `like`."""
        numbers = generator.standard_normal((self.coordinate_count, *like.shape[self.ndim :]), like.real.dtype)
        # Coordinates are orthonormal under the mean over the grid: each adds its square to the power.
        count = volume(tuple(map(min, self.modes, self.grid)))
        return self.from_coordinates(numbers * like.real.dtype.type(count**-0.5))

    def boxes(self, starts: np.ndarray, sizes: np.ndarray, precision: Any) -> tuple[np.ndarray, Space]:
        """Return signals that are 1 in a box of samples and 0 elsewhere, ``(*modes, batch, 1)``, and their space.

        Their product with a signal of this band, truncated to it, is that of the samples. The arguments are whole
        numbers ``(batch, axes)``: the first sample, and the number of samples, along each axis.
        """
        raise self._lacks("boxes")

    def values_at(self, points: np.ndarray) -> np.ndarray:
        """Return the matrix ``(points, coordinates)`` from `coordinates` to the values at ``(points, axes)``.

        Points are in samples, whole or fractional.
        """
        raise self._lacks("values_at")

    def _lacks(self, what: str) -> SpaceError:
        return SpaceError(got_expected(what, self, "a domain of periodic signals that has it", "pass domain='fourier'"))

    # -- statistics and coordinates ----------------------------------------------------------------
    @abstractmethod
    def constant(self, value: np.ndarray) -> np.ndarray:
        """Return constant signals with the values ``(batch, channels)``; the adjoint of `mean`."""

    @abstractmethod
    def mean(self, array: np.ndarray) -> np.ndarray:
        """Return the mean over the grid, ``(batch, channels)``."""

    def affine(self, array: np.ndarray, factors: np.ndarray, offset: np.ndarray) -> np.ndarray:
        """Return the signal times `factors` plus the constant `offset`, both ``(batch, channels)``."""
        return array * factors + offset

    def add_affine(self, target: np.ndarray, array: np.ndarray, factors: np.ndarray, offset: np.ndarray) -> None:
        """Add `affine` of a signal to `target`, in place."""
        target += self.affine(array, factors, offset)

    @abstractmethod
    def indicator(self, size: Axes, precision: Any) -> tuple[np.ndarray, Space]:
        """Return the signal that is 1 at the first `size` samples and 0 elsewhere, and its space."""

    @abstractmethod
    def coordinates(self, array: np.ndarray) -> np.ndarray:
        """Return orthonormal real coordinates ``(coordinates, batch, channels)``."""

    @abstractmethod
    def from_coordinates(self, values: np.ndarray) -> np.ndarray:
        """Return the element with these coordinates: the inverse and the adjoint of `coordinates`."""

    # -- modes -------------------------------------------------------------------------------------
    @property
    def mode_space(self) -> Space:
        """The space of modes that describes the signal: itself, or the Fourier space on its grid."""
        band = tuple(min(m, (n - 1) // 2) for m, n in zip(self.band, self.grid, strict=True))
        return get_domain("fourier")(self.grid, band)

    @property
    def spectrum_space(self) -> Space:
        """The space in which a layer may read the power spectrum of a signal.

        Raises
        ------
        ShapeError
            The domain does not store modes and must not transform.
        """
        return self.mode_space

    def require_modes(self, what: str) -> None:
        """Raise `ShapeError` unless the stored numbers are modes."""
        todo = f"pass domain='fourier': {self.unit} are not frequency bins"
        raise ShapeError(got_expected(what, self, "a domain of modes", todo))

    def mode_inner(self, a: np.ndarray, b: np.ndarray) -> np.ndarray:
        """Return the share of each independent mode in `inner`, ``(independent modes, batch, channels)``."""
        raise SpaceError(got_expected("power spectrum", self, "a domain of modes", "pass domain='fourier'"))

    def mode_scale(self, array: np.ndarray, factors: np.ndarray) -> np.ndarray:
        """Multiply each independent mode and its mirror image by a real factor: the adjoint of `mode_inner`."""
        return self.mode_inner(array, factors)

    def as_modes(self, array: np.ndarray) -> np.ndarray:
        """Return the modes of a signal in its `mode_space`, by transforms unless modes are stored."""
        return self.mode_space.sample_modes(self.synthesis(array, self.grid))

    def from_modes(self, modes: np.ndarray) -> np.ndarray:
        """Return the signal with these modes: the inverse of `as_modes`, except at the Nyquist mode."""
        return self.sample_modes(self.mode_space.synthesis(modes, self.grid))

    def half_spectrum(self, array: np.ndarray) -> np.ndarray:
        """Return the modes of a signal as a half spectrum (complex)."""
        return self.as_modes(array)

    def kernel_modes(self, theta: np.ndarray, kernel: str, size: Axes) -> np.ndarray:
        """Return the frequency response of a kernel as a half spectrum, at the modes of the band."""
        return get_domain("fourier")(self.grid, self.band).frequency_response(theta, kernel, size)

    def mode_rounding(self, least: float) -> float:
        """Return the relative size of rounding errors in modes: 0 if modes are stored, else at least `least`."""
        return max(least, min(1e-2, 1e-15 * self.condition_number**2))

    @property
    def product_forms(self: S) -> dict[str, S]:
        """The same space for each way to compute products, by its name; empty if the domain has only one."""
        return {}

    # -- frequency bins ----------------------------------------------------------------------------
    def to_bins(self, array: np.ndarray, grid: Axes) -> np.ndarray:
        """Return a signal as numbers of the frequency bins of a grid, ``(batch, *grid, channels)``.

        The bin k, at the place ``n // 2 + k`` of each axis of n bins, has the real number Re X[k] - Im X[k]. The two
        numbers of k and -k hold the complex number of both. Bins that the band or the grid lacks, and the Nyquist bin
        of an even n, are 0 or dropped.
        """
        raise self._lacks("to_bins")

    def from_bins(self, bins: np.ndarray) -> np.ndarray:
        """Return the signal with these numbers at the frequency bins of a grid: the adjoint of `to_bins`."""
        raise self._lacks("from_bins")

    def mode_product(self, a: np.ndarray, b: np.ndarray, adjoint: bool) -> np.ndarray:
        """Return the products A[k] B[k] of the modes of two signals, or A[k] conj(B[k]) for the adjoint."""
        raise self._lacks("mode_product")

    # -- networks ----------------------------------------------------------------------------------
    @property
    def switches(self) -> bool:
        """Whether layers run transforms, as in baselines that switch domains."""
        return False

    @property
    def reference(self) -> Space:
        """The spatial counterpart: samples on the same grid."""
        return get_domain("grid")(self.grid)

    @property
    def default_padding(self) -> Axes:
        """Number of zeros that a default network adds after the samples of each axis."""
        return (0,) * self.ndim

    def door_sizes(self, modes: int | None, default: int) -> Axes:
        """Return the number of modes along each axis that a default network keeps of its input.

        Parameters
        ----------
        modes : int or None
            Number that the user asks for; None for `default`, or fewer on a small grid.
        default : int

        Raises
        ------
        ConfigurationError
            The grid cannot hold this number of modes, or it is even.
        """
        if modes is None:
            return tuple(min(default, n - 1 + n % 2) for n in self.grid)
        most = min(n - 1 + n % 2 for n in self.grid)
        if not is_whole(modes) or modes < 1 or modes % 2 == 0 or modes > most:
            expected = f"an odd number from 1 to {most} on a grid of {self.grid}"
            raise ConfigurationError(got_expected("modes", modes, expected, f"pass modes={_odd_number(modes, most)}"))
        return (int(modes),) * self.ndim

    def stage_sizes(self, sizes: Axes, stage: int, shares: Sequence[float]) -> Axes:
        """Return the number of modes that a stage of a default network keeps: odd, and 3 or more where possible."""
        share = shares[min(stage, len(shares) - 1)]
        return tuple(max(min(3, n), 2 * round((n * share - 1) / 2) + 1) for n in sizes)

    def fitted(self, samples: Callable[[], np.ndarray], modes: int) -> str:
        """Return the name of this domain, with nodes trained on `samples` if its nodes are to be trained."""
        return self.domain

    def describe(self) -> tuple[str, ...]:
        """Return a description in short phrases: what is kept, the transform of the input, and remarks."""
        return (f"{extent(self.modes)} modes", self.describe_door("samples all the way"))

    def describe_door(self, text: str) -> str:
        """Return the phrase about the input, with a note if layers transform as well."""
        return f"{text}, and transforms in every layer that switches domains" if self.switches else text

    def __str__(self) -> str:
        origin = f", sample 0 at place {extent(self.origin)}" if self.origin else ""
        return f"{self.domain} {self.kind}, grid {extent(self.grid)}, band {extent(self.band)}{origin}"


def extent(sizes: Sequence[int]) -> str:
    """Return sizes along the axes as text.

    >>> from freqnet.spaces.base import extent
    >>> extent((13, 13))
    '13x13'
    """
    return "x".join(map(str, sizes))


def per_axis(value: int | Axes, ndim: int, what: str) -> Axes:
    """Return one whole number per axis; a single number applies to every axis.

    Raises
    ------
    ShapeError
        A value is not a whole number, or the number of values is not `ndim`.
    """
    values: tuple[Any, ...] = tuple(value) if np.iterable(value) else (value,) * ndim
    if not all(type(v) is int or is_whole(v) for v in values):
        raise ShapeError(got_expected(what, repr(value), "whole numbers", f"pass one, or {ndim}"))
    if len(values) != ndim:
        raise ShapeError(got_expected(what, values, f"{ndim} numbers", f"pass one, or {ndim}"))
    return tuple(int(v) for v in values)


def _odd_number(wanted: object, most: int) -> int:
    """Return the odd number from 1 to `most` that is nearest to a number, and the lower of two."""
    if not isinstance(wanted, (int, float)) or not isfinite(wanted):
        return most
    return int(min(max(wanted - (wanted % 2 == 0), 1), most)) if wanted % 1 == 0 else most


def require_signal(space: Space | None, what: str) -> Space:
    """Return the space if it is a space of signals.

    Raises
    ------
    SpaceError
        It is None or a space of responses; the message names the operation `what`.
    """
    if space is None or space.kind != "signal":
        kind = "plain numbers" if space is None else str(space)
        raise SpaceError(got_expected(what, kind, "a signal in a domain", "pass it through analysis first"))
    return space


def volume(sizes: Axes) -> int:
    """Return the product of sizes along the axes."""
    return prod(sizes)
