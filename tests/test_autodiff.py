"""The autodiff engine: the reverse pass, its memory, gradients of gradients, its messages."""

from __future__ import annotations

import gc
import weakref

import numpy as np
import oracles
import pytest

from freqnet import ops
from freqnet.autodiff import (
    EUCLIDEAN,
    Op,
    Tensor,
    backward,
    gradient,
    no_grad,
    observe,
    register,
)
from freqnet.autodiff.tape import OPS
from freqnet.errors import SpaceError
from freqnet.spaces import Fourier, Grid, Space

DEEP = 20_000
SPACE = Fourier.on((5, 4))


def leaf(*values: float) -> Tensor:
    return Tensor(np.array(values), requires_grad=True)


def signal(rng: np.random.Generator, space: Space = SPACE, requires_grad: bool = True) -> Tensor:
    data = oracles.spectrum(rng.standard_normal((2, *space.grid, 3)), space.band)
    return Tensor(data, space, requires_grad=requires_grad)


# -- depth, sharing, memory ------------------------------------------------------------------------------
def test_backward_through_twenty_thousand_operations() -> None:
    x = leaf(1.0, 2.0)
    y = x
    for _ in range(DEEP):
        y = y + 1.0
    backward(y.sum())
    np.testing.assert_array_equal(x.grad, [1.0, 1.0])


def test_deep_graph_is_deleted_without_recursion() -> None:
    x = leaf(1.0)
    y = x
    for _ in range(DEEP):
        y = -y
    freed = weakref.ref(y)
    del y
    gc.collect()
    assert freed() is None


def test_shared_subexpressions_are_differentiated_once() -> None:
    calls = []
    double = Op(
        "double",
        forward=lambda x: Tensor(2 * x.data),
        vjps=(lambda g, out, x: calls.append(1) or OPS["scale_by"](g, factor=2.0),),
        cost=lambda out, x: out.data.size,
        source="2 x",
    )
    x = leaf(3.0)
    y = double(x)
    backward((y * y + y * 5.0 + y).sum())
    # d/dx (4 x^2 + 10 x + 2 x) at 3.
    np.testing.assert_allclose(x.grad, [36.0])
    assert len(calls) == 1


def test_a_tower_of_diamonds_is_not_exponential() -> None:
    x = leaf(1.0)
    y = x
    for _ in range(200):
        y = y * 0.5 + y * 0.5
    backward(y.sum())
    np.testing.assert_allclose(x.grad, [1.0])


def test_the_same_input_twice() -> None:
    x = leaf(2.0, 3.0)
    backward(OPS["elementwise"](x, x).sum())
    np.testing.assert_array_equal(x.grad, [4.0, 6.0])


def test_backward_drops_the_tape_and_frees_what_it_held() -> None:
    x = leaf(1.0, 2.0)
    y = ops.exp(x)
    loss = (y * y).sum()
    held = weakref.ref(y)
    del y
    assert held() is not None
    backward(loss)
    assert held() is None
    assert not loss.record.inputs


def test_cotangents_are_freed_as_they_are_used() -> None:
    x = leaf(0.5)
    y = x
    for _ in range(100):
        y = ops.tanh(y)
    loss, alive, most = y.sum(), [], 0

    def count(op: Op, out: Tensor, inputs: tuple, parameters: dict) -> None:
        nonlocal most
        alive.append(weakref.ref(out))
        most = max(most, sum(r() is not None for r in alive))

    with observe(count):
        backward(loss)
    assert len(alive) > 400
    # One cotangent, the next one, and the factors of one rule, not one cotangent for each of the 100 steps.
    assert most < 10


def test_a_used_tape_cannot_be_used_again() -> None:
    x = leaf(1.0)
    y = ops.exp(x)
    loss = y.sum()
    backward(loss)
    for again in (loss, (y * 2.0).sum()):
        with pytest.raises(SpaceError, match=r"whose tape was used.*run forward again"):
            backward(again)
        with pytest.raises(SpaceError, match="whose tape was used"):
            gradient(again, [x])
    np.testing.assert_allclose(x.grad, [np.e])


# -- recording and accumulation ----------------------------------------------------------------------------
def test_no_grad_keeps_no_tape_and_ends_with_its_block() -> None:
    x = leaf(1.0)
    with no_grad():
        with no_grad():
            pass
        y = x * 2.0
    assert not y.requires_grad
    assert y.record is None
    with pytest.raises(ZeroDivisionError), no_grad():
        raise ZeroDivisionError
    assert (x * 2.0).requires_grad


def test_constants_are_not_recorded() -> None:
    assert (Tensor([1.0]) * 2.0).record is None
    x = leaf(1.0)
    assert x.detach().requires_grad is False
    assert x.detach().data is x.data


def test_two_backward_calls_add_up(rng: np.random.Generator) -> None:
    x = signal(rng)
    for times in (1, 2, 3):
        backward(ops.inner_product(x, x))
        np.testing.assert_allclose(x.grad, 2 * times * x.data)


def test_the_first_gradient_is_a_copy() -> None:
    x = leaf(1.0)
    seed = Tensor(np.array([5.0]))
    backward(x, seed)
    x.grad += 1
    assert seed.data[0] == 5.0


def test_gradient_leaves_grad_alone_and_keeps_the_tape() -> None:
    x, unused = leaf(3.0), leaf(1.0)
    y = x * x
    loss = (y * x).sum()
    for _ in range(2):
        of_x, of_y, of_unused = gradient(loss, [x, y, unused])
        np.testing.assert_allclose([of_x.data, of_y.data, of_unused.data], [[27.0], [3.0], [0.0]])
    assert x.grad is None
    assert not of_x.requires_grad


