"""CIFAR-10 and CIFAR-100: the official binary files in a folder or in their archive, or folders of images."""

from __future__ import annotations

import os
import tarfile
import zlib
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import IO, NamedTuple, NoReturn, cast

import numpy as np

from freqnet.data.dataset import Dataset, validate
from freqnet.data.folders import load_class_folders
from freqnet.data.idx import opened
from freqnet.data.places import data_places
from freqnet.data.test_sets import tell_missing_test
from freqnet.errors import DataError, got_expected, reason

_SIDE, _CHANNELS = 32, 3
_PIXELS = _SIDE * _SIDE * _CHANNELS
# Names of classes in a file of text are shorter.
_MOST_TEXT = 1 << 16
_PIECE = 1 << 20


class Cifar(NamedTuple):
    """How one of the datasets is published.

    Attributes
    ----------
    title : str
        Name in messages.
    folders : tuple of str
        Usual names of the folder of the files.
    archive : str
        Name of the official archive.
    training : tuple of str
        Names of the training files.
    test : str
        Name of the test file.
    sizes : tuple of int
        Number of images in a training file and in the test file.
    labels : int
        Bytes of labels before each image.
    label : int
        Place of the label of the dataset among them.
    names : str
        Name of the file with the names of the classes.
    classes : tuple of str
        Official names of the classes.
    pickles : tuple of str
        Names that occur in the Python version only.
    """

    title: str
    folders: tuple[str, ...]
    archive: str
    training: tuple[str, ...]
    test: str
    sizes: tuple[int, int]
    labels: int
    label: int
    names: str
    classes: tuple[str, ...]
    pickles: tuple[str, ...]

    def bytes_of(self, name: str) -> int:
        """Return the official size of a file of images."""
        return self.sizes[name == self.test] * (self.labels + _PIXELS)


_FINE = """
apple aquarium_fish baby bear beaver bed bee beetle bicycle bottle bowl boy bridge bus butterfly camel can castle
caterpillar cattle chair chimpanzee clock cloud cockroach couch crab crocodile cup dinosaur dolphin elephant flatfish
forest fox girl hamster house kangaroo keyboard lamp lawn_mower leopard lion lizard lobster man maple_tree motorcycle
mountain mouse mushroom oak_tree orange orchid otter palm_tree pear pickup_truck pine_tree plain plate poppy porcupine
possum rabbit raccoon ray road rocket rose sea seal shark shrew skunk skyscraper snail snake spider squirrel streetcar
sunflower sweet_pepper table tank telephone television tiger tractor train trout tulip turtle wardrobe whale willow_tree
wolf woman worm
"""
_COARSE = """
aquatic_mammals fish flowers food_containers fruit_and_vegetables household_electrical_devices household_furniture
insects large_carnivores large_man-made_outdoor_things large_natural_outdoor_scenes large_omnivores_and_herbivores
medium_mammals non-insect_invertebrates people reptiles small_mammals trees vehicles_1 vehicles_2
"""
_TEN = Cifar(
    "CIFAR-10",
    ("cifar10", "cifar-10-batches-bin"),
    "cifar-10-binary.tar.gz",
    tuple(f"data_batch_{number}.bin" for number in range(1, 6)),
    "test_batch.bin",
    (10_000, 10_000),
    labels=1,
    label=0,
    names="batches.meta.txt",
    classes=("airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck"),
    pickles=("cifar-10-batches-py", "cifar-10-python.tar.gz", "data_batch_1", "test_batch"),
)
_HUNDRED = Cifar(
    "CIFAR-100",
    ("cifar100", "cifar-100-binary"),
    "cifar-100-binary.tar.gz",
    ("train.bin",),
    "test.bin",
    (50_000, 10_000),
    labels=2,
    label=1,
    names="fine_label_names.txt",
    classes=tuple(_FINE.split()),
    pickles=("cifar-100-python", "cifar-100-python.tar.gz", "train", "test"),
)
CIFAR = {
    "cifar10": _TEN,
    "cifar100": _HUNDRED,
    "cifar100-coarse": _HUNDRED._replace(label=0, names="coarse_label_names.txt", classes=tuple(_COARSE.split())),
}


