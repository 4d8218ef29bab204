"""Products over channels, one matrix product a mode, in groups that do not mix."""

from __future__ import annotations

import numpy as np

from freqnet import kernels
from freqnet.kernels.reference import channel_product as matrix_products


def mode_products(a: np.ndarray, b: np.ndarray, form: str, groups: int) -> np.ndarray:
    """Return ``a @ b`` for every mode, or one of its adjoints.

    ``"forward"`` takes a signal ``(*modes, batch, inputs)`` and a response ``(*modes, inputs / groups,
    outputs)``, ``"input"`` a cotangent ``(*modes, batch, outputs)`` and the response, ``"response"`` the
    signal and the cotangent.
    """
    if groups == 1:
        return kernels.channel_product(a, b, form) if np.iscomplexobj(a) else matrix_products(a, b, form)
    if _is_depthwise(a, b, form, groups):
        if form == "response":
            return np.sum(a.conj() * b, axis=-2, keepdims=True)
        return a * (b.conj() if form == "input" else b)
    return _merge_groups(matrix_products(_by_group(a, groups), _by_group(b, groups), form))


def pair_products(a: np.ndarray, b: np.ndarray, form: str, groups: int) -> np.ndarray:
    """Return the same three products of Hartley spectra, whose modes k and -k go together.

    With R[k] a response and p = (X[k] + X[-k]) / 2, q = (X[k] - X[-k]) / 2, convolution is Y[k] = p R[k] + q R[-k] and
    Y[-k] = p R[-k] - q R[k]: one real matrix product of twice the width a pair. The adjoint in the input exchanges
    R[k] and R[-k].
    """
    if groups > 1:
        parts = zip(np.split(a, groups, -1), np.split(b, groups, -1), strict=True)
        return np.concatenate([pair_products(x, y, form, 1) for x, y in parts], -1)
    modes = a.shape[:-2]
    first, second = (_by_pair(v) for v in (a, b))
    if form == "response":
        p, q = np.swapaxes(_sums(first), -1, -2), np.swapaxes(_differences(first), -1, -2)
        upper = p @ second[0] - q @ second[1]
        lower = q @ second[0] + p @ second[1]
    else:
        r, mirrored = second if form == "forward" else (np.swapaxes(v, -1, -2) for v in second[::-1])
        p, q = _sums(first), _differences(first)
        upper, lower = p @ r + q @ mirrored, p @ mirrored - q @ r
    # Both halves end in the mean.
    return np.concatenate([upper, lower[-2::-1]]).reshape(*modes, *upper.shape[1:])


def _by_pair(array: np.ndarray) -> np.ndarray:
    """Modes up to the mean, and their mirror images: ``(2, pairs, rows, columns)``."""
    flat = array.reshape(-1, *array.shape[-2:])
    middle = len(flat) // 2
    return np.stack([flat[: middle + 1], flat[: middle - 1 if middle else None : -1]])


def _sums(pair: np.ndarray) -> np.ndarray:
    return (pair[0] + pair[1]) / 2


def _differences(pair: np.ndarray) -> np.ndarray:
    return (pair[0] - pair[1]) / 2


def _by_group(array: np.ndarray, groups: int) -> np.ndarray:
    split = array.reshape(*array.shape[:-1], groups, array.shape[-1] // groups)
    return np.swapaxes(split, -2, -3)


def _merge_groups(array: np.ndarray) -> np.ndarray:
    merged = np.swapaxes(array, -2, -3)
    return np.ascontiguousarray(merged).reshape(*merged.shape[:-2], -1)


def _is_depthwise(a: np.ndarray, b: np.ndarray, form: str, groups: int) -> bool:
    # The adjoint in the input sees the outputs alone: as many as groups may still share inputs.
    return a.shape[-1] == b.shape[-1] == groups and (form != "input" or b.shape[-2] == 1)
