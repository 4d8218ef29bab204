"""Figures of a comparison: a colour and a line style for each domain."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from freqnet.compare.figures import PRECISIONS, Compared, step_milliseconds
from freqnet.compare.operations import OPERATIONS
from freqnet.report.style import BLUE, INK, ORANGE, WIDTH, message, styled

if TYPE_CHECKING:
    from matplotlib.figure import Figure

# Told apart by dashes as well: curves of two domains may be one curve.
LINES = ((BLUE, "-"), (ORANGE, (0, (3, 2))), ("#3b8f5a", "-."), ("#8a63b8", ":"))


def _line(index: int) -> dict[str, Any]:
    colour, dashes = LINES[index % len(LINES)]
    return {"color": colour, "linestyle": dashes}


@styled
def learning_curves(compared: Compared) -> Figure:
    """Draw accuracy over the epochs, and over the seconds: means over the seeds, and their spread."""
    from matplotlib.figure import Figure

    runs = {domain.domain: compared.of(domain.domain) for domain in compared.domains}
    if not any(runs.values()):
        return message("No run is complete.")
    figure = Figure(figsize=(WIDTH, 3.4), layout="constrained")
    panels = figure.subplots(1, 2, sharey=True)
    for index, (domain, own) in enumerate(runs.items()):
        if not own:
            continue
        # Where patience ended runs early, to the end of the shortest.
        count = min(len(outcome.history) for outcome in own)
        table = np.array([[row[compared.watched] for row in o.history[:count]] for o in own])
        seconds = np.cumsum([[row["seconds"] for row in o.history[:count]] for o in own], axis=1).mean(axis=0)
        for panel, x in zip(panels, (np.arange(1, count + 1), seconds), strict=True):
            panel.plot(x, 100 * table.mean(axis=0), marker="o" if count == 1 else "", label=domain, **_line(index))
            panel.fill_between(
                x,
                100 * table.min(axis=0),
                100 * table.max(axis=0),
                color=_line(index)["color"],
                alpha=0.15,
                linewidth=0,
            )
            panel.grid(True)
    kind = "validation" if compared.watched == "validation_accuracy" else "training"
    panels[0].set(xlabel="epoch", ylabel=f"{kind} accuracy, %")
    panels[0].xaxis.get_major_locator().set_params(integer=True)
    panels[1].set(xlabel="seconds of training")
    panels[1].set_xlim(left=0)
    panels[0].legend()
    return figure


@styled
def accuracies_and_times(compared: Compared) -> Figure:
    """Draw test accuracy and the time of a step: each seed a dot, the mean a line."""
    from matplotlib.figure import Figure

    names = [domain.domain for domain in compared.domains]
    figure = Figure(figsize=(WIDTH, 1.3 + 0.42 * len(names)), layout="constrained")
    accuracy, time = figure.subplots(1, 2, sharey=True)
    for index, name in enumerate(names):
        runs, colour = compared.of(name), _line(index)["color"]
        _dots(accuracy, index, [100 * outcome.metrics["test_accuracy"] for outcome in runs], colour)
        _dots(time, index, [step_milliseconds(outcome) for outcome in runs], colour)
    accuracy.set(xlabel="test accuracy, %", ylim=(len(names) - 0.4, -0.6))
    accuracy.set_yticks(range(len(names)), names)
    time.set(xlabel="milliseconds a training step")
    time.set_xlim(left=0)
    for panel in (accuracy, time):
        panel.grid(True, axis="x")
        panel.tick_params(axis="y", length=0)
    return figure


def _dots(panel: Any, place: int, values: list[float], colour: str) -> None:
    if values:
        # Dots of equal values stay apart.
        offsets = 0.16 * (np.arange(len(values)) - (len(values) - 1) / 2) / max(1, len(values) - 1)
        panel.plot(values, place + offsets, "o", color=colour, markersize=5, alpha=0.8)
        panel.vlines(np.mean(values), place - 0.28, place + 0.28, color=colour, linewidth=2)


@styled
def errors(compared: Compared) -> Figure:
    """Draw the error of every operation: float32 filled, float64 hollow."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(WIDTH, 1.1 + 0.36 * len(OPERATIONS)), layout="constrained")
    panel = figure.subplots()
    places, count = np.arange(len(OPERATIONS)), len(compared.domains)
    for index, domain in enumerate(compared.domains):
        offset = 0.5 * (index - (count - 1) / 2) / max(1, count)
        for precision in PRECISIONS:
            kind = np.dtype(precision).name
            values = np.array([domain.operation_errors[kind][name] for name in OPERATIONS])
            shown = values > 0
            filled, colour = kind == "float32", _line(index)["color"]
            face = colour if filled else "none"
            panel.plot(
                values[shown],
                places[shown] + offset,
                "o",
                color=colour,
                markerfacecolor=face,
                label=f"{domain.domain}, {kind}",
            )
    for precision in PRECISIONS:
        panel.axvline(float(np.finfo(precision).eps), color=INK, linewidth=0.8, linestyle=":")
    panel.set(xscale="log", xlabel="largest error, relative to the largest value; dotted: the spacing of numbers at 1")
    # The formatter of logarithms writes mathematics, which is off here: class names are text.
    panel.xaxis.set_major_formatter("{x:g}")
    panel.set_yticks(places, list(OPERATIONS))
    panel.tick_params(axis="y", length=0)
    panel.invert_yaxis()
    panel.grid(True, axis="x")
    figure.legend(loc="outside upper center", ncols=max(2, count))
    return figure
