"""Conversion of spatial networks, against ONNX's own implementations."""

from __future__ import annotations

import json
from pathlib import Path
from time import perf_counter
from typing import Any

import numpy as np
import pytest

onnx = pytest.importorskip("onnx")
from onnx import TensorProto, helper, numpy_helper  # noqa: E402
from onnx.reference import ReferenceEvaluator  # noqa: E402

from freqnet import nn  # noqa: E402
from freqnet.audit import audit  # noqa: E402
from freqnet.cli import main  # noqa: E402
from freqnet.convert import Conversion, from_onnx  # noqa: E402
from freqnet.convert.fitting import by_data  # noqa: E402
from freqnet.errors import ConfigurationError, DataError, DataWarning, FreqnetError, NetworkWarning, ShapeError  # noqa: E402
from freqnet.spaces import no_transforms  # noqa: E402

RNG = np.random.default_rng(0)
Layer = tuple[str, list[Any], dict[str, Any]]


def model(
    layers: list[Layer], grid: tuple[int, ...], channels: int = 2, batch: int | str = "batch", opset: int = 20
) -> onnx.ModelProto:
    """A chain of layers ``(operator, constants, attributes)``; a name among the constants is an earlier value."""
    nodes, weights, value = [], [], "x"
    for i, (operator, constants, attributes) in enumerate(layers):
        names = []
        for j, entry in enumerate(constants):
            names.append(entry if isinstance(entry, str) else f"w{i}_{j}")
            if not isinstance(entry, str):
                array = np.asarray(entry)
                array = array.astype(np.float32) if array.dtype.kind == "f" else array
                weights.append(numpy_helper.from_array(array, names[-1]))
        inputs = names if value in names else [value, *names]
        value = attributes.get("out", f"v{i}")
        attributes = {name: v for name, v in attributes.items() if name != "out"}
        nodes.append(helper.make_node(operator, inputs, [value], f"layer{i}", **attributes))
    ends = [helper.make_tensor_value_info("x", TensorProto.FLOAT, [batch, channels, *grid])]
    ends += [helper.make_tensor_value_info(value, TensorProto.FLOAT, ["batch", "outputs"])]
    graph = helper.make_graph(nodes, "net", ends[:1], ends[1:], weights)
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)], ir_version=10)


def original(proto: onnx.ModelProto, samples: np.ndarray) -> np.ndarray:
    x = np.moveaxis(samples, -1, 1).astype(np.float32)
    return np.asarray(ReferenceEvaluator(proto).run(None, {"x": x})[0])


def conv(outputs: int, inputs: int, *size: int, bias: bool = True, **attributes: Any) -> Layer:
    scale = (inputs * np.prod(size)) ** -0.5
    weights = [RNG.normal(size=(outputs, inputs, *size)) * scale, *([RNG.normal(size=outputs)] if bias else [])]
    return "Conv", weights, attributes


def head(inputs: int) -> list[Layer]:
    weight = RNG.normal(size=(3, inputs)) * inputs**-0.5
    return [("Flatten", [], {}), ("Gemm", [weight, RNG.normal(size=3)], {"transB": 1})]


def samples(count: int, grid: tuple[int, ...], channels: int = 2) -> np.ndarray:
    return RNG.normal(size=(count, *grid, channels))


def worst(found: Conversion, proto: onnx.ModelProto, grid: tuple[int, ...], channels: int = 2) -> float:
    """Largest difference of outputs on new samples, relative to the largest output."""
    x = samples(5, grid, channels)
    wanted = original(proto, x)
    return float(np.abs(found.network.predict(x) - wanted).max() / np.abs(wanted).max())


