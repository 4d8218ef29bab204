"""Products over channels, one matrix product per mode, with channel groups."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from freqnet import kernels
from freqnet.kernels.reference import matrix_product

Product = Callable[[np.ndarray, np.ndarray], np.ndarray]
Form = Callable[[np.ndarray, np.ndarray, str], np.ndarray]


def mode_products(
    a: np.ndarray, b: np.ndarray, form: str, groups: int, whole: Form = kernels.channel_product
) -> np.ndarray:
    """Return the product ``a @ b`` over channels for every mode, or one of its adjoints.

    Parameters
    ----------
    a, b : numpy.ndarray
        For "forward", a signal ``(*modes, batch, inputs)`` and a response ``(*modes, inputs / groups, outputs)``; for
        "input", a cotangent ``(*modes, batch, outputs)`` and the response; for "response", signal and cotangent.
    form : {"forward", "input", "response"}
    groups : int
        Number of channel groups that do not mix.
    whole : callable
        ``whole(a, b, form)`` computes the product for a single group.
    """
    if groups == 1:
        return whole(a, b, form)
    if _is_depthwise(a, b, form, groups):
        if form == "response":
            return np.sum(a.conj() * b, axis=-2, keepdims=True)
        return a * (b.conj() if form == "input" else b)
    return _merge_groups(matrix_product(_by_group(a, groups), _by_group(b, groups), form))


def pair_products(a: np.ndarray, b: np.ndarray, form: str, groups: int) -> np.ndarray:
    """Return the products of `mode_products` for Hartley spectra."""
    if groups == 1:
        return kernels.channel_product(a, b, form)
    return group_by_group(a, b, groups, lambda x, y: kernels.channel_product(x, y, form))


def group_by_group(a: np.ndarray, b: np.ndarray, groups: int, product: Product) -> np.ndarray:
    """Return a product over channels, computed for one channel group after another."""
    parts = zip(np.split(a, groups, -1), np.split(b, groups, -1), strict=True)
    return np.concatenate([product(x, y) for x, y in parts], -1)


def _by_group(array: np.ndarray, groups: int) -> np.ndarray:
    split = array.reshape(*array.shape[:-1], groups, array.shape[-1] // groups)
    return np.swapaxes(split, -2, -3)


def _merge_groups(array: np.ndarray) -> np.ndarray:
    merged = np.swapaxes(array, -2, -3)
    return np.ascontiguousarray(merged).reshape(*merged.shape[:-2], -1)


def _is_depthwise(a: np.ndarray, b: np.ndarray, form: str, groups: int) -> bool:
    # For the adjoint in the input, `a` has the outputs: even one output per group may have several inputs.
    return a.shape[-1] == b.shape[-1] == groups and (form != "input" or b.shape[-2] == 1)
