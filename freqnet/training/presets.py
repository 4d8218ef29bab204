"""Sensible networks and settings for a dataset, to start from."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import numpy as np

from freqnet.data import DATASETS, Dataset
from freqnet.domains import get_domain
from freqnet.domains.condition import least_precision
from freqnet.errors import ConfigurationError, got_expected
from freqnet.nn import (
    Convolution,
    Dense,
    Door,
    FourierSeries,
    Gaussian,
    Linearized,
    MagnitudeGain,
    Module,
    Network,
    PhaseGate,
    Pointwise,
    Polynomial,
    PowerNorm,
    RealImaginary,
    SecondHarmonic,
    Sequential,
    TruncationPool,
)
from freqnet.nn.activation import POINTWISE

# Training settings that a dataset does not choose itself.
DEFAULTS = {"epochs": 30, "batch": 64, "learning_rate": 3e-3}
DEFAULT_MODES = 17
# Activations by name, beside "polynomial": what a frequency network can afford, and what the literature has.
ACTIVATIONS: dict[str, Callable[[], Module]] = {
    "linear": partial(Linearized, "tanh"),
    "linearized-sigmoid": partial(Linearized, "sigmoid"),
    "gaussian": Gaussian,
    "gaussian-1": partial(Gaussian, degree=1),
    "gaussian-3": partial(Gaussian, degree=3),
    "fourier-series": partial(FourierSeries, "tanh", 3),
    "magnitude-gain": MagnitudeGain,
    "real-imaginary": RealImaginary,
    "phase-gate": PhaseGate,
    "second-harmonic": SecondHarmonic,
}


@dataclass(frozen=True)
class Size:
    """The shape of a default network: for each stage the share of the door's modes it keeps, and its channels."""

    shares: tuple[float, ...]
    widths: tuple[int, ...]


# Most of what distinguishes images lies in few modes, but the squares of fine detail reach down into these: a
# first stage of many modes and few channels, then few modes and many channels.
SIZES = {
    "small": Size((1.0, 0.34, 0.2), (6, 12, 24)),
    "medium": Size((1.0, 0.34, 0.2), (8, 16, 32)),
    "large": Size((1.0, 0.34, 0.2), (16, 32, 64)),
}
# In a Laplace domain: room for one convolution with 3 taps, and what each stage keeps of the nodes at the door.
_ROOM, _SHARES_OF_NODES = 2, (1.0, 0.5, 0.3)