def test_observer_sees_every_operation_inside_its_block_only() -> None:
    seen = []
    x = leaf(1.0, 2.0)
    with observe(lambda op, out, inputs, parameters: seen.append((op.name, out.shape, inputs, parameters))):
        y = OPS["scale_by"](x, factor=3.0)
        with no_grad():
            y.sum()
    y.sum()
    assert [(name, shape) for name, shape, _, _ in seen] == [("scale_by", (2,)), ("sum", ())]
    assert seen[0][2][0] is x
    assert seen[0][3] == {"factor": 3.0}


# -- gradients of gradients -----------------------------------------------------------------------------
def test_third_derivative_of_a_power() -> None:
    x = leaf(2.0, -1.5)
    value = x * x * x * x
    for factor, exponent in ((4, 3), (12, 2), (24, 1)):
        (value,) = gradient(value.sum(), [x], create_graph=True)
        np.testing.assert_allclose(value.data, factor * x.data**exponent)


def test_hessian_of_a_quadratic_form(rng: np.random.Generator) -> None:
    a = rng.standard_normal((4, 4))
    x, v = Tensor(rng.standard_normal((1, 4)), requires_grad=True), rng.standard_normal((1, 4))
    (g,) = gradient(((x @ Tensor(a)) * x).sum(), [x], create_graph=True)
    (h,) = gradient((g * v).sum(), [x])
    np.testing.assert_allclose(h.data, v @ (a + a.T))


def test_gradient_of_a_spectrums_power_and_its_hessian(rng: np.random.Generator) -> None:
    x, v = signal(rng), signal(rng, requires_grad=False)
    (g,) = gradient(ops.inner_product(x, x), [x], create_graph=True)
    np.testing.assert_allclose(g.data, 2 * x.data)
    (h,) = gradient(ops.inner_product(g, v), [x])
    np.testing.assert_allclose(h.data, 2 * v.data)


def test_penalty_on_a_gradient_reaches_the_parameters() -> None:
    x, w = leaf(1.5), leaf(2.0)
    (g,) = gradient((w * x * x).sum(), [x], create_graph=True)
    backward((g * g).sum())
    # |2 w x|^2 has the derivatives 8 w x^2 and 8 w^2 x.
    np.testing.assert_allclose([w.grad[0], x.grad[0]], [8 * 2 * 1.5**2, 8 * 4 * 1.5])


def test_a_step_against_the_gradient_lowers_the_loss_of_a_spectrum(rng: np.random.Generator) -> None:
    x, target = signal(rng), signal(rng, requires_grad=False)
    loss = lambda x: ops.sobolev_error(ops.multiply(x, x), target, 0.5)
    before = loss(x)
    backward(before)
    length = SPACE.vdot(x.grad, x.grad)
    for step in (1e-3, 1e-5):
        after = loss(Tensor(x.data - step * x.grad, SPACE)).item()
        assert after < before.item()
    # To first order the loss decreases by the step times the squared length, in Parseval's inner product.
    assert (before.item() - after) / 1e-5 == pytest.approx(length, rel=1e-2)


# -- messages ------------------------------------------------------------------------------------------
def test_backward_needs_a_scalar_with_a_history(rng: np.random.Generator) -> None:
    with pytest.raises(SpaceError, match="a scalar; sum it, or pass a cotangent"):
        backward(leaf(1.0, 2.0) * 2.0)
    with pytest.raises(SpaceError, match="a scalar"):
        backward(signal(rng) * 2.0)
    with pytest.raises(SpaceError, match=r"without history.*no_grad\(\)"):
        backward(Tensor(1.0))
    with pytest.raises(SpaceError, match="expected one number"):
        leaf(1.0, 2.0).item()


def test_cotangent_must_be_of_the_outputs_kind(rng: np.random.Generator) -> None:
    x = signal(rng)
    out = x * 2.0
    wrong = (Tensor(x.data[..., :1], SPACE), Tensor(x.data.real), signal(rng, Fourier.on((5, 3))))
    for cotangent in wrong:
        with pytest.raises(SpaceError, match=r"cotangent: got .* pass Tensor\(array, output.cotangent\)"):
            backward(out, cotangent)


@pytest.mark.parametrize(
    ("space", "words"),
    [
        (Grid.on((5, 4)), "grid signal, grid 5x4"),
        (Fourier.on((5, 3)), "fourier signal, grid 5x3"),
        (Fourier.on((5, 4), (1, 1)), "band 1x1"),
        (Fourier.on((5, 4), kind="response"), "fourier response"),
    ],
)
def test_spaces_cannot_be_mixed(space: Space, words: str, rng: np.random.Generator) -> None:
    other = Tensor(space.random(np.empty((*space.shape, 2, 3), space.dtype(float)), rng), space)
    with pytest.raises(SpaceError, match=f"add: got fourier signal, grid 5x4, band 2x1 and .*{words}"):
        signal(rng) + other


def test_spectra_are_not_plain_numbers(rng: np.random.Generator) -> None:
    for operation in (lambda x: x.sum(), lambda x: x.reshape(-1), lambda x: x @ x, lambda x: x / x):
        with pytest.raises(SpaceError, match=r"expected (plain numbers|samples)"):
            operation(signal(rng))


def test_an_op_name_is_taken_only_once() -> None:
    with pytest.raises(ValueError, match="op name: got 'add', expected a new name"):
        register(OPS["add"])


def test_plain_numbers_are_a_euclidean_space(rng: np.random.Generator) -> None:
    a = np.array([1.0, 2.0], np.float32)
    assert EUCLIDEAN.vdot(a, a) == 5.0
    assert EUCLIDEAN.project(a) is a
    assert EUCLIDEAN.random(a, rng).dtype == np.float32
    assert Tensor(a).inner_product is EUCLIDEAN
