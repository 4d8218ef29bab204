"""Runs that start from the weights of another run."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from safetensors.numpy import load_file
from test_cli_train import SMALL, refused, same_weights, some_digits, succeed

from freqnet import nn
from freqnet.data import load
from freqnet.errors import ConfigurationError, DataError, DataWarning
from freqnet.experiments import Job, make_plan, prepare, run
from freqnet.nn import Network
from freqnet.training import Checkpoint, Progress, load_checkpoint, save
from freqnet.training.files import CHECKPOINT, METRICS, MODEL


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with some digits, a run on them, and letters: digits by other names, and only three of them."""
    folder = tmp_path_factory.mktemp("source")
    some_digits(folder / "few.npz")
    model = {"widths": (4, 4, 4), "domain": "hartley", "modes": 5}
    run(Job(folder / "few.npz", out=folder / "run", model=model, settings={"epochs": 3, "seed": 4}), report=False)
    digits = load("digits").take(np.arange(600))
    kept = digits.targets < 3
    letters = np.array(["a", "b", "c"])[digits.targets[kept]]
    np.savez(folder / "letters.npz", x=digits.images[kept, ..., 0], y=letters)
    return folder


def begun(job: Job) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
    """The choices and the arrays with which a run begins."""
    with prepare(job) as ready:
        return ready.plan.info, {name: array.copy() for name, array in ready.network.arrays().items()}


def test_other_classes_get_a_new_last_layer(source: Path, tmp_path: Path) -> None:
    info, arrays = begun(Job(source / "letters.npz", out=tmp_path / "run", weights=source / "run"))
    own = load_checkpoint(source / "run" / MODEL)
    new = info["start"]["new"]
    assert [name.rpartition(".")[2] for name in new] == ["weight", "bias"]
    assert {name for name in arrays if name not in new} == set(info["start"]["taken"])
    for name in info["start"]["taken"]:
        assert np.array_equal(arrays[name], own.arrays[name])
    assert all(arrays[name].shape[-1] == 3 for name in new)
    # The network is that of the run; the training has the defaults of the data and of its options.
    assert {name: info["model"][name] for name in ("domain", "modes", "widths")} == {
        "domain": "hartley",
        "modes": 5,
        "widths": [4, 4, 4],
    }
    assert info["settings"]["seed"] == 0


def test_the_same_data_keep_their_split_and_their_last_layer(source: Path, tmp_path: Path) -> None:
    job = Job(source / "few.npz", out=tmp_path / "run", weights=source / "run" / MODEL)
    info, arrays = begun(job)
    own = load_checkpoint(source / "run" / MODEL)
    assert info["start"]["new"] == []
    assert all(np.array_equal(arrays[name], own.arrays[name]) for name in own.arrays)
    assert info["settings"]["seed"] == 4
    for change in ({"settings": {"seed": 1}}, {"fractions": {"test": 0.5}}):
        with pytest.raises(ConfigurationError, match="was trained on some of the examples held out otherwise; leave"):
            prepare(Job(source / "few.npz", out=tmp_path / "other", weights=source / "run", **change))
    assert not (tmp_path / "other").exists()


def test_training_on_helps(source: Path, tmp_path: Path) -> None:
    settings = {"epochs": 1, "learning_rate": 0.002}
    tuned = run(Job(source / "few.npz", out=tmp_path / "a", weights=source / "run", settings=settings), report=False)
    other = {"widths": (4, 4, 4), "domain": "hartley", "modes": 5}
    fresh = run(
        Job(source / "few.npz", out=tmp_path / "b", model=other, settings={**settings, "seed": 4}), report=False
    )
    assert tuned["train_loss"] < fresh["train_loss"] - 0.1


