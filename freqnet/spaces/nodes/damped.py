"""The damped domain, between Fourier and Laplace: a causal signal is stored as its values at nodes on |z| = r < 1.

X_k = sum_t x[t] z_k^t, z_k = r e^(-2 pi i k / n), is the Fourier transform of r^t x[t]. Convolution is computed modulo
z^n - r^n: the part that wraps around the period is r^n times as strong. The condition number is r^-(n - 1) per axis,
while real nodes lose a digit for every one or two nodes. r = 1 is the Fourier transform, with the Nyquist mode.
Pointwise products use a circular convolution with an undamped spectrum or the bilinear form of the nodes, whichever
takes less work.
"""

from __future__ import annotations

from dataclasses import dataclass
from operator import mul
from typing import Any, cast

import numpy as np

from freqnet import kernels
from freqnet.errors import ConfigurationError, got_expected
from freqnet.spaces.base import Axes, volume
from freqnet.spaces.channels import mode_products
from freqnet.spaces.matrices import along
from freqnet.spaces.nodes import halves
from freqnet.spaces.nodes.base import NodeSpace
from freqnet.spaces.nodes.bilinear import bilinear_cost
from freqnet.spaces.nodes.circle import CircleTables, circle_condition, circle_tables
from freqnet.spaces.registry import register_domain
from freqnet.spaces.transforms import pass_door
from freqnet.spaces.waves.dft import modes_by_fft
from freqnet.spaces.waves.modes import product_terms

WRAP = 1 / 8
# Entries of the largest matrix that transforms samples: an FFT takes longer signals.
_LARGEST = 1 << 14


