"""Study of `freqnet.torch.as_module`: networks trained by PyTorch, and the time of a step, next to freqnet's `fit`.

    python -m benchmarks.studies.pytorch

writes benchmarks/results/pytorch.json: the accuracy of the default network on held-out digits, trained by `fit` and
inside PyTorch with the same settings, from the same first weights; and milliseconds per step. With other programs on
the machine, set OMP_NUM_THREADS=1. ``--data digits`` takes one set of data.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from copy import deepcopy
from pathlib import Path
from typing import Any

import numpy as np
import torch

from freqnet.data import load, split
from freqnet.torch import as_module
from freqnet.training import Model, Settings, analyse, evaluate, fit
from freqnet.training.files import write_json
from freqnet.training.fit import Run

from .. import peers, spatial
from ..peers import adamw, step

RESULTS = Path(__file__).parents[1] / "results" / "pytorch.json"
DATA = ("digits", "mnist-5k")
SEEDS = (0, 1, 2)
BACKENDS = ("freqnet", "torch")
BATCH = 128
# Steps of each way that are timed.
TURNS = 40


def settings_of(seed: int) -> Settings:
    """Return settings that both ways of training understand."""
    return Settings(epochs=15, optimizer="adamw", batch=BATCH, seed=seed)


def images_of(images: np.ndarray) -> torch.Tensor:
    """Return images ``(images, channels, height, width)`` as they are: the door standardises them."""
    return peers.images_of(images, 0.0, 1.0).contiguous()


def accuracies(data: str, seed: int) -> dict[str, float]:
    """Return the accuracy on held-out images after training by `fit`, and by PyTorch on each backend."""
    parts, settings = split(load(data), seed=seed), settings_of(seed)
    test, images, labels = parts.test, images_of(parts.train.images), torch.from_numpy(parts.train.targets)
    network = Model().network(parts.train, seed)
    fit(network, analyse(network, parts.train), settings=settings)
    found = {"fit": evaluate(network, analyse(network, test)).accuracy}
    for backend in BACKENDS:
        network = Model().network(parts.train, seed)
        torch.manual_seed(seed)
        spatial.fit(as_module(network, backend=backend), images, labels, settings)
        # The weights are in the memory of freqnet's network.
        found[backend] = float((network.predict(test.images).argmax(axis=1) == test.targets).mean())
    return found


def steps(data: str) -> dict[str, dict[str, float]]:
    """Return seconds per training step of `fit`, and of PyTorch from spectra and from samples."""
    train = split(load(data), seed=0).train.take(np.arange(BATCH))
    network = Model().network(train)
    run = Run.begin(network, settings_of(0), analyse(network, train))
    # A rate of 0 costs as much as any other and leaves the weights unchanged.
    run.optimizer.learning_rate = 0.0
    batch = next(iter(run.batches(np.random.default_rng(0))))
    network.train()
    labels, found = torch.from_numpy(train.targets), {}
    for backend in BACKENDS:
        for part, layout in (("body", "freqnet"), ("network", "torch")):
            module = as_module(deepcopy(network), part=part, layout=layout, backend=backend)
            x = torch.from_numpy(batch.x.data) if part == "body" else images_of(train.images)
            theirs = _step(module, adamw(module.train(), 0.0), x, labels)
            own, other = fastest(lambda: run.step(batch), theirs)
            found[f"{backend}, {part}"] = {"fit": own, "as_module": other}
    return found


def fastest(ours: Callable[[], Any], theirs: Callable[[], Any]) -> tuple[float, float]:
    """Return the seconds of the fastest of several calls of two functions in turns; other programs only add to them."""
    found: tuple[list[float], list[float]] = ([], [])
    for _ in range(TURNS):
        for function, seconds in zip((ours, theirs), found, strict=True):
            start = time.perf_counter()
            function()
            seconds.append(time.perf_counter() - start)
    return min(found[0]), min(found[1])


def _step(module: Any, optimizer: Any, x: torch.Tensor, labels: torch.Tensor) -> Any:
    return lambda: step(module, optimizer, x, labels)


def main() -> None:
    """Measure, and write the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", choices=DATA)
    parser.add_argument("--seeds", type=int, default=len(SEEDS))
    given = parser.parse_args()
    rows: dict[str, Any] = {}
    for data in [given.data] if given.data else DATA:
        seconds = steps(data)
        for name, pair in seconds.items():
            print(data, name, {way: f"{1e3 * s:.2f} ms" for way, s in pair.items()}, flush=True)
        found = [accuracies(data, seed) for seed in SEEDS[: given.seeds]]
        print(data, found, flush=True)
        rows[data] = {"step_s": seconds, "accuracy": found}
        # After each set, so that an interrupted study leaves its figures.
        write_json(RESULTS, rows)


if __name__ == "__main__":
    main()
