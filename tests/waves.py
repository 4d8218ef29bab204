"""Made time series, and their resampling by sums."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

RNG = np.random.default_rng(0)


def waves(count: int, lengths: Sequence[int], channels: int = 1) -> list[np.ndarray]:
    """Series ``(channels, timepoints)`` of these lengths in turns; every other one is twice as fast."""
    found = []
    for number in range(count):
        t = np.arange(lengths[number % len(lengths)]) / 8
        phases = RNG.random(channels)[:, None]
        found.append(np.sin(2 * np.pi * ((1 + number % 2) * t + phases)) + 0.1 * RNG.normal(size=(channels, len(t))))
    return found


def names(count: int) -> list[str]:
    return [("Slow", "Fast")[number % 2] for number in range(count)]


def resampled(row: np.ndarray, points: int) -> np.ndarray:
    """The trigonometric polynomial of the lowest modes of a row, at other points, by sums."""
    most = (min(len(row), points) - 1) // 2
    k = np.arange(-most, most + 1)
    modes = np.exp(-2j * np.pi * np.outer(k, np.arange(len(row))) / len(row)) @ row / len(row)
    return (np.exp(2j * np.pi * np.outer(np.arange(points), k) / points) @ modes).real
