"""Modules of PyTorch: shared memory, modes, copies, devices, and what is refused."""

from __future__ import annotations

import copy
import io
import pickle
import subprocess
import sys
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest

from freqnet import Fourier, Tensor, nn
from freqnet.errors import ConfigurationError, ShapeError
from freqnet.spaces import Laplace
from freqnet.training import Settings, analyse, evaluate, fit

torch = pytest.importorskip("torch")

from freqnet.torch import as_module  # noqa: E402
from freqnet.torch.module import FrequencyModule  # noqa: E402

BACKENDS = pytest.mark.parametrize("backend", ["freqnet", "torch"])


def body() -> nn.Sequential:
    return nn.Sequential(
        nn.Convolution(6), nn.PowerNorm(), nn.Polynomial(), nn.TruncationPool(3), nn.Convolution(4), nn.PowerNorm(),
        nn.Gaussian(), nn.Dense(3),
    )  # fmt: skip


def network(precision: Any = np.float32, own: nn.Module | None = None, channels: int = 2) -> nn.Network:
    return nn.Network(nn.Door("fourier", (6, 5), (2, 2), channels), own or body(), precision=precision)


def samples(count: int = 4, channels: int = 2, precision: Any = torch.float32) -> torch.Tensor:
    return torch.randn(count, channels, 6, 5, generator=torch.Generator().manual_seed(0), dtype=precision)


def last(x: torch.Tensor) -> np.ndarray:
    return x.detach().movedim(1, -1).numpy()


# -- memory --------------------------------------------------------------------------------------------
def test_names_and_memory_are_those_of_the_network() -> None:
    own = network()
    module = as_module(own)
    assert module.state_dict().keys() == own.arrays().keys()
    for name, array in own.arrays().items():
        assert module.state_dict()[name].data_ptr() == array.ctypes.data
    assert {name for name, _ in module.named_parameters()} == set(own.named_parameters())


@BACKENDS
def test_an_optimiser_of_pytorch_moves_the_network_and_freqnet_moves_the_module(backend: str) -> None:
    own = network()
    module, x = as_module(own, backend=backend), samples()
    optimizer = torch.optim.SGD(module.parameters(), lr=0.1)
    before = own.predict(last(x))
    module(x).square().sum().backward()
    optimizer.step()
    after = own.predict(last(x))
    assert not np.allclose(before, after)
    np.testing.assert_allclose(module.eval()(x).detach(), after, rtol=1e-4, atol=1e-5)
    own.body.load_arrays({name: array * 0.5 for name, array in own.arrays().items()})
    np.testing.assert_allclose(module(x).detach(), own.predict(last(x)), rtol=1e-4, atol=1e-5)
    assert not np.allclose(own.predict(last(x)), after)


@BACKENDS
def test_a_module_that_has_predicted_in_inference_mode_can_be_trained(backend: str) -> None:
    module, x = as_module(network(), backend=backend), samples()
    with torch.inference_mode():
        module(x)
    module(x).square().sum().backward()
    assert all(p.grad is not None and p.grad.abs().max() > 0 for p in module.parameters() if p.ndim > 1)


@BACKENDS
def test_arrays_that_either_side_replaces_are_shared_again(backend: str) -> None:
    own = network()
    module, x = as_module(own, backend=backend).eval(), samples()
    module(x)
    own.body.named_parameters()["0.kernel"].data = np.zeros_like(own.arrays()["0.kernel"])
    np.testing.assert_allclose(module(x).detach(), own.predict(last(x)), rtol=1e-4, atol=1e-5)
    assert not module.get_parameter("0.kernel").any()
    other = {name: torch.from_numpy(array + 1) for name, array in own.arrays().items()}
    module.load_state_dict(other, assign=True)
    np.testing.assert_allclose(module(x).detach(), own.predict(last(x)), rtol=1e-4, atol=1e-5)
    assert own.arrays()["0.kernel"].min() == 1


def test_state_dicts_go_both_ways() -> None:
    one, other = network(), network(own=nn.from_description(body().describe()))
    other.body.load_arrays({name: array + 1 for name, array in other.arrays().items()})
    one.body.load_arrays(as_module(other).state_dict())
    np.testing.assert_array_equal(one.predict(last(samples())), other.predict(last(samples())))
    third = network()
    as_module(third).load_state_dict(as_module(other).state_dict())
    np.testing.assert_array_equal(third.predict(last(samples())), other.predict(last(samples())))


