"""The progress of training as a bar, on a terminal or in a notebook."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from freqnet.tasks import is_share
from freqnet.training.callbacks import Callback
from freqnet.training.history import score_names

if TYPE_CHECKING:
    from freqnet.training.fit import Run

# Seconds between two updates of a notebook: each one is a message to the browser.
_PAUSE = 0.1


class ProgressBar(Callback):
    """A bar over all training steps, with the scores, the speed and the remaining time.

    On a terminal `rich` draws it. In a notebook it is a small HTML element, which needs no widgets and stays in the
    saved notebook. Elsewhere, as in a file of output, one line is printed at the end. ``fit(..., progress=True)`` makes
    one, and it is a callback of `fit`. In a training loop of your own, call it with a dict of figures; a ``with`` block
    stops the bar after an error.

    Parameters
    ----------
    epochs : int
        Number of epochs; `fit` sets it.
    steps_an_epoch : int
        Training steps per epoch; `fit` sets it.
    line : callable, optional
        Called with a line of text for each finished epoch, where the bar is not drawn on a terminal. Above the bar of a
        terminal, the lines are printed by the bar itself. Without it, there are no lines.
    is_shown : bool
        Whether there is a bar at all.
    is_kept : bool
        Whether the bar stays when training has ended.

    Examples
    --------
    >>> with ProgressBar(epochs=2, steps_an_epoch=10, line=print, is_shown=False) as progress:
    ...     progress({"epoch": 1, "step": 10, "loss": 0.5})
    ...     progress({"epoch": 1, "loss": 0.5, "accuracy": 0.9})
    epoch 1/2  loss 0.5000  accuracy 90.00%
    """

    def __init__(
        self,
        epochs: int = 1,
        steps_an_epoch: int = 1,
        *,
        line: Callable[[str], None] | None = None,
        is_shown: bool = True,
        is_kept: bool = True,
    ) -> None:
        self.epochs, self.steps = epochs, steps_an_epoch
        self.line, self.is_shown, self.is_kept = line, is_shown, is_kept
        self._bar: _TerminalBar | _NotebookBar | _LastLine | None = None

    def __enter__(self) -> ProgressBar:
        if self.is_shown:
            from rich.console import Console

            console = Console()
            kind = _NotebookBar if console.is_jupyter else _TerminalBar if console.is_terminal else _LastLine
            self._bar = kind(self.epochs * self.steps, console, self.is_kept)
        return self

    def __exit__(self, *exception: object) -> None:
        if self._bar is not None:
            self._bar.stop()
            self._bar = None

    def begin(self, run: Run) -> None:
        """Show the bar, with the epochs of earlier sessions."""
        self.epochs, self.steps = run.settings.epochs, run.steps_an_epoch
        self.__enter__()
        for row in run.history.rows:
            self({**row, "restored": True})

    def step(self, figures: dict[str, Any], run: Run) -> None:
        """Show the figures of a step."""
        self(figures)

    def epoch(self, row: dict[str, Any], run: Run) -> None:
        """Show the figures of an epoch."""
        self(row)

    def close(self) -> None:
        """Stop the bar."""
        self.__exit__()

    def __call__(self, figures: dict[str, Any]) -> None:
        """Show the figures of a step (with the key ``"step"``) or of an epoch, as `fit` passes them."""
        epoch = f"epoch {figures['epoch']}/{self.epochs}"
        if "step" in figures:
            self._move((figures["epoch"] - 1) * self.steps + figures["step"], epoch, score_line(figures))
        elif "restored" in figures:
            # Epochs of an earlier session do not count for the speed of this one.
            self._move(figures["epoch"] * self.steps, epoch, "", anew=True)
        else:
            if self.is_kept:
                # Without the speed, so that the line fits 80 columns.
                scores = {name: value for name, value in figures.items() if not name.endswith("_per_second")}
                self._move(figures["epoch"] * self.steps, epoch, score_line(scores))
            self._say(f"{epoch}  {score_line(figures)}")

    def _move(self, done: int, epoch: str, text: str, anew: bool = False) -> None:
        if self._bar is not None:
            self._bar.move(done, epoch, text, anew)

    def _say(self, line: str) -> None:
        if self.line is None:
            return
        if isinstance(self._bar, _TerminalBar):
            self._bar.say(line)
        else:
            self.line(line)


class _TerminalBar:
    """A bar of `rich`."""

    def __init__(self, total: int, console: Any, is_kept: bool) -> None:
        from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

        self._progress = Progress(
            TextColumn("{task.description}"),
            BarColumn(bar_width=None),
            TextColumn("{task.fields[figures]}"),
            TimeRemainingColumn(compact=True),
            transient=not is_kept,
            console=console,
        )
        self._progress.start()
        self._task = self._progress.add_task("training", total=total, figures="")

    def move(self, done: int, epoch: str, text: str, anew: bool) -> None:
        change: Any = self._progress.reset if anew else self._progress.update
        change(self._task, completed=done, description=epoch, figures=text)

    def say(self, line: str) -> None:
        self._progress.console.print(line, soft_wrap=True, highlight=False)

    def stop(self) -> None:
        self._progress.stop()


class _NotebookBar:
    """An HTML element that is replaced, through IPython, which runs every notebook."""

    def __init__(self, total: int, console: Any, is_kept: bool) -> None:
        from IPython.display import HTML, display

        self._total, self._is_kept, self._html = total, is_kept, HTML
        self._start, self._before, self._shown = time.monotonic(), 0, 0.0
        self._last = self._draw(0, "training", "")
        self._handle = display(HTML(self._last), display_id=True)

    def move(self, done: int, epoch: str, text: str, anew: bool) -> None:
        now = time.monotonic()
        if anew:
            self._start, self._before = now, done
        speed = (done - self._before) / max(now - self._start, 1e-9)
        left = f"{(self._total - done) / speed:.0f} s left" if speed and done < self._total else ""
        self._last = self._draw(done, epoch, "  ".join(filter(None, (text, left))))
        if now - self._shown >= _PAUSE:
            self._show(self._last)
            self._shown = now

    def stop(self) -> None:
        self._show(self._last if self._is_kept else "")

    def _show(self, text: str) -> None:
        if self._handle is not None:
            self._handle.update(self._html(text))

    def _draw(self, done: int, epoch: str, text: str) -> str:
        bar = f'<progress value="{done}" max="{self._total}" style="width:12rem;vertical-align:middle"></progress>'
        words = f'<span style="white-space:pre-wrap;font-variant-numeric:tabular-nums">{epoch}  {text}</span>'
        return f"<div>{bar} {words}</div>"


class _LastLine:
    """The last line in the place of a bar, for output that is not a terminal."""

    def __init__(self, total: int, console: Any, is_kept: bool) -> None:
        self._line, self._is_kept = "", is_kept

    def move(self, done: int, epoch: str, text: str, anew: bool) -> None:
        self._line = f"{epoch}  {text}"

    def stop(self) -> None:
        if self._is_kept and self._line:
            print(self._line)


def score_line(figures: dict[str, Any]) -> str:
    """Return the scores of a step or an epoch, and the speed, on one line.

    >>> score_line({"epoch": 1, "loss": 0.25, "r2": 0.5, "validation_loss": 0.3, "images_per_second": 12345.6})
    'loss 0.2500  r2 0.5000  validation loss 0.3000  12,346 images/s'
    """
    names = score_names([figures])
    parts = [f"{name} {_number(name, figures[name])}" for name in names if name in figures]
    checked = [name for name in names if f"validation_{name}" in figures]
    if checked:
        numbers = " / ".join(_number(name, figures[f"validation_{name}"]) for name in checked)
        # All scores in their order need no names.
        parts.append(f"validation {numbers}" if checked == names else f"validation {' / '.join(checked)} {numbers}")
    speeds = [name for name in figures if name.endswith("_per_second")]
    return "  ".join([*parts, *(f"{figures[n]:,.0f} {n.removesuffix('_per_second')}/s" for n in speeds)])


def _number(name: str, value: float) -> str:
    return f"{value:.2%}" if is_share(name) else f"{value:.4f}"
