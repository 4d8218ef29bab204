"""Images of 8 bits stay whole numbers in memory, and give the same results as their floats."""

from __future__ import annotations

import tracemalloc
import warnings
import zlib
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from freqnet.data import Dataset, from_arrays, load, validate
from freqnet.errors import DataError, DataWarning
from freqnet.experiments import fingerprint, matching
from freqnet.training import Model, Settings, analyse, fit
from freqnet.values import mean_and_scale, value_range

RNG = np.random.default_rng(0)
SHAPES = [(7, 5, 1), (9, 2, 3, 2), (5, 8, 6, 3), (4, 3, 5, 2, 1), (1, 1, 1)]


def levels(*shape: int) -> np.ndarray:
    return RNG.integers(0, 256, shape, dtype=np.uint8)


def both(count: int = 40, grid: tuple[int, ...] = (8, 6), channels: int = 3) -> tuple[Dataset, Dataset]:
    """A dataset of whole numbers, and one of their floats."""
    x, y = levels(count, *grid, channels), np.arange(count) % 4
    x[y == 1] //= 2
    bits = from_arrays(x, y, layout="n" + "xyz"[: len(grid)] + "c")
    return bits, replace(bits, stored=np.array([float(v) for v in x.ravel()], np.float32).reshape(x.shape) / 255)


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("full_scale", [255.0, 1.0, 51.0, 100.0])
def test_images_are_the_numbers_divided_by_the_full_scale(shape: tuple[int, ...], full_scale: float) -> None:
    x = levels(*shape)
    dataset = Dataset("made", x, np.arange(len(x)) % 2, ("a", "b"), full_scale=full_scale)
    expected = np.array([np.float32(v) / np.float32(full_scale) for v in x.ravel()], np.float32).reshape(shape)
    np.testing.assert_array_equal(dataset.images, expected)
    np.testing.assert_array_equal(dataset.floats(slice(1, 3)), expected[1:3])
    assert dataset.images.dtype == np.float32
    assert (dataset.grid, dataset.channels) == (shape[1:-1], shape[-1])


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("full_scale", [None, 255.0, 3.0])
def test_moments_and_limits_of_bytes_are_those_of_their_floats(
    shape: tuple[int, ...], full_scale: float | None
) -> None:
    x = levels(*shape)
    exact = x.astype(np.float64).reshape(-1, shape[-1]) / (full_scale or 255.0)
    mean, scale = mean_and_scale(x, full_scale)
    # The floats are those of float32.
    np.testing.assert_allclose(mean, exact.mean(axis=0), rtol=1e-7)
    np.testing.assert_allclose(scale, np.where(exact.std(axis=0) == 0, 1, exact.std(axis=0)), rtol=1e-6)
    for found, wanted in zip(value_range(x, full_scale), (exact.min(axis=0), exact.max(axis=0)), strict=True):
        np.testing.assert_array_equal(found, wanted.astype(np.float32))


def test_a_channel_of_one_level_has_scale_one() -> None:
    x = levels(5, 4, 2)
    x[..., 1] = 37
    mean, scale = mean_and_scale(x)
    assert (mean[1], scale[1]) == (float(np.float32(37) / np.float32(255)), 1.0)


def test_the_floats_that_are_made_cannot_be_written_to() -> None:
    """A change of them would be lost without a word."""
    bits, floats = both()
    with pytest.raises(ValueError, match="read-only"):
        bits.images[0] = 0
    floats.images[0] = 0.5
    assert floats.stored[0, 0, 0, 0] == 0.5


def test_the_array_of_the_caller_may_change() -> None:
    x = levels(4, 8, 8)
    dataset = from_arrays(x, [0, 1, 0, 1])
    before = dataset.images.copy()
    x[:] = 0
    np.testing.assert_array_equal(dataset.images, before)


@pytest.mark.parametrize("full_scale", [None, 0.0, -255.0, float("nan"), float("inf"), 1e-40])
def test_bytes_without_a_usable_full_scale_are_refused(full_scale: float | None) -> None:
    dataset = Dataset("made", levels(2, 4, 1), np.array([0, 1]), ("a", "b"), full_scale=full_scale)
    with pytest.raises(DataError, match=r"got dtype uint8, expected float32|full_scale of made: got"):
        validate(dataset)


@pytest.mark.parametrize("dtype", [np.int8, np.uint16, np.int64, bool])
def test_other_whole_numbers_are_stored_as_floats(dtype: type) -> None:
    x = RNG.integers(0, 2, (4, 8, 8)).astype(dtype)
    assert from_arrays(x, [0, 1, 0, 1]).stored.dtype == np.float32
    with pytest.raises(DataError, match="expected float32"):
        validate(Dataset("made", x[..., None], np.array([0, 1, 0, 1]), ("a", "b"), full_scale=1.0))


def test_what_is_made_of_a_dataset_keeps_whole_numbers() -> None:
    bits, floats = both()
    for dataset in (bits.take([3, 0]), bits.with_classes(["z", *bits.classes]), bits.scaled_to(51.0)):
        assert dataset.stored.dtype == np.uint8
    np.testing.assert_array_equal(bits.take([3, 0]).images, floats.take([3, 0]).images)
    np.testing.assert_array_equal(bits.scaled_to(51.0).images, floats.scaled_to(51.0).images)


