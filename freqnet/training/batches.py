"""Datasets as spectra: transformed once at the door, then drawn in batches and shifted inside the domain."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from freqnet import ops
from freqnet.autodiff import Tensor, no_grad
from freqnet.data import Dataset
from freqnet.display import Displayed
from freqnet.errors import DataError, got_expected
from freqnet.nn import Network
from freqnet.spaces import Space

# Samples transformed at a time: temporary arrays stay small compared with the spectra.
_SLICE = 2048


@dataclass(frozen=True, repr=False)
class Spectra(Displayed):
    """A labelled set of spectra.

    Attributes
    ----------
    array : numpy.ndarray
        ``(*modes, samples, channels)``.
    labels : numpy.ndarray
        ``(samples,)``.
    space : Space
        Space of the spectra.
    """

    array: np.ndarray
    labels: np.ndarray
    space: Space

    def __len__(self) -> int:
        return len(self.labels)

    def __repr__(self) -> str:
        return f"Spectra({len(self)} examples, {self.array.shape[-1]} channels of {self.space})"

    def take(self, indices: np.ndarray) -> tuple[Tensor, np.ndarray]:
        """Return the spectra ``(*modes, batch, channels)`` and labels at `indices`."""
        return Tensor(np.ascontiguousarray(self.array[..., indices, :]), self.space), self.labels[indices]

    def in_order(self, batch: int) -> Iterator[tuple[Tensor, np.ndarray]]:
        """Yield every example once, in order."""
        for start in range(0, len(self), batch):
            yield self.take(np.arange(start, min(start + batch, len(self))))

    def shuffled(
        self, batch: int, generator: np.random.Generator, shift: float = 0.0
    ) -> Iterator[tuple[Tensor, np.ndarray]]:
        """Yield every example once, in random order, each shifted by up to `shift` samples along each axis.

        A shift is a phase ramp, so fractions of a sample are allowed. The last batch may be smaller.
        """
        order = generator.permutation(len(self))
        for start in range(0, len(self), batch):
            x, labels = self.take(order[start : start + batch])
            if shift:
                moves = generator.uniform(-shift, shift, (len(labels), self.space.ndim))
                with no_grad():
                    x = ops.shift(x, moves)
            yield x, labels


def require_spectra(value: object, what: str) -> None:
    """Raise `DataError`, with advice on how to make spectra, unless a value is a `Spectra`."""
    if not isinstance(value, Spectra):
        todo = "pass the data through analyse(network, dataset)"
        raise DataError(got_expected(what, f"a {type(value).__name__}", "spectra", todo))


def analyse(network: Network, dataset: Dataset) -> Spectra:
    """Pass a dataset through the network's door.

    Raises
    ------
    DataError
        The arguments are not a network and a dataset, or the spectrum of large values is not finite.

    Examples
    --------
    >>> from freqnet import nn
    >>> from freqnet.data import load
    >>> from freqnet.training import analyse
    >>> body = nn.Sequential((nn.GlobalAverage(), nn.Dense(10)))
    >>> network = nn.Network(nn.Door("fourier", (8, 8), (3, 3), 1), body)
    >>> analyse(network, load("digits")).array.shape
    (7, 4, 1797, 1)
    """
    if not isinstance(network, Network) or not isinstance(dataset, Dataset):
        got = f"a {type(network).__name__} and a {type(dataset).__name__}"
        raise DataError(got_expected("analyse", got, "a Network and a Dataset", "call analyse(network, dataset)"))
    images = dataset.scaled_to(network.door.full_scale).images
    with np.errstate(over="ignore", invalid="ignore"):
        values = network.door.read(images).data
        starts = range(0, len(values), _SLICE)
        parts = [network.door.transform(Tensor(values[i : i + _SLICE]), network.precision).data for i in starts]
    array = parts[0] if len(parts) == 1 else np.concatenate(parts, axis=-2)
    if not np.isfinite(array).all():
        got = f"values up to {np.abs(images).max():.3g}"
        expected, todo = "a finite spectrum in float32", "scale the images to [0, 1]"
        raise DataError(got_expected(f"images of {dataset.name}", got, expected, todo))
    return Spectra(array, dataset.labels, network.door.space)
