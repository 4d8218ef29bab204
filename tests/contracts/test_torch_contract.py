"""The contract of modules of PyTorch: each layer and op has the outputs and gradients of freqnet's tape, both ways."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from layer_examples import EXAMPLES
from op_examples import EXAMPLES as OP_EXAMPLES
from op_examples import gradient_tolerance
from test_layer_contract import built, in_domains

from freqnet import nn
from freqnet.arrays.graph import TRAINED, ArrayGraph, Program
from freqnet.autodiff import OPS, Tensor, gradient, no_grad
from freqnet.autodiff.tape import FusedVjps
from freqnet.onnx import RULES
from freqnet.onnx.matrices import from_real, to_real
from freqnet.spaces import Fourier

torch = pytest.importorskip("torch")

from freqnet.torch import as_module  # noqa: E402
from freqnet.torch.kernels import as_cotangent  # noqa: E402
from freqnet.torch.library import TORCH  # noqa: E402

pytestmark = pytest.mark.filterwarnings("ignore::freqnet.errors.ModuloWarning")
GRIDS = [(5,), (6, 4)]


def cases() -> list[Any]:
    """Every layer in every domain that it supports, on one of the grids; in single precision in a few domains."""
    found = []
    for turn, (name, own, layer, domain) in enumerate(in_domains(EXAMPLES, without=("grid-fft",)), 1):
        grid = GRIDS[turn % len(GRIDS)]
        for precision in [np.float64, np.float32] if own in ("fourier", "hartley", "grid") else [np.float64]:
            label = f"{name}-{own}-{'x'.join(map(str, grid))}-{precision.__name__}"
            found.append(pytest.param(layer, domain, grid, precision, id=label))
    return found


LIMITS = {np.float32: 1e-5, np.float64: 1e-10}


def drawn_by_torch() -> np.random.Generator:
    """The generator that layers draw from after a seed of PyTorch."""
    torch.manual_seed(5)
    generator = np.random.default_rng(int(torch.randint(2**62, (), dtype=torch.int64)))
    torch.manual_seed(5)
    return generator


def own_results(made: nn.Module, x: Tensor, g: np.ndarray) -> dict[str, np.ndarray]:
    """Output, running statistics, and derivatives in the stored numbers, from the tape of freqnet."""
    made.set_generator(drawn_by_torch())
    names, parameters = zip(*[("x", x), *made.named_parameters().items()], strict=True)
    out = made(x)
    found = {"out": out.data} | {f"state {name}": a.copy() for name, a in made.named_state().items()}
    if out.requires_grad:
        gradients = gradient(out, parameters, Tensor(as_cotangent(g, out), out.cotangent))
        found |= {name: gx.data for name, gx in zip(names, gradients, strict=True)}
        found["x"] = found["x"] * np.asarray(x.space.weights)
    made.set_generator(None)
    return found


def results(module: Any, x: np.ndarray, g: np.ndarray) -> dict[str, np.ndarray]:
    """The same from PyTorch."""
    source = torch.from_numpy(x.copy()).requires_grad_()
    drawn_by_torch()
    out = module(source)
    found = {"out": out.detach().numpy()} | {f"state {name}": a.numpy().copy() for name, a in module.named_buffers()}
    if out.requires_grad:
        module.zero_grad()
        out.backward(torch.from_numpy(g))
        found |= {name: p.grad.numpy() for name, p in module.named_parameters() if p.grad is not None}
        found["x"] = source.grad.numpy() if source.grad is not None else 0 * x
    return found


def differences(found: dict[str, np.ndarray], wanted: dict[str, np.ndarray], limit: float) -> dict[str, float]:
    """The arrays that differ, relative to the largest number of each; a missing gradient counts as 0."""
    errors = {}
    for name, value in wanted.items():
        got = found.get(name, 0 * value)
        assert got.shape == value.shape, name
        scale = max(1.0, float(np.abs(value).max(initial=0)))
        errors[name] = float(np.abs(got - value).max(initial=0)) / scale
    return {name: error for name, error in errors.items() if not error <= limit}


@pytest.mark.parametrize(("layer", "domain", "grid", "precision"), cases())
def test_a_layer_has_the_gradients_of_freqnet(
    layer: nn.Module, domain: Callable[..., Any], grid: tuple[int, ...], precision: Any
) -> None:
    try:
        made, _, x = built(layer, domain, grid, precision)
    except ValueError:
        pytest.skip("the layer does not fit this grid")
    generator = np.random.default_rng(3)
    for array in made.arrays().values():
        array += 0.1 * generator.random(array.shape).astype(precision)
    x.requires_grad = True
    incoming = nn.Signal(x.space, x.shape[-1])
    state = {name: array.copy() for name, array in made.named_state().items()}
    for mode in (True, False):
        made.train(mode)
        y = made(x).data
        g = generator.standard_normal(y.shape).astype(y.real.dtype)
        g = (g + 1j * generator.standard_normal(y.shape)).astype(y.dtype) if np.iscomplexobj(y) else g
        for name, array in made.named_state().items():
            array[...] = state[name]
        wanted = own_results(made, x, g)
        for backend in ("freqnet", "torch"):
            for name, array in made.named_state().items():
                array[...] = state[name]
            module = as_module(made, incoming, layout="freqnet", backend=backend).train(mode)
            found = results(module, x.data, g)
            limit = LIMITS[precision] * max(1.0, x.space.condition_number**2 / 100)
            assert not differences(found, wanted, limit), (backend, mode)


def test_a_wrong_gradient_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without the weights of the inner product, a functional and its gradients are wrong."""
    made, _, x = built(nn.Dense(3), Fourier.on, (6, 4), np.float64)
    g = np.ones((2, 3))
    x.requires_grad = True
    wanted = own_results(made, x, g)
    incoming = nn.Signal(x.space, x.shape[-1])
    module = as_module(made, incoming, layout="freqnet", backend="torch")
    assert not differences(results(module, x.data, g), wanted, 1e-10)
    monkeypatch.setattr(ArrayGraph, "times", lambda graph, name, factor: name)
    wrong = as_module(made, incoming, layout="freqnet", backend="torch")
    assert set(differences(results(wrong, x.data, g), wanted, 1e-10)) == {"out", "x", "weight"}


