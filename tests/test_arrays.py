"""Networks on arrays of other libraries: values, weights that change, numbers of examples, and what is refused."""

from __future__ import annotations

import copy
import subprocess
import sys
from dataclasses import dataclass
from typing import Any

import array_api_strict as xp
import numpy as np
import pytest

from freqnet import Fourier, Grid, Tensor, nn, ops
from freqnet.arrays import as_function
from freqnet.errors import ConfigurationError, ShapeError
from freqnet.spaces import Hartley


def network(precision: Any = np.float64, door: nn.Door | None = None, *own: nn.Module) -> nn.Network:
    body = own or (
        nn.Convolution(6), nn.PowerNorm(), nn.Polynomial(), nn.TruncationPool(3), nn.Convolution(4), nn.PowerNorm(),
        nn.Gaussian(), nn.Dense(3),
    )  # fmt: skip
    return nn.Network(door or nn.Door("fourier", (6, 5), (2, 2), 2), nn.Sequential(body), precision=precision)


def samples(count: int = 4, *grid: int, channels: int = 2) -> np.ndarray:
    return np.random.default_rng(0).standard_normal((count, *(grid or (6, 5)), channels))


def close(found: Any, wanted: np.ndarray, limit: float = 1e-10) -> None:
    assert found.shape == wanted.shape
    np.testing.assert_allclose(np.asarray(found), wanted, rtol=limit, atol=limit)


@pytest.mark.parametrize(("precision", "limit"), [(np.float32, 1e-5), (np.float64, 1e-10)])
def test_samples_go_in_and_logits_come_out_in_the_same_library(precision: Any, limit: float) -> None:
    own, x = network(precision), samples().astype(precision)
    found = as_function(own)(xp.asarray(x))
    assert type(found) is type(xp.asarray(x))
    assert found.dtype == xp.asarray(x).dtype
    close(found, own.predict(x), limit)


def test_the_library_follows_from_the_type() -> None:
    own, x = network(), samples()
    function = as_function(own)
    assert type(function(x)) is np.ndarray
    close(function(x), own.predict(x))
    torch = pytest.importorskip("torch")
    found = function(torch.from_numpy(x))
    assert isinstance(found, torch.Tensor)
    close(found.detach(), own.predict(x))
    assert function(torch.from_numpy(x).to("meta")).device.type == "meta"


@pytest.mark.filterwarnings("ignore::freqnet.errors.ModuloWarning")
@pytest.mark.parametrize("domain", ["fourier", "hartley", "grid", "laplace:factored"])
def test_outputs_that_are_signals(domain: str) -> None:
    own = network(np.float64, nn.Door(domain, (6, 5), (2, 2), 2), nn.Convolution(3), nn.PowerNorm(), nn.Polynomial())
    x = samples()
    close(as_function(own)(xp.asarray(x)), own.predict(x), 1e-9)
    spectra = own.analyse(x)
    close(as_function(own, part="body")(xp.asarray(spectra.data)), own.infer(spectra), 1e-9)


def test_a_layer_alone_and_its_features() -> None:
    layer = nn.Dense(3)
    layer.build(nn.Features(5), np.random.default_rng(0), np.float64)
    x = np.random.default_rng(1).standard_normal((4, 5))
    close(as_function(layer, nn.Features(5))(xp.asarray(x)), layer(Tensor(x)).data)


def test_weights_that_change_count_at_the_next_call() -> None:
    own, x = network(), samples()
    function = as_function(own)
    before = function(xp.asarray(x))
    own.body.load_arrays({name: array * 0.5 for name, array in own.arrays().items()})
    after = function(xp.asarray(x))
    assert not np.allclose(np.asarray(before), np.asarray(after))
    close(after, own.predict(x))
    # A plain copy has the weights of its own network.
    other = copy.deepcopy(function)
    own.body.load_arrays({name: array * 0.0 for name, array in own.arrays().items()})
    close(other(xp.asarray(x)), np.asarray(after))


