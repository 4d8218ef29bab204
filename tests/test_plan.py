"""Plans: a network as kernel calls in a row gives the results and the gradients of the tape."""

from __future__ import annotations

import copy
import gc
import pickle
import warnings
import weakref
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from freqnet import kernels, nn, ops
from freqnet.autodiff import Tensor, backward, observe
from freqnet.errors import ConfigurationError, DataError, DataWarning, ModuloWarning, PlanWarning
from freqnet.kernels.threads import thread_limit
from freqnet.spaces import Space, get_domain
from freqnet.training import Settings
from freqnet.training.batches import Spectra
from freqnet.training.fit import Run, fit

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
                nn.Gaussian("leaky_relu"),
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
    return loss.item(), {name: p.grad for name, p in parameters.items() if p.grad is not None}


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
    found = {name: plan.gradient(p) for name, p in parameters.items()}
    return float(loss), {name: g.copy() for name, g in found.items() if g is not None}


def assert_same(found: Any, wanted: Any, tolerance: float) -> None:
    assert found[1].keys() == wanted[1].keys()
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
    # In single precision, a network with products of products loses some of the seven digits, on the tape as well.
    for precision, tolerance in ((np.float64, 1e-12), (np.float32, 5e-5)):
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


def exact(self: Any, shape: Any, dtype: Any = None) -> np.ndarray:
    """An array of its own, without room behind it, so that tools see what lies past its end."""
    return np.zeros(tuple(shape), dtype or self.precision)


def check(count: int) -> str:
    """Compare random plans with the tape, each call by one to three threads; prediction too, which packs constants."""
    teams = np.random.default_rng(0)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("freqnet.kernels.program._threads", lambda work, alone: int(teams.integers(1, 4)))
        patch.setattr("freqnet.kernels.program.Program.empty", exact)
        for seed in range(count):
            network, x, labels = random_network(seed, np.float32 if seed % 2 else np.float64)
            assert_same(by_plan(network, x, labels), by_tape(network, x, labels), 1e-3 if seed % 2 else 1e-11)
            network.compile()(np.ones((1 + seed % 70, *network.door.grid, network.door.channels)))
        # More channels than one thread takes.
        body = nn.Sequential((nn.Convolution(21, bias=False), nn.PowerNorm(), nn.Gaussian(), nn.Dense(3)))
        network = nn.Network(nn.Door("fourier", (8, 8), (3, 3), 2), body, 0, np.float64)
        x, labels = network.analyse(teams.normal(size=(30, 8, 8, 2))), np.arange(30) % 3
        assert_same(by_plan(network, x, labels), by_tape(network, x, labels), 1e-11)
    return f"{count} plans agree"


# -- steps of training ---------------------------------------------------------------------------------
def small_network(*layers: nn.Module, precision: Any = np.float64) -> nn.Network:
    """A network on 8x8 samples with 3 outputs."""
    body = nn.Sequential((nn.Convolution(4, bias=False), nn.PowerNorm(), *layers, nn.TruncationPool(5), nn.Dense(3)))
    return nn.Network(nn.Door("fourier", (8, 8), (3, 3), 2), body, 0, precision)


def some_spectra(network: nn.Network, count: int = 12) -> Spectra:
    """Random examples with labels, as spectra of the network's door."""
    generator = np.random.default_rng(1)
    x = network.analyse(generator.normal(size=(count, *network.door.grid, network.door.channels)))
    return Spectra(x.data, np.arange(count) % 3, x.space)


def begin(network: nn.Network, **settings: Any) -> Run:
    """A run of training before its first step."""
    chosen = Settings(epochs=2, batch=5, **settings)
    network.train()
    return Run.begin(network, chosen, some_spectra(network))


ACTIVATIONS = {
    "polynomial": nn.Polynomial,
    "gaussian": nn.Gaussian,
    "gelu": lambda: nn.Gaussian("gelu"),
    "batch": lambda: nn.Gaussian(statistics="batch"),
}


