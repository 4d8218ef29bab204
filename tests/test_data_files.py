"""Datasets from IDX and npz files, whole and damaged."""

from __future__ import annotations

import gzip
import struct
from pathlib import Path

import numpy as np
import pytest

from freqnet.data import load
from freqnet.errors import DataError, DataWarning

GENERATOR = np.random.default_rng(0)


def idx_bytes(array: np.ndarray) -> bytes:
    return bytes([0, 0, 8, array.ndim]) + struct.pack(f">{array.ndim}I", *array.shape) + array.tobytes()


def write_mnist(folder: Path, mark: str = "-", suffix: str = "", tests: int = 4) -> dict[str, np.ndarray]:
    """Write four IDX files of 12 training and some test images; return their arrays by file stem."""
    folder.mkdir(parents=True, exist_ok=True)
    arrays = {}
    for part, count in (("train", 12), ("t10k", tests)):
        arrays[f"{part}-images"] = GENERATOR.integers(0, 256, (count, 6, 5), dtype=np.uint8)
        arrays[f"{part}-labels"] = (np.arange(count) % 3).astype(np.uint8)
    for stem, array in arrays.items():
        content = idx_bytes(array)
        path = folder / f"{stem}{mark}idx{array.ndim}-ubyte{suffix}"
        path.write_bytes(gzip.compress(content, mtime=0) if suffix else content)
    return arrays


# --- IDX ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("mark", ["-", "."])
@pytest.mark.parametrize("suffix", ["", ".gz"])
def test_mnist_from_idx_files(tmp_path: Path, mark: str, suffix: str) -> None:
    arrays = write_mnist(tmp_path, mark, suffix)
    dataset = load("mnist", folder=tmp_path)
    assert (dataset.images.shape, dataset.images.dtype) == ((16, 6, 5, 1), np.float32)
    assert (dataset.official_test, len(dataset.classes)) == (4, 10)
    np.testing.assert_allclose(dataset.images[:12, ..., 0], arrays["train-images"] / 255, rtol=1e-6)
    np.testing.assert_array_equal(dataset.targets[12:], arrays["t10k-labels"])


@pytest.mark.parametrize("place", ["data", "data/mnist", "home/.cache/freqnet/mnist"])
def test_mnist_is_found_where_it_is_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, place: str) -> None:
    monkeypatch.setenv("FREQNET_DATA", str(tmp_path / "data"))
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    write_mnist(tmp_path / place)
    assert len(load("mnist")) == 16


IMAGES = idx_bytes(np.zeros((12, 6, 5), np.uint8))


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("train-images-idx3-ubyte", b"", "got a header of no bytes, expected magic number 00000803"),
        (
            "train-images-idx3-ubyte",
            b"<html>not found</html>",
            "expected magic number 00000803 and 3 lengths",
        ),
        ("train-labels-idx1-ubyte", IMAGES, "expected magic number 00000801 and 1 lengths"),
        ("train-images-idx3-ubyte", IMAGES[:-1], r"359 bytes .*expected 360 bytes.*\(12, 6, 5\).*download"),
        ("train-images-idx3-ubyte", IMAGES + b"!", "more than 360 bytes after the header, expected 360"),
        ("train-images-idx3-ubyte", gzip.compress(IMAGES, mtime=0)[:-9], "unreadable file .*download it again"),
        ("train-images-idx3-ubyte", gzip.compress(IMAGES, mtime=0)[:-8] + b"12345678", "unreadable file .*CRC"),
        ("train-images-idx3-ubyte", b"\0\0\x08\x03" + b"\xff" * 12, r"got 0 bytes .*4294967295"),
        (
            "train-labels-idx1-ubyte",
            idx_bytes(np.zeros(11, np.uint8)),
            "12 images but 11 labels, expected equally",
        ),
        ("t10k-images-idx3-ubyte", idx_bytes(np.zeros((4, 6, 6), np.uint8)), "expected one size"),
    ],
)
def test_damaged_idx_files(tmp_path: Path, name: str, content: bytes, message: str) -> None:
    write_mnist(tmp_path)
    (tmp_path / name).write_bytes(content)
    with pytest.raises(DataError, match=message):
        load("mnist", folder=tmp_path)


