"""Datasets as spectra: transformed once at the door, then drawn in batches and shifted inside the domain."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from itertools import chain
from pathlib import Path
from typing import Any

import numpy as np

from freqnet import ops
from freqnet.augment import Augmentation, Batch, Compose, Kind, Shift
from freqnet.autodiff import Tensor
from freqnet.data import Dataset
from freqnet.data.measured import units_of_bins
from freqnet.display import Displayed
from freqnet.errors import ConfigurationError, DataError, DataWarning, ShapeError, SpaceError, got_expected, warn
from freqnet.nn import Door, MeasuredDoor, Network
from freqnet.ops.arithmetic import cast, extend
from freqnet.ops.normalize import constant
from freqnet.spaces import Space
from freqnet.tasks import Classification, Task
from freqnet.training.spectra_files import DiskSpectra, refuse_infinite, spectra_on_disk
from freqnet.values import as_numbers, mean_and_scale, needs_double, value_range

# Samples transformed at a time: temporary arrays stay small compared with the spectra.
_SLICE = 2048
# The square of a smaller number, or of the inverse of a larger one, is beyond float32.
_SMALL = 1e-15
# Targets with a mean this many deviations away, or a deviation so much larger or smaller, are in other units.
_FAR = 30.0


@dataclass(frozen=True, repr=False)
class Spectra(Displayed):
    """A set of spectra with their targets.

    Attributes
    ----------
    array : numpy.ndarray or DiskSpectra
        ``(*modes, samples, channels)``, in memory, in files, or computed when they are taken.
    targets : numpy.ndarray
        Targets as the dataset stores them, with one row per sample.
    space : Space
        Space of the spectra.
    task : Task
        What the targets are [classes].
    weights : numpy.ndarray, optional
        Weight of each sample in the loss ``(samples,)``, 0 or more, relative to their mean; by default all count alike.
    fields : numpy.ndarray, optional
        Where the targets are signals, their spectra ``(*modes, samples, channels)`` in `field_space`.
    field_space : Space, optional
        Space of the network's outputs, where these are signals.
    names : tuple of str
        Names of the outputs, in the order of the targets; empty if they are not known.
    door : Door, optional
        The door that the samples passed.

    Raises
    ------
    DataError
        The numbers of spectra, targets and weights differ, or a weight is negative or not finite.
    """

    array: np.ndarray | DiskSpectra
    targets: np.ndarray
    space: Space
    task: Task = field(default_factory=Classification)
    weights: np.ndarray | None = None
    fields: np.ndarray | None = None
    field_space: Space | None = None
    names: tuple[str, ...] = ()
    door: Door | None = None

    def __post_init__(self) -> None:
        count = self.array.shape[-2]
        object.__setattr__(self, "targets", np.asarray(self.targets))
        if self.targets.ndim == 0 or len(self.targets) != count:
            got = f"targets of shape {self.targets.shape} for {count} spectra"
            raise DataError(got_expected("spectra", got, f"{count} targets", "pass one target per sample"))
        if self.weights is not None:
            object.__setattr__(self, "weights", sample_weights(self.weights, count))

    def __len__(self) -> int:
        return len(self.targets)

    def __repr__(self) -> str:
        return f"Spectra({len(self)} examples, {self.array.shape[-1]} channels of {self.space})"

    def take(self, indices: np.ndarray) -> Batch:
        """Return the examples at `indices`."""
        x = Tensor(self.array.take(indices, axis=-2), self.space)
        targets = self.targets[indices] if self.fields is None else self.fields.take(indices, axis=-2)
        return Batch(x, targets, None if self._shares is None else self._shares[indices], self.field_space)

    @property
    def kind(self) -> Kind:
        """What the examples are, for the check of augmentations."""
        masks = 0 if self.door is None else self.door.masks
        return Kind(self.space, self.array.shape[-1], self.task, self.field_space, masks=masks)

    @cached_property
    def _shares(self) -> np.ndarray | None:
        """The weights relative to their mean, which every batch reads."""
        return None if self.weights is None else self.weights / self.weights.mean()

    def in_order(self, batch: int) -> Iterator[Batch]:
        """Yield every example once, in order."""
        for start in range(0, len(self), batch):
            yield self.take(np.arange(start, min(start + batch, len(self))))

    def shuffled(
        self,
        batch: int,
        generator: np.random.Generator,
        shift: float = 0.0,
        augment: Augmentation | Sequence[Augmentation] = (),
    ) -> Iterator[Batch]:
        """Yield every example once, in random order, shifted and changed at random.

        Parameters
        ----------
        batch : int
            Examples per batch; the last batch may be smaller.
        generator : numpy.random.Generator
            Draws the order and all changes.
        shift : float
            Largest shift along each axis, in samples: `freqnet.augment.Shift` before all other changes.
        augment : Augmentation or sequence of Augmentation
            Changes, each example by a draw of its own. Targets that are signals move with their example.

        Raises
        ------
        ConfigurationError
            An augmentation does not suit the examples.
        """
        change = Compose((*([Shift(shift)] if shift else []), Compose(augment)))
        change.check(self.kind)
        return self._shuffled(batch, generator, change)

    def _shuffled(self, batch: int, generator: np.random.Generator, change: Compose) -> Iterator[Batch]:
        for indices in self.orders(batch, generator):
            yield self.drawn(indices, generator, change)

    def orders(self, batch: int, generator: np.random.Generator) -> Iterator[np.ndarray]:
        """Yield the numbers of the examples of each batch of a pass in random order."""
        if isinstance(self.array, DiskSpectra):
            yield from self.array.orders(batch, generator)
            return
        order = generator.permutation(len(self))
        for start in range(0, len(self), batch):
            yield order[start : start + batch]

    def drawn(self, indices: np.ndarray, generator: np.random.Generator, change: Compose) -> Batch:
        """Return the examples at `indices`, changed at random."""
        taken = self.take(indices)
        return change(taken, generator) if change.members else taken


def sample_weights(weights: Any, count: int) -> np.ndarray:
    """Return weights of samples as numbers.

    Raises
    ------
    DataError
        There are not as many as samples, one is negative or not finite, or all are 0.

    Examples
    --------
    >>> sample_weights([1, 2], 2)
    array([1., 2.])
    """
    # A copy: the caller's array may change.
    numbers = np.array(as_numbers(weights, "weights of the samples"), np.float64)
    what, expected = "weights of the samples", "finite numbers of 0 or more, not all 0"
    if numbers.shape != (count,):
        todo = "pass one weight per sample"
        raise DataError(got_expected(what, f"shape {numbers.shape}", f"shape ({count},)", todo))
    # Their sum must be finite as well.
    bad = ~(numbers >= 0) | ~(numbers < 1e300)
    if bad.any() or (count and not numbers.any()):
        got = f"{numbers[bad][0]:g} at index {int(np.argmax(bad))}" if bad.any() else "0 for all samples"
        raise DataError(got_expected(what, got, expected, "leave samples out instead"))
    return numbers


def require_spectra(value: object, what: str) -> None:
    """Raise `DataError`, with advice on how to make spectra, unless a value is a `Spectra`."""
    if not isinstance(value, Spectra):
        todo = "pass the data through analyse(network, dataset)"
        raise DataError(got_expected(what, f"a {type(value).__name__}", "spectra", todo))


def analyse(network: Network, dataset: Dataset, weights: Any = None, *, cache: str | Path | None = None) -> Spectra:
    """Pass a dataset through the network's door; targets that are signals pass a door like it.

    Parameters
    ----------
    network : Network
    dataset : Dataset
    weights : array_like, optional
        Weight of each sample in the loss ``(samples,)``, 0 or more.
    cache : path, optional
        Folder in which the spectra are kept in files, and found again. Without it, spectra of samples in memory are in
        memory, and those of samples in files are computed whenever they are taken.

    Raises
    ------
    DataError
        The arguments are not a network and a dataset, the outputs of the network do not suit the task, the spectrum of
        large values is not finite, or the weights do not fit.
    ShapeError
        Signals have too few samples for the band.
    ConfigurationError
        The folder of the cache cannot be written to, or its disk is full.

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
    door, task = network.door, dataset.task
    _require_kind(door, dataset)
    space = output_space(network, task)
    require_names(network, dataset.classes, dataset.name)
    _tell_units(network, dataset)
    own, count = _readable(door, dataset), len(dataset)
    array: np.ndarray | DiskSpectra
    if own.on_disk or cache is not None:
        array = spectra_on_disk(door, network.precision, own, cache)
    else:
        analysed = lambda part: door.transform(part, network.precision)
        array = _in_slices(own.floats, count, analysed, f"images of {dataset.name}")
    if space is None:
        return Spectra(array, dataset.targets, door.space, task, weights, names=dataset.classes, door=door)
    targets = dataset.targets.__getitem__
    fields = _in_slices(targets, count, lambda part: _field(network, part), f"targets of {dataset.name}")
    return Spectra(array, dataset.targets, door.space, task, weights, fields, space, dataset.classes, door)


