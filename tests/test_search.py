"""``freqnet search``: spaces, trials, kills, several processes, and the best choices."""

from __future__ import annotations

import json
import pickle
import signal
import sys
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from processes import LIMIT, start
from test_cli_train import command, refused, some_digits, succeed
from test_training_resume import StoppedError

from freqnet.cli.interrupt import Interrupted
from freqnet.data import load, split
from freqnet.errors import ConfigurationError, DataError
from freqnet.experiments import Job, Search, Searched, Tried, read_space, search
from freqnet.experiments import search as search_function
from freqnet.experiments.search import ASKED, BEST, RESULTS, figure_of
from freqnet.experiments.space import searchable
from freqnet.experiments.study import JOURNAL, Study
from freqnet.training import Callback
from freqnet.training.choices import GROUPS, choices
from freqnet.training.files import CHECKPOINT, HISTORY

optuna = pytest.importorskip("optuna")

SPACE = ("lr=1e-3:1:log", "batch=16|32|64")
WORDS = tuple(word for text in SPACE for word in ("--space", text))


def asked(data: Path, out: Path, trials: int = 6, epochs: int = 5, **options: Any) -> Search:
    """A search of small networks."""
    given: dict[str, Any] = {"model": {"widths": (4,)}, "settings": {"epochs": epochs, "shift": 0.5}}
    return Search(Job(str(data), out=out, **given), SPACE, trials, **options)


def results(found: Searched) -> list[Any]:
    """What does not depend on times and folders."""
    return [(t.number, t.state, t.value, t.choices, t.figures, t.epochs) for t in found.trials]


@pytest.fixture(scope="module")
def done(tmp_path_factory: pytest.TempPathFactory) -> Searched:
    """A search of nine trials on a few digits."""
    folder = tmp_path_factory.mktemp("search")
    return search(asked(some_digits(folder / "few.npz"), folder / "out", 9))


# -- what a search does --------------------------------------------------------------------------------
def test_the_best_choices_beat_the_default_on_the_fold(done: Searched) -> None:
    assert done.ok
    assert [trial.number for trial in done.trials] == list(range(9))
    assert done.default is not None
    assert done.best is not None
    assert (done.default.number, done.default.choices["batch"]) == (0, "64")
    assert done.default.choices["learning_rate"] == 0.003
    assert done.best.value < done.default.value  # type: ignore[operator]
    assert done.best.value == min(trial.value for trial in done.trials if trial.state == "complete")  # type: ignore[type-var]
    assert {trial.state for trial in done.trials} == {"complete", "pruned"}
    for trial in done.trials:
        history = [json.loads(line) for line in (folder_of(done, trial) / HISTORY).read_text().splitlines()]
        assert trial.value == min(row["validation_loss"] for row in history)
        assert trial.epochs == len(history)
        assert (trial.epochs < 5) == (trial.state == "pruned")
        assert not (folder_of(done, trial) / CHECKPOINT).exists()


def folder_of(found: Searched, trial: Tried) -> Path:
    return found.search.path / "trials" / f"{trial.number:03d}"


def test_the_best_choices_train_the_best_trial(done: Searched, tmp_path: Path) -> None:
    succeed("train", "--config", done.search.path / BEST, "--quiet", "--out", tmp_path / "run")
    assert done.best is not None
    times = ("seconds", "images_per_second")
    first, second = (
        [{k: v for k, v in json.loads(line).items() if k not in times} for line in path.read_text().splitlines()]
        for path in (tmp_path / "run" / HISTORY, folder_of(done, done.best) / HISTORY)
    )
    assert first == second


