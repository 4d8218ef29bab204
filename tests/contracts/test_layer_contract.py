"""The contract of a layer, for every layer in the registry and every domain that it supports.

A new layer needs a line in both `EXAMPLES` and `INVALID` of `layer_examples.py`; a new domain needs none.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import nullcontext
from typing import Any
from zlib import crc32

import numpy as np
import pytest
from layer_examples import EXAMPLES, INVALID
from op_examples import gradient_tolerance

from freqnet import nn
from freqnet.autodiff import Tensor, check_gradients
from freqnet.errors import CheckpointError, ConfigurationError, ShapeError
from freqnet.spaces import DOMAINS, Fourier, Grid, NodeSpace, WaveSpace, no_transforms
from freqnet.spaces.registry import Factory

GRIDS = [(8,), (6, 4)]
CHANNELS = 4
BATCH = 2
# Signals that fill the grid leave no room for a linear convolution, so it takes the remainder and warns.
pytestmark = pytest.mark.filterwarnings("ignore::freqnet.errors.ModuloWarning")
# Only these layers may differ between training and evaluation.
TWO_MODES = {"ChannelDropout", "FrequencyDropout", "Gaussian", "PowerNorm", "StochasticDepth"}
PER_BIN = (nn.MagnitudeGain, nn.RealImaginary, nn.PhaseGate, nn.SecondHarmonic, nn.DataConsistency)


def supports(domain: Factory, layer: nn.Module) -> bool:
    """Whether a layer supports a domain: some need modes, some need samples."""
    space = domain(8)
    if isinstance(space, NodeSpace):
        # Some Chebyshev nodes are negative, and damped nodes are complex; there a continuous signal has no values.
        sinc = isinstance(layer, nn.AveragePool) and layer.method == "sinc"
        return not sinc and not isinstance(layer, (nn.Pointwise, nn.PowerSpectrum, nn.Take, *PER_BIN))
    return not isinstance(layer, nn.Pointwise if space.is_spectral else PER_BIN)


def in_domains(
    table: dict[str, list[nn.Module]], without: tuple[str, ...] = ()
) -> Iterator[tuple[str, str, nn.Module, Factory]]:
    """Yield every example in every domain that it supports: its label, the domain's name, the layer, and the domain."""
    for name in nn.LAYERS:
        for i, layer in enumerate(table.get(name, [])):
            for own, domain in DOMAINS.items():
                if own not in without and supports(domain, layer):
                    yield f"{name}{i}", own, layer, domain


def cases(
    table: dict[str, list[nn.Module]], grids: list[tuple[int, ...]] = GRIDS, without: tuple[str, ...] = ()
) -> list[Any]:
    """Every example in every domain that it supports: on one of the grids, and with ``-m slow`` on the others."""
    found = []
    for turn, (name, own, layer, domain) in enumerate(in_domains(table, without)):
        # In turn, so that each example meets all grids; from a place of its own, so that each domain does.
        chosen = grids[(turn + crc32(name.encode())) % len(grids)]
        for grid in grids:
            label = f"{name}-{own}-{'x'.join(map(str, grid))}"
            marks = () if grid == chosen else pytest.mark.slow
            found.append(pytest.param(layer, domain, grid, id=label, marks=marks))
    return found


CASES = pytest.mark.parametrize(("layer", "domain", "grid"), cases(EXAMPLES))
# For what the number of axes cannot change.
ON_ONE_GRID = pytest.mark.parametrize(("layer", "domain", "grid"), [case for case in cases(EXAMPLES) if not case.marks])


def built(layer: nn.Module, domain: Factory, grid: tuple[int, ...], precision: Any = np.float32, seed: int = 0) -> Any:
    """A new copy of the layer, the description of its output, and a random input."""
    layer = nn.from_description(layer.describe())
    signal = nn.Signal(domain(grid), CHANNELS)
    out = layer.build(signal, np.random.default_rng(seed), precision)
    like = np.empty((*signal.space.shape, BATCH, CHANNELS), signal.space.dtype(precision))
    return layer, out, Tensor(signal.space.random(like, np.random.default_rng(1)), signal.space)


def guarded(domain: Factory) -> Any:
    return no_transforms() if domain(8).is_spectral else nullcontext()