@pytest.mark.parametrize("activation", sorted(ACTIVATIONS))
def test_training_by_plans_and_by_the_tape_ends_in_the_same_weights(activation: str):
    weights = []
    for context in (nn.tape_only(), thread_limit(2)):
        network = small_network(
            ACTIVATIONS[activation](), nn.FrequencyDropout(), nn.ChannelDropout(0.3), nn.SqueezeExcitation(2)
        )
        with context:
            fit(network, some_spectra(network), settings=Settings(epochs=3, batch=5))
        weights.append(network.arrays())
    for name, array in weights[0].items():
        assert np.abs(weights[1][name] - array).max() < 1e-10 * max(1, np.abs(array).max()), name


@pytest.mark.parametrize("domain", ["fourier", "hartley"])
@pytest.mark.parametrize("degree", [1, 2])
def test_polynomials_for_each_example_are_the_same_by_plans_and_by_the_tape(domain: str, degree: int):
    """Of functions other than ReLU, whose coefficients no kernel computes."""
    found = []
    for context in (nn.tape_only(), nullcontext()):
        layers = nn.Convolution(4, 3), nn.Gaussian("gelu", degree), nn.Convolution(4, 3), nn.Gaussian("silu", degree)
        door = nn.Door(domain, (8, 6), (3, 2), 2)
        network = nn.Network(door, nn.Sequential(*layers, nn.Dense(3)), precision=np.float64)
        with context:
            loss, outputs = begin(network).gradients(some_spectra(network).take(np.arange(6)))
        found.append([np.array(loss), outputs, *(p.grad for p in network.named_parameters().values())])
    for tape, plan in zip(*found, strict=True):
        assert np.abs(tape - plan).max() < 1e-10 * max(1, np.abs(tape).max())


@pytest.mark.parametrize("precision", [np.float32, np.float64])
def test_gradients_have_the_same_bits_for_any_number_of_threads(precision: Any):
    found = []
    for count in (1, 2, 4):
        network = small_network(nn.Gaussian(), precision=precision)
        spectra = some_spectra(network, 200)
        with thread_limit(count):
            begin(network).gradients(spectra.take(np.arange(200)))
        found.append({name: p.grad.copy() for name, p in network.named_parameters().items()})
    for name, gradient in found[0].items():
        assert np.abs(gradient).max() > 0
        for other in found[1:]:
            assert np.array_equal(gradient, other[name]), name


def test_batches_of_other_shapes_get_plans_of_their_own_and_few_are_kept():
    network = small_network(nn.Polynomial())
    spectra, run = some_spectra(network), begin(network)
    for count in (5, 2, 5, 3, 4, 6, 7, 5):
        batch = spectra.take(np.arange(count))
        loss, logits = run.gradients(batch)
        assert len(run._plans._steps) <= 4
        with nn.tape_only():
            again = run.gradients(batch)
        assert loss == pytest.approx(again[0], rel=1e-12)
        assert np.abs(logits - again[1]).max() < 1e-12


def test_a_description_of_the_network_leaves_plans_current():
    network = small_network(nn.Polynomial((0.0, 1.0, 0.5)))
    spectra, run = some_spectra(network), begin(network)
    for _ in range(3):
        run.step(spectra.take(np.arange(5)))
        network.describe()
    (step,) = run._plans._steps.values()
    network.body.layers[1].epsilon = 0.5
    run.step(spectra.take(np.arange(5)))
    assert step not in run._plans._steps.values()
    # That one is of no use any more.
    assert len(run._plans._steps) == 1


@pytest.mark.parametrize("activation", [nn.Polynomial(), nn.Gaussian(), nn.Linearized()])
def test_a_plan_that_is_dropped_gives_its_memory_back_at_once(activation: nn.Module):
    network = small_network(activation)
    spectra, run = some_spectra(network), begin(network)
    gc.collect()
    gc.disable()
    try:
        run.step(spectra.take(np.arange(5)))
        (step,) = run._plans._steps.values()
        program = weakref.ref(step.plan.program)
        assert program() is not None
        del step
        run._plans._steps.clear()
        assert program() is None
    finally:
        gc.enable()


