"""``freqnet train --seeds``: the same run from several seeds, and the spread of its figures."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from test_cli_train import command, refused, same_weights, snapshot, some_digits, succeed
from test_training_resume import StoppedError

from freqnet.cli.inspect import load_model
from freqnet.cli.interrupt import Interrupted
from freqnet.cli.seeds import rows
from freqnet.errors import CheckpointError, ConfigurationError
from freqnet.experiments import Job, Outcome, Repeated, engine, read_config, run, run_seeds
from freqnet.experiments.seeds import ASKED, SEEDS
from freqnet.experiments.work import work
from freqnet.training.files import CONFIG, METRICS
from freqnet.training.locks import is_locked

SMALL = ("--widths", "4,4,4", "--epochs", 2)
LENGTHS = {"model": {"widths": (4, 4, 4)}, "settings": {"epochs": 2, "seed": 3}}


def threads(job: Job, seeds: int, **options: Any) -> Repeated:
    """Run several seeds in threads of this process."""
    with ThreadPoolExecutor(2) as executor:
        return run_seeds(job, seeds, executor, **options)


@pytest.fixture
def job(tmp_path: Path) -> Job:
    """A small run, which begins with seed 3."""
    return Job(str(some_digits(tmp_path / "few.npz")), out=tmp_path / "out", **LENGTHS)


def test_each_seed_is_a_run_and_the_figures_are_their_statistics(job: Job) -> None:
    found = threads(job, 3)
    assert job.out is not None
    folders = [job.out / f"seed{seed}" for seed in (3, 4, 5)]
    metrics = [json.loads((folder / METRICS).read_text()) for folder in folders]
    stored = json.loads((job.out / SEEDS).read_text())
    assert (stored["seeds"], stored["complete"], found.ok) == ([3, 4, 5], True, True)
    for name in ("test_accuracy", "test_loss"):
        values = np.array([row[name] for row in metrics])
        figure = stored["figures"][name]
        assert figure["values"] == list(values)
        expected = (values.mean(), values.std(ddof=1), values.min(), values.max())
        assert [figure[key] for key in ("mean", "deviation", "lowest", "highest")] == pytest.approx(expected)
        assert values.std() > 0
    # Each run is the one that its own configuration file repeats.
    run(Job(**read_config(folders[1] / CONFIG), out=job.out / "alone"), report=False)
    assert same_weights(folders[1], job.out / "alone")
    assert not same_weights(folders[0], folders[1])
    assert not is_locked(job.out)
    with pytest.raises(CheckpointError, match="got a folder of 4 runs, expected one run; name one of them, such as"):
        load_model(job.out)


def test_the_command_shows_a_table(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # Processes are the business of comparisons, whose tests start them.
    monkeypatch.setattr(engine, "in_processes", lambda tasks, processes: map(work, tasks))
    monkeypatch.chdir(tmp_path)
    some_digits(Path("few.npz"))
    lines = succeed("train", "few.npz", *SMALL, "--seeds", 2, "--processes", 1).splitlines()
    out = Path("runs/few-fourier-seeds")
    assert [line[:5] for line in lines[:2]] == ["[1/2]", "[2/2]"]
    assert lines[2] == "few, 2 seeds"
    stored = json.loads((out / SEEDS).read_text())
    figure = stored["figures"]["test_accuracy"]
    (row,) = [line.split("│")[1:-1] for line in lines if "test accuracy " in line and "│" in line]
    assert [cell.strip() for cell in row[1:]] == [
        f"{figure[name]:.2%}" for name in ("mean", "deviation", "lowest", "highest")
    ]
    assert lines[-1] == "runs/few-fourier-seeds: seeds.json, and a folder for each seed"
    assert stored["command"] == "freqnet train few.npz --widths 4,4,4 --epochs 2 --seeds 2"
    assert {path.name for path in out.iterdir()} == {ASKED, SEEDS, "seed0", "seed1"}


def test_stopped_seeds_go_on_and_seeds_are_added(job: Job) -> None:
    def stop(outcome: Outcome) -> None:
        raise StoppedError

    with pytest.raises(StoppedError):
        threads(job, 2, progress=stop)
    seen: list[Outcome] = []
    resumed = threads(job, 3, resume=True, progress=seen.append)
    assert [outcome.kept for outcome in seen].count(True) >= 1
    straight = threads(Job(job.data, out=job.out and job.out / "straight", **LENGTHS), 3)
    assert [o.metrics["test_loss"] for o in resumed.outcomes] == [o.metrics["test_loss"] for o in straight.outcomes]


def test_overwrite_replaces_all_seeds(job: Job) -> None:
    threads(job, 2)
    assert job.out is not None
    (job.out / "seed4" / "notes.txt").write_text("mine")
    other = Job(job.data, out=job.out, model={"widths": (5,)}, settings=job.settings)
    with pytest.raises(ConfigurationError, match="not empty"):
        threads(other, 1)
    with pytest.raises(
        ConfigurationError, match=r"resume of .*: got widths=\[5\], expected its own widths=\[4, 4, 4\]"
    ):
        threads(other, 1, resume=True)
    found = threads(other, 1, overwrite=True)
    assert found.outcomes[0].metrics["model"]["widths"] == [5]
    assert [path.name for path in (job.out / "seed4").iterdir()] == ["notes.txt"]


def test_a_failed_seed_is_told(monkeypatch: pytest.MonkeyPatch, job: Job) -> None:
    from freqnet.cli import seeds as cli_seeds

    metrics = {"test_accuracy": 0.5, "train_seconds": 1.0, "epochs": 2}
    outcomes = (Outcome("fourier", 0, metrics), Outcome("fourier", 1, reason="too wide"))
    found = Repeated("few", outcomes, "freqnet train")
    assert rows(found)[0] == ("test accuracy", "50.00%", "-", "50.00%", "50.00%")
    assert not rows(Repeated("few", outcomes[1:], "freqnet train"))
    monkeypatch.setattr(cli_seeds, "run_seeds", lambda *_, **__: found)
    outcome = command("train", job.data, "--seeds", 2)
    assert (outcome.status, outcome.err) == (1, "freqnet: warning: a run failed: seed 1: too wide\n")


def test_an_interrupt_says_how_to_go_on(monkeypatch: pytest.MonkeyPatch, job: Job) -> None:
    from freqnet.cli import seeds as cli_seeds

    assert job.out is not None

    def interrupt(*arguments: Any, **options: Any) -> None:
        raise Interrupted

    monkeypatch.setattr(cli_seeds, "run_seeds", interrupt)
    assert "interrupted before anything was written" in refused("train", job.data, "--seeds", 2, "--out", job.out)
    job.out.mkdir()
    (job.out / ASKED).touch()
    assert "repeat the command with --resume" in refused("train", job.data, "--seeds", 2, "--out", job.out)


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("--seeds", 0), "seeds: got 0, expected a whole number of 1 or more; pass --seeds 5"),
        (("--seeds", 2, "--processes", 0), "processes: got 0, expected"),
        (("--processes", 2), "--processes: got a single run, expected several seeds"),
        (("--seeds", 2, "--gate-band", 99), "gate band: got 99"),
        (("--seeds", 2, "--keep-best", 1), "keep_best: got no validation examples"),
        (("--seeds", 2, "--seed", -1), "seed: got -1"),
        (("--seeds", 2, "--resume"), "got no such file, expected one with a choices.json to resume from"),
        (("--seeds", 2, "--resume", "--overwrite"), "got --resume and --overwrite, expected one of them"),
    ],
)
def test_mistakes_are_one_line_and_write_nothing(job: Job, words: tuple[Any, ...], message: str) -> None:
    assert job.out is not None
    assert message in refused("train", job.data, *words, "--out", job.out)
    assert not snapshot(job.out)
