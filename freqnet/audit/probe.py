"""A network held still: in double precision and evaluation mode, with what enters and leaves every layer."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from freqnet.autodiff import Tensor, no_grad
from freqnet.domains import FOURIER, Grid, Space
from freqnet.domains.space import Axes
from freqnet.errors import DataError, ShapeError, got_expected
from freqnet.nn import Module, Network
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
    """

    network: Network
    spectra: Tensor
    stages: list[Stage]

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
        Samples that are not finite.
    """
    if not len(samples):
        raise ShapeError(got_expected("audit", "no samples", "at least one", "give some examples"))
    if not np.isfinite(np.asarray(samples, float)).all():
        raise DataError(got_expected("audit", "samples that are not finite", "numbers", "clean the data"))
    copy = Network.from_description({**network.describe(), "precision": "float64"})
    copy.body.load_arrays(network.arrays())
    copy.train(False)
    stages = []
    with no_grad():
        x = spectra = copy.analyse(samples)
        with copy.guard():
            for name, layer in leaves(copy.body):
                out = layer(x)
                stages.append(Stage(name, layer, x, out))
                x = out
    return Probe(copy, spectra, stages)


def mode_space(space: Space) -> Space:
    """The space in which a signal's modes are counted: its own, or for samples the Fourier space of its band."""
    return space if not isinstance(space.domain, Grid) else FOURIER.space(space.grid, _below_nyquist(space))


def _below_nyquist(space: Space) -> Axes:
    return tuple(min(m, (n - 1) // 2) for m, n in zip(space.band, space.grid, strict=True))


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
    wave = space.domain.from_coordinates(values, space)
    if isinstance(x.space.domain, Grid):
        wave = np.moveaxis(FOURIER.synthesis(wave, space, space.grid), 0, -2)
    return Tensor(x.data + wave, x.space)


def coefficients(x: Tensor) -> tuple[np.ndarray, np.ndarray]:
    """Orthonormal coordinates ``(coordinates, batch, channels)`` in modes, and the power of each pair of modes."""
    space = mode_space(x.space)
    data = x.data
    if isinstance(x.space.domain, Grid):
        data = FOURIER.sample_modes(np.moveaxis(data, -2, 0), space)
    return space.domain.coordinates(data, space), space.domain.mode_inner(data, data, space)