@pytest.mark.parametrize("way", ["deepcopy", "pickle", "torch.save"])
def test_a_copy_has_a_network_of_its_own(way: str) -> None:
    def saved(module: FrequencyModule) -> FrequencyModule:
        stream = io.BytesIO()
        torch.save(module, stream)
        stream.seek(0)
        return torch.load(stream, weights_only=False)

    own = network()
    module, x = as_module(own), samples()
    module(x).sum().backward()
    copies = {"deepcopy": copy.deepcopy, "pickle": lambda m: pickle.loads(pickle.dumps(m)), "torch.save": saved}
    other = copies[way](module)
    np.testing.assert_array_equal(other.eval()(x).detach(), module.eval()(x).detach())
    with torch.no_grad():
        other.get_parameter("0.kernel").zero_()
    assert not other.source.network.arrays()["0.kernel"].any()
    assert own.arrays()["0.kernel"].any()
    np.testing.assert_allclose(other(x).detach(), other.source.network.predict(last(x)), rtol=1e-4, atol=1e-5)


# -- computing -----------------------------------------------------------------------------------------
@BACKENDS
@pytest.mark.parametrize("layout", ["torch", "freqnet"])
def test_layouts_and_numbers_of_examples(backend: str, layout: str) -> None:
    own = network(np.float64)
    whole, alone = (as_module(own, part=p, layout=layout, backend=backend).eval() for p in ("network", "body"))
    for count in (1, 5, 3, 0):
        x = samples(count, precision=torch.float64)
        wanted = own.predict(last(x))
        spectra = torch.from_numpy(own.analyse(last(x)).data)
        given = (x, spectra.movedim((-2, -1), (0, 1))) if layout == "torch" else (x.movedim(1, -1), spectra)
        np.testing.assert_allclose(whole(given[0]).detach(), wanted, atol=1e-12)
        np.testing.assert_allclose(alone(given[1]).detach(), wanted, atol=1e-12)


@pytest.mark.filterwarnings("ignore::freqnet.errors.ModuloWarning")
@BACKENDS
@pytest.mark.parametrize("domain", ["fourier", "hartley", "laplace", "grid"])
def test_outputs_that_are_signals(backend: str, domain: str) -> None:
    layers = nn.Sequential(nn.Convolution(3), nn.PowerNorm(), nn.Polynomial())
    own = nn.Network(nn.Door(domain, (6, 5), (2, 2), 2), layers, precision=np.float64)
    x = samples(precision=torch.float64).requires_grad_()
    out = as_module(own, backend=backend).eval()(x)
    np.testing.assert_allclose(last(out), own.predict(last(x)), atol=1e-9)
    out.sum().backward()
    assert x.grad.shape == x.shape
    spectra = torch.from_numpy(own.analyse(last(x)).data)
    signal = as_module(own, part="body", layout="freqnet", backend=backend).eval()(spectra)
    np.testing.assert_allclose(signal.detach(), own.infer(own.analyse(last(x))), atol=1e-9)


@BACKENDS
def test_gradients_reach_layers_before_and_after(backend: str) -> None:
    own = network(np.float64)
    before, after = torch.nn.Conv2d(1, 2, 3, padding=1).double(), torch.nn.Linear(3, 1).double()
    model = torch.nn.Sequential(before, as_module(own, backend=backend), after)
    x = samples(channels=1, precision=torch.float64)
    # Batch statistics do not differ between the calls, since training mode does not read the running ones.
    parameters = [before.weight, own and model[1].get_parameter("0.kernel"), after.weight]
    gradients = torch.autograd.grad(model(x).square().sum(), parameters)
    for p, g in zip(parameters, gradients, strict=True):
        direction = torch.randn(p.shape, generator=torch.Generator().manual_seed(1), dtype=p.dtype)
        values = []
        for step in (1e-6, -1e-6):
            with torch.no_grad():
                p += step * direction
                values.append(model(x).square().sum().item())
                p -= step * direction
        assert (values[0] - values[1]) / 2e-6 == pytest.approx((g * direction).sum().item(), rel=1e-5, abs=1e-7)


