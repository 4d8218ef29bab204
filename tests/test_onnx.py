"""Networks as ONNX models: the same outputs in ONNX Runtime, and one-line errors for what cannot be exported."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from test_cli_train import refused, succeed

from freqnet import nn
from freqnet.autodiff import OPS, Tensor, linear
from freqnet.data import from_arrays, load, split
from freqnet.errors import ConfigurationError
from freqnet.nn.module import require_incoming
from freqnet.training import Model, Settings, analyse, fit, load_checkpoint

onnx = pytest.importorskip("onnx")
runtime = pytest.importorskip("onnxruntime")

from freqnet.onnx import RULES, linear_rule, rule  # noqa: E402
from freqnet.onnx.matrices import Dense, Product, Selection, apply_form, form_of  # noqa: E402

EXAMPLES = Path(__file__).parents[1] / "docs" / "howto" / "serving"
pytestmark = pytest.mark.filterwarnings(
    "ignore::freqnet.errors.ModuloWarning", "ignore::freqnet.errors.ConditionWarning"
)


def session(model: Any) -> Any:
    options = runtime.SessionOptions()
    options.intra_op_num_threads, options.log_severity_level = 1, 3
    return runtime.InferenceSession(model.SerializeToString(), options, providers=["CPUExecutionProvider"])


def outputs(model: Any, samples: np.ndarray) -> np.ndarray:
    (port,) = model.graph.input
    (found,) = session(model).run(None, {port.name: samples})
    return found


def assert_same(network: nn.Network, samples: np.ndarray, tolerance: float = 1e-5) -> Any:
    """The model has the outputs of the network, in standard operators on real numbers; return the model."""
    model, samples = network.to_onnx(), samples.astype(network.precision)
    wanted = network.predict(samples)
    np.testing.assert_allclose(outputs(model, samples), wanted, rtol=0, atol=tolerance * max(1, np.abs(wanted).max()))
    np.testing.assert_allclose(
        outputs(model, samples[:1]), wanted[:1], rtol=0, atol=tolerance * max(1, np.abs(wanted).max())
    )
    kinds = {node.op_type for node in model.graph.node}
    assert not kinds & {"DFT", "STFT", "Loop", "Scan", "If"}
    assert {node.domain for node in model.graph.node} == {""}
    values = onnx.shape_inference.infer_shapes(model).graph.value_info
    types = {v.type.tensor_type.elem_type for v in values} | {t.data_type for t in model.graph.initializer}
    assert types <= {onnx.TensorProto.FLOAT, onnx.TensorProto.DOUBLE, onnx.TensorProto.INT64, onnx.TensorProto.BOOL}
    return model


def body(*head: nn.Module) -> nn.Sequential:
    return nn.Sequential((
        nn.Convolution(6), nn.PowerNorm(), nn.Gaussian(), nn.Residual(nn.Convolution(6, groups=2)),
        nn.TruncationPool(3), nn.Convolution(6, 2), nn.PowerNorm(), nn.Polynomial(), *(head or (nn.Dense(3),)),
    ))  # fmt: skip


# -- domains, sizes and doors --------------------------------------------------------------------------
@pytest.mark.parametrize("domain", ["fourier", "hartley", "grid"])
@pytest.mark.parametrize("grid", [(1,), (2,), (7,), (16,), (5, 8), (13, 3), (4, 5, 3), (3, 3, 4)])
def test_sizes_and_dimensions(rng: np.random.Generator, domain: str, grid: tuple[int, ...]) -> None:
    door = nn.Door(domain, grid, tuple((n - 1) // 2 for n in grid), 2, offset=(0.5, -1.0), scale=(2.0, 0.3))
    layers = (nn.Convolution(4), nn.PowerNorm(), nn.Polynomial(), nn.Convolution(3), nn.Gaussian(), nn.Dense(3))
    network = nn.Network(door, nn.Sequential(layers))
    assert_same(network, rng.normal(size=(5, *grid, 2)))


@pytest.mark.parametrize(
    ("domain", "precision"), [("laplace", "float64"), ("damped", "float32"), ("damped", "float64")]
)
@pytest.mark.parametrize("dropped", [0, 1], ids=["all nodes", "fewer nodes"])
@pytest.mark.parametrize("grid", [(5,), (6, 7), (3, 2, 2)])
def test_domains_of_nodes(
    rng: np.random.Generator, domain: str, precision: str, dropped: int, grid: tuple[int, ...]
) -> None:
    space = nn.Door(domain, grid, (0,) * len(grid), 1, pad=(2,) * len(grid)).space
    band = tuple(m - dropped for m in space.largest_band)
    door = nn.Door(domain, grid, band, 1, pad=(2,) * len(grid))
    layers = (nn.Convolution(4), nn.PowerNorm(), nn.Polynomial(), nn.Convolution(3), nn.Gaussian(), nn.Dense(3))
    network = nn.Network(door, nn.Sequential(layers), precision=precision)
    assert_same(network, rng.normal(size=(5, *grid, 1)))


@pytest.mark.parametrize("domain", ["fourier", "hartley", "grid"])
def test_a_door_that_pools_and_pads(rng: np.random.Generator, domain: str) -> None:
    door = nn.Door(domain, (12, 15), (3, 3), 2, offset=(1.0, 2.0), scale=(2.0, 3.0), pad=(1, 2), pool=(2, 3))
    assert_same(nn.Network(door, body()), rng.normal(size=(4, 12, 15, 2)))


@pytest.mark.parametrize("function", ["relu", "leaky_relu", "gelu", "erf", "silu", "tanh", "sigmoid", "softplus"])
@pytest.mark.parametrize("degree", [1, 3, 4])
def test_activations_that_fit_each_signal(rng: np.random.Generator, function: str, degree: int) -> None:
    layers = (nn.Convolution(3), nn.Gaussian(function, degree), nn.Dense(4))
    network = nn.Network(nn.Door("fourier", (9,), (4,), 1), nn.Sequential(layers))
    samples = rng.normal(size=(6, 9, 1)) * np.array([0, 0.01, 0.3, 1, 3, 10]).reshape(6, 1, 1)
    assert_same(network, samples)


# -- tasks and trained networks ------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("domain", "more"), [("fourier", {}), ("hartley", {}), ("grid", {"activation": "relu"}), ("damped", {})]
)
def test_trained_networks_name_the_same_classes(domain: str, more: dict[str, Any]) -> None:
    parts = split(load("digits"), seed=0)
    network = Model(domain=domain, widths=(8, 8, 8), **more).network(parts.train)
    fit(network, analyse(network, parts.train), settings=Settings(epochs=2))
    samples = parts.test.images.astype(np.float32)
    model = assert_same(network, samples)
    assert (outputs(model, samples).argmax(1) == network.predict(samples).argmax(1)).all()
    assert (outputs(model, samples).argmax(1) == parts.test.targets).mean() > 0.6


@pytest.mark.parametrize("task", ["multi-label", "regression", "field"])
def test_other_tasks(rng: np.random.Generator, task: str) -> None:
    x = rng.normal(size=(40, 8, 9, 1)).astype(np.float32)
    targets = {"multi-label": x[:, :3, 0, 0] > 0, "regression": 100 * x[:, :2, 0, 0] + 7, "field": x * 2 + 3}
    data = from_arrays(x, targets[task].astype(np.float32), layout="nhwc", task=task)
    network = Model(widths=(6, 6)).network(data)
    fit(network, analyse(network, data), settings=Settings(epochs=1))
    model = assert_same(network, x)
    shape = [axis.dim_value for axis in model.graph.output[0].type.tensor_type.shape.dim]
    assert shape[1:] == list(network.predict(x[:1]).shape[1:])


@pytest.mark.parametrize("domain", ["fourier", "damped"])
def test_signals_on_a_padded_grid(rng: np.random.Generator, domain: str) -> None:
    layers = nn.Sequential((nn.Convolution(2, boundary="linear", bias=False), nn.Rescale(3.0, 1.0)))
    network = nn.Network(nn.Door(domain, (6, 5), (2, 2), 1, pad=(2, 2)), layers)
    assert outputs(assert_same(network, rng.normal(size=(3, 6, 5, 1))), np.ones((2, 6, 5, 1), np.float32)).shape == (
        2,
        6,
        5,
        2,
    )


# -- parts, storage and metadata -----------------------------------------------------------------------
@pytest.fixture
def network() -> nn.Network:
    return nn.Network(nn.Door("fourier", (8, 8), (3, 3), 1, low=(0.0,), high=(1.0,), full_scale=16.0), body())


@pytest.mark.parametrize("domain", ["fourier", "hartley"])
def test_door_and_body_are_the_network(rng: np.random.Generator, domain: str) -> None:
    network = nn.Network(nn.Door(domain, (8, 9), (3, 4), 2), body())
    samples = rng.normal(size=(3, 8, 9, 2)).astype(np.float32)
    spectra = outputs(network.to_onnx("door"), samples)
    stored = network.analyse(samples).data
    pairs = np.stack([stored.real, stored.imag], -1) if np.iscomplexobj(stored) else stored
    np.testing.assert_allclose(spectra, pairs, atol=1e-6)
    np.testing.assert_allclose(outputs(network.to_onnx("body"), spectra), network.predict(samples), atol=1e-5)


def test_half_the_memory_for_weights(rng: np.random.Generator, network: nn.Network) -> None:
    whole, half = network.to_onnx(), network.to_onnx(storage="float16")
    samples = rng.normal(size=(4, 8, 8, 1)).astype(np.float32)
    difference = np.abs(outputs(whole, samples) - outputs(half, samples)).max()
    assert 0 < difference < 1e-2
    assert half.ByteSize() < 0.8 * whole.ByteSize()


def test_a_model_carries_what_a_client_must_know(network: nn.Network) -> None:
    network.output_names = ("a", "b", "c")
    model = network.to_onnx(metadata={"task": "classes", "output_names": ["x", "y", "z"]})
    facts = {entry.key: json.loads(entry.value) for entry in model.metadata_props}
    assert facts == {
        "part": "network", "domain": "fourier", "grid": [8, 8], "channels": 1, "precision": "float32",
        "full_scale": 16.0, "low": [0.0], "high": [1.0], "outputs": 3, "output_names": ["x", "y", "z"],
        "task": "classes",
    }  # fmt: skip
    assert model.graph.input[0].type.tensor_type.shape.dim[0].dim_param == "batch"


# -- ops of users --------------------------------------------------------------------------------------
def amplified(x: Tensor) -> Tensor:
    return Tensor(x.data * 3, x.space)


@pytest.fixture
def own() -> Any:
    """An op and a layer of a user."""
    op = linear("triple", amplified, lambda g, x: op(g), source="3 x")

    @nn.layer
    @dataclass(eq=False)
    class Triple(nn.Module):
        def _build(self, incoming: Any, generator: Any) -> Any:
            return require_incoming(incoming, nn.Signal, "Triple")

        def forward(self, x: Tensor) -> Tensor:
            return op(x)

    layers = nn.Sequential((nn.Convolution(2), nn.Sequential((Triple(),)), nn.Dense(2)))
    yield nn.Network(nn.Door("fourier", (5,), (2,), 1), layers)
    OPS.pop("triple")
    nn.LAYERS.pop("Triple")
    RULES.pop("triple", None)


def test_an_op_without_a_rule_is_named_with_its_layer(own: nn.Network) -> None:
    with pytest.raises(
        ConfigurationError, match=r"op triple in layer 1\.0 \(Triple\): got no ONNX rule.*rule\('triple'\)"
    ):
        own.to_onnx()


def test_an_op_with_a_rule(own: nn.Network, rng: np.random.Generator) -> None:
    linear_rule("triple")
    assert_same(own, rng.normal(size=(3, 5, 1)))
    rule("triple")(lambda graph, out, inputs: graph.times(graph.name(inputs[0]), 3.0))
    assert_same(own, rng.normal(size=(3, 5, 1)))


def test_a_wrong_rule_is_found(own: nn.Network) -> None:
    rule("triple")(lambda graph, out, inputs: graph.times(graph.name(inputs[0]), 2.0))
    with pytest.raises(ConfigurationError, match="differs from the network"):
        own.to_onnx()


@pytest.mark.parametrize("how", ["size", "mean"])
def test_a_layer_that_uses_the_number_of_examples_is_refused(how: str) -> None:
    @dataclass(eq=False)
    class Odd(nn.Module):
        def _build(self, incoming: Any, generator: Any) -> Any:
            return incoming

        def forward(self, x: Tensor) -> Tensor:
            return (
                x * float(x.shape[0]) if how == "size" else x + Tensor(np.arange(float(x.shape[0]))[:, None] * [[1, 1]])
            )

    network = nn.Network(nn.Door("fourier", (5,), (2,), 1), nn.Sequential((nn.Dense(2), Odd())))
    with pytest.raises(ConfigurationError, match=r"a model that differs|the place of an example"):
        network.to_onnx()


# -- errors --------------------------------------------------------------------------------------------
def test_polynomials_that_overflow_on_noise() -> None:
    steep = lambda: nn.Polynomial((0.0, 1.0, 0.0, 0.0, 1e12), exact=True)
    body = nn.Sequential((nn.Convolution(3), steep(), steep(), nn.Dense(2)))
    network = nn.Network(nn.Door("fourier", (5,), (2,), 1), body)
    x = 1e-4 * np.random.default_rng(0).normal(size=(7, 5, 1)).astype(np.float32)
    found = session(network.to_onnx()).run(None, {"samples": x})[0]
    assert found == pytest.approx(network.predict(x), rel=1e-4, abs=1e-6)
    # The constant of this polynomial is as large as a number can be, and the second one takes its fourth power.
    next(iter(network.layers[1].parameters.values())).data[0] = 3e38
    with pytest.raises(ConfigurationError, match="outputs that are not finite on noise"):
        network.to_onnx()


def test_weights_that_are_not_finite(network: nn.Network) -> None:
    network.body.layers[5].parameters["kernel"].data[0, 0, 0] = np.nan
    with pytest.raises(ConfigurationError, match=r"not finite in op convolve of layer 5 \(Convolution\)"):
        network.to_onnx()


@pytest.mark.parametrize(
    ("arguments", "message"), [({"part": "all"}, "part: got 'all'"), ({"storage": "int8"}, "storage: got 'int8'")]
)
def test_unknown_choices(network: nn.Network, arguments: dict[str, str], message: str) -> None:
    with pytest.raises(ConfigurationError, match=message):
        network.to_onnx(**arguments)


def test_a_function_without_a_closed_form(network: nn.Network) -> None:
    other = nn.Network(network.door, nn.Sequential((nn.Gaussian("softsign", 3), nn.Dense(2))))
    with pytest.raises(
        ConfigurationError, match=r"gaussian_\w+ in layer 0 \(Gaussian\): got a case that its ONNX rule"
    ):
        other.to_onnx()


def test_without_the_package(network: nn.Network, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "onnx", None)
    with pytest.raises(ConfigurationError, match=re.escape('pip install -e ".[onnx]"')):
        network.to_onnx()


# -- matrices of linear maps ---------------------------------------------------------------------------
@pytest.mark.parametrize("rank", [1, 2, 3])
@pytest.mark.parametrize("shape", [((9, 11), (10, 12)), ((6, 5, 4), (5, 6, 4))])
def test_a_sum_of_products_is_found(rng: np.random.Generator, rank: int, shape: Any) -> None:
    source, target = shape
    matrix = sum(
        np.kron(rng.normal(size=(target[0], source[0])), rng.normal(size=(np.prod(target[1:]), np.prod(source[1:]))))
        for _ in range(rank)
    )
    form = form_of(lambda x: (matrix @ x.reshape(-1, x.shape[-1])).reshape(*target, -1), source, target)
    assert isinstance(form, Product)
    x = rng.normal(size=(np.prod(source), 2))
    np.testing.assert_allclose(apply_form(form, x), matrix @ x, atol=1e-10 * np.abs(matrix).sum())


def test_other_maps_are_matrices_or_selections(rng: np.random.Generator) -> None:
    matrix = rng.normal(size=(20, 20))
    apply = lambda m: lambda x: (m @ x.reshape(20, -1)).reshape(4, 5, -1)
    assert isinstance(form_of(apply(matrix), (4, 5), (4, 5)), Dense)
    picked = np.diag(rng.normal(size=20))[rng.permutation(20)]
    picked[3] = 0
    form = form_of(apply(picked), (4, 5), (4, 5))
    assert isinstance(form, Selection)
    np.testing.assert_allclose(apply_form(form, matrix), picked @ matrix)
    # Nearly a selection is none.
    picked[0, :2] += 1e-4
    assert not isinstance(form_of(apply(picked), (4, 5), (4, 5)), Selection)


# -- the command line ----------------------------------------------------------------------------------
def test_the_command(run: Path, tmp_path: Path) -> None:
    shown = succeed("export", run, tmp_path / "model.onnx", "--json", tmp_path / "model.json")
    assert "samples, batchx8x8x1" in shown
    found = json.loads((tmp_path / "model.json").read_text())
    assert found["largest_difference"] < 1e-4
    assert found["bytes"] == (tmp_path / "model.onnx").stat().st_size
    assert found["metadata"]["output_names"] == [str(n) for n in range(10)]
    assert (found["metadata"]["task"], found["metadata"]["full_scale"]) == ("classification", 16.0)
    digits = load("digits")
    made = runtime.InferenceSession(str(tmp_path / "model.onnx"), providers=["CPUExecutionProvider"])
    (logits,) = made.run(None, {"samples": digits.images.astype(np.float32)})
    assert (logits.argmax(1) == digits.targets).mean() > 0.9
    for part in ("door", "body"):
        succeed("export", run, tmp_path / f"{part}.onnx", "--part", part, "--storage", "float16")


def test_errors_of_the_command(run: Path, tmp_path: Path) -> None:
    target = tmp_path / "model.onnx"
    assert "--part network" in refused("export", run, target, "--part", "all")
    assert "storage: got 'int8'" in refused("export", run, target, "--storage", "int8")
    assert "no folder" in refused("export", run, tmp_path / "none" / "model.onnx")
    assert "the name of a file" in refused("export", run, tmp_path)
    own = run / "model.safetensors"
    weights = own.read_bytes()
    for words in ((own,), (target, "--json", target), (target, "--json", own)):
        assert "expected different files" in refused("export", run, *words)
    assert own.read_bytes() == weights
    refused("export", tmp_path / "no-run", target)
    assert list(tmp_path.iterdir()) == []


# -- the serving examples ------------------------------------------------------------------------------
@pytest.fixture(scope="module")
def exported(run: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with ``model.onnx``, ``model.json``, some digits as JSON, and their true classes."""
    folder = tmp_path_factory.mktemp("serving")
    succeed("export", run, folder / "model.onnx", "--json", folder / "model.json")
    digits = load("digits").take(np.arange(20))
    (folder / "samples.json").write_text(json.dumps((digits.images * 16).astype(int).tolist()))
    network = load_checkpoint(run / "model.safetensors").restore()
    named = network.predict(digits.images).argmax(axis=1)
    (folder / "classes.txt").write_text("".join(f"{name}\n" for name in named))
    return folder


