"""Pixels of image files: orientation, depth, transparency, frames and colour models."""

from __future__ import annotations

import struct
import zlib
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from freqnet.data import load, load_images
from freqnet.errors import DataError, DataWarning

RNG = np.random.default_rng(0)
ORIENTATION = 0x0112


def chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def write_png16(path: Path, pixels: np.ndarray, *extra: tuple[bytes, bytes]) -> None:
    """Write whole numbers ``(rows, columns, channels)`` as a PNG of 16 bits, with each filter in turn."""
    rows, columns, channels = pixels.shape
    lines, before = [], np.zeros(2 * channels * columns, np.uint8)
    for number, row in enumerate(pixels.astype(">u2")):
        line = np.frombuffer(row.tobytes(), np.uint8)
        left = np.concatenate([np.zeros(2 * channels, np.uint8), line[: -2 * channels]])
        filtered = (line, line - left, line - before)[number % 3]
        lines.append(bytes([number % 3]) + filtered.tobytes())
        before = line
    kind = {1: 0, 2: 4, 3: 2, 4: 6}[channels]
    head = struct.pack(">IIBBBBB", columns, rows, 16, kind, 0, 0, 0)
    body = [chunk(b"IHDR", head), *(chunk(*e) for e in extra), chunk(b"IDAT", zlib.compress(b"".join(lines)))]
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + b"".join(body) + chunk(b"IEND", b""))


def write_tiff(path: Path, pixels: np.ndarray, order: str, *, compressed: bool, planar: bool = False) -> None:
    """Write whole numbers of 16 bits ``(rows, columns, channels)`` as a TIFF in one strip, or one per channel."""
    rows, columns, channels = pixels.shape
    planes = np.moveaxis(pixels, -1, 0) if planar else pixels[np.newaxis]
    strips = [plane.astype(f"{order}u2").tobytes() for plane in planes]
    strips = [zlib.compress(strip) if compressed else strip for strip in strips]
    tags = [(256, columns), (257, rows), (258, None), (259, 8 if compressed else 1), (262, 2 if channels >= 3 else 1)]
    tags += [(273, None), (277, channels), (278, rows), (279, None), (284, 2 if planar else 1)]
    tags += [(338, 2)] if channels == 4 else []
    end = 8 + 2 + 12 * len(tags) + 4
    tables = {258: [16] * channels, 273: [], 279: [len(strip) for strip in strips]}
    size = 2 * channels + 8 * len(strips)
    tables[273] = [end + size + sum(map(len, strips[:i])) for i in range(len(strips))]
    head = (b"II*\0" if order == "<" else b"MM\0*") + struct.pack(f"{order}IH", 8, len(tags))
    extra = b""
    for tag, value in tags:
        kind = "H" if tag in (258, 338) else "I"
        values = tables[tag] if value is None else [value]
        packed = struct.pack(f"{order}{len(values)}{kind}", *values)
        if len(packed) > 4:
            place = struct.pack(f"{order}I", end + len(extra))
            extra += packed
        else:
            place = packed.ljust(4, b"\0")
        head += struct.pack(f"{order}HHI", tag, 3 if kind == "H" else 4, len(values)) + place
    body = head + b"\0\0\0\0" + extra
    path.write_bytes(body.ljust(end + size, b"\0") + b"".join(strips))


def read(path: Path, **arguments: int) -> np.ndarray:
    return load_images(path, **arguments)[0][0]


# -- orientation ---------------------------------------------------------------------------------------
TURNED = {
    1: lambda a: a,
    2: lambda a: a[:, ::-1],
    3: lambda a: a[::-1, ::-1],
    4: lambda a: a[::-1],
    5: lambda a: a.swapaxes(0, 1),
    6: lambda a: np.rot90(a, -1),
    7: lambda a: np.rot90(a, 2).swapaxes(0, 1),
    8: lambda a: np.rot90(a),
}


