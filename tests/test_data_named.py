"""Published datasets by name: Fashion-MNIST, CIFAR-10 and CIFAR-100, whole and damaged."""

from __future__ import annotations

import gzip
import io
import pickle
import tarfile
from pathlib import Path

import numpy as np
import pytest
from test_data_files import write_mnist

from freqnet.data import load
from freqnet.data.cifar import CIFAR
from freqnet.errors import ConfigurationError, DataError, DataWarning

# Training files with as many images, and a test file.
IMAGES, TESTS = 60, 30


@pytest.fixture(autouse=True)
def small(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Files of a few images in the place of 184 MB, and no files of this machine's user."""
    for name, cifar in CIFAR.items():
        monkeypatch.setitem(CIFAR, name, cifar._replace(sizes=(IMAGES * 5 // len(cifar.training), TESTS)))
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.delenv("FREQNET_DATA", raising=False)


def write_cifar(folder: Path, name: str = "cifar10") -> tuple[np.ndarray, np.ndarray]:
    """Write the binary files of a dataset; return all images ``(n, 32, 32, 3)`` and labels ``(n, bytes of labels)``."""
    folder.mkdir(parents=True, exist_ok=True)
    cifar, rng = CIFAR[name], np.random.default_rng(0)
    images, labels = [], []
    for file in (*cifar.training, cifar.test):
        count = TESTS if file == cifar.test else IMAGES * 5 // len(cifar.training)
        pixels = rng.integers(0, 256, (count, 32, 32, 3), dtype=np.uint8)
        # Coarse labels are below 20.
        own = np.stack([np.arange(count) % (10 if cifar.labels == 1 else n) for n in (20, 100)[: cifar.labels]], axis=1)
        content = bytearray()
        for picture, numbers in zip(pixels, own, strict=True):
            content += bytes(numbers.tolist())
            for channel in range(3):
                content += b"".join(bytes(row[:, channel].tolist()) for row in picture)
        (folder / file).write_bytes(content)
        images.append(pixels)
        labels.append(own)
    return np.concatenate(images), np.concatenate(labels)


def packed(folder: Path, archive: Path, inside: str = "cifar-10-batches-bin/") -> Path:
    with tarfile.open(archive, "w:gz" if archive.suffix == ".gz" else "w") as tar:
        for file in sorted(folder.iterdir()):
            tar.add(file, inside + file.name)
    return archive


# --- CIFAR ----------------------------------------------------------------------------------------
def test_sizes_are_the_official_ones(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.undo()
    assert [CIFAR["cifar10"].bytes_of(f"{name}.bin") for name in ("data_batch_3", "test_batch")] == [30_730_000] * 2
    assert [CIFAR["cifar100"].bytes_of(f"{name}.bin") for name in ("train", "test")] == [153_700_000, 30_740_000]
    assert [len(set(CIFAR[name].classes)) for name in CIFAR] == [10, 100, 20]
    # The official numbers follow the alphabet.
    assert all(list(cifar.classes) == sorted(cifar.classes) for cifar in CIFAR.values())


@pytest.mark.parametrize(("name", "place"), [("cifar10", 0), ("cifar100", 1), ("cifar100-coarse", 0)])
def test_cifar_from_its_binary_files(tmp_path: Path, name: str, place: int) -> None:
    images, labels = write_cifar(tmp_path, name)
    dataset = load(name, folder=tmp_path)
    assert (dataset.name, dataset.classes, dataset.official_test) == (name, CIFAR[name].classes, TESTS)
    np.testing.assert_array_equal(dataset.images, images.astype(np.float32) / np.float32(255))
    np.testing.assert_array_equal(dataset.targets, labels[:, place])
    assert (dataset.full_scale, dataset.targets.dtype) == (255.0, np.int64)
    # Inference on images with their channels in planes took twice as long.
    assert dataset.stored.flags.c_contiguous


@pytest.mark.parametrize(
    "place",
    ["data", "data/cifar10", "data/cifar-10-batches-bin", "home/.cache/freqnet/cifar10/cifar-10-batches-bin"],
)
@pytest.mark.parametrize("archive", ["", "cifar-10-binary.tar.gz", "cifar-10-binary.tar"])
def test_cifar_is_found_where_it_is_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, place: str, archive: str
) -> None:
    monkeypatch.setenv("FREQNET_DATA", str(tmp_path / "data"))
    folder = tmp_path / place
    _, labels = write_cifar(tmp_path / "files" if archive else folder)
    if archive:
        folder.mkdir(parents=True)
        path = packed(tmp_path / "files", folder / archive)
        assert load("cifar10", folder=path).targets.tolist() == labels[:, 0].tolist()
    assert load("cifar10").targets.tolist() == labels[:, 0].tolist()
    assert load("cifar10", folder=folder).targets.tolist() == labels[:, 0].tolist()


def test_names_of_classes_come_from_the_files(tmp_path: Path) -> None:
    write_cifar(tmp_path)
    (tmp_path / "batches.meta.txt").write_text("plane\ncar\nbird\ncat\ndeer\ndog\nfrog\nhorse\nship\ntruck\n\n")
    assert load("cifar10", folder=tmp_path).classes[:2] == ("plane", "car")
    for text in ("plane\ncar\n", "a\n" * 10, "x" * 70_000):
        (tmp_path / "batches.meta.txt").write_text(text)
        with pytest.raises(DataError, match=r"got .*, expected (10, one per class|65536 bytes)"):
            load("cifar10", folder=tmp_path)


def test_without_its_test_file_it_has_no_official_test_set(tmp_path: Path) -> None:
    write_cifar(tmp_path)
    (tmp_path / "test_batch.bin").unlink()
    with pytest.warns(DataWarning, match=r"got no test_batch\.bin, expected a test set; the test part is drawn"):
        dataset = load("cifar10", folder=tmp_path)
    assert (len(dataset), dataset.official_test) == (5 * IMAGES, 0)


RECORD = 3073


@pytest.mark.parametrize(
    ("name", "change", "message"),
    [
        ("data_batch_2.bin", None, r"got no data_batch_2\.bin, expected all training files of CIFAR-10; unpack"),
        ("data_batch_2.bin", lambda b: b[:-1], f"got {IMAGES * RECORD - 1} bytes, expected {IMAGES * RECORD} bytes; d"),
        ("data_batch_2.bin", lambda b: b[:-RECORD], f"got {(IMAGES - 1) * RECORD} bytes, expected"),
        ("test_batch.bin", lambda b: b + b"!", f"got {TESTS * RECORD + 1} bytes, expected"),
        ("test_batch.bin", lambda b: b"", "got 0 bytes, expected"),
        ("data_batch_5.bin", lambda b: b[:RECORD] + b"\x0a" + b[RECORD + 1 :], "the label 10 of image 1, expected lab"),
    ],
)
@pytest.mark.parametrize("is_packed", [False, True])
def test_damaged_cifar(tmp_path: Path, name: str, change: object, message: str, is_packed: bool) -> None:
    write_cifar(tmp_path / "files")
    file = tmp_path / "files" / name
    content = file.read_bytes()
    file.unlink() if change is None else file.write_bytes(change(content))  # type: ignore[operator]
    source = packed(tmp_path / "files", tmp_path / "cifar-10-binary.tar.gz") if is_packed else tmp_path / "files"
    with pytest.raises(DataError, match=message) as caught:
        load("cifar10", folder=source)
    assert "\n" not in str(caught.value)


def test_damaged_archives(tmp_path: Path) -> None:
    write_cifar(tmp_path / "files")
    path = packed(tmp_path / "files", tmp_path / "cifar-10-binary.tar.gz")
    whole = path.read_bytes()
    wrong = gzip.decompress(whole).replace(b"data_batch", b"dataXbatch")
    for content in (
        whole[:-9],
        whole[: len(whole) // 2],
        whole[:-8] + b"12345678",
        b"<html>",
        b"",
        gzip.compress(wrong),
    ):
        path.write_bytes(content)
        with pytest.raises(DataError, match=r"unreadable file .*download it again|got no data_batch_1\.bin"):
            load("cifar10", folder=tmp_path)


@pytest.mark.parametrize("place", ["", "cifar-10-batches-py"])
def test_pickles_are_refused_unread(tmp_path: Path, place: str) -> None:
    folder = tmp_path / "given" / place
    folder.mkdir(parents=True)
    (folder / "data_batch_1").write_bytes(pickle.dumps({"data": b"", "labels": []}))
    expected = r"pickles, in .*(data_batch_1|cifar-10-batches-py).*; download cifar-10-binary\.tar\.gz instead"
    with pytest.raises(DataError, match=expected):
        load("cifar10", folder=tmp_path / "given")
    archive = packed(folder, tmp_path / "cifar-10-python.tar.gz", "cifar-10-batches-py/")
    for named in (tmp_path, archive):
        with pytest.raises(DataError, match=r"pickles, in .*cifar-10-python\.tar\.gz, expected the binary version"):
            load("cifar10", folder=named)
    hundred = tmp_path / "hundred"
    hundred.mkdir()
    (hundred / "train").write_bytes(b"")
    with pytest.raises(DataError, match=r"pickles, in .*train, .*cifar-100-binary\.tar\.gz instead"):
        load("cifar100-coarse", folder=hundred)


def test_missing_cifar_says_what_to_download(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(DataError, match=r"got no such files, .*CIFAR-100 in .*freqnet/cifar100; .*or name its folder"):
        load("cifar100")
    with pytest.raises(DataError, match="got no such folder, expected the binary files of CIFAR-10"):
        load("cifar10", folder=tmp_path / "absent")
    monkeypatch.chdir(tmp_path)
    (tmp_path / "cifar10").mkdir()
    with pytest.raises(DataError, match=r"write \./cifar10 for the folder of this name"):
        load("cifar10")


def test_images_in_folders_of_classes_are_named(tmp_path: Path) -> None:
    for name in CIFAR["cifar10"].classes:
        (tmp_path / name).mkdir()
    with pytest.raises(DataError, match=f"for the images in {tmp_path}, name this folder as the data"):
        load("cifar10", folder=tmp_path)


def test_published_files_are_named_by_their_dataset(tmp_path: Path) -> None:
    """They are no folder with a subfolder per class."""
    write_cifar(tmp_path / "files")
    archive = packed(tmp_path / "files", tmp_path / "cifar-10-binary.tar.gz")
    write_mnist(tmp_path / "idx")
    for path, name in ((tmp_path / "files", "cifar10"), (archive, "cifar10"), (tmp_path / "idx", "mnist")):
        with pytest.raises(
            ConfigurationError, match=rf"the published files of {name} .*; name {name}, and pass folder='"
        ):
            load(path)
    assert len(load("cifar10", folder=archive)) == 5 * IMAGES + TESTS


def test_an_archive_is_not_unpacked(tmp_path: Path) -> None:
    """A name in an archive cannot make freqnet write outside of it: nothing is written at all."""
    write_cifar(tmp_path / "files")
    path = tmp_path / "cifar-10-binary.tar"
    with tarfile.open(path, "w") as tar:
        for file in sorted((tmp_path / "files").iterdir()):
            tar.add(file, f"../../{file.name}")
        link = tarfile.TarInfo("data_batch_1.bin")
        link.type, link.linkname = tarfile.SYMTYPE, "/etc/passwd"
        tar.addfile(link, io.BytesIO())
    before = sorted(tmp_path.rglob("*"))
    assert len(load("cifar10", folder=path)) == 5 * IMAGES + TESTS
    assert sorted(tmp_path.rglob("*")) == before


# --- Fashion-MNIST ---------------------------------------------------------------------------------
def test_fashion_mnist_has_the_files_of_mnist_and_names_of_clothes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FREQNET_DATA", str(tmp_path / "data"))
    arrays = write_mnist(tmp_path / "data" / "fashion-mnist")
    dataset = load("fashion-mnist")
    assert (dataset.name, dataset.official_test, dataset.classes[9]) == ("fashion-mnist", 4, "Ankle boot")
    np.testing.assert_allclose(dataset.images[12:, ..., 0], arrays["t10k-images"] / 255, rtol=1e-6)
    write_mnist(tmp_path / "home" / ".cache" / "freqnet" / "fashion-mnist")
    monkeypatch.delenv("FREQNET_DATA")
    assert len(load("fashion-mnist")) == 16


@pytest.mark.parametrize(
    ("asked", "stem", "labels", "message"),
    [
        ("fashion-mnist", "train-labels", b"\5\0\4\1\x09\2\1\3\1\4\0\0", "got the labels of MNIST, .* dataset mnist"),
        ("fashion-mnist", "t10k-labels", b"\7\2\1\0\4\1\4\x09\5\x09", "got the labels of MNIST"),
        ("mnist", "train-labels", b"\x09\0\0\3\0\2\7\2\5\5\1\1", "got the labels of Fashion-MNIST, .* fashion-mnist"),
        ("mnist", "t10k-labels", b"\x09\2\1\1\6\1\4\6\5\7", "got the labels of Fashion-MNIST"),
    ],
)
def test_files_of_the_other_dataset_are_refused(
    tmp_path: Path, asked: str, stem: str, labels: bytes, message: str
) -> None:
    """Both have files of the same names: without a look at the labels, figures would carry the wrong name."""
    write_mnist(tmp_path, tests=10)
    path = tmp_path / f"{stem}-idx1-ubyte"
    path.write_bytes(path.read_bytes()[:8] + labels)
    with pytest.raises(DataError, match=message):
        load(asked, folder=tmp_path)
    other = "mnist" if asked == "fashion-mnist" else "fashion-mnist"
    assert len(load(other, folder=tmp_path)) == 22
