"""Convolution and Window against their spatial counterparts: rolls (circular) and Toeplitz matrices (linear)."""

from __future__ import annotations

import pytest
from test_nn_twin_control import GRIDS, assert_twin, named
from twins import Axes

from freqnet import nn
from freqnet.spaces import KERNELS

# Inputs, outputs, groups and bias: plain, grouped, depthwise, depthwise with a multiplier.
CHANNELS = [(2, 3, 1, True), (4, 6, 2, True), (3, 3, 3, False), (2, 4, 2, True)]


def sizes(grid: Axes) -> list[int | Axes]:
    """One tap, odd, even, not square, and longer than the first axis of the grid."""
    if len(grid) == 1:
        return [1, 2, 3, 5, (grid[0] + 2,)]
    return [2, (1, 2, 3)[: len(grid)], (grid[0] + 1, *(1,) * (len(grid) - 1))]


@pytest.mark.parametrize("kernel", KERNELS)
@pytest.mark.parametrize("grid", GRIDS, ids=named)
def test_circular_convolution(grid: Axes, kernel: str):
    for index, size in enumerate(sizes(grid) if kernel != "modes" else [3]):
        inputs, outputs, groups, bias = CHANNELS[(index + len(grid)) % len(CHANNELS)]
        layer = nn.Convolution(outputs, size, kernel, groups=groups, bias=bias)
        assert_twin(layer, grid, None, inputs)


@pytest.mark.parametrize(("inputs", "outputs", "groups", "bias"), CHANNELS)
@pytest.mark.parametrize("kernel", KERNELS)
def test_channel_groups(kernel: str, inputs: int, outputs: int, groups: int, bias: bool):
    for grid in [(7,), (5, 4)]:
        assert_twin(nn.Convolution(outputs, 3, kernel, groups=groups, bias=bias), grid, None, inputs)


@pytest.mark.parametrize("kernel", KERNELS)
@pytest.mark.parametrize(("grid", "band"), [((9,), 2), ((16,), 0), ((8, 7), (1, 3)), ((5, 8), (2, 0)), ((3, 5, 4), 1)])
def test_convolution_below_the_full_band(grid: Axes, band: int | Axes, kernel: str):
    assert_twin(nn.Convolution(3, 3, kernel), grid, band)


# Support, size and grid; along at least one axis the room is just enough.
LINEAR = [
    ((1,), 1, (1,), None),
    ((5,), 3, (7,), None),
    ((3,), (4,), (8,), None),
    ((7,), 3, (16,), 3),
    ((4, 5), 2, (5, 7), None),
    ((3, 6), (3, 4), (7, 9), (3, 2)),
    ((2, 2, 3), (2, 1, 3), (3, 3, 5), None),
]


@pytest.mark.parametrize("kernel", ["taps", "spectral", "sinc"])
@pytest.mark.parametrize(("support", "size", "grid", "band"), LINEAR)
def test_linear_convolution(support: Axes, size: int | Axes, grid: Axes, band: int | Axes | None, kernel: str):
    for inputs, outputs, groups, bias in CHANNELS[:2]:
        layer = nn.Convolution(outputs, size, kernel, "linear", groups, bias)
        assert_twin(layer, grid, band, inputs, support=support)


@pytest.mark.parametrize("grid", [(5,), (4, 3)], ids=named)
def test_linear_convolution_with_a_kernel_of_free_modes(grid: Axes):
    assert_twin(nn.Convolution(3, kernel="modes", boundary="linear"), grid, support=(1,) * len(grid))


def test_linear_convolutions_one_after_the_other():
    pair = (nn.Convolution(3, 3, boundary="linear", bias=False), nn.Convolution(2, 4, "sinc", boundary="linear"))
    for grid, band in [((9,), None), ((10,), 2), ((9, 11), (4, 2))]:
        assert_twin(nn.Sequential(pair), grid, band, support=(4,) * len(grid))


@pytest.mark.parametrize("grid", GRIDS, ids=named)
def test_window(grid: Axes):
    for size in {grid, tuple(max(1, n - 1) for n in grid), (1,) * len(grid)}:
        assert_twin(nn.Window(size), grid)
        assert_twin(nn.Window(size), grid, tuple((n - 1) // 4 for n in grid))


@pytest.mark.parametrize("kernel", ["taps", "spectral", "sinc"])
@pytest.mark.parametrize(("grid", "band"), [((9,), None), ((8,), None), ((8, 7), (1, 3)), ((5, 4, 6), None)])
def test_window_makes_room_for_linear_convolution(grid: Axes, band: int | Axes | None, kernel: str):
    size = tuple(n - 2 for n in grid)
    again = (nn.Window(size), nn.Convolution(2, 3, kernel, "linear"), nn.Window(size), nn.Convolution(2, 2, kernel))
    assert_twin(nn.Sequential(again), grid, band)
