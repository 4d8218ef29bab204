"""The matrices of one axis of nodes, by which node domains do all operations along an axis."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from functools import lru_cache

import numpy as np

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

    def exactly(self, make: Callable[[], np.ndarray]) -> np.ndarray:
        """Return ``make()``, a product of `powers` and `inverse`, rounded to double precision."""
        return make()

    def change(self, count: int) -> np.ndarray:
        """Return the matrix ``(count, nodes)`` that drops nodes, or that represents the same signal at more nodes."""
        if count > self.count:
            return _lift(self, self.with_count(count))
        return np.eye(self.count)[self.kept(count)]

    def change_of_gradients(self, count: int) -> np.ndarray:
        """Return the matrix ``(count, nodes)`` for gradients: the adjoint of the opposite change."""
        return self.with_count(count).change(self.count).conj().T

    def subsample(self, coarse: Tables, first: int, stride: int) -> np.ndarray:
        """Return the matrix ``(coarse nodes, nodes)`` that keeps every `stride`-th sample from `first` on."""
        return _subsample(self, coarse, first, stride)

    def product(self, other: Tables, count: int) -> np.ndarray:
        """Return the bilinear form ``(count, nodes, other nodes)`` of the pointwise product of two signals."""
        return _product(self, other, self.with_count(count))

    def average(self, window: int, method: str) -> np.ndarray:
        """Return (1 - z^w) / (w (1 - z)), ``(nodes,)``: the response of the mean over the last w samples."""
        return mean_of_powers(self.z, window)


# Tables come from caches, so that their identity can serve as the key of a further cache.
@lru_cache(maxsize=512)
def _lift(one: Tables, target: Tables) -> np.ndarray:
    return one.exactly(lambda: target.powers.dot(one.inverse))


@lru_cache(maxsize=512)
def _subsample(fine: Tables, coarse: Tables, first: int, stride: int) -> np.ndarray:
    taken = slice(first, first + stride * coarse.samples, stride)
    return fine.exactly(lambda: coarse.powers.dot(fine.inverse[taken]))


@lru_cache(maxsize=512)
def _product(one: Tables, other: Tables, target: Tables) -> np.ndarray:
    forms = lambda: np.einsum("ct,ti,tj->cij", target.powers, one.inverse, other.inverse, optimize=True)
    return one.exactly(forms)
