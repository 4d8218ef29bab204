"""The contract of arrays: each layer and op computes on arrays of the standard what it computes on those of NumPy."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import array_api_strict as xp
import numpy as np
import pytest
from layer_examples import EXAMPLES
from op_examples import EXAMPLES as OP_EXAMPLES
from op_examples import gradient_tolerance
from test_layer_contract import built, in_domains

from freqnet import Fourier, nn
from freqnet.arrays import as_function
from freqnet.arrays.choice import library_of
from freqnet.arrays.graph import TRAINED, ArrayGraph, Program
from freqnet.arrays.library import BESIDE, Library
from freqnet.arrays.operators import OPERATORS
from freqnet.arrays.source import Source
from freqnet.arrays.translate import Translation
from freqnet.autodiff import OPS, Tensor, no_grad
from freqnet.autodiff.tape import FusedVjps
from freqnet.onnx import RULES
from freqnet.onnx.matrices import to_real

pytestmark = pytest.mark.filterwarnings("ignore::freqnet.errors.ModuloWarning")
# Odd and even, in one to three dimensions.
GRIDS = [(5,), (6, 4), (8,), (5, 3), (4, 3, 4)]
STRICT = library_of(xp.zeros(1))
LIMITS = {np.float32: 1e-5, np.float64: 1e-10}


def cases() -> list[Any]:
    """Every layer in every domain that it supports, on one of the grids, in both precisions, one of which is slow."""
    found = []
    for turn, (name, own, layer, domain) in enumerate(in_domains(EXAMPLES), 1):
        grid = GRIDS[turn % len(GRIDS)]
        for place, precision in enumerate((np.float64, np.float32)):
            label = f"{name}-{own}-{'x'.join(map(str, grid))}-{precision.__name__}"
            marks = () if place == (turn // len(GRIDS) + turn) % 2 else pytest.mark.slow
            found.append(pytest.param(layer, domain, grid, precision, id=label, marks=marks))
    return found


def error(found: Any, wanted: np.ndarray) -> float:
    """The largest difference relative to the largest number, after a check of library, shape and type."""
    assert type(found) is type(xp.zeros(1))
    assert (found.shape, str(found.dtype).rpartition(".")[2]) == (wanted.shape, wanted.dtype.name)
    return float(np.abs(np.asarray(found) - wanted).max(initial=0) / max(1.0, float(np.abs(wanted).max(initial=0))))


@pytest.mark.parametrize(("layer", "domain", "grid", "precision"), cases())
def test_a_layer_computes_on_arrays_of_the_standard(
    layer: nn.Module, domain: Callable[..., Any], grid: tuple[int, ...], precision: Any
) -> None:
    try:
        made, _, x = built(layer, domain, grid, precision)
    except ValueError:
        pytest.skip("the layer does not fit this grid")
    generator = np.random.default_rng(3)
    for array in made.arrays().values():
        array += 0.1 * generator.random(array.shape).astype(precision)
    limit = LIMITS[precision] * max(1.0, x.space.condition_number**2 / 100)
    incoming = nn.Signal(x.space, x.shape[-1])
    with nn.evaluation():
        wanted = made(x).data
    assert error(as_function(made, incoming)(xp.asarray(x.data)), wanted) <= limit
    # In training mode there are statistics of batches, and draws.
    made.train()
    before = {name: array.copy() for name, array in made.named_state().items()}
    made.set_generator(np.random.default_rng(4))
    translation = Translation(Source(made, incoming, "network"), x.shape)
    made.set_generator(np.random.default_rng(5))
    given = {name: xp.asarray(array) for name, array in made.arrays().items()}
    found, replaced = translation(xp.asarray(x.data), given, STRICT)
    made.set_generator(np.random.default_rng(5))
    assert error(found, made(x).data) <= limit
    changed = {name for name, array in made.named_state().items() if not np.array_equal(array, before[name])}
    assert changed == {name for name, array in replaced.items() if not np.array_equal(np.asarray(array), before[name])}
    assert all(error(array, made.named_state()[name]) <= limit for name, array in replaced.items())


def test_a_wrong_function_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    """A layer is wrong where a sum leaves out its last row."""
    made, _, x = built(nn.PowerNorm(epsilon=0.1), Fourier.on, (6, 4), np.float64)
    made.train()
    incoming, wanted = nn.Signal(x.space, x.shape[-1]), made(x).data
    given = {name: xp.asarray(array) for name, array in made.arrays().items()}
    run = lambda: Translation(Source(made, incoming, "network"), x.shape)(xp.asarray(x.data), given, STRICT)[0]
    assert error(run(), wanted) < 1e-10
    less = lambda values, axis, keepdims: xp.sum(values[:-1, ...], axis=axis, keepdims=keepdims)
    own = Library.function
    monkeypatch.setattr(Library, "function", lambda self, name: less if name == "sum" else own(self, name))
    assert error(run(), wanted) > 1e-3


def test_functions_outside_the_standard_are_found(monkeypatch: pytest.MonkeyPatch) -> None:
    """An operator that takes a function of NumPy alone fails on arrays of array-api-strict."""
    made, _, x = built(nn.Dense(3), Fourier.on, (6, 4), np.float64)
    monkeypatch.setitem(OPERATORS, "MatMul", lambda fixed, inputs: (lambda library: library.function("dot"), inputs))
    with pytest.raises(AttributeError, match="dot"):
        as_function(made, nn.Signal(x.space, x.shape[-1]))(xp.asarray(x.data))


# -- ops -----------------------------------------------------------------------------------------------
# Those that no network runs forward.
NOT_TRANSLATED = {
    *("broadcast_to", "convolve_input", "convolve_response", "functional_input", "functional_signal"),
    *("response_parameters", "resample_samples", "scatter", "sum_to", "shift"),
    *("sigmoid_loss", "squared_loss", "softmax_loss"),
}


def test_every_op_has_a_rule_or_is_never_translated() -> None:
    found = {name for name, op in OPS.items() if name in {*RULES, *TRAINED} or isinstance(op.vjps, FusedVjps)}
    assert set(OPS) - found <= NOT_TRANSLATED


def as_rows(x: Tensor) -> np.ndarray:
    return x.data if x.space is None else to_real(x.data).reshape(-1, *x.shape[-2:])


@pytest.mark.parametrize("name", sorted(set(OPS) - NOT_TRANSLATED))
def test_an_op_computes_on_arrays_of_the_standard(name: str) -> None:
    op, examples = OPS[name], OP_EXAMPLES[name]()
    for inputs, parameters in examples[:: -(-len(examples) // 8)]:
        tensors = [Tensor(x.data, x.space) for x in inputs]
        call = lambda tensors=tensors, words=parameters: op(*tensors, **words)[0] if op.saves else op(*tensors, **words)
        graph = ArrayGraph(np.float64, 1009, {})
        for i, x in enumerate(tensors):
            graph.bind(x, f"given {i}")
        with no_grad():
            program = Program(graph, graph.name(graph.run(call)))
        given = {f"given {i}": xp.asarray(np.array(as_rows(x))) for i, x in enumerate(tensors)}
        made, _ = program(given, STRICT, STRICT.device(given["given 0"]))
        assert error(made, np.asarray(as_rows(call()))) <= 1e-2 * gradient_tolerance(tensors), parameters


@pytest.mark.parametrize("precision", [np.float32, np.float64])
def test_functions_beside_the_standard_are_right_to_rounding(precision: Any) -> None:
    from scipy import special

    x = np.linspace(-40, 40, 4001).astype(precision)
    wanted = {
        "erf": special.erf(x), "sigmoid": special.expit(x), "softplus": np.logaddexp(x, 0), "relu": np.maximum(x, 0)
    }  # fmt: skip
    assert wanted.keys() <= BESIDE.keys()
    for name, values in wanted.items():
        found = np.asarray(STRICT.function(name)(xp.asarray(x)))
        np.testing.assert_allclose(found, values, rtol=2 * np.finfo(precision).eps, atol=2 * np.finfo(precision).eps)