def test_training_files_alone_are_a_dataset_which_is_told(tmp_path: Path) -> None:
    arrays = write_mnist(tmp_path)
    for stem in ("t10k-images-idx3", "t10k-labels-idx1"):
        (tmp_path / f"{stem}-ubyte").unlink()
    with pytest.warns(DataWarning, match="got no t10k-images, t10k-labels file, expected a test set; the test part is"):
        dataset = load("mnist", folder=tmp_path)
    assert (len(dataset), dataset.official_test) == (12, 0)
    np.testing.assert_array_equal(dataset.targets, arrays["train-labels"])


def test_missing_idx_files_are_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_mnist(tmp_path)
    (tmp_path / "t10k-labels-idx1-ubyte").unlink()
    with pytest.raises(DataError, match="got no t10k-labels file, expected the four IDX files"):
        load("mnist", folder=tmp_path)
    monkeypatch.setenv("FREQNET_DATA", str(tmp_path))
    with pytest.raises(DataError, match="got no t10k-labels file"):
        load("mnist")
    with pytest.raises(DataError, match="got no such folder"):
        load("mnist", folder=tmp_path / "absent")


# --- npz -------------------------------------------------------------------------------------------


def save(path: Path, arrays: dict) -> None:
    np.savez(path, **arrays)


@pytest.mark.parametrize(
    ("shape", "expected"),
    [
        ((4, 16), (4, 16, 1)),
        ((4, 8, 6), (4, 8, 6, 1)),
        ((4, 8, 6, 3), (4, 8, 6, 3)),
        ((4, 5, 8, 6, 2), (4, 5, 8, 6, 2)),
    ],
)
def test_axes_of_npz_samples(tmp_path: Path, shape: tuple[int, ...], expected: tuple[int, ...]) -> None:
    np.savez(tmp_path / "set.npz", x=GENERATOR.normal(size=shape), y=[0, 1, 2, 1])
    dataset = load(str(tmp_path / "set.npz"))
    assert (dataset.images.shape, dataset.images.dtype) == (expected, np.float32)
    assert (dataset.name, dataset.classes, dataset.official_test) == ("set", ("0", "1", "2"), 0)


def test_only_uint8_samples_are_scaled(tmp_path: Path) -> None:
    for dtype, value in ((np.uint8, 1.0), (np.int16, 255.0), (np.float64, 255.0)):
        np.savez(tmp_path / "set.npz", x=np.full((2, 8, 8), 255, dtype), y=[0, 1])
        assert load(tmp_path / "set.npz").images.max() == value


