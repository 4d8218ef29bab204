"""Files of sounds, volumes, HDF5 and MATLAB, arrays and tables in memory, and readers of your own."""

from __future__ import annotations

import sys
import wave
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.io import savemat, wavfile

from freqnet.data import READERS, Contents, from_arrays, from_dataframe, load, load_images, register_reader
from freqnet.errors import ConfigurationError, DataError
from freqnet.tasks.labels import number_labels

h5py = pytest.importorskip("h5py")
nibabel = pytest.importorskip("nibabel")
RNG = np.random.default_rng(0)
SOUND = RNG.uniform(-1, 1, 100)
LABELS = np.array(["up", "down"])[np.arange(6) % 2]


def classes_of(folder: Path, write: Callable[[Path, int], Any], suffix: str, count: int = 6) -> Path:
    """A folder with the subfolders up and down, and a file for each number below ``count``."""
    for number in range(count):
        file = folder / LABELS[number] / f"{number}{suffix}"
        file.parent.mkdir(parents=True, exist_ok=True)
        write(file, number)
    return folder


# -- sounds ----------------------------------------------------------------------------------------------
def sound(dtype: str) -> np.ndarray:
    if dtype == "u1":
        return np.round(128 + 127 * SOUND).astype("u1")
    return np.round(SOUND * np.iinfo(dtype).max).astype(dtype) if "i" in dtype else SOUND.astype(dtype)


@pytest.mark.parametrize("channels", [1, 2, 6])
@pytest.mark.parametrize("dtype", ["u1", "i2", "i4", "f4", "f8"])
def test_sounds_of_every_depth_are_the_same(tmp_path: Path, dtype: str, channels: int) -> None:
    stored = sound(dtype) if channels == 1 else np.stack([sound(dtype)] * channels, axis=1)
    wavfile.write(tmp_path / "a.wav", 8000, stored)
    samples, names = load_images(tmp_path / "a.wav")
    assert (samples.shape, names) == ((1, 100, channels), [str(tmp_path / "a.wav")])
    assert samples.dtype == np.float32
    np.testing.assert_allclose(samples[0, :, -1], SOUND, atol=2 / 128 if dtype == "u1" else 1e-4)


