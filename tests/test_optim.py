"""Optimisers against formulas written out again here and against PyTorch; clipping; schedules; errors."""

from __future__ import annotations

import dataclasses
import math
import tracemalloc
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from freqnet.errors import CheckpointError, ConfigurationError, ShapeError
from freqnet.optim import (
    SGD,
    Adam,
    AdamW,
    Constant,
    Cosine,
    Momentum,
    OneCycle,
    Optimizer,
    clip_gradients,
)

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


# The references: one parameter, textbook formulas, nothing shared with the library.
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
}
every_optimizer = pytest.mark.parametrize("case", CASES)


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


@every_optimizer
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
    # A parameter that misses some gradients keeps its own count of updates in both.
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


@every_optimizer
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
    run(first, stopped, grads[4:])  # must not reach into what was saved
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


@every_optimizer
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


def test_constant() -> None:
    assert [Constant(0.3)(step) for step in (0, 7, 10**9)] == [0.3] * 3


def test_cosine_pieces() -> None:
    schedule = Cosine(2.0, steps=50, warmup=10, final=0.5)
    values = [schedule(step) for step in range(60)]
    assert values[0] == pytest.approx(2.0 / 11)
    np.testing.assert_allclose(np.diff(values[:11]), 2.0 / 11)
    assert values[10] == max(values) == 2.0
    assert all(np.diff(values[10:51]) < 0)
    assert values[30] == pytest.approx(1.25)
    assert values[50:] == [0.5] * 10
    for step in range(10, 51):
        assert values[step] == pytest.approx(0.5 + 0.75 * (1 + math.cos(math.pi * (step - 10) / 40)))
    plain = Cosine(1.0, steps=4)
    assert (plain(0), plain(4), plain(5)) == (1.0, 0.0, 0.0)
    assert plain(3) > 0


def test_one_cycle_pieces() -> None:
    schedule = OneCycle(2.0, steps=100, warmup_fraction=0.3, start_divisor=10, final_divisor=100)
    values = [schedule(step) for step in range(120)]
    assert values[0] == pytest.approx(0.2)
    assert values[30] == max(values) == 2.0
    assert all(np.diff(values[:31]) > 0)
    assert all(np.diff(values[30:101]) < 0)
    assert values[15] == pytest.approx(1.1)
    assert values[65] == pytest.approx((2.0 + 0.002) / 2)
    assert values[100:] == pytest.approx([0.002] * 20, rel=1e-12)
    assert OneCycle(2.0, steps=10, warmup_fraction=0.0)(0) == 2.0


def test_one_cycle_matches_torch() -> None:
    torch = pytest.importorskip("torch")
    schedule, steps = OneCycle(0.5, steps=40), 40
    optimizer = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=0.1)
    # PyTorch ends at its last update and peaks one before its fraction: 41 updates there are our 0 to 40.
    theirs = torch.optim.lr_scheduler.OneCycleLR(
        optimizer, max_lr=0.5, total_steps=steps + 1, pct_start=(0.3 * steps + 1) / (steps + 1)
    )
    for step in range(steps + 1):
        assert schedule(step) == pytest.approx(optimizer.param_groups[0]["lr"], rel=1e-12)
        optimizer.step()
        if step < steps:
            theirs.step()


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Constant(-1.0), "rate: got -1.0"),
        (lambda: Constant(math.nan), "rate: got nan"),
        (lambda: Cosine(1.0, 0), r"steps: got 0, expected a number in \[1, inf\)"),
        (lambda: Cosine(1.0, wrong(2.5)), "steps: got 2.5, expected a whole number"),
        (lambda: Cosine(1.0, 10, warmup=10), r"warmup: got 10, expected a number in \[0, 10\)"),
        (lambda: Cosine(1.0, 10, final=-0.1), "final: got -0.1"),
        (lambda: Cosine(math.inf, 10), "rate: got inf"),
        (lambda: OneCycle(math.nan, 10), "rate: got nan"),
        (lambda: OneCycle(1.0, 0), "steps: got 0"),
        (lambda: OneCycle(1.0, 10, warmup_fraction=1.0), "warmup_fraction: got 1.0"),
        (lambda: OneCycle(1.0, 10, start_divisor=0.5), "start_divisor: got 0.5"),
        (lambda: OneCycle(1.0, 10, final_divisor=0.0), "final_divisor: got 0.0"),
        (lambda: Cosine(1.0, 10)(-1), "step: got -1"),
        (lambda: OneCycle(1.0, 10)(-1), "step: got -1"),
        (lambda: Constant(1.0)(-1), "step: got -1"),
    ],
)
def test_unusable_schedules(make: Callable[[], Any], message: str) -> None:
    with pytest.raises(ConfigurationError, match=message):
        make()


@pytest.mark.parametrize("schedule", [Constant(1.0), Cosine(1.0, 9), OneCycle(1.0, 9)])
def test_schedules_are_frozen(schedule: Any) -> None:
    with pytest.raises(dataclasses.FrozenInstanceError):
        schedule.rate = 2.0
    assert schedule == dataclasses.replace(schedule)
