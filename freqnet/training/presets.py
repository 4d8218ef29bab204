"""Default networks and training settings for a dataset."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import numpy as np

from freqnet.autodiff import Tensor
from freqnet.checks import is_whole, listed, shown
from freqnet.data import DATASETS, Dataset
from freqnet.errors import ConfigurationError, DataError, got_expected
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
    Rescale,
    Residual,
    SecondHarmonic,
    Sequential,
    TruncationPool,
)
from freqnet.nn.activation import POINTWISE
from freqnet.spaces import Space, get_domain
from freqnet.spaces.condition import least_precision
from freqnet.spaces.registry import DEFAULT_DOMAIN
from freqnet.training.batches import needs_float64
from freqnet.values import mean_and_scale, value_range

# Training settings that a dataset does not choose itself.
DEFAULTS = {"epochs": 30, "batch": 64, "learning_rate": 3e-3}
DEFAULT_MODES = 17
# A signal as output needs the modes of its details.
FIELD_MODES = 65
# Channels of each stage of a network whose outputs are signals, by size.
FIELD_WIDTHS = {"small": (8, 8), "medium": (16, 16), "large": (16, 16, 16)}
# The domains that are compared where none are given.
COMPARED = "fourier,hartley,grid"
# Makes the layer of an activation; names are those of the choice `Model.activation`.
ACTIVATIONS: dict[str, Callable[..., Module]] = {}
_GATED: set[str] = set()


def register_activation(name: str, make: Callable[..., Module], *, is_gated: bool = False) -> None:
    """Add an activation to the choices of `Model`, of ``freqnet train`` and of ``freqnet compare``.

    Parameters
    ----------
    name : str
        A new name.
    make : callable
        ``make()`` returns a new layer, or ``make(gate_band=...)`` if it is gated.
    is_gated : bool
        Whether the layer takes the choice `gate_band`.

    Raises
    ------
    ConfigurationError
        The name is taken.

    Examples
    --------
    >>> from functools import partial
    >>> from freqnet.nn import Linearized
    >>> from freqnet.training.presets import ACTIVATIONS, register_activation
    >>> register_activation("linearized-erf", partial(Linearized, "erf"))
    >>> "linearized-erf" in ACTIVATIONS
    True
    >>> del ACTIVATIONS["linearized-erf"]
    """
    if name in ACTIVATIONS:
        raise ConfigurationError(got_expected("activation", repr(name), "a new name", "register it under another name"))
    ACTIVATIONS[name] = make
    if is_gated:
        _GATED.add(name)


register_activation("polynomial", Polynomial, is_gated=True)
register_activation("linear", partial(Linearized, "tanh"))
register_activation("linearized-sigmoid", partial(Linearized, "sigmoid"))
register_activation("gaussian", Gaussian)
register_activation("gaussian-1", partial(Gaussian, degree=1))
register_activation("gaussian-3", partial(Gaussian, degree=3))
register_activation("fourier-series", partial(FourierSeries, "tanh", 3))
register_activation("magnitude-gain", MagnitudeGain)
register_activation("real-imaginary", RealImaginary)
register_activation("phase-gate", PhaseGate)
register_activation("second-harmonic", SecondHarmonic)
# Functions of samples, for domains that store samples.
for _name in POINTWISE:
    register_activation(_name, partial(Pointwise, _name))


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


# More than 8 fields: runs store the model as one flat dictionary, and each field is one option.
@dataclass(frozen=True)
class Model:
    """The choices that make up a default network.

    The first sentence about each parameter is also the help text of its option on the command line.

    Parameters
    ----------
    domain : str
        Domain of the network: fourier (default), hartley, laplace, grid, and others.
    modes : int, optional
        Number of modes kept along each axis, odd [17, or all of a smaller grid]; in laplace, number of nodes [all].
        A Laplace domain gets a grid with two more samples, as room for convolution.
    kernel : {"taps", "spectral", "sinc", "modes"}
        Parametrisation of the convolution kernels: taps (default), spectral, sinc or modes.
    activation : str
        Activation: polynomial (default), gaussian, linear and others, or, on the grid, a function such as relu.
    gate_band : int, optional
        Band of the factor in each product of the polynomial, 0 or more [all].
    widths : tuple of int, optional
        Channels of the convolutions, one number per convolution, such as 16,32,64 [by size].
    size : {"small", "medium", "large"}
        Size of the network where no widths are given: small, medium or large (default). On images of 28x28 these are
        about 70, 100 and 230 thousand multiply-adds per image.
    pool : int
        Number of pixels per axis averaged into one before the transform, a divisor of the grid [1]. A Laplace domain
        needs this where the grid is large, as it supports few nodes.
    precision : {"float32", "float64"}, optional
        Precision of the numbers: float32 or float64 [float32, or float64 in an ill-conditioned domain].

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

    def __post_init__(self) -> None:
        for name, works, is_optional in (("modes", 9, True), ("gate_band", 1, True), ("pool", 1, False)):
            value = getattr(self, name)
            if value is None and is_optional:
                continue
            if not is_whole(value):
                raise ConfigurationError(got_expected(name, shown(value), "a whole number", f"pass {name}={works}"))
            # NumPy's integers would be stored as floating-point numbers.
            object.__setattr__(self, name, int(value))
        names = ("domain", "fourier"), ("kernel", "taps"), ("activation", "polynomial"), ("size", "large")
        for name, word in (*names, *([] if self.precision is None else [("precision", "float32")])):
            if not isinstance(getattr(self, name), str):
                todo = f"pass {name}={word!r}"
                raise ConfigurationError(got_expected(name, shown(getattr(self, name)), "a name", todo))
        if self.widths is not None:
            object.__setattr__(self, "widths", _whole_numbers(self.widths))

    def network(self, dataset: Dataset, seed: int = 0) -> Network:
        """Return an untrained network for a dataset; its door standardises by the dataset's mean and deviation."""
        if not isinstance(dataset, Dataset):
            got, todo = f"a {type(dataset).__name__}", "pass what load(...) or from_arrays(x, y) returned"
            raise DataError(got_expected("data of the network", got, "a Dataset", todo))
        if dataset.task.is_field and self.pool != 1:
            got, todo = str(self.pool), "leave pool out, or resample the data, as with size_to=(32, 32)"
            raise ConfigurationError(got_expected("pool of a field", got, "1: a field keeps all samples", todo))
        offset, scale = mean_and_scale(dataset.stored, dataset.full_scale)
        low, high = (tuple(limit.tolist()) for limit in value_range(dataset.stored, dataset.full_scale))
        whole = self._room(dataset.grid)
        sizes = whole.door_sizes(self.modes, FIELD_MODES if dataset.task.is_field else DEFAULT_MODES)
        pad, pool = whole.default_padding, (self.pool,) * len(dataset.grid)
        door = Door(
            self.domain,
            dataset.grid,
            tuple(whole.band_of(n) for n in sizes),
            dataset.channels,
            offset,
            scale,
            pad if any(pad) else (),
            pool if self.pool != 1 else (),
            dataset.full_scale,
            low,
            high,
        )
        fitted = whole.fitted(lambda: door.prepare(Tensor(dataset.images)).data, max(sizes))
        door = door if fitted == whole.domain else replace(door, domain=fitted)
        body = self._field_body(whole, sizes, dataset) if dataset.task.is_field else self._body(whole, sizes, dataset)
        network = Network(door, body, seed, self._precision(door, dataset))
        network.output_names = dataset.classes
        return network

    def _room(self, grid: tuple[int, ...]) -> Space:
        """Return the space of the full band on the grid, pooled and with the padding that the domain needs."""
        if self.size not in SIZES:
            raise ConfigurationError(got_expected("size", repr(self.size), " or ".join(SIZES), "pass size='large'"))
        make = get_domain(self.domain)
        pooled = tuple(max(1, n // max(1, self.pool)) for n in grid)
        return make(tuple(n + p for n, p in zip(pooled, make(pooled).default_padding, strict=True)))

    def _precision(self, door: Door, dataset: Dataset) -> str:
        if self.precision not in (None, "float32", "float64"):
            expected, todo = "float32 or float64", "leave it out, or pass precision='float64'"
            raise ConfigurationError(got_expected("precision", repr(self.precision), expected, todo))
        if self.precision is None and needs_float64(dataset):
            return "float64"
        return self.precision or least_precision(door.space)

    def _body(self, whole: Space, sizes: tuple[int, ...], dataset: Dataset) -> Module:
        size = SIZES[self.size]
        layers: list[Module] = []
        for stage, width in enumerate(self.widths or size.widths):
            kept = whole.stage_sizes(sizes, stage, size.shares)
            layers += [TruncationPool(kept), *self._stage(whole, sizes, kept, width, 3)]
        return Sequential((*layers, PowerNorm(), Dense(len(dataset.classes)), *units_of(dataset)))

    def _field_body(self, whole: Space, sizes: tuple[int, ...], dataset: Dataset) -> Module:
        """Return a body that keeps all modes: its stages correct a convolution of the input."""
        layers: list[Module] = []
        for width in self.widths or FIELD_WIDTHS[self.size]:
            layers += self._stage(whole, sizes, sizes, width, 5)
        # Starting at zero, the sum is the shortcut.
        inner = Sequential((*layers, PowerNorm(), self._convolution(len(dataset.classes), sizes, 5)))
        return Sequential((Residual(inner), *units_of(dataset)))

    def _convolution(self, width: int, kept: tuple[int, ...], taps: int) -> Convolution:
        return Convolution(width, tuple(min(taps, n) for n in kept), self.kernel, boundary="modulo", bias=False)

    def _stage(
        self, whole: Space, sizes: tuple[int, ...], kept: tuple[int, ...], width: int, taps: int
    ) -> list[Module]:
        most = whole.band_of(max(sizes))
        if self.gate_band is not None and not 0 <= self.gate_band <= most:
            raise ConfigurationError(
                got_expected("gate band", self.gate_band, f"0 to {most} with {sizes} modes", f"pass gate_band={most}")
            )
        return [self._convolution(width, kept, taps), PowerNorm(), self._activation()]

    def _activation(self) -> Module:
        if self.activation not in ACTIVATIONS:
            todo = "pass activation='polynomial'"
            raise ConfigurationError(got_expected("activation", repr(self.activation), " or ".join(ACTIVATIONS), todo))
        make = ACTIVATIONS[self.activation]
        if self.activation in _GATED:
            return make(gate_band=self.gate_band)
        if self.gate_band is not None:
            got, todo = f"{self.gate_band} with {self.activation}", "leave the gate band out"
            raise ConfigurationError(got_expected("gate band", got, "activation='polynomial'", todo))
        return make()


def units_of(dataset: Dataset) -> tuple[Module, ...]:
    """Return the layer that gives outputs the mean and the deviation of the targets, where these have units."""
    if not dataset.task.has_units:
        return ()
    targets = dataset.targets
    offset, scale = mean_and_scale(targets if targets.ndim > 2 else targets[:, np.newaxis])
    return (Rescale(scale, offset),)


def _whole_numbers(widths: Any) -> tuple[int, ...]:
    """Return the widths of convolutions as plain numbers, after checking them."""
    numbers = listed(widths)
    if not numbers or not all(is_whole(width) and width >= 1 for width in numbers):
        expected, todo = "whole numbers of 1 or more, one per convolution", "pass widths=(16, 32, 64)"
        raise ConfigurationError(got_expected("widths", shown(widths), expected, todo))
    return tuple(int(width) for width in numbers)


def training_defaults(name: str) -> dict[str, Any]:
    """Return the default training settings for a dataset.

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
