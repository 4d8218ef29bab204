"""The order of the axes of arrays: stated, told by their sizes, or asked for."""

from __future__ import annotations

import re
import warnings
from itertools import permutations
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from freqnet.data import from_arrays, load, load_images
from freqnet.data.layouts import arrange, choose_layout, describe_layout, guess_layout, read_layout
from freqnet.errors import ConfigurationError, DataError, DataWarning

RNG = np.random.default_rng(0)


# -- stated --------------------------------------------------------------------------------------------
@st.composite
def stated(draw: st.DrawFn) -> tuple[tuple[str, ...], np.ndarray]:
    """A layout in any order, with or without samples and channels, and an array of its shape."""
    grid = draw(st.sampled_from([("t",), ("h", "w"), ("d", "h", "w")]))
    names = draw(st.permutations([*grid, *draw(st.sampled_from([(), ("n",), ("c",), ("n", "c")]))]))
    # The axes of the grid keep their order.
    order = iter(grid)
    names = tuple(next(order) if name in grid else name for name in names)
    return names, RNG.normal(size=draw(st.tuples(*[st.integers(1, 4)] * len(names))))


@given(stated())
def test_a_stated_axis_goes_where_it_belongs(case: tuple[tuple[str, ...], np.ndarray]) -> None:
    names, array = case
    found = arrange(array, " ".join(names))
    grid = [name for name in names if name not in "nc"]
    assert found.ndim == len(grid) + 2
    for index in np.ndindex(array.shape):
        at = dict(zip(names, index, strict=True))
        assert found[(at.get("n", 0), *(at[name] for name in grid), at.get("c", 0))] == array[index]


@given(stated(), st.sampled_from(["u1", "<u2", ">u2", "<i4", ">i4", "f2", "<f4", ">f4", "<f8", ">f8", "?"]))
@settings(deadline=None)
def test_arrays_of_every_layout_dtype_and_byte_order(case: tuple[tuple[str, ...], np.ndarray], dtype: str) -> None:
    names, array = case
    if "n" not in names:
        names, array = ("n", *names), np.stack([array, array + 1, array + 3])
    if array.shape[names.index("n")] < 2:
        array = np.concatenate([array, array + 1], axis=names.index("n"))
    array = np.round(50 * np.abs(array)).astype(dtype)
    count = array.shape[names.index("n")]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DataWarning)  # few booleans may be equal
        dataset = from_arrays(array, np.arange(count), layout="".join(names))
    plain = arrange(array.astype(float), " ".join(names)) / (255 if dtype == "u1" else 1)
    np.testing.assert_allclose(dataset.images, plain, rtol=1e-6)
    assert dataset.images.dtype in (np.float32, np.float64)
    assert dataset.layout == " ".join(names)
    assert dataset.full_scale == {"u1": 255, "?": None}.get(dtype, None if "f" in dtype else 1)


@pytest.mark.parametrize(
    ("text", "names"),
    [("nchw", "n c h w"), ("N C H W", "n c h w"), ("n, time, c", "n time c"), ("cnt", "c n t"), ("hw", "h w")],
)
def test_layouts_are_written_in_several_ways(text: str, names: str) -> None:
    assert " ".join(read_layout(text)) == names


@pytest.mark.parametrize("text", ["", "nc", "n", "nhhw", "nabdef", "n-t", "n h w h", None, 4])
def test_layouts_that_name_no_grid_or_an_axis_twice(text: str) -> None:
    with pytest.raises(ConfigurationError, match=r"layout: got .* expected each axis once.*pass layout='nchw'"):
        read_layout(text)


def test_an_array_with_other_axes_than_stated() -> None:
    with pytest.raises(DataError, match=r"got shape \(5, 8, 8\), expected 4 axes n c h w"):
        choose_layout((5, 8, 8), "nchw", "samples")
    # Of several layouts, the first with as many axes counts, and else the sizes.
    assert choose_layout((5, 8, 8), ["n c h w", "n x y"], "samples") == "n x y"
    assert choose_layout((5, 64), ["n c h w", "n x y"], "samples") == "n t"


# -- told by the sizes -----------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("shape", "layout"),
    [
        *[((20, n), "n t") for n in (1, 2, 64, 5000)],
        *[((20, *sides), "n h w") for sides in ((1, 1), (2, 2), (8, 8), (8, 6), (28, 28), (32, 128), (480, 640))],
        *[((20, *sides, c), "n h w c") for sides in ((8, 6), (28, 28), (300, 400)) for c in (1, 2, 3, 4)],
        *[((20, 32, 32, c), "n h w c") for c in (1, 3, 8, 16)],
        ((20, 2, 32, 1), "n h w c"),
        ((20, 8, 2, 3), "n h w c"),
        *[((20, 5, 8, 6, c), "n d h w c") for c in (1, 2, 3, 4)],
        ((20, 128, 1), "n t c"),
        ((20, 1, 128), "n c t"),
    ],
)
def test_usual_arrays_are_read_without_a_question(shape: tuple[int, ...], layout: str) -> None:
    assert guess_layout(shape) == layout


