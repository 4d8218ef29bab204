"""Study of accuracy and training time over seeds, beside PyTorch CNNs on the same splits.

    python -m benchmarks.studies.accuracy digits --seeds 5
    python -m benchmarks.studies.accuracy mnist-5k --seeds 3 --peers
    python -m benchmarks.studies.accuracy mnist-5k --seeds 3 --shift 1.5 --peers

Every seed draws its own split, weights, order and shifts. The learning rate of a peer is the better of two on a fold of
the training part; the settings of freqnet were chosen by cross-validation in the training part too. The held-out part
is measured after every epoch and takes no part in any choice.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np

from freqnet.data import load, split
from freqnet.training import training_defaults

from .. import Plan, machine
from ..race import contenders
from ..timing import threads


def summarise(rows: list[dict[str, Any]]) -> None:
    """Print the mean and spread of each network."""
    for name in dict.fromkeys(row["name"] for row in rows):
        own = [row for row in rows if row["name"] == name]
        accuracy = np.array([row["accuracy"] for row in own])
        print(
            f"{name:24s} accuracy {accuracy.mean():.2%} +- {accuracy.std(ddof=1) if len(own) > 1 else 0:.2%} "
            f"(lowest {accuracy.min():.2%}, highest {accuracy.max():.2%}), "
            f"training {median(row['seconds'] for row in own):.1f} s, {len(own)} seeds"
        )


def main() -> None:
    """Run the study with the options of the command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("data", choices=["digits", "mnist-5k"])
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--shift", type=float, default=0.0, help="pixels of shift augmentation")
    parser.add_argument("--peers", action="store_true", help="also train the PyTorch CNNs (mnist-5k only)")
    parser.add_argument("--json", type=Path, default=None, help="file for the raw rows")
    options = parser.parse_args()
    dataset, plan = load(options.data), Plan(seeds=options.seeds)
    base = training_defaults(options.data) | {"shift": options.shift}
    rows = []
    with threads(plan.threads):
        runs = contenders(base, split(dataset, validation=0, seed=0).train, options.peers)
        # Networks take turns within each seed, so that slow spells of the machine hit all of them.
        for seed in range(options.seeds):
            parts = split(dataset, validation=0, seed=seed)
            for name, run in runs.items():
                seconds, accuracy = run(parts, seed)[-1]
                rows.append({"name": name, "seed": seed, "shift": options.shift})
                rows[-1] |= {"accuracy": accuracy, "seconds": seconds}
                print(f"seed {seed}  {name:24s} {accuracy:.2%}  {seconds:.1f} s", flush=True)
    summarise(rows)
    if options.json is not None:
        record = {"data": options.data, "machine": machine(plan), "rows": rows}
        options.json.write_text(json.dumps(record, indent=2) + "\n")


if __name__ == "__main__":
    main()