def test_the_mode_of_the_network_does_not_matter_and_does_not_change() -> None:
    own, x = network(), samples()
    wanted = own.predict(x)
    own.train()
    close(as_function(own)(xp.asarray(x)), wanted)
    assert own.body.training


def test_weights_that_are_given() -> None:
    own, x = network(), samples()
    given = {name: array * 0.5 for name, array in own.arrays().items()}
    found = as_function(own)(xp.asarray(x), {name: xp.asarray(array) for name, array in given.items()})
    own.body.load_arrays(given)
    close(found, own.predict(x))


def test_gradients_of_weights_that_are_given_by_pytorch() -> None:
    torch = pytest.importorskip("torch")
    own, x = network(), samples()
    given = {name: torch.from_numpy(array.copy()).requires_grad_() for name, array in own.arrays().items()}
    as_function(own)(torch.from_numpy(x), given)[:, 0].sum().backward()
    step, name = 1e-6, "7.weight"
    change = np.random.default_rng(2).standard_normal(given[name].shape)
    sums = []
    for sign in (1, -1):
        own.body.load_arrays({**own.arrays(), name: given[name].detach().numpy() + sign * step * change})
        sums.append(own.predict(x)[:, 0].sum())
    assert float((given[name].grad * torch.from_numpy(change)).sum()) == pytest.approx(
        (sums[0] - sums[1]) / 2 / step, rel=1e-6
    )


def test_numbers_of_examples_and_other_samplings() -> None:
    own = network()
    function = as_function(own)
    for count, grid in ((1, (6, 5)), (7, (6, 5)), (2, (12, 10))):
        x = samples(count, *grid)
        close(function(xp.asarray(x)), own.predict(x))
    assert function(xp.asarray(samples(0))).shape == (0, 3)
    body = as_function(network(np.float64, None, nn.Convolution(3)), part="body")
    assert body(xp.zeros((5, 3, 0, 2), dtype=xp.complex128)).shape == (5, 3, 0, 3)


def test_whole_numbers_are_read_as_the_door_reads_them() -> None:
    own = network()
    for kind in (np.uint8, bool):
        x = (samples() > 0).astype(kind) * kind(1)
        close(as_function(own)(xp.asarray(x)), own.predict(x))


@pytest.mark.parametrize(("precision", "limit"), [(np.float32, 1e-5), (np.float64, 1e-10)])
@pytest.mark.parametrize("make", [Fourier.on, Hartley.on, Grid.on])
def test_ops_and_functions_of_several_signals(make: Any, precision: Any, limit: float) -> None:
    space = make((6, 5), (2, 2))
    x, y = (
        Tensor(space.random(np.empty((*space.shape, 3, 2), space.dtype(precision)), np.random.default_rng(i)), space)
        for i in range(2)
    )
    factors = Tensor(np.random.default_rng(2).standard_normal((3, 2)).astype(precision))
    both = nn.Signal(space, 2)
    product = as_function(ops.multiply, (both, both))
    close(product(xp.asarray(x.data), xp.asarray(y.data)), ops.multiply(x, y).data, limit)
    scaled = lambda x, factors: ops.mean(ops.times(x, factors) * x)
    found = as_function(scaled, (both, nn.Features(2)))(xp.asarray(x.data), xp.asarray(factors.data))
    close(found, scaled(x, factors).data, limit)
    close(as_function(lambda x: x * x, both)(xp.asarray(x.data)), ops.multiply(x, x).data, limit)


def test_gradients_of_ops_by_pytorch() -> None:
    torch = pytest.importorskip("torch")
    space = Fourier.on((6, 5), (2, 2))
    signal = nn.Signal(space, 2)
    x, y = (space.random(np.empty((*space.shape, 3, 2), np.complex128), np.random.default_rng(i)) for i in range(2))
    given = torch.from_numpy(x).requires_grad_()
    as_function(lambda a, b: ops.mean(a * b), (signal, signal))(given, torch.from_numpy(y)).sum().backward()
    # The mean of a product is the inner product, whose gradient is the other signal.
    found = space.cotangent.project(given.grad.numpy() / space.weights)
    np.testing.assert_allclose(found, y, atol=1e-12)


