"""Checkpoints and files: written atomically, readable without freqnet, and any damage is found."""

from __future__ import annotations

import errno
import json
import os
import pickle
import re
import stat
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from safetensors import safe_open
from safetensors.numpy import load_file, save_file

from freqnet import nn
from freqnet.errors import CheckpointError, ConfigurationError, echo
from freqnet.nn import Network
from freqnet.training import Checkpoint, files, load_checkpoint, save
from freqnet.training.files import claim_folder, write_atomically, write_json, write_lines


def network(seed: int = 0) -> Network:
    body = nn.Sequential((nn.Convolution(4), nn.PowerNorm(), nn.Polynomial(), nn.Dense(3)))
    return Network(nn.Door("fourier", (8, 8), (2, 2), 1), body, seed)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """The path of a saved model."""
    net, path = network(), tmp_path / "model.safetensors"
    extra = {"optimizer/step": np.array(3), "best/0.kernel": np.arange(4.0)}
    save(path, Checkpoint(net.describe(), net.arrays(), extra, {"classes": ["a", "ü", "c"], "seed": 0}))
    return path


# --- Content of the file --------------------------------------------------------------------------


def test_round_trip_is_exact(path: Path) -> None:
    read, net = load_checkpoint(path), network()
    restored = read.restore()
    assert restored.describe() == net.describe()
    for name, array in net.arrays().items():
        np.testing.assert_array_equal(restored.arrays()[name], array)
    assert read.info == {"classes": ["a", "ü", "c"], "seed": 0}
    # Scalars stay scalars: the state of an optimiser has some.
    assert {name: (a.shape, a.dtype.name) for name, a in read.extra.items()} == {
        "optimizer/step": ((), "int64"),
        "best/0.kernel": ((4,), "float64"),
    }
    images = np.random.default_rng(0).normal(size=(3, 8, 8, 1))
    np.testing.assert_array_equal(restored.predict(images), net.predict(images))


def test_plain_safetensors_reads_weights_and_description(path: Path) -> None:
    arrays, net = load_file(path), network()
    assert {f"network/{name}" for name in net.arrays()} < arrays.keys()
    np.testing.assert_array_equal(arrays["network/0.kernel"], net.arrays()["0.kernel"])
    with safe_open(path, framework="numpy") as file:
        metadata = file.metadata()
    assert (metadata["format"], metadata["version"]) == ("freqnet", "1")
    assert json.loads(metadata["network"])["door"]["domain"] == "fourier"
    assert json.loads(metadata["info"])["classes"][1] == "ü"


def test_no_pickle_anywhere(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def forbidden(*arguments: Any, **options: Any) -> None:
        raise AssertionError("pickle was used")

    for name in ("load", "loads", "dump", "dumps", "Pickler", "Unpickler"):
        monkeypatch.setattr(pickle, name, forbidden)
    save(path, load_checkpoint(path))
    load_checkpoint(path).restore()


# --- Damage ---------------------------------------------------------------------------------------


def test_every_truncation_is_noticed(path: Path) -> None:
    whole = path.read_bytes()
    for length in [0, 1, 7, 8, 9, *np.linspace(10, len(whole) - 1, 40).astype(int)]:
        path.write_bytes(whole[:length])
        with pytest.raises(CheckpointError, match=r"checkpoint .*model.safetensors: got "):
            load_checkpoint(path)


def test_every_flipped_byte_is_noticed_or_harmless(path: Path) -> None:
    whole, generator = path.read_bytes(), np.random.default_rng(0)
    expected, noticed = load_checkpoint(path).restore().arrays(), 0
    header = 8 + int.from_bytes(whole[:8], "little")
    places = [*range(16), *generator.integers(0, header, 150), *generator.integers(header, len(whole), 150)]
    for place in places:
        damaged = bytearray(whole)
        damaged[place] ^= 1 << generator.integers(8)
        path.write_bytes(damaged)
        try:
            read = load_checkpoint(path)
        except CheckpointError:
            noticed += 1
            continue
        for name, array in read.restore().arrays().items():
            np.testing.assert_array_equal(array, expected[name])
    assert noticed > 0.95 * len(places)


def test_a_changed_weight_or_description_is_noticed(path: Path) -> None:
    arrays = load_file(path)
    with safe_open(path, framework="numpy") as file:
        metadata = file.metadata()
    changes = [
        (arrays | {"network/0.kernel": arrays["network/0.kernel"] * 2}, metadata),
        (arrays, metadata | {"network": metadata["network"].replace("fourier", "grid")}),
        (arrays, metadata | {"info": "{}"}),
        ({name: a for name, a in arrays.items() if "bias" not in name}, metadata),
        (arrays, {name: text for name, text in metadata.items() if name != "checksum"}),
        (arrays, metadata | {"info": "no json"}),
    ]
    for changed, text in changes:
        save_file(changed, path, text)
        with pytest.raises(CheckpointError, match="got changed contents"):
            load_checkpoint(path)


@pytest.mark.parametrize(
    ("metadata", "message"),
    [
        (None, "a safetensors file of another program"),
        ({"format": "pt"}, "a safetensors file of another program"),
        ({"format": "freqnet", "version": "99"}, "got version 99, expected version 1"),
    ],
)
def test_files_of_others(tmp_path: Path, metadata: dict[str, str] | None, message: str) -> None:
    save_file({"weight": np.zeros(3)}, tmp_path / "m.safetensors", metadata)
    with pytest.raises(CheckpointError, match=message):
        load_checkpoint(tmp_path / "m.safetensors")


def test_no_file_and_text(tmp_path: Path) -> None:
    with pytest.raises(CheckpointError, match="no such file"):
        load_checkpoint(tmp_path / "none.safetensors")
    with pytest.raises(CheckpointError, match=r"got a folder.*pass .*model.safetensors"):
        load_checkpoint(tmp_path)
    (tmp_path / "text").write_text("not a model, but long enough to look like a header\n" * 9)
    with pytest.raises(CheckpointError, match="truncated or damaged"):
        load_checkpoint(tmp_path / "text")


def test_a_description_that_makes_no_network(path: Path) -> None:
    read = load_checkpoint(path)
    read.network["body"]["layers"][0]["layer"] = "Attention"
    save(path, read)
    with pytest.raises(CheckpointError, match=r"damaged description .*Attention"):
        load_checkpoint(path).restore()


# --- Writing --------------------------------------------------------------------------------------


@pytest.mark.parametrize("call", ["replace", "fsync"])
@pytest.mark.parametrize("error", [OSError(errno.ENOSPC, "No space left on device"), KeyboardInterrupt()])
def test_a_failed_write_leaves_the_old_file_and_no_other(
    path: Path, monkeypatch: pytest.MonkeyPatch, call: str, error: BaseException
) -> None:
    def fail(*arguments: Any) -> None:
        raise error

    before = path.read_bytes()
    monkeypatch.setattr(os, call, fail)
    expected = ConfigurationError if isinstance(error, OSError) else KeyboardInterrupt
    with pytest.raises(expected, match="No space left on device" if isinstance(error, OSError) else None):
        write_atomically(path, b"new")
    assert path.read_bytes() == before
    assert list(path.parent.iterdir()) == [path]


def test_files_get_the_rights_that_the_umask_leaves(tmp_path: Path) -> None:
    before = os.umask(0o027)
    try:
        write_atomically(tmp_path / "a", b"")
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / "a").stat().st_mode) == 0o640