def test_the_test_part_is_not_touched(done: Searched, tmp_path: Path) -> None:
    data = Path(done.search.job.data)
    digits, number = load(data), np.arange(200)
    # The pixels tell which examples the split takes for the test; it knows of labels only.
    marked = replace(digits, stored=np.broadcast_to(number[:, None, None, None], (200, 8, 8, 1)).astype(np.float32))
    held = split(marked, test=0.2, validation=0.2, seed=0).test.images[:, 0, 0, 0].astype(int)
    assert len(held) == 40
    images = digits.images[..., 0].copy()
    images[held] = np.random.default_rng(0).uniform(0, images.max(), (40, 8, 8))
    np.savez(tmp_path / "few.npz", x=images, y=digits.targets)
    changed = search(asked(tmp_path / "few.npz", tmp_path / "out", 4))
    assert results(changed) == results(done)[:4]
    images[np.setdiff1d(number, held)[:9]] = 0
    np.savez(tmp_path / "more.npz", x=images, y=digits.targets)
    assert results(search(asked(tmp_path / "more.npz", tmp_path / "more", 2))) != results(done)[:2]


def test_what_is_shown_and_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    some_digits(Path("few.npz"))
    words = ("search", "few.npz", "--widths", 4, "--epochs", 2, *WORDS, "--trials", 3, "--json", "found.json")
    lines = succeed(*words).splitlines()
    assert [line.split(":")[0] for line in lines[:3]] == [f"[{n + 1}/3] trial {n}" for n in range(3)]
    assert lines[0].endswith("; default")
    assert "lr=" in lines[1]
    assert lines[3] == "few, 3 trials (3 complete), on a fold of the training part"
    assert any("0 (default)" in line for line in lines)
    assert lines[-2:] == [
        "runs/few-search: search.json, best.toml, and a folder for each trial",
        "train with the best: freqnet train --config runs/few-search/best.toml",
    ]
    stored = json.loads(Path("found.json").read_text())
    assert stored == json.loads(Path("runs/few-search", RESULTS).read_text())
    assert (stored["default"], stored["complete"], len(stored["trials"])) == (0, True, 3)
    assert stored["command"] == (
        "freqnet search few.npz --widths 4 --epochs 2 --space lr=1e-3:1:log --space 'batch=16|32|64' --trials 3"
    )


def test_objectives_and_pruners(tmp_path: Path) -> None:
    data = some_digits(tmp_path / "few.npz")
    found = search(asked(data, tmp_path / "out", 6, objective="score", pruner="hyperband"))
    best = max(trial.figures["validation_accuracy"] for trial in found.trials if trial.state == "complete")
    assert found.best is not None
    assert found.best.value == best == found.ranked[0].figures["validation_accuracy"]
    assert found.trials[0].state == "complete"
    assert figure_of({"validation_loss": 2.0, "validation_r2": 0.5}, "score") == 0.5
    # Without a pruner every trial has all epochs.
    whole = search(asked(data, tmp_path / "whole", 3, epochs=2, pruner="none"))
    assert {trial.epochs for trial in whole.trials} == {2}


def test_trials_that_fail_do_not_stop_the_others(tmp_path: Path) -> None:
    settings = {"epochs": 1, "clip": 0.0}
    job = Job(str(some_digits(tmp_path / "few.npz")), model={"widths": (4,)}, settings=settings)
    space = ["learning_rate=0.01|1e30"]
    found = search(Search(replace(job, out=tmp_path / "out"), space, 8))
    failed = [trial for trial in found.trials if trial.state == "failed"]
    assert 0 < len(failed) < 8
    assert all("got a loss" in trial.reason for trial in failed)
    assert found.best is not None
    # Without one complete trial there is no best.
    wild = replace(job, out=tmp_path / "wild", settings=settings | {"learning_rate": 1e30})
    with pytest.raises(
        ConfigurationError, match=r"search in .*: got no complete trial \(training, epoch 1: got a loss"
    ):
        search(Search(wild, ["smoothing=0:0.5"], 2))
    assert not (tmp_path / "wild" / BEST).exists()


# -- kills and several processes -------------------------------------------------------------------------
class StopAt(Callback):
    """Raises an error at an epoch of the n-th training that it follows."""

    def __init__(self, training: int, epoch: int) -> None:
        self.training, self.at = training, epoch

    def begin(self, run: Any) -> None:
        self.training -= 1

    def epoch(self, row: dict[str, Any], run: Any) -> None:
        if self.training == 0 and row["epoch"] == self.at:
            raise StoppedError