# -- ops -----------------------------------------------------------------------------------------------
# Ops of gradients, losses, and the two that are other functions for each example or have no axis of examples.
NOT_TRANSLATED = {
    *("broadcast_to", "convolve_input", "convolve_response", "functional_input", "functional_signal"),
    *("response_parameters", "resample_samples", "scatter", "sum_to", "shift"),
    *("sigmoid_loss", "squared_loss", "softmax_loss"),
}
TRANSLATED = sorted(set(OPS) - NOT_TRANSLATED)


def test_every_op_has_a_rule_or_is_never_translated() -> None:
    found = {name for name, op in OPS.items() if name in {*RULES, *TRAINED} or isinstance(op.vjps, FusedVjps)}
    assert set(OPS) - found <= NOT_TRANSLATED


def as_rows(x: Tensor) -> np.ndarray:
    return x.data if x.space is None else to_real(x.data).reshape(-1, *x.shape[-2:])


def of_rows(rows: np.ndarray, like: Tensor) -> np.ndarray:
    """The nearest cotangent that represents derivatives in the rows of a tensor."""
    if like.space is None:
        return rows
    first, *others = like.shape
    axes = (2 * first if np.iscomplexobj(like.data) else first, *others)
    return as_cotangent(from_real(rows.reshape(axes), like.space), like)


@pytest.mark.parametrize("name", TRANSLATED)
def test_an_op_has_the_gradients_of_freqnet(name: str) -> None:
    op, examples, generator = OPS[name], OP_EXAMPLES[name](), np.random.default_rng(0)
    for inputs, parameters in examples[:: -(-len(examples) // 8)]:
        tensors = [Tensor(x.data, x.space, requires_grad=True) for x in inputs]
        call = lambda tensors=tensors, words=parameters: op(*tensors, **words)[0] if op.saves else op(*tensors, **words)
        graph = ArrayGraph(np.float64, 1009, {})
        for i, x in enumerate(tensors):
            graph.bind(x, f"given {i}")
        with no_grad():
            program = Program(graph, graph.name(graph.run(call)))
        given = [torch.from_numpy(np.array(as_rows(x))).requires_grad_() for x in tensors]
        made, _ = program({f"given {i}": x for i, x in enumerate(given)}, TORCH, torch.device("cpu"))
        out = call()
        limit = 1e-2 * gradient_tolerance(tensors)
        assert not differences({"out": made.detach().numpy()}, {"out": as_rows(out)}, limit)
        has_vjp = [True] * len(tensors) if callable(op.vjps) else [vjp is not None for vjp in op.vjps]
        if not any(has_vjp):
            continue
        g = generator.standard_normal(out.shape)
        g = g + 1j * generator.standard_normal(out.shape) if np.iscomplexobj(out.data) else g
        wanted = gradient(out, tensors, Tensor(as_cotangent(np.array(g), out), out.cotangent))
        rows = torch.from_numpy(np.array(as_rows(Tensor(g, out.space)) if out.space else g))
        # A step function has no derivative in PyTorch, and 0 here.
        found = torch.autograd.grad(made, given, rows, allow_unused=True) if made.requires_grad else [None] * len(given)
        for x, own, theirs, is_known in zip(tensors, wanted, found, has_vjp, strict=True):
            if is_known:
                rows = np.zeros(as_rows(x).shape) if theirs is None else theirs.numpy()
                projected = own.data if x.space is None else x.space.cotangent.project(own.data)
                assert not differences({"g": of_rows(rows, x)}, {"g": projected}, limit), (x.space, parameters)