NORM = ("BatchNormalization", [RNG.normal(size=4), RNG.normal(size=4), RNG.normal(size=4), RNG.uniform(0.5, 2, 4)], {})
# Layers without activations, with the grid that they take and the number of features that they leave.
LINEAR: dict[str, tuple[list[Layer], tuple[int, ...], int]] = {
    "nothing": ([], (5, 4), 40),
    "padding": ([conv(4, 2, 3, 3, pads=[1, 1, 1, 1])], (8, 7), 224),
    "no padding": ([conv(4, 2, 3, 3), conv(4, 4, 3, 3)], (9, 8), 80),
    "no bias": ([conv(4, 2, 3, 3, bias=False, pads=[1] * 4), conv(4, 4, 3, 3, pads=[1] * 4)], (6, 6), 144),
    "stride": ([conv(4, 2, 3, 3, pads=[1] * 4, strides=[2, 2]), conv(4, 4, 3, 3, pads=[1] * 4)], (9, 8), 80),
    "stride without padding": ([conv(4, 2, 3, 3, strides=[2, 3]), conv(4, 4, 2, 2)], (11, 11), 32),
    "stride longer than the kernel": ([conv(4, 2, 1, 1, strides=[2, 2])], (7, 6), 48),
    "even taps": ([conv(4, 2, 2, 4, pads=[1, 2, 0, 1])], (7, 8), 224),
    "uneven padding": ([conv(4, 2, 3, 3, pads=[2, 0, 0, 1])], (6, 6), 120),
    "much padding": ([conv(4, 2, 3, 3, pads=[3, 3, 3, 3]), conv(4, 4, 3, 3)], (4, 5), 4 * 6 * 7),
    "padding as in TensorFlow": ([conv(4, 2, 3, 3, auto_pad="SAME_UPPER", strides=[2, 2])], (8, 7), 64),
    "padding before": ([conv(4, 2, 2, 2, auto_pad="SAME_LOWER")], (5, 6), 120),
    "dilation": ([conv(4, 2, 3, 3, pads=[2] * 4, dilations=[2, 2])], (9, 9), 324),
    "groups": ([conv(4, 2, 1, 1), conv(8, 2, 3, 3, group=2, pads=[1] * 4)], (5, 7), 280),
    "depthwise": ([conv(2, 1, 3, 3, group=2, pads=[1] * 4), conv(4, 2, 1, 1)], (6, 5), 120),
    "kernel as large as the grid": ([conv(4, 2, 6, 5)], (6, 5), 4),
    "batch norm": ([conv(4, 2, 3, 3, pads=[1] * 4), NORM], (6, 6), 144),
    "batch norm by itself": ([conv(4, 2, 3, 3), ("AveragePool", [], {"kernel_shape": [2, 2]}), NORM], (6, 6), 36),
    "average pool": ([("AveragePool", [], {"kernel_shape": [2, 2], "strides": [2, 2]})], (8, 6), 24),
    "overlapping pool": ([("AveragePool", [], {"kernel_shape": [3, 2], "strides": [2, 1]})], (9, 6), 40),
    "padded pool": (
        [("AveragePool", [], {"kernel_shape": [3, 3], "strides": [2, 2], "pads": [1] * 4, "count_include_pad": 1})],
        (8, 7),
        32,
    ),
    "pool of an odd size": ([("AveragePool", [], {"kernel_shape": [2, 2], "strides": [2, 2]})], (7, 5), 12),
    "pool between": (
        [conv(4, 2, 3, 3), ("AveragePool", [], {"kernel_shape": [2, 2], "strides": [2, 2]}), conv(4, 4, 3, 3)],
        (12, 10),
        24,
    ),
    "global pool": ([conv(4, 2, 3, 3), ("GlobalAveragePool", [], {})], (6, 8), 4),
    "mean": ([conv(4, 2, 3, 3), ("ReduceMean", [np.array([-1, -2])], {"keepdims": 1})], (6, 8), 4),
    "zeros around": ([("Pad", [np.array([0, 0, 1, 2, 0, 0, 0, 1])], {}), conv(4, 2, 3, 3)], (6, 5), 120),
    "reflection": ([("Pad", [np.array([0, 0, 2, 1, 0, 0, 1, 2])], {"mode": "reflect"}), conv(4, 2, 3, 3)], (6, 5), 168),
    "edges": ([("Pad", [np.array([0, 0, 1, 1, 0, 0, 1, 1])], {"mode": "edge"}), conv(4, 2, 3, 3)], (6, 5), 120),
    "periodic": ([("Pad", [np.array([0, 0, 1, 1, 0, 0, 1, 1])], {"mode": "wrap"}), conv(4, 2, 3, 3)], (6, 5), 120),
    "factors": (
        [conv(4, 2, 3, 3), ("Mul", [RNG.normal(size=(4, 1, 1))], {}), ("Sub", [np.array(0.5)], {})],
        (6, 5),
        48,
    ),
    "same with gaps": (
        [
            conv(4, 2, 3, 2, kernel_shape=[3, 2], dilations=[2, 3], auto_pad="SAME_UPPER"),
            conv(4, 4, 2, 3, kernel_shape=[2, 3], dilations=[3, 1], auto_pad="SAME_LOWER"),
        ],
        (6, 5),
        120,
    ),
    "one axis": ([conv(4, 2, 3, pads=[1, 1], strides=[2]), conv(4, 4, 3)], (13,), 20),
    "three axes": ([conv(4, 2, 3, 3, 3, pads=[1] * 6), ("GlobalAveragePool", [], {})], (5, 4, 3), 4),
    "one sample": ([conv(4, 2, 3, 3, pads=[1] * 4)], (1, 1), 4),
}


@pytest.mark.parametrize("domain", ["fourier", "hartley", "grid"])
@pytest.mark.parametrize("name", LINEAR)
def test_linear_layers_are_exact(name: str, domain: str) -> None:
    layers, grid, features = LINEAR[name]
    proto = model([*layers, *head(features)], grid)
    found = from_onnx(proto, domain=domain)
    assert worst(found, proto, grid) < 2e-5
    assert all(max(row.error, row.other_error) < 2e-5 for row in found.layers)
    assert found.layers[-1].operator == "Gemm"


def test_a_wrong_weight_is_found() -> None:
    """The check above tells a network from one with a kernel that is not flipped."""
    proto = model([conv(4, 2, 3, 3, pads=[1] * 4), *head(144)], (6, 6))
    found = from_onnx(proto)
    kernel = found.network.body.layers[0].parameters["kernel"].data
    kernel[...] = kernel[::-1].copy()
    assert worst(found, proto, (6, 6)) > 0.1


