"""Batches of spectra: every example once, shifted by phase ramps, otherwise unchanged."""

from __future__ import annotations

import numpy as np
import pytest

from freqnet import ops
from freqnet.autodiff import Tensor
from freqnet.data import Dataset, load
from freqnet.errors import DataError
from freqnet.ops.normalize import signal_power
from freqnet.spaces import transform_count
from freqnet.training import Model, Spectra, analyse, batches


def digits(count: int = 70, domain: str = "fourier") -> Spectra:
    dataset = load("digits").take(np.arange(count))
    return analyse(Model(domain=domain).network(dataset), dataset)


def numbered(count: int) -> Spectra:
    """Spectra whose means are the numbers of their examples."""
    spectra = digits(count)
    array = spectra.array.copy()
    array[3, 0, :, 0] = np.arange(count)
    return Spectra(array, np.arange(count) % 10, spectra.space)


@pytest.mark.parametrize(("count", "batch"), [(70, 64), (64, 64), (5, 64), (9, 1), (10, 3)])
@pytest.mark.parametrize("shuffle", [False, True])
def test_batches_cover_every_example_once(count: int, batch: int, shuffle: bool) -> None:
    spectra, generator = numbered(count), np.random.default_rng(0)
    drawn = list(spectra.shuffled(batch, generator) if shuffle else spectra.in_order(batch))
    numbers = np.concatenate([x.data[3, 0, :, 0].real for x, _ in drawn])
    assert [len(labels) for _, labels in drawn] == [batch] * (count // batch) + [count % batch] * (count % batch > 0)
    assert sorted(numbers) == list(range(count))
    np.testing.assert_array_equal(np.concatenate([labels for _, labels in drawn]), numbers % 10)
    if shuffle and count > 8:
        assert list(numbers) != sorted(numbers)
    else:
        assert shuffle or list(numbers) == sorted(numbers)


def test_batches_are_copies() -> None:
    spectra = digits()
    before = spectra.array.copy()
    for x, _ in spectra.in_order(32):
        x.data[...] = 0
    np.testing.assert_array_equal(spectra.array, before)


@pytest.mark.parametrize("domain", ["fourier", "grid"])
def test_moving_examples_is_a_shift_of_each(domain: str) -> None:
    spectra = digits(domain=domain)
    moved, labels = next(iter(spectra.shuffled(70, np.random.default_rng(5), shift=1.5)))
    same_draw = np.random.default_rng(5)
    order = same_draw.permutation(70)
    moves = same_draw.uniform(-1.5, 1.5, (70, 2))
    x = Tensor(spectra.array[..., order, :], spectra.space)
    np.testing.assert_array_equal(moved.data, ops.shift(x, moves).data)
    np.testing.assert_array_equal(labels, spectra.targets[order])
    assert not np.allclose(moved.data, x.data)


def test_moving_keeps_power_and_makes_no_transform() -> None:
    spectra = digits()
    before = transform_count()
    moved, _ = next(iter(spectra.shuffled(70, np.random.default_rng(5), shift=3.0)))
    assert transform_count() == before
    order = np.random.default_rng(5).permutation(70)
    still, _ = spectra.take(order)
    np.testing.assert_allclose(signal_power(moved).data, signal_power(still).data, rtol=1e-5)


def test_no_shift_draws_nothing() -> None:
    spectra, generator = digits(), np.random.default_rng(5)
    list(spectra.shuffled(32, generator))
    other = np.random.default_rng(5)
    other.permutation(70)
    assert generator.random() == other.random()


def test_analysis_in_slices_is_analysis_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    whole = digits()
    monkeypatch.setattr(batches, "_SLICE", 32)
    sliced = digits()
    np.testing.assert_allclose(sliced.array, whole.array, atol=1e-6)
    assert (len(sliced), sliced.array.shape, sliced.array.dtype) == (70, (7, 4, 70, 1), np.complex64)


def test_door_standardises_by_the_training_set() -> None:
    dataset = load("digits")
    spectra = analyse(Model().network(dataset), dataset)
    mean = spectra.array[3, 0].real
    assert abs(mean.mean()) < 1e-6
    # All modes except the Nyquist modes, which are outside the band.
    assert 0.9 < float(signal_power(Tensor(spectra.array, spectra.space)).data.mean()) <= 1


def test_constant_channels_are_not_scaled() -> None:
    dataset = Dataset("blank", np.full((4, 8, 8, 1), 3.0, np.float32), np.array([0, 1, 0, 1]), ("a", "b"))
    assert Model().network(dataset).door.scale == (1.0,)
    assert np.abs(analyse(Model().network(dataset), dataset).array).max() < 1e-6


def test_values_beyond_float32_are_refused_without_a_warning() -> None:
    images = np.zeros((4, 8, 8, 1), np.float32)
    images[0], images[1:] = 3e38, -3e38
    dataset = Dataset("huge", images, np.array([0, 1, 0, 1]), ("a", "b"))
    with pytest.raises(DataError, match=r"images of huge: got values up to 3e\+38, expected a finite spectrum"):
        analyse(Model().network(dataset), dataset)
