"""One run at a time writes to a folder; a process that dies leaves no lock."""

from __future__ import annotations

import errno
import signal
import sys
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from comparisons import small, threads
from processes import ENTRY_WITHOUT_REPORT, LIMIT, start, wait_for
from test_cli_train import SMALL, command, refused, same_weights, snapshot, some_digits, succeed, without_plots

from freqnet.errors import ConfigurationError, FreqnetError
from freqnet.experiments import Job, compare, prepare, run
from freqnet.experiments.work import Task
from freqnet.training import Progress, load_checkpoint
from freqnet.training.files import CHECKPOINT, HISTORY, METRICS, MODEL, write_json
from freqnet.training.locks import LOCK, FolderLock, is_locked

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="locks of POSIX")

LONG = ("--widths", "4,4,4", "--epochs", "30", "--batch", "30")
IN_USE = "got a folder that another run is writing to, expected one that no run uses; wait until that run ends"


def job(folder: Path, out: str, **settings: Any) -> Job:
    """A short run on a few digits."""
    data = folder / "few.npz"
    if not data.exists():
        some_digits(data)
    return Job(str(data), out=folder / out, model={"widths": (4, 4, 4)}, settings={"epochs": 2, **settings})


def outcome(function: Callable[[], Any]) -> Any:
    """The result of a function, or its error."""
    try:
        return function()
    except FreqnetError as error:
        return error


# --- Two runs -------------------------------------------------------------------------------------


@pytest.mark.parametrize("overwrite", [False, pytest.param(True, marks=pytest.mark.slow)])
def test_of_two_processes_that_start_together_one_trains(tmp_path: Path, overwrite: bool) -> None:
    data, out = some_digits(tmp_path / "few.npz"), tmp_path / "run"
    more = ["--overwrite"] if overwrite else []
    words = ("train", data, *LONG, "--out", out, *more)
    both = [start(*words, "--seed", seed, code=ENTRY_WITHOUT_REPORT) for seed in (1, 2)]
    ends = [(process.communicate(timeout=LIMIT)[1], process.returncode) for process in both]
    # With --overwrite, the later one may have begun after the end of the earlier one.
    assert sorted(status for _, status in ends) == [0, 2] or (overwrite and ends[0][1] == ends[1][1] == 0)
    winner = [index for index, (_, status) in enumerate(ends) if status == 0]
    assert all(error == "" or IN_USE in error or "not empty" in error for error, _ in ends)
    seed = load_checkpoint(out / MODEL).info["settings"]["seed"]
    assert seed - 1 in winner
    assert load_checkpoint(out / CHECKPOINT).info["settings"]["seed"] == seed
    assert (out / HISTORY).read_text().count("\n") == 30


def test_of_many_threads_that_start_together_one_trains(tmp_path: Path) -> None:
    jobs = [job(tmp_path, "run", seed=seed) for seed in range(4)]
    barrier = threading.Barrier(4)

    def compete(own: Job) -> Any:
        barrier.wait(LIMIT)
        return outcome(lambda: run(own, report=False))

    with ThreadPoolExecutor(4) as pool:
        ends = list(pool.map(compete, jobs))
    (metrics,) = [end for end in ends if isinstance(end, dict)]
    assert sum(isinstance(end, ConfigurationError) for end in ends) == 3
    assert load_checkpoint(tmp_path / "run" / MODEL).info["settings"]["seed"] == metrics["seed"]


@pytest.mark.parametrize("more", [(), ("--overwrite",), ("--resume",)])
def test_a_run_in_progress_is_left_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, more: tuple[str, ...]
) -> None:
    without_plots(monkeypatch)
    seen: list[str] = []

    def intrude(figures: dict[str, Any]) -> None:
        if figures["epoch"] == 2 and figures.get("step") == 1:
            words = ("--resume", "--out", out) if "--resume" in more else (*SMALL, "--out", out, *more)
            seen.append(refused("train", tmp_path / "few.npz", *words))
            seen.append(refused("evaluate", out))
            seen.append(refused("predict", out, tmp_path / "few.npz"))

    out = tmp_path / "run"
    run(job(tmp_path, "run"), callbacks=[Progress(intrude)])
    run(job(tmp_path, "alone"))
    assert IN_USE in seen[0]
    assert all("got one that is being trained, expected a trained model; wait until" in line for line in seen[1:])
    assert same_weights(out, tmp_path / "alone")
    assert not is_locked(out)
    succeed("evaluate", out)


