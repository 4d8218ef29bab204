"""Batches of examples, and the base classes of what changes them at random."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, ClassVar

import numpy as np

from freqnet.autodiff import Tensor, no_grad
from freqnet.checks import is_finite
from freqnet.errors import ConfigurationError, got_expected
from freqnet.spaces import Space
from freqnet.tasks import Classification, Mix, Task


@dataclass(frozen=True)
class Batch:
    """Some examples of a set of spectra, which ``x, targets = batch`` unpacks.

    Attributes
    ----------
    x : Tensor
        Spectra ``(*modes, batch, channels)``.
    targets : numpy.ndarray
        What the loss compares outputs with: targets ``(batch, ...)``, or spectra ``(*modes, batch, channels)`` of a
        field.
    weights : numpy.ndarray or None
        Weight of each example ``(batch,)``, relative to the mean over all examples of the set.
    field_space : Space or None
        Space of the targets of a field; None where targets are plain numbers.
    mixes : tuple of Mix
        Mixtures of examples, in the order in which they were made. The loss mixes the targets in the same way.
    """

    x: Tensor
    targets: np.ndarray
    weights: np.ndarray | None = None
    field_space: Space | None = None
    mixes: tuple[Mix, ...] = ()

    def __iter__(self) -> Iterator[Any]:
        return iter((self.x, self.targets))

    @property
    def count(self) -> int:
        """Number of examples."""
        return int(self.x.shape[-2])

    @property
    def space(self) -> Space:
        """Space of the spectra."""
        assert self.x.space is not None
        return self.x.space

    def with_array(self, array: np.ndarray) -> Batch:
        """Return the same examples with other spectra in the same space."""
        return replace(self, x=Tensor(array, self.x.space))


@dataclass(frozen=True)
class Kind:
    """What a set of examples is, for the check whether an augmentation suits it.

    Attributes
    ----------
    space : Space
        Space of the spectra.
    channels : int
        Channels of the spectra.
    task : Task
        What the targets are.
    field_space : Space or None
        Space of the targets of a field.
    can_mix : bool
        Whether the loss takes mixed targets.
    masks : int
        Channels at the end that hold masks of what was measured.
    """

    space: Space
    channels: int
    task: Task = field(default_factory=Classification)
    field_space: Space | None = None
    can_mix: bool = True
    masks: int = 0

    @property
    def spaces(self) -> tuple[Space, ...]:
        """The spaces of all signals that move together."""
        return (self.space,) if self.field_space is None else (self.space, self.field_space)


class Augmentation(ABC):
    """A random change of the examples of a batch, each by a draw of its own, without a transform.

    Attributes
    ----------
    word : str
        Its name in `freqnet.training.Settings` and on the command line.
    """

    word: ClassVar[str]

    @abstractmethod
    def check(self, kind: Kind) -> None:
        """Raise `ConfigurationError` unless examples of this kind can be changed so."""

    @abstractmethod
    def change(self, batch: Batch, generator: np.random.Generator) -> Batch:
        """Return the changed examples; the arrays of the batch stay as they are."""

    def __call__(self, batch: Batch, generator: np.random.Generator) -> Batch:
        """Return the examples changed at random.

        Parameters
        ----------
        batch : Batch
        generator : numpy.random.Generator
            Draws the change of each example.
        """
        with no_grad():
            return self.change(batch, generator)

    def refuse(self, got: object, expected: str, todo: str = "") -> ConfigurationError:
        """Return the error that examples or an amount do not suit."""
        return ConfigurationError(
            got_expected(f"augment {self.word}", got, expected, todo or f"leave {self.word} out of augment")
        )

    def require_number(self, name: str, low: float, high: float, example: float) -> None:
        """Raise `ConfigurationError` unless a field is a number in a range; make it a plain float."""
        value = getattr(self, name)
        if not is_finite(value) or not low <= value <= high:
            expected = f"a number from {low:g} to {high:g}" if np.isfinite(high) else f"a number of {low:g} or more"
            raise self.refuse(
                f"{name}={value!r}", expected, f"pass {example:g}, as in augment='{self.word}={example:g}'"
            )
        object.__setattr__(self, name, float(value))

    def require_periodic(self, kind: Kind) -> None:
        """Raise `ConfigurationError` unless signals are periodic."""
        for space in kind.spaces:
            if not space.is_periodic:
                todo = f"leave {self.word} out of augment, or pass domain='fourier'"
                raise self.refuse(f"the {space.domain} domain", "a domain of periodic signals", todo)


def chosen(count: int, p: float, generator: np.random.Generator) -> np.ndarray:
    """Return which of `count` examples are changed, each with probability `p`."""
    return generator.random(count) < p


def pick(which: np.ndarray, changed: np.ndarray, array: np.ndarray) -> np.ndarray:
    """Return ``(*modes, batch, channels)`` with the examples `which` of `changed`, and the others of `array`."""
    return np.where(which[:, None], changed, array)


@dataclass(frozen=True)
class Compose(Augmentation):
    """Several augmentations, one after another.

    Parameters
    ----------
    parts : sequence of Augmentation, or Augmentation

    Examples
    --------
    >>> from freqnet.augment import Brightness, Compose, Mirror
    >>> Compose((Mirror(), Brightness(0.2))).parts[0]
    Mirror(p=0.5, axis=-1)
    """

    parts: Sequence[Augmentation] | Augmentation = ()
    word: ClassVar[str] = "compose"

    def __post_init__(self) -> None:
        parts = (self.parts,) if isinstance(self.parts, Augmentation) else tuple(self.parts)
        for part in parts:
            if not isinstance(part, Augmentation):
                raise self.refuse(f"a {type(part).__name__}", "augmentations", "pass them as in [Mirror(), Shift(2)]")
        # The parts of another composition count as its own.
        own = [inner for part in parts for inner in (part.members if isinstance(part, Compose) else (part,))]
        object.__setattr__(self, "parts", tuple(own))

    @property
    def members(self) -> tuple[Augmentation, ...]:
        """The parts, as a tuple."""
        assert isinstance(self.parts, tuple)
        return self.parts

    def check(self, kind: Kind) -> None:
        """Raise `ConfigurationError` unless all parts suit the examples."""
        for part in self.members:
            if kind.masks:
                # A shift changes phases of spectra, but not which of them were measured.
                raise part.refuse("examples with masks", "none: a mask would change like an image")
            part.check(kind)

    def change(self, batch: Batch, generator: np.random.Generator) -> Batch:
        """Return the examples changed by all parts in turn."""
        for part in self.members:
            batch = part.change(batch, generator)
        return batch
