"""Data larger than memory: arrays that stay in files, and spectra that are computed on demand or kept in files."""

from __future__ import annotations

import errno
import json
import pickle
import shutil
import subprocess
import sys
from collections import namedtuple
from dataclasses import replace
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
import zarr
from PIL import Image
from test_cli_train import refused, succeed

from freqnet import nn
from freqnet.data import Dataset, from_arrays, images_checksum, load, load_images, split
from freqnet.errors import ConfigurationError, DataError, DataWarning
from freqnet.experiments import Job, fingerprint, run
from freqnet.on_disk import ConvertedRows, DiskArray, JoinedRows, MemoryRows, NumpyRows, in_blocks
from freqnet.training import Progress, Settings, Spectra, analyse, fit, load_checkpoint, spectra_files
from freqnet.values import mean_and_scale, sample_keys, sample_ranges, value_range

RNG = np.random.default_rng(0)


def written(folder: Path, x: np.ndarray, y: np.ndarray, parts: int = 1, classes: Any = None) -> Path:
    """Write a data set as ``.npy`` files, the samples in parts."""
    folder.mkdir()
    for i, part in enumerate(np.array_split(x, parts)):
        np.save(folder / ("x.npy" if parts == 1 else f"x-{i}.npy"), part)
    np.save(folder / "y.npy", y)
    if classes is not None:
        np.save(folder / "classes.npy", classes)
    return folder


def pictures(
    count: int = 90, dtype: str = "float32", shape: tuple[int, ...] = (8, 9, 3)
) -> tuple[np.ndarray, np.ndarray]:
    """Samples of three classes that differ in their mean."""
    y = np.arange(count) % 3
    x = RNG.normal(size=(count, *shape)) + y.reshape(-1, *[1] * len(shape))
    return (x if dtype[0] == "f" else np.clip(60 * x + 100, 0, 255)).astype(dtype), y


# -- rows ------------------------------------------------------------------------------------------------------
@pytest.fixture(params=["npy", "joined", "converted", "memory"])
def rows(request: Any, tmp_path: Path) -> tuple[Any, np.ndarray]:
    array = RNG.normal(size=(17, 3, 2))
    if request.param == "joined":
        for i, part in enumerate(np.split(array, [4, 4, 11])):
            np.save(tmp_path / f"{i}.npy", part)
        return JoinedRows([NumpyRows(tmp_path / f"{i}.npy") for i in range(4)]), array
    np.save(tmp_path / "x.npy", array)
    source = MemoryRows(array) if request.param == "memory" else NumpyRows(tmp_path / "x.npy")
    if request.param == "converted":
        return ConvertedRows(source, lambda block, numbers: block[:, 1] + numbers[:, None]), None  # type: ignore[return-value]
    return source, array


KEYS = [slice(None), slice(3, 9), slice(5, 5), slice(-4, None), slice(0, 17, 3)]


@pytest.mark.parametrize("key", [*KEYS, [16, 0, 0, 7], [], 5, -1, np.arange(17) % 2 == 0], ids=str)
def test_indexing_reads_what_numpy_indexes(rows: tuple[Any, np.ndarray], key: Any) -> None:
    source, array = rows
    if array is None:
        source, array = source.rows, source.rows.read(0, 17)
    key = np.asarray(key, dtype=int) if isinstance(key, list) else key
    assert np.array_equal(DiskArray(source)[key], array[key])
    chosen = np.array([3, 16, 2, 2, 0, 9, 10, 11, 5, 1, 15, 14, 4, 8, 7, 6, 13])
    assert np.array_equal(DiskArray(source, chosen)[key], array[chosen][key])


def test_converted_rows_are_told_their_numbers(tmp_path: Path) -> None:
    np.save(tmp_path / "x.npy", np.zeros((9, 2)))
    array = DiskArray(ConvertedRows(NumpyRows(tmp_path / "x.npy"), lambda block, numbers: block + numbers[:, None]))
    assert array[4:6].tolist() == [[4, 4], [5, 5]]
    assert array[np.array([8, 0, 8])].tolist() == [[8, 8], [0, 0], [8, 8]]
    assert array.shape == (9, 2)


