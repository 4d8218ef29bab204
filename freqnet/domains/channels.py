"""Products over channels, one matrix product a mode, in groups that do not mix."""

from __future__ import annotations

import numpy as np


def mode_products(a: np.ndarray, b: np.ndarray, form: str, groups: int) -> np.ndarray:
    """Return ``a @ b`` for every mode, or one of its adjoints.

    ``"forward"`` takes a signal ``(*modes, batch, inputs)`` and a response ``(*modes, inputs / groups,
    outputs)``, ``"input"`` a cotangent ``(*modes, batch, outputs)`` and the response, ``"response"`` the
    signal and the cotangent.
    """
    if form == "input":
        b = b.conj()
    elif form == "response":
        a = a.conj()
    if groups == 1:
        return _matmul(a, b, form)
    if _is_depthwise(a, b, form, groups):
        return np.sum(a * b, axis=-2, keepdims=True) if form == "response" else a * b
    return _merge_groups(_matmul(_by_group(a, groups), _by_group(b, groups), form))


def _matmul(a: np.ndarray, b: np.ndarray, form: str) -> np.ndarray:
    if form == "input":
        return a @ np.swapaxes(b, -1, -2)
    return np.swapaxes(a, -1, -2) @ b if form == "response" else a @ b


def _by_group(array: np.ndarray, groups: int) -> np.ndarray:
    split = array.reshape(*array.shape[:-1], groups, array.shape[-1] // groups)
    return np.swapaxes(split, -2, -3)


def _merge_groups(array: np.ndarray) -> np.ndarray:
    merged = np.swapaxes(array, -2, -3)
    return np.ascontiguousarray(merged).reshape(*merged.shape[:-2], -1)


def _is_depthwise(a: np.ndarray, b: np.ndarray, form: str, groups: int) -> bool:
    # The adjoint in the input sees the outputs alone: as many as groups may still share inputs.
    return a.shape[-1] == b.shape[-1] == groups and (form != "input" or b.shape[-2] == 1)
