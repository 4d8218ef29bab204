"""Volumes of rotated digits, by freqnet's default network and by a CNN with three-dimensional kernels in PyTorch.

``python -m freqnet.benchmarks.studies.volumes`` trains both from three seeds, one process at a time, and times a
training step and a prediction in turns. It keeps each row in ``benchmarks/results/volumes.json``, goes on where it
stopped, and writes docs/speed/volumes.txt. The CNN takes most of the time, and needs PyTorch.
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path
from statistics import mean
from typing import Any

import numpy as np
from freqnet.benchmarks.studies.store import Row, Store
from freqnet.benchmarks.timing import steps_and_inference

from freqnet.data import Dataset, from_arrays, load
from freqnet.experiments.work import peak_bytes
from freqnet.processes import spawned
from freqnet.training import Model, Settings, analyse, evaluate, fit
from freqnet.training.files import write_atomically
from freqnet.training.fit import Run

RESULTS = Path(__file__).parents[1] / "results" / "volumes.json"
TABLE = Path(__file__).parents[2] / "docs" / "speed" / "volumes.txt"
# Points along each axis, samples for training and test, and examples per step.
SIDE, TRAIN, TEST, BATCH = 24, 1000, 500, 64
MODEL = Model(modes=11)
SETTINGS = {"epochs": 16, "learning_rate": 8e-3, "weight_decay": 0.1, "batch": BATCH, "augment": ("shift=2",)}
CNN_EPOCHS, CNN_RATE, CNN_DECAY = 10, 3e-3, 0.05
NETWORKS = ("freqnet", "CNN")


def digit_volumes(count: int, seed: int = 0, side: int = SIDE, noise: float = 0.3) -> Dataset:
    """Return volumes with a solid digit each, rotated and moved at random, in noise.

    Digits of MNIST are extruded to slabs of 4 to 8 layers. They turn about random axes by angles of a few dozen
    degrees, and move by up to two points along each axis.

    Parameters
    ----------
    count : int
        Number of volumes, at most 5,000.
    seed : int
        Seed of the choice of digits, and of turns, moves and noise.
    side : int
        Points along each axis, 20 or more.
    noise : float
        Deviation of the noise; digits have values from 0 to 1.

    Returns
    -------
    Dataset
        Volumes ``(count, side, side, side, 1)`` of ten classes.

    Examples
    --------
    >>> digit_volumes(2)
    Dataset('digit-volumes', samples=2, grid=(24, 24, 24), channels=1, classes=10)
    """
    from scipy.ndimage import affine_transform
    from scipy.spatial.transform import Rotation

    digits = load("mnist-5k")
    generator = np.random.default_rng(seed)
    order = generator.permutation(len(digits))[:count]
    volumes = np.empty((count, side, side, side), np.float32)
    centre, start = np.full(3, (side - 1) / 2), (side - 20) // 2
    for volume, index in zip(volumes, order, strict=True):
        # Without the border of four pixels.
        image = digits.images[index, 4:-4, 4:-4, 0]
        depth = generator.integers(2, 5)
        solid = np.zeros((side,) * 3, np.float32)
        solid[side // 2 - depth : side // 2 + depth, start : start + 20, start : start + 20] = image
        turn = Rotation.from_rotvec(generator.normal(0, 0.35, 3)).as_matrix()
        move = centre - turn @ centre + generator.uniform(-2, 2, 3)
        volume[...] = affine_transform(solid, turn, move, order=1)
        volume += generator.normal(0, noise, volume.shape)
    return from_arrays(
        volumes[..., None], digits.targets[order], layout="nzyxc", classes=digits.classes, name="digit-volumes"
    )


def parts_of(seed: int, train: int = TRAIN, test: int = TEST) -> tuple[Dataset, Dataset]:
    """Return volumes for training and test."""
    dataset = digit_volumes(train + test, seed)
    return dataset.take(np.arange(train)), dataset.take(np.arange(train, train + test))


class Ours:
    """freqnet's default network for volumes."""

    def __init__(self, train: Dataset, seed: int, settings: dict[str, Any] | None = None) -> None:
        self.network = MODEL.network(train, seed)
        self.settings = Settings(**{**SETTINGS, **(settings or {})}, seed=seed)

    def fit(self, train: Dataset) -> None:
        """Train."""
        fit(self.network, analyse(self.network, train), settings=self.settings)

    def accuracy(self, test: Dataset) -> float:
        """Return the share of right answers."""
        return evaluate(self.network, analyse(self.network, test)).accuracy

    def step(self, train: Dataset) -> Any:
        """Return a function that takes one training step."""
        self.network.train()
        run = Run.begin(self.network, self.settings, analyse(self.network, train))
        batch = next(iter(run.batches(np.random.default_rng(0))))
        return lambda: run.step(batch)

    def prediction(self, samples: np.ndarray) -> Any:
        """Return a function that predicts a batch of samples, from samples to logits."""
        return lambda: self.network.predict(samples)

    def size(self) -> int:
        """Return the number of parameters."""
        return self.network.parameter_count()