def load_cifar(name: str, folder: str | os.PathLike[str] | None = None) -> Dataset:
    """Return the 60,000 colour images of 32 x 32 pixels of CIFAR, with the official test set at the end.

    Parameters
    ----------
    name : str
        Name of the dataset: ``"cifar10"``, ``"cifar100"`` (fine labels) or ``"cifar100-coarse"``.
    folder : str or path, optional
        Folder of the binary files or of the archive with them, the archive itself, or a folder with subfolders
        ``train`` and ``test`` that have a subfolder of images per class. By default they are searched for in
        the folder of the dataset's name in ``$FREQNET_DATA``, in ``$FREQNET_DATA`` itself and in ``~/.cache/freqnet``.

    Returns
    -------
    Dataset
        The images, with values from 0 to 1. Without the test file it has no official test set.

    Raises
    ------
    DataError
        There are no such files, a file of the training set is missing, a file is damaged or has another size than the
        official one, a label is out of range, or the files are those of the Python version.

    Warns
    -----
    DataWarning
        The test file is missing.
    """
    cifar = CIFAR[name]
    places = data_places(*cifar.folders) if folder is None else [Path(folder).expanduser()]
    for place in places:
        for found in _candidates(cifar, place):
            return _read(name, found)
    _refuse_missing(name, places, folder is not None)


def _candidates(cifar: Cifar, place: Path) -> Iterator[Path]:
    """Yield the folder with the binary files in or below a place, the archive with them, or the folder with images."""
    if place.is_file():
        yield place
    folders = (place, *(place / own for own in cifar.folders))
    yield from (folder for folder in folders if has_files(cifar, folder))
    # Some programs unzip what they download.
    archives = (folder / own for folder in folders for own in (cifar.archive, cifar.archive.removesuffix(".gz")))
    yield from (archive for archive in archives if archive.is_file())
    yield from (folder for folder in folders if _has_classes(cifar, folder / "train"))


def has_files(cifar: Cifar, folder: Path) -> bool:
    """Return whether a folder has some of the binary files."""
    return any((folder / file).is_file() for file in (*cifar.training, cifar.test))


def _has_classes(cifar: Cifar, folder: Path) -> bool:
    """Return whether a folder has subfolders with the names of the classes, and no others."""
    return folder.is_dir() and sorted(p.name for p in folder.iterdir() if p.is_dir()) == sorted(cifar.classes)


def _refuse_missing(name: str, places: list[Path], is_named: bool) -> NoReturn:
    cifar = CIFAR[name]
    pickled = [place / own for place in places for own in cifar.pickles if (place / own).exists()]
    # Of the Python version of CIFAR-100, only files are called train and test.
    pickled = [path for path in pickled if path.is_file() or path.name not in ("train", "test")]
    if pickled:
        _refuse_pickles(name, pickled[0])
    where = " or ".join(map(str, places if is_named else data_places(cifar.folders[0])))
    got = "no such folder" if is_named and not places[0].exists() else "no such files"
    todo = f"download {cifar.archive} and put it there, packed or unpacked" + (
        "" if is_named else ", or name its folder"
    )
    images = [own for own in places if _has_classes(cifar, own)]
    if images:
        todo += f"; for the images in {images[0]}, name this folder as the data"
    if Path(name).is_dir():
        todo += f"; write ./{name} for the folder of this name"
    raise DataError(got_expected(name, got, f"the binary files of {cifar.title} in {where}", todo))


def _refuse_pickles(name: str, path: Path) -> NoReturn:
    todo = f"download {CIFAR[name].archive} instead: reading a pickle can run any program"
    raise DataError(got_expected(name, f"the Python version, pickles, in {path}", "the binary version", todo))


def _read(name: str, path: Path) -> Dataset:
    """Return the dataset of a folder or of an archive."""
    cifar, what = CIFAR[name], f"{name} in {path}"
    if path.is_dir() and not has_files(cifar, path):
        return _from_images(name, path)
    try:
        files = _from_archive(name, path) if path.is_file() else _from_folder(name, path)
    except (OSError, EOFError, zlib.error, tarfile.TarError) as error:
        got, todo = f"an unreadable file ({reason(error)})", "download it again"
        raise DataError(got_expected(what, got, f"the files of {cifar.title}", todo)) from error
    missing = [file for file in cifar.training if file not in files]
    if missing:
        expected, todo = f"all training files of {cifar.title}", f"unpack {cifar.archive} again"
        raise DataError(got_expected(what, f"no {', '.join(missing)}", expected, todo))
    if cifar.test not in files:
        tell_missing_test(what, f"no {cifar.test}", f"add it from {cifar.archive}")
    used = [file for file in (*cifar.training, cifar.test) if file in files]
    labels, images = zip(*(_records(name, f"{path}/{file}", files[file]) for file in used), strict=True)
    classes = _class_names(name, what, files.get(cifar.names))
    official_test = len(labels[-1]) if cifar.test in files else 0
    return validate(Dataset(name, np.concatenate(images), np.concatenate(labels), classes, official_test, 255.0))


