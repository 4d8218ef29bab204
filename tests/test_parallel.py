"""Training by several processes: the same bits for any number of them, and one line for what fails."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import together
from test_accumulation import DIGITS, assert_same, plain
from test_cli_train import refused
from test_tasks import MAKERS

from freqnet import nn
from freqnet.cli import main
from freqnet.errors import ConfigurationError, TeamError
from freqnet.nn import Network
from freqnet.training import Callback, DaskTeam, Settings, StopTraining, Team, analyse, fit, load_checkpoint
from freqnet.training.fit import Run
from freqnet.training.parallel.gradients import Shards

# That of the package `openmpi`, if it is there: it belongs to the MPI that mpi4py finds.
MPIRUN = shutil.which(str(Path(sys.executable).with_name("mpirun"))) or shutil.which("mpirun")
needs_mpi = pytest.mark.skipif(MPIRUN is None, reason="needs mpirun")
PARTS = Settings(epochs=3, batch=45, shards=3, learning_rate=0.02)


def launch(count: int, *words: Any, **more: Any) -> subprocess.Popen[str]:
    """Start processes, more of them than cores if need be; they give way to each other while they wait."""
    pytest.importorskip("mpi4py")
    settings = {
        "OMPI_ALLOW_RUN_AS_ROOT": "1",
        "OMPI_ALLOW_RUN_AS_ROOT_CONFIRM": "1",
        "OMPI_MCA_mpi_yield_when_idle": "1",
        "OPENBLAS_NUM_THREADS": "1",
    }
    command = [str(MPIRUN), "--oversubscribe", "-n", str(count), sys.executable, *map(str, words)]
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    return subprocess.Popen(command, env={**os.environ, **settings}, **pipes, **more)


def output(process: subprocess.Popen[str]) -> str:
    """Wait for processes, and return what they have printed."""
    out, err = process.communicate(timeout=240)
    return out + err


# -- parts of batches in one process -------------------------------------------------------------------
@pytest.mark.parametrize(
    "change",
    [
        {},
        {"optimizer": "sgd", "class_weights": "balanced"},
        {"batch": 20, "accumulate": 2, "ema": 0.5},
        # The last batch has 10 examples, fewer than there are parts.
        {"batch": 45, "shards": 11},
    ],
)
def test_parts_train_like_a_whole_batch(change: dict[str, Any]) -> None:
    settings = replace(PARTS, **change)
    found = []
    for one in (settings, replace(settings, shards=1)):
        network = plain()
        fit(network, analyse(network, DIGITS), settings=one)
        found.append(network.arrays())
    assert_same(*found, 1e-9)


@pytest.mark.parametrize("task", MAKERS)
@pytest.mark.parametrize("weighted", [False, True])
def test_parts_in_every_task_and_with_weights_of_samples(task: str, weighted: bool) -> None:
    dataset = MAKERS[task]()
    sample_weights = np.random.default_rng(2).uniform(0, 3, len(dataset)) if weighted else None
    settings = Settings(epochs=2, batch=14, shards=4, optimizer="sgd", smoothing=0.1 * (task == "multi-label"))
    found = []
    for one in (settings, replace(settings, shards=1)):
        network = plain(dataset)
        fit(network, analyse(network, dataset, sample_weights), settings=one)
        found.append(network.arrays())
    assert_same(*found)


def test_frozen_layers_stay_and_the_others_train_in_parts() -> None:
    found = []
    for shards in (3, 1):
        network = plain(statistics="batch")
        before = {name: array.copy() for name, array in network.arrays().items()}
        fit(network, analyse(network, DIGITS), settings=replace(PARTS, shards=shards, freeze=("0", "1")))
        found.append(network.arrays())
        assert all(np.array_equal(found[-1][name], before[name]) for name in before if name[0] in "01")
    assert_same(*found, 1e-9)


def test_running_statistics_are_the_mean_over_the_parts() -> None:
    """Against the statistics of each part by itself; and they differ from those of the whole batch."""
    settings = replace(PARTS, smoothing=0.0)
    network = plain(statistics="batch")
    run = Run.begin(network, settings, analyse(network, DIGITS))
    run.team.begin(run)
    network.body.train()
    indices = np.arange(45)
    before = {name: array.copy() for name, array in network.body.named_state().items()}
    run.team.gradients(Shards(0, 0, indices))
    found = {name: array.copy() for name, array in network.body.named_state().items()}
    own = []
    for rows in (indices[:15], indices[15:30], indices[30:], indices):
        network.body.load_arrays(network.arrays() | before)
        run.gradients(run.train.take(rows))
        own.append({name: array.copy() for name, array in network.body.named_state().items()})
    for name, array in found.items():
        np.testing.assert_allclose(array, np.mean([part[name] for part in own[:3]], axis=0), rtol=1e-13)
    assert any(np.abs(array - own[3][name]).max() > 1e-6 for name, array in found.items())


def test_parts_have_draws_of_their_own() -> None:
    """With dropout, a part that all parts repeat would have the same gradient."""
    body = nn.Sequential(nn.Convolution(3), nn.ChannelDropout(0.5), nn.GlobalAverage(), nn.Dense(10))
    network = Network(nn.Door("fourier", (8, 8), (3, 3), 1), body, precision="float64")
    run = Run.begin(network, PARTS, analyse(network, DIGITS))
    run.team.begin(run)
    network.body.train()
    same = Shards(0, 0, np.tile(np.arange(15), 3))
    one, two, again = run.team.partial.compute(same, (0, 1, 0))
    assert np.abs(one.vector - two.vector).max() > 1e-3
    np.testing.assert_array_equal(one.vector, again.vector)


def test_a_callback_stops_a_training_in_parts() -> None:
    class Stop(Callback):
        def step(self, figures: dict[str, Any], run: Run) -> None:
            if figures["step"] == 2:
                raise StopTraining

    network = plain()
    history = fit(network, analyse(network, DIGITS), settings=PARTS, callbacks=[Stop()])
    assert len(history.rows) == 1


# -- MPI -----------------------------------------------------------------------------------------------
@pytest.fixture(scope="module")
def alone() -> dict[str, np.ndarray]:
    return together.trained(Team())


@needs_mpi
@pytest.mark.parametrize("count", [2, *(pytest.param(n, marks=pytest.mark.slow) for n in (3, 4))])
def test_any_number_of_processes_gives_the_same_bits(count: int, alone: dict[str, np.ndarray], tmp_path: Path) -> None:
    said = output(launch(count, Path(__file__).with_name("together.py"), tmp_path / "arrays.npz"))
    with np.load(tmp_path / "arrays.npz") as found:
        assert found.files == list(alone), said
        for name, array in alone.items():
            np.testing.assert_array_equal(found[name], array, name)


def test_the_number_of_parts_changes_the_bits(alone: dict[str, np.ndarray]) -> None:
    """The negative control."""
    _, network, settings = next(together.networks())
    train = analyse(network, together.DIGITS)
    fit(network, train, train, settings=replace(settings, shards=2))
    assert any(not np.array_equal(alone[f"fourier power: {name}"], array) for name, array in network.arrays().items())


COMMAND = ("-c", "from freqnet.cli import main; main()", "train")
WORDS = (*COMMAND, "digits", "--epochs", 3, "--widths", "6,6,6")


def weights(folder: Path) -> dict[str, np.ndarray]:
    return load_checkpoint(folder / "model.safetensors").arrays


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> dict[str, np.ndarray]:
    """The weights of a run that one process trains in four parts."""
    folder = tmp_path_factory.mktemp("whole") / "run"
    words = [sys.executable, *map(str, WORDS), "--shards", "4", "--quiet", "--out", str(folder)]
    subprocess.run(words, check=True, env={**os.environ, "OPENBLAS_NUM_THREADS": "1"})
    return weights(folder)


def kill_one(folder: Path, rank: int, delay: float) -> str:
    """Start four processes, kill one after its delay from the first checkpoint, and return what the launcher says."""
    process = launch(4, *WORDS, "--quiet", "--out", folder)
    while not (folder / "checkpoint.safetensors").is_file() and process.poll() is None:
        time.sleep(0.01)
    time.sleep(delay)
    for pid in Path("/proc").iterdir() if process.poll() is None else ():
        if pid.name.isdecimal():
            try:
                words = (pid / "environ").read_bytes().split(b"\0")
                is_ours = str(folder).encode() in (pid / "cmdline").read_bytes()
            except OSError:
                continue
            if is_ours and f"OMPI_COMM_WORLD_RANK={rank}".encode() in words:
                os.kill(int(pid.name), signal.SIGKILL)
    return output(process)


def resumes_to_the_same_bits(folder: Path, count: int, whole: dict[str, np.ndarray]) -> None:
    said = output(launch(count, *WORDS[:4], "--quiet", "--resume", "--out", folder))
    found = weights(folder)
    assert found.keys() == whole.keys(), said
    for name, array in whole.items():
        np.testing.assert_array_equal(found[name], array, name)


@needs_mpi
@pytest.mark.skipif(not Path("/proc").is_dir(), reason="looks for processes in /proc")
def test_a_killed_process_ends_the_run_and_another_number_of_them_resumes(
    whole: dict[str, np.ndarray], tmp_path: Path
) -> None:
    folder = tmp_path / "run"
    said = kill_one(folder, 1, 0.05)
    assert not (folder / "model.safetensors").is_file()
    assert "rank 1" in said
    resumes_to_the_same_bits(folder, 2, whole)


@needs_mpi
@pytest.mark.slow
def test_processes_killed_at_twenty_moments(whole: dict[str, np.ndarray], tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    for index in range(20):
        folder = tmp_path / f"run{index}"
        kill_one(folder, int(rng.integers(4)), float(rng.uniform(0, 1.5)))
        resumes_to_the_same_bits(folder, (1, 2, 4)[index % 3], whole)


@needs_mpi
@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("digits", "--shards", 1), "freqnet: training: got 2 processes, expected at most --shards 1; pass --shards 2"),
        pytest.param(("nowhere",), "freqnet: data:", marks=pytest.mark.slow),
    ],
)
def test_what_all_processes_refuse_is_said_once(words: tuple[Any, ...], message: str, tmp_path: Path) -> None:
    process = launch(2, *COMMAND, *words, "--out", tmp_path / "run")
    lines = [line for line in output(process).splitlines() if line.startswith("freqnet:")]
    assert len(lines) == 1
    assert lines[0].startswith(message)
    assert process.returncode == 2
    assert not (tmp_path / "run").exists()


@needs_mpi
def test_a_process_that_fails_alone_ends_all_and_is_named(tmp_path: Path) -> None:
    script = tmp_path / "fails.py"
    script.write_text(
        "import sys\n"
        "from freqnet.cli import main\n"
        "from freqnet.training.parallel import gradients\n"
        "from freqnet.launcher import launched_rank\n"
        "compute = gradients.PartialGradients.compute\n"
        "def fail(self, batch, parts):\n"
        "    if launched_rank() == 1 and batch.epoch == 1:\n"
        "        raise MemoryError('no memory left')\n"
        "    return compute(self, batch, parts)\n"
        "gradients.PartialGradients.compute = fail\n"
        "main()\n"
    )
    folder = tmp_path / "run"
    process = launch(2, script, *WORDS[2:], "--quiet", "--out", folder)
    said = output(process)
    assert [line for line in said.splitlines() if line.startswith("freqnet:")] == ["freqnet: process 1: no memory left"]
    assert "Traceback" not in said
    assert process.returncode == 2
    assert load_checkpoint(folder / "checkpoint.safetensors").info["progress"]["epoch"] == 1


def test_seeds_are_not_shared(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("OMPI_COMM_WORLD_SIZE", "2")
    said = refused("train", "digits", "--seeds", 2, "--out", tmp_path / "run")
    assert said.startswith("freqnet: --seeds: got several processes for each run, expected one process")


def test_other_processes_leave_errors_to_the_first(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("OMPI_COMM_WORLD_RANK", "1")
    with pytest.raises(SystemExit) as ended:
        main(["train", "digits", "--batch", "0"])
    assert ended.value.code == 2
    assert capsys.readouterr() == ("", "")


def test_without_mpi4py_one_line_says_how_to_install_it(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("OMPI_COMM_WORLD_SIZE", "2")
    monkeypatch.setitem(sys.modules, "mpi4py", None)
    said = refused("train", "digits", "--out", tmp_path / "run")
    assert "no package mpi4py" in said
    assert 'pip install -e ".[mpi]"' in said


# -- Dask ----------------------------------------------------------------------------------------------
@pytest.fixture
def client() -> Iterator[Any]:
    distributed = pytest.importorskip("distributed")
    options = {"n_workers": 2, "threads_per_worker": 1, "dashboard_address": ":0"}
    with distributed.LocalCluster(**options) as cluster, distributed.Client(cluster) as client:
        yield client


def test_workers_of_dask_give_the_same_bits(alone: dict[str, np.ndarray], client: Any) -> None:
    found = together.trained(DaskTeam(client))
    for name, array in alone.items():
        np.testing.assert_array_equal(found[name], array, name)


def test_one_worker_in_this_process_gives_the_same_bits(alone: dict[str, np.ndarray]) -> None:
    distributed = pytest.importorskip("distributed")
    options = {"n_workers": 1, "threads_per_worker": 1, "dashboard_address": ":0", "processes": False}
    with distributed.LocalCluster(**options) as cluster, distributed.Client(cluster) as client:
        found = together.trained(DaskTeam(client))
    for name, array in alone.items():
        np.testing.assert_array_equal(found[name], array, name)


def test_a_lost_worker_ends_the_run_with_its_last_checkpoint(client: Any, tmp_path: Path) -> None:
    network = plain()
    train = analyse(network, DIGITS)

    class Kill(Callback):
        def epoch(self, row: dict[str, Any], run: Run) -> None:
            if row["epoch"] == 2:
                pids = client.run(os.getpid, workers=[team.workers[1]])
                os.kill(pids[team.workers[1]], signal.SIGKILL)

    team = DaskTeam(client)
    file = tmp_path / "checkpoint.safetensors"
    with pytest.raises(TeamError, match=r"no result of worker tcp://.*resume from the checkpoint"):
        fit(network, train, settings=replace(PARTS, epochs=30), checkpoint=file, callbacks=[Kill()], team=team)
    assert load_checkpoint(file).info["progress"]["epoch"] >= 2
    other = plain()
    fit(other, train, settings=replace(PARTS, epochs=30), checkpoint=file, resume=True)
    whole = plain()
    fit(whole, train, settings=replace(PARTS, epochs=30))
    assert_same(other.arrays(), whole.arrays(), 0)


def test_bad_clusters_are_one_line(tmp_path: Path) -> None:
    pytest.importorskip("distributed")
    for address in ("tcp://127.0.0.1:9", "nowhere"):
        said = refused("train", "digits", "--scheduler", address, "--out", tmp_path / "run")
        assert "scheduler: got no scheduler at" in said
        assert "as with dask scheduler" in said


def test_more_processes_than_parts() -> None:
    network = plain()

    class Three(Team):
        size = 3

    with pytest.raises(ConfigurationError, match=r"got 3 processes, expected at most shards=2; pass shards=3"):
        fit(network, analyse(network, DIGITS), settings=replace(PARTS, shards=2), team=Three())


@pytest.mark.parametrize("value", [0, 1.5, 65])
def test_the_number_of_parts_is_a_whole_number_up_to_the_batch(value: Any) -> None:
    with pytest.raises(ConfigurationError, match=r"shards: got .*pass shards="):
        Settings(shards=value)
