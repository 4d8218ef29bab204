"""Losses and arithmetic compare like with like: what does not fit is refused, never repeated."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes

from freqnet import ops
from freqnet.autodiff import Tensor, gradient
from freqnet.errors import ConfigurationError, DataError, FreqnetError, ShapeError, SpaceError
from freqnet.spaces import Fourier, Grid, Laplace

RNG = np.random.default_rng(0)
SPACE = Fourier.on(5)
SAMPLES = RNG.normal(size=(3, 5, 2))
SIGNAL = ops.analysis(SAMPLES, SPACE)


@given(array_shapes(min_dims=0, max_dims=3, max_side=4), array_shapes(min_dims=0, max_dims=3, max_side=4), st.data())
def test_mean_squared_error_is_the_mean_of_pairs_or_refused(shape: Any, other: Any, data: Any) -> None:
    """No target is repeated, except one number."""
    generator = np.random.default_rng(0)
    x, target = Tensor(generator.normal(size=shape), requires_grad=True), generator.normal(size=other)
    given_target = data.draw(st.sampled_from([target, Tensor(target), target.tolist()]))
    if other not in ((), shape):
        with pytest.raises(ShapeError, match=r"mean_squared_error: got a target of shape .*; reshape the target to"):
            ops.mean_squared_error(x, given_target)
        return
    loss = ops.mean_squared_error(x, given_target)
    assert loss.item() == pytest.approx(np.mean((x.data - target) ** 2), abs=1e-12)
    (g,) = gradient(loss, [x])
    assert g.data == pytest.approx(2 * (x.data - target) / max(1, x.data.size), abs=1e-12)


def test_columns_and_rows_are_not_compared_with_each_other() -> None:
    column, row = RNG.normal(size=(8, 1)), RNG.normal(size=8)
    with pytest.raises(ShapeError, match=r"target of shape \(8,\), expected .*\(8, 1\)"):
        ops.mean_squared_error(Tensor(column), Tensor(row))


@given(array_shapes(min_dims=0, max_dims=3, max_side=3), array_shapes(min_dims=0, max_dims=3, max_side=3))
def test_sums_and_products_repeat_one_side_only_where_ranks_differ(first: Any, second: Any) -> None:
    a, b = np.random.default_rng(0).normal(size=first), np.random.default_rng(1).normal(size=second)
    try:
        out = (a + b).shape
    except ValueError:
        out = None
    is_right = out is not None and (len(first) == len(second) or out in (first, second))
    for operation, wanted in ((lambda x, y: x + y, np.add), (lambda x, y: x * y, np.multiply)):
        if is_right:
            assert np.array_equal(operation(Tensor(a), Tensor(b)).data, wanted(a, b))
        else:
            with pytest.raises(ShapeError, match=r"expected (one shape|shapes that fit)"):
                operation(Tensor(a), Tensor(b))


LABELS: list[Any] = [
    [0, 2, 1],
    (0, 2, 1),
    np.array([0, 2, 1], np.uint8),
    np.array([0.0, 2.0, 1.0]),
    Tensor(np.array([0.0, 2.0, 1.0])),
    np.array([0, 2, 1], np.int32),
]


@pytest.mark.parametrize("labels", LABELS, ids=lambda v: f"{type(v).__name__}-{getattr(v, 'dtype', '')}")
@pytest.mark.parametrize("smoothing", [0.0, 0.1])
def test_whole_numbers_of_every_type_are_labels(labels: Any, smoothing: float) -> None:
    logits = Tensor(np.random.default_rng(2).normal(size=(3, 3)))
    log_p = logits.data - np.log(np.exp(logits.data).sum(axis=1, keepdims=True))
    wanted = -(1 - smoothing) * log_p[np.arange(3), [0, 2, 1]].mean() - smoothing * log_p.mean()
    assert ops.cross_entropy(logits, labels, smoothing).item() == pytest.approx(wanted, rel=1e-12)


def test_bools_are_the_classes_0_and_1() -> None:
    logits = Tensor(np.random.default_rng(2).normal(size=(3, 2)))
    found = ops.cross_entropy(logits, np.array([True, False, True]))
    assert found.item() == ops.cross_entropy(logits, [1, 0, 1]).item()


NUMBERS = Tensor(np.ones((2, 3)))
REFUSED: dict[str, tuple[Any, type[FreqnetError], str]] = {
    "fractions": (lambda: ops.cross_entropy(NUMBERS, [0.0, 1.5]), DataError, "labels: got 1.5, expected whole numbers"),
    "nan": (lambda: ops.cross_entropy(NUMBERS, [0.0, np.nan]), DataError, "labels: got nan"),
    "infinity": (lambda: ops.cross_entropy(NUMBERS, [0.0, np.inf]), DataError, "labels: got inf"),
    "text": (lambda: ops.cross_entropy(NUMBERS, ["a", "b"]), DataError, "labels: got an array of <U1.*return_inverse"),
    "objects": (lambda: ops.cross_entropy(NUMBERS, [None, 1]), DataError, "labels: got an array of object"),
    "complex": (lambda: ops.cross_entropy(NUMBERS, [0, 1j]), DataError, "labels: got an array of complex128"),
    "one-hot": (lambda: ops.cross_entropy(NUMBERS, np.eye(3)[:2]), ShapeError, r"pass labels.argmax\(axis=1\)"),
    "a column": (lambda: ops.cross_entropy(NUMBERS, [[0], [1]]), ShapeError, r"pass labels\[:, 0\]"),
    "a number": (lambda: ops.cross_entropy(NUMBERS, 1), ShapeError, "pass one label per example"),
    "logits of one axis": (lambda: ops.cross_entropy(Tensor([1.0]), [0]), ShapeError, r"logits: got shape \(1,\)"),
    "logits of a signal": (lambda: ops.cross_entropy(SIGNAL, [0]), SpaceError, "cross_entropy: got fourier signal"),
    "smoothing of text": (lambda: ops.cross_entropy(NUMBERS, [0, 1], "a"), ShapeError, "smoothing: got 'a'"),
    "array for a signal": (
        lambda: ops.mean_squared_error(SIGNAL, SAMPLES),
        SpaceError,
        r"a target that is a ndarray, expected fourier.*analysis\(samples, x.space\)",
    ),
    "numbers for a signal": (
        lambda: ops.mean_squared_error(SIGNAL, Tensor(np.ones((1, 2)))),
        SpaceError,
        "a target of plain numbers",
    ),
    "signal for numbers": (lambda: ops.mean_squared_error(NUMBERS, SIGNAL), SpaceError, "a target of fourier"),
    "another batch": (
        lambda: ops.mean_squared_error(SIGNAL, ops.analysis(SAMPLES[:1], SPACE)),
        ShapeError,
        r"a target of shape \(3, 1, 2\)",
    ),
    "another grid": (
        lambda: ops.mean_squared_error(SIGNAL, ops.analysis(SAMPLES, Grid.on(5))),
        SpaceError,
        "one space",
    ),
    "complex target": (lambda: ops.mean_squared_error(NUMBERS, np.ones((2, 3)) * 1j), SpaceError, "complex128"),
    "sobolev of channels": (
        lambda: ops.sobolev_error(SIGNAL, ops.analysis(SAMPLES[..., :1], SPACE)),
        ShapeError,
        "sobolev_error: got a target of shape",
    ),
    "sobolev of numbers": (lambda: ops.sobolev_error(NUMBERS, NUMBERS), SpaceError, "sobolev_error: got plain"),
    "sobolev order": (lambda: ops.sobolev_error(SIGNAL, SIGNAL, np.nan), ConfigurationError, "order: got nan"),
    "constants of another batch": (lambda: SIGNAL + Tensor(np.ones((4, 1))), ShapeError, r"\(3 or 1, 2 or 1\)"),
    "constants of other channels": (lambda: SIGNAL + Tensor(np.ones(3)), ShapeError, "constant: got shape"),
    "factors of another batch": (lambda: SIGNAL * Tensor(np.ones((4, 1))), ShapeError, "factors: got shape"),
}


@pytest.mark.parametrize("what", REFUSED)
def test_refused(what: str) -> None:
    call, error, message = REFUSED[what]
    with pytest.raises(error, match=message) as caught:
        call()
    assert "\n" not in str(caught.value)


def test_numbers_are_targets_of_signals_too() -> None:
    found = ops.mean_squared_error(SIGNAL, 0.5).item()
    assert found == pytest.approx(np.mean((SAMPLES - 0.5) ** 2))
    assert ops.sobolev_error(SIGNAL, 0.5, order=0.0).item() == pytest.approx(found)


# -- arrays of tensors -------------------------------------------------------------------------------
@pytest.mark.parametrize("array", [[1, 2], np.array([1, 2], np.uint8), np.array([True, False])], ids=str)
def test_whole_numbers_in_a_tensor_are_not_cut(array: Any) -> None:
    x = Tensor(array, requires_grad=True)
    out = (x * 0.5).sum()
    assert out.item() == 0.5 * np.sum(array)
    assert np.array_equal(gradient(out, [x])[0].data, [0.5, 0.5])


@pytest.mark.parametrize("space", [Fourier.on((4, 5)), Grid.on((4, 5)), Laplace.on(5), Fourier.on(5, 1)], ids=str)
@pytest.mark.parametrize("kind", ["signal", "response"])
def test_arrays_that_are_no_elements_of_their_space_are_refused(space: Any, kind: str) -> None:
    space = space if kind == "signal" else space.response()
    right = np.zeros((*space.shape, 7, 2), space.dtype(np.float64))
    assert Tensor(right, space).shape == right.shape
    other = right.real if np.iscomplexobj(right) else right * 1j
    wrong = [right[0], right[None], right[..., 0], other, right.real.astype(int), np.zeros((3, 2)), np.float64(1.0)]
    if not (isinstance(space, Grid) and kind == "response"):
        wrong += [right[1:], np.concatenate([right, right]), np.moveaxis(right, -2, 0)]
    for array in wrong:
        with pytest.raises(ShapeError, match=r"array of a tensor: got .*, expected .* numbers \(.*for ") as caught:
            Tensor(array, space)
        assert "\n" not in str(caught.value)


@pytest.mark.parametrize("array", [np.ones(2, complex), np.array(["a"]), np.array([None])], ids=str)
def test_plain_tensors_hold_real_numbers(array: np.ndarray) -> None:
    with pytest.raises(SpaceError, match="tensor: got an array of"):
        Tensor(array)
