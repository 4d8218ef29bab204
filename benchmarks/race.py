"""Accuracy over training time: every network trains on the same splits and is measured after each epoch."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from functools import partial
from statistics import median
from typing import Any

import numpy as np

from freqnet.data import Dataset, Split, load, split, stratified_folds
from freqnet.training import Model, Progress, Settings, analyse, evaluate, fit, training_defaults

from .networks import EQUALS, GREY_CNNS, Peer
from .rows import Row
from .timing import Plan, torch_or_none

TARGETS = (0.97, 0.98, 0.985)
# Candidate learning rates; the best on a fold of the training part is used.
RATES = (3e-3, 1e-2)
# Seconds of training and test accuracy after each epoch.
Curve = list[tuple[float, float]]


def our_curve(parts: Split, settings: Settings, model: Model) -> Curve:
    """Train a freqnet network once and return its curve; the time of evaluation does not count."""
    network = model.network(parts.train, settings.seed)
    spectra, held_out = analyse(network, parts.train), analyse(network, parts.test)
    curve: Curve = []
    pause = [0.0]

    def watch(figures: dict[str, Any]) -> None:
        if "step" not in figures:
            start = time.perf_counter()
            curve.append((start - begin - pause[0], evaluate(network, held_out).accuracy))
            network.train()
            pause[0] += time.perf_counter() - start

    begin = time.perf_counter()
    fit(network, spectra, settings=settings, callbacks=[Progress(watch)])
    return curve


def peer_curve(name: str, parts: Split, settings: Settings) -> Curve:
    """Train a PyTorch CNN once and return its curve.

    It uses AdamW and the schedule, label smoothing, batch size and shifts of freqnet. Shift augmentation moves each
    image by a random sub-pixel amount with bilinear interpolation, where freqnet uses a phase ramp.
    """
    import torch

    from .peers import cnn, images_of
    from .spatial import fit as fit_cnn
    from .spatial import shifted

    # Another network of the same kind finds the memory layout in which it trains faster.
    first = parts.train.take(np.arange(min(settings.batch, len(parts.train.targets))))
    trial = Peer(cnn(name, len(parts.train.classes)), images_of, first.images, np.asarray(first.targets))
    layout = trial.for_training().layout or torch.channels_last
    torch.manual_seed(settings.seed)
    model = cnn(name, len(parts.train.classes)).to(memory_format=layout)
    images = images_of(parts.train.images).clone(memory_format=layout)
    test, test_labels = images_of(parts.test.images), torch.from_numpy(parts.test.targets)
    curve: Curve = []

    def measure(seconds: float) -> None:
        with torch.inference_mode():
            curve.append((seconds, float((model(test).argmax(1) == test_labels).float().mean())))

    shift = (lambda x, generator: shifted(x, settings.shift, generator)) if settings.shift else None
    fit_cnn(model, images, torch.from_numpy(parts.train.targets), settings, shift, measure)
    return curve


def tuned_rate(score: Callable[[Split, float], float], train: Dataset) -> float:
    """Return the learning rate that scores best on a fold of the training part."""
    fit_on, held = next(iter(stratified_folds(train, 5, 0)))
    parts = Split(train.take(fit_on), None, train.take(held))
    return max(RATES, key=lambda rate: score(parts, rate))


Contender = Callable[[Split, int], Curve]


def contenders(base: dict[str, Any], train: Dataset, peers: bool = True) -> dict[str, Contender]:
    """Return the training of every network by name: the sizes of freqnet, then the CNNs, each with a tuned rate."""
    out: dict[str, Contender] = {
        f"freqnet {size}": partial(_ours, Model(size=size, activation="polynomial"), base) for size in EQUALS
    }
    if peers and torch_or_none():
        for name in GREY_CNNS:
            score = lambda parts, rate, name=name: _theirs(name, {**base, "learning_rate": rate}, parts, 0)[-1][1]
            rate = tuned_rate(score, train)
            out[name] = partial(_theirs, name, {**base, "learning_rate": rate})
    return out


def _ours(model: Model, choices: dict[str, Any], parts: Split, seed: int) -> Curve:
    return our_curve(parts, Settings(**{**choices, "seed": seed}), model)


def _theirs(name: str, choices: dict[str, Any], parts: Split, seed: int) -> Curve:
    return peer_curve(name, parts, Settings(**{**choices, "seed": seed}))


def race(plan: Plan, shift: float = 0.0) -> dict[str, list[Curve]]:
    """Train every network on the split of every seed, one after another within a seed."""
    dataset = load("mnist-5k")
    base = training_defaults("mnist-5k") | {"shift": shift}
    runners = contenders(base, split(dataset, validation=0, seed=0).train)
    curves: dict[str, list[Curve]] = {name: [] for name in runners}
    for seed in range(plan.seeds):
        parts = split(dataset, validation=0, seed=seed)
        for name, run in runners.items():
            curves[name].append(run(parts, seed))
    return curves


def time_to(curves: list[Curve], target: float) -> float:
    """Return the median seconds of training until the test accuracy first reaches a target.

    Parameters
    ----------
    curves : list of Curve
        One curve per seed.
    target : float
        Test accuracy, between 0 and 1.

    Returns
    -------
    float
        Median over seeds, where a seed that never reaches the target counts as infinite.

    Examples
    --------
    >>> time_to([[(1.0, 0.5), (2.0, 0.9)], [(1.0, 0.9)], [(1.0, 0.2), (2.0, 0.3), (3.0, 0.9)]], 0.9)
    2.0
    """
    return median(next((t for t, accuracy in curve if accuracy >= target), float("inf")) for curve in curves)


def race_rows(plan: Plan) -> Iterator[Row]:
    """Yield the time of all epochs, with the accuracies reached, and the time to each target accuracy."""
    curves = race(plan)
    accuracy = {name: [curve[-1][1] for curve in runs] for name, runs in curves.items()}
    ours, theirs = ([name for name in curves if name.startswith("freqnet") == own] for own in (True, False))
    for name in ours:
        for peer in theirs:
            ends = {"accuracy": accuracy[name], "peer_accuracy": accuracy[peer], "seeds": plan.seeds}
            seconds = [median(curve[-1][0] for curve in curves[n]) for n in (name, peer)]
            yield Row("accuracy", f"{name}, all epochs", seconds[0], peer, seconds[1], ends)
            for target in TARGETS:
                times = [time_to(curves[n], target) for n in (name, peer)]
                # There is no row where either side never reaches the target.
                if np.isfinite(times).all():
                    yield Row("accuracy", f"{name}, to {target:.1%}", times[0], peer, times[1], {"target": target})