@BACKENDS
def test_forward_passes_that_wait_for_their_backward_passes(backend: str) -> None:
    module = as_module(network(np.float64), backend=backend)
    x, y = samples(4, precision=torch.float64), samples(4, precision=torch.float64) * 2 + 1
    first = torch.autograd.grad(module(x).square().sum(), list(module.parameters()))
    second = torch.autograd.grad(module(y).square().sum(), list(module.parameters()))
    both = torch.autograd.grad(module(x).square().sum() + module(y).square().sum(), list(module.parameters()))
    for a, b, c in zip(first, second, both, strict=True):
        torch.testing.assert_close(a + b, c, rtol=1e-9, atol=1e-10)


@BACKENDS
def test_modes_decide_what_statistics_are_used(backend: str) -> None:
    own = network()
    module, x = as_module(own, backend=backend), samples(32)
    assert module.training
    start = own.arrays()["1.mean"].copy()
    module(x)
    moved = own.arrays()["1.mean"].copy()
    assert not np.array_equal(start, moved)
    module.eval()
    first = module(x).detach()
    np.testing.assert_array_equal(own.arrays()["1.mean"], moved)
    np.testing.assert_allclose(first, own.predict(last(x)), rtol=1e-4, atol=1e-5)
    # Averages that move between two evaluations count.
    module.train()(3 * x)
    second = module.eval()(x).detach()
    assert not torch.allclose(first, second)
    np.testing.assert_allclose(second, own.predict(last(x)), rtol=1e-4, atol=1e-5)
    module.train()
    module.get_submodule("1").eval()
    frozen, free = own.arrays()["1.mean"].copy(), own.arrays()["5.mean"].copy()
    module(x)
    np.testing.assert_array_equal(own.arrays()["1.mean"], frozen)
    assert not np.array_equal(own.arrays()["5.mean"], free)


@BACKENDS
def test_averages_ignore_a_batch_that_is_not_finite(backend: str) -> None:
    own = network()
    before = own.arrays()["1.mean"].copy()
    as_module(own, backend=backend)(samples() * torch.nan)
    np.testing.assert_array_equal(own.arrays()["1.mean"], before)


@pytest.mark.parametrize("layer", [nn.ChannelDropout(0.5), nn.StochasticDepth(0.5), nn.FrequencyDropout(0)])
def test_the_seed_of_pytorch_decides_what_is_dropped(layer: nn.Module) -> None:
    own = network(own=nn.Sequential(nn.Convolution(16), layer, nn.Dense(3)))
    modules, x = [as_module(own, backend=b) for b in ("freqnet", "torch")], samples(8)
    draws = []
    for seed in (1, 1, 2, 3, 4):
        made = []
        for module in modules:
            torch.manual_seed(seed)
            made.append(module(x).detach())
        torch.testing.assert_close(*made, rtol=1e-4, atol=1e-5)
        draws.append(made[0])
    assert torch.equal(draws[0], draws[1])
    assert not all(torch.allclose(draws[0], other) for other in draws[2:])
    assert own.body.layers[1].generator is own.body.layers[1]._own_generator


@BACKENDS
def test_frozen_parameters_have_no_gradient(backend: str) -> None:
    own = network()
    module = as_module(own, backend=backend)
    module(samples()).sum().backward()
    module.zero_grad()
    module.get_parameter("0.kernel").requires_grad_(False)
    module(samples()).sum().backward()
    assert module.get_parameter("0.kernel").grad is None
    assert module.get_parameter("4.kernel").grad.any()


def test_second_derivatives() -> None:
    module = as_module(network(np.float64), part="body", backend="torch")
    x = torch.randn(2, 2, 5, 3, dtype=torch.complex128, requires_grad=True)
    assert torch.autograd.gradgradcheck(lambda x: module(x), x)
    module = as_module(network(), backend="freqnet")
    x = samples().requires_grad_()
    with pytest.raises(ConfigurationError, match=r"create_graph=True.*pass backend='torch'"):
        torch.autograd.grad(module(x).sum(), x, create_graph=True)
    loss = module(x).sum()
    loss.backward(retain_graph=True)
    with pytest.raises(ConfigurationError, match="a second pass through one forward pass"):
        loss.backward()


def test_numbers_that_belong_to_no_real_signal_are_projected() -> None:
    own = network(np.float64)
    noise = torch.randn(5, 3, 4, 2, dtype=torch.complex128)
    wanted = own.infer(Tensor(own.door.space.project(noise.numpy()), own.door.space))
    for backend in ("freqnet", "torch"):
        module = as_module(own, part="body", layout="freqnet", backend=backend).eval()
        np.testing.assert_allclose(module(noise).detach(), wanted, atol=1e-12)


