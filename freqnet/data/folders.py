"""Folders with a subfolder of files per class."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import NoReturn

import numpy as np

from freqnet.data.arrays import Layout
from freqnet.data.blocks import check_blocks, read_blocks, stored
from freqnet.data.dataset import Dataset, validate
from freqnet.data.image_files import IMAGE_SUFFIXES, is_image
from freqnet.data.oddities import tell_oddities
from freqnet.data.readers import READERS, suffix_of
from freqnet.errors import DataError, DataWarning, got_expected

# Folders above those of the classes: the samples of the second are the official test set.
_PARTS = ("train", "test")
# Pictures in formats that are not read.
_UNREAD = (".heic", ".heif", ".avif", ".jp2", ".dng", ".nef", ".cr2", ".psd", ".svg", ".dcm")


def load_class_folders(folder: Path, layout: Layout = None, size_to: int | Sequence[int] | None = None) -> Dataset:
    """Return the dataset of a folder with a subfolder of files per class.

    Parameters
    ----------
    folder : Path
        Folder with the class folders, which become the classes in sorted order, or with the folders ``train`` and
        ``test`` that have them. Files lie directly in their class folder: images, or files with a reader. Hidden files
        and, beside images, files of other kinds are ignored.
    layout : str or sequence of str, optional
        Names of the axes of arrays. By default a file holds one sample.
    size_to : int or sequence of int, optional
        Size to which all samples are resampled.

    Returns
    -------
    Dataset
        The dataset, named after the folder.

    Raises
    ------
    DataError
        There is no class folder, a class folder has no file, a file is damaged, or the samples differ in size.
    """
    parts = [_class_files(part) for part in _parts(folder)]
    classes = tuple(parts[0])
    for part in parts[1:]:
        _check_classes(folder, part, classes)
    labelled = [(classes.index(name), file) for part in parts for name, files in part.items() for file in files]
    blocks = read_blocks([file for _, file in labelled], None, layout, is_sample=True)
    check_blocks(blocks, size_to is not None)
    counts = [len(block.values) for block in blocks]
    first_tested = sum(len(files) for files in parts[0].values())
    scales = {block.own_scale for block in blocks}
    dataset = Dataset(
        folder.resolve().name,
        stored(blocks, size_to),
        np.repeat(np.array([label for label, _ in labelled], dtype=np.int64), counts),
        classes,
        sum(counts[first_tested:]),
        scales.pop() if len(scales) == 1 else None,
        blocks[0].layout,
        blocks[0].rate,
    )
    return tell_oddities(
        validate(dataset), [str(block.path.relative_to(folder)) for block in blocks for _ in block.names]
    )


def _check_classes(folder: Path, tested: Iterable[str], classes: tuple[str, ...]) -> None:
    for name in tested:
        if name not in classes:
            got, expected = f"the class {name!r} in {_PARTS[1]} only", f"its samples in {_PARTS[0]} as well"
            _refuse(folder, got, expected, f"add training samples of it, or remove {_PARTS[1]}/{name}")


def _parts(folder: Path) -> list[Path]:
    """Return the folder itself, or its two parts for training and testing."""
    parts = [folder / name for name in _PARTS]
    is_divided = {item.name for item in _subfolders(folder)} == set(_PARTS) and all(map(_subfolders, parts))
    return parts if is_divided else [folder]


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
    _tell_unread(folder, subfolders)
    return found


def _tell_unread(folder: Path, subfolders: Sequence[Path]) -> None:
    """Warn of samples that were probably meant to be read: in other formats, or in folders below those of classes."""
    left = [
        item
        for subfolder in subfolders
        for item in sorted(subfolder.iterdir())
        if not item.name.startswith(".") and (item.suffix.lower() in _UNREAD or item.is_dir())
    ]
    if left:
        got = f"{len(left)} files or folders that are not read, such as {left[0]}"
        todo = "move files into their class folder, and convert them to PNG"
        expected = "readable files directly in the class folders"
        warnings.warn(got_expected(f"folder {folder}", got, expected, todo), DataWarning, 4)


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
