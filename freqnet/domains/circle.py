"""The matrices of one axis of a damped circle: nodes z_k = r e^(-2 pi i k / n) of n samples, those of |k| <= m or all.

V is the matrix of the powers z_k^t, A its pseudoinverse. The order of the nodes is that of `freqnet.domains.halves`.
"""

from __future__ import annotations

from functools import cached_property, lru_cache

import numpy as np

from freqnet.domains.halves import middle, numbers
from freqnet.domains.matrices import mean_of_powers


@lru_cache(maxsize=256)
def circle(radius: float, samples: int, count: int) -> Circle:
    """The matrices of an axis, made once."""
    return Circle(radius, samples, count)


class Circle:
    """The matrices of one axis of `samples` samples and `count` nodes.

    Attributes
    ----------
    z : numpy.ndarray
        The nodes, ``(nodes,)``.
    evaluate : numpy.ndarray
        V, ``(nodes, samples)``: the powers z_k^t.
    invert : numpy.ndarray
        A, ``(samples, nodes)``: its pseudoinverse.
    lower, raise_ : numpy.ndarray
        ``(nodes, nodes)``, Hermitian: the root of the Gram matrix, and its inverse. Of all nodes the first turns the
        spectrum of the damped signal into that of the signal itself, and is circulant.
    constant, mean : numpy.ndarray
        ``(nodes,)``: the values of the constant 1; the mean as a functional of the values.
    condition_number : float
        The ratio of V's largest singular value to its smallest: r^-(n - 1), of all nodes.
    """

    def __init__(self, radius: float, samples: int, count: int) -> None:
        self.radius, self.samples, self.count = radius, samples, count
        # Whole numbers modulo n before the angle: exact however large k t is.
        turns = np.outer(numbers(count), np.arange(samples)) % samples
        waves = np.exp(-2j * np.pi * turns / samples)
        self._damping = radius ** np.arange(samples, dtype=float)
        self.z = radius * np.exp(-2j * np.pi * numbers(count) / samples)
        self.evaluate = waves * self._damping
        if count == samples:
            # V is a unitary matrix times a diagonal one: its singular values are those of the damping.
            left, sizes, right = waves / np.sqrt(samples), np.sqrt(samples) * self._damping, np.eye(samples)
        else:
            left, sizes, right = np.linalg.svd(self.evaluate, full_matrices=False)
        self.invert = (right.conj().T / sizes) @ left.conj().T
        self.lower = (left / sizes) @ left.conj().T / np.sqrt(samples)
        self.raise_ = (left * sizes) @ left.conj().T * np.sqrt(samples)
        self.constant = self.evaluate.sum(axis=1)
        self.mean = self.invert.sum(axis=0) / samples
        self.condition_number = float(sizes.max() / sizes.min())
        # They are shared by all who use the axis.
        for table in (self.z, self.evaluate, self.invert, self.lower, self.raise_, self.constant, self.mean):
            table.setflags(write=False)

    @cached_property
    def whole(self) -> Circle:
        """The same axis with every node."""
        return circle(self.radius, self.samples, self.samples)

    def change(self, count: int) -> np.ndarray:
        """``(count, nodes)``: the middle nodes alone, or, of more nodes, the same signal."""
        if count > self.count:
            return circle(self.radius, self.samples, count).evaluate @ self.invert
        return np.eye(self.count, dtype=complex)[middle(self.count, count)]

    def change_of_gradients(self, count: int) -> np.ndarray:
        """``(count, nodes)``: the adjoint of the change back."""
        return circle(self.radius, self.samples, count).change(self.count).conj().T

    def keep(self, coarse: Circle, first: int, stride: int) -> np.ndarray:
        """``(coarse nodes, nodes)``: every `stride`-th sample from the first, at the nodes of another axis."""
        return coarse.evaluate @ self.invert[first : first + stride * coarse.samples : stride]

    @cached_property
    def undamped(self) -> np.ndarray:
        """``(samples, nodes)``: onto the Fourier-series coefficients of the signal itself."""
        return self._coefficients(np.ones(self.samples)) / self.samples

    @cached_property
    def half_damped(self) -> np.ndarray:
        """``(samples, nodes)``: onto a spectrum whose circular convolution with itself is that of the square."""
        return self._coefficients(np.sqrt(self._damping)) / np.sqrt(self.samples)

    def _coefficients(self, damping: np.ndarray) -> np.ndarray:
        waves = self.whole.evaluate / self._damping
        return (waves * damping) @ self.invert

    def product(self, other: Circle, count: int) -> np.ndarray:
        """``(count, nodes, other nodes)``: the bilinear form of the pointwise product of two signals."""
        return _product(self, other, circle(self.radius, self.samples, count))

    def average(self, window: int) -> np.ndarray:
        """``(nodes,)``: (1 - z^w) / (w (1 - z)), the response of a mean over the last w samples."""
        return mean_of_powers(self.z, window)


@lru_cache(maxsize=256)
def _product(one: Circle, other: Circle, target: Circle) -> np.ndarray:
    return np.einsum("ct,ti,tj->cij", target.evaluate, one.invert, other.invert, optimize=True)
