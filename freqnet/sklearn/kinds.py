"""The kinds of spectral features: how each is computed, and the names of its features."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import NamedTuple

import numpy as np

from freqnet import ops
from freqnet.autodiff import Tensor
from freqnet.ops.linear import mode_inner, mode_scale
from freqnet.sklearn.filters import RandomFilters, moments, ratio
from freqnet.spaces import Space, mode_numbers


class Kind(NamedTuple):
    """One kind of features.

    Attributes
    ----------
    compute : callable
        ``compute(x, filters)``: features ``(batch, features)`` of a signal.
    names : callable
        ``names(space, channels, filters)``: one name per feature.
    """

    compute: Callable[[Tensor, RandomFilters | None], np.ndarray]
    names: Callable[[Space, int, RandomFilters | None], list[str]]


def _text(numbers: Iterable[int]) -> str:
    return "_".join(map(str, numbers))


def _of_channels(names: Iterable[str], channels: int) -> list[str]:
    """Return the names for every channel; a single channel has no number."""
    if channels == 1:
        return list(names)
    return [f"{name}_c{channel}" for name in names for channel in range(channels)]


def _modes(space: Space) -> list[str]:
    return [_text(k) for k in mode_numbers(space.band)]


# -- power and coordinates ---------------------------------------------------------------------------------
def _power_names(space: Space, channels: int, filters: RandomFilters | None) -> list[str]:
    return _of_channels((f"power_{k}" for k in _modes(space)), channels)


def _truncated_names(space: Space, channels: int, filters: RandomFilters | None) -> list[str]:
    _, *pairs = _modes(space)
    return _of_channels(["mean", *(f"re_{k}" for k in pairs), *(f"im_{k}" for k in pairs)], channels)


# -- amplitudes and bispectrum -------------------------------------------------------------------------------
def _lowest_modes(space: Space) -> list[tuple[int, np.ndarray]]:
    """Return the axes that have modes, and a mask ``(pairs, 1, 1)`` of the lowest mode of each."""
    numbers = np.abs(mode_numbers(space.band))
    units = [(axis, np.eye(space.ndim, dtype=int)[axis]) for axis, m in enumerate(space.band) if m]
    return [(axis, (numbers == unit).all(axis=1).reshape(-1, 1, 1)) for axis, unit in units]


def _invariant(x: Tensor, filters: RandomFilters | None) -> np.ndarray:
    space, found = x.space, [np.sqrt(ops.power_spectrum(x).data)]
    power = space.power(x.data)
    for axis, mask in _lowest_modes(space):
        wave = mode_scale(x, Tensor(mask.astype(power.dtype)))
        quarter = np.where(np.arange(space.ndim) == axis, space.grid[axis] / 4, 0.0)
        # The product with the lowest wave moves every mode by one, the wave moved by a quarter gives the other phase.
        for part in (wave, ops.shift(wave, quarter)):
            values = mode_inner(ops.multiply(part, x, space.band), x).data
            values = ratio(values, np.broadcast_to(power, values.shape))
            found.append(np.moveaxis(values, 0, 1).reshape(values.shape[1], -1))
    return np.concatenate(found, axis=1)


def _invariant_names(space: Space, channels: int, filters: RandomFilters | None) -> list[str]:
    names = [f"amplitude_{k}" for k in _modes(space)]
    for axis, _ in _lowest_modes(space):
        lowest = _text(np.eye(space.ndim, dtype=int)[axis])
        names += [f"bispectrum_{lowest}_{part}_{k}" for part in ("re", "im") for k in _modes(space)]
    return _of_channels(names, channels)


# -- random filters ------------------------------------------------------------------------------------------
def _random(x: Tensor, filters: RandomFilters | None) -> np.ndarray:
    assert filters is not None
    return moments(filters.apply(x))


def _random_names(space: Space, channels: int, filters: RandomFilters | None) -> list[str]:
    assert filters is not None
    return [f"filter{i}_{moment}" for i in range(filters.count) for moment in ("square", "cube", "fourth")]


KINDS = {
    "power": Kind(lambda x, filters: ops.power_spectrum(x).data, _power_names),
    "truncated": Kind(lambda x, filters: ops.coordinates(x).data, _truncated_names),
    "invariant": Kind(_invariant, _invariant_names),
    "random": Kind(_random, _random_names),
}