def test_sounds_of_24_bits(tmp_path: Path) -> None:
    whole = np.round(SOUND * (2**23 - 1)).astype("<i4")
    with wave.open(str(tmp_path / "a.wav"), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(3)
        file.setframerate(8000)
        file.writeframes(whole.view("u1").reshape(-1, 4)[:, :3].tobytes())
    np.testing.assert_allclose(load_images(tmp_path / "a.wav")[0][0, :, 0], SOUND, atol=1e-6)


def test_a_sound_without_samples(tmp_path: Path) -> None:
    wavfile.write(tmp_path / "a.wav", 8000, np.zeros(0, np.int16))
    with pytest.raises(DataError, match=r"a\.wav: got shape \(1, 0, 1\)|a\.wav: got a file that cannot be read"):
        load_images(tmp_path / "a.wav")


def test_a_folder_of_sounds(tmp_path: Path) -> None:
    folder = classes_of(tmp_path / "s", lambda file, i: wavfile.write(file, 8000, sound("i2")[i : i + 64]), ".wav")
    dataset = load(folder)
    assert (dataset.classes, dataset.grid, dataset.channels) == (("down", "up"), (64,), 1)
    assert (dataset.targets.tolist(), dataset.rate, dataset.full_scale) == ([0, 0, 0, 1, 1, 1], "8000 Hz", 32768)
    np.testing.assert_allclose(dataset.images[3, :, 0], SOUND[0:64], atol=1e-4)
    assert load(folder, size_to=32).grid == (32,)


def test_sounds_that_do_not_fit_together(tmp_path: Path) -> None:
    wavfile.write(tmp_path / "a.wav", 8000, sound("i2"))
    wavfile.write(tmp_path / "b.wav", 16000, sound("i2"))
    wavfile.write(tmp_path / "c.wav", 8000, sound("i2")[:50])
    with pytest.raises(DataError, match=r"got 8000 Hz in .*a.wav and 16000 Hz in .*b.wav, expected one rate"):
        load_images(tmp_path)
    with pytest.raises(DataError, match=r"got \(100, 1\) in .*a.wav and \(50, 1\) in .*c.wav.*pass size_to=100"):
        load_images([tmp_path / "a.wav", tmp_path / "c.wav"])
    assert load_images([tmp_path / "a.wav", tmp_path / "c.wav"], size_to=100)[0].shape == (2, 100, 1)
    with pytest.raises(ConfigurationError, match=r"layout: got 'nt' for .*a.wav, expected none"):
        load_images(tmp_path / "a.wav", layout="nt")


# -- volumes ---------------------------------------------------------------------------------------------
def write_volume(path: Path, values: np.ndarray, affine: np.ndarray | None = None) -> None:
    nibabel.save(nibabel.Nifti1Image(values, np.eye(4) if affine is None else affine), path)


@pytest.mark.parametrize("suffix", [".nii", ".nii.gz"])
@pytest.mark.parametrize("dtype", ["u1", "<i2", ">i2", "f4", "f8"])
def test_volumes(tmp_path: Path, suffix: str, dtype: str) -> None:
    values = RNG.integers(0, 200, (4, 5, 6)).astype(dtype)
    write_volume(tmp_path / f"a{suffix}", values)
    samples, _ = load_images(tmp_path / f"a{suffix}")
    # Whole numbers keep their type until a network divides them.
    assert (samples.shape, samples.dtype.kind) == ((1, 4, 5, 6, 1), values.dtype.kind)
    np.testing.assert_array_equal(samples[0, ..., 0], values)


@pytest.mark.parametrize(
    ("shape", "expected"),
    [((8, 9, 1), (8, 9, 1)), ((4, 5, 6, 3), (4, 5, 6, 3)), ((4, 5, 6, 1), (4, 5, 6, 1)), ((7, 1, 1), (7, 1))],
)
def test_axes_of_volumes(tmp_path: Path, shape: tuple[int, ...], expected: tuple[int, ...]) -> None:
    write_volume(tmp_path / "a.nii", RNG.normal(size=shape).astype("f4"))
    assert load_images(tmp_path / "a.nii")[0].shape == (1, *expected)


def test_volumes_are_turned_alike(tmp_path: Path) -> None:
    values = RNG.normal(size=(4, 5, 6)).astype("f4")
    write_volume(tmp_path / "a.nii", values)
    # The same head, stored from left to right and with the axes in another order.
    write_volume(tmp_path / "b.nii", values[::-1], np.diag([-1.0, 1, 1, 1]))
    swapped = np.eye(4)[[2, 1, 0, 3]]
    write_volume(tmp_path / "c.nii", values.transpose(2, 1, 0), swapped)
    samples, _ = load_images(tmp_path)
    for sample in samples:
        np.testing.assert_array_equal(sample[..., 0], values)


def test_a_folder_of_volumes(tmp_path: Path) -> None:
    folder = classes_of(
        tmp_path / "v", lambda file, i: write_volume(file, RNG.normal(size=(4, 5, 6)).astype("f4")), ".nii.gz"
    )
    assert load(folder).grid == (4, 5, 6)
    write_volume(folder / "up" / "0.nii.gz", RNG.normal(size=(4, 5, 7)).astype("f4"))
    with pytest.raises(DataError, match=r"expected one shape.*pass size_to=\(4, 5, 6\)"):
        load(folder)
    assert load(folder, size_to=(4, 4, 4)).grid == (4, 4, 4)


# -- HDF5 and MATLAB ---------------------------------------------------------------------------------------
def write_hdf5(path: Path, arrays: dict[str, Any]) -> None:
    with h5py.File(path, "w") as file:
        for name, values in arrays.items():
            array = np.asarray(values)
            file[name] = array.astype(h5py.string_dtype()) if array.dtype.kind == "U" else array


def write_matlab(path: Path, arrays: dict[str, Any]) -> None:
    cells = {n: np.array(v, dtype=object) if np.asarray(v).dtype.kind == "U" else v for n, v in arrays.items()}
    savemat(path, cells)


WRITERS: dict[str, Callable[[Path, dict[str, Any]], None]] = {
    ".npz": lambda path, arrays: np.savez(path, **arrays),
    ".h5": write_hdf5,
    ".hdf5": write_hdf5,
    ".mat": write_matlab,
}


@pytest.mark.parametrize("suffix", WRITERS)
@pytest.mark.parametrize("dtype", ["u1", "i2", ">i4", "f4", "f8"])
@pytest.mark.parametrize("labels", [LABELS, np.array([1990, 2003] * 3), np.array([-1.0, 1.0] * 3)])
def test_archives_of_every_kind_are_the_same(tmp_path: Path, suffix: str, dtype: str, labels: np.ndarray) -> None:
    # Whole numbers in floats: MATLAB files hold them as bytes.
    x = RNG.integers(0, 200, (6, 8, 7)).astype(dtype)
    WRITERS[suffix](tmp_path / f"a{suffix}", {"x": x, "y": labels})
    found, expected = load(tmp_path / f"a{suffix}"), from_arrays(x, labels)
    np.testing.assert_array_equal(found.images, expected.images)
    assert found.targets.tolist() == expected.targets.tolist()
    assert (found.classes, found.full_scale, found.name) == (expected.classes, expected.full_scale, "a")
    # Whole numbers keep their type until a network divides them.
    unlabelled = load_images(tmp_path / f"a{suffix}")[0].dtype
    assert unlabelled == (np.float32 if "f" in dtype else np.dtype(dtype).newbyteorder("="))


@pytest.mark.parametrize("suffix", WRITERS)
def test_names_of_classes_and_upper_case(tmp_path: Path, suffix: str) -> None:
    x = RNG.normal(size=(6, 8, 7))
    WRITERS[suffix](tmp_path / f"a{suffix}", {"X": x, "Y": np.arange(6) % 2, "classes": ["no", "yes", "perhaps"]})
    assert load(tmp_path / f"a{suffix}").classes == ("no", "yes", "perhaps")
    WRITERS[suffix](tmp_path / f"b{suffix}", {"z": x})
    with pytest.raises(DataError, match=r"got the arrays z, expected the arrays x and y, or x alone"):
        load(tmp_path / f"b{suffix}")
    WRITERS[suffix](tmp_path / f"c{suffix}", {"x": x})
    with pytest.raises(DataError, match=r"got samples without labels, expected the arrays x and y"):
        load(tmp_path / f"c{suffix}")


def test_matlab_is_read_as_matlab_means_it(tmp_path: Path) -> None:
    x = np.floor(RNG.uniform(0, 200, (32, 32, 3, 6)))
    savemat(tmp_path / "a.mat", {"X": x, "y": np.array([[1], [2], [10]] * 2)})
    with pytest.raises(DataError, match=r"for 6 labels.*layout='hwcn'"):
        load(tmp_path / "a.mat")
    dataset = load(tmp_path / "a.mat", layout="hwcn")
    # Doubles are not divided by 255, although the file holds small ones as bytes.
    np.testing.assert_array_equal(dataset.images, np.moveaxis(x, -1, 0))
    assert dataset.classes == ("1", "2", "10")
    savemat(tmp_path / "b.mat", {"x": RNG.normal(size=(6, 9)) > 0, "y": np.array(["up", "down"] * 3)})
    assert (load(tmp_path / "b.mat").images.max(), load(tmp_path / "b.mat").classes) == (1, ("down", "up"))
    (tmp_path / "c.mat").write_bytes(b"MATLAB 7.3 MAT-file".ljust(600))
    with pytest.raises(DataError, match=r"got MATLAB version 7.3, expected version 4 to 7; write it with save"):
        load(tmp_path / "c.mat")


# -- damaged files, missing packages -------------------------------------------------------------------------
MAKERS: dict[str, Callable[[Path], Any]] = {
    ".wav": lambda path: wavfile.write(path, 8000, np.resize(sound("i2"), 5000)),
    ".nii": lambda path: write_volume(path, RNG.normal(size=(9, 9, 9)).astype("f4")),
    ".nii.gz": lambda path: write_volume(path, RNG.normal(size=(9, 9, 9)).astype("f4")),
    ".h5": lambda path: write_hdf5(path, {"x": RNG.normal(size=(9, 9, 9)), "y": np.arange(9) % 2}),
    ".mat": lambda path: write_matlab(path, {"x": RNG.normal(size=(9, 9, 9)), "y": np.arange(9) % 2}),
    ".npz": lambda path: np.savez(path, x=RNG.normal(size=(9, 9, 9)), y=np.arange(9) % 2),
    ".npy": lambda path: np.save(path, RNG.normal(size=(9, 9, 9))),
}


@pytest.mark.parametrize("suffix", MAKERS)
def test_damaged_files_are_one_line(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"a{suffix}"
    MAKERS[suffix](path)
    load_images(path)
    whole = path.read_bytes()
    for content in (b"", b"\0" * 700, b"something else", whole[:20], whole[: len(whole) // 2], whole[:-300]):
        path.write_bytes(content)
        with pytest.raises(DataError, match=rf"file .*a{suffix}: got a file that cannot be read .*write it") as caught:
            load_images(path)
        assert "\n" not in str(caught.value)
    path.unlink()
    path.mkdir()
    with pytest.raises(DataError, match="got no images, expected files in it of"):
        load_images(path)


def huge_npy(path: Path) -> None:
    with path.open("wb") as file:
        np.lib.format.write_array_header_1_0(file, {"descr": "<f8", "fortran_order": False, "shape": (10**8, 10**8)})
        file.write(bytes(100))


def huge_hdf5(path: Path) -> None:
    with h5py.File(path, "w") as file:
        file.create_dataset("x", shape=(10**8, 10**8), dtype="f8", chunks=(100, 100))


def huge_nifti(path: Path) -> None:
    header = nibabel.Nifti1Header()
    header.set_data_shape((30_000, 30_000, 30_000))
    header.set_data_dtype("f8")
    header["vox_offset"], header["magic"] = 352, b"n+1"
    path.write_bytes(header.binaryblock + bytes(500))


@pytest.mark.parametrize(("suffix", "write"), [(".npy", huge_npy), (".h5", huge_hdf5), (".nii", huge_nifti)])
def test_files_that_claim_more_than_the_memory_holds(
    tmp_path: Path, suffix: str, write: Callable[[Path], None]
) -> None:
    write(tmp_path / f"a{suffix}")
    with pytest.raises(DataError, match=rf"file .*a{suffix}: got a file that cannot be read") as caught:
        load_images(tmp_path / f"a{suffix}")
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("suffix", WRITERS)
@pytest.mark.parametrize(
    ("x", "message"),
    [
        (np.array(["a", "b"]), "expected real numbers"),
        (np.array([[1 + 2j, 1], [2, 1]]), "got numbers of complex128, expected real numbers"),
        (np.array([[1.0, np.nan], [np.inf, 1]]), "got 1 NaN and 1 infinite values"),
        (np.zeros((0, 8)), "at least 1 sample|of shape|too small|no array|shape"),
    ],
)
def test_samples_that_are_no_numbers(tmp_path: Path, suffix: str, x: np.ndarray, message: str) -> None:
    WRITERS[suffix](tmp_path / f"a{suffix}", {"x": x})
    with pytest.raises(DataError, match=rf"(samples|images) of .*a{suffix}: .*({message})") as caught:
        load_images(tmp_path / f"a{suffix}")
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(("package", "suffix"), [("h5py", ".h5"), ("nibabel", ".nii.gz")])
def test_a_missing_package_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, package: str, suffix: str) -> None:
    MAKERS[suffix](tmp_path / f"a{suffix}")

    monkeypatch.setitem(sys.modules, package, None)
    message = rf'got no package {package}, expected the extra files; run pip install -e "\.\[files\]"'
    with pytest.raises(ConfigurationError, match=message):
        load_images(tmp_path / f"a{suffix}")


# -- a file per sample ---------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("shape", "layout", "grid", "channels"),
    [
        ((64,), None, (64,), 1),
        ((8, 7), None, (8, 7), 1),
        ((8, 7, 3), None, (8, 7), 3),
        ((3, 8, 7), "chw", (8, 7), 3),
        ((9, 64), "c t", (64,), 9),
    ],
)
def test_a_folder_of_arrays(
    tmp_path: Path, shape: tuple[int, ...], layout: str | None, grid: tuple[int, ...], channels: int
) -> None:
    arrays = RNG.normal(size=(6, *shape))
    folder = classes_of(tmp_path / "a", lambda file, i: np.save(file, arrays[i]), ".npy")
    dataset = load(folder, layout=layout)
    assert (len(dataset), dataset.grid, dataset.channels) == (6, grid, channels)
    assert dataset.images.sum() == pytest.approx(arrays.sum(), rel=1e-4)
    if layout:
        with pytest.raises(DataError, match=r"several ways.*pass layout='hw'|several ways.*pass layout='chw'"):
            load(folder)
    # The layout that was found reads the files again, each as one sample.
    assert load_images(folder, layout=dataset.layout)[0].shape == dataset.images.shape


def test_several_samples_per_file(tmp_path: Path) -> None:
    folder = classes_of(tmp_path / "a", lambda file, i: np.save(file, RNG.normal(size=(i + 1, 8, 7))), ".npy")
    dataset = load(folder, layout="nhw")
    assert (len(dataset), dataset.class_counts()) == (21, {"down": 12, "up": 9})


@pytest.mark.parametrize("dtype", ["u1", "i4", "?", "f8"])
def test_values_of_folders_are_those_of_arrays(tmp_path: Path, dtype: str) -> None:
    # Booleans of which few are False could be constant, which is refused.
    arrays = RNG.integers(0, 2 if dtype == "?" else 200, (6, 8, 8)).astype(dtype)
    folder = classes_of(tmp_path / "a", lambda file, i: np.save(file, arrays[i]), ".npy")
    expected = from_arrays(arrays[[1, 3, 5, 0, 2, 4]], LABELS[[1, 3, 5, 0, 2, 4]])
    np.testing.assert_array_equal(load(folder).images, expected.images)
    assert load(folder).full_scale == expected.full_scale


def test_training_and_test_folders(tmp_path: Path) -> None:
    for part in ("train", "test"):
        classes_of(tmp_path / part, lambda file, i: np.save(file, RNG.normal(size=(8, 8))), ".npy")
    dataset = load(tmp_path)
    assert (len(dataset), dataset.official_test, dataset.classes) == (12, 6, ("down", "up"))
    (tmp_path / "test" / "left").mkdir()
    np.save(tmp_path / "test" / "left" / "a.npy", RNG.normal(size=(8, 8)))
    with pytest.raises(DataError, match=r"got the class 'left' in test only, expected its samples in train"):
        load(tmp_path)


# -- whole numbers of arrays -----------------------------------------------------------------------------------
def test_whole_numbers_keep_their_type_for_the_network(tmp_path: Path) -> None:
    bytes_, shorts = RNG.integers(0, 256, (2, 8, 8), dtype="u1"), RNG.integers(0, 9, (2, 8, 8)).astype("i2")
    for name, array in (("a", bytes_), ("b", bytes_), ("c", shorts), ("d", bytes_ / 255.0)):
        np.save(tmp_path / f"{name}.npy", array)
    files = {name: tmp_path / f"{name}.npy" for name in "abcd"}
    assert load_images([files["a"], files["b"]])[0].dtype == np.uint8
    assert load_images(files["c"])[0].dtype == np.int16
    # Together with floats, bytes count as grey levels.
    mixed, _ = load_images([files["a"], files["d"]])
    np.testing.assert_allclose(mixed[:2], mixed[2:], rtol=1e-6)
    assert mixed.dtype == np.float32
    # What float32 would lose stays.
    np.save(tmp_path / "e.npy", 1e6 + RNG.normal(size=(2, 8, 8)))
    assert load_images(tmp_path / "e.npy")[0].dtype == np.float64


# -- arrays and tables in memory -------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("y", "labels", "classes"),
    [
        ([True, False, True], [1, 0, 1], ("0", "1")),
        (["b", "a", "b"], [1, 0, 1], ("a", "b")),
        ((b"b", b"a", b"b"), [1, 0, 1], ("a", "b")),
        (np.array(["b", "a", "b"], dtype=object), [1, 0, 1], ("a", "b")),
        (np.array([7, 3, 7], dtype=object), [1, 0, 1], ("3", "7")),
        ([7.0, -3.0, 7.0], [1, 0, 1], ("-3", "7")),
        (np.array([7, 3, 7], dtype=">u8"), [1, 0, 1], ("3", "7")),
    ],
)
def test_labels_of_arrays(y: Any, labels: list[int], classes: tuple[str, ...]) -> None:
    dataset = from_arrays([[1, 2], [3, 4], [5, 6]], y)
    assert (dataset.targets.tolist(), dataset.classes, dataset.targets.dtype) == (labels, classes, np.int64)


@given(st.lists(st.integers(-(2**52), 2**52), min_size=2).filter(lambda y: len(set(y)) > 1), st.sampled_from("fi"))
def test_whole_labels_keep_their_numbers_as_names(y: list[int], kind: str) -> None:
    numbers, classes = number_labels(np.array(y, dtype=f"{kind}8"), None, "made")
    assert [int(classes[number]) for number in numbers] == y
    assert list(map(int, classes)) == sorted(set(y))


@given(st.lists(st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=5), min_size=1))
def test_names_stay_names(y: list[str]) -> None:
    numbers, classes = number_labels(y, None, "made")
    assert [classes[number] for number in numbers] == y
    in_bytes, same = number_labels([text.encode() for text in y], None, "made")
    assert (in_bytes.tolist(), same) == (numbers.tolist(), classes)


