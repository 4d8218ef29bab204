"""Training on a device of PyTorch, here its CPU: the losses of freqnet's kernels, files, and what is refused."""

from __future__ import annotations

import json
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from freqnet import Tensor, nn
from freqnet.autodiff import OPS, gradient, linear
from freqnet.cli.main import main
from freqnet.data import Dataset, load, split
from freqnet.errors import ConfigurationError, DivergenceError
from freqnet.experiments import Job, run, run_seeds
from freqnet.ops import cross_entropy
from freqnet.tasks import get_task
from freqnet.training import Callback, Settings, Team, analyse, evaluate, fit

torch = pytest.importorskip("torch")

from freqnet.benchmarks import colour  # noqa: E402

from freqnet.torch.devices import DeviceNetwork, device_names, find_device  # noqa: E402

DIGITS = load("digits").take(np.arange(200))
PARTS = split(DIGITS, seed=0, validation=0.2)
DEVICE = "torch:cpu"
WITHOUT_TORCH = """
import sys
class Without:
    def find_spec(self, name, *more):
        if name.partition(".")[0] == "torch":
            raise ImportError(name)
sys.meta_path.insert(0, Without())
"""


def body(*more: nn.Module) -> nn.Sequential:
    return nn.Sequential(
        nn.Convolution(6), nn.PowerNorm(), nn.Polynomial(), nn.TruncationPool(5), *more, nn.Convolution(4),
        nn.PowerNorm(), nn.Gaussian(), nn.Dense(10),
    )  # fmt: skip


def network(*more: nn.Module, domain: str = "fourier", precision: Any = np.float64) -> nn.Network:
    return nn.Network(nn.Door(domain, (8, 8), (3, 3), 1), body(*more), precision=precision)


def trained(
    device: str | None, own: nn.Network, dataset: Dataset = PARTS.train, **words: Any
) -> tuple[list[float], Any]:
    """The losses of training and validation, and the arrays of a network that is trained."""
    validation = PARTS.validation if dataset is PARTS.train else None
    spectra = None if validation is None else analyse(own, validation)
    settings = Settings(**{"epochs": 2, "batch": 32, **words})
    history = fit(own, analyse(own, dataset), spectra, settings, device=device)
    losses = [row[name] for row in history.rows for name in ("loss", "validation_loss") if name in row]
    return losses, {name: array.copy() for name, array in own.arrays().items()}


CASES: dict[str, tuple[Any, dict[str, Any]]] = {
    "plain": (network, {}),
    "draws": (lambda: network(nn.FrequencyDropout(2), nn.ChannelDropout(0.2)), {}),
    "augmented": (network, {"shift": 1.0, "augment": ("noise=0.1", "mixup")}),
    "muon with averages": (network, {"optimizer": "muon", "ema": 0.9, "learning_rate": 1e-3}),
    "groups and parts": (network, {"accumulate": 2, "shards": 3}),
    "frozen": (network, {"freeze": ("0", "1", "2")}),
    "weights of classes": (network, {"class_weights": "balanced"}),
    "hartley": (lambda: network(domain="hartley"), {}),
    "samples": (lambda: network(domain="grid"), {}),
}


@pytest.mark.parametrize("case", CASES)
def test_losses_and_weights_are_those_of_the_kernels(case: str) -> None:
    make, words = CASES[case]
    (wanted, arrays), (found, others) = trained(None, make(), **words), trained(DEVICE, make(), **words)
    np.testing.assert_allclose(found, wanted, rtol=1e-9)
    assert len(wanted) == 4
    for name, array in arrays.items():
        np.testing.assert_allclose(others[name], array, rtol=1e-6, atol=1e-8, err_msg=name)