def test_whole_numbers_are_read_as_the_door_reads_them() -> None:
    own = network()
    pixels = torch.randint(0, 256, (4, 2, 6, 5), dtype=torch.uint8)
    for backend in ("freqnet", "torch"):
        found = as_module(own, backend=backend).eval()(pixels).detach()
        np.testing.assert_allclose(found, own.predict(last(pixels)), rtol=1e-4, atol=1e-5)


def test_another_sampling_of_the_signal() -> None:
    own = network(np.float64)
    x = torch.randn(3, 2, 12, 10, dtype=torch.float64)
    for backend in ("freqnet", "torch"):
        np.testing.assert_allclose(as_module(own, backend=backend).eval()(x).detach(), own.predict(last(x)), atol=1e-12)


@BACKENDS
def test_automatic_mixed_precision_does_not_apply_inside(backend: str) -> None:
    module, x = as_module(network(), backend=backend).eval(), samples()
    wanted = module(x)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        found = module(x.bfloat16().float())
        assert found.dtype == torch.float32
        torch.testing.assert_close(module(x), wanted)


def test_the_operators_run_where_no_numbers_are() -> None:
    module = as_module(network()).to("meta")
    out = module(samples().to("meta"))
    assert out.shape == (4, 3)
    assert out.device.type == "meta"
    out.sum().backward()
    assert module.get_parameter("0.kernel").grad.shape == module.get_parameter("0.kernel").shape


def test_a_module_comes_back_to_the_cpu_with_its_numbers(monkeypatch: pytest.MonkeyPatch) -> None:
    own = network()
    module = as_module(own)
    # What a way through another device leaves: other memory with other numbers.
    module._apply(lambda t: t + 1)
    assert own.arrays()["0.bias"].ravel().tolist() == [1.0] * 6
    assert own.arrays()["1.variance"].ravel().tolist() == [2.0] * 6
    np.testing.assert_allclose(module.eval()(samples()).detach(), own.predict(last(samples())), rtol=1e-4, atol=1e-5)


def test_both_libraries_train_one_network() -> None:
    from freqnet.data import load, split

    parts = split(load("digits"), seed=0)
    layers = nn.Sequential(nn.Convolution(12), nn.PowerNorm(), nn.Polynomial(), nn.TruncationPool(5), nn.Dense(10))
    own = nn.Network(nn.Door("fourier", (8, 8), (3, 3), 1), layers)
    module = as_module(own)
    x, y = torch.from_numpy(parts.train.images).movedim(-1, 1), torch.from_numpy(parts.train.targets)
    optimizer = torch.optim.AdamW(module.parameters(), lr=1e-2)
    for epoch in range(3):
        for index in torch.randperm(len(x), generator=torch.Generator().manual_seed(epoch)).split(64):
            optimizer.zero_grad()
            torch.nn.functional.cross_entropy(module(x[index]), y[index]).backward()
            optimizer.step()
    test = analyse(own, parts.test)
    assert evaluate(own, test).accuracy > 0.9
    fit(own, analyse(own, parts.train), settings=Settings(epochs=1))
    logits = module.eval()(torch.from_numpy(parts.test.images).movedim(-1, 1))
    assert (logits.argmax(1).numpy() == parts.test.targets).mean() == pytest.approx(evaluate(own, test).accuracy)


# -- what is refused -----------------------------------------------------------------------------------
@dataclass(eq=False)
class OwnChoice(nn.Module):
    """A layer that chooses by value, and therefore does not say that it is static."""

    def _build(self, incoming: nn.Signal, generator: np.random.Generator) -> nn.Signal:
        return incoming

    def forward(self, x: Tensor) -> Tensor:
        return x * 2.0 if x.data.real.sum() > 0 else x


