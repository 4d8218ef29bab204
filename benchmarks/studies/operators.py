"""Solution operators beside the Fourier neural operator of the package neuraloperator, on the same data.

``python -m freqnet.benchmarks.studies.operators`` measures what is missing, one row per problem, network and seed, and
keeps each row in ``benchmarks/results/operators.json``; it takes hours, most of them for the peer. Names of problems,
seeds and networks choose a part. The peer needs ``pip install --no-deps neuraloperator tensorly tensorly-torch
opt-einsum`` beside PyTorch.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from freqnet.benchmarks.studies.store import Row, Store
from freqnet.benchmarks.timing import steps_and_inference, threads

from freqnet import Fourier, nn, ops
from freqnet.data import Dataset, Split, burgers, darcy, flow, navier_stokes, split
from freqnet.training import Model, Settings, analyse, fit

RESULTS = Path(__file__).parents[1] / "results" / "operators.json"
NETWORKS = ("freqnet", "FNO")
# Sampling rates, relative to that of the training.
RATES = (0.5, 2, 4)
STEPS = 100
# Time step from which on the flow no longer looks like the random field that it began with.
DEVELOPED = 20


@dataclass(frozen=True)
class Problem:
    """A map between fields, and the sizes that both networks have.

    Attributes
    ----------
    name : str
    make : callable
        ``make(count)`` returns pairs, the last sixth of which is the test set.
    modes : int
        Modes along each axis in the layers of both networks, odd for freqnet; FNO takes one less or as many.
    width : int
        Channels of both.
    blocks, fno_blocks : int
        Blocks of each: a product of freqnet's blocks is a polynomial of degree 2, so that it may take more of them.
    epochs : int
        Passes over the training set of both.
    batch : int
        Examples per step of both.
    learning_rate : float
        Peak of the learning rate of freqnet; that of FNO is `fno_rate`.
    fno_rate : float
    rollout : bool
        Whether the map is a time step of Navier-Stokes, whose errors over many steps are measured too.
    """

    name: str
    make: Callable[[int], Dataset]
    modes: int
    width: int
    blocks: int
    epochs: int
    fno_blocks: int = 4
    batch: int = 20
    learning_rate: float = 4e-3
    fno_rate: float = 1e-3
    rollout: bool = False

    def model(self) -> Model:
        """Return the choices of freqnet's network."""
        return Model(form="operator", modes=self.modes, widths=(self.width,) * self.blocks)

    def settings(self, seed: int) -> Settings:
        """Return the choices of its training."""
        return Settings(
            epochs=self.epochs, batch=self.batch, learning_rate=self.learning_rate, optimizer="muon",
            loss="relative", weight_decay=1e-4, seed=seed,
        )  # fmt: skip


