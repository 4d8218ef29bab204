"""Plans: a network as kernel calls in a row gives the results and the gradients of the tape."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from freqnet import kernels, nn, ops
from freqnet.autodiff import Tensor, backward
from freqnet.spaces import Space, get_domain

pytestmark = pytest.mark.skipif(kernels.KERNEL == "numpy", reason="plans are made of kernels in C")
GRIDS = ((9,), (8,), (7, 6), (8, 8), (5, 12), (4, 5, 6))
WAVES = ("fourier", "fourier", "fourier", "hartley", "grid")
# Small grids: rounding in node domains grows with the square of the condition number.
NODES = ("laplace", "laplace", "laplace:nodes=0.9,0.4,0.0,-0.4,-0.9", "laplace:factored", "damped")
NODE_GRIDS = ((5,), (4, 5), (5, 5), (3, 6), (3, 3, 4))


def random_body(generator: np.random.Generator, space: Space) -> nn.Sequential:
    """A random network of layers with and without rules of their own."""
    pick = lambda *choices: choices[generator.integers(len(choices))]
    layers: list[nn.Module] = []
    room: Any = {"boundary": "modulo"} if space.has_nodes else {}
    for _ in range(generator.integers(1, 4)):
        width = int(generator.integers(1, 6))
        bias, statistics = bool(generator.integers(2)), pick("batch", "batch", "sample")
        block: list[nn.Module] = [
            nn.Convolution(width, int(pick(1, 2, 3)), pick("taps", "spectral", "sinc"), **room, bias=bias)
        ]
        block.append(nn.PowerNorm(statistics))
        block.append(
            pick(
                nn.Polynomial(),
                nn.Polynomial((0.1, 1.0)),
                nn.Polynomial((0.0, 1.0, 0.2, 0.05)),
                nn.Polynomial(gate_band=1),
                nn.Gaussian(),
                nn.Gaussian(statistics="batch"),
                nn.Gaussian("gelu", degree=1),
                nn.Gaussian(degree=3),
                nn.Linearized("sigmoid"),
            )
        )
        layers.append(nn.Residual(nn.Sequential(tuple(block)))) if generator.integers(4) == 0 else layers.extend(block)
        if space.is_spectral and generator.integers(2):
            layers.append(pick(nn.TruncationPool(3), nn.LowPass(1)))
    layers += (
        pick([nn.Dense(3)], [nn.PowerNorm(), nn.Dense(3)], [nn.GlobalAverage(), nn.Dense(3)])
        if space.has_nodes
        else pick(
            [nn.Dense(3)],
            [nn.PowerNorm(), nn.Dense(3)],
            [nn.GlobalAverage(), nn.Dense(3)],
            [nn.PowerSpectrum(), nn.Dense(3)],
        )
    )
    return nn.Sequential(tuple(layers))


def random_network(
    seed: int, precision: Any = np.float64, domains: tuple = WAVES, grids: tuple = GRIDS
) -> tuple[nn.Network, Tensor, np.ndarray]:
    """A random network in training mode with an input and labels."""
    generator = np.random.default_rng(seed)
    domain, grid = (choices[generator.integers(len(choices))] for choices in (domains, grids))
    space = get_domain(domain)(grid)
    most = space.largest_band if space.has_nodes else tuple((n - 1) // 2 for n in grid)
    band = tuple(int(generator.integers(1, m + 1)) for m in most)
    door = nn.Door(domain, grid, band, int(generator.integers(1, 4)))
    network = nn.Network(door, random_body(generator, space), seed, precision)
    samples = generator.normal(size=(int(generator.integers(1, 9)), *grid, door.channels))
    network.body.train()
    return network, network.analyse(samples), generator.integers(0, 3, len(samples))


def by_tape(network: nn.Network, x: Tensor, labels: np.ndarray) -> tuple[float, dict[str, np.ndarray]]:
    """The loss and the gradients that the tape finds."""
    parameters = network.named_parameters()
    for p in parameters.values():
        p.grad = None
    loss = ops.cross_entropy(network.body(x), labels, 0.1)
    backward(loss)
    return loss.item(), {name: p.grad for name, p in parameters.items()}


def planned(network: nn.Network, x: Tensor, labels: np.ndarray) -> Any:
    """The plan of the loss of a network."""
    from freqnet.plan import Plan

    parameters = list(network.named_parameters().values())
    return Plan(lambda z: ops.cross_entropy(network.body(z), labels, 0.1), x, parameters)


def by_plan(network: nn.Network, x: Tensor, labels: np.ndarray, runs: int = 1) -> tuple[float, dict[str, np.ndarray]]:
    """The loss and the gradients that a plan finds."""
    parameters, plan = network.named_parameters(), planned(network, x, labels)
    for _ in range(runs):
        loss = plan.run(x.data)
    return float(loss), {name: plan.gradient(p).copy() for name, p in parameters.items()}


def assert_same(found: Any, wanted: Any, tolerance: float) -> None:
    most = max(np.abs(g).max() for g in wanted[1].values())
    assert found[0] == pytest.approx(wanted[0], rel=tolerance)
    for name, g in wanted[1].items():
        assert np.abs(found[1][name] - g).max() < tolerance * most, name


@pytest.mark.parametrize("seed", range(40))
def test_a_plan_and_the_tape_have_the_same_gradients(seed: int):
    network, x, labels = random_network(seed)
    assert_same(by_plan(network, x, labels, runs=2), by_tape(network, x, labels), 1e-11)


@pytest.mark.filterwarnings("ignore::freqnet.errors.ConditionWarning", "ignore::freqnet.errors.ModuloWarning")
@pytest.mark.parametrize("seed", range(30))
def test_a_plan_and_the_tape_have_the_same_gradients_at_nodes(seed: int):
    network, x, labels = random_network(seed, domains=NODES, grids=NODE_GRIDS)
    # Each product by the bilinear form multiplies rounding by up to the square of the condition number.
    tolerance = max(1e-11, 1e-15 * network.door.space.condition_number**2)
    assert tolerance < 1e-6
    assert_same(by_plan(network, x, labels, runs=2), by_tape(network, x, labels), tolerance)


@pytest.mark.filterwarnings("ignore::freqnet.errors.ConditionWarning")
@pytest.mark.parametrize("grid", [(5,), (6,), (5, 5), (4, 5)])
def test_the_default_network_at_nodes_runs_without_python(grid: tuple[int, ...]):
    layers = nn.TruncationPool(4), nn.Convolution(4, 3, boundary="modulo", bias=False), nn.PowerNorm(), nn.Polynomial()
    more = nn.TruncationPool(3), nn.Convolution(4, 3, boundary="modulo", bias=False), nn.PowerNorm(), nn.Polynomial()
    body = nn.Sequential((*layers, *more, nn.PowerNorm(), nn.Dense(3)))
    network = nn.Network(nn.Door("laplace", grid, tuple(n - 1 for n in grid), 1), body, 0, float)
    network.train()
    assert network.can_plan
    x = network.analyse(np.random.default_rng(0).normal(size=(4, *grid, 1)))
    labels = np.arange(4) % 3
    calls = planned(network, x, labels)._builder.program.calls
    assert not any(callable(call) for call in calls)
    tolerance = max(1e-11, 1e-15 * network.door.space.condition_number**2)
    assert_same(by_plan(network, x, labels, runs=2), by_tape(network, x, labels), tolerance)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(40, 240))
def test_many_plans_and_the_tape_have_the_same_gradients(seed: int):
    for precision, tolerance in ((np.float64, 1e-11), (np.float32, 1e-3)):
        network, x, labels = random_network(seed, precision)
        assert_same(by_plan(network, x, labels, runs=2), by_tape(network, x, labels), tolerance)


def test_a_wrong_rule_is_noticed(monkeypatch: pytest.MonkeyPatch):
    from freqnet.plan.builder import RULES

    right = RULES["convolve"]

    def wrong(b: Any, out: Any, inputs: Any, **rest: Any) -> Any:
        backward = right(b, out, inputs, **rest)
        return backward and (lambda g: (backward(g), b.program.add(b.gradients[id(inputs[1])], b.value(inputs[1]))))

    monkeypatch.setitem(RULES, "convolve", wrong)
    network = nn.Network(
        nn.Door("fourier", (8, 8), (3, 3), 1), nn.Sequential((nn.Convolution(4), nn.Dense(3))), 0, float
    )
    x, labels = network.analyse(np.random.default_rng(0).normal(size=(4, 8, 8, 1))), np.arange(4) % 3
    with pytest.raises(AssertionError):
        assert_same(by_plan(network, x, labels), by_tape(network, x, labels), 1e-11)
