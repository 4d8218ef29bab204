"""The state of an optimiser is restored bit by bit; an unusable state is refused."""

from __future__ import annotations

import copy
import pickle
from types import SimpleNamespace

import numpy as np
import pytest
from test_optim import CASES, SHAPES, Leaf, every_optimizer, gradients, leaves, run

from freqnet.errors import CheckpointError
from freqnet.optim import Adam, Momentum


@every_optimizer
def test_state_round_trip_is_bit_exact(case: str) -> None:
    make, grads = CASES[case][0], gradients(9)
    del grads[2]["gain"], grads[6]["conv.kernel"]
    straight, stopped = leaves(np.float32), leaves(np.float32)
    optimizer = make(straight, 0.3)
    run(optimizer, straight, grads[:4])
    optimizer.learning_rate = 0.07
    run(optimizer, straight, grads[4:])
    first = make(stopped, 0.3)
    run(first, stopped, grads[:4])
    first.learning_rate = 0.07
    saved = first.state()
    frozen = {name: array.copy() for name, array in saved.items()}
    resumed = {name: Leaf(leaf.data.copy()) for name, leaf in stopped.items()}
    run(first, stopped, grads[4:])  # must not change the saved state
    assert all((saved[name] == frozen[name]).all() for name in saved)
    second = make(resumed, 0.3)
    second.load_state(saved)
    run(second, resumed, grads[4:])
    for name, leaf in straight.items():
        assert leaf.data.tobytes() == resumed[name].data.tobytes()
    ended, expected = second.state(), optimizer.state()
    assert {n: a.tobytes() for n, a in ended.items()} == {n: a.tobytes() for n, a in expected.items()}


def test_without_the_state_the_run_differs() -> None:
    parameters, grads = leaves(), gradients(8)
    carried = Adam(parameters)
    run(carried, parameters, grads[:4])
    restarted = {name: Leaf(leaf.data.copy()) for name, leaf in parameters.items()}
    run(carried, parameters, grads[4:])
    run(Adam(restarted), restarted, grads[4:])
    for name, leaf in parameters.items():
        assert np.abs(leaf.data - restarted[name].data).max() > 1e-6


def test_state_names_and_types() -> None:
    optimizer = Momentum(leaves(np.float32), 0.5)
    optimizer.step()
    state = optimizer.state()
    slots = {f"{kind}/{name}" for kind in ("momentum", "updates") for name in SHAPES}
    assert set(state) == slots | {"step", "learning_rate"}
    assert state["step"].dtype == np.int64
    assert (state["step"], state["learning_rate"], state["updates/gain"]) == (1, 0.5, 0)
    assert state["momentum/conv.kernel"].shape == SHAPES["conv.kernel"]
    assert state["momentum/conv.kernel"].dtype == np.float32
    numbered = Momentum(leaves().values(), 0.5).state()
    assert "momentum/3" in numbered


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"momentum/gain": None}, r"'momentum/gain': got nothing, expected float32 \(\)"),
        ({"momentum/extra": np.zeros(3)}, r"'momentum/extra': got float64 \(3,\), expected nothing"),
        (
            {"momentum/conv.bias": np.zeros(3, "f4")},
            r"conv.bias': got float32 \(3,\), expected float32 \(4,\)",
        ),
        ({"momentum/conv.bias": np.zeros(4, "c8")}, r"conv.bias': got complex64 \(4,\)"),
        ({"momentum/conv.bias": np.zeros(4)}, r"conv.bias': got float64 \(4,\), expected float32"),
        ({"step": np.array(1.5)}, r"'step': got float64 \(\), expected int64 \(\)"),
        ({"updates/gain": np.array(-1)}, "'updates/gain': got -1, expected a finite number, zero or more"),
        ({"learning_rate": np.array(np.nan)}, "'learning_rate': got nan, expected a finite number"),
    ],
)
def test_a_wrong_state_changes_nothing(change: dict[str, np.ndarray | None], message: str) -> None:
    parameters = leaves(np.float32)
    optimizer = Momentum(parameters, 0.1)
    run(optimizer, parameters, gradients(2))
    before = {name: array.tobytes() for name, array in optimizer.state().items()}
    altered = {name: array + 1 for name, array in optimizer.state().items()} | change
    damaged = {name: array for name, array in altered.items() if array is not None}
    with pytest.raises(CheckpointError, match=message):
        optimizer.load_state(damaged)
    assert {name: array.tobytes() for name, array in optimizer.state().items()} == before


def test_a_copy_goes_on_with_vectors_of_its_own():
    w = SimpleNamespace(data=np.ones(3), grad=np.array([1.0, 2.0, 3.0]))
    optimizer = Adam([w], learning_rate=0.1)
    optimizer.step()
    for other in (copy.deepcopy(optimizer), pickle.loads(pickle.dumps(optimizer))):
        before = optimizer.state()
        other.step()
        assert all(np.array_equal(before[name], array) for name, array in optimizer.state().items())
        after = other.state()
        assert after["step"] == 2
        assert not np.array_equal(after["gradient_sum/0"], before["gradient_sum/0"])