def test_the_checksum_is_that_of_the_floats() -> None:
    """Runs of earlier versions know their data by it."""
    for bits, floats in (both(), both(grid=(5,), channels=1)):
        head = zlib.crc32(repr((floats.images.shape, floats.classes)).encode())
        expected = zlib.crc32(floats.targets.tobytes(), zlib.crc32(floats.images.tobytes(), head))
        assert fingerprint(bits) == fingerprint(floats) == f"{expected:08x}-0"
        for stored in (fingerprint(floats), f"{expected:08x}"):
            assert matching(bits, stored) is bits
        changed = bits.stored.copy()
        changed[-1, 0] ^= 1
        assert fingerprint(replace(bits, stored=changed)) != fingerprint(bits)


@pytest.mark.parametrize(("grid", "channels"), [((8, 7), 3), ((11,), 1), ((4, 5, 6), 2)])
def test_training_on_whole_numbers_gives_the_same_bits(grid: tuple[int, ...], channels: int) -> None:
    found = []
    for dataset in both(40, grid, channels):
        network = Model(modes=3, widths=(4,)).network(dataset)
        fit(network, analyse(network, dataset), settings=Settings(epochs=2, batch=16))
        found.append(
            (network.door, [p.data for p in network.named_parameters().values()], network.predict(dataset.images))
        )
    (ours, arrays, outputs), (theirs, expected, wanted) = found
    assert (ours.low, ours.high, ours.full_scale) == (theirs.low, theirs.high, theirs.full_scale)
    np.testing.assert_allclose(ours.offset, theirs.offset, rtol=1e-12)
    np.testing.assert_allclose(ours.scale, theirs.scale, rtol=1e-12)
    assert all((a == b).all() for a, b in zip(arrays, expected, strict=True))
    np.testing.assert_array_equal(outputs, wanted)


def told(dataset: Dataset) -> list[str]:
    network = Model(modes=3, widths=(4,)).network(both()[0])
    with warnings.catch_warnings(record=True) as notes:
        warnings.simplefilter("always")
        analyse(network, dataset)
    return [str(note.message) for note in notes if issubclass(note.category, DataWarning)]


def test_the_door_tells_of_odd_units_once() -> None:
    bits, floats = both(count=5000)
    dark = replace(bits, stored=(bits.stored > 250).astype(np.uint8))
    assert told(dark) == told(replace(dark, stored=np.array(dark.images)))
    assert len(told(dark)) == 1
    assert told(bits) == told(floats) == []
    with pytest.raises(Exception, match=r"samples: got shape \(40, 8, 6, 3\), expected \(batch, 8, 6, 1\)"):
        analyse(Model(modes=3, widths=(4,)).network(both(channels=1)[0]), both()[0])


def test_oddities_are_told_in_the_units_of_the_floats() -> None:
    x = np.zeros((40, 8, 8), np.uint8)
    x[:, 0, 0] = np.arange(40)
    x[7], x[9] = x[8], x[8]
    x[20:] = x[20]
    texts = []
    for dtype in (np.uint8, np.float32):
        values = x if dtype is np.uint8 else x.astype(dtype) / np.float32(255)
        with pytest.warns(DataWarning) as notes:
            from_arrays(values, np.arange(40) % 2, layout="nxy")
        texts.append([str(note.message) for note in notes])
    assert texts[0] == texts[1] != []


def test_no_float_copy_of_all_images_is_made(tmp_path: Path) -> None:
    """The peak of the memory that NumPy asks for, beside the whole numbers and the spectra."""
    x, y = levels(8192, 16, 16, 1), np.arange(8192) % 2
    dataset = Dataset("many", x, y, ("a", "b"), full_scale=255.0)
    network = Model(modes=3, widths=(4,)).network(dataset)

    def peak(make: object) -> int:
        tracemalloc.start()
        make()  # type: ignore[operator]
        most = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return most

    floats = 4 * x.size
    for make in (
        lambda: analyse(network, dataset),
        lambda: Model(modes=3, widths=(4,)).network(dataset),
        lambda: fingerprint(dataset),
    ):
        assert peak(make) < 0.75 * floats
    assert peak(lambda: dataset.images) >= floats


def test_loaders_store_whole_numbers_where_they_can(tmp_path: Path) -> None:
    image = pytest.importorskip("PIL.Image")
    for number in range(4):
        folder = tmp_path / "photos" / "ab"[number % 2]
        folder.mkdir(parents=True, exist_ok=True)
        image.fromarray(levels(8, 8)).save(folder / f"{number}.png")
    assert load(tmp_path / "photos").stored.dtype == np.uint8
    assert load(tmp_path / "photos", size_to=6).stored.dtype == np.float32
    deep = RNG.integers(0, 65536, (8, 8)).astype(np.uint16)
    image.fromarray(deep).save(tmp_path / "photos" / "a" / "deep.png")
    assert load(tmp_path / "photos").stored.dtype == np.float32
    np.testing.assert_array_equal(load(tmp_path / "photos").images[-3, ..., 0], deep / np.float32(65535))
