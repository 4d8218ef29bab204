"""Study of inputs unlike those of training: how far the loss and the logits of each activation grow.

    python -m benchmarks.studies.unusual

writes benchmarks/results/unusual.json and the table docs/activations/unusual.txt.

Default networks are trained in every domain, with the trained polynomial and with Gaussian activations. They are then
measured on held-out images that were changed: brighter, darker, inverted, with one bright pixel, replaced by noise, or
by images of another dataset. The labels of replaced images mean nothing; there, only the size of the loss matters.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from freqnet.data import Dataset, Split, load, split
from freqnet.errors import DataWarning
from freqnet.training import Model, Settings, analyse, evaluate, fit, training_defaults
from freqnet.training.files import write_json

from .tables import Table, write

RESULTS = Path(__file__).parents[1] / "results" / "unusual.json"
ACTIVATIONS = ("polynomial", "gaussian-1", "gaussian", "gaussian-3")
# The dataset of each study, another one of the same task, and the domains.
STUDIES = {
    "digits": ("mnist-5k", ("fourier", "hartley", "grid", "laplace", "damped")),
    "mnist-5k": ("digits", ("fourier",)),
}


def unusual(test: Dataset, other: np.ndarray) -> Iterator[tuple[str, np.ndarray]]:
    """Yield changed images by a name of the change."""
    generator, x = np.random.default_rng(0), test.images
    noise, most = generator.normal(x.mean(), x.std(), x.shape), x.max()
    pixel, point = x.copy(), np.zeros_like(x)
    centre: tuple[Any, ...] = tuple(n // 2 for n in test.grid)
    pixel[(slice(None), *centre)], point[(slice(None), *centre)] = 100 * most, most
    yield "as in training", x
    yield "3 times as bright", 3 * x
    yield "a tenth as bright", x / 10
    yield "inverted", most - x
    yield "noise of the same mean and deviation", noise
    yield "10 times that noise", 10 * noise
    yield "one pixel 100 times the brightest", pixel
    yield "one point on black", point
    yield "another dataset", other[: len(x)]


def measured(parts: Split, other: np.ndarray, model: Model, settings: Settings) -> dict[str, dict[str, float]]:
    """Return the loss in nats and the largest logit of a trained network, by the change of its inputs."""
    network = model.network(parts.train, settings.seed)
    fit(network, analyse(network, parts.train), settings=settings)
    found = {}
    for name, images in unusual(parts.test, other):
        with warnings.catch_warnings():
            # Each of these is told that it is unlike the training data.
            warnings.simplefilter("ignore", DataWarning)
            result = evaluate(network, analyse(network, replace(parts.test, stored=images.astype(np.float32))))
        found[name] = {"loss": float(result.loss), "largest": float(np.abs(result.outputs).max())}
    return found


def study(data: str, other: str, domain: str, **changes: Any) -> dict[str, dict[str, dict[str, float]]]:
    """Return the measurements of each activation on one dataset in one domain."""
    parts = split(load(data), seed=0)
    images = load(other, size_to=parts.train.grid).images
    images = np.resize(images, (max(len(images), len(parts.test)), *images.shape[1:]))
    settings = Settings(**training_defaults(data) | changes)
    return {name: measured(parts, images, Model(domain, activation=name), settings) for name in ACTIVATIONS}


def table(found: dict[str, dict[str, dict[str, float]]]) -> Table:
    """Return the losses of one study as a table, one column per activation."""
    header = ("images", *(f"``{name}``" for name in found))
    rows = next(iter(found.values()))
    return header, [(row, *(f"{values[row]['loss']:.3g}" for values in found.values())) for row in rows]


def main() -> None:
    """Train and measure everything, and write the results."""
    found = {
        f"{data}, {domain}": study(data, other, domain)
        for data, (other, domains) in STUDIES.items()
        for domain in domains
    }
    write_json(RESULTS, found)
    write("../activations/unusual", table(found["digits, fourier"]))


if __name__ == "__main__":
    main()
