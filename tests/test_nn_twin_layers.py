"""Pooling, normalisation, activations, heads and containers against their spatial counterparts."""

from __future__ import annotations

from collections.abc import Callable
from itertools import product

import numpy as np
import pytest
from test_nn_twin_control import GRIDS, assert_twin, named
from twins import Axes
from twins_of_activations import FUNCTIONS

from freqnet import nn
from freqnet.approximate import FUNCTIONS as APPROXIMABLE
from freqnet.nn.activation import POINTWISE
from freqnet.spaces import Fourier, Grid, Hartley
from freqnet.spaces.registry import Factory

SOME_GRIDS: list[Axes] = [(1,), (2,), (7,), (8,), (9,), (5, 4), (1, 9), (3, 2, 5)]


def some_bands(grid: Axes) -> list[Axes]:
    """The full band, half of it, and only the mean."""
    full = tuple((n - 1) // 2 for n in grid)
    return [full, tuple(m // 2 for m in full), (0,) * len(grid)]


# -- pooling -----------------------------------------------------------------------------------------
@pytest.mark.parametrize("n", [1, 2, 3, 5, 7, 8, 9, 16])
def test_truncation_pool_to_any_size(n: int):
    for size in range(1, n + 1):
        assert_twin(nn.TruncationPool(size), (n,))


@pytest.mark.parametrize("grid", [g for g in GRIDS if len(g) > 1], ids=named)
def test_truncation_pool_on_more_axes(grid: Axes):
    for size in {(1,) * len(grid), tuple(max(1, n - i) for i, n in enumerate(grid)), tuple((n + 1) // 2 for n in grid)}:
        for band in some_bands(grid)[:2]:
            assert_twin(nn.TruncationPool(size), grid, band)


@pytest.mark.parametrize("grid", GRIDS, ids=named)
def test_low_pass(grid: Axes):
    full = some_bands(grid)[0]
    bands = product(*(range(m + 1) for m in full)) if len(grid) == 1 else some_bands(grid)
    for band in bands:
        assert_twin(nn.LowPass(band), grid)


@pytest.mark.parametrize("method", ["dirichlet", "sinc"])
@pytest.mark.parametrize("grid", SOME_GRIDS, ids=named)
def test_average_pool(grid: Axes, method: str):
    divisors = tuple(next((s for s in range(2, n) if n % s == 0), n) for n in grid)
    windows: list[tuple[int | Axes, int | Axes | None]] = [(divisors, None), (grid, None), (2, 1), (3, divisors)]
    for window, stride in [*windows, ((3, 1, 2)[: len(grid)], (*divisors[:-1], 1))]:
        for band in some_bands(grid)[:2]:
            assert_twin(nn.AveragePool(window, stride, method), grid, band)


@pytest.mark.parametrize("domain", [Fourier.on, Hartley.on])
@pytest.mark.parametrize("grid", SOME_GRIDS, ids=named)
def test_take(grid: Axes, domain: Factory):
    rows = (lambda n: (n // 2, n - 1, -1), lambda n: (*reversed(range(n)), 0), lambda n: tuple(range(0, n, 2)))
    for row, band in product(rows, some_bands(grid)[:2]):
        assert_twin(nn.Take(tuple(map(row, grid))), grid, band, domain=domain)


@pytest.mark.parametrize("grid", [(3,), (8,), (9,), (7, 5), (16, 3), (3, 5, 2)], ids=named)
def test_frequency_dropout(grid: Axes):
    for seed in range(4):
        assert_twin(nn.FrequencyDropout(0), grid, training=True, seed=seed)
        assert_twin(nn.FrequencyDropout(1), grid, training=True, seed=seed)
    assert_twin(nn.FrequencyDropout(1), grid)


@pytest.mark.parametrize("grid", [(1,), (8,), (7, 5), (3, 5, 2)], ids=named)
@pytest.mark.parametrize("layer", [nn.ChannelDropout(0.4), nn.StochasticDepth(0.4)], ids=lambda v: type(v).__name__)
def test_dropout_of_channels_and_of_examples(layer: nn.Module, grid: Axes):
    for seed in range(3):
        assert_twin(layer, grid, training=True, seed=seed)
    assert_twin(layer, grid)


@pytest.mark.parametrize("grid", [(2,), (9,), (7, 5), (3, 5, 2)], ids=named)
def test_squeeze_and_excitation(grid: Axes):
    for band in some_bands(grid)[:2]:
        assert_twin(nn.SqueezeExcitation(2), grid, band)


@pytest.mark.parametrize("domain", [Fourier.on, Hartley.on])
@pytest.mark.parametrize("grid", SOME_GRIDS, ids=named)
def test_fields_of_positions(grid: Axes, domain: Factory):
    full = some_bands(grid)[0]
    for band, wide, (gain, offset) in product(some_bands(grid)[:2], (None, full, 0), ((1, 1), (1, 0), (0, 1))):
        assert_twin(nn.PositionAffine(wide, bool(gain), bool(offset)), grid, band, domain=domain)


# -- normalisation and activations -------------------------------------------------------------------
@pytest.mark.parametrize("training", [True, False])
@pytest.mark.parametrize("statistics", ["batch", "sample"])
@pytest.mark.parametrize("grid", SOME_GRIDS, ids=named)
def test_power_norm(grid: Axes, statistics: str, training: bool):
    for band, epsilon in product(some_bands(grid), (1e-5, 0.1)):
        assert_twin(nn.PowerNorm(statistics, epsilon=epsilon), grid, band, training=training)


@pytest.mark.parametrize("function", FUNCTIONS)
def test_linearized(function: str):
    for grid, unit_slope in product(SOME_GRIDS, (False, True)):
        assert_twin(nn.Linearized(function, unit_slope), grid)


@pytest.mark.parametrize("function", POINTWISE)
def test_pointwise_on_samples(function: str):
    assert function in FUNCTIONS
    for grid in [(7,), (8,), (3, 5)]:
        assert_twin(nn.Pointwise(function), grid, tuple(n // 2 for n in grid), domain=Grid.on)


COEFFICIENTS = (0.3, -0.7, 0.5, 0.2, -0.1)


@pytest.mark.parametrize("degree", [1, 2, 3, 4])
@pytest.mark.parametrize("exact", [False, True])
@pytest.mark.parametrize("grid", SOME_GRIDS, ids=named)
def test_polynomial(grid: Axes, exact: bool, degree: int):
    for band in some_bands(grid)[:1] if len(grid) > 1 else some_bands(grid):
        assert_twin(nn.Polynomial(COEFFICIENTS[: degree + 1], exact=exact), grid, band)


@pytest.mark.parametrize("degree", [1, 2, 3, 4])
@pytest.mark.parametrize("exact", [False, True])
@pytest.mark.parametrize("grid", [(3,), (8,), (9,), (7, 5), (3, 5, 2)], ids=named)
def test_polynomial_with_a_narrow_gate(grid: Axes, exact: bool, degree: int):
    full = some_bands(grid)[0]
    gates: set[int | Axes] = {0, 1, max(full), tuple(m // 2 for m in full), (*full[:-1], 0)}
    for gate in sorted(gates, key=str):
        assert_twin(nn.Polynomial(COEFFICIENTS[: degree + 1], gate_band=gate, exact=exact), grid)


def test_polynomial_of_fixed_coefficients():
    for grid in SOME_GRIDS:
        assert_twin(nn.Polynomial(trainable=False), grid)
        assert_twin(nn.Polynomial(COEFFICIENTS, trainable=False, gate_band=1, exact=True), grid)


@pytest.mark.parametrize("degree", [5, 6, 7, 9])
def test_polynomial_of_high_degree(degree: int):
    """The two block lengths of Paterson and Stockmeyer's rule."""
    coefficients = tuple(np.random.default_rng(degree).normal(size=degree + 1) / 2)
    for grid, exact in product([(3,), (8,), (5, 4)], (False, True)):
        assert_twin(nn.Polynomial(coefficients, exact=exact), grid)


@pytest.mark.parametrize("function", ["relu", "erf"])
@pytest.mark.parametrize("degree", [1, 2, 3])
@pytest.mark.parametrize("grid", [(2,), (7,), (8,), (5, 4), (3, 2, 5)], ids=named)
def test_gaussian(grid: Axes, degree: int, function: str):
    for band, statistics, training in product(some_bands(grid)[:2], ("sample", "batch"), (False, True)):
        layer = nn.Gaussian(function, degree, statistics=statistics, epsilon=0.1)
        assert_twin(layer, grid, band, training=training)
    assert_twin(nn.Gaussian(function, degree, gate_band=1, exact=True, epsilon=0.1), grid)


@pytest.mark.parametrize("function", ["sigmoid", "gelu"])
@pytest.mark.parametrize("grid", [(2,), (7,), (8,), (5, 4)], ids=named)
def test_fourier_series(grid: Axes, function: str):
    half = some_bands(grid)[1]
    for wide, harmonics in ((1, 1), (2, 3)):
        assert_twin(nn.FourierSeries(function, harmonics, wide=wide), grid, half)


@pytest.mark.parametrize("grid", [(2,), (7,), (8,), (5, 4), (3, 2, 5)], ids=named)
@pytest.mark.parametrize(
    "layer",
    [nn.MagnitudeGain(0.3), nn.RealImaginary("tanh"), nn.RealImaginary("sigmoid"), nn.PhaseGate(), nn.SecondHarmonic()],
    ids=repr,
)
def test_functions_of_single_modes(layer: nn.Module, grid: Axes):
    for band in some_bands(grid):
        assert_twin(layer, grid, band)


@pytest.mark.parametrize("domain", [Fourier.on, Hartley.on])
@pytest.mark.parametrize("grid", [(1,), (2,), (7,), (8,), (5, 4), (3, 2, 5)], ids=named)
def test_data_consistency(grid: Axes, domain: Factory):
    # Four channels: three and a mask, or one complex image and both parts of its mask.
    layers = (
        nn.DataConsistency(nn.Sequential((nn.PowerNorm(epsilon=0.1), nn.Convolution(3, 2)))),
        nn.DataConsistency(nn.Convolution(2), mask=2, keep_mask=False),
        nn.DataConsistency(nn.DataConsistency(nn.Convolution(2), mask=1), mask=1, keep_mask=False),
    )
    for layer, band in product(layers, some_bands(grid)[:2]):
        assert_twin(layer, grid, band, channels=4, domain=domain)


# -- heads -------------------------------------------------------------------------------------------
@pytest.mark.parametrize("head", [nn.Dense(3), nn.GlobalAverage(), nn.PowerSpectrum()], ids=lambda h: type(h).__name__)
@pytest.mark.parametrize("grid", SOME_GRIDS, ids=named)
def test_heads(grid: Axes, head: nn.Module):
    for band in some_bands(grid):
        assert_twin(head, grid, band)
        assert_twin(nn.Sequential((head, nn.Dense(2))), grid, band)


# -- containers --------------------------------------------------------------------------------------
def block(channels: int) -> tuple[nn.Module, ...]:
    return nn.Convolution(channels), nn.PowerNorm(epsilon=0.1), nn.Polynomial(COEFFICIENTS[:3])


BODIES: dict[str, Callable[[], nn.Module]] = {
    "same": lambda: nn.Convolution(2, bias=False),
    "channels": lambda: nn.Convolution(3, kernel="sinc"),
    "grid": lambda: nn.TruncationPool(2),
    "subsampled": lambda: nn.Sequential((nn.Convolution(4), nn.AveragePool(1, (1, 2)))),
    "band": lambda: nn.Sequential((nn.LowPass(1), nn.Polynomial())),
    "channels, grid and band": lambda: nn.Sequential((*block(3), nn.TruncationPool((3, 2)), nn.LowPass((0, 0)))),
    "nested": lambda: nn.Residual(nn.Sequential(block(3))),
}


@pytest.mark.parametrize("name", BODIES)
def test_residual(name: str):
    for grid in [(5, 4), (8, 6), (3, 16)]:
        assert_twin(nn.Residual(BODIES[name]()), grid, training=True)
        assert_twin(nn.Residual(BODIES[name]()), grid, (1, 1), training=False)
        path = nn.Sequential((nn.Convolution(3, 1), nn.PowerNorm(epsilon=0.1)))
        assert_twin(nn.Residual(BODIES[name](), path), grid, training=True)


@pytest.mark.parametrize("grid", [(9,), (16,), (8, 7), (5, 4, 6)], ids=named)
@pytest.mark.parametrize("training", [True, False])
def test_sequential(grid: Axes, training: bool):
    half = tuple((n + 1) // 2 for n in grid)
    layers = (
        *block(3),
        nn.FrequencyDropout(),
        nn.Residual(nn.Sequential(block(2))),
        nn.AveragePool(2, 1),
        nn.TruncationPool(half),
        nn.Linearized("sigmoid", unit_slope=True),
        nn.Convolution(2, kernel="modes"),
        nn.PowerSpectrum(),
        nn.Dense(3),
    )
    assert_twin(nn.Sequential(layers), grid, training=training)


def test_the_tables_of_functions_agree():
    assert set(APPROXIMABLE) == set(FUNCTIONS)
    assert {name: np.ndim(function(0.5)) for name, function in FUNCTIONS.items()} == dict.fromkeys(FUNCTIONS, 0)
