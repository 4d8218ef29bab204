"""Image files, read by Pillow, and folders with a subfolder of images per class."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

import numpy as np

from freqnet.data.dataset import Dataset, validate
from freqnet.errors import ConfigurationError, DataError, got_expected, reason

if TYPE_CHECKING:
    from PIL import Image

IMAGE_SUFFIXES = (".png", ".jpg", ".jpeg", ".bmp", ".gif", ".tif", ".tiff", ".webp")

# Other decoders of Pillow are not used, because some run other programs and the name of a file proves nothing.
_FORMATS = ("PNG", "JPEG", "BMP", "GIF", "TIFF", "WEBP")


def is_image(path: Path) -> bool:
    """Tell whether the name of a file is that of a readable image; hidden files are not images."""
    return path.suffix.lower() in IMAGE_SUFFIXES and not path.name.startswith(".")


def load_image_folder(folder: Path) -> Dataset:
    """Return the dataset of a folder with a subfolder of images per class.

    Parameters
    ----------
    folder : Path
        Folder with the class folders, which become the classes in sorted order. Images lie directly in their class
        folder; hidden files and files other than images are ignored.

    Returns
    -------
    Dataset
        The dataset, named after the folder.

    Raises
    ------
    DataError
        There is no class folder, a class folder has no image, an image is damaged, or the images differ in size.
    """
    subfolders = sorted(item for item in folder.iterdir() if item.is_dir() and not item.name.startswith("."))
    if not subfolders:
        _refuse(folder, "no subfolders", "a subfolder of images per class", "sort the images into class folders")
    files: list[Path] = []
    labels: list[int] = []
    for number, subfolder in enumerate(subfolders):
        images = sorted(item for item in subfolder.iterdir() if is_image(item))
        if not images:
            expected = f"at least one {', '.join(IMAGE_SUFFIXES)} file directly in it"
            _refuse(subfolder, "no images", expected, "add images of this class, or remove the folder")
        files += images
        labels += [number] * len(images)
    name = folder.resolve().name
    classes = tuple(subfolder.name for subfolder in subfolders)
    return validate(Dataset(name, read_images(files), np.array(labels, dtype=np.int64), classes, full_scale=255.0))


def read_images(paths: Sequence[Path], channels: int | None = None) -> np.ndarray:
    """Return the images of several files.

    Values of 8 bits are divided by 255, grey values of 16 bits by 65535. Transparency is dropped, and only the first
    frame of an animation is read.

    Parameters
    ----------
    paths : sequence of Path
        The files, at least one.
    channels : {1, 3}, optional
        With 1 all images become grey (luminance), with 3 all get three channels. By default images get 3 channels where
        any of them is in colour, else 1.

    Returns
    -------
    ndarray of float32
        Images ``(samples, rows, columns, channels)``, from 0 to 1.

    Raises
    ------
    DataError
        An image cannot be read, or the images differ in size.
    ConfigurationError
        ``channels`` is neither 1 nor 3.
    """
    if channels not in (None, 1, 3):
        todo = "pass channels=1 or channels=3, or the images as an array in a .npz file"
        raise ConfigurationError(got_expected("channels of image files", channels, "1 or 3", todo))
    pixels = [_read_pixels(path, channels == 1) for path in paths]
    size = pixels[0].shape[:2]
    for path, image in zip(paths, pixels, strict=True):
        if image.shape[:2] != size:
            got = f"{_size(pixels[0])} in {paths[0]} and {_size(image)} in {path}"
            raise DataError(got_expected("image sizes", got, "one size", "resize the images to one size first"))
    depth = channels or max(image.shape[2] for image in pixels)
    stacked = np.empty((len(pixels), *size, depth), dtype=np.float32)
    for row, image in zip(stacked, pixels, strict=True):
        # A grey image broadcasts over three channels.
        row[...] = image / np.float32(np.iinfo(image.dtype).max)
    return stacked


def _size(image: np.ndarray) -> str:
    return f"{image.shape[1]} x {image.shape[0]} pixels"


def _read_pixels(path: Path, grey: bool) -> np.ndarray:
    # Pillow takes a while to import, and few datasets need it.
    from PIL import Image

    try:
        # Decoding skips the checksums; verify() checks them, but the image must be opened again afterwards.
        with Image.open(path, formats=_FORMATS) as image:
            image.verify()
        with Image.open(path, formats=_FORMATS) as image:
            pixels = _to_pixels(image, grey)
    except FileNotFoundError as error:
        raise DataError(got_expected("image", f"no file {path}", "an existing file", "check the path")) from error
    # Pillow raises many unrelated types on damaged bytes: OSError, SyntaxError, EOFError, ...
    except Exception as error:
        got = f"a file that cannot be read ({reason(error)})"
        raise DataError(got_expected(f"image {path}", got, "a complete image file", "replace or remove it")) from error
    return pixels[..., np.newaxis] if pixels.ndim == 2 else pixels


def _to_pixels(image: Image.Image, grey: bool) -> np.ndarray:
    # Older Pillow opens a 16-bit PNG as 32-bit integers.
    if image.mode.startswith("I;16") or (image.mode == "I" and image.format == "PNG"):
        return np.asarray(image).astype(np.uint16)
    if image.mode in ("I", "F"):
        raise ValueError(f"pixels of mode {image.mode} have no agreed range; save such images as a .npz file")
    if image.mode in ("1", "L", "LA"):
        return np.asarray(image.convert("L"))
    # Through RGBA, because Pillow warns about transparent palette entries otherwise.
    coloured = (image.convert("RGBA") if image.mode in ("P", "PA") else image).convert("RGB")
    colour = np.asarray(coloured)
    # GIF and small PNG files store grey images with a palette, so the mode does not tell whether there is colour.
    if image.mode in ("P", "PA") and bool((colour == colour[..., :1]).all()):
        return colour[..., 0]
    return np.asarray(coloured.convert("L")) if grey else colour


def _refuse(folder: Path, got: str, expected: str, todo: str) -> NoReturn:
    raise DataError(got_expected(f"image folder {folder}", got, expected, todo))