def run(layer: nn.Module, x: Tensor, seed: int = 2) -> np.ndarray:
    layer.set_generator(np.random.default_rng(seed))
    return layer(x).data


def named_modules(layer: nn.Module) -> set[str]:
    return {type(module).__name__ for _, module in layer.modules()}


def test_every_layer_has_examples():
    assert EXAMPLES.keys() == INVALID.keys() == nn.LAYERS.keys()
    assert all(type(layer).__name__ == name for name, layers in EXAMPLES.items() for layer in layers)
    assert all(EXAMPLES.values())


@CASES
@pytest.mark.parametrize("precision", [np.float32, np.float64])
def test_keeps_what_build_promised(layer: nn.Module, domain: Factory, grid: tuple[int, ...], precision: Any):
    layer, out, x = built(layer, domain, grid, precision)
    layer.train()
    with guarded(domain):
        y = layer(x)
    if isinstance(out, nn.Features):
        assert (y.space, y.shape, y.dtype) == (None, (BATCH, out.count), precision)
    else:
        assert (y.space, y.shape) == (out.space, (*out.space.shape, BATCH, out.channels))
        assert y.dtype == out.space.dtype(precision)
        tolerance = max(1.0, float(np.abs(y.data).max())) * (1e-5 if precision == np.float32 else 1e-12)
        assert y.data == pytest.approx(out.space.project(y.data), abs=tolerance)


