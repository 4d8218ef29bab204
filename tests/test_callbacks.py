"""Callbacks of training: their order, early stops, errors in them, trackers, and models kept on the way."""

from __future__ import annotations

import csv
import json
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from test_cli_train import refused, same_weights, some_digits, succeed
from test_training_resume import BASE, PARTS, StoppedError, bits, network, run, timeless

from freqnet.errors import ConfigurationError
from freqnet.experiments import Job
from freqnet.experiments import run as run_job
from freqnet.training import CSV, Callback, JSONLines, KeepModels, Settings, StopTraining, TensorBoard, load_checkpoint
from freqnet.training import keeping as keeping_module
from freqnet.training.fit import Run
from freqnet.training.keeping import kept_models

OPTIONS = ("--widths", "4,4,4", "--quiet", "--validation", 0.2)


class Notes(Callback):
    """Notes what it is told, and may raise an error at one of the events."""

    def __init__(self, at: tuple[Any, ...] = (), error: type[Exception] = StoppedError) -> None:
        self.events: list[tuple[Any, ...]] = []
        self.at, self.error = at, error

    def note(self, *event: Any) -> None:
        self.events.append(event)
        if event == self.at:
            raise self.error

    def begin(self, run: Run) -> None:
        self.note("begin", run.epoch, len(run.history.rows))

    def step(self, figures: dict[str, Any], run: Run) -> None:
        self.note("step", figures["epoch"], figures["step"])

    def epoch(self, row: dict[str, Any], run: Run) -> None:
        assert run.history.rows[-1] is row
        self.note("epoch", row["epoch"])

    def end(self, run: Run) -> None:
        assert not any(layer.training for _, layer in run.network.body.modules())
        self.note("end", run.epoch)

    def close(self) -> None:
        self.note("close")


def test_a_callback_is_told_of_every_event_in_order(tmp_path: Path) -> None:
    path, notes, again = tmp_path / "c.safetensors", Notes(), Notes()
    run(network(0), Settings(epochs=2, batch=100), path, callbacks=[Callback(), notes])
    epochs = [[("step", e, 1), ("step", e, 2), ("epoch", e)] for e in (1, 2)]
    assert notes.events == [("begin", 0, 0), *epochs[0], *epochs[1], ("end", 2), ("close",)]
    run(network(0), Settings(epochs=2, batch=100), path, resume=True, callbacks=[again])
    assert again.events == [("begin", 2, 2), ("end", 2), ("close",)]


@pytest.mark.parametrize("validate", [False, True])
def test_a_callback_stops_after_an_epoch_as_if_it_were_the_last(validate: bool) -> None:
    settings = Settings(epochs=6, batch=40, learning_rate=0.1, schedule="constant")
    stopped, shorter, last = network(0), network(0), Notes()
    history = run(stopped, settings, validate=validate, callbacks=[Notes(("epoch", 3), StopTraining), last])
    expected = run(shorter, Settings(**{**vars(settings), "epochs": 3}), validate=validate)
    assert timeless(history) == timeless(expected)
    assert bits(stopped) == bits(shorter)
    # The other callbacks are told of everything.
    assert last.events[-3:] == [("epoch", 3), ("end", 3), ("close",)]


def test_a_callback_stops_after_a_step_and_the_epoch_counts(tmp_path: Path) -> None:
    path = tmp_path / "c.safetensors"
    notes = Notes(("step", 2, 1), StopTraining)
    history = run(network(0), BASE, path, validate=True, callbacks=[notes])
    assert [row["epoch"] for row in history.rows] == [1, 2] == history.column("epoch")
    assert len(history.column("validation_loss")) == 2
    assert notes.events[-4:] == [("step", 2, 1), ("epoch", 2), ("end", 2), ("close",)]
    assert load_checkpoint(path).info["progress"]["epoch"] == 2
    assert len(run(network(0), BASE, path, validate=True, resume=True).rows) == BASE.epochs


def test_a_training_that_is_stopped_before_its_first_epoch_has_no_results(tmp_path: Path) -> None:
    untrained, fresh = network(0), network(0)
    assert run(untrained, BASE, callbacks=[Notes(("begin", 0, 0), StopTraining)]).rows == []
    assert bits(untrained).keys() == bits(fresh).keys()
    job = Job(str(some_digits(tmp_path / "few.npz")), out=tmp_path / "run", model={"widths": (4,)})
    with pytest.raises(ConfigurationError, match="training: got no epoch, expected at least one; stop"):
        run_job(job, callbacks=[Notes(("begin", 0, 0), StopTraining)])


@pytest.mark.parametrize("at", [("begin", 0, 0), ("step", 3, 1), ("epoch", 2), ("end", 4)])
def test_an_error_in_a_callback_keeps_the_checkpoint(at: tuple[Any, ...], tmp_path: Path) -> None:
    path, straight, resumed, other = tmp_path / "c.safetensors", network(0), network(0), Notes()
    run(straight, BASE)
    with pytest.raises(StoppedError):
        run(network(0), BASE, path, callbacks=[other, Notes(at)])
    assert other.events[-1] == ("close",)
    assert path.is_file() == (at[0] != "begin")
    if path.is_file():
        assert load_checkpoint(path).info["progress"]["epoch"] == {"step": 2, "epoch": 2, "end": 4}[at[0]]
        run(resumed, BASE, path, resume=True)
        assert bits(resumed) == bits(straight)


