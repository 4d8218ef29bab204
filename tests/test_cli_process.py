"""The command line as a process: interrupts and kills at any moment, closed pipes, terminals."""

from __future__ import annotations

import os
import random
import re
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from processes import ENTRY, ENTRY_WITHOUT_REPORT, LIMIT, read, start, wait_for
from test_cli_train import SMALL, command, same_weights, some_digits, succeed

from freqnet.cli import interrupt
from freqnet.training import files, load_checkpoint
from freqnet.training.files import CHECKPOINT, HISTORY, MODEL, RUN_FILES

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="signals of POSIX")

# Interrupts the process when it imports a module.
AT_IMPORT = """
import os, signal, sys
class Finder:
    def find_spec(self, name, path=None, target=None):
        if name == {module!r}:
            os.kill(os.getpid(), {number})
sys.meta_path.insert(0, Finder())
"""
LONG = ("--widths", "4,4,4", "--epochs", "30", "--batch", "30")
# More epochs than any machine trains before a test interrupts it.
ENDLESS = (*LONG, "--epochs", "100000")


def whole(folder: Path) -> None:
    """Check that all files in a run's folder are complete."""
    assert {path.name for path in folder.iterdir()} <= set(RUN_FILES)
    for name in (CHECKPOINT, MODEL):
        if (folder / name).is_file():
            load_checkpoint(folder / name).restore()


# --- Interrupts -----------------------------------------------------------------------------------


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, pytest.param(signal.SIGHUP, marks=pytest.mark.slow)])
def test_interrupts_while_training(tmp_path: Path, number: int) -> None:
    data, out = some_digits(tmp_path / "a few.npz"), tmp_path / "run"
    process = start("train", data, *ENDLESS, "--out", out)
    chance = random.Random(number)
    wait_for(out / HISTORY, process, chance.randint(1, 4))
    time.sleep(chance.uniform(0, 0.1))
    process.send_signal(number)
    process.send_signal(number)  # a second interrupt changes nothing
    _, err = process.communicate(timeout=LIMIT)
    assert process.returncode == 2, err
    expected = f"freqnet: interrupted; the last complete epoch is safe: freqnet train '{data}' --out {out} --resume\n"
    assert err == expected
    whole(out)
    epochs = load_checkpoint(out / CHECKPOINT).info["progress"]["epoch"]
    assert 0 <= epochs - (out / HISTORY).read_text().count("\n") <= 1


@pytest.mark.parametrize(
    ("module", "number"),
    [
        ("freqnet.cli.commands", signal.SIGINT),
        ("freqnet.data", signal.SIGTERM),
        ("sklearn", signal.SIGINT),
        ("sklearn.model_selection", signal.SIGTERM),
    ],
)
def test_interrupts_while_starting(tmp_path: Path, module: str, number: int) -> None:
    code = AT_IMPORT.format(module=module, number=int(number)) + ENTRY
    process = start("train", "digits", *ENDLESS, "--out", tmp_path / "run", code=code)
    _, err = process.communicate(timeout=LIMIT)
    assert (process.returncode, err) == (
        2,
        "freqnet: interrupted before anything was written; run the command again\n",
    )
    assert not (tmp_path / "run").exists()


def test_interrupts_at_random_times(tmp_path: Path) -> None:
    data, chance = some_digits(tmp_path / "few.npz"), random.Random(5)
    for attempt in range(3):
        out = tmp_path / str(attempt)
        # Python needs any time to start on a busy machine, and its own end by a signal says nothing of freqnet.
        ready = "from freqnet.cli import main; print('ready', flush=True); main()"
        process = start("train", data, *ENDLESS, "--out", out, code=ready)
        assert process.stdout
        process.stdout.readline()
        time.sleep(0.2 + chance.uniform(0, 2))
        process.send_signal(chance.choice([signal.SIGINT, signal.SIGTERM]))
        _, err = process.communicate(timeout=LIMIT)
        assert (process.returncode, err.count("\n")) == (2, 1), err
        if out.exists():
            whole(out)


def test_an_interrupt_at_any_write_leaves_whole_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    data = some_digits(tmp_path / "few.npz", 120)
    for name, call in [(name, call) for name in ("fsync", "replace") for call in (1, 2, 3, 5, 7)]:
        out, calls, original = tmp_path / f"{name}{call}", [0], getattr(os, name)

        def interrupted(*arguments: Any, original: Any = original, calls: Any = calls, call: int = call) -> None:
            calls[0] += 1
            if calls[0] == call:
                signal.raise_signal(signal.SIGTERM)
            original(*arguments)

        monkeypatch.setattr(files.os, name, interrupted)
        outcome = command("train", data, *SMALL, "--out", out)
        monkeypatch.undo()
        assert (outcome.status, outcome.err.count("\n")) == (2, 1)
        assert ("--resume" in outcome.err) == (out / CHECKPOINT).is_file()
        whole(out)


