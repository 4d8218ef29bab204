"""Image files, read by Pillow."""

from __future__ import annotations

import sys
import warnings
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from freqnet.data.following import counted
from freqnet.errors import ConfigurationError, DataError, DataWarning, got_expected, reason, warn
from freqnet.kernels.threads import thread_count

if TYPE_CHECKING:
    from PIL import ImageFile

IMAGE_SUFFIXES = (
    *(".png", ".jpg", ".jpeg", ".bmp", ".gif", ".tif", ".tiff", ".webp"),
    *(".pgm", ".ppm", ".pnm", ".pbm"),
)
# Other decoders of Pillow are not used, because some run other programs and the name of a file proves nothing.
_FORMATS = ("PNG", "JPEG", "BMP", "GIF", "TIFF", "WEBP", "PPM")
# The second picture in a JPEG file is a preview, or the other eye's view.
_WITH_FRAMES = ("GIF", "TIFF", "PNG", "WEBP")
# Images that a thread decodes at a time: enough that passing them on costs little.
_PATHS_A_TASK = 16
_WHOLE_NUMBERS_16 = ("RGB;16", "RGBA;16", "RGBX;16")
# An image whose pixels are all above this share of the largest value is white.
_WHITE = 0.97
# Weights of red, green and blue in the luminance, in units of 2**-16 (ITU-R 601-2), as Pillow has them.
_LUMINANCE = np.array([19595, 38470, 7471], dtype=np.uint64)


def is_image(path: Path) -> bool:
    """Tell whether the name of a file is that of a readable image; hidden files are not images."""
    return path.suffix.lower() in IMAGE_SUFFIXES and not path.name.startswith(".")


def read_images(paths: Sequence[Path], channels: int | None = None) -> list[np.ndarray]:
    """Return the images of several files, as stored whole numbers.

    Images are turned as their EXIF orientation says. Where pixels are transparent, the image lies on white, or on black
    where it would be nearly all white. Of several frames, the first is read.

    Parameters
    ----------
    paths : sequence of Path
        The files, at least one.
    channels : {1, 3}, optional
        With 1 all images become grey (luminance), with 3 all get three channels. By default images get 3 channels where
        any of them is in colour, else 1.

    Returns
    -------
    list of ndarray
        One image ``(rows, columns, channels)`` per file, of dtype uint8 or uint16.

    Raises
    ------
    DataError
        An image cannot be read.
    ConfigurationError
        ``channels`` is neither 1 nor 3.

    Warns
    -----
    DataWarning
        A file has several frames.
    """
    if channels not in (None, 1, 3):
        todo = "pass channels=1 or channels=3, or the images as an array in a .npz file"
        raise ConfigurationError(got_expected("channels of image files", channels, "1 or 3", todo))
    with _strict_pillow():
        read = list(counted("reading images", _read_in_threads(paths), len(paths)))
    animated = [path for path, (_, has_frames) in zip(paths, read, strict=True) if has_frames]
    if animated:
        got = f"several frames in {animated[0]}" + (f" and {len(animated) - 1} other files" if animated[1:] else "")
        todo = "save frames as files of their own, or as a volume in a .npz file"
        warn(got_expected("images", got, "one; only the first is read", todo), DataWarning)
    images = [_grey(image) if channels == 1 else image for image, _ in read]
    depth = channels or max(image.shape[2] for image in images)
    return [np.broadcast_to(image, (*image.shape[:2], depth)) for image in images]


def _read_in_threads(paths: Sequence[Path]) -> Iterator[tuple[np.ndarray, bool]]:
    """Yield the images in order; several are decoded at a time, which Pillow does without the interpreter's lock."""
    if thread_count() == 1 or len(paths) < 2 * _PATHS_A_TASK:
        yield from map(_read_image, paths)
        return
    from PIL import Image

    # Two threads that both need a decoder for the first time would get in each other's way.
    Image.init()
    tasks = [paths[start : start + _PATHS_A_TASK] for start in range(0, len(paths), _PATHS_A_TASK)]
    pool = ThreadPoolExecutor(thread_count())
    try:
        for images in pool.map(lambda task: [_read_image(path) for path in task], tasks):
            yield from images
    finally:
        # After an error or an interrupt, nobody waits for the others.
        pool.shutdown(cancel_futures=True)