def test_residual_sums_are_exact() -> None:
    """With the same grid, with a shortcut of its own and a stride, and one inside another."""
    same = [conv(4, 2, 3, 3, pads=[1] * 4), conv(4, 4, 3, 3, pads=[1] * 4), ("Add", ["v1", "v0"], {})]
    inner = [conv(4, 4, 3, 3, pads=[1] * 4), ("Add", ["v3", "v2"], {}), ("Add", ["v0", "v4"], {})]
    steps: list[Layer] = [*same, *inner, conv(8, 4, 3, 3, pads=[1] * 4, strides=[2, 2], out="b")]
    steps += [conv(8, 8, 3, 3, pads=[1] * 4, out="c")]
    weight = RNG.normal(size=(8, 4, 1, 1))
    steps += [("Conv", ["v5", weight], {"strides": [2, 2], "out": "d"}), ("Add", ["c", "d"], {})]
    proto = model([*steps, *head(8 * 16)], (8, 7))
    # The helper feeds the last value to each node: the shortcut reads an earlier one.
    node = next(n for n in proto.graph.node if n.output[0] == "d")
    node.input[:] = [name for name in node.input if name != "c"]
    found = from_onnx(proto)
    assert worst(found, proto, (8, 7)) < 2e-5
    names = [type(m).__name__ for _, m in found.network.body.modules()]
    assert names.count("Residual") == 4
    assert any(m.path is not None for _, m in found.network.body.modules() if isinstance(m, nn.Residual))


SQUARE: Layer = ("Pow", [np.array(2.0)], {})
ACTIVE: list[Layer] = [
    *(conv(4, 2, 3, 3, pads=[1] * 4), SQUARE, ("AveragePool", [], {"kernel_shape": [2, 2], "strides": [2, 2]})),
    *(conv(4, 4, 3, 3, pads=[1] * 4), SQUARE),
]


def test_polynomial_activations_are_exact_on_samples() -> None:
    """A square of samples is a polynomial of degree 2: nothing is left to approximate in the grid domain."""
    proto = model([*ACTIVE, *head(64)], (8, 9))
    found = from_onnx(proto, data=samples(64, (8, 9)), degree=2, domain="grid")
    assert worst(found, proto, (8, 9)) < 1e-4
    # In a domain of modes, the part of a square above the band is left out.
    other = from_onnx(proto, data=samples(64, (8, 9)), degree=2)
    assert 1e-3 < worst(other, proto, (8, 9)) < 0.7


def test_errors_are_those_of_the_layers() -> None:
    proto = model([conv(4, 2, 3, 3, pads=[1] * 4), ("Relu", [], {}), *head(224)], (8, 7))
    x = samples(80, (8, 7))
    found = from_onnx(proto, data=x, degree=3)
    order = np.random.default_rng(0).permutation(80)
    assert (found.fitted, found.measured) == (60, 20)
    for part, name in ((order[:60], "error"), (order[60:], "other_error")):
        wanted = original(proto, x[part])
        error = np.linalg.norm(found.network.predict(x[part]) - wanted) / np.linalg.norm(wanted)
        assert getattr(found.layers[-1], name) == pytest.approx(error, rel=1e-3)
    assert "layer1" in str(found)
    assert json.loads(json.dumps(found.as_dict()))["layers"][1]["operator"] == "Relu"


def smooth(count: int, grid: tuple[int, ...]) -> np.ndarray:
    """Samples of few modes, like images."""
    axes = tuple(range(1, len(grid) + 1))
    spectra = np.fft.fftn(samples(count, grid), axes=axes)
    for axis, n in zip(axes, grid, strict=True):
        high = np.abs(np.fft.fftfreq(n, 1 / n)) > 2
        spectra[(slice(None),) * axis + (high,)] = 0
    found = np.fft.ifftn(spectra, axes=axes).real
    return found / found.std()


FUNCTIONS: dict[str, list[Layer]] = {
    "Relu": [("Relu", [], {})],
    "LeakyRelu": [("LeakyRelu", [], {"alpha": 0.2})],
    "Gelu": [("Gelu", [], {})],
    "Sigmoid": [("Sigmoid", [], {})],
    "Tanh": [("Tanh", [], {})],
    "Clip": [("Clip", [np.array(0.0), np.array(6.0)], {})],
    "SiLU": [("Sigmoid", [], {"out": "s"}), ("Mul", ["v0", "s"], {})],
    "PRelu": [("PRelu", [RNG.uniform(0, 0.5, (4, 1, 1))], {})],
}


@pytest.mark.parametrize("name", FUNCTIONS)
def test_activations_become_polynomials(name: str) -> None:
    proto = model([conv(4, 2, 3, 3, pads=[1] * 4), *FUNCTIONS[name], *head(4 * 144)], (12, 12))
    found = from_onnx(proto, data=smooth(100, (12, 12)))
    coarse = from_onnx(proto, data=smooth(100, (12, 12)), degree=1)
    assert found.layers[1].layer == "Polynomial"
    assert found.layers[1].other_error < 0.25
    assert found.layers[1].error < 0.8 * coarse.layers[1].error
    spectra = found.network.analyse(smooth(2, (12, 12)))
    with no_transforms():
        assert np.isfinite(found.network.infer(spectra)).all()


def test_a_function_may_stand_on_either_side_of_flatten() -> None:
    relu, flatten, dense = ("Relu", [], {}), ("Flatten", [], {}), ("Gemm", [RNG.normal(size=(4 * 42, 3))], {})
    first, x = conv(4, 2, 3, 3, pads=[1] * 4), smooth(100, (6, 7))
    before, behind = (
        from_onnx(model([first, *order, dense], (6, 7)), data=x) for order in ((relu, flatten), (flatten, relu))
    )
    assert [row.layer for row in behind.layers] == ["Convolution", "Polynomial", "Dense"]
    assert behind.layers[1].error == pytest.approx(before.layers[1].error, rel=1e-6)
    np.testing.assert_allclose(behind.network.predict(x), before.network.predict(x), rtol=1e-4, atol=1e-4)