def test_json_and_lines(tmp_path: Path) -> None:
    write_json(tmp_path / "a.json", {"accuracy": np.float32(0.5)})
    write_lines(tmp_path / "a.jsonl", [{"epoch": 1}, {"epoch": 2}])
    assert json.loads((tmp_path / "a.json").read_text()) == {"accuracy": 0.5}
    assert [json.loads(line) for line in (tmp_path / "a.jsonl").read_text().splitlines()] == [
        {"epoch": 1},
        {"epoch": 2},
    ]


@pytest.mark.parametrize("name", ["/proc/nothing/x", ".", "x/y/z", "x" * 300])
def test_places_that_cannot_be_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ConfigurationError, match=f"output {re.escape(echo(name))}: got "):
        write_json(Path(name), {})
    assert list(tmp_path.iterdir()) == []


# --- Output folders -------------------------------------------------------------------------------


def test_folders_are_made_with_their_parents(tmp_path: Path) -> None:
    claim_folder(tmp_path / "a" / "b")
    claim_folder(tmp_path / "a" / "b")
    assert list((tmp_path / "a" / "b").iterdir()) == []


def test_overwrite_removes_what_a_run_writes_and_nothing_else(tmp_path: Path) -> None:
    leftovers = (".checkpoint.safetensors.123.partial", ".report.html.9.tmp")
    for name in (*files.RUN_FILES, *leftovers, "notes.txt", ".hidden"):
        (tmp_path / name).write_text("old")
    with pytest.raises(ConfigurationError, match=r"a folder that is not empty.*overwrite=True"):
        claim_folder(tmp_path)
    assert len(list(tmp_path.iterdir())) == len(files.RUN_FILES) + 4
    claim_folder(tmp_path, resume=True)
    assert {p.name for p in tmp_path.iterdir()} == {*files.RUN_FILES, "notes.txt", ".hidden"}
    claim_folder(tmp_path, overwrite=True)
    assert {p.name for p in tmp_path.iterdir()} == {"notes.txt", ".hidden"}


@pytest.mark.parametrize("name", ["file", "file/below", "/proc/nothing", "/proc/self", "x" * 300])
def test_folders_that_cannot_be_used(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.chdir(tmp_path)
    Path("file").write_text("mine")
    for options in ({}, {"overwrite": True}):
        with pytest.raises(ConfigurationError, match=f"output {re.escape(echo(name))}: got "):
            claim_folder(Path(name), **options)
    assert [(p.name, p.read_text()) for p in tmp_path.iterdir()] == [("file", "mine")]


def test_nothing_to_resume(tmp_path: Path) -> None:
    for folder in (tmp_path, tmp_path / "none"):
        with pytest.raises(ConfigurationError, match=r"got no checkpoint.safetensors.*leave resume=True out"):
            claim_folder(folder, resume=True)
    assert list(tmp_path.iterdir()) == []