def _grey(image: np.ndarray) -> np.ndarray:
    if image.shape[2] == 1:
        return image
    return ((image @ _LUMINANCE + 0x8000) >> np.uint64(16)).astype(image.dtype)[..., np.newaxis]


def _read_image(path: Path) -> tuple[np.ndarray, bool]:
    """Return the pixels of an image, and whether its file has several frames."""
    from PIL import UnidentifiedImageError

    try:
        with _opened(path) as image:
            if image.format != "PNG":
                return _pixels(path, image), _has_frames(image)
            # Decoding skips the checksums. After checking them, the image must be opened again.
            image.verify()
        with _opened(path) as image:
            return _pixels(path, image), _has_frames(image)
    except FileNotFoundError as error:
        raise DataError(got_expected("image", f"no file {path}", "an existing file", "check the path")) from error
    except UnidentifiedImageError as error:
        got = f"a file that cannot be read ({'it is empty' if path.stat().st_size == 0 else 'no known format'})"
        raise DataError(got_expected(f"image {path}", got, "a complete image file", "replace or remove it")) from error
    # Pillow raises many unrelated types on damaged bytes: OSError, SyntaxError, EOFError, ...
    except Exception as error:
        got = f"a file that cannot be read ({reason(error)})"
        raise DataError(got_expected(f"image {path}", got, "a complete image file", "replace or remove it")) from error


def _has_frames(image: ImageFile.ImageFile) -> bool:
    return image.format in _WITH_FRAMES and getattr(image, "is_animated", False)


@contextmanager
def _strict_pillow() -> Iterator[None]:
    """Let Pillow refuse images that are too large to be one, and ignore damaged metadata, which do not matter here."""
    from PIL import Image

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        warnings.simplefilter("error", Image.DecompressionBombWarning)
        yield


@contextmanager
def _opened(path: Path) -> Iterator[ImageFile.ImageFile]:
    # Pillow takes a while to import, and few datasets need it.
    from PIL import Image

    # From a stream: of a named TIFF file, Pillow maps the bytes to memory in the size after turning it.
    with path.open("rb") as stream, Image.open(stream, formats=_FORMATS) as image:
        yield image


def _pixels(path: Path, image: ImageFile.ImageFile) -> np.ndarray:
    """Return the pixels ``(rows, columns, 1 or 3)`` of an opened image."""
    raw = _raw_mode(image)
    if _is_deep(image, raw):
        levels = _deep_levels(path, image, raw)
        clear = image.info.get("transparency")
    else:
        levels, clear = _levels(image)
    alpha = levels[..., -1:] if levels.shape[-1] in (2, 4) else None
    colours = levels if alpha is None else levels[..., :-1]
    if clear is not None:
        alpha = np.where((colours == clear).all(axis=-1, keepdims=True), 0, np.iinfo(colours.dtype).max)
    return colours if alpha is None else _on_background(colours, alpha)


def _levels(image: ImageFile.ImageFile) -> tuple[np.ndarray, Any]:
    """Return grey or colour values, with alpha where there is any, and the value of clear pixels of 16 bits."""
    _turn_upright(image)
    # Older Pillow opens 16 bits of grey as 32-bit integers.
    if image.mode.startswith("I;16") or (image.mode == "I" and image.format in ("PNG", "PPM")):
        return np.asarray(image).astype(np.uint16)[..., np.newaxis], image.info.get("transparency")
    if image.mode in ("I", "F"):
        raise ValueError(f"pixels of mode {image.mode} have no agreed range; save such images as a .npz file")
    has_alpha = image.mode in ("LA", "La", "PA", "RGBA", "RGBa") or "transparency" in image.info
    if image.mode in ("1", "L", "LA", "La"):
        levels = np.asarray(image.convert("LA" if has_alpha else "L"))
        return levels.reshape(*levels.shape[:2], -1), None
    levels = np.asarray(image.convert("RGBA" if has_alpha else "RGB"))
    # GIF and small PNG files store grey images with a palette, so the mode does not tell whether there is colour.
    if image.mode in ("P", "PA") and bool((levels[..., :3] == levels[..., :1]).all()):
        levels = levels[..., 2:] if has_alpha else levels[..., :1]
    return levels, None


