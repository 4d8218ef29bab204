"""The progress bar: its lines, its HTML in notebooks, and what `fit` passes to it."""

from __future__ import annotations

import re
import sys
from io import StringIO
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from rich.console import Console

from freqnet import nn
from freqnet.data import load
from freqnet.errors import ConfigurationError, DivergenceError
from freqnet.training import ProgressBar, Settings, Spectra, analyse, fit, progress
from freqnet.training.progress import score_line

NETWORK = nn.Network(nn.Door("fourier", (8, 8), (2, 2), 1), nn.Sequential((nn.Convolution(2), nn.Dense(10))))
DIGITS = analyse(NETWORK, load("digits").take(np.arange(60)))


class Handle:
    """The display of a notebook: what is on it, and how often that changed."""

    def __init__(self) -> None:
        self.shown: list[str] = []

    def update(self, html: Any) -> None:
        self.shown.append(html.data)


@pytest.fixture
def notebook(monkeypatch: pytest.MonkeyPatch) -> Handle:
    """Let the bar believe that it is in a notebook, with a display of its own in the place of IPython's."""
    handle = Handle()

    def display(html: Any, display_id: bool) -> Handle:
        handle.update(html)
        return handle

    fake = SimpleNamespace(display=display, HTML=lambda text: SimpleNamespace(data=text))
    monkeypatch.setitem(sys.modules, "IPython", SimpleNamespace(display=fake))
    monkeypatch.setitem(sys.modules, "IPython.display", fake)
    monkeypatch.setattr("rich.console._is_jupyter", lambda: True)
    return handle


@pytest.fixture
def terminal(monkeypatch: pytest.MonkeyPatch) -> StringIO:
    """Let the bar draw on a terminal of 80 columns in memory."""
    memory = StringIO()
    console = Console(file=memory, force_terminal=True, width=80)
    monkeypatch.setattr("rich.console.Console", lambda: console)
    return memory


def train(**options: Any) -> Any:
    network = nn.Network(NETWORK.door, NETWORK.body)
    return fit(network, DIGITS, settings=Settings(epochs=2, batch=20), **options)


def test_fit_is_silent_by_default_and_with_false(capsys: pytest.CaptureFixture[str], terminal: StringIO) -> None:
    train()
    train(progress=False)
    assert (capsys.readouterr(), terminal.getvalue()) == (("", ""), "")


def test_the_bar_changes_no_result(terminal: StringIO) -> None:
    shown, silent = train(progress=True), train()
    assert [row["loss"] for row in shown.rows] == [row["loss"] for row in silent.rows]


def test_fit_shows_the_bar_of_a_terminal(terminal: StringIO) -> None:
    train(progress=True)
    plain = re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]", "", terminal.getvalue())
    last = plain.replace("\r", "\n").strip().splitlines()[-1]
    assert re.fullmatch(r"epoch 2/2 ━+ loss \d\.\d{4}  accuracy \d+\.\d\d% \d\d:\d\d", last), last


def test_output_that_is_no_terminal_has_the_last_line_only(capsys: pytest.CaptureFixture[str]) -> None:
    fit(nn.Network(NETWORK.door, NETWORK.body), DIGITS, DIGITS, Settings(epochs=3), progress=True)
    last = r"epoch 3/3  loss \d\.\d{4}  accuracy \d+\.\d\d%  validation \d\.\d{4} / \d+\.\d\d%\n"
    assert re.fullmatch(last, capsys.readouterr().out)


def test_fit_shows_the_bar_of_a_notebook(notebook: Handle) -> None:
    train(progress=True)
    assert 'value="0" max="6"' in notebook.shown[0]
    assert 'value="6" max="6"' in notebook.shown[-1]
    assert re.search(r"epoch 2/2  loss \d\.\d{4}  accuracy \d+\.\d\d%", notebook.shown[-1])
    # A message for every step would be slow.
    assert len(notebook.shown) < 6


def test_a_bar_that_is_not_kept_disappears(notebook: Handle) -> None:
    with ProgressBar(1, 2, is_kept=False) as bar:
        bar({"epoch": 1, "step": 1, "loss": 1.0})
    assert notebook.shown[-1] == ""


def test_the_bar_stops_after_an_error(terminal: StringIO, monkeypatch: pytest.MonkeyPatch) -> None:
    stopped = []
    monkeypatch.setattr(progress._TerminalBar, "stop", lambda self: stopped.append(self._progress.stop()))
    broken = Spectra(np.full_like(DIGITS.array, np.nan), DIGITS.targets, DIGITS.space)
    with pytest.raises(DivergenceError):
        fit(nn.Network(NETWORK.door, NETWORK.body), broken, progress=True)
    assert len(stopped) == 1


@pytest.mark.parametrize("progress", ["yes", print])
def test_a_progress_that_is_no_choice_is_refused(progress: Any) -> None:
    with pytest.raises(ConfigurationError, match=r"expected True or False; pass callbacks=\[Progress\(function\)\]"):
        train(progress=progress)


def test_lines_are_printed_for_epochs_only() -> None:
    lines: list[str] = []
    with ProgressBar(2, 3, line=lines.append, is_shown=False) as bar:
        train(callbacks=[bar])
        bar({"epoch": 1, "restored": True, "loss": 1.0})
    assert [line.split("  ")[0] for line in lines] == ["epoch 1/2", "epoch 2/2"]


def test_the_line_has_the_scores_that_there_are() -> None:
    figures = {"epoch": 3, "loss": 0.5, "r2": 0.25, "validation_loss": 0.75, "validation_r2": 0.125, "seconds": 1.0}
    assert score_line(figures) == "loss 0.5000  r2 0.2500  validation 0.7500 / 0.1250"
    assert score_line({"loss": 0.5, "accuracy": 0.25, "images_per_second": 1e4}) == (
        "loss 0.5000  accuracy 25.00%  10,000 images/s"
    )