# -- what is refused -----------------------------------------------------------------------------------
@dataclass(eq=False)
class OwnWay(nn.Module):
    """A layer that does not say that it is static."""

    def _build(self, incoming: nn.Signal, generator: np.random.Generator) -> nn.Signal:
        return incoming

    def forward(self, x: Tensor) -> Tensor:
        return x * 2.0


SIGNAL = nn.Signal(Fourier.on((6, 5), (2, 2)), 2)
SPECTRA = xp.zeros((5, 3, 1, 2), dtype=xp.complex128)
ZEROS = xp.zeros((1, 6, 5, 2))
WRONG = {
    "source": (lambda: as_function(np.zeros(3)), "as_function: got a ndarray, expected a Network or a layer"),
    "no array": (lambda: as_function(network())([[1.0]]), "arrays: got a list, expected an array of NumPy, PyTorch"),
    "a tensor": (lambda: as_function(network())(Tensor(samples())), "arrays: got a Tensor, expected an array of NumPy"),
    "complex": (lambda: as_function(network())(xp.astype(ZEROS, xp.complex128)), "numbers of .*complex128"),
    "real": (lambda: as_function(network(), part="body")(ZEROS), "input of the function: .* expected complex128"),
    "whole": (lambda: as_function(network(), part="body")(xp.astype(ZEROS, xp.int64)), "expected complex128"),
    "missing": (lambda: as_function(network())(ZEROS, {}), "arrays: got none for 0.bias, .* expected all parameters"),
    "no incoming": (lambda: as_function(ops.multiply), "incoming: got None, expected what each argument is"),
    "count": (lambda: as_function(ops.mean, SIGNAL)(ZEROS, ZEROS), "arrays: got 2, expected 1"),
    "precision": (
        lambda: as_function(ops.multiply, (SIGNAL, SIGNAL))(SPECTRA, xp.astype(SPECTRA, xp.complex64)),
        "arrays: got numbers of .*complex64, expected complex128",
    ),
    "plain": (lambda: as_function(ops.mean, SIGNAL)(ZEROS), "numbers of .*float64, expected complex128"),
    "a choice": (
        lambda: as_function(network(np.float64, None, OwnWay(), nn.Dense(3)))(ZEROS),
        "operators of array libraries: got OwnWay without is_static",
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", WRONG)
def test_one_line_says_what_is_wrong(case: str) -> None:
    make, message = WRONG[case]
    with pytest.raises(ConfigurationError, match=message) as caught:
        make()
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("shape", [(4, 2, 6, 5), (6, 5, 2), (4, 6, 5, 3)])
def test_shapes_that_do_not_fit(shape: tuple[int, ...]) -> None:
    with pytest.raises(ShapeError, match="samples"):
        as_function(network())(xp.zeros(shape))


def test_without_the_package_one_line_says_how_to_install_it() -> None:
    program = (
        "import sys; sys.modules['array_api_compat'] = None\n"
        "import numpy as np, freqnet.arrays\n"
        "from freqnet import nn\n"
        "from freqnet.errors import ConfigurationError\n"
        "own = nn.Network(nn.Door('fourier', 8, 3, 1), nn.Sequential(nn.Dense(2)))\n"
        "print(own.predict(np.zeros((1, 8, 1))).shape)\n"
        "try: freqnet.arrays.as_function(own)(np.zeros((1, 8, 1)))\n"
        "except ConfigurationError as error: print(error)\n"
        "print('torch' in sys.modules)\n"
    )
    found = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout
    assert found.startswith("(1, 2)\narrays of other libraries: got no package array_api_compat, expected the extra ")
    assert found.endswith("in the clone of freqnet\nFalse\n")
    assert found.count("\n") == 3


def test_a_function_says_what_it_computes() -> None:
    function = as_function(network(), part="body")
    assert repr(function).startswith("ArrayFunction(body of Network(")
    assert function.source.space == Fourier.on((6, 5), (2, 2))
