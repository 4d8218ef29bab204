"""Spectra as they are measured: numbers of bins, the door without a transform, datasets, files and training."""

from __future__ import annotations

import json
import warnings
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy.io import savemat
from test_data_fields import hdf5, matlab_73
from test_nn_no_transforms import without_transforms  # noqa: F401

from freqnet import nn
from freqnet.autodiff import Tensor, gradient
from freqnet.data import Measured, from_arrays, from_spectra, load, load_spectra, read_measured, split
from freqnet.data.measured import units_of_bins
from freqnet.errors import ConfigurationError, DataError, DataWarning, ShapeError, SpaceError
from freqnet.spaces import counted_transforms, no_transforms, transform_count
from freqnet.training import Checkpoint, Model, Settings, analyse, evaluate, fit, load_checkpoint, save
from freqnet.training.sizes import size_for

Axes = tuple[int, ...]
GRIDS: list[Axes] = [(1,), (5,), (8,), (11,), (4, 4), (7, 6), (6, 9), (3, 4, 5), (4, 2, 6)]
NORMS = ("backward", "ortho", "forward")
RNG = np.random.default_rng(0)


def images(grid: Axes, is_complex: bool, count: int = 2, coils: int = 2) -> np.ndarray:
    """Random images of positive mean."""
    real, imaginary = RNG.normal(1, 1, (2, count, *grid, coils))
    return real + 1j * imaginary if is_complex else real


def spectra(values: np.ndarray, how: Measured) -> np.ndarray:
    """The spectra of images in a convention, by NumPy alone."""
    axes = tuple(range(1, values.ndim - 1))
    values = np.fft.ifftshift(values, axes) if how.image_centred else values
    out = (np.fft.rfftn if how.half else np.fft.fftn)(values, axes=axes, norm=how.norm)
    return np.fft.fftshift(out, axes[:-1] if how.half else axes) if how.centred else out


def conventions(grid: Axes) -> list[Measured]:
    """Every convention in which spectra on a grid can be stored."""
    full = [
        Measured(norm, c, image=image, image_centred=o)
        for norm, c, image, o in product(NORMS, (False, True), ("real", "complex"), (False, True))
    ]
    odd = bool(grid[-1] % 2)
    half = [Measured(norm, c, True, odd, "real", o) for norm, c, o in product(NORMS, (False, True), (False, True))]
    # One point has no half.
    return full + (half if grid[-1] > 1 else [])


def named(grid: Axes) -> str:
    return "x".join(map(str, grid))


def lines(count: int, grid: Axes, share: float = 0.4) -> np.ndarray:
    """Masks ``(count, *grid)`` of random bins, with bin 0 at index 0 of each axis; they differ at k and -k."""
    mask = RNG.random((count, *grid)) < share
    mask[(slice(None), *(0,) * len(grid))] = True
    return mask


# -- numbers of bins -----------------------------------------------------------------------------------
@pytest.mark.parametrize("grid", GRIDS, ids=named)
def test_every_convention_has_the_same_numbers(grid: Axes) -> None:
    for how in conventions(grid):
        values = images(grid, how.image == "complex")
        z = spectra(values, how)
        bins = how.bins(z)
        assert bins.shape == (2, *grid, 2 * how.parts)
        assert np.allclose(how.spectra(bins), z), how
        assert np.allclose(how.images(bins), values), how
        assert np.allclose(how.bins_of_images(values), bins), how
        # The numbers are Re - Im of the spectra of the real and of the imaginary parts, in the norm "ortho".
        axes, parts = tuple(range(1, len(grid) + 1)), np.concatenate([values.real, values.imag], -1)
        moved = np.fft.ifftshift(parts, axes) if how.image_centred else parts
        x = np.fft.fftshift(np.fft.fftn(moved, axes=axes, norm="ortho"), axes)
        assert np.allclose(bins, (x.real - x.imag)[..., : bins.shape[-1]]), how


@pytest.mark.parametrize("wrong", [{"norm": "ortho"}, {"centred": True}])
def test_a_wrong_convention_has_other_numbers(wrong: dict[str, Any]) -> None:
    values = images((7, 6), True)
    z = spectra(values, Measured())
    bins = Measured(**wrong).bins(z)
    assert not np.allclose(bins, Measured().bins(z)[..., : bins.shape[-1]])