def test_a_product_of_a_signal_with_itself_is_a_function() -> None:
    proto = model([conv(4, 2, 3, 3, pads=[1] * 4), ("Mul", ["v0"], {}), *head(168)], (6, 7))
    proto.graph.node[1].input[:] = ["v0", "v0"]
    found = from_onnx(proto, data=samples(64, (6, 7)), degree=2, domain="grid")
    assert [row.layer for row in found.layers] == ["Convolution", "Polynomial", "Dense"]
    assert worst(found, proto, (6, 7)) < 1e-4


def test_functions_with_cases_are_functions() -> None:
    """PyTorch exports softplus as one value for large numbers and another one for the others."""
    first, last = conv(4, 2, 3, 3, pads=[1] * 4), head(168)
    cases: list[Layer] = [("Greater", [np.array(0.0)], {"out": "is"}), ("Where", ["v0", np.array(0.0)], {})]
    proto = model([first, *cases, *last], (6, 7))
    proto.graph.node[2].input[:] = ["is", "v0", "w2_1"]
    cast: list[Layer] = [cases[0], ("Cast", ["is"], {"to": 1, "out": "number"}), ("Mul", ["v0"], {})]
    product = model([first, *cast, *last], (6, 7))
    product.graph.node[2].input[:] = ["is"]
    product.graph.node[3].input[:] = ["v0", "number"]
    relu, x = model([first, ("Relu", [], {}), *last], (6, 7)), smooth(60, (6, 7))
    for method in ("data", "least-squares"):
        errors = [from_onnx(p, data=x, method=method).layers[1].error for p in (proto, product, relu)]
        assert errors == pytest.approx(errors[-1:] * 3, rel=1e-3)


def test_a_function_that_is_a_polynomial_where_the_values_are_is_quick() -> None:
    """In single precision, rounding gave the difference to a polynomial thousands of extrema, each of them refined."""
    first = ("Conv", [np.full((2, 2, 1, 1), 0.02), np.full(2, 0.7)], {})
    proto = model([first, ("Clip", [np.array(-1.0), np.array(1.0)], {}), *head(84)], (6, 7))
    start = perf_counter()
    found = from_onnx(proto, data=smooth(40, (6, 7)), degree=1, method="minimax")
    assert found.layers[1].error < 1e-5
    assert perf_counter() - start < 20


def test_constants_are_computed_in_the_version_of_the_file() -> None:
    """Before version 13, a softmax is over all axes from the second one on, and axes are attributes."""
    weights = RNG.normal(size=2).astype(np.float32)
    parts: list[Layer] = [("Unsqueeze", [weights], {"axes": [0, 2, 3], "out": "u"})]
    parts += [("Softmax", ["u"], {"out": "s"}), ("Mul", ["x", "s"], {}), *head(72)]
    proto = model(parts, (6, 6), opset=11)
    proto.graph.node[0].input[:] = ["w0_0"]
    proto.graph.node[1].input[:] = ["u"]
    matrix, bias = (numpy_helper.to_array(w) for w in proto.graph.initializer[-2:])
    shares = np.exp(weights) / np.exp(weights).sum()
    x = samples(8, (6, 6))
    wanted = np.moveaxis(x * shares, -1, 1).reshape(8, -1) @ matrix.T + bias
    assert from_onnx(proto).network.predict(x) == pytest.approx(wanted, abs=1e-4)


def test_the_axis_of_a_softmax_without_one_is_that_of_the_version() -> None:
    layers: list[Layer] = [conv(4, 2, 3, 3), ("GlobalAveragePool", [], {}), ("Softmax", [], {})]
    found = from_onnx(model(layers, (6, 6), opset=11))
    x = samples(8, (6, 6))
    assert found.left_out == ("Softmax 'layer2'",)
    assert found.network.predict(x) == pytest.approx(found.original(x), abs=1e-5)
    with pytest.raises(ConfigurationError, match="Softmax 'layer2': got axis -1"):
        from_onnx(model(layers, (6, 6), opset=13))


def test_a_shape_that_is_computed() -> None:
    """Older exports compute the shape of ``view(x.size(0), -1)``, one number of which is a scalar."""
    shape: list[Layer] = [("Shape", [], {"out": "s"}), ("Gather", ["s", np.array(0)], {"out": "n"})]
    shape += [("Unsqueeze", ["n", np.array([0])], {"out": "b"})]
    shape += [("Concat", ["b", np.array([-1])], {"axis": 0, "out": "t"})]
    last: list[Layer] = [("Reshape", ["v0", "t"], {}), ("Gemm", [RNG.normal(size=(144, 3))], {})]
    proto = model([conv(4, 2, 3, 3, pads=[1] * 4), *shape, *last], (6, 6))
    # The helper feeds the last value first.
    inputs = [["s", "w2_1"], ["n", "w3_1"], ["b", "w4_1"], ["v0", "t"]]
    for node, names in zip(proto.graph.node[2:6], inputs, strict=True):
        node.input[:] = names
    assert worst(from_onnx(proto), proto, (6, 6)) < 2e-5


def test_a_factor_before_a_copy_is_exact_and_needs_no_data() -> None:
    layers: list[Layer] = [("Mul", [np.array(0.5)], {}), ("Identity", [], {}), *head(72)]
    proto = model(layers, (6, 6))
    assert worst(from_onnx(proto), proto, (6, 6)) < 2e-5


