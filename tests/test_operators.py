"""Networks for solution operators: their default, their resolution, and time steps inside the domain."""

from __future__ import annotations

import warnings
from dataclasses import replace

import numpy as np
import pytest

from freqnet import Fourier, kernels, nn, ops
from freqnet.autodiff import Tensor, backward
from freqnet.data import Dataset, burgers, darcy, from_arrays, kuramoto_sivashinsky, navier_stokes, split
from freqnet.errors import ConfigurationError, DataWarning, SpaceError
from freqnet.training import Model, Settings, analyse, evaluate, fit


def resampled(samples: np.ndarray, grid: tuple[int, ...], band: tuple[int, ...]) -> np.ndarray:
    """The part of samples within a band, on another grid."""
    own = samples.shape[1:-1]
    return ops.synthesis(ops.analysis(samples, Fourier.on(own, band)), grid).data


def small(dataset: Dataset, **choices) -> nn.Network:
    return Model(form="operator", widths=(6, 6), **choices).network(dataset)


def randomised(network: nn.Network, seed: int = 0) -> nn.Network:
    """The network with all trained fields away from their start."""
    rng = np.random.default_rng(seed)
    for name, parameter in network.named_parameters().items():
        if "gain" in name or "offset" in name:
            parameter.data[...] += 0.1 * rng.standard_normal(parameter.shape)
    return network


MAKERS = {
    "1-D": lambda: burgers(6, points=64),
    "2-D": lambda: navier_stokes(4, points=16, steps=2),
    "3-D": lambda: volumes(),
}


def volumes() -> Dataset:
    x = np.random.default_rng(0).normal(size=(4, 8, 8, 8, 1))
    return from_arrays(x, np.roll(x, 1, 1), layout="n x y z c", task="field")


# -- the default network -------------------------------------------------------------------------------
@pytest.mark.parametrize("name", MAKERS)
def test_the_default_operator_has_fields_for_inputs_and_outputs(name: str) -> None:
    dataset = MAKERS[name]()
    network = small(dataset)
    assert network.predict(dataset.images).shape == dataset.targets.shape
    assert network.transforms_inside == 0
    assert network.can_plan == (kernels.KERNEL != "numpy")
    assert nn.Network.from_description(network.describe()).describe() == network.describe()


def test_datasets_of_equations_get_an_operator_and_others_do_not() -> None:
    is_operator = lambda network: any(isinstance(layer, nn.PositionAffine) for layer in network.layers)
    dataset = burgers(6, points=64)
    assert is_operator(Model(size="small").network(dataset))
    assert not is_operator(Model(size="small", form="residual").network(dataset))
    assert not is_operator(Model(size="small").network(replace(dataset, name="mine")))
    assert is_operator(Model(size="small", form="operator").network(replace(dataset, name="mine")))


def test_the_output_has_finer_modes_than_the_blocks() -> None:
    network = Model(size="small", modes=9).network(darcy(4, points=32))
    assert network.door.band == (4, 4)
    assert network.output_space is not None
    assert network.output_space.band == (15, 15)


@pytest.mark.parametrize(
    ("choices", "message"),
    [
        ({"form": "deep"}, "form: got 'deep', expected residual or operator"),
        ({"form": 3}, "form: got 3, expected a name"),
        ({"taps": 3}, "taps of an operator: got 3"),
        ({"frequency_dropout": 1}, "frequency_dropout of an operator: got 1"),
        ({"stages": (5,)}, "stages of a field"),
    ],
)
def test_choices_that_an_operator_does_not_have_are_refused(choices, message) -> None:
    with pytest.raises(ConfigurationError, match=message):
        Model(**choices).network(burgers(6, points=64))


def test_only_fields_have_a_form() -> None:
    x = np.random.default_rng(0).normal(size=(6, 9))
    with pytest.raises(ConfigurationError, match="form: got 'operator' for a classification"):
        Model(form="operator").network(from_arrays(x, [0, 1] * 3))


