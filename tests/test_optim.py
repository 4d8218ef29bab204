"""Optimisers agree with textbook formulas written out here, and with PyTorch.

The other tests of optimisers import their helpers from this file.
"""

from __future__ import annotations

import dataclasses
import tracemalloc
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from freqnet import kernels
from freqnet.errors import ConfigurationError
from freqnet.optim import SGD, Adam, AdamW, Cosine, Momentum, Muon, Optimizer

SHAPES = {"conv.kernel": (3, 4, 2), "conv.bias": (4,), "head.weight": (5, 3), "gain": ()}


@dataclasses.dataclass(eq=False)
class Leaf:
    data: np.ndarray
    grad: np.ndarray | None = None


def wrong(value: Any) -> Any:
    """Hide from the type checker that a test passes the wrong type on purpose."""
    return value


def leaves(dtype: Any = np.float64, seed: int = 0) -> dict[str, Leaf]:
    rng = np.random.default_rng(seed)
    return {name: Leaf(np.asarray(rng.normal(size=shape), dtype)) for name, shape in SHAPES.items()}


def gradients(count: int, seed: int = 1) -> list[dict[str, np.ndarray]]:
    rng = np.random.default_rng(seed)
    return [{name: np.asarray(rng.normal(size=s)) for name, s in SHAPES.items()} for _ in range(count)]


def run(optimizer: Optimizer, parameters: dict[str, Leaf], grads: list[dict[str, np.ndarray]]) -> None:
    for step in grads:
        for name, leaf in parameters.items():
            leaf.grad = step[name].astype(leaf.data.dtype) if name in step else None
        optimizer.step()


# The references: textbook formulas for one parameter, which share nothing with the library.
def reference_sgd(w: np.ndarray, gs: list[np.ndarray], wd: float, rate: float = 0.1) -> np.ndarray:
    for g in gs:
        w = w - rate * (g + wd * w)
    return w


def reference_momentum(
    w: np.ndarray, gs: list[np.ndarray], wd: float, nesterov: bool, rate: float = 0.1, mu: float = 0.8
) -> np.ndarray:
    v = 0 * w
    for g in gs:
        g = g + wd * w
        v = mu * v + g
        w = w - rate * (g + mu * v if nesterov else v)
    return w


def reference_adam(
    w: np.ndarray, gs: list[np.ndarray], wd: float, decoupled: bool = False, corrected: bool = True
) -> np.ndarray:
    rate, b1, b2, eps = 0.1, 0.8, 0.95, 1e-3
    m, v = 0 * w, 0 * w
    for t, g in enumerate(gs, 1):
        if decoupled:
            w = w - rate * wd * w
        else:
            g = g + wd * w
        m = b1 * m + (1 - b1) * g
        v = b2 * v + (1 - b2) * g**2
        c1, c2 = (1 - b1**t, 1 - b2**t) if corrected else (1.0, 1.0)
        w = w - rate * (m / c1) / (np.sqrt(v / c2) + eps)
    return w


def reference_muon(
    w: np.ndarray,
    gs: list[np.ndarray],
    wd: float,
    nesterov: bool = True,
    iterations: int = 5,
    is_wide: bool = False,
) -> np.ndarray:
    """By the singular values of the velocity, each of which goes through the polynomial of Newton and Schulz."""
    rate, mu, v = 0.1, 0.8, 0 * w
    shape = (w.shape[0], -1) if is_wide else (-1, w.shape[-1])
    for g in gs:
        w = w - rate * wd * w
        v = mu * v + g
        left, values, right = np.linalg.svd((g + mu * v if nesterov else v).reshape(shape), full_matrices=False)
        values = values / np.sqrt((values**2).sum())
        for _ in range(iterations):
            values = 3.4445 * values - 4.775 * values**3 + 2.0315 * values**5
        step = (left * values) @ right
        w = w - rate * 0.2 * np.sqrt(max(step.shape)) * step.reshape(w.shape)
    return w


