"""The real Laplace domain: a causal signal is held as its values at real nodes.

X_j = sum_t x[t] z_j^t, z_j = e^-p_j: the z-transform, which is what a Laplace transform of samples is. Convolution is
the product at each node and linear; where it outgrows the nodes, the result is the remainder modulo prod_j (z - z_j).
Nothing comes before the first sample that is held, so a kernel that looks ahead moves sample 0 to a later place
(`Space.origin`). Everything that is not diagonal goes through matrices as ill-conditioned as their nodes
(`freqnet.domains.nodes`): of the condition number K, means and coordinates lose K units of rounding, pointwise products
through the nodes' bilinear form K^2.

Gradients are stored in the dual way, so that pairing a gradient and a signal is the sum of products of what is stored:
as the signal f, the gradient's density over the grid, by A^T f / N (A as in `nodes`).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import reduce
from typing import TYPE_CHECKING, Any

import numpy as np

from freqnet.domains import parametrisations as par
from freqnet.domains.base import Domain
from freqnet.domains.bilinear import bilinear, bilinear_cost, factored_cost
from freqnet.domains.causal import Causal, forward, held_places, held_samples, laid_out
from freqnet.domains.channels import node_products
from freqnet.domains.condition import check_products
from freqnet.domains.door import pass_door
from freqnet.domains.matrices import along_axes
from freqnet.domains.nodes import Nodes, read_nodes
from freqnet.domains.registry import get_domain, register_domain, register_maker
from freqnet.domains.space import Axes, Space, volume
from freqnet.domains.spectral import along
from freqnet.domains.trained import train_nodes

if TYPE_CHECKING:
    from freqnet.domains.axis import Axis


class Laplace(Causal):
    """Values at real nodes, those of the smallest rates first: ``(*nodes, batch, channels)``, real.

    A band of m keeps m + 1 nodes an axis; on n samples there are n.

    Parameters
    ----------
    name : str
        What the domain is called in saved networks.
    nodes : Nodes
        Which nodes.
    is_factored : bool
        Take pointwise products on samples and go back: fewer operations and better conditioned, but a switch of
        domains, and counted as one. By default they go through the nodes' bilinear form.
    """

    is_complex = False
    unit = "nodes"

    def __init__(self, name: str = "laplace", nodes: Nodes | None = None, is_factored: bool = False) -> None:
        self.name, self.nodes, self.switches = name, nodes or Nodes(), is_factored

    def axes(self, grid: Axes, band: Axes) -> list[Axis]:
        """The matrices of each axis."""
        # They are made by mpmath, which is not loaded before.
        from freqnet.domains.axis import axis

        return [axis(self.nodes, n, m + 1) for n, m in zip(grid, band, strict=True)]

    def axes_of(self, space: Space) -> list[Axis]:
        """The matrices of each axis of a space."""
        return self.axes(space.grid, space.band)

    def largest_band(self, grid: Axes) -> Axes:
        return tuple(self.nodes.most(n) - 1 for n in grid)

    def band_of(self, modes: int) -> int:
        return modes - 1

    def modes(self, space: Space) -> Axes:
        return tuple(m + 1 for m in space.band)

    def fitted(self, samples: Callable[[], np.ndarray], modes: int) -> Domain:
        if self.nodes.family != "trained":
            return self
        factored = ":factored" if self.switches else ""
        return get_domain(f"laplace:{train_nodes(samples(), modes).text}{factored}")

    def beyond(self, space: Space) -> str:
        return "modulo the nodes' polynomial"

    def shape(self, space: Space) -> Axes:
        return self.modes(space)

    def weights(self, space: Space) -> float:
        return 1.0

    # -- the door ----------------------------------------------------------------------------------
    def through(self, matrices: Sequence[np.ndarray], array: np.ndarray) -> np.ndarray:
        return along_axes(matrices, array)

    def sample_modes(self, samples: np.ndarray, space: Space) -> np.ndarray:
        pass_door("analysis")
        places = held_places(samples.shape[1:-1], space)
        tables = [a.invert.T if space.dual else a.evaluate for a in self.axes_of(space)]
        rows = [table[:, p] for table, p in zip(tables, places, strict=True)]
        return along_axes(rows, held_samples(samples, space))

    def synthesis(self, array: np.ndarray, space: Space, grid: Axes) -> np.ndarray:
        pass_door("synthesis")
        places = held_places(grid, space)
        tables = [a.evaluate.T if space.dual else a.invert for a in self.axes_of(space)]
        held = along_axes([table[p] for table, p in zip(tables, places, strict=True)], array)
        return laid_out(held, grid, space.dual)

    # -- convolution -------------------------------------------------------------------------------
    def respond(self, theta: np.ndarray, kernel: str, size: Axes, space: Space) -> np.ndarray:
        if kernel == "modes":
            return theta.reshape(*self.shape(space), *theta.shape[1:]).copy()
        matrix = self._responses(kernel, size, space)
        flat = matrix.astype(theta.dtype) @ theta.reshape(len(theta), -1)
        return flat.reshape(*self.shape(space), *theta.shape[1:])

    def respond_adjoint(self, response: np.ndarray, kernel: str, size: Axes, space: Space) -> np.ndarray:
        flat = response.reshape(-1, int(np.prod(response.shape[space.ndim :])))
        if kernel != "modes":
            matrix = self._responses(kernel, size, space)
            flat = matrix.T.astype(response.dtype) @ flat
        return flat.reshape(-1, *response.shape[space.ndim :])

    def _responses(self, kernel: str, size: Axes, space: Space) -> np.ndarray:
        """``(nodes, parameters)``: onto the response of the taps, the first of which is at place 0."""
        axes = self.axes_of(space)
        powers = [a.z[:, None] ** np.arange(k) for a, k in zip(axes, size, strict=True)]
        return par.kronecker(powers) @ par.kernel_taps(kernel, size)

    def channel_product(self, a: np.ndarray, b: np.ndarray, form: str, groups: int, size: Axes) -> np.ndarray:
        return node_products(a, b, form, groups)

    # -- pointwise products ------------------------------------------------------------------------
    def _forms(self, bands: tuple[Axes, Axes, Axes], grid: Axes) -> list[np.ndarray]:
        first, second = self.axes(grid, bands[0]), self.axes(grid, bands[1])
        return [a.product(b, m + 1) for a, b, m in zip(first, second, bands[2], strict=True)]

    def multiply(self, a: np.ndarray, b: np.ndarray, bands: tuple[Axes, Axes, Axes], grid: Axes) -> np.ndarray:
        if not self.switches:
            check_products(self, bands, grid, a.dtype.name)
            return bilinear(self._forms(bands, grid), a, b)
        return self._on_samples(a, b, bands, grid, dual=False)

    def product_error(self, bands: tuple[Axes, Axes, Axes], grid: Axes, precision: str) -> float:
        """The error of random products by the bilinear form, relative to what is stored of them."""
        generator = np.random.default_rng(0)
        spaces = [self.space(grid, band) for band in bands]
        a, b = (self.random(s, np.empty((*s.shape, 1, 8)), generator) for s in spaces[:2])
        found = bilinear(self._forms(bands, grid), a.astype(precision), b.astype(precision)).astype(float)
        # Beside the network, and not through the door: this is no part of what it computes.
        first, second = (
            along_axes([t.invert for t in self.axes_of(s)], v) for v, s in zip((a, b), spaces, strict=False)
        )
        exact = along_axes([t.evaluate for t in self.axes_of(spaces[2])], first * second)
        return float(np.linalg.norm(found - exact) / np.linalg.norm(exact))

    def multiply_adjoint(self, g: np.ndarray, b: np.ndarray, bands: tuple[Axes, Axes, Axes], grid: Axes) -> np.ndarray:
        if not self.switches:
            forms = self._forms((bands[2], bands[1], bands[0]), grid)
            return bilinear([form.transpose(1, 0, 2) for form in forms], g, b)
        return self._on_samples(g, b, bands, grid, dual=True)

    def _on_samples(self, a: np.ndarray, b: np.ndarray, bands: tuple[Axes, ...], grid: Axes, dual: bool) -> np.ndarray:
        """There, times, and back: three transforms, or two where both are one."""
        spaces = [replace(self.space(grid, band), dual=dual and i != 1) for i, band in enumerate(bands)]
        first = self.synthesis(a, spaces[0], grid)
        # The same numbers are another signal where they are a gradient.
        second = first if a is b and not dual else self.synthesis(b, spaces[1], grid)
        return self.sample_modes(first * second, spaces[2])

    def product_cost(self, bands: tuple[Axes, Axes, Axes], grid: Axes, is_square: bool) -> int:
        if not self.switches:
            return bilinear_cost(bands)
        return factored_cost(bands, grid, is_square)

    # -- bands and grids ---------------------------------------------------------------------------
    def change_band(self, array: np.ndarray, space: Space, band: Axes) -> np.ndarray:
        """Keep the smallest rates: the nearest signal in their span. Adding some keeps the signal.

        Of gradients the other way round: nodes that were not there have none.
        """
        if band == space.band:
            return array
        rows = zip(self.axes_of(space), band, strict=True)
        return along_axes([a.change_of_gradients(m + 1) if space.dual else a.change(m + 1) for a, m in rows], array)

    def average(self, array: np.ndarray, space: Space, window: Axes, method: str, adjoint: bool) -> np.ndarray:
        for index, (own, w) in enumerate(zip(self.axes_of(space), window, strict=True)):
            factors = own.continuous_average(w) if method == "sinc" else own.average(w)
            array = array * along(factors.astype(array.dtype), index, array.ndim)
        return array

    def shift(self, array: np.ndarray, space: Space, samples: np.ndarray) -> np.ndarray:
        """Multiply by z^s, of s samples, at least 0; of fractions where every node is positive."""
        axes = self.axes_of(space)
        samples = forward(samples, whole=min(a.z.min() for a in axes) <= 0)
        for index, own in enumerate(axes):
            phase = own.z[:, None] ** samples[:, index]
            shape = (1,) * index + (own.count,) + (1,) * (space.ndim - 1 - index) + (-1, 1)
            array = array * phase.astype(array.dtype).reshape(shape)
        return array

    # -- statistics and coordinates ----------------------------------------------------------------
    def _outer(self, vectors: list[np.ndarray], precision: np.dtype) -> np.ndarray:
        return reduce(np.multiply.outer, vectors).astype(precision)[..., None, None]

    def indicator(self, size: Axes, space: Space, precision: Any) -> tuple[np.ndarray, Space]:
        places = zip(self.axes_of(space), held_places(size, space), strict=True)
        return self._outer([a.evaluate[:, place].sum(axis=1) for a, place in places], precision), space.unbounded

    def constant(self, value: np.ndarray, space: Space) -> np.ndarray:
        ones = [a.mean if space.dual else a.constant for a in self.axes_of(space)]
        return self._outer(ones, value.dtype) * value

    def mean(self, array: np.ndarray, space: Space) -> np.ndarray:
        functional = [a.constant if space.dual else a.mean for a in self.axes_of(space)]
        return np.tensordot(self._outer(functional, array.dtype)[..., 0, 0], array, space.ndim)

    def lower(self, array: np.ndarray, space: Space) -> np.ndarray:
        axes = self.axes_of(space)
        return along_axes([a.lower.T for a in axes], along_axes([a.lower for a in axes], array))

    def coordinates(self, array: np.ndarray, space: Space) -> np.ndarray:
        values = along_axes([a.raise_.T if space.dual else a.lower for a in self.axes_of(space)], array)
        return values.reshape(self.coordinate_count(space), *array.shape[space.ndim :])

    def from_coordinates(self, values: np.ndarray, space: Space) -> np.ndarray:
        array = values.reshape(*self.shape(space), *values.shape[1:])
        return along_axes([a.lower.T if space.dual else a.raise_ for a in self.axes_of(space)], array)

    def coordinate_count(self, space: Space) -> int:
        return volume(self.shape(space))

    def condition_numbers(self, space: Space) -> tuple[float, ...]:
        from freqnet.domains.axis import axis, condition_of_all

        counts = zip(space.grid, self.modes(space), strict=True)
        return tuple(
            condition_of_all(self.nodes, n) if n == k else axis(self.nodes, n, k).condition_number for n, k in counts
        )


def make_laplace(name: str) -> Laplace:
    """Return the domain of a name: ``laplace``, then, after colons, its nodes, and ``factored``.

    Examples
    --------
    >>> from freqnet.domains import get_domain
    >>> get_domain("laplace:rates=0.5:factored")
    <domain laplace:rates=0.5:factored>
    """
    words = name.split(":")[1:]
    is_factored = words[-1:] == ["factored"]
    return Laplace(name, read_nodes(":".join(words[: len(words) - is_factored]) or "chebyshev"), is_factored)


LAPLACE = register_domain(Laplace())
register_maker("laplace", make_laplace)
