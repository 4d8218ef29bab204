"""Inner-product spaces: the interface through which the engine and the gradient checker handle arrays.

A spectrum has Parseval's inner product, a plain array the Euclidean one (like ``VSpace`` in HIPS/autograd).
"""

from __future__ import annotations

from typing import Any, Protocol

import numpy as np


class InnerProductSpace(Protocol):
    """A real inner-product space of arrays."""

    def vdot(self, a: np.ndarray, b: np.ndarray) -> float:
        """Return the real inner product of two arrays of this space."""
        ...

    def random(self, like: np.ndarray, generator: np.random.Generator) -> np.ndarray:
        """Draw a standard normal element, of the shape and dtype of `like`."""
        ...

    def project(self, array: np.ndarray) -> np.ndarray:
        """Return the nearest element of the space; for a spectrum, its Hermitian part."""
        ...

    @property
    def cotangent(self) -> InnerProductSpace:
        """The space of gradients with respect to elements of this one."""
        ...


class Euclidean:
    """Plain real arrays: parameters, features, logits, losses."""

    def vdot(self, a: np.ndarray, b: np.ndarray) -> float:
        """Return the sum of ``a * b`` in double precision."""
        return float(np.sum(np.multiply(a, b, dtype=np.float64)))

    def random(self, like: np.ndarray, generator: np.random.Generator) -> np.ndarray:
        """Draw standard normal numbers of the shape and dtype of `like`."""
        return generator.standard_normal(like.shape).astype(like.dtype)

    def project(self, array: np.ndarray) -> np.ndarray:
        """Return the array itself."""
        return array

    def __repr__(self) -> str:
        return "Euclidean()"


EUCLIDEAN: Any = Euclidean()
