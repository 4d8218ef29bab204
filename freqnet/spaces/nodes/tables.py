"""The matrices of one axis of nodes: everything that a node domain does along an axis, it does by one of these."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from functools import lru_cache

import numpy as np

from freqnet.spaces.matrices import mean_of_powers


class Tables(ABC):
    """The matrices of one axis of `samples` samples and `count` nodes z_j.

    V is the matrix of the powers z_j^t, A its pseudoinverse. With fewer nodes than samples the values at the nodes
    stand for the nearest signal in the span of their exponentials.

    Attributes
    ----------
    z : numpy.ndarray
        The nodes, ``(nodes,)``.
    evaluate : numpy.ndarray
        V, ``(nodes, samples)``.
    invert : numpy.ndarray
        A, ``(samples, nodes)``.
    root, inverse_root : numpy.ndarray
        ``(coordinates, nodes)`` onto coordinates that are orthonormal under the mean, and back. The Gram matrix of the
        nodes is the adjoint of `root` times `root`.
    constant, mean : numpy.ndarray
        ``(nodes,)``: the values of the constant 1; the mean as a functional of the values.
    powers, inverse : numpy.ndarray
        V and A in the precision in which tables are made.
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
        """The ratio of V's largest singular value to its smallest."""

    @abstractmethod
    def with_count(self, count: int) -> Tables:
        """The tables of another number of nodes of the same rule, on as many samples."""

    @abstractmethod
    def kept(self, count: int) -> slice:
        """The places, among these nodes, of those that are kept when there are fewer."""

    def exactly(self, make: Callable[[], np.ndarray]) -> np.ndarray:
        """Run a product of `powers` and `inverse`, and return it in double precision."""
        return make()

    def change(self, count: int) -> np.ndarray:
        """``(count, nodes)``: fewer of the nodes, or, for more nodes, the same signal."""
        if count > self.count:
            return _lift(self, self.with_count(count))
        return np.eye(self.count)[self.kept(count)]

    def change_of_gradients(self, count: int) -> np.ndarray:
        """``(count, nodes)``: the adjoint of the change back."""
        return self.with_count(count).change(self.count).conj().T

    def subsample(self, coarse: Tables, first: int, stride: int) -> np.ndarray:
        """``(coarse nodes, nodes)``: every `stride`-th sample from the first, at the nodes of another axis."""
        return _subsample(self, coarse, first, stride)

    def product(self, other: Tables, count: int) -> np.ndarray:
        """``(count, nodes, other nodes)``: the bilinear form of the pointwise product of two signals."""
        return _product(self, other, self.with_count(count))

    def average(self, window: int, method: str) -> np.ndarray:
        """``(nodes,)``: (1 - z^w) / (w (1 - z)), the response of a mean over the last w samples."""
        return mean_of_powers(self.z, window)


# Tables are values that are made once, so their identity is a key.
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