SPACE = Fourier.on((6, 5), (2, 2))
BUILT = nn.Convolution(3)
BUILT.build(nn.Signal(SPACE, 2), np.random.default_rng(0))
WRONG = {
    "source": (lambda: as_module(torch.nn.Linear(2, 3)), "as_module: got a Linear, expected a Network or a layer"),
    "not built": (lambda: as_module(nn.Dense(3), nn.Signal(SPACE, 2)), "layer Dense: got one not built"),
    "no input": (lambda: as_module(BUILT), "incoming: got None, expected what the layer receives"),
    "an input": (lambda: as_module(network(), nn.Signal(SPACE, 2)), "incoming: got .*none for a network"),
    "part": (lambda: as_module(network(), part="door"), "part: got 'door', expected network or body"),
    "part of a layer": (lambda: as_module(BUILT, nn.Signal(SPACE, 2), part="body"), "part: got 'body'"),
    "layout": (lambda: as_module(network(), layout="nchw"), "layout: got 'nchw', expected 'torch' or 'freqnet'"),
    "backend": (lambda: as_module(network(), backend="cuda"), "backend: got 'cuda', expected 'auto' or"),
    "half": (lambda: as_module(network()).half(), "dtype of the module: got torch.float16"),
    "double": (lambda: as_module(network()).double(), "build the network with precision='float64'"),
    "array": (lambda: as_module(network())(np.zeros((1, 2, 6, 5))), "input of the module: got a ndarray"),
    "complex": (lambda: as_module(network())(samples() * 1j), "got numbers of torch.complex64, expected .*float32"),
    "real": (lambda: as_module(network(), part="body")(samples()), "numbers of torch.float32, expected .*complex64"),
    "device": (lambda: as_module(network())(samples().to("meta")), "got a tensor on meta, expected one on cpu"),
    "kernels elsewhere": (
        lambda: as_module(network(), backend="freqnet").to("meta")(samples().to("meta")),
        "backend='freqnet': got a tensor on meta, expected tensors on the CPU",
    ),
    "a choice": (
        lambda: as_module(network(own=nn.Sequential(OwnChoice(), nn.Dense(3))), backend="torch")(samples()),
        "got OwnChoice without is_static",
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", WRONG)
def test_one_line_says_what_is_wrong(case: str) -> None:
    make, message = WRONG[case]
    with pytest.raises(ConfigurationError, match=message) as caught:
        make()
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("part", "shape", "todo"),
    [
        ("network", (4, 6, 5, 2), "move the channels"),
        ("network", (2, 6, 5), r"add the axis of the examples, as x\[None\]"),
        ("network", (4, 2, 6), "pass 2 axes behind the channels"),
        ("network", (4, 3, 6, 5), "pass 2 axes behind the channels"),
        ("body", (4, 2, 5, 4), "pass 2 axes behind the channels"),
    ],
)
def test_shapes_that_do_not_fit(part: str, shape: tuple[int, ...], todo: str) -> None:
    """Messages count axes in the order of the layout."""
    kind, axes = (torch.complex64, "5, 3") if part == "body" else (torch.float32, "6, 5")
    x = torch.zeros(shape, dtype=kind)
    with pytest.raises(ShapeError, match=rf"got shape \({str(shape)[1:-1]}\), expected \(batch, 2, {axes}\); {todo}"):
        as_module(network(), part=part)(x)
    with pytest.raises(ShapeError, match=r"batch, .*2\)"):
        as_module(network(), part=part, layout="freqnet")(torch.zeros((7, 7, 7), dtype=kind))


def test_a_layer_that_chooses_runs_on_the_tape() -> None:
    own = network(own=nn.Sequential(OwnChoice(), nn.Convolution(3), nn.Dense(3)))
    x = samples()
    for factor in (1.0, -1.0):
        found = as_module(own).eval()(factor * x).detach()
        np.testing.assert_allclose(found, own.predict(last(factor * x)), rtol=1e-4, atol=1e-5)


def test_a_domain_without_kernels() -> None:
    own = nn.Network(nn.Door("grid", (6, 5), (2, 2), 2), body())
    found = as_module(own)(samples())
    found.sum().backward()
    space = Laplace.on((4, 4))
    layer = nn.Convolution(3)
    with pytest.warns(match="."):
        layer.build(nn.Signal(space, 2), np.random.default_rng(0))
    x = torch.randn(4, 4, 5, 2, requires_grad=True)
    as_module(layer, nn.Signal(space, 2), layout="freqnet")(x).sum().backward()
    assert x.grad.shape == x.shape


@pytest.mark.parametrize("backend", ["freqnet", "torch"])
def test_a_step_between_forward_and_backward_is_refused(backend: str) -> None:
    body = nn.Sequential(nn.Convolution(4), nn.PowerNorm(), nn.Polynomial(), nn.Dense(3))
    module = as_module(nn.Network(nn.Door("fourier", (8, 8), (3, 3), 1), body), backend=backend)
    loss = module(torch.randn(5, 1, 8, 8)).pow(2).sum()
    with torch.no_grad():
        for parameter in module.parameters():
            parameter.mul_(2)
    with pytest.raises(RuntimeError, match="modified by an inplace operation"):
        loss.backward()


def small(**choices: Any) -> tuple[nn.Network, Any]:
    body = nn.Sequential(nn.Convolution(4), nn.PowerNorm(), nn.Polynomial(), nn.Dense(3))
    network = nn.Network(nn.Door("fourier", (8, 8), (3, 3), 1), body)
    return network, as_module(network, **choices)


IMAGES = torch.randn(5, 1, 8, 8, generator=torch.Generator().manual_seed(0))


def predicted(network: nn.Network) -> np.ndarray:
    return network.predict(IMAGES.movedim(1, -1).numpy())


@pytest.mark.parametrize("backend", ["auto", "torch"])
def test_parameters_that_are_given_for_one_call_are_left_alone(backend: str) -> None:
    network, module = small(backend=backend)
    before, given = predicted(network), {name: x * 0.5 for name, x in module.state_dict().items()}
    found = torch.func.functional_call(module.eval(), given, (IMAGES,))
    assert np.array_equal(predicted(network), before)
    network.body.load_arrays({name: x.numpy() for name, x in given.items()})
    assert found.detach().numpy() == pytest.approx(predicted(network), abs=1e-5)
    _, other = small(backend="freqnet")
    with pytest.raises(ConfigurationError, match="parameters that are given for one call"):
        torch.func.functional_call(other.eval(), given, (IMAGES,))


def test_assigned_numbers_are_shared_at_once_and_keep_their_type() -> None:
    network, module = small()
    module.load_state_dict({name: x * 0.5 for name, x in module.state_dict().items()}, assign=True)
    assert predicted(network) == pytest.approx(module.eval()(IMAGES).detach().numpy(), abs=1e-6)
    with pytest.raises(ConfigurationError, match=r"parameter 0\.kernel: got torch.float64, expected"):
        module.load_state_dict({name: x.double() for name, x in module.state_dict().items()}, assign=True)
    assert {x.dtype for x in module.state_dict().values()} == {torch.float32}


@pytest.mark.parametrize("backend", ["freqnet", "torch"])
def test_what_pytorch_freezes_and_unfreezes_counts(backend: str) -> None:
    network, module = small(backend=backend)
    kernel, own = module.get_parameter("0.kernel"), network.body.named_parameters()["0.kernel"]
    for is_trained in (False, True):
        kernel.requires_grad_(is_trained)
        kernel.grad = None
        module(IMAGES).pow(2).sum().backward()
        assert (kernel.grad is not None, own.requires_grad) == (is_trained, is_trained)


@pytest.mark.parametrize("backend", ["freqnet", "torch"])
def test_no_examples_have_gradients_of_zero(backend: str) -> None:
    network, module = small(backend=backend)
    before = {name: array.copy() for name, array in network.body.named_state().items()}
    out = module(torch.zeros(0, 1, 8, 8))
    assert out.shape == (0, 3)
    out.sum().backward()
    assert all(bool((p.grad == 0).all()) for p in module.parameters())
    assert all(np.array_equal(array, before[name]) for name, array in network.body.named_state().items())
    assert network.body.training


def test_conjugates_are_read_as_they_are_meant() -> None:
    network, module = small(part="body")
    spectra = torch.from_numpy(network.analyse(IMAGES.movedim(1, -1).numpy()).data.copy()).movedim((-2, -1), (0, 1))
    assert torch.equal(module.eval()(spectra.conj()), module(spectra.conj().resolve_conj()))


def test_computed_parameters_are_refused_in_one_line() -> None:
    _, module = small()
    from torch.nn.utils import prune

    prune.l1_unstructured(module.get_submodule("0"), "kernel", 0.5)
    with pytest.raises(ConfigurationError, match=r"parameter 0\.kernel: got an array that PyTorch computes"):
        module(IMAGES)


def test_without_pytorch_one_line_says_how_to_install_it() -> None:
    program = (
        "import sys; sys.modules['torch'] = None\n"
        "import freqnet.torch\n"
        "from freqnet.errors import ConfigurationError\n"
        "try: freqnet.torch.as_module(None)\n"
        "except ConfigurationError as error: print(error)\n"
    )
    found = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout
    assert found.startswith("as_module: got no package torch, expected the extra torch; run pip install")
    assert found.count("\n") == 1
