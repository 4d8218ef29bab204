"""Accuracy and training time over seeds, beside PyTorch CNNs on the same split.

    python -m benchmarks.accuracy digits --seeds 5
    python -m benchmarks.accuracy mnist-5k --seeds 3 --peers
    python -m benchmarks.accuracy mnist-5k --seeds 3 --shift 1.5 --peers

Every seed draws its own split, weights, order and shifts. A peer's learning rate is the better of two on a
fold of the training part; freqnet's settings were chosen by cross-validation there too. The held-out part is
measured once a seed.
"""

from __future__ import annotations

import argparse
import json
import platform
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from freqnet.data import Dataset, Split, load, split, stratified_folds
from freqnet.training import Model, Settings, analyse, evaluate, fit, training_defaults

RATES = (3e-3, 1e-2)


def run_freqnet(parts: Split, settings: Settings, model: Model) -> dict[str, Any]:
    """Train freqnet's default network once."""
    network = model.network(parts.train, settings.seed)
    history = fit(network, analyse(network, parts.train), settings=settings)
    accuracy = evaluate(network, analyse(network, parts.test)).accuracy
    return {
        "accuracy": accuracy,
        "seconds": history.seconds,
        "parameters": network.parameter_count(),
        "transforms_inside_network": network.transforms_inside,
    }


def run_peer(name: str, parts: Split, settings: Settings) -> dict[str, Any]:
    """Train one PyTorch CNN once."""
    from benchmarks.peers import train_peer

    return dict(vars(train_peer(name, parts, settings)))


def tuned_rate(name: str, train: Dataset, settings: Settings, folds: int = 1) -> float:
    """The learning rate of the best mean accuracy over folds of the training part."""
    means = []
    for rate in RATES:
        scores = []
        for fold, (fit_on, held) in zip(range(folds), stratified_folds(train, 5, 0), strict=False):
            parts = Split(train.take(fit_on), None, train.take(held))
            scores.append(run_peer(name, parts, replace(settings, learning_rate=rate, seed=fold))["accuracy"])
        means.append(float(np.mean(scores)))
        print(f"  tuning {name}: rate {rate:g} -> {means[-1]:.4f}", flush=True)
    return RATES[int(np.argmax(means))]


def summarise(rows: list[dict[str, Any]]) -> None:
    """Print the mean and spread of each network."""
    for name in dict.fromkeys(row["name"] for row in rows):
        own = [row for row in rows if row["name"] == name]
        accuracy = np.array([row["accuracy"] for row in own])
        seconds = np.array([row["seconds"] for row in own])
        print(
            f"{name:24s} accuracy {accuracy.mean():.2%} +- {accuracy.std(ddof=1) if len(own) > 1 else 0:.2%} "
            f"(lowest {accuracy.min():.2%}, highest {accuracy.max():.2%}), "
            f"training {np.median(seconds):.1f} s, {own[0]['parameters']:,} parameters, {len(own)} seeds"
        )


def main() -> None:
    """Run the study the command line asks for."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("data", choices=["digits", "mnist-5k"])
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--shift", type=float, default=None, help="pixels of shift augmentation")
    parser.add_argument("--modes", type=int, default=None)
    parser.add_argument("--peers", nargs="*", help="also train these PyTorch CNNs, or all of them (28x28 only)")
    parser.add_argument("--json", type=Path, default=None, help="where raw rows go")
    options = parser.parse_args()
    dataset = load(options.data)
    base = training_defaults(options.data) | ({} if options.shift is None else {"shift": options.shift})
    runs: dict[str, Any] = {"freqnet": lambda parts, settings: run_freqnet(parts, settings, Model(modes=options.modes))}
    rates: dict[str, float] = {}
    if options.peers is not None:
        from benchmarks.peers import PEERS

        train = split(dataset, validation=0, seed=0).train
        for name in options.peers or PEERS:
            rates[name] = tuned_rate(name, train, Settings(**base))
            runs[name] = lambda parts, settings, name=name: run_peer(name, parts, settings)
    rows = []
    # Networks take turns within each seed, so that a slow spell of the machine meets them all.
    for seed in range(options.seeds):
        parts = split(dataset, validation=0, seed=seed)
        for name, run in runs.items():
            settings = Settings(**{**base, "seed": seed, "learning_rate": rates.get(name, base["learning_rate"])})
            rows.append({"name": name, "seed": seed, "shift": settings.shift, **run(parts, settings)})
            print(f"seed {seed}  {name:24s} {rows[-1]['accuracy']:.2%}  {rows[-1]['seconds']:.1f} s", flush=True)
    summarise(rows)
    if options.json is not None:
        record = {"data": options.data, "machine": platform.processor() or platform.machine(), "rates": rates}
        options.json.write_text(json.dumps({**record, "rows": rows}, indent=2) + "\n")


if __name__ == "__main__":
    main()
