"""A fixed copy of a network, in double precision and evaluation mode, with the input and output of every layer."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from freqnet.audit.walk import Step, walk
from freqnet.autodiff import Tensor, no_grad
from freqnet.errors import DataError, ShapeError, got_expected
from freqnet.nn import Network
from freqnet.ops import coordinates


@dataclass(frozen=True, eq=False)
class Probe:
    """A copy of a network in float64, and the steps of one pass of examples through it.

    Attributes
    ----------
    network : Network
    steps : list of Step
        The door, then the layers in the order they run.
    """

    network: Network
    steps: list[Step]

    @property
    def spectra(self) -> Tensor:
        """The signals that leave the door, ``(*modes, batch, channels)``."""
        return self.steps[0].output

    @property
    def layers(self) -> list[Step]:
        """The steps without the door."""
        return self.steps[1:]

    @property
    def logits(self) -> np.ndarray:
        """The network's outputs on the examples, ``(batch, outputs)``; of signals, their coordinates."""
        return plain_outputs(self.steps[-1].output).data

    @property
    def transforms_inside(self) -> int:
        """Number of transforms that ran inside the network during the pass."""
        return sum(step.transforms for step in self.layers)

    def run(self, spectra: Tensor) -> np.ndarray:
        """Return the outputs of other spectra of the same space."""
        with no_grad():
            return plain_outputs(self.network(spectra)).data


def plain_outputs(x: Tensor) -> Tensor:
    """Return outputs as plain numbers ``(batch, outputs)``; of signals, orthonormal real coordinates."""
    return x if x.space is None else coordinates(x)


def probe(network: Network, samples: np.ndarray) -> Probe:
    """Copy a network in double precision, and pass samples through the copy.

    Parameters
    ----------
    network : Network
    samples : numpy.ndarray
        ``(batch, *grid, channels)``.

    Returns
    -------
    Probe

    Raises
    ------
    ShapeError
        There are no samples, or they do not fit the door.
    DataError
        The samples or the logits are not finite, or the samples are no numbers.

    Examples
    --------
    >>> import numpy as np
    >>> from freqnet import nn
    >>> from freqnet.audit import probe
    >>> body = nn.Sequential(nn.TruncationPool(3), nn.Dense(2))
    >>> network = nn.Network(nn.Door("fourier", (8, 8), (3, 3), 1), body)
    >>> samples = np.random.default_rng(0).normal(size=(4, 8, 8, 1))
    >>> [(step.name, step.output.shape) for step in probe(network, samples).layers]
    [('0', (3, 2, 4, 1)), ('1', (4, 2))]
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
    # Derivatives by the weights would cost as much as those by the input.
    for parameter in copy.named_parameters().values():
        parameter.requires_grad = False
    with np.errstate(over="ignore", invalid="ignore"):
        found = Probe(copy, walk(copy, samples))
    if not np.isfinite(found.logits).all():
        todo = "scale the samples like those of training, or train again with a lower learning rate"
        raise DataError(got_expected("audit", "logits that are not finite", "finite logits", todo))
    return found


def mode_power(x: Tensor) -> np.ndarray:
    """Return the share of each pair of modes in a signal's mean square, ``(pairs, batch, channels)``."""
    modes = x.space.as_modes(x.data)
    return x.space.mode_space.mode_inner(modes, modes)


def disturbed(x: Tensor, mode: int, size: np.ndarray) -> Tensor:
    """Add a wave of one mode to every example and channel.

    Parameters
    ----------
    x : Tensor
        Signal ``(*modes, batch, channels)``.
    mode : int
        Position of the mode in `freqnet.spaces.mode_numbers`.
    size : numpy.ndarray
        Coordinates of the wave, ``(2, batch, channels)``; only the first counts for the mean.
    """
    space = x.space.mode_space
    count = (space.coordinate_count - 1) // 2
    values = np.zeros((2 * count + 1, *size.shape[1:]))
    values[mode] = size[0]
    if mode:
        values[count + mode] = size[1]
    return Tensor(x.data + x.space.from_modes(space.from_coordinates(values)), x.space)