def _turn_upright(image: ImageFile.ImageFile) -> None:
    """Turn an image as its EXIF orientation says."""
    from PIL import ImageOps

    image.load()
    # Pillow turns TIFF files itself while it loads them; earlier versions keep the tag.
    if image.format == "TIFF":
        return
    # Damaged metadata state no orientation.
    with suppress(Exception):
        ImageOps.exif_transpose(image, in_place=True)


def _on_background(colours: np.ndarray, alpha: np.ndarray) -> np.ndarray:
    """Return an image on white, or on black where nearly nothing would be seen on white."""
    full = np.iinfo(colours.dtype).max
    wide, alpha = colours.astype(np.uint64), alpha.astype(np.uint64)
    if (alpha == full).all():
        return colours
    on_black = (wide * alpha + full // 2) // full
    on_white = (wide * alpha + full * (full - alpha) + full // 2) // full
    return (on_black if on_white.min() > _WHITE * full else on_white).astype(colours.dtype)


# -- colours of 16 bits, which Pillow cuts to 8 -----------------------------------------------------------------
def _raw_mode(image: ImageFile.ImageFile) -> str:
    """Return Pillow's name for the order of the stored bytes, such as ``"RGB;16B"``."""
    args = image.tile[0][3] if getattr(image, "tile", None) else ""
    first = args[0] if isinstance(args, tuple) and args else args
    return first if isinstance(first, str) else ""


def _is_deep(image: ImageFile.ImageFile, raw: str) -> bool:
    """Tell whether Pillow would cut the values of an image to 8 bits."""
    if image.mode.startswith(("I", "F")):
        return False
    bits = getattr(image, "tag_v2", {}).get(258, ()) if image.format == "TIFF" else ()
    return ";16" in raw or max(np.atleast_1d(bits), default=0) > 8 or _largest(image) > 255


def _largest(image: ImageFile.ImageFile) -> int:
    """Return the largest value of a portable pixmap; 255 for other files."""
    args = image.tile[0][3] if image.format == "PPM" else ()
    return args[1] if isinstance(args, tuple) and len(args) == 2 and args[1] else 255


def _deep_levels(path: Path, image: ImageFile.ImageFile, raw: str) -> np.ndarray:
    """Return values of 16 bits per channel, with alpha where there is any."""
    if image.format == "PPM":
        return _read_pixmap(path, image)
    if raw == "LA;16B":
        # Two values of two bytes are read like four values of one byte.
        parts = _decoded(path, "RGBA").astype(np.uint16)
        return 256 * parts[..., ::2] + parts[..., 1::2]
    if raw[:-1] not in _WHOLE_NUMBERS_16:
        raise ValueError("more than 8 bits per channel in this arrangement; save it as a PNG or .npz file")
    # Pillow keeps the first byte of each value. In the other order of bytes, this is the low one.
    other = {"B": "L", "L": "B", "N": "B" if sys.byteorder == "little" else "L"}[raw[-1]]
    return 256 * _decoded(path, raw).astype(np.uint16) + _decoded(path, raw[:-1] + other)


def _decoded(path: Path, raw: str) -> np.ndarray:
    with _opened(path) as image:
        tiles: list[Any] = []
        for tile in image.tile:
            args = (raw, *tile[3][1:]) if isinstance(tile[3], tuple) else raw
            # Tiles are named tuples since Pillow 11.
            tiles.append(getattr(tile, "_make", tuple)([*tile[:3], args]))
        image.tile = tiles
        _turn_upright(image)
        return np.asarray(image)


def _read_pixmap(path: Path, image: ImageFile.ImageFile) -> np.ndarray:
    """Return the colours of a portable pixmap of 16 bits, as shares of its largest value in units of 65535."""
    start, count, largest = image.tile[0][2], 3 * image.size[0] * image.size[1], _largest(image)
    body = path.read_bytes()[start:]
    is_text = image.tile[0][0] == "ppm_plain"
    values = np.array([int(v) for v in body.split()]) if is_text else np.frombuffer(body[: 2 * count], dtype=">u2")
    if len(values) < count or values.max() > largest:
        raise ValueError(f"{len(values)} values up to {values.max(initial=0)} for {count} up to {largest}")
    scaled = (values[:count].astype(np.uint64) * 65535 + largest // 2) // largest
    return scaled.astype(np.uint16).reshape(image.size[1], image.size[0], 3)
