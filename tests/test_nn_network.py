"""Networks: shifts, other resolutions, the door, errors and descriptions."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import numpy as np
import oracles
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from freqnet import nn, ops
from freqnet.autodiff import Tensor, no_grad
from freqnet.errors import CheckpointError, ConfigurationError, ShapeError
from freqnet.spaces import DOMAINS
from freqnet.training.checkpoint import Checkpoint

Axes = tuple[int, ...]
HEADS: dict[str, tuple[nn.Module, ...]] = {
    "GlobalAverage": (nn.GlobalAverage(), nn.Dense(5)),
    "PowerSpectrum": (nn.PowerSpectrum(), nn.Dense(5)),
    "Dense": (nn.Dense(5),),
}
INVARIANT = ["GlobalAverage", "PowerSpectrum"]


def body(head: str) -> nn.Sequential:
    return nn.Sequential(
        (
            nn.Convolution(6, 3),
            nn.PowerNorm(),
            nn.Polynomial(),
            nn.Residual(nn.Sequential((nn.Convolution(8, 3, "sinc"), nn.PowerNorm(), nn.Polynomial(gate_band=1)))),
            nn.TruncationPool(6),
            nn.Convolution(8, 3, "modes"),
            *HEADS[head],
        )
    )


def network(head: str, grid: Axes = (8, 8), band: Axes = (3, 3), **door: Any) -> nn.Network:
    """A network whose running statistics come from a few batches, as after training."""
    net = nn.Network(nn.Door("fourier", grid, band, 2, **door), body(head), seed=1)
    net.body.train()
    rng = np.random.default_rng(2)
    for _ in range(20):
        net(net.analyse(rng.standard_normal((16, *grid, 2))))
    return net


def logits_of_spectra(net: nn.Network, spectra: Any) -> np.ndarray:
    net.body.train(False)
    with no_grad():
        return net(spectra).data


def images(grid: Axes = (8, 8), seed: int = 3) -> np.ndarray:
    return np.random.default_rng(seed).standard_normal((4, *grid, 2))


# -- shifts ------------------------------------------------------------------------------------------
SHIFTS = [[1.0, 0.0], [3.0, -2.0], [0.5, 0.0], [0.3, 1.7], [-2.25, 7.9]]


def change_under_shift(net: nn.Network, shift: Any) -> float:
    spectra = net.analyse(images())
    return float(np.abs(logits_of_spectra(net, ops.shift(spectra, shift)) - logits_of_spectra(net, spectra)).max())


@pytest.mark.parametrize("head", INVARIANT)
def test_logits_do_not_see_shifts(head: str):
    net = network(head)
    logits = net.predict(images())
    assert logits.dtype == np.float32
    assert np.ptp(logits, axis=0).min() > 0.02
    for shift in [*SHIFTS, np.random.default_rng(4).uniform(-8, 8, (4, 2))]:
        assert change_under_shift(net, shift) < 1e-5


def test_logits_of_a_dense_head_see_shifts():
    net = network("Dense")
    assert all(change_under_shift(net, shift) > 0.05 for shift in SHIFTS)


@pytest.mark.parametrize("head", HEADS)
def test_rolled_images_of_an_odd_grid(head: str):
    net = network(head, (9, 7), (4, 3))
    samples = images((9, 7))
    rolled = net.analyse(np.roll(samples, (4, 3), (1, 2))).data
    assert rolled == pytest.approx(ops.shift(net.analyse(samples), [4.0, 3.0]).data, abs=1e-6)
    changes = [
        np.abs(net.predict(np.roll(samples, shift, (1, 2))) - net.predict(samples)).max()
        for shift in [(1, 0), (0, 1), (4, 3), (-2, 5)]
    ]
    assert (max(changes) < 1e-5) if head in INVARIANT else (min(changes) > 0.05)


def test_an_average_pool_that_aliases_sees_shifts():
    pools = nn.Sequential((nn.Convolution(4), nn.AveragePool(2), nn.Polynomial(), nn.PowerSpectrum(), nn.Dense(3)))
    net = nn.Network(nn.Door("fourier", (8, 8), (3, 3), 2), pools)
    assert change_under_shift(net, [1.0, 0.0]) > 1e-3
    assert change_under_shift(net, [2.0, 4.0]) < 1e-5


# -- other resolutions -------------------------------------------------------------------------------
@pytest.mark.parametrize("head", HEADS)
@pytest.mark.parametrize("finer", [(16, 16), (20, 20), (20, 16), (8, 21)])
def test_the_same_logits_from_finer_samples(head: str, finer: Axes):
    net = network(head)
    coarse = oracles.project(images(), (3, 3))
    fine = oracles.evaluate(coarse, finer, (3, 3))
    assert np.abs(net.predict(fine) - net.predict(coarse)).max() < 1e-5
    # On the fine grid, modes beyond the band do not change the logits.
    beyond = oracles.evaluate(images((16, 16), 5), finer, (7, 7)) if min(finer) >= 16 else 0
    detail = beyond - oracles.project(beyond, (3, 3)) if min(finer) >= 16 else 0
    assert np.abs(net.predict(fine + detail) - net.predict(coarse)).max() < 1e-5


@pytest.mark.parametrize("domain", ["fourier", "hartley", "grid"])
@pytest.mark.parametrize("settings", [{"pad": (2, 3)}, {"pool": (2, 2)}, {"pool": (2, 1), "pad": (1, 0)}])
@pytest.mark.parametrize("finer", [(16, 16), (64, 64), (20, 9), (8, 11), (7, 8)])
def test_a_door_that_pads_or_pools_reads_every_resolution_alike(domain: str, settings: dict[str, Any], finer: Axes):
    door = nn.Door(domain, (8, 8), (1, 1), 2, **settings)
    coarse = oracles.project(images(), (3, 3))
    wanted = door.analyse(coarse, np.float64).data
    found = door.analyse(oracles.evaluate(coarse, finer, (3, 3)), np.float64).data
    assert found == pytest.approx(wanted, abs=1e-12)
    assert np.abs(wanted).max() > 0.01
    # Modes that the door's grid cannot hold are dropped: blocks of finer samples would have folded them.
    if min(finer) >= 16:
        wave = np.cos(2 * np.pi * 7 * np.arange(finer[0]) / finer[0])[:, None, None] * np.ones((finer[1], 2))
        assert np.abs(door.analyse(wave[None], np.float64).data).max() < 1e-12


@settings(max_examples=80, deadline=None)
@given(st.data())
def test_every_domain_reads_another_resolution_alike_or_refuses_it(data: st.DataObject):
    domain = data.draw(st.sampled_from(sorted(DOMAINS)))
    ndim = data.draw(st.integers(1, 2))
    grid, other = (tuple(data.draw(st.integers(3, 13)) for _ in range(ndim)) for _ in range(2))
    band = tuple(data.draw(st.integers(0, (n - 1) // 2)) for n in grid)
    extra = {"pad": data.draw(st.integers(0, 2))} | data.draw(st.sampled_from(({}, {"pool": grid}, {"pool": 1})))
    if extra.get("pool") == grid or domain in ("laplace", "damped"):
        band = (0,) * ndim
    held = tuple((min(n, m) - 1) // 2 for n, m in zip(grid, other, strict=True))
    signal = oracles.project(np.random.default_rng(0).standard_normal((2, *grid, 2)), held)
    same = oracles.evaluate(signal, other, held)
    try:
        door = nn.Door(domain, grid, band, 2, **extra)
        found = door.analyse(same, np.float64).data
    except (ConfigurationError, ShapeError):
        assume(False)
    assert found == pytest.approx(door.analyse(signal, np.float64).data, abs=1e-10)


def test_padding_reads_a_signal_followed_by_zeros():
    door = nn.Door("fourier", (8,), (2,), 1, pad=(2,))
    box = np.concatenate([np.ones(8), np.zeros(2)]).reshape(1, 10, 1)
    for times in (1, 2, 4, 64):
        found = door.analyse(np.ones((1, 8 * times, 1)), np.float64).data
        assert found == pytest.approx(oracles.spectrum(box, (2,)), abs=1e-14)


# -- the door ----------------------------------------------------------------------------------------
def test_the_door_standardises_and_transforms():
    samples = images()
    plain = oracles.spectrum((samples - [1.0, -2.0]) / [2.0, 4.0], (3, 2))
    door = nn.Door("fourier", (8, 8), (3, 2), 2, offset=(1.0, -2.0), scale=(2.0, 4.0))
    oracles.assert_close(door.analyse(samples, np.float64).data, plain, "standardised")
    assert door.analyse(samples).data.dtype == np.complex64
    for fields in ({"offset": (1.0, -2.0)}, {"scale": (2.0, 4.0)}, {}):
        wanted = (samples - fields.get("offset", 0.0)) / fields.get("scale", 1.0)
        found = nn.Door("fourier", (8, 8), (3, 2), 2, **fields).analyse(samples, np.float64)
        oracles.assert_close(found.data, oracles.spectrum(wanted, (3, 2)), str(fields))


@pytest.mark.parametrize("domain", ["fourier", "grid", "grid-fft"])
def test_transforms_are_counted(domain: str):
    layers = (nn.Convolution(3), nn.PowerNorm(), nn.Polynomial(), nn.TruncationPool(5), nn.Dense(3))
    net = nn.Network(nn.Door(domain, (8, 8), (3, 3), 2), nn.Sequential(layers))
    net.predict(images())
    assert (net.transforms_inside > 0) == (domain == "grid-fft")
    powers = nn.Network(nn.Door(domain, (8, 8), (3, 3), 2), nn.Sequential((nn.PowerSpectrum(), nn.Dense(3))))
    powers.predict(images())
    assert (powers.transforms_inside > 0) == (domain != "fourier")


# -- errors ------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("settings", "error", "message"),
    [
        ({"band": (4, 3)}, ConfigurationError, r"band: got \(4, 3\) \(9 modes\), expected at most \(3, 3\)"),
        ({"band": (3,)}, ShapeError, "band: got .* 2 numbers"),
        ({"band": (-1, 0)}, ShapeError, "band: got .* 0 or more"),
        ({"grid": (0, 8)}, ShapeError, "grid: got"),
        ({"domain": "wavelet"}, ConfigurationError, "domain: got 'wavelet', expected damped or fourier or grid"),
    ],
)
def test_doors_that_cannot_be(settings: dict[str, Any], error: type[Exception], message: str):
    values = {"domain": "fourier", "grid": (8, 8), "band": (3, 3), "channels": 2} | settings
    with pytest.raises(error, match=message):
        nn.Door(**values)


@pytest.mark.parametrize(
    ("shape", "error", "message"),
    [
        ((8, 8, 2), ShapeError, r"samples: got shape \(8, 8, 2\), expected \(batch, 8, 8, 2\)"),
        ((1, 8, 8, 3), ShapeError, r"samples: got shape \(1, 8, 8, 3\)"),
        ((1, 8, 8, 8, 2), ShapeError, "samples: got shape"),
        ((1, 8, 5, 2), ShapeError, "band: got 3, expected at most 2 on 5 samples"),
        ((1, 8, 6, 2), ConfigurationError, "with the Nyquist mode"),
    ],
)
def test_samples_that_do_not_fit(shape: Axes, error: type[Exception], message: str):
    net = nn.Network(nn.Door("fourier", (8, 8), (3, 3), 2), body("Dense"))
    with pytest.raises(error, match=message):
        net.predict(np.ones(shape))


def test_networks_without_a_head_return_signals():
    net = nn.Network(nn.Door("fourier", (8,), (3,), 1), nn.Sequential((nn.Convolution(3),)))
    samples = np.random.default_rng(0).normal(size=(5, 8, 1))
    found = net.predict(samples)
    assert (net.outputs, net.output_space, found.shape) == (3, net.door.space, (5, 8, 3))
    assert np.allclose(found, ops.synthesis(net(net.analyse(samples))).data, atol=1e-6)


# -- descriptions and arrays -------------------------------------------------------------------------
@pytest.mark.parametrize("head", HEADS)
@pytest.mark.parametrize("precision", [np.float32, np.float64])
def test_a_description_and_the_arrays_are_the_network(head: str, precision: Any):
    door = nn.Door("fourier", (8, 8), (3, 2), 2, offset=(0.1, 0.2), scale=(1.5, 2.0), pad=(0, 2))
    net = nn.Network(door, body(head), seed=7, precision=precision)
    net.body.train()
    net(net.analyse(images()))
    again = nn.Network.from_description(json.loads(json.dumps(net.describe())), seed=8)
    assert again.describe() == net.describe()
    assert again.door == net.door
    count = sum(parameter.data.size for parameter in net.body.named_parameters().values())
    assert again.parameter_count() == net.parameter_count() == count
    assert not np.array_equal(again.predict(images()), net.predict(images()))
    again.body.load_arrays(net.arrays())
    assert np.array_equal(again.predict(images()), net.predict(images()))
    assert again.predict(images()).dtype == precision


def test_a_misfit_changes_nothing():
    net, other = (nn.Network(nn.Door("fourier", (8, 8), (3, 3), 2), body(head)) for head in ("Dense", "PowerSpectrum"))
    before = {name: array.copy() for name, array in net.arrays().items()}
    with pytest.raises(CheckpointError, match=r"weights: got|weights .*: got"):
        net.body.load_arrays({name: array + 1 for name, array in other.arrays().items()})
    assert all(np.array_equal(array, before[name]) for name, array in net.arrays().items())


@pytest.mark.parametrize(
    "change",
    [
        {"door": {"domain": "fourier"}},
        {"body": None},
        {"precision": "decimal"},
        {"door": None},
        {"body": {"layer": "?"}},
    ],
)
def test_descriptions_of_no_network(change: dict[str, Any]):
    description = nn.Network(nn.Door("fourier", (8,), (3,), 1), nn.Dense(2)).describe()
    for broken in (description | change, {k: v for k, v in description.items() if k not in change}):
        with pytest.raises(ConfigurationError, match=r"network description: got|layer: got"):
            nn.Network.from_description(broken)


def test_predictions_do_not_depend_on_the_batches():
    net = network("Dense")
    samples = images()
    # The rounding of sums may depend on the number of rows.
    assert np.abs(net.predict(samples, batch=3) - net.predict(samples)).max() < 1e-5
    assert net.predict(samples[:0]).shape == (0, 5)


# -- first weights ---------------------------------------------------------------------------------------
STACKED: dict[str, Callable[[], nn.Module]] = {
    "gaussian": nn.Gaussian,
    "gaussian of degree 1": lambda: nn.Gaussian(degree=1),
    "gaussian of degree 3": lambda: nn.Gaussian(degree=3),
    "gelu": lambda: nn.Gaussian("gelu"),
    "polynomial, gated": lambda: nn.Polynomial(gate_band=0),
    "linearised": lambda: nn.Linearized("sigmoid"),
    "sines": lambda: nn.FourierSeries("tanh", 2),
    "magnitude": nn.MagnitudeGain,
    "parts": lambda: nn.RealImaginary("tanh"),
    "phase": nn.PhaseGate,
    "second harmonic": nn.SecondHarmonic,
}


@pytest.mark.parametrize("name", STACKED)
@pytest.mark.parametrize("grid", [(9, 9), (31,)], ids=str)
def test_first_weights_keep_the_power_through_20_layers_without_normalisation(name: str, grid: tuple[int, ...]):
    make, band = STACKED[name], tuple((n - 1) // 2 for n in grid)
    layers = [layer for _ in range(20) for layer in (nn.Convolution(16, 3, boundary="modulo", bias=False), make())]
    network = nn.Network(nn.Door("fourier", grid, band, 4), nn.Sequential(tuple(layers)), precision=np.float64)
    x, powers = network.analyse(np.random.default_rng(1).normal(size=(32, *grid, 4))), []
    with no_grad(), nn.evaluation():
        for layer in network.body.layers:
            x = layer(x)
            powers.append(ops.signal_power(x).data.mean())
    after_convolutions = np.array(powers[::2])
    assert after_convolutions.min() > 0.3
    assert after_convolutions.max() < 4


def test_first_weights_without_noise_are_those_that_were_drawn():
    """They have the deviation for a white input of power 1, as behind a layer whose output is not finite."""

    class Breaks(nn.Module):
        def _build(self, incoming: nn.Signal, generator: np.random.Generator) -> nn.Signal:
            return nn.Signal(incoming.space, incoming.channels)

        def forward(self, x: Tensor) -> Tensor:
            return x * np.nan

    door, convolution = nn.Door("fourier", (9,), (4,), 2), nn.Convolution(3)
    convolution.build(door.signal, np.random.default_rng(0), np.float64)
    drawn = convolution.parameters["kernel"].data
    assert np.array_equal(drawn, np.random.default_rng(0).standard_normal((3, 2, 3)) * (3**-0.5 / np.sqrt(2)))
    behind = nn.Network(door, nn.Sequential(Breaks(), nn.Convolution(3)), precision=np.float64)
    kernel = behind.named_parameters()["1.kernel"].data
    assert np.allclose(kernel, drawn)
    alone = nn.Network(door, nn.Sequential(nn.Convolution(3)), precision=np.float64).named_parameters()["0.kernel"].data
    ratio = alone / drawn
    assert np.allclose(ratio, ratio[0, 0, 0])
    assert not np.isclose(ratio[0, 0, 0], 1)


def test_no_noise_passes_a_network_whose_weights_are_loaded(monkeypatch: pytest.MonkeyPatch):
    door, body = nn.Door("fourier", (9,), (4,), 2), nn.Sequential(nn.Convolution(3), nn.Gaussian(), nn.Dense(2))
    network = nn.Network(door, body)
    checkpoint = Checkpoint(network.describe(), network.arrays(), {}, {})
    restored = checkpoint.restore()
    assert all(np.array_equal(array, restored.arrays()[name]) for name, array in network.arrays().items())
    made: list[Any] = []
    monkeypatch.setattr(nn.Door, "noise", lambda self, precision: made.append(precision))
    checkpoint.restore()
    assert made == []
    nn.Network(door, body)
    assert len(made) == 1
