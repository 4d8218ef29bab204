"""A network held still: in double precision and evaluation mode, with what enters and leaves every layer."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from freqnet.autodiff import Tensor, no_grad
from freqnet.domains import FOURIER, Space
from freqnet.domains.fourier import mode_space
from freqnet.errors import DataError, ShapeError, got_expected
from freqnet.nn import Module, Network
from freqnet.ops.linear import mode_inner
from freqnet.report.walk import leaves


@dataclass(frozen=True, eq=False)
class Stage:
    """One layer, and what it made of the examples."""

    name: str
    layer: Module
    input: Tensor
    output: Tensor


@dataclass(frozen=True, eq=False)
class Probe:
    """A copy of a network in float64, and examples that passed it.

    Attributes
    ----------
    network : Network
    spectra : Tensor
        What left the door, ``(*modes, batch, channels)``.
    stages : list of Stage
        One a layer, in the order they run.
    transforms_inside : int
        Transforms that ran inside the network on the way.
    """

    network: Network
    spectra: Tensor
    stages: list[Stage]
    transforms_inside: int

    @property
    def logits(self) -> np.ndarray:
        """What the network makes of the examples, ``(batch, outputs)``."""
        return self.stages[-1].output.data

    def run(self, spectra: Tensor) -> np.ndarray:
        """Return the logits of other spectra of the same space."""
        with no_grad():
            return self.network(spectra).data


def probe(network: Network, samples: np.ndarray) -> Probe:
    """Copy a network in double precision, and pass samples ``(batch, *grid, channels)`` through it.

    Raises
    ------
    ShapeError
        There are no samples, or they do not fit the door.
    DataError
        Samples that are not finite, or no numbers.
    """
    try:
        values = np.asarray(samples, float)
    except (TypeError, ValueError) as error:
        got = f"samples that are no array of numbers ({error})"
        raise DataError(got_expected("audit", got, "numbers", "give every example the same shape")) from None
    if not values.size:
        raise ShapeError(got_expected("audit", "no samples", "at least one", "give some examples"))
    if not np.isfinite(values).all():
        raise DataError(got_expected("audit", "samples that are not finite", "numbers", "clean the data"))
    copy = Network.from_description({**network.describe(), "precision": "float64"})
    copy.body.load_arrays(network.arrays())
    copy.train(False)
    return follow(copy, samples)


def follow(network: Network, samples: np.ndarray) -> Probe:
    """Pass samples ``(batch, *grid, channels)`` through a network that a `probe` made, layer by layer."""
    stages, before = [], network.transforms_inside
    with no_grad():
        x = spectra = network.analyse(samples)
        with network.guard():
            for name, layer in leaves(network.body):
                out = layer(x)
                stages.append(Stage(name, layer, x, out))
                x = out
    return Probe(network, spectra, stages, network.transforms_inside - before)


def as_modes(x: Tensor) -> Tensor:
    """A signal as its modes, in its `mode_space`."""
    if x.space.domain.has_modes:
        return x
    # The audit's own transforms: the network runs none.
    space, samples = mode_space(x.space), x.space.domain.synthesis(x.data, x.space, x.space.grid)
    return Tensor(FOURIER.sample_modes(samples, space), space)


def rounding(space: Space, least: float) -> float:
    """The share of a response that counts as none: modes that are not what is stored are held to rounding."""
    if space.domain.has_modes:
        return 0.0
    # Products lose the square of the condition number.
    return max(least, min(1e-2, 1e-15 * space.condition_number**2))


def mode_power(x: Tensor) -> np.ndarray:
    """The share of each pair of modes in a signal's mean square, ``(pairs, batch, channels)``."""
    modes = as_modes(x)
    return mode_inner(modes, modes).data


def from_modes(modes: np.ndarray, space: Space) -> np.ndarray:
    """The signal of a space that has these modes: inverse of `as_modes`, up to what lies at Nyquist."""
    if space.domain.has_modes:
        return modes
    return space.domain.sample_modes(FOURIER.synthesis(modes, mode_space(space), space.grid), space)


def disturbed(x: Tensor, mode: int, size: np.ndarray) -> Tensor:
    """Add a wave of one mode, of random phase and of a given size, to every example and channel.

    Parameters
    ----------
    x : Tensor
        Signal ``(*modes, batch, channels)``.
    mode : int
        Which, in the order of `freqnet.domains.fourier.mode_numbers`.
    size : numpy.ndarray
        Coordinates of the wave, ``(2, batch, channels)``; of the mean only the first counts.
    """
    space = mode_space(x.space)
    count = (space.domain.coordinate_count(space) - 1) // 2
    values = np.zeros((2 * count + 1, *size.shape[1:]))
    values[mode] = size[0]
    if mode:
        values[count + mode] = size[1]
    return Tensor(x.data + from_modes(space.domain.from_coordinates(values, space), x.space), x.space)