def test_a_function_with_a_pole_is_told() -> None:
    steps: list[Layer] = [("Add", [np.array(1.0)], {"out": "s"}), ("Div", ["v0", "s"], {})]
    proto = model([conv(4, 2, 3, 3, pads=[1] * 4), *steps, *head(4 * 144)], (12, 12))
    # The helper feeds the last value first.
    proto.graph.node[2].input[:] = ["v0", "s"]
    with pytest.warns(NetworkWarning, match=r"Div 'layer2': its polynomial is off by \d+% of the norm") as caught:
        from_onnx(proto, data=smooth(100, (12, 12)))
    assert len(caught) == 1


@pytest.mark.parametrize("grid", [(31,), (7, 5, 6)])
def test_activations_in_one_and_three_dimensions(grid: tuple[int, ...]) -> None:
    size, pads = (3,) * len(grid), [1] * 2 * len(grid)
    proto = model([conv(4, 2, *size, pads=pads), ("Relu", [], {}), *head(4 * int(np.prod(grid)))], grid)
    # On samples, the polynomial is all that differs from the original.
    x = smooth(100, grid)
    by_modes, on_samples = (from_onnx(proto, data=x, domain=d) for d in ("fourier", "grid"))
    for found in (by_modes, on_samples):
        assert [row.layer for row in found.layers] == ["Convolution", "Polynomial", "Dense"]
        assert found.layers[0].other_error < 1e-5
        assert found.layers[1].other_error < 0.3
    assert on_samples.layers[1].error < by_modes.layers[1].error


@pytest.mark.parametrize("method", ["least-squares", "chebyshev", "minimax", "taylor", "gaussian"])
def test_functions_can_be_approximated_by_themselves(method: str) -> None:
    proto = model([conv(4, 2, 3, 3, pads=[1] * 4), ("Sigmoid", [], {}), *head(4 * 144)], (12, 12))
    found = from_onnx(proto, data=smooth(60, (12, 12)), degree=3, method=method)
    best = from_onnx(proto, data=smooth(60, (12, 12)), degree=3)
    # The fit to data sees a part of the values only.
    assert best.layers[1].error < 1.1 * found.layers[1].error
    # A Taylor polynomial leaves the function beyond 2 deviations.
    assert found.layers[1].error < (1.0 if method == "taylor" else 0.3)


@pytest.mark.parametrize(
    ("steps", "name"),
    [
        ([("Relu", [], {}), ("Mul", [np.array(2.0)], {})], "relu"),
        ([("Mul", [np.array(3.0)], {}), ("Relu", [], {})], "relu"),
        ([("Sigmoid", [], {}), ("Mul", [np.array(1.0009)], {}), ("Sub", [np.array(0.5)], {})], "sigmoid"),
        ([("Gelu", [], {"approximate": "tanh"})], "gelu"),
        ([("Erf", [], {}), ("Neg", [], {})], "erf"),
    ],
)
def test_functions_of_features_may_have_a_factor_and_an_offset(steps: list[Layer], name: str) -> None:
    last: Layer = ("Gemm", [RNG.normal(size=(3, 4))], {})
    proto = model([*head(72), *steps, last], (6, 6))
    found = from_onnx(proto, data=X)
    assert worst(found, proto, (6, 6)) < (1e-3 if name == "gelu" else 2e-5)
    assert [m.function for _, m in found.network.body.modules() if isinstance(m, nn.Pointwise)] == [name]


def test_features_keep_their_activations() -> None:
    dense = [("Gemm", [RNG.normal(size=(5, 48)), RNG.normal(size=5)], {"transB": 1}), ("Relu", [], {})]
    more = [("Gemm", [RNG.normal(size=(3, 5)), RNG.normal(size=3)], {"transB": 1}), ("Softmax", [], {})]
    proto = model([("Flatten", [], {}), *dense, *more], (4, 6))
    # No polynomial is fitted: it needs no data.
    found = from_onnx(proto)
    x = samples(5, (4, 6))
    logits = found.network.predict(x)
    shares = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    assert shares == pytest.approx(original(proto, x), abs=1e-5)
    assert [row.layer for row in found.layers] == ["Dense", "Pointwise", "Dense"]
    assert found.original(x) == pytest.approx(logits, abs=1e-4)
    assert found.left_out == ("Softmax 'layer4'",)
    assert "left out: Softmax 'layer4', so that outputs are logits" in str(found)


@pytest.mark.parametrize("pool", ["MaxPool", "GlobalMaxPool"])
def test_maxima_are_means_of_powers(pool: str) -> None:
    window = {"kernel_shape": [2, 2], "strides": [2, 2]} if pool == "MaxPool" else {}
    features = 4 * 36 if window else 4
    layers = [conv(4, 2, 3, 3, pads=[1] * 4), ("Relu", [], {}), (pool, [], window), *head(features)]
    proto, x = model(layers, (12, 12)), smooth(200, (12, 12))
    errors = {kind: from_onnx(proto, data=x, max_pool=kind).layers[-2].other_error for kind in ("power", "average")}
    assert errors["power"] < 0.7 * errors["average"]


def test_standardised_samples() -> None:
    proto = model([conv(4, 2, 3, 3, pads=[1] * 4), *head(4 * 36)], (6, 6))
    found = from_onnx(proto, standardise=((0.5, -1.0), (2.0, 0.5)))
    x = samples(4, (6, 6))
    wanted = original(proto, (x - [0.5, -1.0]) / [2.0, 0.5])
    assert found.network.predict(x) == pytest.approx(wanted, abs=1e-4)
    assert found.original(x) == pytest.approx(wanted, abs=1e-4)


