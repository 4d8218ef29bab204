"""Values of samples: dtypes, scales and offsets, as the door of a network reads them."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import oracles
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from freqnet import nn, ops
from freqnet.audit import summarize
from freqnet.autodiff import Tensor, backward, check_gradients
from freqnet.data import Dataset, load
from freqnet.errors import ConfigurationError, DataError, DataWarning, FreqnetError, ShapeError, SpaceError
from freqnet.spaces import Fourier
from freqnet.training import Checkpoint, Model, Settings, analyse, evaluate, fit, load_checkpoint, save
from freqnet.values import as_floats, compact, mean_and_scale

PIXELS = np.random.default_rng(5).integers(0, 256, (40, 8, 8, 1)).astype(np.uint8)
LABELS = (PIXELS[:, :4].mean(axis=(1, 2, 3), dtype=float) > PIXELS[:, 4:].mean(axis=(1, 2, 3), dtype=float)).astype(int)


def trained(images: np.ndarray, full_scale: float | None = None, **model: Any) -> nn.Network:
    """A network that has been trained on images for one epoch."""
    dataset = Dataset("some", images, LABELS, ("below", "above"), full_scale=full_scale)
    network = Model(widths=(4, 4, 4), **model).network(dataset)
    fit(network, analyse(network, dataset), settings=Settings(epochs=1))
    return network


def floats(array: np.ndarray) -> np.ndarray:
    return as_floats(array)


# -- whole numbers -----------------------------------------------------------------------------------
@pytest.mark.parametrize("dtype", ["u1", "<u2", ">u2", "i2", "<i4", ">i4", "i8", "u8"])
def test_a_network_of_images_divides_whole_numbers_of_every_dtype(dtype: str):
    network = trained(floats(PIXELS), 255)
    wanted = network.predict(floats(PIXELS))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert network.predict(PIXELS.astype(dtype)) == pytest.approx(wanted, abs=1e-5)


@pytest.mark.parametrize("dtype", ["u1", "i8", "f4", "f8", "f2"])
def test_a_network_of_undivided_numbers_divides_nothing(dtype: str):
    network = trained(floats(PIXELS.astype(int)), 1.0)
    assert network.door.full_scale == 1
    wanted = network.predict(PIXELS.astype(int))
    assert network.predict(PIXELS.astype(dtype)) == pytest.approx(wanted, abs=2e-2 if dtype == "f2" else 1e-5)


def test_the_full_scale_is_saved_with_the_weights(tmp_path):
    network = trained(floats(PIXELS), 255)
    save(tmp_path / "m", Checkpoint(network.describe(), network.arrays()))
    assert np.array_equal(load_checkpoint(tmp_path / "m").restore().predict(PIXELS), network.predict(PIXELS))


def test_networks_written_before_still_load_and_read_grey_levels():
    network = trained(floats(PIXELS), 255)
    description = network.describe()
    for name in ("full_scale", "low", "high"):
        del description["door"][name]
    old = nn.Network.from_description(description)
    old.body.load_arrays(network.arrays())
    assert np.array_equal(old.predict(PIXELS), network.predict(PIXELS))
    with pytest.warns(DataWarning, match="values from 0 to 255"):
        old.predict(PIXELS.astype(float))


def test_a_dataset_in_other_units_is_brought_to_those_of_the_network():
    network = trained(floats(PIXELS), 255)
    undivided = Dataset("ints", floats(PIXELS.astype(int)), LABELS, ("below", "above"), full_scale=1.0)
    divided = Dataset("grey", floats(PIXELS), LABELS, ("below", "above"), full_scale=255.0)
    first, second = (evaluate(network, analyse(network, d)).outputs for d in (undivided, divided))
    assert first == pytest.approx(second, abs=1e-5)


# -- values that are unlike the training set ----------------------------------------------------------
@pytest.mark.parametrize(
    ("change", "got"),
    [
        (lambda x: x.astype(float), "values from 0 to 255"),
        (lambda x: x.astype(np.uint16) * 257, "values from 0 to 257"),
        (lambda x: x / 255 + 5, "values from 5 to 6"),
        (lambda x: x / 255 * 1e-3, "values that differ by at most 0.001"),
        (lambda x: np.where(x == 255, 1e6, x / 255), "to 1000000"),
    ],
)
def test_values_unlike_those_of_training_are_told(change: Any, got: str):
    network = trained(floats(PIXELS), 255)
    with pytest.warns(DataWarning) as told:
        network.predict(change(PIXELS))
    assert got in str(told[0].message)
    assert "0 to 1" in str(told[0].message)


def test_a_channel_outside_its_own_range_is_told():
    both = np.concatenate([floats(PIXELS) * 100, floats(PIXELS)], axis=-1)
    network = trained(both)
    network.predict(both)
    with pytest.warns(DataWarning, match="0 to 100 in channel 1"):
        network.predict(both[..., ::-1])


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 39), st.integers(1, 8), st.floats(0.2, 1.0))
def test_values_like_those_of_training_are_not_told(first: int, count: int, contrast: float):
    network = nn.Network(
        nn.Door("fourier", (8, 8), (3, 3), 1, (0.5,), (0.3,), low=(0.0,), high=(1.0,)),
        nn.Sequential((nn.GlobalAverage(), nn.Dense(2))),
    )
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        network.predict(floats(PIXELS[first : first + count]) * contrast)
        network.predict(np.full((1, 8, 8, 1), contrast))


@pytest.mark.parametrize(
    ("values", "message"),
    [
        (PIXELS * 1j, "numbers of complex128"),
        (np.where(PIXELS > 250, np.nan, PIXELS / 255), "NaN or infinite, the first at index"),
        (np.full((1, 8, 8, 1), np.inf), "64 values that are NaN or infinite, the first at index"),
        (PIXELS.astype(str), "dtype"),
        (PIXELS.astype(object), "dtype object"),
        (np.ma.masked_less(PIXELS, 9), "masked"),
        ([[1, 2], [3]], "cannot read"),
        (None, "dtype object"),
        (np.zeros((2, 8, 8, 1), "M8[s]"), "dtype datetime64"),
    ],
)
def test_samples_that_are_no_numbers(values: Any, message: str):
    network = nn.Network(nn.Door("fourier", (8, 8), (3, 3), 1), nn.Sequential((nn.GlobalAverage(), nn.Dense(2))))
    for call in (network.predict, network.analyse, network.door.analyse):
        with pytest.raises(DataError, match=message):
            call(values)


# -- offsets and constant channels ---------------------------------------------------------------------
@pytest.mark.parametrize("offset", [0.0, 1e6, -1e9])
@pytest.mark.parametrize("precision", ["float32", "float64"])
def test_a_large_offset_hides_nothing(offset: float, precision: str):
    wave = 0.01 * np.sin(np.arange(64) / 3).reshape(4, 16, 1) * np.array([1, 2, 3, 4]).reshape(4, 1, 1)
    mean, scale = mean_and_scale(compact(wave + offset))
    door = nn.Door("fourier", (16,), (5,), 1, mean, scale)
    found = door.analyse(wave + offset, precision).data
    wanted = oracles.spectrum((wave - wave.mean()) / wave.std(), (5,))
    assert found == pytest.approx(wanted, abs=1e-4 if offset == -1e9 else 1e-5)


def test_float64_samples_with_a_large_offset_are_learned(tmp_path):
    time = np.arange(32) / 32
    labels = np.arange(200) % 2
    phase = np.random.default_rng(0).uniform(0, 1, (200, 1))
    x = 1e6 + 0.01 * np.sin(2 * np.pi * ((1 + labels[:, None]) * time + phase))
    np.savez(tmp_path / "far.npz", x=x, y=labels)
    dataset = load(tmp_path / "far.npz")
    assert dataset.images.dtype == np.float64
    network = Model(widths=(4, 4, 4)).network(dataset)
    fit(network, analyse(network, dataset), settings=Settings(epochs=14))
    assert evaluate(network, analyse(network, dataset)).accuracy > 0.95


@pytest.mark.parametrize("dtype", ["f2", "f4", "f8"])
@pytest.mark.parametrize("value", [0.1, 1e-30, 1e6 + 0.1, -7.3, 0.0])
def test_a_constant_channel_is_not_scaled(dtype: str, value: float):
    constant = np.full((300, 31, 1), min(value, 6e4) if dtype == "f2" else value, dtype)
    mean, scale = mean_and_scale(as_floats(constant))
    assert scale == (1.0,)
    assert mean == (float(as_floats(constant)[0, 0, 0]),)


def test_rounding_errors_are_not_scaled_to_a_signal():
    # Three tenths, computed in two ways: the numbers differ in their last bit.
    almost = np.where(np.arange(600) % 7 == 0, 0.1 + 0.2, 0.3).reshape(20, 30, 1)
    assert mean_and_scale(almost)[1] == (1.0,)
    varying = 0.3 + 1e-9 * np.sin(np.arange(600)).reshape(20, 30, 1)
    assert mean_and_scale(varying)[1][0] == pytest.approx(varying.std(), rel=1e-12)


def test_a_network_with_a_constant_channel_is_finite():
    images = np.concatenate([floats(PIXELS), np.full((40, 8, 8, 1), 0.1, np.float32)], axis=-1)
    assert np.isfinite(trained(images).predict(images)).all()
    network = trained(images.astype(float))
    assert np.isfinite(network.predict(images)).all()
    with pytest.warns(DataWarning, match="in channel 1"):
        network.predict(images + np.array([0, 0.1]))


# -- gradients with respect to samples ------------------------------------------------------------------
@pytest.mark.parametrize("door", [{}, {"pad": (2, 1)}, {"pool": (2, 2)}, {"pool": (2, 1), "pad": (1, 1)}])
@pytest.mark.parametrize("grid", [(8, 8), (12, 9)])
def test_gradients_pass_through_the_door(door: dict[str, Any], grid: tuple[int, int]):
    made = nn.Door("fourier", (8, 8), (1, 1), 2, (0.5, 0.1), (2.0, 3.0), **door)
    layers = (nn.Convolution(3), nn.Polynomial(), nn.PowerSpectrum(), nn.Dense(2))
    network = nn.Network(made, nn.Sequential(layers), precision=np.float64)
    x = Tensor(np.random.default_rng(1).random((2, *grid, 2)), requires_grad=True)
    check_gradients(lambda samples: network(network.analyse(samples)), [x])


def test_gradients_reach_samples_of_another_precision():
    network = trained(floats(PIXELS), 255)
    x = Tensor(PIXELS / 255, requires_grad=True)
    backward(ops.cross_entropy(network(network.analyse(x)), LABELS))
    assert x.grad is not None
    assert x.grad.dtype == np.float64
    assert np.abs(x.grad).max() > 0


# -- spectra of other spaces ----------------------------------------------------------------------------
@pytest.mark.parametrize(
    "space", [Fourier.on((9, 8), (3, 3)), Fourier.on((16, 16), (3, 3)), Fourier.on((8, 8), (2, 3))]
)
def test_a_network_refuses_spectra_of_another_space(space: Fourier):
    network = trained(floats(PIXELS), 255)
    x = ops.analysis(np.ones((2, *space.grid, 1), np.float32), space)
    with pytest.raises(SpaceError, match="expected the space of its door"):
        network(x)
    with pytest.raises(SpaceError, match="got plain numbers"):
        network(Tensor(x.data.real))


@pytest.mark.parametrize(
    "field",
    [{"scale": (0.0,)}, {"offset": (float("nan"),)}, {"full_scale": 0}, {"full_scale": float("inf")}, {"low": (1, 2)}],
)
def test_doors_with_unusable_numbers(field: dict[str, Any]):
    with pytest.raises(ConfigurationError):
        nn.Door("fourier", (8, 8), (3, 3), 1, **field)


def test_doors_take_numpy_numbers():
    door = nn.Door("fourier", np.array([8, 8]), np.int64(3), np.uint8(1), np.float32(0.5), np.array([2.0]))
    same = nn.Door("fourier", (8, 8), (3, 3), 1, (0.5,), (2.0,))
    assert door == same
    assert repr(door) == repr(same)


def test_every_error_of_values_is_one_of_freqnet():
    with pytest.raises(FreqnetError, match="grid"):
        nn.Door("fourier", "8x8", 3, 1)


def test_measurements_of_cost_use_samples_like_those_of_training():
    door = nn.Door("fourier", (8,), (3,), 1, (1e9,), (0.7,), low=(1e9 - 2,), high=(1e9 + 2,))
    network = nn.Network(door, nn.Sequential((nn.Convolution(2), nn.Dense(2))))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert len(summarize(network)) > 2
    with pytest.warns(DataWarning, match="training, 999999998 to 1000000002"):
        network.predict(np.zeros((1, 8, 1)))


def test_a_wrong_shape_gets_advice_that_can_be_followed():
    network = nn.Network(nn.Door("fourier", (8,), (3,), 2), nn.Sequential((nn.Convolution(2), nn.Dense(2))))
    with pytest.raises(ShapeError, match=r"one example as x.reshape\(1, 8, 2\)"):
        network.predict(np.zeros((8, 2)))
    with pytest.raises(ShapeError, match="pass samples with 1 axes of a grid and 2 channels"):
        network.predict(np.zeros((1, 9, 3)))
    colour = nn.Network(nn.Door("fourier", (8, 8), (3, 3), 3), nn.Sequential((nn.Convolution(2), nn.Dense(2))))
    for shape, advice in (
        ((3, 8, 8), r"np.moveaxis\(x, -3, -1\)\[None\]"),
        ((5, 3, 8, 8), r"np.moveaxis\(x, -3, -1\)$"),
        ((192,), r"x.reshape\(1, 8, 8, 3\)"),
        ((1, 8, 8, 1), "pass samples with 2 axes of a grid and 3 channels"),
    ):
        with pytest.raises(ShapeError, match=advice):
            colour.predict(np.zeros(shape))
    first = np.random.default_rng(0).normal(size=(3, 8, 8))
    assert np.array_equal(
        colour.predict(np.moveaxis(first, -3, -1)[None])[0], colour.predict(first.transpose(1, 2, 0)[None])[0]
    )