ADAM: dict[str, Any] = {"learning_rate": 0.1, "betas": (0.8, 0.95), "epsilon": 1e-3}
Make = Callable[[Any, float], Optimizer]
CASES: dict[str, tuple[Make, Callable[..., np.ndarray]]] = {
    "sgd": (lambda p, wd: SGD(p, 0.1, wd), reference_sgd),
    "momentum": (
        lambda p, wd: Momentum(p, 0.1, 0.8, weight_decay=wd),
        lambda w, gs, wd: reference_momentum(w, gs, wd, False),
    ),
    "nesterov": (
        lambda p, wd: Momentum(p, 0.1, 0.8, nesterov=True, weight_decay=wd),
        lambda w, gs, wd: reference_momentum(w, gs, wd, True),
    ),
    "adam": (lambda p, wd: Adam(p, **ADAM, weight_decay=wd), reference_adam),
    "adamw": (
        lambda p, wd: AdamW(p, **ADAM, weight_decay=wd),
        lambda w, gs, wd: reference_adam(w, gs, wd, decoupled=True),
    ),
    # Of the arrays above, the kernel is a matrix; the weight is that of the last layer.
    "muon": (
        lambda p, wd: Muon(p, momentum=0.8, **ADAM, weight_decay=wd),
        lambda w, gs, wd: reference_muon(w, gs, wd) if w.ndim == 3 else reference_adam(w, gs, wd, decoupled=True),
    ),
}
every_optimizer = pytest.mark.parametrize("case", CASES)
every_rule_of_entries = pytest.mark.parametrize("case", [case for case in CASES if case != "muon"])


@every_optimizer
@pytest.mark.parametrize("weight_decay", [0.0, 0.3])
@pytest.mark.parametrize(("dtype", "tolerance"), [(np.float64, 1e-13), (np.float32, 1e-5)])
def test_matches_the_formula(case: str, weight_decay: float, dtype: Any, tolerance: float) -> None:
    make, reference = CASES[case]
    parameters, start, grads = leaves(dtype), leaves(dtype), gradients(12)
    run(make(parameters, weight_decay), parameters, grads)
    for name, leaf in parameters.items():
        decay = weight_decay if len(SHAPES[name]) >= 2 else 0.0
        expected = reference(start[name].data.astype(np.float64), [g[name] for g in grads], decay)
        np.testing.assert_allclose(leaf.data, expected, rtol=tolerance, atol=tolerance)


def test_a_wrong_formula_does_not_match() -> None:
    parameters, start, grads = leaves(), leaves(), gradients(12)
    run(Adam(parameters, **ADAM, weight_decay=0.3), parameters, grads)
    name = "conv.kernel"
    found, w, gs = parameters[name].data, start[name].data, [g[name] for g in grads]
    np.testing.assert_allclose(found, reference_adam(w, gs, 0.3), rtol=1e-12)
    for mistaken in (
        reference_adam(w, gs, 0.3, corrected=False),
        reference_adam(w, gs, 0.3, decoupled=True),
        reference_adam(w, gs, 0.0),
        reference_adam(w, gs[:-1], 0.3),
    ):
        assert np.abs(found - mistaken).max() > 1e-3


@every_rule_of_entries
def test_matches_torch(case: str) -> None:
    torch = pytest.importorskip("torch")
    start, grads = leaves(), gradients(12)
    tensors = {name: torch.nn.Parameter(torch.tensor(leaf.data)) for name, leaf in start.items()}
    decays = [len(SHAPES[name]) >= 2 for name in tensors]
    groups = [
        {"params": [t for t, d in zip(tensors.values(), decays, strict=True) if d is on], "weight_decay": wd}
        for on, wd in ((True, 0.3), (False, 0.0))
    ]
    adam = {"lr": 0.1, "betas": (0.8, 0.95), "eps": 1e-3}
    theirs = {
        "sgd": lambda: torch.optim.SGD(groups, lr=0.1),
        "momentum": lambda: torch.optim.SGD(groups, lr=0.1, momentum=0.8),
        "nesterov": lambda: torch.optim.SGD(groups, lr=0.1, momentum=0.8, nesterov=True),
        "adam": lambda: torch.optim.Adam(groups, **adam),
        "adamw": lambda: torch.optim.AdamW(groups, **adam),
    }[case]()
    # Both count the updates of each parameter separately, where gradients are missing.
    for i in (0, 1, 5):
        del grads[i]["head.weight"]
    for step in grads:
        for name, tensor in tensors.items():
            tensor.grad = torch.tensor(step[name]) if name in step else None
        theirs.step()
    run(CASES[case][0](start, 0.3), start, grads)
    for name, tensor in tensors.items():
        np.testing.assert_allclose(start[name].data, tensor.detach().numpy(), rtol=1e-12, atol=1e-13)


