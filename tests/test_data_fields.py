"""Files of fields as FNO and PDEBench publish them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from scipy.io import savemat

from freqnet.data import load_fields
from freqnet.errors import ConfigurationError, DataError

h5py = pytest.importorskip("h5py")
RNG = np.random.default_rng(0)
LINE, LINES = RNG.normal(size=(5, 12)), RNG.normal(size=(5, 12))
SQUARE, FLOW = RNG.normal(size=(4, 8, 8)), RNG.normal(size=(4, 8, 8, 3))
COURSE = RNG.normal(size=(3, 7, 16))


def matlab_73(path: Path, **arrays: np.ndarray) -> None:
    """Write a file as MATLAB does from version 7.3 on: HDF5 behind a header of text, axes in reverse order."""
    with h5py.File(path, "w", userblock_size=512) as file:
        for name, array in arrays.items():
            file[name] = array.T
    with path.open("r+b") as stream:
        stream.write(b"MATLAB 7.3 MAT-file, Platform: GLNXA64".ljust(512, b" "))


def hdf5(path: Path, **arrays: np.ndarray) -> None:
    with h5py.File(path, "w") as file:
        for name, array in arrays.items():
            file[name] = array


WRITERS = {"old.mat": savemat, "new.mat": matlab_73, "own.h5": hdf5, "own.hdf5": hdf5, "own.npz": np.savez}


def write(path: Path, **arrays: np.ndarray) -> Path:
    writer = WRITERS[path.name]
    writer(path, arrays) if writer is savemat else writer(path, **arrays)
    return path


def same(found: np.ndarray, wanted: np.ndarray) -> bool:
    return np.allclose(found[..., 0], wanted, atol=1e-6)


@pytest.mark.parametrize("name", WRITERS)
@pytest.mark.parametrize(("x", "y"), [("a", "u"), ("coeff", "sol"), ("x", "y")])
def test_pairs_are_found_by_their_published_names(tmp_path: Path, name: str, x: str, y: str) -> None:
    path = write(tmp_path / name, **{x: LINE, y: LINES, "unused": np.zeros(3)})
    dataset = load_fields(path, official_test=2)
    assert same(dataset.images, LINE)
    assert same(dataset.targets, LINES)
    assert (dataset.task.name, dataset.official_test, dataset.name) == ("field", 2, path.stem)


@pytest.mark.parametrize("name", WRITERS)
def test_a_flow_with_times_at_the_end(tmp_path: Path, name: str) -> None:
    path = write(tmp_path / name, a=SQUARE, u=FLOW)
    ends, steps = load_fields(path), load_fields(path, time="steps")
    assert same(ends.images, SQUARE)
    assert same(ends.targets, FLOW[..., 2])
    assert len(steps) == 4 * 3
    assert same(steps.images[:3], np.stack([SQUARE[0], FLOW[0, ..., 0], FLOW[0, ..., 1]]))
    assert same(steps.targets[3:6], np.moveaxis(FLOW[1], -1, 0))


def test_solutions_of_pdebench(tmp_path: Path) -> None:
    path = write(
        tmp_path / "own.hdf5", tensor=COURSE, **{"t-coordinate": np.arange(8.0), "x-coordinate": np.arange(16)}
    )
    ends, steps = load_fields(path), load_fields(path, time="steps", count=2, stride=4)
    assert same(ends.images, COURSE[:, 0])
    assert same(ends.targets, COURSE[:, -1])
    assert steps.grid == (4,)
    assert len(steps) == 2 * 6
    assert same(steps.images, COURSE[:2, :-1, ::4].reshape(-1, 4))
    assert same(steps.targets, COURSE[:2, 1:, ::4].reshape(-1, 4))


def test_darcy_of_pdebench_has_one_time(tmp_path: Path) -> None:
    path = write(tmp_path / "own.hdf5", nu=SQUARE, tensor=FLOW[:, None, :, :, 0])
    dataset = load_fields(path, count=3, stride=2)
    assert same(dataset.images, SQUARE[:3, ::2, ::2])
    assert same(dataset.targets, FLOW[:3, ::2, ::2, 0])


def test_names_may_be_given(tmp_path: Path) -> None:
    path = write(tmp_path / "own.npz", before=LINE, after=LINES, x=LINES, y=LINE)
    assert same(load_fields(path, x="before", y="after").images, LINE)
    assert same(load_fields(path).images, LINES)
    path = write(tmp_path / "old.mat", course=np.moveaxis(COURSE, 1, -1))
    assert same(load_fields(path, y="course").targets, COURSE[:, -1])


def broken(path: Path) -> Path:
    """The first half of a file."""
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    return path


@pytest.mark.parametrize("name", WRITERS)
def test_a_truncated_file_gets_one_line(tmp_path: Path, name: str) -> None:
    path = broken(write(tmp_path / name, a=RNG.normal(size=(50, 64)), u=RNG.normal(size=(50, 64))))
    with pytest.raises(DataError, match=r"got a file that cannot be read .*expected a complete") as raised:
        load_fields(path)
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize(
    ("arrays", "choices", "message"),
    [
        ({"p": LINE, "q": LINES}, {}, "got the arrays p, q, expected a and u or coeff and sol"),
        ({"a": LINE, "u": LINES}, {"x": "b"}, "got no array 'b', expected a, u"),
        ({"a": LINE, "u": LINES}, {"x": "a"}, "pass x= and y="),
        ({"a": LINE, "u": LINES[:, :6]}, {}, r"got shapes \(5, 12\) and \(5, 6\)"),
        ({"a": LINE, "u": LINES[:3]}, {}, r"got shapes \(5, 12\) and \(3, 12\)"),
        ({"a": LINE, "u": LINES[:, 0]}, {}, r"got shapes \(5, 12\) and \(5,\)"),
        ({"a": SQUARE, "u": FLOW[:, :6]}, {}, r"got shapes \(4, 8, 8\) and \(4, 6, 8, 3\)"),
        ({"u": LINE}, {"y": "u"}, r"got shape \(5, 12\), expected solutions in time"),
        ({"u": LINE[..., None]}, {"y": "u"}, "with one time"),
        ({"a": LINE * np.nan, "u": LINES}, {}, "NaN"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
@pytest.mark.parametrize("name", ["own.npz", "own.h5"])
def test_arrays_that_do_not_fit_get_one_line(tmp_path: Path, name: str, arrays, choices, message) -> None:
    path = write(tmp_path / name, **arrays)
    with pytest.raises(DataError, match=message) as raised:
        load_fields(path, **choices)
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize(
    ("choices", "message"),
    [
        ({"time": "all"}, "time: got 'all', expected ends or steps"),
        ({"stride": 0}, "stride: got 0"),
        ({"count": 1.5}, "count: got 1.5"),
    ],
)
def test_unusable_choices_are_refused(tmp_path: Path, choices, message) -> None:
    with pytest.raises(ConfigurationError, match=message):
        load_fields(write(tmp_path / "own.npz", a=LINE, u=LINES), **choices)


def test_missing_files_and_other_formats_are_told(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"no file .*none\.mat"):
        load_fields(tmp_path / "none.mat")
    with pytest.raises(ConfigurationError, match=r"expected a file of \.mat, \.h5"):
        load_fields(tmp_path / "a.csv")
    (tmp_path / "own.npz").write_bytes(b"")
    with pytest.raises(DataError, match="the file is empty"):
        load_fields(tmp_path / "own.npz")
