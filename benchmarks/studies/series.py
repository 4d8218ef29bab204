"""Time series that the package aeon ships: all domains beside MiniRocket and a ridge classifier, on official splits.

``python -m freqnet.benchmarks.studies.series`` measures what is missing, one row per data set, method and seed, keeps
each row in ``benchmarks/results/series.json``, and writes the tables of ``docs/howto/time_series.rst``. Names of data
sets, seeds and methods choose a part; ``--tables`` only writes the tables. It needs ``pip install -e ".[series]"``.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Sequence
from dataclasses import replace
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from freqnet.benchmarks.studies.store import Row, Store, list_table
from freqnet.benchmarks.timing import threads

from freqnet.data import Dataset, Split, from_arrays, load, split
from freqnet.errors import ShapeError
from freqnet.spaces import resample_samples
from freqnet.training import Model, Settings, analyse, fit, training_defaults
from freqnet.training.files import write_atomically

RESULTS = Path(__file__).parents[1] / "results" / "series.json"
TABLES = Path(__file__).parents[2] / "docs" / "study"
# The classifications come first, then two regressions, whose score is R2.
SETS = (
    "ACSF1", "ArrowHead", "BasicMotions", "Covid3Month_disc", "GunPoint", "ItalyPowerDemand", "JapaneseVowels",
    "OSULeaf", "PickupGestureWiimoteZ", "UnitTest", "CardanoSentiment", "Covid3Month",
)  # fmt: skip
DOMAINS = ("fourier", "hartley", "damped", "laplace", "grid")
PEERS = ("MiniRocket", "ridge")
# Sampling rates of the test relative to those of the training, as numerators and denominators.
RATES = {"half": (1, 2), "double": (2, 1)}
# Points to which longer series are resampled for a domain that is ill-conditioned beyond.
MOST_NODES = 16
# The network whose answer does not depend on circular shifts, with as many modes as help it.
POWER, POWER_MODES = "fourier, power", 65
METHODS = (*DOMAINS, POWER, *PEERS)


@lru_cache(maxsize=1)
def parts_of(name: str) -> Split:
    """Return the official parts of a data set; series of several lengths are padded to the longest."""
    if name == "decays":
        return split(decays(), validation=0)
    lengths = {"JapaneseVowels": 29, "PickupGestureWiimoteZ": 361}
    return split(load(f"aeon:{name}", pad_to=lengths.get(name)), validation=0)


def decays(train: int = 60, test: int = 600, points: int = MOST_NODES, seed: int = 0) -> Dataset:
    """Return noisy answers of causal systems to an impulse: sums of two decaying exponentials, in three classes.

    They are the best case of a Laplace domain with rates p > 0: short causal signals, each a sum of few of the
    exponentials that its nodes stand for. The classes differ in the rates of the decays.
    """
    generator = np.random.default_rng(seed)
    labels = np.arange(train + test) % 3
    rates = np.array([[0.1, 0.5], [0.15, 0.5], [0.1, 0.8]])[labels]
    sizes = generator.uniform(0.5, 1.5, rates.shape)
    answers = (sizes[:, :, None] * np.exp(-rates[:, :, None] * np.arange(points))).sum(axis=1)
    noisy = answers + 0.03 * generator.normal(size=answers.shape)
    return from_arrays(noisy[:, :, None], labels, layout="ntc", name="decays", official_test=test)


# -- methods ---------------------------------------------------------------------------------------------------
class Ours:
    """The default network of a domain, trained with the default settings.

    Parameters
    ----------
    method : str
        Name of a domain, or `POWER`.
    seed : int
    """

    def __init__(self, method: str, seed: int) -> None:
        self.domain, self.has_power, self.seed = method.partition(",")[0], method == POWER, seed

    def fit(self, train: Dataset) -> None:
        """Train on all of a dataset."""
        train = self.readable(train)
        settings = Settings(**{**training_defaults(train), "seed": self.seed})
        modes = min(POWER_MODES, train.grid[0] - 1 + train.grid[0] % 2)
        model = Model(head="power", modes=modes) if self.has_power else Model(domain=self.domain)
        self.network = model.network(train, self.seed)
        fit(self.network, analyse(self.network, train), settings=settings)

    def readable(self, dataset: Dataset) -> Dataset:
        """Return a dataset with few enough points for a domain of real nodes, which is ill-conditioned beyond."""
        if not self.domain.startswith("laplace"):
            return dataset
        points = min(dataset.grid[0], MOST_NODES)
        return replace(dataset, stored=resample_samples(dataset.images, points))

    def predict(self, samples: np.ndarray) -> np.ndarray:
        """Return logits or numbers for samples of any rate.

        Domains of nodes read one grid only, and the others no grid without room for their modes: such samples are
        resampled to the grid of the training.
        """
        try:
            return self.network.predict(samples)
        except ShapeError:
            return self.network.predict(resample_samples(samples, self.network.door.grid))


class Peer:
    """A classifier or regressor that reads series of one length, with the same methods as `Ours`.

    Parameters
    ----------
    method : {"MiniRocket", "ridge"}
        Random kernels with a ridge classifier, of aeon, or a ridge classifier of the standardised samples.
    seed : int
    """

    def __init__(self, method: str, seed: int) -> None:
        self.method, self.seed = method, seed

    def fit(self, train: Dataset) -> None:
        """Train on all of a dataset."""
        self.points = train.grid[0]
        targets = train.targets if train.task.has_classes else train.targets[:, 0]
        self.model = self.made(train.task.has_classes).fit(self.read(train.images), targets)

    def made(self, has_classes: bool) -> Any:
        """Return the untrained model."""
        if self.method == "MiniRocket":
            if has_classes:
                from aeon.classification.convolution_based import MiniRocketClassifier

                return MiniRocketClassifier(random_state=self.seed)
            from aeon.regression.convolution_based import MiniRocketRegressor

            return MiniRocketRegressor(random_state=self.seed)
        from sklearn.linear_model import RidgeClassifierCV, RidgeCV
        from sklearn.pipeline import make_pipeline
        from sklearn.preprocessing import StandardScaler

        strengths = np.logspace(-3, 3, 10)
        return make_pipeline(StandardScaler(), RidgeClassifierCV(strengths) if has_classes else RidgeCV(strengths))

    def read(self, samples: np.ndarray) -> np.ndarray:
        """Return series as the model takes them, those of other lengths interpolated linearly."""
        series = samples.transpose(0, 2, 1).astype(float)
        if series.shape[-1] != self.points:
            own, wanted = np.arange(series.shape[-1]) / series.shape[-1], np.arange(self.points) / self.points
            series = np.array([[np.interp(wanted, own, row) for row in one] for one in series])
        return series if self.method == "MiniRocket" else series.reshape(len(series), -1)

    def predict(self, samples: np.ndarray) -> np.ndarray:
        """Return classes or numbers."""
        return np.asarray(self.model.predict(self.read(samples)))


# -- what is measured ------------------------------------------------------------------------------------------
def shifted(samples: np.ndarray, seed: int) -> np.ndarray:
    """Return series each of which is moved around its circle by a random number of points."""
    moves = np.random.default_rng(seed).integers(0, samples.shape[1], len(samples))
    return np.array([np.roll(one, move, axis=0) for one, move in zip(samples, moves, strict=True)])


def at_rate(samples: np.ndarray, up: int, down: int) -> np.ndarray:
    """Return series at another sampling rate, by a filter that takes no series to be periodic."""
    from scipy.signal import resample_poly

    return np.asarray(resample_poly(samples, up, down, axis=1, padtype="line"))


def score(dataset: Dataset, predicted: np.ndarray) -> float:
    """Return the accuracy, or R2, of logits, classes or numbers."""
    if not dataset.task.has_classes:
        own = dataset.targets[:, 0]
        return float(1 - np.sum((predicted.ravel() - own) ** 2) / np.sum((own - own.mean()) ** 2))
    classes = predicted.argmax(axis=1) if predicted.ndim == 2 else predicted
    return float(np.mean(classes == dataset.targets))


def measure(parts: Split, method: str, seed: int) -> Row:
    """Train a method on the training part, and return what it does on the test part.

    Parameters
    ----------
    parts : Split
    method : str
        One of `METHODS`.
    seed : int
        Seed of the weights or kernels, of the order of examples, and of the shifts of the test series.

    Returns
    -------
    dict
        The score on the test part as it is, shifted, and at half and double its rate; processor seconds of the training
        and of one prediction of the test part.
    """
    model: Ours | Peer = (Peer if method in PEERS else Ours)(method, seed)
    train, test = parts.train, parts.test
    with threads(1):
        start = time.process_time()
        model.fit(train)
        trained = time.process_time()
        outputs = model.predict(test.images)
        seconds, answering = trained - start, time.process_time() - trained
        row: Row = {"data": test.name.removeprefix("aeon:"), "method": method, "seed": seed, "task": test.task.name}
        row |= {"score": score(test, outputs), "shifted": score(test, model.predict(shifted(test.images, seed)))}
        for name, (up, down) in RATES.items():
            row[name] = score(test, model.predict(at_rate(test.images, up, down)))
    row |= {"seconds": seconds, "inference": answering, "train": len(train), "test": len(test)}
    return row | {"points": train.grid[0], "channels": train.channels}


def row_of(name: str, method: str, seed: int) -> Row:
    """Return the row of a data set by its name."""
    return measure(parts_of(name), method, seed)


def warm_up() -> None:
    """Let the peer compile its functions before it is timed."""
    Peer("MiniRocket", 0).fit(decays(12, 3))


# -- tables ----------------------------------------------------------------------------------------------------
def by_set(rows: Sequence[Row]) -> list[tuple[str, ...]]:
    """Return a row per data set: its size, and the mean score of each method over the seeds."""
    found: list[tuple[str, ...]] = [("data", "train, test", "points", *METHODS)]
    for name in dict.fromkeys(row["data"] for row in rows):
        own = [row for row in rows if row["data"] == name]
        size = f"{own[0]['train']}, {own[0]['test']}", f"{own[0]['points']} x {own[0]['channels']}"
        is_share = own[0]["task"] == "classification"
        scores = [[row["score"] for row in own if row["method"] == method] for method in METHODS]
        cells = [("" if not s else f"{100 * np.mean(s):.1f}" if is_share else f"R2 {np.mean(s):.2f}") for s in scores]
        found.append((name, *size, *cells))
    return found


def by_method(rows: Sequence[Row]) -> list[tuple[str, ...]]:
    """Return a row per method: mean accuracies over the classifications that aeon ships, and mean times."""
    own = [row for row in rows if row["task"] == "classification" and row["data"] != "decays"]
    found: list[tuple[str, ...]] = [
        ("method", "sets, seeds", "accuracy, %", "shifted", "half rate", "double rate", "training, s", "test part, ms")
    ]
    for method in METHODS:
        mine = [row for row in own if row["method"] == method]
        if mine:
            # All sets count alike, also those with fewer seeds.
            of_sets = [[row for row in mine if row["data"] == name] for name in sorted({row["data"] for row in mine})]
            mean = lambda entry, groups=of_sets: np.mean([np.mean([row[entry] for row in group]) for group in groups])
            seeds = sorted({len(group) for group in of_sets})
            cells = (f"{100 * mean(name):.1f}" for name in ("score", "shifted", *RATES))
            times = f"{mean('seconds'):.2f}", f"{1e3 * mean('inference'):.0f}"
            counts = f"{len(of_sets)}, {' to '.join(map(str, dict.fromkeys((seeds[0], seeds[-1]))))}"
            found.append((method, counts, *cells, *times))
    return found


def write_tables(rows: Sequence[Row]) -> None:
    """Write the tables that the documentation shows."""
    for name, table in (("series-sets", by_set(rows)), ("series-methods", by_method(rows))):
        write_atomically(TABLES / f"{name}.txt", list_table(table, ":class: dense").encode())


def main() -> None:
    """Measure what is missing, print each row, and write the tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sets", default=",".join((*SETS, "decays")), help="names of data sets, with commas")
    parser.add_argument("--methods", default=";".join(METHODS), help="names of methods, with semicolons")
    parser.add_argument("--seeds", default="0,1,2", help="seeds, with commas")
    parser.add_argument("--tables", action="store_true", help="only write the tables")
    options = parser.parse_args()
    kept = Store(RESULTS)
    if not options.tables:
        warm_up()
    for name in [] if options.tables else options.sets.split(","):
        for seed in map(int, options.seeds.split(",")):
            for method in options.methods.split(";"):
                kept.fill(row_of, name, method, seed, data=name, method=method, seed=seed)
    write_tables(kept.rows())


if __name__ == "__main__":
    main()
