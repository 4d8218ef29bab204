"""Matrices along the axes of an array."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np


def contract(matrix: np.ndarray, array: np.ndarray, axis: int) -> np.ndarray:
    """Apply a matrix to one axis of an array."""
    return np.moveaxis(np.tensordot(matrix, array, (1, axis)), 0, axis)


def along_axes(matrices: Sequence[np.ndarray], array: np.ndarray) -> np.ndarray:
    """Apply one matrix to each of the leading axes, in the array's precision."""
    for axis, matrix in enumerate(matrices):
        array = contract(matrix.astype(array.dtype, copy=False), array, axis)
    return np.ascontiguousarray(array)
