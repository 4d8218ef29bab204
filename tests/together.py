"""Train networks with the processes that a launcher has started; the first one writes the weights to the file named."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from freqnet import nn
from freqnet.data import load
from freqnet.kernels import threads
from freqnet.launcher import launched
from freqnet.nn import Network
from freqnet.training import MPITeam, Settings, Team, analyse, fit

DIGITS = load("digits").take(np.arange(230))
SETTINGS = Settings(epochs=2, batch=50, shards=4, learning_rate=0.02)


def networks() -> Iterator[tuple[str, Network, Settings]]:
    """Yield three networks in two domains, with the statistics, the dropout and the optimisers that there are."""
    head = (nn.GlobalAverage(), nn.Dense(10))
    bodies = {
        "power": (nn.Convolution(4), nn.PowerNorm(), nn.Polynomial(), *head),
        "gaussian": (
            *(nn.Convolution(4), nn.PowerNorm(), nn.Gaussian(), nn.Convolution(6), nn.PowerNorm(), nn.Polynomial()),
            *(nn.ChannelDropout(0.2), *head),
        ),
        "residual": (nn.Convolution(4), nn.Residual(nn.Sequential(nn.PowerNorm(), nn.Polynomial())), nn.Dense(10)),
    }
    changes = {
        "power": {"augment": ("shift=1", "mirror"), "ema": 0.9},
        "gaussian": {"optimizer": "muon", "accumulate": 2},
        "residual": {"optimizer": "momentum", "class_weights": "balanced"},
    }
    for domain in ("fourier", "hartley"):
        for name, layers in bodies.items():
            network = Network(nn.Door(domain, (8, 8), (3, 3), 1), nn.Sequential(*layers))
            yield f"{domain} {name}", network, replace(SETTINGS, **changes[name])


def trained(team: Team) -> dict[str, np.ndarray]:
    """Return the weights and the losses of all networks, by name."""
    found: dict[str, np.ndarray] = {}
    for name, network, settings in networks():
        train = analyse(network, DIGITS)
        history = fit(network, train, train, settings=settings, team=team)
        found |= {f"{name}: {own}": array for own, array in network.arrays().items()}
        found[f"{name}: losses"] = np.array([[row["loss"], row["validation_loss"]] for row in history.rows])
    return found


if __name__ == "__main__":
    # The matrices of Muon are divided among the processes, however small they are.
    threads.WORTH_DIVIDING = 0
    team = MPITeam() if launched() > 1 else Team()
    arrays = trained(team)
    # All processes end with the same weights.
    assert all(np.array_equal(array, team.agree(arrays)[name]) for name, array in arrays.items())
    if not team.rank:
        np.savez(sys.argv[1], **arrays)