@pytest.mark.parametrize(
    ("labels", "classes", "numbers", "names"),
    [
        (["dog", "cat", "dog"], None, [1, 0, 1], ("cat", "dog")),
        (["dog", "cat", "dog"], ["dog", "cow", "cat"], [0, 2, 0], ("dog", "cow", "cat")),
        ([b"b", b"a", b"a"], None, [1, 0, 0], ("a", "b")),
        ([3, 0, 3], None, [1, 0, 1], ("0", "3")),
        ([1990, 2003, 1995], None, [0, 2, 1], ("1990", "1995", "2003")),
        ([-1.0, 1.0, -1.0], None, [0, 1, 0], ("-1", "1")),
        ([10**9, 9, 9], None, [1, 0, 0], ("9", "1000000000")),
        ([2.0, 10.0, 2.0], None, [0, 1, 0], ("2", "10")),
        ([True, False, True], None, [1, 0, 1], ("0", "1")),
        ([1.0, 0.0, 1.0], None, [1, 0, 1], ("0", "1")),
        ([True, False, True], ["no", "yes"], [1, 0, 1], ("no", "yes")),
    ],
)
def test_labels_of_npz(tmp_path: Path, labels: list, classes: list | None, numbers: list, names: tuple) -> None:
    arrays = {"x": np.zeros((3, 8)), "y": np.array(labels)}
    if classes is not None:
        arrays["classes"] = np.array(classes)
    save(tmp_path / "set.npz", arrays)
    dataset = load(tmp_path / "set.npz")
    assert (dataset.targets.tolist(), dataset.targets.dtype, dataset.classes) == (numbers, np.int64, names)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"y": None}, "got samples without labels, expected the arrays x and y; save both"),
        ({"x": None}, "got the arrays y, expected the arrays x and y"),
        ({"y": [0, 1]}, r"got shape \(2,\) for 3 images, expected shape \(3,\)"),
        ({"y": [[0], [1], [1]]}, r"labels .* got shape \(3, 1\), expected shape \(samples,\)"),
        ({"y": [0, 0.5, 1]}, "got 0.5 at index 1, expected whole numbers or names"),
        ({"y": [0, 1, np.nan]}, "got nan at index 2, expected whole numbers"),
        ({"y": [0, 1, 1j]}, "got dtype complex128, expected whole numbers"),
        ({"y": [0, 1, 2**63], "classes": None}, "at index 2, expected whole numbers"),
        ({"y": [-1, 0, 1], "classes": ["a", "b"]}, "got labels from -1 to 1, expected labels from 0 to 1"),
        ({"y": [1, 1, 1]}, "got samples of 1 class"),
        ({"y": [0, 1, 2], "classes": ["a", "b"]}, "got labels from 0 to 2, expected labels from 0 to 1"),
        ({"y": ["a", "b", "c"], "classes": ["a", "b"]}, "got the label 'c', expected one of the 2 names"),
        ({"classes": [1, 2]}, r"classes .* got shape \(2,\) of dtype int64, expected strings"),
        ({"classes": ["a", "a"]}, "got the name 'a' more than once"),
        (
            {"y": np.array([0, "a", None], dtype=object)},
            "arrays of Python objects, expected arrays of numbers",
        ),
        ({"x": np.zeros(3)}, r"got shape \(3,\), expected 2 to 5 axes"),
        ({"x": np.zeros((3, 8), complex)}, "numbers of complex128, expected real numbers"),
        ({"x": np.zeros((3, 3, 8, 8))}, r"got shape \(3, 3, 8, 8\), whose axes .*pass layout='nchw'"),
        ({"x": np.full((3, 8), 1e300)}, "got 0 NaN and 24 infinite values, .* finite in float32"),
        ({"x": np.zeros((3, 8, 8, 0))}, "at least 1 sample and 1 channel"),
        ({"x": np.zeros((0, 8)), "y": np.zeros(0)}, r"labels .* got shape \(0,\)"),
    ],
)
def test_npz_that_does_not_fit(tmp_path: Path, change: dict, message: str) -> None:
    arrays = {"x": np.zeros((3, 8)), "y": [0, 1, 1], **change}
    save(tmp_path / "set.npz", {name: value for name, value in arrays.items() if value is not None})
    with pytest.raises(DataError, match=message) as caught:
        load(tmp_path / "set.npz")
    assert "\n" not in str(caught.value)


def test_damaged_npz(tmp_path: Path) -> None:
    path = tmp_path / "set.npz"
    with pytest.raises(DataError, match=r"got no file .*set\.npz, expected an existing file"):
        load(path)
    np.savez_compressed(path, x=GENERATOR.normal(size=(3, 8)), y=[0, 1, 1])
    whole = path.read_bytes()
    scrambled = whole[:60] + bytes(255 - byte for byte in whole[60:90]) + whole[90:]
    for content in (b"", b"not a zip archive", whole[: len(whole) // 2], whole[:-10], scrambled):
        path.write_bytes(content)
        with pytest.raises(DataError, match=r"cannot be read .*complete .npz file; write it again"):
            load(path)
