"""The matrices of one axis of nodes, by which node domains do all operations along an axis."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import Any

import numpy as np

from freqnet.caches import cached, require_memory, size_of
from freqnet.spaces.matrices import mean_of_powers


class Tables(ABC):
    """The matrices of one axis of `samples` samples and `count` nodes z_j.

    V is the matrix of powers z_j^t, A its pseudoinverse. With fewer nodes than samples, the values at the nodes
    represent the nearest signal in the span of their exponentials.

    Attributes
    ----------
    z : numpy.ndarray
        Nodes, ``(nodes,)``.
    evaluate : numpy.ndarray
        V, ``(nodes, samples)``.
    invert : numpy.ndarray
        A, ``(samples, nodes)``.
    root, inverse_root : numpy.ndarray
        Matrix ``(coordinates, nodes)`` to coordinates that are orthonormal under the mean over the grid, and its
        inverse. The Gram matrix of the nodes is the adjoint of `root` times `root`.
    constant, mean : numpy.ndarray
        ``(nodes,)``: the values of the constant signal 1, and the mean as a linear functional of the values.
    powers, inverse : numpy.ndarray
        V and A in the precision in which the tables are computed.
    """

    samples: int
    count: int
    z: np.ndarray
    evaluate: np.ndarray
    invert: np.ndarray
    root: np.ndarray
    inverse_root: np.ndarray
    constant: np.ndarray
    mean: np.ndarray
    powers: np.ndarray
    inverse: np.ndarray

    @property
    @abstractmethod
    def condition_number(self) -> float:
        """Ratio of the largest to the smallest singular value of V."""

    @abstractmethod
    def with_count(self, count: int) -> Tables:
        """Return the tables for another number of nodes on the same samples."""

    @abstractmethod
    def kept(self, count: int) -> slice:
        """Return the index of the `count` nodes that are kept when the number of nodes falls."""

    @property
    def key(self) -> tuple:
        """A cached function and its arguments that make these tables: the key of what is computed from them.

        A key that held the tables themselves would keep them in memory.
        """
        return _itself, self

    @property
    def nbytes(self) -> int:
        """Bytes of the matrices."""
        return sum({id(v): size_of(v) for v in vars(self).values() if isinstance(v, np.ndarray)}.values())

    def exactly(self, make: Callable[[], np.ndarray]) -> np.ndarray:
        """Return ``make()``, a product of `powers` and `inverse`, rounded to double precision."""
        return make()

    def change(self, count: int) -> np.ndarray:
        """Return the matrix ``(count, nodes)`` that drops nodes, or that represents the same signal at more nodes."""
        if count > self.count:
            return _lift(self.key, self.with_count(count).key)
        return np.eye(self.count)[self.kept(count)]

    def change_of_gradients(self, count: int) -> np.ndarray:
        """Return the matrix ``(count, nodes)`` for gradients: the adjoint of the opposite change."""
        return self.with_count(count).change(self.count).conj().T

    def subsample(self, coarse: Tables, first: int, stride: int) -> np.ndarray:
        """Return the matrix ``(coarse nodes, nodes)`` that keeps every `stride`-th sample from `first` on."""
        return _subsample(self.key, coarse.key, first, stride)

    def product(self, other: Tables, count: int) -> np.ndarray:
        """Return the bilinear form ``(count, nodes, other nodes)`` of the pointwise product of two signals."""
        what = f"pointwise product of {self.count} and {other.count} nodes, kept at {count}"
        item, todo = self.evaluate.itemsize, "keep fewer nodes (argument band), or pass domain='fourier'"
        require_memory(what, count * self.count * other.count, item, todo)
        return _product(self.key, other.key, self.with_count(count).key)

    def average(self, window: int, method: str) -> np.ndarray:
        """Return (1 - z^w) / (w (1 - z)), ``(nodes,)``: the response of the mean over the last w samples."""
        return mean_of_powers(self.z, window)


def _itself(tables: Tables) -> Tables:
    return tables


def _made(key: tuple) -> Any:
    """Return the tables with a key."""
    make, *arguments = key
    return make(*arguments)


@cached
def _lift(one: tuple, target: tuple) -> np.ndarray:
    own, new = _made(one), _made(target)
    return own.exactly(lambda: new.powers.dot(own.inverse))


@cached
def _subsample(fine: tuple, coarse: tuple, first: int, stride: int) -> np.ndarray:
    own, new = _made(fine), _made(coarse)
    taken = slice(first, first + stride * new.samples, stride)
    return own.exactly(lambda: new.powers.dot(own.inverse[taken]))


@cached
def _product(one: tuple, other: tuple, target: tuple) -> np.ndarray:
    own, factor, new = _made(one), _made(other), _made(target)
    forms = lambda: np.einsum("ct,ti,tj->cij", new.powers, own.inverse, factor.inverse, optimize=True)
    return own.exactly(forms)