def test_losses_differ_where_an_operator_is_wrong(monkeypatch: pytest.MonkeyPatch) -> None:
    from freqnet.torch import library

    wanted, _ = trained(None, network())
    monkeypatch.setitem(library.NATIVE, "sqrt", lambda x: 1.01 * torch.sqrt(x))
    found, _ = trained(DEVICE, network())
    assert not np.allclose(found, wanted, rtol=1e-4)


def fields() -> Dataset:
    samples = np.random.default_rng(0).standard_normal((40, 8, 8, 1))
    return Dataset("fields", samples, samples**2, ("square",), task=get_task("field"))


def numbers() -> Dataset:
    samples = np.random.default_rng(0).standard_normal((40, 8, 8, 1))
    return Dataset("numbers", samples, (samples**2).mean((1, 2)), ("power",), task=get_task("regression"))


@pytest.mark.parametrize(("make", "loss"), [(fields, "squared"), (fields, "sobolev"), (numbers, "squared")])
def test_other_tasks(make: Any, loss: str) -> None:
    dataset = make()
    found = []
    for device in (None, DEVICE):
        layers = [nn.Convolution(3), nn.PowerNorm(), nn.Polynomial(), nn.Convolution(1)]
        layers += [] if dataset.task.is_field else [nn.Dense(1)]
        own = nn.Network(nn.Door("fourier", (8, 8), (3, 3), 1), nn.Sequential(*layers), precision=np.float64)
        found.append(trained(device, own, dataset, loss=loss)[0])
    np.testing.assert_allclose(found[1], found[0], rtol=1e-9)


@pytest.mark.parametrize(("precision", "limit"), [(np.float32, 1e-5), (np.float64, 1e-10)])
@pytest.mark.parametrize("name", colour.NAMES)
def test_gradients_of_networks_for_colour_images(name: str, precision: Any, limit: float) -> None:
    plain = colour.network(name)
    own = nn.Network(plain.door, plain.body, precision=precision)
    own.train()
    data = colour.images(8)
    x = own.analyse(data.images)
    loss = lambda outputs: cross_entropy(outputs, data.targets)
    state = {name: array.copy() for name, array in own.body.named_state().items()}
    value = loss(own(x))
    parameters = own.named_parameters()
    wanted = dict(zip(parameters, (g.data for g in gradient(value, list(parameters.values()))), strict=True))
    moved = {name: array.copy() for name, array in own.body.named_state().items()}
    for name, array in own.body.named_state().items():
        array[...] = state[name]
    found, _ = DeviceNetwork(own, parameters, DEVICE).gradients(x, loss)
    assert found == pytest.approx(value.item(), rel=limit)
    # Gains before a scale-free activation and a norm have gradients of 0, of which rounding errors are left.
    largest = max(float(np.abs(g).max()) for g in wanted.values())
    own_sizes = {name: float(np.abs(g).max()) for name, g in wanted.items()}
    sizes = {name: size if size > 1e-3 * largest else largest for name, size in own_sizes.items()}
    assert sum(size == largest for size in sizes.values()) <= 2
    errors = {name: float(np.abs(p.grad - wanted[name]).max()) / sizes[name] for name, p in parameters.items()}
    assert {name: error for name, error in errors.items() if not error <= limit} == {}
    assert all(np.abs(g).max() > 0 for name, g in wanted.items() if name.endswith(("kernel", "weight")))
    for name, array in own.body.named_state().items():
        np.testing.assert_allclose(array, moved[name], rtol=limit, atol=limit)


def test_outputs_of_a_device_are_those_of_the_network() -> None:
    own = network()
    own.train()
    x = analyse(own, PARTS.test)
    device = DeviceNetwork(own, {}, DEVICE)
    spectra = next(x.in_order(len(x))).x
    for batch in (7, 250):
        np.testing.assert_allclose(device.infer(spectra, batch), own.infer(spectra), rtol=1e-9, atol=1e-11)
    assert evaluate(device, x).loss == pytest.approx(evaluate(own, x).loss, rel=1e-9)
    assert own.body.training