def test_blocks_have_every_row_once_in_the_order_of_the_file(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr("freqnet.on_disk._BLOCK", 64)
    np.save(tmp_path / "x.npy", np.arange(40.0).reshape(20, 2))
    array = DiskArray(NumpyRows(tmp_path / "x.npy"), np.array([7, 3, 19, 0, 5]))
    blocks = list(array.blocks())
    assert len(blocks) == 2
    assert np.concatenate(blocks)[:, 0].tolist() == [0, 6, 10, 14, 38]
    assert [places.tolist() for places in array.block_places()] == [[3, 1, 4, 0], [2]]
    assert sum(len(block) for block in in_blocks(np.zeros((3, 2)))) == 3


def test_rows_that_lie_close_together_are_read_in_one_piece(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    with h5py.File(tmp_path / "x.h5", "w") as file:
        file["x"] = np.arange(2000.0, dtype=np.float32).reshape(1000, 2)
        file["y"] = np.arange(1000) % 2
    source, reads = load(tmp_path / "x.h5", layout="nt", on_disk=True).stored.source, []  # type: ignore[union-attr]
    inner = source.rows  # type: ignore[attr-defined]
    read = inner.read
    monkeypatch.setattr(inner, "read", lambda a, b: reads.append((a, b)) or read(a, b))
    monkeypatch.setattr("freqnet.on_disk._GAP", 80)
    assert DiskArray(source)[np.array([900, 3, 5, 12, 30, 901])][:, 0, 0].tolist() == [1800, 6, 10, 24, 60, 1802]
    assert reads == [(3, 13), (30, 31), (900, 902)]


def test_blocks_of_small_results_are_no_larger_than_those_of_their_rows(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr("freqnet.on_disk._BLOCK", 400)
    np.save(tmp_path / "x.npy", np.arange(1000.0).reshape(10, 100))
    array = DiskArray(ConvertedRows(NumpyRows(tmp_path / "x.npy"), lambda rows, start: rows[:, :1]))
    assert [len(block) for block in array.blocks()] == [1] * 10


def test_arrays_in_files_go_to_other_processes(tmp_path: Path) -> None:
    np.save(tmp_path / "x.npy", np.arange(6.0).reshape(3, 2))
    array = DiskArray(NumpyRows(tmp_path / "x.npy"), np.array([2, 0]))
    assert array[:].tolist() == [[4, 5], [0, 1]]
    assert pickle.loads(pickle.dumps(array))[:].tolist() == [[4, 5], [0, 1]]


def test_files_that_cannot_be_read_in_parts(tmp_path: Path) -> None:
    np.save(tmp_path / "columns.npy", np.asfortranarray(np.zeros((3, 4))))
    with pytest.raises(DataError, match="by columns"):
        NumpyRows(tmp_path / "columns.npy")
    np.save(tmp_path / "x.npy", np.zeros((30, 4)))
    source = NumpyRows(tmp_path / "x.npy")
    (tmp_path / "x.npy").write_bytes((tmp_path / "x.npy").read_bytes()[:500])
    with pytest.raises(DataError, match="fewer bytes"):
        source.read(0, 30)


# -- data sets -------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("dtype", ["float32", "float64", "uint8", "int16", "bool"])
@pytest.mark.parametrize("kind", ["npy", "parts", "h5", "zarr"])
def test_data_on_disk_are_those_in_memory(tmp_path: Path, kind: str, dtype: str) -> None:
    x, y = pictures(dtype="float32" if dtype == "bool" else dtype)
    x = x > 1 if dtype == "bool" else x
    path = tmp_path / ("data.h5" if kind == "h5" else "data")
    if kind == "h5":
        with h5py.File(path, "w") as file:
            file["x"], file["y"] = x, y
    elif kind == "zarr":
        group = zarr.open_group(path, mode="w")
        group["x"], group["y"] = x, y
    else:
        written(path, x, y, 1 if kind == "npy" else 12)
    whole, inside = load(path), load(path, on_disk=True)
    made = from_arrays(x, y, name="data")
    assert inside.on_disk
    assert not whole.on_disk
    for dataset in (whole, inside):
        assert dataset.stored.dtype == made.stored.dtype
        assert np.array_equal(dataset.images, made.images)
        assert fingerprint(dataset) == fingerprint(made)
        assert images_checksum(dataset) == images_checksum(made)
    parts, own = split(inside, validation=0.2), split(made, validation=0.2)
    for part, other in ((parts.train, own.train), (parts.test, own.test), (parts.validation, own.validation)):
        order = np.argsort([row.tobytes() for row in other.images])
        mine = np.argsort([row.tobytes() for row in part.images])
        assert np.array_equal(part.images[mine], other.images[order])
        assert np.array_equal(part.targets[mine], other.targets[order])


@pytest.mark.parametrize("dtype", ["float32", "float64", "uint8"])
def test_figures_of_data_on_disk(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, dtype: str) -> None:
    monkeypatch.setattr("freqnet.on_disk._BLOCK", 5000)
    x, _ = pictures(41, dtype)
    np.save(tmp_path / "x.npy", x)
    array = DiskArray(NumpyRows(tmp_path / "x.npy")).view(np.arange(40, 2, -1))
    memory = x[40:2:-1].copy()
    scale = 255.0 if dtype == "uint8" else None
    for own, other in zip(mean_and_scale(array, scale), mean_and_scale(memory, scale), strict=True):
        assert np.allclose(own, other, rtol=1e-6 if dtype == "float32" else 1e-12, atol=0)
    assert [n.tolist() for n in value_range(array, scale)] == [n.tolist() for n in value_range(memory, scale)]
    assert all(np.array_equal(a, b) for a, b in zip(sample_ranges(array), sample_ranges(memory), strict=True))
    assert np.array_equal(sample_keys(array), sample_keys(memory))


def test_the_mean_of_large_equal_numbers_is_exact(tmp_path: Path) -> None:
    x = np.full((500, 4, 4, 1), 1e6)
    np.save(tmp_path / "x.npy", x + np.arange(500).reshape(-1, 1, 1, 1) * 1e-3)
    (mean,), (deviation,) = mean_and_scale(DiskArray(NumpyRows(tmp_path / "x.npy")))
    assert mean == pytest.approx(1e6 + 0.2495, abs=1e-9)
    assert deviation == pytest.approx(np.arange(500).std() * 1e-3, rel=1e-6)


def test_other_layouts_and_sizes(tmp_path: Path) -> None:
    x, y = pictures(30, shape=(3, 8, 9))
    folder = written(tmp_path / "data", x, y, classes=["a", "b", "c"])
    inside = load(folder, layout="nchw", size_to=(6, 7), on_disk=True)
    whole = load(folder, layout="nchw", size_to=(6, 7))
    assert inside.classes == ("a", "b", "c")
    assert np.allclose(inside.images, whole.images, atol=1e-6)
    with pytest.raises(DataError, match="first axis"):
        load(written(tmp_path / "last", np.moveaxis(x, 0, -1), y), layout="chwn", on_disk=True)


def test_numbers_that_float32_cannot_hold_stay_float64(tmp_path: Path) -> None:
    x, y = pictures(30, "float64")
    assert load(written(tmp_path / "a", x, y), on_disk=True).stored.dtype == np.float32
    assert load(written(tmp_path / "b", 1e6 + x, y), on_disk=True).stored.dtype == np.float64


def test_a_test_set_of_its_own(tmp_path: Path) -> None:
    x, y = pictures()
    train, test = written(tmp_path / "train", x[:60], y[:60]), written(tmp_path / "test", x[60:], y[60:])
    np.savez(tmp_path / "test.npz", x=x[60:], y=y[60:])
    for other in (test, tmp_path / "test.npz"):
        dataset = load(train, test_data=other, on_disk=True)
        assert (dataset.on_disk, dataset.official_test, len(dataset)) == (True, 30, 90)
        assert np.array_equal(split(dataset).test.images, x[60:])


def test_fields(tmp_path: Path) -> None:
    x = RNG.normal(size=(20, 16, 16, 1)).astype(np.float32)
    dataset = load(written(tmp_path / "data", x, 2 * x), layout="nhwc", task="field", on_disk=True)
    body = nn.Sequential((nn.Convolution(1, (3, 3)),))
    network = nn.Network(nn.Door("fourier", (16, 16), (3, 3), 1), body)
    history = fit(network, analyse(network, dataset), settings=Settings(epochs=2))
    assert history.rows[-1]["loss"] < history.rows[0]["loss"]


def test_wrong_values_are_told(tmp_path: Path) -> None:
    x, y = pictures()
    x[7, 2, 1, 0] = np.nan
    with pytest.raises(DataError, match="1 samples with NaN or infinite values, the first at index 7"):
        load(written(tmp_path / "nan", x, y), on_disk=True)
    x[7, 2, 1, 0] = 1e8
    with pytest.warns(DataWarning, match="sample 7"):
        load(written(tmp_path / "far", x, y), on_disk=True)
    x[7] = 0
    x[10:40] = x[40:70]
    with pytest.warns(DataWarning, match="copies of others"):
        load(written(tmp_path / "copies", x, y), on_disk=True)


@pytest.mark.parametrize("damage", ["cut", "text", "none"])
def test_damaged_files(tmp_path: Path, damage: str) -> None:
    x, y = pictures()
    folder = written(tmp_path / "data", x, y)
    whole = (folder / "x.npy").read_bytes()
    if damage == "none":
        (folder / "y.npy").unlink()
    else:
        (folder / "x.npy").write_bytes(whole[: len(whole) // 2] if damage == "cut" else b"hello")
    with pytest.raises(DataError, match="labels" if damage == "none" else "cannot be read"):
        load(folder, on_disk=True)


def test_parts_that_differ(tmp_path: Path) -> None:
    x, y = pictures()
    folder = written(tmp_path / "data", x, y, 2)
    np.save(folder / "x-1.npy", x[45:, :5])
    with pytest.raises(DataError, match="write all parts alike"):
        load(folder, on_disk=True)


@pytest.mark.parametrize(
    ("names", "message"),
    [
        ("x-0 x-2", "the numbers 0, 2"),
        ("x-1 x-01", "the numbers 1, 1"),
        ("x x-0", "x.npy beside x-0.npy"),
        ("x-0 x-1 y-1 y-2", "numbers from 0 on"),
    ],
)
@pytest.mark.parametrize("on_disk", [False, True])
def test_parts_whose_numbers_do_not_fit(tmp_path: Path, names: str, message: str, on_disk: bool) -> None:
    x, y = pictures()
    for name in names.split():
        np.save(tmp_path / f"{name}.npy", x[:45] if name[0] == "x" else y[:45])
    if "y" not in names:
        np.save(tmp_path / "y.npy", y)
    with pytest.raises(DataError, match=message):
        load(tmp_path, on_disk=on_disk)


@pytest.mark.parametrize("place", ["a.png", "cats/a.png"])
def test_images_beside_arrays_are_refused(tmp_path: Path, place: str) -> None:
    folder = written(tmp_path / "data", *pictures())
    (folder / place).parent.mkdir(exist_ok=True)
    Image.fromarray(np.zeros((4, 4), np.uint8)).save(folder / place)
    with pytest.raises(DataError, match=rf"got x\.npy beside {place.split('/')[0]}, expected arrays, or class folders"):
        load(folder)
    # Arrays for the test may lie there, and other files.
    (folder / place).unlink()
    written(folder / "held-out", *pictures())
    (folder / "notes.txt").write_text("where they come from", encoding="utf-8")
    assert len(load(folder)) == len(load(folder / "held-out"))


def test_an_array_of_a_folder_is_told_to_be_named_by_its_folder(tmp_path: Path) -> None:
    folder = written(tmp_path / "data", *pictures())
    with pytest.raises(DataError, match=r"name the folder, .*data, which has y in a file of its own"):
        load(folder / "x.npy")
    (folder / "x.npy").rename(tmp_path / "alone.npy")
    with pytest.raises(DataError, match="save both"):
        load(tmp_path / "alone.npy")


def test_samples_of_a_group_are_read_for_prediction(tmp_path: Path) -> None:
    x, y = pictures()
    group = zarr.open_group(tmp_path / "g.zarr", mode="w")
    group["x"], group["y"] = x, y
    samples, names = load_images(tmp_path / "g.zarr")
    assert np.array_equal(samples, load_images(written(tmp_path / "data", x, y))[0])
    assert names[-1].endswith(f"g.zarr[{len(x) - 1}]")


def test_numbers_of_parts_may_begin_anywhere(tmp_path: Path) -> None:
    x, y = pictures()
    for i in (1, 2):
        np.save(tmp_path / f"x-{i}.npy", x[45 * i - 45 : 45 * i])
        np.save(tmp_path / f"y-{i}.npy", y[45 * i - 45 : 45 * i])
    # A folder is no part.
    (tmp_path / "x-9.npy").mkdir()
    assert np.array_equal(load(tmp_path, on_disk=True).images, x)


@pytest.mark.parametrize("kind", ["h5", "zarr"])
def test_damaged_pieces_of_compressed_arrays_are_told(tmp_path: Path, kind: str) -> None:
    x, y = pictures()
    path = tmp_path / f"data.{kind}"
    if kind == "h5":
        with h5py.File(path, "w") as file:
            file.create_dataset("x", data=x, chunks=(10, *x.shape[1:]), compression="gzip")
            file["y"] = y
            place = file["x"].id.get_chunk_info(3).byte_offset
        with path.open("r+b") as stream:
            stream.seek(place)
            stream.write(b"\xff" * 200)
    else:
        group = zarr.open_group(path, mode="w")
        group.create_array("x", data=x, chunks=(10, *x.shape[1:]))
        group["y"] = y
        (path / "x" / "c" / "3" / "0" / "0" / "0").write_bytes(b"nothing of Zarr")
    for on_disk in (False, True):
        with pytest.raises(DataError, match="cannot be read"):
            load(path, on_disk=on_disk)


def test_a_single_number_is_no_data(tmp_path: Path) -> None:
    with h5py.File(tmp_path / "data.h5", "w") as file:
        file["x"], file["y"] = 2.0, np.arange(3)
    with pytest.raises(DataError, match=r"shape \(\)"):
        load(tmp_path / "data.h5", on_disk=True)


def test_whole_numbers_of_another_type_are_known_again(tmp_path: Path) -> None:
    x, y = pictures(dtype="uint8")
    short = load(written(tmp_path / "short", x.astype(np.int16), y), on_disk=True)
    small = load(written(tmp_path / "bytes", x, y), on_disk=True)
    assert fingerprint(small) != fingerprint(short)
    assert fingerprint(small.scaled_to(1.0)) == fingerprint(short)


def test_data_that_cannot_be_read_in_parts(tmp_path: Path) -> None:
    x, y = pictures()
    np.savez(tmp_path / "data.npz", x=x, y=y)
    for source in (tmp_path / "data.npz", "digits"):
        with pytest.raises(ConfigurationError, match=r"HDF5 file, a Zarr group, or a folder with x\.npy"):
            load(source, on_disk=True)
    with pytest.raises(ConfigurationError, match="True or False"):
        load("digits", on_disk="yes")  # type: ignore[arg-type]


def test_data_larger_than_memory_are_told(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    folder = written(tmp_path / "data", *pictures())
    read = Path.read_text
    told = lambda path, **rest: "MemAvailable: 3 kB\n" if str(path) == "/proc/meminfo" else read(path, **rest)
    monkeypatch.setattr(Path, "read_text", told)
    with pytest.raises(DataError, match="--on-disk"):
        load(folder)
    assert load(folder, on_disk=True).on_disk


# -- spectra ---------------------------------------------------------------------------------------------------
def network_of(dataset: Dataset, domain: str = "fourier") -> nn.Network:
    body = nn.Sequential((nn.Convolution(4, (1, 1)), nn.PowerNorm(), nn.Polynomial(), nn.Dense(3)))
    body = nn.Sequential((nn.Dense(3),)) if domain == "laplace" else body
    offset, scale = mean_and_scale(dataset.stored, dataset.full_scale)
    return nn.Network(nn.Door(domain, (8, 9), (2, 3), 3, offset, scale, full_scale=dataset.full_scale), body)


@pytest.fixture
def data(tmp_path: Path) -> tuple[Dataset, Dataset]:
    """The same data on disk and in memory."""
    folder = written(tmp_path / "data", *pictures(), 4)
    return load(folder, on_disk=True), load(folder)


@pytest.mark.parametrize("domain", ["fourier", "hartley", "laplace", "grid"])
@pytest.mark.parametrize("is_kept", [False, True])
def test_spectra_on_disk_are_those_in_memory(
    data: tuple[Dataset, Dataset], tmp_path: Path, domain: str, is_kept: bool
) -> None:
    network = network_of(data[0], domain)
    cache = tmp_path / "cache" if is_kept else None
    chosen = np.array([80, 3, 3, 41, 0])
    inside, whole = (analyse(network, d.take(chosen), cache=c) for d, c in zip(data, (cache, None), strict=True))
    assert inside.array.shape == whole.array.shape
    assert inside.array.dtype == whole.array.dtype
    for indices in (np.arange(5), np.array([4, 2]), np.array([], int)):
        a, b = inside.take(indices), whole.take(indices)
        assert a.x.data.flags.c_contiguous
        assert np.allclose(a.x.data, b.x.data, atol=1e-6)
        assert np.array_equal(a.targets, b.targets)


def test_spectra_of_data_in_memory_can_be_kept(data: tuple[Dataset, Dataset], tmp_path: Path) -> None:
    network = network_of(data[1])
    kept = analyse(network, data[1], cache=tmp_path / "cache")
    assert np.array_equal(kept.array.take(np.arange(90)), analyse(network, data[1]).array)


def test_parts_of_a_data_set_share_an_entry_that_is_written_once(
    data: tuple[Dataset, Dataset], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    network, parts = network_of(data[0]), split(data[0])
    analyse(network, parts.train, cache=tmp_path / "cache")
    assert len(list((tmp_path / "cache").iterdir())) == 1
    with monkeypatch.context() as m:
        m.setattr(spectra_files, "_write", lambda *_: pytest.fail("written again"))
        analyse(network, parts.test, cache=tmp_path / "cache").take(np.arange(3))
    other = nn.Network(replace(network.door, offset=(0.0, 0.0, 0.5)), network.body)
    analyse(other, parts.test, cache=tmp_path / "cache")
    assert len([entry for entry in (tmp_path / "cache").iterdir() if entry.is_dir()]) == 2


def test_the_order_has_every_example_once_and_keeps_neighbours_together(
    data: tuple[Dataset, Dataset], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(spectra_files, "_RUN", 3000)
    monkeypatch.setattr(spectra_files, "_WINDOW", 12000)
    spectra = analyse(network_of(data[0]), data[0].take(RNG.permutation(90)))
    size = spectra.array.rows.nbytes // 90  # type: ignore[union-attr]
    run, window = 3000 // size, 12000 // (3000 // size * size) * (3000 // size)
    order = np.concatenate(list(spectra.orders(7, np.random.default_rng(0))))
    assert sorted(order.tolist()) == list(range(90))
    assert [len(part) for part in spectra.orders(7, np.random.default_rng(0))] == [7] * 12 + [6]
    assert np.array_equal(order, np.concatenate(list(spectra.orders(7, np.random.default_rng(0)))))
    assert not np.array_equal(order, np.concatenate(list(spectra.orders(7, np.random.default_rng(1)))))
    # Rows of the file that are shuffled together: whole runs of neighbours.
    rows = spectra.array.rows.rows[order]  # type: ignore[union-attr]
    for start in range(0, 90 - window, window):
        assert len({int(row) // run for row in rows[start : start + window]}) <= window // run + 1


class InOneOrder(Spectra):
    """Spectra in memory that are shuffled like others in files."""

    def orders(self, batch: int, generator: np.random.Generator) -> Any:
        return self.model.orders(batch, generator)  # type: ignore[attr-defined]


@pytest.mark.parametrize("shards", [1, 3])
def test_training_on_disk_is_training_in_memory_to_the_bit(
    data: tuple[Dataset, Dataset], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, shards: int
) -> None:
    monkeypatch.setattr(spectra_files, "_RUN", 3000)
    monkeypatch.setattr(spectra_files, "_WINDOW", 12000)
    settings = Settings(epochs=3, batch=16, shards=shards)
    networks = [network_of(data[0]) for _ in range(2)]
    inside = analyse(networks[0], data[0], cache=tmp_path / "cache")
    memory = InOneOrder(inside.array.take(np.arange(90)), inside.targets, inside.space)
    object.__setattr__(memory, "model", inside.array)
    for network, spectra in zip(networks, (inside, memory), strict=True):
        fit(network, spectra, settings=settings)
    for name, array in networks[0].arrays().items():
        assert np.array_equal(array, networks[1].arrays()[name]), name


# -- faults of a folder of spectra -----------------------------------------------------------------------------
@pytest.fixture
def entry(data: tuple[Dataset, Dataset], tmp_path: Path) -> Path:
    analyse(network_of(data[0]), data[0], cache=tmp_path / "cache")
    (found,) = (tmp_path / "cache").iterdir()
    return found


def read_again(data: tuple[Dataset, Dataset], entry: Path) -> Spectra:
    return analyse(network_of(data[0]), data[0], cache=entry.parent)


def test_a_changed_number_is_found_when_it_is_read(data: tuple[Dataset, Dataset], entry: Path) -> None:
    spectra = np.load(entry / "spectra.npy", mmap_mode="r+")
    spectra[41, 1, 0, 2] += 1e-6
    spectra.flush()
    again = read_again(data, entry)
    again.take(np.arange(41))
    with pytest.raises(DataError, match=f"{entry}: got spectra of sample 41 that have changed.*remove that folder"):
        again.take(np.array([89, 41]))


@pytest.mark.parametrize("name", ["spectra.npy", "checksums.npy", "about.json"])
@pytest.mark.parametrize("damage", ["cut", "missing"])
def test_a_damaged_entry_is_told(data: tuple[Dataset, Dataset], entry: Path, name: str, damage: str) -> None:
    content = (entry / name).read_bytes()
    (entry / name).write_bytes(content[:-9]) if damage == "cut" else (entry / name).unlink()
    with pytest.raises(DataError, match="remove that folder, and run again"):
        read_again(data, entry)


def test_an_entry_of_other_settings_is_refused(data: tuple[Dataset, Dataset], entry: Path, tmp_path: Path) -> None:
    network = network_of(data[0], "hartley")
    analyse(network, data[0], cache=tmp_path / "other")
    (other,) = (tmp_path / "other").iterdir()
    shutil.rmtree(other)
    entry.rename(other)
    with pytest.raises(DataError, match="spectra of other door"):
        analyse(network, data[0], cache=tmp_path / "other")


def test_nothing_is_left_of_an_entry_that_fails(
    data: tuple[Dataset, Dataset], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(descriptor: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    (tmp_path / "cache" / "0123456789abcdef.partial").mkdir(parents=True)
    with monkeypatch.context() as m:
        m.setattr(spectra_files.os, "fsync", full)
        with pytest.raises(ConfigurationError, match="a full disk, expected room for the spectra"):
            analyse(network_of(data[0]), data[0], cache=tmp_path / "cache")
    assert not [path for path in (tmp_path / "cache").iterdir() if path.is_dir()]
    usage = namedtuple("usage", "total used free")
    with monkeypatch.context() as m:
        m.setattr(spectra_files.shutil, "disk_usage", lambda _: usage(1, 1, 2_000))
        with pytest.raises(ConfigurationError, match="free space"):
            analyse(network_of(data[0]), data[0], cache=tmp_path / "cache")
    analyse(network_of(data[0]), data[0], cache=tmp_path / "cache")
    with pytest.raises(ConfigurationError, match="cannot be written to"):
        analyse(network_of(data[0]), data[0], cache=tmp_path / "data" / "y.npy")


def test_other_files_in_the_folder_of_a_cache_stay(data: tuple[Dataset, Dataset], tmp_path: Path) -> None:
    cache = tmp_path / "cache"
    for name in ("mine.partial", "0123456789abcdef.partial"):
        (cache / name).mkdir(parents=True)
        (cache / name / "file").write_text("x")
    analyse(network_of(data[0]), data[0], cache=cache)
    assert (cache / "mine.partial" / "file").read_text() == "x"
    assert not (cache / "0123456789abcdef.partial").exists()


def test_samples_that_change_before_their_spectra_are_kept_are_told(
    data: tuple[Dataset, Dataset], tmp_path: Path
) -> None:
    network, cache = network_of(data[0]), tmp_path / "cache"
    images_checksum(data[0])
    file = tmp_path / "data" / "x-1.npy"
    before = file.read_bytes()
    np.save(file, np.load(file)[::-1].copy())
    with pytest.raises(DataError, match="changed while they were read"):
        analyse(network, data[0], cache=cache)
    assert not list(cache.iterdir())
    file.write_bytes(before)
    analyse(network, data[0], cache=cache)


# -- runs ------------------------------------------------------------------------------------------------------
def test_a_run_on_disk(tmp_path: Path) -> None:
    folder = written(tmp_path / "data", *pictures(120))
    words = ["train", str(folder), "--epochs", "3", "--widths", "4,4", "--batch", "16"]
    outs = [tmp_path / "kept", tmp_path / "computed"]
    succeed(*words, "--out", outs[0], "--cache", tmp_path / "cache")
    succeed(*words, "--out", outs[1], "--on-disk")
    for out in outs:
        assert "24" in succeed("evaluate", out)
        # Of the samples; the targets beside them are none.
        assert "y.npy" not in (shown := succeed("predict", out, folder))
        assert "x.npy[119]" in shown
        succeed("train", folder, "--out", out, "--resume")
    assert (outs[0] / "report.html").is_file()
    assert "cannot be written to" in refused(*words, "--out", tmp_path / "none", "--cache", folder / "y.npy")
    assert not (tmp_path / "none").exists()


def test_a_run_on_disk_is_resumed_to_the_bit(tmp_path: Path) -> None:
    folder = written(tmp_path / "data", *pictures(120))

    class StopError(Exception):
        pass

    def stop(figures: dict[str, Any]) -> None:
        if figures.get("epoch") == 3 and "step" in figures:
            raise StopError

    jobs = [
        Job(str(folder), out=tmp_path / name, reading={"cache": str(tmp_path / "cache")},
            model={"widths": (4, 4)}, settings={"epochs": 5, "batch": 16})
        for name in ("whole", "cut")
    ]  # fmt: skip
    run(jobs[0], report=False)
    with pytest.raises(StopError):
        run(jobs[1], report=False, callbacks=[Progress(stop)])
    run(jobs[1], resume=True, report=False)
    first, second = (load_checkpoint(tmp_path / name / "model.safetensors").arrays for name in ("whole", "cut"))
    assert len(first) > 5
    assert all(np.array_equal(first[name], second[name]) for name in first)


# -- a large data set ------------------------------------------------------------------------------------------
_TRAIN = """
import json, sys
from freqnet.experiments import Job, run
from freqnet.experiments.work import peak_bytes
reading = {"cache": sys.argv[2]} if sys.argv[2] else {}
settings = {"epochs": int(sys.argv[4])}
job = Job(sys.argv[1], out=sys.argv[3], reading=reading, fractions={"test": 0.02}, settings=settings)
run(job, report=False)
rows = [json.loads(line) for line in open(f"{job.out}/history.jsonl")]
print(json.dumps({"peak": peak_bytes(), "rate": max(row["images_per_second"] for row in rows)}))
"""


def write_large(folder: Path, samples: int, part: int = 40_000) -> Path:
    """Write colour images of 32x32 in float32, of ten classes that differ in a wave."""
    folder.mkdir()
    rng = np.random.default_rng(0)
    noise = rng.normal(size=(part, 32, 32, 3)).astype(np.float32)
    waves = np.cos(np.arange(32) * np.arange(1, 11)[:, None] * 2 * np.pi / 32).astype(np.float32)[:, :, None, None]
    labels = rng.integers(0, 10, samples)
    for i, start in enumerate(range(0, samples, part)):
        own = labels[start : start + part]
        # Moved by whole samples: no two images are equal.
        np.save(folder / f"x-{i}.npy", np.roll(noise[: len(own)], i + 1, axis=0) * np.float32(1 + i / 100) + waves[own])
    np.save(folder / "y.npy", labels)
    return folder


@pytest.mark.slow
def test_eight_gigabytes_train_within_two(tmp_path: Path) -> None:
    large, small = write_large(tmp_path / "large", 651_042), write_large(tmp_path / "small", 60_000)
    assert sum(file.stat().st_size for file in large.iterdir()) > 8e9
    found = {}
    for name, folder, cache in (("disk", large, tmp_path / "cache"), ("memory", small, "")):
        words = [sys.executable, "-c", _TRAIN, str(folder), str(cache), str(tmp_path / f"run-{name}"), "1"]
        done = subprocess.run(words, capture_output=True, text=True, check=True)
        found[name] = json.loads(done.stdout.splitlines()[-1])
    print(found)
    assert found["disk"]["peak"] < 2e9
    assert found["disk"]["rate"] > 0.8 * found["memory"]["rate"]
