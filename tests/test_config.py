"""Configuration files: written by each run, and taken by ``freqnet train --config``."""

from __future__ import annotations

import json
import shutil
import tomllib
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from test_callbacks import Notes
from test_cli_train import command, refused, same_weights, snapshot, some_digits, succeed
from test_training_resume import StoppedError

from freqnet.data import DATASETS, load, register_dataset
from freqnet.errors import ConfigurationError
from freqnet.experiments import Job, read_config
from freqnet.experiments import run as run_job
from freqnet.experiments.config import config_of, field_names, line_of, write_config
from freqnet.training.choices import GROUPS, choices
from freqnet.training.files import CONFIG, METRICS

OPTIONS = ("--widths", "4,4,4", "--epochs", 3, "--lr", 0.02, "--validation", 0.2, "--shift", 0.5, "--seed", 4)
MORE = ("--class-weights", "1,1,1,1,1,2,2,2,2,2.5", "--freeze", "2,1.kernel", "--keep-every", 2, "--gate-band", 1)


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a run with many choices."""
    folder = tmp_path_factory.mktemp("config")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        some_digits(Path("few.npz"))
        succeed("train", "few.npz", *OPTIONS, *MORE, "--quiet", "--out", "run")
    return folder / "run"


def test_the_file_of_a_run_reproduces_it_to_the_bit(
    written: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    succeed("train", "--config", written / CONFIG, "--quiet", "--out", "again")
    assert same_weights(written, Path("again"))
    # But for the command in its head, the file is the same, and that command repeats the run as well.
    first, second = ((folder / CONFIG).read_text().splitlines() for folder in (written, Path("again")))
    assert first[2:] == second[2:]
    assert second[0] == "# Repeat this run: freqnet train --config again/run.toml --out FOLDER"
    assert second[1] == f"# Or: {json.loads(Path('again', METRICS).read_text())['command']}"
    succeed("train", "--config", written / CONFIG, "--seed", 5, "--quiet", "--out", "other")
    assert not same_weights(written, Path("other"))


def test_the_file_has_the_choices_that_were_given(written: Path) -> None:
    content = tomllib.loads((written / CONFIG).read_text())
    assert content == {
        "data": str(written.parent / "few.npz"),
        "fractions": {"validation": 0.2},
        "model": {"widths": [4, 4, 4], "gate_band": 1},
        "settings": {
            "epochs": 3,
            "learning_rate": 0.02,
            "shift": 0.5,
            "seed": 4,
            "class_weights": [1.0] * 5 + [2.0] * 4 + [2.5],
            "freeze": ["2", "1.kernel"],
        },
        "records": {"keep_every": 2},
    }


def test_options_on_the_line_win(written: Path, tmp_path: Path) -> None:
    data = shutil.copy(written.parent / "few.npz", tmp_path / "mine.npz")
    options = ("--epochs", 1, "--widths", 5, "--freeze", "2", "--quiet")
    succeed("train", data, "--config", written / CONFIG, *options, "--out", tmp_path / "run")
    metrics = json.loads((tmp_path / "run" / METRICS).read_text())
    assert (metrics["epochs"], metrics["model"]["widths"], metrics["dataset"]) == (1, [5], "mine")
    assert (metrics["settings"]["learning_rate"], metrics["seed"]) == (0.02, 4)


def test_a_resumed_run_keeps_its_file_and_notes_new_epochs(tmp_path: Path) -> None:
    job = Job(str(some_digits(tmp_path / "few.npz")), out=tmp_path / "run", model={"widths": (4,)})
    constant = {"schedule": "constant", "epochs": 3}
    with pytest.raises(StoppedError):
        run_job(Job(job.data, out=job.out, model=job.model, settings=constant), callbacks=[Notes(("epoch", 1))])
    file = tmp_path / "run" / CONFIG
    before = file.read_text()
    run_job(Job(job.data, out=job.out), resume=True, report=False)
    assert file.read_text() == before
    run_job(Job(job.data, out=job.out, settings={"epochs": 4}), resume=True, report=False)
    assert tomllib.loads(file.read_text())["settings"] == {"schedule": "constant", "epochs": 4}
    run_job(Job(**read_config(file), out=tmp_path / "again"), report=False)
    assert same_weights(tmp_path / "run", tmp_path / "again")


@pytest.mark.parametrize("words", ["none", "shift=1", None])
def test_a_run_repeats_its_augmentation_where_the_dataset_has_one(words: str | None, tmp_path: Path) -> None:
    few = replace(load("digits").take(range(60)), name="few")
    register_dataset("few", lambda: few, defaults={"augment": ("mirror",), "epochs": 1})
    try:
        settings = {} if words is None else {"augment": (words,)}
        first = run_job(Job("few", settings=settings, model={"widths": (4,)}, out=tmp_path / "a"), report=False)
        assert first["settings"]["augment"] == {"none": [], "shift=1": ["shift=1"], None: ["mirror"]}[words]
        assert first["command"].endswith("" if words is None else f"--augment {words}")
        again = run_job(Job(**read_config(tmp_path / "a" / CONFIG), out=tmp_path / "b"), report=False)
    finally:
        del DATASETS["few"]
    assert again["settings"] == first["settings"]
    assert same_weights(tmp_path / "a", tmp_path / "b")


def test_a_run_without_an_epoch_leaves_its_folder_empty(tmp_path: Path) -> None:
    job = Job(str(some_digits(tmp_path / "few.npz")), out=tmp_path / "run", model={"widths": (4,)})
    with pytest.raises(StoppedError):
        run_job(job, callbacks=[Notes(("step", 1, 1))])
    assert not snapshot(tmp_path / "run")


def test_a_run_from_weights_is_reproduced(written: Path, tmp_path: Path) -> None:
    data = written.parent / "few.npz"
    succeed("train", data, "--from", written, "--epochs", 1, "--quiet", "--out", tmp_path / "first")
    succeed("train", "--config", tmp_path / "first" / CONFIG, "--quiet", "--out", tmp_path / "second")
    assert same_weights(tmp_path / "first", tmp_path / "second")


NAMES = st.text(st.characters(codec="utf-8"), min_size=1, max_size=6)
VALUES: dict[str, st.SearchStrategy[Any]] = {
    "epochs": st.integers(1, 9),
    "learning_rate": st.floats(0, 1e30),
    "class_weights": st.none() | st.just("balanced") | st.tuples(st.floats(0.1, 9), st.floats(0, 9)),
    "freeze": st.lists(NAMES, min_size=1, max_size=3).map(tuple),
    "widths": st.none() | st.lists(st.integers(1, 99), min_size=1, max_size=3).map(tuple),
    "precision": st.sampled_from([None, "float32"]),
    "tensorboard": st.sampled_from([None, True, False]),
    "layout": st.sampled_from([None, "n x c"]),
    "test": st.floats(0, 0.9),
}


@given(st.fixed_dictionaries({}, optional=VALUES), NAMES)
def test_any_choices_read_back_as_they_were_given(chosen: dict[str, Any], data: str) -> None:
    groups = {
        group: {c.name: chosen[c.name] for c in choices(kind) if c.name in chosen} for group, kind in GROUPS.items()
    }
    job = Job(data, **groups)
    path = Path("any.toml")
    write_config(path, config_of(job, {"data": data}), "first\nsecond", data)
    try:
        found = read_config(path)
    finally:
        path.unlink()
    given = {group: {k: v for k, v in values.items() if v is not None} for group, values in groups.items()}
    assert found == {"data": data, **{group: values for group, values in given.items() if values}}


def test_every_field_has_a_key_and_every_option_too() -> None:
    for group, kind in GROUPS.items():
        for choice in choices(kind):
            assert field_names(group)[choice.name] == choice.name == field_names(group)[choice.option[2:]]


WRONG = {
    "an unknown key": (
        "[settings]\n\n# a remark\nepoch = 3",
        "line 4: key of [settings]: got 'epoch', expected epochs or",
    ),
    "its near match": ("[settings]\nepoch = 3", "; did you mean 'epochs'?"),
    "a near match of an option": ("[settings]\nweigth-decay = 3", "; did you mean 'weight_decay'?"),
    "a key of another section": ("[settings]\nwidths = [3]", "line 2: key of [settings]: got 'widths', "),
    "its section": ("[settings]\nwidths = [3]", "; write it below a line [model]"),
    "a choice without a section": (
        "epochs = 3",
        "line 1: key: got 'epochs', expected data or folder or from or reading",
    ),
    "an unknown section": ("\n[modell]\n", "line 2: key: got 'modell', expected data or"),
    "text for a number": (
        "[settings]\nepochs = '3'",
        "line 2: epochs: got '3', expected a whole number of 1 or more; ",
    ),
    "advice in TOML": ("[settings]\nepochs = 3.0", "; write epochs = 3"),
    "a date": (
        "[settings]\nlr = 2020-01-01",
        "line 2: learning_rate: got datetime.date(2020, 1, 1), expected a finite",
    ),
    "a list over lines": (
        "[model]\nwidths = [\n 4,\n 'a',\n]\nmodes=3",
        "line 2: widths: got (4, 'a'), expected whole",
    ),
    "advice about a list": ("[model]\nwidths = []", "; write widths = [16, 32, 64]"),
    "no section": ("model = 3", "line 1: model: got 3, expected a section; write them below a line [model]"),
    "no text": ("data = 3", "line 1: data: got 3, expected text"),
    "two names of a field": ("[settings]\nlr = 1\nlearning_rate = 2", "line 3: learning_rate: got a second value"),
    "a key twice": (
        "[settings]\nlr = 1\nlr = 2",
        "got Cannot overwrite a value (at",
    ),
    "no TOML": (
        "data = digits",
        "got Invalid value (at line 1, column 8), expected a TOML file; write text in quotation",
    ),
    "no UTF-8": (b"\xff", "got 'utf-8' codec can't decode byte 0xff"),
    "a value that is out of range": ("[fractions]\ntest = nan", "line 2: test fraction: got nan, expected a number"),
}


@pytest.mark.parametrize("name", WRONG)
def test_a_mistake_in_a_file_is_one_line(name: str, tmp_path: Path) -> None:
    text, message = WRONG[name]
    file = tmp_path / "c.toml"
    file.write_bytes(text if isinstance(text, bytes) else text.encode())
    line = refused("train", "digits", "--config", file, "--out", tmp_path / "run")
    assert line.startswith(f"freqnet: config {file}")
    assert message in line
    assert not (tmp_path / "run").exists()


def test_a_missing_file_or_no_data_is_one_line(tmp_path: Path) -> None:
    assert "got No such file or directory, expected a TOML file" in refused("train", "--config", tmp_path / "c.toml")
    assert "got Is a directory, expected a TOML file" in refused("train", "--config", tmp_path)
    (tmp_path / "c.toml").write_text("")
    for words in ((), ("--config", tmp_path / "c.toml")):
        assert "DATA: got none, expected the data to train on; name the data" in refused("train", *words)
    assert command("train", "--help").status == 0
    with pytest.raises(ConfigurationError, match=r"config no\.toml: got No such file"):
        read_config("no.toml")


def test_lines_are_those_where_keys_begin() -> None:
    text = 'a = """\nx = 3\n"""\nx = 4\n[s]\n\nx = [1,\n2]\n"q k".z = 1\n'
    places = {("a",): 1, ("x",): 4, ("s",): 5, ("s", "x"): 7, ("s", "q k", "z"): 9}
    assert {keys: line_of(text, keys) for keys in places} == places
