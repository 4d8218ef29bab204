"""Gradients are clipped by their norm, in place, at any size that the precision can represent."""

from __future__ import annotations

import math
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from test_optim import Leaf

from freqnet.errors import ConfigurationError, ShapeError
from freqnet.optim import SGD, clip_gradients


def with_gradients(*grads: Any) -> list[Leaf]:
    return [Leaf(np.zeros_like(g), g) for g in grads] + [Leaf(np.zeros(2))]


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_clipping_scales_to_the_maximum(dtype: Any) -> None:
    rng = np.random.default_rng(4)
    grads = [rng.normal(size=shape).astype(dtype) for shape in ((3, 4), (5,))]
    parameters, before = with_gradients(*grads), [g.astype(np.float64) for g in grads]
    norm = math.sqrt(sum((g**2).sum() for g in before))
    assert clip_gradients(parameters, norm / 4) == pytest.approx(norm, rel=1e-14)
    for leaf, array, old in zip(parameters, grads, before, strict=False):
        assert leaf.grad is array
        np.testing.assert_allclose(array, old / 4, rtol=2e-7)
    assert parameters[-1].grad is None
    assert clip_gradients(parameters, math.inf) == pytest.approx(norm / 4, rel=1e-6)


def test_small_gradients_are_not_clipped() -> None:
    grad = np.array([3.0, 4.0])
    assert clip_gradients(with_gradients(grad), 5.0) == 5.0
    assert grad.tolist() == [3.0, 4.0]
    assert clip_gradients([Leaf(np.zeros(2))], 1.0) == 0.0


@pytest.mark.parametrize("bad", [math.nan, math.inf, -math.inf, 1e200])
def test_a_norm_that_is_not_finite_changes_nothing(bad: float) -> None:
    grads = [np.array([1.0, bad]), np.array([50.0])]
    assert not math.isfinite(clip_gradients(with_gradients(*grads), 1.0))
    np.testing.assert_array_equal(grads[0], [1.0, bad])
    assert grads[1] == 50.0


def test_clipping_near_the_ends_of_float32() -> None:
    huge, tiny = np.full(100, 3e38, np.float32), np.full(100, 1e-30, np.float32)
    assert clip_gradients(with_gradients(huge), 1e-3) == pytest.approx(3e39, rel=1e-6)
    np.testing.assert_allclose(huge, 1e-4, rtol=1e-6)
    assert clip_gradients(with_gradients(tiny), 1.0) == pytest.approx(1e-29, rel=1e-6)


def test_a_shared_gradient_is_scaled_once() -> None:
    grad = np.full(2, 2.0)
    assert clip_gradients(with_gradients(grad, grad), 2.0) == 4.0
    assert grad.tolist() == [1.0, 1.0]


@pytest.mark.parametrize("bad", [0.0, -1.0, math.nan, "one"])
def test_clipping_needs_a_positive_maximum(bad: Any) -> None:
    with pytest.raises(ConfigurationError, match=f"maximum_norm: got {bad!r}, expected a positive number"):
        clip_gradients(with_gradients(np.ones(2)), bad)


@pytest.mark.parametrize("norm", [-1.0, 0.0, float("nan"), "1"])
def test_a_step_refuses_a_norm_that_is_not_positive_and_changes_nothing(norm: Any) -> None:
    w = SimpleNamespace(data=np.ones(2), grad=np.ones(2))
    with pytest.raises(ConfigurationError, match="maximum_norm"):
        SGD([w], learning_rate=0.5).step(maximum_norm=norm)
    assert np.array_equal(w.data, np.ones(2))


@pytest.mark.parametrize("dtype", ["f2", "f4", "f8", ">f4", ">f8", "g"])
def test_gradients_of_any_float_type_count_by_their_values(dtype: str) -> None:
    p = SimpleNamespace(data=np.ones(2), grad=np.array([3, 4], dtype))
    assert SGD([p], learning_rate=0.1).step(100.0) == pytest.approx(5)
    np.testing.assert_allclose(p.data, [0.7, 0.6], rtol=1e-3)
    assert clip_gradients([p], 1.0) == pytest.approx(5)
    np.testing.assert_allclose(p.grad.astype(float), [0.6, 0.8], rtol=1e-3)


def test_parameters_that_no_longer_fit_are_refused_before_any_changes() -> None:
    first, second = (SimpleNamespace(data=np.ones(2), grad=np.ones(2)) for _ in range(2))
    optimizer = SGD([first, second], learning_rate=0.1, weight_decay=0.1)
    second.data.flags.writeable = False
    with pytest.raises(ConfigurationError, match="read-only"):
        optimizer.step()
    for array, error in (
        (np.ones(3), ShapeError),
        (np.ones(2, ">f8"), ConfigurationError),
        (np.ones(2, int), ConfigurationError),
    ):
        second.data, second.grad = array, np.ones(array.shape)
        with pytest.raises(error, match="parameter '1'"):
            optimizer.step()
    assert np.array_equal(first.data, np.ones(2))
    SGD([SimpleNamespace(data=np.ones((0, 3)), grad=np.ones((0, 3)))], 0.1, weight_decay=0.1).step()