def test_a_refused_run_changes_nothing(tmp_path: Path) -> None:
    run(job(tmp_path, "run"), report=False)
    out = tmp_path / "run"
    partial = out / f".{MODEL}.abc.partial"
    partial.touch()
    before = snapshot(out)
    with FolderLock(out):
        for more in (("--overwrite",), ("--resume",)):
            assert IN_USE in refused("train", tmp_path / "few.npz", "--out", out, *more)
        # The model of the earlier run is whole, and may be used meanwhile.
        succeed("evaluate", out)
        assert snapshot(out) == before
    assert "not empty" in refused("train", tmp_path / "few.npz", *SMALL, "--out", out)
    assert snapshot(out) == before


def test_errors_release_the_folder(tmp_path: Path) -> None:
    class StopError(Exception):
        pass

    def stop(figures: dict[str, Any]) -> None:
        if figures["epoch"] == 2:
            raise StopError

    with pytest.raises(StopError):
        run(job(tmp_path, "run"), callbacks=[Progress(stop)])
    run(job(tmp_path, "run"), resume=True, report=False)
    # A run that is prepared and never started keeps the folder as long as it exists.
    begun = prepare(job(tmp_path, "other"))
    assert is_locked(tmp_path / "other")
    del begun
    assert not is_locked(tmp_path / "other")


def test_a_killed_process_leaves_no_lock(tmp_path: Path) -> None:
    data, out = some_digits(tmp_path / "few.npz"), tmp_path / "run"
    process = start("train", data, *LONG, "--epochs", 2000, "--out", out)
    wait_for(out / HISTORY, process, 1)
    assert IN_USE in refused("train", data, "--out", out, "--resume")
    process.send_signal(signal.SIGKILL)
    process.communicate(timeout=LIMIT)
    assert not is_locked(out)
    succeed("train", data, *SMALL, "--out", out, "--overwrite")


# --- Comparisons ----------------------------------------------------------------------------------


def test_a_comparison_in_progress_is_left_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    without_plots(monkeypatch)
    errors: list[Any] = []

    def intrude(found: Any) -> None:
        for resume in (False, True):
            errors.append(outcome(lambda resume=resume: compare(small(tmp_path / "out"), resume=resume)))

    found = threads(small(tmp_path / "out"), progress=intrude)
    assert found.ok
    assert len(errors) == 4
    assert all(IN_USE in str(error) for error in errors)
    assert not is_locked(tmp_path / "out")


def test_a_run_of_a_comparison_whose_folder_is_in_use_fails_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    without_plots(monkeypatch)
    own = tmp_path / "out" / "hartley-seed0"
    own.mkdir(parents=True)
    busy: list[FolderLock] = []
    comparison = small(tmp_path / "out")
    with pytest.raises(ConfigurationError, match="not empty"):
        threads(comparison)
    own.rmdir()
    held = threading.Event()

    class InTurn(ThreadPoolExecutor):
        """Begins the second run when the first has ended and the folder of the second is in use."""

        def submit(self, function: Any, task: Task) -> Any:  # type: ignore[override]
            return super().submit(lambda: (task.domain == "fourier" or held.wait(LIMIT)) and function(task))

    def hold(found: Any) -> None:
        if not busy:
            own.mkdir()
            busy.append(FolderLock(own))
            held.set()

    with InTurn(1) as executor:
        found = compare(comparison, executor, progress=hold)
    assert [o.ok for o in found.outcomes] == [True, False]
    assert IN_USE in found.outcomes[1].reason
    busy[0].release()
    assert threads(comparison, resume=True).ok


# --- File systems ---------------------------------------------------------------------------------


def test_file_systems_that_lock_files_only(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import fcntl
    import os
    import stat

    original = fcntl.flock

    def as_on_nfs(handle: int, how: int) -> None:
        if stat.S_ISDIR(os.fstat(handle).st_mode):
            raise OSError(errno.EBADF, "Bad file descriptor")
        original(handle, how)

    monkeypatch.setattr(fcntl, "flock", as_on_nfs)
    out = tmp_path / "run"
    out.mkdir()
    with FolderLock(out):
        assert is_locked(out)
        with pytest.raises(ConfigurationError, match=IN_USE):
            FolderLock(out)
    assert not is_locked(out)
    assert [path.name for path in out.iterdir()] == [LOCK]
    # The lock file does not make the folder one that is not empty.
    run(job(tmp_path, "run"), report=False)
    assert (out / METRICS).is_file()


def test_a_system_without_locks_trains_all_the_same(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "fcntl", None)
    assert command("train", some_digits(tmp_path / "few.npz"), *SMALL, "--out", tmp_path / "run").status == 0


# --- Files that two commands write ----------------------------------------------------------------


def test_threads_may_write_one_file_at_once(tmp_path: Path) -> None:
    barrier = threading.Barrier(8)

    def write(number: int) -> None:
        barrier.wait(LIMIT)
        for _ in range(20):
            write_json(tmp_path / "figures.json", [number] * 1000)

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(write, range(8)))
    assert [path.name for path in tmp_path.iterdir()] == ["figures.json"]
