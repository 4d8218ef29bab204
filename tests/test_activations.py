"""Activations approximate their function and commute with shifts."""

from __future__ import annotations

from copy import copy, deepcopy

import numpy as np
import pytest
from test_nn_twin_control import GRIDS, named

from freqnet import nn, ops
from freqnet.approximate import FUNCTIONS, ScalarFunction, approximate, scalar_function
from freqnet.autodiff import Tensor, check_gradients
from freqnet.spaces import Fourier, Space
from freqnet.training import ACTIVATIONS

SHIFTS = ((0.37, -1.21, 0.5), (1.0, 2.0, -1.0))
COMMUTING = [
    nn.Linearized("sigmoid"),
    nn.Polynomial(),
    nn.Polynomial("tanh", degree=5),
    nn.Polynomial("gelu", degree=4, exact=True),
    nn.Polynomial((0.1, 1.0, 0.3, 0.1), gate_band=1),
    *(nn.Gaussian("relu", degree) for degree in (1, 2, 3)),
    nn.Gaussian("silu", 4, exact=True),
    nn.Gaussian("gelu", 2, gate_band=1),
    nn.FourierSeries("sigmoid"),
    nn.FourierSeries("relu", wide=2),
    nn.MagnitudeGain(),
]
NOT_COMMUTING = [nn.RealImaginary("tanh"), nn.RealImaginary("relu"), nn.PhaseGate(), nn.SecondHarmonic()]


def random_signal(space: Space, batch: int = 3, channels: int = 2, seed: int = 0) -> Tensor:
    like = np.empty((*space.shape, batch, channels), complex)
    return Tensor(space.random(like, np.random.default_rng(seed)), space)


def built(layer: nn.Module, space: Space, channels: int = 2) -> nn.Module:
    layer = nn.from_description(layer.describe())
    layer.build(nn.Signal(space, channels), np.random.default_rng(0), np.float64)
    return layer


def shift_error(layer: nn.Module, space: Space, shift: tuple[float, ...]) -> float:
    layer, x = built(layer, space), random_signal(space)
    after, before = layer(ops.shift(x, shift)), ops.shift(layer(x), shift)
    return float(np.abs(after.data - before.data).max() / np.abs(before.data).max())


@pytest.mark.parametrize("layer", COMMUTING, ids=repr)
@pytest.mark.parametrize("grid", GRIDS, ids=named)
def test_activations_commute_with_whole_and_fractional_shifts(grid: tuple[int, ...], layer: nn.Module):
    for shift in SHIFTS:
        assert shift_error(layer, Fourier.on(grid), shift[: len(grid)]) < 1e-10


@pytest.mark.parametrize("layer", NOT_COMMUTING, ids=repr)
@pytest.mark.parametrize("grid", [(9,), (16,), (7, 5), (12, 9)], ids=named)
def test_functions_of_single_modes_do_not(grid: tuple[int, ...], layer: nn.Module):
    for shift in SHIFTS:
        assert shift_error(layer, Fourier.on(grid), shift[: len(grid)]) > 1e-2


def test_every_named_activation_is_in_one_of_both_lists():
    known = {type(layer) for layer in (*COMMUTING, *NOT_COMMUTING)}
    assert {type(make()) for make in ACTIVATIONS.values()} <= known | {nn.Pointwise}


# -- errors of approximation ---------------------------------------------------------------------------
def fields(band: int, grid: int, batch: int = 100, seed: int = 0) -> Tensor:
    """Random band-limited images of about unit power, on a grid that holds the band."""
    space = Fourier.on((grid, grid), band)
    x = random_signal(space, batch, 1, seed)
    return Tensor(x.data / (2 * band + 1), space)


def distances(found: np.ndarray, wanted: np.ndarray, space: Space) -> np.ndarray:
    weights = space.weights
    size = lambda a: np.sqrt((np.abs(a) ** 2 * weights).sum(axis=(0, 1, 3)))
    return size(found - wanted) / size(wanted)


@pytest.mark.parametrize(("band", "grid"), [(3, 7), (3, 8), (4, 9), (6, 13)])
def test_gaussian_relu_is_nearer_than_relu_on_the_same_grid(band: int, grid: int):
    x = fields(band, grid)
    alias_free = ops.analysis(np.maximum(ops.synthesis(x, (12 * grid, 12 * grid)).data, 0), x.space).data
    same_grid = ops.analysis(np.maximum(ops.synthesis(x, (grid, grid)).data, 0), x.space).data
    errors = [distances(ops.gaussian_activation(x, "relu", d).data, alias_free, x.space) for d in (1, 2, 3)]
    switched = distances(same_grid, alias_free, x.space)
    assert errors[1].mean() < 0.12
    assert errors[1].mean() < 0.6 * switched.mean()
    assert errors[0].mean() > 2 * errors[1].mean()