def test_a_search_that_is_stopped_again_and_again_has_the_same_trials(done: Searched, tmp_path: Path) -> None:
    same = asked(Path(done.search.job.data), tmp_path / "out", 9)
    for training, epoch in ((1, 2), (3, 4), (1, 5)):
        with pytest.raises(StoppedError):
            search(same, resume=same.path.exists(), callbacks=[StopAt(training, epoch)])
    shorter = search(replace(same, trials=7), resume=True)
    assert results(shorter) == results(done)[:7]
    assert results(search(same, resume=True)) == results(done)
    # Nothing is left to do.
    assert results(search(same, resume=True, progress=lambda *_: pytest.fail("a trial was done"))) == results(done)


def wait_until(path: Path, process: Any) -> None:
    until = time.monotonic() + LIMIT
    while not path.is_file():
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < until
        time.sleep(0.005)


def one_end_per_trial(folder: Path, count: int) -> bool:
    """Whether the journal has one begin and one end of each trial."""
    logs = [json.loads(line) for line in (folder / JOURNAL).read_text().splitlines()]
    ended = Counter(log["trial_id"] for log in logs if log.get("state") in (1, 2, 3))
    begun = Counter(log["op_code"] for log in logs)[4]
    return ended == dict.fromkeys(range(count), 1) and begun == count


def killed_and_resumed(data: object, out: Path, trials: int) -> dict[str, Any]:
    """Kill a search in the middle of a trial, resume it, and return its results."""
    words = ("--widths", 4, "--epochs", 5, "--shift", 0.5, *WORDS, "--trials", trials, "--out", out)
    process = start("search", data, *words)
    wait_until(out / "trials" / f"{trials // 2:03d}" / HISTORY, process)
    process.send_signal(signal.SIGKILL)
    process.communicate(timeout=LIMIT)
    assert "not empty" in refused("search", data, *words)
    succeed("search", data, *words, "--resume")
    assert one_end_per_trial(out, trials)
    return json.loads((out / RESULTS).read_text())


def test_a_killed_search_is_resumed(done: Searched, tmp_path: Path) -> None:
    found = killed_and_resumed(done.search.job.data, tmp_path / "out", len(done.trials))
    assert found["trials"] == done.as_dict()["trials"]


@pytest.mark.slow
def test_a_killed_search_of_20_trials_on_digits_is_resumed(tmp_path: Path) -> None:
    found = killed_and_resumed("digits", tmp_path / "killed", 20)
    straight = search(asked(Path("digits"), tmp_path / "straight", 20))
    assert found["trials"] == straight.as_dict()["trials"]
    assert found["trials"][found["best"]]["value"] < found["trials"][0]["value"]


class Company(Callback):
    """Starts another process in the first training, and waits until that process has an epoch of the next trial."""

    def __init__(self, search: Search, *words: object) -> None:
        self.search, self.words = search, words
        self.process: Any = None

    def begin(self, run: Any) -> None:
        if self.process is None:
            self.process = start("search", *self.words)
            wait_until(self.search.path / "trials" / "001" / HISTORY, self.process)


@pytest.mark.slow
def test_another_process_joins_a_search(done: Searched, tmp_path: Path) -> None:
    own = asked(Path(done.search.job.data), tmp_path / "out", 4)
    seen: list[Tried] = []
    words = ("--widths", 4, "--epochs", 5, "--shift", 0.5, *WORDS, "--trials", 4, "--out", own.path, "--resume")
    company = Company(own, own.job.data, *words)
    search(own, progress=lambda tried, ended: seen.append(tried), callbacks=[company])
    shown, error = company.process.communicate(timeout=LIMIT)
    assert error == ""
    numbers = {int(line.split(":")[0].split()[-1]) for line in shown.splitlines() if line[:1] == "["}
    assert numbers
    assert seen
    assert sorted([*numbers, *(trial.number for trial in seen)]) == [0, 1, 2, 3]
    assert one_end_per_trial(own.path, 4)


