"""The damped circle, between Fourier and Laplace: a causal signal is held as its values at nodes on |z| = r < 1.

X_k = sum_t x[t] z_k^t, z_k = r e^(-2 pi i k / n): the Fourier transform of r^t x[t], at all n nodes of n samples.
Convolution is the product at each node: the remainder modulo z^n - r^n, so that what would go around the period comes
back r^n times as strong. As ill-conditioned as r^-(n - 1) an axis, where real nodes lose a digit for every one or two
of them. r = 1 is the Fourier transform itself, Nyquist mode included; r = 0 would be linear, and hold nothing.

Nothing comes before the first sample that is held, so a kernel that looks ahead moves sample 0 to a later place
(`Space.origin`). Fewer nodes stand for the nearest signal in the span of their damped waves. What is not diagonal goes
through matrices of an axis, pointwise products through a circular convolution with a spectrum that is not damped.
Gradients are stored in the dual way, as in the Laplace domain: a density f over the grid by A^H f / N (A as in
`freqnet.domains.circle`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from freqnet import kernels
from freqnet.domains import halves
from freqnet.domains import parametrisations as par
from freqnet.domains.bilinear import bilinear, bilinear_cost
from freqnet.domains.causal import forward
from freqnet.domains.channels import mode_products
from freqnet.domains.circular import Circular
from freqnet.domains.halves import halved
from freqnet.domains.registry import register_domain, register_maker
from freqnet.domains.space import Axes, Space, volume
from freqnet.domains.spectral import along, product_terms
from freqnet.errors import ConfigurationError, SpaceError, got_expected

WRAP = 1 / 8


class Damped(Circular):
    """Values at nodes on a circle of radius r, half of them stored: ``(*nodes, batch, channels)``, complex.

    A band of m keeps the nodes ``|k| <= m`` along an axis: 2m + 1 of them, or all n.

    Parameters
    ----------
    name : str
        What the domain is called in saved networks.
    wrap : float
        What goes once around the period comes back so many times as strong: r^n, whatever the number n of samples,
        and with it the condition number. Subsampling then stays a folding of the spectrum.
    radius : float, optional
        r itself, the same for any number of samples, instead.

    Raises
    ------
    ConfigurationError
        They are not above 0 and at most 1.

    Examples
    --------
    >>> from freqnet.domains import Damped
    >>> [round(r, 3) for r in (Damped().radius(8), Damped().radius(16), Damped(radius=0.9).radius(16))]
    [0.771, 0.878, 0.9]
    """

    products_a_number = 4

    def __init__(self, name: str = "damped", wrap: float = WRAP, radius: float | None = None) -> None:
        self.name, self._wrap, self._radius = name, wrap, radius
        for what, value in (("wrap", wrap), ("radius", radius)):
            if value is not None and not 0 < value <= 1:
                todo = "damped:r=0.9, or damped:wrap=0.1"
                raise ConfigurationError(got_expected(f"{what} of a circle", value, "above 0, at most 1", todo))

    def radius(self, samples: int) -> float:
        """The radius of the circle for so many samples."""
        return self._wrap ** (1 / samples) if self._radius is None else self._radius

    def largest_band(self, grid: Axes) -> Axes:
        """All nodes."""
        return tuple(n // 2 for n in grid)

    def band_of(self, modes: int) -> int:
        return modes // 2

    def modes(self, space: Space) -> Axes:
        return tuple(min(n, 2 * m + 1) for n, m in zip(space.grid, space.band, strict=True))

    def beyond(self, space: Space) -> str:
        strongest = max(self.radius(n) ** n for n in space.grid)
        return f"around the circle, {strongest:.3g} times as strong"

    # -- convolution -------------------------------------------------------------------------------
    def respond(self, theta: np.ndarray, kernel: str, size: Axes, space: Space) -> np.ndarray:
        if kernel == "modes":
            return halves.unpack(theta, self.counts_of(space))
        matrix, flat = self._responses(kernel, size, space), theta.reshape(len(theta), -1)
        out = np.empty((len(matrix), flat.shape[1]), self.dtype(theta.dtype))
        out.real, out.imag = (part.astype(theta.dtype) @ flat for part in (matrix.real, matrix.imag))
        return out.reshape(*self.shape(space), *theta.shape[1:])

    def respond_adjoint(self, response: np.ndarray, kernel: str, size: Axes, space: Space) -> np.ndarray:
        if kernel == "modes":
            return halves.pack(response, self.counts_of(space))
        matrix, weighted = self._responses(kernel, size, space), response * self.weights(space)
        flat = weighted.reshape(len(matrix), -1)
        parts = ((matrix.real, flat.real), (matrix.imag, flat.imag))
        return sum(m.T.astype(v.dtype) @ v for m, v in parts).reshape(-1, *response.shape[space.ndim :])

    def _responses(self, kernel: str, size: Axes, space: Space) -> np.ndarray:
        """``(stored nodes, parameters)``: onto the response of the taps, the first of which is at place 0."""
        powers = [a.z[:, None] ** np.arange(k) for a, k in zip(self.axes_of(space), size, strict=True)]
        powers[-1] = powers[-1][halved(len(powers[-1]))]
        return par.kronecker(powers) @ par.kernel_taps(kernel, size)

    def channel_product(self, a: np.ndarray, b: np.ndarray, form: str, groups: int, size: Axes) -> np.ndarray:
        return mode_products(a, b, form, groups)

    # -- pointwise products ------------------------------------------------------------------------
    def multiply(self, a: np.ndarray, b: np.ndarray, bands: tuple[Axes, Axes, Axes], grid: Axes) -> np.ndarray:
        if self._is_wrapped(bands, grid):
            return self._on_all_nodes(a, b, bands, grid, is_gradient=False)
        return self._by_forms(self._forms(bands, grid), a, b, bands, grid)

    def multiply_adjoint(self, g: np.ndarray, b: np.ndarray, bands: tuple[Axes, Axes, Axes], grid: Axes) -> np.ndarray:
        if self._is_wrapped(bands, grid):
            return self._on_all_nodes(g, b, bands, grid, is_gradient=True)
        forms = self._forms((bands[2], bands[1], bands[0]), grid)
        return self._by_forms([form.conj().transpose(1, 0, 2) for form in forms], g, b.conj(), bands, grid)

    def square(self, a: np.ndarray, bands: tuple[Axes, Axes], grid: Axes) -> np.ndarray:
        three = (bands[0], bands[0], bands[1])
        if not self._is_wrapped(three, grid, is_square=True):
            return self.multiply(a, a, three, grid)
        # Both factors damped by half: the square of one spectrum, half the work of a product of two.
        factor = halves.apply([x.half_damped for x in self.axes(grid, bands[0])], a)
        return self.change_band(self._wrapped(factor, factor, grid), self.space(grid), bands[1])

    def _forms(self, bands: tuple[Axes, Axes, Axes], grid: Axes) -> list[np.ndarray]:
        first, second, kept = self.axes(grid, bands[0]), self.axes(grid, bands[1]), self.counts(grid, bands[2])
        return [a.product(b, n) for a, b, n in zip(first, second, kept, strict=True)]

    def _by_forms(
        self, forms: list[np.ndarray], a: np.ndarray, b: np.ndarray, bands: tuple[Axes, Axes, Axes], grid: Axes
    ) -> np.ndarray:
        forms[-1] = forms[-1][halved(len(forms[-1]))]
        last = (self.counts(grid, band)[-1] for band in bands)
        return bilinear(forms, *(halves.both_halves(v, len(grid), n) for v, n in zip((a, b), last, strict=False)))

    def _on_all_nodes(
        self, a: np.ndarray, b: np.ndarray, bands: tuple[Axes, Axes, Axes], grid: Axes, is_gradient: bool
    ) -> np.ndarray:
        """All nodes of a, those it lacks too, convolved circularly with the spectrum of b undamped; some are kept."""
        space, whole = replace(self.space(grid, bands[0]), dual=is_gradient), self.largest_band(grid)
        first = self.change_band(a, space, whole)
        second = halves.apply([x.undamped for x in self.axes(grid, bands[1])], b)
        return self.change_band(self._wrapped(first, second, grid), space.with_band(whole), bands[2])

    def _wrapped(self, a: np.ndarray, b: np.ndarray, grid: Axes) -> np.ndarray:
        """The circular convolution of two spectra of every node."""
        band = self.largest_band(grid)
        wide = tuple(2 * m for m in band)
        first = halves.shared(a, grid)
        if a is b:
            return halves.folded(kernels.square(first, (band, wide)), grid)
        return halves.folded(kernels.product(first, halves.shared(b, grid), (band, band, wide)), grid)

    def product_cost(self, bands: tuple[Axes, Axes, Axes], grid: Axes, is_square: bool) -> int:
        return min(self._cost_wrapped(bands, grid, is_square), self._cost_of_forms(bands, grid))

    def _is_wrapped(self, bands: tuple[Axes, Axes, Axes], grid: Axes, is_square: bool = False) -> bool:
        """Whether a convolution of all nodes is less work than the bilinear form of those that are there."""
        return self._cost_wrapped(bands, grid, is_square) <= self._cost_of_forms(bands, grid)

    def _cost_of_forms(self, bands: tuple[Axes, Axes, Axes], grid: Axes) -> int:
        first, second, kept = (self.counts(grid, m) for m in bands)
        less = (tuple(n - 1 for n in sizes) for sizes in (first, second, halves.half_shape(kept)))
        return 4 * bilinear_cost(tuple(less))  # type: ignore[arg-type]

    def _cost_wrapped(self, bands: tuple[Axes, Axes, Axes], grid: Axes, is_square: bool) -> int:
        band = self.largest_band(grid)
        wide = tuple(2 * m for m in band)
        terms = product_terms(band, band, wide)
        total = 4 * ((terms + 1) // 2 if is_square else terms)
        # Onto all nodes and, of one or both factors, less damped. What folds is added.
        first, second = self.counts(grid, bands[0]), self.counts(grid, bands[1])
        total += halves.apply_cost(grid, second) + 2 * volume(halves.half_shape(tuple(2 * m + 1 for m in wide)))
        return total + (halves.apply_cost(grid, first) if not is_square and first != grid else 0)

    # -- bands and grids ---------------------------------------------------------------------------
    def change_band(self, array: np.ndarray, space: Space, band: Axes) -> np.ndarray:
        """Keep the nodes of the smallest numbers: the nearest signal in their span. Adding some keeps the signal.

        Of gradients the other way round: nodes that were not there have none.
        """
        counts, kept = self.counts_of(space), self.counts(space.grid, band)
        if counts == kept:
            return array
        if not space.dual and all(a >= b for a, b in zip(counts, kept, strict=True)):
            places = [halves.middle(a, b) for a, b in zip(counts[:-1], kept[:-1], strict=True)]
            return np.ascontiguousarray(array[(*places, slice(kept[-1] // 2 + 1))])
        rows = zip(self.axes_of(space), kept, strict=True)
        return halves.apply([a.change_of_gradients(n) if space.dual else a.change(n) for a, n in rows], array)

    def resampled(self, space: Space, grid: Axes) -> Space:
        """The same grid, since damping is that of its samples, and no more nodes than there would be samples."""
        if any(g > n for g, n in zip(grid, space.grid, strict=True)):
            todo = "pool to fewer samples: a damped circle does not tell what lies between samples"
            raise SpaceError(got_expected("resample", f"{grid} samples", f"at most {space.grid}", todo))
        rows = zip(space.band, grid, space.grid, strict=True)
        return space.with_band(tuple(m if g == n else min(m, (g - 1) // 2) for m, g, n in rows)).unbounded

    def average(self, array: np.ndarray, space: Space, window: Axes, method: str, adjoint: bool) -> np.ndarray:
        if method == "sinc":
            todo = "use method='dirichlet'"
            raise ConfigurationError(got_expected("average", "'sinc' on a damped circle", "whole samples", todo))
        factors = [a.average(w) for a, w in zip(self.axes_of(space), window, strict=True)]
        return self._scaled(array, [f.conj() if adjoint else f for f in factors])

    def _scaled(self, array: np.ndarray, factors: Sequence[np.ndarray]) -> np.ndarray:
        """Times a factor a node, one an axis."""
        for index, factor in enumerate(factors):
            kept = factor[halved(len(factor))] if index == len(factors) - 1 else factor
            array = array * along(kept.astype(array.dtype), index, array.ndim)
        return array

    def shift(self, array: np.ndarray, space: Space, samples: np.ndarray) -> np.ndarray:
        """Multiply by z^s, of whole numbers s of samples, at least 0.

        Waves between samples would ring ahead of the first one, and what does comes back r^-n times as strong.
        """
        return self._shifted(array, space, samples, adjoint=False)

    def shift_adjoint(self, array: np.ndarray, space: Space, samples: np.ndarray) -> np.ndarray:
        return self._shifted(array, space, samples, adjoint=True)

    def _shifted(self, array: np.ndarray, space: Space, samples: np.ndarray, adjoint: bool) -> np.ndarray:
        samples = forward(samples, whole=True)
        for index, own in enumerate(self.axes_of(space)):
            z = own.z[halved(own.count)] if index == space.ndim - 1 else own.z
            phase = (z.conj() if adjoint else z)[:, None] ** samples[:, index]
            shape = (1,) * index + (len(z),) + (1,) * (space.ndim - 1 - index) + (-1, 1)
            array = array * phase.astype(array.dtype).reshape(shape)
        return array


def make_damped(name: str) -> Damped:
    """Return the domain of a name: ``damped``, ``damped:r=RADIUS`` or ``damped:wrap=STRENGTH``.

    Examples
    --------
    >>> from freqnet.domains import get_domain
    >>> get_domain("damped:r=0.9")
    <domain damped:r=0.9>
    """
    what, _, text = name.partition(":")[2].partition("=")
    try:
        value = float(text)
    except ValueError:
        what = ""
    if what not in ("r", "wrap"):
        todo = "damped:r=0.9, or damped:wrap=0.1"
        raise ConfigurationError(got_expected("domain", repr(name), "r=RADIUS or wrap=STRENGTH", todo))
    return Damped(name, radius=value) if what == "r" else Damped(name, wrap=value)


DAMPED = register_domain(Damped())
register_maker("damped", make_damped)
