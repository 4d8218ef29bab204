"""Optimisers refuse wrong arguments, parameters and gradients, and change nothing then."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from test_optim import SHAPES, Leaf, leaves, wrong

from freqnet.errors import ConfigurationError, ShapeError
from freqnet.optim import SGD, Adam, AdamW, Momentum, Optimizer, clip_gradients


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda p: SGD(p, -0.1), r"learning_rate: got -0.1, expected a number in \[0, inf\)"),
        (lambda p: SGD(p, math.nan), "learning_rate: got nan"),
        (lambda p: SGD(p, math.inf), "learning_rate: got inf"),
        (lambda p: SGD(p, wrong("fast")), "learning_rate: got 'fast'"),
        (lambda p: SGD(p, 0.1, weight_decay=-1), "weight_decay: got -1"),
        (lambda p: Momentum(p, 0.1, momentum=1.0), r"momentum: got 1.0, expected a number in \[0, 1\)"),
        (lambda p: Momentum(p, 0.1, momentum=math.nan), "momentum: got nan"),
        (lambda p: Adam(p, betas=(1.0, 0.9)), r"betas\[0\]: got 1.0"),
        (lambda p: Adam(p, betas=(0.9, -0.1)), r"betas\[1\]: got -0.1"),
        (lambda p: Adam(p, betas=wrong(0.9)), "betas: got 0.9, expected two numbers"),
        (lambda p: AdamW(p, betas=wrong((0.9, 0.9, 0.9))), "betas: got .*, expected two numbers"),
        (lambda p: AdamW(p, epsilon=0.0), "epsilon: got 0.0"),
        (lambda p: AdamW(p, weight_decay=math.nan), "weight_decay: got nan"),
        (lambda p: AdamW(p, decay={"gian"}), "decay: got {'gian'}, expected .*'gain'"),
        (lambda p: AdamW(p, decay="gain"), "decay: got 'gain'"),
        (lambda p: AdamW(p, decay=wrong(3)), "decay: got 3"),
        (lambda p: SGD({}, 0.1), "parameters: got none"),
        (lambda p: SGD(wrong([np.zeros(3)]), 0.1), "parameter '0': got ndarray"),
        (
            lambda p: SGD([Leaf(np.zeros(3, np.complex64))], 0.1),
            "parameter '0': got complex64, expected .*real",
        ),
        (lambda p: SGD({"k": Leaf(np.zeros(3, np.int64))}, 0.1), "parameter 'k': got int64"),
        (lambda p: SGD([Leaf(np.broadcast_to(0.0, 3))], 0.1), "parameter '0': got float64, read-only"),
        (lambda p: SGD([p["gain"], p["gain"]], 0.1), "parameter '1': got the array of '0' again"),
    ],
)
def test_unusable_arguments(make: Callable[[Any], Optimizer], message: str) -> None:
    with pytest.raises(ConfigurationError, match=message):
        make(leaves())


@pytest.mark.parametrize(
    ("grad", "message"),
    [
        (
            np.zeros(1),
            r"gradient of 'gain': got float64 of shape \(1,\), expected a real array of shape \(\)",
        ),
        (np.zeros((), np.complex128), "gradient of 'gain': got complex128"),
        (1.0, r"gradient of 'gain': got float of shape \(\)"),
    ],
)
def test_a_wrong_gradient_changes_no_parameter(grad: Any, message: str) -> None:
    parameters = leaves()
    optimizer = Adam(parameters)
    for name, leaf in parameters.items():
        leaf.grad = np.ones(SHAPES[name])
    parameters["gain"].grad = grad
    before = {name: leaf.data.copy() for name, leaf in parameters.items()}
    for act in (optimizer.step, lambda: clip_gradients(parameters, 1e-3)):
        with pytest.raises(ShapeError, match=message):
            act()
    assert all((leaf.data == before[name]).all() for name, leaf in parameters.items())
    assert (parameters["conv.bias"].grad == 1).all()
    assert optimizer.state()["step"] == 0


def test_the_base_class_has_no_rule() -> None:
    with pytest.raises(NotImplementedError):
        Optimizer([Leaf(np.zeros(1), np.zeros(1))], 0.1).step()