def test_the_command_line_tells_what_is_taken_and_repeats_it(
    source: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    words = ("--from", source / "run", "--epochs", 2, "--freeze", "1,2")
    shown = succeed("train", source / "letters.npz", *words)
    out = tmp_path / "runs" / "letters-from-run"
    names = list(load_checkpoint(source / "run" / MODEL).arrays)
    (weight,) = (name for name in names if name.endswith("weight"))
    head = f"{weight}, {weight.replace('weight', 'bias')}"
    assert f"starts from {source / 'run' / MODEL}: {len(names) - 2} arrays; new: {head}" in shown
    assert "frozen: 1.kernel, 2.gain, 2.offset" in shown
    command = json.loads((out / METRICS).read_text())["command"].split()
    succeed(*command[1:], "--out", "again", "--quiet")
    assert same_weights(out, tmp_path / "again")
    before, after = load_file(source / "run" / MODEL), load_file(out / MODEL)
    kept = {name for name, array in before.items() if np.array_equal(array, after[name])}
    assert kept == {f"network/{name}" for name in ("1.kernel", "2.gain", "2.offset", "2.mean", "2.variance")}
    succeed("evaluate", out)


def test_a_run_from_weights_resumes_without_them(source: Path, tmp_path: Path) -> None:
    class StopError(Exception):
        pass

    def stop(figures: dict[str, Any]) -> None:
        if figures["epoch"] == 3:
            raise StopError

    weights = tmp_path / "weights.safetensors"
    weights.write_bytes((source / "run" / MODEL).read_bytes())
    job = Job(source / "letters.npz", out=tmp_path / "run", weights=weights, settings={"epochs": 4})
    run(Job(source / "letters.npz", out=tmp_path / "straight", weights=weights, settings={"epochs": 4}), report=False)
    with pytest.raises(StopError):
        run(job, callbacks=[Progress(stop)])
    weights.unlink()
    assert (tmp_path / "run" / CHECKPOINT).is_file()
    run(Job(source / "letters.npz", out=tmp_path / "run"), resume=True, report=False)
    assert same_weights(tmp_path / "run", tmp_path / "straight")
    with pytest.raises(ConfigurationError, match=r"weights of .*, expected the run's own"):
        run(Job(source / "letters.npz", out=tmp_path / "run", weights=source / "run"), resume=True)


def test_what_does_not_fit_is_refused(source: Path, tmp_path: Path) -> None:
    line = refused("train", source / "letters.npz", *SMALL, "--from", source / "run", "--domain", "grid")
    assert "expected --domain hartley, which comes with the weights; leave domain out" in line
    assert "no such file" in refused("train", source / "letters.npz", "--from", tmp_path, "--out", tmp_path / "run")
    colours = np.random.default_rng(0).normal(size=(20, 8, 8, 3))
    np.savez(tmp_path / "colours.npz", x=colours, y=np.arange(20) % 2)
    with pytest.raises(DataError, match="2 axes and 3 channels, expected the 2 and 1 of"):
        prepare(Job(tmp_path / "colours.npz", out=tmp_path / "run", weights=source / "run"))
    assert not (tmp_path / "run").exists()


def test_models_saved_from_python(tmp_path: Path) -> None:
    """They have no classes and no choices: as many classes keep the last layer, others need one that is Dense."""
    some_digits(tmp_path / "few.npz")
    door = nn.Door("fourier", (8, 8), (3, 3), 1)
    for name, head in (("dense", (nn.Dense(10),)), ("other", (nn.Dense(7), nn.RealImaginary()))):
        if name == "other":
            head = (nn.Convolution(7), nn.GlobalAverage())
        network = Network(door, nn.Sequential(nn.Convolution(3), nn.Polynomial(), *head), 5)
        save(tmp_path / f"{name}.safetensors", Checkpoint(network.describe(), network.arrays()))
    data, dense = load(tmp_path / "few.npz"), tmp_path / "dense.safetensors"
    info = make_plan(Job(tmp_path / "few.npz", out=tmp_path / "run", weights=dense), data, resume=False).info
    assert (info["start"]["new"], info["model"]["domain"]) == ([], "fourier")
    job = Job(tmp_path / "few.npz", out=tmp_path / "run", weights=tmp_path / "other.safetensors")
    with pytest.raises(ConfigurationError, match="got GlobalAverage, expected a Dense layer"):
        prepare(job)


# -- more epochs -------------------------------------------------------------------------------------
def test_more_epochs_by_the_command_line(tmp_path: Path) -> None:
    data, constant = some_digits(tmp_path / "few.npz"), ("--schedule", "constant")
    succeed("train", data, *SMALL, *constant, "--out", tmp_path / "run")
    succeed("train", data, "--out", tmp_path / "run", "--resume", "--epochs", 5, "--quiet")
    metrics = json.loads((tmp_path / "run" / METRICS).read_text())
    assert metrics["epochs"] == metrics["settings"]["epochs"] == 5
    succeed(*metrics["command"].split()[1:], "--out", tmp_path / "straight", "--quiet")
    assert same_weights(tmp_path / "run", tmp_path / "straight")
    # The new number is stored: to resume again needs no option.
    assert "this run was complete" in succeed("train", data, "--out", tmp_path / "run", "--resume")
    succeed("train", data, *SMALL, "--out", tmp_path / "cosine")
    line = refused("train", data, "--out", tmp_path / "cosine", "--resume", "--epochs", 5)
    assert "at which its cosine schedule ends; leave epochs out, or begin a new run with --from RUN" in line


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (
            ("--lr", "nan"),
            "got nan, expected a finite number of 0 or more; leave it out for the dataset's default",
        ),
        (("--freeze", "99"), "freeze: got '99', expected the names of layers or parameters"),
        (("--freeze", "1.kernal"), "pass --freeze 1.kernel"),
        (("--class-weights", "1,2"), "class_weights: got 2 numbers, expected 10; pass 10 numbers, or --class-weights"),
        (("--class-weights", "some"), "got 'some', expected 'balanced', or one finite number of 0 or more per class"),
        (("--class-weights", "1,x"), "got ('1', 'x'), expected 'balanced', or one"),
    ],
)
def test_options_that_do_not_fit(tmp_path: Path, words: tuple[str, ...], message: str) -> None:
    data = some_digits(tmp_path / "few.npz")
    assert message in refused("train", data, *SMALL, "--out", tmp_path / "run", *words)
    assert not (tmp_path / "run").exists()


