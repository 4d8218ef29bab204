"""Predictions averaged over moved copies of each example (test-time augmentation)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import product
from typing import TYPE_CHECKING, Any

import numpy as np

from freqnet.augment import AUGMENTATIONS, Compose, Kind, Move, augmentation_words, read_augmentation
from freqnet.autodiff import Tensor, no_grad
from freqnet.checks import require_count
from freqnet.errors import ConfigurationError, SpaceError, got_expected
from freqnet.nn import Compiled, Network
from freqnet.spaces import Axes
from freqnet.spaces.base import per_axis
from freqnet.tasks import Classification, Task

if TYPE_CHECKING:
    from freqnet.torch.devices import DeviceNetwork

# More copies than this are a mistake: each is a prediction.
_MOST = 256


def read_copies(given: Any) -> tuple[Move, ...]:
    """Return the moves whose copies are averaged.

    Parameters
    ----------
    given : str, sequence of str, or None
        Words of augmentations that move examples: ``mirror``, ``mirror-all``, ``turns``, ``shift=1``.

    Raises
    ------
    ConfigurationError
        A word is not known, or no move that has a few copies.

    Examples
    --------
    >>> read_copies("mirror,shift=1")
    (Mirror(p=0.5, axis=-1), Shift(samples=1.0))
    """
    with _as_tta():
        words = augmentation_words(given, _moves()) or ()
    return tuple(move for move in map(read_augmentation, words) if isinstance(move, Move))


def _moves() -> list[str]:
    """Return the words of moves that have a few copies."""
    made = {word: known.make() for word, known in AUGMENTATIONS.items()}
    return [word for word, change in made.items() if isinstance(change, Move) and change.has_copies]


@contextmanager
def _as_tta() -> Iterator[None]:
    """Write errors about augmentations as errors about copies, which have the same words."""
    try:
        yield
    except ConfigurationError as error:
        # The domain of a trained network is what it is.
        message = str(error).replace("augment", "tta").replace(", or pass domain='fourier'", "")
        raise ConfigurationError(message) from None


class Copies:
    """The moved copies of examples whose predictions are averaged.

    Parameters
    ----------
    network : Network
    task : Task
    tta : str, sequence of str, or None
        As `read_copies` takes them. Each move multiplies the number of copies: ``mirror`` by 2, ``mirror-all`` by 2 for
        each axis, ``turns`` by 4, and ``shift`` by 1 and twice the number of axes.

    Raises
    ------
    ConfigurationError
        A word is not known, or does not suit the examples, or there are more than 256 copies.
    """

    def __init__(self, network: Network, task: Task, tta: Any) -> None:
        self.network, self.task, self.moves = network, task, read_copies(tta)
        door = network.door
        with _as_tta():
            Compose(self.moves).check(Kind(door.space, door.channels, task, network.output_space, masks=door.masks))
        self.drawn = list(product(*(move.copies(door.space.ndim) for move in self.moves)))
        if len(self.drawn) > _MOST:
            raise ConfigurationError(
                got_expected("tta", f"{len(self.drawn)} copies", f"at most {_MOST}", "pass tta='mirror,shift=1'")
            )

    def outputs(self, network: Network | Compiled | DeviceNetwork, x: Tensor, batch: int) -> np.ndarray:
        """Return the averaged outputs for spectra, as `Network.infer` returns them."""
        if not self.moves:
            return network.infer(x, batch)
        with no_grad():
            return self.task.average(list(self._each(network, x, batch)))

    def predict(self, samples: Any, batch: int = 250, grid: Axes | int | None = None) -> np.ndarray:
        """Return the averaged outputs of samples, as `Network.predict` returns them."""
        network = self.network
        if not self.moves:
            return network.predict(samples, batch, grid)
        require_count("batch", batch, 250)
        if network.output_space is None and grid is not None:
            got, todo = f"{grid} for {network.outputs} outputs that are plain numbers", "leave it out"
            raise ConfigurationError(got_expected("grid", got, "none", todo))
        outputs = self.outputs(network, network.analyse(samples), batch)
        if network.output_space is None:
            return outputs
        sizes = network.usual_output_grid if grid is None else per_axis(grid, len(network.door.grid), "grid")
        return network.sampled(outputs, sizes)

    def _each(self, network: Network | Compiled | DeviceNetwork, x: Tensor, batch: int) -> Iterator[np.ndarray]:
        space = self.network.door.space
        for drawn in self.drawn:
            copy = x
            for move, moves in zip(self.moves, drawn, strict=True):
                copy = move.moved(copy, moves, space)
            found = network.infer(copy, batch)
            if self.network.output_space is not None:
                # Signals are moved back, so that all copies are in one place.
                signal = Tensor(found, self.network.output_space)
                for move, moves in zip(self.moves[::-1], drawn[::-1], strict=True):
                    signal = move.moved(signal, move.back(moves), space)
                found = signal.data
            # The next prediction may use the same array.
            yield found.copy()


def predict_averaged(
    network: Network,
    samples: Any,
    tta: str | Sequence[str] = "mirror,shift=1",
    task: Task | None = None,
    batch: int = 250,
    grid: Axes | int | None = None,
) -> np.ndarray:
    """Return the outputs of samples, averaged over moved copies of each sample.

    Parameters
    ----------
    network : Network
    samples : array_like
        ``(batch, *grid, channels)``, as `freqnet.nn.Network.predict` takes them.
    tta : str or sequence of str
        Words of moves, such as ``"mirror,shift=1"``. `freqnet.augment` describes them. Take those which leave the
        target as it is: a mirrored digit is another sign.
    task : Task, optional
        What the outputs are [classification]. Probabilities of classes and of labels are averaged, and returned as
        logits; numbers and signals are averaged as they are, signals after they are moved back.
    batch : int
        Samples computed at a time where the network does not run as a plan.
    grid : int or tuple of int, optional
        Where the outputs are signals, the number of samples along each axis to return them on.

    Returns
    -------
    numpy.ndarray
        As `freqnet.nn.Network.predict` returns them. Nothing is drawn: the same samples have the same outputs.

    Raises
    ------
    ConfigurationError
        A word is not known, or does not suit the network.
    DataError, ShapeError
        As for `freqnet.nn.Network.predict`.

    Examples
    --------
    >>> import numpy as np
    >>> from freqnet import nn
    >>> from freqnet.training import predict_averaged
    >>> body = nn.Sequential((nn.Convolution(8), nn.PowerNorm(), nn.Polynomial(), nn.Dense(10)))
    >>> network = nn.Network(nn.Door("fourier", (8, 8), (3, 3), 1), body)
    >>> predict_averaged(network, np.ones((2, 8, 8, 1))).shape
    (2, 10)
    """
    if not isinstance(network, Network):
        todo = "pass the network first"
        raise SpaceError(got_expected("predict_averaged", f"a {type(network).__name__}", "a Network", todo))
    return Copies(network, task or Classification(), tta).predict(samples, batch, grid)
