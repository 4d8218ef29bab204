"""Products of matrices with the axes of an array, and means of powers."""

from __future__ import annotations

from collections.abc import Sequence
from math import prod

import numpy as np

# From this number of terms on, the closed form of a mean of powers takes less work than the sum and is as accurate.
_LONG = 4096


def contract(matrix: np.ndarray, array: np.ndarray, axis: int) -> np.ndarray:
    """Return the product of a matrix with one axis of an array."""
    before, after = array.shape[:axis], array.shape[axis + 1 :]
    # One matrix product per place on the axes before: nothing has to move in memory.
    rows = array.reshape(prod(before), array.shape[axis], prod(after))
    return np.matmul(matrix, rows).reshape(*before, len(matrix), *after)


def along_axes(matrices: Sequence[np.ndarray], array: np.ndarray) -> np.ndarray:
    """Return the product of one matrix with each leading axis, in the precision of the array."""
    for axis, matrix in enumerate(matrices):
        array = contract(matrix.astype(array.dtype, copy=False), array, axis)
    return np.ascontiguousarray(array)


def mean_of_powers(z: np.ndarray, count: int) -> np.ndarray:
    """Return ``(1 + z + ... + z^(count - 1)) / count = (1 - z^count) / (count (1 - z))`` for every node.

    >>> import numpy as np
    >>> from freqnet.spaces.matrices import mean_of_powers
    >>> mean_of_powers(np.array([1.0, 0.5]), 3).round(4)
    array([1.    , 0.5833])
    """
    if count < _LONG:
        return np.mean([z**t for t in range(count)], axis=0)
    left = 1 - z
    return np.divide(1 - z**count, count * left, out=np.ones_like(left), where=left != 0)


def along(values: np.ndarray, axis: int, ndim: int) -> np.ndarray:
    """Return values reshaped to broadcast along one axis."""
    return values.reshape((1,) * axis + (-1,) + (1,) * (ndim - axis - 1))
