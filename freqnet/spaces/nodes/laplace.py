"""The real Laplace domain: a causal signal is stored as its values at real nodes z = e^-p.

X_j = sum_t x[t] z_j^t is the z-transform, the Laplace transform of samples. `freqnet.spaces.nodes.rules` has the rules
for nodes.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np

from freqnet.errors import ConditionWarning, got_expected
from freqnet.spaces.base import Axes
from freqnet.spaces.condition import WARNED
from freqnet.spaces.matrices import along_axes
from freqnet.spaces.nodes.base import NodeSpace
from freqnet.spaces.nodes.bilinear import factored_cost
from freqnet.spaces.nodes.rules import Nodes, read_nodes
from freqnet.spaces.nodes.trained import train_nodes
from freqnet.spaces.registry import register_domain

if TYPE_CHECKING:
    from freqnet.spaces.nodes.real import RealTables


@dataclass(frozen=True)
class Laplace(NodeSpace):
    """Space of causal signals stored as values at real nodes: ``(*nodes, batch, channels)``, real.

    Nodes with the smallest rates p come first. A band of m has m + 1 nodes along an axis, at most one per sample.

    Parameters
    ----------
    nodes : Nodes
        The rule for nodes.
    is_factored : bool
        Whether pointwise products are computed on samples. This takes fewer operations and is better conditioned than
        the bilinear form of the nodes, but it switches domains and its transforms are counted.

    Examples
    --------
    >>> from freqnet.spaces import Laplace, Nodes
    >>> print(Laplace.on(8, nodes=Nodes("rates", 0.5)))
    laplace:rates=0.5 signal, grid 8, band 7
    """

    nodes: Nodes = field(default=Nodes())
    is_factored: bool = False

    name = "laplace"
    has_kernels = True

    @property
    def domain(self) -> str:
        nodes = "" if self.nodes == Nodes() else f":{self.nodes.text}"
        return f"{self.name}{nodes}{':factored' if self.is_factored else ''}"

    def make_tables(self, samples: int, count: int) -> RealTables:
        # Import here, because the tables need mpmath.
        from freqnet.spaces.nodes.real import real_tables

        return real_tables(self.nodes, samples, count)

    @property
    def largest_band(self) -> Axes:
        return tuple(self.nodes.most(n) - 1 for n in self.grid)

    @property
    def condition_numbers(self) -> tuple[float, ...]:
        from freqnet.spaces.nodes.real import condition_of_all

        # With as many nodes as samples, no tables are needed.
        rows = zip(self.grid, self.modes, strict=True)
        return tuple(
            condition_of_all(self.nodes, n) if n == k else self.make_tables(n, k).condition_number for n, k in rows
        )

    @property
    def switches(self) -> bool:
        return self.is_factored

    @property
    def remainder(self) -> str:
        return "modulo the nodes' polynomial"

    @property
    def whole_shifts(self) -> bool:
        return min(t.z.min() for t in self.tables) <= 0

    def fitted(self, samples: Callable[[], np.ndarray], modes: int) -> str:
        if self.nodes.family != "trained":
            return self.domain
        return f"{self.name}:{train_nodes(samples(), modes).text}{':factored' if self.is_factored else ''}"

    @property
    def product_forms(self) -> dict[str, Laplace]:
        # Trained nodes belong to one number of samples.
        ways = {} if self.nodes.family == "trained" else {"bilinear form": False, "factored": True}
        return {way: replace(self, is_factored=is_factored) for way, is_factored in ways.items()}

    # -- pointwise products ------------------------------------------------------------------------
    def multiply(self, a: np.ndarray, b: np.ndarray, other: Axes, band: Axes) -> np.ndarray:
        if self.is_factored:
            # Synthesise, multiply, analyse: three transforms, or two for a square.
            whole = replace(self, origin=None, support=None)
            first = whole.synthesis(a, self.grid)
            # A gradient and a signal with equal numbers have different samples.
            second = (
                first if a is b and not self.dual else replace(whole, band=other, dual=False).synthesis(b, self.grid)
            )
            return whole.with_band(band).sample_modes(first * second)
        if not self.dual:
            check_products(self.unbounded, other, band, a.dtype.name)
        return super().multiply(a, b, other, band)

    def product_cost(self, other: Axes, band: Axes, is_square: bool) -> int:
        if not self.is_factored:
            return super().product_cost(other, band, is_square)
        factor, product = self.with_band(other), self.with_band(band)
        return factored_cost(self.modes, factor.modes, product.modes, self.grid, is_square)

    def product_error(self, other: Axes, band: Axes, precision: str) -> float:
        """Return the relative error of random products by the bilinear form."""
        generator = np.random.default_rng(0)
        spaces = [self, self.with_band(other), self.with_band(band)]
        a, b = (s.random(np.empty((*s.shape, 1, 8)), generator) for s in spaces[:2])
        found = NodeSpace.multiply(self, a.astype(precision), b.astype(precision), other, band).astype(float)
        # Use matrices, because this measurement must not count as transforms of the network.
        first, second = (along_axes([t.invert for t in s.tables], v) for v, s in zip((a, b), spaces, strict=False))
        exact = along_axes([t.evaluate for t in spaces[2].tables], first * second)
        return float(np.linalg.norm(found - exact) / np.linalg.norm(exact))


@lru_cache(maxsize=256)
def check_products(space: Laplace, other: Axes, band: Axes, precision: str) -> None:
    """Warn, once per space, if products by the bilinear form lose too much precision.

    The loss is at most the square of the condition number and mostly less, so it is measured: products of a few random
    signals are compared with products on samples in double precision. A large loss is not an error, because later
    layers may drop most of it.

    Warns
    -----
    ConditionWarning
        The relative error of the products is above 1e-3.
    """
    loss = space.product_error(other, band, precision)
    if not loss > WARNED:
        return
    what = f"{precision} products by the bilinear form of {space.domain}"
    got = f"a relative error of {loss:.1g} on {space.grid} samples"
    todo = f"take fewer samples (pool) or nodes (modes), or multiply samples (domain='{space.domain}:factored')"
    todo = f"less than one digit is correct: {todo}" if loss > 0.1 else todo
    warnings.warn(got_expected(what, got, f"at most {WARNED:g}", todo), ConditionWarning, 5)


def read_laplace(text: str) -> dict[str, Any]:
    """Return the options in the name of a Laplace domain, ``laplace:NODES:factored``; both parts may be missing.

    Parameters
    ----------
    text : str
        The text after ``laplace:``.

    Raises
    ------
    ConfigurationError
        The nodes are not valid.

    Examples
    --------
    >>> from freqnet.spaces import get_domain
    >>> get_domain("laplace:rates=0.5:factored")(8).domain
    'laplace:rates=0.5:factored'
    """
    words = text.split(":")
    is_factored = words[-1:] == ["factored"]
    nodes = read_nodes(":".join(words[: len(words) - is_factored]) or "chebyshev")
    return {"nodes": nodes, "is_factored": is_factored}


register_domain("laplace", Laplace.on, read_laplace)