@CASES
def test_build_promises_the_support_of_the_output(layer: nn.Module, domain: Factory, grid: tuple[int, ...]):
    """The support is no part of equality, and a later linear convolution relies on it."""
    support = tuple(n // 2 for n in grid)
    layer, signal = nn.from_description(layer.describe()), nn.Signal(domain(grid, support=support), CHANNELS)
    out = layer.build(signal, np.random.default_rng(0), np.float64)
    samples = np.zeros((BATCH, *grid, CHANNELS))
    samples[(slice(None), *(slice(0, n) for n in support))] = 1.0
    x = Tensor(signal.space.sample_modes(samples), signal.space)
    if isinstance(out, nn.Signal):
        assert layer(x).space.support == out.space.support


@ON_ONE_GRID
def test_arrays_are_real_and_float32_unless_asked(layer: nn.Module, domain: Factory, grid: tuple[int, ...]):
    default = nn.from_description(layer.describe())
    default.build(nn.Signal(domain(grid), CHANNELS), np.random.default_rng(0))
    wide = built(layer, domain, grid, np.float64)[0]
    for module, precision in ((default, np.float32), (wide, np.float64)):
        arrays = [p.data for p in module.named_parameters().values()] + list(module.named_state().values())
        assert all(a.dtype == precision and a.flags.writeable and np.isfinite(a).all() for a in arrays)
        assert all(p.requires_grad for p in module.named_parameters().values())
    assert len({id(a) for a in arrays}) == len(arrays)


@CASES
def test_gradients_of_first_and_second_order(layer: nn.Module, domain: Factory, grid: tuple[int, ...]):
    layer, _, x = built(layer, domain, grid, np.float64)
    layer.train()
    keys = [(module, name) for _, module in layer.modules() for name in module.parameters]

    def function(x: Tensor, *values: Tensor) -> Tensor:
        for (module, name), value in zip(keys, values, strict=True):
            module.parameters[name] = value
        layer.set_generator(np.random.default_rng(3))
        return layer(x)

    inputs = [x, *(module.parameters[name] for module, name in keys)]
    with guarded(domain):
        check_gradients(function, inputs, order=2, directions=1, tolerance=gradient_tolerance([x]))


@ON_ONE_GRID
def test_description_makes_the_same_layer(layer: nn.Module, domain: Factory, grid: tuple[int, ...]):
    again = nn.from_description(json.loads(json.dumps(layer.describe())))
    assert (again.describe(), repr(again)) == (layer.describe(), repr(layer))
    (one, promised, x), (two, kept, _) = built(layer, domain, grid), built(again, domain, grid)
    assert promised == kept
    assert np.array_equal(run(one, x), run(two, x))


@ON_ONE_GRID
def test_arrays_make_the_same_layer(layer: nn.Module, domain: Factory, grid: tuple[int, ...]):
    (one, _, x), (two, _, _) = (built(layer, domain, grid, seed=seed) for seed in (0, 5))
    arrays = {name: p.data for name, p in one.named_parameters().items()} | one.named_state()
    two.load_arrays({name: array.copy() for name, array in arrays.items()})
    assert np.array_equal(run(one, x), run(two, x))
    with pytest.raises(CheckpointError, match="weights: got other names"):
        two.load_arrays(arrays | {"nobody": np.zeros(1)})
    for name in arrays:
        with pytest.raises(CheckpointError, match=f"weights {name}: got"):
            two.load_arrays(arrays | {name: np.zeros((1, 2, 3, 4))})


@CASES
def test_building_again_forgets_the_first_time(layer: nn.Module, domain: Factory, grid: tuple[int, ...]):
    again = nn.from_description(layer.describe())
    again.build(nn.Signal(domain(tuple(2 * n for n in grid)), 8), np.random.default_rng(3))
    (one, promised, x) = built(layer, domain, grid)
    kept = again.build(nn.Signal(domain(grid), CHANNELS), np.random.default_rng(0))
    assert kept == promised
    assert again.named_parameters().keys() == one.named_parameters().keys()
    assert np.array_equal(run(again, x), run(one, x))


@ON_ONE_GRID
def test_training_and_evaluation(layer: nn.Module, domain: Factory, grid: tuple[int, ...]):
    layer, _, x = built(layer, domain, grid)
    assert not layer.training
    before = {name: state.copy() for name, state in layer.named_state().items()}
    evaluated = run(layer, x)
    assert np.array_equal(run(layer, x, seed=4), evaluated)
    assert all(np.array_equal(state, before[name]) for name, state in layer.named_state().items())
    layer.train()
    assert all(module.training for _, module in layer.modules())
    if not named_modules(layer) & TWO_MODES:
        assert np.array_equal(run(layer, x), evaluated)
    layer.train(False)
    assert not any(module.training for _, module in layer.modules())


@pytest.mark.parametrize(
    ("layer", "error", "message"),
    [pytest.param(*row, id=f"{name}{i}") for name, rows in INVALID.items() for i, row in enumerate(rows)],
)
@pytest.mark.parametrize("domain", DOMAINS.values(), ids=list(DOMAINS))
def test_invalid_settings_are_found_by_build(domain: Factory, layer: nn.Module, error: type[Exception], message: str):
    if not isinstance(domain(8), WaveSpace) and isinstance(layer, PER_BIN):
        error, message = ShapeError, "expected a domain of modes"
    with pytest.raises(error, match=message):
        layer.build(nn.Signal(domain(8), CHANNELS), np.random.default_rng(0))


@pytest.mark.parametrize("name", [n for n in EXAMPLES if n not in ("Dense", "Pointwise", "Rescale", "Sequential")])
def test_layers_of_signals_refuse_features(name: str):
    with pytest.raises(ShapeError, match=f"{name}: got 3 features, expected a signal"):
        EXAMPLES[name][0].build(nn.Features(3), np.random.default_rng(0))


def test_pointwise_refuses_spectra():
    with pytest.raises(ShapeError, match=r"Pointwise tanh: got .* expected samples"):
        nn.Pointwise("tanh").build(nn.Signal(Fourier.on(8), 1), np.random.default_rng(0))
    nn.Pointwise("tanh").build(nn.Signal(Grid.on(8), 1), np.random.default_rng(0))


@pytest.mark.parametrize(
    ("description", "message"),
    [
        ({"layer": "Attention"}, "layer: got 'Attention', expected AveragePool or ChannelDropout or Convolution"),
        ({}, "layer: got None"),
        ({"layer": "Dense"}, "layer Dense: got .* its declared fields"),
        ({"layer": "Dense", "outputs": 1, "color": 2}, "layer Dense: got .* its declared fields"),
    ],
)
def test_descriptions_of_no_layer(description: dict[str, Any], message: str):
    with pytest.raises(ConfigurationError, match=message):
        nn.from_description(description)


def test_an_unlisted_layer_fails(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setitem(nn.LAYERS, "Unlisted", nn.Dense)
    check: Callable[[], None] = test_every_layer_has_examples
    with pytest.raises(AssertionError):
        check()