class Noisy(nn.Convolution):
    """A derived layer that adds random numbers, and does not say that it is static."""

    def forward(self, x: Tensor) -> Tensor:
        return super().forward(x) * float(np.random.default_rng().normal())


def test_a_layer_that_does_not_say_that_it_is_static_runs_op_by_op_and_training_says_so():
    network = small_network(Noisy(4))
    assert not network.can_plan
    with pytest.warns(PlanWarning, match="Noisy.*is_static = True") as said:
        fit(network, some_spectra(network), settings=Settings(epochs=2, batch=5))
    assert len(said) == 1


def test_whoever_observes_ops_sees_every_step():
    network = small_network(nn.Gaussian())
    run, seen = begin(network), []
    batch = some_spectra(network).take(np.arange(5))
    run.step(batch)
    for _ in range(2):
        with observe(lambda op, *rest: seen.append(op.name)):
            run.step(batch)
    assert seen.count("convolve") == 2


def test_too_little_memory_is_one_line_that_says_how_much_was_asked_for(monkeypatch: pytest.MonkeyPatch):
    from freqnet.kernels.program import Program

    def full(self: Program, shape: Any, dtype: Any = None) -> np.ndarray:
        raise MemoryError("Unable to allocate 12.3 GiB")

    network = small_network(nn.Gaussian())
    run, spectra = begin(network), some_spectra(network)
    before = {name: array.copy() for name, array in network.arrays().items()}
    monkeypatch.setattr(Program, "empty", full)
    with pytest.raises(ConfigurationError, match=r"batch of 5: got Unable to allocate 12.3 GiB.*--batch"):
        run.step(spectra.take(np.arange(5)))
    assert all(np.array_equal(array, before[name]) for name, array in network.arrays().items())


@pytest.mark.parametrize("place", ["program", "optimizer"])
def test_an_interrupted_step_leaves_the_weights_as_before_it(place: str, monkeypatch: pytest.MonkeyPatch):
    from freqnet.kernels.program import Program
    from freqnet.optim import AdamW

    network = small_network(nn.Gaussian())
    run, spectra = begin(network), some_spectra(network)
    batch = spectra.take(np.arange(5))
    run.step(batch)
    before = {name: p.data.copy() for name, p in network.named_parameters().items()}

    def interrupt(*args: Any) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(*((Program, "run", interrupt) if place == "program" else (AdamW, "_update", interrupt)))
        with pytest.raises(KeyboardInterrupt):
            run.step(batch)
    assert all(np.array_equal(p.data, before[name]) for name, p in network.named_parameters().items())
    run.step(batch)
    assert any((p.data != before[name]).any() for name, p in network.named_parameters().items())


def test_arrays_that_are_replaced_get_a_new_plan():
    network = small_network(nn.Gaussian())
    run, batch = begin(network), some_spectra(network).take(np.arange(5))
    run.step(batch)
    norm = network.body.layers[1]
    norm.state["mean"], old = np.zeros_like(norm.state["mean"]), norm.state["mean"].copy()
    norm.parameters["gain"].data = norm.parameters["gain"].data * 3
    loss, _ = run.gradients(batch)
    with nn.tape_only():
        assert loss == pytest.approx(run.gradients(batch)[0], rel=1e-12)
    assert norm.state["mean"].any()
    assert not np.array_equal(norm.state["mean"], old)


@pytest.mark.parametrize(("layer", "name"), [("0", "kernel"), ("4", "weight")])
def test_frozen_parameters_stay_and_the_others_train_as_on_the_tape(layer: str, name: str):
    weights = []
    for context in (nn.tape_only(), thread_limit(2)):
        network = small_network(nn.Gaussian())
        frozen = network.body.layers[int(layer)].parameters[name]
        before = frozen.data.copy()
        with context:
            fit(network, some_spectra(network), settings=Settings(epochs=2, batch=5, freeze=(layer,)))
        assert np.array_equal(frozen.data, before)
        weights.append(network.arrays())
    for name, array in weights[0].items():
        assert np.abs(weights[1][name] - array).max() < 1e-10 * max(1, np.abs(array).max()), name