def _require_kind(door: Door, dataset: Dataset) -> None:
    """Raise `DataError` unless measured spectra meet a door for them, with as many masks, and samples another one."""
    if isinstance(door, MeasuredDoor):
        got = "samples" if dataset.measured is None else f"{dataset.measured.masks} mask channels"
        if dataset.measured is None or dataset.measured.masks != door.mask:
            expected, todo = f"measured spectra with {door.mask} mask channels", "make them by from_spectra"
            raise DataError(got_expected(f"dataset {dataset.name}", got, expected, todo))
    elif dataset.measured is not None:
        todo = "make the network with nn.MeasuredDoor"
        raise DataError(got_expected(f"dataset {dataset.name}", "measured spectra", "samples, as the door takes", todo))


def require_names(network: Network, names: Sequence[str], what: str) -> None:
    """Raise `DataError` if targets have other names, or other numbers of them, than the outputs of a network."""
    own = network.output_names
    if not own or not names or tuple(names) == own:
        return
    todo = f"match them by name, as with dataset.with_classes({list(own)[:4]!r}{'...' if len(own) > 4 else ''})"
    if set(names) - set(own):
        todo = "take data with the same outputs, or a network for these"
    got = f"the outputs {', '.join(map(str, names[:8]))}{', ...' if len(names) > 8 else ''}"
    expected = f"those of the network, in its order: {', '.join(own[:8])}{', ...' if len(own) > 8 else ''}"
    raise DataError(got_expected(f"targets of {what}", got, expected, todo))


