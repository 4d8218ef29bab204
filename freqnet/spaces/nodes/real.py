"""Tables of real nodes, computed in high precision and rounded."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cached_property, lru_cache
from threading import RLock
from typing import Any

import mpmath
import numpy as np

from freqnet.caches import cached, require_memory
from freqnet.errors import ConfigurationError, got_expected
from freqnet.spaces.nodes.rules import Nodes
from freqnet.spaces.nodes.tables import Tables

# A real node costs a digit or less, or two for many equispaced rates, so that at least 50 digits are left.
_DIGITS, _DIGITS_PER_NODE = 50, 6
# A context of its own, because its precision is shared by all users; the lock admits one thread at a time.
_MP, _ALONE = mpmath.MPContext(), RLock()
# Bytes of a number in such digits.
_BYTES = 256
# With more nodes no precision can hold a signal.
_MOST = 256


@contextmanager
def in_digits(digits: int) -> Iterator[None]:
    """Compute with this number of digits inside the block, one thread at a time; mpmath's own precision stays."""
    with _ALONE, _MP.workdps(digits):
        yield


def take(nodes: Nodes, samples: int) -> list[Any]:
    """Return the nodes for a number of samples, with the smallest rates first; call it inside `in_digits`.

    Raises
    ------
    ConfigurationError
        The nodes have not been trained yet.

    Examples
    --------
    >>> from freqnet.spaces.nodes.real import take
    >>> from freqnet.spaces.nodes.rules import Nodes
    >>> [round(float(z), 3) for z in take(Nodes("chebyshev"), 4)]
    [0.924, 0.383, -0.383, -0.924]
    >>> [round(float(z), 3) for z in take(Nodes("rates", 0.5), 3)]
    [0.607, 0.368, 0.223]
    """
    if nodes.family == "nodes":
        # In the order of decreasing z: negative nodes, whose powers alternate in sign, come last.
        return sorted(map(_MP.mpf, nodes.values), reverse=True)[:samples]
    if nodes.family == "trained":
        todo = "find them with freqnet.spaces.train_nodes, as freqnet train does"
        raise ConfigurationError(got_expected("nodes", "trained ones", "nodes that were trained", todo))
    if nodes.family == "rates":
        return [_MP.exp(-_MP.mpf(nodes.step) * k) for k in range(1, samples + 1)]
    # cospi makes the middle node of an odd number exactly 0; a value close to 0 would have a finite rate.
    roots = [_MP.cospi(_MP.mpf(2 * k + 1) / (2 * samples)) for k in range(samples)]
    return roots if nodes.family == "chebyshev" else [(1 + z) / 2 for z in roots]


@cached
def real_tables(nodes: Nodes, samples: int, count: int) -> RealTables:
    """Return the tables of an axis, from a cache."""
    return RealTables(nodes, samples, count)


class RealTables(Tables):
    """The matrices of one axis of real nodes z_j = e^-p_j, with the smallest rates p_j first.

    `root` and `inverse_root` are triangular.
    """

    def __init__(self, nodes: Nodes, samples: int, count: int) -> None:
        self.nodes, self.samples, self.count = nodes, samples, count
        todo = "take fewer samples per axis (argument pool) or nodes (modes), or pass domain='fourier'"
        require_memory(f"matrix of {count} real nodes and {samples} samples", samples * count, _BYTES, todo)
        with in_digits(_DIGITS + _DIGITS_PER_NODE * count):
            z = take(nodes, samples)[:count]
            self.powers = np.array([[node**t for t in range(samples)] for node in z], dtype=object)
            basis, triangle = _orthonormal(self.powers)
            inverse = _inverse_of_lower(triangle)
            # V = triangle @ basis, so that its pseudoinverse is the transposed basis times the inverse of the triangle.
            self.inverse = basis.T.dot(inverse)
            length = _MP.sqrt(samples)
            self.root, self.inverse_root = rounded(inverse / length), rounded(triangle * length)
            self.constant = rounded(self.powers.sum(axis=1))
            self.mean = rounded(self.inverse.sum(axis=0) / samples)
        self.z = rounded(np.array(z, dtype=object))
        self.evaluate, self.invert = rounded(self.powers), rounded(self.inverse)

    @property
    def key(self) -> tuple:
        return real_tables, self.nodes, self.samples, self.count

    @cached_property
    def condition_number(self) -> float:  # type: ignore[override]
        if self.count == self.samples:
            return condition_of_all(self.nodes, self.samples)
        return float(np.linalg.norm(self.evaluate, 2) * np.linalg.norm(self.invert, 2))

    def with_count(self, count: int) -> RealTables:
        return real_tables(self.nodes, self.samples, count)

    def kept(self, count: int) -> slice:
        return slice(0, count)

    def exactly(self, make: Callable[[], np.ndarray]) -> np.ndarray:
        with in_digits(_DIGITS + _DIGITS_PER_NODE * self.count):
            return rounded(make())

    def average(self, window: int, method: str) -> np.ndarray:
        return self.continuous_average(window) if method == "sinc" else super().average(window, method)

    def continuous_average(self, window: int) -> np.ndarray:
        """Return e^(p/2) (1 - e^(-p w)) / (p w), ``(nodes,)``: the response of the mean of the continuous signal.

        The window extends from half a sample before its first sample to half a sample after its last.

        Raises
        ------
        ConfigurationError
            A node is 0 or negative.
        """
        if self.z.min() <= 0:
            todo = "use method='dirichlet', or Nodes('chebyshev-positive')"
            raise ConfigurationError(got_expected("average", "'sinc' at negative nodes", "positive nodes", todo))
        p = -np.log(self.z)
        # At p = 0 the mean is 1.
        return np.exp(p / 2) * np.divide(-np.expm1(-p * window), p * window, out=np.ones_like(p), where=p != 0)