STATES = {
    "gelu after a norm": (nn.Convolution(4, bias=False), nn.PowerNorm(), nn.Gaussian("gelu")),
    "tanh of degree 1": (nn.Convolution(4), nn.PowerNorm(), nn.Gaussian("tanh", degree=1)),
    "degree 1, then fewer modes": (nn.Convolution(4), nn.PowerNorm(), nn.Polynomial((0.1, 1.0)), nn.TruncationPool(5)),
    "nothing before": (nn.Gaussian(statistics="batch"), nn.Convolution(4)),
    "only a norm": (nn.PowerNorm(), nn.Convolution(4)),
}


@pytest.mark.parametrize("domain", ["fourier", "hartley", "laplace"])
@pytest.mark.parametrize("name", STATES)
def test_running_averages_are_those_of_the_tape(name: str, domain: str):
    found = []
    for context in (nn.tape_only(), thread_limit(2)):
        door = nn.Door(domain, (8, 8), (7, 7) if domain == "laplace" else (3, 3), 2)
        layers = [nn.from_description(layer.describe()) for layer in STATES[name]]
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ModuloWarning)
            network = nn.Network(door, nn.Sequential((*layers, nn.Dense(3))), 0, np.float64)
            run, batch = begin(network), some_spectra(network).take(np.arange(5))
            with context:
                for _ in range(3):
                    run.gradients(batch)
        found.append(network.body.named_state())
    assert found[0]
    for name, wanted in found[0].items():
        assert not np.isin(wanted, (0, 1)).all(), "the averages have moved"
        assert np.abs(found[1][name] - wanted).max() < 1e-9 * max(1, np.abs(wanted).max()), name


SUMS = {
    "x + x": lambda x, conv: x + x,
    "f(x) + x": lambda x, conv: conv(x) + x,
    "x + f(x)": lambda x, conv: x + conv(x),
    "(x + x) + x": lambda x, conv: (x + x) + x,
    "y + y": lambda x, conv: (lambda y: y + y)(conv(x)),
    "f(x) + (f(x) + x)": lambda x, conv: conv(x) + (conv(x) + x),
    "x - f(x)": lambda x, conv: x - conv(x),
}


class Sum(nn.Module):
    """A sum in which tensors occur several times."""

    is_static = True

    def __init__(self, name: str) -> None:
        self.name, self.inside = name, nn.Convolution(2, bias=False)
        super().__post_init__()

    def _build(self, incoming: Any, generator: np.random.Generator) -> Any:
        self.inside.build(incoming, generator, self.precision)
        return incoming

    def children(self) -> Any:
        yield "inside", self.inside

    def forward(self, x: Tensor) -> Tensor:
        return SUMS[self.name](x, self.inside)


@pytest.mark.parametrize("domain", ["fourier", "hartley"])
@pytest.mark.parametrize("name", [*SUMS, "residual", "residual at full band"])
def test_tensors_that_several_ops_read_get_all_gradients(name: str, domain: str):
    residuals = {
        "residual": nn.Residual(nn.Sequential((nn.Linearized("tanh"),))),
        "residual at full band": nn.Residual(nn.Sequential((nn.TruncationPool(7),))),
    }
    layers = [nn.Convolution(2, bias=False), residuals.get(name) or Sum(name), nn.Dense(3)]
    network = nn.Network(nn.Door(domain, (7, 7), (3, 3), 2), nn.Sequential(tuple(layers)), 0, np.float64)
    x = network.analyse(np.random.default_rng(3).normal(size=(4, 7, 7, 2)))
    assert_same(by_plan(network, x, np.arange(4) % 3), by_tape(network, x, np.arange(4) % 3), 1e-12)