@pytest.mark.slow
def test_two_processes_share_20_trials_on_digits(tmp_path: Path) -> None:
    out, trials = tmp_path / "out", 20
    options = ("search", "digits", "--widths", 4, "--epochs", 5, *WORDS, "--trials", trials, "--out", out)
    first = start(*options)
    wait_until(out / JOURNAL, first)
    second = start(*options, "--resume")
    shown = [process.communicate(timeout=LIMIT) for process in (first, second)]
    assert [error for _, error in shown] == ["", ""]
    own = [{line.split(":")[0].split()[-1] for line in text.splitlines() if line[:1] == "["} for text, _ in shown]
    assert all(own)
    assert not own[0] & own[1]
    assert own[0] | own[1] == {str(number) for number in range(trials)}
    assert one_end_per_trial(out, trials)
    assert json.loads((out / RESULTS).read_text())["complete"]


@pytest.mark.slow
def test_the_processes_of_a_search(tmp_path: Path) -> None:
    out = tmp_path / "out"
    options = ("--widths", 4, "--epochs", 2, *WORDS, "--trials", 5, "--processes", 2, "--out", out)
    succeed("search", some_digits(tmp_path / "few.npz"), *options)
    assert one_end_per_trial(out, 5)


def test_an_executor_does_the_trials(done: Searched, tmp_path: Path) -> None:
    own = asked(Path(done.search.job.data), tmp_path / "out", 3)
    # Executors send it to other processes.
    assert pickle.loads(pickle.dumps(own)) == own
    with ThreadPoolExecutor(1) as executor:
        found = search(own, executor)
    assert results(found) == results(done)[:3]


def test_a_trial_whose_process_always_dies_fails(tmp_path: Path) -> None:
    study = Study(tmp_path, read_space(SPACE), True, "none", 0)
    study.begin({})
    for _ in range(5):
        with study.next(1) as ours:
            assert ours is not None
            assert ours.number == 0
    with study.next(1) as ours:
        assert ours is None
    (trial,) = study.trials()
    assert (trial.state, trial.reason) == ("failed", "its process ended 5 times, perhaps because the memory was full")


def test_a_trial_in_progress_is_left_alone(tmp_path: Path) -> None:
    first, second = (Study(tmp_path, read_space(SPACE), True, "none", 0) for _ in range(2))
    first.begin({"learning_rate": 0.01, "batch": 32})
    second.begin({})
    with first.next(2) as ours, second.next(2) as other:
        assert ours is not None
        assert other is not None
        assert (ours.number, other.number) == (0, 1)
        assert ours.parameters == {"learning_rate": 0.01, "batch": "32"}
        with second.next(2) as none:
            assert none is None
    with second.next(2) as again:
        assert again is not None
        assert again.number == 0


# -- spaces ----------------------------------------------------------------------------------------------
def test_every_choice_of_network_and_training_can_vary() -> None:
    own = {choice.name for group in ("model", "settings") for choice in choices(GROUPS[group])}
    assert {choice.name for _, choice in searchable().values()} == own - {"seed"}
    assert {"lr", "learning_rate", "gate-band", "gate_band"} <= searchable().keys()


def test_spaces_are_read_from_words_and_files(tmp_path: Path) -> None:
    file = tmp_path / "space.toml"
    file.write_text('lr = "1e-3:1e-1:log"\nwidths = [[8, 16], [16, 32]]\nkernel = ["taps", "sinc"]\nbatch = [16, 32]\n')
    words = ["lr=1e-3:1e-1:log", "widths=8,16|16,32", "kernel=taps|sinc", "batch=16|32"]
    assert list(map(str, read_space([str(file)]))) == words == list(map(str, read_space(words)))
    modes, epochs, rate = read_space(["modes=5:18:2", "epochs=5:20", "weight-decay=0:0.3:0.1"])
    assert (modes.low, modes.high, modes.step) == (5, 17, 2)  # type: ignore[union-attr]
    assert (modes.parameter(7), modes.parameter(8), modes.parameter(None)) == (7, None, None)
    assert (epochs.parameter(21), rate.parameter(0.3)) == (None, 0.3)
    (domain,) = read_space(["domain=laplace:rates=0.5|fourier"])
    assert domain.value("laplace:rates=0.5") == "laplace:rates=0.5"