@every_optimizer
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_updates_in_place(case: str, dtype: Any) -> None:
    parameters = leaves(dtype)
    parameters["head.weight"].data = np.asfortranarray(parameters["head.weight"].data)
    before = {name: (leaf.data, leaf.data.ctypes.data, leaf.data.copy()) for name, leaf in parameters.items()}
    run(CASES[case][0](parameters, 0.3), parameters, gradients(3))
    for name, leaf in parameters.items():
        array, address, old = before[name]
        assert leaf.data is array
        assert leaf.data.ctypes.data == address
        assert leaf.data.dtype == dtype
        assert (leaf.data != old).all()


@pytest.mark.skipif(kernels.KERNEL == "numpy", reason="NumPy allocates results of expressions")
@every_rule_of_entries
def test_step_leaves_gradients_alone_and_allocates_next_to_nothing(case: str) -> None:
    leaf = Leaf(np.ones((400, 500), np.float32), np.full((400, 500), 0.5, np.float32))
    optimizer = CASES[case][0]([leaf], 0.3)
    optimizer.step()
    tracemalloc.start()
    optimizer.step()
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < leaf.data.nbytes / 10
    assert leaf.grad is not None
    assert (leaf.grad == 0.5).all()


@every_optimizer
def test_missing_gradients_are_skipped(case: str) -> None:
    make, reference = CASES[case]
    parameters, start, grads = leaves(), leaves(), gradients(8)
    for i in (0, 3, 4):
        del grads[i]["conv.kernel"]
    run(make(parameters, 0.3), parameters, grads)
    for name, leaf in parameters.items():
        decay = 0.3 if len(SHAPES[name]) >= 2 else 0.0
        expected = reference(start[name].data, [g[name] for g in grads if name in g], decay)
        np.testing.assert_allclose(leaf.data, expected, rtol=1e-12, atol=1e-13)


def test_no_gradient_at_all_changes_only_the_step_count() -> None:
    parameters = leaves()
    before = {name: leaf.data.copy() for name, leaf in parameters.items()}
    optimizer = AdamW(parameters, weight_decay=0.5)
    optimizer.step()
    assert all((leaf.data == before[name]).all() for name, leaf in parameters.items())
    assert optimizer.state()["step"] == 1


def test_clear_gradients() -> None:
    parameters = leaves()
    optimizer = SGD(parameters, 0.1)
    run(optimizer, parameters, gradients(1))
    optimizer.clear_gradients()
    assert [leaf.grad for leaf in parameters.values()] == [None] * len(SHAPES)


def test_mixed_precision_parameters_keep_their_dtype() -> None:
    parameters, start, grads = leaves(), leaves(), gradients(5)
    parameters["gain"].data = start["gain"].data.astype(np.float32)
    run(Adam(parameters, **ADAM), parameters, grads)
    assert parameters["gain"].data.dtype == np.float32
    for name, leaf in parameters.items():
        expected = reference_adam(start[name].data, [g[name] for g in grads], 0.0)
        np.testing.assert_allclose(leaf.data, expected, rtol=1e-5)


@pytest.mark.parametrize("decay", [{"gain"}, ["gain"], lambda name: name == "gain"])
def test_decay_chooses_by_name(decay: Any) -> None:
    parameters = leaves()
    before = {name: leaf.data.copy() for name, leaf in parameters.items()}
    zero = {name: np.zeros(shape) for name, shape in SHAPES.items()}
    run(SGD(parameters, 0.5, weight_decay=1.0, decay=decay), parameters, [zero])
    for name, leaf in parameters.items():
        np.testing.assert_array_equal(leaf.data, before[name] * (0.5 if name == "gain" else 1.0))


@every_rule_of_entries
def test_converges_on_a_quadratic(case: str) -> None:
    rng = np.random.default_rng(3)
    target, scale = rng.normal(size=(6, 2)), np.geomspace(0.5, 5, 12).reshape(6, 2)
    leaf = Leaf(np.zeros((6, 2)))
    optimizer = CASES[case][0]([leaf], 0.0)
    schedule = Cosine(0.1, 300)
    for step in range(300):
        optimizer.learning_rate = schedule(step)
        leaf.grad = scale * (leaf.data - target)
        optimizer.step()
    assert np.abs(leaf.data - target).max() < 1e-3


def test_learning_rate_is_settable() -> None:
    leaf = Leaf(np.zeros(1, np.float32), np.ones(1, np.float32))
    optimizer = SGD([leaf], 0.5)
    optimizer.learning_rate = np.float64(0.25)
    assert optimizer.learning_rate == 0.25
    optimizer.step()
    assert leaf.data == np.float32(-0.25)
    with pytest.raises(ConfigurationError, match="learning_rate: got -1"):
        optimizer.learning_rate = -1
    assert optimizer.learning_rate == 0.25