def test_relu_on_the_same_grid_does_not_commute_with_fractional_shifts():
    x = fields(4, 9)
    relu = lambda s: ops.analysis(np.maximum(ops.synthesis(s, (9, 9)).data, 0), x.space).data
    moved = ops.shift(x, (0.5, 0.25))
    back = ops.shift(Tensor(relu(x), x.space), (0.5, 0.25)).data
    assert distances(relu(moved), back, x.space).mean() > 0.1
    gaussian = lambda s: ops.gaussian_activation(s, "relu", 2)
    assert distances(gaussian(moved).data, ops.shift(gaussian(x), (0.5, 0.25)).data, x.space).max() < 1e-12


@pytest.mark.parametrize("degree", [2, 3, 5, 7, 9])
def test_an_exact_polynomial_is_the_polynomial_of_the_samples(degree: int):
    space = Fourier.on(64, 2)
    x = random_signal(space)
    layer = built(nn.Polynomial("tanh", degree=degree, exact=True, interval=(-8.0, 8.0)), space)
    samples = ops.synthesis(x, 64).data
    fitted = approximate("tanh", degree, "minimax", (-8.0, 8.0))
    np.testing.assert_allclose(layer(x).data, ops.analysis(fitted(samples), space).data, atol=1e-11)


@pytest.mark.parametrize("name", ["sigmoid", "gelu", "tanh"])
def test_a_series_is_as_near_as_it_says(name: str):
    space = Fourier.on(96, 3)
    x = Tensor(random_signal(space, 8).data * 0.6, space)
    samples = ops.synthesis(x, 96).data
    assert np.abs(samples).max() < 6
    layer = built(nn.FourierSeries(name, 5, reach=6.0, wide=8), space)
    wanted = ops.analysis(scalar_function(name)(samples), space).data
    # The polynomials for sine and cosine add a little to the error of the series.
    assert np.abs(layer(x).data - wanted).max() < layer._series.sup_error + 2e-3


def test_gaussian_of_a_constant_signal_is_the_function_itself():
    space = Fourier.on((5, 4))
    values = np.array([[-2.0, 0.0], [0.5, 3.0]])
    x = Tensor(space.constant(values).astype(complex), space)
    for name in ("relu", "gelu", "tanh"):
        for degree in (1, 2, 3):
            y = ops.gaussian_activation(x, name, degree, epsilon=0.0)
            assert np.isfinite(y.data).all()
            np.testing.assert_allclose(ops.mean(y).data, scalar_function(name)(values), atol=1e-12)


@pytest.mark.parametrize("degree", [1, 2, 3])
def test_gradient_of_gaussian_goes_through_mean_and_power(degree: int):
    space = Fourier.on((5, 4))
    # The gradient checker draws its directions with another seed.
    x = random_signal(space, seed=7)
    report = check_gradients(lambda t: ops.gaussian_activation(t, "relu", degree, epsilon=0.0), [x], order=2)
    assert report.errors[0] < 1e-8

    def frozen(t: Tensor) -> Tensor:
        found = Tensor(ops.moments(t, per_sample=True).data)
        return ops.gaussian_activation(t, "relu", degree, found, epsilon=0.0)

    with pytest.raises(AssertionError, match="gradient check"):
        check_gradients(frozen, [x])


@pytest.mark.parametrize("deviation", [1e-6, 1e-3])
def test_tiny_deviations_leave_no_nan(deviation: float):
    space = Fourier.on(9)
    x = Tensor(random_signal(space).data * deviation, space, requires_grad=True)
    for degree in (1, 2, 3):
        y = ops.gaussian_activation(x, "relu", degree, epsilon=0.0)
        assert np.isfinite(y.data).all()
        assert np.abs(y.data).max() < 3 * deviation


def test_a_tangent_is_computed_once_and_belongs_to_its_function(monkeypatch: pytest.MonkeyPatch):
    derivatives = []
    derivative = lambda x, order: derivatives.append(order) or np.array(0.5 + order)
    monkeypatch.setitem(FUNCTIONS, "counted", ScalarFunction("counted", np.copy, derivative))
    layer, x = nn.Linearized("counted"), random_signal(Fourier.on(9))
    layer.build(nn.Signal(x.space, 2), np.random.default_rng(0), np.float64)
    for other in (layer, copy(layer), deepcopy(layer)):
        other.train()
        np.testing.assert_allclose(ops.synthesis(other(x)).data, 0.5 + 1.5 * ops.synthesis(x).data)
    assert derivatives == [0, 1]
    other.function, layer.unit_slope = "tanh", True
    assert np.array_equal(other(x).data, x.data)
    np.testing.assert_allclose(ops.synthesis(layer(x)).data, 1 / 3 + ops.synthesis(x).data)


def test_polynomials_take_few_products():
    """One square, then one product per two degrees."""
    from freqnet.autodiff import observe

    space = Fourier.on((7, 7))
    x, counts = random_signal(space), []
    for degree in range(2, 10):
        ran: list[str] = []
        with observe(lambda op, *rest, ran=ran: ran.append(op.name)):
            ops.polynomial(x, Tensor(np.ones((degree + 1, 1))))
        counts.append(sum(name in ("multiply", "square", "low_degree") for name in ran))
    assert counts == [1, 2, 2, 3, 3, 4, 4, 4]