def test_losses_that_are_part_of_another_and_targets_of_another_precision_are_right():
    network = small_network(nn.Gaussian(), precision=np.float32)
    spectra = some_spectra(network)
    x, labels = spectra.take(np.arange(5))
    from freqnet.ops.loss import softmax_loss
    from freqnet.plan import Plan

    parameters = list(network.named_parameters().values())
    twice = lambda z: ops.cross_entropy(network.body(z), labels) * Tensor(np.float32(2.0))
    wanted = twice(x)
    backward(wanted)
    plan = Plan(twice, x, parameters)
    assert plan.run(x.data) == pytest.approx(wanted.item(), rel=1e-5)
    for p in parameters:
        assert np.abs(plan.gradient(p) - p.grad).max() < 1e-5 * max(1, np.abs(p.grad).max())
    double = lambda z: softmax_loss(network.body(z), targets=np.eye(3)[labels])
    assert Plan(double, x).run(x.data) == pytest.approx(double(x).item(), rel=1e-5)


def replaced(network: nn.Network) -> None:
    network.body.layers[1].parameters["gain"] = Tensor(np.full((1, 4), 3.0), requires_grad=True)


CHANGES = {
    "epsilon": lambda network: setattr(network.body.layers[1], "epsilon", 0.5),
    "momentum": lambda network: setattr(network.body.layers[1], "momentum", 0.9),
    "causal": lambda network: setattr(network.body.layers[0], "causal", True),
    "a parameter": replaced,
    "frozen": lambda network: setattr(network.named_parameters()["0.kernel"], "requires_grad", False),
}


@pytest.mark.parametrize("change", CHANGES)
def test_changes_of_a_built_layer_count_in_plans(change: str):
    found = []
    for context in (nn.tape_only(), thread_limit(2)):
        network = small_network(nn.Gaussian())
        run, batch = begin(network), some_spectra(network).take(np.arange(5))
        samples = np.random.default_rng(2).normal(size=(3, 8, 8, 2))
        with context:
            run.gradients(batch)
            before = network.predict(samples)
            CHANGES[change](network)
            loss = run.gradients(batch)[0]
            found.append((loss, network.predict(samples), network.body.named_state()))
            kernel = network.named_parameters()["0.kernel"]
            run.optimizer.clear_gradients()
            run.gradients(batch)
            assert change != "frozen" or kernel.grad is None
        assert change in ("momentum", "frozen") or not np.allclose(found[-1][1], before)
    assert found[1][0] == pytest.approx(found[0][0], rel=1e-12)
    assert np.abs(found[1][1] - found[0][1]).max() < 1e-10
    for name, wanted in found[0][2].items():
        assert np.abs(found[1][2][name] - wanted).max() < 1e-12, name


def test_copies_make_plans_of_their_own():
    network = small_network(nn.Gaussian())
    samples = np.random.default_rng(2).normal(size=(3, 8, 8, 2))
    compiled, run, batch = network.compile(), begin(network), some_spectra(network).take(np.arange(5))
    wanted = compiled(samples)
    run.step(batch)
    copies = copy.deepcopy(compiled), pickle.loads(pickle.dumps(compiled))
    other, state = copy.deepcopy(run), network.body.named_state()
    before = {name: array.copy() for name, array in state.items()}
    loss = other.gradients(batch)[0]
    assert all(np.array_equal(array, before[name]) for name, array in state.items())
    assert run.gradients(batch)[0] == pytest.approx(loss, rel=1e-12)
    del compiled
    for one in copies:
        assert np.array_equal(one(samples), wanted)
        # The native door sums in another order than the one of NumPy.
        assert np.allclose(one.infer(network.analyse(samples)), one(samples), rtol=1e-12, atol=1e-14)
    assert "storage='float32'" in repr(copies[0])