def _from_images(name: str, folder: Path) -> Dataset:
    dataset = load_class_folders(folder)
    if (*dataset.grid, dataset.channels) != (_SIDE, _SIDE, _CHANNELS):
        got, todo = f"images of {dataset.grid} with {dataset.channels} channels", f"download {CIFAR[name].archive}"
        raise DataError(got_expected(f"{name} in {folder}", got, "colour images of (32, 32)", todo))
    return replace(dataset.with_classes(CIFAR[name].classes), name=name)


def _wanted(cifar: Cifar) -> tuple[str, ...]:
    return (*cifar.training, cifar.test, cifar.names)


def _from_folder(name: str, folder: Path) -> dict[str, bytes]:
    found = {}
    for path in (folder / own for own in _wanted(CIFAR[name])):
        if path.is_file():
            _check_size(name, str(path), path.stat().st_size)
            found[path.name] = path.read_bytes()
    return found


def _from_archive(name: str, path: Path) -> dict[str, bytes]:
    """Return the files in an archive by their names, without unpacking it to a folder."""
    found, members = {}, []
    # In one pass: to go back in a zipped file means to unzip it anew.
    with opened(path) as stream, tarfile.open(fileobj=stream, mode="r|") as archive:
        for member in archive:
            own = member.name.rpartition("/")[2]
            members.append(own)
            if own in _wanted(CIFAR[name]) and member.isfile():
                _check_size(name, f"{path}/{own}", member.size)
                found[own] = cast(IO[bytes], archive.extractfile(member)).read()
        # The checksum is at the end.
        while stream.read(_PIECE):
            pass
    if not found and set(members) & set(CIFAR[name].pickles):
        _refuse_pickles(name, path)
    return found


def _check_size(name: str, file: str, size: int) -> None:
    cifar, own = CIFAR[name], file.rpartition("/")[2]
    expected = _MOST_TEXT if own == cifar.names else cifar.bytes_of(own)
    if size != expected and not (own == cifar.names and size < expected):
        todo = f"download {cifar.archive} again"
        raise DataError(got_expected(f"{name} file {file}", f"{size} bytes", f"{expected} bytes", todo))


def _records(name: str, file: str, content: bytes) -> tuple[np.ndarray, np.ndarray]:
    """Return the labels and the images ``(images, 32, 32, 3)`` of a file."""
    cifar = CIFAR[name]
    records = np.frombuffer(content, dtype=np.uint8).reshape(-1, cifar.labels + _PIXELS)
    labels = records[:, cifar.label].astype(np.int64)
    if labels.max() >= len(cifar.classes):
        got = f"the label {labels.max()} of image {int(labels.argmax())}"
        expected = f"labels from 0 to {len(cifar.classes) - 1}"
        raise DataError(got_expected(f"{name} file {file}", got, expected, f"download {cifar.archive} again"))
    # Each image has its red values first, then the green and the blue ones.
    planes = records[:, cifar.labels :].reshape(-1, _CHANNELS, _SIDE, _SIDE)
    # What reads images is much slower on other layouts.
    return labels, np.ascontiguousarray(planes.transpose(0, 2, 3, 1))


def _class_names(name: str, what: str, content: bytes | None) -> tuple[str, ...]:
    """Return the names of the classes in a file of text, else the official ones."""
    official = CIFAR[name].classes
    if content is None:
        return official
    names = tuple(filter(None, map(str.strip, content.decode("utf-8", "replace").splitlines())))
    if len(set(names)) != len(names) or len(names) != len(official):
        got = f"{len(set(names))} different names in {CIFAR[name].names}"
        todo = f"remove it, or download {CIFAR[name].archive} again"
        raise DataError(got_expected(what, got, f"{len(official)}, one per class and line", todo))
    return names