# -- resolution ----------------------------------------------------------------------------------------
@pytest.mark.parametrize("name", MAKERS)
@pytest.mark.parametrize("factor", [0.5, 2, 4])
def test_the_answer_does_not_depend_on_the_resolution(name: str, factor: float) -> None:
    dataset = MAKERS[name]()
    # Half the points have a Nyquist mode at a quarter of the finer grid's.
    band = tuple(n // 4 - 1 for n in dataset.grid)
    network = randomised(small(dataset, modes=2 * band[0] + 1, precision="float64"))
    grid = tuple(int(n * factor) for n in dataset.grid)
    smooth = resampled(dataset.images.astype(float), dataset.grid, band)
    usual, other = network.predict(smooth), network.predict(resampled(smooth, grid, band))
    assert np.abs(usual - other).max() < 1e-10 * max(1, np.abs(usual).max())
    # Where the samples of both grids meet, so do those of the outputs.
    if factor > 1:
        step = int(factor)
        finer = network.predict(smooth, grid=grid)
        assert np.allclose(finer[:, *(slice(None, None, step),) * len(grid)], usual, atol=1e-10)
    # Control: a mode that only the finer grid has is another signal, but outside of the band it does not count.
    if factor > 1 and len(grid) == 1:
        x = np.arange(grid[0]) / grid[0]
        wave = lambda k: np.cos(2 * np.pi * k * x)[None, :, None]
        fine = resampled(smooth, grid, band)
        assert np.allclose(network.predict(fine + wave(dataset.grid[0] // 2 - 1)), usual, atol=1e-10)
        assert not np.allclose(network.predict(fine + wave(2)), usual, atol=1e-3)


def test_a_function_of_samples_does_depend_on_the_resolution() -> None:
    """Control: the same network on samples makes modes that its grid cannot hold, and these alias."""
    smooth = resampled(burgers(6, points=64).images.astype(float), (64,), (15,))
    low, weights = [], {}
    for points in (64, 128):
        body = nn.Sequential(nn.Convolution(4, 1), nn.Pointwise("relu"), nn.Convolution(1, 1))
        network = nn.Network(nn.Door("grid", (points,), ((points - 1) // 2,), 1), body, precision=np.float64)
        for name, parameter in network.named_parameters().items():
            parameter.data[...] = weights.setdefault(name, parameter.data.copy())
        outputs = network.predict(resampled(smooth, (points,), (15,)))
        low.append(ops.analysis(outputs, Fourier.on((points,), (15,))).data)
    assert np.abs(low[0] - low[1]).max() > 1e-5


# -- positions -----------------------------------------------------------------------------------------
def test_a_result_may_depend_on_the_place() -> None:
    """Multiplication by a fixed field commutes with no shift; positions learn it, and convolutions cannot."""
    rng = np.random.default_rng(0)
    x = ops.synthesis(ops.analysis(rng.normal(size=(300, 24, 1)), Fourier.on(24, 4))).data
    window = np.sin(np.pi * (np.arange(24) + 0.5) / 24)[None, :, None]
    parts = split(from_arrays(x, x * window, layout="n x c", task="field"))
    errors = {}
    for positions in (True, False):
        layers = (nn.PositionAffine(11),) if positions else (nn.Convolution(1, kernel="modes"),)
        network = nn.Network(nn.Door("fourier", (24,), (5,), 1), nn.Sequential(*layers))
        fit(network, analyse(network, parts.train), settings=Settings(epochs=40, learning_rate=0.02))
        errors[positions] = evaluate(network, analyse(network, parts.test)).metrics["relative_error"]
    assert errors[True] < 0.05
    assert errors[False] > 0.2


# -- training ------------------------------------------------------------------------------------------
def test_an_operator_learns_burgers_better_than_any_map_of_single_modes() -> None:
    parts = split(burgers(360, points=128))
    network = Model(widths=(16, 16), modes=33).network(parts.train)
    settings = Settings(epochs=20, batch=20, optimizer="muon", learning_rate=0.01, loss="relative")
    fit(network, analyse(network, parts.train), settings=settings)
    found = evaluate(network, analyse(network, parts.test)).metrics["relative_error"]
    # The best linear map of each mode, found from the training pairs.
    x, y = (np.fft.rfft(values[..., 0]) for values in (parts.train.images, parts.train.targets))
    best = np.sum(x.conj() * y, 0) / np.sum(np.abs(x) ** 2, 0)
    linear = np.fft.irfft(best * np.fft.rfft(parts.test.images[..., 0]), 128)
    error = np.linalg.norm(linear - parts.test.targets[..., 0], axis=1)
    linear_error = np.mean(error / np.linalg.norm(parts.test.targets[..., 0], axis=1))
    assert found < 0.5 * linear_error


# -- time steps ----------------------------------------------------------------------------------------
def stepper(dataset: Dataset) -> nn.Network:
    return randomised(small(dataset, modes=9, precision="float64"))


def test_a_rollout_is_one_prediction_after_another() -> None:
    dataset = kuramoto_sivashinsky(6, points=32)
    network = stepper(dataset)
    state = dataset.images.astype(float)
    found = nn.rollout(network, network.analyse(state), steps=4)
    assert found.shape[0] == 4
    with warnings.catch_warnings():
        # The outputs of an untrained network are unlike its training set.
        warnings.simplefilter("ignore", DataWarning)
        for step in found:
            state = network.predict(state)
            assert np.allclose(network.sampled(step, (32,)), state, atol=1e-9 * np.abs(state).max())
    # Control: two steps are not one.
    assert not np.allclose(found[0], found[1])


def test_no_transform_runs_between_the_steps(monkeypatch: pytest.MonkeyPatch) -> None:
    import scipy.fft

    network = stepper(navier_stokes(2, points=16, steps=2))
    spectra = network.analyse(navier_stokes(2, points=16, steps=2).images)

    def gone(*args, **kwargs):
        raise AssertionError("a transform was called")

    for module in (np.fft, scipy.fft):
        for name in ("fft", "ifft", "rfft", "irfft", "fftn", "ifftn", "rfftn", "irfftn", "rfft2", "irfft2"):
            monkeypatch.setattr(module, name, gone)
    assert np.isfinite(nn.rollout(network, spectra, steps=3)).all()
    assert network.transforms_inside == 0


def test_outputs_that_explode_are_told() -> None:
    double = nn.Convolution(1, 1, bias=False)
    network = nn.Network(nn.Door("fourier", (8,), (2,), 1), nn.Sequential(double))
    double.parameters["kernel"].data[...] = 1e20
    with pytest.warns(DataWarning, match="not finite from step 2 on"):
        nn.rollout(network, network.analyse(np.ones((1, 8, 1))), steps=3)


def changed(channels: int = 1, body: nn.Module | None = None, **door) -> nn.Network:
    layer = nn.Convolution(channels, 1) if body is None else body
    return nn.Network(nn.Door("fourier", (8,), (2,), 1, **door), nn.Sequential(layer))


@pytest.mark.parametrize(
    ("network", "steps", "message"),
    [
        (changed(body=nn.Dense(2)), 1, "2 outputs that are plain numbers"),
        (changed(channels=2), 1, "2 channels of the output, expected 1"),
        (changed(body=nn.TruncationPool(5)), 1, "one grid, without padding"),
        (changed(pad=(2,)), 1, "one grid, without padding"),
        (changed(), 0, "steps: got 0"),
        (changed(), 1.5, "steps: got 1.5"),
    ],
    ids=str,
)
def test_outputs_that_are_no_inputs_are_refused(network, steps, message) -> None:
    with pytest.raises(ConfigurationError, match=message):
        nn.rollout(network, network.analyse(np.ones((1, 8, 1))), steps)


# -- signals that are in the domain already --------------------------------------------------------------
@pytest.mark.parametrize("domain", ["fourier", "hartley", "grid"])
def test_the_door_admits_a_signal_as_it_admits_its_samples(domain: str) -> None:
    door = nn.Door(domain, (9, 8), (3, 2), 2, offset=(1.0, -2.0), scale=(3.0, 0.5))
    samples = np.random.default_rng(0).normal(size=(3, 9, 8, 2))
    wide = nn.Door(domain, (9, 8), (4, 3), 2).analyse(samples, np.float64)
    assert np.allclose(door.admit(wide, np.float64).data, door.analyse(samples, np.float64).data, atol=1e-12)
    assert door.admit(wide).dtype == door.space.dtype(np.float32)


def test_gradients_pass_through_the_door_to_a_signal() -> None:
    door = nn.Door("fourier", (8,), (2,), 1, scale=(2.0,))
    x = ops.analysis(np.random.default_rng(0).normal(size=(1, 8, 1)), Fourier.on(8))
    x = Tensor(x.data, x.space, requires_grad=True)
    backward(ops.signal_power(door.admit(x, np.float64)).sum())
    # The power of a quarter of the kept modes.
    assert np.allclose(x.grad.data[:3], 2 * x.data[:3] / 4)
    assert np.allclose(x.grad.data[3:], 0)


def test_the_door_refuses_signals_of_another_domain_or_grid() -> None:
    door = nn.Door("fourier", (8,), (2,), 1)
    for signal in (ops.analysis(np.ones((1, 9, 1)), Fourier.on(9)), Tensor(np.ones((3, 1, 1)))):
        with pytest.raises(SpaceError, match=r"signal: got .*on the grid of the door"):
            door.admit(signal)
