"""A network of a Laplace domain, and the condition number of a space."""

from __future__ import annotations

from math import prod
from typing import Any

import numpy as np
import pytest

from freqnet import nn
from freqnet.spaces import Space, get_domain

Axes = tuple[int, ...]
# Two convolutions with a bias between them: the second has no room, and takes the remainder.
outgrows = pytest.mark.filterwarnings("ignore::freqnet.errors.ModuloWarning")


def condition(space: Space) -> float:
    return prod(space.condition_numbers)


def network(domain: str, grid: Axes, pool: nn.Module, precision: Any = np.float64) -> nn.Network:
    body = nn.Sequential(
        (
            *(nn.Convolution(3, 3), nn.PowerNorm(), nn.Polynomial(), pool),
            *(nn.Convolution(2, 2), nn.PowerNorm(), nn.Polynomial((0.1, 1.0, 0.3, -0.1)), nn.Dense(3)),
        )
    )
    padded = tuple(n + 2 for n in grid)
    band = get_domain(domain)(padded).band
    door = nn.Door(domain, grid, band, 1, offset=(0.2,), scale=(1.3,), pad=(2,) * len(grid))
    return nn.Network(door, body, precision=precision)