def require_door(network: Network, spectra: Spectra) -> None:
    """Raise `SpaceError` if spectra passed the door of another network, with another mean or scale."""
    if spectra.space != network.door.space:
        todo = "make them with analyse(network, dataset)"
        raise SpaceError(got_expected("spectra", spectra.space, f"the network's {network.door.space}", todo))
    if spectra.door is None:
        return
    if type(spectra.door) is not type(network.door):
        got, todo = f"those of a {type(spectra.door).__name__}", "make them with analyse(network, dataset)"
        raise SpaceError(got_expected("spectra", got, f"those of a {type(network.door).__name__}", todo))
    for name in ("offset", "scale", "pad", "pool", "grid"):
        given, own = getattr(spectra.door, name), getattr(network.door, name)
        if given != own:
            got, todo = f"those of a door with {name}={given}", "make them with analyse(network, dataset)"
            raise SpaceError(got_expected("spectra", got, f"{name}={own}, of the network's own door", todo))


def _tell_units(network: Network, dataset: Dataset) -> None:
    """Warn if targets are in other units than the outputs of a network, or if its precision cannot hold them."""
    if not dataset.task.has_units or dataset.targets.shape[-1] != network.outputs:
        return
    what, (scale, offset) = f"targets of {dataset.name}", network.units
    if network.precision.itemsize < 8 and needs_float64(dataset):
        got = f"numbers from {dataset.targets.min():.10g} to {dataset.targets.max():.10g} for {network.precision}"
        todo = "pass precision='float64', or subtract their mean and divide by their deviation"
        warn(got_expected(what, got, "a precision that holds what varies in them, float64", todo), DataWarning)
    mean, deviation = _units_of_targets(dataset)
    # Without a `Rescale` nothing tells what is usual.
    is_far = np.abs(mean - offset) > _FAR * np.abs(scale)
    is_wide = (deviation > _FAR * np.abs(scale)) | (deviation < np.abs(scale) / _FAR)
    if network.has_units and (is_far | (is_wide & (len(dataset) > 3))).any():
        one = int(np.argmax(is_far | is_wide))
        got = f"{dataset.classes[one]} with mean {mean[one]:.4g} and deviation {deviation[one]:.4g}"
        expected = f"the units of the network: mean {offset[one]:.4g} and deviation {abs(scale[one]):.4g}"
        warn(got_expected(what, got, expected, "convert them, or train a new network"), DataWarning)


def _units_of_targets(dataset: Dataset) -> tuple[np.ndarray, np.ndarray]:
    """Return the mean and the deviation of each output of the targets."""
    if dataset.measured is not None and dataset.task.is_field:
        mean, deviation = units_of_bins(dataset.targets, replace(dataset.measured, masked=False))
        return np.array(mean), np.array(deviation)
    flat = dataset.targets.reshape(-1, dataset.targets.shape[-1])
    return flat.mean(axis=0), flat.std(axis=0)