@pytest.mark.parametrize("wrong", [[print], print, [Notes], Notes()])
def test_what_is_no_list_of_callbacks_is_refused(wrong: Any) -> None:
    with pytest.raises(ConfigurationError, match=r"callbacks: got .*, expected a list of Callback; pass callbacks=\["):
        run(network(0), BASE, callbacks=wrong)


# -- trackers ------------------------------------------------------------------------------------------
def scalars(folder: Path) -> dict[str, list[tuple[int, float]]]:
    """The steps and values of every curve, as TensorBoard reads them."""
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    reader = EventAccumulator(str(folder)).Reload()
    return {tag: [(e.step, e.value) for e in reader.Scalars(tag)] for tag in reader.Tags()["scalars"]}


def history_of(folder: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (folder / "history.jsonl").read_text().splitlines()]


def test_trackers_of_a_resumed_run_have_each_epoch_once(tmp_path: Path) -> None:
    path, notes = tmp_path / "c.safetensors", Notes(("epoch", 2))
    make: Any = lambda: [TensorBoard(tmp_path / "tb"), CSV(tmp_path / "c.csv"), JSONLines(tmp_path / "h.jsonl")]
    # The first session ends between the checkpoint of epoch 2 and the trackers, which get that epoch from the history.
    with pytest.raises(StoppedError):
        run(network(0), BASE, path, validate=True, callbacks=[notes, *make()])
    assert {tag: len(curve) for tag, curve in scalars(tmp_path / "tb").items()}["loss"] == 1
    (tmp_path / "tb" / "events.out.tfevents.1.mine").write_bytes(b"")
    rows = run(network(0), BASE, path, validate=True, resume=True, callbacks=make()).rows
    curves = scalars(tmp_path / "tb")
    assert curves.keys() == rows[0].keys() - {"epoch"}
    for name, curve in curves.items():
        assert [step for step, _ in curve] == [1, 2, 3, 4]
        assert [value for _, value in curve] == [float(np.float32(row[name])) for row in rows]
    with (tmp_path / "c.csv").open(newline="") as file:
        assert [{k: float(v) for k, v in row.items()} for row in csv.DictReader(file)] == rows
    assert [json.loads(line) for line in (tmp_path / "h.jsonl").read_text().splitlines()] == rows
    assert (tmp_path / "tb" / "events.out.tfevents.1.mine").is_file()


def test_the_command_line_writes_event_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    data, out = some_digits(tmp_path / "few.npz"), tmp_path / "run"
    succeed("train", data, *OPTIONS, "--epochs", 2, "--schedule", "constant", "--tensorboard", "--out", out)
    succeed("train", data, "--out", out, "--resume", "--epochs", 3, "--quiet")
    assert [step for step, _ in scalars(out / "tensorboard")["validation_loss"]] == [1, 2, 3]
    assert "--tensorboard" in json.loads((out / "metrics.json").read_text())["command"].split()
    succeed("train", data, *OPTIONS, "--epochs", 1, "--overwrite", "--out", out)
    assert not (out / "tensorboard").exists()
    monkeypatch.setitem(sys.modules, "tensorboardX", None)
    assert 'pip install -e ".[track]"' in refused("train", data, "--tensorboard", "--out", tmp_path / "none")
    assert not (tmp_path / "none").exists()