def test_polynomials_for_relu_have_all_digits_wherever_zero_lies():
    mpmath = pytest.importorskip("mpmath")
    from freqnet.kernels.program import Program

    # Zero lies from 45 deviations above the mean to 45 below.
    alpha = np.concatenate([np.linspace(-45, 45, 181), [1e-300, -1e-9, 0.3, -37.49]])
    deviation = np.geomspace(0.1, 30, len(alpha))
    own = np.stack([alpha * deviation, deviation**2])[:, None, :]
    program, lanes = Program(np.float64), (1, len(alpha))
    coefficients, negated, kept = np.zeros((3, *lanes)), np.zeros(lanes), np.zeros((2, *lanes)).view(np.uint8)
    given, none = (own, None, None, None), (None,) * 4
    program.relu(given, (coefficients, negated, *none), kept, lanes, 2, (0.0, 0.0))
    program.run()
    with mpmath.workdps(50):
        for i, (mean, variance) in enumerate(own[:, 0].T):
            d = mpmath.sqrt(variance)
            a = mpmath.mpf(mean) / d
            below, density = mpmath.ncdf(a), mpmath.npdf(a)
            wanted = [mean * below + d * density / 2, below, density / d / 2]
            # Below 1e-290 lie the subnormal numbers and what is taken for 0; the first sum cancels far on the left.
            for j, tolerance in enumerate((1e-11 * (1 + abs(a)) ** 2, 1e-12, 1e-12)):
                error = abs(coefficients[j, 0, i] - wanted[j])
                assert error <= tolerance * abs(wanted[j]) + 1e-290, (float(a), j)
    assert np.array_equal(negated, -own[0])


# -- prediction ----------------------------------------------------------------------------------------
def test_a_head_that_reads_many_modes_keeps_its_digits():
    """One running sum of its 34,848 terms in float32 would be four times as far from float64."""
    layers = nn.Sequential(nn.Dense(10))
    single, double = (
        nn.Network(nn.Door("fourier", (33, 33), (16, 16), 16), layers, precision=p) for p in (np.float32, np.float64)
    )
    double.body.load_arrays({name: array.astype(float) for name, array in single.arrays().items()})
    samples = np.random.default_rng(0).normal(size=(64, 33, 33, 16)).astype(np.float32)
    wanted = double.infer(double.analyse(samples.astype(float)))
    found = single.infer(single.analyse(samples))
    assert np.linalg.norm(found - wanted) < 1e-6 * np.linalg.norm(wanted)


@pytest.mark.parametrize("count", [1, 2, 3, 64, 65, 130])
def test_prediction_by_plans_and_by_the_tape_agree(count: int):
    network = small_network(nn.Gaussian())
    fit(network, some_spectra(network), settings=Settings(epochs=1, batch=5))
    samples = np.random.default_rng(2).normal(size=(count, 8, 8, 2))
    with nn.tape_only():
        wanted = network.predict(samples)
    for found in (network.predict(samples), network.compile()(samples), network.infer(network.analyse(samples))):
        assert found.shape == (count, 3)
        assert np.abs(found - wanted).max() < 1e-12 * np.abs(wanted).max()


def test_a_compiled_network_keeps_its_weights_and_prediction_follows_them():
    network = small_network(nn.Gaussian())
    samples = np.random.default_rng(2).normal(size=(3, 8, 8, 2))
    compiled, before = network.compile(), network.predict(samples)
    network.named_parameters()["0.kernel"].data *= 2
    assert np.array_equal(compiled(samples), before)
    assert not np.allclose(network.predict(samples), before)
    grid = nn.Network(nn.Door("grid", (8, 8), (3, 3), 2), nn.Sequential(nn.Convolution(2), nn.Dense(3)))
    assert np.array_equal(grid.compile()(samples), grid.predict(samples))