@pytest.mark.parametrize(
    ("y", "message"),
    [
        (["a", 1, "b"], "got names and numbers together"),
        (["a", None, "b"], "got no label at index 1"),
        ([1, None, 2], "got no label at index 1"),
        (np.array([1.0, np.nan, 2.0]), "got nan at index 1"),
        (np.ma.masked_equal([1, 2, 1], 2), "masked labels"),
        (np.array(["2001-01-01"] * 3, dtype="M8[D]"), "got dtype datetime64"),
        (np.eye(3), r"got shape \(3, 3\), expected shape \(samples,\); .*argmax"),
        (5, r"got shape \(\)"),
    ],
)
def test_labels_that_are_none(y: Any, message: str) -> None:
    with pytest.raises(DataError, match=f"labels of arrays: .*{message}|labels of arrays: {message}") as caught:
        from_arrays(RNG.normal(size=(3, 8)), y)
    assert "\n" not in str(caught.value)


def test_full_scale_of_arrays() -> None:
    x = RNG.integers(0, 4096, (4, 8, 8))
    dataset = from_arrays(x, [0, 1, 0, 1], full_scale=4095)
    np.testing.assert_allclose(dataset.images[..., 0], x / 4095, rtol=1e-6)
    assert dataset.full_scale == 4095
    assert from_arrays(x, [0, 1, 0, 1], official_test=2).official_test == 2