WRONG = {
    "leaning-rate=1:2": "space: got 'leaning-rate', expected domain or .*; did you mean 'learning_rate'",
    "seed=1:3": "space: got 'seed', expected domain",
    "lr=0.1:0.01": "space of learning_rate: got '0.1:0.01', expected a lower bound below the upper one; ",
    "lr=0.1:0.1": "expected a lower bound below the upper one; ",
    "lr=nan:1": "expected a lower bound below the upper one; ",
    "lr=0:1:log": "space of learning_rate: got '0:1:log', expected bounds above 0 on a logarithmic scale; ",
    "lr=-1:1": "space of learning_rate: learning_rate: got -1.0, expected a finite number of 0 or more",
    "lr=x:1": "space of learning_rate: got 'x', expected a number; write 'lr=LOW:HIGH, ",
    "lr=1:2:3:4": "space of learning_rate: got '1:2:3:4', expected LOW:HIGH, LOW:HIGH:log",
    "lr=1:2:5": "space of learning_rate: got '1:2:5', expected a step above 0 that fits the range",
    "lr": "space: got 'lr', expected NAME=LOW:HIGH, .* or a .toml file; write it as in 'lr=",
    "epochs=5:20.5": "space of epochs: got '20.5', expected a whole number; ",
    "epochs=0:5": "space of epochs: epochs: got 0, expected a whole number of 1 or more; ",
    "smoothing=0:1": "space of smoothing: smoothing: got 1.0, expected a number from 0 to below 1; ",
    "widths=8,a|3": "space of widths: got '8,a', expected numbers from 1 to 4096",
    "kernel=taps": "space of kernel: got 'taps', expected two or more different values with | between them; ",
    "kernel=taps|": "expected two or more different values",
    "batch=16|16": "expected two or more different values",
    "activation=polynomail|linear": "space of activation: got 'polynomail', expected .*; did you mean 'polynomial'",
    "domain=furier|grid": "space of domain: domain: got 'furier', expected .*; did you mean 'fourier'",
    "none.toml": "config none.toml: got No such file or directory",
}


@pytest.mark.parametrize("text", WRONG)
def test_a_mistake_in_a_space_is_one_line_and_writes_nothing(text: str, tmp_path: Path) -> None:
    import re

    line = refused("search", "digits", "--space", text, "--out", tmp_path / "out")
    start, *rest = WRONG[text].split(".*")
    assert start in line
    assert all(part in line for part in rest)
    assert not re.search(r"\n.", line)
    assert not (tmp_path / "out").exists()