def test_usual_arrays_take_one_call_and_others_get_their_messages(monkeypatch: pytest.MonkeyPatch):
    door = nn.Door("fourier", (8, 8), (3, 3), 2, offset=(0.5, -1), scale=(2.0, 0.5), low=(-1, -1), high=(1, 1))
    body = nn.Sequential((nn.Convolution(4), nn.PowerNorm(), nn.Gaussian(), nn.Dense(3)))
    network = nn.Network(door, body, 0, np.float32)
    samples = np.random.default_rng(2).uniform(-1, 1, (2, 8, 8, 2)).astype(np.float32)
    samples.setflags(write=False)
    compiled, wanted, before = network.compile(), network.predict(samples), samples.copy()
    assert np.array_equal(compiled(samples), wanted)
    slow: list[Any] = []
    whole = nn.Network.predict_in
    monkeypatch.setattr(nn.Network, "predict_in", lambda self, *given: slow.append(given) or whole(self, *given))
    for given in (samples, samples[::-1], np.full_like(samples, 0.5)):
        assert np.array_equal(compiled(given), network.predict(given))
    # What `predict` itself did does not count.
    slow.clear()
    assert np.array_equal(compiled(samples), wanted)
    if kernels.KERNEL == "native":
        assert not slow
    assert np.array_equal(samples, before)
    unaligned = np.frombuffer(b"." + samples.tobytes(), np.uint8)[1:].view(np.float32).reshape(samples.shape)
    turned = np.moveaxis(np.ascontiguousarray(np.moveaxis(samples, 1, 0)), 0, 1)
    for given in (unaligned, turned, samples.astype(np.float64), samples.tolist()):
        assert np.allclose(compiled(given), wanted, atol=1e-6)
    first, second = samples.copy(), samples.copy()
    first[1, 2, 3, 1], second[0, 0, 0, 0] = np.nan, -np.inf
    for broken in (first, second):
        with pytest.raises(DataError, match="finite"):
            compiled(broken)
    for unusual, message in ((samples * 300, "in channel 0"), (0.001 * samples, "differ by at most")):
        with pytest.warns(DataWarning, match=message):
            compiled(unusual)
    with nn.tape_only():
        assert np.allclose(compiled(samples), wanted, atol=1e-6)
    assert slow
    with pytest.raises(ConfigurationError, match="batch"):
        compiled(samples, 0)
    network.named_parameters()["3.weight"].data[...] = np.inf
    infinite = network.compile()
    for _ in range(2):
        with pytest.warns(DataWarning, match="outputs are not finite"):
            infinite(samples)


def test_bfloat16_keeps_eight_digits_of_responses():
    network = small_network(nn.Gaussian(), precision=np.float32)
    fit(network, some_spectra(network), settings=Settings(epochs=3, batch=5))
    samples = np.random.default_rng(2).normal(size=(70, 8, 8, 2)).astype(np.float32)
    wanted, found = network.compile()(samples), network.compile(storage="bfloat16")(samples)
    error = np.abs(found - wanted).max() / np.abs(wanted).max()
    assert 1e-5 < error < 2e-2
    # The same as a network whose responses are rounded.
    bits = kernels.reference.bfloat16_bits(np.array([1.0, -3.1415927, 1e-3], np.float32)).astype(np.uint32) << 16
    assert np.allclose(bits.view(np.float32), [1.0, -3.140625, 0.00099945], rtol=1e-5)


@pytest.mark.parametrize(
    ("storage", "precision", "domain"),
    [("int3", np.float32, "fourier"), ("bfloat16", float, "fourier"), ("bfloat16", np.float32, "grid")],
)
def test_storage_that_is_not_possible_is_refused(storage: str, precision: Any, domain: str):
    network = nn.Network(
        nn.Door(domain, (8, 8), (3, 3), 2), nn.Sequential(nn.Convolution(2), nn.Dense(3)), 0, precision
    )
    with pytest.raises(ConfigurationError, match="storage"):
        network.compile(storage=storage)


@pytest.mark.slow
@pytest.mark.skipif(not Path("/proc/self/statm").exists(), reason="memory is read from /proc")
def test_ten_thousand_steps_take_no_more_memory_than_a_thousand():
    network = small_network(nn.Gaussian(), precision=np.float32)
    run, spectra, seen = begin(network), some_spectra(network, 40), []
    for step in range(1, 10_001):
        run.step(spectra.take(np.arange(30 if step % 40 else 10)))
        if step in (1_000, 10_000):
            seen.append(4096 * int(Path("/proc/self/statm").read_text().split()[1]))
    assert seen[1] - seen[0] < 2**20


@pytest.mark.parametrize("batch", [0, -1, 2.5, "a"])
def test_sizes_of_batches_are_checked_in_both_ways(batch: Any):
    network = small_network(nn.Gaussian())
    for context in (nn.tape_only(), thread_limit(2)):
        with context, pytest.raises(ConfigurationError, match="batch: got"):
            network.predict(np.ones((3, 8, 8, 2)), batch)
