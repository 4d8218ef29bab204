"""Default networks and training settings for a dataset."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import numpy as np

from freqnet.data import Dataset
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
from freqnet.spaces import Space, get_domain
from freqnet.spaces.condition import least_precision
from freqnet.spaces.registry import DEFAULT_DOMAIN

# These settings were chosen by cross-validation on the training part; test images were not used.
TRAINING = {
    "digits": {"epochs": 30, "batch": 64, "learning_rate": 8e-3},
    "mnist-5k": {"epochs": 30, "batch": 100, "learning_rate": 1e-2, "weight_decay": 0.3},
    "mnist": {"epochs": 12, "batch": 100, "learning_rate": 8e-3, "weight_decay": 0.1},
}
DEFAULT_MODES = 17
# Activations by name, besides "polynomial": approximations of functions, and those of the literature.
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
    """The shape of a default network.

    Attributes
    ----------
    shares : tuple of float
        Share of the door's modes that each stage keeps.
    widths : tuple of int
        Channels of each stage.
    """

    shares: tuple[float, ...]
    widths: tuple[int, ...]


# Few modes distinguish most images, but squares of fine detail reach these modes too. Hence a first stage with many
# modes and few channels, then few modes and many channels.
SIZES = {
    "small": Size((1.0, 0.34, 0.2), (6, 12, 24)),
    "medium": Size((1.0, 0.34, 0.2), (8, 16, 32)),
    "large": Size((1.0, 0.34, 0.2), (16, 32, 64)),
}


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

    domain: str = DEFAULT_DOMAIN
    modes: int | None = None
    kernel: str = "taps"
    activation: str = "polynomial"
    gate_band: int | None = None
    widths: tuple[int, ...] | None = None
    size: str = "large"
    pool: int = 1
    precision: str | None = None

    def network(self, dataset: Dataset, seed: int = 0) -> Network:
        """Return an untrained network for a dataset; its door standardises by the dataset's mean and deviation."""
        axes = tuple(range(dataset.images.ndim - 1))
        offset = dataset.images.mean(axis=axes, dtype=np.float64)
        scale = dataset.images.std(axis=axes, dtype=np.float64)
        whole = self._room(dataset.grid)
        sizes = whole.door_sizes(self.modes, DEFAULT_MODES)
        pad, pool = whole.default_padding, (self.pool,) * len(dataset.grid)
        door = Door(
            self.domain,
            dataset.grid,
            tuple(whole.band_of(n) for n in sizes),
            dataset.channels,
            tuple(float(v) for v in offset),
            # A constant channel is not scaled.
            tuple(float(v) if v > 0 else 1.0 for v in scale),
            pad if any(pad) else (),
            pool if self.pool != 1 else (),
        )
        fitted = whole.fitted(lambda: door.prepare(dataset.images), max(sizes))
        door = door if fitted == whole.domain else replace(door, domain=fitted)
        return Network(door, self._body(whole, sizes, len(dataset.classes)), seed, self._precision(door))

    def _room(self, grid: tuple[int, ...]) -> Space:
        """Return the space of the full band on the grid, pooled and with the padding that the domain needs."""
        if self.size not in SIZES:
            raise ConfigurationError(got_expected("size", repr(self.size), " or ".join(SIZES), "pass size='large'"))
        make = get_domain(self.domain)
        pooled = tuple(max(1, n // max(1, self.pool)) for n in grid)
        return make(tuple(n + p for n, p in zip(pooled, make(pooled).default_padding, strict=True)))

    def _precision(self, door: Door) -> str:
        if self.precision not in (None, "float32", "float64"):
            expected, todo = "float32 or float64", "leave it out, or pass precision='float64'"
            raise ConfigurationError(got_expected("precision", repr(self.precision), expected, todo))
        return self.precision or least_precision(door.space)

    def _body(self, whole: Space, sizes: tuple[int, ...], classes: int) -> Module:
        most, size = whole.band_of(max(sizes)), SIZES[self.size]
        if self.gate_band is not None and not 0 <= self.gate_band <= most:
            raise ConfigurationError(
                got_expected("gate band", self.gate_band, f"0 to {most} with {sizes} modes", f"pass gate_band={most}")
            )
        layers: list[Module] = []
        for stage, width in enumerate(self.widths or size.widths):
            kept = whole.stage_sizes(sizes, stage, size.shares)
            taps = tuple(min(3, n) for n in kept)
            layers.append(TruncationPool(kept))
            convolution = Convolution(width, taps, self.kernel, boundary="modulo", bias=False)
            layers += [convolution, PowerNorm(), self._activation()]
        return Sequential((*layers, PowerNorm(), Dense(classes)))

    def _activation(self) -> Module:
        if self.activation == "polynomial":
            return Polynomial(gate_band=self.gate_band)
        if self.gate_band is not None:
            got = f"{self.gate_band} with {self.activation}"
            raise ConfigurationError(
                got_expected("gate band", got, "activation='polynomial'", "leave the gate band out")
            )
        if self.activation in ACTIVATIONS:
            return ACTIVATIONS[self.activation]()
        if self.activation in POINTWISE:
            return Pointwise(self.activation)
        known = ("polynomial", *ACTIVATIONS, *POINTWISE)
        raise ConfigurationError(
            got_expected("activation", repr(self.activation), " or ".join(known), "pass activation='polynomial'")
        )


def training_defaults(name: str) -> dict[str, Any]:
    """Return the default training settings for a dataset.

    Parameters
    ----------
    name : str
        Name of the dataset; other names than those of the built-in datasets get general settings.

    Examples
    --------
    >>> from freqnet.training import training_defaults
    >>> training_defaults("digits")["epochs"]
    30
    """
    return dict(TRAINING.get(name, {"epochs": 30, "batch": 64, "learning_rate": 3e-3}))
