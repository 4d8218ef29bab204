"""Datasets from folders of images, and samples without labels for prediction."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from freqnet.data import load, load_images
from freqnet.errors import ConfigurationError, DataError, DataWarning

Image = pytest.importorskip("PIL.Image")
GENERATOR = np.random.default_rng(0)


def write_images(folder: Path, mode: str = "L", size: tuple[int, int] = (5, 6)) -> None:
    """Write two PNG images for each of the classes cat and dog."""
    for name in ("dog", "cat"):
        (folder / name).mkdir(parents=True, exist_ok=True)
        for number in range(2):
            Image.new(mode, size, 50 * number).save(folder / name / f"{number}.png")


# --- Images ---------------------------------------------------------------------------------------


def test_folder_of_images(tmp_path: Path) -> None:
    write_images(tmp_path)
    (tmp_path / "cat" / "notes.txt").write_text("not an image")
    (tmp_path / "cat" / "._0.png").write_text("hidden")
    (tmp_path / ".thumbnails").mkdir()
    dataset = load(tmp_path)
    assert (dataset.classes, dataset.targets.tolist()) == (("cat", "dog"), [0, 0, 1, 1])
    assert dataset.images.shape == (4, 6, 5, 1)
    np.testing.assert_allclose(dataset.images[:, 0, 0, 0], np.array([0, 50, 0, 50]) / 255, rtol=1e-6)


@pytest.mark.parametrize("suffix", ["png", "jpg", "JPEG", "bmp", "gif", "tif", "webp"])
def test_image_formats(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"image.{suffix}"
    Image.new("RGB", (8, 8), (250, 10, 10)).save(path)
    samples, names = load_images(path)
    assert (samples.shape, names) == ((1, 8, 8, 3), [str(path)])
    np.testing.assert_allclose(samples[0, 4, 4], np.array([250, 10, 10]) / 255, atol=0.02)
    whole = path.read_bytes()
    for kept in (0.2, 0.6, 0.9):
        path.write_bytes(whole[: int(kept * len(whole))])
        with pytest.raises(DataError, match=r"image\..*cannot be read .*complete image file; replace"):
            load_images(path)


@pytest.mark.parametrize(
    ("mode", "colour", "expected"),
    [
        ("1", 1, [1]),
        ("L", 51, [0.2]),
        ("LA", (51, 255), [0.2]),
        ("LA", (51, 85), [0.2 / 3 + 2 / 3]),
        ("I;16", 13107, [0.2]),
        ("RGB", (51, 0, 255), [0.2, 0, 1]),
        ("RGBA", (51, 0, 255, 255), [0.2, 0, 1]),
        ("RGBA", (51, 0, 255, 85), [0.2 / 3 + 2 / 3, 2 / 3, 1]),
    ],
)
def test_image_modes(tmp_path: Path, mode: str, colour: int | tuple, expected: list[float]) -> None:
    Image.new(mode, (4, 4), colour).save(tmp_path / "image.png")
    np.testing.assert_allclose(load_images(tmp_path / "image.png")[0][0, 0, 0], expected, rtol=1e-6)


def test_palette_images_are_grey_only_if_their_pixels_are(tmp_path: Path) -> None:
    for name, colour in (("grey", (51, 51, 51)), ("red", (255, 0, 0))):
        image = Image.new("RGB", (4, 4), colour).convert("P", palette=Image.Palette.ADAPTIVE)
        image.save(tmp_path / f"{name}.png", transparency=b"\x55")
    np.testing.assert_allclose(load_images(tmp_path / "grey.png")[0][0, 0, 0], [0.2 / 3 + 2 / 3], rtol=1e-6)
    np.testing.assert_allclose(load_images(tmp_path / "red.png")[0][0, 0, 0], [1, 2 / 3, 2 / 3], rtol=1e-6)


def test_one_image_in_colour_gives_all_three_channels(tmp_path: Path) -> None:
    write_images(tmp_path)
    Image.new("RGB", (5, 6), (51, 0, 255)).save(tmp_path / "cat" / "1.png")
    images = load(tmp_path).images
    assert images.shape == (4, 6, 5, 3)
    np.testing.assert_allclose(images[1, 0, 0], [0.2, 0, 1], rtol=1e-6)
    np.testing.assert_allclose(images[3, 0, 0], [50 / 255] * 3, rtol=1e-6)


def test_channels_can_be_chosen_for_prediction(tmp_path: Path) -> None:
    write_images(tmp_path)
    Image.new("RGB", (5, 6), (255, 0, 0)).save(tmp_path / "red.png")
    assert load_images(tmp_path / "cat", channels=3)[0].shape == (2, 6, 5, 3)
    grey, _ = load_images(tmp_path / "red.png", channels=1)
    assert grey.shape == (1, 6, 5, 1)
    assert abs(grey[0, 0, 0, 0] - 0.299) < 0.005
    with pytest.raises(ConfigurationError, match="channels of image files: got 2, expected 1 or 3"):
        load_images(tmp_path / "red.png", channels=2)


def test_mixed_sizes_name_both_sizes_and_files(tmp_path: Path) -> None:
    write_images(tmp_path)
    Image.new("L", (9, 7)).save(tmp_path / "dog" / "1.png")
    with pytest.raises(
        DataError, match=r"got \(6, 5, 1\) in .*cat.0.png and \(7, 9, 1\) in .*dog.1.png.*size_to=\(6, 5\)"
    ):
        load(tmp_path)


def test_damaged_images_are_named(tmp_path: Path) -> None:
    write_images(tmp_path)
    path = tmp_path / "dog" / "1.png"
    noise = Image.fromarray(GENERATOR.integers(0, 256, (6, 5), dtype=np.uint8))
    noise.save(path)
    whole = path.read_bytes()
    # A PostScript program is not run, even if it is named like an image.
    for content in (
        b"",
        b"no image",
        whole[:50],
        whole[:-20],
        b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 5 6\n",
    ):
        path.write_bytes(content)
        with pytest.raises(DataError, match=r"image .*dog.1\.png: got a file that cannot be read"):
            load(tmp_path)
    Image.new("F", (5, 6)).save(tmp_path / "float.tif")
    with pytest.raises(DataError, match=r"float\.tif.* mode F have no agreed range"):
        load_images(tmp_path / "float.tif")


def test_folders_without_classes_or_images(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="got no subfolders, expected a subfolder of files per class"):
        load(tmp_path)
    (tmp_path / "cat").mkdir()
    with pytest.raises(DataError, match=r"folder .*cat: got no samples"):
        load(tmp_path)
    Image.new("L", (5, 6)).save(tmp_path / "cat" / "0.png")
    with pytest.raises(DataError, match="got samples of 1 class"):
        load(tmp_path)
    with pytest.raises(ConfigurationError, match=r"got the file .*0\.png, expected digits.*put images into a folder"):
        load(tmp_path / "cat" / "0.png")


def test_pictures_that_are_not_read_are_told(tmp_path: Path) -> None:
    write_images(tmp_path)
    (tmp_path / "dog" / "notes.txt").write_text("no picture")
    load(tmp_path)
    (tmp_path / "dog" / "phone.HEIC").write_bytes(b"a picture")
    (tmp_path / "dog" / "more").mkdir()
    with pytest.warns(DataWarning, match=r"got 2 files or folders that are not read, such as .*dog.more, expected"):
        assert len(load(tmp_path)) == 4


# --- load_images ----------------------------------------------------------------------------------


def test_files_folders_and_arrays_together_keep_their_order(tmp_path: Path) -> None:
    write_images(tmp_path / "tree")
    np.save(tmp_path / "three.npy", np.full((3, 6, 5), 7.0))
    np.savez(tmp_path / "one.npz", x=np.full((1, 6, 5), 8.0))
    files = [tmp_path / "three.npy", str(tmp_path / "tree"), tmp_path / "one.npz"]
    samples, names = load_images(files)
    assert (samples.shape, samples.dtype) == ((8, 6, 5, 1), np.float32)
    np.testing.assert_allclose(samples[:, 0, 0, 0], [7, 7, 7, 0, 50 / 255, 0, 50 / 255, 8], rtol=1e-6)
    assert names[2:4] == [f"{tmp_path / 'three.npy'}[2]", str(tmp_path / "tree" / "cat" / "0.png")]


def test_load_images_refuses(tmp_path: Path) -> None:
    np.save(tmp_path / "a.npy", np.zeros((1, 6, 5)))
    np.save(tmp_path / "b.npy", np.zeros((1, 6, 6)))
    np.save(tmp_path / "nan.npy", np.full((1, 6, 6), np.nan))
    np.savez(tmp_path / "y.npz", y=[0, 1])
    (tmp_path / "empty").mkdir()
    (tmp_path / "notes.txt").write_text("notes")
    for name, error, message in (
        ("absent.png", DataError, r"got no file .*absent\.png"),
        ("empty", DataError, "got no images, expected files in it"),
        ("nan.npy", DataError, "got 36 NaN and 0 infinite"),
        ("y.npz", DataError, r"got the arrays y, expected the arrays x and y, or x"),
        ("notes.txt", ConfigurationError, r"notes\.txt, expected a folder, or a file of \.png"),
    ):
        with pytest.raises(error, match=message):
            load_images(tmp_path / name)
    with pytest.raises(DataError, match=r"got \(6, 5, 1\) in .*a\.npy and \(6, 6, 1\) in .*b\.npy"):
        load_images([tmp_path / "a.npy", tmp_path / "b.npy"])
    with pytest.raises(ConfigurationError, match="got no paths"):
        load_images([])