class CNN:
    """Three blocks of convolution, batch normalisation, ReLU and max pooling, and a linear layer.

    Channels lie last in memory, which takes 1.4 times less time on a processor than the usual layout.
    """

    def __init__(self, train: Dataset, seed: int, epochs: int = CNN_EPOCHS) -> None:
        import torch

        self.torch, self.epochs = torch, epochs
        torch.manual_seed(seed)
        nn = torch.nn
        layers: list[Any] = []
        before = 1
        for width in (16, 32, 64):
            layers += [nn.Conv3d(before, width, 3, padding=1, bias=False), nn.BatchNorm3d(width), nn.ReLU(inplace=True)]
            layers += [nn.MaxPool3d(2)]
            before = width
        cells = (train.grid[0] // 8) ** 3
        self.module = nn.Sequential(*layers, nn.Flatten(), nn.Linear(before * cells, len(train.classes)))
        self.module.to(memory_format=torch.channels_last_3d)
        self.mean, self.deviation = float(train.images.mean()), float(train.images.std())

    def tensor(self, samples: np.ndarray) -> Any:
        """Return standardised samples with the channel second."""
        values = (np.moveaxis(samples, -1, 1) - self.mean) / self.deviation
        return self.torch.tensor(values.astype(np.float32)).to(memory_format=self.torch.channels_last_3d)

    def fit(self, train: Dataset) -> None:
        """Train with AdamW, with a learning rate that rises and falls."""
        from freqnet.benchmarks import peers

        x, y = self.tensor(train.images), self.torch.tensor(train.targets)
        optimizer = peers.adamw(self.module, CNN_RATE, CNN_DECAY)
        steps = self.epochs * -(-len(train) // BATCH)
        schedule = self.torch.optim.lr_scheduler.OneCycleLR(optimizer, CNN_RATE, steps)
        for _ in range(self.epochs):
            for rows in self.torch.randperm(len(train)).split(BATCH):
                peers.step(self.module, optimizer, x[rows], y[rows])
                schedule.step()
        self.module.eval()

    def accuracy(self, test: Dataset) -> float:
        """Return the share of right answers."""
        with self.torch.no_grad():
            found = self.torch.cat([self.module(part) for part in self.tensor(test.images).split(50)])
        return float(np.mean(found.argmax(1).numpy() == test.targets))

    def step(self, train: Dataset) -> Any:
        """Return a function that takes one training step."""
        from freqnet.benchmarks import peers

        self.module.train()
        x, y = self.tensor(train.images[:BATCH]), self.torch.tensor(train.targets[:BATCH])
        optimizer = peers.adamw(self.module, CNN_RATE, CNN_DECAY)
        return lambda: peers.step(self.module, optimizer, x, y)

    def prediction(self, samples: np.ndarray) -> Any:
        """Return a function that predicts a batch of samples, from samples to logits."""

        def predict() -> Any:
            self.module.eval()
            with self.torch.no_grad():
                return self.module(self.tensor(samples))

        return predict

    def size(self) -> int:
        """Return the number of parameters."""
        return sum(p.numel() for p in self.module.parameters())


def measure(name: str, seed: int, train: int = TRAIN, test: int = TEST) -> Row:
    """Train a network in this process, and return its accuracy, its time and its memory beside that of the data."""
    learn, check = parts_of(seed, train, test)
    network: Ours | CNN = (CNN if name == "CNN" else Ours)(learn, seed)
    # What a training loads and makes at first does not count as its memory.
    network.step(learn.take(np.arange(2)))
    before, start = peak_bytes() or 0, time.perf_counter()
    processor = time.process_time()
    network.fit(learn)
    seconds, used = time.perf_counter() - start, time.process_time() - processor
    memory = (peak_bytes() or 0) - before
    row = {"network": name, "seed": seed, "accuracy": network.accuracy(check), "seconds": seconds}
    return row | {"processor_seconds": used, "memory": memory, "parameters": network.size(), "train": train}


def measure_apart(name: str, seed: int) -> Row:
    """Measure in a process of its own, because peaks of memory do not go down."""
    with spawned(1) as executor:
        return executor.submit(measure, name, seed).result()


def speed(count: int = 2 * BATCH, seconds: float = 2.0) -> Row:
    """Return the seconds of a training step and of a prediction of a batch, of both networks in turns on one core."""
    train = digit_volumes(count)
    ours, peer = Ours(train, 0), CNN(train, 0)
    samples = train.images[:BATCH]
    steps, inference = (ours.step(train), peer.step(train)), (ours.prediction(samples), peer.prediction(samples))
    return steps_and_inference(steps, inference, seconds)


def table(rows: list[Row], ratios: Row) -> str:
    """Return the table of the page."""
    lines = [
        f"{'network':8} {'accuracy, %':>18} {'training, s':>12} {'memory, MB':>11} {'parameters':>11} {'step, ms':>9}"
    ]
    for name in NETWORKS:
        own = [row for row in rows if row["network"] == name]
        shares = [100 * row["accuracy"] for row in own]
        spread = f"{mean(shares):.1f} ({min(shares):.1f} to {max(shares):.1f})"
        seconds, memory = (mean(row[key] for row in own) for key in ("processor_seconds", "memory"))
        step = 1e3 * ratios["step" if name == "freqnet" else "peer_step"]
        lines.append(
            f"{name:8} {spread:>18} {seconds:12.0f} {memory / 1e6:11.0f} {own[0]['parameters']:11,} {step:9.1f}"
        )
    step, answer = (ratios[f"peer_{key}"] / ratios[key] for key in ("step", "inference"))
    lines.append(
        f"\nThe CNN takes {step:.1f} times as long for a step, and {answer:.1f} times as long for a prediction."
    )
    return "\n".join(lines) + "\n"


def main() -> None:
    """Measure what is missing."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", default="0,1,2", help="seeds, with commas")
    options = parser.parse_args()
    rows, ratios = Store(RESULTS), Store(RESULTS, "speed")
    ratios.fill(speed)
    for seed in map(int, options.seeds.split(",")):
        for name in NETWORKS:
            rows.fill(measure_apart, name, seed, network=name, seed=seed)
    write_atomically(TABLE, table(rows.rows(), ratios.rows()[-1]).encode())


if __name__ == "__main__":
    main()