# -- files ---------------------------------------------------------------------------------------------
class Stop(Callback):
    """End the training after an epoch."""

    def epoch(self, row: dict[str, Any], run: Any) -> None:
        raise KeyboardInterrupt


def test_a_run_that_is_interrupted_ends_in_the_same_bits_on_the_same_device(tmp_path: Path) -> None:
    whole, part, file = network(), network(), tmp_path / "run.safetensors"
    train, settings = analyse(whole, PARTS.train), Settings(epochs=3, batch=32)
    fit(whole, train, settings=settings, device=DEVICE)
    with pytest.raises(KeyboardInterrupt):
        fit(part, train, settings=settings, checkpoint=file, callbacks=[Stop()], device=DEVICE)
    again = network()
    fit(again, train, settings=settings, checkpoint=file, resume=True, device=DEVICE)
    assert all(np.array_equal(array, again.arrays()[name]) for name, array in whole.arrays().items())
    # It goes on by the kernels as well, without PyTorch.
    with pytest.raises(KeyboardInterrupt):
        fit(network(), train, settings=settings, checkpoint=file, callbacks=[Stop()], device=DEVICE)
    other = network()
    fit(other, train, settings=settings, checkpoint=file, resume=True)
    for name, array in whole.arrays().items():
        np.testing.assert_allclose(other.arrays()[name], array, rtol=1e-6, atol=1e-8, err_msg=name)