def served(folder: Path, *words: str, **environment: str) -> None:
    found = subprocess.run(
        words, cwd=folder, capture_output=True, text=True, env={**os.environ, **environment}, timeout=120
    )
    assert found.returncode == 0, found.stderr
    named = [line.split()[0] for line in found.stdout.splitlines()]
    assert named == (folder / "classes.txt").read_text().split()


def test_python_serves_it(exported: Path) -> None:
    served(exported, sys.executable, str(EXAMPLES / "predict.py"), "model.onnx", "samples.json")


def test_javascript_serves_it(exported: Path) -> None:
    node = shutil.which("node")
    known = node and subprocess.run([node, "-e", "require('onnxruntime-node')"], capture_output=True).returncode == 0
    if not known:
        pytest.skip("node or its package onnxruntime-node (NODE_PATH) is not there")
    served(exported, str(node), str(EXAMPLES / "predict.js"), "model.onnx", "model.json", "samples.json")


def test_cpp_serves_it(exported: Path) -> None:
    folder, compiler = os.environ.get("ONNXRUNTIME_DIR", ""), shutil.which("g++")
    if not compiler or not (Path(folder) / "include" / "onnxruntime_cxx_api.h").is_file():
        pytest.skip("g++ or ONNX Runtime's headers (ONNXRUNTIME_DIR) are not there")
    build = [compiler, "-std=c++17", str(EXAMPLES / "predict.cpp"), f"-I{folder}/include", f"-L{folder}/lib"]
    subprocess.run([*build, "-lonnxruntime", "-o", str(exported / "predict")], check=True, timeout=300)
    numbers = np.array(json.loads((exported / "samples.json").read_text())).ravel()
    (exported / "samples.txt").write_text("\n".join(map(str, numbers)))
    served(exported, "./predict", "model.onnx", "samples.txt", LD_LIBRARY_PATH=f"{folder}/lib")


# -- the measurement of the documentation --------------------------------------------------------------
def test_the_study_measures_a_network(monkeypatch: pytest.MonkeyPatch) -> None:
    from freqnet.benchmarks.studies import onnx as study

    monkeypatch.setitem(study.DATA, "digits", 1)
    monkeypatch.setattr(study, "BATCHES", (1, 20))
    row = study.exported("digits", "hartley", seconds=0.01)
    assert (row.is_real, row.same, row.accuracy) == (True, 1.0, row.peer_accuracy)
    assert row.difference < 1e-5 * max(1, row.largest)
    header, (cells,) = study.table([row])
    assert len(header) == len(cells) == 8
    assert cells[:2] == ("digits", "hartley, float32")