@pytest.mark.parametrize(
    "shape",
    [
        *[(500, c, 32, 32) for c in (1, 2, 3, 12, 32, 64)],
        *[(500, n, n, n) for n in (6, 16, 64)],
        (500, 32, 32, 20),
        *[(500, *axes) for c in (2, 3, 6, 9, 12) for axes in ((c, 128), (128, c))],
        *[(500, c, 16, 16, 16) for c in (1, 2, 16)],
        (500, 16, 16, 16, 20),
    ],
)
def test_arrays_with_several_readings_are_asked_for(shape: tuple[int, ...], tmp_path: Path) -> None:
    np.savez(tmp_path / "x.npz", x=RNG.normal(size=(6, *shape[1:])), y=[0, 1] * 3)
    with pytest.raises(DataError, match=r"samples of .*x.npz: got shape .* several ways, expected a stated") as caught:
        load(tmp_path / "x.npz")
    assert "\n" not in str(caught.value)
    # Each proposal can be followed, and what it says comes true.
    ways = re.findall(r"layout='(\w+)' \(grid (\S+), (\d+) channels?\)", str(caught.value))
    assert len(ways) >= 2
    for letters, grid, channels in ways:
        dataset = load(tmp_path / "x.npz", layout=letters)
        assert ("x".join(map(str, dataset.grid)), dataset.channels) == (grid, int(channels))


def test_no_size_is_refused_and_read_in_two_ways() -> None:
    """Whatever the sizes: a reading, or a question, and the reading does not depend on the number of samples."""
    for ndim in (2, 3, 4, 5):
        for sides in permutations((1, 3, 4, 16, 17, 64), ndim - 1):
            assert guess_layout((1, *sides)) == guess_layout((100, *sides))
            assert len(guess_layout((1, *sides)).split()) in (0, ndim)


@pytest.mark.parametrize("shape", [(3,), (3, 2, 2, 2, 2, 2), ()])
def test_arrays_of_too_few_or_too_many_axes(shape: tuple[int, ...]) -> None:
    with pytest.raises(DataError, match="expected 2 to 5 axes"):
        from_arrays(np.zeros(shape), [0, 1, 0])


@pytest.mark.parametrize(
    ("shape", "layout"), [((32, 32, 3, 9), "hwcn"), ((64, 9), "tn"), ((28, 28, 9), "hwn"), ((3, 128, 9), "hwn")]
)
def test_samples_along_the_last_axis_are_noticed(shape: tuple[int, ...], layout: str) -> None:
    x, y = RNG.normal(size=shape), np.arange(9) % 2
    with pytest.raises(DataError, match=r"for 9 labels, expected the samples along the first axis; pass layout='\w+'"):
        from_arrays(x, y)
    assert len(from_arrays(x, y, layout=layout)) == 9


# -- files -----------------------------------------------------------------------------------------------
def test_the_layout_of_files_is_stated(tmp_path: Path) -> None:
    x = RNG.normal(size=(4, 2, 9, 9))
    np.savez(tmp_path / "x.npz", x=x, y=[0, 1, 0, 1])
    np.save(tmp_path / "x.npy", x)
    dataset = load(tmp_path / "x.npz", layout="n c h w")
    np.testing.assert_array_equal(dataset.images, np.moveaxis(x, 1, -1).astype(np.float32))
    samples, names = load_images(tmp_path / "x.npy", layout="nchw")
    np.testing.assert_array_equal(samples, dataset.images)
    assert len(names) == 4
    np.save(tmp_path / "one.npy", x[0])
    one, names = load_images(tmp_path / "one.npy", layout="chw")
    assert (one.shape, names) == ((1, 9, 9, 2), [str(tmp_path / "one.npy")])


def test_data_that_state_their_axes_take_no_layout(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="layout: got 'nhw' for digits, expected none"):
        load("digits", layout="nhw")
    assert load("digits", layout=["nchw", "nhw"]).grid == (8, 8)


def test_a_reading_is_described_as_the_array_lay() -> None:
    assert describe_layout((500, 32, 32, 2), "n c h w") == "x (500, 2, 32, 32) read as n c h w: grid 32x32, 2 channels"
    assert describe_layout((500, 64, 1), "n t") == "x (500, 64) read as n t: grid 64, 1 channel"
    assert describe_layout((9, 64, 3), "t c") == "each file (64, 3) read as t c: grid 64, 3 channels"
