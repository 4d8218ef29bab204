"""Study of `freqnet plan`: what it says of trainings by 1, 2 and 4 processes, next to these trainings.

    python -m benchmarks.studies.forecast

writes benchmarks/results/forecast.json and docs/speed/forecast.txt: milliseconds per step and peak memory of one
process, forecast and measured, for three networks on data of their size; and docs/speed/billion.txt, what the largest
of them would take for a billion images. Forecasts and trainings take turns, in several rounds, and the table has their
medians. It needs mpirun (the extra ``mpi``), and a machine that nothing else uses.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from statistics import mean, median
from typing import Any

import numpy as np

from freqnet.training.files import write_atomically, write_json

RESULTS = Path(__file__).parents[1] / "results" / "forecast.json"
TABLE = Path(__file__).parents[2] / "docs" / "speed" / "forecast.txt"
BILLION = TABLE.with_name("billion.txt")
PROCESSES = (1, 2, 4)
# Epochs of a training: with few steps in all, most of them are among the first, which are slower.
EPOCHS = {"digits": 30, "mnist-5k": 6, "colour": 4}
# A training that prints its peak memory at its end.
_TRAIN = """
import sys
from freqnet.cli import main
from freqnet.experiments.work import peak_bytes
try:
    main(sys.argv[1:])
finally:
    print("peak", peak_bytes(), flush=True)
"""


def data_of(name: str, folder: Path) -> tuple[str, list[str]]:
    """Return the data of a size, and the choices of the training."""
    choices = ["--batch", "128", "--epochs", str(EPOCHS[name])]
    if name != "colour":
        return name, choices
    rng = np.random.default_rng(0)
    path = folder / "colour"
    path.mkdir(exist_ok=True)
    np.save(path / "x.npy", rng.integers(0, 256, (6400, 32, 32, 3), np.uint8))
    np.save(path / "y.npy", np.arange(6400) % 10)
    return str(path), [*choices, "--size", "huge", "--optimizer", "muon"]


def forecasts(data: str, words: list[str], folder: Path) -> list[dict[str, Any]]:
    """Return what `freqnet plan` says, one row per number of processes."""
    out = folder / "plan.json"
    _plan(data, *words, "--processes", ",".join(map(str, PROCESSES)), "--machines", "1", "--json", str(out))
    return json.loads(out.read_text(encoding="utf-8"))["forecasts"]  # type: ignore[no-any-return]


def _plan(*words: str) -> str:
    command = [sys.executable, "-c", "from freqnet.cli import main; main()", "plan", *words]
    # Wide enough for the table.
    env = {**os.environ, "COLUMNS": "120"}
    return subprocess.run(command, check=True, capture_output=True, text=True, env=env).stdout


def billion(folder: Path) -> str:
    """Return what `freqnet plan` says of the largest network, of a billion images, on machines like this one."""
    data, words = data_of("colour", folder)
    large = [*words, "--batch", "1024", "--epochs", "1", "--on-disk"]
    shown = _plan(data, *large, "--processes", "1,2,16,64,256", "--images", "1e9")
    return "\n".join(line.rstrip() for line in shown.splitlines() if "..." not in line and "nothing else" not in line)


def measured(data: str, words: list[str], processes: int, folder: Path) -> dict[str, float]:
    """Return the seconds of a step, and the bytes of the first process at its peak."""
    out = folder / f"run-{processes}"
    command = [sys.executable, "-c", _TRAIN, "train", data, *words, "--out", str(out)]
    command.append("--overwrite")
    if processes > 1:
        mpirun = shutil.which(str(Path(sys.executable).with_name("mpirun"))) or shutil.which("mpirun")
        command = [str(mpirun), "--oversubscribe", "-n", str(processes), *command]
    done = subprocess.run(command, check=True, capture_output=True, text=True, env={**os.environ, **_ROOT})
    rows = [json.loads(line) for line in (out / "history.jsonl").read_text(encoding="utf-8").splitlines()]
    metrics = json.loads((out / "metrics.json").read_text(encoding="utf-8"))
    steps = -(-metrics["train_samples"] // metrics["settings"]["batch"])
    peaks = [int(line.split()[1]) for line in done.stdout.splitlines() if line.startswith("peak ")]
    # The mean, because what the user waits for is the sum. The first epoch makes plans.
    return {"step": mean(row["seconds"] for row in rows[1:]) / steps, "memory": float(max(peaks))}


# Open MPI asks whether the user means it; processes that wait leave the core to others.
_ROOT = {
    "OMPI_ALLOW_RUN_AS_ROOT": "1",
    "OMPI_ALLOW_RUN_AS_ROOT_CONFIRM": "1",
    "OMPI_MCA_mpi_yield_when_idle": "1",
}


def typical(rounds: list[dict[str, Any]]) -> dict[str, float]:
    """Return the median time of a step and the median memory over rounds."""
    return {name: median(one[name] for one in rounds) for name in ("step", "memory")}


def table(rows: list[dict[str, Any]]) -> str:
    """Return the table of the page."""
    lines = [
        f"{'data':10} {'processes':>9}  {'step, ms: forecast':>18} {'measured':>8} {'ratio':>5}  "
        f"{'memory, MB: forecast':>20} {'measured':>8} {'ratio':>5}"
    ]
    for row in rows:
        said, found = row["forecast"], row["measured"]
        lines.append(
            f"{row['data']:10} {row['processes']:9}  {1e3 * said['step']:18.2f} {1e3 * found['step']:8.2f} "
            f"{said['step'] / found['step']:5.2f}  {said['memory'] / 1e6:20.0f} {found['memory'] / 1e6:8.0f} "
            f"{said['memory'] / found['memory']:5.2f}"
        )
    return "\n".join(lines) + "\n"


def main() -> None:
    """Run the study."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        "--data", nargs="+", default=list(EPOCHS), choices=list(EPOCHS), help="sizes to measure; rows of others stay"
    )
    parser.add_argument("--rounds", type=int, default=3, help="forecasts and trainings of each size")
    chosen = parser.parse_args()
    stored = json.loads(RESULTS.read_text(encoding="utf-8")) if RESULTS.is_file() else []
    rows = [row for row in stored if row["data"] not in chosen.data]
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for size in chosen.data:
            data, words = data_of(size, folder)
            said: dict[int, list[dict[str, Any]]] = {count: [] for count in PROCESSES}
            found: dict[int, list[dict[str, float]]] = {count: [] for count in PROCESSES}
            for _ in range(chosen.rounds):
                for one in forecasts(data, words, folder):
                    said[one["processes"]].append(one)
                    found[one["processes"]].append(measured(data, words, one["processes"], folder))
            for count in PROCESSES:
                own = {"forecast": typical(said[count]), "measured": typical(found[count])}
                rows.append({"data": size, "processes": count, **own, "rounds": chosen.rounds})
                print(table(rows[-1:]), end="", flush=True)
        if "colour" in chosen.data:
            write_atomically(BILLION, (billion(folder) + "\n").encode())
    rows.sort(key=lambda row: list(EPOCHS).index(row["data"]))
    write_json(RESULTS, rows)
    write_atomically(TABLE, table(rows).encode())


if __name__ == "__main__":
    main()
