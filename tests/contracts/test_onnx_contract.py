"""The contract of ONNX rules: each op has one, and each layer computes the same in ONNX Runtime, in every domain."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from layer_examples import EXAMPLES
from test_layer_contract import built, cases

from freqnet import nn
from freqnet.autodiff import OPS, no_grad
from freqnet.autodiff.tape import FusedVjps

onnx = pytest.importorskip("onnx")
runtime = pytest.importorskip("onnxruntime")

from freqnet.onnx import RULES, Port, export  # noqa: E402

pytestmark = pytest.mark.filterwarnings("ignore::freqnet.errors.ModuloWarning")
GRIDS = [(5,), (6, 4)]
# Ops of gradients, of weights alone, and of losses.
NOT_EXPORTED = {
    *("broadcast_to", "convolve_input", "convolve_response", "frequency_response", "functional_input"),
    *("functional_signal", "response_parameters", "resample_samples", "scatter"),
}
# Functions that have a rule for their mean under a normal distribution, and those that have none.
QUADRATURE = {"silu"}


def test_every_op_has_a_rule_or_is_never_exported() -> None:
    found = {name for name, op in OPS.items() if name in RULES or isinstance(op.vjps, FusedVjps)}
    losses = {name for name, op in OPS.items() if "loss" in name or "error" in name or op.source.startswith("loss")}
    assert set(OPS) - found - losses == NOT_EXPORTED
    assert not found & NOT_EXPORTED


def session(model: Any) -> Any:
    options = runtime.SessionOptions()
    options.intra_op_num_threads, options.log_severity_level = 1, 3
    return runtime.InferenceSession(model.SerializeToString(), options, providers=["CPUExecutionProvider"])


def has_complex_numbers(model: Any) -> bool:
    kinds = {tensor.data_type for tensor in model.graph.initializer}
    kinds |= {v.type.tensor_type.elem_type for v in onnx.shape_inference.infer_shapes(model).graph.value_info}
    return bool(kinds & {onnx.TensorProto.COMPLEX64, onnx.TensorProto.COMPLEX128})


@pytest.mark.parametrize(("layer", "domain", "grid"), cases(EXAMPLES, GRIDS, without=("grid-fft",)))
def test_a_layer_computes_the_same_in_onnx_runtime(
    layer: nn.Module, domain: Callable[..., Any], grid: tuple[int, ...]
) -> None:
    try:
        made, out, x = built(layer, domain, grid, np.float64)
    except ValueError:
        pytest.skip("the layer does not fit this grid")
    generator = np.random.default_rng(3)
    for array in [p.data for p in made.named_parameters().values()] + list(made.named_state().values()):
        array += 0.1 * generator.random(array.shape)
    source = Port("x", space=x.space, channels=x.shape[-1])
    is_plain = isinstance(out, nn.Features)
    result = Port("y", (out.count,)) if is_plain else Port("y", space=out.space, channels=out.channels)
    with nn.evaluation(), no_grad():
        model = export(made, source, result, np.float64)
        wanted = result.array(made(x))
    (found,) = session(model).run(None, {"x": source.array(x)})
    assert found.shape == wanted.shape
    scale = np.abs(wanted).max(initial=1e-6)
    limit = 1e-6 if x.space.condition_number < 1e3 else 1e-4
    np.testing.assert_allclose(found, wanted, rtol=0, atol=limit * scale)
    assert not has_complex_numbers(model)
    assert not {"DFT", "STFT"} & {node.op_type for node in model.graph.node}