_FLOW = Problem(
    "navier-stokes", lambda count: navier_stokes(count), modes=25, width=32, blocks=3, epochs=20, rollout=True
)
# As many pairs, 20 of each solution as well, from the whole course over which the rollouts go.
_COURSE = replace(
    _FLOW, name="navier-stokes-course", make=lambda count: navier_stokes(count, steps=STEPS, every=STEPS // 20)
)
PROBLEMS = {
    "burgers": Problem("burgers", lambda count: burgers(count), modes=65, width=32, blocks=6, epochs=60),
    # On a part of the training pairs, a fourth block lowered the error of Darcy from 1.73 to 1.66 %, and left that of
    # Navier-Stokes at 0.21 %.
    "darcy": Problem("darcy", lambda count: darcy(count), modes=25, width=32, blocks=3, epochs=30),
    _FLOW.name: _FLOW,
    _COURSE.name: _COURSE,
}


class Peer:
    """The FNO of neuraloperator, with samples standardised as freqnet's door and last layer do.

    Parameters
    ----------
    problem : Problem
    train : Dataset
    seed : int
    """

    def __init__(self, problem: Problem, train: Dataset, seed: int) -> None:
        import torch
        from neuralop.models import FNO

        self.problem, self.torch = problem, torch
        torch.manual_seed(seed)
        axes = len(train.grid)
        self.module = FNO(
            n_modes=(problem.modes,) * axes, hidden_channels=problem.width, n_layers=problem.fno_blocks,
            in_channels=train.channels, out_channels=len(train.classes),
        )  # fmt: skip
        over = tuple(range(axes + 1))
        self.units = [(v.mean(over), v.std(over)) for v in (train.images, train.targets)]

    def tensor(self, samples: np.ndarray) -> Any:
        """Return samples ``(batch, *grid, channels)`` as a tensor with the channels second."""
        return self.torch.tensor(np.moveaxis(samples, -1, 1).astype(np.float32))

    def standardised(self, samples: np.ndarray) -> Any:
        """Return inputs with mean 0 and deviation 1."""
        mean, deviation = self.units[0]
        return self.tensor((samples - mean) / deviation)

    def outputs(self, inputs: Any) -> Any:
        """Return outputs in their units, as a tensor."""
        mean, deviation = (self.tensor(v.reshape((1,) * (inputs.ndim - 1) + (-1,))) for v in self.units[1])
        return self.module(inputs) * deviation + mean

    def loss(self, inputs: Any, targets: Any) -> Any:
        """Return the mean relative error of a batch."""
        size = lambda v: v.flatten(1).norm(dim=1)
        return (size(self.outputs(inputs) - targets) / size(targets)).mean()

    def fit(self, train: Dataset, epochs: int | None = None) -> None:
        """Train with AdamW, whose learning rate falls like a cosine."""
        epochs = self.problem.epochs if epochs is None else epochs
        inputs, targets = self.standardised(train.images), self.tensor(train.targets)
        optimizer = self.torch.optim.AdamW(self.module.parameters(), lr=self.problem.fno_rate, weight_decay=1e-4)
        steps = epochs * -(-len(train) // self.problem.batch)
        schedule = self.torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, steps)
        for _ in range(epochs):
            for rows in self.torch.randperm(len(train)).split(self.problem.batch):
                self.step(optimizer, inputs[rows], targets[rows])
                schedule.step()

    def step(self, optimizer: Any, inputs: Any, targets: Any) -> None:
        """Take one training step."""
        optimizer.zero_grad()
        self.loss(inputs, targets).backward()
        optimizer.step()

    def coefficients(self, samples: np.ndarray, band: tuple[int, ...]) -> np.ndarray:
        """Return the spectra of the outputs, within a band."""
        outputs = self.predict(samples).astype(float)
        return ops.analysis(outputs, Fourier.on(outputs.shape[1:-1], band)).data

    def predict(self, samples: np.ndarray, batch: int = 50) -> np.ndarray:
        """Return outputs ``(batch, *grid, channels)`` on the grid of the samples."""
        with self.torch.no_grad():
            parts = [self.outputs(part) for part in self.standardised(samples).split(batch)]
            return np.moveaxis(self.torch.cat(parts).numpy(), 1, -1)


class Ours:
    """freqnet's default network for fields, with the same methods as `Peer`."""

    def __init__(self, problem: Problem, train: Dataset, seed: int) -> None:
        self.problem, self.seed = problem, seed
        self.network = problem.model().network(train, seed)

    def fit(self, train: Dataset) -> None:
        """Train with Muon, whose learning rate falls like a cosine."""
        fit(self.network, analyse(self.network, train), settings=self.problem.settings(self.seed))

    def coefficients(self, samples: np.ndarray, band: tuple[int, ...]) -> np.ndarray:
        """Return the spectra of the outputs, within a band."""
        assert self.network.output_space is not None
        return self.network.output_space.change_band(self.network.infer(self.network.analyse(samples)), band)

    def predict(self, samples: np.ndarray) -> np.ndarray:
        """Return outputs ``(batch, *grid, channels)`` on the grid of the samples."""
        return self.network.predict(samples, grid=samples.shape[1:-1])


def relative_error(found: np.ndarray, wanted: np.ndarray) -> float:
    """Return the mean over examples of the size of the error, relative to that of the target."""
    size = lambda values: np.linalg.norm(values.reshape(len(values), -1), axis=1)
    return float(np.mean(size(found - wanted) / size(wanted)))


def at_rate(samples: np.ndarray, rate: float, band: tuple[int, ...]) -> np.ndarray:
    """Return the part of samples within a band, on a grid with `rate` times as many points along each axis."""
    grid = samples.shape[1:-1]
    spectrum = ops.analysis(samples.astype(float), Fourier.on(grid, band))
    return ops.synthesis(spectrum, tuple(int(n * rate) for n in grid)).data


def resolution_changes(network: Ours | Peer, samples: np.ndarray) -> dict[str, float]:
    """Return how much the answer changes with the resolution of the same band-limited inputs.

    The inputs have no mode beyond a quarter of the grid, so that all rates hold them. Answers are compared in the modes
    that the coarsest grid holds; the change is relative to the answer at the rate of training.

    Parameters
    ----------
    network : Ours or Peer
    samples : ndarray
        Inputs ``(batch, *grid, channels)``.
    """
    band = tuple(n // 4 - 1 for n in samples.shape[1:-1])
    usual = network.coefficients(at_rate(samples, 1, band), band)
    change = lambda rate: network.coefficients(at_rate(samples, rate, band), band) - usual
    return {f"change_{rate:g}x": float(np.linalg.norm(change(rate)) / np.linalg.norm(usual)) for rate in RATES}


@lru_cache(1)
def _solutions(count: int, steps: int) -> np.ndarray:
    """Return solutions that no training saw, ``(count, steps + 1, *grid, 1)``, which all rollouts share."""
    return flow(count, seed=1, steps=steps)[..., None]


def rollout_errors(network: Ours | Peer, steps: int = STEPS, count: int = 5, first: int = 0) -> dict[str, Any]:
    """Return the errors of a network for Navier-Stokes over many steps, from fields that no training saw.

    Parameters
    ----------
    network : Ours or Peer
    steps, count : int
        Time steps and number of the solutions.
    first : int
        Time step at which the network begins: at 0 fields are random and small, later they are those of the flow.

    Returns
    -------
    dict
        The relative error after 1, 2, 5, 10, ... steps, and the steps.
    """
    truth, steps = _solutions(count, steps)[:, first:], steps - first
    if isinstance(network, Ours):
        found = nn.rollout(network.network, network.network.analyse(truth[:, 0]), steps)
        fields = [network.network.sampled(step, truth.shape[2:-1]) for step in found]
    else:
        fields, state = [], truth[:, 0]
        for _ in range(steps):
            state = network.predict(state)
            fields.append(state)
    told = sorted({n for n in (1, 2, 5, 10, 20, 50, steps) if n <= steps})
    return {"rollout_steps": told, "rollout": [relative_error(fields[n - 1], truth[:, n]) for n in told]}


@lru_cache(1)
def _parts(problem: Problem, count: int) -> Split:
    """Return the pairs of a problem, which all its rows share."""
    return split(problem.make(count), validation=0)


def measure(problem: Problem, name: str, seed: int, count: int = 1200) -> Row:
    """Train a network on a problem, and return what it does on the test set.

    Parameters
    ----------
    problem : Problem
    name : {"freqnet", "FNO"}
    seed : int
        Seed of the weights and of the order of examples; the data are the same for all.
    count : int
        Number of pairs, a sixth of them for the test.
    """
    parts = _parts(problem, count)
    network: Ours | Peer = (Peer if name == "FNO" else Ours)(problem, parts.train, seed)
    with threads(1):
        start, processor = time.perf_counter(), time.process_time()
        network.fit(parts.train)
        seconds, used = time.perf_counter() - start, time.process_time() - processor
        outputs = network.predict(parts.test.images)
        row: Row = {"problem": problem.name, "network": name, "seed": seed, "pairs": len(parts.train)}
        row |= {"error": relative_error(outputs, parts.test.targets), "seconds": seconds, "processor_seconds": used}
        row |= resolution_changes(network, parts.test.images[:20])
        if problem.rollout:
            later = rollout_errors(network, first=DEVELOPED)
            row |= rollout_errors(network) | {f"{name}_later": values for name, values in later.items()}
    blocks = problem.fno_blocks if name == "FNO" else problem.blocks
    return row | {"epochs": problem.epochs, "width": problem.width, "modes": problem.modes, "blocks": blocks}


def speed(problem: Problem, count: int = 120, seconds: float = 1.0) -> Row:
    """Return seconds of a training step and of the inference of one batch, of both networks in turns on one core."""
    from freqnet.training.fit import Run

    train = _parts(problem, count).train
    ours, peer = Ours(problem, train, 0), Peer(problem, train, 0)
    spectra = analyse(ours.network, train)
    ours.network.train()
    run = Run.begin(ours.network, problem.settings(0), spectra)
    batch = next(iter(run.batches(np.random.default_rng(0))))
    rows = slice(problem.batch)
    inputs, targets = peer.standardised(train.images[rows]), peer.tensor(train.targets[rows])
    optimizer = peer.torch.optim.AdamW(peer.module.parameters())
    samples = train.images[rows]
    steps = lambda: run.step(batch), lambda: peer.step(optimizer, inputs, targets)
    inference = lambda: ours.network.predict(samples), lambda: peer.predict(samples)
    return {"problem": problem.name, "batch": problem.batch, **steps_and_inference(steps, inference, seconds)}


def main() -> None:
    """Measure what is missing, and print each row."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--problems", default=",".join(PROBLEMS), help="names of problems, with commas")
    parser.add_argument("--networks", default=",".join(NETWORKS), help="freqnet, FNO or both")
    parser.add_argument("--seeds", default="0,1,2", help="seeds, with commas")
    parser.add_argument("--speed", action="store_true", help="only time both networks in turns")
    options = parser.parse_args()
    rows, ratios = Store(RESULTS), Store(RESULTS, "speed")
    for problem in options.problems.split(","):
        ratios.fill(speed, PROBLEMS[problem], problem=problem)
        for seed in [] if options.speed else map(int, options.seeds.split(",")):
            for name in options.networks.split(","):
                rows.fill(measure, PROBLEMS[problem], name, seed, problem=problem, network=name, seed=seed)


if __name__ == "__main__":
    main()