# -- models on the way ---------------------------------------------------------------------------------
@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run that has kept every second model and the best two."""
    folder = tmp_path_factory.mktemp("kept")
    words = ("--epochs", 7, "--lr", 1, "--schedule", "constant", "--keep-every", 2, "--keep-best", 2)
    succeed("train", some_digits(folder / "few.npz"), *OPTIONS, *words, "--out", folder / "run")
    return folder / "run"


def best(rows: list[dict[str, Any]], count: int) -> set[int]:
    """The epochs of the lowest validation losses, by a loop."""
    found: set[int] = set()
    for _ in range(count):
        left = [row for row in rows if row["epoch"] not in found]
        found.add(min(left, key=lambda row: row["validation_loss"])["epoch"])
    return found


def test_every_second_model_and_the_best_two_are_kept(kept: Path) -> None:
    rows = history_of(kept)
    assert set(kept_models(kept / "checkpoints")) == {2, 4, 6} | best(rows, 2)
    assert best(rows, 1) != {7}, "the test needs a best epoch that is not the last"
    (first,) = best(rows, 1)
    chosen = load_checkpoint(kept / "checkpoints" / f"epoch-{first:03d}.safetensors")
    model = load_checkpoint(kept / "model.safetensors")
    assert all(np.array_equal(array, model.arrays[name]) for name, array in chosen.arrays.items())


def test_commands_take_kept_models(kept: Path, tmp_path: Path) -> None:
    rows = history_of(kept)
    (epoch,) = best(rows, 1)
    file = kept / "checkpoints" / f"epoch-{epoch:03d}.safetensors"
    data = kept.parent / "few.npz"
    succeed("evaluate", file, "--json", tmp_path / "test.json")
    assert json.loads((tmp_path / "test.json").read_text())["held_out"]
    succeed("info", file)
    succeed("predict", file, data)
    succeed("train", data, "--from", file, "--epochs", 1, "--quiet", "--out", tmp_path / "next")
    # The model is the one that was validated: its loss on the same examples is that of the history.
    from freqnet.cli.inspect import load_model
    from freqnet.data import load, split
    from freqnet.training import analyse, evaluate

    net, info = load_model(file)
    fold = split(load(data), **info["fractions"], seed=info["settings"]["seed"]).validation
    assert fold is not None
    assert evaluate(net, analyse(net, fold)).loss == pytest.approx(rows[epoch - 1]["validation_loss"], rel=1e-6)


def test_without_validation_the_kept_model_of_the_last_epoch_is_the_model(tmp_path: Path) -> None:
    job = Job(str(some_digits(tmp_path / "few.npz")), out=tmp_path / "run", model={"widths": (4,)})
    small = Job(job.data, out=job.out, model=job.model, settings={"epochs": 3}, records={"keep_every": 1})
    run_job(small, report=False)
    assert list(kept_models(tmp_path / "run" / "checkpoints")) == [1, 2, 3]
    last = load_checkpoint(tmp_path / "run" / "checkpoints" / "epoch-003.safetensors").arrays
    model = load_checkpoint(tmp_path / "run" / "model.safetensors").arrays
    assert all(np.array_equal(array, model[name]) for name, array in last.items())


def test_interrupted_runs_keep_the_same_models(kept: Path, tmp_path: Path) -> None:
    info = load_checkpoint(kept / "model.safetensors").info
    out = tmp_path / "run"
    groups = {name: info[name] for name in ("fractions", "settings", "records")}
    job = Job(info["data"], out=out, model={"widths": (4, 4, 4)}, **groups)
    for epoch in (3, 5):
        with pytest.raises(StoppedError):
            run_job(job, resume=out.exists(), callbacks=[Notes(("epoch", epoch))])
        # As if it had been killed between the checkpoint and the model.
        kept_models(out / "checkpoints").get(epoch, out / "none").unlink(missing_ok=True)
    run_job(job, resume=True, report=False)
    assert same_weights(out, kept)
    models, expected = (kept_models(folder / "checkpoints") for folder in (out, kept))
    assert models.keys() == expected.keys()
    for epoch, path in expected.items():
        arrays = load_checkpoint(path).arrays
        assert all(np.array_equal(array, arrays[name]) for name, array in load_checkpoint(models[epoch]).arrays.items())


def test_an_old_model_goes_only_after_the_new_one_is_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    net, folder = network(0), tmp_path / "models"
    run(net, Settings(epochs=1), validate=True, callbacks=[KeepModels(folder, best=1)])
    before = {path: path.read_bytes() for path in folder.iterdir()}

    def fail(*arguments: Any) -> None:
        raise StoppedError

    class Better(Callback):
        def epoch(self, row: dict[str, Any], run: Run) -> None:
            row["validation_loss"] = -row["epoch"]

    monkeypatch.setattr(keeping_module, "save", fail)
    with pytest.raises(StoppedError):
        run(network(0), BASE, validate=True, callbacks=[Better(), KeepModels(folder, best=1)])
    assert {path: path.read_bytes() for path in folder.iterdir()} == before
    monkeypatch.undo()
    run(network(0), BASE, validate=True, callbacks=[Better(), KeepModels(folder, best=1)])
    assert list(kept_models(folder)) == [4]


def test_overwrite_removes_kept_models_and_nothing_of_the_user(tmp_path: Path) -> None:
    data, out = some_digits(tmp_path / "few.npz"), tmp_path / "run"
    succeed("train", data, *OPTIONS, "--epochs", 2, "--keep-every", 1, "--out", out)
    (out / "checkpoints" / "notes.txt").write_text("mine")
    succeed("train", data, *OPTIONS, "--epochs", 1, "--overwrite", "--out", out)
    assert [path.name for path in (out / "checkpoints").iterdir()] == ["notes.txt"]


def test_mistakes_are_one_line_and_write_nothing(tmp_path: Path) -> None:
    out = tmp_path / "run"
    line = refused("train", "digits", "--keep-best", 2, "--out", out)
    assert "keep_best: got no validation examples, expected some to choose by; set a share" in line
    assert "--validation 0.1" in line
    assert "keep_every: got 0, expected a whole number of 1 or more; pass --keep-every 5" in refused(
        "train", "digits", "--keep-every", 0, "--out", out
    )
    assert "keep_best: got no validation examples" in refused("compare", "digits", "--keep-best", 1, "--out", out)
    assert not out.exists()
    with pytest.raises(ConfigurationError, match="keep_best: got no validation"):
        run(network(0), BASE, callbacks=[KeepModels(tmp_path / "m", best=1)])
    with pytest.raises(ConfigurationError, match="tensorboard: got 1, expected True or False"):
        run_job(Job("digits", records={"tensorboard": 1}))
    assert PARTS.validation is None