def needs_float64(dataset: Dataset) -> bool:
    """Return whether float32 would lose what varies in targets that have units, or could not hold their squares."""
    if not dataset.task.has_units:
        return False
    targets = dataset.targets if dataset.targets.ndim > 2 else dataset.targets[:, np.newaxis]
    _, scale = mean_and_scale(targets)
    is_extreme = any(not _SMALL < number < 1 / _SMALL for number in scale)
    return is_extreme or needs_double(*value_range(targets))


def output_space(network: Network, task: Task) -> Space | None:
    """Return the space of the network's outputs; None where they are plain numbers.

    Raises
    ------
    DataError
        The outputs are not those of the task.
    """
    if task.is_field and any(p > 1 for p in network.door.pool):
        got, todo = f"pool={network.door.pool}", "pass pool=1, or resample the data, as with size_to=(32, 32)"
        raise DataError(got_expected("network for a field", got, "no pooling before the transform", todo))
    if task.is_field and network.output_space is None:
        todo = "leave out the head, such as Dense, and GlobalAverage"
        raise DataError(got_expected("outputs for a field", f"{network.outputs} plain numbers", "signals", todo))
    if not task.is_field and network.output_space is not None:
        got, todo = f"{network.outputs} channels of {network.output_space}", "add a head such as Dense(10)"
        raise DataError(got_expected(f"outputs for a {task.name}", got, "features at the end of the network", todo))
    return network.output_space


def _field(network: Network, targets: Tensor) -> Tensor:
    """Return the spectra of signals ``(batch, *grid, channels)`` in the space of the network's outputs."""
    assert network.output_space is not None
    whole, (_, offset) = network.padded(targets.shape[1:-1]), network.units
    try:
        network.output_space.check_samples(np.empty((0, *whole, targets.shape[-1])))
        network.output_space.check_nyquist(whole)
    except (ShapeError, ConfigurationError) as error:
        got, todo = (
            f"signals of {targets.shape[1:-1]} points",
            "keep fewer modes, as with modes=9, or take finer targets",
        )
        expected = f"enough points for the band {network.output_space.band} of the outputs"
        raise DataError(got_expected("targets of a field", got, expected, todo)) from error
    if whole == targets.shape[1:-1]:
        return network.door.signal_of(cast(targets, precision=network.precision), network.output_space)
    # The door standardises samples before it adds zeros: behind the samples, a target is the offset of the outputs.
    centred = cast(targets - Tensor(offset), precision=network.precision)
    extended = extend(centred, shape=(len(centred.data), *whole, centred.shape[-1]))
    shift = Tensor(offset[None].astype(network.precision))
    return ops.analysis(extended, network.output_space) + constant(shift, space=network.output_space)


def _readable(door: Door, dataset: Dataset) -> Dataset:
    """Return a dataset in the units of a door, after the checks of `Door.read`; whole numbers stay as they are."""
    own = dataset.scaled_to(door.full_scale)
    if own.stored.dtype.kind == "f" and not own.on_disk:
        return replace(own, stored=door.read(own.stored).data)
    door.check_shape(own.stored.shape)
    if len(own):
        door.check_range(*value_range(own.stored, own.full_scale))
    return own


def _in_slices(
    read: Callable[[slice], np.ndarray], count: int, transform: Callable[[Tensor], Tensor], what: str
) -> np.ndarray:
    """Return the spectra of samples ``(*modes, samples, channels)``."""
    with np.errstate(over="ignore", invalid="ignore"):
        # At least one part, which may be empty: it has the shape of the spectra.
        starts = range(0, max(count, 1), _SLICE)
        array = _joined((transform(Tensor(read(slice(i, i + _SLICE)))).data for i in starts), count)
    if not np.isfinite(array).all():
        refuse_infinite(array, read(slice(None)), what)
    return array


def _joined(parts: Iterator[np.ndarray], count: int) -> np.ndarray:
    """Return arrays joined along their last axis but one, with one of them in memory at a time."""
    first = next(parts)
    if first.shape[-2] == count:
        return first
    array = np.empty((*first.shape[:-2], count, first.shape[-1]), first.dtype)
    start = 0
    for part in chain([first], parts):
        array[..., start : start + part.shape[-2], :] = part
        start += part.shape[-2]
    return array