@pytest.mark.parametrize("suffix", ["jpg", "png", "tif", "webp"])
@pytest.mark.parametrize("orientation", TURNED)
def test_pictures_of_phones_stand_upright(tmp_path: Path, suffix: str, orientation: int) -> None:
    pixels = np.kron(RNG.integers(0, 2, (2, 3)) * 200, np.ones((16, 16))).astype(np.uint8)
    exif = Image.Exif()
    exif[ORIENTATION] = orientation
    options = {"tiffinfo": {ORIENTATION: orientation}} if suffix == "tif" else {"exif": exif}
    Image.fromarray(pixels).save(tmp_path / f"phone.{suffix}", **options)
    expected = TURNED[orientation](pixels / 255)
    np.testing.assert_allclose(read(tmp_path / f"phone.{suffix}", channels=1)[..., 0], expected, atol=0.04)


def test_deep_pictures_stand_upright(tmp_path: Path) -> None:
    pixels = RNG.integers(0, 65536, (5, 7, 3))
    exif = Image.Exif()
    exif[ORIENTATION] = 6
    write_png16(tmp_path / "deep.png", pixels, (b"eXIf", exif.tobytes()[6:]))
    np.testing.assert_allclose(read(tmp_path / "deep.png"), np.rot90(pixels, -1) / 65535, rtol=1e-6)


# -- 16 bits -------------------------------------------------------------------------------------------
@settings(max_examples=25, deadline=None)
@given(st.integers(1, 9), st.integers(1, 9), st.sampled_from([1, 3]), st.sampled_from([4095, 65535]), st.data())
def test_png_files_keep_16_bits(
    tmp_path_factory: pytest.TempPathFactory, rows: int, columns: int, channels: int, largest: int, data: st.DataObject
) -> None:
    path = tmp_path_factory.mktemp("deep") / "deep.png"
    seed = data.draw(st.integers(0, 1000))
    pixels = np.random.default_rng(seed).integers(0, largest + 1, (rows, columns, channels))
    write_png16(path, pixels)
    np.testing.assert_array_equal(read(path), (pixels / np.float32(65535)).astype(np.float32))


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("compressed", [False, True])
@pytest.mark.parametrize("channels", [1, 3, 4])
def test_tiff_files_keep_16_bits(tmp_path: Path, order: str, compressed: bool, channels: int) -> None:
    pixels = RNG.integers(0, 65536, (7, 6, channels))
    write_tiff(tmp_path / "deep.tif", pixels, order, compressed=compressed)
    expected = pixels / 65535
    if channels == 4:
        expected = expected[..., :3] * expected[..., 3:] + 1 - expected[..., 3:]
    np.testing.assert_allclose(read(tmp_path / "deep.tif"), expected, atol=1 / 65535)


def test_tiff_files_in_planes_are_read_right_or_refused(tmp_path: Path) -> None:
    pixels = RNG.integers(0, 65536, (7, 6, 3))
    write_tiff(tmp_path / "planes.tif", pixels, "<", compressed=False, planar=True)
    with pytest.raises(DataError, match=r"planes.tif: got .*more than 8 bits per channel.*save it as a PNG"):
        read(tmp_path / "planes.tif")