@pytest.mark.parametrize("grid", GRIDS, ids=named)
def test_a_mask_of_complex_images(grid: Axes) -> None:
    how, values, mask = Measured("ortho", masked=True), images(grid, True, coils=1), lines(2, grid)
    z = spectra(values, how)
    bins = how.bins(z, mask)
    assert bins.shape[-1] == 4
    assert np.allclose(how.spectra(how.without_mask(bins)), np.where(mask[..., None], z, 0))
    axes = tuple(range(1, len(grid) + 1))
    assert np.array_equal(how.mask_of(bins), np.fft.fftshift(mask, axes))
    # The two channels are the spectrum of the mask, as that of any complex image.
    assert np.allclose(bins[..., 2:], Measured("ortho").bins(mask[..., None].astype(complex)))
    # Without a mask, what is not 0 was measured.
    assert np.allclose(how.bins(np.where(mask[..., None], z, 0)), bins)


@pytest.mark.parametrize("grid", GRIDS, ids=named)
def test_one_measurement_of_a_pair_counts_for_both_bins_of_a_real_image(grid: Axes) -> None:
    """By a loop over all pairs, with noise that differs at k and -k."""
    how, mask = Measured("ortho", image="real", masked=True), lines(2, grid)
    z = spectra(images(grid, False, coils=1), how)
    z = z + RNG.normal(size=z.shape) + 1j * RNG.normal(size=z.shape)
    bins = how.bins(z, mask)
    found = how.spectra(bins[..., :1])
    seen = np.fft.ifftshift(how.mask_of(bins), tuple(range(1, len(grid) + 1)))
    for sample, *k in np.ndindex(2, *grid):
        mirror = tuple(-i % n for i, n in zip(k, grid, strict=True))
        own, other = (sample, *k), (sample, *mirror)
        values = [z[own][0]] * int(mask[own]) + [z[other][0].conj()] * int(mask[other])
        assert found[own][0] == pytest.approx(np.mean(values) if values else 0)
        assert seen[own] == bool(values)


def test_masks_of_every_shape() -> None:
    how, z = Measured(masked=True), spectra(images((4, 6), True, 3), Measured())
    whole = lines(3, (4, 6))
    row, plane = whole[0, 0], whole[0]
    for mask, each in ((row, np.broadcast_to(row, (3, 4, 6))), (plane, np.broadcast_to(plane, (3, 4, 6)))):
        assert np.array_equal(how.bins(z, mask), how.bins(z, each))
    assert np.array_equal(how.bins(z, whole[:, :1]), how.bins(z, np.broadcast_to(whole[:, :1], whole.shape)))
    assert np.array_equal(how.bins(z, whole.astype(int)), how.bins(z, whole))


def test_words_make_conventions() -> None:
    for how in conventions((4, 6)):
        assert read_measured(str(how)) == how
        assert read_measured(how) is how
    assert read_measured("") == Measured()
    assert read_measured("Half-Odd, ortho") == Measured("ortho", half=True, odd=True, image="real")
    assert read_measured("masked").masked is True
    for words, message in (
        ("centered", "measured: got 'centered', expected backward or ortho"),
        ("ortho,forward", "measured: got 'ortho,forward', expected words that agree"),
        ("half,complex", "words that agree"),
        (3, "measured: got 3, expected words"),
    ):
        with pytest.raises(ConfigurationError, match=message):
            read_measured(words)
    for fields, message in (
        ({"norm": "unit"}, "norm: got 'unit'"),
        ({"image": "grey"}, "image: got 'grey'"),
        ({"centred": 1}, "centred: got 1, expected True or False"),
        ({"odd": True}, "odd: got True, expected False unless half=True"),
    ):
        with pytest.raises(ConfigurationError, match=message):
            Measured(**fields)