def test_the_door_knows_the_units_and_the_range_of_the_data() -> None:
    proto = model([conv(4, 2, 3, 3, pads=[1] * 4), ("Relu", [], {}), *head(4 * 36)], (6, 6))
    x = smooth(40, (6, 6))
    door = from_onnx(proto, data=x, full_scale=100.0).network.door
    assert (door.low, door.high) == (tuple(x.min((0, 1, 2))), tuple(x.max((0, 1, 2))))
    whole = np.arange(2 * 6 * 6 * 2).reshape(2, 6, 6, 2)
    assert door.read(whole).data == pytest.approx(whole / 100.0)
    with pytest.warns(DataWarning, match="scale them like the training set"):
        from_onnx(proto, data=x).network.predict(50 * x)


def test_fewer_modes_and_a_fixed_batch() -> None:
    proto = model([conv(4, 2, 3, 3, pads=[1] * 4), ("Relu", [], {}), *head(4 * 144)], (12, 12), batch=3)
    found = from_onnx(proto, data=smooth(50, (12, 12)), modes=9)
    assert found.network.door.band == (4, 4)
    assert found.layers[-1].other_error < 0.5


def test_a_file_without_sizes() -> None:
    proto = model([conv(4, 2, 3, 3, pads=[1] * 4), *head(4 * 36)], (6, 6))
    for dim in proto.graph.input[0].type.tensor_type.shape.dim[2:]:
        dim.dim_param = "n"
    with pytest.raises(ConfigurationError, match=r"axes of unknown size \(\?, \?\).*pass grid=\(28, 28\)"):
        from_onnx(proto)
    assert worst(from_onnx(proto, 6), proto, (6, 6)) < 2e-5
    assert worst(from_onnx(proto, data=samples(9, (6, 6))), proto, (6, 6)) < 2e-5


def test_a_converted_network_is_audited_and_stored_like_any_other(tmp_path: Path) -> None:
    proto = model([conv(4, 2, 3, 3, pads=[1] * 4), ("Relu", [], {}), *head(4 * 81)], (9, 9))
    network = from_onnx(proto, data=smooth(50, (9, 9))).network
    assert audit(network, smooth(8, (9, 9))).verdict
    again = nn.Network.from_description(json.loads(json.dumps(network.describe())))
    again.body.load_arrays(network.arrays())
    x = smooth(3, (9, 9))
    assert np.array_equal(again.predict(x), network.predict(x))


def test_fits_are_those_of_least_squares() -> None:
    rng = np.random.default_rng(1)
    terms, target = [rng.normal(size=(30, 4, 2)) * 10.0**i for i in range(3)], rng.normal(size=(30, 4, 2))
    found = by_data(terms, target)
    for channel in range(2):
        matrix = np.stack([t[..., channel].ravel() for t in terms], axis=1)
        residual = matrix @ found[:, channel] - target[..., channel].ravel()
        assert np.abs(matrix.T @ residual / np.linalg.norm(matrix, axis=0)).max() < 1e-10


# -- bad input -------------------------------------------------------------------------------------------
def plain() -> onnx.ModelProto:
    return model([conv(4, 2, 3, 3, pads=[1] * 4), ("Relu", [], {}), *head(4 * 36)], (6, 6))


def changed(change: Any) -> onnx.ModelProto:
    proto = plain()
    change(proto)
    return proto


def with_nan(proto: onnx.ModelProto) -> None:
    array = numpy_helper.to_array(proto.graph.initializer[0]).copy()
    array.flat[3] = np.nan
    proto.graph.initializer[0].CopyFrom(numpy_helper.from_array(array, proto.graph.initializer[0].name))


def unfit() -> onnx.ModelProto:
    """Multiply two constant matrices of which the sizes differ."""
    proto = plain()
    proto.graph.initializer.append(numpy_helper.from_array(np.ones((2, 3), np.float32), "unfit"))
    proto.graph.node.insert(0, helper.make_node("MatMul", ["unfit", "unfit"], ["none"], "product"))
    return proto


def with_places() -> onnx.ModelProto:
    """Add the places of maxima, the second output of a pool, to the maxima."""
    proto = model([("MaxPool", [], {"kernel_shape": [2, 2]}), ("Add", [], {}), *head(50)], (6, 6))
    pool, total = proto.graph.node[:2]
    pool.output.append("places")
    total.name = "sum"
    total.input[:] = ["v0", "numbers"]
    proto.graph.node.insert(1, helper.make_node("Cast", ["places"], ["numbers"], to=TensorProto.FLOAT))
    return proto


