"""Folders with a subfolder of files per class."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import islice
from pathlib import Path
from typing import NoReturn

import numpy as np

from freqnet.data.blocks import check_blocks, read_blocks, stored
from freqnet.data.dataset import Dataset, validate
from freqnet.data.image_files import IMAGE_SUFFIXES, is_image
from freqnet.data.layouts import Layout
from freqnet.data.lengths import AS_IT_IS, NewSize
from freqnet.data.oddities import tell_oddities
from freqnet.data.readers import READERS, suffix_of
from freqnet.data.test_sets import tell_missing_test
from freqnet.errors import DataError, DataWarning, got_expected, warn

# Folders above those of the classes, in lower case, and the parts that they are.
_PARTS = {"train": "train", "val": "validation", "valid": "validation", "validation": "validation", "test": "test"}
# Pictures in formats that are not read.
_UNREAD = (".heic", ".heif", ".avif", ".jp2", ".dng", ".nef", ".cr2", ".psd", ".svg", ".dcm")


def load_class_folders(
    folder: Path,
    layout: Layout = None,
    size: NewSize = AS_IT_IS,
    channels: int | None = None,
) -> Dataset:
    """Return the dataset of a folder with a subfolder of files per class.

    Parameters
    ----------
    folder : Path
        Folder with the class folders, which become the classes in sorted order, or with the folders ``train``, ``test``
        and ``val`` (``valid``, ``validation``) that have them; all but ``train`` may be missing. Files lie directly in
        their class folder: images, or files with a reader. Hidden files and, beside images, files of other kinds are
        ignored.
    layout : str or sequence of str, optional
        Names of the axes of arrays. By default a file holds one sample.
    size : NewSize
        Size to which all samples are brought.
    channels : {1, 3}, optional
        Channels of images, as `read_images` takes them.

    Returns
    -------
    Dataset
        The dataset, named after the folder.

    Raises
    ------
    DataError
        There is no class folder, a class folder has no file, a folder may be a part or a class, a file is damaged, or
        the samples differ in size.
    """
    folders = _parts(folder)
    parts = {name: _class_files(own) for name, own in folders.items()}
    classes = tuple(next(iter(parts.values())))
    for name, part in parts.items():
        _check_classes(folder, folders[name].name, part, classes)
    labelled = [
        (classes.index(name), file) for part in parts.values() for name, files in part.items() for file in files
    ]
    blocks = read_blocks([file for _, file in labelled], channels, layout, is_sample=True)
    check_blocks(blocks, bool(size))
    counts = [len(block.values) for block in blocks]
    sizes = _part_sizes(parts, counts)
    scales = {block.own_scale for block in blocks}
    dataset = Dataset(
        folder.resolve().name,
        stored(blocks, size),
        np.repeat(np.array([label for label, _ in labelled], dtype=np.int64), counts),
        classes,
        sizes.get("test", 0),
        scales.pop() if len(scales) == 1 else None,
        blocks[0].layout,
        blocks[0].rate,
        official_validation=sizes.get("validation", 0),
    )
    return tell_oddities(
        validate(dataset), [str(block.path.relative_to(folder)) for block in blocks for _ in block.names]
    )


def _part_sizes(parts: Mapping[str, Mapping[str, Sequence[Path]]], counts: Sequence[int]) -> dict[str, int]:
    """Return the number of samples of each part, from those of each file in the order of the parts."""
    remaining = iter(counts)
    return {
        name: sum(sum(islice(remaining, len(files))) for files in classes.values()) for name, classes in parts.items()
    }


def _check_classes(folder: Path, part: str, names: Iterable[str], classes: tuple[str, ...]) -> None:
    for name in names:
        if name not in classes:
            got, expected = f"the class {name!r} in {part} only", "its samples in train as well"
            _refuse(folder, got, expected, f"add training samples of it, or remove {part}/{name}")


def _parts(folder: Path) -> dict[str, Path]:
    """Return the folders of the parts by "train", "validation" and "test", in this order, or the folder itself."""
    parts: dict[str, list[Path]] = {part: [] for part in dict.fromkeys(_PARTS.values())}
    others: list[Path] = []
    for item in _subfolders(folder):
        parts.get(_PARTS.get(item.name.lower(), ""), others).append(item)
    named = [item for items in parts.values() for item in items]
    # Beside other classes, train may be the class of a vehicle.
    divided = [item for item in named if _subfolders(item) and not (others and _has_samples(item))]
    if not named or (others and not divided):
        return {"": folder}
    _check_parts(folder, parts, others, divided)
    if not parts["test"]:
        tell_missing_test(f"folder {folder}", "train without test", "add a folder test")
    return {part: items[0] for part, items in parts.items() if items}


def _check_parts(folder: Path, parts: Mapping[str, list[Path]], others: list[Path], divided: list[Path]) -> None:
    """Refuse folders of which it is not clear whether they are parts or classes."""
    expected = "train and test, and optionally val, each with a subfolder per class"
    named = [item for items in parts.values() for item in items]
    names = " and ".join(item.name for item in named)
    if others:
        todo = f"move {others[0].name} elsewhere, or put all class folders beside each other"
        _refuse(folder, f"{others[0].name} beside {names}", expected, todo)
    for items in parts.values():
        if len(items) > 1:
            _refuse(folder, " and ".join(item.name for item in items), "one of them", "merge them, or remove one")
    if not divided:
        todo = "sort the files of each part into class folders, or rename the folders if they are classes"
        _refuse(folder, f"{names} without subfolders, which may be parts or classes", expected, todo)
    flat = [item for item in named if item not in divided]
    if flat:
        todo = f"sort its files into class folders, or move {flat[0].name} elsewhere if they have no labels"
        _refuse(folder, f"{flat[0].name} without subfolders", expected, todo)
    if not parts["train"]:
        todo = "add train, or rename one of them" + (f", or name {named[0]} to use it alone" if len(named) == 1 else "")
        _refuse(folder, f"{names} without train", expected, todo)


def _has_samples(folder: Path) -> bool:
    return any(is_image(item) or suffix_of(item) for item in folder.iterdir())


def _subfolders(folder: Path) -> list[Path]:
    return sorted(item for item in folder.iterdir() if item.is_dir() and not item.name.startswith("."))


def _class_files(folder: Path) -> dict[str, list[Path]]:
    """Return the files of each class."""
    subfolders = _subfolders(folder)
    if not subfolders:
        _refuse(folder, "no subfolders", "a subfolder of files per class", "sort the files into class folders")
    has_images = any(is_image(item) for subfolder in subfolders for item in subfolder.iterdir())
    wanted: Callable[[Path], object] = is_image if has_images else suffix_of
    found = {}
    for subfolder in subfolders:
        found[subfolder.name] = sorted(item for item in subfolder.iterdir() if wanted(item))
        if not found[subfolder.name]:
            kinds = IMAGE_SUFFIXES if has_images else (*IMAGE_SUFFIXES, *READERS)
            got, todo = "no images" if has_images else "no samples", "add files of this class, or remove the folder"
            _refuse(subfolder, got, f"at least one {', '.join(kinds)} file directly in it", todo)
    _tell_unread(folder, subfolders, [item for item in sorted(folder.iterdir()) if item.is_file() and wanted(item)])
    return found


def _tell_unread(folder: Path, subfolders: Sequence[Path], loose: list[Path]) -> None:
    """Warn of samples that were probably meant to be read: without a class, in other formats, or in deeper folders."""
    left = loose + [
        item
        for subfolder in subfolders
        for item in sorted(subfolder.iterdir())
        if not item.name.startswith(".") and (item.suffix.lower() in _UNREAD or item.is_dir())
    ]
    if left:
        got = f"{len(left)} files or folders that are not read, such as {left[0]}"
        todo = "move files into their class folder, and convert them to PNG"
        expected = "readable files directly in the class folders"
        warn(got_expected(f"folder {folder}", got, expected, todo), DataWarning)


def files_below(folder: Path) -> list[Path]:
    """Return the images in a folder and its subfolders, or the files with a reader where there are no images.

    Raises
    ------
    DataError
        There are none.
    """
    files = sorted(item for item in folder.rglob("*") if item.is_file())
    found = [file for file in files if is_image(file)] or [file for file in files if suffix_of(file)]
    if not found:
        expected = f"files in it of {', '.join((*IMAGE_SUFFIXES, *READERS))}"
        raise DataError(got_expected(f"folder {folder}", "no images", expected, "name another folder"))
    return found


def _refuse(folder: Path, got: str, expected: str, todo: str) -> NoReturn:
    raise DataError(got_expected(f"folder {folder}", got, expected, todo))