def test_weights_of_classes_start_a_regression_in_the_units_of_its_targets(source: Path, tmp_path: Path) -> None:
    digits = load("digits").take(np.arange(600, 800))
    amounts = 1000.0 + 50 * digits.images.sum(axis=(1, 2, 3))
    np.savez(tmp_path / "amounts.npz", x=digits.images[..., 0], y=amounts)
    job = Job(tmp_path / "amounts.npz", out=tmp_path / "run", weights=source / "run", reading={"task": "regression"})
    info, arrays = begun(job)
    own = load_checkpoint(source / "run" / MODEL)
    assert all(np.array_equal(arrays[name], own.arrays[name]) for name in info["start"]["taken"])
    assert [name.rpartition(".")[2] for name in info["start"]["new"]] == ["weight", "bias"]
    metrics = run(replace(job, out=tmp_path / "whole", settings={"epochs": 10}), report=False)
    # Without the units, ten epochs would not come near 1000.
    assert metrics["test_rmse"] < 0.9 * amounts.std()
    # The images that the weights were trained on are told, because the split is another.
    with np.load(source / "few.npz") as few:
        np.savez(tmp_path / "same.npz", x=few["x"], y=few["x"].sum(axis=(1, 2)))
    with pytest.warns(DataWarning, match="the images that the weights were trained on"):
        begun(replace(job, data=str(tmp_path / "same.npz"), out=tmp_path / "same"))
    # Numbers that float32 cannot tell apart get float64.
    np.savez(tmp_path / "far.npz", x=digits.images[..., 0], y=amounts + 1e9)
    with prepare(replace(job, data=str(tmp_path / "far.npz"), out=tmp_path / "far")) as ready:
        assert ready.network.precision == np.float64
    # A regression of other outputs starts from that of this one.
    np.savez(tmp_path / "two.npz", x=digits.images[:150, ..., 0], y=np.stack([amounts, -amounts], axis=1)[:150])
    again = replace(job, data=str(tmp_path / "two.npz"), out=tmp_path / "two", weights=tmp_path / "whole")
    info, arrays = begun(again)
    assert [arrays[name].shape[-1] for name in info["start"]["new"]] == [2, 2]
    with pytest.raises(ConfigurationError, match="last layer of the weights' network: got Dense, for a field"):
        begun(_field(job, tmp_path))


def _field(job: Job, folder: Path) -> Job:
    """A job on signals as targets, from weights of classes."""
    images = load("digits").images[:40, ..., 0]
    np.savez(folder / "field.npz", x=images, y=images)
    return replace(job, data=str(folder / "field.npz"), out=folder / "field", reading={"task": "field"})
