"""Read image files through Pillow: single files, flat folders, and a folder per class."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

import numpy as np

from freqnet.data.dataset import Dataset, validate
from freqnet.data.reasons import reason
from freqnet.errors import ConfigurationError, DataError, got_expected

if TYPE_CHECKING:
    from PIL import Image

IMAGE_SUFFIXES = (".png", ".jpg", ".jpeg", ".bmp", ".gif", ".tif", ".tiff", ".webp")

# Only these decoders: a file named .png may be anything, and some of Pillow's run other programs.
_FORMATS = ("PNG", "JPEG", "BMP", "GIF", "TIFF", "WEBP")


def is_image(path: Path) -> bool:
    """Tell whether a file is named like an image that can be read; hidden files never are."""
    return path.suffix.lower() in IMAGE_SUFFIXES and not path.name.startswith(".")


def load_image_folder(folder: Path) -> Dataset:
    """Return the dataset of a folder with a subfolder per class, the classes in sorted order.

    Images lie directly in their class folder; other files and hidden ones are passed over.

    Raises:
        DataError: If there are no class folders, one holds no image, an image is damaged, or the
            images differ in size.
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
    return validate(Dataset(name, read_images(files), np.array(labels, dtype=np.int64), classes))


def read_images(paths: Sequence[Path], channels: int | None = None) -> np.ndarray:
    """Return the images of some files, `(samples, rows, columns, channels)`, float32 in [0, 1].

    Grey images have 1 channel. Where any image is in colour, all get 3; transparency is dropped,
    and of an animation the first frame is read. 8-bit values are divided by 255, 16-bit grey
    values by 65535.

    Args:
        paths: The files, at least one.
        channels: 1 makes every image grey (by luminance), 3 gives every image three channels, and
            None leaves it to the files.

    Raises:
        DataError: If an image cannot be read, or the images differ in size.
        ConfigurationError: If `channels` is neither 1 nor 3.
    """
    if channels not in (None, 1, 3):
        message = got_expected("channels of image files", channels, "1 or 3", "pass arrays in a .npz file")
        raise ConfigurationError(message)
    pixels = [_read_pixels(path, channels == 1) for path in paths]
    size = pixels[0].shape[:2]
    for path, image in zip(paths, pixels, strict=True):
        if image.shape[:2] != size:
            got = f"{_size(pixels[0])} in {paths[0]} and {_size(image)} in {path}"
            message = got_expected("image sizes", got, "one size", "resize the images to one size first")
            raise DataError(message)
    depth = channels or max(image.shape[2] for image in pixels)
    stacked = np.empty((len(pixels), *size, depth), dtype=np.float32)
    for row, image in zip(stacked, pixels, strict=True):
        # A grey image broadcasts over three channels.
        row[...] = image / np.float32(np.iinfo(image.dtype).max)
    return stacked


def _size(image: np.ndarray) -> str:
    return f"{image.shape[1]} x {image.shape[0]} pixels"


def _read_pixels(path: Path, grey: bool) -> np.ndarray:
    # Pillow takes a while to import, and not every dataset is made of image files.
    from PIL import Image

    try:
        # The check of the checksums, which decoding skips, uses the opened image up.
        with Image.open(path, formats=_FORMATS) as image:
            image.verify()
        with Image.open(path, formats=_FORMATS) as image:
            pixels = _to_pixels(image, grey)
    except FileNotFoundError as error:
        raise DataError(got_expected("image", f"no file {path}", "an existing file", "check the path")) from error
    # Pillow's decoders raise many unrelated types on damaged bytes: OSError, SyntaxError, EOFError, ...
    except Exception as error:
        message = got_expected(
            f"image {path}",
            f"a file that cannot be read ({reason(error)})",
            "a complete image file",
            "replace or remove it",
        )
        raise DataError(message) from error
    return pixels[..., np.newaxis] if pixels.ndim == 2 else pixels


def _to_pixels(image: Image.Image, grey: bool) -> np.ndarray:
    # Older Pillow opens a 16-bit PNG as 32-bit integers.
    if image.mode.startswith("I;16") or (image.mode == "I" and image.format == "PNG"):
        return np.asarray(image).astype(np.uint16)
    if image.mode in ("I", "F"):
        raise ValueError(f"pixels of mode {image.mode} have no agreed range; save such images as a .npz file")
    if image.mode in ("1", "L", "LA"):
        return np.asarray(image.convert("L"))
    # By way of RGBA, without which Pillow warns about transparent entries of a palette.
    coloured = (image.convert("RGBA") if image.mode in ("P", "PA") else image).convert("RGB")
    colour = np.asarray(coloured)
    # GIF and small PNG files store grey images through a palette, which alone says nothing of colour.
    if image.mode in ("P", "PA") and bool((colour == colour[..., :1]).all()):
        return colour[..., 0]
    return np.asarray(coloured.convert("L")) if grey else colour


def _refuse(folder: Path, got: str, expected: str, todo: str) -> NoReturn:
    raise DataError(got_expected(f"image folder {folder}", got, expected, todo))