@dataclass(frozen=True)
class Damped(NodeSpace):
    """Space of causal signals stored as values at nodes on a circle: ``(*nodes, batch, channels)``, complex.

    A band of m has the nodes ``|k| <= m`` along an axis: 2m + 1 nodes, or all n. One of each conjugate pair is stored.

    Parameters
    ----------
    wrap : float
        r^n, above 0 and at most 1, for any number n of samples: the strength of what wraps once around the period. The
        condition number hardly depends on n, and subsampling folds the spectrum.
    radius : float, optional
        r, above 0 and at most 1, for any number of samples; it replaces `wrap`.

    Raises
    ------
    ConfigurationError
        `wrap` or `radius` is out of range.

    Examples
    --------
    >>> from freqnet.spaces import Damped
    >>> [round(s.radius_of(s.grid[0]), 3) for s in (Damped.on(8), Damped.on(16), Damped.on(16, radius=0.9))]
    [0.771, 0.878, 0.9]
    """

    wrap: float = WRAP
    radius: float | None = None

    name = "damped"
    is_complex = True
    products_per_number = 4

    def __post_init__(self) -> None:
        for what, value in (("wrap", self.wrap), ("radius", self.radius)):
            if value is not None and not 0 < value <= 1:
                todo = "take damped:r=0.9 or damped:wrap=0.1"
                raise ConfigurationError(got_expected(f"{what} of a circle", value, "above 0, at most 1", todo))

    @property
    def domain(self) -> str:
        if self.radius is not None:
            return f"{self.name}:r={self.radius!r}"
        return self.name if self.wrap == WRAP else f"{self.name}:wrap={self.wrap!r}"

    def radius_of(self, samples: int) -> float:
        """Return the radius of the circle for `samples` samples."""
        return self.wrap ** (1 / samples) if self.radius is None else self.radius

    def make_tables(self, samples: int, count: int) -> CircleTables:
        return circle_tables(self.radius_of(samples), samples, count)

    @property
    def circles(self) -> list[CircleTables]:
        """The tables, which for this domain are those of circles."""
        return cast("list[CircleTables]", self.tables)

    @property
    def largest_band(self) -> Axes:
        return tuple(n // 2 for n in self.grid)

    def band_of(self, modes: int) -> int:
        return modes // 2

    def band_after_pooling(self, samples: int) -> int:
        return (samples - 1) // 2

    @property
    def modes(self) -> Axes:
        return tuple(min(n, 2 * m + 1) for n, m in zip(self.grid, self.band, strict=True))

    @property
    def weights(self) -> np.ndarray:
        return halves.weights_of(self.modes)

    def stored(self, count: int) -> slice:
        return halves.halved(count)

    def whole(self, array: np.ndarray, count: int) -> np.ndarray:
        return halves.both_halves(array, self.ndim, count)

    def pack(self, array: np.ndarray) -> np.ndarray:
        return halves.pack(array, self.modes)

    def unpack(self, values: np.ndarray) -> np.ndarray:
        return halves.unpack(values, self.modes)

    def matrices_cost(self, rows: Axes, columns: Axes) -> int:
        return halves.matrices_cost(rows, columns)

    @property
    def condition_numbers(self) -> tuple[float, ...]:
        rows = zip(self.grid, self.modes, strict=True)
        return tuple(circle_condition(self.radius_of(n), n, k) for n, k in rows)

    @property
    def remainder(self) -> str:
        strongest = max(self.radius_of(n) ** n for n in self.grid)
        return f"around the circle, {strongest:.3g} times as strong"

    def project(self, array: np.ndarray) -> np.ndarray:
        return halves.hermitian(array, self.modes)

    def channel_product(self, a: np.ndarray, b: np.ndarray, form: str, groups: int, size: Axes) -> np.ndarray:
        return mode_products(a, b, form, groups)

    # -- transforms ----------------------------------------------------------------------------------
    def sample_modes(self, samples: np.ndarray) -> np.ndarray:
        counts = self.modes
        if self.dual or max(map(mul, self.grid, counts)) <= _LARGEST:
            return super().sample_modes(samples)
        # The values at the nodes are the Fourier transform of the damped samples.
        pass_door("analysis")
        places = self._places(samples.shape[1:-1])
        damped = np.zeros((len(samples), *self.grid, samples.shape[-1]), samples.dtype)
        damped[(slice(None), *places)] = samples[(slice(None), *(slice(p.stop - p.start) for p in places))]
        for axis, n in enumerate(self.grid, 1):
            damped *= along(_powers(self.radius_of(n), n), axis, damped.ndim)
        half = modes_by_fft(damped, tuple(k // 2 for k in counts)) * samples.dtype.type(volume(self.grid))
        # An even number of nodes has k = n/2, but not k = -n/2.
        first = [slice(1 - k % 2, None) for k in counts[:-1]]
        return np.ascontiguousarray(half[tuple(first)])

    # -- pointwise products ------------------------------------------------------------------------
    def multiply(self, a: np.ndarray, b: np.ndarray, other: Axes, band: Axes) -> np.ndarray:
        if not self._is_wrapped(other, band, is_square=False):
            return super().multiply(a, b, other, band)
        # Lift a to all nodes and convolve it circularly with the undamped spectrum of b.
        whole = self.with_band(self.largest_band)
        factor = self.with_band(other)
        undamped = factor._through([t.undamped for t in factor.circles], b)
        return whole.change_band(self._wrapped(self.change_band(a, whole.band), undamped), band)

    def square(self, a: np.ndarray, band: Axes) -> np.ndarray:
        if not self._is_wrapped(self.band, band, is_square=True):
            return self.multiply(a, a, self.band, band)
        # With half of the damping in each factor, the factors are equal, and a square takes half the work of a product.
        factor = self._through([t.half_damped for t in self.circles], a)
        return self.with_band(self.largest_band).change_band(self._wrapped(factor, factor), band)

    def _wrapped(self, a: np.ndarray, b: np.ndarray) -> np.ndarray:
        """Return the circular convolution of two spectra with all nodes."""
        band = self.largest_band
        wide = tuple(2 * m for m in band)
        first = halves.shared(a, self.grid)
        if a is b:
            return halves.folded(kernels.square(first, (band, wide)), self.grid)
        return halves.folded(kernels.product(first, halves.shared(b, self.grid), (band, band, wide)), self.grid)

    def product_cost(self, other: Axes, band: Axes, is_square: bool) -> int:
        return min(self._cost_wrapped(other, is_square), self._cost_of_forms(other, band))

    def _is_wrapped(self, other: Axes, band: Axes, is_square: bool) -> bool:
        """Return whether circular convolution takes less work than the bilinear form."""
        return self._cost_wrapped(other, is_square) <= self._cost_of_forms(other, band)

    def _cost_of_forms(self, other: Axes, band: Axes) -> int:
        return 4 * bilinear_cost(self.modes, self.with_band(other).modes, self.with_band(band).shape)

    def _cost_wrapped(self, other: Axes, is_square: bool) -> int:
        band = self.largest_band
        wide = tuple(2 * m for m in band)
        terms = product_terms(band, band, wide)
        total = 4 * ((terms + 1) // 2 if is_square else terms)
        # One or both factors are lifted to all nodes, the damping of one is removed, and modes that fold are added.
        factor = self.with_band(other).modes
        total += halves.matrices_cost(self.grid, factor) + 2 * volume(halves.half_shape(tuple(2 * m + 1 for m in wide)))
        return total + (halves.matrices_cost(self.grid, self.modes) if not is_square and self.modes != self.grid else 0)


def _powers(radius: float, count: int) -> np.ndarray:
    powers = np.arange(count, dtype=float)
    return np.power(radius, powers, out=powers)


def read_damped(text: str) -> dict[str, Any]:
    """Return the options in the name of a damped domain: ``damped:r=RADIUS`` or ``damped:wrap=STRENGTH``.

    Parameters
    ----------
    text : str
        The text after ``damped:``.

    Raises
    ------
    ConfigurationError
        The text is not of this form.

    Examples
    --------
    >>> from freqnet.spaces import get_domain
    >>> get_domain("damped:r=0.9")(8).domain
    'damped:r=0.9'
    """
    what, _, value = text.partition("=")
    names = {"r": "radius", "wrap": "wrap"}
    try:
        return {names[what]: float(value)}
    except (KeyError, ValueError):
        todo = "take damped:r=0.9 or damped:wrap=0.1"
        got = repr(f"damped:{text}")
        raise ConfigurationError(got_expected("domain", got, "r=RADIUS or wrap=STRENGTH", todo)) from None


register_domain("damped", Damped.on, read_damped)