X = samples(8, (6, 6))
REFUSED: dict[str, tuple[Any, dict[str, Any], type[FreqnetError], str]] = {
    "no data": (plain, {}, DataError, "samples to fit Relu 'layer1' to; pass data=samples"),
    "few data": (plain, {"data": X[:2]}, DataError, "2 samples, expected at least 4"),
    "another grid": (plain, {"data": samples(8, (5, 6))}, DataError, "grid of"),
    "other channels": (plain, {"data": samples(8, (6, 6), 3)}, ShapeError, "samples"),
    "data that are not finite": (plain, {"data": X * np.nan}, DataError, "NaN"),
    "a grid that differs": (plain, {"data": X, "grid": (6, 7)}, ConfigurationError, r"grid: got \(6, 7\)"),
    "degree": (plain, {"data": X, "degree": 0}, ConfigurationError, "degree: got 0"),
    "method": (plain, {"data": X, "method": "best"}, ConfigurationError, "method: got 'best'"),
    "pool": (plain, {"data": X, "max_pool": "median"}, ConfigurationError, "max_pool: got 'median'"),
    "modes": (plain, {"data": X, "modes": 4}, ConfigurationError, "modes: got 4, expected an odd number"),
    "domain": (plain, {"data": X, "domain": "laplace"}, ConfigurationError, "domain: got 'laplace'"),
    "standardise": (plain, {"data": X, "standardise": 0.5}, ConfigurationError, "standardise: got 0.5"),
    "weights": (lambda: changed(with_nan), {"data": X}, DataError, "1 weights of Conv 'layer0'"),
    "no graph": (onnx.ModelProto, {"data": X}, DataError, "got no graph"),
    "two outputs": (
        lambda: changed(lambda p: p.graph.output.append(p.graph.input[0])),
        {"data": X},
        ConfigurationError,
        "2 outputs",
    ),
    "no features": (lambda: model([conv(4, 2, 3, 3)], (6, 6)), {}, ConfigurationError, r"output of \(4, 4\) samples"),
    "an unknown operator": (
        lambda: model([("LayerNormalization", [np.ones(6)], {}), *head(72)], (6, 6)),
        {"data": X},
        ConfigurationError,
        "LayerNormalization 'layer0': got an operator that cannot be converted.*train with batch normalisation",
    ),
    "a gate": (
        lambda: model([conv(2, 2, 1, 1), ("Mul", ["v0", "x"], {}), *head(72)], (6, 6)),
        {"data": X},
        ConfigurationError,
        "Mul 'layer1'.*squeeze",
    ),
    "joined channels": (
        lambda: model([conv(2, 2, 1, 1), ("Concat", ["v0", "x"], {"axis": 1}), *head(144)], (6, 6)),
        {"data": X},
        ConfigurationError,
        "Concat 'layer1'.*residual sum",
    ),
    "averages at the edge": (
        lambda: model([("AveragePool", [], {"kernel_shape": [3, 3], "pads": [1] * 4}), *head(72)], (6, 6)),
        {"data": X},
        ConfigurationError,
        "AveragePool 'layer0'.*count_include_pad=True",
    ),
    "a pool with gaps": (
        lambda: model([("MaxPool", [], {"kernel_shape": [2, 2], "dilations": [2, 2]}), *head(32)], (6, 6)),
        {"data": X},
        ConfigurationError,
        "MaxPool 'layer0': got a pool with dilation",
    ),
    "a function that is another one far away": (
        lambda: model([*head(72), ("Clip", [np.array(0.0), np.array(6.0)], {})], (6, 6)),
        {"data": X},
        ConfigurationError,
        "Clip 'layer2': got another function of features",
    ),
    "a cast to whole numbers": (
        lambda: model([("Cast", [], {"to": 7}), ("Cast", [], {"to": 1}), *head(72)], (6, 6)),
        {"data": X},
        ConfigurationError,
        "Cast 'layer0': got an operator that cannot be converted",
    ),
    "softmax over the batch": (
        lambda: model([*head(72), ("Softmax", [], {"axis": 0})], (6, 6)),
        {"data": X},
        ConfigurationError,
        "Softmax 'layer2': got axis 0",
    ),
    "a function for each flattened sample": (
        lambda: model(
            [("Flatten", [], {}), ("PRelu", [RNG.uniform(size=72)], {}), ("Gemm", [RNG.normal(size=(72, 3))], {})],
            (6, 6),
        ),
        {"data": X},
        ConfigurationError,
        "PRelu 'layer1': got numbers for each sample behind Flatten.*put it before Flatten",
    ),
    "a matrix on another axis": (
        lambda: model([("MatMul", [RNG.normal(size=(6, 6))], {}), ("Add", [np.ones(6)], {}), *head(72)], (6, 6)),
        {"data": X},
        ConfigurationError,
        r"Add 'layer1': got a constant of shape \(6,\) for values of shape.*let Linear act on flattened samples",
    ),
    "a mean over everything": (
        lambda: model([("ReduceMean", [], {}), *head(1)], (6, 6)),
        {"data": X},
        ConfigurationError,
        r"ReduceMean 'layer0': got a mean over the axes \[0, 1, 2, 3\]",
    ),
    "negative padding": (
        lambda: model([("Pad", [np.array([0, 0, -1, -1, 0, 0, -1, -1])], {}), *head(32)], (6, 6)),
        {"data": X},
        ConfigurationError,
        "Pad 'layer0': got padding of .*expected no negative padding",
    ),
    "a sum of other shapes": (
        lambda: model([conv(1, 2, 1, 1), ("Add", ["x"], {}), *head(72)], (6, 6)),
        {"data": X},
        ConfigurationError,
        "Add 'layer1': got a sum of shapes",
    ),
    "one channel that becomes several": (
        lambda: model([conv(1, 2, 1, 1), ("Mul", [RNG.normal(size=(1, 3, 1, 1))], {}), *head(108)], (6, 6)),
        {"data": X},
        ConfigurationError,
        "Mul 'layer1': got one signal of shape",
    ),
    "a function for each feature": (
        lambda: model([*head(72), ("PRelu", [RNG.uniform(size=3)], {})], (6, 6)),
        {"data": X},
        ConfigurationError,
        "PRelu 'layer2': got another function of features",
    ),
    "a function of features with another scale": (
        lambda: model([*head(72), ("Mul", [np.array(2.0)], {}), ("Tanh", [], {})], (6, 6)),
        {"data": X},
        ConfigurationError,
        "Tanh 'layer3': got another function of features",
    ),
    "another function of features": (
        lambda: model([*head(72), ("Softplus", [], {})], (6, 6)),
        {"data": X},
        ConfigurationError,
        "Softplus 'layer2'.*relu or tanh",
    ),
}
REFUSED |= {
    "dropout in training mode": (
        lambda: model([("Dropout", [np.array(0.5), np.array(True)], {}), *head(72)], (6, 6)),
        {"data": X},
        ConfigurationError,
        "Dropout 'layer0': got dropout in training mode.*module.eval",
    ),
    "numbers that are drawn": (
        lambda: model([("RandomNormal", [], {"shape": [1], "out": "n"}), ("Add", ["x", "n"], {}), *head(72)], (6, 6)),
        {"data": X},
        ConfigurationError,
        "RandomNormal 'layer0': got an operator that cannot be converted",
    ),
    "batch norm of each sample": (
        lambda: model([("BatchNormalization", [np.ones((2, 6, 6))] * 4, {"spatial": 0}), *head(72)], (6, 6), opset=8),
        {"data": X},
        ConfigurationError,
        r"BatchNormalization 'layer0': got statistics of shape \(2, 6, 6\)",
    ),
    "an offset for each flattened sample": (
        lambda: model(
            [("Flatten", [], {}), ("Add", [RNG.normal(size=72)], {}), ("Gemm", [RNG.normal(size=(72, 3))], {})], (6, 6)
        ),
        {"data": X},
        ConfigurationError,
        "Add 'layer1': got numbers for each sample behind Flatten",
    ),
    "the places of maxima": (with_places, {"data": X}, ConfigurationError, "Add 'sum': got the output places of"),
    "values that are not finite": (
        lambda: model([("Log", [], {}), *head(72)], (6, 6)),
        {"data": X},
        ConfigurationError,
        "Log 'layer0': got values of the original that are not finite",
    ),
    "constants that do not fit each other": (
        unfit,
        {"data": X},
        ConfigurationError,
        "MatMul 'product': got an operator on constants that fails",
    ),
}


