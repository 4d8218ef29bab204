"""Study of activations: accuracy, time of a training step, multiply-adds, and the verdict of the audit.

    python -m benchmarks.studies.activations --seeds 3 --json benchmarks/results/activations.json \\
        --table docs/activations

All activations are tried in the same network of three stages, with 13x13, 9x9 and 7x7 modes and 12, 24 and 32 channels.
It keeps more modes to the end than the default network, so that activations that do not mix modes can still use them.
Each activation trains with the learning rate that does best on a fold of the training part of seed 0. Every seed draws
its own split, weights and order, and the held-out part is measured once, at the end. Logistic regression on the pixels,
and on the 7x7 modes that reach the head, shows the accuracy of a linear classifier.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np

from freqnet import nn, ops
from freqnet.audit import audit, summarize
from freqnet.data import Dataset, Split, load, split
from freqnet.errors import DivergenceError
from freqnet.spaces import Fourier
from freqnet.training import ACTIVATIONS, Model, Settings, analyse, evaluate, fit, training_defaults
from freqnet.training.fit import Run

from .. import Plan, machine
from ..networks import BATCH
from ..race import tuned_rate
from ..timing import threads
from .store import list_table

LABELS = {
    "linear": "linear: tanh by its tangent",
    "linearized-sigmoid": "sigmoid by its tangent (Ko et al. 2017)",
    "second-harmonic": "second harmonic (Watanabe and Wolf 2020)",
    "real-imaginary": "tanh of real and imaginary parts",
    "phase-gate": "phase gate (zReLU)",
    "magnitude-gain": "magnitude gain",
    "gaussian-1": "Gaussian ReLU, degree 1 (Bussgang)",
    "gaussian": "Gaussian ReLU, degree 2",
    "gaussian-3": "Gaussian ReLU, degree 3",
    "fourier-series": "tanh by 3 sines",
}
MAKERS: dict[str, Callable[[], nn.Module]] = {label: ACTIVATIONS[name] for name, label in LABELS.items()}
MAKERS |= {f"polynomial, gate band {g}": partial(nn.Polynomial, gate_band=g) for g in (0, 1, 2, 3)}
MAKERS["polynomial, full"] = nn.Polynomial
STAGES = ((13, 12), (9, 24), (7, 32))


def network_with(
    make: Callable[[], nn.Module],
    dataset: Dataset,
    seed: int = 0,
    *,
    modes: int = STAGES[0][0],
    stages: tuple[tuple[int, int], ...] = STAGES,
    domain: str = "fourier",
) -> nn.Network:
    """Return the network of the study; its input stage standardises by the statistics of the dataset."""
    layers: list[nn.Module] = []
    for kept, width in stages:
        layers += [nn.TruncationPool(kept), nn.Convolution(width, bias=False), nn.PowerNorm(), make()]
    door = Model(domain, modes=modes).network(dataset).door
    return nn.Network(door, nn.Sequential((*layers, nn.PowerNorm(), nn.Dense(len(dataset.classes)))), seed)


def trained(
    make: Callable[[], nn.Module], parts: Split, rate: float, seed: int, *, data: str = "mnist-5k", **shape: Any
) -> tuple[nn.Network, float]:
    """Return a trained network and its accuracy on the held-out part, 0 where training diverged.

    Further arguments are those of `network_with`.
    """
    network = network_with(make, parts.train, seed, **shape)
    settings = Settings(**training_defaults(data) | {"learning_rate": rate, "seed": seed})
    try:
        fit(network, analyse(network, parts.train), settings=settings)
    except DivergenceError:
        return network, 0.0
    return network, evaluate(network, analyse(network, parts.test)).accuracy


def step_times(dataset: Dataset, rounds: int = 60) -> dict[str, float]:
    """Return the median seconds of a training step of each activation; they take turns."""
    steps = {}
    for name, make in MAKERS.items():
        network = network_with(make, dataset)
        settings = Settings(**training_defaults("mnist-5k"))
        spectra = analyse(network, dataset)
        run = Run.begin(network, settings, spectra)
        run.optimizer.learning_rate = 0.0
        network.train()
        steps[name] = (run, spectra.take(np.arange(BATCH)))
    seconds: dict[str, list[float]] = {name: [] for name in steps}
    for _ in range(rounds):
        for name, (run, batch) in steps.items():
            run.step(batch)
            start = time.perf_counter()
            run.step(batch)
            seconds[name].append(time.perf_counter() - start)
    return {name: median(values) for name, values in seconds.items()}


def linear_classifier(parts: Split, band: int | None = None) -> float:
    """Return the accuracy of logistic regression on pixels or on modes, regularised by cross-validation."""
    from sklearn.linear_model import LogisticRegressionCV
    from sklearn.preprocessing import StandardScaler

    def features(part: Dataset) -> np.ndarray:
        if band is None:
            return part.images.reshape(len(part), -1)
        return ops.coordinates(ops.analysis(part.images, Fourier.on(part.grid, band))).data

    scale = StandardScaler().fit(features(parts.train))
    train, test = (scale.transform(features(part)) for part in (parts.train, parts.test))
    model = LogisticRegressionCV(Cs=np.logspace(-4, 0, 5), cv=3, max_iter=300)
    return float(model.fit(train, parts.train.targets).score(test, parts.test.targets))


def table(rows: list[dict[str, Any]]) -> str:
    """Return the rows as a table of reStructuredText."""
    head = ("activation", "accuracy", "spread", "step, ms", "multiply-adds", "affine map explains", "audit")
    return list_table([head, *(_cells(row) for row in rows)])


def _cells(row: dict[str, Any]) -> tuple[str, ...]:
    accuracy = 100 * np.array(row["accuracy"])
    spread = f"{accuracy.min():.1f} to {accuracy.max():.1f}"
    if "step" not in row:
        return (row["name"], f"{accuracy.mean():.2f} %", spread, "", "", "", "")
    costs = (f"{1e3 * row['step']:.2f}", f"{row['multiply_adds']:,}")
    return (row["name"], f"{accuracy.mean():.2f} %", spread, *costs, f"{row['affine_share']:.0%}", row["verdict"])


def study(seeds: int) -> list[dict[str, Any]]:
    """Train every network on the split of every seed and return the rows."""
    dataset = load("mnist-5k")
    train = split(dataset, validation=0, seed=0).train
    times, rows = step_times(train), []
    for name, make in MAKERS.items():
        score = lambda parts, rate, make=make: trained(make, parts, rate, 0)[1]
        rate = tuned_rate(score, train)
        row: dict[str, Any] = {"name": name, "learning_rate": rate, "step": times[name], "accuracy": []}
        for seed in range(seeds):
            parts = split(dataset, validation=0, seed=seed)
            network, accuracy = trained(make, parts, rate, seed)
            row["accuracy"].append(accuracy)
            if seed == 0:
                found = audit(network, parts.test.images[:500])
                row |= {"verdict": found.verdict, "affine_share": found.affine_share}
                row["multiply_adds"] = summarize(network)[-1].multiply_adds
        rows.append(row)
        print(*_cells(row), f"rate {rate:g}", sep="   ", flush=True)
    for where, band in (("on the 7x7 modes", 3), ("on the pixels", None)):
        scores = [linear_classifier(split(dataset, validation=0, seed=seed), band) for seed in range(seeds)]
        rows.append({"name": f"logistic regression {where}", "accuracy": scores})
        print(*_cells(rows[-1]), sep="   ", flush=True)
    return rows


def main() -> None:
    """Run the study with the options of the command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--json", type=Path, default=None, help="file for the raw rows")
    parser.add_argument("--table", type=Path, default=None, help="folder for the table of the documentation")
    options = parser.parse_args()
    plan = Plan(seeds=options.seeds)
    with threads(plan.threads):
        rows = study(options.seeds)
    if options.json is not None:
        options.json.write_text(json.dumps({"machine": machine(plan), "rows": rows}, indent=2) + "\n")
    if options.table is not None:
        options.table.mkdir(exist_ok=True)
        (options.table / "study.txt").write_text(table(rows))


if __name__ == "__main__":
    main()