def test_tables() -> None:
    pandas = pytest.importorskip("pandas")
    values = RNG.integers(0, 256, (6, 12)).astype("u1")
    frame = pandas.DataFrame(values).assign(kind=LABELS)
    dataset = from_dataframe(frame, "kind", grid=(3, 4))
    np.testing.assert_array_equal(dataset.images[..., 0], (values / np.float32(255)).reshape(6, 3, 4))
    assert (dataset.classes, dataset.full_scale) == (("down", "up"), 255)
    assert from_dataframe(frame, "kind").grid == (12,)
    categories = pandas.Categorical(LABELS, categories=["up", "left", "down"])
    ordered = from_dataframe(frame.assign(kind=categories), "kind")
    assert (ordered.classes, ordered.targets[:2].tolist()) == (("up", "left", "down"), [0, 2])
    nullable = pandas.DataFrame(values).astype("Int64").assign(kind=pandas.array(LABELS, dtype="string"))
    assert from_dataframe(nullable, "kind").images.max() == values.max()


def test_tables_that_do_not_fit() -> None:
    with pytest.raises(DataError, match="table table: got a list, expected a table with columns"):
        from_dataframe([[1, 2]], "kind")
    pandas = pytest.importorskip("pandas")
    frame = pandas.DataFrame(RNG.normal(size=(6, 4)), columns=list("abcd")).assign(kind=LABELS)
    for change, arguments, message in (
        (frame, {"label": "sort"}, "labels of table: got 0 columns 'sort' among a, b, c, d, kind"),
        (frame, {"label": "a"}, "got the column 'kind' without numbers"),
        (frame.assign(b=[1, 2, None, 4, 5, 6]), {"label": "kind"}, "got no value in row 2, column 'b'"),
        (frame.assign(kind=["u", "d", None] * 2), {"label": "kind"}, "got no label in row 2"),
        (frame, {"label": "kind", "grid": (3, 3)}, r"got 4 columns, expected one per point of grid=\(3, 3\)"),
    ):
        with pytest.raises(DataError, match=message):
            from_dataframe(change, **arguments)


# -- readers of your own -------------------------------------------------------------------------------------
def test_a_registered_reader_is_known_everywhere(tmp_path: Path) -> None:
    register_reader(".txt", ".t.gz", read=lambda path: Contents(np.loadtxt(path), layout="t"))
    try:
        folder = classes_of(tmp_path / "t", lambda file, i: np.savetxt(file, RNG.normal(size=9)), ".TXT")
        assert load(folder).grid == (9,)
        assert load_images(folder / "up" / "0.TXT")[0].shape == (1, 9, 1)
        (folder / "up" / "0.TXT").write_text("1 2 x")
        with pytest.raises(DataError, match=r"0.TXT: got a file that cannot be read .*a complete .txt file"):
            load(folder)
        for wrong in (".txt", "txt", ".TXT"):
            with pytest.raises(ConfigurationError, match=rf"suffix: got '{wrong}', expected a suffix"):
                register_reader(wrong, read=lambda path: Contents(np.loadtxt(path)))
    finally:
        del READERS[".txt"], READERS[".t.gz"]