@lru_cache(maxsize=256)
def condition_of_all(nodes: Nodes, samples: int) -> float:
    """Return the condition number for as many nodes as samples, by Lagrange polynomials, without the tables of an axis.

    It is infinite for more than 256 samples: there the condition number of any real nodes in [-1, 1] is above 10^95
    (the documentation has the proof).

    Raises
    ------
    ConfigurationError
        Some nodes are too close to each other.
    """
    if samples > _MOST:
        return math.inf
    with in_digits(_DIGITS + _DIGITS_PER_NODE * samples):
        z = np.array(take(nodes, samples), dtype=object)
        exact = np.vander(z, increasing=True)
        powers, inverse = rounded(exact), rounded(_lagrange(z, exact))
    if not (np.isfinite(powers).all() and np.isfinite(inverse).all()):
        raise _too_close()
    return float(np.linalg.norm(powers, 2) * np.linalg.norm(inverse, 2))


def _too_close() -> ConfigurationError:
    got, todo = "some so close that 50 digits do not tell them apart", "take fewer nodes (modes), or Nodes('chebyshev')"
    return ConfigurationError(got_expected("nodes", got, "nodes apart from each other", todo))


def rounded(array: np.ndarray) -> np.ndarray:
    """Return an array rounded to double precision and read-only, because tables are shared."""
    out = np.array(array, dtype=float)
    out.setflags(write=False)
    return out


def _orthonormal(rows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return orthonormal rows and the lower triangle with rows = triangle @ orthonormal (modified Gram-Schmidt)."""
    count = len(rows)
    basis, triangle = rows.copy(), np.full((count, count), _MP.mpf(0), dtype=object)
    for i in range(count):
        for j in range(i):
            triangle[i, j] = basis[i].dot(basis[j])
            # A number of mpmath before an array first fails to convert it, and prints it for the message.
            basis[i] = basis[i] - basis[j] * triangle[i, j]
        triangle[i, i] = _MP.sqrt(basis[i].dot(basis[i]))
        if not triangle[i, i]:
            raise _too_close()
        basis[i] = basis[i] / triangle[i, i]
    return basis, triangle


def _inverse_of_lower(triangle: np.ndarray) -> np.ndarray:
    """Return the inverse of a lower triangle, by forward substitution."""
    count = len(triangle)
    out = np.full((count, count), _MP.mpf(0), dtype=object)
    for i in range(count):
        out[i, i] = _MP.mpf(1)
        out[i] = (out[i] - triangle[i, :i].dot(out[:i])) / triangle[i, i] if i else out[i] / triangle[i, i]
    return out


def _lagrange(z: np.ndarray, powers: np.ndarray) -> np.ndarray:
    """Return the coefficients, ``(nodes, samples)`` from the constant up, of the Lagrange polynomials of the nodes.

    `powers` is the Vandermonde matrix of the nodes, from the power 0 up.
    """
    one, zero = z[:1] * 0 + 1, z[:1] * 0
    whole = one
    for node in z:
        whole = np.concatenate([zero, whole]) - np.concatenate([whole * node, zero])
    # Divide by (z - node) for all nodes at once, from the highest coefficient down, then by the value at the node.
    rows = [z * 0 + 1]
    for coefficient in whole[-2:0:-1]:
        rows.append(rows[-1] * z + coefficient)
    polynomials = np.array(rows[::-1], dtype=object).T
    return polynomials * (1 / (polynomials * powers).sum(axis=1))[:, None]