def test_the_command_trains_on_a_device_and_the_model_needs_no_pytorch(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["train", "digits", "--epochs", "1", "--widths", "4,4,4", "--device", DEVICE, "--out", str(tmp_path / "a")]
    with pytest.raises(SystemExit) as ended:
        main(words)
    assert not ended.value.code
    assert capsys.readouterr().out.count("PyTorch computes on torch:cpu") == 1
    found = json.loads((tmp_path / "a" / "metrics.json").read_text())
    job = Job("digits", out=tmp_path / "b", model={"widths": (4, 4, 4)}, settings={"epochs": 1})
    assert found["test_loss"] == pytest.approx(run(job, report=False)["test_loss"], rel=1e-4)
    program = (
        f"{WITHOUT_TORCH}\n"
        "from freqnet.data import load, split\n"
        "from freqnet.training import analyse, evaluate, load_checkpoint\n"
        f"network = load_checkpoint({str(tmp_path / 'a' / 'model.safetensors')!r}).restore()\n"
        "print(evaluate(network, analyse(network, split(load('digits'), seed=0).test)).loss)\n"
    )
    shown = subprocess.run([sys.executable, "-c", program], check=True, timeout=300, capture_output=True, text=True)
    assert float(shown.stdout) == pytest.approx(found["test_loss"], rel=1e-6)


def test_several_seeds_train_on_a_device(tmp_path: Path) -> None:
    job = Job("digits", out=tmp_path / "a", model={"widths": (4, 4, 4)}, settings={"epochs": 1})
    with ThreadPoolExecutor(1) as executor:
        found = run_seeds(job, 2, executor, device=DEVICE)
        here = run_seeds(replace(job, out=tmp_path / "b"), 2, executor)
    assert found.ok
    for own, other in zip(found.outcomes, here.outcomes, strict=True):
        assert own.metrics["test_loss"] == pytest.approx(other.metrics["test_loss"], rel=1e-4)
    with pytest.raises(ConfigurationError, match="device: got 'cuda:77'"):
        run_seeds(replace(job, out=tmp_path / "c"), 2, device="cuda:77")
    assert not (tmp_path / "c").exists()


# -- what is refused -----------------------------------------------------------------------------------
@dataclass(eq=False)
class OwnWay(nn.Module):
    """A layer that does not say that it is static."""

    def _build(self, incoming: nn.Signal, generator: np.random.Generator) -> nn.Signal:
        return incoming

    def forward(self, x: Tensor) -> Tensor:
        return x * 2.0


@pytest.mark.parametrize("device", ["cuda:77", "torch:meta", "torch:tpu", "gpu", "", "torch:"])
def test_a_device_that_does_not_exist(device: str) -> None:
    with pytest.raises(
        ConfigurationError, match=r"device: got .*, expected one that PyTorch finds.*torch:cpu"
    ) as error:
        trained(device, network())
    assert "\n" not in str(error.value)
    assert str(error.value).endswith("; pass device='cpu'")


def test_a_device_is_a_name_or_a_device_of_pytorch() -> None:
    with pytest.raises(ConfigurationError, match="device: got 0, expected the name of a device"):
        trained(0, network())  # type: ignore[arg-type]
    assert find_device("torch:cpu") == torch.device("cpu")
    assert device_names()[:2] == ["cpu", "torch:cpu"]
    wanted, _ = trained(None, network())
    found, _ = trained(torch.device("cpu"), network())  # type: ignore[arg-type]
    assert found == wanted


def test_a_layer_that_chooses_is_refused_before_the_first_step() -> None:
    own = network(OwnWay())
    before = own.arrays()["0.kernel"].copy()
    with pytest.raises(ConfigurationError, match="got OwnWay without is_static"):
        trained(DEVICE, own)
    assert np.array_equal(own.arrays()["0.kernel"], before)


def test_an_op_without_a_rule_is_refused_before_the_first_step() -> None:
    turn = linear("turned_about", lambda x: Tensor(-x.data, x.space), lambda g, x: turn(g), source="-x")

    class Turned(OwnWay):
        is_static = True

        def forward(self, x: Tensor) -> Tensor:
            return turn(x)

    try:
        message = r"op turned_about in layer 4 \(Turned\): got no ONNX rule"
        with pytest.raises(ConfigurationError, match=message) as error:
            trained(DEVICE, network(Turned()))
        assert "\n" not in str(error.value)
    finally:
        OPS.pop("turned_about")


def test_several_processes_are_refused() -> None:
    class Others(Team):
        size = 2

    own = network()
    with pytest.raises(ConfigurationError, match="device: got 'torch:cpu' with a Others, expected this process alone"):
        fit(own, analyse(own, PARTS.train), settings=Settings(shards=2), device=DEVICE, team=Others())


def test_a_loss_that_is_not_finite_is_told_and_changes_no_weights() -> None:
    own = network()
    own.body.load_arrays({**own.arrays(), "0.kernel": own.arrays()["0.kernel"] * 1e200})
    before = own.arrays()["7.weight"].copy()
    with np.errstate(all="ignore"), pytest.raises(DivergenceError, match="epoch 1"):
        trained(DEVICE, own)
    assert np.array_equal(own.arrays()["7.weight"], before)


@pytest.mark.parametrize(
    ("words", "line"),
    [
        (["--device", "cuda:77"], "device: got 'cuda:77', expected one that PyTorch finds"),
        (["--device", "cuda:77", "--seeds", "2"], "device: got 'cuda:77', expected one that PyTorch finds"),
    ],
)
def test_the_command_line_says_in_one_line_what_is_wrong(
    words: list[str], line: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["train", "digits", "--out", str(tmp_path / "run"), *words])
    shown = capsys.readouterr().err
    assert ended.value.code == 2
    assert shown.count("\n") == 1
    assert line in shown
    assert not (tmp_path / "run").exists()


def test_without_pytorch_one_line_says_how_to_install_it(tmp_path: Path) -> None:
    program = (
        f"{WITHOUT_TORCH}\n"
        "from freqnet.cli import main\n"
        f"main(['train', 'digits', '--device', 'cuda', '--out', {str(tmp_path / 'run')!r}])"
    )
    found = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=300)
    assert found.returncode == 2
    assert "device='cuda': got no package torch, expected the extra torch; run pip install" in found.stderr
    assert not (tmp_path / "run").exists()
