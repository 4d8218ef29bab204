"""Callbacks: objects that follow a training run, and may stop it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any

from freqnet.errors import ConfigurationError, got_expected

if TYPE_CHECKING:
    from freqnet.training import fit


class StopTraining(Exception):  # noqa: N818 - a request of the user, not an error
    """Raise this in `Callback.begin`, `Callback.step` or `Callback.epoch` to end the training early.

    Raised in `begin`, no epoch is trained. Raised in `step`, it also ends the epoch, which is then validated and
    recorded like a whole one. `fit` ends as after the last epoch: with validation, the network keeps the weights of the
    lowest validation loss.

    Examples
    --------
    >>> from freqnet.training import Callback, StopTraining
    >>> class Enough(Callback):
    ...     def epoch(self, row, run):
    ...         if row["accuracy"] > 0.9:
    ...             raise StopTraining
    """


class Callback:
    """Follows a training run; each method does nothing unless a subclass overrides it.

    `fit` has written its checkpoint before it calls `epoch`. An error in a callback ends `fit`, and the run can be
    resumed from that checkpoint.

    Examples
    --------
    >>> from freqnet import nn
    >>> from freqnet.data import load
    >>> from freqnet.training import Callback, Settings, analyse, fit
    >>> class Show(Callback):
    ...     def epoch(self, row, run):
    ...         print(row["epoch"], "of", run.settings.epochs)
    >>> body = nn.Sequential((nn.GlobalAverage(), nn.Dense(10)))
    >>> network = nn.Network(nn.Door("fourier", (8, 8), (3, 3), 1), body)
    >>> history = fit(network, analyse(network, load("digits")), settings=Settings(epochs=2), callbacks=[Show()])
    1 of 2
    2 of 2
    """

    def begin(self, run: fit.Run) -> None:
        """Begin, before the first epoch.

        Parameters
        ----------
        run : Run
            State of the run: ``run.network``, ``run.settings``, ``run.epoch``, ``run.history``. Where a run is resumed,
            the history has the epochs of earlier sessions.
        """

    def step(self, figures: dict[str, Any], run: fit.Run) -> None:
        """Follow a training step.

        Parameters
        ----------
        figures : dict
            ``epoch`` and ``step``, both from 1, and means over the epoch so far, such as ``loss``.
        run : Run
            State of the run.
        """

    def epoch(self, row: dict[str, Any], run: fit.Run) -> None:
        """Follow an epoch, after its validation and its checkpoint.

        Parameters
        ----------
        row : dict
            The row of the history.
        run : Run
            State of the run. ``run.model_arrays()`` returns the arrays of the network as they were validated.
        """

    def end(self, run: fit.Run) -> None:
        """End, after the last epoch, with the kept weights in the network.

        Parameters
        ----------
        run : Run
            State of the run.
        """

    def close(self) -> None:
        """Release files and connections; called last, also where the training ends by an error or an interrupt."""


class Progress(Callback):
    """Pass all figures to a function, such as ``print`` or one that draws a progress bar.

    Parameters
    ----------
    function : callable
        Called with a dict of figures after each training step (with the key ``"step"``) and after each epoch. The
        epochs of earlier sessions of a resumed run come first, with the key ``"restored"``.

    Examples
    --------
    >>> from freqnet.training import Progress
    >>> seen = []
    >>> Progress(seen.append).epoch({"epoch": 1, "loss": 0.5}, run=None)
    >>> seen
    [{'epoch': 1, 'loss': 0.5}]
    """

    def __init__(self, function: Callable[[dict[str, Any]], None]) -> None:
        self.function = function

    def begin(self, run: fit.Run) -> None:
        """Pass the epochs of earlier sessions."""
        for row in run.history.rows:
            self.function({**row, "restored": True})

    def step(self, figures: dict[str, Any], run: fit.Run) -> None:
        """Pass the figures of a step."""
        self.function(figures)

    def epoch(self, row: dict[str, Any], run: fit.Run) -> None:
        """Pass the figures of an epoch."""
        self.function(row)


class Followers(ExitStack):
    """The callbacks of a training, and whether one of them has stopped it; they are closed where the block ends.

    Parameters
    ----------
    callbacks : sequence of Callback
    run : Run
    """

    def __init__(self, callbacks: Sequence[Callback], run: fit.Run) -> None:
        super().__init__()
        self.callbacks, self.run, self.stopped = tuple(callbacks), run, False

    def __enter__(self) -> Followers:
        super().__enter__()
        for callback in self.callbacks:
            self.callback(callback.close)
        return self

    def begin(self) -> None:
        """Tell all callbacks of the begin."""
        self._tell(lambda callback: callback.begin(self.run))

    def step(self, figures: dict[str, Any]) -> None:
        """Tell all callbacks of a step."""
        self._tell(lambda callback: callback.step(figures, self.run))

    def epoch(self, row: dict[str, Any]) -> None:
        """Tell all callbacks of an epoch."""
        self._tell(lambda callback: callback.epoch(row, self.run))

    def _tell(self, event: Callable[[Callback], None]) -> None:
        for callback in self.callbacks:
            try:
                event(callback)
            except StopTraining:
                self.stopped = True

    def end(self) -> None:
        """Tell all callbacks of the end."""
        for callback in self.callbacks:
            callback.end(self.run)


def check_callbacks(callbacks: Sequence[Callback]) -> None:
    """Raise `ConfigurationError` unless all callbacks are instances of `Callback`."""
    for callback in callbacks if isinstance(callbacks, Sequence) else [callbacks]:
        if not isinstance(callback, Callback) or not isinstance(callbacks, Sequence):
            got = f"the class {callback.__name__}" if isinstance(callback, type) else f"a {type(callback).__name__}"
            todo = "pass callbacks=[Progress(function)] for a function, or instances of a subclass of Callback"
            raise ConfigurationError(got_expected("callbacks", got, "a list of Callback", todo))