def test_an_interrupt_that_got_lost_stops_at_the_next_step(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class Swallows:
        def __del__(self) -> None:
            # Not SIGINT, which jobs in the background of a shell ignore.
            signal.raise_signal(signal.SIGTERM)

    def losing(path: Path, rows: Any) -> None:
        Swallows()

    monkeypatch.setattr("freqnet.training.trackers.write_lines", losing)
    outcome = command("train", some_digits(tmp_path / "few.npz", 120), *SMALL, "--out", tmp_path / "run")
    assert outcome.status == 2
    assert outcome.err.startswith("freqnet: interrupted; the last complete epoch is safe")
    assert outcome.err.count("\n") == 1


def test_handlers_are_given_back_and_ignored_signals_stay_ignored() -> None:
    numbers = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    before = [signal.getsignal(number) for number in numbers]
    succeed("info")
    assert [signal.getsignal(number) for number in numbers] == before
    old = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        with interrupt.interruptible(own_process=False):
            signal.raise_signal(signal.SIGHUP)
            assert signal.getsignal(signal.SIGTERM) is interrupt._stop
    finally:
        signal.signal(signal.SIGHUP, old)


# --- Killed and resumed ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("options", "kills"),
    [
        (("--shift", 0.7, "--optimizer", "momentum", "--schedule", "one-cycle", "--lr", 0.02), [(1, 4), (8, 14)]),
        pytest.param(
            ("--validation", 0.25, "--lr", 0.05, "--schedule", "constant", "--seed", 3),
            [(1, 4), (8, 14)],
            marks=pytest.mark.slow,
        ),
        pytest.param(
            ("--domain", "grid", "--shift", 0.5, "--validation", 0.25, "--patience", 50),
            [(1, 14)],
            marks=pytest.mark.slow,
        ),
    ],
)
def test_killed_runs_end_in_the_same_bits(
    tmp_path: Path, options: tuple[object, ...], kills: list[tuple[int, int]]
) -> None:
    data, out, straight = some_digits(tmp_path / "few.npz"), tmp_path / "killed", tmp_path / "straight"
    chance, resume = random.Random(str(options)), []
    for epochs in (chance.randint(*kill) for kill in kills):
        process = start("train", data, *LONG, *options, "--out", out, *resume)
        wait_for(out / HISTORY, process, epochs)
        time.sleep(chance.uniform(0, 0.05))
        process.kill()
        process.communicate()
        resume = ["--resume"]
    shown = succeed("train", data, "--out", out, "--resume")
    succeed("train", data, *LONG, *options, "--out", straight, "--quiet")
    assert same_weights(out, straight)
    assert "epoch 1/30" not in shown
    assert "epoch 30/30" in shown
    assert (out / HISTORY).read_text().count("\n") == 30
    whole(out)


# --- Pipes and terminals --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("shell", "status"),
    [
        ("$FREQNET info | head -1", 0),
        ("$FREQNET --help | head -1", 0),
        ("$FREQNET info >&-", 0),
        ("$FREQNET nonsense 2>&-", 2),
    ],
)
def test_closed_outputs(shell: str, status: int) -> None:
    words = shell.replace("$FREQNET", f"'{sys.executable}' -c '{ENTRY}'")
    done = subprocess.run(["bash", "-o", "pipefail", "-c", words], capture_output=True, text=True, timeout=LIMIT)
    assert (done.returncode, done.stderr) == (status, "")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no /dev/full")
@pytest.mark.parametrize("words", ["info", "--help"])
def test_a_full_standard_output_is_one_line(words: str) -> None:
    with open("/dev/full", "w") as full:
        process = start(words, stdout=full)
        _, err = process.communicate(timeout=LIMIT)
    assert process.returncode == 2
    assert err.count("\n") == 1
    assert "No space left on device" in err


def test_the_bar_on_a_terminal_of_80_columns(tmp_path: Path) -> None:
    data, (master, slave) = some_digits(tmp_path / "few.npz"), os.openpty()
    size = {"COLUMNS": "80", "LINES": "24", "TERM": "xterm"}
    options = ("--widths", "8,8,8", "--epochs", 8, "--batch", 10, "--validation", 0.2, "--out", tmp_path / "run")
    process = start("train", data, *options, code=ENTRY_WITHOUT_REPORT, stdout=slave, env={**os.environ, **size})
    os.close(slave)
    shown = b""
    while piece := read(master):
        shown += piece
    os.close(master)
    process.communicate(timeout=LIMIT)
    assert process.returncode == 0
    lines = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", shown.decode()).replace("\r", "\n").splitlines()
    bar = r"epoch \d/8 [━╸╺]+ loss \d\.\d{4}  accuracy \d+\.\d\d%  [\d,]+ images/s \d\d:\d\d"
    assert any(re.fullmatch(bar, line.strip()) for line in lines), lines[:20]
    assert sum("validation" in line and line.startswith("epoch") for line in lines) == 8
    assert any("test accuracy" in line for line in lines)