# -- the door ------------------------------------------------------------------------------------------
@pytest.mark.parametrize("domain", ["fourier", "hartley"])
@pytest.mark.parametrize("grid", GRIDS, ids=named)
def test_the_door_makes_what_another_door_makes_of_the_images(grid: Axes, domain: str) -> None:
    band = tuple((n - 1) // 2 for n in grid)
    for kept, is_complex in product({band, tuple(m // 2 for m in band)}, (False, True)):
        values = images(grid, is_complex)
        parts = np.concatenate([values.real, values.imag], -1) if is_complex else values
        count = parts.shape[-1]
        units = {"offset": tuple(np.arange(1.0, count + 1)), "scale": tuple(np.arange(2.0, count + 2))}
        measured = nn.MeasuredDoor(domain, grid, kept, count, **units)
        door = nn.Door(domain, grid, kept, count, **units)
        bins = Measured(image="complex" if is_complex else "real").bins_of_images(values)
        with no_transforms(), counted_transforms() as counter:
            found = measured.analyse(bins, np.float64)
        assert counter.count == 0
        wanted = door.analyse(parts, np.float64)
        assert found.space == wanted.space
        assert np.allclose(found.data, wanted.data)
        # More bins are the same image in more detail.
        fine = [measured.analyse(_padded(bins, n), np.float64).data for n in (0, 1, 4)]
        assert np.allclose(fine[1], fine[0]) or any(n % 2 == 0 for n in grid)
        assert np.allclose(fine[2], fine[0]) or any(n % 2 == 0 for n in grid)
        blank = measured.analyse(measured.blank(np.float64), np.float64).data
        assert np.allclose(blank, 0)


def _padded(bins: np.ndarray, more: int) -> np.ndarray:
    """The numbers of an image on a finer grid: further bins are 0, and the norm is that of more bins."""
    grid = bins.shape[1:-1]
    fine = tuple(n + more for n in grid)
    out = np.zeros((len(bins), *fine, bins.shape[-1]))
    places = (slice(f // 2 - n // 2, f // 2 - n // 2 + n) for f, n in zip(fine, grid, strict=True))
    out[(slice(None), *places)] = bins
    return out * np.sqrt(np.prod(fine) / np.prod(grid))


def test_the_door_drops_the_nyquist_bins() -> None:
    door, bins = nn.MeasuredDoor("fourier", (6, 8), (2, 3), 1), RNG.normal(size=(2, 6, 8, 1))
    inner = bins.copy()
    inner[:, 0] = inner[:, :, 0] = 0
    assert np.array_equal(door.analyse(bins).data, door.analyse(inner).data)
    back = door.samples_of(door.analyse(bins, np.float64), (6, 8)).data
    assert np.allclose(back, inner)
    with pytest.raises(ConfigurationError, match="with the Nyquist mode"):
        door.analyse(np.zeros((1, 4, 8, 1)))
    with pytest.raises(ShapeError, match="band: got 2, expected at most 1 on 3 samples"):
        door.analyse(np.zeros((1, 3, 8, 1)))


def test_gradients_pass_the_door() -> None:
    door = nn.MeasuredDoor("fourier", (5, 6), (2, 2), 2, (1.0, 2.0), (3.0, 0.5))
    x, target = RNG.normal(size=(2, 2, 5, 6, 2))
    values = Tensor(x, requires_grad=True)
    spectrum = door.analyse(values, np.float64)
    g = door.analyse(target, np.float64)
    (found,) = gradient(spectrum, [values], g)
    step = RNG.normal(size=x.shape)
    moved = (door.analyse(x + 1e-6 * step, np.float64).data - spectrum.data) / 1e-6
    assert np.sum(found.data * step) == pytest.approx(door.space.vdot(g.data, moved), rel=1e-6)


@pytest.mark.parametrize(
    ("fields", "error", "message"),
    [
        ({"domain": "laplace"}, ShapeError, "door of measured spectra: got .*expected a domain of modes"),
        ({"domain": "grid"}, ShapeError, "door of measured spectra: got .*expected a domain of modes"),
        ({"pool": 2, "band": (1,)}, ConfigurationError, "pool of measured spectra: got .*expected none"),
        ({"pad": 2}, ConfigurationError, "pad of measured spectra: got .*expected none"),
        ({"mask": 2}, ConfigurationError, "mask: got 2, expected 0, 1 or 2, below the 2 channels"),
        ({"mask": 3, "channels": 5}, ConfigurationError, "mask: got 3"),
    ],
)
def test_a_door_that_cannot_be(fields: dict[str, Any], error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        nn.MeasuredDoor(**{"domain": "fourier", "grid": (8,), "band": (3,), "channels": 2, **fields})


def test_complex_numbers_are_refused_at_both_doors() -> None:
    values = np.ones((1, 8, 1), complex)
    with pytest.raises(DataError, match=r"samples: got complex numbers.*pass measured.bins"):
        nn.MeasuredDoor("fourier", (8,), (3,), 1).analyse(values)
    with pytest.raises(DataError, match="numbers of complex128, expected real numbers"):
        nn.Door("fourier", (8,), (3,), 1).analyse(values)


def test_a_network_with_the_door_is_described_and_made_again() -> None:
    body = nn.Sequential(nn.DataConsistency(nn.Convolution(2), mask=2, keep_mask=False), nn.Dense(3))
    network = nn.Network(nn.MeasuredDoor("fourier", (8, 8), (3, 3), 4, mask=2), body)
    again = nn.Network.from_description(json.loads(json.dumps(network.describe())))
    assert type(again.door) is nn.MeasuredDoor
    assert again.door == network.door
    plain = nn.Network(nn.Door("fourier", (8,), (3,), 1), nn.Sequential(nn.Dense(2)))
    assert type(nn.Network.from_description(plain.describe()).door) is nn.Door


# -- what was measured stays ---------------------------------------------------------------------------
@pytest.mark.parametrize("domain", ["fourier", "hartley"])
@pytest.mark.parametrize("grid", [(5,), (8,), (7, 6), (3, 4, 5)], ids=named)
@pytest.mark.parametrize("image", ["real", "complex"])
def test_measured_bins_of_the_output_are_those_of_the_input(grid: Axes, domain: str, image: str) -> None:
    how, mask = Measured("ortho", image=image, masked=True), lines(3, grid)
    z = spectra(images(grid, image == "complex", 3), how)
    bins = how.bins(z, mask)
    count = 2 * how.parts
    block = lambda keep: nn.DataConsistency(nn.Sequential(nn.Convolution(count, 2), nn.Polynomial()), how.masks, keep)
    band = tuple((n - 1) // 2 for n in grid)
    units = ((0.5,) * count + (0.0,) * how.masks, (2.0,) * count + (1.0,) * how.masks)
    door = nn.MeasuredDoor(domain, grid, band, count + how.masks, *units, mask=how.masks)
    body = nn.Sequential(block(True), block(False), nn.Rescale(2.0, 0.5))
    network = nn.Network(door, body, precision=np.float64)
    with no_transforms():
        found = how.spectra(network.predict(bins))
    wanted, inside = how.spectra(how.without_mask(bins)), np.ones(grid, bool)
    for axis, n in enumerate(grid):
        if n % 2 == 0:
            # The Nyquist bins are dropped.
            inside[(slice(None),) * axis + (n // 2,)] = False
    seen = np.fft.ifftshift(how.mask_of(bins), tuple(range(1, len(grid) + 1))) & inside
    assert np.allclose(found[seen], wanted[seen])
    # The others are what the body made of them.
    assert np.abs(found[~seen & inside]).max() > 1e-3


# -- datasets ------------------------------------------------------------------------------------------
def test_a_dataset_has_the_numbers_and_the_convention() -> None:
    z = spectra(images((8, 7), True, 20), Measured("ortho", centred=True))
    dataset = from_spectra(z, ["a", "b"] * 10, "ortho,centred")
    assert (dataset.grid, dataset.channels, dataset.stored.dtype) == ((8, 7), 4, np.float32)
    assert dataset.measured == Measured("ortho", centred=True, masked=False)
    assert np.allclose(dataset.measured.spectra(dataset.stored.astype(float)), z, atol=1e-5)
    assert split(dataset).train.measured == dataset.measured
    by_coils = from_spectra(np.moveaxis(z, -1, 1), ["a", "b"] * 10, "ortho,centred", layout="n c y x")
    assert np.array_equal(by_coils.stored, dataset.stored)


def test_units_are_those_of_the_images() -> None:
    for how in (Measured(), Measured(image="real"), Measured(masked=True), Measured(image="real", masked=True)):
        values = images((8, 7), how.image == "complex", 6) * 3 + 5
        bins = how.bins(spectra(values, how), np.ones((8, 7)))
        offset, scale = (np.array(numbers) for numbers in units_of_bins(bins, how))
        parts = np.concatenate([values.real, values.imag], -1) if how.parts == 2 else values
        over = (0, 1, 2)
        assert offset[: parts.shape[-1]] == pytest.approx(parts.mean(over))
        deviation = np.sqrt(parts.var(over).reshape(how.parts, -1).mean(0))
        assert scale[: parts.shape[-1]] == pytest.approx(np.tile(deviation, how.parts))
        assert (offset[parts.shape[-1] :].tolist(), scale[parts.shape[-1] :].tolist()) == (
            [0.0] * how.masks,
            [1.0] * how.masks,
        )


def test_targets_of_a_field_are_spectra_or_images() -> None:
    for how in (Measured("ortho"), Measured("forward", centred=True, image="real"), Measured(half=True, image="real")):
        values = images((6, 8), how.image == "complex", 5)
        z, mask = spectra(values, how), None
        of_spectra = from_spectra(z, z, how, mask=mask, task="field")
        before = transform_count()
        of_images = from_spectra(z, values, how, mask=mask, task="field", targets="images")
        assert transform_count() == before + 1
        assert np.allclose(of_images.targets, of_spectra.targets, atol=1e-5)
        assert np.allclose(of_spectra.targets, how.bins(z), atol=1e-5)
    named_channels = from_spectra(spectra(images((6, 8), True, 5), Measured()), z, "", task="field").classes
    assert named_channels == ("real0", "real1", "imaginary0", "imaginary1")


def test_masks_follow_in_fields_only() -> None:
    z, mask = spectra(images((6, 8), False, 6, 1), Measured()), lines(6, (6, 8))
    channels = lambda task, words, y: from_spectra(z, y, words, mask=mask, task=task).channels
    assert channels("classification", "real", [0, 1] * 3) == 1
    assert channels("classification", "real,masked", [0, 1] * 3) == 2
    assert channels("field", "", z) == 4
    assert channels("field", "unmasked", z) == 2


GOOD = spectra(images((8, 8), False, 6, 1), Measured())


@pytest.mark.parametrize(
    ("values", "words", "options", "message"),
    [
        (GOOD.real, "", {}, "spectra of spectra: got numbers of float64, expected complex numbers"),
        (np.where(GOOD[0, 1, 2, 0] == GOOD, np.nan, GOOD), "", {}, r"1 values that are NaN .*index \(0, 1, 2, 0\)"),
        (GOOD, "", {"mask": np.ones((8, 7))}, r"mask of spectra of spectra: got shape \(8, 7\), expected \(8, 8\)"),
        (GOOD, "", {"mask": np.full((8, 8), 0.5)}, "mask of .*: got values such as 0.5, expected 1 where"),
        (GOOD, "", {"mask": np.full((8, 8), "x")}, "mask of .*: got values of <U1"),
        (GOOD, "half", {}, "got a last axis of 8 bins with modes below 0, expected half spectra"),
        (np.fft.fftshift(GOOD, (1, 2)), "centred,half", {}, "got a last axis of 8 bins with modes below 0"),
    ],
)
def test_spectra_that_cannot_be_used(values: np.ndarray, words: str, options: dict[str, Any], message: str) -> None:
    with pytest.raises(DataError, match=message):
        from_spectra(values, [0, 1] * 3, words, **options)


def test_targets_that_cannot_be_used() -> None:
    for y, options, error, message in (
        (np.zeros((6, 4, 4)), {}, DataError, r"targets of spectra: got images of \(4, 4\) points, expected \(8, 8\)"),
        (np.zeros((6, 8)), {}, DataError, r"targets of spectra: got float64 of shape \(6, 8\)"),
        (GOOD, {"targets": "image"}, ConfigurationError, "targets: got 'image', expected spectra or images"),
        (GOOD, {"targets": "images"}, DataError, "got complex images, expected real ones"),
        (GOOD[:5], {}, DataError, "targets of spectra: got shape"),
    ):
        with pytest.raises(error, match=message):
            from_spectra(GOOD, y, "real", task="field", **options)


@pytest.mark.parametrize(
    ("make", "words", "message"),
    [
        (lambda z: z, "centred", r"the largest power at index \(0, 0\), expected at the zero frequency, \(4, 4\)"),
        (lambda z: np.fft.fftshift(z, (1, 2)), "", r"the largest power at index \(4, 4\).*pass centred=True"),
        (lambda z: z[:, :, :5], "", "at mode -1 of the last axis, expected a full spectrum.*pass half=True"),
        (lambda z: z[:, :, :5], "real", r"got spectra that are not symmetric, expected Z\(-k\) = conj Z\(k\)"),
        (lambda z: z * np.exp(1j), "real", "not symmetric"),
    ],
)
def test_a_convention_that_is_probably_wrong_is_told(make: Any, words: str, message: str) -> None:
    # Smooth images, like most: their power falls with the frequency.
    t = np.arange(8) / 8
    smooth = (
        3 + np.cos(2 * np.pi * (t[:, None] + RNG.random((6, 1, 1)))) + np.sin(2 * np.pi * (t + RNG.random((6, 1, 1))))
    )
    z = np.fft.fft2(smooth + 0.01 * RNG.normal(size=smooth.shape))
    with pytest.warns(DataWarning, match=message):
        from_spectra(make(z), [0, 1] * 3, words)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        from_spectra(z, [0, 1] * 3, "real")
        from_spectra(z, [0, 1] * 3, "")
        from_spectra(np.fft.fftshift(z, (1, 2)), [0, 1] * 3, "centred")
        from_spectra(z[:, :, :5], [0, 1] * 3, "half")


# -- files ---------------------------------------------------------------------------------------------
WRITERS: dict[str, Any] = {
    "own.npz": lambda path, **arrays: np.savez(path, **arrays),
    "own.h5": hdf5,
    "old.mat": lambda path, **arrays: savemat(path, arrays),
    "new.mat": lambda path, **arrays: matlab_73(path, **arrays),
}
COILS = np.moveaxis(spectra(images((8, 6), True, 5, 3), Measured()), -1, 1)


@pytest.mark.parametrize("name", WRITERS)
def test_files_of_every_format(tmp_path: Path, name: str) -> None:
    WRITERS[name](tmp_path / name, kspace=COILS, y=np.arange(5.0), mask=np.array([1, 1, 0, 1, 0, 1]))
    dataset = load_spectra(tmp_path / name, task="regression")
    wanted = from_spectra(COILS, np.arange(5.0), mask=np.array([1, 1, 0, 1, 0, 1]), layout="n c y x", task="regression")
    assert np.array_equal(dataset.stored, wanted.stored)
    assert np.array_equal(dataset.targets, wanted.targets)
    assert dataset.name == Path(name).stem
    # Without targets, a field fills in what the mask left out.
    WRITERS[name](tmp_path / name, kspace=COILS, mask=np.array([1, 1, 0, 1, 0, 1]))
    field = load_spectra(tmp_path / name, task="field")
    assert np.allclose(field.targets, Measured().bins(np.moveaxis(COILS, 1, -1)), atol=1e-5)
    assert field.channels == 6 + 2


def test_a_folder_of_files(tmp_path: Path) -> None:
    masks = [np.array([1, 1, 0, 1, 0, 1]), np.array([1, 0, 1, 1, 0, 1])]
    for number, mask in enumerate(masks):
        hdf5(tmp_path / f"volume-{number}.h5", kspace=COILS, mask=mask)
    found = load_spectra(tmp_path, task="field")
    alone = [load_spectra(tmp_path / f"volume-{number}.h5", task="field") for number in (0, 1)]
    assert np.array_equal(found.stored, np.concatenate([part.stored for part in alone]))
    assert np.array_equal(found.targets, np.concatenate([part.targets for part in alone]))
    hdf5(tmp_path / "volume-2.h5", kspace=COILS[..., :4], mask=masks[0][:4])
    with pytest.raises(DataError, match=r"spectra of shapes .* expected one shape in all files"):
        load_spectra(tmp_path, task="field")


def test_files_that_cannot_be_read(tmp_path: Path) -> None:
    whole = tmp_path / "whole.h5"
    hdf5(whole, kspace=COILS, y=np.arange(5))
    (tmp_path / "cut.h5").write_bytes(whole.read_bytes()[: whole.stat().st_size // 2])
    (tmp_path / "empty.npz").write_bytes(b"")
    np.savez(tmp_path / "other.npz", image=COILS)
    np.savez(tmp_path / "bare.npz", kspace=COILS)
    (tmp_path / "none").mkdir()
    for name, error, message in (
        ("cut.h5", DataError, r"cut.h5: got a file that cannot be read .*, expected a complete .h5 file"),
        ("empty.npz", DataError, r"empty.npz: got a file that cannot be read \(the file is empty\)"),
        ("missing.npz", DataError, "file: got no file .*missing.npz"),
        ("other.npz", DataError, "got the arrays image, expected kspace or spectra or x; pass x="),
        ("bare.npz", DataError, "got spectra without targets, expected an array y"),
        ("scans.dcm", ConfigurationError, "scans.dcm, expected a file of .npz, .h5, .hdf5, .mat"),
        ("none", DataError, "none: got no such files"),
    ):
        with pytest.raises(error, match=message):
            load_spectra(tmp_path / name)
    with pytest.raises(DataError, match="no array 'kspaces', expected kspace, y; did you mean 'kspace'"):
        load_spectra(whole, x="kspaces")
    with pytest.raises(DataError, match="expected an array y, or a mask"):
        load_spectra(tmp_path / "bare.npz", task="field")


def test_load_reads_them_and_refuses_other_choices(tmp_path: Path) -> None:
    path = tmp_path / "scans.npz"
    np.savez(path, x=COILS[:, 0], y=[0, 1, 0, 1, 0])
    np.savez(tmp_path / "test.npz", x=2 * COILS[:, 1], y=[1, 0, 1, 1, 0])
    dataset = load(path, measured="")
    assert (dataset.grid, dataset.channels, dataset.measured) == ((8, 6), 2, Measured(masked=False))
    with_test = load(path, measured="", test_data=tmp_path / "test.npz")
    assert (len(with_test), with_test.official_test, with_test.measured) == (10, 5, dataset.measured)
    for choices, message in (
        ({"size_to": 4}, "size_to of measured spectra: got 4, expected none; keep fewer modes"),
        ({"pad_to": 4}, "pad_to of measured spectra: got 4, expected none; keep fewer modes"),
        ({"on_disk": True}, "on_disk of measured spectra"),
        ({"folder": tmp_path}, "folder of measured spectra"),
    ):
        with pytest.raises(ConfigurationError, match=message):
            load(path, measured="", **choices)
    with pytest.raises(ConfigurationError, match="measured: got digits, expected a file of spectra"):
        load("digits", measured="")


# -- training ------------------------------------------------------------------------------------------
def digits(count: int = 400) -> tuple[np.ndarray, np.ndarray]:
    data = load("digits")
    return data.images[:count, ..., 0].astype(float), data.targets[:count]


QUICK = Settings(epochs=6, batch=32, optimizer="muon", learning_rate=0.01)


def test_training_from_spectra_equals_training_from_images() -> None:
    """The same network, trained on images and on their spectra, ends in the same weights up to rounding."""
    values, targets = digits(200)
    ends = []
    for dataset in (from_arrays(values, targets), from_spectra(np.fft.fft2(values), targets, "real")):
        network = Model(widths=(6, 6, 6), precision="float64").network(dataset, seed=0)
        fit(network, analyse(network, dataset), settings=Settings(epochs=2))
        ends.append(network)
    for name, array in ends[0].arrays().items():
        assert np.allclose(array, ends[1].arrays()[name], rtol=1e-4, atol=1e-6), name


@pytest.mark.parametrize("task", ["classification", "field"])
def test_no_transform_in_training_evaluation_and_prediction(task: str, request: pytest.FixtureRequest) -> None:
    values, targets = digits(120)
    z, mask = np.fft.fft2(values), lines(120, (8, 8), 0.6)
    dataset = from_spectra(z, z if task == "field" else targets, "real", mask=mask, task=task)
    request.getfixturevalue("without_transforms")
    before = transform_count()
    network = Model(widths=(4, 4)).network(dataset)
    fit(network, analyse(network, dataset), settings=Settings(epochs=1))
    result = evaluate(network, analyse(network, dataset))
    found = network.predict(dataset.images)
    assert transform_count() == before
    assert network.transforms_inside == 0
    assert found.shape == (dataset.targets.shape if task == "field" else (120, 10))
    assert np.allclose(found, result.outputs, atol=1e-5)


def test_digits_are_classified_from_half_of_their_spectra() -> None:
    values, targets = digits(800)
    z = np.fft.fft2(values) + RNG.normal(0, 0.3, values.shape) + 1j * RNG.normal(0, 0.3, values.shape)
    dataset = from_spectra(z, targets, "real", mask=lines(len(z), (8, 8), 0.5), name="digits")
    parts = split(dataset, seed=0)
    network = Model(widths=(12, 12, 12)).network(parts.train)
    fit(network, analyse(network, parts.train), settings=QUICK)
    assert evaluate(network, analyse(network, parts.test)).accuracy > 0.85


@pytest.mark.parametrize(
    ("form", "image"),
    [
        ("residual", "real"),
        ("operator", "complex"),
        pytest.param("residual", "complex", marks=pytest.mark.slow),
        pytest.param("operator", "real", marks=pytest.mark.slow),
    ],
)
def test_what_was_not_measured_is_filled_in(form: str, image: str) -> None:
    # On an odd number of points no bin is dropped.
    values, how = digits(500)[0][:, :7, :7], Measured("ortho", image=image)
    z = spectra(values[..., None], how)[..., 0] * (np.exp(0.4j) if image == "complex" else 1)
    mask = np.broadcast_to(lines(len(z), (7, 1), 0.4), z.shape)
    dataset = from_spectra(z, z, how, mask=mask, task="field", name="fields")
    parts = split(dataset, seed=0)
    network = Model(form=form, widths=(8, 8)).network(parts.train)
    fit(network, analyse(network, parts.train), settings=Settings(**{**vars(QUICK), "epochs": 25, "loss": "relative"}))
    found = evaluate(network, analyse(network, parts.test))
    empty = parts.test.measured.without_mask(parts.test.images)
    size = lambda v: np.sqrt(np.sum(np.square(v, dtype=float), axis=(1, 2, 3)))
    zero_filled = np.mean(size(empty - parts.test.targets) / size(parts.test.targets))
    # Kernels of a few taps see less of an image than a free response per mode.
    assert found.metrics["relative_error"] < (0.8 if form == "operator" else 0.95) * zero_filled
    # The error is that of the images.
    wanted, got = (parts.test.measured.images(v) for v in (parts.test.targets, found.outputs))
    error = np.mean([np.linalg.norm(a - b) / np.linalg.norm(b) for a, b in zip(got, wanted, strict=True)])
    assert found.metrics["relative_error"] == pytest.approx(error, rel=1e-4)
    rmse = np.sqrt(np.mean(np.abs(got - wanted) ** 2) / how.parts)
    assert found.metrics["rmse"] == pytest.approx(rmse, rel=1e-4)


def test_a_model_is_saved_and_loaded(tmp_path: Path) -> None:
    values, targets = digits(100)
    dataset = from_spectra(np.fft.fft2(values), targets, "real")
    network = Model(widths=(4, 4)).network(dataset)
    save(tmp_path / "model.safetensors", Checkpoint(network.describe(), network.arrays()))
    again = load_checkpoint(tmp_path / "model.safetensors").restore()
    assert np.array_equal(again.predict(dataset.images), network.predict(dataset.images))
    assert np.array_equal(again.compile()(dataset.images), network.predict(dataset.images))


def test_another_norm_than_in_training_is_told() -> None:
    values, targets = digits(100)
    network = Model(widths=(4, 4)).network(from_spectra(np.fft.fft2(values, norm="ortho"), targets, "ortho,real"))
    for norm in ("backward", "forward"):
        bins = Measured("ortho", image="real").bins(np.fft.fft2(values, norm=norm)[..., None])
        with pytest.warns(DataWarning, match="samples: got values .*expected values like those of training"):
            network.predict(bins)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        network.predict(Measured("forward", image="real").bins(np.fft.fft2(values, norm="forward")[..., None]))


def test_what_does_not_fit_a_measured_network() -> None:
    values, targets = digits(60)
    z = np.fft.fft2(values)
    measured, plain = from_spectra(z, targets, "real"), from_arrays(values, targets)
    masked = from_spectra(z, targets, "real,masked", mask=lines(60, (8, 8)))
    network, other = (Model(widths=(4, 4)).network(dataset) for dataset in (measured, plain))
    with pytest.raises(DataError, match="got samples, expected measured spectra with 0 mask channels"):
        analyse(network, plain)
    with pytest.raises(DataError, match="got measured spectra, expected samples"):
        analyse(other, measured)
    with pytest.raises(DataError, match="got 1 mask channels, expected measured spectra with 0"):
        analyse(network, masked)
    with pytest.raises(SpaceError, match="those of a Door"):
        evaluate(network, analyse(other, plain))
    with pytest.raises(ConfigurationError, match="pool of measured spectra: got 2"):
        Model(pool=2).network(measured)
    with pytest.raises(ShapeError, match="expected a domain of modes"):
        Model(domain="laplace").network(measured)
    with_masks = Model(widths=(4, 4)).network(masked)
    with pytest.raises(ConfigurationError, match="augment shift: got examples with masks"):
        fit(with_masks, analyse(with_masks, masked), settings=Settings(epochs=1, shift=1))


def test_datasets_are_shown_as_images() -> None:
    """The cell of a notebook has pictures of the images, which it computes; masks are not drawn."""
    values, targets = digits(20)
    z, mask = np.fft.fft2(values), np.ones((8, 8))
    for dataset in (
        from_spectra(z, targets, "real"),
        from_spectra(z, z, "", mask=mask, task="field"),
        from_spectra(z, z, "real", mask=mask, task="field"),
    ):
        shown = dataset._repr_html_()
        assert "Dataset" in shown
        assert "data:image/png" in shown
        assert f"measured='{dataset.measured}'" in repr(dataset)


def test_colour_is_no_matter_of_coils() -> None:
    z = np.fft.fft2(RNG.normal(1, 1, (2000, 18, 18, 3)), axes=(1, 2))
    dataset = from_spectra(z, np.arange(2000) % 2, "real")
    assert (dataset.channels, size_for(dataset)) == (3, "xlarge")


# -- other spectra -------------------------------------------------------------------------------------
def test_power_spectra_are_signals_on_an_axis_of_frequency() -> None:
    """Lines at two distances, of random width and place, through the usual door."""
    points, kinds = np.arange(96), np.arange(300) % 2
    place, width = RNG.uniform(15, 60, (300, 1)), RNG.uniform(1, 2, (300, 1))
    line = lambda at: 1 / (1 + ((points - at) / width) ** 2)
    power = line(place) + line(place + np.where(kinds, 12, 17)[:, None]) + 0.02 * RNG.random((300, 96))
    parts = split(from_arrays(np.log10(power), kinds, layout="nt"), seed=0)
    network = Model(widths=(8, 8)).network(parts.train)
    fit(network, analyse(network, parts.train), settings=QUICK)
    assert evaluate(network, analyse(network, parts.test)).accuracy > 0.9


def test_complex_spectra_of_signals_are_measured_spectra() -> None:
    """Tones in noise, as their half spectra."""
    kinds = np.arange(200) % 2
    t = np.arange(64) / 64
    tone = np.cos(2 * np.pi * (np.where(kinds, 5, 9)[:, None] * t + RNG.random((200, 1))))
    z = np.fft.rfft(1 + tone + 0.2 * RNG.normal(size=tone.shape))
    parts = split(from_spectra(z, kinds, "half", layout="nt"), seed=0)
    assert parts.train.grid == (64,)
    network = Model(widths=(8, 8), head="power").network(parts.train)
    fit(network, analyse(network, parts.train), settings=QUICK)
    assert evaluate(network, analyse(network, parts.test)).accuracy > 0.9