@pytest.mark.parametrize("name", REFUSED)
def test_bad_input_is_one_line(name: str) -> None:
    make, arguments, error, message = REFUSED[name]
    with pytest.raises(error, match=message) as caught:
        from_onnx(make(), **arguments)
    assert "\n" not in str(caught.value)


def test_bad_files_are_one_line(tmp_path: Path) -> None:
    path, whole = tmp_path / "net.onnx", plain().SerializeToString()
    for content, message in ((whole[: len(whole) // 2], "truncated or not ONNX"), (b"no model", "not ONNX|no graph")):
        path.write_bytes(content)
        with pytest.raises(DataError, match=message):
            from_onnx(path, data=X)
    for missing in (tmp_path / "other.onnx", tmp_path):
        with pytest.raises(DataError, match="expected an ONNX file"):
            from_onnx(missing, data=X)
    path.write_bytes(whole)
    assert from_onnx(path, data=X).network.outputs == 3


# -- the command line ------------------------------------------------------------------------------------
def run(*words: Any) -> int:
    with pytest.raises(SystemExit) as caught:
        main([str(word) for word in words])
    return int(caught.value.code or 0)


def test_the_command(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    weight = RNG.normal(size=(10, 4 * 64))
    layers = [conv(4, 1, 3, 3, pads=[1] * 4), ("Relu", [], {}), ("Flatten", [], {}), ("Gemm", [weight], {"transB": 1})]
    onnx.save(model(layers, (8, 8), channels=1), tmp_path / "net.onnx")
    words = ("convert", tmp_path / "net.onnx", "--data", "digits", "--out", tmp_path / "run")
    assert run(*words, "--degree", 3, "--mean", "0.3", "--deviation", "0.4") == 0
    shown = capsys.readouterr().out
    assert "Polynomial" in shown
    stored = json.loads((tmp_path / "run" / "conversion.json").read_text())["accuracy"]
    assert f"original {stored['original']:.2%}, converted {stored['converted']:.2%}" in shown
    assert "--mean and --deviation" not in shown
    assert sorted(path.name for path in (tmp_path / "run").iterdir() if path.suffix) == [
        "conversion.json",
        "model.safetensors",
    ]
    assert run("evaluate", tmp_path / "run", "digits") == 0
    assert run("info", tmp_path / "run") == 0
    # It goes out again, and does not come in twice.
    assert run("export", tmp_path / "run", tmp_path / "out.onnx") == 0
    assert run("convert", tmp_path / "out.onnx", "--data", "digits", "--out", tmp_path / "twice") == 2
    assert "freqnet has exported" in capsys.readouterr().err
    # A folder that is in use, and a file that is none: one line, and nothing is written.
    assert run(*words) == 2
    assert "choose another folder" in capsys.readouterr().err
    for deviation, message in (("0", "deviation: got 0, expected"), ("1,2", "deviation: got 1, 2, expected")):
        assert run(*words[:-1], tmp_path / "other", "--mean", "0.3", "--deviation", deviation) == 2
        assert message in capsys.readouterr().err
    (tmp_path / "net.onnx").write_bytes(b"nothing")
    capsys.readouterr()
    assert run(*words[:-1], tmp_path / "other") == 2
    assert capsys.readouterr().err.count("\n") == 1
    assert not (tmp_path / "other").exists()