@dataclass(frozen=True)
class Model:
    """The choices that make up a default network.

    Parameters
    ----------
    domain : str
        Where the network lives.
    modes : int, optional
        Modes kept at the door along each axis, odd; by default 17, or as many as the grid holds. In a Laplace
        domain nodes, by default all; its grid has two samples more, as room for convolution.
    kernel : {"taps", "spectral", "sinc", "modes"}
        How convolution kernels are stored.
    activation : str
        "polynomial", "linear", or, on the grid, the name of a pointwise function.
    gate_band : int, optional
        Band of the factor in each product of the polynomial; None for all of it.
    widths : tuple of int, optional
        Channels of the convolutions; as many as there are to be, by default those of the size.
    size : {"small", "medium", "large"}
        How much the network computes: on images of 28x28, about 70, 100 and 230 thousand multiply-adds each.
    pool : int
        Samples along each axis that are averaged before the door, in blocks: a divisor of the grid. What a Laplace
        domain needs where there are many, for it carries few.
    precision : {"float32", "float64"}, optional
        By default float32, or float64 where the domain is too ill-conditioned for it.

    Examples
    --------
    >>> from freqnet.data import load
    >>> from freqnet.training import Model
    >>> Model().network(load("digits"), seed=0).parameter_count()
    29642
    """

    domain: str = "fourier"
    modes: int | None = None
    kernel: str = "taps"
    activation: str = "polynomial"
    gate_band: int | None = None
    widths: tuple[int, ...] | None = None
    size: str = "large"
    pool: int = 1
    precision: str | None = None

    def network(self, dataset: Dataset, seed: int = 0) -> Network:
        """Return an untrained network for a dataset, its door standardising by the dataset's statistics."""
        axes = tuple(range(dataset.images.ndim - 1))
        offset = dataset.images.mean(axis=axes, dtype=np.float64)
        scale = dataset.images.std(axis=axes, dtype=np.float64)
        domain, pool = get_domain(self.domain), (self.pool,) * len(dataset.grid)
        pad = (_ROOM if domain.is_causal else 0,) * len(dataset.grid)
        sizes = self._sizes(tuple(n // max(1, self.pool) + p for n, p in zip(dataset.grid, pad, strict=True)))
        door = Door(
            self.domain,
            dataset.grid,
            tuple(domain.band_of(n) for n in sizes),
            dataset.channels,
            tuple(float(v) for v in offset),
            # A constant channel has nothing to scale.
            tuple(float(v) if v > 0 else 1.0 for v in scale),
            pad if any(pad) else (),
            pool if self.pool != 1 else (),
        )
        door = replace(door, domain=domain.fitted(lambda: door.prepare(dataset.images), max(sizes)).name)
        return Network(door, self._body(sizes, len(dataset.classes)), seed, self._precision(door))

    def _precision(self, door: Door) -> str:
        if self.precision not in (None, "float32", "float64"):
            expected = "float32 or float64"
            raise ConfigurationError(got_expected("precision", repr(self.precision), expected, "change --precision"))
        return self.precision or least_precision(door.space)

    def _sizes(self, grid: tuple[int, ...]) -> tuple[int, ...]:
        modes = self.modes
        if self.size not in SIZES:
            raise ConfigurationError(got_expected("size", repr(self.size), " or ".join(SIZES), "change --size"))
        if get_domain(self.domain).is_causal:
            return self._nodes(grid)
        if modes is None:
            return tuple(min(DEFAULT_MODES, n - 1 + n % 2) for n in grid)
        most = min(n - 1 + n % 2 for n in grid)
        if modes < 1 or modes % 2 == 0 or modes > most:
            raise ConfigurationError(
                got_expected("modes", modes, f"an odd number from 1 to {most} on a grid of {grid}", "change --modes")
            )
        return (modes,) * len(grid)

    def _nodes(self, grid: tuple[int, ...]) -> tuple[int, ...]:
        domain = get_domain(self.domain)
        largest = domain.modes(domain.space(grid))
        if self.modes is None:
            return largest
        if not 1 <= self.modes <= min(largest):
            expected = f"1 to {min(largest)} nodes on a grid of {grid}"
            raise ConfigurationError(got_expected("modes", self.modes, expected, "change --modes"))
        wanted = (self.modes,) * len(grid)
        if domain.modes(domain.space(grid, domain.band_of(self.modes))) != wanted:
            expected = f"an odd number of nodes, or all {grid}, since they come in pairs"
            raise ConfigurationError(got_expected("modes", self.modes, expected, "change --modes"))
        return wanted

    def _body(self, sizes: tuple[int, ...], classes: int) -> Module:
        most, size = get_domain(self.domain).band_of(max(sizes)), SIZES[self.size]
        if self.gate_band is not None and not 0 <= self.gate_band <= most:
            raise ConfigurationError(
                got_expected("gate band", self.gate_band, f"0 to {most} with {sizes} modes", "change --gate-band")
            )
        layers: list[Module] = []
        for stage, width in enumerate(self.widths or size.widths):
            kept = self._kept(sizes, stage)
            taps = tuple(min(3, n) for n in kept)
            layers.append(TruncationPool(kept))
            convolution = Convolution(width, taps, self.kernel, boundary="modulo", bias=False)
            layers += [convolution, PowerNorm(), self._activation()]
        return Sequential((*layers, PowerNorm(), Dense(classes)))

    def _kept(self, sizes: tuple[int, ...], stage: int) -> tuple[int, ...]:
        """How many modes, or nodes, a stage keeps: at least 3, where there are as many, and of modes an odd number."""
        if get_domain(self.domain).is_causal:
            share = _SHARES_OF_NODES[min(stage, len(_SHARES_OF_NODES) - 1)]
            kept = tuple(max(min(3, n), round(n * share)) for n in sizes)
            # Complex nodes come in pairs: all of them, or an odd number.
            is_paired = get_domain(self.domain).is_complex
            return tuple(k - 1 + k % 2 if is_paired and k < n else k for k, n in zip(kept, sizes, strict=True))
        shares = SIZES[self.size].shares
        share = shares[min(stage, len(shares) - 1)]
        return tuple(max(min(3, n), 2 * round((n * share - 1) / 2) + 1) for n in sizes)

    def _activation(self) -> Module:
        if self.activation == "polynomial":
            return Polynomial(gate_band=self.gate_band)
        if self.gate_band is not None:
            got = f"{self.gate_band} with {self.activation}"
            raise ConfigurationError(got_expected("gate band", got, "--activation polynomial", "leave one out"))
        if self.activation in ACTIVATIONS:
            return ACTIVATIONS[self.activation]()
        if self.activation in POINTWISE:
            return Pointwise(self.activation)
        known = ("polynomial", *ACTIVATIONS, *POINTWISE)
        raise ConfigurationError(
            got_expected("activation", repr(self.activation), " or ".join(known), "choose one of these")
        )


def training_defaults(name: str) -> dict[str, Any]:
    """Return the training settings to start from on a dataset.

    Parameters
    ----------
    name : str
        Name of the dataset.

    Returns
    -------
    dict of str to Any
        Settings by the names of `freqnet.training.Settings`: those registered with the dataset, then general ones.

    Examples
    --------
    >>> from freqnet.training import training_defaults
    >>> training_defaults("digits")["epochs"]
    30
    """
    return DEFAULTS | dict(DATASETS[name].defaults if name in DATASETS else {})