def test_a_mistake_in_a_file_names_its_line(tmp_path: Path) -> None:
    file = tmp_path / "space.toml"
    for text, message in (
        ('lr = "1:2"\n\nwidth = "3:4"', "line 3: space: got 'width', expected domain or"),
        ("lr = 3", "line 1: space of lr: got 3, expected text or a list of values; "),
        ('lr = "1:2"\nbatch = "64:8"', "line 2: space of batch: got '64:8', expected a lower bound"),
        ("lr = ", "got Invalid value (at"),
    ):
        file.write_text(text)
        line = refused("search", "digits", "--space", file, "--out", tmp_path / "out")
        assert line.startswith(f"freqnet: config {file}")
        assert message in line


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ((), "space: got none, expected at least one choice that varies; pass --space lr=1e-3:1e-1:log"),
        ((*WORDS, "--space", "lr=1:2"), "space: got learning_rate twice, expected each choice once"),
        ((*WORDS, "--trials", 0), "trials: got 0, expected a whole number of 1 or more; pass --trials 20"),
        ((*WORDS, "--processes", 0), "processes: got 0, expected at least 1; pass --processes 1"),
        ((*WORDS, "--objective", "lost"), "objective: got 'lost', expected loss or score; pass --objective loss"),
        ((*WORDS, "--pruner", "x"), "pruner: got 'x', expected median or hyperband or none; pass --pruner median"),
        ((*WORDS, "--validation", 0), "validation: got 0, expected a share of the examples for the fold; pass"),
        ((*WORDS, "--gate-band", 99), "gate band: got 99"),
        ((*WORDS, "--test", 0.999), "test fraction of digits: got 0.999, so 1 training and 1796 test samples"),
        ((*WORDS, "--space", "activation=gaussian|relu"), "'relu' in the fourier domain"),
        ((*WORDS, "--resume"), "got no such file, expected one with a choices.json to resume from"),
    ],
)
def test_a_search_that_cannot_start_writes_nothing(tmp_path: Path, words: tuple[Any, ...], message: str) -> None:
    line = refused("search", "digits", *words, "--out", tmp_path / "out")
    assert message in line
    assert not (tmp_path / "out").exists()


def test_another_search_is_not_resumed(done: Searched, tmp_path: Path) -> None:
    own = done.search
    for change, message in (
        ({"space": SPACE[:1]}, "got space='.*', expected its own space='.*' space='"),
        ({"objective": "score"}, "got objective='score', expected its own objective='loss'"),
        ({"job": replace(own.job, model={"widths": (5,)})}, r"got widths=\[5\], expected its own widths=\[4\]"),
    ):
        with pytest.raises(ConfigurationError, match=message):
            search(replace(own, **change), resume=True)
    with pytest.raises(ConfigurationError, match="not empty"):
        search(own)
    other = replace(own, job=replace(own.job, data=str(some_digits(tmp_path / "few.npz", 150))))
    with pytest.raises(DataError, match="the data it began with"):
        search(other, resume=True)


def test_a_line_of_the_journal_in_part_is_mended_and_other_damage_is_told(done: Searched, tmp_path: Path) -> None:
    own = asked(Path(done.search.job.data), tmp_path / "out", 2)
    search(own)
    journal = own.path / JOURNAL
    whole = journal.read_bytes()
    journal.write_bytes(whole + b'{"op_code": 4, "wor')
    assert results(search(replace(own, trials=3), resume=True)) == results(done)[:3]
    journal.write_bytes(b"damaged\n" + whole)
    words = ("--widths", 4, "--epochs", 5, "--shift", 0.5, *WORDS, "--out", own.path, "--resume")
    assert "expected the journal of a search; choose another folder" in refused("search", own.job.data, *words)


def test_without_optuna_the_line_says_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "optuna", None)
    line = refused("search", "digits", *WORDS, "--out", tmp_path / "out")
    assert 'run pip install -e ".[search]"' in line
    assert not (tmp_path / "out").exists()


def test_weights_to_start_from_leave_the_network_as_it_is(tmp_path: Path) -> None:
    job = Job("digits", weights=tmp_path / "run")
    with pytest.raises(ConfigurationError, match=r"space: got size=small\|large, expected settings"):
        Search(job, ["size=small|large"])


def test_an_interrupt_says_how_to_go_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from freqnet.cli import search as cli_search

    def interrupt(*arguments: Any, **options: Any) -> None:
        raise Interrupted

    monkeypatch.setattr(cli_search, "search", interrupt)
    words = ("search", "digits", *WORDS, "--out", tmp_path)
    assert "interrupted before anything was written" in refused(*words)
    (tmp_path / ASKED).touch()
    assert "interrupted; trials and complete epochs are safe in" in refused(*words)
    assert command("search", "--help").status == 0
    assert search_function is search