@pytest.mark.parametrize("largest", [255, 100, 4095, 65535])
@pytest.mark.parametrize("kind", ["P2", "P3", "P5", "P6"])
def test_portable_maps_are_shares_of_their_largest_value(tmp_path: Path, largest: int, kind: str) -> None:
    channels = 3 if kind in ("P3", "P6") else 1
    pixels = RNG.integers(0, largest + 1, (5, 4, channels))
    pixels[0, 0] = largest
    raw = pixels.astype(">u2" if largest > 255 else "u1").tobytes()
    body = raw if kind in ("P5", "P6") else " ".join(map(str, pixels.ravel())).encode()
    path = tmp_path / ("a.ppm" if channels == 3 else "a.pgm")
    path.write_bytes(f"{kind}\n# made\n4 5\n{largest}\n".encode() + body)
    np.testing.assert_allclose(read(path), pixels / largest, atol=0.5 / 255 if largest < 256 else 1 / 65535)
    path.write_bytes(f"{kind} 4 5 {largest}\n".encode() + body[: len(body) // 2])
    with pytest.raises(DataError, match=r"a\.p.m: got a file that cannot be read"):
        read(path)


def test_bits_and_pnm(tmp_path: Path) -> None:
    (tmp_path / "a.pbm").write_bytes(b"P1 2 2\n0 1 1 0")
    np.testing.assert_array_equal(read(tmp_path / "a.pbm")[..., 0], [[1, 0], [0, 1]])
    (tmp_path / "a.pnm").write_bytes(b"P2 2 1 255\n0 255")
    np.testing.assert_array_equal(read(tmp_path / "a.pnm")[..., 0], [[0, 1]])


def test_luminance_of_16_bits_is_that_of_8(tmp_path: Path) -> None:
    pixels = RNG.integers(0, 256, (6, 5, 3))
    Image.fromarray(pixels.astype(np.uint8)).save(tmp_path / "8.png")
    write_png16(tmp_path / "16.png", 257 * pixels)
    by_pillow = np.asarray(Image.open(tmp_path / "8.png").convert("L")) / 255
    np.testing.assert_allclose(read(tmp_path / "8.png", channels=1)[..., 0], by_pillow, rtol=1e-6)
    np.testing.assert_allclose(read(tmp_path / "16.png", channels=1)[..., 0], by_pillow, atol=0.6 / 255)


@pytest.mark.parametrize("mode", ["I;16", "I;16B"])
def test_grey_of_16_bits_in_both_orders_of_bytes(tmp_path: Path, mode: str) -> None:
    Image.new(mode, (3, 2), 13107).save(tmp_path / "a.tif")
    np.testing.assert_allclose(read(tmp_path / "a.tif"), 0.2, rtol=1e-6)


# -- transparency --------------------------------------------------------------------------------------
ALPHA = RNG.integers(0, 256, (8, 8)).astype(np.uint8)


def with_alpha(colour: tuple[int, ...]) -> Image.Image:
    flat = np.broadcast_to(np.array(colour, dtype=np.uint8), (8, 8, len(colour)))
    return Image.fromarray(np.dstack([flat, ALPHA]))


@pytest.mark.parametrize(
    ("colour", "expected"),
    [
        ((0, 0, 0), 1 - ALPHA / 255),  # black ink on white
        ((255, 255, 255), ALPHA / 255),  # white ink, which white would hide
        ((250, 250, 250), 250 / 255 * ALPHA / 255),
        ((0,), 1 - ALPHA / 255),
        ((255,), ALPHA / 255),
    ],
)
@pytest.mark.parametrize("suffix", ["png", "tif", "webp"])
def test_content_in_the_alpha_channel_is_seen(
    tmp_path: Path, colour: tuple[int, ...], expected: np.ndarray, suffix: str
) -> None:
    with_alpha(colour).save(tmp_path / f"ink.{suffix}", **({"lossless": True} if suffix == "webp" else {}))
    np.testing.assert_allclose(read(tmp_path / f"ink.{suffix}", channels=1)[..., 0], expected, atol=0.5 / 255)


@pytest.mark.parametrize("channels", [2, 4])
def test_alpha_of_16_bits(tmp_path: Path, channels: int) -> None:
    pixels = RNG.integers(0, 65536, (6, 5, channels))
    write_png16(tmp_path / "a.png", pixels)
    colours, alpha = pixels[..., :-1] / 65535, pixels[..., -1:] / 65535
    np.testing.assert_allclose(read(tmp_path / "a.png"), colours * alpha + 1 - alpha, atol=1 / 65535)
    pixels[..., -1] = 65535
    write_png16(tmp_path / "b.png", pixels)
    np.testing.assert_allclose(read(tmp_path / "b.png"), pixels[..., :-1] / 65535, rtol=1e-6)


@pytest.mark.parametrize("mode", ["LA", "RGBA"])
def test_opaque_alpha_changes_nothing(tmp_path: Path, mode: str) -> None:
    picture = Image.fromarray(RNG.integers(0, 256, (6, 5, 3)).astype(np.uint8)).convert(mode.rstrip("A"))
    picture.save(tmp_path / "without.png")
    picture.convert(mode).save(tmp_path / "with.png")
    np.testing.assert_array_equal(read(tmp_path / "with.png"), read(tmp_path / "without.png"))


def test_a_clear_colour_is_transparent(tmp_path: Path) -> None:
    pixels = np.array([[0, 90], [90, 30]], dtype=np.uint8)
    Image.fromarray(pixels).save(tmp_path / "grey.png", transparency=90)
    np.testing.assert_allclose(read(tmp_path / "grey.png")[..., 0], [[0, 1], [1, 30 / 255]], rtol=1e-6)
    Image.fromarray(np.dstack([pixels] * 3)).save(tmp_path / "colour.png", transparency=(90, 90, 90))
    np.testing.assert_allclose(read(tmp_path / "colour.png")[..., 0], [[0, 1], [1, 30 / 255]], rtol=1e-6)
    deep = pixels[..., np.newaxis].astype(int)
    for channels in (1, 3):
        clear = struct.pack(f">{channels}H", *[90] * channels)
        write_png16(tmp_path / "deep.png", np.repeat(deep, channels, axis=2), (b"tRNS", clear))
        np.testing.assert_allclose(read(tmp_path / "deep.png")[..., 0], [[0, 1], [1, 30 / 65535]], rtol=1e-6)
    palette = Image.fromarray(pixels).convert("P")
    palette.save(tmp_path / "palette.gif", transparency=90)
    np.testing.assert_allclose(read(tmp_path / "palette.gif")[..., 0], [[0, 1], [1, 30 / 255]], rtol=1e-6)


def test_a_folder_of_sprites_is_told_apart(tmp_path: Path) -> None:
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        for number in range(4):
            alpha = np.random.default_rng(number + 9 * ord(name)).integers(0, 256, (8, 8)).astype(np.uint8)
            Image.fromarray(np.dstack([np.zeros((8, 8, 3), np.uint8), alpha])).save(tmp_path / name / f"{number}.png")
    images = load(tmp_path).images
    assert len({image.tobytes() for image in images}) == 8


# -- frames and colour models ----------------------------------------------------------------------------
@pytest.mark.parametrize("suffix", ["gif", "tif", "png", "webp"])
def test_later_frames_are_told(tmp_path: Path, suffix: str) -> None:
    frames = [Image.new("L", (6, 6), 60 * number) for number in (1, 2, 3)]
    frames[0].save(tmp_path / f"film.{suffix}", save_all=True, append_images=frames[1:])
    frames[0].save(tmp_path / f"single.{suffix}")
    with pytest.warns(DataWarning, match=rf"several frames in .*film.{suffix}, expected one; only the first is read"):
        assert abs(read(tmp_path / f"film.{suffix}")[0, 0, 0] - 60 / 255) < 0.02
    read(tmp_path / f"single.{suffix}")


def test_printing_colours(tmp_path: Path) -> None:
    for colour, cmyk in (((255, 0, 0), (0, 255, 255, 0)), ((0, 0, 0), (0, 0, 0, 255)), ((255, 255, 255), (0,) * 4)):
        for suffix in ("jpg", "tif"):  # Pillow writes inverted values into JPEG files, like Adobe
            Image.new("CMYK", (8, 8), cmyk).save(tmp_path / f"print.{suffix}")
            np.testing.assert_allclose(read(tmp_path / f"print.{suffix}")[4, 4], np.array(colour) / 255, atol=0.02)


def test_colours_of_the_eye(tmp_path: Path) -> None:
    for lab, rgb in (((255, 128, 128), (255, 255, 255)), ((0, 128, 128), (0, 0, 0)), ((136, 208, 195), (255, 0, 0))):
        Image.new("LAB", (5, 6), lab).save(tmp_path / "lab.tif")
        np.testing.assert_allclose(read(tmp_path / "lab.tif")[0, 0], np.array(rgb) / 255, atol=0.05)


@pytest.mark.parametrize("mode", ["F", "I"])
def test_pixels_without_an_agreed_reading_are_refused(tmp_path: Path, mode: str) -> None:
    Image.new(mode, (5, 6)).save(tmp_path / "odd.tif")
    with pytest.raises(DataError, match=r"odd\.tif: got a file that cannot be read") as caught:
        read(tmp_path / "odd.tif")
    assert "\n" not in str(caught.value)


def test_images_too_large_to_be_one_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 20)
    Image.new("L", (5, 5)).save(tmp_path / "large.png")
    with pytest.raises(DataError, match=r"large.png: got .*exceeds limit of 20 pixels"):
        read(tmp_path / "large.png")


def test_damaged_metadata_do_not_matter(tmp_path: Path) -> None:
    picture = Image.fromarray(RNG.integers(0, 256, (8, 8), dtype=np.uint8))
    picture.save(tmp_path / "a.png", exif=b"Exif\0\0nonsense")
    np.testing.assert_allclose(read(tmp_path / "a.png")[..., 0], np.asarray(picture) / 255, rtol=1e-6)
