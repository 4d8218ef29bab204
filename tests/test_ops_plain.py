"""Operations on plain numbers, and functions of samples on a grid, against autograd."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import autograd
import autograd.numpy as anp
import autograd.scipy.special as special
import numpy as np
import oracles
import pytest

from freqnet import ops
from freqnet.autodiff import Tensor, as_tensor, gradient
from freqnet.spaces import Fourier, Grid

TOLERANCE = 1e-10


def logistic(x: Any) -> Any:
    return 1 / (1 + anp.exp(-x))


POINTWISE: dict[str, tuple[Callable[..., Tensor], Callable[..., Any]]] = {
    "exp": (ops.exp, anp.exp),
    "log": (ops.log, anp.log),
    "square root": (lambda x: ops.power(x, exponent=0.5), anp.sqrt),
    "inverse": (lambda x: ops.power(x, exponent=-1.0), lambda x: 1 / x),
    "cube": (lambda x: ops.power(x, exponent=3.0), lambda x: x**3),
    "tanh": (ops.tanh, anp.tanh),
    "erf": (ops.erf, special.erf),
    "relu": (ops.relu, lambda x: x * (x > 0)),
    "sigmoid": (ops.sigmoid, logistic),
    "gelu": (ops.gelu, lambda x: x * (1 + special.erf(x / np.sqrt(2))) / 2),
    "silu": (ops.silu, lambda x: x * logistic(x)),
    "quotient": (lambda x: x / (x + 2.0), lambda x: x / (x + 2.0)),
    "polynomial": (lambda x: x * x * x - 2 * x + 1, lambda x: x**3 - 2 * x + 1),
}
NEEDS_POSITIVE = {"log", "square root", "inverse", "quotient"}


@pytest.mark.parametrize("name", POINTWISE)
@pytest.mark.parametrize("shape", [(), (4,), (3, 2)])
def test_pointwise_function_of_numbers(name: str, shape: tuple[int, ...], rng: np.random.Generator) -> None:
    function, expected = POINTWISE[name]
    x = rng.uniform(0.3, 2.0, shape) * (1 if name in NEEDS_POSITIVE else rng.choice([-1, 1], shape))
    cotangent = rng.standard_normal(shape)
    tensor = Tensor(x, requires_grad=True)
    out = function(tensor)
    (g,) = gradient(out, [tensor], Tensor(cotangent))
    assert oracles.relative_error(out.data, expected(x)) < TOLERANCE
    density = autograd.grad(lambda x: anp.sum(expected(x) * cotangent))(np.asarray(x))
    assert oracles.relative_error(g.data, density) < TOLERANCE


@pytest.mark.parametrize("name", [n for n in POINTWISE if n not in ("quotient", "polynomial")])
@pytest.mark.parametrize(
    ("grid", "band"), [((5,), (2,)), ((8,), (4,)), ((9,), (2,)), ((4, 3), (2, 1)), ((4, 6), (1, 1))]
)
def test_pointwise_function_of_samples(name: str, grid: tuple, band: tuple, rng: np.random.Generator) -> None:
    function, expected = POINTWISE[name]
    samples = oracles.project(rng.standard_normal((2, *grid, 2)), band)
    samples = samples - samples.min() + 0.5 if name in NEEDS_POSITIVE else samples
    cotangent = rng.standard_normal(samples.shape)
    x = Tensor(np.moveaxis(samples, 0, -2), Grid.on(grid, band), requires_grad=True)
    out = function(x)
    (g,) = gradient(out, [x], Tensor(np.moveaxis(cotangent, 0, -2), out.space))
    # A function of samples reaches every mode of the grid, whatever the band it was given.
    assert out.space == Grid.on(grid)
    assert oracles.relative_error(np.moveaxis(out.data, -2, 0), expected(samples)) < TOLERANCE
    density = oracles.project(autograd.grad(lambda x: anp.sum(expected(x) * cotangent))(samples), band)
    assert oracles.relative_error(np.moveaxis(g.data, -2, 0), density) < TOLERANCE


LOGITS: dict[str, tuple[Callable[..., Tensor], Callable[..., Any]]] = {
    "log_softmax": (ops.log_softmax, lambda x: x - anp.log(anp.sum(anp.exp(x), axis=1, keepdims=True))),
    "cross entropy": (lambda x: ops.cross_entropy(x, [0, 2, 2]), lambda x: oracles.crossed(x, np.array([0, 2, 2]), 0)),
    "smoothed": (
        lambda x: ops.cross_entropy(x, [1, 0, 3], 0.2),
        lambda x: oracles.crossed(x, np.array([1, 0, 3]), 0.2),
    ),
    "squares": (lambda x: ops.mean_squared_error(x, Tensor(np.ones((3, 4)))), lambda x: anp.mean((x - 1) ** 2)),
    "matmul": (lambda x: x @ Tensor(np.arange(8.0).reshape(4, 2)), lambda x: anp.dot(x, np.arange(8.0).reshape(4, 2))),
    "sum of rows": (lambda x: x.sum(axis=-1), lambda x: anp.sum(x, axis=-1)),
    "reshape": (lambda x: x.reshape(2, 6), lambda x: anp.reshape(x, (2, 6))),
    "broadcasting": (lambda x: x * x.sum(axis=0), lambda x: x * anp.sum(x, axis=0)),
}


@pytest.mark.parametrize("name", LOGITS)
def test_operation_on_logits(name: str, rng: np.random.Generator) -> None:
    function, expected = LOGITS[name]
    x = rng.standard_normal((3, 4))
    tensor = Tensor(x, requires_grad=True)
    out = function(tensor)
    cotangent = rng.standard_normal(out.shape)
    (g,) = gradient(out, [tensor], Tensor(cotangent))
    assert oracles.relative_error(out.data, expected(x)) < TOLERANCE
    density = autograd.grad(lambda x: anp.sum(expected(x) * cotangent))(x)
    assert oracles.relative_error(g.data, density) < TOLERANCE


def test_large_logits_do_not_overflow() -> None:
    x = Tensor(np.array([[1e4, 0.0], [-1e4, 1e4]]), requires_grad=True)
    loss = ops.cross_entropy(x, [0, 0])
    assert loss.item() == pytest.approx(1e4)
    (g,) = gradient(loss, [x])
    np.testing.assert_allclose(g.data, [[0, 0], [-0.5, 0.5]], atol=1e-12)


def test_functions_take_bare_numbers() -> None:
    assert ops.exp(0.0).item() == 1.0
    assert ops.tanh(np.zeros(2)).shape == (2,)


def test_numpy_leaves_its_operators_to_the_tensor() -> None:
    x = Tensor(np.array([1.0, 2.0]))
    array = np.array([3.0, 4.0])
    for out, expected in ((array * x, [3, 8]), (array + x, [4, 6]), (array - x, [2, 2]), (1 - x, [0, -1])):
        assert isinstance(out, Tensor)
        np.testing.assert_array_equal(out.data, expected)


def test_as_tensor_takes_the_precision_of_its_like() -> None:
    assert as_tensor(1, Tensor(np.zeros(1, np.float32))).dtype == np.float32
    assert as_tensor(2.0, Tensor(np.zeros((1, 1, 1), np.complex64), Fourier.on(1))).dtype == np.float32
    assert (Tensor(np.zeros(2, np.float32)) * 2.0 + 1).dtype == np.float32


def test_kernel_of_samples_has_its_gradient_whatever_size_is_said(rng: np.random.Generator) -> None:
    """`size` only affects the support: in a grid domain the array of taps has their number."""
    space = Grid.on((5, 4))
    x = ops.analysis(rng.standard_normal((2, 5, 4, 2)), space)
    theta = Tensor(rng.standard_normal((6, 2, 3)), requires_grad=True)
    found = []
    for size in (1, (3, 2)):
        y = ops.convolve(x, ops.frequency_response(theta, space, size=(3, 2)), size)
        found += [g.data for g in gradient(ops.inner_product(y, y), [theta])]
    np.testing.assert_array_equal(found[0], found[1])
